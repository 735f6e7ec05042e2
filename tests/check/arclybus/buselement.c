/* SPDX-License-Identifier: MIT
 *
 * arclybus: pads and their links, queries, states and properties. */
#include <gst/arcly/arcly.h>

#include "testbus.h"

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
buselement_suite (void)
{
  Suite *s = suite_create ("arclybuselement");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_keyframe_request_to_the_element);
  tcase_add_test (tc, test_queries);
  tcase_add_test (tc, test_upstream_events);
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

GST_CHECK_MAIN (buselement);
