/* SPDX-License-Identifier: MIT */
#include "testsink.h"

#include <string.h>

#include "rtmp/rtmpamf.h"

#define WAIT (10 * GST_SECOND)

GstPad *
test_play_add_track (TestPlay *t, const gchar *name)
{
  GstPad *sink = gst_element_request_pad_simple (t->element, name);
  GstPad *pad = gst_pad_new (name, GST_PAD_SRC);

  fail_unless (sink != NULL);
  gst_pad_set_active (pad, TRUE);
  fail_unless_equals_int (gst_pad_link (pad, sink), GST_PAD_LINK_OK);
  gst_object_unref (sink);
  return pad;
}

void
test_play_start (
    TestPlay *t, const gchar *options, gboolean video, gboolean audio)
{
  g_autofree gchar *description = g_strdup_printf (
      "arclyrtmpsink name=sink location=rtmp://127.0.0.1:0/live/cam "
      "setup-timeout=600000000000 %s",
      options);

  t->pipeline = gst_pipeline_new (NULL);
  t->element = gst_parse_launch (description, NULL);
  fail_unless (t->element != NULL);
  gst_bin_add (GST_BIN (t->pipeline), t->element);
  t->bus = gst_element_get_bus (t->pipeline);
  t->video = video ? test_play_add_track (t, "video_0") : NULL;
  t->audio = audio ? test_play_add_track (t, "audio_0") : NULL;
  fail_unless_equals_int (
      gst_element_set_state (t->pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (t->element, "port", &t->port, NULL);
  fail_unless (t->port > 0);
}

void
test_play_stop (TestPlay *t)
{
  gst_element_set_state (t->pipeline, GST_STATE_NULL);
  gst_clear_object (&t->video);
  gst_clear_object (&t->audio);
  gst_object_unref (t->bus);
  gst_object_unref (t->pipeline);
}

void
test_play_begin (
    GstPad *pad, const gchar *caps, const guint8 *codec_data, gsize size)
{
  g_autoptr (GstCaps) full = gst_caps_from_string (caps);
  GstSegment segment;

  if (codec_data) {
    g_autoptr (GstBuffer) buffer =
        gst_buffer_new_memdup ((gpointer) codec_data, size);

    gst_caps_set_simple (full, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
  }
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_pad_push_event (pad, gst_event_new_stream_start ("test")));
  fail_unless (gst_pad_push_event (pad, gst_event_new_caps (full)));
  fail_unless (gst_pad_push_event (pad, gst_event_new_segment (&segment)));
}

void
test_play_begin_all (TestPlay *t)
{
  test_play_begin (t->video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
  test_play_begin (t->audio, TEST_AAC_CAPS, test_asc, sizeof test_asc);
}

void
test_play_push_ns (GstPad *pad, GstClockTime dts, GstClockTime pts,
    gboolean key, gconstpointer data, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_memdup ((gpointer) data, size);

  GST_BUFFER_DTS (buffer) = dts;
  GST_BUFFER_PTS (buffer) = pts;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless_equals_int (gst_pad_push (pad, buffer), GST_FLOW_OK);
}

void
test_play_push (GstPad *pad, gint64 dts, gint64 pts, gboolean key,
    gconstpointer data, gsize size)
{
  test_play_push_ns (pad,
      dts >= 0 ? (GstClockTime) dts * GST_MSECOND : GST_CLOCK_TIME_NONE,
      pts * GST_MSECOND, key, data, size);
}

void
test_play_video (TestPlay *t, gint64 dts, gboolean key)
{
  g_autofree gchar *text = g_strdup_printf ("video @%" G_GINT64_FORMAT, dts);

  test_play_push (t->video, dts, dts, key, text, strlen (text));
}

void
test_play_audio (TestPlay *t, gint64 dts)
{
  g_autofree gchar *text = g_strdup_printf ("audio @%" G_GINT64_FORMAT, dts);

  test_play_push (t->audio, dts, dts, TRUE, text, strlen (text));
}

guint64
test_play_get_stat (TestPlay *t, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  g_object_get (t->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

GstMessage *
test_play_wait_element (TestPlay *t, const gchar *name)
{
  for (;;) {
    GstMessage *message = gst_bus_timed_pop_filtered (
        t->bus, WAIT, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    fail_unless (message != NULL, "no message %s", name);
    fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT);
    if (gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
}

RtmpPeer *
test_play_ask_enhanced (TestPlay *t, const gchar *fourccs, guint caps_ex)
{
  RtmpPeer *peer = rtmp_peer_new (t->port);

  fail_unless (rtmp_peer_handshake (peer));
  if (fourccs)
    rtmp_peer_connect_enhanced (peer, "live", fourccs, caps_ex);
  else
    rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "play", 1, "cam");
  return peer;
}

RtmpPeer *
test_play_ask (TestPlay *t)
{
  return test_play_ask_enhanced (t, NULL, 0);
}

RtmpPeer *
test_play_player_enhanced (TestPlay *t, const gchar *fourccs, guint caps_ex)
{
  RtmpPeer *peer = test_play_ask_enhanced (t, fourccs, caps_ex);

  test_play_expect_status (peer, "NetStream.Play.Reset", "");
  test_play_expect_status (peer, "NetStream.Play.Start", "");
  return peer;
}

RtmpPeer *
test_play_player (TestPlay *t)
{
  return test_play_player_enhanced (t, NULL, 0);
}

void
test_play_expect_status (RtmpPeer *peer, const gchar *code, const gchar *text)
{
  g_autofree gchar *status = rtmp_peer_wait_status (peer);
  g_autofree gchar *start = g_strdup_printf ("%s: ", code);

  fail_unless (
      status && g_str_has_prefix (status, start) && strstr (status, text),
      "status %s, expected %s", status, code);
}

void
test_play_next (RtmpPeer *peer, guint8 type, GstArclyRtmpMessage *message)
{
  do {
    gst_arcly_rtmp_message_clear (message);
    fail_unless (rtmp_peer_read (peer, message), "the connection ended");
  } while (message->type != type);
}

void
test_play_expect (
    RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *payload)
{
  gsize header = type == GST_ARCLY_RTMP_VIDEO_MESSAGE ? 5 : 2;
  g_auto (GstArclyRtmpMessage) message = { 0 };
  const gchar *data;
  gsize size;

  do {
    test_play_next (peer, type, &message);
    data = g_bytes_get_data (message.payload, &size);
    fail_unless (size >= header);
  } while (data[1] == 0);
  fail_unless (size - header == strlen (payload) &&
                   memcmp (data + header, payload, size - header) == 0,
      "got \"%.*s\" instead of \"%s\"", (gint) MIN (size - header, 40),
      data + header, payload);
  fail_unless_equals_int (message.timestamp, timestamp);
}

void
test_play_expect_video (RtmpPeer *peer, guint32 timestamp)
{
  g_autofree gchar *text = g_strdup_printf ("video @%u", timestamp);

  test_play_expect (peer, GST_ARCLY_RTMP_VIDEO_MESSAGE, timestamp, text);
}

void
test_play_expect_audio (RtmpPeer *peer, guint32 timestamp)
{
  g_autofree gchar *text = g_strdup_printf ("audio @%u", timestamp);

  test_play_expect (peer, GST_ARCLY_RTMP_AUDIO_MESSAGE, timestamp, text);
}

void
test_play_expect_hex (
    RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *hex)
{
  g_auto (GstArclyRtmpMessage) message = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  const guint8 *data;
  gsize size, i;

  do {
    gst_arcly_rtmp_message_clear (&message);
    fail_unless (rtmp_peer_read (peer, &message), "the connection ended");
  } while (message.type != GST_ARCLY_RTMP_VIDEO_MESSAGE &&
           message.type != GST_ARCLY_RTMP_AUDIO_MESSAGE);
  data = g_bytes_get_data (message.payload, &size);
  for (i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  fail_unless (g_str_has_prefix (text->str, hex), "type %u, %u ms: %s, not %s",
      message.type, message.timestamp, text->str, hex);
  fail_unless_equals_int (message.type, type);
  fail_unless_equals_int (message.timestamp, timestamp);
}

GPtrArray *
test_play_read_data (RtmpPeer *peer, guint32 timestamp, const gchar *name)
{
  const GstArclyAmfLimits limits = { 8, 256 };

  for (;;) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    g_autoptr (GPtrArray) values = NULL;
    gsize size;
    const guint8 *data;

    test_play_next (peer, GST_ARCLY_RTMP_DATA_AMF0, &message);
    data = g_bytes_get_data (message.payload, &size);
    values = gst_arcly_amf_read (data, size, &limits, NULL);
    fail_unless (values && values->len == 2);
    if (g_strcmp0 (gst_arcly_amf_value_string (g_ptr_array_index (values, 0)),
            name) != 0)
      continue;
    fail_unless_equals_int (message.timestamp, timestamp);
    return g_steal_pointer (&values);
  }
}
