/* SPDX-License-Identifier: MIT
 *
 * The life of arclyrtmpsrc: publishers that come and go, states, events,
 * queries, and what is refused. */
#include "testsrc.h"

#define DISCONT GST_BUFFER_FLAG_DISCONT
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT

static void
start (TestSrc *t)
{
  test_src_start (t, "arclyrtmpsrc", GST_STATE_PLAYING);
}

static void
expect_status (RtmpPeer *peer, const gchar *code, const gchar *text)
{
  g_autofree gchar *status = rtmp_peer_wait_status (peer);

  fail_unless (status != NULL, "closed without %s", code);
  fail_unless (g_str_has_prefix (status, code), "status %s", status);
  fail_unless (strstr (status, text) != NULL, "status %s", status);
}

static void
expect_refused (TestSrc *t, const gchar *app, const gchar *name,
    const gchar *code, const gchar *text)
{
  g_autoptr (RtmpPeer) peer = rtmp_peer_new (test_src_get_port (t));

  rtmp_peer_ask (peer, app, name);
  expect_status (peer, code, text);
  fail_unless (rtmp_peer_wait_closed (peer));
}

/* A publisher of one video track, that has sent its first keyframe. */
static RtmpPeer *
publish_video (TestSrc *t)
{
  RtmpPeer *peer = test_src_publish (t);

  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  return peer;
}

/* Until so much waits that the publisher is held back: there is no event for
 * that. */
static void
wait_full (TestSrc *t)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (test_src_get_stat (t, "queued-time") < 2 * GST_SECOND) {
    fail_unless (g_get_monotonic_time () < end, "nothing is held back");
    g_thread_yield ();
  }
  /* Long enough for whoever would not hold back. */
  expect_refused (t, "live", "other", "NetStream.Publish.BadName", "");
  fail_unless (test_src_get_stat (t, "queued-time") >= 2 * GST_SECOND);
}

/* ---- publishers ---- */

/* Whoever asks for another name, or for a name in use, hears why; the
 * publisher goes on. */
GST_START_TEST (test_refusals)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  expect_refused (&t, "live", "other", "NetStream.Publish.BadName",
      "live/other: no such stream");
  expect_refused (&t, "dead", "cam", "NetStream.Publish.BadName",
      "dead/cam: no such stream");
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  expect_refused (&t, "live", "cam", "NetStream.Publish.BadName",
      "live/cam: somebody is already publishing");
  test_peer_avc (peer, 40, 0, FALSE);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DELTA);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "refused"), 1);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "publishers"), 1);
  test_src_stop (&t);
}
GST_END_TEST;

static void
expect_publish_end (TestSrc *t, gboolean error)
{
  g_autoptr (GstMessage) message =
      test_src_wait_element (t, "arcly-publish-end");
  const GstStructure *structure = gst_message_get_structure (message);
  gboolean was_error = !error;

  fail_unless_equals_string (
      gst_structure_get_string (structure, "name"), "live/cam");
  fail_unless (gst_structure_get_string (structure, "reason") != NULL);
  fail_unless (gst_structure_get_boolean (structure, "error", &was_error));
  fail_unless_equals_int (was_error, error);
}

/* The next publisher goes on on the same pad: DISCONT, and its running time is
 * that of the clock, or right after the last frame if that is later. */
GST_START_TEST (test_wait_for_next)
{
  TestSrc t;
  RtmpPeer *peer = NULL;
  g_autofree gchar *name = NULL;
  g_autoptr (GstMessage) message = NULL;

  start (&t);
  peer = publish_video (&t);
  name = rtmp_peer_get_name (peer);
  message = test_src_wait_element (&t, "arcly-publish-start");
  fail_unless_equals_string (
      gst_structure_get_string (gst_message_get_structure (message), "peer"),
      name);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_peer_avc (peer, 1000, 0, FALSE);
  rtmp_peer_unpublish (peer);
  rtmp_peer_free (peer);
  test_src_expect_frame (&t, TEST_VIDEO, 1000, 1000, DELTA);
  expect_publish_end (&t, FALSE);

  /* The clock says 0; the last frame ends at 1040 ms. */
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 1040, 1040, DISCONT);
  rtmp_peer_reset (peer);
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
  expect_publish_end (&t, TRUE);

  gst_test_clock_set_time (GST_TEST_CLOCK (t.clock), 7 * GST_SECOND);
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 7000, 7000, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "publishers"), 3);
  test_src_wait_pads (&t, 1);
  rtmp_peer_free (peer);
  test_src_stop (&t);
}
GST_END_TEST;

/* The stream ends with the publisher, and nobody may start it again. */
GST_START_TEST (test_eos_on_unpublish)
{
  TestSrc t;
  RtmpPeer *peer = NULL;

  test_src_start (&t, "arclyrtmpsrc on-unpublish=eos", GST_STATE_PLAYING);
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  rtmp_peer_free (peer);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_EOS);
  expect_refused (
      &t, "live", "cam", "NetStream.Publish.Denied", "stream has ended");
  test_src_stop (&t);
}
GST_END_TEST;

/* A publisher that is held back and closes loses nothing: what is still in the
 * socket is read. */
GST_START_TEST (test_last_frames_come)
{
  TestSrc t;
  RtmpPeer *peer = NULL;
  guint i;

  test_src_start (&t, "arclyrtmpsrc", GST_STATE_PAUSED);
  peer = publish_video (&t);
  for (i = 1; i < 200; i++)
    test_peer_avc (peer, 40 * i, 0, FALSE);
  rtmp_peer_unpublish (peer);
  rtmp_peer_free (peer);
  wait_full (&t);
  fail_if (test_src_has_pad (&t, TEST_VIDEO));

  test_src_set_state (&t, GST_STATE_PLAYING);
  for (i = 0; i < 200; i++)
    test_src_expect_frame (
        &t, TEST_VIDEO, 40 * i, 40 * i, i == 0 ? DISCONT : DELTA);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- addresses ---- */

GST_START_TEST (test_port)
{
  TestSrc t;
  guint port = 1;

  test_src_start (&t, "arclyrtmpsrc", GST_STATE_READY);
  g_object_get (t.element, "port", &port, NULL);
  fail_unless_equals_int (port, 0);
  test_src_set_state (&t, GST_STATE_PAUSED);
  g_object_get (t.element, "port", &port, NULL);
  fail_if (port == 0);
  fail_unless_equals_int (test_src_get_port (&t), port);
  test_src_set_state (&t, GST_STATE_READY);
  g_object_get (t.element, "port", &port, NULL);
  fail_unless_equals_int (port, 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* Another element on the port of the first one: each takes its own stream. A
 * third one that wants the same stream gets an error, and harms nobody. */
GST_START_TEST (test_two_on_one_port)
{
  TestSrc t;
  g_autoptr (RtmpPeer) first = NULL;
  g_autoptr (RtmpPeer) second = NULL;
  g_autofree gchar *location = NULL;
  GstElement *other = NULL, *third = NULL;

  start (&t);
  location =
      g_strdup_printf ("rtmp://127.0.0.1:%u/live/two", test_src_get_port (&t));
  other = gst_element_factory_make ("arclyrtmpsrc", "other");
  g_object_set (other, "location", location, NULL);
  gst_bin_add (GST_BIN (t.pipeline), other);
  fail_unless (gst_element_sync_state_with_parent (other));
  third = gst_element_factory_make ("arclyrtmpsrc", "third");
  g_object_set (third, "location", location, NULL);
  gst_bin_add (GST_BIN (t.pipeline), third);
  fail_if (gst_element_sync_state_with_parent (third));
  test_src_expect_text (&t, GST_MESSAGE_ERROR, "live/two");

  first = publish_video (&t);
  second = rtmp_peer_publish (test_src_get_port (&t), "live", "two");
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_peer_avc (first, 40, 0, FALSE);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DELTA);

  /* The port stays while one of them is there. */
  gst_element_set_state (t.element, GST_STATE_NULL);
  fail_unless (rtmp_peer_wait_closed (first));
  fail_unless (rtmp_peer_send_message (second, 9, 0, "", 0));
  gst_element_set_state (third, GST_STATE_NULL);
  test_src_stop (&t);
}
GST_END_TEST;

/* Another pipeline is another engine: what it listens on is in use. */
GST_START_TEST (test_port_in_use)
{
  TestSrc t, u;
  g_autofree gchar *location = NULL;
  g_autofree gchar *address = NULL;

  start (&t);
  address = g_strdup_printf ("127.0.0.1:%u", test_src_get_port (&t));
  location = g_strdup_printf ("rtmp://%s/live/two", address);
  test_src_init (&u, "arclyrtmpsrc", "location", location);
  fail_unless_equals_int (gst_element_set_state (u.pipeline, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_src_expect_text (&u, GST_MESSAGE_ERROR, address);
  test_src_stop (&t);
  /* It is free now. */
  test_src_set_state (&u, GST_STATE_PAUSED);
  test_src_stop (&u);
}
GST_END_TEST;

GST_START_TEST (test_bad_locations)
{
  static const struct {
    const gchar *location, *text;
  } rows[] = {
    { NULL, "No location" },
    { "", "scheme '' is neither rtmp nor rtmps" },
    { "http://127.0.0.1/live/cam", "scheme 'http' is neither rtmp nor rtmps" },
    { "rtmp://127.0.0.1:0/live", "application and stream" },
    { "rtmp://127.0.0.1:99999/live/cam", "not a URI" },
    { "rtmp://me:secret@127.0.0.1:0/live/cam", "no user" },
    { "rtmp://192.0.2.1:0/live/cam", "192.0.2.1" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    TestSrc t;

    test_src_init (&t, "arclyrtmpsrc", "location", rows[i].location);
    fail_unless_equals_int (
        gst_element_set_state (t.pipeline, GST_STATE_PLAYING),
        GST_STATE_CHANGE_FAILURE);
    test_src_expect_text (&t, GST_MESSAGE_ERROR, rows[i].text);
    test_src_stop (&t);
  }
}
GST_END_TEST;

/* ---- the application's events ---- */

/* EOS ends the pads at once and tells the publisher. */
GST_START_TEST (test_eos_event)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  fail_unless (gst_element_send_event (t.pipeline, gst_event_new_eos ()));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  /* Who waits for sound waits no longer. */
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_EOS);
  expect_status (peer, "NetStream.Unpublish.Success", "");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_src_stop (&t);
}
GST_END_TEST;

/* Also when nobody ever published: whoever waits for pads gets them, and the
 * end. And in PAUSED, where else nothing comes out. */
GST_START_TEST (test_eos_event_without_publisher)
{
  TestSrc t;

  test_src_start (&t, "arclyrtmpsrc", GST_STATE_PAUSED);
  fail_unless (gst_element_send_event (t.pipeline, gst_event_new_eos ()));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_STREAM_START);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_EOS);
  test_src_wait_pads (&t, 2);
  expect_refused (
      &t, "live", "cam", "NetStream.Publish.Denied", "stream has ended");
  test_src_stop (&t);
}
GST_END_TEST;

/* A sink that has had enough ends the stream without an error; one that fails
 * makes one. */
GST_START_TEST (test_downstream_ends)
{
  static const GstFlowReturn flows[] = { GST_FLOW_EOS, GST_FLOW_ERROR };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (flows); i++) {
    TestSrc t;
    g_autoptr (RtmpPeer) peer = NULL;

    start (&t);
    test_src_set_flow (&t, flows[i]);
    peer = publish_video (&t);
    expect_status (peer, "NetStream.Unpublish.Success", "no longer wanted");
    if (flows[i] == GST_FLOW_ERROR)
      test_src_expect_text (&t, GST_MESSAGE_ERROR, "Internal data stream");
    gst_buffer_unref (test_src_next_buffer (&t, TEST_VIDEO));
    test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_EOS);
    test_src_stop (&t);
  }
}
GST_END_TEST;

/* After a flush the segment is sent again, and the stream goes on with
 * DISCONT, its time from 0 if that was asked for. */
GST_START_TEST (test_flush)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = publish_video (&t);
  test_peer_avc (peer, 1000, 0, FALSE);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO, 1000, 1000, DELTA);
  fail_unless (
      gst_element_send_event (t.element, gst_event_new_flush_start ()));
  fail_unless (
      gst_element_send_event (t.element, gst_event_new_flush_stop (TRUE)));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_FLUSH_START);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_FLUSH_STOP);
  test_peer_avc (peer, 1040, 0, TRUE);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_SEGMENT);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_queries)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstQuery) latency = gst_query_new_latency ();
  g_autoptr (GstQuery) seeking = gst_query_new_seeking (GST_FORMAT_TIME);
  gboolean live = FALSE, seekable = TRUE;
  GstClockTime min = 1, max = 1;

  start (&t);
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  fail_unless (gst_pad_peer_query (t.sinks[TEST_VIDEO].sink, latency));
  gst_query_parse_latency (latency, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_uint64 (min, 0);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  fail_unless (gst_pad_peer_query (t.sinks[TEST_VIDEO].sink, seeking));
  gst_query_parse_seeking (seeking, NULL, &seekable, NULL, NULL);
  fail_if (seekable);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- states ---- */

/* In PAUSED nothing comes out; a publisher is held back at some point, and
 * nothing is lost. */
GST_START_TEST (test_paused_holds_back)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = publish_video (&t);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_set_state (&t, GST_STATE_PAUSED);
  for (i = 1; i < 200; i++)
    test_peer_avc (peer, 40 * i, 0, FALSE);
  wait_full (&t);
  fail_unless_equals_int (test_src_count (&t, TEST_VIDEO), 0);
  test_src_set_state (&t, GST_STATE_PLAYING);
  for (i = 1; i < 200; i++)
    test_src_expect_frame (&t, TEST_VIDEO, 40 * i, 40 * i, DELTA);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "video-frames"), 200);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "queued-bytes"), 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* Each run is a new one: pads are gone in READY, and counters start anew. */
GST_START_TEST (test_starts_anew)
{
  TestSrc t;
  guint i;

  test_src_init (&t, "arclyrtmpsrc", "location", "rtmp://127.0.0.1:0/live/cam");
  for (i = 0; i < 3; i++) {
    g_autoptr (RtmpPeer) peer = NULL;

    test_src_set_state (&t, GST_STATE_PLAYING);
    peer = publish_video (&t);
    test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
    fail_unless_equals_uint64 (test_src_get_stat (&t, "video-frames"), 1);
    fail_unless_equals_uint64 (test_src_get_stat (&t, "publishers"), 1);
    test_src_set_state (&t, GST_STATE_READY);
    fail_if (test_src_has_pad (&t, TEST_VIDEO));
    fail_unless (rtmp_peer_wait_closed (peer));
  }
  test_src_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsrclife_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsrclife");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_refusals);
  tcase_add_test (tcase, test_wait_for_next);
  tcase_add_test (tcase, test_eos_on_unpublish);
  tcase_add_test (tcase, test_last_frames_come);
  tcase_add_test (tcase, test_port);
  tcase_add_test (tcase, test_two_on_one_port);
  tcase_add_test (tcase, test_port_in_use);
  tcase_add_test (tcase, test_bad_locations);
  tcase_add_test (tcase, test_eos_event);
  tcase_add_test (tcase, test_eos_event_without_publisher);
  tcase_add_test (tcase, test_downstream_ends);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_queries);
  tcase_add_test (tcase, test_paused_holds_back);
  tcase_add_test (tcase, test_starts_anew);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsrclife);
