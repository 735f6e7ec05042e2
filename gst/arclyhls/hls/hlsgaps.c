/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "hlsgaps.h"

#define GAP "#EXT-X-GAP\n"
#define MAP "#EXT-X-MAP:URI=\""
#define VERSION_TAG "#EXT-X-VERSION:"
/* rfc8216bis, 8: the first that has EXT-X-GAP. */
#define GAP_VERSION 8

typedef struct {
  GHashTable *lost;
  GHashTable *named; /* (element-type utf8): those that the text has */
  GString *text;
  gboolean map_is_lost; /* the one that counts */
  gboolean is_gap;      /* the segment that is being read, already */
  gsize duration_at;    /* its EXTINF; 0 if it has none */
  gsize version_at;     /* 0 as well */
  gboolean changed;
} Marker;

static gboolean
is_lost (Marker *marker, const gchar *name)
{
  if (!g_hash_table_contains (marker->lost, name))
    return FALSE;
  g_hash_table_add (marker->named, g_strdup (name));
  return TRUE;
}

static void
mark_line (Marker *marker, const gchar *line)
{
  gsize at = marker->text->len;

  if (g_str_equal (line, "#EXT-X-GAP")) {
    marker->is_gap = TRUE;
  } else if (g_str_has_prefix (line, "#EXTINF:")) {
    marker->duration_at = at;
  } else if (g_str_has_prefix (line, VERSION_TAG)) {
    marker->version_at = at;
  } else if (g_str_has_prefix (line, MAP)) {
    const gchar *uri = line + strlen (MAP);
    g_autofree gchar *name = g_strndup (uri, strcspn (uri, "\""));

    marker->map_is_lost = is_lost (marker, name);
  } else if (line[0] != '#' && line[0] != '\0') {
    gboolean lost = is_lost (marker, line) || marker->map_is_lost;

    if (lost && !marker->is_gap && marker->duration_at > 0) {
      g_string_insert (marker->text, (gssize) marker->duration_at, GAP);
      marker->changed = TRUE;
    }
    marker->is_gap = FALSE;
    marker->duration_at = 0;
  }
  g_string_append_printf (marker->text, "%s\n", line);
}

static void
raise_version (Marker *marker)
{
  gchar *number = marker->text->str + marker->version_at + strlen (VERSION_TAG);
  g_autofree gchar *needed = NULL;
  gsize at = number - marker->text->str;

  if (marker->version_at == 0 ||
      g_ascii_strtoull (number, NULL, 10) >= GAP_VERSION)
    return;
  needed = g_strdup_printf ("%u", GAP_VERSION);
  g_string_erase (marker->text, (gssize) at, (gssize) strcspn (number, "\n"));
  g_string_insert (marker->text, (gssize) at, needed);
}

/* What was not named yet may be: an init segment is there before the first
 * segment that needs it is listed. */
static void
forget (Marker *marker)
{
  GHashTableIter iter;
  gpointer name, was_named;

  g_hash_table_iter_init (&iter, marker->lost);
  while (g_hash_table_iter_next (&iter, &name, &was_named)) {
    if (g_hash_table_contains (marker->named, name))
      g_hash_table_iter_replace (&iter, GINT_TO_POINTER (1));
    else if (was_named)
      g_hash_table_iter_remove (&iter);
  }
}

gchar *
gst_arcly_hls_gaps_mark (const gchar *text, gsize size, GHashTable *lost)
{
  g_autoptr (GHashTable) named =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Marker marker = { .lost = lost, .named = named };
  const gchar *end = text + size;

  if (g_hash_table_size (lost) == 0)
    return NULL;
  marker.text = g_string_sized_new (size + 256);
  while (text < end) {
    const gchar *newline = memchr (text, '\n', end - text);
    gsize length = (newline ? newline : end) - text;
    g_autofree gchar *line = g_strndup (text, length);

    mark_line (&marker, line);
    text += length + 1;
  }
  if (marker.changed)
    raise_version (&marker);
  forget (&marker);
  return g_string_free (marker.text, !marker.changed);
}
