/* SPDX-License-Identifier: MIT
 *
 * Gives each access unit of a track a PTS and a DTS that a muxer can carry:
 * both present, DTS growing, DTS not past PTS. Times are running times in
 * nanoseconds, and may be negative. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_MUX_NO_TIME G_MININT64
/* ITU-T H.264: frames that reordering may hold back. */
#define GST_ARCLY_MUX_MAX_REORDER 16

typedef struct {
  gint64 last_dts;
  gint64 last_step; /* duration of the last unit, or the distance before it */
  /* The latest PTSs, sorted: of depth + 1 of them, the least is a DTS. */
  gint64 window[GST_ARCLY_MUX_MAX_REORDER + 1];
  guint n_window;
} GstArclyMuxTimes;

typedef struct {
  gint64 pts;      /* GST_ARCLY_MUX_NO_TIME if not told */
  gint64 dts;      /* GST_ARCLY_MUX_NO_TIME if not told */
  gint64 duration; /* 0 if not told */
  guint depth;     /* reordering: 0 if output order is decoding order */
  gboolean jumped; /* out: time went back too far to be mended */
} GstArclyMuxStamp;

void gst_arcly_mux_times_reset (GstArclyMuxTimes *times);

/* FALSE with an error if the stamp lacks what nothing can replace. */
gboolean gst_arcly_mux_times_resolve (
    GstArclyMuxTimes *times, GstArclyMuxStamp *stamp, GError **error);

G_END_DECLS
