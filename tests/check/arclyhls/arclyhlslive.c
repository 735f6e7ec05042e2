/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with parts, as its viewers see it: over HTTP. */
#include <sys/resource.h>

#include <libsoup/soup.h>

#include "testhls.h"

/* One program for each format. */
#ifndef TEST_FMP4
#define TEST_FMP4 FALSE
#endif
#define PART (200 * GST_MSECOND)

typedef struct {
  TestHls hls;
  SoupSession *session;
  guint port;
  gchar *list; /* that viewers had last */
  gboolean restarted;
  guint n_lists, n_deltas;
} Live;

static guint
get (Live *live, const gchar *name, GBytes **bytes)
{
  g_autofree gchar *text =
      g_strdup_printf ("http://127.0.0.1:%u/hls/%s", live->port, name);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_uri ("GET", uri);
  g_autoptr (GError) error = NULL;
  GBytes *body =
      soup_session_send_and_read (live->session, message, NULL, &error);

  g_assert_no_error (error);
  if (bytes)
    *bytes = body;
  else
    g_bytes_unref (body);
  return soup_message_get_status (message);
}

/* As a string; the server's has no end. */
static gchar *
get_list (Live *live, const gchar *query)
{
  GBytes *bytes = NULL;
  g_autofree gchar *name = g_strconcat ("index.m3u8", query, NULL);
  guint status = get (live, name, &bytes);
  gchar *text =
      g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_bytes_unref (bytes);
  if (status == 200)
    return text;
  g_free (text);
  return NULL;
}

/* More than a message of Check can hold. */
static void
assert_nothing (const gchar *wrong, const gchar *text, const gchar *other)
{
  if (wrong[0] != '\0')
    g_printerr ("%s\nbefore or of:\n%s", text, other);
  fail_unless (wrong[0] == '\0', "%s", wrong);
}

static void
check_delta (Live *live)
{
  g_autofree gchar *delta = get_list (live, "?_HLS_skip=YES");
  g_autofree gchar *wrong = NULL;

  if (!strstr (delta, "#EXT-X-SKIP"))
    return;
  wrong = hls_lint_delta (delta, live->list);
  assert_nothing (wrong, delta, live->list);
  live->n_deltas++;
}

/* What viewers have now, if it is new, is right. */
static void
check (Live *live)
{
  g_autofree gchar *text = get_list (live, NULL);
  g_autofree gchar *wrong = NULL;

  if (!text || g_strcmp0 (text, live->list) == 0)
    return;
  wrong = hls_lint (text, live->list, live->restarted);
  assert_nothing (wrong, text, live->list);
  g_free (live->list);
  live->list = g_steal_pointer (&text);
  /* First comes what the former process left. */
  if (strstr (live->list, "#EXT-X-SERVER-CONTROL"))
    live->restarted = FALSE;
  live->n_lists++;
  check_delta (live);
}

static void
start (Live *live)
{
  GstElement *sink = live->hls.sink;

  g_object_set (sink, "part-duration", (guint64) PART, "http-port", 0, NULL);
  test_hls_add_video (&live->hls);
  g_object_get (sink, "http-bound-port", &live->port, NULL);
  fail_unless (live->port > 0);
}

static void
live_init (Live *live)
{
  *live = (Live){ 0 };
  live->session = soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  test_hls_init (&live->hls);
  live->hls.fmp4 = TEST_FMP4;
}

static void
live_clear (Live *live)
{
  test_hls_clear (&live->hls);
  g_object_unref (live->session);
  g_free (live->list);
}

static void
push (Live *live, guint from, guint to)
{
  guint n;

  for (n = from; n < to; n++) {
    test_hls_push (&live->hls, n, n + 1);
    check (live);
  }
}

/* All that is listed is there: the parts of a segment are its bytes, and the
 * file's. */
static void
check_media (Live *live)
{
  g_auto (GStrv) lines = g_strsplit (live->list, "\n", -1);
  g_autoptr (GByteArray) parts = g_byte_array_new ();
  guint i, n_with_parts = 0;

  for (i = 0; lines[i]; i++) {
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (GBytes) whole = NULL;
    g_autofree gchar *path = NULL;
    g_autofree gchar *file = NULL;
    gsize size;

    if (g_str_has_prefix (lines[i], "#EXT-X-PART:")) {
      gchar *name = strstr (lines[i], "URI=\"") + strlen ("URI=\"");

      *strchr (name, '"') = '\0';
      fail_unless_equals_int (get (live, name, &bytes), 200);
      g_byte_array_append (
          parts, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      continue;
    }
    if (lines[i][0] == '#' || lines[i][0] == '\0')
      continue;
    fail_unless_equals_int (get (live, lines[i], &bytes), 200);
    path = test_hls_path (&live->hls, lines[i]);
    fail_unless (g_file_get_contents (path, &file, &size, NULL));
    fail_unless_equals_int (size, g_bytes_get_size (bytes));
    fail_unless (memcmp (file, g_bytes_get_data (bytes, NULL), size) == 0);
    if (parts->len > 0) {
      whole = g_bytes_new (parts->data, parts->len);
      fail_unless (g_bytes_equal (whole, bytes), "%s", lines[i]);
      n_with_parts++;
    }
    g_byte_array_set_size (parts, 0);
  }
  fail_unless (n_with_parts >= 2);
}

/* 300 playlists and more, across a restart of the element: nothing is wrong
 * with any, nor with what they list. */
GST_START_TEST (test_series)
{
  Live live;

  live_init (&live);
  test_hls_new_sink (&live.hls, "playlist-length", 10, NULL);
  start (&live);
  push (&live, 0, 50);
  fail_unless (live.list == NULL, "the first segment decides");
  push (&live, 50, 1000);
  check_media (&live);
  fail_unless (live.n_deltas > 50);
  fail_unless (strstr (live.list, "PART-TARGET=0.200"));

  test_hls_drop_sink (&live.hls);
  live.restarted = TRUE;
  test_hls_new_sink (&live.hls, "playlist-length", 10, NULL);
  start (&live);
  push (&live, 1000, 1010);
  fail_unless (strstr (live.list, "#EXT-X-PRELOAD-HINT"));
  push (&live, 1010, 1700);
  check_media (&live);
  fail_unless (live.n_lists >= 300, "%u", live.n_lists);
  test_hls_end (&live.hls);
  check (&live);
  fail_unless (g_str_has_suffix (live.list, "#EXT-X-ENDLIST\n"));
  test_hls_assert_no_message (&live.hls, GST_MESSAGE_WARNING);
  live_clear (&live);
}
GST_END_TEST;

/* The process dies in the middle of a segment, of which viewers had parts: the
 * next one lists it with just those, and goes on behind it. */
GST_START_TEST (test_killed)
{
  g_autofree gchar *copy = g_dir_make_tmp ("arcly-hls-XXXXXX", NULL);
  g_autofree gchar *command = NULL;
  gchar *folder;
  Live live;

  live_init (&live);
  test_hls_new_sink (&live.hls, NULL);
  start (&live);
  push (&live, 0, 271);
  /* What a killed process leaves is what is there now. */
  command = g_strdup_printf ("cp -r '%s/.' '%s'", live.hls.folder, copy);
  fail_unless (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  test_hls_drop_sink (&live.hls);
  folder = live.hls.folder;
  live.hls.folder = copy;
  live.restarted = TRUE;
  g_clear_pointer (&live.hls.playlist, g_free);

  test_hls_new_sink (&live.hls, NULL);
  start (&live);
  push (&live, 271, 500);
  fail_unless (g_regex_match_simple (
      "#EXTINF:0\\.800000,\nsegment-[0-9T]+-00005\\.(ts|m4s)\n"
      "#EXT-X-DISCONTINUITY\n",
      live.list, 0, 0));
  check_media (&live);
  test_hls_assert_no_message (&live.hls, GST_MESSAGE_WARNING);
  test_hls_drop_sink (&live.hls);
  test_hls_assert_no_temporary (&live.hls);
  test_hls_clear (&live.hls);
  g_steal_pointer (&copy);
  live.hls = (TestHls){ .folder = folder };
  live_clear (&live);
}
GST_END_TEST;

/* With sound, GOPs that are no multiple of parts, and segments over the target.
 */
GST_START_TEST (test_sound)
{
  Live live;

  live_init (&live);
  test_hls_new_sink (&live.hls, "target-duration", 1, NULL);
  start (&live);
  test_hls_add_audio (&live.hls);
  push (&live, 0, 600);
  check_media (&live);
  fail_unless (live.n_lists > 90);
  test_hls_assert_no_message (&live.hls, GST_MESSAGE_WARNING);
  live_clear (&live);
}
GST_END_TEST;

static guint
count (const gchar *text, const gchar *what)
{
  g_auto (GStrv) pieces = g_strsplit (text, what, -1);

  return g_strv_length (pieces) - 1;
}

/* rfc8216bis, 4.4.4.9: those parts are INDEPENDENT that have a keyframe, and no
 * others. Times in ms; all that there was is listed. */
static void
check_independent (const gchar *list, const guint *gops, guint n_gops)
{
  g_auto (GStrv) lines = g_strsplit (list, "\n", -1);
  gdouble end = 0, in_parts = 0;
  guint key = 0, gop = 0, i, n_inside = 0;

  for (i = 0; lines[i]; i++) {
    gboolean has_key = FALSE;

    if (g_str_has_prefix (lines[i], "#EXTINF:")) {
      if (in_parts == 0)
        end += 1000 * g_ascii_strtod (lines[i] + strlen ("#EXTINF:"), NULL);
      in_parts = 0;
    }
    if (g_str_has_prefix (lines[i], "#EXT-X-PART:")) {
      gdouble duration = g_ascii_strtod (
          strstr (lines[i], "DURATION=") + strlen ("DURATION="), NULL);

      n_inside += in_parts > 0 && strstr (lines[i], "INDEPENDENT=YES");
      end += 1000 * duration;
      in_parts += duration;
    }
    for (; gop < n_gops && key * 40 + 1 < end; key += gops[gop++])
      has_key = TRUE;
    if (g_str_has_prefix (lines[i], "#EXT-X-PART:"))
      fail_unless_equals_int (
          strstr (lines[i], "INDEPENDENT=YES") != NULL, has_key);
  }
  fail_unless (n_inside >= 1);
}

static gdouble
sum_up (const gchar *list)
{
  g_auto (GStrv) pieces = g_strsplit (list, "#EXTINF:", -1);
  gdouble sum = 0;
  guint i;

  for (i = 1; pieces[i]; i++)
    sum += g_ascii_strtod (pieces[i], NULL);
  return sum;
}

/* The picture comes late once, when sound was told of in parts already; a
 * keyframe among what is late may end a segment, or be too late for that. The
 * lint adds parts up; what is not of one segment is of another. */
GST_START_TEST (test_late_picture)
{
  static const struct {
    guint from, to; /* frames that come when the sound is there */
  } cases[] = { { 100, 142 }, { 110, 152 }, { 120, 162 }, { 133, 175 },
    { 145, 187 }, { 148, 211 } };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *video;
    Live live;

    live_init (&live);
    test_hls_new_sink (&live.hls, "playlist-length", 0, NULL);
    start (&live);
    test_hls_add_audio (&live.hls);
    push (&live, 0, cases[i].from);
    video = g_steal_pointer (&live.hls.video);
    push (&live, cases[i].from, cases[i].to);
    live.hls.video = video;
    for (n = cases[i].from; n < cases[i].to; n++) {
      fail_unless_equals_int (
          test_hls_try_video (&live.hls, n, n % KEY_INTERVAL == 0),
          GST_FLOW_OK);
      check (&live);
    }
    push (&live, n, 400);
    fail_if (strstr (live.list, "DURATION=0.00"), "%s", live.list);
    test_hls_end (&live.hls);
    check (&live);
    fail_unless (ABS (sum_up (live.list) - 16) < 0.05, "%s", live.list);
    live_clear (&live);
  }
}
GST_END_TEST;

/* Keyframes where the picture changes, and not all of them begin a segment:
 * parts are even all the same. */
GST_START_TEST (test_uneven_keyframes)
{
  static const guint gops[] = { 50, 13, 37, 50, 4, 46, 21, 29, 50, 11, 39 };
  guint i, n = 0, k;
  Live live;

  live_init (&live);
  test_hls_new_sink (&live.hls, "playlist-length", 0, NULL);
  start (&live);
  for (i = 0; i < G_N_ELEMENTS (gops); i++) {
    for (k = 0; k < gops[i]; k++, n++) {
      fail_unless_equals_int (
          test_hls_try_video (&live.hls, n, k == 0), GST_FLOW_OK);
      check (&live);
    }
  }
  check_media (&live);
  fail_unless (live.n_lists > 50);
  fail_unless (strstr (live.list, "#EXT-X-INDEPENDENT-SEGMENTS"));
  check_independent (live.list, gops, G_N_ELEMENTS (gops));
  test_hls_assert_no_message (&live.hls, GST_MESSAGE_WARNING);
  live_clear (&live);
}
GST_END_TEST;

/* Sound alone has parts, too; all are independent where the format needs no
 * tables in front. */
GST_START_TEST (test_sound_only)
{
  Live live;
  guint n;

  live_init (&live);
  test_hls_new_sink (&live.hls, NULL);
  g_object_set (
      live.hls.sink, "part-duration", (guint64) PART, "http-port", 0, NULL);
  test_hls_add_audio (&live.hls);
  g_object_get (live.hls.sink, "http-bound-port", &live.port, NULL);
  push (&live, 0, 600);
  check_media (&live);
  fail_unless (live.n_lists > 90);
  n = count (live.list, "#EXT-X-PART:");
  fail_unless (n >= 30);
  fail_unless (count (live.list, "INDEPENDENT=YES") >= (TEST_FMP4 ? n : n / 3));
  test_hls_assert_no_message (&live.hls, GST_MESSAGE_WARNING);
  live_clear (&live);
}
GST_END_TEST;

/* A viewer of its own thread, which waits for the part that is hinted. */
static gpointer
wait_for_hint (gpointer data)
{
  Live live = *(const Live *) data;
  g_autoptr (GRegex) regex =
      g_regex_new ("PRELOAD-HINT:.*-0*(\\d+)-0*(\\d+)\\.", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree gchar *query = NULL;
  gchar *list;

  live.session = soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  fail_unless (g_regex_match (regex, live.list, 0, &match));
  query = g_match_info_expand_references (
      match, "?_HLS_msn=\\1&_HLS_part=\\2", NULL);
  list = get_list (&live, query);
  g_object_unref (live.session);
  return list;
}

static guint64
count_answers (Live *live)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 n, p50, p99;

  g_object_get (live->hls.sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get (stats, "answers", G_TYPE_UINT64, &n,
      "answer-delay-p50", G_TYPE_UINT64, &p50, "answer-delay-p99",
      G_TYPE_UINT64, &p99, NULL));
  fail_unless (p50 <= p99 && (n > 0) == (p99 > 0));
  return n;
}

/* Those who wait are in the statistics. One that comes late does not. */
GST_START_TEST (test_stats)
{
  guint at = 110, i;
  Live live;

  live_init (&live);
  test_hls_new_sink (&live.hls, NULL);
  fail_unless_equals_uint64 (count_answers (&live), 0);
  start (&live);
  push (&live, 0, at);
  fail_unless_equals_uint64 (count_answers (&live), 0);
  for (i = 0; i < 200 && count_answers (&live) == 0; i++, at += 10) {
    g_autofree gchar *before = g_strdup (live.list);
    Live viewer = { .port = live.port, .list = before };
    GThread *thread = g_thread_new ("viewer", wait_for_hint, &viewer);
    g_autofree gchar *list = NULL;

    push (&live, at, at + 10);
    list = g_thread_join (thread);
    fail_unless (list != NULL);
  }
  fail_unless (count_answers (&live) > 0);
  live_clear (&live);
}
GST_END_TEST;

/* The disk does not take a segment: viewers have had its parts, so it stays in
 * the playlist, as a gap. */
GST_START_TEST (test_lost_segment)
{
  struct rlimit limit, none = { 100 * 188, RLIM_INFINITY };
  Live live;

  signal (SIGXFSZ, SIG_IGN);
  fail_unless_equals_int (getrlimit (RLIMIT_FSIZE, &limit), 0);
  live_init (&live);
  test_hls_new_sink (&live.hls, NULL);
  start (&live);
  push (&live, 0, 120);
  none.rlim_max = limit.rlim_max;
  fail_unless_equals_int (setrlimit (RLIMIT_FSIZE, &none), 0);
  push (&live, 120, 160);
  fail_unless_equals_int (setrlimit (RLIMIT_FSIZE, &limit), 0);
  push (&live, 160, 260);
  fail_unless (strstr (live.list, "#EXT-X-GAP\n"));
  test_hls_assert_message (&live.hls, GST_MESSAGE_WARNING, NULL);
  live_clear (&live);
}
GST_END_TEST;

/* Without a server nobody could have parts; the user is told so. */
GST_START_TEST (test_no_server)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "part-duration", (guint64) PART, NULL);
  test_hls_add_video (&t);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "part-duration");
  test_hls_push (&t, 0, 110);
  fail_unless (strstr (t.playlist, "PART") == NULL);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Viewers can go back as far as they were promised. */
GST_START_TEST (test_dvr_window)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (
      &t, "dvr-window", (guint64) 20 * GST_SECOND, "playlist-length", 3, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 1000);
  fail_unless_equals_int (test_hls_count (&t), 10);
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlslive_suite (void)
{
  Suite *suite = suite_create ("arclyhlslive");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_series);
  tcase_add_test (tcase, test_killed);
  tcase_add_test (tcase, test_sound);
  tcase_add_test (tcase, test_late_picture);
  tcase_add_test (tcase, test_uneven_keyframes);
  tcase_add_test (tcase, test_sound_only);
  tcase_add_test (tcase, test_stats);
  tcase_add_test (tcase, test_lost_segment);
  tcase_add_test (tcase, test_no_server);
  tcase_add_test (tcase, test_dvr_window);
  return suite;
}

GST_CHECK_MAIN (arclyhlslive)
