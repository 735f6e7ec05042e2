/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "flvtag.h"

#include <gst/arcly/codec/gstarclycursor.h>

/* Of enhanced RTMP, which flvenhanced.h reads. */
#define EX_VIDEO 0x80
#define EX_AUDIO 9

static gboolean
fail_truncated (const gchar *what, gsize size, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
      "%s message of only %" G_GSIZE_FORMAT " bytes", what, size);
  return FALSE;
}

static gboolean
fail_enhanced (const gchar *what, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "%s message of enhanced RTMP", what);
  return FALSE;
}

/* AVCVIDEOPACKET's header, E.4.3.1. */
static gboolean
parse_h264 (GstArclyCursor *cursor, GstArclyFlvVideo *video, GError **error)
{
  guint packet_type = gst_arcly_cursor_u8 (cursor);
  guint32 composition = gst_arcly_cursor_u24be (cursor);

  if (cursor->overrun)
    return fail_truncated ("H.264", cursor->size, error);
  if (packet_type > GST_ARCLY_FLV_SEQUENCE_END) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.264 packet type %u", packet_type);
    return FALSE;
  }
  video->packet_type = packet_type;
  if (packet_type == GST_ARCLY_FLV_FRAME)
    video->composition_time =
        (gint32) composition - ((composition & 0x800000) ? 0x1000000 : 0);
  return TRUE;
}

gboolean
gst_arcly_flv_video_parse (
    const guint8 *data, gsize size, GstArclyFlvVideo *video, GError **error)
{
  GstArclyCursor cursor;
  guint8 first;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (video != NULL, FALSE);

  *video = (GstArclyFlvVideo){ .packet_type = GST_ARCLY_FLV_FRAME };
  gst_arcly_cursor_init (&cursor, data, size);
  first = gst_arcly_cursor_u8 (&cursor);
  if (cursor.overrun)
    return fail_truncated ("video", size, error);
  if (first & EX_VIDEO)
    return fail_enhanced ("video", error);

  video->frame_type = first >> 4;
  video->codec = first & 0x0f;
  if (video->frame_type < GST_ARCLY_FLV_FRAME_KEY ||
      video->frame_type > GST_ARCLY_FLV_FRAME_COMMAND) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "video frame type %u", video->frame_type);
    return FALSE;
  }
  /* Writers disagree on whether a command has an AVCPacketType. */
  if (video->codec == GST_ARCLY_FLV_VIDEO_H264 &&
      video->frame_type != GST_ARCLY_FLV_FRAME_COMMAND &&
      !parse_h264 (&cursor, video, error))
    return FALSE;

  video->payload_offset = cursor.pos;
  video->payload_size = gst_arcly_cursor_left (&cursor);
  return TRUE;
}

/* SoundRate and SoundType, E.4.2.1. Some formats have but one rate, and their
 * bits in the header mean nothing. */
static void
set_sound (GstArclyFlvAudio *audio, guint8 first)
{
  static const guint rates[] = { 5512, 11025, 22050, 44100 };

  audio->rate = rates[first >> 2 & 3];
  audio->bits = first & 2 ? 16 : 8;
  audio->channels = first & 1 ? 2 : 1;
  switch ((guint) audio->codec) {
    case GST_ARCLY_FLV_AUDIO_NELLYMOSER_16K:
    case GST_ARCLY_FLV_AUDIO_SPEEX:
      audio->rate = 16000;
      audio->channels = 1;
      break;
    case GST_ARCLY_FLV_AUDIO_NELLYMOSER_8K:
      audio->rate = 8000;
      audio->channels = 1;
      break;
    case GST_ARCLY_FLV_AUDIO_ALAW:
    case GST_ARCLY_FLV_AUDIO_MULAW:
    case GST_ARCLY_FLV_AUDIO_MP3_8K:
      audio->rate = 8000;
      break;
    default:
      break;
  }
}

gboolean
gst_arcly_flv_audio_parse (
    const guint8 *data, gsize size, GstArclyFlvAudio *audio, GError **error)
{
  GstArclyCursor cursor;
  guint8 first;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (audio != NULL, FALSE);

  *audio = (GstArclyFlvAudio){ .packet_type = GST_ARCLY_FLV_FRAME };
  gst_arcly_cursor_init (&cursor, data, size);
  first = gst_arcly_cursor_u8 (&cursor);
  if (cursor.overrun)
    return fail_truncated ("audio", size, error);
  if (first >> 4 == EX_AUDIO)
    return fail_enhanced ("audio", error);

  audio->codec = first >> 4;
  set_sound (audio, first);
  if (audio->codec == GST_ARCLY_FLV_AUDIO_AAC) {
    audio->packet_type = gst_arcly_cursor_u8 (&cursor);
    if (cursor.overrun)
      return fail_truncated ("AAC", size, error);
    if (audio->packet_type > GST_ARCLY_FLV_FRAME) {
      g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
          "AAC packet type %u", audio->packet_type);
      return FALSE;
    }
  }

  audio->payload_offset = cursor.pos;
  audio->payload_size = gst_arcly_cursor_left (&cursor);
  return TRUE;
}

const gchar *
gst_arcly_flv_video_codec_name (GstArclyFlvVideoCodec codec)
{
  switch (codec) {
    case GST_ARCLY_FLV_VIDEO_H263:
      return "Sorenson H.263";
    case GST_ARCLY_FLV_VIDEO_SCREEN:
      return "Screen Video";
    case GST_ARCLY_FLV_VIDEO_VP6:
      return "VP6";
    case GST_ARCLY_FLV_VIDEO_VP6_ALPHA:
      return "VP6 with alpha";
    case GST_ARCLY_FLV_VIDEO_SCREEN2:
      return "Screen Video 2";
    case GST_ARCLY_FLV_VIDEO_H264:
      return "H.264";
  }
  return "unknown";
}

const gchar *
gst_arcly_flv_audio_codec_name (GstArclyFlvAudioCodec codec)
{
  switch (codec) {
    case GST_ARCLY_FLV_AUDIO_PCM:
    case GST_ARCLY_FLV_AUDIO_PCM_LE:
      return "PCM";
    case GST_ARCLY_FLV_AUDIO_ADPCM:
      return "ADPCM";
    case GST_ARCLY_FLV_AUDIO_MP3:
    case GST_ARCLY_FLV_AUDIO_MP3_8K:
      return "MP3";
    case GST_ARCLY_FLV_AUDIO_NELLYMOSER_16K:
    case GST_ARCLY_FLV_AUDIO_NELLYMOSER_8K:
    case GST_ARCLY_FLV_AUDIO_NELLYMOSER:
      return "Nellymoser";
    case GST_ARCLY_FLV_AUDIO_ALAW:
      return "G.711 A-law";
    case GST_ARCLY_FLV_AUDIO_MULAW:
      return "G.711 mu-law";
    case GST_ARCLY_FLV_AUDIO_AAC:
      return "AAC";
    case GST_ARCLY_FLV_AUDIO_SPEEX:
      return "Speex";
  }
  return "unknown";
}
