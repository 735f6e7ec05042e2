/* SPDX-License-Identifier: MIT
 *
 * Decides where segments end. Knows times and flags of units only.
 * docs/decisions/040-target-duration.md says why it decides so. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_HLS_NO_TIME G_MININT64

/* One buffer of arclytsmux, or chunk of arclyfmp4mux; times in nanoseconds or
 * GST_ARCLY_HLS_NO_TIME. */
typedef struct {
  gint64 pts;
  gint64 dts;
  gint64 duration;
  gboolean may_cut; /* a decoder can start here */
  gboolean discont;
  gboolean leftover; /* sound, of which a decoder can start at any, behind the
                        end of all video */
  gboolean fresh; /* with discont: what was there in front of it, be it of the
                     same time line, has another init segment */
  gboolean chunk; /* of many frames: it is in a segment whole or not at all */
  gboolean key;   /* a keyframe is in it; of a chunk, also in its middle */
} GstArclyHlsUnit;

typedef struct {
  gint64 duration;        /* of the segment that ends */
  gboolean discontinuity; /* the unit does not continue it */
  gboolean inside_gop;    /* no decoder can start at the unit */
} GstArclyHlsCut;

typedef struct {
  /* Nanoseconds. */
  gint64 target;
  gint64 limit; /* 0: not decided yet */
  gboolean open;
  gboolean has_key;  /* not only sound in front of the first keyframe */
  gboolean was_jump; /* the segment began with a discontinuity */
  gint64 start;      /* presentation time */
  gint64 start_dts;
  gint64 end; /* of what came latest in presentation */
  gint64 last_dts;
  gint64 last_step; /* between two DTS */
  gint64 behind;    /* DTS where the units began to be far behind */
  gint64 gop_start;
  gint64 gops[8]; /* how long the last ones were */
  guint n_gops;
  gboolean offered;    /* keyframes are, before they come */
  gint64 offered_last; /* when the last was */
  gboolean agreed;     /* to one that has not come yet */
  gint64 agreed_at;    /* when that is */
  gboolean guided;     /* another rendition says where segments end */
  gint64 next;         /* where the next one begins; NO_TIME: not known */
} GstArclyHlsCutter;

/* @target in seconds. */
void gst_arcly_hls_cutter_init (GstArclyHlsCutter *self, guint target);

/* The advertised target duration, in seconds: no segment passes it from now
 * on. 0: none is advertised. */
void gst_arcly_hls_cutter_set_limit (GstArclyHlsCutter *self, guint seconds);

/* How far apart frames of two renditions are that are of one time, in
 * nanoseconds: they have other rates. */
#define GST_ARCLY_HLS_TOLERANCE G_GINT64_CONSTANT (10000000)

/* The open segment ends where one of another rendition did, at @pts, or when a
 * keyframe comes then; GST_ARCLY_HLS_NO_TIME: it is not known yet where. */
void gst_arcly_hls_cutter_set_next (GstArclyHlsCutter *self, gint64 pts);

/* TRUE if the open segment ends in front of @unit, which begins the next. */
gboolean gst_arcly_hls_cutter_push (
    GstArclyHlsCutter *self, const GstArclyHlsUnit *unit, GstArclyHlsCut *cut);

/* Where units are chunks that are made to order: a keyframe comes next, at
 * @pts. TRUE if a segment shall begin there; else it goes into a chunk with
 * others. All keyframes are offered, or none, but for those of a jump. */
gboolean gst_arcly_hls_cutter_offer (GstArclyHlsCutter *self, gint64 pts);

/* One that was offered was taken, and has not come yet. */
gboolean gst_arcly_hls_cutter_is_agreed (const GstArclyHlsCutter *self);

/* Behind a cut that is no discontinuity: the segment that ended lasts @more
 * nanoseconds longer, or less long, and the next begins there. */
void gst_arcly_hls_cutter_shift (GstArclyHlsCutter *self, gint64 more);

/* Ends the open segment. Returns its duration; GST_ARCLY_HLS_NO_TIME if there
 * is none. */
gint64 gst_arcly_hls_cutter_finish (GstArclyHlsCutter *self);

G_END_DECLS
