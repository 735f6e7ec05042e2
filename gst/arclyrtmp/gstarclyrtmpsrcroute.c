/* SPDX-License-Identifier: MIT
 *
 * What the server calls, in its loop: nothing here blocks, all goes into the
 * queue. */
#include "config.h"

#include "gstarclyrtmpsrcpriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_src_debug

/* Takes @peer. */
static void
set_peer (GstArclyRtmpSrc *self, gchar *peer)
{
  gchar *before;

  GST_OBJECT_LOCK (self);
  before = self->peer;
  self->peer = peer;
  GST_OBJECT_UNLOCK (self);
  g_free (before);
}

static gboolean
on_publish (gpointer data, const gchar *peer, const GstArclyRtmpStream *stream,
    gchar **reason)
{
  GstArclyRtmpSrc *self = data;
  GstArclyRtmpItem *item;

  if (!atomic_load (&self->accepting)) {
    atomic_fetch_add_explicit (
        &self->counters.refused, 1, memory_order_relaxed);
    *reason = g_strdup ("The stream has ended");
    return FALSE;
  }
  item = gst_arcly_rtmp_item_new (GST_ARCLY_RTMP_ITEM_START);
  item->peer = g_strdup (peer);
  item->name = g_strdup (stream->path);
  set_peer (self, g_strdup (peer));
  gst_arcly_rtmp_queue_push (self->queue, item);
  return TRUE;
}

static gboolean
on_event (gpointer data, GstArclyRtmpEvent *event)
{
  GstArclyRtmpSrc *self = data;
  GstArclyRtmpItem *item = gst_arcly_rtmp_item_new (GST_ARCLY_RTMP_ITEM_EVENT);

  item->event = event;
  return gst_arcly_rtmp_queue_push (self->queue, item);
}

static void
push_end (GstArclyRtmpSrc *self, const gchar *reason, gboolean error)
{
  GstArclyRtmpItem *item = gst_arcly_rtmp_item_new (GST_ARCLY_RTMP_ITEM_END);

  item->reason = g_strdup (reason);
  item->error = error;
  set_peer (self, NULL);
  gst_arcly_rtmp_queue_push (self->queue, item);
}

static void
end_stream (GstArclyRtmpSrc *self)
{
  atomic_store (&self->accepting, FALSE);
  gst_arcly_rtmp_queue_push (
      self->queue, gst_arcly_rtmp_item_new (GST_ARCLY_RTMP_ITEM_EOS));
}

static void
on_end (gpointer data, const gchar *reason, gboolean error)
{
  GstArclyRtmpSrc *self = data;
  gboolean ends = FALSE;

  GST_OBJECT_LOCK (self);
  ends = self->on_unpublish == GST_ARCLY_RTMP_ON_UNPUBLISH_EOS;
  self->window = ends ? self->reconnect_window : 0;
  GST_OBJECT_UNLOCK (self);

  push_end (self, reason, error);
  if (ends && self->window == 0)
    end_stream (self);
}

static void
on_replaced (gpointer data, const gchar *reason)
{
  push_end (data, reason, TRUE);
}

static GstClockTime
get_window (gpointer data)
{
  GstArclyRtmpSrc *self = data;

  return self->window;
}

static void
on_window_over (gpointer data)
{
  GstArclyRtmpSrc *self = data;

  GST_INFO_OBJECT (self, "no publisher came back");
  end_stream (self);
}

static void
on_refused (gpointer data, const gchar *peer, const gchar *reason)
{
  GstArclyRtmpSrc *self = data;

  atomic_fetch_add_explicit (&self->counters.refused, 1, memory_order_relaxed);
  GST_INFO_OBJECT (self, "%s was refused: %s", peer, reason);
}

const GstArclyRtmpRouteFuncs gst_arcly_rtmp_src_route_funcs = {
  .publish = on_publish,
  .event = on_event,
  .end = on_end,
  .refused = on_refused,
  .replaced = on_replaced,
  .get_window = get_window,
  .window_over = on_window_over,
};
