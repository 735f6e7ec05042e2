/* SPDX-License-Identifier: MIT
 *
 * What the NAL units of H.266 are. Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclynal.h>

G_BEGIN_DECLS

/* ITU-T H.266, table 5. */
#define GST_ARCLY_H266_NAL_OPI 12
#define GST_ARCLY_H266_NAL_DCI 13
#define GST_ARCLY_H266_NAL_VPS 14
#define GST_ARCLY_H266_NAL_SPS 15
#define GST_ARCLY_H266_NAL_PPS 16
#define GST_ARCLY_H266_NAL_APS 17
#define GST_ARCLY_H266_NAL_AUD 20
#define GST_ARCLY_H266_NAL_SEI 23

#define GST_ARCLY_H266_NAL_IS_VCL(type) ((type) < 12)
/* IDR_W_RADL, IDR_N_LP, CRA_NUT. 10 is GDR: whole only some pictures on. */
#define GST_ARCLY_H266_NAL_IS_IRAP(type) ((type) >= 7 && (type) <= 9)

/* The id by which a new parameter set replaces an older one; -1 if it has none
 * in the range of its kind. */
GST_ARCLY_API
gint gst_arcly_h266_set_id (const guint8 *nal, gsize size);

G_END_DECLS
