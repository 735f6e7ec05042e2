/* SPDX-License-Identifier: MIT
 *
 * What servers see of an origin. Private: not installed. */
#pragma once

#include <gst/arcly/http/gstarclyhttporigin.h>

G_BEGIN_DECLS

/* rfc8216bis, 6.2.5: what a client asks for with _HLS_msn, _HLS_part and
 * _HLS_skip. */
typedef struct {
  gboolean blocks;
  guint64 msn;
  guint part;
  gboolean skip;
} GstArclyHttpReload;

/* From the query of a URI, which may be NULL; other parameters are not ours.
 * FALSE if it is malformed. */
gboolean gst_arcly_http_reload_parse (
    GstArclyHttpReload *reload, const gchar *query);

/* One state of a playlist. Immutable, but for the compressed text, which is
 * made when first asked for; any thread. */
typedef struct _GstArclyHttpSnapshot GstArclyHttpSnapshot;

typedef enum {
  GST_ARCLY_HTTP_RELOAD_NOW,
  GST_ARCLY_HTTP_RELOAD_WAIT,
  GST_ARCLY_HTTP_RELOAD_TOO_FAR,
} GstArclyHttpJudgement;

GstArclyHttpSnapshot *gst_arcly_http_snapshot_new (
    const GstArclyHttpPlaylist *playlist, guint32 id, guint64 serial);
GstArclyHttpSnapshot *gst_arcly_http_snapshot_ref (
    GstArclyHttpSnapshot *snapshot);
void gst_arcly_http_snapshot_unref (GstArclyHttpSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyHttpSnapshot, gst_arcly_http_snapshot_unref)

GstArclyHttpJudgement gst_arcly_http_snapshot_judge (
    GstArclyHttpSnapshot *snapshot, const GstArclyHttpReload *reload);

/* (transfer none): NULL for a gzip that is not smaller. */
GBytes *gst_arcly_http_snapshot_get_text (
    GstArclyHttpSnapshot *snapshot, gboolean delta, gboolean gzip);

/* With quotes. */
const gchar *gst_arcly_http_snapshot_get_etag (GstArclyHttpSnapshot *snapshot);
guint gst_arcly_http_snapshot_get_target_duration (
    GstArclyHttpSnapshot *snapshot);
gboolean gst_arcly_http_snapshot_is_ended (GstArclyHttpSnapshot *snapshot);
/* Microseconds of the monotonic clock. */
gint64 gst_arcly_http_snapshot_get_time (GstArclyHttpSnapshot *snapshot);

/* (transfer full) (nullable) */
GstArclyHttpSnapshot *gst_arcly_http_origin_get_snapshot (
    GstArclyHttpOrigin *origin);
gboolean gst_arcly_http_origin_is_closed (GstArclyHttpOrigin *origin);

/* (transfer full) (nullable) (element-type GBytes): what is there behind
 * @offset of a file; NULL if there is no such file. */
GPtrArray *gst_arcly_http_origin_get (GstArclyHttpOrigin *origin,
    const gchar *name, gsize offset, gsize *size, gboolean *complete);

/* A request that waited for the playlist has its answer, this many
 * microseconds after the playlist was there. */
void gst_arcly_http_origin_note_answer (
    GstArclyHttpOrigin *origin, gint64 delay);

/* @func is called in @context's thread after something has changed, at least
 * once for all that did. That thread begins and ends it. */
typedef struct _GstArclyHttpWatch GstArclyHttpWatch;
typedef void (*GstArclyHttpWakeFunc) (gpointer data);

GstArclyHttpWatch *gst_arcly_http_origin_watch (GstArclyHttpOrigin *origin,
    GMainContext *context, GstArclyHttpWakeFunc func, gpointer data);
void gst_arcly_http_origin_unwatch (
    GstArclyHttpOrigin *origin, GstArclyHttpWatch *watch);

G_END_DECLS
