/* SPDX-License-Identifier: MIT
 *
 * arclybus: what a subscriber gets, early or late. */
#include "testbus.h"

/* A subscriber that joins mid-GOP starts at the keyframe, and by reference. */
GST_START_TEST (test_late_subscriber_starts_at_keyframe)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;
  GstBuffer *key = make_frame (0, TRUE), *got = NULL;

  fail_unless_equals_int (
      gst_harness_push (pub, gst_buffer_ref (key)), GST_FLOW_OK);
  push_frames (pub, 1, 2, 100);

  sub = new_subscriber (pub, "src_0_0");
  got = gst_harness_pull (sub);
  fail_unless (
      gst_buffer_peek_memory (got, 0) == gst_buffer_peek_memory (key, 0),
      "payload was copied");

  gst_buffer_unref (got);
  gst_buffer_unref (key);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* 7 s into a 10 s GOP: the keyframe comes at once, and nothing is missing or
 * doubled where the replay meets what is published meanwhile. */
GST_START_TEST (test_late_join_has_no_seam)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;
  GstBuffer *oldest = NULL;
  gint64 begin = 0, took = 0;

  push_frames (pub, 0, 175, 250);
  begin = g_get_monotonic_time ();
  sub = new_subscriber (pub, "src_0_0");
  oldest = gst_harness_pull (sub);
  took = g_get_monotonic_time () - begin;
  fail_unless (!GST_BUFFER_FLAG_IS_SET (oldest, GST_BUFFER_FLAG_DELTA_UNIT));
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (oldest), 0);
  /* For who asks how fast; benchmarks/fanout judges. */
  g_print ("first buffer after %" G_GINT64_FORMAT " us\n", took);
  gst_buffer_unref (oldest);

  push_frames (pub, 175, 400, 250);
  pull_frames (sub, 1, 400);
  fail_unless_equals_int (gst_harness_buffers_in_queue (sub), 0);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* Who is there before the first buffer has all of them, also if they come
 * faster than any worker can. */
GST_START_TEST (test_burst_loses_nothing)
{
  guint round = 0;

  for (round = 0; round < 100; round++) {
    GstHarness *pub = new_publisher (VIDEO_CAPS);
    GstHarness *sub = new_subscriber (pub, "src_0_0");

    push_frames (pub, 0, 40, 10);
    pull_frames (sub, 0, 40);
    gst_harness_teardown (sub);
    gst_harness_teardown (pub);
  }
}
GST_END_TEST;

static void
expect_type (GstHarness *sub, GstEventType type)
{
  GstEvent *event = gst_harness_pull_event (sub);

  fail_unless (event != NULL);
  fail_unless_equals_string (
      GST_EVENT_TYPE_NAME (event), gst_event_type_get_name (type));
  gst_event_unref (event);
}

static GstEvent *
title_event (const gchar *title)
{
  return gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, title, NULL));
}

/* Late pads get, in order, the sticky events that held at the keyframe; what
 * changed in the GOP comes where it came. */
GST_START_TEST (test_sticky_events_as_they_stood)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;
  GstEvent *event = NULL;
  GstCaps *caps = NULL;
  GstTagList *tags = NULL;
  gchar *title = NULL;

  gst_harness_push_event (pub, title_event ("before"));
  push_frames (pub, 0, 2, 100);
  gst_harness_push_event (pub, title_event ("after"));
  gst_harness_set_src_caps_str (pub, VIDEO_CAPS ", width=(int)640");
  push_frames (pub, 2, 3, 100);

  sub = new_subscriber (pub, "src_0_0");
  expect_type (sub, GST_EVENT_STREAM_START);
  event = gst_harness_pull_event (sub);
  gst_event_parse_caps (event, &caps);
  fail_unless (
      !gst_structure_has_field (gst_caps_get_structure (caps, 0), "width"));
  gst_event_unref (event);
  expect_type (sub, GST_EVENT_SEGMENT);
  event = gst_harness_pull_event (sub);
  gst_event_parse_tag (event, &tags);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_TITLE, &title));
  fail_unless_equals_string (title, "before");
  g_free (title);
  gst_event_unref (event);

  pull_frames (sub, 0, 3);
  expect_type (sub, GST_EVENT_TAG);
  event = pull_event (sub, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  fail_unless (
      gst_structure_has_field (gst_caps_get_structure (caps, 0), "width"));
  gst_event_unref (event);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* With the cache off a newcomer waits for the next keyframe and asks for it. */
GST_START_TEST (test_without_cache_asks_for_keyframe)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;
  GstEvent *event = NULL;

  g_object_set (pub->element, "gop-cache-time", (guint64) 0, NULL);
  push_frames (pub, 0, 5, 100);
  sub = new_subscriber (pub, "src_0_0");
  while ((event = gst_harness_pull_upstream_event (pub))) {
    gboolean found = gst_video_event_is_force_key_unit (event);

    gst_event_unref (event);
    if (found)
      break;
  }
  fail_unless (event != NULL, "nobody asked for a keyframe");
  /* It has begun, before what follows. */
  gst_event_unref (pull_event (sub, GST_EVENT_SEGMENT));

  push_frames (pub, 5, 10, 100);
  fail_unless_equals_int (
      gst_harness_push (pub, make_frame (10, TRUE)), GST_FLOW_OK);
  push_frames (pub, 11, 13, 100);
  pull_frames (sub, 10, 13);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

static void
check_cache_bound (const gchar *property, guint64 fits, guint64 too_small)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;

  g_object_set (pub->element, property, fits, NULL);
  push_frames (pub, 0, 10, 100);
  fail_unless_equals_uint64 (get_stat (pub->element, "cached-buffers"), 10);
  fail_unless_equals_uint64 (get_stat (pub->element, "cached-bytes"), 10000);
  sub = new_subscriber (pub, "src_0_0");
  pull_frames (sub, 0, 10);
  gst_harness_teardown (sub);

  g_object_set (pub->element, property, too_small, NULL);
  push_frames (pub, 10, 11, 100);
  fail_unless_equals_uint64 (get_stat (pub->element, "cached-buffers"), 0);
  sub = new_subscriber (pub, "src_1_0");
  push_frames (pub, 11, 12, 100);
  push_frames (pub, 100, 101, 100);
  pull_frame (sub, 100);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}

GST_START_TEST (test_cache_bounds)
{
  check_cache_bound ("gop-cache-buffers", 10, 9);
  check_cache_bound ("gop-cache-bytes", 10000, 9999);
  check_cache_bound ("gop-cache-time", 9 * FRAME_TIME, 9 * FRAME_TIME);
}
GST_END_TEST;

/* A request interval: many newcomers, one request; 0: each asks. */
GST_START_TEST (test_keyframe_requests_are_coalesced)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");

  push_frames (pub, 0, 1, 100);
  pull_frame (sub, 0);
  g_object_set (
      pub->element, "min-force-key-unit-interval", GST_SECOND * 1000, NULL);
  for (guint i = 0; i < 5; i++)
    gst_harness_push_upstream_event (
        sub, gst_video_event_new_upstream_force_key_unit (
                 GST_CLOCK_TIME_NONE, TRUE, i));
  fail_unless_equals_uint64 (get_stat (pub->element, "key-requests"), 1);
  g_object_set (pub->element, "min-force-key-unit-interval", (guint64) 0, NULL);
  for (guint i = 0; i < 5; i++)
    gst_harness_push_upstream_event (
        sub, gst_video_event_new_upstream_force_key_unit (
                 GST_CLOCK_TIME_NONE, TRUE, i));
  fail_unless_equals_uint64 (get_stat (pub->element, "key-requests"), 6);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

GST_START_TEST (test_gap_and_eos)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");
  GstHarness *late = NULL, *other = NULL;

  push_frames (pub, 0, 3, 100);
  gst_harness_push_event (pub, gst_event_new_gap (3 * FRAME_TIME, FRAME_TIME));
  gst_harness_push_event (pub, gst_event_new_eos ());
  pull_frames (sub, 0, 3);
  gst_event_unref (pull_event (sub, GST_EVENT_GAP));
  gst_event_unref (pull_event (sub, GST_EVENT_EOS));

  /* After the end: the same. */
  late = new_subscriber (pub, "src_1_0");
  pull_frames (late, 0, 3);
  gst_event_unref (pull_event (late, GST_EVENT_GAP));
  gst_event_unref (pull_event (late, GST_EVENT_EOS));

  /* A track that never came. */
  other = new_subscriber (pub, "src_1_7");
  expect_type (other, GST_EVENT_STREAM_START);
  expect_type (other, GST_EVENT_EOS);

  gst_harness_teardown (other);
  gst_harness_teardown (late);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* What was published before a flush is not delivered after it. */
GST_START_TEST (test_flush)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");
  GstHarness *late = NULL;
  GstSegment segment;

  push_frames (pub, 0, 3, 100);
  pull_frames (sub, 0, 3);
  fail_unless (gst_harness_push_event (pub, gst_event_new_flush_start ()));
  gst_event_unref (pull_event (sub, GST_EVENT_FLUSH_START));
  fail_unless (gst_harness_push_event (pub, gst_event_new_flush_stop (TRUE)));
  gst_event_unref (pull_event (sub, GST_EVENT_FLUSH_STOP));

  late = new_subscriber (pub, "src_1_0");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (pub, gst_event_new_segment (&segment));
  push_frames (pub, 200, 203, 100);
  pull_frames (sub, 200, 203);
  pull_frames (late, 200, 203);

  gst_harness_teardown (late);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* Both tracks of a late subscriber start where the video can. */
GST_START_TEST (test_tracks_start_together)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *audio =
      gst_harness_new_with_element (pub->element, "sink_1", NULL);
  GstHarness *sub = NULL, *sub_audio = NULL;

  gst_harness_set_src_caps_str (audio, AUDIO_CAPS);
  for (guint n = 0; n < 20; n++) {
    push_frames (pub, n, n + 1, 8);
    gst_harness_push (audio, make_frame (1000 + n, TRUE));
  }
  sub = new_subscriber (pub, "src_3_0");
  sub_audio = new_subscriber (pub, "src_3_1");
  pull_frames (sub, 16, 20);
  pull_frames (sub_audio, 1016, 1020);

  gst_harness_teardown (sub_audio);
  gst_harness_teardown (sub);
  gst_harness_teardown (audio);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* An audio stream starts anywhere: a newcomer gets the last moments. */
GST_START_TEST (test_audio_only)
{
  GstHarness *pub = new_publisher (AUDIO_CAPS);
  GstHarness *sub = NULL;
  GstBuffer *oldest = NULL;

  for (guint n = 0; n < 100; n++)
    gst_harness_push (pub, make_frame (n, TRUE));
  sub = new_subscriber (pub, "src_0_0");
  oldest = gst_harness_pull (sub);
  fail_unless (GST_BUFFER_OFFSET (oldest) > 80);
  pull_frames (sub, GST_BUFFER_OFFSET (oldest) + 1, 100);
  gst_buffer_unref (oldest);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

static Suite *
bus_suite (void)
{
  Suite *s = suite_create ("arclybus");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_late_subscriber_starts_at_keyframe);
  tcase_add_test (tc, test_late_join_has_no_seam);
  tcase_add_test (tc, test_burst_loses_nothing);
  tcase_add_test (tc, test_sticky_events_as_they_stood);
  tcase_add_test (tc, test_without_cache_asks_for_keyframe);
  tcase_add_test (tc, test_cache_bounds);
  tcase_add_test (tc, test_keyframe_requests_are_coalesced);
  tcase_add_test (tc, test_gap_and_eos);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_tracks_start_together);
  tcase_add_test (tc, test_audio_only);
  return s;
}

GST_CHECK_MAIN (bus);
