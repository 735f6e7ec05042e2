/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/engine/gstarclystorage.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_MEMORY_STORAGE (gst_arcly_memory_storage_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclyMemoryStorage, gst_arcly_memory_storage, GST,
    ARCLY_MEMORY_STORAGE, GObject)

GST_ARCLY_API
GstArclyMemoryStorage *gst_arcly_memory_storage_new (guint64 max_bytes);

GST_ARCLY_API
gchar **gst_arcly_memory_storage_list (GstArclyMemoryStorage *storage);

G_END_DECLS
