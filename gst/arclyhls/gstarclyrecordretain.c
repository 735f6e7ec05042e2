/* SPDX-License-Identifier: MIT
 *
 * What becomes of files that are written, and who is told. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gstarclyrecorddiskprivate.h"
#include "gstarclyrecordfinish.h"

void
gst_arcly_record_disk_tell (GstArclyRecordDisk *self,
    GstArclyRecordNewsType type, const gchar *path,
    const GstArclyRecordEntry *entry)
{
  GstArclyRecordNews news = {
    .type = type, .path = path, .entry = entry, .media = self->start
  };

  self->func (&news, self->user_data);
}

void
gst_arcly_record_disk_fail (GstArclyRecordDisk *self, GstArclyRecordCause cause,
    const gchar *path, const GError *error)
{
  GstArclyRecordNews news = {
    .type = GST_ARCLY_RECORD_FAILED, .path = path, .error = error
  };

  if (self->reported[cause] == error->code + 1)
    return;
  self->reported[cause] = error->code + 1;
  /* The next name would be as long. */
  news.hopeless =
      cause == GST_ARCLY_RECORD_CAUSE_WRITE && self->last_number == 0 &&
      g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG);
  self->func (&news, self->user_data);
}

void
gst_arcly_record_disk_flush_log (GstArclyRecordDisk *self)
{
  g_autoptr (GError) error = NULL;

  if (self->log.pending->len == 0)
    return;
  if (gst_arcly_record_log_flush (&self->log,
          self->settings.fsync == GST_ARCLY_RECORD_FSYNC_FRAGMENT ||
              (self->settings.fsync == GST_ARCLY_RECORD_FSYNC_FILE &&
                  self->out.fd < 0),
          &error))
    gst_arcly_record_disk_works (self, GST_ARCLY_RECORD_CAUSE_INDEX);
  else
    gst_arcly_record_disk_fail (
        self, GST_ARCLY_RECORD_CAUSE_INDEX, self->log.path, error);
}

/* A day's folder goes with its last file; what else is in it keeps it. */
static void
remove_folders (GstArclyRecordDisk *self, const gchar *path)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  gsize top = strlen (self->log.folder);

  while (g_str_has_prefix (folder, self->log.folder) && folder[top] == '/' &&
         rmdir (folder) == 0) {
    gchar *parent = g_path_get_dirname (folder);

    g_free (folder);
    folder = parent;
  }
}

/* Only what is as we left it: a file of another size is somebody else's, and
 * forgotten. FALSE if it cannot be removed. */
static gboolean
delete_file (
    GstArclyRecordDisk *self, GstArclyRecordFile *file, const gchar *reason)
{
  g_autofree gchar *path = gst_arcly_record_log_resolve (&self->log, file);
  g_autoptr (GError) error = NULL;
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_DELETED,
    .wall = g_get_real_time (),
    .file = file->number,
    .reason = (gchar *) reason };
  struct stat info;

  if (!path || lstat (path, &info) < 0) {
    entry.reason = (gchar *) "missing";
  } else if (!S_ISREG (info.st_mode) || (guint64) info.st_size != file->size) {
    entry.reason = (gchar *) "changed";
  } else if (self->fs.remove (self->fs.user_data, path) < 0) {
    gst_arcly_record_fs_fail (&error, errno, "remove", path);
    gst_arcly_record_disk_fail (
        self, GST_ARCLY_RECORD_CAUSE_REMOVE, path, error);
    return FALSE;
  } else {
    gst_arcly_record_disk_works (self, GST_ARCLY_RECORD_CAUSE_REMOVE);
    remove_folders (self, path);
    gst_arcly_record_disk_count (&self->deleted_files, 1);
  }
  gst_arcly_record_log_add (&self->log, &entry);
  gst_arcly_record_disk_tell (self, GST_ARCLY_RECORD_REMOVED, path, &entry);
  return TRUE;
}

void
gst_arcly_record_disk_retain (GstArclyRecordDisk *self)
{
  GstArclyRecordFile *file;
  const gchar *reason;

  do {
    file = gst_arcly_record_list_expired (&self->log.list, g_get_real_time (),
        (gint64) self->settings.retention_time, self->settings.retention_bytes,
        &reason);
  } while (file && delete_file (self, file, reason));
}

gboolean
gst_arcly_record_disk_make_room (GstArclyRecordDisk *self, int code)
{
  GstArclyRecordFile *file = gst_arcly_record_list_oldest (&self->log.list);

  return self->settings.drop_oldest && (code == ENOSPC || code == EDQUOT) &&
         file && delete_file (self, file, "full-disk");
}

void
gst_arcly_record_disk_finalize_file (GstArclyRecordDisk *self, guint64 number)
{
  GstArclyRecordFile *file =
      gst_arcly_record_list_find (&self->log.list, number);
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_FINALIZED,
    .wall = g_get_real_time (),
    .file = number };
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!self->settings.progressive || !file ||
      g_strcmp0 (file->container, "fmp4") != 0)
    return;
  path = gst_arcly_record_log_resolve (&self->log, file);
  if (!path)
    return;
  entry.size = file->size;
  ok = gst_arcly_record_finish (&self->fs, path,
      self->settings.fsync != GST_ARCLY_RECORD_FSYNC_NONE, &entry.size, &error);
  if (ok)
    gst_arcly_record_disk_works (self, GST_ARCLY_RECORD_CAUSE_FINALIZE);
  if (!ok) {
    gst_arcly_record_disk_fail (
        self, GST_ARCLY_RECORD_CAUSE_FINALIZE, path, error);
    /* It is as it was, but may be longer: retention has to know it again. */
    if (entry.size == file->size)
      return;
    entry.type = GST_ARCLY_RECORD_CLOSED;
    entry.duration = file->duration;
    entry.fragments = file->fragments;
    entry.reason = (gchar *) "error";
  }
  gst_arcly_record_log_add (&self->log, &entry);
  if (ok)
    gst_arcly_record_disk_tell (
        self, GST_ARCLY_RECORD_PROGRESSIVE, path, &entry);
}

static void
recover_file (GstArclyRecordDisk *self, guint64 number)
{
  GstArclyRecordFile *file =
      gst_arcly_record_list_find (&self->log.list, number);
  g_autofree gchar *path = gst_arcly_record_log_resolve (&self->log, file);
  GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_CLOSED,
    .wall = file->end,
    .file = number,
    .duration = file->duration,
    .fragments = file->fragments,
    .reason = (gchar *) "crash" };
  struct stat info;

  if (!path || lstat (path, &info) < 0 || !S_ISREG (info.st_mode)) {
    delete_file (self, file, "missing");
    return;
  }
  entry.size = (guint64) info.st_size;
  gst_arcly_record_log_add (&self->log, &entry);
  gst_arcly_record_disk_finalize_file (self, number);
}

gboolean
gst_arcly_record_disk_open_log (GstArclyRecordDisk *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) open = NULL;
  GList *link;
  guint i;

  if (!gst_arcly_record_log_open (&self->log, &error)) {
    gst_arcly_record_disk_fail (
        self, GST_ARCLY_RECORD_CAUSE_INDEX, self->log.path, error);
    return FALSE;
  }
  if (self->recovered)
    return TRUE;
  self->recovered = TRUE;
  open = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (link = self->log.list.files.head; link; link = link->next) {
    GstArclyRecordFile *file = link->data;

    if (!file->closed)
      g_array_append_val (open, file->number);
  }
  for (i = 0; i < open->len; i++)
    recover_file (self, g_array_index (open, guint64, i));
  return TRUE;
}
