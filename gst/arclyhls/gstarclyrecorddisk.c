/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrecorddiskprivate.h"

#define INDEX_NAME "recordings.jsonl"
/* The wall clock may be set meanwhile. */
#define MAX_WAIT (60 * G_USEC_PER_SEC)
/* What cannot be deleted is tried again, but not all the time. */
#define MIN_WAIT G_USEC_PER_SEC

static void
handle (GstArclyRecordDisk *self, GstArclyRecordItem *item)
{
  if (item->fragment) {
    gst_arcly_record_disk_write (self, item->fragment);
  } else if (item->loss.reason) {
    gst_arcly_record_disk_lose (self, &item->loss);
    self->skipping = TRUE;
  } else if (item->close) {
    gst_arcly_record_disk_close (self, item->close);
    gst_arcly_record_disk_end_loss (self);
  }
}

/* Rule U12: also while nobody publishes. */
static gint64
next_time (GstArclyRecordDisk *self)
{
  gint64 wait = gst_arcly_record_list_wait (&self->log.list, g_get_real_time (),
      (gint64) self->settings.retention_time);

  if (wait < 0)
    return -1;
  return g_get_monotonic_time () + CLAMP (wait, MIN_WAIT, MAX_WAIT);
}

static gpointer
run (gpointer data)
{
  GstArclyRecordDisk *self = data;
  GstArclyRecordPop result;

  gst_arcly_record_disk_open_log (self);
  do {
    GstArclyRecordItem item = { 0 };

    gst_arcly_record_disk_retain (self);
    gst_arcly_record_disk_flush_log (self);
    result = gst_arcly_record_queue_pop (&self->queue, next_time (self), &item);
    if (result != GST_ARCLY_RECORD_POP_ITEM)
      continue;
    handle (self, &item);
    gst_arcly_record_disk_flush_log (self);
    gst_arcly_record_queue_done (&self->queue, &item);
  } while (result != GST_ARCLY_RECORD_POP_STOP);
  gst_arcly_record_disk_close (self, "stopped");
  gst_arcly_record_disk_end_loss (self);
  gst_arcly_record_disk_retain (self);
  gst_arcly_record_disk_flush_log (self);
  return NULL;
}

static void
copy_settings (GstArclyRecordDisk *self, const GstArclyRecordSettings *settings)
{
  self->settings = *settings;
  self->settings.location = g_strdup (settings->location);
  self->settings.stream = g_strdup (settings->stream);
  self->settings.extension = g_strdup (settings->extension);
  self->settings.index = g_strdup (settings->index);
  if (!self->settings.index) {
    g_autofree gchar *folder =
        gst_arcly_record_name_folder (settings->location, settings->stream);

    self->settings.index = g_build_filename (folder, INDEX_NAME, NULL);
  }
}

static void
free_disk (GstArclyRecordDisk *self)
{
  gst_arcly_record_queue_clear (&self->queue);
  gst_arcly_record_log_clear (&self->log);
  gst_arcly_fmp4_moof_clear (&self->moof);
  g_clear_pointer (&self->movie, gst_arcly_fmp4_movie_free);
  g_free ((gchar *) self->settings.location);
  g_free ((gchar *) self->settings.stream);
  g_free ((gchar *) self->settings.extension);
  g_free ((gchar *) self->settings.index);
  g_free (self);
}

GstArclyRecordDisk *
gst_arcly_record_disk_new (const GstArclyRecordSettings *settings,
    const GstArclyRecordFs *fs, GstArclyRecordNewsFunc func, gpointer user_data,
    GError **error)
{
  GstArclyRecordDisk *self;
  g_autoptr (GError) reason = NULL;

  if (!gst_arcly_record_name_check (settings->location, error))
    return NULL;
  self = g_new0 (GstArclyRecordDisk, 1);
  copy_settings (self, settings);
  self->fs = *fs;
  self->func = func;
  self->user_data = user_data;
  gst_arcly_record_queue_init (&self->queue, settings->max_queue_bytes);
  gst_arcly_record_log_init (&self->log, &self->fs, self->settings.index);
  gst_arcly_record_out_init (&self->out);
  gst_arcly_fmp4_moof_init (&self->moof);
  if (!gst_arcly_record_log_open (&self->log, &reason) &&
      (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_AGAIN) ||
          g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG))) {
    g_propagate_error (error, g_steal_pointer (&reason));
    free_disk (self);
    return NULL;
  }
  self->thread = g_thread_new ("arcly-record", run, self);
  return self;
}

GstArclyRecordQueue *
gst_arcly_record_disk_get_queue (GstArclyRecordDisk *self)
{
  return &self->queue;
}

static guint64
load (_Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

void
gst_arcly_record_disk_get_stats (
    GstArclyRecordDisk *self, GstArclyRecordStats *stats)
{
  *stats = (GstArclyRecordStats){
    .files = load (&self->files),
    .fragments = load (&self->fragments),
    .bytes = load (&self->bytes),
    .lost_fragments = load (&self->lost_fragments),
    .lost_bytes = load (&self->lost_bytes),
    .gaps = load (&self->gaps),
    .deleted_files = load (&self->deleted_files),
    .queued_bytes = gst_arcly_record_queue_get_bytes (&self->queue),
  };
}

void
gst_arcly_record_disk_stop (
    GstArclyRecordDisk *self, gint64 patience, GstArclyRecordStats *stats)
{
  gst_arcly_record_queue_interrupt (&self->queue, FALSE);
  if (!gst_arcly_record_queue_drain (
          &self->queue, g_get_monotonic_time () + patience))
    gst_arcly_record_queue_give_up (&self->queue);
  gst_arcly_record_queue_stop (&self->queue);
  g_thread_join (self->thread);
  if (stats)
    gst_arcly_record_disk_get_stats (self, stats);
  free_disk (self);
}
