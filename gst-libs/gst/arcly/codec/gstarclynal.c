/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclynal.h>

/* Offset of the next 00 00 01 at or after pos, or size. */
static gsize
find_start_code (const guint8 *data, gsize size, gsize pos)
{
  while (size - pos >= 3) {
    /* The third byte is 01 in few places: let memchr find them. */
    const guint8 *one = memchr (data + pos + 2, 1, size - pos - 2);

    if (!one)
      return size;
    pos = one - data - 2;
    if (data[pos] == 0 && data[pos + 1] == 0)
      return pos;
    pos++;
  }
  return size;
}

void
gst_arcly_nal_iter_init (
    GstArclyNalIter *iter, const guint8 *data, gsize size, guint length_size)
{
  iter->data = data;
  iter->size = size;
  iter->length_size = length_size;
  iter->malformed = FALSE;
  iter->pos = 0;
  if (length_size == 0 && size > 0) {
    iter->pos = find_start_code (data, size, 0);
    iter->malformed = iter->pos == size;
  }
}

static gboolean
next_of_stream (GstArclyNalIter *iter, const guint8 **nal, gsize *nal_size)
{
  while (iter->size - iter->pos > 3) {
    gsize start = iter->pos + 3;
    gsize end = find_start_code (iter->data, iter->size, start);

    iter->pos = end;
    /* trailing_zero_8bits and the zero_byte of the next start code. */
    while (end > start && iter->data[end - 1] == 0)
      end--;
    if (end > start) {
      *nal = iter->data + start;
      *nal_size = end - start;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
next_of_lengths (GstArclyNalIter *iter, const guint8 **nal, gsize *nal_size)
{
  while (iter->pos < iter->size && !iter->malformed) {
    const guint8 *p = iter->data + iter->pos;
    guint64 length = 0;
    guint i;

    if (iter->size - iter->pos < iter->length_size) {
      iter->malformed = TRUE;
      return FALSE;
    }
    for (i = 0; i < iter->length_size; i++)
      length = length << 8 | p[i];
    iter->pos += iter->length_size;
    if (length > iter->size - iter->pos) {
      iter->malformed = TRUE;
      return FALSE;
    }
    iter->pos += length;
    if (length > 0) {
      *nal = p + iter->length_size;
      *nal_size = length;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gst_arcly_nal_iter_next (
    GstArclyNalIter *iter, const guint8 **nal, gsize *nal_size)
{
  if (iter->length_size == 0)
    return next_of_stream (iter, nal, nal_size);
  return next_of_lengths (iter, nal, nal_size);
}
