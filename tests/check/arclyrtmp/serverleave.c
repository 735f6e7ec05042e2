/* SPDX-License-Identifier: MIT
 *
 * Publishers that close their socket and care for nothing else: what they sent
 * before is the stream's end, and must arrive. */
#include <gst/check/gstcheck.h>

#include "testserver.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define FRAME_SIZE 10000
/* More than the window after which the server acknowledges, 2.5 MB. */
#define WARM_UP_FRAMES 320
/* More than the server reads at once. */
#define MIN_FRAMES 8
#define MAX_FRAMES 200

/* Chunk stream 2, type 4, 6 bytes: "ping request", which is answered. */
static const guint8 ping[] = { 0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0,
  0, 0, 1 };

/* The server's end of a connection is in this process, too. Its kernel buffer
 * is grown, for how much it takes is left to chance otherwise. */
static void
grow_server_buffer (RtmpPeer *peer)
{
  struct sockaddr_in ours = { 0 }, theirs = { 0 };
  socklen_t size = sizeof (ours);
  gint room = 32 * MIN_FRAMES * FRAME_SIZE; /* the kernel has its own bound */
  gint fd;

  getsockname (rtmp_peer_get_fd (peer), (struct sockaddr *) &ours, &size);
  for (fd = 0; fd < 1024; fd++) {
    size = sizeof (theirs);
    if (getpeername (fd, (struct sockaddr *) &theirs, &size) == 0 &&
        theirs.sin_port == ours.sin_port && fd != rtmp_peer_get_fd (peer))
      break;
  }
  fail_unless (fd < 1024);
  fail_unless_equals_int (
      setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof (room)), 0);
}

/* All that was written is in the server's kernel, or on the way that cannot
 * lose it. */
static gboolean
is_delivered (RtmpPeer *peer)
{
  gint not_sent = -1;

  fail_unless_equals_int (
      ioctl (rtmp_peer_get_fd (peer), SIOCOUTQNSD, &not_sent), 0);
  return not_sent == 0;
}

static gboolean
send_now (RtmpPeer *peer, const guint8 *data, gsize size)
{
  return send (rtmp_peer_get_fd (peer), data, size,
             MSG_DONTWAIT | MSG_NOSIGNAL) == (gssize) size &&
         is_delivered (peer);
}

/* Frames that the server's kernel has taken, each with a ping before it. */
static guint
fill (RtmpPeer *peer, guint32 timestamp)
{
  guint n;

  for (n = 0; n < MAX_FRAMES; n++) {
    g_autoptr (GBytes) frame = rtmp_peer_make_video (timestamp + n, FRAME_SIZE);

    if (!send_now (peer, ping, sizeof (ping)) ||
        !send_now (
            peer, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame)))
      break;
  }
  return n;
}

/* An answer has come, and will not be read: closing resets the connection. */
static void
wait_for_answer (RtmpPeer *peer)
{
  struct pollfd wait = { rtmp_peer_get_fd (peer), POLLIN, 0 };

  rtmp_peer_send (peer, ping, sizeof (ping));
  fail_unless_equals_int (poll (&wait, 1, 10000), 1);
}

/* The frame that did not fit may still slip in: the server takes what is under
 * way when it learns that it holds back. */
static void
expect_end_after_one_more (TestRoute *route, gint64 timestamp)
{
  g_autoptr (TestNote) note = test_route_wait (route, NULL);

  if (g_str_equal (note->what, "end"))
    return;
  fail_unless_equals_string (note->what, "media");
  fail_unless_equals_int64 (note->timestamp, timestamp);
  test_route_expect (route, "end");
}

/* 3 MB come, and an answer of ours is not read; more come while the route
 * holds back, and the publisher is gone. Answering it then fails, again and
 * again, and no frame is lost for it. */
GST_START_TEST (test_close_without_reading)
{
  TestServer f;
  RtmpPeer *peer = NULL;
  guint frames, i;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  grow_server_buffer (peer);
  for (i = 0; i < WARM_UP_FRAMES; i++)
    fail_unless (rtmp_peer_send_video (peer, i, FRAME_SIZE));
  for (i = 0; i < WARM_UP_FRAMES; i++)
    test_route_expect_video (f.cam, i);

  wait_for_answer (peer);
  /* It holds back from this frame on, or the next one. */
  g_atomic_int_set (&f.cam->full, TRUE);
  frames = fill (peer, WARM_UP_FRAMES);
  fail_unless (frames >= MIN_FRAMES, "the kernel took %u frames", frames);
  rtmp_peer_free (peer);

  g_atomic_int_set (&f.cam->full, FALSE);
  gst_arcly_rtmp_route_resume (f.route);
  for (i = 0; i < frames; i++)
    test_route_expect_video (f.cam, WARM_UP_FRAMES + i);
  expect_end_after_one_more (f.cam, WARM_UP_FRAMES + frames);
  test_server_stop (&f);
}
GST_END_TEST;

/* The same, and it leaves by command: the last word is heard. */
GST_START_TEST (test_unpublish_without_reading)
{
  TestServer f;
  RtmpPeer *peer = NULL;
  guint frames, i;

  test_server_start (&f, 0);
  peer = test_server_publish (&f);
  wait_for_answer (peer);
  g_atomic_int_set (&f.cam->full, TRUE);
  fail_unless (rtmp_peer_send_video (peer, 0, FRAME_SIZE));
  test_route_expect_video (f.cam, 0);
  for (frames = 1; frames < 4; frames++)
    rtmp_peer_send_video (peer, frames, 1000);
  rtmp_peer_send (peer, ping, sizeof (ping));
  rtmp_peer_unpublish (peer);
  rtmp_peer_reset (peer);

  g_atomic_int_set (&f.cam->full, FALSE);
  gst_arcly_rtmp_route_resume (f.route);
  for (i = 1; i < frames; i++)
    test_route_expect_video (f.cam, i);
  test_route_expect_end (f.cam, FALSE, "unpublished");
  test_server_stop (&f);
}
GST_END_TEST;

static Suite *
rtmpserverleave_suite (void)
{
  Suite *suite = suite_create ("rtmpserverleave");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_close_without_reading);
  tcase_add_test (tcase, test_unpublish_without_reading);
  return suite;
}

GST_CHECK_MAIN (rtmpserverleave);
