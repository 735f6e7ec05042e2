/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/gstarclyerror.h>

#include "gstarclyhlscertificate.h"
#include "gstarclyhlshttp.h"

/* FALSE with an element message. */
static gboolean
load_certificate (GstElement *element, const GstArclyHlsHttpSettings *settings,
    GTlsCertificate **certificate)
{
  g_autoptr (GError) error = NULL;

  *certificate = NULL;
  if (!settings->certificate && !settings->private_key)
    return TRUE;
  if (settings->certificate)
    *certificate = gst_arcly_hls_certificate_load (
        settings->certificate, settings->private_key, &error);
  else
    g_set_error (&error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "\"%s\" is a key without a certificate: http-certificate is not set",
        settings->private_key);
  if (*certificate)
    return TRUE;
  GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
      ("Cannot serve HTTPS: %s", error->message), (NULL));
  return FALSE;
}

gboolean
gst_arcly_hls_http_open (GstArclyHlsHttp *self, GstElement *element,
    const GstArclyHlsHttpSettings *settings)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;

  if (settings->server)
    self->server = g_object_ref (settings->server);
  if (settings->server || settings->port < 0)
    return TRUE;
  if (!load_certificate (element, settings, &certificate))
    return FALSE;
  self->engine = gst_arcly_engine_ensure (element);
  self->server = gst_arcly_http_server_acquire_tls (self->engine,
      settings->address, (guint) settings->port, certificate, &error);
  if (!self->server) {
    GST_ELEMENT_ERROR (element, RESOURCE, OPEN_READ_WRITE,
        ("HTTP server: %s", error->message), (NULL));
    gst_clear_object (&self->engine);
    return FALSE;
  }
  g_atomic_int_set (
      &self->port, (gint) gst_arcly_http_server_get_port (self->server));
  return TRUE;
}

gboolean
gst_arcly_hls_http_is_open (GstArclyHlsHttp *self)
{
  return self->server != NULL;
}

void
gst_arcly_hls_http_close (GstArclyHlsHttp *self)
{
  gst_arcly_hls_http_unmount (self);
  g_atomic_int_set (&self->port, 0);
  if (self->engine)
    gst_arcly_http_server_release (
        self->engine, g_steal_pointer (&self->server));
  g_clear_object (&self->server);
  gst_clear_object (&self->engine);
}

gboolean
gst_arcly_hls_http_mount (GstArclyHlsHttp *self, GstElement *element,
    const gchar *path, const gchar *folder, GstArclyHttpOrigin *origin)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!self->server)
    return TRUE;
  if (origin)
    ok = gst_arcly_http_server_mount_origin (
        self->server, path, origin, folder, NULL, &error);
  else
    ok = gst_arcly_http_server_mount_folder (
        self->server, path, folder, NULL, &error);
  if (!ok) {
    GST_ELEMENT_ERROR (
        element, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
    return FALSE;
  }
  if (!self->paths)
    self->paths = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->paths, g_strdup (path));
  return TRUE;
}

void
gst_arcly_hls_http_unmount (GstArclyHlsHttp *self)
{
  guint i;

  for (i = 0; self->paths && i < self->paths->len; i++)
    gst_arcly_http_server_unmount (
        self->server, g_ptr_array_index (self->paths, i));
  g_clear_pointer (&self->paths, g_ptr_array_unref);
}
