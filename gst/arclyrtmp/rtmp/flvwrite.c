/* SPDX-License-Identifier: MIT */
#include "flvwrite.h"

gsize
gst_arcly_flv_video_write (const GstArclyFlvVideo *video, guint8 *header)
{
  gint32 time = CLAMP (video->composition_time,
      GST_ARCLY_FLV_MIN_COMPOSITION_TIME, GST_ARCLY_FLV_MAX_COMPOSITION_TIME);

  header[0] = video->frame_type << 4 | video->codec;
  if (video->codec != GST_ARCLY_FLV_VIDEO_H264 ||
      video->frame_type == GST_ARCLY_FLV_FRAME_COMMAND)
    return 1;
  header[1] = video->packet_type;
  header[2] = (guint32) time >> 16 & 0xff;
  header[3] = (guint32) time >> 8 & 0xff;
  header[4] = (guint32) time & 0xff;
  return 5;
}

/* E.4.2.1, SoundRate: 5.5, 11, 22 or 44 kHz. What AAC and MP3 really have is
 * in their own headers, so the nearest will do. */
static guint
rate_index (guint rate)
{
  if (rate >= 33075)
    return 3;
  if (rate >= 16538)
    return 2;
  return rate >= 8269 ? 1 : 0;
}

gsize
gst_arcly_flv_audio_write (const GstArclyFlvAudio *audio, guint8 *header)
{
  gboolean aac = audio->codec == GST_ARCLY_FLV_AUDIO_AAC;
  /* E.4.2.1: AAC always says 44 kHz and stereo. */
  guint rate = aac ? 3 : rate_index (audio->rate);
  gboolean stereo = aac || audio->channels > 1;

  header[0] = audio->codec << 4 | rate << 2 | (audio->bits == 16) << 1 | stereo;
  if (!aac)
    return 1;
  header[1] = audio->packet_type;
  return 2;
}
