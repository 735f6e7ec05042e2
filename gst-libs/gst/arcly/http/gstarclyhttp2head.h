/* SPDX-License-Identifier: MIT
 *
 * Sans I/O: what is kept of the head of a request of HTTP/2. One thread.
 * Private: not installed. */
#pragma once

#include <gst/arcly/http/gstarclyhttpmessage.h>

G_BEGIN_DECLS

/* A request's head, as RFC 9113, 6.5.2 counts it; and what is kept of it. */
#define GST_ARCLY_HTTP2_MAX_HEADERS 16384
#define GST_ARCLY_HTTP2_MAX_KEPT 4096

/* Zero at first. */
typedef struct {
  gsize size, kept_size;
  /* Those of the message point into them. */
  gchar *method, *target, *accept_encoding, *if_none_match, *if_range, *range;
} GstArclyHttp2Head;

/* Of fields that are @ignored only the size counts. */
void gst_arcly_http2_head_add (GstArclyHttp2Head *self, gboolean ignored,
    const guint8 *name, gsize name_size, const guint8 *value, gsize value_size);
/* Then it is not whole. */
gboolean gst_arcly_http2_head_is_too_large (const GstArclyHttp2Head *self);
/* What the request of @message is. */
void gst_arcly_http2_head_show (
    GstArclyHttp2Head *self, GstArclyHttpMessage *message);
void gst_arcly_http2_head_clear (GstArclyHttp2Head *self);

G_END_DECLS
