/* SPDX-License-Identifier: MIT
 *
 * Reads a byte array without ever passing its end. A read too far returns 0
 * (or NULL) and sets "overrun", which stays set: a caller may read a whole
 * structure and check once. Private to the project: not installed. */
#pragma once

#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  gboolean overrun;
} GstArclyCursor;

GST_ARCLY_API
void gst_arcly_cursor_init (
    GstArclyCursor *cursor, const guint8 *data, gsize size);

/* What is left to read; 0 after an overrun. */
GST_ARCLY_API
gsize gst_arcly_cursor_left (const GstArclyCursor *cursor);

/* The next n bytes in place, or NULL. n may be 0 (then never NULL but on an
 * earlier overrun or an empty array). */
GST_ARCLY_API
const guint8 *gst_arcly_cursor_bytes (GstArclyCursor *cursor, gsize n);

GST_ARCLY_API
gboolean gst_arcly_cursor_skip (GstArclyCursor *cursor, gsize n);

GST_ARCLY_API
guint8 gst_arcly_cursor_u8 (GstArclyCursor *cursor);

GST_ARCLY_API
guint16 gst_arcly_cursor_u16be (GstArclyCursor *cursor);

GST_ARCLY_API
guint32 gst_arcly_cursor_u24be (GstArclyCursor *cursor);

GST_ARCLY_API
guint32 gst_arcly_cursor_u32be (GstArclyCursor *cursor);

GST_ARCLY_API
guint32 gst_arcly_cursor_u32le (GstArclyCursor *cursor);

GST_ARCLY_API
guint64 gst_arcly_cursor_u64be (GstArclyCursor *cursor);

G_END_DECLS
