/* SPDX-License-Identifier: MIT
 *
 * The pieces that make one access unit: pointers into what the caller keeps,
 * so that nothing is copied before it is written into packets. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const guint8 *data;
  gsize size;
} GstArclyTsPiece;

typedef struct {
  GArray *pieces; /* (element-type GstArclyTsPiece), reused */
  gsize size;     /* of all pieces */
} GstArclyTsGather;

void gst_arcly_ts_gather_init (GstArclyTsGather *gather);

void gst_arcly_ts_gather_clear (GstArclyTsGather *gather);

void gst_arcly_ts_gather_reset (GstArclyTsGather *gather);

void gst_arcly_ts_gather_add (
    GstArclyTsGather *gather, const guint8 *data, gsize size);

G_END_DECLS
