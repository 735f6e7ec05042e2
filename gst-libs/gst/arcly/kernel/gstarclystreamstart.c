/* SPDX-License-Identifier: MIT
 *
 * Where a newcomer begins: start points, and the bounds of what they keep. */
#include "config.h"

#include <gst/arcly/kernel/gstarclystreamtrack.h>

/* Without video a newcomer may start anywhere: at least so much apart. */
#define AUDIO_START_INTERVAL (500 * GST_MSECOND)

static void
stickies_clear (gpointer stickies)
{
  if (stickies)
    gst_arcly_stickies_unref (stickies);
}

void
gst_arcly_start_point_free (GstArclyStartPoint *start)
{
  gst_arcly_log_cursor_clear (&start->cursor);
  g_ptr_array_unref (start->stickies);
  g_free (start);
}

static gboolean
has_video (GstArclyStream *stream)
{
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    if (track->video && !track->eos)
      return TRUE;
  }
  return FALSE;
}

/* A newcomer that starts here replays what follows: start points that would
 * replay more than the cache may hold go. *dropped collects them, so that
 * their buffers are freed without the lock. */
void
gst_arcly_stream_trim_cache_locked (GstArclyStream *stream,
    const GstArclyPosition *head, GstArclyTrack *of, GstClockTime timestamp,
    GSList **dropped)
{
  const GstArclyCacheLimits *limits = &stream->limits;

  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);
    GstArclyStartPoint *start = track->start;
    GstClockTime span = 0;

    if (start == NULL)
      continue;
    span = head->arrival - start->position.arrival;
    if (track == of && GST_CLOCK_TIME_IS_VALID (timestamp) &&
        GST_CLOCK_TIME_IS_VALID (start->timestamp) &&
        timestamp > start->timestamp)
      span = MAX (span, timestamp - start->timestamp);

    if (span > limits->time ||
        (limits->buffers &&
            head->buffers - start->position.buffers > limits->buffers) ||
        (limits->bytes &&
            head->bytes - start->position.bytes > limits->bytes)) {
      *dropped = g_slist_prepend (*dropped, start);
      track->start = NULL;
    }
  }
}

gboolean
gst_arcly_stream_is_start_locked (GstArclyStream *stream, GstArclyTrack *track,
    guint flags, GstClockTime arrival, GstClockTime timestamp)
{
  GstArclyStartPoint *start = track->start;
  GstClockTime span = 0;

  if (!(flags & GST_ARCLY_ENTRY_KEY) || stream->limits.time == 0)
    return FALSE;
  /* The headers before a keyframe belong to it. */
  if (start && track->after_header)
    return FALSE;
  if (track->video || start == NULL)
    return track->video || !has_video (stream);
  if (has_video (stream))
    return FALSE;

  span = arrival - start->position.arrival;
  if (GST_CLOCK_TIME_IS_VALID (timestamp) &&
      GST_CLOCK_TIME_IS_VALID (start->timestamp) &&
      timestamp > start->timestamp)
    span = MAX (span, timestamp - start->timestamp);
  return span >= AUDIO_START_INTERVAL;
}

GstArclyStartPoint *
gst_arcly_start_point_new (GstArclyStream *stream, GstArclyBlock *block,
    const GstArclyPosition *position, GstClockTime timestamp)
{
  GstArclyStartPoint *start = g_new0 (GstArclyStartPoint, 1);

  gst_arcly_log_cursor_init (
      &start->cursor, block, position->seq - block->first_seq);
  start->position = *position;
  start->timestamp = timestamp;
  start->stickies = g_ptr_array_new_full (stream->tracks->len, stickies_clear);
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    g_ptr_array_add (start->stickies,
        track->stickies ? gst_arcly_stickies_ref (track->stickies) : NULL);
  }
  return start;
}

void
gst_arcly_start_points_free (GSList *dropped)
{
  g_slist_free_full (dropped, (GDestroyNotify) gst_arcly_start_point_free);
}

void
gst_arcly_stream_set_cache (
    GstArclyStream *stream, const GstArclyCacheLimits *limits)
{
  GstArclyPosition head;
  GSList *dropped = NULL;

  g_mutex_lock (&stream->lock);
  stream->limits = *limits;
  gst_arcly_stream_get_head (stream, &head);
  gst_arcly_stream_trim_cache_locked (
      stream, &head, NULL, GST_CLOCK_TIME_NONE, &dropped);
  for (guint i = 0; limits->time == 0 && i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    if (track->start)
      dropped = g_slist_prepend (dropped, g_steal_pointer (&track->start));
  }
  g_mutex_unlock (&stream->lock);
  gst_arcly_start_points_free (dropped);
}

/* The earliest of the newest start points of the wanted video tracks: each of
 * them then has its keyframe in the replay. Without video, of any track. */
static GstArclyStartPoint *
choose_start_locked (GstArclyStream *stream, GstArclyStartTrack *tracks,
    guint n_tracks, guint64 newer_than, gint *lacking)
{
  GstArclyStartPoint *best = NULL;
  gboolean video = FALSE;

  *lacking = -1;
  for (guint pass = 0; pass < 2 && !video && best == NULL; pass++) {
    for (guint i = 0; i < n_tracks; i++) {
      GstArclyTrack *track =
          gst_arcly_stream_find_track_locked (stream, tracks[i].track);

      if (track == NULL || (pass == 0 && !track->video))
        continue;
      video |= track->video;
      if (track->start && track->start->position.seq >= newer_than) {
        if (best == NULL || track->start->position.seq < best->position.seq)
          best = track->start;
      } else if (track->video && !track->eos && *lacking < 0) {
        *lacking = tracks[i].track;
      }
    }
  }
  return best;
}

gboolean
gst_arcly_stream_get_beginning (GstArclyStream *stream,
    GstArclyLogCursor *cursor, GstArclyPosition *position, guint *resets)
{
  gboolean untouched = FALSE;

  g_mutex_lock (&stream->lock);
  gst_arcly_stream_get_head (stream, position);
  untouched = position->buffers == stream->first_buffer &&
              stream->tail->first_seq == stream->first_seq && !stream->all_eos;
  if (untouched) {
    gst_arcly_log_cursor_init (cursor, stream->tail, 0);
    position->seq = stream->first_seq;
    *resets = gst_arcly_stream_get_resets (stream);
  }
  g_mutex_unlock (&stream->lock);
  return untouched;
}

static GstClockTime
track_head_time (GstArclyTrack *track)
{
  const GstSegment *segment = NULL;

  for (guint i = 0; track->stickies && i < track->stickies->n_events; i++) {
    if (GST_EVENT_TYPE (track->stickies->events[i]) == GST_EVENT_SEGMENT)
      gst_event_parse_segment (track->stickies->events[i], &segment);
  }
  if (segment == NULL || segment->format != GST_FORMAT_TIME ||
      !GST_CLOCK_TIME_IS_VALID (track->last_pts))
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, track->last_pts);
}

static GstClockTime
head_time_locked (
    GstArclyStream *stream, GstArclyStartTrack *tracks, guint n_tracks)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;

  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < n_tracks; i++) {
      GstArclyTrack *track =
          gst_arcly_stream_find_track_locked (stream, tracks[i].track);

      if (track && !GST_CLOCK_TIME_IS_VALID (time) &&
          track->video == (pass == 0))
        time = track_head_time (track);
    }
  }
  return time;
}

void
gst_arcly_stream_start (GstArclyStream *stream, GstArclyStartTrack *tracks,
    guint n_tracks, guint64 newer_than, GstArclyStart *start)
{
  GstArclyStartPoint *point = NULL;
  gint lacking = -1;

  g_mutex_lock (&stream->lock);
  point = choose_start_locked (stream, tracks, n_tracks, newer_than, &lacking);
  if (point) {
    gst_arcly_log_cursor_init (
        &start->cursor, point->cursor.block, point->cursor.index);
    start->position = point->position;
  } else {
    gst_arcly_log_cursor_init (&start->cursor, stream->tail,
        atomic_load_explicit (&stream->tail->length, memory_order_relaxed));
    gst_arcly_stream_get_head (stream, &start->position);
  }
  start->replay = point != NULL;
  start->wait_key = point == NULL && lacking >= 0;
  start->key_track = lacking >= 0 ? lacking : 0;
  start->head_time = head_time_locked (stream, tracks, n_tracks);

  for (guint i = 0; i < n_tracks; i++) {
    GstArclyTrack *track =
        gst_arcly_stream_find_track_locked (stream, tracks[i].track);
    guint index = 0;

    tracks[i].stickies = NULL;
    tracks[i].min_seq = track ? track->min_seq : 0;
    tracks[i].video = track && track->video;
    if (track == NULL || !tracks[i].restart)
      continue;
    if (point == NULL) {
      tracks[i].stickies = track->stickies;
    } else if (g_ptr_array_find (stream->tracks, track, &index) &&
               index < point->stickies->len) {
      tracks[i].stickies = g_ptr_array_index (point->stickies, index);
    }
    if (tracks[i].stickies)
      gst_arcly_stickies_ref (tracks[i].stickies);
  }
  start->all_eos = point == NULL && stream->all_eos;
  g_mutex_unlock (&stream->lock);
}
