/* SPDX-License-Identifier: MIT
 *
 * Rates over the last seconds, and how long things took. Both know only the
 * times that they are given. Private to the project: not installed. */
#pragma once

#include <gst/gst.h>
#include <stdatomic.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/* Rates are those of this time. */
#define GST_ARCLY_METER_WINDOW (5 * GST_SECOND)
#define GST_ARCLY_METER_STEP (250 * GST_MSECOND)
#define GST_ARCLY_METER_MARKS 21

typedef struct {
  GstClockTime time;
  guint64 frames; /* before that time */
  guint64 bytes;
} GstArclyMark;

/* What came when. Zero is a new one. Belongs to whoever guards it. */
typedef struct {
  guint64 frames;
  guint64 bytes;
  GstClockTime last;
  GstClockTime last_key;
  GstClockTime key_interval;
  guint n_marks; /* ever; the newest ones are kept */
  GstArclyMark marks[GST_ARCLY_METER_MARKS];
} GstArclyMeter;

typedef struct {
  guint64 bit_rate; /* bits a second */
  gdouble frame_rate;
  GstClockTime key_interval; /* between the last two; 0 is not yet */
} GstArclyRates;

/* Times never go back. frame is FALSE for headers alone. */
GST_ARCLY_API
void gst_arcly_meter_add (GstArclyMeter *meter, GstClockTime now, gsize bytes,
    gboolean frame, gboolean key);

/* 0 until there is enough to tell. */
GST_ARCLY_API
void gst_arcly_meter_read (
    const GstArclyMeter *meter, GstClockTime now, GstArclyRates *rates);

/* Two buckets an octave, from 1 us to 16 s. */
#define GST_ARCLY_HISTOGRAM_BUCKETS 48

/* Atomic, relaxed: one thread at a time adds, any thread reads. */
typedef struct {
  _Atomic guint64 counts[GST_ARCLY_HISTOGRAM_BUCKETS];
} GstArclyHistogram;

/* n things that took so long. */
GST_ARCLY_API
void gst_arcly_histogram_add (
    GstArclyHistogram *histogram, GstClockTime time, guint n);

/* Adds its counts to those, which are the caller's. */
GST_ARCLY_API
void gst_arcly_histogram_sum (GstArclyHistogram *histogram, guint64 *counts);

/* The time that a part of them (0.5, 0.99) did not pass, in nanoseconds, up to
 * half too much; 0 if there are none. */
GST_ARCLY_API
GstClockTime gst_arcly_histogram_quantile (const guint64 *counts, gdouble part);

G_END_DECLS
