/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "gst/arclyhls/hls/hlslint.h"
#include "hlslint.h"
#include "hlsparts.h"
#include "hlsplaylist.h"

#define MS G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)
#define N_SEGMENTS 10
/* 2023-11-14T22:13:20Z */
#define EPOCH (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

/* Frames of a rate; how exact their times are told. */
typedef struct {
  const gchar *name;
  gint64 numerator, denominator; /* frames a second */
  gint64 rounding;               /* of times, ns */
  gint64 part;                   /* wanted, ns */
} Rate;

static const Rate rates[] = {
  { "25", 25, 1, 1, 200 * MS },
  { "25/100 ms", 25, 1, 1, 100 * MS },
  { "24", 24, 1, 1, 200 * MS },
  { "29.97", 30000, 1001, 1, 200 * MS },
  { "29.97, RTMP", 30000, 1001, MS, 200 * MS },
  { "23.976, RTMP", 24000, 1001, MS, 200 * MS },
  { "30, RTMP", 30, 1, MS, 200 * MS },
  { "30, RTMP, 100 ms", 30, 1, MS, 100 * MS },
  { "59.94, RTMP", 60000, 1001, MS, 200 * MS },
  { "48 kHz AAC", 48000, 1024, 1, 200 * MS },
  { "44.1 kHz AAC, RTMP", 44100, 1024, MS, 200 * MS },
  { "a frame a second", 1, 1, 1, 200 * MS },
};

typedef struct {
  GstArclyHlsPlaylist *list;
  GstArclyHlsLint *lint; /* ours */
  GstArclyHlsPartCutter cutter;
  GstArclyHlsSegment segment;
  gint64 start, parts;
  gboolean has_key;
  gchar *before;
  guint n_playlists, n_deltas;
} Maker;

static void
check_text (Maker *maker)
{
  gchar *text = gst_arcly_hls_playlist_render_live (maker->list, FALSE);
  g_autofree gchar *delta =
      gst_arcly_hls_playlist_render_live (maker->list, TRUE);
  g_autofree gchar *wrong = NULL;

  if (!text)
    return;
  wrong = gst_arcly_hls_lint_check (maker->lint, text);
  if (wrong)
    g_error ("%s in:\n%s\nbefore:\n%s", wrong, text, maker->before);
  wrong = hls_lint (text, maker->before, FALSE);
  if (wrong[0] != '\0')
    g_error ("%s in:\n%s\nbefore:\n%s", wrong, text, maker->before);
  g_clear_pointer (&wrong, g_free);
  if (delta) {
    wrong = hls_lint_delta (delta, text);
    if (wrong[0] != '\0')
      g_error ("%s in:\n%s\nof:\n%s", wrong, delta, text);
    maker->n_deltas++;
  }
  g_free (maker->before);
  maker->before = text;
  maker->n_playlists++;
}

static void
end_part (Maker *maker, gint64 duration)
{
  GstArclyHlsPart part = { duration, maker->has_key };

  gst_arcly_hls_playlist_append_part (maker->list, &part);
  maker->parts += duration;
  maker->has_key = FALSE;
}

/* The last part and the whole segment are shown at once: the hint is then of
 * the next segment. */
static void
end_segment (Maker *maker, gint64 time)
{
  gint64 left = time - maker->start - maker->parts;

  end_part (maker, gst_arcly_hls_part_cutter_finish (&maker->cutter, left));
  maker->segment.duration = time - maker->start;
  gst_arcly_hls_playlist_append (maker->list, &maker->segment, time);
  gst_arcly_hls_part_cutter_set_limit (
      &maker->cutter, gst_arcly_hls_playlist_get_part_target (maker->list));
  maker->segment.date_time += maker->segment.duration / 1000;
  maker->start = time;
  maker->parts = 0;
  check_text (maker);
}

static void
push_frame (Maker *maker, gint64 time, gboolean key)
{
  GstArclyHlsUnit unit = { .pts = time, .dts = time, .may_cut = key };
  gint64 duration;

  if (key) {
    if (time > 0)
      end_segment (maker, time);
    gst_arcly_hls_playlist_open (maker->list, &maker->segment, time);
    gst_arcly_hls_part_cutter_begin (&maker->cutter, GST_ARCLY_HLS_NO_TIME);
  }
  if (gst_arcly_hls_part_cutter_push (
          &maker->cutter, &unit, FALSE, &duration)) {
    end_part (maker, duration);
    check_text (maker);
  }
  maker->has_key |= key;
}

static gint64
time_of (const Rate *rate, guint frame)
{
  gint64 time =
      (gint64) ((gdouble) SECOND * frame * rate->denominator / rate->numerator);

  return time / rate->rounding * rate->rounding;
}

/* Every playlist on the way is right, with every frame rate: no part is over
 * the target, none but a segment's last under 85 % of it, and hints come true.
 */
static void
test_rates (gconstpointer data)
{
  const Rate *rate = data;
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 10, "t");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  Maker maker = {
    .list = list, .lint = lint, .segment = { .date_time = EPOCH }
  };
  gint64 second = SECOND * rate->denominator / rate->numerator;
  guint per_segment = MAX (2 * SECOND / second, 1), i;

  gst_arcly_hls_playlist_set_parts (list, rate->part);
  gst_arcly_hls_part_cutter_init (&maker.cutter, rate->part);
  for (i = 0; i < N_SEGMENTS * per_segment; i++) {
    push_frame (&maker, time_of (rate, i), i % per_segment == 0);
  }
  g_assert_cmpuint (maker.n_playlists, >=, 2 * (N_SEGMENTS - 2));
  g_assert_cmpuint (maker.n_deltas, >, N_SEGMENTS / 2);
  /* As near to what was asked for as frames allow. */
  g_assert_cmpint (gst_arcly_hls_playlist_get_part_target (list), >=,
      MIN (rate->part * 85 / 100, second));
  g_assert_cmpint (gst_arcly_hls_playlist_get_part_target (list), <=,
      MAX (rate->part + second / 2, second) + 3 * MS);
  end_segment (&maker, time_of (rate, i));
  gst_arcly_hls_playlist_end (list);
  check_text (&maker);
  g_free (maker.before);
}

/* The bytes, once. */
static void
test_text (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 1, 3, "t");
  GstArclyHlsSegment segment = { .duration = SECOND, .date_time = EPOCH };
  GstArclyHlsPart part = { 500 * MS, TRUE };
  g_autofree gchar *none = NULL;
  g_autofree gchar *text = NULL;
  g_autofree gchar *delta = NULL;

  gst_arcly_hls_playlist_set_parts (list, 500 * MS);
  gst_arcly_hls_playlist_open (list, &segment, 0);
  gst_arcly_hls_playlist_append_part (list, &part);
  none = gst_arcly_hls_playlist_render_live (list, FALSE);
  g_assert_null (none);
  part.independent = FALSE;
  gst_arcly_hls_playlist_append_part (list, &part);
  gst_arcly_hls_playlist_append (list, &segment, 0);
  segment.date_time += G_USEC_PER_SEC;
  gst_arcly_hls_playlist_open (list, &segment, 0);
  gst_arcly_hls_playlist_append_part (list, &part);
  text = gst_arcly_hls_playlist_render_live (list, FALSE);
  g_assert_cmpstr (text, ==,
      "#EXTM3U\n"
      "#EXT-X-VERSION:9\n"
      "#EXT-X-TARGETDURATION:1\n"
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,"
      "HOLD-BACK=3.0,PART-HOLD-BACK=1.500\n"
      "#EXT-X-PART-INF:PART-TARGET=0.500\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
      "#EXT-X-PART:DURATION=0.500000,URI=\"part-t-00000-00.ts\","
      "INDEPENDENT=YES\n"
      "#EXT-X-PART:DURATION=0.500000,URI=\"part-t-00000-01.ts\"\n"
      "#EXTINF:1.000000,\nsegment-t-00000.ts\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:21.000Z\n"
      "#EXT-X-PART:DURATION=0.500000,URI=\"part-t-00001-00.ts\"\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-t-00001-01.ts\"\n");
  delta = gst_arcly_hls_playlist_render_live (list, TRUE);
  g_assert_null (delta);
}

/* Sound goes on where the picture stands still: parts do, too. */
static void
test_beside (void)
{
  GstArclyHlsPartCutter cutter;
  GstArclyHlsUnit unit = { .may_cut = TRUE, .duration = 40 * MS };
  gint64 duration;

  gst_arcly_hls_part_cutter_init (&cutter, 200 * MS);
  gst_arcly_hls_part_cutter_set_limit (&cutter, 200 * MS);
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, FALSE, &duration));
  for (unit.dts = 0; unit.dts < 300 * MS; unit.dts += 20 * MS)
    g_assert_false (
        gst_arcly_hls_part_cutter_push (&cutter, &unit, TRUE, &duration));
  g_assert_true (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, TRUE, &duration));
  g_assert_cmpint (duration, ==, 200 * MS);
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, TRUE, &duration));
}

/* A hole of media is no part's. */
static void
test_hole (void)
{
  GstArclyHlsPartCutter cutter;
  GstArclyHlsUnit unit = { .duration = 40 * MS };
  gint64 duration;

  gst_arcly_hls_part_cutter_init (&cutter, 200 * MS);
  gst_arcly_hls_part_cutter_set_limit (&cutter, 200 * MS);
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, FALSE, &duration));
  unit.dts = 5 * SECOND;
  g_assert_true (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, FALSE, &duration));
  g_assert_cmpint (duration, ==, 200 * MS);
  unit.dts += 40 * MS;
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, FALSE, &duration));
  g_assert_cmpint (gst_arcly_hls_part_cutter_finish (&cutter, 0), ==, 80 * MS);
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_finish (&cutter, 3 * SECOND), ==, 200 * MS);
}

/* Sound is 200 ms ahead of the last frame: a segment ends where its parts
 * allow. */
static void
test_fit (void)
{
  GstArclyHlsPartCutter cutter;
  GstArclyHlsUnit unit = { .duration = 40 * MS };
  gint64 duration;

  gst_arcly_hls_part_cutter_init (&cutter, 200 * MS);
  gst_arcly_hls_part_cutter_set_limit (&cutter, 200 * MS);
  gst_arcly_hls_part_cutter_begin (&cutter, 100 * MS);
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, FALSE, &duration));
  unit.dts = 200 * MS;
  g_assert_false (
      gst_arcly_hls_part_cutter_push (&cutter, &unit, TRUE, &duration));
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_fit (&cutter, 40 * MS), ==, 40 * MS);
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_fit (&cutter, 1 * MS), ==, 140 * MS);
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_fit (&cutter, -300 * MS), ==, 140 * MS);
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_fit (&cutter, 299 * MS), ==, 200 * MS);
  g_assert_cmpint (
      gst_arcly_hls_part_cutter_fit (&cutter, 3 * SECOND), ==, 3 * SECOND);
}

/* What another process left goes on with its part target, or not at all. */
static void
test_resume (void)
{
  static const gchar left[] =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n%s"
      "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
      "#EXTINF:2.000000,\nsegment-a-00007.ts\n";
  static const struct {
    const gchar *inf;
    gint64 wanted, target;
    guint length;
  } cases[] = {
    { "#EXT-X-PART-INF:PART-TARGET=0.209\n", 200 * MS, 209 * MS, 1 },
    { "#EXT-X-PART-INF:PART-TARGET=0.209\n", 500 * MS, 0, 0 },
    { "#EXT-X-PART-INF:PART-TARGET=0.209\n", 0, 0, 0 },
    { "", 200 * MS, 0, 0 },
    { "", 0, 0, 1 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsPlaylist) list =
        gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 3, "t");
    g_auto (GStrv) halves = g_strsplit (left, "%s", 2);
    g_autofree gchar *text =
        g_strconcat (halves[0], cases[i].inf, halves[1], NULL);

    gst_arcly_hls_playlist_set_parts (list, cases[i].wanted);
    g_assert_true (
        gst_arcly_hls_playlist_resume (list, text, strlen (text), NULL));
    g_assert_cmpint (
        gst_arcly_hls_playlist_get_part_target (list), ==, cases[i].target);
    g_assert_cmpuint (
        gst_arcly_hls_playlist_get_length (list), ==, cases[i].length);
    g_assert_cmpuint (gst_arcly_hls_playlist_get_next (list), ==, 8);
  }
}

/* A window in time lists as many segments as it takes. */
static void
test_window (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 3, "t");
  GstArclyHlsSegment segment = { .duration = 2 * SECOND };
  guint i;

  gst_arcly_hls_playlist_set_window (list, 60 * SECOND);
  for (i = 0; i < 50; i++)
    gst_arcly_hls_playlist_append (list, &segment, 0);
  g_assert_cmpuint (gst_arcly_hls_playlist_get_length (list), ==, 30);
}

/* Both checkers see what is wrong: each line of a good playlist, changed. */
static const gchar good[] =
    "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n"
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,"
    "HOLD-BACK=3.0,PART-HOLD-BACK=1.500\n"
    "#EXT-X-PART-INF:PART-TARGET=0.500\n#EXT-X-MEDIA-SEQUENCE:1\n"
    "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
    "#EXT-X-PART:DURATION=0.490000,URI=\"a\"\n"
    "#EXT-X-PART:DURATION=0.500000,URI=\"b\"\n#EXTINF:0.990000,\nab\n"
    "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.990Z\n"
    "#EXT-X-PART:DURATION=0.500000,URI=\"c\"\n"
    "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"d\"\n";

typedef struct {
  const gchar *from, *to;
  const gchar *clause; /* NULL: only the tests' checker is so strict */
} Change;

static gchar *
change (const Change *what)
{
  g_auto (GStrv) parts = g_strsplit (good, what->from, 2);

  g_assert_nonnull (parts[1]);
  return g_strconcat (parts[0], what->to, parts[1], NULL);
}

static void
test_checkers (void)
{
  static const Change changes[] = {
    { "DURATION=0.490000", "DURATION=0.400000", "4.4.4.9" },
    { "DURATION=0.500000", "DURATION=0.510000", "4.4.4.9" },
    { "EXTINF:0.99", "EXTINF:0.98", NULL },
    { "EXTINF:0.99", "EXTINF:1.51", "4.3.3.1" },
    { "EXTINF:0.99", "EXTINF:0.29", "4.4.4.9" },
    { "PART-HOLD-BACK=1.500", "PART-HOLD-BACK=1.499", "4.4.3.8" },
    { "HOLD-BACK=3.0", "HOLD-BACK=2.9", "4.4.3.8" },
    { "UNTIL=6.0", "UNTIL=5.0", "4.4.3.8" },
    { "#EXT-X-PART-INF:PART-TARGET=0.500\n", "", "4.4.3.7" },
    { "RELOAD=YES", "RELOAD=NO", NULL },
    { "#EXT-X-PRELOAD-HINT", "#EXT-X-HINT", "6.2.2" },
    { "URI=\"a\"", "URL=\"a\"", "4.4.4.9" },
    { "#EXTINF:0.990000,\n", "", "4.3.2.1" },
    { "#EXTM3U\n", "", "4.3.1.1" },
  };
  g_autofree gchar *nothing = hls_lint (good, good, FALSE);
  guint i;

  g_assert_cmpstr (nothing, ==, "");
  for (i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
    g_autofree gchar *bad = change (&changes[i]);
    g_autofree gchar *wrong = hls_lint (bad, NULL, FALSE);
    g_autofree gchar *broken = gst_arcly_hls_lint_check (lint, bad);

    g_test_message ("%s: %s", changes[i].to, broken);
    g_assert_cmpstr (wrong, !=, "");
    if (changes[i].clause)
      g_assert_nonnull (strstr (broken, changes[i].clause));
  }
}

/* And what must not change from one to the next. */
static void
test_lint_change (void)
{
  static const Change changes[] = {
    { "TARGETDURATION:1", "TARGETDURATION:2", "4.4.3.8" },
    { "PART-TARGET=0.500", "PART-TARGET=0.499", "4.4.4.9" },
    { "CAN-SKIP-UNTIL=6.0", "CAN-SKIP-UNTIL=7.0", "6.2.1" },
    { "MEDIA-SEQUENCE:1", "MEDIA-SEQUENCE:0", "6.2.2" },
    { "\nab\n", "\nba\n", "6.2.1" },
    { "EXTINF:0.990000", "EXTINF:0.980000", "6.2.1" },
    { "#EXT-X-MEDIA", "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MEDIA",
        "6.2.2" },
    { "URI=\"c\"", "URI=\"e\"", "6.2.1" },
    { "#EXT-X-PART:DURATION=0.500000,URI=\"c\"\n", "", "6.2.1" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
    g_autofree gchar *bad = change (&changes[i]);
    g_autofree gchar *first = gst_arcly_hls_lint_check (lint, good);
    g_autofree gchar *same = gst_arcly_hls_lint_check (lint, good);
    g_autofree gchar *broken = gst_arcly_hls_lint_check (lint, bad);

    g_assert_cmpstr (first, ==, NULL);
    g_assert_cmpstr (same, ==, NULL);
    g_test_message ("%s: %s", changes[i].to, broken);
    g_assert_nonnull (broken);
    g_assert_nonnull (strstr (broken, changes[i].clause));
  }
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/hlsparts/rates/%s", rates[i].name);

    g_test_add_data_func (path, &rates[i], test_rates);
  }
  g_test_add_func ("/hlsparts/text", test_text);
  g_test_add_func ("/hlsparts/beside", test_beside);
  g_test_add_func ("/hlsparts/fit", test_fit);
  g_test_add_func ("/hlsparts/hole", test_hole);
  g_test_add_func ("/hlsparts/resume", test_resume);
  g_test_add_func ("/hlsparts/window", test_window);
  g_test_add_func ("/hlsparts/checkers", test_checkers);
  g_test_add_func ("/hlsparts/lint-change", test_lint_change);
  return g_test_run ();
}
