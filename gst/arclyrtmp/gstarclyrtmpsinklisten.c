/* SPDX-License-Identifier: MIT
 *
 * On the way to PAUSED: a port, a feed, and a route of the port to it; back in
 * READY all are free. */
#include "config.h"

#include "gstarclyrtmpsinkpriv.h"

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
          self->port.path, "peer", G_TYPE_STRING, note->peer, NULL);

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

static gboolean
serve (GstArclyRtmpSink *self, GError **error)
{
  g_autoptr (GPtrArray) workers =
      gst_arcly_rtmp_server_get_workers (self->port.server, error);
  GstArclyRtmpFeedSettings settings;
  GstArclyRtmpServerLimits limits;
  GstArclyRtmpFeed *feed;

  if (workers == NULL)
    return FALSE;
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  gst_arcly_rtmp_port_get_limits (&self->port, &limits);

  feed = gst_arcly_rtmp_feed_new (
      self->port.path, workers, &settings, &feed_funcs, self);
  g_mutex_lock (&self->lock);
  self->feed = feed;
  g_mutex_unlock (&self->lock);
  self->route = gst_arcly_rtmp_server_add_play_route (
      self->port.server, self->port.path, &route_funcs, feed, error);
  if (self->route == NULL)
    return FALSE;
  gst_arcly_rtmp_play_route_set_limits (self->route, &limits);
  return TRUE;
}

gboolean
gst_arcly_rtmp_sink_listen (GstArclyRtmpSink *self)
{
  g_autoptr (GError) error = NULL;

  if (!gst_arcly_rtmp_port_open (
          &self->port, GST_ELEMENT (self), GST_ARCLY_ROLE_EGRESS))
    return FALSE;
  if (!serve (self, &error)) {
    gst_arcly_rtmp_port_refuse (&self->port, error);
    gst_arcly_rtmp_sink_unlisten (self);
    return FALSE;
  }
  GST_INFO_OBJECT (
      self, "serves players on port %u", atomic_load (&self->port.number));
  return TRUE;
}

void
gst_arcly_rtmp_sink_unlisten (GstArclyRtmpSink *self)
{
  GstArclyRtmpFeed *feed = NULL;
  guint i;

  if (self->route)
    gst_arcly_rtmp_server_remove_play_route (self->port.server, self->route);
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

  gst_arcly_rtmp_port_close (&self->port);
}
