/* SPDX-License-Identifier: MIT
 *
 * What onMetaData says that is not about codecs, as tags of GStreamer, and
 * back. Fields that have no tag are extended comments, "name=value", objects
 * and arrays in JSON. Any thread. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpamf.h"

G_BEGIN_DECLS

/* More such fields, or longer ones, are left out. */
#define GST_ARCLY_RTMP_MAX_COMMENTS 64
#define GST_ARCLY_RTMP_MAX_COMMENT_SIZE 1024
/* Likewise of objects and arrays: the comment, the nesting, and the values in
 * one, members included. Of more a comment stays text on its way back. */
#define GST_ARCLY_RTMP_MAX_JSON_SIZE 8192
#define GST_ARCLY_RTMP_MAX_JSON_DEPTH 8
#define GST_ARCLY_RTMP_MAX_JSON_VALUES 256

/* (transfer full) (nullable) Tags in @metadata (nullable), the bitrate under
 * @bitrate_key; NULL if there are none. */
GstTagList *gst_arcly_rtmp_tags_read (
    const GstArclyAmfValue *metadata, const gchar *bitrate_key);

/* Adds what @tags (nullable) say to @metadata, where that has no such member.
 * A comment is a number, a boolean, an object or an array again if it looks
 * like one; an ECMA array is an object then. */
void gst_arcly_rtmp_tags_describe (const GstTagList *tags,
    const gchar *bitrate_key, GstArclyAmfValue *metadata);

/* Whether @tags (nullable) say something else than @before (nullable). Bitrates
 * do not count: parsers measure them again and again. */
gboolean gst_arcly_rtmp_tags_are_news (
    const GstTagList *before, const GstTagList *tags);

G_END_DECLS
