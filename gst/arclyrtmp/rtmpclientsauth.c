/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpclientspriv.h"

typedef GstArclyRtmpClient Client;

/* Tells the route's element, if there is one. */
static void
note_unauthorized (
    Client *client, const GstArclyRtmpEvent *event, const gchar *description)
{
  GstArclyRtmpClients *clients = client->clients;
  const gchar *path = event->stream.path;

  if (event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH) {
    GstArclyRtmpRoute *route = g_hash_table_lookup (clients->routes, path);

    if (route)
      route->funcs.refused (route->data, client->peer, description);
  } else {
    GstArclyRtmpPlayRoute *route =
        g_hash_table_lookup (clients->play_routes, path);

    if (route)
      route->funcs.refused (route->data);
  }
}

static void
refuse_unauthorized (Client *client, const GstArclyRtmpEvent *event)
{
  gboolean publish = event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH;
  g_autofree gchar *path = gst_arcly_rtmp_clients_show (event->stream.path);
  g_autofree gchar *description =
      g_strdup_printf ("%s: %s", path, client->refusal);

  note_unauthorized (client, event, description);
  gst_arcly_rtmp_client_refuse (client, event->stream_id,
      publish ? GST_ARCLY_RTMP_CODE_PUBLISH_DENIED
              : GST_ARCLY_RTMP_CODE_PLAY_FAILED,
      description);
}

static void
on_decision (gpointer data, gboolean permitted, const gchar *reason)
{
  Client *client = data;

  client->auth = NULL;
  client->decision =
      permitted ? GST_ARCLY_RTMP_PERMITTED : GST_ARCLY_RTMP_REFUSED;
  g_free (client->refusal);
  client->refusal = g_strdup (reason);
  gst_arcly_rtmp_connection_resume_with (
      client->connection, g_steal_pointer (&client->asked));
}

/* One publication a connection: no encoder needs more, and each would want its
 * own timeout and back-pressure. The first one goes on. */
static void
refuse_another (Client *client, const GstArclyRtmpEvent *event)
{
  gst_arcly_rtmp_session_refuse_stream (
      gst_arcly_rtmp_connection_get_session (client->connection),
      event->stream_id,
      event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH
          ? GST_ARCLY_RTMP_CODE_PUBLISH_DENIED
          : GST_ARCLY_RTMP_CODE_PLAY_FAILED,
      "this connection publishes already: open another");
}

gboolean
gst_arcly_rtmp_client_authorize (Client *client, GstArclyRtmpEvent **event)
{
  gboolean publish = (*event)->kind == GST_ARCLY_RTMP_EVENT_PUBLISH;
  GstArclyRtmpDecision decision = client->decision;
  g_autoptr (GstArclyAuthRequest) request = NULL;

  if (client->route) {
    refuse_another (client, *event);
    return FALSE;
  }
  client->decision = GST_ARCLY_RTMP_UNASKED;
  client->authorized = decision == GST_ARCLY_RTMP_PERMITTED;
  if (decision == GST_ARCLY_RTMP_REFUSED)
    refuse_unauthorized (client, *event);
  if (decision != GST_ARCLY_RTMP_UNASKED)
    return decision == GST_ARCLY_RTMP_PERMITTED;

  request = gst_arcly_rtmp_auth_request (
      publish ? GST_ARCLY_ACTION_PUBLISH : GST_ARCLY_ACTION_PLAY,
      client->clients->tls ? "rtmps" : "rtmp", client->peer,
      client->credentials, &(*event)->stream);
  client->auth = gst_arcly_rtmp_auth_start (client->clients->engine,
      client->clients->loop, request, on_decision, client);
  if (!client->auth)
    return TRUE;
  client->asked = g_steal_pointer (event);
  gst_arcly_rtmp_connection_pause (client->connection);
  return FALSE;
}
