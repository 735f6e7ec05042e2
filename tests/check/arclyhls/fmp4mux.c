/* SPDX-License-Identifier: MIT */
#include "testfmp4.h"

#define SPS                                                                    \
  0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00,      \
      0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80
#define STREAM_CAPS                                                            \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define ADTS_CAPS                                                              \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts, "               \
  "framed=(boolean)true"

static const Fmp4Limits strict = { 0 };
static const Fmp4Limits chunked = { .chunks = TRUE };
static const Fmp4Limits holey = { .chunks = TRUE, .holes = TRUE };

/* One thread feeds both pads: init segment, then a fragment for each key frame
 * that is two seconds after the last. */
GST_START_TEST (test_fragments)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  push_both (&f, 0, 150, 25);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_string (
      report->top->str, "ftyp moov moof mdat moof mdat moof mdat ");
  fail_unless_equals_int (out.heads->len, 4);
  fail_unless_flags (
      output_head (&out, 0), GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DISCONT);
  fail_unless_flags (output_head (&out, 1), GST_BUFFER_FLAG_DISCONT);
  for (i = 1; i < 4; i++) {
    GstBuffer *head = output_head (&out, i);

    if (i > 1)
      fail_unless_flags (head, 0);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (head), (i - 1) * 2 * GST_SECOND);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (head), 2 * GST_SECOND);
  }
  fail_unless_equals_int (count_samples (report, 1), 150);
  fail_unless_equals_int (count_samples (report, 2), 282);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Bytes and times come back as they went in. */
GST_START_TEST (test_content)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  push_both (&f, 0, 50, 50);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  for (i = 0; i < 50; i++) {
    const Fmp4Sample *sample = fmp4_report_sample (report, 1, i);

    fail_unless_equals_int64 (sample->dts, i * 3600);
    fail_unless_equals_int64 (sample->pts, i * 3600);
    fail_unless_equals_int (sample->duration, 3600);
    fail_unless_equals_int (sample->sync, i == 0);
    fail_unless_equals_int (sample->size, FRAME_SIZE);
    fail_unless_equals_int (sample->data[FRAME_SIZE - 1], i | 0x80);
  }
  for (i = 0; i < 93; i++) {
    const Fmp4Sample *sample = fmp4_report_sample (report, 2, i);

    fail_unless_equals_int64 (sample->dts, i * 1024);
    fail_unless_equals_int (sample->duration, 1024);
    fail_unless (sample->sync);
    fail_unless_equals_int (sample->size, AUDIO_SIZE);
    fail_unless_equals_int (sample->data[0], i);
    fail_unless_equals_int (sample->data[AUDIO_SIZE - 1], i);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* What comes out are the memories that went in. */
GST_START_TEST (test_zero_copy)
{
  g_autoptr (GPtrArray) went_in = g_ptr_array_new ();
  guint i, j, found = 0;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  for (i = 0; i < 40; i++) {
    GstClockTime t = i * 40 * GST_MSECOND;
    GstBuffer *buffer = make_frame (t, t, i == 0, i);

    g_ptr_array_add (went_in, gst_buffer_peek_memory (buffer, 0));
    push (f.video, buffer);
  }
  push_eos (&f);
  output_take (&out, &f);
  for (i = 0; i < out.all->len; i++) {
    GstBuffer *buffer = g_ptr_array_index (out.all, i);

    for (j = 0; j < gst_buffer_n_memory (buffer); j++)
      found +=
          g_ptr_array_find (went_in, gst_buffer_peek_memory (buffer, j), NULL);
  }
  fail_unless_equals_int (found, 40);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* With B frames the first DTS is negative: an edit list takes back what decode
 * times are moved by, so that picture and sound begin together. */
GST_START_TEST (test_negative_dts)
{
  static const gint64 shown[] = { 0, 3, 1, 2 };
  g_autoptr (Fmp4Report) report = NULL;
  GstSegment segment;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = GST_SECOND;
  fail_unless (
      gst_harness_push_event (f.video, gst_event_new_segment (&segment)));
  for (i = 0; i < 4; i++)
    push (f.video,
        make_frame (GST_SECOND + shown[i] * 40 * GST_MSECOND,
            GST_SECOND + ((gint64) i - 1) * 40 * GST_MSECOND, i == 0, i));
  for (i = 0; i < 7; i++)
    push_audio (&f, i);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int64 (
      g_array_index (report->tracks, Fmp4Track, 0).media_start, 3600);
  for (i = 0; i < 4; i++) {
    const Fmp4Sample *sample = fmp4_report_sample (report, 1, i);

    fail_unless_equals_int64 (sample->dts, ((gint64) i - 1) * 3600);
    fail_unless_equals_int64 (sample->pts, shown[i] * 3600);
  }
  fail_unless_equals_int64 (fmp4_report_sample (report, 2, 0)->pts, 0);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (output_head (&out, 1)), 0);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Frames at 30000/1001 have whole lengths. */
GST_START_TEST (test_ntsc)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "30000/1001"), NULL);
  for (i = 0; i < 300; i++) {
    GstClockTime t = gst_util_uint64_scale (i * 1001, GST_SECOND, 30000);
    GstBuffer *buffer = make_frame (t, t, i == 0, i);

    GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
    push (f.video, buffer);
  }
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (
      g_array_index (report->tracks, Fmp4Track, 0).timescale, 30000);
  for (i = 0; i < 300; i++) {
    const Fmp4Sample *sample = fmp4_report_sample (report, 1, i);

    fail_unless_equals_int64 (sample->dts, i * 1001);
    fail_unless_equals_int (sample->duration, 1001);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* No chunk is longer than chunk-duration, and only the first of a fragment is a
 * place to cut. It leaves when it is full, not when the next one begins. */
GST_START_TEST (test_chunks)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  g_object_set (
      f.video->element, "chunk-duration", (guint64) 200 * GST_MSECOND, NULL);
  push_both (&f, 0, 4, 50);
  fail_unless_equals_int (gst_harness_buffers_in_queue (f.video), 0);
  push_both (&f, 4, 5, 50);
  fail_unless (gst_harness_buffers_in_queue (f.video) > 0);
  push_both (&f, 5, 100, 50);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &chunked);
  fail_unless_equals_int (report->n_moofs, 20);
  for (i = 1; i < out.heads->len; i++) {
    GstBuffer *head = output_head (&out, i);

    fail_unless_flags (head, i == 1              ? GST_BUFFER_FLAG_DISCONT
                             : (i - 1) % 10 == 0 ? 0
                                                 : GST_BUFFER_FLAG_DELTA_UNIT);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (head), 200 * GST_MSECOND);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Sound alone is cut by time. */
GST_START_TEST (test_audio_only)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, NULL, AAC_CAPS);
  g_object_set (
      f.video->element, "fragment-duration", (guint64) GST_SECOND, NULL);
  for (i = 0; i < 200; i++)
    push_audio (&f, i);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (count_samples (report, 1), 200);
  fail_unless_equals_int (report->n_moofs, 5);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* A byte stream becomes avc1: parameter sets are in the sample entry only, and
 * ADTS headers nowhere. */
GST_START_TEST (test_byte_stream)
{
  static const guint8 key[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, SPS, 0, 0, 1,
    0x68, 0xcb, 0x83, 0xcb, 0x20, 0, 0, 1, 0x65, 0x88, 0x81, 0x82 };
  static const guint8 adts[] = { 0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21,
    0x22 };
  g_autoptr (Fmp4Report) report = NULL;
  const Fmp4Sample *sample;
  const Fmp4Track *track;
  GstBuffer *buffer;
  Output out;
  Fixture f;

  fixture_init (&f, STREAM_CAPS, ADTS_CAPS ", rate=(int)48000");
  buffer = gst_buffer_new_memdup (key, sizeof key);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = 0;
  push (f.video, buffer);
  buffer = gst_buffer_new_memdup (adts, sizeof adts);
  GST_BUFFER_PTS (buffer) = 0;
  push (f.audio, buffer);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  track = &g_array_index (report->tracks, Fmp4Track, 0);
  fail_unless_equals_string (track->entry, "avc1");
  sample = fmp4_report_sample (report, 1, 0);
  fail_unless_equals_int (sample->size, 8);
  fail_unless (memcmp (sample->data, "\0\0\0\4\x65\x88\x81\x82", 8) == 0);
  fail_unless (sample->sync);
  sample = fmp4_report_sample (report, 2, 0);
  fail_unless_equals_int (sample->size, 2);
  fail_unless (memcmp (sample->data, "\x21\x22", 2) == 0);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Two hours forth: the sample before is not two hours long. */
GST_START_TEST (test_jump)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  push_both (&f, 0, 30, 30);
  push_both (&f, 180000, 180030, 30);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &holey);
  for (i = 0; i < report->samples->len; i++) {
    const Fmp4Sample *sample = &g_array_index (report->samples, Fmp4Sample, i);

    fail_unless_equals_int (
        sample->duration, sample->track_id == 1 ? 3600 : 1024);
  }
  fail_unless_equals_int (count_samples (report, 1), 60);
  for (i = 2; i < out.heads->len; i++) {
    GstBuffer *head = output_head (&out, i);

    if (GST_BUFFER_PTS (head) == 7200 * GST_SECOND)
      fail_unless_flags (head, GST_BUFFER_FLAG_DISCONT);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* A hole in the sound closes a chunk; it does not make a sample longer, and not
 * the picture wait for it. */
GST_START_TEST (test_audio_hole)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  for (i = 0; i < 25; i++) {
    push_video (&f, i, i == 0);
    if (i < 10 || i >= 15) {
      push_audio (&f, 2 * i);
      push_audio (&f, 2 * i + 1);
    }
  }
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &holey);
  fail_unless_equals_int (report->n_moofs, 2);
  fail_unless_flags (output_head (&out, 2), GST_BUFFER_FLAG_DELTA_UNIT);
  for (i = 0; i < 40; i++)
    fail_unless_equals_int (fmp4_report_sample (report, 2, i)->duration, 1024);
  fail_unless_equals_int64 (fmp4_report_sample (report, 2, 20)->dts, 30 * 1024);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Other parameter sets: a new init segment, in caps and as a buffer. */
GST_START_TEST (test_new_init)
{
  g_autoptr (Fmp4Report) report = NULL;
  g_autoptr (GstCaps) before = NULL;
  g_autoptr (GstCaps) after = NULL;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  push_both (&f, 0, 60, 60);
  push_both (&f, 60, 61, 60);
  before = gst_pad_get_current_caps (f.video->sinkpad);
  gst_harness_set_src_caps_str (f.video, AVC_CAPS ("0c", "25/1"));
  push_both (&f, 61, 62, 61);
  push_both (&f, 62, 80, 100);
  push_eos (&f);
  after = gst_pad_get_current_caps (f.video->sinkpad);
  fail_unless (before && after);
  fail_if (gst_caps_is_equal (before, after));
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 2);
  fail_unless_equals_int (count_samples (report, 1), 80);
  fail_unless_equals_int (out.heads->len, 5);
  fail_unless_flags (
      output_head (&out, 3), GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DISCONT);
  fail_unless_flags (output_head (&out, 4), GST_BUFFER_FLAG_DISCONT);
  fail_unless_equals_int (fmp4_report_sample (report, 1, 61)->init, 1);
  fail_unless_equals_int64 (fmp4_report_sample (report, 1, 61)->dts, 61 * 3600);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* The boxes that are asked for. */
GST_START_TEST (test_optional_boxes)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  g_object_set (f.video->element, "sidx", TRUE, "styp", TRUE, "prft", TRUE,
      "brand", "dash", "chunk-duration", (guint64) GST_SECOND, NULL);
  push_both (&f, 0, 50, 50);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &chunked);
  fail_unless_equals_string (report->top->str,
      "ftyp moov styp prft sidx moof mdat prft sidx moof mdat ");
  fail_unless (memcmp (out.bytes->data + 8, "dash", 4) == 0);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* A flush drops what is open; video goes on at a key frame, with DISCONT. */
GST_START_TEST (test_flush)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;
  GstSegment segment;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  push_both (&f, 0, 60, 50);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_harness_push_event (f.video, gst_event_new_flush_start ()));
  fail_unless (
      gst_harness_push_event (f.video, gst_event_new_flush_stop (TRUE)));
  fail_unless (
      gst_harness_push_event (f.video, gst_event_new_segment (&segment)));
  push_both (&f, 60, 110, 100);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &holey);
  fail_unless_equals_int (count_samples (report, 1), 60);
  fail_unless_equals_int64 (
      fmp4_report_sample (report, 1, 50)->dts, 100 * 3600);
  fail_unless_flags (output_head (&out, 2), GST_BUFFER_FLAG_DISCONT);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* What a pad brought before its release is not lost, and the others go on. */
GST_START_TEST (test_release)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), AAC_CAPS);
  push_both (&f, 0, 25, 50);
  gst_harness_teardown (f.audio);
  f.audio = NULL;
  push_both (&f, 25, 60, 50);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &chunked);
  fail_unless_equals_int (count_samples (report, 1), 60);
  fail_unless (count_samples (report, 2) > 40);
  fail_unless_equals_int (report->n_inits, 1);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* A malformed unit is left out, and the rest is as it was. */
GST_START_TEST (test_malformed)
{
  g_autoptr (Fmp4Report) report = NULL;
  GstBuffer *buffer;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  push_both (&f, 0, 5, 50);
  buffer = make_frame (5 * 40 * GST_MSECOND, 5 * 40 * GST_MSECOND, FALSE, 5);
  gst_buffer_memset (buffer, 0, 0x7f, 4);
  push (f.video, buffer);
  push_both (&f, 6, 10, 50);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (count_samples (report, 1), 9);
  fail_unless_equals_int64 (fmp4_report_sample (report, 1, 5)->dts, 6 * 3600);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* The checker finds what is wrong. */
GST_START_TEST (test_checker)
{
  static const struct {
    const gchar *box;
    guint offset; /* of a byte, from the box's type */
    guint8 value;
    const gchar *complaint;
  } table[] = {
    { "tfhd", 5, 0x00, "lacks default-base-is-moof" },
    { "tfdt", 15, 0x41, "jumps" },
    { "mvex", 0, 'x', "lacks mvex" },
    { "mfhd", 11, 0x00, "sequence" },
    { "trun", 15, 0x01, "longer than their sample" },
    { "mvhd", 103, 0x01, "next_track_ID" },
    { "avcC", 9, 0xe0, "avcC" },
    { "ftyp", 4, 'x', "not compatible" },
    { "moov", 0, 'y', "moof without moov" },
  };
  Output out;
  Fixture f;
  guint i;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  push_both (&f, 0, 150, 50);
  push_eos (&f);
  output_take (&out, &f);
  fail_unless (out.bytes->len > 0);
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GByteArray) copy = g_byte_array_new ();
    g_autoptr (Fmp4Report) report = NULL;
    guint8 *end;
    guint8 *p;

    g_byte_array_append (copy, out.bytes->data, out.bytes->len);
    /* The last one of its kind. */
    end = copy->data + copy->len - 4;
    for (p = end; p > copy->data && memcmp (p, table[i].box, 4) != 0;)
      p--;
    fail_unless (p > copy->data, "no %s", table[i].box);
    p[table[i].offset] = table[i].value;
    report = fmp4_check (copy->data, copy->len, &strict);
    fail_unless (fmp4_report_has (report, table[i].complaint),
        "%s: nothing about \"%s\"", table[i].box, table[i].complaint);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

static Suite *
fmp4mux_suite (void)
{
  Suite *suite = suite_create ("arclyfmp4mux");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_fragments);
  tcase_add_test (tcase, test_content);
  tcase_add_test (tcase, test_zero_copy);
  tcase_add_test (tcase, test_negative_dts);
  tcase_add_test (tcase, test_ntsc);
  tcase_add_test (tcase, test_chunks);
  tcase_add_test (tcase, test_audio_only);
  tcase_add_test (tcase, test_byte_stream);
  tcase_add_test (tcase, test_jump);
  tcase_add_test (tcase, test_audio_hole);
  tcase_add_test (tcase, test_new_init);
  tcase_add_test (tcase, test_optional_boxes);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_release);
  tcase_add_test (tcase, test_malformed);
  tcase_add_test (tcase, test_checker);
  return suite;
}

GST_CHECK_MAIN (fmp4mux)
