/* SPDX-License-Identifier: MIT
 *
 * What the NAL units of H.265 are. Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclynal.h>

G_BEGIN_DECLS

/* ITU-T H.265, table 7-1. */
#define GST_ARCLY_H265_NAL_VPS 32
#define GST_ARCLY_H265_NAL_SPS 33
#define GST_ARCLY_H265_NAL_PPS 34
#define GST_ARCLY_H265_NAL_AUD 35
#define GST_ARCLY_H265_NAL_SEI 39
#define GST_ARCLY_H265_NAL_SEI_SUFFIX 40

#define GST_ARCLY_H265_NAL_IS_VCL(type) ((type) < 32)
/* BLA_W_LP to CRA_NUT. 22 and 23 are reserved. */
#define GST_ARCLY_H265_NAL_IS_IRAP(type) ((type) >= 16 && (type) <= 21)

/* The id by which a new parameter set replaces an older one; -1 if it has none
 * in the range of its kind. */
GST_ARCLY_API
gint gst_arcly_h265_set_id (const guint8 *nal, gsize size);

G_END_DECLS
