/* SPDX-License-Identifier: MIT
 *
 * The sink inside an arclyrecordsink: makes fragments of what the muxer gives,
 * and hands them to the disk's thread. */
#pragma once

#include <gst/base/gstbasesink.h>

#include "gstarclyrecorddisk.h"

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_RECORD_WRITER (gst_arcly_record_writer_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyRecordWriter, gst_arcly_record_writer, GST,
    ARCLY_RECORD_WRITER, GstBaseSink)

/* Before the element is PAUSED. TS if @is_ts, else fMP4, of which the muxer
 * makes fragments itself. FALSE with @error set. */
gboolean gst_arcly_record_writer_open (GstArclyRecordWriter *self,
    const GstArclyRecordSettings *settings, gboolean is_ts,
    GstClockTime fragment_duration, GError **error);

/* On the way to READY, while the stream still runs: from now on the end of the
 * stream is only the end of what came, and nothing waits for PLAYING, or longer
 * than close does. */
void gst_arcly_record_writer_stop (GstArclyRecordWriter *self);

/* When it is READY again: ends the file and waits for the disk, up to 10 s from
 * stop on. */
void gst_arcly_record_writer_close (GstArclyRecordWriter *self);

/* The next fragment begins a file. Any thread. */
void gst_arcly_record_writer_split (GstArclyRecordWriter *self);

/* (transfer full). Any thread. */
GstStructure *gst_arcly_record_writer_get_stats (GstArclyRecordWriter *self);

G_END_DECLS
