/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmplocation.h"

#include <string.h>

#define DEFAULT_HOST "127.0.0.1"

void
gst_arcly_rtmp_location_free (GstArclyRtmpLocation *location)
{
  g_free (location->host);
  g_free (location->path);
  g_free (location);
}

/* "/live//cam/" is "live/cam", as the session has it. */
static gchar *
join_path (const gchar *path, guint *n_parts)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  g_autoptr (GString) joined = g_string_new (NULL);
  guint i;

  *n_parts = 0;
  for (i = 0; parts[i]; i++) {
    if (parts[i][0] == '\0')
      continue;
    if (joined->len > 0)
      g_string_append_c (joined, '/');
    g_string_append (joined, parts[i]);
    ++*n_parts;
  }
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

GstArclyRtmpLocation *
gst_arcly_rtmp_location_parse (const gchar *uri, GError **error)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  g_autofree gchar *scheme = NULL, *userinfo = NULL, *host = NULL;
  g_autofree gchar *path = NULL, *query = NULL, *fragment = NULL;
  gint port = -1;
  guint n_parts;

  /* Clients send the names as they were typed, escapes and all. */
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
  location->path = join_path (path, &n_parts);
  if (n_parts < 2) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "the location must name application and stream, as in "
        "rtmp://127.0.0.1:1935/live/cam");
    return NULL;
  }
  location->host = g_strdup (host && *host ? host : DEFAULT_HOST);
  location->tls = strcmp (scheme, "rtmps") == 0;
  if (port >= 0)
    location->port = (guint) port;
  else
    location->port = location->tls ? GST_ARCLY_RTMPS_DEFAULT_PORT
                                   : GST_ARCLY_RTMP_DEFAULT_PORT;
  return g_steal_pointer (&location);
}
