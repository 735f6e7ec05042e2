/* SPDX-License-Identifier: MIT
 *
 * Shared by rtmpfeed.c (what is published), rtmplane.c (when it is sent) and
 * rtmpplayer.c (to whom). */
#pragma once

#include <stdatomic.h>
#include <sys/uio.h>

#include <gst/arcly/kernel/gstarclystream.h>

#include "rtmp/flvform.h"
#include "rtmpfeed.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_rtmp_server_debug);

/* The message stream that nearly all clients play on. What is in the log is
 * for it; others have four bytes of each message replaced. */
#define GST_ARCLY_RTMP_FEED_STREAM_ID 1
/* A chunk's basic and message header, RTMP 1.0, 5.3.1: where the id ends. */
#define GST_ARCLY_RTMP_FEED_HEADER 12

/* Messages, and about as many bytes, that go to the kernel in one call. */
#define GST_ARCLY_RTMP_BATCH_MESSAGES 64
#define GST_ARCLY_RTMP_BATCH_BYTES (256 * 1024)

/* How soon players are to be looked at. */
typedef enum {
  GST_ARCLY_RTMP_WAKE_NOT,
  GST_ARCLY_RTMP_WAKE_SOON,    /* audio, which may go with a frame */
  GST_ARCLY_RTMP_WAKE_FRAME,   /* no sooner than send-interval allows */
  GST_ARCLY_RTMP_WAKE_AT_ONCE, /* the stream begins or ends */
} GstArclyRtmpWake;

typedef struct _GstArclyRtmpLane GstArclyRtmpLane;
typedef struct _GstArclyRtmpPlayer GstArclyRtmpPlayer;

typedef struct {
  _Atomic guint64 players;
  _Atomic guint64 refused;
  _Atomic guint64 resyncs;
  _Atomic guint64 evicted;
  _Atomic guint64 messages;
  _Atomic guint64 bytes_in;
} GstArclyRtmpFeedCounters;

/* What is known of the tracks; data is not among them. */
typedef struct {
  guint32 known; /* bit t: track t has begun */
  struct {
    guint32 fourcc;
    guint64 since; /* place in the log */
  } tracks[GST_ARCLY_RTMP_N_TRACKS];
} GstArclyRtmpFeedTracks;

/* A message that a player must have before frames of a track. */
typedef struct {
  guint track;
  GstBuffer *body; /* owned */
} GstArclyRtmpHeader;

struct _GstArclyRtmpFeed {
  /* Constant. */
  gchar *path;
  GstArclyStream *stream; /* has its own lock */
  /* (element-type GstArclyRtmpLane), owned. Each feed begins with another
   * loop. */
  GPtrArray *lanes;
  GstArclyRtmpFeedFuncs funcs;
  gpointer data;

  GMutex lock;
  /* lock. */
  GstArclyRtmpFeedSettings settings;
  GBytes *metadata;     /* body of the newest; NULL: none yet */
  guint64 metadata_end; /* place in the log behind it */
  GstArclyRtmpFeedTracks tracks;
  guint n_clients;
  gboolean ended;
  gboolean drained; /* and said so */

  /* Atomic. Written by publishers under the lock; players ask. Orders nothing
   * else: what they read then is the log's or the lock's. */
  _Atomic gboolean is_ready;
  _Atomic gboolean is_ended;
  /* Changes with "tracks". */
  _Atomic guint tracks_serial;

  /* Atomic, relaxed, ns. What a send took of late. Lanes write; who looks for
   * a lane for a newcomer reads. */
  _Atomic guint send_cost;

  /* After "lock". What players keep with messages: rtmpforms.c. */
  GMutex forms_lock;

  /* Atomic, relaxed. Publishers and players add; "stats" reads. */
  GstArclyRtmpFeedCounters counters;
};

/* Entries of the log from one place on, as one system call takes them. */
typedef struct {
  GstArclyLogCursor begin; /* no block: empty */
  GstArclyLogCursor end;
  struct iovec iov[GST_ARCLY_RTMP_BATCH_MESSAGES];
  guint n;
  gsize bytes;
  gboolean open; /* it is all there was, and has room for what comes */
} GstArclyRtmpBatch;

/* The players of one feed in one loop. The loop's thread only, but for what is
 * atomic. */
struct _GstArclyRtmpLane {
  /* Atomic. The feed, and whatever is posted. */
  gatomicrefcount refs;

  /* Constant. */
  GstArclyRtmpLoop *loop;
  GstArclyRtmpFeed *feed; /* not to be touched once closed */

  /* Atomic, a GstArclyRtmpWake. Publishers raise it after they appended; a
   * round takes it before it reads the log. */
  _Atomic gint wanted;

  /* Atomic, a GstArclyRtmpWake. A timer runs that is soon enough for it. The
   * loop's thread writes; publishers read it after they raised "wanted", and
   * the loop takes it back before it looks at "wanted". */
  _Atomic gint armed;

  /* Atomic. Those on their way among them: without any, nobody wakes it. */
  _Atomic guint n_players;

  /* Atomic, relaxed. The loop's thread writes; "stats" reads. A lane has its
   * own, or each send would fight for the counters of another. */
  _Atomic guint64 bytes_out;
  _Atomic guint64 sends;

  gboolean closed;
  GPtrArray *players; /* (element-type GstArclyRtmpPlayer), owned */
  guint next;         /* of the round that runs; 0: none runs */
  gboolean again;     /* and another is wanted after it */
  gint64 last_round;  /* monotonic, us */
  GstArclyRtmpTimer timer;
  GstArclyRtmpTimer end_timer;
  GstArclyRtmpFeedSettings settings; /* as of this round */
  GstArclyRtmpBatch batch;           /* what the most players have next */
};

/* Feed */

void gst_arcly_rtmp_feed_gone (GstArclyRtmpFeed *feed);
/* (transfer full) (nullable) @end: (out): the log has none before it that is
 * newer. */
GBytes *gst_arcly_rtmp_feed_get_metadata (GstArclyRtmpFeed *feed, guint64 *end);
/* A message as the log has it, exactly as long: it stays for as long as it is
 * cached. */
GstBuffer *gst_arcly_rtmp_feed_encode (guint track, guint32 timestamp,
    const guint8 *header, gsize header_size, const guint8 *data, gsize size);
void gst_arcly_rtmp_feed_get_settings (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedSettings *settings);
/* The serial first: what changes meanwhile is seen again. */
guint gst_arcly_rtmp_feed_get_tracks (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedTracks *tracks);
/* RTMP's number of a track's chunk stream and message type. */
guint32 gst_arcly_rtmp_feed_chunk_stream (guint track);
guint8 gst_arcly_rtmp_feed_message_type (guint track);
/* Appends what a caps event of @track holds to @headers (element-type
 * GstArclyRtmpHeader). */
void gst_arcly_rtmp_feed_get_headers (
    GstEvent *caps, guint track, GArray *headers);

/* Forms: rtmpforms.c */

GstArclyFlvExKind gst_arcly_rtmp_track_flv_kind (guint track);
/* The timestamp of a message of the log. */
guint32 gst_arcly_rtmp_message_get_timestamp (GstBuffer *message);
/* A message of the log as players of that @form (bits of GstArclyFlvForm) get
 * it; empty if they get nothing of it. It lives as long as @message. */
GstBuffer *gst_arcly_rtmp_feed_get_form (
    GstArclyRtmpFeed *feed, GstBuffer *message, guint track, guint form);

static inline void
gst_arcly_rtmp_count (_Atomic guint64 *counter, guint64 n)
{
  atomic_fetch_add_explicit (counter, n, memory_order_relaxed);
}

/* The same where one thread writes. */
static inline void
gst_arcly_rtmp_count_alone (_Atomic guint64 *counter, guint64 n)
{
  atomic_store_explicit (counter,
      atomic_load_explicit (counter, memory_order_relaxed) + n,
      memory_order_relaxed);
}

/* Lanes */

GstArclyRtmpLane *gst_arcly_rtmp_lane_new (
    GstArclyRtmpFeed *feed, GstArclyRtmpLoop *loop);
void gst_arcly_rtmp_lane_unref (gpointer lane);
/* Any thread, after something was appended to the log. */
void gst_arcly_rtmp_lane_wake (GstArclyRtmpLane *lane, GstArclyRtmpWake level);
/* Any thread. Takes @handoff. */
void gst_arcly_rtmp_lane_join (
    GstArclyRtmpLane *lane, GstArclyRtmpHandoff *handoff);
/* Any thread: feed->funcs.drained() from the loop. */
void gst_arcly_rtmp_lane_tell_drained (GstArclyRtmpLane *lane);
/* Any thread but the loop's: waits until all players are gone. */
void gst_arcly_rtmp_lane_close (GstArclyRtmpLane *lane);
void gst_arcly_rtmp_lane_remove (
    GstArclyRtmpLane *lane, GstArclyRtmpPlayer *player);
/* What is in the log from @cursor on. Valid until the next call. */
const GstArclyRtmpBatch *gst_arcly_rtmp_lane_get_batch (
    GstArclyRtmpLane *lane, const GstArclyLogCursor *cursor);

/* Players. The lane's loop only. Both may free the player. */

/* Its place in lane->players. */
guint *gst_arcly_rtmp_player_index (GstArclyRtmpPlayer *player);
/* It is looked at soon. */
void gst_arcly_rtmp_player_prefetch (const GstArclyRtmpPlayer *player);
/* Takes @handoff; the player is in no list yet. */
GstArclyRtmpPlayer *gst_arcly_rtmp_player_new (
    GstArclyRtmpLane *lane, GstArclyRtmpHandoff *handoff);
/* Something may be there to be sent, or decided. */
void gst_arcly_rtmp_player_poll (GstArclyRtmpPlayer *player);
/* Says the end if it can be said at once, and frees the player. */
void gst_arcly_rtmp_player_close (
    GstArclyRtmpPlayer *player, const gchar *reason);

G_END_DECLS
