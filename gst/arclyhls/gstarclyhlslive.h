/* SPDX-License-Identifier: MIT
 *
 * What a low-latency stream has that is in no file: its parts, and the playlist
 * that lists them. Fills an origin from what the writer hands over; the thread
 * that streams has it. */
#pragma once

#include <gst/arcly/http/gstarclyhttporigin.h>

#include "hls/hlsparts.h"
#include "hls/hlsplaylist.h"

G_BEGIN_DECLS

typedef struct _GstArclyHlsLive GstArclyHlsLive;

/* @playlist is the writer's; @part_duration in nanoseconds. */
GstArclyHlsLive *gst_arcly_hls_live_new (GstArclyHlsPlaylist *playlist,
    GstArclyHttpOrigin *origin, gint64 part_duration);

void gst_arcly_hls_live_free (GstArclyHlsLive *self);

/* A segment begins, and with it a part: at @start (DTS), or with its first
 * unit where that is GST_ARCLY_HLS_NO_TIME. */
void gst_arcly_hls_live_open (GstArclyHlsLive *self,
    const GstArclyHlsSegment *segment, gint64 start, guint64 now);

/* @unit comes next. TRUE if a part ended in front of it: publish. */
gboolean gst_arcly_hls_live_push (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit, gboolean beside);

/* The same of a chunk of fMP4, of which all bytes are written then; and TRUE if
 * a part ended behind it, with @last in any case. */
gboolean gst_arcly_hls_live_push_chunk (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit);

gboolean gst_arcly_hls_live_end_chunk (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit, gboolean last);

/* The init segment @map, which segments need from now on. */
void gst_arcly_hls_live_add_map (
    GstArclyHlsLive *self, guint64 map, GBytes *bytes);

/* How much of the open segment is in parts that are whole, in nanoseconds. */
gint64 gst_arcly_hls_live_get_duration (GstArclyHlsLive *self);

void gst_arcly_hls_live_write (
    GstArclyHlsLive *self, const guint8 *data, gsize size);

/* How long the open segment has to last for its parts to last as long
 * (rfc8216bis, 4.4.4.9), where @duration would be right. */
gint64 gst_arcly_hls_live_fit (GstArclyHlsLive *self, gint64 duration);

/* The open segment ends, and its last part. Then it is appended to the
 * playlist, then listed under @name. */
void gst_arcly_hls_live_close (GstArclyHlsLive *self, gint64 duration);

void gst_arcly_hls_live_list (
    GstArclyHlsLive *self, const gchar *name, gint64 duration);

/* (transfer full) (nullable): the playlist that viewers have from now on; NULL
 * if there is nothing to show yet. */
gchar *gst_arcly_hls_live_publish (GstArclyHlsLive *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsLive, gst_arcly_hls_live_free)

G_END_DECLS
