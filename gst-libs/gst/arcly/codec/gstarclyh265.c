/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyvui.h>
#include <gst/arcly/gstarclyerror.h>

/* Level 6.2 ends at 16888 pixels a side, level 8.5 nowhere (A.4.1); sample
 * entries and tkhd of ISO/IEC 14496-12 do here. */
#define MAX_SIDE 65535
/* 7.4.3.2.1 and 7.4.8: counts that have a table somewhere. */
#define MAX_RPS 64
#define MAX_RPS_PICS 16
#define MAX_LONG_TERM 32
#define MAX_CPB 32

typedef struct {
  GstArclyBitReader reader;
  guint max_sub_layers_minus1;
  guint log2_max_poc_lsb;
} SpsReader;

/* 7.3.3 */
static void
read_profile_tier_level (SpsReader *self, GstArclyH265Sps *sps)
{
  GstArclyBitReader *reader = &self->reader;
  gboolean profile[8] = { FALSE };
  gboolean level[8] = { FALSE };
  guint i;

  sps->profile_space = gst_arcly_bit_reader_bits (reader, 2);
  sps->tier = gst_arcly_bit_reader_bits (reader, 1);
  sps->profile_idc = gst_arcly_bit_reader_bits (reader, 5);
  sps->compatibility = gst_arcly_bit_reader_bits (reader, 32);
  for (i = 0; i < 6; i++)
    sps->constraints[i] = gst_arcly_bit_reader_bits (reader, 8);
  sps->level_idc = gst_arcly_bit_reader_bits (reader, 8);
  for (i = 0; i < self->max_sub_layers_minus1; i++) {
    profile[i] = gst_arcly_bit_reader_flag (reader);
    level[i] = gst_arcly_bit_reader_flag (reader);
  }
  if (self->max_sub_layers_minus1 > 0)
    gst_arcly_bit_reader_skip (reader, 2 * (8 - self->max_sub_layers_minus1));
  for (i = 0; i < self->max_sub_layers_minus1; i++)
    gst_arcly_bit_reader_skip (
        reader, (profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
}

/* 7.3.4 */
static void
skip_scaling_lists (GstArclyBitReader *reader)
{
  guint size_id, matrix_id, i;

  for (size_id = 0; size_id < 4; size_id++) {
    for (matrix_id = 0; matrix_id < 6; matrix_id += size_id == 3 ? 3 : 1) {
      guint n = MIN (64, 1u << (4 + 2 * size_id));

      if (reader->overrun)
        return;
      if (!gst_arcly_bit_reader_flag (reader)) {
        gst_arcly_bit_reader_ue (reader);
        continue;
      }
      if (size_id > 1)
        gst_arcly_bit_reader_se (reader);
      for (i = 0; i < n && !reader->overrun; i++)
        gst_arcly_bit_reader_se (reader);
    }
  }
}

/* 7.3.7, as it stands in an SPS. n_pics: of the set before, then of this. */
static void
skip_reference_set (GstArclyBitReader *reader, guint index, guint *n_pics)
{
  guint32 negative, positive;
  guint i, n = 0;

  if (index > 0 && gst_arcly_bit_reader_flag (reader)) {
    gst_arcly_bit_reader_skip (reader, 1); /* delta_rps_sign */
    gst_arcly_bit_reader_ue (reader);
    for (i = 0; i <= *n_pics; i++) {
      gboolean used = gst_arcly_bit_reader_flag (reader);

      /* use_delta_flag is 1 where it is not told. */
      n += used || gst_arcly_bit_reader_flag (reader);
    }
    *n_pics = n;
    if (n > MAX_RPS_PICS)
      reader->overrun = TRUE;
    return;
  }
  negative = gst_arcly_bit_reader_ue (reader);
  positive = gst_arcly_bit_reader_ue (reader);
  if (negative > MAX_RPS_PICS || positive > MAX_RPS_PICS - negative) {
    reader->overrun = TRUE;
    return;
  }
  *n_pics = negative + positive;
  for (i = 0; i < *n_pics; i++) {
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_skip (reader, 1);
  }
}

static void
skip_reference_sets (SpsReader *self)
{
  GstArclyBitReader *reader = &self->reader;
  guint32 n = gst_arcly_bit_reader_ue (reader);
  guint n_pics = 0;
  guint i;

  if (n > MAX_RPS)
    reader->overrun = TRUE;
  for (i = 0; i < n && !reader->overrun; i++)
    skip_reference_set (reader, i, &n_pics);
  if (!gst_arcly_bit_reader_flag (reader)) /* long_term_ref_pics_present */
    return;
  n = gst_arcly_bit_reader_ue (reader);
  if (n > MAX_LONG_TERM)
    reader->overrun = TRUE;
  for (i = 0; i < n && !reader->overrun; i++)
    gst_arcly_bit_reader_skip (reader, self->log2_max_poc_lsb + 1);
}

/* E.2.3 */
static void
skip_sub_layer_hrd (
    GstArclyBitReader *reader, guint32 n_cpb, gboolean sub_pictures)
{
  guint32 i;

  for (i = 0; i < n_cpb && !reader->overrun; i++) {
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_ue (reader);
    if (sub_pictures) {
      gst_arcly_bit_reader_ue (reader);
      gst_arcly_bit_reader_ue (reader);
    }
    gst_arcly_bit_reader_skip (reader, 1);
  }
}

/* E.2.2, with commonInfPresentFlag 1 */
static void
skip_hrd (SpsReader *self)
{
  GstArclyBitReader *reader = &self->reader;
  gboolean nal = gst_arcly_bit_reader_flag (reader);
  gboolean vcl = gst_arcly_bit_reader_flag (reader);
  gboolean sub_pictures = FALSE;
  guint i;

  if (nal || vcl) {
    sub_pictures = gst_arcly_bit_reader_flag (reader);
    gst_arcly_bit_reader_skip (reader, sub_pictures ? 19 : 0);
    gst_arcly_bit_reader_skip (reader, sub_pictures ? 12 : 8);
    gst_arcly_bit_reader_skip (reader, 15);
  }
  for (i = 0; i <= self->max_sub_layers_minus1 && !reader->overrun; i++) {
    gboolean fixed = gst_arcly_bit_reader_flag (reader);
    gboolean low_delay = FALSE;
    guint32 n_cpb = 1;

    fixed = fixed || gst_arcly_bit_reader_flag (reader);
    if (fixed)
      gst_arcly_bit_reader_ue (reader);
    else
      low_delay = gst_arcly_bit_reader_flag (reader);
    if (!low_delay)
      n_cpb = gst_arcly_bit_reader_ue (reader) + 1;
    if (n_cpb > MAX_CPB)
      reader->overrun = TRUE;
    if (nal)
      skip_sub_layer_hrd (reader, n_cpb, sub_pictures);
    if (vcl)
      skip_sub_layer_hrd (reader, n_cpb, sub_pictures);
  }
}

static void
read_timing (SpsReader *self, GstArclyH265Sps *sps)
{
  GstArclyBitReader *reader = &self->reader;
  guint32 units = gst_arcly_bit_reader_bits (reader, 32);
  guint32 scale = gst_arcly_bit_reader_bits (reader, 32);

  if (!reader->overrun && units > 0 && scale > 0) {
    sps->fps_n = scale;
    sps->fps_d = units;
  }
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_ue (reader);
  if (gst_arcly_bit_reader_flag (reader))
    skip_hrd (self);
}

/* E.2.1 */
static void
read_vui (SpsReader *self, GstArclyH265Sps *sps)
{
  GstArclyBitReader *reader = &self->reader;
  guint8 *colour[3] = { &sps->colour_primaries, &sps->transfer_characteristics,
    &sps->matrix_coefficients };
  guint32 segmentation;
  guint i;

  gst_arcly_vui_read_aspect_ratio (reader, &sps->par_n, &sps->par_d);
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 1); /* overscan_appropriate_flag */
  gst_arcly_vui_read_video_signal (reader, colour, &sps->full_range);
  if (gst_arcly_bit_reader_flag (reader)) {
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_ue (reader);
  }
  gst_arcly_bit_reader_skip (reader, 3); /* neutral chroma, fields */
  if (gst_arcly_bit_reader_flag (reader)) {
    for (i = 0; i < 4; i++)
      gst_arcly_bit_reader_ue (reader); /* default display window */
  }
  if (gst_arcly_bit_reader_flag (reader))
    read_timing (self, sps);
  if (!gst_arcly_bit_reader_flag (reader)) /* bitstream_restriction_flag */
    return;
  gst_arcly_bit_reader_skip (reader, 3);
  segmentation = gst_arcly_bit_reader_ue (reader);
  if (!reader->overrun && segmentation <= 4095)
    sps->min_spatial_segmentation_idc = segmentation;
}

static gboolean
read_size (GstArclyBitReader *reader, GstArclyH265Sps *sps)
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
  /* 7.4.3.2.1, conformance_window_flag: in units of chroma samples. */
  if (width == 0 || width > MAX_SIDE || height == 0 || height > MAX_SIDE ||
      ((guint64) window[0] + window[1]) * unit_x >= width ||
      ((guint64) window[2] + window[3]) * unit_y >= height)
    return FALSE;
  sps->width = width - (window[0] + window[1]) * unit_x;
  sps->height = height - (window[2] + window[3]) * unit_y;
  return TRUE;
}

/* Behind the bit depths, up to the VUI; nothing of it is of use to us but the
 * depth of reordering. */
static void
read_middle (SpsReader *self, GstArclyH265Sps *sps)
{
  GstArclyBitReader *reader = &self->reader;
  guint i;

  self->log2_max_poc_lsb = gst_arcly_vui_read_capped (reader, 100) + 4;
  i = gst_arcly_bit_reader_flag (reader) ? 0 : self->max_sub_layers_minus1;
  for (; i <= self->max_sub_layers_minus1; i++) {
    gst_arcly_bit_reader_ue (reader);
    sps->max_num_reorder_pics = gst_arcly_vui_read_capped (reader, 17);
    gst_arcly_bit_reader_ue (reader);
  }
  for (i = 0; i < 6; i++)
    gst_arcly_bit_reader_ue (reader); /* block sizes and depths */
  if (gst_arcly_bit_reader_flag (reader) && gst_arcly_bit_reader_flag (reader))
    skip_scaling_lists (reader);
  gst_arcly_bit_reader_skip (reader, 2); /* amp, sao */
  if (gst_arcly_bit_reader_flag (reader)) {
    gst_arcly_bit_reader_skip (reader, 8); /* pcm bit depths */
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_skip (reader, 1);
  }
  skip_reference_sets (self);
  gst_arcly_bit_reader_skip (reader, 2); /* temporal mvp, intra smoothing */
}

/**
 * gst_arcly_h265_sps_parse:
 * @nal: (array length=size): a NAL unit of type 33, with its two header bytes
 *     and without start code
 * @size: bytes of @nal
 * @sps: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads a sequence parameter set (ITU-T H.265, 7.3.2.2.1). A VUI that ends
 * early is taken as far as it goes. Any thread; keeps no reference to @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @nal is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h265_sps_parse (
    const guint8 *nal, gsize size, GstArclyH265Sps *sps, GError **error)
{
  SpsReader self = { 0 };
  GstArclyBitReader *reader = &self.reader;
  guint32 id, layers;
  gboolean size_ok;

  g_return_val_if_fail (nal != NULL || size == 0, FALSE);
  g_return_val_if_fail (sps != NULL, FALSE);

  *sps = (GstArclyH265Sps){ .colour_primaries = GST_ARCLY_COLOUR_UNSPECIFIED,
    .transfer_characteristics = GST_ARCLY_COLOUR_UNSPECIFIED,
    .matrix_coefficients = GST_ARCLY_COLOUR_UNSPECIFIED };
  if (size < 2) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.265 SPS has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (GST_ARCLY_NAL_TYPE_H265 (nal) != GST_ARCLY_H265_NAL_SPS) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "NAL unit of type %u is no H.265 SPS", GST_ARCLY_NAL_TYPE_H265 (nal));
    return FALSE;
  }

  gst_arcly_bit_reader_init_rbsp (reader, nal + 2, size - 2);
  gst_arcly_bit_reader_skip (reader, 4); /* sps_video_parameter_set_id */
  layers = gst_arcly_bit_reader_bits (reader, 3) + 1;
  sps->temporal_id_nested = gst_arcly_bit_reader_flag (reader);
  self.max_sub_layers_minus1 = layers - 1;
  read_profile_tier_level (&self, sps);
  id = gst_arcly_bit_reader_ue (reader);
  sps->chroma_format_idc = gst_arcly_vui_read_capped (reader, 255);
  if (sps->chroma_format_idc == 3)
    gst_arcly_bit_reader_skip (reader, 1); /* separate_colour_plane_flag */
  size_ok = read_size (reader, sps);
  sps->bit_depth_luma = 8 + gst_arcly_vui_read_capped (reader, 200);
  sps->bit_depth_chroma = 8 + gst_arcly_vui_read_capped (reader, 200);
  read_middle (&self, sps);

  if (reader->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.265 SPS of %" G_GSIZE_FORMAT " bytes ends early", size);
    return FALSE;
  }
  if (layers > 7 || id > 15 || sps->chroma_format_idc > 3 ||
      sps->bit_depth_luma > 16 || sps->bit_depth_chroma > 16 ||
      self.log2_max_poc_lsb > 16 || sps->max_num_reorder_pics > 16 ||
      !size_ok) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.265 SPS has values out of range");
    return FALSE;
  }
  sps->id = id;
  sps->max_sub_layers = layers;
  if (gst_arcly_bit_reader_flag (reader))
    read_vui (&self, sps);
  return TRUE;
}

/**
 * gst_arcly_h265_is_random_access:
 * @data: (array length=size): an access unit
 * @size: bytes of @data
 * @nal_length_size: 1, 2 or 4: the bytes of each NAL unit's length; 0 for a
 *     byte stream with start codes
 *
 * Whether decoding can start at this access unit: its picture is an IRAP, of
 * type BLA, IDR or CRA (ITU-T H.265, 3.70 and table 7-1). Behind a CRA some
 * pictures that are shown before it may have to be dropped (RASL: an open
 * GOP). Data that breaks the format is no place to start. Any thread; keeps
 * no reference to @data.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h265_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size)
{
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (nal_length_size <= 4, FALSE);

  gst_arcly_nal_iter_init (&iter, data, size, nal_length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_NAL_TYPE_H265 (nal);

    if (nal_size >= 2 && GST_ARCLY_H265_NAL_IS_VCL (type))
      return GST_ARCLY_H265_NAL_IS_IRAP (type);
  }
  return FALSE;
}
