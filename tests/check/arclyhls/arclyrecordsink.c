/* SPDX-License-Identifier: MIT
 *
 * arclyrecordsink between harnesses: which files there are, what is in them,
 * and what the index and the messages say. */
#include "testrecordfiles.h"

#define CAPS AVC_CAPS ("0d", "25/1")
#define OTHER_CAPS AVC_CAPS ("1e", "25/1")

/* The mark that make_frame() fills a frame of video with. */
static guint
mark_of (const Fmp4Sample *sample)
{
  return sample->data[10] & 0x7f;
}

/* Every frame, once, at its time; every file begins with a key frame at 0. */
GST_START_TEST (test_rotation_by_time)
{
  g_autoptr (GArray) entries = NULL;
  guint n = 0, a = 0, i;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, "max-size-time", 4 * GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  test_record_add_audio (&t);
  push_both (&t.f, 0, 250, KEY_EVERY);
  test_record_end (&t);
  entries = test_record_index (t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FILE), 3);
  for (i = 0; i < 3; i++) {
    const GstArclyRecordEntry *file =
        test_record_entry (entries, GST_ARCLY_RECORD_FILE, i);
    const GstArclyRecordEntry *closed =
        test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, i);
    g_autoptr (Fmp4Report) report = test_record_check_fmp4 (&t, file->path);
    const Fmp4Sample *head = fmp4_report_sample (report, 1, 0);
    const Fmp4Sample *sample;
    guint k;

    fail_unless (head->sync);
    fail_unless_equals_string (closed->reason, i < 2 ? "time" : "eos");
    fail_unless_equals_int64 (
        closed->duration, (gint64) ((i < 2 ? 4 : 2) * GST_SECOND));
    fail_unless_equals_uint64 (closed->fragments, i < 2 ? 2 : 1);
    for (k = 0; (sample = fmp4_report_sample (report, 1, k)); k++, n++) {
      gint64 time = sample->pts * (gint64) GST_SECOND / 90000 + file->media;

      fail_unless_equals_int (mark_of (sample), n & 0x7f);
      fail_unless (ABS (time - (gint64) (n * 40 * GST_MSECOND)) < 20000);
    }
    for (k = 0; (sample = fmp4_report_sample (report, 2, k)); k++, a++) {
      gint64 time = sample->pts * (gint64) GST_SECOND / 48000 + file->media;

      fail_unless_equals_int (sample->data[0], a & 0xff);
      fail_unless (ABS (time - (gint64) audio_time (a)) < 20000);
    }
  }
  fail_unless_equals_int (n, 250);
  fail_unless_equals_int (a, 469);
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_GAP), 0);
  fail_unless_equals_uint64 (test_record_stat (&t, "files"), 3);
  fail_unless_equals_uint64 (test_record_stat (&t, "fragments"), 5);
  fail_unless_equals_uint64 (test_record_stat (&t, "lost-fragments"), 0);
  test_record_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_rotation_by_size)
{
  g_autoptr (GArray) entries = NULL;
  TestRecord t;
  guint i, n = 0;

  test_record_init (&t);
  test_record_new_sink (&t, "max-size-time", (guint64) 0, "max-size-bytes",
      (guint64) 45000, "fragment-duration", GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 250, KEY_EVERY);
  test_record_end (&t);
  entries = test_record_index (t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FILE), 3);
  for (i = 0; i < 3; i++) {
    const GstArclyRecordEntry *closed =
        test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, i);
    g_autofree gchar *name = g_strdup_printf ("%05u.mp4", i + 1);
    g_autoptr (Fmp4Report) report = test_record_check_fmp4 (&t, name);

    fail_unless (closed->size <= 45000);
    fail_unless_equals_string (closed->reason, i < 2 ? "size" : "eos");
    n += count_samples (report, 1);
  }
  fail_unless_equals_int (n, 250);
  test_record_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_ts)
{
  g_autoptr (GArray) entries = NULL;
  guint n_video = 0, n_audio = 0, i, k;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (
      &t, "container", 1, "max-size-time", 4 * GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  test_record_add_audio (&t);
  push_both (&t.f, 0, 250, KEY_EVERY);
  test_record_end (&t);
  entries = test_record_index (t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FILE), 3);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FRAGMENT), 5);
  for (i = 0; i < 3; i++) {
    g_autofree gchar *name = g_strdup_printf ("%05u.ts", i + 1);
    const GstArclyRecordEntry *closed =
        test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, i);
    g_autoptr (TsReport) report = test_record_check_ts (&t, name);
    gboolean is_first = TRUE;

    for (k = 0; k < report->units->len; k++) {
      const TsUnit *unit = g_ptr_array_index (report->units, k);

      if (unit->stream_type == 0x1b) {
        fail_unless (!is_first || unit->random_access);
        is_first = FALSE;
        n_video++;
      } else {
        n_audio++;
      }
    }
    fail_unless (
        ABS (closed->duration - (gint64) ((i < 2 ? 4 : 2) * GST_SECOND)) <
        (gint64) (30 * GST_MSECOND));
  }
  fail_unless_equals_int (n_video, 250);
  fail_unless (n_audio > 50);
  test_record_clear (&t);
}
GST_END_TEST;

/* Sound that comes before the first picture is in the first file, and so is
 * the picture. */
GST_START_TEST (test_sound_first)
{
  guint container;

  for (container = 0; container < 2; container++) {
    g_autoptr (GArray) entries = NULL;
    TestRecord t;
    guint i;

    test_record_init (&t);
    test_record_new_sink (&t, "container", container, NULL);
    test_record_add_video (&t, CAPS);
    test_record_add_audio (&t);
    for (i = 0; i < 3; i++)
      push_audio (&t.f, i);
    for (i = 2; i < 75; i++)
      push_video (&t.f, i, (i - 2) % KEY_EVERY == 0);
    test_record_end (&t);
    entries = test_record_index (t.folder);
    fail_unless_equals_int (
        test_record_count (entries, GST_ARCLY_RECORD_FILE), 1);
    fail_unless_equals_int (
        test_record_count (entries, GST_ARCLY_RECORD_GAP), 0);
    if (container == 0) {
      g_autoptr (Fmp4Report) report = test_record_check_fmp4 (&t, "00001.mp4");

      fail_unless_equals_int (report->samples->len, 76);
    } else {
      ts_report_free (test_record_check_ts (&t, "00001.ts"));
    }
    test_record_clear (&t);
  }
}
GST_END_TEST;

GST_START_TEST (test_audio_only)
{
  guint container, i;

  for (container = 0; container < 2; container++) {
    g_autoptr (GArray) entries = NULL;
    TestRecord t;
    guint n = 0;

    test_record_init (&t);
    test_record_new_sink (
        &t, "container", container, "max-size-time", 2 * GST_SECOND, NULL);
    test_record_add_audio (&t);
    for (i = 0; i < 282; i++)
      push_audio (&t.f, i);
    test_record_end (&t);
    entries = test_record_index (t.folder);
    fail_unless (test_record_count (entries, GST_ARCLY_RECORD_FILE) >= 3);
    for (i = 0; i < test_record_count (entries, GST_ARCLY_RECORD_FILE); i++) {
      const GstArclyRecordEntry *file =
          test_record_entry (entries, GST_ARCLY_RECORD_FILE, i);

      if (container == 0) {
        g_autoptr (Fmp4Report) report = test_record_check_fmp4 (&t, file->path);

        n += count_samples (report, 1);
      } else {
        ts_report_free (test_record_check_ts (&t, file->path));
      }
    }
    fail_unless (container == 1 || n == 282);
    fail_unless_equals_int (
        test_record_count (entries, GST_ARCLY_RECORD_GAP), 0);
    test_record_clear (&t);
  }
}
GST_END_TEST;

/* Rule U11: two hours that did not happen are in no duration, whether a key
 * frame jumps or one in mid-GOP; what no decoder can show is told. */
GST_START_TEST (test_jump)
{
  static const guint starts[] = { 25 * 7200, 25 * 7200 + 7 };
  guint container, i;

  for (container = 0; container < 2; container++) {
    for (i = 0; i < G_N_ELEMENTS (starts); i++) {
      g_autoptr (GArray) entries = NULL;
      const GstArclyRecordEntry *gap, *closed;
      TestRecord t;
      guint key =
          starts[i] % KEY_EVERY == 0 ? starts[i] : starts[i] + KEY_EVERY - 7;

      test_record_init (&t);
      test_record_new_sink (&t, "container", container, NULL);
      test_record_add_video (&t, CAPS);
      push_both (&t.f, 0, 75, KEY_EVERY);
      push_both (&t.f, starts[i], 25 * 7200 + 75, KEY_EVERY);
      test_record_end (&t);
      entries = test_record_index (t.folder);
      fail_unless_equals_int (
          test_record_count (entries, GST_ARCLY_RECORD_CLOSED), 2);
      closed = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0);
      fail_unless_equals_int64 (closed->duration, 3 * GST_SECOND);
      closed = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 1);
      fail_unless_equals_int64 (closed->duration,
          (gint64) ((25 * 7200 + 75 - key) * 40 * GST_MSECOND));
      fail_unless_equals_int (
          test_record_count (entries, GST_ARCLY_RECORD_GAP), 1);
      gap = test_record_entry (entries, GST_ARCLY_RECORD_GAP, 0);
      fail_unless_equals_int64 (gap->media, 3 * GST_SECOND);
      fail_unless_equals_int64 (
          gap->duration, (gint64) (key * 40 * GST_MSECOND - 3 * GST_SECOND));
      fail_unless_equals_string (
          gap->reason, i == 0 ? "discontinuity" : "jump");
      fail_unless (i == 0 ? gap->size == 0 : gap->size > 0);
      test_record_clear (&t);
    }
  }
}
GST_END_TEST;

GST_START_TEST (test_discont)
{
  guint container;

  for (container = 0; container < 2; container++) {
    g_autoptr (GArray) entries = NULL;
    const GstArclyRecordEntry *gap;
    GstBuffer *buffer;
    TestRecord t;

    test_record_init (&t);
    test_record_new_sink (&t, "container", container, NULL);
    test_record_add_video (&t, CAPS);
    push_both (&t.f, 0, 75, KEY_EVERY);
    buffer =
        make_frame (100 * 40 * GST_MSECOND, 100 * 40 * GST_MSECOND, TRUE, 100);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    push (t.f.video, buffer);
    push_both (&t.f, 101, 150, KEY_EVERY);
    test_record_end (&t);
    entries = test_record_index (t.folder);
    fail_unless_equals_string (
        test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason,
        "discontinuity");
    gap = test_record_entry (entries, GST_ARCLY_RECORD_GAP, 0);
    fail_unless_equals_int64 (gap->media, 3 * GST_SECOND);
    fail_unless_equals_int64 (gap->duration, GST_SECOND);
    fail_unless_equals_uint64 (gap->fragments, 0);
    test_record_clear (&t);
  }
}
GST_END_TEST;

/* Other parameter sets need another init segment, which is another file. */
GST_START_TEST (test_other_format)
{
  g_autoptr (Fmp4Report) before = NULL;
  g_autoptr (Fmp4Report) after = NULL;
  g_autoptr (GArray) entries = NULL;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 75, KEY_EVERY);
  gst_harness_set_src_caps_str (t.f.video, OTHER_CAPS);
  push_both (&t.f, 75, 150, KEY_EVERY);
  test_record_end (&t);
  before = test_record_check_fmp4 (&t, "00001.mp4");
  after = test_record_check_fmp4 (&t, "00002.mp4");
  fail_unless_equals_int (count_samples (before, 1), 75);
  fail_unless_equals_int (count_samples (after, 1), 75);
  entries = test_record_index (t.folder);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason,
      "format");
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_GAP), 0);
  test_record_clear (&t);
}
GST_END_TEST;

/* A GOP of megabytes is not kept in memory until it ends: it goes to the disk
 * in pieces, which are one fragment of one file. */
GST_START_TEST (test_large_gop)
{
  g_autoptr (GArray) entries = NULL;
  g_autoptr (TsReport) report = NULL;
  const GstArclyRecordEntry *entry;
  guint64 end = 0;
  TestRecord t;
  guint i;

  test_record_init (&t);
  test_record_new_sink (&t, "container", 1, NULL);
  test_record_add_video (&t, CAPS);
  for (i = 0; i < 50; i++) {
    gsize size = 400000;
    GstBuffer *small = make_frame (
        i * 40 * GST_MSECOND, i * 40 * GST_MSECOND, i % KEY_EVERY == 0, i);
    GstBuffer *large = gst_buffer_new_allocate (NULL, size, NULL);
    GstMapInfo map;

    gst_buffer_copy_into (large, small,
        GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
    gst_buffer_map (large, &map, GST_MAP_WRITE);
    memset (map.data, 0x80 | i, size);
    gst_buffer_extract (small, 0, map.data, 6);
    map.data[0] = 0;
    map.data[1] = (guint8) ((size - 4) >> 16);
    map.data[2] = (guint8) ((size - 4) >> 8);
    map.data[3] = (guint8) (size - 4);
    gst_buffer_unmap (large, &map);
    gst_buffer_unref (small);
    push (t.f.video, large);
  }
  test_record_end (&t);
  report = test_record_check_ts (&t, "00001.ts");
  fail_unless_equals_int (report->units->len, 50);
  entries = test_record_index (t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FILE), 1);
  fail_unless (test_record_count (entries, GST_ARCLY_RECORD_FRAGMENT) >= 4);
  for (i = 0;
       (entry = test_record_entry (entries, GST_ARCLY_RECORD_FRAGMENT, i));
       i++) {
    fail_unless (entry->size > 0 && entry->size < 6000000);
    fail_unless_equals_uint64 (entry->offset, end);
    fail_unless (entry->key == (i == 0) || entry->media == GST_SECOND);
    end += entry->size;
  }
  entry = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0);
  fail_unless_equals_uint64 (entry->size, end);
  fail_unless_equals_int64 (entry->duration, 2 * GST_SECOND);
  test_record_clear (&t);
}
GST_END_TEST;

static Suite *
arclyrecordsink_suite (void)
{
  Suite *suite = suite_create ("arclyrecordsink");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_rotation_by_time);
  tcase_add_test (tcase, test_rotation_by_size);
  tcase_add_test (tcase, test_ts);
  tcase_add_test (tcase, test_sound_first);
  tcase_add_test (tcase, test_audio_only);
  tcase_add_test (tcase, test_jump);
  tcase_add_test (tcase, test_discont);
  tcase_add_test (tcase, test_other_format);
  tcase_add_test (tcase, test_large_gop);
  return suite;
}

GST_CHECK_MAIN (arclyrecordsink)
