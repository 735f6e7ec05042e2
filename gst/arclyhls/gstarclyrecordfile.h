/* SPDX-License-Identifier: MIT
 *
 * The file of a recording that is open. It always ends with a whole fragment,
 * but for what the process was writing when it died. The disk's thread. */
#pragma once

#include "gstarclyrecordfs.h"
#include "gstarclyrecordqueue.h"
#include "recordname.h"

G_BEGIN_DECLS

typedef struct {
  int fd;       /* -1: none is open */
  gchar *path;  /* owned */
  guint64 size; /* up to the end of what is whole */
} GstArclyRecordOut;

void gst_arcly_record_out_init (GstArclyRecordOut *self);

/* Makes a file that was not there, and folders for it. FALSE with @error and
 * @code (errno) set. */
gboolean gst_arcly_record_out_open (GstArclyRecordOut *self,
    const GstArclyRecordFs *fs, const gchar *name,
    const GstArclyRecordNameParts *parts, int *code, GError **error);

/* @init, if there is; @head in place of the first bytes of the fragment; the
 * rest of it. All or nothing. FALSE with errno set. */
gboolean gst_arcly_record_out_write (GstArclyRecordOut *self,
    const GstArclyRecordFs *fs, GBytes *init, GBytes *head,
    const GstArclyRecordFragment *fragment);

/* Closes it. One in which nothing is whole is removed. FALSE with errno set if
 * the system had not written all of it after all. */
gboolean gst_arcly_record_out_close (
    GstArclyRecordOut *self, const GstArclyRecordFs *fs, gboolean sync);

G_END_DECLS
