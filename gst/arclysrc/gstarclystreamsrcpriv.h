/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of arclystreamsrc only. */
#pragma once

#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>
#include <gst/arcly/kernel/gstarclystream.h>
#include <gst/arcly/kernel/gstarclysubscription.h>

#include "gstarclystreamsrc.h"

G_BEGIN_DECLS

/* What the running times of the publisher's pipeline are in ours. */
typedef struct {
  gboolean valid;
  gboolean exact;         /* from the clocks; else from an arrival */
  GstClockTimeDiff delta; /* ours minus theirs, ns */
  GstClockTimeDiff shift; /* the part of it that delays, see "live-edge" */
  guint serial;           /* changes with delta */
  guint breaks;           /* changes when running time would go back */

  /* What delta was made of. The clocks are compared, never used. */
  gpointer their_clock, our_clock;
  GstClockTime their_base, our_base;
  gint64 checked; /* monotonic us */
} GstArclyStreamSrcMap;

#define GST_TYPE_ARCLY_STREAM_SRC_TRACK (gst_arcly_stream_src_track_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyStreamSrcTrack, gst_arcly_stream_src_track, GST,
    ARCLY_STREAM_SRC_TRACK, GObject)

/* A track of the stream and our pad for it, over all connections from PAUSED
 * to READY. */
struct _GstArclyStreamSrcTrack {
  GObject parent;

  /* Constant. */
  guint number;

  /* The element's join_lock. */
  GstArclySubscription *sub; /* owned, nullable */
  gboolean settled;          /* has a pad, or will never have one */
  gboolean awaited;          /* the others begin when it is settled */

  /* lock. One delivery at a time: that of an old connection may still be
   * blocked when a new one begins. */
  GMutex lock;
  GCond changed;
  gboolean busy;
  gboolean closed; /* drops what comes, for ever */

  /* Who made it busy. */
  GstPad *pad;      /* owned by the element, nullable */
  GPtrArray *early; /* (element-type GstEvent), before there is a pad */
  GstSegment theirs, ours;
  guint serial, breaks; /* of the map that made ours */
  gboolean segment_due;
  gboolean discont;
  gboolean need_key;
  gboolean catch_up;     /* drops what is older than "last" */
  GstClockTimeDiff last; /* newest running time that was pushed */
  gboolean last_valid;
  gboolean video;
  gboolean ignored;
  GstFlowReturn flow;
};

struct _GstArclyStreamSrc {
  GstElement parent;

  /* Settings. Object lock. Copy out, unlock, then act. */
  gchar *location;
  GstClockTime timeout;
  GstArclyLag bounds;
  gboolean evict;
  gboolean live_edge;

  /* Set on the way to READY, constant until NULL. */
  GstArclyEngine *engine;
  GstArclyDispatcher *dispatcher;
  gulong registry_handler;

  /* join_lock. Order: this, then an object lock or the kernel's locks. Not
   * held across a push, a signal or a message. */
  GMutex join_lock;
  GCond settled; /* a track is awaited no more */
  gchar *name;   /* of the stream; set from READY on */
  gboolean playing;
  gboolean ended; /* EOS was sent to us */
  gboolean no_more_pads;
  GstArclyStream *stream; /* owned, nullable: the one we are connected to */
  GstElement *publisher;  /* owned, nullable: the bus of that stream */
  gulong pad_handler;
  GstArclyGroup *group;
  GPtrArray *tracks; /* (element-type GstArclyStreamSrcTrack), owned */
  GstClockID waiting;
  guint64 connections;
  GstArclySubscriptionStats before; /* of the connections that ended */
  guint64 resyncs_before;

  /* map_lock. A leaf but for object locks. */
  GMutex map_lock;
  GstArclyStreamSrcMap map;
};

/* Joining and leaving */

/* Any thread. Connects or disconnects, by our state and who has the name. */
void gst_arcly_stream_src_update (GstArclyStreamSrc *self);

void gst_arcly_stream_src_set_playing (
    GstArclyStreamSrc *self, gboolean playing);

/* After the pads were deactivated: no delivery runs when it returns, and the
 * pads are gone. */
void gst_arcly_stream_src_close_tracks (GstArclyStreamSrc *self);

/* (transfer full) (nullable) */
GstElement *gst_arcly_stream_src_get_publisher (GstArclyStreamSrc *self);

gchar *gst_arcly_stream_src_dup_name (GstArclyStreamSrc *self);

/* EOS on all pads, in threads of their own; where there is none yet, on one
 * that is made for it, since nothing would end otherwise. */
void gst_arcly_stream_src_end (GstArclyStreamSrc *self, GstEvent *eos);

/* Deliveries */

GstArclyStreamSrcTrack *gst_arcly_stream_src_track_new (guint number);

/* FALSE: closed. */
gboolean gst_arcly_stream_src_track_claim (GstArclyStreamSrcTrack *track);

void gst_arcly_stream_src_track_release (GstArclyStreamSrcTrack *track);

/* Who has the claim, without a pad. */
void gst_arcly_stream_src_add_pad_for_end (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track);

/* A worker. */
void gst_arcly_stream_src_deliver (GstArclySubscription *sub,
    GstArclyItem *items, guint n_items, gpointer user_data);

/* A worker. The track has a pad, or will never have one. */
void gst_arcly_stream_src_settle (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track);

/* A worker, before the first buffer of a track: waits until those tracks have
 * pads that were there at the beginning. Who links them all then misses
 * nothing of any. */
void gst_arcly_stream_src_await_others (GstArclyStreamSrc *self);

/* The first number that is free for a pad of that kind and track. */
guint gst_arcly_stream_src_pad_index (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track, gboolean video);

/* Pads */

void gst_arcly_stream_src_setup_pad (GstPad *pad, guint track);

/* Time */

/* Forgets the mapping: the next buffer makes a new one. */
void gst_arcly_stream_src_unmap (GstArclyStreamSrc *self);

/* And what it was shifted by. */
void gst_arcly_stream_src_reset_map (GstArclyStreamSrc *self);

/* Looks whether the mapping still holds, and copies it. running_time is
 * theirs, of the entry that arrived then (monotonic, ns), or NONE. first: it
 * will be the first one of its pad. */
void gst_arcly_stream_src_map (GstArclyStreamSrc *self, GstClockTime arrival,
    GstClockTimeDiff running_time, gboolean first, GstArclyStreamSrcMap *map);

/* The segment with the mapping applied. */
void gst_arcly_stream_src_map_segment (const GstArclyStreamSrcMap *map,
    const GstSegment *theirs, GstSegment *ours);

G_END_DECLS
