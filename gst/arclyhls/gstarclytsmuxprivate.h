/* SPDX-License-Identifier: MIT
 *
 * What the files of arclytsmux share: the element's shell (gstarclytsmux.c),
 * how a unit becomes a buffer (gstarclytsmuxoutput.c), and how sound shares a
 * PES (gstarclytsmuxpack.c). Collecting is in gstarclymux.h. */
#pragma once

#include "gstarclymux.h"
#include "gstarclytsmux.h"
#include "gstarclytsmuxformat.h"
#include "mpegtsvideo.h"
#include "mpegtswriter.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_ts_mux_debug);
#define GST_CAT_DEFAULT gst_arcly_ts_mux_debug

#define GST_TYPE_ARCLY_TS_MUX_PAD (gst_arcly_ts_mux_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyTsMuxPad, gst_arcly_ts_mux_pad, GST,
    ARCLY_TS_MUX_PAD, GstArclyMuxPad)

/* Sound that waits for more, to share a PES. */
typedef struct {
  GByteArray *bytes; /* owned, NULL before the first; empty: nothing waits */
  gint64 pts;        /* of the first frame, ns; also when all were written */
  gint64 duration;   /* of all frames, ns; 0 before the first of all */
  gboolean may_cut;
  gboolean leftover;
  gboolean turns;
  gboolean discont;
  gboolean jumped;
} GstArclyTsMuxPack;

/* What becomes one PES. */
typedef struct {
  GstArclyTsMuxPad *pad;
  const GstArclyTsGather *payload;
  gint64 pts;
  gint64 dts;
  gint64 duration;
  gboolean may_cut; /* if it can be decoded from here */
  gboolean random_access;
  gboolean section;
  gboolean leftover;
  gboolean turns;
  gboolean discont;
  gboolean jumped;
} GstArclyTsMuxUnit;

struct _GstArclyTsMuxPad {
  GstArclyMuxPad parent;

  /* Set before the pad is added, constant then. */
  guint16 pid;

  /* The muxer's lock. */
  GstArclyTsPmtEntry announced_entry;
  guint8 announced_id;

  /* Who pushes. */
  GstArclyTsStream *stream;    /* of the writer */
  GstArclyTsVideo *video;      /* owned, video only */
  GstArclyTsMuxFormat *active; /* of the last unit written, owned */
  GstArclyTsMuxPack pack;      /* sound only */
  guint n_jumps;               /* of the muxer, that the track took part in */
  gboolean warned_malformed;
  gboolean warned_full;
};

struct _GstArclyTsMux {
  GstArclyMux parent;

  /* Settings. Object lock. */
  GstClockTime pat_interval;
  GstClockTime pcr_interval;
  GstClockTime max_audio_delay;
  guint alignment;

  /* The muxer's lock. */
  guint16 next_pid;

  /* Who set "pushing"; or nobody streams. */
  GstArclyTsWriter *writer; /* owned */
  GstArclyTsGather gather;
  GstArclyTsGather pack_gather;
  gboolean started;      /* stream-start, caps and segment went out */
  gboolean need_segment; /* after a flush */
  gboolean need_discont; /* at the next place to cut */
  gboolean need_clock;   /* and the time base changes there */
  gint64 last_dts;       /* of what was written */
  gint64 jump_dts;       /* where the time base begins that is now */
  guint n_jumps;         /* that brought it there */
  gint64 last_cut;
  GPtrArray *packing;    /* (element-type GstArclyTsMuxPad), owned: sound
                            waits in them, the oldest first */
  gint64 audio_delay;    /* max_audio_delay as it was at the start */
  gint64 clock_interval; /* pcr_interval as it was at the start */
  guint packets;         /* alignment as it was at the start */
  GstBuffer *rest;       /* owned: packets that make no whole buffer */
  GstBuffer *first_out;  /* owned: what was made and not pushed */
  GstBufferList *out;    /* owned: the same, if it is more than one */
};

/* gstarclytsmuxoutput.c: the functions of the class. */
void gst_arcly_ts_mux_output_start (GstArclyMux *mux);

void gst_arcly_ts_mux_output_announce (GstArclyMux *mux, GstArclyMuxPad *pad);

void gst_arcly_ts_mux_output_remove (GstArclyMux *mux, GstArclyMuxPad *pad);

GstFlowReturn gst_arcly_ts_mux_output_push (
    GstArclyMux *mux, GstArclyMuxJob *jobs, guint n_jobs);

GstFlowReturn gst_arcly_ts_mux_output_finish (GstArclyMux *mux);

void gst_arcly_ts_mux_output_flushed (GstArclyMux *mux);

void gst_arcly_ts_mux_output_reset (GstArclyMux *mux);

/* Writes the unit and keeps the buffer until the batch is pushed. */
void gst_arcly_ts_mux_output_write (
    GstArclyTsMux *self, const GstArclyTsMuxUnit *unit);

/* gstarclytsmuxpack.c. Who pushes. */

/* FALSE with an error if the data is malformed. */
gboolean gst_arcly_ts_mux_pack_add (GstArclyTsMux *self, GstArclyMuxJob *job,
    const GstMapInfo *map, GError **error);

/* Writes what waits longer than it may at such a DTS; or all. */
void gst_arcly_ts_mux_pack_expire (
    GstArclyTsMux *self, gint64 dts, gboolean all);

/* Writes what waits in this pad. */
void gst_arcly_ts_mux_pack_write (GstArclyTsMux *self, GstArclyTsMuxPad *pad);

/* Drops what waits in this pad; NULL: in all. */
void gst_arcly_ts_mux_pack_drop (GstArclyTsMux *self, GstArclyTsMuxPad *pad);

G_END_DECLS
