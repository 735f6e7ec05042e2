/* SPDX-License-Identifier: MIT
 *
 * What a recording asks of a file system where it may fail: a table, so that
 * tests have disks that are full, slow or gone. Results and errno are those of
 * the system's functions. One thread calls. */
#pragma once

#include <sys/uio.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  /* A file that was not there, for reading and writing. */
  int (*create) (gpointer user_data, const gchar *path);
  gssize (*write) (
      gpointer user_data, int fd, const struct iovec *pieces, int n);
  int (*sync) (gpointer user_data, int fd);
  int (*remove) (gpointer user_data, const gchar *path);
  gpointer user_data;
} GstArclyRecordFs;

/* The system's. */
const GstArclyRecordFs *gst_arcly_record_fs_default (void);

/* All of it, also past interruptions. FALSE with errno set. Changes
 * @pieces. */
gboolean gst_arcly_record_fs_write_all (
    const GstArclyRecordFs *fs, int fd, struct iovec *pieces, guint n);

/* Is the file that is open still the one at this path? */
gboolean gst_arcly_record_fs_is_at (int fd, const gchar *path);

/* FALSE with @error set, of G_FILE_ERROR: "Cannot WHAT PATH: why". */
gboolean gst_arcly_record_fs_fail (
    GError **error, int code, const gchar *what, const gchar *path);

G_END_DECLS
