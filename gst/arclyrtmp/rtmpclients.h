/* SPDX-License-Identifier: MIT
 *
 * The clients of a server and what they may do: which of them publishes to
 * which route. Who plays is handed to the route's element and is no client any
 * more. Belongs to the loop's thread, but for what the fields say. */
#pragma once

#include "gstarclyrtmpserver.h"
#include "rtmploop.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpClient GstArclyRtmpClient;
typedef struct _GstArclyRtmpClients GstArclyRtmpClients;

/* Counted by g_atomic_rc_box: its element has it until remove_route(), posted
 * functions a little longer. */
struct _GstArclyRtmpRoute {
  /* Constant. The element holds the server longer than the route. */
  GstArclyRtmpServer *server;
  gchar *path;
  GstClockTime timeout;
  GstArclyRtmpRouteFuncs funcs;
  gpointer data;

  /* Loop thread only. */
  gboolean removed; /* a posted function may still hold the route */
  GstArclyRtmpClient *publisher;
  GstArclyRtmpServerLimits limits;
  GstArclyRtmpTimer window; /* for another publisher to come */

  /* Atomic. The loop counts publishers; kick() reads whom it means. Orders
   * nothing else. */
  gint serial;
  /* Atomic, a GstArclyRtmpTakeOver. Any thread sets it, the loop reads. */
  gint take_over;
  /* Atomic. resume() sets it and posts, the loop clears it before it resumes:
   * at most one post at a time. */
  gint resuming;
};

/* The same for players, likewise owned. */
struct _GstArclyRtmpPlayRoute {
  /* Constant. The element holds the server longer than the route. */
  GstArclyRtmpServer *server;
  gchar *path;
  GstArclyRtmpPlayRouteFuncs funcs;
  gpointer data;

  /* Loop thread only. */
  GstArclyRtmpServerLimits limits;
};

/* Any thread, before the loop's thread knows them, and after. @server is for
 * the log; it is not referenced, nor is @engine, which outlives it. @tls:
 * (nullable) (transfer full). @shakes: with @tls: where hands are shaken; ends
 * before @loop does. */
GstArclyRtmpClients *gst_arcly_rtmp_clients_new (GstArclyRtmpServer *server,
    GstArclyEngine *engine, GstArclyRtmpLoop *loop, GstArclyRtmpTls *tls,
    GstArclyRtmpLoop *shakes);
void gst_arcly_rtmp_clients_free (GstArclyRtmpClients *clients);

/* Closes all at once and calls no route. */
void gst_arcly_rtmp_clients_close (GstArclyRtmpClients *clients);

/* For the listener; @data is the GstArclyRtmpClients. */
void gst_arcly_rtmp_clients_accept (gpointer data, gint fd, const gchar *peer);
void gst_arcly_rtmp_clients_exhausted (gpointer data, const gchar *reason);

/* FALSE: there is a route of its path. The route stays the caller's. */
gboolean gst_arcly_rtmp_clients_add_route (
    GstArclyRtmpClients *clients, GstArclyRtmpRoute *route);
/* Limits of a route have changed. */
void gst_arcly_rtmp_clients_update_limits (GstArclyRtmpClients *clients);
/* Sends its publisher away without calling the route. */
void gst_arcly_rtmp_clients_remove_route (
    GstArclyRtmpClients *clients, GstArclyRtmpRoute *route);

/* As with add_route(); names of publishers and players are apart. */
gboolean gst_arcly_rtmp_clients_add_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route);
void gst_arcly_rtmp_clients_remove_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route);

/* May free @client. */
void gst_arcly_rtmp_client_resume (GstArclyRtmpClient *client);
/* Ends a publisher with onStatus. May free @client. */
void gst_arcly_rtmp_client_kick (
    GstArclyRtmpClient *client, const gchar *code, const gchar *description);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpClients, gst_arcly_rtmp_clients_free)

G_END_DECLS
