/* SPDX-License-Identifier: MIT
 *
 * What a player gets, byte by byte. */
#include "testsink.h"

#include "rtmp/flvtag.h"
#include "rtmp/rtmpamf.h"

#include <string.h>

#define VIDEO GST_ARCLY_RTMP_VIDEO_MESSAGE
#define AUDIO GST_ARCLY_RTMP_AUDIO_MESSAGE

/* The next message but metadata has that type and body. */
static void
expect_body (RtmpPeer *peer, guint8 type, guint32 timestamp,
    const guint8 *header, gsize header_size, gconstpointer data, gsize size)
{
  g_auto (GstArclyRtmpMessage) message = { 0 };
  const guint8 *body;
  gsize length;

  do {
    gst_arcly_rtmp_message_clear (&message);
    fail_unless (rtmp_peer_read (peer, &message));
  } while (message.type == GST_ARCLY_RTMP_DATA_AMF0);
  fail_unless_equals_int (message.type, type);
  fail_unless_equals_int (message.timestamp, timestamp);
  fail_unless_equals_int (message.stream_id, 1);
  body = g_bytes_get_data (message.payload, &length);
  fail_unless_equals_int (length, header_size + size);
  fail_unless (memcmp (body, header, header_size) == 0);
  fail_unless (memcmp (body + header_size, data, size) == 0);
}

static void
expect_metadata (RtmpPeer *peer, const gchar *name, gdouble value)
{
  const GstArclyAmfLimits limits = { 8, 64 };
  g_auto (GstArclyRtmpMessage) message = { 0 };
  g_autoptr (GPtrArray) values = NULL;
  gsize size;
  const guint8 *data;

  fail_unless (rtmp_peer_read (peer, &message));
  fail_unless_equals_int (message.type, GST_ARCLY_RTMP_DATA_AMF0);
  fail_unless_equals_int (message.timestamp, 0);
  data = g_bytes_get_data (message.payload, &size);
  values = gst_arcly_amf_read (data, size, &limits, NULL);
  fail_unless (values && values->len == 2);
  fail_unless_equals_string (
      gst_arcly_amf_value_string (g_ptr_array_index (values, 0)), "onMetaData");
  fail_unless (gst_arcly_amf_value_get_number (
                   g_ptr_array_index (values, 1), name, -1) == value);
}

/* Metadata, sequence headers, the cached GOP, then what is live; times of
 * decoding and of showing as they were. */
GST_START_TEST (test_all_of_it)
{
  static const guint8 avc_header[] = { 0x17, 0, 0, 0, 0 };
  static const guint8 aac_header[] = { 0xaf, 0 };
  static const guint8 key[] = { 0x17, 1, 0, 0, 80 };
  static const guint8 inter[] = { 0x27, 1, 0xff, 0xff, 0xd8 };
  static const guint8 sound[] = { 0xaf, 1 };
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_push (t.video, 40, 120, TRUE, "key", 3);
  test_play_push (t.audio, -1, 50, TRUE, "sound", 5);
  peer = test_play_player (&t);
  expect_metadata (peer, "videocodecid", 7);
  expect_body (peer, VIDEO, 40, avc_header, 5, test_avc_240, test_avc_240_size);
  expect_body (peer, VIDEO, 40, key, 5, "key", 3);
  /* Found on the way: audio began after the keyframe. */
  expect_body (peer, AUDIO, 50, aac_header, 2, test_asc, sizeof test_asc);
  expect_body (peer, AUDIO, 50, sound, 2, "sound", 5);
  test_play_push (t.video, 80, 40, FALSE, "inter", 5);
  expect_body (peer, VIDEO, 80, inter, 5, "inter", 5);
  fail_unless_equals_int (test_play_get_stat (&t, "clients"), 1);
  test_play_stop (&t);
}
GST_END_TEST;

/* The newest keyframe comes first, and audio from there on. */
GST_START_TEST (test_late)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  gint64 ms;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  for (ms = 0; ms < 12000; ms += 40) {
    test_play_video (&t, ms, ms % 10000 == 0);
    test_play_audio (&t, ms + 5);
  }
  peer = test_play_player (&t);
  expect_metadata (peer, "audiocodecid", 10);
  test_play_expect_video (peer, 10000);
  test_play_expect_audio (peer, 10005);
  for (ms = 10040; ms < 12000; ms += 40)
    test_play_expect_video (peer, ms);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_no_replay)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "replay-mode=none", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  test_play_video (&t, 40, FALSE);
  test_play_audio (&t, 45);
  test_play_video (&t, 80, TRUE);
  test_play_audio (&t, 85);
  test_play_expect_video (peer, 80);
  test_play_expect_audio (peer, 85);
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_audio_only)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", FALSE, TRUE);
  test_play_begin (t.audio, TEST_AAC_CAPS, test_asc, sizeof test_asc);
  test_play_audio (&t, 0);
  peer = test_play_player (&t);
  test_play_expect_audio (peer, 0);
  test_play_audio (&t, 23);
  test_play_expect_audio (peer, 23);
  test_play_stop (&t);
}
GST_END_TEST;

/* Start codes become lengths, ADTS headers go, and the sequence headers are
 * made from what is in the stream. */
GST_START_TEST (test_streams_without_headers)
{
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 0x01, 0x7f, 0xfc, 'a',
    'b', 'c', 'd', 0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 'e' };
  static const guint8 avc_header[] = { 0x17, 0, 0, 0, 0 };
  static const guint8 key[] = { 0x17, 1, 0, 0, 0 };
  static const guint8 nal[] = { 0x65, 0x88, 0x84 };
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) lengths = g_byte_array_new ();
  guint8 length[4] = { 0 };
  const struct {
    const guint8 *data;
    gsize size;
  } nals[] = { { test_avc_240 + 8, 24 }, { test_avc_240 + 35, 4 },
    { nal, sizeof nal } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (nals); i++) {
    g_byte_array_append (stream, (const guint8 *) "\0\0\0\1", 4);
    g_byte_array_append (stream, nals[i].data, nals[i].size);
    length[3] = nals[i].size;
    g_byte_array_append (lengths, length, 4);
    g_byte_array_append (lengths, nals[i].data, nals[i].size);
  }
  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin (t.video, TEST_H264_CAPS, NULL, 0);
  test_play_begin (t.audio,
      "audio/mpeg, mpegversion=4, stream-format=adts, framed=true", NULL, 0);
  /* Without parameter sets nothing can be decoded. */
  test_play_push (t.video, 0, 0, FALSE, "\0\0\1\x41\x9a", 5);
  test_play_push (t.video, 40, 40, TRUE, stream->data, stream->len);
  test_play_push (t.audio, 50, 50, TRUE, adts, sizeof adts);
  peer = test_play_player (&t);
  expect_metadata (peer, "audiosamplerate", 44100);
  expect_body (peer, VIDEO, 40, avc_header, 5, test_avc_240, test_avc_240_size);
  expect_body (peer, VIDEO, 40, key, 5, lengths->data, lengths->len);
  test_play_expect (peer, AUDIO, 50, "abcd");
  test_play_expect (peer, AUDIO, 73, "e");
  test_play_stop (&t);
}
GST_END_TEST;

GST_START_TEST (test_frames_of_mp3)
{
  static const guint8 head[] = { 0x2f };
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", FALSE, TRUE);
  test_play_begin (t.audio, "audio/mpeg, mpegversion=1, layer=3", NULL, 0);
  test_play_push (t.audio, 0, 0, TRUE, test_mp3, sizeof test_mp3);
  peer = test_play_player (&t);
  expect_metadata (peer, "audiocodecid", 2);
  expect_body (peer, AUDIO, 0, head, 1, test_mp3, sizeof test_mp3);
  test_play_stop (&t);
}
GST_END_TEST;

/* Larger than a chunk, and a timestamp past 24 bits. */
GST_START_TEST (test_large)
{
  static const guint8 key[] = { 0x17, 1, 0, 0, 0 };
  const gsize size = 3 * 65536 + 17;
  g_autofree guint8 *data = g_malloc (size);
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_auto (GstArclyRtmpMessage) message = { 0 };
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = i * 31;
  test_play_start (&t, "", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_push (t.video, 0x1000010, 0x1000010, TRUE, data, size);
  peer = test_play_player (&t);
  expect_metadata (peer, "videocodecid", 7);
  test_play_next (peer, VIDEO, &message);
  fail_unless_equals_int (message.timestamp, 0x1000010);
  expect_body (peer, VIDEO, 0x1000010, key, 5, data, size);
  test_play_stop (&t);
}
GST_END_TEST;

/* A change within the stream reaches who is there and who comes. */
GST_START_TEST (test_new_caps)
{
  TestPlay t;
  g_autoptr (RtmpPeer) early = NULL, late = NULL;
  g_auto (GstArclyRtmpMessage) message = { 0 };
  gsize size;

  test_play_start (&t, "", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_video (&t, 0, TRUE);
  early = test_play_player (&t);
  test_play_expect_video (early, 0);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_1080, test_avc_1080_size);
  test_play_video (&t, 40, TRUE);
  test_play_next (early, VIDEO, &message);
  fail_unless_equals_int (message.timestamp, 40);
  fail_unless (
      memcmp ((const guint8 *) g_bytes_get_data (message.payload, &size) + 5,
          test_avc_1080, test_avc_1080_size) == 0);
  test_play_expect_video (early, 40);

  late = test_play_player (&t);
  test_play_next (late, VIDEO, &message);
  fail_unless (
      memcmp ((const guint8 *) g_bytes_get_data (message.payload, &size) + 5,
          test_avc_1080, test_avc_1080_size) == 0);
  test_play_expect_video (late, 40);
  test_play_stop (&t);
}
GST_END_TEST;

/* Bytes that one player gets are those that another gets: encoded once. */
GST_START_TEST (test_encoded_once)
{
  TestPlay t;
  g_autoptr (RtmpPeer) one = NULL, two = NULL;
  guint64 messages, bytes;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  messages = test_play_get_stat (&t, "messages");
  bytes = test_play_get_stat (&t, "bytes-encoded");
  one = test_play_player (&t);
  two = test_play_player (&t);
  test_play_expect_audio (one, 5);
  test_play_expect_audio (two, 5);
  fail_unless (test_play_get_stat (&t, "messages") == messages);
  fail_unless (test_play_get_stat (&t, "bytes-encoded") == bytes);
  /* A send is counted once the kernel has taken it, which they may be ahead of:
   * their end comes later. */
  g_clear_pointer (&one, rtmp_peer_free);
  g_clear_pointer (&two, rtmp_peer_free);
  gst_message_unref (test_play_wait_element (&t, "arcly-play-end"));
  gst_message_unref (test_play_wait_element (&t, "arcly-play-end"));
  fail_unless (test_play_get_stat (&t, "bytes-sent") > 2 * bytes);
  test_play_stop (&t);
}
GST_END_TEST;

/* What is in the log is for stream 1; others get their own number. */
GST_START_TEST (test_other_stream_id)
{
  TestPlay t;
  RtmpPeer *peer = NULL;
  g_auto (GstArclyRtmpMessage) message = { 0 };
  gint64 ms;

  test_play_start (&t, "", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  for (ms = 0; ms < 4000; ms += 40)
    test_play_video (&t, ms, ms == 0);
  peer = rtmp_peer_new (t.port);
  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "createStream", 0, NULL);
  rtmp_peer_command (peer, "play", 2, "cam");
  test_play_next (peer, VIDEO, &message);
  fail_unless_equals_int (message.stream_id, 2);
  for (ms = 0; ms < 4000; ms += 40) {
    test_play_next (peer, VIDEO, &message);
    fail_unless_equals_int (message.stream_id, 2);
    fail_unless_equals_int (message.timestamp, ms);
  }
  rtmp_peer_free (peer);
  test_play_stop (&t);
}
GST_END_TEST;

/* With an interval, what comes in it goes in one send. */
GST_START_TEST (test_send_interval)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  guint64 sends;
  gint64 ms;

  test_play_start (&t, "send-interval=10000000000", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_video (&t, 0, TRUE);
  peer = test_play_player (&t);
  test_play_expect_video (peer, 0);
  /* May be one too few, see test_encoded_once. */
  sends = test_play_get_stat (&t, "sends");
  for (ms = 40; ms <= 2000; ms += 40)
    test_play_video (&t, ms, FALSE);
  /* The end does not wait. */
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  for (ms = 40; ms <= 2000; ms += 40)
    test_play_expect_video (peer, ms);
  test_play_expect_status (peer, "NetStream.Play.UnpublishNotify", "");
  fail_unless (test_play_get_stat (&t, "sends") - sends <= 4);
  test_play_stop (&t);
}
GST_END_TEST;

/* More than a player is given in a turn, and than the system takes at once:
 * all of it, in order, and what is live then. */
GST_START_TEST (test_long_gop)
{
  static const guint8 key[] = { 0x17, 1, 0, 0, 0 }, delta[] = { 0x27, 1 };
  const gsize size = 150000;
  g_autofree guint8 *data = g_malloc0 (size);
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  gint i;

  test_play_start (&t, "", TRUE, FALSE);
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  for (i = 0; i < 30; i++) {
    memcpy (data, &i, sizeof i);
    test_play_push (t.video, i * 40, i * 40, i == 0, data, size);
  }
  peer = test_play_player (&t);
  for (i = 0; i < 30; i++) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    const guint8 *body;
    gsize length;

    do {
      gst_arcly_rtmp_message_clear (&message);
      test_play_next (peer, VIDEO, &message);
      body = g_bytes_get_data (message.payload, &length);
    } while (body[1] != 1); /* the sequence header */
    fail_unless_equals_int (length, size + 5);
    fail_unless (memcmp (body, i == 0 ? key : delta, 2) == 0);
    fail_unless (memcmp (body + 5, &i, sizeof i) == 0);
    fail_unless_equals_int (message.timestamp, i * 40);
  }
  test_play_video (&t, 1200, FALSE);
  test_play_expect_video (peer, 1200);
  test_play_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsink_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsink");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_all_of_it);
  tcase_add_test (tcase, test_late);
  tcase_add_test (tcase, test_no_replay);
  tcase_add_test (tcase, test_audio_only);
  tcase_add_test (tcase, test_streams_without_headers);
  tcase_add_test (tcase, test_frames_of_mp3);
  tcase_add_test (tcase, test_large);
  tcase_add_test (tcase, test_new_caps);
  tcase_add_test (tcase, test_encoded_once);
  tcase_add_test (tcase, test_other_stream_id);
  tcase_add_test (tcase, test_send_interval);
  tcase_add_test (tcase, test_long_gop);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsink)
