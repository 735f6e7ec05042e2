/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclynal.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4entry.h"
#include "fmp4timeline.h"
#include "gstarclyfmp4muxformat.h"
#include "gstarclyfmp4muxprobe.h"
#include "gstarclymuxpad.h"

/* ISO/IEC 14496-1, table 5: MPEG-4 audio. */
#define OBJECT_TYPE_AAC 0x40

GstArclyFmp4MuxFormat *
gst_arcly_fmp4_mux_format_ref (GstArclyFmp4MuxFormat *format)
{
  return g_atomic_rc_box_acquire (format);
}

static void
format_clear (gpointer data)
{
  GstArclyFmp4MuxFormat *format = data;

  g_clear_pointer (&format->h264, gst_arcly_h264_config_unref);
  g_clear_pointer (&format->h265, gst_arcly_h265_config_unref);
  g_clear_pointer (&format->entry, g_bytes_unref);
  gst_clear_caps (&format->caps);
}

void
gst_arcly_fmp4_mux_format_unref (GstArclyFmp4MuxFormat *format)
{
  g_atomic_rc_box_release_full (format, format_clear);
}

static GBytes *
codec_data (const GstStructure *s, const gchar *what, GError **error)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");
  GstBuffer *buffer;
  gpointer data;
  gsize size;

  if (!value || !GST_VALUE_HOLDS_BUFFER (value)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%s caps lack codec_data", what);
    return NULL;
  }
  buffer = gst_value_get_buffer (value);
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

/* Of the first SPS: what caps do not say, and how frames are reordered. */
static gboolean
read_sps (const GstArclyH264Config *config, GstArclyH264Sps *sps)
{
  const guint8 *data;
  gsize size;

  if (gst_arcly_h264_config_get_n_sps (config) == 0)
    return FALSE;
  data = g_bytes_get_data (gst_arcly_h264_config_get_sps (config, 0), &size);
  return gst_arcly_h264_sps_parse (data, size, sps, NULL);
}

GBytes *
gst_arcly_fmp4_mux_format_h264_entry (const GstArclyFmp4MuxFormat *format,
    GstArclyH264Config *config, GError **error)
{
  g_autoptr (GBytes) avcc = gst_arcly_h264_config_to_bytes (config, error);
  GstArclyFmp4VideoEntry entry = {
    .type = format->in_band ? "avc3" : "avc1",
    .width = format->width,
    .height = format->height,
    .par_n = format->par_n,
    .par_d = format->par_d,
    .config_type = "avcC",
    .config = avcc,
  };
  GstArclyH264Sps sps;

  if (!avcc)
    return NULL;
  /* What is in the stream is true, caps may be old. */
  if (read_sps (config, &sps)) {
    entry.width = sps.width;
    entry.height = sps.height;
    if (entry.par_n == 0) {
      entry.par_n = sps.par_n;
      entry.par_d = sps.par_d;
    }
  }
  return gst_arcly_fmp4_video_entry (&entry);
}

GBytes *
gst_arcly_fmp4_mux_format_aac_entry (
    const GstArclyAacConfig *aac, GBytes *config)
{
  g_autoptr (GBytes) esds = gst_arcly_fmp4_esds (OBJECT_TYPE_AAC, config);
  GstArclyFmp4AudioEntry entry = {
    .type = "mp4a",
    .channels = aac->channels,
    .rate = aac->rate,
    .config_type = "esds",
    .config = esds,
  };

  return gst_arcly_fmp4_audio_entry (&entry);
}

static gboolean
read_h264 (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  g_autoptr (GBytes) bytes = NULL;
  GstArclyH264Sps sps;
  const guint8 *data;
  gsize size;

  format->codec = GST_ARCLY_FMP4_MUX_H264;
  format->depth = -1;
  if (g_strcmp0 (stream_format, "byte-stream") == 0)
    return TRUE;
  format->in_band = g_strcmp0 (stream_format, "avc3") == 0;
  bytes = codec_data (s, "H.264 (avc)", error);
  if (!bytes)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  format->h264 = gst_arcly_h264_config_parse (data, size, error);
  if (!format->h264)
    return FALSE;
  if (!read_sps (format->h264, &sps))
    return TRUE;
  format->depth = gst_arcly_h264_sps_reorder_depth (&sps);
  if (format->duration == 0 && sps.fps_n > 0) {
    format->duration = gst_util_uint64_scale (GST_SECOND, sps.fps_d, sps.fps_n);
    format->timescale = gst_arcly_fmp4_video_timescale (sps.fps_n, sps.fps_d);
  }
  format->entry =
      gst_arcly_fmp4_mux_format_h264_entry (format, format->h264, error);
  return format->entry != NULL;
}

static gboolean
find_h265_sps (const GstArclyH265Config *config, GstArclyH265Sps *sps)
{
  const guint8 *data;
  gsize size;

  if (gst_arcly_h265_config_get_n_nals (config, GST_ARCLY_H265_NAL_SPS) == 0)
    return FALSE;
  data = g_bytes_get_data (
      gst_arcly_h265_config_get_nal (config, GST_ARCLY_H265_NAL_SPS, 0), &size);
  return gst_arcly_h265_sps_parse (data, size, sps, NULL);
}

GBytes *
gst_arcly_fmp4_mux_format_h265_entry (const GstArclyFmp4MuxFormat *format,
    GstArclyH265Config *config, GError **error)
{
  g_autoptr (GBytes) hvcc =
      gst_arcly_h265_config_to_bytes (config, !format->in_band, error);
  GstArclyFmp4VideoEntry entry = {
    .type = format->in_band ? "hev1" : "hvc1",
    .width = format->width,
    .height = format->height,
    .par_n = format->par_n,
    .par_d = format->par_d,
    .config_type = "hvcC",
    .config = hvcc,
  };
  GstArclyH265Sps sps;

  if (!hvcc)
    return NULL;
  if (find_h265_sps (config, &sps)) {
    entry.width = sps.width;
    entry.height = sps.height;
    if (entry.par_n == 0) {
      entry.par_n = sps.par_n;
      entry.par_d = sps.par_d;
    }
  }
  return gst_arcly_fmp4_video_entry (&entry);
}

static gboolean
read_h265 (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  g_autoptr (GBytes) bytes = NULL;
  GstArclyH265Sps sps;
  const guint8 *data;
  gsize size;

  format->codec = GST_ARCLY_FMP4_MUX_H265;
  format->depth = -1;
  if (g_strcmp0 (stream_format, "byte-stream") == 0)
    return TRUE;
  format->in_band = g_strcmp0 (stream_format, "hev1") == 0;
  bytes = codec_data (s, "H.265 (hvc1, hev1)", error);
  if (!bytes)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  format->h265 = gst_arcly_h265_config_parse (data, size, error);
  if (!format->h265)
    return FALSE;
  if (!find_h265_sps (format->h265, &sps))
    return TRUE;
  format->depth = sps.max_num_reorder_pics;
  if (format->duration == 0 && sps.fps_n > 0) {
    format->duration = gst_util_uint64_scale (GST_SECOND, sps.fps_d, sps.fps_n);
    format->timescale = gst_arcly_fmp4_video_timescale (sps.fps_n, sps.fps_d);
  }
  format->entry =
      gst_arcly_fmp4_mux_format_h265_entry (format, format->h265, error);
  return format->entry != NULL;
}

static gint
h265_depth (GstBuffer *buffer, guint length_size)
{
  GstArclyNalIter iter;
  GstArclyH265Sps sps;
  GstMapInfo map;
  const guint8 *nal;
  gsize size;
  gint depth = -1;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return -1;
  gst_arcly_nal_iter_init (&iter, map.data, map.size, length_size);
  while (depth < 0 && gst_arcly_nal_iter_next (&iter, &nal, &size)) {
    if (GST_ARCLY_NAL_TYPE_H265 (nal) == GST_ARCLY_H265_NAL_SPS &&
        gst_arcly_h265_sps_parse (nal, size, &sps, NULL))
      depth = sps.max_num_reorder_pics;
  }
  gst_buffer_unmap (buffer, &map);
  return depth;
}

guint
gst_arcly_fmp4_mux_format_depth (
    GstArclyFmp4MuxFormat *format, GstBuffer *buffer)
{
  /* A byte stream tells it in its first key frame. */
  if (format->depth < 0 && format->codec == GST_ARCLY_FMP4_MUX_H264)
    format->depth = gst_arcly_mux_h264_depth (buffer,
        format->h264 ? gst_arcly_h264_config_get_nal_length_size (format->h264)
                     : 0);
  else if (format->depth < 0 && format->codec == GST_ARCLY_FMP4_MUX_H265)
    format->depth = h265_depth (buffer,
        format->h265 ? gst_arcly_h265_config_get_nal_length_size (format->h265)
                     : 0);
  return MAX (format->depth, 0);
}

static gboolean
read_video (
    GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  gint fps_n = 0, fps_d = 1, par_n = 0, par_d = 1, width = 0, height = 0;

  gst_structure_get_int (s, "width", &width);
  gst_structure_get_int (s, "height", &height);
  format->width = CLAMP (width, 0, G_MAXUINT16);
  format->height = CLAMP (height, 0, G_MAXUINT16);
  if (gst_structure_get_fraction (s, "pixel-aspect-ratio", &par_n, &par_d) &&
      par_n > 0 && par_d > 0) {
    format->par_n = par_n;
    format->par_d = par_d;
  }
  gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d);
  format->timescale = gst_arcly_fmp4_video_timescale (fps_n, fps_d);
  if (fps_n > 0 && fps_d > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, fps_d, fps_n);
  if (gst_structure_has_name (s, "video/x-h265"))
    return read_h265 (format, s, error);
  if (gst_structure_has_name (s, "video/x-h264"))
    return read_h264 (format, s, error);
  return gst_arcly_fmp4_mux_probe_caps (format, s, error);
}

static gboolean
read_aac (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  GstArclyAacConfig aac = { .object_type = 2, .frame_samples = 1024 };
  g_autoptr (GBytes) bytes = NULL;
  gint rate = 0, channels = 0;
  const guint8 *data;
  gsize size;

  if (g_strcmp0 (stream_format, "raw") == 0) {
    format->codec = GST_ARCLY_FMP4_MUX_AAC_RAW;
    bytes = codec_data (s, "AAC (raw)", error);
    if (!bytes)
      return FALSE;
    data = g_bytes_get_data (bytes, &size);
    if (!gst_arcly_aac_config_parse (data, size, &aac, error))
      return FALSE;
  } else {
    format->codec = GST_ARCLY_FMP4_MUX_AAC_ADTS;
    gst_structure_get_int (s, "rate", &rate);
    gst_structure_get_int (s, "channels", &channels);
    aac.rate = MAX (rate, 0);
    aac.channels = CLAMP (channels, 0, 8);
    aac.channel_configuration = aac.channels == 8 ? 7 : aac.channels;
    /* If caps tell too little, each frame's header tells it. */
    if (aac.rate > 0)
      bytes = gst_arcly_aac_config_to_bytes (&aac, NULL);
  }
  if (aac.rate == 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AAC caps lack the sample rate");
    return FALSE;
  }
  format->timescale = aac.rate;
  format->duration =
      gst_util_uint64_scale (GST_SECOND, aac.frame_samples, aac.rate);
  if (bytes)
    format->entry = gst_arcly_fmp4_mux_format_aac_entry (&aac, bytes);
  return TRUE;
}

GstArclyFmp4MuxFormat *
gst_arcly_fmp4_mux_format_new (GstCaps *caps, GError **error)
{
  g_autoptr (GstArclyFmp4MuxFormat) format = NULL;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean ok = TRUE;

  format = g_atomic_rc_box_new0 (GstArclyFmp4MuxFormat);
  format->caps = gst_caps_ref (caps);
  if (g_str_has_prefix (gst_structure_get_name (s), "video/"))
    ok = read_video (format, s, error);
  else if (gst_structure_has_name (s, "audio/mpeg"))
    ok = read_aac (format, s, error);
  else if (gst_structure_has_name (s, "meta/x-id3"))
    format->codec = GST_ARCLY_FMP4_MUX_ID3;
  else if (gst_structure_has_name (s, "application/x-scte-35"))
    format->codec = GST_ARCLY_FMP4_MUX_SCTE35;
  else
    ok = gst_arcly_fmp4_mux_probe_caps (format, s, error);
  return ok ? g_steal_pointer (&format) : NULL;
}
