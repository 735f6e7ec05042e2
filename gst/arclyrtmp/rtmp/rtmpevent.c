/* SPDX-License-Identifier: MIT */
#include "rtmpevent.h"

static void
connect_clear (GstArclyRtmpConnect *connect)
{
  g_free (connect->app);
  g_free (connect->app_query);
  g_free (connect->tc_url);
  g_free (connect->flash_ver);
  g_free (connect->page_url);
  g_free (connect->swf_url);
  g_strfreev (connect->arguments);
  g_clear_pointer (&connect->command, gst_arcly_amf_value_free);
}

static void
stream_clear (GstArclyRtmpStream *stream)
{
  g_free (stream->app);
  g_free (stream->name);
  g_free (stream->query);
  g_free (stream->type);
  g_free (stream->path);
}

GstArclyRtmpEvent *
gst_arcly_rtmp_event_new (GstArclyRtmpEventKind kind, guint32 stream_id)
{
  GstArclyRtmpEvent *event = g_new0 (GstArclyRtmpEvent, 1);

  event->kind = kind;
  event->stream_id = stream_id;
  return event;
}

void
gst_arcly_rtmp_event_free (GstArclyRtmpEvent *event)
{
  switch (event->kind) {
    case GST_ARCLY_RTMP_EVENT_CONNECT:
      connect_clear (&event->connect);
      break;
    case GST_ARCLY_RTMP_EVENT_PUBLISH:
    case GST_ARCLY_RTMP_EVENT_PLAY:
    case GST_ARCLY_RTMP_EVENT_UNPUBLISH:
      stream_clear (&event->stream);
      break;
    case GST_ARCLY_RTMP_EVENT_MEDIA:
      g_clear_pointer (&event->media.payload, g_bytes_unref);
      break;
    case GST_ARCLY_RTMP_EVENT_METADATA:
      g_clear_pointer (&event->metadata.values, gst_arcly_amf_value_free);
      g_clear_pointer (&event->metadata.payload, g_bytes_unref);
      break;
    case GST_ARCLY_RTMP_EVENT_STOP:
    case GST_ARCLY_RTMP_EVENT_PAUSE:
    case GST_ARCLY_RTMP_EVENT_RECEIVE:
    case GST_ARCLY_RTMP_EVENT_PONG:
      break;
    case GST_ARCLY_RTMP_EVENT_WARNING:
      g_clear_error (&event->warning);
      break;
  }
  g_free (event);
}

const gchar *
gst_arcly_rtmp_event_kind_name (GstArclyRtmpEventKind kind)
{
  switch (kind) {
    case GST_ARCLY_RTMP_EVENT_CONNECT:
      return "connect";
    case GST_ARCLY_RTMP_EVENT_PUBLISH:
      return "publish";
    case GST_ARCLY_RTMP_EVENT_PLAY:
      return "play";
    case GST_ARCLY_RTMP_EVENT_STOP:
      return "stop";
    case GST_ARCLY_RTMP_EVENT_PAUSE:
      return "pause";
    case GST_ARCLY_RTMP_EVENT_RECEIVE:
      return "receive";
    case GST_ARCLY_RTMP_EVENT_UNPUBLISH:
      return "unpublish";
    case GST_ARCLY_RTMP_EVENT_MEDIA:
      return "media";
    case GST_ARCLY_RTMP_EVENT_METADATA:
      return "metadata";
    case GST_ARCLY_RTMP_EVENT_PONG:
      return "pong";
    case GST_ARCLY_RTMP_EVENT_WARNING:
      return "warning";
  }
  return "unknown";
}
