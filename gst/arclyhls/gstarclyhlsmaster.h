/* SPDX-License-Identifier: MIT
 *
 * What the renditions of an arclyhlssink have in common: the multivariant
 * playlist, and where each of them is for the others to tell. Any thread. */
#pragma once

#include <gst/arcly/http/gstarclyhttporigin.h>

#include "gstarclyhlshold.h"
#include "gstarclyhlsstore.h"

G_BEGIN_DECLS

typedef struct _GstArclyHlsMaster GstArclyHlsMaster;

/* Takes @store, the folder of the multivariant playlist; who asks @origin gets
 * it as well, if there is one. */
GstArclyHlsMaster *gst_arcly_hls_master_new (
    GstArclyHlsStore *store, GstArclyHttpOrigin *origin);
GstArclyHlsMaster *gst_arcly_hls_master_ref (GstArclyHlsMaster *self);
void gst_arcly_hls_master_unref (GstArclyHlsMaster *self);

/* Another rendition, in a folder of that name; @hold knows the track. Returns
 * its number. */
guint gst_arcly_hls_master_add (GstArclyHlsMaster *self, const gchar *name,
    gboolean is_video, GstArclyHlsHold *hold);

/* It will list no more. */
void gst_arcly_hls_master_remove (GstArclyHlsMaster *self, guint number);

/* A segment was listed: @bytes in @duration nanoseconds. The playlist is
 * written once all renditions have one, and again where what it says is wrong.
 * FALSE, with an error of G_FILE_ERROR, if that failed. */
gboolean gst_arcly_hls_master_note_segment (GstArclyHlsMaster *self,
    guint number, gsize bytes, gint64 duration, GError **error);

/* Low latency: its last part. */
void gst_arcly_hls_master_note_part (
    GstArclyHlsMaster *self, guint number, guint64 sequence, guint part);

/* (transfer full): EXT-X-RENDITION-REPORT of the others (rfc8216bis, 4.4.5.4).
 */
gchar *gst_arcly_hls_master_get_reports (GstArclyHlsMaster *self, guint number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsMaster, gst_arcly_hls_master_unref)

G_END_DECLS
