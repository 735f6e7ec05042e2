/* SPDX-License-Identifier: MIT
 *
 * The codecs that RTMP may carry, and how their caps are found: in a sequence
 * header, in a frame, or in both. Any thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/flvenhanced.h"
#include "rtmp/rtmpamf.h"

G_BEGIN_DECLS

/* Caps for a sequence header. @metadata (nullable) helps where it is silent.
 * @duration: of a frame, or GST_CLOCK_TIME_NONE. */
typedef GstCaps *(*GstArclyRtmpHeaderFunc) (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);

/* What a frame says. @caps: (out): from it, or left NULL if it says nothing
 * new. @has_header: the caps are known from a sequence header. @duration:
 * (inout): of the frame. FALSE: it is no such frame. */
typedef gboolean (*GstArclyRtmpFrameFunc) (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);

/**
 * GstArclyRtmpCodec:
 * @fourcc: its code in enhanced RTMP
 * @kind: whether it is a codec of audio or video
 * @header: caps from a sequence header; %NULL if the codec has none
 * @frame: caps from a frame; %NULL if frames are of no use without a header
 */
typedef struct {
  guint32 fourcc;
  GstArclyFlvExKind kind;
  GstArclyRtmpHeaderFunc header;
  GstArclyRtmpFrameFunc frame;
} GstArclyRtmpCodec;

/* NULL, with GST_ARCLY_ERROR_UNSUPPORTED, if we do not know it. */
const GstArclyRtmpCodec *gst_arcly_rtmp_codec_find (
    GstArclyFlvExKind kind, guint32 fourcc, GError **error);

/* rtmpformatvideo.c */
GstCaps *gst_arcly_rtmp_hevc_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
GstCaps *gst_arcly_rtmp_av1_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
GstCaps *gst_arcly_rtmp_vp8_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
GstCaps *gst_arcly_rtmp_vp9_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
gboolean gst_arcly_rtmp_vp8_frame (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);
gboolean gst_arcly_rtmp_vp9_frame (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);

/* rtmpformataudio.c */
GstCaps *gst_arcly_rtmp_opus_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
GstCaps *gst_arcly_rtmp_flac_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);
gboolean gst_arcly_rtmp_opus_frame (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);
gboolean gst_arcly_rtmp_ac3_frame (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);
gboolean gst_arcly_rtmp_eac3_frame (GBytes *frame, gboolean key,
    gboolean has_header, const GstArclyAmfValue *metadata, GstCaps **caps,
    GstClockTime *duration, GError **error);

G_END_DECLS
