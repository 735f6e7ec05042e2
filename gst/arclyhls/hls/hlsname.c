/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "hlsname.h"

static const struct {
  const gchar *prefix;
  const gchar *suffix;
} kinds[] = {
  [GST_ARCLY_HLS_TS] = { "segment-", ".ts" },
  [GST_ARCLY_HLS_FMP4] = { "segment-", ".m4s" },
  [GST_ARCLY_HLS_INIT] = { "init-", ".mp4" },
};

gchar *
gst_arcly_hls_name_format (
    GstArclyHlsKind kind, const gchar *stamp, guint64 sequence)
{
  return g_strdup_printf ("%s%s-%05" G_GUINT64_FORMAT "%s", kinds[kind].prefix,
      stamp, sequence, kinds[kind].suffix);
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

static gboolean
parse_kind (GstArclyHlsName *name, GstArclyHlsKind kind, const gchar *text)
{
  gsize suffix = strlen (kinds[kind].suffix);
  g_autofree gchar *digits = NULL;
  g_autofree gchar *again = NULL;
  const gchar *rest;

  if (!g_str_has_prefix (text, kinds[kind].prefix) ||
      !g_str_has_suffix (text, kinds[kind].suffix))
    return FALSE;
  rest = parse_stamp (text + strlen (kinds[kind].prefix), name->stamp);
  if (!rest || strlen (rest) < suffix)
    return FALSE;
  digits = g_strndup (rest, strlen (rest) - suffix);
  if (!g_ascii_string_to_unsigned (
          digits, 10, 0, GST_ARCLY_HLS_MAX_SEQUENCE, &name->sequence, NULL))
    return FALSE;
  name->kind = kind;
  again = gst_arcly_hls_name_format (kind, name->stamp, name->sequence);
  return g_str_equal (again, text);
}

gboolean
gst_arcly_hls_name_parse (GstArclyHlsName *name, const gchar *text)
{
  guint kind;

  for (kind = 0; kind < G_N_ELEMENTS (kinds); kind++) {
    if (parse_kind (name, kind, text))
      return TRUE;
  }
  return FALSE;
}
