/* SPDX-License-Identifier: MIT */
#include "flvenhanced.h"

#include <string.h>

#define AUDIO GST_ARCLY_FLV_EX_AUDIO
#define VIDEO GST_ARCLY_FLV_EX_VIDEO
#define HEVC GST_ARCLY_FOURCC_HEVC
#define AV1 GST_ARCLY_FOURCC_AV1
#define OPUS GST_ARCLY_FOURCC_OPUS
#define AAC GST_ARCLY_FOURCC_AAC

typedef struct {
  const gchar *name;
  GstArclyFlvExKind kind;
  guint8 bytes[40];
  gsize size;
  GstArclyFlvEx message; /* the public members */
  GstArclyFlvExPart parts[3];
  guint n_parts;
} Row;

/* Written by hand from the specification's pseudo code. */
static const Row rows[] = {
  { "H.265 sequence start", VIDEO, { 0x90, 'h', 'v', 'c', '1', 1, 2 }, 7,
      { VIDEO, GST_ARCLY_FLV_EX_SEQUENCE_START, GST_ARCLY_FLV_EX_PLAIN, 1 },
      { { HEVC, 0, 0, 5, 2 } }, 1 },
  { "H.265 frame, -2 ms", VIDEO,
      { 0xa1, 'h', 'v', 'c', '1', 0xff, 0xff, 0xfe, 9 }, 9,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_PLAIN, 2 },
      { { HEVC, 0, -2, 8, 1 } }, 1 },
  { "H.265 frame without a time", VIDEO, { 0xa3, 'h', 'v', 'c', '1', 9 }, 6,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES_X, GST_ARCLY_FLV_EX_PLAIN, 2 },
      { { HEVC, 0, 0, 5, 1 } }, 1 },
  { "AV1 frame has no time", VIDEO, { 0x91, 'a', 'v', '0', '1', 1, 2, 3 }, 8,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_PLAIN, 1 },
      { { AV1, 0, 0, 5, 3 } }, 1 },
  { "sequence end", VIDEO, { 0x92, 'a', 'v', '0', '1' }, 5,
      { VIDEO, GST_ARCLY_FLV_EX_SEQUENCE_END, GST_ARCLY_FLV_EX_PLAIN, 1 },
      { { AV1, 0, 0, 5, 0 } }, 1 },
  { "metadata", VIDEO, { 0x94, 'h', 'v', 'c', '1', 5 }, 6,
      { VIDEO, GST_ARCLY_FLV_EX_METADATA, GST_ARCLY_FLV_EX_PLAIN, 1 },
      { { HEVC, 0, 0, 5, 1 } }, 1 },
  { "metadata of frame type command", VIDEO, { 0xd4, 'h', 'v', 'c', '1', 5 }, 6,
      { VIDEO, GST_ARCLY_FLV_EX_METADATA, GST_ARCLY_FLV_EX_PLAIN, 5 },
      { { HEVC, 0, 0, 5, 1 } }, 1 },
  { "MPEG-2 TS sequence start", VIDEO, { 0x95, 'a', 'v', '0', '1', 0x81 }, 6,
      { VIDEO, GST_ARCLY_FLV_EX_MPEG2TS_SEQUENCE_START, GST_ARCLY_FLV_EX_PLAIN,
          1 },
      { { AV1, 0, 0, 5, 1 } }, 1 },
  { "command", VIDEO, { 0xd0, 1 }, 2,
      { VIDEO, GST_ARCLY_FLV_EX_COMMAND, GST_ARCLY_FLV_EX_PLAIN, 5, 1 },
      { { 0 } }, 0 },
  { "nanoseconds", VIDEO,
      { 0x97, 2, 0x0f, 0x42, 0x3f, 0x01, 'a', 'v', '0', '1', 7 }, 11,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_PLAIN, 1, 0,
          999999 },
      { { AV1, 0, 0, 10, 1 } }, 1 },
  { "one track", VIDEO, { 0x96, 0x01, 'a', 'v', '0', '1', 3, 7 }, 8,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_ONE_TRACK, 1 },
      { { AV1, 3, 0, 7, 1 } }, 1 },
  { "many tracks", VIDEO,
      { 0x96, 0x11, 'h', 'v', 'c', '1', 0, 0, 0, 5, 0, 0, 40, 8, 9, 1, 0, 0, 3,
          0, 0, 0 },
      22,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_MANY_TRACKS, 1 },
      { { HEVC, 0, 40, 13, 2 }, { HEVC, 1, 0, 22, 0 } }, 2 },
  { "many codecs", VIDEO,
      { 0xa6, 0x21, 'a', 'v', '0', '1', 0, 0, 0, 1, 8, 'h', 'v', 'c', '1', 1, 0,
          0, 4, 0, 0, 1, 9, 'a', 'v', '0', '1', 255, 0, 0, 0 },
      31,
      { VIDEO, GST_ARCLY_FLV_EX_CODED_FRAMES,
          GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS, 2 },
      { { AV1, 0, 0, 10, 1 }, { HEVC, 1, 1, 22, 1 }, { AV1, 255, 0, 31, 0 } },
      3 },
  { "Opus sequence start", AUDIO, { 0x90, 'O', 'p', 'u', 's', 1 }, 6,
      { AUDIO, GST_ARCLY_FLV_EX_SEQUENCE_START, GST_ARCLY_FLV_EX_PLAIN },
      { { OPUS, 0, 0, 5, 1 } }, 1 },
  { "AAC frame", AUDIO, { 0x91, 'm', 'p', '4', 'a', 1 }, 6,
      { AUDIO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_PLAIN },
      { { AAC, 0, 0, 5, 1 } }, 1 },
  { "channels", AUDIO, { 0x94, 'O', 'p', 'u', 's', 0, 2 }, 7,
      { AUDIO, GST_ARCLY_FLV_EX_MULTICHANNEL_CONFIG, GST_ARCLY_FLV_EX_PLAIN },
      { { OPUS, 0, 0, 5, 2 } }, 1 },
  { "nanoseconds and many audio tracks", AUDIO,
      { 0x97, 2, 0, 0, 1, 0x05, 0x11, 'O', 'p', 'u', 's', 2, 0, 0, 1, 9, 4, 0,
          0, 1, 8 },
      21,
      { AUDIO, GST_ARCLY_FLV_EX_CODED_FRAMES, GST_ARCLY_FLV_EX_MANY_TRACKS, 0,
          0, 1 },
      { { OPUS, 2, 0, 15, 1 }, { OPUS, 4, 0, 20, 1 } }, 2 },
};

static void
assert_same_message (const GstArclyFlvEx *a, const GstArclyFlvEx *b)
{
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->packet, ==, b->packet);
  g_assert_cmpint (a->tracks, ==, b->tracks);
  g_assert_cmpint (a->frame_type, ==, b->frame_type);
  g_assert_cmpint (a->command, ==, b->command);
  g_assert_cmpint (a->nanoseconds, ==, b->nanoseconds);
}

static void
assert_same_part (const GstArclyFlvExPart *a, const GstArclyFlvExPart *b)
{
  g_assert_cmphex (a->fourcc, ==, b->fourcc);
  g_assert_cmpuint (a->track_id, ==, b->track_id);
  g_assert_cmpint (a->composition_time, ==, b->composition_time);
  g_assert_cmpuint (a->payload_offset, ==, b->payload_offset);
  g_assert_cmpuint (a->payload_size, ==, b->payload_size);
}

/* How many parts there are; all of an exact copy, so that a sanitizer sees a
 * read of one byte too many. */
static guint
read_all (GstArclyFlvExKind kind, const guint8 *bytes, gsize size,
    GstArclyFlvEx *message, GstArclyFlvExPart *parts, guint max, GError **error)
{
  g_autofree guint8 *exact = g_memdup2 (bytes, size);
  GstArclyFlvExPart part;
  GError *problem = NULL;
  guint n = 0;

  if (!gst_arcly_flv_ex_is (kind, exact, size)) {
    g_assert_cmpuint (size, ==, 0);
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED, "empty");
    return 0;
  }
  if (!gst_arcly_flv_ex_parse (message, kind, exact, size, &problem)) {
    g_assert_nonnull (problem);
    g_propagate_error (error, problem);
    return 0;
  }
  g_assert_no_error (problem);
  while (gst_arcly_flv_ex_next (message, &part, &problem)) {
    g_assert_no_error (problem);
    g_assert_cmpuint (n, <, max);
    parts[n++] = part;
  }
  /* It stays at its end, and at its error. */
  g_assert_false (gst_arcly_flv_ex_next (message, &part, NULL));
  if (problem)
    g_propagate_error (error, problem);
  return n;
}

static void
test_read (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    g_autoptr (GError) error = NULL;
    GstArclyFlvExPart parts[3];
    GstArclyFlvEx message;
    guint n;

    g_test_message ("%s", row->name);
    n = read_all (row->kind, row->bytes, row->size, &message, parts, 3, &error);
    g_assert_no_error (error);
    assert_same_message (&message, &row->message);
    g_assert_cmpuint (n, ==, row->n_parts);
    for (j = 0; j < n; j++)
      assert_same_part (&parts[j], &row->parts[j]);
  }
}

/* The rows are as short as they can be said, so writing gives them back. */
static void
test_write (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    g_autoptr (GByteArray) out = g_byte_array_new ();
    GstArclyFlvExSource sources[3];

    for (j = 0; j < row->n_parts; j++)
      sources[j] = (GstArclyFlvExSource){ row->parts[j].fourcc,
        row->parts[j].track_id, row->parts[j].composition_time,
        row->bytes + row->parts[j].payload_offset, row->parts[j].payload_size };
    g_test_message ("%s", row->name);
    gst_arcly_flv_ex_write (out, &row->message, sources, row->n_parts);
    if (g_str_has_prefix (row->name, "metadata of"))
      out->data[0] |= 0x40; /* the frame type means nothing */
    g_assert_cmpmem (out->data, out->len, row->bytes, row->size);

    if (row->n_parts != 1 || row->message.tracks == 1)
      continue;
    /* Without its payload. */
    g_byte_array_set_size (out, 0);
    sources[0].data = NULL;
    gst_arcly_flv_ex_write (out, &row->message, sources, 1);
    g_assert_cmpuint (out->len, ==, row->parts[0].payload_offset);
  }
}

/* Of many tracks, those before the cut are whole. */
static void
test_truncated (void)
{
  guint i;
  gsize size;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    gsize needed = row->n_parts > 0 ? row->parts[0].payload_offset : row->size;

    for (size = 0; size < row->size; size++) {
      g_autoptr (GError) error = NULL;
      GstArclyFlvExPart parts[3];
      GstArclyFlvEx message;
      guint n =
          read_all (row->kind, row->bytes, size, &message, parts, 3, &error);

      g_test_message ("%s, %" G_GSIZE_FORMAT " bytes", row->name, size);
      g_assert_cmpuint (n, <=, row->n_parts);
      if (size < needed)
        g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
      else if (row->n_parts == 1)
        g_assert_no_error (error);
    }
  }
}

typedef struct {
  const gchar *name;
  GstArclyFlvExKind kind;
  guint8 bytes[16];
  gsize size;
  gint error;
} BadRow;

static const BadRow bad_rows[] = {
  { "nanoseconds of a whole ms", VIDEO,
      { 0x97, 2, 0x0f, 0x42, 0x40, 0x01, 'a', 'v', '0', '1' }, 10,
      GST_ARCLY_ERROR_INVALID },
  { "nanoseconds in two bytes", AUDIO,
      { 0x97, 1, 0, 1, 0x01, 'O', 'p', 'u', 's' }, 9, GST_ARCLY_ERROR_INVALID },
  { "ModEx size of 16 bits, wrong", VIDEO, { 0x97, 0xff, 0xff, 0xff, 0, 1 }, 6,
      GST_ARCLY_ERROR_TRUNCATED },
  { "video packet type 8", VIDEO, { 0x98, 'a', 'v', '0', '1' }, 5,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "audio packet type 3", AUDIO, { 0x93, 'O', 'p', 'u', 's' }, 5,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "multitrack within multitrack", VIDEO,
      { 0x96, 0x06, 'a', 'v', '0', '1', 0, 1 }, 8,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "ModEx within multitrack", AUDIO, { 0x95, 0x07, 'O', 'p', 'u', 's', 0 }, 7,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "multitrack type 3", VIDEO, { 0x96, 0x31, 'a', 'v', '0', '1', 0, 1 }, 8,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "a track longer than the message", VIDEO,
      { 0x96, 0x11, 'a', 'v', '0', '1', 0, 0xff, 0xff, 0xff, 1 }, 11,
      GST_ARCLY_ERROR_TRUNCATED },
  { "a track shorter than its time", VIDEO,
      { 0x96, 0x11, 'h', 'v', 'c', '1', 0, 0, 0, 2, 0, 0, 0, 0 }, 14,
      GST_ARCLY_ERROR_TRUNCATED },
  { "no track at all", VIDEO, { 0x96, 0x11, 'a', 'v', '0', '1' }, 6,
      GST_ARCLY_ERROR_TRUNCATED },
};

static void
test_bad (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad_rows); i++) {
    const BadRow *row = &bad_rows[i];
    g_autoptr (GError) error = NULL;
    GstArclyFlvExPart parts[3];
    GstArclyFlvEx message;

    g_test_message ("%s", row->name);
    read_all (row->kind, row->bytes, row->size, &message, parts, 3, &error);
    g_assert_error (error, GST_ARCLY_ERROR, row->error);
  }
}

/* 256 in the first size byte moves to a size of 16 bits: 256 + 1 bytes here,
 * of a modifier that nobody knows. */
static void
test_long_mod_ex (void)
{
  static const guint8 start[] = { 0x97, 0xff, 0x01, 0x00 };
  static const guint8 end[] = { 0xf1, 'h', 'v', 'c', '1', 0, 0, 0 };
  guint8 tag[sizeof start + 257 + sizeof end] = { 0 };
  gsize size;

  memcpy (tag, start, sizeof start);
  memcpy (tag + sizeof tag - sizeof end, end, sizeof end);
  for (size = 0; size <= sizeof tag; size++) {
    g_autoptr (GError) error = NULL;
    GstArclyFlvExPart parts[1];
    GstArclyFlvEx message;
    guint n = read_all (VIDEO, tag, size, &message, parts, 1, &error);

    if (size < sizeof tag) {
      g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpuint (n, ==, 1);
    g_assert_cmpuint (parts[0].payload_offset, ==, sizeof tag);
  }
}

static void
test_is (void)
{
  static const guint8 avc = 0x17, aac = 0xaf, ex_video = 0x90;

  g_assert_false (gst_arcly_flv_ex_is (VIDEO, &avc, 1));
  g_assert_false (gst_arcly_flv_ex_is (AUDIO, &aac, 1));
  g_assert_false (gst_arcly_flv_ex_is (VIDEO, &ex_video, 0));
  g_assert_true (gst_arcly_flv_ex_is (VIDEO, &ex_video, 1));
}

/* The user must read which codec the encoder sent, even if it is not text. */
static void
test_fourcc (void)
{
  gchar text[GST_ARCLY_FOURCC_TEXT_SIZE];

  g_assert_cmpstr (gst_arcly_flv_fourcc_print (AV1, text), ==, "av01");
  g_assert_cmpstr (gst_arcly_flv_fourcc_print (0x000aff78, text), ==, "???x");
  g_assert_cmphex (gst_arcly_flv_fourcc_from_text ("Opus"), ==, 0x4f707573);
  g_assert_cmphex (gst_arcly_flv_fourcc_from_text ("Opu"), ==, 0);
  g_assert_cmphex (gst_arcly_flv_fourcc_from_text ("Opuss"), ==, 0);
  g_assert_cmphex (gst_arcly_flv_fourcc_from_text (NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flvenhanced/read", test_read);
  g_test_add_func ("/flvenhanced/write", test_write);
  g_test_add_func ("/flvenhanced/truncated", test_truncated);
  g_test_add_func ("/flvenhanced/bad", test_bad);
  g_test_add_func ("/flvenhanced/long-mod-ex", test_long_mod_ex);
  g_test_add_func ("/flvenhanced/is", test_is);
  g_test_add_func ("/flvenhanced/fourcc", test_fourcc);
  return g_test_run ();
}
