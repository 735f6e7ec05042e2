/* SPDX-License-Identifier: MIT
 *
 * The element, for its files only: gstarclyrtmpsrc.c is what applications and
 * the pipeline see, gstarclyrtmpsrclisten.c gets it a port,
 * gstarclyrtmpsrcroute.c runs in the server's loop, gstarclyrtmpsrcstream.c in
 * the streaming thread. */
#pragma once

#include <stdatomic.h>

#include <gst/base/gstflowcombiner.h>

#include "gstarclyrtmpport.h"
#include "gstarclyrtmpsrc.h"
#include "rtmpdemux.h"
#include "rtmpqueue.h"
#include "rtmptimeline.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_rtmp_src_debug);

/* A track of the element; it outlives the publishers. */
typedef struct {
  GstPad *pad;   /* owned */
  GstCaps *caps; /* as sent */
  gboolean segment_sent;
  gboolean discont;
} GstArclyRtmpSrcTrack;

typedef struct {
  _Atomic guint64 sessions;
  _Atomic guint64 refused;
  _Atomic guint64 messages;
  _Atomic guint64 bytes;
  _Atomic guint64 frames[GST_ARCLY_RTMP_N_KINDS];
  _Atomic guint64 dropped;
  _Atomic guint64 ignored;
  _Atomic guint64 discontinuities;
} GstArclyRtmpSrcCounters;

struct _GstArclyRtmpSrc {
  GstElement parent;

  /* Constant. */
  GstArclyRtmpQueue *queue;
  GstTask *task;

  /* Held by the streaming thread while it runs; others take it to wait until
   * it does not. */
  GRecMutex task_lock;

  GstArclyRtmpPort port; /* says itself what guards it */

  /* Set on the way to PAUSED, constant until READY. */
  GstArclyRtmpRoute *route;
  gchar *stream_id;
  guint group_id;

  /* Settings. Object lock. Copy out, unlock, then act. */
  GstClockTime timeout;
  GstArclyRtmpOnUnpublish on_unpublish;
  GstClockTime reconnect_window;
  GstArclyRtmpTakeOver take_over;

  /* Object lock. The present publisher, NULL if there is none. Written by the
   * loop and on the way to READY. */
  gchar *peer;

  /* Loop thread only. How long to wait for a publisher to come back. */
  GstClockTime window;

  /* Streaming thread; while it does not run, who changes the state. */
  GstArclyRtmpDemux *demux; /* NULL: no publisher */
  gchar *session_peer;
  gchar *session_name;
  gboolean jump_told;
  GstArclyRtmpTimeline timeline;
  GstArclyRtmpSrcTrack tracks[GST_ARCLY_RTMP_N_TRACKS];
  GstFlowCombiner *combiner;
  gboolean no_more_pads;
  gboolean finished; /* EOS is sent */
  /* What the publishers before the present one left out. */
  guint64 dropped_before;
  guint64 ignored_before;

  /* Atomic. Written by any thread; the loop asks it before it lets a publisher
   * in. */
  _Atomic gboolean accepting;

  /* Atomic. Set before the pads are deactivated; the streaming thread reads it
   * after it added a pad, which is then deactivated by one or the other. */
  _Atomic gboolean stopping;

  /* Atomic, relaxed. Loop and streaming thread add; "stats" reads. */
  GstArclyRtmpSrcCounters counters;
};

/* On the way to PAUSED. FALSE: an error was posted, and nothing is held. */
gboolean gst_arcly_rtmp_src_listen (GstArclyRtmpSrc *self);
/* The way back; may be called without listen(). No function of the route runs
 * afterwards. */
void gst_arcly_rtmp_src_unlisten (GstArclyRtmpSrc *self);

/* The server's functions; data is the element. */
extern const GstArclyRtmpRouteFuncs gst_arcly_rtmp_src_route_funcs;

/* Function of the task; data is the element. */
void gst_arcly_rtmp_src_loop (gpointer data);

/* No publisher from now on; the present one is sent away. Any thread. */
void gst_arcly_rtmp_src_close (GstArclyRtmpSrc *self, const gchar *description);

/* All pads are gone and running time begins anew. The streaming thread must
 * not run. */
void gst_arcly_rtmp_src_reset_stream (GstArclyRtmpSrc *self);

/* Segments are to be sent again after a flush. The streaming thread must not
 * run. */
void gst_arcly_rtmp_src_flushed (GstArclyRtmpSrc *self, gboolean reset_time);

G_END_DECLS
