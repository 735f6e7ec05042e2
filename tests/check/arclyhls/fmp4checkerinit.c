/* SPDX-License-Identifier: MIT */
#include "fmp4checkerprivate.h"

void
fmp4_checker_check_brands (Checker *checker, const Box *box)
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

Fmp4Track *
fmp4_checker_find_track (Checker *checker, guint32 id)
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
    track = fmp4_checker_find_track (checker, number (&trex, 4));
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

void
fmp4_checker_read_moov (Checker *checker, const Box *moov)
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
