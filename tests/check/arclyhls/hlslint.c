/* SPDX-License-Identifier: MIT */
#include "hlslint.h"

#include <string.h>

typedef struct {
  gchar *name;
  gdouble duration;
  gint64 date_time; /* ms */
  gboolean discontinuity;
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
clear_entry (gpointer data)
{
  g_free (((Entry *) data)->name);
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
  else
    complain (list, "%s: unexpected", line);
}

static void
read_lines (List *list, gchar **lines)
{
  Entry next = { .duration = -1, .date_time = -1 };
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
    next = (Entry){ .duration = -1, .date_time = -1 };
  }
  if (next.discontinuity || next.duration >= 0 || next.date_time >= 0)
    complain (list, "tags of a segment without a name");
}

static void
check_entries (List *list)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  gdouble clock = 0;
  guint i;

  for (i = 0; i < list->entries->len; i++) {
    Entry *entry = &g_array_index (list->entries, Entry, i);

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
}

static void
clear (List *list)
{
  g_string_free (list->wrong, TRUE);
  g_array_unref (list->entries);
  g_free (list->type);
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
      a->date_time != b->date_time || a->discontinuity != b->discontinuity)
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

static void
check_against (List *list, List *before, gboolean after_restart)
{
  /* A new presentation; but no number comes again. */
  if (after_restart && (before->ended || list->target != before->target ||
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
  if (after_restart && list->entries->len > 0 &&
      list->sequence + list->entries->len >
          before->sequence + before->entries->len) {
    guint at = before->sequence + before->entries->len - list->sequence;

    if (!g_array_index (list->entries, Entry, at).discontinuity)
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
    if (lines[i][0] != '#' && lines[i][0] != '\0')
      g_ptr_array_add (names, g_strdup (lines[i]));
  }
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}
