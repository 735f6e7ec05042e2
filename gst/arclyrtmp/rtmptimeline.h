/* SPDX-License-Identifier: MIT
 *
 * From the publishers' milliseconds to the running time of the pipeline: one
 * base for all tracks of a publication, so that what the publisher says about
 * the distance of two frames stays true to the millisecond. One thread. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_RTMP_TRACK_VIDEO,
  GST_ARCLY_RTMP_TRACK_AUDIO,
} GstArclyRtmpTrackKind;
#define GST_ARCLY_RTMP_N_KINDS (GST_ARCLY_RTMP_TRACK_AUDIO + 1)

/* Tracks of one kind, numbered from 0: more than anybody sends. A track is
 * video 0, audio 0, video 1, audio 1 and so on, so that the first two are the
 * kinds. */
#define GST_ARCLY_RTMP_MAX_TRACK_IDS 16
#define GST_ARCLY_RTMP_N_TRACKS                                                \
  (GST_ARCLY_RTMP_N_KINDS * GST_ARCLY_RTMP_MAX_TRACK_IDS)
#define GST_ARCLY_RTMP_TRACK(kind, id) ((id) *GST_ARCLY_RTMP_N_KINDS + (kind))
#define GST_ARCLY_RTMP_TRACK_KIND(track)                                       \
  ((GstArclyRtmpTrackKind) ((track) % GST_ARCLY_RTMP_N_KINDS))
#define GST_ARCLY_RTMP_TRACK_ID(track) ((track) / GST_ARCLY_RTMP_N_KINDS)

/* A step further than these on the publisher's clock is a jump. Encoders
 * interleave within less, and a pause of one track is not a step of both. */
#define GST_ARCLY_RTMP_MAX_STEP_BACK 1000
#define GST_ARCLY_RTMP_MAX_STEP_FORWARD 10000

/* Live in the object they serve; zero is a fresh one. */
typedef struct {
  /*< private >*/
  gboolean based;
  GstClockTimeDiff offset; /* running time of 0 ms */
  gint64 newest;           /* ms, of all tracks since the base was set */
  gboolean heard[GST_ARCLY_RTMP_N_TRACKS];
  gint64 last[GST_ARCLY_RTMP_N_TRACKS]; /* ms */
  /* Running time of the newest DTS: a new base may not get behind it. */
  gboolean delivered[GST_ARCLY_RTMP_N_TRACKS];
  GstClockTimeDiff floor[GST_ARCLY_RTMP_N_TRACKS];
  GstClockTimeDiff end; /* of all that was delivered, durations included */
} GstArclyRtmpTimeline;

/* Running time begins anew. */
void gst_arcly_rtmp_timeline_reset (GstArclyRtmpTimeline *timeline);

/* The next media are another publisher's. */
void gst_arcly_rtmp_timeline_new_session (GstArclyRtmpTimeline *timeline);

/* The time of a frame whose DTS is @dts ms and whose PTS is @composition_time
 * ms later. @now: running time of the clock, or GST_CLOCK_TIME_NONE.
 * @duration: of the frame, or GST_CLOCK_TIME_NONE. TRUE: the base was moved
 * within a session; nothing before is continuous with this. */
gboolean gst_arcly_rtmp_timeline_map (GstArclyRtmpTimeline *timeline,
    guint track, gint64 dts, gint32 composition_time, GstClockTime duration,
    GstClockTime now, GstClockTime *out_dts, GstClockTime *out_pts);

G_END_DECLS
