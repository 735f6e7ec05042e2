/* SPDX-License-Identifier: MIT
 *
 * Rates and quantiles, with times made up: the expectation is exact. */
#include <gst/check/gstcheck.h>
#include <gst/arcly/kernel/gstarclymeter.h>

#define START (1234 * GST_SECOND)

/* frames a second, a keyframe each gop, bytes each; a burst at a time. Returns
 * when the next one would come. */
static GstClockTime
feed (GstArclyMeter *meter, guint fps, guint seconds, guint gop, guint bytes,
    guint burst)
{
  guint n = 0;

  for (n = 0; n < fps * seconds; n++) {
    GstClockTime when =
        START + gst_util_uint64_scale (n - n % burst, GST_SECOND, fps);

    gst_arcly_meter_add (meter, when, bytes, TRUE, n % gop == 0);
  }
  return START + seconds * GST_SECOND;
}

static void
check_rates (guint fps, guint seconds, guint burst)
{
  GstArclyMeter meter = { 0 };
  GstArclyRates rates;
  GstClockTime now = feed (&meter, fps, seconds, 2 * fps, 5000, burst);

  gst_arcly_meter_read (&meter, now, &rates);
  fail_unless (ABS (rates.frame_rate - fps) < 1, "%u fps: measured %f", fps,
      rates.frame_rate);
  fail_unless (
      ABS ((gdouble) rates.bit_rate - fps * 40000.0) < 0.05 * fps * 40000.0,
      "%u fps: measured %" G_GUINT64_FORMAT " bit/s", fps, rates.bit_rate);
  /* A burst has the time of its first frame. */
  fail_unless (ABS (GST_CLOCK_DIFF (rates.key_interval, 2 * GST_SECOND)) <=
               (GstClockTimeDiff) ((burst - 1) * GST_SECOND / fps + 1));
}

/* Within one frame a second and a twentieth of the bit rate, soon after the
 * start and for ever, also when several frames come at once. */
GST_START_TEST (test_rates)
{
  static const guint fps[] = { 1, 5, 24, 25, 30, 50, 60, 120 };

  for (guint i = 2; i < G_N_ELEMENTS (fps); i++) {
    check_rates (fps[i], 3, 1);
    check_rates (fps[i], 4, 1);
    check_rates (fps[i], 100, 1);
    check_rates (fps[i], 100, 4);
  }
  for (guint i = 0; i < 2; i++)
    check_rates (fps[i], 100, 1);
}
GST_END_TEST;

/* Before there is an interval nothing can be told. */
GST_START_TEST (test_too_early)
{
  GstArclyMeter meter = { 0 };
  GstArclyRates rates;

  gst_arcly_meter_read (&meter, START, &rates);
  fail_unless_equals_uint64 (rates.bit_rate, 0);
  gst_arcly_meter_add (&meter, START, 5000, TRUE, TRUE);
  gst_arcly_meter_read (&meter, START, &rates);
  fail_unless_equals_uint64 (rates.bit_rate, 0);
  fail_unless_equals_uint64 (rates.key_interval, 0);
}
GST_END_TEST;

/* A publisher that stops: the rates fall, and are 0 after the window. */
GST_START_TEST (test_pause)
{
  GstArclyMeter meter = { 0 };
  GstArclyRates rates;
  GstClockTime now = feed (&meter, 30, 10, 30, 5000, 1);

  gst_arcly_meter_read (&meter, now + 3 * GST_SECOND, &rates);
  fail_unless (rates.frame_rate < 15);
  fail_unless (rates.frame_rate > 5);
  gst_arcly_meter_read (&meter, now + 6 * GST_SECOND, &rates);
  fail_unless (rates.frame_rate == 0);
  fail_unless_equals_uint64 (rates.bit_rate, 0);
}
GST_END_TEST;

/* Headers alone are bytes, but no frames. */
GST_START_TEST (test_headers)
{
  GstArclyMeter meter = { 0 };
  GstArclyRates rates;

  for (guint n = 0; n < 300; n++) {
    GstClockTime when = START + gst_util_uint64_scale (n, GST_SECOND, 30);

    gst_arcly_meter_add (&meter, when, 1000, FALSE, TRUE);
    gst_arcly_meter_add (&meter, when, 4000, TRUE, n % 30 == 0);
  }
  gst_arcly_meter_read (&meter, START + 10 * GST_SECOND, &rates);
  fail_unless (ABS (rates.frame_rate - 30) < 1);
  fail_unless (ABS ((gdouble) rates.bit_rate - 1200000) < 60000);
  fail_unless (
      ABS (GST_CLOCK_DIFF (rates.key_interval, GST_SECOND)) < GST_USECOND);
}
GST_END_TEST;

/* Never less than what it was, and at most half more. */
GST_START_TEST (test_quantiles)
{
  GstArclyHistogram histogram = { 0 };
  guint64 counts[GST_ARCLY_HISTOGRAM_BUCKETS] = { 0 };
  GstClockTime p50 = 0, p99 = 0;

  fail_unless_equals_uint64 (gst_arcly_histogram_quantile (counts, 0.5), 0);
  for (GstClockTime us = 1; us <= 10000; us++)
    gst_arcly_histogram_add (&histogram, us * GST_USECOND, 1);
  gst_arcly_histogram_sum (&histogram, counts);
  p50 = gst_arcly_histogram_quantile (counts, 0.5);
  p99 = gst_arcly_histogram_quantile (counts, 0.99);
  fail_unless (p50 >= 5000 * GST_USECOND && p50 <= 7500 * GST_USECOND);
  fail_unless (p99 >= 9900 * GST_USECOND && p99 <= 14850 * GST_USECOND);

  /* Each single time; the ends of the scale hold the rest. */
  for (guint shift = 10; shift < 34; shift++) {
    GstArclyHistogram one = { 0 };
    guint64 ones[GST_ARCLY_HISTOGRAM_BUCKETS] = { 0 };
    GstClockTime time = G_GUINT64_CONSTANT (1) << shift, got = 0;

    gst_arcly_histogram_add (&one, time, 7);
    gst_arcly_histogram_sum (&one, ones);
    got = gst_arcly_histogram_quantile (ones, 0.99);
    fail_unless (got >= time && got <= MAX (2 * GST_USECOND, 3 * time / 2 + 1));
  }
  gst_arcly_histogram_add (&histogram, G_MAXUINT64 / 2, 1000000);
  gst_arcly_histogram_add (&histogram, 0, 1);
  memset (counts, 0, sizeof (counts));
  gst_arcly_histogram_sum (&histogram, counts);
  fail_unless (gst_arcly_histogram_quantile (counts, 0.99) >= 10 * GST_SECOND);
}
GST_END_TEST;

static Suite *
meter_suite (void)
{
  Suite *s = suite_create ("meter");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_rates);
  tcase_add_test (tc, test_too_early);
  tcase_add_test (tc, test_pause);
  tcase_add_test (tc, test_headers);
  tcase_add_test (tc, test_quantiles);
  return s;
}

GST_CHECK_MAIN (meter);
