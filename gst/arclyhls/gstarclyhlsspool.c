/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "gstarclyhlsspool.h"
#include "hls/hlsgaps.h"
#include "hls/hlsname.h"

/* From one try to the next: doubles from the first to the last. */
#define FIRST_PAUSE (G_USEC_PER_SEC / 4)
#define LAST_PAUSE (8 * G_USEC_PER_SEC)
/* So long one file is tried. */
#define GIVE_UP_AFTER (30 * G_USEC_PER_SEC)
/* A hiccup is nobody's business. */
#define TRIES_BEFORE_WARNING 3

typedef struct {
  gchar *name;
  GBytes *bytes; /* NULL: it goes */
} Job;

struct _GstArclyHlsSpool {
  /* Constant. */
  GstArclyStorage *storage; /* owned */
  const GstArclyHlsSpoolEvents *events;
  gpointer data;
  GCancellable *cancellable;
  GThread *thread;

  /* The spool's thread. */
  gboolean warned;
  GHashTable *lost; /* (element-type utf8 int), owned: see hlsgaps.h */
  Job *init; /* owned: that segments from now on need, and is lost; or NULL */

  /* lock. "changed" tells of all of it. */
  GMutex lock;
  GCond changed;
  GQueue jobs;   /* (element-type Job), owned */
  gsize bytes;   /* of those, and of the one under way */
  gboolean busy; /* one is under way */
  gboolean closing;
};

static Job *
job_new (const gchar *name, GBytes *bytes)
{
  Job *job = g_new0 (Job, 1);

  job->name = g_strdup (name);
  job->bytes = bytes ? g_bytes_ref (bytes) : NULL;
  return job;
}

static void
job_free (Job *job)
{
  g_free (job->name);
  g_clear_pointer (&job->bytes, g_bytes_unref);
  g_free (job);
}

static gsize
job_size (const Job *job)
{
  return job->bytes ? g_bytes_get_size (job->bytes) : 0;
}

/* When the one before it is done, which may be NULL; NULL when nothing will
 * come any more. */
static Job *
next_job (GstArclyHlsSpool *self, Job *done)
{
  Job *job;

  g_mutex_lock (&self->lock);
  if (done)
    self->bytes -= job_size (done);
  self->busy = FALSE;
  g_cond_broadcast (&self->changed);
  while (self->jobs.length == 0 && !self->closing)
    g_cond_wait (&self->changed, &self->lock);
  job = g_queue_pop_head (&self->jobs);
  self->busy = job != NULL;
  g_mutex_unlock (&self->lock);
  return job;
}

/* It was made before it was known what becomes of the segments: these are in
 * front of it, so it is known now. What it names is in its own folder, as is
 * all that a spool has. */
static void
mark_gaps (GstArclyHlsSpool *self, Job *job)
{
  gsize size;
  const gchar *text;
  gchar *marked;

  if (!job->bytes || !g_str_has_suffix (job->name, ".m3u8"))
    return;
  text = g_bytes_get_data (job->bytes, &size);
  marked = gst_arcly_hls_gaps_mark (text, size, self->lost);
  if (!marked)
    return;
  g_mutex_lock (&self->lock);
  self->bytes -= size;
  g_bytes_unref (job->bytes);
  job->bytes = g_bytes_new_take (marked, strlen (marked));
  self->bytes += job_size (job);
  g_mutex_unlock (&self->lock);
}

static gboolean
is_of_kind (const Job *job, GstArclyHlsKind kind)
{
  g_autofree gchar *base = g_path_get_basename (job->name);
  GstArclyHlsName name;

  return job->bytes && gst_arcly_hls_name_parse (&name, base) &&
         name.kind == kind;
}

/* Without its init segment, a segment is of no use to anybody. */
static gboolean
try_init (GstArclyHlsSpool *self, const Job *job, GError **error)
{
  g_autofree gchar *base = NULL;

  if (!self->init || !is_of_kind (job, GST_ARCLY_HLS_FMP4))
    return TRUE;
  if (!gst_arcly_storage_put (self->storage, self->init->name,
          self->init->bytes, self->cancellable, error))
    return FALSE;
  base = g_path_get_basename (self->init->name);
  g_hash_table_remove (self->lost, base);
  g_clear_pointer (&self->init, job_free);
  return TRUE;
}

static gboolean
try_job (GstArclyHlsSpool *self, Job *job, GError **error)
{
  GCancellable *cancellable = self->cancellable;

  if (g_cancellable_is_cancelled (cancellable)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
        "%s: the storage took too long at the end", job->name);
    return FALSE;
  }
  if (job->bytes)
    return try_init (self, job, error) &&
           gst_arcly_storage_put (
               self->storage, job->name, job->bytes, cancellable, error);
  if (!gst_arcly_storage_remove (self->storage, job->name, cancellable, error))
    return FALSE;
  self->events->removed (self->data, job->name);
  return TRUE;
}

static gboolean
is_final (const GError *error)
{
  return g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_REFUSED) ||
         g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID) ||
         g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED);
}

static void
warn (GstArclyHlsSpool *self, const GError *error)
{
  if (!self->warned)
    self->events->failing (self->data, error);
  self->warned = TRUE;
}

static Job *
take_removal (GstArclyHlsSpool *self, const gchar *but)
{
  GList *item;
  Job *found = NULL;

  g_mutex_lock (&self->lock);
  for (item = self->jobs.head; item && !found; item = item->next) {
    Job *job = item->data;

    if (job->bytes || g_str_equal (job->name, but))
      continue;
    found = job;
    g_queue_delete_link (&self->jobs, item);
    break;
  }
  g_mutex_unlock (&self->lock);
  return found;
}

/* A storage that is full takes nothing before something goes. */
static void
make_room (GstArclyHlsSpool *self, const gchar *wanted)
{
  Job *job;

  while ((job = take_removal (self, wanted))) {
    if (!try_job (self, job, NULL)) {
      g_mutex_lock (&self->lock);
      g_queue_push_tail (&self->jobs, job);
      g_mutex_unlock (&self->lock);
      return;
    }
    job_free (job);
  }
}

static void
pause_until (GstArclyHlsSpool *self, gint64 end)
{
  g_mutex_lock (&self->lock);
  while (!g_cancellable_is_cancelled (self->cancellable) &&
         g_cond_wait_until (&self->changed, &self->lock, end))
    ;
  g_mutex_unlock (&self->lock);
}

/* Who implements a storage may forget to say why, or of what. */
static void
complete (GError **error, const Job *job)
{
  if (!*error)
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "the storage gave no reason");
  if (!strstr ((*error)->message, job->name))
    g_prefix_error (error, "%s: ", job->name);
}

/* FALSE with the last error. */
static gboolean
run_job (GstArclyHlsSpool *self, Job *job, GError **error)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 pause = FIRST_PAUSE;
  guint n;

  for (n = 1;; n++) {
    g_autoptr (GError) failure = NULL;
    gint64 now;

    if (try_job (self, job, &failure))
      return TRUE;
    complete (&failure, job);
    now = g_get_monotonic_time ();
    if (is_final (failure) || now - begin >= GIVE_UP_AFTER ||
        g_cancellable_is_cancelled (self->cancellable)) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    if (n >= TRIES_BEFORE_WARNING)
      warn (self, failure);
    self->events->retried (self->data);
    if (job->bytes)
      make_room (self, job->name);
    pause_until (self, now + pause);
    pause = MIN (2 * pause, LAST_PAUSE);
  }
}

static void
lose (GstArclyHlsSpool *self, const Job *job, const GError *error)
{
  if (!g_str_has_suffix (job->name, ".m3u8"))
    g_hash_table_insert (
        self->lost, g_path_get_basename (job->name), GINT_TO_POINTER (0));
  self->events->lost (self->data, job->name, error);
}

/* It takes the place of the one before it, which nothing needs that comes. */
static void
keep_init (GstArclyHlsSpool *self, const Job *job, gboolean is_lost)
{
  if (!is_of_kind (job, GST_ARCLY_HLS_INIT))
    return;
  g_clear_pointer (&self->init, job_free);
  if (is_lost)
    self->init = job_new (job->name, job->bytes);
}

static gpointer
run (gpointer data)
{
  GstArclyHlsSpool *self = data;
  Job *job = NULL, *done = NULL;

  while ((job = next_job (self, done))) {
    g_autoptr (GError) error = NULL;
    gboolean ok;

    mark_gaps (self, job);
    ok = run_job (self, job, &error);
    keep_init (self, job, !ok);
    if (ok) {
      self->warned = FALSE;
    } else {
      warn (self, error);
      if (job->bytes)
        lose (self, job, error);
    }
    g_clear_pointer (&done, job_free);
    done = job;
  }
  g_clear_pointer (&done, job_free);
  return NULL;
}

GstArclyHlsSpool *
gst_arcly_hls_spool_new (GstArclyStorage *storage,
    const GstArclyHlsSpoolEvents *events, gpointer data)
{
  GstArclyHlsSpool *self = g_new0 (GstArclyHlsSpool, 1);

  self->storage = g_object_ref (storage);
  self->events = events;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->jobs);
  self->thread = g_thread_new ("arcly-spool", run, self);
  return self;
}

/* A file of any size is taken if nothing else waits. */
static gboolean
push (GstArclyHlsSpool *self, const gchar *name, GBytes *bytes, GError **error)
{
  gsize size = bytes ? g_bytes_get_size (bytes) : 0;

  if (self->jobs.length >= GST_ARCLY_HLS_SPOOL_MAX_FILES ||
      (self->bytes > 0 && size > 0 &&
          self->bytes + size > GST_ARCLY_HLS_SPOOL_MAX_BYTES)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "%s: the storage is too slow: %u files, %" G_GSIZE_FORMAT
        " bytes wait for it already",
        name, self->jobs.length, self->bytes);
    return FALSE;
  }
  self->bytes += size;
  g_queue_push_tail (&self->jobs, job_new (name, bytes));
  g_cond_broadcast (&self->changed);
  return TRUE;
}

gboolean
gst_arcly_hls_spool_put (
    GstArclyHlsSpool *self, const gchar *name, GBytes *bytes, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&self->lock);
  return push (self, name, bytes, error);
}

gboolean
gst_arcly_hls_spool_remove (
    GstArclyHlsSpool *self, const gchar *name, GError **error)
{
  g_autoptr (GError) expired = NULL;
  GList *item;
  Job *waiting = NULL;
  gboolean ok = TRUE;

  g_mutex_lock (&self->lock);
  for (item = self->jobs.head; item && !waiting; item = item->next) {
    Job *job = item->data;

    if (!job->bytes || !g_str_equal (job->name, name))
      continue;
    waiting = job;
    self->bytes -= job_size (job);
    g_queue_delete_link (&self->jobs, item);
    break;
  }
  if (!waiting)
    ok = push (self, name, NULL, error);
  g_mutex_unlock (&self->lock);
  if (!waiting)
    return ok;
  expired = g_error_new (G_FILE_ERROR, G_FILE_ERROR_AGAIN,
      "%s: the storage did not take it while anybody could want it", name);
  self->events->lost (self->data, name, expired);
  job_free (waiting);
  return TRUE;
}

gboolean
gst_arcly_hls_spool_drain (GstArclyHlsSpool *self, gint64 time)
{
  gint64 end = g_get_monotonic_time () + time;
  gboolean empty;

  g_mutex_lock (&self->lock);
  while ((self->busy || self->jobs.length > 0) &&
         g_cond_wait_until (&self->changed, &self->lock, end))
    ;
  empty = !self->busy && self->jobs.length == 0;
  g_mutex_unlock (&self->lock);
  return empty;
}

void
gst_arcly_hls_spool_close (GstArclyHlsSpool *self)
{
  g_cancellable_cancel (self->cancellable);
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_hash_table_unref (self->lost);
  g_clear_pointer (&self->init, job_free);
  g_object_unref (self->cancellable);
  g_object_unref (self->storage);
  g_free (self);
}
