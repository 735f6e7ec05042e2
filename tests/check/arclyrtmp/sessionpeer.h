/* SPDX-License-Identifier: MIT
 *
 * A session and its client in one process, for tests of the session. */
#pragma once

#include "rtmpclient.h"
#include "rtmpsession.h"

G_BEGIN_DECLS

/* A session, its client, and what the session said in words: one line an event,
 * which tests compare. */
typedef struct {
  GstArclyRtmpSession *session;
  RtmpClient *client;
  GString *log;
  GstArclyRtmpEvent *last; /* the last event that is no warning */
  GError *error;
  gboolean undecided; /* leave decisions to the test */
} SessionPeer;

/* @limits may be NULL. */
SessionPeer *session_peer_new_full (const GstArclyRtmpLimits *limits);
SessionPeer *session_peer_new (void);
/* "live/cam" is published on stream 1; log and replies are empty. */
SessionPeer *session_peer_new_publishing (void);
void session_peer_free (SessionPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SessionPeer, session_peer_free)

/* Runs the session until it wants more, and gives its output to the client. */
void session_peer_run (SessionPeer *peer);
/* Feeds an exact copy, and runs. */
void session_peer_feed (SessionPeer *peer, const guint8 *data, gsize size);
/* Feeds what the client has encoded, and runs. */
void session_peer_flush (SessionPeer *peer);

/* Skips the client's replies up to a command @name and looks at that. */
void session_peer_assert_status (SessionPeer *peer, const gchar *name,
    const gchar *level, const gchar *code, guint32 stream_id);

G_END_DECLS
