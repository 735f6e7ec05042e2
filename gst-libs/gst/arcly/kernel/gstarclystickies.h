/* SPDX-License-Identifier: MIT
 *
 * The sticky events of a track at one moment. A set never changes: a new
 * event makes a new set, so start points share sets by reference. Private to
 * the project: not installed. */
#pragma once

#include <gst/gst.h>
#include <stdatomic.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

typedef struct {
  _Atomic guint refs;
  guint n_events;
  GstEvent *events[]; /* in the order in which they must be sent */
} GstArclyStickies;

GST_ARCLY_API
GstArclyStickies *gst_arcly_stickies_ref (GstArclyStickies *stickies);

GST_ARCLY_API
void gst_arcly_stickies_unref (GstArclyStickies *stickies);

/* The set with the event applied as GstPad does it: replaces the one of its
 * kind; stream-start ends EOS; flush-stop ends EOS and the segment. The old
 * set may be NULL; it is consumed. Keeps its own reference to event. */
GST_ARCLY_API
GstArclyStickies *gst_arcly_stickies_apply (
    GstArclyStickies *stickies, GstEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyStickies, gst_arcly_stickies_unref)

G_END_DECLS
