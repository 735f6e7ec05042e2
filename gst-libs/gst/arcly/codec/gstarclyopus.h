/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyOpusConfig:
 * @channels: output channels, 1 to 255
 * @pre_skip: samples at 48 kHz to drop from the start
 * @input_rate: sample rate of what was encoded, in Hz, 0 if not known
 * @output_gain: in 1/256 dB
 * @mapping_family: channel mapping family
 * @n_streams: streams in a packet
 * @n_coupled: streams with two channels, the first of them
 * @mapping: stream channel of each output channel, if @mapping_family is not 0
 *
 * What an OpusHead (RFC 7845, 5.1) and a dOps box (Encapsulation of Opus in
 * ISO Base Media File Format, 4.3.2) say alike.
 *
 * Since: 0.1
 */
typedef struct {
  guint8 channels;
  guint16 pre_skip;
  guint32 input_rate;
  gint16 output_gain;
  guint8 mapping_family;
  guint8 n_streams;
  guint8 n_coupled;
  guint8 mapping[255];
} GstArclyOpusConfig;

GST_ARCLY_API
gboolean gst_arcly_opus_head_parse (
    const guint8 *data, gsize size, GstArclyOpusConfig *config, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_opus_head_to_bytes (
    const GstArclyOpusConfig *config, GError **error);

GST_ARCLY_API
gboolean gst_arcly_opus_config_parse (
    const guint8 *data, gsize size, GstArclyOpusConfig *config, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_opus_config_to_bytes (
    const GstArclyOpusConfig *config, GError **error);

GST_ARCLY_API
guint gst_arcly_opus_packet_samples (const guint8 *data, gsize size);

G_END_DECLS
