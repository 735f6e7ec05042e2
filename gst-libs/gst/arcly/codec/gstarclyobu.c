/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyobu.h>

#define LEB128_MAX_BYTES 8

void
gst_arcly_obu_iter_init (GstArclyObuIter *iter, const guint8 *data, gsize size)
{
  *iter = (GstArclyObuIter){ .data = data, .size = size };
}

/* 4.10.5: at most eight bytes, and below 2^32. */
static gboolean
read_leb128 (GstArclyCursor *cursor, guint64 *value)
{
  guint i;

  *value = 0;
  for (i = 0; i < LEB128_MAX_BYTES; i++) {
    guint8 byte = gst_arcly_cursor_u8 (cursor);

    *value |= (guint64) (byte & 0x7f) << (7 * i);
    if (!(byte & 0x80))
      return !cursor->overrun && *value <= G_MAXUINT32;
  }
  return FALSE;
}

/* 5.3.1 and 5.3.2 */
gboolean
gst_arcly_obu_iter_next (GstArclyObuIter *iter, GstArclyObu *obu)
{
  GstArclyCursor cursor;
  guint64 length;
  guint8 header;

  if (iter->malformed || iter->pos >= iter->size)
    return FALSE;
  gst_arcly_cursor_init (
      &cursor, iter->data + iter->pos, iter->size - iter->pos);
  header = gst_arcly_cursor_u8 (&cursor);
  if (header & 0x04)
    gst_arcly_cursor_skip (&cursor, 1); /* temporal and spatial id */
  length = gst_arcly_cursor_left (&cursor);
  if (header & 0x80 || cursor.overrun ||
      (header & 0x02 && !read_leb128 (&cursor, &length)) ||
      length > gst_arcly_cursor_left (&cursor)) {
    iter->malformed = TRUE;
    return FALSE;
  }
  obu->type = header >> 3 & 0xf;
  obu->data = cursor.data;
  obu->size = cursor.pos + length;
  obu->payload = cursor.data + cursor.pos;
  obu->payload_size = length;
  iter->pos += obu->size;
  return TRUE;
}
