/* SPDX-License-Identifier: MIT
 *
 * Between the server's loop, which must not block, and an element's streaming
 * thread, which may. Takes all it is given; when it is full it says so, and
 * says again when there is room. Any thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpevent.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_RTMP_ITEM_START,      /* a publisher came: peer, name */
  GST_ARCLY_RTMP_ITEM_EVENT,      /* what it sent: event */
  GST_ARCLY_RTMP_ITEM_END,        /* it went: reason, error */
  GST_ARCLY_RTMP_ITEM_DOWNSTREAM, /* for all pads: downstream */
  GST_ARCLY_RTMP_ITEM_EOS,        /* the application ends the stream */
} GstArclyRtmpItemKind;

/* Owns all it holds. */
typedef struct {
  GstArclyRtmpItemKind kind;
  gchar *peer;
  gchar *name;
  gchar *reason;
  gboolean error;
  GstArclyRtmpEvent *event;
  GstEvent *downstream;
  /*< private >*/
  gsize bytes;
  gint64 time;
} GstArclyRtmpItem;

GstArclyRtmpItem *gst_arcly_rtmp_item_new (GstArclyRtmpItemKind kind);
void gst_arcly_rtmp_item_free (GstArclyRtmpItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpItem, gst_arcly_rtmp_item_free)

typedef struct _GstArclyRtmpQueue GstArclyRtmpQueue;

GstArclyRtmpQueue *gst_arcly_rtmp_queue_new (gsize max_bytes, gint64 max_ms);
void gst_arcly_rtmp_queue_free (GstArclyRtmpQueue *queue);

/* Takes @item; never blocks. FALSE: full, and a pop will tell when to go on.
 * While the queue flushes, items are dropped. */
gboolean gst_arcly_rtmp_queue_push (
    GstArclyRtmpQueue *queue, GstArclyRtmpItem *item);

/* Waits for the next item; NULL if the queue flushes. @resume: the queue was
 * full and is now half empty. */
GstArclyRtmpItem *gst_arcly_rtmp_queue_pop (
    GstArclyRtmpQueue *queue, gboolean *resume);

/* Wakes a waiting pop. Items stay, and come out when it is unset. */
void gst_arcly_rtmp_queue_set_flushing (
    GstArclyRtmpQueue *queue, gboolean flushing);

/* A paused queue gives out nothing, unless it holds the EOS: that, and what is
 * before it, must get through. */
void gst_arcly_rtmp_queue_set_paused (
    GstArclyRtmpQueue *queue, gboolean paused);

/* Drops all items. TRUE: the queue was full. */
gboolean gst_arcly_rtmp_queue_clear (GstArclyRtmpQueue *queue);

void gst_arcly_rtmp_queue_get_level (
    GstArclyRtmpQueue *queue, gsize *bytes, gint64 *ms);

G_END_DECLS
