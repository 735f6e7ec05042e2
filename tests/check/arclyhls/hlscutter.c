/* SPDX-License-Identifier: MIT */
#include "hlscutter.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define MS G_GINT64_CONSTANT (1000000)
#define FRAME (SECOND / 25)
#define MAX_CUTS 64

typedef struct {
  GstArclyHlsCutter cutter;
  gint64 time; /* of the next frame */
  GstArclyHlsCut cuts[MAX_CUTS];
  guint n_cuts;
  /* As the element does: the first segment decides. */
  guint wanted;
  guint limit;
} Fixture;

static void
fixture_init (Fixture *f, guint target)
{
  *f = (Fixture){ .wanted = target };
  gst_arcly_hls_cutter_init (&f->cutter, target);
}

static void
push (Fixture *f, gint64 pts, gint64 dts, gint64 duration, gboolean key,
    gboolean discont)
{
  GstArclyHlsUnit unit = { pts, dts, duration, key, discont, FALSE };
  GstArclyHlsCut *cut = &f->cuts[f->n_cuts];

  if (!gst_arcly_hls_cutter_push (&f->cutter, &unit, cut))
    return;
  if (f->n_cuts == 0) {
    f->limit = (cut->duration + SECOND / 2) / SECOND <= f->wanted
                   ? f->wanted
                   : (cut->duration + SECOND - 1) / SECOND;
    gst_arcly_hls_cutter_set_limit (&f->cutter, f->limit);
  }
  g_assert_cmpint ((cut->duration + SECOND / 2) / SECOND, <=, f->limit);
  g_assert_cmpuint (f->n_cuts, <, MAX_CUTS - 1);
  f->n_cuts++;
}

/* A GOP of 25 frames a second. */
static void
push_gop (Fixture *f, gint64 length)
{
  gint64 end = f->time + length, start = f->time;

  for (; f->time < end; f->time += FRAME)
    push (f, f->time, f->time, FRAME, f->time == start, FALSE);
  f->time = end;
}

static void
assert_cut (Fixture *f, guint n, gint64 duration)
{
  g_assert_cmpuint (n, <, f->n_cuts);
  g_assert_cmpint (f->cuts[n].duration, ==, duration);
}

/* Cut where the sum of GOPs is nearest to the target, and not over. */
static void
test_gops (void)
{
  static const struct {
    guint target;
    gint64 gop;
    gint64 segment;
  } cases[] = {
    { 2, 2 * SECOND, 2 * SECOND },
    { 2, 1 * SECOND, 2 * SECOND },
    { 6, 2 * SECOND, 6 * SECOND },
    { 2, 500 * MS, 2 * SECOND },
    { 2, 2002 * MS, 2002 * MS },
    { 2, 1001 * MS, 2002 * MS },
    { 2, 800 * MS, 2400 * MS },
    { 2, 900 * MS, 1800 * MS },
    { 4, 3 * SECOND, 3 * SECOND },
    { 2, 3 * SECOND, 3 * SECOND },
    { 6, 8333 * MS, 8333 * MS },
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;

    fixture_init (&f, cases[i].target);
    for (n = 0; f.n_cuts < 10; n++)
      push_gop (&f, cases[i].gop);
    for (n = 0; n < 10; n++) {
      assert_cut (&f, n, cases[i].segment);
      g_assert_false (f.cuts[n].inside_gop);
      g_assert_false (f.cuts[n].discontinuity);
    }
  }
}

/* Encoders that put keyframes where the picture changes. */
static void
test_uneven_gops (void)
{
  static const guint frames[] = { 50, 12, 38, 50, 3, 47, 20, 30, 50, 10, 10, 30,
    50, 50, 25, 25 };
  gint64 sum = 0;
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  for (i = 0; i < 3 * G_N_ELEMENTS (frames); i++)
    push_gop (&f, frames[i % G_N_ELEMENTS (frames)] * FRAME);
  for (i = 0; i < f.n_cuts; i++) {
    g_assert_false (f.cuts[i].inside_gop);
    sum += f.cuts[i].duration;
  }
  sum += gst_arcly_hls_cutter_finish (&f.cutter);
  g_assert_cmpint (sum, ==, f.time);
}

/* A later GOP is longer than what is advertised: cut without a keyframe, and
 * with the next keyframe again. No time is lost. */
static void
test_longer_gop (void)
{
  Fixture f;
  gint64 sum = 0;
  guint i;

  fixture_init (&f, 2);
  push_gop (&f, 2 * SECOND);
  push_gop (&f, 2 * SECOND);
  push_gop (&f, 6 * SECOND);
  push_gop (&f, 2 * SECOND);
  push_gop (&f, 2 * SECOND);

  assert_cut (&f, 0, 2 * SECOND);
  assert_cut (&f, 1, 2 * SECOND);
  g_assert_true (f.cuts[2].inside_gop);
  g_assert_true (f.cuts[3].inside_gop);
  g_assert_false (f.cuts[4].inside_gop);
  for (i = 0; i < f.n_cuts; i++) {
    g_assert_false (f.cuts[i].discontinuity);
    sum += f.cuts[i].duration;
  }
  g_assert_cmpint (sum, ==, 12 * SECOND);
}

/* One picture in ten seconds leaves holes longer than a segment. */
static void
test_slow_frames (void)
{
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  for (i = 0; i < 20; i++)
    push (&f, i * 3 * SECOND, i * 3 * SECOND, 3 * SECOND, i % 2 == 0, FALSE);
  g_assert_cmpuint (f.n_cuts, >, 5);
}

/* No keyframe but the first: players are not kept waiting for ever. */
static void
test_endless_gop (void)
{
  Fixture f;

  fixture_init (&f, 2);
  push_gop (&f, 100 * SECOND);
  g_assert_cmpuint (f.n_cuts, ==, 3);
  g_assert_cmpuint (f.limit, ==, 30);
}

/* Rule U11: the last frame before a jump lasts as long as it says. */
static void
test_jump (void)
{
  Fixture f;

  fixture_init (&f, 2);
  push_gop (&f, 2 * SECOND);
  push_gop (&f, SECOND);
  f.time += 7200 * SECOND;
  push (&f, f.time, f.time, FRAME, TRUE, TRUE);
  assert_cut (&f, 1, SECOND);
  g_assert_true (f.cuts[1].discontinuity);
  f.time += FRAME;
  push_gop (&f, SECOND);
  push (&f, 0, 0, FRAME, TRUE, TRUE);
  assert_cut (&f, 2, SECOND + FRAME);
  g_assert_true (f.cuts[2].discontinuity);
}

static void
assert_jump (Fixture *f, guint n, gint64 duration)
{
  assert_cut (f, n, duration);
  g_assert_true (f->cuts[n].discontinuity);
}

/* Rules U8 and U11: no flag, but the times tell. The segment ends there, with
 * the duration of its content. */
static void
test_silent_jump (void)
{
  static const gint64 jumps[] = { 7200 * SECOND, -7200 * SECOND, 20 * SECOND,
    -20 * SECOND, -3 * SECOND };
  guint i, target;

  for (i = 0; i < G_N_ELEMENTS (jumps); i++) {
    /* There is room for 20 s in a segment of 60. */
    for (target = 2; target <= 60; target += 58) {
      Fixture f;

      fixture_init (&f, target);
      f.time = 10000 * SECOND;
      push_gop (&f, target * SECOND);
      push_gop (&f, SECOND);
      f.time += jumps[i];
      push_gop (&f, target * SECOND);
      push_gop (&f, SECOND);
      g_assert_cmpuint (f.n_cuts, ==, 3);
      assert_cut (&f, 0, target * SECOND);
      g_assert_false (f.cuts[0].discontinuity);
      assert_jump (&f, 1, SECOND);
      g_assert_false (f.cuts[1].inside_gop);
      assert_cut (&f, 2, target * SECOND);
      g_assert_false (f.cuts[2].discontinuity);
    }
  }
}

/* The same where no keyframe comes for long: the segment ends nevertheless. */
static void
test_silent_jump_back_without_key (void)
{
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  f.time = 100 * SECOND;
  push_gop (&f, 2 * SECOND);
  push_gop (&f, SECOND);
  for (i = 0; i < 250; i++)
    push (&f, i * FRAME, i * FRAME, FRAME, FALSE, FALSE);
  g_assert_cmpuint (f.n_cuts, >=, 4);
  assert_jump (&f, 1, SECOND);
  g_assert_false (f.cuts[2].discontinuity);
}

/* A track that is far behind the other is late, and not elsewhere. */
static void
test_late_track (void)
{
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  push_gop (&f, 30 * SECOND);
  for (i = 0; i < 200; i++) {
    gint64 late = i * FRAME;

    push (&f, late, late, FRAME, FALSE, FALSE);
    push_gop (&f, FRAME);
  }
  for (i = 0; i < f.n_cuts; i++)
    g_assert_false (f.cuts[i].discontinuity);
}

/* Sound that is left when the video ends: in the last segment as long as that
 * can take it, and then in segments of its own that any decoder can start at.
 */
static void
test_leftover (void)
{
  static const struct {
    gint64 sound;
    guint n_cuts;
  } cases[] = { { 0, 1 }, { 80 * MS, 1 }, { 400 * MS, 1 }, { 2 * SECOND, 2 },
    { 20 * SECOND, 9 } };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    gint64 end, sum = 0;

    fixture_init (&f, 2);
    push_gop (&f, 2 * SECOND);
    push_gop (&f, 2 * SECOND);
    for (end = f.time + cases[i].sound; f.time < end; f.time += FRAME) {
      GstArclyHlsUnit unit = { f.time, f.time, FRAME,
        (end - f.time) % (12 * FRAME) == 0, FALSE, TRUE };

      if (!gst_arcly_hls_cutter_push (&f.cutter, &unit, &f.cuts[f.n_cuts]))
        continue;
      g_assert_false (f.cuts[f.n_cuts].inside_gop);
      g_assert_false (f.cuts[f.n_cuts].discontinuity);
      f.n_cuts++;
    }
    g_assert_cmpuint (f.n_cuts, ==, cases[i].n_cuts);
    for (k = 0; k < f.n_cuts; k++)
      sum += f.cuts[k].duration;
    sum += gst_arcly_hls_cutter_finish (&f.cutter);
    g_assert_cmpint (sum, ==, 4 * SECOND + cases[i].sound);
  }
}

/* Frames without a duration last as long as the one before. */
static void
test_no_durations (void)
{
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  for (i = 0; i < 50; i++)
    push (&f, i * FRAME, i * FRAME, GST_ARCLY_HLS_NO_TIME, i == 0, FALSE);
  push (&f, 7200 * SECOND, 7200 * SECOND, GST_ARCLY_HLS_NO_TIME, TRUE, TRUE);
  assert_cut (&f, 0, 2 * SECOND);
}

/* Sound of the next publisher that comes in front of its first keyframe: one
 * discontinuity, not two. */
static void
test_sound_first_after_a_hole (void)
{
  Fixture f;

  fixture_init (&f, 2);
  push_gop (&f, 2 * SECOND);
  push_gop (&f, SECOND);
  f.time += 20 * SECOND;
  push (&f, f.time, f.time, FRAME, FALSE, FALSE);
  g_assert_cmpuint (f.n_cuts, ==, 2);
  g_assert_true (f.cuts[1].discontinuity);
  g_assert_true (f.cuts[1].inside_gop);
  f.time += FRAME;
  push (&f, f.time, f.time, FRAME, TRUE, TRUE);
  g_assert_cmpuint (f.n_cuts, ==, 2);
}

/* The first keyframe behind sound belongs to the same segment. */
static void
test_sound_first (void)
{
  Fixture f;

  fixture_init (&f, 2);
  push (&f, 0, 0, FRAME, FALSE, FALSE);
  f.time = 300 * MS;
  push_gop (&f, 2 * SECOND);
  g_assert_cmpuint (f.n_cuts, ==, 0);
  push_gop (&f, 2 * SECOND);
  assert_cut (&f, 0, 2300 * MS);
}

/* B frames: what is shown last was not decoded last. */
static void
test_reordered (void)
{
  static const gint64 shown[] = { 0, 3, 1, 2 };
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  for (i = 0; i < 48; i++)
    push (&f, (i / 4 * 4 + shown[i % 4] + 2) * FRAME, i * FRAME, FRAME, i == 0,
        FALSE);
  g_assert_cmpint (gst_arcly_hls_cutter_finish (&f.cutter), ==, 48 * FRAME);
  g_assert_cmpint (
      gst_arcly_hls_cutter_finish (&f.cutter), ==, GST_ARCLY_HLS_NO_TIME);
}

static void
test_no_times (void)
{
  Fixture f;
  guint i;

  fixture_init (&f, 2);
  for (i = 0; i < 50; i++)
    push (&f, GST_ARCLY_HLS_NO_TIME, GST_ARCLY_HLS_NO_TIME,
        GST_ARCLY_HLS_NO_TIME, i % 10 == 0, FALSE);
  g_assert_cmpint (gst_arcly_hls_cutter_finish (&f.cutter), ==, 0);
}

/* Any units: a limit that is advertised holds, whatever comes. */
static void
test_any (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  GstArclyHlsCutter cutter;
  gint64 time = 0;
  guint i;

  gst_arcly_hls_cutter_init (&cutter, 3);
  gst_arcly_hls_cutter_set_limit (&cutter, 3);
  for (i = 0; i < 200000; i++) {
    GstArclyHlsUnit unit = {
      .pts = time + g_rand_int_range (rand, 0, 200) * MS,
      .dts = time,
      .duration = g_rand_int_range (rand, -1, 3000) * MS,
      .may_cut = g_rand_int_range (rand, 0, 100) == 0,
    };
    GstArclyHlsCut cut;

    unit.discont = unit.may_cut && g_rand_int_range (rand, 0, 10) == 0;
    if (gst_arcly_hls_cutter_push (&cutter, &unit, &cut)) {
      g_assert_cmpint (cut.duration, >=, 0);
      g_assert_cmpint (cut.duration, <, 3 * SECOND + SECOND / 2);
    }
    time += g_rand_int_range (rand, -10, 60) * MS;
    if (g_rand_int_range (rand, 0, 1000) == 0)
      time += g_rand_int_range (rand, -20000, 20000) * MS;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlscutter/gops", test_gops);
  g_test_add_func ("/hlscutter/uneven-gops", test_uneven_gops);
  g_test_add_func ("/hlscutter/longer-gop", test_longer_gop);
  g_test_add_func ("/hlscutter/slow-frames", test_slow_frames);
  g_test_add_func ("/hlscutter/endless-gop", test_endless_gop);
  g_test_add_func ("/hlscutter/jump", test_jump);
  g_test_add_func ("/hlscutter/silent-jump", test_silent_jump);
  g_test_add_func ("/hlscutter/silent-jump-back-without-key",
      test_silent_jump_back_without_key);
  g_test_add_func ("/hlscutter/late-track", test_late_track);
  g_test_add_func ("/hlscutter/leftover", test_leftover);
  g_test_add_func ("/hlscutter/no-durations", test_no_durations);
  g_test_add_func (
      "/hlscutter/sound-first-after-a-hole", test_sound_first_after_a_hole);
  g_test_add_func ("/hlscutter/sound-first", test_sound_first);
  g_test_add_func ("/hlscutter/reordered", test_reordered);
  g_test_add_func ("/hlscutter/no-times", test_no_times);
  g_test_add_func ("/hlscutter/any", test_any);
  return g_test_run ();
}
