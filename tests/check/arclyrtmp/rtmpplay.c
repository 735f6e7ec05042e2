/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/gst.h>

#include "sessionpeer.h"

/* "live/cam" is asked for on stream 1 and, unless @undecided, played. */
static SessionPeer *
new_player (gboolean undecided)
{
  SessionPeer *peer = session_peer_new ();

  rtmp_client_hello (peer->client);
  rtmp_client_connect (peer->client, "live", NULL);
  session_peer_flush (peer);
  peer->undecided = TRUE;
  rtmp_client_create_stream (peer->client);
  rtmp_client_play (peer->client, 1, "cam?key=secret");
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpstr (peer->log->str, ==, "connect 0 live\nplay 1 live/cam\n");
  g_assert_cmpstr (peer->last->stream.query, ==, "key=secret");
  g_assert_true (gst_arcly_rtmp_session_is_held (peer->session));
  g_string_truncate (peer->log, 0);
  if (undecided)
    return peer;

  g_assert_true (gst_arcly_rtmp_session_accept_play (peer->session, 1));
  session_peer_run (peer);
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Play.Reset", 1);
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Play.Start", 1);
  g_assert_cmpint (gst_arcly_rtmp_session_get_stream_state (peer->session, 1),
      ==, GST_ARCLY_RTMP_STREAM_PLAYING);
  return peer;
}

static void
command (SessionPeer *peer, guint32 stream_id, const gchar *name,
    gdouble transaction, GstArclyAmfValue *argument)
{
  rtmp_client_command (peer->client, stream_id, name, transaction, argument);
  if (argument)
    gst_arcly_amf_value_free (argument);
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
}

/* A user control message of that type comes for stream 1. The answer to connect
 * has one for stream 0. */
static void
assert_user_control (SessionPeer *peer, guint8 type)
{
  for (;;) {
    g_autoptr (RtmpReply) reply = rtmp_client_next_reply (peer->client);
    const guint8 wanted[] = { 0, type, 0, 0, 0, 1 };
    const guint8 *data;
    gsize size;

    g_assert_nonnull (reply);
    if (reply->message.type != GST_ARCLY_RTMP_USER_CONTROL)
      continue;
    data = g_bytes_get_data (reply->message.payload, &size);
    if (size == sizeof wanted && memcmp (data, wanted, size) == 0)
      return;
  }
}

static void
test_accept (void)
{
  g_autoptr (SessionPeer) peer = new_player (TRUE);

  g_assert_false (gst_arcly_rtmp_session_accept_publish (peer->session, 1));
  g_assert_false (gst_arcly_rtmp_session_accept_play (peer->session, 2));
  g_assert_false (
      gst_arcly_rtmp_session_end_play (peer->session, 1, NULL, "no"));
  g_assert_true (gst_arcly_rtmp_session_accept_play (peer->session, 1));
  g_assert_false (gst_arcly_rtmp_session_accept_play (peer->session, 1));
  g_assert_false (gst_arcly_rtmp_session_is_held (peer->session));
  session_peer_run (peer);
  assert_user_control (peer, 0);
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Play.Reset", 1);

  /* What plays cannot play or publish as well. */
  rtmp_client_play (peer->client, 1, "other");
  rtmp_client_publish (peer->client, 1, "other", "live");
  session_peer_flush (peer);
  g_assert_cmpstr (peer->log->str, ==, "warning 1\nwarning 1\n");
}

static void
test_pause_and_receive (void)
{
  g_autoptr (SessionPeer) peer = new_player (FALSE);

  command (peer, 1, "pause", 0, gst_arcly_amf_value_new_boolean (TRUE));
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Pause.Notify", 1);
  command (peer, 1, "pauseRaw", 0, gst_arcly_amf_value_new_boolean (FALSE));
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Unpause.Notify", 1);
  command (peer, 1, "receiveAudio", 0, gst_arcly_amf_value_new_boolean (FALSE));
  g_assert_null (rtmp_client_next_reply (peer->client));
  command (peer, 1, "receiveVideo", 0, gst_arcly_amf_value_new_boolean (TRUE));
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Seek.Notify", 1);
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Play.Start", 1);
  g_assert_cmpstr (peer->log->str, ==,
      "pause 1 on\n"
      "pause 1 off\n"
      "receive 1 audio off\n"
      "receive 1 video on\n");
}

/* An argument of another type, or none, is no crash and no change of mind. */
static void
test_odd_arguments (void)
{
  g_autoptr (SessionPeer) peer = new_player (FALSE);

  command (peer, 1, "pause", 0, NULL);
  command (peer, 1, "pause", 0, gst_arcly_amf_value_new_string ("yes"));
  command (peer, 1, "receiveAudio", 0, NULL);
  command (peer, 1, "receiveVideo", 0, gst_arcly_amf_value_new_number (1));
  g_assert_cmpstr (peer->log->str, ==,
      "pause 1 off\n"
      "pause 1 off\n"
      "receive 1 audio on\n"
      "receive 1 video on\n");
}

static void
test_seek (void)
{
  g_autoptr (SessionPeer) peer = new_player (FALSE);
  g_autoptr (RtmpReply) error = NULL;

  command (peer, 1, "seek", 7, gst_arcly_amf_value_new_number (1000));
  error = rtmp_client_next_command (peer->client, "_error");
  g_assert_nonnull (error);
  g_assert_cmpfloat (error->transaction, ==, 7);
  g_assert_cmpstr (rtmp_reply_code (error), ==, "NetStream.Seek.Failed");
  g_assert_cmpstr (peer->log->str, ==, "");
  g_assert_cmpint (gst_arcly_rtmp_session_get_stream_state (peer->session, 1),
      ==, GST_ARCLY_RTMP_STREAM_PLAYING);
}

/* They are for who plays; others are answered if they want to be. */
static void
test_without_play (void)
{
  static const gchar *const names[] = { "pause", "seek", "receiveAudio",
    "receiveVideo" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
    g_autoptr (RtmpReply) error = NULL;

    command (peer, 1, names[i], 5, gst_arcly_amf_value_new_boolean (TRUE));
    command (peer, 9, names[i], 0, gst_arcly_amf_value_new_boolean (TRUE));
    error = rtmp_client_next_command (peer->client, "_error");
    g_assert_nonnull (error);
    g_assert_cmpfloat (error->transaction, ==, 5);
    g_assert_null (rtmp_client_next_command (peer->client, "_error"));
    g_assert_cmpstr (peer->log->str, ==, "");
  }
}

static void
test_stop (void)
{
  g_autoptr (SessionPeer) closed = new_player (FALSE);
  g_autoptr (SessionPeer) deleted = new_player (FALSE);

  rtmp_client_close_stream (closed->client, 1);
  session_peer_flush (closed);
  session_peer_assert_status (
      closed, "onStatus", "status", "NetStream.Play.Stop", 1);
  g_assert_cmpstr (closed->log->str, ==, "stop 1\n");
  g_assert_false (
      gst_arcly_rtmp_session_end_play (closed->session, 1, NULL, "gone"));
  /* It may play again. */
  rtmp_client_play (closed->client, 1, "cam");
  session_peer_flush (closed);
  g_assert_cmpstr (closed->log->str, ==, "stop 1\nplay 1 live/cam\n");

  rtmp_client_delete_stream (deleted->client, 1);
  session_peer_flush (deleted);
  g_assert_cmpstr (deleted->log->str, ==, "stop 1\n");
  g_assert_cmpint (
      gst_arcly_rtmp_session_get_stream_state (deleted->session, 1), ==,
      GST_ARCLY_RTMP_STREAM_NONE);
}

static void
test_end (void)
{
  g_autoptr (SessionPeer) ended = new_player (FALSE);
  g_autoptr (SessionPeer) evicted = new_player (FALSE);

  g_assert_true (
      gst_arcly_rtmp_session_end_play (ended->session, 1, NULL, "over"));
  session_peer_run (ended);
  assert_user_control (ended, 1);
  session_peer_assert_status (
      ended, "onStatus", "status", "NetStream.Play.UnpublishNotify", 1);
  session_peer_assert_status (
      ended, "onStatus", "status", "NetStream.Play.Stop", 1);

  g_assert_true (gst_arcly_rtmp_session_end_play (
      evicted->session, 1, GST_ARCLY_RTMP_CODE_PLAY_SLOW, "too slow"));
  session_peer_run (evicted);
  session_peer_assert_status (
      evicted, "onStatus", "error", "NetStream.Play.InsufficientBW", 1);
  g_assert_cmpstr (ended->log->str, ==, "");
  g_assert_cmpstr (evicted->log->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arclyrtmp/play/accept", test_accept);
  g_test_add_func ("/arclyrtmp/play/pause-and-receive", test_pause_and_receive);
  g_test_add_func ("/arclyrtmp/play/odd-arguments", test_odd_arguments);
  g_test_add_func ("/arclyrtmp/play/seek", test_seek);
  g_test_add_func ("/arclyrtmp/play/without-play", test_without_play);
  g_test_add_func ("/arclyrtmp/play/stop", test_stop);
  g_test_add_func ("/arclyrtmp/play/end", test_end);
  return g_test_run ();
}
