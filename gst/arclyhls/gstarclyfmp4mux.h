/* SPDX-License-Identifier: MIT */
#pragma once

#include "gstarclymux.h"

G_BEGIN_DECLS

/* On the first buffer of a chunk: a key frame is in it, of the track that
 * decides where to cut; also where no fragment begins there. */
#define GST_ARCLY_FMP4_MUX_FLAG_KEY (GST_BUFFER_FLAG_LAST << 1)

#define GST_TYPE_ARCLY_FMP4_MUX (gst_arcly_fmp4_mux_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyFmp4Mux, gst_arcly_fmp4_mux, GST, ARCLY_FMP4_MUX, GstArclyMux)

GST_ELEMENT_REGISTER_DECLARE (arclyfmp4mux);

G_END_DECLS
