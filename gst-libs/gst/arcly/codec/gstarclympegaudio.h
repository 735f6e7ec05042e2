/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyMpegAudioHeader:
 * @version: 1, 2, or 3 for the 2.5 of lower sample rates
 * @layer: 1 to 3
 * @bitrate: bits a second, 0 for free format
 * @rate: sample rate, in Hz
 * @channels: 1 or 2
 * @frame_size: bytes of the frame with its header, 0 for free format
 * @frame_samples: samples of the frame
 *
 * The header of an MPEG audio frame, MP3 among them (ISO/IEC 11172-3,
 * 2.4.1.3, and ISO/IEC 13818-3).
 *
 * Since: 0.1
 */
typedef struct {
  guint version;
  guint layer;
  guint bitrate;
  guint rate;
  guint channels;
  guint frame_size;
  guint frame_samples;
} GstArclyMpegAudioHeader;

GST_ARCLY_API
gboolean gst_arcly_mpeg_audio_header_parse (const guint8 *data, gsize size,
    GstArclyMpegAudioHeader *header, GError **error);

G_END_DECLS
