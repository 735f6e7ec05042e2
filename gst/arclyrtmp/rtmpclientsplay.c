/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpclientspriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

typedef GstArclyRtmpClient Client;

void
gst_arcly_rtmp_client_play (Client *client, const GstArclyRtmpEvent *event)
{
  GstArclyRtmpPlayRoute *route =
      g_hash_table_lookup (client->clients->play_routes, event->stream.path);
  g_autofree gchar *path = gst_arcly_rtmp_clients_show (event->stream.path);
  g_autofree gchar *description = NULL, *reason = NULL;

  if (!route) {
    description = g_strdup_printf ("%s: no such stream here", path);
    gst_arcly_rtmp_client_refuse (client, event->stream_id,
        GST_ARCLY_RTMP_CODE_PLAY_NOT_FOUND, description);
    return;
  }
  if (!route->funcs.admit (route->data, &reason)) {
    description = g_strdup_printf ("%s: %s", path, reason);
    gst_arcly_rtmp_client_refuse (
        client, event->stream_id, GST_ARCLY_RTMP_CODE_PLAY_FAILED, description);
    return;
  }
  client->play = route;
  client->stream_id = event->stream_id;
  gst_arcly_rtmp_connection_leave (client->connection);
}

void
gst_arcly_rtmp_client_left (gpointer data)
{
  Client *client = data;
  GstArclyRtmpPlayRoute *route = client->play;
  GstArclyRtmpHandoff *handoff = g_new0 (GstArclyRtmpHandoff, 1);

  GST_INFO_OBJECT (
      client->clients->server, "%s: plays %s", client->peer, route->path);
  handoff->peer = g_strdup (client->peer);
  handoff->stream_id = client->stream_id;
  gst_arcly_rtmp_connection_steal (client->connection, &handoff->channel,
      &handoff->session, &handoff->unsent);
  gst_arcly_rtmp_client_forget (client);
  route->funcs.join (route->data, handoff);
}

gboolean
gst_arcly_rtmp_clients_add_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route)
{
  if (g_hash_table_contains (clients->play_routes, route->path))
    return FALSE;
  g_hash_table_insert (clients->play_routes, route->path, route);
  gst_arcly_rtmp_clients_update_limits (clients);
  return TRUE;
}

void
gst_arcly_rtmp_clients_remove_play_route (
    GstArclyRtmpClients *clients, GstArclyRtmpPlayRoute *route)
{
  g_hash_table_remove (clients->play_routes, route->path);
  gst_arcly_rtmp_clients_update_limits (clients);
}
