/* SPDX-License-Identifier: MIT
 *
 * What comes out of arclyrtmpsrc for what a publisher sends: pads, caps,
 * times. */
#include "testsrc.h"

#define DISCONT GST_BUFFER_FLAG_DISCONT
#define DELTA GST_BUFFER_FLAG_DELTA_UNIT

static void
start (TestSrc *t)
{
  test_src_start (t, "arclyrtmpsrc", GST_STATE_PLAYING);
}

static guint
expect_stream_start (TestSrc *t, TestTrack track)
{
  g_autoptr (GstEvent) event =
      test_src_next_event (t, track, GST_EVENT_STREAM_START);
  const gchar *id = NULL;
  guint group = GST_GROUP_ID_INVALID;

  gst_event_parse_stream_start (event, &id);
  fail_unless (strstr (id, "cam") == NULL, "the name may be a key: %s", id);
  fail_unless (gst_event_parse_group_id (event, &group));
  return group;
}

static void
expect_payload (TestSrc *t, TestTrack track, const gchar *text)
{
  g_autoptr (GstBuffer) buffer = test_src_next_buffer (t, track);

  fail_unless_equals_int (gst_buffer_get_size (buffer), strlen (text));
  fail_unless_equals_int (
      gst_buffer_memcmp (buffer, 0, text, strlen (text)), 0);
}

#define AVC_240                                                                \
  "video/x-h264, stream-format=avc, alignment=au, width=320, height=240, "     \
  "framerate=25/1, profile=constrained-baseline"
#define AVC_1080                                                               \
  "video/x-h264, stream-format=avc, alignment=au, width=1920, height=1080, "   \
  "framerate=30000/1001, profile=high"
#define AAC                                                                    \
  "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, rate=44100, "    \
  "channels=2"
#define MP3                                                                    \
  "audio/mpeg, mpegversion=1, layer=3, parsed=true, rate=44100, channels=2"

/* ---- pads and caps ---- */

/* Each pad starts with stream-start, caps and segment, of one group, and the
 * payload is what was sent. */
GST_START_TEST (test_h264_and_aac)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 10);
  test_peer_start (peer);
  test_peer_aac (peer, 0);
  test_peer_avc (peer, 40, 0, FALSE);
  test_src_wait_pads (&t, 2);

  fail_unless_equals_int (expect_stream_start (&t, TEST_VIDEO),
      expect_stream_start (&t, TEST_AUDIO));
  test_src_expect_caps (
      &t, TEST_VIDEO, AVC_240, test_avc_240, test_avc_240_size);
  test_src_expect_caps (&t, TEST_AUDIO, AAC, test_asc, sizeof (test_asc));
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_SEGMENT);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_SEGMENT);
  test_src_expect_event (&t, TEST_VIDEO, GST_EVENT_TAG);
  expect_payload (&t, TEST_VIDEO, "frame @0");
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DELTA);
  test_src_expect_event (&t, TEST_AUDIO, GST_EVENT_TAG);
  expect_payload (&t, TEST_AUDIO, "sound @0");
  test_src_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_mp3_and_video)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GstBuffer) buffer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_avc_header_1080 (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  test_peer_mp3 (peer, 7);
  test_src_wait_pads (&t, 2);

  expect_stream_start (&t, TEST_AUDIO);
  test_src_expect_caps (&t, TEST_AUDIO, MP3, NULL, 0);
  expect_stream_start (&t, TEST_VIDEO);
  test_src_expect_caps (
      &t, TEST_VIDEO, AVC_1080, test_avc_1080, test_avc_1080_size);
  buffer = test_src_next_buffer (&t, TEST_AUDIO);
  fail_unless_equals_int (gst_buffer_get_size (buffer), sizeof (test_mp3));
  fail_unless_equals_int (
      gst_buffer_memcmp (buffer, 0, test_mp3, sizeof (test_mp3)), 0);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 7 * GST_MSECOND);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer),
      gst_util_uint64_scale (1152, GST_SECOND, 44100));
  test_src_stop (&t);
}
GST_END_TEST;

/* Metadata that tells of one track settles it: its first frame makes the pads
 * known, no other one is waited for. */
GST_START_TEST (test_one_track_announced)
{
  TestSrc t;
  RtmpPeer *peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  test_src_wait_pads (&t, 1);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  rtmp_peer_free (peer);
  test_src_stop (&t);

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 0, 10);
  test_peer_aac_header (peer, 0);
  test_peer_aac (peer, 0);
  test_src_wait_pads (&t, 1);
  test_src_expect_frame (&t, TEST_AUDIO, 0, 0, DISCONT);
  rtmp_peer_free (peer);
  test_src_stop (&t);
}
GST_END_TEST;

/* Without metadata the other track is waited for within a bound of media
 * time, and all frames come out. */
GST_START_TEST (test_one_track_unannounced)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_avc_header (peer, 0);
  for (i = 0; i < 200; i++)
    test_peer_avc (peer, 40 * i, 0, i % 25 == 0);
  test_src_wait_pads (&t, 1);
  for (i = 0; i < 200; i++)
    test_src_expect_frame (&t, TEST_VIDEO, 40 * i, 40 * i,
        i == 0 ? DISCONT : (i % 25 ? DELTA : 0));
  test_src_stop (&t);
}
GST_END_TEST;

/* The other track may come still, on a pad that was not there. */
GST_START_TEST (test_track_appears_late)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  test_src_wait_pads (&t, 1);
  test_peer_aac_header (peer, 0);
  test_peer_aac (peer, 1000);
  test_peer_avc (peer, 1000, 0, TRUE);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO, 1000, 1000, 0);
  test_src_expect_frame (&t, TEST_AUDIO, 1000, 1000, DISCONT);
  test_src_stop (&t);
}
GST_END_TEST;

/* Encoders repeat headers: only another one is new caps, in its place. */
GST_START_TEST (test_new_caps)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  GstMiniObject *again = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_peer_avc_header (peer, 40);
  test_peer_avc (peer, 40, 0, TRUE);
  again = test_src_next (&t, TEST_VIDEO);
  fail_unless (GST_IS_BUFFER (again), "caps once more");
  gst_mini_object_unref (again);
  test_peer_avc_header_1080 (peer, 80);
  test_peer_avc (peer, 80, 0, TRUE);
  test_src_expect_caps (
      &t, TEST_VIDEO, AVC_1080, test_avc_1080, test_avc_1080_size);
  test_src_expect_frame (&t, TEST_VIDEO, 80, 80, 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- times ---- */

/* The composition time of each frame is its own; DTS are as sent. */
GST_START_TEST (test_b_frames)
{
  static const struct {
    guint dts, pts;
  } frames[] = { { 0, 80 }, { 40, 240 }, { 80, 160 }, { 120, 120 },
    { 160, 200 }, { 200, 400 } };
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  for (i = 0; i < G_N_ELEMENTS (frames); i++)
    test_peer_avc (peer, frames[i].dts, frames[i].pts - frames[i].dts, i == 0);
  for (i = 0; i < G_N_ELEMENTS (frames); i++)
    test_src_expect_frame (
        &t, TEST_VIDEO, frames[i].dts, frames[i].pts, i == 0 ? DISCONT : DELTA);
  test_src_stop (&t);
}
GST_END_TEST;

/* Both tracks have one base: audio that starts a second late stays a second
 * late. */
GST_START_TEST (test_audio_late)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 10);
  test_peer_avc_header (peer, 3000);
  for (i = 0; i < 25; i++)
    test_peer_avc (peer, 3000 + 40 * i, 0, i == 0);
  test_peer_aac_header (peer, 4000);
  test_peer_aac (peer, 4000);
  test_peer_aac (peer, 4023);
  for (i = 0; i < 25; i++)
    test_src_expect_frame (
        &t, TEST_VIDEO, 40 * i, 40 * i, i == 0 ? DISCONT : DELTA);
  test_src_expect_frame (&t, TEST_AUDIO, 1000, 1000, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 1023, 1023, 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* Headers have times, too, 0 as a rule. Only frames make the base. */
GST_START_TEST (test_headers_make_no_base)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  gst_test_clock_set_time (GST_TEST_CLOCK (t.clock), 2 * GST_SECOND);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 10);
  test_peer_avc_header (peer, 0);
  test_peer_aac_header (peer, 0);
  test_peer_avc (peer, 5000, 0, TRUE);
  test_peer_aac (peer, 5010);
  test_src_expect_frame (&t, TEST_VIDEO, 2000, 2000, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 2010, 2010, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "discontinuities"), 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* A publisher's clock that jumps is no time travel: both tracks go on where
 * they were, together, with DISCONT. */
GST_START_TEST (test_jump)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_start (peer);
  test_peer_aac (peer, 0);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 0, 0, DISCONT);
  test_peer_avc (peer, 7200000, 0, TRUE);
  test_peer_aac (peer, 7200005);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DISCONT);
  test_src_expect_frame (&t, TEST_AUDIO, 45, 45, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "discontinuities"), 1);
  test_src_stop (&t);
}
GST_END_TEST;

/* ---- what is left out ---- */

static guint
count_warnings (TestSrc *t)
{
  GstMessage *message = NULL;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_WARNING))) {
    gst_message_unref (message);
    n++;
  }
  return n;
}

/* The codec is named once, however long it is sent, and the other track goes
 * on. */
GST_START_TEST (test_unsupported_codec)
{
  static const guint8 vvc[] = { 0x90, 'v', 'v', 'c', '1', 0, 0, 0 };
  static const guint8 broken[] = { 0x17, 9, 0, 0, 0, 0 };
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_metadata (peer, 7, 10);
  rtmp_peer_send_message (peer, 9, 0, broken, sizeof (broken));
  rtmp_peer_send_message (peer, 9, 0, vvc, sizeof (vvc));
  test_peer_aac_header (peer, 0);
  for (i = 0; i < 20; i++) {
    rtmp_peer_send_message (peer, 9, i, vvc, sizeof (vvc));
    test_peer_aac (peer, i);
  }
  test_src_expect_text (&t, GST_MESSAGE_WARNING, "vvc1");
  test_src_wait_pads (&t, 1);
  for (i = 0; i < 20; i++)
    test_src_expect_frame (&t, TEST_AUDIO, i, i, i == 0 ? DISCONT : 0);
  fail_unless_equals_int (count_warnings (&t), 0);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "ignored"), 22);
  test_src_stop (&t);
}
GST_END_TEST;

/* Some encoders send messages without a byte, to be heard. */
GST_START_TEST (test_empty_messages)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint i;

  start (&t);
  peer = test_src_publish (&t);
  for (i = 0; i < 3; i++) {
    rtmp_peer_send_message (peer, 8, 90000, "", 0);
    rtmp_peer_send_message (peer, 9, 90000, "", 0);
    if (i == 0)
      test_peer_start (peer);
    else
      test_peer_avc (peer, 40 * i, 0, FALSE);
  }
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  test_src_expect_frame (&t, TEST_VIDEO, 40, 40, DELTA);
  test_src_expect_frame (&t, TEST_VIDEO, 80, 80, DELTA);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "ignored"), 0);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "dropped"), 0);
  fail_unless_equals_int (count_warnings (&t), 0);
  test_src_stop (&t);
}
GST_END_TEST;

/* Nothing that cannot be decoded comes first. */
GST_START_TEST (test_waits_for_key)
{
  TestSrc t;
  g_autoptr (RtmpPeer) peer = NULL;

  start (&t);
  peer = test_src_publish (&t);
  test_peer_avc (peer, 0, 0, TRUE); /* without a header */
  test_peer_metadata (peer, 7, 0);
  test_peer_avc_header (peer, 0);
  test_peer_avc (peer, 40, 0, FALSE);
  test_peer_avc (peer, 80, 0, TRUE);
  test_src_expect_frame (&t, TEST_VIDEO, 0, 0, DISCONT);
  fail_unless_equals_uint64 (test_src_get_stat (&t, "dropped"), 2);
  test_src_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsrc_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsrc");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_h264_and_aac);
  tcase_add_test (tcase, test_mp3_and_video);
  tcase_add_test (tcase, test_one_track_announced);
  tcase_add_test (tcase, test_one_track_unannounced);
  tcase_add_test (tcase, test_track_appears_late);
  tcase_add_test (tcase, test_new_caps);
  tcase_add_test (tcase, test_b_frames);
  tcase_add_test (tcase, test_audio_late);
  tcase_add_test (tcase, test_headers_make_no_base);
  tcase_add_test (tcase, test_jump);
  tcase_add_test (tcase, test_unsupported_codec);
  tcase_add_test (tcase, test_empty_messages);
  tcase_add_test (tcase, test_waits_for_key);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsrc);
