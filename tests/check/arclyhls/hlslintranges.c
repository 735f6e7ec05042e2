/* SPDX-License-Identifier: MIT
 *
 * EXT-X-DATERANGE (rfc8216bis, 4.4.5.1). */
#include <string.h>

#include "hlslintprivate.h"

/* One attribute, with what stands in front of the next. */
#define ATTRIBUTE "([A-Z0-9-]+)=(\"[^\"\\r\\n]*\"|[^\",\\s]+)(,|$)"
#define DATE "\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z\""
#define NUMBER "\\d+(\\.\\d+)?"
#define BYTES "0[xX]([0-9A-Fa-f]{2})+"
#define TEXT "\"[^\"]*\""

static const struct {
  const gchar *name; /* patterns, whole */
  const gchar *value;
} attributes[] = {
  { "ID", "\"[^\"]+\"" },
  { "CLASS", TEXT },
  { "(START|END)-DATE", DATE },
  { "(PLANNED-)?DURATION", NUMBER },
  { "CUE", "\"((PRE|POST)(,ONCE)?|ONCE(,(PRE|POST))?)\"" },
  { "SCTE35-(CMD|OUT|IN)", BYTES },
  { "END-ON-NEXT", "YES" },
  { "X-[A-Z0-9-]+", TEXT "|" BYTES "|" NUMBER },
};

static gboolean
matches (const gchar *pattern, const gchar *text)
{
  g_autofree gchar *whole = g_strdup_printf ("^(%s)$", pattern);

  return g_regex_match_simple (whole, text, 0, 0);
}

static void
check_attribute (List *list, const gchar *name, const gchar *value)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (attributes); i++) {
    if (!matches (attributes[i].name, name))
      continue;
    if (!matches (attributes[i].value, value))
      hls_list_complain (list, "%s=%s: a wrong value", name, value);
    return;
  }
  hls_list_complain (list, "%s: no attribute of EXT-X-DATERANGE", name);
}

/* (transfer full) */
static GHashTable *
read_range (List *list, const gchar *line)
{
  GHashTable *range =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GRegex) regex =
      g_regex_new (ATTRIBUTE, 0, G_REGEX_MATCH_ANCHORED, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  gint end = 0;

  g_regex_match (regex, line, 0, &match);
  while (g_match_info_matches (match)) {
    gchar *name = g_match_info_fetch (match, 1);
    gchar *value = g_match_info_fetch (match, 2);

    check_attribute (list, name, value);
    g_match_info_fetch_pos (match, 0, NULL, &end);
    if (!g_hash_table_insert (range, name, value))
      hls_list_complain (list, "%s: an attribute twice", line);
    g_match_info_next (match, NULL);
  }
  if (end != (gint) strlen (line) || g_str_has_suffix (line, ","))
    hls_list_complain (list, "%s: no list of attributes", line);
  return range;
}

static gint64
date_of (List *list, GHashTable *range, const gchar *name)
{
  const gchar *value = g_hash_table_lookup (range, name);
  g_autofree gchar *text = NULL;

  if (!value || strlen (value) < 2)
    return -1;
  text = g_strndup (value + 1, strlen (value) - 2);
  return hls_list_parse_date (list, text);
}

/* -1: not known. */
static gint64
end_of (List *list, GHashTable *range)
{
  const gchar *duration = g_hash_table_lookup (range, "DURATION");

  if (!duration)
    return date_of (list, range, "END-DATE");
  return date_of (list, range, "START-DATE") +
         (gint64) (g_ascii_strtod (duration, NULL) * 1000 + 0.5);
}

static void
check_whole (List *list, GHashTable *range)
{
  const gchar *id = g_hash_table_lookup (range, "ID");
  gint64 end = date_of (list, range, "END-DATE");

  if (end >= 0 && end < date_of (list, range, "START-DATE"))
    hls_list_complain (list, "%s: ends before it begins", id);
  if (end >= 0 && end != end_of (list, range))
    hls_list_complain (list, "%s: END-DATE and DURATION do not agree", id);
  if (!g_hash_table_contains (range, "END-ON-NEXT"))
    return;
  if (!g_hash_table_contains (range, "CLASS"))
    hls_list_complain (list, "%s: END-ON-NEXT without CLASS", id);
  if (end_of (list, range) >= 0)
    hls_list_complain (list, "%s: END-ON-NEXT with an end", id);
}

static void
merge (List *list, GHashTable *known, GHashTable *more)
{
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, more);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const gchar *before = g_hash_table_lookup (known, name);

    if (before && !g_str_equal (before, value))
      hls_list_complain (
          list, "%s was %s, is %s", (gchar *) name, before, (gchar *) value);
    if (!before)
      g_hash_table_insert (known, g_strdup (name), g_strdup (value));
  }
}

/* (transfer full) (element-type utf8 GHashTable): by ID, all that is said. */
static GHashTable *
collect (List *list, GPtrArray *lines)
{
  GHashTable *all = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  guint i;

  for (i = 0; i < lines->len; i++) {
    const gchar *line = g_ptr_array_index (lines, i);
    GHashTable *range = read_range (list, line), *known;
    const gchar *id = g_hash_table_lookup (range, "ID");

    if (!id || !g_hash_table_contains (range, "START-DATE")) {
      hls_list_complain (list, "%s: no ID or START-DATE", line);
      g_hash_table_unref (range);
      continue;
    }
    known = g_hash_table_lookup (all, id);
    if (!known) {
      g_hash_table_insert (all, g_strdup (id), range);
      continue;
    }
    merge (list, known, range);
    g_hash_table_unref (range);
  }
  return all;
}

void
hls_list_check_ranges (List *list)
{
  g_autoptr (GHashTable) all = collect (list, list->ranges);
  GHashTableIter iter;
  gpointer range;

  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, NULL, &range))
    check_whole (list, range);
  if (list->ranges->len > 0 && list->entries->len > 0 &&
      g_array_index (list->entries, Entry, 0).date_time < 0)
    hls_list_complain (list, "EXT-X-DATERANGE without a date of media");
}

/* Where another of its class begins, too. */
static gboolean
is_over (List *list, GHashTable *all, GHashTable *range, gint64 front)
{
  gint64 end = end_of (list, range);
  const gchar *name = g_hash_table_lookup (range, "CLASS");
  GHashTableIter iter;
  gpointer other;

  if (!g_hash_table_contains (range, "END-ON-NEXT"))
    return end >= 0 && end <= front;
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, NULL, &other)) {
    gint64 start = date_of (list, other, "START-DATE");

    if (g_strcmp0 (name, g_hash_table_lookup (other, "CLASS")) == 0 &&
        start > date_of (list, range, "START-DATE") && start <= front)
      return TRUE;
  }
  return FALSE;
}

/* 6.2.1: they stand where they stood, and go only with what they are about. */
void
hls_list_compare_ranges (List *list, List *before)
{
  g_autoptr (GHashTable) all = collect (list, before->ranges);
  g_autoptr (GHashTable) now = collect (list, list->ranges);
  gint64 front = list->entries->len > 0
                     ? g_array_index (list->entries, Entry, 0).date_time
                     : -1;
  guint at = 0, i;

  for (i = 0; i < before->ranges->len; i++) {
    const gchar *line = g_ptr_array_index (before->ranges, i);
    g_autoptr (GHashTable) range = NULL;
    GHashTable *whole;

    if (at < list->ranges->len &&
        g_str_equal (line, g_ptr_array_index (list->ranges, at))) {
      at++;
      continue;
    }
    range = read_range (list, line);
    whole = g_hash_table_lookup (all, g_hash_table_lookup (range, "ID"));
    if (front >= 0 && !is_over (list, all, whole, front) &&
        !is_over (list, now, whole, front))
      hls_list_complain (list, "%s: went, or is elsewhere", line);
  }
}
