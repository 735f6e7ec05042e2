/* SPDX-License-Identifier: MIT
 *
 * Where arclyfmp4mux leaves parameter sets that are in the samples of packed
 * H.264 and H.265 (ISO/IEC 14496-15, 5.3.3 and 8.3.2). */
#include "testfmp4.h"

#define LENGTH(n) 0, 0, 0, n
#define SPS(level)                                                             \
  LENGTH (24), 0x67, 0x42, 0xc0, level, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10,    \
      0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42,  \
      0xa4, 0x80
#define PPS LENGTH (6), 0x68, 0xcb, 0x83, 0xcb, 0x20, 0x00
#define AUD LENGTH (2), 0x09, 0xf0
#define SEI LENGTH (4), 0x06, 0x05, 0x00, 0x80

/* x265, 1920x1080, Main. */
#define N_VPS_265 24
#define VPS_265                                                                \
  0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00,      \
      0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0x95, 0x94, 0x09
#define N_SPS_265 55
#define SPS_265                                                                \
  0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00,      \
      0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe5,  \
      0x96, 0x56, 0x59, 0x24, 0xe5, 0x78, 0x0b, 0x50, 0x10, 0x10, 0x10, 0x40,  \
      0x00, 0x00, 0xfa, 0x40, 0x00, 0x1d, 0x4c, 0x18, 0x49, 0x25, 0x9b, 0x80,  \
      0x03, 0xd0, 0x90, 0x00, 0x7a, 0x12, 0x20
#define N_PPS_265 7
#define PPS_265 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40

static const Fmp4Limits strict = { 0 };
static const guint8 same[] = { AUD, SPS (0x0d), PPS, SEI };
static const guint8 other[] = { SPS (0x0c), PPS };
static const guint8 in_front[] = { AUD };
static const guint8 behind[] = { SEI };

/* A frame behind other NAL units, all in one memory. */
static GstBuffer *
make_unit (const guint8 *front, gsize front_size, guint n, gboolean key)
{
  GstClockTime t = n * 40 * GST_MSECOND;
  GstBuffer *frame = make_frame (t, t, key, n);
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, front_size + FRAME_SIZE, NULL);
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  memcpy (map.data, front, front_size);
  gst_buffer_extract (frame, 0, map.data + front_size, FRAME_SIZE);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_copy_into (buffer, frame, GST_BUFFER_COPY_METADATA, 0, -1);
  gst_buffer_unref (frame);
  return buffer;
}

static void
fail_unless_sample (
    const Fmp4Report *report, guint n, const guint8 *front, gsize front_size)
{
  const Fmp4Sample *sample = fmp4_report_sample (report, 1, n);

  fail_unless (sample != NULL);
  fail_unless_equals_int (sample->size, front_size + FRAME_SIZE);
  fail_unless (memcmp (sample->data, front, front_size) == 0);
  fail_unless_equals_int (sample->data[sample->size - 1], n | 0x80);
}

/* Sets that are in the sample entry are in no sample of avc1; the picture is
 * the memory that came in. */
GST_START_TEST (test_left_out)
{
  g_autoptr (Fmp4Report) report = NULL;
  guint8 front[sizeof in_front + sizeof behind];
  GstMemory *went_in;
  guint i, j, found = 0;
  GstBuffer *key;
  Output out;
  Fixture f;

  memcpy (front, in_front, sizeof in_front);
  memcpy (front + sizeof in_front, behind, sizeof behind);
  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  key = make_unit (same, sizeof same, 0, TRUE);
  went_in = gst_memory_ref (gst_buffer_peek_memory (key, 0));
  push (f.video, key);
  push_video (&f, 1, FALSE);
  push (f.video, make_unit (same, sizeof same, 2, TRUE));
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 1);
  fail_unless_equals_int (count_samples (report, 1), 3);
  fail_unless_sample (report, 0, front, sizeof front);
  fail_unless_sample (report, 1, in_front, 0);
  fail_unless_sample (report, 2, front, sizeof front);
  for (i = 0; i < out.all->len; i++) {
    GstBuffer *buffer = g_ptr_array_index (out.all, i);

    for (j = 0; j < gst_buffer_n_memory (buffer); j++)
      found += gst_buffer_peek_memory (buffer, j)->parent == went_in;
  }
  /* What is in front of the sets, and what is behind them. */
  fail_unless_equals_int (found, 2);
  gst_memory_unref (went_in);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Others in a key frame are in a new init segment, not in a sample. */
GST_START_TEST (test_other_sets)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  push_both (&f, 0, 50, 50);
  push (f.video, make_unit (other, sizeof other, 50, TRUE));
  push_both (&f, 51, 60, 100);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 2);
  fail_unless_equals_int (count_samples (report, 1), 60);
  fail_unless_sample (report, 50, in_front, 0);
  fail_unless_equals_int (fmp4_report_sample (report, 1, 50)->init, 1);
  fail_unless_equals_int (
      g_array_index (report->tracks, Fmp4Track, 0).config[3], 0x0c);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* No init segment can begin elsewhere: there they stay, a decoder needs them.
 */
GST_START_TEST (test_between)
{
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  push_both (&f, 0, 5, 50);
  push (f.video, make_unit (other, sizeof other, 5, FALSE));
  push_eos (&f);
  output_take (&out, &f);
  report = fmp4_check (out.bytes->data, out.bytes->len, &strict);
  fail_unless (fmp4_report_has (report, "a parameter set in a sample of avc1"));
  fail_unless_equals_int (report->n_inits, 1);
  fail_unless_sample (report, 5, other, sizeof other);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* avc3 has its sets in the samples. */
GST_START_TEST (test_in_band)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (AVC_CAPS ("0d", "25/1"));
  g_autoptr (Fmp4Report) report = NULL;
  Output out;
  Fixture f;

  gst_caps_set_simple (caps, "stream-format", G_TYPE_STRING, "avc3", NULL);
  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  gst_harness_set_src_caps (f.video, g_steal_pointer (&caps));
  push (f.video, make_unit (same, sizeof same, 0, TRUE));
  push (f.video, make_unit (other, sizeof other, 1, TRUE));
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 1);
  fail_unless_equals_string (
      g_array_index (report->tracks, Fmp4Track, 0).entry, "avc3");
  fail_unless_sample (report, 0, same, sizeof same);
  fail_unless_sample (report, 1, other, sizeof other);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

static GstCaps *
make_h265_caps (const gchar *stream_format)
{
  static const guint8 record[] = { 0x01, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0,
    0, 0x78, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3, 0xa0, 0, 1, 0,
    N_VPS_265, VPS_265, 0xa1, 0, 1, 0, N_SPS_265, SPS_265, 0xa2, 0, 1, 0,
    N_PPS_265, PPS_265 };
  g_autoptr (GstBuffer) data = gst_buffer_new_memdup (record, sizeof record);

  return gst_caps_new_simple ("video/x-h265", "stream-format", G_TYPE_STRING,
      stream_format, "alignment", G_TYPE_STRING, "au", "framerate",
      GST_TYPE_FRACTION, 25, 1, "codec_data", GST_TYPE_BUFFER, data, NULL);
}

/* The same of H.265: hvc1 without its sets, hev1 with them. */
GST_START_TEST (test_h265)
{
  static const guint8 sets[] = { LENGTH (N_VPS_265), VPS_265,
    LENGTH (N_SPS_265), SPS_265, LENGTH (N_PPS_265), PPS_265 };
  static const guint8 idr[] = { LENGTH (6), 0x28, 0x01, 0xaf, 0x11, 0x22,
    0x33 };
  gboolean in_band = __i__ == 1;
  g_autoptr (Fmp4Report) report = NULL;
  const Fmp4Sample *sample;
  GstBuffer *buffer;
  Output out;
  Fixture f;

  fixture_init (&f, AVC_CAPS ("0d", "25/1"), NULL);
  gst_harness_set_src_caps (
      f.video, make_h265_caps (in_band ? "hev1" : "hvc1"));
  buffer = gst_buffer_append (gst_buffer_new_memdup (sets, sizeof sets),
      gst_buffer_new_memdup (idr, sizeof idr));
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = 0;
  push (f.video, buffer);
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_string (g_array_index (report->tracks, Fmp4Track, 0).entry,
      in_band ? "hev1" : "hvc1");
  sample = fmp4_report_sample (report, 1, 0);
  fail_unless_equals_int (
      sample->size, sizeof idr + (in_band ? sizeof sets : 0));
  if (in_band)
    fail_unless (memcmp (sample->data, sets, sizeof sets) == 0);
  fail_unless (
      memcmp (sample->data + sample->size - sizeof idr, idr, sizeof idr) == 0);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* A frame behind NAL units with start codes, all of it a byte stream. */
static GstBuffer *
make_stream_unit (const guint8 *front, gsize front_size, guint n, gboolean key)
{
  GstBuffer *buffer = make_unit (front, front_size, n, key);

  gst_buffer_memset (buffer, front_size, 0, 3);
  gst_buffer_memset (buffer, front_size + 3, 1, 1);
  return buffer;
}

#define STREAM_CAPS                                                            \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define START 0, 0, 0, 1
#define N_SPS_STREAM 28
#define SPS_STREAM                                                             \
  START, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00,     \
      0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4,  \
      0x80
#define N_VVC_SPS 20
/* Main 10, level 4.0, 1920x1088 cut to 1080. */
#define VVC_SPS                                                                \
  0x00, 0x79, 0x00, 0x0d, 0x02, 0x40, 0x80, 0x01, 0x01, 0x02, 0x03, 0x04,      \
      0x00, 0x0f, 0x02, 0x00, 0x44, 0x1f, 0x29, 0xc0
#define VVC_PPS 0x00, 0x81, 0x00, 0x80
/* Ids 0 and 1 (010), both of SPS 0. */
#define PPS_0 START, 0x68, 0xcb, 0x83, 0xcb, 0x20
#define OTHER_PPS_0 START, 0x68, 0xcb, 0x83, 0xcb, 0x28
#define PPS_1 START, 0x68, 0x4b, 0x83, 0xcb, 0x20

/* The PPS in avcC of the last init segment, and its last byte. */
static guint
count_pps (const Fmp4Report *report, guint8 *last)
{
  const Fmp4Track *track = &g_array_index (report->tracks, Fmp4Track, 0);
  const guint8 *p = track->config + 6;
  guint n, i;

  p += 2 + (p[0] << 8 | p[1]);
  n = *p++;
  for (i = 0; i < n; i++)
    p += 2 + (p[0] << 8 | p[1]);
  *last = p[-1];
  return n;
}

/* A PPS without its SPS in a key frame of a byte stream: of an id that is known
 * it replaces that one, of another it is added; either makes an init segment.
 */
GST_START_TEST (test_pps_alone)
{
  static const guint8 beginning[] = { SPS_STREAM, PPS_0 };
  static const guint8 replaced[] = { OTHER_PPS_0 };
  static const guint8 added[] = { PPS_1 };
  gboolean is_other = __i__ == 1;
  g_autoptr (Fmp4Report) report = NULL;
  guint8 last;
  Output out;
  Fixture f;

  fixture_init (&f, STREAM_CAPS, NULL);
  push (f.video, make_stream_unit (beginning, sizeof beginning, 0, TRUE));
  push (f.video, make_stream_unit (beginning, 0, 1, FALSE));
  push (f.video,
      make_stream_unit (is_other ? added : replaced, sizeof replaced, 2, TRUE));
  /* What was there all the time changes nothing. */
  push (f.video, make_stream_unit (beginning, N_SPS_STREAM, 3, TRUE));
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 2);
  fail_unless_equals_int (count_samples (report, 1), 4);
  fail_unless_equals_int (fmp4_report_sample (report, 1, 1)->init, 0);
  fail_unless_equals_int (fmp4_report_sample (report, 1, 2)->init, 1);
  fail_unless_equals_int (count_pps (report, &last), is_other ? 2 : 1);
  fail_unless_equals_int (last, is_other ? 0x20 : 0x28);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* Between key frames it stays in its sample, and the next key frame, which need
 * not repeat it, begins with it in an init segment. */
GST_START_TEST (test_pps_between)
{
  static const guint8 beginning[] = { SPS_STREAM, PPS_0 };
  static const guint8 replaced[] = { OTHER_PPS_0 };
  static const guint8 kept[] = { LENGTH (5), 0x68, 0xcb, 0x83, 0xcb, 0x28 };
  g_autoptr (Fmp4Report) report = NULL;
  guint8 last;
  Output out;
  Fixture f;

  fixture_init (&f, STREAM_CAPS, NULL);
  push (f.video, make_stream_unit (beginning, sizeof beginning, 0, TRUE));
  push (f.video, make_stream_unit (replaced, sizeof replaced, 1, FALSE));
  push (f.video, make_stream_unit (beginning, 0, 2, TRUE));
  push_eos (&f);
  output_take (&out, &f);
  report = fmp4_check (out.bytes->data, out.bytes->len, &strict);
  fail_unless_equals_int (report->problems->len, 1);
  fail_unless (fmp4_report_has (report, "a parameter set in a sample of avc1"));
  fail_unless_equals_int (report->n_inits, 2);
  fail_unless_sample (report, 0, in_front, 0);
  fail_unless_sample (report, 1, kept, sizeof kept);
  fail_unless_sample (report, 2, in_front, 0);
  fail_unless_equals_int (count_pps (report, &last), 1);
  fail_unless_equals_int (last, 0x28);
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

/* H.266 as GStreamer 1.26 names it: vvc1 of a byte stream and of what is
 * packed, its sets in vvcC only, an IDR a sync sample. The sets are made by
 * hand (as in codec/h266.c): nothing in Debian 12 encodes it. */
GST_START_TEST (test_h266)
{
  static const guint8 key[] = { START, 0x00, 0xa1, 0x10, START, VVC_SPS, START,
    VVC_PPS, START, 0x00, 0x39, 0xaf, 0x11 };
  static const guint8 trail[] = { START, 0x00, 0x01, 0xaf, 0x22 };
  static const guint8 packed_key[] = { LENGTH (4), 0x00, 0x39, 0xaf, 0x11 };
  static const guint8 packed_other[] = { LENGTH (4), 0x00, 0x01, 0xaf, 0x22 };
  static const guint8 vvcc[] = { 0, 0, 0, 0, 0xff, 0x00, 0x11, 0x5f, 1, 2, 64,
    0x80, 0, 0x07, 0x80, 0x04, 0x40, 0, 0, 2, 0x80 | 15, 0, 1, 0, N_VVC_SPS,
    VVC_SPS, 0x80 | 16, 0, 1, 0, 4, VVC_PPS };
  gboolean is_packed = __i__ == 1;
  g_autoptr (GstBuffer) record =
      gst_buffer_new_memdup (vvcc + 4, sizeof vvcc - 4);
  g_autoptr (Fmp4Report) report = NULL;
  const Fmp4Sample *sample;
  guint i, found = 0;
  Output out;
  Fixture f;

  fixture_init (&f,
      "video/x-h266, stream-format=(string)byte-stream, alignment=(string)au, "
      "framerate=(fraction)25/1",
      NULL);
  if (is_packed)
    gst_harness_set_src_caps (
        f.video, gst_caps_new_simple ("video/x-h266", "stream-format",
                     G_TYPE_STRING, "vvc1", "alignment", G_TYPE_STRING, "au",
                     "framerate", GST_TYPE_FRACTION, 25, 1, "codec_data",
                     GST_TYPE_BUFFER, record, NULL));
  for (i = 0; i < 4; i++) {
    GstBuffer *buffer = is_packed
                            ? (i == 0 ? gst_buffer_new_memdup (packed_key, 8)
                                      : gst_buffer_new_memdup (packed_other, 8))
                        : i == 0 ? gst_buffer_new_memdup (key, sizeof key)
                                 : gst_buffer_new_memdup (trail, sizeof trail);

    GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = i * 40 * GST_MSECOND;
    push (f.video, buffer);
  }
  push_eos (&f);
  output_take (&out, &f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->n_inits, 1);
  fail_unless_equals_string (
      g_array_index (report->tracks, Fmp4Track, 0).entry, "vvc1");
  fail_unless_equals_int (count_samples (report, 1), 4);
  for (i = 0; i + sizeof vvcc < out.bytes->len; i++)
    found += memcmp (out.bytes->data + i, vvcc, sizeof vvcc) == 0;
  fail_unless_equals_int (found, 1);
  for (i = 0; i < 4; i++) {
    sample = fmp4_report_sample (report, 1, i);
    fail_unless_equals_int (sample->sync, i == 0);
    fail_unless_equals_int (sample->size, 8);
    fail_unless (
        memcmp (sample->data, i == 0 ? packed_key : packed_other, 8) == 0);
  }
  fixture_clear (&f);
  output_clear (&out);
}
GST_END_TEST;

static Suite *
fmp4muxsets_suite (void)
{
  Suite *suite = suite_create ("arclyfmp4mux sets");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_left_out);
  tcase_add_test (tcase, test_other_sets);
  tcase_add_test (tcase, test_between);
  tcase_add_test (tcase, test_in_band);
  tcase_add_loop_test (tcase, test_h265, 0, 2);
  tcase_add_loop_test (tcase, test_pps_alone, 0, 2);
  tcase_add_test (tcase, test_pps_between);
  tcase_add_loop_test (tcase, test_h266, 0, 2);
  return suite;
}

GST_CHECK_MAIN (fmp4muxsets)
