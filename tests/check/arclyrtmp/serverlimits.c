/* SPDX-License-Identifier: MIT
 *
 * Limits that elements set, and who takes over from whom. */
#include <gst/check/gstcheck.h>

#include "rtmp/rtmpchunk.h"
#include "testauth.h"
#include "testserver.h"

static GstArclyRtmpServerLimits
defaults (void)
{
  GstArclyRtmpServerLimits limits;

  gst_arcly_rtmp_server_limits_init (&limits);
  return limits;
}

/* ---- limits ---- */

/* The strictest of the port's streams counts, also for the others; when it
 * goes, so does its limit. */
GST_START_TEST (test_max_connections)
{
  GstArclyRtmpServerLimits limits = defaults ();
  g_autoptr (RtmpPeer) first = NULL, second = NULL, third = NULL;
  g_autoptr (TestRoute) other = test_route_new ();
  GstArclyRtmpRoute *route = NULL;
  TestServer f;

  test_server_start (&f, 0);
  route = gst_arcly_rtmp_server_add_route (
      f.server, "live/other", 0, &test_route_funcs, other, NULL);
  limits.max_connections = 1;
  gst_arcly_rtmp_route_set_limits (route, &limits);
  first = test_server_publish (&f);
  second = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (second));
  rtmp_peer_send_video (first, 5, 10);
  test_route_expect_video (f.cam, 5);

  gst_arcly_rtmp_server_remove_route (f.server, route);
  third = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (third));
  test_server_stop (&f);
}
GST_END_TEST;

static void
count_closed (GstDebugCategory *category, GstDebugLevel level,
    const gchar *file, const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer counter)
{
  if (level <= GST_LEVEL_WARNING &&
      strstr (gst_debug_message_get (message), "connections already"))
    g_atomic_int_inc ((gint *) counter);
}

/* Once, and then with a count: whoever comes and is not let in must not fill
 * the log, also when others leave meanwhile. */
GST_START_TEST (test_told_once)
{
  GstArclyRtmpServerLimits limits = defaults ();
  gint told = 0;
  TestServer f;
  guint i;

  gst_debug_remove_log_function (NULL);
  gst_debug_add_log_function (count_closed, &told, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_threshold_for_name ("arclyrtmpserver", GST_LEVEL_WARNING);
  test_server_start (&f, 0);
  limits.max_connections = 1;
  gst_arcly_rtmp_route_set_limits (f.route, &limits);
  for (i = 0; i < 5; i++) {
    g_autoptr (RtmpPeer) first = NULL, second = NULL;

    /* The one before may still be there. */
    while (first == NULL || !rtmp_peer_handshake (first)) {
      g_clear_pointer (&first, rtmp_peer_free);
      first = rtmp_peer_new (f.port);
    }
    second = rtmp_peer_new (f.port);
    fail_unless (rtmp_peer_wait_closed (second));
  }
  test_server_stop (&f);
  gst_debug_remove_log_function (count_closed);
  gst_debug_add_log_function (gst_debug_log_default, NULL, NULL);
  fail_unless_equals_int (g_atomic_int_get (&told), 1);
}
GST_END_TEST;

/* Players that were let in do not count: max-clients is for them. */
GST_START_TEST (test_players_do_not_count)
{
  GstArclyRtmpServerLimits limits = defaults ();
  g_autoptr (RtmpPeer) publisher = NULL, last = NULL;
  g_autoptr (GPtrArray) players =
      g_ptr_array_new_with_free_func ((GDestroyNotify) rtmp_peer_free);
  TestServer f;

  test_server_start (&f, 0);
  test_server_add_play (&f);
  limits.max_connections = 2;
  gst_arcly_rtmp_route_set_limits (f.route, &limits);
  publisher = test_server_publish (&f);
  while (players->len < 5) {
    g_ptr_array_add (players, test_server_ask_play (&f, "cam"));
    test_route_expect (f.cam, "join");
  }
  g_ptr_array_add (players, rtmp_peer_new (f.port));
  fail_unless (rtmp_peer_handshake (g_ptr_array_index (players, 5)));
  last = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (last));
  test_server_stop (&f);
}
GST_END_TEST;

/* Players' routes have limits too. Who left one at its default has no say, so a
 * limit can also be raised by one of those who share the port. */
GST_START_TEST (test_limits_of_players)
{
  GstArclyRtmpServerLimits limits = defaults ();
  g_autoptr (RtmpPeer) first = NULL, second = NULL, third = NULL;
  TestServer f;

  test_server_start (&f, 0);
  test_server_add_play (&f);
  limits.max_connections = 1;
  gst_arcly_rtmp_play_route_set_limits (f.play, &limits);
  first = test_server_publish (&f);
  second = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (second));
  gst_arcly_rtmp_server_remove_play_route (f.server, f.play);
  f.play = NULL;
  third = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (third));
  test_server_stop (&f);
}
GST_END_TEST;

/* Whatever comes meanwhile: a byte now and then is no reason to wait. */
GST_START_TEST (test_setup_timeout)
{
  GstArclyRtmpServerLimits limits = defaults ();
  g_autoptr (RtmpPeer) silent = NULL, shaken = NULL;
  TestServer f;

  test_server_start (&f, 0);
  limits.setup_timeout = GST_MSECOND;
  gst_arcly_rtmp_route_set_limits (f.route, &limits);
  silent = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (silent));
  shaken = rtmp_peer_new (f.port);
  while (rtmp_peer_send (shaken, "\3", 1))
    ;
  test_server_stop (&f);
}
GST_END_TEST;

typedef struct {
  const gchar *name;
  void (*set) (GstArclyRtmpLimits *limits);
  guint8 type;
  gsize size;
} Row;

static void
set_message_size (GstArclyRtmpLimits *limits)
{
  limits->max_message_size = 1000;
}

static void
set_partial_bytes (GstArclyRtmpLimits *limits)
{
  limits->max_partial_bytes = 1000;
}

static void
set_chunk_streams (GstArclyRtmpLimits *limits)
{
  limits->max_chunk_streams = 1;
}

static const Row rows[] = {
  { "message size", set_message_size, GST_ARCLY_RTMP_VIDEO_MESSAGE, 1001 },
  { "partial bytes", set_partial_bytes, GST_ARCLY_RTMP_VIDEO_MESSAGE, 1001 },
  { "chunk streams", set_chunk_streams, GST_ARCLY_RTMP_AUDIO_MESSAGE, 1 },
};

/* What is at the limit goes on, what is past it closes the connection. */
GST_START_TEST (test_session)
{
  const Row *row = &rows[__i__];
  GstArclyRtmpServerLimits limits = defaults ();
  g_autoptr (RtmpPeer) peer = NULL;
  g_autofree guint8 *data = g_malloc0 (row->size);
  TestServer f;

  test_server_start (&f, 0);
  row->set (&limits.session);
  gst_arcly_rtmp_route_set_limits (f.route, &limits);
  peer = test_server_publish (&f);
  if (row->size > 1) {
    rtmp_peer_send_message (peer, row->type, 5, data, row->size - 1);
    test_route_expect_video (f.cam, 5);
  }
  rtmp_peer_send_message (peer, row->type, 6, data, row->size);
  test_route_expect_end (f.cam, TRUE, "more than");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

/* ---- taking over ---- */

static void
expect_taken_over (TestServer *f, RtmpPeer *before)
{
  test_route_expect_end (f->cam, TRUE, "another publisher took over");
  test_route_expect (f->cam, "publish");
  test_peer_expect_status (
      before, "NetConnection.Connect.Closed", "another publisher took over");
  fail_unless (rtmp_peer_wait_closed (before));
}

GST_START_TEST (test_take_over)
{
  g_autoptr (RtmpPeer) first = NULL, second = NULL;
  TestServer f;

  test_server_start (&f, 0);
  gst_arcly_rtmp_route_set_take_over (f.route, GST_ARCLY_RTMP_TAKE_OVER_ALWAYS);
  first = test_server_publish (&f);
  second = rtmp_peer_publish (f.port, "live", "cam");
  expect_taken_over (&f, first);
  rtmp_peer_send_video (second, 5, 10);
  test_route_expect_video (f.cam, 5);
  g_clear_pointer (&second, rtmp_peer_free);
  test_route_expect_end (f.cam, FALSE, "");
  test_server_stop (&f);
}
GST_END_TEST;

/* One whose media is not taken at the moment can be replaced, too. */
GST_START_TEST (test_take_over_while_full)
{
  g_autoptr (RtmpPeer) first = NULL, second = NULL;
  TestServer f;

  test_server_start (&f, 0);
  gst_arcly_rtmp_route_set_take_over (f.route, GST_ARCLY_RTMP_TAKE_OVER_ALWAYS);
  first = test_server_publish (&f);
  g_atomic_int_set (&f.cam->full, TRUE);
  rtmp_peer_send_video (first, 5, 10);
  test_route_expect_video (f.cam, 5);
  g_atomic_int_set (&f.cam->full, FALSE);
  second = rtmp_peer_publish (f.port, "live", "cam");
  expect_taken_over (&f, first);
  gst_arcly_rtmp_route_resume (f.route);
  rtmp_peer_send_video (second, 6, 10);
  test_route_expect_video (f.cam, 6);
  test_server_stop (&f);
}
GST_END_TEST;

static gboolean
permit_known (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  if (gst_arcly_auth_request_get_parameter (request, "known"))
    return TRUE;
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "unknown");
  return FALSE;
}

/* With the same right: without an authenticator nobody has one. */
GST_START_TEST (test_take_over_authorized)
{
  g_autoptr (GstArclyAuthenticator) authenticator =
      test_auth_new (permit_known, NULL);
  g_autoptr (RtmpPeer) open = NULL, first = NULL, second = NULL, other = NULL;
  TestServer f;

  test_server_start (&f, 0);
  gst_arcly_rtmp_route_set_take_over (
      f.route, GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED);
  open = test_server_publish (&f);
  other = rtmp_peer_new (f.port);
  rtmp_peer_ask (other, "live", "cam");
  test_peer_expect_status (other, "NetStream.Publish.BadName", "already");
  test_route_expect (f.cam, "refused");
  g_clear_pointer (&open, rtmp_peer_free);
  g_clear_pointer (&other, rtmp_peer_free);
  test_route_expect_end (f.cam, FALSE, "");

  g_object_set (f.engine, "authenticator", authenticator, NULL);
  first = rtmp_peer_publish (f.port, "live", "cam?known");
  test_route_expect (f.cam, "publish");
  other = rtmp_peer_new (f.port);
  rtmp_peer_ask (other, "live", "cam");
  test_peer_expect_status (other, "NetStream.Publish.Denied", "unknown");
  test_route_expect (f.cam, "refused");
  second = rtmp_peer_publish (f.port, "live", "cam?known");
  expect_taken_over (&f, first);
  test_server_stop (&f);
}
GST_END_TEST;

static Suite *
serverlimits_suite (void)
{
  Suite *suite = suite_create ("serverlimits");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_max_connections);
  tcase_add_test (tcase, test_told_once);
  tcase_add_test (tcase, test_players_do_not_count);
  tcase_add_test (tcase, test_limits_of_players);
  tcase_add_test (tcase, test_setup_timeout);
  tcase_add_loop_test (tcase, test_session, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, test_take_over);
  tcase_add_test (tcase, test_take_over_while_full);
  tcase_add_test (tcase, test_take_over_authorized);
  return suite;
}

GST_CHECK_MAIN (serverlimits);
