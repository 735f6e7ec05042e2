/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>

void
gst_arcly_cursor_init (GstArclyCursor *cursor, const guint8 *data, gsize size)
{
  cursor->data = data;
  cursor->size = size;
  cursor->pos = 0;
  cursor->overrun = FALSE;
}

gsize
gst_arcly_cursor_left (const GstArclyCursor *cursor)
{
  return cursor->overrun ? 0 : cursor->size - cursor->pos;
}

/* Compare with what is left: pos + n against size could wrap. */
const guint8 *
gst_arcly_cursor_bytes (GstArclyCursor *cursor, gsize n)
{
  if (cursor->overrun || n > cursor->size - cursor->pos) {
    cursor->overrun = TRUE;
    return NULL;
  }
  cursor->pos += n;
  return cursor->data + (cursor->pos - n);
}

gboolean
gst_arcly_cursor_skip (GstArclyCursor *cursor, gsize n)
{
  gst_arcly_cursor_bytes (cursor, n);
  return !cursor->overrun;
}

static guint64
read_be (GstArclyCursor *cursor, guint n)
{
  const guint8 *p = gst_arcly_cursor_bytes (cursor, n);
  guint64 value = 0;
  guint i;

  if (!p)
    return 0;
  for (i = 0; i < n; i++)
    value = value << 8 | p[i];
  return value;
}

guint8
gst_arcly_cursor_u8 (GstArclyCursor *cursor)
{
  return read_be (cursor, 1);
}

guint16
gst_arcly_cursor_u16be (GstArclyCursor *cursor)
{
  return read_be (cursor, 2);
}

guint32
gst_arcly_cursor_u24be (GstArclyCursor *cursor)
{
  return read_be (cursor, 3);
}

guint32
gst_arcly_cursor_u32be (GstArclyCursor *cursor)
{
  return read_be (cursor, 4);
}

guint32
gst_arcly_cursor_u32le (GstArclyCursor *cursor)
{
  return GUINT32_SWAP_LE_BE (gst_arcly_cursor_u32be (cursor));
}

guint64
gst_arcly_cursor_u64be (GstArclyCursor *cursor)
{
  return read_be (cursor, 8);
}
