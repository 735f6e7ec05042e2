/* SPDX-License-Identifier: MIT
 *
 * The date ranges of a playlist. */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "hlsplaylistprivate.h"

/* Milliseconds, as they are written. */
static gint64
front_date (GstArclyHlsPlaylist *self)
{
  const GstArclyHlsEntry *entry = g_queue_peek_head (&self->segments);

  return entry ? entry->segment.date_time / 1000 : G_MININT64;
}

gboolean
gst_arcly_hls_playlist_add_range (GstArclyHlsPlaylist *self,
    const GstArclyHlsRange *range, gint64 start, gchar **line, GError **error)
{
  GstArclyHlsRangePlace place = { .sequence =
                                      gst_arcly_hls_playlist_get_next (self) };

  *line = NULL;
  if (self->ended) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "comes behind the end of the playlist");
    return FALSE;
  }
  if (gst_arcly_hls_playlist_is_open_shown (self))
    place.part = gst_arcly_hls_playlist_get_open_parts (self) + 1;
  return gst_arcly_hls_ranges_add (
      self->ranges, range, start, front_date (self), place, line, error);
}

void
gst_arcly_hls_playlist_continue_ranges (
    GstArclyHlsPlaylist *self, const GstArclyHlsContent *content)
{
  guint i;

  for (i = 0; i < content->ranges->len; i++) {
    const GstArclyHlsContentRange *range =
        g_ptr_array_index (content->ranges, i);
    GstArclyHlsRangePlace place = { .sequence = range->sequence };
    g_autofree gchar *line = NULL;

    /* One that is over, or was told twice, is no loss. */
    gst_arcly_hls_ranges_add (
        self->ranges, range->range, 0, front_date (self), place, &line, NULL);
  }
}

void
gst_arcly_hls_playlist_prune_ranges (GstArclyHlsPlaylist *self)
{
  gst_arcly_hls_ranges_prune (self->ranges, front_date (self));
}
