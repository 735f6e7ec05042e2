/* SPDX-License-Identifier: MIT
 *
 * What becomes of caps and buffers, byte by byte. Headers are written out in
 * hex: "H" a sequence header, "C" a colour, "F" a frame, then the tag's header,
 * and after the "+" the payload. */
#include <string.h>

#include "rtmpwriter.h"

static const guint8 vps[] = { 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60,
  0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78,
  0x95, 0x94, 0x09 };
static const guint8 sps[] = { 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03,
  0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0,
  0x80, 0x10, 0xe5, 0x96, 0x56, 0x59, 0x24, 0xe5, 0x78, 0x0b, 0x50, 0x10, 0x10,
  0x10, 0x40, 0x00, 0x00, 0xfa, 0x40, 0x00, 0x1d, 0x4c, 0x18, 0x49, 0x25, 0x9b,
  0x80, 0x03, 0xd0, 0x90, 0x00, 0x7a, 0x12, 0x20 };
static const guint8 pps[] = { 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40 };
static const guint8 av1_aom[] = { 0x12, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00,
  0x04, 0x45, 0x7e, 0x3e, 0x6d, 0x7c, 0x80, 0x20, 0x32, 0x02, 0x14, 0x00 };
static const guint8 ac3[] = { 0x0b, 0x77, 0xc2, 0xea, 0x54, 0x40, 0x43, 0xe1 };
static const guint8 eac3[] = { 0x0b, 0x77, 0x02, 0xff, 0x3f, 0x87, 0xc0, 0x00,
  0x20, 0x80 };
static const guint8 flac[] = { 0x66, 0x4c, 0x61, 0x43, 0x00, 0x00, 0x00, 0x22,
  0x12, 0x00, 0x12, 0x00, 0x00, 0x04, 0xa3, 0x00, 0x05, 0x08, 0x0a, 0xc4, 0x42,
  0xf0, 0x00, 0x00, 0x22, 0x74, 0x5d, 0x10, 0x5c, 0xeb, 0x21, 0x2a, 0xd5, 0xd3,
  0x6e, 0x4f, 0x56, 0x08, 0xde, 0xf3, 0xd8, 0xb7 };
static const guint8 opus[] = { 0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64,
  0x01, 0x02, 0x38, 0x01, 0x80, 0xbb, 0x00, 0x00, 0x00, 0x00, 0x00 };
/* 320x180, shown. */
static const guint8 vp9[] = { 0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xf0, 0x0b,
  0x30, 0x00 };
static const guint8 vp8[] = { 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4,
  0x00 };
static const guint8 mp3[] = { 0xff, 0xfb, 0x90, 0x64, 'm', 'p', '3' };
static const guint8 asc[] = { 0x12, 0x10 };
static const guint8 avcc[] = { 1, 0x42, 0xc0, 0x0d, 0xff, 0xe0, 0 };

typedef struct {
  GstArclyRtmpWriter *writer;
  GString *said;
} Fixture;

static void
append_hex (GString *text, const guint8 *data, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
}

static void
on_body (gpointer data, const GstArclyRtmpBody *body)
{
  GString *said = data;

  if (said->len > 0)
    g_string_append_c (said, ' ');
  g_string_append_c (said, "FHC"[body->kind]);
  if (body->offset > 0)
    g_string_append_printf (said, "@%u", (guint) (body->offset / GST_MSECOND));
  append_hex (said, body->header, body->header_size);
  g_string_append_c (said, '+');
  append_hex (said, body->data, body->size);
}

static void
set_up (Fixture *f, gconstpointer track_id)
{
  f->writer = gst_arcly_rtmp_writer_new (GPOINTER_TO_UINT (track_id));
  f->said = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer track_id)
{
  gst_arcly_rtmp_writer_free (f->writer);
  g_string_free (f->said, TRUE);
}

static GstBuffer *
make_buffer (gconstpointer data, gsize size)
{
  return gst_buffer_new_memdup (data, size);
}

/* @field: of the caps, gets @header (nullable). */
static gboolean
set_caps (Fixture *f, const gchar *text, const gchar *field,
    gconstpointer header, gsize size, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (GstBuffer) buffer = header ? make_buffer (header, size) : NULL;

  g_assert_nonnull (caps);
  if (g_strcmp0 (field, "streamheader") == 0) {
    GValue array = G_VALUE_INIT, value = G_VALUE_INIT;

    g_value_init (&array, GST_TYPE_ARRAY);
    g_value_init (&value, GST_TYPE_BUFFER);
    gst_value_set_buffer (&value, buffer);
    gst_value_array_append_value (&array, &value);
    gst_caps_set_value (caps, field, &array);
    g_value_unset (&value);
    g_value_unset (&array);
  } else if (buffer) {
    gst_caps_set_simple (caps, field, GST_TYPE_BUFFER, buffer, NULL);
  }
  g_string_truncate (f->said, 0);
  return gst_arcly_rtmp_writer_set_caps (
      f->writer, caps, on_body, f->said, error);
}

static gboolean
write_buffer (Fixture *f, gconstpointer data, gsize size, gboolean key,
    gint64 composition_time, GError **error)
{
  g_autoptr (GstBuffer) buffer = make_buffer (data, size);

  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  g_string_truncate (f->said, 0);
  return gst_arcly_rtmp_writer_write (
      f->writer, buffer, composition_time, on_body, f->said, error);
}

static gdouble
describe (Fixture *f, gboolean main, const gchar *name)
{
  g_autoptr (GstArclyAmfValue) metadata =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_rtmp_writer_describe (f->writer, main, metadata);
  return gst_arcly_amf_value_get_number (metadata, name, -1);
}

/* Said by caps or the first buffer, whichever. "*" ends what is compared. */
static void
expect (Fixture *f, const gchar *want)
{
  const gchar *star = strchr (want, '*');

  if (star) {
    g_autofree gchar *said = g_strndup (f->said->str, star - want);
    g_autofree gchar *prefix = g_strndup (want, star - want);

    g_assert_cmpstr (said, ==, prefix);
  } else {
    g_assert_cmpstr (f->said->str, ==, want);
  }
}

#define NOTHING NULL, NULL, 0

/* As track 0: legacy codecs are written as they ever were. */
static const struct {
  const gchar *caps;
  const gchar *field;
  const guint8 *header;
  gsize header_size;
  const guint8 *frame;
  gsize frame_size;
  const gchar *of_caps; /* said */
  const gchar *of_key;
  const gchar *of_other; /* after 40 ms of composition */
  const gchar *id_key;
  gdouble id;
  guint32 fourcc;
} rows[] = {
  { "video/x-h264, stream-format=avc, alignment=au", "codec_data", avcc,
      sizeof avcc, (const guint8 *) "x", 1, "H1700000000+0142c00dffe000",
      "F1701000000+78", "F2701000028+78", "videocodecid", 7, 0x61766331 },
  { "video/x-vp9, framerate=30/1", NOTHING, vp9, sizeof vp9, "",
      "H9076703039+00*", "Fa176703039+82*", "videocodecid", 0x76703039,
      0x76703039 },
  { "video/x-vp8", NOTHING, vp8, sizeof vp8, "",
      "H9076703038+0000820202020000 F9176703038+10*", "Fa176703038+10*",
      "videocodecid", 0x76703038, 0x76703038 },
  { "audio/mpeg, mpegversion=4, stream-format=raw", "codec_data", asc,
      sizeof asc, (const guint8 *) "x", 1, "Haf00+1210", "Faf01+78", "Faf01+78",
      "audiocodecid", 10, 0x6d703461 },
  { "audio/mpeg, mpegversion=1, layer=3", NOTHING, mp3, sizeof mp3, "",
      "F2f+fffb90646d7033", "F2f+fffb90646d7033", "audiocodecid", 2,
      0x2e6d7033 },
  { "audio/x-ac3", NOTHING, ac3, sizeof ac3, "", "F9161632d33+0b77*",
      "F9161632d33+0b77*", "audiosamplerate", 44100, 0x61632d33 },
  { "audio/x-eac3", NOTHING, eac3, sizeof eac3, "", "F9165632d33+0b77*",
      "F9165632d33+0b77*", "audiosamplerate", 48000, 0x65632d33 },
  { "audio/x-opus", "streamheader", opus, sizeof opus, (const guint8 *) "x", 1,
      "H904f707573+4f70757348656164010238*", "F914f707573+78", "F914f707573+78",
      "audiosamplerate", 48000, 0x4f707573 },
};

static void
test_codecs (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    Fixture f;

    set_up (&f, GUINT_TO_POINTER (0));
    g_assert_false (gst_arcly_rtmp_writer_is_ready (f.writer));
    set_caps (&f, rows[i].caps, rows[i].field, rows[i].header,
        rows[i].header_size, &error);
    g_assert_no_error (error);
    expect (&f, rows[i].of_caps);
    write_buffer (&f, rows[i].frame, rows[i].frame_size, TRUE, 0, &error);
    g_assert_no_error (error);
    expect (&f, rows[i].of_key);
    g_assert_true (gst_arcly_rtmp_writer_is_ready (f.writer));
    write_buffer (&f, rows[i].frame, rows[i].frame_size, FALSE, 40, &error);
    g_assert_no_error (error);
    expect (&f, rows[i].of_other);
    g_assert_cmpfloat (describe (&f, TRUE, rows[i].id_key), ==, rows[i].id);
    g_assert_cmphex (
        gst_arcly_rtmp_writer_get_fourcc (f.writer), ==, rows[i].fourcc);
    /* The same caps again are no news, unless there is nothing to compare. */
    set_caps (&f, rows[i].caps, rows[i].field, rows[i].header,
        rows[i].header_size, &error);
    expect (&f, "");
    tear_down (&f, NULL);
  }
}

/* As another track all have a FourCC, and the number. */
static void
test_other_tracks (Fixture *f, gconstpointer id)
{
  g_autoptr (GError) error = NULL;

  set_caps (f, rows[0].caps, "codec_data", avcc, sizeof avcc, &error);
  expect (f, "H96006176633103+0142c00dffe000");
  write_buffer (f, "x", 1, TRUE, -2, &error);
  expect (f, "F96016176633103fffffe+78");
  write_buffer (f, "x", 1, FALSE, 0, &error);
  expect (f, "Fa6036176633103+78");
  g_assert_cmphex (
      gst_arcly_rtmp_writer_get_fourcc (f->writer), ==, 0x61766331);
  g_assert_cmpfloat (describe (f, FALSE, "videocodecid"), ==, 0x61766331);
  g_assert_cmpfloat (describe (f, TRUE, "videocodecid"), ==, 7);

  set_caps (f, rows[3].caps, "codec_data", asc, sizeof asc, &error);
  expect (f, "H95006d70346103+1210");
  write_buffer (f, "x", 1, TRUE, 0, &error);
  expect (f, "F95016d70346103+78");
  set_caps (f, rows[4].caps, NULL, NULL, 0, &error);
  write_buffer (f, mp3, sizeof mp3, TRUE, 0, &error);
  expect (f, "F95012e6d703303+fffb90646d7033");
  g_assert_no_error (error);
}

static GByteArray *
join (const guint8 *start_code, gsize code_size)
{
  static const guint8 aud[] = { 0x46, 1, 0x50 }, idr[] = { 0x26, 1, 0xaf };
  const struct {
    const guint8 *data;
    gsize size;
  } units[] = { { aud, sizeof aud }, { vps, sizeof vps }, { sps, sizeof sps },
    { pps, sizeof pps }, { idr, sizeof idr } };
  GByteArray *out = g_byte_array_new ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (units); i++) {
    g_byte_array_append (out, start_code, code_size);
    g_byte_array_append (out, units[i].data, units[i].size);
  }
  return out;
}

/* Start codes become lengths, delimiters go, the record is of what is within;
 * what follows the record can be read as hvc1. */
static void
test_h265 (Fixture *f, gconstpointer id)
{
  g_autoptr (GByteArray) unit = join ((const guint8 *) "\0\0\0\1", 4);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) said = NULL;
  g_autofree gchar *header = NULL;
  g_autoptr (GByteArray) hvcc = g_byte_array_new ();
  guint i;

  set_caps (f, "video/x-h265, stream-format=byte-stream, alignment=au", NULL,
      NULL, 0, &error);
  expect (f, "");
  /* Nothing before the first sets. */
  write_buffer (f, "\0\0\1\x02\x01", 5, FALSE, 0, &error);
  expect (f, "");
  write_buffer (f, unit->data, unit->len, TRUE, 80, &error);
  g_assert_no_error (error);
  said = g_strsplit (f->said->str, " ", -1);
  g_assert_cmpuint (g_strv_length (said), ==, 2);
  g_assert_true (g_str_has_prefix (said[0], "H9068766331+01016000000090"));
  g_assert_true (
      g_str_has_prefix (said[1], "F9168766331000050+0000001840010c01"));
  g_assert_true (g_str_has_suffix (said[1], "000000032601af"));
  /* The same sets again are no news. */
  write_buffer (f, unit->data, unit->len, TRUE, 0, &error);
  expect (f, "F9368766331+00000018*");

  header = g_strdup (strchr (said[0], '+') + 1);
  for (i = 0; header[i] && header[i + 1]; i += 2) {
    guint8 byte = g_ascii_xdigit_value (header[i]) << 4 |
                  g_ascii_xdigit_value (header[i + 1]);

    g_byte_array_append (hvcc, &byte, 1);
  }
  set_caps (f, "video/x-h265, stream-format=hvc1, alignment=au", "codec_data",
      hvcc->data, hvcc->len, &error);
  g_assert_no_error (error);
  expect (f, "H9068766331+010160*");
  write_buffer (f, "x", 1, FALSE, 0, &error);
  expect (f, "Fa368766331+78");
}

/* With or without av1C, and never with a temporal delimiter. */
static void
test_av1 (Fixture *f, gconstpointer id)
{
  static const guint8 zeros[4] = { 0 };
  g_autoptr (GError) error = NULL;

  set_caps (f, "video/x-av1, stream-format=obu-stream, alignment=tu",
      "codec_data", zeros, sizeof zeros, &error);
  expect (f, "");
  write_buffer (f, av1_aom, sizeof av1_aom, FALSE, 0, &error);
  expect (f, "");
  write_buffer (f, av1_aom, sizeof av1_aom, TRUE, 0, &error);
  g_assert_no_error (error);
  expect (f, "H9061763031+81*");
  g_assert_true (
      g_str_has_suffix (f->said->str, " F9161763031+0a0b00000004457e3e6d7c8020"
                                      "32021400"));
  write_buffer (f, av1_aom + 2, sizeof av1_aom - 2, FALSE, 0, &error);
  expect (f, "Fa161763031+0a0b*");
  write_buffer (f, av1_aom, 2, FALSE, 0, &error);
  expect (f, "");
  g_assert_no_error (error);
}

/* Encoders push what is in the caps, too: players get it once. */
static void
test_headers_within (Fixture *f, gconstpointer id)
{
  static const guint8 frame[] = { 0xff, 0xf8, 0x69, 0x18 };
  g_autoptr (GError) error = NULL;

  set_caps (f, "audio/x-flac, framed=true", "streamheader", flac, sizeof flac,
      &error);
  g_assert_no_error (error);
  expect (f, "H90664c6143+664c6143800000221200*");
  write_buffer (f, flac, sizeof flac, TRUE, 0, &error);
  expect (f, "");
  write_buffer (f, frame, sizeof frame, TRUE, 0, &error);
  expect (f, "F91664c6143+fff86918");
  g_assert_cmpfloat (describe (f, TRUE, "audiosamplerate"), ==, 44100);

  set_caps (f, "audio/x-opus, channel-mapping-family=0, rate=48000, channels=1",
      NULL, NULL, 0, &error);
  g_assert_no_error (error);
  expect (f, "H904f707573+4f707573486561640101*");
  write_buffer (f, opus, sizeof opus, TRUE, 0, &error);
  expect (f, "");
  write_buffer (f, "OpusTags", 8, TRUE, 0, &error);
  expect (f, "");
  write_buffer (f, "x", 1, TRUE, 0, &error);
  expect (f, "F914f707573+78");
}

/* Two frames of ADTS in a buffer: the second is of 23 ms later. */
static void
test_adts (Fixture *f, gconstpointer id)
{
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 'a',
    0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 'b' };
  g_autoptr (GError) error = NULL;

  set_caps (f, "audio/mpeg, mpegversion=4, stream-format=adts", NULL, NULL, 0,
      &error);
  write_buffer (f, adts, sizeof adts, TRUE, 0, &error);
  expect (f, "Haf00+1210 Faf01+61 F@23af01+62");
  g_assert_no_error (error);
  /* What is whole comes out before the error. */
  g_assert_false (write_buffer (f, adts, sizeof adts - 1, TRUE, 0, &error));
  expect (f, "Faf01+61");
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

#define VP9_HDR                                                                \
  "video/x-vp9, colorimetry=bt2100-pq, bit-depth-luma=(uint)10, "              \
  "content-light-level=(string)\"1000:400\""

/* What the caps tell of the colour is said, once, and taken back. */
static void
test_color (Fixture *f, gconstpointer id)
{
  g_autoptr (GError) error = NULL;

  set_caps (f, VP9_HDR, NULL, NULL, 0, &error);
  /* "colorInfo", then an object. */
  expect (f, "C9476703039+020009636f6c6f72496e666f03*");
  /* colorConfig */
  g_assert_nonnull (strstr (f->said->str, "636f6c6f72436f6e666967"));
  g_assert_nonnull (strstr (f->said->str, "686472436c6c")); /* hdrCll */
  g_assert_true (gst_arcly_rtmp_writer_has_color (f->writer));
  set_caps (f, VP9_HDR ", width=320, height=180", NULL, NULL, 0, &error);
  expect (f, "");
  set_caps (f, "video/x-vp9", NULL, NULL, 0, &error);
  expect (f, "C9476703039+020009636f6c6f72496e666f03000009");
  set_caps (f, "video/x-vp9", NULL, NULL, 0, &error);
  expect (f, "");
  /* Who knows no FourCC knows no colours. */
  set_caps (f,
      "video/x-h264, stream-format=avc, alignment=au, colorimetry=bt709",
      "codec_data", avcc, sizeof avcc, &error);
  expect (f, "H1700000000+0142c00dffe000");
  g_assert_false (gst_arcly_rtmp_writer_has_color (f->writer));
  g_assert_no_error (error);
}

static const struct {
  const gchar *caps;
  const gchar *field;
  const gchar *header;
  const gchar *frame; /* NULL: the caps are wrong already */
  gint code;
} bad[] = {
  { "video/x-theora", NULL, NULL, NULL, GST_ARCLY_ERROR_UNSUPPORTED },
  { "video/x-h265, stream-format=hvc1", NULL, NULL, NULL,
      GST_ARCLY_ERROR_INVALID },
  { "video/x-h265, stream-format=hvc1", "codec_data", "\2", NULL,
      GST_ARCLY_ERROR_TRUNCATED },
  { "video/x-h264, stream-format=avc", NULL, NULL, NULL,
      GST_ARCLY_ERROR_INVALID },
  { "audio/mpeg, mpegversion=4, stream-format=raw", NULL, NULL, NULL,
      GST_ARCLY_ERROR_INVALID },
  { "audio/x-flac, framed=true", NULL, NULL, NULL, GST_ARCLY_ERROR_INVALID },
  { "audio/x-opus", NULL, NULL, NULL, GST_ARCLY_ERROR_INVALID },
  { "audio/x-opus", "streamheader", "nothing", NULL,
      GST_ARCLY_ERROR_TRUNCATED },
  { "video/x-vp8", NULL, NULL, "\1", GST_ARCLY_ERROR_INVALID },
  { "audio/x-ac3", NULL, NULL, "no AC-3 at all", GST_ARCLY_ERROR_INVALID },
};

static void
test_bad (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    const gchar *header = bad[i].header;
    Fixture f;
    gboolean ok;

    set_up (&f, GUINT_TO_POINTER (0));
    ok = set_caps (&f, bad[i].caps, bad[i].field, header,
        header ? strlen (header) : 0, &error);
    g_assert_true (ok == (bad[i].frame != NULL));
    if (ok)
      g_assert_false (write_buffer (
          &f, bad[i].frame, strlen (bad[i].frame), TRUE, 0, &error));
    g_assert_error (error, GST_ARCLY_ERROR, bad[i].code);
    expect (&f, "");
    tear_down (&f, NULL);
  }
}

static void
note_size (gpointer data, const GstArclyRtmpBody *body)
{
  *(gsize *) data = body->header_size + body->size;
}

/* Messages have an end, and what is longer is left out. */
static void
test_too_large (Fixture *f, gconstpointer unused)
{
  const gsize most = GST_ARCLY_RTMP_WRITER_MAX_BUFFER;
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, most + 1, NULL);
  g_autoptr (GError) error = NULL;
  gsize size = 0;

  g_assert_true (set_caps (f, "video/x-h264, stream-format=avc", "codec_data",
      avcc, sizeof avcc, NULL));
  g_assert_false (gst_arcly_rtmp_writer_write (
      f->writer, buffer, 0, note_size, &size, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_assert_cmpuint (size, ==, 0);
  gst_buffer_set_size (buffer, (gssize) most);
  g_assert_true (gst_arcly_rtmp_writer_write (
      f->writer, buffer, 0, note_size, &size, NULL));
  g_assert_cmpuint (size, ==, most + 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/rtmpwriter/codecs", test_codecs);
  g_test_add_func ("/rtmpwriter/bad", test_bad);
  g_test_add ("/rtmpwriter/other-tracks", Fixture, GUINT_TO_POINTER (3), set_up,
      test_other_tracks, tear_down);
  g_test_add ("/rtmpwriter/h265", Fixture, NULL, set_up, test_h265, tear_down);
  g_test_add ("/rtmpwriter/av1", Fixture, NULL, set_up, test_av1, tear_down);
  g_test_add ("/rtmpwriter/headers-within", Fixture, NULL, set_up,
      test_headers_within, tear_down);
  g_test_add ("/rtmpwriter/too-large", Fixture, NULL, set_up, test_too_large,
      tear_down);
  g_test_add ("/rtmpwriter/adts", Fixture, NULL, set_up, test_adts, tear_down);
  g_test_add (
      "/rtmpwriter/color", Fixture, NULL, set_up, test_color, tear_down);
  return g_test_run ();
}
