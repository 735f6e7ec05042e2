/* SPDX-License-Identifier: MIT
 *
 * The append-only log of a stream: a chain of blocks of entries. Private to
 * the project: not installed. docs/kernel.md explains the memory ordering. */
#pragma once

#include <gst/gst.h>
#include <stdatomic.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/* A block ends at whichever comes first. The bytes keep what one held block
 * keeps alive small where buffers are large (raw video). */
#define GST_ARCLY_BLOCK_ENTRIES 64
#define GST_ARCLY_BLOCK_BYTES (256 * 1024)

/* The track of entries that concern all tracks. */
#define GST_ARCLY_TRACK_ALL G_MAXUINT16

typedef enum {
  GST_ARCLY_ENTRY_BUFFER = 1 << 0, /* else an event */
  GST_ARCLY_ENTRY_VIDEO = 1 << 1,  /* of a track that was video at that time */
  GST_ARCLY_ENTRY_KEY = 1 << 2,    /* decoding can start here */
  GST_ARCLY_ENTRY_HEADER = 1 << 3, /* codec headers, not a frame */
} GstArclyEntryFlags;

/* Written once, before the block's length covers it; constant from then on. */
typedef struct {
  GstMiniObject *object; /* owned by the block */
  GstClockTime arrival;  /* monotonic, ns */
  guint64 buffers;       /* buffers in the stream before this entry */
  guint64 bytes;         /* bytes in the stream before this entry */
  guint32 size;          /* of the buffer; 0 for an event */
  guint16 track;
  guint16 flags;
} GstArclyEntry;

typedef struct _GstArclyBlock GstArclyBlock;

struct _GstArclyBlock {
  /* Atomic. Cursors, start points, the writer and the block before. */
  _Atomic guint refs;

  /* Atomic. Writer: release, publishes entries below it. Readers: acquire. */
  _Atomic guint length;

  /* Atomic, a reference. Writer: release, once; publishes a block that has at
   * least one entry, and freezes this one's length. Readers: acquire. */
  _Atomic (GstArclyBlock *) next;

  /* Constant. */
  guint64 first_seq;

  /* Writer only. */
  gsize bytes;

  GstArclyEntry entries[GST_ARCLY_BLOCK_ENTRIES];
};

/* A place in the log. Belongs to one thread at a time. */
typedef struct {
  GstArclyBlock *block; /* owned */
  guint index;
} GstArclyLogCursor;

GST_ARCLY_API
GstArclyBlock *gst_arcly_block_new (guint64 first_seq);

GST_ARCLY_API
GstArclyBlock *gst_arcly_block_ref (GstArclyBlock *block);

GST_ARCLY_API
void gst_arcly_block_unref (GstArclyBlock *block);

/* Writer only (one at a time). Takes entry->object. Returns the block the
 * entry is in, which is the new tail; *tail is updated, its reference moves. */
GST_ARCLY_API
GstArclyBlock *gst_arcly_log_append (
    GstArclyBlock **tail, const GstArclyEntry *entry);

/* Where the writer will write next. */
GST_ARCLY_API
void gst_arcly_log_cursor_init (
    GstArclyLogCursor *cursor, GstArclyBlock *block, guint index);

GST_ARCLY_API
void gst_arcly_log_cursor_clear (GstArclyLogCursor *cursor);

/* The entry at the cursor, or NULL at the head. Steps into the next block. */
GST_ARCLY_API
const GstArclyEntry *gst_arcly_log_cursor_peek (GstArclyLogCursor *cursor);

static inline guint64
gst_arcly_log_cursor_seq (const GstArclyLogCursor *cursor)
{
  return cursor->block->first_seq + cursor->index;
}

/* Whether there is an entry at the cursor. Changes nothing. */
static inline gboolean
gst_arcly_log_cursor_has_entry (const GstArclyLogCursor *cursor)
{
  return cursor->index < atomic_load_explicit (
                             &cursor->block->length, memory_order_acquire) ||
         atomic_load_explicit (&cursor->block->next, memory_order_acquire) !=
             NULL;
}

G_END_DECLS
