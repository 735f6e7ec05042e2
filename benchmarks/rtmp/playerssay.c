/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "players.h"
#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

void
players_say (GByteArray *out, guint32 stream_id, const gchar *name,
    gdouble transaction, const gchar *argument, const gchar *more)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_number (transaction, body);
  gst_arcly_amf_write_null (body);
  if (argument)
    gst_arcly_amf_write_string (argument, body);
  if (more)
    gst_arcly_amf_write_string (more, body);
  gst_arcly_rtmp_chunk_write (out, 128, 3, GST_ARCLY_RTMP_COMMAND_AMF0,
      stream_id, 0, body->data, body->len);
}

void
players_say_connect (GByteArray *out)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (object, "app", "live");
  gst_arcly_amf_value_add_string (object, "tcUrl", "rtmp://127.0.0.1/live");
  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  gst_arcly_amf_value_write (object, body);
  gst_arcly_rtmp_chunk_write (
      out, 128, 3, GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
}

gint
players_open_socket (gboolean blocking)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  const gint on = 1;
  gint fd = socket (
      AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);

  address.sin_port = htons (players_options.port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 ||
      (connect (fd, (struct sockaddr *) &address, sizeof address) != 0 &&
          errno != EINPROGRESS)) {
    g_printerr ("cannot connect: %s\n", g_strerror (errno));
    _exit (1);
  }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}
