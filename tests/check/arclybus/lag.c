/* SPDX-License-Identifier: MIT
 *
 * arclybus: slow and blocked subscribers. */
#include "testgate.h"

static GstStructure *
wait_message (GstBus *bus, const gchar *name)
{
  GstMessage *message = NULL;
  GstStructure *details = NULL;

  while ((message = gst_bus_timed_pop_filtered (
              bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT))) {
    if (gst_message_has_name (message, name))
      details = gst_structure_copy (gst_message_get_structure (message));
    gst_message_unref (message);
    if (details)
      return details;
  }
  fail ("no message %s", name);
  return NULL;
}

static void
weak_notify (gpointer data, GstMiniObject *object)
{
  g_atomic_int_add ((gint *) data, -1);
}

/* While a subscriber is blocked inside a push, what it keeps alive is bounded,
 * its neighbour loses nothing, and the publisher never waits. Then it goes on
 * at a keyframe, with DISCONT, with nothing missing after it. */
GST_START_TEST (test_blocked_subscriber_is_resynced)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *fast = new_subscriber (pub, "src_0_0");
  GstBus *bus = gst_bus_new ();
  GstStructure *details = NULL;
  GstPad *src = NULL, *peer = NULL;
  gint alive = 0;
  guint subscriber = 99;
  Gate gate;

  gst_element_set_bus (pub->element, bus);
  gate_init (&gate);
  peer = gate_link (&gate, pub->element, "src_1_0", &src);
  g_object_set (src, "max-lag-buffers", (guint64) 30, NULL);

  push_frames (pub, 0, 1, 10);
  gate_wait (&gate, &gate.blocked);
  for (guint n = 1; n < 1000; n++) {
    GstBuffer *buffer = make_frame (n, n % 10 == 0);

    g_atomic_int_inc (&alive);
    gst_mini_object_weak_ref (
        GST_MINI_OBJECT_CAST (buffer), weak_notify, &alive);
    fail_unless_equals_int (gst_harness_push (pub, buffer), GST_FLOW_OK);
    pull_frame (fast, n == 1 ? 0 : n - 1);
  }
  pull_frame (fast, 999);
  details = wait_message (bus, "subscriber-lagged");
  fail_unless (gst_structure_get_uint (details, "subscriber", &subscriber));
  fail_unless_equals_int (subscriber, 1);
  gst_structure_free (details);
  /* The blocks of the log are the grain: two of 64 entries, and the bound. */
  fail_unless (g_atomic_int_get (&alive) < 30 + 2 * 64 + 64,
      "%d buffers are alive", g_atomic_int_get (&alive));

  gate_open (&gate);
  push_frames (pub, 1000, 1005, 10);
  gate_wait_for (&gate, 1004);
  fail_unless_equals_uint64 (g_array_index (gate.numbers, guint64, 0), 0);
  for (guint i = 1; i < gate.numbers->len; i++) {
    guint64 before = g_array_index (gate.numbers, guint64, i - 1);
    guint64 number = g_array_index (gate.numbers, guint64, i);

    if (number == before + 1)
      continue;
    fail_unless_equals_uint64 (number % 10, 0);
    fail_unless (g_array_index (gate.disconts, gboolean, i), "no DISCONT");
  }
  fail_unless_equals_uint64 (get_stat (src, "resyncs"), 1);
  fail_unless (get_stat (src, "skipped") > 0);
  fail_unless_equals_uint64 (get_stat (pub->element, "resyncs"), 1);

  unlink_gate (pub->element, src, peer);
  gst_harness_teardown (fast);
  gst_element_set_bus (pub->element, NULL);
  gst_harness_teardown (pub);
  gst_object_unref (bus);
  gate_clear (&gate);
}
GST_END_TEST;

static void
on_evicted (
    GstElement *element, guint subscriber, GstStructure *details, gint *number)
{
  g_atomic_int_set (number, subscriber);
}

/* With "evict" it ends with EOS on all its pads. */
GST_START_TEST (test_blocked_subscriber_is_evicted)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *audio =
      gst_harness_new_with_element (pub->element, "sink_1", NULL);
  GstHarness *other = NULL;
  GstBus *bus = gst_bus_new ();
  GstPad *src = NULL, *peer = NULL;
  gint evicted = -1;
  Gate gate;

  gst_element_set_bus (pub->element, bus);
  gst_harness_set_src_caps_str (audio, AUDIO_CAPS);
  g_signal_connect (
      pub->element, "subscriber-evicted", G_CALLBACK (on_evicted), &evicted);
  gate_init (&gate);
  peer = gate_link (&gate, pub->element, "src_4_0", &src);
  other = new_subscriber (pub, "src_4_1");
  gst_util_set_object_arg (G_OBJECT (src), "lag-policy", "evict");
  g_object_set (src, "max-lag-bytes", (guint64) 20000, NULL);

  push_frames (pub, 0, 1, 10);
  gate_wait (&gate, &gate.blocked);
  push_frames (pub, 1, 100, 10);
  gst_structure_free (wait_message (bus, "subscriber-evicted"));
  fail_unless_equals_int (g_atomic_int_get (&evicted), 4);
  gst_event_unref (pull_event (other, GST_EVENT_EOS));
  gate_open (&gate);
  gate_wait (&gate, &gate.eos);
  fail_unless_equals_uint64 (get_stat (pub->element, "evictions"), 1);
  /* What it does not get any more is no lag. */
  push_frames (pub, 100, 110, 10);
  fail_unless_equals_uint64 (get_stat (src, "lag-buffers"), 0);
  fail_unless_equals_uint64 (get_stat (pub->element, "lag-buffers"), 0);

  unlink_gate (pub->element, src, peer);
  gst_harness_teardown (other);
  gst_harness_teardown (audio);
  gst_element_set_bus (pub->element, NULL);
  gst_harness_teardown (pub);
  gst_object_unref (bus);
  gate_clear (&gate);
}
GST_END_TEST;

/* A track that skips what its sibling lost still gets what happened to it
 * meanwhile: the caps (or the segment, or a flush) of what it goes on with. */
GST_START_TEST (test_skipping_keeps_events)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *audio =
      gst_harness_new_with_element (pub->element, "sink_1", NULL);
  GstBus *bus = gst_bus_new ();
  GstPad *src[2], *peer[2];
  GstCaps *caps = NULL;
  Gate v, a;

  gst_element_set_bus (pub->element, bus);
  gst_harness_set_src_caps_str (audio, AUDIO_CAPS);
  gate_init (&v);
  gate_init (&a);
  peer[0] = gate_link (&v, pub->element, "src_0_0", &src[0]);
  peer[1] = gate_link (&a, pub->element, "src_0_1", &src[1]);
  g_object_set (src[0], "max-lag-buffers", (guint64) 25, NULL);

  push_frames (pub, 0, 1, 100);
  gate_wait (&v, &v.blocked);
  gate_open (&a);
  for (guint n = 0; n < 10; n++) {
    gst_harness_push (audio, make_frame (n, TRUE));
    push_frames (pub, n + 1, n + 2, 100);
  }
  gate_wait_for (&a, 9);
  g_mutex_lock (&a.lock);
  a.open = FALSE;
  g_mutex_unlock (&a.lock);
  gst_harness_push (audio, make_frame (10, TRUE));
  gate_wait_for (&a, 10);

  /* Behind the audio, which is not late yet; and the video is now. */
  gst_harness_set_src_caps_str (audio, AUDIO_CAPS ", rate=(int)8000");
  push_frames (pub, 100, 101, 100);
  for (guint n = 11; n < 14; n++)
    gst_harness_push (audio, make_frame (n, TRUE));
  push_frames (pub, 101, 103, 100);
  gst_structure_free (wait_message (bus, "subscriber-lagged"));
  gate_open (&v);
  gate_wait_for (&v, 102);
  gate_open (&a);
  gate_wait_for (&a, 13);
  caps = gst_pad_get_current_caps (peer[1]);
  fail_unless (
      gst_structure_has_field (gst_caps_get_structure (caps, 0), "rate"),
      "the new caps were skipped");
  fail_unless_equals_uint64 (g_array_index (a.numbers, guint64, 11), 11);
  fail_unless (g_array_index (a.disconts, gboolean, 11), "no DISCONT");

  gst_caps_unref (caps);
  unlink_gate (pub->element, src[0], peer[0]);
  unlink_gate (pub->element, src[1], peer[1]);
  gst_harness_teardown (audio);
  gst_element_set_bus (pub->element, NULL);
  gst_harness_teardown (pub);
  gst_object_unref (bus);
  gate_clear (&v);
  gate_clear (&a);
}
GST_END_TEST;

/* More blocked subscribers than workers: everybody else is served. */
GST_START_TEST (test_blocked_delays_nobody)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *fast = NULL;
  GstPad *src[10], *peer[10];
  Gate gate[10];

  for (guint i = 0; i < 10; i++) {
    g_autofree gchar *name = g_strdup_printf ("src_%u_0", i);

    gate_init (&gate[i]);
    peer[i] = gate_link (&gate[i], pub->element, name, &src[i]);
  }
  push_frames (pub, 0, 1, 100);
  fast = new_subscriber (pub, "src_100_0");
  pull_frame (fast, 0);
  for (guint i = 0; i < 10; i++)
    gate_wait (&gate[i], &gate[i].blocked);
  push_frames (pub, 1, 50, 100);
  pull_frames (fast, 1, 50);
  /* The bus tells how far behind the last one is, the pad how far it is. */
  fail_unless (get_stat (pub->element, "lag-buffers") >= 49);
  fail_unless (get_stat (src[0], "lag-buffers") >= 49);

  for (guint i = 0; i < 10; i++) {
    gate_open (&gate[i]);
    gate_wait_for (&gate[i], 49);
    fail_unless_equals_int (gate[i].numbers->len, 50);
    unlink_gate (pub->element, src[i], peer[i]);
    gate_clear (&gate[i]);
  }
  gst_harness_teardown (fast);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* A pad is released while it is blocked: the application is not. */
GST_START_TEST (test_release_while_blocked)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *src = NULL, *peer = NULL;
  Gate gate;

  gate_init (&gate);
  peer = gate_link (&gate, pub->element, "src_0_0", &src);
  push_frames (pub, 0, 1, 100);
  gate_wait (&gate, &gate.blocked);
  gst_element_release_request_pad (pub->element, src);
  gate_open (&gate);
  /* Ends the delivery: the peer's stream lock is taken. */
  gst_pad_set_active (peer, FALSE);
  gst_object_unref (src);
  gst_object_unref (peer);
  gst_harness_teardown (pub);
  gate_clear (&gate);
}
GST_END_TEST;

static GstPadProbeReturn
release_probe (GstPad *pad, GstPadProbeInfo *info, gpointer element)
{
  gst_element_release_request_pad (element, pad);
  return GST_PAD_PROBE_REMOVE;
}

static gboolean
has_pad (GstElement *element, const gchar *name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  return pad != NULL;
}

/* And from inside its own delivery. */
GST_START_TEST (test_release_in_probe)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *fast = new_subscriber (pub, "src_0_0");

  for (guint i = 1; i < 20; i++) {
    GstPad *src = NULL, *peer = NULL;
    Gate gate;

    gate_init (&gate);
    gate_open (&gate);
    peer = gate_link (&gate, pub->element, "src_1_0", &src);
    gst_pad_add_probe (src,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
        release_probe, pub->element, NULL);
    push_frames (pub, i - 1, i, 5);
    pull_frame (fast, i - 1);
    while (has_pad (pub->element, "src_1_0"))
      g_thread_yield ();
    gst_pad_set_active (peer, FALSE);
    gst_object_unref (src);
    gst_object_unref (peer);
    gate_clear (&gate);
  }
  gst_harness_teardown (fast);
  gst_harness_teardown (pub);
}
GST_END_TEST;

static Suite *
lag_suite (void)
{
  Suite *s = suite_create ("arclybus-lag");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_blocked_subscriber_is_resynced);
  tcase_add_test (tc, test_blocked_subscriber_is_evicted);
  tcase_add_test (tc, test_skipping_keeps_events);
  tcase_add_test (tc, test_blocked_delays_nobody);
  tcase_add_test (tc, test_release_while_blocked);
  tcase_add_test (tc, test_release_in_probe);
  return s;
}

GST_CHECK_MAIN (lag);
