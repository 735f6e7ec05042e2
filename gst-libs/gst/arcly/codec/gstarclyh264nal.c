/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyh264nal.h>

#define SEI_RECOVERY_POINT 6

/* 7.3.2.3.1: type and size of a message are runs of ff and a last byte. */
static guint32
sei_number (GstArclyBitReader *reader)
{
  guint32 sum = 0;
  guint32 byte;

  do {
    byte = gst_arcly_bit_reader_bits (reader, 8);
    sum += byte;
  } while (byte == 0xff && !reader->overrun && sum < 1u << 24);
  return sum;
}

gboolean
gst_arcly_h264_sei_has_recovery_point (const guint8 *nal, gsize size)
{
  GstArclyBitReader reader;

  if (size < 2)
    return FALSE;
  gst_arcly_bit_reader_init_rbsp (&reader, nal + 1, size - 1);
  while (!reader.overrun) {
    guint32 type = sei_number (&reader);
    guint32 length = sei_number (&reader);

    if (reader.overrun)
      return FALSE;
    if (type == SEI_RECOVERY_POINT)
      return TRUE;
    gst_arcly_bit_reader_skip (&reader, length * 8);
  }
  return FALSE;
}

gint
gst_arcly_h264_slice_type (const guint8 *nal, gsize size)
{
  GstArclyBitReader reader;
  guint32 type;

  if (size < 2)
    return -1;
  gst_arcly_bit_reader_init_rbsp (&reader, nal + 1, size - 1);
  gst_arcly_bit_reader_ue (&reader); /* first_mb_in_slice */
  type = gst_arcly_bit_reader_ue (&reader);
  return reader.overrun || type > 9 ? -1 : (gint) (type % 5);
}
