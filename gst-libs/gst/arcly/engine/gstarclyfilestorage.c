/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyfilestorage
 * @title: GstArclyFileStorage
 * @short_description: a storage in a folder
 *
 * Files are written under a hidden name and renamed: a reader sees whole files
 * only. Folders are made when they are needed.
 *
 * Since: 0.1
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <gst/arcly/engine/gstarclyfilestorage.h>
#include <gst/arcly/gstarclyerror.h>

#define FOLDER_MODE 0755
#define FILE_MODE 0644

/* Constant after creation: any thread. */
struct _GstArclyFileStorage {
  GObject parent;

  gchar *folder; /* absolute */
  GstArclyFsync fsync;
};

static void storage_init (GstArclyStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyFileStorage, gst_arcly_file_storage,
    G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_STORAGE, storage_init))

static gboolean
fail (GError **error, int code, const gchar *what, const gchar *path)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "Cannot %s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, GBytes *bytes, gboolean sync)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0) {
    gssize done = write (fd, data, size);

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return FALSE;
    data += done;
    size -= done;
  }
  return !sync || fdatasync (fd) == 0;
}

/* The name that it had, and the one that it has. */
static gboolean
sync_folder (const gchar *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return ok;
}

/* Fails with errno. */
static gboolean
write_file (GstArclyFileStorage *self, const gchar *path, GBytes *bytes)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *temp = g_build_filename (folder, ".arcly-XXXXXX.tmp", NULL);
  gboolean ok;
  int fd, code;

  if (g_mkdir_with_parents (folder, FOLDER_MODE) < 0)
    return FALSE;
  fd = g_mkstemp_full (temp, O_WRONLY | O_CLOEXEC, FILE_MODE);
  if (fd < 0)
    return FALSE;
  ok = write_all (fd, bytes, self->fsync != GST_ARCLY_FSYNC_NONE);
  code = errno;
  /* Some file systems tell only now that there is no space. */
  if (close (fd) < 0 && ok) {
    ok = FALSE;
    code = errno;
  }
  if (ok && g_rename (temp, path) == 0)
    return self->fsync != GST_ARCLY_FSYNC_FOLDER || sync_folder (folder);
  if (ok)
    code = errno;
  g_unlink (temp);
  errno = code;
  return FALSE;
}

static gboolean
put (GstArclyStorage *storage, const gchar *name, GBytes *bytes,
    GCancellable *cancellable, GError **error)
{
  GstArclyFileStorage *self = GST_ARCLY_FILE_STORAGE (storage);
  g_autofree gchar *path = g_build_filename (self->folder, name, NULL);

  return write_file (self, path, bytes) || fail (error, errno, "write", path);
}

static gboolean
take_away (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  GstArclyFileStorage *self = GST_ARCLY_FILE_STORAGE (storage);
  g_autofree gchar *path = g_build_filename (self->folder, name, NULL);

  return g_unlink (path) == 0 || errno == ENOENT ||
         fail (error, errno, "remove", path);
}

static GBytes *
get (GstArclyStorage *storage, const gchar *name, GCancellable *cancellable,
    GError **error)
{
  GstArclyFileStorage *self = GST_ARCLY_FILE_STORAGE (storage);
  g_autofree gchar *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GError) failure = NULL;
  gchar *data = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &data, &size, &failure))
    return g_bytes_new_take (data, size);
  if (g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND,
        "%s is not there", path);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static void
storage_init (GstArclyStorageInterface *iface)
{
  iface->put = put;
  iface->remove = take_away;
  iface->get = get;
}

/**
 * gst_arcly_file_storage_new:
 * @folder: (type filename): the folder; made when something is put into it
 * @fsync: what outlives a loss of power
 *
 * Any thread. Unlike the "location" of an element it keeps nobody else from
 * writing to @folder.
 *
 * Returns: (transfer full): a storage
 *
 * Since: 0.1
 */
GstArclyFileStorage *
gst_arcly_file_storage_new (const gchar *folder, GstArclyFsync fsync)
{
  GstArclyFileStorage *self = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (GST_TYPE_ARCLY_FILE_STORAGE, NULL);
  self->folder = g_canonicalize_filename (folder, NULL);
  self->fsync = fsync;
  return self;
}

static void
gst_arcly_file_storage_finalize (GObject *object)
{
  g_free (GST_ARCLY_FILE_STORAGE (object)->folder);

  G_OBJECT_CLASS (gst_arcly_file_storage_parent_class)->finalize (object);
}

static void
gst_arcly_file_storage_init (GstArclyFileStorage *self)
{
}

static void
gst_arcly_file_storage_class_init (GstArclyFileStorageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_file_storage_finalize;
}
