/* SPDX-License-Identifier: MIT
 *
 * One stream on its way to its players. Each message is encoded once, chunk
 * headers and all, and kept in the kernel's log; every player sends those very
 * bytes from there. Publishers' side: any thread, one at a time a track.
 * Players belong to lanes, one a worker loop; see rtmplane.h. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpsession.h"
#include "rtmpchannel.h"
#include "rtmploop.h"
#include "rtmptimeline.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpFeed GstArclyRtmpFeed;

/* Tracks of the log are those of rtmptimeline.h, and one of data messages. */
#define GST_ARCLY_RTMP_FEED_DATA GST_ARCLY_RTMP_N_TRACKS

/* Durations in ns. */
typedef struct {
  guint max_clients;          /* 0: no bound */
  GstClockTime max_lag_time;  /* 0: no bound */
  guint64 max_lag_bytes;      /* 0: no bound */
  gboolean evict;             /* past them; else resynchronised */
  gboolean replay;            /* newcomers begin at the cached keyframe */
  gboolean decode_only;       /* and are told not to show what is past */
  GstClockTime wait_timeout;  /* for a publisher; 0: for ever */
  GstClockTime send_interval; /* least time between sends; 0: each frame */
} GstArclyRtmpFeedSettings;

/* A connection on its way from the server's loop to a player's. */
typedef struct {
  GstArclyRtmpChannel channel;  /* owned */
  GstArclyRtmpSession *session; /* owned; its play awaits a decision */
  GBytes *unsent; /* owned, nullable: before the session's output */
  gchar *peer;
  guint32 stream_id;
} GstArclyRtmpHandoff;

typedef enum {
  GST_ARCLY_RTMP_PLAYER_STARTED,
  GST_ARCLY_RTMP_PLAYER_ENDED,
  GST_ARCLY_RTMP_PLAYER_LAGGED, /* resynchronised */
  GST_ARCLY_RTMP_PLAYER_EVICTED,
} GstArclyRtmpPlayerNews;

/* What happened to one player. */
typedef struct {
  GstArclyRtmpPlayerNews news;
  const gchar *peer;
  const gchar *reason;   /* ENDED */
  gboolean error;        /* ENDED: it did not leave in order */
  GstClockTime lag_time; /* LAGGED, EVICTED */
  guint64 lag_bytes;
  guint64 send_buffer; /* of which in the kernel */
} GstArclyRtmpPlayerNote;

/* In a worker's thread, with no lock held; must not block. */
typedef struct {
  void (*note) (gpointer data, const GstArclyRtmpPlayerNote *note);
  /* After end(): the last player is gone. */
  void (*drained) (gpointer data);
} GstArclyRtmpFeedFuncs;

typedef struct {
  guint64 clients; /* at the moment, those who wait among them */
  guint64 players; /* who ever came */
  guint64 refused;
  guint64 resyncs;
  guint64 evicted;
  guint64 messages; /* encoded */
  guint64 bytes_in; /* of them */
  guint64 bytes_out;
  guint64 sends; /* system calls that sent them */
} GstArclyRtmpFeedStats;

/* @workers: (element-type GstArclyRtmpLoop), each outlives the feed. */
GstArclyRtmpFeed *gst_arcly_rtmp_feed_new (const gchar *path,
    GPtrArray *workers, const GstArclyRtmpFeedSettings *settings,
    const GstArclyRtmpFeedFuncs *funcs, gpointer data);
/* Tells all players that the stream ended, and closes them at once. No function
 * of the feed runs afterwards. Not in a worker's thread, with no publisher. */
void gst_arcly_rtmp_feed_free (GstArclyRtmpFeed *feed);

/* Any thread. */
void gst_arcly_rtmp_feed_set_settings (
    GstArclyRtmpFeed *feed, const GstArclyRtmpFeedSettings *settings);
void gst_arcly_rtmp_feed_get_stats (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedStats *stats);

/* Publishers. @timestamp: RTMP's, in ms; @time: the same in ns and not wrapped.
 * Bodies are those of messages (tag header and data). */

/* A track begins with, or changes to, these messages, which each player must
 * have before its frames: a sequence header and the colour, both nullable. To
 * be followed by a frame of that @timestamp. @fourcc: the codec's. */
void gst_arcly_rtmp_feed_push_header (GstArclyRtmpFeed *feed, guint track,
    guint32 fourcc, guint32 timestamp, GBytes *header, GBytes *color);
/* @nanoseconds: by how much it is shown later than its milliseconds say, for
 * players that take that. @urgent: to be sent at once; else it may wait for the
 * next that is. */
void gst_arcly_rtmp_feed_push (GstArclyRtmpFeed *feed, guint track,
    guint32 timestamp, GstClockTime time, guint32 nanoseconds,
    const guint8 *header, gsize header_size, const guint8 *data, gsize size,
    gboolean key, gboolean urgent);
/* onMetaData, always of time 0: with another ffmpeg takes it for subtitles. The
 * first lets players in: all tracks are known now. */
void gst_arcly_rtmp_feed_push_metadata (GstArclyRtmpFeed *feed, GBytes *body);
/* What is cached of the track counts no more. */
void gst_arcly_rtmp_feed_flush (GstArclyRtmpFeed *feed, guint track);
/* The track ended; others may go on. */
void gst_arcly_rtmp_feed_end_track (GstArclyRtmpFeed *feed, guint track);
/* All tracks ended. Players get what is there, and then the end. */
void gst_arcly_rtmp_feed_end (GstArclyRtmpFeed *feed);
/* And begin again. */
void gst_arcly_rtmp_feed_restart (GstArclyRtmpFeed *feed);

/* For the server, in its loop. FALSE: @reason (transfer full) for the client's
 * user. After TRUE the client counts, and join() must follow. */
gboolean gst_arcly_rtmp_feed_admit (GstArclyRtmpFeed *feed, gchar **reason);
/* Counts one that was refused elsewhere. */
void gst_arcly_rtmp_feed_refuse (GstArclyRtmpFeed *feed);
/* Takes @handoff. */
void gst_arcly_rtmp_feed_join (
    GstArclyRtmpFeed *feed, GstArclyRtmpHandoff *handoff);

void gst_arcly_rtmp_handoff_free (GstArclyRtmpHandoff *handoff);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpHandoff, gst_arcly_rtmp_handoff_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpFeed, gst_arcly_rtmp_feed_free)

G_END_DECLS
