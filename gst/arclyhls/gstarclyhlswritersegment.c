/* SPDX-License-Identifier: MIT
 *
 * Segments, their parts and the playlist, and what is said where they fail. */
#include "config.h"

#include <string.h>

#include "gstarclyhlsresume.h"
#include "gstarclyhlswriterprivate.h"
#include "hls/hlsopen.h"

guint64
gst_arcly_hls_writer_now (void)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  return gst_clock_get_time (clock);
}

void
gst_arcly_hls_writer_publish_numbers (GstArclyHlsWriter *self)
{
  atomic_store_explicit (&self->media_sequence,
      gst_arcly_hls_playlist_get_first (self->playlist), memory_order_relaxed);
  atomic_store_explicit (&self->target_duration,
      gst_arcly_hls_playlist_get_target_duration (self->playlist),
      memory_order_relaxed);
}

/* Media flows on: what may be repaired while it does is a warning, once a
 * cause. A location that is no folder any more is the end. */
static void
report (GstArclyHlsWriter *self, const GError *failure)
{
  if (failure->code == G_FILE_ERROR_NOTDIR) {
    if (!self->failed)
      GST_ELEMENT_ERROR (
          self, RESOURCE, WRITE, ("%s", failure->message), (NULL));
    self->failed = TRUE;
    return;
  }
  if (self->has_reported && failure->code == (gint) self->reported) {
    GST_DEBUG_OBJECT (self, "again: %s", failure->message);
    return;
  }
  self->has_reported = TRUE;
  self->reported = failure->code;
  if (failure->code == G_FILE_ERROR_NOSPC)
    GST_ELEMENT_WARNING (
        self, RESOURCE, NO_SPACE_LEFT, ("%s", failure->message), (NULL));
  else
    GST_ELEMENT_WARNING (
        self, RESOURCE, WRITE, ("%s", failure->message), (NULL));
}

static void
delete_expired (GstArclyHlsWriter *self)
{
  guint64 time = gst_arcly_hls_writer_now ();
  gchar *name;

  while ((name = gst_arcly_hls_playlist_pop_expired (self->playlist, time))) {
    g_autoptr (GError) error = NULL;

    if (!self->keep_segments) {
      if (!gst_arcly_hls_store_remove (self->store, name, &error))
        report (self, error);
      else if (!self->has_storage)
        gst_arcly_hls_writer_count (&self->n_deleted, 1);
    }
    g_free (name);
  }
}

/* Rule U9. Whatever it is, viewers are better off with a playlist. */
static void
lint (GstArclyHlsWriter *self, gboolean live, const gchar *text)
{
  g_autofree gchar *broken = gst_arcly_hls_lint_check (self->lints[live], text);

  if (!broken)
    return;
  GST_WARNING_OBJECT (self, "%s", broken);
  if (!self->warned_rules)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("The playlist breaks a rule of HLS; some players may stop"),
        ("%s", broken));
  self->warned_rules = TRUE;
}

/* rfc8216bis, 4.4.5.4: players that switch know what to ask for. */
static void
report_others (GstArclyHlsWriter *self)
{
  g_autofree gchar *reports = NULL;
  guint64 next = gst_arcly_hls_playlist_get_next (self->playlist);
  guint n = gst_arcly_hls_playlist_get_open_parts (self->playlist);

  if (!self->master)
    return;
  if (n == 0) {
    n = gst_arcly_hls_playlist_get_last_parts (self->playlist);
    next--;
  }
  if (n > 0)
    gst_arcly_hls_master_note_part (self->master, self->number, next, n - 1);
  reports = gst_arcly_hls_master_get_reports (self->master, self->number);
  gst_arcly_hls_playlist_set_reports (self->playlist, reports);
}

/* What viewers of parts see. */
void
gst_arcly_hls_writer_publish (GstArclyHlsWriter *self)
{
  g_autofree gchar *text = NULL;

  if (!self->live)
    return;
  report_others (self);
  text = gst_arcly_hls_live_publish (self->live);
  if (text)
    lint (self, TRUE, text);
}

void
gst_arcly_hls_writer_write_playlist (GstArclyHlsWriter *self)
{
  g_autofree gchar *text = gst_arcly_hls_playlist_render (self->playlist);
  g_autoptr (GError) error = NULL;

  gst_arcly_hls_writer_publish_numbers (self);
  self->stale =
      text && !gst_arcly_hls_store_replace (self->store,
                  GST_ARCLY_HLS_PLAYLIST_NAME, text, strlen (text), &error);
  if (self->stale)
    report (self, error);
  if (text)
    lint (self, FALSE, text);
}

/* A segment that is lost has no entry, so players need not know EXT-X-GAP; its
 * number goes to the next, which is a discontinuity. But where parts of it were
 * listed already, or other renditions have it, it stays, without a file. */
static void
lose_segment (GstArclyHlsWriter *self, const GError *failure)
{
  self->lost = TRUE;
  report (self, failure);
}

/* A segment needs it in front: what did not go into the folder is tried again
 * with the next one. */
static void
use_init (GstArclyHlsWriter *self, gboolean is_new_folder)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *name = NULL;

  if (self->init_is_new || is_new_folder) {
    self->map = gst_arcly_hls_playlist_get_next (self->playlist);
    if (self->live)
      gst_arcly_hls_live_add_map (self->live, self->map, self->init);
    self->init_is_new = self->init_is_there = FALSE;
  }
  self->segment.map = self->map;
  if (self->init_is_there || self->lost)
    return;
  name = gst_arcly_hls_playlist_get_map_name (self->playlist, self->map);
  self->init_is_there = gst_arcly_hls_store_replace (self->store, name,
      g_bytes_get_data (self->init, NULL), g_bytes_get_size (self->init),
      &error);
  if (self->init_is_there)
    return;
  gst_arcly_hls_store_abort (self->store);
  lose_segment (self, error);
}

/* PROGRAM-DATE-TIME follows the clock at a discontinuity and the durations in
 * between. It never goes back: media may come faster than time. */
void
gst_arcly_hls_writer_open_segment (
    GstArclyHlsWriter *self, gboolean discontinuity, gboolean inside_gop)
{
  g_autoptr (GError) error = NULL;
  gboolean is_new;

  self->segment.discontinuity =
      discontinuity || self->lost_before || self->step_discontinuity;
  self->step_discontinuity = FALSE;
  /* Where a time line begins, only sound comes in front of the keyframe. */
  self->segment.dependent = inside_gop && !discontinuity;
  self->segment.date_time = self->next_date_time;
  if (discontinuity && (!self->cuts || self->leads))
    self->segment.date_time = MAX (g_get_real_time (), self->next_date_time);
  self->segment_bytes = 0;
  self->lost_before = FALSE;
  self->open = TRUE;
  self->lost = !gst_arcly_hls_store_begin (self->store, &is_new, &error);
  if (self->lost)
    report (self, error);
  /* What was listed is not in this folder. */
  if (is_new)
    gst_arcly_hls_playlist_drop_before (
        self->playlist, gst_arcly_hls_playlist_get_next (self->playlist));
  if (self->fmp4)
    use_init (self, is_new);
  if (self->live)
    gst_arcly_hls_live_open (self->live, &self->segment,
        self->fmp4 ? GST_ARCLY_HLS_NO_TIME : self->cutter.start_dts,
        gst_arcly_hls_writer_now ());
}

static void
list_segment (GstArclyHlsWriter *self, const gchar *name)
{
  g_autoptr (GError) error = NULL;
  guint target;

  gst_arcly_hls_playlist_append (
      self->playlist, &self->segment, gst_arcly_hls_writer_now ());
  target = gst_arcly_hls_playlist_get_target_duration (self->playlist);
  if (!self->is_vod)
    gst_arcly_hls_cutter_set_limit (&self->cutter, target);
  if (self->live)
    gst_arcly_hls_live_list (self->live, name, self->segment.duration);
  if (self->lost)
    return;
  gst_arcly_hls_writer_count (&self->n_segments, 1);
  gst_arcly_hls_writer_count (&self->n_bytes, self->segment_bytes);
  self->has_reported = FALSE;
  if (self->master &&
      !gst_arcly_hls_master_note_segment (self->master, self->number,
          self->segment_bytes, self->segment.duration, &error))
    report (self, error);
}

/* Where the picture was late, sound has been told of already: in parts up to
 * behind a keyframe, or in none up to where a segment has to end. Of renditions
 * none has both, and all have the same times. */
gint64
gst_arcly_hls_writer_fit_parts (GstArclyHlsWriter *self, gint64 duration)
{
  if (!self->live || self->cuts)
    return duration;
  return gst_arcly_hls_live_fit (self->live, duration);
}

void
gst_arcly_hls_writer_close_segment (GstArclyHlsWriter *self, gint64 duration)
{
  g_autofree gchar *name =
      gst_arcly_hls_playlist_get_next_name (self->playlist);
  g_autoptr (GError) error = NULL;

  self->open = FALSE;
  self->segment.duration = duration;
  self->next_date_time = self->segment.date_time + duration / 1000;
  if (!self->lost && !gst_arcly_hls_store_commit (self->store, name, &error))
    lose_segment (self, error);
  if (self->lost)
    gst_arcly_hls_writer_count (&self->n_lost, 1);
  if (self->live)
    gst_arcly_hls_live_close (self->live, duration);
  self->segment.gap = self->lost;
  self->lost_before = self->lost && !self->live && !self->cuts;
  if (!self->lost_before) {
    GST_DEBUG_OBJECT (
        self, "%s, %" GST_TIME_FORMAT, name, GST_TIME_ARGS (duration));
    list_segment (self, name);
  }
  if (!self->lost_before || self->stale)
    gst_arcly_hls_writer_write_playlist (self);
  /* Also of a lost one: where the disk is full, this is what makes room. */
  delete_expired (self);
}

void
gst_arcly_hls_writer_write_bytes (
    GstArclyHlsWriter *self, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;

  self->segment_bytes += size;
  if (self->live)
    gst_arcly_hls_live_write (self->live, data, size);
  if (!self->lost &&
      !gst_arcly_hls_store_write (self->store, data, size, &error))
    lose_segment (self, error);
}

/* Rule U10, should we die before the segment is whole. */
static void
note_open (GstArclyHlsWriter *self)
{
  GstArclyHlsOpen open = { .segment = self->segment,
    .sequence = gst_arcly_hls_playlist_get_next (self->playlist),
    .bytes = self->segment_bytes };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  open.segment.duration = gst_arcly_hls_live_get_duration (self->live);
  text = gst_arcly_hls_open_write (&open);
  if (self->lost)
    return;
  if (!gst_arcly_hls_store_flush (self->store, &error))
    lose_segment (self, error);
  else if (!gst_arcly_hls_store_replace (self->store, GST_ARCLY_HLS_OPEN_NAME,
               text, strlen (text), &error))
    report (self, error);
}

void
gst_arcly_hls_writer_note_part (GstArclyHlsWriter *self)
{
  gst_arcly_hls_writer_publish (self);
  note_open (self);
}
