/* SPDX-License-Identifier: MIT
 *
 * What the files of arclytsmux share: the element's shell (gstarclytsmux.c),
 * what comes in (gstarclytsmuxinput.c), who waits for whom
 * (gstarclytsmuxcollect.c), and how a unit becomes a buffer
 * (gstarclytsmuxoutput.c). */
#pragma once

#include "gstarclytsmux.h"
#include "gstarclytsmuxpad.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_ts_mux_debug);
#define GST_CAT_DEFAULT gst_arcly_ts_mux_debug

struct _GstArclyTsMux {
  GstElement parent;

  /* Constant from init on. */
  GstPad *srcpad;

  /* Settings. Object lock. */
  GstClockTime pat_interval;
  GstClockTime pcr_interval;
  GstClockTime max_wait;

  /* Order: lock, then object lock. Never held over a push or a query. */
  GMutex lock;
  GCond cond;         /* something below changed */
  GPtrArray *pads;    /* (element-type GstArclyTsMuxPad), owned */
  GPtrArray *removed; /* (element-type GstArclyTsMuxPad), owned: their streams
                         are still in the writer */
  guint16 next_pid;
  guint next_index[2]; /* names of audio and video pads */
  gsize queued_bytes;
  gint64 start_dts;
  gint64 bound; /* how long a silent track is waited for, ns */
  gboolean live;
  gboolean pushing; /* one thread owns the fields below */
  gboolean running; /* PAUSED or PLAYING */
  gboolean stopping;
  gboolean eos_sent;
  guint n_flushing;
  guint64 progress; /* counts what arrived */
  GstFlowReturn flow;

  /* Who set "pushing"; or nobody streams. */
  GstArclyTsWriter *writer; /* owned */
  GstArclyTsGather gather;
  gboolean started;      /* stream-start, caps and segment went out */
  gboolean need_segment; /* after a flush */
  gboolean need_discont; /* at the next place to cut */
  gint64 last_dts;       /* of what was written */
  gint64 last_cut;
};

/* One unit to write. */
typedef struct {
  GstArclyTsMuxPad *pad; /* owned */
  GstArclyTsMuxItem item;
  gboolean may_cut;  /* if it can be decoded from here */
  gboolean leftover; /* sound behind the end of all video */
} GstArclyTsMuxJob;

void gst_arcly_ts_mux_job_clear (GstArclyTsMuxJob *job);

/* gstarclytsmuxinput.c. Without the lock. */
void gst_arcly_ts_mux_update_bound (GstArclyTsMux *self, gboolean found_live);

GstFlowReturn gst_arcly_ts_mux_chain (
    GstPad *gst_pad, GstObject *parent, GstBuffer *buffer);

gboolean gst_arcly_ts_mux_sink_event (
    GstPad *gst_pad, GstObject *parent, GstEvent *event);

/* gstarclytsmuxcollect.c. The lock is held on entry and on return; it is
 * released while pushing and waiting. */
void gst_arcly_ts_mux_advance_locked (GstArclyTsMux *self);

GstFlowReturn gst_arcly_ts_mux_wait_for_room_locked (
    GstArclyTsMux *self, GstArclyTsMuxPad *pad);

/* gstarclytsmuxoutput.c. The pushing thread, without the lock. */
void gst_arcly_ts_mux_output_start (GstArclyTsMux *self);

void gst_arcly_ts_mux_output_announce (
    GstArclyTsMux *self, GstArclyTsMuxPad *pad);

void gst_arcly_ts_mux_output_remove (
    GstArclyTsMux *self, GstArclyTsMuxPad *pad);

/* NULL if the unit is malformed and dropped. */
GstBuffer *gst_arcly_ts_mux_output_compose (
    GstArclyTsMux *self, GstArclyTsMuxJob *job);

void gst_arcly_ts_mux_output_reset (GstArclyTsMux *self);

G_END_DECLS
