/* SPDX-License-Identifier: MIT
 *
 * How content becomes an answer (RFC 9110). */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

/* RFC 8246: the name of a segment never gets other content. */
#define CACHE_FOREVER "public, max-age=31536000, immutable"

/* What else is in a folder is nobody's business. */
static const GstArclyHttpType file_types[] = {
  /* RFC 8216, 4. A second is enough for a cache in front, and nothing to a
   * player. */
  { ".m3u8", "application/vnd.apple.mpegurl", "public, max-age=1" },
  { ".ts", "video/mp2t", CACHE_FOREVER }, /* RFC 3555 */
  { ".m4s", "video/iso.segment", CACHE_FOREVER },
  { ".mp4", "video/mp4", CACHE_FOREVER }, /* RFC 4337 */
};

const GstArclyHttpType *
gst_arcly_http_find_type (const gchar *path)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (file_types); i++) {
    if (g_str_has_suffix (path, file_types[i].suffix))
      return &file_types[i];
  }
  return NULL;
}

const gchar *
gst_arcly_http_date_now (GstArclyHttpDate *date)
{
  gint64 second = g_get_real_time () / G_USEC_PER_SEC;

  if (second != date->second) {
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree gchar *text = soup_date_time_to_string (now, SOUP_DATE_HTTP);

    g_strlcpy (date->text, text, sizeof date->text);
    date->second = second;
  }
  return date->text;
}

void
gst_arcly_http_answer_text (
    GstArclyHttpMessage *message, guint status, const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  message->status = status;
  gst_arcly_http_set_header (
      message, "Content-Type", "text/plain; charset=utf-8");
  gst_arcly_http_message_append (message, bytes);
}

void
gst_arcly_http_answer_bytes (GstArclyHttpMessage *message, GBytes *bytes,
    const gchar *type, const gchar *cache_control)
{
  message->status = SOUP_STATUS_OK;
  gst_arcly_http_set_header (message, "Cache-Control", cache_control);
  gst_arcly_http_set_header (message, "Content-Type", type);
  gst_arcly_http_message_append (message, bytes);
}

/* RFC 9110, 13.1.2: a list of tags, or "*". Ours hold no comma. */
static gboolean
client_has (GstArclyHttpMessage *message, const gchar *etag)
{
  const gchar *have = message->if_none_match;

  return have && (strstr (have, etag) || g_str_equal (have, "*"));
}

gboolean
gst_arcly_http_answer_not_modified (
    GstArclyHttpMessage *message, const gchar *etag, const gchar *cache_control)
{
  gst_arcly_http_set_header (message, "ETag", etag);
  if (!client_has (message, etag))
    return FALSE;
  gst_arcly_http_set_header (message, "Cache-Control", cache_control);
  message->status = SOUP_STATUS_NOT_MODIFIED;
  return TRUE;
}

/* RFC 9110, 13.1.5: a client that has a part of another version gets all. */
static GstArclyHttpRange
find_range (GstArclyHttpMessage *message, const GstArclyHttpContent *content,
    const gchar *range, guint64 *start, guint64 *length)
{
  const gchar *condition = message->if_range;

  if (condition && !g_str_equal (condition, content->etag))
    return GST_ARCLY_HTTP_RANGE_ALL;
  return gst_arcly_http_parse_range (range, content->size, start, length);
}

static void
append_range (GstArclyHttpMessage *message, const GstArclyHttpContent *content,
    guint64 start, guint64 length)
{
  guint i;

  for (i = 0; i < content->chunks->len && length > 0; i++) {
    GBytes *chunk = g_ptr_array_index (content->chunks, i);
    guint64 size = g_bytes_get_size (chunk), n;

    if (start >= size) {
      start -= size;
      continue;
    }
    n = MIN (length, size - start);
    if (n == size) {
      gst_arcly_http_message_append (message, chunk);
    } else {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (chunk, start, n);

      gst_arcly_http_message_append (message, part);
    }
    start = 0;
    length -= n;
  }
}

void
gst_arcly_http_answer_content (GstArclyHttpMessage *message,
    const GstArclyHttpContent *content, const gchar *range)
{
  guint64 start = 0, length = content->size;
  g_autofree gchar *content_range = NULL;
  guint status = SOUP_STATUS_OK;

  gst_arcly_http_set_header (message, "Accept-Ranges", "bytes");
  if (gst_arcly_http_answer_not_modified (
          message, content->etag, content->cache_control))
    return;
  switch (find_range (message, content, range, &start, &length)) {
    case GST_ARCLY_HTTP_RANGE_ALL:
      start = 0;
      length = content->size;
      break;
    case GST_ARCLY_HTTP_RANGE_NONE:
      content_range =
          g_strdup_printf ("bytes */%" G_GUINT64_FORMAT, content->size);
      gst_arcly_http_set_header (message, "Content-Range", content_range);
      gst_arcly_http_set_header (
          message, "Cache-Control", GST_ARCLY_HTTP_CACHE_NEVER);
      message->status = SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE;
      return;
    case GST_ARCLY_HTTP_RANGE_PART:
      content_range =
          g_strdup_printf ("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT
                           "/%" G_GUINT64_FORMAT,
              start, start + length - 1, content->size);
      gst_arcly_http_set_header (message, "Content-Range", content_range);
      status = SOUP_STATUS_PARTIAL_CONTENT;
      break;
  }
  gst_arcly_http_set_header (message, "Cache-Control", content->cache_control);
  gst_arcly_http_set_header (message, "Content-Type", content->type);
  message->status = status;
  append_range (message, content, start, length);
}
