/* SPDX-License-Identifier: MIT
 *
 * Answers as gstarclyhttpfast.c sends them: a head, the same as libsoup and the
 * router make of it, and what it is the head of. Nobody changes one that is
 * made: all who asked for the same may have it. */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

/* Takes @chunks, whose first place is the head's. @more is whole lines. */
static GPtrArray *
make_answer (GstArclyHttpDate *date, const gchar *status, const gchar *more,
    gsize size, GPtrArray *chunks)
{
  gchar *head = g_strdup_printf (
      "HTTP/1.1 %s\r\nServer: arcly\r\nDate: %s\r\n"
      "Access-Control-Allow-Origin: *\r\n"
      "Access-Control-Expose-Headers: " GST_ARCLY_HTTP_EXPOSED "\r\n"
      "X-Content-Type-Options: nosniff\r\n%s"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
      status, gst_arcly_http_date_now (date), more, size);

  g_ptr_array_insert (chunks, 0, g_bytes_new_take (head, strlen (head)));
  return chunks;
}

static GPtrArray *
make_answer_of (GstArclyHttpDate *date, const gchar *status, const gchar *more,
    GBytes *text)
{
  GPtrArray *chunks = g_ptr_array_new_full (2, (GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (chunks, g_bytes_ref (text));
  return make_answer (date, status, more, g_bytes_get_size (text), chunks);
}

GPtrArray *
gst_arcly_http_plain_playlist (GstArclyHttpDate *date,
    GstArclyHttpSnapshot *snapshot, const GstArclyHttpReload *reload,
    gboolean gzip)
{
  GBytes *zipped = NULL, *text;
  guint age = 1;
  g_autofree gchar *etag = NULL;
  g_autofree gchar *more = NULL;

  if (reload->blocks)
    age = 6 * gst_arcly_http_snapshot_get_target_duration (snapshot);
  if (gzip)
    zipped = gst_arcly_http_snapshot_get_text (snapshot, reload->skip, TRUE);
  text = zipped
             ? zipped
             : gst_arcly_http_snapshot_get_text (snapshot, reload->skip, FALSE);
  if (!gzip && !reload->skip)
    etag = g_strdup_printf (
        "ETag: %s\r\n", gst_arcly_http_snapshot_get_etag (snapshot));
  more = g_strdup_printf ("Vary: Accept-Encoding\r\n%s%s"
                          "Cache-Control: public, max-age=%u\r\n"
                          "Content-Type: application/vnd.apple.mpegurl\r\n",
      zipped ? "Content-Encoding: gzip\r\n" : "", etag ? etag : "", age);
  return make_answer_of (date, "200 OK", more, text);
}

GPtrArray *
gst_arcly_http_plain_file (
    GstArclyHttpDate *date, GstArclyHttpOrigin *origin, const gchar *name)
{
  const GstArclyHttpType *type = gst_arcly_http_find_type (name);
  gboolean complete = FALSE;
  gsize size = 0;
  g_autofree gchar *more = NULL;
  g_autoptr (GPtrArray) chunks = NULL;

  chunks = type ? gst_arcly_http_origin_get (origin, name, 0, &size, &complete)
                : NULL;
  if (!chunks || !complete)
    return NULL;
  more = g_strdup_printf ("Accept-Ranges: bytes\r\nETag: \"%s\"\r\n"
                          "Cache-Control: %s\r\nContent-Type: %s\r\n",
      name, type->cache_control, type->type);
  return make_answer (date, "200 OK", more, size, g_steal_pointer (&chunks));
}

GPtrArray *
gst_arcly_http_plain_late (GstArclyHttpDate *date)
{
  static const gchar reason[] = "nothing came in time\n";
  g_autoptr (GBytes) text = g_bytes_new_static (reason, strlen (reason));

  return make_answer_of (date, "503 Service Unavailable",
      "Retry-After: 1\r\nCache-Control: " GST_ARCLY_HTTP_CACHE_NEVER "\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n",
      text);
}
