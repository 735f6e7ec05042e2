/* SPDX-License-Identifier: MIT
 *
 * The element, for its files only: gstarclyrtmpsink.c is what applications and
 * the pipeline see, gstarclyrtmpsinklisten.c gets it a port,
 * gstarclyrtmpsinkpad.c runs in the streaming threads, gstarclyrtmpsinkmeta.c
 * says there what is no audio or video. */
#pragma once

#include <stdatomic.h>

#include "gstarclyrtmpport.h"
#include "gstarclyrtmpsink.h"
#include "rtmpwriter.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_rtmp_sink_debug);

/* Data events whose copies, one from each pad, are recognized. */
#define GST_ARCLY_RTMP_SINK_RECENT 64

/* A pad and what becomes of its buffers. */
typedef struct {
  GstPad *pad; /* borrowed from the element; NULL: not requested */
  GstSegment segment;
  GstArclyRtmpWriter *writer; /* owned */
  GBytes *header;             /* of the newest caps; nullable */
  GBytes *color;              /* likewise */
  gboolean announce;          /* the next frame is the first of these */
  gboolean new_color;         /* the next keyframe is */
  GstTagList *tags;           /* nullable */
  gboolean eos;
  gint64 last; /* ms, of the newest frame */
} GstArclyRtmpSinkTrack;

struct _GstArclyRtmpSink {
  GstElement parent;

  GstArclyRtmpPort port; /* says itself what guards it */

  /* Set on the way to PAUSED, constant until READY. */
  GstArclyRtmpPlayRoute *route;

  /* Settings. Object lock. Copy out, unlock, then act. */
  GstArclyRtmpFeedSettings settings;

  /* Before the object lock. Held while a buffer is encoded and put into the
   * feed, which waits for nobody and calls nobody. */
  GMutex lock;
  /* lock. */
  GstArclyRtmpFeed *feed; /* NULL: below PAUSED */
  GstArclyRtmpSinkTrack tracks[GST_ARCLY_RTMP_N_TRACKS];
  gboolean describe;   /* onMetaData is due */
  GBytes *description; /* as given last: players are let in; nullable */
  guint32 recent[GST_ARCLY_RTMP_SINK_RECENT]; /* seqnums of data events */
  guint next_recent;
  gint64 first_buffer; /* monotonic time; 0: there was none */
  gboolean ended;
  guint32 eos_seqnum;
};

/* On the way to PAUSED. FALSE: an error was posted, and nothing is held. */
gboolean gst_arcly_rtmp_sink_listen (GstArclyRtmpSink *self);
/* The way back; may be called without listen(). Pads are not active. */
void gst_arcly_rtmp_sink_unlisten (GstArclyRtmpSink *self);

GstPad *gst_arcly_rtmp_sink_request_pad (GstElement *element,
    GstPadTemplate *template, const gchar *name, const GstCaps *caps);
void gst_arcly_rtmp_sink_release_pad (GstElement *element, GstPad *pad);
/* gstarclyrtmpsinkmeta.c. All need the lock and a feed. */

/* Gives onMetaData to the feed, unless a track may still have to say what it
 * is. */
void gst_arcly_rtmp_sink_describe_locked (GstArclyRtmpSink *self);
/* Takes what a tag event of the track says. */
void gst_arcly_rtmp_sink_tags_locked (
    GstArclyRtmpSink *self, GstArclyRtmpSinkTrack *track, GstEvent *event);
/* Gives the message of a data event to the feed. Others are ignored. */
void gst_arcly_rtmp_sink_data_locked (
    GstArclyRtmpSink *self, GstArclyRtmpSinkTrack *track, GstEvent *event);

/* As if nothing had come on it. Needs the lock, or the last reference. */
void gst_arcly_rtmp_sink_reset_track (GstArclyRtmpSinkTrack *track);

G_END_DECLS
