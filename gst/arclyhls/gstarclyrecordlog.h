/* SPDX-License-Identifier: MIT
 *
 * The index of a recording on disk: who writes it, what it says, and that it
 * does not grow for ever. Lines are only appended; a process that dies leaves
 * one that is cut off at most. The disk's thread, or before it runs. */
#pragma once

#include "gstarclyrecordfs.h"
#include "recordlist.h"

G_BEGIN_DECLS

typedef struct {
  const GstArclyRecordFs *fs;
  gchar *path;      /* of the index */
  gchar *folder;    /* that paths in it are relative to */
  int fd;           /* holds the lock; -1: not open */
  guint64 size;     /* up to the end of the last whole line */
  GString *pending; /* whole lines that are not written yet */
  guint n_deleted;  /* files, since the index was made smaller */
  GstArclyRecordList list;
} GstArclyRecordLog;

void gst_arcly_record_log_init (
    GstArclyRecordLog *self, const GstArclyRecordFs *fs, const gchar *path);
void gst_arcly_record_log_clear (GstArclyRecordLog *self);

/* Opens or makes the index, keeps other writers out, and reads into the list
 * what it has: the first time, that is. Where the index was moved or removed,
 * makes it anew of the list. Nothing if it is open. FALSE with @error set,
 * G_FILE_ERROR_AGAIN if another one writes to it. */
gboolean gst_arcly_record_log_open (GstArclyRecordLog *self, GError **error);

/* Tells the list and the index. Written with the next flush. */
void gst_arcly_record_log_add (
    GstArclyRecordLog *self, const GstArclyRecordEntry *entry);

/* FALSE with @error set; the lines stay, up to a bound, past which new ones are
 * lost. */
gboolean gst_arcly_record_log_flush (
    GstArclyRecordLog *self, gboolean sync, GError **error);

/* Where a file of the list is. NULL if its path leads out of the folder. */
gchar *gst_arcly_record_log_resolve (
    GstArclyRecordLog *self, const GstArclyRecordFile *file);

/* A path as the index has it. */
gchar *gst_arcly_record_log_relate (GstArclyRecordLog *self, const gchar *path);

G_END_DECLS
