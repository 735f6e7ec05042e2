/* SPDX-License-Identifier: MIT
 *
 * Somebody who sends picture and sound is followed by somebody who sends sound
 * only, on the same pads: where that begins is a place to cut, and a
 * discontinuity. Where the picture merely pauses, nothing of it is. */
#include <gst/video/video.h>

#include "testhls.h"

#include "tschecker.h"

/* Frames of test_hls_push(). */
#define END 100
#define RETURN 400

static void
push_sound (TestHls *t, guint start, guint end, gboolean discont)
{
  GstHarness *video = g_steal_pointer (&t->video);

  if (discont) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 200, NULL);

    gst_buffer_memset (buffer, 0, 0, 200);
    GST_BUFFER_PTS (buffer) = start * FRAME_TIME;
    GST_BUFFER_DURATION (buffer) = SOUND_TIME;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int (gst_harness_push (t->audio, buffer), GST_FLOW_OK);
    start++;
  }
  test_hls_push (t, start, end);
  t->video = video;
}

static void
init (TestHls *t)
{
  test_hls_init (t);
  test_hls_new_sink (t, "playlist-type", 1, NULL);
  test_hls_add_video (t);
  test_hls_add_audio (t);
  test_hls_push (t, 0, END);
}

/* The first segments have picture and sound, those behind sound only, and
 * neither are mixed; and when the picture comes again there is another one. */
GST_START_TEST (test_handed_over)
{
  TestHls t;

  init (&t);
  push_sound (&t, END + 50, RETURN, TRUE);
  test_hls_push (&t, RETURN, RETURN + 100);
  test_hls_end (&t);
  fail_unless (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  fail_unless_equals_int (test_hls_discontinuities (&t), 2);
  /* 4 s of both, 10 s of sound, 4 s of both. */
  fail_unless (test_hls_lists (&t, "#EXTINF:2.010667,\n" NAME "00001.ts\n"
                                   "#EXT-X-DISCONTINUITY\n"
                                   "#EXT-X-PROGRAM-DATE-TIME:[^\n]*\n"
                                   "#EXTINF:[12](.|\n)*" NAME "00007.ts\n"
                                   "#EXT-X-DISCONTINUITY\n"),
      "%s", t.playlist);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Other caps say the same without DISCONT. */
GST_START_TEST (test_other_caps)
{
  TestHls t;

  init (&t);
  gst_harness_set_src_caps_str (t.audio,
      "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
      "framed=(boolean)true, rate=(int)48000, channels=(int)1, "
      "codec_data=(buffer)1188");
  push_sound (&t, END, RETURN, FALSE);
  test_hls_end (&t);
  fail_unless (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  fail_unless_equals_int (test_hls_discontinuities (&t), 1);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* A loss of sound while the picture goes on is no place to cut, and a picture
 * that pauses is told as that. */
GST_START_TEST (test_pause)
{
  TestHls t;

  init (&t);
  test_hls_push (&t, END, END + 10);
  push_sound (&t, END + 10, END + 11, TRUE);
  test_hls_push (&t, END + 11, END + 50);
  fail_unless_equals_int (test_hls_discontinuities (&t), 0);
  push_sound (&t, END + 50, RETURN, FALSE);
  test_hls_push (&t, RETURN, RETURN + 100);
  test_hls_end (&t);
  fail_unless_equals_int (test_hls_discontinuities (&t), 0);
  test_hls_assert_message (
      &t, GST_MESSAGE_WARNING, "The video pauses while the sound goes on");
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* An encoder that gives what it is asked for, and a keyframe two seconds behind
 * each at the latest. */
typedef struct {
  GArray *asked; /* (element-type GstClockTime) */
  guint last;
} Encoder;

static gboolean
is_key (Encoder *self, TestHls *t, guint n)
{
  gboolean key = n == 0 || n - self->last >= 50;
  GstEvent *event;
  guint i;

  while ((event = gst_harness_try_pull_upstream_event (t->video))) {
    GstClockTime time;

    if (gst_video_event_is_force_key_unit (event)) {
      gst_video_event_parse_upstream_force_key_unit (event, &time, NULL, NULL);
      g_array_append_val (self->asked, time);
    }
    gst_event_unref (event);
  }
  for (i = self->asked->len; i > 0; i--) {
    if (g_array_index (self->asked, GstClockTime, i - 1) > n * FRAME_TIME)
      continue;
    g_array_remove_index (self->asked, i - 1);
    key = TRUE;
  }
  if (key)
    self->last = n;
  return key;
}

static void
encode (Encoder *self, TestHls *t, guint start, guint end, gboolean with_sound)
{
  GstHarness *video = t->video;
  guint n;

  for (n = start; n < end; n++) {
    fail_unless_equals_int (
        test_hls_try_video (t, n, is_key (self, t, n)), GST_FLOW_OK);
    t->video = NULL;
    if (with_sound)
      test_hls_push (t, n, n + 1);
    t->video = video;
  }
}

/* Where the picture is late, or some of it is lost, while sound goes on,
 * segments are soon as long again as they were. */
GST_START_TEST (test_one_grid)
{
  static const struct {
    guint from, to; /* the sound of these frames comes first */
    gboolean lost;  /* and they never */
  } cases[] = { { 100, 142, FALSE }, { 110, 160, FALSE }, { 130, 180, FALSE },
    { 100, 142, TRUE }, { 110, 160, TRUE }, { 140, 211, TRUE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint from = cases[i].from, to = cases[i].to, k, n_short = 0;
    Encoder encoder = { .asked =
                            g_array_new (FALSE, FALSE, sizeof (GstClockTime)) };
    g_auto (GStrv) pieces = NULL;
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, "playlist-type", 1, NULL);
    test_hls_add_video (&t);
    test_hls_add_audio (&t);
    encode (&encoder, &t, 0, from, TRUE);
    push_sound (&t, from, to, FALSE);
    if (!cases[i].lost)
      encode (&encoder, &t, from, to, FALSE);
    encode (&encoder, &t, to, 1000, TRUE);
    test_hls_end (&t);
    /* The last one is what is left. */
    pieces = g_strsplit (t.playlist, "#EXTINF:", -1);
    for (k = 1; pieces[k + 1]; k++)
      n_short += g_ascii_strtod (pieces[k], NULL) < 1.9;
    fail_unless (n_short <= 2, "%u: %s", i, t.playlist);
    g_array_unref (encoder.asked);
    test_hls_clear (&t);
  }
}
GST_END_TEST;

/* Pulls all, and how many buffers say that something begins there. */
static GByteArray *
pull_all (GstHarness *h, guint *n_disconts, gboolean *all_can_start)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;

  *n_disconts = 0;
  *all_can_start = TRUE;
  while ((buffer = gst_harness_try_pull (h))) {
    GstMapInfo map;

    if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
      (*n_disconts)++;
      *all_can_start &=
          !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    }
    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return all;
}

static void
push_plain (GstHarness *video, GstHarness *audio, guint start, guint end,
    gboolean discont)
{
  guint n;

  for (n = start; n < end; n++) {
    GstBuffer *sound = gst_buffer_new_allocate (NULL, 200, NULL);

    if (video)
      fail_unless_equals_int (
          gst_harness_push (video, test_hls_make_video (n, n % 25 == 0)),
          GST_FLOW_OK);
    gst_buffer_memset (sound, 0, 0, 200);
    GST_BUFFER_PTS (sound) = n * FRAME_TIME;
    GST_BUFFER_DURATION (sound) = FRAME_TIME;
    if (discont && n == start)
      GST_BUFFER_FLAG_SET (sound, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int (gst_harness_push (audio, sound), GST_FLOW_OK);
  }
}

/* Both muxers say it in the same way, whether or not they wait. */
GST_START_TEST (test_muxers)
{
  static const gchar *const muxers[] = { "arclytsmux", "arclyfmp4mux" };
  static const guint64 waits[] = { 0, 500 * GST_MSECOND };
  guint m, w;

  for (m = 0; m < G_N_ELEMENTS (muxers); m++) {
    for (w = 0; w < G_N_ELEMENTS (waits); w++) {
      GstHarness *video =
          gst_harness_new_with_padnames (muxers[m], "video_0", "src");
      GstHarness *audio =
          gst_harness_new_with_element (video->element, "audio_0", NULL);
      g_autoptr (GByteArray) all = NULL;
      gboolean all_can_start;
      guint n_disconts;

      g_object_set (video->element, "max-wait", waits[w], NULL);
      gst_harness_set_src_caps_str (video, VIDEO_CAPS);
      gst_harness_set_src_caps_str (audio, AUDIO_CAPS);
      push_plain (video, audio, 0, END, FALSE);
      push_plain (NULL, audio, END, RETURN, TRUE);
      push_plain (video, audio, RETURN, RETURN + 50, FALSE);
      gst_harness_push_event (video, gst_event_new_eos ());
      gst_harness_push_event (audio, gst_event_new_eos ());
      all = pull_all (video, &n_disconts, &all_can_start);
      /* The beginning, the sound, the picture's return. */
      fail_unless (n_disconts == 3 + m, "%s, %u: %u", muxers[m], w, n_disconts);
      fail_unless (all_can_start);
      gst_harness_teardown (audio);
      gst_harness_teardown (video);
    }
  }
}
GST_END_TEST;

/* The clock is the picture's, which is silent: it begins anew all the same
 * where the sound does, behind a hole that no clock runs over, and goes on. */
GST_START_TEST (test_clock)
{
  static const TsLimits limits = { .pcr_interval_ms = 40,
    .psi_interval_ms = 500 };
  static const guint holes[] = { 0, 25, 25 * 3600 };
  guint h, i;

  for (h = 0; h < G_N_ELEMENTS (holes); h++) {
    GstHarness *video =
        gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
    GstHarness *audio =
        gst_harness_new_with_element (video->element, "audio_0", NULL);
    guint start = END + holes[h];
    g_autoptr (GByteArray) all = NULL;
    g_autoptr (TsReport) report = NULL;
    gboolean all_can_start;
    guint n_disconts;

    gst_harness_set_src_caps_str (video, VIDEO_CAPS);
    gst_harness_set_src_caps_str (audio, AUDIO_CAPS);
    push_plain (video, audio, 0, END, FALSE);
    push_plain (NULL, audio, start, start + 100, TRUE);
    gst_harness_push_event (video, gst_event_new_eos ());
    gst_harness_push_event (audio, gst_event_new_eos ());
    all = pull_all (video, &n_disconts, &all_can_start);
    fail_unless_equals_int (n_disconts, 2);
    report = ts_check (all->data, all->len, &limits);
    for (i = 0; i < report->problems->len; i++)
      GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
    fail_unless_equals_int (report->problems->len, 0);
    for (i = 0; i < report->units->len; i++) {
      const TsUnit *unit = g_ptr_array_index (report->units, i);

      fail_unless (unit->dts * 300 - unit->pcr <= 27000000, "unit %u", i);
    }
    gst_harness_teardown (audio);
    gst_harness_teardown (video);
  }
}
GST_END_TEST;

static Suite *
soundleads_suite (void)
{
  Suite *suite = suite_create ("soundleads");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_handed_over);
  tcase_add_test (tc, test_other_caps);
  tcase_add_test (tc, test_pause);
  tcase_add_test (tc, test_one_grid);
  tcase_add_test (tc, test_muxers);
  tcase_add_test (tc, test_clock);
  return suite;
}

GST_CHECK_MAIN (soundleads)
