/* SPDX-License-Identifier: MIT
 *
 * arclyrtmpsrc is stopped while a publisher sends. */
#include "testsrc.h"

#include <string.h>

typedef struct {
  TestSrc *t;
  /* Atomic. */
  gint port; /* 0: not listening */
  gint done;
} Storm;

/* Publishes as often and as long as it is let, and stops for nothing. */
static gpointer
publish_for_ever (gpointer data)
{
  Storm *storm = data;
  const guint8 key[] = { 0x17, 1, 0, 0, 0, 'k' };
  guint8 header[5 + 64] = { 0x17, 0, 0, 0, 0 };

  memcpy (header + 5, test_avc_240, test_avc_240_size);
  while (!g_atomic_int_get (&storm->done)) {
    guint port = g_atomic_int_get (&storm->port);
    RtmpPeer *peer = port ? rtmp_peer_try (port) : NULL;
    guint32 i;

    if (peer == NULL) {
      g_thread_yield ();
      continue;
    }
    if (rtmp_peer_handshake (peer)) {
      rtmp_peer_connect (peer, "live");
      rtmp_peer_command (peer, "publish", 1, "cam");
      rtmp_peer_send_message (peer, 9, 0, header, 5 + test_avc_240_size);
      for (i = 0; i < 500; i++) {
        if (!rtmp_peer_send_message (peer, 9, 40 * i, key, sizeof (key)))
          break;
      }
    }
    rtmp_peer_free (peer);
  }
  return NULL;
}

/* Any state after any other, while a publisher does its worst. */
GST_START_TEST (test_states)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING };
  TestSrc t;
  Storm storm = { &t, 0, 0 };
  GThread *thread = g_thread_new ("publisher", publish_for_ever, &storm);
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  guint i;

  test_src_init (&t, "arclyrtmpsrc", "location", "rtmp://127.0.0.1:0/live/cam");
  for (i = 0; i < 300; i++) {
    test_src_set_state (&t, states[g_rand_int_range (random, 0, 4)]);
    g_atomic_int_set (&storm.port, test_src_get_port (&t));
  }
  /* It still works. */
  test_src_set_state (&t, GST_STATE_PLAYING);
  g_atomic_int_set (&storm.port, test_src_get_port (&t));
  gst_buffer_unref (test_src_next_buffer (&t, TEST_VIDEO));
  g_atomic_int_set (&storm.done, TRUE);
  test_src_set_state (&t, GST_STATE_NULL);
  g_thread_join (thread);
  test_src_stop (&t);
}
GST_END_TEST;

typedef struct {
  TestSrc *t;
  GstPad *src;
  GMutex lock;
  GCond changed;
  /* lock. */
  gboolean started;  /* the first event has come down */
  gboolean segment;  /* so has one */
  gboolean too_soon; /* a buffer came before */
} Sticky;

/* Goes on when the pad above is on its way to be inactive, and has had the time
 * to forget its events, if it does not wait for us. */
static void
wait_for_the_end (Sticky *sticky)
{
  guint i;

  while (!GST_PAD_IS_FLUSHING (sticky->src))
    g_thread_yield ();
  for (i = 0; i < 10000; i++) {
    g_autoptr (GstEvent) event =
        gst_pad_get_sticky_event (sticky->src, GST_EVENT_SEGMENT, 0);

    if (event == NULL)
      return;
    g_thread_yield ();
  }
}

static gboolean
sticky_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Sticky *sticky = g_object_get_data (G_OBJECT (pad), "sticky");
  gboolean first;

  g_mutex_lock (&sticky->lock);
  first = !sticky->started;
  sticky->started = TRUE;
  sticky->segment |= GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT;
  g_cond_signal (&sticky->changed);
  g_mutex_unlock (&sticky->lock);
  if (first)
    wait_for_the_end (sticky);
  gst_event_unref (event);
  return TRUE;
}

static GstFlowReturn
sticky_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Sticky *sticky = g_object_get_data (G_OBJECT (pad), "sticky");

  g_mutex_lock (&sticky->lock);
  sticky->too_soon |= !sticky->segment;
  g_mutex_unlock (&sticky->lock);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static void
watch_events (GstElement *element, GstPad *pad, Sticky *sticky)
{
  GstPad *sink = sticky->t->sinks[TEST_VIDEO].sink;

  if (strcmp (GST_PAD_NAME (pad), "video_0") != 0)
    return;
  sticky->src = pad;
  g_object_set_data (G_OBJECT (sink), "sticky", sticky);
  gst_pad_set_event_function (sink, sticky_event);
  gst_pad_set_chain_function (sink, sticky_chain);
}

/* A pad that is stopped while its first frame and the events before it are on
 * their way does not let the frame through without them. */
GST_START_TEST (test_stop_before_segment)
{
  g_autoptr (RtmpPeer) peer = NULL;
  Sticky sticky = { 0 };
  TestSrc t;

  g_mutex_init (&sticky.lock);
  g_cond_init (&sticky.changed);
  sticky.t = &t;
  test_src_init (&t, "arclyrtmpsrc", "location", "rtmp://127.0.0.1:0/live/cam");
  g_signal_connect (t.element, "pad-added", G_CALLBACK (watch_events), &sticky);
  test_src_set_state (&t, GST_STATE_PLAYING);
  peer = test_src_publish (&t);
  test_peer_start (peer); /* without tags, which would go first */
  g_mutex_lock (&sticky.lock);
  while (!sticky.started)
    g_cond_wait (&sticky.changed, &sticky.lock);
  g_mutex_unlock (&sticky.lock);
  test_src_set_state (&t, GST_STATE_READY);
  fail_if (sticky.too_soon);
  test_src_stop (&t);
  g_cond_clear (&sticky.changed);
  g_mutex_clear (&sticky.lock);
}
GST_END_TEST;

static Suite *
arclyrtmpsrcstop_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsrcstop");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_states);
  tcase_add_test (tcase, test_stop_before_segment);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsrcstop);
