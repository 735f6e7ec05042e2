/* SPDX-License-Identifier: MIT
 *
 * The files of a recording as its index tells them, and which of them are no
 * longer to be kept. Knows no file system and no clock. */
#pragma once

#include "recordindex.h"

G_BEGIN_DECLS

typedef struct {
  guint64 number;
  gchar *path; /* as in the index */
  gchar *container;
  gint64 wall;  /* where it begins, us since 1970 */
  gint64 end;   /* where it ends so far, us since 1970 */
  gint64 media; /* ns */
  gint64 duration;
  guint64 size;
  guint64 fragments;
  gboolean closed;
} GstArclyRecordFile;

typedef struct {
  GQueue files;      /* (element-type GstArclyRecordFile), oldest first */
  GHashTable *links; /* number to GList in files */
  guint64 bytes;
  guint64 last_number;
} GstArclyRecordList;

void gst_arcly_record_list_init (GstArclyRecordList *self);
void gst_arcly_record_list_clear (GstArclyRecordList *self);

/* What an entry says. */
void gst_arcly_record_list_apply (
    GstArclyRecordList *self, const GstArclyRecordEntry *entry);

/* (transfer none) (nullable). */
GstArclyRecordFile *gst_arcly_record_list_find (
    GstArclyRecordList *self, guint64 number);

/* (transfer none) (nullable): the oldest one that is closed. */
GstArclyRecordFile *gst_arcly_record_list_oldest (GstArclyRecordList *self);

/* (transfer none) (nullable): the next one to go at @now; @reason tells which
 * limit it is. A limit of 0 is none. @max_age in ns. */
GstArclyRecordFile *gst_arcly_record_list_expired (GstArclyRecordList *self,
    gint64 now, gint64 max_age, guint64 max_bytes, const gchar **reason);

/* How long until the next one reaches @max_age, in us; -1 if none does. */
gint64 gst_arcly_record_list_wait (
    GstArclyRecordList *self, gint64 now, gint64 max_age);

G_END_DECLS
