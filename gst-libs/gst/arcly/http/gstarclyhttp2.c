/* SPDX-License-Identifier: MIT
 *
 * Connections of HTTP/2. The session (gstarclyhttp2session.c) knows the
 * protocol; here its bytes go through TLS, as one epoll descriptor says, and
 * its requests to the router. All of it is in the server's thread. */
#include "config.h"

#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <gst/gst.h>
#include <gst/arcly/http/gstarclyhttp2session.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_http_debug);
#define GST_CAT_DEFAULT gst_arcly_http_debug

#define MAX_EVENTS 256
/* Records that a client sends, or takes, until others have their turn. */
#define MAX_RECORDS 16
/* How often connections are looked at for being late. */
#define LATE_MS 250
/* While a client takes nothing of what is for it. */
#define STALL_US (60 * G_USEC_PER_SEC)
/* What is in the socket cannot be overtaken any more: a segment would hold a
 * playlist up. */
#define MAX_UNSENT (128 * 1024)

typedef struct {
  GstArclyHttp2 *http2;
  GList link;                    /* in the list of all */
  GList ready_link;              /* in that of those that go on soon */
  GSocketConnection *connection; /* owned */
  GIOStream *tls;                /* owned; on that */
  GstArclyHttp2Session *session;
  int fd;
  gboolean is_ready;
  gboolean has_turn; /* it goes on already */
  gboolean over;     /* closed when all is written */

  /* What the socket did not take: TLS wants the same again. */
  guint8 *record;
  gsize record_size;

  /* Monotonic time. */
  gint64 moved;  /* the last bytes went */
  gint64 active; /* the last request was there */
} Client;

struct _GstArclyHttp2 {
  GstArclyHttpRouter *router; /* the server's */
  GMainContext *context;      /* the server's */
  int epoll;                  /* -1 until somebody comes */
  GSource *sources[3];
  GSource *turn;  /* one of them: who is ready goes on */
  GQueue clients; /* (element-type Client) */
  GQueue ready;   /* (element-type Client) */
  GstArclyHttpDate date;
};

static void
on_request (GstArclyHttpMessage *message, gpointer data)
{
  Client *client = data;

  client->active = g_get_monotonic_time ();
  gst_arcly_http_router_handle (client->http2->router, message);
  GST_LOG ("%s %s: %u", message->method, message->path, message->status);
}

/* Others may be in the middle of something: it goes on in a turn of its own. */
static void
on_session_ready (gpointer data)
{
  Client *client = data;
  GstArclyHttp2 *self = client->http2;

  if (client->is_ready || client->has_turn)
    return;
  client->is_ready = TRUE;
  g_queue_push_tail_link (&self->ready, &client->ready_link);
  g_source_set_ready_time (self->turn, 0);
}

static const gchar *
on_date (gpointer data)
{
  return gst_arcly_http_date_now (&((Client *) data)->http2->date);
}

static const GstArclyHttp2Funcs session_funcs = {
  .request = on_request,
  .ready = on_session_ready,
  .date = on_date,
};

static void
stop_being_ready (Client *client)
{
  if (client->is_ready)
    g_queue_unlink (&client->http2->ready, &client->ready_link);
  client->is_ready = FALSE;
}

/* Without TLS's own farewell, which would wait for who takes nothing. */
static void
hang_up (Client *client)
{
  GstArclyHttp2 *self = client->http2;

  epoll_ctl (self->epoll, EPOLL_CTL_DEL, client->fd, NULL);
  g_queue_unlink (&self->clients, &client->link);
  gst_arcly_http2_session_free (client->session);
  stop_being_ready (client);
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  g_object_unref (client->tls);
  g_object_unref (client->connection);
  g_free (client->record);
  g_free (client);
}

typedef enum {
  MOVED,
  BLOCKED, /* or there is nothing */
  BROKEN,
} Progress;

static Progress
judge (gssize n, const GError *error)
{
  if (n > 0)
    return MOVED;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? BLOCKED
                                                                     : BROKEN;
}

static void
keep (Client *client, const guint8 *data, gsize size)
{
  guint8 *kept = size > 0 ? g_memdup2 (data, size) : NULL;

  /* Which @data may be part of. */
  g_free (client->record);
  client->record = kept;
  client->record_size = size;
}

static Progress
write_record (Client *client)
{
  GPollableOutputStream *out =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (client->tls));
  g_autoptr (GError) error = NULL;
  guint8 filled[GST_ARCLY_HTTP2_RECORD];
  const guint8 *data = client->record ? client->record : filled;
  gint64 now = g_get_monotonic_time ();
  gsize size = client->record ? client->record_size
                              : gst_arcly_http2_session_fill (
                                    client->session, filled, now);
  Progress progress;
  gssize n;

  if (size == 0)
    return BLOCKED;
  n = g_pollable_output_stream_write_nonblocking (
      out, data, size, NULL, &error);
  progress = judge (n, error);
  if (progress == MOVED) {
    client->moved = now;
    keep (client, data + n, size - (gsize) n);
  } else if (!client->record) {
    keep (client, data, size);
  }
  return progress;
}

static Progress
read_record (Client *client)
{
  GPollableInputStream *in =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (client->tls));
  guint8 data[GST_ARCLY_HTTP2_RECORD];
  g_autoptr (GError) error = NULL;
  gssize n;

  /* Who takes nothing is not listened to: what it asks for cannot pile up. */
  if (client->record || client->over)
    return BLOCKED;
  n = g_pollable_input_stream_read_nonblocking (
      in, data, sizeof data, NULL, &error);
  if (n > 0 && !gst_arcly_http2_session_receive (
                   client->session, data, (gsize) n, g_get_monotonic_time ()))
    client->over = TRUE;
  return judge (n, error);
}

/* FALSE if the connection is broken. @more: others have their turn first. */
static gboolean
repeat (Client *client, Progress (*step) (Client *client), gboolean *more)
{
  Progress progress = MOVED;
  guint i;

  for (i = 0; i < MAX_RECORDS && progress == MOVED; i++)
    progress = step (client);
  *more |= progress == MOVED;
  return progress != BROKEN;
}

/* All that can be done now, with what that makes ready; @client may be gone
 * then. */
static void
go_on (Client *client)
{
  gboolean more = FALSE, ok;

  stop_being_ready (client);
  client->has_turn = TRUE;
  ok = (!client->record || repeat (client, write_record, &more)) &&
       repeat (client, read_record, &more) &&
       repeat (client, write_record, &more);
  client->has_turn = FALSE;
  if (!ok)
    hang_up (client);
  else if (more)
    on_session_ready (client);
  else if (!client->record &&
           (client->over || gst_arcly_http2_session_is_over (client->session)))
    hang_up (client);
}

/* One batch: no event is for a client that another event of it freed. */
static gboolean
on_event (gint fd, GIOCondition condition, gpointer data)
{
  GstArclyHttp2 *self = data;
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (self->epoll, events, MAX_EVENTS, 0), i;

  for (i = 0; i < n; i++) {
    if (events[i].events & (EPOLLERR | EPOLLHUP))
      hang_up (events[i].data.ptr);
    else
      go_on (events[i].data.ptr);
  }
  return G_SOURCE_CONTINUE;
}

/* Each once: those that are ready again then have another turn. */
static gboolean
on_turn (gpointer data)
{
  GstArclyHttp2 *self = data;
  guint n = self->ready.length;

  g_source_set_ready_time (self->turn, -1);
  for (; n > 0 && self->ready.length > 0; n--)
    go_on (self->ready.head->data);
  if (self->ready.length > 0)
    g_source_set_ready_time (self->turn, 0);
  return G_SOURCE_CONTINUE;
}

static gint64
patience_us (Client *client)
{
  return (gst_arcly_http2_session_get_n_requests (client->session) > 0
                 ? GST_ARCLY_HTTP_KEEP_ALIVE_SECONDS
                 : GST_ARCLY_HTTP_REQUEST_SECONDS) *
         G_USEC_PER_SEC;
}

static void
look_at (Client *client, gint64 now)
{
  if (gst_arcly_http2_session_get_n_streams (client->session) > 0)
    client->active = now;
  if (client->record && now - client->moved > STALL_US) {
    hang_up (client);
    return;
  }
  if (now - client->active > patience_us (client)) {
    gst_arcly_http2_session_end (client->session);
    client->over = TRUE;
    go_on (client);
    return;
  }
  gst_arcly_http2_session_end_stalled (client->session, now, STALL_US);
}

static gboolean
on_timer (gpointer data)
{
  GstArclyHttp2 *self = data;
  gint64 now = g_get_monotonic_time ();
  GList *item, *next;

  for (item = self->clients.head; item; item = next) {
    next = item->next;
    look_at (item->data, now);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_turn (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static void
add_source (GstArclyHttp2 *self, guint i, GSource *source, GSourceFunc func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
  self->sources[i] = source;
}

GstArclyHttp2 *
gst_arcly_http2_new (GstArclyHttpRouter *router, GMainContext *context)
{
  GstArclyHttp2 *self = g_new0 (GstArclyHttp2, 1);

  self->router = router;
  self->context = context;
  self->epoll = -1;
  g_queue_init (&self->clients);
  g_queue_init (&self->ready);
  return self;
}

/* When the first client comes. FALSE if there is no descriptor left. */
static gboolean
start (GstArclyHttp2 *self)
{
  static GSourceFuncs turn_funcs = { .dispatch = dispatch_turn };

  if (self->epoll >= 0)
    return TRUE;
  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll < 0)
    return FALSE;
  add_source (self, 0, g_unix_fd_source_new (self->epoll, G_IO_IN),
      G_SOURCE_FUNC (on_event));
  add_source (self, 1, g_timeout_source_new (LATE_MS), on_timer);
  self->turn = g_source_new (&turn_funcs, sizeof (GSource));
  add_source (self, 2, self->turn, on_turn);
  return TRUE;
}

static void
take (GstArclyHttp2 *self, GSocketConnection *connection, GIOStream *tls)
{
  Client *client = g_new0 (Client, 1);
  struct epoll_event event = {
    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client
  };
  GSocket *socket = g_socket_connection_get_socket (connection);

  client->http2 = self;
  client->link.data = client->ready_link.data = client;
  client->connection = g_object_ref (connection);
  client->tls = g_object_ref (tls);
  client->fd = g_socket_get_fd (socket);
  client->moved = client->active = g_get_monotonic_time ();
  client->session =
      gst_arcly_http2_session_new (&session_funcs, client, client->moved);
  g_queue_push_tail_link (&self->clients, &client->link);
  g_socket_set_option (
      socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, MAX_UNSENT, NULL);
  if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
    hang_up (client);
  else
    /* TLS may have read already what epoll will not tell of again. */
    on_session_ready (client);
}

gboolean
gst_arcly_http2_take (GstArclyHttp2 *self, GSocketConnection *connection,
    GSocketAddress *client, GIOStream *tls)
{
  const gchar *protocol =
      g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (tls));

  if (g_strcmp0 (protocol, "h2") != 0)
    return FALSE;
  gst_arcly_http_deadline_stop (client);
  if (start (self))
    take (self, connection, tls);
  return TRUE;
}

void
gst_arcly_http2_close (GstArclyHttp2 *self)
{
  while (self->clients.length > 0) {
    Client *client = self->clients.head->data;
    gboolean more = FALSE;

    if (repeat (client, write_record, &more)) {
      gst_arcly_http2_session_end (client->session);
      repeat (client, write_record, &more);
    }
    hang_up (client);
  }
}

void
gst_arcly_http2_free (GstArclyHttp2 *self)
{
  guint i;

  for (i = 0; self->epoll >= 0 && i < G_N_ELEMENTS (self->sources); i++) {
    g_source_destroy (self->sources[i]);
    g_source_unref (self->sources[i]);
  }
  if (self->epoll >= 0)
    close (self->epoll);
  g_free (self);
}
