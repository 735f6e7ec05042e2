/* SPDX-License-Identifier: MIT
 *
 * Codecs whose samples are buffers as they come, and what their caps and their
 * first frames tell: AV1, VP9, Opus, FLAC, AC-3, E-AC-3. */
#pragma once

#include "gstarclyfmp4muxformat.h"

G_BEGIN_DECLS

typedef struct {
  gboolean sync;
  gint64 duration; /* ns, 0 if the unit doesn't tell */
  gsize skip;      /* bytes at the start that are no part of the sample */
  GBytes *entry;   /* owned, NULL if the unit tells nothing */
} GstArclyFmp4MuxProbe;

/* Of another codec, an error. */
gboolean gst_arcly_fmp4_mux_probe_caps (
    GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error);

/* FALSE, with an error, if the unit is malformed. */
gboolean gst_arcly_fmp4_mux_probe_unit (const GstArclyFmp4MuxFormat *format,
    const GstMapInfo *map, gboolean keyframe, GstArclyFmp4MuxProbe *probe,
    GError **error);

G_END_DECLS
