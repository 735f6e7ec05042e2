/* SPDX-License-Identifier: MIT
 *
 * The date ranges of one playlist, and the lines that tell of them: a line
 * stays where it was put, and goes when its range is over before what is
 * listed. */
#pragma once

#include "hlsrange.h"

G_BEGIN_DECLS

/* Lines, and what they have together: each player reads them again each time.
 */
#define GST_ARCLY_HLS_MAX_RANGES 1024
#define GST_ARCLY_HLS_MAX_RANGES_BYTES (512 * 1024)

/* Where a line stands: in front of segment @sequence, or, if @part is not 0,
 * in front of its part @part - 1. */
typedef struct {
  guint64 sequence;
  guint part;
} GstArclyHlsRangePlace;

typedef struct _GstArclyHlsRanges GstArclyHlsRanges;

GstArclyHlsRanges *gst_arcly_hls_ranges_new (void);
void gst_arcly_hls_ranges_free (GstArclyHlsRanges *self);

/**
 * gst_arcly_hls_ranges_add:
 * @self: the ranges
 * @range: another one, or more about one that is there
 * @start: its START-DATE in microseconds, if it has none and is new
 * @front: when what is listed begins, in milliseconds, or G_MININT64
 * @place: never in front of that of the line before
 * @line: (out) (transfer full) (nullable): the attributes that are new; NULL if
 *     there are none
 * @error: return location for a #GError
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_INVALID if the attributes do not agree
 *     with the rules or with what was told before, if the range is over, or if
 *     there are too many
 */
gboolean gst_arcly_hls_ranges_add (GstArclyHlsRanges *self,
    const GstArclyHlsRange *range, gint64 start, gint64 front,
    GstArclyHlsRangePlace place, gchar **line, GError **error);

/* What was over at @front, in milliseconds, goes; when that moves. */
void gst_arcly_hls_ranges_prune (GstArclyHlsRanges *self, gint64 front);

/* (nullable): a line of @before that is not in front of all new ones, where it
 * was, though it was not over at @front. */
const gchar *gst_arcly_hls_ranges_find_missing (
    GstArclyHlsRanges *self, GstArclyHlsRanges *before, gint64 front);

void gst_arcly_hls_ranges_clear (GstArclyHlsRanges *self);

/* Lines up to @place, with their tag, from @at on, which is at first
 * gst_arcly_hls_ranges_get_first(). Returns where the next call goes on. */
GList *gst_arcly_hls_ranges_render (
    GList *at, GstArclyHlsRangePlace place, GString *text);
GList *gst_arcly_hls_ranges_get_first (GstArclyHlsRanges *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsRanges, gst_arcly_hls_ranges_free)

G_END_DECLS
