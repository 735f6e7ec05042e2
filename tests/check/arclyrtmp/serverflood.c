/* SPDX-License-Identifier: MIT
 *
 * What ended other servers, sent to a live one by somebody whom nobody knows,
 * while somebody else publishes. */
#include <gst/check/gstcheck.h>

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"
#include "testserver.h"

#include <sys/resource.h>
#include <unistd.h>

/* ---- nested AMF ---- */

static const guint depths[] = { 1000, 30000, 100000 };

/* connect with that many objects, each in the one before. */
static GByteArray *
make_connect (guint depth)
{
  static const guint8 member[] = { 0x03, 0x00, 0x01, 'a' };
  GByteArray *body = g_byte_array_new ();
  guint i;

  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  for (i = 0; i < depth; i++)
    g_byte_array_append (body, member, sizeof member);
  return body;
}

/* Refused and closed; who publishes does not notice. */
GST_START_TEST (test_deep_connect)
{
  g_autoptr (GByteArray) body = make_connect (depths[__i__]);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (RtmpPeer) good = NULL, bad = NULL, next = NULL;
  TestServer f;

  test_server_start (&f, 0);
  good = test_server_publish (&f);
  bad = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (bad));
  gst_arcly_rtmp_chunk_write (out, GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE, 3,
      GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
  rtmp_peer_send (bad, out->data, out->len);
  fail_unless (rtmp_peer_wait_closed (bad));

  rtmp_peer_send_video (good, 40, 10);
  test_route_expect_video (f.cam, 40);
  next = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (next));
  test_server_stop (&f);
}
GST_END_TEST;

/* Not one for those who come: who is there goes on, and they get in when there
 * are some again. */
GST_START_TEST (test_no_fd_left)
{
  g_autoptr (RtmpPeer) good = NULL, late = NULL;
  struct rlimit old, none;
  TestServer f;
  guint i;

  test_server_start (&f, 0);
  good = test_server_publish (&f);
  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &old), 0);
  none = old;
  none.rlim_cur = dup (0);
  fail_unless (none.rlim_cur > 2);
  close ((gint) none.rlim_cur++);
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &none), 0);
  late = rtmp_peer_new (f.port); /* has the last one */
  for (i = 1; i <= 100; i++) {
    rtmp_peer_send_video (good, i, 10);
    test_route_expect_video (f.cam, i);
  }
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &old), 0);
  fail_unless (rtmp_peer_handshake (late));
  test_server_stop (&f);
}
GST_END_TEST;

static Suite *
serverflood_suite (void)
{
  Suite *suite = suite_create ("serverflood");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_deep_connect, 0, G_N_ELEMENTS (depths));
  tcase_add_test (tcase, test_no_fd_left);
  return suite;
}

GST_CHECK_MAIN (serverflood);
