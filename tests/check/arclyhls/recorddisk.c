/* SPDX-License-Identifier: MIT
 *
 * What becomes of a recording on disks that are full, slow, moved away, or left
 * by a process that died. The file system is ours: it fails when it is told to,
 * so nothing depends on time or on who runs the test. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "gstarclyrecorddisk.h"
#include "recordlist.h"
#include "testrecord.h"

#define SIZE 1000
#define PATIENCE (60 * G_USEC_PER_SEC)

/* The lock guards all of it; the disk's thread calls. */
typedef struct {
  GMutex lock;
  GCond changed;
  const gchar *folder;
  gsize space; /* for all files of the folder; 0: no bound */
  gboolean blocked;
  gboolean waiting; /* somebody is, because it is blocked */
  guint n_syncs;
  gboolean sync_fails;
  guint n_news[GST_ARCLY_RECORD_FAILED + 1];
  gchar *last_text[GST_ARCLY_RECORD_FAILED + 1];
} Disk;

typedef struct {
  TestRecord t;
  Disk disk;
  GstArclyRecordFs fs;
  GstArclyRecordSettings settings;
  gchar *location;
  GstArclyRecordDisk *recorder;
  GstArclyRecordQueue *queue;
} Test;

static gsize
used_bytes (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  gsize sum = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    GStatBuf info;

    if (g_stat (path, &info) == 0 && S_ISREG (info.st_mode))
      sum += (gsize) info.st_size;
  }
  return sum;
}

static int
fs_create (gpointer user_data, const gchar *path)
{
  return gst_arcly_record_fs_default ()->create (NULL, path);
}

/* A disk that fills up takes what fits, and then says so. */
static gssize
fs_write (gpointer user_data, int fd, const struct iovec *pieces, int n)
{
  Disk *disk = user_data;
  struct iovec piece = pieces[0];
  gsize used;

  g_mutex_lock (&disk->lock);
  while (disk->blocked) {
    disk->waiting = TRUE;
    g_cond_broadcast (&disk->changed);
    g_cond_wait (&disk->changed, &disk->lock);
  }
  disk->waiting = FALSE;
  if (disk->space > 0) {
    used = used_bytes (disk->folder);
    if (used >= disk->space) {
      g_mutex_unlock (&disk->lock);
      errno = ENOSPC;
      return -1;
    }
    piece.iov_len = MIN (piece.iov_len, disk->space - used);
    pieces = &piece;
    n = 1;
  }
  g_mutex_unlock (&disk->lock);
  return gst_arcly_record_fs_default ()->write (NULL, fd, pieces, n);
}

static int
fs_sync (gpointer user_data, int fd)
{
  Disk *disk = user_data;
  gboolean fails;

  g_mutex_lock (&disk->lock);
  disk->n_syncs++;
  fails = disk->sync_fails;
  g_mutex_unlock (&disk->lock);
  errno = EIO;
  return fails ? -1 : gst_arcly_record_fs_default ()->sync (NULL, fd);
}

static int
fs_remove (gpointer user_data, const gchar *path)
{
  return gst_arcly_record_fs_default ()->remove (NULL, path);
}

static void
on_news (const GstArclyRecordNews *news, gpointer user_data)
{
  Disk *disk = user_data;

  g_mutex_lock (&disk->lock);
  disk->n_news[news->type]++;
  g_free (disk->last_text[news->type]);
  disk->last_text[news->type] =
      g_strdup (news->error ? news->error->message : news->entry->reason);
  g_mutex_unlock (&disk->lock);
}

static guint
count_news (Test *test, GstArclyRecordNewsType type)
{
  guint n;

  g_mutex_lock (&test->disk.lock);
  n = test->disk.n_news[type];
  g_mutex_unlock (&test->disk.lock);
  return n;
}

static void
assert_news (Test *test, GstArclyRecordNewsType type, const gchar *text)
{
  g_mutex_lock (&test->disk.lock);
  fail_unless (
      test->disk.last_text[type] && strstr (test->disk.last_text[type], text),
      "%s, not %s", test->disk.last_text[type], text);
  g_mutex_unlock (&test->disk.lock);
}

static void
start (Test *test)
{
  g_autoptr (GError) error = NULL;

  test->recorder = gst_arcly_record_disk_new (
      &test->settings, &test->fs, on_news, &test->disk, &error);
  fail_unless (test->recorder != NULL, "%s", error ? error->message : "");
  test->queue = gst_arcly_record_disk_get_queue (test->recorder);
}

/* Files of one fragment each, unless a test wants others. */
static void
test_init (Test *test)
{
  memset (test, 0, sizeof *test);
  test_record_init (&test->t);
  g_mutex_init (&test->disk.lock);
  g_cond_init (&test->disk.changed);
  test->disk.folder = test->t.folder;
  test->fs = (GstArclyRecordFs){ fs_create, fs_write, fs_sync, fs_remove,
    &test->disk };
  test->location = test_record_path (&test->t, "{number}");
  test->settings = (GstArclyRecordSettings){
    .location = test->location,
    .extension = "ts",
    .container = "ts",
    .max_size_time = GST_SECOND,
    .fsync = GST_ARCLY_RECORD_FSYNC_NONE,
    .max_queue_bytes = 1024 * 1024,
  };
}

static void
stop (Test *test, GstArclyRecordStats *stats)
{
  gst_arcly_record_disk_stop (test->recorder, PATIENCE, stats);
  test->recorder = NULL;
}

static void
test_clear (Test *test)
{
  guint i;

  if (test->recorder)
    stop (test, NULL);
  for (i = 0; i < G_N_ELEMENTS (test->disk.last_text); i++)
    g_free (test->disk.last_text[i]);
  g_mutex_clear (&test->disk.lock);
  g_cond_clear (&test->disk.changed);
  g_free (test->location);
  test_record_clear (&test->t);
}

static GstArclyRecordFragment *
new_fragment (guint n, gboolean begins)
{
  GstArclyRecordFragment *fragment = gst_arcly_record_fragment_new ();
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, SIZE, NULL);

  gst_buffer_memset (buffer, 0, (guint8) n, SIZE);
  gst_arcly_record_fragment_add (fragment, buffer);
  gst_buffer_unref (buffer);
  fragment->media = (gint64) (n * GST_SECOND);
  fragment->duration = GST_SECOND;
  fragment->wall = g_get_real_time ();
  fragment->begins = begins;
  return fragment;
}

static gboolean
push_one (Test *test, guint n)
{
  return gst_arcly_record_queue_push (
      test->queue, new_fragment (n, TRUE), FALSE);
}

static void
drain (Test *test)
{
  fail_unless (gst_arcly_record_queue_drain (
      test->queue, g_get_monotonic_time () + PATIENCE));
}

/* From first up to end, each on disk before the next comes. */
static void
push_range (Test *test, guint first, guint end)
{
  guint n;

  for (n = first; n < end; n++) {
    fail_unless (push_one (test, n));
    drain (test);
  }
}

static void
set_space (Test *test, gsize space)
{
  g_mutex_lock (&test->disk.lock);
  test->disk.space = space;
  g_mutex_unlock (&test->disk.lock);
}

static gboolean
has_file (Test *test, guint number)
{
  g_autofree gchar *name = g_strdup_printf ("%05u.ts", number);

  return test_record_has (&test->t, name);
}

/* What is in a file: fragments of these marks, whole, and nothing else. */
static void
assert_content (Test *test, const gchar *name, const gchar *marks)
{
  g_autofree gchar *path = test_record_path (&test->t, name);
  g_autofree gchar *data = NULL;
  gsize size, i;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "no %s", name);
  fail_unless_equals_uint64 (size, strlen (marks) * SIZE);
  for (i = 0; i < size; i++)
    fail_unless_equals_int (data[i], marks[i / SIZE] - '0');
}

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
  for (n = 0; n < 600; n++) {
    fail_unless (push_one (&test, n));
    if (n % 100 == 99)
      drain (&test);
  }
  stop (&test, NULL);
  fail_unless_equals_int (g_stat (path, &info), 0);
  fail_unless (info.st_size < 400 * 1024, "%d", (int) info.st_size);
  entries = test_record_index (test.t.folder);
  /* Not each of the six hundred is in it; the last three are. */
  fail_unless (test_record_count (entries, GST_ARCLY_RECORD_FILE) < 550);
  start (&test);
  stop (&test, NULL);
  fail_unless (has_file (&test, 598));
  fail_unless (has_file (&test, 600));
  fail_if (has_file (&test, 597));
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
  tcase_add_test (tcase, test_retention_bytes);
  tcase_add_test (tcase, test_retention_time);
  tcase_add_test (tcase, test_after_crash);
  tcase_add_test (tcase, test_two_writers);
  tcase_add_test (tcase, test_index_vanishes);
  tcase_add_test (tcase, test_index_stays_small);
  tcase_add_test (tcase, test_fsync);
  tcase_add_test (tcase, test_fsync_fails);
  return suite;
}

GST_CHECK_MAIN (recorddisk)
