/* SPDX-License-Identifier: MIT */
#include <gst/pbutils/pbutils.h>

#include "testsrc.h"

#define URI "rtmp://127.0.0.1:0/live/cam"
#define DISCONT GST_BUFFER_FLAG_DISCONT
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT

static void
start (TestSrc *t)
{
  test_src_init (t, "arclysrc", "uri", URI);
  test_src_set_state (t, GST_STATE_PLAYING);
}

static void
note_caps (GstElement *element, GstPad *pad, gpointer counter)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  fail_unless (GST_PAD_PAD_TEMPLATE (pad) != NULL);
  if (caps)
    g_atomic_int_inc ((gint *) counter);
}

/* ---- what it forwards ---- */

/* The child's pads, with all that went through them, and its messages. */
GST_START_TEST (test_forwards)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstMessage) message = NULL;
  gint with_caps = 0;
  guint i;

  start (&t);
  g_signal_connect (t.element, "pad-added", G_CALLBACK (note_caps), &with_caps);
  peer = test_src_publish (&t);
  message = test_src_wait_element (&t, "arcly-publish-start");
  test_peer_start (peer);
  test_peer_aac (peer, 10);
  test_peer_avc (peer, 40, 40, FALSE);
  test_src_wait_pads (&t, 2);
  fail_unless_equals_int (g_atomic_int_get (&with_caps), 2);
  for (i = TEST_VIDEO; i <= TEST_AUDIO; i++) {
    test_src_expect_event (&t, i, GST_EVENT_STREAM_START);
    test_src_expect_event (&t, i, GST_EVENT_CAPS);
    test_src_expect_event (&t, i, GST_EVENT_SEGMENT);
  }
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 80, DELTA);
  test_src_expect_frame (&t, TEST_AUDIO, 10, 10, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "video-frames"), 2);

  test_src_set_state (&t, GST_STATE_READY);
  fail_if (test_src_has_pad (&t, TEST_VIDEO));
  fail_if (test_src_has_pad (&t, TEST_AUDIO));
  test_src_stop (&t);
}
GST_END_TEST;

/* An unsupported codec, a warning of the child, is the application's to see. */
GST_START_TEST (test_forwards_warning)
{
  static const guint8 vp6[] = { 0x14, 0, 0, 0 };
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  rtmp_peer_send_message (peer, 9, 0, vp6, sizeof (vp6));
  test_src_expect_text (&t, GST_MESSAGE_WARNING, "VP6");
  test_src_stop (&t);
}
GST_END_TEST;

/* An EOS that the application sends to the pipeline gets through, whether
 * somebody publishes or not. */
GST_START_TEST (test_eos_event)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  fail_unless (gst_element_send_event (t.pipeline, gst_event_new_eos ()));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  test_src_wait_pads (&t, 2);
  test_src_stop (&t);

  start (&t);
  peer = test_src_publish (&t);
  test_peer_start (peer);
  test_peer_aac (peer, 0);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 0, 0, DISCONT);
  fail_unless (gst_element_send_event (t.pipeline, gst_event_new_eos ()));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_EOS);
  fail_unless (rtmp_peer_wait_closed (peer));
  test_src_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_latency)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;
  GstClockTime min = 1;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_start (peer);
  test_peer_aac (peer, 0);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  fail_unless (gst_pad_peer_query (t.sinks[TEST_VIDEO].sink, query));
  gst_query_parse_latency (query, &live, &min, NULL);
  fail_unless (live);
  fail_unless_equals_uint64 (min, 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- what it cannot serve ---- */

static void
expect_error (const gchar *uri, const gchar *text)
{
  TestSrc t;

  test_src_init (&t, "arclysrc", uri ? "uri" : NULL, uri);
  fail_unless_equals_int (gst_element_set_state (t.pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_FAILURE);
  test_src_expect_text (&t, GST_MESSAGE_ERROR, text);
  test_src_stop (&t);
}

/* The error names the scheme, and what there is. */
GST_START_TEST (test_unserved)
{
  expect_error (NULL, "No URI");
  expect_error ("live/cam", "'live/cam' is not a URI");
  expect_error ("rtsp://127.0.0.1/cam", "scheme 'rtsp'; arclysrc can do: rtmp");
  expect_error ("nonsense:cam", "scheme 'nonsense'");
}
GST_END_TEST;

/* The child's own error comes through. */
GST_START_TEST (test_bad_rtmp)
{
  TestSrc t;

  test_src_init (&t, "arclysrc", "uri", "rtmp://127.0.0.1:0/live");
  fail_unless_equals_int (gst_element_set_state (t.pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_FAILURE);
  test_src_expect_text (&t, GST_MESSAGE_ERROR, "application and stream");
  test_src_stop (&t);
}
GST_END_TEST;

/* Without its plugin the scheme has nobody: the element is named, and whoever
 * installs missing plugins is told. */
GST_START_TEST (test_missing_element)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPluginFeature) feature =
      gst_registry_lookup_feature (registry, "arclyrtmpsrc");
  g_autoptr (GstMessage) message = NULL;
  TestSrc t;

  fail_unless (feature != NULL);
  gst_registry_remove_feature (registry, feature);
  test_src_init (&t, "arclysrc", "uri", URI);
  fail_unless_equals_int (gst_element_set_state (t.pipeline, GST_STATE_READY),
      GST_STATE_CHANGE_FAILURE);
  message = test_src_wait_message (&t, GST_MESSAGE_ELEMENT);
  fail_unless (gst_is_missing_plugin_message (message));
  test_src_expect_text (&t, GST_MESSAGE_ERROR, "'arclyrtmpsrc'");

  /* It may be installed meanwhile. */
  gst_registry_add_feature (registry, gst_object_ref (feature));
  test_src_set_state (&t, GST_STATE_READY);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- the uri and the child ---- */

static gchar *
get_uri (TestSrc *t)
{
  gchar *uri = NULL;

  g_object_get (t->element, "uri", &uri, NULL);
  return uri;
}

/* The URI may change up to READY, not while it is in use. The child and what
 * was set on it stay if the scheme does. */
GST_START_TEST (test_uri_changes)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autofree gchar *busy = NULL;
  guint64 timeout = 0;

  test_src_init (&t, "arclysrc", "uri", "rtmp://127.0.0.1:0/live/other");
  gst_child_proxy_set (GST_CHILD_PROXY (t.element), "source::timeout",
      (guint64) 3 * GST_SECOND, NULL);
  test_src_set_state (&t, GST_STATE_READY);
  g_object_set (t.element, "uri", URI, NULL);
  test_src_set_state (&t, GST_STATE_PLAYING);
  g_object_set (t.element, "uri", "rtmp://127.0.0.1:0/live/third", NULL);
  busy = get_uri (&t);
  fail_unless_equals_string (busy, URI);
  gst_child_proxy_get (
      GST_CHILD_PROXY (t.element), "source::timeout", &timeout, NULL);
  fail_unless_equals_uint64 (timeout, 3 * GST_SECOND);

  peer = test_src_publish (&t); /* live/cam */
  test_src_stop (&t);
}
GST_END_TEST;

static void
expect_child (TestSrc *t, const gchar *factory)
{
  g_autoptr (GstElement) child =
      gst_bin_get_by_name (GST_BIN (t->element), "source");

  fail_unless_equals_int (GST_BIN_NUMCHILDREN (t->element), 1);
  fail_unless_equals_string (
      GST_OBJECT_NAME (gst_element_get_factory (child)), factory);
}

/* A scheme that nobody serves takes the child away, another one brings one of
 * its own. */
GST_START_TEST (test_child_comes_and_goes)
{
  TestSrc t;
  g_autoptr (GstStructure) stats = NULL;

  test_src_init (&t, "arclysrc", "uri", URI);
  expect_child (&t, "arclyrtmpsrc");
  g_object_set (t.element, "uri", "arcly://live/cam", NULL);
  expect_child (&t, "arclystreamsrc");
  g_object_set (t.element, "uri", "gopher://there", NULL);
  fail_unless_equals_int (GST_BIN_NUMCHILDREN (t.element), 0);
  g_object_get (t.element, "stats", &stats, NULL);
  fail_unless (stats != NULL);
  fail_unless_equals_int (gst_structure_n_fields (stats), 0);
  g_object_set (t.element, "uri", NULL, NULL);
  fail_unless_equals_int (GST_BIN_NUMCHILDREN (t.element), 0);
  g_object_set (t.element, "uri", "RTMP://127.0.0.1:0/live/cam", NULL);
  expect_child (&t, "arclyrtmpsrc");
  test_src_stop (&t);
}
GST_END_TEST;

/* What it does not do yet it does not offer. */
GST_START_TEST (test_properties)
{
  GObjectClass *klass = NULL;
  GstElement *element = gst_element_factory_make ("arclysrc", NULL);

  klass = G_OBJECT_GET_CLASS (element);
  fail_unless (g_object_class_find_property (klass, "uri") != NULL);
  fail_unless (g_object_class_find_property (klass, "stats") != NULL);
  fail_unless (g_object_class_find_property (klass, "latency") == NULL);
  fail_unless (g_object_class_find_property (klass, "reconnect") == NULL);
  gst_object_unref (element);
}
GST_END_TEST;

/* Up and down in any order, with somebody who publishes when it can. */
GST_START_TEST (test_states)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING };
  TestSrc t;
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  g_autoptr (RtmpPeer) last = NULL;
  guint i;

  test_src_init (&t, "arclysrc", "uri", URI);
  for (i = 0; i < 100; i++) {
    guint port = 0;

    test_src_set_state (&t, states[g_rand_int_range (random, 0, 4)]);
    port = test_src_get_port (&t);
    if (port != 0) {
      RtmpPeer *peer = rtmp_peer_publish (port, "live", "cam");

      test_peer_start (peer);
      test_peer_aac (peer, 0);
      test_src_set_state (&t, states[g_rand_int_range (random, 0, 4)]);
      rtmp_peer_free (peer);
    }
  }
  test_src_set_state (&t, GST_STATE_READY);
  test_src_set_state (&t, GST_STATE_PLAYING);
  last = test_src_publish (&t);
  test_peer_start (last);
  test_peer_aac (last, 0);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_stop (&t);
}
GST_END_TEST;

static Suite *
arclysrc_suite (void)
{
  Suite *suite = suite_create ("arclysrc");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_forwards);
  tcase_add_test (tcase, test_forwards_warning);
  tcase_add_test (tcase, test_eos_event);
  tcase_add_test (tcase, test_latency);
  tcase_add_test (tcase, test_unserved);
  tcase_add_test (tcase, test_bad_rtmp);
  tcase_add_test (tcase, test_missing_element);
  tcase_add_test (tcase, test_uri_changes);
  tcase_add_test (tcase, test_child_comes_and_goes);
  tcase_add_test (tcase, test_properties);
  tcase_add_test (tcase, test_states);
  return suite;
}

GST_CHECK_MAIN (arclysrc);
