/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

/* x264, 1920x1080 at 30000/1001, High, three B frames. */
static const guint8 sps_1080[] = { 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40,
  0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x0f, 0xa4, 0x00, 0x03, 0xa9,
  0x80, 0x3c, 0x60, 0xc6, 0x58 };
static const guint8 pps_1080[] = { 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0 };
/* x264, 320x240 at 25, Constrained Baseline; emulation prevention inside. */
static const guint8 sps_240[] = { 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41,
  0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20,
  0xf1, 0x42, 0xa4, 0x80 };

static void
test_bits (void)
{
  static const struct {
    const gchar *name;
    guint8 bytes[6];
    gsize size;
    guint32 ue[4];
    gint n; /* values before the overrun */
  } rows[] = {
    { "zero", { 0x80 }, 1, { 0 }, 1 },
    { "one two three", { 0x4c, 0xc0 }, 2, { 1, 2, 5 }, 3 },
    { "no end", { 0x00, 0x00, 0x00, 0x00 }, 4, { 0 }, 0 },
    { "too long", { 0x00, 0x00, 0x00, 0x00, 0x80, 0x00 }, 6, { 0 }, 0 },
    { "empty", { 0 }, 0, { 0 }, 0 },
  };
  guint i;
  gint j;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    GstArclyBitReader reader;

    gst_arcly_bit_reader_init (&reader, exact, rows[i].size);
    for (j = 0; j < rows[i].n; j++)
      g_assert_cmpuint (gst_arcly_bit_reader_ue (&reader), ==, rows[i].ue[j]);
    if (rows[i].n == 0) {
      g_assert_cmpuint (gst_arcly_bit_reader_ue (&reader), ==, 0);
      g_assert_true (reader.overrun);
      g_assert_cmpuint (gst_arcly_bit_reader_bits (&reader, 8), ==, 0);
    }
  }
}

static void
test_rbsp (void)
{
  static const guint8 bytes[] = { 0x11, 0x00, 0x00, 0x03, 0x01, 0x00, 0x00,
    0x03 };
  GstArclyBitReader reader;

  gst_arcly_bit_reader_init_rbsp (&reader, bytes, sizeof bytes);
  g_assert_cmphex (gst_arcly_bit_reader_bits (&reader, 24), ==, 0x110000);
  g_assert_cmphex (gst_arcly_bit_reader_bits (&reader, 24), ==, 0x010000);
  g_assert_false (reader.overrun);
  gst_arcly_bit_reader_bits (&reader, 1);
  g_assert_true (reader.overrun);
}

static void
test_sps (void)
{
  GstArclyH264Sps sps;
  g_autoptr (GError) error = NULL;

  g_assert_true (
      gst_arcly_h264_sps_parse (sps_1080, sizeof sps_1080, &sps, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (sps.profile_idc, ==, 100);
  g_assert_cmpuint (sps.level_idc, ==, 40);
  g_assert_cmpuint (sps.width, ==, 1920);
  g_assert_cmpuint (sps.height, ==, 1080);
  g_assert_cmpuint (sps.fps_n * 1001, ==, sps.fps_d * 30000);
  g_assert_cmpuint (sps.bit_depth_luma, ==, 8);
  g_assert_true (sps.progressive);
  g_assert_cmpint (sps.max_num_reorder_frames, ==, 2);
  g_assert_cmpuint (gst_arcly_h264_sps_reorder_depth (&sps), ==, 2);

  g_assert_true (
      gst_arcly_h264_sps_parse (sps_240, sizeof sps_240, &sps, &error));
  g_assert_cmpuint (sps.width, ==, 320);
  g_assert_cmpuint (sps.height, ==, 240);
  g_assert_cmpuint (sps.fps_n, ==, 25 * sps.fps_d);
  g_assert_cmpuint (gst_arcly_h264_sps_reorder_depth (&sps), ==, 0);
}

/* Each length of a good SPS is a result or an error, never a read too far. */
static void
test_sps_truncated (void)
{
  gsize size;

  for (size = 0; size < sizeof sps_1080; size++) {
    g_autofree guint8 *exact = g_memdup2 (sps_1080, size);
    g_autoptr (GError) error = NULL;
    GstArclyH264Sps sps;
    gboolean ok = gst_arcly_h264_sps_parse (exact, size, &sps, &error);

    g_assert_true (ok == (error == NULL));
    if (size < 10)
      g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

static void
test_config (void)
{
  g_autoptr (GstArclyH264Config) config = gst_arcly_h264_config_new (4);
  g_autoptr (GstArclyH264Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  const guint8 *data;
  gsize size, i;

  g_assert_null (gst_arcly_h264_config_to_bytes (config, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_true (
      gst_arcly_h264_config_add (config, sps_1080, sizeof sps_1080, &error));
  g_assert_true (
      gst_arcly_h264_config_add (config, pps_1080, sizeof pps_1080, &error));
  g_assert_false (gst_arcly_h264_config_add (config, sps_1080, 0, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  bytes = gst_arcly_h264_config_to_bytes (config, &error);
  g_assert_no_error (error);

  data = g_bytes_get_data (bytes, &size);
  again = gst_arcly_h264_config_parse (data, size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_arcly_h264_config_get_nal_length_size (again), ==, 4);
  g_assert_cmpuint (gst_arcly_h264_config_get_n_sps (again), ==, 1);
  g_assert_cmpuint (gst_arcly_h264_config_get_n_pps (again), ==, 1);
  g_assert_true (g_bytes_equal (gst_arcly_h264_config_get_sps (again, 0),
      gst_arcly_h264_config_get_sps (config, 0)));
  codec = gst_arcly_h264_codec_string (data, size, &error);
  g_assert_cmpstr (codec, ==, "avc1.640028");

  /* Cut anywhere in a parameter set, it is an error. */
  for (i = 0; i < 5 + 3 + sizeof sps_1080 + 3 + sizeof pps_1080; i++) {
    g_autofree guint8 *exact = g_memdup2 (data, i);
    g_autoptr (GError) cut = NULL;

    g_assert_null (gst_arcly_h264_config_parse (exact, i, &cut));
    g_assert_error (cut, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED);
  }
}

static void
test_config_bad (void)
{
  static const guint8 version[] = { 2, 100, 0, 40, 0xff, 0xe0, 0 };
  static const guint8 three[] = { 1, 100, 0, 40, 0xfe, 0xe0, 0 };
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_arcly_h264_config_parse (version, sizeof version, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (gst_arcly_h264_config_parse (three, sizeof three, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

static void
test_nal_walk (void)
{
  static const struct {
    const gchar *name;
    guint length_size;
    guint8 bytes[16];
    gsize size;
    const gchar *found; /* each unit's size and header byte */
    gboolean malformed;
  } rows[] = {
    { "lengths of 4", 4, { 0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 1, 0x65 }, 11,
        "2:09 1:65 ", FALSE },
    { "lengths of 2", 2, { 0, 1, 9, 0, 2, 0x65, 7 }, 7, "1:09 2:65 ", FALSE },
    { "lengths of 1", 1, { 1, 9, 0, 1, 0x65 }, 5, "1:09 1:65 ", FALSE },
    { "empty unit", 4, { 0, 0, 0, 0, 0, 0, 0, 1, 0x65 }, 9, "1:65 ", FALSE },
    { "past the end", 4, { 0, 0, 0, 9, 0x65 }, 5, "", TRUE },
    { "largest length", 4, { 0xff, 0xff, 0xff, 0xff, 0x65 }, 5, "", TRUE },
    { "half a length", 4, { 0, 0, 0, 1, 0x65, 0, 0 }, 7, "1:65 ", TRUE },
    { "start codes", 0, { 0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x65, 8 }, 11,
        "2:09 2:65 ", FALSE },
    { "trailing zeros", 0, { 0, 0, 1, 9, 0xf0, 0, 0, 0, 0, 1, 0x65 }, 11,
        "2:09 1:65 ", FALSE },
    { "two start codes", 0, { 0, 0, 1, 0, 0, 1, 0x65 }, 7, "1:65 ", FALSE },
    { "only a start code", 0, { 0, 0, 1 }, 3, "", FALSE },
    { "no start code", 0, { 1, 2, 3, 4 }, 4, "", TRUE },
    { "nothing", 4, { 0 }, 0, "", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    g_autoptr (GString) found = g_string_new (NULL);
    GstArclyH264NalIter iter;
    const guint8 *nal;
    gsize size;

    g_test_message ("%s", rows[i].name);
    gst_arcly_h264_nal_iter_init (
        &iter, exact, rows[i].size, rows[i].length_size);
    while (gst_arcly_h264_nal_iter_next (&iter, &nal, &size))
      g_string_append_printf (found, "%" G_GSIZE_FORMAT ":%02x ", size, nal[0]);
    g_assert_cmpstr (found->str, ==, rows[i].found);
    g_assert_true (iter.malformed == rows[i].malformed);
  }
}

static void
test_random_access (void)
{
  static const guint8 idr[] = { 0, 0, 0, 1, 0x65 };
  static const guint8 slice[] = { 0, 0, 0, 2, 0x41, 0x9a };
  /* SEI of type 6, one byte, then a slice. */
  static const guint8 recovery[] = { 0, 0, 0, 5, 0x06, 0x06, 0x01, 0xc4, 0x80,
    0, 0, 0, 2, 0x41, 0x9a };
  /* The IDR slice behind another slice doesn't count. */
  static const guint8 late[] = { 0, 0, 1, 0x41, 0x9a, 0, 0, 1, 0x65, 1 };

  g_assert_true (gst_arcly_h264_is_random_access (idr, sizeof idr, 4));
  g_assert_false (gst_arcly_h264_is_random_access (slice, sizeof slice, 4));
  g_assert_true (
      gst_arcly_h264_is_random_access (recovery, sizeof recovery, 4));
  g_assert_false (gst_arcly_h264_is_random_access (late, sizeof late, 0));
  g_assert_false (gst_arcly_h264_is_random_access (NULL, 0, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/h264/bits", test_bits);
  g_test_add_func ("/codec/h264/rbsp", test_rbsp);
  g_test_add_func ("/codec/h264/sps", test_sps);
  g_test_add_func ("/codec/h264/sps-truncated", test_sps_truncated);
  g_test_add_func ("/codec/h264/config", test_config);
  g_test_add_func ("/codec/h264/config-bad", test_config_bad);
  g_test_add_func ("/codec/h264/nal-walk", test_nal_walk);
  g_test_add_func ("/codec/h264/random-access", test_random_access);
  return g_test_run ();
}
