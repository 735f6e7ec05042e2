/* SPDX-License-Identifier: MIT
 *
 * The Range header. libsoup has one, too, but a request for "bytes=4-2" makes
 * it fail an assertion, and one for many parts costs memory for nobody's use.
 */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

#define UNIT "bytes="

/* Digits only; moves *text behind them. FALSE if there are none. */
static gboolean
read_number (const gchar **text, guint64 *number)
{
  gsize length = strspn (*text, "0123456789");
  g_autofree gchar *digits = g_strndup (*text, length);

  if (length == 0)
    return FALSE;
  *text += length;
  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, number, NULL);
}

static GstArclyHttpRange
parse_suffix (const gchar *text, guint64 size, guint64 *start, guint64 *length)
{
  guint64 wanted;

  if (!read_number (&text, &wanted) || *text != '\0')
    return GST_ARCLY_HTTP_RANGE_ALL;
  *length = MIN (wanted, size);
  *start = size - *length;
  return *length > 0 ? GST_ARCLY_HTTP_RANGE_PART : GST_ARCLY_HTTP_RANGE_NONE;
}

GstArclyHttpRange
gst_arcly_http_parse_range (
    const gchar *header, guint64 size, guint64 *start, guint64 *length)
{
  const gchar *text = header;
  guint64 last = G_MAXUINT64;

  if (!text || g_ascii_strncasecmp (text, UNIT, strlen (UNIT)) != 0)
    return GST_ARCLY_HTTP_RANGE_ALL;
  text += strlen (UNIT);
  if (*text == '-')
    return parse_suffix (text + 1, size, start, length);
  if (!read_number (&text, start) || *text++ != '-')
    return GST_ARCLY_HTTP_RANGE_ALL;
  if (*text != '\0' && !read_number (&text, &last))
    return GST_ARCLY_HTTP_RANGE_ALL;
  if (*text != '\0' || last < *start)
    return GST_ARCLY_HTTP_RANGE_ALL;
  if (*start >= size)
    return GST_ARCLY_HTTP_RANGE_NONE;
  *length = MIN (last, size - 1) - *start + 1;
  return GST_ARCLY_HTTP_RANGE_PART;
}
