/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyhttpserver
 * @title: GstArclyHttpServer
 * @short_description: serves playlists, segments and the player page
 *
 * One HTTP listener, shared by all elements of an engine that name its address
 * and port. Each element mounts its folder under a path of its own. `/` is a
 * page that plays what is mounted, `/api/streams` lists it as JSON.
 *
 * The server runs in a thread of its own with its own #GMainContext, where all
 * sockets live; no function here may be called from that thread, and none
 * blocks on a client.
 *
 * Since: 0.1
 */
#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <libsoup/soup.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/http/gstarclyhttpserver.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

GST_DEBUG_CATEGORY (gst_arcly_http_debug);
#define GST_CAT_DEFAULT gst_arcly_http_debug

struct _GstArclyHttpServer {
  GObject parent;

  /* Constant after creation: any thread. */
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread; /* NULL: the SoupServer is an application's */
  guint port;
  gchar *prefix;              /* of the application's server */
  GstArclyHttpMounts *mounts; /* locks itself */

  /* The server's thread, and close() after it has ended. */
  SoupServer *soup;
  int silent_fd; /* the other end of what libsoup listens to; or -1 */
  GstArclyHttpListener *listener;
  GstArclyHttpRouter *router;
  GstArclyHttpTls *tls;   /* NULL for plain HTTP, */
  GstArclyHttpFast *fast; /* which goes here first */
  GstArclyHttp2 *http2;   /* NULL for plain HTTP */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHttpServer, gst_arcly_http_server,
    G_TYPE_OBJECT,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_http_debug, "arclyhttp", 0, "Arcly HTTP server"))

#define STREAM_KEY "gst-arcly-http-stream"

static gboolean
is_farewell (SoupServerMessage *message)
{
  GSocketAddress *client = soup_server_message_get_remote_address (message);
  GIOStream *stream =
      client ? g_object_get_data (G_OBJECT (client), STREAM_KEY) : NULL;

  return stream && gst_arcly_http_stream_has_ended (stream);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  GstArclyHttpServer *server = data;
  GSocketAddress *client = soup_server_message_get_remote_address (message);

  gst_arcly_http_deadline_stop (client);
  if (is_farewell (message)) {
    gst_arcly_http_deadline_break (client);
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
    return;
  }
  gst_arcly_http_soup_handle (server->router, message);
  GST_LOG ("%s %s: %u", soup_server_message_get_method (message), path,
      soup_server_message_get_status (message));
}

/* The connection stays, for the next one. */
static void
on_finished (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  gst_arcly_http_deadline_restart (
      soup_server_message_get_remote_address (message));
}

/* Nothing that we serve takes content; who sends some shall not fill memory. */
static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (message), FALSE);
}

/* To libsoup: what came in, with TLS on it, and what was read of it. */
static void
hand_over (GstArclyHttpServer *server, GSocketConnection *connection,
    GSocketAddress *client, GIOStream *tls, GBytes *read)
{
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  local = g_socket_connection_get_local_address (connection, NULL);
  if (!local)
    return; /* gone already */
  stream = gst_arcly_http_stream_new (connection, tls, read);
  /* The stream lives as long as the address: both are the connection's. */
  g_object_set_data (G_OBJECT (client), STREAM_KEY, stream);
  if (!soup_server_accept_iostream (
          server->soup, stream, local, client, &error))
    GST_INFO ("port %u: %s", server->port, error->message);
}

static void
on_tls (GSocketConnection *connection, GSocketAddress *client, GIOStream *tls,
    gpointer data)
{
  GstArclyHttpServer *server = data;

  if (!server->http2 ||
      !gst_arcly_http2_take (server->http2, connection, client, tls))
    hand_over (server, connection, client, tls, NULL);
}

static void
on_other (GSocketConnection *connection, GSocketAddress *client, GBytes *read,
    gpointer data)
{
  gst_arcly_http_deadline_start (connection, client, FALSE);
  hand_over (data, connection, client, NULL, read);
}

static void
on_connection (GSocketConnection *connection, gpointer data)
{
  GstArclyHttpServer *server = data;
  g_autoptr (GSocketAddress) client = NULL;

  client = g_socket_connection_get_remote_address (connection, NULL);
  if (!client)
    return;
  if (!server->tls) {
    gst_arcly_http_fast_take (server->fast, connection, client);
    return;
  }
  gst_arcly_http_deadline_start (connection, client, TRUE);
  gst_arcly_http_tls_accept (server->tls, connection, client);
}

/* A SoupServer that listens to nothing itself closes each connection after one
 * answer. This one never hears of anybody. */
static gboolean
listen_to_nobody (GstArclyHttpServer *server, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "no pair of sockets: %s", g_strerror (errno));
    return FALSE;
  }
  server->silent_fd = fds[1];
  socket = g_socket_new_from_fd (fds[0], error);
  if (!socket) {
    close (fds[0]);
    return FALSE;
  }
  return soup_server_listen_socket (server->soup, socket, 0, error);
}

static gboolean
make_fast (GstArclyHttpServer *server, GError **error)
{
  server->fast = gst_arcly_http_fast_new (
      server->mounts, server->context, on_other, server);
  if (!server->fast)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "no epoll: %s", g_strerror (errno));
  return server->fast != NULL;
}

typedef struct {
  const gchar *address;
  guint port;
  GTlsCertificate *certificate; /* or NULL */
} Where;

static gboolean
listen_at (GstArclyHttpServer *server, GstArclyEngine *engine,
    const Where *where, GError **error)
{
  server->listener =
      gst_arcly_http_listener_new (G_OBJECT (engine), where->address,
          where->port, server->context, on_connection, server, error);
  if (!server->listener) {
    g_prefix_error (error, "%s:%u: ", where->address, where->port);
    return FALSE;
  }
  server->port = gst_arcly_http_listener_get_port (server->listener);
  return TRUE;
}

static gpointer
run (gpointer data)
{
  GstArclyHttpServer *server = data;

  g_main_context_push_thread_default (server->context);
  g_main_loop_run (server->loop);
  /* Connections end here, in the thread that owns them. */
  g_clear_pointer (&server->listener, gst_arcly_http_listener_free);
  gst_arcly_http_fast_close (server->fast);
  gst_arcly_http_router_close (server->router);
  soup_server_disconnect (server->soup);
  if (server->tls)
    gst_arcly_http_tls_close (server->tls, server->context);
  /* After the last handshake: nobody else comes. */
  if (server->http2)
    gst_arcly_http2_close (server->http2);
  while (g_main_context_iteration (server->context, FALSE))
    ;
  g_main_context_pop_thread_default (server->context);
  return NULL;
}

static void
add_handlers (GstArclyHttpServer *server, const gchar *path)
{
  soup_server_add_early_handler (server->soup, path, on_headers, server, NULL);
  soup_server_add_handler (server->soup, path, on_request, server, NULL);
}

static GObject *
create (GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  const Where *where = user_data;
  g_autoptr (GstArclyHttpServer) server =
      g_object_new (GST_TYPE_ARCLY_HTTP_SERVER, NULL);
  gboolean ok;

  server->router = gst_arcly_http_router_new (server->mounts, "");
  if (where->certificate) {
    server->tls = gst_arcly_http_tls_new (where->certificate, on_tls, server);
    server->http2 = gst_arcly_http2_new (server->router, server->context);
  }
  /* What listens now belongs to the server's context from the start. */
  g_main_context_push_thread_default (server->context);
  server->soup =
      soup_server_new ("server-header", "arcly", "raw-paths", TRUE, NULL);
  add_handlers (server, NULL);
  g_signal_connect (
      server->soup, "request-finished", G_CALLBACK (on_finished), NULL);
  ok = make_fast (server, error) && listen_to_nobody (server, error) &&
       listen_at (server, engine, where, error);
  g_main_context_pop_thread_default (server->context);
  if (!ok)
    return NULL;

  server->thread = g_thread_new ("arcly-http", run, server);
  g_free (*key);
  *key = g_strdup_printf ("http:%s:%u", where->address, server->port);
  GST_INFO ("listens on %s:%u", where->address, server->port);
  return G_OBJECT (g_steal_pointer (&server));
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
close_server (GObject *object)
{
  GstArclyHttpServer *server = GST_ARCLY_HTTP_SERVER (object);
  g_autoptr (GSource) source = g_idle_source_new ();

  /* By a source: it also quits a loop that has not begun to run. */
  g_source_set_callback (source, quit, server->loop, NULL);
  g_source_attach (source, server->context);
  g_thread_join (g_steal_pointer (&server->thread));
  GST_INFO ("port %u closed", server->port);
}

/**
 * gst_arcly_http_server_acquire:
 * @engine: the engine that shares it
 * @address: an IP address or host name to listen on
 * @port: the TCP port; 0 takes a free one
 * @error: return location for a #GError
 *
 * As gst_arcly_http_server_acquire_tls() without a certificate: plain HTTP.
 *
 * Returns: (transfer full) (nullable): as of
 * gst_arcly_http_server_acquire_tls()
 *
 * Since: 0.1
 */
GstArclyHttpServer *
gst_arcly_http_server_acquire (
    GstArclyEngine *engine, const gchar *address, guint port, GError **error)
{
  return gst_arcly_http_server_acquire_tls (engine, address, port, NULL, error);
}

static gboolean
has_certificate (GstArclyHttpServer *server, GTlsCertificate *certificate)
{
  if (!server->tls || !certificate)
    return !server->tls && !certificate;
  return gst_arcly_http_tls_is_like (server->tls, certificate);
}

/**
 * gst_arcly_http_server_acquire_tls:
 * @engine: the engine that shares it
 * @address: an IP address or host name to listen on
 * @port: the TCP port; 0 takes a free one
 * @certificate: (nullable): a certificate with its private key, for HTTPS;
 * %NULL for plain HTTP
 * @error: return location for a #GError
 *
 * The server at @address and @port, which is made if nobody of @engine has it.
 * Any thread but the server's.
 *
 * Returns: (transfer full) (nullable): the server, to be given back with
 *     gst_arcly_http_server_release(); or %NULL with an error of GIO that names
 *     address and port, or with %GST_ARCLY_ERROR_IN_USE if the server is there
 *     with another certificate
 *
 * Since: 0.1
 */
GstArclyHttpServer *
gst_arcly_http_server_acquire_tls (GstArclyEngine *engine, const gchar *address,
    guint port, GTlsCertificate *certificate, GError **error)
{
  g_autofree gchar *key = NULL;
  Where where = { address, port, certificate };
  GObject *server = NULL;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);
  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (port <= G_MAXUINT16, NULL);
  g_return_val_if_fail (
      certificate == NULL || G_IS_TLS_CERTIFICATE (certificate), NULL);

  if (port != 0)
    key = g_strdup_printf ("http:%s:%u", address, port);
  server = gst_arcly_engine_acquire (
      engine, key, create, close_server, &where, error);
  if (!server)
    return NULL;
  if (has_certificate (GST_ARCLY_HTTP_SERVER (server), certificate))
    return GST_ARCLY_HTTP_SERVER (server);
  gst_arcly_engine_release (engine, server);
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
      "%s:%u is served with another certificate, or without one", address,
      port);
  return NULL;
}

/**
 * gst_arcly_http_server_attach:
 * @soup: a #SoupServer with "raw-paths", which an application runs
 * @path: where on it, for example "/tv"; "/" for all that has no handler
 * @error: return location for a #GError
 *
 * Makes a server that serves what is mounted on it below a path of the
 * application's own: page, streams and all. In the thread in which @soup runs,
 * or before it does; all answers are given there. Connections, their limits,
 * and TLS are the application's business.
 *
 * Returns: (transfer full) (nullable): the server, to be ended with
 *     gst_arcly_http_server_detach(); or %NULL with %GST_ARCLY_ERROR_INVALID if
 *     @path is none, or if @soup decodes paths itself
 *
 * Since: 0.1
 */
GstArclyHttpServer *
gst_arcly_http_server_attach (GObject *soup, const gchar *path, GError **error)
{
  g_autoptr (GstArclyHttpServer) server = NULL;
  g_autoptr (GstArclyHttpMount) like = NULL;
  gboolean is_root, raw = FALSE;

  g_return_val_if_fail (SOUP_IS_SERVER (soup), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  is_root = g_str_equal (path, "/");
  g_object_get (soup, "raw-paths", &raw, NULL);
  if (!is_root)
    like = gst_arcly_http_mount_new (path, NULL, "", NULL);
  if (!raw || (!is_root && !like)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        raw ? "'%s' is no path to serve at: it has to be like /tv"
            : "%s: a SoupServer needs \"raw-paths\": who decodes twice serves "
              "what nobody asked for",
        path);
    return NULL;
  }
  server = g_object_new (GST_TYPE_ARCLY_HTTP_SERVER, NULL);
  server->soup = SOUP_SERVER (g_object_ref (soup));
  server->prefix = g_strdup (is_root ? "" : like->path);
  server->router = gst_arcly_http_router_new (server->mounts, server->prefix);
  add_handlers (server, is_root ? NULL : server->prefix);
  return g_steal_pointer (&server);
}

/**
 * gst_arcly_http_server_detach:
 * @server: (transfer full): what gst_arcly_http_server_attach() gave
 *
 * Answers what waits, and serves nothing more. In the thread in which the
 * SoupServer runs.
 *
 * Since: 0.1
 */
void
gst_arcly_http_server_detach (GstArclyHttpServer *server)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_SERVER (server));
  g_return_if_fail (server->prefix != NULL);

  gst_arcly_http_router_close (server->router);
  soup_server_remove_handler (
      server->soup, server->prefix[0] == '\0' ? NULL : server->prefix);
  g_object_unref (server);
}

/**
 * gst_arcly_http_server_release:
 * @engine: the engine from which it came
 * @server: (transfer full): the server
 *
 * Gives the server back; the last user closes it, with its connections. Any
 * thread but the server's.
 *
 * Since: 0.1
 */
void
gst_arcly_http_server_release (
    GstArclyEngine *engine, GstArclyHttpServer *server)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_SERVER (server));

  gst_arcly_engine_release (engine, G_OBJECT (server));
}

/**
 * gst_arcly_http_server_get_port:
 * @server: the server
 *
 * Any thread.
 *
 * Returns: the port on which it listens; 0 on an application's #SoupServer
 *
 * Since: 0.1
 */
guint
gst_arcly_http_server_get_port (GstArclyHttpServer *server)
{
  g_return_val_if_fail (GST_IS_ARCLY_HTTP_SERVER (server), 0);

  return server->port;
}

/**
 * gst_arcly_http_server_mount_folder:
 * @server: the server
 * @path: where clients find it, for example "/hls"; not "/", without "?", "#"
 *     and escapes
 * @folder: (type filename): the folder; may come into being later
 * @title: what the page calls it
 * @error: return location for a #GError
 *
 * Serves the playlists (.m3u8) and segments (.ts, .m4s, .mp4) in @folder and
 * its sub-folders, but no hidden ones and nothing that a symbolic link reaches
 * outside. A playlist `index.m3u8` that is there already and did not end counts
 * as left by another process: it is served, and listed as waiting until it
 * changes. Any thread.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_IN_USE if something is
 *     mounted at @path, or %GST_ARCLY_ERROR_INVALID if @path is not one
 *
 * Since: 0.1
 */
gboolean
gst_arcly_http_server_mount_folder (GstArclyHttpServer *server,
    const gchar *path, const gchar *folder, const gchar *title, GError **error)
{
  g_return_val_if_fail (GST_IS_ARCLY_HTTP_SERVER (server), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (folder != NULL, FALSE);

  return gst_arcly_http_mounts_add (
      server->mounts, path, folder, title, NULL, error);
}

/**
 * gst_arcly_http_server_mount_origin:
 * @server: the server
 * @path: as for gst_arcly_http_server_mount_folder()
 * @origin: what is not in the folder yet
 * @folder: (type filename) (nullable): the folder; %NULL if there is none
 * @title: what the page calls it
 * @error: return location for a #GError
 *
 * Serves a folder and in front of it the playlist `index.m3u8`, parts and
 * segments of @origin: low-latency HLS (rfc8216bis, 6.2.5). A request for a
 * playlist that is not there yet (`_HLS_msn`, `_HLS_part`) waits for it; one
 * that is too far ahead gets 400, one that waited for three target durations
 * 503. Until @origin has a playlist, that of the folder is served. Undone with
 * gst_arcly_http_server_unmount(). Any thread.
 *
 * Returns: as gst_arcly_http_server_mount_folder()
 *
 * Since: 0.1
 */
gboolean
gst_arcly_http_server_mount_origin (GstArclyHttpServer *server,
    const gchar *path, GstArclyHttpOrigin *origin, const gchar *folder,
    const gchar *title, GError **error)
{
  g_return_val_if_fail (GST_IS_ARCLY_HTTP_SERVER (server), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin), FALSE);

  return gst_arcly_http_mounts_add (
      server->mounts, path, folder, title, origin, error);
}

/**
 * gst_arcly_http_server_unmount:
 * @server: the server
 * @path: what was given to gst_arcly_http_server_mount_folder()
 *
 * Serves the folder no more; answers under way are finished. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_server_unmount (GstArclyHttpServer *server, const gchar *path)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_SERVER (server));
  g_return_if_fail (path != NULL);

  gst_arcly_http_mounts_remove (server->mounts, path);
}

static void
gst_arcly_http_server_finalize (GObject *object)
{
  GstArclyHttpServer *server = GST_ARCLY_HTTP_SERVER (object);

  g_clear_object (&server->soup);
  if (server->silent_fd >= 0)
    close (server->silent_fd);
  g_clear_pointer (&server->listener, gst_arcly_http_listener_free);
  g_clear_pointer (&server->http2, gst_arcly_http2_free);
  g_clear_pointer (&server->router, gst_arcly_http_router_free);
  gst_arcly_http_mounts_free (server->mounts);
  g_clear_pointer (&server->tls, gst_arcly_http_tls_free);
  g_clear_pointer (&server->fast, gst_arcly_http_fast_free);
  g_free (server->prefix);
  g_main_loop_unref (server->loop);
  g_main_context_unref (server->context);

  G_OBJECT_CLASS (gst_arcly_http_server_parent_class)->finalize (object);
}

static void
gst_arcly_http_server_init (GstArclyHttpServer *server)
{
  server->silent_fd = -1;
  server->context = g_main_context_new ();
  server->loop = g_main_loop_new (server->context, FALSE);
  server->mounts = gst_arcly_http_mounts_new ();
}

static void
gst_arcly_http_server_class_init (GstArclyHttpServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_http_server_finalize;
}
