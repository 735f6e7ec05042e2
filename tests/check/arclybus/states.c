/* SPDX-License-Identifier: MIT
 *
 * arclybus: its state changes while pads come, go and block. */
#include "testgate.h"

/* Blocks in the deactivation of the pad, whose reader is held up. */
static gpointer
go_down (gpointer bus)
{
  return GINT_TO_POINTER (gst_element_set_state (bus, GST_STATE_READY));
}

static void
wait_flushing (GstPad *pad)
{
  gboolean flushing = FALSE;

  while (!flushing) {
    GST_OBJECT_LOCK (pad);
    flushing = GST_PAD_IS_FLUSHING (pad);
    GST_OBJECT_UNLOCK (pad);
    g_thread_yield ();
  }
}

static void
join_down (GThread *thread)
{
  fail_unless_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), GST_STATE_CHANGE_SUCCESS);
}

/* Who releases the pad is the one who would let the subscriber go on, and who
 * takes the element down waits for the subscriber: neither waits for ever. */
GST_START_TEST (test_release_while_going_down)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *src = NULL, *peer = NULL;
  GThread *thread = NULL;
  Gate gate;

  gate_init (&gate);
  peer = gate_link (&gate, pub->element, "src_0_0", &src);
  push_frames (pub, 0, 1, 100);
  gate_wait (&gate, &gate.blocked);
  thread = g_thread_new ("down", go_down, pub->element);
  wait_flushing (src);
  gst_element_release_request_pad (pub->element, src);
  join_down (thread);
  gate_open (&gate);
  gst_pad_set_active (peer, FALSE);
  gst_object_unref (src);
  gst_object_unref (peer);
  gst_harness_teardown (pub);
  gate_clear (&gate);
}
GST_END_TEST;

typedef struct {
  GstElement *bus;
  GThread *down;
  GstPad *wanted;
} Request;

static GstPadProbeReturn
request_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Request *request = data;

  g_atomic_pointer_set (
      &request->down, g_thread_new ("down", go_down, request->bus));
  wait_flushing (pad);
  request->wanted = gst_element_request_pad_simple (request->bus, "src_1_0");
  return GST_PAD_PROBE_REMOVE;
}

/* A pad is requested within the very delivery that a change of state waits for:
 * it comes at once, and is what the element is in the end. */
GST_START_TEST (test_request_while_going_down)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *src = NULL, *peer = NULL;
  GstHarness *late = NULL;
  Request request = { pub->element, NULL, NULL };
  Gate gate;

  gate_init (&gate);
  gate_open (&gate);
  peer = gate_link (&gate, pub->element, "src_0_0", &src);
  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, request_probe,
      &request, NULL);
  push_frames (pub, 0, 1, 100);
  /* By now the delivery is over, and the change of state too. */
  while (g_atomic_pointer_get (&request.down) == NULL)
    g_thread_yield ();
  join_down (request.down);
  fail_unless (request.wanted != NULL);
  fail_if (gst_pad_is_active (request.wanted));

  gst_element_set_state (pub->element, GST_STATE_PLAYING);
  fail_unless (gst_pad_is_active (request.wanted));
  late = gst_harness_new_with_element (pub->element, NULL, NULL);
  gst_harness_set_live (late, FALSE);
  gst_harness_add_element_src_pad (late, request.wanted);
  gst_harness_play (late);
  gst_pad_push_event (pub->srcpad, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps_str (pub, VIDEO_CAPS);
  push_frames (pub, 10, 12, 10);
  pull_frames (late, 10, 12);

  unlink_gate (pub->element, src, peer);
  gst_object_unref (request.wanted);
  gst_harness_teardown (late);
  gst_harness_teardown (pub);
  gate_clear (&gate);
}
GST_END_TEST;

/* The link is gone when gst_pad_unlink() returns, also for a worker that was
 * about to push: the next peer begins at a keyframe. */
GST_START_TEST (test_relink_begins_at_keyframe)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  Gate gate[2];
  GstPad *src = NULL, *peer[2];

  for (guint i = 0; i < 50; i++) {
    gate_init (&gate[0]);
    gate_init (&gate[1]);
    gate_open (&gate[0]);
    gate_open (&gate[1]);
    peer[0] = gate_link (&gate[0], pub->element, "src_0_0", &src);
    push_frames (pub, 10 * i, 10 * i + 3, 10);
    gst_pad_unlink (src, peer[0]);
    peer[1] = gate_peer (&gate[1]);
    fail_unless_equals_int (gst_pad_link (src, peer[1]), GST_PAD_LINK_OK);
    push_frames (pub, 10 * i + 3, 10 * i + 10, 10);
    gate_wait (&gate[1], &gate[1].any);
    gst_pad_set_active (peer[0], FALSE);
    unlink_gate (pub->element, src, peer[1]);
    fail_unless_equals_uint64 (
        g_array_index (gate[1].numbers, guint64, 0), 10 * i);
    gst_object_unref (peer[0]);
    gate_clear (&gate[0]);
    gate_clear (&gate[1]);
  }
  gst_harness_teardown (pub);
}
GST_END_TEST;

static GstPadProbeReturn
block_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
  return GST_PAD_PROBE_OK;
}

/* GStreamer's own way to put another element behind a pad: what is held up by
 * the probe belonged to the old one. */
GST_START_TEST (test_relink_while_held_up)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  Gate gate[2];
  GstPad *src = NULL, *peer[2];
  gint held = FALSE;
  gulong probe = 0;

  for (guint i = 0; i < 2; i++) {
    gate_init (&gate[i]);
    gate_open (&gate[i]);
  }
  peer[0] = gate_link (&gate[0], pub->element, "src_0_0", &src);
  push_frames (pub, 0, 3, 10);
  gate_wait (&gate[0], &gate[0].any);
  probe = gst_pad_add_probe (
      src, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, block_probe, &held, NULL);
  push_frames (pub, 3, 5, 10);
  while (!g_atomic_int_get (&held))
    g_thread_yield ();
  gst_pad_unlink (src, peer[0]);
  peer[1] = gate_peer (&gate[1]);
  fail_unless_equals_int (gst_pad_link (src, peer[1]), GST_PAD_LINK_OK);
  gst_pad_remove_probe (src, probe);
  push_frames (pub, 5, 8, 10);
  gate_wait_for (&gate[1], 7);
  for (guint i = 0; i < 8; i++)
    fail_unless_equals_uint64 (g_array_index (gate[1].numbers, guint64, i), i);
  fail_unless_equals_int (gate[1].numbers->len, 8);

  gst_pad_set_active (peer[0], FALSE);
  unlink_gate (pub->element, src, peer[1]);
  gst_object_unref (peer[0]);
  gate_clear (&gate[0]);
  gate_clear (&gate[1]);
  gst_harness_teardown (pub);
}
GST_END_TEST;

static Suite *
states_suite (void)
{
  Suite *s = suite_create ("arclybus-states");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_release_while_going_down);
  tcase_add_test (tc, test_request_while_going_down);
  tcase_add_test (tc, test_relink_begins_at_keyframe);
  tcase_add_test (tc, test_relink_while_held_up);
  return s;
}

GST_CHECK_MAIN (states);
