/* SPDX-License-Identifier: MIT
 *
 * One stream: its tracks, its log and where a newcomer can start. Private to
 * the project: not installed. */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/kernel/gstarclylog.h>
#include <gst/arcly/kernel/gstarclymeter.h>
#include <gst/arcly/kernel/gstarclystickies.h>

G_BEGIN_DECLS

#define GST_ARCLY_MAX_TRACKS 64

#define GST_TYPE_ARCLY_STREAM (gst_arcly_stream_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (
    GstArclyStream, gst_arcly_stream, GST, ARCLY_STREAM, GObject)

/* How much a start point may keep; 0 in buffers and bytes is no limit, 0 in
 * time keeps none. */
typedef struct {
  guint64 buffers;
  guint64 bytes;
  GstClockTime time;
} GstArclyCacheLimits;

/* A place in the stream, counted from its beginning. */
typedef struct {
  guint64 seq;
  guint64 buffers;
  guint64 bytes;
  GstClockTime arrival;
} GstArclyPosition;

/* How a reader begins. Filled by gst_arcly_stream_start(). */
typedef struct {
  GstArclyLogCursor cursor;
  GstArclyPosition position;
  gboolean replay;   /* from a start point; else from the head */
  gboolean wait_key; /* no start point, and a video track is there */
  guint key_track;   /* with wait_key: the track that lacks one */
  gboolean all_eos;  /* from the head, and all tracks ended before it */
  /* Running time of the newest buffer, of a video track if there is one. */
  GstClockTime head_time;
} GstArclyStart;

/* One track of a reader, in and out of gst_arcly_stream_start(). */
typedef struct {
  guint track;
  gboolean restart;           /* in: this one begins, or begins again */
  gboolean video;             /* out */
  guint64 min_seq;            /* out: older entries were flushed away */
  GstArclyStickies *stickies; /* out, full, nullable: for those that restart */
} GstArclyStartTrack;

typedef struct {
  guint64 buffers;
  guint64 bytes;
  guint n_tracks;
  guint64 cached_buffers;
  guint64 cached_bytes;
  GstClockTime cached_time;
  GstArclyRates rates; /* bits of all tracks, frames of the first video track */
} GstArclyStreamStats;

GST_ARCLY_API
GstArclyStream *gst_arcly_stream_new (void);

/* Who publishes the stream: events and queries of a reader in another pipeline
 * go there. A weak reference; NULL after its end. Any thread. */
GST_ARCLY_API
void gst_arcly_stream_set_element (GstArclyStream *stream, GstElement *element);

/* (transfer full) (nullable) */
GST_ARCLY_API
GstElement *gst_arcly_stream_get_element (GstArclyStream *stream);

GST_ARCLY_API
void gst_arcly_stream_set_cache (
    GstArclyStream *stream, const GstArclyCacheLimits *limits);

/* FALSE if there are GST_ARCLY_MAX_TRACKS. Idempotent. */
GST_ARCLY_API
gboolean gst_arcly_stream_add_track (GstArclyStream *stream, guint track);

/* The track leaves: EOS for its readers, unless it had one. */
GST_ARCLY_API
void gst_arcly_stream_remove_track (GstArclyStream *stream, guint track);

/* Publisher. Never waits for a reader. Takes the buffer. */
GST_ARCLY_API
void gst_arcly_stream_push_buffer (
    GstArclyStream *stream, guint track, GstBuffer *buffer);

/* Publisher. All buffers at once. Takes the list. */
GST_ARCLY_API
void gst_arcly_stream_push_list (
    GstArclyStream *stream, guint track, GstBufferList *list);

/* Publisher. A serialized event; FLUSH_STOP drops what the track has in the
 * log. Takes the event. */
GST_ARCLY_API
void gst_arcly_stream_push_event (
    GstArclyStream *stream, guint track, GstEvent *event);

/* Forgets all but the tracks' numbers. Readers drop what they have not read
 * and begin again. */
GST_ARCLY_API
void gst_arcly_stream_reset (GstArclyStream *stream);

/* The newest place at which a reader of these tracks can begin: the start
 * point of its first video track, else of any of its tracks, else the head. */
GST_ARCLY_API
void gst_arcly_stream_start (GstArclyStream *stream, GstArclyStartTrack *tracks,
    guint n_tracks, guint64 newer_than, GstArclyStart *start);

/* As long as there is no buffer: where the log begins. FALSE later. */
GST_ARCLY_API
gboolean gst_arcly_stream_get_beginning (GstArclyStream *stream,
    GstArclyLogCursor *cursor, GstArclyPosition *position, guint *resets);

/* Any thread: the head. A number may be newer than the one beside it. */
GST_ARCLY_API
void gst_arcly_stream_get_head (GstArclyStream *stream, GstArclyPosition *head);

/* Changes whenever the stream is reset. */
GST_ARCLY_API
guint gst_arcly_stream_get_resets (GstArclyStream *stream);

/* Something was published since the reset, and not all tracks ended. */
GST_ARCLY_API
gboolean gst_arcly_stream_is_running (GstArclyStream *stream);

/* Changes whenever a track is flushed. */
GST_ARCLY_API
guint gst_arcly_stream_get_flushes (GstArclyStream *stream);

GST_ARCLY_API
guint64 gst_arcly_stream_get_min_seq (GstArclyStream *stream, guint track);

/* What held at the newest FLUSH_STOP of the track. (nullable) */
GST_ARCLY_API
GstArclyStickies *gst_arcly_stream_get_flush_stickies (
    GstArclyStream *stream, guint track);

GST_ARCLY_API
GstCaps *gst_arcly_stream_get_caps (GstArclyStream *stream, guint track);

GST_ARCLY_API
void gst_arcly_stream_get_stats (
    GstArclyStream *stream, GstArclyStreamStats *stats);

/* The event behind the entry that says that all tracks ended. */
GST_ARCLY_API
gboolean gst_arcly_is_all_eos (GstMiniObject *object);

G_END_DECLS
