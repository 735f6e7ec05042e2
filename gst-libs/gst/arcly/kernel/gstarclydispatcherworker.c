/* SPDX-License-Identifier: MIT
 *
 * The threads: working, watching, sleeping. */
#include "config.h"

#include <gst/arcly/kernel/gstarclydispatcherpriv.h>

/* A delivery that takes longer holds its worker: another takes the place. */
#define WATCH_INTERVAL_US 2000

/* Idle threads above the working ones and the watcher: a reader that blocks
 * now and then should not cost a thread start each time. */
#define MAX_SPARE 2

static gpointer worker_main (gpointer data);

static void
cut_clear (GstArclyCut *cut)
{
  gst_arcly_block_unref (cut->block);
  g_object_unref (cut->sub);
}

static void
spawn_locked (GstArclyDispatcher *dispatcher)
{
  GstArclyWorker *worker = g_new0 (GstArclyWorker, 1);

  worker->dispatcher = g_object_ref (dispatcher);
  worker->state = GST_ARCLY_WORKER_SLEEPING;
  worker->woken = TRUE;
  dispatcher->n_woken++;
  worker->link.data = worker->sleep_link.data = worker;
  worker->scratch = g_array_new (FALSE, FALSE, sizeof (GstArclyItem));
  g_cond_init (&worker->cond);
  g_queue_push_tail_link (&dispatcher->workers, &worker->link);
  /* Until it first asks for the lock, nobody looks at "thread". */
  worker->thread = g_thread_new ("arcly-worker", worker_main, worker);
}

static void
wake_locked (GstArclyDispatcher *dispatcher, GstArclyWorker *worker)
{
  worker->woken = TRUE;
  dispatcher->n_woken++;
  dispatcher->wakeups++;
  g_cond_signal (&worker->cond);
}

/* Gets one more thread to look, unless one is on its way. It works if there is
 * a place, else it watches those that do. */
void
gst_arcly_dispatcher_wake_one_locked (GstArclyDispatcher *dispatcher)
{
  gboolean place = dispatcher->n_working < dispatcher->n_workers;
  GList *link = NULL;

  if (dispatcher->stopping || dispatcher->n_woken ||
      (!place && dispatcher->watcher))
    return;
  link = g_queue_pop_head_link (&dispatcher->sleepers);
  if (link)
    wake_locked (dispatcher, link->data);
  else if (dispatcher->watcher)
    wake_locked (dispatcher, dispatcher->watcher);
  else
    spawn_locked (dispatcher);
}

/* A reader that was detached while it was claimed is put to rest by who has
 * the claim, and what the list of readers held is dropped. */
void
gst_arcly_dispatcher_release_claim_locked (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  guint drop = 0;

  /* It may be attached and detached again while it is put to rest. */
  while (sub->n_removed) {
    drop += sub->n_removed;
    sub->n_removed = 0;
    g_mutex_unlock (&dispatcher->lock);
    gst_arcly_subscription_rest (sub);
    g_mutex_lock (&dispatcher->lock);
  }
  sub->worker = NULL;
  if (sub->attached && gst_arcly_subscription_has_work (sub))
    gst_arcly_dispatcher_queue_reader_locked (dispatcher, sub, FALSE);
  if (dispatcher->n_waiters)
    g_cond_broadcast (&dispatcher->changed);
  if (drop == 0)
    return;
  g_mutex_unlock (&dispatcher->lock);
  while (drop--)
    g_object_unref (sub);
  g_mutex_lock (&dispatcher->lock);
}

static void
run_reader (GstArclyWorker *worker, GstArclySubscription *sub)
{
  GstArclyDispatcher *dispatcher = worker->dispatcher;

  sub->worker = worker;
  worker->current = sub;
  worker->jobs++;
  do {
    sub->runs++;
    if (dispatcher->n_waiters)
      g_cond_broadcast (&dispatcher->changed);
    g_mutex_unlock (&dispatcher->lock);
    gst_arcly_subscription_run (sub, worker->scratch);
    g_mutex_lock (&dispatcher->lock);
    /* Somebody took our place: this thread is the reader's own until the
     * reader keeps up, or until a place is free again. */
    if (worker->state == GST_ARCLY_WORKER_STUCK &&
        dispatcher->n_working < dispatcher->n_workers) {
      worker->state = GST_ARCLY_WORKER_WORKING;
      dispatcher->n_working++;
    }
  } while (worker->state == GST_ARCLY_WORKER_STUCK && sub->n_removed == 0 &&
           !dispatcher->stopping && gst_arcly_subscription_has_work (sub));

  worker->current = NULL;
  gst_arcly_dispatcher_release_claim_locked (dispatcher, sub);
}

static void
tell_cuts (GstArclyDispatcher *dispatcher, GArray *cuts)
{
  if (cuts->len == 0)
    return;
  g_mutex_unlock (&dispatcher->lock);
  for (guint i = 0; i < cuts->len; i++) {
    GstArclyCut *cut = &g_array_index (cuts, GstArclyCut, i);

    /* It would keep all that the cut has let go. */
    gst_arcly_subscription_drop_pin (cut->sub);
    gst_arcly_subscription_tell (cut->sub, &cut->incident);
  }
  g_array_set_size (cuts, 0);
  g_mutex_lock (&dispatcher->lock);
}

/* Works until there is nothing to do. */
static void
work_locked (GstArclyWorker *worker, GArray *cuts)
{
  GstArclyDispatcher *dispatcher = worker->dispatcher;

  worker->state = GST_ARCLY_WORKER_WORKING;
  dispatcher->n_working++;
  while (!dispatcher->stopping) {
    GstArclySubscription *sub =
        gst_arcly_dispatcher_pick_locked (dispatcher, cuts);

    if (cuts->len) {
      /* Telling may take long: the reader waits in the queue meanwhile. */
      if (sub)
        gst_arcly_dispatcher_queue_reader_locked (dispatcher, sub, TRUE);
      tell_cuts (dispatcher, cuts);
      continue;
    }
    if (sub == NULL)
      break;
    if (gst_arcly_dispatcher_has_work_locked (dispatcher))
      gst_arcly_dispatcher_wake_one_locked (dispatcher);
    run_reader (worker, sub);
    if (worker->state == GST_ARCLY_WORKER_STUCK)
      return; /* the place is taken */
  }
  dispatcher->n_working--;
}

/* Looks once after the working ones: who is in the same delivery at the end
 * as at the beginning is stuck, and its place is free. */
static void
watch_locked (GstArclyWorker *worker, GArray *cuts)
{
  GstArclyDispatcher *dispatcher = worker->dispatcher;
  gint64 until = g_get_monotonic_time () + WATCH_INTERVAL_US;
  gboolean woken = FALSE;

  worker->state = GST_ARCLY_WORKER_WATCHING;
  dispatcher->watcher = worker;
  for (GList *l = dispatcher->workers.head; l; l = l->next) {
    GstArclyWorker *other = l->data;

    other->jobs_seen = other->current ? other->jobs : 0;
  }
  woken = g_cond_wait_until (&worker->cond, &dispatcher->lock, until);
  dispatcher->watcher = NULL;
  if (worker->woken) {
    worker->woken = FALSE;
    dispatcher->n_woken--;
  }
  if (woken)
    return;

  for (GList *l = dispatcher->workers.head; l; l = l->next) {
    GstArclyWorker *other = l->data;

    if (other->state == GST_ARCLY_WORKER_WORKING && other->current &&
        other->jobs == other->jobs_seen) {
      other->state = GST_ARCLY_WORKER_STUCK;
      dispatcher->n_working--;
    }
  }
  gst_arcly_dispatcher_cut_stuck_locked (dispatcher, cuts);
  tell_cuts (dispatcher, cuts);
}

static void
sleep_locked (GstArclyWorker *worker)
{
  GstArclyDispatcher *dispatcher = worker->dispatcher;

  worker->state = GST_ARCLY_WORKER_SLEEPING;
  g_queue_push_head_link (&dispatcher->sleepers, &worker->sleep_link);
  while (!worker->woken && !dispatcher->stopping)
    g_cond_wait (&worker->cond, &dispatcher->lock);
  if (!worker->woken)
    g_queue_unlink (&dispatcher->sleepers, &worker->sleep_link);
}

static void
serve_locked (GstArclyWorker *worker, GArray *cuts)
{
  GstArclyDispatcher *dispatcher = worker->dispatcher;

  worker->woken = FALSE;
  dispatcher->n_woken--;
  while (!dispatcher->stopping) {
    if (dispatcher->n_working < dispatcher->n_workers)
      work_locked (worker, cuts);
    if (dispatcher->stopping || dispatcher->watcher)
      return;
    if (dispatcher->n_working == 0 &&
        !gst_arcly_dispatcher_has_work_locked (dispatcher))
      return;
    watch_locked (worker, cuts);
  }
}

static void
worker_free (GstArclyWorker *worker)
{
  g_thread_unref (worker->thread);
  g_array_unref (worker->scratch);
  g_cond_clear (&worker->cond);
  g_object_unref (worker->dispatcher);
  g_free (worker);
}

static gpointer
worker_main (gpointer data)
{
  GstArclyWorker *worker = data;
  GstArclyDispatcher *dispatcher = worker->dispatcher;
  g_autoptr (GArray) cuts = g_array_new (FALSE, FALSE, sizeof (GstArclyCut));

  g_array_set_clear_func (cuts, (GDestroyNotify) cut_clear);
  g_mutex_lock (&dispatcher->lock);
  while (!dispatcher->stopping) {
    serve_locked (worker, cuts);
    if (dispatcher->stopping ||
        dispatcher->sleepers.length >= dispatcher->n_workers + MAX_SPARE)
      break;
    sleep_locked (worker);
  }
  g_queue_unlink (&dispatcher->workers, &worker->link);
  dispatcher->jobs_ended += worker->jobs;
  g_cond_broadcast (&dispatcher->changed);
  g_mutex_unlock (&dispatcher->lock);

  worker_free (worker);
  return NULL;
}
