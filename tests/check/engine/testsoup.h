/* SPDX-License-Identifier: MIT
 *
 * A SoupServer on a port of the loopback. The listener of libsoup 3.2 itself
 * leaks sockets and addresses; this one does not. Each connection has one
 * request, and TLS if there is a certificate. */
#pragma once

#include <gst/check/gstcheck.h>
#include <libsoup/soup.h>

#define TEST_SOUP_CERTIFICATE "certificate"

/* (transfer full): what requests come on. */
static inline GIOStream *
test_soup_wrap (GSocketService *service, GSocketConnection *connection)
{
  GTlsCertificate *certificate =
      g_object_get_data (G_OBJECT (service), TEST_SOUP_CERTIFICATE);

  if (!certificate)
    return G_IO_STREAM (g_object_ref (connection));
  return g_tls_server_connection_new (
      G_IO_STREAM (connection), certificate, NULL);
}

static inline gboolean
test_soup_on_incoming (GSocketService *service, GSocketConnection *connection,
    GObject *source, gpointer data)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GIOStream) stream = test_soup_wrap (service, connection);

  if (local && remote && stream)
    soup_server_accept_iostream (data, stream, local, remote, NULL);
  return TRUE;
}

/* In the thread's default context. The certificate may be NULL. */
static inline GSocketService *
test_soup_listen_tls (
    SoupServer *soup, GTlsCertificate *certificate, guint *port)
{
  GSocketService *service = g_socket_service_new ();
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  fail_unless (g_socket_listener_add_address (G_SOCKET_LISTENER (service),
      wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, NULL));
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  if (certificate)
    g_object_set_data_full (G_OBJECT (service), TEST_SOUP_CERTIFICATE,
        g_object_ref (certificate), g_object_unref);
  g_signal_connect (
      service, "incoming", G_CALLBACK (test_soup_on_incoming), soup);
  return service;
}

static inline GSocketService *
test_soup_listen (SoupServer *soup, guint *port)
{
  return test_soup_listen_tls (soup, NULL, port);
}

static inline void
test_soup_close (GSocketService *service)
{
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  g_object_unref (service);
}
