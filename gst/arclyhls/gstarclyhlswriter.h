/* SPDX-License-Identifier: MIT
 *
 * The sink inside an arclyhlssink: takes what arclytsmux or arclyfmp4mux makes,
 * cuts it, and keeps segments and playlist in a folder or a storage. */
#pragma once

#include <gst/base/gstbasesink.h>

#include <gst/arcly/engine/gstarclystorage.h>
#include <gst/arcly/http/gstarclyhttporigin.h>

#include "gstarclyhlsboard.h"
#include "gstarclyhlscuts.h"
#include "gstarclyhlsmaster.h"
#include "hls/hlsplaylist.h"

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_HLS_WRITER (gst_arcly_hls_writer_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyHlsWriter, gst_arcly_hls_writer, GST, ARCLY_HLS_WRITER, GstBaseSink)

/* An encoder takes the first frame that is not before the time that is asked
 * for, and a time that was rounded on its way to us may be behind the frame's:
 * so much earlier (ns) it means the same frame. */
#define GST_ARCLY_HLS_KEYFRAME_EARLY (5 * GST_MSECOND)

typedef struct {
  const gchar *location;
  GstArclyStorage *storage; /* in its place; or NULL */
  const gchar *folder;      /* in the storage; NULL for its top */
  GstArclyHlsType type;
  gboolean fmp4;
  guint target_duration; /* s */
  guint length;
  gboolean keep_segments;
  gboolean send_keyframe_requests;
  GstClockTime dvr_window;
  /* Low latency; NULL for none. */
  GstArclyHttpOrigin *origin;
  GstClockTime part_duration;
  GstArclyHlsBoard *board; /* of all renditions */
  /* Of several renditions; else NULL. */
  GstArclyHlsMaster *master;
  GstArclyHlsCuts *cuts;
  guint number; /* in the master */
  gboolean leads;
  gboolean is_video;
} GstArclyHlsSettings;

/* Before the element is PAUSED. FALSE with @error set. */
gboolean gst_arcly_hls_writer_open (GstArclyHlsWriter *self,
    const GstArclyHlsSettings *settings, GError **error);

/* Of several renditions, after open: the numbers of the next segment, and
 * where all of them go on. */
void gst_arcly_hls_writer_get_numbers (
    GstArclyHlsWriter *self, guint64 *next, guint64 *discontinuities);
void gst_arcly_hls_writer_align (
    GstArclyHlsWriter *self, guint64 next, guint64 discontinuities);

/* How long chunks of fMP4 shall be, in nanoseconds. After open. */
GstClockTime gst_arcly_hls_writer_get_chunk_duration (GstArclyHlsWriter *self);

/* When it is READY again. Ends the segment that is open, but not the playlist:
 * the next process goes on with it. */
void gst_arcly_hls_writer_close (GstArclyHlsWriter *self);

/* (transfer full). Any thread. */
GstStructure *gst_arcly_hls_writer_get_stats (GstArclyHlsWriter *self);

/* For the store of a multivariant playlist, with the element. */
extern const GstArclyHlsSpoolEvents gst_arcly_hls_master_storage_events;

G_END_DECLS
