/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyAction:
 * @GST_ARCLY_ACTION_PUBLISH: send a stream to the server
 * @GST_ARCLY_ACTION_PLAY: receive one
 *
 * What a client wants to do.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_ACTION_PUBLISH,
  GST_ARCLY_ACTION_PLAY,
} GstArclyAction;

#define GST_TYPE_ARCLY_AUTH_REQUEST (gst_arcly_auth_request_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclyAuthRequest, gst_arcly_auth_request, GST,
    ARCLY_AUTH_REQUEST, GObject)

GST_ARCLY_API
GstArclyAuthRequest *gst_arcly_auth_request_new (GstArclyAction action,
    const gchar *protocol, const gchar *app, const gchar *stream);

GST_ARCLY_API
void gst_arcly_auth_request_set_peer (
    GstArclyAuthRequest *request, const gchar *peer);

GST_ARCLY_API
void gst_arcly_auth_request_set_url (
    GstArclyAuthRequest *request, const gchar *url);

GST_ARCLY_API
void gst_arcly_auth_request_add_query (
    GstArclyAuthRequest *request, const gchar *query);

GST_ARCLY_API
void gst_arcly_auth_request_add_argument (
    GstArclyAuthRequest *request, const gchar *argument);

GST_ARCLY_API
GstArclyAction gst_arcly_auth_request_get_action (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_protocol (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_app (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_stream (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_peer (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_url (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_user (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_password (GstArclyAuthRequest *request);

GST_ARCLY_API
const gchar *gst_arcly_auth_request_get_parameter (
    GstArclyAuthRequest *request, const gchar *name);

GST_ARCLY_API
const gchar *const *gst_arcly_auth_request_get_arguments (
    GstArclyAuthRequest *request);

#define GST_TYPE_ARCLY_AUTHENTICATOR (gst_arcly_authenticator_get_type ())
GST_ARCLY_API
G_DECLARE_INTERFACE (GstArclyAuthenticator, gst_arcly_authenticator, GST,
    ARCLY_AUTHENTICATOR, GObject)

/**
 * GstArclyAuthenticatorInterface:
 * @parent: the parent interface
 * @authorize: decides, and may block meanwhile: it runs in a thread of its own.
 *     Several may run at a time. %TRUE permits; %FALSE refuses, and the message
 *     of the error is what the client's user is told
 * @authorize_async: decides without blocking, in the engine's service thread,
 *     whose thread-default main context runs; the callback must be called
 *     there. Wins over @authorize
 * @authorize_finish: the result of @authorize_async, as of @authorize
 *
 * An implementation has @authorize, or both others.
 *
 * Since: 0.1
 */
struct _GstArclyAuthenticatorInterface {
  GTypeInterface parent;

  gboolean (*authorize) (GstArclyAuthenticator *authenticator,
      GstArclyAuthRequest *request, GCancellable *cancellable, GError **error);
  void (*authorize_async) (GstArclyAuthenticator *authenticator,
      GstArclyAuthRequest *request, GCancellable *cancellable,
      GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*authorize_finish) (GstArclyAuthenticator *authenticator,
      GAsyncResult *result, GError **error);
};

G_END_DECLS
