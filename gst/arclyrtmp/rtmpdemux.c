/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmp/flvtag.h"
#include "rtmpdemux.h"
#include "rtmpformat.h"

typedef struct {
  gboolean announced; /* by metadata, as a codec we can use */
  gboolean unusable;  /* of a codec that we cannot use */
  guint told;         /* bits: codes of the errors that were returned */
  gboolean waiting_for_key;
  GBytes *header;        /* last sequence header */
  GstCaps *caps;         /* last caps, kept back or given out */
  GstClockTime duration; /* of a frame */
  GstTagList *tags;
} Track;

struct _GstArclyRtmpDemux {
  gboolean ready;
  gboolean described; /* metadata told which tracks there are */
  GstArclyAmfValue *metadata;
  Track tracks[GST_ARCLY_RTMP_N_TRACKS];

  GQueue units; /* (element-type GstArclyRtmpUnit), owned */
  gsize held_bytes;
  gboolean held_any;
  gint64 held_min, held_max; /* ms */

  guint64 dropped;
  guint64 ignored;
};

static const gchar *const codec_keys[GST_ARCLY_RTMP_N_TRACKS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videocodecid",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audiocodecid",
};

static const gchar *const bitrate_keys[GST_ARCLY_RTMP_N_TRACKS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "videodatarate",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audiodatarate",
};

void
gst_arcly_rtmp_unit_free (GstArclyRtmpUnit *unit)
{
  gst_clear_caps (&unit->caps);
  gst_clear_buffer (&unit->buffer);
  g_free (unit);
}

GstArclyRtmpDemux *
gst_arcly_rtmp_demux_new (void)
{
  GstArclyRtmpDemux *demux = g_new0 (GstArclyRtmpDemux, 1);

  g_queue_init (&demux->units);
  demux->tracks[GST_ARCLY_RTMP_TRACK_VIDEO].waiting_for_key = TRUE;
  return demux;
}

void
gst_arcly_rtmp_demux_free (GstArclyRtmpDemux *demux)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    g_clear_pointer (&demux->tracks[i].header, g_bytes_unref);
    gst_clear_caps (&demux->tracks[i].caps);
    gst_clear_tag_list (&demux->tracks[i].tags);
  }
  g_clear_pointer (&demux->metadata, gst_arcly_amf_value_free);
  g_queue_clear_full (&demux->units, (GDestroyNotify) gst_arcly_rtmp_unit_free);
  g_free (demux);
}

/* What is known of the tracks */

static gboolean
is_settled (const GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind)
{
  const Track *track = &demux->tracks[kind];

  if (track->caps || track->unusable)
    return TRUE;
  return demux->described && !track->announced;
}

static gboolean
is_too_much (const GstArclyRtmpDemux *demux)
{
  return demux->held_bytes >= GST_ARCLY_RTMP_HOLD_BYTES ||
         (demux->held_any &&
             demux->held_max - demux->held_min >= GST_ARCLY_RTMP_HOLD_MS);
}

static void
check_ready (GstArclyRtmpDemux *demux)
{
  if (demux->ready)
    return;
  demux->ready = is_too_much (demux) ||
                 (is_settled (demux, GST_ARCLY_RTMP_TRACK_VIDEO) &&
                     is_settled (demux, GST_ARCLY_RTMP_TRACK_AUDIO));
}

static void
note_held (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media)
{
  if (demux->ready)
    return;
  demux->held_bytes += g_bytes_get_size (media->payload);
  demux->held_min = demux->held_any ? MIN (demux->held_min, media->timestamp)
                                    : media->timestamp;
  demux->held_max = demux->held_any ? MAX (demux->held_max, media->timestamp)
                                    : media->timestamp;
  demux->held_any = TRUE;
}

/* Codecs have numbers, or, from some encoders, names such as "avc1". 0 would be
 * PCM, but is what encoders without sound send. */
static gboolean
is_announced (const GstArclyAmfValue *codec)
{
  const gchar *name = gst_arcly_amf_value_string (codec);

  return name ? *name != '\0' : gst_arcly_amf_value_number (codec, 0) > 0;
}

static void
take_metadata (GstArclyRtmpDemux *demux, GstArclyRtmpMetadata *metadata)
{
  guint i;

  g_clear_pointer (&demux->metadata, gst_arcly_amf_value_free);
  demux->metadata = g_steal_pointer (&metadata->values);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    Track *track = &demux->tracks[i];

    track->announced =
        is_announced (gst_arcly_amf_value_get (demux->metadata, codec_keys[i]));
    demux->described = demux->described || track->announced;
    gst_clear_tag_list (&track->tags);
    track->tags =
        gst_arcly_rtmp_metadata_tags (demux->metadata, bitrate_keys[i]);
  }
}

/* What comes out */

static void
queue_caps (GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind, GstCaps *caps)
{
  GstArclyRtmpUnit *unit = g_new0 (GstArclyRtmpUnit, 1);

  unit->track = kind;
  unit->caps = gst_caps_ref (caps);
  g_queue_push_tail (&demux->units, unit);
}

/* Takes @caps. */
static void
set_caps (GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind, GstCaps *caps)
{
  Track *track = &demux->tracks[kind];

  if (track->caps == NULL || !gst_caps_is_equal (track->caps, caps))
    queue_caps (demux, kind, caps);
  gst_caps_take (&track->caps, caps);
}

static void
queue_frame (GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind,
    const GstArclyRtmpMedia *media, GBytes *payload, gboolean key,
    gint32 composition_time)
{
  GstArclyRtmpUnit *unit = g_new0 (GstArclyRtmpUnit, 1);

  unit->track = kind;
  unit->buffer = gst_buffer_new_wrapped_bytes (payload);
  GST_BUFFER_DURATION (unit->buffer) = demux->tracks[kind].duration;
  if (!key)
    GST_BUFFER_FLAG_SET (unit->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  unit->dts = media->timestamp;
  unit->composition_time = composition_time;
  g_queue_push_tail (&demux->units, unit);
}

/* Encoders repeat the sequence header, some before each keyframe. */
static gboolean
is_known_header (const Track *track, GBytes *header)
{
  return track->header && track->caps && g_bytes_equal (track->header, header);
}

static gboolean
take_header (GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind,
    GBytes *header, GError **error)
{
  Track *track = &demux->tracks[kind];
  GstClockTime duration;
  GstCaps *caps;

  if (is_known_header (track, header))
    return TRUE;
  caps =
      kind == GST_ARCLY_RTMP_TRACK_VIDEO
          ? gst_arcly_rtmp_h264_caps (header, demux->metadata, &duration, error)
          : gst_arcly_rtmp_aac_caps (header, &duration, error);
  if (caps == NULL)
    return FALSE;
  g_clear_pointer (&track->header, g_bytes_unref);
  track->header = g_bytes_ref (header);
  track->duration = duration;
  set_caps (demux, kind, caps);
  return TRUE;
}

/* What keeps the track out comes with each of its messages; the first of each
 * kind is told, so that broken data does not hide a codec we cannot use. */
static gboolean
refuse (GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind, GError *cause,
    GError **error)
{
  Track *track = &demux->tracks[kind];
  guint bit = 1u << cause->code;
  gboolean told = (track->told & bit) != 0;

  if (g_error_matches (cause, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED) &&
      track->caps == NULL)
    track->unusable = TRUE;
  demux->ignored++;
  track->told |= bit;
  if (told) {
    g_error_free (cause);
    return TRUE;
  }
  g_propagate_error (error, cause);
  return FALSE;
}

static gboolean
take_h264 (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media,
    const GstArclyFlvVideo *video, GError **error)
{
  Track *track = &demux->tracks[GST_ARCLY_RTMP_TRACK_VIDEO];
  gboolean key = video->frame_type == GST_ARCLY_FLV_FRAME_KEY;
  g_autoptr (GBytes) payload = g_bytes_new_from_bytes (
      media->payload, video->payload_offset, video->payload_size);

  if (video->packet_type == GST_ARCLY_FLV_SEQUENCE_HEADER)
    return take_header (demux, GST_ARCLY_RTMP_TRACK_VIDEO, payload, error);
  if (video->packet_type != GST_ARCLY_FLV_FRAME)
    return TRUE;
  if (track->caps == NULL || (track->waiting_for_key && !key)) {
    demux->dropped++;
    return TRUE;
  }
  track->waiting_for_key = FALSE;
  queue_frame (demux, GST_ARCLY_RTMP_TRACK_VIDEO, media, payload, key,
      video->composition_time);
  return TRUE;
}

static gboolean
take_video (
    GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media, GError **error)
{
  GstArclyFlvVideo video;
  gsize size;
  const guint8 *data = g_bytes_get_data (media->payload, &size);

  if (!gst_arcly_flv_video_parse (data, size, &video, error))
    return FALSE;
  if (video.frame_type == GST_ARCLY_FLV_FRAME_COMMAND ||
      video.payload_size == 0)
    return TRUE;
  if (video.codec != GST_ARCLY_FLV_VIDEO_H264) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "video codec %s (%u)", gst_arcly_flv_video_codec_name (video.codec),
        video.codec);
    return FALSE;
  }
  return take_h264 (demux, media, &video, error);
}

static gboolean
take_aac (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media,
    const GstArclyFlvAudio *audio, GBytes *payload, GError **error)
{
  if (audio->packet_type == GST_ARCLY_FLV_SEQUENCE_HEADER)
    return take_header (demux, GST_ARCLY_RTMP_TRACK_AUDIO, payload, error);
  if (audio->packet_type != GST_ARCLY_FLV_FRAME)
    return TRUE;
  /* Without its header AAC has no rate; what came from an MP3 before is not
   * this stream's. */
  if (demux->tracks[GST_ARCLY_RTMP_TRACK_AUDIO].header == NULL) {
    demux->dropped++;
    return TRUE;
  }
  queue_frame (demux, GST_ARCLY_RTMP_TRACK_AUDIO, media, payload, TRUE, 0);
  return TRUE;
}

static gboolean
take_mp3 (GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media,
    GBytes *payload, GError **error)
{
  Track *track = &demux->tracks[GST_ARCLY_RTMP_TRACK_AUDIO];
  GstClockTime duration;
  GstCaps *caps;
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);

  caps = gst_arcly_rtmp_mp3_caps (data, size, &duration, error);
  if (caps == NULL)
    return FALSE;
  g_clear_pointer (&track->header, g_bytes_unref);
  track->duration = duration;
  set_caps (demux, GST_ARCLY_RTMP_TRACK_AUDIO, caps);
  queue_frame (demux, GST_ARCLY_RTMP_TRACK_AUDIO, media, payload, TRUE, 0);
  return TRUE;
}

static gboolean
take_audio (
    GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media, GError **error)
{
  GstArclyFlvAudio audio;
  g_autoptr (GBytes) payload = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (media->payload, &size);

  if (!gst_arcly_flv_audio_parse (data, size, &audio, error))
    return FALSE;
  if (audio.payload_size == 0)
    return TRUE;
  payload = g_bytes_new_from_bytes (
      media->payload, audio.payload_offset, audio.payload_size);
  if (audio.codec == GST_ARCLY_FLV_AUDIO_AAC)
    return take_aac (demux, media, &audio, payload, error);
  if (audio.codec == GST_ARCLY_FLV_AUDIO_MP3 ||
      audio.codec == GST_ARCLY_FLV_AUDIO_MP3_8K)
    return take_mp3 (demux, media, payload, error);
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "audio codec %s (%u)", gst_arcly_flv_audio_codec_name (audio.codec),
      audio.codec);
  return FALSE;
}

static gboolean
take_media (
    GstArclyRtmpDemux *demux, const GstArclyRtmpMedia *media, GError **error)
{
  gboolean video = media->kind == GST_ARCLY_RTMP_VIDEO;
  GError *cause = NULL;

  /* Empty messages are keep-alives. */
  if (media->kind == GST_ARCLY_RTMP_DATA ||
      g_bytes_get_size (media->payload) == 0)
    return TRUE;
  note_held (demux, media);
  if (video ? take_video (demux, media, &cause)
            : take_audio (demux, media, &cause))
    return TRUE;
  return refuse (demux,
      video ? GST_ARCLY_RTMP_TRACK_VIDEO : GST_ARCLY_RTMP_TRACK_AUDIO, cause,
      error);
}

gboolean
gst_arcly_rtmp_demux_feed (
    GstArclyRtmpDemux *demux, GstArclyRtmpEvent *event, GError **error)
{
  gboolean ok = TRUE;

  if (event->kind == GST_ARCLY_RTMP_EVENT_METADATA)
    take_metadata (demux, &event->metadata);
  else if (event->kind == GST_ARCLY_RTMP_EVENT_MEDIA)
    ok = take_media (demux, &event->media, error);
  /* Metadata alone settles nothing: headers follow it. */
  if (event->kind == GST_ARCLY_RTMP_EVENT_MEDIA)
    check_ready (demux);
  return ok;
}

void
gst_arcly_rtmp_demux_finish (GstArclyRtmpDemux *demux)
{
  demux->ready = TRUE;
}

gboolean
gst_arcly_rtmp_demux_is_ready (const GstArclyRtmpDemux *demux)
{
  return demux->ready;
}

gboolean
gst_arcly_rtmp_demux_has_track (
    const GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind)
{
  const Track *track = &demux->tracks[kind];

  return track->caps || (track->announced && !track->unusable);
}

GstCaps *
gst_arcly_rtmp_demux_peek_caps (
    const GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind)
{
  const GList *link;

  for (link = demux->units.head; link; link = link->next) {
    const GstArclyRtmpUnit *unit = link->data;

    if (unit->track == kind && unit->caps)
      return unit->caps;
  }
  return NULL;
}

GstArclyRtmpUnit *
gst_arcly_rtmp_demux_next (GstArclyRtmpDemux *demux)
{
  return demux->ready ? g_queue_pop_head (&demux->units) : NULL;
}

GstTagList *
gst_arcly_rtmp_demux_take_tags (
    GstArclyRtmpDemux *demux, GstArclyRtmpTrackKind kind)
{
  return g_steal_pointer (&demux->tracks[kind].tags);
}

guint64
gst_arcly_rtmp_demux_get_dropped (const GstArclyRtmpDemux *demux)
{
  return demux->dropped;
}

guint64
gst_arcly_rtmp_demux_get_ignored (const GstArclyRtmpDemux *demux)
{
  return demux->ignored;
}
