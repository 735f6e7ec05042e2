/* SPDX-License-Identifier: MIT
 *
 * What the caps of a track say, as arclyfmp4mux needs it. */
#pragma once

#include <gst/gst.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh265.h>

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_FMP4_MUX_H264,
  GST_ARCLY_FMP4_MUX_H265,
  GST_ARCLY_FMP4_MUX_AAC_ADTS,
  GST_ARCLY_FMP4_MUX_AAC_RAW,
  GST_ARCLY_FMP4_MUX_AV1,
  GST_ARCLY_FMP4_MUX_VP9,
  GST_ARCLY_FMP4_MUX_OPUS,
  GST_ARCLY_FMP4_MUX_FLAC,
  GST_ARCLY_FMP4_MUX_AC3,
  GST_ARCLY_FMP4_MUX_EAC3,
  GST_ARCLY_FMP4_MUX_ID3,
  GST_ARCLY_FMP4_MUX_SCTE35,
} GstArclyFmp4MuxCodec;

typedef struct {
  GstArclyFmp4MuxCodec codec;
  GstCaps *caps;
  guint32 timescale;
  GstClockTime duration; /* of a unit, nominally; 0 if not told */
  gint depth;            /* reordering of frames; -1 if not known yet */
  guint width;           /* 0 if not told */
  guint height;
  guint par_n; /* 0 if not told */
  guint par_d;
  gboolean in_band;         /* parameter sets stay in the samples */
  GstArclyH264Config *h264; /* NULL for a byte stream */
  GstArclyH265Config *h265; /* NULL for a byte stream */
  GBytes *entry;            /* sample entry; NULL: a unit will tell */
} GstArclyFmp4MuxFormat;

/* One reference each. NULL with an error that a user understands. */
GstArclyFmp4MuxFormat *gst_arcly_fmp4_mux_format_new (
    GstCaps *caps, GError **error);

GstArclyFmp4MuxFormat *gst_arcly_fmp4_mux_format_ref (
    GstArclyFmp4MuxFormat *format);

void gst_arcly_fmp4_mux_format_unref (GstArclyFmp4MuxFormat *format);

/* How deep frames are reordered. */
guint gst_arcly_fmp4_mux_format_depth (
    GstArclyFmp4MuxFormat *format, GstBuffer *buffer);

/* A sample entry of what only the stream told. NULL if it is not enough. */
GBytes *gst_arcly_fmp4_mux_format_h264_entry (
    const GstArclyFmp4MuxFormat *format, GstArclyH264Config *config,
    GError **error);

GBytes *gst_arcly_fmp4_mux_format_h265_entry (
    const GstArclyFmp4MuxFormat *format, GstArclyH265Config *config,
    GError **error);

GBytes *gst_arcly_fmp4_mux_format_aac_entry (
    const GstArclyAacConfig *aac, GBytes *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyFmp4MuxFormat, gst_arcly_fmp4_mux_format_unref)

G_END_DECLS
