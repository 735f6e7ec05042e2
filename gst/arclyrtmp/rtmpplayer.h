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

typedef enum {
  GST_ARCLY_RTMP_PLAYABLE_SOME, /* no less than before */
  GST_ARCLY_RTMP_PLAYABLE_LESS, /* a main track it cannot play; others it can */
  GST_ARCLY_RTMP_PLAYABLE_NONE, /* no track that has begun */
} GstArclyRtmpPlayable;

#define GST_ARCLY_RTMP_SEEK_COMMAND_SIZE 2

/* All: the lane's loop only. What each round looks at comes first, in two lines
 * of the cache: see gst_arcly_rtmp_player_prefetch(). */
struct _GstArclyRtmpPlayer {
  GstArclyLogCursor cursor; /* no block: not in the log */
  GstArclyRtmpPlayerState state;
  guint blocked : 1; /* waits for EPOLLOUT: it is full, or had its turn */
  guint dead : 1;    /* settle() frees it */
  guint talk : 1;    /* the session may have something to say */
  guint need_headers : 1;
  guint wait_key : 1;
  guint first_key : 1; /* it is not known yet that video begins with one */
  guint at_end : 1;
  guint no_audio : 1;
  guint no_video : 1;
  guint end_told : 1;
  guint seeking : 1;        /* what is before the grant is not to be shown */
  guint metadata_ahead : 1; /* the log may have metadata before its end */
  GstArclyRtmpChannel channel;
  guint32 stream_id;
  guint tracks_serial;
  /* Bits, by track. */
  guint32 skip;     /* unplayable, and those of a kind that it does not want */
  guint32 keyless;  /* of several videos: no keyframe came yet */
  guint32 alone;    /* sent without the track's number: GstArclyFlvForm */
  guint32 fine;     /* sent with nanoseconds; likewise */
  GByteArray *said; /* by the session, from said_sent on; nullable */
  GstBuffer *rest;  /* a message, sent up to rest_offset; nullable */
  GstArclyRtmpLane *lane;
  GstArclyRtmpWatch watch;

  guint32 unplayable;   /* tracks, for lack of a capability */
  guint index;          /* in lane->players */
  guint64 metadata_end; /* what is before that in the log was said */
  gsize said_sent;
  gsize rest_offset;
  GstArclyRtmpSession *session;
  gchar *peer;
  GstArclyRtmpTimer timer;
  GstArclyPosition grant; /* what is before is a replay, and no lag */
  /* (element-type GstArclyRtmpHeader) To be sent first; nullable. */
  GArray *headers;
};

/* The peer is gone or as good as: the player is freed soon. */
void gst_arcly_rtmp_player_lose (
    GstArclyRtmpPlayer *player, const gchar *reason, gboolean error);
/* A call of its socket failed. One that closes with media unread resets the
 * connection: that is how players leave, and no error. */
void gst_arcly_rtmp_player_lose_socket (
    GstArclyRtmpPlayer *player, gint saved_errno);

/* The log: rtmpplayerlog.c */

/* At the newest place to begin that is not before @newer_than. */
void gst_arcly_rtmp_player_begin (
    GstArclyRtmpPlayer *player, guint64 newer_than);
/* Who is there before the first message: keeps, and then takes, all of them. */
void gst_arcly_rtmp_player_pin_beginning (GstArclyRtmpPlayer *player);
void gst_arcly_rtmp_player_begin_at_pin (GstArclyRtmpPlayer *player);
void gst_arcly_rtmp_player_leave_log (GstArclyRtmpPlayer *player);
gboolean gst_arcly_rtmp_player_find_start (GstArclyRtmpPlayer *player);
/* To the next message that the player wants; NULL: there is none yet, or, while
 * it seeks, none before the grant. */
const GstArclyEntry *gst_arcly_rtmp_player_peek (GstArclyRtmpPlayer *player);
gboolean gst_arcly_rtmp_player_is_past_seek (
    const GstArclyRtmpPlayer *player, const GstArclyLogCursor *cursor);
/* FALSE: it has all there is. */
gboolean gst_arcly_rtmp_player_get_lag (
    GstArclyRtmpPlayer *player, GstArclyRtmpPlayerNote *lag);

/* Tracks: rtmpplayertracks.c */

/* After "no_audio" or "no_video" changed. */
void gst_arcly_rtmp_player_update_skip (GstArclyRtmpPlayer *player);
/* What the player can play of what is there now, against what it could before.
 * @why: (out) (transfer full): with LESS and NONE, for its user. @since: (out):
 * where what it could not play and now can begins; 0: there is none. */
GstArclyRtmpPlayable gst_arcly_rtmp_player_check_tracks (
    GstArclyRtmpPlayer *player, gchar **why, guint64 *since);
/* Nothing has changed since. Asked after the log is read, it is true of what
 * was read. */
gboolean gst_arcly_rtmp_player_knows_tracks (const GstArclyRtmpPlayer *player);
/* Those that it gets; room for GST_ARCLY_RTMP_N_TRACKS. Returns how many. */
guint gst_arcly_rtmp_player_get_start_tracks (
    const GstArclyRtmpPlayer *player, GstArclyStartTrack *tracks);
/* "keyless" for one that begins: of several videos only one has its keyframe
 * there. */
guint32 gst_arcly_rtmp_player_get_keyless (
    const GstArclyStartTrack *tracks, guint n_tracks);
/* The body of a command to start, or end, a seek of the client, in the form of
 * its first video; room for GST_ARCLY_RTMP_SEEK_COMMAND_SIZE bytes. */
void gst_arcly_rtmp_player_write_seek (
    const GstArclyRtmpPlayer *player, gboolean end, guint8 *body);
/* @entry: at @cursor. @keyless: the player's, or a copy for who looks ahead. */
gboolean gst_arcly_rtmp_player_wants (const GstArclyRtmpPlayer *player,
    const GstArclyLogCursor *cursor, const GstArclyEntry *entry,
    guint32 *keyless);
/* Bits of GstArclyFlvForm. */
guint gst_arcly_rtmp_player_get_form (
    const GstArclyRtmpPlayer *player, guint track);
/* (transfer none) What it gets of a message that it wants. */
GstBuffer *gst_arcly_rtmp_player_get_message (
    const GstArclyRtmpPlayer *player, const GstArclyEntry *entry);

/* Sending: rtmpplayersend.c */

/* To be filled with whole messages. */
GByteArray *gst_arcly_rtmp_player_get_said (GstArclyRtmpPlayer *player);
/* What the session has to say is to be sent from now on. The player is lost if
 * that is too much. */
void gst_arcly_rtmp_player_take_output (GstArclyRtmpPlayer *player);
gboolean gst_arcly_rtmp_player_send (GstArclyRtmpPlayer *player);
/* The socket takes more. */
void gst_arcly_rtmp_player_unblock (GstArclyRtmpPlayer *player);

G_END_DECLS
