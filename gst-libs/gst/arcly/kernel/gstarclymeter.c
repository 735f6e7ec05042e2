/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclymeter.h>

/* Who gave nothing for so long has paused: the pause counts from then on. */
#define PAUSE GST_SECOND

void
gst_arcly_meter_add (GstArclyMeter *meter, GstClockTime now, gsize bytes,
    gboolean frame, gboolean key)
{
  GstArclyMark *newest =
      &meter->marks[(meter->n_marks - 1) % GST_ARCLY_METER_MARKS];

  if (meter->n_marks == 0 || now >= newest->time + GST_ARCLY_METER_STEP) {
    newest = &meter->marks[meter->n_marks++ % GST_ARCLY_METER_MARKS];
    newest->time = now;
    newest->frames = meter->frames;
    newest->bytes = meter->bytes;
  }
  meter->frames += frame ? 1 : 0;
  meter->bytes += bytes;
  meter->last = now;
  if (!frame || !key)
    return;
  if (meter->last_key)
    meter->key_interval = now - meter->last_key;
  meter->last_key = now;
}

/* From a mark to a mark: what came at the last one is not in it, as what came
 * at the first one is, so that no interval is counted without its frame. */
void
gst_arcly_meter_read (
    const GstArclyMeter *meter, GstClockTime now, GstArclyRates *rates)
{
  guint kept = MIN (meter->n_marks, GST_ARCLY_METER_MARKS);
  const GstArclyMark *first = NULL;
  GstArclyMark last = { now, meter->frames, meter->bytes };
  gdouble seconds = 0;

  rates->bit_rate = 0;
  rates->frame_rate = 0;
  rates->key_interval = meter->key_interval;
  if (kept == 0)
    return;
  for (guint i = kept; i > 0 && first == NULL; i--) {
    const GstArclyMark *mark =
        &meter->marks[(meter->n_marks - i) % GST_ARCLY_METER_MARKS];

    if (mark->time + GST_ARCLY_METER_WINDOW >= now)
      first = mark;
  }
  if (first == NULL)
    return;
  if (now < meter->last + PAUSE)
    last = meter->marks[(meter->n_marks - 1) % GST_ARCLY_METER_MARKS];
  if (last.time <= first->time)
    return;
  seconds = (gdouble) (last.time - first->time) / GST_SECOND;
  rates->frame_rate = (last.frames - first->frames) / seconds;
  rates->bit_rate = 8 * (last.bytes - first->bytes) / seconds + 0.5;
}

static guint
bucket_of (GstClockTime time)
{
  guint64 us = time / GST_USECOND;
  guint octave = 0;

  if (us < 2)
    return us;
  octave = 63 - __builtin_clzll (us);
  return MIN (
      2 * octave + ((us >> (octave - 1)) & 1), GST_ARCLY_HISTOGRAM_BUCKETS - 1);
}

void
gst_arcly_histogram_add (
    GstArclyHistogram *histogram, GstClockTime time, guint n)
{
  _Atomic guint64 *count = &histogram->counts[bucket_of (time)];

  /* One writer at a time: no read-modify-write is needed. */
  atomic_store_explicit (count,
      atomic_load_explicit (count, memory_order_relaxed) + n,
      memory_order_relaxed);
}

void
gst_arcly_histogram_sum (GstArclyHistogram *histogram, guint64 *counts)
{
  for (guint i = 0; i < GST_ARCLY_HISTOGRAM_BUCKETS; i++)
    counts[i] +=
        atomic_load_explicit (&histogram->counts[i], memory_order_relaxed);
}

static GstClockTime
bucket_end (guint bucket)
{
  guint64 octave = G_GUINT64_CONSTANT (1) << (bucket / 2);

  if (bucket < 2)
    return (bucket + 1) * GST_USECOND;
  return (bucket % 2 ? 2 * octave : octave + octave / 2) * GST_USECOND;
}

GstClockTime
gst_arcly_histogram_quantile (const guint64 *counts, gdouble part)
{
  guint64 total = 0, seen = 0;

  for (guint i = 0; i < GST_ARCLY_HISTOGRAM_BUCKETS; i++)
    total += counts[i];
  for (guint i = 0; i < GST_ARCLY_HISTOGRAM_BUCKETS; i++) {
    seen += counts[i];
    if (seen && seen >= part * total)
      return bucket_end (i);
  }
  return 0;
}
