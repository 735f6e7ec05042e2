/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclylog.h>

GstArclyBlock *
gst_arcly_block_new (guint64 first_seq)
{
  GstArclyBlock *block = g_new (GstArclyBlock, 1);

  atomic_init (&block->refs, 1);
  atomic_init (&block->length, 0);
  atomic_init (&block->next, NULL);
  block->first_seq = first_seq;
  block->bytes = 0;
  return block;
}

GstArclyBlock *
gst_arcly_block_ref (GstArclyBlock *block)
{
  atomic_fetch_add_explicit (&block->refs, 1, memory_order_relaxed);
  return block;
}

void
gst_arcly_block_unref (GstArclyBlock *block)
{
  /* A loop and no recursion: the chain may be long. */
  while (block && atomic_fetch_sub_explicit (
                      &block->refs, 1, memory_order_acq_rel) == 1) {
    GstArclyBlock *next =
        atomic_load_explicit (&block->next, memory_order_relaxed);
    guint length = atomic_load_explicit (&block->length, memory_order_relaxed);

    for (guint i = 0; i < length; i++)
      gst_mini_object_unref (block->entries[i].object);
    g_free (block);
    block = next;
  }
}

GstArclyBlock *
gst_arcly_log_append (GstArclyBlock **tail, const GstArclyEntry *entry)
{
  GstArclyBlock *block = *tail, *old = NULL;
  guint length = atomic_load_explicit (&block->length, memory_order_relaxed);

  if (length == GST_ARCLY_BLOCK_ENTRIES ||
      block->bytes >= GST_ARCLY_BLOCK_BYTES) {
    old = block;
    block = gst_arcly_block_new (old->first_seq + length);
    length = 0;
  }

  block->entries[length] = *entry;
  block->bytes += entry->size;
  atomic_store_explicit (&block->length, length + 1, memory_order_release);

  if (old) {
    /* One reference for the chain, one for the writer. */
    atomic_store_explicit (
        &old->next, gst_arcly_block_ref (block), memory_order_release);
    *tail = block;
    gst_arcly_block_unref (old);
  }
  return block;
}

void
gst_arcly_log_cursor_init (
    GstArclyLogCursor *cursor, GstArclyBlock *block, guint index)
{
  cursor->block = gst_arcly_block_ref (block);
  cursor->index = index;
}

void
gst_arcly_log_cursor_clear (GstArclyLogCursor *cursor)
{
  g_clear_pointer (&cursor->block, gst_arcly_block_unref);
  cursor->index = 0;
}

const GstArclyEntry *
gst_arcly_log_cursor_peek (GstArclyLogCursor *cursor)
{
  for (;;) {
    GstArclyBlock *block = cursor->block, *next = NULL;

    if (cursor->index <
        atomic_load_explicit (&block->length, memory_order_acquire))
      return &block->entries[cursor->index];

    next = atomic_load_explicit (&block->next, memory_order_acquire);
    if (next == NULL)
      return NULL;

    /* The writer may have filled the block between the two loads. Now that
     * next is seen, the length is final. */
    if (cursor->index <
        atomic_load_explicit (&block->length, memory_order_acquire))
      return &block->entries[cursor->index];

    cursor->block = gst_arcly_block_ref (next);
    cursor->index = 0;
    gst_arcly_block_unref (block);
  }
}
