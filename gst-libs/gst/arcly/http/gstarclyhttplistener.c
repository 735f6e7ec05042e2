/* SPDX-License-Identifier: MIT
 *
 * Accepts connections. GSocketService accepts again at once when it fails, so
 * it spins when the process has no file descriptor left; this one pauses. */
#include "config.h"

#include <gst/gst.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_http_debug);
#define GST_CAT_DEFAULT gst_arcly_http_debug

#define BACKLOG 1024
/* Others in the context get their turn. */
#define ACCEPTS_AT_ONCE 64
#define MAX_CONNECTIONS 4096
/* A client that sends nothing, or takes nothing, for so long is cut off. */
#define IDLE_TIMEOUT_SECONDS 60
#define REFUSAL                                                                \
  "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n"                     \
  "Connection: close\r\nContent-Length: 0\r\n\r\n"

#define COUNT_KEY "gst-arcly-http-connections"

/* One an engine: its ports together take no more descriptors than one alone.
 * Connections may outlive the listener, and end in any thread. */
typedef struct {
  gatomicrefcount refs;
  gint n; /* atomic */
} Count;

struct _GstArclyHttpListener {
  /* Constant after creation. */
  GMainContext *context;
  GstArclyHttpAcceptFunc accept;
  gpointer data;
  guint port;
  gint max_connections;
  Count *count;

  /* The context's thread. */
  GSocket *socket;
  GSource *source; /* waits for connections, or for the end of the pause */
  gboolean warned_full;
  gboolean warned_failed;
};

static gpointer
count_ref (gpointer data, gpointer user_data)
{
  Count *count = data;

  if (count)
    g_atomic_ref_count_inc (&count->refs);
  return count;
}

static void
count_unref (gpointer data)
{
  Count *count = data;

  if (g_atomic_ref_count_dec (&count->refs))
    g_free (count);
}

/* Several threads may make a server at once. */
static Count *
find_count (GObject *engine)
{
  Count *count = g_object_dup_data (engine, COUNT_KEY, count_ref, NULL);

  while (!count) {
    count = g_new0 (Count, 1);
    g_atomic_ref_count_init (&count->refs);
    if (!g_object_replace_data (
            engine, COUNT_KEY, NULL, count, count_unref, NULL))
      g_free (count);
    count = g_object_dup_data (engine, COUNT_KEY, count_ref, NULL);
  }
  return count;
}

static void
on_connection_gone (gpointer data, GObject *where_it_was)
{
  Count *count = data;

  g_atomic_int_add (&count->n, -1);
  count_unref (count);
}

/* Half of the descriptors are for the rest of the process. */
static gint
find_max_connections (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return MAX_CONNECTIONS / 16;
  return (gint) CLAMP (limit.rlim_cur / 2, 1, MAX_CONNECTIONS);
}

/* A client that sent its request already may see a reset instead. */
static void
refuse (GstArclyHttpListener *self, GSocket *socket)
{
  if (!self->warned_full)
    GST_WARNING ("port %u: %d connections are the most, others are refused",
        self->port, self->max_connections);
  self->warned_full = TRUE;
  g_socket_send_with_blocking (
      socket, REFUSAL, strlen (REFUSAL), FALSE, NULL, NULL);
  g_socket_shutdown (socket, FALSE, TRUE, NULL);
}

static void
take (GstArclyHttpListener *self, GSocket *socket)
{
  g_autoptr (GSocketConnection) connection = NULL;

  /* Other ports have threads of their own. */
  if (g_atomic_int_add (&self->count->n, 1) >= self->max_connections) {
    g_atomic_int_add (&self->count->n, -1);
    refuse (self, socket);
    return;
  }
  g_socket_set_timeout (socket, IDLE_TIMEOUT_SECONDS);
  /* Head and body are two writes: the second would wait for the first's
   * acknowledgement. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  g_object_weak_ref (
      G_OBJECT (connection), on_connection_gone, count_ref (self->count, NULL));
  self->accept (connection, self->data);
}

static void wait_for_clients (GstArclyHttpListener *self);

static void
set_source (GstArclyHttpListener *self, GSource *source)
{
  if (self->source) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  self->source = source;
  if (source)
    g_source_attach (source, self->context);
}

static gboolean
on_pause_over (gpointer data)
{
  wait_for_clients (data);
  return G_SOURCE_REMOVE;
}

/* No descriptor, no memory: both come back when somebody else lets go. */
static void
back_off (GstArclyHttpListener *self, const GError *error)
{
  if (self->warned_failed)
    GST_DEBUG ("port %u: cannot accept: %s", self->port, error->message);
  else
    GST_WARNING ("port %u: cannot accept: %s, trying again each %u ms",
        self->port, error->message, GST_ARCLY_HTTP_PAUSE_MS);
  self->warned_failed = TRUE;
  set_source (self, g_timeout_source_new (GST_ARCLY_HTTP_PAUSE_MS));
  g_source_set_callback (self->source, on_pause_over, self, NULL);
}

static gboolean
on_ready (GSocket *listening, GIOCondition condition, gpointer data)
{
  GstArclyHttpListener *self = data;
  guint i;

  for (i = 0; i < ACCEPTS_AT_ONCE; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, &error);

    if (socket) {
      take (self, socket);
      continue;
    }
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return G_SOURCE_CONTINUE;
    /* The client went before we came. */
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
      continue;
    back_off (self, error);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
wait_for_clients (GstArclyHttpListener *self)
{
  set_source (self, g_socket_create_source (self->socket, G_IO_IN, NULL));
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_ready), self, NULL);
}

static gboolean
listen_at (GstArclyHttpListener *self, GInetAddress *address, guint port,
    GError **error)
{
  g_autoptr (GSocketAddress) wanted = NULL;
  g_autoptr (GSocketAddress) bound = NULL;

  self->socket = g_socket_new (g_inet_address_get_family (address),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (!self->socket)
    return FALSE;
  wanted = g_inet_socket_address_new (address, port);
  g_socket_set_blocking (self->socket, FALSE);
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (!g_socket_bind (self->socket, wanted, TRUE, error) ||
      !g_socket_listen (self->socket, error))
    return FALSE;
  bound = g_socket_get_local_address (self->socket, error);
  if (!bound)
    return FALSE;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

/* The addresses of a host name, or the address itself. */
static GList *
resolve (const gchar *address, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GInetAddress *literal = g_inet_address_new_from_string (address);

  if (literal)
    return g_list_prepend (NULL, literal);
  return g_resolver_lookup_by_name (resolver, address, NULL, error);
}

GstArclyHttpListener *
gst_arcly_http_listener_new (GObject *engine, const gchar *address, guint port,
    GMainContext *context, GstArclyHttpAcceptFunc accept, gpointer data,
    GError **error)
{
  g_autoptr (GstArclyHttpListener) self = g_new0 (GstArclyHttpListener, 1);
  GList *addresses;
  gboolean ok;

  self->context = g_main_context_ref (context);
  self->accept = accept;
  self->data = data;
  self->max_connections = find_max_connections ();
  self->count = find_count (engine);
  addresses = resolve (address, error);
  if (!addresses)
    return NULL;
  ok = listen_at (self, addresses->data, port, error);
  g_resolver_free_addresses (addresses);
  if (!ok)
    return NULL;
  wait_for_clients (self);
  return g_steal_pointer (&self);
}

guint
gst_arcly_http_listener_get_port (GstArclyHttpListener *self)
{
  return self->port;
}

void
gst_arcly_http_listener_free (GstArclyHttpListener *self)
{
  set_source (self, NULL);
  g_clear_object (&self->socket);
  count_unref (self->count);
  g_main_context_unref (self->context);
  g_free (self);
}
