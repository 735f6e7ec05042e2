/* SPDX-License-Identifier: MIT
 *
 * Attributes of EXT-X-DATERANGE, one list a line. What is understood is written
 * as it is understood again, and told twice it is nothing new; what several of
 * them become in a playlist is what the lint has nothing against. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlslint.h"
#include "hlsplaylist.h"
#include "hlsranges.h"

#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
#define EPOCH (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_round_trip (const GstArclyHlsRange *range)
{
  g_autofree gchar *text = gst_arcly_hls_range_write (range, NULL);
  g_autoptr (GstArclyHlsRange) again = gst_arcly_hls_range_parse (text, NULL);
  g_autofree gchar *rest = gst_arcly_hls_range_write (range, range);
  g_autofree gchar *same = NULL;

  g_assert (again && !rest);
  g_assert (strlen (text) < 2 * GST_ARCLY_HLS_MAX_RANGE_BYTES);
  g_assert (!strpbrk (text, "\r\n"));
  same = gst_arcly_hls_range_write (again, NULL);
  g_assert (g_str_equal (text, same));
  g_assert (gst_arcly_hls_range_get_start (again) ==
            gst_arcly_hls_range_get_start (range));
  g_assert (gst_arcly_hls_range_get_end (again) ==
            gst_arcly_hls_range_get_end (range));
}

static void
append (GstArclyHlsPlaylist *list, guint n)
{
  GstArclyHlsSegment segment = { .duration = 2 * NS_PER_SECOND,
    .date_time = EPOCH + n * 2 * G_USEC_PER_SEC };

  gst_arcly_hls_playlist_append (list, &segment, n);
}

static void
check_lint (GstArclyHlsPlaylist *list, GstArclyHlsLint *lint)
{
  g_autofree gchar *text = gst_arcly_hls_playlist_render (list);
  g_autofree gchar *wrong = gst_arcly_hls_lint_check (lint, text);

  if (wrong)
    g_error ("%s in:\n%s", wrong, text);
}

static void
add (GstArclyHlsPlaylist *list, const GstArclyHlsRange *range, guint n)
{
  g_autofree gchar *line = NULL;
  g_autofree gchar *more = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstArclyHlsRange) listed = NULL;

  if (!gst_arcly_hls_playlist_add_range (
          list, range, EPOCH + n * 2 * G_USEC_PER_SEC, &line, &error)) {
    g_assert (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
    g_assert (!line);
    return;
  }
  if (!line)
    return;
  listed = gst_arcly_hls_range_parse (line, NULL);
  g_assert (listed);
  g_assert (gst_arcly_hls_range_get_start (listed) != G_MININT64);
  g_assert (
      gst_arcly_hls_playlist_add_range (list, listed, 0, &more, NULL) && !more);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (GST_ARCLY_HLS_LIVE, 2, 3, "fuzz");
  g_autoptr (GstArclyHlsLint) lint = gst_arcly_hls_lint_new ();
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 32);
  guint n = 0, i;

  append (list, n++);
  for (i = 0; lines[i]; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstArclyHlsRange) range =
        gst_arcly_hls_range_parse (lines[i], &error);

    g_assert ((range == NULL) == (error != NULL));
    if (!range)
      continue;
    check_round_trip (range);
    add (list, range, n);
    check_lint (list, lint);
    if (i % 2)
      append (list, n++);
    check_lint (list, lint);
  }
  return 0;
}
