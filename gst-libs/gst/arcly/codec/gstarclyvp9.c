/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/codec/gstarclyvui.h>
#include <gst/arcly/gstarclyerror.h>

#define SYNC_CODE 0x498342
#define COLOUR_SPACE_RGB 7
#define VPCC_SIZE 12
#define COLOUR_BT709 1

/* VP9 Bitstream Specification, 7.2.2, in the code points of ITU-T H.273. */
static const guint8 colour_spaces[8][3] = {
  { 2, 2, 2 },  /* unknown */
  { 6, 6, 6 },  /* BT.601 */
  { 1, 1, 1 },  /* BT.709 */
  { 6, 6, 6 },  /* SMPTE 170 */
  { 7, 7, 7 },  /* SMPTE 240 */
  { 9, 14, 9 }, /* BT.2020 */
  { 2, 2, 2 },  /* reserved */
  { 1, 13, 0 }, /* sRGB */
};

/* VP9 levels of the WebM project: samples a second, samples a picture, pixels
 * a side. */
static const struct {
  guint8 level;
  guint64 rate;
  guint32 picture;
  guint side;
} levels[] = {
  { 10, 829440, 36864, 512 },
  { 11, 2764800, 73728, 768 },
  { 20, 4608000, 122880, 960 },
  { 21, 9216000, 245760, 1344 },
  { 30, 20736000, 552960, 2048 },
  { 31, 36864000, 983040, 2752 },
  { 40, 83558400, 2228224, 4160 },
  { 41, 160432128, 2228224, 4160 },
  { 50, 311951360, 8912896, 8384 },
  { 51, 588251136, 8912896, 8384 },
  { 52, 1176502272, 8912896, 8384 },
  { 60, 1176502272, 35651584, 16832 },
  { 61, 2353004544, 35651584, 16832 },
  { 62, 4706009088, 35651584, 16832 },
};

/* Annex B: bytes of the first frame of a superframe, or all there is. Frames
 * of no bytes take no place. */
static gsize
first_frame (const guint8 *data, gsize size)
{
  guint marker = size > 0 ? data[size - 1] : 0;
  guint n = (marker & 7) + 1;
  guint bytes = (marker >> 3 & 3) + 1;
  gsize index_size = 2 + n * bytes;
  guint i, j;

  if ((marker & 0xe0) != 0xc0 || size < index_size ||
      data[size - index_size] != marker)
    return size;
  size -= index_size;
  for (i = 0; i < n; i++) {
    const guint8 *p = data + size + 1 + i * bytes;
    guint32 length = 0;

    for (j = 0; j < bytes; j++)
      length |= (guint32) p[j] << (8 * j);
    if (length > size)
      return 0;
    if (length > 0)
      return length;
  }
  return 0;
}

static gboolean
read_colour (GstArclyBitReader *reader, GstArclyVp9Config *config)
{
  gboolean has_subsampling = config->profile & 1;
  guint space;
  gboolean sub_x, sub_y;

  config->bit_depth = 8;
  if (config->profile >= 2)
    config->bit_depth = gst_arcly_bit_reader_flag (reader) ? 12 : 10;
  space = gst_arcly_bit_reader_bits (reader, 3);
  config->colour_primaries = colour_spaces[space][0];
  config->transfer_characteristics = colour_spaces[space][1];
  config->matrix_coefficients = colour_spaces[space][2];
  if (space == COLOUR_SPACE_RGB) {
    config->full_range = TRUE;
    config->chroma_subsampling = 3;
    return has_subsampling && !gst_arcly_bit_reader_flag (reader);
  }
  config->full_range = gst_arcly_bit_reader_flag (reader);
  /* What all writers say of 4:2:0; the stream does not tell where chroma is. */
  config->chroma_subsampling = 1;
  if (!has_subsampling)
    return TRUE;
  sub_x = gst_arcly_bit_reader_flag (reader);
  sub_y = gst_arcly_bit_reader_flag (reader);
  if (!sub_y)
    config->chroma_subsampling = sub_x ? 2 : 3;
  /* 4:2:0 belongs to profiles 0 and 2, and vpcC has no code for 4:4:0. */
  return !sub_y && !gst_arcly_bit_reader_flag (reader);
}

/* 6.2, as far as the frame size. */
static gboolean
read_header (GstArclyBitReader *reader, GstArclyVp9Frame *frame)
{
  gboolean inter, error_resilient;

  if (gst_arcly_bit_reader_bits (reader, 2) != 2)
    return FALSE;
  frame->config.profile = gst_arcly_bit_reader_bits (reader, 1);
  frame->config.profile |= gst_arcly_bit_reader_bits (reader, 1) << 1;
  if (frame->config.profile == 3 && gst_arcly_bit_reader_flag (reader))
    return FALSE;
  frame->show_existing = gst_arcly_bit_reader_flag (reader);
  if (frame->show_existing) {
    frame->shown = TRUE;
    gst_arcly_bit_reader_skip (reader, 3);
    return TRUE;
  }
  inter = gst_arcly_bit_reader_flag (reader);
  frame->shown = gst_arcly_bit_reader_flag (reader);
  error_resilient = gst_arcly_bit_reader_flag (reader);
  frame->key_frame = !inter;
  if (inter) {
    frame->intra_only = !frame->shown && gst_arcly_bit_reader_flag (reader);
    if (!frame->intra_only)
      return TRUE;
    gst_arcly_bit_reader_skip (reader, error_resilient ? 0 : 2);
  }
  if (gst_arcly_bit_reader_bits (reader, 24) != SYNC_CODE)
    return FALSE;
  if ((frame->key_frame || frame->config.profile > 0) &&
      !read_colour (reader, &frame->config))
    return FALSE;
  if (frame->intra_only)
    gst_arcly_bit_reader_skip (reader, 8); /* refresh_frame_flags */
  frame->width = gst_arcly_bit_reader_bits (reader, 16) + 1;
  frame->height = gst_arcly_bit_reader_bits (reader, 16) + 1;
  return TRUE;
}

/**
 * gst_arcly_vp9_frame_parse:
 * @data: (array length=size): a frame or a superframe
 * @size: bytes of @data
 * @frame: (out caller-allocates): what its first frame says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the uncompressed header of the first frame (VP9 Bitstream
 * Specification, 6.2 and annex B). Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it is no VP9 frame
 *
 * Since: 0.1
 */
gboolean
gst_arcly_vp9_frame_parse (
    const guint8 *data, gsize size, GstArclyVp9Frame *frame, GError **error)
{
  GstArclyBitReader reader;
  gsize length;
  gboolean ok;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);

  *frame = (GstArclyVp9Frame){
    .config.bit_depth = 8,
    .config.chroma_subsampling = 1,
    .config.colour_primaries = GST_ARCLY_COLOUR_UNSPECIFIED,
    .config.transfer_characteristics = GST_ARCLY_COLOUR_UNSPECIFIED,
    .config.matrix_coefficients = GST_ARCLY_COLOUR_UNSPECIFIED,
  };
  length = first_frame (data, size);
  gst_arcly_bit_reader_init (&reader, data, length);
  ok = read_header (&reader, frame);
  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "VP9 frame of %" G_GSIZE_FORMAT " bytes ends early", length);
    return FALSE;
  }
  if (!ok) {
    g_set_error_literal (
        error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "no VP9 frame header");
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_arcly_vp9_level:
 * @width: width, in pixels
 * @height: height, in pixels
 * @fps_n: frames in @fps_d seconds, 0 if not known
 * @fps_d: see @fps_n
 *
 * The lowest level that has room for such frames (VP9 levels of the WebM
 * project); bitrate does not count. The stream itself does not tell. Any
 * thread.
 *
 * Returns: ten times the level, or 0 if none has room or the size is 0
 *
 * Since: 0.1
 */
guint
gst_arcly_vp9_level (guint width, guint height, guint fps_n, guint fps_d)
{
  guint64 picture = (guint64) width * height;
  guint i;

  if (picture == 0)
    return 0;
  for (i = 0; i < G_N_ELEMENTS (levels); i++) {
    if (picture > levels[i].picture || MAX (width, height) > levels[i].side)
      continue;
    if (fps_d == 0 || (gdouble) picture * fps_n / fps_d <= levels[i].rate)
      return levels[i].level;
  }
  return 0;
}

/**
 * gst_arcly_vp9_config_parse:
 * @data: (array length=size): the content of a vpcC box, with its version and
 *     flags
 * @size: bytes of @data
 * @config: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads a VPCodecConfigurationBox (VP Codec ISO Media File Format Binding).
 * Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if its version is not 1 or a field is
 *     out of range
 *
 * Since: 0.1
 */
gboolean
gst_arcly_vp9_config_parse (
    const guint8 *data, gsize size, GstArclyVp9Config *config, GError **error)
{
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (config != NULL, FALSE);

  *config = (GstArclyVp9Config){ 0 };
  if (size < VPCC_SIZE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "vpcC has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  config->profile = data[4];
  config->level = data[5];
  config->bit_depth = data[6] >> 4;
  config->chroma_subsampling = data[6] >> 1 & 7;
  config->full_range = data[6] & 1;
  config->colour_primaries = data[7];
  config->transfer_characteristics = data[8];
  config->matrix_coefficients = data[9];
  if (data[0] != 1 || config->profile > 3 || config->chroma_subsampling > 3 ||
      (config->bit_depth != 8 && config->bit_depth != 10 &&
          config->bit_depth != 12)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "vpcC of version %u with profile %u and %u bits", data[0],
        config->profile, config->bit_depth);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_arcly_vp9_config_to_bytes:
 * @config: what to write
 * @error: return location for a #GError, or %NULL
 *
 * Builds the content of a vpcC box, with its version and flags (VP Codec ISO
 * Media File Format Binding). Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with
 *     %GST_ARCLY_ERROR_INVALID if a field is out of range
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_vp9_config_to_bytes (const GstArclyVp9Config *config, GError **error)
{
  guint8 out[VPCC_SIZE] = { 1 };

  g_return_val_if_fail (config != NULL, NULL);

  if (config->profile > 3 || config->chroma_subsampling > 3 ||
      (config->bit_depth != 8 && config->bit_depth != 10 &&
          config->bit_depth != 12)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "VP9 profile %u with %u bits", config->profile, config->bit_depth);
    return NULL;
  }
  out[4] = config->profile;
  out[5] = config->level;
  out[6] = config->bit_depth << 4 | config->chroma_subsampling << 1 |
           (config->full_range ? 1 : 0);
  out[7] = config->colour_primaries;
  out[8] = config->transfer_characteristics;
  out[9] = config->matrix_coefficients;
  return g_bytes_new (out, sizeof out);
}

static gboolean
is_default (guint8 value)
{
  return value == GST_ARCLY_COLOUR_UNSPECIFIED || value == COLOUR_BT709;
}

/**
 * gst_arcly_vp9_codec_string:
 * @config: (array length=size): the content of a vpcC box
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (VP Codec ISO Media File Format
 * Binding), for example `vp09.00.31.08`. The optional fields follow only
 * where chroma, colour or range are not the usual ones. Any thread; keeps no
 * reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with an error of
 *     gst_arcly_vp9_config_parse()
 *
 * Since: 0.1
 */
gchar *
gst_arcly_vp9_codec_string (const guint8 *config, gsize size, GError **error)
{
  GstArclyVp9Config vp9;
  g_autofree gchar *start = NULL;

  g_return_val_if_fail (config != NULL || size == 0, NULL);

  if (!gst_arcly_vp9_config_parse (config, size, &vp9, error))
    return NULL;
  start = g_strdup_printf (
      "vp09.%02u.%02u.%02u", vp9.profile, vp9.level, vp9.bit_depth);
  if (vp9.chroma_subsampling <= 1 && !vp9.full_range &&
      is_default (vp9.colour_primaries) &&
      is_default (vp9.transfer_characteristics) &&
      is_default (vp9.matrix_coefficients))
    return g_steal_pointer (&start);
  return g_strdup_printf ("%s.%02u.%02u.%02u.%02u.%02u", start,
      vp9.chroma_subsampling, vp9.colour_primaries,
      vp9.transfer_characteristics, vp9.matrix_coefficients,
      vp9.full_range ? 1 : 0);
}

/**
 * gst_arcly_vp9_is_random_access:
 * @data: (array length=size): a frame or a superframe
 * @size: bytes of @data
 *
 * Whether decoding can start here: the first frame is a key frame. Frames
 * that are intra only are not: they leave references unset that what follows
 * may use. Data that breaks the format is no place to start. Any thread;
 * keeps no reference to @data.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_vp9_is_random_access (const guint8 *data, gsize size)
{
  GstArclyVp9Frame frame;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  return gst_arcly_vp9_frame_parse (data, size, &frame, NULL) &&
         frame.key_frame;
}
