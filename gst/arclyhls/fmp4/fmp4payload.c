/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fmp4payload.h"

void
gst_arcly_fmp4_payload_init (GstArclyFmp4Payload *payload)
{
  payload->memories =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_memory_unref);
  payload->small = g_byte_array_new ();
}

void
gst_arcly_fmp4_payload_clear (GstArclyFmp4Payload *payload)
{
  g_clear_pointer (&payload->memories, g_ptr_array_unref);
  g_clear_pointer (&payload->small, g_byte_array_unref);
}

static void
end_small (GstArclyFmp4Payload *payload)
{
  gsize size = payload->small->len;
  gpointer data;

  if (size == 0)
    return;
  data = g_memdup2 (payload->small->data, size);
  g_ptr_array_add (payload->memories,
      gst_memory_new_wrapped (0, data, size, 0, size, data, g_free));
  g_byte_array_set_size (payload->small, 0);
}

void
gst_arcly_fmp4_payload_add_bytes (
    GstArclyFmp4Payload *payload, const guint8 *data, gsize size)
{
  g_byte_array_append (payload->small, data, size);
}

void
gst_arcly_fmp4_payload_add (
    GstArclyFmp4Payload *payload, GstBuffer *buffer, gsize offset, gsize size)
{
  guint index, n;
  gsize skip;

  if (!gst_buffer_find_memory (buffer, offset, size, &index, &n, &skip))
    return;
  end_small (payload);
  while (n-- > 0) {
    GstMemory *memory = gst_buffer_peek_memory (buffer, index++);
    gsize part = MIN (size, memory->size - skip);

    /* A share of it all would be one more object for nothing. */
    g_ptr_array_add (payload->memories,
        part == memory->size ? gst_memory_ref (memory)
                             : gst_memory_share (memory, skip, part));
    size -= part;
    skip = 0;
  }
}

void
gst_arcly_fmp4_payload_take (GstArclyFmp4Payload *payload, GstBufferList *list)
{
  guint n = gst_buffer_list_length (list);
  GstBuffer *buffer = n > 0 ? gst_buffer_list_get_writable (list, n - 1) : NULL;
  guint i;

  end_small (payload);
  for (i = 0; i < payload->memories->len; i++) {
    /* One memory more, and GStreamer would merge, which is to copy, them. */
    if (!buffer ||
        gst_buffer_n_memory (buffer) >= gst_buffer_get_max_memory ()) {
      buffer = gst_buffer_new ();
      gst_buffer_list_add (list, buffer);
    }
    gst_buffer_append_memory (buffer, g_ptr_array_index (payload->memories, i));
  }
  g_ptr_array_set_free_func (payload->memories, NULL);
  g_ptr_array_set_size (payload->memories, 0);
  g_ptr_array_set_free_func (
      payload->memories, (GDestroyNotify) gst_memory_unref);
}
