/* SPDX-License-Identifier: MIT
 *
 * The folder of an arclyhlssink, or a GstArclyStorage in its place. A reader of
 * it sees whole files only: each is written under another name and then
 * renamed. Errors are of G_FILE_ERROR and name the file. Not thread-safe. */
#pragma once

#include <glib.h>

#include "gstarclyhlsspool.h"
#include "hls/hlsplaylist.h"

G_BEGIN_DECLS

typedef struct {
  GstArclyHlsName name;
  gboolean whole; /* some whole packets, or boxes */
} GstArclyHlsFile;

typedef struct _GstArclyHlsStore GstArclyHlsStore;

/* Creates @folder if it is missing, and keeps other writers out of it, of this
 * process or another. NULL with @error set if it cannot be written to. */
GstArclyHlsStore *gst_arcly_hls_store_open (
    const gchar *folder, GError **error);

/* Never fails: what does later is in @events. Whole files wait in memory until
 * the storage took them; what is hidden (".name") is kept nowhere. Names are in
 * the storage's folder @folder, or at its top where that is NULL. */
GstArclyHlsStore *gst_arcly_hls_store_open_storage (GstArclyStorage *storage,
    const gchar *folder, const GstArclyHlsSpoolEvents *events, gpointer data);

/* Blocks until a storage has what waits for it, for some seconds at most, and
 * not again when they were too few. */
void gst_arcly_hls_store_drain (GstArclyHlsStore *self);

/* What was begun and not committed is removed. Drains. */
void gst_arcly_hls_store_close (GstArclyHlsStore *self);

/* (transfer full) (element-type GstArclyHlsFile): the segments and init
 * segments that are there, ascending by number; of a storage those that the
 * playlist lists, which has to be read first, and perhaps one more. Removes
 * what a process that died left half written. Not so a machine that lost power:
 * a file may have its name without its content.
 */
GArray *gst_arcly_hls_store_scan (GstArclyHlsStore *self);

/* NULL with @error set; G_FILE_ERROR_NOENT if there is no such file. */
gchar *gst_arcly_hls_store_read (
    GstArclyHlsStore *self, const gchar *name, gsize *size, GError **error);

gboolean gst_arcly_hls_store_replace (GstArclyHlsStore *self, const gchar *name,
    const gchar *data, gsize size, GError **error);

/* A segment in pieces. One at a time; after an error of write or commit it is
 * gone. Where the folder was moved or removed, begin makes it anew; @is_new
 * says so also where it then fails, and what is in the old one stays there. It
 * fails while another writer has the new one. */
gboolean gst_arcly_hls_store_begin (
    GstArclyHlsStore *self, gboolean *is_new, GError **error);

gboolean gst_arcly_hls_store_write (
    GstArclyHlsStore *self, const guint8 *data, gsize size, GError **error);

gboolean gst_arcly_hls_store_commit (
    GstArclyHlsStore *self, const gchar *name, GError **error);

/* What is written so far outlives the process, if not the machine. */
gboolean gst_arcly_hls_store_flush (GstArclyHlsStore *self, GError **error);

/* What a process that died left of a segment becomes one with the first @bytes
 * of it. Before a scan. FALSE if there are not so many. */
gboolean gst_arcly_hls_store_recover (
    GstArclyHlsStore *self, const gchar *name, gsize bytes);

void gst_arcly_hls_store_abort (GstArclyHlsStore *self);

gboolean gst_arcly_hls_store_remove (
    GstArclyHlsStore *self, const gchar *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsStore, gst_arcly_hls_store_close)

G_END_DECLS
