/* SPDX-License-Identifier: MIT
 *
 * One state of a live playlist, and what clients may ask of it. */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include <gst/arcly/http/gstarclyhttporiginprivate.h>

/* No number of a segment comes near it, and no sum overflows. */
#define MAX_MSN (G_GUINT64_CONSTANT (1) << 53)
#define MAX_PART 1000000
#define MAX_QUERY 2048
/* rfc8216bis, 6.2.5.2: a client may be that far ahead. */
#define MAX_SEGMENTS_AHEAD 2

/* Text as it is, and compressed. */
typedef struct {
  GBytes *plain; /* NULL if there is none */
  GBytes *gzip;  /* NULL if it was not asked for, or is no smaller */
  gboolean tried;
} Text;

struct _GstArclyHttpSnapshot {
  _Atomic guint refs; /* not GLib's: sanitizers see no order in those */
  /* Constant. */
  guint64 next;
  guint open_parts, last_parts, advance_limit, target_duration;
  gboolean ended;
  gint64 time;
  gchar *etag;
  /* lock: servers compress, one of them does. */
  GMutex lock;
  Text texts[2]; /* full, delta */
};

static void
set_text (Text *text, const gchar *string)
{
  text->plain = string ? g_bytes_new (string, strlen (string)) : NULL;
}

GstArclyHttpSnapshot *
gst_arcly_http_snapshot_new (
    const GstArclyHttpPlaylist *playlist, guint32 id, guint64 serial)
{
  GstArclyHttpSnapshot *self = g_new0 (GstArclyHttpSnapshot, 1);

  atomic_init (&self->refs, 1);
  g_mutex_init (&self->lock);
  self->next = playlist->next;
  self->open_parts = playlist->open_parts;
  self->last_parts = playlist->last_parts;
  self->advance_limit = playlist->advance_limit;
  self->target_duration = playlist->target_duration;
  self->ended = playlist->ended;
  self->time = g_get_monotonic_time ();
  self->etag = g_strdup_printf ("\"%08x-%" G_GINT64_MODIFIER "x\"", id, serial);
  set_text (&self->texts[FALSE], playlist->full);
  set_text (&self->texts[TRUE], playlist->delta);
  return self;
}

GstArclyHttpSnapshot *
gst_arcly_http_snapshot_ref (GstArclyHttpSnapshot *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

static void
clear_text (Text *text)
{
  g_clear_pointer (&text->plain, g_bytes_unref);
  g_clear_pointer (&text->gzip, g_bytes_unref);
}

void
gst_arcly_http_snapshot_unref (GstArclyHttpSnapshot *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) > 1)
    return;
  clear_text (&self->texts[FALSE]);
  clear_text (&self->texts[TRUE]);
  g_mutex_clear (&self->lock);
  g_free (self->etag);
  g_free (self);
}

static GBytes *
compress (GBytes *plain)
{
  g_autoptr (GZlibCompressor) compressor =
      g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);
  gsize size, n_read, n_written;
  gconstpointer data = g_bytes_get_data (plain, &size);
  g_autofree guint8 *out = g_malloc (MAX (size, 1));

  /* More than fits would be of no use. */
  if (g_converter_convert (G_CONVERTER (compressor), data, size, out, size,
          G_CONVERTER_INPUT_AT_END, &n_read, &n_written,
          NULL) != G_CONVERTER_FINISHED)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&out), n_written);
}

GBytes *
gst_arcly_http_snapshot_get_text (
    GstArclyHttpSnapshot *self, gboolean delta, gboolean gzip)
{
  Text *text = &self->texts[delta && self->texts[TRUE].plain];

  if (!gzip)
    return text->plain;
  g_mutex_lock (&self->lock);
  if (!text->tried)
    text->gzip = compress (text->plain);
  text->tried = TRUE;
  g_mutex_unlock (&self->lock);
  return text->gzip;
}

const gchar *
gst_arcly_http_snapshot_get_etag (GstArclyHttpSnapshot *self)
{
  return self->etag;
}

guint
gst_arcly_http_snapshot_get_target_duration (GstArclyHttpSnapshot *self)
{
  return self->target_duration;
}

gboolean
gst_arcly_http_snapshot_is_ended (GstArclyHttpSnapshot *self)
{
  return self->ended;
}

gint64
gst_arcly_http_snapshot_get_time (GstArclyHttpSnapshot *self)
{
  return self->time;
}

/* rfc8216bis, 6.2.5.2. A part behind the last of a segment that is whole is the
 * first of the next one. */
GstArclyHttpJudgement
gst_arcly_http_snapshot_judge (
    GstArclyHttpSnapshot *self, const GstArclyHttpReload *reload)
{
  guint64 msn = reload->msn;
  guint part = reload->part;

  if (!reload->blocks || self->ended || msn + 1 < self->next)
    return GST_ARCLY_HTTP_RELOAD_NOW;
  if (msn + 1 == self->next) {
    if (part < MAX (self->last_parts, 1))
      return GST_ARCLY_HTTP_RELOAD_NOW;
    msn++;
    part -= MAX (self->last_parts, 1);
  }
  if (msn == self->next && part < self->open_parts)
    return GST_ARCLY_HTTP_RELOAD_NOW;
  /* "next" is the last whole one plus one. */
  if (msn + 1 > self->next + MAX_SEGMENTS_AHEAD)
    return GST_ARCLY_HTTP_RELOAD_TOO_FAR;
  if (part > (msn == self->next ? self->open_parts : 0) + self->advance_limit)
    return GST_ARCLY_HTTP_RELOAD_TOO_FAR;
  return GST_ARCLY_HTTP_RELOAD_WAIT;
}

static gboolean
parse_number (const gchar *value, guint64 max, guint64 *number)
{
  return g_ascii_isdigit (value[0]) &&
         g_ascii_string_to_unsigned (value, 10, 0, max, number, NULL);
}

typedef struct {
  gboolean has_msn, has_part, has_skip;
} Seen;

static gboolean
parse_parameter (GstArclyHttpReload *reload, Seen *seen, const gchar *name,
    const gchar *value)
{
  guint64 part;

  if (g_str_equal (name, "_HLS_msn")) {
    if (seen->has_msn || !parse_number (value, MAX_MSN, &reload->msn))
      return FALSE;
    seen->has_msn = reload->blocks = TRUE;
  } else if (g_str_equal (name, "_HLS_part")) {
    if (seen->has_part || !parse_number (value, MAX_PART, &part))
      return FALSE;
    seen->has_part = TRUE;
    reload->part = (guint) part;
  } else if (g_str_equal (name, "_HLS_skip")) {
    if (seen->has_skip ||
        (!g_str_equal (value, "YES") && !g_str_equal (value, "v2")))
      return FALSE;
    seen->has_skip = reload->skip = TRUE;
  }
  return TRUE;
}

gboolean
gst_arcly_http_reload_parse (GstArclyHttpReload *reload, const gchar *query)
{
  g_auto (GStrv) parameters = NULL;
  Seen seen = { FALSE, FALSE, FALSE };
  guint i;

  memset (reload, 0, sizeof *reload);
  if (!query)
    return TRUE;
  if (strlen (query) > MAX_QUERY)
    return FALSE;
  parameters = g_strsplit (query, "&", -1);
  for (i = 0; parameters[i]; i++) {
    gchar *value = strchr (parameters[i], '=');

    if (value)
      *value++ = '\0';
    if (!parse_parameter (reload, &seen, parameters[i], value ? value : ""))
      return FALSE;
  }
  /* Rule U9: without a part it is the first. A part without a segment is none
   * (rfc8216bis, 6.2.5.2). */
  return seen.has_msn || !seen.has_part;
}
