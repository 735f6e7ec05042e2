/* SPDX-License-Identifier: MIT
 *
 * Writes access units as MPEG-TS packets (ISO/IEC 13818-1): in comes a list of
 * pieces of one access unit, out come whole packets in one block, sized
 * beforehand. No I/O, no clock, no log; one thread at a time. */
#pragma once

#include <glib.h>

#include "mpegtsgather.h"
#include "mpegtspsi.h"

G_BEGIN_DECLS

/* What is added to each timestamp: frames may have negative ones, and the PCR
 * runs ahead of them. */
#define GST_ARCLY_TS_BASE_NS (G_GINT64_CONSTANT (10000000000))

typedef struct _GstArclyTsWriter GstArclyTsWriter;
typedef struct _GstArclyTsStream GstArclyTsStream;

typedef struct {
  GstArclyTsStream *stream;
  gint64 pts; /* nanoseconds */
  gint64 dts; /* nanoseconds; the same as pts if not reordered */
  const GstArclyTsGather *payload;
  gboolean random_access; /* decoding can start here */
  gboolean cut;           /* PAT, PMT and PCR come first */
  gboolean discontinuity; /* the time base changes here */
  gboolean section;       /* the payload is one, not a PES's; no PTS */
} GstArclyTsUnit;

GstArclyTsWriter *gst_arcly_ts_writer_new (void);

void gst_arcly_ts_writer_free (GstArclyTsWriter *writer);

/* Nanoseconds. 0 as psi_interval: only where a unit is a cut. pcr_lead is by
 * how much the PCR runs ahead of the DTS: the time that a receiver buffers,
 * and by how much another stream may come late. */
void gst_arcly_ts_writer_set_timing (GstArclyTsWriter *writer,
    gint64 psi_interval, gint64 pcr_interval, gint64 pcr_lead);

/* stream_id as in table 2-22: 0xe0 video, 0xc0 audio, 0xbd private. NULL past
 * GST_ARCLY_TS_MAX_STREAMS, and if the PMT has no room. The next unit has a new
 * PMT in front. */
GstArclyTsStream *gst_arcly_ts_writer_add_stream (GstArclyTsWriter *writer,
    const GstArclyTsPmtEntry *entry, guint8 stream_id);

/* The same stream has other content from now on. The PID stays. FALSE if the
 * PMT has no room: then nothing changed. */
gboolean gst_arcly_ts_writer_change_stream (GstArclyTsWriter *writer,
    GstArclyTsStream *stream, const GstArclyTsPmtEntry *entry,
    guint8 stream_id);

/* Does the clock go with this stream? */
gboolean gst_arcly_ts_writer_bears_clock (
    const GstArclyTsWriter *writer, const GstArclyTsStream *stream);

void gst_arcly_ts_writer_remove_stream (
    GstArclyTsWriter *writer, GstArclyTsStream *stream);

/* The exact number of bytes that the next gst_arcly_ts_writer_write() of this
 * unit writes: a multiple of 188. */
gsize gst_arcly_ts_writer_measure (
    const GstArclyTsWriter *writer, const GstArclyTsUnit *unit);

/* "out" holds what gst_arcly_ts_writer_measure() told. */
void gst_arcly_ts_writer_write (
    GstArclyTsWriter *writer, const GstArclyTsUnit *unit, guint8 *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyTsWriter, gst_arcly_ts_writer_free)

G_END_DECLS
