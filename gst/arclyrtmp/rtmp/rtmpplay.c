/* SPDX-License-Identifier: MIT */
#include "rtmpsessionprivate.h"

#include <string.h>

static GstArclyRtmpMessageStream *
find_playing (const GstArclyRtmpSession *session, guint32 stream_id)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  return stream && stream->state == GST_ARCLY_RTMP_STREAM_PLAYING ? stream
                                                                  : NULL;
}

static void
tell (GstArclyRtmpSession *session, guint32 stream_id, const gchar *level,
    const gchar *code, const gchar *description)
{
  gst_arcly_rtmp_reply_status (
      &session->replies, "onStatus", stream_id, level, code, description);
}

/* RTMP 1.0, 7.2.2.1. */
gboolean
gst_arcly_rtmp_session_accept_play (
    GstArclyRtmpSession *session, guint32 stream_id)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  if (session->asked == 0 || session->asked != stream_id ||
      stream->state != GST_ARCLY_RTMP_STREAM_PLAY_ASKED)
    return FALSE;
  session->asked = 0;
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_PLAYING);
  gst_arcly_rtmp_reply_user_control (
      &session->replies, GST_ARCLY_RTMP_STREAM_BEGIN, stream_id);
  tell (session, stream_id, "status", "NetStream.Play.Reset",
      "Playing and resetting.");
  tell (session, stream_id, "status", "NetStream.Play.Start", "Playing.");
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_tell_play (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description)
{
  if (session->state == GST_ARCLY_RTMP_STATE_CLOSED ||
      !find_playing (session, stream_id))
    return FALSE;
  tell (session, stream_id, level, code, description);
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_end_play (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *code, const gchar *description)
{
  GstArclyRtmpMessageStream *stream = find_playing (session, stream_id);

  if (session->state == GST_ARCLY_RTMP_STATE_CLOSED || !stream)
    return FALSE;
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_IDLE);
  if (code) {
    tell (session, stream_id, "error", code, description);
    return TRUE;
  }
  /* RTMP 1.0, 7.1.7, and what librtmp, ffmpeg and Flash players look for. */
  gst_arcly_rtmp_reply_user_control (
      &session->replies, GST_ARCLY_RTMP_STREAM_EOF, stream_id);
  tell (session, stream_id, "status", "NetStream.Play.UnpublishNotify",
      description);
  tell (session, stream_id, "status", "NetStream.Play.Stop", description);
  return TRUE;
}

void
gst_arcly_rtmp_session_leave_play (
    GstArclyRtmpSession *session, GstArclyRtmpMessageStream *stream)
{
  if (stream->state != GST_ARCLY_RTMP_STREAM_PLAYING)
    return;
  gst_arcly_rtmp_session_queue (session, GST_ARCLY_RTMP_EVENT_STOP, stream->id);
  tell (
      session, stream->id, "status", "NetStream.Play.Stop", "Stopped playing.");
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_IDLE);
}

/* RTMP 1.0, 7.2.2.8. */
static void
pause (GstArclyRtmpSession *session, guint32 stream_id,
    const GstArclyAmfValue *argument)
{
  gboolean paused = gst_arcly_amf_value_boolean (argument, FALSE);

  gst_arcly_rtmp_session_queue (session, GST_ARCLY_RTMP_EVENT_PAUSE, stream_id)
      ->paused = paused;
  if (paused)
    tell (session, stream_id, "status", "NetStream.Pause.Notify", "Paused.");
  else
    tell (session, stream_id, "status", "NetStream.Unpause.Notify",
        "Goes on, live.");
}

/* RTMP 1.0, 7.2.2.4 and 7.2.2.5: only TRUE is answered. */
static void
receive (GstArclyRtmpSession *session, guint32 stream_id,
    GstArclyRtmpMediaKind kind, const GstArclyAmfValue *argument)
{
  GstArclyRtmpEvent *event = gst_arcly_rtmp_session_queue (
      session, GST_ARCLY_RTMP_EVENT_RECEIVE, stream_id);

  event->receive.kind = kind;
  event->receive.on = gst_arcly_amf_value_boolean (argument, TRUE);
  if (!event->receive.on)
    return;
  tell (session, stream_id, "status", "NetStream.Seek.Notify", "Live.");
  tell (session, stream_id, "status", "NetStream.Play.Start", "Playing.");
}

gboolean
gst_arcly_rtmp_session_player_command (GstArclyRtmpSession *session,
    const gchar *name, guint32 stream_id, gdouble transaction,
    const GstArclyAmfValue *argument)
{
  if (!find_playing (session, stream_id))
    return FALSE;
  if (strcmp (name, "seek") == 0)
    /* RTMP 1.0, 7.2.2.7: a seek that fails is answered with _error, and the
     * client plays on. */
    gst_arcly_rtmp_reply_error (&session->replies, transaction,
        "NetStream.Seek.Failed", "A live stream cannot seek.");
  else if (strcmp (name, "receiveAudio") == 0)
    receive (session, stream_id, GST_ARCLY_RTMP_AUDIO, argument);
  else if (strcmp (name, "receiveVideo") == 0)
    receive (session, stream_id, GST_ARCLY_RTMP_VIDEO, argument);
  else
    pause (session, stream_id, argument);
  return TRUE;
}
