/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpauth.h"

#include <string.h>

/* In all, of one client: it is kept as long as the client is connected. */
#define MAX_CREDENTIALS_SIZE (16 * 1024)

struct _GstArclyRtmpCredentials {
  gchar *app_query;
  gchar *url;
  gchar **arguments;
};

/* Held by whoever waits and by the request that is under way. */
struct _GstArclyRtmpAuth {
  /* Loop thread only. */
  GstArclyRtmpAuthFunc func; /* NULL: it was called or cancelled */
  gpointer data;
  GstArclyRtmpTimer timer;

  /* Constant. */
  GCancellable *cancellable;

  GMutex lock;
  /* lock. The loop clears it when nobody waits any more: it may then be gone.
   */
  GstArclyRtmpLoop *loop;
};

static gsize
text_size (const gchar *text)
{
  return text ? strlen (text) : 0;
}

GstArclyRtmpCredentials *
gst_arcly_rtmp_credentials_new (const GstArclyRtmpConnect *connect)
{
  GstArclyRtmpCredentials *credentials = NULL;
  gsize size = text_size (connect->app_query) + text_size (connect->tc_url);
  guint i;

  for (i = 0; connect->arguments && connect->arguments[i]; i++)
    size += sizeof (gchar *) + strlen (connect->arguments[i]);
  if (size > MAX_CREDENTIALS_SIZE)
    return NULL;
  credentials = g_new0 (GstArclyRtmpCredentials, 1);
  credentials->app_query = g_strdup (connect->app_query);
  credentials->url = g_strdup (connect->tc_url);
  credentials->arguments = g_strdupv (connect->arguments);
  return credentials;
}

void
gst_arcly_rtmp_credentials_free (GstArclyRtmpCredentials *credentials)
{
  g_free (credentials->app_query);
  g_free (credentials->url);
  g_strfreev (credentials->arguments);
  g_free (credentials);
}

GstArclyAuthRequest *
gst_arcly_rtmp_auth_request (GstArclyAction action, const gchar *protocol,
    const gchar *peer, const GstArclyRtmpCredentials *credentials,
    const GstArclyRtmpStream *stream)
{
  GstArclyAuthRequest *request =
      gst_arcly_auth_request_new (action, protocol, stream->app, stream->name);
  guint i;

  gst_arcly_auth_request_set_peer (request, peer);
  /* What is nearest to the stream counts first. */
  if (stream->query)
    gst_arcly_auth_request_add_query (request, stream->query);
  if (credentials->app_query)
    gst_arcly_auth_request_add_query (request, credentials->app_query);
  if (credentials->url)
    gst_arcly_auth_request_set_url (request, credentials->url);
  for (i = 0; credentials->arguments && credentials->arguments[i]; i++)
    gst_arcly_auth_request_add_argument (request, credentials->arguments[i]);
  return request;
}

static void
auth_clear (gpointer data)
{
  GstArclyRtmpAuth *auth = data;

  g_object_unref (auth->cancellable);
  g_mutex_clear (&auth->lock);
}

static void
auth_unref (gpointer auth)
{
  g_atomic_rc_box_release_full (auth, auth_clear);
}

/* Nobody waits any more. Gives the waiter's reference back. */
static void
leave (GstArclyRtmpAuth *auth)
{
  auth->func = NULL;
  gst_arcly_rtmp_timer_stop (&auth->timer);
  g_mutex_lock (&auth->lock);
  auth->loop = NULL;
  g_mutex_unlock (&auth->lock);
  auth_unref (auth);
}

static void
decide (GstArclyRtmpAuth *auth, gboolean permitted, const gchar *reason)
{
  GstArclyRtmpAuthFunc func = auth->func;
  gpointer data = auth->data;

  if (!func)
    return;
  leave (auth);
  func (data, permitted, reason);
}

static void
on_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpAuth *auth = timer->data;

  g_cancellable_cancel (auth->cancellable);
  decide (auth, FALSE, "the server could not decide in time");
}

typedef struct {
  GstArclyRtmpAuth *auth;
  GError *error; /* NULL: permitted */
} Decision;

static void
decision_free (gpointer data)
{
  Decision *decision = data;

  auth_unref (decision->auth);
  g_clear_error (&decision->error);
  g_free (decision);
}

/* In the loop. */
static void
bring (gpointer data)
{
  Decision *decision = data;

  decide (decision->auth, decision->error == NULL,
      decision->error ? decision->error->message : NULL);
}

/* In a thread of the engine; takes the request's reference. */
static void
on_decided (GObject *object, GAsyncResult *result, gpointer data)
{
  GstArclyRtmpAuth *auth = data;
  Decision *decision = g_new0 (Decision, 1);

  decision->auth = auth;
  gst_arcly_engine_authorize_finish (
      GST_ARCLY_ENGINE (object), result, &decision->error);
  /* post() never blocks, and the loop cannot go while we hold the lock. */
  g_mutex_lock (&auth->lock);
  if (auth->loop) {
    gst_arcly_rtmp_loop_post (auth->loop, bring, decision, decision_free);
    decision = NULL;
  }
  g_mutex_unlock (&auth->lock);
  if (decision)
    decision_free (decision);
}

GstArclyRtmpAuth *
gst_arcly_rtmp_auth_start (GstArclyEngine *engine, GstArclyRtmpLoop *loop,
    GstArclyAuthRequest *request, GstArclyRtmpAuthFunc func, gpointer data)
{
  g_autoptr (GstArclyAuthenticator) authenticator =
      gst_arcly_engine_dup_authenticator (engine);
  GstArclyRtmpAuth *auth = NULL;

  if (!authenticator)
    return NULL;
  auth = g_atomic_rc_box_new0 (GstArclyRtmpAuth);
  auth->func = func;
  auth->data = data;
  auth->loop = loop;
  auth->cancellable = g_cancellable_new ();
  g_mutex_init (&auth->lock);
  gst_arcly_rtmp_timer_init (&auth->timer, loop, on_timer, auth);
  gst_arcly_rtmp_timer_start (&auth->timer, GST_ARCLY_RTMP_AUTH_TIMEOUT);
  gst_arcly_engine_authorize_async (engine, request, auth->cancellable,
      on_decided, g_atomic_rc_box_acquire (auth));
  return auth;
}

void
gst_arcly_rtmp_auth_cancel (GstArclyRtmpAuth *auth)
{
  g_cancellable_cancel (auth->cancellable);
  leave (auth);
}
