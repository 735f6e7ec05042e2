/* SPDX-License-Identifier: MIT */
#include "fmp4checkerprivate.h"

#define MAX_SAMPLES 200000
#define NON_SYNC 0x10000

/* NAL units fill the sample; those of 'avc1' are no parameter sets, and an IDR
 * picture is a sync sample. */
static void
check_nals (Checker *checker, const Fmp4Track *track, const Fmp4Sample *sample)
{
  Reader reader = { sample->data, sample->size, 0, FALSE };
  gboolean is_avc = g_str_has_prefix (track->entry, "avc");
  gboolean has_idr = FALSE;

  while (!reader.overrun && reader.pos < reader.size) {
    guint64 length = number (&reader, track->length_size);
    guint type = 0;

    if (!reader.overrun && length > 0 && reader.pos < reader.size)
      type = is_avc ? reader.data[reader.pos] & 0x1f
                    : reader.data[reader.pos] >> 1 & 0x3f;
    skip (&reader, length);
    if (is_avc) {
      has_idr |= type == 5;
      if (strcmp (track->entry, "avc1") == 0 && (type == 7 || type == 8))
        problem (checker, "a parameter set in a sample of avc1");
    } else {
      has_idr |= type == 19 || type == 20;
      if (strcmp (track->entry, "hvc1") == 0 && type >= 32 && type <= 34)
        problem (checker, "a parameter set in a sample of hvc1");
    }
  }
  if (reader.overrun)
    problem (checker, "NAL units are longer than their sample");
  if (has_idr && !sample->sync)
    problem (checker, "an IDR picture is no sync sample");
}

typedef struct {
  Fmp4Track *track;
  guint32 duration, size, flags;
  gint64 dts;
  gboolean has_time;
  guint n_runs;
} Traf;

static void
take_sample (Checker *checker, Traf *traf, Fmp4Sample *sample)
{
  Fmp4Track *track = traf->track;

  sample->sync = !(sample->flags & NON_SYNC);
  if (sample->duration == 0)
    problem (checker, "track %u: a sample of no duration", track->id);
  if (checker->report->samples->len < MAX_SAMPLES)
    g_array_append_val (checker->report->samples, *sample);
  traf->dts += sample->duration;
  track->end = traf->dts;
  track->has_samples = TRUE;
}

static void
read_trun (Checker *checker, const Box *box, Traf *traf, gsize left)
{
  Fmp4Track *track = traf->track;
  Reader reader = read_box (box);
  guint version = number (&reader, 1);
  guint32 flags = number (&reader, 3);
  guint32 n = number (&reader, 4), first_flags = 0, i;
  gint32 data_offset = 0;
  guint64 offset;

  if (flags & 1)
    data_offset = (gint32) number (&reader, 4);
  else
    problem (checker, "trun without data_offset");
  if (flags & 4)
    first_flags = number (&reader, 4);
  if (data_offset < 0 || (gsize) data_offset > left) {
    problem (checker, "data_offset %d points out of the file", data_offset);
    return;
  }
  offset = data_offset;
  if (!checker->run_start)
    checker->run_start = checker->moof + offset;
  else if (checker->run_end != checker->moof + offset)
    checker->runs_joined = FALSE;
  for (i = 0; i < n && !reader.overrun; i++) {
    Fmp4Sample sample = {
      .track_id = track->id,
      .moof = checker->report->n_moofs - 1,
      .init = checker->report->n_inits - 1,
      .duration = traf->duration,
      .size = traf->size,
      .flags = traf->flags,
      .data = checker->moof + offset,
    };
    guint32 cto = 0;

    if (flags & 0x100)
      sample.duration = number (&reader, 4);
    if (flags & 0x200)
      sample.size = number (&reader, 4);
    if (flags & 0x400)
      sample.flags = number (&reader, 4);
    if (flags & 0x800)
      cto = number (&reader, 4);
    if (i == 0 && flags & 4)
      sample.flags = first_flags;
    if (reader.overrun || sample.size > left - offset) {
      problem (checker, "a sample of track %u is not in the file", track->id);
      return;
    }
    /* Four milliards of them take no room in a file. */
    if (sample.size == 0) {
      problem (checker, "track %u: an empty sample", track->id);
      return;
    }
    offset += sample.size;
    checker->run_bytes += sample.size;
    sample.dts = traf->dts - track->media_start;
    sample.pts = sample.dts + (version == 0 ? (gint64) cto : (gint32) cto);
    take_sample (checker, traf, &sample);
    if (track->length_size > 0)
      check_nals (checker, track, &sample);
    if (i == 0 && traf->n_runs == 0 && !checker->limits->chunks &&
        strcmp (track->handler, "vide") == 0 && !sample.sync)
      problem (checker, "moof %u does not begin with a sync sample",
          checker->report->n_moofs - 1);
  }
  if (reader.overrun)
    problem (checker, "trun is cut off");
  checker->run_end = checker->moof + offset;
  traf->n_runs++;
}

static gboolean
read_tfhd (Checker *checker, const Box *box, Traf *traf)
{
  Reader reader = read_box (box);
  guint32 flags = number (&reader, 4) & 0xffffff;

  traf->track = fmp4_checker_find_track (checker, number (&reader, 4));
  if (!traf->track)
    return FALSE;
  if (flags & 1)
    problem (checker, "tfhd has a base_data_offset");
  if (!(flags & 0x20000))
    problem (checker, "tfhd lacks default-base-is-moof");
  skip (&reader, (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
  traf->duration = flags & 8 ? number (&reader, 4) : traf->track->trex_duration;
  traf->size = flags & 0x10 ? number (&reader, 4) : traf->track->trex_size;
  traf->flags = flags & 0x20 ? number (&reader, 4) : traf->track->trex_flags;
  if (reader.overrun)
    problem (checker, "tfhd is cut off");
  return !reader.overrun;
}

static void
read_tfdt (Checker *checker, const Box *box, Traf *traf)
{
  Fmp4Track *track = traf->track;
  Reader reader = read_box (box);
  guint version = number (&reader, 1);

  skip (&reader, 3);
  traf->dts = number (&reader, version == 1 ? 8 : 4);
  traf->has_time = TRUE;
  if (traf->dts < 0 || traf->dts > G_MAXINT64 / 2) {
    problem (checker, "tfdt is out of range");
    traf->dts = 0;
  }
  if (!track->has_samples)
    return;
  if (traf->dts < track->end)
    problem (checker,
        "track %u goes back from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
        track->id, track->end, traf->dts);
  else if (traf->dts > track->end && !checker->limits->holes)
    problem (checker,
        "track %u jumps from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
        track->id, track->end, traf->dts);
}

static void
read_traf (Checker *checker, const Box *box, gsize left)
{
  Reader reader = read_box (box);
  Traf traf = { 0 };
  Box inner;

  while (next_box (checker, &reader, &inner)) {
    if (strcmp (inner.type, "tfhd") == 0) {
      if (!read_tfhd (checker, &inner, &traf))
        return;
    } else if (!traf.track) {
      problem (checker, "traf does not begin with tfhd");
      return;
    } else if (strcmp (inner.type, "tfdt") == 0) {
      read_tfdt (checker, &inner, &traf);
    } else if (strcmp (inner.type, "trun") == 0) {
      if (!traf.has_time)
        problem (checker, "trun without a tfdt before");
      read_trun (checker, &inner, &traf, left);
    }
  }
  if (traf.n_runs == 0)
    problem (checker, "traf without trun");
}

static void
read_moof (Checker *checker, const Box *moof, gsize left)
{
  Reader reader = read_box (moof);
  Box box;

  checker->report->n_moofs++;
  checker->moof = moof->data - moof->header;
  checker->run_start = checker->run_end = NULL;
  checker->runs_joined = TRUE;
  checker->run_bytes = 0;
  if (need_box (checker, moof, "mfhd", &box)) {
    Reader mfhd = read_box (&box);
    guint32 sequence;

    skip (&mfhd, 4);
    sequence = number (&mfhd, 4);
    if (sequence <= checker->sequence)
      problem (
          checker, "mfhd: sequence %u after %u", sequence, checker->sequence);
    checker->sequence = sequence;
  }
  while (next_box (checker, &reader, &box)) {
    if (strcmp (box.type, "traf") == 0)
      read_traf (checker, &box, left);
  }
}

static void
check_mdat (Checker *checker, const Box *mdat)
{
  if (!checker->moof) {
    problem (checker, "mdat without moof");
    return;
  }
  if (!checker->runs_joined || checker->run_start != mdat->data ||
      checker->run_end != mdat->data + mdat->size ||
      checker->run_bytes != mdat->size)
    problem (checker, "the samples of moof %u are not its mdat",
        checker->report->n_moofs - 1);
  checker->moof = NULL;
}

Fmp4Report *
fmp4_check (const guint8 *data, gsize size, const Fmp4Limits *limits)
{
  static const gchar *known[] = { "ftyp", "moov", "styp", "sidx", "prft",
    "emsg", "moof", "mdat", "mfra", "free", "skip" };
  Fmp4Report *report = g_new0 (Fmp4Report, 1);
  Checker checker = { .report = report, .limits = limits };
  Reader reader = { data, size, 0, FALSE };
  Box box;
  guint i;

  report->problems = g_ptr_array_new_with_free_func (g_free);
  report->samples = g_array_new (FALSE, FALSE, sizeof (Fmp4Sample));
  report->tracks = g_array_new (FALSE, FALSE, sizeof (Fmp4Track));
  report->top = g_string_new (NULL);
  while (next_box (&checker, &reader, &box)) {
    if (report->top->len == 0 && strcmp (box.type, "ftyp") != 0)
      problem (&checker, "ftyp is not first");
    g_string_append_printf (report->top, "%s ", box.type);
    for (i = 0; i < G_N_ELEMENTS (known); i++) {
      if (strcmp (box.type, known[i]) == 0)
        break;
    }
    if (i == G_N_ELEMENTS (known))
      problem (&checker, "%s at top level", box.type);
    if (strcmp (box.type, "ftyp") == 0 || strcmp (box.type, "styp") == 0)
      fmp4_checker_check_brands (&checker, &box);
    else if (strcmp (box.type, "moov") == 0)
      fmp4_checker_read_moov (&checker, &box);
    else if (strcmp (box.type, "moof") == 0 && report->n_inits == 0)
      problem (&checker, "moof without moov");
    else if (strcmp (box.type, "moof") == 0)
      read_moof (&checker, &box, data + size - (box.data - box.header));
    else if (strcmp (box.type, "mdat") == 0)
      check_mdat (&checker, &box);
  }
  if (report->n_inits == 0)
    problem (&checker, "no moov");
  if (checker.moof)
    problem (&checker, "moof without mdat");
  return report;
}

void
fmp4_report_free (Fmp4Report *report)
{
  g_ptr_array_unref (report->problems);
  g_array_unref (report->samples);
  g_array_unref (report->tracks);
  g_string_free (report->top, TRUE);
  g_free (report);
}

gboolean
fmp4_report_has (const Fmp4Report *report, const gchar *text)
{
  guint i;

  for (i = 0; i < report->problems->len; i++) {
    if (strstr (g_ptr_array_index (report->problems, i), text))
      return TRUE;
  }
  return FALSE;
}

const Fmp4Sample *
fmp4_report_sample (const Fmp4Report *report, guint32 track_id, guint n)
{
  guint i;

  for (i = 0; i < report->samples->len; i++) {
    const Fmp4Sample *sample = &g_array_index (report->samples, Fmp4Sample, i);

    if (sample->track_id == track_id && n-- == 0)
      return sample;
  }
  return NULL;
}
