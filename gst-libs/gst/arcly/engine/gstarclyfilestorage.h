/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/engine/gstarclystorage.h>

G_BEGIN_DECLS

/**
 * GstArclyFsync:
 * @GST_ARCLY_FSYNC_NONE: the system writes to the disk when it likes
 * @GST_ARCLY_FSYNC_FILE: each file is on the disk before it gets its name
 * @GST_ARCLY_FSYNC_FOLDER: and its name is, too, before the next one
 *
 * What outlives a loss of power.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_FSYNC_NONE,
  GST_ARCLY_FSYNC_FILE,
  GST_ARCLY_FSYNC_FOLDER,
} GstArclyFsync;

#define GST_TYPE_ARCLY_FILE_STORAGE (gst_arcly_file_storage_get_type ())
GST_ARCLY_API
G_DECLARE_FINAL_TYPE (GstArclyFileStorage, gst_arcly_file_storage, GST,
    ARCLY_FILE_STORAGE, GObject)

GST_ARCLY_API
GstArclyFileStorage *gst_arcly_file_storage_new (
    const gchar *folder, GstArclyFsync fsync);

G_END_DECLS
