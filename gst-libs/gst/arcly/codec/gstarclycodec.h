/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyCodec:
 * @GST_ARCLY_CODEC_UNKNOWN: none of these
 * @GST_ARCLY_CODEC_H264: H.264, AVC
 * @GST_ARCLY_CODEC_H265: H.265, HEVC
 * @GST_ARCLY_CODEC_H266: H.266, VVC
 * @GST_ARCLY_CODEC_AV1: AV1
 * @GST_ARCLY_CODEC_VP9: VP9
 * @GST_ARCLY_CODEC_AAC: AAC, raw or ADTS
 * @GST_ARCLY_CODEC_OPUS: Opus
 * @GST_ARCLY_CODEC_MPEG_AUDIO: MPEG-1 and 2 audio, MP3 among them
 * @GST_ARCLY_CODEC_AC3: AC-3
 * @GST_ARCLY_CODEC_EAC3: E-AC-3
 * @GST_ARCLY_CODEC_FLAC: FLAC
 *
 * The codecs that the elements here carry.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_CODEC_UNKNOWN,
  GST_ARCLY_CODEC_H264,
  GST_ARCLY_CODEC_H265,
  GST_ARCLY_CODEC_H266,
  GST_ARCLY_CODEC_AV1,
  GST_ARCLY_CODEC_VP9,
  GST_ARCLY_CODEC_AAC,
  GST_ARCLY_CODEC_OPUS,
  GST_ARCLY_CODEC_MPEG_AUDIO,
  GST_ARCLY_CODEC_AC3,
  GST_ARCLY_CODEC_EAC3,
  GST_ARCLY_CODEC_FLAC,
} GstArclyCodec;

/**
 * GstArclyCodecInfo:
 * @codec: which codec
 * @is_video: video, else audio
 * @nal_length_size: of H.264, H.265, H.266: bytes of each NAL unit's length,
 *     0 for a byte stream; 0 of other codecs
 * @adts: of AAC: whether each frame has an ADTS header
 * @config: (nullable): the codec's configuration as it stands in its ISO box,
 *     version and flags of a full box included; the AudioSpecificConfig for
 *     AAC; %NULL for MPEG audio, and as long as it is not known
 * @codec_string: (nullable): the codecs parameter (RFC 6381), %NULL as long
 *     as it is not known
 * @width: shown width, in pixels, 0 if not known
 * @height: shown height, in pixels, 0 if not known
 * @par_n: width of a pixel, 0 if not known
 * @par_d: height of a pixel, 0 if not known
 * @fps_n: frames in @fps_d seconds, 0 if not known
 * @fps_d: see @fps_n, 0 if not known
 * @bit_depth: bits a luma sample, 0 if not known
 * @chroma_format: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4; -1 if not known
 * @reorder_depth: frames that may precede one in decoding order and follow it
 *     in output order: 0 means PTS are DTS; -1 if not known
 * @rate: sample rate, in Hz, 0 if not known
 * @channels: channels, 0 if not known
 * @frame_samples: samples of a frame at @rate, 0 if not known or not constant
 *
 * What a track is. Fields are for reading.
 *
 * Since: 0.1
 */
typedef struct {
  GstArclyCodec codec;
  gboolean is_video;
  guint nal_length_size;
  gboolean adts;
  GBytes *config;
  gchar *codec_string;
  guint width;
  guint height;
  guint par_n;
  guint par_d;
  guint fps_n;
  guint fps_d;
  guint bit_depth;
  gint chroma_format;
  gint reorder_depth;
  guint rate;
  guint channels;
  guint frame_samples;
} GstArclyCodecInfo;

#define GST_TYPE_ARCLY_CODEC_INFO (gst_arcly_codec_info_get_type ())
GST_ARCLY_API
GType gst_arcly_codec_info_get_type (void);

GST_ARCLY_API
GstArclyCodec gst_arcly_codec_from_caps (const GstCaps *caps);

GST_ARCLY_API
const gchar *gst_arcly_codec_get_name (GstArclyCodec codec);

GST_ARCLY_API
GstArclyCodecInfo *gst_arcly_codec_info_new (
    const GstCaps *caps, GstBuffer *first, GError **error);

GST_ARCLY_API
GstArclyCodecInfo *gst_arcly_codec_info_copy (const GstArclyCodecInfo *info);

GST_ARCLY_API
void gst_arcly_codec_info_free (GstArclyCodecInfo *info);

GST_ARCLY_API
gboolean gst_arcly_codec_is_random_access (
    const GstArclyCodecInfo *info, GstBuffer *buffer);

/**
 * GstArclyNalFlags:
 * @GST_ARCLY_NAL_KEEP_ALL: each NAL unit stays
 * @GST_ARCLY_NAL_DROP_PARAMETER_SETS: parameter sets are left out: they are in
 *     the configuration (avc1, hvc1, vvc1)
 * @GST_ARCLY_NAL_DROP_DELIMITERS: access unit delimiters are left out
 *
 * Which NAL units gst_arcly_nal_convert() leaves out.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/ {
  GST_ARCLY_NAL_KEEP_ALL = 0,
  GST_ARCLY_NAL_DROP_PARAMETER_SETS = 1 << 0,
  GST_ARCLY_NAL_DROP_DELIMITERS = 1 << 1,
} GstArclyNalFlags;

GST_ARCLY_API
GstBuffer *gst_arcly_nal_convert (GstBuffer *buffer, GstArclyCodec codec,
    guint from_length_size, guint to_length_size, GstArclyNalFlags flags,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyCodecInfo, gst_arcly_codec_info_free)

G_END_DECLS
