/* SPDX-License-Identifier: MIT
 *
 * What waits for the disk, between the thread that streams and the one that
 * writes. Bounded: where the disk is too slow, whole fragments are left out,
 * and their place tells so. */
#pragma once

#include <gst/base/base.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* A fragment, or a piece of one that is large. */
typedef struct {
  GPtrArray *buffers; /* (element-type GstBuffer), owned */
  GBytes *init;       /* the init segment it needs, owned; NULL: none */
  gsize bytes;
  gint64 media; /* ns */
  gint64 duration;
  gint64 wall;      /* us since 1970 */
  gboolean begins;  /* else it continues the fragment before */
  const gchar *cut; /* static: why a file has to begin with it, or NULL */
} GstArclyRecordFragment;

GstArclyRecordFragment *gst_arcly_record_fragment_new (void);
void gst_arcly_record_fragment_free (GstArclyRecordFragment *fragment);
void gst_arcly_record_fragment_add (
    GstArclyRecordFragment *fragment, GstBuffer *buffer);

/* What was left out. */
typedef struct {
  guint64 fragments; /* that were begun */
  guint64 bytes;
  gint64 media;
  gint64 end; /* media time where it ends */
  gint64 wall;
  const gchar *reason; /* static; NULL: nothing was */
} GstArclyRecordLoss;

void gst_arcly_record_loss_add (GstArclyRecordLoss *loss,
    const GstArclyRecordFragment *fragment, const gchar *reason);
void gst_arcly_record_loss_merge (
    GstArclyRecordLoss *loss, const GstArclyRecordLoss *other);

/* One of the three. */
typedef struct {
  GstArclyRecordFragment *fragment; /* owned */
  GstArclyRecordLoss loss;
  const gchar *close; /* static: why the open file ends */
} GstArclyRecordItem;

void gst_arcly_record_item_clear (GstArclyRecordItem *item);

typedef struct {
  GMutex lock;
  GCond changed;

  /* The lock. */
  GstQueueArray *items; /* (element-type GstArclyRecordItem), owned */
  gsize bytes;          /* that wait or are being written */
  gsize max_bytes;
  gboolean busy;     /* an item is being handled */
  gboolean skipping; /* until the next fragment begins */
  gboolean interrupted;
  gboolean stopping;
  gint64 end_time; /* of waits in push, monotonic clock; 0: none */
} GstArclyRecordQueue;

void gst_arcly_record_queue_init (GstArclyRecordQueue *self, gsize max_bytes);
void gst_arcly_record_queue_clear (GstArclyRecordQueue *self);

/* The streaming thread. Takes the fragment. Where there is no room it waits
 * for some, if it may, until it is interrupted or past its limit; else the
 * fragment is lost, and FALSE is returned. */
gboolean gst_arcly_record_queue_push (GstArclyRecordQueue *self,
    GstArclyRecordFragment *fragment, gboolean may_wait);

void gst_arcly_record_queue_push_close (
    GstArclyRecordQueue *self, const gchar *reason);

/* Something that the streaming thread left out. */
void gst_arcly_record_queue_push_loss (
    GstArclyRecordQueue *self, const GstArclyRecordLoss *loss);

/* Waits until all is written, up to @end_time, of the monotonic clock. FALSE if
 * it is not; it goes on then. */
gboolean gst_arcly_record_queue_drain (
    GstArclyRecordQueue *self, gint64 end_time);

/* Whoever waits in push or drain stops, until it is FALSE again. */
void gst_arcly_record_queue_interrupt (
    GstArclyRecordQueue *self, gboolean interrupted);

/* Nobody waits in push past this, of the monotonic clock. */
void gst_arcly_record_queue_limit (GstArclyRecordQueue *self, gint64 end_time);

/* What is queued is handed out still, then nothing. */
void gst_arcly_record_queue_stop (GstArclyRecordQueue *self);

/* What waits is lost. */
void gst_arcly_record_queue_give_up (GstArclyRecordQueue *self);

gsize gst_arcly_record_queue_get_bytes (GstArclyRecordQueue *self);

typedef enum {
  GST_ARCLY_RECORD_POP_ITEM,
  GST_ARCLY_RECORD_POP_TIMEOUT,
  GST_ARCLY_RECORD_POP_STOP,
} GstArclyRecordPop;

/* The disk's thread. Waits up to @end_time, -1: for ever. Each item has to be
 * given to done. */
GstArclyRecordPop gst_arcly_record_queue_pop (
    GstArclyRecordQueue *self, gint64 end_time, GstArclyRecordItem *item);
void gst_arcly_record_queue_done (
    GstArclyRecordQueue *self, GstArclyRecordItem *item);

G_END_DECLS
