/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmp/rtmpchunk.h"
#include "rtmpfeedpriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* What a newcomer may be given of the past. A GOP beyond it is not replayed:
 * then newcomers wait for a keyframe. */
#define CACHE_TIME (30 * GST_SECOND)
#define CACHE_BYTES (64 * 1024 * 1024)

/* Below 64, so that a basic header has one byte. Players are used to these. */
#define VIDEO_CHUNK_STREAM 6
#define AUDIO_CHUNK_STREAM 4
#define DATA_CHUNK_STREAM 7

/* A lane takes players until the last of them has a frame so much later than
 * the first. */
#define MAX_ROUND_NS (6 * 1000 * 1000)
/* Until it is measured. */
#define SEND_COST_NS (10 * 1000)

guint32
gst_arcly_rtmp_feed_chunk_stream (guint track)
{
  if (track == GST_ARCLY_RTMP_FEED_DATA)
    return DATA_CHUNK_STREAM;
  return GST_ARCLY_RTMP_TRACK_KIND (track) == GST_ARCLY_RTMP_TRACK_VIDEO
             ? VIDEO_CHUNK_STREAM
             : AUDIO_CHUNK_STREAM;
}

guint8
gst_arcly_rtmp_feed_message_type (guint track)
{
  if (track == GST_ARCLY_RTMP_FEED_DATA)
    return GST_ARCLY_RTMP_DATA_AMF0;
  return GST_ARCLY_RTMP_TRACK_KIND (track) == GST_ARCLY_RTMP_TRACK_VIDEO
             ? GST_ARCLY_RTMP_VIDEO_MESSAGE
             : GST_ARCLY_RTMP_AUDIO_MESSAGE;
}

static void
wake_lanes (GstArclyRtmpFeed *feed, GstArclyRtmpWake level)
{
  guint i;

  for (i = 0; i < feed->lanes->len; i++)
    gst_arcly_rtmp_lane_wake (g_ptr_array_index (feed->lanes, i), level);
}

/* ---- publishers ---- */

GstBuffer *
gst_arcly_rtmp_feed_encode (guint track, guint32 timestamp,
    const guint8 *header, gsize header_size, const guint8 *data, gsize size)
{
  gsize body_size = header_size + size;
  gsize n_chunks = body_size / GST_ARCLY_RTMP_CHUNK_SIZE_OUT + 1;
  g_autofree guint8 *body = g_malloc (MAX (body_size, 1));
  GByteArray *message = g_byte_array_sized_new (
      GST_ARCLY_RTMP_FEED_HEADER + body_size + 5 * n_chunks);
  gsize length;
  guint8 *bytes;

  if (header_size > 0)
    memcpy (body, header, header_size);
  if (size > 0)
    memcpy (body + header_size, data, size);
  gst_arcly_rtmp_chunk_write (message, GST_ARCLY_RTMP_CHUNK_SIZE_OUT,
      gst_arcly_rtmp_feed_chunk_stream (track),
      gst_arcly_rtmp_feed_message_type (track), GST_ARCLY_RTMP_FEED_STREAM_ID,
      timestamp, body, body_size);
  length = message->len;
  bytes = g_realloc (g_byte_array_free (message, FALSE), length);
  return gst_buffer_new_wrapped (bytes, length);
}

/* Takes @buffer. Without a time it is a header, which the log keeps with what
 * follows. */
static void
append (
    GstArclyRtmpFeed *feed, guint track, GstBuffer *buffer, GstClockTime time)
{
  gst_arcly_rtmp_count (&feed->counters.messages, 1);
  gst_arcly_rtmp_count (&feed->counters.bytes_in, gst_buffer_get_size (buffer));
  GST_BUFFER_DTS (buffer) = time;
  if (!GST_CLOCK_TIME_IS_VALID (time))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_HEADER);
  gst_arcly_stream_push_buffer (feed->stream, track, buffer);
}

/* Names of the caps' fields, in order of sending. */
static const gchar *const header_fields[] = { "header", "color" };

void
gst_arcly_rtmp_feed_get_headers (GstEvent *event, guint track, GArray *headers)
{
  GstCaps *caps;
  guint i;

  gst_event_parse_caps (event, &caps);
  for (i = 0; i < G_N_ELEMENTS (header_fields); i++) {
    GstArclyRtmpHeader header = { .track = track };

    if (gst_structure_get (gst_caps_get_structure (caps, 0), header_fields[i],
            GST_TYPE_BUFFER, &header.body, NULL))
      g_array_append_val (headers, header);
  }
}

static void
set_track (GstArclyRtmpFeed *feed, guint track, guint32 fourcc)
{
  GstArclyRtmpFeedTracks *tracks = &feed->tracks;
  GstArclyPosition head;

  gst_arcly_stream_get_head (feed->stream, &head);
  g_mutex_lock (&feed->lock);
  if (!(tracks->known >> track & 1) || tracks->tracks[track].fourcc != fourcc) {
    tracks->known |= 1u << track;
    tracks->tracks[track].fourcc = fourcc;
    tracks->tracks[track].since = head.seq;
    atomic_fetch_add (&feed->tracks_serial, 1);
  }
  g_mutex_unlock (&feed->lock);
}

void
gst_arcly_rtmp_feed_push_header (GstArclyRtmpFeed *feed, guint track,
    guint32 fourcc, guint32 timestamp, GBytes *header, GBytes *color)
{
  GBytes *const bodies[G_N_ELEMENTS (header_fields)] = { header, color };
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (
      GST_ARCLY_RTMP_TRACK_KIND (track) == GST_ARCLY_RTMP_TRACK_VIDEO
          ? "video/x-arcly-rtmp"
          : "audio/x-arcly-rtmp");
  guint i;

  gst_arcly_stream_add_track (feed->stream, track);
  /* Before the log has any of it: who cannot play it never sees it. */
  set_track (feed, track, fourcc);
  for (i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GstBuffer) buffer =
        bodies[i] ? gst_buffer_new_wrapped_bytes (bodies[i]) : NULL;

    if (buffer)
      gst_caps_set_simple (
          caps, header_fields[i], GST_TYPE_BUFFER, buffer, NULL);
  }
  gst_arcly_stream_push_event (feed->stream, track, gst_event_new_caps (caps));
  for (i = 0; i < G_N_ELEMENTS (bodies); i++) {
    gsize size;
    const guint8 *data = bodies[i] ? g_bytes_get_data (bodies[i], &size) : NULL;

    if (bodies[i])
      append (feed, track,
          gst_arcly_rtmp_feed_encode (track, timestamp, NULL, 0, data, size),
          GST_CLOCK_TIME_NONE);
  }
}

void
gst_arcly_rtmp_feed_push (GstArclyRtmpFeed *feed, guint track,
    guint32 timestamp, GstClockTime time, guint32 nanoseconds,
    const guint8 *header, gsize header_size, const guint8 *data, gsize size,
    gboolean key, gboolean urgent)
{
  GstBuffer *buffer = gst_arcly_rtmp_feed_encode (
      track, timestamp, header, header_size, data, size);

  GST_BUFFER_OFFSET (buffer) = nanoseconds;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  append (feed, track, buffer, time);
  wake_lanes (
      feed, urgent ? GST_ARCLY_RTMP_WAKE_FRAME : GST_ARCLY_RTMP_WAKE_SOON);
}

void
gst_arcly_rtmp_feed_push_metadata (GstArclyRtmpFeed *feed, GBytes *body)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);
  GstArclyPosition head;

  append (feed, GST_ARCLY_RTMP_FEED_DATA,
      gst_arcly_rtmp_feed_encode (
          GST_ARCLY_RTMP_FEED_DATA, 0, NULL, 0, data, size),
      GST_CLOCK_TIME_NONE);
  gst_arcly_stream_get_head (feed->stream, &head);
  g_mutex_lock (&feed->lock);
  g_clear_pointer (&feed->metadata, g_bytes_unref);
  feed->metadata = g_bytes_ref (body);
  feed->metadata_end = head.seq;
  atomic_store (&feed->is_ready, TRUE);
  g_mutex_unlock (&feed->lock);
  wake_lanes (feed, GST_ARCLY_RTMP_WAKE_AT_ONCE);
}

void
gst_arcly_rtmp_feed_flush (GstArclyRtmpFeed *feed, guint track)
{
  gst_arcly_stream_push_event (
      feed->stream, track, gst_event_new_flush_stop (TRUE));
}

void
gst_arcly_rtmp_feed_end_track (GstArclyRtmpFeed *feed, guint track)
{
  gst_arcly_stream_push_event (feed->stream, track, gst_event_new_eos ());
}

static void
push_to_all (GstArclyRtmpFeed *feed, GstEvent *event)
{
  guint i;

  /* Those that have not begun are not in the stream, which takes no harm. */
  for (i = 0; i <= GST_ARCLY_RTMP_FEED_DATA; i++)
    gst_arcly_stream_push_event (feed->stream, i, gst_event_ref (event));
  gst_event_unref (event);
}

/* After the end, once all are gone. */
static void
check_drained (GstArclyRtmpFeed *feed, guint n_gone)
{
  gboolean drained;

  g_mutex_lock (&feed->lock);
  feed->n_clients -= n_gone;
  drained = feed->ended && feed->n_clients == 0 && !feed->drained;
  feed->drained |= drained;
  g_mutex_unlock (&feed->lock);
  /* Whoever calls us may hold a lock that drained() needs. */
  if (drained)
    gst_arcly_rtmp_lane_tell_drained (g_ptr_array_index (feed->lanes, 0));
}

void
gst_arcly_rtmp_feed_end (GstArclyRtmpFeed *feed)
{
  push_to_all (feed, gst_event_new_eos ());
  g_mutex_lock (&feed->lock);
  feed->ended = TRUE;
  atomic_store (&feed->is_ended, TRUE);
  g_mutex_unlock (&feed->lock);
  wake_lanes (feed, GST_ARCLY_RTMP_WAKE_AT_ONCE);
  check_drained (feed, 0);
}

void
gst_arcly_rtmp_feed_restart (GstArclyRtmpFeed *feed)
{
  push_to_all (feed, gst_event_new_stream_start (feed->path));
  g_mutex_lock (&feed->lock);
  feed->ended = feed->drained = FALSE;
  atomic_store (&feed->is_ended, FALSE);
  g_mutex_unlock (&feed->lock);
}

/* ---- players ---- */

void
gst_arcly_rtmp_handoff_free (GstArclyRtmpHandoff *handoff)
{
  gst_arcly_rtmp_channel_clear (&handoff->channel);
  g_clear_pointer (&handoff->session, gst_arcly_rtmp_session_free);
  g_clear_pointer (&handoff->unsent, g_bytes_unref);
  g_free (handoff->peer);
  g_free (handoff);
}

gboolean
gst_arcly_rtmp_feed_admit (GstArclyRtmpFeed *feed, gchar **reason)
{
  guint max;

  g_mutex_lock (&feed->lock);
  max = feed->settings.max_clients;
  if (feed->ended)
    *reason = g_strdup ("the stream has ended");
  else if (max > 0 && feed->n_clients >= max)
    *reason = g_strdup_printf ("there are %u players already", max);
  else
    feed->n_clients++;
  g_mutex_unlock (&feed->lock);

  gst_arcly_rtmp_count (
      *reason ? &feed->counters.refused : &feed->counters.players, 1);
  return *reason == NULL;
}

void
gst_arcly_rtmp_feed_refuse (GstArclyRtmpFeed *feed)
{
  gst_arcly_rtmp_count (&feed->counters.refused, 1);
}

/* As few lanes as will do: each one is a thread to be woken for each frame, and
 * two that send at a time slow each other. */
static GstArclyRtmpLane *
choose_lane (GstArclyRtmpFeed *feed)
{
  guint cost = atomic_load_explicit (&feed->send_cost, memory_order_relaxed);
  guint i, least = G_MAXUINT;
  GstArclyRtmpLane *best = NULL;

  for (i = 0; i < feed->lanes->len; i++) {
    GstArclyRtmpLane *lane = g_ptr_array_index (feed->lanes, i);
    guint users = gst_arcly_rtmp_loop_get_users (lane->loop);

    if ((guint64) users * cost < MAX_ROUND_NS)
      return lane;
    if (users < least)
      best = lane;
    least = MIN (users, least);
  }
  return best;
}

void
gst_arcly_rtmp_feed_join (GstArclyRtmpFeed *feed, GstArclyRtmpHandoff *handoff)
{
  gst_arcly_rtmp_lane_join (choose_lane (feed), handoff);
}

void
gst_arcly_rtmp_feed_gone (GstArclyRtmpFeed *feed)
{
  check_drained (feed, 1);
}

GBytes *
gst_arcly_rtmp_feed_get_metadata (GstArclyRtmpFeed *feed, guint64 *end)
{
  GBytes *metadata;

  g_mutex_lock (&feed->lock);
  metadata = feed->metadata ? g_bytes_ref (feed->metadata) : NULL;
  *end = feed->metadata_end;
  g_mutex_unlock (&feed->lock);
  return metadata;
}

guint
gst_arcly_rtmp_feed_get_tracks (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedTracks *tracks)
{
  guint serial = atomic_load (&feed->tracks_serial);

  g_mutex_lock (&feed->lock);
  *tracks = feed->tracks;
  g_mutex_unlock (&feed->lock);
  return serial;
}

void
gst_arcly_rtmp_feed_get_settings (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedSettings *settings)
{
  g_mutex_lock (&feed->lock);
  *settings = feed->settings;
  g_mutex_unlock (&feed->lock);
}

void
gst_arcly_rtmp_feed_set_settings (
    GstArclyRtmpFeed *feed, const GstArclyRtmpFeedSettings *settings)
{
  g_mutex_lock (&feed->lock);
  feed->settings = *settings;
  g_mutex_unlock (&feed->lock);
  /* They may sleep for as long as the settings before allowed. */
  wake_lanes (feed, GST_ARCLY_RTMP_WAKE_AT_ONCE);
}

static guint64
read_counter (const _Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

void
gst_arcly_rtmp_feed_get_stats (
    GstArclyRtmpFeed *feed, GstArclyRtmpFeedStats *stats)
{
  const GstArclyRtmpFeedCounters *counters = &feed->counters;
  guint i;

  g_mutex_lock (&feed->lock);
  stats->clients = feed->n_clients;
  g_mutex_unlock (&feed->lock);
  stats->players = read_counter (&counters->players);
  stats->refused = read_counter (&counters->refused);
  stats->resyncs = read_counter (&counters->resyncs);
  stats->evicted = read_counter (&counters->evicted);
  stats->messages = read_counter (&counters->messages);
  stats->bytes_in = read_counter (&counters->bytes_in);
  stats->bytes_out = stats->sends = 0;
  for (i = 0; i < feed->lanes->len; i++) {
    const GstArclyRtmpLane *lane = g_ptr_array_index (feed->lanes, i);

    stats->bytes_out += read_counter (&lane->bytes_out);
    stats->sends += read_counter (&lane->sends);
  }
}

/* ---- life ---- */

GstArclyRtmpFeed *
gst_arcly_rtmp_feed_new (const gchar *path, GPtrArray *workers,
    const GstArclyRtmpFeedSettings *settings,
    const GstArclyRtmpFeedFuncs *funcs, gpointer data)
{
  const GstArclyCacheLimits limits = { .bytes = CACHE_BYTES,
    .time = CACHE_TIME };
  GstArclyRtmpFeed *feed = g_new0 (GstArclyRtmpFeed, 1);
  guint first = g_str_hash (path), i;

  g_mutex_init (&feed->lock);
  atomic_init (&feed->send_cost, SEND_COST_NS);
  g_mutex_init (&feed->forms_lock);
  feed->path = g_strdup (path);
  feed->settings = *settings;
  feed->funcs = *funcs;
  feed->data = data;
  feed->stream = gst_arcly_stream_new ();
  gst_arcly_stream_set_cache (feed->stream, &limits);
  gst_arcly_stream_add_track (feed->stream, GST_ARCLY_RTMP_FEED_DATA);
  feed->lanes = g_ptr_array_new_with_free_func (gst_arcly_rtmp_lane_unref);
  for (i = 0; i < workers->len; i++)
    g_ptr_array_add (feed->lanes,
        gst_arcly_rtmp_lane_new (
            feed, g_ptr_array_index (workers, (first + i) % workers->len)));
  return feed;
}

void
gst_arcly_rtmp_feed_free (GstArclyRtmpFeed *feed)
{
  guint i;

  g_mutex_lock (&feed->lock);
  feed->drained = TRUE; /* nobody waits for it any more */
  g_mutex_unlock (&feed->lock);
  for (i = 0; i < feed->lanes->len; i++)
    gst_arcly_rtmp_lane_close (g_ptr_array_index (feed->lanes, i));
  g_ptr_array_unref (feed->lanes);
  g_object_unref (feed->stream);
  g_clear_pointer (&feed->metadata, g_bytes_unref);
  g_mutex_clear (&feed->forms_lock);
  g_mutex_clear (&feed->lock);
  g_free (feed->path);
  g_free (feed);
}
