/* SPDX-License-Identifier: MIT
 *
 * No encoder of Debian 12 writes H.266: the sets are made by hand after the
 * syntax of ITU-T H.266, 7.3.2.4 and 7.3.3. */
#include <string.h>

#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/gstarclyerror.h>

#include "bits.h"

/* 1920x1088 cut to 1080, Main 10, 4.0. */
static GByteArray *
make_sps (gboolean constraints, guint sublayers, gboolean subpictures)
{
  BitWriter w = { g_byte_array_new (), 0 };

  put (&w, 16, 15 << 3 | 1);
  put (&w, 8, 0);
  put (&w, 3, sublayers - 1);
  put (&w, 2, 1); /* 4:2:0 */
  put (&w, 2, 2); /* CTUs of 128 */
  put (&w, 1, 1);
  put (&w, 7, 1); /* Main 10 */
  put (&w, 1, 0);
  put (&w, 8, 64);
  put (&w, 2, 2); /* frames only */
  put (&w, 1, constraints);
  if (constraints) {
    put (&w, 1, 1); /* gci_intra_only_constraint_flag */
    put_zeros (&w, 69);
    put (&w, 1, 1); /* the last of 71 */
    put (&w, 8, 9); /* reserved bits */
    put (&w, 9, 0x101);
  }
  while (w.n_bits % 8 != 0)
    put (&w, 1, 0);
  if (sublayers > 1) {
    put (&w, 8, 0x80); /* the highest but one has a level */
    put (&w, 8, 48);
  }
  put (&w, 8, 1); /* one sub-profile */
  put (&w, 32, 0x01020304);
  put (&w, 1, 0);
  put (&w, 1, 0);
  put_ue (&w, 1920);
  put_ue (&w, 1088);
  put (&w, 1, 1);
  put_ue (&w, 0);
  put_ue (&w, 0);
  put_ue (&w, 0);
  put_ue (&w, 4);
  put (&w, 1, subpictures);
  if (subpictures) {
    put_ue (&w, 1);          /* two */
    put (&w, 2, 0);          /* not independent, of their own size */
    put (&w, 8, 7 << 4 | 8); /* 15 x 9 CTUs: four bits each */
    put (&w, 2, 3);
    put (&w, 8, 8 << 4 | 0);
    put (&w, 2, 3);
    put_ue (&w, 3); /* ids of four bits */
    put (&w, 2, 3);
    put (&w, 8, 0x12);
  }
  put_ue (&w, 2); /* 10 bits */
  put_end (&w);
  return w.bytes;
}

static void
test_sps (void)
{
  guint i;

  for (i = 0; i < 8; i++) {
    g_autoptr (GByteArray) nal = make_sps (i & 1, i & 2 ? 3 : 1, i >= 4);
    g_autofree guint8 *exact = g_memdup2 (nal->data, nal->len);
    g_autoptr (GError) error = NULL;
    GstArclyH266Sps sps;
    gsize size;

    g_assert_true (gst_arcly_h266_sps_parse (exact, nal->len, &sps, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (sps.profile_idc, ==, 1);
    g_assert_cmpuint (sps.level_idc, ==, 64);
    g_assert_true (sps.frame_only && !sps.multilayer);
    g_assert_cmpuint (sps.n_constraints, ==, i & 1 ? 12 : 1);
    g_assert_cmpuint (sps.max_sublayers, ==, i & 2 ? 3 : 1);
    g_assert_cmpuint (sps.width, ==, 1920);
    g_assert_cmpuint (sps.height, ==, 1080);
    g_assert_cmpuint (sps.max_height, ==, 1088);
    g_assert_cmpuint (sps.bit_depth, ==, 10);

    for (size = 0; size < nal->len - 1; size++) {
      g_autofree guint8 *cut = g_memdup2 (nal->data, size);
      g_autoptr (GError) short_error = NULL;

      g_assert_false (gst_arcly_h266_sps_parse (cut, size, &sps, &short_error));
      g_assert_nonnull (short_error);
    }
  }
}

static void
test_config (void)
{
  static const guint8 pps[] = { 0x00, 0x81, 0x00, 0x80 };
  static const guint8 dci[] = { 0x00, 0x69, 0x80 };
  static const guint8 head[] = { 0xff, 0x00, 0x11, 0x5f, 1, 2, 64, 0x80, 0,
    0x07, 0x80, 0x04, 0x40, 0, 0, 3, 0x80 | 13, 0, 3 };
  g_autoptr (GByteArray) sps = make_sps (FALSE, 1, FALSE);
  g_autoptr (GstArclyH266Config) config = gst_arcly_h266_config_new (4);
  g_autoptr (GstArclyH266Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  const guint8 *data;
  gsize size, i;

  g_assert_null (gst_arcly_h266_config_to_bytes (config, TRUE, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  gst_arcly_h266_config_add (config, pps, sizeof pps, &error);
  gst_arcly_h266_config_add (config, sps->data, sps->len, &error);
  gst_arcly_h266_config_add (config, dci, sizeof dci, &error);
  g_assert_no_error (error);
  bytes = gst_arcly_h266_config_to_bytes (config, TRUE, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, sizeof head, head, sizeof head);
  again = gst_arcly_h266_config_parse (data, size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_arcly_h266_config_get_nal_length_size (again), ==, 4);
  for (i = 13; i <= 16; i++)
    g_assert_cmpuint (
        gst_arcly_h266_config_get_n_nals (again, i), ==, i == 14 ? 0 : 1);
  g_assert_true (g_bytes_equal (gst_arcly_h266_config_get_nal (again, 16, 0),
      gst_arcly_h266_config_get_nal (config, 16, 0)));
  codec = gst_arcly_h266_codec_string (data, size, &error);
  g_assert_cmpstr (codec, ==, "vvc1.1.L64.CQA");
  for (i = 0; i < size; i++) {
    g_autofree guint8 *exact = g_memdup2 (data, i);
    g_autoptr (GError) cut = NULL;

    g_assert_null (gst_arcly_h266_config_parse (exact, i, &cut));
    g_assert_error (cut, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

static void
test_codec_string (void)
{
  /* 14496-15, E.6, base32: 80, e0 01, nothing. */
  static const struct {
    guint8 bytes[9];
    const gchar *string;
  } rows[] = {
    { { 0xff, 0, 0x11, 0x5f, 1, 2, 51, 0x80 }, "vvc1.1.L51.CQA" },
    { { 0xff, 0, 0x11, 0x5f, 2, 3, 64, 0xe0, 0x01 }, "vvc1.1.H64.C4AAQ" },
    { { 0xff, 0, 0x11, 0x5f, 2, 2, 51, 0, 0 }, "vvc1.1.L51.CA" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *string =
        gst_arcly_h266_codec_string (rows[i].bytes, 9, NULL);

    g_assert_cmpstr (string, ==, rows[i].string);
  }
}

static void
test_random_access (void)
{
  guint type;

  for (type = 0; type < 32; type++) {
    const guint8 unit[] = { 0, 0, 0, 1, 7, 0, 0, 0, 3, 0, type << 3 | 1, 0x80 };
    g_autofree guint8 *exact = g_memdup2 (unit, sizeof unit);

    g_assert_true (gst_arcly_h266_is_random_access (exact, sizeof unit, 4) ==
                   (type >= 7 && type <= 9));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/h266/sps", test_sps);
  g_test_add_func ("/codec/h266/config", test_config);
  g_test_add_func ("/codec/h266/codec-string", test_codec_string);
  g_test_add_func ("/codec/h266/random-access", test_random_access);
  return g_test_run ();
}
