/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <gst/arcly/gstarclyerror.h>

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_DEFAULT_PORT 1935
#define GST_ARCLY_RTMPS_DEFAULT_PORT 443

/* rtmp://HOST:PORT/APP/STREAM in its parts, or rtmps. */
typedef struct {
  gboolean tls;
  gchar *host; /* loopback if there was none */
  guint port;  /* 0: any */
  gchar *path; /* "app/stream", as in GstArclyRtmpStream */
} GstArclyRtmpLocation;

/* GST_ARCLY_ERROR_INVALID, _UNSUPPORTED for another scheme. Any thread. */
GstArclyRtmpLocation *gst_arcly_rtmp_location_parse (
    const gchar *uri, GError **error);
void gst_arcly_rtmp_location_free (GstArclyRtmpLocation *location);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyRtmpLocation, gst_arcly_rtmp_location_free)

G_END_DECLS
