/* SPDX-License-Identifier: MIT
 *
 * What the video usability information of H.264 and H.265 has in common
 * (annex E of both), each with its flag. Private: not installed. */
#pragma once

#include <gst/arcly/codec/gstarclybitreader.h>

G_BEGIN_DECLS

/* Not told, in ITU-T H.273. */
#define GST_ARCLY_COLOUR_UNSPECIFIED 2

/* Both 0 if not told. */
GST_ARCLY_API
void gst_arcly_vui_read_aspect_ratio (
    GstArclyBitReader *reader, guint *par_n, guint *par_d);

/* What is not told stays as it was. colour: primaries, transfer, matrix. */
GST_ARCLY_API
void gst_arcly_vui_read_video_signal (
    GstArclyBitReader *reader, guint8 *colour[3], gboolean *full_range);

/* ue(v), at most "cap": nonsense stays nonsense, and fits. */
GST_ARCLY_API
guint8 gst_arcly_vui_read_capped (GstArclyBitReader *reader, guint8 cap);

G_END_DECLS
