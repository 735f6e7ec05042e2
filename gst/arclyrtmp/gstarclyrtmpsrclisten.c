/* SPDX-License-Identifier: MIT
 *
 * On the way to PAUSED: a port, and a route of it; back in READY both are
 * free. */
#include "config.h"

#include "gstarclyrtmpsrcpriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_src_debug

static gboolean
add_route (GstArclyRtmpSrc *self)
{
  g_autoptr (GError) error = NULL;
  GstArclyRtmpServerLimits limits;
  GstArclyRtmpTakeOver take_over;
  GstClockTime timeout;

  GST_OBJECT_LOCK (self);
  timeout = self->timeout;
  take_over = self->take_over;
  GST_OBJECT_UNLOCK (self);
  gst_arcly_rtmp_port_get_limits (&self->port, &limits);

  self->route = gst_arcly_rtmp_server_add_route (self->port.server,
      self->port.path, timeout, &gst_arcly_rtmp_src_route_funcs, self, &error);
  if (self->route == NULL) {
    gst_arcly_rtmp_port_refuse (&self->port, error);
    return FALSE;
  }
  gst_arcly_rtmp_route_set_take_over (self->route, take_over);
  gst_arcly_rtmp_route_set_limits (self->route, &limits);
  return TRUE;
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
    gst_arcly_rtmp_server_remove_route (self->port.server, self->route);
  self->route = NULL;
  gst_arcly_rtmp_port_close (&self->port);

  GST_OBJECT_LOCK (self);
  peer = g_steal_pointer (&self->peer);
  GST_OBJECT_UNLOCK (self);
  g_free (peer);
}

gboolean
gst_arcly_rtmp_src_listen (GstArclyRtmpSrc *self)
{
  reset_counters (self);
  if (!gst_arcly_rtmp_port_open (
          &self->port, GST_ELEMENT (self), GST_ARCLY_ROLE_INGEST))
    return FALSE;
  /* Names the stream, and does not tell it: it may be a key. */
  g_free (self->stream_id);
  self->stream_id =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->port.path, -1);
  if (!add_route (self)) {
    gst_arcly_rtmp_src_unlisten (self);
    return FALSE;
  }
  GST_INFO_OBJECT (
      self, "listening on port %u", atomic_load (&self->port.number));
  return TRUE;
}
