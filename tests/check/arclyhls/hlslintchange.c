/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hlslintprivate.h"

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
    hls_list_complain (list, "%s: changed (%s)", a->name, b->name);
}

/* 6.2.1 and 6.2.2: only the end grows, only the front goes. */
static void
check_change (List *list, List *before)
{
  gint64 gone = list->sequence - before->sequence;
  gint64 discontinuities = before->discontinuity_sequence;
  guint i;

  if (gone < 0) {
    hls_list_complain (list, "EXT-X-MEDIA-SEQUENCE went back");
    return;
  }
  if (gone > before->entries->len) {
    hls_list_complain (
        list, "a hole of %d numbers", (gint) (gone - before->entries->len));
    return;
  }
  if (gone > 0 && list->type)
    hls_list_complain (
        list, "EXT-X-PLAYLIST-TYPE:%s lost its front", list->type);
  if (gone > 0 && total (list) < 3 * list->target)
    hls_list_complain (list, "only %f s left", total (list));
  for (i = 0; i < gone; i++)
    discontinuities += g_array_index (before->entries, Entry, i).discontinuity;
  if (discontinuities != list->discontinuity_sequence)
    hls_list_complain (list, "EXT-X-DISCONTINUITY-SEQUENCE");
  if (before->entries->len - gone > list->entries->len) {
    hls_list_complain (list, "the end was taken away");
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
    hls_list_complain (
        list, "parts of %s went away", now->name ? now->name : "the end");
  for (i = 0; i < MIN (before->parts->len, now->parts->len); i++) {
    Part *a = &g_array_index (before->parts, Part, i);
    Part *b = &g_array_index (now->parts, Part, i);

    if (!g_str_equal (a->name, b->name) || a->duration != b->duration ||
        a->independent != b->independent)
      hls_list_complain (list, "%s: changed (%s)", a->name, b->name);
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
    hls_list_complain (list, "%s was hinted, %s came", before->hint,
        g_array_index (entry->parts, Part, n).name);
}

static void
check_live_change (List *list, List *before)
{
  gint64 end = before->sequence + before->entries->len, i;
  gdouble from_end = 0;

  if (g_strcmp0 (list->control, before->control) != 0 ||
      g_strcmp0 (list->part_inf, before->part_inf) != 0)
    hls_list_complain (list, "EXT-X-SERVER-CONTROL or EXT-X-PART-INF changed");
  for (i = list->sequence + list->entries->len;
       i >= MAX (before->sequence, list->sequence); i--) {
    const Entry *a = i <= end ? entry_at (before, i) : NULL;
    const Entry *b = entry_at (list, i);

    if (a)
      check_more_parts (list, a, b);
    /* 6.2.2: they stay for three target durations. */
    if (a && b->name && a->parts->len > 0 && b->parts->len == 0 &&
        from_end < 3 * list->target - 1e-6)
      hls_list_complain (
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
      hls_list_complain (list, "numbers do not go on");
    if (list->entries->len > 0 &&
        !g_array_index (list->entries, Entry, 0).discontinuity)
      hls_list_complain (list, "no discontinuity at the seam");
    return;
  }
  if (list->target != before->target)
    hls_list_complain (list, "the target duration changed");
  if (g_strcmp0 (list->type, before->type) != 0)
    hls_list_complain (list, "the type changed");
  /* It was taken back for a segment that may still be listed. */
  if (list->independent && !before->independent)
    hls_list_complain (list, "EXT-X-INDEPENDENT-SEGMENTS came back");
  if (before->ended &&
      (!list->ended || list->entries->len != before->entries->len))
    hls_list_complain (list, "it went on behind its end");
  check_change (list, before);
  hls_list_compare_ranges (list, before);
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
      hls_list_complain (list, "no discontinuity at the seam");
  }
}

gchar *
hls_lint (const gchar *text, const gchar *before, gboolean after_restart)
{
  List list, other;
  gchar *wrong;

  hls_list_parse (&list, text);
  if (before) {
    hls_list_parse (&other, before);
    check_against (&list, &other, after_restart);
    hls_list_clear (&other);
  }
  wrong = g_strdup (list.wrong->str);
  hls_list_clear (&list);
  return wrong;
}

/* 6.3.7: what a client makes of a delta update is the full playlist. */
gchar *
hls_lint_delta (const gchar *delta, const gchar *full)
{
  List list, other;
  gdouble rest;
  gchar *wrong;
  guint i;

  hls_list_parse (&list, delta);
  hls_list_parse (&other, full);
  if (list.skipped <= 0 || list.sequence != other.sequence ||
      list.skipped + list.entries->len != other.entries->len)
    hls_list_complain (
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
    hls_list_complain (&list, "skipped up to %f s in front of the end", rest);
  if (!strstr (full, strstr (delta, "#EXT-X-PROGRAM-DATE-TIME")))
    hls_list_complain (&list, "the end is another");
  wrong = g_strdup (list.wrong->str);
  hls_list_clear (&list);
  hls_list_clear (&other);
  return wrong;
}
