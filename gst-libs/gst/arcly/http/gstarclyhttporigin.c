/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyhttporigin
 * @title: GstArclyHttpOrigin
 * @short_description: a live stream in memory, for low-latency HLS
 *
 * What a server hands out of a stream before it is in any file: the playlist of
 * the moment, the parts, one of which is just being made, and recent segments.
 * A packager fills it; gst_arcly_http_server_mount_origin() serves it. Servers
 * hold requests for what is about to come until it is there, and send a part
 * that is asked for early as its bytes arrive.
 *
 * All functions may be called from any thread. None blocks longer than a copy
 * of a few pointers takes; servers are woken, and answer in their own threads.
 *
 * Since: 0.1
 */
#include "config.h"

#include <string.h>

#include <gst/arcly/http/gstarclyhttporiginprivate.h>
#include <gst/arcly/kernel/gstarclymeter.h>

typedef struct {
  GPtrArray *chunks; /* (element-type GBytes) */
  gsize size;
  gboolean complete;
} Resource;

/* A server that waits for something new. The source that calls it has a
 * reference. */
struct _GstArclyHttpWatch {
  gatomicrefcount refs;
  GMainContext *context;
  GstArclyHttpWakeFunc wake; /* NULL when it is over; the context's thread */
  gpointer data;
  gint pending; /* atomic: a source is under way */
};

struct _GstArclyHttpOrigin {
  GObject parent;

  /* Constant. */
  guint32 id;

  /* Packagers write, servers read. Held for lookups and pointer copies. */
  GMutex lock;
  GHashTable *resources; /* name to Resource */
  GstArclyHttpSnapshot *snapshot;
  GPtrArray *watches; /* (element-type GstArclyHttpWatch) */
  guint64 serial;
  gboolean closed;
  guint64 n_answers;
  GstArclyHistogram delays; /* of those */
};

G_DEFINE_FINAL_TYPE (GstArclyHttpOrigin, gst_arcly_http_origin, G_TYPE_OBJECT)

static void
resource_free (gpointer data)
{
  Resource *resource = data;

  g_ptr_array_unref (resource->chunks);
  g_free (resource);
}

static Resource *
resource_new (void)
{
  Resource *resource = g_new0 (Resource, 1);

  resource->chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return resource;
}

static void
resource_add (Resource *resource, GBytes *bytes)
{
  g_ptr_array_add (resource->chunks, g_bytes_ref (bytes));
  resource->size += g_bytes_get_size (bytes);
}

static void
watch_unref (gpointer data)
{
  GstArclyHttpWatch *watch = data;

  if (!g_atomic_ref_count_dec (&watch->refs))
    return;
  g_main_context_unref (watch->context);
  g_free (watch);
}

static gpointer
watch_ref (gconstpointer data, gpointer user_data)
{
  GstArclyHttpWatch *watch = (GstArclyHttpWatch *) data;

  g_atomic_ref_count_inc (&watch->refs);
  return watch;
}

static gboolean
on_wake (gpointer data)
{
  GstArclyHttpWatch *watch = data;

  g_atomic_int_set (&watch->pending, FALSE);
  if (watch->wake)
    watch->wake (watch->data);
  return G_SOURCE_REMOVE;
}

/* One source, however much happens until it runs. */
static void
wake (gpointer data, gpointer user_data)
{
  GstArclyHttpWatch *watch = data;
  g_autoptr (GSource) source = NULL;

  if (!g_atomic_int_compare_and_exchange (&watch->pending, FALSE, TRUE))
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (
      source, on_wake, (gpointer) watch_ref (watch, NULL), watch_unref);
  g_source_attach (source, watch->context);
}

/* Without the lock: it takes that of a main context. */
static void
wake_all (GstArclyHttpOrigin *origin)
{
  g_autoptr (GPtrArray) watches = NULL;

  g_mutex_lock (&origin->lock);
  if (origin->watches->len > 0)
    watches = g_ptr_array_copy (origin->watches, watch_ref, NULL);
  g_mutex_unlock (&origin->lock);
  if (watches)
    g_ptr_array_foreach (watches, wake, NULL);
}

GstArclyHttpWatch *
gst_arcly_http_origin_watch (GstArclyHttpOrigin *origin, GMainContext *context,
    GstArclyHttpWakeFunc func, gpointer data)
{
  GstArclyHttpWatch *watch = g_new0 (GstArclyHttpWatch, 1);

  g_atomic_ref_count_init (&watch->refs);
  watch->context = g_main_context_ref (context);
  watch->wake = func;
  watch->data = data;
  g_mutex_lock (&origin->lock);
  g_ptr_array_add (origin->watches, watch);
  g_mutex_unlock (&origin->lock);
  return watch;
}

void
gst_arcly_http_origin_unwatch (
    GstArclyHttpOrigin *origin, GstArclyHttpWatch *watch)
{
  watch->wake = NULL;
  g_mutex_lock (&origin->lock);
  g_ptr_array_remove_fast (origin->watches, watch);
  g_mutex_unlock (&origin->lock);
}

GstArclyHttpSnapshot *
gst_arcly_http_origin_get_snapshot (GstArclyHttpOrigin *origin)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&origin->lock);
  return origin->snapshot ? gst_arcly_http_snapshot_ref (origin->snapshot)
                          : NULL;
}

gboolean
gst_arcly_http_origin_is_closed (GstArclyHttpOrigin *origin)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&origin->lock);
  return origin->closed;
}

void
gst_arcly_http_origin_note_answer (GstArclyHttpOrigin *origin, gint64 delay)
{
  g_mutex_lock (&origin->lock);
  origin->n_answers++;
  gst_arcly_histogram_add (
      &origin->delays, (GstClockTime) MAX (delay, 0) * GST_USECOND, 1);
  g_mutex_unlock (&origin->lock);
}

/* A copy of the chunks behind @offset. */
static GPtrArray *
chunks_from (Resource *resource, gsize offset)
{
  GPtrArray *chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i;

  for (i = 0; i < resource->chunks->len; i++) {
    GBytes *chunk = g_ptr_array_index (resource->chunks, i);
    gsize size = g_bytes_get_size (chunk);

    if (offset >= size) {
      offset -= size;
      continue;
    }
    g_ptr_array_add (chunks,
        offset > 0 ? g_bytes_new_from_bytes (chunk, offset, size - offset)
                   : g_bytes_ref (chunk));
    offset = 0;
  }
  return chunks;
}

GPtrArray *
gst_arcly_http_origin_get (GstArclyHttpOrigin *origin, const gchar *name,
    gsize offset, gsize *size, gboolean *complete)
{
  g_autoptr (GMutexLocker) locker = NULL;
  Resource *resource;

  locker = g_mutex_locker_new (&origin->lock);
  resource = g_hash_table_lookup (origin->resources, name);
  if (!resource)
    return NULL;
  *size = resource->size;
  *complete = resource->complete;
  return chunks_from (resource, offset);
}

/**
 * gst_arcly_http_origin_new:
 *
 * Any thread.
 *
 * Returns: (transfer full): a stream of which nothing is there yet
 *
 * Since: 0.1
 */
GstArclyHttpOrigin *
gst_arcly_http_origin_new (void)
{
  return g_object_new (GST_TYPE_ARCLY_HTTP_ORIGIN, NULL);
}

/**
 * gst_arcly_http_origin_begin:
 * @origin: a stream
 * @name: a name that never had other content
 *
 * Announces a file: who asks for it from now on gets its bytes as they come.
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_begin (GstArclyHttpOrigin *origin, const gchar *name)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (name != NULL);

  g_mutex_lock (&origin->lock);
  g_hash_table_replace (origin->resources, g_strdup (name), resource_new ());
  g_mutex_unlock (&origin->lock);
}

/**
 * gst_arcly_http_origin_append:
 * @origin: a stream
 * @name: a name that was begun and not finished
 * @bytes: what comes next of it; shared, not copied
 *
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_append (
    GstArclyHttpOrigin *origin, const gchar *name, GBytes *bytes)
{
  Resource *resource;

  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (name != NULL && bytes != NULL);

  g_mutex_lock (&origin->lock);
  resource = g_hash_table_lookup (origin->resources, name);
  if (resource && !resource->complete)
    resource_add (resource, bytes);
  g_mutex_unlock (&origin->lock);
  wake_all (origin);
}

static GBytes *
concatenate (GPtrArray *chunks, gsize size)
{
  guint8 *data = g_malloc (MAX (size, 1)), *end = data;
  guint i;

  for (i = 0; i < chunks->len; i++) {
    GBytes *chunk = g_ptr_array_index (chunks, i);
    gsize n;
    gconstpointer from = g_bytes_get_data (chunk, &n);

    if (n > 0)
      memcpy (end, from, n);
    end += n;
  }
  return g_bytes_new_take (data, size);
}

/**
 * gst_arcly_http_origin_finish:
 * @origin: a stream
 * @name: a name that was begun
 *
 * It is whole, and may be cached for ever. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_finish (GstArclyHttpOrigin *origin, const gchar *name)
{
  Resource *resource;

  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (name != NULL);

  g_mutex_lock (&origin->lock);
  resource = g_hash_table_lookup (origin->resources, name);
  if (resource && !resource->complete) {
    /* Many clients get it in one piece each from now on. */
    GBytes *whole = concatenate (resource->chunks, resource->size);

    g_ptr_array_set_size (resource->chunks, 0);
    g_ptr_array_add (resource->chunks, whole);
    resource->complete = TRUE;
  }
  g_mutex_unlock (&origin->lock);
  wake_all (origin);
}

/**
 * gst_arcly_http_origin_join:
 * @origin: a stream
 * @name: a name that never had other content
 * @parts: (array zero-terminated=1): names of whole files
 *
 * A file that consists of others, whose memory it shares; they may be removed
 * then. Nothing is there if one of them is not. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_join (
    GstArclyHttpOrigin *origin, const gchar *name, const gchar *const *parts)
{
  Resource *joined = NULL;
  guint i, j;

  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (name != NULL && parts != NULL);

  joined = resource_new ();
  joined->complete = TRUE;
  g_mutex_lock (&origin->lock);
  for (i = 0; parts[i] && joined; i++) {
    Resource *part = g_hash_table_lookup (origin->resources, parts[i]);

    if (!part || !part->complete) {
      g_clear_pointer (&joined, resource_free);
      break;
    }
    for (j = 0; j < part->chunks->len; j++)
      resource_add (joined, g_ptr_array_index (part->chunks, j));
  }
  if (joined)
    g_hash_table_replace (origin->resources, g_strdup (name), joined);
  g_mutex_unlock (&origin->lock);
}

/**
 * gst_arcly_http_origin_remove:
 * @origin: a stream
 * @name: a name
 *
 * It is not there any more. An answer that was not whole by then breaks off.
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_remove (GstArclyHttpOrigin *origin, const gchar *name)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (name != NULL);

  g_mutex_lock (&origin->lock);
  g_hash_table_remove (origin->resources, name);
  g_mutex_unlock (&origin->lock);
  wake_all (origin);
}

/**
 * gst_arcly_http_origin_set_playlist:
 * @origin: a stream
 * @playlist: what is true from now on
 *
 * Answers the requests that wait for it. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_set_playlist (
    GstArclyHttpOrigin *origin, const GstArclyHttpPlaylist *playlist)
{
  GstArclyHttpSnapshot *old;

  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));
  g_return_if_fail (playlist != NULL && playlist->full != NULL);

  g_mutex_lock (&origin->lock);
  old = origin->snapshot;
  origin->snapshot =
      gst_arcly_http_snapshot_new (playlist, origin->id, origin->serial++);
  g_mutex_unlock (&origin->lock);
  g_clear_pointer (&old, gst_arcly_http_snapshot_unref);
  wake_all (origin);
}

/**
 * gst_arcly_http_origin_close:
 * @origin: a stream
 *
 * Nothing will come any more; who waits is told so. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_http_origin_close (GstArclyHttpOrigin *origin)
{
  g_return_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin));

  g_mutex_lock (&origin->lock);
  origin->closed = TRUE;
  g_mutex_unlock (&origin->lock);
  wake_all (origin);
}

/**
 * gst_arcly_http_origin_get_stats:
 * @origin: a stream
 *
 * How fast those who waited were served, since the stream was made: "answers"
 * (#guint64), the requests that waited for a playlist and got it, and
 * "answer-delay-p50" and "answer-delay-p99" (#guint64, nanoseconds, up to half
 * too much, 0 if there were none): how long after a playlist was set half of
 * them, and 99 of 100, were handed to the system to the last byte. Any thread.
 *
 * Returns: (transfer full): application/x-arcly-http-origin-stats
 *
 * Since: 0.1
 */
GstStructure *
gst_arcly_http_origin_get_stats (GstArclyHttpOrigin *origin)
{
  guint64 counts[GST_ARCLY_HISTOGRAM_BUCKETS] = { 0 };
  guint64 n_answers;

  g_return_val_if_fail (GST_IS_ARCLY_HTTP_ORIGIN (origin), NULL);

  g_mutex_lock (&origin->lock);
  n_answers = origin->n_answers;
  gst_arcly_histogram_sum (&origin->delays, counts);
  g_mutex_unlock (&origin->lock);
  return gst_structure_new ("application/x-arcly-http-origin-stats", "answers",
      G_TYPE_UINT64, n_answers, "answer-delay-p50", G_TYPE_UINT64,
      gst_arcly_histogram_quantile (counts, 0.5), "answer-delay-p99",
      G_TYPE_UINT64, gst_arcly_histogram_quantile (counts, 0.99), NULL);
}

static void
gst_arcly_http_origin_finalize (GObject *object)
{
  GstArclyHttpOrigin *origin = GST_ARCLY_HTTP_ORIGIN (object);

  g_hash_table_unref (origin->resources);
  g_ptr_array_unref (origin->watches);
  g_clear_pointer (&origin->snapshot, gst_arcly_http_snapshot_unref);
  g_mutex_clear (&origin->lock);

  G_OBJECT_CLASS (gst_arcly_http_origin_parent_class)->finalize (object);
}

static void
gst_arcly_http_origin_init (GstArclyHttpOrigin *origin)
{
  g_mutex_init (&origin->lock);
  origin->id = g_random_int ();
  origin->resources =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, resource_free);
  origin->watches = g_ptr_array_new_with_free_func (watch_unref);
}

static void
gst_arcly_http_origin_class_init (GstArclyHttpOriginClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_http_origin_finalize;
}
