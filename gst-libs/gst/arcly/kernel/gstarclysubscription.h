/* SPDX-License-Identifier: MIT
 *
 * One reader of a stream: a cursor, the tracks it wants, its bounds. Private
 * to the project: not installed. */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/kernel/gstarclygroup.h>
#include <gst/arcly/kernel/gstarclystream.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_SUBSCRIPTION (gst_arcly_subscription_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclySubscription, gst_arcly_subscription, GST,
    ARCLY_SUBSCRIPTION, GObject)

typedef enum {
  GST_ARCLY_ITEM_START = 1 << 0,   /* no object: the track begins (again) */
  GST_ARCLY_ITEM_STICKY = 1 << 1,  /* what holds at the start, not news */
  GST_ARCLY_ITEM_DISCONT = 1 << 2, /* first buffer after something was lost */
  GST_ARCLY_ITEM_BUFFER = 1 << 3,  /* a buffer, else an event */
  GST_ARCLY_ITEM_ALL_EOS = 1 << 4, /* no object: all tracks ended */
  GST_ARCLY_ITEM_EVICTED = 1 << 5, /* no object: nothing follows, ever */
} GstArclyItemFlags;

/* What a reader gets. The object belongs to the receiver. */
typedef struct {
  GstMiniObject *object; /* nullable, see the flags */
  gpointer target;       /* what the track was added with */
  GstClockTime arrival;
  guint16 track;
  guint16 flags;
  guint32 token; /* of the restart that the track runs on; 0 before any */
} GstArclyItem;

typedef struct {
  guint64 buffers; /* delivered */
  guint64 bytes;
  guint64 skipped; /* buffers not delivered for lag */
  GstArclyLag lag;
} GstArclySubscriptionStats;

/* All are called with no lock held. */
typedef struct {
  /* A worker; never two at once. May block: then it has the worker for itself
   * and what waits for it stays within the bounds. Takes the objects. */
  void (*deliver) (GstArclySubscription *sub, GstArclyItem *items,
      guint n_items, gpointer user_data);
  /* A worker. The reader waits for a keyframe of that track. */
  void (*need_key) (GstArclySubscription *sub, guint track, gpointer user_data);
  /* A worker, maybe while another one is blocked in deliver(). Once for all
   * subscriptions of a group. */
  void (*lagged) (GstArclySubscription *sub, const GstArclyLag *lag,
      gboolean evict, gpointer user_data);
} GstArclySubscriptionFuncs;

GST_ARCLY_API
GstArclySubscription *gst_arcly_subscription_new (GstArclyStream *stream,
    GstArclyGroup *group, const GstArclySubscriptionFuncs *funcs,
    gpointer user_data, GDestroyNotify destroy);

/* Begins with the track, at the newest start point; those that run already
 * go on without a seam. Keeps a reference to target while in use. */
GST_ARCLY_API
void gst_arcly_subscription_add_track (
    GstArclySubscription *sub, guint track, GObject *target);

/* Ends with the track; no delivery to target begins after this returns. See
 * gst_arcly_subscription_wait() for one that runs. */
GST_ARCLY_API
void gst_arcly_subscription_remove_track (
    GstArclySubscription *sub, guint track);

/* The track begins again at the newest start point, and its items bear the
 * token from then on: what was read before can be told from what follows. With
 * the token that it has already nothing happens. */
GST_ARCLY_API
void gst_arcly_subscription_restart_track (
    GstArclySubscription *sub, guint track, guint32 token);

/* Inside deliver() only: what was delivered of the track got lost; begin
 * again when the next entry comes. With discont, the loss will be told. */
GST_ARCLY_API
void gst_arcly_subscription_retry_track (
    GstArclySubscription *sub, guint track, gboolean discont);

GST_ARCLY_API
void gst_arcly_subscription_get_stats (
    GstArclySubscription *sub, GstArclySubscriptionStats *stats);

/* Adds how long buffers were in the log before they were delivered, but for
 * those of a replay, to the counts of a GstArclyHistogram. Those that go in one
 * batch all count as the oldest of them. Any thread. */
GST_ARCLY_API
void gst_arcly_subscription_sum_delays (
    GstArclySubscription *sub, guint64 *counts);

G_END_DECLS
