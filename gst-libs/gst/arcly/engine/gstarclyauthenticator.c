/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyauthenticator
 * @title: GstArclyAuthenticator
 * @short_description: decides who may publish and play
 *
 * Set one as #GstArclyEngine:authenticator, and every client that wants to
 * publish or play is put before it; without one everybody may. A decision may
 * take its time: only its client waits. A refused client is told the message of
 * the error and closed.
 *
 * Since: 0.1
 */
#include "config.h"

#include <gst/arcly/engine/gstarclyauthenticator.h>

#include <string.h>

G_DEFINE_INTERFACE (
    GstArclyAuthenticator, gst_arcly_authenticator, G_TYPE_OBJECT)

static void
gst_arcly_authenticator_default_init (GstArclyAuthenticatorInterface *iface)
{
}

/* Whoever makes it fills it; from then on it is constant: any thread. */
struct _GstArclyAuthRequest {
  GObject parent;

  GstArclyAction action;
  gchar *protocol;
  gchar *app;
  gchar *stream;
  gchar *peer;
  gchar *url;
  gchar *user;
  gchar *password;
  GHashTable *parameters; /* (element-type utf8 utf8) */
  GPtrArray *arguments;   /* (element-type utf8), ends with NULL */
};

G_DEFINE_FINAL_TYPE (GstArclyAuthRequest, gst_arcly_auth_request, G_TYPE_OBJECT)

/**
 * gst_arcly_auth_request_new:
 * @action: what the client wants to do
 * @protocol: how it came, for example "rtmp" or "rtmps"
 * @app: the application it named; may be ""
 * @stream: the stream it named, without query
 *
 * For whoever serves clients. The functions that add to a request may be called
 * until it is given to gst_arcly_engine_authorize_async(), in one thread.
 *
 * Returns: (transfer full): a request
 *
 * Since: 0.1
 */
GstArclyAuthRequest *
gst_arcly_auth_request_new (GstArclyAction action, const gchar *protocol,
    const gchar *app, const gchar *stream)
{
  GstArclyAuthRequest *request = NULL;

  g_return_val_if_fail (protocol != NULL, NULL);
  g_return_val_if_fail (app != NULL && stream != NULL, NULL);

  request = g_object_new (GST_TYPE_ARCLY_AUTH_REQUEST, NULL);
  request->action = action;
  request->protocol = g_strdup (protocol);
  request->app = g_strdup (app);
  request->stream = g_strdup (stream);
  return request;
}

/**
 * gst_arcly_auth_request_set_peer:
 * @request: a request
 * @peer: "address:port" of the client
 *
 * Since: 0.1
 */
void
gst_arcly_auth_request_set_peer (
    GstArclyAuthRequest *request, const gchar *peer)
{
  g_return_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request));

  g_free (request->peer);
  request->peer = g_strdup (peer);
}

/* What is before the "@" of "user:password@host", which clients escape or do
 * not. @size -1: all of it. */
static gchar *
unescape (const gchar *text, gssize size)
{
  g_autofree gchar *copy =
      size < 0 ? g_strdup (text) : g_strndup (text, (gsize) size);
  gchar *plain = g_uri_unescape_string (copy, NULL);

  return plain ? plain : g_steal_pointer (&copy);
}

static void
set_user_info (GstArclyAuthRequest *request, const gchar *info, gsize size)
{
  const gchar *colon = memchr (info, ':', size);

  request->user = unescape (info, colon ? colon - info : (gssize) size);
  if (colon)
    request->password = unescape (colon + 1, info + size - colon - 1);
}

/**
 * gst_arcly_auth_request_set_url:
 * @request: a request
 * @url: the URL that the client says it opened (of RTMP: "tcUrl")
 *
 * Takes user, password and query from it. It may be anything: clients type
 * URLs as their users do.
 *
 * Since: 0.1
 */
void
gst_arcly_auth_request_set_url (GstArclyAuthRequest *request, const gchar *url)
{
  const gchar *authority, *mark;
  gsize size, i, at;

  g_return_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request));
  g_return_if_fail (url != NULL);

  g_free (request->url);
  request->url = g_strdup (url);
  g_clear_pointer (&request->user, g_free);
  g_clear_pointer (&request->password, g_free);
  mark = strchr (url, '?');
  if (mark)
    gst_arcly_auth_request_add_query (request, mark + 1);

  authority = strstr (url, "://");
  if (!authority)
    return;
  authority += 3;
  size = strcspn (authority, "/?#");
  /* A password may hold an "@", a host cannot. */
  for (i = 0, at = size; i < size; i++) {
    if (authority[i] == '@')
      at = i;
  }
  if (at < size)
    set_user_info (request, authority, at);
}

/**
 * gst_arcly_auth_request_add_query:
 * @request: a request
 * @query: "name=value&name=value", escaped or not
 *
 * Adds parameters; a name that is there already keeps its value.
 *
 * Since: 0.1
 */
void
gst_arcly_auth_request_add_query (
    GstArclyAuthRequest *request, const gchar *query)
{
  g_auto (GStrv) pairs = NULL;
  guint i;

  g_return_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request));
  g_return_if_fail (query != NULL);

  pairs = g_strsplit (query, "&", -1);
  for (i = 0; pairs[i]; i++) {
    const gchar *equals = strchr (pairs[i], '=');
    g_autofree gchar *name =
        unescape (pairs[i], equals ? equals - pairs[i] : -1);

    if (*name == '\0' || g_hash_table_contains (request->parameters, name))
      continue;
    g_hash_table_insert (request->parameters, g_steal_pointer (&name),
        equals ? unescape (equals + 1, -1) : g_strdup (""));
  }
}

/**
 * gst_arcly_auth_request_add_argument:
 * @request: a request
 * @argument: what the client gave besides (of RTMP: a string after the object
 *     of "connect")
 *
 * Since: 0.1
 */
void
gst_arcly_auth_request_add_argument (
    GstArclyAuthRequest *request, const gchar *argument)
{
  g_return_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request));
  g_return_if_fail (argument != NULL);

  g_ptr_array_insert (request->arguments, (gint) request->arguments->len - 1,
      g_strdup (argument));
}

/**
 * gst_arcly_auth_request_get_action:
 * @request: a request
 *
 * Any thread, as all that follow.
 *
 * Returns: what the client wants to do
 *
 * Since: 0.1
 */
GstArclyAction
gst_arcly_auth_request_get_action (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (
      GST_IS_ARCLY_AUTH_REQUEST (request), GST_ARCLY_ACTION_PUBLISH);

  return request->action;
}

/**
 * gst_arcly_auth_request_get_protocol:
 * @request: a request
 *
 * Returns: how the client came, for example "rtmp"
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_protocol (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->protocol;
}

/**
 * gst_arcly_auth_request_get_app:
 * @request: a request
 *
 * Clients differ in where they split "a/b/c" into application and stream.
 *
 * Returns: the application, without query; may be ""
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_app (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->app;
}

/**
 * gst_arcly_auth_request_get_stream:
 * @request: a request
 *
 * Returns: the name of the stream, without query
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_stream (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->stream;
}

/**
 * gst_arcly_auth_request_get_peer:
 * @request: a request
 *
 * Returns: (nullable): "address:port" of the client
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_peer (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->peer;
}

/**
 * gst_arcly_auth_request_get_url:
 * @request: a request
 *
 * Returns: (nullable): the URL that the client says it opened; may hold
 *     secrets: do not log it
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_url (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->url;
}

/**
 * gst_arcly_auth_request_get_user:
 * @request: a request
 *
 * Returns: (nullable): the user that the URL names
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_user (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->user;
}

/**
 * gst_arcly_auth_request_get_password:
 * @request: a request
 *
 * Returns: (nullable): the password in the URL: do not log it
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_password (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return request->password;
}

/**
 * gst_arcly_auth_request_get_parameter:
 * @request: a request
 * @name: name of a parameter
 *
 * Parameters come from the query of the stream's name, of the application and
 * of the URL; the first of them that has the name counts.
 *
 * Returns: (nullable): its value, or %NULL: do not log it
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_auth_request_get_parameter (
    GstArclyAuthRequest *request, const gchar *name)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_hash_table_lookup (request->parameters, name);
}

/**
 * gst_arcly_auth_request_get_arguments:
 * @request: a request
 *
 * Returns: (transfer none) (array zero-terminated=1): what the client gave
 *     besides; may be empty
 *
 * Since: 0.1
 */
const gchar *const *
gst_arcly_auth_request_get_arguments (GstArclyAuthRequest *request)
{
  g_return_val_if_fail (GST_IS_ARCLY_AUTH_REQUEST (request), NULL);

  return (const gchar *const *) request->arguments->pdata;
}

static void
gst_arcly_auth_request_finalize (GObject *object)
{
  GstArclyAuthRequest *request = GST_ARCLY_AUTH_REQUEST (object);

  g_free (request->protocol);
  g_free (request->app);
  g_free (request->stream);
  g_free (request->peer);
  g_free (request->url);
  g_free (request->user);
  g_free (request->password);
  g_hash_table_unref (request->parameters);
  g_ptr_array_unref (request->arguments);
  G_OBJECT_CLASS (gst_arcly_auth_request_parent_class)->finalize (object);
}

static void
gst_arcly_auth_request_init (GstArclyAuthRequest *request)
{
  request->parameters =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  request->arguments = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (request->arguments, NULL);
}

static void
gst_arcly_auth_request_class_init (GstArclyAuthRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_auth_request_finalize;
}
