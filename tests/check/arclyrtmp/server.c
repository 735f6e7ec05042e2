/* SPDX-License-Identifier: MIT */
#include <gst/check/gstcheck.h>

#include "testserver.h"
#include "rtmp/rtmpchunk.h"

#include <sys/socket.h>

/* ---- publishing ---- */

/* Media arrives in order, and the end by command is no error. */
GST_START_TEST (test_publish)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (TestNote) note = NULL;
  g_autofree gchar *name = NULL;

  test_server_start (&f, 0);
  peer = rtmp_peer_publish (f.port, "live", "cam?key=secret");
  name = rtmp_peer_get_name (peer);
  note = test_route_wait (f.cam, "publish");
  fail_unless_equals_string (note->text, name);

  rtmp_peer_send_video (peer, 0, 10);
  rtmp_peer_send_video (peer, 40, 100000);
  rtmp_peer_send_video (peer, 80, 0);
  test_route_expect_video (f.cam, 0);
  test_route_expect_video (f.cam, 40);
  test_route_expect_video (f.cam, 80);

  rtmp_peer_unpublish (peer);
  test_route_expect_end (f.cam, FALSE, "unpublished");
  test_server_stop (&f);
}
GST_END_TEST;

/* Closing is a way to leave; a reset is not. The name is free at once. */
GST_START_TEST (test_publisher_goes)
{
  TestServer f;
  RtmpPeer *peer = NULL;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  rtmp_peer_send_video (peer, 7, 10);
  rtmp_peer_free (peer);
  test_route_expect_video (f.cam, 7);
  test_route_expect_end (f.cam, FALSE, "closed by the peer");

  peer = test_server_publish (&f);
  rtmp_peer_reset (peer);
  test_route_expect_end (f.cam, TRUE, "reset");

  rtmp_peer_free (test_server_publish (&f));
  test_route_expect_end (f.cam, FALSE, "closed");
  test_server_stop (&f);
}
GST_END_TEST;

/* One connection may publish, stop, and publish again. */
GST_START_TEST (test_publish_again)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  rtmp_peer_unpublish (peer);
  test_route_expect_end (f.cam, FALSE, "unpublished");
  test_peer_expect_status (peer, "NetStream.Unpublish.Success", "");

  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "publish", 1, "cam");
  test_peer_expect_status (peer, "NetStream.Publish.Start", "");
  test_route_expect (f.cam, "publish");
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- refusals ---- */

/* The client hears which name was wrong before the connection closes, wherever
 * it splits the path. */
GST_START_TEST (test_wrong_path)
{
  static const gchar *const names[][3] = {
    { "live", "nope", "live/nope" },
    { "nope", "cam", "nope/cam" },
    { "live", "", "live" },
    { "", "cam", "cam" },
    { "live/cam", "x", "live/cam/x" },
    { "a\nb", "c", "a?b/c" },
  };
  TestServer f;
  guint i;

  test_server_start (&f, 0);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (RtmpPeer) peer = rtmp_peer_new (f.port);

    rtmp_peer_ask (peer, names[i][0], names[i][1]);
    test_peer_expect_status (peer, "NetStream.Publish.BadName", names[i][2]);
    fail_unless (rtmp_peer_wait_closed (peer));
  }
  fail_unless_equals_int (test_route_count (f.cam), 0);
  test_server_stop (&f);
}
GST_END_TEST;

/* A client that does not wait for answers hears the refusal all the same: a
 * reset would have thrown it away. */
GST_START_TEST (test_refusal_survives_eager_media)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  peer = rtmp_peer_new (f.port);
  rtmp_peer_ask (peer, "live", "nope");
  rtmp_peer_send_video (peer, 0, 500000);
  rtmp_peer_send_video (peer, 40, 500000);
  test_peer_expect_status (peer, "NetStream.Publish.BadName", "live/nope");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

GST_START_TEST (test_veto)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  f.cam->deny = "come back later";
  peer = rtmp_peer_new (f.port);
  rtmp_peer_ask (peer, "live", "cam");
  test_peer_expect_status (peer, "NetStream.Publish.Denied", "come back later");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_route_expect (f.cam, "publish");
  test_server_stop (&f);
}
GST_END_TEST;

/* The second publisher is told, the route too, and the first one goes on. */
GST_START_TEST (test_second_publisher)
{
  TestServer f;
  g_autoptr (RtmpPeer) holder = NULL;
  g_autoptr (RtmpPeer) late = NULL;
  g_autoptr (TestNote) note = NULL;
  g_autofree gchar *name = NULL;

  test_server_start (&f, 0);
  holder = test_server_publish (&f);
  late = rtmp_peer_new (f.port);
  rtmp_peer_ask (late, "live", "cam");
  test_peer_expect_status (
      late, "NetStream.Publish.BadName", "already publishing");
  fail_unless (rtmp_peer_wait_closed (late));

  note = test_route_wait (f.cam, "refused");
  name = rtmp_peer_get_name (late);
  fail_unless_equals_string (note->text, name);
  rtmp_peer_send_video (holder, 40, 10);
  test_route_expect_video (f.cam, 40);
  test_server_stop (&f);
}
GST_END_TEST;

/* Two publications in one connection: the first one goes on. */
GST_START_TEST (test_second_publication)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (TestRoute) other = test_route_new ();
  GstArclyRtmpRoute *route = NULL;

  test_server_start (&f, 0);
  route = gst_arcly_rtmp_server_add_route (
      f.server, "live/other", 0, &test_route_funcs, other, NULL);
  peer = test_server_publish (&f);
  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "publish", 2, "other");
  test_peer_expect_status (
      peer, "NetStream.Publish.Denied", "publishes already");
  rtmp_peer_send_video (peer, 40, 10);
  test_route_expect_video (f.cam, 40);

  gst_arcly_rtmp_server_remove_route (f.server, route);
  fail_unless_equals_int (test_route_count (other), 0);
  test_server_stop (&f);
}
GST_END_TEST;

GST_START_TEST (test_play)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  peer = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "play", 1, "cam");
  test_peer_expect_status (peer, "NetStream.Play.StreamNotFound", "live/cam");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- what elements do ---- */

/* A full route stops the reading, so the peer's send blocks; resume goes on
 * where it stopped, and nothing is lost. */
GST_START_TEST (test_back_pressure)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  gsize sent = 0;
  guint count = 0, i;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  g_atomic_int_set (&f.cam->full, TRUE);

  for (i = 0; i < 400; i++) {
    g_autoptr (GBytes) video = rtmp_peer_make_video (i, 50000);

    g_byte_array_append (
        stream, g_bytes_get_data (video, NULL), g_bytes_get_size (video));
  }
  rtmp_peer_send (peer, stream->data, 60000);
  test_route_expect_video (f.cam, count++);
  for (sent = 60000; sent < stream->len;) {
    gssize n = send (rtmp_peer_get_fd (peer), stream->data + sent,
        stream->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
      break;
    sent += n;
  }
  fail_unless (sent < stream->len, "the server reads on");
  fail_unless_equals_int (test_route_count (f.cam), 0);

  /* Each resume() while it is full gives one event or none, never more. */
  gst_arcly_rtmp_route_resume (f.route);
  test_route_expect_video (f.cam, count++);
  g_atomic_int_set (&f.cam->full, FALSE);
  gst_arcly_rtmp_route_resume (f.route);
  fail_unless (rtmp_peer_send (peer, stream->data + sent, stream->len - sent));
  while (count < 400)
    test_route_expect_video (f.cam, count++);
  test_server_stop (&f);
}
GST_END_TEST;

/* Who waits for an acknowledgement gets it, of all that was sent. */
GST_START_TEST (test_acknowledges_in_a_lull)
{
  static const guint8 window[] = { 0, 0, 0x10, 0 };
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  fail_unless (rtmp_peer_send_message (
      peer, GST_ARCLY_RTMP_WINDOW_ACK_SIZE, 0, window, sizeof window));
  for (i = 0; i < 3; i++) {
    fail_unless (rtmp_peer_send_video (peer, i, 5000));
    fail_unless (
        rtmp_peer_wait_acknowledgement (peer) >= 3073 + (i + 1) * 5000);
  }
  test_server_stop (&f);
}
GST_END_TEST;

/* The timeout rests while the silence is ours: a client that came later is
 * closed by the same timeout before. */
GST_START_TEST (test_no_timeout_while_full)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (RtmpPeer) silent = NULL;

  test_server_start (&f, 500 * GST_MSECOND);
  g_atomic_int_set (&f.cam->full, TRUE);
  peer = test_server_publish (&f);
  rtmp_peer_send_video (peer, 0, 10);
  test_route_expect_video (f.cam, 0);
  silent = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (silent));

  fail_unless_equals_int (test_route_count (f.cam), 0);
  gst_arcly_rtmp_route_resume (f.route);
  rtmp_peer_send_video (peer, 40, 10);
  test_route_expect_video (f.cam, 40);
  test_server_stop (&f);
}
GST_END_TEST;

/* A full publisher that died is found out after resume(), with all it sent. */
GST_START_TEST (test_dies_while_full)
{
  TestServer f;
  RtmpPeer *peer = NULL;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  g_atomic_int_set (&f.cam->full, TRUE);
  rtmp_peer_send_video (peer, 0, 10);
  test_route_expect_video (f.cam, 0);
  rtmp_peer_send_video (peer, 40, 10);
  rtmp_peer_free (peer);

  g_atomic_int_set (&f.cam->full, FALSE);
  gst_arcly_rtmp_route_resume (f.route);
  test_route_expect_video (f.cam, 40);
  test_route_expect_end (f.cam, FALSE, "closed");
  test_server_stop (&f);
}
GST_END_TEST;

GST_START_TEST (test_kick)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (RtmpPeer) next = NULL;

  test_server_start (&f, 0);
  gst_arcly_rtmp_route_kick (f.route, "NetStream.Publish.Denied", "nobody");
  peer = test_server_publish (&f);
  gst_arcly_rtmp_route_kick (f.route, "NetStream.Publish.Denied", "go away");
  test_peer_expect_status (peer, "NetStream.Publish.Denied", "go away");
  test_route_expect_end (f.cam, TRUE, "go away");
  fail_unless (rtmp_peer_wait_closed (peer));

  next = test_server_publish (&f);
  rtmp_peer_send_video (next, 0, 10);
  test_route_expect_video (f.cam, 0);
  /* An end that is a success is no error on either side. */
  gst_arcly_rtmp_route_kick (f.route, "NetStream.Unpublish.Success", "done");
  test_peer_expect_status (next, "NetStream.Unpublish.Success", "done");
  test_route_expect_end (f.cam, FALSE, "done");
  test_server_stop (&f);
}
GST_END_TEST;

/* A full publisher can be kicked too. */
GST_START_TEST (test_kick_while_full)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  g_atomic_int_set (&f.cam->full, TRUE);
  rtmp_peer_send_video (peer, 0, 10);
  test_route_expect_video (f.cam, 0);
  rtmp_peer_send_video (peer, 40, 200000);
  gst_arcly_rtmp_route_kick (f.route, "NetStream.Publish.Denied", "go away");
  test_peer_expect_status (peer, "NetStream.Publish.Denied", "go away");
  test_route_expect_end (f.cam, TRUE, "go away");
  test_server_stop (&f);
}
GST_END_TEST;

static gpointer
send_for_ever (gpointer data)
{
  guint32 timestamp = 0;

  while (rtmp_peer_send_video (data, timestamp++, 1000))
    ;
  return NULL;
}

/* When remove_route() returns, no function of the route runs, though its
 * publisher is busy. The path is free. */
GST_START_TEST (test_remove_route)
{
  TestServer f;
  guint i;

  test_server_start (&f, 0);
  for (i = 0; i < 20; i++) {
    g_autoptr (RtmpPeer) peer = test_server_publish (&f);
    GThread *thread = g_thread_new ("publisher", send_for_ever, peer);

    test_route_expect (f.cam, "media");
    gst_arcly_rtmp_server_remove_route (f.server, f.route);
    g_atomic_int_set (&f.cam->removed, TRUE); /* notes fail from now on */
    g_thread_join (thread);
    test_peer_expect_status (peer, "NetStream.Unpublish.Success", "");

    test_route_free (f.cam);
    f.cam = test_route_new ();
    f.route = gst_arcly_rtmp_server_add_route (
        f.server, "live/cam", 0, &test_route_funcs, f.cam, NULL);
    fail_unless (f.route != NULL);
  }
  test_server_stop (&f);
}
GST_END_TEST;

static gpointer
come_and_go (gpointer data)
{
  TestServer *f = data;
  guint i;

  for (i = 0; i < 50; i++) {
    g_autofree gchar *path = g_strdup_printf ("live/%p", g_thread_self ());
    g_autoptr (TestRoute) mine = test_route_new ();
    g_autoptr (GError) error = NULL;
    GstArclyRtmpServer *server =
        gst_arcly_rtmp_server_acquire (f->engine, "127.0.0.1", f->port, &error);
    GstArclyRtmpRoute *route = NULL;
    RtmpPeer *peer = NULL;

    g_assert_no_error (error);
    route = gst_arcly_rtmp_server_add_route (
        server, path, GST_SECOND, &test_route_funcs, mine, &error);
    g_assert_no_error (error);
    peer = rtmp_peer_publish (f->port, "live", path + strlen ("live/"));
    rtmp_peer_send_video (peer, 1, 100);
    test_route_expect (mine, "publish");
    test_route_expect_video (mine, 1);
    gst_arcly_rtmp_route_resume (route);
    gst_arcly_rtmp_route_kick (route, "NetStream.Publish.Denied", "enough");
    if (i % 2)
      rtmp_peer_wait_closed (peer);
    gst_arcly_rtmp_server_remove_route (server, route);
    gst_arcly_rtmp_server_release (f->engine, server);
    rtmp_peer_free (peer);
  }
  return NULL;
}

/* Many elements come and go on one port without harm to a publisher there. */
GST_START_TEST (test_many_threads)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  GThread *threads[4];
  guint i;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("element", come_and_go, &f);
  for (i = 0; i < 200; i++) {
    rtmp_peer_send_video (peer, i, 5000);
    test_route_expect_video (f.cam, i);
  }
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  test_server_stop (&f);
}
GST_END_TEST;

static Suite *
rtmpserver_suite (void)
{
  Suite *suite = suite_create ("rtmpserver");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_publish);
  tcase_add_test (tcase, test_publisher_goes);
  tcase_add_test (tcase, test_publish_again);
  tcase_add_test (tcase, test_wrong_path);
  tcase_add_test (tcase, test_refusal_survives_eager_media);
  tcase_add_test (tcase, test_veto);
  tcase_add_test (tcase, test_second_publisher);
  tcase_add_test (tcase, test_second_publication);
  tcase_add_test (tcase, test_play);
  tcase_add_test (tcase, test_back_pressure);
  tcase_add_test (tcase, test_acknowledges_in_a_lull);
  tcase_add_test (tcase, test_no_timeout_while_full);
  tcase_add_test (tcase, test_dies_while_full);
  tcase_add_test (tcase, test_kick);
  tcase_add_test (tcase, test_kick_while_full);
  tcase_add_test (tcase, test_remove_route);
  tcase_add_test (tcase, test_many_threads);
  return suite;
}

GST_CHECK_MAIN (rtmpserver);
