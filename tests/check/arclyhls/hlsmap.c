/* SPDX-License-Identifier: MIT
 *
 * Init segments in playlists (RFC 8216, 4.3.2.5). */
#include <string.h>

#include "gst/arclyhls/hls/hlslint.h"
#include "hlslint.h"
#include "hlsplaylist.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define EPOCH (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

static GstArclyHlsPlaylist *
make (GstArclyHlsType type, const gchar *stamp)
{
  GstArclyHlsPlaylist *list = gst_arcly_hls_playlist_new (type, 2, 3, stamp);

  gst_arcly_hls_playlist_set_fmp4 (list);
  return list;
}

static GstArclyHlsSegment
segment (guint n, guint64 map, gboolean discontinuity)
{
  return (GstArclyHlsSegment){ .duration = 2 * SECOND,
    .date_time = EPOCH + n * 2 * G_USEC_PER_SEC,
    .discontinuity = discontinuity,
    .map = map };
}

/* Appends number @n and checks what is shown then. */
static void
append (GstArclyHlsPlaylist *list, GstArclyHlsLint *lint, gchar **text, guint n,
    guint64 map, gboolean discontinuity)
{
  GstArclyHlsSegment next = segment (n, map, discontinuity);
  g_autofree gchar *before = g_steal_pointer (text);
  g_autofree gchar *wrong = NULL;
  g_autofree gchar *broken = NULL;

  gst_arcly_hls_playlist_append (list, &next, n * 2 * SECOND);
  *text = gst_arcly_hls_playlist_render (list);
  wrong = hls_lint (*text, before, FALSE);
  g_assert_cmpstr (wrong, ==, "");
  broken = gst_arcly_hls_lint_check (lint, *text);
  g_assert_cmpstr (broken, ==, NULL);
}

static void
test_text (void)
{
  g_autoptr (GstArclyHlsPlaylist) list = make (GST_ARCLY_HLS_EVENT, "t");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  g_autofree gchar *text = NULL;

  append (list, lint, &text, 0, 0, FALSE);
  append (list, lint, &text, 1, 0, FALSE);
  append (list, lint, &text, 2, 2, TRUE);
  g_assert_cmpstr (text, ==,
      "#EXTM3U\n"
      "#EXT-X-VERSION:6\n"
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:EVENT\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MAP:URI=\"init-t-00000.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00000.m4s\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00001.m4s\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXT-X-MAP:URI=\"init-t-00002.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00002.m4s\n");
}

/* One that is listed has its init segment, in the playlist and in the folder.
 */
static void
test_window (void)
{
  g_autoptr (GstArclyHlsPlaylist) list = make (GST_ARCLY_HLS_LIVE, "t");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  g_autoptr (GString) gone = g_string_new (NULL);
  g_autofree gchar *text = NULL;
  gchar *name;
  guint i;

  for (i = 0; i < 12; i++) {
    append (list, lint, &text, i, i < 5 ? 0 : 5, i == 5);
    while ((name = gst_arcly_hls_playlist_pop_expired (list, i * 2 * SECOND))) {
      g_assert_null (strstr (text, name));
      g_string_append_printf (gone, "%s ", name);
      g_free (name);
    }
  }
  g_assert_cmpstr (gone->str, ==,
      "segment-t-00000.m4s segment-t-00001.m4s segment-t-00002.m4s "
      "segment-t-00003.m4s ");
  while ((name = gst_arcly_hls_playlist_pop_expired (list, 99 * SECOND))) {
    g_string_append_printf (gone, "%s ", name);
    g_free (name);
  }
  g_assert_cmpstr (strstr (gone->str, "segment-t-00004"), ==,
      "segment-t-00004.m4s init-t-00000.mp4 segment-t-00005.m4s "
      "segment-t-00006.m4s segment-t-00007.m4s segment-t-00008.m4s ");
}

/* Rule U10: the next process keeps them, and deletes what nobody needs. */
static void
test_resume (void)
{
  g_autoptr (GstArclyHlsPlaylist) first = make (GST_ARCLY_HLS_LIVE, "t");
  g_autoptr (GstArclyHlsPlaylist) next = make (GST_ARCLY_HLS_LIVE, "u");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  GstArclyHlsName old = { GST_ARCLY_HLS_INIT, 0, "t" };
  GstArclyHlsName used = { GST_ARCLY_HLS_INIT, 3, "t" };
  g_autofree gchar *text = NULL;
  g_autofree gchar *after = NULL;
  g_autofree gchar *gone = NULL;
  g_autofree gchar *wrong = NULL;
  GstArclyHlsSegment another = segment (8, 8, TRUE);
  guint i;

  for (i = 0; i < 8; i++)
    append (first, lint, &text, i, i < 3 ? 0 : 3, i == 3);
  g_assert_true (
      gst_arcly_hls_playlist_resume (next, text, strlen (text), NULL));
  g_assert_cmpuint (gst_arcly_hls_playlist_get_map (next, 7), ==, 3);
  gst_arcly_hls_playlist_bury (next, &old, 0);
  gst_arcly_hls_playlist_bury (next, &used, 0);
  gone = gst_arcly_hls_playlist_pop_expired (next, 99 * SECOND);
  g_assert_cmpstr (gone, ==, "init-t-00000.mp4");
  g_assert_null (gst_arcly_hls_playlist_pop_expired (next, 99 * SECOND));

  gst_arcly_hls_playlist_append (next, &another, 0);
  after = gst_arcly_hls_playlist_render (next);
  wrong = hls_lint (after, text, TRUE);
  g_assert_cmpstr (wrong, ==, "");
  g_assert_nonnull (strstr (after, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="
                                   "\"init-t-00008.mp4\"\n"));
}

/* Another format is another presentation; numbers go on. */
static void
test_other_format (void)
{
  g_autoptr (GstArclyHlsPlaylist) first = make (GST_ARCLY_HLS_LIVE, "t");
  g_autoptr (GstArclyHlsPlaylist) next =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 3, "u");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  GstArclyHlsName old = { GST_ARCLY_HLS_INIT, 0, "t" };
  GstArclyHlsSegment another = segment (2, 0, FALSE);
  g_autofree gchar *text = NULL;
  g_autofree gchar *after = NULL;
  g_autofree gchar *gone = NULL;
  g_autofree gchar *wrong = NULL;

  append (first, lint, &text, 0, 0, FALSE);
  append (first, lint, &text, 1, 0, FALSE);
  g_assert_true (
      gst_arcly_hls_playlist_resume (next, text, strlen (text), NULL));
  g_assert_cmpuint (gst_arcly_hls_playlist_get_length (next), ==, 0);
  gst_arcly_hls_playlist_bury (next, &old, 0);
  gone = gst_arcly_hls_playlist_pop_expired (next, 99 * SECOND);
  g_assert_cmpstr (gone, ==, "init-t-00000.mp4");
  gst_arcly_hls_playlist_append (next, &another, 0);
  after = gst_arcly_hls_playlist_render (next);
  wrong = hls_lint (after, text, TRUE);
  g_assert_cmpstr (wrong, ==, "");
  g_assert_nonnull (strstr (after, "segment-u-00002.ts\n"));
}

/* Low latency: what is new of a segment is told with its first hint; and a
 * delta update has all discontinuities that are listed. */
static void
test_hint (void)
{
  g_autoptr (GstArclyHlsPlaylist) list = make (GST_ARCLY_HLS_EVENT, "t");
  g_autofree gchar *text = NULL;
  g_autofree gchar *delta = NULL;
  g_autofree gchar *late = NULL;
  GstArclyHlsPart part = { .duration = SECOND };
  GstArclyHlsSegment next;
  guint i;

  gst_arcly_hls_playlist_set_parts (list, SECOND);
  for (i = 0; i < 20; i++) {
    next = segment (i, i < 10 ? 0 : 10, i == 10);
    gst_arcly_hls_playlist_open (list, &next, i);
    if (i == 10) {
      text = gst_arcly_hls_playlist_render_live (list, FALSE);
      delta = gst_arcly_hls_playlist_render_live (list, TRUE);
    }
    gst_arcly_hls_playlist_append_part (list, &part);
    gst_arcly_hls_playlist_append_part (list, &part);
    gst_arcly_hls_playlist_append (list, &next, i);
  }
  g_assert_true (g_str_has_suffix (text,
      "segment-t-00009.m4s\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXT-X-MAP:URI=\"init-t-00010.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:40.000Z\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-t-00010-00.m4s\"\n"));
  g_assert_nonnull (strstr (delta, "#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n"
                                   "#EXT-X-MAP:URI=\"init-t-00000.mp4\"\n"));
  late = gst_arcly_hls_playlist_render_live (list, TRUE);
  g_assert_nonnull (strstr (late, "#EXT-X-SKIP:SKIPPED-SEGMENTS=10\n"
                                  "#EXT-X-DISCONTINUITY\n"));
}

#define HEAD                                                                   \
  "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n"                       \
  "#EXT-X-MEDIA-SEQUENCE:3\n"
#define ENTRY(name)                                                            \
  "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n#EXTINF:2.0,\n" name "\n"
#define MAP(uri) "#EXT-X-MAP:URI=\"" uri "\"\n"

/* What another process cannot have written. */
static void
test_malformed (void)
{
  static const gchar *bad[] = {
    HEAD ENTRY ("segment-t-00003.m4s"),
    HEAD MAP ("init-t-00004.mp4") ENTRY ("segment-t-00003.m4s"),
    HEAD MAP ("init-u-00003.mp4") ENTRY ("segment-t-00003.m4s"),
    HEAD MAP ("segment-t-00003.m4s") ENTRY ("segment-t-00003.m4s"),
    HEAD MAP ("init-t-00003.mp4") ENTRY ("segment-t-00003.ts"),
    HEAD MAP ("init-t-00003.mp4") ENTRY ("init-t-00003.mp4"),
    HEAD MAP ("../init-t-00003.mp4") ENTRY ("segment-t-00003.m4s"),
    HEAD "#EXT-X-MAP:URI=\"\n" ENTRY ("segment-t-00003.m4s"),
    HEAD "#EXT-X-MAP\n" ENTRY ("segment-t-00003.m4s"),
    HEAD MAP ("init-t-00002.mp4") ENTRY ("segment-t-00003.m4s")
        MAP ("init-t-00001.mp4") ENTRY ("segment-t-00004.m4s"),
    HEAD MAP ("init-t-00002.mp4") ENTRY ("segment-t-00003.m4s")
        ENTRY ("segment-t-00004.ts"),
  };
  static const gchar good[] = HEAD MAP ("init-t-00002.mp4")
      ENTRY ("segment-t-00003.m4s") ENTRY ("segment-t-00004.m4s");
  guint i;

  for (i = 0; i <= G_N_ELEMENTS (bad); i++) {
    g_autoptr (GstArclyHlsPlaylist) list = make (GST_ARCLY_HLS_LIVE, "x");
    const gchar *text = i < G_N_ELEMENTS (bad) ? bad[i] : good;

    g_test_message ("%s", text);
    g_assert_cmpint (
        gst_arcly_hls_playlist_resume (list, text, strlen (text), NULL), ==,
        text == good);
  }
}

/* Both checkers see what is wrong with init segments. */
static void
test_lint (void)
{
  static const struct {
    const gchar *clause, *before, *text;
  } cases[] = {
    { "3.3", NULL, HEAD ENTRY ("a.m4s") },
    { "4.3.2.3", NULL,
        HEAD MAP ("a.mp4") ENTRY ("a.m4s") MAP ("b.mp4") ENTRY ("b.m4s") },
    { "6.2.1", HEAD MAP ("a.mp4") ENTRY ("a.m4s") ENTRY ("b.m4s"),
        HEAD MAP ("b.mp4") ENTRY ("a.m4s") ENTRY ("b.m4s") },
    { "7", NULL,
        "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n" MAP ("a.mp4")
            ENTRY ("a.m4s") },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
    g_autofree gchar *wrong = hls_lint (cases[i].text, cases[i].before, FALSE);
    g_autofree gchar *broken = NULL;

    if (cases[i].before)
      g_free (gst_arcly_hls_lint_check (lint, cases[i].before));
    broken = gst_arcly_hls_lint_check (lint, cases[i].text);
    g_assert_cmpstr (wrong, !=, "");
    g_assert_nonnull (broken);
    g_assert_nonnull (strstr (broken, cases[i].clause));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsmap/text", test_text);
  g_test_add_func ("/hlsmap/window", test_window);
  g_test_add_func ("/hlsmap/resume", test_resume);
  g_test_add_func ("/hlsmap/other-format", test_other_format);
  g_test_add_func ("/hlsmap/hint", test_hint);
  g_test_add_func ("/hlsmap/malformed", test_malformed);
  g_test_add_func ("/hlsmap/lint", test_lint);
  return g_test_run ();
}
