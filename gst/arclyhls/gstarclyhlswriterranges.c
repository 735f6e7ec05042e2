/* SPDX-License-Identifier: MIT
 *
 * Date ranges that came with the media. */
#include "config.h"

#include "gstarclyhlswriterprivate.h"

static void
warn (
    GstArclyHlsWriter *self, const GstArclyHlsRange *range, const GError *error)
{
  /* With quotes. */
  const gchar *id = gst_arcly_hls_range_get_id (range);

  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("The date range %s is not listed: %s", id, error->message), (NULL));
}

/* Microseconds since 1970 UTC, on the time line of what is open. */
static gint64
to_date (GstArclyHlsWriter *self, gint64 time)
{
  if (!self->open)
    return self->next_date_time;
  if (time == GST_ARCLY_HLS_BOARD_END)
    time = self->cutter.end;
  return self->segment.date_time + (time - self->cutter.start) / 1000;
}

static gboolean
set_dates (GstArclyHlsWriter *self, GstArclyHlsNotice *notice, GError **error)
{
  if (notice->start != GST_ARCLY_HLS_NO_TIME &&
      !gst_arcly_hls_range_set_date (
          notice->range, "START-DATE", to_date (self, notice->start), error))
    return FALSE;
  return notice->end == GST_ARCLY_HLS_NO_TIME ||
         gst_arcly_hls_range_set_date (
             notice->range, "END-DATE", to_date (self, notice->end), error);
}

/* TRUE if there is something new to show. */
static gboolean
list_notice (GstArclyHlsWriter *self, GstArclyHlsNotice *notice)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;

  if (!set_dates (self, notice, &error) ||
      !gst_arcly_hls_playlist_add_range (self->playlist, notice->range,
          to_date (self, notice->position), &line, &error)) {
    warn (self, notice->range, error);
    return FALSE;
  }
  if (line && self->cuts)
    gst_arcly_hls_board_tell (self->board, line);
  return line != NULL;
}

/* What the leader lists, which said what is wrong with it. */
static gboolean
follow (GstArclyHlsWriter *self)
{
  gboolean is_new = FALSE;
  gchar *text;

  while ((text = gst_arcly_hls_board_read (self->board, &self->n_ranges))) {
    g_autoptr (GstArclyHlsRange) range = gst_arcly_hls_range_parse (text, NULL);
    g_autofree gchar *line = NULL;

    if (range && gst_arcly_hls_playlist_add_range (
                     self->playlist, range, 0, &line, NULL))
      is_new |= line != NULL;
    g_free (text);
  }
  return is_new;
}

gboolean
gst_arcly_hls_writer_take_ranges (GstArclyHlsWriter *self, gint64 up_to)
{
  gboolean is_new = FALSE;
  GstArclyHlsNotice next;

  if (self->cuts && !self->leads)
    return follow (self);
  while (gst_arcly_hls_board_take (self->board, up_to, &next)) {
    is_new |= list_notice (self, &next);
    gst_arcly_hls_notice_clear (&next);
  }
  return is_new;
}

void
gst_arcly_hls_writer_list_ranges (
    GstArclyHlsWriter *self, const GstArclyHlsUnit *unit)
{
  gint64 time = unit->pts != GST_ARCLY_HLS_NO_TIME ? unit->pts : unit->dts;

  if (time == GST_ARCLY_HLS_NO_TIME ||
      !gst_arcly_hls_writer_take_ranges (self, time))
    return;
  gst_arcly_hls_writer_write_playlist (self);
  gst_arcly_hls_writer_publish (self);
}
