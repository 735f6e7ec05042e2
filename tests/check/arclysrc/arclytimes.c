/* SPDX-License-Identifier: MIT
 *
 * arclysrc uri=arcly://: running time from one pipeline to the other, and what
 * happens when either of them stops. */
#include "testscheme.h"

static GstClock *
clock_new (GstClockTime at)
{
  return gst_test_clock_new_with_start_time (at);
}

static void
set_time (GstClock *clock, GstClockTime at)
{
  gst_test_clock_set_time (GST_TEST_CLOCK (clock), at);
}

/* One clock, base times 100 s and 105 s: what is due at 106 s there is due at
 * 106 s here. At the live edge what was due before we began is older than 0. */
GST_START_TEST (test_viewer_begins_later)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, clock);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 100, TRUE); /* due 4 s after the start, at 104 s */
  set_time (clock, 105 * GST_SECOND);
  viewer_set (viewer, "live-edge", TRUE);
  viewer_play (viewer);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 100), -(GstClockTimeDiff) GST_SECOND);
  publisher_push (pub, 0, 150, FALSE);
  fail_unless_equals_int64 (viewer_expect (viewer, "video_0", 150), GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Else all is due so much later that the first frame is due at 0; also when
 * the connection is made again. */
GST_START_TEST (test_replay_begins_at_0)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, clock);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 100, TRUE);
  set_time (clock, 105 * GST_SECOND);
  viewer_play (viewer);
  fail_unless_equals_int64 (viewer_expect (viewer, "video_0", 100), 0);
  publisher_push (pub, 0, 150, FALSE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 150), 2 * GST_SECOND);

  gst_element_set_state (pub->pipeline, GST_STATE_NULL);
  set_time (clock, 110 * GST_SECOND);
  gst_element_set_state (pub->pipeline, GST_STATE_PLAYING);
  publisher_begin_track (pub, 0, VIDEO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 0), 6 * GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

GST_START_TEST (test_viewer_begins_earlier)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Viewer *viewer = viewer_new (engine, clock);
  Publisher *pub = NULL;

  viewer_play (viewer);
  set_time (clock, 107 * GST_SECOND);
  pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_add_track (pub, 1, AUDIO_CAPS);
  publisher_push (pub, 0, 0, TRUE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 0), 7 * GST_SECOND);
  publisher_push (pub, 1, 25, TRUE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "audio_0", 25), 8 * GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* A sink of the second pipeline waits for the very moment at which the first
 * one's clock says that the frame is due. */
GST_START_TEST (test_sink_renders_on_time)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
  GstClockID id = NULL;

  publisher_add_track (pub, 0, VIDEO_CAPS);
  set_time (clock, 105 * GST_SECOND);
  pipeline = gst_parse_launch ("arclysrc uri=arcly://" STREAM
                               " ! fakesink sync=true processing-deadline=0",
      NULL);
  gst_element_set_context (pipeline, context);
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  publisher_push (pub, 0, 150, TRUE);
  gst_test_clock_wait_for_next_pending_id (GST_TEST_CLOCK (clock), &id);
  fail_unless_equals_uint64 (gst_clock_id_get_time (id), 106 * GST_SECOND);
  gst_clock_id_unref (id);
  set_time (clock, 106 * GST_SECOND);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  publisher_free (pub);
}
GST_END_TEST;

/* Two clocks that know nothing of each other. */
GST_START_TEST (test_two_clocks)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) theirs = clock_new (1000 * GST_SECOND);
  g_autoptr (GstClock) ours = clock_new (5 * GST_SECOND);
  Publisher *pub = publisher_new (engine, theirs, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, ours);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  set_time (theirs, 1002 * GST_SECOND);
  viewer_play (viewer);
  set_time (ours, 6 * GST_SECOND);
  /* Their 2 s are our 1 s. */
  publisher_push (pub, 0, 75, TRUE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 75), 2 * GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Without a running time of the publisher the first frame is due when it
 * arrived, and the others keep their distance. */
GST_START_TEST (test_by_arrival)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PAUSED);
  Viewer *viewer = viewer_new (engine, clock);
  GstClockTimeDiff base = 0;

  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_set (viewer, "live-edge", TRUE);
  viewer_play (viewer);
  set_time (clock, 103 * GST_SECOND);
  publisher_push (pub, 0, 1000, TRUE);
  base = viewer_expect (viewer, "video_0", 1000);
  /* The test's clock stands still: its age can only make it older. */
  fail_unless (base <= (GstClockTimeDiff) (3 * GST_SECOND));
  fail_unless (base > -(GstClockTimeDiff) (30 * GST_SECOND));
  publisher_push (pub, 0, 1001, FALSE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 1001), base + FRAME_TIME);

  /* From PLAYING on the clocks decide. */
  gst_element_set_state (pub->pipeline, GST_STATE_PLAYING);
  publisher_push (pub, 0, 1002, TRUE);
  fail_unless_equals_int64 (viewer_expect (viewer, "video_0", 1002),
      1002 * FRAME_TIME + 3 * GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* The publisher pauses 10 s: so long nothing is due. */
GST_START_TEST (test_publisher_pauses)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, clock);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_play (viewer);
  publisher_push (pub, 0, 0, TRUE);
  fail_unless_equals_int64 (viewer_expect (viewer, "video_0", 0), 0);
  set_time (clock, 101 * GST_SECOND);
  gst_element_set_state (pub->pipeline, GST_STATE_PAUSED);
  set_time (clock, 111 * GST_SECOND);
  gst_element_set_state (pub->pipeline, GST_STATE_PLAYING);
  publisher_push (pub, 0, 25, FALSE);
  fail_unless_equals_int64 (
      viewer_expect (viewer, "video_0", 25), 11 * GST_SECOND);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* Live: what is published while the viewer pauses is gone, and its running
 * time does not go back, though the keyframe that the bus has is older. */
GST_START_TEST (test_viewer_pauses)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, clock);
  Got *got = NULL;

  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_play (viewer);
  publisher_push_frames (pub, 0, 26, 1000);
  viewer_expect_frames (viewer, 0, 26);
  set_time (clock, 101 * GST_SECOND);
  viewer_set_state (viewer, GST_STATE_PAUSED);
  publisher_push_frames (pub, 26, 51, 1000);
  set_time (clock, 102 * GST_SECOND);
  viewer_set_state (viewer, GST_STATE_PLAYING);

  /* 51 is newer, but no keyframe; due at 103 s, a second after the pause. */
  publisher_push (pub, 0, 51, FALSE);
  publisher_push (pub, 0, 75, TRUE);
  got = viewer_pull (viewer);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (got->buffer), 75);
  fail_unless (GST_BUFFER_FLAG_IS_SET (got->buffer, GST_BUFFER_FLAG_DISCONT));
  fail_unless_equals_int64 (got->running_time, 2 * GST_SECOND);
  got_free (got);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

/* The bus goes and comes again, twenty times: one pad, no EOS, DISCONT, and
 * running time never goes back. */
static void
check_comes_again (GstState down)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstClock) clock = clock_new (100 * GST_SECOND);
  Publisher *pub = publisher_new (engine, clock, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, clock);
  GstClockTimeDiff last = -1;

  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_play (viewer);
  for (guint i = 0; i < 20; i++) {
    publisher_push_frames (pub, 0, 5, 1000);
    for (guint n = 0; n < 5; n++) {
      Got *got = viewer_pull (viewer);

      fail_unless (got->buffer != NULL, "EOS came");
      fail_unless_equals_uint64 (GST_BUFFER_OFFSET (got->buffer), n);
      fail_unless (!!GST_BUFFER_FLAG_IS_SET (got->buffer,
                       GST_BUFFER_FLAG_DISCONT) == (i > 0 && n == 0));
      fail_unless (got->running_time > last);
      last = got->running_time;
      got_free (got);
    }
    gst_element_set_state (pub->pipeline, down);
    set_time (clock, (101 + i) * GST_SECOND);
    gst_element_set_state (pub->pipeline, GST_STATE_PLAYING);
    publisher_begin_track (pub, 0, VIDEO_CAPS);
  }
  fail_unless_equals_int (viewer->n_pads, 1);
  fail_unless_equals_uint64 (
      viewer_stat (viewer, "connections"), down == GST_STATE_NULL ? 21 : 1);
  viewer_free (viewer);
  publisher_free (pub);
}

GST_START_TEST (test_bus_comes_again)
{
  check_comes_again (GST_STATE_NULL);
  check_comes_again (GST_STATE_READY);
}
GST_END_TEST;

/* The publisher's pipeline ends at once while the viewer is stuck, and the
 * other way round. */
GST_START_TEST (test_nobody_waits)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Publisher *pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  Viewer *viewer = viewer_new (engine, NULL);

  publisher_add_track (pub, 0, VIDEO_CAPS);
  viewer_block (viewer, TRUE);
  viewer_play (viewer);
  publisher_push_frames (pub, 0, 10, 100);
  viewer_wait_blocked (viewer);
  publisher_free (pub);

  /* A new one comes while the old delivery is still stuck. */
  pub = publisher_new (engine, NULL, GST_STATE_PLAYING);
  publisher_add_track (pub, 0, VIDEO_CAPS);
  publisher_push_frames (pub, 0, 10, 100);
  viewer_block (viewer, FALSE);
  viewer_expect (viewer, "video_0", 0);
  viewer_free (viewer);
  publisher_free (pub);
}
GST_END_TEST;

static GstElement *
live_publisher_new (GstArclyEngine *engine)
{
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc is-live=true ! "
      "video/x-raw, width=16, height=16, framerate=200/1 ! arclybus "
      "stream=" STREAM,
      NULL);

  fail_unless (pipeline != NULL);
  gst_element_set_context (pipeline, context);
  return pipeline;
}

/* A worker may have the last reference for a moment. */
static void
expect_gone (GWeakRef *ref, const gchar *what)
{
  gint64 until = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  GObject *object = NULL;

  while ((object = g_weak_ref_get (ref))) {
    g_object_unref (object);
    fail_unless (g_get_monotonic_time () < until, "%s leaked", what);
    g_thread_yield ();
  }
  g_weak_ref_clear (ref);
}

/* Both pipelines change state at random, under load. Who hangs or leaks fails;
 * the sanitizers look for the rest. */
GST_START_TEST (test_states_in_any_order)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING };
  GstArclyEngine *engine = gst_arcly_engine_new ();
  GstElement *publisher = live_publisher_new (engine);
  Viewer *viewer = viewer_new (engine, NULL);
  GRand *rand = g_rand_new_with_seed (__i__ + 1);
  GWeakRef weak[3];

  g_weak_ref_init (&weak[0], publisher);
  g_weak_ref_init (&weak[1], viewer->src);
  g_weak_ref_init (&weak[2], engine);
  viewer_set_going_down (viewer, TRUE);
  for (guint i = 0; i < 100; i++) {
    GstState state = states[g_rand_int_range (rand, 0, G_N_ELEMENTS (states))];

    gst_element_set_state (
        g_rand_boolean (rand) ? viewer->pipeline : publisher, state);
  }
  gst_element_set_state (publisher, GST_STATE_PLAYING);
  viewer_set_state (viewer, GST_STATE_NULL);
  viewer_set_going_down (viewer, FALSE);
  viewer_set_state (viewer, GST_STATE_PLAYING);
  got_free (viewer_pull (viewer));

  if (__i__ % 2)
    viewer_free (viewer);
  gst_element_set_state (publisher, GST_STATE_NULL);
  gst_object_unref (publisher);
  if (__i__ % 2 == 0)
    viewer_free (viewer);
  g_rand_free (rand);
  g_object_unref (engine);
  expect_gone (&weak[0], "the publisher");
  expect_gone (&weak[1], "the source");
  expect_gone (&weak[2], "the engine");
}
GST_END_TEST;

static Suite *
times_suite (void)
{
  Suite *s = suite_create ("arclytimes");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_viewer_begins_later);
  tcase_add_test (tc, test_replay_begins_at_0);
  tcase_add_test (tc, test_viewer_begins_earlier);
  tcase_add_test (tc, test_sink_renders_on_time);
  tcase_add_test (tc, test_two_clocks);
  tcase_add_test (tc, test_by_arrival);
  tcase_add_test (tc, test_publisher_pauses);
  tcase_add_test (tc, test_viewer_pauses);
  tcase_add_test (tc, test_bus_comes_again);
  tcase_add_test (tc, test_nobody_waits);
  tcase_add_loop_test (tc, test_states_in_any_order, 0, 6);
  return s;
}

GST_CHECK_MAIN (times);
