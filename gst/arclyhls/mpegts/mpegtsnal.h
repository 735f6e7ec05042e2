/* SPDX-License-Identifier: MIT
 *
 * NAL units of H.264 and H.265, as far as a muxer tells them apart. */
#pragma once

#include <glib.h>

#include "mpegtsvideo.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_TS_NAL_OTHER,
  GST_ARCLY_TS_NAL_DELIMITER,
  GST_ARCLY_TS_NAL_SEI, /* in front of the picture */
  GST_ARCLY_TS_NAL_VPS,
  GST_ARCLY_TS_NAL_SPS,
  GST_ARCLY_TS_NAL_PPS,
  GST_ARCLY_TS_NAL_SLICE,
} GstArclyTsNalKind;

GstArclyTsNalKind gst_arcly_ts_nal_kind (
    GstArclyTsVideoCodec codec, const guint8 *nal, gsize size);

/* The id by which a new parameter set replaces an older one; -1 if it has none
 * in the range of its kind. */
gint gst_arcly_ts_nal_set_id (
    GstArclyTsVideoCodec codec, const guint8 *nal, gsize size);

/* Can decoding start at the picture that this slice is the first of? */
gboolean gst_arcly_ts_nal_is_random_access (GstArclyTsVideoCodec codec,
    const guint8 *nal, gsize size, gboolean keyframe, gboolean recovery_point);

/* Walks the NAL units of an access unit. Unlike the one of the codec library
 * it does not look for the end of a slice in a byte stream: "size" of a slice
 * reaches to the end of the data, and the walk ends there. */
typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  guint length_size; /* 0: start codes */
  GstArclyTsVideoCodec codec;
  gboolean malformed;
} GstArclyTsNalWalk;

void gst_arcly_ts_nal_walk_init (GstArclyTsNalWalk *walk,
    GstArclyTsVideoCodec codec, const guint8 *data, gsize size,
    guint length_size);

/* Empty units are passed over. FALSE at the end. */
gboolean gst_arcly_ts_nal_walk_next (GstArclyTsNalWalk *walk,
    const guint8 **nal, gsize *size, GstArclyTsNalKind *kind);

G_END_DECLS
