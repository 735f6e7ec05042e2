/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsranges.h"

/* All that is known of one. */
typedef struct {
  GstArclyHlsRange *range; /* owned */
  gint64 start;            /* ms */
  guint n_lines;
} Known;

typedef struct {
  gchar *text; /* attributes */
  Known *known;
  GstArclyHlsRangePlace place;
} Line;

struct _GstArclyHlsRanges {
  GHashTable *known; /* (element-type utf8 Known): by ID, which they have */
  GQueue lines;      /* (element-type Line), owned */
  gsize bytes;       /* of those */
  gint64 front;      /* up to which they were looked at */
};

static void
known_free (gpointer data)
{
  gst_arcly_hls_range_free (((Known *) data)->range);
  g_free (data);
}

GstArclyHlsRanges *
gst_arcly_hls_ranges_new (void)
{
  GstArclyHlsRanges *self = g_new0 (GstArclyHlsRanges, 1);

  self->known =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_free);
  g_queue_init (&self->lines);
  self->front = G_MININT64;
  return self;
}

/* With the range, if that was its last line. */
static void
remove_line (GstArclyHlsRanges *self, GList *item)
{
  Line *line = item->data;

  self->bytes -= strlen (line->text);
  if (--line->known->n_lines == 0)
    g_hash_table_remove (
        self->known, gst_arcly_hls_range_get_id (line->known->range));
  g_queue_delete_link (&self->lines, item);
  g_free (line->text);
  g_free (line);
}

void
gst_arcly_hls_ranges_clear (GstArclyHlsRanges *self)
{
  while (self->lines.head)
    remove_line (self, self->lines.head);
  self->front = G_MININT64;
}

void
gst_arcly_hls_ranges_free (GstArclyHlsRanges *self)
{
  gst_arcly_hls_ranges_clear (self);
  g_hash_table_unref (self->known);
  g_free (self);
}

/* rfc8216bis, 4.4.5.1: the one of its class that begins next ends it. */
static gint64
find_end (GstArclyHlsRanges *self, const GstArclyHlsRange *range)
{
  gint64 end = gst_arcly_hls_range_get_end (range);
  gint64 start = gst_arcly_hls_range_get_start (range);
  GHashTableIter iter;
  gpointer value;

  if (!gst_arcly_hls_range_ends_on_next (range))
    return end;
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Known *other = value;

    if (other->start > start && other->start < end &&
        gst_arcly_hls_range_is_class_of (range, other->range))
      end = other->start;
  }
  return end;
}

static void
append (GstArclyHlsRanges *self, Known *known, const gchar *text,
    GstArclyHlsRangePlace place)
{
  Line *line = g_new0 (Line, 1);

  line->text = g_strdup (text);
  line->known = known;
  line->place = place;
  known->n_lines++;
  self->bytes += strlen (text);
  g_queue_push_tail (&self->lines, line);
}

static gboolean
fail (GError **error, const gchar *reason)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, reason);
  return FALSE;
}

static gboolean
has_room (GstArclyHlsRanges *self, const gchar *line, GError **error)
{
  if (self->lines.length < GST_ARCLY_HLS_MAX_RANGES &&
      self->bytes + strlen (line) <= GST_ARCLY_HLS_MAX_RANGES_BYTES)
    return TRUE;
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "%u are listed already, with %" G_GSIZE_FORMAT
      " bytes; those without an end stay",
      self->lines.length, self->bytes);
  return FALSE;
}

gboolean
gst_arcly_hls_ranges_add (GstArclyHlsRanges *self,
    const GstArclyHlsRange *range, gint64 start, gint64 front,
    GstArclyHlsRangePlace place, gchar **line, GError **error)
{
  const gchar *id = gst_arcly_hls_range_get_id (range);
  Known *known = id ? g_hash_table_lookup (self->known, id) : NULL;
  /* All that will be known. */
  g_autoptr (GstArclyHlsRange) whole = gst_arcly_hls_range_new ();
  g_autofree gchar *text = NULL;

  *line = NULL;
  if (known && !gst_arcly_hls_range_merge (whole, known->range, error))
    return FALSE;
  if (!known && gst_arcly_hls_range_get_start (range) == G_MININT64 &&
      !gst_arcly_hls_range_set_date (whole, "START-DATE", start, error))
    return FALSE;
  if (!gst_arcly_hls_range_merge (whole, range, error))
    return FALSE;
  if (!known && find_end (self, whole) <= front)
    return fail (error, "is over before what is listed");
  text = gst_arcly_hls_range_write (whole, known ? known->range : NULL);
  if (!text)
    return TRUE;
  if (!has_room (self, text, error))
    return FALSE;
  if (!known) {
    known = g_new0 (Known, 1);
    known->range = g_steal_pointer (&whole);
    known->start = gst_arcly_hls_range_get_start (known->range);
    g_hash_table_insert (self->known,
        (gpointer) gst_arcly_hls_range_get_id (known->range), known);
  } else if (!gst_arcly_hls_range_merge (known->range, range, error)) {
    return FALSE;
  }
  append (self, known, text, place);
  *line = g_steal_pointer (&text);
  return TRUE;
}

void
gst_arcly_hls_ranges_prune (GstArclyHlsRanges *self, gint64 front)
{
  GList *item = self->lines.head, *next;
  g_autoptr (GHashTable) over = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer value;

  if (front <= self->front)
    return;
  self->front = front;
  /* Before any goes: it may be what ends another. */
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    if (find_end (self, ((Known *) value)->range) <= front)
      g_hash_table_add (over, value);
  }
  for (; item; item = next) {
    next = item->next;
    if (g_hash_table_contains (over, ((Line *) item->data)->known))
      remove_line (self, item);
  }
}

const gchar *
gst_arcly_hls_ranges_find_missing (
    GstArclyHlsRanges *self, GstArclyHlsRanges *before, gint64 front)
{
  GList *item, *at = self->lines.head;

  for (item = before->lines.head; item; item = item->next) {
    const Line *line = item->data;

    if (at && g_str_equal (((Line *) at->data)->text, line->text))
      at = at->next;
    else if (find_end (before, line->known->range) > front &&
             find_end (self, line->known->range) > front)
      return line->text;
  }
  return NULL;
}

GList *
gst_arcly_hls_ranges_get_first (GstArclyHlsRanges *self)
{
  return self->lines.head;
}

static gboolean
is_behind (GstArclyHlsRangePlace a, GstArclyHlsRangePlace b)
{
  return a.sequence != b.sequence ? a.sequence > b.sequence : a.part > b.part;
}

GList *
gst_arcly_hls_ranges_render (
    GList *at, GstArclyHlsRangePlace place, GString *text)
{
  for (; at && !is_behind (((Line *) at->data)->place, place); at = at->next)
    g_string_append_printf (
        text, GST_ARCLY_HLS_RANGE_TAG "%s\n", ((Line *) at->data)->text);
  return at;
}
