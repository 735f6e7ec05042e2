/* SPDX-License-Identifier: MIT
 *
 * Where the segments of several renditions begin: one of them leads, and says
 * where it cut and how far it is; the others follow. Any thread; a lock of its
 * own, held for lookups. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_HLS_CUTS_END G_MAXINT64

typedef struct {
  guint64 sequence; /* of the segment that begins */
  gint64 pts;       /* ns */
  gint64 date_time; /* of that, microseconds since 1970 UTC */
  gboolean discontinuity;
} GstArclyHlsCutPoint;

typedef struct _GstArclyHlsCuts GstArclyHlsCuts;

GstArclyHlsCuts *gst_arcly_hls_cuts_new (void);
GstArclyHlsCuts *gst_arcly_hls_cuts_ref (GstArclyHlsCuts *self);
void gst_arcly_hls_cuts_unref (GstArclyHlsCuts *self);

/* The one that leads: a segment begins; all is known up to @horizon (ns, or
 * GST_ARCLY_HLS_CUTS_END when nothing more comes); what it advertises. */
void gst_arcly_hls_cuts_add (
    GstArclyHlsCuts *self, const GstArclyHlsCutPoint *point);
void gst_arcly_hls_cuts_advance (GstArclyHlsCuts *self, gint64 horizon);
void gst_arcly_hls_cuts_set_target (GstArclyHlsCuts *self, guint seconds);

/* FALSE if segment @sequence did not begin yet, or long ago. */
gboolean gst_arcly_hls_cuts_get (
    GstArclyHlsCuts *self, guint64 sequence, GstArclyHlsCutPoint *point);
/* The last one up to @pts, or the first of all. FALSE if there is none. */
gboolean gst_arcly_hls_cuts_find (
    GstArclyHlsCuts *self, gint64 pts, GstArclyHlsCutPoint *point);
/* 0 if not known yet. */
guint gst_arcly_hls_cuts_get_target (GstArclyHlsCuts *self);

/* Waits until the horizon is at @pts, a waiter is interrupted, or nothing has
 * moved for @patience microseconds. TRUE unless it was interrupted. */
gboolean gst_arcly_hls_cuts_wait (GstArclyHlsCuts *self, gint64 pts,
    gint64 patience, const gint *interrupted);
/* After *interrupted, which is atomic, was set. */
void gst_arcly_hls_cuts_wake (GstArclyHlsCuts *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsCuts, gst_arcly_hls_cuts_unref)

G_END_DECLS
