/* SPDX-License-Identifier: MIT
 *
 * An arclyhlssink's share of an HTTP server. Only the thread that changes the
 * element's state calls these; reading "port" is for any thread. */
#pragma once

#include <gst/arcly/http/gstarclyhttpserver.h>

G_BEGIN_DECLS

typedef struct {
  /* The thread that changes states. */
  GstArclyEngine *engine; /* NULL: the server is an application's */
  GstArclyHttpServer *server;
  GPtrArray *paths; /* (element-type utf8), owned: where something is mounted */

  /* Atomic. */
  gint port;
} GstArclyHlsHttp;

typedef struct {
  GstArclyHttpServer *server; /* an application's; then all else is nothing */
  const gchar *address;
  gint port;                /* -1: none */
  const gchar *certificate; /* files; NULL for plain HTTP */
  const gchar *private_key; /* NULL if it is in the same file */
} GstArclyHlsHttpSettings;

/* Listens, if that is wanted. FALSE, with an element message on @element, if it
 * cannot. */
gboolean gst_arcly_hls_http_open (GstArclyHlsHttp *self, GstElement *element,
    const GstArclyHlsHttpSettings *settings);
gboolean gst_arcly_hls_http_is_open (GstArclyHlsHttp *self);

void gst_arcly_hls_http_close (GstArclyHlsHttp *self);

/* Nothing happens without a server. */
gboolean gst_arcly_hls_http_mount (GstArclyHlsHttp *self, GstElement *element,
    const gchar *path, const gchar *folder, GstArclyHttpOrigin *origin);

void gst_arcly_hls_http_unmount (GstArclyHlsHttp *self);

G_END_DECLS
