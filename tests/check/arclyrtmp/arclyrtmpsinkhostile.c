/* SPDX-License-Identifier: MIT
 *
 * Players of arclyrtmpsink that were let in, and then do what they should not:
 * one who behaves is there all the time and loses nothing. And its limits. */
#include "testsink.h"

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

#define VANISHING 60

typedef struct {
  TestPlay t;
  RtmpPeer *good;
  gint64 next; /* frame */
} Stage;

static void
begin_video (TestPlay *t)
{
  test_play_begin (t->video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
}

static void
start (Stage *s)
{
  test_play_start (&s->t, "", TRUE, FALSE);
  begin_video (&s->t);
  test_play_video (&s->t, 0, TRUE);
  s->next = 40;
  s->good = test_play_player (&s->t);
  test_play_expect_video (s->good, 0);
}

static void
check (Stage *s)
{
  test_play_video (&s->t, s->next, FALSE);
  test_play_expect_video (s->good, s->next);
  s->next += 40;
}

static void
stop (Stage *s)
{
  check (s);
  rtmp_peer_free (s->good);
  test_play_stop (&s->t);
}

GST_START_TEST (test_garbage)
{
  g_autoptr (RtmpPeer) bad = NULL;
  guint8 garbage[4096];
  Stage s;

  start (&s);
  bad = test_play_player (&s.t);
  memset (garbage, 0xff, sizeof garbage);
  rtmp_peer_send (bad, garbage, sizeof garbage);
  check (&s);
  fail_unless (rtmp_peer_wait_closed (bad));
  stop (&s);
}
GST_END_TEST;

/* Objects in objects, 100,000 deep, in a command of a player. */
GST_START_TEST (test_deep_command)
{
  static const guint8 member[] = { 0x03, 0x00, 0x01, 'a' };
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (RtmpPeer) bad = NULL;
  Stage s;
  guint i;

  start (&s);
  bad = test_play_player (&s.t);
  gst_arcly_amf_write_string ("pause", body);
  gst_arcly_amf_write_number (0, body);
  for (i = 0; i < 100000; i++)
    g_byte_array_append (body, member, sizeof member);
  rtmp_peer_send_message (
      bad, GST_ARCLY_RTMP_COMMAND_AMF0, 0, body->data, body->len);
  check (&s);
  fail_unless (rtmp_peer_wait_closed (bad));
  stop (&s);
}
GST_END_TEST;

/* It makes us answer, and does not read: what is kept for it is bounded. */
GST_START_TEST (test_asks_and_does_not_read)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (RtmpPeer) bad = NULL;
  guint64 asked = 0;
  Stage s;

  start (&s);
  bad = test_play_player (&s.t);
  gst_arcly_amf_write_string ("createStream", body);
  gst_arcly_amf_write_number (3, body);
  gst_arcly_amf_write_null (body);
  gst_arcly_rtmp_chunk_write (out, GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE, 3,
      GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
  while (rtmp_peer_send (bad, out->data, out->len)) {
    fail_unless (++asked < 1000000);
    if (asked % 1000 == 0)
      check (&s);
  }
  stop (&s);
}
GST_END_TEST;

/* At once, at any stage, in both ways to go. */
GST_START_TEST (test_vanishing)
{
  Stage s;
  guint i;

  start (&s);
  for (i = 0; i < VANISHING; i++) {
    RtmpPeer *peer = i % 3 == 0   ? test_play_player (&s.t)
                     : i % 3 == 1 ? test_play_ask (&s.t)
                                  : rtmp_peer_new (s.t.port);

    if (i % 2)
      rtmp_peer_reset (peer);
    else
      rtmp_peer_free (peer);
    check (&s);
  }
  /* Each is seen to be gone. */
  for (i = 0; i < VANISHING / 3; i++)
    gst_message_unref (test_play_wait_element (&s.t, "arcly-play-end"));
  stop (&s);
}
GST_END_TEST;

/* Publishes on the connection that plays, and plays what it has no name of. */
GST_START_TEST (test_other_commands)
{
  g_autoptr (RtmpPeer) bad = NULL;
  Stage s;

  start (&s);
  bad = test_play_player (&s.t);
  rtmp_peer_command (bad, "createStream", 0, NULL);
  rtmp_peer_command (bad, "publish", 2, "cam");
  test_play_expect_status (bad, "NetStream.Publish.Denied", "plays");
  rtmp_peer_command (bad, "play", 1, "nope");
  rtmp_peer_send_video (bad, 0, 100);
  check (&s);
  stop (&s);
}
GST_END_TEST;

/* On a port with players only, and on one with a publisher's element that has
 * the defaults. */
GST_START_TEST (test_limits)
{
  TestPlay t;
  GstElement *src = NULL;
  g_autoptr (RtmpPeer) waiting = NULL, player = NULL, late = NULL;
  g_autofree gchar *description = NULL;
  guint connections = 0, depth = 0;

  test_play_start (&t, "max-connections=2 max-amf-depth=5", TRUE, FALSE);
  g_object_get (t.element, "max-connections", &connections, "max-amf-depth",
      &depth, NULL);
  fail_unless_equals_int (connections, 2);
  fail_unless_equals_int (depth, 5);
  description = g_strdup_printf (
      "arclyrtmpsrc location=rtmp://127.0.0.1:%u/live/in", t.port);
  src = gst_parse_launch (description, NULL);
  gst_bin_add (GST_BIN (t.pipeline), src);
  if (__i__ > 0)
    fail_unless (gst_element_sync_state_with_parent (src));
  begin_video (&t);
  test_play_video (&t, 0, TRUE);

  player = test_play_player (&t); /* counts no more */
  waiting = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_handshake (waiting));
  g_clear_pointer (&player, rtmp_peer_free);
  player = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_handshake (player));
  late = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_wait_closed (late));
  test_play_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsinkhostile_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsinkhostile");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_garbage);
  tcase_add_test (tcase, test_deep_command);
  tcase_add_test (tcase, test_asks_and_does_not_read);
  tcase_add_test (tcase, test_vanishing);
  tcase_add_test (tcase, test_other_commands);
  tcase_add_loop_test (tcase, test_limits, 0, 2);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsinkhostile);
