/* SPDX-License-Identifier: MIT
 *
 * arclybus: what many subscribers cost, and what they feel of each other. */
#include <malloc.h>

#include "testbus.h"

#define N_SUBSCRIBERS 100

/* A peer that counts frames in order, or is stuck in its first one. */
typedef struct {
  GMutex *lock;
  GCond *cond;
  gboolean *released;
  gboolean stuck;
  guint64 next;  /* lock */
  gboolean lost; /* lock */
} Peer;

static GstFlowReturn
peer_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Peer *peer = pad->chaindata;

  g_mutex_lock (peer->lock);
  peer->lost |= GST_BUFFER_OFFSET (buffer) != peer->next;
  peer->next = GST_BUFFER_OFFSET (buffer) + 1;
  g_cond_broadcast (peer->cond); /* the stuck one waits for it, too */
  while (peer->stuck && !*peer->released)
    g_cond_wait (peer->cond, peer->lock);
  g_mutex_unlock (peer->lock);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* One of a hundred is stuck: the others get each frame, in order. */
GST_START_TEST (test_one_of_hundred_is_stuck)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *src[N_SUBSCRIBERS], *sink[N_SUBSCRIBERS];
  Peer peers[N_SUBSCRIBERS];
  gboolean released = FALSE;
  GMutex lock;
  GCond cond;

  g_mutex_init (&lock);
  g_cond_init (&cond);
  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    g_autofree gchar *name = g_strdup_printf ("src_%u_0", i);

    peers[i] = (Peer){ &lock, &cond, &released, i == 17, 0, FALSE };
    src[i] = gst_element_request_pad_simple (pub->element, name);
    sink[i] = gst_pad_new ("peer", GST_PAD_SINK);
    gst_pad_set_chain_function_full (sink[i], peer_chain, &peers[i], NULL);
    gst_pad_set_active (sink[i], TRUE);
    fail_unless_equals_int (gst_pad_link (src[i], sink[i]), GST_PAD_LINK_OK);
  }
  /* It would be past any bound; they are not. */
  g_object_set (src[17], "max-lag-buffers", (guint64) 50, NULL);
  push_frames (pub, 0, 2000, 30);

  g_mutex_lock (&lock);
  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    while (i != 17 && peers[i].next < 2000)
      g_cond_wait (&cond, &lock);
    fail_if (i != 17 && peers[i].lost, "subscriber %u lost a frame", i);
  }
  released = TRUE;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);

  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    gst_element_release_request_pad (pub->element, src[i]);
    gst_object_unref (src[i]);
    gst_object_unref (sink[i]);
  }
  gst_harness_teardown (pub);
  g_mutex_clear (&lock);
  g_cond_clear (&cond);
}
GST_END_TEST;

static gboolean
have (const gchar *factory)
{
  g_autoptr (GstElementFactory) found = gst_element_factory_find (factory);

  return found != NULL;
}

typedef struct {
  gint pictures;
  gint corrupted;
} Decoded;

static GstPadProbeReturn
count_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Decoded *decoded = user_data;

  g_atomic_int_inc (&decoded->pictures);
  if (GST_BUFFER_FLAG_IS_SET (
          GST_PAD_PROBE_INFO_BUFFER (info), GST_BUFFER_FLAG_CORRUPTED))
    g_atomic_int_inc (&decoded->corrupted);
  return GST_PAD_PROBE_OK;
}

/* A decoder behind a subscriber that is resynchronised again and again sees
 * whole groups of pictures only: no error, no missing reference. */
GST_START_TEST (test_decoder_behind_slow_subscriber)
{
  GstElement *pipeline = NULL, *bus = NULL, *decoder = NULL;
  GstBus *messages = NULL;
  GstMessage *message = NULL;
  GstPad *pad = NULL;
  Decoded decoded = { 0, 0 };

  if (!have ("x264enc") || !have ("avdec_h264"))
    return;
  /* The frames come as fast as they can be encoded; the sleep is what makes
   * the subscriber slow. */
  pipeline = gst_parse_launch (
      "videotestsrc num-buffers=600 pattern=ball ! "
      "video/x-raw,width=64,height=48 ! x264enc tune=zerolatency "
      "key-int-max=10 ! arclybus name=b src_0_0::max-lag-buffers=15 "
      "b.src_0_0 ! identity sleep-time=10000 ! "
      "avdec_h264 name=d max-errors=0 output-corrupt=true ! fakesink async=false "
      "b.src_1_0 ! fakesink async=false",
      NULL);
  bus = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  decoder = gst_bin_get_by_name (GST_BIN (pipeline), "d");
  pad = gst_element_get_static_pad (decoder, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, count_picture, &decoded, NULL);
  messages = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (messages, 50 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  fail_unless (message != NULL, "no end");
  fail_unless_equals_string (GST_MESSAGE_TYPE_NAME (message), "eos");
  fail_unless (get_stat (bus, "resyncs") > 0, "it was not slow at all");
  fail_unless (g_atomic_int_get (&decoded.pictures) > 0);
  fail_unless_equals_int (g_atomic_int_get (&decoded.corrupted), 0);

  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_object_unref (decoder);
  gst_object_unref (bus);
  gst_object_unref (messages);
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* Newcomers that have nothing to start from and requests from downstream: one
 * of them all goes upstream in an interval. */
GST_START_TEST (test_one_keyframe_request_for_all)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstHarness *subs[5];
  GstEvent *event = NULL;
  guint requests = 0;

  g_object_set (pub->element, "gop-cache-time", (guint64) 0,
      "min-force-key-unit-interval", 1000 * GST_SECOND, NULL);
  push_frames (pub, 0, 1, 100);
  for (guint i = 0; i < 5; i++) {
    g_autofree gchar *name = g_strdup_printf ("src_%u_0", i);

    subs[i] = new_subscriber (pub, name);
    gst_event_unref (pull_event (subs[i], GST_EVENT_SEGMENT));
    gst_harness_push_upstream_event (
        subs[i], gst_video_event_new_upstream_force_key_unit (
                     GST_CLOCK_TIME_NONE, TRUE, i));
  }
  /* A release waits for the worker, which asks when it has delivered. */
  for (guint i = 0; i < 5; i++)
    gst_harness_teardown (subs[i]);
  while ((event = gst_harness_try_pull_upstream_event (pub))) {
    requests += gst_video_event_is_force_key_unit (event);
    gst_event_unref (event);
  }
  fail_unless_equals_int (requests, 1);
  fail_unless_equals_uint64 (get_stat (pub->element, "key-requests"), 1);
  gst_harness_teardown (pub);
}
GST_END_TEST;

/* As malloc() counts; 0 where something else is in its place. */
static gsize
allocated (void)
{
  return mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
}

/* Less than 8 KiB for each, linked, with a GOP in the cache that it was given.
 */
GST_START_TEST (test_cost_of_a_subscriber)
{
  GstHarness *pub = new_publisher (VIDEO_CAPS);
  GstPad *src[N_SUBSCRIBERS], *sink[N_SUBSCRIBERS];
  Peer peers[N_SUBSCRIBERS];
  gboolean released = TRUE;
  gsize before = 0, after = 0;
  GMutex lock;
  GCond cond;

  g_mutex_init (&lock);
  g_cond_init (&cond);
  push_frames (pub, 0, 50, 50);
  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    peers[i] = (Peer){ &lock, &cond, &released, FALSE, 0, FALSE };
    sink[i] = gst_pad_new ("peer", GST_PAD_SINK);
    gst_pad_set_chain_function_full (sink[i], peer_chain, &peers[i], NULL);
    gst_pad_set_active (sink[i], TRUE);
  }
  before = allocated ();
  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    src[i] = gst_element_request_pad_simple (pub->element, "src_%u_%u");
    fail_unless_equals_int (gst_pad_link (src[i], sink[i]), GST_PAD_LINK_OK);
    g_mutex_lock (&lock);
    while (peers[i].next < 50)
      g_cond_wait (&cond, &lock);
    g_mutex_unlock (&lock);
  }
  after = allocated ();
  fail_unless (after <= before || after - before < N_SUBSCRIBERS * 8192,
      "%" G_GSIZE_FORMAT " bytes each", (after - before) / N_SUBSCRIBERS);
  g_print ("%" G_GSIZE_FORMAT " bytes a subscriber\n",
      (after - before) / N_SUBSCRIBERS);

  for (guint i = 0; i < N_SUBSCRIBERS; i++) {
    gst_element_release_request_pad (pub->element, src[i]);
    gst_object_unref (src[i]);
    gst_object_unref (sink[i]);
  }
  gst_harness_teardown (pub);
  g_mutex_clear (&lock);
  g_cond_clear (&cond);
}
GST_END_TEST;

static Suite *
neighbours_suite (void)
{
  Suite *s = suite_create ("arclybus-neighbours");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_one_of_hundred_is_stuck);
  tcase_add_test (tc, test_decoder_behind_slow_subscriber);
  tcase_add_test (tc, test_one_keyframe_request_for_all);
  tcase_add_test (tc, test_cost_of_a_subscriber);
  return s;
}

GST_CHECK_MAIN (neighbours);
