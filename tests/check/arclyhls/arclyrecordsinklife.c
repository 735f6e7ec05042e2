/* SPDX-License-Identifier: MIT
 *
 * arclyrecordsink: states, settings, messages. */
#include "testrecord.h"

#define CAPS AVC_CAPS ("0d", "25/1")

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
      101 * 40 * GST_MSECOND);
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
assert_error (TestRecord *t, const gchar *text)
{
  GstMessage *message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  gst_message_unref (message);
  fail_unless (strstr (error->message, text), "%s", error->message);
  fail_unless (g_error_matches (
      error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE));
}

static void
assert_fails (TestRecord *t, const gchar *text)
{
  fail_unless_equals_int (gst_element_set_state (t->sink, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  assert_error (t, text);
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

/* Waiting makes no name shorter: that is an error, not a warning. */
GST_START_TEST (test_long_name)
{
  g_autofree gchar *name = g_strnfill (300, 'n');
  g_autofree gchar *inside = g_build_filename (name, "{number}.mp4", NULL);
  g_autofree gchar *file = NULL;
  g_autofree gchar *folder = NULL;
  TestRecord t;

  test_record_init (&t);
  file = test_record_path (&t, name);
  test_record_new_sink (&t, "location", file, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 60, KEY_EVERY);
  test_record_end (&t);
  assert_error (&t, file);
  test_record_drop_sink (&t);

  folder = test_record_path (&t, inside);
  test_record_new_sink (&t, "location", folder, NULL);
  assert_fails (&t, name);
  test_record_clear (&t);
}
GST_END_TEST;

static void
assert_warning (TestRecord *t, const gchar *text)
{
  GstMessage *message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_WARNING);
  g_autoptr (GError) error = NULL;

  fail_unless ((message != NULL) == (text != NULL));
  if (!message)
    return;
  gst_message_parse_warning (message, &error, NULL);
  gst_message_unref (message);
  fail_unless (strstr (error->message, text), "%s", error->message);
}

/* What is hardly meant is recorded, with a word. */
GST_START_TEST (test_misleading_settings)
{
  static const struct {
    const gchar *name;
    gint container;
    gboolean finalize;
    const gchar *warning;
  } cases[] = {
    { "{number}.ts", 0, FALSE, "will be MP4" },
    { "{number}.mp4", 1, FALSE, "will be MPEG-TS" },
    { "{number}.ts", 1, FALSE, NULL },
    { "{number}.mp4", 0, TRUE, NULL },
    { "{number}", 1, TRUE, "finalize does nothing" },
  };
  TestRecord t;
  guint i;

  test_record_init (&t);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *location = test_record_path (&t, cases[i].name);

    test_record_new_sink (&t, "location", location, "container",
        cases[i].container, "finalize", cases[i].finalize, NULL);
    gst_element_set_state (t.sink, GST_STATE_PAUSED);
    assert_warning (&t, cases[i].warning);
    assert_warning (&t, NULL);
    test_record_drop_sink (&t);
  }
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
arclyrecordsinklife_suite (void)
{
  Suite *suite = suite_create ("arclyrecordsinklife");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_split_now);
  tcase_add_test (tcase, test_state_cycles);
  tcase_add_test (tcase, test_nothing);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_wrong_settings);
  tcase_add_test (tcase, test_long_name);
  tcase_add_test (tcase, test_misleading_settings);
  tcase_add_test (tcase, test_container);
  tcase_add_test (tcase, test_unwritable);
  tcase_add_test (tcase, test_names_and_retention);
  return suite;
}

GST_CHECK_MAIN (arclyrecordsinklife)
