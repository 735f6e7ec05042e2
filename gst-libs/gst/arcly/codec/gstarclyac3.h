/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyAc3Header:
 * @enhanced: whether this is E-AC-3
 * @bsid: bit stream identification, up to 10 for AC-3, 11 to 16 for E-AC-3
 * @bsmod: bit stream mode, 0 for complete main
 * @acmod: audio coding mode, 0 to 7
 * @lfe: whether there is a low-frequency channel
 * @rate: sample rate, in Hz
 * @channels: channels with @lfe
 * @bitrate: bits a second, of an E-AC-3 frame its size at its rate
 * @frame_size: bytes of the frame
 * @frame_samples: samples of the frame, 256 to 1536
 * @stream_type: strmtyp of E-AC-3, 0 independent, 1 dependent, 2 AC-3 core
 * @substream_id: substreamid of E-AC-3, 0 to 7
 *
 * The header of a synchronization frame (ETSI TS 102 366, 4.3 and E.1.2).
 *
 * Since: 0.1
 */
typedef struct {
  gboolean enhanced;
  guint8 bsid;
  guint8 bsmod;
  guint8 acmod;
  gboolean lfe;
  guint rate;
  guint channels;
  guint bitrate;
  guint frame_size;
  guint frame_samples;
  guint8 stream_type;
  guint8 substream_id;
} GstArclyAc3Header;

GST_ARCLY_API
gboolean gst_arcly_ac3_header_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_ac3_config_new (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_ac3_config_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_eac3_config_new (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_eac3_config_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error);

G_END_DECLS
