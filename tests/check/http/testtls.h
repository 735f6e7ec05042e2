/* SPDX-License-Identifier: MIT
 *
 * What the tests of HTTPS share. */
#pragma once

#include "testhttp.h"
#include "testcert.h"

static inline GTlsCertificate *
load (const gchar *pem)
{
  GTlsCertificate *certificate = g_tls_certificate_new_from_pem (pem, -1, NULL);

  fail_unless (certificate != NULL);
  return certificate;
}

/* As fixture_init(), with HTTPS. */
static inline void
tls_init (Fixture *fixture)
{
  g_autoptr (GTlsCertificate) certificate = load (certificate_pem);

  fixture_init (fixture);
  gst_arcly_http_server_release (fixture->engine, fixture->server);
  fixture->server = gst_arcly_http_server_acquire_tls (
      fixture->engine, HOST, 0, certificate, NULL);
  fail_unless (fixture->server != NULL);
  fail_unless (gst_arcly_http_server_mount_folder (
      fixture->server, "/hls", fixture->folder, NULL, NULL));
}

static inline gboolean
is_ours (SoupMessage *message, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer data)
{
  g_autoptr (GTlsCertificate) ours = load (certificate_pem);

  return g_tls_certificate_is_same (certificate, ours);
}

static inline SoupMessage *
request_tls (Fixture *fixture, const gchar *path)
{
  g_autofree gchar *uri = g_strdup_printf ("https://" HOST ":%u%s",
      gst_arcly_http_server_get_port (fixture->server), path);
  SoupMessage *message = soup_message_new ("GET", uri);

  g_signal_connect (message, "accept-certificate", G_CALLBACK (is_ours), NULL);
  return message;
}

static inline GSocketConnection *
dial (Fixture *fixture)
{
  g_autoptr (GSocketClient) client = new_client ();
  GSocketConnection *connection = g_socket_client_connect_to_host (client, HOST,
      gst_arcly_http_server_get_port (fixture->server), NULL, NULL);

  fail_unless (connection != NULL);
  return connection;
}

static inline gboolean
accept_any (GTlsConnection *tls, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer data)
{
  return TRUE;
}
