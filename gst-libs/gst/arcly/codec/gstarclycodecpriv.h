/* SPDX-License-Identifier: MIT
 *
 * The two halves of gst_arcly_codec_info_new(). Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclycodec.h>

G_BEGIN_DECLS

/* "config" is the caps' codec_data or first streamheader, "unit" an access
 * unit; each may be NULL. */
gboolean gst_arcly_codec_read_video (GstArclyCodecInfo *info,
    const GstStructure *s, GBytes *config, GBytes *unit, GError **error);

gboolean gst_arcly_codec_read_audio (GstArclyCodecInfo *info,
    const GstStructure *s, GBytes *config, GBytes *unit, GError **error);

G_END_DECLS
