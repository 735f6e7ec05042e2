/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

#include "bits.h"

/* ffmpeg: 44100 Hz, stereo, 192 kbit/s. */
static const guint8 ac3[] = { 0x0b, 0x77, 0xc2, 0xea, 0x54, 0x40, 0x43, 0xe1 };
/* ffmpeg: 48000 Hz, 5.1, 384 kbit/s. */
static const guint8 eac3[] = { 0x0b, 0x77, 0x02, 0xff, 0x3f, 0x87, 0xc0, 0x00,
  0x20, 0x80 };
/* ffmpeg: 44100 Hz, stereo, 16 bits. */
static const guint8 flac[] = { 0x66, 0x4c, 0x61, 0x43, 0x00, 0x00, 0x00, 0x22,
  0x12, 0x00, 0x12, 0x00, 0x00, 0x04, 0xa3, 0x00, 0x05, 0x08, 0x0a, 0xc4, 0x42,
  0xf0, 0x00, 0x00, 0x22, 0x74, 0x5d, 0x10, 0x5c, 0xeb, 0x21, 0x2a, 0xd5, 0xd3,
  0x6e, 0x4f, 0x56, 0x08, 0xde, 0xf3, 0xd8, 0xb7 };
/* libopus: stereo, pre-skip 312. */
static const guint8 opus[] = { 0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64,
  0x01, 0x02, 0x38, 0x01, 0x80, 0xbb, 0x00, 0x00, 0x00, 0x00, 0x00 };

/* The boxes are ffmpeg's for the same streams. */
static void
test_ac3 (void)
{
  static const guint8 dac3[] = { 0x50, 0x11, 0x40 };
  g_autofree guint8 *exact = g_memdup2 (ac3, sizeof ac3);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyAc3Header header;

  g_assert_true (
      gst_arcly_ac3_header_parse (exact, sizeof ac3, &header, &error));
  g_assert_no_error (error);
  g_assert_false (header.enhanced);
  g_assert_cmpuint (header.rate, ==, 44100);
  g_assert_cmpuint (header.channels, ==, 2);
  g_assert_cmpuint (header.bitrate, ==, 192000);
  g_assert_cmpuint (header.frame_size, ==, 834);
  g_assert_cmpuint (header.frame_samples, ==, 1536);
  bytes = gst_arcly_ac3_config_new (exact, sizeof ac3, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      dac3, sizeof dac3);
  g_assert_true (
      gst_arcly_ac3_config_parse (dac3, sizeof dac3, &header, &error));
  g_assert_cmpuint (header.rate, ==, 44100);
  g_assert_cmpuint (header.channels, ==, 2);
  g_assert_cmpuint (header.bitrate, ==, 192000);
  g_assert_null (gst_arcly_ac3_config_new (eac3, sizeof eac3, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED);
}

static void
test_eac3 (void)
{
  static const guint8 dec3[] = { 0x0c, 0x00, 0x20, 0x0f, 0x00 };
  g_autofree guint8 *exact = g_memdup2 (eac3, sizeof eac3);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyAc3Header header;

  g_assert_true (
      gst_arcly_ac3_header_parse (exact, sizeof eac3, &header, &error));
  g_assert_no_error (error);
  g_assert_true (header.enhanced);
  g_assert_cmpuint (header.rate, ==, 48000);
  g_assert_cmpuint (header.channels, ==, 6);
  g_assert_cmpuint (header.bitrate, ==, 384000);
  g_assert_cmpuint (header.frame_size, ==, 1536);
  g_assert_cmpuint (header.frame_samples, ==, 1536);
  bytes = gst_arcly_eac3_config_new (exact, sizeof eac3, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      dec3, sizeof dec3);
  g_assert_true (
      gst_arcly_eac3_config_parse (dec3, sizeof dec3, &header, &error));
  g_assert_cmpuint (header.rate, ==, 48000);
  g_assert_cmpuint (header.channels, ==, 6);
}

/* 7.1: an independent 5.1 substream, and Lrs/Rrs that depend on it. */
static void
test_eac3_dependent (void)
{
  static const guint8 substreams[] = { 0x20, 0x0f, 0x02, 0x02 };
  BitWriter w = { g_byte_array_new (), 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < 2; i++) {
    put (&w, 16, 0x0b77);
    put (&w, 2, i);   /* strmtyp */
    put (&w, 3, 0);   /* substreamid */
    put (&w, 11, 34); /* 70 bytes */
    put (&w, 2, 0);
    put (&w, 2, 3);
    put (&w, 3, i == 0 ? 7 : 2);
    put (&w, 1, i == 0);
    put (&w, 5, 16);
    put (&w, 5, 31);
    put (&w, 1, 0);
    if (i == 1)
      put (&w, 17, 1 << 16 | 1 << 9);
    put_zeros (&w, (i + 1) * 70 * 8 - w.n_bits);
  }
  bytes = gst_arcly_eac3_config_new (w.bytes->data, w.bytes->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 2 + sizeof substreams);
  g_assert_cmpmem (
      (const guint8 *) g_bytes_get_data (bytes, NULL) + 2, 4, substreams, 4);
  g_clear_pointer (&bytes, g_bytes_unref);
  /* What depends on nothing is no beginning. */
  bytes = gst_arcly_eac3_config_new (w.bytes->data + 70, 70, &error);
  g_assert_null (bytes);
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_byte_array_unref (w.bytes);
}

static void
test_flac (void)
{
  static const guint8 ogg[] = { 0x7f, 'F', 'L', 'A', 'C', 1, 0, 0, 1 };
  g_autofree guint8 *exact = g_memdup2 (flac, sizeof flac);
  guint8 packet[sizeof ogg + sizeof flac];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyFlacInfo info;
  const guint8 *data;
  gsize size;

  bytes = gst_arcly_flac_config_new (exact, sizeof flac, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, ==, 42);
  g_assert_cmpmem (data + 8, 34, flac + 8, 34);
  g_assert_cmphex (data[4], ==, 0x80);
  g_assert_true (gst_arcly_flac_config_parse (data, size, &info, &error));
  g_assert_cmpuint (info.rate, ==, 44100);
  g_assert_cmpuint (info.channels, ==, 2);
  g_assert_cmpuint (info.bits, ==, 16);
  g_assert_cmpuint (info.max_block, ==, 4608);
  g_assert_cmpuint (info.total_samples, ==, 8820);

  memcpy (packet, ogg, sizeof ogg);
  memcpy (packet + sizeof ogg, flac, sizeof flac);
  again = gst_arcly_flac_config_new (packet, sizeof packet, &error);
  g_assert_true (again && g_bytes_equal (again, bytes));
}

static void
test_opus (void)
{
  static const guint8 dops[] = { 0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0 };
  g_autofree guint8 *exact = g_memdup2 (opus, sizeof opus);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) head = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyOpusConfig config, again;

  g_assert_true (
      gst_arcly_opus_head_parse (exact, sizeof opus, &config, &error));
  g_assert_cmpuint (config.channels, ==, 2);
  g_assert_cmpuint (config.pre_skip, ==, 312);
  g_assert_cmpuint (config.input_rate, ==, 48000);
  bytes = gst_arcly_opus_config_to_bytes (&config, &error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      dops, sizeof dops);
  head = gst_arcly_opus_head_to_bytes (&config, &error);
  g_assert_cmpmem (g_bytes_get_data (head, NULL), g_bytes_get_size (head), opus,
      sizeof opus);
  g_assert_true (
      gst_arcly_opus_config_parse (dops, sizeof dops, &again, &error));
  g_assert_cmpmem (&again, sizeof again, &config, sizeof config);
  /* Three channels need a mapping, and one that stays within its streams. */
  config.channels = 3;
  g_assert_null (gst_arcly_opus_config_to_bytes (&config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  config.mapping_family = 1;
  config.n_streams = 2;
  config.mapping[1] = 2;
  config.mapping[2] = 3;
  g_assert_null (gst_arcly_opus_config_to_bytes (&config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_opus_packet (void)
{
  static const struct {
    guint8 bytes[2];
    gsize size;
    guint samples;
  } rows[] = {
    { { 0xfc }, 1, 960 },        /* CELT, 20 ms */
    { { 0xe0 }, 1, 120 },        /* CELT, 2.5 ms */
    { { 0x19 }, 1, 5760 },       /* SILK, two of 60 ms */
    { { 0x78 }, 1, 960 },        /* hybrid, 20 ms */
    { { 0xfb, 0x06 }, 2, 5760 }, /* six of 20 ms */
    { { 0xfb, 0x07 }, 2, 0 },    /* 140 ms: too long */
    { { 0xfb }, 1, 0 },          /* no count */
    { { 0 }, 0, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);

    g_assert_cmpuint (gst_arcly_opus_packet_samples (exact, rows[i].size), ==,
        rows[i].samples);
  }
}

/* Each length is a result or an error, never a read too far. */
static void
test_truncated (void)
{
  gsize size;

  for (size = 0; size < sizeof flac; size++) {
    const guint8 *all[] = { ac3, eac3, flac, opus };
    const gsize sizes[] = { sizeof ac3, sizeof eac3, sizeof flac, sizeof opus };
    GstArclyAc3Header header;
    GstArclyOpusConfig config;
    guint i;

    for (i = 0; i < G_N_ELEMENTS (all); i++) {
      g_autofree guint8 *exact = g_memdup2 (all[i], MIN (size, sizes[i]));
      g_autoptr (GBytes) a = NULL;
      g_autoptr (GBytes) b = NULL;
      g_autoptr (GBytes) c = NULL;
      gsize n = MIN (size, sizes[i]);

      gst_arcly_ac3_header_parse (exact, n, &header, NULL);
      gst_arcly_opus_config_parse (exact, n, &config, NULL);
      a = gst_arcly_ac3_config_new (exact, n, NULL);
      b = gst_arcly_eac3_config_new (exact, n, NULL);
      c = gst_arcly_flac_config_new (exact, n, NULL);
      g_assert_null (c);
      g_assert_true (gst_arcly_opus_head_parse (exact, n, &config, NULL) ==
                     (i == 3 && n == sizeof opus));
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/audio/ac3", test_ac3);
  g_test_add_func ("/codec/audio/eac3", test_eac3);
  g_test_add_func ("/codec/audio/eac3-dependent", test_eac3_dependent);
  g_test_add_func ("/codec/audio/flac", test_flac);
  g_test_add_func ("/codec/audio/opus", test_opus);
  g_test_add_func ("/codec/audio/opus-packet", test_opus_packet);
  g_test_add_func ("/codec/audio/truncated", test_truncated);
  return g_test_run ();
}
