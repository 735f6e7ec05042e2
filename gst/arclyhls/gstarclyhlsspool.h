/* SPDX-License-Identifier: MIT
 *
 * What goes from an arclyhlssink to a GstArclyStorage, in order. A thread of
 * its own hands it over, and tries again what failed; nobody else waits for
 * that. Who has the spool calls its functions from one thread at a time. */
#pragma once

#include <gst/arcly/engine/gstarclystorage.h>

G_BEGIN_DECLS

/* What waits is bounded by these. */
#define GST_ARCLY_HLS_SPOOL_MAX_BYTES (64 * 1024 * 1024)
#define GST_ARCLY_HLS_SPOOL_MAX_FILES 1024

typedef struct {
  /* Something fails, and is tried again: once, until something succeeds. */
  void (*failing) (gpointer data, const GError *error);
  /* A file that was taken is given up. */
  void (*lost) (gpointer data, const gchar *name, const GError *error);
  void (*removed) (gpointer data, const gchar *name);
  void (*retried) (gpointer data);
} GstArclyHlsSpoolEvents;

typedef struct _GstArclyHlsSpool GstArclyHlsSpool;

/* @events is constant; its functions are called from the spool's thread,
 * "lost" also from that which calls remove. @data must live until the spool is
 * closed. */
GstArclyHlsSpool *gst_arcly_hls_spool_new (GstArclyStorage *storage,
    const GstArclyHlsSpoolEvents *events, gpointer data);

/* FALSE with an error of G_FILE_ERROR if there is no room. A segment of fMP4
 * needs the init segment that was put last: where that was given up, it goes
 * again in front of the segment, which is lost with it. */
gboolean gst_arcly_hls_spool_put (
    GstArclyHlsSpool *self, const gchar *name, GBytes *bytes, GError **error);

/* What still waits under that name is given up instead. */
gboolean gst_arcly_hls_spool_remove (
    GstArclyHlsSpool *self, const gchar *name, GError **error);

/* Blocks until nothing waits, for @time microseconds at most; FALSE if
 * something does then. */
gboolean gst_arcly_hls_spool_drain (GstArclyHlsSpool *self, gint64 time);

/* What waits is lost. Blocks as long as a storage that is cancelled does. */
void gst_arcly_hls_spool_close (GstArclyHlsSpool *self);

G_END_DECLS
