/* SPDX-License-Identifier: MIT
 *
 * Which samples make a fragment, and which a chunk of it. */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclyfmp4muxprivate.h"

/* Sound alone can be cut anywhere; it need not be everywhere. */
#define AUDIO_CUT_NS ((gint64) (500 * GST_MSECOND))
/* Further forth it is another time base. */
#define JUMP_NS ((gint64) (10 * GST_SECOND))
/* A key frame that comes this much early still ends a fragment: frames do not
 * lie on the multiples of a duration. */
#define SLACK_NS ((gint64) (5 * GST_MSECOND))
/* Tracks of a sender that begins again do so within that. */
#define ANEW_NS ((gint64) (1 * GST_SECOND))
/* What is open is memory. */
#define MAX_CHUNK_BYTES (32 * 1024 * 1024)
#define MAX_CHUNK_NS ((gint64) (30 * GST_SECOND))

static void
take_settings (GstArclyFmp4Mux *self)
{
  g_clear_pointer (&self->used.brand, g_free);
  GST_OBJECT_LOCK (self);
  self->used = self->settings;
  self->used.brand = g_strdup (self->settings.brand);
  GST_OBJECT_UNLOCK (self);
}

void
gst_arcly_fmp4_mux_output_start (GstArclyMux *mux)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);

  if (self->started)
    return;
  take_settings (self);
  gst_arcly_mux_push_stream_start (mux);
  self->started = TRUE;
  self->need_segment = TRUE;
  self->need_init = TRUE;
  self->need_discont = TRUE;
}

void
gst_arcly_fmp4_mux_output_flushed (GstArclyMux *mux)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);
  guint i;

  gst_arcly_fmp4_mux_drop_chunk (self);
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    pad->decodable = FALSE;
    pad->line.started = FALSE;
  }
  self->need_segment = self->started;
  self->need_discont = TRUE;
  self->last_dts = GST_ARCLY_MUX_NO_TIME;
}

/* The timescale is the track's for as long as its sample entry is. */
static void
set_up_track (GstArclyFmp4MuxPad *pad, guint32 timescale)
{
  if (pad->is_set_up && pad->line.timescale == timescale)
    return;
  if (pad->is_set_up)
    gst_arcly_fmp4_timeline_clear (&pad->line);
  else
    gst_arcly_fmp4_payload_init (&pad->payload);
  gst_arcly_fmp4_timeline_init (
      &pad->line, timescale, !GST_ARCLY_MUX_PAD (pad)->is_video);
  pad->is_set_up = TRUE;
}

void
gst_arcly_fmp4_mux_output_announce (GstArclyMux *mux, GstArclyMuxPad *mux_pad)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);
  GstArclyFmp4MuxPad *pad = GST_ARCLY_FMP4_MUX_PAD (mux_pad);
  g_autoptr (GstArclyFmp4MuxFormat) format = NULL;

  if (pad->is_track || mux_pad->is_data)
    return;
  g_mutex_lock (&mux->lock);
  format = g_steal_pointer (&pad->announced_format);
  g_mutex_unlock (&mux->lock);
  if (!format)
    return;
  pad->is_track = TRUE;
  g_ptr_array_add (self->tracks, gst_object_ref (pad));
  gst_arcly_fmp4_mux_use_format (pad, format);
  set_up_track (pad, format->timescale);
}

void
gst_arcly_fmp4_mux_output_remove (GstArclyMux *mux, GstArclyMuxPad *mux_pad)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);

  if (mux_pad->is_data)
    return;
  /* A failure of downstream shows at the next unit. */
  gst_arcly_fmp4_mux_push_chunk (self);
  if (self->master == GST_ARCLY_FMP4_MUX_PAD (mux_pad))
    gst_clear_object (&self->master);
  g_ptr_array_remove (self->tracks, mux_pad);
}

static gboolean
is_in_init (const GstArclyFmp4MuxPad *pad)
{
  return pad->entry == pad->wanted ||
         (pad->entry && pad->wanted && g_bytes_equal (pad->entry, pad->wanted));
}

/* Of the first init segment, which is not written yet, only what samples
 * already rely on is fixed. */
static gboolean
init_is_due (GstArclyFmp4Mux *self)
{
  guint i;

  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    if (pad->wanted && !is_in_init (pad) && (pad->entry || self->has_init))
      return TRUE;
  }
  return FALSE;
}

/* A new init segment comes with the next key frame only: ask for one. */
static void
wait_for_cut (GstArclyFmp4Mux *self, GstArclyFmp4MuxPad *pad)
{
  if (pad->warned_waiting)
    return;
  pad->warned_waiting = TRUE;
  GST_INFO_OBJECT (pad, "format changed, dropped until the next key frame");
  if (self->master)
    gst_pad_push_event (
        GST_PAD (self->master), gst_video_event_new_upstream_force_key_unit (
                                    GST_CLOCK_TIME_NONE, TRUE, 0));
}

/* Fragments begin at such a unit. */
static gboolean
can_cut (const GstArclyFmp4MuxUnit *unit)
{
  return unit->job->may_cut && unit->sample.sync;
}

static gboolean
is_usable (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit)
{
  GstArclyFmp4MuxPad *pad = unit->pad;

  if (!pad->wanted) {
    GST_DEBUG_OBJECT (pad, "nothing tells how to decode it yet, dropped");
    return FALSE;
  }
  if (!unit->sample.sync && !pad->decodable) {
    GST_DEBUG_OBJECT (pad, "no key frame yet, dropped");
    return FALSE;
  }
  if ((self->has_init || pad->entry) && !is_in_init (pad) && !can_cut (unit)) {
    wait_for_cut (self, pad);
    return FALSE;
  }
  if (self->has_base && unit->job->item.pts + self->base < 0) {
    GST_DEBUG_OBJECT (pad, "shown before the beginning, dropped");
    return FALSE;
  }
  return TRUE;
}

/* Who cuts downstream knows better. */
static gboolean
ask_downstream (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit)
{
  gint64 pts = unit->job->item.pts + (self->has_base ? self->base : 0);

  return gst_arcly_mux_ask (
      GST_ARCLY_MUX (self), pts, TRUE, &self->used.chunk_duration);
}

static gboolean
fragment_is_due (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit,
    const GstArclyFmp4Place *place)
{
  gint64 wanted = self->used.fragment_duration;

  /* What is open may say already that it does not follow. */
  if ((self->need_discont && !self->opens_fragment) || place->cut ||
      place->back || init_is_due (self))
    return TRUE;
  if (!unit->job->pad->is_video)
    wanted = MAX (wanted, AUDIO_CUT_NS);
  return unit->job->item.dts - self->fragment_dts >= wanted - SLACK_NS &&
         ask_downstream (self, unit);
}

/* May be pushed without this unit, or has to. */
static gboolean
chunk_is_full (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit,
    const GstArclyFmp4Place *place)
{
  const GstArclyFmp4Timeline *line = &unit->pad->line;
  gint64 limit;

  if (self->n_samples == 0)
    return FALSE;
  if (self->chunk_bytes + unit->sample.size > MAX_CHUNK_BYTES ||
      unit->job->item.dts - self->chunk_dts > MAX_CHUNK_NS)
    return TRUE;
  if (self->used.chunk_duration == 0 || unit->pad != self->master ||
      line->samples->len == 0)
    return FALSE;
  limit = gst_arcly_fmp4_to_ticks (self->used.chunk_duration, line->timescale);
  return place->start + place->length - line->start > limit;
}

/* Another one like the last would not fit. */
static gboolean
chunk_is_complete (GstArclyFmp4Mux *self, GstArclyFmp4MuxPad *pad)
{
  const GstArclyFmp4Timeline *line = &pad->line;
  gint64 limit;

  if (self->used.chunk_duration == 0 || pad != self->master ||
      line->last_duration == 0)
    return FALSE;
  limit = gst_arcly_fmp4_to_ticks (self->used.chunk_duration, line->timescale);
  return line->end + line->last_duration - line->start > limit;
}

static void
adopt_formats (GstArclyFmp4Mux *self)
{
  guint i;

  if (self->has_init && !init_is_due (self))
    return;
  if (self->has_init)
    self->need_discont = TRUE;
  self->need_init = TRUE;
  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MuxPad *pad = g_ptr_array_index (self->tracks, i);

    if (!pad->wanted || is_in_init (pad))
      continue;
    gst_arcly_fmp4_mux_adopt_entry (pad);
    set_up_track (pad, pad->active->timescale);
    pad->warned_waiting = FALSE;
  }
}

static void
add_sample (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit,
    const GstArclyFmp4Place *place)
{
  GstArclyFmp4MuxPad *pad = unit->pad;
  const GstArclyMuxItem *item = &unit->job->item;
  guint32 flags = GST_ARCLY_FMP4_SYNC;

  if (!pad->entry)
    gst_arcly_fmp4_mux_adopt_entry (pad);
  if (unit->sample.sync) {
    pad->decodable = TRUE;
    pad->leading_before = unit->sample.open ? item->pts : G_MININT64;
  } else {
    flags = GST_ARCLY_FMP4_NO_SYNC;
    if (item->pts < pad->leading_before)
      flags |= GST_ARCLY_FMP4_LEADING;
  }
  gst_arcly_fmp4_mux_add_payload (unit);
  gst_arcly_fmp4_timeline_add (&pad->line, place, unit->sample.size, flags);
  if (self->n_samples++ == 0) {
    self->chunk_dts = item->dts;
    self->leftover = unit->job->leftover;
  }
  self->has_key |= can_cut (unit);
  self->chunk_bytes += unit->sample.size;
  self->last_dts = item->dts;
}

/* A key frame begins a fragment: a new one, or, where the open chunk has
 * nothing of its track yet, the one that is open. */
static GstFlowReturn
begin_fragment (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit,
    const GstArclyFmp4Place *place)
{
  GstFlowReturn flow = GST_FLOW_OK;

  if (unit->pad->line.samples->len > 0 || place->back || place->cut ||
      (self->has_init && init_is_due (self)))
    flow = gst_arcly_fmp4_mux_push_chunk (self);
  g_set_object (&self->master, unit->pad);
  self->opens_fragment = TRUE;
  self->can_start = TRUE;
  self->fragment_dts = unit->job->item.dts;
  return flow;
}

/* Of one track, samples of a chunk follow each other. */
static gboolean
breaks_chunk (const GstArclyFmp4MuxUnit *unit, const GstArclyFmp4Place *place)
{
  return (place->hole || place->cut) && unit->pad->line.samples->len > 0;
}

/* A sender that begins again says so once a track: the first of them counts. */
static gboolean
begins_anew (GstArclyFmp4Mux *self, const GstArclyFmp4MuxUnit *unit)
{
  gint64 dts = unit->job->item.dts;
  gboolean known =
      unit->pad->n_anew != self->n_anew && ABS (dts - self->anew_dts) < ANEW_NS;

  if (!known) {
    self->n_anew++;
    self->anew_dts = dts;
  }
  unit->pad->n_anew = self->n_anew;
  return !known;
}

static GstFlowReturn
take_unit (GstArclyFmp4Mux *self, const GstArclyMuxJob *job)
{
  const GstArclyMuxItem *item = &job->item;
  GstArclyFmp4MuxUnit unit;
  GstArclyFmp4Place place;
  GstFlowReturn flow = GST_FLOW_OK;
  gboolean forth;

  gst_arcly_fmp4_mux_output_announce (GST_ARCLY_MUX (self), job->pad);
  if (!gst_arcly_fmp4_mux_read (self, job, &unit) || !is_usable (self, &unit))
    return GST_FLOW_OK;

  forth = self->last_dts != GST_ARCLY_MUX_NO_TIME &&
          item->dts - self->last_dts > JUMP_NS;
  place = (GstArclyFmp4Place){
    .dts = item->dts,
    .pts = item->pts,
    .duration = item->duration > 0 ? item->duration : unit.duration,
    .cut = item->discont && unit.pad->line.started,
    .back = item->jumped || forth,
  };
  gst_arcly_fmp4_timeline_place (&unit.pad->line, &place);
  if (job->turns)
    self->need_discont = TRUE;
  if (can_cut (&unit) && fragment_is_due (self, &unit, &place))
    flow = begin_fragment (self, &unit, &place);
  else if (breaks_chunk (&unit, &place) || chunk_is_full (self, &unit, &place))
    flow = gst_arcly_fmp4_mux_push_chunk (self);
  if (place.back || (place.cut && begins_anew (self, &unit)))
    self->need_discont = TRUE;
  if (self->n_samples == 0 && (can_cut (&unit) || !self->has_init)) {
    adopt_formats (self);
    gst_arcly_fmp4_timeline_place (&unit.pad->line, &place);
  }
  add_sample (self, &unit, &place);
  if (flow == GST_FLOW_OK && chunk_is_complete (self, unit.pad))
    flow = gst_arcly_fmp4_mux_push_chunk (self);
  return flow;
}

GstFlowReturn
gst_arcly_fmp4_mux_output_push (
    GstArclyMux *mux, GstArclyMuxJob *jobs, guint n_jobs)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);
  GstFlowReturn flow = GST_FLOW_OK;
  guint i;

  for (i = 0; i < n_jobs && flow == GST_FLOW_OK; i++) {
    if (jobs[i].pad->is_data)
      gst_arcly_fmp4_mux_take_data (self, &jobs[i]);
    else
      flow = take_unit (self, &jobs[i]);
  }
  return flow;
}

GstFlowReturn
gst_arcly_fmp4_mux_output_finish (GstArclyMux *mux)
{
  return gst_arcly_fmp4_mux_push_chunk (GST_ARCLY_FMP4_MUX (mux));
}

void
gst_arcly_fmp4_mux_output_reset (GstArclyMux *mux)
{
  GstArclyFmp4Mux *self = GST_ARCLY_FMP4_MUX (mux);

  g_ptr_array_set_size (self->tracks, 0);
  g_array_set_size (self->events, 0);
  self->n_events = 0;
  gst_clear_object (&self->master);
  g_clear_pointer (&self->used.brand, g_free);
  self->started = FALSE;
  self->need_segment = FALSE;
  self->need_init = FALSE;
  self->need_discont = FALSE;
  self->has_init = FALSE;
  self->has_base = FALSE;
  self->sequence = 0;
  self->n_anew = 0;
  self->opens_fragment = self->can_start = FALSE;
  self->has_key = self->leftover = FALSE;
  self->n_samples = 0;
  self->chunk_bytes = 0;
  self->last_dts = GST_ARCLY_MUX_NO_TIME;
}
