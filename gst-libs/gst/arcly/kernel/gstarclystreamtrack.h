/* SPDX-License-Identifier: MIT
 *
 * The tracks of a stream and their start points. Shared by the files of the
 * stream only; all of it is the stream's lock's. */
#pragma once

#include <gst/arcly/kernel/gstarclymeter.h>
#include <gst/arcly/kernel/gstarclystreampriv.h>

G_BEGIN_DECLS

/* Where a reader can start, and what held there. */
typedef struct {
  GstArclyLogCursor cursor;
  GstArclyPosition position;
  GstClockTime timestamp;
  GPtrArray *stickies; /* (nullable elements), as stream->tracks */
} GstArclyStartPoint;

typedef struct {
  guint number;
  gboolean present;
  gboolean video;
  gboolean eos;
  gboolean after_header; /* the last buffer was a header */
  guint64 min_seq;       /* the log before was flushed */
  GstArclyMeter meter;
  GstClockTime last_pts;            /* of the newest buffer that has one */
  GstArclyStickies *flush_stickies; /* what held there, nullable */
  GstArclyStickies *stickies;
  GstArclyStartPoint *start; /* nullable */
} GstArclyTrack;

/* (nullable) */
GstArclyTrack *gst_arcly_stream_find_track_locked (
    GstArclyStream *stream, guint number);

/* At an entry of that block. */
GstArclyStartPoint *gst_arcly_start_point_new (GstArclyStream *stream,
    GstArclyBlock *block, const GstArclyPosition *position,
    GstClockTime timestamp);

/* No lock: buffers may go with them. */
void gst_arcly_start_point_free (GstArclyStartPoint *start);

/* (element-type GstArclyStartPoint) */
void gst_arcly_start_points_free (GSList *dropped);

/* Whether newcomers begin at this buffer from now on. */
gboolean gst_arcly_stream_is_start_locked (GstArclyStream *stream,
    GstArclyTrack *track, guint flags, GstClockTime arrival,
    GstClockTime timestamp);

/* A newcomer that starts here replays what follows: start points that would
 * replay more than the cache may hold go. *dropped collects them, so that
 * their buffers are freed without the lock. */
void gst_arcly_stream_trim_cache_locked (GstArclyStream *stream,
    const GstArclyPosition *head, GstArclyTrack *of, GstClockTime timestamp,
    GSList **dropped);

G_END_DECLS
