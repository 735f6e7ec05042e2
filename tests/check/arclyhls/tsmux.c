/* SPDX-License-Identifier: MIT
 *
 * arclytsmux: what becomes of each unit. */
#include "testts.h"

/* Payloads and times come back as they went in. */
GST_START_TEST (test_content)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i, v = 0, a = 0;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 50; i++) {
    push_video (&f, i, i == 0);
    push_audio (&f, 2 * i);
    push_audio (&f, 2 * i + 1);
  }
  push_eos (f.video);
  push_eos (f.audio);
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);
    const guint8 *end = unit->es->data + unit->es->len;

    if (unit->stream_type == 0x1b) {
      fail_unless_equals_int64 (unit->dts, 900000 + v * 3600);
      fail_unless_equals_int (unit->es->len, 396 + 4 + 6 + (v ? 0 : 38));
      fail_unless_equals_int (end[-1], v | 0x80);
      fail_unless_equals_int (end[-390], v | 0x80);
      v++;
    } else {
      fail_unless_equals_int64 (unit->pts, 900000 + a * 1920);
      fail_unless_equals_int (unit->es->len, 107);
      fail_unless_equals_int (end[-1], a);
      fail_unless_equals_int (end[-100], a);
      a++;
    }
  }
  fail_unless_equals_int (v, 50);
  fail_unless_equals_int (a, 100);
  fixture_clear (&f);
}
GST_END_TEST;

/* Audio alone can be cut, and has a clock. */
GST_START_TEST (test_audio_only)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  GstHarness *h =
      gst_harness_new_with_padnames ("arclytsmux", "audio_0", "src");
  Fixture f = { h, h };
  guint cuts, disconts, i;

  gst_harness_set_src_caps_str (h, AAC_CAPS);
  for (i = 0; i < 100; i++)
    push_audio (&f, i);
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (report->units->len, 100);
  fail_unless (cuts >= 4 && cuts <= 6);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Byte stream in, with sets only at the start: they are at each cut. */
GST_START_TEST (test_byte_stream)
{
  static const guint8 key[] = { 0, 0, 0, 1, SPS, 0, 0, 0, 1, 0x68, 0xcb, 0x83,
    0xcb, 0x20, 0, 0, 1, 0x65, 0x88, 0x80 };
  static const guint8 bare[] = { 0, 0, 0, 1, 0x65, 0x88, 0x80 };
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, STREAM_CAPS, FALSE);
  for (i = 0; i < 2; i++) {
    GstBuffer *buffer = i ? gst_buffer_new_memdup (bare, sizeof bare)
                          : gst_buffer_new_memdup (key, sizeof key);

    GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = i * 40 * GST_MSECOND;
    fail_unless_equals_int (gst_harness_push (f.video, buffer), GST_FLOW_OK);
  }
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (cuts, 2);
  fixture_clear (&f);
}
GST_END_TEST;

/* Other parameter sets: a discontinuity at the key frame that brings them. */
GST_START_TEST (test_caps_change)
{
  g_autoptr (GByteArray) ts = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (i = 0; i < 20; i++) {
    if (i == 10)
      gst_harness_set_src_caps_str (f.video, AVC_CAPS ("0c"));
    push_video (&f, i, i % 5 == 0);
  }
  ts = drain (&f, &cuts, &disconts);
  ts_report_free (check_clean (ts));
  fail_unless_equals_int (cuts, 4);
  fail_unless_equals_int (disconts, 2);
  fixture_clear (&f);
}
GST_END_TEST;

/* DISCONT on a key frame is passed on, on another frame it is not. */
GST_START_TEST (test_discont)
{
  g_autoptr (GByteArray) ts = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (i = 0; i < 20; i++) {
    GstClockTime t = i * 40 * GST_MSECOND;
    GstBuffer *buffer = make_frame (t, t, i % 10 == 0, i);

    if (i == 5 || i == 10)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int (gst_harness_push (f.video, buffer), GST_FLOW_OK);
  }
  ts = drain (&f, &cuts, &disconts);
  ts_report_free (check_clean (ts));
  fail_unless_equals_int (cuts, 2);
  fail_unless_equals_int (disconts, 2);
  fixture_clear (&f);
}
GST_END_TEST;

/* A jump of two hours is a discontinuity, forth and back. */
GST_START_TEST (test_jump)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  static const GstClockTime starts[] = { 0, 7200 * GST_SECOND, 0 };
  guint cuts, disconts, i, j;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (j = 0; j < G_N_ELEMENTS (starts); j++) {
    for (i = 0; i < 10; i++) {
      GstClockTime t = starts[j] + i * 40 * GST_MSECOND;

      fail_unless_equals_int (
          gst_harness_push (f.video, make_frame (t, t, i == 0, i)),
          GST_FLOW_OK);
    }
  }
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (disconts, 3);
  fail_unless_equals_int (report->units->len, 30);
  /* Nothing bridges the hole. */
  fail_unless (report->n_packets < 200);
  fixture_clear (&f);
}
GST_END_TEST;

/* Frames without DTS get one that grows and precedes the PTS. */
GST_START_TEST (test_missing_dts)
{
  /* IBBP in decoding order, in frames. */
  static const guint order[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f,
      /* The same SPS as High, without a word on reordering. */
      "video/x-h264, stream-format=(string)avc, alignment=(string)au, "
      "framerate=(fraction)25/1, codec_data=(buffer)0164001fffe1000a"
      "6764001facd940a83310010006"
      "68cb83cb2000",
      FALSE);
  for (i = 0; i < G_N_ELEMENTS (order); i++)
    fail_unless_equals_int (
        gst_harness_push (
            f.video, make_frame (GST_SECOND + order[i] * 40 * GST_MSECOND,
                         GST_CLOCK_TIME_NONE, i == 0, i)),
        GST_FLOW_OK);
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless_equals_int64 (unit->pts, 990000 + order[i] * 3600);
    fail_unless (unit->dts < unit->pts);
  }
  fixture_clear (&f);
}
GST_END_TEST;

/* What cannot be derived is an error with a text. */
GST_START_TEST (test_missing_both)
{
  GstBus *bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  gst_element_set_bus (f.video->element, bus);
  fail_unless_equals_int (
      gst_harness_push (f.video,
          make_frame (GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, TRUE, 0)),
      GST_FLOW_ERROR);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, "neither PTS nor DTS") != NULL);
  gst_element_set_bus (f.video->element, NULL);
  gst_object_unref (bus);
  fixture_clear (&f);
}
GST_END_TEST;

/* DTS before the segment's start is a negative running time. */
GST_START_TEST (test_negative_dts)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  GstSegment segment;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = 3600 * GST_SECOND;
  fail_unless (
      gst_harness_push_event (f.video, gst_event_new_segment (&segment)));
  for (i = 0; i < 5; i++) {
    GstClockTime t = segment.start + i * 40 * GST_MSECOND;

    fail_unless_equals_int (
        gst_harness_push (
            f.video, make_frame (t, t - 80 * GST_MSECOND, i == 0, i)),
        GST_FLOW_OK);
  }
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  for (i = 0; i < 5; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless_equals_int64 (unit->pts, 900000 + i * 3600);
    fail_unless_equals_int64 (unit->dts, 900000 + i * 3600 - 7200);
  }
  fixture_clear (&f);
}
GST_END_TEST;

/* A malformed unit is dropped; the next one is fine. */
GST_START_TEST (test_malformed)
{
  static const guint8 bad[] = { 0, 0, 0, 9, 0x41 };
  g_autoptr (GByteArray) ts = NULL;
  GstBuffer *buffer = gst_buffer_new_memdup (bad, sizeof bad);
  guint cuts, disconts;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  push_video (&f, 0, TRUE);
  GST_BUFFER_PTS (buffer) = 40 * GST_MSECOND;
  fail_unless_equals_int (gst_harness_push (f.video, buffer), GST_FLOW_OK);
  push_video (&f, 2, FALSE);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 2);
  ts = drain (&f, &cuts, &disconts);
  ts_report_free (check_clean (ts));
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_intervals)
{
  guint64 pats[2];
  guint pass, cuts, disconts, i;

  for (pass = 0; pass < 2; pass++) {
    g_autoptr (GByteArray) ts = NULL;
    g_autoptr (TsReport) report = NULL;
    Fixture f;

    fixture_init (&f, AVC_CAPS ("0d"), FALSE);
    g_object_set (f.video->element, "pat-interval",
        pass ? 100 * GST_MSECOND : (guint64) 0, "pcr-interval",
        pass ? 20 * GST_MSECOND : 40 * GST_MSECOND, NULL);
    for (i = 0; i < 50; i++)
      push_video (&f, i, i == 0);
    ts = drain (&f, &cuts, &disconts);
    report = ts_check (ts->data, ts->len,
        &(TsLimits){ .pcr_interval_ms = pass ? 20 : 40,
            .psi_interval_ms = pass ? 120 : 0 });
    fail_unless_equals_int (report->problems->len, 0);
    pats[pass] = report->n_pat;
    fixture_clear (&f);
  }
  fail_unless_equals_int (pats[0], 1);
  fail_unless (pats[1] >= 16);
}
GST_END_TEST;

static Suite *
tsmux_suite (void)
{
  Suite *suite = suite_create ("arclytsmux");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_content);
  tcase_add_test (tc, test_audio_only);
  tcase_add_test (tc, test_byte_stream);
  tcase_add_test (tc, test_caps_change);
  tcase_add_test (tc, test_discont);
  tcase_add_test (tc, test_jump);
  tcase_add_test (tc, test_missing_dts);
  tcase_add_test (tc, test_missing_both);
  tcase_add_test (tc, test_negative_dts);
  tcase_add_test (tc, test_malformed);
  tcase_add_test (tc, test_intervals);
  return suite;
}

GST_CHECK_MAIN (tsmux);
