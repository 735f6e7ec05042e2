/* SPDX-License-Identifier: MIT
 *
 * What a player has been told and where it is in the log. Its bytes go out in
 * this order: the rest of a message that the kernel took in part, what the
 * session says, and messages of the log from the cursor on. So whatever is
 * said falls between two messages. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

#include <gst/arcly/codec/gstarclycursor.h>

#include "rtmp/rtmpchunk.h"
#include "rtmpplayer.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* A player says little. */
#define READ_SIZE 4096
/* Of what the session says: a player that makes us answer and does not read is
 * closed beyond it. */
#define MAX_SAID (256 * 1024)
/* What the kernel may hold for one player; it doubles that for its own needs.
 * The second is what of it may wait for the network: enough to keep that busy,
 * and the rest is in the log, where it can be skipped. */
#define SEND_BUFFER (512 * 1024)
#define UNSENT_BUFFER (128 * 1024)
/* After the last word, for the peer to close first: see rtmpconnection.c. */
#define LINGER_US (2 * G_TIME_SPAN_SECOND)
/* Stopped, for another play. */
#define IDLE_US (10 * G_TIME_SPAN_SECOND)

/* ---- the socket ---- */

static void
set_options (gint fd)
{
  const gint size = SEND_BUFFER, unsent = UNSENT_BUFFER;

  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

static guint64
get_send_buffer (GstArclyRtmpPlayer *player)
{
  gint bytes = 0;

  return ioctl (player->fd, SIOCOUTQ, &bytes) == 0 ? MAX (bytes, 0) : 0;
}

/* ---- life ---- */

static void
note (GstArclyRtmpPlayer *player, GstArclyRtmpPlayerNews news)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpPlayerNote data = { .news = news, .peer = player->peer };

  feed->funcs.note (feed->data, &data);
}

static void
tell_end (GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpPlayerNote data = {
    .news = GST_ARCLY_RTMP_PLAYER_ENDED,
    .peer = player->peer,
    .reason = reason,
    .error = error,
  };

  if (!player->end_told)
    feed->funcs.note (feed->data, &data);
  player->end_told = TRUE;
}

static void
leave_log (GstArclyRtmpPlayer *player)
{
  guint i;

  gst_arcly_log_cursor_clear (&player->cursor);
  for (i = 0; i < G_N_ELEMENTS (player->headers); i++)
    gst_clear_buffer (&player->headers[i]);
  player->need_headers = player->wait_key = player->first_key = FALSE;
}

static void
player_free (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpLane *lane = player->lane;

  gst_arcly_rtmp_lane_remove (lane, player);
  gst_arcly_rtmp_timer_stop (&player->timer);
  gst_arcly_rtmp_watch_remove (&player->watch);
  leave_log (player);
  gst_clear_buffer (&player->rest);
  g_clear_pointer (&player->said, g_byte_array_unref);
  gst_arcly_rtmp_session_free (player->session);
  close (player->fd);
  g_free (player->peer);
  g_free (player);
  gst_arcly_rtmp_feed_gone (lane->feed);
}

/* The peer is gone or as good as. */
static void
lose (GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  tell_end (player, reason, error);
  player->dead = TRUE;
}

/* What the session has to say goes out, then the connection ends. */
static void
finish (GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  if (player->state >= GST_ARCLY_RTMP_PLAYER_ENDING)
    return;
  tell_end (player, reason, error);
  player->talk = TRUE;
  leave_log (player);
  gst_arcly_rtmp_session_close (player->session, NULL, NULL);
  player->state = GST_ARCLY_RTMP_PLAYER_ENDING;
  gst_arcly_rtmp_timer_start (&player->timer, LINGER_US);
}

/* ---- the log ---- */

/* At the newest place to begin that is not before @newer_than. */
static void
begin (GstArclyRtmpPlayer *player, guint64 newer_than)
{
  GstArclyStream *stream = player->lane->feed->stream;
  GstArclyStartTrack tracks[] = {
    { .track = GST_ARCLY_RTMP_FEED_VIDEO, .restart = TRUE },
    { .track = GST_ARCLY_RTMP_FEED_AUDIO, .restart = TRUE },
  };
  GstArclyStart start = { 0 };
  const GstArclyEntry *first;
  guint i, j;

  leave_log (player);
  gst_arcly_stream_start (
      stream, tracks, G_N_ELEMENTS (tracks), newer_than, &start);
  player->cursor = start.cursor;
  player->wait_key = start.wait_key;
  player->need_headers = TRUE;
  /* What it is given of the past is no lag. */
  gst_arcly_stream_get_head (stream, &player->grant);
  for (i = 0; i < G_N_ELEMENTS (tracks); i++) {
    g_autoptr (GstArclyStickies) stickies = tracks[i].stickies;

    for (j = 0; stickies && j < stickies->n_events; j++) {
      if (GST_EVENT_TYPE (stickies->events[j]) == GST_EVENT_CAPS)
        player->headers[i] =
            gst_arcly_rtmp_feed_get_header (stickies->events[j]);
    }
  }
  /* A track that changes there says it itself. */
  first = gst_arcly_log_cursor_peek (&player->cursor);
  if (first && (first->flags & GST_ARCLY_ENTRY_HEADER) &&
      first->track < G_N_ELEMENTS (player->headers))
    gst_clear_buffer (&player->headers[first->track]);
  player->at_end = start.all_eos;
}

/* Who is there before the first message has them all, audio that came before
 * the first keyframe, too. */
static void
pin_beginning (GstArclyRtmpPlayer *player)
{
  GstArclyPosition position;
  guint resets;

  gst_arcly_stream_get_beginning (
      player->lane->feed->stream, &player->cursor, &position, &resets);
}

static void
begin_at_pin (GstArclyRtmpPlayer *player)
{
  player->need_headers = player->first_key = TRUE;
  gst_arcly_stream_get_head (player->lane->feed->stream, &player->grant);
}

/* Unless the stream begins with pictures that nobody can decode. */
static void
check_first_key (GstArclyRtmpPlayer *player)
{
  GstArclyLogCursor cursor;
  const GstArclyEntry *entry;
  guint flags = 0;

  gst_arcly_log_cursor_init (
      &cursor, player->cursor.block, player->cursor.index);
  while (!(flags & GST_ARCLY_ENTRY_VIDEO) &&
         (entry = gst_arcly_log_cursor_peek (&cursor)) != NULL) {
    flags = entry->flags & GST_ARCLY_ENTRY_HEADER ? 0 : entry->flags;
    cursor.index++;
  }
  gst_arcly_log_cursor_clear (&cursor);
  if (!(flags & GST_ARCLY_ENTRY_VIDEO))
    return;
  player->first_key = FALSE;
  if (!(flags & GST_ARCLY_ENTRY_KEY))
    begin (player, 0);
}

static gboolean
wants (const GstArclyRtmpPlayer *player, const GstArclyEntry *entry)
{
  if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER))
    return FALSE;
  return !(player->no_audio && entry->track == GST_ARCLY_RTMP_FEED_AUDIO) &&
         !(player->no_video && entry->track == GST_ARCLY_RTMP_FEED_VIDEO);
}

/* To the next message that the player wants; NULL: there is none yet. */
static const GstArclyEntry *
peek (GstArclyRtmpPlayer *player)
{
  const GstArclyEntry *entry;

  while ((entry = gst_arcly_log_cursor_peek (&player->cursor)) != NULL) {
    if (wants (player, entry))
      return entry;
    if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER) &&
        gst_arcly_is_all_eos (entry->object)) {
      player->at_end = TRUE;
      return NULL;
    }
    player->cursor.index++;
  }
  return NULL;
}

/* Up to a keyframe; what is before cannot be decoded. */
static void
skip_to_key (GstArclyRtmpPlayer *player)
{
  const guint key = GST_ARCLY_ENTRY_VIDEO | GST_ARCLY_ENTRY_KEY;
  const GstArclyEntry *entry;

  while ((entry = peek (player)) != NULL) {
    if ((entry->flags & key) == key) {
      begin (player, gst_arcly_log_cursor_seq (&player->cursor));
      return;
    }
    player->cursor.index++;
  }
}

/* RTMP 1.0, 5.3.1.2.1: the timestamp of a message as we encoded it. */
static guint32
get_timestamp (const GstArclyEntry *entry)
{
  guint8 bytes[GST_ARCLY_RTMP_FEED_HEADER + 4] = { 0 };
  GstArclyCursor cursor;
  guint32 timestamp;

  gst_buffer_extract (GST_BUFFER_CAST (entry->object), 0, bytes, sizeof bytes);
  gst_arcly_cursor_init (&cursor, bytes + 1, sizeof bytes - 1);
  timestamp = gst_arcly_cursor_u24be (&cursor);
  if (timestamp != 0xffffff)
    return timestamp;
  gst_arcly_cursor_init (&cursor, bytes + GST_ARCLY_RTMP_FEED_HEADER, 4);
  return gst_arcly_cursor_u32be (&cursor);
}

static GByteArray *
get_said (GstArclyRtmpPlayer *player)
{
  if (player->said == NULL)
    player->said = g_byte_array_new ();
  return player->said;
}

static void
say_body (GstArclyRtmpPlayer *player, GstArclyRtmpFeedTrack track,
    guint32 timestamp, const guint8 *data, gsize size)
{
  gst_arcly_rtmp_chunk_write (get_said (player), GST_ARCLY_RTMP_CHUNK_SIZE_OUT,
      gst_arcly_rtmp_feed_chunk_stream (track),
      gst_arcly_rtmp_feed_message_type (track), player->stream_id, timestamp,
      data, size);
}

/* Metadata and sequence headers, these stamped as the message that follows. */
static void
say_headers (GstArclyRtmpPlayer *player, guint32 timestamp)
{
  g_autoptr (GBytes) metadata =
      gst_arcly_rtmp_feed_get_metadata (player->lane->feed);
  guint i;

  player->need_headers = FALSE;
  if (metadata)
    say_body (player, GST_ARCLY_RTMP_FEED_DATA, 0,
        g_bytes_get_data (metadata, NULL), g_bytes_get_size (metadata));
  for (i = 0; i < G_N_ELEMENTS (player->headers); i++) {
    GstMapInfo map;

    if (player->headers[i] &&
        gst_buffer_map (player->headers[i], &map, GST_MAP_READ)) {
      say_body (player, i, timestamp, map.data, map.size);
      gst_buffer_unmap (player->headers[i], &map);
    }
    gst_clear_buffer (&player->headers[i]);
  }
}

/* ---- lag ---- */

static gboolean
get_lag (GstArclyRtmpPlayer *player, GstArclyRtmpPlayerNote *lag)
{
  const GstArclyEntry *entry = gst_arcly_log_cursor_peek (&player->cursor);
  GstArclyPosition head, at;

  if (entry == NULL)
    return FALSE;
  at.seq = gst_arcly_log_cursor_seq (&player->cursor);
  at.bytes = entry->bytes;
  at.arrival = entry->arrival;
  if (player->grant.seq > at.seq)
    at = player->grant;
  gst_arcly_stream_get_head (player->lane->feed->stream, &head);
  lag->send_buffer = get_send_buffer (player);
  lag->lag_time = head.arrival > at.arrival ? head.arrival - at.arrival : 0;
  lag->lag_bytes =
      lag->send_buffer + (head.bytes > at.bytes ? head.bytes - at.bytes : 0);
  return TRUE;
}

static void
evict (GstArclyRtmpPlayer *player)
{
  gst_arcly_rtmp_session_end_play (player->session, player->stream_id,
      GST_ARCLY_RTMP_CODE_PLAY_SLOW, "too slow for this stream");
  finish (player, "too slow", TRUE);
}

/* For one whose socket takes no more. What it holds stays bounded so: one
 * message, what is in the kernel, and the log from the cursor on. */
static void
judge (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpFeedSettings *settings = &player->lane->settings;
  GstArclyRtmpPlayerNote lag = { .peer = player->peer };

  if (!get_lag (player, &lag))
    return;
  if ((settings->max_lag_time == 0 || lag.lag_time <= settings->max_lag_time) &&
      (settings->max_lag_bytes == 0 ||
          lag.lag_bytes <= settings->max_lag_bytes))
    return;

  lag.news = settings->evict ? GST_ARCLY_RTMP_PLAYER_EVICTED
                             : GST_ARCLY_RTMP_PLAYER_LAGGED;
  gst_arcly_rtmp_count (
      settings->evict ? &feed->counters.evicted : &feed->counters.resyncs, 1);
  feed->funcs.note (feed->data, &lag);
  if (settings->evict)
    evict (player);
  else
    begin (player, gst_arcly_log_cursor_seq (&player->cursor) + 1);
}

/* ---- sending ---- */

/* One message from byte @offset on, for a stream of another number than that
 * in the log: @head gets the header with this one. */
static guint
add_for_stream (GstArclyRtmpPlayer *player, struct iovec *iov, guint8 *head,
    const guint8 *data, gsize size, gsize offset)
{
  const guint32 stream_id = GUINT32_TO_LE (player->stream_id);
  guint n = 0;

  memcpy (head, data, GST_ARCLY_RTMP_FEED_HEADER);
  memcpy (head + GST_ARCLY_RTMP_FEED_HEADER - 4, &stream_id, 4);
  if (offset < GST_ARCLY_RTMP_FEED_HEADER) {
    iov[n].iov_base = head + offset;
    iov[n++].iov_len = GST_ARCLY_RTMP_FEED_HEADER - offset;
    offset = GST_ARCLY_RTMP_FEED_HEADER;
  }
  iov[n].iov_base = (guint8 *) data + offset;
  iov[n++].iov_len = size - offset;
  return n;
}

#define MAX_OWN 32
#define MAX_VECTORS (GST_ARCLY_RTMP_BATCH_MESSAGES + 3)

/* What goes to the kernel in one call. */
typedef struct {
  struct iovec iov[MAX_VECTORS];
  guint8 heads[MAX_OWN + 1][GST_ARCLY_RTMP_FEED_HEADER];
  guint n_heads;
  guint n;
} Vectors;

static void
add_buffer (
    GstArclyRtmpPlayer *player, Vectors *v, GstBuffer *buffer, gsize offset)
{
  GstMapInfo map;

  /* The memory is ours and malloc()ed: its address outlives the mapping. */
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (player->stream_id != GST_ARCLY_RTMP_FEED_STREAM_ID) {
    v->n += add_for_stream (player, v->iov + v->n, v->heads[v->n_heads++],
        map.data, map.size, offset);
  } else {
    v->iov[v->n].iov_base = map.data + offset;
    v->iov[v->n++].iov_len = map.size - offset;
  }
  gst_buffer_unmap (buffer, &map);
}

/* For players that want less, or another stream number: a walk of its own. */
static void
add_own (GstArclyRtmpPlayer *player, Vectors *v)
{
  GstArclyLogCursor cursor;
  const GstArclyEntry *entry;
  guint left = MAX_OWN;

  gst_arcly_log_cursor_init (
      &cursor, player->cursor.block, player->cursor.index);
  while (left > 0 && (entry = gst_arcly_log_cursor_peek (&cursor)) != NULL) {
    if (wants (player, entry)) {
      add_buffer (player, v, GST_BUFFER_CAST (entry->object), 0);
      left--;
    } else if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER) &&
               gst_arcly_is_all_eos (entry->object)) {
      break;
    }
    cursor.index++;
  }
  gst_arcly_log_cursor_clear (&cursor);
}

static gboolean
is_plain (const GstArclyRtmpPlayer *player)
{
  return player->stream_id == GST_ARCLY_RTMP_FEED_STREAM_ID &&
         !player->no_audio && !player->no_video;
}

/* What is before the log. */
static void
add_said (GstArclyRtmpPlayer *player, Vectors *v)
{
  if (player->rest)
    add_buffer (player, v, player->rest, player->rest_offset);
  if (player->said) {
    v->iov[v->n].iov_base = player->said->data + player->said_sent;
    v->iov[v->n++].iov_len = player->said->len - player->said_sent;
  }
}

/* @sent bytes are gone: first the rest, then what was said. What is left of
 * @sent is the log's. */
static gsize
account_said (GstArclyRtmpPlayer *player, gsize sent)
{
  if (player->rest) {
    gsize n =
        MIN (sent, gst_buffer_get_size (player->rest) - player->rest_offset);

    player->rest_offset += n;
    sent -= n;
    if (player->rest_offset == gst_buffer_get_size (player->rest))
      gst_clear_buffer (&player->rest);
  }
  if (player->said && !player->rest) {
    gsize n = MIN (sent, player->said->len - player->said_sent);

    player->said_sent += n;
    sent -= n;
    if (player->said_sent == player->said->len) {
      g_clear_pointer (&player->said, g_byte_array_unref);
      player->said_sent = 0;
    }
  }
  return sent;
}

static void
account_log (GstArclyRtmpPlayer *player, gsize sent)
{
  const GstArclyEntry *entry;

  while (sent > 0 && (entry = peek (player)) != NULL) {
    if (sent < entry->size) {
      player->rest = gst_buffer_ref (GST_BUFFER_CAST (entry->object));
      player->rest_offset = sent;
    }
    sent -= MIN (sent, entry->size);
    player->cursor.index++;
  }
}

static void
jump (GstArclyRtmpPlayer *player, const GstArclyLogCursor *to)
{
  /* The block is shared by all players, so its count is dear. */
  if (player->cursor.block != to->block) {
    gst_arcly_log_cursor_clear (&player->cursor);
    gst_arcly_log_cursor_init (&player->cursor, to->block, to->index);
  }
  player->cursor.index = to->index;
}

/* Bytes that the kernel took of @size; fewer block the player. */
static gsize
write_vectors (
    GstArclyRtmpPlayer *player, const struct iovec *iov, guint n, gsize size)
{
  struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = n };
  GstArclyRtmpFeedCounters *counters = &player->lane->feed->counters;
  gssize sent;

  do
    sent = sendmsg (player->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  gst_arcly_rtmp_count (&counters->sends, 1);

  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    if (errno == EPIPE || errno == ECONNRESET)
      lose (player, "closed by the peer", FALSE);
    else
      lose (player, g_strerror (errno), TRUE);
    return 0;
  }
  sent = MAX (sent, 0);
  player->blocked = (gsize) sent < size;
  gst_arcly_rtmp_count (&counters->bytes_out, sent);
  return sent;
}

static gsize
sum (const struct iovec *iov, guint n)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < n; i++)
    size += iov[i].iov_len;
  return size;
}

/* The common case: nothing but the log, as all others have it. */
static gboolean
send_batch (GstArclyRtmpPlayer *player)
{
  const GstArclyRtmpBatch *batch =
      gst_arcly_rtmp_lane_get_batch (player->lane, &player->cursor);
  gsize sent;

  if (batch->n == 0) {
    peek (player); /* past events, and for the end */
    return FALSE;
  }
  sent = write_vectors (player, batch->iov, batch->n, batch->bytes);
  if (player->dead)
    return FALSE;
  if (sent == batch->bytes)
    jump (player, &batch->end);
  else
    account_log (player, sent);
  return TRUE;
}

static gboolean
send_vectors (GstArclyRtmpPlayer *player, gboolean with_log)
{
  Vectors v;
  gsize size;

  v.n = v.n_heads = 0;
  add_said (player, &v);
  if (with_log && is_plain (player)) {
    const GstArclyRtmpBatch *batch =
        gst_arcly_rtmp_lane_get_batch (player->lane, &player->cursor);

    memcpy (v.iov + v.n, batch->iov, batch->n * sizeof batch->iov[0]);
    v.n += batch->n;
  } else if (with_log) {
    add_own (player, &v);
  }
  size = sum (v.iov, v.n);
  if (size == 0)
    return FALSE;
  size = write_vectors (player, v.iov, v.n, size);
  if (player->dead)
    return FALSE;
  size = account_said (player, size);
  if (size > 0)
    account_log (player, size);
  return TRUE;
}

/* Ready to be sent from the log: TRUE if there is something. */
static gboolean
prepare_log (GstArclyRtmpPlayer *player)
{
  const GstArclyEntry *entry;

  if (player->state != GST_ARCLY_RTMP_PLAYER_PLAYING)
    return FALSE;
  if (player->first_key)
    check_first_key (player);
  if (player->wait_key)
    skip_to_key (player);
  if (player->wait_key)
    return FALSE;
  if (!player->need_headers)
    return TRUE;
  entry = peek (player);
  if (entry == NULL)
    return FALSE;
  say_headers (player, get_timestamp (entry));
  return TRUE;
}

static void
end_of_stream (GstArclyRtmpPlayer *player)
{
  gst_arcly_rtmp_session_end_play (
      player->session, player->stream_id, NULL, "The stream has ended.");
  finish (player, "the stream has ended", FALSE);
}

static void
take_output (GstArclyRtmpPlayer *player)
{
  g_autoptr (GBytes) output = NULL;

  /* Its memory is cold: each frame would fetch it, for each player. */
  if (!player->talk)
    return;
  player->talk = FALSE;
  output = gst_arcly_rtmp_session_take_output (player->session);
  if (output == NULL)
    return;
  g_byte_array_append (get_said (player), g_bytes_get_data (output, NULL),
      g_bytes_get_size (output));
  if (player->said->len - player->said_sent > MAX_SAID)
    lose (player, "the peer does not read our answers", TRUE);
}

static void
send_all (GstArclyRtmpPlayer *player)
{
  gboolean more = TRUE;

  while (more && !player->blocked && !player->dead) {
    gboolean with_log;

    take_output (player);
    with_log = prepare_log (player);
    if (with_log && !player->said && !player->rest && is_plain (player))
      more = send_batch (player);
    else
      more = send_vectors (player, with_log);
    if (player->at_end && !player->dead &&
        player->state == GST_ARCLY_RTMP_PLAYER_PLAYING) {
      end_of_stream (player);
      more = TRUE;
    }
  }
}

/* ---- what happens next ---- */

/* Last thing in whatever happens to the player, which may be freed by it. */
static void
settle (GstArclyRtmpPlayer *player)
{
  g_autoptr (GError) error = NULL;
  guint32 events = EPOLLIN | (player->blocked ? EPOLLOUT : 0);

  if (player->state == GST_ARCLY_RTMP_PLAYER_ENDING && !player->rest &&
      !player->said) {
    player->state = GST_ARCLY_RTMP_PLAYER_LINGERING;
    shutdown (player->fd, SHUT_WR);
  }
  if (!player->dead &&
      !gst_arcly_rtmp_watch_set (&player->watch, events, &error))
    lose (player, error->message, TRUE);
  if (player->dead)
    player_free (player);
}

static void
refuse (GstArclyRtmpPlayer *player, const gchar *why)
{
  g_autofree gchar *text =
      g_strdup_printf ("%s: %s", player->lane->feed->path, why);

  gst_arcly_rtmp_session_refuse_stream (player->session, player->stream_id,
      GST_ARCLY_RTMP_CODE_PLAY_NOT_FOUND, text);
  finish (player, why, FALSE);
}

/* Plays as soon as all tracks of the stream are known. */
static void
try_to_start (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpFeed *feed = player->lane->feed;

  if (atomic_load (&feed->is_ended)) {
    refuse (player, "the stream has ended");
    return;
  }
  if (!atomic_load (&feed->is_ready))
    return;
  gst_arcly_rtmp_timer_stop (&player->timer);
  player->talk = TRUE;
  gst_arcly_rtmp_session_accept_play (player->session, player->stream_id);
  player->state = GST_ARCLY_RTMP_PLAYER_PLAYING;
  if (player->cursor.block)
    begin_at_pin (player);
  else
    /* Without replay: nothing that is there now. */
    begin (player, player->lane->settings.replay ? 0 : G_MAXUINT64);
  note (player, GST_ARCLY_RTMP_PLAYER_STARTED);
}

static void
wait_for_stream (GstArclyRtmpPlayer *player)
{
  GstClockTime timeout = player->lane->settings.wait_timeout;

  player->state = GST_ARCLY_RTMP_PLAYER_WAITING;
  pin_beginning (player);
  if (timeout > 0)
    gst_arcly_rtmp_timer_start (
        &player->timer, MAX (GST_TIME_AS_USECONDS (timeout), 1));
}

void
gst_arcly_rtmp_player_poll (GstArclyRtmpPlayer *player)
{
  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    try_to_start (player);
  if (player->state == GST_ARCLY_RTMP_PLAYER_PLAYING && player->blocked)
    judge (player);
  send_all (player);
  settle (player);
}

static void
on_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpPlayer *player = timer->data;

  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    refuse (player, "nobody publishes it");
  else if (player->state == GST_ARCLY_RTMP_PLAYER_IDLE)
    finish (player, "timeout: it plays nothing", FALSE);
  else
    player->dead = TRUE;
  if (!player->dead)
    send_all (player);
  settle (player);
}

/* ---- what the peer says ---- */

static void
on_pause (GstArclyRtmpPlayer *player, gboolean paused)
{
  if (paused && player->state == GST_ARCLY_RTMP_PLAYER_PLAYING) {
    player->state = GST_ARCLY_RTMP_PLAYER_PAUSED;
    leave_log (player);
  } else if (!paused && player->state == GST_ARCLY_RTMP_PLAYER_PAUSED) {
    player->state = GST_ARCLY_RTMP_PLAYER_PLAYING;
    begin (player, 0);
  }
}

static void
on_receive (GstArclyRtmpPlayer *player, const GstArclyRtmpReceive *receive)
{
  gboolean again = player->no_video && receive->on;

  if (receive->kind == GST_ARCLY_RTMP_AUDIO) {
    player->no_audio = !receive->on;
    return;
  }
  player->no_video = !receive->on;
  /* It has missed frames that the next ones build on. */
  if (again && player->state == GST_ARCLY_RTMP_PLAYER_PLAYING)
    begin (player, 0);
}

static void
on_play (GstArclyRtmpPlayer *player, GstArclyRtmpEvent *event)
{
  if (player->state != GST_ARCLY_RTMP_PLAYER_IDLE ||
      strcmp (event->stream.path, player->lane->feed->path) != 0) {
    gst_arcly_rtmp_session_refuse_stream (player->session, event->stream_id,
        GST_ARCLY_RTMP_CODE_PLAY_FAILED,
        "this connection had another stream: open a new one");
    return;
  }
  player->stream_id = event->stream_id;
  player->no_audio = player->no_video = FALSE;
  wait_for_stream (player);
  try_to_start (player);
}

static void
on_stop (GstArclyRtmpPlayer *player)
{
  leave_log (player);
  player->state = GST_ARCLY_RTMP_PLAYER_IDLE;
  gst_arcly_rtmp_timer_start (&player->timer, IDLE_US);
}

static void
on_event (GstArclyRtmpPlayer *player, GstArclyRtmpEvent *event)
{
  if (event->kind == GST_ARCLY_RTMP_EVENT_PLAY) {
    on_play (player, event);
    return;
  }
  if (event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH) {
    gst_arcly_rtmp_session_refuse_stream (player->session, event->stream_id,
        GST_ARCLY_RTMP_CODE_PUBLISH_DENIED,
        "this connection plays: open another to publish");
    return;
  }
  if (event->stream_id != player->stream_id)
    return;
  if (event->kind == GST_ARCLY_RTMP_EVENT_STOP)
    on_stop (player);
  if (event->kind == GST_ARCLY_RTMP_EVENT_PAUSE)
    on_pause (player, event->paused);
  if (event->kind == GST_ARCLY_RTMP_EVENT_RECEIVE)
    on_receive (player, &event->receive);
}

static void
run_events (GstArclyRtmpPlayer *player)
{
  g_autoptr (GError) error = NULL;

  while (player->state < GST_ARCLY_RTMP_PLAYER_ENDING) {
    g_autoptr (GstArclyRtmpEvent) event = NULL;

    if (!gst_arcly_rtmp_session_next_event (player->session, &event, &error)) {
      finish (player, error->message, TRUE);
      return;
    }
    if (event == NULL)
      break;
    on_event (player, event);
  }
  gst_arcly_rtmp_session_acknowledge (player->session);
}

/* What comes after our last word is thrown away, for a while. */
static void
receive (GstArclyRtmpPlayer *player)
{
  guint8 data[READ_SIZE];
  g_autoptr (GError) error = NULL;
  gssize size;

  do
    size = recv (player->fd, data, sizeof data, 0);
  while (size < 0 && errno == EINTR);

  if (size == 0) {
    lose (player, "closed by the peer", FALSE);
  } else if (size < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      lose (player, g_strerror (errno), TRUE);
  } else if (player->state < GST_ARCLY_RTMP_PLAYER_ENDING) {
    player->talk = TRUE;
    if (!gst_arcly_rtmp_session_feed (player->session, data, size, &error))
      finish (player, error->message, TRUE);
    else
      run_events (player);
  }
}

static void
on_ready (GstArclyRtmpWatch *watch, guint32 events)
{
  GstArclyRtmpPlayer *player = watch->data;

  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
    receive (player);
  if (events & EPOLLOUT)
    player->blocked = FALSE;
  if (!player->dead)
    send_all (player);
  settle (player);
}

/* ---- for the lane ---- */

guint *
gst_arcly_rtmp_player_index (GstArclyRtmpPlayer *player)
{
  return &player->index;
}

GstArclyRtmpPlayer *
gst_arcly_rtmp_player_new (GstArclyRtmpLane *lane, GstArclyRtmpHandoff *handoff)
{
  GstArclyRtmpPlayer *player = g_new0 (GstArclyRtmpPlayer, 1);

  player->lane = lane;
  player->fd = handoff->fd;
  player->session = g_steal_pointer (&handoff->session);
  player->peer = g_steal_pointer (&handoff->peer);
  player->stream_id = handoff->stream_id;
  if (handoff->unsent)
    g_byte_array_append (get_said (player),
        g_bytes_get_data (handoff->unsent, NULL),
        g_bytes_get_size (handoff->unsent));
  handoff->fd = -1;
  gst_arcly_rtmp_handoff_free (handoff);

  player->talk = TRUE;
  set_options (player->fd);
  gst_arcly_rtmp_timer_init (&player->timer, lane->loop, on_timer, player);
  gst_arcly_rtmp_watch_init (
      &player->watch, lane->loop, player->fd, on_ready, player);
  wait_for_stream (player);
  return player;
}

/* Unread input would make close() a reset, which takes from the peer what it
 * has not read. */
static void
discard_input (GstArclyRtmpPlayer *player)
{
  guint8 data[READ_SIZE];
  guint i;

  for (i = 0; i < 16; i++) {
    if (recv (player->fd, data, sizeof data, 0) <= 0)
      return;
  }
}

void
gst_arcly_rtmp_player_close (GstArclyRtmpPlayer *player, const gchar *reason)
{
  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    refuse (player, reason);
  gst_arcly_rtmp_session_end_play (
      player->session, player->stream_id, NULL, reason);
  finish (player, reason, FALSE);
  send_all (player);
  shutdown (player->fd, SHUT_WR);
  discard_input (player);
  player_free (player);
}
