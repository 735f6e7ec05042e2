/* SPDX-License-Identifier: MIT
 *
 * Caps of the video codecs of enhanced RTMP. Where neither header nor frame
 * tells them, width, height and frame rate are the metadata's. */
#include "config.h"

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/pbutils/pbutils.h>

#include "rtmpcodec.h"
#include "rtmpformat.h"

/* Of HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1. */
#define HVCC_PROFILE_OFFSET 1
/* general_profile_space to general_level_idc, ITU-T H.265, 7.3.3. */
#define HVCC_PROFILE_SIZE 12

#define MAX_SIDE 65535
/* Beyond this a rate is a mistake of the publisher. */
#define MAX_FPS 1000

static GstCaps *
fail (GError **error, gint code, const gchar *text)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, code, text);
  return NULL;
}

static void
set_codec_data (GstCaps *caps, GBytes *header)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (header);

  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
}

/* @fps_n: 0 if the codec does not tell it. */
static void
set_rate (GstCaps *caps, guint fps_n, guint fps_d,
    const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  gint n = (gint) fps_n, d = (gint) fps_d;

  if (n <= 0 || d <= 0 || n / MAX_FPS > d)
    gst_arcly_rtmp_metadata_framerate (metadata, &n, &d);
  if (n <= 0)
    return;
  gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, n, d, NULL);
  *duration = gst_util_uint64_scale (GST_SECOND, d, n);
}

static gint
metadata_side (const GstArclyAmfValue *metadata, const gchar *name)
{
  gdouble side = gst_arcly_amf_value_get_number (metadata, name, 0);

  return side >= 1 && side <= MAX_SIDE ? (gint) side : 0;
}

static void
set_size (GstCaps *caps, gint width, gint height)
{
  if (width > 0 && height > 0)
    gst_caps_set_simple (
        caps, "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, NULL);
}

static void
set_metadata_size (GstCaps *caps, const GstArclyAmfValue *metadata)
{
  set_size (caps, metadata_side (metadata, "width"),
      metadata_side (metadata, "height"));
}

/* FALSE: it has none, or one that only decoders understand. */
static gboolean
read_h265_sps (const GstArclyH265Config *config, GstArclyH265Sps *sps)
{
  GBytes *nal;
  gsize size;
  const guint8 *data;

  if (gst_arcly_h265_config_get_n_nals (config, GST_ARCLY_H265_NAL_SPS) == 0)
    return FALSE;
  nal = gst_arcly_h265_config_get_nal (config, GST_ARCLY_H265_NAL_SPS, 0);
  data = g_bytes_get_data (nal, &size);
  return gst_arcly_h265_sps_parse (data, size, sps, NULL);
}

GstCaps *
gst_arcly_rtmp_hevc_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstArclyH265Config) config = NULL;
  GstArclyH265Sps sps = { 0 };
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  config = gst_arcly_h265_config_parse (data, size, error);
  if (config == NULL)
    return NULL;
  caps = gst_caps_new_simple ("video/x-h265", "stream-format", G_TYPE_STRING,
      "hvc1", "alignment", G_TYPE_STRING, "au", NULL);
  set_codec_data (caps, header);
  gst_codec_utils_h265_caps_set_level_tier_and_profile (
      caps, data + HVCC_PROFILE_OFFSET, HVCC_PROFILE_SIZE);
  if (read_h265_sps (config, &sps)) {
    set_size (caps, (gint) sps.width, (gint) sps.height);
    if (sps.par_n > 0 && sps.par_d > 0)
      gst_caps_set_simple (caps, "pixel-aspect-ratio", GST_TYPE_FRACTION,
          (gint) MIN (sps.par_n, G_MAXINT), (gint) MIN (sps.par_d, G_MAXINT),
          NULL);
  } else {
    set_metadata_size (caps, metadata);
  }
  set_rate (caps, sps.fps_n, sps.fps_d, metadata, duration);
  return g_steal_pointer (&caps);
}

/* AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding",
 * 2.3.3. The sequence header may be in it. */
GstCaps *
gst_arcly_rtmp_av1_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  static const gchar *const profiles[] = { "main", "high", "professional" };
  g_autoptr (GstCaps) caps = NULL;
  GstArclyAv1Sequence sequence;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  if (!gst_arcly_av1_config_parse (data, size, &sequence, error))
    return NULL;
  if (sequence.profile >= G_N_ELEMENTS (profiles))
    return fail (error, GST_ARCLY_ERROR_INVALID,
        "AV1 sequence header of an unknown profile");
  caps = gst_caps_new_simple ("video/x-av1", "stream-format", G_TYPE_STRING,
      "obu-stream", "alignment", G_TYPE_STRING, "tu", "profile", G_TYPE_STRING,
      profiles[sequence.profile], NULL);
  set_codec_data (caps, header);
  if (sequence.width > 0)
    set_size (caps, (gint) sequence.width, (gint) sequence.height);
  else
    set_metadata_size (caps, metadata);
  set_rate (caps, sequence.fps_n, sequence.fps_d, metadata, duration);
  return g_steal_pointer (&caps);
}

/* VP8 and VP9. Their configuration record ("VP Codec ISO Media File Format
 * Binding") says less than a key frame does, so it is not needed. */

static GstCaps *
vp_header_caps (const gchar *type, GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  GstCaps *caps = gst_caps_new_empty_simple (type);

  *duration = GST_CLOCK_TIME_NONE;
  set_metadata_size (caps, metadata);
  set_rate (caps, 0, 0, metadata, duration);
  return caps;
}

GstCaps *
gst_arcly_rtmp_vp8_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error)
{
  return vp_header_caps ("video/x-vp8", header, metadata, duration);
}

GstCaps *
gst_arcly_rtmp_vp9_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error)
{
  return vp_header_caps ("video/x-vp9", header, metadata, duration);
}

/* RFC 6386, 9.1: three bytes, a start code, then both sides with a scale in
 * their top two bits. */
gboolean
gst_arcly_rtmp_vp8_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  if (!key)
    return TRUE;
  if (size < 10 || data[0] & 1 || data[3] != 0x9d || data[4] != 0x01 ||
      data[5] != 0x2a) {
    fail (error, GST_ARCLY_ERROR_INVALID, "VP8 key frame without its start");
    return FALSE;
  }
  *caps = gst_caps_new_empty_simple ("video/x-vp8");
  set_rate (*caps, 0, 0, metadata, duration);
  set_size (*caps, (data[6] | data[7] << 8) & 0x3fff,
      (data[8] | data[9] << 8) & 0x3fff);
  return TRUE;
}

gboolean
gst_arcly_rtmp_vp9_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  static const gchar *const profiles[] = { "0", "1", "2", "3" };
  GstArclyVp9Frame read;
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  if (!key)
    return TRUE;
  if (!gst_arcly_vp9_frame_parse (data, size, &read, error))
    return FALSE;
  if (!read.key_frame) {
    fail (error, GST_ARCLY_ERROR_INVALID, "VP9 key frame that is none");
    return FALSE;
  }
  *caps = gst_caps_new_simple ("video/x-vp9", "profile", G_TYPE_STRING,
      profiles[read.config.profile & 3], NULL);
  set_rate (*caps, 0, 0, metadata, duration);
  set_size (*caps, (gint) read.width, (gint) read.height);
  return TRUE;
}
