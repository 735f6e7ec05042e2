/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hlslint.h"
#include "hlsranges.h"

/* What text loses in rounding to microseconds. */
#define EPSILON 0.000002

/* Entries of a playlist, segments and parts alike. */
typedef struct {
  gchar *tags; /* all that stands in front of the name, but for parts */
  gchar *name;
  gchar *map; /* URI of its init segment, or NULL */
  gdouble duration;
  guint n_parts;
  gboolean discontinuity;
} Segment;

typedef struct {
  GArray *segments; /* (element-type Segment) */
  GPtrArray *parts; /* lines of those of the segment that is open */
  GString *header;  /* what must never change */
  guint64 sequence, discontinuity_sequence;
  gdouble target, part_target, hold_back, part_hold_back, skip_until;
  gboolean has_control, has_hint, ended, fixed; /* all segments stay */
  gchar *hint;
  guint version;
  GstArclyHlsRanges *ranges;
  gboolean has_ranges;
  gint64 front; /* the first date there is, ms; or G_MININT64 */
  /* While it is read. */
  gchar *map; /* that counts */
  GString *tags;
  Segment next;
  gdouble last_part, parts_duration;
  gchar *wrong;
} List;

struct _GstArclyHlsLint {
  List *before; /* NULL at first */
};

static void
clear_segment (gpointer data)
{
  g_free (((Segment *) data)->tags);
  g_free (((Segment *) data)->name);
  g_free (((Segment *) data)->map);
}

static List *
list_new (void)
{
  List *list = g_new0 (List, 1);

  list->segments = g_array_new (FALSE, TRUE, sizeof (Segment));
  g_array_set_clear_func (list->segments, clear_segment);
  list->parts = g_ptr_array_new_with_free_func (g_free);
  list->header = g_string_new (NULL);
  list->tags = g_string_new (NULL);
  list->ranges = gst_arcly_hls_ranges_new ();
  list->front = G_MININT64;
  return list;
}

static void
list_free (List *list)
{
  g_array_unref (list->segments);
  g_ptr_array_unref (list->parts);
  g_string_free (list->header, TRUE);
  g_string_free (list->tags, TRUE);
  gst_arcly_hls_ranges_free (list->ranges);
  g_free (list->hint);
  g_free (list->map);
  g_free (list->wrong);
  g_free (list);
}

GstArclyHlsLint *
gst_arcly_hls_lint_new (void)
{
  return g_new0 (GstArclyHlsLint, 1);
}

void
gst_arcly_hls_lint_free (GstArclyHlsLint *self)
{
  g_clear_pointer (&self->before, list_free);
  g_free (self);
}

/* The first counts: others follow from it. */
G_GNUC_PRINTF (2, 3)
static void
wrong (List *list, const gchar *format, ...)
{
  va_list args;

  if (list->wrong)
    return;
  va_start (args, format);
  list->wrong = g_strdup_vprintf (format, args);
  va_end (args);
}

/* Behind "NAME=", or NULL. No name of ours ends like another. */
static const gchar *
find (const gchar *attributes, const gchar *name)
{
  const gchar *found = attributes;
  gsize length = strlen (name);

  while ((found = strstr (found, name))) {
    if (found[length] == '=' &&
        (found == attributes || found[-1] == ',' || found[-1] == ':'))
      return found + length + 1;
    found += length;
  }
  return NULL;
}

static gdouble
find_number (const gchar *attributes, const gchar *name)
{
  const gchar *value = find (attributes, name);

  return value ? g_ascii_strtod (value, NULL) : 0;
}

static gchar *
find_uri (const gchar *attributes)
{
  const gchar *value = find (attributes, "URI");

  return value && value[0] == '"'
             ? g_strndup (value + 1, strcspn (value + 1, "\""))
             : NULL;
}

/* RFC 8216, 3.3. */
static void
check_map (List *list, const gchar *name)
{
  if (g_str_has_suffix (name, ".m4s") && !list->map)
    wrong (list, "RFC 8216, 3.3: %s without EXT-X-MAP", name);
}

static void
read_map (List *list, const gchar *line)
{
  guint n = list->segments->len;
  gchar *uri = find_uri (line);

  if (!uri)
    wrong (list, "RFC 8216, 4.3.2.5: %s", line);
  if (list->version < 6)
    wrong (list, "RFC 8216, 7: EXT-X-MAP in version %u", list->version);
  /* What decoders are set up with changes: ours never do it silently. */
  if (n > 0 && !list->next.discontinuity && g_strcmp0 (uri, list->map) != 0)
    wrong (list, "RFC 8216, 4.3.2.3: %s without EXT-X-DISCONTINUITY", line);
  g_free (list->map);
  list->map = uri;
}

static void
read_part (List *list, const gchar *line)
{
  gdouble duration = find_number (line, "DURATION");
  g_autofree gchar *uri = find_uri (line);

  if (!uri || duration <= 0)
    wrong (list, "rfc8216bis, 4.4.4.9: %s", line);
  check_map (list, uri ? uri : "");
  if (list->part_target <= 0)
    wrong (list, "rfc8216bis, 4.4.3.7: parts without EXT-X-PART-INF");
  if (duration > list->part_target + EPSILON)
    wrong (list, "rfc8216bis, 4.4.4.9: a part of %f s is over the target",
        duration);
  /* All but the last of a segment. A frame that lasts longer than a part leaves
   * no choice, and is not told from a mistake here. */
  if (list->next.n_parts > 0 &&
      list->last_part < 0.85 * list->part_target - EPSILON)
    wrong (list, "rfc8216bis, 4.4.4.9: a part of %f s is under 85 %%",
        list->last_part);
  list->last_part = duration;
  list->parts_duration += duration;
  list->next.n_parts++;
  g_ptr_array_add (list->parts, g_strdup (line));
}

/* rfc8216bis, 4.4.5.1: of those with one ID, none may contradict another. */
static void
read_range (List *list, const gchar *line)
{
  GstArclyHlsRangePlace place = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstArclyHlsRange) range = gst_arcly_hls_range_parse (
      line + strlen (GST_ARCLY_HLS_RANGE_TAG), &error);
  g_autofree gchar *added = NULL;

  list->has_ranges = TRUE;
  if (range && gst_arcly_hls_range_get_start (range) == G_MININT64)
    wrong (list, "rfc8216bis, 4.4.5.1: START-DATE is missing in %s", line);
  if (range)
    gst_arcly_hls_ranges_add (
        list->ranges, range, 0, G_MININT64, place, &added, &error);
  if (error)
    wrong (list, "rfc8216bis, 4.4.5.1: %s in %s", error->message, line);
  else if (!added)
    wrong (list, "rfc8216bis, 4.4.5.1: nothing new in %s", line);
}

static void
read_date (List *list, const gchar *line)
{
  g_autoptr (GDateTime) date =
      g_date_time_new_from_iso8601 (strchr (line, ':') + 1, NULL);

  if (!date)
    wrong (list, "RFC 8216, 4.3.2.6: %s", line);
  else if (list->front == G_MININT64)
    list->front = g_date_time_to_unix (date) * 1000 +
                  g_date_time_get_microsecond (date) / 1000;
}

static void
read_control (List *list, const gchar *line)
{
  list->has_control = TRUE;
  list->hold_back = find_number (line, "HOLD-BACK");
  list->part_hold_back = find_number (line, "PART-HOLD-BACK");
  list->skip_until = find_number (line, "CAN-SKIP-UNTIL");
}

/* TRUE if it belongs to the playlist, not to a segment. */
static gboolean
read_header (List *list, const gchar *line)
{
  const gchar *value = strchr (line, ':');

  value = value ? value + 1 : "";
  if (g_str_has_prefix (line, "#EXT-X-MEDIA-SEQUENCE:")) {
    list->sequence = g_ascii_strtoull (value, NULL, 10);
  } else if (g_str_has_prefix (line, "#EXT-X-DISCONTINUITY-SEQUENCE:")) {
    list->discontinuity_sequence = g_ascii_strtoull (value, NULL, 10);
  } else if (g_str_has_prefix (line, "#EXT-X-VERSION:")) {
    list->version = (guint) g_ascii_strtoull (value, NULL, 10);
    return TRUE;
  } else if (g_str_equal (line, "#EXT-X-INDEPENDENT-SEGMENTS")) {
    return TRUE;
  } else if (g_str_has_prefix (line, "#EXT-X-TARGETDURATION:") ||
             g_str_has_prefix (line, "#EXT-X-PLAYLIST-TYPE:") ||
             g_str_has_prefix (line, "#EXT-X-PART-INF:") ||
             g_str_has_prefix (line, "#EXT-X-SERVER-CONTROL:")) {
    g_string_append_printf (list->header, "%s\n", line);
    if (line[7] == 'T')
      list->target = g_ascii_strtod (value, NULL);
    else if (line[7] == 'S')
      read_control (list, line);
    else if (g_str_has_prefix (value, "PART-TARGET"))
      list->part_target = find_number (line, "PART-TARGET");
    else
      list->fixed = TRUE;
  } else {
    return FALSE;
  }
  if (list->segments->len > 0)
    wrong (list, "RFC 8216, 4.3.3: %s behind a segment", line);
  return TRUE;
}

static void
end_segment (List *list, const gchar *name)
{
  Segment *next = &list->next;

  if (next->duration <= 0)
    wrong (list, "RFC 8216, 4.3.2.1: %s without EXTINF", name);
  if ((guint) (next->duration + 0.5) > list->target)
    wrong (list, "RFC 8216, 4.3.3.1: %s with %f s is over the target", name,
        next->duration);
  if (next->n_parts > 0 &&
      ABS (list->parts_duration - next->duration) > list->part_target)
    wrong (list, "rfc8216bis, 4.4.4.9: %s has %f s, its parts %f s", name,
        next->duration, list->parts_duration);
  check_map (list, name);
  next->tags = g_strdup (list->tags->str);
  next->name = g_strdup (name);
  next->map = g_strdup (list->map);
  g_array_append_val (list->segments, *next);
  memset (next, 0, sizeof *next);
  list->last_part = list->parts_duration = 0;
  g_string_truncate (list->tags, 0);
  g_ptr_array_set_size (list->parts, 0);
}

static void
read_line (List *list, const gchar *line)
{
  if (list->ended)
    wrong (list, "RFC 8216, 6.2.1: %s behind EXT-X-ENDLIST", line);
  if (line[0] != '#') {
    end_segment (list, line);
  } else if (g_str_has_prefix (line, "#EXT-X-PART:")) {
    read_part (list, line);
  } else if (g_str_has_prefix (line, "#EXT-X-PRELOAD-HINT:")) {
    list->hint = list->hint ? list->hint : find_uri (line);
  } else if (g_str_has_prefix (line, "#EXT-X-MAP:")) {
    read_map (list, line);
  } else if (g_str_has_prefix (line, GST_ARCLY_HLS_RANGE_TAG)) {
    read_range (list, line);
  } else if (g_str_equal (line, "#EXT-X-ENDLIST")) {
    list->ended = TRUE;
  } else if (!read_header (list, line)) {
    if (g_str_has_prefix (line, "#EXTINF:"))
      list->next.duration = g_ascii_strtod (line + strlen ("#EXTINF:"), NULL);
    else if (g_str_equal (line, "#EXT-X-DISCONTINUITY"))
      list->next.discontinuity = TRUE;
    else if (g_str_has_prefix (line, "#EXT-X-PROGRAM-DATE-TIME:"))
      read_date (list, line);
    g_string_append_printf (list->tags, "%s\n", line);
  }
}

static void
check_control (List *list)
{
  if (list->hold_back < 3 * list->target)
    wrong (list, "rfc8216bis, 4.4.3.8: HOLD-BACK under 3 target durations");
  if (list->part_hold_back < 3 * list->part_target - EPSILON)
    wrong (list, "rfc8216bis, 4.4.3.8: PART-HOLD-BACK under 3 part targets");
  if (list->skip_until < 6 * list->target)
    wrong (list, "rfc8216bis, 4.4.3.8: CAN-SKIP-UNTIL under 6 target "
                 "durations");
  if (!list->ended && !list->hint)
    wrong (list, "rfc8216bis, 6.2.2: no EXT-X-PRELOAD-HINT");
}

static List *
list_parse (const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  List *list = list_new ();
  guint i;

  if (!lines[0] || !g_str_equal (lines[0], "#EXTM3U"))
    wrong (list, "RFC 8216, 4.3.1.1: no EXTM3U");
  for (i = 1; lines[0] && lines[i]; i++) {
    if (lines[i][0] != '\0')
      read_line (list, lines[i]);
  }
  if (list->target <= 0)
    wrong (list, "RFC 8216, 4.3.3.1: no target duration");
  if (list->has_control)
    check_control (list);
  if (list->has_ranges && list->front == G_MININT64)
    wrong (list, "rfc8216bis, 4.4.5.1: EXT-X-DATERANGE without "
                 "EXT-X-PROGRAM-DATE-TIME");
  return list;
}

static gdouble
total (const List *list)
{
  gdouble sum = 0;
  guint i;

  for (i = 0; i < list->segments->len; i++)
    sum += g_array_index (list->segments, Segment, i).duration;
  return sum;
}

static void
check_open_parts (List *list, const List *before, guint at)
{
  guint n = before->parts->len, i;

  /* Whole now: how many there were is enough, names follow from numbers. */
  if (at < list->segments->len) {
    const Segment *whole = &g_array_index (list->segments, Segment, at);

    if (whole->n_parts > 0 && whole->n_parts < n)
      wrong (list, "rfc8216bis, 6.2.1: parts of %s went away", whole->name);
    return;
  }
  if (list->parts->len < n)
    wrong (list, "rfc8216bis, 6.2.1: parts at the end went away");
  for (i = 0; i < MIN (n, list->parts->len); i++) {
    if (!g_str_equal (g_ptr_array_index (list->parts, i),
            g_ptr_array_index (before->parts, i)))
      wrong (list, "rfc8216bis, 6.2.1: %s changed",
          (gchar *) g_ptr_array_index (before->parts, i));
  }
}

/* RFC 8216, 6.2.1: it grows at its end, and shrinks at its front. */
static void
check_segments (List *list, const List *before, guint64 gone)
{
  guint64 discontinuities = before->discontinuity_sequence;
  guint i;

  for (i = 0; i < before->segments->len; i++) {
    const Segment *a = &g_array_index (before->segments, Segment, i);
    const Segment *b;

    if (i < gone) {
      discontinuities += a->discontinuity;
      continue;
    }
    if (i - gone >= list->segments->len) {
      wrong (list, "RFC 8216, 6.2.1: %s was taken from the end", a->name);
      return;
    }
    b = &g_array_index (list->segments, Segment, i - gone);
    if (!g_str_equal (a->name, b->name) || !g_str_equal (a->tags, b->tags) ||
        g_strcmp0 (a->map, b->map) != 0)
      wrong (list, "RFC 8216, 6.2.1: %s changed", a->name);
  }
  if (discontinuities != list->discontinuity_sequence)
    wrong (list,
        "RFC 8216, 6.2.2: EXT-X-DISCONTINUITY-SEQUENCE is %" G_GUINT64_FORMAT
        ", not %" G_GUINT64_FORMAT,
        list->discontinuity_sequence, discontinuities);
  if (list->has_control && before->has_control)
    check_open_parts (list, before, before->segments->len - (guint) gone);
}

/* RFC 8216, 6.2.1: they go when they apply to nothing that is listed. */
static void
check_ranges (List *list, const List *before)
{
  const gchar *missing = gst_arcly_hls_ranges_find_missing (
      list->ranges, before->ranges, list->front);

  if (missing)
    wrong (list, "RFC 8216, 6.2.1: EXT-X-DATERANGE:%s went, or is elsewhere",
        missing);
}

static void
check_change (List *list, const List *before)
{
  guint64 gone = list->sequence - before->sequence;

  if (list->sequence < before->sequence) {
    wrong (list, "RFC 8216, 6.2.2: EXT-X-MEDIA-SEQUENCE went back");
    return;
  }
  /* A new presentation under the old name: nothing of it is left to compare. */
  if (gone >= before->segments->len)
    return;
  if (before->ended && !list->ended)
    wrong (list, "RFC 8216, 6.2.1: it went on behind EXT-X-ENDLIST");
  if (!g_str_equal (list->header->str, before->header->str))
    wrong (list, "RFC 8216, 6.2.1: what it advertises changed");
  if (gone > 0 && list->fixed)
    wrong (list, "RFC 8216, 4.3.3.5: its front went");
  if (gone > 0 && total (list) < 3 * list->target)
    wrong (list, "RFC 8216, 6.2.2: under 3 target durations are left");
  check_ranges (list, before);
  check_segments (list, before, gone);
}

gchar *
gst_arcly_hls_lint_check (GstArclyHlsLint *self, const gchar *text)
{
  List *list = list_parse (text);

  if (self->before)
    check_change (list, self->before);
  g_clear_pointer (&self->before, list_free);
  self->before = list;
  return g_steal_pointer (&list->wrong);
}
