/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/pbutils/pbutils.h>

#include "rtmpformat.h"

/* Beyond this a rate is a mistake of the publisher. */
#define MAX_FPS 1000.0

void
gst_arcly_rtmp_metadata_framerate (
    const GstArclyAmfValue *metadata, gint *fps_n, gint *fps_d)
{
  gdouble fps = gst_arcly_amf_value_get_number (metadata, "framerate", 0);

  *fps_n = 0;
  *fps_d = 1;
  /* Written so that NaN fails, too. */
  if (!(fps > 0 && fps <= MAX_FPS))
    return;
  gst_util_double_to_fraction (fps, fps_n, fps_d);
}

static GstClockTime
seconds (guint64 amount, guint64 rate)
{
  return rate == 0 ? GST_CLOCK_TIME_NONE
                   : gst_util_uint64_scale (GST_SECOND, amount, rate);
}

static void
set_codec_data (GstCaps *caps, GBytes *header)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (header);

  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
}

static void
set_picture (GstCaps *caps, const GstArclyH264Sps *sps,
    const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  gint fps_n = sps->fps_n, fps_d = sps->fps_d;

  gst_caps_set_simple (caps, "width", G_TYPE_INT, (gint) sps->width, "height",
      G_TYPE_INT, (gint) sps->height, NULL);
  if (sps->par_n > 0 && sps->par_n <= G_MAXINT && sps->par_d > 0 &&
      sps->par_d <= G_MAXINT)
    gst_caps_set_simple (caps, "pixel-aspect-ratio", GST_TYPE_FRACTION,
        (gint) sps->par_n, (gint) sps->par_d, NULL);

  if (fps_n <= 0 || fps_d <= 0)
    gst_arcly_rtmp_metadata_framerate (metadata, &fps_n, &fps_d);
  if (fps_n <= 0 || fps_d <= 0 || fps_n / MAX_FPS > fps_d)
    return;
  gst_caps_set_simple (
      caps, "framerate", GST_TYPE_FRACTION, fps_n, fps_d, NULL);
  *duration = seconds (fps_d, fps_n);
}

GstCaps *
gst_arcly_rtmp_h264_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstArclyH264Config) config = NULL;
  GBytes *nal;
  GstArclyH264Sps sps;
  const guint8 *data;
  gsize size;

  *duration = GST_CLOCK_TIME_NONE;
  data = g_bytes_get_data (header, &size);
  config = gst_arcly_h264_config_parse (data, size, error);
  if (config == NULL)
    return NULL;

  caps = gst_caps_new_simple ("video/x-h264", "stream-format", G_TYPE_STRING,
      "avc", "alignment", G_TYPE_STRING, "au", NULL);
  set_codec_data (caps, header);
  if (gst_arcly_h264_config_get_n_sps (config) == 0)
    return g_steal_pointer (&caps);

  nal = gst_arcly_h264_config_get_sps (config, 0);
  data = g_bytes_get_data (nal, &size);
  if (size > 3)
    gst_codec_utils_h264_caps_set_level_and_profile (
        caps, data + 1, (guint) size - 1);
  /* A decoder may understand an SPS that we do not. */
  if (gst_arcly_h264_sps_parse (data, size, &sps, NULL))
    set_picture (caps, &sps, metadata, duration);
  return g_steal_pointer (&caps);
}

GstCaps *
gst_arcly_rtmp_aac_caps (GBytes *header, GstClockTime *duration, GError **error)
{
  GstArclyAacConfig config;
  GstCaps *caps;
  const guint8 *data;
  gsize size;

  *duration = GST_CLOCK_TIME_NONE;
  data = g_bytes_get_data (header, &size);
  if (!gst_arcly_aac_config_parse (data, size, &config, error))
    return NULL;

  caps = gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
      "stream-format", G_TYPE_STRING, "raw", "framed", G_TYPE_BOOLEAN, TRUE,
      "rate", G_TYPE_INT, (gint) config.rate, NULL);
  if (config.channels > 0)
    gst_caps_set_simple (
        caps, "channels", G_TYPE_INT, (gint) config.channels, NULL);
  set_codec_data (caps, header);
  gst_codec_utils_aac_caps_set_level_and_profile (caps, data, (guint) size);
  *duration = seconds (config.frame_samples, config.rate);
  return caps;
}

GstCaps *
gst_arcly_rtmp_mp3_caps (
    const guint8 *data, gsize size, GstClockTime *duration, GError **error)
{
  GstArclyMpegAudioHeader header;

  *duration = GST_CLOCK_TIME_NONE;
  if (!gst_arcly_mpeg_audio_header_parse (data, size, &header, error))
    return NULL;
  if (header.layer != 3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "MPEG audio of layer %u where MP3 was announced", header.layer);
    return NULL;
  }

  *duration = seconds (header.frame_samples, header.rate);
  return gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 1,
      "mpegaudioversion", G_TYPE_INT, (gint) header.version, "layer",
      G_TYPE_INT, 3, "parsed", G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT,
      (gint) header.rate, "channels", G_TYPE_INT, (gint) header.channels, NULL);
}
