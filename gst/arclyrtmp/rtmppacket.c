/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmppacket.h"

#include "rtmp/flvtag.h"

static GBytes *
slice (const GstArclyRtmpMedia *media, gsize offset, gsize size)
{
  return g_bytes_new_from_bytes (media->payload, offset, size);
}

/* Messages of the FLV specification are those of one track, whose codec we
 * give its FourCC. Without payload: there is nothing in it. */

static gboolean
read_video (
    const GstArclyRtmpMedia *media, GstArclyRtmpPacket *packet, GError **error)
{
  static const GstArclyFlvExPacket packets[] = {
    [GST_ARCLY_FLV_SEQUENCE_HEADER] = GST_ARCLY_FLV_EX_SEQUENCE_START,
    [GST_ARCLY_FLV_FRAME] = GST_ARCLY_FLV_EX_CODED_FRAMES,
    [GST_ARCLY_FLV_SEQUENCE_END] = GST_ARCLY_FLV_EX_SEQUENCE_END,
  };
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
  packet->fourcc = GST_ARCLY_FOURCC_AVC;
  packet->packet = packets[video.packet_type];
  packet->key = video.frame_type == GST_ARCLY_FLV_FRAME_KEY;
  packet->composition_time = video.composition_time;
  packet->payload = slice (media, video.payload_offset, video.payload_size);
  return TRUE;
}

static gboolean
read_audio (
    const GstArclyRtmpMedia *media, GstArclyRtmpPacket *packet, GError **error)
{
  GstArclyFlvAudio audio;
  gsize size;
  const guint8 *data = g_bytes_get_data (media->payload, &size);

  if (!gst_arcly_flv_audio_parse (data, size, &audio, error))
    return FALSE;
  if (audio.payload_size == 0)
    return TRUE;
  if (audio.codec == GST_ARCLY_FLV_AUDIO_AAC) {
    packet->fourcc = GST_ARCLY_FOURCC_AAC;
  } else if (audio.codec == GST_ARCLY_FLV_AUDIO_MP3 ||
             audio.codec == GST_ARCLY_FLV_AUDIO_MP3_8K) {
    packet->fourcc = GST_ARCLY_FOURCC_MP3;
  } else {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "audio codec %s (%u)", gst_arcly_flv_audio_codec_name (audio.codec),
        audio.codec);
    return FALSE;
  }
  packet->packet = audio.packet_type == GST_ARCLY_FLV_SEQUENCE_HEADER
                       ? GST_ARCLY_FLV_EX_SEQUENCE_START
                       : GST_ARCLY_FLV_EX_CODED_FRAMES;
  packet->key = TRUE;
  packet->payload = slice (media, audio.payload_offset, audio.payload_size);
  return TRUE;
}

static gboolean
next_plain (
    GstArclyRtmpPackets *packets, GstArclyRtmpPacket *packet, GError **error)
{
  if (packets->done)
    return FALSE;
  packets->done = TRUE;
  packet->track = packets->kind;
  if (!(packets->kind == GST_ARCLY_RTMP_TRACK_VIDEO
              ? read_video (packets->media, packet, error)
              : read_audio (packets->media, packet, error)))
    return FALSE;
  return packet->payload != NULL;
}

static gboolean
next_enhanced (
    GstArclyRtmpPackets *packets, GstArclyRtmpPacket *packet, GError **error)
{
  GstArclyFlvExPart part;

  if (!gst_arcly_flv_ex_next (&packets->message, &part, error))
    return FALSE;
  if (part.track_id >= GST_ARCLY_RTMP_MAX_TRACK_IDS) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "track %u, where no more than %u are taken", part.track_id,
        GST_ARCLY_RTMP_MAX_TRACK_IDS);
    return FALSE;
  }
  packet->track = GST_ARCLY_RTMP_TRACK (packets->kind, part.track_id);
  packet->fourcc = part.fourcc;
  packet->packet = packets->message.packet;
  packet->key = packets->kind == GST_ARCLY_RTMP_TRACK_AUDIO ||
                packets->message.frame_type == GST_ARCLY_FLV_FRAME_KEY;
  packet->composition_time = part.composition_time;
  packet->nanoseconds = packets->message.nanoseconds;
  packet->payload =
      slice (packets->media, part.payload_offset, part.payload_size);
  return TRUE;
}

gboolean
gst_arcly_rtmp_packets_begin (GstArclyRtmpPackets *packets,
    const GstArclyRtmpMedia *media, GError **error)
{
  gboolean video = media->kind == GST_ARCLY_RTMP_VIDEO;
  GstArclyFlvExKind kind =
      video ? GST_ARCLY_FLV_EX_VIDEO : GST_ARCLY_FLV_EX_AUDIO;
  gsize size;
  const guint8 *data = g_bytes_get_data (media->payload, &size);

  packets->media = media;
  packets->kind =
      video ? GST_ARCLY_RTMP_TRACK_VIDEO : GST_ARCLY_RTMP_TRACK_AUDIO;
  packets->done = FALSE;
  packets->enhanced = gst_arcly_flv_ex_is (kind, data, size);
  return !packets->enhanced ||
         gst_arcly_flv_ex_parse (&packets->message, kind, data, size, error);
}

gboolean
gst_arcly_rtmp_packets_next (
    GstArclyRtmpPackets *packets, GstArclyRtmpPacket *packet, GError **error)
{
  *packet = (GstArclyRtmpPacket){ .timestamp = packets->media->timestamp };
  return packets->enhanced ? next_enhanced (packets, packet, error)
                           : next_plain (packets, packet, error);
}

void
gst_arcly_rtmp_packet_clear (GstArclyRtmpPacket *packet)
{
  g_clear_pointer (&packet->payload, g_bytes_unref);
}
