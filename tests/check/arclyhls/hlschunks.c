/* SPDX-License-Identifier: MIT
 *
 * Segments and parts of chunks that are made to order, as arclyfmp4mux does. */
#include "hlsparts.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define MS G_GINT64_CONSTANT (1000000)
#define FRAME (SECOND / 25)
#define PART_FRAMES 5

/* A muxer of chunks, and what is cut from them and from the frames alone. */
typedef struct {
  GstArclyHlsCutter frames, chunks;
  GstArclyHlsPartCutter parts;
  guint n; /* of the frame that comes */
  guint chunk_start;
  gboolean chunk_is_key;
  guint n_cuts;
  gint64 wanted;   /* length of the last segment of frames */
  gint64 in_parts; /* of the open segment */
  guint n_short;   /* parts under 85 % */
  guint n_parts;
} Fixture;

static void
fixture_init (Fixture *f)
{
  *f = (Fixture){ 0 };
  gst_arcly_hls_cutter_init (&f->frames, 2);
  gst_arcly_hls_cutter_init (&f->chunks, 2);
  gst_arcly_hls_cutter_set_limit (&f->frames, 2);
  gst_arcly_hls_cutter_set_limit (&f->chunks, 2);
  gst_arcly_hls_part_cutter_init (&f->parts, PART_FRAMES * FRAME);
  gst_arcly_hls_part_cutter_set_limit (&f->parts, PART_FRAMES * FRAME);
}

static void
note_part (Fixture *f, gint64 duration)
{
  g_assert_cmpint (duration, <=, PART_FRAMES * FRAME);
  f->n_short += duration * 100 < PART_FRAMES * FRAME * 85;
  f->in_parts += duration;
  f->n_parts++;
}

/* As the writer does with it. */
static void
push_chunk (Fixture *f)
{
  GstArclyHlsUnit unit = { .pts = f->chunk_start * FRAME,
    .dts = f->chunk_start * FRAME,
    .duration = (f->n - f->chunk_start) * FRAME,
    .may_cut = f->chunk_is_key,
    .chunk = TRUE };
  gboolean last = gst_arcly_hls_cutter_is_agreed (&f->chunks);
  GstArclyHlsCut cut;
  gint64 duration;

  if (f->n == f->chunk_start)
    return;
  if (gst_arcly_hls_cutter_push (&f->chunks, &unit, &cut)) {
    f->n_cuts++;
    g_assert_false (cut.inside_gop);
    g_assert_cmpint (cut.duration, ==, f->wanted);
    /* The agreement to the last keyframe ended the last part. */
    g_assert_cmpint (f->in_parts, ==, cut.duration);
    g_assert_cmpuint (f->n_short, <=, 1);
    f->n_short = 0;
    f->in_parts = 0;
    gst_arcly_hls_part_cutter_begin (&f->parts, GST_ARCLY_HLS_NO_TIME);
  }
  if (gst_arcly_hls_part_cutter_push_chunk (&f->parts, &unit, &duration))
    note_part (f, duration);
  if (gst_arcly_hls_part_cutter_end_chunk (
          &f->parts, &unit, last && !unit.may_cut, &duration))
    note_part (f, duration);
  f->chunk_start = f->n;
  f->chunk_is_key = FALSE;
}

static void
push_frame (Fixture *f, gboolean key)
{
  GstArclyHlsUnit unit = {
    .pts = f->n * FRAME, .dts = f->n * FRAME, .duration = FRAME, .may_cut = key
  };
  GstArclyHlsCut cut;
  gboolean is_cut = gst_arcly_hls_cutter_push (&f->frames, &unit, &cut);

  if (f->n == 0) {
    f->chunk_is_key = TRUE;
  } else if (key) {
    gboolean begins = gst_arcly_hls_cutter_offer (&f->chunks, unit.pts);

    g_assert_cmpint (begins, ==, is_cut);
    if (begins) {
      push_chunk (f);
      f->chunk_is_key = TRUE;
      f->wanted = cut.duration;
    }
  }
  f->n++;
  if (f->n - f->chunk_start == PART_FRAMES)
    push_chunk (f);
}

static void
push_gop (Fixture *f, guint frames)
{
  guint end = f->n + frames;

  push_frame (f, TRUE);
  while (f->n < end)
    push_frame (f, FALSE);
}

/* Wherever keyframes are: segments end where they would without chunks, and
 * their last part alone is short. */
static void
test_gops (void)
{
  static const guint gops[] = { 50, 25, 20, 23, 48, 7, 62, 3, 1 };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (gops); i++) {
    Fixture f;

    fixture_init (&f);
    for (k = 0; k < 2000 / gops[i]; k++)
      push_gop (&f, gops[i]);
    g_assert_cmpuint (f.n_cuts, >=, 2000 / 62 - 2);
  }
}

static void
test_uneven_gops (void)
{
  static const guint gops[] = { 50, 12, 38, 50, 3, 47, 20, 30, 50, 10, 10, 30,
    50, 50, 25, 25 };
  Fixture f;
  guint i;

  fixture_init (&f);
  for (i = 0; i < 10 * G_N_ELEMENTS (gops); i++)
    push_gop (&f, gops[i % G_N_ELEMENTS (gops)]);
  g_assert_cmpuint (f.n_cuts, >, 120);
}

/* A GOP for which there is no room: a segment ends in front of the chunk that
 * would pass the limit. */
static void
test_limit (void)
{
  GstArclyHlsCutter cutter;
  GstArclyHlsUnit unit = { .duration = 300 * MS, .chunk = TRUE };
  GstArclyHlsCut cut;
  guint i;

  gst_arcly_hls_cutter_init (&cutter, 2);
  gst_arcly_hls_cutter_set_limit (&cutter, 2);
  for (i = 0; i < 100; i++) {
    unit.pts = unit.dts = i * 300 * MS;
    unit.may_cut = i == 0;
    if (gst_arcly_hls_cutter_push (&cutter, &unit, &cut)) {
      g_assert_cmpuint (i % 8, ==, 0);
      g_assert_cmpint (cut.duration, ==, 2400 * MS);
      g_assert_true (cut.inside_gop);
    } else {
      g_assert_true (i == 0 || i % 8 != 0);
    }
  }
}

/* Times in milliseconds: chunks of 199 to 201 ms are parts, and what one has
 * over the target counts to the next. */
static void
test_jitter (void)
{
  static const gint64 lengths[] = { 200, 201, 200, 199, 201, 200, 200, 199 };
  GstArclyHlsPartCutter parts;
  GstArclyHlsUnit unit = { .chunk = TRUE };
  gint64 sum = 0, duration;
  guint i;

  gst_arcly_hls_part_cutter_init (&parts, 200 * MS);
  gst_arcly_hls_part_cutter_set_limit (&parts, 200 * MS);
  for (i = 0; i < 800; i++) {
    unit.duration = lengths[i % G_N_ELEMENTS (lengths)] * MS;
    g_assert_false (
        gst_arcly_hls_part_cutter_push_chunk (&parts, &unit, &duration));
    g_assert_true (
        gst_arcly_hls_part_cutter_end_chunk (&parts, &unit, FALSE, &duration));
    g_assert_cmpint (duration, <=, 200 * MS);
    g_assert_cmpint (duration, >=, 199 * MS);
    unit.dts += unit.duration;
    sum += duration;
    g_assert_cmpint (unit.dts - sum, <=, 1 * MS);
  }
}

/* Short ones make a part together, as long as they fit. */
static void
test_join (void)
{
  static const struct {
    gint64 chunk;  /* ms */
    gint64 before; /* part that ends in front of it; 0: none */
    gint64 behind;
  } cases[] = {
    { 100, 0, 0 },
    { 100, 0, 200 },
    { 160, 0, 0 },
    { 60, 160, 0 },
    { 140, 0, 200 },
    { 170, 0, 170 },
  };
  GstArclyHlsPartCutter parts;
  GstArclyHlsUnit unit = { .chunk = TRUE };
  guint i;

  gst_arcly_hls_part_cutter_init (&parts, 200 * MS);
  gst_arcly_hls_part_cutter_set_limit (&parts, 200 * MS);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 before = 0, behind = 0;

    unit.duration = cases[i].chunk * MS;
    gst_arcly_hls_part_cutter_push_chunk (&parts, &unit, &before);
    gst_arcly_hls_part_cutter_end_chunk (&parts, &unit, FALSE, &behind);
    g_assert_cmpint (before, ==, cases[i].before * MS);
    g_assert_cmpint (behind, ==, cases[i].behind * MS);
    unit.dts += unit.duration;
  }
  /* What nobody sent counts to no part. */
  unit.duration = 100 * MS;
  g_assert_false (
      gst_arcly_hls_part_cutter_push_chunk (&parts, &unit, &parts.last));
  g_assert_false (
      gst_arcly_hls_part_cutter_end_chunk (&parts, &unit, FALSE, &parts.last));
  unit.dts += 5 * SECOND;
  unit.duration = 200 * MS;
  g_assert_true (
      gst_arcly_hls_part_cutter_push_chunk (&parts, &unit, &parts.last));
  g_assert_cmpint (parts.last, ==, 200 * MS);
  g_assert_true (
      gst_arcly_hls_part_cutter_end_chunk (&parts, &unit, FALSE, &parts.last));
  g_assert_cmpint (parts.owed, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlschunks/gops", test_gops);
  g_test_add_func ("/hlschunks/uneven-gops", test_uneven_gops);
  g_test_add_func ("/hlschunks/limit", test_limit);
  g_test_add_func ("/hlschunks/jitter", test_jitter);
  g_test_add_func ("/hlschunks/join", test_join);
  return g_test_run ();
}
