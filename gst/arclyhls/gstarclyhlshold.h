/* SPDX-License-Identifier: MIT
 *
 * Inside an arclyhlssink, in front of each rendition's muxer: holds media back
 * until the rendition that leads is as far, so that it is known where segments
 * end; and looks at what the track is. Never blocks who feeds it. */
#pragma once

#include <gst/gst.h>

#include <gst/arcly/codec/gstarclycodec.h>

#include "gstarclyhlscuts.h"

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_HLS_HOLD (gst_arcly_hls_hold_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyHlsHold, gst_arcly_hls_hold, GST, ARCLY_HLS_HOLD, GstElement)

/* Which it follows; NULL: none, all passes. Where keyframes shall come in such
 * intervals, an encoder is asked for them: as soon as it gave one, which the
 * writer gets later. 0: it is not. In READY. */
void gst_arcly_hls_hold_set_cuts (
    GstArclyHlsHold *self, GstArclyHlsCuts *cuts, GstClockTime interval);

/* Its pad goes: what is behind it ends. Any thread. */
void gst_arcly_hls_hold_end (GstArclyHlsHold *self);

/* (transfer full) (nullable): of what passed. Any thread. */
GstArclyCodecInfo *gst_arcly_hls_hold_get_info (GstArclyHlsHold *self);

/* (transfer full) (nullable): its language or title, as tags had it. */
gchar *gst_arcly_hls_hold_get_tag (GstArclyHlsHold *self, const gchar *tag);

G_END_DECLS
