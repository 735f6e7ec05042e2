/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyh266nal.h>
#include <gst/arcly/gstarclyerror.h>

/* A memory of its own costs more than the copy of so few bytes. */
#define SMALL_UNIT 512
/* What an access unit may have at most; more is an attack. */
#define MAX_UNITS 4096

typedef struct {
  gsize offset;
  gsize size;
  gboolean shared;
} Unit;

static gboolean
is_dropped (
    GstArclyCodec codec, const guint8 *nal, gsize size, GstArclyNalFlags flags)
{
  gboolean set = FALSE, delimiter = FALSE;
  guint type;

  if (codec == GST_ARCLY_CODEC_H264) {
    type = GST_ARCLY_H264_NAL_TYPE (nal);
    set = type == GST_ARCLY_H264_NAL_SPS || type == GST_ARCLY_H264_NAL_PPS ||
          type == GST_ARCLY_H264_NAL_SPS_EXT;
    delimiter = type == GST_ARCLY_H264_NAL_AUD;
  } else if (size < 2) {
    return FALSE;
  } else if (codec == GST_ARCLY_CODEC_H265) {
    type = GST_ARCLY_NAL_TYPE_H265 (nal);
    set = type >= GST_ARCLY_H265_NAL_VPS && type <= GST_ARCLY_H265_NAL_PPS;
    delimiter = type == GST_ARCLY_H265_NAL_AUD;
  } else {
    type = GST_ARCLY_NAL_TYPE_H266 (nal);
    /* Adaptation parameter sets may change with each picture: they stay. */
    set = type >= GST_ARCLY_H266_NAL_OPI && type <= GST_ARCLY_H266_NAL_PPS;
    delimiter = type == GST_ARCLY_H266_NAL_AUD;
  }
  return (set && flags & GST_ARCLY_NAL_DROP_PARAMETER_SETS) ||
         (delimiter && flags & GST_ARCLY_NAL_DROP_DELIMITERS);
}

static gboolean
find_units (const GstMapInfo *map, GstArclyCodec codec, guint from, guint to,
    GstArclyNalFlags flags, GArray *units, GError **error)
{
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize size;
  guint64 limit = to > 0 && to < 4 ? (1u << 8 * to) - 1 : G_MAXUINT32;

  gst_arcly_nal_iter_init (&iter, map->data, map->size, from);
  while (gst_arcly_nal_iter_next (&iter, &nal, &size)) {
    Unit unit = { nal - map->data, size, size > SMALL_UNIT };

    if (size > limit || units->len == MAX_UNITS) {
      g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
          "NAL unit %u of %" G_GSIZE_FORMAT " bytes, lengths have %u bytes",
          units->len, size, to);
      return FALSE;
    }
    if (!is_dropped (codec, nal, size, flags))
      g_array_append_val (units, unit);
  }
  if (iter.malformed) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "access unit of %" G_GSIZE_FORMAT " bytes is no %s with %s", map->size,
        gst_arcly_codec_get_name (codec),
        from > 0 ? "NAL unit lengths" : "start codes");
    return FALSE;
  }
  return TRUE;
}

/* A GstBuffer merges its memories, and so copies all of them, past a limit.
 * Each shared unit takes two: what is before it, and itself. So the shortest
 * are copied until the rest fits. */
static void
limit_shared (GArray *units)
{
  guint max = gst_buffer_get_max_memory () / 2;
  guint n = 0, i;

  for (i = 0; i < units->len; i++)
    n += g_array_index (units, Unit, i).shared;
  /* Copied bytes at the end are a memory, too. */
  if (n >= max && !g_array_index (units, Unit, units->len - 1).shared)
    max--;
  while (n > max) {
    Unit *shortest = NULL;

    for (i = 0; i < units->len; i++) {
      Unit *unit = &g_array_index (units, Unit, i);

      if (unit->shared && (!shortest || unit->size < shortest->size))
        shortest = unit;
    }
    shortest->shared = FALSE;
    n--;
    if (n >= max && shortest == &g_array_index (units, Unit, units->len - 1))
      max--;
  }
}

static void
append_prefix (GByteArray *head, gsize size, guint length_size)
{
  static const guint8 start_code[4] = { 0, 0, 0, 1 };
  guint8 length[4] = { size >> 24 & 0xff, size >> 16 & 0xff, size >> 8 & 0xff,
    size & 0xff };

  if (length_size == 0)
    g_byte_array_append (head, start_code, sizeof start_code);
  else
    g_byte_array_append (head, length + 4 - length_size, length_size);
}

/* gst_buffer_fill() would map, and so unshare, what is in front. */
static void
flush (GstBuffer *out, GByteArray *head)
{
  GstMemory *memory;
  GstMapInfo map;

  if (head->len == 0)
    return;
  memory = gst_allocator_alloc (NULL, head->len, NULL);
  if (gst_memory_map (memory, &map, GST_MAP_WRITE)) {
    memcpy (map.data, head->data, head->len);
    gst_memory_unmap (memory, &map);
  }
  gst_buffer_append_memory (out, memory);
  g_byte_array_set_size (head, 0);
}

static GstBuffer *
build (GstBuffer *buffer, const GstMapInfo *map, GArray *units, guint to)
{
  g_autoptr (GByteArray) head = g_byte_array_new ();
  GstBuffer *out = gst_buffer_new ();
  guint i;

  gst_buffer_copy_into (out, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
  for (i = 0; i < units->len; i++) {
    const Unit *unit = &g_array_index (units, Unit, i);

    append_prefix (head, unit->size, to);
    if (!unit->shared) {
      g_byte_array_append (head, map->data + unit->offset, unit->size);
      continue;
    }
    flush (out, head);
    gst_buffer_copy_into (
        out, buffer, GST_BUFFER_COPY_MEMORY, unit->offset, unit->size);
  }
  flush (out, head);
  return out;
}

/**
 * gst_arcly_nal_convert:
 * @buffer: an access unit
 * @codec: %GST_ARCLY_CODEC_H264, %GST_ARCLY_CODEC_H265 or
 *     %GST_ARCLY_CODEC_H266
 * @from_length_size: 1, 2 or 4: the bytes of each NAL unit's length in
 *     @buffer; 0 for a byte stream with start codes
 * @to_length_size: the same of the result
 * @flags: what to leave out
 * @error: return location for a #GError, or %NULL
 *
 * Converts between the byte stream format (annex B of ITU-T H.264, H.265 and
 * H.266) and length-prefixed NAL units (ISO/IEC 14496-15, 5.3.2), in both
 * directions. Timestamps, flags and metas stay. NAL units above 512 bytes are
 * not copied: the result shares their memory with @buffer, if that has one
 * memory. A buffer holds gst_buffer_get_max_memory() memories, 16, so past 8
 * such units the shortest are copied. Any thread.
 *
 * Returns: (transfer full): the converted access unit, @buffer itself if
 *     nothing changes, or %NULL with %GST_ARCLY_ERROR_INVALID if @buffer is
 *     not in that format, or %GST_ARCLY_ERROR_LIMIT if a length does not fit
 *     or there are more than 4096 NAL units
 *
 * Since: 0.1
 */
GstBuffer *
gst_arcly_nal_convert (GstBuffer *buffer, GstArclyCodec codec,
    guint from_length_size, guint to_length_size, GstArclyNalFlags flags,
    GError **error)
{
  g_autoptr (GArray) units = NULL;
  GstBuffer *out = NULL;
  GstMapInfo map;

  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (codec == GST_ARCLY_CODEC_H264 ||
                            codec == GST_ARCLY_CODEC_H265 ||
                            codec == GST_ARCLY_CODEC_H266,
      NULL);
  g_return_val_if_fail (from_length_size <= 4 && from_length_size != 3, NULL);
  g_return_val_if_fail (to_length_size <= 4 && to_length_size != 3, NULL);

  if (from_length_size == to_length_size && flags == GST_ARCLY_NAL_KEEP_ALL)
    return gst_buffer_ref (buffer);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "cannot read the memory of an access unit");
    return NULL;
  }
  units = g_array_new (FALSE, FALSE, sizeof (Unit));
  if (find_units (
          &map, codec, from_length_size, to_length_size, flags, units, error)) {
    if (units->len > 0)
      limit_shared (units);
    out = build (buffer, &map, units, to_length_size);
  }
  gst_buffer_unmap (buffer, &map);
  return out;
}
