/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyhlslive.h"

#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)
/* Of segments that are served from memory; older ones are in the folder. */
#define MAX_BYTES (64 * 1024 * 1024)
/* Players may ask for a part for as long as that after its end, in target
 * durations: it was listed for three. */
#define PART_TARGET_DURATIONS 5

/* A segment in memory. */
typedef struct {
  gchar *name;
  GPtrArray *parts; /* (element-type utf8), owned; NULL when they are gone */
  gint64 end;       /* of its media, in all that was made */
  guint64 sequence;
  guint64 map; /* its init segment */
  gsize size;
} Kept;

struct _GstArclyHlsLive {
  GstArclyHlsPlaylist *playlist; /* the writer's */
  GstArclyHttpOrigin *origin;    /* owned */
  GstArclyHlsPartCutter cutter;
  gchar *hint;      /* the part that is open, or comes next */
  GPtrArray *parts; /* names of those of the open segment */
  gint64 parts_duration;
  gboolean has_key; /* the open part */
  gsize part_size;  /* of the open part */
  gsize size;       /* of the open segment */
  gint64 made;      /* media so far */
  GQueue kept;      /* (element-type Kept), owned */
  gsize kept_size;
};

GstArclyHlsLive *
gst_arcly_hls_live_new (GstArclyHlsPlaylist *playlist,
    GstArclyHttpOrigin *origin, gint64 part_duration)
{
  GstArclyHlsLive *self = g_new0 (GstArclyHlsLive, 1);

  self->playlist = playlist;
  self->origin = g_object_ref (origin);
  self->parts = g_ptr_array_new_with_free_func (g_free);
  gst_arcly_hls_part_cutter_init (&self->cutter, part_duration);
  gst_arcly_hls_part_cutter_set_limit (
      &self->cutter, gst_arcly_hls_playlist_get_part_target (playlist));
  g_queue_init (&self->kept);
  return self;
}

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  g_free (kept->name);
  g_clear_pointer (&kept->parts, g_ptr_array_unref);
  g_free (kept);
}

void
gst_arcly_hls_live_free (GstArclyHlsLive *self)
{
  gst_arcly_http_origin_close (self->origin);
  g_object_unref (self->origin);
  g_queue_clear_full (&self->kept, kept_free);
  g_ptr_array_unref (self->parts);
  g_free (self->hint);
  g_free (self);
}

/* What is hinted can be asked for. */
static void
announce (GstArclyHlsLive *self)
{
  g_autofree gchar *hint = gst_arcly_hls_playlist_get_hint (self->playlist);

  if (g_strcmp0 (hint, self->hint) == 0)
    return;
  g_free (self->hint);
  self->hint = g_steal_pointer (&hint);
  gst_arcly_http_origin_begin (self->origin, self->hint);
}

void
gst_arcly_hls_live_open (GstArclyHlsLive *self,
    const GstArclyHlsSegment *segment, gint64 start, guint64 now)
{
  gst_arcly_hls_playlist_open (self->playlist, segment, now);
  gst_arcly_hls_part_cutter_begin (&self->cutter, start);
  g_ptr_array_set_size (self->parts, 0);
  self->parts_duration = 0;
  self->has_key = FALSE;
  self->part_size = self->size = 0;
  announce (self);
}

static void
end_part (GstArclyHlsLive *self, gint64 duration)
{
  GstArclyHlsPart part = { .duration = duration, .independent = self->has_key };

  gst_arcly_http_origin_finish (self->origin, self->hint);
  g_ptr_array_add (self->parts, g_strdup (self->hint));
  gst_arcly_hls_playlist_append_part (self->playlist, &part);
  self->parts_duration += duration;
  self->has_key = FALSE;
  self->part_size = 0;
}

gboolean
gst_arcly_hls_live_push_chunk (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit)
{
  gint64 duration;
  gboolean ended =
      gst_arcly_hls_part_cutter_push_chunk (&self->cutter, unit, &duration);

  if (ended) {
    end_part (self, duration);
    announce (self);
  }
  self->has_key |= unit->key;
  return ended;
}

gboolean
gst_arcly_hls_live_end_chunk (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit, gboolean last)
{
  gint64 duration;

  if (!gst_arcly_hls_part_cutter_end_chunk (
          &self->cutter, unit, last, &duration))
    return FALSE;
  end_part (self, duration);
  announce (self);
  return TRUE;
}

void
gst_arcly_hls_live_add_map (GstArclyHlsLive *self, guint64 map, GBytes *bytes)
{
  g_autofree gchar *name =
      gst_arcly_hls_playlist_get_map_name (self->playlist, map);

  gst_arcly_http_origin_begin (self->origin, name);
  gst_arcly_http_origin_append (self->origin, name, bytes);
  gst_arcly_http_origin_finish (self->origin, name);
}

gboolean
gst_arcly_hls_live_push (
    GstArclyHlsLive *self, const GstArclyHlsUnit *unit, gboolean beside)
{
  gint64 duration;
  gboolean ended =
      gst_arcly_hls_part_cutter_push (&self->cutter, unit, beside, &duration);

  if (ended) {
    end_part (self, duration);
    announce (self);
  }
  self->has_key |= unit->may_cut;
  return ended;
}

gint64
gst_arcly_hls_live_get_duration (GstArclyHlsLive *self)
{
  return self->parts_duration;
}

void
gst_arcly_hls_live_write (GstArclyHlsLive *self, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = NULL;

  if (size == 0)
    return;
  bytes = g_bytes_new (data, size);
  gst_arcly_http_origin_append (self->origin, self->hint, bytes);
  self->part_size += size;
  self->size += size;
}

gint64
gst_arcly_hls_live_fit (GstArclyHlsLive *self, gint64 duration)
{
  gint64 before = self->parts_duration;

  if (self->part_size == 0)
    return duration;
  return before +
         gst_arcly_hls_part_cutter_fit (&self->cutter, duration - before);
}

void
gst_arcly_hls_live_close (GstArclyHlsLive *self, gint64 duration)
{
  /* The last part ended with the last chunk; what is hinted is the next
   * segment's first. */
  if (self->part_size > 0)
    end_part (self, gst_arcly_hls_part_cutter_finish (
                        &self->cutter, duration - self->parts_duration));
}

/* And its init segment, unless the next one needs that, too. */
static void
forget_oldest (GstArclyHlsLive *self)
{
  Kept *oldest = g_queue_pop_head (&self->kept);
  const Kept *next = g_queue_peek_head (&self->kept);

  gst_arcly_http_origin_remove (self->origin, oldest->name);
  if (next && next->map != oldest->map) {
    g_autofree gchar *map =
        gst_arcly_hls_playlist_get_map_name (self->playlist, oldest->map);

    gst_arcly_http_origin_remove (self->origin, map);
  }
  self->kept_size -= oldest->size;
  kept_free (oldest);
}

/* No player can want it any more, or there is no room for it. */
static void
forget (GstArclyHlsLive *self)
{
  gint64 grace = PART_TARGET_DURATIONS * NS_PER_SECOND *
                 gst_arcly_hls_playlist_get_target_duration (self->playlist);
  guint64 first = gst_arcly_hls_playlist_get_first (self->playlist);
  GList *item;
  guint i;

  for (item = self->kept.tail; item; item = item->prev) {
    Kept *kept = item->data;

    if (self->made - kept->end < grace)
      continue;
    if (!kept->parts)
      break;
    for (i = 0; i < kept->parts->len; i++)
      gst_arcly_http_origin_remove (
          self->origin, g_ptr_array_index (kept->parts, i));
    g_clear_pointer (&kept->parts, g_ptr_array_unref);
  }
  while (self->kept.length > 0) {
    Kept *oldest = self->kept.head->data;

    if (oldest->parts ||
        (oldest->sequence >= first && self->kept_size <= MAX_BYTES))
      return;
    forget_oldest (self);
  }
}

void
gst_arcly_hls_live_list (
    GstArclyHlsLive *self, const gchar *name, gint64 duration)
{
  Kept *kept = g_new0 (Kept, 1);

  gst_arcly_hls_part_cutter_set_limit (
      &self->cutter, gst_arcly_hls_playlist_get_part_target (self->playlist));
  self->made += duration;
  kept->name = g_strdup (name);
  kept->parts = g_steal_pointer (&self->parts);
  kept->end = self->made;
  kept->sequence = gst_arcly_hls_playlist_get_next (self->playlist) - 1;
  kept->map = gst_arcly_hls_playlist_get_map (self->playlist, kept->sequence);
  kept->size = self->size;
  self->parts = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (kept->parts, NULL);
  gst_arcly_http_origin_join (
      self->origin, name, (const gchar *const *) kept->parts->pdata);
  g_ptr_array_set_size (kept->parts, (gint) kept->parts->len - 1);
  g_queue_push_tail (&self->kept, kept);
  self->kept_size += kept->size;
  forget (self);
}

/* rfc8216bis, 6.2.5.2: three parts ahead, or three seconds. */
static guint
advance_limit (gint64 part_target)
{
  return part_target >= NS_PER_SECOND
             ? 3
             : (guint) ((3 * NS_PER_SECOND + part_target - 1) / part_target);
}

gchar *
gst_arcly_hls_live_publish (GstArclyHlsLive *self)
{
  GstArclyHlsPlaylist *list = self->playlist;
  g_autofree gchar *full = gst_arcly_hls_playlist_render_live (list, FALSE);
  g_autofree gchar *delta = gst_arcly_hls_playlist_render_live (list, TRUE);
  GstArclyHttpPlaylist playlist = {
    .full = full,
    .delta = delta,
    .next = gst_arcly_hls_playlist_get_next (list),
    .open_parts = gst_arcly_hls_playlist_get_open_parts (list),
    .last_parts = gst_arcly_hls_playlist_get_last_parts (list),
    .target_duration = gst_arcly_hls_playlist_get_target_duration (list),
    .ended = gst_arcly_hls_playlist_is_ended (list),
  };

  if (!full)
    return NULL;
  playlist.advance_limit =
      advance_limit (gst_arcly_hls_playlist_get_part_target (list));
  if (playlist.ended)
    gst_arcly_http_origin_remove (self->origin, self->hint);
  else
    announce (self);
  gst_arcly_http_origin_set_playlist (self->origin, &playlist);
  return g_steal_pointer (&full);
}
