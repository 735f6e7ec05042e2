/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <gst/arcly/gstarclyerror.h>

#include "mpegtsvideo.h"

#define SPS 0x67, 0x42, 0xc0, 0x0d, 0xd9
#define PPS 0x68, 0xcb

/* Types of the NAL units, in order, of what was gathered. */
static gchar *
types (const GstArclyTsGather *gather)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  GString *found = g_string_new (NULL);
  guint i;

  for (i = 0; i < gather->pieces->len; i++) {
    const GstArclyTsPiece *piece =
        &g_array_index (gather->pieces, GstArclyTsPiece, i);

    g_byte_array_append (all, piece->data, piece->size);
  }
  g_assert_cmpuint (all->len, ==, gather->size);
  for (i = 0; i + 3 < all->len; i++) {
    if (!all->data[i] && !all->data[i + 1] && all->data[i + 2] == 1)
      g_string_append_printf (found, "%u ", all->data[i + 3] & 0x1f);
  }
  return g_string_free (found, FALSE);
}

static GstArclyTsVideo *
make_h264 (guint length_size)
{
  static const guint8 sps[] = { SPS };
  static const guint8 pps[] = { PPS };
  GstArclyTsVideo *video = gst_arcly_ts_video_new ();

  gst_arcly_ts_video_start (video, GST_ARCLY_TS_VIDEO_H264, length_size);
  if (length_size > 0) {
    gst_arcly_ts_video_add_set (video, sps, sizeof sps);
    gst_arcly_ts_video_add_set (video, pps, sizeof pps);
  }
  return video;
}

static void
test_gather (void)
{
  static const struct {
    const gchar *name;
    guint length_size;
    gboolean keyframe;
    guint8 bytes[40];
    gsize size;
    const gchar *types; /* NULL: an error */
    gboolean random_access;
  } rows[] = {
    { "IDR", 4, TRUE, { 0, 0, 0, 2, 0x65, 0x88 }, 6, "9 7 8 5 ", TRUE },
    { "IDR, lengths of 2", 2, TRUE, { 0, 2, 0x65, 0x88 }, 4, "9 7 8 5 ", TRUE },
    { "IDR, lengths of 1", 1, TRUE, { 2, 0x65, 0x88 }, 3, "9 7 8 5 ", TRUE },
    { "IDR that nobody announced", 4, FALSE, { 0, 0, 0, 2, 0x65, 0x88 }, 6,
        "9 7 8 5 ", TRUE },
    { "P slice", 4, FALSE, { 0, 0, 0, 2, 0x41, 0x9a }, 6, "9 1 ", FALSE },
    { "P slice called a key frame", 4, TRUE, { 0, 0, 0, 2, 0x41, 0x9a }, 6,
        "9 1 ", FALSE },
    { "open GOP", 4, TRUE,
        { 0, 0, 0, 5, 6, 6, 1, 0xc4, 0x80, 0, 0, 0, 2, 0x41, 0x88 }, 15,
        "9 7 8 6 1 ", TRUE },
    { "open GOP that nobody announced", 4, FALSE,
        { 0, 0, 0, 5, 6, 6, 1, 0xc4, 0x80, 0, 0, 0, 2, 0x41, 0x88 }, 15,
        "9 7 8 6 1 ", TRUE },
    { "intra refresh", 4, FALSE,
        { 0, 0, 0, 5, 6, 6, 1, 0xc4, 0x80, 0, 0, 0, 2, 0x41, 0x9a }, 15,
        "9 6 1 ", FALSE },
    { "two slices", 4, FALSE,
        { 0, 0, 0, 2, 0x41, 0x9a, 0, 0, 0, 2, 0x41, 0x20 }, 12, "9 1 1 ",
        FALSE },
    { "its own delimiter", 4, TRUE,
        { 0, 0, 0, 2, 9, 0x10, 0, 0, 0, 2, 0x65, 0x88 }, 12, "9 7 8 5 ", TRUE },
    { "its own sets", 4, TRUE,
        { 0, 0, 0, 5, SPS, 0, 0, 0, 2, PPS, 0, 0, 0, 2, 0x65, 0x88 }, 21,
        "9 7 8 5 ", TRUE },
    { "its own SPS", 4, TRUE, { 0, 0, 0, 5, SPS, 0, 0, 0, 2, 0x65, 0x88 }, 15,
        "9 7 8 5 ", TRUE },
    { "empty unit between", 4, TRUE, { 0, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88 }, 10,
        "9 7 8 5 ", TRUE },
    { "no picture", 4, FALSE, { 0, 0, 0, 2, 9, 0x10 }, 6, NULL, FALSE },
    { "nothing", 4, FALSE, { 0 }, 0, NULL, FALSE },
    { "a length past the end", 4, FALSE,
        { 0, 0, 0, 2, 0x41, 0x9a, 0, 0, 0, 9, 0x41 }, 11, NULL, FALSE },
    { "stream", 0, TRUE, { 0, 0, 1, SPS, 0, 0, 1, PPS, 0, 0, 1, 0x65, 0x88 },
        18, "9 7 8 5 ", TRUE },
    { "stream with delimiter", 0, TRUE,
        { 0, 0, 0, 1, 9, 0x10, 0, 0, 1, SPS, 0, 0, 1, PPS, 0, 0, 1, 0x65,
            0x88 },
        24, "9 7 8 5 ", TRUE },
    { "stream of two slices", 0, FALSE,
        { 0, 0, 1, 0x41, 0x9a, 0, 0, 1, 0x41, 0x20 }, 10, "9 1 1 ", FALSE },
    { "stream without start code", 0, FALSE, { 0x41, 0x9a, 1, 1 }, 4, NULL,
        FALSE },
    { "stream without sets", 0, TRUE, { 0, 0, 1, 0x65, 0x88 }, 5, "9 5 ",
        FALSE },
  };
  GstArclyTsGather gather;
  guint i;

  gst_arcly_ts_gather_init (&gather);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstArclyTsVideo) video = make_h264 (rows[i].length_size);
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    g_autoptr (GError) error = NULL;
    gboolean random_access;

    g_test_message ("%s", rows[i].name);
    if (!gst_arcly_ts_video_gather (video, exact, rows[i].size,
            rows[i].keyframe, &gather, &random_access, &error)) {
      g_assert_null (rows[i].types);
      g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
    } else {
      g_autofree gchar *found = types (&gather);

      g_assert_cmpstr (found, ==, rows[i].types);
    }
    g_assert_true (random_access == rows[i].random_access);
  }
  gst_arcly_ts_gather_clear (&gather);
}

/* H.265: VPS, SPS and PPS in front of each IRAP, and its own delimiter. */
#define VPS5 0x40, 1, 0x0c
#define SPS5                                                                   \
  0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x5d, 0xa0
#define PPS5 0x44, 1, 0xc1

static gchar *
types_h265 (const GstArclyTsGather *gather)
{
  g_autofree gchar *found = types (gather);
  g_auto (GStrv) words = g_strsplit (found, " ", -1);
  GString *bytes = g_string_new (NULL);
  guint i;

  /* types() has five bits of the first byte: of a layer id below 32 they are
   * the type without its highest bit. */
  for (i = 0; words[i] && words[i][0]; i++)
    g_string_append_printf (bytes, "%d ", atoi (words[i]) / 2);
  return g_string_free (bytes, FALSE);
}

static void
test_h265 (void)
{
  static const struct {
    const gchar *name;
    guint length_size;
    guint8 bytes[60];
    gsize size;
    const gchar *types; /* modulo 16 */
    gboolean random_access;
  } rows[] = {
    { "IDR", 4, { 0, 0, 0, 3, 0x26, 1, 0xaf }, 7, "3 0 1 2 3 ", TRUE },
    { "CRA", 4, { 0, 0, 0, 3, 0x2a, 1, 0xaf }, 7, "3 0 1 2 5 ", TRUE },
    { "BLA", 4, { 0, 0, 0, 3, 0x20, 1, 0xaf }, 7, "3 0 1 2 0 ", TRUE },
    { "trailing picture", 4, { 0, 0, 0, 3, 0x02, 1, 0xd0 }, 7, "3 1 ", FALSE },
    { "RASL picture", 4, { 0, 0, 0, 3, 0x12, 1, 0xd0 }, 7, "3 9 ", FALSE },
    { "its own sets", 4,
        { 0, 0, 0, 3, VPS5, 0, 0, 0, 19, SPS5, 0, 0, 0, 3, PPS5, 0, 0, 0, 3,
            0x26, 1, 0xaf },
        44, "3 0 1 2 3 ", TRUE },
    { "its own PPS, delimiter and SEI", 4,
        { 0, 0, 0, 3, 0x46, 1, 0x10, 0, 0, 0, 3, PPS5, 0, 0, 0, 3, 0x4e, 1,
            0x80, 0, 0, 0, 3, 0x26, 1, 0xaf },
        28, "3 0 1 2 7 3 ", TRUE },
    { "stream", 0,
        { 0, 0, 1, VPS5, 0, 0, 1, SPS5, 0, 0, 1, PPS5, 0, 0, 1, 0x26, 1, 0xaf },
        40, "3 0 1 2 3 ", TRUE },
    { "stream without sets", 0, { 0, 0, 1, 0x26, 1, 0xaf }, 6, "3 3 ", FALSE },
    { "no picture", 4, { 0, 0, 0, 3, VPS5 }, 7, NULL, FALSE },
    { "a header cut short", 4, { 0, 0, 0, 1, 0x26 }, 5, NULL, FALSE },
  };
  static const guint8 vps[] = { VPS5 };
  static const guint8 sps[] = { SPS5 };
  static const guint8 pps[] = { PPS5 };
  GstArclyTsGather gather;
  guint i;

  gst_arcly_ts_gather_init (&gather);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstArclyTsVideo) video = gst_arcly_ts_video_new ();
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    gboolean random_access;

    g_test_message ("%s", rows[i].name);
    gst_arcly_ts_video_start (
        video, GST_ARCLY_TS_VIDEO_H265, rows[i].length_size);
    if (rows[i].length_size > 0) {
      gst_arcly_ts_video_add_set (video, vps, sizeof vps);
      gst_arcly_ts_video_add_set (video, sps, sizeof sps);
      gst_arcly_ts_video_add_set (video, pps, sizeof pps);
    }
    if (!gst_arcly_ts_video_gather (
            video, exact, rows[i].size, FALSE, &gather, &random_access, NULL)) {
      g_assert_null (rows[i].types);
    } else {
      g_autofree gchar *found = types_h265 (&gather);

      g_assert_cmpstr (found, ==, rows[i].types);
    }
    g_assert_true (random_access == rows[i].random_access);
  }
  gst_arcly_ts_gather_clear (&gather);
}

/* What came once in a byte stream is repeated at the next key frame. */
static void
test_sets_are_kept (void)
{
  static const guint8 first[] = { 0, 0, 1, SPS, 0, 0, 1, PPS, 0, 0, 1, 0x65,
    0x88 };
  static const guint8 second[] = { 0, 0, 1, 0x65, 0x88 };
  g_autoptr (GstArclyTsVideo) video = make_h264 (0);
  g_autofree gchar *found = NULL;
  GstArclyTsGather gather;
  gboolean random_access;

  gst_arcly_ts_gather_init (&gather);
  g_assert_true (gst_arcly_ts_video_gather (
      video, first, sizeof first, TRUE, &gather, &random_access, NULL));
  g_assert_true (gst_arcly_ts_video_gather (
      video, second, sizeof second, TRUE, &gather, &random_access, NULL));
  found = types (&gather);
  g_assert_cmpstr (found, ==, "9 7 8 5 ");
  g_assert_true (random_access);
  gst_arcly_ts_gather_clear (&gather);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpegts/video/gather", test_gather);
  g_test_add_func ("/mpegts/video/h265", test_h265);
  g_test_add_func ("/mpegts/video/sets-are-kept", test_sets_are_kept);
  return g_test_run ();
}
