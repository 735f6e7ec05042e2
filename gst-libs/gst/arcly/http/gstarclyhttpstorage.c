/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyhttpstorage
 * @title: GstArclyHttpStorage
 * @short_description: a storage on a server that takes PUT
 *
 * For CDNs and object stores: files are sent with PUT (RFC 9110, 9.3.4), with
 * the Content-Type and Cache-Control that a server should hand them out with,
 * removed with DELETE, and read with GET, each on a connection of its own. Each
 * request is tried once; elements try again.
 *
 * Since: 0.1
 */
#include "config.h"

#include <string.h>
#include <libsoup/soup.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>
#include <gst/arcly/http/gstarclyhttpstorage.h>

/* While nothing moves on the connection. */
#define TIMEOUT_SECONDS 10
/* No answer of a server that keeps our own files is longer. */
#define MAX_ANSWER (256 * 1024 * 1024)

enum {
  PROP_0,
  PROP_TLS_DATABASE,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* Constant after creation: any thread; the session does its own locking. */
struct _GstArclyHttpStorage {
  GObject parent;

  GUri *uri; /* its path ends with "/" */
  gchar *authorization;
  SoupSession *session;
};

static void storage_init (GstArclyStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHttpStorage, gst_arcly_http_storage,
    G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_STORAGE, storage_init))

static SoupMessage *
new_message (GstArclyHttpStorage *self, const gchar *method, const gchar *name)
{
  g_autofree gchar *escaped = g_uri_escape_string (
      name, G_URI_RESERVED_CHARS_SUBCOMPONENT_DELIMITERS "/:@", FALSE);
  g_autofree gchar *path =
      g_strconcat (g_uri_get_path (self->uri), escaped, NULL);
  g_autoptr (GUri) uri = g_uri_build (SOUP_HTTP_URI_FLAGS,
      g_uri_get_scheme (self->uri), NULL, g_uri_get_host (self->uri),
      g_uri_get_port (self->uri), path, g_uri_get_query (self->uri), NULL);
  SoupMessage *message = soup_message_new_from_uri (method, uri);

  /* Where a server ends a connection that it kept, just when it is used again,
   * libsoup 3.2 sends the request once more, but without its content: an empty
   * file would be stored, and nobody told. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  soup_message_headers_replace (
      soup_message_get_request_headers (message), "Connection", "close");
  if (self->authorization)
    soup_message_headers_replace (soup_message_get_request_headers (message),
        "Authorization", self->authorization);
  return message;
}

/* RFC 9110, 15.5: what a client did wrong stays wrong, but for being too early
 * (RFC 8470), too slow, or too much (RFC 6585). Where something is missing or
 * locked, somebody may be about to mend that. */
static gboolean
is_final (guint status)
{
  switch (status) {
    case SOUP_STATUS_NOT_FOUND:
    case SOUP_STATUS_REQUEST_TIMEOUT:
    case SOUP_STATUS_CONFLICT:
    case 423: /* locked: RFC 4918 */
    case 425:
    case 429:
      return FALSE;
    default:
      return (status >= 300 && status < 500) ||
             status == SOUP_STATUS_NOT_IMPLEMENTED;
  }
}

/* Neither the user's password nor what is in a query is for a log. */
static void
prefix (GError **error, SoupMessage *message)
{
  g_autofree gchar *uri = g_uri_to_string_partial (
      soup_message_get_uri (message), G_URI_HIDE_USERINFO | G_URI_HIDE_QUERY);

  g_prefix_error (error, "%s %s: ", soup_message_get_method (message), uri);
}

static gboolean
check_status (SoupMessage *message, GError **error)
{
  guint status = soup_message_get_status (message);

  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    return TRUE;
  g_set_error (error, GST_ARCLY_ERROR,
      is_final (status) ? GST_ARCLY_ERROR_REFUSED : GST_ARCLY_ERROR_FAILED,
      "%u %s", status, soup_message_get_reason_phrase (message));
  prefix (error, message);
  return FALSE;
}

static GBytes *
send (GstArclyHttpStorage *self, SoupMessage *message,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  guint8 buffer[16 * 1024];
  gsize size = 0;
  gssize n = -1;

  stream = soup_session_send (self->session, message, cancellable, error);
  while (stream && size < MAX_ANSWER &&
         (n = g_input_stream_read (
              stream, buffer, sizeof buffer, cancellable, error)) > 0) {
    g_output_stream_write_all (memory, buffer, n, NULL, NULL, NULL);
    size += n;
  }
  if (n < 0) {
    prefix (error, message);
    return NULL;
  }
  g_output_stream_close (memory, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (
      G_MEMORY_OUTPUT_STREAM (memory));
}

static gboolean
put (GstArclyStorage *storage, const gchar *name, GBytes *bytes,
    GCancellable *cancellable, GError **error)
{
  GstArclyHttpStorage *self = GST_ARCLY_HTTP_STORAGE (storage);
  g_autoptr (SoupMessage) message = new_message (self, "PUT", name);
  const GstArclyHttpType *type = gst_arcly_http_find_type (name);
  g_autoptr (GBytes) answer = NULL;

  /* An object store hands it out as it came. */
  if (type)
    soup_message_headers_replace (soup_message_get_request_headers (message),
        "Cache-Control", type->cache_control);
  soup_message_set_request_body_from_bytes (
      message, type ? type->type : "application/octet-stream", bytes);
  answer = send (self, message, cancellable, error);
  return answer && check_status (message, error);
}

static gboolean
take_away (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  GstArclyHttpStorage *self = GST_ARCLY_HTTP_STORAGE (storage);
  g_autoptr (SoupMessage) message = new_message (self, "DELETE", name);
  g_autoptr (GBytes) answer = send (self, message, cancellable, error);

  if (!answer)
    return FALSE;
  if (soup_message_get_status (message) == SOUP_STATUS_NOT_FOUND)
    return TRUE;
  return check_status (message, error);
}

static GBytes *
get (GstArclyStorage *storage, const gchar *name, GCancellable *cancellable,
    GError **error)
{
  GstArclyHttpStorage *self = GST_ARCLY_HTTP_STORAGE (storage);
  g_autoptr (SoupMessage) message = new_message (self, "GET", name);
  g_autoptr (GBytes) answer = NULL;

  /* A cache on the way would give what was. */
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
  answer = send (self, message, cancellable, error);
  if (!answer)
    return NULL;
  if (soup_message_get_status (message) == SOUP_STATUS_NOT_FOUND) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND, "404");
    prefix (error, message);
    return NULL;
  }
  return check_status (message, error) ? g_steal_pointer (&answer) : NULL;
}

static void
storage_init (GstArclyStorageInterface *iface)
{
  iface->put = put;
  iface->remove = take_away;
  iface->get = get;
}

/* RFC 7617. */
static gchar *
make_authorization (GUri *uri)
{
  g_autofree gchar *both = NULL;
  g_autofree gchar *code = NULL;

  if (!g_uri_get_user (uri))
    return NULL;
  both = g_strdup_printf ("%s:%s", g_uri_get_user (uri),
      g_uri_get_password (uri) ? g_uri_get_password (uri) : "");
  code = g_base64_encode ((const guchar *) both, strlen (both));
  return g_strconcat ("Basic ", code, NULL);
}

/**
 * gst_arcly_http_storage_new:
 * @uri: where the files go, "http://HOST:PORT/PATH/" or "https:". A user and
 *     password in it are sent as basic authentication (RFC 7617), a query is
 *     sent with each request
 * @error: return location for a #GError
 *
 * Makes a storage; sends nothing yet. Of https, the server's certificate must
 * be one that #GstArclyHttpStorage:tls-database trusts. Any thread.
 *
 * Returns: (transfer full) (nullable): a storage, or %NULL with
 *     %GST_ARCLY_ERROR_INVALID if @uri is not one of http
 *
 * Since: 0.1
 */
GstArclyHttpStorage *
gst_arcly_http_storage_new (const gchar *uri, GError **error)
{
  g_autoptr (GstArclyHttpStorage) self = NULL;
  g_autoptr (GUri) parsed = NULL;
  g_autoptr (GUri) login = NULL;
  g_autofree gchar *path = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  parsed = g_uri_parse (uri, SOUP_HTTP_URI_FLAGS, NULL);
  /* User and password without their escapes. */
  login = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (!parsed || !login || !g_uri_get_host (parsed) ||
      g_uri_get_host (parsed)[0] == '\0' ||
      (!g_str_equal (g_uri_get_scheme (parsed), "http") &&
          !g_str_equal (g_uri_get_scheme (parsed), "https"))) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "The location is no URI like http://HOST:PORT/PATH/");
    return NULL;
  }
  self = g_object_new (GST_TYPE_ARCLY_HTTP_STORAGE, NULL);
  path = g_strdup (g_uri_get_path (parsed));
  if (!g_str_has_suffix (path, "/")) {
    g_free (path);
    path = g_strconcat (g_uri_get_path (parsed), "/", NULL);
  }
  self->uri = g_uri_build (SOUP_HTTP_URI_FLAGS, g_uri_get_scheme (parsed), NULL,
      g_uri_get_host (parsed), g_uri_get_port (parsed), path,
      g_uri_get_query (parsed), NULL);
  self->authorization = make_authorization (login);
  return g_steal_pointer (&self);
}

/* Of libsoup, no database is one that trusts nobody. */
static void
set_tls_database (GstArclyHttpStorage *self, GTlsDatabase *database)
{
  g_autoptr (GTlsDatabase) chosen =
      database
          ? g_object_ref (database)
          : g_tls_backend_get_default_database (g_tls_backend_get_default ());

  soup_session_set_tls_database (self->session, chosen);
}

static void
gst_arcly_http_storage_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id != PROP_TLS_DATABASE) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  set_tls_database (
      GST_ARCLY_HTTP_STORAGE (object), g_value_get_object (value));
}

static void
gst_arcly_http_storage_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id != PROP_TLS_DATABASE) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  g_value_set_object (value,
      soup_session_get_tls_database (GST_ARCLY_HTTP_STORAGE (object)->session));
}

static void
gst_arcly_http_storage_finalize (GObject *object)
{
  GstArclyHttpStorage *self = GST_ARCLY_HTTP_STORAGE (object);

  g_clear_object (&self->session);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->authorization);

  G_OBJECT_CLASS (gst_arcly_http_storage_parent_class)->finalize (object);
}

static void
gst_arcly_http_storage_init (GstArclyHttpStorage *self)
{
  self->session = soup_session_new_with_options (
      "timeout", TIMEOUT_SECONDS, "user-agent", "arcly", NULL);
}

static void
gst_arcly_http_storage_class_init (GstArclyHttpStorageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = gst_arcly_http_storage_set_property;
  object_class->get_property = gst_arcly_http_storage_get_property;
  object_class->finalize = gst_arcly_http_storage_finalize;

  /**
   * GstArclyHttpStorage:tls-database:
   *
   * Who is trusted to sign the certificate of an https server, for instance a
   * #GTlsFileDatabase with the certificate of one's own authority; %NULL, and
   * the default, is whom the system trusts. Set before the storage is used.
   * Where the certificate is not trusted, put, remove and get fail with an
   * error of #G_TLS_ERROR.
   *
   * Since: 0.1
   */
  properties[PROP_TLS_DATABASE] = g_param_spec_object ("tls-database",
      "TLS database", "Who is trusted (NULL = whom the system trusts)",
      G_TYPE_TLS_DATABASE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}
