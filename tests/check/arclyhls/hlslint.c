/* SPDX-License-Identifier: MIT */
#include "hlslintprivate.h"

#include <string.h>

void
hls_list_complain (List *list, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (list->wrong, format, args);
  va_end (args);
  g_string_append_c (list->wrong, '\n');
}

static void
clear_part (gpointer data)
{
  g_free (((Part *) data)->name);
}

static void
clear_entry (gpointer data)
{
  g_free (((Entry *) data)->name);
  g_free (((Entry *) data)->map);
  g_clear_pointer (&((Entry *) data)->parts, g_array_unref);
}

static Entry
new_entry (void)
{
  Entry entry = { .duration = -1,
    .date_time = -1,
    .parts = g_array_new (FALSE, FALSE, sizeof (Part)) };

  g_array_set_clear_func (entry.parts, clear_part);
  return entry;
}

/* (transfer full): of NAME=VALUE,NAME="VALUE"; names and values of ours have no
 * commas and quotes inside. */
static gchar *
attribute (const gchar *attributes, const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (attributes ? attributes : "", ",", -1);
  guint i;

  for (i = 0; parts[i]; i++) {
    if (g_str_has_prefix (parts[i], name) && parts[i][strlen (name)] == '=') {
      gchar *value = g_strdup (parts[i] + strlen (name) + 1);

      return g_strdelimit (value, "\"", ' ');
    }
  }
  return NULL;
}

static gdouble
number (const gchar *attributes, const gchar *name)
{
  g_autofree gchar *value = attribute (attributes, name);

  return value ? g_ascii_strtod (value, NULL) : -1;
}

static void
read_part (List *list, Entry *next, const gchar *value)
{
  g_autofree gchar *name = attribute (value, "URI");
  g_autofree gchar *independent = attribute (value, "INDEPENDENT");
  Part part = { .duration = number (value, "DURATION"),
    .independent = g_strcmp0 (independent, "YES") == 0 };

  if (!name || part.duration <= 0)
    hls_list_complain (list, "%s: no part", value);
  if (list->hint)
    hls_list_complain (list, "%s: behind the hint", value);
  part.name = g_strdup (name ? g_strstrip (name) : "");
  g_array_append_val (next->parts, part);
}

static void
read_hint (List *list, const gchar *value)
{
  g_autofree gchar *type = attribute (value, "TYPE");
  gchar *name = attribute (value, "URI");

  if (g_strcmp0 (type, "PART") != 0 || !name || list->hint)
    hls_list_complain (list, "%s: no hint, or a second", value);
  g_free (list->hint);
  list->hint = name ? g_strstrip (name) : NULL;
}

/* rfc8216bis. */
static gboolean
read_live_tag (List *list, const gchar *tag, const gchar *value, Entry *next)
{
  if (g_str_equal (tag, "#EXT-X-SERVER-CONTROL") && !list->control)
    list->control = g_strdup (value);
  else if (g_str_equal (tag, "#EXT-X-PART-INF") && !list->part_inf)
    list->part_inf = g_strdup (value);
  else if (g_str_equal (tag, "#EXT-X-SKIP") && list->skipped == 0 &&
           list->entries->len == 0)
    list->skipped = (gint64) number (value, "SKIPPED-SEGMENTS");
  else if (g_str_equal (tag, "#EXT-X-PART"))
    read_part (list, next, value);
  else if (g_str_equal (tag, "#EXT-X-PRELOAD-HINT"))
    read_hint (list, value);
  else if (g_str_equal (tag, "#EXT-X-GAP"))
    next->gap = TRUE;
  else if (g_str_equal (tag, "#EXT-X-RENDITION-REPORT") && list->hint &&
           strstr (value, "URI=\"") && number (value, "LAST-MSN") >= 0)
    return TRUE;
  else
    return FALSE;
  return TRUE;
}

static void
once (List *list, gint64 *field, const gchar *line, const gchar *value)
{
  if (*field != -1)
    hls_list_complain (list, "%s: a second time", line);
  if (list->entries->len > 0)
    hls_list_complain (list, "%s: behind a segment", line);
  *field = g_ascii_strtoll (value, NULL, 10);
}

gint64
hls_list_parse_date (List *list, const gchar *value)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (value, NULL);

  if (!time) {
    hls_list_complain (list, "%s: no date", value);
    return -1;
  }
  return g_date_time_to_unix (time) * 1000 +
         g_date_time_get_microsecond (time) / 1000;
}

/* 4.3.2.5: until the next one. Not twice the same. */
static void
read_map (List *list, const gchar *value, Entry *next)
{
  gchar *uri = attribute (value, "URI");

  if (!uri || g_strcmp0 (next->map, g_strstrip (uri)) == 0)
    hls_list_complain (list, "%s: no map, or the same again", value);
  if (list->version < 6)
    hls_list_complain (list, "EXT-X-MAP needs version 6");
  if (next->parts->len > 0)
    hls_list_complain (list, "EXT-X-MAP behind a part");
  if (list->entries->len > 0 && !next->discontinuity)
    hls_list_complain (list, "%s: another map without a discontinuity", uri);
  g_free (next->map);
  next->map = uri;
}

static void
read_tag (List *list, const gchar *line, Entry *next)
{
  g_auto (GStrv) parts = g_strsplit (line, ":", 2);
  const gchar *value = parts[1] ? parts[1] : "";

  if (g_str_equal (parts[0], "#EXT-X-VERSION"))
    once (list, &list->version, line, value);
  else if (g_str_equal (parts[0], "#EXT-X-TARGETDURATION"))
    once (list, &list->target, line, value);
  else if (g_str_equal (parts[0], "#EXT-X-MEDIA-SEQUENCE"))
    once (list, &list->sequence, line, value);
  else if (g_str_equal (parts[0], "#EXT-X-DISCONTINUITY-SEQUENCE"))
    once (list, &list->discontinuity_sequence, line, value);
  else if (g_str_equal (parts[0], "#EXT-X-PLAYLIST-TYPE") && !list->type)
    list->type = g_strdup (value);
  else if (g_str_equal (line, "#EXT-X-INDEPENDENT-SEGMENTS"))
    list->independent = TRUE;
  else if (g_str_equal (line, "#EXT-X-ENDLIST"))
    list->ended = TRUE;
  else if (g_str_equal (line, "#EXT-X-DISCONTINUITY"))
    next->discontinuity = TRUE;
  else if (g_str_equal (parts[0], "#EXT-X-PROGRAM-DATE-TIME"))
    next->date_time = hls_list_parse_date (list, value);
  else if (g_str_equal (parts[0], "#EXTINF") && g_str_has_suffix (value, ","))
    next->duration = g_ascii_strtod (value, NULL);
  else if (g_str_equal (parts[0], "#EXT-X-DATERANGE"))
    g_ptr_array_add (list->ranges, g_strdup (value));
  else if (g_str_equal (parts[0], "#EXT-X-MAP"))
    read_map (list, value, next);
  else if (!read_live_tag (list, parts[0], value, next))
    hls_list_complain (list, "%s: unexpected", line);
}

static void
read_lines (List *list, gchar **lines)
{
  Entry next = new_entry ();
  guint i;

  if (!lines[0] || !g_str_equal (lines[0], "#EXTM3U"))
    hls_list_complain (list, "no #EXTM3U");
  for (i = 1; lines[0] && lines[i] && lines[i][0] != '\0'; i++) {
    if (list->ended)
      hls_list_complain (list, "%s: behind the end", lines[i]);
    if (lines[i][0] == '#') {
      read_tag (list, lines[i], &next);
      continue;
    }
    next.name = g_strdup (lines[i]);
    if (next.duration < 0)
      hls_list_complain (list, "%s: no EXTINF", next.name);
    if (next.date_time < 0)
      hls_list_complain (list, "%s: no date", next.name);
    g_array_append_val (list->entries, next);
    next = new_entry ();
    next.map = g_strdup (
        g_array_index (list->entries, Entry, list->entries->len - 1).map);
  }
  /* A segment that begins in another way says so with its first hint. */
  if (next.duration >= 0 || next.gap ||
      (next.parts->len == 0 && next.date_time >= 0 &&
          (!list->hint || !next.discontinuity)))
    hls_list_complain (list, "tags of a segment without a name");
  if (next.parts->len > 0 && (next.date_time < 0 || list->ended))
    hls_list_complain (list, "parts without a date, or behind the end");
  list->open = next;
}

/* RFC 8216, 3.3: fMP4 has an init segment, MPEG-TS has none. */
static void
check_format (List *list, const Entry *entry, const gchar *name)
{
  if (g_str_has_suffix (name, entry->map ? ".ts" : ".m4s"))
    hls_list_complain (list, "%s: with the map %s", name, entry->map);
}

static void
check_entries (List *list)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  gdouble clock = 0;
  guint i;

  for (i = 0; i < list->entries->len; i++) {
    Entry *entry = &g_array_index (list->entries, Entry, i);

    check_format (list, entry, entry->name);
    if (!g_hash_table_add (names, entry->name))
      hls_list_complain (list, "%s: listed twice", entry->name);
    /* 4.3.3.1 */
    if ((gint64) (entry->duration + 0.5) > list->target)
      hls_list_complain (list, "%s: %f s is over the target duration",
          entry->name, entry->duration);
    /* 4.3.2.6; each date is cut to milliseconds. */
    if (i > 0 && !entry->discontinuity &&
        ABS (entry->date_time - clock) > 2 + i)
      hls_list_complain (list, "%s: date is off by %f ms", entry->name,
          entry->date_time - clock);
    if (i == 0 || entry->discontinuity)
      clock = entry->date_time;
    clock += entry->duration * 1000;
  }
}

/* 4.4.3.7 and 4.4.4.9. */
static void
check_parts (List *list, const Entry *entry)
{
  gdouble sum = 0;
  guint i;

  for (i = 0; i < entry->parts->len; i++) {
    Part *part = &g_array_index (entry->parts, Part, i);
    /* Of an open segment, it may be known to be the last already. */
    gboolean is_last = i == entry->parts->len - 1;

    check_format (list, entry, part->name);
    if (part->duration > list->part_target + 1e-6)
      hls_list_complain (
          list, "%s: %f s is over PART-TARGET", part->name, part->duration);
    if (!is_last && part->duration < 0.85 * list->part_target - 1e-6)
      hls_list_complain (list, "%s: %f s is under 85 %% of PART-TARGET",
          part->name, part->duration);
    sum += part->duration;
  }
  if (entry->name && entry->parts->len > 0 &&
      ABS (sum - entry->duration) > 0.002)
    hls_list_complain (list, "%s: %f s, but its parts have %f s", entry->name,
        entry->duration, sum);
}

/* 4.4.3.8. */
static void
check_control (List *list)
{
  g_autofree gchar *block = attribute (list->control, "CAN-BLOCK-RELOAD");

  if (g_strcmp0 (block, "YES") != 0)
    hls_list_complain (list, "no CAN-BLOCK-RELOAD");
  if (number (list->control, "PART-HOLD-BACK") < 3 * list->part_target - 1e-6)
    hls_list_complain (list, "PART-HOLD-BACK under three part targets");
  if (number (list->control, "HOLD-BACK") < 3 * list->target)
    hls_list_complain (list, "HOLD-BACK under three target durations");
  if (number (list->control, "CAN-SKIP-UNTIL") < 6 * list->target)
    hls_list_complain (list, "CAN-SKIP-UNTIL under six target durations");
  if (!list->ended && !list->hint)
    hls_list_complain (list, "no EXT-X-PRELOAD-HINT");
}

static void
check_live (List *list)
{
  gboolean has_parts = list->open.parts->len > 0;
  guint i;

  list->part_target = number (list->part_inf, "PART-TARGET");
  for (i = 0; i < list->entries->len; i++) {
    Entry *entry = &g_array_index (list->entries, Entry, i);

    check_parts (list, entry);
    has_parts |= entry->parts->len > 0;
    if (entry->gap && list->version < 8)
      hls_list_complain (list, "EXT-X-GAP needs version 8");
  }
  check_parts (list, &list->open);
  if (list->skipped != 0 && list->version < 9)
    hls_list_complain (list, "EXT-X-SKIP needs version 9");
  if (list->control)
    check_control (list);
  if ((has_parts || list->hint) && (!list->control || !list->part_inf))
    hls_list_complain (
        list, "parts without EXT-X-PART-INF or EXT-X-SERVER-CONTROL");
}

void
hls_list_parse (List *list, const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  *list = (List){ .version = -1,
    .target = -1,
    .sequence = -1,
    .discontinuity_sequence = -1,
    .wrong = g_string_new (NULL),
    .ranges = g_ptr_array_new_with_free_func (g_free),
    .entries = g_array_new (FALSE, FALSE, sizeof (Entry)) };
  g_array_set_clear_func (list->entries, clear_entry);

  if (!g_str_has_suffix (text, "\n"))
    hls_list_complain (list, "the last line has no end");
  read_lines (list, lines);
  if (list->version < 3)
    hls_list_complain (list, "fractions need version 3");
  if (list->target <= 0)
    hls_list_complain (list, "no target duration");
  if (list->type && !g_str_equal (list->type, "EVENT") &&
      !g_str_equal (list->type, "VOD"))
    hls_list_complain (list, "type %s", list->type);
  list->sequence = MAX (list->sequence, 0);
  list->discontinuity_sequence = MAX (list->discontinuity_sequence, 0);
  check_entries (list);
  check_live (list);
  hls_list_check_ranges (list);
}

void
hls_list_clear (List *list)
{
  g_string_free (list->wrong, TRUE);
  g_array_unref (list->entries);
  g_ptr_array_unref (list->ranges);
  clear_entry (&list->open);
  g_free (list->type);
  g_free (list->control);
  g_free (list->part_inf);
  g_free (list->hint);
}

gchar **
hls_lint_names (const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GPtrArray *names = g_ptr_array_new ();
  guint i;

  for (i = 0; lines[i]; i++) {
    gboolean gap = i >= 2 && g_str_equal (lines[i - 2], "#EXT-X-GAP");

    if (lines[i][0] != '#' && lines[i][0] != '\0' && !gap)
      g_ptr_array_add (names, g_strdup (lines[i]));
  }
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

gchar **
hls_lint_maps (const gchar *text)
{
  GPtrArray *names = g_ptr_array_new ();
  List list;
  guint i;

  hls_list_parse (&list, text);
  for (i = 0; i < list.entries->len; i++) {
    const Entry *entry = &g_array_index (list.entries, Entry, i);

    if (entry->map && !entry->gap)
      g_ptr_array_add (names, g_strdup (entry->map));
  }
  hls_list_clear (&list);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}
