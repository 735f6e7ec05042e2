/* SPDX-License-Identifier: MIT
 *
 * arclytsmux: tracks that wait for each other, come and go, and states. */
#include <gst/video/video.h>

#include "testts.h"

/* One thread feeds both pads, in bursts, and is never held. */
GST_START_TEST (test_one_thread)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i, a = 0;
  gint64 last = 0;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 100; i++) {
    push_video (&f, i, i % 25 == 0);
    while (i % 5 == 4 && a * 1024 * 1000 / 48000 < (i + 1) * 40)
      push_audio (&f, a++);
  }
  push_eos (f.video);
  push_eos (f.audio);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (cuts, 4);
  fail_unless_equals_int (disconts, 1);
  fail_unless_equals_int (count_units (report, 0x1b), 100);
  fail_unless_equals_int (count_units (report, 0x0f), a);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless (unit->dts >= last);
    last = unit->dts;
  }
  fixture_clear (&f);
}
GST_END_TEST;

/* A track that is silent holds the other up to max-wait, and what comes late
 * is not lost. */
GST_START_TEST (test_silent_track)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 12; i++)
    push_video (&f, i, i == 0);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 0);
  for (; i < 40; i++)
    push_video (&f, i, FALSE);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 40);
  for (i = 0; i < 70; i++)
    push_audio (&f, i);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 110);
  push_eos (f.video);
  push_eos (f.audio);
  ts = drain (&f, &cuts, &disconts);
  /* Late audio is behind the clock: the rest must be right. */
  report = ts_check (ts->data, ts->len, &limits);
  for (i = 0; i < report->problems->len; i++)
    fail_unless (strstr (g_ptr_array_index (report->problems, i),
        "DTS before the PCR on PID 257"));
  fail_unless_equals_int (count_units (report, 0x0f), 70);
  fixture_clear (&f);
}
GST_END_TEST;

/* A GAP event lets the others go on at once. */
GST_START_TEST (test_gap)
{
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 0);
  fail_unless (gst_harness_push_event (
      f.audio, gst_event_new_gap (0, 200 * GST_MSECOND)));
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 5);
  fixture_clear (&f);
}
GST_END_TEST;

/* EOS of all pads, even of some that never had caps, ends the stream. */
GST_START_TEST (test_eos)
{
  Fixture f;

  fixture_init (&f, NULL, TRUE);
  push_audio (&f, 0);
  push_eos (f.video);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 1);
  fail_if (got_event (f.video, GST_EVENT_EOS));
  push_eos (f.audio);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  fixture_clear (&f);

  fixture_init (&f, NULL, FALSE);
  push_eos (f.video);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  fixture_clear (&f);
}
GST_END_TEST;

/* A pad that comes late, and one that goes, each change the table. */
GST_START_TEST (test_late_pad)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (i = 0; i < 10; i++)
    push_video (&f, i, i == 0);
  f.audio = gst_harness_new_with_element (f.video->element, "audio_0", NULL);
  gst_harness_set_src_caps_str (f.audio, AAC_CAPS);
  for (; i < 20; i++) {
    push_video (&f, i, FALSE);
    push_audio (&f, 2 * i);
    push_audio (&f, 2 * i + 1);
  }
  gst_harness_teardown (f.audio);
  f.audio = NULL;
  for (; i < 40; i++)
    push_video (&f, i, i == 30);
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (count_units (report, 0x1b), 40);
  fail_unless_equals_int (report->n_pmt_versions, 3);
  fail_unless_equals_int (report->n_streams, 1);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  g_autoptr (GByteArray) ts = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  gst_harness_push_event (f.video, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (f.video, gst_event_new_flush_stop (TRUE));
  fail_unless (got_event (f.video, GST_EVENT_FLUSH_STOP));
  {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (f.video, gst_event_new_segment (&segment));
    gst_harness_push_event (f.audio, gst_event_new_segment (&segment));
  }
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  push_eos (f.audio);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 5);
  ts = drain (&f, &cuts, &disconts);
  ts_report_free (check_clean (ts));
  fixture_clear (&f);
}
GST_END_TEST;

/* Rule U16: each element adds what it adds, once. */
GST_START_TEST (test_latency)
{
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  gst_harness_set_upstream_latency (f.video, 100 * GST_MSECOND);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 100 * GST_MSECOND);
  f.audio = gst_harness_new_with_element (f.video->element, "audio_0", NULL);
  gst_harness_set_upstream_latency (f.audio, 120 * GST_MSECOND);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 620 * GST_MSECOND);
  g_object_set (f.video->element, "max-wait", 30 * GST_MSECOND, NULL);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 150 * GST_MSECOND);
  g_object_set (f.video->element, "max-audio-delay", 70 * GST_MSECOND, NULL);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 220 * GST_MSECOND);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_force_key_unit)
{
  GstEvent *event;
  gboolean found = FALSE;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  fail_unless (gst_harness_push_upstream_event (
      f.video, gst_video_event_new_upstream_force_key_unit (
                   GST_CLOCK_TIME_NONE, TRUE, 1)));
  while ((event = gst_harness_try_pull_upstream_event (f.video))) {
    found |= gst_video_event_is_force_key_unit (event);
    gst_event_unref (event);
  }
  fail_unless (found);
  while ((event = gst_harness_try_pull_upstream_event (f.audio))) {
    fail_if (gst_video_event_is_force_key_unit (event));
    gst_event_unref (event);
  }
  fixture_clear (&f);
}
GST_END_TEST;

typedef struct {
  GstHarness *h;
  guint n;
  gboolean video;
} Feeder;

static gpointer
feed (gpointer data)
{
  Feeder *feeder = data;
  guint i;

  for (i = 0; i < feeder->n; i++) {
    GstClockTime t = i * 40 * GST_MSECOND;

    gst_harness_push (feeder->h,
        feeder->video ? make_frame (t, t, i % 25 == 0, i) : make_audio (t, i));
  }
  push_eos (feeder->h);
  return NULL;
}

/* Two threads, neither lost, in order. */
GST_START_TEST (test_two_threads)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Feeder feeders[2];
  GThread *threads[2];
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  g_object_set (f.video->element, "max-wait", 60 * GST_SECOND, NULL);
  feeders[0] = (Feeder){ f.video, 1000, TRUE };
  feeders[1] = (Feeder){ f.audio, 1000, FALSE };
  for (i = 0; i < 2; i++)
    threads[i] = g_thread_new ("feeder", feed, &feeders[i]);
  for (i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  ts = drain (&f, &cuts, &disconts);
  report = ts_check (ts->data, ts->len, &limits);
  fail_unless_equals_int (count_units (report, 0x1b), 1000);
  fail_unless_equals_int (count_units (report, 0x0f), 1000);
  /* Sound that outlasts the picture can be cut on its own. */
  fail_unless (cuts == 40 || cuts == 41);
  fixture_clear (&f);
}
GST_END_TEST;

/* Pads come and go while another one streams. */
GST_START_TEST (test_pads_come_and_go)
{
  GThread *thread;
  Feeder feeder;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  feeder = (Feeder){ f.video, 2000, TRUE };
  thread = g_thread_new ("feeder", feed, &feeder);
  for (i = 0; i < 200; i++) {
    GstPad *pad = gst_element_request_pad_simple (f.video->element, "audio_%u");
    GstCaps *caps = gst_caps_from_string (AAC_CAPS);
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_pad_send_event (pad, gst_event_new_stream_start ("audio"));
    gst_pad_send_event (pad, gst_event_new_caps (caps));
    gst_pad_send_event (pad, gst_event_new_segment (&segment));
    gst_pad_chain (pad, make_audio (0, i));
    gst_element_release_request_pad (f.video->element, pad);
    gst_object_unref (pad);
    gst_caps_unref (caps);
  }
  g_thread_join (thread);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  fixture_clear (&f);
}
GST_END_TEST;

/* The element's own state is gone after READY. */
GST_START_TEST (test_restart)
{
  guint pass, cuts, disconts;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (pass = 0; pass < 2; pass++) {
    g_autoptr (GByteArray) ts = NULL;

    push_video (&f, 0, TRUE);
    push_video (&f, 1, FALSE);
    ts = drain (&f, &cuts, &disconts);
    ts_report_free (check_clean (ts));
    fail_unless_equals_int (disconts, 1);
    gst_element_set_state (f.video->element, GST_STATE_READY);
    gst_element_set_state (f.video->element, GST_STATE_PLAYING);
    gst_harness_push_event (f.video, gst_event_new_stream_start ("again"));
    gst_harness_set_src_caps_str (f.video, AVC_CAPS ("0d"));
  }
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
tsmuxtracks_suite (void)
{
  Suite *suite = suite_create ("arclytsmuxtracks");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_one_thread);
  tcase_add_test (tc, test_silent_track);
  tcase_add_test (tc, test_gap);
  tcase_add_test (tc, test_eos);
  tcase_add_test (tc, test_late_pad);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_latency);
  tcase_add_test (tc, test_force_key_unit);
  tcase_add_test (tc, test_two_threads);
  tcase_add_test (tc, test_pads_come_and_go);
  tcase_add_test (tc, test_restart);
  return suite;
}

GST_CHECK_MAIN (tsmuxtracks);
