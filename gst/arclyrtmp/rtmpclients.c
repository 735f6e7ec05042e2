/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpclients.h"
#include "rtmpconnection.h"

#include <unistd.h>

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_rtmp_server_debug);
#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* A connection costs about 10 KiB and a file descriptor until it publishes. */
#define MAX_CONNECTIONS 1000
/* To handshake, connect and publish, whatever bytes come meanwhile. A route
 * with a smaller timeout shortens it: before "publish" nobody knows for whom a
 * client came. */
#define SETUP_TIMEOUT (10 * GST_SECOND)
/* S1, RTMP 1.0, 5.2.3. */
#define RANDOM_SIZE 1528
/* Of a peer's words in ours. */
#define MAX_SHOWN_CHARS 128

/* A connection and what it is to us. Loop thread only. */
struct _GstArclyRtmpClient {
  GstArclyRtmpClients *clients;
  GstArclyRtmpConnection *connection; /* owned */
  gchar *peer;
  GstArclyRtmpRoute *route;    /* that it publishes to, or NULL */
  guint32 stream_id;           /* of that publication */
  gboolean warned;             /* something of it was ignored, and logged */
  GstArclyRtmpPlayRoute *play; /* that it is on its way to, or NULL */
  gboolean left;               /* it unpublished: however it closes is fine */
};
typedef GstArclyRtmpClient Client;

/* Loop thread only, once that has it. */
struct _GstArclyRtmpClients {
  GstArclyRtmpServer *server; /* for logs; outlives us */
  GstArclyRtmpLoop *loop;
  GHashTable *routes;      /* path to GstArclyRtmpRoute, both borrowed */
  GHashTable *play_routes; /* path to GstArclyRtmpPlayRoute, both borrowed */
  GHashTable *all;         /* set of Client, owned */
  GRand *random;
  gboolean full; /* and said so */
};

/* A peer's text for humans: bounded, and without control characters that would
 * forge lines of a log. */
static gchar *
shown (const gchar *text)
{
  gchar *copy = g_utf8_strlen (text, -1) > MAX_SHOWN_CHARS
                    ? g_utf8_substring (text, 0, MAX_SHOWN_CHARS)
                    : g_strdup (text);
  gchar *p;

  for (p = copy; *p; p++) {
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = '?';
  }
  return copy;
}

static GstClockTime
get_setup_timeout (GstArclyRtmpClients *clients)
{
  GstClockTime timeout = SETUP_TIMEOUT;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, clients->routes);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstArclyRtmpRoute *route = value;

    if (route->timeout > 0)
      timeout = MIN (timeout, route->timeout);
  }
  return timeout;
}

/* The client publishes no more; the route is free for another. */
static GstArclyRtmpRoute *
detach (Client *client)
{
  GstArclyRtmpRoute *route = g_steal_pointer (&client->route);

  if (route)
    route->publisher = NULL;
  return route;
}

/* ---- what a client asks ---- */

/* Tells the client's user, then closes: most clients would hang otherwise. */
static void
refuse (Client *client, guint32 stream_id, const gchar *code,
    const gchar *description)
{
  GstArclyRtmpSession *session =
      gst_arcly_rtmp_connection_get_session (client->connection);
  g_autofree gchar *reason = g_strdup_printf ("refused: %s", description);

  gst_arcly_rtmp_session_refuse_stream (session, stream_id, code, description);
  gst_arcly_rtmp_connection_end (client->connection, reason, TRUE);
}

static void
on_connect (Client *client, GstArclyRtmpEvent *event)
{
  g_autofree gchar *app = shown (event->connect.app);
  g_autofree gchar *version =
      shown (event->connect.flash_ver ? event->connect.flash_ver : "unknown");

  GST_INFO_OBJECT (client->clients->server, "%s: connected to \"%s\" with %s",
      client->peer, app, version);
  /* Any application: clients split "a/b/c" differently, so only the whole path
   * tells, and that comes with "publish". */
  gst_arcly_rtmp_session_accept_connect (
      gst_arcly_rtmp_connection_get_session (client->connection));
}

static void
refuse_busy (Client *client, GstArclyRtmpRoute *route, guint32 stream_id)
{
  g_autofree gchar *description =
      g_strdup_printf ("%s: somebody is already publishing", route->path);

  route->funcs.refused (route->data, client->peer, description);
  refuse (client, stream_id, GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME, description);
}

/* One publication a connection: no encoder needs more, and each would want its
 * own timeout and back-pressure. The first one goes on. */
static void
refuse_another (Client *client, guint32 stream_id)
{
  gst_arcly_rtmp_session_refuse_stream (
      gst_arcly_rtmp_connection_get_session (client->connection), stream_id,
      GST_ARCLY_RTMP_CODE_PUBLISH_DENIED,
      "this connection publishes already: open another");
}

static void
refuse_unknown (Client *client, const gchar *path, guint32 stream_id)
{
  g_autofree gchar *text = shown (path);
  g_autofree gchar *description =
      g_strdup_printf ("%s: no such stream here", text);

  refuse (client, stream_id, GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME, description);
}

static void
start_publish (Client *client, GstArclyRtmpRoute *route, guint32 stream_id)
{
  client->left = FALSE;
  client->route = route;
  client->stream_id = stream_id;
  route->publisher = client;
  gst_arcly_rtmp_session_accept_publish (
      gst_arcly_rtmp_connection_get_session (client->connection), stream_id);
  gst_arcly_rtmp_connection_set_timeout (client->connection, route->timeout);
  GST_INFO_OBJECT (
      client->clients->server, "%s: publishes %s", client->peer, route->path);
}

static void
on_publish (Client *client, GstArclyRtmpEvent *event)
{
  const GstArclyRtmpStream *stream = &event->stream;
  GstArclyRtmpRoute *route =
      g_hash_table_lookup (client->clients->routes, stream->path);
  g_autofree gchar *reason = NULL;

  if (!route) {
    refuse_unknown (client, stream->path, event->stream_id);
    return;
  }
  if (client->route) {
    refuse_another (client, event->stream_id);
    return;
  }
  if (route->publisher) {
    refuse_busy (client, route, event->stream_id);
    return;
  }

  /* First: from publish() on, a kick() means this publisher. */
  g_atomic_int_inc (&route->serial);
  if (!route->funcs.publish (route->data, client->peer, stream, &reason)) {
    g_autofree gchar *description = g_strdup_printf (
        "%s: %s", route->path, reason ? reason : "publishing is not allowed");

    refuse (client, event->stream_id, GST_ARCLY_RTMP_CODE_PUBLISH_DENIED,
        description);
    return;
  }
  start_publish (client, route, event->stream_id);
}

static void
on_play (Client *client, GstArclyRtmpEvent *event)
{
  GstArclyRtmpPlayRoute *route =
      g_hash_table_lookup (client->clients->play_routes, event->stream.path);
  g_autofree gchar *path = shown (event->stream.path);
  g_autofree gchar *description = NULL, *reason = NULL;

  if (!route) {
    description = g_strdup_printf ("%s: no such stream here", path);
    refuse (client, event->stream_id, GST_ARCLY_RTMP_CODE_PLAY_NOT_FOUND,
        description);
    return;
  }
  if (client->route) {
    gst_arcly_rtmp_session_refuse_stream (
        gst_arcly_rtmp_connection_get_session (client->connection),
        event->stream_id, GST_ARCLY_RTMP_CODE_PLAY_FAILED,
        "this connection publishes: open another to play");
    return;
  }
  if (!route->funcs.admit (route->data, &reason)) {
    description = g_strdup_printf ("%s: %s", path, reason);
    refuse (
        client, event->stream_id, GST_ARCLY_RTMP_CODE_PLAY_FAILED, description);
    return;
  }
  client->play = route;
  client->stream_id = event->stream_id;
  gst_arcly_rtmp_connection_leave (client->connection);
}

static void
on_unpublish (Client *client, GstArclyRtmpEvent *event)
{
  GstArclyRtmpRoute *route = NULL;

  if (!client->route || client->stream_id != event->stream_id)
    return;

  route = detach (client);
  client->left = TRUE;
  GST_INFO_OBJECT (
      client->clients->server, "%s: unpublished %s", client->peer, route->path);
  /* It may publish again, within the time that a new client has. */
  gst_arcly_rtmp_connection_set_timeout (
      client->connection, get_setup_timeout (client->clients));
  route->funcs.end (route->data, "the publisher unpublished", FALSE);
}

static void
on_media (Client *client, GstArclyRtmpEvent *event)
{
  g_autoptr (GstArclyRtmpEvent) owned = event;
  GstArclyRtmpRoute *route = client->route;

  if (!route || client->stream_id != event->stream_id)
    return;

  gst_arcly_rtmp_connection_touch (client->connection);
  if (!route->funcs.event (route->data, g_steal_pointer (&owned)))
    gst_arcly_rtmp_connection_pause (client->connection);
}

static void
on_warning (Client *client, GstArclyRtmpEvent *event)
{
  g_autofree gchar *text = shown (event->warning->message);

  if (client->warned) {
    GST_LOG_OBJECT (
        client->clients->server, "%s: ignored: %s", client->peer, text);
    return;
  }
  client->warned = TRUE;
  GST_WARNING_OBJECT (client->clients->server,
      "%s: ignored: %s (more of this client at level LOG)", client->peer, text);
}

static void
client_event (gpointer data, GstArclyRtmpEvent *event)
{
  Client *client = data;
  g_autoptr (GstArclyRtmpEvent) owned = event;

  switch (event->kind) {
    case GST_ARCLY_RTMP_EVENT_CONNECT:
      on_connect (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_PUBLISH:
      on_publish (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_PLAY:
      on_play (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_UNPUBLISH:
      on_unpublish (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_MEDIA:
    case GST_ARCLY_RTMP_EVENT_METADATA:
      on_media (client, g_steal_pointer (&owned));
      break;
    case GST_ARCLY_RTMP_EVENT_WARNING:
      on_warning (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_STOP: /* players are no clients any more */
    case GST_ARCLY_RTMP_EVENT_PAUSE:
    case GST_ARCLY_RTMP_EVENT_RECEIVE:
    case GST_ARCLY_RTMP_EVENT_PONG: /* we do not ping */
      break;
  }
}

/* ---- a client's life ---- */

static void
client_free (Client *client)
{
  g_clear_pointer (&client->connection, gst_arcly_rtmp_connection_free);
  g_free (client->peer);
  g_free (client);
}

static void
client_ended (gpointer data, const gchar *reason, gboolean error)
{
  Client *client = data;
  GstArclyRtmpRoute *route = detach (client);
  g_autofree gchar *text = shown (reason);

  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT,
      error && !client->left ? GST_LEVEL_WARNING : GST_LEVEL_INFO,
      client->clients->server, "%s: closed: %s", client->peer, text);
  if (route)
    route->funcs.end (route->data, text, error);
}

/* Frees it. */
static void
forget (Client *client)
{
  GstArclyRtmpClients *clients = client->clients;

  g_hash_table_remove (clients->all, client);
  /* Not at once, or a crowd at the door would be logged one by one. */
  if (g_hash_table_size (clients->all) < MAX_CONNECTIONS * 9 / 10)
    clients->full = FALSE;
}

static void
client_closed (gpointer data)
{
  forget (data);
}

static void
client_left (gpointer data)
{
  Client *client = data;
  GstArclyRtmpPlayRoute *route = client->play;
  GstArclyRtmpHandoff *handoff = g_new0 (GstArclyRtmpHandoff, 1);

  GST_INFO_OBJECT (
      client->clients->server, "%s: plays %s", client->peer, route->path);
  handoff->peer = g_strdup (client->peer);
  handoff->stream_id = client->stream_id;
  gst_arcly_rtmp_connection_steal (
      client->connection, &handoff->fd, &handoff->session, &handoff->unsent);
  forget (client);
  route->funcs.join (route->data, handoff);
}

static const GstArclyRtmpConnectionFuncs client_funcs = {
  .event = client_event,
  .ended = client_ended,
  .closed = client_closed,
  .left = client_left,
};

static GstArclyRtmpConnection *
connect_client (Client *client, gint fd, GError **error)
{
  GstArclyRtmpClients *clients = client->clients;
  guint32 random[RANDOM_SIZE / 4];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = g_rand_int (clients->random);
  return gst_arcly_rtmp_connection_new (
      clients->loop, fd, (const guint8 *) random, &client_funcs, client, error);
}

void
gst_arcly_rtmp_clients_accept (gpointer data, gint fd, const gchar *peer)
{
  GstArclyRtmpClients *clients = data;
  g_autoptr (GError) error = NULL;
  Client *client = NULL;

  if (g_hash_table_size (clients->all) >= MAX_CONNECTIONS) {
    if (!clients->full)
      GST_WARNING_OBJECT (clients->server,
          "%s: closed: there are %d connections already (said once)", peer,
          MAX_CONNECTIONS);
    clients->full = TRUE;
    close (fd);
    return;
  }

  client = g_new0 (Client, 1);
  client->clients = clients;
  client->peer = g_strdup (peer);
  client->connection = connect_client (client, fd, &error);
  if (!client->connection) {
    GST_WARNING_OBJECT (
        clients->server, "%s: closed: %s", peer, error->message);
    client_free (client);
    return;
  }
  g_hash_table_add (clients->all, client);
  gst_arcly_rtmp_connection_set_timeout (
      client->connection, get_setup_timeout (clients));
  GST_DEBUG_OBJECT (clients->server, "%s: accepted", peer);
}

void
gst_arcly_rtmp_clients_exhausted (gpointer data, const gchar *reason)
{
  GstArclyRtmpClients *clients = data;

  GST_WARNING_OBJECT (
      clients->server, "cannot accept connections for now: %s", reason);
}

/* ---- for the server ---- */

GstArclyRtmpClients *
gst_arcly_rtmp_clients_new (GstArclyRtmpServer *server, GstArclyRtmpLoop *loop)
{
  GstArclyRtmpClients *clients = g_new0 (GstArclyRtmpClients, 1);

  clients->server = server;
  clients->loop = loop;
  clients->routes = g_hash_table_new (g_str_hash, g_str_equal);
  clients->play_routes = g_hash_table_new (g_str_hash, g_str_equal);
  clients->all =
      g_hash_table_new_full (NULL, NULL, (GDestroyNotify) client_free, NULL);
  clients->random = g_rand_new ();
  return clients;
}

void
gst_arcly_rtmp_clients_free (GstArclyRtmpClients *clients)
{
  /* Their timers and watches are the loop's: close() there. */
  g_assert (g_hash_table_size (clients->all) == 0);
  g_hash_table_unref (clients->routes);
  g_hash_table_unref (clients->play_routes);
  g_hash_table_unref (clients->all);
  g_rand_free (clients->random);
  g_free (clients);
}

void
gst_arcly_rtmp_clients_close (GstArclyRtmpClients *clients)
{
  g_hash_table_remove_all (clients->all);
}

gboolean
gst_arcly_rtmp_clients_add_route (
    GstArclyRtmpClients *clients, GstArclyRtmpRoute *route)
{
  if (g_hash_table_contains (clients->routes, route->path))
    return FALSE;
  g_hash_table_insert (clients->routes, route->path, route);
  return TRUE;
}

gboolean
gst_arcly_rtmp_clients_add_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route)
{
  if (g_hash_table_contains (clients->play_routes, route->path))
    return FALSE;
  g_hash_table_insert (clients->play_routes, route->path, route);
  return TRUE;
}

void
gst_arcly_rtmp_clients_remove_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route)
{
  g_hash_table_remove (clients->play_routes, route->path);
}

/* Clients show @description; an error level makes them stop. */
static void
send_away (
    Client *client, const gchar *code, const gchar *description, gboolean error)
{
  const gchar *level = g_str_has_suffix (code, ".Success") ? "status" : "error";

  gst_arcly_rtmp_session_end_publish (
      gst_arcly_rtmp_connection_get_session (client->connection),
      client->stream_id, level, code, description);
  gst_arcly_rtmp_connection_end (client->connection, description, error);
}

void
gst_arcly_rtmp_client_kick (
    GstArclyRtmpClient *client, const gchar *code, const gchar *description)
{
  send_away (client, code, description, TRUE);
}

void
gst_arcly_rtmp_client_resume (GstArclyRtmpClient *client)
{
  gst_arcly_rtmp_connection_resume (client->connection);
}

void
gst_arcly_rtmp_clients_remove_route (
    GstArclyRtmpClients *clients, GstArclyRtmpRoute *route)
{
  Client *client = route->publisher;

  route->removed = TRUE;
  g_hash_table_remove (clients->routes, route->path);
  if (!client)
    return;
  detach (client);
  send_away (client, "NetStream.Unpublish.Success",
      "the server stopped this stream", FALSE);
}
