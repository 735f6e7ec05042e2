/* SPDX-License-Identifier: MIT
 *
 * Walks the NAL units of an access unit, in place: H.264, H.265 and H.266 have
 * the same two packagings. Private: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/* ITU-T H.265, 7.3.1.2, and H.266, 7.3.1.2: the type in a header of two
 * bytes. A unit of one byte has none. */
#define GST_ARCLY_NAL_TYPE_H265(nal) ((nal)[0] >> 1 & 0x3f)
#define GST_ARCLY_NAL_TYPE_H266(nal) ((nal)[1] >> 3)

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  guint length_size; /* 0: start codes */
  gboolean malformed;
} GstArclyNalIter;

/* length_size is 1, 2 or 4 for length-prefixed units (ISO/IEC 14496-15,
 * 5.3.2), 0 for a byte stream (annex B of the three). */
GST_ARCLY_API
void gst_arcly_nal_iter_init (
    GstArclyNalIter *iter, const guint8 *data, gsize size, guint length_size);

/* The next NAL unit of at least one byte; empty ones are passed over. FALSE
 * at the end; a length that passes the end also sets "malformed". */
GST_ARCLY_API
gboolean gst_arcly_nal_iter_next (
    GstArclyNalIter *iter, const guint8 **nal, gsize *nal_size);

G_END_DECLS
