/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fmp4timeline.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
#define DEFAULT_TIMESCALE 90000
#define MAX_TIMESCALE 1000000
/* A sample is not longer, a frame of a slide show neither: it is a jump. */
#define MAX_SAMPLE_S 10
/* Senders that count in milliseconds. */
#define AUDIO_TOLERANCE_MS 2
/* 32 bits hold the sum of two. */
#define MAX_OFFSET (1 << 30)

gint64
gst_arcly_fmp4_to_ticks (gint64 ns, guint32 timescale)
{
  gint64 s = ns / NS_PER_S, rest = ns % NS_PER_S;

  if (rest < 0) {
    s--;
    rest += NS_PER_S;
  }
  return s * timescale + (rest * timescale + NS_PER_S / 2) / NS_PER_S;
}

gint64
gst_arcly_fmp4_to_ns (gint64 ticks, guint32 timescale)
{
  gint64 s = ticks / timescale, rest = ticks % timescale;

  if (rest < 0) {
    s--;
    rest += timescale;
  }
  return s * NS_PER_S + (rest * NS_PER_S + timescale / 2) / timescale;
}

guint32
gst_arcly_fmp4_video_timescale (gint fps_n, gint fps_d)
{
  guint32 scale;

  /* Other denominators are a demuxer's guess from the distance of frames. */
  if (fps_n <= 0 || fps_n > MAX_TIMESCALE || (fps_d != 1 && fps_d != 1001) ||
      (fps_d == 1 && DEFAULT_TIMESCALE % fps_n == 0))
    return DEFAULT_TIMESCALE;
  for (scale = fps_n; scale < 10000; scale += fps_n)
    continue;
  return scale;
}

void
gst_arcly_fmp4_timeline_init (
    GstArclyFmp4Timeline *line, guint32 timescale, gboolean is_audio)
{
  *line = (GstArclyFmp4Timeline){
    .timescale = timescale,
    .is_audio = is_audio,
    .samples = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4Sample)),
  };
}

void
gst_arcly_fmp4_timeline_clear (GstArclyFmp4Timeline *line)
{
  g_clear_pointer (&line->samples, g_array_unref);
}

/* The sample before ends here, after all. */
static gboolean
stretch_last (GstArclyFmp4Timeline *line, gint64 by)
{
  GstArclyFmp4Sample *last;
  gint64 duration;

  if (line->samples->len == 0)
    return FALSE;
  last = &g_array_index (
      line->samples, GstArclyFmp4Sample, line->samples->len - 1);
  duration = last->duration + by;
  if (duration <= 0 || duration > (gint64) line->timescale * MAX_SAMPLE_S)
    return FALSE;
  last->duration = line->last_duration = duration;
  line->end += by;
  return TRUE;
}

/* A gap in sound is a gap: it does not make the frame before it longer. */
static gboolean
is_gap (const GstArclyFmp4Timeline *line, gint64 late)
{
  if (line->is_audio && line->last_duration > 0)
    return late >= line->last_duration;
  return late > (gint64) line->timescale * MAX_SAMPLE_S;
}

void
gst_arcly_fmp4_timeline_place (
    GstArclyFmp4Timeline *line, GstArclyFmp4Place *place)
{
  guint32 scale = line->timescale;
  gint64 tolerance =
      line->is_audio ? (gint64) scale * AUDIO_TOLERANCE_MS / 1000 : 0;
  gint64 length, late;

  length = gst_arcly_fmp4_to_ticks (
      MIN (place->duration, MAX_SAMPLE_S * NS_PER_S), scale);
  place->length = length > 0 ? length : line->last_duration;
  place->start = gst_arcly_fmp4_to_ticks (place->dts, scale);
  place->shown = gst_arcly_fmp4_to_ticks (place->pts, scale);
  place->hole = FALSE;
  if (!line->started)
    return;

  late = place->start - line->end;
  if (place->back || is_gap (line, late)) {
    place->hole = TRUE;
    return;
  }
  if (place->cut) {
    place->hole = late > tolerance;
    if (!place->hole)
      place->start = line->end;
    return;
  }
  if (ABS (late) > tolerance && stretch_last (line, late))
    return;
  place->start = line->end;
}

void
gst_arcly_fmp4_timeline_add (GstArclyFmp4Timeline *line,
    const GstArclyFmp4Place *place, guint32 size, guint32 flags)
{
  /* Sound is heard when it is decoded. */
  GstArclyFmp4Sample sample = {
    .duration = place->length,
    .size = size,
    .flags = flags,
    .offset = line->is_audio ? 0
                             : CLAMP (place->shown - place->start, -MAX_OFFSET,
                                   MAX_OFFSET),
  };

  if (line->samples->len == 0) {
    line->start = place->start;
    line->earliest = G_MAXINT64;
  }
  line->earliest = MIN (line->earliest, place->start + sample.offset);
  g_array_append_val (line->samples, sample);
  line->bytes += size;
  line->last_duration = sample.duration;
  line->end = place->start + sample.duration;
  line->started = TRUE;
}

static gint64
decode_time (const GstArclyFmp4Timeline *line, gint64 base)
{
  return line->start + gst_arcly_fmp4_to_ticks (base, line->timescale);
}

void
gst_arcly_fmp4_timeline_settle (GstArclyFmp4Timeline *line, gint64 base)
{
  if (line->settled || line->samples->len == 0)
    return;
  line->shift = MAX (0, -decode_time (line, base));
  line->settled = TRUE;
}

gboolean
gst_arcly_fmp4_timeline_take (
    GstArclyFmp4Timeline *line, gint64 base, GstArclyFmp4Run *run)
{
  if (line->samples->len == 0)
    return FALSE;
  run->decode_time = MAX (0, decode_time (line, base) + line->shift);
  run->samples = (const GstArclyFmp4Sample *) line->samples->data;
  run->n_samples = line->samples->len;
  g_array_set_size (line->samples, 0);
  line->bytes = 0;
  return TRUE;
}
