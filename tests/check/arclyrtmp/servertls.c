/* SPDX-License-Identifier: MIT
 *
 * RTMPS: a server in TLS, and clients that do what they like with it. */
#include <gst/check/gstcheck.h>

#include <gst/arcly/gstarclyerror.h>

#include "rtmpclient.h"
#include "testcertificate.h"
#include "testserver.h"
#include "tlspeer.h"

#define VANISHING 50

typedef struct {
  TestServer f;
  TestFiles files;
  GstArclyRtmpTlsFiles pair;
} Fixture;

static void
start (Fixture *s, GstClockTime timeout)
{
  test_files_init (&s->files);
  s->pair =
      (GstArclyRtmpTlsFiles){ s->files.certificate, s->files.private_key };
  test_server_start_tls (&s->f, timeout, &s->pair);
}

static void
stop (Fixture *s)
{
  test_server_stop (&s->f);
  test_files_clear (&s->files);
}

/* A client whose socket waits ten seconds at most. */
typedef struct {
  RtmpPeer *socket;
  TlsPeer *tls;
  RtmpClient *client;
} Client;

static Client
client_new (guint port)
{
  Client self;

  self.socket = rtmp_peer_new (port);
  self.tls = tls_peer_new (rtmp_peer_get_fd (self.socket), NULL);
  self.client = rtmp_client_new ();
  return self;
}

static void
client_clear (Client *self)
{
  tls_peer_free (self->tls);
  rtmp_peer_free (self->socket);
  rtmp_client_free (self->client);
}

static void
client_send (Client *self)
{
  g_autoptr (GBytes) bytes = rtmp_client_take (self->client);

  fail_unless (tls_peer_send (
      self->tls, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
}

static void
expect_status (Client *self, const gchar *code)
{
  g_autoptr (RtmpReply) reply = NULL;

  while (!(reply = rtmp_client_next_command (self->client, "onStatus"))) {
    guint8 data[4096];
    gssize size = tls_peer_recv (self->tls, data, sizeof data);

    fail_unless (size > 0, "%s", gnutls_strerror ((gint) size));
    rtmp_client_feed (self->client, data, size);
  }
  fail_unless_equals_string (rtmp_reply_code (reply), code);
}

static Client
publish (Fixture *s)
{
  Client client = client_new (s->f.port);

  fail_unless (tls_peer_handshake (client.tls));
  rtmp_client_start (client.client, "live", "cam");
  client_send (&client);
  expect_status (&client, "NetStream.Publish.Start");
  test_route_expect (s->f.cam, "publish");
  return client;
}

static void
check_publishing (Fixture *s)
{
  g_autofree guint8 *media = g_malloc0 (300000);
  Client client = publish (s);

  rtmp_client_message (client.client, 9, 1, 40, media, 300000);
  rtmp_client_message (client.client, 9, 1, 80, media, 1);
  client_send (&client);
  test_route_expect_video (s->f.cam, 40);
  test_route_expect_video (s->f.cam, 80);
  client_clear (&client);
  test_route_expect_end (s->f.cam, FALSE, "closed by the peer");
}

GST_START_TEST (test_publish)
{
  Fixture s;

  start (&s, 0);
  check_publishing (&s);
  stop (&s);
}
GST_END_TEST;

/* The reason comes, and then TLS's own end. */
GST_START_TEST (test_refused)
{
  guint8 byte;
  Client client;
  Fixture s;

  start (&s, 0);
  client = client_new (s.f.port);
  fail_unless (tls_peer_handshake (client.tls));
  rtmp_client_start (client.client, "live", "nope");
  client_send (&client);
  expect_status (&client, "NetStream.Publish.BadName");
  fail_unless_equals_int (tls_peer_recv (client.tls, &byte, 1), 0);
  client_clear (&client);
  stop (&s);
}
GST_END_TEST;

/* Who plays takes TLS along. */
GST_START_TEST (test_handed_over)
{
  GstArclyRtmpHandoff *handoff;
  const struct iovec iov = { (guint8 *) "x", 1 };
  guint8 data[4096];
  gssize size;
  Client client;
  Fixture s;

  start (&s, 0);
  test_server_add_play (&s.f);
  client = client_new (s.f.port);
  fail_unless (tls_peer_handshake (client.tls));
  rtmp_client_hello (client.client);
  rtmp_client_connect (client.client, "live", NULL);
  rtmp_client_create_stream (client.client);
  rtmp_client_play (client.client, 1, "cam");
  client_send (&client);
  test_route_expect (s.f.cam, "join");
  handoff = g_queue_peek_head (&s.f.cam->handoffs);
  fail_unless_equals_int (
      gst_arcly_rtmp_channel_send (&handoff->channel, &iov, 1), 1);
  do
    size = tls_peer_recv (client.tls, data, sizeof data);
  while (size > 0 && data[size - 1] != 'x');
  fail_unless (size > 0);
  client_clear (&client);
  stop (&s);
}
GST_END_TEST;

/* ---- hostile ---- */

/* As a client begins, without its end. */
static void
send_half_a_hello (RtmpPeer *peer)
{
  static const guint8 hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };

  rtmp_peer_send (peer, hello, sizeof hello);
}

/* Whatever others do, or don't, a publisher comes in meanwhile: none of them
 * is waited for. */
GST_START_TEST (test_others_in_the_handshake)
{
  RtmpPeer *idle[VANISHING];
  guint i;
  Fixture s;

  start (&s, 0);
  for (i = 0; i < VANISHING; i++) {
    RtmpPeer *half = rtmp_peer_new (s.f.port);

    send_half_a_hello (half);
    if (i % 2)
      rtmp_peer_reset (half);
    else
      rtmp_peer_free (half);
    idle[i] = rtmp_peer_new (s.f.port);
    if (i % 2)
      send_half_a_hello (idle[i]);
  }
  check_publishing (&s);
  for (i = 0; i < VANISHING; i++)
    rtmp_peer_free (idle[i]);
  stop (&s);
}
GST_END_TEST;

/* CPU time of our thread of that name, in ns. */
static guint64
get_thread_time (const gchar *name)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *task;

  fail_unless (tasks != NULL);
  while ((task = g_dir_read_name (tasks)) != NULL) {
    g_autofree gchar *named =
        g_build_filename ("/proc/self/task", task, "comm", NULL);
    g_autofree gchar *counted =
        g_build_filename ("/proc/self/task", task, "schedstat", NULL);
    g_autofree gchar *comm = NULL, *times = NULL;

    if (!g_file_get_contents (named, &comm, NULL, NULL) ||
        strcmp (g_strchomp (comm), name) != 0)
      continue;
    fail_unless (g_file_get_contents (counted, &times, NULL, NULL));
    return g_ascii_strtoull (times, NULL, 10);
  }
  fail ("no thread %s", name);
  return 0;
}

/* The thread that reads publishers leaves signatures to another. */
GST_START_TEST (test_another_thread_signs)
{
  guint64 reading, shaking;
  Fixture s;
  guint i;

  start (&s, 0);
  check_publishing (&s);
  reading = get_thread_time ("arclyrtmp");
  shaking = get_thread_time ("arclyrtmptls");
  for (i = 0; i < VANISHING; i++) {
    Client client = client_new (s.f.port);

    fail_unless (tls_peer_handshake (client.tls));
    client_clear (&client);
  }
  reading = get_thread_time ("arclyrtmp") - reading;
  shaking = get_thread_time ("arclyrtmptls") - shaking;
  fail_unless (shaking > reading,
      "%" G_GUINT64_FORMAT " us of shaking hands, %" G_GUINT64_FORMAT
      " of reading",
      shaking / 1000, reading / 1000);
  stop (&s);
}
GST_END_TEST;

/* The time to set up counts from the connection on, handshake and all. */
GST_START_TEST (test_too_slow)
{
  g_autoptr (RtmpPeer) silent = NULL, half = NULL;
  Client shaken;
  Fixture s;

  start (&s, GST_MSECOND);
  silent = rtmp_peer_new (s.f.port);
  half = rtmp_peer_new (s.f.port);
  send_half_a_hello (half);
  shaken = client_new (s.f.port);
  tls_peer_handshake (shaken.tls); /* may be too late already */
  fail_unless (rtmp_peer_wait_closed (silent));
  fail_unless (rtmp_peer_wait_closed (half));
  fail_unless (rtmp_peer_wait_closed (shaken.socket));
  client_clear (&shaken);
  stop (&s);
}
GST_END_TEST;

/* Also plain RTMP, which would wait for an answer. */
GST_START_TEST (test_no_tls)
{
  g_autoptr (RtmpPeer) plain = NULL, web = NULL;
  guint8 garbage[4096];
  Client publisher, broken;
  Fixture s;

  start (&s, 0);
  publisher = publish (&s);
  plain = rtmp_peer_new (s.f.port);
  fail_unless (!rtmp_peer_handshake (plain));
  web = rtmp_peer_new (s.f.port);
  rtmp_peer_send (web, "GET / HTTP/1.1\r\n\r\n", 18);
  fail_unless (rtmp_peer_wait_closed (web));

  /* After its handshake. */
  broken = client_new (s.f.port);
  fail_unless (tls_peer_handshake (broken.tls));
  memset (garbage, 0xff, sizeof garbage);
  rtmp_peer_send (broken.socket, garbage, sizeof garbage);
  fail_unless (rtmp_peer_wait_closed (broken.socket));
  client_clear (&broken);

  rtmp_client_message (publisher.client, 9, 1, 40, garbage, 10);
  client_send (&publisher);
  test_route_expect_video (s.f.cam, 40);
  client_clear (&publisher);
  stop (&s);
}
GST_END_TEST;

/* And the other way round. */
GST_START_TEST (test_tls_to_plain)
{
  TestServer f;
  Client client;

  test_server_start (&f, 0);
  client = client_new (f.port);
  fail_unless (!tls_peer_handshake (client.tls));
  client_clear (&client);
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- certificates ---- */

/* What a new client is shown, as text: (transfer full). */
static gchar *
get_certificate (Fixture *s)
{
  Client client = client_new (s->f.port);
  const gnutls_datum_t *shown;
  guint n = 0;
  gchar *sum;

  fail_unless (tls_peer_handshake (client.tls));
  shown = gnutls_certificate_get_peers (tls_peer_get_session (client.tls), &n);
  fail_unless_equals_int (n, 1);
  sum =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, shown->data, shown->size);
  client_clear (&client);
  return sum;
}

/* One that is renewed on disk is used from then on; one that is no good is not,
 * and who is connected notices neither. */
GST_START_TEST (test_renewed)
{
  g_autofree gchar *before = NULL, *after = NULL, *broken = NULL, *last = NULL;
  g_autofree gchar *path = NULL;
  Client publisher;
  Fixture s;

  start (&s, 0);
  publisher = publish (&s);
  before = get_certificate (&s);
  test_files_renew (&s.files);
  after = get_certificate (&s);
  fail_unless (strcmp (before, after) != 0);

  path = test_files_add (&s.files, "key.pem", "half a ke");
  broken = get_certificate (&s);
  fail_unless_equals_string (broken, after);
  test_files_renew (&s.files);
  last = get_certificate (&s);
  fail_unless (strcmp (last, after) != 0);

  rtmp_client_message (publisher.client, 9, 1, 40, "x", 1);
  client_send (&publisher);
  test_route_expect_video (s.f.cam, 40);
  client_clear (&publisher);
  stop (&s);
}
GST_END_TEST;

/* ---- sharing ---- */

static void
expect_in_use (Fixture *s, const GstArclyRtmpTlsFiles *files, const gchar *why)
{
  g_autoptr (GError) error = NULL;

  fail_unless (gst_arcly_rtmp_server_acquire_tls (
                   s->f.engine, "127.0.0.1", s->f.port, files, &error) == NULL);
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  fail_unless (strstr (error->message, why) != NULL, "%s", error->message);
}

/* A port speaks one of them, with one certificate. */
GST_START_TEST (test_sharing)
{
  GstArclyRtmpServer *same = NULL;
  Fixture s;

  start (&s, 0);
  same = gst_arcly_rtmp_server_acquire_tls (
      s.f.engine, "127.0.0.1", s.f.port, &s.pair, NULL);
  fail_unless (same == s.f.server);
  gst_arcly_rtmp_server_release (s.f.engine, same);
  expect_in_use (&s, NULL, s.files.certificate);
  expect_in_use (&s, &(GstArclyRtmpTlsFiles){ s.files.both, NULL }, "RTMPS");
  check_publishing (&s);
  stop (&s);
}
GST_END_TEST;

GST_START_TEST (test_plain_port)
{
  Fixture s;

  test_files_init (&s.files);
  test_server_start (&s.f, 0);
  expect_in_use (
      &s, &(GstArclyRtmpTlsFiles){ s.files.both, NULL }, "plain RTMP");
  stop (&s);
}
GST_END_TEST;

static Suite *
servertls_suite (void)
{
  Suite *suite = suite_create ("servertls");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_publish);
  tcase_add_test (tcase, test_refused);
  tcase_add_test (tcase, test_handed_over);
  tcase_add_test (tcase, test_others_in_the_handshake);
  tcase_add_test (tcase, test_another_thread_signs);
  tcase_add_test (tcase, test_too_slow);
  tcase_add_test (tcase, test_no_tls);
  tcase_add_test (tcase, test_tls_to_plain);
  tcase_add_test (tcase, test_renewed);
  tcase_add_test (tcase, test_sharing);
  tcase_add_test (tcase, test_plain_port);
  return suite;
}

GST_CHECK_MAIN (servertls);
