/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "hlsranges.h"
#include "hlsread.h"

#define NS_PER_SECOND 1000000000.0
/* The year 9999: dates that follow have four digits, too. */
#define MAX_UNIX_TIME G_GINT64_CONSTANT (253370764800)

typedef struct {
  GstArclyHlsContent *content;
  GstArclyHlsSegment next;
  gboolean has_duration;
  gboolean has_date_time;
  gboolean in_segments;
  gboolean has_map;
  GstArclyHlsName map; /* that counts, if there is one */
} Reader;

/* Each takes what stands behind the colon. */
typedef gboolean (*ReadTag) (Reader *reader, const gchar *value);

static gboolean
read_number (const gchar *value, guint64 max, guint64 *number)
{
  return g_ascii_string_to_unsigned (value, 10, 0, max, number, NULL);
}

static gboolean
read_target_duration (Reader *reader, const gchar *value)
{
  guint64 number;

  if (!read_number (value, GST_ARCLY_HLS_MAX_TARGET_DURATION, &number))
    return FALSE;
  reader->content->target_duration = (guint) number;
  return TRUE;
}

/* Ours has this one attribute, with three decimals. */
static gboolean
read_part_inf (Reader *reader, const gchar *value)
{
  static const gchar name[] = "PART-TARGET=";
  const gchar *digits = value + strlen (name);
  gdouble seconds;

  if (!g_str_has_prefix (value, name) || !g_ascii_isdigit (digits[0]) ||
      strspn (digits, "0123456789.") != strlen (digits))
    return FALSE;
  seconds = g_ascii_strtod (digits, NULL);
  if (seconds > GST_ARCLY_HLS_MAX_TARGET_DURATION)
    return FALSE;
  reader->content->part_target =
      (gint64) (seconds * 1000 + 0.5) * G_GINT64_CONSTANT (1000000);
  return TRUE;
}

static gboolean
read_gap (Reader *reader, const gchar *value)
{
  reader->in_segments = TRUE;
  reader->next.gap = TRUE;
  return TRUE;
}

/* RFC 8216, 4.3.3.2 and 4.3.3.3: before the first segment. */
static gboolean
read_media_sequence (Reader *reader, const gchar *value)
{
  return !reader->in_segments && read_number (value, GST_ARCLY_HLS_MAX_SEQUENCE,
                                     &reader->content->sequence);
}

static gboolean
read_discontinuity_sequence (Reader *reader, const gchar *value)
{
  return !reader->in_segments && read_number (value, GST_ARCLY_HLS_MAX_SEQUENCE,
                                     &reader->content->discontinuity_sequence);
}

static gboolean
read_type (Reader *reader, const gchar *value)
{
  if (g_str_equal (value, "EVENT"))
    reader->content->type = GST_ARCLY_HLS_EVENT;
  else if (g_str_equal (value, "VOD"))
    reader->content->type = GST_ARCLY_HLS_VOD;
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_independent (Reader *reader, const gchar *value)
{
  reader->content->independent = TRUE;
  return TRUE;
}

static gboolean
read_discontinuity (Reader *reader, const gchar *value)
{
  reader->in_segments = TRUE;
  reader->next.discontinuity = TRUE;
  return TRUE;
}

static gboolean
read_date_time (Reader *reader, const gchar *value)
{
  g_autoptr (GDateTime) date_time = g_date_time_new_from_iso8601 (value, NULL);

  if (!date_time || g_date_time_to_unix (date_time) < 0 ||
      g_date_time_to_unix (date_time) > MAX_UNIX_TIME)
    return FALSE;
  reader->in_segments = TRUE;
  reader->has_date_time = TRUE;
  reader->next.date_time = g_date_time_to_unix (date_time) * G_USEC_PER_SEC +
                           g_date_time_get_microsecond (date_time);
  return TRUE;
}

static gboolean
read_duration (Reader *reader, const gchar *value)
{
  gchar *end = NULL;
  gdouble seconds;

  /* No sign, hex or infinity, which strtod knows. */
  if (!g_ascii_isdigit (value[0]) ||
      strspn (value, "0123456789.") != strcspn (value, ","))
    return FALSE;
  seconds = g_ascii_strtod (value, &end);
  if (*end != ',' || seconds > GST_ARCLY_HLS_MAX_TARGET_DURATION + 1)
    return FALSE;
  reader->in_segments = TRUE;
  reader->has_duration = TRUE;
  reader->next.duration = (gint64) (seconds * NS_PER_SECOND + 0.5);
  return TRUE;
}

/* Numbers do not go back: it is deleted when the segments that need it are. */
static gboolean
read_map (Reader *reader, const gchar *value)
{
  static const gchar name[] = "URI=\"";
  guint64 before = reader->has_map ? reader->map.sequence : 0;
  g_autofree gchar *uri = NULL;

  if (!g_str_has_prefix (value, name) || !g_str_has_suffix (value, "\"") ||
      strlen (value) <= strlen (name))
    return FALSE;
  uri = g_strndup (value + strlen (name), strlen (value) - strlen (name) - 1);
  reader->in_segments = TRUE;
  reader->has_map = TRUE;
  return gst_arcly_hls_name_parse (&reader->map, uri) &&
         reader->map.kind == GST_ARCLY_HLS_INIT &&
         reader->map.sequence >= before;
}

/* More than we write are no playlist of ours. */
static gboolean
read_range (Reader *reader, const gchar *value)
{
  GstArclyHlsContent *content = reader->content;
  GstArclyHlsContentRange *range;
  GstArclyHlsRange *read = gst_arcly_hls_range_parse (value, NULL);

  if (!read)
    return FALSE;
  range = g_new0 (GstArclyHlsContentRange, 1);
  range->range = read;
  range->sequence = content->sequence + content->segments->len;
  g_ptr_array_add (content->ranges, range);
  reader->in_segments = TRUE;
  return content->ranges->len <= GST_ARCLY_HLS_MAX_RANGES;
}

static gboolean
read_end (Reader *reader, const gchar *value)
{
  reader->content->ended = TRUE;
  return TRUE;
}

static const struct {
  const gchar *name;
  ReadTag read;
} tags[] = {
  { "#EXT-X-TARGETDURATION", read_target_duration },
  { "#EXT-X-PART-INF", read_part_inf },
  { "#EXT-X-GAP", read_gap },
  { "#EXT-X-MEDIA-SEQUENCE", read_media_sequence },
  { "#EXT-X-DISCONTINUITY-SEQUENCE", read_discontinuity_sequence },
  { "#EXT-X-PLAYLIST-TYPE", read_type },
  { "#EXT-X-INDEPENDENT-SEGMENTS", read_independent },
  { "#EXT-X-DISCONTINUITY", read_discontinuity },
  { "#EXT-X-MAP", read_map },
  { "#EXT-X-PROGRAM-DATE-TIME", read_date_time },
  { "#EXT-X-DATERANGE", read_range },
  { "#EXTINF", read_duration },
  { "#EXT-X-ENDLIST", read_end },
};

static gboolean
read_tag (Reader *reader, const gchar *line)
{
  gsize length = strcspn (line, ":");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tags); i++) {
    if (strlen (tags[i].name) == length &&
        strncmp (line, tags[i].name, length) == 0)
      return tags[i].read (
          reader, line[length] == ':' ? line + length + 1 : "");
  }
  /* RFC 8216, 6.3.1: what is not known is ignored. */
  return TRUE;
}

/* RFC 8216, 3.3: fMP4 has an init segment. */
static gboolean
read_map_of (Reader *reader, const GstArclyHlsName *name)
{
  if (name->kind == GST_ARCLY_HLS_TS)
    return !reader->has_map;
  reader->next.map = reader->map.sequence;
  return name->kind == GST_ARCLY_HLS_FMP4 && reader->has_map &&
         reader->map.sequence <= name->sequence &&
         g_str_equal (reader->map.stamp, name->stamp);
}

/* Names and numbers must be ours: files are deleted by them. */
static gboolean
read_name (Reader *reader, const gchar *line)
{
  GstArclyHlsContent *content = reader->content;
  GstArclyHlsName name;

  if (!reader->has_duration || !reader->has_date_time ||
      !gst_arcly_hls_name_parse (&name, line) || !read_map_of (reader, &name) ||
      name.sequence != content->sequence + content->segments->len)
    return FALSE;
  if (content->segments->len == 0) {
    content->kind = name.kind;
    g_strlcpy (content->stamp, name.stamp, sizeof content->stamp);
  } else if (content->kind != name.kind ||
             !g_str_equal (content->stamp, name.stamp)) {
    return FALSE;
  }
  g_array_append_val (content->segments, reader->next);
  memset (&reader->next, 0, sizeof reader->next);
  reader->has_duration = reader->has_date_time = FALSE;
  return TRUE;
}

static gboolean
read_line (Reader *reader, const gchar *line)
{
  if (line[0] == '\0')
    return TRUE;
  if (reader->content->ended)
    return FALSE;
  return line[0] == '#' ? read_tag (reader, line) : read_name (reader, line);
}

static gboolean
invalid (GError **error, guint n_line, const gchar *what)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "line %u of the playlist: %s", n_line, what);
  return FALSE;
}

static void
free_range (gpointer data)
{
  gst_arcly_hls_range_free (((GstArclyHlsContentRange *) data)->range);
  g_free (data);
}

gboolean
gst_arcly_hls_content_parse (
    GstArclyHlsContent *content, const gchar *text, gsize size, GError **error)
{
  g_auto (GstArclyHlsContent) result = { 0 };
  Reader reader = { .content = &result };
  const gchar *end = text + size;
  guint n_line = 0;

  g_return_val_if_fail (text != NULL || size == 0, FALSE);

  result.segments = g_array_new (FALSE, FALSE, sizeof (GstArclyHlsSegment));
  result.ranges = g_ptr_array_new_with_free_func (free_range);
  while (text < end) {
    const gchar *newline = memchr (text, '\n', end - text);
    g_autofree gchar *line = NULL;

    if (!newline)
      return invalid (error, n_line + 1, "has no end");
    if (memchr (text, '\0', newline - text))
      return invalid (error, n_line + 1, "has a NUL");
    line = g_strndup (text, newline - text);
    text = newline + 1;
    n_line++;
    if (n_line == 1 && !g_str_equal (line, "#EXTM3U"))
      return invalid (error, n_line, "is not #EXTM3U");
    if (!read_line (&reader, line))
      return invalid (error, n_line, "not written by this element");
  }
  if (n_line == 0 || result.target_duration == 0)
    return invalid (error, n_line, "no target duration");

  *content = result;
  result.segments = NULL;
  result.ranges = NULL;
  return TRUE;
}

void
gst_arcly_hls_content_clear (GstArclyHlsContent *content)
{
  g_clear_pointer (&content->segments, g_array_unref);
  g_clear_pointer (&content->ranges, g_ptr_array_unref);
}
