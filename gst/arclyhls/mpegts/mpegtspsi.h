/* SPDX-License-Identifier: MIT
 *
 * Program-specific information, ISO/IEC 13818-1, 2.4.4. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_TS_PACKET_SIZE 188
#define GST_ARCLY_TS_PMT_PID 0x1000
#define GST_ARCLY_TS_PROGRAM 1
/* What one packet of PMT holds: 183 bytes, 16 of them fixed, 5 a stream. */
#define GST_ARCLY_TS_MAX_STREAMS 32

/* Table 2-34, and what players take from it. */
#define GST_ARCLY_TS_TYPE_MPEG1_AUDIO 0x03
#define GST_ARCLY_TS_TYPE_MPEG2_AUDIO 0x04
#define GST_ARCLY_TS_TYPE_ADTS 0x0f
#define GST_ARCLY_TS_TYPE_H264 0x1b

typedef struct {
  guint16 pid;
  guint8 type;
} GstArclyTsPmtEntry;

/* Annex A: the CRC that closes each section. Over a whole section with its
 * CRC the result is 0. */
guint32 gst_arcly_ts_crc32 (const guint8 *data, gsize size);

/* Each fills one packet; the continuity counter is left 0. */
void gst_arcly_ts_pat_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE]);

void gst_arcly_ts_pmt_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE],
    guint version, guint16 pcr_pid, const GstArclyTsPmtEntry *entries,
    guint n_entries);

/* Whole packets of ours: PAT and PMT are in one packet each, side by side.
 * Returns where the last ones are, @size if there are none: those that bridge a
 * hole come before. */
gsize gst_arcly_ts_find_tables (const guint8 *data, gsize size);

G_END_DECLS
