/* SPDX-License-Identifier: MIT
 *
 * The session against peers that are broken, hostile, or just cut bytes
 * elsewhere than others. */
#include <stdio.h>
#include <string.h>

#include "rtmphandshake.h"
#include "sessionpeer.h"

/* A whole publication of every kind of message, in as few bytes as show each
 * way to cut it: some tests go through it byte by byte. */
static GBytes *
make_publication (void)
{
  static const guint8 payload[300] = { 0x17, 1 };
  g_autoptr (RtmpClient) client = rtmp_client_new ();
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_number (values, "height", 1080);
  rtmp_client_start (client, "live", "cam");
  rtmp_client_metadata (client, 1, 0, values);
  rtmp_client_message (client, 9, 1, 0, payload, 300);
  rtmp_client_message (client, 8, 1, 0xfffffe, payload, 129);
  rtmp_client_message (client, 9, 1, 0xffffff, payload, 130);
  rtmp_client_set_chunk_size (client, 200);
  rtmp_client_message (client, 9, 1, 0x1000000, payload, 250);
  rtmp_client_user_control (client, 6, 4711);
  rtmp_client_user_control (client, 7, 4712);
  rtmp_client_message (client, 77, 1, 0, payload, 5);
  rtmp_client_command (client, 0, "surprise", 9, NULL);
  rtmp_client_fc_unpublish (client, "cam");
  rtmp_client_delete_stream (client, 1);
  return rtmp_client_take (client);
}

static void
feed_in_steps (SessionPeer *peer, GBytes *bytes, gsize step)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gsize pos;

  for (pos = 0; pos < size; pos += step)
    session_peer_feed (peer, data + pos, MIN (step, size - pos));
}

/* How TCP cuts the bytes changes neither events nor answers. */
static void
test_cuts (void)
{
  static const gsize steps[] = { 1, 2, 3, 7, 127, 1537 };
  g_autoptr (GBytes) bytes = make_publication ();
  g_autoptr (SessionPeer) whole = session_peer_new ();
  guint i;

  feed_in_steps (whole, bytes, g_bytes_get_size (bytes));
  g_assert_no_error (whole->error);
  g_assert_nonnull (strstr (whole->log->str, "media 1 1 @16777216 250\n"));
  g_assert_nonnull (strstr (whole->log->str, "pong 0 4712\n"));
  g_assert_nonnull (strstr (whole->log->str, "unpublish 1 live/cam\n"));

  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (SessionPeer) cut = session_peer_new ();

    feed_in_steps (cut, bytes, steps[i]);
    g_assert_no_error (cut->error);
    g_assert_cmpstr (cut->log->str, ==, whole->log->str);
    g_assert_cmpmem (cut->client->in->data, cut->client->in->len,
        whole->client->in->data, whole->client->in->len);
  }
}

/* A connection may end anywhere: no error, nothing lost before. */
static void
test_truncated (void)
{
  g_autoptr (GBytes) bytes = make_publication ();
  g_autoptr (SessionPeer) whole = session_peer_new ();
  gsize size = g_bytes_get_size (bytes);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  gsize length;

  feed_in_steps (whole, bytes, size);
  for (length = 0; length < size; length += length < 3000 ? 97 : 1) {
    g_autoptr (SessionPeer) cut = session_peer_new ();

    session_peer_feed (cut, data, length);
    g_assert_no_error (cut->error);
    g_assert_true (g_str_has_prefix (whole->log->str, cut->log->str));
  }
}

static void
test_garbage_before_handshake (void)
{
  static const guint8 http[] = "GET / HTTP/1.1\r\n\r\n";
  guint first;

  for (first = 0; first < 256; first++) {
    const guint8 byte = first;
    g_autoptr (SessionPeer) peer = session_peer_new ();

    session_peer_feed (peer, &byte, 1);
    if (first == GST_ARCLY_RTMP_VERSION)
      g_assert_no_error (peer->error);
    else
      g_assert_error (peer->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  }
  {
    g_autoptr (SessionPeer) peer = session_peer_new ();
    g_autoptr (GError) again = NULL;
    g_autoptr (GstArclyRtmpEvent) event = NULL;

    session_peer_feed (peer, http, sizeof http);
    g_assert_error (peer->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
    g_assert_cmpuint (peer->client->in->len, ==, 0);
    g_assert_cmpint (gst_arcly_rtmp_session_get_state (peer->session), ==,
        GST_ARCLY_RTMP_STATE_CLOSED);
    g_assert_false (
        gst_arcly_rtmp_session_next_event (peer->session, &event, &again));
    g_assert_cmpstr (again->message, ==, peer->error->message);
  }
}

/* Who took a port of RTMP for one of RTMPS should find that in the log. */
static void
test_tls (void)
{
  static const guint8 hello[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
  g_autoptr (SessionPeer) peer = session_peer_new ();

  session_peer_feed (peer, hello, sizeof hello);
  g_assert_error (peer->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  g_assert_nonnull (strstr (peer->error->message, "RTMPS"));
}

/* Any bytes after the handshake or in a publication: no crash, no endless
 * loop, and at most an error. */
static void
test_garbage_after_handshake (void)
{
  guint i;

  for (i = 0; i < 400; i++) {
    g_autoptr (SessionPeer) peer =
        i % 2 ? session_peer_new_publishing () : session_peer_new ();
    guint8 garbage[2000];
    guint k;

    if (i % 2 == 0) {
      rtmp_client_hello (peer->client);
      session_peer_flush (peer);
    }
    for (k = 0; k < sizeof garbage; k++)
      garbage[k] = g_test_rand_int_range (0, i % 3 ? 256 : 10);
    session_peer_feed (peer, garbage, sizeof garbage);
  }
}

/* Each byte of a publication flipped, one at a time. */
static void
test_flipped (void)
{
  g_autoptr (GBytes) bytes = make_publication ();
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
  gsize i;

  for (i = 1 + 2 * GST_ARCLY_RTMP_HANDSHAKE_SIZE; i < size; i++) {
    g_autoptr (SessionPeer) peer = session_peer_new ();

    copy[i] ^= g_test_rand_int_range (1, 256);
    session_peer_feed (peer, copy, size);
    copy[i] = ((const guint8 *) g_bytes_get_data (bytes, NULL))[i];
  }
}

typedef enum {
  ACT_CONNECT,
  ACT_RELEASE,
  ACT_CREATE,
  ACT_PUBLISH,
  ACT_PLAY,
  ACT_MEDIA,
  ACT_FC_UNPUBLISH,
  ACT_CLOSE,
  ACT_DELETE,
  ACT_UNKNOWN,
  ACT_EMPTY,
  N_ACTS
} Act;

static void
act (RtmpClient *client, Act what, guint32 id)
{
  switch (what) {
    case ACT_CONNECT:
      rtmp_client_connect (client, "live", NULL);
      break;
    case ACT_RELEASE:
      rtmp_client_release_stream (client, "cam");
      break;
    case ACT_CREATE:
      rtmp_client_create_stream (client);
      break;
    case ACT_PUBLISH:
      rtmp_client_publish (client, id, "cam", "live");
      break;
    case ACT_PLAY:
      rtmp_client_play (client, id, "cam");
      break;
    case ACT_MEDIA:
      rtmp_client_message (client, 9, id, 0, "media", 5);
      break;
    case ACT_FC_UNPUBLISH:
      rtmp_client_fc_unpublish (client, "cam");
      break;
    case ACT_CLOSE:
      rtmp_client_close_stream (client, id);
      break;
    case ACT_DELETE:
      rtmp_client_delete_stream (client, id);
      break;
    case ACT_UNKNOWN:
      rtmp_client_command (client, id, "nonsense", 5, NULL);
      break;
    case ACT_EMPTY: /* publish without a name */
      rtmp_client_command (client, id, "publish", 5, NULL);
      break;
    case N_ACTS:
      g_assert_not_reached ();
  }
}

/* Commands in any order. The session keeps its word: publish is asked for only
 * on a stream that exists and is idle, and each unpublish ends one publish. */
static void
test_random_order (void)
{
  guint round;

  for (round = 0; round < 1000; round++) {
    g_autoptr (SessionPeer) peer = session_peer_new ();
    g_auto (GStrv) lines = NULL;
    gboolean connected = FALSE;
    gint publishing[8] = { 0 };
    guint i;

    rtmp_client_hello (peer->client);
    if (g_test_rand_bit ())
      act (peer->client, ACT_CONNECT, 0);
    for (i = 0; i < 30; i++)
      act (peer->client, g_test_rand_int_range (0, N_ACTS),
          g_test_rand_int_range (0, 4));
    session_peer_flush (peer);

    lines = g_strsplit (peer->log->str, "\n", -1);
    for (i = 0; lines[i]; i++) {
      guint id = 0;

      if (g_str_has_prefix (lines[i], "connect")) {
        g_assert_false (connected);
        connected = TRUE;
      } else if (sscanf (lines[i], "publish %u", &id) == 1) {
        g_assert_true (connected);
        g_assert_cmpint (publishing[id % 8]++, ==, 0);
      } else if (sscanf (lines[i], "unpublish %u", &id) == 1) {
        g_assert_cmpint (publishing[id % 8]--, ==, 1);
      } else if (sscanf (lines[i], "media %u", &id) == 1) {
        g_assert_cmpint (publishing[id % 8], ==, 1);
      }
    }
    if (!connected && peer->error)
      g_assert_error (peer->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
  }
}

/* Illegal commands: an answer or an end, never silence. */
static void
test_illegal (void)
{
  g_autoptr (SessionPeer) early = session_peer_new ();
  g_autoptr (SessionPeer) twice = session_peer_new_publishing ();
  g_autoptr (SessionPeer) nowhere = session_peer_new_publishing ();
  g_autoptr (SessionPeer) again = session_peer_new_publishing ();
  g_autoptr (SessionPeer) nameless = session_peer_new ();

  rtmp_client_hello (early->client);
  rtmp_client_publish (early->client, 1, "cam", "live");
  session_peer_flush (early);
  g_assert_error (early->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);

  rtmp_client_publish (twice->client, 1, "cam2", "live");
  session_peer_flush (twice);
  session_peer_assert_status (
      twice, "onStatus", "error", "NetStream.Publish.BadName", 1);
  g_assert_cmpstr (twice->log->str, ==, "warning 1\n");

  rtmp_client_publish (nowhere->client, 7, "cam2", "live");
  session_peer_flush (nowhere);
  session_peer_assert_status (
      nowhere, "onStatus", "error", "NetStream.Publish.BadName", 7);

  rtmp_client_connect (again->client, "other", NULL);
  session_peer_flush (again);
  session_peer_assert_status (
      again, "_error", "error", "NetConnection.Connect.Rejected", 0);
  g_assert_no_error (again->error);

  rtmp_client_hello (nameless->client);
  rtmp_client_message (nameless->client, 20, 0, 0, "", 0);
  session_peer_flush (nameless);
  g_assert_error (nameless->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID);
}

/* Connect with nothing in it, with wrong types: tcUrl and all else may be
 * missing. */
static void
test_empty_connect (void)
{
  g_autoptr (SessionPeer) none = session_peer_new ();
  g_autoptr (SessionPeer) wrong = session_peer_new ();
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  rtmp_client_hello (none->client);
  gst_arcly_amf_write_string ("connect", body);
  rtmp_client_message (none->client, 20, 0, 0, body->data, body->len);
  session_peer_flush (none);
  g_assert_cmpstr (none->log->str, ==, "connect 0 \n");
  g_assert_nonnull (none->last->connect.command);
  g_assert_null (none->last->connect.tc_url);

  rtmp_client_hello (wrong->client);
  gst_arcly_amf_value_add_number (object, "app", 5);
  gst_arcly_amf_value_add_number (object, "tcUrl", 5);
  gst_arcly_amf_value_add_string (object, "objectEncoding", "3");
  gst_arcly_amf_write_null (body);
  gst_arcly_amf_value_write (object, body);
  rtmp_client_message (wrong->client, 20, 0, 0, body->data, body->len);
  session_peer_flush (wrong);
  g_assert_cmpstr (wrong->log->str, ==, "connect 0 \n");
}

/* Objects in objects in a connect command: an error, and a small one. */
static void
test_deep_connect (void)
{
  static const guint8 nest[] = { 0x03, 0x00, 0x01, 'a' };
  g_autoptr (SessionPeer) peer = session_peer_new ();
  g_autoptr (GByteArray) body = g_byte_array_new ();
  guint i;

  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  for (i = 0; i < 60000; i++)
    g_byte_array_append (body, nest + (i > 0), i > 0 ? 3 : 4);
  rtmp_client_hello (peer->client);
  rtmp_client_message (peer->client, 20, 0, 0, body->data, body->len);
  session_peer_flush (peer);
  g_assert_nonnull (peer->error);
}

static void
test_limits (void)
{
  GstArclyRtmpLimits limits = gst_arcly_rtmp_default_limits;
  g_autoptr (SessionPeer) streams = NULL;
  g_autoptr (SessionPeer) held = NULL;
  g_autofree guint8 *zeros = g_malloc0 (1001);
  guint i;

  limits.max_streams = 3;
  limits.max_held_bytes = 1000;
  streams = session_peer_new_full (&limits);
  rtmp_client_hello (streams->client);
  rtmp_client_connect (streams->client, "live", NULL);
  for (i = 0; i < 4; i++)
    rtmp_client_create_stream (streams->client);
  rtmp_client_delete_stream (streams->client, 2);
  rtmp_client_create_stream (streams->client);
  rtmp_client_publish (streams->client, 2, "cam", "live");
  session_peer_flush (streams);
  g_assert_no_error (streams->error);
  session_peer_assert_status (
      streams, "_error", "error", "NetConnection.Call.Failed", 0);
  g_assert_cmpstr (
      streams->log->str, ==, "connect 0 live\nwarning 0\npublish 2 live/cam\n");

  held = session_peer_new_full (&limits);
  held->undecided = TRUE;
  rtmp_client_hello (held->client);
  rtmp_client_connect (held->client, "live", NULL);
  session_peer_flush (held);
  g_assert_true (gst_arcly_rtmp_session_is_held (held->session));
  session_peer_feed (held, zeros, 1000);
  g_assert_no_error (held->error);
  session_peer_feed (held, zeros, 1);
  g_assert_error (held->error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT);
  g_assert_false (gst_arcly_rtmp_session_is_held (held->session));
  g_assert_false (gst_arcly_rtmp_session_accept_connect (held->session));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpsessionbad/cuts", test_cuts);
  g_test_add_func ("/rtmpsessionbad/truncated", test_truncated);
  g_test_add_func (
      "/rtmpsessionbad/garbage-before", test_garbage_before_handshake);
  g_test_add_func ("/rtmpsessionbad/tls", test_tls);
  g_test_add_func (
      "/rtmpsessionbad/garbage-after", test_garbage_after_handshake);
  g_test_add_func ("/rtmpsessionbad/flipped", test_flipped);
  g_test_add_func ("/rtmpsessionbad/random-order", test_random_order);
  g_test_add_func ("/rtmpsessionbad/illegal", test_illegal);
  g_test_add_func ("/rtmpsessionbad/empty-connect", test_empty_connect);
  g_test_add_func ("/rtmpsessionbad/deep-connect", test_deep_connect);
  g_test_add_func ("/rtmpsessionbad/limits", test_limits);
  return g_test_run ();
}
