/* SPDX-License-Identifier: MIT
 *
 * What RTMP says about codecs, in GStreamer's words. Any thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpamf.h"

G_BEGIN_DECLS

/* Frame rate that the metadata claims, or 0/1. */
void gst_arcly_rtmp_metadata_framerate (
    const GstArclyAmfValue *metadata, gint *fps_n, gint *fps_d);

/* Caps of H.264 whose sequence header (an AVCDecoderConfigurationRecord,
 * ISO/IEC 14496-15, 5.3.3.1) is @header. @metadata (nullable) helps where the
 * SPS is silent. @duration: of a frame, or GST_CLOCK_TIME_NONE. */
GstCaps *gst_arcly_rtmp_h264_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error);

/* Caps of AAC whose sequence header (an AudioSpecificConfig, ISO/IEC 14496-3,
 * 1.6.2.1) is @header. */
GstCaps *gst_arcly_rtmp_aac_caps (
    GBytes *header, GstClockTime *duration, GError **error);

/* Caps of the MP3 that starts with the frame at @data. */
GstCaps *gst_arcly_rtmp_mp3_caps (
    const guint8 *data, gsize size, GstClockTime *duration, GError **error);

G_END_DECLS
