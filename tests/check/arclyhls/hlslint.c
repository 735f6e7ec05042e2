/* SPDX-License-Identifier: MIT */
#include "hlslint.h"

#include <string.h>

typedef struct {
  gchar *name;
  gdouble duration;
  gboolean independent;
} Part;

typedef struct {
  gchar *name; /* NULL: a segment of which only parts are there */
  gchar *map;  /* URI of its init segment, or NULL */
  gdouble duration;
  gint64 date_time; /* ms */
  gboolean discontinuity;
  gboolean gap;
  GArray *parts; /* (element-type Part) */
} Entry;

typedef struct {
  GString *wrong;
  GArray *entries; /* (element-type Entry) */
  gint64 version;
  gint64 target;
  gint64 sequence;
  gint64 discontinuity_sequence;
  gchar *type;
  gboolean independent;
  gboolean ended;
  /* rfc8216bis. */
  Entry open;
  gchar *control;
  gchar *part_inf;
  gchar *hint;
  gint64 skipped;
  gdouble part_target;
} List;

G_GNUC_PRINTF (2, 3)
static void
complain (List *list, const gchar *format, ...)
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
    complain (list, "%s: no part", value);
  if (list->hint)
    complain (list, "%s: behind the hint", value);
  part.name = g_strdup (name ? g_strstrip (name) : "");
  g_array_append_val (next->parts, part);
}

static void
read_hint (List *list, const gchar *value)
{
  g_autofree gchar *type = attribute (value, "TYPE");
  gchar *name = attribute (value, "URI");

  if (g_strcmp0 (type, "PART") != 0 || !name || list->hint)
    complain (list, "%s: no hint, or a second", value);
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
    complain (list, "%s: a second time", line);
  if (list->entries->len > 0)
    complain (list, "%s: behind a segment", line);
  *field = g_ascii_strtoll (value, NULL, 10);
}

static gint64
parse_date_time (List *list, const gchar *value)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (value, NULL);

  if (!time) {
    complain (list, "%s: no date", value);
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
    complain (list, "%s: no map, or the same again", value);
  if (list->version < 6)
    complain (list, "EXT-X-MAP needs version 6");
  if (next->parts->len > 0)
    complain (list, "EXT-X-MAP behind a part");
  if (list->entries->len > 0 && !next->discontinuity)
    complain (list, "%s: another map without a discontinuity", uri);
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
    next->date_time = parse_date_time (list, value);
  else if (g_str_equal (parts[0], "#EXTINF") && g_str_has_suffix (value, ","))
    next->duration = g_ascii_strtod (value, NULL);
  else if (g_str_equal (parts[0], "#EXT-X-MAP"))
    read_map (list, value, next);
  else if (!read_live_tag (list, parts[0], value, next))
    complain (list, "%s: unexpected", line);
}

static void
read_lines (List *list, gchar **lines)
{
  Entry next = new_entry ();
  guint i;

  if (!lines[0] || !g_str_equal (lines[0], "#EXTM3U"))
    complain (list, "no #EXTM3U");
  for (i = 1; lines[0] && lines[i] && lines[i][0] != '\0'; i++) {
    if (list->ended)
      complain (list, "%s: behind the end", lines[i]);
    if (lines[i][0] == '#') {
      read_tag (list, lines[i], &next);
      continue;
    }
    next.name = g_strdup (lines[i]);
    if (next.duration < 0)
      complain (list, "%s: no EXTINF", next.name);
    if (next.date_time < 0)
      complain (list, "%s: no date", next.name);
    g_array_append_val (list->entries, next);
    next = new_entry ();
    next.map = g_strdup (
        g_array_index (list->entries, Entry, list->entries->len - 1).map);
  }
  /* A segment that begins in another way says so with its first hint. */
  if (next.duration >= 0 || next.gap ||
      (next.parts->len == 0 && next.date_time >= 0 &&
          (!list->hint || !next.discontinuity)))
    complain (list, "tags of a segment without a name");
  if (next.parts->len > 0 && (next.date_time < 0 || list->ended))
    complain (list, "parts without a date, or behind the end");
  list->open = next;
}

/* RFC 8216, 3.3: fMP4 has an init segment, MPEG-TS has none. */
static void
check_format (List *list, const Entry *entry, const gchar *name)
{
  if (g_str_has_suffix (name, entry->map ? ".ts" : ".m4s"))
    complain (list, "%s: with the map %s", name, entry->map);
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
      complain (list, "%s: listed twice", entry->name);
    /* 4.3.3.1 */
    if ((gint64) (entry->duration + 0.5) > list->target)
      complain (list, "%s: %f s is over the target duration", entry->name,
          entry->duration);
    /* 4.3.2.6; each date is cut to milliseconds. */
    if (i > 0 && !entry->discontinuity &&
        ABS (entry->date_time - clock) > 2 + i)
      complain (list, "%s: date is off by %f ms", entry->name,
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
      complain (
          list, "%s: %f s is over PART-TARGET", part->name, part->duration);
    if (!is_last && part->duration < 0.85 * list->part_target - 1e-6)
      complain (list, "%s: %f s is under 85 %% of PART-TARGET", part->name,
          part->duration);
    sum += part->duration;
  }
  if (entry->name && entry->parts->len > 0 &&
      ABS (sum - entry->duration) > 0.002)
    complain (list, "%s: %f s, but its parts have %f s", entry->name,
        entry->duration, sum);
}

/* 4.4.3.8. */
static void
check_control (List *list)
{
  g_autofree gchar *block = attribute (list->control, "CAN-BLOCK-RELOAD");

  if (g_strcmp0 (block, "YES") != 0)
    complain (list, "no CAN-BLOCK-RELOAD");
  if (number (list->control, "PART-HOLD-BACK") < 3 * list->part_target - 1e-6)
    complain (list, "PART-HOLD-BACK under three part targets");
  if (number (list->control, "HOLD-BACK") < 3 * list->target)
    complain (list, "HOLD-BACK under three target durations");
  if (number (list->control, "CAN-SKIP-UNTIL") < 6 * list->target)
    complain (list, "CAN-SKIP-UNTIL under six target durations");
  if (!list->ended && !list->hint)
    complain (list, "no EXT-X-PRELOAD-HINT");
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
      complain (list, "EXT-X-GAP needs version 8");
  }
  check_parts (list, &list->open);
  if (list->skipped != 0 && list->version < 9)
    complain (list, "EXT-X-SKIP needs version 9");
  if (list->control)
    check_control (list);
  if ((has_parts || list->hint) && (!list->control || !list->part_inf))
    complain (list, "parts without EXT-X-PART-INF or EXT-X-SERVER-CONTROL");
}

static void
parse (List *list, const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  *list = (List){ .version = -1,
    .target = -1,
    .sequence = -1,
    .discontinuity_sequence = -1,
    .wrong = g_string_new (NULL),
    .entries = g_array_new (FALSE, FALSE, sizeof (Entry)) };
  g_array_set_clear_func (list->entries, clear_entry);

  if (!g_str_has_suffix (text, "\n"))
    complain (list, "the last line has no end");
  read_lines (list, lines);
  if (list->version < 3)
    complain (list, "fractions need version 3");
  if (list->target <= 0)
    complain (list, "no target duration");
  if (list->type && !g_str_equal (list->type, "EVENT") &&
      !g_str_equal (list->type, "VOD"))
    complain (list, "type %s", list->type);
  list->sequence = MAX (list->sequence, 0);
  list->discontinuity_sequence = MAX (list->discontinuity_sequence, 0);
  check_entries (list);
  check_live (list);
}

static void
clear (List *list)
{
  g_string_free (list->wrong, TRUE);
  g_array_unref (list->entries);
  clear_entry (&list->open);
  g_free (list->type);
  g_free (list->control);
  g_free (list->part_inf);
  g_free (list->hint);
}

static gdouble
total (List *list)
{
  gdouble sum = 0;
  guint i;

  for (i = 0; i < list->entries->len; i++)
    sum += g_array_index (list->entries, Entry, i).duration;
  return sum;
}

static void
check_same (List *list, const Entry *a, const Entry *b)
{
  if (!g_str_equal (a->name, b->name) || a->duration != b->duration ||
      a->date_time != b->date_time || a->discontinuity != b->discontinuity ||
      g_strcmp0 (a->map, b->map) != 0)
    complain (list, "%s: changed (%s)", a->name, b->name);
}

/* 6.2.1 and 6.2.2: only the end grows, only the front goes. */
static void
check_change (List *list, List *before)
{
  gint64 gone = list->sequence - before->sequence;
  gint64 discontinuities = before->discontinuity_sequence;
  guint i;

  if (gone < 0) {
    complain (list, "EXT-X-MEDIA-SEQUENCE went back");
    return;
  }
  if (gone > before->entries->len) {
    complain (
        list, "a hole of %d numbers", (gint) (gone - before->entries->len));
    return;
  }
  if (gone > 0 && list->type)
    complain (list, "EXT-X-PLAYLIST-TYPE:%s lost its front", list->type);
  if (gone > 0 && total (list) < 3 * list->target)
    complain (list, "only %f s left", total (list));
  for (i = 0; i < gone; i++)
    discontinuities += g_array_index (before->entries, Entry, i).discontinuity;
  if (discontinuities != list->discontinuity_sequence)
    complain (list, "EXT-X-DISCONTINUITY-SEQUENCE");
  if (before->entries->len - gone > list->entries->len) {
    complain (list, "the end was taken away");
    return;
  }
  for (i = gone; i < before->entries->len; i++)
    check_same (list, &g_array_index (before->entries, Entry, i),
        &g_array_index (list->entries, Entry, i - gone));
}

/* 6.2.1: parts are only added, until all of a segment go at once. */
static void
check_more_parts (List *list, const Entry *before, const Entry *now)
{
  guint i;

  if (now->parts->len == 0 && now->name)
    return;
  if (now->parts->len < before->parts->len)
    complain (list, "parts of %s went away", now->name ? now->name : "the end");
  for (i = 0; i < MIN (before->parts->len, now->parts->len); i++) {
    Part *a = &g_array_index (before->parts, Part, i);
    Part *b = &g_array_index (now->parts, Part, i);

    if (!g_str_equal (a->name, b->name) || a->duration != b->duration ||
        a->independent != b->independent)
      complain (list, "%s: changed (%s)", a->name, b->name);
  }
}

static gdouble
parts_duration (const Entry *entry)
{
  gdouble sum = 0;
  guint i;

  for (i = 0; i < entry->parts->len; i++)
    sum += g_array_index (entry->parts, Part, i).duration;
  return sum;
}

static const Entry *
entry_at (List *list, gint64 sequence)
{
  gint64 at = sequence - list->sequence;

  if (at < 0 || at > list->entries->len)
    return NULL;
  return at < list->entries->len ? &g_array_index (list->entries, Entry, at)
                                 : &list->open;
}

/* The hint is the part that came. */
static void
check_hint (List *list, List *before)
{
  gint64 end = before->sequence + before->entries->len;
  guint n = before->open.parts->len;
  const Entry *entry = entry_at (list, end);

  if (!before->hint || !entry || entry->parts->len == 0)
    return;
  if (entry->parts->len == n && entry->name)
    entry = entry_at (list, end + 1), n = 0;
  if (entry && entry->parts->len > n &&
      !g_str_equal (g_array_index (entry->parts, Part, n).name, before->hint))
    complain (list, "%s was hinted, %s came", before->hint,
        g_array_index (entry->parts, Part, n).name);
}

static void
check_live_change (List *list, List *before)
{
  gint64 end = before->sequence + before->entries->len, i;
  gdouble from_end = 0;

  if (g_strcmp0 (list->control, before->control) != 0 ||
      g_strcmp0 (list->part_inf, before->part_inf) != 0)
    complain (list, "EXT-X-SERVER-CONTROL or EXT-X-PART-INF changed");
  for (i = list->sequence + list->entries->len;
       i >= MAX (before->sequence, list->sequence); i--) {
    const Entry *a = i <= end ? entry_at (before, i) : NULL;
    const Entry *b = entry_at (list, i);

    if (a)
      check_more_parts (list, a, b);
    /* 6.2.2: they stay for three target durations. */
    if (a && b->name && a->parts->len > 0 && b->parts->len == 0 &&
        from_end < 3 * list->target - 1e-6)
      complain (
          list, "parts of %s went %f s in front of the end", b->name, from_end);
    from_end += b->name ? b->duration : parts_duration (b);
  }
  check_hint (list, before);
}

static gboolean
has_maps (List *list)
{
  return list->entries->len > 0 &&
         g_array_index (list->entries, Entry, 0).map != NULL;
}

static void
check_against (List *list, List *before, gboolean after_restart)
{
  /* A new presentation; but no number comes again. */
  if (after_restart && (before->ended || list->target != before->target ||
                           has_maps (list) != has_maps (before) ||
                           g_strcmp0 (list->type, before->type) != 0)) {
    if (list->sequence != before->sequence + before->entries->len)
      complain (list, "numbers do not go on");
    if (list->entries->len > 0 &&
        !g_array_index (list->entries, Entry, 0).discontinuity)
      complain (list, "no discontinuity at the seam");
    return;
  }
  if (list->target != before->target)
    complain (list, "the target duration changed");
  if (g_strcmp0 (list->type, before->type) != 0)
    complain (list, "the type changed");
  /* It was taken back for a segment that may still be listed. */
  if (list->independent && !before->independent)
    complain (list, "EXT-X-INDEPENDENT-SEGMENTS came back");
  if (before->ended &&
      (!list->ended || list->entries->len != before->entries->len))
    complain (list, "it went on behind its end");
  check_change (list, before);
  if (list->control && before->control && !after_restart)
    check_live_change (list, before);
  if (after_restart && list->entries->len > 0 &&
      list->sequence + list->entries->len >
          before->sequence + before->entries->len) {
    gint64 at = before->sequence + before->entries->len;
    const Entry *next = entry_at (list, at + 1);

    /* The first process may have ended one more that nobody saw listed. */
    if (!entry_at (list, at)->discontinuity && next &&
        (next->name || next->parts->len > 0) && !next->discontinuity)
      complain (list, "no discontinuity at the seam");
  }
}

gchar *
hls_lint (const gchar *text, const gchar *before, gboolean after_restart)
{
  List list, other;
  gchar *wrong;

  parse (&list, text);
  if (before) {
    parse (&other, before);
    check_against (&list, &other, after_restart);
    clear (&other);
  }
  wrong = g_strdup (list.wrong->str);
  clear (&list);
  return wrong;
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

  parse (&list, text);
  for (i = 0; i < list.entries->len; i++) {
    const Entry *entry = &g_array_index (list.entries, Entry, i);

    if (entry->map && !entry->gap)
      g_ptr_array_add (names, g_strdup (entry->map));
  }
  clear (&list);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

/* 6.3.7: what a client makes of a delta update is the full playlist. */
gchar *
hls_lint_delta (const gchar *delta, const gchar *full)
{
  List list, other;
  gdouble rest;
  gchar *wrong;
  guint i;

  parse (&list, delta);
  parse (&other, full);
  if (list.skipped <= 0 || list.sequence != other.sequence ||
      list.skipped + list.entries->len != other.entries->len)
    complain (
        &list, "%d skipped of %u", (gint) list.skipped, other.entries->len);
  for (i = 0; i < list.entries->len && list.skipped + i < other.entries->len;
       i++) {
    const Entry *a = &g_array_index (list.entries, Entry, i);
    const Entry *b = &g_array_index (other.entries, Entry, list.skipped + i);

    check_same (&list, b, a);
    check_more_parts (&list, b, a);
  }
  check_more_parts (&list, &other.open, &list.open);
  rest = total (&list) + parts_duration (&list.open);
  if (rest < 6 * list.target - 1e-6)
    complain (&list, "skipped up to %f s in front of the end", rest);
  if (!strstr (full, strstr (delta, "#EXT-X-PROGRAM-DATE-TIME")))
    complain (&list, "the end is another");
  wrong = g_strdup (list.wrong->str);
  clear (&list);
  clear (&other);
  return wrong;
}
