/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "flvtag.h"

#include <gst/arcly/codec/gstarclycursor.h>

/* Enhanced RTMP v2, "ExVideoTagHeader" and "ExAudioTagHeader". */
#define EX_VIDEO 0x80
#define EX_AUDIO 9
#define EX_MOD_EX 7
#define EX_VIDEO_MULTITRACK 6
#define EX_VIDEO_METADATA 4
#define EX_AUDIO_MULTITRACK 5

static gboolean
fail_truncated (const gchar *what, gsize size, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
      "%s message of only %" G_GSIZE_FORMAT " bytes", what, size);
  return FALSE;
}

/* Enhanced RTMP v2: each ModEx has a size (8 bits, or 16 after 256), as many
 * bytes, and the packet type that follows. Each costs the peer at least three
 * bytes, so the message bounds the loop. */
static guint
skip_mod_ex (GstArclyCursor *cursor, guint packet_type)
{
  while (packet_type == EX_MOD_EX && !cursor->overrun) {
    gsize size = gst_arcly_cursor_u8 (cursor) + 1;

    if (size == 256)
      size = gst_arcly_cursor_u16be (cursor) + 1;
    gst_arcly_cursor_skip (cursor, size);
    packet_type = gst_arcly_cursor_u8 (cursor) & 0x0f;
  }
  return packet_type;
}

/* With or without multitrack, the codec of the first track comes next. */
static gboolean
read_fourcc (GstArclyCursor *cursor, guint packet_type, guint multitrack,
    guint32 *fourcc)
{
  if (packet_type == multitrack)
    gst_arcly_cursor_u8 (cursor);
  *fourcc = gst_arcly_cursor_u32be (cursor);
  return !cursor->overrun;
}

static gboolean
fail_fourcc (const gchar *what, guint32 fourcc, GError **error)
{
  gchar text[5] = { 0 };
  guint i;

  for (i = 0; i < 4; i++) {
    guint8 c = fourcc >> (24 - 8 * i);

    text[i] = g_ascii_isprint (c) ? (gchar) c : '?';
  }
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "%s in enhanced RTMP (codec \"%s\") is not supported", what, text);
  return FALSE;
}

static gboolean
parse_ex_video (GstArclyCursor *cursor, guint8 first, GstArclyFlvVideo *video,
    GError **error)
{
  guint packet_type = skip_mod_ex (cursor, first & 0x0f);

  video->frame_type = first >> 4 & 7;
  /* A command has one byte and names no codec. */
  if (video->frame_type == GST_ARCLY_FLV_FRAME_COMMAND &&
      packet_type != EX_VIDEO_METADATA && !cursor->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "video command in enhanced RTMP is not supported");
    return FALSE;
  }
  if (!read_fourcc (cursor, packet_type, EX_VIDEO_MULTITRACK, &video->fourcc))
    return fail_truncated ("enhanced video", cursor->size, error);
  return fail_fourcc ("video", video->fourcc, error);
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
    return parse_ex_video (&cursor, first, video, error);

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

static gboolean
parse_ex_audio (GstArclyCursor *cursor, guint8 first, GstArclyFlvAudio *audio,
    GError **error)
{
  guint packet_type = skip_mod_ex (cursor, first & 0x0f);

  if (!read_fourcc (cursor, packet_type, EX_AUDIO_MULTITRACK, &audio->fourcc))
    return fail_truncated ("enhanced audio", cursor->size, error);
  return fail_fourcc ("audio", audio->fourcc, error);
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
    return parse_ex_audio (&cursor, first, audio, error);

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
