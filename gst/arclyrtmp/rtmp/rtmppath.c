/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmppath.h"

guint
gst_arcly_rtmp_path_append (GString *path, const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", -1);
  guint n_parts = 0, i;

  for (i = 0; parts[i]; i++) {
    g_autofree gchar *plain = g_uri_unescape_string (parts[i], "/");

    if (parts[i][0] == '\0')
      continue;
    if (path->len > 0)
      g_string_append_c (path, '/');
    g_string_append (
        path, plain && g_utf8_validate (plain, -1, NULL) ? plain : parts[i]);
    n_parts++;
  }
  return n_parts;
}
