/* SPDX-License-Identifier: MIT
 *
 * Where the samples of one track lie in the media timeline: each begins where
 * the one before ends, in whole ticks, and only a jump leaves a hole.
 *
 * Media time is running time, moved by the same "base" for all tracks, which is
 * 0 unless something is shown before 0. Decode times are not negative in a
 * file: a track whose first is has all its times moved by "shift", and an edit
 * list that takes it back. (Signed composition offsets would do without the
 * list, but ffmpeg 5 shows such a track late.) */
#pragma once

#include "fmp4fragment.h"

G_BEGIN_DECLS

typedef struct {
  guint32 timescale;
  gboolean is_audio; /* samples of constant length, counted rather than timed */

  gint64 end; /* of the last sample, in ticks */
  guint32 last_duration;
  gboolean started;
  gint64 shift; /* of decode times, in ticks */
  gboolean settled;

  /* The open fragment. */
  GArray *samples; /* (element-type GstArclyFmp4Sample) */
  gint64 start;    /* decode time of the first one, in ticks, not moved yet */
  gint64 earliest; /* presentation time, in ticks, not moved either */
  gsize bytes;
} GstArclyFmp4Timeline;

typedef struct {
  gint64 dts;      /* ns */
  gint64 pts;      /* ns */
  gint64 duration; /* nominal, ns; 0 if not known */
  gboolean cut;    /* where the sample before ends is not this one's to say */
  gboolean back;   /* another time base: time may go back */

  /* Out, in ticks. */
  gint64 start;
  gint64 shown;
  guint32 length;
  gboolean hole; /* the open fragment has to be closed first */
} GstArclyFmp4Place;

/* Timescale up to 1,000,000. */
void gst_arcly_fmp4_timeline_init (
    GstArclyFmp4Timeline *line, guint32 timescale, gboolean is_audio);

void gst_arcly_fmp4_timeline_clear (GstArclyFmp4Timeline *line);

/* Finds a sample's place, and how long the one before it is, if that is still
 * open. */
void gst_arcly_fmp4_timeline_place (
    GstArclyFmp4Timeline *line, GstArclyFmp4Place *place);

/* The same sample, next. */
void gst_arcly_fmp4_timeline_add (GstArclyFmp4Timeline *line,
    const GstArclyFmp4Place *place, guint32 size, guint32 flags);

/* Before the init segment is written: decides on the shift, once and if there
 * is a sample. "base" is in ns, and the same for all tracks. */
void gst_arcly_fmp4_timeline_settle (GstArclyFmp4Timeline *line, gint64 base);

/* Closes the fragment: the run points into the timeline until the next sample
 * is added. FALSE if there is none. */
gboolean gst_arcly_fmp4_timeline_take (
    GstArclyFmp4Timeline *line, gint64 base, GstArclyFmp4Run *run);

/* Rounds to the nearest. */
gint64 gst_arcly_fmp4_to_ticks (gint64 ns, guint32 timescale);

gint64 gst_arcly_fmp4_to_ns (gint64 ticks, guint32 timescale);

/* The timescale in which frames at such a rate have whole lengths: 30000 for
 * 30000/1001, 90000 if not known. */
guint32 gst_arcly_fmp4_video_timescale (gint fps_n, gint fps_d);

G_END_DECLS
