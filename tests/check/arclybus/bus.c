/* SPDX-License-Identifier: MIT
 *
 * arclybus: what a subscriber gets, early or late. */
#include <gst/arcly/arcly.h>

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

/* A request sent to the element goes up, and under the same interval. */
GST_START_TEST (test_keyframe_request_to_the_element)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);

  g_object_set (
      pub->element, "min-force-key-unit-interval", GST_SECOND * 1000, NULL);
  for (guint i = 0; i < 2; i++)
    fail_unless (gst_element_send_event (
        pub->element, gst_video_event_new_upstream_force_key_unit (
                          GST_CLOCK_TIME_NONE, TRUE, i)));
  fail_unless_equals_uint64 (get_stat (pub->element, "key-requests"), 1);
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

static gboolean
answer_latency (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, TRUE, 30 * GST_MSECOND, GST_SECOND);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* The bus adds nothing to the least latency; what it can hold is its bound. */
GST_START_TEST (test_queries)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = NULL;
  GstQuery *query = gst_query_new_latency ();
  GstCaps *caps = NULL;
  GstClockTime min = 0, max = 0;
  gboolean live = FALSE;

  gst_pad_set_query_function (pub->srcpad, answer_latency);
  sub = new_subscriber (pub, "src_0_0");
  fail_unless (gst_pad_peer_query (sub->sinkpad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, 30 * GST_MSECOND);
  fail_unless_equals_uint64 (max, 11 * GST_SECOND);
  gst_query_unref (query);

  query = gst_query_new_allocation (NULL, FALSE);
  fail_if (gst_pad_peer_query (pub->srcpad, query));
  gst_query_unref (query);

  caps = gst_pad_peer_query_caps (sub->sinkpad, NULL);
  fail_unless (gst_caps_is_fixed (caps));
  gst_caps_unref (caps);

  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* Quality of service of one subscriber is its own matter; so is where it is
 * linked, once the stream runs. */
GST_START_TEST (test_upstream_events)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");
  GstEvent *event = NULL;

  push_frames (pub, 0, 1, 100);
  pull_frame (sub, 0);
  while ((event = gst_harness_try_pull_upstream_event (pub)))
    gst_event_unref (event);

  fail_unless (gst_harness_push_upstream_event (
      sub, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 0.5, 0, 0)));
  fail_unless (
      gst_harness_push_upstream_event (sub, gst_event_new_reconfigure ()));
  fail_unless_equals_int (gst_harness_upstream_events_in_queue (pub), 0);
  gst_harness_push_upstream_event (
      sub, gst_event_new_latency (10 * GST_MSECOND));
  gst_harness_push_upstream_event (
      sub, gst_event_new_latency (10 * GST_MSECOND));
  fail_unless_equals_int (gst_harness_upstream_events_in_queue (pub), 1);

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

static GstFlowReturn
count_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  g_async_queue_push (pad->chaindata, buffer);
  return GST_FLOW_OK;
}

static GstPad *
new_peer (GAsyncQueue *queue)
{
  GstPad *peer = gst_pad_new ("peer", GST_PAD_SINK);

  gst_pad_set_chain_function_full (peer, count_chain, queue, NULL);
  return peer;
}

static void
pop_frame (GAsyncQueue *queue, guint n)
{
  GstBuffer *buffer = g_async_queue_timeout_pop (queue, 10 * G_USEC_PER_SEC);

  fail_unless (buffer != NULL, "frame %u did not come", n);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), n);
  gst_buffer_unref (buffer);
}

/* A pad without a peer stops nobody; once it is linked it is a newcomer, also
 * when its peer becomes active only later, as applications do it. */
GST_START_TEST (test_linked_late)
{
  GAsyncQueue *queue =
      g_async_queue_new_full ((GDestroyNotify) gst_buffer_unref);
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");
  GstPad *loose = gst_element_request_pad_simple (pub->element, "src_1_0");
  GstPad *peer = new_peer (queue);

  push_frames (pub, 0, 1, 20);
  pull_frame (sub, 0);
  push_frames (pub, 1, 50, 20);
  pull_frames (sub, 1, 50);

  fail_unless_equals_int (gst_pad_link (loose, peer), GST_PAD_LINK_OK);
  push_frames (pub, 50, 55, 20);
  pull_frames (sub, 50, 55);
  gst_pad_set_active (peer, TRUE);
  push_frames (pub, 55, 58, 20);
  for (guint n = 40; n < 58; n++)
    pop_frame (queue, n);

  gst_element_release_request_pad (pub->element, loose);
  fail_if (gst_pad_is_linked (peer));
  gst_object_unref (loose);
  gst_object_unref (peer);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
  g_async_queue_unref (queue);
}
GST_END_TEST;

static GstFlowReturn
fail_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_ERROR;
}

/* A subscriber that fails is left alone, with a warning; nobody else sees it.
 */
GST_START_TEST (test_failing_subscriber)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub = new_subscriber (pub, "src_0_0");
  GstPad *src = gst_element_request_pad_simple (pub->element, "src_1_0");
  GstPad *peer = gst_pad_new ("peer", GST_PAD_SINK);
  GstBus *bus = gst_bus_new ();
  GstMessage *message = NULL;

  gst_element_set_bus (pub->element, bus);
  gst_pad_set_chain_function (peer, fail_chain);
  gst_pad_set_active (peer, TRUE);
  fail_unless_equals_int (gst_pad_link (src, peer), GST_PAD_LINK_OK);
  push_frames (pub, 0, 1, 10);
  pull_frame (sub, 0);
  push_frames (pub, 1, 30, 10);
  pull_frames (sub, 1, 30);
  message =
      gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_WARNING);
  fail_unless (message != NULL, "no warning");
  gst_message_unref (message);

  gst_element_release_request_pad (pub->element, src);
  gst_object_unref (src);
  gst_object_unref (peer);
  gst_harness_teardown (sub);
  gst_element_set_bus (pub->element, NULL);
  gst_harness_teardown (pub);
  gst_object_unref (bus);
}
GST_END_TEST;

/* READY to PLAYING to NULL and again, with the same pads. */
GST_START_TEST (test_states)
{
  GstElement *pipeline = NULL;

  for (guint round = 0; round < 3; round++) {
    GstBus *bus = NULL;
    GstMessage *message = NULL;

    if (pipeline == NULL)
      pipeline = gst_parse_launch (
          "fakesrc num-buffers=50 sizetype=fixed format=time ! arclybus name=b "
          "b.src_0_0 ! fakesink b.src_1_0 ! fakesink b.src_1_4 ! fakesink",
          NULL);
    gst_element_set_state (pipeline, GST_STATE_READY);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    bus = gst_element_get_bus (pipeline);
    message = gst_bus_timed_pop_filtered (
        bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless (message != NULL, "round %u did not end", round);
    fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
    gst_message_unref (message);
    gst_object_unref (bus);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* A and V of one subscriber into sinks that wait for their preroll, no queue
 * between: neither waits for the other. */
GST_START_TEST (test_preroll_of_two_tracks)
{
  GstElement *pipeline = gst_parse_launch (
      "fakesrc num-buffers=50 sizetype=fixed format=time ! arclybus name=b "
      "fakesrc num-buffers=50 sizetype=fixed format=time ! b.sink_1 "
      "b.src_0_0 ! fakesink b.src_0_1 ! fakesink",
      NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "did not end");
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* The name is registered with the engine; twice is an error that says so. */
GST_START_TEST (test_stream_name)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *one = gst_element_factory_make ("arclybus", NULL);
  GstElement *two = gst_element_factory_make ("arclybus", NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = NULL;

  g_object_set (one, "stream", "live/cam", NULL);
  g_object_set (two, "stream", "live/cam", NULL);
  gst_bin_add_many (GST_BIN (pipeline), one, two, NULL);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_FAILURE);
  message =
      gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_unref (message);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_object_set (two, "stream", "live/cam2", NULL);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}
GST_END_TEST;

GST_START_TEST (test_request_names)
{
  GstElement *bus = gst_element_factory_make ("arclybus", NULL);
  GstPad *a = gst_element_request_pad_simple (bus, "src_5_2");
  GstPad *b = gst_element_request_pad_simple (bus, "src_%u_%u");
  GstPad *c = gst_element_request_pad_simple (bus, "sink_%u");

  fail_unless_equals_string (GST_PAD_NAME (a), "src_5_2");
  fail_unless_equals_string (GST_PAD_NAME (b), "src_0_0");
  fail_unless_equals_string (GST_PAD_NAME (c), "sink_0");
  fail_unless (gst_element_request_pad_simple (bus, "sink_70000") == NULL);
  fail_unless_equals_uint64 (get_stat (bus, "subscribers"), 2);
  gst_element_release_request_pad (bus, a);
  fail_unless_equals_uint64 (get_stat (bus, "subscribers"), 1);

  gst_object_unref (a);
  gst_object_unref (b);
  gst_object_unref (c);
  gst_object_unref (bus);
}
GST_END_TEST;

/* As one sets a bound in gst-launch. */
GST_START_TEST (test_pad_properties_by_name)
{
  GstElement *bin =
      gst_parse_launch ("fakesrc ! arclybus name=b src_1_0::max-lag-buffers=7 "
                        "src_1_0::lag-policy=evict b.src_1_0 ! fakesink",
          NULL);
  GstElement *bus = gst_bin_get_by_name (GST_BIN (bin), "b");
  GstPad *pad = gst_element_get_static_pad (bus, "src_1_0");
  guint64 bound = 0;
  gint policy = -1;

  g_object_get (pad, "max-lag-buffers", &bound, "lag-policy", &policy, NULL);
  fail_unless_equals_uint64 (bound, 7);
  fail_unless_equals_int (policy, 1);
  gst_object_unref (pad);
  gst_object_unref (bus);
  gst_object_unref (bin);
}
GST_END_TEST;

static guint
places_with (guint workers)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
  g_autoptr (GstElement) bus =
      gst_object_ref_sink (gst_element_factory_make ("arclybus", NULL));
  guint places = 0;

  g_object_set (engine, "workers", workers, NULL);
  gst_element_set_context (bus, context);
  fail_unless_equals_int (
      gst_element_set_state (bus, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  places = get_stat (bus, "worker-places");
  gst_element_set_state (bus, GST_STATE_NULL);
  return places;
}

/* The engine's setting is what the streams are served by. */
GST_START_TEST (test_workers_of_engine)
{
  fail_unless_equals_int (places_with (3), 3);
  fail_unless_equals_int (places_with (0), g_get_num_processors ());
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
  tcase_add_test (tc, test_keyframe_request_to_the_element);
  tcase_add_test (tc, test_gap_and_eos);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_queries);
  tcase_add_test (tc, test_upstream_events);
  tcase_add_test (tc, test_tracks_start_together);
  tcase_add_test (tc, test_audio_only);
  tcase_add_test (tc, test_linked_late);
  tcase_add_test (tc, test_failing_subscriber);
  tcase_add_test (tc, test_states);
  tcase_add_test (tc, test_preroll_of_two_tracks);
  tcase_add_test (tc, test_stream_name);
  tcase_add_test (tc, test_workers_of_engine);
  tcase_add_test (tc, test_request_names);
  tcase_add_test (tc, test_pad_properties_by_name);
  return s;
}

GST_CHECK_MAIN (bus);
