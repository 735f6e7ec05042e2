/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclystorage
 * @title: GstArclyStorage
 * @short_description: where segments and playlists are kept
 *
 * What an element writes is a number of small files, each written at once. A
 * storage keeps them: #GstArclyFileStorage in a folder, #GstArclyMemoryStorage
 * in memory, #GstArclyHttpStorage on a server that takes PUT; or an
 * application's own, in any language that introspection reaches.
 *
 * A storage may be slow, and may fail: no streaming thread ever waits for it.
 * Elements queue what they have for it, and try again what failed.
 *
 * Since: 0.1
 */
#include "config.h"

#include <string.h>
#include <gst/arcly/engine/gstarclystorage.h>
#include <gst/arcly/gstarclyerror.h>

#define MAX_NAME 1024

G_DEFINE_INTERFACE (GstArclyStorage, gst_arcly_storage, G_TYPE_OBJECT)

static void
gst_arcly_storage_default_init (GstArclyStorageInterface *iface)
{
}

/* Names come from elements, but perhaps from properties of them in turn. */
static gboolean
check_name (const gchar *name, GError **error)
{
  g_auto (GStrv) steps = g_strsplit (name, "/", -1);
  gboolean ok = strlen (name) <= MAX_NAME && !strchr (name, '\\') &&
                g_utf8_validate (name, -1, NULL);
  guint i;

  /* Neither "", ".", ".." nor a hidden file. */
  for (i = 0; steps[i] && ok; i++)
    ok = steps[i][0] != '\0' && steps[i][0] != '.';
  if (!ok || i == 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "'%.80s' is no name in a storage", name);
    return FALSE;
  }
  return TRUE;
}

static void
set_unsupported (GstArclyStorage *storage, const gchar *what, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "%s cannot %s", G_OBJECT_TYPE_NAME (storage), what);
}

/**
 * gst_arcly_storage_put:
 * @storage: a storage
 * @name: a relative path in UTF-8, such as "index.m3u8" or "low/000.ts"; no
 *     step of it begins with "."
 * @bytes: all of it
 * @cancellable: (nullable): a cancellable
 * @error: return location for a #GError
 *
 * Keeps @bytes under @name, in place of what was there. May block; any thread,
 * also several at once.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_REFUSED,
 *     %GST_ARCLY_ERROR_INVALID or %GST_ARCLY_ERROR_UNSUPPORTED if it is of no
 *     use to try again, with any other error if it may be
 *
 * Since: 0.1
 */
gboolean
gst_arcly_storage_put (GstArclyStorage *storage, const gchar *name,
    GBytes *bytes, GCancellable *cancellable, GError **error)
{
  GstArclyStorageInterface *iface;

  g_return_val_if_fail (GST_IS_ARCLY_STORAGE (storage), FALSE);
  g_return_val_if_fail (name != NULL && bytes != NULL, FALSE);

  if (!check_name (name, error))
    return FALSE;
  iface = GST_ARCLY_STORAGE_GET_IFACE (storage);
  if (iface->put)
    return iface->put (storage, name, bytes, cancellable, error);
  set_unsupported (storage, "put", error);
  return FALSE;
}

/**
 * gst_arcly_storage_remove:
 * @storage: a storage
 * @name: as of gst_arcly_storage_put()
 * @cancellable: (nullable): a cancellable
 * @error: return location for a #GError
 *
 * Removes what is kept under @name, if anything is. May block; any thread, also
 * several at once.
 *
 * Returns: as gst_arcly_storage_put()
 *
 * Since: 0.1
 */
gboolean
gst_arcly_storage_remove (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  GstArclyStorageInterface *iface;

  g_return_val_if_fail (GST_IS_ARCLY_STORAGE (storage), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (!check_name (name, error))
    return FALSE;
  iface = GST_ARCLY_STORAGE_GET_IFACE (storage);
  if (iface->remove)
    return iface->remove (storage, name, cancellable, error);
  set_unsupported (storage, "remove", error);
  return FALSE;
}

/**
 * gst_arcly_storage_get:
 * @storage: a storage
 * @name: as of gst_arcly_storage_put()
 * @cancellable: (nullable): a cancellable
 * @error: return location for a #GError
 *
 * What is kept under @name. May block; any thread, also several at once.
 *
 * Returns: (transfer full) (nullable): its bytes, or %NULL with
 *     %GST_ARCLY_ERROR_NOT_FOUND if there is none, or an error as of
 *     gst_arcly_storage_put()
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_storage_get (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  GstArclyStorageInterface *iface;

  g_return_val_if_fail (GST_IS_ARCLY_STORAGE (storage), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!check_name (name, error))
    return NULL;
  iface = GST_ARCLY_STORAGE_GET_IFACE (storage);
  if (iface->get)
    return iface->get (storage, name, cancellable, error);
  set_unsupported (storage, "get", error);
  return NULL;
}
