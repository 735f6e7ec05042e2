/* SPDX-License-Identifier: MIT
 *
 * What the files of GstArclyRecordDisk share: the thread
 * (gstarclyrecorddisk.c), how fragments get into files (gstarclyrecordwrite.c),
 * and what becomes of files (gstarclyrecordretain.c). */
#pragma once

#include <stdatomic.h>

#include "fmp4movie.h"
#include "gstarclyrecorddisk.h"
#include "gstarclyrecordfile.h"
#include "gstarclyrecordlog.h"

G_BEGIN_DECLS

/* What can fail on its own. */
typedef enum {
  GST_ARCLY_RECORD_CAUSE_WRITE,
  GST_ARCLY_RECORD_CAUSE_SYNC,
  GST_ARCLY_RECORD_CAUSE_INDEX,
  GST_ARCLY_RECORD_CAUSE_REMOVE,
  GST_ARCLY_RECORD_CAUSE_FINALIZE,
} GstArclyRecordCause;
#define GST_ARCLY_RECORD_N_CAUSES 5

struct _GstArclyRecordDisk {
  /* Constant. */
  GstArclyRecordSettings settings; /* its strings are owned */
  GstArclyRecordFs fs;
  GstArclyRecordNewsFunc func;
  gpointer user_data;
  GThread *thread;

  GstArclyRecordQueue queue; /* has a lock of its own */

  /* The disk's thread; before it runs, who makes it. */
  GstArclyRecordLog log;
  gboolean recovered; /* what another process left */
  GstArclyRecordOut out;
  guint64 number; /* of the open file */
  gint64 base;    /* media time of its time 0 */
  gint64 start;   /* media time of its first picture */
  gint64 end;     /* where it ends so far */
  guint64 n_fragments;
  GstArclyFmp4Movie *movie; /* owned; of fMP4 */
  GstArclyFmp4Moof moof;
  gint64 last_end;     /* media time of what was written last */
  guint64 last_number; /* the file it is in; 0: nothing yet */
  gboolean skipping;   /* until the next fragment begins */
  GstArclyRecordLoss loss;
  /* The last failure that was told, if nothing has worked since: its code and
   * 1; else 0. */
  gint reported[GST_ARCLY_RECORD_N_CAUSES];

  /* Atomic. The disk's thread adds, relaxed; anybody reads. */
  _Atomic guint64 files;
  _Atomic guint64 fragments;
  _Atomic guint64 bytes;
  _Atomic guint64 lost_fragments;
  _Atomic guint64 lost_bytes;
  _Atomic guint64 gaps;
  _Atomic guint64 deleted_files;
};

static inline void
gst_arcly_record_disk_count (_Atomic guint64 *counter, guint64 value)
{
  atomic_fetch_add_explicit (counter, value, memory_order_relaxed);
}

/* gstarclyrecordwrite.c */
void gst_arcly_record_disk_write (
    GstArclyRecordDisk *self, GstArclyRecordFragment *fragment);

void gst_arcly_record_disk_lose (
    GstArclyRecordDisk *self, const GstArclyRecordLoss *loss);

/* Ends the open file, and what is missing behind it. */
void gst_arcly_record_disk_close (
    GstArclyRecordDisk *self, const gchar *reason);

/* Nothing follows what is missing. */
void gst_arcly_record_disk_end_loss (GstArclyRecordDisk *self);

/* gstarclyrecordretain.c */
void gst_arcly_record_disk_tell (GstArclyRecordDisk *self,
    GstArclyRecordNewsType type, const gchar *path,
    const GstArclyRecordEntry *entry);

/* Tells it, once until the same works again. */
void gst_arcly_record_disk_fail (GstArclyRecordDisk *self,
    GstArclyRecordCause cause, const gchar *path, const GError *error);

static inline void
gst_arcly_record_disk_works (
    GstArclyRecordDisk *self, GstArclyRecordCause cause)
{
  self->reported[cause] = 0;
}

/* Opens the index; the first time, ends what a process that died left open.
 * FALSE: it cannot be, which was told. */
gboolean gst_arcly_record_disk_open_log (GstArclyRecordDisk *self);

void gst_arcly_record_disk_flush_log (GstArclyRecordDisk *self);

/* Deletes what is not kept any longer. */
void gst_arcly_record_disk_retain (GstArclyRecordDisk *self);

/* Deletes the oldest one, if it may and if that can help. */
gboolean gst_arcly_record_disk_make_room (GstArclyRecordDisk *self, int code);

void gst_arcly_record_disk_finalize_file (
    GstArclyRecordDisk *self, guint64 number);

G_END_DECLS
