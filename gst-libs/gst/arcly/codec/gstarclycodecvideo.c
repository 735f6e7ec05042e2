/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclycodecpriv.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclyh266nal.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

#define DEFAULT_NAL_LENGTH_SIZE 4

static const guint8 *
data_of (GBytes *bytes, gsize *size)
{
  *size = 0;
  return bytes ? g_bytes_get_data (bytes, size) : NULL;
}

static void
set_fps (GstArclyCodecInfo *info, guint n, guint d)
{
  info->fps_n = n;
  info->fps_d = d;
}

static gboolean
read_h264 (
    GstArclyCodecInfo *info, GBytes *config, GBytes *unit, GError **error)
{
  g_autoptr (GstArclyH264Config) avcc = NULL;
  GstArclyH264Sps sps;
  const guint8 *data, *nal;
  gsize size, nal_size;
  GstArclyNalIter iter;

  data = data_of (config, &size);
  if (info->nal_length_size > 0 && data) {
    avcc = gst_arcly_h264_config_parse (data, size, error);
    if (!avcc)
      return FALSE;
    info->nal_length_size = gst_arcly_h264_config_get_nal_length_size (avcc);
  } else {
    avcc = gst_arcly_h264_config_new (DEFAULT_NAL_LENGTH_SIZE);
  }
  data = data_of (unit, &size);
  if (gst_arcly_h264_config_get_n_sps (avcc) == 0) {
    gst_arcly_nal_iter_init (&iter, data, size, info->nal_length_size);
    while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
      guint type = GST_ARCLY_H264_NAL_TYPE (nal);

      if ((type == GST_ARCLY_H264_NAL_SPS || type == GST_ARCLY_H264_NAL_PPS ||
              type == GST_ARCLY_H264_NAL_SPS_EXT) &&
          !gst_arcly_h264_config_add (avcc, nal, nal_size, error))
        return FALSE;
    }
  }
  if (gst_arcly_h264_config_get_n_sps (avcc) == 0)
    return TRUE;
  data = g_bytes_get_data (gst_arcly_h264_config_get_sps (avcc, 0), &size);
  if (!gst_arcly_h264_sps_parse (data, size, &sps, error))
    return FALSE;
  info->width = sps.width;
  info->height = sps.height;
  info->par_n = sps.par_n;
  info->par_d = sps.par_d;
  set_fps (info, sps.fps_n, sps.fps_d);
  info->bit_depth = sps.bit_depth_luma;
  info->chroma_format = sps.chroma_format_idc;
  info->reorder_depth = gst_arcly_h264_sps_reorder_depth (&sps);
  info->config = gst_arcly_h264_config_to_bytes (avcc, error);
  if (!info->config)
    return FALSE;
  data = data_of (info->config, &size);
  info->codec_string = gst_arcly_h264_codec_string (data, size, error);
  return info->codec_string != NULL;
}

/* The parameter sets of an access unit, into whichever configuration. */
typedef gboolean (*AddNal) (
    gpointer config, const guint8 *nal, gsize size, GError **error);

static gboolean
add_sets (GstArclyCodecInfo *info, GBytes *unit, guint first, guint last,
    AddNal add, gpointer config, GError **error)
{
  gsize size, nal_size;
  const guint8 *data = data_of (unit, &size);
  const guint8 *nal;
  GstArclyNalIter iter;

  gst_arcly_nal_iter_init (&iter, data, size, info->nal_length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type;

    if (nal_size < 2)
      continue;
    type = info->codec == GST_ARCLY_CODEC_H265 ? GST_ARCLY_NAL_TYPE_H265 (nal)
                                               : GST_ARCLY_NAL_TYPE_H266 (nal);
    if (type >= first && type <= last && !add (config, nal, nal_size, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_h265 (GstArclyCodecInfo *info, GBytes *config, GBytes *unit,
    gboolean complete, GError **error)
{
  g_autoptr (GstArclyH265Config) hvcc = NULL;
  GstArclyH265Sps sps;
  gsize size;
  const guint8 *data = data_of (config, &size);

  if (info->nal_length_size > 0 && data) {
    hvcc = gst_arcly_h265_config_parse (data, size, error);
    if (!hvcc)
      return FALSE;
    info->nal_length_size = gst_arcly_h265_config_get_nal_length_size (hvcc);
  } else {
    hvcc = gst_arcly_h265_config_new (DEFAULT_NAL_LENGTH_SIZE);
  }
  if (gst_arcly_h265_config_get_n_nals (hvcc, GST_ARCLY_H265_NAL_SPS) == 0 &&
      !add_sets (info, unit, GST_ARCLY_H265_NAL_VPS, GST_ARCLY_H265_NAL_PPS,
          (AddNal) gst_arcly_h265_config_add, hvcc, error))
    return FALSE;
  if (gst_arcly_h265_config_get_n_nals (hvcc, GST_ARCLY_H265_NAL_SPS) == 0)
    return TRUE;
  data = g_bytes_get_data (
      gst_arcly_h265_config_get_nal (hvcc, GST_ARCLY_H265_NAL_SPS, 0), &size);
  if (!gst_arcly_h265_sps_parse (data, size, &sps, error))
    return FALSE;
  info->width = sps.width;
  info->height = sps.height;
  info->par_n = sps.par_n;
  info->par_d = sps.par_d;
  set_fps (info, sps.fps_n, sps.fps_d);
  info->bit_depth = sps.bit_depth_luma;
  info->chroma_format = sps.chroma_format_idc;
  info->reorder_depth = sps.max_num_reorder_pics;
  info->config = gst_arcly_h265_config_to_bytes (hvcc, complete, error);
  if (!info->config)
    return FALSE;
  data = data_of (info->config, &size);
  info->codec_string = gst_arcly_h265_codec_string (data, size, error);
  return info->codec_string != NULL;
}

static gboolean
read_h266 (GstArclyCodecInfo *info, GBytes *config, GBytes *unit,
    gboolean complete, GError **error)
{
  static const guint8 full_box[4] = { 0 };
  g_autoptr (GstArclyH266Config) vvcc = NULL;
  g_autoptr (GBytes) record = NULL;
  GByteArray *box;
  GstArclyH266Sps sps;
  gsize size;
  const guint8 *data = data_of (config, &size);

  if (info->nal_length_size > 0 && data) {
    vvcc = gst_arcly_h266_config_parse (data, size, error);
    if (!vvcc)
      return FALSE;
    info->nal_length_size = gst_arcly_h266_config_get_nal_length_size (vvcc);
  } else {
    vvcc = gst_arcly_h266_config_new (DEFAULT_NAL_LENGTH_SIZE);
  }
  if (gst_arcly_h266_config_get_n_nals (vvcc, GST_ARCLY_H266_NAL_SPS) == 0 &&
      !add_sets (info, unit, GST_ARCLY_H266_NAL_VPS, GST_ARCLY_H266_NAL_PPS,
          (AddNal) gst_arcly_h266_config_add, vvcc, error))
    return FALSE;
  if (gst_arcly_h266_config_get_n_nals (vvcc, GST_ARCLY_H266_NAL_SPS) == 0)
    return TRUE;
  data = g_bytes_get_data (
      gst_arcly_h266_config_get_nal (vvcc, GST_ARCLY_H266_NAL_SPS, 0), &size);
  if (!gst_arcly_h266_sps_parse (data, size, &sps, error))
    return FALSE;
  info->width = sps.width;
  info->height = sps.height;
  info->bit_depth = sps.bit_depth;
  info->chroma_format = sps.chroma_format_idc;
  record = gst_arcly_h266_config_to_bytes (vvcc, complete, error);
  if (!record)
    return FALSE;
  data = data_of (record, &size);
  info->codec_string = gst_arcly_h266_codec_string (data, size, error);
  box = g_byte_array_new ();
  g_byte_array_append (box, full_box, sizeof full_box);
  g_byte_array_append (box, data, size);
  info->config = g_byte_array_free_to_bytes (box);
  return info->codec_string != NULL;
}

/* The record has the sequence header only if the caps' has it; an access unit
 * tells more. A zeroed record, as some muxers write it, tells nothing. */
static gboolean
read_av1 (GstArclyCodecInfo *info, GBytes *config, GBytes *unit, GError **error)
{
  GstArclyAv1Sequence sequence;
  gsize size;
  const guint8 *data = data_of (unit, &size);

  info->reorder_depth = 0; /* temporal units are in order of output */
  if (data)
    info->config = gst_arcly_av1_config_new (data, size, NULL);
  if (!info->config && config) {
    data = data_of (config, &size);
    if (size < 4 || data[0] == 0)
      return TRUE;
    info->config = g_bytes_ref (config);
  }
  if (!info->config)
    return TRUE;
  data = data_of (info->config, &size);
  if (!gst_arcly_av1_config_parse (data, size, &sequence, error))
    return FALSE;
  info->width = sequence.width;
  info->height = sequence.height;
  set_fps (info, sequence.fps_n, sequence.fps_d);
  info->bit_depth = sequence.bit_depth;
  info->chroma_format = sequence.monochrome      ? 0
                        : sequence.subsampling_y ? 1
                        : sequence.subsampling_x ? 2
                                                 : 3;
  info->codec_string = gst_arcly_av1_codec_string (data, size, error);
  return info->codec_string != NULL;
}

/* The level is not in the stream: it follows from size and frame rate. */
static gboolean
read_vp9 (GstArclyCodecInfo *info, const GstStructure *s, GBytes *unit,
    GError **error)
{
  GstArclyVp9Frame frame;
  gsize size;
  const guint8 *data = data_of (unit, &size);
  gint fps_n = 0, fps_d = 1;

  info->reorder_depth = 0;
  if (!data)
    return TRUE;
  if (!gst_arcly_vp9_frame_parse (data, size, &frame, error))
    return FALSE;
  if (!frame.key_frame)
    return TRUE;
  gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d);
  info->width = frame.width;
  info->height = frame.height;
  info->bit_depth = frame.config.bit_depth;
  info->chroma_format = MAX (frame.config.chroma_subsampling, 1);
  frame.config.level =
      gst_arcly_vp9_level (frame.width, frame.height, MAX (fps_n, 0), fps_d);
  info->config = gst_arcly_vp9_config_to_bytes (&frame.config, error);
  if (!info->config)
    return FALSE;
  data = data_of (info->config, &size);
  info->codec_string = gst_arcly_vp9_codec_string (data, size, error);
  return info->codec_string != NULL;
}

gboolean
gst_arcly_codec_read_video (GstArclyCodecInfo *info, const GstStructure *s,
    GBytes *config, GBytes *unit, GError **error)
{
  const gchar *format = gst_structure_get_string (s, "stream-format");
  gboolean in_band = g_strcmp0 (format, "avc3") == 0 ||
                     g_strcmp0 (format, "hev1") == 0 ||
                     g_strcmp0 (format, "vvi1") == 0;
  gboolean ok;

  if (info->codec == GST_ARCLY_CODEC_AV1)
    return read_av1 (info, config, unit, error);
  if (info->codec == GST_ARCLY_CODEC_VP9)
    return read_vp9 (info, s, unit, error);
  /* Without a stream-format: as codec_data says. */
  if (format ? g_strcmp0 (format, "byte-stream") != 0 : config != NULL)
    info->nal_length_size = DEFAULT_NAL_LENGTH_SIZE;
  if (info->codec == GST_ARCLY_CODEC_H264)
    ok = read_h264 (info, config, unit, error);
  else if (info->codec == GST_ARCLY_CODEC_H265)
    ok = read_h265 (info, config, unit, !in_band, error);
  else
    ok = read_h266 (info, config, unit, !in_band, error);
  if (ok && in_band && info->codec_string)
    memcpy (info->codec_string, format, 4);
  return ok;
}
