/* SPDX-License-Identifier: MIT */
#include "tschecker.h"
#include "tspayload.h"

#include <string.h>

#define PACKET 188
#define N_PIDS 8192
#define FIRST_FREE_PID 0x20
#define PCR_HZ 27000000
#define MAX_PROBLEMS 50
#define SPLICES 0x86

typedef struct {
  gint continuity; /* -1 before the first payload */
  gboolean discontinuity;
  guint8 stream_type; /* 0: not in the PMT */
  guint32 registration;
  TsUnit *unit;   /* that is being read */
  guint expected; /* bytes the PES tells, 0 = open */
  gint64 last_dts;
  gboolean has_dts;
} Pid;

typedef struct {
  TsReport *report;
  const TsLimits *limits;
  Pid pids[N_PIDS];
  gint pmt_pid;
  gint pcr_pid;
  gint64 pcr; /* 27 MHz, unwrapped; -1 before the first */
  gint64 last_psi[2];
  guint packet;
} Checker;

static void problem (Checker *c, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

static void
problem (Checker *c, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  if (c->report->problems->len >= MAX_PROBLEMS)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (
      c->report->problems, g_strdup_printf ("packet %u: %s", c->packet, text));
}

/* The writer shifts bit by bit; this one divides by the table. */
static guint32
section_crc (const guint8 *p, gsize n)
{
  guint32 table[256];
  guint32 crc = G_MAXUINT32;
  guint i, bit;

  for (i = 0; i < 256; i++) {
    guint32 value = i << 24;

    for (bit = 0; bit < 8; bit++)
      value = value << 1 ^ (value >> 31 ? 0x04c11db7u : 0);
    table[i] = value;
  }
  while (n-- > 0)
    crc = crc << 8 ^ table[(crc >> 24 ^ *p++) & 0xff];
  return crc;
}

static void
check_psi_interval (Checker *c, guint which, const gchar *name)
{
  gint64 limit = (gint64) c->limits->psi_interval_ms * (PCR_HZ / 1000);

  if (limit > 0 && c->pcr >= 0 && c->last_psi[which] >= 0 &&
      c->pcr - c->last_psi[which] > limit)
    problem (c, "%s after %" G_GINT64_FORMAT " ms", name,
        (c->pcr - c->last_psi[which]) / (PCR_HZ / 1000));
  c->last_psi[which] = c->pcr;
}

/* The registration among them, 0 if there is none. */
static guint32
read_descriptors (Checker *c, const guint8 *p, gssize length)
{
  const guint8 *end = p + length;
  guint32 registration = 0;

  while (end - p >= 2 && p[1] <= end - p - 2) {
    if (p[0] == 5 && p[1] >= 4)
      registration = (guint32) p[2] << 24 | p[3] << 16 | p[4] << 8 | p[5];
    p += 2 + p[1];
  }
  if (p != end)
    problem (c, "a descriptor passes the end of its loop");
  return registration;
}

static void
read_pmt (Checker *c, const guint8 *s, guint length)
{
  guint version = s[5] >> 1 & 0x1f;
  const guint8 *end = s + 3 + length - 4;
  const guint8 *p = s + 12 + ((s[10] & 0xf) << 8 | s[11]);
  guint i;

  c->report->n_pmt++;
  check_psi_interval (c, 1, "PMT");
  if (c->report->n_pmt > 1 && version == c->report->pmt_version)
    return;
  c->report->pmt_version = version;
  c->report->n_pmt_versions++;
  c->report->n_streams = 0;
  c->pcr_pid = (s[8] & 0x1f) << 8 | s[9];
  for (i = 0; i < N_PIDS; i++)
    c->pids[i].stream_type = 0;
  c->report->program_registration = read_descriptors (c, s + 12, p - s - 12);
  while (p + 5 <= end) {
    guint pid = (p[1] & 0x1f) << 8 | p[2];

    if (c->pids[pid].stream_type != 0)
      problem (c, "PMT has PID %u twice", pid);
    c->pids[pid].stream_type = p[0];
    c->report->n_streams++;
    length = (p[3] & 0xf) << 8 | p[4];
    p += 5;
    if (length > end - p)
      break;
    c->pids[pid].registration = read_descriptors (c, p, length);
    p += length;
  }
  if (p != end)
    problem (c, "PMT has a stream that passes its end");
}

static void
read_section (Checker *c, guint pid, const guint8 *p, guint n)
{
  const guint8 *s = p + 1 + p[0];
  guint length;

  if (p[0] + 4u > n) {
    problem (c, "pointer_field %u passes the packet", p[0]);
    return;
  }
  length = (s[1] & 0xf) << 8 | s[2];
  if (length < 9 || s + 3 + length > p + n) {
    problem (c, "section of %u bytes on PID %u", length, pid);
    return;
  }
  if (section_crc (s, 3 + length) != 0) {
    problem (c, "CRC of a section on PID %u", pid);
    return;
  }
  if (pid != 0) {
    if (s[0] != 2)
      problem (c, "table %u on the PMT's PID", s[0]);
    else
      read_pmt (c, s, length);
    return;
  }
  if (s[0] != 0 || length < 13) {
    problem (c, "PAT with table id %u and %u bytes", s[0], length);
    return;
  }
  c->report->n_pat++;
  check_psi_interval (c, 0, "PAT");
  c->pmt_pid = (s[10] & 0x1f) << 8 | s[11];
}

static gint64
unwrap (gint64 value, gint64 near, guint bits)
{
  gint64 range = (gint64) 1 << bits;

  if (near < 0)
    return value;
  value += near - near % range;
  if (value - near > range / 2)
    value -= range;
  else if (near - value > range / 2)
    value += range;
  return value;
}

static void
read_pcr (Checker *c, guint pid, const guint8 *p, gboolean discontinuity)
{
  gint64 base =
      (gint64) p[0] << 25 | p[1] << 17 | p[2] << 9 | p[3] << 1 | p[4] >> 7;
  gint64 extension = (p[4] & 1) << 8 | p[5];
  gint64 limit = (gint64) c->limits->pcr_interval_ms * (PCR_HZ / 1000);
  gint64 near = c->pcr < 0 ? -1 : c->pcr / 300;
  gint64 pcr = unwrap (base, near, 33) * 300 + extension;

  c->report->n_pcr++;
  if ((gint) pid != c->pcr_pid)
    problem (c, "PCR on PID %u, PMT says %d", pid, c->pcr_pid);
  if (extension >= 300)
    problem (c, "PCR extension %" G_GINT64_FORMAT, extension);
  if (c->pcr >= 0 && !discontinuity) {
    if (pcr <= c->pcr)
      problem (c, "PCR goes back");
    else if (pcr - c->pcr > limit)
      problem (c, "PCR after %" G_GINT64_FORMAT " ms",
          (pcr - c->pcr) / (PCR_HZ / 1000));
    c->report->max_pcr_gap = MAX (c->report->max_pcr_gap, pcr - c->pcr);
  }
  if (discontinuity) {
    c->last_psi[0] = c->last_psi[1] = -1;
    for (pid = 0; pid < N_PIDS; pid++)
      c->pids[pid].has_dts = FALSE;
  }
  c->pcr = pcr;
}

/* SCTE 35, 9.6; behind it is stuffing. */
static void
end_splice (Checker *c, TsUnit *unit)
{
  const guint8 *s = unit->es->data;
  guint length = unit->es->len < 3 ? 0 : 3 + ((s[1] & 0xf) << 8 | s[2]);
  guint i;

  if (length < 20 || length > unit->es->len || s[0] != 0xfc) {
    problem (c, "PID %u has no whole splice_info_section", unit->pid);
    return;
  }
  if (section_crc (s, length) != 0)
    problem (c, "CRC of a section on PID %u", unit->pid);
  for (i = length; i < unit->es->len; i++) {
    if (s[i] != 0xff)
      problem (c, "stuffing behind a section on PID %u", unit->pid);
  }
  g_byte_array_set_size (unit->es, length);
}

static void
end_unit (Checker *c, Pid *pid)
{
  TsUnit *unit = g_steal_pointer (&pid->unit);
  g_autoptr (GPtrArray) found = NULL;
  guint i;

  if (!unit)
    return;
  if (unit->stream_type == SPLICES)
    end_splice (c, unit);
  if (pid->expected > 0 && unit->es->len != pid->expected)
    problem (c, "PES on PID %u has %u bytes, its length says %u", unit->pid,
        unit->es->len, pid->expected);
  found = ts_payload_check (unit);
  for (i = 0; i < found->len; i++)
    problem (
        c, "%s of PID %u", (gchar *) g_ptr_array_index (found, i), unit->pid);
}

static gint64
read_timestamp (Checker *c, const guint8 *p, guint marker)
{
  if (p[0] >> 4 != marker || !(p[0] & 1) || !(p[2] & 1) || !(p[4] & 1))
    problem (c, "marker bits of a timestamp");
  return (gint64) (p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 |
         p[3] << 7 | p[4] >> 1;
}

static void
check_times (Checker *c, Pid *pid, TsUnit *unit)
{
  gint64 near = c->pcr < 0 ? unit->dts : c->pcr / 300;

  unit->pts = unwrap (unit->pts, near, 33);
  unit->dts = unwrap (unit->dts, near, 33);
  unit->pcr = c->pcr;
  if (unit->pts < unit->dts)
    problem (c, "PTS before DTS on PID %u", unit->pid);
  if (pid->has_dts && unit->dts <= pid->last_dts)
    problem (c, "DTS does not grow on PID %u", unit->pid);
  if (c->pcr >= 0 && unit->dts * 300 < c->pcr)
    problem (c, "DTS before the PCR on PID %u", unit->pid);
  pid->last_dts = unit->dts;
  pid->has_dts = TRUE;
}

static void
begin_unit (Checker *c, guint number, const guint8 *p, guint n,
    gboolean random_access, gboolean discontinuity)
{
  Pid *pid = &c->pids[number];
  guint length, header;
  TsUnit *unit;

  end_unit (c, pid);
  if (n < 14 || p[0] || p[1] || p[2] != 1 || !(p[7] & 0x80)) {
    problem (c, "no PES header with PTS on PID %u", number);
    return;
  }
  length = p[4] << 8 | p[5];
  header = 9 + p[8];
  if (length == 0 && (p[3] & 0xf0) != 0xe0)
    problem (c, "PES without length on PID %u is no video", number);
  if (header > n || (length > 0 && length + 6 < header) ||
      p[8] < ((p[7] & 0x40) ? 10 : 5)) {
    problem (c, "PES header of %u bytes on PID %u", header, number);
    return;
  }
  unit = g_new0 (TsUnit, 1);
  unit->pid = number;
  unit->stream_type = pid->stream_type;
  unit->registration = pid->registration;
  unit->random_access = random_access;
  unit->discontinuity = discontinuity;
  unit->packet = c->packet;
  unit->es = g_byte_array_new ();
  unit->pts = read_timestamp (c, p + 9, (p[7] & 0x40) ? 3 : 2);
  unit->dts = (p[7] & 0x40) ? read_timestamp (c, p + 14, 1) : unit->pts;
  check_times (c, pid, unit);
  g_byte_array_append (unit->es, p + header, n - header);
  g_ptr_array_add (c->report->units, unit);
  pid->unit = unit;
  pid->expected = length > 0 ? length + 6 - header : 0;
}

/* A section, one at a time, has no time of its own. */
static void
begin_splice (Checker *c, guint number, const guint8 *p, guint n)
{
  Pid *pid = &c->pids[number];
  TsUnit *unit;

  end_unit (c, pid);
  if (n < 2 || p[0] != 0) {
    problem (c, "pointer_field on PID %u", number);
    return;
  }
  unit = g_new0 (TsUnit, 1);
  unit->pid = number;
  unit->stream_type = pid->stream_type;
  unit->packet = c->packet;
  unit->pcr = c->pcr;
  unit->pts = unit->dts = -1;
  unit->es = g_byte_array_new ();
  g_byte_array_append (unit->es, p + 1, n - 1);
  g_ptr_array_add (c->report->units, unit);
  pid->unit = unit;
  pid->expected = 0;
}

static void
check_continuity (Checker *c, guint number, guint counter, gboolean payload)
{
  Pid *pid = &c->pids[number];
  gint expected;

  if (pid->continuity >= 0) {
    expected = payload ? (pid->continuity + 1) & 0xf : pid->continuity;
    if ((gint) counter != expected)
      problem (c, "continuity counter of PID %u is %u, not %d", number, counter,
          expected);
  }
  pid->continuity = counter;
}

static void
read_packet (Checker *c, const guint8 *p)
{
  guint number = (p[1] & 0x1f) << 8 | p[2];
  guint control = p[3] >> 4 & 3;
  guint skip = 4;
  guint8 flags = 0;

  if (p[0] != 0x47) {
    problem (c, "no sync byte");
    return;
  }
  if ((p[1] & 0x80) || (p[3] & 0xc0) || control == 0) {
    problem (c, "transport error, scrambling or no payload and no field");
    return;
  }
  if (number == 0x1fff)
    return;
  if (control & 2) {
    if (p[4] > (control == 3 ? 182 : 183) || (control == 2 && p[4] != 183)) {
      problem (c, "adaptation field of %u bytes", p[4]);
      return;
    }
    skip += 1 + p[4];
    flags = p[4] > 0 ? p[5] : 0;
  }
  check_continuity (c, number, p[3] & 0xf, control & 1);
  if (flags & 0x10) {
    if (p[4] < 7)
      problem (c, "no room for the PCR");
    else
      read_pcr (c, number, p + 6, flags & 0x80);
  }
  if (!(control & 1))
    return;
  if (number == 0 || (gint) number == c->pmt_pid) {
    if (p[1] & 0x40)
      read_section (c, number, p + skip, PACKET - skip);
    return;
  }
  /* ETSI EN 300 468, 5.1.3: service information, and what is reserved. */
  if (number < FIRST_FREE_PID)
    return;
  if (c->pids[number].stream_type == 0)
    problem (c, "PID %u is in no PMT", number);
  if ((p[1] & 0x40) && c->pids[number].stream_type == SPLICES)
    begin_splice (c, number, p + skip, PACKET - skip);
  else if (p[1] & 0x40)
    begin_unit (c, number, p + skip, PACKET - skip, (flags & 0x40) != 0,
        (flags & 0x80) != 0);
  else if (c->pids[number].unit)
    g_byte_array_append (c->pids[number].unit->es, p + skip, PACKET - skip);
  else
    problem (c, "PID %u goes on with what never began", number);
}

static void
unit_free (gpointer data)
{
  TsUnit *unit = data;

  g_byte_array_unref (unit->es);
  g_free (unit);
}

TsReport *
ts_check (const guint8 *data, gsize size, const TsLimits *limits)
{
  TsReport *report = g_new0 (TsReport, 1);
  Checker *c = g_new0 (Checker, 1);
  gsize pos;
  guint i;

  report->problems = g_ptr_array_new_with_free_func (g_free);
  report->units = g_ptr_array_new_with_free_func (unit_free);
  c->report = report;
  c->limits = limits;
  c->pmt_pid = c->pcr_pid = -1;
  c->pcr = c->last_psi[0] = c->last_psi[1] = -1;
  for (i = 0; i < N_PIDS; i++)
    c->pids[i].continuity = -1;

  if (size == 0 || size % PACKET != 0)
    problem (c, "%" G_GSIZE_FORMAT " bytes are no whole packets", size);
  for (pos = 0; pos + PACKET <= size; pos += PACKET, c->packet++)
    read_packet (c, data + pos);
  for (i = 0; i < N_PIDS; i++)
    end_unit (c, &c->pids[i]);
  report->n_packets = c->packet;
  if (report->n_pat == 0 || report->n_pmt == 0)
    problem (c, "no PAT or no PMT");
  if (report->n_pcr == 0)
    problem (c, "no PCR");
  g_free (c);
  return report;
}

void
ts_report_free (TsReport *report)
{
  g_ptr_array_unref (report->problems);
  g_ptr_array_unref (report->units);
  g_free (report);
}

gboolean
ts_report_has (const TsReport *report, const gchar *text)
{
  guint i;

  for (i = 0; i < report->problems->len; i++) {
    if (strstr (g_ptr_array_index (report->problems, i), text))
      return TRUE;
  }
  return FALSE;
}
