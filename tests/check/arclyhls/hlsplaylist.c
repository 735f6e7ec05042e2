/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlslint.h"
#include "hlsplaylist.h"
#include "hlsread.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
/* 2023-11-14T22:13:20Z */
#define EPOCH (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

static void
append (GstArclyHlsPlaylist *list, gdouble seconds, gboolean discontinuity,
    guint64 now)
{
  GstArclyHlsSegment segment = {
    .duration = (gint64) (seconds * SECOND),
    .date_time = EPOCH + now / 1000,
    .discontinuity = discontinuity,
  };

  gst_arcly_hls_playlist_append (list, &segment, now);
}

static void
assert_good (const gchar *text, const gchar *before, gboolean after_restart)
{
  g_autofree gchar *wrong = hls_lint (text, before, after_restart);

  if (wrong[0] != '\0')
    g_error ("%s in:\n%s\nbefore:\n%s", wrong, text, before ? before : "-");
}

static void
assert_bad (const gchar *text, const gchar *before)
{
  g_autofree gchar *wrong = hls_lint (text, before, FALSE);

  g_assert_cmpstr (wrong, !=, "");
}

/* Appends @n segments; each playlist on the way must be right. Returns the
 * last. */
static gchar *
run (GstArclyHlsPlaylist *list, gdouble seconds, guint n, guint64 *now,
    gboolean after_restart, gchar *before)
{
  guint i;

  for (i = 0; i < n; i++) {
    gchar *text;

    append (list, seconds, FALSE, *now);
    *now += (guint64) (seconds * SECOND);
    text = gst_arcly_hls_playlist_render (list);
    assert_good (text, before, after_restart && i == 0);
    g_free (before);
    before = text;
  }
  return before;
}

/* The bytes, once. */
static void
test_text (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_EVENT, 2, 0, "t");
  g_autofree gchar *none = gst_arcly_hls_playlist_render (list);
  g_autofree gchar *text = NULL;

  g_assert_null (none);
  append (list, 2, FALSE, 0);
  append (list, 1.9996, TRUE, 2500000000);
  gst_arcly_hls_playlist_end (list);
  text = gst_arcly_hls_playlist_render (list);
  g_assert_cmpstr (text, ==,
      "#EXTM3U\n"
      "#EXT-X-VERSION:3\n"
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PLAYLIST-TYPE:EVENT\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
      "#EXTINF:2.000000,\n"
      "segment-t-00000.ts\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.500Z\n"
      "#EXTINF:1.999600,\n"
      "segment-t-00001.ts\n"
      "#EXT-X-ENDLIST\n");
  assert_good (text, NULL, FALSE);
}

/* Advertised once, and never passed. */
static void
test_target_duration (void)
{
  static const struct {
    guint wanted;
    gdouble first;
    guint advertised;
  } cases[] = {
    { 2, 2, 2 },
    { 2, 0.5, 2 },
    { 2, 2.4, 2 },
    { 2, 2.6, 3 },
    { 2, 3.1, 4 },
    { 6, 8.34, 9 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsPlaylist) list = gst_arcly_hls_playlist_new (
        GST_ARCLY_HLS_LIVE, cases[i].wanted, 5, "t");
    g_autofree gchar *text = NULL;
    guint64 now = 0;

    g_assert_cmpuint (gst_arcly_hls_playlist_get_target_duration (list), ==, 0);
    text = run (list, cases[i].first, 1, &now, FALSE, NULL);
    g_assert_cmpuint (gst_arcly_hls_playlist_get_target_duration (list), ==,
        cases[i].advertised);
    g_free (g_steal_pointer (&text));
    append (list, 99, FALSE, now);
    text = gst_arcly_hls_playlist_render (list);
    assert_good (text, NULL, FALSE);
    g_assert_cmpuint (gst_arcly_hls_playlist_get_target_duration (list), ==,
        cases[i].advertised);
  }
}

static void
test_window (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
  g_autofree gchar *gone = NULL;
  guint64 now = 0;

  g_free (run (list, 2, 50, &now, FALSE, NULL));
  g_assert_cmpuint (gst_arcly_hls_playlist_get_length (list), ==, 5);
  g_assert_cmpuint (gst_arcly_hls_playlist_get_first (list), ==, 45);

  /* RFC 8216, 6.2.2: segment 0 left when 5 was there, at 10 s; the playlist
   * listed 6 segments for an instant before, which is 12 s. */
  g_assert_null (gst_arcly_hls_playlist_pop_expired (list, 0));
  g_assert_null (gst_arcly_hls_playlist_pop_expired (
      list, 21 * G_GUINT64_CONSTANT (1000000000)));
  gone = gst_arcly_hls_playlist_pop_expired (
      list, 24 * G_GUINT64_CONSTANT (1000000000));
  g_assert_cmpstr (gone, ==, "segment-t-00000.ts");
  g_assert_null (gst_arcly_hls_playlist_pop_expired (
      list, 24 * G_GUINT64_CONSTANT (1000000000)));
}

/* RFC 8216, 6.2.2: three target durations are the least. */
static void
test_short_segments (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 4, 3, "t");
  guint64 now = 0;

  g_free (run (list, 1, 40, &now, FALSE, NULL));
  g_assert_cmpuint (gst_arcly_hls_playlist_get_length (list), ==, 12);
}

static void
test_discontinuities (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
  g_autofree gchar *text = NULL;
  guint i;

  for (i = 0; i < 60; i++) {
    gchar *next;

    append (list, 2, i % 3 == 0, i * 2 * SECOND);
    next = gst_arcly_hls_playlist_render (list);
    assert_good (next, text, FALSE);
    g_free (text);
    text = next;
  }
  /* The first of all has no tag; of 0 to 54, 3, 6 ... 54 left. */
  g_assert_nonnull (strstr (text, "#EXT-X-DISCONTINUITY-SEQUENCE:18\n"));
}

static void
test_vod (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_VOD, 2, 5, "t");
  g_autofree gchar *text = NULL;
  guint i;

  for (i = 0; i < 20; i++) {
    append (list, i == 7 ? 12.2 : 2, FALSE, 0);
    g_assert_null (gst_arcly_hls_playlist_render (list));
  }
  gst_arcly_hls_playlist_end (list);
  text = gst_arcly_hls_playlist_render (list);
  g_assert_nonnull (strstr (text, "#EXT-X-TARGETDURATION:12\n"));
  g_assert_nonnull (strstr (text, "#EXTINF:12.200000,\n"));
  g_assert_nonnull (strstr (text, "segment-t-00019.ts\n#EXT-X-ENDLIST\n"));
}

/* Rule U10: another process goes on with names, numbers and entries. */
static void
test_resume (void)
{
  static const GstArclyHlsType types[] = { GST_ARCLY_HLS_LIVE,
    GST_ARCLY_HLS_EVENT };
  guint t, i;

  for (t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autofree gchar *text = NULL;
    guint64 now = 0;

    for (i = 0; i < 10; i++) {
      g_autoptr (GstArclyHlsPlaylist) list =
          gst_arcly_hls_playlist_new (types[t], 2, 5, text ? "u" : "t");
      GError *error = NULL;

      if (text) {
        gst_arcly_hls_playlist_resume (list, text, strlen (text), &error);
        g_assert_no_error (error);
        g_assert_cmpuint (
            gst_arcly_hls_playlist_get_target_duration (list), ==, 2);
      }
      text = run (list, 2, 3 + i, &now, i > 0, text);
    }
    g_assert_nonnull (strstr (text, "segment-t-00074.ts"));
    g_assert_null (strstr (text, "segment-t-00075.ts"));
  }
}

/* What cannot be continued is followed by something new; numbers go on. */
static void
test_resume_anew (void)
{
  static const struct {
    GstArclyHlsType type;
    guint target;
    gboolean ended;
  } cases[] = {
    { GST_ARCLY_HLS_LIVE, 2, TRUE },
    { GST_ARCLY_HLS_LIVE, 3, FALSE },
    { GST_ARCLY_HLS_EVENT, 2, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsPlaylist) old =
        gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
    g_autoptr (GstArclyHlsPlaylist) list =
        gst_arcly_hls_playlist_new (cases[i].type, cases[i].target, 5, "t");
    g_autofree gchar *before = NULL, *text = NULL;
    guint64 now = 0;

    before = run (old, 2, 9, &now, FALSE, NULL);
    if (cases[i].ended) {
      gst_arcly_hls_playlist_end (old);
      g_free (before);
      before = gst_arcly_hls_playlist_render (old);
    }
    g_assert_true (
        gst_arcly_hls_playlist_resume (list, before, strlen (before), NULL));
    g_assert_cmpuint (gst_arcly_hls_playlist_get_length (list), ==, 0);
    g_assert_cmpuint (gst_arcly_hls_playlist_get_next (list), ==, 9);
    append (list, 2, FALSE, now);
    text = gst_arcly_hls_playlist_render (list);
    assert_good (
        text, cases[i].type == GST_ARCLY_HLS_EVENT ? NULL : before, TRUE);
    g_assert_nonnull (strstr (text, "#EXT-X-DISCONTINUITY\n"));
  }
}

/* Behind its end a playlist is another one. */
static void
test_append_after_end (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
  g_autofree gchar *before = NULL, *text = NULL;
  guint64 now = 0;

  g_free (run (list, 2, 4, &now, FALSE, NULL));
  gst_arcly_hls_playlist_end (list);
  before = gst_arcly_hls_playlist_render (list);
  append (list, 2, FALSE, now);
  g_assert_false (gst_arcly_hls_playlist_is_ended (list));
  text = gst_arcly_hls_playlist_render (list);
  assert_good (text, before, TRUE);
}

#define HEAD "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
#define DATE "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"

static void
test_malformed (void)
{
  static const gchar *texts[] = {
    "",
    "\n",
    "#EXTM3U\n",
    "#EXTM3U",
    "#EXTINF:2,\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:0\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:-2\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:99999999\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:2 \n",
    HEAD "#EXT-X-MEDIA-SEQUENCE:9007199254740993\n",
    HEAD "#EXT-X-MEDIA-SEQUENCE:18446744073709551616\n",
    HEAD "#EXT-X-PLAYLIST-TYPE:event\n",
    HEAD "segment-t-00000.ts\n",
    HEAD "#EXTINF:2,\nsegment-t-00000.ts\n",
    HEAD DATE "segment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:-2,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:inf,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:nan,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:0x2,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2.0.0,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2e9,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t-00001.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t-0.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t-000000.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t--0000.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t-00000.ts\n" DATE
              "#EXTINF:2,\nsegment-u-00001.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment00000.ts\n",
    HEAD DATE "#EXTINF:2,\n../segment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2,\n/etc/passwd\n",
    HEAD DATE "#EXTINF:2,\nhttp://example.com/segment-t-00000.ts\n",
    HEAD "#EXT-X-PROGRAM-DATE-TIME:0506-11-24T03:28:49Z\n"
         "#EXTINF:2,\nsegment-t-00000.ts\n",
    HEAD "#EXT-X-PROGRAM-DATE-TIME:9999-12-31T23:59:59Z\n"
         "#EXTINF:2,\nsegment-t-00000.ts\n",
    HEAD "#EXT-X-PROGRAM-DATE-TIME:yesterday\n#EXTINF:2,\nsegment-t-00000.ts\n",
    HEAD DATE "#EXTINF:2,\nsegment-t-00000.ts",
    HEAD DATE "#EXTINF:2,\nsegment-t-00000.ts\n#EXT-X-MEDIA-SEQUENCE:1\n",
    HEAD "#EXT-X-ENDLIST\n" DATE "#EXTINF:2,\nsegment-t-00000.ts\n",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GstArclyHlsPlaylist) list =
        gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
    gsize size = strlen (texts[i]);
    g_autofree gchar *exact = g_memdup2 (texts[i], size);
    g_autoptr (GError) error = NULL;

    if (gst_arcly_hls_playlist_resume (list, size ? exact : "", size, &error))
      g_error ("accepted: %s", texts[i]);
    g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
    g_assert_cmpuint (gst_arcly_hls_playlist_get_next (list), ==, 0);
  }
}

static void
test_nul (void)
{
  static const gchar text[] = HEAD DATE "#EXTINF:2,\nsegment-t-\00000000.ts\n";
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");

  g_assert_false (
      gst_arcly_hls_playlist_resume (list, text, sizeof text - 1, NULL));
}

static void
test_names (void)
{
  static const guint64 numbers[] = { 0, 7, 99999, 100000, 123456789012 };
  static const gchar *stamps[] = { "t", "20261124T032849000123",
    "12345678901234567890123456789012" };
  static const gchar *others[] = { "segment00000.ts", "segment-00000.ts",
    "segment--00000.ts", "segment-a.b-00000.ts", "segment-a-00000.ts~",
    "segment-a-0000.ts", "segment-a-000000.ts", "segment-a-.ts", "segment-.ts",
    "segment-123456789012345678901234567890123-00000.ts", "-a-00000.ts",
    "segment-a--0001.ts", "segment-a-+0001.ts", "segment-a-00001.mp4",
    "init-a-00001.m4s", "init-a-00001.ts", "init-.mp4", "" };
  GstArclyHlsName read;
  guint i, k, kind;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++) {
    for (k = 0; k < G_N_ELEMENTS (stamps); k++) {
      for (kind = GST_ARCLY_HLS_TS; kind <= GST_ARCLY_HLS_INIT; kind++) {
        g_autofree gchar *name =
            gst_arcly_hls_name_format (kind, stamps[k], numbers[i]);

        g_assert_true (gst_arcly_hls_name_parse (&read, name));
        g_assert_cmpuint (read.kind, ==, kind);
        g_assert_cmpuint (read.sequence, ==, numbers[i]);
        g_assert_cmpstr (read.stamp, ==, stamps[k]);
      }
    }
  }
  for (i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (gst_arcly_hls_name_parse (&read, others[i]));
}

/* RFC 8216, 4.3.5.1: said of all segments, and so not once one begins inside a
 * GOP; whoever goes on with the playlist knows it, too. */
static void
test_dependent (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_EVENT, 2, 5, "t");
  g_autoptr (GstArclyHlsPlaylist) next =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_EVENT, 2, 5, "u");
  GstArclyHlsSegment cut = { .duration = 2 * SECOND, .dependent = TRUE };
  g_autofree gchar *before = NULL, *after = NULL, *resumed = NULL;

  append (list, 2, FALSE, 0);
  before = gst_arcly_hls_playlist_render (list);
  g_assert_nonnull (strstr (before, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  cut.date_time = EPOCH + 2 * G_USEC_PER_SEC;
  gst_arcly_hls_playlist_append (list, &cut, 2 * SECOND);
  append (list, 2, FALSE, 4 * SECOND);
  after = gst_arcly_hls_playlist_render (list);
  g_assert_null (strstr (after, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  assert_good (after, before, FALSE);
  assert_bad (before, after);

  g_assert_true (
      gst_arcly_hls_playlist_resume (next, after, strlen (after), NULL));
  append (next, 2, FALSE, 6 * SECOND);
  resumed = gst_arcly_hls_playlist_render (next);
  g_assert_null (strstr (resumed, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  assert_good (resumed, after, TRUE);

  /* Another presentation starts clean. */
  gst_arcly_hls_playlist_end (next);
  append (next, 2, FALSE, 60 * SECOND);
  g_free (g_steal_pointer (&resumed));
  resumed = gst_arcly_hls_playlist_render (next);
  g_assert_nonnull (strstr (resumed, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
}

/* Which files nobody lists any more may be deleted: those of a live playlist
 * that did not end. Whatever else is there, stays. */
static void
test_leftovers (void)
{
  static const struct {
    GstArclyHlsType old;
    gboolean ended;
    GstArclyHlsType type;
    guint target;
    gint gone; /* first number that stays, of those of the old one */
  } cases[] = {
    { GST_ARCLY_HLS_LIVE, FALSE, GST_ARCLY_HLS_LIVE, 2, 5 },
    { GST_ARCLY_HLS_LIVE, FALSE, GST_ARCLY_HLS_LIVE, 4, 10 },
    { GST_ARCLY_HLS_LIVE, FALSE, GST_ARCLY_HLS_EVENT, 2, 0 },
    { GST_ARCLY_HLS_LIVE, TRUE, GST_ARCLY_HLS_LIVE, 2, 0 },
    { GST_ARCLY_HLS_EVENT, FALSE, GST_ARCLY_HLS_LIVE, 2, 0 },
    { GST_ARCLY_HLS_EVENT, TRUE, GST_ARCLY_HLS_LIVE, 2, 0 },
    { GST_ARCLY_HLS_EVENT, FALSE, GST_ARCLY_HLS_EVENT, 2, 0 },
    { GST_ARCLY_HLS_VOD, TRUE, GST_ARCLY_HLS_LIVE, 2, 0 },
    { GST_ARCLY_HLS_VOD, TRUE, GST_ARCLY_HLS_VOD, 2, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstArclyHlsPlaylist) old =
        gst_arcly_hls_playlist_new (cases[i].old, 2, 5, "old");
    g_autoptr (GstArclyHlsPlaylist) list =
        gst_arcly_hls_playlist_new (cases[i].type, cases[i].target, 5, "new");
    g_autofree gchar *text = NULL;
    GstArclyHlsName name = { .stamp = "foreign" };
    gint n_gone = 0;
    gchar *gone;

    for (guint n = 0; n < 10; n++)
      append (old, 2, FALSE, n * 2 * SECOND);
    if (cases[i].ended)
      gst_arcly_hls_playlist_end (old);
    text = gst_arcly_hls_playlist_render (old);
    gst_arcly_hls_playlist_resume (list, text, strlen (text), NULL);
    gst_arcly_hls_playlist_bury (list, &name, 0);
    strcpy (name.stamp, "old");
    for (; name.sequence < 10; name.sequence++)
      gst_arcly_hls_playlist_bury (list, &name, 0);
    while ((gone = gst_arcly_hls_playlist_pop_expired (list, 60 * SECOND))) {
      g_autofree gchar *wanted =
          gst_arcly_hls_name_format (GST_ARCLY_HLS_TS, "old", n_gone++);

      g_assert_cmpstr (gone, ==, wanted);
      g_free (gone);
    }
    g_assert_cmpint (n_gone, ==, cases[i].gone);
  }
}

/* Entries whose files are gone. */
static void
test_files_gone (void)
{
  g_autoptr (GstArclyHlsPlaylist) old =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "u");
  guint64 now = 0;
  g_autofree gchar *text = run (old, 2, 10, &now, FALSE, NULL);

  gst_arcly_hls_playlist_resume (list, text, strlen (text), NULL);
  gst_arcly_hls_playlist_drop_before (list, 8);
  g_assert_cmpuint (gst_arcly_hls_playlist_get_first (list), ==, 8);
  g_assert_cmpuint (gst_arcly_hls_playlist_get_length (list), ==, 2);
  gst_arcly_hls_playlist_skip_to (list, 100);
  g_assert_cmpuint (gst_arcly_hls_playlist_get_next (list), ==, 10);
}

/* The lint itself: what it must find. */
static void
test_lint (void)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 5, "t");
  guint64 now = 0;
  g_autofree gchar *before = run (list, 2, 5, &now, FALSE, NULL);
  g_autofree gchar *after = run (list, 2, 1, &now, FALSE, g_strdup (before));
  static const struct {
    const gchar *from;
    const gchar *to;
  } breaks[] = {
    { "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3" },
    { "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:1" },
    { "#EXT-X-MEDIA-SEQUENCE:1", "#EXT-X-MEDIA-SEQUENCE:2" },
    { "segment-t-00003", "segment-t-00004" },
    { "EXTINF:2.000000", "EXTINF:1.900000" },
    { "#EXT-X-VERSION:3\n", "" },
    { "22:13:26", "22:13:27" },
    { "#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-ENDLIST\n" },
  };
  guint i;

  assert_good (after, before, FALSE);
  assert_bad (before, after);
  for (i = 0; i < G_N_ELEMENTS (breaks); i++) {
    g_autoptr (GString) text = g_string_new (after);

    g_assert_cmpuint (
        g_string_replace (text, breaks[i].from, breaks[i].to, 1), ==, 1);
    assert_bad (text->str, before);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hlsplaylist/text", test_text);
  g_test_add_func ("/hlsplaylist/target-duration", test_target_duration);
  g_test_add_func ("/hlsplaylist/window", test_window);
  g_test_add_func ("/hlsplaylist/short-segments", test_short_segments);
  g_test_add_func ("/hlsplaylist/discontinuities", test_discontinuities);
  g_test_add_func ("/hlsplaylist/vod", test_vod);
  g_test_add_func ("/hlsplaylist/resume", test_resume);
  g_test_add_func ("/hlsplaylist/resume-anew", test_resume_anew);
  g_test_add_func ("/hlsplaylist/append-after-end", test_append_after_end);
  g_test_add_func ("/hlsplaylist/malformed", test_malformed);
  g_test_add_func ("/hlsplaylist/nul", test_nul);
  g_test_add_func ("/hlsplaylist/names", test_names);
  g_test_add_func ("/hlsplaylist/leftovers", test_leftovers);
  g_test_add_func ("/hlsplaylist/files-gone", test_files_gone);
  g_test_add_func ("/hlsplaylist/dependent", test_dependent);
  g_test_add_func ("/hlsplaylist/lint", test_lint);
  return g_test_run ();
}
