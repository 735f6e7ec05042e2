/* SPDX-License-Identifier: MIT
 *
 * RTMPS: a server behind TLS, and clients that do what they like with it. */
#include <gst/check/gstcheck.h>

#include "rtmpclient.h"
#include "testserver.h"

/* Of a key that only this test has. */
static const gchar pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF07zI6yQX7zNQUpF\n"
    "CS2q6yo2zLY7IQcCpRlCmq45knOhRANCAAT3mKhsfENZlq8yZ/6MbRXZvhhFAC64\n"
    "/7TyIF5JBcZXsiZWXOK3M3zScbAKRA/juLlpnbNqJ2PGL1dQcq6Y8z8b\n"
    "-----END PRIVATE KEY-----\n"
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfzCCASWgAwIBAgIUHh9fs4COig5qxewOUB4Lz9bSAl8wCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTIxMzMyNloYDzIxMjYxMTAx\n"
    "MjEzMzI2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAAT3mKhsfENZlq8yZ/6MbRXZvhhFAC64/7TyIF5JBcZXsiZWXOK3M3zS\n"
    "cbAKRA/juLlpnbNqJ2PGL1dQcq6Y8z8bo1MwUTAdBgNVHQ4EFgQUFzMHavmHxXPc\n"
    "HaESsYPFMYFbhHQwHwYDVR0jBBgwFoAUFzMHavmHxXPcHaESsYPFMYFbhHQwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAu3X5gvF6da1RBSyOmYDz\n"
    "7Fs6+oIAgZGNZr70TL2XBakCICYsJYqdLAAQGWp4+ACmJThuK7P9n91JocTUHjBj\n"
    "RhqG\n"
    "-----END CERTIFICATE-----\n";

typedef struct {
  TestServer f;
  GTlsCertificate *certificate;
} TlsServer;

static void
start (TlsServer *s)
{
  GError *error = NULL;

  s->certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  s->f.engine = gst_arcly_engine_new ();
  s->f.server = gst_arcly_rtmp_server_acquire_tls (
      s->f.engine, "127.0.0.1", 0, s->certificate, &error);
  g_assert_no_error (error);
  s->f.port = gst_arcly_rtmp_server_get_port (s->f.server);
  s->f.cam = test_route_new ();
  s->f.route = gst_arcly_rtmp_server_add_route (
      s->f.server, "live/cam", 0, &test_route_funcs, s->f.cam, &error);
  g_assert_no_error (error);
}

static void
stop (TlsServer *s)
{
  test_server_stop (&s->f);
  g_object_unref (s->certificate);
}

static gboolean
accept_any (GTlsConnection *connection, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer data)
{
  return TRUE;
}

/* A blocking client; waits at most ten seconds for anything. */
static GIOStream *
connect_tls (guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) plain = NULL;
  GIOStream *tls = NULL;
  GError *error = NULL;

  g_socket_client_set_timeout (client, 10);
  plain =
      g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  tls = g_tls_client_connection_new (G_IO_STREAM (plain), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_any), NULL);
  fail_unless (
      g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error));
  return tls;
}

static void
send_all (GIOStream *stream, RtmpClient *client)
{
  g_autoptr (GBytes) bytes = rtmp_client_take (client);

  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (stream), g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes), NULL, NULL, NULL));
}

static RtmpReply *
wait_status (GIOStream *stream, RtmpClient *client)
{
  RtmpReply *reply = NULL;

  while (!(reply = rtmp_client_next_command (client, "onStatus"))) {
    guint8 data[4096];
    gssize size = g_input_stream_read (
        g_io_stream_get_input_stream (stream), data, sizeof data, NULL, NULL);

    fail_unless (size > 0);
    rtmp_client_feed (client, data, size);
  }
  return reply;
}

GST_START_TEST (test_publish)
{
  g_autoptr (RtmpClient) client = rtmp_client_new ();
  g_autoptr (RtmpReply) reply = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autofree guint8 *media = g_malloc0 (300000);
  TlsServer s;

  start (&s);
  stream = connect_tls (s.f.port);
  rtmp_client_start (client, "live", "cam");
  rtmp_client_message (client, 9, 1, 40, media, 300000);
  rtmp_client_message (client, 9, 1, 80, media, 1);
  send_all (stream, client);
  reply = wait_status (stream, client);
  fail_unless_equals_string (
      rtmp_reply_code (reply), "NetStream.Publish.Start");
  test_route_expect (s.f.cam, "publish");
  test_route_expect_video (s.f.cam, 40);
  test_route_expect_video (s.f.cam, 80);
  g_clear_object (&stream);
  test_route_expect_end (s.f.cam, FALSE, "closed by the peer");
  stop (&s);
}
GST_END_TEST;

/* The reason comes before the end. */
GST_START_TEST (test_refused)
{
  g_autoptr (RtmpClient) client = rtmp_client_new ();
  g_autoptr (RtmpReply) reply = NULL;
  g_autoptr (GIOStream) stream = NULL;
  guint8 byte;
  TlsServer s;

  start (&s);
  stream = connect_tls (s.f.port);
  rtmp_client_start (client, "live", "nope");
  send_all (stream, client);
  reply = wait_status (stream, client);
  fail_unless_equals_string (
      rtmp_reply_code (reply), "NetStream.Publish.BadName");
  while (g_input_stream_read (
             g_io_stream_get_input_stream (stream), &byte, 1, NULL, NULL) > 0)
    ;
  stop (&s);
}
GST_END_TEST;

/* Who does not speak TLS, who goes within its handshake, and who says nothing,
 * until the server has enough or ends. */
GST_START_TEST (test_hostile)
{
  g_autoptr (RtmpPeer) plain = NULL, silent = NULL, late = NULL;
  GstArclyRtmpServerLimits limits;
  GIOStream *idle = NULL;
  TlsServer s;
  guint i;

  start (&s);
  plain = rtmp_peer_new (s.f.port);
  rtmp_peer_send (plain, "GET / HTTP/1.1\r\n\r\n", 18);
  fail_unless (rtmp_peer_wait_closed (plain));
  for (i = 0; i < 50; i++) {
    RtmpPeer *half = rtmp_peer_new (s.f.port);

    rtmp_peer_send (half, "\x16\x03\x01\x02", 4);
    if (i % 2)
      rtmp_peer_reset (half);
    else
      rtmp_peer_free (half);
  }
  idle = connect_tls (s.f.port);
  late = rtmp_peer_new (s.f.port);

  gst_arcly_rtmp_server_limits_init (&limits);
  limits.setup_timeout = GST_MSECOND;
  gst_arcly_rtmp_route_set_limits (s.f.route, &limits);
  silent = rtmp_peer_new (s.f.port);
  fail_unless (rtmp_peer_wait_closed (silent));
  stop (&s);
  fail_unless (rtmp_peer_wait_closed (late));
  g_object_unref (idle);
}
GST_END_TEST;

/* One certificate, one server. */
GST_START_TEST (test_sharing)
{
  GstArclyRtmpServer *same = NULL, *plain = NULL;
  g_autoptr (GError) error = NULL;
  TlsServer s;

  start (&s);
  same = gst_arcly_rtmp_server_acquire_tls (
      s.f.engine, "127.0.0.1", s.f.port, s.certificate, NULL);
  fail_unless (same == s.f.server);
  gst_arcly_rtmp_server_release (s.f.engine, same);
  plain =
      gst_arcly_rtmp_server_acquire (s.f.engine, "127.0.0.1", s.f.port, &error);
  fail_unless (plain == NULL);
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  stop (&s);
}
GST_END_TEST;

static Suite *
servertls_suite (void)
{
  Suite *suite = suite_create ("servertls");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_publish);
  tcase_add_test (tcase, test_refused);
  tcase_add_test (tcase, test_hostile);
  tcase_add_test (tcase, test_sharing);
  return suite;
}

GST_CHECK_MAIN (servertls);
