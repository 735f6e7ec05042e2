/* SPDX-License-Identifier: MIT */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "tschecker.h"

#define SPS                                                                    \
  0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00,      \
      0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80
/* Level 1.3 and level 1.2: two streams to a decoder. */
#define AVC_CAPS(level)                                                        \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "framerate=(fraction)25/1, codec_data=(buffer)0142c0" level                  \
  "ffe100186742c00dd90141fb0110000003001000000303"                             \
  "20f142a480010006"                                                           \
  "68cb83cb2000"
#define STREAM_CAPS                                                            \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"

static const TsLimits limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };

typedef struct {
  GstHarness *video; /* owns the element and the source pad */
  GstHarness *audio;
} Fixture;

static void
fixture_init (Fixture *f, const gchar *video_caps, gboolean audio)
{
  f->video = gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  f->audio = NULL;
  /* A PES for each frame: most tests count them. tsmuxaudio.c has the rest. */
  g_object_set (f->video->element, "max-audio-delay", (guint64) 0, NULL);
  if (audio)
    f->audio =
        gst_harness_new_with_element (f->video->element, "audio_0", NULL);
  if (video_caps)
    gst_harness_set_src_caps_str (f->video, video_caps);
  if (audio)
    gst_harness_set_src_caps_str (f->audio, AAC_CAPS);
}

static void
fixture_clear (Fixture *f)
{
  if (f->audio)
    gst_harness_teardown (f->audio);
  gst_harness_teardown (f->video);
}

static GstBuffer *
make_frame (GstClockTime pts, GstClockTime dts, gboolean key, guint8 mark)
{
  guint8 *data = g_malloc (400);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, 400);

  memset (data, mark | 0x80, 400);
  GST_WRITE_UINT32_BE (data, 396);
  data[4] = key ? 0x65 : 0x41;
  data[5] = key ? 0x88 : 0x9a;
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = dts;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static GstBuffer *
make_audio (GstClockTime pts, guint8 mark)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

  gst_buffer_memset (buffer, 0, mark, 100);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 1024 * GST_SECOND / 48000;
  return buffer;
}

static void
push_video (Fixture *f, guint n, gboolean key)
{
  GstClockTime t = n * 40 * GST_MSECOND;

  fail_unless_equals_int (
      gst_harness_push (f->video, make_frame (t, t, key, n)), GST_FLOW_OK);
}

static void
push_audio (Fixture *f, guint n)
{
  fail_unless_equals_int (gst_harness_push (f->audio,
                              make_audio (n * 1024 * GST_SECOND / 48000, n)),
      GST_FLOW_OK);
}

static void
push_eos (GstHarness *h)
{
  if (h)
    fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
}

/* Everything that came out, checked one buffer by one. */
static GByteArray *
drain (Fixture *f, guint *n_cuts, guint *n_discont)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;

  *n_cuts = *n_discont = 0;
  while ((buffer = gst_harness_try_pull (f->video))) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    fail_unless_equals_int (map.size % 188, 0);
    if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
      (*n_cuts)++;
      fail_unless_equals_int (map.data[1] << 8 | map.data[2], 0x4000);
      fail_unless_equals_int (map.data[189] << 8 | map.data[190], 0x5000);
    }
    if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
      (*n_discont)++;
      fail_if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    }
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return all;
}

static TsReport *
check_clean (GByteArray *ts)
{
  TsReport *report = ts_check (ts->data, ts->len, &limits);
  guint i;

  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

static guint
count_units (const TsReport *report, guint8 stream_type)
{
  guint i, n = 0;

  for (i = 0; i < report->units->len; i++)
    n += ((TsUnit *) g_ptr_array_index (report->units, i))->stream_type ==
         stream_type;
  return n;
}

static gboolean
got_event (GstHarness *h, GstEventType type)
{
  GstEvent *event;
  gboolean found = FALSE;

  while ((event = gst_harness_try_pull_event (h))) {
    found |= GST_EVENT_TYPE (event) == type;
    gst_event_unref (event);
  }
  return found;
}

/* One thread feeds both pads, in bursts, and is never held. */
GST_START_TEST (test_one_thread)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i, a = 0;
  gint64 last = 0;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 100; i++) {
    push_video (&f, i, i % 25 == 0);
    while (i % 5 == 4 && a * 1024 * 1000 / 48000 < (i + 1) * 40)
      push_audio (&f, a++);
  }
  push_eos (f.video);
  push_eos (f.audio);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (cuts, 4);
  fail_unless_equals_int (disconts, 1);
  fail_unless_equals_int (count_units (report, 0x1b), 100);
  fail_unless_equals_int (count_units (report, 0x0f), a);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless (unit->dts >= last);
    last = unit->dts;
  }
  fixture_clear (&f);
}
GST_END_TEST;

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

/* A track that is silent holds the other up to max-wait, and what comes late
 * is not lost. */
GST_START_TEST (test_silent_track)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 12; i++)
    push_video (&f, i, i == 0);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 0);
  for (; i < 40; i++)
    push_video (&f, i, FALSE);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 40);
  for (i = 0; i < 70; i++)
    push_audio (&f, i);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 110);
  push_eos (f.video);
  push_eos (f.audio);
  ts = drain (&f, &cuts, &disconts);
  /* Late audio is behind the clock: the rest must be right. */
  report = ts_check (ts->data, ts->len, &limits);
  for (i = 0; i < report->problems->len; i++)
    fail_unless (strstr (g_ptr_array_index (report->problems, i),
        "DTS before the PCR on PID 257"));
  fail_unless_equals_int (count_units (report, 0x0f), 70);
  fixture_clear (&f);
}
GST_END_TEST;

/* A GAP event lets the others go on at once. */
GST_START_TEST (test_gap)
{
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 0);
  fail_unless (gst_harness_push_event (
      f.audio, gst_event_new_gap (0, 200 * GST_MSECOND)));
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 5);
  fixture_clear (&f);
}
GST_END_TEST;

/* EOS of all pads, even of some that never had caps, ends the stream. */
GST_START_TEST (test_eos)
{
  Fixture f;

  fixture_init (&f, NULL, TRUE);
  push_audio (&f, 0);
  push_eos (f.video);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 1);
  fail_if (got_event (f.video, GST_EVENT_EOS));
  push_eos (f.audio);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  fixture_clear (&f);

  fixture_init (&f, NULL, FALSE);
  push_eos (f.video);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
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

/* A pad that comes late, and one that goes, each change the table. */
GST_START_TEST (test_late_pad)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (i = 0; i < 10; i++)
    push_video (&f, i, i == 0);
  f.audio = gst_harness_new_with_element (f.video->element, "audio_0", NULL);
  gst_harness_set_src_caps_str (f.audio, AAC_CAPS);
  for (; i < 20; i++) {
    push_video (&f, i, FALSE);
    push_audio (&f, 2 * i);
    push_audio (&f, 2 * i + 1);
  }
  gst_harness_teardown (f.audio);
  f.audio = NULL;
  for (; i < 40; i++)
    push_video (&f, i, i == 30);
  ts = drain (&f, &cuts, &disconts);
  report = check_clean (ts);
  fail_unless_equals_int (count_units (report, 0x1b), 40);
  fail_unless_equals_int (report->n_pmt_versions, 3);
  fail_unless_equals_int (report->n_streams, 1);
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

GST_START_TEST (test_flush)
{
  g_autoptr (GByteArray) ts = NULL;
  guint cuts, disconts, i;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  gst_harness_push_event (f.video, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (f.video, gst_event_new_flush_stop (TRUE));
  fail_unless (got_event (f.video, GST_EVENT_FLUSH_STOP));
  {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (f.video, gst_event_new_segment (&segment));
    gst_harness_push_event (f.audio, gst_event_new_segment (&segment));
  }
  for (i = 0; i < 5; i++)
    push_video (&f, i, i == 0);
  push_eos (f.audio);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 5);
  ts = drain (&f, &cuts, &disconts);
  ts_report_free (check_clean (ts));
  fixture_clear (&f);
}
GST_END_TEST;

/* Rule U16: each element adds what it adds, once. */
GST_START_TEST (test_latency)
{
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  gst_harness_set_upstream_latency (f.video, 100 * GST_MSECOND);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 100 * GST_MSECOND);
  f.audio = gst_harness_new_with_element (f.video->element, "audio_0", NULL);
  gst_harness_set_upstream_latency (f.audio, 120 * GST_MSECOND);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 620 * GST_MSECOND);
  g_object_set (f.video->element, "max-wait", 30 * GST_MSECOND, NULL);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 150 * GST_MSECOND);
  g_object_set (f.video->element, "max-audio-delay", 70 * GST_MSECOND, NULL);
  fail_unless_equals_uint64 (
      gst_harness_query_latency (f.video), 220 * GST_MSECOND);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_force_key_unit)
{
  GstEvent *event;
  gboolean found = FALSE;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  fail_unless (gst_harness_push_upstream_event (
      f.video, gst_video_event_new_upstream_force_key_unit (
                   GST_CLOCK_TIME_NONE, TRUE, 1)));
  while ((event = gst_harness_try_pull_upstream_event (f.video))) {
    found |= gst_video_event_is_force_key_unit (event);
    gst_event_unref (event);
  }
  fail_unless (found);
  while ((event = gst_harness_try_pull_upstream_event (f.audio))) {
    fail_if (gst_video_event_is_force_key_unit (event));
    gst_event_unref (event);
  }
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

typedef struct {
  GstHarness *h;
  guint n;
  gboolean video;
} Feeder;

static gpointer
feed (gpointer data)
{
  Feeder *feeder = data;
  guint i;

  for (i = 0; i < feeder->n; i++) {
    GstClockTime t = i * 40 * GST_MSECOND;

    gst_harness_push (feeder->h,
        feeder->video ? make_frame (t, t, i % 25 == 0, i) : make_audio (t, i));
  }
  push_eos (feeder->h);
  return NULL;
}

/* Two threads, neither lost, in order. */
GST_START_TEST (test_two_threads)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  guint cuts, disconts, i;
  Feeder feeders[2];
  GThread *threads[2];
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), TRUE);
  g_object_set (f.video->element, "max-wait", 60 * GST_SECOND, NULL);
  feeders[0] = (Feeder){ f.video, 1000, TRUE };
  feeders[1] = (Feeder){ f.audio, 1000, FALSE };
  for (i = 0; i < 2; i++)
    threads[i] = g_thread_new ("feeder", feed, &feeders[i]);
  for (i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  ts = drain (&f, &cuts, &disconts);
  report = ts_check (ts->data, ts->len, &limits);
  fail_unless_equals_int (count_units (report, 0x1b), 1000);
  fail_unless_equals_int (count_units (report, 0x0f), 1000);
  /* Sound that outlasts the picture can be cut on its own. */
  fail_unless (cuts == 40 || cuts == 41);
  fixture_clear (&f);
}
GST_END_TEST;

/* Pads come and go while another one streams. */
GST_START_TEST (test_pads_come_and_go)
{
  GThread *thread;
  Feeder feeder;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  feeder = (Feeder){ f.video, 2000, TRUE };
  thread = g_thread_new ("feeder", feed, &feeder);
  for (i = 0; i < 200; i++) {
    GstPad *pad = gst_element_request_pad_simple (f.video->element, "audio_%u");
    GstCaps *caps = gst_caps_from_string (AAC_CAPS);
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_pad_send_event (pad, gst_event_new_stream_start ("audio"));
    gst_pad_send_event (pad, gst_event_new_caps (caps));
    gst_pad_send_event (pad, gst_event_new_segment (&segment));
    gst_pad_chain (pad, make_audio (0, i));
    gst_element_release_request_pad (f.video->element, pad);
    gst_object_unref (pad);
    gst_caps_unref (caps);
  }
  g_thread_join (thread);
  fail_unless (got_event (f.video, GST_EVENT_EOS));
  fixture_clear (&f);
}
GST_END_TEST;

/* The element's own state is gone after READY. */
GST_START_TEST (test_restart)
{
  guint pass, cuts, disconts;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d"), FALSE);
  for (pass = 0; pass < 2; pass++) {
    g_autoptr (GByteArray) ts = NULL;

    push_video (&f, 0, TRUE);
    push_video (&f, 1, FALSE);
    ts = drain (&f, &cuts, &disconts);
    ts_report_free (check_clean (ts));
    fail_unless_equals_int (disconts, 1);
    gst_element_set_state (f.video->element, GST_STATE_READY);
    gst_element_set_state (f.video->element, GST_STATE_PLAYING);
    gst_harness_push_event (f.video, gst_event_new_stream_start ("again"));
    gst_harness_set_src_caps_str (f.video, AVC_CAPS ("0d"));
  }
  fixture_clear (&f);
}
GST_END_TEST;

static Suite *
tsmux_suite (void)
{
  Suite *suite = suite_create ("arclytsmux");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_one_thread);
  tcase_add_test (tc, test_content);
  tcase_add_test (tc, test_silent_track);
  tcase_add_test (tc, test_gap);
  tcase_add_test (tc, test_eos);
  tcase_add_test (tc, test_audio_only);
  tcase_add_test (tc, test_byte_stream);
  tcase_add_test (tc, test_caps_change);
  tcase_add_test (tc, test_discont);
  tcase_add_test (tc, test_jump);
  tcase_add_test (tc, test_late_pad);
  tcase_add_test (tc, test_missing_dts);
  tcase_add_test (tc, test_missing_both);
  tcase_add_test (tc, test_negative_dts);
  tcase_add_test (tc, test_malformed);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_latency);
  tcase_add_test (tc, test_force_key_unit);
  tcase_add_test (tc, test_intervals);
  tcase_add_test (tc, test_two_threads);
  tcase_add_test (tc, test_pads_come_and_go);
  tcase_add_test (tc, test_restart);
  return suite;
}

GST_CHECK_MAIN (tsmux);
