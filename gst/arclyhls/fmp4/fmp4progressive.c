/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "fmp4box.h"
#include "fmp4progressive.h"
#include "fmp4timeline.h"

#define TYPE GST_ARCLY_FMP4_TYPE
/* Days of anything; what hostile tables may make us allocate. */
#define MAX_SAMPLES (1 << 24)
#define MAX_TIMESCALE 10000000
#define DEFAULT_TIMESCALE 90000
/* 8.8.3.1: sample_is_non_sync_sample. */
#define NON_SYNC 0x00010000
/* 4.2.2: with a size of 32 bits, and of 64. */
#define BOX_HEADER 8
#define LARGE_HEADER 16

/* So many samples have the same value. */
typedef struct {
  guint32 count;
  guint32 value;
} Same;

typedef struct {
  guint64 offset;
  guint32 n_samples;
} Chunk;

typedef struct {
  GArray *durations; /* (element-type Same) */
  GArray *offsets;   /* (element-type Same), composition offsets */
  GArray *sizes;     /* (element-type guint32) */
  GArray *syncs;     /* (element-type guint32), from 1 */
  GArray *chunks;    /* (element-type Chunk) */
  gboolean has_offsets;
  guint64 first;    /* decode time of the first sample */
  guint64 next;     /* of the last sample */
  guint32 duration; /* of the last sample */
  gint64 earliest;  /* presentation, from the first decode time on */
  gint64 end;       /* the same */
} Table;

struct _GstArclyFmp4Progressive {
  GstArclyFmp4Movie *movie; /* owned */
  GstArclyFmp4Moof moof;
  Table *tables; /* one a track of the movie */
  guint n_samples;
  guint32 timescale; /* of the movie that is written */
};

static gboolean
fail (GError **error, const gchar *what)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "%s", what);
  return FALSE;
}

GstArclyFmp4Progressive *
gst_arcly_fmp4_progressive_new (GBytes *init, GError **error)
{
  GstArclyFmp4Movie *movie = gst_arcly_fmp4_movie_new (init, error);
  GstArclyFmp4Progressive *self;
  guint i;

  if (!movie)
    return NULL;
  self = g_new0 (GstArclyFmp4Progressive, 1);
  self->movie = movie;
  gst_arcly_fmp4_moof_init (&self->moof);
  self->tables = g_new0 (Table, movie->tracks->len);
  for (i = 0; i < movie->tracks->len; i++) {
    self->tables[i].durations = g_array_new (FALSE, FALSE, sizeof (Same));
    self->tables[i].offsets = g_array_new (FALSE, FALSE, sizeof (Same));
    self->tables[i].sizes = g_array_new (FALSE, FALSE, sizeof (guint32));
    self->tables[i].syncs = g_array_new (FALSE, FALSE, sizeof (guint32));
    self->tables[i].chunks = g_array_new (FALSE, FALSE, sizeof (Chunk));
  }
  return self;
}

void
gst_arcly_fmp4_progressive_free (GstArclyFmp4Progressive *self)
{
  guint i;

  for (i = 0; i < self->movie->tracks->len; i++) {
    g_array_unref (self->tables[i].durations);
    g_array_unref (self->tables[i].offsets);
    g_array_unref (self->tables[i].sizes);
    g_array_unref (self->tables[i].syncs);
    g_array_unref (self->tables[i].chunks);
  }
  g_free (self->tables);
  gst_arcly_fmp4_moof_clear (&self->moof);
  gst_arcly_fmp4_movie_free (self->movie);
  g_free (self);
}

static void
append_same (GArray *array, guint32 value)
{
  Same same = { 1, value };
  Same *last = array->len ? &g_array_index (array, Same, array->len - 1) : NULL;

  if (last && last->value == value)
    last->count++;
  else
    g_array_append_val (array, same);
}

/* A sample lasts until the next begins: holes in time are part of it. */
static gboolean
add_sample (Table *table, const GstArclyFmp4Sample *sample, guint64 time,
    GError **error)
{
  guint32 number = table->sizes->len + 1;
  gint64 shown;

  if (number == 1) {
    table->first = time;
    table->earliest = G_MAXINT64;
  } else {
    if (time < table->next || time - table->next > G_MAXUINT32)
      return fail (error, "decode times go back, or too far");
    append_same (table->durations, (guint32) (time - table->next));
  }
  append_same (table->offsets, (guint32) sample->offset);
  table->has_offsets |= sample->offset != 0;
  g_array_append_val (table->sizes, sample->size);
  if (!(sample->flags & NON_SYNC))
    g_array_append_val (table->syncs, number);
  table->next = time;
  table->duration = sample->duration;
  shown = (gint64) (time - table->first) + sample->offset;
  table->earliest = MIN (table->earliest, shown);
  table->end = MAX (table->end, shown + sample->duration);
  return TRUE;
}

static gboolean
add_run (GstArclyFmp4Progressive *self, const GstArclyFmp4MovieRun *run,
    guint64 position, guint64 end, GError **error)
{
  Table *table = &self->tables[run->track];
  Chunk chunk = { position + run->data_offset, run->n_samples };
  guint64 time = run->decode_time, bytes = 0;
  guint i;

  for (i = 0; i < run->n_samples; i++)
    bytes +=
        g_array_index (self->moof.samples, GstArclyFmp4Sample, run->first + i)
            .size;
  if (chunk.offset > end || bytes > end - chunk.offset)
    return fail (error, "samples that are not in the file");
  for (i = 0; i < run->n_samples; i++) {
    const GstArclyFmp4Sample *sample =
        &g_array_index (self->moof.samples, GstArclyFmp4Sample, run->first + i);

    if (!add_sample (table, sample, time, error))
      return FALSE;
    time += sample->duration;
  }
  g_array_append_val (table->chunks, chunk);
  return TRUE;
}

gboolean
gst_arcly_fmp4_progressive_add (GstArclyFmp4Progressive *self,
    const guint8 *moof, gsize size, guint64 position, guint64 end,
    GError **error)
{
  guint i;

  if (!gst_arcly_fmp4_moof_read (&self->moof, self->movie, moof, size, error))
    return FALSE;
  if (self->moof.samples->len > MAX_SAMPLES - self->n_samples)
    return fail (error, "too many samples");
  self->n_samples += self->moof.samples->len;
  for (i = 0; i < self->moof.runs->len; i++) {
    if (!add_run (self,
            &g_array_index (self->moof.runs, GstArclyFmp4MovieRun, i), position,
            end, error))
      return FALSE;
  }
  return TRUE;
}

static const GstArclyFmp4MovieTrack *
get_track (GstArclyFmp4Progressive *self, guint i)
{
  return &g_array_index (self->movie->tracks, GstArclyFmp4MovieTrack, i);
}

/* One in which all tracks' times are whole numbers, if there is. */
static guint32
choose_timescale (GstArclyFmp4Progressive *self)
{
  guint64 scale = 1;
  guint i;

  for (i = 0; i < self->movie->tracks->len; i++) {
    guint64 a = scale, b = get_track (self, i)->timescale;
    guint64 track = b;

    while (b != 0) {
      guint64 rest = a % b;

      a = b;
      b = rest;
    }
    scale = scale / a * track;
    if (scale > MAX_TIMESCALE)
      return DEFAULT_TIMESCALE;
  }
  return (guint32) scale;
}

/* Rounded up: an edit that ends early would hide the last sample. Times of
 * such tables stay far below 2^63 in any timescale. */
static guint64
to_movie (GstArclyFmp4Progressive *self, guint i, gint64 ticks)
{
  guint32 from = get_track (self, i)->timescale;
  guint64 whole = (guint64) MAX (0, ticks) / from;
  guint64 rest = (guint64) MAX (0, ticks) % from;

  return whole * self->timescale + (rest * self->timescale + from - 1) / from;
}

/* Where in the media its presentation begins, and how long that is after the
 * movie's. The fragments' edit list counts from before the first of them. */
static void
get_edit (GstArclyFmp4Progressive *self, guint i, gint64 *from, gint64 *empty)
{
  const Table *table = &self->tables[i];
  gint64 start = get_track (self, i)->media_start - (gint64) table->first;

  *from = MAX (start, table->earliest);
  *empty = *from - start;
}

static guint64
get_duration (GstArclyFmp4Progressive *self, guint i)
{
  gint64 from, empty;

  if (self->tables[i].sizes->len == 0)
    return 0;
  get_edit (self, i, &from, &empty);
  return to_movie (self, i, empty) +
         to_movie (self, i, self->tables[i].end - from);
}

static guint64
get_movie_duration (GstArclyFmp4Progressive *self)
{
  guint64 longest = 0;
  guint i;

  for (i = 0; i < self->movie->tracks->len; i++)
    longest = MAX (longest, get_duration (self, i));
  return longest;
}

/* 8.6.6: an empty edit for a track that begins later. */
static void
put_edts (GstArclyFmp4Progressive *self, guint i, GByteArray *out)
{
  guint edts = gst_arcly_fmp4_box_begin (out, "edts");
  guint box = gst_arcly_fmp4_full_box_begin (out, "elst", 1, 0);
  gint64 from, empty;

  get_edit (self, i, &from, &empty);
  gst_arcly_fmp4_put_u32 (out, empty > 0 ? 2 : 1);
  if (empty > 0) {
    gst_arcly_fmp4_put_u64 (out, to_movie (self, i, empty));
    gst_arcly_fmp4_put_u64 (out, G_MAXUINT64);
    gst_arcly_fmp4_put_u32 (out, 0x00010000);
  }
  gst_arcly_fmp4_put_u64 (out, to_movie (self, i, self->tables[i].end - from));
  gst_arcly_fmp4_put_u64 (out, (guint64) from);
  gst_arcly_fmp4_put_u32 (out, 0x00010000);
  gst_arcly_fmp4_box_end (out, box);
  gst_arcly_fmp4_box_end (out, edts);
}

static void
put_same (GByteArray *out, const gchar *type, guint8 version, GArray *array)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, type, version, 0), i;

  gst_arcly_fmp4_put_u32 (out, array->len);
  for (i = 0; i < array->len; i++) {
    const Same *same = &g_array_index (array, Same, i);

    gst_arcly_fmp4_put_u32 (out, same->count);
    gst_arcly_fmp4_put_u32 (out, same->value);
  }
  gst_arcly_fmp4_box_end (out, box);
}

static void
put_numbers (GByteArray *out, GArray *array)
{
  guint i;

  for (i = 0; i < array->len; i++)
    gst_arcly_fmp4_put_u32 (out, g_array_index (array, guint32, i));
}

/* 8.7.4 and 8.7.5. */
static void
put_chunks (GByteArray *out, GArray *chunks)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, "stsc", 0, 0);
  guint position = out->len, n = 0, last = 0, i;

  gst_arcly_fmp4_put_u32 (out, 0);
  for (i = 0; i < chunks->len; i++) {
    guint n_samples = g_array_index (chunks, Chunk, i).n_samples;

    if (n_samples == last)
      continue;
    gst_arcly_fmp4_put_u32 (out, i + 1);
    gst_arcly_fmp4_put_u32 (out, n_samples);
    gst_arcly_fmp4_put_u32 (out, 1);
    last = n_samples;
    n++;
  }
  gst_arcly_fmp4_patch_u32 (out, position, n);
  gst_arcly_fmp4_box_end (out, box);

  box = gst_arcly_fmp4_full_box_begin (out, "co64", 0, 0);
  gst_arcly_fmp4_put_u32 (out, chunks->len);
  for (i = 0; i < chunks->len; i++)
    gst_arcly_fmp4_put_u64 (out, g_array_index (chunks, Chunk, i).offset);
  gst_arcly_fmp4_box_end (out, box);
}

static void
put_box (GByteArray *out, const GstArclyFmp4Box *box)
{
  g_byte_array_append (out, box->data, (guint) box->size);
}

/* 8.5.1: the tables; the sample entry stays. */
static void
put_stbl (Table *table, GstArclyCursor cursor, GByteArray *out)
{
  guint stbl = gst_arcly_fmp4_box_begin (out, "stbl"), box;
  GstArclyFmp4Box child;

  while (gst_arcly_fmp4_box_next (&cursor, &child)) {
    if (child.type == TYPE ('s', 't', 's', 'd'))
      put_box (out, &child);
  }
  put_same (out, "stts", 0, table->durations);
  if (table->has_offsets)
    put_same (out, "ctts", 1, table->offsets);
  if (table->syncs->len < table->sizes->len) {
    box = gst_arcly_fmp4_full_box_begin (out, "stss", 0, 0);
    gst_arcly_fmp4_put_u32 (out, table->syncs->len);
    put_numbers (out, table->syncs);
    gst_arcly_fmp4_box_end (out, box);
  }
  box = gst_arcly_fmp4_full_box_begin (out, "stsz", 0, 0);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u32 (out, table->sizes->len);
  put_numbers (out, table->sizes);
  gst_arcly_fmp4_box_end (out, box);
  put_chunks (out, table->chunks);
  gst_arcly_fmp4_box_end (out, stbl);
}

static void
put_minf (Table *table, GstArclyCursor cursor, GByteArray *out)
{
  guint minf = gst_arcly_fmp4_box_begin (out, "minf");
  GstArclyFmp4Box child;

  while (gst_arcly_fmp4_box_next (&cursor, &child)) {
    if (child.type == TYPE ('s', 't', 'b', 'l'))
      put_stbl (table, child.content, out);
    else
      put_box (out, &child);
  }
  gst_arcly_fmp4_box_end (out, minf);
}

/* Version 1 of a header, of one of version 0: @before bytes follow two times,
 * then the duration, then @after bytes. FALSE if it is shorter. */
static gboolean
put_header (GByteArray *out, const gchar *type, GstArclyCursor cursor,
    gsize before, guint64 duration, gsize after)
{
  guint32 flags = gst_arcly_cursor_u32be (&cursor) & 0xffffff;
  const guint8 *first, *last;
  guint box;

  gst_arcly_cursor_u64be (&cursor);
  first = gst_arcly_cursor_bytes (&cursor, before);
  gst_arcly_cursor_u32be (&cursor);
  last = gst_arcly_cursor_bytes (&cursor, after);
  if (!first || !last)
    return FALSE;
  box = gst_arcly_fmp4_full_box_begin (out, type, 1, flags);
  gst_arcly_fmp4_put_zeros (out, 16);
  g_byte_array_append (out, first, (guint) before);
  gst_arcly_fmp4_put_u64 (out, duration);
  g_byte_array_append (out, last, (guint) after);
  gst_arcly_fmp4_box_end (out, box);
  return TRUE;
}

static gboolean
put_mdia (Table *table, GstArclyCursor cursor, GByteArray *out)
{
  guint mdia = gst_arcly_fmp4_box_begin (out, "mdia");
  guint64 duration = table->next - table->first + table->duration;
  gboolean ok = TRUE;
  GstArclyFmp4Box child;

  while (gst_arcly_fmp4_box_next (&cursor, &child)) {
    if (child.type == TYPE ('m', 'd', 'h', 'd'))
      ok &= put_header (out, "mdhd", child.content, 4, duration, 4);
    else if (child.type == TYPE ('m', 'i', 'n', 'f'))
      put_minf (table, child.content, out);
    else
      put_box (out, &child);
  }
  gst_arcly_fmp4_box_end (out, mdia);
  return ok;
}

/* 8.3: a track without samples is left out. */
static gboolean
put_trak (GstArclyFmp4Progressive *self, guint i, GstArclyCursor cursor,
    GByteArray *out)
{
  guint trak;
  gboolean ok = TRUE;
  GstArclyFmp4Box child;

  if (self->tables[i].sizes->len == 0)
    return TRUE;
  append_same (self->tables[i].durations, self->tables[i].duration);
  trak = gst_arcly_fmp4_box_begin (out, "trak");
  while (gst_arcly_fmp4_box_next (&cursor, &child)) {
    if (child.type == TYPE ('t', 'k', 'h', 'd')) {
      ok &= put_header (
          out, "tkhd", child.content, 8, get_duration (self, i), 60);
      put_edts (self, i, out);
    } else if (child.type == TYPE ('m', 'd', 'i', 'a')) {
      ok &= put_mdia (&self->tables[i], child.content, out);
    } else if (child.type != TYPE ('e', 'd', 't', 's')) {
      put_box (out, &child);
    }
  }
  gst_arcly_fmp4_box_end (out, trak);
  return ok;
}

static GstArclyCursor
moov_content (GstArclyFmp4Progressive *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->movie->bytes, &size);
  GstArclyCursor cursor;
  GstArclyFmp4Box moov = { 0 };

  gst_arcly_cursor_init (
      &cursor, data + self->movie->moov, size - self->movie->moov);
  gst_arcly_fmp4_box_next (&cursor, &moov);
  return moov.content;
}

static void
put_mvhd (GstArclyFmp4Progressive *self, const GstArclyFmp4Box *mvhd,
    GByteArray *out, gboolean *ok)
{
  guint position = out->len + 8 + 4 + 16;

  *ok &=
      put_header (out, "mvhd", mvhd->content, 4, get_movie_duration (self), 80);
  if (*ok)
    gst_arcly_fmp4_patch_u32 (out, position, self->timescale);
}

GBytes *
gst_arcly_fmp4_progressive_finish (
    GstArclyFmp4Progressive *self, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  GstArclyCursor cursor = moov_content (self);
  GstArclyFmp4Box child;
  gboolean ok = TRUE;
  guint moov, i = 0;

  if (self->n_samples == 0) {
    fail (error, "there are no samples");
    return NULL;
  }
  self->timescale = choose_timescale (self);
  moov = gst_arcly_fmp4_box_begin (out, "moov");
  while (gst_arcly_fmp4_box_next (&cursor, &child)) {
    if (child.type == TYPE ('m', 'v', 'h', 'd'))
      put_mvhd (self, &child, out, &ok);
    else if (child.type == TYPE ('t', 'r', 'a', 'k'))
      ok &= put_trak (self, i++, child.content, out);
    else if (child.type != TYPE ('m', 'v', 'e', 'x'))
      put_box (out, &child);
  }
  gst_arcly_fmp4_box_end (out, moov);
  if (!ok) {
    fail (error, "the movie's headers are cut off");
    return NULL;
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

static guint32
read_u32 (const guint8 *data)
{
  GstArclyCursor cursor;

  gst_arcly_cursor_init (&cursor, data, 4);
  return gst_arcly_cursor_u32be (&cursor);
}

static void
put_large_header (GByteArray *out, const gchar *type, guint64 size)
{
  gst_arcly_fmp4_put_u32 (out, 1);
  gst_arcly_fmp4_put_type (out, type);
  gst_arcly_fmp4_put_u64 (out, size);
}

GBytes *
gst_arcly_fmp4_progressive_reserve (GBytes *init, gsize space)
{
  GByteArray *out = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (init, &size);
  guint box;

  g_byte_array_append (out, data, (guint) size);
  box = gst_arcly_fmp4_box_begin (out, "free");
  gst_arcly_fmp4_put_zeros (out, (guint) space);
  gst_arcly_fmp4_box_end (out, box);
  return g_byte_array_free_to_bytes (out);
}

GBytes *
gst_arcly_fmp4_progressive_fill (
    GBytes *moov, guint64 position, guint64 space, guint64 file_size)
{
  GByteArray *out;
  gsize size;
  const guint8 *data = g_bytes_get_data (moov, &size);

  if (space < BOX_HEADER + size + LARGE_HEADER)
    return NULL;
  out = g_byte_array_new ();
  g_byte_array_append (out, data, (guint) size);
  put_large_header (out, "mdat", file_size - position - BOX_HEADER - size);
  return g_byte_array_free_to_bytes (out);
}

/* 4.3: no brand of fragments; all that read ISO files read this. */
GBytes *
gst_arcly_fmp4_progressive_head (
    GstArclyFmp4Progressive *self, const gchar *type, guint64 end)
{
  static const gchar *const brands[] = { "isom", "iso2", "mp41", "mp42" };
  const guint8 *front = g_bytes_get_data (self->movie->bytes, NULL);
  gsize moov = self->movie->moov, i;
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, front, (guint) moov);
  if (moov >= 16 && moov % 4 == 0 && memcmp (front + 4, "ftyp", 4) == 0 &&
      read_u32 (front) == moov) {
    memcpy (out->data + 8, brands[0], 4);
    for (i = 16; i < moov; i += 4)
      memcpy (out->data + i, brands[(i / 4) % G_N_ELEMENTS (brands)], 4);
  }
  put_large_header (out, type, end - moov);
  return g_byte_array_free_to_bytes (out);
}
