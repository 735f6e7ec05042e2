/* SPDX-License-Identifier: MIT
 *
 * The text of a playlist, and the names in it. */
#include "config.h"

#include <string.h>

#include "hlsplaylistprivate.h"
#include "hlsread.h"

#define NAME_PREFIX "segment-"
#define PART_PREFIX "part-"
#define NAME_SUFFIX ".ts"
/* rfc8216bis, 4.4.3.8: no less. */
#define SKIP_TARGET_DURATIONS 6
/* rfc8216bis, 6.2.2: parts stay listed for so long. */
#define PART_TARGET_DURATIONS 3

/* rfc8216bis, 8: fractions in EXTINF need version 3, EXT-X-GAP 8, EXT-X-SKIP 9.
 */
static guint
needed_version (GstArclyHlsPlaylist *self, gboolean live)
{
  GList *item;

  if (live)
    return 9;
  for (item = self->segments.head; item; item = item->next) {
    if (((GstArclyHlsEntry *) item->data)->segment.gap)
      return 8;
  }
  return 3;
}

/* rfc8216bis, 4.4.3.8: PART-HOLD-BACK is three part targets or more, HOLD-BACK
 * three target durations, CAN-SKIP-UNTIL six. */
static void
render_control (GstArclyHlsPlaylist *self, GString *text)
{
  gint64 hold_back = 3 * self->part_target / NS_PER_MS;

  g_string_append_printf (text,
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%u.0,"
      "HOLD-BACK=%u.0,PART-HOLD-BACK=%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT
      "\n",
      SKIP_TARGET_DURATIONS * self->target_duration, 3 * self->target_duration,
      hold_back / 1000, hold_back % 1000);
}

static void
render_head (GstArclyHlsPlaylist *self, gboolean live, GString *text)
{
  gint64 part_target = self->part_target / NS_PER_MS;

  g_string_append_printf (text,
      "#EXTM3U\n#EXT-X-VERSION:%u\n#EXT-X-TARGETDURATION:%u\n",
      needed_version (self, live), self->target_duration);
  if (live)
    render_control (self, text);
  /* Without parts it is for the process that goes on. */
  if (part_target > 0)
    g_string_append_printf (text,
        "#EXT-X-PART-INF:PART-TARGET=%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT
        "\n",
        part_target / 1000, part_target % 1000);
  g_string_append_printf (
      text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n", self->first);
  if (self->discontinuities > 0)
    g_string_append_printf (text,
        "#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
        self->discontinuities);
  if (self->type == GST_ARCLY_HLS_EVENT)
    g_string_append (text, "#EXT-X-PLAYLIST-TYPE:EVENT\n");
  else if (self->type == GST_ARCLY_HLS_VOD)
    g_string_append (text, "#EXT-X-PLAYLIST-TYPE:VOD\n");
  /* RFC 8216, 4.3.5.1: it would be said of all. */
  if (!self->dependent)
    g_string_append (text, "#EXT-X-INDEPENDENT-SEGMENTS\n");
}

static void
render_date_time (gint64 date_time, GString *text)
{
  gint64 milliseconds = date_time / 1000;
  g_autoptr (GDateTime) utc =
      g_date_time_new_from_unix_utc (milliseconds / 1000);
  g_autofree gchar *second =
      utc ? g_date_time_format (utc, "%Y-%m-%dT%H:%M:%S") : NULL;

  g_string_append_printf (text, "#EXT-X-PROGRAM-DATE-TIME:%s.%03uZ\n",
      second ? second : "1970-01-01T00:00:00",
      (guint) (ABS (milliseconds) % 1000));
}

/* What is true of a segment from its first part on. */
static void
render_start (const GstArclyHlsSegment *segment, GString *text)
{
  if (segment->discontinuity)
    g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  render_date_time (segment->date_time, text);
}

static void
render_end (const GstArclyHlsSegment *segment, const gchar *stamp,
    guint64 sequence, GString *text)
{
  gint64 microseconds = (segment->duration + 500) / 1000;
  g_autofree gchar *name = gst_arcly_hls_segment_name (stamp, sequence);

  if (segment->gap)
    g_string_append (text, "#EXT-X-GAP\n");
  g_string_append_printf (text,
      "#EXTINF:%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT ",\n%s\n",
      microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC, name);
}

/* rfc8216bis, 4.4.4.9. */
static void
render_parts (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry,
    guint64 sequence, GString *text)
{
  guint i;

  for (i = 0; entry->parts && i < entry->parts->len; i++) {
    const GstArclyHlsPart *part =
        &g_array_index (entry->parts, GstArclyHlsPart, i);
    gint64 microseconds = (part->duration + 500) / 1000;
    g_autofree gchar *name =
        gst_arcly_hls_playlist_get_part_name (self, sequence, i);

    g_string_append_printf (text,
        "#EXT-X-PART:DURATION=%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT
        ",URI=\"%s\"%s\n",
        microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC, name,
        part->independent ? ",INDEPENDENT=YES" : "");
  }
}

static gboolean
is_visible (GstArclyHlsPlaylist *self)
{
  return self->target_duration > 0 &&
         (self->type != GST_ARCLY_HLS_VOD || self->ended);
}

gchar *
gst_arcly_hls_playlist_render (GstArclyHlsPlaylist *self)
{
  g_autoptr (GString) text = NULL;
  guint64 sequence = self->first;
  GList *item;

  if (!is_visible (self))
    return NULL;

  text = g_string_sized_new (256 + 128 * self->segments.length);
  render_head (self, FALSE, text);
  for (item = self->segments.head; item; item = item->next) {
    const GstArclyHlsEntry *entry = item->data;

    render_start (&entry->segment, text);
    render_end (&entry->segment, self->stamp, sequence++, text);
  }
  if (self->ended)
    g_string_append (text, "#EXT-X-ENDLIST\n");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gint64
open_duration (GstArclyHlsPlaylist *self)
{
  gint64 duration = 0;
  guint i;

  for (i = 0; self->open && i < self->open->parts->len; i++)
    duration += g_array_index (self->open->parts, GstArclyHlsPart, i).duration;
  return duration;
}

/* The parts of what is further from the end are of no use to anybody
 * (rfc8216bis, 6.2.2 lets them go then). */
static void
render_live_entry (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry,
    guint64 sequence, gint64 from_end, GString *text)
{
  gint64 least = PART_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND;

  render_start (&entry->segment, text);
  if (from_end - entry->segment.duration < least)
    render_parts (self, entry, sequence, text);
  render_end (&entry->segment, self->stamp, sequence, text);
}

/* rfc8216bis, 4.4.5.2: how many segments lie wholly in front of the skip
 * boundary. */
static guint
count_skipped (GstArclyHlsPlaylist *self)
{
  gint64 boundary =
      (gint64) SKIP_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND;
  gint64 left = self->duration + open_duration (self);
  GList *item;
  guint n = 0;

  for (item = self->segments.head; item; item = item->next) {
    left -= ((GstArclyHlsEntry *) item->data)->segment.duration;
    if (left < boundary)
      break;
    n++;
  }
  return n;
}

/* rfc8216bis, 4.4.5.3. */
static void
render_open (GstArclyHlsPlaylist *self, guint64 sequence, GString *text)
{
  guint n = gst_arcly_hls_playlist_get_open_parts (self);
  g_autofree gchar *hint =
      gst_arcly_hls_playlist_get_part_name (self, sequence, n);

  if (n > 0) {
    render_start (&self->open->segment, text);
    render_parts (self, self->open, sequence, text);
  }
  g_string_append_printf (
      text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", hint);
}

gchar *
gst_arcly_hls_playlist_render_live (GstArclyHlsPlaylist *self, gboolean delta)
{
  g_autoptr (GString) text = NULL;
  guint64 sequence = self->first;
  gint64 left = self->duration + open_duration (self);
  guint skipped = delta ? count_skipped (self) : 0, n = 0;
  GList *item;

  if (!is_visible (self) || self->part_target == 0 || (delta && skipped == 0))
    return NULL;

  text = g_string_sized_new (1024 + 256 * self->segments.length);
  render_head (self, TRUE, text);
  if (skipped > 0)
    g_string_append_printf (text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%u\n", skipped);
  for (item = self->segments.head; item; item = item->next, sequence++) {
    const GstArclyHlsEntry *entry = item->data;

    if (n++ >= skipped)
      render_live_entry (self, entry, sequence, left, text);
    left -= entry->segment.duration;
  }
  if (self->ended)
    g_string_append (text, "#EXT-X-ENDLIST\n");
  else
    render_open (self, sequence, text);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gchar *
gst_arcly_hls_playlist_get_next_name (GstArclyHlsPlaylist *self)
{
  return gst_arcly_hls_segment_name (
      self->stamp, gst_arcly_hls_playlist_get_next (self));
}

/* Never ends up in a folder, and no two processes have one. */
gchar *
gst_arcly_hls_playlist_get_part_name (
    GstArclyHlsPlaylist *self, guint64 sequence, guint part)
{
  return g_strdup_printf (PART_PREFIX "%s-%05" G_GUINT64_FORMAT
                                      "-%02u" NAME_SUFFIX,
      self->part_stamp, sequence, part);
}

gchar *
gst_arcly_hls_segment_name (const gchar *stamp, guint64 sequence)
{
  return g_strdup_printf (
      NAME_PREFIX "%s-%05" G_GUINT64_FORMAT NAME_SUFFIX, stamp, sequence);
}

/* Returns what stands behind "stamp-", or NULL. */
static const gchar *
parse_stamp (const gchar *text, gchar *stamp)
{
  gsize length = 0;

  while (g_ascii_isalnum (text[length]))
    length++;
  if (length == 0 || length > GST_ARCLY_HLS_MAX_STAMP || text[length] != '-')
    return NULL;
  memcpy (stamp, text, length);
  stamp[length] = '\0';
  return text + length + 1;
}

gboolean
gst_arcly_hls_segment_name_parse (const gchar *text, GstArclyHlsName *name)
{
  g_autofree gchar *digits = NULL;
  g_autofree gchar *again = NULL;
  const gchar *rest;

  if (!g_str_has_prefix (text, NAME_PREFIX) ||
      !g_str_has_suffix (text, NAME_SUFFIX))
    return FALSE;
  rest = parse_stamp (text + strlen (NAME_PREFIX), name->stamp);
  if (!rest || strlen (rest) < strlen (NAME_SUFFIX))
    return FALSE;
  digits = g_strndup (rest, strlen (rest) - strlen (NAME_SUFFIX));
  if (!g_ascii_string_to_unsigned (
          digits, 10, 0, GST_ARCLY_HLS_MAX_SEQUENCE, &name->sequence, NULL))
    return FALSE;
  again = gst_arcly_hls_segment_name (name->stamp, name->sequence);
  return g_str_equal (again, text);
}
