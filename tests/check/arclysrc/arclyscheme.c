/* SPDX-License-Identifier: MIT
 *
 * arclysrc uri=arcly://: a stream of another pipeline of the process. */
#include "testscheme.h"

/* What comes first is the keyframe that the bus has, by reference; what
 * follows has no seam. */
GST_START_TEST (test_late_join)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  GstBuffer *key = gst_buffer_new_allocate (NULL, 10, NULL);
  Got *got = NULL;

  publisher_add_track (pub, 0, VIDEO_CAPS);
  GST_BUFFER_PTS (key) = 0;
  gst_pad_push (pub->pads[0], gst_buffer_ref (key));
  publisher_push_frames (pub, 1, 10, 100);
  viewer_play (viewer);
  got = viewer_pull (viewer);
  fail_unless (gst_buffer_peek_memory (got->buffer, 0) ==
                   gst_buffer_peek_memory (key, 0),
      "payload was copied");
  fail_if (GST_BUFFER_FLAG_IS_SET (got->buffer, GST_BUFFER_FLAG_DISCONT));
  got_free (got);
  publisher_push_frames (pub, 10, 20, 100);
  viewer_expect_frames (viewer, 1, 20);
  fail_unless_equals_int (viewer->no_more_pads, 1);
  fail_unless_equals_uint64 (viewer_stat (viewer, "buffers"), 20);
  fail_unless_equals_uint64 (viewer_stat (viewer, "connections"), 1);

  gst_buffer_unref (key);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Who is first waits, and gets the first frame there is. */
GST_START_TEST (test_waits_for_the_stream)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Viewer *viewer = viewer_new (engine, NULL);
  Publisher *pub = NULL;

  viewer_play (viewer);
  fail_unless_equals_uint64 (viewer_stat (viewer, "connections"), 0);
  pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  viewer_wait_message (viewer, "arcly-connected");
  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push_frames (pub, 0, 3, 100);
  viewer_expect_frames (viewer, 0, 3);

  publisher_free (pub);
  viewer_wait_message (viewer, "arcly-disconnected");
  viewer_free (viewer);
}
GST_END_TEST;

static void
expect_error (Viewer *viewer, GQuark domain, gint code)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (viewer->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error came");
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, domain, code), "%s", error->message);
}

GST_START_TEST (test_timeout)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Viewer *viewer = viewer_new (engine, NULL);
  Publisher *pub = NULL;

  viewer_set (viewer, "timeout", GST_MSECOND);
  viewer_play (viewer);
  expect_error (viewer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);

  /* It goes on waiting. */
  pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  viewer_wait_message (viewer, "arcly-connected");
  /* And waits again when the bus is gone. */
  publisher_free (pub);
  expect_error (viewer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  viewer_free (viewer);
}
GST_END_TEST;

GST_START_TEST (test_location)
{
  static const gchar *const wrong[] = { "arcly://", "arcly:///cam",
    "arcly:live/cam" };
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    Viewer *viewer = viewer_new (engine, NULL);

    g_object_set (viewer->src, "uri", wrong[i], NULL);
    fail_unless_equals_int (
        gst_element_set_state (viewer->pipeline, GST_STATE_READY),
        GST_STATE_CHANGE_FAILURE);
    expect_error (viewer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    viewer_free (viewer);
  }
}
GST_END_TEST;

/* Streams of another engine are not ours. */
GST_START_TEST (test_engines_are_apart)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstArclyEngine) other = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (other, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push_frames (pub, 0, 3, 100);
  viewer_set (viewer, "timeout", GST_MSECOND);
  viewer_play (viewer);
  expect_error (viewer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Pads are numbered as the tracks, kind by kind; one that comes later gets its
 * pad then; another kind is left out with a warning. */
GST_START_TEST (test_tracks)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  viewer_play (viewer);
  viewer_expect (viewer, "video_0", 0);

  publisher_add_track (pub, 1, AUDIO_CAPS);
  publisher_push (pub, 1, 1, TRUE);
  viewer_expect (viewer, "audio_0", 1);
  viewer_wait_pads (viewer, 2);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_other_kinds_are_left_out)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (viewer->pipeline);
  g_autoptr (GstMessage) warning = NULL;

  publisher_add_track (pub, 0, "text/x-raw, format=(string)utf8");
  publisher_push (pub, 0, 0, TRUE);
  publisher_add_track (pub, 1, VIDEO_CAPS);
  publisher_push (pub, 1, 1, TRUE);
  viewer_play (viewer);
  viewer_expect (viewer, "video_0", 1);
  warning =
      gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND, GST_MESSAGE_WARNING);
  fail_unless (warning != NULL, "left out silently");
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_end_of_stream)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push_frames (pub, 0, 3, 100);
  viewer_play (viewer);
  viewer_expect_frames (viewer, 0, 3);
  gst_pad_push_event (pub->pads[0], gst_event_new_eos ());
  viewer_expect_eos (viewer);

  /* A new one on the same bus opens the pads again. */
  publisher_begin_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 3, TRUE);
  viewer_expect (viewer, "video_0", 3);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Who links all pads misses nothing of any: they are there before the first
 * buffer of any of them. */
GST_START_TEST (test_pads_come_before_data)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_add_track (pub, 1, AUDIO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  publisher_push (pub, 1, 1, TRUE);
  for (guint i = 0; i < 20; i++) {
    Viewer *viewer = viewer_new (engine, NULL);

    viewer_play (viewer);
    got_free (viewer_pull (viewer));
    got_free (viewer_pull (viewer));
    fail_unless_equals_int (viewer->n_pads_at_first, 2);
    fail_unless_equals_int (viewer->no_more_pads, 1);
    viewer_free (viewer);
  }
  publisher_free (pub);
}
GST_END_TEST;

/* Also where there never was a stream. */
GST_START_TEST (test_end_while_it_waits)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("arclysrc uri=arcly://" STREAM " ! fakesink", NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  fail_unless (gst_element_send_event (pipeline, gst_event_new_eos ()));
  message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

/* A muxer may hold one pad back until the other one has data or ends. */
GST_START_TEST (test_end_while_a_pad_is_held_back)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_add_track (pub, 1, AUDIO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  publisher_push (pub, 1, 1, TRUE);
  viewer_play (viewer);
  got_free (viewer_pull (viewer));
  got_free (viewer_pull (viewer));
  viewer_block (viewer, TRUE);
  publisher_push (pub, 0, 2, FALSE);
  viewer_wait_blocked (viewer);
  viewer_expect (viewer, "video_0", 2);
  fail_unless (gst_element_send_event (viewer->src, gst_event_new_eos ()));
  viewer_expect_eos (viewer);
  viewer_block (viewer, FALSE);
  viewer_expect_eos (viewer);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* The application ends the viewer, not the stream. */
GST_START_TEST (test_end_of_the_viewer)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push_frames (pub, 0, 3, 100);
  viewer_play (viewer);
  viewer_expect_frames (viewer, 0, 3);
  fail_unless (gst_element_send_event (viewer->src, gst_event_new_eos ()));
  viewer_expect_eos (viewer);
  publisher_push_frames (pub, 3, 6, 100);

  /* From READY on all begins anew. */
  viewer_set_state (viewer, GST_STATE_READY);
  viewer_wait_pads (viewer, 0);
  viewer_play (viewer);
  viewer_expect_frames (viewer, 0, 6);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Without a keyframe to begin with the publisher is asked for one, and so when
 * somebody downstream asks. */
GST_START_TEST (test_keyframe_requests)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  guint n = 0;

  g_object_set (pub->bus, "gop-cache-time", (guint64) 0,
      "min-force-key-unit-interval", (guint64) 0, NULL);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, n++, TRUE);
  viewer_play (viewer);
  viewer_wait_pads (viewer, 1);
  while (g_atomic_int_get (&pub->key_requests) == 0) {
    publisher_push (pub, 0, n++, FALSE);
    g_thread_yield ();
  }
  publisher_push (pub, 0, n, TRUE);
  viewer_expect (viewer, "video_0", n);

  n = g_atomic_int_get (&pub->key_requests);
  fail_unless (gst_pad_push_event (g_ptr_array_index (viewer->sinks, 0),
      gst_video_event_new_upstream_force_key_unit (
          GST_CLOCK_TIME_NONE, TRUE, 0)));
  fail_unless_equals_int (g_atomic_int_get (&pub->key_requests), n + 1);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_latency)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  GstClockTime min = 0, max = 0;
  gboolean live = FALSE;

  pub->latency = 30 * GST_MSECOND;
  viewer_set (viewer, "max-lag-time", 2 * GST_SECOND);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  viewer_play (viewer);
  viewer_expect (viewer, "video_0", 0);
  fail_unless (
      gst_pad_peer_query (g_ptr_array_index (viewer->sinks, 0), query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, 30 * GST_MSECOND);
  fail_unless_equals_uint64 (max, 2 * GST_SECOND + 30 * GST_MSECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_resync)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  Got *got = NULL;

  viewer_set (viewer, "max-lag-buffers", 50);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_block (viewer, TRUE);
  viewer_play (viewer);
  publisher_push (pub, 0, 0, TRUE);
  viewer_wait_blocked (viewer);
  publisher_push_frames (pub, 1, 121, 40);
  viewer_wait_message (viewer, "subscriber-lagged");
  viewer_block (viewer, FALSE);
  do {
    if (got)
      got_free (got);
    got = viewer_pull (viewer);
    fail_unless (got->buffer != NULL);
  } while (GST_BUFFER_OFFSET (got->buffer) < 120 &&
           (GST_BUFFER_OFFSET (got->buffer) == 0 ||
               !GST_BUFFER_FLAG_IS_SET (got->buffer, GST_BUFFER_FLAG_DISCONT)));
  fail_unless (GST_BUFFER_FLAG_IS_SET (got->buffer, GST_BUFFER_FLAG_DISCONT));
  fail_if (GST_BUFFER_FLAG_IS_SET (got->buffer, GST_BUFFER_FLAG_DELTA_UNIT));
  got_free (got);
  fail_unless_equals_uint64 (viewer_stat (viewer, "resyncs"), 1);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_evict)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);
  Got *got = NULL;
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (viewer->src), "source");

  gst_util_set_object_arg (G_OBJECT (source), "lag-policy", "evict");
  viewer_set (viewer, "max-lag-buffers", 50);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_block (viewer, TRUE);
  viewer_play (viewer);
  publisher_push (pub, 0, 0, TRUE);
  viewer_wait_blocked (viewer);
  publisher_push_frames (pub, 1, 101, 40);
  viewer_wait_message (viewer, "subscriber-evicted");
  viewer_block (viewer, FALSE);
  for (got = viewer_pull (viewer); got->buffer; got = viewer_pull (viewer))
    got_free (got);
  got_free (got);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

static Suite *
scheme_suite (void)
{
  Suite *s = suite_create ("arclyscheme");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_late_join);
  tcase_add_test (tc, test_waits_for_the_stream);
  tcase_add_test (tc, test_timeout);
  tcase_add_test (tc, test_location);
  tcase_add_test (tc, test_engines_are_apart);
  tcase_add_test (tc, test_tracks);
  tcase_add_test (tc, test_other_kinds_are_left_out);
  tcase_add_test (tc, test_end_of_stream);
  tcase_add_test (tc, test_pads_come_before_data);
  tcase_add_test (tc, test_end_while_it_waits);
  tcase_add_test (tc, test_end_while_a_pad_is_held_back);
  tcase_add_test (tc, test_end_of_the_viewer);
  tcase_add_test (tc, test_keyframe_requests);
  tcase_add_test (tc, test_latency);
  tcase_add_test (tc, test_resync);
  tcase_add_test (tc, test_evict);
  return s;
}

GST_CHECK_MAIN (scheme);
