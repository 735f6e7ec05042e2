/* SPDX-License-Identifier: MIT
 *
 * Names of the files of a playlist. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* No number of a segment comes near it, and none of the sums overflows. */
#define GST_ARCLY_HLS_MAX_SEQUENCE (G_GUINT64_CONSTANT (1) << 53)
/* Longest stamp in a name. */
#define GST_ARCLY_HLS_MAX_STAMP 32

typedef enum {
  GST_ARCLY_HLS_TS,   /* a segment of MPEG-TS */
  GST_ARCLY_HLS_FMP4, /* one of fMP4 */
  GST_ARCLY_HLS_INIT, /* what such ones need (EXT-X-MAP) */
} GstArclyHlsKind;

/* What a name tells. */
typedef struct {
  GstArclyHlsKind kind;
  guint64 sequence; /* of the segment; the first of those that need the init */
  gchar stamp[GST_ARCLY_HLS_MAX_STAMP + 1];
} GstArclyHlsName;

/* (transfer full) */
gchar *gst_arcly_hls_name_format (
    GstArclyHlsKind kind, const gchar *stamp, guint64 sequence);

/* TRUE if @text is exactly what gst_arcly_hls_name_format() makes. */
gboolean gst_arcly_hls_name_parse (GstArclyHlsName *name, const gchar *text);

G_END_DECLS
