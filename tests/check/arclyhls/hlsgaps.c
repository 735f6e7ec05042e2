/* SPDX-License-Identifier: MIT
 *
 * Playlists of a storage that did not take all segments. */
#include <string.h>

#include "hlsgaps.h"
#include "hlslint.h"
#include "hlsplaylist.h"

#define SECOND G_GINT64_CONSTANT (1000000000)

/* Three segments, the last of which has an init segment of its own. */
static gchar *
make_list (gboolean fmp4)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 0, "t");
  gint i;

  if (fmp4)
    gst_arcly_hls_playlist_set_fmp4 (list);
  for (i = 0; i < 3; i++) {
    GstArclyHlsSegment segment = { .duration = 2 * SECOND,
      .date_time = i * 2 * G_USEC_PER_SEC,
      .discontinuity = i == 2,
      .map = i == 2 ? 2 : 0 };

    gst_arcly_hls_playlist_append (list, &segment, 0);
  }
  return gst_arcly_hls_playlist_render (list);
}

static GHashTable *
make_lost (const gchar *names)
{
  GHashTable *lost =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) words = g_strsplit (names, " ", -1);
  guint i;

  for (i = 0; words[i]; i++)
    g_hash_table_insert (lost, g_strdup (words[i]), GINT_TO_POINTER (0));
  return lost;
}

static void
test_marks (void)
{
  static const struct {
    gboolean fmp4;
    const gchar *lost;
    const gchar *whole; /* those that are left, by the last of their number */
  } cases[] = {
    { FALSE, "segment-t-00001.ts", "02" },
    { FALSE, "segment-t-00000.ts segment-t-00002.ts", "1" },
    { TRUE, "segment-t-00001.m4s", "02" },
    { TRUE, "init-t-00000.mp4", "2" },
    { TRUE, "init-t-00002.mp4", "01" },
    { TRUE, "init-t-00002.mp4 segment-t-00000.m4s", "1" },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *text = make_list (cases[i].fmp4);
    g_autoptr (GHashTable) lost = make_lost (cases[i].lost);
    g_autofree gchar *marked =
        gst_arcly_hls_gaps_mark (text, strlen (text), lost);
    g_autofree gchar *again = NULL;
    g_autofree gchar *wrong = NULL;
    g_auto (GStrv) names = NULL;

    g_assert_nonnull (marked);
    g_assert_nonnull (strstr (marked, "#EXT-X-VERSION:8\n"));
    wrong = hls_lint (marked, NULL, FALSE);
    g_assert_cmpstr (wrong, ==, "");
    names = hls_lint_names (marked);
    g_assert_cmpuint (g_strv_length (names), ==, strlen (cases[i].whole));
    for (k = 0; names[k]; k++)
      g_assert_cmpint (strchr (names[k], '.')[-1], ==, cases[i].whole[k]);
    /* What is marked is left as it is. */
    again = gst_arcly_hls_gaps_mark (marked, strlen (marked), lost);
    g_assert_null (again);
  }
}

static void
mark (const gchar *text, GHashTable *lost, gboolean changes)
{
  g_autofree gchar *marked =
      gst_arcly_hls_gaps_mark (text, strlen (text), lost);

  g_assert_true ((marked != NULL) == changes);
}

/* Kept from when it is lost, which may be before it is listed, until it is
 * listed no more. */
static void
test_forgets (void)
{
  static const gchar none[] = "#EXTM3U\n#EXTINF:2,\nsegment-t-00000.ts\n";
  static const gchar one[] = "#EXTM3U\n#EXTINF:2,\nsegment-t-00001.ts\n";
  g_autoptr (GHashTable) lost =
      make_lost ("segment-t-00001.ts segment-t-00007.ts");

  mark (none, lost, FALSE);
  g_assert_cmpuint (g_hash_table_size (lost), ==, 2);
  mark (one, lost, TRUE);
  mark (one, lost, TRUE);
  g_assert_cmpuint (g_hash_table_size (lost), ==, 2);
  mark (none, lost, FALSE);
  g_assert_cmpuint (g_hash_table_size (lost), ==, 1);
  g_assert_true (g_hash_table_contains (lost, "segment-t-00007.ts"));
}

/* Any text is well: no EXTINF, no end, no version. */
static void
test_other_text (void)
{
  static const gchar *texts[] = { "", "a", "a\n", "#EXTINF:1,\nb\n\n",
    "#EXT-X-MAP:URI=\"a", "#EXT-X-MAP:URI=\"a\"\nx\n" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GHashTable) lost = make_lost ("a");
    g_autofree gchar *marked =
        gst_arcly_hls_gaps_mark (texts[i], strlen (texts[i]), lost);

    g_assert_null (marked);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsgaps/marks", test_marks);
  g_test_add_func ("/hlsgaps/forgets", test_forgets);
  g_test_add_func ("/hlsgaps/other-text", test_other_text);
  return g_test_run ();
}
