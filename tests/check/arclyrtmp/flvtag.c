/* SPDX-License-Identifier: MIT */
#include "flvtag.h"

#include <string.h>

#define OK (-1)

typedef struct {
  const gchar *name;
  guint8 bytes[12];
  gsize size;
  gint error; /* OK or a GstArclyError */
  guint codec, frame_type, packet_type;
  gint32 composition;
  gsize offset;
} VideoRow;

static const VideoRow video_rows[] = {
  { "sequence header", { 0x17, 0, 0, 0, 0, 1, 0x64 }, 7, OK, 7, 1, 0, 0, 5 },
  { "sequence header, composition time is noise", { 0x17, 0, 1, 2, 3, 1 }, 6,
      OK, 7, 1, 0, 0, 5 },
  { "key frame", { 0x17, 1, 0, 0, 80, 9 }, 6, OK, 7, 1, 1, 80, 5 },
  { "key frame, no payload", { 0x17, 1, 0, 0, 0 }, 5, OK, 7, 1, 1, 0, 5 },
  { "inter frame, -1 ms", { 0x27, 1, 0xff, 0xff, 0xff, 9 }, 6, OK, 7, 2, 1, -1,
      5 },
  { "disposable, largest", { 0x37, 1, 0x7f, 0xff, 0xff }, 5, OK, 7, 3, 1,
      0x7fffff, 5 },
  { "generated key frame, smallest", { 0x47, 1, 0x80, 0, 0 }, 5, OK, 7, 4, 1,
      -0x800000, 5 },
  { "end of sequence", { 0x17, 2, 0, 0, 0 }, 5, OK, 7, 1, 2, 0, 5 },
  { "command", { 0x57, 0 }, 2, OK, 7, 5, 1, 0, 1 },
  { "VP6", { 0x14, 0, 1 }, 3, OK, 4, 1, 1, 0, 1 },
  { "codec without a name", { 0x2f }, 1, OK, 15, 2, 1, 0, 1 },
  { "frame type 0", { 0x07, 1, 0, 0, 0 }, 5, GST_ARCLY_ERROR_INVALID },
  { "frame type 6", { 0x67, 1, 0, 0, 0 }, 5, GST_ARCLY_ERROR_INVALID },
  { "H.264 packet type 3", { 0x17, 3, 0, 0, 0 }, 5, GST_ARCLY_ERROR_INVALID },
  { "enhanced", { 0x90, 'h', 'v', 'c', '1', 1 }, 6,
      GST_ARCLY_ERROR_UNSUPPORTED },
  { "enhanced command", { 0xd1, 0 }, 2, GST_ARCLY_ERROR_UNSUPPORTED },
};

/* An exact copy: a sanitizer then sees a read of one byte too many. */
static gboolean
parse_video (
    const guint8 *bytes, gsize size, GstArclyFlvVideo *video, GError **error)
{
  g_autofree guint8 *exact = g_memdup2 (bytes, size);

  return gst_arcly_flv_video_parse (exact, size, video, error);
}

static gboolean
parse_audio (
    const guint8 *bytes, gsize size, GstArclyFlvAudio *audio, GError **error)
{
  g_autofree guint8 *exact = g_memdup2 (bytes, size);

  return gst_arcly_flv_audio_parse (exact, size, audio, error);
}

static void
test_video (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (video_rows); i++) {
    const VideoRow *row = &video_rows[i];
    g_autoptr (GError) error = NULL;
    GstArclyFlvVideo video;

    g_test_message ("%s", row->name);
    g_assert_true (parse_video (row->bytes, row->size, &video, &error) ==
                   (row->error == OK));
    if (row->error != OK) {
      g_assert_error (error, GST_ARCLY_ERROR, row->error);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpuint (video.codec, ==, row->codec);
    g_assert_cmpuint (video.frame_type, ==, row->frame_type);
    g_assert_cmpuint (video.packet_type, ==, row->packet_type);
    g_assert_cmpint (video.composition_time, ==, row->composition);
    g_assert_cmpuint (video.payload_offset, ==, row->offset);
    g_assert_cmpuint (video.payload_size, ==, row->size - row->offset);
  }
}

/* Cut before its payload, each tag is TRUNCATED and never read beyond. */
static void
test_video_truncated (void)
{
  guint i;
  gsize size;

  for (i = 0; i < G_N_ELEMENTS (video_rows); i++) {
    const VideoRow *row = &video_rows[i];
    gsize header = row->error == GST_ARCLY_ERROR_UNSUPPORTED ? 1 : row->offset;

    for (size = 0; size < row->size; size++) {
      g_autoptr (GError) error = NULL;
      GstArclyFlvVideo video;
      gboolean ok = parse_video (row->bytes, size, &video, &error);

      g_test_message ("%s, %" G_GSIZE_FORMAT " bytes", row->name, size);
      g_assert_true (ok == (error == NULL));
      if (size < header)
        g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
    }
  }
}

typedef struct {
  const gchar *name;
  guint8 bytes[12];
  gsize size;
  gint error;
  guint codec, packet_type, rate, bits, channels;
  gsize offset;
} AudioRow;

static const AudioRow audio_rows[] = {
  { "AAC configuration", { 0xaf, 0, 0x12, 0x10 }, 4, OK, 10, 0, 44100, 16, 2,
      2 },
  { "AAC frame", { 0xaf, 1, 0x21 }, 3, OK, 10, 1, 44100, 16, 2, 2 },
  { "AAC, no payload", { 0xaf, 1 }, 2, OK, 10, 1, 44100, 16, 2, 2 },
  { "MP3 11025 mono", { 0x26, 0xff }, 2, OK, 2, 1, 11025, 16, 1, 1 },
  { "MP3 22050 stereo", { 0x2b, 0xff }, 2, OK, 2, 1, 22050, 16, 2, 1 },
  { "MP3 8 kHz", { 0xe6, 0xff }, 2, OK, 14, 1, 8000, 16, 1, 1 },
  { "PCM 5512, 8 bits", { 0x30, 0 }, 2, OK, 3, 1, 5512, 8, 1, 1 },
  { "Speex", { 0xb2, 0 }, 2, OK, 11, 1, 16000, 16, 1, 1 },
  { "Nellymoser 16 kHz", { 0x4f, 0 }, 2, OK, 4, 1, 16000, 16, 1, 1 },
  { "Nellymoser 8 kHz", { 0x5f, 0 }, 2, OK, 5, 1, 8000, 16, 1, 1 },
  { "A-law", { 0x72, 0 }, 2, OK, 7, 1, 8000, 16, 1, 1 },
  { "codec without a name", { 0xcf }, 1, OK, 12, 1, 44100, 16, 2, 1 },
  { "AAC packet type 2", { 0xaf, 2, 0 }, 3, GST_ARCLY_ERROR_INVALID },
  { "enhanced", { 0x90, 'O', 'p', 'u', 's', 1 }, 6,
      GST_ARCLY_ERROR_UNSUPPORTED },
};

static void
test_audio (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (audio_rows); i++) {
    const AudioRow *row = &audio_rows[i];
    g_autoptr (GError) error = NULL;
    GstArclyFlvAudio audio;

    g_test_message ("%s", row->name);
    g_assert_true (parse_audio (row->bytes, row->size, &audio, &error) ==
                   (row->error == OK));
    if (row->error != OK) {
      g_assert_error (error, GST_ARCLY_ERROR, row->error);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpuint (audio.codec, ==, row->codec);
    g_assert_cmpuint (audio.packet_type, ==, row->packet_type);
    g_assert_cmpuint (audio.rate, ==, row->rate);
    g_assert_cmpuint (audio.bits, ==, row->bits);
    g_assert_cmpuint (audio.channels, ==, row->channels);
    g_assert_cmpuint (audio.payload_offset, ==, row->offset);
    g_assert_cmpuint (audio.payload_size, ==, row->size - row->offset);
  }
}

static void
test_audio_truncated (void)
{
  guint i;
  gsize size;

  for (i = 0; i < G_N_ELEMENTS (audio_rows); i++) {
    const AudioRow *row = &audio_rows[i];
    gsize header = row->error == GST_ARCLY_ERROR_UNSUPPORTED ? 1 : row->offset;

    for (size = 0; size < row->size; size++) {
      g_autoptr (GError) error = NULL;
      GstArclyFlvAudio audio;
      gboolean ok = parse_audio (row->bytes, size, &audio, &error);

      g_test_message ("%s, %" G_GSIZE_FORMAT " bytes", row->name, size);
      g_assert_true (ok == (error == NULL));
      if (size < header)
        g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
    }
  }
}

static void
test_names (void)
{
  guint i;

  g_assert_cmpstr (gst_arcly_flv_video_codec_name (7), ==, "H.264");
  g_assert_cmpstr (gst_arcly_flv_video_codec_name (4), ==, "VP6");
  g_assert_cmpstr (gst_arcly_flv_audio_codec_name (10), ==, "AAC");
  g_assert_cmpstr (gst_arcly_flv_audio_codec_name (14), ==, "MP3");
  for (i = 0; i < 16; i++) {
    g_assert_nonnull (gst_arcly_flv_video_codec_name (i));
    g_assert_nonnull (gst_arcly_flv_audio_codec_name (i));
  }
  g_assert_cmpstr (gst_arcly_flv_video_codec_name (15), ==, "unknown");
  g_assert_cmpstr (gst_arcly_flv_audio_codec_name (12), ==, "unknown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flvtag/video", test_video);
  g_test_add_func ("/flvtag/video-truncated", test_video_truncated);
  g_test_add_func ("/flvtag/audio", test_audio);
  g_test_add_func ("/flvtag/audio-truncated", test_audio_truncated);
  g_test_add_func ("/flvtag/names", test_names);
  return g_test_run ();
}
