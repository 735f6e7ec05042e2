/* SPDX-License-Identifier: MIT
 *
 * What "stats" of arclybus says. */
#include "testgate.h"

static guint64
read_uint64 (GstStructure *stats, const gchar *name)
{
  guint64 value;

  fail_unless (gst_structure_get_uint64 (stats, name, &value), "%s", name);
  return value;
}

static guint
read_uint (GstStructure *stats, const gchar *name)
{
  guint value;

  fail_unless (gst_structure_get_uint (stats, name, &value), "%s", name);
  return value;
}

static GstStructure *
read_stats (GstElement *bus)
{
  GstStructure *stats;

  g_object_get (bus, "stats", &stats, NULL);
  return stats;
}

/* 60 frames with a keyframe each 25, and one subscriber that took them all. */
GST_START_TEST (test_stream)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub =
      gst_harness_new_with_element (pub->element, NULL, "src_0_0");
  GstStructure *stats;

  push_frames (pub, 0, 60, 25);
  pull_frames (sub, 0, 60);
  stats = read_stats (pub->element);
  fail_unless_equals_uint64 (read_uint64 (stats, "buffers"), 60);
  fail_unless_equals_uint64 (read_uint64 (stats, "bytes"), 60 * 1000);
  fail_unless_equals_int (read_uint (stats, "tracks"), 1);
  fail_unless_equals_int (read_uint (stats, "subscribers"), 1);
  /* From the last keyframe on. */
  fail_unless_equals_uint64 (read_uint64 (stats, "cached-buffers"), 10);
  fail_unless_equals_uint64 (read_uint64 (stats, "cached-bytes"), 10 * 1000);
  fail_unless (read_uint64 (stats, "cached-time") > 0);
  /* By the clock, and these came as fast as they could. */
  fail_unless (read_uint64 (stats, "keyframe-interval") > 0);
  fail_unless (read_uint64 (stats, "keyframe-interval") < 25 * FRAME_TIME * 60);
  fail_unless_equals_uint64 (read_uint64 (stats, "skipped"), 0);
  fail_unless_equals_uint64 (read_uint64 (stats, "evictions"), 0);
  gst_structure_free (stats);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* A worker that sleeps is woken for a frame, sooner or later. */
GST_START_TEST (test_wakeups)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *sub =
      gst_harness_new_with_element (pub->element, NULL, "src_0_0");
  guint64 wakeups = 0;
  guint n;

  for (n = 0; wakeups == 0 && n < 10000; n++) {
    GstStructure *stats;

    push_frames (pub, n, n + 1, 25);
    pull_frame (sub, n);
    stats = read_stats (pub->element);
    wakeups = read_uint64 (stats, "worker-wakeups");
    gst_structure_free (stats);
  }
  fail_unless (wakeups > 0);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* So many buffers have come to the gate's peers, of which each holds its. */
static void
wait_for_count (Gate *gate, guint n)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_mutex_lock (&gate->lock);
  while (gate->numbers->len < n)
    fail_unless (g_cond_wait_until (&gate->cond, &gate->lock, until));
  g_mutex_unlock (&gate->lock);
}

/* A worker that a subscriber holds is told of as soon as another one took its
 * place, which the neighbour's frame proves. */
GST_START_TEST (test_stuck_worker)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *srcs[8], *peers[8];
  GstHarness *sub;
  GstStructure *stats;
  Gate gate;
  guint i, n;

  gate_init (&gate);
  /* As many as there are places, so that the next one needs a new worker. */
  stats = read_stats (pub->element);
  n = MIN (read_uint (stats, "worker-places"), G_N_ELEMENTS (srcs));
  gst_structure_free (stats);
  fail_unless (n > 0);
  for (i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("src_%u_0", i + 1);

    peers[i] = gate_link (&gate, pub->element, name, &srcs[i]);
  }
  push_frames (pub, 0, 1, 25);
  wait_for_count (&gate, n);
  sub = gst_harness_new_with_element (pub->element, NULL, "src_0_0");
  pull_frame (sub, 0);
  stats = read_stats (pub->element);
  fail_unless (
      read_uint (stats, "workers") > read_uint (stats, "stuck-workers"));
  fail_unless (
      n == G_N_ELEMENTS (srcs) || read_uint (stats, "stuck-workers") > 0);
  gst_structure_free (stats);
  gate_open (&gate);
  for (i = 0; i < n; i++)
    unlink_gate (pub->element, srcs[i], peers[i]);
  gst_harness_teardown (sub);
  gst_harness_teardown (pub);
  gate_clear (&gate);
}
GST_END_TEST;

static Suite *
stats_suite (void)
{
  Suite *suite = suite_create ("stats");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_stream);
  tcase_add_test (tcase, test_wakeups);
  tcase_add_test (tcase, test_stuck_worker);
  return suite;
}

GST_CHECK_MAIN (stats)
