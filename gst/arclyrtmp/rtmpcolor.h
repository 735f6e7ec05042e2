/* SPDX-License-Identifier: MIT
 *
 * The colour of a video, as the metadata of enhanced RTMP tells it ("Enhanced
 * RTMP v2", "Metadata Frame"). Any thread. */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Zero: nothing is known. */
typedef struct {
  /*< private >*/
  gboolean has_colorimetry;
  GstVideoColorimetry colorimetry;
  guint bit_depth; /* 0: unknown */
  gboolean has_light_level;
  GstVideoContentLightLevel light_level;
  gboolean has_display;
  GstVideoMasteringDisplayInfo display;
} GstArclyRtmpColor;

/* Reads the body of a metadata packet, AMF0 pairs of name and value. Without
 * "colorInfo" among them @color stays; what is out of range in it is left out.
 * FALSE: it is no AMF0. */
gboolean gst_arcly_rtmp_color_read (
    GstArclyRtmpColor *color, const guint8 *data, gsize size, GError **error);

/* @caps must be writable. */
void gst_arcly_rtmp_color_add_to_caps (
    const GstArclyRtmpColor *color, GstCaps *caps);

/* (transfer full) (nullable) The body of a metadata packet for what @caps tell
 * of the colour. If they tell nothing: one that takes back what was said
 * before with @take_back, else NULL. */
GBytes *gst_arcly_rtmp_color_write (const GstCaps *caps, gboolean take_back);

G_END_DECLS
