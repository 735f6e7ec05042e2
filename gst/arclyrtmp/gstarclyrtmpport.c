/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrtmpport.h"
#include "rtmplocation.h"

#define PROPERTY_FLAGS                                                         \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

enum {
  PORT_LOCATION,
  PORT_NUMBER,
  PORT_CERTIFICATE,
  PORT_PRIVATE_KEY,
  PORT_LIMITS, /* the first of gstarclyrtmplimits.h */
};

void
gst_arcly_rtmp_port_init (GstArclyRtmpPort *port)
{
  gst_arcly_rtmp_server_limits_init (&port->limits);
}

void
gst_arcly_rtmp_port_clear (GstArclyRtmpPort *port)
{
  g_clear_pointer (&port->location, g_free);
  g_clear_pointer (&port->certificate, g_free);
  g_clear_pointer (&port->private_key, g_free);
}

/* ---- properties ---- */

static void
install_tls (GObjectClass *klass, guint first_id)
{
  /**
   * GstArclyRtmpSrc:tls-certificate:
   *
   * For a location of `rtmps`: a PEM file with the certificate of this server,
   * and after it those that link it to an authority that clients know. If it
   * changes on disk, clients that connect from then on get the new one.
   * Elements that share a port name the same files. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:tls-certificate:
   *
   * See #GstArclyRtmpSrc:tls-certificate.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, first_id + PORT_CERTIFICATE,
      g_param_spec_string ("tls-certificate", "TLS certificate",
          "PEM file with the certificate (and its chain), for rtmps", NULL,
          PROPERTY_FLAGS));
  /**
   * GstArclyRtmpSrc:tls-private-key:
   *
   * A PEM file with the key of #GstArclyRtmpSrc:tls-certificate, not
   * encrypted; %NULL: it is in the same file. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:tls-private-key:
   *
   * See #GstArclyRtmpSrc:tls-private-key.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, first_id + PORT_PRIVATE_KEY,
      g_param_spec_string ("tls-private-key", "TLS private key",
          "PEM file with the key of tls-certificate (unset = the same file)",
          NULL, PROPERTY_FLAGS));
}

void
gst_arcly_rtmp_port_install (GObjectClass *klass, guint first_id)
{
  /**
   * GstArclyRtmpSrc:location:
   *
   * What to receive, and where: `rtmp://HOST[:PORT]/APP/STREAM`, or `rtmps`
   * for TLS. Without a host only this machine can connect; `0.0.0.0` lets all
   * in. Port 0 takes a free one, see #GstArclyRtmpSrc:port; without a port it
   * is 1935, or 443 for `rtmps`. Up to READY.
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:location:
   *
   * What to serve, and where, as with #GstArclyRtmpSrc:location.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, first_id + PORT_LOCATION,
      g_param_spec_string ("location", "Location",
          "rtmp[s]://HOST[:PORT]/APP/STREAM; no host = loopback, port 0 = any",
          NULL, PROPERTY_FLAGS));
  /**
   * GstArclyRtmpSrc:port:
   *
   * TCP port that is listened on; 0 while there is none (below PAUSED).
   *
   * Since: 0.1
   */
  /**
   * GstArclyRtmpSink:port:
   *
   * TCP port that is listened on; 0 while there is none (below PAUSED).
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, first_id + PORT_NUMBER,
      g_param_spec_uint ("port", "Port",
          "TCP port that is listened on (0 = not listening)", 0, G_MAXUINT16, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  install_tls (klass, first_id);
  gst_arcly_rtmp_limits_install (klass, first_id + PORT_LIMITS);
}

static void
set_string (gchar **string, const GValue *value)
{
  g_free (*string);
  *string = g_value_dup_string (value);
}

gboolean
gst_arcly_rtmp_port_set (
    GstArclyRtmpPort *port, guint index, const GValue *value)
{
  switch (index) {
    case PORT_LOCATION:
      set_string (&port->location, value);
      return TRUE;
    case PORT_CERTIFICATE:
      set_string (&port->certificate, value);
      return TRUE;
    case PORT_PRIVATE_KEY:
      set_string (&port->private_key, value);
      return TRUE;
    default:
      if (index < PORT_LIMITS || index >= GST_ARCLY_RTMP_N_PORT_PROPERTIES)
        return FALSE;
      gst_arcly_rtmp_limits_set (&port->limits, index - PORT_LIMITS, value);
      return TRUE;
  }
}

gboolean
gst_arcly_rtmp_port_get (
    const GstArclyRtmpPort *port, guint index, GValue *value)
{
  switch (index) {
    case PORT_LOCATION:
      g_value_set_string (value, port->location);
      return TRUE;
    case PORT_NUMBER:
      g_value_set_uint (value, atomic_load (&port->number));
      return TRUE;
    case PORT_CERTIFICATE:
      g_value_set_string (value, port->certificate);
      return TRUE;
    case PORT_PRIVATE_KEY:
      g_value_set_string (value, port->private_key);
      return TRUE;
    default:
      if (index < PORT_LIMITS || index >= GST_ARCLY_RTMP_N_PORT_PROPERTIES)
        return FALSE;
      gst_arcly_rtmp_limits_get (&port->limits, index - PORT_LIMITS, value);
      return TRUE;
  }
}

void
gst_arcly_rtmp_port_get_limits (
    GstArclyRtmpPort *port, GstArclyRtmpServerLimits *limits)
{
  GST_OBJECT_LOCK (port->element);
  *limits = port->limits;
  GST_OBJECT_UNLOCK (port->element);
}

/* ---- listening ---- */

static GstArclyRtmpLocation *
get_location (GstArclyRtmpPort *port)
{
  GstElement *element = port->element;
  g_autoptr (GstArclyRtmpLocation) location = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *uri = NULL;

  GST_OBJECT_LOCK (element);
  uri = g_strdup (port->location);
  GST_OBJECT_UNLOCK (element);

  if (uri == NULL) {
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
        ("No location is set, such as rtmp://127.0.0.1:1935/live/cam"), (NULL));
    return NULL;
  }
  location = gst_arcly_rtmp_location_parse (uri, &error);
  if (location == NULL)
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
        ("Cannot use the location '%s': %s", uri, error->message), (NULL));
  return g_steal_pointer (&location);
}

static void
post_closed (GstArclyRtmpPort *port, const GError *error)
{
  GstElement *element = port->element;

  if (g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE))
    GST_ELEMENT_ERROR (element, RESOURCE, BUSY, ("%s", error->message), (NULL));
  else if (g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID) ||
           g_error_matches (
               error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED))
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
        ("Cannot listen with TLS: %s", error->message), (NULL));
  else if (port->role == GST_ARCLY_ROLE_INGEST)
    GST_ELEMENT_ERROR (
        element, RESOURCE, OPEN_READ, ("%s", error->message), (NULL));
  else
    GST_ELEMENT_ERROR (
        element, RESOURCE, OPEN_WRITE, ("%s", error->message), (NULL));
}

static gboolean
open_server (GstArclyRtmpPort *port, const GstArclyRtmpLocation *location)
{
  g_autofree gchar *certificate = NULL, *private_key = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyRtmpTlsFiles files;

  GST_OBJECT_LOCK (port->element);
  certificate = g_strdup (port->certificate);
  private_key = g_strdup (port->private_key);
  GST_OBJECT_UNLOCK (port->element);

  if (location->tls && certificate == NULL) {
    GST_ELEMENT_ERROR (port->element, RESOURCE, SETTINGS,
        ("rtmps needs a certificate: set tls-certificate to a PEM file"),
        (NULL));
    return FALSE;
  }
  files = (GstArclyRtmpTlsFiles){ certificate, private_key };
  port->server = gst_arcly_rtmp_server_acquire_tls (port->engine,
      location->host, location->port, location->tls ? &files : NULL, &error);
  if (port->server == NULL) {
    post_closed (port, error);
    return FALSE;
  }
  atomic_store (&port->number, gst_arcly_rtmp_server_get_port (port->server));
  return TRUE;
}

static const gchar *
get_verb (const GstArclyRtmpPort *port)
{
  return port->role == GST_ARCLY_ROLE_INGEST ? "receive" : "serve";
}

void
gst_arcly_rtmp_port_refuse (GstArclyRtmpPort *port, const GError *error)
{
  GST_ELEMENT_ERROR (port->element, RESOURCE, BUSY,
      ("Cannot %s '%s': %s", get_verb (port), port->path, error->message),
      (NULL));
}

static gboolean
take_name (GstArclyRtmpPort *port, const gchar *path)
{
  g_autoptr (GError) error = NULL;

  port->path = g_strdup (path);
  if (gst_arcly_engine_register (
          port->engine, port->role, path, G_OBJECT (port->element), &error))
    return TRUE;
  gst_arcly_rtmp_port_refuse (port, error);
  /* Unregister comes with the path. */
  g_clear_pointer (&port->path, g_free);
  return FALSE;
}

gboolean
gst_arcly_rtmp_port_open (
    GstArclyRtmpPort *port, GstElement *element, GstArclyRole role)
{
  g_autoptr (GstArclyRtmpLocation) location = NULL;

  port->element = element;
  port->role = role;
  location = get_location (port);
  if (location == NULL)
    return FALSE;
  port->engine = gst_arcly_engine_ensure (element);
  if (!open_server (port, location) || !take_name (port, location->path)) {
    gst_arcly_rtmp_port_close (port);
    return FALSE;
  }
  return TRUE;
}

void
gst_arcly_rtmp_port_close (GstArclyRtmpPort *port)
{
  if (port->path)
    gst_arcly_engine_unregister (
        port->engine, port->role, port->path, G_OBJECT (port->element));
  g_clear_pointer (&port->path, g_free);
  if (port->server)
    gst_arcly_rtmp_server_release (port->engine, port->server);
  port->server = NULL;
  atomic_store (&port->number, 0);
  gst_clear_object (&port->engine);
}
