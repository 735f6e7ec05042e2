/* SPDX-License-Identifier: MIT
 *
 * On the way to PAUSED: an address to listen on, and a name to receive; back
 * in READY both are free. */
#include "config.h"

#include <gio/gio.h>

#include "gstarclyrtmpsrcpriv.h"
#include "rtmplocation.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_src_debug

static GstArclyRtmpLocation *
get_location (GstArclyRtmpSrc *self, GstClockTime *timeout)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *uri = NULL;

  GST_OBJECT_LOCK (self);
  uri = g_strdup (self->location);
  *timeout = self->timeout;
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
is_in_use (const GError *error)
{
  return g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

static gboolean
open_server (GstArclyRtmpSrc *self, const GstArclyRtmpLocation *location)
{
  g_autoptr (GError) error = NULL;

  self->server = gst_arcly_rtmp_server_acquire (
      self->engine, location->host, location->port, &error);
  if (self->server) {
    atomic_store (&self->port, gst_arcly_rtmp_server_get_port (self->server));
    return TRUE;
  }
  if (is_in_use (error))
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("%s (used by another process, or another engine of this one)",
            error->message),
        (NULL));
  else
    GST_ELEMENT_ERROR (
        self, RESOURCE, OPEN_READ, ("%s", error->message), (NULL));
  return FALSE;
}

static void
apply_settings (GstArclyRtmpSrc *self)
{
  GstArclyRtmpServerLimits limits;
  GstArclyRtmpTakeOver take_over;

  GST_OBJECT_LOCK (self);
  limits = self->limits;
  take_over = self->take_over;
  GST_OBJECT_UNLOCK (self);
  gst_arcly_rtmp_route_set_take_over (self->route, take_over);
  gst_arcly_rtmp_route_set_limits (self->route, &limits);
}

static gboolean
take_name (GstArclyRtmpSrc *self, const gchar *path, GstClockTime timeout)
{
  g_autoptr (GError) error = NULL;

  if (!gst_arcly_engine_register (
          self->engine, GST_ARCLY_ROLE_INGEST, path, G_OBJECT (self), &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Cannot receive '%s': %s", path, error->message), (NULL));
    return FALSE;
  }
  self->path = g_strdup (path);
  self->route = gst_arcly_rtmp_server_add_route (self->server, path, timeout,
      &gst_arcly_rtmp_src_route_funcs, self, &error);
  if (self->route) {
    apply_settings (self);
    return TRUE;
  }
  GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
      ("Cannot receive '%s': %s", path, error->message), (NULL));
  return FALSE;
}

static void
reset_counters (GstArclyRtmpSrc *self)
{
  GstArclyRtmpSrcCounters *counters = &self->counters;

  atomic_store (&counters->sessions, 0);
  atomic_store (&counters->refused, 0);
  atomic_store (&counters->messages, 0);
  atomic_store (&counters->bytes, 0);
  atomic_store (&counters->frames[GST_ARCLY_RTMP_TRACK_VIDEO], 0);
  atomic_store (&counters->frames[GST_ARCLY_RTMP_TRACK_AUDIO], 0);
  atomic_store (&counters->dropped, 0);
  atomic_store (&counters->ignored, 0);
  atomic_store (&counters->discontinuities, 0);
  self->dropped_before = 0;
  self->ignored_before = 0;
}

void
gst_arcly_rtmp_src_unlisten (GstArclyRtmpSrc *self)
{
  gchar *peer;

  if (self->route)
    gst_arcly_rtmp_server_remove_route (self->server, self->route);
  self->route = NULL;
  if (self->path)
    gst_arcly_engine_unregister (
        self->engine, GST_ARCLY_ROLE_INGEST, self->path, G_OBJECT (self));
  g_clear_pointer (&self->path, g_free);
  if (self->server)
    gst_arcly_rtmp_server_release (self->engine, self->server);
  self->server = NULL;
  atomic_store (&self->port, 0);
  gst_clear_object (&self->engine);

  GST_OBJECT_LOCK (self);
  peer = g_steal_pointer (&self->peer);
  GST_OBJECT_UNLOCK (self);
  g_free (peer);
}

gboolean
gst_arcly_rtmp_src_listen (GstArclyRtmpSrc *self)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  GstClockTime timeout;

  location = get_location (self, &timeout);
  if (location == NULL)
    return FALSE;

  reset_counters (self);
  self->engine = gst_arcly_engine_ensure (GST_ELEMENT (self));
  /* Names the stream, and does not tell it: it may be a key. */
  g_free (self->stream_id);
  self->stream_id =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, location->path, -1);
  if (!open_server (self, location) ||
      !take_name (self, location->path, timeout)) {
    gst_arcly_rtmp_src_unlisten (self);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "listening on %s:%u", location->host,
      gst_arcly_rtmp_server_get_port (self->server));
  return TRUE;
}
