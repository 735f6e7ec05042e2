/* SPDX-License-Identifier: MIT
 *
 * arclyrecordsink between harnesses: which files there are, what is in them,
 * and what the index and the messages say. */
#include "testrecord.h"
#include "tschecker.h"

#define CAPS AVC_CAPS ("0d", "25/1")
#define OTHER_CAPS AVC_CAPS ("1e", "25/1")

static const Fmp4Limits strict = { 0 };

static Fmp4Report *
check_fmp4 (TestRecord *t, const gchar *name)
{
  g_autofree gchar *path = test_record_path (t, name);
  gchar *data = NULL;
  Fmp4Report *report;
  gsize size;
  guint i;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "no %s", name);
  report = fmp4_check ((const guint8 *) data, size, &strict);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s: %s", name,
        (const gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  /* Samples point into it. */
  g_object_set_data_full (G_OBJECT (t->sink), name, data, g_free);
  return report;
}

static TsReport *
check_ts (TestRecord *t, const gchar *name)
{
  static const TsLimits limits = { .pcr_interval_ms = 40 };
  g_autofree gchar *path = test_record_path (t, name);
  g_autofree gchar *data = NULL;
  TsReport *report;
  gsize size;
  guint i;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "no %s", name);
  report = ts_check ((const guint8 *) data, size, &limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s: %s", name,
        (const gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

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
    g_autoptr (Fmp4Report) report = check_fmp4 (&t, file->path);
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
    g_autoptr (Fmp4Report) report = check_fmp4 (&t, name);

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
    g_autoptr (TsReport) report = check_ts (&t, name);
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
      g_autoptr (Fmp4Report) report = check_fmp4 (&t, "00001.mp4");

      fail_unless_equals_int (report->samples->len, 76);
    } else {
      ts_report_free (check_ts (&t, "00001.ts"));
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
        g_autoptr (Fmp4Report) report = check_fmp4 (&t, file->path);

        n += count_samples (report, 1);
      } else {
        ts_report_free (check_ts (&t, file->path));
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
  before = check_fmp4 (&t, "00001.mp4");
  after = check_fmp4 (&t, "00002.mp4");
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

GST_START_TEST (test_split_now)
{
  g_autoptr (GArray) entries = NULL;
  GstStructure *message;
  gint64 duration, media;
  guint64 bytes;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 120, KEY_EVERY);
  g_signal_emit_by_name (t.sink, "split-now");
  push_both (&t.f, 120, 250, KEY_EVERY);
  test_record_end (&t);
  message = test_record_message (&t, "arcly-record-file-opened");
  fail_unless (g_str_has_suffix (
      gst_structure_get_string (message, "path"), "/00001.mp4"));
  gst_structure_free (message);
  message = test_record_message (&t, "arcly-record-file-closed");
  fail_unless (gst_structure_get (message, "duration", G_TYPE_INT64, &duration,
      "media-time", G_TYPE_INT64, &media, "bytes", G_TYPE_UINT64, &bytes,
      NULL));
  fail_unless_equals_int64 (media, 0);
  fail_unless_equals_int64 (duration, 4 * GST_SECOND);
  fail_unless (bytes > 100 * FRAME_SIZE);
  gst_structure_free (message);
  message = test_record_message (&t, "arcly-record-file-closed");
  fail_unless_equals_string (
      gst_structure_get_string (message, "reason"), "eos");
  fail_unless (gst_structure_get_int64 (message, "media-time", &media));
  fail_unless_equals_int64 (media, 4 * GST_SECOND);
  gst_structure_free (message);
  entries = test_record_index (t.folder);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason, "split");
  test_record_clear (&t);
}
GST_END_TEST;

/* A stop without EOS ends the file, too; names and numbers go on. */
GST_START_TEST (test_state_cycles)
{
  static const GstState states[] = { GST_STATE_READY, GST_STATE_NULL,
    GST_STATE_PAUSED, GST_STATE_NULL };
  g_autoptr (GArray) entries = NULL;
  TestRecord t;
  guint i;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  for (i = 0; i < G_N_ELEMENTS (states); i++) {
    push_both (&t.f, 0, 101, KEY_EVERY);
    fail_unless_equals_int (
        gst_element_set_state (t.sink, states[i]), GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (gst_element_set_state (t.sink, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    if (states[i] < GST_STATE_PAUSED)
      gst_harness_set_src_caps_str (t.f.video, CAPS);
  }
  test_record_end (&t);
  test_record_drop_sink (&t);
  entries = test_record_index (t.folder);
  fail_unless (test_record_count (entries, GST_ARCLY_RECORD_CLOSED) >= 3);
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_CLOSED),
      test_record_count (entries, GST_ARCLY_RECORD_FILE));
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason,
      "stopped");
  fail_unless_equals_int64 (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->duration,
      4 * GST_SECOND);
  test_record_clear (&t);
}
GST_END_TEST;

/* States in any order, pads that come and go, and nothing to record. */
GST_START_TEST (test_nothing)
{
  GstPad *pad;
  TestRecord t;
  guint i;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  for (i = 0; i < 3; i++) {
    pad = gst_element_request_pad_simple (t.sink, "audio_%u");
    gst_element_set_state (t.sink, GST_STATE_PLAYING);
    gst_element_release_request_pad (t.sink, pad);
    gst_object_unref (pad);
    gst_element_set_state (t.sink, GST_STATE_NULL);
  }
  fail_if (test_record_has (&t, "00001.mp4"));
  test_record_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  g_autoptr (GArray) entries = NULL;
  GstSegment segment;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, "container", 1, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 100, KEY_EVERY);
  gst_harness_push_event (t.f.video, gst_event_new_flush_start ());
  gst_harness_push_event (t.f.video, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t.f.video, gst_event_new_segment (&segment));
  push_both (&t.f, 0, 100, KEY_EVERY);
  test_record_end (&t);
  entries = test_record_index (t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FILE), 2);
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_GAP), 1);
  test_record_clear (&t);
}
GST_END_TEST;

static void
assert_fails (TestRecord *t, const gchar *text)
{
  GstMessage *message;
  g_autoptr (GError) error = NULL;

  fail_unless_equals_int (gst_element_set_state (t->sink, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  gst_message_unref (message);
  fail_unless (strstr (error->message, text), "%s", error->message);
  gst_element_set_state (t->sink, GST_STATE_NULL);
}

/* What is wrong is said before anything is recorded. */
GST_START_TEST (test_wrong_settings)
{
  TestRecord t, other;

  test_record_init (&t);
  test_record_new_sink (&t, "location", "rec/%Q.mp4", NULL);
  assert_fails (&t, "rec/%Q.mp4");
  test_record_drop_sink (&t);

  test_record_new_sink (&t, NULL, NULL);
  gst_element_set_state (t.sink, GST_STATE_PAUSED);
  other = (TestRecord){ .folder = t.folder };
  test_record_new_sink (&other, NULL, NULL);
  assert_fails (&other, "in use by another arclyrecordsink");
  test_record_drop_sink (&other);
  test_record_clear (&t);
}
GST_END_TEST;

/* "container" is decided before pads are. */
GST_START_TEST (test_container)
{
  TestRecord t;
  GstPad *pad;
  gint container;

  test_record_init (&t);
  test_record_new_sink (
      &t, "container", 1, "container", 0, "container", 1, NULL);
  pad = gst_element_request_pad_simple (t.sink, "video_%u");
  g_object_set (t.sink, "container", 0, NULL);
  g_object_get (t.sink, "container", &container, NULL);
  fail_unless_equals_int (container, 1);
  gst_element_release_request_pad (t.sink, pad);
  gst_object_unref (pad);
  test_record_clear (&t);
}
GST_END_TEST;

/* Where the folder cannot be made, media flows on, and one warning says why. */
GST_START_TEST (test_unwritable)
{
  g_autofree gchar *file = NULL;
  g_autofree gchar *location = NULL;
  guint n_warnings = 0, n_gaps = 0;
  GstMessage *message;
  TestRecord t;

  test_record_init (&t);
  file = test_record_path (&t, "file");
  fail_unless (g_file_set_contents (file, "", 0, NULL));
  location = g_build_filename (file, "{number}.mp4", NULL);
  test_record_new_sink (&t, "location", location, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 150, KEY_EVERY);
  test_record_end (&t);
  fail_unless_equals_uint64 (test_record_stat (&t, "lost-fragments"), 3);
  while ((message = gst_bus_pop (t.bus))) {
    g_autoptr (GError) error = NULL;

    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning (message, &error, NULL);
      fail_unless (strstr (error->message, file), "%s", error->message);
      n_warnings++;
    } else if (gst_message_has_name (message, "arcly-record-gap")) {
      fail_unless_equals_string (
          gst_structure_get_string (
              gst_message_get_structure (message), "reason"),
          "no-file");
      n_gaps++;
    }
    gst_message_unref (message);
  }
  fail_unless_equals_int (n_warnings, 1);
  fail_unless_equals_int (n_gaps, 1);
  test_record_clear (&t);
}
GST_END_TEST;

/* Names of date, stream and number; an index elsewhere; and what is over the
 * limit goes. Fragments are no longer than files. */
GST_START_TEST (test_names_and_retention)
{
  g_autofree gchar *location = NULL;
  g_autofree gchar *index = NULL;
  g_autofree gchar *text = NULL;
  g_autofree gchar *stream = NULL;
  g_autoptr (GDir) years = NULL;
  GstStructure *message;
  TestRecord t;

  test_record_init (&t);
  location = test_record_path (&t, "{stream}/%Y/%m%d-{number}.mov");
  index = test_record_path (&t, "elsewhere/index.jsonl");
  test_record_new_sink (&t, "location", location, "stream", "live/cam",
      "index-location", index, "max-size-time", GST_SECOND, "retention-bytes",
      (guint64) 30000, "fsync", 2, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 250, KEY_EVERY);
  test_record_end (&t);
  message = test_record_message (&t, "arcly-record-file-deleted");
  fail_unless (g_regex_match_simple ("/live/cam/[0-9]{4}/[0-9]{4}-00001\\.mov$",
      gst_structure_get_string (message, "path"), 0, 0));
  fail_unless_equals_string (
      gst_structure_get_string (message, "reason"), "bytes");
  gst_structure_free (message);
  test_record_drop_sink (&t);
  fail_unless (g_file_get_contents (index, &text, NULL, NULL));
  fail_unless (g_regex_match_simple (
      "\"path\":\"/[^\"]*/live/cam/[0-9]{4}/[0-9]{4}-00010\\.mov\"", text, 0,
      0));
  fail_if (test_record_has (&t, "recordings.jsonl"));
  stream = test_record_path (&t, "live/cam");
  years = g_dir_open (stream, 0, NULL);
  fail_unless (years != NULL && g_dir_read_name (years) != NULL);
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
  tcase_add_test (tcase, test_split_now);
  tcase_add_test (tcase, test_state_cycles);
  tcase_add_test (tcase, test_nothing);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_wrong_settings);
  tcase_add_test (tcase, test_container);
  tcase_add_test (tcase, test_unwritable);
  tcase_add_test (tcase, test_names_and_retention);
  return suite;
}

GST_CHECK_MAIN (arclyrecordsink)
