/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmplocation.h"
#include "rtmp/rtmppath.h"

#include <string.h>

#define DEFAULT_HOST "127.0.0.1"

void
gst_arcly_rtmp_location_free (GstArclyRtmpLocation *location)
{
  g_free (location->host);
  g_free (location->path);
  g_free (location);
}

GstArclyRtmpLocation *
gst_arcly_rtmp_location_parse (const gchar *uri, GError **error)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  g_autofree gchar *scheme = NULL, *userinfo = NULL, *host = NULL;
  g_autoptr (GString) joined = g_string_new (NULL);
  g_autofree gchar *path = NULL, *query = NULL, *fragment = NULL;
  gint port = -1;

  if (!g_uri_split (uri, G_URI_FLAGS_ENCODED_PATH, &scheme, &userinfo, &host,
          &port, &path, &query, &fragment, error)) {
    g_prefix_error (error, "not a URI: ");
    return NULL;
  }
  if (g_strcmp0 (scheme, "rtmp") != 0 && g_strcmp0 (scheme, "rtmps") != 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "scheme '%s' is neither rtmp nor rtmps", scheme ? scheme : "");
    return NULL;
  }
  if (userinfo || query || fragment) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "a location has no user, query or fragment");
    return NULL;
  }

  location = g_new0 (GstArclyRtmpLocation, 1);
  if (gst_arcly_rtmp_path_append (joined, path) < 2) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "the location must name application and stream, as in "
        "rtmp://127.0.0.1:1935/live/cam");
    return NULL;
  }
  location->path = g_string_free (g_steal_pointer (&joined), FALSE);
  location->host = g_strdup (host && *host ? host : DEFAULT_HOST);
  location->tls = strcmp (scheme, "rtmps") == 0;
  if (port >= 0)
    location->port = (guint) port;
  else
    location->port = location->tls ? GST_ARCLY_RTMPS_DEFAULT_PORT
                                   : GST_ARCLY_RTMP_DEFAULT_PORT;
  return g_steal_pointer (&location);
}
