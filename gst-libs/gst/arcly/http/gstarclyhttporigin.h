/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyHttpPlaylist:
 * @full: the playlist
 * @delta: (nullable): the same as a delta update, if there is one
 * @next: the number of the first segment that is not whole yet
 * @open_parts: how many parts that has
 * @last_parts: how many parts the segment in front of it has
 * @advance_limit: how many parts further a client may ask
 * @target_duration: in seconds
 * @ended: nothing will follow
 *
 * What gst_arcly_http_origin_set_playlist() takes, and copies.
 *
 * Since: 0.1
 */
typedef struct {
  const gchar *full;
  const gchar *delta;
  guint64 next;
  guint open_parts;
  guint last_parts;
  guint advance_limit;
  guint target_duration;
  gboolean ended;
} GstArclyHttpPlaylist;

#define GST_TYPE_ARCLY_HTTP_ORIGIN (gst_arcly_http_origin_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (
    GstArclyHttpOrigin, gst_arcly_http_origin, GST, ARCLY_HTTP_ORIGIN, GObject)

GST_ARCLY_API
GstArclyHttpOrigin *gst_arcly_http_origin_new (void);

GST_ARCLY_API
void gst_arcly_http_origin_begin (
    GstArclyHttpOrigin *origin, const gchar *name);

GST_ARCLY_API
void gst_arcly_http_origin_append (
    GstArclyHttpOrigin *origin, const gchar *name, GBytes *bytes);

GST_ARCLY_API
void gst_arcly_http_origin_finish (
    GstArclyHttpOrigin *origin, const gchar *name);

GST_ARCLY_API
void gst_arcly_http_origin_join (
    GstArclyHttpOrigin *origin, const gchar *name, const gchar *const *parts);

GST_ARCLY_API
void gst_arcly_http_origin_remove (
    GstArclyHttpOrigin *origin, const gchar *name);

GST_ARCLY_API
void gst_arcly_http_origin_set_playlist (
    GstArclyHttpOrigin *origin, const GstArclyHttpPlaylist *playlist);

GST_ARCLY_API
void gst_arcly_http_origin_close (GstArclyHttpOrigin *origin);

GST_ARCLY_API
GstStructure *gst_arcly_http_origin_get_stats (GstArclyHttpOrigin *origin);

G_END_DECLS
