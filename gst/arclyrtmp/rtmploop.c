/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmploop.h"

#include <gst/arcly/gstarclyerror.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Ready sockets taken from the kernel at once. Small enough that posted
 * functions and timers get their turn under load. */
#define MAX_EVENTS 64

typedef struct {
  GstArclyRtmpLoopFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Posted;

struct _GstArclyRtmpLoop {
  /* Set when made, constant until freed: any thread, no lock. */
  GThread *thread;
  gint epoll_fd;
  gint wake_fd;

  /* new() sets it up before the thread runs; then loop thread only. */
  GstArclyRtmpWatch wake_watch;

  /* Loop thread only. */
  GPtrArray *timers; /* (element-type GstArclyRtmpTimer), a heap by "due" */
  struct epoll_event ready[MAX_EVENTS];
  GArray *running; /* (element-type Posted), else empty: see run_posted() */
  gint n_ready;    /* those of "ready" not run yet and before: see remove() */

  /* Atomic. A number, which orders nothing. */
  gint users;

  GMutex lock;
  /* lock. */
  GArray *posted; /* (element-type Posted) */
  gboolean stopping;
  /* lock. Signalled when a call() is done. */
  GCond called;
};

static void
set_errno_error (GError **error, const gchar *what)
{
  gint saved = errno;

  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED, "%s: %s", what,
      g_strerror (saved));
}

/* ---- timers: a binary heap, its root at index 0 and slot 1 ---- */

static GstArclyRtmpTimer *
heap_at (GstArclyRtmpLoop *loop, guint slot)
{
  return g_ptr_array_index (loop->timers, slot - 1);
}

static void
heap_put (GstArclyRtmpLoop *loop, guint slot, GstArclyRtmpTimer *timer)
{
  g_ptr_array_index (loop->timers, slot - 1) = timer;
  timer->slot = slot;
}

static void
heap_rise (GstArclyRtmpLoop *loop, GstArclyRtmpTimer *timer)
{
  guint slot = timer->slot;

  while (slot > 1 && heap_at (loop, slot / 2)->due > timer->due) {
    heap_put (loop, slot, heap_at (loop, slot / 2));
    slot /= 2;
  }
  heap_put (loop, slot, timer);
}

static void
heap_sink (GstArclyRtmpLoop *loop, GstArclyRtmpTimer *timer)
{
  guint slot = timer->slot;
  guint len = loop->timers->len;

  while (2 * slot <= len) {
    guint child = 2 * slot;

    if (child < len &&
        heap_at (loop, child + 1)->due < heap_at (loop, child)->due)
      child++;
    if (heap_at (loop, child)->due >= timer->due)
      break;
    heap_put (loop, slot, heap_at (loop, child));
    slot = child;
  }
  heap_put (loop, slot, timer);
}

/* Prepares @timer to call @func with @timer; its owner keeps it in place. */
void
gst_arcly_rtmp_timer_init (GstArclyRtmpTimer *timer, GstArclyRtmpLoop *loop,
    GstArclyRtmpTimerFunc func, gpointer data)
{
  timer->loop = loop;
  timer->func = func;
  timer->data = data;
  timer->due = 0;
  timer->slot = 0;
}

/* Fires @delay_us microseconds from now; moves a timer that runs already. */
void
gst_arcly_rtmp_timer_start (GstArclyRtmpTimer *timer, gint64 delay_us)
{
  GstArclyRtmpLoop *loop = timer->loop;

  timer->due = g_get_monotonic_time () + MAX (delay_us, 0);
  if (timer->slot == 0) {
    g_ptr_array_add (loop->timers, timer);
    timer->slot = loop->timers->len;
  }
  heap_rise (loop, timer);
  heap_sink (loop, timer);
}

void
gst_arcly_rtmp_timer_stop (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpLoop *loop = timer->loop;
  GstArclyRtmpTimer *last = NULL;
  guint slot = timer->slot;

  if (slot == 0)
    return;

  timer->slot = 0;
  last = heap_at (loop, loop->timers->len);
  g_ptr_array_set_size (loop->timers, loop->timers->len - 1);
  if (last == timer)
    return;
  heap_put (loop, slot, last);
  heap_rise (loop, last);
  heap_sink (loop, last);
}

static void
run_timers (GstArclyRtmpLoop *loop)
{
  gint64 now = g_get_monotonic_time ();

  while (loop->timers->len > 0 && heap_at (loop, 1)->due <= now) {
    GstArclyRtmpTimer *timer = heap_at (loop, 1);

    gst_arcly_rtmp_timer_stop (timer);
    timer->func (timer);
  }
}

/* Milliseconds for epoll_wait(), rounded up so that it never wakes early. */
static gint
time_to_sleep (GstArclyRtmpLoop *loop)
{
  gint64 left;

  if (loop->timers->len == 0)
    return -1;
  left = heap_at (loop, 1)->due - g_get_monotonic_time ();
  return (gint) CLAMP ((left + 999) / 1000, 0, G_MAXINT);
}

/* ---- sockets ---- */

void
gst_arcly_rtmp_watch_init (GstArclyRtmpWatch *watch, GstArclyRtmpLoop *loop,
    gint fd, GstArclyRtmpWatchFunc func, gpointer data)
{
  watch->loop = loop;
  watch->func = func;
  watch->data = data;
  watch->fd = fd;
  watch->events = 0;
}

/* Waits for @events from now on, level-triggered. With 0 the socket leaves the
 * epoll set: else a hang-up, which cannot be masked, would spin. */
gboolean
gst_arcly_rtmp_watch_set (
    GstArclyRtmpWatch *watch, guint32 events, GError **error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  gint op = watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

  if (events == watch->events)
    return TRUE;
  if (events == 0) {
    gst_arcly_rtmp_watch_remove (watch);
    return TRUE;
  }
  if (epoll_ctl (watch->loop->epoll_fd, op, watch->fd, &event) != 0) {
    set_errno_error (error, "Cannot wait for a socket");
    return FALSE;
  }
  watch->events = events;
  return TRUE;
}

/* Its function runs no more, also not for events that the kernel reported
 * already; its owner may free it. */
void
gst_arcly_rtmp_watch_remove (GstArclyRtmpWatch *watch)
{
  GstArclyRtmpLoop *loop = watch->loop;
  gint i;

  if (watch->events == 0)
    return;

  watch->events = 0;
  epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  for (i = 0; i < loop->n_ready; i++) {
    if (loop->ready[i].data.ptr == watch)
      loop->ready[i].data.ptr = NULL;
  }
}

static void
run_watches (GstArclyRtmpLoop *loop)
{
  gint i;

  for (i = 0; i < loop->n_ready; i++) {
    GstArclyRtmpWatch *watch = loop->ready[i].data.ptr;

    if (watch)
      watch->func (watch, loop->ready[i].events);
  }
  loop->n_ready = 0;
}

/* ---- what other threads post ---- */

static void
wake (GstArclyRtmpLoop *loop)
{
  guint64 one = 1;
  gssize written;

  /* Fails only with EAGAIN, when the counter is full: awake anyhow. */
  do
    written = write (loop->wake_fd, &one, sizeof (one));
  while (written < 0 && errno == EINTR);
}

/* It is edge-triggered, so nothing needs to be read: what woke the loop is
 * found in the list. */
static void
on_wake (GstArclyRtmpWatch *watch, guint32 events)
{
}

/* FALSE when the loop shall end: after what was posted before. */
static gboolean
run_posted (GstArclyRtmpLoop *loop)
{
  GArray *posted = NULL;
  gboolean stopping;
  guint i;

  g_mutex_lock (&loop->lock);
  posted = loop->posted;
  loop->posted = loop->running;
  stopping = loop->stopping;
  g_mutex_unlock (&loop->lock);
  loop->running = posted;

  for (i = 0; i < posted->len; i++) {
    Posted *job = &g_array_index (posted, Posted, i);

    job->func (job->data);
    if (job->destroy)
      job->destroy (job->data);
  }
  g_array_set_size (posted, 0);
  return !stopping;
}

/**
 * gst_arcly_rtmp_loop_post:
 * @loop: a loop
 * @func: runs in the loop's thread, soon
 * @data: for @func
 * @destroy: (nullable): frees @data after @func ran, or if it never will
 *
 * Any thread; never blocks.
 */
void
gst_arcly_rtmp_loop_post (GstArclyRtmpLoop *loop, GstArclyRtmpLoopFunc func,
    gpointer data, GDestroyNotify destroy)
{
  Posted job = { func, data, destroy };
  gboolean first;

  g_mutex_lock (&loop->lock);
  first = loop->posted->len == 0;
  g_array_append_val (loop->posted, job);
  g_mutex_unlock (&loop->lock);

  /* Whoever found the list empty wakes; the loop takes it whole. */
  if (first)
    wake (loop);
}

typedef struct {
  GstArclyRtmpLoop *loop;
  GstArclyRtmpLoopFunc func;
  gpointer data;
  gboolean done;
} Call;

static void
run_call (gpointer data)
{
  Call *call = data;
  GstArclyRtmpLoop *loop = call->loop;

  call->func (call->data);

  g_mutex_lock (&loop->lock);
  call->done = TRUE;
  g_cond_broadcast (&loop->called);
  g_mutex_unlock (&loop->lock);
}

/**
 * gst_arcly_rtmp_loop_call:
 * @loop: a loop
 * @func: runs in the loop's thread
 * @data: for @func
 *
 * Runs @func and waits until it has. Any thread; no lock may be held that the
 * loop's thread needs. In the loop's own thread it runs at once.
 */
void
gst_arcly_rtmp_loop_call (
    GstArclyRtmpLoop *loop, GstArclyRtmpLoopFunc func, gpointer data)
{
  Call call = { loop, func, data, FALSE };

  if (g_thread_self () == loop->thread) {
    func (data);
    return;
  }

  gst_arcly_rtmp_loop_post (loop, run_call, &call, NULL);
  g_mutex_lock (&loop->lock);
  while (!call.done)
    g_cond_wait (&loop->called, &loop->lock);
  g_mutex_unlock (&loop->lock);
}

/* ---- who uses it ---- */

void
gst_arcly_rtmp_loop_add_user (GstArclyRtmpLoop *loop)
{
  g_atomic_int_inc (&loop->users);
}

void
gst_arcly_rtmp_loop_remove_user (GstArclyRtmpLoop *loop)
{
  g_atomic_int_add (&loop->users, -1);
}

guint
gst_arcly_rtmp_loop_get_users (GstArclyRtmpLoop *loop)
{
  return g_atomic_int_get (&loop->users);
}

/* ---- the thread ---- */

static gpointer
loop_thread (gpointer data)
{
  GstArclyRtmpLoop *loop = data;

  while (run_posted (loop)) {
    gint n = epoll_wait (
        loop->epoll_fd, loop->ready, MAX_EVENTS, time_to_sleep (loop));

    loop->n_ready = MAX (n, 0); /* EINTR: nothing is ready */
    run_watches (loop);
    run_timers (loop);
  }
  return NULL;
}

/**
 * gst_arcly_rtmp_loop_new:
 * @name: for the thread
 * @error: return location for a #GError
 *
 * Returns: a running loop, or %NULL with %GST_ARCLY_ERROR_FAILED if the system
 *     has no more threads or file descriptors
 */
GstArclyRtmpLoop *
gst_arcly_rtmp_loop_new (const gchar *name, GError **error)
{
  g_autoptr (GstArclyRtmpLoop) loop = g_new0 (GstArclyRtmpLoop, 1);
  g_autoptr (GError) local = NULL;

  g_mutex_init (&loop->lock);
  g_cond_init (&loop->called);
  loop->timers = g_ptr_array_new ();
  loop->posted = g_array_new (FALSE, FALSE, sizeof (Posted));
  loop->running = g_array_new (FALSE, FALSE, sizeof (Posted));
  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  loop->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (loop->epoll_fd < 0 || loop->wake_fd < 0) {
    set_errno_error (error, "Cannot make an event loop");
    return NULL;
  }
  gst_arcly_rtmp_watch_init (
      &loop->wake_watch, loop, loop->wake_fd, on_wake, NULL);
  if (!gst_arcly_rtmp_watch_set (&loop->wake_watch, EPOLLIN | EPOLLET, error))
    return NULL;

  loop->thread = g_thread_try_new (name, loop_thread, loop, &local);
  if (!loop->thread) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "Cannot start an event loop: %s", local->message);
    return NULL;
  }
  return g_steal_pointer (&loop);
}

/**
 * gst_arcly_rtmp_loop_free:
 * @loop: (transfer full): a loop
 *
 * Runs what was posted before, joins the thread and frees @loop. Watches and
 * timers must be gone by then. Any thread but the loop's.
 */
void
gst_arcly_rtmp_loop_free (GstArclyRtmpLoop *loop)
{
  guint i;

  if (loop->thread) {
    g_mutex_lock (&loop->lock);
    loop->stopping = TRUE;
    g_mutex_unlock (&loop->lock);
    wake (loop);
    g_thread_join (loop->thread);
  }

  /* What the last functions posted in their turn. */
  for (i = 0; i < loop->posted->len; i++) {
    Posted *job = &g_array_index (loop->posted, Posted, i);

    if (job->destroy)
      job->destroy (job->data);
  }
  g_assert (loop->timers->len == 0);
  g_ptr_array_unref (loop->timers);
  g_array_unref (loop->posted);
  g_array_unref (loop->running);
  if (loop->epoll_fd >= 0)
    close (loop->epoll_fd);
  if (loop->wake_fd >= 0)
    close (loop->wake_fd);
  g_cond_clear (&loop->called);
  g_mutex_clear (&loop->lock);
  g_free (loop);
}

gboolean
gst_arcly_rtmp_timer_is_armed (const GstArclyRtmpTimer *timer)
{
  return timer->slot != 0;
}
