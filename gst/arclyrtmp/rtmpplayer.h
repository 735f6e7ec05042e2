/* SPDX-License-Identifier: MIT
 *
 * One player of a feed. Belongs to its lane's loop. */
#pragma once

#include "rtmpfeedpriv.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_RTMP_PLAYER_WAITING, /* for a publisher; its play is undecided */
  GST_ARCLY_RTMP_PLAYER_PLAYING,
  GST_ARCLY_RTMP_PLAYER_PAUSED,
  GST_ARCLY_RTMP_PLAYER_IDLE,      /* stopped; may play again */
  GST_ARCLY_RTMP_PLAYER_ENDING,    /* our last word is not sent yet */
  GST_ARCLY_RTMP_PLAYER_LINGERING, /* it is; waits for the peer to close */
} GstArclyRtmpPlayerState;

/* All: the lane's loop only. What each round looks at comes first. */
struct _GstArclyRtmpPlayer {
  GstArclyLogCursor cursor; /* no block: not in the log */
  GstArclyRtmpPlayerState state;
  gint fd;
  guint32 stream_id;
  guint blocked : 1; /* the kernel takes no more; waits for EPOLLOUT */
  guint dead : 1;    /* settle() frees it */
  guint talk : 1;    /* the session may have something to say */
  guint need_headers : 1;
  guint wait_key : 1;
  guint first_key : 1; /* it is not known yet that video begins with one */
  guint at_end : 1;
  guint no_audio : 1;
  guint no_video : 1;
  guint end_told : 1;
  guint index; /* in lane->players */

  GByteArray *said; /* by the session, from said_sent on; nullable */
  gsize said_sent;
  GstBuffer *rest; /* a message, sent up to rest_offset; nullable */
  gsize rest_offset;

  GstArclyRtmpLane *lane;
  GstArclyRtmpSession *session;
  gchar *peer;
  GstArclyRtmpWatch watch;
  GstArclyRtmpTimer timer;
  GstArclyPosition grant; /* what is before is a replay, and no lag */
  GstBuffer *headers[2];  /* bodies, by track; nullable */
};

G_END_DECLS
