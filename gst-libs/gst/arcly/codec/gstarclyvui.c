/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyvui.h>

#define EXTENDED_SAR 255

/* ITU-T H.264 and H.265, table E-1. */
static const guint8 sample_aspect_ratios[][2] = {
  { 0, 0 },
  { 1, 1 },
  { 12, 11 },
  { 10, 11 },
  { 16, 11 },
  { 40, 33 },
  { 24, 11 },
  { 20, 11 },
  { 32, 11 },
  { 80, 33 },
  { 18, 11 },
  { 15, 11 },
  { 64, 33 },
  { 160, 99 },
  { 4, 3 },
  { 3, 2 },
  { 2, 1 },
};

void
gst_arcly_vui_read_aspect_ratio (
    GstArclyBitReader *reader, guint *par_n, guint *par_d)
{
  guint32 idc;

  *par_n = *par_d = 0;
  if (!gst_arcly_bit_reader_flag (reader))
    return;
  idc = gst_arcly_bit_reader_bits (reader, 8);
  if (idc == EXTENDED_SAR) {
    *par_n = gst_arcly_bit_reader_bits (reader, 16);
    *par_d = gst_arcly_bit_reader_bits (reader, 16);
  } else if (idc < G_N_ELEMENTS (sample_aspect_ratios)) {
    *par_n = sample_aspect_ratios[idc][0];
    *par_d = sample_aspect_ratios[idc][1];
  }
  if (*par_n == 0 || *par_d == 0)
    *par_n = *par_d = 0;
}

void
gst_arcly_vui_read_video_signal (
    GstArclyBitReader *reader, guint8 *colour[3], gboolean *full_range)
{
  guint32 values[3];
  guint i;

  if (!gst_arcly_bit_reader_flag (reader))
    return;
  gst_arcly_bit_reader_skip (reader, 3); /* video_format */
  *full_range = gst_arcly_bit_reader_flag (reader);
  if (!gst_arcly_bit_reader_flag (reader))
    return;
  for (i = 0; i < 3; i++)
    values[i] = gst_arcly_bit_reader_bits (reader, 8);
  for (i = 0; i < 3 && !reader->overrun; i++)
    *colour[i] = values[i];
}

/* MIN would read twice. */
guint8
gst_arcly_vui_read_capped (GstArclyBitReader *reader, guint8 cap)
{
  guint32 value = gst_arcly_bit_reader_ue (reader);

  return MIN (value, cap);
}
