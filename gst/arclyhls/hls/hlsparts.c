/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "hlsparts.h"

#define NO_TIME GST_ARCLY_HLS_NO_TIME
#define NS_PER_MS G_GINT64_CONSTANT (1000000)
/* More is a stop, not a frame rate. */
#define MAX_STEP (1000 * NS_PER_MS)
/* Times in milliseconds, as RTMP has them, are not steady: a fraction of a
 * frame over the target is none. What is too much counts to the next part. */
#define JITTER 8
#define MIN_DURATION NS_PER_MS
/* The same of chunks. */
#define CHUNK_JITTER (2 * NS_PER_MS)
/* rfc8216bis, 4.4.4.9: all but a segment's last reach it, in percent. */
#define MIN_PERCENT 85

void
gst_arcly_hls_part_cutter_init (GstArclyHlsPartCutter *self, gint64 wanted)
{
  self->wanted = wanted;
  self->limit = 0;
  self->step = 0;
  gst_arcly_hls_part_cutter_begin (self, NO_TIME);
}

void
gst_arcly_hls_part_cutter_set_limit (GstArclyHlsPartCutter *self, gint64 limit)
{
  self->limit = limit;
}

void
gst_arcly_hls_part_cutter_begin (GstArclyHlsPartCutter *self, gint64 start)
{
  self->start = start;
  self->last = self->latest = NO_TIME;
  self->owed = 0;
}

static gboolean
is_full (GstArclyHlsPartCutter *self, gint64 elapsed)
{
  if (elapsed <= 0)
    return FALSE;
  if (self->limit > 0)
    return elapsed + self->step > self->limit + self->step / JITTER;
  return elapsed + self->step / 2 > self->wanted;
}

static void
note_step (
    GstArclyHlsPartCutter *self, const GstArclyHlsUnit *unit, gint64 time)
{
  gint64 step = self->last == NO_TIME ? unit->duration : time - self->last;

  if (step > 0 && step <= MAX_STEP)
    self->step = step;
  self->last = time;
}

gboolean
gst_arcly_hls_part_cutter_push (GstArclyHlsPartCutter *self,
    const GstArclyHlsUnit *unit, gboolean beside, gint64 *duration)
{
  gint64 time = unit->dts != NO_TIME ? unit->dts : unit->pts;
  gint64 most = self->limit > 0 ? self->limit : self->wanted;
  gint64 elapsed;

  if (time == NO_TIME)
    return FALSE;
  if (!beside)
    note_step (self, unit, time);
  self->latest = MAX (self->latest, time);
  if (self->start == NO_TIME)
    self->start = time;
  elapsed = time - self->start;
  /* Half as much again: a track may be that late. */
  if (beside ? elapsed < most + most / 2 : !is_full (self, elapsed))
    return FALSE;
  *duration = self->limit > 0 || beside ? MIN (elapsed, most) : elapsed;
  /* Where nothing came for long, the time without a frame belongs to no part.
   */
  self->start = elapsed > 2 * most ? time : self->start + *duration;
  return TRUE;
}

/* The part that ends at @time; what is over the target counts to the next. */
static gint64
take_chunks (GstArclyHlsPartCutter *self, gint64 time)
{
  gint64 own = time - self->start + self->owed;
  gint64 listed = self->limit > 0 ? MIN (own, self->limit) : own;

  /* Where nothing came for long, there is nothing to count. */
  self->owed = own > 2 * listed ? 0 : own - listed;
  self->start = time;
  return listed;
}

gboolean
gst_arcly_hls_part_cutter_push_chunk (
    GstArclyHlsPartCutter *self, const GstArclyHlsUnit *unit, gint64 *duration)
{
  gint64 time = unit->dts != NO_TIME ? unit->dts : unit->pts;
  gint64 most = self->limit > 0 ? self->limit : self->wanted;

  if (self->start == NO_TIME)
    self->start = time;
  if (time == NO_TIME || time <= self->start ||
      time - self->start + MAX (unit->duration, 0) <= most + CHUNK_JITTER)
    return FALSE;
  *duration = take_chunks (self, time);
  return TRUE;
}

gboolean
gst_arcly_hls_part_cutter_end_chunk (GstArclyHlsPartCutter *self,
    const GstArclyHlsUnit *unit, gboolean last, gint64 *duration)
{
  gint64 time = unit->dts != NO_TIME ? unit->dts : unit->pts;
  gint64 most = self->limit > 0 ? self->limit : self->wanted;

  if (time == NO_TIME || self->start == NO_TIME || unit->duration <= 0)
    return FALSE;
  time += unit->duration;
  if (time <= self->start ||
      (!last && (time - self->start) * 100 < most * MIN_PERCENT))
    return FALSE;
  *duration = take_chunks (self, time);
  return TRUE;
}

gint64
gst_arcly_hls_part_cutter_fit (GstArclyHlsPartCutter *self, gint64 left)
{
  if (left < MAX (self->step / 2, MIN_DURATION))
    return gst_arcly_hls_part_cutter_finish (self, 0);
  /* More than that is a hole. */
  if (self->limit > 0 && left <= 2 * self->limit)
    return MIN (left, self->limit);
  return left;
}

gint64
gst_arcly_hls_part_cutter_finish (GstArclyHlsPartCutter *self, gint64 left)
{
  gint64 own = self->start != NO_TIME && self->latest != NO_TIME
                   ? self->latest + self->step - self->start
                   : self->step;

  if (left > 0)
    own = left;
  if (self->limit > 0)
    own = MIN (own, self->limit);
  return MAX (own, MIN_DURATION);
}
