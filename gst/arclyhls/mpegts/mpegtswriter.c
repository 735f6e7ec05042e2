/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "mpegtswriter.h"

#define PAYLOAD_SIZE (GST_ARCLY_TS_PACKET_SIZE - 4)
#define NO_TIME G_MININT64
/* 2.4.2.1: 27 MHz, of which 300 make a tick of PTS and DTS. */
#define TICKS_PER_PTS 300
#define PTS_MASK ((G_GUINT64_CONSTANT (1) << 33) - 1)
/* A hole longer than this is not bridged by PCRs: it is a discontinuity. */
#define MAX_BRIDGE_NS (G_GINT64_CONSTANT (10000000000))

#define AF_DISCONTINUITY 0x80
#define AF_RANDOM_ACCESS 0x40
#define AF_PCR 0x10

struct _GstArclyTsStream {
  GstArclyTsPmtEntry entry;
  guint8 stream_id;
  guint8 continuity;
};

/* What decides where tables and clocks go. Copied to measure ahead. */
typedef struct {
  gint64 last_pcr; /* ns, before GST_ARCLY_TS_BASE_NS is added */
  gint64 last_psi; /* ns, on the same scale */
  gboolean tables_changed;
} Timing;

struct _GstArclyTsWriter {
  GPtrArray *streams; /* (element-type GstArclyTsStream), owned */
  GstArclyTsStream *pcr_stream;

  gint64 psi_interval;
  gint64 pcr_interval;
  gint64 pcr_lead;

  Timing timing;

  guint8 pat[GST_ARCLY_TS_PACKET_SIZE];
  guint8 pmt[GST_ARCLY_TS_PACKET_SIZE];
  guint pmt_version;
  guint8 pat_continuity;
  guint8 pmt_continuity;
};

GstArclyTsWriter *
gst_arcly_ts_writer_new (void)
{
  GstArclyTsWriter *writer = g_new0 (GstArclyTsWriter, 1);

  writer->streams = g_ptr_array_new_with_free_func (g_free);
  writer->timing.last_pcr = NO_TIME;
  writer->timing.last_psi = NO_TIME;
  writer->pmt_version = 0x1f; /* the first table is version 0 */
  writer->pcr_interval = 40 * 1000 * 1000;
  gst_arcly_ts_pat_write (writer->pat);
  return writer;
}

void
gst_arcly_ts_writer_free (GstArclyTsWriter *writer)
{
  g_ptr_array_unref (writer->streams);
  g_free (writer);
}

void
gst_arcly_ts_writer_set_timing (GstArclyTsWriter *writer, gint64 psi_interval,
    gint64 pcr_interval, gint64 pcr_lead)
{
  writer->psi_interval = psi_interval;
  writer->pcr_interval = MAX (pcr_interval, 1000000);
  writer->pcr_lead = pcr_lead;
}

/* The clock goes with the first video stream, else with the first of sound,
 * else with the first of all. */
static GstArclyTsStream *
find_pcr_stream (const GstArclyTsWriter *writer)
{
  GstArclyTsStream *best = NULL;
  guint i;

  for (i = 0; i < writer->streams->len; i++) {
    GstArclyTsStream *stream = g_ptr_array_index (writer->streams, i);

    if ((stream->stream_id & 0xf0) == 0xe0)
      return stream;
    if (!best || (gst_arcly_ts_pmt_entry_is_data (&best->entry) &&
                     !gst_arcly_ts_pmt_entry_is_data (&stream->entry)))
      best = stream;
  }
  return best;
}

/* All but one. Returns how many. */
static guint
list_entries (const GstArclyTsWriter *writer, const GstArclyTsStream *without,
    GstArclyTsPmtEntry *entries)
{
  guint i, n = 0;

  for (i = 0; i < writer->streams->len; i++) {
    const GstArclyTsStream *stream = g_ptr_array_index (writer->streams, i);

    if (stream != without)
      entries[n++] = stream->entry;
  }
  return n;
}

static void
rebuild_pmt (GstArclyTsWriter *writer)
{
  GstArclyTsPmtEntry entries[GST_ARCLY_TS_MAX_STREAMS];
  guint n = list_entries (writer, NULL, entries);

  writer->pcr_stream = find_pcr_stream (writer);
  /* 2.4.4.9: the version changes whenever the table does. Tables that were
   * never written don't count. */
  if (!writer->timing.tables_changed)
    writer->pmt_version = (writer->pmt_version + 1) & 0x1f;
  writer->timing.tables_changed = TRUE;
  gst_arcly_ts_pmt_write (writer->pmt, writer->pmt_version,
      writer->pcr_stream ? writer->pcr_stream->entry.pid : 0x1fff, entries, n);
}

/* Is there room for one more, when "without" makes place? */
static gboolean
fits (const GstArclyTsWriter *writer, const GstArclyTsPmtEntry *entry,
    const GstArclyTsStream *without)
{
  GstArclyTsPmtEntry entries[GST_ARCLY_TS_MAX_STREAMS + 1];
  guint n = list_entries (writer, without, entries);

  entries[n++] = *entry;
  return gst_arcly_ts_pmt_size (entries, n) <= GST_ARCLY_TS_PMT_ROOM;
}

GstArclyTsStream *
gst_arcly_ts_writer_add_stream (
    GstArclyTsWriter *writer, const GstArclyTsPmtEntry *entry, guint8 stream_id)
{
  GstArclyTsStream *stream;

  if (writer->streams->len >= GST_ARCLY_TS_MAX_STREAMS ||
      !fits (writer, entry, NULL))
    return NULL;
  stream = g_new0 (GstArclyTsStream, 1);
  stream->entry = *entry;
  stream->stream_id = stream_id;
  g_ptr_array_add (writer->streams, stream);
  rebuild_pmt (writer);
  return stream;
}

gboolean
gst_arcly_ts_writer_change_stream (GstArclyTsWriter *writer,
    GstArclyTsStream *stream, const GstArclyTsPmtEntry *entry, guint8 stream_id)
{
  GstArclyTsPmtEntry old = stream->entry;

  if (!fits (writer, entry, stream))
    return FALSE;
  stream->entry = *entry;
  stream->entry.pid = old.pid;
  if (stream->stream_id == stream_id && old.type == entry->type &&
      old.n_descriptor_bytes == entry->n_descriptor_bytes &&
      memcmp (old.descriptors, entry->descriptors, old.n_descriptor_bytes) == 0)
    return TRUE;
  stream->stream_id = stream_id;
  rebuild_pmt (writer);
  return TRUE;
}

gboolean
gst_arcly_ts_writer_bears_clock (
    const GstArclyTsWriter *writer, const GstArclyTsStream *stream)
{
  return writer->pcr_stream == stream;
}

void
gst_arcly_ts_writer_remove_stream (
    GstArclyTsWriter *writer, GstArclyTsStream *stream)
{
  g_ptr_array_remove (writer->streams, stream);
  rebuild_pmt (writer);
}

static gint64
floor_div (gint64 a, gint64 b)
{
  return a / b - (a % b < 0);
}

/* Nanoseconds to 90 kHz, to the nearest, without passing 64 bits. */
static guint64
to_pts (gint64 ns)
{
  gint64 whole = floor_div (ns, 100000);
  gint64 rest = ns - whole * 100000;

  return (guint64) (whole * 9 + (rest * 9 + 50000) / 100000) & PTS_MASK;
}

static guint8 *
put_timestamp (guint8 *p, guint marker, guint64 pts)
{
  p[0] = marker << 4 | (pts >> 29 & 0x0e) | 1;
  p[1] = pts >> 22 & 0xff;
  p[2] = (pts >> 14 & 0xfe) | 1;
  p[3] = pts >> 7 & 0xff;
  p[4] = (pts << 1 & 0xfe) | 1;
  return p + 5;
}

/* 2.4.3.4: base of 33 bits at 90 kHz, 6 reserved, extension of 9 bits. */
static void
put_pcr (guint8 *p, gint64 ns)
{
  gint64 shifted = ns + GST_ARCLY_TS_BASE_NS;
  gint64 whole = floor_div (shifted, 100000);
  guint ticks = (guint) ((shifted - whole * 100000) * 27 / 1000);
  guint64 base = (guint64) (whole * 9 + ticks / TICKS_PER_PTS) & PTS_MASK;
  guint extension = ticks % TICKS_PER_PTS;

  p[0] = base >> 25;
  p[1] = base >> 17 & 0xff;
  p[2] = base >> 9 & 0xff;
  p[3] = base >> 1 & 0xff;
  p[4] = (base & 1) << 7 | 0x7e | extension >> 8;
  p[5] = extension & 0xff;
}

/* 2.4.3.3 and 2.4.3.5: header and an adaptation field of "adaptation" bytes,
 * its length byte among them; the payload fills the rest. */
static guint8 *
put_header (guint8 *out, const GstArclyTsStream *stream, gboolean start,
    guint adaptation, guint8 flags, gint64 pcr)
{
  guint8 *p = out + 4;

  out[0] = 0x47;
  out[1] = (start ? 0x40 : 0) | stream->entry.pid >> 8;
  out[2] = stream->entry.pid & 0xff;
  out[3] = (adaptation > 0 ? 0x20 : 0) |
           (adaptation < PAYLOAD_SIZE ? 0x10 : 0) | stream->continuity;
  if (adaptation == 0)
    return p;
  *p++ = adaptation - 1;
  if (adaptation > 1)
    *p++ = flags;
  if (flags & AF_PCR) {
    put_pcr (p, pcr);
    p += 6;
  }
  memset (p, 0xff, out + 4 + adaptation - p);
  return out + 4 + adaptation;
}

static guint8 *
put_tables (GstArclyTsWriter *writer, guint8 *out)
{
  memcpy (out, writer->pat, GST_ARCLY_TS_PACKET_SIZE);
  out[3] |= writer->pat_continuity;
  writer->pat_continuity = (writer->pat_continuity + 1) & 0xf;
  out += GST_ARCLY_TS_PACKET_SIZE;
  memcpy (out, writer->pmt, GST_ARCLY_TS_PACKET_SIZE);
  out[3] |= writer->pmt_continuity;
  writer->pmt_continuity = (writer->pmt_continuity + 1) & 0xf;
  return out + GST_ARCLY_TS_PACKET_SIZE;
}

/* A packet with nothing but a PCR. 2.4.3.3: it repeats the counter. */
static guint8 *
put_clock (
    const GstArclyTsWriter *writer, guint8 *out, guint8 flags, gint64 pcr)
{
  GstArclyTsStream stream = *writer->pcr_stream;

  stream.continuity = (stream.continuity + 0xf) & 0xf;
  return put_header (out, &stream, FALSE, PAYLOAD_SIZE, AF_PCR | flags, pcr);
}

/* Where a unit stands, and what comes in front of it. */
typedef struct {
  guint8 flags; /* of the adaptation field in its first packet */
  gint64 pcr;
  guint n_packets; /* tables and clocks */
} Lead;

static gboolean
tables_due (const GstArclyTsWriter *writer, const Timing *timing, gint64 now)
{
  return timing->tables_changed || timing->last_psi == NO_TIME ||
         (writer->psi_interval > 0 &&
             now - timing->last_psi >= writer->psi_interval);
}

/* One walk for both: with "out" NULL it counts, else it writes. */
static guint8 *
lead_tables (GstArclyTsWriter *writer, Timing *timing, gint64 now, Lead *lead,
    guint8 *out)
{
  timing->last_psi = now;
  timing->tables_changed = FALSE;
  lead->n_packets += 2;
  return out ? put_tables (writer, out) : NULL;
}

/* PCRs (and tables) in a hole that the streams leave. */
static guint8 *
lead_bridge (GstArclyTsWriter *writer, Timing *timing, gint64 now, Lead *lead,
    guint8 *out)
{
  while (now - timing->last_pcr > writer->pcr_interval) {
    timing->last_pcr += writer->pcr_interval;
    if (tables_due (writer, timing, timing->last_pcr))
      out = lead_tables (writer, timing, timing->last_pcr, lead, out);
    lead->n_packets++;
    if (out) {
      put_clock (writer, out, 0, timing->last_pcr);
      out += GST_ARCLY_TS_PACKET_SIZE;
    }
  }
  return out;
}

static gboolean
clock_jumps (const Timing *timing, const GstArclyTsUnit *unit, gint64 now)
{
  /* Running behind the clock is a jump only for who bears it: others are
   * late, and stay in order behind it. */
  return unit->discontinuity || now - timing->last_pcr > MAX_BRIDGE_NS ||
         unit->dts < timing->last_pcr;
}

static guint8 *
write_lead (GstArclyTsWriter *writer, Timing *timing,
    const GstArclyTsUnit *unit, Lead *lead, guint8 *out)
{
  gboolean bears_pcr = unit->stream == writer->pcr_stream;
  gboolean first = timing->last_pcr == NO_TIME;
  gint64 now = unit->dts - writer->pcr_lead;
  gboolean alone = first; /* a clock that no unit bears begins */

  *lead = (Lead){ .flags = unit->random_access ? AF_RANDOM_ACCESS : 0 };
  if (first) {
    if (bears_pcr)
      lead->flags |= AF_PCR;
  } else if ((bears_pcr || unit->cut) && clock_jumps (timing, unit, now)) {
    /* Who bears it may be silent when others begin anew. */
    alone = TRUE;
    if (bears_pcr)
      lead->flags |= AF_PCR | AF_DISCONTINUITY;
    timing->last_psi = NO_TIME;
  } else if (now - timing->last_pcr <= MAX_BRIDGE_NS) {
    out = lead_bridge (writer, timing, now, lead, out);
    /* Two on the same spot would be no clock. */
    now = MAX (now, timing->last_pcr + 1000);
    if (bears_pcr &&
        (unit->cut || now - timing->last_pcr > writer->pcr_interval / 2))
      lead->flags |= AF_PCR;
  }
  if (unit->cut || tables_due (writer, timing, now))
    out = lead_tables (writer, timing, now, lead, out);
  if (alone && !bears_pcr) {
    /* The clock starts with the first unit, whosever it is. */
    lead->n_packets++;
    timing->last_pcr = now;
    if (out) {
      put_clock (writer, out, first ? 0 : AF_DISCONTINUITY, now);
      out += GST_ARCLY_TS_PACKET_SIZE;
    }
  }
  if (lead->flags & AF_PCR)
    timing->last_pcr = now;
  lead->pcr = now;
  return out;
}

/* Of a section: pointer_field. */
static guint
head_size (const GstArclyTsUnit *unit)
{
  if (unit->section)
    return 1;
  return 9 + (unit->pts == unit->dts ? 5 : 10);
}

static guint
adaptation_size (guint8 flags)
{
  return flags == 0 ? 0 : flags & AF_PCR ? 8 : 2;
}

static guint
unit_packets (const GstArclyTsUnit *unit, guint8 flags)
{
  gsize total = head_size (unit) + unit->payload->size;

  return (adaptation_size (flags) + total + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE;
}

gsize
gst_arcly_ts_writer_measure (
    const GstArclyTsWriter *writer, const GstArclyTsUnit *unit)
{
  Timing timing = writer->timing;
  Lead lead;

  /* Without an output the walk leaves the writer as it is. */
  write_lead ((GstArclyTsWriter *) writer, &timing, unit, &lead, NULL);
  return (gsize) (lead.n_packets + unit_packets (unit, lead.flags)) *
         GST_ARCLY_TS_PACKET_SIZE;
}

/* 2.4.3.6 */
static guint8 *
put_pes_header (guint8 *p, const GstArclyTsUnit *unit)
{
  gboolean reordered = unit->pts != unit->dts;
  guint timestamps = reordered ? 10 : 5;
  gsize length = 3 + timestamps + unit->payload->size;

  p[0] = 0;
  p[1] = 0;
  p[2] = 1;
  p[3] = unit->stream->stream_id;
  /* 2.4.3.7: 0 where it does not fit, which only video may. */
  if (length > G_MAXUINT16)
    length = 0;
  p[4] = length >> 8;
  p[5] = length & 0xff;
  p[6] = 0x84; /* data_alignment_indicator: an access unit begins here */
  p[7] = reordered ? 0xc0 : 0x80;
  p[8] = timestamps;
  p = put_timestamp (
      p + 9, reordered ? 3 : 2, to_pts (unit->pts + GST_ARCLY_TS_BASE_NS));
  if (reordered)
    p = put_timestamp (p, 1, to_pts (unit->dts + GST_ARCLY_TS_BASE_NS));
  return p;
}

typedef struct {
  const GstArclyTsPiece *piece;
  gsize done; /* bytes of it */
} GatherPos;

static void
copy_payload (GatherPos *pos, guint8 *out, gsize n)
{
  while (n > 0) {
    gsize take = MIN (n, pos->piece->size - pos->done);

    memcpy (out, pos->piece->data + pos->done, take);
    out += take;
    n -= take;
    pos->done += take;
    if (pos->done == pos->piece->size) {
      pos->piece++;
      pos->done = 0;
    }
  }
}

void
gst_arcly_ts_writer_write (
    GstArclyTsWriter *writer, const GstArclyTsUnit *unit, guint8 *out)
{
  GstArclyTsStream *stream = unit->stream;
  gsize left = unit->payload->size;
  GatherPos pos = { (GstArclyTsPiece *) unit->payload->pieces->data, 0 };
  guint head = head_size (unit);
  gboolean start = TRUE;
  Lead lead;

  out = write_lead (writer, &writer->timing, unit, &lead, out);
  while (start || left > 0) {
    guint8 flags = start ? lead.flags : 0;
    guint room = PAYLOAD_SIZE - adaptation_size (flags) - (start ? head : 0);
    gsize n = MIN (left, room);
    /* 2.4.3.3 and 2.4.4: stuffing is in front of a PES and behind a section. */
    guint stuffing = unit->section ? 0 : room - n;
    guint8 *p = put_header (out, stream, start,
        adaptation_size (flags) + stuffing, flags, lead.pcr);

    if (start && unit->section)
      *p++ = 0; /* pointer_field */
    else if (start)
      p = put_pes_header (p, unit);
    copy_payload (&pos, p, n);
    if (unit->section)
      memset (p + n, 0xff, room - n);
    stream->continuity = (stream->continuity + 1) & 0xf;
    out += GST_ARCLY_TS_PACKET_SIZE;
    left -= n;
    start = FALSE;
  }
}
