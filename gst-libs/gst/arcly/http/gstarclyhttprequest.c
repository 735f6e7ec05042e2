/* SPDX-License-Identifier: MIT
 *
 * The requests that a player of ours sends all the time, told from all others.
 * What is not plainly one of them is libsoup's to read. */
#include "config.h"

#include <string.h>

#include <gst/arcly/http/gstarclyhttprequest.h>

static const gchar method[] = "GET /";
static const gchar version[] = " HTTP/1.1";

/* No escapes, nothing hidden, no step up, no empty step. */
static gboolean
is_plain_target (const gchar *target, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++) {
    gchar c = target[i];

    if (!g_ascii_isalnum (c) && !strchr ("/._-?=&", c))
      return FALSE;
    if (c == '\0' || (i > 0 && target[i - 1] == '/' && strchr ("./", c)))
      return FALSE;
  }
  return TRUE;
}

/* Names in front of which it matters what is asked (RFC 9110, 13 and 14), how
 * long the request is (RFC 9112, 6), or what becomes of the connection. */
static gboolean
is_special (const gchar *name, gsize size)
{
  static const gchar *const names[] = { "range", "if-", "content-", "transfer-",
    "expect", "upgrade", "trailer", "te", "authorization" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    gsize length = strlen (names[i]);

    if (size >= length && g_ascii_strncasecmp (name, names[i], length) == 0 &&
        (size == length || names[i][length - 1] == '-'))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_name (const gchar *name, gsize size, const gchar *wanted)
{
  return size == strlen (wanted) &&
         g_ascii_strncasecmp (name, wanted, size) == 0;
}

static gboolean
contains (const gchar *value, gsize size, const gchar *text)
{
  gsize length = strlen (text), i;

  for (i = 0; i + length <= size; i++) {
    if (g_ascii_strncasecmp (value + i, text, length) == 0)
      return TRUE;
  }
  return FALSE;
}

/* RFC 9112, 5. FALSE for what libsoup shall look at. */
static gboolean
read_header (GstArclyHttpRequest *self, const gchar *line, gsize size)
{
  const gchar *colon = memchr (line, ':', size);
  const gchar *value;
  gsize name_size, i;

  if (!colon || colon == line)
    return FALSE;
  name_size = (gsize) (colon - line);
  for (i = 0; i < size; i++) {
    guchar c = (guchar) line[i];

    if (i < name_size ? !g_ascii_isalnum (c) && c != '-' && c != '_'
                      : (c < ' ' && c != '\t') || c == 127)
      return FALSE;
  }
  value = colon + 1;
  size -= name_size + 1;
  for (; size > 0 && strchr (" \t", *value); size--)
    value++;
  for (; size > 0 && strchr (" \t", value[size - 1]); size--)
    ;
  if (is_special (line, name_size))
    return FALSE;
  if (is_name (line, name_size, "connection"))
    return is_name (value, size, "keep-alive");
  if (is_name (line, name_size, "accept-encoding")) {
    self->gzip |= contains (value, size, "gzip");
    /* RFC 9110, 12.4.2: perhaps none of it. */
    return !contains (value, size, "q=");
  }
  if (is_name (line, name_size, "host"))
    return size > 0 && ++self->n_hosts == 1;
  return TRUE;
}

static GstArclyHttpRequestKind
read_headers (GstArclyHttpRequest *self, const gchar *data, gsize size)
{
  const gchar *line = self->target + self->target_size + strlen (version) + 2;

  for (;;) {
    gsize left = size - (gsize) (line - data);
    const gchar *end = memchr (line, '\r', left);

    if (!end || end + 1 == data + size)
      return GST_ARCLY_HTTP_REQUEST_MORE;
    if (end[1] != '\n')
      return GST_ARCLY_HTTP_REQUEST_OTHER;
    if (end == line)
      break;
    if (!read_header (self, line, (gsize) (end - line)))
      return GST_ARCLY_HTTP_REQUEST_OTHER;
    line = end + 2;
  }
  self->size = (gsize) (line + 2 - data);
  return self->n_hosts == 1 ? GST_ARCLY_HTTP_REQUEST_SIMPLE
                            : GST_ARCLY_HTTP_REQUEST_OTHER;
}

GstArclyHttpRequestKind
gst_arcly_http_request_parse (
    GstArclyHttpRequest *self, const gchar *data, gsize size)
{
  const gchar *end;
  gsize n = MIN (size, strlen (method));

  memset (self, 0, sizeof *self);
  if (memcmp (data, method, n) != 0)
    return GST_ARCLY_HTTP_REQUEST_OTHER;
  if (n < strlen (method))
    return GST_ARCLY_HTTP_REQUEST_MORE;
  end = memchr (data, '\r', size);
  if (!end || end + 1 == data + size)
    return GST_ARCLY_HTTP_REQUEST_MORE;
  self->target = data + strlen (method) - 1;
  n = (gsize) (end - self->target);
  if (end[1] != '\n' || n <= strlen (version) ||
      memcmp (end - strlen (version), version, strlen (version)) != 0)
    return GST_ARCLY_HTTP_REQUEST_OTHER;
  self->target_size = n - strlen (version);
  if (!is_plain_target (self->target, self->target_size))
    return GST_ARCLY_HTTP_REQUEST_OTHER;
  return read_headers (self, data, size);
}
