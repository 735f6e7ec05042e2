/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/gstarclyerror.h>

#include "bits.h"

/* x265, 1920x1080 at 30000/1001, Main, HRD, BT.709, three B frames. */
static const guint8 vps_1080[] = { 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01,
  0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
  0x78, 0x95, 0x94, 0x09 };
static const guint8 sps_1080[] = { 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00,
  0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0xa0, 0x03,
  0xc0, 0x80, 0x10, 0xe5, 0x96, 0x56, 0x59, 0x24, 0xe5, 0x78, 0x0b, 0x50, 0x10,
  0x10, 0x10, 0x40, 0x00, 0x00, 0xfa, 0x40, 0x00, 0x1d, 0x4c, 0x18, 0x49, 0x25,
  0x9b, 0x80, 0x03, 0xd0, 0x90, 0x00, 0x7a, 0x12, 0x20 };
static const guint8 pps_1080[] = { 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40 };
/* x265, 642x362 at 25, Main 10, two temporal layers, pixels of 16:11, full
 * range. */
static const guint8 sps_642[] = { 0x42, 0x01, 0x02, 0x02, 0x20, 0x00, 0x00,
  0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3f, 0x00, 0x00,
  0xa0, 0x05, 0x12, 0x01, 0x71, 0xc9, 0x23, 0x65, 0x95, 0x90, 0xac, 0x92, 0x49,
  0x95, 0xe0, 0x8d, 0x81, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00,
  0x19, 0x08 };
/* x265, 322x182, Rext 4:4:4 of 12 bits. */
static const guint8 sps_444[] = { 0x42, 0x01, 0x01, 0x04, 0x08, 0x00, 0x00,
  0x03, 0x00, 0x98, 0x08, 0x00, 0x00, 0x03, 0x00, 0x00, 0x3f, 0x90, 0x01, 0x49,
  0x01, 0x73, 0x9e, 0xca, 0x52, 0xca, 0xcd, 0x24, 0x99, 0x5f, 0xfe, 0x00, 0x02,
  0x00, 0x02, 0xd4, 0x04, 0x04, 0x04, 0x10, 0x00, 0x00, 0x3e, 0x90, 0x00, 0x07,
  0x53, 0x00, 0x80 };

static void
test_sps (void)
{
  static const struct {
    const guint8 *nal;
    gsize size;
    guint profile, level, layers, chroma, depth, width, height, par_n, par_d,
        fps_n, fps_d, reorder, primaries, full;
  } rows[] = {
    { sps_1080, sizeof sps_1080, 1, 120, 1, 1, 8, 1920, 1080, 1, 1, 30000, 1001,
        2, 1, 0 },
    { sps_642, sizeof sps_642, 2, 63, 2, 1, 10, 642, 362, 16, 11, 25, 1, 2, 2,
        1 },
    { sps_444, sizeof sps_444, 4, 63, 1, 3, 12, 322, 182, 1, 1, 30000, 1001, 2,
        1, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].nal, rows[i].size);
    g_autoptr (GError) error = NULL;
    GstArclyH265Sps sps;

    g_assert_true (
        gst_arcly_h265_sps_parse (exact, rows[i].size, &sps, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (sps.profile_idc, ==, rows[i].profile);
    g_assert_cmpuint (sps.level_idc, ==, rows[i].level);
    g_assert_cmpuint (sps.max_sub_layers, ==, rows[i].layers);
    g_assert_cmpuint (sps.chroma_format_idc, ==, rows[i].chroma);
    g_assert_cmpuint (sps.bit_depth_luma, ==, rows[i].depth);
    g_assert_cmpuint (sps.width, ==, rows[i].width);
    g_assert_cmpuint (sps.height, ==, rows[i].height);
    g_assert_cmpuint (sps.par_n, ==, rows[i].par_n);
    g_assert_cmpuint (sps.par_d, ==, rows[i].par_d);
    g_assert_cmpuint (sps.fps_n, ==, rows[i].fps_n);
    g_assert_cmpuint (sps.fps_d, ==, rows[i].fps_d);
    g_assert_cmpuint (sps.max_num_reorder_pics, ==, rows[i].reorder);
    g_assert_cmpuint (sps.colour_primaries, ==, rows[i].primaries);
    g_assert_cmpint (sps.full_range, ==, rows[i].full);
  }
}

/* Each length of a good SPS is a result or an error, never a read too far. */
static void
test_sps_truncated (void)
{
  gsize size;

  for (size = 0; size < sizeof sps_1080; size++) {
    g_autofree guint8 *exact = g_memdup2 (sps_1080, size);
    g_autoptr (GError) error = NULL;
    GstArclyH265Sps sps;
    gboolean ok = gst_arcly_h265_sps_parse (exact, size, &sps, &error);

    g_assert_true (ok == (error == NULL));
    if (size < 28)
      g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

/* What x265 leaves out: scaling lists, reference sets, a HRD for parts of
 * pictures. All must be passed over exactly, or the VUI reads wrong. */
static GByteArray *
make_rich_sps (guint n_sets, guint inter_pics)
{
  BitWriter w = { g_byte_array_new (), 0 };
  guint i, j;

  put (&w, 16, 0x4201);
  put (&w, 8, 1); /* one layer, nested */
  put (&w, 8, 1); /* Main */
  put (&w, 32, 0x60000000);
  put (&w, 32, 0xb0010203); /* no three zero bytes: nothing to escape */
  put (&w, 16, 0x0405);
  put (&w, 8, 93);
  put_ue (&w, 0);
  put_ue (&w, 1);
  put_ue (&w, 640);
  put_ue (&w, 480);
  put (&w, 1, 0);
  put_ue (&w, 0);
  put_ue (&w, 0);
  put_ue (&w, 4);
  put (&w, 1, 1);
  put_ue (&w, 4);
  put_ue (&w, 3);
  put_ue (&w, 0);
  for (i = 0; i < 6; i++)
    put_ue (&w, 1);
  put (&w, 2, 3); /* scaling lists are here */
  for (i = 0; i < 20; i++) {
    guint size_id = i < 18 ? i / 6 : 3;

    put (&w, 1, i % 2);
    if (i % 2 == 0) {
      put_ue (&w, 0);
      continue;
    }
    for (j = 0; j < MIN (64, 16u << 2 * size_id) + (size_id > 1); j++)
      put_ue (&w, j % 3);
  }
  put (&w, 2, 3);
  put (&w, 1, 1); /* PCM */
  put (&w, 8, 0x77);
  put_ue (&w, 0);
  put_ue (&w, 2);
  put (&w, 1, 1);
  put_ue (&w, n_sets);
  put_ue (&w, 2); /* the first: two before, one behind */
  put_ue (&w, 1);
  for (i = 0; i < 3; i++) {
    put_ue (&w, 0);
    put (&w, 1, 1);
  }
  put (&w, 1, 1); /* the second, from the first */
  put (&w, 1, 0);
  put_ue (&w, 0);
  for (i = 0; i < inter_pics; i++)
    put (&w, i == 1 ? 2 : 1, 1); /* used, or not used and yet kept */
  put (&w, 1, 1);                /* long-term: one of 8 + 1 bits */
  put_ue (&w, 1);
  put (&w, 9, 0x155);
  put (&w, 2, 3);
  put (&w, 1, 1); /* VUI: nothing until timing */
  put (&w, 8, 0);
  put (&w, 1, 1);
  put (&w, 32, 1001);
  put (&w, 32, 60000);
  put (&w, 1, 0);
  put (&w, 1, 1); /* HRD of both kinds, with parts of pictures */
  put (&w, 3, 7);
  put (&w, 19, 0x12345);
  put (&w, 8, 0x11);
  put (&w, 4, 2);
  put (&w, 15, 0x5555);
  put (&w, 2, 0); /* rate not fixed */
  put (&w, 1, 0);
  put_ue (&w, 1); /* two CPBs */
  for (i = 0; i < 4; i++) {
    for (j = 0; j < 4; j++)
      put_ue (&w, 5);
    put (&w, 1, 1);
  }
  put (&w, 1, 1); /* restrictions */
  put (&w, 3, 0);
  put_ue (&w, 300);
  put_end (&w);
  return w.bytes;
}

static void
test_sps_rich (void)
{
  g_autoptr (GByteArray) nal = make_rich_sps (2, 4);
  g_autofree guint8 *exact = g_memdup2 (nal->data, nal->len);
  g_autoptr (GError) error = NULL;
  GstArclyH265Sps sps;

  g_assert_true (gst_arcly_h265_sps_parse (exact, nal->len, &sps, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (sps.width, ==, 640);
  g_assert_cmpuint (sps.max_num_reorder_pics, ==, 3);
  g_assert_cmpuint (sps.fps_n, ==, 60000);
  g_assert_cmpuint (sps.fps_d, ==, 1001);
  g_assert_cmpuint (sps.min_spatial_segmentation_idc, ==, 300);
}

/* 65 reference sets are more than the standard has room for. */
static void
test_sps_bounds (void)
{
  g_autoptr (GByteArray) nal = make_rich_sps (65, 4);
  g_autoptr (GError) error = NULL;
  GstArclyH265Sps sps;

  g_assert_false (gst_arcly_h265_sps_parse (nal->data, nal->len, &sps, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (
      gst_arcly_h265_sps_parse (vps_1080, sizeof vps_1080, &sps, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
add_all (GstArclyH265Config *config)
{
  g_autoptr (GError) error = NULL;

  gst_arcly_h265_config_add (config, pps_1080, sizeof pps_1080, &error);
  gst_arcly_h265_config_add (config, vps_1080, sizeof vps_1080, &error);
  gst_arcly_h265_config_add (config, sps_1080, sizeof sps_1080, &error);
  /* The same again changes nothing. */
  gst_arcly_h265_config_add (config, sps_1080, sizeof sps_1080, &error);
  g_assert_no_error (error);
}

static void
test_config (void)
{
  static const guint8 head[] = { 1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0,
    120, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3, 0x80 | 32, 0, 1, 0,
    sizeof vps_1080 };
  g_autoptr (GstArclyH265Config) config = gst_arcly_h265_config_new (4);
  g_autoptr (GstArclyH265Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) open = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  const guint8 *data;
  gsize size, i;

  g_assert_null (gst_arcly_h265_config_to_bytes (config, TRUE, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  add_all (config);
  bytes = gst_arcly_h265_config_to_bytes (config, TRUE, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, sizeof head, head, sizeof head);
  open = gst_arcly_h265_config_to_bytes (config, FALSE, &error);
  g_assert_cmphex (
      ((const guint8 *) g_bytes_get_data (open, NULL))[23], ==, 32);

  again = gst_arcly_h265_config_parse (data, size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_arcly_h265_config_get_nal_length_size (again), ==, 4);
  for (i = 32; i <= 34; i++) {
    g_assert_cmpuint (gst_arcly_h265_config_get_n_nals (again, i), ==, 1);
    g_assert_true (g_bytes_equal (gst_arcly_h265_config_get_nal (again, i, 0),
        gst_arcly_h265_config_get_nal (config, i, 0)));
  }
  g_assert_cmpuint (gst_arcly_h265_config_get_n_nals (again, 1), ==, 0);
  codec = gst_arcly_h265_codec_string (data, size, &error);
  g_assert_cmpstr (codec, ==, "hvc1.1.6.L120.90");

  for (i = 0; i < size; i++) {
    g_autofree guint8 *exact = g_memdup2 (data, i);
    g_autoptr (GError) cut = NULL;

    g_assert_null (gst_arcly_h265_config_parse (exact, i, &cut));
    g_assert_error (cut, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

static void
test_config_limits (void)
{
  g_autoptr (GstArclyH265Config) config = gst_arcly_h265_config_new (4);
  g_autofree guint8 *big = g_malloc0 (65536);
  guint8 sei[] = { 0x4e, 0x01, 0 };
  guint8 slice[] = { 0x02, 0x01 };
  guint8 hvcc[23] = { 1, [21] = 2 };
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < 64; i++) {
    sei[2] = i;
    g_assert_true (gst_arcly_h265_config_add (config, sei, sizeof sei, &error));
  }
  sei[2] = 64;
  g_assert_false (gst_arcly_h265_config_add (config, sei, sizeof sei, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT);
  g_clear_error (&error);
  big[0] = 0x44;
  g_assert_false (gst_arcly_h265_config_add (config, big, 65536, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_false (gst_arcly_h265_config_add (config, slice, 2, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (gst_arcly_h265_config_add (config, slice, 1, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  /* Lengths of three bytes. */
  g_assert_null (gst_arcly_h265_config_parse (hvcc, sizeof hvcc, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_codec_string (void)
{
  static const struct {
    guint8 head[13];
    const gchar *string;
  } rows[] = {
    { { 1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93 }, "hvc1.1.6.L93.B0" },
    { { 1, 0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 153 },
        "hvc1.2.4.H153.90" },
    { { 1, 0x01, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 93 }, "hvc1.1.6.L93" },
    { { 1, 0x41, 0x60, 0, 0, 1, 0xb0, 0x23, 0, 1, 0, 0, 93 },
        "hvc1.A1.80000006.L93.B0.23.0.1" },
    { { 1, 0x04, 0x08, 0, 0, 0, 0x98, 0x08, 0, 0, 0, 0, 63 },
        "hvc1.4.10.L63.98.8" },
  };
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].head, 13);
    g_autofree gchar *string = gst_arcly_h265_codec_string (exact, 13, NULL);

    g_assert_cmpstr (string, ==, rows[i].string);
  }
  g_assert_null (gst_arcly_h265_codec_string (rows[0].head, 12, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
}

static void
test_random_access (void)
{
  static const struct {
    guint type;
    gboolean expected;
  } rows[] = {
    { 0, FALSE },  /* TRAIL_N */
    { 1, FALSE },  /* TRAIL_R */
    { 9, FALSE },  /* RASL_R */
    { 15, FALSE }, /* reserved */
    { 16, TRUE },  /* BLA_W_LP */
    { 18, TRUE },  /* BLA_N_LP */
    { 19, TRUE },  /* IDR_W_RADL */
    { 20, TRUE },  /* IDR_N_LP */
    { 21, TRUE },  /* CRA_NUT */
    { 22, FALSE }, /* reserved */
    { 35, FALSE }, /* AUD alone */
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const guint8 lengths[] = { 0, 0, 0, 0, 0, 0, 0, 1, 0x26, 0, 0, 0, 3, 0x46,
      0x01, 0x50, 0, 0, 0, 3, rows[i].type << 1, 1, 0x80 };
    const guint8 codes[] = { 0, 0, 0, 1, 0x46, 0x01, 0x50, 0, 0, 1,
      rows[i].type << 1, 1, 0x80 };
    g_autofree guint8 *a = g_memdup2 (lengths, sizeof lengths);
    g_autofree guint8 *b = g_memdup2 (codes, sizeof codes);

    g_assert_true (gst_arcly_h265_is_random_access (a, sizeof lengths, 4) ==
                   rows[i].expected);
    g_assert_true (gst_arcly_h265_is_random_access (b, sizeof codes, 0) ==
                   rows[i].expected);
  }
  g_assert_false (gst_arcly_h265_is_random_access (NULL, 0, 4));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/h265/sps", test_sps);
  g_test_add_func ("/codec/h265/sps-truncated", test_sps_truncated);
  g_test_add_func ("/codec/h265/sps-rich", test_sps_rich);
  g_test_add_func ("/codec/h265/sps-bounds", test_sps_bounds);
  g_test_add_func ("/codec/h265/config", test_config);
  g_test_add_func ("/codec/h265/config-limits", test_config_limits);
  g_test_add_func ("/codec/h265/codec-string", test_codec_string);
  g_test_add_func ("/codec/h265/random-access", test_random_access);
  return g_test_run ();
}
