/* SPDX-License-Identifier: MIT
 *
 * What the files of arclytsmux share: the element's shell (gstarclytsmux.c)
 * and how a unit becomes a buffer (gstarclytsmuxoutput.c). Collecting is in
 * gstarclymux.h. */
#pragma once

#include "gstarclymux.h"
#include "gstarclytsmux.h"
#include "gstarclytsmuxformat.h"
#include "mpegtsh264.h"
#include "mpegtswriter.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_ts_mux_debug);
#define GST_CAT_DEFAULT gst_arcly_ts_mux_debug

#define GST_TYPE_ARCLY_TS_MUX_PAD (gst_arcly_ts_mux_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyTsMuxPad, gst_arcly_ts_mux_pad, GST,
    ARCLY_TS_MUX_PAD, GstArclyMuxPad)

struct _GstArclyTsMuxPad {
  GstArclyMuxPad parent;

  /* Set before the pad is added, constant then. */
  guint16 pid;

  /* The muxer's lock. */
  guint8 announced_type;

  /* Who pushes. */
  GstArclyTsStream *stream;    /* of the writer */
  GstArclyTsH264 *h264;        /* owned, video only */
  GstArclyTsMuxFormat *active; /* of the last unit written, owned */
  gboolean warned_malformed;
};

struct _GstArclyTsMux {
  GstArclyMux parent;

  /* Settings. Object lock. */
  GstClockTime pat_interval;
  GstClockTime pcr_interval;

  /* The muxer's lock. */
  guint16 next_pid;

  /* Who set "pushing"; or nobody streams. */
  GstArclyTsWriter *writer; /* owned */
  GstArclyTsGather gather;
  gboolean started;      /* stream-start, caps and segment went out */
  gboolean need_segment; /* after a flush */
  gboolean need_discont; /* at the next place to cut */
  gint64 last_dts;       /* of what was written */
  gint64 last_cut;
};

/* gstarclytsmuxoutput.c: the functions of the class. */
void gst_arcly_ts_mux_output_start (GstArclyMux *mux);

void gst_arcly_ts_mux_output_announce (GstArclyMux *mux, GstArclyMuxPad *pad);

void gst_arcly_ts_mux_output_remove (GstArclyMux *mux, GstArclyMuxPad *pad);

GstFlowReturn gst_arcly_ts_mux_output_push (
    GstArclyMux *mux, GstArclyMuxJob *jobs, guint n_jobs);

void gst_arcly_ts_mux_output_flushed (GstArclyMux *mux);

void gst_arcly_ts_mux_output_reset (GstArclyMux *mux);

G_END_DECLS
