/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclyh266nal.h>
#include <gst/arcly/codec/gstarclyvui.h>
#include <gst/arcly/gstarclyerror.h>

#define MAX_SIDE 65535
/* A.4.1, table A.2: slices of level 6.3; a subpicture has at least one. */
#define MAX_SUBPICTURES 1000

static void
align (GstArclyBitReader *reader)
{
  gst_arcly_bit_reader_skip (reader, reader->bits_left);
}

/* 7.3.3.2. gci_num_reserved_bits and what it counts belong to the bytes. */
static void
read_constraints (GstArclyBitReader *reader, GstArclyH266Sps *sps)
{
  guint n_bits = 2; /* the two flags in front, which share the first byte */
  guint reserved, i;

  sps->n_constraints = 1;
  if (!gst_arcly_bit_reader_flag (reader)) {
    align (reader);
    return;
  }
  sps->constraints[0] |= 0x20;
  n_bits++;
  reserved = 71;
  for (i = 0; i < reserved + 8; i++, n_bits++) {
    if (gst_arcly_bit_reader_flag (reader))
      sps->constraints[n_bits / 8] |= 0x80 >> n_bits % 8;
  }
  /* The last eight were the count: bits 74 to 81 of all. */
  reserved = (sps->constraints[9] << 8 | sps->constraints[10]) >> 6 & 0xff;
  for (i = 0; i < reserved; i++, n_bits++) {
    if (gst_arcly_bit_reader_flag (reader))
      sps->constraints[n_bits / 8] |= 0x80 >> n_bits % 8;
  }
  sps->n_constraints = (n_bits + 7) / 8;
  align (reader);
}

/* 7.3.3.1 */
static void
read_profile_tier_level (GstArclyBitReader *reader, GstArclyH266Sps *sps)
{
  gboolean present[8] = { FALSE };
  guint i, n;

  sps->profile_idc = gst_arcly_bit_reader_bits (reader, 7);
  sps->tier = gst_arcly_bit_reader_bits (reader, 1);
  sps->level_idc = gst_arcly_bit_reader_bits (reader, 8);
  sps->frame_only = gst_arcly_bit_reader_flag (reader);
  sps->multilayer = gst_arcly_bit_reader_flag (reader);
  read_constraints (reader, sps);
  for (i = 1; i < sps->max_sublayers; i++)
    present[i] = gst_arcly_bit_reader_flag (reader);
  align (reader);
  for (i = 1; i < sps->max_sublayers; i++)
    gst_arcly_bit_reader_skip (reader, present[i] ? 8 : 0);
  n = gst_arcly_bit_reader_bits (reader, 8);
  gst_arcly_bit_reader_skip (reader, 32 * n); /* general_sub_profile_idc */
}

static guint
bits_for (guint32 n)
{
  return n <= 1 ? 0 : g_bit_storage (n - 1);
}

/* 7.3.2.4, subpictures. "unit" is CtbSizeY. */
static void
skip_subpictures (
    GstArclyBitReader *reader, const GstArclyH266Sps *sps, guint unit)
{
  guint x_bits = bits_for ((sps->max_width + unit - 1) / unit);
  guint y_bits = bits_for ((sps->max_height + unit - 1) / unit);
  guint32 n = gst_arcly_bit_reader_ue (reader) + 1;
  gboolean independent = TRUE, same_size = FALSE;
  guint32 i;

  if (n > MAX_SUBPICTURES) {
    reader->overrun = TRUE;
    return;
  }
  if (n > 1) {
    independent = gst_arcly_bit_reader_flag (reader);
    same_size = gst_arcly_bit_reader_flag (reader);
  }
  for (i = 0; n > 1 && i < n && !reader->overrun; i++) {
    if (!same_size || i == 0) {
      if (i > 0 && sps->max_width > unit)
        gst_arcly_bit_reader_skip (reader, x_bits);
      if (i > 0 && sps->max_height > unit)
        gst_arcly_bit_reader_skip (reader, y_bits);
      if (i < n - 1 && sps->max_width > unit)
        gst_arcly_bit_reader_skip (reader, x_bits);
      if (i < n - 1 && sps->max_height > unit)
        gst_arcly_bit_reader_skip (reader, y_bits);
    }
    if (!independent)
      gst_arcly_bit_reader_skip (reader, 2);
  }
  i = gst_arcly_bit_reader_ue (reader) + 1; /* bits of an id */
  if (i > 16)
    reader->overrun = TRUE;
  if (gst_arcly_bit_reader_flag (reader) && gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, n * i);
}

static gboolean
read_size (GstArclyBitReader *reader, GstArclyH266Sps *sps)
{
  guint32 width = gst_arcly_bit_reader_ue (reader);
  guint32 height = gst_arcly_bit_reader_ue (reader);
  guint32 window[4] = { 0 }; /* left, right, top, bottom */
  guint unit_x =
      sps->chroma_format_idc == 1 || sps->chroma_format_idc == 2 ? 2 : 1;
  guint unit_y = sps->chroma_format_idc == 1 ? 2 : 1;
  guint i;

  if (gst_arcly_bit_reader_flag (reader)) {
    for (i = 0; i < 4; i++)
      window[i] = gst_arcly_bit_reader_ue (reader);
  }
  if (width == 0 || width > MAX_SIDE || height == 0 || height > MAX_SIDE ||
      ((guint64) window[0] + window[1]) * unit_x >= width ||
      ((guint64) window[2] + window[3]) * unit_y >= height)
    return FALSE;
  sps->max_width = width;
  sps->max_height = height;
  sps->width = width - (window[0] + window[1]) * unit_x;
  sps->height = height - (window[2] + window[3]) * unit_y;
  return TRUE;
}

/* Up to the bit depth. FALSE if a value is out of range. */
static gboolean
read_sps (GstArclyBitReader *reader, GstArclyH266Sps *sps)
{
  guint unit;

  sps->id = gst_arcly_bit_reader_bits (reader, 4);
  gst_arcly_bit_reader_skip (reader, 4); /* sps_video_parameter_set_id */
  sps->max_sublayers = gst_arcly_bit_reader_bits (reader, 3) + 1;
  sps->chroma_format_idc = gst_arcly_bit_reader_bits (reader, 2);
  unit = 32u << gst_arcly_bit_reader_bits (reader, 2);
  sps->n_constraints = 1;
  if (sps->max_sublayers > 7)
    return FALSE;
  if (gst_arcly_bit_reader_flag (reader))
    read_profile_tier_level (reader, sps);
  gst_arcly_bit_reader_skip (reader, 1); /* gdr_enabled */
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 1); /* resolution may change */
  if (!read_size (reader, sps))
    return FALSE;
  if (gst_arcly_bit_reader_flag (reader))
    skip_subpictures (reader, sps, unit);
  sps->bit_depth = 8 + gst_arcly_vui_read_capped (reader, 200);
  return sps->bit_depth <= 15;
}

/**
 * gst_arcly_h266_sps_parse:
 * @nal: (array length=size): a NAL unit of type 15, with its two header bytes
 *     and without start code
 * @size: bytes of @nal
 * @sps: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads a sequence parameter set (ITU-T H.266, 7.3.2.4) as far as its bit
 * depth. Any thread; keeps no reference to @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @nal is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h266_sps_parse (
    const guint8 *nal, gsize size, GstArclyH266Sps *sps, GError **error)
{
  GstArclyBitReader reader;
  gboolean ok;

  g_return_val_if_fail (nal != NULL || size == 0, FALSE);
  g_return_val_if_fail (sps != NULL, FALSE);

  *sps = (GstArclyH266Sps){ 0 };
  if (size < 2) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.266 SPS has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (GST_ARCLY_NAL_TYPE_H266 (nal) != GST_ARCLY_H266_NAL_SPS) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "NAL unit of type %u is no H.266 SPS", GST_ARCLY_NAL_TYPE_H266 (nal));
    return FALSE;
  }
  gst_arcly_bit_reader_init_rbsp (&reader, nal + 2, size - 2);
  ok = read_sps (&reader, sps);
  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.266 SPS of %" G_GSIZE_FORMAT " bytes ends early", size);
    return FALSE;
  }
  if (!ok) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.266 SPS has values out of range");
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_arcly_h266_is_random_access:
 * @data: (array length=size): an access unit
 * @size: bytes of @data
 * @nal_length_size: 1, 2 or 4: the bytes of each NAL unit's length; 0 for a
 *     byte stream with start codes
 *
 * Whether decoding can start at this access unit: its picture is an IRAP, of
 * type IDR or CRA (ITU-T H.266, table 5). Behind a CRA some
 * pictures that are shown before it may have to be dropped (RASL: an open
 * GOP). Data that breaks the format is no place to start. Any thread; keeps
 * no reference to @data.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h266_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size)
{
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (nal_length_size <= 4, FALSE);

  gst_arcly_nal_iter_init (&iter, data, size, nal_length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_NAL_TYPE_H266 (nal);

    if (nal_size >= 2 && GST_ARCLY_H266_NAL_IS_VCL (type))
      return GST_ARCLY_H266_NAL_IS_IRAP (type);
  }
  return FALSE;
}
