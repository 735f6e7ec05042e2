/* SPDX-License-Identifier: MIT
 *
 * A storage in place of an arclyhlssink's folder, that fails as it is told. */
#pragma once

#include <gst/arcly/arcly.h>

#include "testhls.h"

/* An application's own: keeps all in another one, but for what it is told. */
#define TEST_TYPE_STORAGE (test_storage_get_type ())
G_DECLARE_FINAL_TYPE (TestStorage, test_storage, TEST, STORAGE, GObject)

typedef enum {
  TAKES,
  FAILS,   /* for now */
  REFUSES, /* for good */
  BLOCKS,  /* until it takes, or is cancelled */
} Mood;

struct _TestStorage {
  GObject parent;

  GstArclyStorage *memory;
  /* lock */
  GMutex lock;
  GCond changed;
  Mood mood;
  const gchar *only; /* a suffix of names: what the mood is for */
  gboolean terse;    /* constant: its errors have no name */
  guint n_tries;
  guint n_missing; /* names in playlists, without a file */
  GPtrArray *puts; /* (element-type utf8): names, as they came */
  GThread *thread; /* of the last call */
};

static void storage_init (GstArclyStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestStorage, test_storage, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_STORAGE, storage_init))

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  TestStorage *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static Mood
mood_for (TestStorage *self, const gchar *name)
{
  return !self->only || g_str_has_suffix (name, self->only) ? self->mood
                                                            : TAKES;
}

/* What it thinks of this name, when it has made up its mind. */
static Mood
ask (TestStorage *self, const gchar *name, GCancellable *cancellable)
{
  gulong id = g_cancellable_connect (
      cancellable, G_CALLBACK (on_cancelled), self, NULL);
  Mood mood;

  g_mutex_lock (&self->lock);
  self->n_tries++;
  self->thread = g_thread_self ();
  g_cond_broadcast (&self->changed);
  while ((mood = mood_for (self, name)) == BLOCKS &&
         !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, id);
  return mood;
}

/* Names in a playlist of which it has no file. */
static guint
count_missing (TestStorage *self, GBytes *playlist)
{
  g_autofree gchar *text = g_strndup (
      g_bytes_get_data (playlist, NULL), g_bytes_get_size (playlist));
  g_auto (GStrv) names = hls_lint_names (text);
  guint n = 0, i;

  for (i = 0; names[i]; i++) {
    g_autoptr (GBytes) bytes =
        gst_arcly_storage_get (self->memory, names[i], NULL, NULL);

    n += bytes == NULL;
  }
  return n;
}

static gboolean
test_storage_put (GstArclyStorage *storage, const gchar *name, GBytes *bytes,
    GCancellable *cancellable, GError **error)
{
  TestStorage *self = TEST_STORAGE (storage);
  Mood mood = ask (self, name, cancellable);

  if (mood != TAKES) {
    g_set_error (error, GST_ARCLY_ERROR,
        mood == REFUSES ? GST_ARCLY_ERROR_REFUSED : GST_ARCLY_ERROR_FAILED,
        "no: %s", self->terse ? "I refuse" : name);
    return FALSE;
  }
  if (!gst_arcly_storage_put (self->memory, name, bytes, NULL, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  if (g_str_has_suffix (name, "index.m3u8"))
    self->n_missing += count_missing (self, bytes);
  g_ptr_array_add (self->puts, g_strdup (name));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gboolean
test_storage_remove (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  return gst_arcly_storage_remove (
      TEST_STORAGE (storage)->memory, name, NULL, error);
}

static GBytes *
test_storage_get (GstArclyStorage *storage, const gchar *name,
    GCancellable *cancellable, GError **error)
{
  return gst_arcly_storage_get (
      TEST_STORAGE (storage)->memory, name, NULL, error);
}

static void
storage_init (GstArclyStorageInterface *iface)
{
  iface->put = test_storage_put;
  iface->remove = test_storage_remove;
  iface->get = test_storage_get;
}

static void
test_storage_finalize (GObject *object)
{
  TestStorage *self = TEST_STORAGE (object);

  g_object_unref (self->memory);
  g_ptr_array_unref (self->puts);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (test_storage_parent_class)->finalize (object);
}

static void
test_storage_init (TestStorage *self)
{
  self->memory = GST_ARCLY_STORAGE (gst_arcly_memory_storage_new (G_MAXUINT32));
  self->puts = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

static void
test_storage_class_init (TestStorageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_storage_finalize;
}

static inline TestStorage *
test_storage_new (Mood mood, const gchar *only)
{
  TestStorage *self = g_object_new (TEST_TYPE_STORAGE, NULL);

  self->mood = mood;
  self->only = only;
  return self;
}

static inline void
test_storage_set_mood (TestStorage *self, Mood mood)
{
  g_mutex_lock (&self->lock);
  self->mood = mood;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static inline void
test_storage_wait_for_try (TestStorage *self, guint n)
{
  g_mutex_lock (&self->lock);
  while (self->n_tries < n)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

static inline gchar *
dup_playlist (TestStorage *self)
{
  g_autoptr (GBytes) bytes =
      gst_arcly_storage_get (self->memory, "index.m3u8", NULL, NULL);

  return bytes ? g_strndup (
                     g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
               : NULL;
}

static inline guint64
stat_of (TestHls *t, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = G_MAXUINT64;

  g_object_get (t->sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

/* Waits for a message, whose text is told. */
static inline gchar *
wait_message (TestHls *t, GstMessageType type)
{
  GstMessage *message =
      gst_bus_timed_pop_filtered (t->bus, GST_CLOCK_TIME_NONE, type);
  g_autoptr (GError) error = NULL;
  gchar *text;

  if (type == GST_MESSAGE_WARNING) {
    gst_message_parse_warning (message, &error, NULL);
    text = g_strdup (error->message);
  } else {
    const GstStructure *lost = gst_message_get_structure (message);

    fail_unless (gst_structure_has_name (lost, "arcly-storage-lost"));
    fail_unless (gst_structure_get_string (lost, "message") != NULL);
    text = g_strdup (gst_structure_get_string (lost, "name"));
  }
  gst_message_unref (message);
  return text;
}
