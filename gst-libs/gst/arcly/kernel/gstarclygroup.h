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

GST_ARCLY_API
GstArclyGroup *gst_arcly_group_new (void);

/* Any thread, any time. 0 in a field is no bound. */
GST_ARCLY_API
void gst_arcly_group_set_bounds (
    GstArclyGroup *group, const GstArclyLag *bounds, gboolean evict);

GST_ARCLY_API
void gst_arcly_group_get_bounds (
    GstArclyGroup *group, GstArclyLag *bounds, gboolean *evict);

GST_ARCLY_API
guint64 gst_arcly_group_get_resyncs (GstArclyGroup *group);

GST_ARCLY_API
gboolean gst_arcly_group_is_evicted (GstArclyGroup *group);

G_END_DECLS
