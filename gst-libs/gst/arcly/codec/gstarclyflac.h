/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyFlacInfo:
 * @min_block: fewest samples of a frame but the last
 * @max_block: most samples of a frame
 * @rate: sample rate, in Hz
 * @channels: 1 to 8
 * @bits: bits a sample, 4 to 32
 * @total_samples: samples of the stream, 0 if not known
 *
 * A STREAMINFO block (RFC 9639, 8.2).
 *
 * Since: 0.1
 */
typedef struct {
  guint min_block;
  guint max_block;
  guint rate;
  guint channels;
  guint bits;
  guint64 total_samples;
} GstArclyFlacInfo;

GST_ARCLY_API
gboolean gst_arcly_flac_config_parse (
    const guint8 *data, gsize size, GstArclyFlacInfo *info, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_flac_config_new (
    const guint8 *data, gsize size, GError **error);

G_END_DECLS
