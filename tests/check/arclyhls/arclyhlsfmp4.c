/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with segments of fMP4. What is in both formats is tested with
 * MPEG-TS, and in arclyhlslive.c. */
#include <string.h>

#include "fmp4checker.h"
#include "testhls.h"

static void
init (TestHls *t)
{
  test_hls_init (t);
  t->fmp4 = TRUE;
}

static void
append_file (TestHls *t, GByteArray *bytes, const gchar *name)
{
  g_autofree gchar *data = NULL;
  gsize size;

  test_hls_read (t, name, &data, &size);
  g_byte_array_append (bytes, (const guint8 *) data, size);
}

/* All that is listed in one row, as a player appends it, checked. */
static Fmp4Report *
read_all (TestHls *t, GByteArray *bytes)
{
  const Fmp4Limits limits = { .chunks = TRUE };
  g_auto (GStrv) names = hls_lint_names (t->playlist);
  g_auto (GStrv) maps = hls_lint_maps (t->playlist);
  Fmp4Report *report;
  guint i;

  for (i = 0; names[i]; i++) {
    if (i == 0 || !g_str_equal (maps[i], maps[i - 1]))
      append_file (t, bytes, maps[i]);
    append_file (t, bytes, names[i]);
  }
  report = fmp4_check (bytes->data, bytes->len, &limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

static guint
count (const Fmp4Report *report, guint track, gboolean sync)
{
  guint n = 0;
  const Fmp4Sample *sample;
  guint i;

  for (i = 0; (sample = fmp4_report_sample (report, track, i)); i++)
    n += !sync || sample->sync;
  return n;
}

/* Nothing is lost on the way, and each segment begins with a key frame. */
GST_START_TEST (test_content)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (Fmp4Report) report = NULL;
  g_auto (GStrv) names = NULL;
  TestHls t;
  guint i;

  init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 275);
  test_hls_end (&t);
  fail_unless_equals_int (test_hls_count (&t), 6);
  fail_unless (test_hls_lists (&t, "#EXTINF:2\\.0"));
  report = read_all (&t, bytes);
  fail_unless_equals_int (report->n_inits, 1);
  fail_unless_equals_int (count (report, 1, FALSE), 275);
  fail_unless_equals_int (count (report, 1, TRUE), 11);
  fail_unless (count (report, 2, FALSE) > 500);

  names = hls_lint_names (t.playlist);
  for (i = 0; names[i]; i++) {
    g_autoptr (GByteArray) one = g_byte_array_new ();
    g_auto (GStrv) maps = hls_lint_maps (t.playlist);
    const Fmp4Limits limits = { 0 };
    g_autoptr (Fmp4Report) alone = NULL;

    append_file (&t, one, maps[i]);
    append_file (&t, one, names[i]);
    alone = fmp4_check (one->data, one->len, &limits);
    fail_unless (fmp4_report_sample (alone, 1, 0)->sync, "%s", names[i]);
  }
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_audio_only)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (Fmp4Report) report = NULL;
  TestHls t;

  init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 275);
  test_hls_end (&t);
  fail_unless_equals_int (test_hls_count (&t), 6);
  report = read_all (&t, bytes);
  fail_unless_equals_int (report->tracks->len, 1);
  fail_unless (count (report, 1, FALSE) > 500);
  test_hls_clear (&t);
}
GST_END_TEST;

/* A frame of a sender that has another level, or of the same one. */
static void
push_level (TestHls *t, guint n, guint8 level)
{
  GstBuffer *buffer = test_hls_make_video (n, n % KEY_INTERVAL == 0);

  if (n % KEY_INTERVAL == 0)
    gst_buffer_memset (buffer, 7, level, 1);
  fail_unless_equals_int (gst_harness_push (t->video, buffer), GST_FLOW_OK);
  test_hls_check (t);
}

/* What decoders are set up with changes in the middle: another init segment,
 * and a discontinuity (RFC 8216, 4.3.2.3). */
GST_START_TEST (test_new_init)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (Fmp4Report) report = NULL;
  g_auto (GStrv) maps = NULL;
  TestHls t;
  guint n;

  init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  for (n = 0; n < 350; n++)
    push_level (&t, n, n < 175 ? 0x0d : 0x1e);
  test_hls_end (&t);
  fail_unless_equals_int (test_hls_discontinuities (&t), 1);
  fail_unless (test_hls_lists (&t, "00003\\.m4s\n#EXT-X-DISCONTINUITY\n"
                                   "#EXT-X-MAP:URI=\"init-[0-9T]+-00004\\.mp4\""
                                   "\n"));
  report = read_all (&t, bytes);
  fail_unless_equals_int (report->n_inits, 2);
  fail_unless_equals_int (count (report, 1, FALSE), 350);
  maps = hls_lint_maps (t.playlist);
  fail_unless (!g_str_equal (maps[3], maps[4]));
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Rule U10, and what a machine that lost power leaves of an init segment: what
 * needs it is not offered any more. */
GST_START_TEST (test_restart)
{
  g_auto (GStrv) maps = NULL;
  g_autofree gchar *path = NULL;
  TestHls t;
  guint n;

  init (&t);
  test_hls_new_sink (&t, "playlist-length", 0, NULL);
  test_hls_add_video (&t);
  for (n = 0; n < 350; n++)
    push_level (&t, n, n < 175 ? 0x0d : 0x1e);
  test_hls_drop_sink (&t);
  maps = hls_lint_maps (t.playlist);

  test_hls_new_sink (&t, "playlist-length", 0, NULL);
  test_hls_add_video (&t);
  for (n = 0; n < 175; n++)
    push_level (&t, n, 0x1e);
  fail_unless_equals_int (test_hls_discontinuities (&t), 2);
  fail_unless (strstr (t.playlist, maps[0]) && strstr (t.playlist, maps[5]));
  test_hls_drop_sink (&t);

  path = test_hls_path (&t, maps[0]);
  fail_unless (g_file_set_contents (path,
      "\0\0\0\x20"
      "ftyp",
      8, NULL));
  test_hls_new_sink (&t, "playlist-length", 0, NULL);
  test_hls_add_video (&t);
  for (n = 0; n < 175; n++)
    push_level (&t, n, 0x1e);
  fail_unless (test_hls_lists (&t, "#EXT-X-MEDIA-SEQUENCE:4\n"));
  fail_unless (!strstr (t.playlist, maps[0]));
  test_hls_clear (&t);
}
GST_END_TEST;

static void
push_sound (TestHls *t, GstClockTime time, gboolean discont)
{
  static guint8 sound[200];
  GstBuffer *buffer = gst_buffer_new_memdup (sound, sizeof sound);

  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = SOUND_TIME;
  if (discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  fail_unless_equals_int (gst_harness_push (t->audio, buffer), GST_FLOW_OK);
}

/* Another sender, after a while, of another level or of the same; its sound
 * comes first. There is one discontinuity, and no segment of that sound. */
static void
change_sender (guint8 level, guint n_inits)
{
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) maps = NULL;
  TestHls t;
  guint n, s = 0;

  init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 110);
  /* 20 ms in front of frame 150, which is a key frame. */
  push_sound (&t, 150 * FRAME_TIME - 20 * GST_MSECOND, TRUE);
  for (n = 150; n < 300; n++) {
    GstBuffer *buffer = test_hls_make_video (n, n % KEY_INTERVAL == 0);

    if (n % KEY_INTERVAL == 0)
      gst_buffer_memset (buffer, 7, level, 1);
    if (n == 150)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int (gst_harness_push (t.video, buffer), GST_FLOW_OK);
    for (; s * SOUND_TIME < (n - 149) * FRAME_TIME; s++)
      push_sound (&t, 150 * FRAME_TIME + s * SOUND_TIME, FALSE);
    test_hls_check (&t);
  }
  test_hls_end (&t);
  fail_unless_equals_int (test_hls_discontinuities (&t), 1);
  fail_if (test_hls_lists (&t, "#EXTINF:0\\.0"), "%s", t.playlist);
  names = hls_lint_names (t.playlist);
  maps = hls_lint_maps (t.playlist);
  fail_unless_equals_int (g_strv_length (names), 6);
  fail_unless_equals_int (
      1 + !g_str_equal (maps[0], maps[g_strv_length (maps) - 1]), n_inits);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}

GST_START_TEST (test_new_sender)
{
  change_sender (0x1e, 2);
  change_sender (0x0d, 1);
}
GST_END_TEST;

/* Rule U9: a GOP for which there is no room is cut, at chunks. */
GST_START_TEST (test_gop_too_long)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (Fmp4Report) report = NULL;
  TestHls t;
  guint n;

  init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 100);
  for (n = 100; n < 500; n++)
    fail_unless_equals_int (test_hls_try_video (&t, n, n == 100), GST_FLOW_OK);
  test_hls_end (&t);
  fail_unless (strstr (t.playlist, "#EXT-X-TARGETDURATION:2\n"));
  fail_if (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS"));
  fail_unless (test_hls_count (&t) >= 9);
  report = read_all (&t, bytes);
  fail_unless_equals_int (count (report, 1, FALSE), 500);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "too far apart");
  test_hls_clear (&t);
}
GST_END_TEST;

/* The muxer is chosen before or behind pads; caps tell which it is. */
GST_START_TEST (test_change_format)
{
  GstElement *sink = gst_element_factory_make ("arclyhlssink", NULL);
  GstPad *pad = gst_element_request_pad_simple (sink, "audio_%u");
  GstCaps *flac = gst_caps_from_string ("audio/x-flac, framed=true");
  guint i;

  for (i = 0; i < 4; i++) {
    GstCaps *caps;

    gst_util_set_object_arg (
        G_OBJECT (sink), "segment-format", i % 2 ? "ts" : "fmp4");
    caps = gst_pad_query_caps (pad, NULL);
    fail_unless_equals_int (gst_caps_can_intersect (caps, flac), i % 2 == 0);
    gst_caps_unref (caps);
  }
  gst_caps_unref (flac);
  gst_element_release_request_pad (sink, pad);
  gst_object_unref (pad);
  gst_object_unref (sink);
}
GST_END_TEST;

/* The other way is another presentation in the same folder. */
GST_START_TEST (test_after_ts)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 200);
  test_hls_drop_sink (&t);
  t.fmp4 = TRUE;
  test_hls_new_sink (&t, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 200);
  fail_unless (test_hls_lists (&t, "#EXT-X-MEDIA-SEQUENCE:4\n"));
  fail_unless (strstr (t.playlist, ".ts") == NULL);
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlsfmp4_suite (void)
{
  Suite *suite = suite_create ("arclyhlsfmp4");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_content);
  tcase_add_test (tcase, test_audio_only);
  tcase_add_test (tcase, test_new_init);
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_new_sender);
  tcase_add_test (tcase, test_gop_too_long);
  tcase_add_test (tcase, test_change_format);
  tcase_add_test (tcase, test_after_ts);
  return suite;
}

GST_CHECK_MAIN (arclyhlsfmp4)
