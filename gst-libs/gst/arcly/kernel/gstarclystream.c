/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/kernel/gstarclystreamtrack.h>

G_DEFINE_FINAL_TYPE (GstArclyStream, gst_arcly_stream, G_TYPE_OBJECT)

static void
track_free (GstArclyTrack *track)
{
  g_clear_pointer (&track->stickies, gst_arcly_stickies_unref);
  g_clear_pointer (&track->flush_stickies, gst_arcly_stickies_unref);
  g_clear_pointer (&track->start, gst_arcly_start_point_free);
  g_free (track);
}

GstArclyTrack *
gst_arcly_stream_find_track_locked (GstArclyStream *stream, guint number)
{
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    if (track->number == number)
      return track;
  }
  return NULL;
}

static GstArclyBlock *
append_locked (GstArclyStream *stream, GstArclyEntry *entry)
{
  GstArclyBlock *block = NULL;
  guint64 seq = atomic_load_explicit (&stream->head_seq, memory_order_relaxed);

  entry->buffers =
      atomic_load_explicit (&stream->head_buffers, memory_order_relaxed);
  entry->bytes =
      atomic_load_explicit (&stream->head_bytes, memory_order_relaxed);
  block = gst_arcly_log_append (&stream->tail, entry);

  atomic_store_explicit (
      &stream->head_bytes, entry->bytes + entry->size, memory_order_relaxed);
  atomic_store_explicit (
      &stream->head_arrival, entry->arrival, memory_order_relaxed);
  if (entry->flags & GST_ARCLY_ENTRY_BUFFER)
    atomic_store_explicit (
        &stream->head_buffers, entry->buffers + 1, memory_order_relaxed);
  atomic_store_explicit (&stream->head_seq, seq + 1, memory_order_relaxed);
  return block;
}

static void
append_buffer_locked (GstArclyStream *stream, GstArclyTrack *track,
    GstBuffer *buffer, GstClockTime arrival, GSList **dropped)
{
  GstArclyEntry entry = { 0 };
  GstArclyPosition position;
  GstArclyBlock *block = NULL;
  GstClockTime timestamp = GST_BUFFER_DTS_OR_PTS (buffer);

  entry.object = GST_MINI_OBJECT_CAST (buffer);
  entry.arrival = arrival;
  entry.size = MIN (gst_buffer_get_size (buffer), G_MAXUINT32);
  entry.track = track->number;
  entry.flags = GST_ARCLY_ENTRY_BUFFER;
  if (track->video)
    entry.flags |= GST_ARCLY_ENTRY_VIDEO;
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    entry.flags |= GST_ARCLY_ENTRY_KEY;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER))
    entry.flags |= GST_ARCLY_ENTRY_HEADER;

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    track->last_pts = GST_BUFFER_PTS (buffer);

  gst_arcly_stream_get_head (stream, &position);
  position.arrival = arrival;
  block = append_locked (stream, &entry);

  if (gst_arcly_stream_is_start_locked (
          stream, track, entry.flags, arrival, timestamp)) {
    if (track->start)
      *dropped = g_slist_prepend (*dropped, track->start);
    track->start =
        gst_arcly_start_point_new (stream, block, &position, timestamp);
  }
  /* A keyframe may itself be flagged as a header; only headers alone, which
   * have no time of their own, are glued to what follows. */
  track->after_header = (entry.flags & GST_ARCLY_ENTRY_HEADER) &&
                        !GST_CLOCK_TIME_IS_VALID (timestamp);

  gst_arcly_meter_add (&track->meter, arrival, entry.size, !track->after_header,
      entry.flags & GST_ARCLY_ENTRY_KEY);

  gst_arcly_stream_get_head (stream, &position);
  gst_arcly_stream_trim_cache_locked (
      stream, &position, track, timestamp, dropped);
}

static void
append_event_locked (
    GstArclyStream *stream, guint number, GstEvent *event, GstClockTime arrival)
{
  GstArclyEntry entry = { 0 };

  entry.object = GST_MINI_OBJECT_CAST (event);
  entry.arrival = arrival;
  entry.track = number;
  append_locked (stream, &entry);
}

static GstClockTime
now (void)
{
  return g_get_monotonic_time () * GST_USECOND;
}

/* Lets the readers know. The exchange comes after the entry's release, and a
 * worker's exchange comes before it looks: one of the two sees the other. */
static void
notify_readers (GstArclyStream *stream)
{
  GstArclyDispatcher *dispatcher = NULL;

  if (atomic_exchange (&stream->dispatch_state, GST_ARCLY_DISPATCH_DIRTY) !=
      GST_ARCLY_DISPATCH_IDLE)
    return;
  dispatcher = atomic_load (&stream->dispatcher);
  if (dispatcher)
    gst_arcly_dispatcher_submit (dispatcher, stream);
}

GstArclyStream *
gst_arcly_stream_new (void)
{
  return g_object_new (GST_TYPE_ARCLY_STREAM, NULL);
}

gboolean
gst_arcly_stream_add_track (GstArclyStream *stream, guint number)
{
  GstArclyTrack *track = NULL;
  gboolean ok = TRUE;

  g_return_val_if_fail (number < GST_ARCLY_TRACK_ALL, FALSE);

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track == NULL && stream->tracks->len < GST_ARCLY_MAX_TRACKS) {
    track = g_new0 (GstArclyTrack, 1);
    track->number = number;
    track->last_pts = GST_CLOCK_TIME_NONE;
    g_ptr_array_add (stream->tracks, track);
  }
  if (track)
    track->present = TRUE;
  else
    ok = FALSE;
  g_mutex_unlock (&stream->lock);
  return ok;
}

/* All that are there are at EOS: tell the readers whose tracks never came. */
static void
check_all_eos_locked (GstArclyStream *stream, GstClockTime arrival)
{
  guint present = 0;

  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    if (!track->present)
      continue;
    if (!track->eos)
      return;
    present++;
  }
  if (present == 0 || stream->all_eos)
    return;
  stream->all_eos = TRUE;
  append_event_locked (stream, GST_ARCLY_TRACK_ALL,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("arcly-all-eos")),
      arrival);
}

gboolean
gst_arcly_is_all_eos (GstMiniObject *object)
{
  return GST_IS_EVENT (object) &&
         gst_event_has_name (GST_EVENT_CAST (object), "arcly-all-eos");
}

void
gst_arcly_stream_remove_track (GstArclyStream *stream, guint number)
{
  GstArclyTrack *track = NULL;
  GstClockTime arrival = now ();

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track && track->present) {
    if (!track->eos && track->stickies) {
      GstEvent *eos = gst_event_new_eos ();

      track->stickies = gst_arcly_stickies_apply (track->stickies, eos);
      append_event_locked (stream, number, eos, arrival);
    }
    track->eos = TRUE;
    check_all_eos_locked (stream, arrival);
    track->present = FALSE;
  }
  g_mutex_unlock (&stream->lock);
  notify_readers (stream);
}

void
gst_arcly_stream_push_buffer (
    GstArclyStream *stream, guint number, GstBuffer *buffer)
{
  GstClockTime arrival = now ();
  GSList *dropped = NULL;
  GstArclyTrack *track = NULL;

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track)
    append_buffer_locked (stream, track, buffer, arrival, &dropped);
  g_mutex_unlock (&stream->lock);

  if (track == NULL) {
    gst_buffer_unref (buffer);
    return;
  }
  notify_readers (stream);
  gst_arcly_start_points_free (dropped);
}

void
gst_arcly_stream_push_list (
    GstArclyStream *stream, guint number, GstBufferList *list)
{
  GstClockTime arrival = now ();
  GSList *dropped = NULL;
  GstArclyTrack *track = NULL;
  guint n = gst_buffer_list_length (list);

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  for (guint i = 0; track && i < n; i++)
    append_buffer_locked (stream, track,
        gst_buffer_ref (gst_buffer_list_get (list, i)), arrival, &dropped);
  g_mutex_unlock (&stream->lock);

  gst_buffer_list_unref (list);
  notify_readers (stream);
  gst_arcly_start_points_free (dropped);
}

static gboolean
caps_are_video (GstEvent *event)
{
  GstCaps *caps = NULL;
  const gchar *name = NULL;

  gst_event_parse_caps (event, &caps);
  if (gst_caps_get_size (caps) == 0)
    return FALSE;
  name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  return g_str_has_prefix (name, "video/") || g_str_has_prefix (name, "image/");
}

/* Returns the start point that no longer holds, to be freed unlocked. */
static GstArclyStartPoint *
apply_event_locked (
    GstArclyStream *stream, GstArclyTrack *track, GstEvent *event)
{
  GstArclyStartPoint *dropped = NULL;

  if (GST_EVENT_IS_STICKY (event) ||
      GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    track->stickies = gst_arcly_stickies_apply (track->stickies, event);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      track->eos = FALSE;
      stream->all_eos = FALSE;
      break;
    case GST_EVENT_CAPS:
      track->video = caps_are_video (event);
      break;
    case GST_EVENT_SEGMENT:
      /* It was another segment's. */
      track->last_pts = GST_CLOCK_TIME_NONE;
      break;
    case GST_EVENT_EOS:
      track->eos = TRUE;
      break;
    case GST_EVENT_FLUSH_STOP:
      track->eos = FALSE;
      stream->all_eos = FALSE;
      track->min_seq =
          atomic_load_explicit (&stream->head_seq, memory_order_relaxed);
      g_clear_pointer (&track->flush_stickies, gst_arcly_stickies_unref);
      if (track->stickies)
        track->flush_stickies = gst_arcly_stickies_ref (track->stickies);
      dropped = g_steal_pointer (&track->start);
      track->after_header = FALSE;
      atomic_fetch_add_explicit (&stream->flushes, 1, memory_order_release);
      break;
    default:
      break;
  }
  return dropped;
}

void
gst_arcly_stream_push_event (
    GstArclyStream *stream, guint number, GstEvent *event)
{
  GstClockTime arrival = now ();
  GstArclyStartPoint *dropped = NULL;
  GstArclyTrack *track = NULL;

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track) {
    dropped = apply_event_locked (stream, track, event);
    append_event_locked (stream, number, gst_event_ref (event), arrival);
    if (track->eos)
      check_all_eos_locked (stream, arrival);
  }
  g_mutex_unlock (&stream->lock);

  gst_event_unref (event);
  g_clear_pointer (&dropped, gst_arcly_start_point_free);
  notify_readers (stream);
}

void
gst_arcly_stream_reset (GstArclyStream *stream)
{
  GstArclyBlock *old = NULL;
  GSList *dropped = NULL;

  g_mutex_lock (&stream->lock);
  old = stream->tail;
  stream->first_seq =
      atomic_load_explicit (&stream->head_seq, memory_order_relaxed);
  stream->first_buffer =
      atomic_load_explicit (&stream->head_buffers, memory_order_relaxed);
  stream->tail = gst_arcly_block_new (stream->first_seq);
  stream->all_eos = FALSE;
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    g_clear_pointer (&track->stickies, gst_arcly_stickies_unref);
    g_clear_pointer (&track->flush_stickies, gst_arcly_stickies_unref);
    if (track->start)
      dropped = g_slist_prepend (dropped, g_steal_pointer (&track->start));
    track->video = track->eos = track->after_header = FALSE;
    memset (&track->meter, 0, sizeof (track->meter));
    track->last_pts = GST_CLOCK_TIME_NONE;
  }
  atomic_fetch_add_explicit (&stream->resets, 1, memory_order_release);
  g_mutex_unlock (&stream->lock);
  notify_readers (stream);
  gst_arcly_block_unref (old);
  gst_arcly_start_points_free (dropped);
}

void
gst_arcly_stream_set_element (GstArclyStream *stream, GstElement *element)
{
  g_weak_ref_set (&stream->element, element);
}

GstElement *
gst_arcly_stream_get_element (GstArclyStream *stream)
{
  return g_weak_ref_get (&stream->element);
}

void
gst_arcly_stream_get_head (GstArclyStream *stream, GstArclyPosition *head)
{
  head->seq = atomic_load_explicit (&stream->head_seq, memory_order_relaxed);
  head->buffers =
      atomic_load_explicit (&stream->head_buffers, memory_order_relaxed);
  head->bytes =
      atomic_load_explicit (&stream->head_bytes, memory_order_relaxed);
  head->arrival =
      atomic_load_explicit (&stream->head_arrival, memory_order_relaxed);
}

gboolean
gst_arcly_stream_is_running (GstArclyStream *stream)
{
  gboolean running = FALSE;

  g_mutex_lock (&stream->lock);
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);

    running |= track->stickies != NULL;
  }
  running = running && !stream->all_eos;
  g_mutex_unlock (&stream->lock);
  return running;
}

guint
gst_arcly_stream_get_resets (GstArclyStream *stream)
{
  return atomic_load_explicit (&stream->resets, memory_order_acquire);
}

guint
gst_arcly_stream_get_flushes (GstArclyStream *stream)
{
  return atomic_load_explicit (&stream->flushes, memory_order_acquire);
}

GstArclyStickies *
gst_arcly_stream_get_flush_stickies (GstArclyStream *stream, guint number)
{
  GstArclyTrack *track = NULL;
  GstArclyStickies *stickies = NULL;

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track && track->flush_stickies)
    stickies = gst_arcly_stickies_ref (track->flush_stickies);
  g_mutex_unlock (&stream->lock);
  return stickies;
}

guint64
gst_arcly_stream_get_min_seq (GstArclyStream *stream, guint number)
{
  GstArclyTrack *track = NULL;
  guint64 seq = 0;

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  if (track)
    seq = track->min_seq;
  g_mutex_unlock (&stream->lock);
  return seq;
}

GstCaps *
gst_arcly_stream_get_caps (GstArclyStream *stream, guint number)
{
  GstArclyTrack *track = NULL;
  GstCaps *caps = NULL;

  g_mutex_lock (&stream->lock);
  track = gst_arcly_stream_find_track_locked (stream, number);
  for (guint i = 0; track && track->stickies && i < track->stickies->n_events;
       i++) {
    GstEvent *event = track->stickies->events[i];

    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      gst_event_parse_caps (event, &caps);
      gst_caps_ref (caps);
    }
  }
  g_mutex_unlock (&stream->lock);
  return caps;
}

static void
add_rates_locked (GstArclyTrack *track, gboolean *video, GstArclyRates *sum)
{
  GstArclyRates rates;

  gst_arcly_meter_read (&track->meter, now (), &rates);
  sum->bit_rate += rates.bit_rate;
  if (!track->video || *video)
    return;
  *video = TRUE;
  sum->frame_rate = rates.frame_rate;
  sum->key_interval = rates.key_interval;
}

void
gst_arcly_stream_get_stats (GstArclyStream *stream, GstArclyStreamStats *stats)
{
  GstArclyPosition head;
  gboolean video = FALSE;

  memset (stats, 0, sizeof (*stats));
  g_mutex_lock (&stream->lock);
  gst_arcly_stream_get_head (stream, &head);
  stats->buffers = head.buffers;
  stats->bytes = head.bytes;
  for (guint i = 0; i < stream->tracks->len; i++) {
    GstArclyTrack *track = g_ptr_array_index (stream->tracks, i);
    GstArclyStartPoint *start = track->start;

    stats->n_tracks += track->present ? 1 : 0;
    add_rates_locked (track, &video, &stats->rates);
    if (start == NULL)
      continue;
    stats->cached_buffers =
        MAX (stats->cached_buffers, head.buffers - start->position.buffers);
    stats->cached_bytes =
        MAX (stats->cached_bytes, head.bytes - start->position.bytes);
    stats->cached_time =
        MAX (stats->cached_time, head.arrival - start->position.arrival);
  }
  g_mutex_unlock (&stream->lock);
}

static void
gst_arcly_stream_finalize (GObject *object)
{
  GstArclyStream *stream = GST_ARCLY_STREAM (object);

  g_ptr_array_unref (stream->readers);
  g_ptr_array_unref (stream->tracks);
  gst_arcly_block_unref (stream->tail);
  g_weak_ref_clear (&stream->element);
  g_mutex_clear (&stream->lock);
  G_OBJECT_CLASS (gst_arcly_stream_parent_class)->finalize (object);
}

static void
gst_arcly_stream_class_init (GstArclyStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_stream_finalize;
}

static void
gst_arcly_stream_init (GstArclyStream *stream)
{
  g_mutex_init (&stream->lock);
  g_weak_ref_init (&stream->element, NULL);
  stream->tail = gst_arcly_block_new (0);
  stream->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify) track_free);
  stream->readers = g_ptr_array_new ();
  stream->ready_link.data = stream;
  stream->limits.time = 10 * GST_SECOND;
}
