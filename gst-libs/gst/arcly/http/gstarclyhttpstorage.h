/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/engine/gstarclystorage.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_HTTP_STORAGE (gst_arcly_http_storage_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclyHttpStorage, gst_arcly_http_storage, GST,
    ARCLY_HTTP_STORAGE, GObject)

GST_ARCLY_API
GstArclyHttpStorage *gst_arcly_http_storage_new (
    const gchar *uri, GError **error);

G_END_DECLS
