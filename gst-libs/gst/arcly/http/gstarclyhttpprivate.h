/* SPDX-License-Identifier: MIT
 *
 * What the files of the HTTP server share. Private: not installed. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A folder under a path. Immutable; any thread. */
typedef struct {
  gatomicrefcount refs;
  gchar *path;   /* "/hls": leading slash, no trailing one */
  gchar *folder; /* absolute */
  gchar *title;
} GstArclyHttpMount;

GstArclyHttpMount *gst_arcly_http_mount_new (
    const gchar *path, const gchar *folder, const gchar *title);
GstArclyHttpMount *gst_arcly_http_mount_ref (GstArclyHttpMount *mount);
void gst_arcly_http_mount_unref (GstArclyHttpMount *mount);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHttpMount, gst_arcly_http_mount_unref)

/* A file's bytes with what identifies this version of it. */
typedef struct {
  GBytes *bytes;
  gchar *etag;
} GstArclyHttpFile;

void gst_arcly_http_file_clear (GstArclyHttpFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstArclyHttpFile, gst_arcly_http_file_clear)

/* Recent files, so that many viewers share one copy. One thread: the server's.
 */
typedef struct _GstArclyHttpCache GstArclyHttpCache;

GstArclyHttpCache *gst_arcly_http_cache_new (gsize max_bytes);
void gst_arcly_http_cache_free (GstArclyHttpCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHttpCache, gst_arcly_http_cache_free)

/* Reads what @relative (a decoded path without leading slash) names inside
 * @folder. FALSE if there is no such regular file, or it lies outside. */
gboolean gst_arcly_http_cache_read (GstArclyHttpCache *cache,
    const gchar *folder, const gchar *relative, GstArclyHttpFile *file);

/* A request's raw path, decoded once; NULL if it holds anything that no path of
 * ours does: "..", hidden names, backslashes, NUL, bad escapes, bad UTF-8. */
gchar *gst_arcly_http_decode_path (const gchar *raw_path);

/* Answers requests. @mounts gives the present mounts (transfer full)
 * (element-type GstArclyHttpMount). One thread: the server's. */
typedef struct _GstArclyHttpRouter GstArclyHttpRouter;
typedef GPtrArray *(*GstArclyHttpMountsFunc) (gpointer data);

GstArclyHttpRouter *gst_arcly_http_router_new (
    GstArclyHttpMountsFunc mounts, gpointer data);
void gst_arcly_http_router_free (GstArclyHttpRouter *router);
void gst_arcly_http_router_handle (
    GstArclyHttpRouter *router, SoupServerMessage *message);

G_END_DECLS
