/* SPDX-License-Identifier: MIT
 *
 * The index of a recording: a line of JSON for each thing that happened. Text
 * only. docs/record.md describes the fields. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_RECORD_VERSION 1
/* No line is longer; what is longer is not ours. */
#define GST_ARCLY_RECORD_MAX_LINE 16384

typedef enum {
  GST_ARCLY_RECORD_SESSION,
  GST_ARCLY_RECORD_FILE,
  GST_ARCLY_RECORD_FRAGMENT,
  GST_ARCLY_RECORD_GAP,
  GST_ARCLY_RECORD_CLOSED,
  GST_ARCLY_RECORD_FINALIZED,
  GST_ARCLY_RECORD_DELETED,
} GstArclyRecordEntryType;

/* Which fields an entry has depends on its type. */
typedef struct {
  GstArclyRecordEntryType type;
  gint64 wall;      /* us since 1970, UTC */
  guint64 version;  /* of a session */
  guint64 file;     /* number, from 1; of a gap the file before it, 0: none */
  gchar *path;      /* relative to the index's folder, or absolute */
  gchar *container; /* "fmp4" or "ts" */
  gint64 media;     /* media time, ns */
  gint64 duration;  /* ns */
  guint64 offset;   /* in the file, bytes */
  guint64 size;     /* bytes */
  guint64 fragments;
  gboolean key; /* decoding can start there */
  gchar *reason;
} GstArclyRecordEntry;

/* Frees the strings. */
void gst_arcly_record_entry_clear (GstArclyRecordEntry *entry);

/* Appends the line with its newline. */
void gst_arcly_record_entry_write (
    const GstArclyRecordEntry *entry, GString *out);

/* @line without its newline. FALSE if it is no whole entry: it was cut off, or
 * somebody else wrote it. Then @entry is empty. Fields that are not known are
 * ignored. */
gboolean gst_arcly_record_entry_read (
    GstArclyRecordEntry *entry, const gchar *line, gsize size);

/* The time as the index has it: 2026-01-31T23:59:59.000000Z. */
gchar *gst_arcly_record_format_wall (gint64 wall);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    GstArclyRecordEntry, gst_arcly_record_entry_clear)

G_END_DECLS
