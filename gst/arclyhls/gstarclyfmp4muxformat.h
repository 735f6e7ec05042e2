/* SPDX-License-Identifier: MIT
 *
 * What the caps of a track say, as arclyfmp4mux needs it. */
#pragma once

#include <gst/gst.h>

#include <gst/arcly/codec/gstarclyaac.h>

#include "fmp4nal.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_FMP4_MUX_NAL, /* H.264, H.265, H.266 */
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
  GstArclyFmp4NalCodec nal_codec;
  gboolean in_band; /* parameter sets stay in the samples */
  GBytes *record;   /* codec_data of NAL units; NULL for a byte stream */
  GBytes *entry;    /* sample entry; NULL: a unit will tell */
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

/* Of a format of NAL units. */
GstArclyFmp4Nal *gst_arcly_fmp4_mux_format_make_nal (
    const GstArclyFmp4MuxFormat *format);

/* A sample entry of what only the stream told. NULL if it is not enough. */
GBytes *gst_arcly_fmp4_mux_format_nal_entry (
    const GstArclyFmp4MuxFormat *format, const GstArclyFmp4Nal *nal,
    GError **error);

GBytes *gst_arcly_fmp4_mux_format_aac_entry (
    const GstArclyAacConfig *aac, GBytes *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyFmp4MuxFormat, gst_arcly_fmp4_mux_format_unref)

G_END_DECLS
