/* SPDX-License-Identifier: MIT
 *
 * What tests of GstArclyRecordDisk share: a file system that fails when it is
 * told to, so that nothing depends on time or on who runs the test, and
 * fragments of one buffer. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "gstarclyrecorddisk.h"
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

static inline gsize
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

static inline int
fs_create (gpointer user_data, const gchar *path)
{
  return gst_arcly_record_fs_default ()->create (NULL, path);
}

/* A disk that fills up takes what fits, and then says so. */
static inline gssize
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

static inline int
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

static inline int
fs_remove (gpointer user_data, const gchar *path)
{
  return gst_arcly_record_fs_default ()->remove (NULL, path);
}

static inline void
on_news (const GstArclyRecordNews *news, gpointer user_data)
{
  Disk *disk = user_data;

  g_mutex_lock (&disk->lock);
  disk->n_news[news->type]++;
  g_cond_broadcast (&disk->changed);
  g_free (disk->last_text[news->type]);
  disk->last_text[news->type] =
      g_strdup (news->error ? news->error->message : news->entry->reason);
  g_mutex_unlock (&disk->lock);
}

static inline guint
count_news (Test *test, GstArclyRecordNewsType type)
{
  guint n;

  g_mutex_lock (&test->disk.lock);
  n = test->disk.n_news[type];
  g_mutex_unlock (&test->disk.lock);
  return n;
}

static inline void
assert_news (Test *test, GstArclyRecordNewsType type, const gchar *text)
{
  g_mutex_lock (&test->disk.lock);
  fail_unless (
      test->disk.last_text[type] && strstr (test->disk.last_text[type], text),
      "%s, not %s", test->disk.last_text[type], text);
  g_mutex_unlock (&test->disk.lock);
}

static inline void
start (Test *test)
{
  g_autoptr (GError) error = NULL;

  test->recorder = gst_arcly_record_disk_new (
      &test->settings, &test->fs, on_news, &test->disk, &error);
  fail_unless (test->recorder != NULL, "%s", error ? error->message : "");
  test->queue = gst_arcly_record_disk_get_queue (test->recorder);
}

/* Files of one fragment each, unless a test wants others. */
static inline void
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

static inline void
stop (Test *test, GstArclyRecordStats *stats)
{
  gst_arcly_record_disk_stop (test->recorder, PATIENCE, stats);
  test->recorder = NULL;
}

static inline void
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

static inline GstArclyRecordFragment *
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

static inline gboolean
push_one (Test *test, guint n)
{
  return gst_arcly_record_queue_push (
      test->queue, new_fragment (n, TRUE), FALSE);
}

static inline void
drain (Test *test)
{
  fail_unless (gst_arcly_record_queue_drain (
      test->queue, g_get_monotonic_time () + PATIENCE));
}

/* From first up to end, each on disk before the next comes. */
static inline void
push_range (Test *test, guint first, guint end)
{
  guint n;

  for (n = first; n < end; n++) {
    fail_unless (push_one (test, n));
    drain (test);
  }
}

static inline void
set_space (Test *test, gsize space)
{
  g_mutex_lock (&test->disk.lock);
  test->disk.space = space;
  g_mutex_unlock (&test->disk.lock);
}

static inline gboolean
has_file (Test *test, guint number)
{
  g_autofree gchar *name = g_strdup_printf ("%05u.ts", number);

  return test_record_has (&test->t, name);
}

/* What is in a file: fragments of these marks, whole, and nothing else. */
static inline void
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
