/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/http/gstarclyhttporigin.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_HTTP_SERVER (gst_arcly_http_server_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (
    GstArclyHttpServer, gst_arcly_http_server, GST, ARCLY_HTTP_SERVER, GObject)

GST_ARCLY_API
GstArclyHttpServer *gst_arcly_http_server_acquire (
    GstArclyEngine *engine, const gchar *address, guint port, GError **error);

GST_ARCLY_API
GstArclyHttpServer *gst_arcly_http_server_acquire_tls (GstArclyEngine *engine,
    const gchar *address, guint port, GTlsCertificate *certificate,
    GError **error);

GST_ARCLY_API
GstArclyHttpServer *gst_arcly_http_server_attach (
    GObject *soup, const gchar *path, GError **error);

GST_ARCLY_API
void gst_arcly_http_server_detach (GstArclyHttpServer *server);

GST_ARCLY_API
void gst_arcly_http_server_release (
    GstArclyEngine *engine, GstArclyHttpServer *server);

GST_ARCLY_API
guint gst_arcly_http_server_get_port (GstArclyHttpServer *server);

GST_ARCLY_API
gboolean gst_arcly_http_server_mount_folder (GstArclyHttpServer *server,
    const gchar *path, const gchar *folder, const gchar *title, GError **error);

GST_ARCLY_API
gboolean gst_arcly_http_server_mount_origin (GstArclyHttpServer *server,
    const gchar *path, GstArclyHttpOrigin *origin, const gchar *folder,
    const gchar *title, GError **error);

GST_ARCLY_API
void gst_arcly_http_server_unmount (
    GstArclyHttpServer *server, const gchar *path);

G_END_DECLS
