/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyhlscuts.h"

/* None is further behind. */
#define MAX_POINTS 256

struct _GstArclyHlsCuts {
  gatomicrefcount refs;
  GMutex lock;
  GCond cond;     /* the horizon moved, or somebody was interrupted */
  GArray *points; /* (element-type GstArclyHlsCutPoint), ascending */
  gint64 horizon;
  gint64 moved_at; /* when it last did; monotonic time */
  guint target;
};

GstArclyHlsCuts *
gst_arcly_hls_cuts_new (void)
{
  GstArclyHlsCuts *self = g_new0 (GstArclyHlsCuts, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->points = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsCutPoint));
  self->horizon = G_MININT64;
  self->moved_at = g_get_monotonic_time ();
  return self;
}

GstArclyHlsCuts *
gst_arcly_hls_cuts_ref (GstArclyHlsCuts *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
gst_arcly_hls_cuts_unref (GstArclyHlsCuts *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_array_unref (self->points);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

void
gst_arcly_hls_cuts_add (GstArclyHlsCuts *self, const GstArclyHlsCutPoint *point)
{
  g_mutex_lock (&self->lock);
  if (self->points->len >= MAX_POINTS)
    g_array_remove_index (self->points, 0);
  g_array_append_val (self->points, *point);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_hls_cuts_advance (GstArclyHlsCuts *self, gint64 horizon)
{
  g_mutex_lock (&self->lock);
  self->horizon = MAX (self->horizon, horizon);
  self->moved_at = g_get_monotonic_time ();
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
gst_arcly_hls_cuts_set_target (GstArclyHlsCuts *self, guint seconds)
{
  g_mutex_lock (&self->lock);
  self->target = seconds;
  g_mutex_unlock (&self->lock);
}

gboolean
gst_arcly_hls_cuts_get (
    GstArclyHlsCuts *self, guint64 sequence, GstArclyHlsCutPoint *point)
{
  gboolean found = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = self->points->len; i > 0 && !found; i--) {
    *point = g_array_index (self->points, GstArclyHlsCutPoint, i - 1);
    found = point->sequence == sequence;
  }
  g_mutex_unlock (&self->lock);
  return found;
}

gboolean
gst_arcly_hls_cuts_find (
    GstArclyHlsCuts *self, gint64 pts, GstArclyHlsCutPoint *point)
{
  gboolean found;
  guint i;

  g_mutex_lock (&self->lock);
  found = self->points->len > 0;
  for (i = self->points->len; i > 0; i--) {
    *point = g_array_index (self->points, GstArclyHlsCutPoint, i - 1);
    if (point->pts <= pts)
      break;
  }
  g_mutex_unlock (&self->lock);
  return found;
}

guint
gst_arcly_hls_cuts_get_target (GstArclyHlsCuts *self)
{
  guint target;

  g_mutex_lock (&self->lock);
  target = self->target;
  g_mutex_unlock (&self->lock);
  return target;
}

gboolean
gst_arcly_hls_cuts_wait (
    GstArclyHlsCuts *self, gint64 pts, gint64 patience, const gint *interrupted)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (self->horizon < pts && in_time && !g_atomic_int_get (interrupted))
    in_time =
        g_cond_wait_until (&self->cond, &self->lock, self->moved_at + patience);
  g_mutex_unlock (&self->lock);
  return !g_atomic_int_get (interrupted);
}

void
gst_arcly_hls_cuts_wake (GstArclyHlsCuts *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}
