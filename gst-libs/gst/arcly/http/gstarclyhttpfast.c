/* SPDX-License-Identifier: MIT
 *
 * Low-latency viewers ask for a playlist, and for a part, five times a second
 * each, on one connection. Such requests are answered here; a connection that
 * asks for anything else goes to libsoup, with that request, and stays there
 * (docs/decisions/042). One epoll descriptor is all that the main loop sees of
 * the connections.
 *
 * All of it is in the server's thread. */
#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>
#include <gst/arcly/http/gstarclyhttprequest.h>

/* No request of a player is longer; libsoup takes what is. */
#define MAX_REQUEST 4096
#define MAX_EVENTS 256
/* How often connections are looked at for being late. */
#define LATE_MS 250
/* While it takes nothing of its answer. */
#define STALL_SECONDS 60

typedef struct _Room Room;

typedef enum {
  READING, /* or idle */
  WAITING, /* for a playlist */
  WRITING,
} State;

typedef struct {
  GstArclyHttpFast *fast;
  GList link;                    /* in the list of all */
  GSocketConnection *connection; /* owned */
  GSocketAddress *client;        /* owned */
  int fd;
  State state;
  gint64 since;     /* of the state, or of the last bytes written; monotonic */
  gboolean known;   /* had an answer */
  gboolean leaving; /* the client sends nothing more: what it sent, and */
  gboolean ended;   /* the end, was read */
  gboolean full;    /* there may be more to read */

  gsize n_in;
  gchar in[MAX_REQUEST];

  Room *room; /* while it waits */
  GList room_link;
  GstArclyHttpReload reload;
  gboolean gzip;

  GstArclyHttpOutput out; /* the answer */
  /* If it was waited for: from where, and since when it could be sent. */
  GstArclyHttpOrigin *source; /* owned */
  gint64 released;
} Client;

/* Who waits for one origin. */
struct _Room {
  GstArclyHttpFast *fast;
  GstArclyHttpOrigin *origin; /* owned */
  GstArclyHttpWatch *watch;
  GQueue waiters; /* (element-type Client) */
  gboolean busy;  /* somebody has it in hand: it stays, also empty */
};

struct _GstArclyHttpFast {
  GstArclyHttpMounts *mounts; /* the server's */
  GstArclyHttpFastFunc other;
  gpointer data;
  int epoll;
  GSource *source, *timer;
  GQueue clients;    /* (element-type Client) */
  GHashTable *rooms; /* origin to Room, while anybody waits */
  GstArclyHttpDate date;
};

static void go_on (Client *client);

/* The connection stays, if somebody else has it. */
static void
forget (Client *client)
{
  GstArclyHttpFast *self = client->fast;

  epoll_ctl (self->epoll, EPOLL_CTL_DEL, client->fd, NULL);
  g_queue_unlink (&self->clients, &client->link);
  if (client->room)
    g_queue_unlink (&client->room->waiters, &client->room_link);
  g_clear_pointer (&client->out.pieces, g_ptr_array_unref);
  g_clear_object (&client->source);
  g_object_unref (client->connection);
  g_object_unref (client->client);
  g_free (client);
}

static void
hang_up (Client *client)
{
  g_autoptr (GSocketConnection) connection = g_object_ref (client->connection);

  forget (client);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
}

static void
hand_over (Client *client)
{
  GstArclyHttpFast *self = client->fast;
  g_autoptr (GSocketConnection) connection = g_object_ref (client->connection);
  g_autoptr (GSocketAddress) address = g_object_ref (client->client);
  g_autoptr (GBytes) read = g_bytes_new (client->in, client->n_in);

  forget (client);
  self->other (connection, address, read, self->data);
}

static void
enter (Client *client, State state)
{
  client->state = state;
  client->since = g_get_monotonic_time ();
}

/* If nobody waits in it any more. */
static void
room_leave (Room *room)
{
  if (room->busy || room->waiters.length > 0)
    return;
  gst_arcly_http_origin_unwatch (room->origin, room->watch);
  g_hash_table_remove (room->fast->rooms, room->origin);
  g_object_unref (room->origin);
  g_free (room);
}

/* FALSE if the client went. */
static gboolean
write_some (Client *client)
{
  guint piece = client->out.piece;
  gsize offset = client->out.offset;

  if (!gst_arcly_http_output_write (&client->out, client->fd))
    return FALSE;
  if (client->out.piece != piece || client->out.offset != offset)
    client->since = g_get_monotonic_time ();
  return TRUE;
}

/* TRUE if the answer is out; @client may be gone if not. */
static gboolean
flush (Client *client)
{
  if (!write_some (client)) {
    hang_up (client);
    return FALSE;
  }
  if (client->out.piece < client->out.pieces->len)
    return FALSE;
  g_clear_pointer (&client->out.pieces, g_ptr_array_unref);
  client->known = TRUE;
  enter (client, READING);
  if (client->source)
    gst_arcly_http_origin_note_answer (
        client->source, client->since - client->released);
  g_clear_object (&client->source);
  return TRUE;
}

/* Takes @pieces, which others may send, too. */
static void
answer (Client *client, GPtrArray *pieces)
{
  client->out = (GstArclyHttpOutput){ pieces };
  enter (client, WRITING);
}

static void
stop_waiting (Client *client)
{
  g_queue_unlink (&client->room->waiters, &client->room_link);
  client->room = NULL;
}

/* One answer for all who want the same of @snapshot; @made is what there is
 * already, by what they want. */
static void
release (Client *client, GstArclyHttpOrigin *origin,
    GstArclyHttpSnapshot *snapshot, GPtrArray *made[2][2])
{
  GPtrArray **same = &made[client->reload.skip][client->gzip];

  if (!*same)
    *same = gst_arcly_http_plain_playlist (
        &client->fast->date, snapshot, &client->reload, client->gzip);
  client->source = g_object_ref (origin);
  client->released = gst_arcly_http_snapshot_get_time (snapshot);
  answer (client, g_ptr_array_ref (*same));
}

static void
free_made (GPtrArray *made[2][2])
{
  guint i;

  for (i = 0; i < 4; i++)
    g_clear_pointer (&made[i / 2][i % 2], g_ptr_array_unref);
}

/* Each client once: those that ask again meanwhile wait behind. */
static void
on_wake (gpointer data)
{
  Room *room = data;
  g_autoptr (GstArclyHttpSnapshot) snapshot =
      gst_arcly_http_origin_get_snapshot (room->origin);
  gboolean closed = gst_arcly_http_origin_is_closed (room->origin);
  guint n = room->waiters.length;
  GPtrArray *made[2][2] = { { NULL, NULL }, { NULL, NULL } };

  room->busy = TRUE;
  for (; n > 0 && room->waiters.length > 0; n--) {
    Client *client = room->waiters.head->data;
    GstArclyHttpJudgement judgement =
        snapshot ? gst_arcly_http_snapshot_judge (snapshot, &client->reload)
                 : GST_ARCLY_HTTP_RELOAD_WAIT;

    g_queue_unlink (&room->waiters, &client->room_link);
    if (judgement == GST_ARCLY_HTTP_RELOAD_WAIT && !closed) {
      g_queue_push_tail_link (&room->waiters, &client->room_link);
      continue;
    }
    client->room = NULL;
    if (judgement == GST_ARCLY_HTTP_RELOAD_NOW)
      release (client, room->origin, snapshot, made);
    else
      answer (client, gst_arcly_http_plain_late (&client->fast->date));
    if (flush (client))
      go_on (client);
  }
  free_made (made);
  room->busy = FALSE;
  room_leave (room);
}

static void
wait_for (Client *client, GstArclyHttpOrigin *origin)
{
  GstArclyHttpFast *self = client->fast;
  Room *room = g_hash_table_lookup (self->rooms, origin);

  if (!room) {
    g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

    room = g_new0 (Room, 1);
    room->fast = self;
    room->origin = g_object_ref (origin);
    g_queue_init (&room->waiters);
    room->watch = gst_arcly_http_origin_watch (origin, context, on_wake, room);
    g_hash_table_insert (self->rooms, origin, room);
  }
  client->room = room;
  client->room_link.data = client;
  g_queue_push_tail_link (&room->waiters, &client->room_link);
  enter (client, WAITING);
}

/* FALSE for what libsoup shall answer. What comes between the look at the
 * snapshot and the watch wakes nobody: so the watch comes first. */
static gboolean
take_reload (Client *client, GstArclyHttpOrigin *origin, const gchar *query)
{
  g_autoptr (GstArclyHttpSnapshot) snapshot = NULL;
  Room *room;

  if (!gst_arcly_http_reload_parse (&client->reload, query))
    return FALSE;
  wait_for (client, origin);
  room = client->room;
  snapshot = gst_arcly_http_origin_get_snapshot (origin);
  if (snapshot && !gst_arcly_http_origin_is_closed (origin)) {
    switch (gst_arcly_http_snapshot_judge (snapshot, &client->reload)) {
      case GST_ARCLY_HTTP_RELOAD_WAIT:
        return TRUE;
      case GST_ARCLY_HTTP_RELOAD_NOW:
        answer (client, gst_arcly_http_plain_playlist (&client->fast->date,
                            snapshot, &client->reload, client->gzip));
        break;
      case GST_ARCLY_HTTP_RELOAD_TOO_FAR:
        break;
    }
  }
  stop_waiting (client);
  room_leave (room);
  if (client->state == WAITING)
    enter (client, READING);
  return client->state == WRITING;
}

static gboolean
take_file (Client *client, GstArclyHttpOrigin *origin, const gchar *name)
{
  GPtrArray *pieces =
      gst_arcly_http_plain_file (&client->fast->date, origin, name);

  if (pieces)
    answer (client, pieces);
  return pieces != NULL;
}

/* TRUE if it is answered, or waits. */
static gboolean
take_request (Client *client, const GstArclyHttpRequest *request)
{
  g_autofree gchar *path = g_strndup (request->target, request->target_size);
  g_autoptr (GstArclyHttpMount) mount = NULL;
  gchar *query = strchr (path, '?');
  const gchar *name;

  if (query)
    *query++ = '\0';
  mount = gst_arcly_http_mounts_find (client->fast->mounts, path, &name);
  if (!mount || !mount->origin)
    return FALSE;
  client->gzip = request->gzip;
  return g_str_equal (name, GST_ARCLY_HTTP_PLAYLIST)
             ? take_reload (client, mount->origin, query)
             : take_file (client, mount->origin, name);
}

/* FALSE if the connection broke. As much as there is room for. When less comes
 * than that, it was all: what comes behind it is another event (epoll(7)). */
static gboolean
read_some (Client *client)
{
  client->full = FALSE;
  while (!client->ended && client->n_in < MAX_REQUEST) {
    gsize room = MAX_REQUEST - client->n_in;
    gssize n = recv (client->fd, client->in + client->n_in, room, MSG_DONTWAIT);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno == EAGAIN;
    client->ended = n == 0;
    client->n_in += (gsize) n;
    if ((gsize) n < room && !client->leaving)
      return TRUE;
  }
  client->full = !client->ended;
  return TRUE;
}

/* Answers what was read, and reads what there was no room for. */
static void
go_on (Client *client)
{
  while (client->state == READING) {
    GstArclyHttpRequest request;
    GstArclyHttpRequestKind kind;

    if (client->full && !read_some (client)) {
      hang_up (client);
      return;
    }
    kind = gst_arcly_http_request_parse (&request, client->in, client->n_in);
    if (kind == GST_ARCLY_HTTP_REQUEST_MORE && client->ended) {
      hang_up (client);
      return;
    }
    if (kind == GST_ARCLY_HTTP_REQUEST_MORE && client->n_in < MAX_REQUEST)
      return;
    if (kind != GST_ARCLY_HTTP_REQUEST_SIMPLE ||
        !take_request (client, &request)) {
      hand_over (client);
      return;
    }
    client->n_in -= request.size;
    memmove (client->in, client->in + request.size, client->n_in);
    if (client->state == WRITING && !flush (client))
      return;
  }
}

static void
on_event (Client *client, guint events)
{
  client->leaving |= (events & EPOLLRDHUP) != 0;
  if (!read_some (client) || (events & (EPOLLERR | EPOLLHUP)) ||
      (client->ended && client->state == WAITING)) {
    Room *room = client->room;

    hang_up (client);
    if (room)
      room_leave (room);
    return;
  }
  if (client->state == WRITING && !flush (client))
    return;
  go_on (client);
}

/* One batch: no event is for a client that another event of it freed. */
static gboolean
on_ready (gint fd, GIOCondition condition, gpointer data)
{
  GstArclyHttpFast *self = data;
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (self->epoll, events, MAX_EVENTS, 0), i;

  for (i = 0; i < n; i++)
    on_event (events[i].data.ptr, events[i].events);
  return G_SOURCE_CONTINUE;
}

/* rfc8216bis, 6.2.5.2: not longer than three target durations. */
static gint64
patience_us (Client *client)
{
  g_autoptr (GstArclyHttpSnapshot) snapshot = NULL;

  switch (client->state) {
    case READING:
      return (client->known ? GST_ARCLY_HTTP_KEEP_ALIVE_SECONDS
                            : GST_ARCLY_HTTP_REQUEST_SECONDS) *
             G_USEC_PER_SEC;
    case WRITING:
      return STALL_SECONDS * G_USEC_PER_SEC;
    case WAITING:
      snapshot = gst_arcly_http_origin_get_snapshot (client->room->origin);
      return 3 * G_USEC_PER_SEC *
             gst_arcly_http_snapshot_get_target_duration (snapshot);
  }
  return 0;
}

static void
be_late (Client *client)
{
  Room *room = client->room;

  if (client->state == READING && !client->known) {
    send (client->fd, GST_ARCLY_HTTP_REFUSAL, strlen (GST_ARCLY_HTTP_REFUSAL),
        MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown (client->fd, SHUT_RDWR);
  }
  if (client->state != WAITING) {
    hang_up (client);
    return;
  }
  stop_waiting (client);
  room->busy = TRUE;
  answer (client, gst_arcly_http_plain_late (&client->fast->date));
  if (flush (client))
    go_on (client);
  room->busy = FALSE;
  room_leave (room);
}

static gboolean
on_timer (gpointer data)
{
  GstArclyHttpFast *self = data;
  gint64 now = g_get_monotonic_time ();
  GList *item, *next;

  for (item = self->clients.head; item; item = next) {
    Client *client = item->data;

    next = item->next;
    if (now - client->since > patience_us (client))
      be_late (client);
  }
  return G_SOURCE_CONTINUE;
}

GstArclyHttpFast *
gst_arcly_http_fast_new (GstArclyHttpMounts *mounts, GMainContext *context,
    GstArclyHttpFastFunc other, gpointer data)
{
  GstArclyHttpFast *self;
  int epoll = epoll_create1 (EPOLL_CLOEXEC);

  if (epoll < 0)
    return NULL;
  self = g_new0 (GstArclyHttpFast, 1);
  self->mounts = mounts;
  self->other = other;
  self->data = data;
  self->epoll = epoll;
  g_queue_init (&self->clients);
  self->rooms = g_hash_table_new (NULL, NULL);
  self->source = g_unix_fd_source_new (epoll, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_ready), self, NULL);
  g_source_attach (self->source, context);
  self->timer = g_timeout_source_new (LATE_MS);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, context);
  return self;
}

void
gst_arcly_http_fast_take (GstArclyHttpFast *self, GSocketConnection *connection,
    GSocketAddress *address)
{
  Client *client = g_new0 (Client, 1);
  struct epoll_event event = {
    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client
  };

  client->fast = self;
  client->link.data = client;
  client->connection = g_object_ref (connection);
  client->client = g_object_ref (address);
  client->fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  g_queue_push_tail_link (&self->clients, &client->link);
  enter (client, READING);
  if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
    hand_over (client);
}

void
gst_arcly_http_fast_close (GstArclyHttpFast *self)
{
  while (self->clients.length > 0) {
    Client *client = self->clients.head->data;

    if (client->state == WAITING) {
      Room *room = client->room;

      stop_waiting (client);
      answer (client, gst_arcly_http_plain_late (&client->fast->date));
      write_some (client);
      room_leave (room);
    }
    hang_up (client);
  }
}

void
gst_arcly_http_fast_free (GstArclyHttpFast *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_hash_table_unref (self->rooms);
  close (self->epoll);
  g_free (self);
}
