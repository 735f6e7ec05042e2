/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "flvwrite.h"

/* What the annex says, byte by byte. */
static void
test_bytes (void)
{
  static const guint8 key[] = { 0x17, 1, 0, 0, 80 };
  static const guint8 inter[] = { 0x27, 1, 0xff, 0xff, 0xff };
  static const guint8 aac[] = { 0xaf, 0 };
  static const guint8 mp3[] = { 0x2a };
  GstArclyFlvVideo video = { .codec = GST_ARCLY_FLV_VIDEO_H264,
    .frame_type = GST_ARCLY_FLV_FRAME_KEY,
    .packet_type = GST_ARCLY_FLV_FRAME,
    .composition_time = 80 };
  GstArclyFlvAudio audio = { .codec = GST_ARCLY_FLV_AUDIO_AAC,
    .bits = 16,
    .packet_type = GST_ARCLY_FLV_SEQUENCE_HEADER };
  guint8 header[GST_ARCLY_FLV_MAX_HEADER];
  gsize size;

  size = gst_arcly_flv_video_write (&video, header);
  g_assert_cmpmem (header, size, key, sizeof key);
  video.frame_type = GST_ARCLY_FLV_FRAME_INTER;
  video.composition_time = -1;
  size = gst_arcly_flv_video_write (&video, header);
  g_assert_cmpmem (header, size, inter, sizeof inter);
  size = gst_arcly_flv_audio_write (&audio, header);
  g_assert_cmpmem (header, size, aac, sizeof aac);
  audio.codec = GST_ARCLY_FLV_AUDIO_MP3;
  audio.rate = 24000;
  audio.channels = 1;
  size = gst_arcly_flv_audio_write (&audio, header);
  g_assert_cmpmem (header, size, mp3, sizeof mp3);
}

/* All that can be read is written as it was. */
static void
test_round_trip_video (void)
{
  static const gint32 times[] = { GST_ARCLY_FLV_MIN_COMPOSITION_TIME, -40, 0, 1,
    GST_ARCLY_FLV_MAX_COMPOSITION_TIME };
  guint first, packet, i;

  for (first = 0; first < 0x80; first++) {
    for (packet = 0; packet < 3; packet++) {
      for (i = 0; i < G_N_ELEMENTS (times); i++) {
        const guint8 bytes[] = { first, packet, (guint32) times[i] >> 16,
          (guint32) times[i] >> 8, (guint32) times[i] };
        GstArclyFlvVideo video, again;
        guint8 header[GST_ARCLY_FLV_MAX_HEADER + 1] = { 0 };
        gsize size;

        if (!gst_arcly_flv_video_parse (bytes, sizeof bytes, &video, NULL))
          continue;
        size = gst_arcly_flv_video_write (&video, header);
        g_assert_cmpuint (size, ==, video.payload_offset);
        g_assert_true (gst_arcly_flv_video_parse (header, size, &again, NULL));
        g_assert_cmpint (again.codec, ==, video.codec);
        g_assert_cmpint (again.frame_type, ==, video.frame_type);
        g_assert_cmpint (again.packet_type, ==, video.packet_type);
        g_assert_cmpint (again.composition_time, ==, video.composition_time);
      }
    }
  }
}

static void
test_round_trip_audio (void)
{
  static const guint8 codecs[] = { GST_ARCLY_FLV_AUDIO_MP3,
    GST_ARCLY_FLV_AUDIO_AAC };
  guint codec, low, packet;

  for (codec = 0; codec < G_N_ELEMENTS (codecs); codec++) {
    for (low = 0; low < 16; low++) {
      for (packet = 0; packet < 2; packet++) {
        const guint8 bytes[] = { codecs[codec] << 4 | low, packet };
        GstArclyFlvAudio audio, again;
        guint8 header[GST_ARCLY_FLV_MAX_HEADER] = { 0 };
        gsize size;

        g_assert_true (
            gst_arcly_flv_audio_parse (bytes, sizeof bytes, &audio, NULL));
        size = gst_arcly_flv_audio_write (&audio, header);
        g_assert_cmpuint (size, ==, audio.payload_offset);
        g_assert_true (gst_arcly_flv_audio_parse (header, size, &again, NULL));
        g_assert_cmpint (again.codec, ==, audio.codec);
        g_assert_cmpint (again.packet_type, ==, audio.packet_type);
        if (audio.codec == GST_ARCLY_FLV_AUDIO_AAC)
          continue;
        g_assert_cmpuint (again.rate, ==, audio.rate);
        g_assert_cmpuint (again.channels, ==, audio.channels);
        g_assert_cmpuint (again.bits, ==, audio.bits);
      }
    }
  }
}

/* A composition time that does not fit is the nearest that does. */
static void
test_clamp (void)
{
  GstArclyFlvVideo video = { .codec = GST_ARCLY_FLV_VIDEO_H264,
    .frame_type = GST_ARCLY_FLV_FRAME_KEY,
    .packet_type = GST_ARCLY_FLV_FRAME,
    .composition_time = G_MAXINT32 };
  guint8 header[GST_ARCLY_FLV_MAX_HEADER];

  gst_arcly_flv_video_write (&video, header);
  g_assert_cmpmem (header + 2, 3, "\x7f\xff\xff", 3);
  video.composition_time = G_MININT32;
  gst_arcly_flv_video_write (&video, header);
  g_assert_cmpmem (header + 2, 3, "\x80\x00\x00", 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arclyrtmp/flvwrite/bytes", test_bytes);
  g_test_add_func ("/arclyrtmp/flvwrite/video", test_round_trip_video);
  g_test_add_func ("/arclyrtmp/flvwrite/audio", test_round_trip_audio);
  g_test_add_func ("/arclyrtmp/flvwrite/clamp", test_clamp);
  return g_test_run ();
}
