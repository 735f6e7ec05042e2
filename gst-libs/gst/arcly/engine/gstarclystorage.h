/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_STORAGE (gst_arcly_storage_get_type ())
GST_ARCLY_API
G_DECLARE_INTERFACE (
    GstArclyStorage, gst_arcly_storage, GST, ARCLY_STORAGE, GObject)

/**
 * GstArclyStorageInterface:
 * @parent: the parent interface
 * @put: keeps the bytes under the name, in place of what was there; whoever
 *     reads the name sees the old or the new ones, whole. %FALSE with
 *     %GST_ARCLY_ERROR_REFUSED, %GST_ARCLY_ERROR_INVALID or
 *     %GST_ARCLY_ERROR_UNSUPPORTED if it is of no use to try again, with any
 *     other error if it may be
 * @remove: nothing has this name any more; also %TRUE if nothing had. May be
 *     missing
 * @get: (transfer full): what is kept under the name, or
 *     %GST_ARCLY_ERROR_NOT_FOUND. May be missing
 *
 * All of them may block, and should end soon when the cancellable is cancelled.
 * Elements call them in threads of their own, of one element one at a time and
 * in order; where several share a storage, several calls at a time.
 *
 * Since: 0.1
 */
struct _GstArclyStorageInterface {
  GTypeInterface parent;

  gboolean (*put) (GstArclyStorage *storage, const gchar *name, GBytes *bytes,
      GCancellable *cancellable, GError **error);
  gboolean (*remove) (GstArclyStorage *storage, const gchar *name,
      GCancellable *cancellable, GError **error);
  GBytes *(*get) (GstArclyStorage *storage, const gchar *name,
      GCancellable *cancellable, GError **error);
};

GST_ARCLY_API
gboolean gst_arcly_storage_put (GstArclyStorage *storage, const gchar *name,
    GBytes *bytes, GCancellable *cancellable, GError **error);

GST_ARCLY_API
gboolean gst_arcly_storage_remove (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_storage_get (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error);

G_END_DECLS
