/* SPDX-License-Identifier: MIT
 *
 * What the subscriptions of one subscriber share: where they begin, how far
 * they may lag, and that they skip together. Private to the project: not
 * installed. */
#pragma once

#include <gst/gst.h>
#include <stdatomic.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_GROUP (gst_arcly_group_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclyGroup, gst_arcly_group, GST, ARCLY_GROUP, GObject)

typedef struct {
  guint64 buffers;
  guint64 bytes;
  GstClockTime time; /* by arrival */
} GstArclyLag;

/* What a newcomer gets of what was published before it came. */
typedef enum {
  GST_ARCLY_REPLAY_AS_IS,       /* from the newest keyframe on */
  GST_ARCLY_REPLAY_DECODE_ONLY, /* the same, but outside of the segment */
  GST_ARCLY_REPLAY_NONE,        /* nothing; it waits for a keyframe */
} GstArclyReplay;

GST_ARCLY_API
GstArclyGroup *gst_arcly_group_new (void);

/* Any thread. For readers that begin from now on. */
GST_ARCLY_API
void gst_arcly_group_set_replay (GstArclyGroup *group, GstArclyReplay replay);

GST_ARCLY_API
GstArclyReplay gst_arcly_group_get_replay (GstArclyGroup *group);

/* Any thread, any time. 0 in a field is no bound. */
GST_ARCLY_API
void gst_arcly_group_set_bounds (
    GstArclyGroup *group, const GstArclyLag *bounds, gboolean evict);

GST_ARCLY_API
void gst_arcly_group_get_bounds (
    GstArclyGroup *group, GstArclyLag *bounds, gboolean *evict);

/* One more reader has, or lost, somebody who takes what it delivers. Readers
 * whose group has such ones begin together; see GST_ARCLY_REPLAY_DECODE_ONLY.
 */
GST_ARCLY_API
void gst_arcly_group_count_taker (GstArclyGroup *group, gboolean more);

GST_ARCLY_API
guint64 gst_arcly_group_get_resyncs (GstArclyGroup *group);

GST_ARCLY_API
gboolean gst_arcly_group_is_evicted (GstArclyGroup *group);

G_END_DECLS
