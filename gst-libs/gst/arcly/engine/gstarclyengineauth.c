/* SPDX-License-Identifier: MIT
 *
 * The engine's authenticator, for those who ask it. */
#include "config.h"

#include <gst/arcly/engine/gstarclyauthservice.h>
#include <gst/arcly/engine/gstarclyengine.h>

/**
 * gst_arcly_engine_dup_authenticator:
 * @engine: the engine
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): #GstArclyEngine:authenticator; %NULL
 *     permits everything
 *
 * Since: 0.1
 */
GstArclyAuthenticator *
gst_arcly_engine_dup_authenticator (GstArclyEngine *engine)
{
  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);

  return gst_arcly_auth_service_dup_authenticator (
      gst_arcly_engine_peek_auth_service (engine));
}

/**
 * gst_arcly_engine_authorize_async:
 * @engine: the engine
 * @request: who wants what; constant from now on
 * @cancellable: (nullable): for whoever no longer waits
 * @callback: (scope async): gets the decision
 * @user_data: for @callback
 *
 * Puts a request before #GstArclyEngine:authenticator. Any thread; never
 * blocks. @callback runs in a thread of the engine, unless that cannot be
 * started: then in the caller's thread-default main context. It must not block.
 *
 * Since: 0.1
 */
void
gst_arcly_engine_authorize_async (GstArclyEngine *engine,
    GstArclyAuthRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GST_IS_ARCLY_ENGINE (engine));
  g_return_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  gst_arcly_auth_service_authorize (gst_arcly_engine_peek_auth_service (engine),
      engine, request, cancellable, callback, user_data);
}

/**
 * gst_arcly_engine_authorize_finish:
 * @engine: the engine
 * @result: what the callback got
 * @error: return location for a #GError
 *
 * Returns: %TRUE if the request is permitted; else %FALSE, and the message of
 *     @error is for the client's user
 *
 * Since: 0.1
 */
gboolean
gst_arcly_engine_authorize_finish (
    GstArclyEngine *engine, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, engine), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
