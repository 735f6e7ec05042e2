/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/gst.h>

#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/gstarclyerror.h>

/* Each row: caps, the first access unit in hex, and what comes of them. */
static const struct {
  const gchar *caps;
  const gchar *unit;
  GstArclyCodec codec;
  const gchar *string;
  guint length_size;
  guint width, height, rate, channels;
  gsize config_size;
} rows[] = {
  { "video/x-h264, stream-format=avc, codec_data=(buffer)0164001fffe1000967"
    "64001facd9405005bbffe100016800",
      NULL, GST_ARCLY_CODEC_UNKNOWN, NULL, 0, 0, 0, 0, 0, 0 },
  { "video/x-h264, stream-format=byte-stream",
      "0000000167640028acd940780227e5c04400000fa40003a9803c60c65800000168ebe3cb"
      "22c00000016588",
      GST_ARCLY_CODEC_H264, "avc1.640028", 0, 1920, 1080, 0, 0, 46 },
  { "video/x-h264, stream-format=byte-stream", "00000001419a",
      GST_ARCLY_CODEC_H264, NULL, 0, 0, 0, 0, 0, 0 },
  { "video/x-h265, stream-format=hev1",
      "0000003742010101600000030090000003000003007"
      "8a003c08010e596565924e5780b50101010400000fa40001d4c1849259b8003d090007a1"
      "220",
      GST_ARCLY_CODEC_H265, "hev1.1.6.L120.90", 4, 1920, 1080, 0, 0, 83 },
  { "video/x-av1",
      "12000a0b000000044"
      "57e3e6d7c8020320214"
      "00",
      GST_ARCLY_CODEC_AV1, "av01.0.00M.08", 0, 352, 288, 0, 0, 17 },
  { "video/x-av1, codec_data=(buffer)81000c00", NULL, GST_ARCLY_CODEC_AV1,
      "av01.0.00M.08", 0, 0, 0, 0, 0, 4 },
  { "video/x-av1, codec_data=(buffer)00000000", NULL, GST_ARCLY_CODEC_AV1, NULL,
      0, 0, 0, 0, 0, 0 },
  { "video/x-vp9, framerate=30/1",
      "824983420"
      "04ff02cf600",
      GST_ARCLY_CODEC_VP9, "vp09.00.31.08", 0, 1280, 720, 0, 0, 12 },
  { "audio/mpeg, mpegversion=4, stream-format=raw, codec_data=(buffer)1190",
      NULL, GST_ARCLY_CODEC_AAC, "mp4a.40.2", 0, 0, 0, 48000, 2, 2 },
  { "audio/mpeg, mpegversion=4, stream-format=adts", "fff14c80011ffc2100",
      GST_ARCLY_CODEC_AAC, "mp4a.40.2", 0, 0, 0, 48000, 2, 2 },
  { "audio/mpeg, mpegversion=1, layer=3, rate=44100, channels=2", NULL,
      GST_ARCLY_CODEC_MPEG_AUDIO, "mp4a.6B", 0, 0, 0, 44100, 2, 0 },
  { "audio/x-opus, channel-mapping-family=0, channels=2, rate=48000", NULL,
      GST_ARCLY_CODEC_OPUS, "Opus", 0, 0, 0, 48000, 2, 11 },
  { "audio/x-ac3", "0b77c2ea544043e1", GST_ARCLY_CODEC_AC3, "ac-3", 0, 0, 0,
      44100, 2, 3 },
  { "audio/x-eac3", "0b7702ff3f87c0002080", GST_ARCLY_CODEC_EAC3, "ec-3", 0, 0,
      0, 48000, 6, 5 },
  { "audio/x-flac, streamheader=(buffer)<664c614300000022120012000004a30005080a"
    "c442f0000022745d105ceb212ad5d36e4f5608def3d8b7>",
      NULL, GST_ARCLY_CODEC_FLAC, "fLaC", 0, 0, 0, 44100, 2, 42 },
  { "audio/x-raw", NULL, GST_ARCLY_CODEC_UNKNOWN, NULL, 0, 0, 0, 0, 0, 0 },
};

/* Consumes @array. */
static GstBuffer *
wrap (GByteArray *array)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (array);

  return gst_buffer_new_wrapped_bytes (bytes);
}

static GstBuffer *
from_hex (const gchar *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; hex && hex[0] && hex[1]; hex += 2) {
    guint8 byte =
        g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]);

    g_byte_array_append (bytes, &byte, 1);
  }
  return wrap (bytes);
}

static void
test_info (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstCaps) caps = gst_caps_from_string (rows[i].caps);
    g_autoptr (GstBuffer) unit = rows[i].unit ? from_hex (rows[i].unit) : NULL;
    g_autoptr (GstArclyCodecInfo) info = NULL;
    g_autoptr (GstArclyCodecInfo) copy = NULL;
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", rows[i].caps);
    g_assert_nonnull (caps);
    info = gst_arcly_codec_info_new (caps, unit, &error);
    g_assert_true ((info == NULL) == (error != NULL));
    if (rows[i].codec == GST_ARCLY_CODEC_UNKNOWN) {
      g_assert_null (info);
      continue;
    }
    g_assert_no_error (error);
    copy = gst_arcly_codec_info_copy (info);
    g_assert_cmpint (copy->codec, ==, rows[i].codec);
    g_assert_cmpstr (copy->codec_string, ==, rows[i].string);
    g_assert_cmpuint (copy->nal_length_size, ==, rows[i].length_size);
    g_assert_cmpuint (copy->width, ==, rows[i].width);
    g_assert_cmpuint (copy->height, ==, rows[i].height);
    g_assert_cmpuint (copy->rate, ==, rows[i].rate);
    g_assert_cmpuint (copy->channels, ==, rows[i].channels);
    g_assert_cmpuint (copy->config ? g_bytes_get_size (copy->config) : 0, ==,
        rows[i].config_size);
    if (unit && info->config)
      g_assert_true (gst_arcly_codec_is_random_access (info, unit) ==
                     (info->codec != GST_ARCLY_CODEC_H265));
  }
}

/* A slice of 2000 bytes between small units, there and back. */
static GstBuffer *
make_unit (guint n_slices, guint slice_size)
{
  GByteArray *bytes = g_byte_array_new ();
  static const guint8 head[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 1, 2, 0, 0,
    1, 0x68, 3 };
  guint i;

  g_byte_array_append (bytes, head, sizeof head);
  for (i = 0; i < n_slices; i++) {
    g_autofree guint8 *slice = g_malloc (slice_size + i);

    memset (slice, 0x55, slice_size + i);
    memcpy (slice, "\0\0\1\x65", 4);
    g_byte_array_append (bytes, slice, slice_size + i);
  }
  return wrap (bytes);
}

static void
test_convert (void)
{
  g_autoptr (GstBuffer) stream = make_unit (1, 2000);
  g_autoptr (GstBuffer) lengths = NULL;
  g_autoptr (GstBuffer) back = NULL;
  g_autoptr (GError) error = NULL;
  GstMapInfo in, out;
  guint8 prefix[4];

  GST_BUFFER_PTS (stream) = 12345;
  GST_BUFFER_FLAG_SET (stream, GST_BUFFER_FLAG_MARKER);
  lengths = gst_arcly_nal_convert (stream, GST_ARCLY_CODEC_H264, 0, 4,
      GST_ARCLY_NAL_DROP_PARAMETER_SETS | GST_ARCLY_NAL_DROP_DELIMITERS,
      &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_buffer_get_size (lengths), ==, 4 + 1997);
  g_assert_cmpuint (GST_BUFFER_PTS (lengths), ==, 12345);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (lengths, GST_BUFFER_FLAG_MARKER));
  gst_buffer_extract (lengths, 0, prefix, 4);
  g_assert_cmpmem (prefix, 4, "\0\0\7\xcd", 4);
  /* The payload lies where it lay. */
  g_assert_cmpuint (gst_buffer_n_memory (lengths), ==, 2);
  g_assert_true (
      gst_memory_map (gst_buffer_peek_memory (lengths, 1), &out, GST_MAP_READ));
  g_assert_true (gst_buffer_map (stream, &in, GST_MAP_READ));
  g_assert_true (out.data == in.data + 17 + 3);
  gst_memory_unmap (gst_buffer_peek_memory (lengths, 1), &out);
  gst_buffer_unmap (stream, &in);

  back = gst_arcly_nal_convert (
      lengths, GST_ARCLY_CODEC_H264, 4, 0, GST_ARCLY_NAL_KEEP_ALL, &error);
  g_assert_no_error (error);
  gst_buffer_extract (back, 0, prefix, 4);
  g_assert_cmpmem (prefix, 4, "\0\0\0\1", 4);
  g_assert_cmpuint (gst_buffer_get_size (back), ==, 4 + 1997);
}

static void
test_convert_many (void)
{
  guint n;

  for (n = 1; n <= 20; n++) {
    g_autoptr (GstBuffer) stream = make_unit (n, 600);
    g_autoptr (GstBuffer) lengths = NULL;
    g_autoptr (GError) error = NULL;
    guint i, shared = 0;

    lengths = gst_arcly_nal_convert (
        stream, GST_ARCLY_CODEC_H264, 0, 4, GST_ARCLY_NAL_KEEP_ALL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (gst_buffer_get_size (lengths), ==,
        (4 + 2) + (4 + 3) + (4 + 2) + n * (600 + 1) + n * (n - 1) / 2);
    for (i = 0; i < gst_buffer_n_memory (lengths); i++)
      shared += gst_buffer_peek_memory (lengths, i)->parent ==
                gst_buffer_peek_memory (stream, 0);
    /* The longest are the last. */
    g_assert_cmpuint (shared, ==, MIN (n, 8));
  }
}

static void
test_convert_bad (void)
{
  static const struct {
    guint from, to;
    guint8 bytes[8];
    gsize size;
    gint code; /* -1: none */
  } bad[] = {
    { 4, 0, { 0, 0, 0, 9, 1 }, 5, GST_ARCLY_ERROR_INVALID },
    { 0, 4, { 1, 2, 3, 4 }, 4, GST_ARCLY_ERROR_INVALID },
    { 4, 0, { 0 }, 0, -1 },
    { 4, 0, { 0, 0, 0, 0 }, 4, -1 },
  };
  g_autoptr (GstBuffer) stream = make_unit (1, 2000);
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GstBuffer) buffer =
        bad[i].size > 0 ? gst_buffer_new_memdup (bad[i].bytes, bad[i].size)
                        : gst_buffer_new ();
    g_autoptr (GstBuffer) out = NULL;
    g_autoptr (GError) failure = NULL;

    out = gst_arcly_nal_convert (buffer, GST_ARCLY_CODEC_H265, bad[i].from,
        bad[i].to, GST_ARCLY_NAL_KEEP_ALL, &failure);
    g_assert_cmpint (failure ? failure->code : -1, ==, bad[i].code);
    g_assert_true ((out == NULL) == (failure != NULL));
  }
  /* 1997 bytes do not fit a length of one byte. */
  g_assert_null (gst_arcly_nal_convert (
      stream, GST_ARCLY_CODEC_H264, 0, 1, GST_ARCLY_NAL_KEEP_ALL, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/codec/info", test_info);
  g_test_add_func ("/codec/codec/convert", test_convert);
  g_test_add_func ("/codec/codec/convert-many", test_convert_many);
  g_test_add_func ("/codec/codec/convert-bad", test_convert_bad);
  return g_test_run ();
}
