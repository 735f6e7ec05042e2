/* SPDX-License-Identifier: MIT
 *
 * Who gets which tracks, and what is said about them. */
#include "testsink.h"

#include "rtmp/rtmpamf.h"

#include <string.h>

#define VIDEO GST_ARCLY_RTMP_VIDEO_MESSAGE
#define AUDIO GST_ARCLY_RTMP_AUDIO_MESSAGE
#define MULTITRACK 2
#define NO_TRACK "NetStream.Play.NoSupportedTrackFound"

#define OPUS_CAPS                                                              \
  "audio/x-opus, channel-mapping-family=0, channels=2, rate=48000"

/* A key frame of 320x180, and what is enough for another frame. */
static const guint8 vp9_key[] = { 0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xf0,
  0x0b, 0x30, 0x00 };
static const guint8 vp9_inter[] = { 0x86 };

static void
push_vp9 (GstPad *pad, gint64 ms, gboolean key)
{
  test_play_push (pad, ms, ms, key, key ? vp9_key : vp9_inter,
      key ? sizeof vp9_key : sizeof vp9_inter);
}

static void
begin_vp9 (GstPad *pad)
{
  test_play_begin (pad, "video/x-vp9, width=320, height=180", NULL, 0);
}

static void
expect_end (RtmpPeer *peer)
{
  test_play_expect_status (
      peer, "NetStream.Play.UnpublishNotify", "The stream has ended");
}

GST_START_TEST (test_unannounced)
{
  TestPlay t;
  g_autoptr (RtmpPeer) legacy = NULL, other = NULL, able = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_vp9 (t.video);
  push_vp9 (t.video, 40, TRUE);
  legacy = test_play_ask (&t);
  test_play_expect_status (legacy, NO_TRACK, "video \"vp09\"");
  fail_unless (rtmp_peer_wait_closed (legacy));
  other = test_play_ask_enhanced (&t, "hvc1,av01,Opus", 15);
  test_play_expect_status (other, NO_TRACK, "video \"vp09\"");
  able = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (able, VIDEO, 40,
      "9076703039"
      "00");
  test_play_expect_hex (able, VIDEO, 40,
      "9176703039"
      "82498342");
  push_vp9 (t.video, 80, FALSE);
  test_play_expect_hex (able, VIDEO, 80,
      "a176703039"
      "86");
  test_play_stop (&t);
}
GST_END_TEST;

/* One that can play the sound gets that, and a warning. */
GST_START_TEST (test_half)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  begin_vp9 (t.video);
  test_play_begin (t.audio, TEST_AAC_CAPS, test_asc, sizeof test_asc);
  push_vp9 (t.video, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  test_play_expect_status (peer, NO_TRACK, "video \"vp09\"");
  push_vp9 (t.video, 40, FALSE);
  test_play_audio (&t, 45);
  push_vp9 (t.video, 80, TRUE);
  /* Live from where it came: nothing of the video can be a start. */
  test_play_expect_hex (peer, AUDIO, 45, "af001210");
  test_play_expect_hex (peer, AUDIO, 45, "af01");
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  fail_unless (gst_pad_push_event (t.audio, gst_event_new_eos ()));
  expect_end (peer);
  test_play_stop (&t);
}
GST_END_TEST;

/* Who says that it takes several tracks gets them; others the first of each. */
GST_START_TEST (test_multitrack)
{
  TestPlay t;
  GstPad *video1, *audio1;
  g_autoptr (RtmpPeer) all = NULL, first = NULL, some = NULL;
  g_autoptr (GPtrArray) metadata = NULL;
  const GstArclyAmfValue *map;

  test_play_start (&t, "", TRUE, TRUE);
  video1 = test_play_add_track (&t, "video_1");
  audio1 = test_play_add_track (&t, "audio_1");
  test_play_begin_all (&t);
  begin_vp9 (video1);
  test_play_begin (audio1, OPUS_CAPS, NULL, 0);
  push_vp9 (video1, 0, TRUE);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  test_play_push (audio1, 6, 6, TRUE, "opus", 4);

  all = test_play_player_enhanced (&t, "*", MULTITRACK);
  metadata = test_play_read_data (all, 0, "onMetaData");
  map = gst_arcly_amf_value_get (
      g_ptr_array_index (metadata, 1), "videoTrackIdInfoMap");
  map = gst_arcly_amf_value_get (map, "1");
  fail_unless (
      gst_arcly_amf_value_get_number (map, "videocodecid", 0) == 0x76703039);
  fail_unless (gst_arcly_amf_value_get_number (map, "width", 0) == 320);
  fail_unless (gst_arcly_amf_value_get_number (
                   g_ptr_array_index (metadata, 1), "videocodecid", 0) == 7);
  test_play_expect_hex (all, VIDEO, 0,
      "9600"
      "76703039"
      "01"
      "00");
  test_play_expect_hex (all, VIDEO, 0,
      "9601"
      "76703039"
      "01"
      "82498342");
  test_play_expect_hex (all, VIDEO, 0, "1700000000");
  test_play_expect_hex (all, VIDEO, 0, "1701000000");
  test_play_expect_hex (all, AUDIO, 5, "af00");
  test_play_expect_hex (all, AUDIO, 5, "af01");
  test_play_expect_hex (all, AUDIO, 6,
      "9500"
      "4f707573"
      "01"
      "4f70757348656164");
  test_play_expect_hex (all, AUDIO, 6,
      "9501"
      "4f707573"
      "01"
      "6f707573");

  first = test_play_player_enhanced (&t, "*", 0);
  test_play_expect_hex (first, VIDEO, 0, "1700000000");
  test_play_expect_hex (first, VIDEO, 0, "1701000000");
  test_play_expect_hex (first, AUDIO, 5, "af00");
  test_play_expect_hex (first, AUDIO, 5, "af01");
  some = test_play_player_enhanced (&t, "Opus", MULTITRACK);
  test_play_expect_hex (some, VIDEO, 0, "1700000000");
  test_play_expect_hex (some, VIDEO, 0, "1701000000");
  test_play_expect_hex (some, AUDIO, 5, "af00");
  test_play_expect_hex (some, AUDIO, 5, "af01");
  test_play_expect_hex (some, AUDIO, 6, "9500");
  test_play_expect_hex (some, AUDIO, 6, "9501");

  push_vp9 (video1, 40, FALSE);
  test_play_video (&t, 40, FALSE);
  test_play_expect_hex (all, VIDEO, 40,
      "a601"
      "76703039"
      "01"
      "86");
  test_play_expect_hex (all, VIDEO, 40, "2701");
  test_play_expect_hex (first, VIDEO, 40, "2701");
  test_play_expect_hex (some, VIDEO, 40, "2701");
  /* It ends with the last of them, for those who had few, too. */
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  fail_unless (gst_pad_push_event (t.audio, gst_event_new_eos ()));
  push_vp9 (video1, 80, FALSE);
  test_play_expect_hex (all, VIDEO, 80, "a601");
  fail_unless (gst_pad_push_event (video1, gst_event_new_eos ()));
  fail_unless (gst_pad_push_event (audio1, gst_event_new_eos ()));
  expect_end (all);
  expect_end (first);
  expect_end (some);
  gst_object_unref (video1);
  gst_object_unref (audio1);
  test_play_stop (&t);
}
GST_END_TEST;

/* Each of several videos begins with a keyframe of its own. */
GST_START_TEST (test_each_begins_with_key)
{
  TestPlay t;
  GstPad *video1;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "replay-mode=none", TRUE, FALSE);
  video1 = test_play_add_track (&t, "video_1");
  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  begin_vp9 (video1);
  push_vp9 (video1, 0, TRUE);
  test_play_video (&t, 0, TRUE);
  peer = test_play_player_enhanced (&t, "*", MULTITRACK);
  push_vp9 (video1, 40, FALSE);
  test_play_video (&t, 40, FALSE);
  test_play_video (&t, 80, TRUE);
  push_vp9 (video1, 80, FALSE);
  test_play_video (&t, 120, FALSE);
  push_vp9 (video1, 120, TRUE);
  push_vp9 (video1, 160, FALSE);
  test_play_expect_hex (peer, VIDEO, 80, "1700");
  test_play_expect_hex (peer, VIDEO, 80, "9600");
  test_play_expect_hex (peer, VIDEO, 80, "1701");
  test_play_expect_hex (peer, VIDEO, 120, "2701");
  test_play_expect_hex (peer, VIDEO, 120, "9601");
  test_play_expect_hex (peer, VIDEO, 160, "a601");
  gst_object_unref (video1);
  test_play_stop (&t);
}
GST_END_TEST;

/* A codec that comes in the middle goes to who can play it; the others keep
 * the sound, and have the picture back with the codec that they know. */
GST_START_TEST (test_codec_changes)
{
  TestPlay t;
  g_autoptr (RtmpPeer) legacy = NULL, able = NULL;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  legacy = test_play_player (&t);
  able = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_audio (legacy, 5);
  test_play_expect_audio (able, 5);

  begin_vp9 (t.video);
  push_vp9 (t.video, 40, TRUE);
  test_play_expect_status (legacy, NO_TRACK, "video \"vp09\"");
  test_play_audio (&t, 45);
  push_vp9 (t.video, 80, FALSE);
  test_play_expect_hex (able, VIDEO, 40, "9076703039");
  test_play_expect_hex (able, VIDEO, 40, "9176703039");
  test_play_expect_hex (able, AUDIO, 45, "af01");
  test_play_expect_hex (able, VIDEO, 80, "a176703039");
  test_play_expect_hex (legacy, AUDIO, 45, "af01");

  test_play_begin (t.video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_video (&t, 120, TRUE);
  test_play_audio (&t, 125);
  test_play_video (&t, 160, FALSE);
  test_play_expect_hex (able, VIDEO, 120, "1700");
  test_play_expect_video (able, 120);
  test_play_expect_video (legacy, 120);
  test_play_expect_audio (legacy, 125);
  test_play_expect_video (legacy, 160);
  test_play_stop (&t);
}
GST_END_TEST;

/* And who can play nothing of it any more is told so. */
GST_START_TEST (test_codec_changes_to_nothing)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;

  test_play_start (&t, "", FALSE, TRUE);
  test_play_begin (t.audio, TEST_AAC_CAPS, test_asc, sizeof test_asc);
  test_play_audio (&t, 0);
  peer = test_play_player (&t);
  test_play_expect_audio (peer, 0);
  test_play_begin (t.audio, OPUS_CAPS, NULL, 0);
  test_play_audio (&t, 20);
  test_play_expect_status (peer, NO_TRACK, "audio \"Opus\"");
  fail_unless (rtmp_peer_wait_closed (peer));
  test_play_stop (&t);
}
GST_END_TEST;

/* Another colour waits for a keyframe, at which players may begin. */
GST_START_TEST (test_color)
{
  TestPlay t;
  g_autoptr (RtmpPeer) early = NULL, late = NULL;

  test_play_start (&t, "", TRUE, FALSE);
  begin_vp9 (t.video);
  push_vp9 (t.video, 0, TRUE);
  early = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (early, VIDEO, 0, "9076703039");
  test_play_expect_hex (early, VIDEO, 0, "9176703039");
  test_play_begin (
      t.video, "video/x-vp9, colorimetry=(string)bt2100-pq", NULL, 0);
  push_vp9 (t.video, 40, FALSE);
  late = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (late, VIDEO, 0, "9076703039");
  test_play_expect_hex (late, VIDEO, 0, "9176703039");
  push_vp9 (t.video, 80, TRUE);
  test_play_expect_hex (early, VIDEO, 40, "a176703039");
  test_play_expect_hex (early, VIDEO, 80, "9076703039");
  test_play_expect_hex (early, VIDEO, 80, "9476703039020009636f6c6f72496e666f");
  test_play_expect_hex (early, VIDEO, 80, "9176703039");
  g_clear_pointer (&late, rtmp_peer_free);
  /* Who begins there gets each once. */
  late = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (late, VIDEO, 80, "9076703039");
  test_play_expect_hex (late, VIDEO, 80, "9476703039");
  test_play_expect_hex (late, VIDEO, 80, "9176703039");
  push_vp9 (t.video, 120, TRUE);
  g_clear_pointer (&late, rtmp_peer_free);
  late = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (late, VIDEO, 120, "9076703039");
  test_play_expect_hex (late, VIDEO, 120, "9476703039");
  test_play_expect_hex (late, VIDEO, 120, "9176703039");
  test_play_stop (&t);
}
GST_END_TEST;

/* What is past is marked, with the codec's own command; its sound is left out,
 * but not what the sound begins with. */
GST_START_TEST (test_decode_only)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL, again = NULL, ended = NULL;

  test_play_start (&t, "replay-mode=decode-only", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  test_play_video (&t, 40, FALSE);
  peer = test_play_player (&t);
  test_play_expect_hex (peer, VIDEO, 0, "5700");
  test_play_expect_hex (peer, VIDEO, 0, "1700");
  test_play_expect_video (peer, 0);
  test_play_expect_hex (peer, AUDIO, 5, "af00");
  test_play_expect_video (peer, 40);
  test_play_audio (&t, 45);
  test_play_video (&t, 80, FALSE);
  test_play_expect_hex (peer, VIDEO, 45, "5701");
  test_play_expect_audio (peer, 45);
  test_play_expect_video (peer, 80);
  test_play_audio (&t, 85);
  test_play_video (&t, 120, FALSE);
  test_play_expect_audio (peer, 85);
  test_play_expect_video (peer, 120);

  begin_vp9 (t.video);
  push_vp9 (t.video, 160, TRUE);
  again = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (again, AUDIO, 160, "af00");
  test_play_expect_hex (again, VIDEO, 160, "d000");
  test_play_expect_hex (again, VIDEO, 160, "9076703039");
  test_play_expect_hex (again, VIDEO, 160, "9176703039");
  push_vp9 (t.video, 200, FALSE);
  test_play_expect_hex (again, VIDEO, 200, "d001");
  test_play_expect_hex (again, VIDEO, 200, "a176703039");

  /* Nothing to show comes any more: it ends all the same. */
  ended = test_play_player_enhanced (&t, "vp09", 0);
  test_play_expect_hex (ended, AUDIO, 160, "af00");
  test_play_expect_hex (ended, VIDEO, 160, "d000");
  fail_unless (gst_pad_push_event (t.video, gst_event_new_eos ()));
  fail_unless (gst_pad_push_event (t.audio, gst_event_new_eos ()));
  expect_end (ended);
  expect_end (again);
  test_play_stop (&t);
}
GST_END_TEST;

static void
push_tags (GstPad *pad, const gchar *text)
{
  GstTagList *tags = gst_tag_list_new_from_string (text);

  fail_unless (tags != NULL);
  fail_unless (gst_pad_push_event (pad, gst_event_new_tag (tags)));
}

/* Caps and tags make onMetaData; what is new in them makes another. */
GST_START_TEST (test_metadata)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  const GstArclyAmfValue *values;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin (t.video,
      TEST_AVC_CAPS ", width=320, height=240, framerate=(fraction)25/1",
      test_avc_240, test_avc_240_size);
  test_play_begin (t.audio, TEST_AAC_CAPS, test_asc, sizeof test_asc);
  push_tags (t.video,
      "taglist, title=(string)\"One\", encoder=(string)obs, "
      "bitrate=(uint)2500000, extended-comment=(string){ \"a=b=c\", \"n=1.5\", "
      "\"yes=true\", \"zip=0123\", \"width=9\", \"nothing\" }");
  push_tags (t.audio, "taglist, language-code=(string)de, title=(string)Two");
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  before = test_play_read_data (peer, 0, "onMetaData");
  values = g_ptr_array_index (before, 1);
#define STRING(name) gst_arcly_amf_value_get_string (values, name)
#define NUMBER(name) gst_arcly_amf_value_get_number (values, name, -1)
  fail_unless_equals_string (STRING ("title"), "One");
  fail_unless_equals_string (STRING ("encoder"), "obs");
  fail_unless_equals_string (STRING ("language"), "de");
  fail_unless_equals_string (STRING ("a"), "b=c");
  fail_unless_equals_string (STRING ("zip"), "0123");
  fail_unless_equals_float (NUMBER ("n"), 1.5);
  fail_unless (gst_arcly_amf_value_boolean (
      gst_arcly_amf_value_get (values, "yes"), FALSE));
  fail_unless_equals_float (NUMBER ("videodatarate"), 2500);
  fail_unless_equals_float (NUMBER ("width"), 320);
  fail_unless_equals_float (NUMBER ("framerate"), 25);
  fail_unless_equals_float (NUMBER ("audiosamplerate"), 44100);

  /* A measured bitrate is no news, another title is. */
  push_tags (t.video, "taglist, bitrate=(uint)2600000");
  test_play_video (&t, 40, FALSE);
  push_tags (t.video, "taglist, title=(string)Three");
  test_play_video (&t, 80, FALSE);
  test_play_expect_video (peer, 0);
  test_play_expect_video (peer, 40);
  after = test_play_read_data (peer, 0, "onMetaData");
  values = g_ptr_array_index (after, 1);
  fail_unless_equals_string (STRING ("title"), "Three");
  fail_unless_equals_string (STRING ("language"), "de");
  test_play_expect_video (peer, 80);
  test_play_stop (&t);
}
GST_END_TEST;

static GstEvent *
make_data (const gchar *name)
{
  g_autoptr (GVariant) arguments = g_variant_ref_sink (g_variant_new_parsed (
      "[<{'text': <'hello'>, 'list': <[<1.5>, <true>]>, 'n': <int32 7>}>]"));

  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("arcly-rtmp-data", "name", G_TYPE_STRING, name,
          "timestamp", G_TYPE_INT64, (gint64) 0, "arguments", G_TYPE_VARIANT,
          arguments, NULL));
}

/* An event that goes down all pads is one message, at its place. */
GST_START_TEST (test_data)
{
  TestPlay t;
  g_autoptr (RtmpPeer) peer = NULL;
  g_autoptr (GPtrArray) values = NULL, last = NULL;
  g_autoptr (GstEvent) event = make_data ("onTextData");
  const GstArclyAmfValue *object;

  test_play_start (&t, "", TRUE, TRUE);
  test_play_begin_all (&t);
  test_play_video (&t, 0, TRUE);
  test_play_audio (&t, 5);
  peer = test_play_player (&t);
  test_play_video (&t, 40, FALSE);
  fail_unless (gst_pad_push_event (t.video, gst_event_ref (event)));
  fail_unless (gst_pad_push_event (t.audio, gst_event_ref (event)));
  fail_unless (gst_pad_push_event (
      t.video, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                   gst_structure_new_empty ("something-else"))));
  test_play_video (&t, 80, FALSE);
  fail_unless (gst_pad_push_event (t.video, make_data ("onCuePoint")));
  test_play_video (&t, 120, FALSE);

  values = test_play_read_data (peer, 40, "onTextData");
  object = g_ptr_array_index (values, 1);
  fail_unless_equals_string (
      gst_arcly_amf_value_get_string (object, "text"), "hello");
  fail_unless (gst_arcly_amf_value_get_number (object, "n", 0) == 7);
  object = gst_arcly_amf_value_get (object, "list");
  fail_unless_equals_int (gst_arcly_amf_value_n_members (object), 2);
  last = test_play_read_data (peer, 80, "onCuePoint");
  test_play_stop (&t);
}
GST_END_TEST;

static Suite *
arclyrtmpsinktracks_suite (void)
{
  Suite *suite = suite_create ("arclyrtmpsinktracks");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_unannounced);
  tcase_add_test (tcase, test_half);
  tcase_add_test (tcase, test_multitrack);
  tcase_add_test (tcase, test_each_begins_with_key);
  tcase_add_test (tcase, test_codec_changes);
  tcase_add_test (tcase, test_codec_changes_to_nothing);
  tcase_add_test (tcase, test_color);
  tcase_add_test (tcase, test_decode_only);
  tcase_add_test (tcase, test_metadata);
  tcase_add_test (tcase, test_data);
  return suite;
}

GST_CHECK_MAIN (arclyrtmpsinktracks)
