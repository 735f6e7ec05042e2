/* SPDX-License-Identifier: MIT
 *
 * What is served under which path. */
#include "config.h"

#include <string.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

struct _GstArclyHttpMounts {
  /* Elements mount, the server's thread reads. */
  GMutex lock;
  GPtrArray *all; /* (element-type GstArclyHttpMount) */
};

GstArclyHttpMount *
gst_arcly_http_mount_new (const gchar *path, const gchar *folder,
    const gchar *title, GstArclyHttpOrigin *origin)
{
  GstArclyHttpMount *mount = NULL;
  g_autofree gchar *clean = g_strdup (path);
  g_autofree gchar *decoded = NULL;
  gsize length = strlen (clean);

  while (length > 1 && clean[length - 1] == '/')
    clean[--length] = '\0';
  decoded = gst_arcly_http_decode_path (clean);
  /* RFC 3986, 3.3: a path ends at "?" and "#". */
  if (length < 2 || !decoded || !g_str_equal (decoded, clean) ||
      strpbrk (clean, "?#"))
    return NULL;

  mount = g_new0 (GstArclyHttpMount, 1);
  g_atomic_ref_count_init (&mount->refs);
  mount->path = g_steal_pointer (&clean);
  mount->title = g_strdup (title);
  mount->origin = origin ? g_object_ref (origin) : NULL;
  if (folder) {
    mount->folder = g_canonicalize_filename (folder, NULL);
    mount->left_etag =
        gst_arcly_http_file_etag (mount->folder, GST_ARCLY_HTTP_PLAYLIST);
  }
  return mount;
}

GstArclyHttpMount *
gst_arcly_http_mount_ref (GstArclyHttpMount *mount)
{
  g_atomic_ref_count_inc (&mount->refs);
  return mount;
}

void
gst_arcly_http_mount_unref (GstArclyHttpMount *mount)
{
  if (!g_atomic_ref_count_dec (&mount->refs))
    return;
  g_free (mount->path);
  g_free (mount->folder);
  g_free (mount->title);
  g_free (mount->left_etag);
  g_clear_object (&mount->origin);
  g_free (mount);
}

GstArclyHttpMounts *
gst_arcly_http_mounts_new (void)
{
  GstArclyHttpMounts *self = g_new0 (GstArclyHttpMounts, 1);

  g_mutex_init (&self->lock);
  self->all = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_arcly_http_mount_unref);
  return self;
}

void
gst_arcly_http_mounts_free (GstArclyHttpMounts *self)
{
  g_ptr_array_unref (self->all);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gpointer
ref_mount (gconstpointer mount, gpointer data)
{
  return gst_arcly_http_mount_ref ((GstArclyHttpMount *) mount);
}

GPtrArray *
gst_arcly_http_mounts_copy (GstArclyHttpMounts *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&self->lock);
  return g_ptr_array_copy (self->all, ref_mount, NULL);
}

/* The longest one whose path holds this one. */
GstArclyHttpMount *
gst_arcly_http_mounts_find (
    GstArclyHttpMounts *self, const gchar *path, const gchar **relative)
{
  g_autoptr (GMutexLocker) locker = NULL;
  GstArclyHttpMount *best = NULL;
  gsize best_length = 0;
  guint i;

  locker = g_mutex_locker_new (&self->lock);
  for (i = 0; i < self->all->len; i++) {
    GstArclyHttpMount *mount = g_ptr_array_index (self->all, i);
    gsize length = strlen (mount->path);

    if (length > best_length && g_str_has_prefix (path, mount->path) &&
        path[length] == '/') {
      best = mount;
      best_length = length;
    }
  }
  if (!best || path[best_length + 1] == '\0')
    return NULL;
  *relative = path + best_length + 1;
  return gst_arcly_http_mount_ref (best);
}

static gboolean
find_locked (GstArclyHttpMounts *self, const gchar *path, guint *index)
{
  guint i;

  for (i = 0; i < self->all->len; i++) {
    GstArclyHttpMount *mount = g_ptr_array_index (self->all, i);

    if (g_str_equal (mount->path, path)) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gst_arcly_http_mounts_add (GstArclyHttpMounts *self, const gchar *path,
    const gchar *folder, const gchar *title, GstArclyHttpOrigin *origin,
    GError **error)
{
  g_autoptr (GstArclyHttpMount) mount = NULL;
  g_autoptr (GMutexLocker) locker = NULL;
  guint index;

  mount = gst_arcly_http_mount_new (path, folder, title ? title : path, origin);
  if (!mount) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "'%s' is no path to mount at: it has to be like /hls", path);
    return FALSE;
  }
  locker = g_mutex_locker_new (&self->lock);
  if (find_locked (self, mount->path, &index)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
        "path %s is in use", mount->path);
    return FALSE;
  }
  g_ptr_array_add (self->all, g_steal_pointer (&mount));
  return TRUE;
}

void
gst_arcly_http_mounts_remove (GstArclyHttpMounts *self, const gchar *path)
{
  g_autoptr (GstArclyHttpMount) like = NULL;
  g_autoptr (GMutexLocker) locker = NULL;
  guint index;

  like = gst_arcly_http_mount_new (path, "/", "", NULL);
  locker = g_mutex_locker_new (&self->lock);
  if (like && find_locked (self, like->path, &index))
    g_ptr_array_remove_index (self->all, index);
}
