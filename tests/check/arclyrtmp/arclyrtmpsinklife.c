/* SPDX-License-Identifier: MIT
 *
 * Players that come, wait, are refused, are slow, pause, and go. */
#include "testauth.h"
#include "testsink.h"

#include "rtmp/rtmpamf.h"

#include <string.h>

static void
begin_video (TestPlay *t)
{
  test_play_begin (t->video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
}

GST_START_TEST (test_play_before_publish)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint clients = 0;

  test_play_start (&t, "wait-timeout=0", TRUE, TRUE);
  peer = test_play_ask (&t);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  test_play_expect_status (peer, "NetStream.Play.Reset", "");
  test_play_expect_video (peer, 0);
  test_play_expect_audio (peer, 5);
  g_object_get (t.element, "num-clients", &clients, NULL);
  fail_unless_equals_int (clients, 1);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_wait_timeout)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "wait-timeout=1000000", TRUE, TRUE);
  peer = test_play_ask (&t);
  test_play_expect_status (peer, "NetStream.Play.StreamNotFound", "live/cam");
  fail_unless (rtmp_peer_wait_closed (peer));
  gst_message_unref (test_play_wait_element (&t, "arcly-play-end"));
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_refused)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL, another = NULL, unknown = NULL;

  test_play_start (&t, "max-clients=1", TRUE, FALSE);
  begin_video (&t);
  test_play_video (&t, 0, TRUE);
  peer = test_play_player (&t);
  another = test_play_ask (&t);
  test_play_expect_status (
      another, "NetStream.Play.Failed", "there are 1 players");
  fail_unless (rtmp_peer_wait_closed (another));
  fail_unless_equals_int (test_play_get_stat (&t, "refused"), 1);

  unknown = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_handshake (unknown));
  rtmp_peer_connect (unknown, "live");
  rtmp_peer_command (unknown, "play", 1, "other");
  test_play_expect_status (
      unknown, "NetStream.Play.StreamNotFound", "live/other");
  fail_unless (rtmp_peer_wait_closed (unknown));
  test_play_video (&t, 40, FALSE);
  test_play_expect_video (peer, 0);
  test_play_expect_video (peer, 40);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_eos)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL, late = NULL;
  g_autoptr (GstMessage) message = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  test_play_audio (&t, 28);
  fail_unless (gst_pad_push_event (t.audio, gst_event_new_eos ()));
  test_play_expect_video (peer, 0);
  test_play_expect_audio (peer, 5);
  test_play_expect_audio (peer, 28);
  test_play_expect_status (peer, "NetStream.Play.UnpublishNotify", "ended");
  test_play_expect_status (peer, "NetStream.Play.Stop", "ended");
  fail_unless (rtmp_peer_wait_closed (peer));
  late = test_play_ask (&t);
  test_play_expect_status (late, "NetStream.Play.Failed", "ended");
  g_clear_pointer (&peer, rtmp_peer_free);
  message = gst_bus_timed_pop_filtered (
      t.bus, 10 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_eos_without_players)
{
  TestPlay t;
  g_autoptr (GstMessage) message = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_video (&t);
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  message = gst_bus_timed_pop_filtered (
      t.bus, 10 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  test_play_stop (&t);
}
GST_END_TEST;

/* Released, the last track that ran ends the stream as EOS does. */
GST_START_TEST (test_release_pad)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstPad) sink = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  fail_unless (gst_pad_push_event (t.audio, gst_event_new_eos ()));
  sink = gst_pad_get_peer (t.video);
  gst_pad_unlink (t.video, sink);
  gst_element_release_request_pad (t.element, sink);
  test_play_expect_audio (peer, 5);
  test_play_expect_status (peer, "NetStream.Play.UnpublishNotify", "");
  test_play_stop (&t);
}
GST_END_TEST;

static void
command_boolean (RtmpPeer *peer, const gchar *name, gboolean value)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) argument =
      gst_arcly_amf_value_new_boolean (value);

  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_number (0, body);
  gst_arcly_amf_write_null (body);
  gst_arcly_amf_value_write (argument, body);
  fail_unless (rtmp_peer_send_message (
      peer, GST_ARCLY_RTMP_COMMAND_AMF0, 0, body->data, body->len));
}

/* Paused it gets nothing; then it goes on at the newest keyframe. */
GST_START_TEST (test_pause)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_video (&t);
  test_play_video (&t, 0, TRUE);
  peer = test_play_player (&t);
  test_play_expect_video (peer, 0);
  command_boolean (peer, "pause", TRUE);
  test_play_expect_status (peer, "NetStream.Pause.Notify", "");
  test_play_video (&t, 40, FALSE);
  test_play_video (&t, 80, TRUE);
  test_play_video (&t, 120, FALSE);
  command_boolean (peer, "pause", FALSE);
  test_play_expect_status (peer, "NetStream.Unpause.Notify", "");
  test_play_expect_video (peer, 80);
  test_play_expect_video (peer, 120);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_receive)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_auto (GstArclyRtmpMessage) message = { 0 };

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  test_play_expect_audio (peer, 5);
  command_boolean (peer, "receiveVideo", FALSE);
  /* Answered in order, so the first has been obeyed. */
  command_boolean (peer, "receiveAudio", TRUE);
  test_play_expect_status (peer, "NetStream.Seek.Notify", "");
  test_play_expect_status (peer, "NetStream.Play.Start", "");
  test_play_video (&t, 40, FALSE);
  test_play_audio (&t, 45);
  do {
    gst_arcly_rtmp_message_clear (&message);
    fail_unless (rtmp_peer_read (peer, &message));
    fail_unless (message.type != GST_ARCLY_RTMP_VIDEO_MESSAGE);
  } while (message.type != GST_ARCLY_RTMP_AUDIO_MESSAGE);
  fail_unless_equals_int (message.timestamp, 45);
  /* Back, it begins where it can be decoded. */
  test_play_video (&t, 80, TRUE);
  test_play_video (&t, 120, FALSE);
  command_boolean (peer, "receiveVideo", TRUE);
  test_play_expect_status (peer, "NetStream.Seek.Notify", "");
  test_play_expect_status (peer, "NetStream.Play.Start", "");
  test_play_expect_video (peer, 80);
  test_play_expect_video (peer, 120);
  test_play_stop (&t);
}
GST_END_TEST;

/* closeStream, and the same connection plays once more. */
GST_START_TEST (test_stop_and_play)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_video (&t);
  test_play_video (&t, 0, TRUE);
  peer = test_play_player (&t);
  test_play_expect_video (peer, 0);
  rtmp_peer_command (peer, "closeStream", 1, NULL);
  test_play_expect_status (peer, "NetStream.Play.Stop", "");
  rtmp_peer_command (peer, "play", 1, "other");
  test_play_expect_status (peer, "NetStream.Play.Failed", "open a new one");
  rtmp_peer_command (peer, "publish", 1, "cam");
  test_play_expect_status (peer, "NetStream.Publish.Denied", "plays");
  rtmp_peer_command (peer, "play", 1, "cam");
  test_play_expect_status (peer, "NetStream.Play.Reset", "");
  test_play_expect_video (peer, 0);
  test_play_stop (&t);
}
GST_END_TEST;

#define BIG (100 * 1024)
#define GOP 10

/* A frame of many bytes that begin with "video @dts". */
static void
push_big (TestPlay *t, gint64 n)
{
  g_autofree gchar *data = g_malloc0 (BIG);

  g_snprintf (data, BIG, "video @%" G_GINT64_FORMAT, n * 40);
  test_play_push (t->video, n * 40, n * 40, n % GOP == 0, data, BIG);
}

/* The number of the next frame; sequence headers are passed over. */
static gint64
next_big (RtmpPeer *peer, gboolean *key)
{
  g_auto (GstArclyRtmpMessage) message = { 0 };
  const guint8 *data;
  gsize size;

  do {
    test_play_next (peer, GST_ARCLY_RTMP_VIDEO_MESSAGE, &message);
    data = g_bytes_get_data (message.payload, &size);
  } while (data[1] == 0);
  fail_unless_equals_int (size, 5 + BIG);
  *key = data[0] == 0x17;
  return message.timestamp / 40;
}

/* Until the one that does not read is counted: the other loses nothing. */
static void
run_slow (TestPlay *t, RtmpPeer *fast, const gchar *news)
{
  guint64 counted = 0;
  gboolean key;
  gint64 n;

  for (n = 1; counted == 0 || n % GOP != 1; n++) {
    push_big (t, n);
    fail_unless (next_big (fast, &key) == n);
    counted = test_play_get_stat (t, news);
    fail_unless (n < 10000);
  }
}

static void
expect_named (TestPlay *t, RtmpPeer *slow, const gchar *message_name)
{
  g_autofree gchar *name = rtmp_peer_get_name (slow);
  g_autoptr (GstMessage) message = test_play_wait_element (t, message_name);
  const GstStructure *structure = gst_message_get_structure (message);
  guint64 bytes = 0, kernel = 0;

  fail_unless_equals_string (
      gst_structure_get_string (structure, "peer"), name);
  fail_unless_equals_string (
      gst_structure_get_string (structure, "name"), "live/cam");
  fail_unless (gst_structure_get_uint64 (structure, "lag-bytes", &bytes));
  fail_unless (gst_structure_get_uint64 (structure, "send-buffer", &kernel));
  fail_unless (bytes > 1000000 && kernel > 0 && bytes >= kernel);
}

GST_START_TEST (test_slow_is_resynchronised)
{
  TestPlay t;
  g_autoptr (RtmpPeer) slow = NULL, fast = NULL;
  gboolean key = FALSE;
  guint gaps = 0;
  gint64 last = 0, n, end;

  test_play_start (&t, "max-lag-bytes=1500000 max-lag-time=0", TRUE, FALSE);
  begin_video (&t);
  push_big (&t, 0);
  slow = test_play_player (&t);
  fast = test_play_player (&t);
  fail_unless (next_big (fast, &key) == 0);
  run_slow (&t, fast, "resyncs");
  expect_named (&t, slow, "arcly-player-lagged");

  /* It reads again: whole GOPs, with a keyframe after each gap. */
  push_big (&t, 20000);
  push_big (&t, 20001);
  end = 20001;
  fail_unless (next_big (slow, &key) == 0 && key);
  while (last != end) {
    n = next_big (slow, &key);
    fail_unless (n > last);
    if (n != last + 1) {
      fail_unless (key, "a gap before frame %" G_GINT64_FORMAT, n);
      gaps++;
    }
    last = n;
  }
  fail_unless (gaps >= 1);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_slow_is_evicted)
{
  TestPlay t;
  g_autoptr (RtmpPeer) slow = NULL, fast = NULL;
  g_autofree gchar *status = NULL;
  gboolean key = FALSE;

  test_play_start (
      &t, "max-lag-bytes=1500000 max-lag-time=0 lag-policy=evict", TRUE, FALSE);
  begin_video (&t);
  push_big (&t, 0);
  slow = test_play_player (&t);
  fast = test_play_player (&t);
  fail_unless (next_big (fast, &key) == 0);
  run_slow (&t, fast, "evicted");
  expect_named (&t, slow, "arcly-player-evicted");
  /* If it reads within two seconds, it learns why. */
  status = rtmp_peer_wait_status (slow);
  fail_unless (status == NULL || g_str_has_prefix (status,
                                     "NetStream.Play.InsufficientBW: too slow"),
      "status %s", status);
  fail_unless (rtmp_peer_wait_closed (slow));
  fail_unless_equals_int (test_play_get_stat (&t, "evicted"), 1);
  test_play_stop (&t);
}
GST_END_TEST;

/* Publisher and players on one port, by one name. */
GST_START_TEST (test_one_port)
{
  TestPlay t;
  GstElement *src = NULL;
  g_autoptr (RtmpPeer) publisher = NULL, player = NULL;
  g_autofree gchar *description = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  description = g_strdup_printf (
      "arclyrtmpsrc location=rtmp://127.0.0.1:%u/live/cam", t.port);
  src = gst_parse_launch (description, NULL);
  gst_bin_add (GST_BIN (t.pipeline), src);
  fail_unless (
      gst_element_sync_state_with_parent (src), "they do not share the port");
  begin_video (&t);
  test_play_video (&t, 0, TRUE);
  publisher = rtmp_peer_publish (t.port, "live", "cam");
  player = test_play_player (&t);
  test_play_expect_video (player, 0);
  gst_element_set_state (t.pipeline, GST_STATE_NULL);
  test_play_expect_status (player, "NetStream.Play.UnpublishNotify", "stopped");
  fail_unless (rtmp_peer_wait_closed (player));
  fail_unless (rtmp_peer_wait_closed (publisher));
  test_play_stop (&t);
}
GST_END_TEST;

/* Any order of states, with a player each time. */
GST_START_TEST (test_states)
{
  static const GstState states[] = { GST_STATE_READY, GST_STATE_PLAYING,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED,
    GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_NULL, GST_STATE_PLAYING };
  TestPlay t;
  guint i;

  test_play_start (&t, "", TRUE, FALSE);
  for (i = 0; i < G_N_ELEMENTS (states); i++) {
    g_autoptr (RtmpPeer) peer = NULL;

    fail_unless_equals_int (gst_element_set_state (t.pipeline, states[i]),
        GST_STATE_CHANGE_SUCCESS);
    g_object_get (t.element, "port", &t.port, NULL);
    fail_unless ((t.port > 0) == (states[i] >= GST_STATE_PAUSED));
    if (t.port == 0)
      continue;
    begin_video (&t);
    test_play_video (&t, i * 1000, TRUE);
    peer = test_play_player (&t);
    test_play_expect_video (peer, i * 1000);
  }
  test_play_stop (&t);
}
GST_END_TEST;

/* Wherever a player is on its way, it is closed with the element. */
GST_START_TEST (test_stop_while_they_come)
{
  guint i;

  for (i = 0; i < 20; i++) {
    TestPlay t;
    g_autoptr (RtmpPeer) peer = NULL;

    test_play_start (&t, "", TRUE, TRUE);
    if (i % 2) {
      test_play_begin_all (&t);
      test_play_video (&t, 0, TRUE);
    }
    peer = test_play_ask (&t);
    test_play_stop (&t);
    fail_unless (rtmp_peer_wait_closed (peer));
  }
}
GST_END_TEST;

/* EOS, then the stream begins again: the same element serves it. */
GST_START_TEST (test_again_after_eos)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_video (&t);
  test_play_video (&t, 0, TRUE);
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  fail_unless (gst_pad_push_event (t.video, gst_event_new_flush_start ()));
  fail_unless (gst_pad_push_event (t.video, gst_event_new_flush_stop (TRUE)));
  begin_video (&t);
  test_play_video (&t, 80, TRUE);
  peer = test_play_player (&t);
  test_play_expect_video (peer, 80);
  test_play_stop (&t);
}
GST_END_TEST;

/* Up to sixteen tracks of a kind, with numbers or without. */
GST_START_TEST (test_pads)
{
  TestPlay t;
  guint i;

  test_play_start (&t, "", TRUE, FALSE);
  fail_unless (gst_element_request_pad_simple (t.element, "video_16") == NULL);
  for (i = 1; i < 16; i++) {
    g_autofree gchar *name = g_strdup_printf ("video_%u", i);
    g_autoptr (GstPad) pad = gst_element_request_pad_simple (
        t.element, i == 5 ? "video_5" : "video_%u");

    fail_unless_equals_string (GST_PAD_NAME (pad), name);
  }
  fail_unless (gst_element_request_pad_simple (t.element, "video_%u") == NULL);
  test_play_stop (&t);
}
GST_END_TEST;

/* Caps without what players need are an error, said once. */
GST_START_TEST (test_caps_without_header)
{
  TestPlay t;
  g_autoptr (GstMessage) message = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, NULL, 0);
  message =
      gst_bus_timed_pop_filtered (t.bus, 10 * GST_SECOND, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  test_play_stop (&t);
}
GST_END_TEST;

static gboolean
want_key (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  fail_unless_equals_int (
      gst_arcly_auth_request_get_action (request), GST_ARCLY_ACTION_PLAY);
  if (gst_arcly_auth_request_get_parameter (request, "key"))
    return TRUE;
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "no key");
  return FALSE;
}

/* The engine's authenticator decides first; who is permitted gets the stream,
 * from its start although it had to wait. */
GST_START_TEST (test_authenticator)
{
  TestPlay t;
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
  g_autoptr (GstArclyAuthenticator) authenticator =
      test_auth_new (want_key, NULL);
  g_autoptr (RtmpPeer) refused = NULL, peer = NULL;

  g_object_set (engine, "authenticator", authenticator, NULL);
  test_play_start (&t, "", TRUE, FALSE);
  gst_element_set_state (t.pipeline, GST_STATE_NULL);
  gst_element_set_context (t.pipeline, context);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  g_object_get (t.element, "port", &t.port, NULL);
  begin_video (&t);
  test_play_video (&t, 0, TRUE);

  refused = test_play_ask (&t);
  test_play_expect_status (
      refused, "NetStream.Play.Failed", "live/cam: no key");
  fail_unless (rtmp_peer_wait_closed (refused));
  fail_unless_equals_uint64 (test_play_get_stat (&t, "refused"), 1);
  fail_unless_equals_uint64 (test_play_get_stat (&t, "players"), 0);

  peer = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "play", 1, "cam?key");
  test_play_expect_status (peer, "NetStream.Play.Reset", "");
  test_play_expect_status (peer, "NetStream.Play.Start", "");
  test_play_expect_video (peer, 0);
  fail_unless_equals_uint64 (test_play_get_stat (&t, "players"), 1);
  test_play_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsinklife_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsinklife");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_play_before_publish);
  tcase_add_test (tcase, test_wait_timeout);
  tcase_add_test (tcase, test_refused);
  tcase_add_test (tcase, test_authenticator);
  tcase_add_test (tcase, test_eos);
  tcase_add_test (tcase, test_eos_without_players);
  tcase_add_test (tcase, test_release_pad);
  tcase_add_test (tcase, test_pause);
  tcase_add_test (tcase, test_receive);
  tcase_add_test (tcase, test_stop_and_play);
  tcase_add_test (tcase, test_slow_is_resynchronised);
  tcase_add_test (tcase, test_slow_is_evicted);
  tcase_add_test (tcase, test_one_port);
  tcase_add_test (tcase, test_states);
  tcase_add_test (tcase, test_stop_while_they_come);
  tcase_add_test (tcase, test_again_after_eos);
  tcase_add_test (tcase, test_pads);
  tcase_add_test (tcase, test_caps_without_header);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsinklife)
