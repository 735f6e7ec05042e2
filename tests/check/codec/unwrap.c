/* SPDX-License-Identifier: MIT */
#include <gst/arcly/codec/gstarclyunwrap.h>

static const guint widths[] = { 24, 31, 32, 33 };

/* From 5 s before the end, in steps of 40 ms and then through ten wraps: each
 * step comes out whole. */
static void
test_wraps (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (widths); i++) {
    guint64 range = G_GUINT64_CONSTANT (1) << widths[i];
    guint64 start = range - 5000, step = range / 1000;
    GstArclyUnwrap unwrap;

    gst_arcly_unwrap_init (&unwrap, widths[i]);
    for (j = 0; j < 10000; j++) {
      guint64 expected = start + j * (guint64) 40;

      g_assert_cmpint (
          gst_arcly_unwrap_next (&unwrap, expected % range), ==, expected);
    }
    gst_arcly_unwrap_init (&unwrap, widths[i]);
    for (j = 0; j < 10000; j++) {
      guint64 expected = start + j * step;

      g_assert_cmpint (
          gst_arcly_unwrap_next (&unwrap, expected % range), ==, expected);
    }
  }
}

/* Frames of another track, a little older, arrive on both sides of the wrap. */
static void
test_out_of_order (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (widths); i++) {
    gint64 range = G_GINT64_CONSTANT (1) << widths[i];
    GstArclyUnwrap unwrap;

    gst_arcly_unwrap_init (&unwrap, widths[i]);
    g_assert_cmpint (
        gst_arcly_unwrap_next (&unwrap, range - 10), ==, range - 10);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 5), ==, range + 5);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, range - 3), ==, range - 3);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 20), ==, range + 20);
  }
}

static void
test_below_the_first (void)
{
  GstArclyUnwrap unwrap;

  gst_arcly_unwrap_init (&unwrap, 32);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 10), ==, 10);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 0xffffffff), ==, -1);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 10), ==, 10);
}

static void
test_half (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (widths); i++) {
    gint64 half = G_GINT64_CONSTANT (1) << (widths[i] - 1);
    GstArclyUnwrap unwrap;

    gst_arcly_unwrap_init (&unwrap, widths[i]);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 0), ==, 0);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, half - 1), ==, half - 1);
    gst_arcly_unwrap_init (&unwrap, widths[i]);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 0), ==, 0);
    g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, half), ==, -half);
  }
}

static void
test_bits_above (void)
{
  GstArclyUnwrap unwrap;

  gst_arcly_unwrap_init (&unwrap, 24);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 0xab000007), ==, 7);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, 0xcd000009), ==, 9);
  g_assert_cmpint (gst_arcly_unwrap_next (&unwrap, G_MAXUINT64), ==, -1);
}

static void
test_starts_again (void)
{
  GstArclyUnwrap unwrap;

  gst_arcly_unwrap_init (&unwrap, 33);
  g_assert_false (unwrap.started);
  gst_arcly_unwrap_next (&unwrap, 1);
  g_assert_true (unwrap.started);
  gst_arcly_unwrap_init (&unwrap, 33);
  g_assert_cmpint (
      gst_arcly_unwrap_next (&unwrap, 0x1ffffffff), ==, 0x1ffffffff);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unwrap/wraps", test_wraps);
  g_test_add_func ("/unwrap/out-of-order", test_out_of_order);
  g_test_add_func ("/unwrap/below-the-first", test_below_the_first);
  g_test_add_func ("/unwrap/half", test_half);
  g_test_add_func ("/unwrap/bits-above", test_bits_above);
  g_test_add_func ("/unwrap/starts-again", test_starts_again);
  return g_test_run ();
}
