/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmptimeline.h"

/* How long a frame lasts of which nobody says it: until the next publisher
 * may begin. */
#define DEFAULT_DURATION (40 * GST_MSECOND)

/* The last frame before a pause is not as long as the pause. */
#define MAX_DURATION GST_SECOND

void
gst_arcly_rtmp_timeline_reset (GstArclyRtmpTimeline *timeline)
{
  *timeline = (GstArclyRtmpTimeline){ 0 };
}

void
gst_arcly_rtmp_timeline_new_session (GstArclyRtmpTimeline *timeline)
{
  timeline->based = FALSE;
}

static void
set_base (GstArclyRtmpTimeline *timeline, gint64 dts, GstClockTime now)
{
  GstClockTimeDiff start = timeline->end;

  if (GST_CLOCK_TIME_IS_VALID (now))
    start = MAX (start, (GstClockTimeDiff) now);
  timeline->offset = start - dts * (GstClockTimeDiff) GST_MSECOND;
  timeline->newest = dts;
  memset (timeline->heard, 0, sizeof timeline->heard);
  timeline->based = TRUE;
}

/* A first frame of a track, after a new base, may be a little older than the
 * frame that made the base; but time does not go back on a pad, nor below 0. */
static gboolean
is_below_floor (const GstArclyRtmpTimeline *timeline, guint track, gint64 dts)
{
  GstClockTimeDiff time =
      timeline->offset + dts * (GstClockTimeDiff) GST_MSECOND;

  return time < 0 || (!timeline->heard[track] && timeline->delivered[track] &&
                         time <= timeline->floor[track]);
}

static gboolean
is_jump (const GstArclyRtmpTimeline *timeline, guint track, gint64 dts)
{
  if (dts > timeline->newest + GST_ARCLY_RTMP_MAX_STEP_FORWARD)
    return TRUE;
  if (timeline->heard[track] &&
      dts < timeline->last[track] - GST_ARCLY_RTMP_MAX_STEP_BACK)
    return TRUE;
  return is_below_floor (timeline, track, dts);
}

static GstClockTime
frame_duration (const GstArclyRtmpTimeline *timeline, guint track, gint64 dts,
    GstClockTime duration)
{
  gint64 step;

  if (GST_CLOCK_TIME_IS_VALID (duration))
    return MIN (duration, MAX_DURATION);
  step = timeline->heard[track] ? dts - timeline->last[track] : 0;
  if (step <= 0)
    return DEFAULT_DURATION;
  return MIN ((GstClockTime) step * GST_MSECOND, MAX_DURATION);
}

gboolean
gst_arcly_rtmp_timeline_map (GstArclyRtmpTimeline *timeline, guint track,
    gint64 dts, gint32 composition_time, GstClockTime duration,
    GstClockTime now, GstClockTime *out_dts, GstClockTime *out_pts)
{
  gboolean jump = FALSE;
  GstClockTimeDiff time, end;

  if (!timeline->based) {
    set_base (timeline, dts, now);
  } else if (is_jump (timeline, track, dts)) {
    set_base (timeline, dts, now);
    jump = TRUE;
  }

  time = timeline->offset + dts * (GstClockTimeDiff) GST_MSECOND;
  *out_dts = time;
  /* Before the start of the segment there is nothing to show. */
  *out_pts = MAX (time + composition_time * (GstClockTimeDiff) GST_MSECOND, 0);

  end = MAX (*out_dts, *out_pts) +
        frame_duration (timeline, track, dts, duration);
  timeline->end = MAX (timeline->end, end);
  timeline->floor[track] =
      timeline->delivered[track] ? MAX (timeline->floor[track], time) : time;
  timeline->delivered[track] = TRUE;
  timeline->last[track] = dts;
  timeline->heard[track] = TRUE;
  timeline->newest = MAX (timeline->newest, dts);
  return jump;
}
