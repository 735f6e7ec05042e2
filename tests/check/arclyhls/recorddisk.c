/* SPDX-License-Identifier: MIT
 *
 * Recordings on disks that are full, slow or moved away. */
#include "testrecorddisk.h"

GST_START_TEST (test_files)
{
  g_autoptr (GArray) entries = NULL;
  const GstArclyRecordEntry *entry;
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  test.settings.max_size_time = 2 * GST_SECOND;
  start (&test);
  push_range (&test, 0, 5);
  stop (&test, &stats);
  assert_content (&test, "00001.ts", "01");
  assert_content (&test, "00002.ts", "23");
  assert_content (&test, "00003.ts", "4");
  fail_unless_equals_uint64 (stats.files, 3);
  fail_unless_equals_uint64 (stats.fragments, 5);
  fail_unless_equals_uint64 (stats.bytes, 5 * SIZE);
  fail_unless_equals_uint64 (stats.gaps, 0);

  entries = test_record_index (test.t.folder);
  entry = test_record_entry (entries, GST_ARCLY_RECORD_FRAGMENT, 3);
  fail_unless_equals_uint64 (entry->file, 2);
  fail_unless_equals_uint64 (entry->offset, SIZE);
  fail_unless_equals_uint64 (entry->size, SIZE);
  fail_unless_equals_int64 (entry->media, 3 * GST_SECOND);
  fail_unless_equals_int64 (entry->duration, GST_SECOND);
  entry = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0);
  fail_unless_equals_string (entry->reason, "time");
  entry = test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 2);
  fail_unless_equals_string (entry->reason, "stopped");
  fail_unless_equals_uint64 (entry->size, SIZE);
  test_clear (&test);
}
GST_END_TEST;

GST_START_TEST (test_size)
{
  Test test;

  test_init (&test);
  test.settings.max_size_time = 0;
  test.settings.max_size_bytes = 3 * SIZE;
  start (&test);
  push_range (&test, 0, 7);
  gst_arcly_record_queue_push_close (test.queue, "eos");
  drain (&test);
  assert_content (&test, "00001.ts", "012");
  assert_content (&test, "00002.ts", "345");
  assert_content (&test, "00003.ts", "6");
  test_clear (&test);
}
GST_END_TEST;

/* Numbers go on, and what is there stays as it is. */
GST_START_TEST (test_never_overwrites)
{
  Test test;
  guint i;

  test_init (&test);
  for (i = 0; i < 2; i++) {
    g_autofree gchar *path =
        test_record_path (&test.t, i == 0 ? "00002.ts" : "00002-1.ts");

    fail_unless (g_file_set_contents (path, "mine", -1, NULL));
  }
  start (&test);
  push_range (&test, 0, 2);
  stop (&test, NULL);
  start (&test);
  push_range (&test, 2, 3);
  stop (&test, NULL);
  assert_content (&test, "00001.ts", "0");
  assert_content (&test, "00002-2.ts", "1");
  assert_content (&test, "00003.ts", "2");
  for (i = 0; i < 2; i++) {
    g_autofree gchar *path =
        test_record_path (&test.t, i == 0 ? "00002.ts" : "00002-1.ts");
    g_autofree gchar *text = NULL;

    fail_unless (g_file_get_contents (path, &text, NULL, NULL));
    fail_unless_equals_string (text, "mine");
  }
  test_clear (&test);
}
GST_END_TEST;

/* Rule U12: fragments are left out while there is no space, one message each
 * for file and index says so, and then it goes on; neither has half of
 * anything. */
GST_START_TEST (test_full_disk)
{
  g_autoptr (GArray) entries = NULL;
  const GstArclyRecordEntry *gap;
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  test.settings.max_size_time = 10 * GST_SECOND;
  start (&test);
  push_range (&test, 0, 2);
  set_space (&test, used_bytes (test.t.folder) + 20);
  push_range (&test, 2, 6);
  fail_unless_equals_int (count_news (&test, GST_ARCLY_RECORD_FAILED), 2);
  assert_news (
      &test, GST_ARCLY_RECORD_FAILED, "recordings.jsonl: No space left");
  assert_content (&test, "00001.ts", "01");
  fail_if (has_file (&test, 2));

  set_space (&test, 0);
  push_range (&test, 6, 8);
  fail_unless_equals_int (count_news (&test, GST_ARCLY_RECORD_LOST), 1);
  stop (&test, &stats);
  assert_content (&test, "00001.ts", "01");
  assert_content (&test, "00002.ts", "67");
  fail_unless_equals_uint64 (stats.lost_fragments, 4);
  fail_unless_equals_uint64 (stats.lost_bytes, 4 * SIZE);
  fail_unless_equals_uint64 (stats.deleted_files, 0);
  fail_unless_equals_int (count_news (&test, GST_ARCLY_RECORD_FAILED), 2);

  /* The index was full, too, and is whole nevertheless. */
  entries = test_record_index (test.t.folder);
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_GAP), 1);
  gap = test_record_entry (entries, GST_ARCLY_RECORD_GAP, 0);
  fail_unless_equals_uint64 (gap->file, 1);
  fail_unless_equals_int64 (gap->media, 2 * GST_SECOND);
  fail_unless_equals_int64 (gap->duration, 4 * GST_SECOND);
  fail_unless_equals_uint64 (gap->fragments, 4);
  fail_unless_equals_uint64 (gap->size, 4 * SIZE);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_FRAGMENT), 4);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_CLOSED), 2);
  test_clear (&test);
}
GST_END_TEST;

/* Rule U12: the oldest recordings make room, and nothing else does. */
GST_START_TEST (test_full_disk_drops_oldest)
{
  g_autofree gchar *foreign = NULL;
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  test.settings.drop_oldest = TRUE;
  foreign = test_record_path (&test.t, "00000.ts");
  fail_unless (g_file_set_contents (foreign, "mine", -1, NULL));
  start (&test);
  push_range (&test, 0, 4);
  /* The index grows, too. */
  set_space (&test, used_bytes (test.t.folder) + SIZE / 2);
  push_range (&test, 4, 9);
  assert_news (&test, GST_ARCLY_RECORD_REMOVED, "full-disk");
  stop (&test, &stats);
  fail_unless_equals_uint64 (stats.lost_fragments, 0);
  fail_unless (stats.deleted_files >= 5);
  fail_if (has_file (&test, 1));
  fail_if (has_file (&test, 5));
  assert_content (&test, "00009.ts", "8");
  fail_unless (g_file_test (foreign, G_FILE_TEST_EXISTS));
  test_clear (&test);
}
GST_END_TEST;

static void
block (Test *test)
{
  g_mutex_lock (&test->disk.lock);
  test->disk.blocked = TRUE;
  g_mutex_unlock (&test->disk.lock);
}

static void
unblock (Test *test)
{
  g_mutex_lock (&test->disk.lock);
  test->disk.blocked = FALSE;
  g_cond_broadcast (&test->disk.changed);
  g_mutex_unlock (&test->disk.lock);
}

static void
wait_blocked (Test *test)
{
  g_mutex_lock (&test->disk.lock);
  while (!test->disk.waiting)
    g_cond_wait (&test->disk.changed, &test->disk.lock);
  g_mutex_unlock (&test->disk.lock);
}

/* A disk that hangs: the stream is not held up, whole fragments are missing,
 * and the index knows which. */
GST_START_TEST (test_slow_disk)
{
  g_autoptr (GArray) entries = NULL;
  const GstArclyRecordEntry *gap;
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  test.settings.max_size_time = 100 * GST_SECOND;
  test.settings.max_queue_bytes = 2 * SIZE;
  start (&test);
  push_range (&test, 0, 1);
  block (&test);
  fail_unless (push_one (&test, 1));
  wait_blocked (&test);
  fail_unless (push_one (&test, 2));
  fail_if (push_one (&test, 3));
  fail_if (
      gst_arcly_record_queue_push (test.queue, new_fragment (4, FALSE), FALSE));
  unblock (&test);
  drain (&test);
  /* There is room, but it leans on what is missing. */
  fail_if (
      gst_arcly_record_queue_push (test.queue, new_fragment (5, FALSE), FALSE));
  push_range (&test, 6, 8);
  stop (&test, &stats);
  assert_content (&test, "00001.ts", "012");
  assert_content (&test, "00002.ts", "67");
  fail_unless_equals_uint64 (stats.lost_fragments, 1);
  fail_unless_equals_uint64 (stats.lost_bytes, 3 * SIZE);
  entries = test_record_index (test.t.folder);
  fail_unless_equals_int (test_record_count (entries, GST_ARCLY_RECORD_GAP), 1);
  gap = test_record_entry (entries, GST_ARCLY_RECORD_GAP, 0);
  fail_unless_equals_string (gap->reason, "slow-disk");
  fail_unless_equals_int64 (gap->media, 3 * GST_SECOND);
  fail_unless_equals_int64 (gap->duration, 3 * GST_SECOND);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason, "gap");
  test_clear (&test);
}
GST_END_TEST;

static gpointer
push_and_wait (gpointer data)
{
  Test *test = data;
  guint n, written = 0;

  for (n = 1; n < 6; n++)
    written +=
        gst_arcly_record_queue_push (test->queue, new_fragment (n, TRUE), TRUE);
  return GUINT_TO_POINTER (written);
}

/* What is not live waits for the disk, and loses nothing; unless it is
 * interrupted, as a flush does. */
GST_START_TEST (test_slow_disk_not_live)
{
  GstArclyRecordStats stats;
  GThread *thread;
  Test test;

  test_init (&test);
  test.settings.max_size_time = 100 * GST_SECOND;
  test.settings.max_queue_bytes = 2 * SIZE;
  start (&test);
  push_range (&test, 0, 1);
  block (&test);
  thread = g_thread_new ("pusher", push_and_wait, &test);
  wait_blocked (&test);
  unblock (&test);
  fail_unless_equals_int (GPOINTER_TO_UINT (g_thread_join (thread)), 5);
  drain (&test);
  assert_content (&test, "00001.ts", "012345");

  block (&test);
  thread = g_thread_new ("pusher", push_and_wait, &test);
  wait_blocked (&test);
  gst_arcly_record_queue_interrupt (test.queue, TRUE);
  fail_unless_equals_int (GPOINTER_TO_UINT (g_thread_join (thread)), 2);
  fail_if (gst_arcly_record_queue_drain (
      test.queue, g_get_monotonic_time () + PATIENCE));
  gst_arcly_record_queue_interrupt (test.queue, FALSE);
  unblock (&test);
  stop (&test, &stats);
  fail_unless_equals_uint64 (stats.lost_fragments, 3);
  test_clear (&test);
}
GST_END_TEST;

/* Somebody moves the folder away: what was recorded is there, and the rest is
 * in a new one of that name, with an index. */
GST_START_TEST (test_folder_vanishes)
{
  g_autofree gchar *away = NULL;
  g_autoptr (GArray) entries = NULL;
  Test test;

  test_init (&test);
  test.settings.max_size_time = 100 * GST_SECOND;
  start (&test);
  push_range (&test, 0, 2);
  away = g_strconcat (test.t.folder, "-away", NULL);
  fail_unless_equals_int (g_rename (test.t.folder, away), 0);
  push_range (&test, 2, 4);
  assert_news (&test, GST_ARCLY_RECORD_FAILED, "00001.ts");
  stop (&test, NULL);
  assert_content (&test, "00002.ts", "23");
  entries = test_record_index (test.t.folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_DELETED), 1);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_DELETED, 0)->reason,
      "missing");
  fail_unless_equals_uint64 (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->file, 2);
  test_record_remove_folder (away);
  test_clear (&test);
}
GST_END_TEST;

/* A folder that cannot be made, and then can. A file is in its place: that
 * stops root, too. */
GST_START_TEST (test_no_folder)
{
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  fail_unless_equals_int (g_rmdir (test.t.folder), 0);
  fail_unless (g_file_set_contents (test.t.folder, "", 0, NULL));
  start (&test);
  push_range (&test, 0, 3);
  fail_unless_equals_int (count_news (&test, GST_ARCLY_RECORD_FAILED), 1);
  assert_news (&test, GST_ARCLY_RECORD_FAILED, test.t.folder);
  fail_unless_equals_int (g_unlink (test.t.folder), 0);
  push_range (&test, 3, 4);
  stop (&test, &stats);
  assert_content (&test, "00001.ts", "3");
  fail_unless_equals_uint64 (stats.lost_fragments, 3);
  fail_unless_equals_uint64 (stats.gaps, 1);
  test_clear (&test);
}
GST_END_TEST;

/* How often the system is made to write: never; for each file and what the
 * index says of it; for each fragment and index. */
GST_START_TEST (test_fsync)
{
  static const struct {
    GstArclyRecordFsync fsync;
    guint least, most;
  } cases[] = { { GST_ARCLY_RECORD_FSYNC_NONE, 0, 0 },
    { GST_ARCLY_RECORD_FSYNC_FILE, 2, 6 },
    { GST_ARCLY_RECORD_FSYNC_FRAGMENT, 20, 30 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    Test test;

    test_init (&test);
    test.settings.fsync = cases[i].fsync;
    test.settings.max_size_time = 5 * GST_SECOND;
    start (&test);
    push_range (&test, 0, 10);
    stop (&test, NULL);
    fail_unless (test.disk.n_syncs >= cases[i].least &&
                     test.disk.n_syncs <= cases[i].most,
        "%u: %u", i, test.disk.n_syncs);
    test_clear (&test);
  }
}
GST_END_TEST;

/* That it may not outlive the machine is told, once; it is recorded. */
GST_START_TEST (test_fsync_fails)
{
  GstArclyRecordStats stats;
  Test test;

  test_init (&test);
  test.settings.fsync = GST_ARCLY_RECORD_FSYNC_FRAGMENT;
  test.settings.max_size_time = 100 * GST_SECOND;
  test.disk.sync_fails = TRUE;
  start (&test);
  push_range (&test, 0, 5);
  /* One for the index, one for the file. */
  fail_unless_equals_int (count_news (&test, GST_ARCLY_RECORD_FAILED), 2);
  stop (&test, &stats);
  assert_content (&test, "00001.ts", "01234");
  fail_unless_equals_uint64 (stats.lost_fragments, 0);
  test_clear (&test);
}
GST_END_TEST;

static Suite *
recorddisk_suite (void)
{
  Suite *suite = suite_create ("recorddisk");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_files);
  tcase_add_test (tcase, test_size);
  tcase_add_test (tcase, test_never_overwrites);
  tcase_add_test (tcase, test_full_disk);
  tcase_add_test (tcase, test_full_disk_drops_oldest);
  tcase_add_test (tcase, test_slow_disk);
  tcase_add_test (tcase, test_slow_disk_not_live);
  tcase_add_test (tcase, test_folder_vanishes);
  tcase_add_test (tcase, test_no_folder);
  tcase_add_test (tcase, test_fsync);
  tcase_add_test (tcase, test_fsync_fails);
  return suite;
}

GST_CHECK_MAIN (recorddisk)
