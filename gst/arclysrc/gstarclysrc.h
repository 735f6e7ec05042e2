/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_SRC (gst_arcly_src_get_type ())
G_DECLARE_FINAL_TYPE (GstArclySrc, gst_arcly_src, GST, ARCLY_SRC, GstBin)

GST_ELEMENT_REGISTER_DECLARE (arclysrc);

G_END_DECLS
