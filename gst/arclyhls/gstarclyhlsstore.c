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
#include <gst/arcly/gstarclyerror.h>

#include "gstarclyhlsstore.h"

/* No server hands out what begins with a dot. */
#define TEMP_SEGMENT ".arcly-segment.tmp"
#define MAP_PREFIX "#EXT-X-MAP:URI=\""
#define TEMP_OTHER ".arcly-playlist.tmp"
/* Frames of sound are small; one system call for many. */
#define WRITE_BYTES (128 * 1024)
#define TS_PACKET 188
#define BOX_HEAD 8
#define FOLDER_MODE 0755
#define FILE_MODE 0644
/* How long the end of a stream may take to reach a storage. */
#define DRAIN_TIME (10 * G_USEC_PER_SEC)

/* All that is written goes to the folder that is locked, wherever it is now; or
 * to a storage. */
struct _GstArclyHlsStore {
  GByteArray *pending; /* of the open segment: what is not written yet */

  gchar *folder; /* its path; in a storage NULL for the top */
  int folder_fd; /* holds the lock */
  int fd;        /* of the open segment, or -1 */

  GstArclyStorage *storage; /* owned; NULL for a folder */
  GstArclyHlsSpool *spool;  /* owned */
  gchar *playlist;          /* that was there */
  gboolean open;
  gboolean slow; /* it had its time once */
};

static gboolean
fail (GError **error, int code, const gchar *what, const gchar *path)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "Cannot %s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0) {
    gssize done = write (fd, data, size);

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return FALSE;
    data += done;
    size -= done;
  }
  return TRUE;
}

static int
create_file (GstArclyHlsStore *self, const gchar *name)
{
  return openat (self->folder_fd, name,
      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

static void
remove_temp (GstArclyHlsStore *self, const gchar *name)
{
  unlinkat (self->folder_fd, name, 0);
}

/* Two writers would take each other's names. A file system without locks is
 * taken as it is. The lock held so far goes only if there is another. */
static gboolean
lock_folder (GstArclyHlsStore *self, GError **error)
{
  int fd;

  if (g_mkdir_with_parents (self->folder, FOLDER_MODE) < 0)
    return fail (error, errno, "create the folder", self->folder);
  fd = g_open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0)
    return fail (error, errno, "open", self->folder);
  if (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
    close (fd);
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "Cannot write to %s: it is in use by another arclyhlssink",
        self->folder);
    return FALSE;
  }
  if (self->folder_fd >= 0)
    close (self->folder_fd);
  self->folder_fd = fd;
  return TRUE;
}

/* Somebody who moves or removes it does not take our lock along. */
static gboolean
is_at_its_path (GstArclyHlsStore *self)
{
  struct stat there, here;

  return stat (self->folder, &there) == 0 &&
         fstat (self->folder_fd, &here) == 0 && there.st_dev == here.st_dev &&
         there.st_ino == here.st_ino;
}

static gboolean
try_to_write (GstArclyHlsStore *self, GError **error)
{
  int fd = create_file (self, TEMP_OTHER);

  if (fd < 0)
    return fail (error, errno, "write to", self->folder);
  close (fd);
  remove_temp (self, TEMP_OTHER);
  return TRUE;
}

GstArclyHlsStore *
gst_arcly_hls_store_open (const gchar *folder, GError **error)
{
  g_autoptr (GstArclyHlsStore) self = g_new0 (GstArclyHlsStore, 1);

  self->folder = g_strdup (folder);
  self->pending = g_byte_array_sized_new (WRITE_BYTES);
  self->folder_fd = self->fd = -1;

  if (!lock_folder (self, error) || !try_to_write (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

GstArclyHlsStore *
gst_arcly_hls_store_open_storage (GstArclyStorage *storage, const gchar *folder,
    const GstArclyHlsSpoolEvents *events, gpointer data)
{
  GstArclyHlsStore *self = g_new0 (GstArclyHlsStore, 1);

  self->folder = g_strdup (folder);
  self->pending = g_byte_array_new ();
  self->folder_fd = self->fd = -1;
  self->storage = g_object_ref (storage);
  self->spool = gst_arcly_hls_spool_new (storage, events, data);
  return self;
}

void
gst_arcly_hls_store_drain (GstArclyHlsStore *self)
{
  if (self->spool && !self->slow)
    self->slow = !gst_arcly_hls_spool_drain (self->spool, DRAIN_TIME);
}

void
gst_arcly_hls_store_close (GstArclyHlsStore *self)
{
  gst_arcly_hls_store_abort (self);
  gst_arcly_hls_store_drain (self);
  g_clear_pointer (&self->spool, gst_arcly_hls_spool_close);
  g_clear_object (&self->storage);
  g_free (self->playlist);
  if (self->folder_fd >= 0)
    close (self->folder_fd);
  g_byte_array_unref (self->pending);
  g_free (self->folder);
  g_free (self);
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 left = ((const GstArclyHlsFile *) a)->name.sequence;
  guint64 right = ((const GstArclyHlsFile *) b)->name.sequence;

  return left < right ? -1 : left > right;
}

/* ISO/IEC 14496-12, 4.2: boxes up to the end. Ours are under 4 GiB each. */
static gboolean
has_whole_boxes (int fd, off_t size)
{
  guint32 head[BOX_HEAD / sizeof (guint32)];
  off_t at = 0;

  while (at < size) {
    guint32 length;

    if (pread (fd, head, sizeof head, at) != sizeof head)
      return FALSE;
    length = GUINT32_FROM_BE (head[0]);
    if (length < sizeof head)
      return FALSE;
    at += length;
  }
  return at == size;
}

static gboolean
is_whole (GstArclyHlsStore *self, const gchar *text, GstArclyHlsKind kind)
{
  int fd = openat (self->folder_fd, text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  gboolean ok = fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode) &&
                info.st_size > 0;

  if (ok && kind == GST_ARCLY_HLS_TS)
    ok = info.st_size % TS_PACKET == 0;
  else if (ok)
    ok = has_whole_boxes (fd, info.st_size);
  if (fd >= 0)
    close (fd);
  return ok;
}

/* (transfer full): what the storage calls it. */
static gchar *
storage_name (GstArclyHlsStore *self, const gchar *name)
{
  return self->folder ? g_strdup_printf ("%s/%s", self->folder, name)
                      : g_strdup (name);
}

static GBytes *
get_from_storage (GstArclyHlsStore *self, const gchar *name, GError **error)
{
  g_autofree gchar *full = storage_name (self, name);

  return gst_arcly_storage_get (self->storage, full, NULL, error);
}

static gboolean
put_to_storage (
    GstArclyHlsStore *self, const gchar *name, GBytes *bytes, GError **error)
{
  g_autofree gchar *full = storage_name (self, name);

  return gst_arcly_hls_spool_put (self->spool, full, bytes, error);
}

/* What the playlist names: a segment, or with EXT-X-MAP an init segment. */
static gboolean
parse_line (const gchar *line, GstArclyHlsName *name)
{
  g_autofree gchar *map = NULL;

  if (!g_str_has_prefix (line, MAP_PREFIX))
    return gst_arcly_hls_name_parse (name, line);
  line += strlen (MAP_PREFIX);
  map = g_strndup (line, strcspn (line, "\""));
  return gst_arcly_hls_name_parse (name, map);
}

/* A storage has no list of names. Files get there in order: what the playlist
 * lists is there, and one may be that it does not list yet. That number is
 * taken (viewers of parts may have had it), and the list has to begin behind
 * it: nothing in front counts. */
static GArray *
scan_playlist (GstArclyHlsStore *self)
{
  GArray *files = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsFile));
  g_auto (GStrv) lines =
      g_strsplit (self->playlist ? self->playlist : "", "\n", -1);
  GstArclyHlsFile file = { .whole = TRUE };
  g_autofree gchar *next = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint i;

  for (i = 0; lines[i]; i++) {
    if (parse_line (lines[i], &file.name))
      g_array_append_val (files, file);
  }
  if (files->len == 0)
    return files;
  /* An init segment stands in front of those that need it. */
  file = g_array_index (files, GstArclyHlsFile, files->len - 1);
  file.name.sequence++;
  next = gst_arcly_hls_name_format (
      file.name.kind, file.name.stamp, file.name.sequence);
  bytes = get_from_storage (self, next, NULL);
  if (!bytes)
    return files;
  for (i = 0; i < files->len; i++)
    g_array_index (files, GstArclyHlsFile, i).whole = FALSE;
  g_array_append_val (files, file);
  return files;
}

GArray *
gst_arcly_hls_store_scan (GstArclyHlsStore *self)
{
  GArray *files = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *text;
  GstArclyHlsFile file;

  if (self->storage)
    return scan_playlist (self);
  files = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsFile));
  dir = g_dir_open (self->folder, 0, NULL);
  remove_temp (self, TEMP_SEGMENT);
  while (dir && (text = g_dir_read_name (dir))) {
    if (!gst_arcly_hls_name_parse (&file.name, text))
      continue;
    file.whole = is_whole (self, text, file.name.kind);
    g_array_append_val (files, file);
  }
  g_array_sort (files, compare_numbers);
  return files;
}

static gboolean
is_hidden (const gchar *name)
{
  return name[0] == '.';
}

/* What cannot be read back is not continued, as if it were not there. */
static gchar *
read_storage (
    GstArclyHlsStore *self, const gchar *name, gsize *size, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean missing;
  gchar *text;

  if (!is_hidden (name))
    bytes = get_from_storage (self, name, &failure);
  if (!bytes || g_bytes_get_size (bytes) > GST_ARCLY_HLS_MAX_PLAYLIST_BYTES) {
    missing =
        !failure ||
        g_error_matches (failure, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND) ||
        g_error_matches (failure, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED);
    g_set_error (error, G_FILE_ERROR,
        missing ? G_FILE_ERROR_NOENT : G_FILE_ERROR_IO, "Cannot read %s: %s",
        name, failure ? failure->message : "it is not kept, or too large");
    return NULL;
  }
  *size = g_bytes_get_size (bytes);
  text = g_strndup (g_bytes_get_data (bytes, NULL), *size);
  g_free (self->playlist);
  self->playlist = g_strdup (text);
  return text;
}

gchar *
gst_arcly_hls_store_read (
    GstArclyHlsStore *self, const gchar *name, gsize *size, GError **error)
{
  g_autofree gchar *path = NULL;
  gchar *text = NULL;
  GStatBuf info;

  if (self->storage)
    return read_storage (self, name, size, error);
  path = g_build_filename (self->folder, name, NULL);
  if (g_stat (path, &info) < 0) {
    fail (error, errno, "read", path);
    return NULL;
  }
  if (!S_ISREG (info.st_mode) ||
      info.st_size > GST_ARCLY_HLS_MAX_PLAYLIST_BYTES) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "Cannot read %s: no file, or too large", path);
    return NULL;
  }
  if (!g_file_get_contents (path, &text, size, error))
    return NULL;
  return text;
}

static gboolean
rename_to (GstArclyHlsStore *self, const gchar *temp, const gchar *name,
    GError **error)
{
  if (renameat (self->folder_fd, temp, self->folder_fd, name) < 0) {
    g_autofree gchar *path = NULL;
    int code = errno;

    path = g_build_filename (self->folder, name, NULL);
    fail (error, code, "write", path);
    remove_temp (self, temp);
    return FALSE;
  }
  return TRUE;
}

gboolean
gst_arcly_hls_store_replace (GstArclyHlsStore *self, const gchar *name,
    const gchar *data, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  gboolean ok;
  int fd, code;

  if (self->spool && is_hidden (name))
    return TRUE;
  if (self->spool) {
    bytes = g_bytes_new (data, size);
    return put_to_storage (self, name, bytes, error);
  }
  fd = create_file (self, TEMP_OTHER);
  code = errno;
  ok = fd >= 0;
  if (ok) {
    ok = write_all (fd, (const guint8 *) data, size);
    code = errno;
    if (close (fd) < 0 && ok) {
      ok = FALSE;
      code = errno;
    }
  }
  if (!ok) {
    g_autofree gchar *path = g_build_filename (self->folder, name, NULL);

    fail (error, code, "write", path);
    remove_temp (self, TEMP_OTHER);
    return FALSE;
  }
  return rename_to (self, TEMP_OTHER, name, error);
}

gboolean
gst_arcly_hls_store_begin (
    GstArclyHlsStore *self, gboolean *is_new, GError **error)
{
  gst_arcly_hls_store_abort (self);
  *is_new = FALSE;
  if (self->spool)
    return self->open = TRUE;
  *is_new = !is_at_its_path (self);
  if (*is_new && !lock_folder (self, error)) {
    *is_new = FALSE;
    return FALSE;
  }
  self->fd = create_file (self, TEMP_SEGMENT);
  if (self->fd < 0)
    return fail (error, errno, "write to", self->folder);
  return self->open = TRUE;
}

static gboolean
flush_pending (GstArclyHlsStore *self, GError **error)
{
  gboolean ok = write_all (self->fd, self->pending->data, self->pending->len);
  int code = errno;

  g_byte_array_set_size (self->pending, 0);
  if (ok)
    return TRUE;
  fail (error, code, "write a segment to", self->folder);
  gst_arcly_hls_store_abort (self);
  return FALSE;
}

gboolean
gst_arcly_hls_store_write (
    GstArclyHlsStore *self, const guint8 *data, gsize size, GError **error)
{
  g_return_val_if_fail (self->open, FALSE);

  g_byte_array_append (self->pending, data, (guint) size);
  return self->spool || self->pending->len < WRITE_BYTES ||
         flush_pending (self, error);
}

gboolean
gst_arcly_hls_store_flush (GstArclyHlsStore *self, GError **error)
{
  g_return_val_if_fail (self->open, FALSE);

  return self->spool || flush_pending (self, error);
}

gboolean
gst_arcly_hls_store_recover (
    GstArclyHlsStore *self, const gchar *name, gsize bytes)
{
  struct stat info;
  gboolean ok;
  int fd;

  if (self->storage)
    return FALSE;
  fd =
      openat (self->folder_fd, TEMP_SEGMENT, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return FALSE;
  ok = fstat (fd, &info) == 0 && S_ISREG (info.st_mode) &&
       info.st_size >= (off_t) bytes && ftruncate (fd, (off_t) bytes) == 0;
  close (fd);
  return ok &&
         renameat (self->folder_fd, TEMP_SEGMENT, self->folder_fd, name) == 0;
}

static gboolean
spool_segment (GstArclyHlsStore *self, const gchar *name, GError **error)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (self->pending);

  self->pending = g_byte_array_new ();
  return put_to_storage (self, name, bytes, error);
}

gboolean
gst_arcly_hls_store_commit (
    GstArclyHlsStore *self, const gchar *name, GError **error)
{
  int fd;

  g_return_val_if_fail (self->open, FALSE);

  if (!self->spool && !flush_pending (self, error))
    return FALSE;
  self->open = FALSE;
  if (self->spool)
    return spool_segment (self, name, error);
  fd = self->fd;
  self->fd = -1;
  /* Some file systems tell only now that there is no space. */
  if (close (fd) < 0) {
    fail (error, errno, "write a segment to", self->folder);
    remove_temp (self, TEMP_SEGMENT);
    return FALSE;
  }
  return rename_to (self, TEMP_SEGMENT, name, error);
}

void
gst_arcly_hls_store_abort (GstArclyHlsStore *self)
{
  g_byte_array_set_size (self->pending, 0);
  self->open = FALSE;
  if (self->fd < 0)
    return;
  close (self->fd);
  self->fd = -1;
  remove_temp (self, TEMP_SEGMENT);
}

gboolean
gst_arcly_hls_store_remove (
    GstArclyHlsStore *self, const gchar *name, GError **error)
{
  g_autofree gchar *path = NULL;
  int code;

  if (self->spool && is_hidden (name))
    return TRUE;
  if (self->spool) {
    path = storage_name (self, name);
    return gst_arcly_hls_spool_remove (self->spool, path, error);
  }
  if (unlinkat (self->folder_fd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  code = errno;
  path = g_build_filename (self->folder, name, NULL);
  return fail (error, code, "remove", path);
}
