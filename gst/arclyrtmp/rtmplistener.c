/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* accept4() */
#include "config.h"

#include "rtmplistener.h"

#include <gst/arcly/gstarclyerror.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BACKLOG 1024
/* A name with more addresses than this is not one of our own host. */
#define MAX_SOCKETS 8
/* A port that the system chose for one address may be taken on the next one,
 * and then another is asked for. */
#define MAX_PORT_TRIES 16
/* Connections taken at once; the others get their turn in between. */
#define MAX_ACCEPTS 16
/* How long we accept nothing when there is no file descriptor left: the socket
 * stays readable, so without a pause the loop would spin. */
#define PAUSE_US (100 * G_TIME_SPAN_MILLISECOND)

/* A peer that vanished without a word is noticed after about a minute, if its
 * route has no timeout. In seconds, and a count. */
#define KEEPALIVE_IDLE 30
#define KEEPALIVE_INTERVAL 10
#define KEEPALIVE_COUNT 3

typedef struct {
  GstArclyRtmpListener *listener;
  GSocket *socket;
  GstArclyRtmpWatch watch;
} Socket;

struct _GstArclyRtmpListener {
  /* Set when made, constant: any thread. */
  guint port;
  GPtrArray *sockets; /* (element-type Socket), owned; watches: loop thread */

  /* Loop thread only. */
  GstArclyRtmpLoop *loop; /* NULL unless started */
  GstArclyRtmpTimer pause;
  gboolean exhausted; /* told, and nothing accepted since */
  GstArclyRtmpAcceptFunc accepted_func;
  GstArclyRtmpExhaustedFunc exhausted_func;
  gpointer data;
};

static void
socket_free (Socket *self)
{
  g_clear_object (&self->socket);
  g_free (self);
}

/* ---- binding ---- */

/* Addresses of @host, owned by the list; "" is every address. */
static GList *
resolve (const gchar *host, GError **error)
{
  g_autoptr (GInetAddress) literal = NULL;
  g_autoptr (GResolver) resolver = NULL;

  if (host[0] == '\0')
    literal = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  else
    literal = g_inet_address_new_from_string (host);
  if (literal)
    return g_list_prepend (NULL, g_steal_pointer (&literal));

  resolver = g_resolver_get_default ();
  return g_resolver_lookup_by_name (resolver, host, NULL, error);
}

static GSocket *
bind_one (GInetAddress *address, guint port, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) to = g_inet_socket_address_new (address, port);

  socket = g_socket_new (g_inet_address_get_family (address),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (!socket)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  /* TRUE is SO_REUSEADDR: a restart need not wait for TIME_WAIT. */
  if (!g_socket_bind (socket, to, TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
read_port (GstArclyRtmpListener *listener, GSocket *socket, GError **error)
{
  g_autoptr (GSocketAddress) address =
      g_socket_get_local_address (socket, error);

  if (!address)
    return FALSE;
  listener->port =
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  return TRUE;
}

/* An address of the name that this host lacks, like ::1 without IPv6; GIO has
 * no code for EADDRNOTAVAIL. */
static gboolean
is_missing_address (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static void
add_socket (GstArclyRtmpListener *listener, GSocket *socket)
{
  Socket *self = g_new0 (Socket, 1);

  self->listener = listener;
  self->socket = socket;
  g_ptr_array_add (listener->sockets, self);
}

/* FALSE only if an address of ours is taken or forbidden. When none could be
 * had at all, @error is set too, and "sockets" is empty. Port 0 is for the
 * first address to choose; the others follow it. */
static gboolean
bind_all (GstArclyRtmpListener *listener, GList *addresses, guint port,
    GError **error)
{
  GList *item;

  for (item = addresses; item; item = item->next) {
    g_autoptr (GError) local = NULL;
    GSocket *socket = bind_one (item->data, port, &local);

    if (!socket) {
      gboolean missing = is_missing_address (local);

      g_clear_error (error);
      g_propagate_error (error, g_steal_pointer (&local));
      if (!missing)
        return FALSE;
      continue;
    }

    add_socket (listener, socket);
    if (listener->sockets->len == 1 && !read_port (listener, socket, error))
      return FALSE;
    port = listener->port;
    if (listener->sockets->len == MAX_SOCKETS)
      break;
  }
  return TRUE;
}

static gboolean
is_taken (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

static gboolean
open_sockets (GstArclyRtmpListener *listener, const gchar *host, guint port,
    GError **error)
{
  g_autolist (GInetAddress) addresses = resolve (host, error);
  g_autoptr (GError) local = NULL;
  guint tries;

  if (!addresses)
    return FALSE;
  for (tries = port == 0 ? MAX_PORT_TRIES : 1; tries > 0; tries--) {
    g_clear_error (&local);
    g_ptr_array_set_size (listener->sockets, 0);
    if (bind_all (listener, addresses, port, &local) &&
        listener->sockets->len > 0)
      return TRUE;
    if (!is_taken (local))
      break;
  }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

GstArclyRtmpListener *
gst_arcly_rtmp_listener_new (const gchar *host, guint port, GError **error)
{
  g_autoptr (GstArclyRtmpListener) listener = g_new0 (GstArclyRtmpListener, 1);
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (host != NULL, NULL);
  g_return_val_if_fail (port <= G_MAXUINT16, NULL);

  listener->sockets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) socket_free);
  if (open_sockets (listener, host, port, &local))
    return g_steal_pointer (&listener);

  if (is_taken (local))
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
        "Cannot listen on %s:%u: %s (used by another process, or another "
        "engine of this one)",
        host, port, local->message);
  else
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "Cannot listen on %s:%u: %s", host, port, local->message);
  return NULL;
}

void
gst_arcly_rtmp_listener_free (GstArclyRtmpListener *listener)
{
  g_assert (listener->loop == NULL);
  g_ptr_array_unref (listener->sockets);
  g_free (listener);
}

guint
gst_arcly_rtmp_listener_get_port (GstArclyRtmpListener *listener)
{
  return listener->port;
}

/* ---- accepting ---- */

static void
set_option (gint fd, gint level, gint option, gint value)
{
  /* All of these only make things better: go on without. */
  (void) setsockopt (fd, level, option, &value, sizeof (value));
}

static void
set_options (gint fd)
{
  set_option (fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option (fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE);
  set_option (fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
  set_option (fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

static gchar *
format_peer (const struct sockaddr *address, socklen_t length)
{
  gchar host[NI_MAXHOST];
  gchar port[NI_MAXSERV];

  if (getnameinfo (address, length, host, sizeof (host), port, sizeof (port),
          NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return g_strdup ("unknown");
  return g_strdup_printf (strchr (host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static void
pause_accepting (GstArclyRtmpListener *listener, gint saved_errno)
{
  guint i;

  for (i = 0; i < listener->sockets->len; i++) {
    Socket *self = g_ptr_array_index (listener->sockets, i);

    gst_arcly_rtmp_watch_remove (&self->watch);
  }
  gst_arcly_rtmp_timer_start (&listener->pause, PAUSE_US);

  if (!listener->exhausted)
    listener->exhausted_func (listener->data, g_strerror (saved_errno));
  listener->exhausted = TRUE;
}

/* FALSE if there is nothing more to accept now. */
static gboolean
accept_one (GstArclyRtmpListener *listener, gint listening)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof (address);
  g_autofree gchar *peer = NULL;
  gint fd = accept4 (listening, (struct sockaddr *) &address, &length,
      SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
        errno == ENOMEM)
      pause_accepting (listener, errno);
    /* The others are the fate of one peer, which may be gone already. */
    return errno == EINTR || errno == ECONNABORTED;
  }

  listener->exhausted = FALSE;
  set_options (fd);
  peer = format_peer ((struct sockaddr *) &address, length);
  listener->accepted_func (listener->data, fd, peer);
  return TRUE;
}

static void
on_readable (GstArclyRtmpWatch *watch, guint32 events)
{
  Socket *self = watch->data;
  guint i;

  for (i = 0; i < MAX_ACCEPTS; i++) {
    if (!accept_one (self->listener, watch->fd))
      break;
  }
}

static gboolean
watch_all (GstArclyRtmpListener *listener, GError **error)
{
  guint i;

  for (i = 0; i < listener->sockets->len; i++) {
    Socket *self = g_ptr_array_index (listener->sockets, i);

    if (!gst_arcly_rtmp_watch_set (&self->watch, EPOLLIN, error))
      return FALSE;
  }
  return TRUE;
}

static void
on_pause_over (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpListener *listener = timer->data;

  /* The kernel had no memory to add a watch: try again later. */
  if (!watch_all (listener, NULL))
    gst_arcly_rtmp_timer_start (timer, PAUSE_US);
}

gboolean
gst_arcly_rtmp_listener_start (GstArclyRtmpListener *listener,
    GstArclyRtmpLoop *loop, GstArclyRtmpAcceptFunc accepted,
    GstArclyRtmpExhaustedFunc exhausted, gpointer data, GError **error)
{
  guint i;

  listener->loop = loop;
  listener->accepted_func = accepted;
  listener->exhausted_func = exhausted;
  listener->data = data;
  gst_arcly_rtmp_timer_init (&listener->pause, loop, on_pause_over, listener);
  for (i = 0; i < listener->sockets->len; i++) {
    Socket *self = g_ptr_array_index (listener->sockets, i);

    gst_arcly_rtmp_watch_init (
        &self->watch, loop, g_socket_get_fd (self->socket), on_readable, self);
  }
  return watch_all (listener, error);
}

void
gst_arcly_rtmp_listener_stop (GstArclyRtmpListener *listener)
{
  guint i;

  if (!listener->loop)
    return;
  for (i = 0; i < listener->sockets->len; i++) {
    Socket *self = g_ptr_array_index (listener->sockets, i);

    gst_arcly_rtmp_watch_remove (&self->watch);
  }
  gst_arcly_rtmp_timer_stop (&listener->pause);
  listener->loop = NULL;
}
