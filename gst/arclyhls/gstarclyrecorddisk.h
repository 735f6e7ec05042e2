/* SPDX-License-Identifier: MIT
 *
 * Writes fragments to files, in a thread of its own: when a file ends, what the
 * index says, which files are no longer kept, and what to do when the disk does
 * not take it. Knows no element. */
#pragma once

#include "gstarclyrecordfs.h"
#include "gstarclyrecordqueue.h"
#include "recordindex.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_RECORD_FSYNC_NONE,
  GST_ARCLY_RECORD_FSYNC_FILE,
  GST_ARCLY_RECORD_FSYNC_FRAGMENT,
} GstArclyRecordFsync;

/* 0 is no limit. Strings are copied. */
typedef struct {
  const gchar *location;
  const gchar *index;  /* path; NULL: where the location says */
  const gchar *stream; /* may be NULL */
  const gchar *extension;
  const gchar *container; /* as the index has it; static */
  guint64 max_size_time;  /* ns */
  guint64 max_size_bytes;
  guint64 retention_time; /* ns */
  guint64 retention_bytes;
  gboolean drop_oldest;
  gboolean progressive;
  GstArclyRecordFsync fsync;
  gsize max_queue_bytes;
} GstArclyRecordSettings;

typedef enum {
  GST_ARCLY_RECORD_OPENED,
  GST_ARCLY_RECORD_ENDED,
  GST_ARCLY_RECORD_REMOVED,
  GST_ARCLY_RECORD_PROGRESSIVE,
  GST_ARCLY_RECORD_LOST,
  GST_ARCLY_RECORD_FAILED,
} GstArclyRecordNewsType;

/* What an application is told. */
typedef struct {
  GstArclyRecordNewsType type;
  const gchar *path;                /* NULL: LOST */
  const GstArclyRecordEntry *entry; /* NULL: FAILED */
  const GError *error;              /* FAILED */
  gboolean hopeless;                /* FAILED: there will be no file */
  gint64 media;                     /* ENDED: where the file began */
} GstArclyRecordNews;

/* The disk's thread, without a lock. */
typedef void (*GstArclyRecordNewsFunc) (
    const GstArclyRecordNews *news, gpointer user_data);

typedef struct {
  guint64 files;
  guint64 fragments;
  guint64 bytes;
  guint64 lost_fragments;
  guint64 lost_bytes;
  guint64 gaps;
  guint64 deleted_files;
  guint64 queued_bytes;
} GstArclyRecordStats;

typedef struct _GstArclyRecordDisk GstArclyRecordDisk;

/* Starts. A folder that cannot be written is news and no error: it is tried
 * again with each fragment. NULL with @error set if the names are none, or that
 * of the index is too long, or another one writes to it. */
GstArclyRecordDisk *gst_arcly_record_disk_new (
    const GstArclyRecordSettings *settings, const GstArclyRecordFs *fs,
    GstArclyRecordNewsFunc func, gpointer user_data, GError **error);

/* Ends the file that is open and returns when all is written. What is not
 * within @patience us is given up; it returns when the system does. @stats, if
 * given, has the last word. */
void gst_arcly_record_disk_stop (
    GstArclyRecordDisk *self, gint64 patience, GstArclyRecordStats *stats);

/* For the streaming thread. */
GstArclyRecordQueue *gst_arcly_record_disk_get_queue (GstArclyRecordDisk *self);

/* Any thread. */
void gst_arcly_record_disk_get_stats (
    GstArclyRecordDisk *self, GstArclyRecordStats *stats);

G_END_DECLS
