/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "flvtag.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_error (const GError *error, gboolean enhanced)
{
  g_assert (error->code == GST_ARCLY_ERROR_TRUNCATED ||
            error->code == GST_ARCLY_ERROR_INVALID ||
            error->code == GST_ARCLY_ERROR_UNSUPPORTED);
  g_assert ((error->code == GST_ARCLY_ERROR_UNSUPPORTED) == enhanced);
  g_assert (g_utf8_validate (error->message, -1, NULL));
}

/* The header does not depend on the payload: an empty one gives the same, and
 * one byte less is too short. */
static void
check_video (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyFlvVideo video, shorter;

  if (!gst_arcly_flv_video_parse (data, size, &video, &error)) {
    check_error (error, size > 0 && data[0] & 0x80);
    return;
  }
  g_assert_no_error (error);
  g_assert (video.payload_offset + video.payload_size == size);
  g_assert (video.composition_time >= -0x800000 &&
            video.composition_time <= 0x7fffff);
  g_assert (gst_arcly_flv_video_codec_name (video.codec));

  g_assert (
      gst_arcly_flv_video_parse (data, video.payload_offset, &shorter, NULL));
  g_assert (shorter.payload_size == 0 &&
            shorter.payload_offset == video.payload_offset &&
            shorter.composition_time == video.composition_time &&
            shorter.packet_type == video.packet_type);
  g_assert (!gst_arcly_flv_video_parse (
      data, video.payload_offset - 1, &shorter, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
}

static void
check_audio (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyFlvAudio audio, shorter;

  if (!gst_arcly_flv_audio_parse (data, size, &audio, &error)) {
    check_error (error, size > 0 && data[0] >> 4 == 9);
    return;
  }
  g_assert_no_error (error);
  g_assert (audio.payload_offset + audio.payload_size == size);
  g_assert (audio.rate >= 5512 && audio.rate <= 44100);
  g_assert (audio.channels == 1 || audio.channels == 2);
  g_assert (audio.bits == 8 || audio.bits == 16);
  g_assert (gst_arcly_flv_audio_codec_name (audio.codec));

  g_assert (
      gst_arcly_flv_audio_parse (data, audio.payload_offset, &shorter, NULL));
  g_assert (shorter.payload_size == 0 && shorter.rate == audio.rate &&
            shorter.packet_type == audio.packet_type);
  g_assert (!gst_arcly_flv_audio_parse (
      data, audio.payload_offset - 1, &shorter, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  check_video (data, size);
  check_audio (data, size);
  return 0;
}
