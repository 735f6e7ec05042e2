/* SPDX-License-Identifier: MIT
 *
 * Listening sockets of one host and port. A host with several addresses (as
 * "localhost" may have) gets a socket for each. */
#pragma once

#include "rtmploop.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpListener GstArclyRtmpListener;

/* Loop thread. The function owns @fd: a connected socket that does not block,
 * with TCP_NODELAY and keepalive. @peer is "ip:port". */
typedef void (*GstArclyRtmpAcceptFunc) (
    gpointer data, gint fd, const gchar *peer);
/* Loop thread. The system has no file descriptor or memory for a connection;
 * accepting pauses for a moment. Once for each such time. */
typedef void (*GstArclyRtmpExhaustedFunc) (gpointer data, const gchar *reason);

/* Binds and listens; accepts nothing yet. May wait for a name server. Any
 * thread. */
GstArclyRtmpListener *gst_arcly_rtmp_listener_new (
    const gchar *host, guint port, GError **error);
/* Closes the sockets. Not while started. */
void gst_arcly_rtmp_listener_free (GstArclyRtmpListener *listener);

/* The bound port. Any thread. */
guint gst_arcly_rtmp_listener_get_port (GstArclyRtmpListener *listener);

/* Loop thread only. stop() also undoes a start() that failed. */
gboolean gst_arcly_rtmp_listener_start (GstArclyRtmpListener *listener,
    GstArclyRtmpLoop *loop, GstArclyRtmpAcceptFunc accepted,
    GstArclyRtmpExhaustedFunc exhausted, gpointer data, GError **error);
void gst_arcly_rtmp_listener_stop (GstArclyRtmpListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyRtmpListener, gst_arcly_rtmp_listener_free)

G_END_DECLS
