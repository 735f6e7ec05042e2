/* SPDX-License-Identifier: MIT
 *
 * The text of a playlist. */
#include "config.h"

#include "hlsplaylistprivate.h"

/* rfc8216bis, 4.4.3.8: no less. */
#define SKIP_TARGET_DURATIONS 6
/* rfc8216bis, 6.2.2: parts stay listed for so long. */
#define PART_TARGET_DURATIONS 3

/* rfc8216bis, 8: fractions in EXTINF need version 3, EXT-X-MAP 6, EXT-X-GAP 8,
 * EXT-X-SKIP 9. */
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
  return self->kind == GST_ARCLY_HLS_FMP4 ? 6 : 3;
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

/* What is true of a segment from its first part on. EXT-X-MAP counts until the
 * next one (RFC 8216, 4.3.2.5); @before is what stands in front, or NULL. */
static void
render_start (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry,
    const GstArclyHlsEntry *before, GString *text)
{
  const GstArclyHlsSegment *segment = &entry->segment;

  if (segment->discontinuity)
    g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  if (self->kind == GST_ARCLY_HLS_FMP4 &&
      (!before || before->segment.map != segment->map)) {
    g_autofree gchar *name =
        gst_arcly_hls_playlist_get_map_name (self, segment->map);

    g_string_append_printf (text, "#EXT-X-MAP:URI=\"%s\"\n", name);
  }
  render_date_time (segment->date_time, text);
}

static void
render_end (GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment,
    guint64 sequence, GString *text)
{
  gint64 microseconds = (segment->duration + 500) / 1000;
  g_autofree gchar *name =
      gst_arcly_hls_name_format (self->kind, self->stamp, sequence);

  if (segment->gap)
    g_string_append (text, "#EXT-X-GAP\n");
  g_string_append_printf (text,
      "#EXTINF:%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT ",\n%s\n",
      microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC, name);
}

/* Never ends up in a folder, and no two processes have one. */
static gchar *
part_name (GstArclyHlsPlaylist *self, const GstArclyHlsPartName *name)
{
  return g_strdup_printf ("part-%s-%05" G_GUINT64_FORMAT "-%02u%s",
      self->part_stamp, name->sequence, name->index,
      self->kind == GST_ARCLY_HLS_FMP4 ? ".m4s" : ".ts");
}

/* rfc8216bis, 4.4.4.9; with the date ranges that came between them. */
static GList *
render_parts (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry,
    guint64 sequence, GList *range, GString *text)
{
  GstArclyHlsRangePlace place = { .sequence = sequence };
  guint i;

  for (i = 0; entry->parts && i < entry->parts->len; i++) {
    const GstArclyHlsPart *part =
        &g_array_index (entry->parts, GstArclyHlsPart, i);
    gint64 microseconds = (part->duration + 500) / 1000;
    g_autofree gchar *name = part_name (self, &part->name);

    place.part = i + 1;
    range = gst_arcly_hls_ranges_render (range, place, text);
    g_string_append_printf (text,
        "#EXT-X-PART:DURATION=%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT
        ",URI=\"%s\"%s\n",
        microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC, name,
        part->independent ? ",INDEPENDENT=YES" : "");
  }
  place.part = G_MAXUINT;
  return gst_arcly_hls_ranges_render (range, place, text);
}

static gboolean
is_visible (GstArclyHlsPlaylist *self)
{
  return self->target_duration > 0 &&
         (self->type != GST_ARCLY_HLS_VOD || self->ended);
}

/* Behind all that is listed. */
static const GstArclyHlsRangePlace range_end = { G_MAXUINT64, G_MAXUINT };

/* rfc8216bis, 4.4.5.1: none without a date (EXT-X-PROGRAM-DATE-TIME), which
 * comes with the first segment. */
static GList *
first_range (GstArclyHlsPlaylist *self, gboolean has_date)
{
  return has_date ? gst_arcly_hls_ranges_get_first (self->ranges) : NULL;
}

gchar *
gst_arcly_hls_playlist_render (GstArclyHlsPlaylist *self)
{
  GstArclyHlsRangePlace place = { self->first, G_MAXUINT };
  GList *range = first_range (self, self->segments.length > 0), *item;
  g_autoptr (GString) text = NULL;

  if (!is_visible (self))
    return NULL;

  text = g_string_sized_new (256 + 128 * self->segments.length);
  render_head (self, FALSE, text);
  for (item = self->segments.head; item; item = item->next) {
    const GstArclyHlsEntry *entry = item->data;

    range = gst_arcly_hls_ranges_render (range, place, text);
    render_start (self, entry, item->prev ? item->prev->data : NULL, text);
    render_end (self, &entry->segment, place.sequence++, text);
  }
  gst_arcly_hls_ranges_render (range, range_end, text);
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
static GList *
render_live_entry (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry,
    const GstArclyHlsEntry *before, GstArclyHlsRangePlace place,
    gint64 from_end, GList *range, GString *text)
{
  gint64 least = PART_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND;

  range = gst_arcly_hls_ranges_render (range, place, text);
  render_start (self, entry, before, text);
  if (from_end - entry->segment.duration < least)
    range = render_parts (self, entry, place.sequence, range, text);
  place.part = G_MAXUINT;
  range = gst_arcly_hls_ranges_render (range, place, text);
  render_end (self, &entry->segment, place.sequence, text);
  return range;
}

/* rfc8216bis, 4.4.5.2: how many segments lie wholly in front of the skip
 * boundary. None behind a discontinuity that is listed: players (hls.js) count
 * these in what they get, and lose count of what they do not. */
static guint
count_skipped (GstArclyHlsPlaylist *self)
{
  gint64 boundary =
      (gint64) SKIP_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND;
  gint64 left = self->duration + open_duration (self);
  GList *item;
  guint n = 0;

  for (item = self->segments.head; item; item = item->next) {
    const GstArclyHlsEntry *entry = item->data;

    left -= entry->segment.duration;
    if (left < boundary || entry->segment.discontinuity)
      break;
    n++;
  }
  return n;
}

/* Where it does not go on as it was, this is told with the hint: players
 * (hls.js) take what they know of it by then for the segment's. */
gboolean
gst_arcly_hls_playlist_is_open_shown (GstArclyHlsPlaylist *self)
{
  const GstArclyHlsEntry *last = g_queue_peek_tail (&self->segments);

  return self->open &&
         (self->open->parts->len > 0 || self->open->segment.discontinuity ||
             (last && last->segment.map != self->open->segment.map));
}

/* rfc8216bis, 4.4.5.3. */
static void
render_open (GstArclyHlsPlaylist *self, GList *range, GString *text)
{
  g_autofree gchar *hint = gst_arcly_hls_playlist_get_hint (self);
  const GstArclyHlsEntry *last = g_queue_peek_tail (&self->segments);
  GstArclyHlsRangePlace place = { .sequence =
                                      gst_arcly_hls_playlist_get_next (self) };

  range = gst_arcly_hls_ranges_render (range, place, text);
  if (gst_arcly_hls_playlist_is_open_shown (self)) {
    render_start (self, self->open, last, text);
    range = render_parts (self, self->open, place.sequence, range, text);
  }
  gst_arcly_hls_ranges_render (range, range_end, text);
  g_string_append_printf (
      text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", hint);
}

gchar *
gst_arcly_hls_playlist_render_live (GstArclyHlsPlaylist *self, gboolean delta)
{
  GstArclyHlsRangePlace place = { .sequence = self->first };
  gboolean has_date =
      self->segments.length > 0 || gst_arcly_hls_playlist_is_open_shown (self);
  GList *range = first_range (self, has_date), *item;
  g_autoptr (GString) text = NULL;
  gint64 left = self->duration + open_duration (self);
  guint skipped = delta ? count_skipped (self) : 0, n = 0;

  if (!is_visible (self) || self->part_target == 0 || (delta && skipped == 0))
    return NULL;

  text = g_string_sized_new (1024 + 256 * self->segments.length);
  render_head (self, TRUE, text);
  if (skipped > 0)
    g_string_append_printf (text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%u\n", skipped);
  /* Date ranges are not skipped: CAN-SKIP-DATERANGES is not said. */
  for (item = self->segments.head; item; item = item->next, place.sequence++) {
    const GstArclyHlsEntry *entry = item->data;

    if (n >= skipped)
      range = render_live_entry (self, entry,
          n > skipped ? item->prev->data : NULL, place, left, range, text);
    n++;
    left -= entry->segment.duration;
  }
  if (self->ended) {
    gst_arcly_hls_ranges_render (range, range_end, text);
    g_string_append (text, "#EXT-X-ENDLIST\n");
  } else {
    render_open (self, range, text);
  }
  if (!self->ended && self->reports)
    g_string_append (text, self->reports);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gchar *
gst_arcly_hls_playlist_get_next_name (GstArclyHlsPlaylist *self)
{
  return gst_arcly_hls_name_format (
      self->kind, self->stamp, gst_arcly_hls_playlist_get_next (self));
}

gchar *
gst_arcly_hls_playlist_get_map_name (GstArclyHlsPlaylist *self, guint64 map)
{
  return gst_arcly_hls_name_format (GST_ARCLY_HLS_INIT, self->stamp, map);
}

gchar *
gst_arcly_hls_playlist_get_hint (GstArclyHlsPlaylist *self)
{
  gst_arcly_hls_playlist_decide_hint (self);
  self->hinted = TRUE;
  return part_name (self, &self->hint);
}
