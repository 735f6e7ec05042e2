/* SPDX-License-Identifier: MIT */
/**
 * SECTION:gstarclyengine
 * @title: GstArclyEngine
 * @short_description: what the elements of a media server share
 *
 * An engine holds the names of the streams and the listeners (one for each
 * address and port) that several elements use together. The first element of a
 * pipeline that needs one makes it and shares it within the pipeline; an
 * application that wants several pipelines to share one makes it itself:
 *
 * |[<!-- language="C" -->
 * g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
 * g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
 *
 * gst_element_set_context (ingest_pipeline, context);
 * gst_element_set_context (egress_pipeline, context);
 * ]|
 *
 * Nothing is global: two engines in one process know nothing of each other.
 *
 * The threads that serve subscribers belong to the engine, too: see
 * #GstArclyEngine:workers.
 *
 * Since: 0.1
 */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/engine/gstarclyauthservice.h>
#include <gst/arcly/engine/gstarclyengine.h>

#define N_ROLES (GST_ARCLY_ROLE_EGRESS + 1)

/* More threads than that serve nobody better. */
#define MAX_WORKERS 1024

enum {
  PROP_0,
  PROP_WORKERS,
  PROP_AUTHENTICATOR,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* A shared object. It is made and closed outside the lock, so its name stays
 * taken while that lasts: nobody binds a port that is still being closed. */
typedef enum {
  SHARED_CREATING,
  SHARED_READY,
  SHARED_CLOSING,
} SharedState;

typedef struct {
  gchar *key;
  SharedState state;
  GObject *object;
  GstArclySharedClose close;
  guint users;
} Shared;

enum {
  SIGNAL_REGISTRY_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

struct _GstArclyEngine {
  GstObject parent;

  /* Constant. */
  GstArclyAuthService *auth_service;

  GMutex lock;

  /* lock. Settings. */
  guint workers;

  /* lock. Waits for a CREATING or CLOSING entry to change. */
  GCond shared_changed;
  GPtrArray *shared; /* (element-type Shared), owned */

  /* lock. Name to owner; the owner unregisters before it goes, so no reference
   * is held, and a lookup takes one while the lock keeps the owner here. */
  GHashTable *names[N_ROLES];
};

G_DEFINE_FINAL_TYPE (GstArclyEngine, gst_arcly_engine, GST_TYPE_OBJECT)

/**
 * gst_arcly_engine_new:
 *
 * An engine of its own, for an application that shares it between pipelines or
 * keeps pipelines apart. Any thread.
 *
 * Returns: (transfer full): the engine
 *
 * Since: 0.1
 */
GstArclyEngine *
gst_arcly_engine_new (void)
{
  return g_object_ref_sink (g_object_new (GST_TYPE_ARCLY_ENGINE, NULL));
}

/**
 * gst_arcly_engine_register:
 * @engine: the engine
 * @role: what @owner does for the stream
 * @name: the stream's name, "app/stream"
 * @owner: who has the name from now on; must unregister before its last
 *     reference is gone
 * @error: return location for a #GError
 *
 * Takes a name. Any thread.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_IN_USE if another object has
 *     this name in this role
 *
 * Since: 0.1
 */
gboolean
gst_arcly_engine_register (GstArclyEngine *engine, GstArclyRole role,
    const gchar *name, GObject *owner, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  GObject *other;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), FALSE);
  g_return_val_if_fail ((guint) role < N_ROLES, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (G_IS_OBJECT (owner), FALSE);

  locker = g_mutex_locker_new (&engine->lock);
  other = g_hash_table_lookup (engine->names[role], name);
  if (other && other != owner) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE,
        "stream '%s' belongs to another element of this engine already", name);
    return FALSE;
  }
  g_hash_table_insert (engine->names[role], g_strdup (name), owner);
  g_clear_pointer (&locker, g_mutex_locker_free);
  g_signal_emit (
      engine, signals[SIGNAL_REGISTRY_CHANGED], 0, (guint) role, name);
  return TRUE;
}

/**
 * gst_arcly_engine_unregister:
 * @engine: the engine
 * @role: the role in which @name was registered
 * @name: the stream's name
 * @owner: its owner
 *
 * Frees a name; does nothing if @owner does not have it. Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_engine_unregister (GstArclyEngine *engine, GstArclyRole role,
    const gchar *name, GObject *owner)
{
  gboolean removed = FALSE;

  g_return_if_fail (GST_IS_ARCLY_ENGINE (engine));
  g_return_if_fail ((guint) role < N_ROLES);
  g_return_if_fail (name != NULL);

  g_mutex_lock (&engine->lock);
  if (g_hash_table_lookup (engine->names[role], name) == owner)
    removed = g_hash_table_remove (engine->names[role], name);
  g_mutex_unlock (&engine->lock);
  if (removed)
    g_signal_emit (
        engine, signals[SIGNAL_REGISTRY_CHANGED], 0, (guint) role, name);
}

/**
 * gst_arcly_engine_lookup:
 * @engine: the engine
 * @role: a role
 * @name: a stream's name
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): who has @name in @role, or %NULL
 *
 * Since: 0.1
 */
GObject *
gst_arcly_engine_lookup (
    GstArclyEngine *engine, GstArclyRole role, const gchar *name)
{
  g_autoptr (GMutexLocker) locker = NULL;
  GObject *owner;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);
  g_return_val_if_fail ((guint) role < N_ROLES, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  locker = g_mutex_locker_new (&engine->lock);
  owner = g_hash_table_lookup (engine->names[role], name);
  return owner ? g_object_ref (owner) : NULL;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const gchar *const *) a, *(const gchar *const *) b);
}

/**
 * gst_arcly_engine_list_streams:
 * @engine: the engine
 *
 * The names that are registered in any role, each once, in order. Any thread.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 0.1
 */
gchar **
gst_arcly_engine_list_streams (GstArclyEngine *engine)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autoptr (GHashTable) seen = NULL;
  g_autoptr (GPtrArray) names = NULL;
  GHashTableIter iter;
  gpointer name;
  guint role;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);

  seen = g_hash_table_new (g_str_hash, g_str_equal);
  names = g_ptr_array_new ();

  locker = g_mutex_locker_new (&engine->lock);
  for (role = 0; role < N_ROLES; role++) {
    g_hash_table_iter_init (&iter, engine->names[role]);
    while (g_hash_table_iter_next (&iter, &name, NULL)) {
      if (g_hash_table_add (seen, name))
        g_ptr_array_add (names, g_strdup (name));
    }
  }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_steal (names, NULL);
}

static void
shared_free (Shared *shared)
{
  g_clear_object (&shared->object);
  g_free (shared->key);
  g_free (shared);
}

static Shared *
find_key_locked (GstArclyEngine *engine, const gchar *key)
{
  guint i;

  for (i = 0; i < engine->shared->len; i++) {
    Shared *shared = g_ptr_array_index (engine->shared, i);

    if (g_strcmp0 (shared->key, key) == 0)
      return shared;
  }
  return NULL;
}

/* Waits for the key to be either ready (then it is the result) or free. */
static Shared *
wait_for_key_locked (GstArclyEngine *engine, const gchar *key)
{
  Shared *shared = NULL;

  while (
      (shared = find_key_locked (engine, key)) && shared->state != SHARED_READY)
    g_cond_wait (&engine->shared_changed, &engine->lock);
  return shared;
}

/* Makes the object of an entry that the caller just added; unlocks meanwhile.
 */
static GObject *
create_shared_locked (GstArclyEngine *engine, Shared *shared,
    GstArclySharedCreate create, gpointer user_data, GError **error)
{
  gchar *key = g_strdup (shared->key);
  GObject *object = NULL;

  g_mutex_unlock (&engine->lock);
  object = create (engine, &key, user_data, error);
  g_mutex_lock (&engine->lock);

  g_cond_broadcast (&engine->shared_changed);
  if (!object) {
    g_free (key);
    g_ptr_array_remove_fast (engine->shared, shared);
    return NULL;
  }

  g_free (shared->key);
  shared->key = key;
  shared->object = object;
  shared->state = SHARED_READY;
  return g_object_ref (object);
}

/**
 * gst_arcly_engine_acquire:
 * @engine: the engine
 * @key: (nullable): what the object is, for example "http:127.0.0.1:8080";
 *     %NULL always makes a new one, which others find by the key that @create
 *     then gives it
 * @create: (scope call): makes the object if nobody has it
 * @close: (scope async) (nullable): ends it when its last user released it
 * @user_data: for @create
 * @error: return location for a #GError
 *
 * The object that all elements with the same @key share, for example a
 * listener. Waits while another thread makes or closes it. Any thread; no lock
 * may be held that @create or @close of the same object needs.
 *
 * Returns: (transfer full) (nullable): the object, to be given back with
 *     gst_arcly_engine_release(); or %NULL with what @create said
 *
 * Since: 0.1
 */
GObject *
gst_arcly_engine_acquire (GstArclyEngine *engine, const gchar *key,
    GstArclySharedCreate create, GstArclySharedClose close, gpointer user_data,
    GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  Shared *shared = NULL;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);
  g_return_val_if_fail (create != NULL, NULL);

  locker = g_mutex_locker_new (&engine->lock);
  if (key)
    shared = wait_for_key_locked (engine, key);
  if (shared) {
    shared->users++;
    return g_object_ref (shared->object);
  }

  shared = g_new0 (Shared, 1);
  shared->key = g_strdup (key);
  shared->state = SHARED_CREATING;
  shared->close = close;
  shared->users = 1;
  g_ptr_array_add (engine->shared, shared);
  return create_shared_locked (engine, shared, create, user_data, error);
}

static Shared *
find_object_locked (GstArclyEngine *engine, GObject *object)
{
  guint i;

  for (i = 0; i < engine->shared->len; i++) {
    Shared *shared = g_ptr_array_index (engine->shared, i);

    if (shared->object == object)
      return shared;
  }
  return NULL;
}

/**
 * gst_arcly_engine_release:
 * @engine: the engine
 * @shared: (transfer full): what gst_arcly_engine_acquire() returned
 *
 * Gives a shared object back. The last user closes it here, in its own thread,
 * before anybody else can make a new one under that key.
 *
 * Since: 0.1
 */
void
gst_arcly_engine_release (GstArclyEngine *engine, GObject *shared)
{
  g_autoptr (GObject) object = shared;
  g_autoptr (GMutexLocker) locker = NULL;
  Shared *entry = NULL;

  g_return_if_fail (GST_IS_ARCLY_ENGINE (engine));
  g_return_if_fail (G_IS_OBJECT (shared));

  locker = g_mutex_locker_new (&engine->lock);
  entry = find_object_locked (engine, object);
  g_return_if_fail (entry != NULL);
  if (--entry->users > 0)
    return;

  entry->state = SHARED_CLOSING;
  if (entry->close) {
    g_mutex_unlock (&engine->lock);
    entry->close (object);
    g_mutex_lock (&engine->lock);
  }
  g_ptr_array_remove_fast (engine->shared, entry);
  g_cond_broadcast (&engine->shared_changed);
}

GstArclyAuthService *
gst_arcly_engine_peek_auth_service (GstArclyEngine *engine)
{
  return engine->auth_service;
}

static void
gst_arcly_engine_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyEngine *engine = GST_ARCLY_ENGINE (object);

  switch (id) {
    case PROP_WORKERS:
      g_mutex_lock (&engine->lock);
      engine->workers = g_value_get_uint (value);
      g_mutex_unlock (&engine->lock);
      break;
    case PROP_AUTHENTICATOR:
      gst_arcly_auth_service_set_authenticator (
          engine->auth_service, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_arcly_engine_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyEngine *engine = GST_ARCLY_ENGINE (object);

  switch (id) {
    case PROP_WORKERS:
      g_mutex_lock (&engine->lock);
      g_value_set_uint (value, engine->workers);
      g_mutex_unlock (&engine->lock);
      break;
    case PROP_AUTHENTICATOR:
      g_value_take_object (value, gst_arcly_engine_dup_authenticator (engine));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_arcly_engine_finalize (GObject *object)
{
  GstArclyEngine *engine = GST_ARCLY_ENGINE (object);
  guint i;

  gst_arcly_auth_service_free (engine->auth_service);
  for (i = 0; i < N_ROLES; i++)
    g_hash_table_unref (engine->names[i]);
  g_ptr_array_unref (engine->shared);
  g_cond_clear (&engine->shared_changed);
  g_mutex_clear (&engine->lock);

  G_OBJECT_CLASS (gst_arcly_engine_parent_class)->finalize (object);
}

static void
gst_arcly_engine_init (GstArclyEngine *engine)
{
  guint i;

  engine->auth_service = gst_arcly_auth_service_new ();
  g_mutex_init (&engine->lock);
  g_cond_init (&engine->shared_changed);
  engine->shared =
      g_ptr_array_new_with_free_func ((GDestroyNotify) shared_free);
  for (i = 0; i < N_ROLES; i++)
    engine->names[i] =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
gst_arcly_engine_class_init (GstArclyEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = gst_arcly_engine_set_property;
  object_class->get_property = gst_arcly_engine_get_property;
  object_class->finalize = gst_arcly_engine_finalize;

  /**
   * GstArclyEngine:workers:
   *
   * How many threads serve the subscribers of the engine's streams at a time;
   * 0 is one a core. A subscriber that blocks its thread does not count:
   * another thread takes the place meanwhile. The number holds for the
   * workers that start when the first stream of the engine goes to READY;
   * a change takes effect after the last one went to NULL. Any thread.
   *
   * Since: 0.1
   */
  properties[PROP_WORKERS] = g_param_spec_uint ("workers", "Workers",
      "Threads that serve subscribers (0 = one a core)", 0, MAX_WORKERS, 0,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyEngine:authenticator:
   *
   * Decides who may publish and play; %NULL permits everything. May be set at
   * any time: it counts for those who ask from then on. Any thread.
   *
   * Since: 0.1
   */
  properties[PROP_AUTHENTICATOR] = g_param_spec_object ("authenticator",
      "Authenticator", "Decides who may publish and play (NULL = everybody)",
      GST_TYPE_ARCLY_AUTHENTICATOR, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  /**
   * GstArclyEngine::registry-changed:
   * @engine: the engine
   * @role: a #GstArclyRole
   * @name: the stream's name
   *
   * A name was taken or freed: gst_arcly_engine_lookup() says who has it now.
   * Emitted in the thread that registered or unregistered it (a change of
   * state, as a rule, so a handler must not block), with no lock held. Two
   * changes in two threads may be told in either order; what the lookup says
   * after the last of them holds.
   *
   * Since: 0.1
   */
  signals[SIGNAL_REGISTRY_CHANGED] = g_signal_new ("registry-changed",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
}
