/* SPDX-License-Identifier: MIT */
#pragma once

#include "gstarclymux.h"

G_BEGIN_DECLS

/* On a buffer with sound when all video has ended. Decoding can start at any of
 * them, though not all have tables in front. */
#define GST_ARCLY_TS_MUX_FLAG_LEFTOVER (GST_BUFFER_FLAG_LAST << 0)

/* On a buffer of a track that does not decide where the stream can be cut. */
#define GST_ARCLY_TS_MUX_FLAG_BESIDE (GST_BUFFER_FLAG_LAST << 1)

#define GST_TYPE_ARCLY_TS_MUX (gst_arcly_ts_mux_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyTsMux, gst_arcly_ts_mux, GST, ARCLY_TS_MUX, GstArclyMux)

GST_ELEMENT_REGISTER_DECLARE (arclytsmux);

G_END_DECLS
