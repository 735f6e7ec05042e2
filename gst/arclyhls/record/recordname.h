/* SPDX-License-Identifier: MIT
 *
 * Names of recordings, from a template: conversions of g_date_time_format()
 * for the wall clock in UTC, {stream} and {number}. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *stream; /* NULL: none was given */
  guint64 number;
  GDateTime *time; /* UTC */
  const gchar *extension;
} GstArclyRecordNameParts;

/* FALSE with @error set, which a user understands. */
gboolean gst_arcly_record_name_check (const gchar *name, GError **error);

/* Whether it ends as files of the other container do: @extension is "mp4" or
 * "ts". For templates that pass the check. */
gboolean gst_arcly_record_name_is_misleading (
    const gchar *name, const gchar *extension);

/* A path. The extension is appended if the template has none. For templates
 * that pass the check. */
gchar *gst_arcly_record_name_expand (
    const gchar *name, const GstArclyRecordNameParts *parts);

/* The folder that all names of this template are in, also deeper: the part in
 * front of what changes from file to file. */
gchar *gst_arcly_record_name_folder (const gchar *name, const gchar *stream);

/* The same path with a counter in front of its extension. */
gchar *gst_arcly_record_name_count (const gchar *path, guint count);

G_END_DECLS
