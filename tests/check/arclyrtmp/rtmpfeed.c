/* SPDX-License-Identifier: MIT
 *
 * Which loop a player goes to, and that it is served wherever it is. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gst/gst.h>

#include "rtmpclient.h"
#include "rtmpfeedpriv.h"

#define FULL 100000 /* players, more than any loop takes */

typedef struct {
  GstArclyRtmpLoop *loops[2];
  GstArclyRtmpFeed *feed;
} Fixture;

typedef struct {
  RtmpClient *client;
  gint fd;
} Player;

static void
on_note (gpointer data, const GstArclyRtmpPlayerNote *note)
{
}

static void
on_drained (gpointer data)
{
}

static void
push_frame (Fixture *f, guint32 ms, gboolean key)
{
  const guint8 header[] = { key ? 0x17 : 0x27, 1, 0, 0, 0 };

  gst_arcly_rtmp_feed_push (f->feed, GST_ARCLY_RTMP_TRACK_VIDEO, ms,
      ms * GST_MSECOND, 0, header, sizeof header, (const guint8 *) "frame", 5,
      key, TRUE);
}

static void
setup (Fixture *f, gconstpointer unused)
{
  static const GstArclyRtmpFeedFuncs funcs = { on_note, on_drained };
  const GstArclyRtmpFeedSettings settings = { .replay = TRUE };
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  g_autoptr (GBytes) metadata = g_bytes_new_static ("\5", 1); /* null */
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (f->loops); i++) {
    f->loops[i] = gst_arcly_rtmp_loop_new ("test", &error);
    g_assert_no_error (error);
    g_ptr_array_add (workers, f->loops[i]);
  }
  f->feed = gst_arcly_rtmp_feed_new ("live/cam", workers, &settings, &funcs, f);
  gst_arcly_rtmp_feed_push_header (
      f->feed, GST_ARCLY_RTMP_TRACK_VIDEO, GST_ARCLY_FOURCC_AVC, 0, NULL, NULL);
  gst_arcly_rtmp_feed_push_metadata (f->feed, metadata);
  push_frame (f, 0, TRUE);
}

static void
teardown (Fixture *f, gconstpointer unused)
{
  guint i;

  gst_arcly_rtmp_feed_free (f->feed);
  for (i = 0; i < G_N_ELEMENTS (f->loops); i++) {
    g_assert_cmpint (gst_arcly_rtmp_loop_get_users (f->loops[i]), ==, 0);
    gst_arcly_rtmp_loop_free (f->loops[i]);
  }
}

/* One whose play awaits a decision, as the server's loop hands it over. */
static GstArclyRtmpSession *
make_session (RtmpClient *client)
{
  GstArclyRtmpSession *session = gst_arcly_rtmp_session_new (NULL, NULL);
  g_autoptr (GBytes) bytes = NULL;
  gboolean asked = FALSE;

  rtmp_client_hello (client);
  rtmp_client_connect (client, "live", NULL);
  rtmp_client_create_stream (client);
  rtmp_client_play (client, 1, "cam");
  bytes = rtmp_client_take (client);
  g_assert_true (gst_arcly_rtmp_session_feed (
      session, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  while (!asked) {
    g_autoptr (GstArclyRtmpEvent) event = NULL;

    g_assert_true (gst_arcly_rtmp_session_next_event (session, &event, NULL));
    g_assert_nonnull (event);
    if (event->kind == GST_ARCLY_RTMP_EVENT_CONNECT)
      gst_arcly_rtmp_session_accept_connect (session);
    asked = event->kind == GST_ARCLY_RTMP_EVENT_PLAY;
  }
  return session;
}

static void
join (Fixture *f, Player *player)
{
  GstArclyRtmpHandoff *handoff = g_new0 (GstArclyRtmpHandoff, 1);
  gchar *reason = NULL;
  gint fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  player->fd = fds[1];
  player->client = rtmp_client_new ();
  handoff->channel.fd = fds[0];
  handoff->session = make_session (player->client);
  handoff->peer = g_strdup ("peer");
  handoff->stream_id = 1;
  g_assert_true (gst_arcly_rtmp_feed_admit (f->feed, &reason));
  gst_arcly_rtmp_feed_join (f->feed, handoff);
}

static void
leave (Player *player)
{
  rtmp_client_free (player->client);
  close (player->fd);
}

/* The next frame is of that time. */
static void
expect_frame (Player *player, guint32 ms)
{
  for (;;) {
    g_autoptr (RtmpReply) reply = rtmp_client_next_reply (player->client);
    guint8 data[4096];
    gssize n;

    if (reply && reply->message.type == GST_ARCLY_RTMP_VIDEO_MESSAGE) {
      g_assert_cmpint (reply->message.timestamp, ==, ms);
      return;
    }
    if (reply)
      continue;
    n = recv (player->fd, data, sizeof data, 0);
    g_assert_cmpint (n, >, 0);
    rtmp_client_feed (player->client, data, n);
  }
}

static void
fill (GstArclyRtmpLoop *loop, gint n)
{
  for (; n > 0; n--)
    gst_arcly_rtmp_loop_add_user (loop);
  for (; n < 0; n++)
    gst_arcly_rtmp_loop_remove_user (loop);
}

/* Players share a loop until it is full, then take the next; when all are, the
 * one with the fewest. Each of them gets what comes. */
static void
test_loops (Fixture *f, gconstpointer unused)
{
  Player players[4];
  GstArclyRtmpLoop *first, *second;
  guint i;

  join (f, &players[0]);
  i = gst_arcly_rtmp_loop_get_users (f->loops[0]) == 1 ? 0 : 1;
  first = f->loops[i];
  second = f->loops[1 - i];
  join (f, &players[1]);
  g_assert_cmpint (gst_arcly_rtmp_loop_get_users (first), ==, 2);
  g_assert_cmpint (gst_arcly_rtmp_loop_get_users (second), ==, 0);

  fill (first, FULL);
  join (f, &players[2]);
  g_assert_cmpint (gst_arcly_rtmp_loop_get_users (second), ==, 1);
  fill (second, 2 * FULL);
  join (f, &players[3]);
  g_assert_cmpint (gst_arcly_rtmp_loop_get_users (first), ==, FULL + 3);

  for (i = 0; i < G_N_ELEMENTS (players); i++)
    expect_frame (&players[i], 0);
  push_frame (f, 40, FALSE);
  for (i = 0; i < G_N_ELEMENTS (players); i++) {
    expect_frame (&players[i], 40);
    leave (&players[i]);
  }
  fill (first, -FULL);
  fill (second, -2 * FULL);
}

static void
check_batches (gpointer data)
{
  Fixture *f = data;
  guint i;

  for (i = 0; i < f->feed->lanes->len; i++) {
    const GstArclyRtmpLane *lane = g_ptr_array_index (f->feed->lanes, i);

    g_assert_null (lane->batch.begin.block);
    g_assert_null (lane->batch.end.block);
  }
}

/* One that is given more than its system takes at once reads on without a
 * frame that comes, and leaves. Nothing may be left in the log then, which
 * would be kept from there on. */
static void
test_last_one_leaves (Fixture *f, gconstpointer unused)
{
  static const guint8 header[] = { 0x27, 1, 0, 0, 0 };
  const gsize size = 100000;
  const guint32 end = 50 * 40;
  g_autofree guint8 *data = g_malloc0 (size);
  Player player;
  guint32 ms;

  for (ms = 40; ms < end; ms += 40)
    gst_arcly_rtmp_feed_push (f->feed, GST_ARCLY_RTMP_TRACK_VIDEO, ms,
        ms * GST_MSECOND, 0, header, sizeof header, data, size, FALSE, TRUE);
  join (f, &player);
  for (ms = 0; ms < end; ms += 40)
    expect_frame (&player, ms);
  leave (&player);
  while (gst_arcly_rtmp_loop_get_users (f->loops[0]) +
             gst_arcly_rtmp_loop_get_users (f->loops[1]) >
         0)
    g_thread_yield ();
  gst_arcly_rtmp_loop_call (f->loops[0], check_batches, f);
  gst_arcly_rtmp_loop_call (f->loops[1], check_batches, f);
}

/* Streams begin with different loops. */
static void
test_streams (Fixture *f, gconstpointer unused)
{
  guint i, n[2] = { 0 };

  for (i = 0; i < 64; i++) {
    g_autofree gchar *path = g_strdup_printf ("live/%u", i);
    static const GstArclyRtmpFeedFuncs funcs = { on_note, on_drained };
    const GstArclyRtmpFeedSettings settings = { 0 };
    g_autoptr (GPtrArray) workers = g_ptr_array_new ();
    Fixture other = { { f->loops[0], f->loops[1] }, NULL };
    Player player;

    g_ptr_array_add (workers, f->loops[0]);
    g_ptr_array_add (workers, f->loops[1]);
    other.feed =
        gst_arcly_rtmp_feed_new (path, workers, &settings, &funcs, NULL);
    join (&other, &player);
    n[gst_arcly_rtmp_loop_get_users (f->loops[0]) == 1 ? 0 : 1]++;
    gst_arcly_rtmp_feed_free (other.feed);
    leave (&player);
  }
  g_assert_cmpint (n[0], >, 0);
  g_assert_cmpint (n[1], >, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/rtmpfeed/loops", Fixture, NULL, setup, test_loops, teardown);
  g_test_add ("/rtmpfeed/last-one-leaves", Fixture, NULL, setup,
      test_last_one_leaves, teardown);
  g_test_add (
      "/rtmpfeed/streams", Fixture, NULL, setup, test_streams, teardown);
  return g_test_run ();
}
