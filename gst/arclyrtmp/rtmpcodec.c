/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpcodec.h"
#include "rtmpformat.h"

static GstCaps *
aac_header (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  return gst_arcly_rtmp_aac_caps (header, duration, error);
}

static gboolean
mp3_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  *caps = gst_arcly_rtmp_mp3_caps (data, size, duration, error);
  return *caps != NULL;
}

static const GstArclyRtmpCodec codecs[] = {
  { GST_ARCLY_FOURCC_AVC, GST_ARCLY_FLV_EX_VIDEO, gst_arcly_rtmp_h264_caps,
      NULL },
  { GST_ARCLY_FOURCC_HEVC, GST_ARCLY_FLV_EX_VIDEO, gst_arcly_rtmp_hevc_caps,
      NULL },
  { GST_ARCLY_FOURCC_AV1, GST_ARCLY_FLV_EX_VIDEO, gst_arcly_rtmp_av1_caps,
      NULL },
  { GST_ARCLY_FOURCC_VP8, GST_ARCLY_FLV_EX_VIDEO,
      gst_arcly_rtmp_vp8_header_caps, gst_arcly_rtmp_vp8_frame },
  { GST_ARCLY_FOURCC_VP9, GST_ARCLY_FLV_EX_VIDEO,
      gst_arcly_rtmp_vp9_header_caps, gst_arcly_rtmp_vp9_frame },
  { GST_ARCLY_FOURCC_AAC, GST_ARCLY_FLV_EX_AUDIO, aac_header, NULL },
  { GST_ARCLY_FOURCC_OPUS, GST_ARCLY_FLV_EX_AUDIO, gst_arcly_rtmp_opus_caps,
      gst_arcly_rtmp_opus_frame },
  { GST_ARCLY_FOURCC_FLAC, GST_ARCLY_FLV_EX_AUDIO, gst_arcly_rtmp_flac_caps,
      NULL },
  { GST_ARCLY_FOURCC_AC3, GST_ARCLY_FLV_EX_AUDIO, NULL,
      gst_arcly_rtmp_ac3_frame },
  { GST_ARCLY_FOURCC_EAC3, GST_ARCLY_FLV_EX_AUDIO, NULL,
      gst_arcly_rtmp_eac3_frame },
  { GST_ARCLY_FOURCC_MP3, GST_ARCLY_FLV_EX_AUDIO, NULL, mp3_frame },
};

const GstArclyRtmpCodec *
gst_arcly_rtmp_codec_find (
    GstArclyFlvExKind kind, guint32 fourcc, GError **error)
{
  gchar text[GST_ARCLY_FOURCC_TEXT_SIZE];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (codecs[i].kind == kind && codecs[i].fourcc == fourcc)
      return &codecs[i];
  }
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "%s codec \"%s\" of enhanced RTMP",
      kind == GST_ARCLY_FLV_EX_VIDEO ? "video" : "audio",
      gst_arcly_flv_fourcc_print (fourcc, text));
  return NULL;
}
