/* SPDX-License-Identifier: MIT
 *
 * How fragments get into files, and what the index says of it. */
#include "config.h"

#include <errno.h>

#include <gst/arcly/gstarclyerror.h>

#include "fmp4progressive.h"
#include "gstarclyrecorddiskprivate.h"

/* Rounding of whole frames to ticks is not longer. */
#define SLACK (5 * GST_MSECOND)
/* Less is a slow frame rate. */
#define HOLE ((gint64) GST_SECOND)
#define MAX_MOOF (64 * 1024 * 1024)
/* Of a progressive movie: what its tables need, of 50 frames a second that are
 * reordered and of no steady duration, or of sound; and the rest of it. More in
 * all is not left free, nor more than this part of a file's largest size. */
#define TABLES_PER_SECOND 1024
#define REST_OF_MOOV 4096
#define MAX_SPACE (16 * 1024 * 1024)
#define MAX_SHARE 16

static void
lose_fragment (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment,
    const gchar *reason)
{
  GstArclyRecordLoss loss = { 0 };

  gst_arcly_record_loss_add (&loss, fragment, reason);
  gst_arcly_record_disk_lose (self, &loss);
}

void
gst_arcly_record_disk_lose (
    GstArclyRecordDisk *self, const GstArclyRecordLoss *loss)
{
  gst_arcly_record_loss_merge (&self->loss, loss);
  gst_arcly_record_disk_count (&self->lost_fragments, loss->fragments);
  gst_arcly_record_disk_count (&self->lost_bytes, loss->bytes);
}

/* Tells what is missing between what was written last and @next. */
static void
note_gap (GstArclyRecordDisk *self, gint64 next, const gchar *reason)
{
  const GstArclyRecordLoss *loss = &self->loss;
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_GAP,
    .wall = loss->reason ? loss->wall : g_get_real_time (),
    .file = self->last_number,
    .media = self->last_number > 0 ? self->last_end : loss->media,
    .size = loss->bytes,
    .fragments = loss->fragments,
    .reason = (gchar *) (loss->reason ? loss->reason : reason) };

  entry.duration = next - entry.media;
  gst_arcly_record_log_add (&self->log, &entry);
  gst_arcly_record_disk_count (&self->gaps, 1);
  gst_arcly_record_disk_tell (self, GST_ARCLY_RECORD_LOST, NULL, &entry);
  self->loss = (GstArclyRecordLoss){ 0 };
}

void
gst_arcly_record_disk_end_loss (GstArclyRecordDisk *self)
{
  if (self->loss.reason)
    note_gap (self, self->loss.end, NULL);
}

static void
note_gap_before (
    GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  if (self->loss.reason)
    note_gap (self, fragment->media, NULL);
  else if (self->last_number > 0 &&
           (g_strcmp0 (fragment->cut, "discontinuity") == 0 ||
               ABS (fragment->media - self->last_end) > HOLE))
    note_gap (self, fragment->media,
        fragment->cut && !g_str_equal (fragment->cut, "split") ? fragment->cut
                                                               : "hole");
}

void
gst_arcly_record_disk_close (GstArclyRecordDisk *self, const gchar *reason)
{
  g_autofree gchar *path = NULL;
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_CLOSED,
    .wall = g_get_real_time (),
    .file = self->number,
    .duration = self->end - self->start,
    .size = self->out.size,
    .fragments = self->n_fragments,
    .reason = (gchar *) reason };

  if (self->out.fd < 0)
    return;
  path = g_strdup (self->out.path);
  if (!gst_arcly_record_out_close (&self->out, &self->fs,
          self->settings.fsync != GST_ARCLY_RECORD_FSYNC_NONE)) {
    g_autoptr (GError) error = NULL;

    gst_arcly_record_fs_fail (&error, errno, "write", path);
    gst_arcly_record_disk_fail (self, GST_ARCLY_RECORD_CAUSE_SYNC, path, error);
  }
  if (entry.size == 0)
    return;
  gst_arcly_record_log_add (&self->log, &entry);
  gst_arcly_record_disk_tell (self, GST_ARCLY_RECORD_ENDED, path, &entry);
  gst_arcly_record_disk_finalize_file (self, self->number);
}

/* Somebody who moves or removes it does not tell. */
static void
check_path (GstArclyRecordDisk *self)
{
  g_autoptr (GError) error = NULL;
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_DELETED,
    .file = self->number,
    .reason = (gchar *) "missing" };

  if (self->out.fd < 0 || self->out.size == 0 ||
      gst_arcly_record_fs_is_at (self->out.fd, self->out.path))
    return;
  gst_arcly_record_fs_fail (&error, ENOENT, "go on with", self->out.path);
  gst_arcly_record_disk_fail (
      self, GST_ARCLY_RECORD_CAUSE_WRITE, self->out.path, error);
  gst_arcly_record_out_close (&self->out, &self->fs, FALSE);
  entry.wall = g_get_real_time ();
  gst_arcly_record_log_add (&self->log, &entry);
}

static gboolean
is_other_init (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  return fragment->init && self->movie &&
         !g_bytes_equal (fragment->init, self->movie->bytes);
}

/* Why the open file ends in front of this fragment; NULL: it does not. */
static const gchar *
find_end (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  gint64 end = fragment->media + fragment->duration;
  const GstArclyRecordSettings *settings = &self->settings;

  if (self->loss.reason)
    return "gap";
  if (is_other_init (self, fragment))
    return "format";
  if (fragment->cut)
    return fragment->cut;
  if (settings->max_size_time > 0 &&
      end - self->start > (gint64) (settings->max_size_time + SLACK))
    return "time";
  if (settings->max_size_bytes > 0 &&
      self->out.size + fragment->bytes > settings->max_size_bytes)
    return "size";
  return NULL;
}

static gboolean
open_file (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment,
    GError **error)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (fragment->wall / G_USEC_PER_SEC);
  GstArclyRecordNameParts parts = { .stream = self->settings.stream,
    .time = time,
    .extension = self->settings.extension };
  int code;

  self->number = parts.number = self->log.list.last_number + 1;
  self->n_fragments = 0;
  while (!gst_arcly_record_out_open (
      &self->out, &self->fs, self->settings.location, &parts, &code, error)) {
    if (!gst_arcly_record_disk_make_room (self, code))
      return FALSE;
    g_clear_error (error);
  }
  return TRUE;
}

static gboolean
use_init (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment,
    GError **error)
{
  if (!fragment->init || (self->movie && !is_other_init (self, fragment)))
    return TRUE;
  g_clear_pointer (&self->movie, gst_arcly_fmp4_movie_free);
  self->movie = gst_arcly_fmp4_movie_new (fragment->init, error);
  return self->movie != NULL;
}

/* The moof of this fragment, with times that begin with the file. */
static GBytes *
make_head (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment,
    gboolean first, GError **error)
{
  GstBuffer *buffer = g_ptr_array_index (fragment->buffers, 0);
  g_autofree guint8 *data = NULL;
  guint8 field[4];
  GstArclyCursor cursor;
  gsize size;

  if (gst_buffer_extract (buffer, 0, field, sizeof field) != sizeof field)
    return NULL;
  gst_arcly_cursor_init (&cursor, field, sizeof field);
  size = gst_arcly_cursor_u32be (&cursor);
  if (size > MAX_MOOF || size > gst_buffer_get_size (buffer))
    return NULL;
  data = g_malloc (size);
  gst_buffer_extract (buffer, 0, data, size);
  if (!gst_arcly_fmp4_moof_read (&self->moof, self->movie, data, size, error))
    return NULL;
  if (first)
    self->base = gst_arcly_fmp4_moof_start (&self->moof, self->movie);
  gst_arcly_fmp4_moof_rebase (&self->moof, self->movie, data, self->base);
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

/* (transfer full) (nullable): what a file begins with. */
static GBytes *
make_front (GstArclyRecordDisk *self, GBytes *init)
{
  const GstArclyRecordSettings *settings = &self->settings;
  guint64 seconds = settings->max_size_time / GST_SECOND + 1, space;
  guint64 most = MAX_SPACE;

  if (!init)
    return NULL;
  if (settings->max_size_bytes > 0)
    most = MIN (most, settings->max_size_bytes / MAX_SHARE);
  space = REST_OF_MOOV + seconds * self->movie->tracks->len * TABLES_PER_SECOND;
  if (!settings->progressive || settings->max_size_time == 0 || space > most)
    return g_bytes_ref (init);
  return gst_arcly_fmp4_progressive_reserve (init, (gsize) space);
}

static gboolean
write_out (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment,
    GError **error)
{
  g_autoptr (GBytes) front = NULL;
  g_autoptr (GBytes) head = NULL;
  gboolean first = self->out.size == 0;

  if (!use_init (self, fragment, error))
    return FALSE;
  if (first) {
    front = make_front (self, fragment->init);
    self->base = self->start = self->end = fragment->media;
  }
  if (fragment->init) {
    head = make_head (self, fragment, first, error);
    if (!head)
      return FALSE;
  }
  while (!gst_arcly_record_out_write (
      &self->out, &self->fs, front, head, fragment)) {
    int code = errno;

    if (!gst_arcly_record_disk_make_room (self, code))
      return gst_arcly_record_fs_fail (error, code, "write", self->out.path);
  }
  return TRUE;
}

/* It is written; that it may not outlive the machine is worth a word. */
static void
sync_fragment (GstArclyRecordDisk *self)
{
  g_autoptr (GError) error = NULL;

  if (self->settings.fsync != GST_ARCLY_RECORD_FSYNC_FRAGMENT)
    return;
  if (self->fs.sync (self->fs.user_data, self->out.fd) == 0) {
    gst_arcly_record_disk_works (self, GST_ARCLY_RECORD_CAUSE_SYNC);
    return;
  }
  gst_arcly_record_fs_fail (&error, errno, "sync", self->out.path);
  gst_arcly_record_disk_fail (
      self, GST_ARCLY_RECORD_CAUSE_SYNC, self->out.path, error);
}

static void
note_file (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  g_autofree gchar *path =
      gst_arcly_record_log_relate (&self->log, self->out.path);
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_FILE,
    .wall = fragment->wall,
    .file = self->number,
    .path = path,
    .container = (gchar *) self->settings.container,
    .media = self->base };

  gst_arcly_record_log_add (&self->log, &entry);
  gst_arcly_record_disk_count (&self->files, 1);
  gst_arcly_record_disk_tell (
      self, GST_ARCLY_RECORD_OPENED, self->out.path, &entry);
}

static void
note_fragment (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_FRAGMENT,
    .wall = fragment->wall,
    .file = self->number,
    .media = fragment->media,
    .duration = fragment->duration,
    .offset = self->out.size - fragment->bytes,
    .size = fragment->bytes,
    .key = fragment->begins };

  gst_arcly_record_log_add (&self->log, &entry);
  self->n_fragments += fragment->begins;
  self->last_end = fragment->media + fragment->duration;
  /* One of sound may lie within the one before it. */
  self->end = MAX (self->end, self->last_end);
  self->last_number = self->number;
  gst_arcly_record_disk_works (self, GST_ARCLY_RECORD_CAUSE_WRITE);
  gst_arcly_record_disk_count (&self->fragments, fragment->begins);
  gst_arcly_record_disk_count (&self->bytes, fragment->bytes);
}

/* TRUE: there is a file, and the fragment belongs into it. */
static gboolean
have_file (GstArclyRecordDisk *self, const GstArclyRecordFragment *fragment)
{
  g_autoptr (GError) error = NULL;
  const gchar *end;

  if (!fragment->begins)
    return !self->skipping && self->out.fd >= 0;
  check_path (self);
  end = self->out.fd >= 0 ? find_end (self, fragment) : NULL;
  if (end) {
    gst_arcly_record_disk_close (self, end);
    gst_arcly_record_disk_retain (self);
  }
  if (self->out.fd >= 0)
    return TRUE;
  if (!gst_arcly_record_disk_open_log (self))
    return FALSE;
  if (open_file (self, fragment, &error))
    return TRUE;
  gst_arcly_record_disk_fail (
      self, GST_ARCLY_RECORD_CAUSE_WRITE, self->settings.location, error);
  return FALSE;
}

void
gst_arcly_record_disk_write (
    GstArclyRecordDisk *self, GstArclyRecordFragment *fragment)
{
  g_autoptr (GError) error = NULL;
  gboolean first;

  self->skipping = !have_file (self, fragment);
  if (self->skipping) {
    lose_fragment (self, fragment, "no-file");
    return;
  }
  first = self->out.size == 0;
  if (!write_out (self, fragment, &error)) {
    if (!error)
      g_set_error (&error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
          "Cannot write %s: this is no fragment", self->out.path);
    gst_arcly_record_disk_fail (
        self, GST_ARCLY_RECORD_CAUSE_WRITE, self->out.path, error);
    gst_arcly_record_disk_close (self, "error");
    lose_fragment (self, fragment, "write-error");
    self->skipping = TRUE;
    return;
  }
  note_gap_before (self, fragment);
  if (first)
    note_file (self, fragment);
  note_fragment (self, fragment);
  sync_fragment (self);
}
