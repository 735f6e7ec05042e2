/* SPDX-License-Identifier: MIT
 *
 * Where a player is in the log, and how far behind. */
#include "config.h"

#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "rtmpplayer.h"

void
gst_arcly_rtmp_player_leave_log (GstArclyRtmpPlayer *player)
{
  gst_arcly_log_cursor_clear (&player->cursor);
  g_clear_pointer (&player->headers, g_array_unref);
  player->need_headers = player->wait_key = player->first_key = FALSE;
  player->keyless = 0;
  player->seeking = player->metadata_ahead = FALSE;
}

static void
header_clear (gpointer header)
{
  gst_clear_buffer (&((GstArclyRtmpHeader *) header)->body);
}

/* But those of @without, which says them itself where the player begins. */
static void
take_headers (GstArclyRtmpPlayer *player, const GstArclyStartTrack *tracks,
    guint n_tracks, gint without)
{
  guint i, j;

  player->headers = g_array_new (FALSE, FALSE, sizeof (GstArclyRtmpHeader));
  g_array_set_clear_func (player->headers, header_clear);
  for (i = 0; i < n_tracks; i++) {
    const GstArclyStickies *stickies = tracks[i].stickies;

    if ((gint) tracks[i].track == without)
      continue;
    for (j = 0; stickies && j < stickies->n_events; j++) {
      if (GST_EVENT_TYPE (stickies->events[j]) == GST_EVENT_CAPS)
        gst_arcly_rtmp_feed_get_headers (
            stickies->events[j], tracks[i].track, player->headers);
    }
  }
}

static gboolean
has_video (const GstArclyStartTrack *tracks, guint n_tracks)
{
  guint i;

  for (i = 0; i < n_tracks; i++) {
    if (tracks[i].video)
      return TRUE;
  }
  return FALSE;
}

/* At the newest place to begin that is not before @newer_than. */
void
gst_arcly_rtmp_player_begin (GstArclyRtmpPlayer *player, guint64 newer_than)
{
  GstArclyStream *stream = player->lane->feed->stream;
  GstArclyStartTrack tracks[GST_ARCLY_RTMP_N_TRACKS];
  guint n_tracks = gst_arcly_rtmp_player_get_start_tracks (player, tracks);
  GstArclyStart start = { 0 };
  const GstArclyEntry *first;
  guint i;

  gst_arcly_rtmp_player_leave_log (player);
  gst_arcly_stream_start (stream, tracks, n_tracks, newer_than, &start);
  player->cursor = start.cursor;
  player->wait_key = start.wait_key;
  player->need_headers = TRUE;
  player->keyless = gst_arcly_rtmp_player_get_keyless (tracks, n_tracks);
  /* What it is given of the past is no lag. */
  gst_arcly_stream_get_head (stream, &player->grant);
  first = gst_arcly_log_cursor_peek (&player->cursor);
  take_headers (player, tracks, n_tracks,
      first && (first->flags & GST_ARCLY_ENTRY_HEADER) ? first->track : -1);
  for (i = 0; i < n_tracks; i++)
    g_clear_pointer (&tracks[i].stickies, gst_arcly_stickies_unref);
  player->at_end = start.all_eos;
  player->seeking = player->lane->settings.decode_only && start.replay &&
                    has_video (tracks, n_tracks);
}

/* Who is there before the first message has them all, audio that came before
 * the first keyframe, too. */
void
gst_arcly_rtmp_player_pin_beginning (GstArclyRtmpPlayer *player)
{
  GstArclyPosition position;
  guint resets;

  gst_arcly_stream_get_beginning (
      player->lane->feed->stream, &player->cursor, &position, &resets);
}

void
gst_arcly_rtmp_player_begin_at_pin (GstArclyRtmpPlayer *player)
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
    guint32 keyless = 0;

    flags = gst_arcly_rtmp_player_wants (player, &cursor, entry, &keyless) &&
                    !(entry->flags & GST_ARCLY_ENTRY_HEADER)
                ? entry->flags
                : 0;
    cursor.index++;
  }
  gst_arcly_log_cursor_clear (&cursor);
  if (!(flags & GST_ARCLY_ENTRY_VIDEO))
    return;
  player->first_key = FALSE;
  if (!(flags & GST_ARCLY_ENTRY_KEY))
    gst_arcly_rtmp_player_begin (player, 0);
}

/* All that is not to be shown is before @cursor. */
gboolean
gst_arcly_rtmp_player_is_past_seek (
    const GstArclyRtmpPlayer *player, const GstArclyLogCursor *cursor)
{
  return player->seeking &&
         gst_arcly_log_cursor_seq (cursor) >= player->grant.seq;
}

/* To the next message that the player wants; NULL: there is none yet. */
const GstArclyEntry *
gst_arcly_rtmp_player_peek (GstArclyRtmpPlayer *player)
{
  const GstArclyEntry *entry;

  while (!gst_arcly_rtmp_player_is_past_seek (player, &player->cursor) &&
         (entry = gst_arcly_log_cursor_peek (&player->cursor)) != NULL) {
    if (gst_arcly_log_cursor_seq (&player->cursor) >= player->metadata_end)
      player->metadata_ahead = FALSE;
    if (gst_arcly_rtmp_player_wants (
            player, &player->cursor, entry, &player->keyless))
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

  while ((entry = gst_arcly_rtmp_player_peek (player)) != NULL) {
    if ((entry->flags & key) == key) {
      gst_arcly_rtmp_player_begin (
          player, gst_arcly_log_cursor_seq (&player->cursor));
      return;
    }
    player->cursor.index++;
  }
}

/* To where the player can decode; FALSE: that is not there yet. */
gboolean
gst_arcly_rtmp_player_find_start (GstArclyRtmpPlayer *player)
{
  if (player->first_key)
    check_first_key (player);
  if (player->wait_key)
    skip_to_key (player);
  return !player->wait_key;
}

static guint64
get_send_buffer (GstArclyRtmpPlayer *player)
{
  gint bytes = 0;

  return ioctl (player->channel.fd, SIOCOUTQ, &bytes) == 0 ? MAX (bytes, 0) : 0;
}

gboolean
gst_arcly_rtmp_player_get_lag (
    GstArclyRtmpPlayer *player, GstArclyRtmpPlayerNote *lag)
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
