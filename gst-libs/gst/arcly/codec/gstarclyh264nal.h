/* SPDX-License-Identifier: MIT
 *
 * Walks the NAL units of an access unit, in place. Private: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

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

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  guint length_size; /* 0: start codes */
  gboolean malformed;
} GstArclyH264NalIter;

/* length_size is 1, 2 or 4 for length-prefixed units (ISO/IEC 14496-15,
 * 5.3.2), 0 for a byte stream (ITU-T H.264, annex B). */
GST_ARCLY_API
void gst_arcly_h264_nal_iter_init (GstArclyH264NalIter *iter,
    const guint8 *data, gsize size, guint length_size);

/* The next NAL unit of at least one byte; empty ones are passed over. FALSE
 * at the end; a length that passes the end also sets "malformed". */
GST_ARCLY_API
gboolean gst_arcly_h264_nal_iter_next (
    GstArclyH264NalIter *iter, const guint8 **nal, gsize *nal_size);

/* Is there a recovery point in this SEI NAL unit (D.1.8)? */
GST_ARCLY_API
gboolean gst_arcly_h264_sei_has_recovery_point (const guint8 *nal, gsize size);

/* slice_type modulo 5 of a slice (7.4.3: 0 P, 1 B, 2 I, 3 SP, 4 SI), or -1. */
GST_ARCLY_API
gint gst_arcly_h264_slice_type (const guint8 *nal, gsize size);

G_END_DECLS
