/* SPDX-License-Identifier: MIT
 *
 * One RTMP listener, shared by all elements of an engine that name its address
 * and port. Its loop thread owns every connection; an element takes part
 * through a route ("app/stream"), whose functions run in the loop thread and
 * must not block. */
#pragma once

#include <gst/arcly/engine/gstarclyengine.h>
#include "rtmp/rtmpevent.h"
#include "rtmpfeed.h"
#include "rtmpguard.h"
#include "rtmptls.h"

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_RTMP_SERVER (gst_arcly_rtmp_server_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyRtmpServer, gst_arcly_rtmp_server, GST, ARCLY_RTMP_SERVER, GObject)

typedef struct _GstArclyRtmpRoute GstArclyRtmpRoute;

/* All in the loop thread; @data is the route's. Between publish() (returning
 * TRUE) and end() there is exactly one publisher. */
typedef struct {
  /* A client asks to publish here and nobody does yet. @peer is "ip:port".
   * FALSE refuses, with @reason (transfer full) for the client's user. */
  gboolean (*publish) (gpointer data, const gchar *peer,
      const GstArclyRtmpStream *stream, gchar **reason);
  /* MEDIA or METADATA; the function owns the event. FALSE: full, read no more
   * from this publisher until gst_arcly_rtmp_route_resume(). The event is
   * taken all the same. */
  gboolean (*event) (gpointer data, GstArclyRtmpEvent *event);
  /* The publisher is gone. @reason for humans; @error if it did not leave by
   * command or by closing its connection. */
  void (*end) (gpointer data, const gchar *reason, gboolean error);
  /* Somebody was refused for this route. */
  void (*refused) (gpointer data, const gchar *peer, const gchar *reason);
  /* In place of end(): another publisher takes over, and publish() follows.
   * NULL: end() is called. */
  void (*replaced) (gpointer data, const gchar *reason);
  /* After end(), and both or none of them: how long to wait for another
   * publisher, 0 for ever; and that none came meanwhile. */
  GstClockTime (*get_window) (gpointer data);
  void (*window_over) (gpointer data);
} GstArclyRtmpRouteFuncs;

/**
 * GstArclyRtmpTakeOver:
 * @GST_ARCLY_RTMP_TAKE_OVER_NEVER: who publishes goes on; others are refused
 * @GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED: the newest publisher takes over, if an
 *     authenticator has permitted it
 * @GST_ARCLY_RTMP_TAKE_OVER_ALWAYS: the newest publisher takes over
 *
 * What happens when somebody publishes what is published already.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_RTMP_TAKE_OVER_NEVER,
  GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED,
  GST_ARCLY_RTMP_TAKE_OVER_ALWAYS,
} GstArclyRtmpTakeOver;

typedef struct _GstArclyRtmpPlayRoute GstArclyRtmpPlayRoute;

/* All in the loop thread; @data is the route's. */
typedef struct {
  /* A client asks to play. FALSE refuses, with @reason (transfer full). */
  gboolean (*admit) (gpointer data, gchar **reason);
  /* And is handed over, once it was admitted; the function owns @handoff. */
  void (*join) (gpointer data, GstArclyRtmpHandoff *handoff);
  /* The engine's authenticator refused one; admit() was not asked. */
  void (*refused) (gpointer data);
} GstArclyRtmpPlayRouteFuncs;

/* The server at @host:@port of this engine, made if need be; @port 0 takes a
 * free one. Give it back with gst_arcly_rtmp_server_release(). */
GstArclyRtmpServer *gst_arcly_rtmp_server_acquire (
    GstArclyEngine *engine, const gchar *host, guint port, GError **error);
/* The same for RTMPS, with @files; for RTMP, with NULL. The files are read when
 * the server is made, and when they have changed. GST_ARCLY_ERROR_IN_USE too if
 * the port speaks otherwise, or has other files; errors of
 * gst_arcly_rtmp_tls_new(). */
GstArclyRtmpServer *gst_arcly_rtmp_server_acquire_tls (GstArclyEngine *engine,
    const gchar *host, guint port, const GstArclyRtmpTlsFiles *files,
    GError **error);
void gst_arcly_rtmp_server_release (
    GstArclyEngine *engine, GstArclyRtmpServer *server);

/* Bound port. Any thread. */
guint gst_arcly_rtmp_server_get_port (GstArclyRtmpServer *server);

/* Any thread but the loop's. @path "app/stream"; GST_ARCLY_ERROR_IN_USE if the
 * server has a route of that path. @timeout: ns without media after which a
 * publisher's connection is closed; 0 = never. A connection must begin to
 * publish within its setup_timeout, or the smallest @timeout of the server's
 * routes. */
GstArclyRtmpRoute *gst_arcly_rtmp_server_add_route (GstArclyRtmpServer *server,
    const gchar *path, GstClockTime timeout,
    const GstArclyRtmpRouteFuncs *funcs, gpointer data, GError **error);

/* Ends a publisher of the route with a status, and returns when none of its
 * functions runs or will run again; end() is not called for it. Consumes
 * @route. Any thread but the loop's. */
void gst_arcly_rtmp_server_remove_route (
    GstArclyRtmpServer *server, GstArclyRtmpRoute *route);

/* Until then the route has the defaults, and nobody takes over. Of limits the
 * strictest of the server's routes count, where they are not the default, for
 * connections that come from then on. Any thread. */
void gst_arcly_rtmp_route_set_limits (
    GstArclyRtmpRoute *route, const GstArclyRtmpServerLimits *limits);
void gst_arcly_rtmp_route_set_take_over (
    GstArclyRtmpRoute *route, GstArclyRtmpTakeOver take_over);

/* Who asks to play @path is @funcs' from now on; the rest as with add_route().
 * A path may have both a publisher's and a players' route. */
GstArclyRtmpPlayRoute *gst_arcly_rtmp_server_add_play_route (
    GstArclyRtmpServer *server, const gchar *path,
    const GstArclyRtmpPlayRouteFuncs *funcs, gpointer data, GError **error);
/* Returns when none of its functions runs or will run again. Consumes @route.
 * Any thread but the loop's. */
void gst_arcly_rtmp_server_remove_play_route (
    GstArclyRtmpServer *server, GstArclyRtmpPlayRoute *route);

void gst_arcly_rtmp_play_route_set_limits (
    GstArclyRtmpPlayRoute *route, const GstArclyRtmpServerLimits *limits);

/* Loops for players, one a processor, made at the first call and the server's
 * own: (transfer container) (element-type GstArclyRtmpLoop). Any thread. */
GPtrArray *gst_arcly_rtmp_server_get_workers (
    GstArclyRtmpServer *server, GError **error);

/* Read on. Any thread. */
void gst_arcly_rtmp_route_resume (GstArclyRtmpRoute *route);

/* Tells the present publisher @code, of level error unless that ends in
 * ".Success", and closes its connection; end() follows, and hears of an error
 * likewise. Does nothing if it is gone before the loop gets there. Any thread.
 */
void gst_arcly_rtmp_route_kick (
    GstArclyRtmpRoute *route, const gchar *code, const gchar *description);

G_END_DECLS
