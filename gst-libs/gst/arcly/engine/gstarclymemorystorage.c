/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclymemorystorage
 * @title: GstArclyMemoryStorage
 * @short_description: a storage in memory
 *
 * For an application that hands out or looks at what an element makes without
 * a disk. It is bounded: what would not fit fails, and is tried again, when
 * something may have been removed.
 *
 * Since: 0.1
 */
#include "config.h"

#include <gst/arcly/engine/gstarclymemorystorage.h>
#include <gst/arcly/gstarclyerror.h>

struct _GstArclyMemoryStorage {
  GObject parent;

  /* Constant. */
  guint64 max_bytes;

  /* Any thread. Held for lookups. */
  GMutex lock;
  GHashTable *files; /* (element-type utf8 GBytes) */
  guint64 bytes;     /* of all of them */
};

static void storage_init (GstArclyStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyMemoryStorage, gst_arcly_memory_storage,
    G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_STORAGE, storage_init))

static guint64
size_locked (GstArclyMemoryStorage *self, const gchar *name)
{
  GBytes *bytes = g_hash_table_lookup (self->files, name);

  return bytes ? g_bytes_get_size (bytes) : 0;
}

static gboolean
put (GstArclyStorage *storage, const gchar *name, GBytes *bytes,
    GCancellable *cancellable, GError **error)
{
  GstArclyMemoryStorage *self = GST_ARCLY_MEMORY_STORAGE (storage);
  g_autoptr (GMutexLocker) locker = NULL;
  guint64 others;

  locker = g_mutex_locker_new (&self->lock);
  others = self->bytes - size_locked (self, name);
  if (others + g_bytes_get_size (bytes) > self->max_bytes) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "%s: more than %" G_GUINT64_FORMAT " bytes in memory", name,
        self->max_bytes);
    return FALSE;
  }
  g_hash_table_replace (self->files, g_strdup (name), g_bytes_ref (bytes));
  self->bytes = others + g_bytes_get_size (bytes);
  return TRUE;
}

static gboolean
take_away (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  GstArclyMemoryStorage *self = GST_ARCLY_MEMORY_STORAGE (storage);
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&self->lock);
  self->bytes -= size_locked (self, name);
  g_hash_table_remove (self->files, name);
  return TRUE;
}

static GBytes *
get (GstArclyStorage *storage, const gchar *name, GCancellable *cancellable,
    GError **error)
{
  GstArclyMemoryStorage *self = GST_ARCLY_MEMORY_STORAGE (storage);
  g_autoptr (GMutexLocker) locker = NULL;
  GBytes *bytes;

  locker = g_mutex_locker_new (&self->lock);
  bytes = g_hash_table_lookup (self->files, name);
  if (bytes)
    return g_bytes_ref (bytes);
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND,
      "%s is not there", name);
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
 * gst_arcly_memory_storage_new:
 * @max_bytes: how much it keeps at most, in bytes
 *
 * Any thread.
 *
 * Returns: (transfer full): a storage
 *
 * Since: 0.1
 */
GstArclyMemoryStorage *
gst_arcly_memory_storage_new (guint64 max_bytes)
{
  GstArclyMemoryStorage *self =
      g_object_new (GST_TYPE_ARCLY_MEMORY_STORAGE, NULL);

  self->max_bytes = max_bytes;
  return self;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const gchar *const *) a, *(const gchar *const *) b);
}

/**
 * gst_arcly_memory_storage_list:
 * @storage: a storage
 *
 * Any thread.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names that are there,
 *     sorted
 *
 * Since: 0.1
 */
gchar **
gst_arcly_memory_storage_list (GstArclyMemoryStorage *storage)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GMutexLocker) locker = NULL;
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (GST_IS_ARCLY_MEMORY_STORAGE (storage), NULL);

  locker = g_mutex_locker_new (&storage->lock);
  g_hash_table_iter_init (&iter, storage->files);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static void
gst_arcly_memory_storage_finalize (GObject *object)
{
  GstArclyMemoryStorage *self = GST_ARCLY_MEMORY_STORAGE (object);

  g_hash_table_unref (self->files);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (gst_arcly_memory_storage_parent_class)->finalize (object);
}

static void
gst_arcly_memory_storage_init (GstArclyMemoryStorage *self)
{
  g_mutex_init (&self->lock);
  self->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
}

static void
gst_arcly_memory_storage_class_init (GstArclyMemoryStorageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_memory_storage_finalize;
}
