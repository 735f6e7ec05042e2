/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gst/arcly/gstarclyerror.h>

#include "gstarclyhlscertificate.h"

/* A handshake of a server with a client, both ends here. */
typedef struct {
  GCancellable *cancellable; /* owned: the end of both */
  GError *error;             /* the first one */
  guint n_running;
} Trial;

static gboolean
accept_any (GTlsConnection *client, GTlsCertificate *certificate,
    GTlsCertificateFlags flags, gpointer data)
{
  return TRUE;
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer data)
{
  Trial *trial = data;
  g_autoptr (GError) error = NULL;

  trial->n_running--;
  if (g_tls_connection_handshake_finish (
          G_TLS_CONNECTION (source), result, &error))
    return;
  if (!trial->error)
    trial->error = g_steal_pointer (&error);
  /* Who fails may tell the other end nothing. */
  g_cancellable_cancel (trial->cancellable);
}

static void
begin (Trial *trial, GIOStream *connection)
{
  trial->n_running++;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (connection),
      G_PRIORITY_DEFAULT, trial->cancellable, on_handshake, trial);
}

static GSocketConnection *
connection_new (int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (socket)
    return g_socket_connection_factory_create_connection (socket);
  close (fd);
  return NULL;
}

static gboolean
shake_hands (GTlsCertificate *certificate, const int fds[2], GError **error)
{
  g_autoptr (GSocketConnection) near = connection_new (fds[0], error);
  g_autoptr (GSocketConnection) far =
      connection_new (fds[1], near ? error : NULL);
  g_autoptr (GIOStream) server = NULL;
  g_autoptr (GIOStream) client = NULL;
  GMainContext *context = g_main_context_get_thread_default ();
  Trial trial = { 0 };

  if (near && far)
    server =
        g_tls_server_connection_new (G_IO_STREAM (near), certificate, error);
  if (server)
    client = g_tls_client_connection_new (G_IO_STREAM (far), NULL, error);
  if (!client)
    return FALSE;
  /* All that the system trusts need not be read for that. */
  g_tls_connection_set_database (G_TLS_CONNECTION (server), NULL);
  g_tls_connection_set_database (G_TLS_CONNECTION (client), NULL);
  g_signal_connect (
      client, "accept-certificate", G_CALLBACK (accept_any), NULL);
  trial.cancellable = g_cancellable_new ();
  begin (&trial, server);
  begin (&trial, client);
  while (trial.n_running > 0)
    g_main_context_iteration (context, TRUE);
  g_object_unref (trial.cancellable);
  if (trial.error)
    g_propagate_error (error, trial.error);
  return trial.error == NULL;
}

/* GLib's backends take any key with any certificate; that the two do not belong
 * together would show only when a client comes. */
static gboolean
try_certificate (GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GMainContext) context = NULL;
  int fds[2];
  gboolean ok;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    g_set_error_literal (error, G_IO_ERROR,
        (gint) g_io_error_from_errno (errno), g_strerror (errno));
    return FALSE;
  }
  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  ok = shake_hands (certificate, fds, error);
  g_main_context_pop_thread_default (context);
  return ok;
}

static gboolean
has_key (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) key = NULL;

  g_object_get (certificate, "private-key", &key, NULL);
  return key != NULL;
}

static void
fail (GError **error, const gchar *certificate, const gchar *key,
    const gchar *reason)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "\"%s\"%s%s%s: %s", certificate, key ? " and \"" : "", key ? key : "",
      key ? "\"" : "", reason);
}

GTlsCertificate *
gst_arcly_hls_certificate_load (
    const gchar *certificate, const gchar *key, GError **error)
{
  g_autoptr (GTlsCertificate) loaded = NULL;
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *text = NULL;

  loaded = key ? g_tls_certificate_new_from_files (certificate, key, &reason)
               : g_tls_certificate_new_from_file (certificate, &reason);
  if (!loaded) {
    fail (error, certificate, key, reason->message);
    return NULL;
  }
  if (!has_key (loaded)) {
    fail (error, certificate, key,
        "there is no private key, and no http-private-key is set");
    return NULL;
  }
  if (try_certificate (loaded, &reason))
    return g_steal_pointer (&loaded);
  text = g_strdup_printf ("certificate and key do not belong together, or "
                          "cannot be used: %s",
      reason->message);
  fail (error, certificate, key, text);
  return NULL;
}
