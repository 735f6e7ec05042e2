/* SPDX-License-Identifier: MIT
 *
 * Reads back what hlsplaylist.c writes. */
#pragma once

#include "hlsplaylist.h"

G_BEGIN_DECLS

#define GST_ARCLY_HLS_MAX_TARGET_DURATION 86400

typedef struct {
  GstArclyHlsRange *range; /* owned */
  guint64 sequence;        /* of the segment in front of which it stands */
} GstArclyHlsContentRange;

typedef struct {
  GstArclyHlsType type;
  GstArclyHlsKind kind; /* of all segments */
  guint target_duration;
  gint64 part_target; /* ns; 0 if there are no parts */
  guint64 sequence;
  guint64 discontinuity_sequence;
  gboolean ended;
  gboolean independent;                     /* EXT-X-INDEPENDENT-SEGMENTS */
  gchar stamp[GST_ARCLY_HLS_MAX_STAMP + 1]; /* of all names */
  GArray *segments;  /* (element-type GstArclyHlsSegment), owned */
  GPtrArray *ranges; /* (element-type GstArclyHlsContentRange), owned */
} GstArclyHlsContent;

/* FALSE with GST_ARCLY_ERROR_INVALID; then @content needs no clearing. */
gboolean gst_arcly_hls_content_parse (
    GstArclyHlsContent *content, const gchar *text, gsize size, GError **error);

void gst_arcly_hls_content_clear (GstArclyHlsContent *content);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    GstArclyHlsContent, gst_arcly_hls_content_clear)

G_END_DECLS
