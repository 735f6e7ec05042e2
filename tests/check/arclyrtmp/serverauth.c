/* SPDX-License-Identifier: MIT
 *
 * Clients before an authenticator: what it is told, what they are told, and
 * that nobody waits for another's decision. */
#include <gst/check/gstcheck.h>

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"
#include "testauth.h"
#include "testserver.h"

static void
set_authenticator (TestServer *f, TestAuthFunc func, gpointer data)
{
  g_autoptr (GstArclyAuthenticator) authenticator = test_auth_new (func, data);

  g_object_set (f->engine, "authenticator", authenticator, NULL);
}

static gboolean
want_token (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  const gchar *token = gst_arcly_auth_request_get_parameter (request, "token");

  if (g_strcmp0 (token, "secret") == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
      token ? "wrong token" : "no token");
  return FALSE;
}

static void
expect_refused (TestServer *f, const gchar *name, const gchar *reason)
{
  g_autoptr (RtmpPeer) peer = rtmp_peer_new (f->port);

  rtmp_peer_ask (peer, "live", name);
  test_peer_expect_status (peer, "NetStream.Publish.Denied", reason);
  fail_unless (rtmp_peer_wait_closed (peer));
}

/* The reason gets to the client, and the right token in. */
GST_START_TEST (test_publish)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  set_authenticator (&f, want_token, NULL);
  expect_refused (&f, "cam", "live/cam: no token");
  test_route_expect (f.cam, "refused");
  expect_refused (&f, "cam?token=x", "live/cam: wrong token");
  test_route_expect (f.cam, "refused");

  peer = rtmp_peer_publish (f.port, "live", "cam?token=secret");
  test_route_expect (f.cam, "publish");
  rtmp_peer_send_video (peer, 5, 10);
  test_route_expect_video (f.cam, 5);
  test_server_stop (&f);
}
GST_END_TEST;

/* The same of players, who are asked about before their element is. */
GST_START_TEST (test_play)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL, other = NULL;
  g_autoptr (TestNote) note = NULL;
  g_autofree gchar *name = NULL;

  test_server_start (&f, 0);
  test_server_add_play (&f);
  set_authenticator (&f, want_token, NULL);
  peer = test_server_ask_play (&f, "cam");
  test_peer_expect_status (peer, "NetStream.Play.Failed", "live/cam: no token");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_route_expect (f.cam, "refused");

  other = test_server_ask_play (&f, "cam?token=secret");
  name = rtmp_peer_get_name (other);
  note = test_route_wait (f.cam, "join");
  fail_unless_equals_string (note->text, name);
  test_server_stop (&f);
}
GST_END_TEST;

/* Nobody without a token learns what there is to be played. */
GST_START_TEST (test_play_unknown)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL, other = NULL;

  test_server_start (&f, 0);
  set_authenticator (&f, want_token, NULL);
  peer = test_server_ask_play (&f, "cam");
  test_peer_expect_status (peer, "NetStream.Play.Failed", "no token");
  other = test_server_ask_play (&f, "cam?token=secret");
  test_peer_expect_status (
      other, "NetStream.Play.StreamNotFound", "live/cam: no such stream here");
  fail_unless_equals_int (test_route_count (f.cam), 0);
  test_server_stop (&f);
}
GST_END_TEST;

/* Who publishes cannot play as well, and is not asked about; it goes on. */
GST_START_TEST (test_play_while_publishing)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  test_server_add_play (&f);
  peer = test_server_publish (&f);
  set_authenticator (&f, want_token, NULL);
  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "play", 2, "cam");
  test_peer_expect_status (peer, "NetStream.Play.Failed", "open another");
  rtmp_peer_send_video (peer, 5, 10);
  test_route_expect_video (f.cam, 5);
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- what it is told ---- */

static gboolean
look (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  GstArclyAuthRequest **seen = data;

  *seen = g_object_ref (request);
  return TRUE;
}

/* Credentials wherever clients put them. */
GST_START_TEST (test_request)
{
  TestServer f;
  g_autoptr (GstArclyAuthRequest) request = NULL;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  g_autofree gchar *name = NULL;

  test_server_start (&f, 0);
  set_authenticator (&f, look, &request);
  peer = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (peer));
  gst_arcly_amf_value_add_string (object, "app", "live?a=1");
  gst_arcly_amf_value_add_string (
      object, "tcUrl", "rtmp://ann:pass@host/live?c=3");
  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  gst_arcly_amf_value_write (object, body);
  gst_arcly_amf_write_number (7, body);
  gst_arcly_amf_write_string ("extra", body);
  gst_arcly_rtmp_chunk_write (
      out, 128, 3, GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
  rtmp_peer_send (peer, out->data, out->len);
  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "publish", 1, "cam?b=2");
  test_peer_expect_status (peer, "NetStream.Publish.Start", "");
  test_route_expect (f.cam, "publish");

  name = rtmp_peer_get_name (peer);
  fail_unless_equals_string (gst_arcly_auth_request_get_peer (request), name);
  fail_unless_equals_string (gst_arcly_auth_request_get_app (request), "live");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_stream (request), "cam");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "a"), "1");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "b"), "2");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "c"), "3");
  fail_unless_equals_string (gst_arcly_auth_request_get_user (request), "ann");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_password (request), "pass");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_arguments (request)[0], "extra");
  fail_unless (gst_arcly_auth_request_get_arguments (request)[1] == NULL);
  test_server_stop (&f);
}
GST_END_TEST;

/* A client keeps what it said only up to a bound. */
GST_START_TEST (test_too_much_text)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autofree gchar *app = g_strnfill (20000, 'x');

  app[4] = '?';
  test_server_start (&f, 0);
  peer = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, app);
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- slow decisions ---- */

static gboolean
hold_some (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  if (gst_arcly_auth_request_get_parameter (request, "slow"))
    test_gate_pass (data);
  return TRUE;
}

/* Others come in meanwhile; then the slow one does, with all that it sent
 * while it waited. */
GST_START_TEST (test_slow_decision)
{
  TestServer f;
  TestGate gate;
  g_autoptr (RtmpPeer) slow = NULL, fast = NULL;

  test_gate_init (&gate);
  test_server_start (&f, 0);
  set_authenticator (&f, hold_some, &gate);
  slow = rtmp_peer_new (f.port);
  rtmp_peer_ask (slow, "live", "cam?slow");
  rtmp_peer_send_video (slow, 7, 10);
  test_gate_wait (&gate, 1);

  fast = test_server_publish (&f);
  rtmp_peer_send_video (fast, 5, 10);
  test_route_expect_video (f.cam, 5);
  g_clear_pointer (&fast, rtmp_peer_free);
  test_route_expect_end (f.cam, FALSE, "closed by the peer");

  test_gate_open (&gate);
  test_peer_expect_status (slow, "NetStream.Publish.Start", "");
  test_route_expect (f.cam, "publish");
  test_route_expect_video (f.cam, 7);
  test_server_stop (&f);
  test_gate_clear (&gate);
}
GST_END_TEST;

GST_START_TEST (test_slow_play)
{
  TestServer f;
  TestGate gate;
  g_autoptr (RtmpPeer) slow = NULL, fast = NULL;
  g_autoptr (TestNote) early = NULL, late = NULL;
  g_autofree gchar *slow_name = NULL, *fast_name = NULL;

  test_gate_init (&gate);
  test_server_start (&f, 0);
  test_server_add_play (&f);
  set_authenticator (&f, hold_some, &gate);
  slow = test_server_ask_play (&f, "cam?slow");
  slow_name = rtmp_peer_get_name (slow);
  test_gate_wait (&gate, 1);

  fast = test_server_ask_play (&f, "cam");
  fast_name = rtmp_peer_get_name (fast);
  early = test_route_wait (f.cam, "join");
  fail_unless_equals_string (early->text, fast_name);

  test_gate_open (&gate);
  late = test_route_wait (f.cam, "join");
  fail_unless_equals_string (late->text, slow_name);
  test_server_stop (&f);
  test_gate_clear (&gate);
}
GST_END_TEST;

/* The decision comes when its client is gone, or the server. */
GST_START_TEST (test_late_decision)
{
  TestServer f;
  TestGate gate;
  g_autoptr (RtmpPeer) gone = NULL, left = NULL, player = NULL;

  test_gate_init (&gate);
  test_server_start (&f, 0);
  set_authenticator (&f, hold_some, &gate);
  gone = rtmp_peer_new (f.port);
  rtmp_peer_ask (gone, "live", "cam?slow");
  left = rtmp_peer_new (f.port);
  rtmp_peer_ask (left, "live", "cam?slow");
  test_server_add_play (&f);
  player = test_server_ask_play (&f, "cam?slow");
  test_gate_wait (&gate, 3);
  g_clear_pointer (&gone, rtmp_peer_reset);
  test_server_stop (&f);
  fail_unless (rtmp_peer_wait_closed (left));
  fail_unless (rtmp_peer_wait_closed (player));
  test_gate_open (&gate);
  test_gate_clear (&gate);
}
GST_END_TEST;

static Suite *
serverauth_suite (void)
{
  Suite *suite = suite_create ("serverauth");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_publish);
  tcase_add_test (tcase, test_play);
  tcase_add_test (tcase, test_play_unknown);
  tcase_add_test (tcase, test_play_while_publishing);
  tcase_add_test (tcase, test_request);
  tcase_add_test (tcase, test_too_much_text);
  tcase_add_test (tcase, test_slow_decision);
  tcase_add_test (tcase, test_slow_play);
  tcase_add_test (tcase, test_late_decision);
  return suite;
}

GST_CHECK_MAIN (serverauth);
