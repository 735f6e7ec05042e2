/* SPDX-License-Identifier: MIT
 *
 * What clients may ask of a live playlist (rfc8216bis, 6.2.5.2). */
#include <string.h>

#include <gst/arcly/http/gstarclyhttporiginprivate.h>

#define NOW GST_ARCLY_HTTP_RELOAD_NOW
#define WAIT GST_ARCLY_HTTP_RELOAD_WAIT
#define TOO_FAR GST_ARCLY_HTTP_RELOAD_TOO_FAR

static void
test_parse (void)
{
  static const struct {
    const gchar *query;
    gboolean ok;
    GstArclyHttpReload reload;
  } cases[] = {
    { NULL, TRUE, { FALSE, 0, 0, FALSE } },
    { "", TRUE, { FALSE, 0, 0, FALSE } },
    { "token=a&b", TRUE, { FALSE, 0, 0, FALSE } },
    { "_HLS_msn=7", TRUE, { TRUE, 7, 0, FALSE } },
    { "_HLS_msn=7&_HLS_part=3", TRUE, { TRUE, 7, 3, FALSE } },
    { "_HLS_part=3&x=&_HLS_msn=07", TRUE, { TRUE, 7, 3, FALSE } },
    { "_HLS_skip=YES", TRUE, { FALSE, 0, 0, TRUE } },
    { "_HLS_msn=0&_HLS_skip=v2", TRUE, { TRUE, 0, 0, TRUE } },
    { "_HLS_msn=9007199254740992", TRUE, { TRUE, 1ULL << 53, 0, FALSE } },
    { "_HLS_part=3", FALSE, { 0 } },
    { "_HLS_msn=", FALSE, { 0 } },
    { "_HLS_msn", FALSE, { 0 } },
    { "_HLS_msn=-1", FALSE, { 0 } },
    { "_HLS_msn=+1", FALSE, { 0 } },
    { "_HLS_msn= 1", FALSE, { 0 } },
    { "_HLS_msn=1x", FALSE, { 0 } },
    { "_HLS_msn=0x1", FALSE, { 0 } },
    { "_HLS_msn=9007199254740993", FALSE, { 0 } },
    { "_HLS_msn=99999999999999999999999", FALSE, { 0 } },
    { "_HLS_msn=1&_HLS_msn=2", FALSE, { 0 } },
    { "_HLS_msn=1&_HLS_part=1000001", FALSE, { 0 } },
    { "_HLS_msn=1&_HLS_part=1&_HLS_part=1", FALSE, { 0 } },
    { "_HLS_skip=NO", FALSE, { 0 } },
    { "_HLS_skip=YES&_HLS_skip=YES", FALSE, { 0 } },
  };
  g_autofree gchar *filler = g_strnfill (3000, 'x');
  GstArclyHttpReload reload;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].query);
    g_assert_cmpint (
        gst_arcly_http_reload_parse (&reload, cases[i].query), ==, cases[i].ok);
    if (!cases[i].ok)
      continue;
    g_assert_cmpint (reload.blocks, ==, cases[i].reload.blocks);
    g_assert_cmpint (reload.skip, ==, cases[i].reload.skip);
    g_assert_cmpuint (reload.msn, ==, cases[i].reload.msn);
    g_assert_cmpuint (reload.part, ==, cases[i].reload.part);
  }
  g_assert_false (gst_arcly_http_reload_parse (&reload, filler));
}

/* Segments up to 9 are whole, 9 has 10 parts; 10 has 4 so far. */
static void
test_judge (void)
{
  static const struct {
    guint64 msn;
    guint part;
    GstArclyHttpJudgement judgement;
  } cases[] = {
    { 0, 0, NOW },
    { 8, 99, NOW },
    { 9, 0, NOW },
    { 9, 9, NOW },
    { 9, 10, NOW }, /* is 10, 0 */
    { 9, 13, NOW },
    { 9, 14, WAIT },
    { 10, 0, NOW },
    { 10, 3, NOW },
    { 10, 4, WAIT },
    { 10, 19, WAIT },
    { 10, 20, TOO_FAR },
    { 11, 0, WAIT },
    { 11, 15, WAIT },
    { 11, 16, TOO_FAR },
    { 12, 0, TOO_FAR },
    { 1ULL << 53, 0, TOO_FAR },
  };
  GstArclyHttpPlaylist playlist = { .full = "x",
    .next = 10,
    .open_parts = 4,
    .last_parts = 10,
    .advance_limit = 15,
    .target_duration = 2 };
  g_autoptr (GstArclyHttpSnapshot) live =
      gst_arcly_http_snapshot_new (&playlist, 1, 1);
  g_autoptr (GstArclyHttpSnapshot) ended = NULL;
  GstArclyHttpReload plain = { FALSE, 0, 0, FALSE };
  guint i;

  playlist.ended = TRUE;
  ended = gst_arcly_http_snapshot_new (&playlist, 1, 2);
  g_assert_cmpint (gst_arcly_http_snapshot_judge (live, &plain), ==, NOW);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstArclyHttpReload reload = { TRUE, cases[i].msn, cases[i].part, FALSE };

    g_test_message ("%u", i);
    g_assert_cmpint (
        gst_arcly_http_snapshot_judge (live, &reload), ==, cases[i].judgement);
    g_assert_cmpint (gst_arcly_http_snapshot_judge (ended, &reload), ==, NOW);
  }
}

/* Each version has its own tag; what does not shrink is not compressed. */
static void
test_text (void)
{
  g_autofree gchar *full = g_strnfill (5000, 'x');
  GstArclyHttpPlaylist playlist = { .full = full };
  g_autoptr (GstArclyHttpSnapshot) first =
      gst_arcly_http_snapshot_new (&playlist, 1, 1);
  g_autoptr (GstArclyHttpSnapshot) second = NULL;
  GBytes *gzip = gst_arcly_http_snapshot_get_text (first, FALSE, TRUE);

  g_assert_nonnull (gzip);
  g_assert_cmpuint (g_bytes_get_size (gzip), <, 100);
  g_assert_true (gst_arcly_http_snapshot_get_text (first, FALSE, TRUE) == gzip);
  playlist.full = "#";
  playlist.delta = "delta";
  second = gst_arcly_http_snapshot_new (&playlist, 1, 2);
  g_assert_null (gst_arcly_http_snapshot_get_text (second, FALSE, TRUE));
  g_assert_cmpuint (
      g_bytes_get_size (gst_arcly_http_snapshot_get_text (second, TRUE, FALSE)),
      ==, 5);
  /* A delta that is not there is the full one. */
  g_assert_cmpuint (
      g_bytes_get_size (gst_arcly_http_snapshot_get_text (first, TRUE, FALSE)),
      ==, 5000);
  g_assert_cmpstr (gst_arcly_http_snapshot_get_etag (first), !=,
      gst_arcly_http_snapshot_get_etag (second));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/snapshot/parse", test_parse);
  g_test_add_func ("/snapshot/judge", test_judge);
  g_test_add_func ("/snapshot/text", test_text);
  return g_test_run ();
}
