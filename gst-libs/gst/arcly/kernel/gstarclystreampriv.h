/* SPDX-License-Identifier: MIT
 *
 * Shared by the stream and the dispatcher only. */
#pragma once

#include <gst/arcly/kernel/gstarclystream.h>
#include <gst/arcly/kernel/gstarclydispatcher.h>

G_BEGIN_DECLS

/* Whether the dispatcher has to look at a stream's readers. */
typedef enum {
  GST_ARCLY_DISPATCH_IDLE,   /* all readers are at the head, or run */
  GST_ARCLY_DISPATCH_ACTIVE, /* a round goes over the readers */
  GST_ARCLY_DISPATCH_DIRTY,  /* and there is more since it began */
} GstArclyDispatchState;

struct _GstArclyStream {
  GObject parent;

  /* Lock "lock": one writer at a time. Readers of the log do not take it. */
  GMutex lock;
  GstArclyBlock *tail;
  GPtrArray *tracks; /* (element-type Track), owned */
  GstArclyCacheLimits limits;
  gboolean all_eos;
  guint64 first_seq; /* since the reset */
  guint64 first_buffer;

  /* Atomic, relaxed. The writer's counters, written under the lock. */
  _Atomic guint64 head_seq;
  _Atomic guint64 head_buffers;
  _Atomic guint64 head_bytes;
  _Atomic guint64 head_arrival;

  /* Atomic. Release: publishes the min_seq of the tracks. */
  _Atomic guint flushes;

  /* Atomic. Release: publishes the new, empty log. */
  _Atomic guint resets;

  /* Its own lock. */
  GWeakRef element;

  /* Atomic, a GstArclyDispatchState. Publishers and workers; its
   * read-modify-writes order the log's length against the state. */
  _Atomic guint dispatch_state;

  /* Set before the first reader comes, constant from then on. */
  _Atomic (GstArclyDispatcher *) dispatcher;

  /* The dispatcher's lock. */
  GPtrArray *readers; /* (element-type GstArclySubscription), owned */
  guint round;        /* the next reader to look at */
  gboolean ready;     /* in the dispatcher's queue */
  GList ready_link;
};

G_END_DECLS
