/* SPDX-License-Identifier: MIT
 *
 * Which tracks a player gets: those that it can play, as it said in connect
 * ("Enhanced RTMP v2", "Enhancing NetConnection connect Command"), and of these
 * the kinds that it wants; and in which form. */
#include "config.h"

#include "rtmpplayer.h"

/* Track 0 of each kind, which has no number in its messages. */
#define UNNUMBERED_TRACKS ((1u << GST_ARCLY_RTMP_N_KINDS) - 1)
#define VIDEO_TRACKS 0x55555555u
#define AUDIO_TRACKS 0xaaaaaaaau
G_STATIC_ASSERT (GST_ARCLY_RTMP_N_TRACKS == 32);
G_STATIC_ASSERT (GST_ARCLY_RTMP_N_KINDS == 2);

static gboolean
is_set (guint32 bits, guint track)
{
  return bits >> track & 1;
}

/* Of each kind the first that there is: who knows no multitrack gets these. */
static guint32
get_main_tracks (const GstArclyRtmpFeedTracks *tracks)
{
  guint32 video = tracks->known & VIDEO_TRACKS;
  guint32 audio = tracks->known & AUDIO_TRACKS;

  return (video & -video) | (audio & -audio);
}

static gboolean
accepts (const GstArclyRtmpCapabilities *capabilities, guint track,
    const GstArclyRtmpFeedTracks *tracks)
{
  return gst_arcly_rtmp_capabilities_accept (capabilities,
      gst_arcly_rtmp_track_flv_kind (track), tracks->tracks[track].fourcc);
}

/* Without its track's number it is known by the codec's number in FLV, if that
 * has one. */
static gboolean
has_codec_number (
    guint32 unnumbered, guint track, const GstArclyRtmpFeedTracks *tracks)
{
  return is_set (unnumbered, track) &&
         gst_arcly_flv_fourcc_get_number (gst_arcly_rtmp_track_flv_kind (track),
             tracks->tracks[track].fourcc) != 0;
}

/* What the player can be sent, and how, by what it said in connect. */
static void
choose_tracks (GstArclyRtmpPlayer *player, const GstArclyRtmpFeedTracks *tracks)
{
  const guint fine =
      GST_ARCLY_RTMP_CAPS_MOD_EX | GST_ARCLY_RTMP_CAPS_NANOSECONDS;
  const GstArclyRtmpCapabilities *capabilities =
      gst_arcly_rtmp_session_get_capabilities (player->session);
  gboolean multitrack =
      (capabilities->caps_ex & GST_ARCLY_RTMP_CAPS_MULTITRACK) != 0;
  guint32 takes = multitrack ? tracks->known : get_main_tracks (tracks);
  guint i;

  player->unplayable = tracks->known & ~takes;
  player->alone = multitrack ? 0 : takes & ~UNNUMBERED_TRACKS;
  player->fine = 0;
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (!is_set (takes, i))
      continue;
    if (!accepts (capabilities, i, tracks)) {
      if (!has_codec_number (player->alone | UNNUMBERED_TRACKS, i, tracks))
        player->unplayable |= 1u << i;
    } else if ((capabilities->caps_ex & fine) == fine) {
      player->fine |= 1u << i;
    }
  }
}

guint
gst_arcly_rtmp_player_get_form (const GstArclyRtmpPlayer *player, guint track)
{
  if (track >= GST_ARCLY_RTMP_N_TRACKS)
    return 0;
  return (is_set (player->alone, track) ? GST_ARCLY_FLV_FORM_ALONE : 0) |
         (is_set (player->fine, track) ? GST_ARCLY_FLV_FORM_FINE : 0);
}

GstBuffer *
gst_arcly_rtmp_player_get_message (
    const GstArclyRtmpPlayer *player, const GstArclyEntry *entry)
{
  guint form = gst_arcly_rtmp_player_get_form (player, entry->track);
  GstBuffer *message = GST_BUFFER_CAST (entry->object);

  return form == 0 ? message
                   : gst_arcly_rtmp_feed_get_form (
                         player->lane->feed, message, entry->track, form);
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

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
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
  guint32 before = player->unplayable, main_tracks, lost, gained;
  guint i;

  player->tracks_serial =
      gst_arcly_rtmp_feed_get_tracks (player->lane->feed, &tracks);
  main_tracks = get_main_tracks (&tracks);
  choose_tracks (player, &tracks);
  gst_arcly_rtmp_player_update_skip (player);
  lost = player->unplayable & ~before & main_tracks;
  gained = before & ~player->unplayable;

  if (tracks.known && (tracks.known & ~player->unplayable) == 0) {
    *why = explain (player, player->unplayable & main_tracks, &tracks);
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
    if (!is_set (player->fine, i) &&
        has_codec_number (player->alone | UNNUMBERED_TRACKS, i, &tracks))
      body[0] = GST_ARCLY_FLV_FRAME_COMMAND << 4 | GST_ARCLY_FLV_VIDEO_H264;
    return;
  }
}

gboolean
gst_arcly_rtmp_player_wants (const GstArclyRtmpPlayer *player,
    const GstArclyLogCursor *cursor, const GstArclyEntry *entry,
    guint32 *keyless)
{
  if (!(entry->flags & GST_ARCLY_ENTRY_BUFFER))
    return FALSE;
  /* Of data only metadata is a header. */
  if (entry->track >= GST_ARCLY_RTMP_N_TRACKS)
    return !(entry->flags & GST_ARCLY_ENTRY_HEADER) ||
           gst_arcly_log_cursor_seq (cursor) >= player->metadata_end;
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
