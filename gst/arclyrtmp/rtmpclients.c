/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpclientspriv.h"

#include <unistd.h>

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* S1, RTMP 1.0, 5.2.3. */
#define RANDOM_SIZE 1528
/* Between two warnings of the same. */
#define TELL_US G_TIME_SPAN_MINUTE
/* Of a peer's words in ours. */
#define MAX_SHOWN_CHARS 128

typedef GstArclyRtmpClient Client;

gchar *
gst_arcly_rtmp_clients_show (const gchar *text)
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

/* For the end of a warning; NULL if it was given a moment ago. */
static gchar *
tell (GstArclyRtmpClientsTold *told)
{
  gint64 now = g_get_monotonic_time ();
  gchar *text = NULL;

  if (told->when > 0 && now - told->when < TELL_US) {
    told->untold++;
    return NULL;
  }
  text = told->untold > 0
             ? g_strdup_printf (" (and %u times before, untold)", told->untold)
             : g_strdup ("");
  told->when = now;
  told->untold = 0;
  return text;
}

/* Before "publish" and "play" nobody knows for whom a client came, so what one
 * route asks for holds for all. */
void
gst_arcly_rtmp_clients_update_limits (GstArclyRtmpClients *clients)
{
  GstArclyRtmpServerLimits *limits = &clients->limits;
  GstClockTime timeout = 0;
  GHashTableIter iter;
  gpointer value;

  gst_arcly_rtmp_server_limits_init (limits);
  g_hash_table_iter_init (&iter, clients->play_routes);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstArclyRtmpPlayRoute *route = value;

    gst_arcly_rtmp_server_limits_join (limits, &route->limits);
  }
  g_hash_table_iter_init (&iter, clients->routes);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstArclyRtmpRoute *route = value;

    gst_arcly_rtmp_server_limits_join (limits, &route->limits);
    if (route->timeout > 0 && (timeout == 0 || route->timeout < timeout))
      timeout = route->timeout;
  }
  if (timeout > 0)
    limits->setup_timeout = MIN (limits->setup_timeout, timeout);
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

/* Nobody publishes to the route any more. */
static void
end_publication (GstArclyRtmpRoute *route, const gchar *reason, gboolean error)
{
  GstClockTime window = 0;

  route->funcs.end (route->data, reason, error);
  if (route->funcs.get_window)
    window = route->funcs.get_window (route->data);
  if (window > 0)
    gst_arcly_rtmp_timer_start (&route->window,
        (gint64) MIN (MAX (GST_TIME_AS_USECONDS (window), 1), G_MAXINT64 / 4));
}

/* ---- what a client asks ---- */

void
gst_arcly_rtmp_client_refuse (Client *client, guint32 stream_id,
    const gchar *code, const gchar *description)
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
  g_autofree gchar *app = gst_arcly_rtmp_clients_show (event->connect.app);
  g_autofree gchar *version = gst_arcly_rtmp_clients_show (
      event->connect.flash_ver ? event->connect.flash_ver : "unknown");

  client->credentials = gst_arcly_rtmp_credentials_new (&event->connect);
  if (!client->credentials) {
    gst_arcly_rtmp_session_refuse_connect (
        gst_arcly_rtmp_connection_get_session (client->connection),
        GST_ARCLY_RTMP_CODE_CONNECT_REJECTED, "the URL is too long");
    gst_arcly_rtmp_connection_end (
        client->connection, "refused: its URL is too long", TRUE);
    return;
  }
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
  gst_arcly_rtmp_client_refuse (
      client, stream_id, GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME, description);
}

static void
refuse_unknown (Client *client, const gchar *path, guint32 stream_id)
{
  g_autofree gchar *text = gst_arcly_rtmp_clients_show (path);
  g_autofree gchar *description =
      *text ? g_strdup_printf ("%s: no such stream here", text)
            : g_strdup ("no stream is named");

  gst_arcly_rtmp_client_refuse (
      client, stream_id, GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME, description);
}

static void
start_publish (Client *client, GstArclyRtmpRoute *route, guint32 stream_id)
{
  gst_arcly_rtmp_timer_stop (&route->window);
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

/* Clients show @description; an error level makes them stop. Of a success
 * nobody is warned here either: that end was wanted. */
void
gst_arcly_rtmp_client_kick (
    GstArclyRtmpClient *client, const gchar *code, const gchar *description)
{
  gboolean error = !g_str_has_suffix (code, ".Success");

  gst_arcly_rtmp_session_end_publish (
      gst_arcly_rtmp_connection_get_session (client->connection),
      client->stream_id, error ? "error" : "status", code, description);
  gst_arcly_rtmp_connection_end (client->connection, description, error);
}

static gboolean
may_take_over (Client *client, GstArclyRtmpRoute *route)
{
  switch ((GstArclyRtmpTakeOver) g_atomic_int_get (&route->take_over)) {
    case GST_ARCLY_RTMP_TAKE_OVER_NEVER:
      return FALSE;
    case GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED:
      return client->authorized && route->publisher->authorized;
    case GST_ARCLY_RTMP_TAKE_OVER_ALWAYS:
      return TRUE;
  }
  return FALSE;
}

/* The connection of the one before may be half dead, or its user sits at
 * another desk now. Of level error: it must not come back by itself. */
static void
take_over (Client *client, GstArclyRtmpRoute *route)
{
  static const gchar reason[] = "another publisher took over";
  Client *before = route->publisher;

  GST_INFO_OBJECT (client->clients->server, "%s: takes %s over from %s",
      client->peer, route->path, before->peer);
  detach (before);
  if (route->funcs.replaced)
    route->funcs.replaced (route->data, reason);
  else
    route->funcs.end (route->data, reason, TRUE);
  gst_arcly_rtmp_client_kick (
      before, GST_ARCLY_RTMP_CODE_CONNECT_CLOSED, reason);
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
  if (route->publisher && !may_take_over (client, route)) {
    refuse_busy (client, route, event->stream_id);
    return;
  }
  if (route->publisher)
    take_over (client, route);

  /* First: from publish() on, a kick() means this publisher. */
  g_atomic_int_inc (&route->serial);
  if (!route->funcs.publish (route->data, client->peer, stream, &reason)) {
    g_autofree gchar *description = g_strdup_printf (
        "%s: %s", route->path, reason ? reason : "publishing is not allowed");

    gst_arcly_rtmp_client_refuse (client, event->stream_id,
        GST_ARCLY_RTMP_CODE_PUBLISH_DENIED, description);
    return;
  }
  start_publish (client, route, event->stream_id);
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
      client->connection, client->clients->limits.setup_timeout);
  end_publication (route, "the publisher unpublished", FALSE);
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
  g_autofree gchar *text =
      gst_arcly_rtmp_clients_show (event->warning->message);

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
      if (gst_arcly_rtmp_client_authorize (client, &owned))
        on_publish (client, event);
      break;
    case GST_ARCLY_RTMP_EVENT_PLAY:
      if (gst_arcly_rtmp_client_authorize (client, &owned))
        gst_arcly_rtmp_client_play (client, event);
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
  g_clear_pointer (&client->auth, gst_arcly_rtmp_auth_cancel);
  g_clear_pointer (&client->asked, gst_arcly_rtmp_event_free);
  g_clear_pointer (&client->connection, gst_arcly_rtmp_connection_free);
  g_clear_pointer (&client->credentials, gst_arcly_rtmp_credentials_free);
  gst_arcly_rtmp_guard_leave (client->clients->guard, client->peer);
  g_free (client->refusal);
  g_free (client->peer);
  g_free (client);
}

static void
client_ended (gpointer data, const gchar *reason, gboolean error)
{
  Client *client = data;
  GstArclyRtmpRoute *route = detach (client);
  g_autofree gchar *text = gst_arcly_rtmp_clients_show (reason);

  g_clear_pointer (&client->auth, gst_arcly_rtmp_auth_cancel);
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT,
      error && !client->left ? GST_LEVEL_WARNING : GST_LEVEL_INFO,
      client->clients->server, "%s: closed: %s", client->peer, text);
  if (route)
    end_publication (route, text, error);
}

void
gst_arcly_rtmp_client_forget (Client *client)
{
  g_hash_table_remove (client->clients->all, client);
}

static void
client_closed (gpointer data)
{
  gst_arcly_rtmp_client_forget (data);
}

static const GstArclyRtmpConnectionFuncs client_funcs = {
  .event = client_event,
  .ended = client_ended,
  .closed = client_closed,
  .left = gst_arcly_rtmp_client_left,
};

/* Certificates are renewed while we run. Two looks at a file a connection cost
 * nothing beside its handshake. */
static void
update_tls (GstArclyRtmpClients *clients)
{
  g_autoptr (GError) error = NULL;

  if (gst_arcly_rtmp_tls_update (&clients->tls, &error))
    GST_INFO_OBJECT (clients->server, "the certificate was read anew");
  else if (error)
    GST_WARNING_OBJECT (clients->server,
        "the certificate changed, but the one before stays in use: %s",
        error->message);
}

/* Takes @fd. */
static GstArclyRtmpConnection *
connect_client (Client *client, gint fd, GError **error)
{
  GstArclyRtmpClients *clients = client->clients;
  GstArclyRtmpChannel channel = { fd, NULL };
  guint32 random[RANDOM_SIZE / 4];
  guint i;

  if (clients->tls) {
    update_tls (clients);
    channel.stream = gst_arcly_rtmp_tls_stream_new (clients->tls, fd, error);
    if (!channel.stream) {
      gst_arcly_rtmp_channel_clear (&channel);
      return NULL;
    }
  }
  for (i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = g_rand_int (clients->random);
  return gst_arcly_rtmp_connection_new (clients->loop, clients->shakes,
      &channel, &clients->limits.session, (const guint8 *) random,
      &client_funcs, client, error);
}

void
gst_arcly_rtmp_clients_accept (gpointer data, gint fd, const gchar *peer)
{
  GstArclyRtmpClients *clients = data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *reason = NULL;
  Client *client = NULL;

  reason = gst_arcly_rtmp_guard_enter (clients->guard, &clients->limits, peer);
  if (reason) {
    g_autofree gchar *others = tell (&clients->refused);

    if (others)
      GST_WARNING_OBJECT (
          clients->server, "%s: closed: %s%s", peer, reason, others);
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
      client->connection, clients->limits.setup_timeout);
  GST_DEBUG_OBJECT (clients->server, "%s: accepted", peer);
}

void
gst_arcly_rtmp_clients_exhausted (gpointer data, const gchar *reason)
{
  GstArclyRtmpClients *clients = data;
  g_autofree gchar *others = tell (&clients->exhausted);

  if (others)
    GST_WARNING_OBJECT (clients->server,
        "cannot accept connections for now: %s%s", reason, others);
}

/* ---- for the server ---- */

GstArclyRtmpClients *
gst_arcly_rtmp_clients_new (GstArclyRtmpServer *server, GstArclyEngine *engine,
    GstArclyRtmpLoop *loop, GstArclyRtmpTls *tls, GstArclyRtmpLoop *shakes)
{
  GstArclyRtmpClients *clients = g_new0 (GstArclyRtmpClients, 1);

  clients->server = server;
  clients->engine = engine;
  clients->loop = loop;
  clients->tls = tls;
  clients->shakes = shakes;
  clients->routes = g_hash_table_new (g_str_hash, g_str_equal);
  clients->play_routes = g_hash_table_new (g_str_hash, g_str_equal);
  clients->all =
      g_hash_table_new_full (NULL, NULL, (GDestroyNotify) client_free, NULL);
  clients->random = g_rand_new ();
  clients->guard = gst_arcly_rtmp_guard_new ();
  gst_arcly_rtmp_clients_update_limits (clients);
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
  g_clear_pointer (&clients->tls, gst_arcly_rtmp_tls_unref);
  g_rand_free (clients->random);
  gst_arcly_rtmp_guard_free (clients->guard);
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
  gst_arcly_rtmp_clients_update_limits (clients);
  return TRUE;
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
  gst_arcly_rtmp_timer_stop (&route->window);
  g_hash_table_remove (clients->routes, route->path);
  gst_arcly_rtmp_clients_update_limits (clients);
  if (!client)
    return;
  detach (client);
  gst_arcly_rtmp_client_kick (
      client, "NetStream.Unpublish.Success", "the server stopped this stream");
}
