/* SPDX-License-Identifier: MIT
 *
 * Headers of audio and video messages: the bodies of FLV tags ("Adobe Flash
 * Video File Format Specification", 10.1, Annex E.4). Those of enhanced RTMP
 * are in flvenhanced.h. Any thread; keeps no reference to the data. */
#pragma once

#include <glib.h>
#include <gst/arcly/gstarclyerror.h>

G_BEGIN_DECLS

/* CodecID, E.4.3.1. Others exist; only H.264 has a packet type. */
typedef enum {
  GST_ARCLY_FLV_VIDEO_H263 = 2,
  GST_ARCLY_FLV_VIDEO_SCREEN = 3,
  GST_ARCLY_FLV_VIDEO_VP6 = 4,
  GST_ARCLY_FLV_VIDEO_VP6_ALPHA = 5,
  GST_ARCLY_FLV_VIDEO_SCREEN2 = 6,
  GST_ARCLY_FLV_VIDEO_H264 = 7,
} GstArclyFlvVideoCodec;

/* FrameType, E.4.3.1. */
typedef enum {
  GST_ARCLY_FLV_FRAME_KEY = 1,
  GST_ARCLY_FLV_FRAME_INTER = 2,
  GST_ARCLY_FLV_FRAME_DISPOSABLE = 3,
  GST_ARCLY_FLV_FRAME_GENERATED_KEY = 4,
  GST_ARCLY_FLV_FRAME_COMMAND = 5, /* no frame: info for a player */
} GstArclyFlvFrameType;

/* AVCPacketType, E.4.3.1, and AACPacketType, E.4.2.1, where END is never
 * used. */
typedef enum {
  GST_ARCLY_FLV_SEQUENCE_HEADER = 0,
  GST_ARCLY_FLV_FRAME = 1,
  GST_ARCLY_FLV_SEQUENCE_END = 2,
} GstArclyFlvPacketType;

/* SoundFormat, E.4.2.1. */
typedef enum {
  GST_ARCLY_FLV_AUDIO_PCM = 0,
  GST_ARCLY_FLV_AUDIO_ADPCM = 1,
  GST_ARCLY_FLV_AUDIO_MP3 = 2,
  GST_ARCLY_FLV_AUDIO_PCM_LE = 3,
  GST_ARCLY_FLV_AUDIO_NELLYMOSER_16K = 4,
  GST_ARCLY_FLV_AUDIO_NELLYMOSER_8K = 5,
  GST_ARCLY_FLV_AUDIO_NELLYMOSER = 6,
  GST_ARCLY_FLV_AUDIO_ALAW = 7,
  GST_ARCLY_FLV_AUDIO_MULAW = 8,
  GST_ARCLY_FLV_AUDIO_AAC = 10,
  GST_ARCLY_FLV_AUDIO_SPEEX = 11,
  GST_ARCLY_FLV_AUDIO_MP3_8K = 14,
} GstArclyFlvAudioCodec;

/**
 * GstArclyFlvVideo:
 * @codec: codec; may be a number that has no name here
 * @frame_type: kind of frame
 * @packet_type: for H.264; else %GST_ARCLY_FLV_FRAME
 * @composition_time: presentation minus decoding time in ms, -2^23 to 2^23-1;
 *     0 but for H.264 frames
 * @payload_offset: where the codec's bytes start in the message
 * @payload_size: how many there are; may be 0
 *
 * A video header.
 */
typedef struct {
  GstArclyFlvVideoCodec codec;
  GstArclyFlvFrameType frame_type;
  GstArclyFlvPacketType packet_type;
  gint32 composition_time;
  gsize payload_offset;
  gsize payload_size;
} GstArclyFlvVideo;

/**
 * GstArclyFlvAudio:
 * @codec: codec; may be a number that has no name here
 * @packet_type: for AAC; else %GST_ARCLY_FLV_FRAME
 * @rate: sampling rate in Hz as the header says. Meaningless for AAC, whose
 *     sequence header knows it
 * @bits: 8 or 16; meaningless for compressed codecs
 * @channels: 1 or 2; meaningless for AAC
 * @payload_offset: where the codec's bytes start in the message
 * @payload_size: how many there are; may be 0
 *
 * An audio header.
 */
typedef struct {
  GstArclyFlvAudioCodec codec;
  GstArclyFlvPacketType packet_type;
  guint rate;
  guint bits;
  guint channels;
  gsize payload_offset;
  gsize payload_size;
} GstArclyFlvAudio;

/**
 * gst_arcly_flv_video_parse:
 * @data: (array length=size): body of a video message
 * @size: its length in bytes
 * @video: (out): the header
 * @error: return location for a #GError
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_TRUNCATED, %GST_ARCLY_ERROR_INVALID, or
 *     %GST_ARCLY_ERROR_UNSUPPORTED for a message of enhanced RTMP. Some clients
 *     send empty messages, which are TRUNCATED and harmless
 */
gboolean gst_arcly_flv_video_parse (
    const guint8 *data, gsize size, GstArclyFlvVideo *video, GError **error);

/* The same for the body of an audio message. */
gboolean gst_arcly_flv_audio_parse (
    const guint8 *data, gsize size, GstArclyFlvAudio *audio, GError **error);

/* "H.264", "AAC"; "unknown" for numbers without a name. For messages. */
const gchar *gst_arcly_flv_video_codec_name (GstArclyFlvVideoCodec codec);
const gchar *gst_arcly_flv_audio_codec_name (GstArclyFlvAudioCodec codec);

G_END_DECLS
