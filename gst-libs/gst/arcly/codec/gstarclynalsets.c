/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclynalsets.h>
#include <gst/arcly/gstarclyerror.h>

void
gst_arcly_nal_sets_init (GstArclyNalSets *sets, const guint8 *types,
    guint n_types, guint32 uncounted)
{
  guint i;

  g_assert (n_types <= GST_ARCLY_NAL_SETS_MAX_TYPES);
  *sets = (GstArclyNalSets){ types, n_types, uncounted, { NULL } };
  for (i = 0; i < n_types; i++)
    sets->lists[i] =
        g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

void
gst_arcly_nal_sets_clear (GstArclyNalSets *sets)
{
  guint i;

  for (i = 0; i < sets->n_types; i++)
    g_clear_pointer (&sets->lists[i], g_ptr_array_unref);
}

GPtrArray *
gst_arcly_nal_sets_list (const GstArclyNalSets *sets, guint type)
{
  guint i;

  for (i = 0; i < sets->n_types; i++) {
    if (sets->types[i] == type)
      return sets->lists[i];
  }
  return NULL;
}

static gboolean
has_nal (const GPtrArray *list, const guint8 *nal, gsize size)
{
  guint i;

  for (i = 0; i < list->len; i++) {
    gsize other_size;
    const guint8 *other =
        g_bytes_get_data (g_ptr_array_index (list, i), &other_size);

    if (other_size == size && memcmp (other, nal, size) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_arcly_nal_sets_add (GstArclyNalSets *sets, guint type, const guint8 *nal,
    gsize size, GError **error)
{
  GPtrArray *list = gst_arcly_nal_sets_list (sets, type);

  if (!list) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "NAL unit of type %u has no place in a configuration", type);
    return FALSE;
  }
  if (has_nal (list, nal, size))
    return TRUE;
  if (size > G_MAXUINT16 || list->len >= GST_ARCLY_NAL_SETS_MAX ||
      (sets->uncounted & 1u << type && list->len > 0)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "configuration has %u NAL units of type %u, no room for one of %" G_GSIZE_FORMAT
        " bytes",
        list->len, type, size);
    return FALSE;
  }
  g_ptr_array_add (list, g_bytes_new (nal, size));
  return TRUE;
}

gboolean
gst_arcly_nal_sets_read (
    GstArclyNalSets *sets, GstArclyCursor *cursor, GError **error)
{
  guint n_arrays = gst_arcly_cursor_u8 (cursor);
  guint i, j;

  for (i = 0; i < n_arrays && !cursor->overrun; i++) {
    guint type = gst_arcly_cursor_u8 (cursor) &
                 (sets->uncounted ? 0x1f : 0x3f); /* 5 bits in vvcC */
    guint n = type < 32 && sets->uncounted & 1u << type
                  ? 1
                  : gst_arcly_cursor_u16be (cursor);

    for (j = 0; j < n && !cursor->overrun; j++) {
      guint16 length = gst_arcly_cursor_u16be (cursor);
      const guint8 *nal = gst_arcly_cursor_bytes (cursor, length);

      /* A unit of no bytes, or half a header, is left out. */
      if (nal && length >= 2 && gst_arcly_nal_sets_list (sets, type) &&
          !gst_arcly_nal_sets_add (sets, type, nal, length, error))
        return FALSE;
    }
  }
  if (cursor->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "configuration of %" G_GSIZE_FORMAT " bytes ends within its NAL units",
        cursor->size);
    return FALSE;
  }
  return TRUE;
}

static void
write_u16 (GByteArray *out, guint value)
{
  guint8 bytes[2] = { value >> 8, value & 0xff };

  g_byte_array_append (out, bytes, 2);
}

void
gst_arcly_nal_sets_write (
    const GstArclyNalSets *sets, GByteArray *out, gboolean complete)
{
  guint8 n_arrays = 0;
  guint i, j;

  for (i = 0; i < sets->n_types; i++)
    n_arrays += sets->lists[i]->len > 0;
  g_byte_array_append (out, &n_arrays, 1);
  for (i = 0; i < sets->n_types; i++) {
    guint8 head = (complete ? 0x80 : 0) | sets->types[i];

    if (sets->lists[i]->len == 0)
      continue;
    g_byte_array_append (out, &head, 1);
    if (sets->types[i] >= 32 || !(sets->uncounted & 1u << sets->types[i]))
      write_u16 (out, sets->lists[i]->len);
    for (j = 0; j < sets->lists[i]->len; j++) {
      gsize size;
      const guint8 *nal =
          g_bytes_get_data (g_ptr_array_index (sets->lists[i], j), &size);

      write_u16 (out, size);
      g_byte_array_append (out, nal, size);
    }
  }
}
