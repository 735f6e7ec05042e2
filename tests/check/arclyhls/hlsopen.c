/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hlsopen.h"

static void
test_round_trip (void)
{
  GstArclyHlsOpen in = { .segment = { .duration = 800000000,
                             .date_time = 1700000000000000,
                             .discontinuity = TRUE,
                             .map = 5 },
    .sequence = 7,
    .bytes = 18800 };
  g_autofree gchar *text = gst_arcly_hls_open_write (&in);
  GstArclyHlsOpen out;

  g_assert_true (gst_arcly_hls_open_read (&out, text, strlen (text)));
  g_assert_cmpmem (&in, sizeof in, &out, sizeof out);
}

static void
test_malformed (void)
{
  static const gchar *bad[] = { "", "\n", "arcly-open-2\n",
    "arcly-open-2 7 18800 800000000 1700000000000000 1 0 3",
    "arcly-open-1 7 18800 800000000 1700000000000000 1 0 3\n",
    "arcly-open-2 7 18800 800000000 1700000000000000 1 0 3 0\n",
    "arcly-open-2 7 18800 800000000 1700000000000000 2 0 3\n",
    "arcly-open-2 7 18800 800000000 1700000000000000 1 0 8\n",
    "arcly-open-2 -7 18800 800000000 1700000000000000 1 0 3\n",
    "arcly-open-2 7 18800 0 1700000000000000 1 0 3\n",
    "arcly-open-2 7 18800 86401000000000 1700000000000000 1 0 3\n",
    "arcly-open-2 7 x 800000000 1700000000000000 1 0 3\n",
    "arcly-open-2  18800 800000000 1700000000000000 1 0 3\n",
    "arcly-open-2 99999999999999999999 1 1 1 1 0 3\n" };
  g_autofree gchar *filler = g_strnfill (1000, '\n');
  GstArclyHlsOpen out;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    /* Exactly as much memory as there is text. */
    g_autofree gchar *copy = g_memdup2 (bad[i], strlen (bad[i]));

    g_test_message ("%s", bad[i]);
    g_assert_false (gst_arcly_hls_open_read (&out, copy, strlen (bad[i])));
  }
  g_assert_false (gst_arcly_hls_open_read (&out, filler, 1000));
  g_assert_false (
      gst_arcly_hls_open_read (&out, "arcly-open-2 7 1 8 1 1 0 1\0\n", 28));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsopen/round-trip", test_round_trip);
  g_test_add_func ("/hlsopen/malformed", test_malformed);
  return g_test_run ();
}
