/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "hlsrequests.h"

#define MS G_GINT64_CONSTANT (1000000)
#define NONE GST_ARCLY_HLS_NO_TIME

/* A segment that begins, and what is asked for; in ms, 0: nothing. */
typedef struct {
  gint64 pts;
  gboolean key;
  gint64 asked;
} Step;

/* A grid of two seconds, in several stories. */
static void
test_grid (void)
{
  static const Step stories[][5] = {
    /* It follows the keyframes that come. */
    { { 0, TRUE, 2000 }, { 2040, TRUE, 4040 }, { 4035, TRUE, 6035 } },
    /* One is late, and sound ends the segment: it stays where it was. */
    { { 0, TRUE, 2000 }, { 2499, FALSE, 4000 }, { 4000, TRUE, 6000 } },
    /* Two are. The next is too near to be of use. */
    { { 0, TRUE, 2000 }, { 2499, FALSE, 4000 }, { 4998, FALSE, 6000 },
        { 7497, FALSE, 8000 }, { 9700, FALSE, 12000 } },
    /* Another one comes in front of it: near, or not. */
    { { 0, TRUE, 2000 }, { 1900, TRUE, 4000 }, { 4000, TRUE, 6000 } },
    { { 0, TRUE, 2000 }, { 1200, TRUE, 0 }, { 2000, TRUE, 4000 } },
    /* One that comes late begins a grid. */
    { { 0, TRUE, 2000 }, { 2900, TRUE, 4900 } },
    /* Times go back. */
    { { 9000, TRUE, 11000 }, { 500, TRUE, 2500 }, { 2499, FALSE, 4500 } },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (stories); i++) {
    GstArclyHlsRequests requests;

    gst_arcly_hls_requests_init (&requests, 2000 * MS);
    for (k = 0; k < 5 && (k == 0 || stories[i][k].pts > 0); k++) {
      const Step *step = &stories[i][k];
      gint64 asked =
          gst_arcly_hls_requests_begin (&requests, step->pts * MS, step->key);

      g_assert_cmpint (asked, ==, step->asked ? step->asked * MS : NONE);
    }
  }
}

static void
test_reset (void)
{
  GstArclyHlsRequests requests;

  gst_arcly_hls_requests_init (&requests, 2000 * MS);
  gst_arcly_hls_requests_begin (&requests, 0, TRUE);
  gst_arcly_hls_requests_reset (&requests);
  g_assert_cmpint (
      gst_arcly_hls_requests_begin (&requests, 1200 * MS, TRUE), ==, 3200 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsrequests/grid", test_grid);
  g_test_add_func ("/hlsrequests/reset", test_reset);
  return g_test_run ();
}
