/* SPDX-License-Identifier: MIT
 *
 * arclytsmux and timestamps that are not as they should be: what comes out is
 * a clean stream in any case, and no unit is lost. */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <string.h>

#include "tschecker.h"

#define H264_CAPS                                                              \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define H265_CAPS                                                              \
  "video/x-h265, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define MS(n) ((n) *GST_MSECOND)
#define NONE GST_CLOCK_TIME_NONE
#define HOUR (3600 * GST_SECOND)
/* 5 s before what is written (the running time and 10 s) passes 33 bits. */
#define WRAP                                                                   \
  (gst_util_uint64_scale (G_GUINT64_CONSTANT (1) << 33, GST_SECOND, 90000) -   \
      15 * GST_SECOND)

static const TsLimits limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };

static GstBuffer *
make_frame (GstClockTime pts, GstClockTime dts, gboolean key)
{
  static const guint8 head[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01,
    0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20, 0, 0, 0, 1, 0x65,
    0x88, 0x80 };
  static const guint8 other[] = { 0, 0, 0, 1, 0x41, 0x9a, 0x80 };
  GstBuffer *buffer = key ? gst_buffer_new_memdup (head, sizeof head)
                          : gst_buffer_new_memdup (other, sizeof other);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = dts;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static GstBuffer *
make_sound (GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

  gst_buffer_memset (buffer, 0, 0, 100);
  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

static TsReport *
read_all (GstHarness *h, guint *n_disconts)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  TsReport *report;
  GstBuffer *buffer;
  guint i;

  *n_disconts = 0;
  while ((buffer = gst_harness_try_pull (h))) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    *n_disconts += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  report = ts_check (all->data, all->len, &limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

typedef struct {
  const gchar *name;
  /* Steps between frames, in ms; a frame each, until a 0 behind the first. */
  gint steps[12];
  guint n_disconts;
  guint max_packets; /* 0: any */
} Row;

static const Row rows[] = {
  { "as it should be", { 40, 40, 40, 40, 40, 40 }, 1, 0 },
  { "equal", { 40, -40, 40, 40, -40, 40 }, 1, 0 },
  { "back by a little", { 40, 40, -30, 40, 40, 40 }, 1, 0 },
  { "back by two hours", { 40, 40, -7200000, 40, 40 }, 2, 60 },
  { "forth by two hours", { 40, 40, 7200000, 40, 40 }, 2, 60 },
  { "forth and back", { 40, 7200000, 40, -7200000, 40 }, 3, 60 },
  /* The clock goes on in a hole, and is not made up over a longer one. */
  { "a hole of 3 s", { 40, 40, 3000, 40, 40 }, 1, 0 },
  { "a hole of a minute", { 40, 40, 60000, 40, 40 }, 2, 60 },
};

/* Key frames only: a discontinuity is marked where one can cut. Each row from
 * where a running time is negative, from two hours on (so that there is
 * somewhere to go back to), and over the end of 33 bits. */
GST_START_TEST (test_steps)
{
  guint r, start, i;

  for (r = 0; r < G_N_ELEMENTS (rows); r++) {
    for (start = 0; start < 3; start++) {
      GstHarness *h =
          gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
      g_autoptr (TsReport) report = NULL;
      GstSegment segment;
      GstClockTime t = 3 * HOUR;
      guint n_disconts, n = 0;

      gst_harness_set_src_caps_str (h, H264_CAPS);
      gst_segment_init (&segment, GST_FORMAT_TIME);
      if (start == 0)
        segment.start = segment.position = t + MS (80);
      else if (start == 2)
        segment.base = WRAP - t + MS (4900);
      gst_harness_push_event (h, gst_event_new_segment (&segment));
      for (i = 0; i == 0 || (i < 12 && rows[r].steps[i - 1] != 0); i++) {
        if (i > 0)
          t += (gint64) rows[r].steps[i - 1] * (gint64) GST_MSECOND;
        fail_unless_equals_int (
            gst_harness_push (h, make_frame (t, t, TRUE)), GST_FLOW_OK);
        n++;
      }
      report = read_all (h, &n_disconts);
      GST_INFO (
          "%s, start %u: %u packets", rows[r].name, start, report->n_packets);
      fail_unless_equals_int (report->units->len, n);
      fail_unless (n_disconts == rows[r].n_disconts, "%s, start %u: %u",
          rows[r].name, start, n_disconts);
      fail_unless (
          rows[r].max_packets == 0 || report->n_packets <= rows[r].max_packets);
      gst_harness_teardown (h);
    }
  }
}
GST_END_TEST;

/* Both tracks of a sender that restarts go elsewhere, one after the other. */
GST_START_TEST (test_both_jump)
{
  static const GstClockTime starts[] = { 3 * HOUR, 5 * HOUR, 1 * HOUR };
  GstHarness *video =
      gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  GstHarness *audio =
      gst_harness_new_with_element (video->element, "audio_0", NULL);
  g_autoptr (TsReport) report = NULL;
  gsize sound = 0;
  guint n_disconts, j, i, pictures = 0;

  gst_harness_set_src_caps_str (video, H264_CAPS);
  gst_harness_set_src_caps_str (audio, AAC_CAPS);
  for (j = 0; j < G_N_ELEMENTS (starts); j++) {
    for (i = 0; i < 50; i++) {
      GstClockTime t = starts[j] + i * MS (40);

      gst_harness_push (video, make_frame (t, t, i % 25 == 0));
      gst_harness_push (audio, make_sound (t));
      gst_harness_push (audio, make_sound (t + MS (20)));
    }
  }
  gst_harness_push_event (video, gst_event_new_eos ());
  gst_harness_push_event (audio, gst_event_new_eos ());
  {
    g_autoptr (GByteArray) all = g_byte_array_new ();
    GstBuffer *buffer;

    n_disconts = 0;
    while ((buffer = gst_harness_try_pull (video))) {
      GstMapInfo map;

      gst_buffer_map (buffer, &map, GST_MAP_READ);
      n_disconts += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
      g_byte_array_append (all, map.data, map.size);
      gst_buffer_unmap (buffer, &map);
      gst_buffer_unref (buffer);
    }
    report = ts_check (all->data, all->len, &limits);
  }
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    if (unit->stream_type == 0x1b)
      pictures++;
    else
      sound += unit->es->len;
  }
  fail_unless_equals_int (pictures, 150);
  fail_unless_equals_int (sound, 300 * 107);
  fail_unless_equals_int (n_disconts, 3);
  gst_harness_teardown (audio);
  gst_harness_teardown (video);
}
GST_END_TEST;

/* Matroska has no DTS: that of H.265 comes from what its SPS says. */
GST_START_TEST (test_h265_without_dts)
{
  /* IBBP in decoding order, in frames. */
  static const guint order[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };
  /* x265, 640x360, two pictures of reordering. */
  static const guint8 sets[] = { 0, 0, 0, 0x01, 0x40, 0x01, 0x0c, 0x01, 0xff,
    0xff, 0x01, 0x60, 0, 0, 0x03, 0, 0x90, 0, 0, 0x03, 0, 0, 0x03, 0, 0x3f,
    0x95, 0x90, 0x09, 0, 0, 0, 0x01, 0x42, 0x01, 0x01, 0x01, 0x60, 0, 0, 0x03,
    0, 0x90, 0, 0, 0x03, 0, 0, 0x03, 0, 0x3f, 0xa0, 0x05, 0x02, 0x01, 0x71,
    0xf2, 0xe5, 0x95, 0x91, 0x29, 0x30, 0xbc, 0x05, 0xa0, 0x20, 0, 0, 0x03, 0,
    0x20, 0, 0, 0x03, 0x03, 0xc1, 0, 0, 0, 0x01, 0x44, 0x01, 0xc0, 0x73, 0xc1,
    0x89, 0, 0, 0, 0x01, 0x26, 0x01, 0xaf, 0x80 };
  static const guint8 other[] = { 0, 0, 0, 1, 0x02, 0x01, 0xd0, 0x80 };
  GstHarness *h =
      gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  g_autoptr (TsReport) report = NULL;
  guint i, n_disconts;

  gst_harness_set_src_caps_str (h, H265_CAPS);
  for (i = 0; i < G_N_ELEMENTS (order); i++) {
    GstBuffer *buffer = i == 0 ? gst_buffer_new_memdup (sets, sizeof sets)
                               : gst_buffer_new_memdup (other, sizeof other);

    GST_BUFFER_PTS (buffer) = GST_SECOND + order[i] * MS (40);
    GST_BUFFER_DURATION (buffer) = MS (40);
    if (i > 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  }
  report = read_all (h, &n_disconts);
  fail_unless_equals_int (report->units->len, G_N_ELEMENTS (order));
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless_equals_int (unit->stream_type, 0x24);
    fail_unless_equals_int64 (unit->pts, 990000 + order[i] * 3600);
    fail_unless_equals_int64 (unit->dts, 990000 + ((gint) i - 2) * 3600);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
tsmuxtimes_suite (void)
{
  Suite *suite = suite_create ("arclytsmux and timestamps");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_steps);
  tcase_add_test (tc, test_both_jump);
  tcase_add_test (tc, test_h265_without_dts);
  return suite;
}

GST_CHECK_MAIN (tsmuxtimes);
