/* SPDX-License-Identifier: MIT
 *
 * Thousands of connections that say nothing, or half a handshake, at the port
 * of a publisher and a player. All of it, where there are file descriptors:
 *
 *   ARCLY_HALF_OPEN=20000 meson test -t 0 -v arclyrtmpsinkflood
 *
 * says how many there were, and what they cost. */
#include "testsink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Few of twenty thousand: a machine that tests other things, too, has neither
 * the file descriptors nor the time for all at each change. */
#define USUAL_HALF_OPEN 2000u
/* Which we need besides. */
#define OTHER_FDS 200u
/* After so many the crowd waits for an answer: more than the system queues for
 * us would be lost, or come late. */
#define BATCH 100
/* C0 and C1. */
#define HELLO_SIZE 1537
#define N_ADDRESSES 16

/* What one may cost us; 3.6 KiB were seen. */
#define MAX_BYTES_EACH (32 * 1024)

/* ---- the other side, a process with file descriptors of its own ---- */

typedef struct {
  pid_t pid;
  gint orders; /* ours to write */
  gint news;   /* ours to read */
} Crowd;

/* A client at one of several addresses, each of which has ports enough, also
 * beside those that the last run has left in TIME_WAIT. */
static gint
connect_one (const struct sockaddr_in *server, guint number)
{
  const struct sockaddr_in own = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK + 1 + number % N_ADDRESSES),
  };
  const gint on = 1;
  gint fd = socket (AF_INET, SOCK_STREAM, 0);

  if (fd < 0 ||
      setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) ||
      bind (fd, (const struct sockaddr *) &own, sizeof own) != 0 ||
      connect (fd, (const struct sockaddr *) server, sizeof *server) != 0)
    _exit (1);
  return fd;
}

/* Only system calls: it is the copy of a process with threads. */
static void
open_all (guint port, guint n)
{
  const struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  static const guint8 hello[HELLO_SIZE] = { 3 };
  guint8 answer;
  guint i;

  for (i = 0; i < n; i++) {
    gint fd = connect_one (&address, i);

    if ((i + 1) % BATCH == 0 || i + 1 == n) {
      if (write (fd, hello, HELLO_SIZE) != HELLO_SIZE ||
          read (fd, &answer, 1) != 1)
        _exit (1);
    } else if (i % 2 && write (fd, hello, HELLO_SIZE / 2) != HELLO_SIZE / 2) {
      _exit (1);
    }
  }
}

static void
run_crowd (gint orders, gint news)
{
  guint order[2];

  if (read (orders, order, sizeof order) == sizeof order) {
    open_all (order[0], order[1]);
    if (write (news, "x", 1) != 1)
      _exit (1);
  }
  /* Until ours is closed. */
  _exit (read (orders, order, 1) == 0 ? 0 : 1);
}

static void
crowd_init (Crowd *crowd)
{
  gint orders[2], news[2];

  fail_unless (pipe (orders) == 0 && pipe (news) == 0);
  crowd->pid = fork ();
  fail_unless (crowd->pid >= 0);
  if (crowd->pid == 0) {
    close (orders[1]);
    close (news[0]);
    run_crowd (orders[0], news[1]);
  }
  close (orders[0]);
  close (news[1]);
  crowd->orders = orders[1];
  crowd->news = news[0];
}

static void
crowd_come (Crowd *crowd, guint port, guint n)
{
  const guint order[2] = { port, n };
  gchar news;

  fail_unless (write (crowd->orders, order, sizeof order) == sizeof order);
  fail_unless (read (crowd->news, &news, 1) == 1, "not all could connect");
}

static void
crowd_leave (Crowd *crowd)
{
  gint status = 0;

  close (crowd->orders);
  close (crowd->news);
  fail_unless (waitpid (crowd->pid, &status, 0) == crowd->pid);
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

/* ---- ourselves ---- */

/* As many as are wanted, or may be open. */
static guint
raise_limit (void)
{
  const gchar *asked = g_getenv ("ARCLY_HALF_OPEN");
  guint n =
      asked ? (guint) g_ascii_strtoull (asked, NULL, 10) : USUAL_HALF_OPEN;
  struct rlimit limit;

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < n + OTHER_FDS) {
    /* Which root may. */
    const struct rlimit more = { n + OTHER_FDS, n + OTHER_FDS };

    if (setrlimit (RLIMIT_NOFILE, &more) == 0)
      return n;
  }
  limit.rlim_cur = limit.rlim_max;
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &limit), 0);
  fail_unless (limit.rlim_max > 2 * OTHER_FDS);
  return (guint) MIN (n, limit.rlim_max - OTHER_FDS);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  fail_unless (dir != NULL);
  while (g_dir_read_name (dir))
    n++;
  return n;
}

static gsize
get_resident_bytes (void)
{
  g_autofree gchar *text = NULL;
  gulong size = 0, resident = 0;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fail_unless (sscanf (text, "%lu %lu", &size, &resident) == 2);
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

static void
on_pad (GstElement *element, GstPad *pad, gpointer sink)
{
  g_autoptr (GstPad) other = gst_element_get_static_pad (sink, "sink");

  fail_unless_equals_int (gst_pad_link (pad, other), GST_PAD_LINK_OK);
}

/* A frame that came through fakesink. */
static void
on_handoff (
    GstElement *element, GstBuffer *buffer, GstPad *pad, gpointer frames)
{
  g_async_queue_push (frames, GUINT_TO_POINTER (1));
}

/* Publishers of "live/in" at the same port; what they send ends in @frames. */
static void
add_publishers (TestPlay *t, GAsyncQueue *frames)
{
  g_autofree gchar *description = g_strdup_printf (
      "arclyrtmpsrc timeout=0 location=rtmp://127.0.0.1:%u/live/in", t->port);
  GstElement *src = gst_parse_launch (description, NULL);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  fail_unless (src && sink);
  g_object_set (
      sink, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), frames);
  g_signal_connect (src, "pad-added", G_CALLBACK (on_pad), sink);
  gst_bin_add_many (GST_BIN (t->pipeline), src, sink, NULL);
  fail_unless (gst_element_sync_state_with_parent (sink));
  fail_unless (gst_element_sync_state_with_parent (src));
}

static void
expect_frame (GAsyncQueue *frames)
{
  fail_unless (g_async_queue_timeout_pop (frames, 10 * G_TIME_SPAN_SECOND),
      "no frame of the publisher came through");
}

GST_START_TEST (test_half_open)
{
  guint n = raise_limit (), before = count_fds ();
  g_autofree gchar *options =
      g_strdup_printf ("max-connections=%u", n + OTHER_FDS);
  g_autoptr (GAsyncQueue) frames = g_async_queue_new ();
  RtmpPeer *publisher, *player, *late;
  gsize resident;
  Crowd crowd;
  TestPlay t;

  crowd_init (&crowd);
  test_play_start (&t, options, TRUE, FALSE);
  add_publishers (&t, frames);
  publisher = rtmp_peer_publish (t.port, "live", "in");
  test_peer_metadata (publisher, 7, 0);
  test_peer_avc_header (publisher, 0);
  test_peer_avc (publisher, 0, 0, TRUE);
  expect_frame (frames);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_video (&t, 0, TRUE);
  player = test_play_player (&t);
  test_play_expect_video (player, 0);

  resident = get_resident_bytes ();
  crowd_come (&crowd, t.port, n);
  /* Who comes now comes after all of them, and gets in. */
  late = test_play_player (&t);
  test_play_expect_video (late, 0);
  fail_unless (count_fds () >= before + n, "%u of %u are there",
      count_fds () - before, n);
  resident = MAX (get_resident_bytes (), resident) - resident;
  g_print ("%u half open: %" G_GSIZE_FORMAT " bytes each\n", n, resident / n);
  fail_unless (resident / n < MAX_BYTES_EACH);
  test_peer_avc (publisher, 40, 0, FALSE);
  expect_frame (frames);
  test_play_video (&t, 40, FALSE);
  test_play_expect_video (player, 40);
  test_play_expect_video (late, 40);

  crowd_leave (&crowd);
  test_peer_avc (publisher, 80, 0, FALSE);
  expect_frame (frames);
  test_play_video (&t, 80, FALSE);
  test_play_expect_video (player, 80);
  rtmp_peer_free (publisher);
  rtmp_peer_free (player);
  rtmp_peer_free (late);
  test_play_stop (&t);
  fail_unless_equals_int (count_fds (), before);
}
GST_END_TEST;

static Suite *
arclyrtmpsinkflood_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsinkflood");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  if (g_getenv ("ARCLY_HALF_OPEN"))
    tcase_set_timeout (tcase, 600);
  tcase_add_test (tcase, test_half_open);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsinkflood)
