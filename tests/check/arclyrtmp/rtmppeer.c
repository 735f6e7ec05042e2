/* SPDX-License-Identifier: MIT */
#include "rtmppeer.h"

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

#include <gst/gst.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 10
#define CHUNK_SIZE 128
#define HANDSHAKE_SIZE 1536
#define STREAM_ID 1

struct _RtmpPeer {
  gint fd;
  GByteArray *input;
  GstArclyRtmpChunkReader *reader;
};

static const GstArclyRtmpChunkLimits limits = {
  1 << 20,
  1 << 20,
  1 << 20,
  64,
};

RtmpPeer *
rtmp_peer_try (guint port)
{
  RtmpPeer *peer = g_new0 (RtmpPeer, 1);
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval wait = { WAIT_SECONDS, 0 };
  gint yes = 1;

  peer->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (peer->fd, >=, 0);
  setsockopt (peer->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof (yes));
  setsockopt (peer->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof (wait));
  setsockopt (peer->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof (wait));
  peer->input = g_byte_array_new ();
  peer->reader = gst_arcly_rtmp_chunk_reader_new (&limits);
  if (connect (peer->fd, (struct sockaddr *) &address, sizeof (address)) == 0)
    return peer;
  rtmp_peer_free (peer);
  return NULL;
}

RtmpPeer *
rtmp_peer_new (guint port)
{
  RtmpPeer *peer = rtmp_peer_try (port);

  g_assert_nonnull (peer);
  return peer;
}

void
rtmp_peer_free (RtmpPeer *peer)
{
  close (peer->fd);
  g_byte_array_unref (peer->input);
  gst_arcly_rtmp_chunk_reader_free (peer->reader);
  g_free (peer);
}

void
rtmp_peer_reset (RtmpPeer *peer)
{
  struct linger now = { 1, 0 };

  setsockopt (peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof (now));
  rtmp_peer_free (peer);
}

gint
rtmp_peer_get_fd (RtmpPeer *peer)
{
  return peer->fd;
}

gchar *
rtmp_peer_get_name (RtmpPeer *peer)
{
  struct sockaddr_in address = { 0 };
  socklen_t size = sizeof (address);

  g_assert_cmpint (
      getsockname (peer->fd, (struct sockaddr *) &address, &size), ==, 0);
  return g_strdup_printf ("127.0.0.1:%u", ntohs (address.sin_port));
}

gboolean
rtmp_peer_send (RtmpPeer *peer, gconstpointer data, gsize size)
{
  const guint8 *from = data;

  while (size > 0) {
    gssize sent = send (peer->fd, from, size, MSG_NOSIGNAL);

    if (sent <= 0)
      return FALSE;
    from += sent;
    size -= sent;
  }
  return TRUE;
}

/* FALSE at the end of the connection. */
static gboolean
receive (RtmpPeer *peer)
{
  guint8 data[16384];
  gssize size = recv (peer->fd, data, sizeof (data), 0);

  if (size <= 0)
    return FALSE;
  g_byte_array_append (peer->input, data, size);
  return TRUE;
}

gboolean
rtmp_peer_handshake (RtmpPeer *peer)
{
  guint8 hello[1 + HANDSHAKE_SIZE] = { 3 };
  guint8 echo[HANDSHAKE_SIZE];

  if (!rtmp_peer_send (peer, hello, sizeof (hello)))
    return FALSE;
  while (peer->input->len < 1 + 2 * HANDSHAKE_SIZE) {
    if (!receive (peer))
      return FALSE;
  }
  memcpy (echo, peer->input->data + 1, sizeof (echo));
  g_byte_array_remove_range (peer->input, 0, 1 + 2 * HANDSHAKE_SIZE);
  return rtmp_peer_send (peer, echo, sizeof (echo));
}

static void
send_message (
    RtmpPeer *peer, guint8 type, guint32 stream_id, const GByteArray *payload)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gst_arcly_rtmp_chunk_write (
      out, CHUNK_SIZE, 3, type, stream_id, 0, payload->data, payload->len);
  rtmp_peer_send (peer, out->data, out->len);
}

/* @name may be NULL. */
void
rtmp_peer_command (
    RtmpPeer *peer, const gchar *command, guint32 stream_id, const gchar *name)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  gst_arcly_amf_write_string (command, payload);
  gst_arcly_amf_write_number (2, payload);
  gst_arcly_amf_write_null (payload);
  if (name)
    gst_arcly_amf_write_string (name, payload);
  send_message (peer, GST_ARCLY_RTMP_COMMAND_AMF0, stream_id, payload);
}

/* Takes @object. */
static void
connect_with (RtmpPeer *peer, const gchar *app, GstArclyAmfValue *object)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  gst_arcly_amf_value_add_string (object, "app", app);
  gst_arcly_amf_write_string ("connect", payload);
  gst_arcly_amf_write_number (1, payload);
  gst_arcly_amf_value_write (object, payload);
  gst_arcly_amf_value_free (object);
  send_message (peer, GST_ARCLY_RTMP_COMMAND_AMF0, 0, payload);
  rtmp_peer_command (peer, "createStream", 0, NULL);
}

void
rtmp_peer_connect (RtmpPeer *peer, const gchar *app)
{
  connect_with (peer, app, gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT));
}

void
rtmp_peer_connect_enhanced (
    RtmpPeer *peer, const gchar *app, const gchar *fourccs, guint caps_ex)
{
  GstArclyAmfValue *object = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  g_auto (GStrv) each = g_strsplit (fourccs, ",", -1);
  guint i;

  for (i = 0; each[i]; i++)
    gst_arcly_amf_value_add (
        list, NULL, gst_arcly_amf_value_new_string (each[i]));
  gst_arcly_amf_value_add (object, "fourCcList", list);
  gst_arcly_amf_value_add_number (object, "capsEx", caps_ex);
  connect_with (peer, app, object);
}

void
rtmp_peer_ask (RtmpPeer *peer, const gchar *app, const gchar *name)
{
  g_assert_true (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, app);
  rtmp_peer_command (peer, "publish", STREAM_ID, name);
}

RtmpPeer *
rtmp_peer_publish (guint port, const gchar *app, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new (port);
  g_autofree gchar *status = NULL;

  rtmp_peer_ask (peer, app, name);
  status = rtmp_peer_wait_status (peer);
  g_assert_nonnull (status);
  g_assert_true (g_str_has_prefix (status, "NetStream.Publish.Start"));
  return peer;
}

void
rtmp_peer_unpublish (RtmpPeer *peer)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  gst_arcly_amf_write_string ("deleteStream", payload);
  gst_arcly_amf_write_number (3, payload);
  gst_arcly_amf_write_null (payload);
  gst_arcly_amf_write_number (STREAM_ID, payload);
  send_message (peer, GST_ARCLY_RTMP_COMMAND_AMF0, 0, payload);
}

GBytes *
rtmp_peer_make_video (guint32 timestamp, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree guint8 *payload = g_malloc (size + 1);

  memset (payload, 0x17, size);
  gst_arcly_rtmp_chunk_write (out, CHUNK_SIZE, 4, GST_ARCLY_RTMP_VIDEO_MESSAGE,
      STREAM_ID, timestamp, payload, size);
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

gboolean
rtmp_peer_send_video (RtmpPeer *peer, guint32 timestamp, gsize size)
{
  g_autoptr (GBytes) message = rtmp_peer_make_video (timestamp, size);

  return rtmp_peer_send (
      peer, g_bytes_get_data (message, NULL), g_bytes_get_size (message));
}

gboolean
rtmp_peer_send_message (RtmpPeer *peer, guint8 type, guint32 timestamp,
    gconstpointer data, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gst_arcly_rtmp_chunk_write (
      out, CHUNK_SIZE, type, type, STREAM_ID, timestamp, data, size);
  return rtmp_peer_send (peer, out->data, out->len);
}

/* The status, if @message is one. */
static gchar *
read_status (const GstArclyRtmpMessage *message)
{
  const GstArclyAmfLimits amf_limits = { 8, 64 };
  g_autoptr (GPtrArray) values = NULL;
  const GstArclyAmfValue *info = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);

  if (message->type != GST_ARCLY_RTMP_COMMAND_AMF0)
    return NULL;
  values = gst_arcly_amf_read (data, size, &amf_limits, NULL);
  g_assert_nonnull (values);
  if (values->len < 4 ||
      g_strcmp0 (gst_arcly_amf_value_string (g_ptr_array_index (values, 0)),
          "onStatus") != 0)
    return NULL;
  info = g_ptr_array_index (values, 3);
  return g_strdup_printf ("%s: %s",
      gst_arcly_amf_value_get_string (info, "code"),
      gst_arcly_amf_value_get_string (info, "description"));
}

gboolean
rtmp_peer_read (RtmpPeer *peer, GstArclyRtmpMessage *message)
{
  while (!message->payload) {
    gsize consumed = 0;

    g_assert_true (gst_arcly_rtmp_chunk_reader_read (peer->reader,
        peer->input->data, peer->input->len, &consumed, message, NULL));
    g_byte_array_remove_range (peer->input, 0, consumed);
    if (consumed == 0 && !message->payload && !receive (peer))
      return FALSE;
  }
  return TRUE;
}

gchar *
rtmp_peer_wait_status (RtmpPeer *peer)
{
  for (;;) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    gchar *status = NULL;

    if (!rtmp_peer_read (peer, &message))
      return NULL;
    status = read_status (&message);
    if (status)
      return status;
  }
}

guint32
rtmp_peer_wait_acknowledgement (RtmpPeer *peer)
{
  for (;;) {
    g_auto (GstArclyRtmpMessage) message = { 0 };

    g_assert_true (rtmp_peer_read (peer, &message));
    if (message.type == GST_ARCLY_RTMP_ACKNOWLEDGEMENT)
      return GST_READ_UINT32_BE (g_bytes_get_data (message.payload, NULL));
  }
}

gboolean
rtmp_peer_wait_closed (RtmpPeer *peer)
{
  guint8 data[16384];
  gssize size;

  do
    size = recv (peer->fd, data, sizeof (data), 0);
  while (size > 0);
  return size == 0 || errno == ECONNRESET;
}
