/* SPDX-License-Identifier: MIT
 *
 * On the way to PAUSED: an address to listen on, and a name to serve; back in
 * READY both are free. */
#include "config.h"

#include <gio/gio.h>

#include "gstarclyrtmpsinkpriv.h"
#include "rtmplocation.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_sink_debug

/* ---- what players do, in the workers' threads ---- */

static const gchar *
message_name (GstArclyRtmpPlayerNews news)
{
  switch (news) {
    case GST_ARCLY_RTMP_PLAYER_STARTED:
      return "arcly-play-start";
    case GST_ARCLY_RTMP_PLAYER_ENDED:
      return "arcly-play-end";
    case GST_ARCLY_RTMP_PLAYER_LAGGED:
      return "arcly-player-lagged";
    case GST_ARCLY_RTMP_PLAYER_EVICTED:
      return "arcly-player-evicted";
  }
  return NULL;
}

static void
on_note (gpointer data, const GstArclyRtmpPlayerNote *note)
{
  GstArclyRtmpSink *self = data;
  GstStructure *structure =
      gst_structure_new (message_name (note->news), "name", G_TYPE_STRING,
          self->path, "peer", G_TYPE_STRING, note->peer, NULL);

  if (note->news == GST_ARCLY_RTMP_PLAYER_ENDED)
    gst_structure_set (structure, "reason", G_TYPE_STRING, note->reason,
        "error", G_TYPE_BOOLEAN, note->error, NULL);
  if (note->news == GST_ARCLY_RTMP_PLAYER_LAGGED ||
      note->news == GST_ARCLY_RTMP_PLAYER_EVICTED)
    gst_structure_set (structure, "lag-time", G_TYPE_UINT64, note->lag_time,
        "lag-bytes", G_TYPE_UINT64, note->lag_bytes, "send-buffer",
        G_TYPE_UINT64, note->send_buffer, NULL);
  GST_INFO_OBJECT (self, "%" GST_PTR_FORMAT, structure);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* All players have read the end, or had the time to. */
static void
on_drained (gpointer data)
{
  GstArclyRtmpSink *self = data;
  GstMessage *message = gst_message_new_eos (GST_OBJECT (self));

  g_mutex_lock (&self->lock);
  gst_message_set_seqnum (message, self->eos_seqnum);
  g_mutex_unlock (&self->lock);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static const GstArclyRtmpFeedFuncs feed_funcs = {
  .note = on_note,
  .drained = on_drained,
};

/* ---- what the server asks, in its thread ---- */

static gboolean
on_admit (gpointer data, gchar **reason)
{
  return gst_arcly_rtmp_feed_admit (data, reason);
}

static void
on_join (gpointer data, GstArclyRtmpHandoff *handoff)
{
  gst_arcly_rtmp_feed_join (data, handoff);
}

static void
on_refused (gpointer data)
{
  gst_arcly_rtmp_feed_refuse (data);
}

static const GstArclyRtmpPlayRouteFuncs route_funcs = {
  .admit = on_admit,
  .join = on_join,
  .refused = on_refused,
};

/* ---- listening ---- */

static GstArclyRtmpLocation *
get_location (GstArclyRtmpSink *self, GstArclyRtmpFeedSettings *settings)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *uri = NULL;

  GST_OBJECT_LOCK (self);
  uri = g_strdup (self->location);
  *settings = self->settings;
  GST_OBJECT_UNLOCK (self);

  if (uri == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("No location is set, such as rtmp://127.0.0.1:1935/live/cam"), (NULL));
    return NULL;
  }
  location = gst_arcly_rtmp_location_parse (uri, &error);
  if (location == NULL)
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("Cannot use the location '%s': %s", uri, error->message), (NULL));
  return g_steal_pointer (&location);
}

static gboolean
open_server (GstArclyRtmpSink *self, const GstArclyRtmpLocation *location)
{
  g_autoptr (GError) error = NULL;

  self->server = gst_arcly_rtmp_server_acquire (
      self->engine, location->host, location->port, &error);
  if (self->server) {
    atomic_store (&self->port, gst_arcly_rtmp_server_get_port (self->server));
    return TRUE;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Cannot listen on %s:%u, it is in use by another process: %s",
            location->host, location->port, error->message),
        (NULL));
  else
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot listen on %s:%u: %s", location->host, location->port,
            error->message),
        (NULL));
  return FALSE;
}

static gboolean
serve (GstArclyRtmpSink *self, const GstArclyRtmpFeedSettings *settings,
    GError **error)
{
  g_autoptr (GPtrArray) workers =
      gst_arcly_rtmp_server_get_workers (self->server, error);
  GstArclyRtmpFeed *feed;

  if (workers == NULL)
    return FALSE;
  feed = gst_arcly_rtmp_feed_new (
      self->path, workers, settings, &feed_funcs, self);
  g_mutex_lock (&self->lock);
  self->feed = feed;
  g_mutex_unlock (&self->lock);
  self->route = gst_arcly_rtmp_server_add_play_route (
      self->server, self->path, &route_funcs, feed, error);
  return self->route != NULL;
}

static gboolean
take_name (GstArclyRtmpSink *self, const gchar *path,
    const GstArclyRtmpFeedSettings *settings)
{
  g_autoptr (GError) error = NULL;

  /* Unregister comes with the path. */
  if (gst_arcly_engine_register (
          self->engine, GST_ARCLY_ROLE_EGRESS, path, G_OBJECT (self), &error)) {
    self->path = g_strdup (path);
    if (serve (self, settings, &error))
      return TRUE;
  }
  GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
      ("Cannot serve '%s': %s", path, error->message), (NULL));
  return FALSE;
}

gboolean
gst_arcly_rtmp_sink_listen (GstArclyRtmpSink *self)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  GstArclyRtmpFeedSettings settings;

  location = get_location (self, &settings);
  if (location == NULL)
    return FALSE;

  self->engine = gst_arcly_engine_ensure (GST_ELEMENT (self));
  if (!open_server (self, location) ||
      !take_name (self, location->path, &settings)) {
    gst_arcly_rtmp_sink_unlisten (self);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "serves players on %s:%u", location->host,
      gst_arcly_rtmp_server_get_port (self->server));
  return TRUE;
}

void
gst_arcly_rtmp_sink_unlisten (GstArclyRtmpSink *self)
{
  GstArclyRtmpFeed *feed = NULL;
  guint i;

  if (self->route)
    gst_arcly_rtmp_server_remove_play_route (self->server, self->route);
  self->route = NULL;

  g_mutex_lock (&self->lock);
  feed = g_steal_pointer (&self->feed);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    gst_arcly_rtmp_sink_reset_track (&self->tracks[i]);
  g_clear_pointer (&self->description, g_bytes_unref);
  self->describe = self->ended = FALSE;
  self->first_buffer = 0;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&feed, gst_arcly_rtmp_feed_free);

  if (self->path)
    gst_arcly_engine_unregister (
        self->engine, GST_ARCLY_ROLE_EGRESS, self->path, G_OBJECT (self));
  g_clear_pointer (&self->path, g_free);
  if (self->server)
    gst_arcly_rtmp_server_release (self->engine, self->server);
  self->server = NULL;
  atomic_store (&self->port, 0);
  gst_clear_object (&self->engine);
}
