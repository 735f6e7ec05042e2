/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyvui.h>
#include <gst/arcly/gstarclyerror.h>

/* Level 6.2 allows 139264 macroblocks a frame, and 8 times their square root
 * a side (A.3.1): 16888 pixels. */
#define MAX_SIDE_MBS 1055

/* A.3.2, table A-1: MaxDpbMbs by level_idc. */
static const struct {
  guint8 level_idc;
  guint32 max_dpb_mbs;
} max_dpb_mbs[] = {
  { 9, 396 },
  { 10, 396 },
  { 11, 900 },
  { 12, 2376 },
  { 13, 2376 },
  { 20, 2376 },
  { 21, 4752 },
  { 22, 8100 },
  { 30, 8100 },
  { 31, 18000 },
  { 32, 20480 },
  { 40, 32768 },
  { 41, 32768 },
  { 42, 34816 },
  { 50, 110400 },
  { 51, 184320 },
  { 52, 184320 },
  { 60, 696320 },
  { 61, 696320 },
  { 62, 696320 },
};

/* 7.3.2.1.1: the profiles whose SPS tells chroma format and bit depth. */
static gboolean
has_chroma_info (guint8 profile_idc)
{
  static const guint8 profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128,
    138, 139, 134, 135 };

  return memchr (profiles, profile_idc, sizeof profiles) != NULL;
}

/* 7.3.2.1.1.1 */
static void
skip_scaling_list (GstArclyBitReader *reader, guint n)
{
  gint last = 8;
  gint next = 8;
  guint i;

  for (i = 0; i < n && !reader->overrun; i++) {
    if (next != 0)
      next = (gint) (((guint) last + (guint) gst_arcly_bit_reader_se (reader) +
                         256u) %
                     256u);
    last = next == 0 ? last : next;
  }
}

static void
read_chroma_info (GstArclyBitReader *reader, GstArclyH264Sps *sps)
{
  guint i;

  sps->chroma_format_idc = gst_arcly_vui_read_capped (reader, 255);
  if (sps->chroma_format_idc == 3)
    gst_arcly_bit_reader_skip (reader, 1); /* separate_colour_plane_flag */
  sps->bit_depth_luma = 8 + gst_arcly_vui_read_capped (reader, 200);
  sps->bit_depth_chroma = 8 + gst_arcly_vui_read_capped (reader, 200);
  gst_arcly_bit_reader_skip (reader, 1); /* qpprime_y_zero_transform_bypass */
  if (!gst_arcly_bit_reader_flag (reader))
    return;
  for (i = 0; i < (sps->chroma_format_idc == 3 ? 12 : 8); i++) {
    if (gst_arcly_bit_reader_flag (reader))
      skip_scaling_list (reader, i < 6 ? 16 : 64);
  }
}

static void
skip_poc_cycle (GstArclyBitReader *reader)
{
  guint32 n, i;

  gst_arcly_bit_reader_skip (reader, 1); /* delta_pic_order_always_zero */
  gst_arcly_bit_reader_se (reader);
  gst_arcly_bit_reader_se (reader);
  n = gst_arcly_bit_reader_ue (reader);
  /* 7.4.2.1.1: at most 255. */
  if (n > 255)
    reader->overrun = TRUE;
  for (i = 0; i < n && !reader->overrun; i++)
    gst_arcly_bit_reader_se (reader);
}

/* E.1.2 */
static void
skip_hrd (GstArclyBitReader *reader)
{
  guint32 n = gst_arcly_bit_reader_ue (reader) + 1;
  guint32 i;

  if (n > 32)
    reader->overrun = TRUE;
  gst_arcly_bit_reader_skip (reader, 8);
  for (i = 0; i < n && !reader->overrun; i++) {
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_skip (reader, 1);
  }
  gst_arcly_bit_reader_skip (reader, 20);
}

static void
read_timing (GstArclyBitReader *reader, GstArclyH264Sps *sps)
{
  guint32 units = gst_arcly_bit_reader_bits (reader, 32);
  guint32 scale = gst_arcly_bit_reader_bits (reader, 32);

  sps->fixed_frame_rate = gst_arcly_bit_reader_flag (reader);
  /* E.2.1: a frame is two units. Nonsense is the same as not told. */
  if (reader->overrun || units == 0 || scale == 0 || units > G_MAXUINT32 / 2) {
    sps->fixed_frame_rate = FALSE;
    return;
  }
  sps->fps_n = scale;
  sps->fps_d = units * 2;
}

/* E.1.1 */
static void
read_vui (GstArclyBitReader *reader, GstArclyH264Sps *sps)
{
  guint8 *colour[3] = { &sps->colour_primaries, &sps->transfer_characteristics,
    &sps->matrix_coefficients };
  gboolean nal_hrd, vcl_hrd;

  gst_arcly_vui_read_aspect_ratio (reader, &sps->par_n, &sps->par_d);
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 1); /* overscan_appropriate_flag */
  gst_arcly_vui_read_video_signal (reader, colour, &sps->full_range);
  if (gst_arcly_bit_reader_flag (reader)) {
    gst_arcly_bit_reader_ue (reader);
    gst_arcly_bit_reader_ue (reader);
  }
  if (gst_arcly_bit_reader_flag (reader))
    read_timing (reader, sps);
  nal_hrd = gst_arcly_bit_reader_flag (reader);
  if (nal_hrd)
    skip_hrd (reader);
  vcl_hrd = gst_arcly_bit_reader_flag (reader);
  if (vcl_hrd)
    skip_hrd (reader);
  if (nal_hrd || vcl_hrd)
    gst_arcly_bit_reader_skip (reader, 1); /* low_delay_hrd_flag */
  gst_arcly_bit_reader_skip (reader, 1);   /* pic_struct_present_flag */
  if (!gst_arcly_bit_reader_flag (reader))
    return;
  gst_arcly_bit_reader_skip (reader, 1);
  gst_arcly_bit_reader_ue (reader);
  gst_arcly_bit_reader_ue (reader);
  gst_arcly_bit_reader_ue (reader);
  gst_arcly_bit_reader_ue (reader);
  sps->max_num_reorder_frames = gst_arcly_vui_read_capped (reader, 16);
  if (reader->overrun)
    sps->max_num_reorder_frames = -1;
}

static guint
dpb_frames (const GstArclyH264Sps *sps, guint frame_mbs)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (max_dpb_mbs); i++) {
    if (max_dpb_mbs[i].level_idc == sps->level_idc)
      return CLAMP (max_dpb_mbs[i].max_dpb_mbs / MAX (frame_mbs, 1), 1, 16);
  }
  return 16;
}

static gboolean
read_size (GstArclyBitReader *reader, GstArclyH264Sps *sps)
{
  guint32 width = gst_arcly_bit_reader_ue (reader) + 1;
  guint32 height = gst_arcly_bit_reader_ue (reader) + 1;
  guint32 left = 0, right = 0, top = 0, bottom = 0;
  guint unit_x, unit_y;

  sps->progressive = gst_arcly_bit_reader_flag (reader);
  if (width == 0 || width > MAX_SIDE_MBS || height == 0 ||
      height > MAX_SIDE_MBS)
    return FALSE;
  height *= sps->progressive ? 1 : 2;
  sps->max_dpb_frames = dpb_frames (sps, width * height);
  if (!sps->progressive)
    gst_arcly_bit_reader_skip (reader, 1); /* mb_adaptive_frame_field */
  gst_arcly_bit_reader_skip (reader, 1);   /* direct_8x8_inference */
  if (gst_arcly_bit_reader_flag (reader)) {
    left = gst_arcly_bit_reader_ue (reader);
    right = gst_arcly_bit_reader_ue (reader);
    top = gst_arcly_bit_reader_ue (reader);
    bottom = gst_arcly_bit_reader_ue (reader);
  }
  /* 7.4.2.1.1, frame_cropping: in units of chroma samples and fields. */
  unit_x = sps->chroma_format_idc == 1 || sps->chroma_format_idc == 2 ? 2 : 1;
  unit_y = (sps->chroma_format_idc == 1 ? 2 : 1) * (sps->progressive ? 1 : 2);
  width *= 16;
  height *= 16;
  if (((guint64) left + right) * unit_x >= width ||
      ((guint64) top + bottom) * unit_y >= height)
    return FALSE;
  sps->width = width - (left + right) * unit_x;
  sps->height = height - (top + bottom) * unit_y;
  return TRUE;
}

/**
 * gst_arcly_h264_sps_parse:
 * @nal: (array length=size): a NAL unit of type 7, with its header byte and
 *     without start code
 * @size: bytes of @nal
 * @sps: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads a sequence parameter set (ITU-T H.264, 7.3.2.1.1). A VUI that ends
 * early is taken as far as it goes. Any thread; keeps no reference to @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @nal is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h264_sps_parse (
    const guint8 *nal, gsize size, GstArclyH264Sps *sps, GError **error)
{
  GstArclyBitReader reader;
  guint32 id;
  gboolean size_ok;

  g_return_val_if_fail (nal != NULL || size == 0, FALSE);
  g_return_val_if_fail (sps != NULL, FALSE);

  *sps = (GstArclyH264Sps){ .chroma_format_idc = 1,
    .bit_depth_luma = 8,
    .bit_depth_chroma = 8,
    .max_num_reorder_frames = -1,
    .colour_primaries = GST_ARCLY_COLOUR_UNSPECIFIED,
    .transfer_characteristics = GST_ARCLY_COLOUR_UNSPECIFIED,
    .matrix_coefficients = GST_ARCLY_COLOUR_UNSPECIFIED };
  if (size < 5) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.264 SPS has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (GST_ARCLY_H264_NAL_TYPE (nal) != GST_ARCLY_H264_NAL_SPS) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "NAL unit of type %u is no SPS", GST_ARCLY_H264_NAL_TYPE (nal));
    return FALSE;
  }

  gst_arcly_bit_reader_init_rbsp (&reader, nal + 1, size - 1);
  sps->profile_idc = gst_arcly_bit_reader_bits (&reader, 8);
  sps->constraint_flags = gst_arcly_bit_reader_bits (&reader, 8);
  sps->level_idc = gst_arcly_bit_reader_bits (&reader, 8);
  id = gst_arcly_bit_reader_ue (&reader);
  if (has_chroma_info (sps->profile_idc))
    read_chroma_info (&reader, sps);
  gst_arcly_bit_reader_ue (&reader); /* log2_max_frame_num_minus4 */
  sps->poc_type = gst_arcly_bit_reader_ue (&reader);
  if (sps->poc_type == 0)
    gst_arcly_bit_reader_ue (&reader);
  else if (sps->poc_type == 1)
    skip_poc_cycle (&reader);
  gst_arcly_bit_reader_ue (&reader);      /* max_num_ref_frames */
  gst_arcly_bit_reader_skip (&reader, 1); /* gaps_in_frame_num_allowed */
  size_ok = read_size (&reader, sps);

  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "H.264 SPS of %" G_GSIZE_FORMAT " bytes ends early", size);
    return FALSE;
  }
  if (id > 31 || sps->poc_type > 2 || sps->chroma_format_idc > 3 ||
      sps->bit_depth_luma > 14 || sps->bit_depth_chroma > 14 || !size_ok) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.264 SPS has values out of range");
    return FALSE;
  }
  sps->id = id;
  if (gst_arcly_bit_reader_flag (&reader))
    read_vui (&reader, sps);
  return TRUE;
}

/**
 * gst_arcly_h264_sps_reorder_depth:
 * @sps: what gst_arcly_h264_sps_parse() gave
 *
 * How many frames may precede a frame in decoding order and follow it in
 * output order: 0 means that DTS and PTS are the same. What is not told
 * follows from profile, picture order count type and level (ITU-T H.264,
 * E.2.1, max_num_reorder_frames). Any thread.
 *
 * Returns: the depth in frames, 0 to 16
 *
 * Since: 0.1
 */
guint
gst_arcly_h264_sps_reorder_depth (const GstArclyH264Sps *sps)
{
  g_return_val_if_fail (sps != NULL, 0);

  /* 8.2.1.3: with type 2, output order is decoding order. Baseline has no B
   * slices, and its references in output order in all encoders we know. */
  if (sps->poc_type == 2 || sps->profile_idc == 66)
    return 0;
  if (sps->max_num_reorder_frames >= 0)
    return sps->max_num_reorder_frames;
  return sps->max_dpb_frames;
}

/**
 * gst_arcly_h264_is_random_access:
 * @data: (array length=size): an access unit
 * @size: bytes of @data
 * @nal_length_size: 1, 2 or 4: the bytes of each NAL unit's length; 0 for a
 *     byte stream with start codes
 *
 * Whether decoding can start at this access unit: it has an IDR picture, or a
 * recovery point (an open GOP). Data that breaks the format is no place to
 * start. Any thread; keeps no reference to @data.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h264_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size)
{
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (nal_length_size <= 4, FALSE);

  gst_arcly_h264_nal_iter_init (&iter, data, size, nal_length_size);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (type == GST_ARCLY_H264_NAL_IDR)
      return TRUE;
    if (type == GST_ARCLY_H264_NAL_SEI &&
        gst_arcly_h264_sei_has_recovery_point (nal, nal_size))
      return TRUE;
    if (GST_ARCLY_H264_NAL_IS_VCL (type))
      return FALSE;
  }
  return FALSE;
}
