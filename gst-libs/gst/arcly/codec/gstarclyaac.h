/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GST_ARCLY_ADTS_HEADER_SIZE:
 *
 * Bytes of an ADTS header without CRC.
 *
 * Since: 0.1
 */
#define GST_ARCLY_ADTS_HEADER_SIZE 7

/**
 * GstArclyAacConfig:
 * @object_type: audio object type of the core, for example 2 for AAC LC
 * @extension_object_type: 5 if SBR is signalled, 29 with parametric stereo as
 *     well, else 0
 * @rate: sample rate of the core, in Hz
 * @extension_rate: sample rate with SBR, in Hz, else 0
 * @channel_configuration: 0 to 15; 0 if a program config element tells
 * @channels: channels, 0 if not told
 * @frame_samples: samples of a frame at @rate, 1024 or 960
 *
 * What an AudioSpecificConfig says (ISO/IEC 14496-3, 1.6.2.1).
 *
 * Since: 0.1
 */
typedef struct {
  guint8 object_type;
  guint8 extension_object_type;
  guint rate;
  guint extension_rate;
  guint8 channel_configuration;
  guint channels;
  guint frame_samples;
} GstArclyAacConfig;

/**
 * GstArclyAdtsHeader:
 * @mpeg_version: 4 or 2
 * @object_type: audio object type, 1 to 4
 * @rate: sample rate, in Hz
 * @channel_configuration: 0 to 7; 0 if a program config element tells
 * @header_size: bytes before the payload, 7 or 9
 * @frame_size: bytes of header and payload
 * @n_blocks: raw data blocks of 1024 samples in the frame, 1 to 4
 *
 * The header of an ADTS frame (ISO/IEC 14496-3, 1.A.2.2).
 *
 * Since: 0.1
 */
typedef struct {
  guint mpeg_version;
  guint8 object_type;
  guint rate;
  guint8 channel_configuration;
  guint header_size;
  guint frame_size;
  guint n_blocks;
} GstArclyAdtsHeader;

GST_ARCLY_API
gboolean gst_arcly_aac_config_parse (
    const guint8 *data, gsize size, GstArclyAacConfig *config, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_aac_config_to_bytes (
    const GstArclyAacConfig *config, GError **error);

GST_ARCLY_API
gchar *gst_arcly_aac_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_adts_header_parse (
    const guint8 *data, gsize size, GstArclyAdtsHeader *header, GError **error);

GST_ARCLY_API
gboolean gst_arcly_adts_header_write (const GstArclyAacConfig *config,
    gsize payload_size, guint8 *header, GError **error);

G_END_DECLS
