/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "hlscutter.h"

#define NO_TIME GST_ARCLY_HLS_NO_TIME
#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
#define NS_PER_MS G_GINT64_CONSTANT (1000000)
/* RFC 8216, 4.3.3.1: what rounds to the target duration is not longer. */
#define ROUNDS_DOWN (499 * NS_PER_MS)
/* Nothing is published before the first segment ends; players are not kept
 * waiting longer than that for a keyframe. */
#define MAX_FIRST (30 * NS_PER_SECOND)
/* Less is a slow frame rate, more is a stop. */
#define MIN_HOLE (1500 * NS_PER_MS)
#define MAX_STEP NS_PER_SECOND
/* Past it, it is no hole but another time line; also where a segment has room
 * for it. A track that is late is not further behind. */
#define MAX_HOLE (10 * NS_PER_SECOND)
/* So much without one unit of the time line that was: it is over. */
#define MAX_BEHIND NS_PER_SECOND

void
gst_arcly_hls_cutter_init (GstArclyHlsCutter *self, guint target)
{
  memset (self, 0, sizeof *self);
  self->target = MAX (target, 1) * NS_PER_SECOND;
  self->gop_start = self->behind = self->offered_last = NO_TIME;
}

void
gst_arcly_hls_cutter_set_limit (GstArclyHlsCutter *self, guint seconds)
{
  self->limit = seconds == 0 ? 0 : seconds * NS_PER_SECOND + ROUNDS_DOWN;
}

void
gst_arcly_hls_cutter_set_next (GstArclyHlsCutter *self, gint64 pts)
{
  self->guided = TRUE;
  self->next = pts;
}

static gint64
get_limit (GstArclyHlsCutter *self)
{
  return self->limit > 0 ? self->limit : MAX (self->target, MAX_FIRST);
}

static void
note_length (GstArclyHlsCutter *self, gint64 from, gint64 to)
{
  if (from != NO_TIME && to > from)
    self->gops[self->n_gops++ % G_N_ELEMENTS (self->gops)] = to - from;
}

/* Of those that are offered, not all come here. */
static void
note_gop (GstArclyHlsCutter *self, gint64 pts)
{
  if (!self->offered)
    note_length (self, self->gop_start, pts);
  self->gop_start = pts;
}

static gint64
longest_gop (GstArclyHlsCutter *self)
{
  guint n = MIN (self->n_gops, G_N_ELEMENTS (self->gops)), i;
  gint64 longest = 0;

  for (i = 0; i < n; i++)
    longest = MAX (longest, self->gops[i]);
  return longest;
}

/* Is this the last keyframe in time? The next may be as far as any of late. */
static gboolean
should_cut (GstArclyHlsCutter *self, gint64 elapsed)
{
  gint64 limit = self->limit > 0 ? self->limit : self->target + ROUNDS_DOWN;

  /* Who is asked where to cut need not wait for the limit to be passed, when
   * nobody leads any more. */
  if (self->guided && self->next == NO_TIME)
    return self->offered && elapsed + self->last_step > limit;
  if (self->guided)
    return self->start + elapsed + GST_ARCLY_HLS_TOLERANCE >= self->next;
  return elapsed >= self->target || elapsed + longest_gop (self) > limit;
}

/* U11: the last sample lasts as long as it says, not until the next. */
static void
note_end (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 pts,
    gint64 dts)
{
  gint64 step = dts - self->last_dts;

  if (step > 0 && step <= MAX_STEP)
    self->last_step = step;
  self->last_dts = MAX (self->last_dts, dts);
  self->end = MAX (
      self->end, pts + (unit->duration > 0 ? unit->duration : self->last_step));
}

static void
begin (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 start,
    gint64 start_dts, gboolean jump)
{
  self->open = TRUE;
  self->start = start;
  self->start_dts = start_dts;
  self->has_key = unit->may_cut || !jump;
  self->was_jump = jump;
  self->behind = NO_TIME;
  self->agreed = FALSE;
  if (jump) {
    self->offered_last = unit->may_cut ? start : NO_TIME;
    self->end = start;
    self->last_dts = start_dts;
  }
}

/* The segment ends where its content does, and another time line begins. */
static gboolean
cut_at_jump (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 pts,
    gint64 dts, GstArclyHlsCut *cut)
{
  cut->duration = CLAMP (self->end - self->start, 0, get_limit (self));
  cut->discontinuity = TRUE;
  cut->inside_gop = !unit->may_cut && !unit->leftover;
  begin (self, unit, pts, dts, TRUE);
  self->gop_start = unit->may_cut ? pts : NO_TIME;
  return TRUE;
}

/* No keyframe came in time. What is after the limit is counted to the next
 * segment, so the sum of durations stays that of the media. */
static gboolean
cut_at_limit (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 pts,
    gint64 dts, gint64 elapsed, GstArclyHlsCut *cut)
{
  if (pts - self->end > MIN_HOLE)
    return cut_at_jump (self, unit, pts, dts, cut);
  cut->duration = MIN (elapsed, get_limit (self));
  cut->discontinuity = FALSE;
  cut->inside_gop = !unit->may_cut && !unit->leftover;
  begin (self, unit, self->start + cut->duration,
      self->start_dts + cut->duration, FALSE);
  return TRUE;
}

/* Rules U8 and U11: senders that restart don't always say so. What jumps forth
 * would count as media, and what jumps back would never end a segment. */
static gboolean
is_elsewhere (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 pts,
    gint64 dts)
{
  if (pts - self->end > MAX_HOLE)
    return TRUE;
  /* Keyframes come in the order of their presentation. */
  if (unit->may_cut && !unit->leftover) {
    self->behind = NO_TIME;
    if (self->gop_start != NO_TIME)
      return pts < self->gop_start;
    return self->start - pts > MIN_HOLE;
  }
  /* Without a keyframe a single unit may just be late. */
  if (self->last_dts - dts <= MAX_HOLE)
    self->behind = NO_TIME;
  else if (self->behind == NO_TIME || dts < self->behind)
    self->behind = dts;
  return self->behind != NO_TIME && dts - self->behind > MAX_BEHIND;
}

static gboolean
push_key (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 pts,
    gint64 dts, GstArclyHlsCut *cut)
{
  gint64 elapsed = pts - self->start;

  if (unit->discont) {
    /* Sound of the new time line came first, and has cut already. */
    if (!self->was_jump || self->has_key || unit->fresh)
      return cut_at_jump (self, unit, pts, dts, cut);
    note_gop (self, pts);
    self->has_key = TRUE;
    return FALSE;
  }
  note_gop (self, pts);
  if (elapsed > get_limit (self))
    return cut_at_limit (self, unit, pts, dts, elapsed, cut);
  if (elapsed <= 0 || !self->has_key ||
      (!self->agreed && !should_cut (self, elapsed))) {
    self->has_key = TRUE;
    return FALSE;
  }
  cut->duration = elapsed;
  cut->discontinuity = cut->inside_gop = FALSE;
  begin (self, unit, pts, dts, FALSE);
  return TRUE;
}

gboolean
gst_arcly_hls_cutter_offer (GstArclyHlsCutter *self, gint64 pts)
{
  gint64 elapsed = pts - (self->agreed ? self->agreed_at : self->start);

  self->offered = TRUE;
  note_length (self, self->offered_last, pts);
  self->offered_last = pts;
  /* Behind the very first, which is on its way; or behind the one that begins
   * where the other did. */
  if (!self->open || (self->guided && self->agreed) || elapsed <= 0 ||
      !should_cut (self, elapsed))
    return FALSE;
  self->agreed = TRUE;
  self->agreed_at = pts;
  return TRUE;
}

gboolean
gst_arcly_hls_cutter_is_agreed (const GstArclyHlsCutter *self)
{
  return self->agreed;
}

/* A chunk ends a segment in front of what would pass the limit, a frame at it.
 */
static gboolean
is_over_limit (GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, gint64 dts)
{
  gint64 elapsed = dts - self->start_dts;

  if (!unit->chunk)
    return elapsed >= get_limit (self);
  return elapsed > 0 && elapsed + MAX (unit->duration, 0) > get_limit (self);
}

gboolean
gst_arcly_hls_cutter_push (
    GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, GstArclyHlsCut *cut)
{
  gint64 pts = unit->pts != NO_TIME ? unit->pts : unit->dts;
  gint64 dts = unit->dts != NO_TIME ? unit->dts : unit->pts;
  gboolean is_cut = FALSE;

  if (pts == NO_TIME)
    pts = dts = self->open ? self->last_dts : 0;
  if (!self->open) {
    begin (self, unit, pts, dts, TRUE);
    self->gop_start = unit->may_cut ? pts : NO_TIME;
  } else if (is_elsewhere (self, unit, pts, dts)) {
    is_cut = cut_at_jump (self, unit, pts, dts, cut);
  } else if (unit->may_cut && (!unit->leftover || unit->discont)) {
    is_cut = push_key (self, unit, pts, dts, cut);
  } else if (is_over_limit (self, unit, dts)) {
    /* Leftovers, too: they make the last segment longer rather than another
     * one that is hardly worth a request. */
    is_cut = cut_at_limit (self, unit, pts, dts, dts - self->start_dts, cut);
  }
  note_end (self, unit, pts, dts);
  return is_cut;
}

void
gst_arcly_hls_cutter_shift (GstArclyHlsCutter *self, gint64 more)
{
  self->start += more;
  self->start_dts += more;
}

gint64
gst_arcly_hls_cutter_finish (GstArclyHlsCutter *self)
{
  if (!self->open)
    return NO_TIME;
  self->open = FALSE;
  self->gop_start = NO_TIME;
  return CLAMP (self->end - self->start, 0, get_limit (self));
}
