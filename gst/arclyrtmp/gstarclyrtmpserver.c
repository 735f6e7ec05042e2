/* SPDX-License-Identifier: MIT
 *
 * Who owns what: the engine's shared entry owns the server; the server owns
 * the loop, the listener and the clients, these their connections; an element
 * owns its route until remove_route(). Clients and the tables of routes belong
 * to the loop's thread, so other threads go through it: call() where they need
 * an answer, post() where they do not. */
#include "config.h"

#include "gstarclyrtmpserver.h"
#include "rtmpclients.h"
#include "rtmplistener.h"

#include <gst/arcly/gstarclyerror.h>

GST_DEBUG_CATEGORY (gst_arcly_rtmp_server_debug);
#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

struct _GstArclyRtmpServer {
  GObject parent;

  /* Set when made, constant until closed: any thread. */
  GstArclyRtmpLoop *loop;
  GstArclyRtmpLoop *shakes;       /* of RTMPS, for rtmpshake.h; nullable */
  GstArclyRtmpListener *listener; /* started: loop thread */
  gchar *files;                   /* of RTMPS, as text; NULL: plain RTMP */
  guint port;

  /* Loop thread only, but made and freed outside. */
  GstArclyRtmpClients *clients;

  GMutex lock;
  /* lock. Constant once made, until closed. */
  GPtrArray *workers; /* (element-type GstArclyRtmpLoop) (nullable), owned */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyRtmpServer, gst_arcly_rtmp_server,
    G_TYPE_OBJECT,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_rtmp_server_debug, "arclyrtmpserver", 0,
        "Arcly RTMP server"));

/* ---- routes ---- */

static void
route_clear (gpointer data)
{
  GstArclyRtmpRoute *route = data;

  g_free (route->path);
}

static void
route_unref (gpointer route)
{
  g_atomic_rc_box_release_full (route, route_clear);
}

/* ---- what elements ask of a route ---- */

typedef struct {
  GstArclyRtmpServer *server;
  GstArclyRtmpRoute *route;
  gboolean added;
} RouteCall;

static void
do_add_route (gpointer data)
{
  RouteCall *call = data;

  call->added =
      gst_arcly_rtmp_clients_add_route (call->server->clients, call->route);
}

static void
on_window_over (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpRoute *route = timer->data;

  route->funcs.window_over (route->data);
}

GstArclyRtmpRoute *
gst_arcly_rtmp_server_add_route (GstArclyRtmpServer *server, const gchar *path,
    GstClockTime timeout, const GstArclyRtmpRouteFuncs *funcs, gpointer data,
    GError **error)
{
  RouteCall call = { server, NULL, FALSE };

  g_return_val_if_fail (GST_IS_ARCLY_RTMP_SERVER (server), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (funcs != NULL, NULL);

  call.route = g_atomic_rc_box_new0 (GstArclyRtmpRoute);
  call.route->server = server;
  call.route->path = g_strdup (path);
  call.route->timeout = timeout;
  call.route->funcs = *funcs;
  call.route->data = data;
  gst_arcly_rtmp_server_limits_init (&call.route->limits);
  gst_arcly_rtmp_timer_init (
      &call.route->window, server->loop, on_window_over, call.route);
  gst_arcly_rtmp_loop_call (server->loop, do_add_route, &call);
  if (call.added)
    return call.route;

  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
      "port %u takes publishers for '%s' already", server->port, path);
  route_unref (call.route);
  return NULL;
}

static void
do_remove_route (gpointer data)
{
  RouteCall *call = data;

  gst_arcly_rtmp_clients_remove_route (call->server->clients, call->route);
}

void
gst_arcly_rtmp_server_remove_route (
    GstArclyRtmpServer *server, GstArclyRtmpRoute *route)
{
  RouteCall call = { server, route, FALSE };

  g_return_if_fail (GST_IS_ARCLY_RTMP_SERVER (server));
  g_return_if_fail (route != NULL && route->server == server);

  gst_arcly_rtmp_loop_call (server->loop, do_remove_route, &call);
  route_unref (route);
}

typedef struct {
  GstArclyRtmpServer *server;
  GstArclyRtmpServerLimits *to; /* a route's */
  const GstArclyRtmpServerLimits *limits;
} LimitsCall;

static void
do_set_limits (gpointer data)
{
  LimitsCall *call = data;

  *call->to = *call->limits;
  gst_arcly_rtmp_clients_update_limits (call->server->clients);
}

void
gst_arcly_rtmp_route_set_limits (
    GstArclyRtmpRoute *route, const GstArclyRtmpServerLimits *limits)
{
  LimitsCall call = { route->server, &route->limits, limits };

  gst_arcly_rtmp_loop_call (route->server->loop, do_set_limits, &call);
}

void
gst_arcly_rtmp_play_route_set_limits (
    GstArclyRtmpPlayRoute *route, const GstArclyRtmpServerLimits *limits)
{
  LimitsCall call = { route->server, &route->limits, limits };

  gst_arcly_rtmp_loop_call (route->server->loop, do_set_limits, &call);
}

void
gst_arcly_rtmp_route_set_take_over (
    GstArclyRtmpRoute *route, GstArclyRtmpTakeOver take_over)
{
  g_return_if_fail (route != NULL);

  g_atomic_int_set (&route->take_over, take_over);
}

static void
do_resume (gpointer data)
{
  GstArclyRtmpRoute *route = data;

  g_atomic_int_set (&route->resuming, FALSE);
  if (!route->removed && route->publisher)
    gst_arcly_rtmp_client_resume (route->publisher);
}

void
gst_arcly_rtmp_route_resume (GstArclyRtmpRoute *route)
{
  g_return_if_fail (route != NULL);

  if (g_atomic_int_compare_and_exchange (&route->resuming, FALSE, TRUE))
    gst_arcly_rtmp_loop_post (route->server->loop, do_resume,
        g_atomic_rc_box_acquire (route), route_unref);
}

typedef struct {
  GstArclyRtmpRoute *route;
  gint serial; /* of the publisher that is meant */
  gchar *code;
  gchar *description;
} Kick;

static void
kick_free (gpointer data)
{
  Kick *kick = data;

  route_unref (kick->route);
  g_free (kick->code);
  g_free (kick->description);
  g_free (kick);
}

static void
do_kick (gpointer data)
{
  Kick *kick = data;
  GstArclyRtmpRoute *route = kick->route;

  if (!route->removed && route->publisher &&
      g_atomic_int_get (&route->serial) == kick->serial)
    gst_arcly_rtmp_client_kick (
        route->publisher, kick->code, kick->description);
}

void
gst_arcly_rtmp_route_kick (
    GstArclyRtmpRoute *route, const gchar *code, const gchar *description)
{
  Kick *kick = NULL;

  g_return_if_fail (route != NULL);
  g_return_if_fail (code != NULL && description != NULL);

  kick = g_new0 (Kick, 1);
  kick->route = g_atomic_rc_box_acquire (route);
  kick->serial = g_atomic_int_get (&route->serial);
  kick->code = g_strdup (code);
  kick->description = g_strdup (description);
  gst_arcly_rtmp_loop_post (route->server->loop, do_kick, kick, kick_free);
}

/* ---- players ---- */

typedef struct {
  GstArclyRtmpServer *server;
  GstArclyRtmpPlayRoute *route;
  gboolean added;
} PlayRouteCall;

static void
do_add_play_route (gpointer data)
{
  PlayRouteCall *call = data;

  call->added = gst_arcly_rtmp_clients_add_play_route (
      call->server->clients, call->route);
}

static void
do_remove_play_route (gpointer data)
{
  PlayRouteCall *call = data;

  gst_arcly_rtmp_clients_remove_play_route (call->server->clients, call->route);
}

static void
play_route_free (GstArclyRtmpPlayRoute *route)
{
  g_free (route->path);
  g_free (route);
}

GstArclyRtmpPlayRoute *
gst_arcly_rtmp_server_add_play_route (GstArclyRtmpServer *server,
    const gchar *path, const GstArclyRtmpPlayRouteFuncs *funcs, gpointer data,
    GError **error)
{
  PlayRouteCall call = { server, NULL, FALSE };

  g_return_val_if_fail (GST_IS_ARCLY_RTMP_SERVER (server), NULL);
  g_return_val_if_fail (path != NULL && funcs != NULL, NULL);

  call.route = g_new0 (GstArclyRtmpPlayRoute, 1);
  call.route->server = server;
  gst_arcly_rtmp_server_limits_init (&call.route->limits);
  call.route->path = g_strdup (path);
  call.route->funcs = *funcs;
  call.route->data = data;
  gst_arcly_rtmp_loop_call (server->loop, do_add_play_route, &call);
  if (call.added)
    return call.route;

  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
      "port %u serves players of '%s' already", server->port, path);
  play_route_free (call.route);
  return NULL;
}

void
gst_arcly_rtmp_server_remove_play_route (
    GstArclyRtmpServer *server, GstArclyRtmpPlayRoute *route)
{
  PlayRouteCall call = { server, route, FALSE };

  g_return_if_fail (GST_IS_ARCLY_RTMP_SERVER (server));
  g_return_if_fail (route != NULL);

  gst_arcly_rtmp_loop_call (server->loop, do_remove_play_route, &call);
  play_route_free (route);
}

static void
free_loop (gpointer loop)
{
  gst_arcly_rtmp_loop_free (loop);
}

static GPtrArray *
make_workers (GError **error)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func (free_loop);
  guint n = g_get_num_processors ();

  while (workers->len < n) {
    GstArclyRtmpLoop *loop = gst_arcly_rtmp_loop_new ("arclyrtmpplay", error);

    if (loop == NULL)
      return NULL;
    g_ptr_array_add (workers, loop);
  }
  return g_steal_pointer (&workers);
}

GPtrArray *
gst_arcly_rtmp_server_get_workers (GstArclyRtmpServer *server, GError **error)
{
  GPtrArray *workers = NULL;

  g_return_val_if_fail (GST_IS_ARCLY_RTMP_SERVER (server), NULL);

  g_mutex_lock (&server->lock);
  if (server->workers == NULL)
    server->workers = make_workers (error);
  if (server->workers)
    workers = g_ptr_array_ref (server->workers);
  g_mutex_unlock (&server->lock);
  return workers;
}

/* ---- the server ---- */

typedef struct {
  GstArclyRtmpServer *server;
  gboolean ok;
  GError *error;
} StartCall;

static void
do_start (gpointer data)
{
  StartCall *call = data;
  GstArclyRtmpServer *server = call->server;

  call->ok = gst_arcly_rtmp_listener_start (server->listener, server->loop,
      gst_arcly_rtmp_clients_accept, gst_arcly_rtmp_clients_exhausted,
      server->clients, &call->error);
}

static void
do_stop (gpointer data)
{
  GstArclyRtmpServer *server = data;

  gst_arcly_rtmp_listener_stop (server->listener);
  gst_arcly_rtmp_clients_close (server->clients);
}

/* GstArclySharedClose. Elements remove their routes before they release. */
static void
close_server (GObject *object)
{
  GstArclyRtmpServer *server = GST_ARCLY_RTMP_SERVER (object);

  if (server->loop)
    gst_arcly_rtmp_loop_call (server->loop, do_stop, server);
  g_clear_pointer (&server->shakes, gst_arcly_rtmp_loop_free);
  g_clear_pointer (&server->loop, gst_arcly_rtmp_loop_free);
  g_clear_pointer (&server->clients, gst_arcly_rtmp_clients_free);
  g_mutex_lock (&server->lock);
  g_clear_pointer (&server->workers, g_ptr_array_unref);
  g_mutex_unlock (&server->lock);
  g_clear_pointer (&server->listener, gst_arcly_rtmp_listener_free);
  g_clear_pointer (&server->files, g_free);
}

typedef struct {
  const gchar *host;
  guint port;
  const GstArclyRtmpTlsFiles *files; /* nullable */
} Address;

/* Tells two pairs apart. */
static gchar *
show_files (const GstArclyRtmpTlsFiles *files)
{
  if (!files)
    return NULL;
  if (!files->private_key)
    return g_strdup_printf ("\"%s\"", files->certificate);
  return g_strdup_printf (
      "\"%s\" and \"%s\"", files->certificate, files->private_key);
}

/* Whoever acquired the server holds @engine until it released it. */
static gboolean
open_server (GstArclyRtmpServer *server, GstArclyEngine *engine,
    const Address *address, GError **error)
{
  StartCall call = { server, FALSE, NULL };
  g_autoptr (GstArclyRtmpTls) tls = NULL;

  server->files = show_files (address->files);
  if (address->files) {
    tls = gst_arcly_rtmp_tls_new (address->files, error);
    if (!tls)
      return FALSE;
  }
  server->listener =
      gst_arcly_rtmp_listener_new (address->host, address->port, error);
  if (!server->listener)
    return FALSE;
  server->port = gst_arcly_rtmp_listener_get_port (server->listener);
  if (tls) {
    server->shakes = gst_arcly_rtmp_loop_new ("arclyrtmptls", error);
    if (!server->shakes)
      return FALSE;
  }
  server->loop = gst_arcly_rtmp_loop_new ("arclyrtmp", error);
  if (!server->loop)
    return FALSE;
  server->clients = gst_arcly_rtmp_clients_new (
      server, engine, server->loop, g_steal_pointer (&tls), server->shakes);

  gst_arcly_rtmp_loop_call (server->loop, do_start, &call);
  if (!call.ok) {
    g_propagate_error (error, call.error);
    return FALSE;
  }
  GST_INFO_OBJECT (server, "listens on %s:%u", address->host, server->port);
  return TRUE;
}

static gchar *
make_key (const gchar *host, guint port)
{
  return g_strdup_printf ("rtmp:%s:%u", host, port);
}

/* GstArclySharedCreate. */
static GObject *
create_server (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  const Address *address = user_data;
  GstArclyRtmpServer *server = g_object_new (GST_TYPE_ARCLY_RTMP_SERVER, NULL);

  if (!open_server (server, engine, address, error)) {
    close_server (G_OBJECT (server));
    g_object_unref (server);
    return NULL;
  }
  g_free (*key);
  *key = make_key (address->host, server->port);
  return G_OBJECT (server);
}

GstArclyRtmpServer *
gst_arcly_rtmp_server_acquire (
    GstArclyEngine *engine, const gchar *host, guint port, GError **error)
{
  return gst_arcly_rtmp_server_acquire_tls (engine, host, port, NULL, error);
}

/* FALSE: it was made for others. */
static gboolean
check_files (GstArclyRtmpServer *server, const GstArclyRtmpTlsFiles *files,
    GError **error)
{
  g_autofree gchar *wanted = show_files (files);

  if (g_strcmp0 (wanted, server->files) == 0)
    return TRUE;
  if (server->files)
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
        "port %u speaks RTMPS with the certificate in %s for another element",
        server->port, server->files);
  else
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
        "port %u speaks plain RTMP for another element", server->port);
  return FALSE;
}

GstArclyRtmpServer *
gst_arcly_rtmp_server_acquire_tls (GstArclyEngine *engine, const gchar *host,
    guint port, const GstArclyRtmpTlsFiles *files, GError **error)
{
  Address address = { host, port, files };
  g_autofree gchar *key = port == 0 ? NULL : make_key (host, port);
  GstArclyRtmpServer *server;
  GObject *object;

  g_return_val_if_fail (host != NULL, NULL);

  object = gst_arcly_engine_acquire (
      engine, key, create_server, close_server, &address, error);
  if (object == NULL)
    return NULL;
  server = GST_ARCLY_RTMP_SERVER (object);
  if (check_files (server, files, error))
    return server;
  gst_arcly_rtmp_server_release (engine, server);
  return NULL;
}

void
gst_arcly_rtmp_server_release (
    GstArclyEngine *engine, GstArclyRtmpServer *server)
{
  gst_arcly_engine_release (engine, G_OBJECT (server));
}

guint
gst_arcly_rtmp_server_get_port (GstArclyRtmpServer *server)
{
  g_return_val_if_fail (GST_IS_ARCLY_RTMP_SERVER (server), 0);

  return server->port;
}

static void
gst_arcly_rtmp_server_finalize (GObject *object)
{
  close_server (object); /* an engine that went before its users */
  g_mutex_clear (&GST_ARCLY_RTMP_SERVER (object)->lock);
  G_OBJECT_CLASS (gst_arcly_rtmp_server_parent_class)->finalize (object);
}

static void
gst_arcly_rtmp_server_init (GstArclyRtmpServer *server)
{
  g_mutex_init (&server->lock);
}

static void
gst_arcly_rtmp_server_class_init (GstArclyRtmpServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_rtmp_server_finalize;
}
