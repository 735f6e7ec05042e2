/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hlsmultivariant.h"

static const GstArclyHlsVariant high = { .folder = "video_0",
  .is_video = TRUE,
  .codecs = "avc1.64001f",
  .peak = 2000000,
  .average = 1800000,
  .width = 1280,
  .height = 720,
  .fps_n = 30000,
  .fps_d = 1001 };
static const GstArclyHlsVariant low = { .folder = "video_1",
  .is_video = TRUE,
  .codecs = "avc1.42c015",
  .peak = 400000,
  .average = 300000,
  .width = 320,
  .height = 180 };
static const GstArclyHlsVariant english = { .folder = "audio_0",
  .codecs = "mp4a.40.2",
  .peak = 130000,
  .average = 128000,
  .channels = 2,
  .language = "en" };
static const GstArclyHlsVariant german = { .folder = "audio_1",
  .codecs = "mp4a.40.2",
  .peak = 140000,
  .average = 120000,
  .language = "de",
  .title = "Say \"Hallo\"\n" };
static const GstArclyHlsVariant opus = {
  .folder = "audio_2", .codecs = "opus", .peak = 60000, .average = 50000
};

#define HEAD "#EXTM3U\n#EXT-X-VERSION:4\n"
#define ENGLISH                                                                \
  "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-2\",NAME=\"en\",LANGUAGE=\"en\","  \
  "DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio_0/index.m3u8\"\n"
#define GERMAN                                                                 \
  "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-2\",NAME=\"Say  Hallo\","          \
  "LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,URI=\"audio_1/index.m3u8\"\n"

static void
test_text (void)
{
  GstArclyHlsVariant all[] = { high, low, english, german };
  g_autofree gchar *text =
      gst_arcly_hls_multivariant_render (all, G_N_ELEMENTS (all));

  g_assert_cmpstr (text, ==,
      HEAD ENGLISH GERMAN
      "#EXT-X-STREAM-INF:BANDWIDTH=2140000,AVERAGE-BANDWIDTH=1928000,"
      "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
      "FRAME-RATE=29.970,AUDIO=\"audio-2\"\n"
      "video_0/index.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=540000,AVERAGE-BANDWIDTH=428000,"
      "CODECS=\"avc1.42c015,mp4a.40.2\",RESOLUTION=320x180,"
      "AUDIO=\"audio-2\"\n"
      "video_1/index.m3u8\n");
}

/* Two codecs of sound are two groups, and each video is a variant with each. */
static void
test_groups (void)
{
  GstArclyHlsVariant all[] = { high, english, opus };
  g_autofree gchar *text =
      gst_arcly_hls_multivariant_render (all, G_N_ELEMENTS (all));

  g_assert_nonnull (strstr (text, "CODECS=\"avc1.64001f,mp4a.40.2\","));
  g_assert_nonnull (strstr (text, "CODECS=\"avc1.64001f,opus\","));
  g_assert_nonnull (strstr (text, "GROUP-ID=\"audio-1\",NAME=\"en\""));
  g_assert_nonnull (strstr (text, "GROUP-ID=\"audio-2\",NAME=\"audio_2\""));
  g_assert_nonnull (strstr (text, "AUDIO=\"audio-2\"\nvideo_0/"));
}

static void
test_video_only (void)
{
  GstArclyHlsVariant all[] = { high, low };
  g_autofree gchar *text =
      gst_arcly_hls_multivariant_render (all, G_N_ELEMENTS (all));

  g_assert_null (strstr (text, "AUDIO"));
  g_assert_nonnull (strstr (text, "CODECS=\"avc1.42c015\","));
}

/* Sound only: one variant, which any of the group completes. */
static void
test_audio_only (void)
{
  GstArclyHlsVariant all[] = { english, german };
  g_autofree gchar *text =
      gst_arcly_hls_multivariant_render (all, G_N_ELEMENTS (all));

  g_assert_nonnull (strstr (text,
      "#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=128000,"
      "CODECS=\"mp4a.40.2\",AUDIO=\"audio-0\"\naudio_0/index.m3u8\n"));
  g_assert_null (strstr (text, "\naudio_1/"));
}

/* RFC 8216, 4.3.4.1.1: names of a group differ; a language that is none is left
 * out, and CODECS where one is not known. */
static void
test_bad (void)
{
  GstArclyHlsVariant all[] = { high, english, english, opus };
  g_autofree gchar *text = NULL;

  all[2].folder = "audio_1";
  all[2].language = "e\"n";
  all[2].title = "en";
  all[3].codecs = NULL;
  text = gst_arcly_hls_multivariant_render (all, G_N_ELEMENTS (all));
  g_assert_nonnull (strstr (text, "NAME=\"en\",LANGUAGE=\"en\""));
  g_assert_nonnull (strstr (text, "NAME=\"audio_1\",DEFAULT=NO"));
  g_assert_nonnull (strstr (text, "AVERAGE-BANDWIDTH=1850000,RESOLUTION"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsmultivariant/text", test_text);
  g_test_add_func ("/hlsmultivariant/groups", test_groups);
  g_test_add_func ("/hlsmultivariant/video-only", test_video_only);
  g_test_add_func ("/hlsmultivariant/audio-only", test_audio_only);
  g_test_add_func ("/hlsmultivariant/bad", test_bad);
  return g_test_run ();
}
