/* SPDX-License-Identifier: MIT
 *
 * One EXT-X-DATERANGE (rfc8216bis, 4.4.5.1): its attributes as they are
 * written, each checked when it is set, and what they tell. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_HLS_RANGE_TAG "#EXT-X-DATERANGE:"
/* An SCTE-35 section has 4096 bytes at most, and is written in hexadecimal. */
#define GST_ARCLY_HLS_MAX_RANGE_BYTES (16 * 1024)

typedef struct _GstArclyHlsRange GstArclyHlsRange;

GstArclyHlsRange *gst_arcly_hls_range_new (void);
void gst_arcly_hls_range_free (GstArclyHlsRange *self);

/* (transfer full): of what stands behind the colon. NULL with
 * GST_ARCLY_ERROR_INVALID. */
GstArclyHlsRange *gst_arcly_hls_range_parse (
    const gchar *attributes, GError **error);

/* Each sets an attribute, once; FALSE with GST_ARCLY_ERROR_INVALID, which names
 * it and the reason. No attribute of that name, or not of that kind, is a
 * reason, too. */
gboolean gst_arcly_hls_range_set_text (GstArclyHlsRange *self,
    const gchar *name, const gchar *value, GError **error);
/* Microseconds since 1970 UTC; written in milliseconds. */
gboolean gst_arcly_hls_range_set_date (
    GstArclyHlsRange *self, const gchar *name, gint64 date, GError **error);
/* Nanoseconds; written in milliseconds. */
gboolean gst_arcly_hls_range_set_duration (
    GstArclyHlsRange *self, const gchar *name, gint64 duration, GError **error);
gboolean gst_arcly_hls_range_set_number (
    GstArclyHlsRange *self, const gchar *name, gdouble number, GError **error);
gboolean gst_arcly_hls_range_set_bytes (GstArclyHlsRange *self,
    const gchar *name, const guint8 *data, gsize size, GError **error);
/* To YES. */
gboolean gst_arcly_hls_range_set_flag (
    GstArclyHlsRange *self, const gchar *name, GError **error);

/* The rules that are about more than one attribute. */
gboolean gst_arcly_hls_range_check (
    const GstArclyHlsRange *self, GError **error);

/* What @update has, @self has then, too. FALSE if they do not agree, or not
 * with the rules; @self is as it was. */
gboolean gst_arcly_hls_range_merge (
    GstArclyHlsRange *self, const GstArclyHlsRange *update, GError **error);

/* (transfer full): all attributes, or ID, START-DATE and those that @known does
 * not have; NULL if there are none of these. */
gchar *gst_arcly_hls_range_write (
    const GstArclyHlsRange *self, const GstArclyHlsRange *known);

/* NULL if not set. */
const gchar *gst_arcly_hls_range_get_id (const GstArclyHlsRange *self);
/* Both have a class, and it is one. */
gboolean gst_arcly_hls_range_is_class_of (
    const GstArclyHlsRange *self, const GstArclyHlsRange *other);

/* Milliseconds since 1970 UTC; G_MININT64 if not set, G_MAXINT64 for an end
 * that is not known. */
gint64 gst_arcly_hls_range_get_start (const GstArclyHlsRange *self);
gint64 gst_arcly_hls_range_get_end (const GstArclyHlsRange *self);
/* It ends where the next one of its class begins. */
gboolean gst_arcly_hls_range_ends_on_next (const GstArclyHlsRange *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsRange, gst_arcly_hls_range_free)

G_END_DECLS
