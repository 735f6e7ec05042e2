/* SPDX-License-Identifier: MIT */
#include "testmedia.h"

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

#include <string.h>

const guint8 test_avc_240[] = { 1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0, 24, 0x67,
  0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
  0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80, 1, 0, 4, 0x68,
  0xcb, 0x83, 0xcb };
const gsize test_avc_240_size = sizeof (test_avc_240);
const guint8 test_avc_1080[] = { 1, 0x64, 0x00, 0x28, 0xff, 0xe1, 0, 25, 0x67,
  0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00,
  0x00, 0x0f, 0xa4, 0x00, 0x03, 0xa9, 0x80, 0x3c, 0x60, 0xc6, 0x58, 1, 0, 6,
  0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0 };
const gsize test_avc_1080_size = sizeof (test_avc_1080);
const guint8 test_asc[2] = { 0x12, 0x10 };
const guint8 test_mp3[417] = { 0xff, 0xfb, 0x90, 0x64 };

/* The head of a message, then what it carries. */
static void
send_tag (RtmpPeer *peer, guint8 type, guint32 timestamp, const guint8 *head,
    gsize head_size, gconstpointer payload, gsize size)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  g_byte_array_append (body, head, head_size);
  g_byte_array_append (body, payload, size);
  g_assert_true (
      rtmp_peer_send_message (peer, type, timestamp, body->data, body->len));
}

static void
send_video (RtmpPeer *peer, guint32 timestamp, guint8 packet_type,
    gint composition_time, gboolean key, gconstpointer payload, gsize size)
{
  const guint8 head[] = { key ? 0x17 : 0x27, packet_type,
    composition_time >> 16, composition_time >> 8, composition_time };

  send_tag (peer, GST_ARCLY_RTMP_VIDEO_MESSAGE, timestamp, head, sizeof (head),
      payload, size);
}

void
test_peer_avc_header (RtmpPeer *peer, guint32 timestamp)
{
  send_video (peer, timestamp, 0, 0, TRUE, test_avc_240, test_avc_240_size);
}

void
test_peer_avc_header_1080 (RtmpPeer *peer, guint32 timestamp)
{
  send_video (peer, timestamp, 0, 0, TRUE, test_avc_1080, test_avc_1080_size);
}

void
test_peer_avc (
    RtmpPeer *peer, guint32 timestamp, gint composition_time, gboolean key)
{
  g_autofree gchar *text = g_strdup_printf ("frame @%u", timestamp);

  send_video (peer, timestamp, 1, composition_time, key, text, strlen (text));
}

static void
send_aac (RtmpPeer *peer, guint32 timestamp, guint8 packet_type,
    gconstpointer payload, gsize size)
{
  const guint8 head[] = { 0xaf, packet_type };

  send_tag (peer, GST_ARCLY_RTMP_AUDIO_MESSAGE, timestamp, head, sizeof (head),
      payload, size);
}

void
test_peer_aac_header (RtmpPeer *peer, guint32 timestamp)
{
  send_aac (peer, timestamp, 0, test_asc, sizeof (test_asc));
}

void
test_peer_aac (RtmpPeer *peer, guint32 timestamp)
{
  g_autofree gchar *text = g_strdup_printf ("sound @%u", timestamp);

  send_aac (peer, timestamp, 1, text, strlen (text));
}

void
test_peer_mp3 (RtmpPeer *peer, guint32 timestamp)
{
  static const guint8 head[] = { 0x2f };

  send_tag (peer, GST_ARCLY_RTMP_AUDIO_MESSAGE, timestamp, head, sizeof (head),
      test_mp3, sizeof (test_mp3));
}

void
test_peer_metadata (RtmpPeer *peer, gdouble video, gdouble audio)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  if (video > 0)
    gst_arcly_amf_value_add_number (values, "videocodecid", video);
  if (audio > 0)
    gst_arcly_amf_value_add_number (values, "audiocodecid", audio);
  gst_arcly_amf_value_add_string (values, "encoder", "test");
  gst_arcly_amf_write_string ("@setDataFrame", body);
  gst_arcly_amf_write_string ("onMetaData", body);
  gst_arcly_amf_value_write (values, body);
  g_assert_true (rtmp_peer_send_message (
      peer, GST_ARCLY_RTMP_DATA_AMF0, 0, body->data, body->len));
}

void
test_peer_start (RtmpPeer *peer)
{
  test_peer_avc_header (peer, 0);
  test_peer_aac_header (peer, 0);
  test_peer_avc (peer, 0, 0, TRUE);
}
