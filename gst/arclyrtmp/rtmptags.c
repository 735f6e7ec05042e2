/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "rtmptags.h"

/* Beyond this a rate is a mistake of the publisher. */
#define MAX_KBITS 1000000.0

static const struct {
  const gchar *name;
  const gchar *tag;
} strings[] = {
  { "encoder", GST_TAG_ENCODER },
  { "title", GST_TAG_TITLE },
  { "artist", GST_TAG_ARTIST },
  { "album", GST_TAG_ALBUM },
  { "genre", GST_TAG_GENRE },
  { "description", GST_TAG_DESCRIPTION },
  { "comment", GST_TAG_COMMENT },
  { "copyright", GST_TAG_COPYRIGHT },
  { "keywords", GST_TAG_KEYWORDS },
  { "language", GST_TAG_LANGUAGE_CODE },
};

/* About the tracks, and so in their caps; or untrue of a stream that is sent
 * on. */
static const gchar *const not_tags[] = { "width", "height", "framerate",
  "videocodecid", "audiocodecid", "videodatarate", "audiodatarate",
  "audiosamplerate", "audiosamplesize", "audiochannels", "stereo", "duration",
  "filesize", NULL };

static const gchar *const bitrates[] = { GST_TAG_BITRATE,
  GST_TAG_NOMINAL_BITRATE, GST_TAG_MINIMUM_BITRATE, GST_TAG_MAXIMUM_BITRATE };

/* ---- reading ---- */

static const gchar *
find_tag (const gchar *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (strings); i++) {
    if (strcmp (strings[i].name, name) == 0)
      return strings[i].tag;
  }
  return NULL;
}

/* As short as it is exact enough for what people write. */
static const gchar *
print_number (gdouble number, gchar text[G_ASCII_DTOSTR_BUF_SIZE])
{
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.15g", number);
}

/* NULL: it is nothing that fits in a comment. */
static gchar *
print_comment (const gchar *name, const GstArclyAmfValue *value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  const gchar *text = NULL;

  switch (gst_arcly_amf_value_type (value)) {
    case GST_ARCLY_AMF_NUMBER:
      text = print_number (gst_arcly_amf_value_number (value, 0), number);
      break;
    case GST_ARCLY_AMF_BOOLEAN:
      text = gst_arcly_amf_value_boolean (value, FALSE) ? "true" : "false";
      break;
    case GST_ARCLY_AMF_STRING:
      text = gst_arcly_amf_value_string (value);
      break;
    default:
      break;
  }
  if (text == NULL || *name == '\0' || strchr (name, '=') ||
      g_strv_contains (not_tags, name) ||
      strlen (name) + strlen (text) >= GST_ARCLY_RTMP_MAX_COMMENT_SIZE)
    return NULL;
  return g_strconcat (name, "=", text, NULL);
}

static void
add_member (GstTagList *tags, const gchar *name, const GstArclyAmfValue *value,
    guint *n_comments)
{
  const gchar *tag = find_tag (name);
  const gchar *text = gst_arcly_amf_value_string (value);
  g_autofree gchar *comment = NULL;

  if (tag) {
    if (text && *text)
      gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, tag, text, NULL);
    return;
  }
  if (*n_comments == GST_ARCLY_RTMP_MAX_COMMENTS)
    return;
  comment = print_comment (name, value);
  if (comment == NULL)
    return;
  gst_tag_list_add (
      tags, GST_TAG_MERGE_APPEND, GST_TAG_EXTENDED_COMMENT, comment, NULL);
  (*n_comments)++;
}

GstTagList *
gst_arcly_rtmp_tags_read (
    const GstArclyAmfValue *metadata, const gchar *bitrate_key)
{
  g_autoptr (GstTagList) tags = gst_tag_list_new_empty ();
  gdouble kbits = gst_arcly_amf_value_get_number (metadata, bitrate_key, 0);
  guint i, n_comments = 0;

  for (i = 0; i < gst_arcly_amf_value_n_members (metadata); i++) {
    const gchar *name = NULL;
    const GstArclyAmfValue *value =
        gst_arcly_amf_value_member (metadata, i, &name);

    if (name)
      add_member (tags, name, value, &n_comments);
  }
  if (kbits >= 1 && kbits <= MAX_KBITS)
    gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, GST_TAG_BITRATE,
        (guint) (kbits * 1000 + 0.5), NULL);
  return gst_tag_list_is_empty (tags) ? NULL : g_steal_pointer (&tags);
}

/* ---- writing ---- */

static gboolean
has_member (const GstArclyAmfValue *metadata, const gchar *name)
{
  return gst_arcly_amf_value_get (metadata, name) != NULL;
}

/* What would be written in the same way is what it was. */
static GstArclyAmfValue *
parse_value (const gchar *text)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  gchar *end = NULL;
  gdouble value = g_ascii_strtod (text, &end);

  if (strcmp (text, "true") == 0 || strcmp (text, "false") == 0)
    return gst_arcly_amf_value_new_boolean (*text == 't');
  if (end != text && *end == '\0' &&
      strcmp (print_number (value, number), text) == 0)
    return gst_arcly_amf_value_new_number (value);
  return gst_arcly_amf_value_new_string (text);
}

static void
add_comments (const GstTagList *tags, GstArclyAmfValue *metadata)
{
  guint i, n = gst_tag_list_get_tag_size (tags, GST_TAG_EXTENDED_COMMENT);

  for (i = 0; i < MIN (n, GST_ARCLY_RTMP_MAX_COMMENTS); i++) {
    const gchar *comment = NULL;
    g_autofree gchar *name = NULL;
    const gchar *equals;

    if (!gst_tag_list_peek_string_index (
            tags, GST_TAG_EXTENDED_COMMENT, i, &comment) ||
        strlen (comment) > GST_ARCLY_RTMP_MAX_COMMENT_SIZE)
      continue;
    equals = strchr (comment, '=');
    if (equals == NULL || equals == comment)
      continue;
    name = g_strndup (comment, equals - comment);
    if (!has_member (metadata, name))
      gst_arcly_amf_value_add (metadata, name, parse_value (equals + 1));
  }
}

void
gst_arcly_rtmp_tags_describe (const GstTagList *tags, const gchar *bitrate_key,
    GstArclyAmfValue *metadata)
{
  guint bitrate = 0, i;

  if (tags == NULL)
    return;
  for (i = 0; i < G_N_ELEMENTS (strings); i++) {
    const gchar *text = NULL;

    if (gst_tag_list_peek_string_index (tags, strings[i].tag, 0, &text) &&
        strlen (text) <= GST_ARCLY_RTMP_MAX_COMMENT_SIZE &&
        !has_member (metadata, strings[i].name))
      gst_arcly_amf_value_add_string (metadata, strings[i].name, text);
  }
  if (!has_member (metadata, bitrate_key) &&
      (gst_tag_list_get_uint (tags, GST_TAG_NOMINAL_BITRATE, &bitrate) ||
          gst_tag_list_get_uint (tags, GST_TAG_BITRATE, &bitrate)))
    gst_arcly_amf_value_add_number (metadata, bitrate_key, bitrate / 1000.0);
  add_comments (tags, metadata);
}

static GstTagList *
without_bitrates (const GstTagList *tags)
{
  GstTagList *copy =
      tags ? gst_tag_list_copy (tags) : gst_tag_list_new_empty ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bitrates); i++)
    gst_tag_list_remove_tag (copy, bitrates[i]);
  return copy;
}

gboolean
gst_arcly_rtmp_tags_are_news (const GstTagList *before, const GstTagList *tags)
{
  g_autoptr (GstTagList) old = without_bitrates (before);
  g_autoptr (GstTagList) new = without_bitrates (tags);

  return !gst_tag_list_is_equal (old, new);
}
