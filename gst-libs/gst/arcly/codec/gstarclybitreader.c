/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>

void
gst_arcly_bit_reader_init (
    GstArclyBitReader *reader, const guint8 *data, gsize size)
{
  *reader = (GstArclyBitReader){ .data = data, .size = size };
}

void
gst_arcly_bit_reader_init_rbsp (
    GstArclyBitReader *reader, const guint8 *data, gsize size)
{
  gst_arcly_bit_reader_init (reader, data, size);
  reader->rbsp = TRUE;
}

static gboolean
load_byte (GstArclyBitReader *reader)
{
  if (reader->rbsp && reader->zeros >= 2 && reader->pos < reader->size &&
      reader->data[reader->pos] == 3) {
    reader->pos++;
    reader->zeros = 0;
  }
  if (reader->overrun || reader->pos >= reader->size) {
    reader->overrun = TRUE;
    return FALSE;
  }
  reader->byte = reader->data[reader->pos++];
  reader->zeros = reader->byte ? 0 : reader->zeros + 1;
  reader->bits_left = 8;
  return TRUE;
}

guint32
gst_arcly_bit_reader_bits (GstArclyBitReader *reader, guint n)
{
  guint64 value = 0;

  while (n > 0) {
    guint take;

    if (reader->bits_left == 0 && !load_byte (reader))
      return 0;
    take = MIN (n, reader->bits_left);
    reader->bits_left -= take;
    value = value << take |
            (((guint) reader->byte >> reader->bits_left) & ((1u << take) - 1));
    n -= take;
  }
  return value;
}

gboolean
gst_arcly_bit_reader_flag (GstArclyBitReader *reader)
{
  return gst_arcly_bit_reader_bits (reader, 1) != 0;
}

void
gst_arcly_bit_reader_skip (GstArclyBitReader *reader, guint n)
{
  while (n > 0 && !reader->overrun) {
    guint step = MIN (n, 32);

    gst_arcly_bit_reader_bits (reader, step);
    n -= step;
  }
}

guint32
gst_arcly_bit_reader_ue (GstArclyBitReader *reader)
{
  guint zeros = 0;

  while (!gst_arcly_bit_reader_flag (reader)) {
    /* 2^32 - 2 is the largest value that any syntax element may have. */
    if (reader->overrun || ++zeros > 31) {
      reader->overrun = TRUE;
      return 0;
    }
  }
  return (guint32) ((1u << zeros) - 1) +
         gst_arcly_bit_reader_bits (reader, zeros);
}

gint32
gst_arcly_bit_reader_se (GstArclyBitReader *reader)
{
  guint32 code = gst_arcly_bit_reader_ue (reader);

  return code & 1 ? (gint32) (code / 2 + 1) : -(gint32) (code / 2);
}
