/* SPDX-License-Identifier: MIT
 *
 * The HTTP server with a certificate. */
#include "config.h"

#include "testtls.h"

/* What libsoup's client asks for first. */
#ifdef HAVE_HTTP2
#define SPOKEN SOUP_HTTP_2_0
#else
#define SPOKEN SOUP_HTTP_1_1
#endif

/* To read all that the system trusts takes a client longer than a server
 * waits, where much else goes on. It is read once. */
static void
trusting_init (Fixture *fixture)
{
  g_object_unref (
      g_tls_backend_get_default_database (g_tls_backend_get_default ()));
  tls_init (fixture);
}

/* Keep-alive, ranges, and files of more than one record. */
GST_START_TEST (test_answers)
{
  g_autofree gchar *large = g_strnfill (1000000, 'x');
  Fixture fixture;
  guint i;

  trusting_init (&fixture);
  write_file (fixture.folder, "large.ts", large);
  for (i = 0; i < 3; i++) {
    g_autoptr (SoupMessage) message =
        request_tls (&fixture, i == 1 ? "/hls/segment.ts" : "/hls/large.ts");
    g_autofree gchar *body = NULL;

    if (i == 1)
      soup_message_headers_replace (
          soup_message_get_request_headers (message), "Range", "bytes=2-4");
    fail_unless_equals_int (
        send (&fixture, message, &body), i == 1 ? 206 : 200);
    fail_unless_equals_string (body, i == 1 ? "234" : large);
    fail_unless_equals_int (soup_message_get_http_version (message), SPOKEN);
  }
  fixture_clear (&fixture);
}
GST_END_TEST;

static gpointer
publish (gpointer data)
{
  GstArclyHttpPlaylist playlist = {
    .full = PLAYLIST, .next = 1, .target_duration = 2, .advance_limit = 15
  };

  gst_arcly_http_origin_set_playlist (data, &playlist);
  return NULL;
}

GST_START_TEST (test_blocking_reload)
{
  g_autoptr (GstArclyHttpOrigin) origin = gst_arcly_http_origin_new ();
  g_autoptr (SoupMessage) message = NULL;
  GThread *thread;
  Fixture fixture;

  trusting_init (&fixture);
  fail_unless (gst_arcly_http_server_mount_origin (
      fixture.server, "/live", origin, NULL, NULL, NULL));
  message = request_tls (&fixture, "/live/index.m3u8?_HLS_msn=0");
  thread = g_thread_new ("publish", publish, origin);
  fail_unless_equals_int (send (&fixture, message, NULL), 200);
  g_thread_join (thread);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* Who speaks no TLS is closed; others do not notice. */
GST_START_TEST (test_plain_client)
{
  static const gchar plain[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (SoupMessage) message = NULL;
  gchar buffer[1000];
  GInputStream *in;
  Fixture fixture;

  trusting_init (&fixture);
  connection = dial (&fixture);
  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), plain,
      strlen (plain), NULL, NULL, NULL));
  in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  for (;;) {
    gssize n = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL);

    if (n <= 0)
      break;
    fail_if (g_strstr_len (buffer, n, "HTTP/"));
  }
  message = request_tls (&fixture, "/hls/segment.ts");
  fail_unless_equals_int (send (&fixture, message, NULL), 200);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* The server ends while some have said nothing, and one takes no answer. */
GST_START_TEST (test_ends_in_the_middle)
{
  static const gchar get[] = "GET /hls/large.ts HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autofree gchar *large = g_strnfill (30000000, 'x');
  GSocketConnection *silent[3];
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GIOStream) tls = NULL;
  gchar byte;
  Fixture fixture;
  guint i;

  trusting_init (&fixture);
  write_file (fixture.folder, "large.ts", large);
  for (i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = dial (&fixture);
  connection = dial (&fixture);
  tls = g_tls_client_connection_new (G_IO_STREAM (connection), NULL, NULL);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_any), NULL);
  fail_unless (g_output_stream_write_all (g_io_stream_get_output_stream (tls),
      get, strlen (get), NULL, NULL, NULL));
  fail_unless_equals_int (
      g_input_stream_read (
          g_io_stream_get_input_stream (tls), &byte, 1, NULL, NULL),
      1);
  fixture_clear (&fixture);
  for (i = 0; i < G_N_ELEMENTS (silent); i++)
    g_object_unref (silent[i]);
}
GST_END_TEST;

/* One port has one certificate. */
GST_START_TEST (test_sharing)
{
  g_autoptr (GTlsCertificate) same = load (certificate_pem);
  g_autoptr (GTlsCertificate) other = load (other_pem);
  GTlsCertificate *wrong[] = { NULL, other };
  GstArclyHttpServer *server;
  Fixture fixture;
  guint i, port;

  trusting_init (&fixture);
  port = gst_arcly_http_server_get_port (fixture.server);
  server = gst_arcly_http_server_acquire_tls (
      fixture.engine, HOST, port, same, NULL);
  fail_unless (server == fixture.server);
  gst_arcly_http_server_release (fixture.engine, server);
  for (i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    fail_if (gst_arcly_http_server_acquire_tls (
        fixture.engine, HOST, port, wrong[i], &error));
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  }
  fixture_clear (&fixture);
}
GST_END_TEST;

static Suite *
tls_suite (void)
{
  Suite *suite = suite_create ("tls");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_answers);
  tcase_add_test (all, test_blocking_reload);
  tcase_add_test (all, test_plain_client);
  tcase_add_test (all, test_ends_in_the_middle);
  tcase_add_test (all, test_sharing);
  return suite;
}

GST_CHECK_MAIN (tls);
