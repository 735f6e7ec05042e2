/* SPDX-License-Identifier: MIT
 *
 * One client: a socket, its session, what is not sent yet, and how long it may
 * be silent. Belongs to the loop's thread, like all that is called here. */
#pragma once

#include <gst/gst.h>
#include "rtmpchannel.h"
#include "rtmploop.h"
#include "rtmp/rtmpsession.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpConnection GstArclyRtmpConnection;

typedef struct {
  /* Owns the event, and decides what it asks at once. May pause() or end() the
   * connection. */
  void (*event) (gpointer data, GstArclyRtmpEvent *event);
  /* No event follows. Once, unless the connection is freed before. @error if
   * the peer neither left by itself nor was sent away by end(). */
  void (*ended) (gpointer data, const gchar *reason, gboolean error);
  /* All is sent, or cannot be. After ended(), and only here or outside of our
   * functions may the connection be freed. */
  void (*closed) (gpointer data);
  /* After leave(): steal() and free the connection. */
  void (*left) (gpointer data);
} GstArclyRtmpConnectionFuncs;

/* Steals @channel, also when it fails. @shakes: (nullable): where TLS shakes
 * hands; without, in @loop. @limits and @random as for
 * gst_arcly_rtmp_session_new(). */
GstArclyRtmpConnection *gst_arcly_rtmp_connection_new (GstArclyRtmpLoop *loop,
    GstArclyRtmpLoop *shakes, GstArclyRtmpChannel *channel,
    const GstArclyRtmpLimits *limits, const guint8 *random,
    const GstArclyRtmpConnectionFuncs *funcs, gpointer data, GError **error);
/* Closes at once and calls nobody. */
void gst_arcly_rtmp_connection_free (GstArclyRtmpConnection *connection);

/* Decide on it within event(), or call flush() afterwards. */
GstArclyRtmpSession *gst_arcly_rtmp_connection_get_session (
    GstArclyRtmpConnection *connection);

/* Sends what the session has to say. Outside event(). */
void gst_arcly_rtmp_connection_flush (GstArclyRtmpConnection *connection);

/* From now on, end() after @timeout ns without a touch(); 0: never. */
void gst_arcly_rtmp_connection_set_timeout (
    GstArclyRtmpConnection *connection, GstClockTime timeout);
void gst_arcly_rtmp_connection_touch (GstArclyRtmpConnection *connection);

/* No event and no reading until resume(), which may give events at once. The
 * timeout rests meanwhile: the silence is ours. */
void gst_arcly_rtmp_connection_pause (GstArclyRtmpConnection *connection);
void gst_arcly_rtmp_connection_resume (GstArclyRtmpConnection *connection);
/* The same, but gives @event first: one that event() put by, with pause(). */
void gst_arcly_rtmp_connection_resume_with (
    GstArclyRtmpConnection *connection, GstArclyRtmpEvent *event);

/* Sends what the session still has to say, then closes. Calls ended(), and
 * outside event() perhaps closed(), before it returns. */
void gst_arcly_rtmp_connection_end (
    GstArclyRtmpConnection *connection, const gchar *reason, gboolean error);

/* Within event(): somebody else shall have the channel and the session. No
 * event follows, and left() is called at once. */
void gst_arcly_rtmp_connection_leave (GstArclyRtmpConnection *connection);
/* Within left(). @unsent: (nullable): to be sent before what the session says;
 * all are the caller's then. */
void gst_arcly_rtmp_connection_steal (GstArclyRtmpConnection *connection,
    GstArclyRtmpChannel *channel, GstArclyRtmpSession **session,
    GBytes **unsent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyRtmpConnection, gst_arcly_rtmp_connection_free)

G_END_DECLS
