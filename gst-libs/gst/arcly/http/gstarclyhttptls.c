/* SPDX-License-Identifier: MIT
 *
 * TLS on connections that libsoup has not seen yet. */
#include "config.h"

#include <gst/gst.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_http_debug);
#define GST_CAT_DEFAULT gst_arcly_http_debug

/* The server's thread; the certificate is constant. */
struct _GstArclyHttpTls {
  GTlsCertificate *certificate;
  GstArclyHttpTlsFunc ready;
  gpointer data;
  GCancellable *cancellable;
  guint n_handshakes;
};

typedef struct {
  GstArclyHttpTls *tls;
  GSocketConnection *connection; /* owned */
  GSocketAddress *client;        /* owned */
} Handshake;

GstArclyHttpTls *
gst_arcly_http_tls_new (
    GTlsCertificate *certificate, GstArclyHttpTlsFunc ready, gpointer data)
{
  GstArclyHttpTls *self = g_new0 (GstArclyHttpTls, 1);

  self->certificate = g_object_ref (certificate);
  self->ready = ready;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  return self;
}

gboolean
gst_arcly_http_tls_is_like (GstArclyHttpTls *self, GTlsCertificate *certificate)
{
  return g_tls_certificate_is_same (self->certificate, certificate);
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer data)
{
  Handshake *handshake = data;
  GstArclyHttpTls *self = handshake->tls;
  g_autoptr (GError) error = NULL;

  self->n_handshakes--;
  if (g_tls_connection_handshake_finish (
          G_TLS_CONNECTION (source), result, &error))
    self->ready (handshake->connection, handshake->client, G_IO_STREAM (source),
        self->data);
  else
    GST_DEBUG ("no TLS: %s", error->message);
  g_object_unref (handshake->connection);
  g_object_unref (handshake->client);
  g_free (handshake);
}

void
gst_arcly_http_tls_accept (GstArclyHttpTls *self, GSocketConnection *connection,
    GSocketAddress *client)
{
  /* RFC 7301: the first of them that the client knows. */
  static const gchar *const protocols[] = {
#ifdef HAVE_HTTP2
    "h2",
#endif
    "http/1.1", NULL
  };
  g_autoptr (GIOStream) stream = NULL;
  Handshake *handshake = NULL;

  /* Clients show no certificate. Without "database" all that the system trusts
   * would be read. */
  stream = g_initable_new (
      g_tls_backend_get_server_connection_type (g_tls_backend_get_default ()),
      NULL, NULL, "base-io-stream", connection, "certificate",
      self->certificate, "database", NULL, NULL);
  if (!stream)
    return;
  handshake = g_new0 (Handshake, 1);
  handshake->tls = self;
  handshake->connection = g_object_ref (connection);
  handshake->client = g_object_ref (client);
  g_tls_connection_set_advertised_protocols (
      G_TLS_CONNECTION (stream), protocols);
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (stream), FALSE);
  self->n_handshakes++;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream),
      G_PRIORITY_DEFAULT, self->cancellable, on_handshake, handshake);
}

void
gst_arcly_http_tls_close (GstArclyHttpTls *self, GMainContext *context)
{
  g_cancellable_cancel (self->cancellable);
  while (self->n_handshakes > 0)
    g_main_context_iteration (context, TRUE);
}

void
gst_arcly_http_tls_free (GstArclyHttpTls *self)
{
  g_object_unref (self->certificate);
  g_object_unref (self->cancellable);
  g_free (self);
}
