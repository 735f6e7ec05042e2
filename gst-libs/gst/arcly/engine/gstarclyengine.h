/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/engine/gstarclyauthenticator.h>

G_BEGIN_DECLS

/**
 * GST_ARCLY_ENGINE_CONTEXT_TYPE:
 *
 * The type of the #GstContext in which an engine travels.
 *
 * Since: 0.1
 */
#define GST_ARCLY_ENGINE_CONTEXT_TYPE "gst.arcly.engine"

#define GST_TYPE_ARCLY_ENGINE (gst_arcly_engine_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (
    GstArclyEngine, gst_arcly_engine, GST, ARCLY_ENGINE, GstObject)

/**
 * GstArclyRole:
 * @GST_ARCLY_ROLE_INGEST: waits for, or reads from, a publisher of the name
 * @GST_ARCLY_ROLE_STREAM: fans the stream out inside this process
 * @GST_ARCLY_ROLE_EGRESS: serves the stream to players
 *
 * What an object does for the stream whose name it registered. A name has at
 * most one owner a role.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_ROLE_INGEST,
  GST_ARCLY_ROLE_STREAM,
  GST_ARCLY_ROLE_EGRESS,
} GstArclyRole;

/**
 * GstArclySharedCreate:
 * @engine: the engine
 * @key: (inout) (transfer full): the key that was asked for; may be replaced
 *     by the one under which others shall find the object, for example with
 *     the port that the system chose
 * @user_data: what was given to gst_arcly_engine_acquire()
 * @error: return location for a #GError
 *
 * Makes a shared object. Runs in the thread that called
 * gst_arcly_engine_acquire(), with no lock of the engine held.
 *
 * Returns: (transfer full) (nullable): the object, or %NULL with @error set
 *
 * Since: 0.1
 */
typedef GObject *(*GstArclySharedCreate) (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error);

/**
 * GstArclySharedClose:
 * @shared: the object that its last user released
 *
 * Ends what the object does (threads, sockets) before its name is free again.
 * Runs in the thread that called gst_arcly_engine_release(), with no lock of
 * the engine held.
 *
 * Since: 0.1
 */
typedef void (*GstArclySharedClose) (GObject *shared);

GST_ARCLY_API
GstArclyEngine *gst_arcly_engine_new (void);

GST_ARCLY_API
GstContext *gst_arcly_engine_new_context (GstArclyEngine *engine);

GST_ARCLY_API
GstArclyEngine *gst_arcly_engine_from_context (GstContext *context);

GST_ARCLY_API
GstArclyEngine *gst_arcly_engine_ensure (GstElement *element);

GST_ARCLY_API
gboolean gst_arcly_engine_register (GstArclyEngine *engine, GstArclyRole role,
    const gchar *name, GObject *owner, GError **error);

GST_ARCLY_API
void gst_arcly_engine_unregister (GstArclyEngine *engine, GstArclyRole role,
    const gchar *name, GObject *owner);

GST_ARCLY_API
GObject *gst_arcly_engine_lookup (
    GstArclyEngine *engine, GstArclyRole role, const gchar *name);

GST_ARCLY_API
gchar **gst_arcly_engine_list_streams (GstArclyEngine *engine);

GST_ARCLY_API
GObject *gst_arcly_engine_acquire (GstArclyEngine *engine, const gchar *key,
    GstArclySharedCreate create, GstArclySharedClose close, gpointer user_data,
    GError **error);

GST_ARCLY_API
void gst_arcly_engine_release (GstArclyEngine *engine, GObject *shared);

GST_ARCLY_API
GstArclyAuthenticator *gst_arcly_engine_dup_authenticator (
    GstArclyEngine *engine);

GST_ARCLY_API
void gst_arcly_engine_authorize_async (GstArclyEngine *engine,
    GstArclyAuthRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);

GST_ARCLY_API
gboolean gst_arcly_engine_authorize_finish (
    GstArclyEngine *engine, GAsyncResult *result, GError **error);

G_END_DECLS
