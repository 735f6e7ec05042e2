/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "gstarclytsmuxformat.h"
#include "mpegtspsi.h"

GstArclyTsMuxFormat *
gst_arcly_ts_mux_format_ref (GstArclyTsMuxFormat *format)
{
  return g_atomic_rc_box_acquire (format);
}

static void
format_clear (gpointer data)
{
  GstArclyTsMuxFormat *format = data;

  g_clear_pointer (&format->h264, gst_arcly_h264_config_unref);
  gst_clear_caps (&format->caps);
}

void
gst_arcly_ts_mux_format_unref (GstArclyTsMuxFormat *format)
{
  g_atomic_rc_box_release_full (format, format_clear);
}

static GBytes *
codec_data (const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");
  GstBuffer *buffer;
  gpointer data;
  gsize size;

  if (!value || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  buffer = gst_value_get_buffer (value);
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

static gboolean
read_avcc (GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) bytes = codec_data (s);
  GstArclyH264Sps sps;
  const guint8 *data;
  gsize size;

  if (!bytes) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.264 caps with stream-format avc lack codec_data");
    return FALSE;
  }
  data = g_bytes_get_data (bytes, &size);
  format->h264 = gst_arcly_h264_config_parse (data, size, error);
  if (!format->h264)
    return FALSE;
  if (gst_arcly_h264_config_get_n_sps (format->h264) == 0)
    return TRUE; /* avc3: they are in the stream */
  data =
      g_bytes_get_data (gst_arcly_h264_config_get_sps (format->h264, 0), &size);
  /* What we cannot read, a decoder still may. */
  if (!gst_arcly_h264_sps_parse (data, size, &sps, NULL))
    return TRUE;
  format->depth = gst_arcly_h264_sps_reorder_depth (&sps);
  if (sps.fps_n > 0 && format->duration == 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, sps.fps_d, sps.fps_n);
  return TRUE;
}

static gboolean
read_video (GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  gint fps_n = 0, fps_d = 1;

  format->codec = GST_ARCLY_TS_MUX_H264;
  format->stream_type = GST_ARCLY_TS_TYPE_H264;
  format->depth = -1;
  if (gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d) &&
      fps_n > 0 && fps_d > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, fps_d, fps_n);
  if (g_strcmp0 (stream_format, "byte-stream") == 0)
    return TRUE;
  return read_avcc (format, s, error);
}

static gboolean
read_raw_aac (
    GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) bytes = codec_data (s);
  guint8 header[GST_ARCLY_ADTS_HEADER_SIZE];
  const guint8 *data;
  gsize size;

  if (!bytes) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AAC caps with stream-format raw lack codec_data");
    return FALSE;
  }
  data = g_bytes_get_data (bytes, &size);
  if (!gst_arcly_aac_config_parse (data, size, &format->aac, error))
    return FALSE;
  format->duration = gst_util_uint64_scale (
      GST_SECOND, format->aac.frame_samples, format->aac.rate);
  /* What ADTS cannot say is found out here, not at each frame. */
  return gst_arcly_adts_header_write (&format->aac, 0, header, error);
}

static gboolean
read_audio (GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  gint version = 0, layer = 3, rate = 0;

  gst_structure_get_int (s, "mpegversion", &version);
  gst_structure_get_int (s, "rate", &rate);
  if (version == 1) {
    gst_structure_get_int (s, "layer", &layer);
    format->codec = GST_ARCLY_TS_MUX_MPEG_AUDIO;
    /* ISO/IEC 13818-3 has the rates below 32 kHz. */
    format->stream_type = rate > 0 && rate < 32000
                              ? GST_ARCLY_TS_TYPE_MPEG2_AUDIO
                              : GST_ARCLY_TS_TYPE_MPEG1_AUDIO;
    if (rate > 0)
      format->duration = gst_util_uint64_scale (GST_SECOND,
          layer == 1                   ? 384
          : layer == 3 && rate < 32000 ? 576
                                       : 1152,
          rate);
    return TRUE;
  }
  format->stream_type = GST_ARCLY_TS_TYPE_ADTS;
  if (g_strcmp0 (stream_format, "raw") == 0) {
    format->codec = GST_ARCLY_TS_MUX_AAC_RAW;
    return read_raw_aac (format, s, error);
  }
  format->codec = GST_ARCLY_TS_MUX_AAC_ADTS;
  if (rate > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, 1024, rate);
  return TRUE;
}

GstArclyTsMuxFormat *
gst_arcly_ts_mux_format_new (GstCaps *caps, GError **error)
{
  g_autoptr (GstArclyTsMuxFormat) format = NULL;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean ok;

  format = g_atomic_rc_box_new0 (GstArclyTsMuxFormat);
  format->caps = gst_caps_ref (caps);
  if (gst_structure_has_name (s, "video/x-h264"))
    ok = read_video (format, s, error);
  else
    ok = read_audio (format, s, error);
  return ok ? g_steal_pointer (&format) : NULL;
}
