/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "flvform.h"

#include <gst/arcly/codec/gstarclympegaudio.h>

#include "flvwrite.h"

static const struct {
  GstArclyFlvExKind kind;
  guint32 fourcc;
  guint8 number;
} numbers[] = {
  { GST_ARCLY_FLV_EX_VIDEO, GST_ARCLY_FOURCC_AVC, GST_ARCLY_FLV_VIDEO_H264 },
  { GST_ARCLY_FLV_EX_AUDIO, GST_ARCLY_FOURCC_AAC, GST_ARCLY_FLV_AUDIO_AAC },
  { GST_ARCLY_FLV_EX_AUDIO, GST_ARCLY_FOURCC_MP3, GST_ARCLY_FLV_AUDIO_MP3 },
};

guint8
gst_arcly_flv_fourcc_get_number (GstArclyFlvExKind kind, guint32 fourcc)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (numbers[i].kind == kind && numbers[i].fourcc == fourcc)
      return numbers[i].number;
  }
  return 0;
}

/* ---- reading: all in terms of enhanced RTMP ---- */

typedef struct {
  GstArclyFlvEx message;
  GstArclyFlvExSource source;
} Parts;

static void
set_payload (Parts *parts, const guint8 *data, gsize offset, gsize size)
{
  parts->source.data = data + offset;
  parts->source.size = size;
}

static gboolean
read_enhanced (
    Parts *parts, GstArclyFlvExKind kind, const guint8 *data, gsize size)
{
  GstArclyFlvExPart part;

  if (!gst_arcly_flv_ex_parse (&parts->message, kind, data, size, NULL) ||
      !gst_arcly_flv_ex_next (&parts->message, &part, NULL) ||
      !parts->message.done)
    return FALSE;
  parts->source.fourcc = part.fourcc;
  parts->source.track_id = part.track_id;
  parts->source.composition_time = part.composition_time;
  set_payload (parts, data, part.payload_offset, part.payload_size);
  return TRUE;
}

static gboolean
read_video (Parts *parts, const guint8 *data, gsize size)
{
  static const GstArclyFlvExPacket packets[] = {
    [GST_ARCLY_FLV_SEQUENCE_HEADER] = GST_ARCLY_FLV_EX_SEQUENCE_START,
    [GST_ARCLY_FLV_FRAME] = GST_ARCLY_FLV_EX_CODED_FRAMES,
    [GST_ARCLY_FLV_SEQUENCE_END] = GST_ARCLY_FLV_EX_SEQUENCE_END,
  };
  GstArclyFlvVideo video;

  if (!gst_arcly_flv_video_parse (data, size, &video, NULL) ||
      video.codec != GST_ARCLY_FLV_VIDEO_H264 ||
      video.frame_type == GST_ARCLY_FLV_FRAME_COMMAND)
    return FALSE;
  parts->message.packet = packets[video.packet_type];
  if (video.packet_type == GST_ARCLY_FLV_FRAME && video.composition_time == 0)
    parts->message.packet = GST_ARCLY_FLV_EX_CODED_FRAMES_X;
  parts->message.frame_type = video.frame_type;
  parts->source.fourcc = GST_ARCLY_FOURCC_AVC;
  parts->source.composition_time = video.composition_time;
  set_payload (parts, data, video.payload_offset, video.payload_size);
  return TRUE;
}

static gboolean
read_audio (Parts *parts, const guint8 *data, gsize size)
{
  GstArclyFlvAudio audio;

  if (!gst_arcly_flv_audio_parse (data, size, &audio, NULL))
    return FALSE;
  if (audio.codec == GST_ARCLY_FLV_AUDIO_AAC)
    parts->source.fourcc = GST_ARCLY_FOURCC_AAC;
  else if (audio.codec == GST_ARCLY_FLV_AUDIO_MP3)
    parts->source.fourcc = GST_ARCLY_FOURCC_MP3;
  else
    return FALSE;
  parts->message.packet = audio.packet_type == GST_ARCLY_FLV_SEQUENCE_HEADER
                              ? GST_ARCLY_FLV_EX_SEQUENCE_START
                              : GST_ARCLY_FLV_EX_CODED_FRAMES;
  set_payload (parts, data, audio.payload_offset, audio.payload_size);
  return TRUE;
}

static gboolean
read_parts (
    Parts *parts, GstArclyFlvExKind kind, const guint8 *data, gsize size)
{
  *parts = (Parts){ 0 };
  if (gst_arcly_flv_ex_is (kind, data, size))
    return read_enhanced (parts, kind, data, size);
  parts->message.kind = kind;
  parts->message.tracks = GST_ARCLY_FLV_EX_PLAIN;
  return kind == GST_ARCLY_FLV_EX_VIDEO ? read_video (parts, data, size)
                                        : read_audio (parts, data, size);
}

/* ---- writing ---- */

static gboolean
is_frame (const Parts *parts)
{
  return parts->message.packet == GST_ARCLY_FLV_EX_CODED_FRAMES ||
         parts->message.packet == GST_ARCLY_FLV_EX_CODED_FRAMES_X;
}

/* FALSE: FLV has no such packet, or no such frame. */
static gboolean
get_packet_type (const Parts *parts, GstArclyFlvPacketType *type)
{
  if (parts->message.kind == GST_ARCLY_FLV_EX_VIDEO &&
      (parts->message.frame_type < GST_ARCLY_FLV_FRAME_KEY ||
          parts->message.frame_type >= GST_ARCLY_FLV_FRAME_COMMAND))
    return FALSE;
  if (is_frame (parts))
    *type = GST_ARCLY_FLV_FRAME;
  else if (parts->message.packet == GST_ARCLY_FLV_EX_SEQUENCE_START)
    *type = GST_ARCLY_FLV_SEQUENCE_HEADER;
  else if (parts->message.packet == GST_ARCLY_FLV_EX_SEQUENCE_END &&
           parts->message.kind == GST_ARCLY_FLV_EX_VIDEO)
    *type = GST_ARCLY_FLV_SEQUENCE_END;
  else
    return FALSE;
  return TRUE;
}

/* MP3 says in the tag's header, too, how it sounds. */
static gboolean
get_sound (const Parts *parts, GstArclyFlvAudio *audio)
{
  GstArclyMpegAudioHeader header;

  if (audio->codec != GST_ARCLY_FLV_AUDIO_MP3)
    return TRUE;
  if (!gst_arcly_mpeg_audio_header_parse (
          parts->source.data, parts->source.size, &header, NULL))
    return FALSE;
  audio->rate = header.rate;
  audio->channels = header.channels;
  return TRUE;
}

static gboolean
write_numbered (GByteArray *out, const Parts *parts, guint8 number)
{
  guint8 header[GST_ARCLY_FLV_MAX_HEADER];
  GstArclyFlvPacketType type;
  gsize size;

  if (!get_packet_type (parts, &type))
    return FALSE;
  if (parts->message.kind == GST_ARCLY_FLV_EX_VIDEO) {
    const GstArclyFlvVideo video = { .codec = number,
      .frame_type = parts->message.frame_type,
      .packet_type = type,
      .composition_time = parts->source.composition_time };

    size = gst_arcly_flv_video_write (&video, header);
  } else {
    GstArclyFlvAudio audio = {
      .codec = number, .packet_type = type, .bits = 16
    };

    if (!get_sound (parts, &audio))
      return FALSE;
    size = gst_arcly_flv_audio_write (&audio, header);
  }
  g_byte_array_append (out, header, size);
  g_byte_array_append (out, parts->source.data, parts->source.size);
  return TRUE;
}

gboolean
gst_arcly_flv_form_write (GByteArray *out, GstArclyFlvExKind kind, guint form,
    guint32 nanoseconds, const guint8 *data, gsize size)
{
  gboolean fine = (form & GST_ARCLY_FLV_FORM_FINE) != 0;
  guint8 number;
  Parts parts;

  if (!read_parts (&parts, kind, data, size))
    return FALSE;
  number = gst_arcly_flv_fourcc_get_number (kind, parts.source.fourcc);
  if (form & GST_ARCLY_FLV_FORM_ALONE) {
    if (number > 0 && !fine)
      return write_numbered (out, &parts, number);
    parts.message.tracks = GST_ARCLY_FLV_EX_PLAIN;
  }
  parts.message.nanoseconds = fine && is_frame (&parts) ? nanoseconds : 0;
  gst_arcly_flv_ex_write (out, &parts.message, &parts.source, 1);
  return TRUE;
}
