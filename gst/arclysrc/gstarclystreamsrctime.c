/* SPDX-License-Identifier: MIT
 *
 * From the running time of one pipeline to that of another.
 *
 * A buffer is due at its pipeline's base time plus its running time, by that
 * pipeline's clock. It stays due at that very moment in ours: the difference
 * of the two running times at one moment is added. With one clock that is the
 * difference of the base times. With two clocks it is measured, and measured
 * again, since clocks drift apart. Where the publisher has no running time
 * (it is not PLAYING, or has no clock), what comes first is due when it
 * arrived at the bus.
 *
 * What was due before our pipeline began would have a negative running time,
 * which muxers drop: unless the application prefers the live edge, all is due
 * so much later that the first buffer is due at 0. */
#include "config.h"

#include <string.h>

#include "gstarclystreamsrcpriv.h"

/* Two clocks: how often they are compared, and from what difference on it is
 * worth a new segment. */
#define COMPARE_INTERVAL_US G_USEC_PER_SEC
#define DRIFT_LIMIT (10 * GST_MSECOND)

/* A smaller step back is a correction; frames are further apart. */
#define STEP_BACK_LIMIT (50 * GST_MSECOND)

typedef struct {
  GstClock *clock; /* owned, nullable */
  GstClockTime base;
  gboolean running;
} Timing;

static void
timing_clear (Timing *timing)
{
  gst_clear_object (&timing->clock);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Timing, timing_clear)

static void
timing_get (Timing *timing, GstElement *element)
{
  GST_OBJECT_LOCK (element);
  timing->clock = GST_ELEMENT_CLOCK (element)
                      ? gst_object_ref (GST_ELEMENT_CLOCK (element))
                      : NULL;
  timing->base = GST_ELEMENT_CAST (element)->base_time;
  timing->running = GST_STATE (element) == GST_STATE_PLAYING && timing->clock &&
                    GST_CLOCK_TIME_IS_VALID (timing->base);
  GST_OBJECT_UNLOCK (element);
}

static GstClockTimeDiff
timing_now (const Timing *timing)
{
  return GST_CLOCK_DIFF (timing->base, gst_clock_get_time (timing->clock));
}

static GstClockTimeDiff
exact_delta (const Timing *theirs, const Timing *ours)
{
  if (theirs->clock == ours->clock)
    return GST_CLOCK_DIFF (ours->base, theirs->base);
  return timing_now (ours) - timing_now (theirs);
}

/* Our running time when the entry arrived, less its own. */
static GstClockTimeDiff
arrival_delta (
    const Timing *ours, GstClockTime arrival, GstClockTimeDiff running_time)
{
  GstClockTime now = g_get_monotonic_time () * GST_USECOND;

  if (ours->clock == NULL || !GST_CLOCK_TIME_IS_VALID (ours->base))
    return 0;
  return timing_now (ours) - GST_CLOCK_DIFF (arrival, now) - running_time;
}

static gboolean
is_same_source (
    const GstArclyStreamSrcMap *map, const Timing *theirs, const Timing *ours)
{
  return map->their_clock == theirs->clock && map->our_clock == ours->clock &&
         map->their_base == theirs->base && map->our_base == ours->base;
}

/* delta does not contain the shift. */
static void
set_delta (GstArclyStreamSrcMap *map, GstClockTimeDiff delta)
{
  delta += map->shift;
  if (map->valid && delta == map->delta)
    return;
  if (!map->valid || delta + (GstClockTimeDiff) STEP_BACK_LIMIT < map->delta)
    map->breaks++;
  map->valid = TRUE;
  map->delta = delta;
  map->serial++;
}

static void
update_locked (GstArclyStreamSrcMap *map, const Timing *theirs,
    const Timing *ours, GstClockTime arrival, GstClockTimeDiff running_time)
{
  gint64 now = 0;
  GstClockTimeDiff delta = 0;

  if (!theirs->running || ours->clock == NULL) {
    /* What was known keeps what is still on its way in place. */
    if (!map->valid)
      set_delta (map, arrival_delta (ours, arrival, running_time));
    return;
  }
  if (!map->valid || !map->exact || !is_same_source (map, theirs, ours)) {
    set_delta (map, exact_delta (theirs, ours));
    map->exact = TRUE;
    map->their_clock = theirs->clock;
    map->our_clock = ours->clock;
    map->their_base = theirs->base;
    map->our_base = ours->base;
    map->checked = g_get_monotonic_time ();
    return;
  }
  if (theirs->clock == ours->clock)
    return;
  now = g_get_monotonic_time ();
  if (now - map->checked < COMPARE_INTERVAL_US)
    return;
  map->checked = now;
  delta = exact_delta (theirs, ours);
  if (ABS (delta + map->shift - map->delta) > (GstClockTimeDiff) DRIFT_LIMIT)
    set_delta (map, delta);
}

static void
shift_locked (GstArclyStreamSrcMap *map, GstClockTimeDiff running_time)
{
  GstClockTimeDiff missing = -(running_time + map->delta);

  if (missing <= 0)
    return;
  map->shift += missing;
  map->delta += missing;
  map->serial++;
}

void
gst_arcly_stream_src_unmap (GstArclyStreamSrc *self)
{
  g_mutex_lock (&self->map_lock);
  self->map.valid = self->map.exact = FALSE;
  g_mutex_unlock (&self->map_lock);
}

void
gst_arcly_stream_src_reset_map (GstArclyStreamSrc *self)
{
  g_mutex_lock (&self->map_lock);
  memset (&self->map, 0, sizeof (self->map));
  g_mutex_unlock (&self->map_lock);
}

void
gst_arcly_stream_src_map (GstArclyStreamSrc *self, GstClockTime arrival,
    GstClockTimeDiff running_time, gboolean first, GstArclyStreamSrcMap *map)
{
  g_autoptr (GstElement) publisher = gst_arcly_stream_src_get_publisher (self);
  g_auto (Timing) theirs = { NULL, GST_CLOCK_TIME_NONE, FALSE };
  g_auto (Timing) ours = { NULL, GST_CLOCK_TIME_NONE, FALSE };

  gboolean live_edge = FALSE;

  if (publisher)
    timing_get (&theirs, publisher);
  timing_get (&ours, GST_ELEMENT (self));
  GST_OBJECT_LOCK (self);
  live_edge = self->live_edge;
  GST_OBJECT_UNLOCK (self);

  g_mutex_lock (&self->map_lock);
  update_locked (&self->map, &theirs, &ours, arrival,
      GST_CLOCK_STIME_IS_VALID (running_time) ? running_time : 0);
  if (first && !live_edge && GST_CLOCK_STIME_IS_VALID (running_time))
    shift_locked (&self->map, running_time);
  *map = self->map;
  g_mutex_unlock (&self->map_lock);
}

void
gst_arcly_stream_src_map_segment (
    const GstArclyStreamSrcMap *map, const GstSegment *theirs, GstSegment *ours)
{
  gst_segment_copy_into (theirs, ours);
  /* What is over before our pipeline began has no running time there. */
  if (theirs->format == GST_FORMAT_TIME)
    gst_segment_offset_running_time (ours, GST_FORMAT_TIME, map->delta);
}
