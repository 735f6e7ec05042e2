/* SPDX-License-Identifier: MIT */
#include <gst/check/gstcheck.h>

#include "rtmplistener.h"
#include "testserver.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHORT_TIMEOUT (50 * GST_MSECOND)

/* Garbage closes its own connection only. */
GST_START_TEST (test_garbage)
{
  TestServer f;
  g_autoptr (RtmpPeer) good = NULL;
  g_autoptr (RtmpPeer) before = NULL;
  g_autoptr (RtmpPeer) after = NULL;
  guint8 garbage[4096];

  test_server_start (&f, 0);
  good = test_server_publish (&f);

  memset (garbage, 0xff, sizeof (garbage));
  before = rtmp_peer_new (f.port);
  rtmp_peer_send (before, "GET / HTTP/1.1\r\n\r\n", 18);
  fail_unless (rtmp_peer_wait_closed (before));
  after = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_handshake (after));
  rtmp_peer_send (after, garbage, sizeof (garbage));
  fail_unless (rtmp_peer_wait_closed (after));

  rtmp_peer_send_video (good, 40, 10);
  test_route_expect_video (f.cam, 40);
  test_server_stop (&f);
}
GST_END_TEST;

/* Garbage from a publisher ends its publication, with an error. */
GST_START_TEST (test_garbage_from_publisher)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  guint8 garbage[4096];

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  memset (garbage, 0xff, sizeof (garbage));
  rtmp_peer_send (peer, garbage, sizeof (garbage));
  test_route_expect_end (f.cam, TRUE, "");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

/* Whoever does not publish in time is closed, however far it came. */
GST_START_TEST (test_setup_timeout)
{
  TestServer f;
  g_autoptr (RtmpPeer) silent = NULL;
  g_autoptr (RtmpPeer) shaken = NULL;
  g_autoptr (RtmpPeer) connected = NULL;

  test_server_start (&f, SHORT_TIMEOUT);
  silent = rtmp_peer_new (f.port);
  shaken = rtmp_peer_new (f.port);
  connected = rtmp_peer_new (f.port);
  rtmp_peer_send (silent, "\003", 1);
  rtmp_peer_handshake (shaken);
  if (rtmp_peer_handshake (connected))
    rtmp_peer_connect (connected, "live");

  fail_unless (rtmp_peer_wait_closed (silent));
  fail_unless (rtmp_peer_wait_closed (shaken));
  fail_unless (rtmp_peer_wait_closed (connected));
  test_server_stop (&f);
}
GST_END_TEST;

/* A publisher without media is closed, and told why. What is no media does not
 * help it. */
GST_START_TEST (test_media_timeout)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;

  test_server_start (&f, 500 * GST_MSECOND);
  peer = test_server_publish (&f);
  rtmp_peer_send_video (peer, 0, 10);
  test_route_expect_video (f.cam, 0);
  rtmp_peer_command (peer, "createStream", 0, NULL);
  test_peer_expect_status (peer, "NetConnection.Connect.Closed", "timeout");
  test_route_expect_end (f.cam, TRUE, "timeout");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_server_stop (&f);
}
GST_END_TEST;

/* Whoever asks and asks and never reads is closed: our memory is bounded. */
GST_START_TEST (test_peer_that_does_not_read)
{
  TestServer f;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GByteArray) asks = g_byte_array_new ();
  static const guint8 ping[] = { 0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0,
    0, 0, 1 };
  gsize sent = 0;
  gint small = 4096;
  guint i;

  test_server_start (&f, 0);
  peer = rtmp_peer_new (f.port);
  setsockopt (
      rtmp_peer_get_fd (peer), SOL_SOCKET, SO_RCVBUF, &small, sizeof (small));
  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  for (i = 0; i < 4096; i++)
    g_byte_array_append (asks, ping, sizeof (ping));
  while (rtmp_peer_send (peer, asks->data, asks->len)) {
    sent += asks->len;
    fail_unless (sent < 256 * 1024 * 1024, "the server takes it all");
  }
  test_server_stop (&f);
}
GST_END_TEST;

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Clients that come and vanish at any stage leave nothing behind. */
GST_START_TEST (test_vanishing_clients)
{
  TestServer f;
  guint before = count_fds ();
  guint i;

  test_server_start (&f, 0);
  for (i = 0; i < 400; i++) {
    RtmpPeer *peer = rtmp_peer_new (f.port);

    if (i % 8 >= 2)
      rtmp_peer_send (peer, "\003", 1);
    if (i % 8 >= 4)
      fail_unless (rtmp_peer_handshake (peer));
    if (i % 8 >= 6)
      rtmp_peer_connect (peer, "live");
    if (i % 2)
      rtmp_peer_reset (peer);
    else
      rtmp_peer_free (peer);
  }
  rtmp_peer_free (test_server_publish (&f));
  test_route_expect_end (f.cam, FALSE, "closed");
  test_server_stop (&f);
  fail_unless_equals_int (count_fds (), before);
}
GST_END_TEST;

/* Connections that are open when the server ends are closed by it. */
GST_START_TEST (test_release_closes_all)
{
  TestServer f;
  g_autoptr (RtmpPeer) idle = NULL;
  g_autoptr (RtmpPeer) publisher = NULL;

  test_server_start (&f, 0);
  idle = rtmp_peer_new (f.port);
  publisher = test_server_publish (&f);
  test_server_stop (&f);
  fail_unless (rtmp_peer_wait_closed (idle));
  fail_unless (rtmp_peer_wait_closed (publisher));
}
GST_END_TEST;

static void
set_fd_limit (rlim_t soft)
{
  struct rlimit limit;

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = soft;
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &limit), 0);
}

typedef struct {
  GMutex lock;
  GCond changed;
  /* lock. */
  guint accepted;
  guint exhausted;

  GstArclyRtmpListener *listener; /* loop thread only, but made and freed */
  GstArclyRtmpLoop *loop;         /* constant */
} Door;

static void
count (Door *door, guint *what)
{
  g_mutex_lock (&door->lock);
  (*what)++;
  g_cond_signal (&door->changed);
  g_mutex_unlock (&door->lock);
}

static void
on_accepted (gpointer data, gint fd, const gchar *peer)
{
  Door *door = data;

  close (fd);
  count (door, &door->accepted);
}

static void
on_exhausted (gpointer data, const gchar *reason)
{
  Door *door = data;

  count (door, &door->exhausted);
}

static void
wait_for_one (Door *door, guint *what)
{
  gint64 end = g_get_monotonic_time () + TEST_WAIT;

  g_mutex_lock (&door->lock);
  while (*what == 0)
    fail_unless (g_cond_wait_until (&door->changed, &door->lock, end));
  g_mutex_unlock (&door->lock);
}

static void
start_door (gpointer data)
{
  Door *door = data;

  fail_unless (gst_arcly_rtmp_listener_start (
      door->listener, door->loop, on_accepted, on_exhausted, door, NULL));
}

static void
stop_door (gpointer data)
{
  Door *door = data;

  gst_arcly_rtmp_listener_stop (door->listener);
}

/* No file descriptor left: accepting pauses, is reported once, and goes on when
 * there are some. */
GST_START_TEST (test_no_fd_left)
{
  Door door = { 0 };
  g_autoptr (RtmpPeer) waiting = NULL;
  struct rlimit old;
  gint next;

  g_mutex_init (&door.lock);
  g_cond_init (&door.changed);
  door.listener = gst_arcly_rtmp_listener_new ("127.0.0.1", 0, NULL);
  door.loop = gst_arcly_rtmp_loop_new ("door", NULL);
  gst_arcly_rtmp_loop_call (door.loop, start_door, &door);

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &old), 0);
  next = dup (0);
  close (next);
  set_fd_limit (next + 1); /* that one is for the client */
  waiting = rtmp_peer_new (gst_arcly_rtmp_listener_get_port (door.listener));
  wait_for_one (&door, &door.exhausted);
  set_fd_limit (old.rlim_cur);
  wait_for_one (&door, &door.accepted);
  fail_unless (rtmp_peer_wait_closed (waiting));

  gst_arcly_rtmp_loop_call (door.loop, stop_door, &door);
  gst_arcly_rtmp_loop_free (door.loop);
  gst_arcly_rtmp_listener_free (door.listener);
  fail_unless_equals_int (door.exhausted, 1);
  fail_unless_equals_int (door.accepted, 1);
  g_cond_clear (&door.changed);
  g_mutex_clear (&door.lock);
}
GST_END_TEST;

/* The thousandth client is served, the next one is closed; when some leave
 * others may come. */
GST_START_TEST (test_too_many_connections)
{
  g_autoptr (GPtrArray) peers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) rtmp_peer_free);
  g_autoptr (RtmpPeer) late = NULL;
  struct rlimit old;
  TestServer f;
  guint i;

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &old), 0);
  if (old.rlim_max != RLIM_INFINITY && old.rlim_max < 2200)
    return;
  set_fd_limit (MAX (old.rlim_cur, 2200));

  test_server_start (&f, 0);
  for (i = 0; i < 1000; i++)
    g_ptr_array_add (peers, rtmp_peer_new (f.port));
  fail_unless (rtmp_peer_handshake (g_ptr_array_index (peers, 999)));
  late = rtmp_peer_new (f.port);
  fail_unless (rtmp_peer_wait_closed (late));

  /* In its own time the server sees that they left, so it may refuse some. */
  g_ptr_array_set_size (peers, 0);
  for (;;) {
    g_autoptr (RtmpPeer) peer = rtmp_peer_new (f.port);

    if (rtmp_peer_handshake (peer))
      break;
  }
  test_server_stop (&f);
  set_fd_limit (old.rlim_cur);
}
GST_END_TEST;

static Suite *
rtmpserverhostile_suite (void)
{
  Suite *suite = suite_create ("rtmpserverhostile");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_garbage);
  tcase_add_test (tcase, test_garbage_from_publisher);
  tcase_add_test (tcase, test_setup_timeout);
  tcase_add_test (tcase, test_media_timeout);
  tcase_add_test (tcase, test_peer_that_does_not_read);
  tcase_add_test (tcase, test_vanishing_clients);
  tcase_add_test (tcase, test_release_closes_all);
  tcase_add_test (tcase, test_no_fd_left);
  tcase_add_test (tcase, test_too_many_connections);
  return suite;
}

GST_CHECK_MAIN (rtmpserverhostile);
