/* SPDX-License-Identifier: MIT */
#include "rtmpcapabilities.h"
#include "sessionpeer.h"

#define AUDIO GST_ARCLY_FLV_EX_AUDIO
#define VIDEO GST_ARCLY_FLV_EX_VIDEO

static GstArclyAmfValue *
make_list (const gchar *const *texts)
{
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);

  for (; *texts; texts++)
    gst_arcly_amf_value_add (
        list, NULL, gst_arcly_amf_value_new_string (*texts));
  return list;
}

static gboolean
accepts (const GstArclyRtmpCapabilities *capabilities, const gchar *text)
{
  GstArclyFlvExKind kind = text[0] == 'O' || text[0] == 'm' ? AUDIO : VIDEO;

  return gst_arcly_rtmp_capabilities_accept (
      capabilities, kind, gst_arcly_flv_fourcc_from_text (text));
}

static void
test_none (void)
{
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyRtmpCapabilities capabilities;

  gst_arcly_rtmp_capabilities_read (&capabilities, NULL);
  g_assert_false (capabilities.enhanced);
  gst_arcly_amf_value_add_string (command, "app", "live");
  gst_arcly_rtmp_capabilities_read (&capabilities, command);
  g_assert_false (capabilities.enhanced);
  g_assert_false (accepts (&capabilities, "avc1"));
}

static void
test_list (void)
{
  static const gchar *const texts[] = { "av01", "Hvc1", "Opus", "much too long",
    "", NULL };
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyRtmpCapabilities capabilities;

  gst_arcly_amf_value_add (command, "fourCcList", make_list (texts));
  gst_arcly_rtmp_capabilities_read (&capabilities, command);
  g_assert_true (capabilities.enhanced);
  g_assert_cmpuint (capabilities.caps_ex, ==, 0);
  g_assert_true (accepts (&capabilities, "av01"));
  g_assert_true (accepts (&capabilities, "hvc1"));
  g_assert_true (accepts (&capabilities, "Opus"));
  g_assert_false (accepts (&capabilities, "vp09"));
}

static void
test_any (void)
{
  static const gchar *const texts[] = { "*", NULL };
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyRtmpCapabilities capabilities;

  gst_arcly_amf_value_add (command, "fourCcList", make_list (texts));
  gst_arcly_rtmp_capabilities_read (&capabilities, command);
  g_assert_true (accepts (&capabilities, "vp09"));
  g_assert_true (accepts (&capabilities, "mp4a"));
}

/* Who only encodes a codec cannot be sent it. */
static void
test_maps (void)
{
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *video = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *audio = gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyRtmpCapabilities capabilities;

  gst_arcly_amf_value_add_number (video, "av01", 1);
  gst_arcly_amf_value_add_number (video, "vp09", 2);
  gst_arcly_amf_value_add_number (video, "vp08", -1);
  gst_arcly_amf_value_add_string (video, "hvc1", "1");
  gst_arcly_amf_value_add_number (audio, "*", 4);
  gst_arcly_amf_value_add (command, "videoFourCcInfoMap", video);
  gst_arcly_amf_value_add (command, "audioFourCcInfoMap", audio);
  gst_arcly_amf_value_add_number (command, "capsEx", 6);
  gst_arcly_rtmp_capabilities_read (&capabilities, command);
  g_assert_true (capabilities.enhanced);
  g_assert_cmpuint (capabilities.caps_ex, ==,
      GST_ARCLY_RTMP_CAPS_MULTITRACK | GST_ARCLY_RTMP_CAPS_MOD_EX);
  g_assert_true (accepts (&capabilities, "av01"));
  g_assert_false (accepts (&capabilities, "vp09"));
  g_assert_false (accepts (&capabilities, "vp08"));
  g_assert_false (accepts (&capabilities, "hvc1"));
  g_assert_true (accepts (&capabilities, "Opus"));
}

/* More than anybody has, of wrong types, and no number at all. */
static void
test_hostile (void)
{
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  GstArclyRtmpCapabilities capabilities;
  guint i;

  for (i = 0; i < 1000; i++) {
    gst_arcly_amf_value_add (list, NULL, gst_arcly_amf_value_new_number (i));
    gst_arcly_amf_value_add (
        list, NULL, gst_arcly_amf_value_new_string ("av01"));
  }
  gst_arcly_amf_value_add (command, "fourCcList", list);
  gst_arcly_amf_value_add_number (command, "capsEx", -1.0 / 0.0);
  gst_arcly_amf_value_add_string (command, "videoFourCcInfoMap", "av01");
  gst_arcly_rtmp_capabilities_read (&capabilities, command);
  g_assert_true (capabilities.enhanced);
  g_assert_cmpuint (capabilities.caps_ex, ==, 0);
  g_assert_true (accepts (&capabilities, "av01"));
  g_assert_false (accepts (&capabilities, "vp09"));
}

static void
send_connect (SessionPeer *peer, gboolean enhanced)
{
  static const gchar *const texts[] = { "hvc1", NULL };
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) command =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (command, "app", "live");
  if (enhanced)
    gst_arcly_amf_value_add (command, "fourCcList", make_list (texts));
  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  gst_arcly_amf_value_write (command, body);
  rtmp_client_hello (peer->client);
  rtmp_client_message (
      peer->client, GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
  session_peer_flush (peer);
}

/* Whoever asks is told what we take; whoever does not gets the answer that it
 * always got. */
static void
test_connect (gconstpointer data)
{
  gboolean enhanced = GPOINTER_TO_INT (data);
  g_autoptr (SessionPeer) peer = session_peer_new ();
  g_autoptr (RtmpReply) reply = NULL;
  const GstArclyRtmpCapabilities *capabilities = NULL;
  const GstArclyAmfValue *properties = NULL;
  GstArclyRtmpCapabilities ours;

  send_connect (peer, enhanced);
  reply = rtmp_client_next_command (peer->client, "_result");
  g_assert_nonnull (reply);
  properties = g_ptr_array_index (reply->values, 2);
  gst_arcly_rtmp_capabilities_read (&ours, properties);
  g_assert_cmpint (ours.enhanced, ==, enhanced);
  g_assert_cmpuint (ours.caps_ex, ==, enhanced ? 0x0e : 0);
  g_assert_cmpint (accepts (&ours, "vp09"), ==, enhanced);
  g_assert_cmpint (accepts (&ours, "Opus"), ==, enhanced);
  capabilities = gst_arcly_rtmp_session_get_capabilities (peer->session);
  g_assert_cmpint (accepts (capabilities, "hvc1"), ==, enhanced);
  g_assert_false (accepts (capabilities, "av01"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpcapabilities/none", test_none);
  g_test_add_func ("/rtmpcapabilities/list", test_list);
  g_test_add_func ("/rtmpcapabilities/any", test_any);
  g_test_add_func ("/rtmpcapabilities/maps", test_maps);
  g_test_add_func ("/rtmpcapabilities/hostile", test_hostile);
  g_test_add_data_func ("/rtmpcapabilities/connect/enhanced",
      GINT_TO_POINTER (TRUE), test_connect);
  g_test_add_data_func (
      "/rtmpcapabilities/connect/plain", GINT_TO_POINTER (FALSE), test_connect);
  return g_test_run ();
}
