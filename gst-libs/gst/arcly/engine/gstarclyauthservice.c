/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/engine/gstarclyauthservice.h>
#include <gst/arcly/gstarclyerror.h>

/* Held by its owner and by its thread. */
struct _GstArclyAuthService {
  /* Constant. */
  GMainContext *context;
  GMainLoop *loop;
  GThreadPool *pool; /* as many threads as there are blocking jobs */

  GMutex lock;
  /* lock. */
  GstArclyAuthenticator *authenticator;
  GThread *thread; /* started once */
  GQueue asked;    /* (element-type Job), for the thread */
  GQueue blocking; /* (element-type Job), for the pool */
};

typedef struct {
  gpointer source; /* keeps the service */
  GstArclyAuthenticator *authenticator;
  GstArclyAuthRequest *request;
  GCancellable *cancellable;
  GAsyncReadyCallback callback;
  gpointer user_data;
  GTask *task; /* made in the service's thread, so it completes there */
} Job;

static void
job_free (Job *job)
{
  g_object_unref (job->source);
  g_clear_object (&job->authenticator);
  g_object_unref (job->request);
  g_clear_object (&job->cancellable);
  g_clear_object (&job->task);
  g_free (job);
}

/* An implementation that refuses without a reason must not crash us. */
static void
complete (GTask *task, gboolean permitted, GError *error)
{
  if (permitted) {
    g_clear_error (&error);
    g_task_return_boolean (task, TRUE);
  } else if (error) {
    g_task_return_error (task, error);
  } else {
    g_task_return_new_error (
        task, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED, "not allowed");
  }
}

static void
put_job (GstArclyAuthService *service, GQueue *queue, Job *job)
{
  g_mutex_lock (&service->lock);
  g_queue_push_tail (queue, job);
  g_mutex_unlock (&service->lock);
}

static Job *
take_job (GstArclyAuthService *service, GQueue *queue)
{
  Job *job = NULL;

  g_mutex_lock (&service->lock);
  job = g_queue_pop_head (queue);
  g_mutex_unlock (&service->lock);
  return job;
}

/* In a thread of the pool. */
static void
run_blocking (gpointer data, gpointer user_data)
{
  GstArclyAuthService *service = data;
  Job *job = take_job (service, &service->blocking);
  GError *error = NULL;
  gboolean permitted = GST_ARCLY_AUTHENTICATOR_GET_IFACE (job->authenticator)
                           ->authorize (job->authenticator, job->request,
                               job->cancellable, &error);

  complete (job->task, permitted, error);
  job_free (job);
}

static void
on_decided (GObject *object, GAsyncResult *result, gpointer data)
{
  Job *job = data;
  GError *error = NULL;
  gboolean permitted =
      GST_ARCLY_AUTHENTICATOR_GET_IFACE (object)->authorize_finish (
          GST_ARCLY_AUTHENTICATOR (object), result, &error);

  complete (job->task, permitted, error);
  job_free (job);
}

static gboolean
start_job (gpointer data)
{
  GstArclyAuthService *service = data;
  Job *job = take_job (service, &service->asked);
  GstArclyAuthenticatorInterface *iface =
      job->authenticator
          ? GST_ARCLY_AUTHENTICATOR_GET_IFACE (job->authenticator)
          : NULL;

  job->task =
      g_task_new (job->source, job->cancellable, job->callback, job->user_data);
  if (iface && iface->authorize_async && iface->authorize_finish) {
    iface->authorize_async (
        job->authenticator, job->request, job->cancellable, on_decided, job);
    return G_SOURCE_REMOVE;
  }
  if (iface && iface->authorize) {
    put_job (service, &service->blocking, job);
    g_thread_pool_push (service->pool, service, NULL);
    return G_SOURCE_REMOVE;
  }
  complete (job->task, iface == NULL, NULL);
  job_free (job);
  return G_SOURCE_REMOVE;
}

static void
service_clear (gpointer data)
{
  GstArclyAuthService *service = data;

  g_clear_object (&service->authenticator);
  g_thread_pool_free (service->pool, FALSE, FALSE);
  g_mutex_clear (&service->lock);
  g_main_loop_unref (service->loop);
  g_main_context_unref (service->context);
}

static gpointer
service_thread (gpointer data)
{
  GstArclyAuthService *service = data;

  g_main_context_push_thread_default (service->context);
  g_main_loop_run (service->loop);
  g_main_context_pop_thread_default (service->context);
  g_atomic_rc_box_release_full (service, service_clear);
  return NULL;
}

GstArclyAuthService *
gst_arcly_auth_service_new (void)
{
  GstArclyAuthService *service = g_atomic_rc_box_new0 (GstArclyAuthService);

  g_mutex_init (&service->lock);
  g_queue_init (&service->asked);
  g_queue_init (&service->blocking);
  service->context = g_main_context_new ();
  service->loop = g_main_loop_new (service->context, FALSE);
  /* Threads that are not exclusive are made when they are needed. */
  service->pool = g_thread_pool_new (run_blocking, NULL, -1, FALSE, NULL);
  return service;
}

/* The authenticator, and a thread to ask it in. */
static gboolean
prepare (GstArclyAuthService *service, GstArclyAuthenticator **authenticator,
    GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&service->lock);
  if (!service->thread) {
    g_atomic_rc_box_acquire (service);
    service->thread =
        g_thread_try_new ("arclyauth", service_thread, service, error);
    if (!service->thread) {
      g_atomic_rc_box_release (service);
      return FALSE;
    }
  }
  *authenticator =
      service->authenticator ? g_object_ref (service->authenticator) : NULL;
  return TRUE;
}

void
gst_arcly_auth_service_set_authenticator (
    GstArclyAuthService *service, GstArclyAuthenticator *authenticator)
{
  GstArclyAuthenticator *before = NULL;

  g_mutex_lock (&service->lock);
  before = service->authenticator;
  service->authenticator = authenticator ? g_object_ref (authenticator) : NULL;
  g_mutex_unlock (&service->lock);
  g_clear_object (&before);
}

GstArclyAuthenticator *
gst_arcly_auth_service_dup_authenticator (GstArclyAuthService *service)
{
  g_autoptr (GMutexLocker) locker = NULL;

  locker = g_mutex_locker_new (&service->lock);
  return service->authenticator ? g_object_ref (service->authenticator) : NULL;
}

void
gst_arcly_auth_service_authorize (GstArclyAuthService *service, gpointer source,
    GstArclyAuthRequest *request, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GSource) idle = g_idle_source_new ();
  GstArclyAuthenticator *authenticator = NULL;
  GError *error = NULL;
  Job *job = NULL;

  if (!prepare (service, &authenticator, &error)) {
    g_task_report_error (source, callback, user_data, NULL, error);
    return;
  }
  job = g_new0 (Job, 1);
  job->source = g_object_ref (source);
  job->authenticator = authenticator;
  job->request = g_object_ref (request);
  job->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  job->callback = callback;
  job->user_data = user_data;
  put_job (service, &service->asked, job);
  g_source_set_callback (idle, start_job, service, NULL);
  g_source_attach (idle, service->context);
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
gst_arcly_auth_service_free (GstArclyAuthService *service)
{
  GThread *thread = service->thread;

  if (thread == g_thread_self ()) {
    g_main_loop_quit (service->loop);
    g_thread_unref (thread);
  } else if (thread) {
    g_autoptr (GSource) idle = g_idle_source_new ();

    g_source_set_callback (idle, quit, service->loop, NULL);
    g_source_attach (idle, service->context);
    g_thread_join (thread);
  }
  g_atomic_rc_box_release_full (service, service_clear);
}
