/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gstarclyrecordlog.h"

#define FOLDER_MODE 0755
#define FILE_MODE 0644
/* Where a disk stays full, the index is not worth more memory. */
#define MAX_PENDING (1024 * 1024)
/* What is smaller is not worth to be written again. */
#define MIN_COMPACT (64 * 1024)

void
gst_arcly_record_log_init (
    GstArclyRecordLog *self, const GstArclyRecordFs *fs, const gchar *path)
{
  memset (self, 0, sizeof *self);
  self->fs = fs;
  self->path = g_strdup (path);
  self->folder = g_path_get_dirname (path);
  self->fd = -1;
  self->pending = g_string_new (NULL);
  gst_arcly_record_list_init (&self->list);
}

static void
close_fd (GstArclyRecordLog *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
gst_arcly_record_log_clear (GstArclyRecordLog *self)
{
  close_fd (self);
  gst_arcly_record_list_clear (&self->list);
  g_string_free (self->pending, TRUE);
  g_free (self->path);
  g_free (self->folder);
}

/* Two writers would take each other's numbers, and delete each other's files.
 * A file system without locks is taken as it is. */
static gboolean
lock_index (int fd, const gchar *path, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    return gst_arcly_record_fs_fail (error, EINVAL, "write", path);
  if (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "Cannot write %s: it is in use by another arclyrecordsink; set "
        "\"index-location\"",
        path);
    return FALSE;
  }
  /* Whoever had it may have put another one in its place. */
  if (!gst_arcly_record_fs_is_at (fd, path)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "Cannot write %s: it was replaced", path);
    return FALSE;
  }
  return TRUE;
}

/* A line that is too long, or cut off, or not ours is passed over. */
static void
read_line (GstArclyRecordLog *self, const gchar *line, gsize size)
{
  g_auto (GstArclyRecordEntry) entry = { 0 };

  if (gst_arcly_record_entry_read (&entry, line, size))
    gst_arcly_record_list_apply (&self->list, &entry);
}

/* Calls for each line, which has no newline if it is the last and cut off. */
static gboolean
for_each_line (const gchar *path,
    void (*func) (const gchar *line, gsize size, gpointer user_data),
    gpointer user_data, GError **error)
{
  FILE *file = g_fopen (path, "re");
  gchar *line = NULL;
  size_t room = 0;
  ssize_t size;

  if (!file)
    return gst_arcly_record_fs_fail (error, errno, "read", path);
  while ((size = getline (&line, &room, file)) >= 0)
    func (line, (gsize) size, user_data);
  free (line);
  fclose (file);
  return TRUE;
}

static void
take_line (const gchar *line, gsize size, gpointer user_data)
{
  GstArclyRecordLog *self = user_data;

  self->size += size;
  if (line[size - 1] != '\n') {
    /* Lines of ours begin behind it. */
    g_string_prepend_c (self->pending, '\n');
    return;
  }
  read_line (self, line, size - 1);
}

static void
add_line (GstArclyRecordLog *self, const GstArclyRecordEntry *entry)
{
  gsize before = self->pending->len;

  gst_arcly_record_entry_write (entry, self->pending);
  if (self->pending->len > MAX_PENDING)
    g_string_truncate (self->pending, before);
}

static void
put_session (GString *out)
{
  GstArclyRecordEntry session = { .type = GST_ARCLY_RECORD_SESSION,
    .version = GST_ARCLY_RECORD_VERSION,
    .wall = g_get_real_time () };

  gst_arcly_record_entry_write (&session, out);
}

/* Somebody removed it: the files that we know. */
static void
summarize (GstArclyRecordLog *self)
{
  g_autoptr (GString) rest = g_steal_pointer (&self->pending);
  GList *link;

  self->pending = g_string_new (NULL);
  put_session (self->pending);
  for (link = self->list.files.head; link; link = link->next) {
    GstArclyRecordFile *file = link->data;
    GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_FILE,
      .wall = file->wall,
      .file = file->number,
      .path = file->path,
      .container = file->container,
      .media = file->media,
      .duration = file->duration,
      .size = file->size,
      .fragments = file->fragments };

    gst_arcly_record_entry_write (&entry, self->pending);
    if (!file->closed)
      continue;
    entry.type = GST_ARCLY_RECORD_CLOSED;
    entry.wall = file->end;
    gst_arcly_record_entry_write (&entry, self->pending);
  }
  g_string_append_len (self->pending, rest->str, (gssize) rest->len);
}

static gboolean
open_index (GstArclyRecordLog *self, GError **error)
{
  gboolean known = self->list.last_number > 0;
  int fd;

  if (g_mkdir_with_parents (self->folder, FOLDER_MODE) < 0)
    return gst_arcly_record_fs_fail (
        error, errno, "create the folder", self->folder);
  fd = open (self->path,
      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
      FILE_MODE);
  if (fd < 0)
    return gst_arcly_record_fs_fail (error, errno, "open", self->path);
  self->size = 0;
  if (!lock_index (fd, self->path, error) ||
      (!known && !for_each_line (self->path, take_line, self, error))) {
    close (fd);
    return FALSE;
  }
  if (known) {
    off_t end = lseek (fd, 0, SEEK_END);

    summarize (self);
    self->size = end > 0 ? (guint64) end : 0;
    if (end > 0)
      g_string_prepend_c (self->pending, '\n');
  } else {
    put_session (self->pending);
  }
  self->fd = fd;
  return TRUE;
}

gboolean
gst_arcly_record_log_open (GstArclyRecordLog *self, GError **error)
{
  if (self->fd >= 0 && gst_arcly_record_fs_is_at (self->fd, self->path))
    return TRUE;
  close_fd (self);
  return open_index (self, error);
}

void
gst_arcly_record_log_add (
    GstArclyRecordLog *self, const GstArclyRecordEntry *entry)
{
  gst_arcly_record_list_apply (&self->list, entry);
  if (entry->type == GST_ARCLY_RECORD_DELETED)
    self->n_deleted++;
  add_line (self, entry);
}

typedef struct {
  GstArclyRecordLog *log;
  GString *kept;
} Compaction;

/* What is of files that are gone, goes. */
static void
keep_line (const gchar *line, gsize size, gpointer user_data)
{
  Compaction *compaction = user_data;
  g_auto (GstArclyRecordEntry) entry = { 0 };

  if (line[size - 1] != '\n' ||
      !gst_arcly_record_entry_read (&entry, line, size - 1) ||
      entry.type == GST_ARCLY_RECORD_SESSION ||
      !gst_arcly_record_list_find (&compaction->log->list, entry.file))
    return;
  g_string_append_len (compaction->kept, line, (gssize) size);
}

/* The new one is whole and locked before it has the name. */
static gboolean
replace_index (GstArclyRecordLog *self, const GString *text, GError **error)
{
  g_autofree gchar *temp = g_strconcat (self->path, ".arcly-tmp", NULL);
  struct iovec piece = { text->str, text->len };
  int fd;

  /* Left by a process that died. */
  self->fs->remove (self->fs->user_data, temp);
  fd = open (temp,
      O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
  if (fd < 0)
    return gst_arcly_record_fs_fail (error, errno, "create", temp);
  if (!gst_arcly_record_fs_write_all (self->fs, fd, &piece, 1) ||
      self->fs->sync (self->fs->user_data, fd) < 0 ||
      (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
      rename (temp, self->path) < 0) {
    int code = errno;

    close (fd);
    self->fs->remove (self->fs->user_data, temp);
    return gst_arcly_record_fs_fail (error, code, "write", temp);
  }
  close_fd (self);
  self->fd = fd;
  self->size = text->len;
  return TRUE;
}

/* Once most of it is of files that are gone. */
static gboolean
compact (GstArclyRecordLog *self, GError **error)
{
  Compaction compaction = { self, NULL };
  g_autoptr (GString) kept = g_string_new (NULL);
  gboolean ok;

  if (self->size < MIN_COMPACT ||
      self->n_deleted <= g_queue_get_length (&self->list.files))
    return TRUE;
  self->n_deleted = 0;
  put_session (kept);
  compaction.kept = kept;
  ok = for_each_line (self->path, keep_line, &compaction, error);
  return ok && replace_index (self, kept, error);
}

gboolean
gst_arcly_record_log_flush (
    GstArclyRecordLog *self, gboolean sync, GError **error)
{
  struct iovec piece;

  if (self->pending->len == 0)
    return TRUE;
  if (!gst_arcly_record_log_open (self, error))
    return FALSE;
  piece = (struct iovec){ self->pending->str, self->pending->len };
  if (!gst_arcly_record_fs_write_all (self->fs, self->fd, &piece, 1)) {
    int code = errno;

    /* Half a line would hide the next. */
    if (ftruncate (self->fd, (off_t) self->size) < 0)
      g_string_prepend_c (self->pending, '\n');
    return gst_arcly_record_fs_fail (error, code, "write", self->path);
  }
  self->size += self->pending->len;
  g_string_truncate (self->pending, 0);
  if (sync && self->fs->sync (self->fs->user_data, self->fd) < 0)
    return gst_arcly_record_fs_fail (error, errno, "write", self->path);
  return compact (self, error);
}

gchar *
gst_arcly_record_log_resolve (
    GstArclyRecordLog *self, const GstArclyRecordFile *file)
{
  g_auto (GStrv) parts = g_strsplit (file->path, "/", -1);

  if (file->path[0] == '\0' ||
      g_strv_contains ((const gchar *const *) parts, ".."))
    return NULL;
  if (g_path_is_absolute (file->path) || g_str_equal (self->folder, "."))
    return g_strdup (file->path);
  return g_build_filename (self->folder, file->path, NULL);
}

gchar *
gst_arcly_record_log_relate (GstArclyRecordLog *self, const gchar *path)
{
  gsize length = strlen (self->folder);

  if (g_str_has_prefix (path, self->folder) && path[length] == '/')
    return g_strdup (path + length + 1);
  /* With a path of its own, relative to where the process is. */
  if (!g_path_is_absolute (path) && !g_str_equal (self->folder, "."))
    return g_canonicalize_filename (path, NULL);
  return g_strdup (path);
}
