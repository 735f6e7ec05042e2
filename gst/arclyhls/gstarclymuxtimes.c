/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "gstarclymuxtimes.h"

#define NO_TIME GST_ARCLY_MUX_NO_TIME
/* One tick of 90 kHz, rounded up. */
#define TICK_NS 11112
/* A DTS that goes back less than this is mended: a sender's rounding, or a
 * clock's. Past it, it is another time base. */
#define MAX_MEND_NS G_GINT64_CONSTANT (1000000000)
/* Where neither caps nor parameter sets nor buffers tell a rate. */
#define GUESSED_STEP_NS 40000000

void
gst_arcly_mux_times_reset (GstArclyMuxTimes *times)
{
  *times = (GstArclyMuxTimes){ .last_dts = NO_TIME };
}

static void
window_insert (GstArclyMuxTimes *times, gint64 pts, guint room)
{
  guint i;

  if (times->n_window == room) {
    /* The least one has been a DTS already. */
    for (i = 1; i < times->n_window; i++)
      times->window[i - 1] = times->window[i];
    times->n_window--;
  }
  for (i = times->n_window; i > 0 && times->window[i - 1] > pts; i--)
    times->window[i] = times->window[i - 1];
  times->window[i] = pts;
  times->n_window++;
}

/* The n-th DTS is the n-th least PTS, "depth" frames earlier. The first
 * "depth" of them have no such PTS: they go back from the first one. */
static gint64
dts_from_pts (GstArclyMuxTimes *times, const GstArclyMuxStamp *stamp)
{
  guint depth = MIN (stamp->depth, GST_ARCLY_MUX_MAX_REORDER);
  guint i;

  if (times->n_window != depth + 1) {
    gint64 step = stamp->duration > 0 ? stamp->duration : GUESSED_STEP_NS;

    times->n_window = 0;
    for (i = depth + 1; i > 0; i--)
      window_insert (times, stamp->pts - (gint64) i * step, depth + 1);
  }
  window_insert (times, stamp->pts, depth + 1);
  return times->window[0];
}

static gboolean
complete (GstArclyMuxTimes *times, GstArclyMuxStamp *stamp, GError **error)
{
  gboolean can_count =
      stamp->depth == 0 && times->last_dts != NO_TIME && times->last_step > 0;

  if (stamp->pts != NO_TIME) {
    if (stamp->dts == NO_TIME)
      stamp->dts = stamp->depth > 0 ? dts_from_pts (times, stamp) : stamp->pts;
    return TRUE;
  }
  if (stamp->depth > 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "a buffer has no PTS, and none can be derived with reordered frames");
    return FALSE;
  }
  if (stamp->dts == NO_TIME && !can_count) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "a buffer has neither PTS nor DTS, and nothing tells how long the one before it was");
    return FALSE;
  }
  if (stamp->dts == NO_TIME)
    stamp->dts = times->last_dts + times->last_step;
  stamp->pts = stamp->dts;
  return TRUE;
}

gboolean
gst_arcly_mux_times_resolve (
    GstArclyMuxTimes *times, GstArclyMuxStamp *stamp, GError **error)
{
  stamp->jumped = FALSE;
  if (!complete (times, stamp, error))
    return FALSE;

  stamp->dts = MIN (stamp->dts, stamp->pts);
  if (times->last_dts != NO_TIME && stamp->dts <= times->last_dts) {
    if (times->last_dts - stamp->dts > MAX_MEND_NS) {
      stamp->jumped = TRUE;
      times->n_window = 0;
    } else {
      stamp->dts = times->last_dts + TICK_NS;
      stamp->pts = MAX (stamp->pts, stamp->dts);
    }
  }
  if (stamp->duration > 0)
    times->last_step = stamp->duration;
  else if (times->last_dts != NO_TIME && !stamp->jumped)
    times->last_step = stamp->dts - times->last_dts;
  times->last_dts = stamp->dts;
  return TRUE;
}
