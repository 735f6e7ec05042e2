/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyhlsboard.h"

struct _GstArclyHlsBoard {
  gatomicrefcount refs;

  /* The lock. */
  GMutex lock;
  GArray *notices;    /* (element-type GstArclyHlsNotice), as they came */
  GQueue lines;       /* (element-type utf8), owned: the newest */
  guint64 first_line; /* number of the head */
};

void
gst_arcly_hls_notice_clear (GstArclyHlsNotice *self)
{
  g_clear_pointer (&self->range, gst_arcly_hls_range_free);
}

GstArclyHlsBoard *
gst_arcly_hls_board_new (void)
{
  GstArclyHlsBoard *self = g_new0 (GstArclyHlsBoard, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->notices = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsNotice));
  g_array_set_clear_func (
      self->notices, (GDestroyNotify) gst_arcly_hls_notice_clear);
  g_queue_init (&self->lines);
  return self;
}

GstArclyHlsBoard *
gst_arcly_hls_board_ref (GstArclyHlsBoard *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
gst_arcly_hls_board_unref (GstArclyHlsBoard *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_array_unref (self->notices);
  g_queue_clear_full (&self->lines, g_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
gst_arcly_hls_board_clear (GstArclyHlsBoard *self)
{
  g_mutex_lock (&self->lock);
  g_array_set_size (self->notices, 0);
  g_queue_clear_full (&self->lines, g_free);
  self->first_line = 0;
  g_mutex_unlock (&self->lock);
}

gboolean
gst_arcly_hls_board_put (GstArclyHlsBoard *self, GstArclyHlsNotice *notice)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = self->notices->len < GST_ARCLY_HLS_BOARD_MAX;
  if (ok) {
    g_array_append_val (self->notices, *notice);
    notice->range = NULL;
  }
  g_mutex_unlock (&self->lock);
  return ok;
}

gboolean
gst_arcly_hls_board_take (
    GstArclyHlsBoard *self, gint64 up_to, GstArclyHlsNotice *notice)
{
  gboolean found = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->notices->len && !found; i++) {
    GstArclyHlsNotice *next =
        &g_array_index (self->notices, GstArclyHlsNotice, i);

    if (next->position > up_to)
      continue;
    found = TRUE;
    *notice = *next;
    next->range = NULL;
    g_array_remove_index (self->notices, i);
  }
  g_mutex_unlock (&self->lock);
  return found;
}

void
gst_arcly_hls_board_tell (GstArclyHlsBoard *self, const gchar *line)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->lines, g_strdup (line));
  if (self->lines.length > GST_ARCLY_HLS_BOARD_MAX) {
    g_free (g_queue_pop_head (&self->lines));
    self->first_line++;
  }
  g_mutex_unlock (&self->lock);
}

gchar *
gst_arcly_hls_board_read (GstArclyHlsBoard *self, guint64 *at)
{
  const gchar *found;
  gchar *line = NULL;

  g_mutex_lock (&self->lock);
  *at = MAX (*at, self->first_line);
  found = g_queue_peek_nth (&self->lines, (guint) (*at - self->first_line));
  if (found) {
    line = g_strdup (found);
    (*at)++;
  }
  g_mutex_unlock (&self->lock);
  return line;
}
