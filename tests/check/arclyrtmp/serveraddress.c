/* SPDX-License-Identifier: MIT
 *
 * Where servers listen, and who shares one. */
#include <gst/check/gstcheck.h>
#include <gio/gio.h>

#include <gst/arcly/gstarclyerror.h>

#include "testserver.h"

/* Elements that name one address share a server, and its paths; another port
 * is another server. */
GST_START_TEST (test_sharing)
{
  TestServer f;
  GstArclyRtmpServer *same = NULL, *other = NULL;
  GstArclyRtmpRoute *taken = NULL, *route = NULL;
  g_autoptr (TestRoute) elsewhere = test_route_new ();
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GError) error = NULL;

  test_server_start (&f, 0);
  same = gst_arcly_rtmp_server_acquire (f.engine, "127.0.0.1", f.port, NULL);
  fail_unless (same == f.server);
  taken = gst_arcly_rtmp_server_add_route (
      same, "live/cam", 0, &test_route_funcs, f.cam, &error);
  fail_unless (taken == NULL);
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  fail_unless (strstr (error->message, "live/cam") != NULL);
  gst_arcly_rtmp_server_release (f.engine, same);

  other = gst_arcly_rtmp_server_acquire (f.engine, "127.0.0.1", 0, NULL);
  fail_unless (other != f.server);
  fail_unless (gst_arcly_rtmp_server_get_port (other) != f.port);
  route = gst_arcly_rtmp_server_add_route (
      other, "live/cam", 0, &test_route_funcs, elsewhere, NULL);
  peer =
      rtmp_peer_publish (gst_arcly_rtmp_server_get_port (other), "live", "cam");
  test_route_expect (elsewhere, "publish");
  rtmp_peer_free (test_server_publish (&f));

  gst_arcly_rtmp_server_remove_route (other, route);
  gst_arcly_rtmp_server_release (f.engine, other);
  test_server_stop (&f);
}
GST_END_TEST;

/* The error names the address and what the system says. */
GST_START_TEST (test_port_in_use)
{
  TestServer f;
  g_autoptr (GstArclyEngine) stranger = gst_arcly_engine_new ();
  g_autoptr (GError) error = NULL;
  g_autofree gchar *address = NULL;
  GstArclyRtmpServer *server = NULL;

  test_server_start (&f, 0);
  server =
      gst_arcly_rtmp_server_acquire (stranger, "127.0.0.1", f.port, &error);
  fail_unless (server == NULL);
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  address = g_strdup_printf ("127.0.0.1:%u", f.port);
  fail_unless (strstr (error->message, address) != NULL);
  fail_unless (strstr (error->message, "Address already in use") != NULL);
  test_server_stop (&f);
}
GST_END_TEST;

/* The port is free again when release() returns, TIME_WAIT or not. */
GST_START_TEST (test_bind_again)
{
  TestServer f;
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RtmpPeer) peer = NULL;
  GstArclyRtmpServer *server = NULL;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  test_server_stop (&f);
  server = gst_arcly_rtmp_server_acquire (engine, "127.0.0.1", f.port, &error);
  g_assert_no_error (error);
  gst_arcly_rtmp_server_release (engine, server);
}
GST_END_TEST;

GST_START_TEST (test_hosts)
{
  static const gchar *const good[] = { "0.0.0.0", "localhost", "" };
  static const gchar *const bad[] = { "192.0.2.1", "2001:db8::1" };
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    GstArclyRtmpServer *server =
        gst_arcly_rtmp_server_acquire (engine, good[i], 0, &error);

    g_assert_no_error (error);
    gst_arcly_rtmp_server_release (engine, server);
  }
  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    fail_unless (
        gst_arcly_rtmp_server_acquire (engine, bad[i], 0, &error) == NULL);
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED));
    fail_unless (strstr (error->message, bad[i]) != NULL);
  }
}
GST_END_TEST;

/* TRUE: something answers there. */
static gboolean
can_connect (GInetAddress *address, guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) to = g_inet_socket_address_new (address, port);
  g_autoptr (GSocketConnection) connection = NULL;

  /* A test needs no desktop's proxy settings. */
  g_socket_client_set_enable_proxy (client, FALSE);
  connection =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (to), NULL, NULL);
  return connection != NULL;
}

static gboolean
has_loopback (GSocketFamily family)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (address, 0);
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

  return socket && g_socket_bind (socket, any, FALSE, NULL);
}

/* Players resolve "localhost" as they like, so a free port is the same one on
 * each of its addresses. */
GST_START_TEST (test_any_port_of_a_name)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4,
    G_SOCKET_FAMILY_IPV6 };
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GError) error = NULL;
  GstArclyRtmpServer *server =
      gst_arcly_rtmp_server_acquire (engine, "localhost", 0, &error);
  guint port, i;

  g_assert_no_error (error);
  port = gst_arcly_rtmp_server_get_port (server);
  for (i = 0; i < G_N_ELEMENTS (families); i++) {
    g_autoptr (GInetAddress) loopback =
        g_inet_address_new_loopback (families[i]);

    fail_unless (!has_loopback (families[i]) || can_connect (loopback, port));
  }
  gst_arcly_rtmp_server_release (engine, server);
}
GST_END_TEST;

static Suite *
rtmpserveraddress_suite (void)
{
  Suite *suite = suite_create ("rtmpserveraddress");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_sharing);
  tcase_add_test (tcase, test_port_in_use);
  tcase_add_test (tcase, test_bind_again);
  tcase_add_test (tcase, test_hosts);
  tcase_add_test (tcase, test_any_port_of_a_name);
  return suite;
}

GST_CHECK_MAIN (rtmpserveraddress);
