/* SPDX-License-Identifier: MIT
 *
 * One message, and what it is to players that take it in another form: with
 * nanoseconds, or as the only track of its kind. */
#include "testsink.h"

#include "rtmp/flvenhanced.h"
#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpsession.h"

#include <string.h>

#define VIDEO GST_ARCLY_RTMP_VIDEO_MESSAGE
#define AUDIO GST_ARCLY_RTMP_AUDIO_MESSAGE
#define MULTITRACK 2
#define MOD_EX 4
#define NANOSECONDS 8
#define FINE (MOD_EX | NANOSECONDS)

static void
push_audio (GstPad *pad, GstClockTime time)
{
  test_play_push_ns (pad, GST_CLOCK_TIME_NONE, time, TRUE, "x", 1);
}

/* Who says that it takes them gets nanoseconds, in messages with a FourCC; all
 * others get what they ever did. */
GST_START_TEST (test_nanoseconds)
{
  TestPlay t;
  g_autoptr (RtmpPeer) fine = NULL, half = NULL, legacy = NULL, late = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  /* Shown at 80.333333 ms, decoded at 40.5. */
  test_play_push_ns (t.video, 40500000, 80333333, TRUE, "xy", 2);
  push_audio (t.audio, 45999999);
  fine = test_play_player_enhanced (&t, "avc1,mp4a", FINE);
  /* ModEx without the modifier, and a codec that it does not know so. */
  half = test_play_player_enhanced (&t, "avc1,mp4a", MOD_EX);
  legacy = test_play_player_enhanced (&t, "mp4a", FINE);
  test_play_expect_hex (fine, VIDEO, 40, "9061766331");
  test_play_expect_hex (fine, VIDEO, 40,
      "9702"
      "051615"
      "01"
      "61766331"
      "000028"
      "7879");
  test_play_expect_hex (fine, AUDIO, 45,
      "90"
      "6d703461"
      "1210");
  test_play_expect_hex (fine, AUDIO, 45,
      "9702"
      "0f423f"
      "01"
      "6d703461"
      "78");
  test_play_expect_hex (half, VIDEO, 40, "1700000000");
  test_play_expect_hex (half, VIDEO, 40, "17010000287879");
  test_play_expect_hex (half, AUDIO, 45, "af001210");
  test_play_expect_hex (half, AUDIO, 45, "af0178");
  test_play_expect_hex (legacy, VIDEO, 40, "1700000000");
  test_play_expect_hex (legacy, VIDEO, 40, "17010000287879");
  test_play_expect_hex (legacy, AUDIO, 45, "906d7034611210");
  test_play_expect_hex (legacy, AUDIO, 45, "97020f423f016d70346178");

  /* Live, and for one more from the cache. */
  test_play_push_ns (t.video, 80000001, 80000001, FALSE, "z", 1);
  test_play_expect_hex (fine, VIDEO, 80,
      "a702"
      "000001"
      "03"
      "61766331"
      "7a");
  test_play_expect_hex (half, VIDEO, 80, "27010000007a");
  late = test_play_player_enhanced (&t, "*", FINE);
  test_play_expect_hex (late, VIDEO, 40, "9061766331");
  test_play_expect_hex (late, VIDEO, 40, "9702051615");
  test_play_expect_hex (late, AUDIO, 45, "906d703461");
  test_play_expect_hex (late, AUDIO, 45, "97020f423f");
  test_play_expect_hex (late, VIDEO, 80, "a702000001");
  test_play_stop (&t);
}
GST_END_TEST;

/* Frames of one buffer have their own. */
GST_START_TEST (test_split)
{
  /* Two ADTS frames of 44.1 kHz, stereo, with a byte each. */
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 0x21,
    0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 0x22 };
  TestPlay t;
  g_autoptr (RtmpPeer) fine = NULL;

  test_play_start (&t, "", FALSE, TRUE);
  test_play_begin (t.audio,
      "audio/mpeg, mpegversion=4, stream-format=adts, rate=44100, channels=2",
      NULL, 0);
  test_play_push_ns (
      t.audio, GST_CLOCK_TIME_NONE, 500000, TRUE, adts, sizeof adts);
  fine = test_play_player_enhanced (&t, "mp4a", FINE);
  test_play_expect_hex (fine, AUDIO, 0, "906d7034611210");
  test_play_expect_hex (fine, AUDIO, 0, "970207a120016d70346121");
  /* 500000 + 1024 * 10^9 / 44100 = 23719954 */
  test_play_expect_hex (fine, AUDIO, 23, "97020afc52016d70346122");
  test_play_stop (&t);
}
GST_END_TEST;

/* The time of the next frame of sound, in ns. */
static guint64
read_time (RtmpPeer *peer)
{
  for (;;) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    GstArclyFlvEx packet;
    const guint8 *data;
    gsize size;

    test_play_next (peer, AUDIO, &message);
    data = g_bytes_get_data (message.payload, &size);
    fail_unless (gst_arcly_flv_ex_parse (
        &packet, GST_ARCLY_FLV_EX_AUDIO, data, size, NULL));
    if (packet.packet == GST_ARCLY_FLV_EX_CODED_FRAMES)
      return message.timestamp * GST_MSECOND + packet.nanoseconds;
  }
}

static void
publish_frame (RtmpPeer *peer, guint32 ms, guint32 nanoseconds)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  const GstArclyFlvEx message = { .kind = GST_ARCLY_FLV_EX_AUDIO,
    .packet = GST_ARCLY_FLV_EX_CODED_FRAMES,
    .tracks = GST_ARCLY_FLV_EX_PLAIN,
    .nanoseconds = nanoseconds };
  const GstArclyFlvExSource source = {
    .fourcc = GST_ARCLY_FOURCC_AAC, .data = (const guint8 *) "x", .size = 1
  };

  gst_arcly_flv_ex_write (body, &message, &source, 1);
  rtmp_peer_send_message (peer, AUDIO, ms, body->data, body->len);
}

/* From a publisher through a bus to a player: distances stay as they were. */
GST_START_TEST (test_through)
{
  static const guint8 header[] = { 0x90, 'm', 'p', '4', 'a', 0x12, 0x10 };
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "arclyrtmpsrc name=in location=rtmp://127.0.0.1:0/live/in "
      "arclyrtmpsink name=out location=rtmp://127.0.0.1:0/live/out "
      "in.audio_0 ! arclybus name=bus bus.src_0_0 ! out.audio_0",
      NULL);
  g_autoptr (GstElement) in = NULL, out = NULL;
  g_autoptr (RtmpPeer) publisher = NULL, player = NULL;
  guint in_port = 0, out_port = 0;
  guint64 begin;

  fail_unless (pipeline != NULL);
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  fail_unless (gst_element_set_state (pipeline, GST_STATE_PLAYING) !=
               GST_STATE_CHANGE_FAILURE);
  g_object_get (in, "port", &in_port, NULL);
  g_object_get (out, "port", &out_port, NULL);

  player = rtmp_peer_new (out_port);
  fail_unless (rtmp_peer_handshake (player));
  rtmp_peer_connect_enhanced (player, "live", "mp4a", FINE);
  rtmp_peer_command (player, "play", 1, "out");
  publisher = rtmp_peer_publish (in_port, "live", "in");
  test_peer_metadata (publisher, 0, GST_ARCLY_FOURCC_AAC);
  rtmp_peer_send_message (publisher, AUDIO, 100, header, sizeof header);
  publish_frame (publisher, 100, 250000);
  publish_frame (publisher, 123, 469954);
  publish_frame (publisher, 146, 999999);
  begin = read_time (player);
  fail_unless_equals_uint64 (read_time (player) - begin, 23219954);
  fail_unless_equals_uint64 (read_time (player) - begin, 46749999);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

/* Longer than a chunk, and with a timestamp that each chunk repeats. */
GST_START_TEST (test_large)
{
  const gsize size = 3 * GST_ARCLY_RTMP_CHUNK_SIZE_OUT;
  const guint64 late = G_GUINT64_CONSTANT (0x1000001);
  g_autofree guint8 *frame = g_malloc (size);
  guint64 times[] = { 0, late };
  guint i;

  for (i = 0; i < size; i++)
    frame[i] = i % 251;
  for (i = 0; i < G_N_ELEMENTS (times); i++) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    g_autoptr (RtmpPeer) fine = NULL;
    const guint8 *data;
    gsize length;
    TestPlay t;

    test_play_start (&t, "", TRUE, FALSE);
    test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
    test_play_push_ns (t.video, times[i] * GST_MSECOND,
        times[i] * GST_MSECOND + 7, TRUE, frame, size);
    fine = test_play_player_enhanced (&t, "avc1", FINE);
    test_play_expect_hex (fine, VIDEO, (guint32) times[i], "9061766331");
    test_play_next (fine, VIDEO, &message);
    data = g_bytes_get_data (message.payload, &length);
    fail_unless_equals_int (message.timestamp, (guint32) times[i]);
    fail_unless_equals_int (length, 10 + size);
    fail_unless (memcmp (data, "\x97\x02\0\0\7\3avc1", 10) == 0);
    fail_unless (memcmp (data + 10, frame, size) == 0);
    test_play_stop (&t);
  }
}
GST_END_TEST;

/* Tracks with numbers, too; a seek is said in the form of the pictures. */
GST_START_TEST (test_fine_tracks)
{
  TestPlay t;
  GstPad *video1;
  g_autoptr (RtmpPeer) fine = NULL;

  test_play_start (&t, "replay-mode=decode-only", TRUE, FALSE);
  video1 = test_play_add_track (&t, "video_1");
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_begin (video1, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_push_ns (t.video, 1, 1, TRUE, "a", 1);
  test_play_push_ns (video1, 2, 2, TRUE, "b", 1);
  fine = test_play_player_enhanced (&t, "*", MULTITRACK | FINE);
  test_play_expect_hex (fine, VIDEO, 0, "d000");
  test_play_expect_hex (fine, VIDEO, 0, "906176633101");
  test_play_expect_hex (fine, VIDEO, 0, "9702000001036176633161");
  test_play_expect_hex (fine, VIDEO, 0, "9600617663310101");
  test_play_expect_hex (fine, VIDEO, 0, "97020000020603617663310162");
  gst_object_unref (video1);
  test_play_stop (&t);
}
GST_END_TEST;

static gdouble
get_codec (RtmpPeer *peer, const gchar *name)
{
  g_autoptr (GPtrArray) metadata = test_play_read_data (peer, 0, "onMetaData");

  return gst_arcly_amf_value_get_number (
      g_ptr_array_index (metadata, 1), name, -1);
}

/* Without a track 0 the first that there is stands for it, to those who take
 * one, as if it were; those who take several know its number. */
GST_START_TEST (test_no_track_0)
{
  TestPlay t;
  GstPad *video1, *video2, *audio3;
  g_autoptr (RtmpPeer) legacy = NULL, fine = NULL, able = NULL;

  test_play_start (&t, "", FALSE, FALSE);
  video2 = test_play_add_track (&t, "video_2");
  video1 = test_play_add_track (&t, "video_1");
  audio3 = test_play_add_track (&t, "audio_3");
  test_play_begin (video2, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_begin (video1, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_begin (audio3, TEST_AAC_CAPS, test_asc, sizeof test_asc);
  test_play_push (video2, 0, 0, TRUE, "other", 5);
  test_play_push (video1, 0, 20, TRUE, "k", 1);
  test_play_push (audio3, 5, 5, TRUE, "x", 1);
  legacy = test_play_player (&t);
  fine = test_play_player_enhanced (&t, "avc1", FINE);
  able = test_play_player_enhanced (&t, "*", MULTITRACK);
  fail_unless_equals_float (get_codec (legacy, "videocodecid"), 7);
  test_play_expect_hex (legacy, VIDEO, 0, "1700000000");
  test_play_expect_hex (legacy, VIDEO, 0, "17010000146b");
  test_play_expect_hex (legacy, AUDIO, 5, "af001210");
  test_play_expect_hex (legacy, AUDIO, 5, "af0178");
  test_play_expect_hex (fine, VIDEO, 0, "9061766331");
  test_play_expect_hex (fine, VIDEO, 0,
      "9161766331"
      "000014"
      "6b");
  test_play_expect_hex (fine, AUDIO, 5, "af001210");
  test_play_expect_hex (fine, AUDIO, 5, "af0178");
  test_play_expect_hex (able, VIDEO, 0, "96006176633102");
  test_play_expect_hex (able, VIDEO, 0, "96036176633102");
  test_play_expect_hex (able, VIDEO, 0, "96006176633101");
  test_play_expect_hex (able, VIDEO, 0, "96016176633101");
  gst_object_unref (video1);
  gst_object_unref (video2);
  gst_object_unref (audio3);
  test_play_stop (&t);
}
GST_END_TEST;

/* Once track 0 begins, it is that. */
GST_START_TEST (test_track_0_comes)
{
  TestPlay t;
  GstPad *video1;
  g_autoptr (RtmpPeer) legacy = NULL;

  test_play_start (&t, "", FALSE, FALSE);
  video1 = test_play_add_track (&t, "video_1");
  test_play_begin (video1, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_push (video1, 0, 0, TRUE, "one", 3);
  legacy = test_play_player (&t);
  test_play_expect (legacy, VIDEO, 0, "one");
  t.video = test_play_add_track (&t, "video_0");
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_push (t.video, 40, 40, TRUE, "zero", 4);
  test_play_push (video1, 40, 40, FALSE, "one", 3);
  test_play_push (t.video, 80, 80, FALSE, "zero", 4);
  test_play_expect (legacy, VIDEO, 40, "zero");
  test_play_expect (legacy, VIDEO, 80, "zero");
  gst_object_unref (video1);
  test_play_stop (&t);
}
GST_END_TEST;

static RtmpPeer *
play_on_second_stream (TestPlay *t)
{
  RtmpPeer *peer = rtmp_peer_new (t->port);

  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "play", 2, "cam");
  test_play_expect_status (peer, "NetStream.Play.Reset", "");
  test_play_expect_status (peer, "NetStream.Play.Start", "");
  return peer;
}

/* Colour is not for who knows no FourCC, on whichever message stream. */
GST_START_TEST (test_color)
{
  TestPlay t;
  GstPad *video1;
  g_autoptr (RtmpPeer) legacy = NULL, second = NULL, able = NULL;

  test_play_start (&t, "", FALSE, FALSE);
  video1 = test_play_add_track (&t, "video_1");
  test_play_begin (video1, TEST_AVC_CAPS ", colorimetry=(string)bt2100-pq",
      test_avc_240, test_avc_240_size);
  test_play_push (video1, 0, 0, TRUE, "a", 1);
  legacy = test_play_player (&t);
  second = play_on_second_stream (&t);
  able = test_play_player_enhanced (&t, "*", MULTITRACK);
  test_play_push (video1, 40, 40, FALSE, "b", 1);
  test_play_expect_hex (legacy, VIDEO, 0, "1700000000");
  test_play_expect_hex (legacy, VIDEO, 0, "170100000061");
  test_play_expect_hex (legacy, VIDEO, 40, "270100000062");
  test_play_expect_hex (second, VIDEO, 0, "1700000000");
  test_play_expect_hex (second, VIDEO, 0, "170100000061");
  test_play_expect_hex (second, VIDEO, 40, "270100000062");
  test_play_expect_hex (able, VIDEO, 0, "9600");
  test_play_expect_hex (able, VIDEO, 0, "9604");
  test_play_expect_hex (able, VIDEO, 0, "9603");
  gst_object_unref (video1);
  test_play_stop (&t);
}
GST_END_TEST;

/* How many data messages come before the video frame of that time. */
static guint
count_data (RtmpPeer *peer, guint32 until)
{
  guint n = 0;

  for (;;) {
    g_auto (GstArclyRtmpMessage) message = { 0 };

    fail_unless (rtmp_peer_read (peer, &message), "the connection ended");
    if (message.type == VIDEO && message.timestamp == until)
      return n;
    n += message.type == GST_ARCLY_RTMP_DATA_AMF0;
  }
}

static void
push_title (GstPad *pad, const gchar *title)
{
  fail_unless (gst_pad_push_event (
      pad, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, title, NULL))));
}

/* Who joins gets the newest metadata, and none that the log has before that.
 * "|RtmpSampleAccess" and the like would count, too: there is none. */
GST_START_TEST (test_metadata_once)
{
  TestPlay t;
  g_autoptr (RtmpPeer) early = NULL, live = NULL, late = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  early = test_play_ask (&t);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_video (&t, 0, TRUE);
  live = test_play_player (&t);
  test_play_video (&t, 40, FALSE);
  fail_unless_equals_int (count_data (live, 40), 1);
  fail_unless_equals_int (count_data (early, 40), 1);
  push_title (t.video, "Two");
  test_play_video (&t, 80, FALSE);
  late = test_play_player (&t);
  push_title (t.video, "Three");
  test_play_video (&t, 120, FALSE);
  fail_unless_equals_int (count_data (late, 80), 1);
  fail_unless_equals_int (count_data (late, 120), 1);
  fail_unless_equals_int (count_data (live, 120), 2);
  fail_unless_equals_int (count_data (early, 120), 2);
  test_play_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsinkforms_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsinkforms");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_nanoseconds);
  tcase_add_test (tcase, test_split);
  tcase_add_test (tcase, test_through);
  tcase_add_test (tcase, test_large);
  tcase_add_test (tcase, test_fine_tracks);
  tcase_add_test (tcase, test_no_track_0);
  tcase_add_test (tcase, test_track_0_comes);
  tcase_add_test (tcase, test_color);
  tcase_add_test (tcase, test_metadata_once);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsinkforms)
