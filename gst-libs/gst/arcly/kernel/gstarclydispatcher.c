/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/kernel/gstarclydispatcherpriv.h>

/* Who releases or unlinks a pad does not wait longer for the delivery that
 * runs: the delivery may wait for him. */
#define GIVE_UP_US (100 * 1000)

#define SHARED_KEY "dispatcher"
#define ENGINE_KEY "gst-arcly-dispatcher"

G_DEFINE_FINAL_TYPE (GstArclyDispatcher, gst_arcly_dispatcher, G_TYPE_OBJECT)

GstArclyDispatcher *
gst_arcly_dispatcher_new (guint n_workers)
{
  GstArclyDispatcher *dispatcher =
      g_object_new (GST_TYPE_ARCLY_DISPATCHER, NULL);

  dispatcher->n_workers = n_workers ? n_workers : g_get_num_processors ();
  return dispatcher;
}

/* Nobody is in the queues or on the way: stop() has waited for that. Workers
 * that are still in a delivery go on. */
static void
start (GstArclyDispatcher *dispatcher, guint n_workers)
{
  g_mutex_lock (&dispatcher->lock);
  dispatcher->n_workers = n_workers ? n_workers : g_get_num_processors ();
  dispatcher->stopping = FALSE;
  dispatcher->n_woken = 0;
  if (gst_arcly_dispatcher_has_work_locked (dispatcher))
    gst_arcly_dispatcher_wake_one_locked (dispatcher);
  g_mutex_unlock (&dispatcher->lock);
}

/* One an engine for good, which starts and stops: its lock guards readers and
 * streams, and a pad that is requested while the element goes down and up again
 * must not be attached under another one than its siblings. */
static GObject *
create_shared (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  GstArclyDispatcher *dispatcher =
      g_object_get_data (G_OBJECT (engine), ENGINE_KEY);
  guint workers = 0;

  g_object_get (engine, "workers", &workers, NULL);
  if (dispatcher) {
    start (dispatcher, workers);
    return g_object_ref (G_OBJECT (dispatcher));
  }
  dispatcher = gst_arcly_dispatcher_new (workers);
  g_object_set_data_full (
      G_OBJECT (engine), ENGINE_KEY, g_object_ref (dispatcher), g_object_unref);
  return G_OBJECT (dispatcher);
}

static void
close_shared (GObject *dispatcher)
{
  gst_arcly_dispatcher_stop (GST_ARCLY_DISPATCHER (dispatcher));
}

GstArclyDispatcher *
gst_arcly_dispatcher_acquire (GstArclyEngine *engine, GError **error)
{
  return (GstArclyDispatcher *) gst_arcly_engine_acquire (
      engine, SHARED_KEY, create_shared, close_shared, NULL, error);
}

static gboolean
ends_soon_locked (GstArclyDispatcher *dispatcher)
{
  for (GList *l = dispatcher->workers.head; l; l = l->next) {
    GstArclyWorker *worker = l->data;

    /* One that still is in a delivery, or runs this very code, ends by itself
     * once that is over; it has its own reference to all it needs. */
    if (worker->current == NULL)
      return FALSE;
  }
  return TRUE;
}

void
gst_arcly_dispatcher_stop (GstArclyDispatcher *dispatcher)
{
  g_mutex_lock (&dispatcher->lock);
  dispatcher->stopping = TRUE;
  dispatcher->n_waiters++;
  for (GList *l = dispatcher->workers.head; l; l = l->next)
    g_cond_signal (&((GstArclyWorker *) l->data)->cond);
  while (!ends_soon_locked (dispatcher))
    g_cond_wait (&dispatcher->changed, &dispatcher->lock);
  dispatcher->n_waiters--;
  g_mutex_unlock (&dispatcher->lock);
}

static void
ready_locked (GstArclyDispatcher *dispatcher, GstArclyStream *stream)
{
  if (stream->ready)
    return;
  stream->ready = TRUE;
  stream->round = stream->readers->len;
  g_queue_push_tail_link (&dispatcher->ready, &stream->ready_link);
}

void
gst_arcly_dispatcher_submit (
    GstArclyDispatcher *dispatcher, GstArclyStream *stream)
{
  g_mutex_lock (&dispatcher->lock);
  ready_locked (dispatcher, stream);
  /* A worker looks again when its delivery ends, and a watcher sees to it if
   * that never ends. */
  if (dispatcher->n_working == 0 || dispatcher->watcher == NULL)
    gst_arcly_dispatcher_wake_one_locked (dispatcher);
  g_mutex_unlock (&dispatcher->lock);
}

GstArclyDispatcher *
gst_arcly_dispatcher_last_of (GstArclySubscription *sub)
{
  GstArclyDispatcher *last = NULL;

  g_mutex_lock (&sub->control_lock);
  if (sub->last)
    last = g_object_ref (sub->last);
  g_mutex_unlock (&sub->control_lock);
  return last;
}

/* A delivery that has not ended since the reader was detached belongs to the
 * workers of then, and so does, under their lock, the reader's place in their
 * queues. Going down it was waited for, but not by who did so inside of it. */
static void
wait_for_claim (GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  g_mutex_lock (&dispatcher->lock);
  dispatcher->n_waiters++;
  while (sub->worker &&
         (sub->worker == sub ||
             ((GstArclyWorker *) sub->worker)->thread != g_thread_self ()))
    g_cond_wait (&dispatcher->changed, &dispatcher->lock);
  dispatcher->n_waiters--;
  g_mutex_unlock (&dispatcher->lock);
}

void
gst_arcly_dispatcher_attach (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  GstArclyStream *stream = sub->stream;
  g_autoptr (GstArclyDispatcher) last = gst_arcly_dispatcher_last_of (sub);

  /* Whoever else attaches it meanwhile has to wait, too. */
  if (last && last != dispatcher)
    wait_for_claim (last, sub);

  g_mutex_lock (&sub->control_lock);
  g_set_object (&sub->last, dispatcher);
  g_set_object (&sub->dispatcher, dispatcher);
  g_mutex_unlock (&sub->control_lock);
  gst_arcly_subscription_pin (sub);

  g_mutex_lock (&dispatcher->lock);
  if (!sub->attached) {
    sub->attached = TRUE;
    atomic_store (&stream->dispatcher, dispatcher);
    g_object_ref (sub);
    sub->reader_index = stream->readers->len;
    g_ptr_array_add (stream->readers, sub);
    if (atomic_load (&stream->dispatch_state) != GST_ARCLY_DISPATCH_IDLE)
      ready_locked (dispatcher, stream);
    gst_arcly_dispatcher_queue_reader_locked (dispatcher, sub, TRUE);
    gst_arcly_dispatcher_wake_one_locked (dispatcher);
  }
  g_mutex_unlock (&dispatcher->lock);
}

static void
remove_reader_locked (GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  GstArclyStream *stream = sub->stream;
  GstArclySubscription *moved = NULL;
  guint last = stream->readers->len - 1;

  g_ptr_array_remove_index_fast (stream->readers, sub->reader_index);
  if (sub->reader_index < last) {
    moved = g_ptr_array_index (stream->readers, sub->reader_index);
    moved->reader_index = sub->reader_index;
    /* It took a place that the round has passed already. */
    gst_arcly_dispatcher_queue_reader_locked (dispatcher, moved, FALSE);
  }
  if (stream->readers->len > 0)
    return;
  /* From now on the publisher calls nobody. */
  atomic_store (&stream->dispatch_state, GST_ARCLY_DISPATCH_DIRTY);
  if (stream->ready) {
    stream->ready = FALSE;
    g_queue_unlink (&dispatcher->ready, &stream->ready_link);
  }
}

GstArclyDispatcher *
gst_arcly_dispatcher_of (GstArclySubscription *sub)
{
  GstArclyDispatcher *dispatcher = NULL;

  g_mutex_lock (&sub->control_lock);
  if (sub->dispatcher)
    dispatcher = g_object_ref (sub->dispatcher);
  g_mutex_unlock (&sub->control_lock);
  return dispatcher;
}

void
gst_arcly_dispatcher_detach (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  g_autoptr (GstArclyDispatcher) of = gst_arcly_dispatcher_of (sub);

  if (of != dispatcher)
    return;
  g_mutex_lock (&dispatcher->lock);
  if (sub->attached) {
    sub->attached = FALSE;
    if (sub->queued) {
      sub->queued = FALSE;
      g_queue_unlink (&dispatcher->runnable, &sub->run_link);
    }
    remove_reader_locked (dispatcher, sub);
    sub->n_removed++;
    if (sub->worker == NULL) {
      sub->worker = sub;
      gst_arcly_dispatcher_release_claim_locked (dispatcher, sub);
    }
  }
  g_mutex_unlock (&dispatcher->lock);

  g_mutex_lock (&sub->control_lock);
  g_clear_object (&sub->dispatcher);
  g_mutex_unlock (&sub->control_lock);
}

gboolean
gst_arcly_dispatcher_wait (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub, gboolean hurry)
{
  gint64 until = 0;
  gboolean done = TRUE;
  GstArclyWorker *worker = NULL;

  g_mutex_lock (&dispatcher->lock);
  dispatcher->n_waiters++;
  worker = sub->worker;
  if (worker && sub->worker != sub && worker->thread != g_thread_self ()) {
    guint64 run = sub->runs;

    while (done && sub->worker == worker && sub->runs == run) {
      if ((hurry || sub->leaving) && until == 0)
        until = g_get_monotonic_time () + GIVE_UP_US;
      if (until == 0)
        g_cond_wait (&dispatcher->changed, &dispatcher->lock);
      else if (!g_cond_wait_until (
                   &dispatcher->changed, &dispatcher->lock, until))
        done = sub->worker != worker || sub->runs != run;
    }
  }
  dispatcher->n_waiters--;
  g_mutex_unlock (&dispatcher->lock);
  return done;
}

void
gst_arcly_dispatcher_hurry (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  g_mutex_lock (&dispatcher->lock);
  sub->leaving = TRUE;
  if (dispatcher->n_waiters)
    g_cond_broadcast (&dispatcher->changed);
  g_mutex_unlock (&dispatcher->lock);
}

void
gst_arcly_dispatcher_kick (
    GstArclyDispatcher *dispatcher, GstArclySubscription *sub)
{
  g_mutex_lock (&dispatcher->lock);
  gst_arcly_dispatcher_queue_reader_locked (dispatcher, sub, TRUE);
  gst_arcly_dispatcher_wake_one_locked (dispatcher);
  g_mutex_unlock (&dispatcher->lock);
}

void
gst_arcly_dispatcher_get_stats (
    GstArclyDispatcher *dispatcher, GstArclyDispatcherStats *stats)
{
  g_mutex_lock (&dispatcher->lock);
  stats->n_places = dispatcher->n_workers;
  stats->n_workers = dispatcher->workers.length;
  stats->n_stuck = 0;
  stats->wakeups = dispatcher->wakeups;
  stats->jobs = dispatcher->jobs_ended;
  for (GList *l = dispatcher->workers.head; l; l = l->next) {
    GstArclyWorker *worker = l->data;

    stats->n_stuck += worker->state == GST_ARCLY_WORKER_STUCK ? 1 : 0;
    stats->jobs += worker->jobs;
  }
  g_mutex_unlock (&dispatcher->lock);
}

static void
gst_arcly_dispatcher_finalize (GObject *object)
{
  GstArclyDispatcher *dispatcher = GST_ARCLY_DISPATCHER (object);

  g_cond_clear (&dispatcher->changed);
  g_mutex_clear (&dispatcher->lock);
  G_OBJECT_CLASS (gst_arcly_dispatcher_parent_class)->finalize (object);
}

static void
gst_arcly_dispatcher_class_init (GstArclyDispatcherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_dispatcher_finalize;
}

static void
gst_arcly_dispatcher_init (GstArclyDispatcher *dispatcher)
{
  g_mutex_init (&dispatcher->lock);
  g_cond_init (&dispatcher->changed);
}
