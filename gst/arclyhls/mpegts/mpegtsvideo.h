/* SPDX-License-Identifier: MIT
 *
 * Makes of an H.264 or H.265 access unit in any packaging what MPEG-TS wants
 * (ISO/IEC 13818-1, 2.14 and 2.17): a byte stream that starts with an access
 * unit delimiter, with parameter sets in front of each random access point. */
#pragma once

#include <glib.h>

#include "mpegtsgather.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_TS_VIDEO_H264,
  GST_ARCLY_TS_VIDEO_H265,
} GstArclyTsVideoCodec;

typedef struct _GstArclyTsVideo GstArclyTsVideo;

GstArclyTsVideo *gst_arcly_ts_video_new (void);

void gst_arcly_ts_video_free (GstArclyTsVideo *video);

/* Forgets what was before. nal_length_size is 1, 2 or 4; 0 for a byte stream.
 */
void gst_arcly_ts_video_start (
    GstArclyTsVideo *video, GstArclyTsVideoCodec codec, guint nal_length_size);

/* A parameter set that came with the caps; anything else is passed over. */
void gst_arcly_ts_video_add_set (
    GstArclyTsVideo *video, const guint8 *nal, gsize size);

/* The pieces point into data and into "video": write them before either
 * changes. "keyframe" is what the caller was told; *random_access is what is
 * true. FALSE, with an error, if there is no picture or the data is
 * malformed. */
gboolean gst_arcly_ts_video_gather (GstArclyTsVideo *video, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyTsGather *gather,
    gboolean *random_access, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyTsVideo, gst_arcly_ts_video_free)

G_END_DECLS
