/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

#include "bits.h"

/* libaom: 352x288, 8 bits; delimiter, sequence header, start of a frame. */
static const guint8 av1_aom[] = { 0x12, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00,
  0x04, 0x45, 0x7e, 0x3e, 0x6d, 0x7c, 0x80, 0x20, 0x32, 0x02, 0x14, 0x00 };
/* SVT-AV1: 1280x720, 10 bits, BT.2020 with PQ. */
static const guint8 av1_svt[] = { 0x12, 0x00, 0x0a, 0x0e, 0x00, 0x00, 0x00,
  0x2d, 0x4c, 0xff, 0xb3, 0xcf, 0xbf, 0x95, 0x09, 0x10, 0x09, 0x04, 0x32, 0x02,
  0x10, 0x00 };

static void
test_av1 (void)
{
  static const struct {
    const guint8 *data;
    gsize size;
    guint width, height, depth, primaries;
    const gchar *codec;
  } rows[] = {
    { av1_aom, sizeof av1_aom, 352, 288, 8, 2, "av01.0.00M.08" },
    { av1_svt, sizeof av1_svt, 1280, 720, 10, 9,
        "av01.0.05M.10.0.110.09.16.09.0" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].data, rows[i].size);
    g_autoptr (GBytes) config = NULL;
    g_autoptr (GError) error = NULL;
    g_autofree gchar *codec = NULL;
    GstArclyAv1Sequence sequence, again;
    const guint8 *bytes;
    gsize size;

    g_assert_true (
        gst_arcly_av1_sequence_parse (exact, rows[i].size, &sequence, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (sequence.width, ==, rows[i].width);
    g_assert_cmpuint (sequence.height, ==, rows[i].height);
    g_assert_cmpuint (sequence.bit_depth, ==, rows[i].depth);
    g_assert_cmpuint (sequence.colour_primaries, ==, rows[i].primaries);
    config = gst_arcly_av1_config_new (exact, rows[i].size, &error);
    g_assert_no_error (error);
    bytes = g_bytes_get_data (config, &size);
    /* The sequence header goes over as it stands. */
    g_assert_cmpmem (
        bytes + 4, size - 4, rows[i].data + 2, 2u + rows[i].data[3]);
    g_assert_true (gst_arcly_av1_config_parse (bytes, size, &again, &error));
    g_assert_cmpmem (&again, sizeof again, &sequence, sizeof sequence);
    codec = gst_arcly_av1_codec_string (bytes, size, &error);
    g_assert_cmpstr (codec, ==, rows[i].codec);
    g_assert_true (gst_arcly_av1_is_random_access (exact, rows[i].size));
  }
}

/* Without a sequence header, the first four bytes tell. */
static void
test_av1_config_short (void)
{
  static const guint8 config[] = { 0x81, 0x08, 0x4c, 0x13 };
  static const guint8 zeroed[4] = { 0 };
  g_autoptr (GError) error = NULL;
  GstArclyAv1Sequence sequence;

  g_assert_true (gst_arcly_av1_config_parse (config, 4, &sequence, &error));
  g_assert_cmpuint (sequence.level_idx, ==, 8);
  g_assert_cmpuint (sequence.bit_depth, ==, 10);
  g_assert_cmpuint (sequence.initial_presentation_delay, ==, 4);
  g_assert_false (gst_arcly_av1_config_parse (zeroed, 4, &sequence, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_av1_random_access (void)
{
#define SEQUENCE                                                               \
  0x0a, 0x0b, 0x00, 0x00, 0x00, 0x04, 0x45, 0x7e, 0x3e, 0x6d, 0x7c, 0x80, 0x20
  static const struct {
    const gchar *name;
    guint8 bytes[20];
    gsize size;
    gboolean expected;
  } rows[] = {
    { "key frame", { SEQUENCE, 0x32, 1, 0x10 }, 16, TRUE },
    { "frame header", { SEQUENCE, 0x1a, 1, 0x10 }, 16, TRUE },
    { "without a size", { SEQUENCE, 0x30, 0x10 }, 15, TRUE },
    { "key frame not shown", { SEQUENCE, 0x32, 1, 0x00 }, 16, FALSE },
    { "inter frame", { SEQUENCE, 0x32, 1, 0x30 }, 16, FALSE },
    { "intra only", { SEQUENCE, 0x32, 1, 0x50 }, 16, FALSE },
    { "shows an old frame", { SEQUENCE, 0x1a, 1, 0x80 }, 16, FALSE },
    { "no sequence", { 0x12, 0, 0x32, 1, 0x10 }, 5, FALSE },
    { "empty frame", { SEQUENCE, 0x32, 0, 0 }, 16, FALSE },
    { "forbidden bit", { 0x8a, 0 }, 2, FALSE },
    { "past the end", { SEQUENCE, 0x32, 3, 0x10 }, 16, FALSE },
    { "LEB128 of nine bytes",
        { 0x32, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0 }, 10,
        FALSE },
    { "nothing", { 0 }, 0, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);

    g_test_message ("%s", rows[i].name);
    g_assert_true (gst_arcly_av1_is_random_access (exact, rows[i].size) ==
                   rows[i].expected);
  }
}

static GByteArray *
make_vp9 (guint profile, gboolean key, gboolean shown, gboolean intra)
{
  BitWriter w = { g_byte_array_new (), 0 };

  put (&w, 2, 2);
  put (&w, 1, profile & 1);
  put (&w, 1, profile >> 1);
  if (profile == 3)
    put (&w, 1, 0);
  put (&w, 1, 0); /* show_existing_frame */
  put (&w, 1, !key);
  put (&w, 1, shown);
  put (&w, 1, 0);
  if (!key && !shown)
    put (&w, 1, intra);
  if (!key && !intra)
    return w.bytes;
  if (intra)
    put (&w, 2, 0);
  put (&w, 24, 0x498342);
  if (profile >= 2)
    put (&w, 1, 0); /* 10 bits */
  put (&w, 3, 5);   /* BT.2020 */
  put (&w, 1, 0);
  if (profile & 1)
    put (&w, 3, 0); /* 4:4:4 */
  if (intra)
    put (&w, 8, 1);
  put (&w, 16, 1279);
  put (&w, 16, 719);
  put (&w, 8, 0);
  return w.bytes;
}

static void
test_vp9 (void)
{
  static const struct {
    guint profile;
    gboolean key, shown, intra;
    guint depth, chroma;
  } rows[] = {
    { 0, TRUE, TRUE, FALSE, 8, 1 },
    { 1, TRUE, TRUE, FALSE, 8, 3 },
    { 2, TRUE, TRUE, FALSE, 10, 1 },
    { 3, TRUE, FALSE, FALSE, 10, 3 },
    { 1, FALSE, FALSE, TRUE, 8, 3 },
    { 0, FALSE, TRUE, FALSE, 8, 1 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) made =
        make_vp9 (rows[i].profile, rows[i].key, rows[i].shown, rows[i].intra);
    g_autofree guint8 *exact = g_memdup2 (made->data, made->len);
    g_autoptr (GError) error = NULL;
    GstArclyVp9Frame frame;

    g_assert_true (
        gst_arcly_vp9_frame_parse (exact, made->len, &frame, &error));
    g_assert_no_error (error);
    g_assert_cmpint (frame.key_frame, ==, rows[i].key);
    g_assert_cmpint (frame.shown, ==, rows[i].shown);
    g_assert_cmpint (frame.intra_only, ==, rows[i].intra);
    g_assert_cmpuint (frame.config.profile, ==, rows[i].profile);
    g_assert_cmpuint (frame.config.bit_depth, ==, rows[i].depth);
    g_assert_cmpuint (frame.config.chroma_subsampling, ==, rows[i].chroma);
    if (rows[i].key || rows[i].intra) {
      g_assert_cmpuint (frame.width, ==, 1280);
      g_assert_cmpuint (frame.height, ==, 720);
      g_assert_cmpuint (frame.config.matrix_coefficients, ==, 9);
    }
    g_assert_true (
        gst_arcly_vp9_is_random_access (exact, made->len) == rows[i].key);
  }
}

/* A hidden key frame and a shown frame in one superframe; then damage. */
static void
test_vp9_superframe (void)
{
  g_autoptr (GByteArray) key = make_vp9 (0, TRUE, FALSE, FALSE);
  g_autoptr (GByteArray) inter = make_vp9 (0, FALSE, TRUE, FALSE);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 index[] = { 0xc1, key->len, inter->len, 0xc1 };
  GstArclyVp9Frame frame;

  g_byte_array_append (all, key->data, key->len);
  g_byte_array_append (all, inter->data, inter->len);
  g_byte_array_append (all, index, sizeof index);
  g_assert_true (gst_arcly_vp9_is_random_access (all->data, all->len));
  g_assert_true (gst_arcly_vp9_frame_parse (all->data, all->len, &frame, NULL));
  g_assert_false (frame.shown);
  /* A length past the end. */
  all->data[all->len - 3] = 200;
  g_assert_false (gst_arcly_vp9_is_random_access (all->data, all->len));
  /* Frames of no bytes. */
  all->data[all->len - 3] = all->data[all->len - 2] = 0;
  g_assert_false (gst_arcly_vp9_is_random_access (all->data, all->len));
  g_assert_false (gst_arcly_vp9_is_random_access (NULL, 0));
  g_assert_false (gst_arcly_vp9_is_random_access (index, 1));
}

static void
test_vp9_config (void)
{
  static const guint8 vpcc[] = { 1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1, 0, 0 };
  static const guint8 hdr[] = { 1, 0, 0, 0, 2, 41, 0xa2, 9, 16, 9, 0, 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  g_autofree gchar *long_codec = NULL;
  GstArclyVp9Config config;
  gsize size;

  g_assert_true (
      gst_arcly_vp9_config_parse (vpcc, sizeof vpcc, &config, &error));
  bytes = gst_arcly_vp9_config_to_bytes (&config, &error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
      vpcc, sizeof vpcc);
  codec = gst_arcly_vp9_codec_string (vpcc, sizeof vpcc, &error);
  g_assert_cmpstr (codec, ==, "vp09.00.31.08");
  long_codec = gst_arcly_vp9_codec_string (hdr, sizeof hdr, &error);
  g_assert_cmpstr (long_codec, ==, "vp09.02.41.10.01.09.16.09.00");
  for (size = 0; size < sizeof vpcc; size++) {
    g_autofree guint8 *exact = g_memdup2 (vpcc, size);
    g_autoptr (GError) cut = NULL;

    g_assert_false (gst_arcly_vp9_config_parse (exact, size, &config, &cut));
    g_assert_error (cut, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

static void
test_vp9_level (void)
{
  g_assert_cmpuint (gst_arcly_vp9_level (256, 144, 15, 1), ==, 10);
  g_assert_cmpuint (gst_arcly_vp9_level (1280, 720, 30, 1), ==, 31);
  g_assert_cmpuint (gst_arcly_vp9_level (1920, 1080, 30000, 1001), ==, 40);
  g_assert_cmpuint (gst_arcly_vp9_level (1920, 1080, 60, 1), ==, 41);
  g_assert_cmpuint (gst_arcly_vp9_level (1920, 1080, 0, 0), ==, 40);
  g_assert_cmpuint (gst_arcly_vp9_level (0, 0, 30, 1), ==, 0);
  g_assert_cmpuint (gst_arcly_vp9_level (65536, 65536, 30, 1), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/av1/sequence", test_av1);
  g_test_add_func ("/codec/av1/config-short", test_av1_config_short);
  g_test_add_func ("/codec/av1/random-access", test_av1_random_access);
  g_test_add_func ("/codec/vp9/frame", test_vp9);
  g_test_add_func ("/codec/vp9/superframe", test_vp9_superframe);
  g_test_add_func ("/codec/vp9/config", test_vp9_config);
  g_test_add_func ("/codec/vp9/level", test_vp9_level);
  return g_test_run ();
}
