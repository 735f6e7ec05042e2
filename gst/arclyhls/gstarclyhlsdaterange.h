/* SPDX-License-Identifier: MIT
 *
 * Events "arcly-daterange" (docs/hls.md): read, placed where they are among the
 * buffers of a pad, and put on the board. */
#pragma once

#include <gst/gst.h>

#include "gstarclyhlsboard.h"

G_BEGIN_DECLS

#define GST_ARCLY_HLS_DATERANGE "arcly-daterange"

/* What @structure says; its position is not set. FALSE with
 * GST_ARCLY_ERROR_INVALID, which names the field and the reason. */
gboolean gst_arcly_hls_daterange_read (
    const GstStructure *structure, GstArclyHlsNotice *notice, GError **error);

/* Takes such events out of what comes into @pad, a pad of @element, which posts
 * a warning for one that it cannot use. */
void gst_arcly_hls_daterange_watch (
    GstPad *pad, GstElement *element, GstArclyHlsBoard *board);

G_END_DECLS
