/* SPDX-License-Identifier: MIT */
#include "testauth.h"

#define WAIT (10 * G_TIME_SPAN_SECOND)

typedef struct {
  GObject parent;
  TestAuthFunc func;
  gpointer data;
} TestAuth;

typedef struct {
  GObjectClass parent_class;
} TestAuthClass;

typedef TestAuth TestAuthAsync;
typedef TestAuthClass TestAuthAsyncClass;

static gboolean
authorize (GstArclyAuthenticator *authenticator, GstArclyAuthRequest *request,
    GCancellable *cancellable, GError **error)
{
  TestAuth *self = (TestAuth *) authenticator;

  return self->func (request, self->data, error);
}

static void
iface_init (GstArclyAuthenticatorInterface *iface)
{
  iface->authorize = authorize;
}

GType test_auth_get_type (void);
G_DEFINE_TYPE_WITH_CODE (TestAuth, test_auth, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_AUTHENTICATOR, iface_init))

static void
test_auth_init (TestAuth *self)
{
}

static void
test_auth_class_init (TestAuthClass *klass)
{
}

static gboolean
decide (gpointer data)
{
  g_autoptr (GTask) task = data;
  TestAuth *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (self->func (g_task_get_task_data (task), self->data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

static void
authorize_async (GstArclyAuthenticator *authenticator,
    GstArclyAuthRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  GTask *task = g_task_new (authenticator, cancellable, callback, user_data);

  g_task_set_task_data (task, g_object_ref (request), g_object_unref);
  g_source_set_callback (source, decide, task, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static gboolean
authorize_finish (
    GstArclyAuthenticator *authenticator, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
async_iface_init (GstArclyAuthenticatorInterface *iface)
{
  iface->authorize_async = authorize_async;
  iface->authorize_finish = authorize_finish;
}

GType test_auth_async_get_type (void);
G_DEFINE_TYPE_WITH_CODE (TestAuthAsync, test_auth_async, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_ARCLY_AUTHENTICATOR, async_iface_init))

static void
test_auth_async_init (TestAuthAsync *self)
{
}

static void
test_auth_async_class_init (TestAuthAsyncClass *klass)
{
}

static GstArclyAuthenticator *
make (GType type, TestAuthFunc func, gpointer data)
{
  TestAuth *self = g_object_new (type, NULL);

  self->func = func;
  self->data = data;
  return GST_ARCLY_AUTHENTICATOR (self);
}

GstArclyAuthenticator *
test_auth_new (TestAuthFunc func, gpointer data)
{
  return make (test_auth_get_type (), func, data);
}

GstArclyAuthenticator *
test_auth_new_async (TestAuthFunc func, gpointer data)
{
  return make (test_auth_async_get_type (), func, data);
}

void
test_gate_init (TestGate *gate)
{
  g_mutex_init (&gate->lock);
  g_cond_init (&gate->changed);
  gate->waiting = 0;
  gate->passed = 0;
  gate->open = FALSE;
}

void
test_gate_clear (TestGate *gate)
{
  g_mutex_lock (&gate->lock);
  while (gate->passed < gate->waiting)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
  g_cond_clear (&gate->changed);
  g_mutex_clear (&gate->lock);
}

void
test_gate_pass (TestGate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->waiting++;
  g_cond_broadcast (&gate->changed);
  while (!gate->open)
    g_cond_wait (&gate->changed, &gate->lock);
  gate->passed++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

void
test_gate_open (TestGate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

void
test_gate_wait (TestGate *gate, guint n)
{
  gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&gate->lock);
  while (gate->waiting < n)
    g_assert_true (g_cond_wait_until (&gate->changed, &gate->lock, end));
  g_mutex_unlock (&gate->lock);
}
