/* SPDX-License-Identifier: MIT
 *
 * Makes of an H.264 access unit in any packaging a sample (ISO/IEC 14496-15,
 * 5): length-prefixed NAL units, and for 'avc1' no parameter sets, which are in
 * the sample entry; only those that cannot go there stay (of a sample that is
 * no sync sample). */
#pragma once

#include <gst/arcly/codec/gstarclyh264.h>

#include "fmp4sized.h"

G_BEGIN_DECLS

typedef struct _GstArclyFmp4H264 GstArclyFmp4H264;

/* "config" is what came with the caps, NULL for a byte stream; "in_band": sets
 * stay in the samples. */
GstArclyFmp4H264 *gst_arcly_fmp4_h264_new (
    GstArclyH264Config *config, gboolean in_band);

void gst_arcly_fmp4_h264_free (GstArclyFmp4H264 *h264);

/* NULL until the parameter sets are known. */
GstArclyH264Config *gst_arcly_fmp4_h264_get_config (GstArclyFmp4H264 *h264);

/* "keyframe" is what the caller was told. FALSE, with an error, if there is no
 * picture or the data is malformed. */
gboolean gst_arcly_fmp4_h264_read (GstArclyFmp4H264 *h264, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyFmp4Sized *sample, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyFmp4H264, gst_arcly_fmp4_h264_free)

G_END_DECLS
