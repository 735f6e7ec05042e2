/* SPDX-License-Identifier: MIT
 *
 * Makes of an H.264 access unit in any packaging what MPEG-TS wants
 * (ISO/IEC 13818-1, 2.14): a byte stream that starts with an access unit
 * delimiter, with parameter sets in front of each random access point. */
#pragma once

#include <gst/arcly/codec/gstarclyh264.h>

#include "mpegtsgather.h"

G_BEGIN_DECLS

typedef struct _GstArclyTsH264 GstArclyTsH264;

GstArclyTsH264 *gst_arcly_ts_h264_new (void);

void gst_arcly_ts_h264_free (GstArclyTsH264 *h264);

/* What came with the caps: NULL for a byte stream. Forgets the parameter sets
 * of before. */
void gst_arcly_ts_h264_set_config (
    GstArclyTsH264 *h264, GstArclyH264Config *config);

/* The pieces point into data and into h264: write them before either changes.
 * "keyframe" is what the caller was told; *random_access is what is true.
 * FALSE, with an error, if there is no picture or the data is malformed. */
gboolean gst_arcly_ts_h264_gather (GstArclyTsH264 *h264, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyTsGather *gather,
    gboolean *random_access, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyTsH264, gst_arcly_ts_h264_free)

G_END_DECLS
