/* SPDX-License-Identifier: MIT
 *
 * Which tracks a player gets: those that it can play, as it said in connect
 * ("Enhanced RTMP v2", "Enhancing NetConnection connect Command"), and of these
 * the kinds that it wants. */
#include "config.h"

#include "rtmpplayer.h"

/* Track 0 of each kind: who knows no multitrack gets these. */
#define MAIN_TRACKS ((1u << GST_ARCLY_RTMP_N_KINDS) - 1)
#define VIDEO_TRACKS 0x55555555u
#define AUDIO_TRACKS 0xaaaaaaaau
G_STATIC_ASSERT (GST_ARCLY_RTMP_N_TRACKS == 32);
G_STATIC_ASSERT (GST_ARCLY_RTMP_N_KINDS == 2);

static gboolean
is_set (guint32 bits, guint track)
{
  return bits >> track & 1;
}

static gboolean
can_play (
    const GstArclyRtmpCapabilities *capabilities, guint track, guint32 fourcc)
{
  if (GST_ARCLY_RTMP_TRACK_ID (track) > 0 &&
      !(capabilities->caps_ex & GST_ARCLY_RTMP_CAPS_MULTITRACK))
    return FALSE;
  return fourcc == 0 ||
         gst_arcly_rtmp_capabilities_accept (capabilities,
             GST_ARCLY_RTMP_TRACK_KIND (track) == GST_ARCLY_RTMP_TRACK_VIDEO
                 ? GST_ARCLY_FLV_EX_VIDEO
                 : GST_ARCLY_FLV_EX_AUDIO,
             fourcc);
}

static guint32
find_unplayable (
    const GstArclyRtmpPlayer *player, const GstArclyRtmpFeedTracks *tracks)
{
  const GstArclyRtmpCapabilities *capabilities =
      gst_arcly_rtmp_session_get_capabilities (player->session);
  guint32 unplayable = 0;
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (is_set (tracks->known, i) &&
        !can_play (capabilities, i, tracks->tracks[i].fourcc))
      unplayable |= 1u << i;
  }
  return unplayable;
}

/* @lacking: of the main tracks. */
static gchar *
explain (const GstArclyRtmpPlayer *player, guint32 lacking,
    const GstArclyRtmpFeedTracks *tracks)
{
  GString *text = g_string_new (player->lane->feed->path);
  const gchar *separator = ": this player did not announce in connect that it "
                           "takes ";
  gchar fourcc[GST_ARCLY_FOURCC_TEXT_SIZE];
  guint i;

  if (lacking == 0)
    g_string_append (text, ": this player did not announce in connect that it "
                           "takes several tracks");
  for (i = 0; i < GST_ARCLY_RTMP_N_KINDS; i++) {
    if (!is_set (lacking, i))
      continue;
    g_string_append_printf (text, "%s%s \"%s\"", separator,
        GST_ARCLY_RTMP_TRACK_KIND (i) == GST_ARCLY_RTMP_TRACK_VIDEO ? "video"
                                                                    : "audio",
        gst_arcly_flv_fourcc_print (tracks->tracks[i].fourcc, fourcc));
    separator = ", ";
  }
  g_string_append (text, " of enhanced RTMP");
  return g_string_free (text, FALSE);
}

void
gst_arcly_rtmp_player_update_skip (GstArclyRtmpPlayer *player)
{
  player->skip = player->unplayable | (player->no_video ? VIDEO_TRACKS : 0) |
                 (player->no_audio ? AUDIO_TRACKS : 0);
}

GstArclyRtmpPlayable
gst_arcly_rtmp_player_check_tracks (
    GstArclyRtmpPlayer *player, gchar **why, guint64 *since)
{
  GstArclyRtmpFeedTracks tracks;
  guint32 before = player->unplayable, lost, gained;
  guint i;

  player->tracks_serial =
      gst_arcly_rtmp_feed_get_tracks (player->lane->feed, &tracks);
  player->unplayable = find_unplayable (player, &tracks);
  gst_arcly_rtmp_player_update_skip (player);
  lost = player->unplayable & ~before & MAIN_TRACKS;
  gained = before & ~player->unplayable;

  if (tracks.known && (tracks.known & ~player->unplayable) == 0) {
    *why = explain (player, player->unplayable & MAIN_TRACKS, &tracks);
    return GST_ARCLY_RTMP_PLAYABLE_NONE;
  }
  *since = 0;
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (is_set (gained, i))
      *since = MAX (*since, tracks.tracks[i].since);
  }
  if (lost) {
    *why = explain (player, lost, &tracks);
    return GST_ARCLY_RTMP_PLAYABLE_LESS;
  }
  return GST_ARCLY_RTMP_PLAYABLE_SOME;
}

gboolean
gst_arcly_rtmp_player_knows_tracks (const GstArclyRtmpPlayer *player)
{
  return player->tracks_serial ==
         atomic_load (&player->lane->feed->tracks_serial);
}

guint
gst_arcly_rtmp_player_get_start_tracks (
    const GstArclyRtmpPlayer *player, GstArclyStartTrack *tracks)
{
  GstArclyRtmpFeedTracks known;
  guint i, n = 0;

  gst_arcly_rtmp_feed_get_tracks (player->lane->feed, &known);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (is_set (known.known & ~player->skip, i))
      tracks[n++] = (GstArclyStartTrack){ .track = i, .restart = TRUE };
  }
  return n;
}

guint32
gst_arcly_rtmp_player_get_keyless (
    const GstArclyStartTrack *tracks, guint n_tracks)
{
  guint32 videos = 0;
  guint i;

  for (i = 0; i < n_tracks; i++) {
    if (tracks[i].video)
      videos |= 1u << tracks[i].track;
  }
  /* One alone begins at a keyframe in any case. */
  return videos & (videos - 1) ? videos : 0;
}

/* "Adobe Flash Video File Format Specification", E.4.3.1, and "Enhanced RTMP
 * v2", "Enhanced Video": FrameType 5, then a byte, 0 to start and 1 to end. */
void
gst_arcly_rtmp_player_write_seek (
    const GstArclyRtmpPlayer *player, gboolean end, guint8 *body)
{
  GstArclyRtmpFeedTracks tracks;
  guint i;

  gst_arcly_rtmp_feed_get_tracks (player->lane->feed, &tracks);
  body[0] = 0x80 | GST_ARCLY_FLV_FRAME_COMMAND << 4;
  body[1] = end ? 1 : 0;
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (!is_set (tracks.known & ~player->skip & VIDEO_TRACKS, i))
      continue;
    if (tracks.tracks[i].fourcc == 0)
      body[0] = GST_ARCLY_FLV_FRAME_COMMAND << 4 | GST_ARCLY_FLV_VIDEO_H264;
    return;
  }
}

gboolean
gst_arcly_rtmp_player_wants (const GstArclyRtmpPlayer *player,
    const GstArclyEntry *entry, guint32 *keyless)
{
  if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER))
    return FALSE;
  if (entry->track >= GST_ARCLY_RTMP_N_TRACKS)
    return TRUE;
  if (is_set (player->skip, entry->track))
    return FALSE;
  /* Nobody seeks by sound. */
  if (player->seeking && is_set (AUDIO_TRACKS, entry->track) &&
      !(entry->flags & GST_ARCLY_ENTRY_HEADER))
    return FALSE;
  if (entry->flags & GST_ARCLY_ENTRY_KEY)
    *keyless &= ~(1u << entry->track);
  return !is_set (*keyless, entry->track);
}
