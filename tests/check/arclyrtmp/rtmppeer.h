/* SPDX-License-Identifier: MIT
 *
 * A publisher for tests: a blocking socket that says what encoders say, and
 * what they should not. Every wait ends after ten seconds, as a failure. */
#pragma once

#include <glib.h>

#include "rtmp/rtmpchunk.h"

typedef struct _RtmpPeer RtmpPeer;

/* Connected to 127.0.0.1:@port; nothing is sent yet. */
RtmpPeer *rtmp_peer_new (guint port);
/* The same, or NULL if nobody listens. */
RtmpPeer *rtmp_peer_try (guint port);
/* free() closes the socket, reset() aborts the connection first. */
void rtmp_peer_free (RtmpPeer *peer);
void rtmp_peer_reset (RtmpPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtmpPeer, rtmp_peer_free)

gint rtmp_peer_get_fd (RtmpPeer *peer);
/* "ip:port" of our side, as a server should name it. */
gchar *rtmp_peer_get_name (RtmpPeer *peer);

/* FALSE if the other side has closed. */
gboolean rtmp_peer_send (RtmpPeer *peer, gconstpointer data, gsize size);

gboolean rtmp_peer_handshake (RtmpPeer *peer);
/* connect, createStream; then the command, on stream 1. */
void rtmp_peer_connect (RtmpPeer *peer, const gchar *app);
/* The same of a client of enhanced RTMP: @fourccs, separated by commas, and the
 * bits of capsEx. */
void rtmp_peer_connect_enhanced (
    RtmpPeer *peer, const gchar *app, const gchar *fourccs, guint caps_ex);
void rtmp_peer_command (
    RtmpPeer *peer, const gchar *command, guint32 stream_id, const gchar *name);
/* All of it: asks to publish "app/name". */
void rtmp_peer_ask (RtmpPeer *peer, const gchar *app, const gchar *name);
/* And expects to be allowed to. */
RtmpPeer *rtmp_peer_publish (guint port, const gchar *app, const gchar *name);

/* deleteStream */
void rtmp_peer_unpublish (RtmpPeer *peer);

/* A video message, all bytes 0x17. */
GBytes *rtmp_peer_make_video (guint32 timestamp, gsize size);
gboolean rtmp_peer_send_video (RtmpPeer *peer, guint32 timestamp, gsize size);

/* Any message of the publication, on a chunk stream of its type's own. */
gboolean rtmp_peer_send_message (RtmpPeer *peer, guint8 type, guint32 timestamp,
    gconstpointer data, gsize size);

/* The next message, into an empty one; FALSE if the other side has closed. */
gboolean rtmp_peer_read (RtmpPeer *peer, GstArclyRtmpMessage *message);
/* Reads up to the next onStatus. "code: description", or NULL if the other side
 * closed before. */
gchar *rtmp_peer_wait_status (RtmpPeer *peer);
/* Reads up to the next acknowledgement, which must come. */
guint32 rtmp_peer_wait_acknowledgement (RtmpPeer *peer);

/* Reads up to the end of the connection; TRUE also if it was reset. */
gboolean rtmp_peer_wait_closed (RtmpPeer *peer);
