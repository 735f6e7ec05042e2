/* SPDX-License-Identifier: MIT
 *
 * For subscriptions only. */
#pragma once

#include <gst/arcly/kernel/gstarclygroup.h>

G_BEGIN_DECLS

#define GST_ARCLY_NO_GATE G_MAXUINT

struct _GstArclyGroup {
  GObject parent;

  /* Atomic, relaxed. Settings. */
  _Atomic guint64 max_buffers;
  _Atomic guint64 max_bytes;
  _Atomic guint64 max_time;
  _Atomic guint evict;
  _Atomic guint replay; /* a GstArclyReplay */

  /* Atomic. The subscription that lags writes, release; its siblings that are
   * behind skip to it. Publishes resync_gate. */
  _Atomic guint64 resync_seq;
  _Atomic guint resync_gate; /* the track whose keyframe is waited for */

  /* Atomic, relaxed. */
  _Atomic guint64 n_resyncs;
  _Atomic guint evicted;

  /* lock. Innermost: nothing else is taken under it. */
  GMutex lock;
  GArray *tracks;     /* (element-type guint), of all subscriptions */
  GPtrArray *members; /* (element-type GWeakRef), owned */

  /* lock: where those that replay without showing it come in. */
  guint takers;
  gboolean joined; /* there is such a place */
  guint64 join_seq;
  GstClockTime join_arrival;
  GstClockTime join_time;
};

/* The running time from which a reader that begins at start_seq shows what it
 * gets: where its siblings come in, if they began just now, else time, which is
 * the head's. */
GstClockTime gst_arcly_group_join (GstArclyGroup *group, guint64 start_seq,
    guint64 head_seq, GstClockTime head_arrival, GstClockTime time);

void gst_arcly_group_add_track (GstArclyGroup *group, guint track);

void gst_arcly_group_remove_track (GstArclyGroup *group, guint track);

/* Copies at most max numbers. */
guint gst_arcly_group_get_tracks (
    GstArclyGroup *group, guint *tracks, guint max);

/* Returns a handle for gst_arcly_group_remove_member(). */
GWeakRef *gst_arcly_group_add_member (GstArclyGroup *group, GObject *member);

void gst_arcly_group_remove_member (GstArclyGroup *group, GWeakRef *ref);

/* (transfer full) (element-type GObject) */
GPtrArray *gst_arcly_group_get_members (GstArclyGroup *group);

gboolean gst_arcly_group_past_bounds (
    GstArclyGroup *group, const GstArclyLag *lag);

G_END_DECLS
