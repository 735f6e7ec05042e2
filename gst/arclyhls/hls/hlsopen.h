/* SPDX-License-Identifier: MIT
 *
 * What is noted of a segment while it is made, so that another process can list
 * it if this one dies: viewers have had its parts. */
#pragma once

#include "hlsplaylist.h"

G_BEGIN_DECLS

typedef struct {
  GstArclyHlsSegment segment; /* as far as its parts are whole */
  guint64 sequence;
  guint64 bytes;
} GstArclyHlsOpen;

/* (transfer full): one line of text. */
gchar *gst_arcly_hls_open_write (const GstArclyHlsOpen *open);

/* FALSE if @text, of any origin and @size, is not such a line. */
gboolean gst_arcly_hls_open_read (
    GstArclyHlsOpen *open, const gchar *text, gsize size);

G_END_DECLS
