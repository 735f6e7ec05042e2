/* SPDX-License-Identifier: MIT
 *
 * Which reader is next. */
#include "config.h"

#include <gst/arcly/kernel/gstarclydispatcherpriv.h>

gboolean
gst_arcly_dispatcher_has_work_locked (GstArclyDispatcher *dispatcher)
{
  return dispatcher->runnable.length > 0 || dispatcher->ready.length > 0;
}

void
gst_arcly_dispatcher_queue_reader_locked (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub, gboolean first)
{
  if (sub->queued || sub->worker || !sub->attached)
    return;
  sub->queued = TRUE;
  if (first)
    g_queue_push_head_link (&dispatcher->runnable, &sub->run_link);
  else
    g_queue_push_tail_link (&dispatcher->runnable, &sub->run_link);
}

static GstArclySubscription *
pick_runnable_locked (GstArclyDispatcher *dispatcher)
{
  GList *link = NULL;

  while ((link = g_queue_pop_head_link (&dispatcher->runnable))) {
    GstArclySubscription *sub = link->data;

    sub->queued = FALSE;
    if (gst_arcly_subscription_has_work (sub))
      return sub;
  }
  return NULL;
}

void
gst_arcly_dispatcher_cut_stuck_locked (
    GstArclyDispatcher *dispatcher, GArray *cuts)
{
  for (GList *l = dispatcher->workers.head; l; l = l->next) {
    GstArclyWorker *worker = l->data;
    GstArclyCut cut;

    if (worker->current == NULL)
      continue;
    cut.block = gst_arcly_subscription_cut (worker->current, &cut.incident);
    if (cut.block == NULL)
      continue;
    cut.sub = g_object_ref (worker->current);
    g_array_append_val (cuts, cut);
  }
}

/* All readers were looked at. FALSE: something was published meanwhile, and
 * the next round begins. */
static gboolean
end_round_locked (GstArclyDispatcher *dispatcher, GstArclyStream *stream)
{
  guint expected = GST_ARCLY_DISPATCH_ACTIVE;

  /* With nobody there the state stays as it is, so that the publisher does
   * not call again. A reader that comes puts the stream back. */
  if (stream->readers->len &&
      !atomic_compare_exchange_strong (
          &stream->dispatch_state, &expected, GST_ARCLY_DISPATCH_IDLE)) {
    atomic_exchange (&stream->dispatch_state, GST_ARCLY_DISPATCH_ACTIVE);
    stream->round = 0;
    /* Streams take turns. */
    g_queue_unlink (&dispatcher->ready, &stream->ready_link);
    g_queue_push_tail_link (&dispatcher->ready, &stream->ready_link);
    return FALSE;
  }
  stream->ready = FALSE;
  g_queue_unlink (&dispatcher->ready, &stream->ready_link);
  return TRUE;
}

/* Goes over the readers of the first stream in the queue. A reader that
 * somebody runs is skipped: who runs it looks again before he lets it go, and
 * he needs our lock for that. */
static GstArclySubscription *
pick_ready_locked (GstArclyDispatcher *dispatcher, GArray *cuts)
{
  while (dispatcher->ready.head) {
    GstArclyStream *stream = dispatcher->ready.head->data;
    GstArclySubscription *found = NULL;

    while (found == NULL && stream->round < stream->readers->len) {
      GstArclySubscription *sub =
          g_ptr_array_index (stream->readers, stream->round++);

      if (sub->worker == NULL && !sub->queued &&
          gst_arcly_subscription_has_work (sub))
        found = sub;
    }
    /* At once, not when somebody looks next: whoever got the last reader may
     * be blocked by it, and the publisher must find an idle stream then. */
    if (stream->round >= stream->readers->len &&
        !end_round_locked (dispatcher, stream))
      gst_arcly_dispatcher_cut_stuck_locked (dispatcher, cuts);
    if (found)
      return found;
  }
  return NULL;
}

/* Readers that have more wait in one queue, those that were at the head in
 * the other; taking turns starves neither. */
GstArclySubscription *
gst_arcly_dispatcher_pick_locked (GstArclyDispatcher *dispatcher, GArray *cuts)
{
  GstArclySubscription *sub = NULL;

  dispatcher->prefer_ready = !dispatcher->prefer_ready;
  if (dispatcher->prefer_ready)
    sub = pick_ready_locked (dispatcher, cuts);
  if (sub == NULL)
    sub = pick_runnable_locked (dispatcher);
  if (sub == NULL && !dispatcher->prefer_ready)
    sub = pick_ready_locked (dispatcher, cuts);
  return sub;
}
