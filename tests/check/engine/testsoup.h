/* SPDX-License-Identifier: MIT
 *
 * A SoupServer on a port of the loopback. The listener of libsoup 3.2 itself
 * leaks sockets and addresses; this one does not. Each connection has one
 * request. */
#pragma once

#include <gst/check/gstcheck.h>
#include <libsoup/soup.h>

static inline gboolean
test_soup_on_incoming (GSocketService *service, GSocketConnection *connection,
    GObject *source, gpointer data)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);

  if (local && remote)
    soup_server_accept_iostream (
        data, G_IO_STREAM (connection), local, remote, NULL);
  return TRUE;
}

/* In the thread's default context. */
static inline GSocketService *
test_soup_listen (SoupServer *soup, guint *port)
{
  GSocketService *service = g_socket_service_new ();
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  fail_unless (g_socket_listener_add_address (G_SOCKET_LISTENER (service),
      wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, NULL));
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (
      service, "incoming", G_CALLBACK (test_soup_on_incoming), soup);
  return service;
}

static inline void
test_soup_close (GSocketService *service)
{
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  g_object_unref (service);
}
