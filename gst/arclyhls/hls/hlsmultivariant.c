/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "hlsmultivariant.h"

#define PLAYLIST "index.m3u8"

/* The first sound of this codec, whose number the group has. */
static guint
group_of (const GstArclyHlsVariant *variants, guint at)
{
  guint i;

  for (i = 0; i < at; i++) {
    if (!variants[i].is_video &&
        g_strcmp0 (variants[i].codecs, variants[at].codecs) == 0)
      break;
  }
  return i;
}

/* RFC 8216, 4.2: neither quotes nor line ends. */
static gchar *
clean (const gchar *text)
{
  gchar *copy = g_strdup (text);
  gchar *c;

  for (c = copy; *c; c++) {
    if (*c == '"' || g_ascii_iscntrl (*c))
      *c = ' ';
  }
  return g_strstrip (copy);
}

static gboolean
is_language (const gchar *text)
{
  return text && text[0] != '\0' &&
         strspn (text, "-0123456789abcdefghijklmnopqrstuvwxyz"
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen (text);
}

/* RFC 8216, 4.3.4.1.1: no two of a group have one name. */
static gchar *
make_name (const GstArclyHlsVariant *variants, guint at)
{
  const GstArclyHlsVariant *own = &variants[at];
  const gchar *wanted = own->title ? own->title : own->language;
  guint i;

  for (i = 0; i < at && wanted; i++) {
    if (!variants[i].is_video &&
        (g_strcmp0 (variants[i].title, wanted) == 0 ||
            g_strcmp0 (variants[i].language, wanted) == 0))
      wanted = NULL;
  }
  return clean (wanted ? wanted : own->folder);
}

static void
render_media (const GstArclyHlsVariant *variants, guint at, GString *text)
{
  const GstArclyHlsVariant *own = &variants[at];
  g_autofree gchar *name = make_name (variants, at);
  guint group = group_of (variants, at);

  g_string_append_printf (text,
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-%u\",NAME=\"%s\"", group, name);
  if (is_language (own->language))
    g_string_append_printf (text, ",LANGUAGE=\"%s\"", own->language);
  g_string_append_printf (
      text, ",DEFAULT=%s,AUTOSELECT=YES", group == at ? "YES" : "NO");
  if (own->channels > 0)
    g_string_append_printf (text, ",CHANNELS=\"%u\"", own->channels);
  g_string_append_printf (text, ",URI=\"%s/" PLAYLIST "\"\n", own->folder);
}

/* RFC 8216, 4.3.4.2: what a player needs at most: any sound of the group. */
static void
add_group (const GstArclyHlsVariant *variants, guint n, guint group,
    guint64 *peak, guint64 *average)
{
  guint64 most = 0, most_average = 0;
  guint i;

  for (i = group; i < n; i++) {
    if (variants[i].is_video || group_of (variants, i) != group)
      continue;
    most = MAX (most, variants[i].peak);
    most_average = MAX (most_average, variants[i].average);
  }
  *peak += most;
  *average += most_average;
}

/* @group is that of a sound, or @n for none; @at may be its first. */
static void
render_variant (const GstArclyHlsVariant *variants, guint n, guint at,
    guint group, GString *text)
{
  const GstArclyHlsVariant *own = &variants[at];
  const gchar *sound = group < n && own->is_video ? variants[group].codecs : "";
  guint64 peak = own->is_video ? own->peak : 0;
  guint64 average = own->is_video ? own->average : 0;

  if (group < n)
    add_group (variants, n, group, &peak, &average);
  g_string_append_printf (text,
      "#EXT-X-STREAM-INF:BANDWIDTH=%" G_GUINT64_FORMAT
      ",AVERAGE-BANDWIDTH=%" G_GUINT64_FORMAT,
      peak, average);
  /* RFC 8216, 4.3.4.2: all of them, or none. */
  if (own->codecs && sound)
    g_string_append_printf (
        text, ",CODECS=\"%s%s%s\"", own->codecs, sound[0] ? "," : "", sound);
  if (own->width > 0 && own->height > 0)
    g_string_append_printf (text, ",RESOLUTION=%ux%u", own->width, own->height);
  if (own->fps_n > 0 && own->fps_d > 0) {
    guint64 rate =
        (own->fps_n * G_GUINT64_CONSTANT (1000) + own->fps_d / 2) / own->fps_d;

    g_string_append_printf (text,
        ",FRAME-RATE=%" G_GUINT64_FORMAT ".%03" G_GUINT64_FORMAT, rate / 1000,
        rate % 1000);
  }
  if (group < n)
    g_string_append_printf (text, ",AUDIO=\"audio-%u\"", group);
  g_string_append_printf (text, "\n%s/" PLAYLIST "\n", own->folder);
}

gchar *
gst_arcly_hls_multivariant_render (
    const GstArclyHlsVariant *variants, guint n_variants)
{
  /* LANGUAGE and the like need no version; RFC 8216, 7. */
  GString *text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:4\n");
  guint i, k;
  gboolean has_video = FALSE, has_sound = FALSE;

  for (i = 0; i < n_variants; i++) {
    has_video |= variants[i].is_video;
    has_sound |= !variants[i].is_video;
    if (!variants[i].is_video)
      render_media (variants, i, text);
  }
  for (i = 0; i < n_variants; i++) {
    if (!variants[i].is_video) {
      if (!has_video && group_of (variants, i) == i)
        render_variant (variants, n_variants, i, i, text);
      continue;
    }
    if (!has_sound)
      render_variant (variants, n_variants, i, n_variants, text);
    for (k = 0; k < n_variants; k++) {
      if (!variants[k].is_video && group_of (variants, k) == k)
        render_variant (variants, n_variants, i, k, text);
    }
  }
  return g_string_free (text, FALSE);
}
