/* SPDX-License-Identifier: MIT
 *
 * Several renditions in step: segments begin at the same times, with the same
 * numbers and dates. One leads; what the others get is held back until it is as
 * far (gstarclyhlshold.h). */
#include "config.h"

#include "gstarclyhlswriterprivate.h"

void
gst_arcly_hls_writer_guide (GstArclyHlsWriter *self)
{
  guint64 number = gst_arcly_hls_playlist_get_next (self->playlist);
  GstArclyHlsCutPoint point;
  guint target;

  if (!self->cuts || self->leads)
    return;
  gst_arcly_hls_cutter_set_next (&self->cutter,
      self->open && gst_arcly_hls_cuts_get (self->cuts, number + 1, &point)
          ? point.pts
          : GST_ARCLY_HLS_NO_TIME);
  /* RFC 8216, 6.2.4: it is the same of all. */
  target = gst_arcly_hls_cuts_get_target (self->cuts);
  gst_arcly_hls_playlist_set_target_duration (self->playlist, target);
  if (!self->is_vod)
    gst_arcly_hls_cutter_set_limit (&self->cutter, target);
}

static void
warn_misaligned (GstArclyHlsWriter *self, const GstArclyHlsCutPoint *point)
{
  gint64 pts = self->cutter.start;

  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("arcly-hls-misaligned", "rendition", G_TYPE_UINT,
              self->number, "segment", G_TYPE_UINT64, point->sequence, "pts",
              G_TYPE_INT64, pts, "wanted", G_TYPE_INT64, point->pts, NULL)));
  if (self->warned_misaligned)
    return;
  self->warned_misaligned = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("Keyframes of the renditions are not at the same times; players may "
       "show it when they switch"),
      ("segment %" G_GUINT64_FORMAT " begins at %" GST_STIME_FORMAT
       ", not at %" GST_STIME_FORMAT,
          point->sequence, GST_STIME_ARGS (pts), GST_STIME_ARGS (point->pts)));
}

/* The number that the segment has is that of the leader's: whoever joins late,
 * or lost one, goes on there. */
void
gst_arcly_hls_writer_step (GstArclyHlsWriter *self, gboolean was_open)
{
  guint64 number = gst_arcly_hls_playlist_get_next (self->playlist);
  gint64 pts = self->cutter.start;
  GstArclyHlsCutPoint point;
  gboolean known;

  if (!self->cuts || self->leads)
    return;
  if (was_open) {
    known = gst_arcly_hls_cuts_get (self->cuts, number, &point);
  } else {
    known = gst_arcly_hls_cuts_find (
        self->cuts, pts + GST_ARCLY_HLS_TOLERANCE, &point);
    if (known && point.sequence > number)
      gst_arcly_hls_writer_align (self, point.sequence,
          gst_arcly_hls_playlist_count_discontinuities (self->playlist));
  }
  if (!known)
    return;
  self->step_discontinuity = point.discontinuity;
  self->next_date_time = point.date_time + (pts - point.pts) / 1000;
  if (self->is_video && was_open &&
      ABS (pts - point.pts) > GST_ARCLY_HLS_TOLERANCE)
    warn_misaligned (self, &point);
}

void
gst_arcly_hls_writer_tell_step (GstArclyHlsWriter *self)
{
  GstArclyHlsCutPoint point = {
    .sequence = gst_arcly_hls_playlist_get_next (self->playlist),
    .pts = self->cutter.start,
    .date_time = self->segment.date_time,
    .discontinuity = self->segment.discontinuity,
  };

  if (!self->cuts || !self->leads)
    return;
  gst_arcly_hls_cuts_set_target (
      self->cuts, gst_arcly_hls_playlist_get_target_duration (self->playlist));
  gst_arcly_hls_cuts_add (self->cuts, &point);
}

void
gst_arcly_hls_writer_tell_horizon (
    GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  gint64 time = unit->dts != GST_ARCLY_HLS_NO_TIME ? unit->dts : unit->pts;

  if (self->cuts && self->leads && time != GST_ARCLY_HLS_NO_TIME)
    gst_arcly_hls_cuts_advance (self->cuts, time + MAX (unit->duration, 0));
}

void
gst_arcly_hls_writer_get_numbers (
    GstArclyHlsWriter *self, guint64 *next, guint64 *discontinuities)
{
  *next = gst_arcly_hls_playlist_get_next (self->playlist);
  *discontinuities =
      gst_arcly_hls_playlist_count_discontinuities (self->playlist);
}

void
gst_arcly_hls_writer_align (
    GstArclyHlsWriter *self, guint64 next, guint64 discontinuities)
{
  gst_arcly_hls_playlist_align (
      self->playlist, next, discontinuities, gst_arcly_hls_writer_now ());
  gst_arcly_hls_writer_publish_numbers (self);
}
