/* SPDX-License-Identifier: MIT
 *
 * What the caps of a track say, as the muxer needs it. */
#pragma once

#include <gst/gst.h>

#include <gst/arcly/codec/gstarclyaac.h>

#include "mpegtspsi.h"
#include "mpegtsvideo.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_TS_MUX_H264,
  GST_ARCLY_TS_MUX_H265,
  GST_ARCLY_TS_MUX_AAC_RAW,
  GST_ARCLY_TS_MUX_AAC_ADTS,
  GST_ARCLY_TS_MUX_MPEG_AUDIO,
  GST_ARCLY_TS_MUX_AC3, /* and E-AC-3 */
  GST_ARCLY_TS_MUX_OPUS,
  GST_ARCLY_TS_MUX_ID3,
  GST_ARCLY_TS_MUX_SCTE35,
} GstArclyTsMuxCodec;

typedef struct {
  GstArclyTsMuxCodec codec;
  GstArclyTsPmtEntry entry; /* without the PID */
  guint8 stream_id;
  GstCaps *caps;
  guint nal_length_size; /* 0 for a byte stream */
  GPtrArray *sets;       /* (element-type GBytes), video: what came with caps */
  GstArclyAacConfig aac; /* raw only */
  GstClockTime duration; /* of a unit, nominally; 0 if not told */
  gint depth;            /* reordering of frames; -1 if not known yet */
} GstArclyTsMuxFormat;

/* One reference each. NULL with an error that a user understands. */
GstArclyTsMuxFormat *gst_arcly_ts_mux_format_new (
    GstCaps *caps, GError **error);

/* Of a format of video. */
GstArclyTsVideoCodec gst_arcly_ts_mux_format_get_video (
    const GstArclyTsMuxFormat *format);

/* How deep frames are reordered; a byte stream tells it in its first key
 * frame. The thread that owns the format's first reference. */
guint gst_arcly_ts_mux_format_get_depth (
    GstArclyTsMuxFormat *format, GstBuffer *buffer);

GstArclyTsMuxFormat *gst_arcly_ts_mux_format_ref (GstArclyTsMuxFormat *format);

void gst_arcly_ts_mux_format_unref (GstArclyTsMuxFormat *format);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyTsMuxFormat, gst_arcly_ts_mux_format_unref)

G_END_DECLS
