/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "recordname.h"

#define STREAM "{stream}"
#define NUMBER "{number}"
#define NO_STREAM "stream"

static const gchar *
base_of (const gchar *path)
{
  const gchar *slash = strrchr (path, '/');

  return slash ? slash + 1 : path;
}

/* A dot in front hides a file, it begins no extension. */
static const gchar *
extension_of (const gchar *path)
{
  const gchar *base = base_of (path);

  return *base ? strrchr (base + 1, '.') : NULL;
}

static gboolean
fail (GError **error, const gchar *name, const gchar *why)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "\"%s\" is no name for recordings: %s", name, why);
  return FALSE;
}

/* By its name, another container than @extension is of. */
gboolean
gst_arcly_record_name_is_misleading (const gchar *name, const gchar *extension)
{
  static const gchar *const mp4[] = { ".mp4", ".m4a", ".m4s", ".m4v", ".mov",
    NULL };
  static const gchar *const ts[] = { ".ts", ".m2ts", ".mts", NULL };
  const gchar *found = extension_of (name);
  g_autofree gchar *lower = found ? g_ascii_strdown (found, -1) : NULL;

  return lower &&
         g_strv_contains (g_str_equal (extension, "ts") ? mp4 : ts, lower);
}

/* Braces other than ours are a misspelling. */
static gboolean
check_braces (const gchar *name)
{
  for (; *name; name++) {
    if (g_str_has_prefix (name, STREAM))
      name += strlen (STREAM) - 1;
    else if (g_str_has_prefix (name, NUMBER))
      name += strlen (NUMBER) - 1;
    else if (*name == '{' || *name == '}')
      return FALSE;
  }
  return TRUE;
}

static gboolean
climbs (const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);

  return g_strv_contains ((const gchar *const *) parts, "..");
}

gboolean
gst_arcly_record_name_check (const gchar *name, GError **error)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (0);
  g_autofree gchar *text = NULL;

  if (!name || !g_utf8_validate (name, -1, NULL))
    return fail (error, name ? "?" : "", "it is not UTF-8");
  if (base_of (name)[0] == '\0')
    return fail (error, name, "it ends with a folder");
  /* What retention deletes must be where the names say. */
  if (climbs (name))
    return fail (error, name, "\"..\" is not allowed in it");
  if (!check_braces (name))
    return fail (error, name, "only {stream} and {number} may be in braces");
  text = g_date_time_format (time, name);
  if (!text)
    return fail (error, name, "it has a conversion that is not known");
  /* GLib leaves out a lone % at the end. */
  if (base_of (text)[0] == '\0')
    return fail (error, name,
        "nothing is left of it: a lone % is left out, %% stands for one");
  return TRUE;
}

/* A stream's name may come from a stranger: it makes folders, but none above
 * and none that is hidden. */
static gchar *
tame (const gchar *stream)
{
  g_autofree gchar *valid =
      g_utf8_make_valid (stream && stream[0] ? stream : NO_STREAM, -1);
  g_auto (GStrv) parts = g_strsplit (valid, "/", -1);
  guint i;

  for (i = 0; parts[i]; i++) {
    gchar *c;

    for (c = parts[i]; *c; c++) {
      if (g_ascii_iscntrl (*c))
        *c = '_';
    }
    if (parts[i][0] == '.')
      parts[i][0] = '_';
    if (parts[i][0] == '\0') {
      g_free (parts[i]);
      parts[i] = g_strdup ("_");
    }
  }
  return g_strjoinv ("/", parts);
}

static gchar *
replace_stream (const gchar *name, const gchar *stream)
{
  g_autofree gchar *tamed = tame (stream);
  g_auto (GStrv) parts = g_strsplit (name, STREAM, -1);

  return g_strjoinv (tamed, parts);
}

gchar *
gst_arcly_record_name_expand (
    const gchar *name, const GstArclyRecordNameParts *parts)
{
  g_autofree gchar *dated = g_date_time_format (parts->time, name);
  g_autofree gchar *number =
      g_strdup_printf ("%05" G_GUINT64_FORMAT, parts->number);
  g_auto (GStrv) pieces = g_strsplit (dated, NUMBER, -1);
  g_autofree gchar *numbered = g_strjoinv (number, pieces);
  g_autofree gchar *path = replace_stream (numbered, parts->stream);

  if (extension_of (name))
    return g_steal_pointer (&path);
  return g_strconcat (path, ".", parts->extension, NULL);
}

gchar *
gst_arcly_record_name_folder (const gchar *name, const gchar *stream)
{
  const gchar *end = base_of (name);
  const gchar *percent = strchr (name, '%');
  const gchar *number = strstr (name, NUMBER);
  g_autofree gchar *fixed = NULL;
  g_autofree gchar *folder = NULL;

  if (percent && percent < end)
    end = percent;
  if (number && number < end)
    end = number;
  while (end > name && end[-1] != '/')
    end--;
  if (end == name)
    return g_strdup (".");
  fixed = g_strndup (name, end - name);
  folder = replace_stream (fixed, stream);
  while (strlen (folder) > 1 && g_str_has_suffix (folder, "/"))
    folder[strlen (folder) - 1] = '\0';
  return g_steal_pointer (&folder);
}

gchar *
gst_arcly_record_name_count (const gchar *path, guint count)
{
  const gchar *dot = extension_of (path);

  if (!dot)
    return g_strdup_printf ("%s-%u", path, count);
  return g_strdup_printf ("%.*s-%u%s", (int) (dot - path), path, count, dot);
}
