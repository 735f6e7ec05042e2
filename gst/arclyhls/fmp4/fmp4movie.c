/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "fmp4movie.h"
#include "fmp4timeline.h"

#define TYPE GST_ARCLY_FMP4_TYPE
#define MAX_TRACKS 64
#define MAX_TIMESCALE 10000000
/* A sample of which nothing is written costs no bytes of the moof. */
#define MAX_SAMPLES (1 << 20)
#define MAX_TIME (G_GUINT64_CONSTANT (1) << 62)

/* 8.8.7.1 */
#define TFHD_BASE_OFFSET 0x000001
#define TFHD_DESCRIPTION 0x000002
#define TFHD_DURATION 0x000008
#define TFHD_SIZE 0x000010
#define TFHD_FLAGS 0x000020
#define TFHD_BASE_IS_MOOF 0x020000
/* 8.8.8.1 */
#define TRUN_DATA_OFFSET 0x000001
#define TRUN_FIRST_FLAGS 0x000004
#define TRUN_DURATION 0x000100
#define TRUN_SIZE 0x000200
#define TRUN_FLAGS 0x000400
#define TRUN_OFFSET 0x000800

static gboolean
fail (GError **error, const gchar *what)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "%s", what);
  return FALSE;
}

gboolean
gst_arcly_fmp4_box_next (GstArclyCursor *cursor, GstArclyFmp4Box *box)
{
  guint32 size;

  if (gst_arcly_cursor_left (cursor) < 8)
    return FALSE;
  box->data = cursor->data + cursor->pos;
  size = gst_arcly_cursor_u32be (cursor);
  box->type = gst_arcly_cursor_u32be (cursor);
  if (size < 8 || !gst_arcly_cursor_skip (cursor, size - 8))
    return FALSE;
  box->size = size;
  gst_arcly_cursor_init (&box->content, box->data + 8, size - 8);
  return TRUE;
}

static gboolean
find_box (const GstArclyCursor *parent, guint32 type, GstArclyFmp4Box *box)
{
  GstArclyCursor cursor = *parent;

  while (gst_arcly_fmp4_box_next (&cursor, box)) {
    if (box->type == type)
      return TRUE;
  }
  return FALSE;
}

/* 8.6.6: one entry, which leaves out the beginning of the media. */
static gint64
read_media_start (const GstArclyFmp4Box *trak)
{
  GstArclyFmp4Box edts, elst;
  guint32 version;
  guint64 start;

  if (!find_box (&trak->content, TYPE ('e', 'd', 't', 's'), &edts) ||
      !find_box (&edts.content, TYPE ('e', 'l', 's', 't'), &elst))
    return 0;
  version = gst_arcly_cursor_u32be (&elst.content) >> 24;
  if (version != 1 || gst_arcly_cursor_u32be (&elst.content) != 1)
    return 0;
  gst_arcly_cursor_u64be (&elst.content);
  start = gst_arcly_cursor_u64be (&elst.content);
  return elst.content.overrun || start > MAX_TIME ? 0 : (gint64) start;
}

static gboolean
read_trak (GstArclyFmp4Movie *self, const GstArclyFmp4Box *trak, GError **error)
{
  GstArclyFmp4MovieTrack track = { 0 };
  GstArclyFmp4Box tkhd, mdia, mdhd;

  if (!find_box (&trak->content, TYPE ('t', 'k', 'h', 'd'), &tkhd) ||
      !find_box (&trak->content, TYPE ('m', 'd', 'i', 'a'), &mdia) ||
      !find_box (&mdia.content, TYPE ('m', 'd', 'h', 'd'), &mdhd))
    return fail (error, "a track lacks its headers");
  /* Version 0: two times of 4 bytes each. */
  if (gst_arcly_cursor_u32be (&tkhd.content) >> 24 != 0 ||
      gst_arcly_cursor_u32be (&mdhd.content) >> 24 != 0)
    return fail (error, "a track has headers of another version");
  gst_arcly_cursor_u64be (&tkhd.content);
  track.id = gst_arcly_cursor_u32be (&tkhd.content);
  gst_arcly_cursor_u64be (&mdhd.content);
  track.timescale = gst_arcly_cursor_u32be (&mdhd.content);
  track.media_start = read_media_start (trak);
  if (tkhd.content.overrun || mdhd.content.overrun || track.timescale == 0 ||
      track.timescale > MAX_TIMESCALE)
    return fail (error, "a track has no timescale");
  if (self->tracks->len >= MAX_TRACKS)
    return fail (error, "too many tracks");
  g_array_append_val (self->tracks, track);
  return TRUE;
}

static GstArclyFmp4MovieTrack *
find_track (const GstArclyFmp4Movie *self, guint32 id, guint *index)
{
  guint i;

  for (i = 0; i < self->tracks->len; i++) {
    GstArclyFmp4MovieTrack *track =
        &g_array_index (self->tracks, GstArclyFmp4MovieTrack, i);

    if (track->id != id)
      continue;
    *index = i;
    return track;
  }
  return NULL;
}

static void
read_trex (GstArclyFmp4Movie *self, GstArclyCursor cursor)
{
  GstArclyFmp4MovieTrack *track, read = { 0 };
  guint index;

  gst_arcly_cursor_u32be (&cursor);
  read.id = gst_arcly_cursor_u32be (&cursor);
  gst_arcly_cursor_u32be (&cursor);
  read.duration = gst_arcly_cursor_u32be (&cursor);
  read.size = gst_arcly_cursor_u32be (&cursor);
  read.flags = gst_arcly_cursor_u32be (&cursor);
  track = find_track (self, read.id, &index);
  if (cursor.overrun || !track)
    return;
  track->duration = read.duration;
  track->size = read.size;
  track->flags = read.flags;
}

static gboolean
read_moov (GstArclyFmp4Movie *self, const GstArclyFmp4Box *moov, GError **error)
{
  GstArclyCursor cursor = moov->content;
  GstArclyFmp4Box box, mvex;

  while (gst_arcly_fmp4_box_next (&cursor, &box)) {
    if (box.type == TYPE ('t', 'r', 'a', 'k') && !read_trak (self, &box, error))
      return FALSE;
  }
  if (self->tracks->len == 0)
    return fail (error, "the movie has no tracks");
  if (!find_box (&moov->content, TYPE ('m', 'v', 'e', 'x'), &mvex))
    return fail (error, "the movie has no fragments");
  while (gst_arcly_fmp4_box_next (&mvex.content, &box)) {
    if (box.type == TYPE ('t', 'r', 'e', 'x'))
      read_trex (self, box.content);
  }
  return TRUE;
}

GstArclyFmp4Movie *
gst_arcly_fmp4_movie_new (GBytes *init, GError **error)
{
  g_autoptr (GstArclyFmp4Movie) self = g_new0 (GstArclyFmp4Movie, 1);
  GstArclyCursor cursor;
  GstArclyFmp4Box moov;
  gsize size;
  const guint8 *data = g_bytes_get_data (init, &size);

  self->bytes = g_bytes_ref (init);
  self->tracks = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4MovieTrack));
  gst_arcly_cursor_init (&cursor, data, size);
  if (!find_box (&cursor, TYPE ('m', 'o', 'o', 'v'), &moov)) {
    fail (error, "there is no movie");
    return NULL;
  }
  self->moov = moov.data - data;
  if (!read_moov (self, &moov, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
gst_arcly_fmp4_movie_free (GstArclyFmp4Movie *self)
{
  g_bytes_unref (self->bytes);
  g_array_unref (self->tracks);
  g_free (self);
}

void
gst_arcly_fmp4_moof_init (GstArclyFmp4Moof *self)
{
  self->runs = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4MovieRun));
  self->samples = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4Sample));
}

void
gst_arcly_fmp4_moof_clear (GstArclyFmp4Moof *self)
{
  g_clear_pointer (&self->runs, g_array_unref);
  g_clear_pointer (&self->samples, g_array_unref);
}

static gboolean
read_trun (GstArclyFmp4Moof *self, const GstArclyFmp4Sample *defaults,
    GstArclyFmp4MovieRun *run, GstArclyCursor cursor, GError **error)
{
  guint32 flags = gst_arcly_cursor_u32be (&cursor) & 0xffffff;
  guint32 n = gst_arcly_cursor_u32be (&cursor), first_flags, i;

  if (!(flags & TRUN_DATA_OFFSET))
    return fail (error, "a trun without data_offset");
  run->data_offset = gst_arcly_cursor_u32be (&cursor);
  first_flags = flags & TRUN_FIRST_FLAGS ? gst_arcly_cursor_u32be (&cursor)
                                         : defaults->flags;
  if (n == 0 || n > MAX_SAMPLES || self->samples->len > MAX_SAMPLES - n)
    return fail (error, "a trun with no samples, or too many");
  run->first = self->samples->len;
  run->n_samples = n;
  g_array_append_val (self->runs, *run);
  for (i = 0; i < n; i++) {
    GstArclyFmp4Sample sample = *defaults;

    if (i == 0)
      sample.flags = first_flags;
    if (flags & TRUN_DURATION)
      sample.duration = gst_arcly_cursor_u32be (&cursor);
    if (flags & TRUN_SIZE)
      sample.size = gst_arcly_cursor_u32be (&cursor);
    if (flags & TRUN_FLAGS)
      sample.flags = gst_arcly_cursor_u32be (&cursor);
    if (flags & TRUN_OFFSET)
      sample.offset = (gint32) gst_arcly_cursor_u32be (&cursor);
    if (cursor.overrun)
      return fail (error, "a trun is cut off");
    run->decode_time += sample.duration;
    g_array_append_val (self->samples, sample);
  }
  return TRUE;
}

static gboolean
read_tfhd (const GstArclyFmp4Movie *movie, GstArclyCursor cursor,
    GstArclyFmp4MovieRun *run, GstArclyFmp4Sample *defaults, GError **error)
{
  guint32 flags = gst_arcly_cursor_u32be (&cursor) & 0xffffff;
  guint32 id = gst_arcly_cursor_u32be (&cursor);
  const GstArclyFmp4MovieTrack *track = find_track (movie, id, &run->track);

  if (!track)
    return fail (error, "a fragment of a track that is not in the movie");
  if (!(flags & TFHD_BASE_IS_MOOF) ||
      flags & (TFHD_BASE_OFFSET | TFHD_DESCRIPTION))
    return fail (error, "a fragment that is not addressed from its moof");
  *defaults = (GstArclyFmp4Sample){
    .duration = track->duration,
    .size = track->size,
    .flags = track->flags,
  };
  if (flags & TFHD_DURATION)
    defaults->duration = gst_arcly_cursor_u32be (&cursor);
  if (flags & TFHD_SIZE)
    defaults->size = gst_arcly_cursor_u32be (&cursor);
  if (flags & TFHD_FLAGS)
    defaults->flags = gst_arcly_cursor_u32be (&cursor);
  return !cursor.overrun || fail (error, "a tfhd is cut off");
}

static gboolean
read_traf (GstArclyFmp4Moof *self, const GstArclyFmp4Movie *movie,
    const guint8 *moof, const GstArclyFmp4Box *traf, GError **error)
{
  GstArclyCursor cursor = traf->content;
  GstArclyFmp4MovieRun run = { 0 };
  GstArclyFmp4Sample defaults;
  GstArclyFmp4Box tfhd, tfdt, box;

  if (!find_box (&cursor, TYPE ('t', 'f', 'h', 'd'), &tfhd) ||
      !find_box (&cursor, TYPE ('t', 'f', 'd', 't'), &tfdt))
    return fail (error, "a fragment lacks its headers");
  if (!read_tfhd (movie, tfhd.content, &run, &defaults, error))
    return FALSE;
  if (gst_arcly_cursor_u32be (&tfdt.content) >> 24 != 1)
    return fail (error, "a tfdt of another version");
  run.time_position = tfdt.data + 12 - moof;
  run.decode_time = gst_arcly_cursor_u64be (&tfdt.content);
  if (tfdt.content.overrun || run.decode_time > MAX_TIME)
    return fail (error, "a tfdt that is no time");
  while (gst_arcly_fmp4_box_next (&cursor, &box)) {
    if (box.type == TYPE ('t', 'r', 'u', 'n') &&
        !read_trun (self, &defaults, &run, box.content, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_arcly_fmp4_moof_read (GstArclyFmp4Moof *self,
    const GstArclyFmp4Movie *movie, const guint8 *data, gsize size,
    GError **error)
{
  GstArclyCursor cursor;
  GstArclyFmp4Box moof, box;

  g_array_set_size (self->runs, 0);
  g_array_set_size (self->samples, 0);
  gst_arcly_cursor_init (&cursor, data, size);
  if (!gst_arcly_fmp4_box_next (&cursor, &moof) ||
      moof.type != TYPE ('m', 'o', 'o', 'f'))
    return fail (error, "this is no moof");
  while (gst_arcly_fmp4_box_next (&moof.content, &box)) {
    if (box.type == TYPE ('t', 'r', 'a', 'f') &&
        !read_traf (self, movie, data, &box, error))
      return FALSE;
  }
  return self->runs->len > 0 || fail (error, "a fragment without samples");
}

gint64
gst_arcly_fmp4_moof_start (
    const GstArclyFmp4Moof *self, const GstArclyFmp4Movie *movie)
{
  gint64 start = G_MAXINT64;
  guint i;

  for (i = 0; i < self->runs->len; i++) {
    const GstArclyFmp4MovieRun *run =
        &g_array_index (self->runs, GstArclyFmp4MovieRun, i);
    const GstArclyFmp4MovieTrack *track =
        &g_array_index (movie->tracks, GstArclyFmp4MovieTrack, run->track);

    /* What does not fit into ns is no time of ours. */
    if (run->decode_time / track->timescale < G_MAXINT64 / 1000000000 - 1)
      start = MIN (start,
          gst_arcly_fmp4_to_ns ((gint64) run->decode_time, track->timescale));
  }
  return start == G_MAXINT64 ? 0 : start;
}

void
gst_arcly_fmp4_moof_rebase (const GstArclyFmp4Moof *self,
    const GstArclyFmp4Movie *movie, guint8 *data, gint64 base)
{
  guint i;

  for (i = 0; i < self->runs->len; i++) {
    const GstArclyFmp4MovieRun *run =
        &g_array_index (self->runs, GstArclyFmp4MovieRun, i);
    const GstArclyFmp4MovieTrack *track =
        &g_array_index (movie->tracks, GstArclyFmp4MovieTrack, run->track);
    gint64 ticks = gst_arcly_fmp4_to_ticks (base, track->timescale);
    guint64 time = GUINT64_TO_BE (MAX (0, (gint64) run->decode_time - ticks));

    memcpy (data + run->time_position, &time, sizeof time);
  }
}
