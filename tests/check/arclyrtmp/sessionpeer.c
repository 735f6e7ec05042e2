/* SPDX-License-Identifier: MIT */
#include "sessionpeer.h"

SessionPeer *
session_peer_new_full (const GstArclyRtmpLimits *limits)
{
  SessionPeer *peer = g_new0 (SessionPeer, 1);

  peer->session = gst_arcly_rtmp_session_new (limits, NULL);
  peer->client = rtmp_client_new ();
  peer->log = g_string_new (NULL);
  return peer;
}

SessionPeer *
session_peer_new (void)
{
  return session_peer_new_full (NULL);
}

void
session_peer_free (SessionPeer *peer)
{
  gst_arcly_rtmp_session_free (peer->session);
  rtmp_client_free (peer->client);
  g_string_free (peer->log, TRUE);
  g_clear_pointer (&peer->last, gst_arcly_rtmp_event_free);
  g_clear_error (&peer->error);
  g_free (peer);
}

static void
log_event (SessionPeer *peer, const GstArclyRtmpEvent *event)
{
  g_string_append_printf (peer->log, "%s %u",
      gst_arcly_rtmp_event_kind_name (event->kind), event->stream_id);
  switch (event->kind) {
    case GST_ARCLY_RTMP_EVENT_CONNECT:
      g_string_append_printf (peer->log, " %s", event->connect.app);
      break;
    case GST_ARCLY_RTMP_EVENT_PUBLISH:
    case GST_ARCLY_RTMP_EVENT_PLAY:
    case GST_ARCLY_RTMP_EVENT_UNPUBLISH:
      g_string_append_printf (peer->log, " %s", event->stream.path);
      break;
    case GST_ARCLY_RTMP_EVENT_MEDIA:
      g_string_append_printf (peer->log,
          " %d @%" G_GINT64_FORMAT " %" G_GSIZE_FORMAT, event->media.kind,
          event->media.timestamp, g_bytes_get_size (event->media.payload));
      break;
    case GST_ARCLY_RTMP_EVENT_METADATA:
      g_string_append_printf (peer->log, " @%" G_GINT64_FORMAT " %u",
          event->metadata.timestamp,
          gst_arcly_amf_value_n_members (event->metadata.values));
      break;
    case GST_ARCLY_RTMP_EVENT_STOP:
      break;
    case GST_ARCLY_RTMP_EVENT_PAUSE:
      g_string_append (peer->log, event->paused ? " on" : " off");
      break;
    case GST_ARCLY_RTMP_EVENT_RECEIVE:
      g_string_append_printf (peer->log, " %s %s",
          event->receive.kind == GST_ARCLY_RTMP_AUDIO ? "audio" : "video",
          event->receive.on ? "on" : "off");
      break;
    case GST_ARCLY_RTMP_EVENT_PONG:
      g_string_append_printf (peer->log, " %u", event->pong);
      break;
    case GST_ARCLY_RTMP_EVENT_WARNING:
      g_assert_nonnull (event->warning);
      break;
  }
  g_string_append_c (peer->log, '\n');
}

static void
decide (SessionPeer *peer, const GstArclyRtmpEvent *event)
{
  GstArclyRtmpSession *session = peer->session;
  guint32 id = event->stream_id;

  if (peer->undecided)
    return;
  if (event->kind == GST_ARCLY_RTMP_EVENT_CONNECT)
    g_assert_true (gst_arcly_rtmp_session_accept_connect (session));
  if (event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH)
    g_assert_true (gst_arcly_rtmp_session_accept_publish (session, id));
  if (event->kind == GST_ARCLY_RTMP_EVENT_PLAY)
    g_assert_true (gst_arcly_rtmp_session_refuse_stream (
        session, id, GST_ARCLY_RTMP_CODE_PLAY_FAILED, "no playing here"));
}

void
session_peer_run (SessionPeer *peer)
{
  g_autoptr (GBytes) output = NULL;

  while (!peer->error) {
    g_autoptr (GstArclyRtmpEvent) event = NULL;
    gboolean ok =
        gst_arcly_rtmp_session_next_event (peer->session, &event, &peer->error);

    g_assert_true (ok == (peer->error == NULL));
    if (!event)
      break;
    log_event (peer, event);
    decide (peer, event);
    if (event->kind == GST_ARCLY_RTMP_EVENT_WARNING)
      continue;
    g_clear_pointer (&peer->last, gst_arcly_rtmp_event_free);
    peer->last = g_steal_pointer (&event);
  }
  gst_arcly_rtmp_session_acknowledge (peer->session);
  output = gst_arcly_rtmp_session_take_output (peer->session);
  if (output)
    rtmp_client_feed (peer->client, g_bytes_get_data (output, NULL),
        g_bytes_get_size (output));
}

void
session_peer_feed (SessionPeer *peer, const guint8 *data, gsize size)
{
  g_autofree guint8 *exact = g_memdup2 (data, size);

  if (!peer->error)
    gst_arcly_rtmp_session_feed (peer->session, exact, size, &peer->error);
  session_peer_run (peer);
}

void
session_peer_flush (SessionPeer *peer)
{
  g_autoptr (GBytes) bytes = rtmp_client_take (peer->client);

  session_peer_feed (
      peer, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

void
session_peer_assert_status (SessionPeer *peer, const gchar *name,
    const gchar *level, const gchar *code, guint32 stream_id)
{
  g_autoptr (RtmpReply) reply = rtmp_client_next_command (peer->client, name);

  g_assert_nonnull (reply);
  g_assert_cmpstr (rtmp_reply_code (reply), ==, code);
  g_assert_cmpstr (rtmp_reply_level (reply), ==, level);
  g_assert_cmpuint (reply->message.stream_id, ==, stream_id);
}

SessionPeer *
session_peer_new_publishing (void)
{
  SessionPeer *peer = session_peer_new ();

  rtmp_client_start (peer->client, "live", "cam");
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpint (gst_arcly_rtmp_session_get_stream_state (peer->session, 1),
      ==, GST_ARCLY_RTMP_STREAM_PUBLISHING);
  while (TRUE) {
    g_autoptr (RtmpReply) reply = rtmp_client_next_reply (peer->client);

    if (!reply)
      break;
  }
  g_string_truncate (peer->log, 0);
  return peer;
}
