/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpqueue.h"

/* What an item costs beside its payload, so that tiny messages are bounded,
 * too. */
#define ITEM_OVERHEAD 256

struct _GstArclyRtmpQueue {
  /* Constant. */
  gsize max_bytes;
  gint64 max_ms;

  GMutex lock;

  /* lock. Waits for an item, or for flushing. */
  GCond changed;
  GQueue items; /* (element-type GstArclyRtmpItem), owned */
  gsize bytes;
  gint64 newest; /* ms, of the last media put in */
  gboolean flushing;
  gboolean paused;
  gboolean closing; /* holds the EOS */
  gboolean full;    /* somebody waits to be told of room */
};

GstArclyRtmpItem *
gst_arcly_rtmp_item_new (GstArclyRtmpItemKind kind)
{
  GstArclyRtmpItem *item = g_new0 (GstArclyRtmpItem, 1);

  item->kind = kind;
  return item;
}

void
gst_arcly_rtmp_item_free (GstArclyRtmpItem *item)
{
  g_free (item->peer);
  g_free (item->name);
  g_free (item->reason);
  g_clear_pointer (&item->event, gst_arcly_rtmp_event_free);
  gst_clear_event (&item->downstream);
  g_free (item);
}

GstArclyRtmpQueue *
gst_arcly_rtmp_queue_new (gsize max_bytes, gint64 max_ms)
{
  GstArclyRtmpQueue *queue = g_new0 (GstArclyRtmpQueue, 1);

  queue->max_bytes = max_bytes;
  queue->max_ms = max_ms;
  g_mutex_init (&queue->lock);
  g_cond_init (&queue->changed);
  g_queue_init (&queue->items);
  return queue;
}

void
gst_arcly_rtmp_queue_free (GstArclyRtmpQueue *queue)
{
  g_queue_clear_full (&queue->items, (GDestroyNotify) gst_arcly_rtmp_item_free);
  g_cond_clear (&queue->changed);
  g_mutex_clear (&queue->lock);
  g_free (queue);
}

static gint64
span_locked (GstArclyRtmpQueue *queue)
{
  const GstArclyRtmpItem *oldest = g_queue_peek_head (&queue->items);

  return oldest ? MAX (queue->newest - oldest->time, 0) : 0;
}

static void
measure_locked (GstArclyRtmpQueue *queue, GstArclyRtmpItem *item)
{
  const GstArclyRtmpEvent *event = item->event;

  item->bytes = ITEM_OVERHEAD;
  item->time = queue->newest;
  if (event && event->kind == GST_ARCLY_RTMP_EVENT_MEDIA) {
    item->bytes += g_bytes_get_size (event->media.payload);
    item->time = event->media.timestamp;
  } else if (event && event->kind == GST_ARCLY_RTMP_EVENT_METADATA) {
    item->bytes += g_bytes_get_size (event->metadata.payload);
  }
}

gboolean
gst_arcly_rtmp_queue_push (GstArclyRtmpQueue *queue, GstArclyRtmpItem *item)
{
  g_autoptr (GstArclyRtmpItem) owned = item;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);

  if (queue->flushing)
    return TRUE;
  measure_locked (queue, item);
  queue->bytes += item->bytes;
  queue->newest = item->time;
  if (item->kind == GST_ARCLY_RTMP_ITEM_EOS)
    queue->closing = TRUE;
  g_queue_push_tail (&queue->items, g_steal_pointer (&owned));
  g_cond_broadcast (&queue->changed);

  if (queue->bytes <= queue->max_bytes && span_locked (queue) <= queue->max_ms)
    return TRUE;
  queue->full = TRUE;
  return FALSE;
}

static gboolean
is_held_locked (GstArclyRtmpQueue *queue)
{
  return g_queue_is_empty (&queue->items) || (queue->paused && !queue->closing);
}

GstArclyRtmpItem *
gst_arcly_rtmp_queue_pop (GstArclyRtmpQueue *queue, gboolean *resume)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);
  GstArclyRtmpItem *item;

  *resume = FALSE;
  while (!queue->flushing && is_held_locked (queue))
    g_cond_wait (&queue->changed, &queue->lock);
  if (queue->flushing)
    return NULL;

  item = g_queue_pop_head (&queue->items);
  queue->bytes -= item->bytes;
  if (item->kind == GST_ARCLY_RTMP_ITEM_EOS)
    queue->closing = FALSE;
  if (queue->full && queue->bytes <= queue->max_bytes / 2 &&
      span_locked (queue) <= queue->max_ms / 2) {
    queue->full = FALSE;
    *resume = TRUE;
  }
  return item;
}

void
gst_arcly_rtmp_queue_set_flushing (GstArclyRtmpQueue *queue, gboolean flushing)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);

  queue->flushing = flushing;
  g_cond_broadcast (&queue->changed);
}

void
gst_arcly_rtmp_queue_set_paused (GstArclyRtmpQueue *queue, gboolean paused)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);

  queue->paused = paused;
  g_cond_broadcast (&queue->changed);
}

gboolean
gst_arcly_rtmp_queue_clear (GstArclyRtmpQueue *queue)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);
  gboolean full = queue->full;

  g_queue_clear_full (&queue->items, (GDestroyNotify) gst_arcly_rtmp_item_free);
  queue->bytes = 0;
  queue->full = FALSE;
  queue->closing = FALSE;
  return full;
}

void
gst_arcly_rtmp_queue_get_level (
    GstArclyRtmpQueue *queue, gsize *bytes, gint64 *ms)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED =
      g_mutex_locker_new (&queue->lock);

  *bytes = queue->bytes;
  *ms = span_locked (queue);
}
