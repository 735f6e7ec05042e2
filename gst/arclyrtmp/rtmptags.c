/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "rtmpdata.h"
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
  "filesize", "keyframes", "videoTrackIdInfoMap", "audioTrackIdInfoMap", NULL };

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

/* Counts down @left. */
static gboolean
fits_json (const GstArclyAmfValue *value, guint depth, guint *left)
{
  guint i, n = gst_arcly_amf_value_n_members (value);

  if (*left == 0 || (n > 0 && depth == 0))
    return FALSE;
  (*left)--;
  /* JSON has nothing for what is no number. */
  if (!isfinite (gst_arcly_amf_value_number (value, 0)))
    return FALSE;
  for (i = 0; i < n; i++) {
    if (!fits_json (
            gst_arcly_amf_value_member (value, i, NULL), depth - 1, left))
      return FALSE;
  }
  return TRUE;
}

static gchar *
print_json (const GstArclyAmfValue *value)
{
  guint left = GST_ARCLY_RTMP_MAX_JSON_VALUES;
  g_autoptr (GVariant) variant = NULL;

  if (!fits_json (value, GST_ARCLY_RTMP_MAX_JSON_DEPTH, &left))
    return NULL;
  variant = g_variant_ref_sink (gst_arcly_rtmp_data_to_variant (value));
  return json_gvariant_serialize_data (variant, NULL);
}

/* NULL: it is nothing that fits in a comment. */
static gchar *
print_comment (const gchar *name, const GstArclyAmfValue *value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  gsize max_size = GST_ARCLY_RTMP_MAX_COMMENT_SIZE;
  g_autofree gchar *json = NULL;
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
    case GST_ARCLY_AMF_OBJECT:
    case GST_ARCLY_AMF_ECMA_ARRAY:
    case GST_ARCLY_AMF_STRICT_ARRAY:
      text = json = print_json (value);
      max_size = GST_ARCLY_RTMP_MAX_JSON_SIZE;
      break;
    default:
      break;
  }
  if (text == NULL || *name == '\0' || strchr (name, '=') ||
      g_strv_contains (not_tags, name) ||
      strlen (name) + strlen (text) >= max_size)
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

static gboolean
looks_like_json (const gchar *text)
{
  guint n_open = 0;
  const gchar *p;

  if (*text != '{' && *text != '[')
    return FALSE;
  /* It is no deeper than that: the parser calls itself. */
  for (p = text; *p; p++)
    n_open += *p == '{' || *p == '[';
  return n_open <= GST_ARCLY_RTMP_MAX_JSON_VALUES;
}

/* NULL: it is no object and no array, or none that we would have read. */
static GstArclyAmfValue *
parse_json (const gchar *text)
{
  guint left = GST_ARCLY_RTMP_MAX_JSON_VALUES;
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GstArclyAmfValue) value = NULL;

  if (!looks_like_json (text))
    return NULL;
  /* Not json_gvariant_deserialize_data(): of what is no JSON it leaks a parser
   * (json-glib 1.6). */
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, -1, NULL))
    return NULL;
  variant =
      json_gvariant_deserialize (json_parser_get_root (parser), NULL, NULL);
  if (variant == NULL)
    return NULL;
  g_variant_ref_sink (variant);
  value = gst_arcly_rtmp_data_from_variant (variant);
  if (!fits_json (value, GST_ARCLY_RTMP_MAX_JSON_DEPTH, &left))
    return NULL;
  return g_steal_pointer (&value);
}

/* What would be written in the same way is what it was. */
static GstArclyAmfValue *
parse_value (const gchar *text)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  gchar *end = NULL;
  gdouble value = g_ascii_strtod (text, &end);
  GstArclyAmfValue *json = parse_json (text);

  if (json)
    return json;
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
        strlen (comment) > GST_ARCLY_RTMP_MAX_JSON_SIZE)
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
