/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyhlshttp.h"

gboolean
gst_arcly_hls_http_open (GstArclyHlsHttp *self, GstElement *element,
    const gchar *address, guint port)
{
  g_autoptr (GError) error = NULL;

  self->engine = gst_arcly_engine_ensure (element);
  self->server =
      gst_arcly_http_server_acquire (self->engine, address, port, &error);
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

void
gst_arcly_hls_http_close (GstArclyHlsHttp *self)
{
  gst_arcly_hls_http_unmount (self);
  if (!self->server)
    return;
  g_atomic_int_set (&self->port, 0);
  gst_arcly_http_server_release (self->engine, self->server);
  self->server = NULL;
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
