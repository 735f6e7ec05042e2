/* SPDX-License-Identifier: MIT
 *
 * Reads bits, most significant first, with the cursor's sticky error: a read
 * too far gives 0 and sets "overrun", so a caller checks once at the end.
 * Private to the project: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;       /* next byte to load */
  guint zeros;     /* zero bytes loaded in a row, for emulation prevention */
  guint8 byte;     /* the byte that is being read */
  guint bits_left; /* of byte */
  gboolean rbsp;   /* drop emulation prevention bytes */
  gboolean overrun;
} GstArclyBitReader;

GST_ARCLY_API
void gst_arcly_bit_reader_init (
    GstArclyBitReader *reader, const guint8 *data, gsize size);

/* The same for the payload of a NAL unit: the 03 of 00 00 03 is not data. */
GST_ARCLY_API
void gst_arcly_bit_reader_init_rbsp (
    GstArclyBitReader *reader, const guint8 *data, gsize size);

/* n up to 32. */
GST_ARCLY_API
guint32 gst_arcly_bit_reader_bits (GstArclyBitReader *reader, guint n);

GST_ARCLY_API
gboolean gst_arcly_bit_reader_flag (GstArclyBitReader *reader);

GST_ARCLY_API
void gst_arcly_bit_reader_skip (GstArclyBitReader *reader, guint n);

/* Exp-Golomb codes, ITU-T H.264, 9.1: ue(v) and se(v). */
GST_ARCLY_API
guint32 gst_arcly_bit_reader_ue (GstArclyBitReader *reader);

GST_ARCLY_API
gint32 gst_arcly_bit_reader_se (GstArclyBitReader *reader);

G_END_DECLS
