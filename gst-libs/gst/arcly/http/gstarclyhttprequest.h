/* SPDX-License-Identifier: MIT
 *
 * Sans I/O: is a request one that gstarclyhttpfast.c answers? Private: not
 * installed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_HTTP_REQUEST_MORE,   /* as far as it is there it may be */
  GST_ARCLY_HTTP_REQUEST_SIMPLE, /* GET, and nothing but a target matters */
  GST_ARCLY_HTTP_REQUEST_OTHER,  /* anything else, also what is broken */
} GstArclyHttpRequestKind;

typedef struct {
  const gchar *target; /* path and query; no escapes, no "..": in the data */
  gsize target_size;
  gboolean gzip; /* the client takes it */
  guint n_hosts;
  gsize size; /* of the whole request */
} GstArclyHttpRequest;

GstArclyHttpRequestKind gst_arcly_http_request_parse (
    GstArclyHttpRequest *request, const gchar *data, gsize size);

G_END_DECLS
