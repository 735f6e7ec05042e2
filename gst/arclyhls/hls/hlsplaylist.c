/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsplaylistprivate.h"
#include "hlsread.h"

/* RFC 8216, 4.3.3.1: durations count rounded to the nearest second. What is
 * written has microseconds, so this stays below one half. */
#define ROUNDS_DOWN (NS_PER_SECOND / 2 - 1000)
/* RFC 8216, 6.2.2: no live playlist is shorter, in target durations. */
#define MIN_TARGET_DURATIONS 3
/* What renditions of one process are apart when it dies. */
#define MAX_GAPS 3

GstArclyHlsPlaylist *
gst_arcly_hls_playlist_new (GstArclyHlsType type, guint target_duration,
    guint length, const gchar *stamp)
{
  GstArclyHlsPlaylist *self = g_new0 (GstArclyHlsPlaylist, 1);

  self->type = type;
  self->wanted_target_duration = MAX (target_duration, 1);
  self->max_length = length;
  self->stamp = g_strdup (stamp);
  self->part_stamp = g_strdup (stamp);
  g_queue_init (&self->segments);
  g_queue_init (&self->graves);
  self->ranges = gst_arcly_hls_ranges_new ();
  return self;
}

static GstArclyHlsEntry *
entry_new (const GstArclyHlsSegment *segment)
{
  GstArclyHlsEntry *entry = g_new0 (GstArclyHlsEntry, 1);

  entry->segment = *segment;
  return entry;
}

static void
entry_free (GstArclyHlsEntry *entry)
{
  g_clear_pointer (&entry->parts, g_array_unref);
  g_free (entry);
}

static void
grave_free (Grave *grave)
{
  g_free (grave->name);
  g_free (grave);
}

void
gst_arcly_hls_playlist_free (GstArclyHlsPlaylist *self)
{
  g_queue_clear_full (&self->segments, (GDestroyNotify) entry_free);
  g_clear_pointer (&self->open, entry_free);
  g_queue_clear_full (&self->graves, (GDestroyNotify) grave_free);
  gst_arcly_hls_ranges_free (self->ranges);
  g_free (self->stamp);
  g_free (self->part_stamp);
  g_free (self->left);
  g_free (self->reports);
  g_free (self);
}

void
gst_arcly_hls_playlist_set_window (GstArclyHlsPlaylist *self, gint64 window)
{
  self->window = window;
}

void
gst_arcly_hls_playlist_set_parts (
    GstArclyHlsPlaylist *self, gint64 part_duration)
{
  self->part_duration = part_duration;
}

void
gst_arcly_hls_playlist_set_fmp4 (GstArclyHlsPlaylist *self)
{
  self->kind = GST_ARCLY_HLS_FMP4;
}

static guint
rounded (gint64 duration)
{
  return (guint) ((duration + NS_PER_SECOND / 2) / NS_PER_SECOND);
}

/* A first GOP that is longer than what was asked for tells how long they are;
 * rounding up leaves room for those that are a little longer. */
static guint
decide_target_duration (GstArclyHlsPlaylist *self, gint64 duration)
{
  if (rounded (duration) <= self->wanted_target_duration)
    return self->wanted_target_duration;
  return (guint) ((duration + NS_PER_SECOND - 1) / NS_PER_SECOND);
}

static void
add (GstArclyHlsPlaylist *self, GstArclyHlsEntry *entry)
{
  const GstArclyHlsSegment *segment = &entry->segment;

  g_queue_push_tail (&self->segments, entry);
  self->end = segment->date_time + segment->duration / 1000;
  self->duration += segment->duration;
  self->longest = MAX (self->longest, self->duration);
}

/* (transfer full) to @name. */
static void
bury (GstArclyHlsPlaylist *self, gchar *name, gint64 duration, guint64 now)
{
  Grave *grave = g_new (Grave, 1);

  grave->name = name;
  grave->expires = now + duration + self->longest;
  g_queue_push_tail (&self->graves, grave);
}

static void
drop_front (GstArclyHlsPlaylist *self)
{
  GstArclyHlsEntry *entry = g_queue_pop_head (&self->segments);

  /* RFC 8216, 6.2.2. */
  if (entry->segment.discontinuity)
    self->discontinuities++;
  self->duration -= entry->segment.duration;
  self->first++;
  entry_free (entry);
  gst_arcly_hls_playlist_prune_ranges (self);
}

/* Whoever goes on behind the last one has an init segment of its own. */
static gboolean
is_last_of_map (GstArclyHlsPlaylist *self)
{
  GList *head = self->segments.head;
  const GstArclyHlsEntry *entry = head->data;
  const GstArclyHlsEntry *next = head->next ? head->next->data : NULL;

  return self->kind == GST_ARCLY_HLS_FMP4 &&
         (!next || next->segment.map != entry->segment.map);
}

static void
bury_front (GstArclyHlsPlaylist *self, guint64 now)
{
  GstArclyHlsEntry *entry = g_queue_peek_head (&self->segments);
  gint64 duration = entry->segment.duration;

  /* Others than live ones keep all they ever wrote. */
  if (self->type == GST_ARCLY_HLS_LIVE) {
    bury (self,
        gst_arcly_hls_name_format (self->kind, self->stamp, self->first),
        duration, now);
    if (is_last_of_map (self))
      bury (self,
          gst_arcly_hls_playlist_get_map_name (self, entry->segment.map),
          duration, now);
  }
  drop_front (self);
}

static void
move_front (GstArclyHlsPlaylist *self, guint64 now)
{
  gint64 least = MAX (self->window,
      MIN_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND);

  if (self->type != GST_ARCLY_HLS_LIVE || self->max_length == 0)
    return;
  while (self->segments.length > self->max_length) {
    GstArclyHlsEntry *entry = g_queue_peek_head (&self->segments);

    if (self->duration - entry->segment.duration < least)
      return;
    bury_front (self, now);
  }
}

/* Rule U9: PART-TARGET does not change either. */
static gboolean
has_parts_like (GstArclyHlsPlaylist *self, const GstArclyHlsContent *content)
{
  if (self->part_duration == 0 || content->part_target == 0)
    return self->part_duration == content->part_target;
  return ABS (self->part_duration - content->part_target) <=
         self->part_duration / 4;
}

/* Files of a presentation that cannot be continued are told from ours by the
 * stamp, so that whoever comes next does not take them for ours either. */
static void
continue_content (GstArclyHlsPlaylist *self, const GstArclyHlsContent *content)
{
  if (content->segments->len == 0)
    return;
  if (content->type == GST_ARCLY_HLS_LIVE && !content->ended)
    self->left = g_strdup (content->stamp);
  if (content->ended || content->type != self->type ||
      content->kind != self->kind ||
      content->target_duration < self->wanted_target_duration ||
      !has_parts_like (self, content)) {
    gst_arcly_hls_playlist_drop_before (self, G_MAXUINT64);
    return;
  }
  gst_arcly_hls_playlist_continue_ranges (self, content);
  self->target_duration = content->target_duration;
  self->part_target = content->part_target;
  self->dependent = !content->independent;
  g_free (self->stamp);
  self->stamp = g_strdup (content->stamp);
}

gboolean
gst_arcly_hls_playlist_resume (
    GstArclyHlsPlaylist *self, const gchar *text, gsize size, GError **error)
{
  g_auto (GstArclyHlsContent) content = { 0 };
  guint i;

  g_return_val_if_fail (self->segments.length == 0, FALSE);

  if (!gst_arcly_hls_content_parse (&content, text, size, error))
    return FALSE;
  self->first = content.sequence;
  self->discontinuities = content.discontinuity_sequence;
  self->resumed = TRUE;
  for (i = 0; i < content.segments->len; i++)
    add (self,
        entry_new (&g_array_index (content.segments, GstArclyHlsSegment, i)));
  continue_content (self, &content);
  return TRUE;
}

void
gst_arcly_hls_playlist_recover (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment)
{
  GstArclyHlsEntry *last = g_queue_peek_tail (&self->segments);
  GstArclyHlsEntry *entry = entry_new (segment);

  g_return_if_fail (self->resumed && self->target_duration > 0);

  if (last)
    entry->segment.map = MAX (entry->segment.map, last->segment.map);
  add (self, entry);
  self->dependent |= segment->dependent;
}

guint64
gst_arcly_hls_playlist_count_discontinuities (GstArclyHlsPlaylist *self)
{
  guint64 n = self->discontinuities;
  GList *item;

  for (item = self->segments.head; item; item = item->next)
    n += ((GstArclyHlsEntry *) item->data)->segment.discontinuity;
  return n;
}

static void
append_gap (GstArclyHlsPlaylist *self)
{
  const GstArclyHlsEntry *last = g_queue_peek_tail (&self->segments);
  GstArclyHlsSegment gap = { .duration = self->target_duration * NS_PER_SECOND,
    .date_time = self->end,
    .gap = TRUE,
    .map = last->segment.map };

  add (self, entry_new (&gap));
}

void
gst_arcly_hls_playlist_align (GstArclyHlsPlaylist *self, guint64 sequence,
    guint64 discontinuities, guint64 now)
{
  guint64 next = gst_arcly_hls_playlist_get_next (self);

  if (self->segments.length == 0 || next > sequence ||
      sequence - next > MAX_GAPS ||
      gst_arcly_hls_playlist_count_discontinuities (self) != discontinuities) {
    while (self->segments.length > 0)
      bury_front (self, now);
    self->first = sequence;
    self->discontinuities = discontinuities;
    return;
  }
  for (; next < sequence; next++)
    append_gap (self);
}

void
gst_arcly_hls_playlist_set_target_duration (
    GstArclyHlsPlaylist *self, guint seconds)
{
  if (self->target_duration == 0)
    self->target_duration = seconds;
}

void
gst_arcly_hls_playlist_set_reports (
    GstArclyHlsPlaylist *self, const gchar *reports)
{
  g_free (self->reports);
  self->reports = g_strdup (reports);
}

void
gst_arcly_hls_playlist_drop_before (GstArclyHlsPlaylist *self, guint64 sequence)
{
  while (self->segments.length > 0 && self->first < sequence)
    drop_front (self);
}

void
gst_arcly_hls_playlist_skip_to (GstArclyHlsPlaylist *self, guint64 sequence)
{
  if (self->segments.length == 0)
    self->first = MAX (self->first, sequence);
}

guint64
gst_arcly_hls_playlist_get_next (GstArclyHlsPlaylist *self)
{
  return self->first + self->segments.length;
}

guint64
gst_arcly_hls_playlist_get_first (GstArclyHlsPlaylist *self)
{
  return self->first;
}

guint64
gst_arcly_hls_playlist_get_map (GstArclyHlsPlaylist *self, guint64 sequence)
{
  const GstArclyHlsEntry *entry =
      sequence >= self->first
          ? g_queue_peek_nth (&self->segments, (guint) (sequence - self->first))
          : NULL;

  g_return_val_if_fail (entry != NULL, 0);
  return entry->segment.map;
}

gint64
gst_arcly_hls_playlist_get_end (GstArclyHlsPlaylist *self)
{
  return self->end;
}

guint
gst_arcly_hls_playlist_get_length (GstArclyHlsPlaylist *self)
{
  return self->segments.length;
}

guint
gst_arcly_hls_playlist_get_target_duration (GstArclyHlsPlaylist *self)
{
  return self->target_duration;
}

/* RFC 8216, 6.2.1: nothing may follow EXT-X-ENDLIST. */
static void
start_anew (GstArclyHlsPlaylist *self, guint64 now)
{
  while (self->segments.length > 0)
    bury_front (self, now);
  gst_arcly_hls_ranges_clear (self->ranges);
  self->ended = FALSE;
  self->resumed = TRUE;
  self->dependent = FALSE;
  self->target_duration = 0;
  self->part_target = 0;
}

/* The very first has nothing that it could differ from. */
static gboolean
is_discontinuity (GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment)
{
  if (self->resumed)
    return TRUE;
  return segment->discontinuity &&
         (self->segments.length > 0 || self->longest > 0);
}

static gint64
longest_part (const GArray *parts)
{
  gint64 longest = 0;
  guint i;

  for (i = 0; parts && i < parts->len; i++)
    longest = MAX (longest, g_array_index (parts, GstArclyHlsPart, i).duration);
  return longest;
}

static void
decide_targets (GstArclyHlsPlaylist *self, const GstArclyHlsEntry *entry)
{
  gint64 longest = longest_part (entry->parts);

  if (self->type == GST_ARCLY_HLS_VOD)
    /* Nobody has seen it yet. */
    self->target_duration =
        MAX (MAX (self->target_duration, self->wanted_target_duration),
            rounded (entry->segment.duration));
  else if (self->target_duration == 0)
    self->target_duration =
        decide_target_duration (self, entry->segment.duration);
  /* Whole milliseconds: it is written with three decimals. */
  if (self->part_target == 0)
    self->part_target = (longest + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS;
}

void
gst_arcly_hls_playlist_append (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment, guint64 now)
{
  GstArclyHlsEntry *entry = entry_new (segment);

  if (self->ended)
    start_anew (self, now);
  if (self->open)
    entry->parts = g_steal_pointer (&self->open->parts);
  g_clear_pointer (&self->open, entry_free);
  entry->segment.duration = CLAMP (entry->segment.duration, 0,
      GST_ARCLY_HLS_MAX_TARGET_DURATION * NS_PER_SECOND);
  decide_targets (self, entry);
  entry->segment.duration = MIN (entry->segment.duration,
      self->target_duration * NS_PER_SECOND + ROUNDS_DOWN);
  entry->segment.discontinuity = is_discontinuity (self, segment);
  self->resumed = FALSE;
  self->dependent |= segment->dependent;

  add (self, entry);
  move_front (self, now);
  gst_arcly_hls_playlist_prune_ranges (self);
}

void
gst_arcly_hls_playlist_open (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment, guint64 now)
{
  if (self->ended)
    start_anew (self, now);
  g_clear_pointer (&self->open, entry_free);
  self->open = entry_new (segment);
  self->open->segment.discontinuity = is_discontinuity (self, segment);
  self->open->parts = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsPart));
  self->dependent |= segment->dependent;
}

void
gst_arcly_hls_playlist_decide_hint (GstArclyHlsPlaylist *self)
{
  if (self->hinted)
    return;
  self->hint.sequence = gst_arcly_hls_playlist_get_next (self);
  self->hint.index = gst_arcly_hls_playlist_get_open_parts (self);
}

void
gst_arcly_hls_playlist_append_part (
    GstArclyHlsPlaylist *self, const GstArclyHlsPart *part)
{
  GstArclyHlsPart entry = *part;

  g_return_if_fail (self->open != NULL);

  if (self->part_target > 0)
    entry.duration = MIN (entry.duration, self->part_target);
  gst_arcly_hls_playlist_decide_hint (self);
  entry.name = self->hint;
  self->hinted = FALSE;
  g_array_append_val (self->open->parts, entry);
}

guint
gst_arcly_hls_playlist_get_open_parts (GstArclyHlsPlaylist *self)
{
  return self->open ? self->open->parts->len : 0;
}

guint
gst_arcly_hls_playlist_get_last_parts (GstArclyHlsPlaylist *self)
{
  GstArclyHlsEntry *last = g_queue_peek_tail (&self->segments);

  return last && last->parts ? last->parts->len : 0;
}

gint64
gst_arcly_hls_playlist_get_part_target (GstArclyHlsPlaylist *self)
{
  return self->part_target;
}

void
gst_arcly_hls_playlist_end (GstArclyHlsPlaylist *self)
{
  self->ended = TRUE;
}

gboolean
gst_arcly_hls_playlist_is_ended (GstArclyHlsPlaylist *self)
{
  return self->ended;
}

gboolean
gst_arcly_hls_playlist_is_own (
    GstArclyHlsPlaylist *self, const GstArclyHlsName *name)
{
  return g_str_equal (name->stamp, self->stamp);
}

void
gst_arcly_hls_playlist_bury (
    GstArclyHlsPlaylist *self, const GstArclyHlsName *name, guint64 now)
{
  guint seconds = MAX (self->target_duration, self->wanted_target_duration);
  const GstArclyHlsEntry *entry = g_queue_peek_head (&self->segments);
  guint64 first = self->first;

  /* What is listed needs its init segment. */
  if (name->kind == GST_ARCLY_HLS_INIT && entry)
    first = entry->segment.map;
  if (self->type == GST_ARCLY_HLS_LIVE &&
      g_strcmp0 (self->left, name->stamp) == 0 && name->sequence < first)
    bury (self,
        gst_arcly_hls_name_format (name->kind, name->stamp, name->sequence),
        seconds * NS_PER_SECOND, now);
}

gchar *
gst_arcly_hls_playlist_pop_expired (GstArclyHlsPlaylist *self, guint64 now)
{
  Grave *head = g_queue_peek_head (&self->graves);
  gchar *name;

  if (!head || head->expires > now)
    return NULL;
  g_queue_pop_head (&self->graves);
  name = g_steal_pointer (&head->name);
  grave_free (head);
  return name;
}
