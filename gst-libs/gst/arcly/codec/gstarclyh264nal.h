/* SPDX-License-Identifier: MIT
 *
 * What the NAL units of H.264 are. Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclynal.h>

G_BEGIN_DECLS

/* ITU-T H.264, table 7-1. */
#define GST_ARCLY_H264_NAL_SLICE 1
#define GST_ARCLY_H264_NAL_SLICE_A 2
#define GST_ARCLY_H264_NAL_IDR 5
#define GST_ARCLY_H264_NAL_SEI 6
#define GST_ARCLY_H264_NAL_SPS 7
#define GST_ARCLY_H264_NAL_PPS 8
#define GST_ARCLY_H264_NAL_AUD 9
#define GST_ARCLY_H264_NAL_SPS_EXT 13

#define GST_ARCLY_H264_NAL_TYPE(nal) ((nal)[0] & 0x1f)
#define GST_ARCLY_H264_NAL_IS_VCL(type) ((type) >= 1 && (type) <= 5)

/* The walk is the same for all codecs with NAL units. */
typedef GstArclyNalIter GstArclyH264NalIter;
#define gst_arcly_h264_nal_iter_init gst_arcly_nal_iter_init
#define gst_arcly_h264_nal_iter_next gst_arcly_nal_iter_next

/* Is there a recovery point in this SEI NAL unit (D.1.8)? */
GST_ARCLY_API
gboolean gst_arcly_h264_sei_has_recovery_point (const guint8 *nal, gsize size);

/* slice_type modulo 5 of a slice (7.4.3: 0 P, 1 B, 2 I, 3 SP, 4 SI), or -1. */
GST_ARCLY_API
gint gst_arcly_h264_slice_type (const guint8 *nal, gsize size);

/* The id by which a new parameter set replaces an older one; -1 if it has none
 * in the range of its kind. */
GST_ARCLY_API
gint gst_arcly_h264_set_id (const guint8 *nal, gsize size);

G_END_DECLS
