/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstArclyRtmpOnUnpublish:
 * @GST_ARCLY_RTMP_ON_UNPUBLISH_WAIT: wait for the next publisher
 * @GST_ARCLY_RTMP_ON_UNPUBLISH_EOS: end the stream
 *
 * What happens when the publisher leaves.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_RTMP_ON_UNPUBLISH_WAIT,
  GST_ARCLY_RTMP_ON_UNPUBLISH_EOS,
} GstArclyRtmpOnUnpublish;

#define GST_TYPE_ARCLY_RTMP_ON_UNPUBLISH                                       \
  (gst_arcly_rtmp_on_unpublish_get_type ())
GType gst_arcly_rtmp_on_unpublish_get_type (void);

#define GST_TYPE_ARCLY_RTMP_TAKE_OVER (gst_arcly_rtmp_take_over_get_type ())
GType gst_arcly_rtmp_take_over_get_type (void);

#define GST_TYPE_ARCLY_RTMP_SRC (gst_arcly_rtmp_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyRtmpSrc, gst_arcly_rtmp_src, GST, ARCLY_RTMP_SRC, GstElement)

GST_ELEMENT_REGISTER_DECLARE (arclyrtmpsrc);

G_END_DECLS
