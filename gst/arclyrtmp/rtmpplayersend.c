/* SPDX-License-Identifier: MIT
 *
 * The bytes of a player go out in this order: the rest of a message that the
 * kernel took in part, what the session says, and messages of the log from the
 * cursor on. So whatever is said falls between two messages. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "rtmp/rtmpchunk.h"
#include "rtmpplayer.h"

/* Of what the session says: a player that makes us answer and does not read is
 * closed beyond it. */
#define MAX_SAID (256 * 1024)

/* ---- what is said ---- */

static guint32
get_timestamp (const GstArclyEntry *entry)
{
  return gst_arcly_rtmp_message_get_timestamp (GST_BUFFER_CAST (entry->object));
}

GByteArray *
gst_arcly_rtmp_player_get_said (GstArclyRtmpPlayer *player)
{
  if (player->said == NULL)
    player->said = g_byte_array_new ();
  return player->said;
}

static void
say_body (GstArclyRtmpPlayer *player, guint track, guint32 timestamp,
    const guint8 *data, gsize size)
{
  gst_arcly_rtmp_chunk_write (gst_arcly_rtmp_player_get_said (player),
      GST_ARCLY_RTMP_CHUNK_SIZE_OUT, gst_arcly_rtmp_feed_chunk_stream (track),
      gst_arcly_rtmp_feed_message_type (track), player->stream_id, timestamp,
      data, size);
}

static void
say_seek (GstArclyRtmpPlayer *player, guint32 timestamp, gboolean end)
{
  guint8 body[GST_ARCLY_RTMP_SEEK_COMMAND_SIZE];

  gst_arcly_rtmp_player_write_seek (player, end, body);
  say_body (player, GST_ARCLY_RTMP_TRACK_VIDEO, timestamp, body, sizeof body);
}

static void
say_header (GstArclyRtmpPlayer *player, const GstArclyRtmpHeader *header,
    guint32 timestamp)
{
  guint form = gst_arcly_rtmp_player_get_form (player, header->track);
  g_autoptr (GByteArray) other = g_byte_array_new ();
  GstMapInfo map;

  if (!gst_buffer_map (header->body, &map, GST_MAP_READ))
    return;
  if (form == 0)
    say_body (player, header->track, timestamp, map.data, map.size);
  else if (gst_arcly_flv_form_write (other,
               gst_arcly_rtmp_track_flv_kind (header->track), form, 0, map.data,
               map.size))
    say_body (player, header->track, timestamp, other->data, other->len);
  gst_buffer_unmap (header->body, &map);
}

/* Metadata, sequence headers and colours, these stamped as the message that
 * follows. What the log has of metadata that is no newer is not for it. */
static void
say_headers (GstArclyRtmpPlayer *player, guint32 timestamp)
{
  g_autoptr (GBytes) metadata = gst_arcly_rtmp_feed_get_metadata (
      player->lane->feed, &player->metadata_end);
  guint i;

  player->need_headers = FALSE;
  player->metadata_ahead =
      gst_arcly_log_cursor_seq (&player->cursor) < player->metadata_end;
  if (metadata)
    say_body (player, GST_ARCLY_RTMP_FEED_DATA, 0,
        g_bytes_get_data (metadata, NULL), g_bytes_get_size (metadata));
  for (i = 0; player->headers && i < player->headers->len; i++)
    say_header (player, &g_array_index (player->headers, GstArclyRtmpHeader, i),
        timestamp);
  g_clear_pointer (&player->headers, g_array_unref);
  if (player->seeking)
    say_seek (player, timestamp, FALSE);
}

void
gst_arcly_rtmp_player_take_output (GstArclyRtmpPlayer *player)
{
  g_autoptr (GBytes) output = NULL;

  /* Its memory is cold: each frame would fetch it, for each player. */
  if (!player->talk)
    return;
  player->talk = FALSE;
  output = gst_arcly_rtmp_session_take_output (player->session);
  if (output == NULL)
    return;
  g_byte_array_append (gst_arcly_rtmp_player_get_said (player),
      g_bytes_get_data (output, NULL), g_bytes_get_size (output));
  if (player->said->len - player->said_sent > MAX_SAID)
    gst_arcly_rtmp_player_lose (
        player, "the peer does not read our answers", TRUE);
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
  guint32 keyless = player->keyless;
  guint left = MAX_OWN;

  gst_arcly_log_cursor_init (
      &cursor, player->cursor.block, player->cursor.index);
  while (left > 0 && !gst_arcly_rtmp_player_is_past_seek (player, &cursor) &&
         (entry = gst_arcly_log_cursor_peek (&cursor)) != NULL) {
    if (gst_arcly_rtmp_player_wants (player, &cursor, entry, &keyless)) {
      GstBuffer *message = gst_arcly_rtmp_player_get_message (player, entry);

      /* In its form there may be nothing of it, not even a header. */
      if (gst_buffer_get_size (message) > 0) {
        add_buffer (player, v, message, 0);
        left--;
      }
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
         player->skip == 0 && player->keyless == 0 && player->alone == 0 &&
         player->fine == 0 && !player->seeking && !player->metadata_ahead;
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

/* Past what is sent of the log, and what is not for this player. */
static void
account_log (GstArclyRtmpPlayer *player, gsize sent)
{
  const GstArclyEntry *entry;

  while ((entry = gst_arcly_rtmp_player_peek (player)) != NULL) {
    GstBuffer *message = gst_arcly_rtmp_player_get_message (player, entry);
    gsize size = gst_buffer_get_size (message);

    if (sent == 0 && size > 0)
      return;
    if (sent < size) {
      player->rest = gst_buffer_ref (message);
      player->rest_offset = sent;
    }
    sent -= MIN (sent, size);
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

void
gst_arcly_rtmp_player_unblock (GstArclyRtmpPlayer *player)
{
  player->blocked = !gst_arcly_rtmp_channel_flush (&player->channel);
  if (player->blocked && errno != EAGAIN && errno != EWOULDBLOCK)
    gst_arcly_rtmp_player_lose_socket (player, errno);
}

static gboolean
is_blocked (const GstArclyRtmpPlayer *player, gsize sent, gsize size)
{
  /* TLS takes as much as it encrypts at once. */
  if (player->channel.stream && sent > 0)
    return gst_arcly_rtmp_channel_has_unsent (&player->channel);
  return sent < size;
}

/* Bytes that the channel took of @size; the player may be blocked then. */
static gsize
write_vectors (
    GstArclyRtmpPlayer *player, const struct iovec *iov, guint n, gsize size)
{
  GstArclyRtmpLane *lane = player->lane;
  gssize sent = gst_arcly_rtmp_channel_send (&player->channel, iov, n);

  gst_arcly_rtmp_count_alone (&lane->sends, 1);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    gst_arcly_rtmp_player_lose_socket (player, errno);
    return 0;
  }
  sent = MAX (sent, 0);
  player->blocked = is_blocked (player, sent, size);
  gst_arcly_rtmp_count_alone (&lane->bytes_out, sent);
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

/* The common case: nothing but the log, as all others have it. What comes after
 * an open batch has a round of its own. */
static gboolean
send_batch (GstArclyRtmpPlayer *player)
{
  const GstArclyRtmpBatch *batch = NULL;
  gsize sent;

  if (!gst_arcly_log_cursor_has_entry (&player->cursor))
    return FALSE;
  batch = gst_arcly_rtmp_lane_get_batch (player->lane, &player->cursor);
  if (batch->n == 0) {
    gst_arcly_rtmp_player_peek (player); /* past events, and for the end */
    return FALSE;
  }
  if (!gst_arcly_rtmp_player_knows_tracks (player))
    return TRUE;
  sent = write_vectors (player, batch->iov, batch->n, batch->bytes);
  if (player->dead)
    return FALSE;
  if (sent < batch->bytes) {
    account_log (player, sent);
    return TRUE;
  }
  jump (player, &batch->end);
  return !batch->open;
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
  if (size == 0) {
    if (with_log)
      account_log (player, 0);
    return FALSE;
  }
  if (with_log && !gst_arcly_rtmp_player_knows_tracks (player))
    return TRUE;
  size = write_vectors (player, v.iov, v.n, size);
  if (player->dead)
    return FALSE;
  size = account_said (player, size);
  if (size > 0)
    account_log (player, size);
  return TRUE;
}

/* Once all of the past is sent, and there is something to show. FALSE: there is
 * neither. */
static gboolean
end_seek (GstArclyRtmpPlayer *player)
{
  const GstArclyEntry *entry = gst_arcly_rtmp_player_peek (player);

  if (entry || !gst_arcly_rtmp_player_is_past_seek (player, &player->cursor))
    return entry != NULL;
  player->seeking = FALSE;
  entry = gst_arcly_rtmp_player_peek (player);
  player->seeking = entry == NULL && !player->at_end;
  if (entry)
    say_seek (player, get_timestamp (entry), TRUE);
  return entry != NULL;
}

/* Ready to be sent from the log: TRUE if there is something. */
static gboolean
prepare_log (GstArclyRtmpPlayer *player)
{
  const GstArclyEntry *entry;

  if (player->state != GST_ARCLY_RTMP_PLAYER_PLAYING)
    return FALSE;
  if (!gst_arcly_rtmp_player_find_start (player))
    return FALSE;
  if (!player->need_headers)
    return !player->seeking || end_seek (player);
  entry = gst_arcly_rtmp_player_peek (player);
  /* It wants nothing of the past any more. */
  if (gst_arcly_rtmp_player_is_past_seek (player, &player->cursor)) {
    player->seeking = FALSE;
    entry = gst_arcly_rtmp_player_peek (player);
  }
  if (entry == NULL)
    return FALSE;
  say_headers (player, get_timestamp (entry));
  return TRUE;
}

/* One call of the kernel. FALSE: there is nothing to send. */
gboolean
gst_arcly_rtmp_player_send (GstArclyRtmpPlayer *player)
{
  gboolean with_log;

  gst_arcly_rtmp_player_take_output (player);
  if (player->dead)
    return FALSE;
  with_log = prepare_log (player);
  if (with_log && !player->said && !player->rest && is_plain (player))
    return send_batch (player);
  return send_vectors (player, with_log);
}
