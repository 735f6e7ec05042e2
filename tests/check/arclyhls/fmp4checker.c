/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fmp4checker.h"

#define MAX_PROBLEMS 50
#define MAX_SAMPLES 200000
#define NON_SYNC 0x10000

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  gboolean overrun;
} Reader;

typedef struct {
  gchar type[5];
  const guint8 *data; /* content */
  gsize size;
  gsize header;
} Box;

typedef struct {
  Fmp4Report *report;
  const Fmp4Limits *limits;
  const guint8 *moof; /* where the last one starts */
  guint32 sequence;
  /* Parts of mdat that the last moof's runs claim. */
  const guint8 *run_start, *run_end;
  gboolean runs_joined;
  guint64 run_bytes;
} Checker;

static void G_GNUC_PRINTF (2, 3)
    problem (Checker *checker, const gchar *format, ...)
{
  va_list args;

  if (checker->report->problems->len >= MAX_PROBLEMS)
    return;
  va_start (args, format);
  g_ptr_array_add (checker->report->problems, g_strdup_vprintf (format, args));
  va_end (args);
}

static guint64
number (Reader *reader, guint bytes)
{
  guint64 value = 0;

  if (reader->overrun || bytes > reader->size - reader->pos) {
    reader->overrun = TRUE;
    return 0;
  }
  while (bytes-- > 0)
    value = value << 8 | reader->data[reader->pos++];
  return value;
}

static void
skip (Reader *reader, gsize n)
{
  if (reader->overrun || n > reader->size - reader->pos)
    reader->overrun = TRUE;
  else
    reader->pos += n;
}

static Reader
read_box (const Box *box)
{
  return (Reader){ box->data, box->size, 0, FALSE };
}

static gboolean
next_box (Checker *checker, Reader *reader, Box *box)
{
  const guint8 *start = reader->data + reader->pos;
  gsize left = reader->size - reader->pos;
  guint64 size;
  guint i;

  if (left == 0)
    return FALSE;
  size = number (reader, 4);
  for (i = 0; i < 4; i++) {
    guint8 c = number (reader, 1);

    box->type[i] = g_ascii_isprint (c) ? c : '?';
  }
  box->type[4] = '\0';
  box->header = 8;
  if (size == 1) {
    size = number (reader, 8);
    box->header = 16;
  }
  if (reader->overrun || size < box->header || size > left) {
    problem (
        checker, "a box at %" G_GSIZE_FORMAT " from the end is cut off", left);
    return FALSE;
  }
  box->data = start + box->header;
  box->size = size - box->header;
  reader->pos += size - box->header;
  return TRUE;
}

/* The first box of a type in another one. */
static gboolean
find_box (Checker *checker, const Box *parent, const gchar *type, Box *found)
{
  Reader reader = read_box (parent);

  while (next_box (checker, &reader, found)) {
    if (strcmp (found->type, type) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
need_box (Checker *checker, const Box *parent, const gchar *type, Box *found)
{
  if (find_box (checker, parent, type, found))
    return TRUE;
  problem (checker, "%s lacks %s", parent->type, type);
  return FALSE;
}

static void
check_brands (Checker *checker, const Box *box)
{
  static const gchar *good[] = { "iso6", "iso7", "iso8", "iso9", "cmfc",
    "cmf2" };
  Reader reader = read_box (box);
  gboolean found = FALSE, major_listed = FALSE;
  const guint8 *major = box->data;
  guint i;

  skip (&reader, 8);
  while (!reader.overrun && reader.pos + 4 <= reader.size) {
    const guint8 *brand = reader.data + reader.pos;

    skip (&reader, 4);
    major_listed |= memcmp (brand, major, 4) == 0;
    for (i = 0; i < G_N_ELEMENTS (good); i++)
      found |= memcmp (brand, good[i], 4) == 0;
  }
  /* tfdt came with iso6 (ISO/IEC 14496-12, annex E). */
  if (!found)
    problem (checker, "%s: no brand that has tfdt", box->type);
  if (!major_listed)
    problem (checker, "%s: the major brand is not compatible", box->type);
}

static void
check_avcc (Checker *checker, Fmp4Track *track)
{
  Reader reader = { track->config, track->config_size, 0, FALSE };
  guint i, list, sets[2];

  skip (&reader, 4);
  track->length_size = (number (&reader, 1) & 3) + 1;
  for (list = 0; list < 2; list++) {
    sets[list] = number (&reader, 1) & (list == 0 ? 0x1f : 0xff);
    for (i = 0; i < sets[list]; i++)
      skip (&reader, number (&reader, 2));
  }
  if (reader.overrun)
    problem (checker, "avcC is cut off");
  else if (strcmp (track->entry, "avc1") == 0 && (!sets[0] || !sets[1]))
    problem (checker, "avcC has no parameter sets");
}

/* ISO/IEC 14496-15, 8.4.1.1.1: of 'hvc1', all are here. */
static void
check_hvcc (Checker *checker, Fmp4Track *track)
{
  Reader reader = { track->config, track->config_size, 0, FALSE };
  guint n_arrays, n, i;

  skip (&reader, 21);
  track->length_size = (number (&reader, 1) & 3) + 1;
  n_arrays = number (&reader, 1);
  for (i = 0; i < n_arrays && !reader.overrun; i++) {
    guint8 head = number (&reader, 1);
    guint type = head & 0x3f;

    if (strcmp (track->entry, "hvc1") == 0 && type >= 32 && type <= 34 &&
        !(head & 0x80))
      problem (checker, "hvc1 without array_completeness");
    for (n = number (&reader, 2); n > 0 && !reader.overrun; n--)
      skip (&reader, number (&reader, 2));
  }
  if (reader.overrun)
    problem (checker, "hvcC is cut off");
  else if (strcmp (track->entry, "hvc1") == 0 && n_arrays < 3)
    problem (checker, "hvcC has no parameter sets");
}

static void
read_entry (Checker *checker, const Box *stsd, Fmp4Track *track)
{
  static const gchar *configs[] = { "avcC", "hvcC", "vvcC", "av1C", "vpcC",
    "esds", "dOps", "dac3", "dec3", "dfLa" };
  Reader reader = read_box (stsd);
  Box entry, box;
  guint i;

  skip (&reader, 4);
  if (number (&reader, 4) != 1)
    problem (checker, "stsd has not one entry");
  if (reader.overrun || !next_box (checker, &reader, &entry)) {
    problem (checker, "stsd is empty");
    return;
  }
  memcpy (track->entry, entry.type, 5);
  reader = read_box (&entry);
  skip (&reader, strcmp (track->handler, "vide") == 0 ? 78 : 28);
  while (!reader.overrun && next_box (checker, &reader, &box)) {
    for (i = 0; i < G_N_ELEMENTS (configs); i++) {
      if (strcmp (box.type, configs[i]) == 0 && !track->config) {
        track->config = box.data;
        track->config_size = box.size;
      }
    }
    if (strcmp (box.type, "avcC") == 0)
      check_avcc (checker, track);
    else if (strcmp (box.type, "hvcC") == 0)
      check_hvcc (checker, track);
  }
  if (!track->config)
    problem (checker, "%s has no codec configuration", track->entry);
}

static void
read_edits (Checker *checker, const Box *trak, Fmp4Track *track)
{
  Box edts, elst;
  Reader reader;
  guint version;

  if (!find_box (checker, trak, "edts", &edts) ||
      !find_box (checker, &edts, "elst", &elst))
    return;
  reader = read_box (&elst);
  version = number (&reader, 1);
  skip (&reader, 3);
  if (number (&reader, 4) != 1) {
    problem (checker, "elst has not one entry");
    return;
  }
  skip (&reader, version == 1 ? 8 : 4);
  track->media_start = version == 1 ? (gint64) number (&reader, 8)
                                    : (gint32) number (&reader, 4);
}

static void
read_trak (Checker *checker, const Box *trak, Fmp4Track *track)
{
  Box tkhd, mdia, mdhd, hdlr, minf, stbl, box;
  Reader reader;
  guint version;

  if (!need_box (checker, trak, "tkhd", &tkhd) ||
      !need_box (checker, trak, "mdia", &mdia) ||
      !need_box (checker, &mdia, "mdhd", &mdhd) ||
      !need_box (checker, &mdia, "hdlr", &hdlr) ||
      !need_box (checker, &mdia, "minf", &minf) ||
      !need_box (checker, &minf, "dinf", &box) ||
      !need_box (checker, &minf, "stbl", &stbl))
    return;
  reader = read_box (&tkhd);
  version = number (&reader, 1);
  skip (&reader, version == 1 ? 19 : 11);
  track->id = number (&reader, 4);
  reader = read_box (&mdhd);
  version = number (&reader, 1);
  skip (&reader, version == 1 ? 19 : 11);
  track->timescale = number (&reader, 4);
  if (track->id == 0 || track->timescale == 0)
    problem (checker, "a track has no id or no timescale");
  if (hdlr.size >= 12)
    memcpy (track->handler, hdlr.data + 8, 4);
  if (need_box (checker, &stbl, "stsd", &box))
    read_entry (checker, &box, track);
  if (need_box (checker, &stbl, "stsz", &box) && box.size >= 12 &&
      memcmp (box.data + 8, "\0\0\0\0", 4) != 0)
    problem (checker, "stbl has samples");
  read_edits (checker, trak, track);
}

static Fmp4Track *
find_track (Checker *checker, guint32 id)
{
  guint i;

  for (i = 0; i < checker->report->tracks->len; i++) {
    Fmp4Track *track = &g_array_index (checker->report->tracks, Fmp4Track, i);

    if (track->id == id)
      return track;
  }
  problem (checker, "no track has the id %u", id);
  return NULL;
}

static void
read_mvex (Checker *checker, const Box *mvex)
{
  Reader reader = read_box (mvex);
  Fmp4Track *track;
  Box box;
  guint i;

  while (next_box (checker, &reader, &box)) {
    Reader trex = read_box (&box);

    if (strcmp (box.type, "trex") != 0)
      continue;
    skip (&trex, 4);
    track = find_track (checker, number (&trex, 4));
    if (!track)
      continue;
    skip (&trex, 4);
    track->has_trex = TRUE;
    track->trex_duration = number (&trex, 4);
    track->trex_size = number (&trex, 4);
    track->trex_flags = number (&trex, 4);
    if (trex.overrun)
      problem (checker, "trex is cut off");
  }
  for (i = 0; i < checker->report->tracks->len; i++) {
    if (!g_array_index (checker->report->tracks, Fmp4Track, i).has_trex)
      problem (checker, "a track has no trex");
  }
}

static void
read_moov (Checker *checker, const Box *moov)
{
  Fmp4Report *report = checker->report;
  Reader reader = read_box (moov);
  guint32 next_id = 0, highest = 0;
  Box box;

  report->n_inits++;
  checker->sequence = 0;
  g_array_set_size (report->tracks, 0);
  while (next_box (checker, &reader, &box)) {
    Fmp4Track track = { 0 };

    if (strcmp (box.type, "mvhd") == 0 && box.size >= 4)
      next_id = box.data[box.size - 4] << 24 | box.data[box.size - 3] << 16 |
                box.data[box.size - 2] << 8 | box.data[box.size - 1];
    if (strcmp (box.type, "trak") != 0)
      continue;
    read_trak (checker, &box, &track);
    highest = MAX (highest, track.id);
    g_array_append_val (report->tracks, track);
  }
  if (next_id <= highest)
    problem (checker, "next_track_ID is %u, with a track %u", next_id, highest);
  if (need_box (checker, moov, "mvex", &box))
    read_mvex (checker, &box);
}

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

  traf->track = find_track (checker, number (&reader, 4));
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
      check_brands (&checker, &box);
    else if (strcmp (box.type, "moov") == 0)
      read_moov (&checker, &box);
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
