/* SPDX-License-Identifier: MIT
 *
 * A playlist that was read from a folder. What is understood can be gone on
 * with: the next playlist keeps names and numbers, is read back to the same,
 * and no file is deleted that was not listed or left by it. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsplaylist.h"
#include "hlsread.h"

#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
/* Far behind every grace. */
#define LATER (G_MAXUINT64 / 2)
#define STAMP "fuzz"
/* The year 9000. */
#define MAX_DATE (G_GINT64_CONSTANT (221845392000) * G_USEC_PER_SEC)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_content (const GstArclyHlsContent *content)
{
  guint i;

  g_assert (content->target_duration >= 1 &&
            content->target_duration <= GST_ARCLY_HLS_MAX_TARGET_DURATION);
  g_assert (content->sequence <= GST_ARCLY_HLS_MAX_SEQUENCE);
  for (i = 0; i < content->ranges->len; i++) {
    const GstArclyHlsContentRange *range =
        g_ptr_array_index (content->ranges, i);

    g_assert (range->range && range->sequence >= content->sequence &&
              range->sequence <= content->sequence + content->segments->len);
  }
  for (i = 0; i < content->segments->len; i++) {
    const GstArclyHlsSegment *segment =
        &g_array_index (content->segments, GstArclyHlsSegment, i);

    g_assert (segment->duration >= 0 &&
              segment->duration <=
                  (GST_ARCLY_HLS_MAX_TARGET_DURATION + 1) * NS_PER_SECOND);
    g_assert (segment->map <= content->sequence + i);
    g_assert (i == 0 || segment->map >= segment[-1].map);
    g_assert (segment->map == 0 || content->kind == GST_ARCLY_HLS_FMP4);
  }
  g_assert ((content->stamp[0] != '\0') == (content->segments->len > 0));
}

/* What is rendered is understood, and rendered the same again. */
static void
check_round_trip (
    GstArclyHlsPlaylist *list, GstArclyHlsType type, GstArclyHlsKind kind)
{
  g_autofree gchar *text = gst_arcly_hls_playlist_render (list);
  g_auto (GstArclyHlsContent) content = { 0 };
  g_autoptr (GError) error = NULL;

  /* In 7,000 years. */
  if (!text || gst_arcly_hls_playlist_get_end (list) > MAX_DATE)
    return;
  if (!gst_arcly_hls_content_parse (&content, text, strlen (text), &error))
    g_error ("%s in:\n%s", error->message, text);
  g_assert (content.type == type);
  g_assert (content.segments->len == 0 || content.kind == kind);
  g_assert (content.sequence == gst_arcly_hls_playlist_get_first (list));
  g_assert (content.segments->len == gst_arcly_hls_playlist_get_length (list));
  g_assert (content.target_duration ==
            gst_arcly_hls_playlist_get_target_duration (list));
}

/* Nothing but what the playlist that was read had, or this one gave away. */
static void
check_graves (GstArclyHlsPlaylist *list, const GstArclyHlsContent *content)
{
  g_autofree gchar *listed = gst_arcly_hls_playlist_render (list);
  gchar *text;

  while ((text = gst_arcly_hls_playlist_pop_expired (list, LATER))) {
    GstArclyHlsName name;

    g_assert (gst_arcly_hls_name_parse (&name, text));
    g_assert (name.sequence < gst_arcly_hls_playlist_get_first (list));
    /* What is listed keeps its init segment. */
    g_assert (!strstr (listed, text));
    g_assert (g_str_equal (name.stamp, STAMP) ||
              (!content->ended && content->type == GST_ARCLY_HLS_LIVE &&
                  g_str_equal (name.stamp, content->stamp)));
    g_free (text);
  }
}

static void
go_on (const gchar *text, gsize size, GstArclyHlsType type,
    GstArclyHlsKind kind, const GstArclyHlsContent *content)
{
  g_autoptr (GstArclyHlsPlaylist) list =
      gst_arcly_hls_playlist_new (type, 2, 3, STAMP);
  GstArclyHlsSegment segment = { .duration = 2 * NS_PER_SECOND };
  GstArclyHlsName name = { .kind = kind, .stamp = "other" };
  guint64 next;
  guint i;

  if (kind == GST_ARCLY_HLS_FMP4)
    gst_arcly_hls_playlist_set_fmp4 (list);
  g_assert (gst_arcly_hls_playlist_resume (list, text, size, NULL));
  next = gst_arcly_hls_playlist_get_next (list);
  g_assert (next == content->sequence + content->segments->len);
  gst_arcly_hls_playlist_bury (list, &name, 0);
  if (content->stamp[0]) {
    g_strlcpy (name.stamp, content->stamp, sizeof name.stamp);
    gst_arcly_hls_playlist_bury (list, &name, 0);
    name.kind = GST_ARCLY_HLS_INIT;
    gst_arcly_hls_playlist_bury (list, &name, 0);
  }
  segment.map = next;
  for (i = 0; i < 5; i++) {
    segment.date_time = gst_arcly_hls_playlist_get_end (list);
    gst_arcly_hls_playlist_append (list, &segment, i);
  }
  g_assert (gst_arcly_hls_playlist_get_next (list) == next + 5);
  if (type == GST_ARCLY_HLS_VOD)
    gst_arcly_hls_playlist_end (list);
  check_round_trip (list, type, kind);
  check_graves (list, content);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (GstArclyHlsContent) content = { 0 };
  g_autoptr (GError) error = NULL;
  const gchar *text = (const gchar *) data;
  gboolean ok = gst_arcly_hls_content_parse (&content, text, size, &error);
  guint kind;

  g_assert (ok == (error == NULL));
  if (!ok) {
    g_assert (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
    g_assert (content.segments == NULL && content.ranges == NULL);
    return 0;
  }
  check_content (&content);
  /* In 285,000 years at a segment a millisecond. */
  if (content.sequence + content.segments->len + 10 >
      GST_ARCLY_HLS_MAX_SEQUENCE)
    return 0;
  for (kind = GST_ARCLY_HLS_TS; kind <= GST_ARCLY_HLS_FMP4; kind++) {
    go_on (text, size, GST_ARCLY_HLS_LIVE, kind, &content);
    go_on (text, size, GST_ARCLY_HLS_EVENT, kind, &content);
    go_on (text, size, GST_ARCLY_HLS_VOD, kind, &content);
  }
  return 0;
}
