/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_STREAM_SRC (gst_arcly_stream_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyStreamSrc, gst_arcly_stream_src, GST, ARCLY_STREAM_SRC, GstElement)

GST_ELEMENT_REGISTER_DECLARE (arclystreamsrc);

G_END_DECLS
