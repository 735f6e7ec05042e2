/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_HLS_SINK (gst_arcly_hls_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyHlsSink, gst_arcly_hls_sink, GST, ARCLY_HLS_SINK, GstBin)

GST_ELEMENT_REGISTER_DECLARE (arclyhlssink);

G_END_DECLS
