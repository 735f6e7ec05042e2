/* SPDX-License-Identifier: MIT */
#include "tstiming.h"

#define PACKET 188
#define PER_MS 27000
#define NOWHERE G_MININT64
/* 2.4.2.3: what leaks from a transport buffer a second, in bytes. Of sound 2
 * Mbit/s; of H.264 1.2 times the largest rate, level 4 here. */
#define AUDIO_LEAK (2000000 / 8)
#define VIDEO_LEAK (24000000 / 8 * 12 / 10)

typedef struct {
  guint packet;
  gint64 time; /* 27 MHz, unwrapped */
  gboolean discontinuity;
} Pcr;

/* What comes of one PES. */
typedef struct {
  const TsUnit *unit;
  gint64 first, last; /* arrival, 27 MHz; NOWHERE: the clock does not tell */
  gsize bytes;
} Part;

typedef struct {
  gint64 time;
  gsize bytes;
} Arrival;

typedef struct {
  GArray *pcrs;     /* (element-type Pcr) */
  GArray *parts;    /* (element-type Part), of one PID */
  GArray *arrivals; /* (element-type Arrival), of one PID */
  GArray *packets;  /* (element-type gint64), arrival, of one PID */
} Model;

static gboolean
is_video (guint8 stream_type)
{
  return stream_type == 0x02 || stream_type == 0x1b || stream_type == 0x24;
}

static guint
skip_of (const guint8 *p)
{
  return 4 + (p[3] & 0x20 ? 1u + p[4] : 0);
}

static void
list_pcrs (Model *model, const guint8 *data, gsize size)
{
  const gint64 range = G_GINT64_CONSTANT (1) << 33;
  gint64 near = -1;
  gsize pos;

  for (pos = 0; pos + PACKET <= size; pos += PACKET) {
    const guint8 *p = data + pos;
    gint64 base;
    Pcr pcr = { pos / PACKET, 0, FALSE };

    if (!(p[3] & 0x20) || p[4] < 7 || !(p[5] & 0x10))
      continue;
    base =
        (gint64) p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;
    if (near >= 0) {
      base += near - near % range;
      if (base - near > range / 2)
        base -= range;
      else if (near - base > range / 2)
        base += range;
    }
    near = base;
    pcr.time = base * 300 + ((p[10] & 1) << 8 | p[11]);
    pcr.discontinuity = (p[5] & 0x80) != 0;
    g_array_append_val (model->pcrs, pcr);
  }
}

/* 2.4.2.2, equation 2-4; NOWHERE in front of the first PCR, behind the last,
 * and across a discontinuity. "next" is a PCR behind the packet, kept by the
 * caller from call to call. */
static gint64
arrival_of (const Model *model, guint packet, guint *next)
{
  const Pcr *a, *b;

  while (*next < model->pcrs->len &&
         g_array_index (model->pcrs, Pcr, *next).packet <= packet)
    (*next)++;
  if (*next == 0 || *next == model->pcrs->len)
    return NOWHERE;
  a = &g_array_index (model->pcrs, Pcr, *next - 1);
  b = &g_array_index (model->pcrs, Pcr, *next);
  if (b->discontinuity || b->time <= a->time)
    return NOWHERE;
  return a->time +
         (b->time - a->time) * (packet - a->packet) / (b->packet - a->packet);
}

static void
collect (Model *model, const guint8 *data, gsize size, const TsReport *report,
    guint16 pid)
{
  guint next_unit = 0, next_pcr = 0, i;

  g_array_set_size (model->parts, 0);
  g_array_set_size (model->arrivals, 0);
  g_array_set_size (model->packets, 0);
  for (i = 0; i < size / PACKET; i++) {
    const guint8 *p = data + (gsize) i * PACKET;
    gint64 time;
    guint skip = skip_of (p);
    Arrival arrival;
    Part *part;

    if ((guint) ((p[1] & 0x1f) << 8 | p[2]) != pid || !(p[3] & 0x10) ||
        skip >= PACKET)
      continue;
    for (; next_unit < report->units->len; next_unit++) {
      const TsUnit *unit = g_ptr_array_index (report->units, next_unit);
      Part begun = { unit, NOWHERE, NOWHERE, 0 };

      if (unit->packet > i)
        break;
      if (unit->pid == pid)
        g_array_append_val (model->parts, begun);
    }
    if (model->parts->len == 0)
      continue;
    part = &g_array_index (model->parts, Part, model->parts->len - 1);
    time = arrival_of (model, i, &next_pcr);
    if (part->bytes == 0)
      part->first = time;
    part->last = time;
    part->bytes += PACKET - skip;
    g_array_append_val (model->packets, time);
    arrival = (Arrival){ time, PACKET - skip };
    g_array_append_val (model->arrivals, arrival);
  }
}

/* Bytes that have left by then, of units whose arrival is known. */
static gsize
left_by (
    const Model *model, gint64 time, gboolean even, guint *done, gsize *sum)
{
  const Part *part, *next;
  gint64 start, end;

  while (*done + 1 < model->parts->len &&
         g_array_index (model->parts, Part, *done + 1).unit->dts * 300 <= time)
    *sum += g_array_index (model->parts, Part, (*done)++).bytes;
  if (*done >= model->parts->len)
    return *sum;
  part = &g_array_index (model->parts, Part, *done);
  start = part->unit->dts * 300;
  if (time < start)
    return *sum;
  if (!even || *done + 1 == model->parts->len)
    return *sum + part->bytes;
  next = &g_array_index (model->parts, Part, *done + 1);
  end = next->unit->dts * 300;
  return *sum + part->bytes * (gsize) (time - start) / (gsize) (end - start);
}

/* Whole packets go in; where the clock does not tell, it empties. */
static gsize
transport_bytes_of (const Model *model, gint64 leak)
{
  gint64 last = NOWHERE, most = 0, filled = 0;
  guint i;

  for (i = 0; i < model->packets->len; i++) {
    gint64 time = g_array_index (model->packets, gint64, i);

    if (time == NOWHERE || last == NOWHERE)
      filled = 0;
    else
      filled = MAX (0, filled - (time - last) * leak / (PER_MS * 1000));
    filled += PACKET;
    most = MAX (most, filled);
    last = time;
  }
  return (gsize) most;
}

static void
measure (const Model *model, TsBuffer *buffer)
{
  gboolean even = !is_video (buffer->stream_type);
  gsize arrived = 0, sum = 0;
  guint done = 0, i;

  buffer->transport_bytes =
      transport_bytes_of (model, even ? AUDIO_LEAK : VIDEO_LEAK);
  for (i = 0; i < model->parts->len; i++) {
    const Part *part = &g_array_index (model->parts, Part, i);

    if (part->first == NOWHERE || part->last == NOWHERE)
      continue;
    buffer->max_delay =
        MAX (buffer->max_delay, part->unit->dts * 300 - part->first);
    buffer->min_slack =
        MIN (buffer->min_slack, part->unit->dts * 300 - part->last);
  }
  for (i = 0; i < model->arrivals->len; i++) {
    const Arrival *one = &g_array_index (model->arrivals, Arrival, i);
    gsize left;

    arrived += one->bytes;
    if (one->time == NOWHERE)
      continue;
    left = left_by (model, one->time, even, &done, &sum);
    if (arrived > left)
      buffer->max_bytes = MAX (buffer->max_bytes, arrived - left);
  }
}

static void
judge (const TsBuffer *buffer, const TsBufferLimits *limits, TsReport *report)
{
  gsize bytes = is_video (buffer->stream_type) ? limits->video_bytes
                                               : limits->audio_bytes;

  if (bytes > 0 && buffer->max_bytes > bytes)
    g_ptr_array_add (report->problems,
        g_strdup_printf ("%" G_GSIZE_FORMAT
                         " bytes wait on PID %u, a decoder has room for "
                         "%" G_GSIZE_FORMAT,
            buffer->max_bytes, buffer->pid, bytes));
  if (limits->transport_bytes > 0 &&
      buffer->transport_bytes > limits->transport_bytes)
    g_ptr_array_add (report->problems,
        g_strdup_printf ("%" G_GSIZE_FORMAT
                         " bytes in the transport buffer of PID %u",
            buffer->transport_bytes, buffer->pid));
  if (limits->delay_ms > 0 &&
      buffer->max_delay > (gint64) limits->delay_ms * PER_MS)
    g_ptr_array_add (report->problems,
        g_strdup_printf ("bytes of PID %u wait for %" G_GINT64_FORMAT " ms",
            buffer->pid, buffer->max_delay / PER_MS));
  if (buffer->min_slack < 0)
    g_ptr_array_add (report->problems,
        g_strdup_printf ("the end of a unit of PID %u comes %" G_GINT64_FORMAT
                         " ms after its DTS",
            buffer->pid, -buffer->min_slack / PER_MS));
}

GArray *
ts_check_buffers (const guint8 *data, gsize size, TsReport *report,
    const TsBufferLimits *limits)
{
  GArray *buffers = g_array_new (FALSE, FALSE, sizeof (TsBuffer));
  Model model = { g_array_new (FALSE, FALSE, sizeof (Pcr)),
    g_array_new (FALSE, FALSE, sizeof (Part)),
    g_array_new (FALSE, FALSE, sizeof (Arrival)),
    g_array_new (FALSE, FALSE, sizeof (gint64)) };
  guint i, k;

  list_pcrs (&model, data, size);
  for (i = 0; i < report->units->len; i++) {
    const TsUnit *unit = g_ptr_array_index (report->units, i);
    TsBuffer buffer = { .pid = unit->pid,
      .stream_type = unit->stream_type,
      .min_slack = G_MAXINT64 };

    for (k = 0; k < buffers->len; k++) {
      if (g_array_index (buffers, TsBuffer, k).pid == unit->pid)
        break;
    }
    if (k < buffers->len || unit->dts < 0)
      continue;
    collect (&model, data, size, report, unit->pid);
    measure (&model, &buffer);
    judge (&buffer, limits, report);
    g_array_append_val (buffers, buffer);
  }
  g_array_unref (model.pcrs);
  g_array_unref (model.parts);
  g_array_unref (model.arrivals);
  g_array_unref (model.packets);
  return buffers;
}
