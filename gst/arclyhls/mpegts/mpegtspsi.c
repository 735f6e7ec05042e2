/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "mpegtspsi.h"

#define SYNC_BYTE 0x47
#define PAT_PID 0
#define PAT_TABLE_ID 0
#define PMT_TABLE_ID 2
#define TRANSPORT_STREAM_ID 1
#define REGISTRATION_DESCRIPTOR 0x05
#define METADATA_POINTER_DESCRIPTOR 0x25
#define METADATA_DESCRIPTOR 0x26
#define POINTER_SIZE (sizeof id3_format + 3)

/* "Timed Metadata for HTTP Live Streaming", 2.3: what names the format in
 * metadata_pointer and metadata descriptors alike (2.6.58 and 2.6.60), with
 * metadata_service_id 0. */
static const guint8 id3_format[] = { 0xff, 0xff, 'I', 'D', '3', ' ', 0xff, 'I',
  'D', '3', ' ', 0 };

/* SCTE 35, 8.1: of the program. */
static const guint8 cue_registration[] = { REGISTRATION_DESCRIPTOR, 4, 'C', 'U',
  'E', 'I' };

/* Bit by bit: a section is small and written a few times a second. */
guint32
gst_arcly_ts_crc32 (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;
  gsize i;
  guint bit;

  for (i = 0; i < size; i++) {
    crc ^= (guint32) data[i] << 24;
    for (bit = 0; bit < 8; bit++)
      crc = (crc & 0x80000000) ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

gboolean
gst_arcly_ts_pmt_entry_add (
    GstArclyTsPmtEntry *entry, guint8 tag, const guint8 *data, guint size)
{
  guint8 *p = entry->descriptors + entry->n_descriptor_bytes;

  if (size + 2 > sizeof entry->descriptors - entry->n_descriptor_bytes)
    return FALSE;
  p[0] = tag;
  p[1] = size;
  memcpy (p + 2, data, size);
  entry->n_descriptor_bytes += size + 2;
  return TRUE;
}

void
gst_arcly_ts_pmt_entry_register (
    GstArclyTsPmtEntry *entry, const gchar format[4])
{
  gboolean ok = gst_arcly_ts_pmt_entry_add (
      entry, REGISTRATION_DESCRIPTOR, (const guint8 *) format, 4);

  g_assert (ok);
}

void
gst_arcly_ts_pmt_entry_set_id3 (GstArclyTsPmtEntry *entry)
{
  guint8 data[sizeof id3_format + 1];
  gboolean ok;

  memcpy (data, id3_format, sizeof id3_format);
  data[sizeof id3_format] = 0x0f; /* no decoder configuration, no DSM-CC */
  entry->type = GST_ARCLY_TS_TYPE_METADATA;
  entry->n_descriptor_bytes = 0;
  ok = gst_arcly_ts_pmt_entry_add (
      entry, METADATA_DESCRIPTOR, data, sizeof data);
  g_assert (ok);
}

gboolean
gst_arcly_ts_pmt_entry_is_data (const GstArclyTsPmtEntry *entry)
{
  return entry->type == GST_ARCLY_TS_TYPE_METADATA ||
         entry->type == GST_ARCLY_TS_TYPE_SCTE35;
}

static gboolean
has_type (const GstArclyTsPmtEntry *entries, guint n_entries, guint8 type)
{
  guint i;

  for (i = 0; i < n_entries; i++) {
    if (entries[i].type == type)
      return TRUE;
  }
  return FALSE;
}

static guint
program_info_size (const GstArclyTsPmtEntry *entries, guint n_entries)
{
  guint size = 0;

  if (has_type (entries, n_entries, GST_ARCLY_TS_TYPE_METADATA))
    size += 2 + POINTER_SIZE;
  if (has_type (entries, n_entries, GST_ARCLY_TS_TYPE_SCTE35))
    size += sizeof cue_registration;
  return size;
}

guint
gst_arcly_ts_pmt_size (const GstArclyTsPmtEntry *entries, guint n_entries)
{
  guint size = program_info_size (entries, n_entries), i;

  for (i = 0; i < n_entries; i++)
    size += 5 + entries[i].n_descriptor_bytes;
  return size;
}

static guint8 *
put16 (guint8 *p, guint value)
{
  p[0] = value >> 8;
  p[1] = value & 0xff;
  return p + 2;
}

/* 2.4.4.1 and 2.4.4.3: the packet's header, pointer_field, and what all
 * sections of this syntax begin with. */
static guint8 *
section_begin (
    guint8 *packet, guint16 pid, guint8 table_id, guint16 id, guint version)
{
  guint8 *p = packet;

  memset (packet, 0xff, GST_ARCLY_TS_PACKET_SIZE);
  *p++ = SYNC_BYTE;
  p = put16 (p, 0x4000 | pid);
  *p++ = 0x10;
  *p++ = 0; /* pointer_field */
  *p++ = table_id;
  p = put16 (p, 0); /* section_length, patched at the end */
  p = put16 (p, id);
  *p++ = 0xc1 | (version & 0x1f) << 1;
  *p++ = 0; /* section_number */
  *p++ = 0; /* last_section_number */
  return p;
}

static void
section_end (guint8 *packet, guint8 *p)
{
  guint8 *section = packet + 5;
  guint32 crc;

  /* What follows the length, with the CRC. */
  put16 (section + 1, 0xb000 | (guint) (p - section - 3 + 4));
  crc = gst_arcly_ts_crc32 (section, p - section);
  p = put16 (p, crc >> 16);
  put16 (p, crc & 0xffff);
}

/* 2.4.4.3 */
void
gst_arcly_ts_pat_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE])
{
  guint8 *p =
      section_begin (packet, PAT_PID, PAT_TABLE_ID, TRANSPORT_STREAM_ID, 0);

  p = put16 (p, GST_ARCLY_TS_PROGRAM);
  p = put16 (p, 0xe000 | GST_ARCLY_TS_PMT_PID);
  section_end (packet, p);
}

static guint8 *
put_program_info (guint8 *p, const GstArclyTsPmtEntry *entries, guint n_entries)
{
  p = put16 (p, 0xf000 | program_info_size (entries, n_entries));
  if (has_type (entries, n_entries, GST_ARCLY_TS_TYPE_METADATA)) {
    *p++ = METADATA_POINTER_DESCRIPTOR;
    *p++ = POINTER_SIZE;
    memcpy (p, id3_format, sizeof id3_format);
    p += sizeof id3_format;
    *p++ = 0x1f; /* in this stream, no locator */
    p = put16 (p, GST_ARCLY_TS_PROGRAM);
  }
  if (has_type (entries, n_entries, GST_ARCLY_TS_TYPE_SCTE35)) {
    memcpy (p, cue_registration, sizeof cue_registration);
    p += sizeof cue_registration;
  }
  return p;
}

/* 2.4.4.8 */
void
gst_arcly_ts_pmt_write (guint8 packet[GST_ARCLY_TS_PACKET_SIZE], guint version,
    guint16 pcr_pid, const GstArclyTsPmtEntry *entries, guint n_entries)
{
  guint8 *p = section_begin (packet, GST_ARCLY_TS_PMT_PID, PMT_TABLE_ID,
      GST_ARCLY_TS_PROGRAM, version);
  guint i;

  g_assert (
      gst_arcly_ts_pmt_size (entries, n_entries) <= GST_ARCLY_TS_PMT_ROOM);

  p = put16 (p, 0xe000 | pcr_pid);
  p = put_program_info (p, entries, n_entries);
  for (i = 0; i < n_entries; i++) {
    *p++ = entries[i].type;
    p = put16 (p, 0xe000 | entries[i].pid);
    p = put16 (p, 0xf000 | entries[i].n_descriptor_bytes);
    memcpy (p, entries[i].descriptors, entries[i].n_descriptor_bytes);
    p += entries[i].n_descriptor_bytes;
  }
  section_end (packet, p);
}

gsize
gst_arcly_ts_find_tables (const guint8 *data, gsize size)
{
  gsize n;

  for (n = size / GST_ARCLY_TS_PACKET_SIZE; n >= 2; n--) {
    gsize at = (n - 2) * GST_ARCLY_TS_PACKET_SIZE;
    const guint8 *packet = data + at;

    if (packet[0] == SYNC_BYTE && (packet[1] & 0x1f) == 0 && packet[2] == 0)
      return at;
  }
  return size;
}
