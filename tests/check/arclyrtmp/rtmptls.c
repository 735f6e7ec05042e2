/* SPDX-License-Identifier: MIT
 *
 * The channel in TLS, over a pair of sockets that does not block; GnuTLS is the
 * client, in the same thread. */
#include <gst/check/gstcheck.h>

#include "rtmpchannel.h"
#include "testcertificate.h"
#include "tlspeer.h"

#include <gst/arcly/gstarclyerror.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

typedef struct {
  TestFiles files;
  GstArclyRtmpTls *tls;
  GstArclyRtmpChannel channel;
  gint fd; /* the client's */
  TlsPeer *peer;
} Pair;

static void
pair_init (Pair *pair, const gchar *versions)
{
  GstArclyRtmpTlsFiles files;
  GError *error = NULL;
  gint ends[2];

  test_files_init (&pair->files);
  files = (GstArclyRtmpTlsFiles){ pair->files.certificate,
    pair->files.private_key };
  pair->tls = gst_arcly_rtmp_tls_new (&files, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
      ==, 0);
  pair->channel.fd = ends[0];
  pair->channel.stream =
      gst_arcly_rtmp_tls_stream_new (pair->tls, ends[0], &error);
  g_assert_no_error (error);
  pair->fd = ends[1];
  pair->peer = tls_peer_new (ends[1], versions);
}

static void
pair_clear (Pair *pair)
{
  gst_arcly_rtmp_channel_clear (&pair->channel);
  gst_arcly_rtmp_tls_unref (pair->tls);
  tls_peer_free (pair->peer);
  close (pair->fd);
  test_files_clear (&pair->files);
}

static gssize
channel_recv (Pair *pair)
{
  guint8 data[GST_ARCLY_RTMP_CHANNEL_READ_SIZE];

  return gst_arcly_rtmp_channel_recv (&pair->channel, data, sizeof data);
}

static void
expect_nothing_yet (Pair *pair)
{
  fail_unless_equals_int (channel_recv (pair), -1);
  fail_unless_equals_int (errno, EAGAIN);
}

static void
expect_failure (Pair *pair, const gchar *text)
{
  const gchar *why;

  fail_unless_equals_int (channel_recv (pair), -1);
  fail_unless_equals_int (errno, EPROTO);
  why = gst_arcly_rtmp_channel_describe (&pair->channel, EPROTO);
  fail_unless (strstr (why, text) != NULL, "%s", why);
}

static void
shake_hands (Pair *pair)
{
  while (!tls_peer_handshake (pair->peer))
    expect_nothing_yet (pair);
  /* TLS 1.3: the client is done before we are. */
  expect_nothing_yet (pair);
}

static void
fill (guint8 *data, gsize size)
{
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (guint8) (i * 7 + i / 251);
}

/* All of it in several vectors, and while the client reads in between. */
static void
check_sending (Pair *pair, gsize size)
{
  g_autofree guint8 *data = g_malloc (size), *got = g_malloc (size);
  gsize sent = 0, read = 0;

  fill (data, size);
  while (read < size) {
    const gsize left = size - sent;
    const struct iovec iov[] = {
      { data + sent, MIN (left, 11) },
      { data + sent, 0 },
      { data + sent + MIN (left, 11), left - MIN (left, 11) },
    };
    gssize n = 0;

    if (sent < size)
      n = gst_arcly_rtmp_channel_send (&pair->channel, iov, 3);
    else
      gst_arcly_rtmp_channel_flush (&pair->channel);
    fail_unless (n > 0 || errno == EAGAIN || sent == size);
    sent += MAX (n, 0);
    n = tls_peer_recv (pair->peer, got + read, size - read);
    fail_unless (n > 0 || n == GNUTLS_E_AGAIN, "%s", gnutls_strerror (n));
    read += MAX (n, 0);
  }
  fail_unless (!gst_arcly_rtmp_channel_has_unsent (&pair->channel));
  fail_unless (memcmp (data, got, size) == 0);
}

static void
check_receiving (Pair *pair, gsize size)
{
  g_autofree guint8 *data = g_malloc (size), *got = g_malloc (size);
  guint8 part[GST_ARCLY_RTMP_CHANNEL_READ_SIZE];
  gsize sent = 0, read = 0;

  fill (data, size);
  while (read < size) {
    gssize n = gnutls_record_send (tls_peer_get_session (pair->peer),
        data + sent, MIN (size - sent, 16384));

    sent += MAX (n, 0);
    while ((n = gst_arcly_rtmp_channel_recv (
                &pair->channel, part, sizeof part)) > 0) {
      memcpy (got + read, part, n);
      read += n;
    }
    fail_unless_equals_int (errno, EAGAIN);
  }
  fail_unless_equals_int (read, size);
  fail_unless (memcmp (data, got, size) == 0);
}

static const gchar *const protocols[] = { TLS12, TLS13 };

GST_START_TEST (test_both_ways)
{
  Pair pair;

  pair_init (&pair, protocols[__i__]);
  shake_hands (&pair);
  check_sending (&pair, 1);
  check_sending (&pair, 16384);
  check_sending (&pair, 16385);
  check_sending (&pair, 1000000);
  check_receiving (&pair, 1000);
  check_receiving (&pair, 500000);
  pair_clear (&pair);
}
GST_END_TEST;

/* A client that asks for small records (RFC 8449) gets all of a large one. */
GST_START_TEST (test_small_records)
{
  Pair pair;

  pair_init (&pair, protocols[__i__]);
  gnutls_record_set_max_recv_size (tls_peer_get_session (pair.peer), 512);
  shake_hands (&pair);
  check_sending (&pair, 100000);
  pair_clear (&pair);
}
GST_END_TEST;

/* ---- one byte at a time ---- */

/* What the client has to say. */
static ssize_t
keep (gnutls_transport_ptr_t data, const void *bytes, size_t size)
{
  g_byte_array_append (data, bytes, size);
  return size;
}

static ssize_t
read_socket (gnutls_transport_ptr_t data, void *to, size_t size)
{
  return recv (GPOINTER_TO_INT (data), to, size, MSG_DONTWAIT);
}

GST_START_TEST (test_split_everywhere)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gnutls_session_t session;
  Pair pair;
  gboolean sent = FALSE;
  guint n = 0, i;

  pair_init (&pair, protocols[__i__]);
  session = tls_peer_get_session (pair.peer);
  gnutls_transport_set_ptr2 (session, GINT_TO_POINTER (pair.fd), out);
  gnutls_transport_set_pull_function (session, read_socket);
  gnutls_transport_set_push_function (session, keep);
  while (n == 0) {
    if (tls_peer_handshake (pair.peer) && !sent)
      sent = gnutls_record_send (session, "hello", 5) == 5;
    for (i = 0; i < out->len; i++) {
      gssize got;

      fail_unless_equals_int (
          send (pair.fd, out->data + i, 1, MSG_NOSIGNAL), 1);
      got = channel_recv (&pair);
      fail_unless (got == -1 ? errno == EAGAIN : got == 5);
      n += MAX (got, 0);
    }
    g_byte_array_set_size (out, 0);
  }
  fail_unless (sent);
  pair_clear (&pair);
}
GST_END_TEST;

/* ---- ends ---- */

GST_START_TEST (test_good_bye)
{
  guint8 byte;
  Pair pair;

  pair_init (&pair, protocols[__i__]);
  shake_hands (&pair);
  fail_unless (gst_arcly_rtmp_channel_shutdown (&pair.channel));
  fail_unless_equals_int (tls_peer_recv (pair.peer, &byte, 1), 0);
  fail_unless_equals_int (
      gnutls_bye (tls_peer_get_session (pair.peer), GNUTLS_SHUT_WR), 0);
  fail_unless_equals_int (channel_recv (&pair), 0);
  pair_clear (&pair);
}
GST_END_TEST;

/* Closed at once, and still in order. */
GST_START_TEST (test_cleared)
{
  guint8 byte;
  Pair pair;

  pair_init (&pair, protocols[__i__]);
  shake_hands (&pair);
  gst_arcly_rtmp_channel_clear (&pair.channel);
  fail_unless_equals_int (tls_peer_recv (pair.peer, &byte, 1), 0);
  pair_clear (&pair);
}
GST_END_TEST;

/* Without TLS's own end: as most do. */
GST_START_TEST (test_gone)
{
  Pair pair;

  pair_init (&pair, protocols[__i__]);
  if (__i__ > 0)
    shake_hands (&pair);
  shutdown (pair.fd, SHUT_RDWR);
  fail_unless_equals_int (channel_recv (&pair), 0);
  pair_clear (&pair);
}
GST_END_TEST;

/* What is not said in TLS is not said at all. */
GST_START_TEST (test_nothing_before_the_handshake)
{
  const struct iovec iov = { (guint8 *) "secret", 6 };
  guint8 data[64];
  Pair pair;

  pair_init (&pair, NULL);
  fail_unless_equals_int (
      gst_arcly_rtmp_channel_send (&pair.channel, &iov, 1), -1);
  fail_unless_equals_int (errno, EPIPE);
  fail_unless_equals_int (recv (pair.fd, data, sizeof data, MSG_DONTWAIT), -1);
  pair_clear (&pair);
}
GST_END_TEST;

/* ---- hostile ---- */

GST_START_TEST (test_no_tls)
{
  static const struct {
    const gchar *bytes;
    gsize size;
    const gchar *why;
  } rows[] = {
    { "\003", 1, "plain RTMP" },
    { "GET / HTTP/1.1\r\n", 16, "not TLS: it starts with 0x47" },
    { "\000", 1, "not TLS" },
    { "\026\003\001\000\004\001\000\000\000", 9, "TLS: " },
    { "\026\003\001\377\377", 5, "TLS: " },
    { "\026\377\377\000\001\001", 6, "TLS: " },
  };
  Pair pair;

  pair_init (&pair, NULL);
  fail_unless_equals_int (
      send (pair.fd, rows[__i__].bytes, rows[__i__].size, MSG_NOSIGNAL),
      rows[__i__].size);
  expect_failure (&pair, rows[__i__].why);
  expect_failure (&pair, rows[__i__].why); /* and stays so */
  pair_clear (&pair);
}
GST_END_TEST;

/* Cut off anywhere, garbage after any part of it: never more than a failure. */
GST_START_TEST (test_doctored)
{
  g_autoptr (GByteArray) hello = g_byte_array_new ();
  Pair pair;
  guint i;

  pair_init (&pair, protocols[__i__]);
  gnutls_transport_set_ptr2 (
      tls_peer_get_session (pair.peer), GINT_TO_POINTER (pair.fd), hello);
  gnutls_transport_set_pull_function (
      tls_peer_get_session (pair.peer), read_socket);
  gnutls_transport_set_push_function (tls_peer_get_session (pair.peer), keep);
  tls_peer_handshake (pair.peer);
  fail_unless (hello->len > 100);

  for (i = 1; i < hello->len; i += 3) {
    gint ends[2];
    gssize got;

    g_assert_cmpint (socketpair (AF_UNIX,
                         SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
        ==, 0);
    gst_arcly_rtmp_channel_clear (&pair.channel);
    pair.channel.fd = ends[0];
    pair.channel.stream =
        gst_arcly_rtmp_tls_stream_new (pair.tls, ends[0], NULL);
    hello->data[i] ^= 0x55;
    fail_unless_equals_int (
        send (ends[1], hello->data, hello->len, MSG_NOSIGNAL), hello->len);
    hello->data[i] ^= 0x55;
    close (ends[1]);
    got = channel_recv (&pair);
    fail_unless (got == 0 || got == -1);
  }
  pair_clear (&pair);
}
GST_END_TEST;

GST_START_TEST (test_old_versions)
{
  Pair pair;

  pair_init (&pair, "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1");
  tls_peer_handshake (pair.peer);
  expect_failure (&pair, "version");
  fail_unless (!tls_peer_handshake (pair.peer));
  fail_unless_equals_int (gnutls_alert_get (tls_peer_get_session (pair.peer)),
      GNUTLS_A_PROTOCOL_VERSION);
  pair_clear (&pair);
}
GST_END_TEST;

/* It costs us a signature each time. */
GST_START_TEST (test_renegotiation)
{
  Pair pair;

  pair_init (&pair, TLS12);
  shake_hands (&pair);
  tls_peer_handshake (pair.peer);
  expect_failure (&pair, "TLS: ");
  pair_clear (&pair);
}
GST_END_TEST;

GST_START_TEST (test_alert)
{
  Pair pair;

  pair_init (&pair, TLS12);
  shake_hands (&pair);
  gnutls_alert_send (tls_peer_get_session (pair.peer), GNUTLS_AL_FATAL,
      GNUTLS_A_USER_CANCELED);
  expect_failure (&pair, "the peer says");
  pair_clear (&pair);
}
GST_END_TEST;

/* A key update (RFC 8446, 4.6.3) is answered without being asked. */
GST_START_TEST (test_key_update)
{
  Pair pair;

  pair_init (&pair, TLS13);
  shake_hands (&pair);
  fail_unless_equals_int (gnutls_session_key_update (
                              tls_peer_get_session (pair.peer), GNUTLS_KU_PEER),
      0);
  check_receiving (&pair, 1000);
  check_sending (&pair, 1000);
  pair_clear (&pair);
}
GST_END_TEST;

/* ---- files ---- */

static void
expect_invalid (
    const gchar *certificate, const gchar *key, const gchar *name, gint code)
{
  const GstArclyRtmpTlsFiles files = { certificate, key };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstArclyRtmpTls) tls = gst_arcly_rtmp_tls_new (&files, &error);

  fail_unless (tls == NULL);
  fail_unless (g_error_matches (error, GST_ARCLY_ERROR, code));
  fail_unless (strstr (error->message, name) != NULL, "%s", error->message);
}

GST_START_TEST (test_files)
{
  const gint invalid = GST_ARCLY_ERROR_INVALID;
  GstArclyRtmpTlsFiles good = { 0 };
  g_autoptr (GstArclyRtmpTls) tls = NULL;
  g_autofree gchar *text = NULL, *empty = NULL;
  TestFiles files;

  test_files_init (&files);
  good.certificate = files.both;
  tls = gst_arcly_rtmp_tls_new (&good, NULL);
  fail_unless (tls != NULL);

  text = test_files_add (&files, "text.pem", "no PEM at all");
  empty = test_files_add (&files, "empty.pem", "");
  expect_invalid ("/nowhere/at-all.pem", NULL, "at-all.pem", invalid);
  expect_invalid (files.folder, NULL, files.folder, invalid);
  expect_invalid (text, files.private_key, text, invalid);
  expect_invalid (empty, files.private_key, empty, invalid);
  expect_invalid (files.private_key, NULL, files.private_key, invalid);
  expect_invalid (files.certificate, NULL, "usable key", invalid);
  expect_invalid (files.certificate, text, text, invalid);
  expect_invalid (files.certificate, "/nowhere/key.pem", "key.pem", invalid);
  expect_invalid (files.certificate, files.other_key, files.other_key, invalid);
  test_files_clear (&files);
}
GST_END_TEST;

static Suite *
rtmptls_suite (void)
{
  Suite *suite = suite_create ("rtmptls");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_loop_test (tcase, test_both_ways, 0, 2);
  tcase_add_loop_test (tcase, test_small_records, 0, 2);
  tcase_add_loop_test (tcase, test_split_everywhere, 0, 2);
  tcase_add_loop_test (tcase, test_good_bye, 0, 2);
  tcase_add_loop_test (tcase, test_cleared, 0, 2);
  tcase_add_loop_test (tcase, test_gone, 0, 2);
  tcase_add_test (tcase, test_nothing_before_the_handshake);
  tcase_add_loop_test (tcase, test_no_tls, 0, 6);
  tcase_add_loop_test (tcase, test_doctored, 0, 2);
  tcase_add_test (tcase, test_old_versions);
  tcase_add_test (tcase, test_renegotiation);
  tcase_add_test (tcase, test_alert);
  tcase_add_test (tcase, test_key_update);
  tcase_add_test (tcase, test_files);
  return suite;
}

GST_CHECK_MAIN (rtmptls);
