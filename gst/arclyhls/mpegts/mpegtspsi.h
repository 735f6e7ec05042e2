/* SPDX-License-Identifier: MIT
 *
 * Program-specific information, ISO/IEC 13818-1, 2.4.4. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_ARCLY_TS_PACKET_SIZE 188
#define GST_ARCLY_TS_PMT_PID 0x1000
#define GST_ARCLY_TS_PROGRAM 1
#define GST_ARCLY_TS_MAX_STREAMS 32
/* What one packet of PMT holds: 183 bytes, 16 of them fixed. The rest is for
 * streams: 5 bytes each, and descriptors. */
#define GST_ARCLY_TS_PMT_ROOM (183 - 16)

/* Table 2-34, and what players take from it. */
#define GST_ARCLY_TS_TYPE_MPEG1_AUDIO 0x03
#define GST_ARCLY_TS_TYPE_MPEG2_AUDIO 0x04
#define GST_ARCLY_TS_TYPE_PRIVATE 0x06
#define GST_ARCLY_TS_TYPE_ADTS 0x0f
#define GST_ARCLY_TS_TYPE_H264 0x1b
#define GST_ARCLY_TS_TYPE_H265 0x24
/* ID3 in PES, and SCTE-35. */
#define GST_ARCLY_TS_TYPE_METADATA 0x15
#define GST_ARCLY_TS_TYPE_SCTE35 0x86
/* ATSC A/53, part 3, annex A. */
#define GST_ARCLY_TS_TYPE_AC3 0x81
#define GST_ARCLY_TS_TYPE_EAC3 0x87

typedef struct {
  guint16 pid;
  guint8 type;
  guint8 n_descriptor_bytes;
  guint8 descriptors[16];
} GstArclyTsPmtEntry;

/* 2.6.8: who says what a private stream is, "AC-3" or "Opus". */
void gst_arcly_ts_pmt_entry_register (
    GstArclyTsPmtEntry *entry, const gchar format[4]);

/* Any other; TRUE if there is room. */
gboolean gst_arcly_ts_pmt_entry_add (
    GstArclyTsPmtEntry *entry, guint8 tag, const guint8 *data, guint size);

/* It is timed ID3, of which a program has one kind. */
void gst_arcly_ts_pmt_entry_set_id3 (GstArclyTsPmtEntry *entry);

/* Does it go beside picture and sound? */
gboolean gst_arcly_ts_pmt_entry_is_data (const GstArclyTsPmtEntry *entry);

/* The bytes of GST_ARCLY_TS_PMT_ROOM that these take, with what the program is
 * said to have because of them. */
guint gst_arcly_ts_pmt_size (
    const GstArclyTsPmtEntry *entries, guint n_entries);

/* Annex A: the CRC that closes each section. Over a whole section with its
 * CRC the result is 0. */
guint32 gst_arcly_ts_crc32 (const guint8 *data, gsize size);

/* Each fills one packet; the continuity counter is left 0. */
void gst_arcly_ts_pat_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE]);

/* The entries fit into GST_ARCLY_TS_PMT_ROOM. */
void gst_arcly_ts_pmt_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE],
    guint version, guint16 pcr_pid, const GstArclyTsPmtEntry *entries,
    guint n_entries);

/* Whole packets of ours: PAT and PMT are in one packet each, side by side.
 * Returns where the last ones are, @size if there are none: those that bridge a
 * hole come before. */
gsize gst_arcly_ts_find_tables (const guint8 *data, gsize size);

G_END_DECLS
