/* SPDX-License-Identifier: MIT
 *
 * arclyrtmpsrc when its publisher comes back: by itself, or in place of one
 * that is half dead; and the limits that it sets. */
#include "testsrc.h"

#include "rtmp/rtmpchunk.h"

#define DISCONT GST_BUFFER_FLAG_DISCONT
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT

static RtmpPeer *
publish_video (TestSrc *t)
{
  RtmpPeer *peer = test_src_publish (t);

  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  return peer;
}

/* Twenty times it is cut off, and twenty times it is there again before the
 * window (of an hour) is over: no EOS, no new pad, time goes on. */
GST_START_TEST (test_reconnect)
{
  TestSrc t;
  guint i;

  test_src_start (&t,
      "arclyrtmpsrc on-unpublish=eos "
      "reconnect-window=3600000000000",
      GST_STATE_PLAYING);
  for (i = 0; i < 20; i++) {
    g_autoptr (GstMessage) end = NULL;
    RtmpPeer *peer = publish_video (&t);

    gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
    /* A frame of 25 fps each. */
    test_src_expect_frame (&t, TEST_VIDEO, 40 * i, 40 * i, DISCONT);
    rtmp_peer_reset (peer);
    end = test_src_wait_element (&t, "arcly-publish-end");
  }
  fail_unless_equals_int (GST_ELEMENT (t.element)->numsrcpads, 1);
  test_src_stop (&t);
}
GST_END_TEST;

/* Nobody came back: then it is the end, as without a window. */
GST_START_TEST (test_window_over)
{
  TestSrc t;
  g_autoptr (RtmpPeer) late = NULL;

  test_src_start (&t, "arclyrtmpsrc on-unpublish=eos reconnect-window=1000000",
      GST_STATE_PLAYING);
  rtmp_peer_free (publish_video (&t));
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  late = rtmp_peer_new (test_src_get_port (&t));
  rtmp_peer_ask (late, "live", "cam");
  {
    g_autofree gchar *status = rtmp_peer_wait_status (late);

    fail_unless (
        g_str_has_prefix (status, "NetStream.Publish.Denied"), "%s", status);
  }
  test_src_stop (&t);
}
GST_END_TEST;

/* The element goes while the window is open. */
GST_START_TEST (test_stop_within_window)
{
  TestSrc t;

  test_src_start (&t,
      "arclyrtmpsrc on-unpublish=eos "
      "reconnect-window=3600000000000",
      GST_STATE_PLAYING);
  rtmp_peer_free (publish_video (&t));
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-end"));
  test_src_stop (&t);
}
GST_END_TEST;

/* The newest publisher goes on on the pads of the one before, and the stream
 * does not end in between. */
GST_START_TEST (test_take_over)
{
  g_autoptr (RtmpPeer) before = NULL, after = NULL;
  g_autoptr (GstMessage) message = NULL;
  TestSrc t;

  test_src_start (
      &t, "arclyrtmpsrc on-unpublish=eos take-over=always", GST_STATE_PLAYING);
  before = publish_video (&t);
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  after = publish_video (&t);
  message = test_src_wait_element (&t, "arcly-publish-end");
  fail_unless_equals_string (
      gst_structure_get_string (gst_message_get_structure (message), "reason"),
      "another publisher took over");
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DISCONT);
  fail_unless (rtmp_peer_wait_closed (before));
  test_peer_avc (after, 40, 0, FALSE);
  test_src_expect_frame (&t, TEST_VIDEO, 80, 80, DELTA);
  test_src_stop (&t);
}
GST_END_TEST;

/* Without an authenticator the default is that the first one stays. */
GST_START_TEST (test_no_take_over)
{
  g_autoptr (RtmpPeer) first = NULL, second = NULL;
  g_autofree gchar *status = NULL;
  TestSrc t;

  test_src_start (&t, "arclyrtmpsrc", GST_STATE_PLAYING);
  first = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  second = rtmp_peer_new (test_src_get_port (&t));
  rtmp_peer_ask (second, "live", "cam");
  status = rtmp_peer_wait_status (second);
  fail_unless (
      g_str_has_prefix (status, "NetStream.Publish.BadName"), "%s", status);
  test_src_stop (&t);
}
GST_END_TEST;

/* Each property is what was set, and reaches the server. */
GST_START_TEST (test_limits)
{
  static const gchar *const names[] = { "max-connections",
    "max-connections-per-address", "max-message-size", "max-partial-bytes",
    "max-chunk-streams", "max-amf-depth", "max-amf-values" };
  g_autoptr (RtmpPeer) peer = NULL;
  g_autofree guint8 *data = g_malloc0 (200);
  guint64 timeout = 0;
  guint i, value = 0;
  TestSrc t;

  test_src_start (&t,
      "arclyrtmpsrc max-connections=101 max-connections-per-address=102 "
      "max-message-size=103 max-partial-bytes=10400 max-chunk-streams=105 "
      "max-amf-depth=106 max-amf-values=107 setup-timeout=60000000000",
      GST_STATE_PLAYING);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_object_get (t.element, names[i], &value, NULL);
    fail_unless_equals_int (value, i == 3 ? 10400 : 101 + i);
  }
  g_object_get (t.element, "setup-timeout", &timeout, NULL);
  fail_unless_equals_uint64 (timeout, 60 * GST_SECOND);

  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  rtmp_peer_send_message (peer, GST_ARCLY_RTMP_VIDEO_MESSAGE, 5, data, 104);
  fail_unless (rtmp_peer_wait_closed (peer));
  test_src_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsrcreturn_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsrcreturn");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_reconnect);
  tcase_add_test (tcase, test_window_over);
  tcase_add_test (tcase, test_stop_within_window);
  tcase_add_test (tcase, test_take_over);
  tcase_add_test (tcase, test_no_take_over);
  tcase_add_test (tcase, test_limits);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsrcreturn);
