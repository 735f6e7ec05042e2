/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttp2head.h>

static const struct {
  const gchar *name;
  gsize where;
} fields[] = {
  { ":method", G_STRUCT_OFFSET (GstArclyHttp2Head, method) },
  { ":path", G_STRUCT_OFFSET (GstArclyHttp2Head, target) },
  { "accept-encoding", G_STRUCT_OFFSET (GstArclyHttp2Head, accept_encoding) },
  { "if-none-match", G_STRUCT_OFFSET (GstArclyHttp2Head, if_none_match) },
  { "if-range", G_STRUCT_OFFSET (GstArclyHttp2Head, if_range) },
  { "range", G_STRUCT_OFFSET (GstArclyHttp2Head, range) },
};

static gchar **
get_field (GstArclyHttp2Head *self, guint i)
{
  return (gchar **) ((guint8 *) self + fields[i].where);
}

/* RFC 9110, 5.3: several of one name are one list. */
static void
add_value (gchar **field, const gchar *value, gsize size)
{
  g_autofree gchar *before = g_steal_pointer (field);

  *field = before ? g_strdup_printf ("%s, %.*s", before, (int) size, value)
                  : g_strndup (value, size);
}

void
gst_arcly_http2_head_add (GstArclyHttp2Head *self, gboolean ignored,
    const guint8 *name, gsize name_size, const guint8 *value, gsize value_size)
{
  guint i;

  self->size += name_size + value_size + 32;
  for (i = 0; !ignored && i < G_N_ELEMENTS (fields); i++) {
    if (name_size != strlen (fields[i].name) ||
        memcmp (name, fields[i].name, name_size) != 0)
      continue;
    self->kept_size += value_size + 2;
    if (!gst_arcly_http2_head_is_too_large (self))
      add_value (get_field (self, i), (const gchar *) value, value_size);
  }
}

gboolean
gst_arcly_http2_head_is_too_large (const GstArclyHttp2Head *self)
{
  return self->size > GST_ARCLY_HTTP2_MAX_HEADERS ||
         self->kept_size > GST_ARCLY_HTTP2_MAX_KEPT;
}

void
gst_arcly_http2_head_show (
    GstArclyHttp2Head *self, GstArclyHttpMessage *message)
{
  gchar *query = self->target ? strchr (self->target, '?') : NULL;

  if (query)
    *query++ = '\0';
  message->method = self->method;
  message->path = self->target;
  message->query = query;
  message->accept_encoding = self->accept_encoding;
  message->if_none_match = self->if_none_match;
  message->if_range = self->if_range;
  message->range = self->range;
}

void
gst_arcly_http2_head_clear (GstArclyHttp2Head *self)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    g_clear_pointer (get_field (self, i), g_free);
}
