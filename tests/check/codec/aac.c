/* SPDX-License-Identifier: MIT */
#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/gstarclyerror.h>

static void
test_config (void)
{
  static const struct {
    const gchar *name;
    guint8 bytes[8];
    gsize size;
    guint8 type, extension;
    guint rate, extension_rate, channels;
    const gchar *codec;
  } rows[] = {
    { "LC 44100 stereo", { 0x12, 0x10 }, 2, 2, 0, 44100, 0, 2, "mp4a.40.2" },
    { "LC 48000 5.1", { 0x11, 0xb0 }, 2, 2, 0, 48000, 0, 6, "mp4a.40.2" },
    { "SBR in front", { 0x2b, 0x92, 0x08, 0x00 }, 4, 2, 5, 22050, 44100, 2,
        "mp4a.40.5" },
    { "SBR behind", { 0x13, 0x90, 0x56, 0xe5, 0xa0 }, 5, 2, 5, 22050, 44100, 2,
        "mp4a.40.5" },
    { "rate in 24 bits", { 0x17, 0x80, 0x57, 0xe4, 0x10 }, 5, 2, 0, 45000, 0, 2,
        "mp4a.40.2" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    g_autofree gchar *codec = NULL;
    g_autoptr (GError) error = NULL;
    GstArclyAacConfig config;

    g_test_message ("%s", rows[i].name);
    g_assert_true (
        gst_arcly_aac_config_parse (exact, rows[i].size, &config, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (config.object_type, ==, rows[i].type);
    g_assert_cmpuint (config.extension_object_type, ==, rows[i].extension);
    g_assert_cmpuint (config.rate, ==, rows[i].rate);
    g_assert_cmpuint (config.extension_rate, ==, rows[i].extension_rate);
    g_assert_cmpuint (config.channels, ==, rows[i].channels);
    codec = gst_arcly_aac_codec_string (exact, rows[i].size, &error);
    g_assert_cmpstr (codec, ==, rows[i].codec);
  }
}

static void
test_config_bad (void)
{
  static const guint8 reserved_rate[] = { 0x16, 0x90 };
  static const guint8 null_type[] = { 0x02, 0x10 };
  g_autoptr (GError) error = NULL;
  GstArclyAacConfig config;

  g_assert_false (gst_arcly_aac_config_parse (NULL, 0, &config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  g_clear_error (&error);
  g_assert_false (gst_arcly_aac_config_parse (
      reserved_rate, sizeof reserved_rate, &config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (gst_arcly_aac_config_parse (
      null_type, sizeof null_type, &config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_config_round_trip (void)
{
  static const GstArclyAacConfig configs[] = {
    { 2, 0, 44100, 0, 2, 2, 1024 },
    { 2, 5, 24000, 48000, 1, 1, 1024 },
    { 2, 29, 22050, 44100, 1, 1, 1024 },
    { 1, 0, 12345, 0, 7, 8, 960 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (configs); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = NULL;
    GstArclyAacConfig again;
    const guint8 *data;
    gsize size;

    bytes = gst_arcly_aac_config_to_bytes (&configs[i], &error);
    g_assert_no_error (error);
    data = g_bytes_get_data (bytes, &size);
    g_assert_true (gst_arcly_aac_config_parse (data, size, &again, &error));
    g_assert_cmpmem (&again, sizeof again, &configs[i], sizeof configs[i]);
  }
}

static void
test_adts (void)
{
  static const GstArclyAacConfig config = { 2, 0, 44100, 0, 2, 2, 1024 };
  GstArclyAdtsHeader header;
  g_autoptr (GError) error = NULL;
  guint8 bytes[GST_ARCLY_ADTS_HEADER_SIZE];
  gsize size;

  g_assert_true (gst_arcly_adts_header_write (&config, 8184, bytes, &error));
  g_assert_no_error (error);
  g_assert_true (
      gst_arcly_adts_header_parse (bytes, sizeof bytes, &header, &error));
  g_assert_cmpuint (header.frame_size, ==, 8191);
  g_assert_cmpuint (header.header_size, ==, 7);
  g_assert_cmpuint (header.rate, ==, 44100);
  g_assert_cmpuint (header.object_type, ==, 2);
  g_assert_cmpuint (header.channel_configuration, ==, 2);
  g_assert_cmpuint (header.mpeg_version, ==, 4);

  g_assert_false (gst_arcly_adts_header_write (&config, 8185, bytes, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT);
  g_clear_error (&error);
  for (size = 0; size < sizeof bytes; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes, size);
    g_autoptr (GError) cut = NULL;

    g_assert_false (gst_arcly_adts_header_parse (exact, size, &header, &cut));
    g_assert_error (cut, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
  bytes[1] = 0xe1;
  g_assert_false (
      gst_arcly_adts_header_parse (bytes, sizeof bytes, &header, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_adts_unsupported (void)
{
  static const GstArclyAacConfig configs[] = {
    { 2, 0, 45000, 0, 2, 2, 1024 },  /* no index for the rate */
    { 2, 0, 44100, 0, 0, 0, 1024 },  /* program config element */
    { 39, 0, 44100, 0, 2, 2, 1024 }, /* ER AAC ELD */
  };
  guint8 bytes[GST_ARCLY_ADTS_HEADER_SIZE];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (configs); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (
        gst_arcly_adts_header_write (&configs[i], 1, bytes, &error));
    g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED);
  }
}

static void
test_mpeg_audio (void)
{
  static const struct {
    guint8 bytes[4];
    guint version, layer, bitrate, rate, channels, size, samples;
  } rows[] = {
    { { 0xff, 0xfb, 0x90, 0x64 }, 1, 3, 128000, 44100, 2, 417, 1152 },
    { { 0xff, 0xfb, 0x92, 0xc4 }, 1, 3, 128000, 44100, 1, 418, 1152 },
    { { 0xff, 0xf3, 0x40, 0xc0 }, 2, 3, 32000, 22050, 1, 104, 576 },
    { { 0xff, 0xfd, 0xa4, 0x00 }, 1, 2, 192000, 48000, 2, 576, 1152 },
    { { 0xff, 0xff, 0xc4, 0x00 }, 1, 1, 384000, 48000, 2, 384, 384 },
  };
  static const guint8 bad[][4] = { { 0xff, 0xfb, 0xf0, 0 },
    { 0xff, 0xfb, 0x9c, 0 }, { 0xff, 0xeb, 0x90, 0 }, { 0xff, 0xf9, 0x90, 0 },
    { 0xfe, 0xfb, 0x90, 0 } };
  GstArclyMpegAudioHeader header;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_true (
        gst_arcly_mpeg_audio_header_parse (rows[i].bytes, 4, &header, NULL));
    g_assert_cmpuint (header.version, ==, rows[i].version);
    g_assert_cmpuint (header.layer, ==, rows[i].layer);
    g_assert_cmpuint (header.bitrate, ==, rows[i].bitrate);
    g_assert_cmpuint (header.rate, ==, rows[i].rate);
    g_assert_cmpuint (header.channels, ==, rows[i].channels);
    g_assert_cmpuint (header.frame_size, ==, rows[i].size);
    g_assert_cmpuint (header.frame_samples, ==, rows[i].samples);
  }
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        gst_arcly_mpeg_audio_header_parse (bad[i], 4, &header, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/aac/config", test_config);
  g_test_add_func ("/codec/aac/config-bad", test_config_bad);
  g_test_add_func ("/codec/aac/config-round-trip", test_config_round_trip);
  g_test_add_func ("/codec/aac/adts", test_adts);
  g_test_add_func ("/codec/aac/adts-unsupported", test_adts_unsupported);
  g_test_add_func ("/codec/mpeg-audio", test_mpeg_audio);
  return g_test_run ();
}
