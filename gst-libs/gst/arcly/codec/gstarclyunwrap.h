/* SPDX-License-Identifier: MIT
 *
 * Makes one 64-bit timeline of a timestamp that wraps at N bits: 24, 31 or 32
 * in RTMP and FLV, 33 in MPEG-TS. One reader, one thread. Private to the
 * project: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/* Look at started only; false until the first value. */
typedef struct {
  guint bits;
  gboolean started;
  gint64 last;
} GstArclyUnwrap;

/* bits is 2 to 63. Also forgets all earlier values. */
GST_ARCLY_API
void gst_arcly_unwrap_init (GstArclyUnwrap *unwrap, guint bits);

/* The first value is returned as it is. Each later one is taken to lie at most
 * half of 2^bits from the one before, in either direction (a step of exactly
 * half goes back), so values out of order are welcome and a result may be
 * negative. Bits above the width are ignored. */
GST_ARCLY_API
gint64 gst_arcly_unwrap_next (GstArclyUnwrap *unwrap, guint64 value);

G_END_DECLS
