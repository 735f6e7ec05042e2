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

void
gst_arcly_http_set_header (
    SoupServerMessage *message, const gchar *name, const gchar *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), name, value);
}

void
gst_arcly_http_answer_text (
    SoupServerMessage *message, guint status, const gchar *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain; charset=utf-8",
      SOUP_MEMORY_COPY, text, strlen (text));
}

void
gst_arcly_http_answer_bytes (SoupServerMessage *message, GBytes *bytes,
    const gchar *type, const gchar *cache_control)
{
  gst_arcly_http_set_header (message, "Cache-Control", cache_control);
  gst_arcly_http_set_header (message, "Content-Type", type);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (message), bytes);
}

/* RFC 9110, 13.1.2: a list of tags, or "*". Ours hold no comma. */
static gboolean
client_has (SoupServerMessage *message, const gchar *etag)
{
  const gchar *have = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "If-None-Match");

  return have && (strstr (have, etag) || g_str_equal (have, "*"));
}

gboolean
gst_arcly_http_answer_not_modified (
    SoupServerMessage *message, const gchar *etag, const gchar *cache_control)
{
  gst_arcly_http_set_header (message, "ETag", etag);
  if (!client_has (message, etag))
    return FALSE;
  gst_arcly_http_set_header (message, "Cache-Control", cache_control);
  soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
  return TRUE;
}

/* RFC 9110, 13.1.5: a client that has a part of another version gets all. */
static GstArclyHttpRange
find_range (SoupServerMessage *message, const GstArclyHttpContent *content,
    const gchar *range, guint64 *start, guint64 *length)
{
  const gchar *condition = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "If-Range");

  if (condition && !g_str_equal (condition, content->etag))
    return GST_ARCLY_HTTP_RANGE_ALL;
  return gst_arcly_http_parse_range (range, content->size, start, length);
}

static void
append_range (SoupServerMessage *message, const GstArclyHttpContent *content,
    guint64 start, guint64 length)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);
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
      soup_message_body_append_bytes (body, chunk);
    } else {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (chunk, start, n);

      soup_message_body_append_bytes (body, part);
    }
    start = 0;
    length -= n;
  }
}

void
gst_arcly_http_answer_content (SoupServerMessage *message,
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
      soup_server_message_set_status (
          message, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, NULL);
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
  soup_server_message_set_status (message, status, NULL);
  append_range (message, content, start, length);
}
