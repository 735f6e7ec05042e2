/* SPDX-License-Identifier: MIT
 *
 * Decides where the parts of a segment end (rfc8216bis, 4.4.3.7 and 4.4.4.9).
 * Knows times of units only. A part is closed in front of the frame that would
 * pass the part target, so all but a segment's last reach 85 % of it wherever
 * frames come steadily. */
#pragma once

#include "hlscutter.h"

G_BEGIN_DECLS

typedef struct {
  /* Nanoseconds. */
  gint64 wanted;
  gint64 limit;  /* the part target; 0: not decided yet */
  gint64 start;  /* DTS, or GST_ARCLY_HLS_NO_TIME: no unit decided it */
  gint64 last;   /* DTS of the last unit that leads */
  gint64 latest; /* of all that came */
  gint64 step;   /* between two of them */
  gint64 owed;   /* of chunks: what is listed is shorter than what was there */
} GstArclyHlsPartCutter;

/* @wanted in nanoseconds. */
void gst_arcly_hls_part_cutter_init (
    GstArclyHlsPartCutter *self, gint64 wanted);

/* PART-TARGET in nanoseconds: no part passes it from now on. 0: none is
 * advertised; then parts are as near to what is wanted as frames allow. */
void gst_arcly_hls_part_cutter_set_limit (
    GstArclyHlsPartCutter *self, gint64 limit);

/* A segment begins; a part does, too: at @start (DTS), or with the first unit
 * where that is GST_ARCLY_HLS_NO_TIME. */
void gst_arcly_hls_part_cutter_begin (
    GstArclyHlsPartCutter *self, gint64 start);

/* TRUE if the open part ends in front of @unit; then it lasts @duration. Not
 * for the unit that begins a segment. Of several tracks, one leads; a unit
 * @beside it ends a part only where the leading track is silent. */
gboolean gst_arcly_hls_part_cutter_push (GstArclyHlsPartCutter *self,
    const GstArclyHlsUnit *unit, gboolean beside, gint64 *duration);

/* The same of a chunk, which is in a part whole or not at all. */
gboolean gst_arcly_hls_part_cutter_push_chunk (
    GstArclyHlsPartCutter *self, const GstArclyHlsUnit *unit, gint64 *duration);

/* TRUE if the open part ends behind that chunk, because it is long enough;
 * @last: or because no other is to come. */
gboolean gst_arcly_hls_part_cutter_end_chunk (GstArclyHlsPartCutter *self,
    const GstArclyHlsUnit *unit, gboolean last, gint64 *duration);

/* How much of a segment that ends the open part can last, where @left of it
 * would be: less where a track is late, and the others have the part longer
 * than its target; more where a keyframe is late, and nothing is left behind
 * the parts before. */
gint64 gst_arcly_hls_part_cutter_fit (GstArclyHlsPartCutter *self, gint64 left);

/* How long the open part is. @left: of the segment that ends with it, minus all
 * parts before. */
gint64 gst_arcly_hls_part_cutter_finish (
    GstArclyHlsPartCutter *self, gint64 left);

G_END_DECLS
