/* SPDX-License-Identifier: MIT
 *
 * Which files of a recording are kept, and what its index says of them, also
 * when a process died. */
#include "recordlist.h"
#include "testrecorddisk.h"

GST_START_TEST (test_retention_bytes)
{
  GstArclyRecordStats stats;
  g_autofree gchar *changed = NULL;
  Test test;

  test_init (&test);
  test.settings.retention_bytes = 3 * SIZE;
  start (&test);
  push_range (&test, 0, 2);
  /* It is not what was recorded any more. */
  changed = test_record_path (&test.t, "00001.ts");
  fail_unless (g_file_set_contents (changed, "mine", -1, NULL));
  push_range (&test, 2, 8);
  gst_arcly_record_queue_push_close (test.queue, "eos");
  drain (&test);
  stop (&test, &stats);
  fail_unless (has_file (&test, 1));
  fail_if (has_file (&test, 2));
  fail_if (has_file (&test, 5));
  fail_unless (has_file (&test, 6));
  fail_unless (has_file (&test, 8));
  fail_unless_equals_uint64 (stats.deleted_files, 4);
  assert_news (&test, GST_ARCLY_RECORD_REMOVED, "bytes");
  test_clear (&test);
}
GST_END_TEST;

static void
write_index (Test *test, const gchar *text)
{
  g_autofree gchar *path = test_record_path (&test->t, "recordings.jsonl");

  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

#define FILE_LINE(number, path)                                                \
  "{\"type\":\"file\",\"file\":" number ",\"path\":\"" path "\","              \
  "\"container\":\"ts\",\"wall\":\"2020-01-01T00:00:00.000000Z\","             \
  "\"media\":0}\n"
#define CLOSED_LINE(number)                                                    \
  "{\"type\":\"closed\",\"file\":" number ",\"wall\":"                         \
  "\"2020-01-01T00:01:00.000000Z\",\"duration\":60000000000,\"size\":4,"       \
  "\"fragments\":1,\"reason\":\"time\"}\n"

/* Old files of a process that is gone go as soon as the next one starts, with
 * the folders that they leave empty; nothing that the index does not list, and
 * nothing outside. */
GST_START_TEST (test_retention_time)
{
  static const gchar *const names[] = { "day/1.ts", "day/sub/2.ts", "other.ts",
    "kept/3.ts" };
  g_autofree gchar *kept = NULL;
  g_autofree gchar *outside = NULL;
  g_autoptr (GString) index = NULL;
  Test test;
  guint i;

  test_init (&test);
  test.settings.retention_time = 3600 * GST_SECOND;
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = test_record_path (&test.t, names[i]);
    g_autofree gchar *folder = g_path_get_dirname (path);

    g_mkdir_with_parents (folder, 0700);
    fail_unless (g_file_set_contents (path, "data", 4, NULL));
  }
  kept = test_record_path (&test.t, "kept/mine.ts");
  fail_unless (g_file_set_contents (kept, "data", 4, NULL));
  outside = g_strconcat (test.t.folder, "-outside.ts", NULL);
  fail_unless (g_file_set_contents (outside, "data", 4, NULL));

  index = g_string_new (FILE_LINE ("1", "day/1.ts") CLOSED_LINE ("1")
          FILE_LINE ("2", "day/sub/2.ts") CLOSED_LINE ("2")
              FILE_LINE ("3", "kept/3.ts") CLOSED_LINE ("3"));
  g_string_append (index, "{\"type\":\"file\",\"file\":4,\"path\":\"../");
  g_string_append (index, strrchr (outside, '/') + 1);
  g_string_append (index,
      "\",\"container\":\"ts\",\"wall\":"
      "\"2020-01-01T00:00:00Z\",\"media\":0}\n" CLOSED_LINE ("4"));
  write_index (&test, index->str);
  start (&test);
  stop (&test, NULL);
  fail_if (test_record_has (&test.t, "day"));
  fail_if (test_record_has (&test.t, "kept/3.ts"));
  fail_unless (test_record_has (&test.t, "kept/mine.ts"));
  fail_unless (test_record_has (&test.t, "other.ts"));
  fail_unless (g_file_test (outside, G_FILE_TEST_EXISTS));
  g_unlink (outside);
  test_clear (&test);
}
GST_END_TEST;

/* Rule U12: a file goes when its time is due, also when nothing comes any
 * more. */
GST_START_TEST (test_retention_while_idle)
{
  Test test;

  test_init (&test);
  test.settings.retention_time = GST_MSECOND;
  start (&test);
  push_range (&test, 0, 2);
  g_mutex_lock (&test.disk.lock);
  while (test.disk.n_news[GST_ARCLY_RECORD_REMOVED] == 0)
    g_cond_wait (&test.disk.changed, &test.disk.lock);
  g_mutex_unlock (&test.disk.lock);
  fail_if (has_file (&test, 1));
  fail_unless (has_file (&test, 2));
  assert_news (&test, GST_ARCLY_RECORD_REMOVED, "age");
  test_clear (&test);
}
GST_END_TEST;

/* A process was killed: its file counts with what it has, its last line is cut
 * off, and the next one goes on. */
GST_START_TEST (test_after_crash)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GArray) entries = NULL;
  const GstArclyRecordEntry *closed;
  Test test;

  test_init (&test);
  path = test_record_path (&test.t, "00001.ts");
  fail_unless (g_file_set_contents (path, "12345", 5, NULL));
  write_index (&test, FILE_LINE ("1", "00001.ts")
                          FILE_LINE ("2", "00002.ts") "{\"type\":\"fra");
  start (&test);
  push_range (&test, 0, 1);
  stop (&test, NULL);
  entries = test_record_index (test.t.folder);
  closed = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0);
  fail_unless_equals_uint64 (closed->file, 1);
  fail_unless_equals_uint64 (closed->size, 5);
  fail_unless_equals_string (closed->reason, "crash");
  fail_unless_equals_uint64 (
      test_record_entry (entries, GST_ARCLY_RECORD_DELETED, 0)->file, 2);
  fail_unless_equals_uint64 (
      test_record_entry (entries, GST_ARCLY_RECORD_FILE, 2)->file, 3);
  assert_content (&test, "00003.ts", "0");
  test_clear (&test);
}
GST_END_TEST;

GST_START_TEST (test_two_writers)
{
  g_autoptr (GError) error = NULL;
  Test test;

  test_init (&test);
  start (&test);
  fail_unless (gst_arcly_record_disk_new (&test.settings, &test.fs, on_news,
                   &test.disk, &error) == NULL);
  fail_unless (strstr (error->message, "in use by another arclyrecordsink"));
  stop (&test, NULL);
  start (&test);
  test_clear (&test);
}
GST_END_TEST;

/* Somebody deletes the index: there is another one, which knows the files. */
GST_START_TEST (test_index_vanishes)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GArray) entries = NULL;
  GstArclyRecordList list;
  Test test;
  guint i;

  test_init (&test);
  path = test_record_path (&test.t, "recordings.jsonl");
  start (&test);
  push_range (&test, 0, 2);
  fail_unless_equals_int (g_unlink (path), 0);
  push_range (&test, 2, 4);
  stop (&test, NULL);
  entries = test_record_index (test.t.folder);
  gst_arcly_record_list_init (&list);
  for (i = 0; i < entries->len; i++)
    gst_arcly_record_list_apply (
        &list, &g_array_index (entries, GstArclyRecordEntry, i));
  for (i = 1; i <= 4; i++) {
    GstArclyRecordFile *file = gst_arcly_record_list_find (&list, i);

    fail_unless (file && file->closed);
    fail_unless_equals_uint64 (file->size, SIZE);
  }
  gst_arcly_record_list_clear (&list);
  test_clear (&test);
}
GST_END_TEST;

/* A recording that goes on for years has an index of what is left of it. */
GST_START_TEST (test_index_stays_small)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GArray) entries = NULL;
  GStatBuf info;
  Test test;
  guint n;

  test_init (&test);
  test.settings.retention_bytes = 3 * SIZE;
  path = test_record_path (&test.t, "recordings.jsonl");
  start (&test);
  for (n = 0; n < 200; n++) {
    fail_unless (push_one (&test, n));
    if (n % 50 == 49)
      drain (&test);
  }
  stop (&test, NULL);
  fail_unless_equals_int (g_stat (path, &info), 0);
  fail_unless (info.st_size < 100 * 1024, "%d", (int) info.st_size);
  entries = test_record_index (test.t.folder);
  /* Not each of the two hundred is in it; the last three are. */
  fail_unless (test_record_count (entries, GST_ARCLY_RECORD_FILE) < 180);
  start (&test);
  stop (&test, NULL);
  fail_unless (has_file (&test, 198));
  fail_unless (has_file (&test, 200));
  fail_if (has_file (&test, 197));
  test_clear (&test);
}
GST_END_TEST;

static Suite *
recordretain_suite (void)
{
  Suite *suite = suite_create ("recordretain");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_retention_bytes);
  tcase_add_test (tcase, test_retention_time);
  tcase_add_test (tcase, test_retention_while_idle);
  tcase_add_test (tcase, test_after_crash);
  tcase_add_test (tcase, test_two_writers);
  tcase_add_test (tcase, test_index_vanishes);
  tcase_add_test (tcase, test_index_stays_small);
  return suite;
}

GST_CHECK_MAIN (recordretain)
