/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsplaylist.h"
#include "hlsread.h"

#define NAME_PREFIX "segment-"
#define NAME_SUFFIX ".ts"
#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
/* RFC 8216, 4.3.3.1: durations count rounded to the nearest second. What is
 * written has microseconds, so this stays below one half. */
#define ROUNDS_DOWN (NS_PER_SECOND / 2 - 1000)
/* RFC 8216, 6.2.2: no live playlist is shorter, in target durations. */
#define MIN_TARGET_DURATIONS 3

/* A file whose segment is no longer listed. */
typedef struct {
  gchar *name;
  guint64 expires;
} Grave;

struct _GstArclyHlsPlaylist {
  GstArclyHlsType type;
  guint wanted_target_duration;
  guint max_length;
  guint target_duration; /* 0: not decided */
  gchar *stamp;          /* of this presentation */
  gchar *left; /* stamp of a live playlist that another process left, or NULL */
  gboolean dependent; /* some segment of this presentation was */
  gboolean ended;
  gboolean resumed;        /* the next segment is a discontinuity */
  guint64 first;           /* number of the head of "segments" */
  guint64 discontinuities; /* that left the front */
  gint64 end;      /* of what was listed last, microseconds since 1970 UTC */
  gint64 duration; /* of what is listed */
  gint64 longest;  /* that "duration" ever was */
  GQueue segments; /* (element-type GstArclyHlsSegment), owned */
  GQueue graves;   /* (element-type Grave), owned */
};

GstArclyHlsPlaylist *
gst_arcly_hls_playlist_new (GstArclyHlsType type, guint target_duration,
    guint length, const gchar *stamp)
{
  GstArclyHlsPlaylist *self = g_new0 (GstArclyHlsPlaylist, 1);

  self->type = type;
  self->wanted_target_duration = MAX (target_duration, 1);
  self->max_length = length;
  self->stamp = g_strdup (stamp);
  g_queue_init (&self->segments);
  g_queue_init (&self->graves);
  return self;
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
  g_queue_clear_full (&self->segments, g_free);
  g_queue_clear_full (&self->graves, (GDestroyNotify) grave_free);
  g_free (self->stamp);
  g_free (self->left);
  g_free (self);
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
add (GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment)
{
  g_queue_push_tail (
      &self->segments, g_memdup2 (segment, sizeof (GstArclyHlsSegment)));
  self->end = segment->date_time + segment->duration / 1000;
  self->duration += segment->duration;
  self->longest = MAX (self->longest, self->duration);
}

static void
bury (GstArclyHlsPlaylist *self, const gchar *stamp, guint64 sequence,
    gint64 duration, guint64 now)
{
  Grave *grave;

  /* These keep all they ever wrote. */
  if (self->type != GST_ARCLY_HLS_LIVE)
    return;
  grave = g_new (Grave, 1);
  grave->name = gst_arcly_hls_segment_name (stamp, sequence);
  grave->expires = now + duration + self->longest;
  g_queue_push_tail (&self->graves, grave);
}

static void
drop_front (GstArclyHlsPlaylist *self)
{
  GstArclyHlsSegment *segment = g_queue_pop_head (&self->segments);

  /* RFC 8216, 6.2.2. */
  if (segment->discontinuity)
    self->discontinuities++;
  self->duration -= segment->duration;
  self->first++;
  g_free (segment);
}

static void
bury_front (GstArclyHlsPlaylist *self, guint64 now)
{
  GstArclyHlsSegment *segment = g_queue_peek_head (&self->segments);

  bury (self, self->stamp, self->first, segment->duration, now);
  drop_front (self);
}

static void
move_front (GstArclyHlsPlaylist *self, guint64 now)
{
  gint64 least = MIN_TARGET_DURATIONS * self->target_duration * NS_PER_SECOND;

  if (self->type != GST_ARCLY_HLS_LIVE || self->max_length == 0)
    return;
  while (self->segments.length > self->max_length) {
    GstArclyHlsSegment *segment = g_queue_peek_head (&self->segments);

    if (self->duration - segment->duration < least)
      return;
    bury_front (self, now);
  }
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
      content->target_duration < self->wanted_target_duration) {
    gst_arcly_hls_playlist_drop_before (self, G_MAXUINT64);
    return;
  }
  self->target_duration = content->target_duration;
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
    add (self, &g_array_index (content.segments, GstArclyHlsSegment, i));
  continue_content (self, &content);
  return TRUE;
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
  self->ended = FALSE;
  self->resumed = TRUE;
  self->dependent = FALSE;
  self->target_duration = 0;
}

void
gst_arcly_hls_playlist_append (
    GstArclyHlsPlaylist *self, const GstArclyHlsSegment *segment, guint64 now)
{
  GstArclyHlsSegment entry = *segment;

  if (self->ended)
    start_anew (self, now);
  entry.duration = CLAMP (
      entry.duration, 0, GST_ARCLY_HLS_MAX_TARGET_DURATION * NS_PER_SECOND);

  if (self->type == GST_ARCLY_HLS_VOD)
    /* Nobody has seen it yet. */
    self->target_duration =
        MAX (MAX (self->target_duration, self->wanted_target_duration),
            rounded (entry.duration));
  else if (self->target_duration == 0)
    self->target_duration = decide_target_duration (self, entry.duration);
  entry.duration =
      MIN (entry.duration, self->target_duration * NS_PER_SECOND + ROUNDS_DOWN);

  /* The very first has nothing that it could differ from. */
  if (self->resumed)
    entry.discontinuity = TRUE;
  else if (self->segments.length == 0 && self->longest == 0)
    entry.discontinuity = FALSE;
  self->resumed = FALSE;
  self->dependent |= entry.dependent;

  add (self, &entry);
  move_front (self, now);
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

  if (g_strcmp0 (self->left, name->stamp) == 0 && name->sequence < self->first)
    bury (self, name->stamp, name->sequence, seconds * NS_PER_SECOND, now);
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

static void
render_head (GstArclyHlsPlaylist *self, GString *text)
{
  /* Version 3 has fractions in EXTINF (RFC 8216, 7), and nothing here needs
   * more. */
  g_string_append_printf (text,
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%u\n"
      "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n",
      self->target_duration, self->first);
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

static void
render_segment (const GstArclyHlsSegment *segment, const gchar *stamp,
    guint64 sequence, GString *text)
{
  gint64 microseconds = (segment->duration + 500) / 1000;
  g_autofree gchar *name = gst_arcly_hls_segment_name (stamp, sequence);

  if (segment->discontinuity)
    g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  render_date_time (segment->date_time, text);
  g_string_append_printf (text,
      "#EXTINF:%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT ",\n%s\n",
      microseconds / G_USEC_PER_SEC, microseconds % G_USEC_PER_SEC, name);
}

gchar *
gst_arcly_hls_playlist_render (GstArclyHlsPlaylist *self)
{
  g_autoptr (GString) text = NULL;
  guint64 sequence = self->first;
  GList *item;

  if (self->target_duration == 0)
    return NULL;
  if (self->type == GST_ARCLY_HLS_VOD && !self->ended)
    return NULL;

  text = g_string_sized_new (256 + 128 * self->segments.length);
  render_head (self, text);
  for (item = self->segments.head; item; item = item->next)
    render_segment (item->data, self->stamp, sequence++, text);
  if (self->ended)
    g_string_append (text, "#EXT-X-ENDLIST\n");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gchar *
gst_arcly_hls_playlist_get_next_name (GstArclyHlsPlaylist *self)
{
  return gst_arcly_hls_segment_name (
      self->stamp, gst_arcly_hls_playlist_get_next (self));
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
