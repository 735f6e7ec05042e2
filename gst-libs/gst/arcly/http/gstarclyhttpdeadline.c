/* SPDX-License-Identifier: MIT
 *
 * A client has so long for its request, whatever it sends meanwhile: a socket's
 * own timeout begins again with each byte. */
#include "config.h"

#include <gst/gst.h>
#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_http_debug);
#define GST_CAT_DEFAULT gst_arcly_http_debug

#define KEY "gst-arcly-http-deadline"
#define SOCKET_KEY "gst-arcly-http-socket"

static gboolean
on_deadline (gpointer data)
{
  GSocket *socket = data;

  GST_DEBUG ("no request in %u s", GST_ARCLY_HTTP_REQUEST_SECONDS);
  g_socket_send_with_blocking (socket, GST_ARCLY_HTTP_REFUSAL,
      strlen (GST_ARCLY_HTTP_REFUSAL), FALSE, NULL, NULL);
  /* Libsoup reads the end of the connection then, and closes it. */
  g_socket_shutdown (socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

/* A client that has had answers expects that: RFC 9112, 9.5. One that is in the
 * middle of a handshake understands nothing else. */
static gboolean
on_idle_deadline (gpointer data)
{
  g_socket_shutdown (data, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
cancel (gpointer data)
{
  GSource *source = data;

  g_source_destroy (source);
  g_source_unref (source);
}

static void
set_deadline (
    GSocketAddress *client, GSocket *socket, guint seconds, GSourceFunc func)
{
  GSource *source = g_timeout_source_new_seconds (seconds);

  g_source_set_callback (source, func, g_object_ref (socket), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_object_set_data_full (G_OBJECT (client), KEY, source, cancel);
}

void
gst_arcly_http_deadline_start (
    GSocketConnection *connection, GSocketAddress *client, gboolean tls)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_object_set_data_full (
      G_OBJECT (client), SOCKET_KEY, g_object_ref (socket), g_object_unref);
  set_deadline (client, socket, GST_ARCLY_HTTP_REQUEST_SECONDS,
      tls ? on_idle_deadline : on_deadline);
}

void
gst_arcly_http_deadline_stop (GSocketAddress *client)
{
  if (client)
    g_object_set_data (G_OBJECT (client), KEY, NULL);
}

void
gst_arcly_http_deadline_restart (GSocketAddress *client)
{
  GSocket *socket =
      client ? g_object_get_data (G_OBJECT (client), SOCKET_KEY) : NULL;

  if (socket && !g_socket_is_closed (socket))
    set_deadline (
        client, socket, GST_ARCLY_HTTP_KEEP_ALIVE_SECONDS, on_idle_deadline);
}

void
gst_arcly_http_deadline_break (GSocketAddress *client)
{
  GSocket *socket =
      client ? g_object_get_data (G_OBJECT (client), SOCKET_KEY) : NULL;

  if (socket)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}
