/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/gst.h>

#include "sessionpeer.h"

/* What ffmpeg, OBS and rtmp2sink wait for comes, with the transaction of the
 * command it answers. */
static void
test_publish (void)
{
  g_autoptr (SessionPeer) peer = session_peer_new ();
  g_autoptr (RtmpReply) connected = NULL;
  g_autoptr (RtmpReply) released = NULL;
  g_autoptr (RtmpReply) announced = NULL;
  g_autoptr (RtmpReply) created = NULL;

  rtmp_client_start (peer->client, "live", "cam?key=secret");
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpstr (peer->log->str, ==,
      "connect 0 live\n"
      "publish 1 live/cam\n");
  g_assert_cmpstr (peer->last->stream.query, ==, "key=secret");
  g_assert_cmpstr (peer->last->stream.type, ==, "live");

  connected = rtmp_client_next_command (peer->client, "_result");
  g_assert_cmpstr (
      rtmp_reply_code (connected), ==, "NetConnection.Connect.Success");
  g_assert_cmpfloat (connected->transaction, ==, 1);
  released = rtmp_client_next_command (peer->client, "_result");
  g_assert_cmpfloat (released->transaction, ==, 2);
  announced = rtmp_client_next_command (peer->client, "_result");
  g_assert_cmpfloat (announced->transaction, ==, 3);
  created = rtmp_client_next_command (peer->client, "_result");
  g_assert_cmpfloat (created->transaction, ==, 4);
  g_assert_cmpfloat (
      gst_arcly_amf_value_number (g_ptr_array_index (created->values, 3), 0),
      ==, 1);
  session_peer_assert_status (
      peer, "onFCPublish", "status", "NetStream.Publish.Start", 0);
  session_peer_assert_status (
      peer, "onStatus", "status", "NetStream.Publish.Start", 1);
}

/* One clock for all media, past 2^32, and metadata without its wrapper. */
static void
test_media (void)
{
  static const guint8 payload[200] = { 0x17, 1 };
  static const guint8 onmetadata[] = "\x02\x00\x0aonMetaData";
  g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);

  gst_arcly_amf_value_add_number (values, "width", 1920);
  gst_arcly_amf_value_add_string (values, "encoder", "test");
  rtmp_client_metadata (peer->client, 1, 0, values);
  session_peer_flush (peer);
  g_assert_cmpfloat (
      gst_arcly_amf_value_get_number (peer->last->metadata.values, "width", 0),
      ==, 1920);
  g_assert_cmpint (
      memcmp (g_bytes_get_data (peer->last->metadata.payload, NULL), onmetadata,
          sizeof onmetadata - 1),
      ==, 0);

  rtmp_client_message (peer->client, 9, 1, 0xffffffff - 5000, payload, 200);
  rtmp_client_message (peer->client, 8, 1, 0xffffffff, payload, 3);
  rtmp_client_message (peer->client, 9, 1, 10, payload, 1);
  rtmp_client_metadata (peer->client, 1, 0, values);
  rtmp_client_message (peer->client, 8, 1, 5000, payload, 0);
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpstr (peer->log->str, ==,
      "metadata 1 @0 2\n"
      "media 1 1 @4294962295 200\n"
      "media 1 0 @4294967295 3\n"
      "media 1 1 @4294967306 1\n"
      "metadata 1 @4294967296 2\n"
      "media 1 0 @4294972296 0\n");
}

static void
put_be (GByteArray *out, guint32 value, guint n)
{
  while (n-- > 0) {
    guint8 byte = value >> (8 * n);

    g_byte_array_append (out, &byte, 1);
  }
}

/* An FLV tag whose body is @size bytes. */
static void
put_tag (GByteArray *out, guint8 type, guint32 timestamp, guint size)
{
  static const guint8 body[300] = { 0x17, 1 };

  put_be (out, type, 1);
  put_be (out, size, 3);
  put_be (out, timestamp, 3);
  put_be (out, timestamp >> 24, 1);
  put_be (out, 99, 3);
  g_byte_array_append (out, body, size);
  put_be (out, 11 + size, 4);
}

/* RTMP 1.0, 7.1.6: the parts have a clock of their own, and the stream of the
 * aggregate. */
static void
test_aggregate (void)
{
  g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
  g_autoptr (GByteArray) body = g_byte_array_new ();

  put_tag (body, 9, 0xfffffff0, 200);
  put_tag (body, 8, 0xfffffffa, 0);
  put_tag (body, 20, 0, 10);
  put_tag (body, 22, 0, 10);
  put_tag (body, 9, 24, 300);
  rtmp_client_message (peer->client, 22, 1, 1000, body->data, body->len);
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpstr (peer->log->str, ==,
      "media 1 1 @1000 200\n"
      "media 1 0 @1010 0\n"
      "warning 1\n"
      "warning 1\n"
      "media 1 1 @1040 300\n");
}

/* Cut anywhere, what is whole is given, and the rest is named. */
static void
test_aggregate_cut (void)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  gsize size;

  put_tag (body, 9, 0, 5);
  put_tag (body, 9, 40, 5);
  for (size = 0; size <= body->len; size++) {
    g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
    /* The last back pointer may be missing, and nothing else. */
    gboolean first = size == 16 || size >= 20;
    gboolean second = size == 36 || size == 40;
    gboolean whole = size == 0 || size == 20 || size == 16 || second;

    rtmp_client_message (peer->client, 22, 1, 0, body->data, size);
    session_peer_flush (peer);
    g_assert_no_error (peer->error);
    g_assert_true ((strstr (peer->log->str, "@0 5\n") != NULL) == first);
    g_assert_true ((strstr (peer->log->str, "@40 5\n") != NULL) == second);
    g_assert_true ((strstr (peer->log->str, "warning") == NULL) == whole);
  }
}

/* Nothing but parts: they are bounded. */
static void
test_aggregate_many (void)
{
  g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
  g_autoptr (GByteArray) body = g_byte_array_new ();
  GstArclyRtmpSessionStats stats;
  guint i;

  for (i = 0; i < 5000; i++)
    put_tag (body, 8, i, 0);
  rtmp_client_message (peer->client, 22, 1, 0, body->data, body->len);
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  gst_arcly_rtmp_session_get_stats (peer->session, &stats);
  g_assert_cmpuint (stats.media_in, ==, 1024);
  g_assert_true (g_str_has_suffix (peer->log->str, "warning 1\n"));
}

/* A publication that begins 5 s before a field is full goes on past it, even
 * if its encoder stamps all metadata with 0. */
static void
test_wrap (void)
{
  static const guint widths[] = { 24, 31, 32 };
  g_autoptr (GstArclyAmfValue) values =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (widths); i++) {
    g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
    const gint64 start = (G_GINT64_CONSTANT (1) << widths[i]) - 5000;

    for (k = 0; k < 10; k++) {
      const gint64 time = start + k * 1000;

      rtmp_client_metadata (peer->client, 1, 0, values);
      rtmp_client_message (peer->client, k % 2 ? 8 : 9, 1, time, "media", 5);
      session_peer_flush (peer);
      g_assert_cmpint (peer->last->kind, ==, GST_ARCLY_RTMP_EVENT_MEDIA);
      g_assert_cmpint (peer->last->media.timestamp, ==, time);
    }
  }
}

/* Commands and data in the AMF3 envelope, and data by another name. */
static void
test_envelopes (void)
{
  static const guint8 cue[] = "\x02\x00\x0d@setDataFrame\x02\x00\x05onCue\x05";
  static const guint8 cue3[] = "\x00\x02\x00\x05onCue\x05";
  static const guint8 close3[] = "\x00\x02\x00\x0b"
                                 "closeStream\x00\0\0\0\0\0\0\0\0\x05";
  g_autoptr (SessionPeer) peer = session_peer_new_publishing ();

  rtmp_client_message (peer->client, 18, 1, 7, cue, sizeof cue - 1);
  rtmp_client_message (peer->client, 15, 1, 8, cue3, sizeof cue3 - 1);
  rtmp_client_message (peer->client, 18, 1, 9, "\x05", 1);
  rtmp_client_message (peer->client, 18, 1, 9, "\x02\x00\x05on", 5);
  rtmp_client_message (peer->client, 17, 1, 9, close3, sizeof close3 - 1);
  session_peer_flush (peer);
  g_assert_no_error (peer->error);
  g_assert_cmpstr (peer->log->str, ==,
      "media 1 2 @7 9\nmedia 1 2 @8 9\nwarning 1\nwarning 1\n"
      "unpublish 1 live/cam\n");
}

static void
assert_connected (SessionPeer *peer, gboolean connected)
{
  g_assert_cmpint (gst_arcly_rtmp_session_get_state (peer->session), ==,
      connected ? GST_ARCLY_RTMP_STATE_CONNECTED : GST_ARCLY_RTMP_STATE_CLOSED);
}

/* A client that is refused hears why; after a refused publish it may try
 * another name. */
static void
test_refuse (void)
{
  g_autoptr (SessionPeer) app = session_peer_new ();
  g_autoptr (SessionPeer) name = session_peer_new ();
  g_autoptr (SessionPeer) play = session_peer_new ();

  app->undecided = name->undecided = TRUE;
  rtmp_client_start (app->client, "wrong", "cam");
  session_peer_flush (app);
  g_assert_cmpstr (app->log->str, ==, "connect 0 wrong\n");
  g_assert_true (gst_arcly_rtmp_session_refuse_connect (
      app->session, GST_ARCLY_RTMP_CODE_INVALID_APP, "no such application"));
  session_peer_run (app);
  session_peer_assert_status (
      app, "_error", "error", "NetConnection.Connect.InvalidApp", 0);
  assert_connected (app, FALSE);

  rtmp_client_start (name->client, "live", "cam");
  rtmp_client_publish (name->client, 1, "cam2", "live");
  session_peer_flush (name);
  g_assert_true (gst_arcly_rtmp_session_accept_connect (name->session));
  session_peer_run (name);
  g_assert_true (gst_arcly_rtmp_session_refuse_stream (
      name->session, 1, GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME, "in use"));
  session_peer_run (name);
  g_assert_true (gst_arcly_rtmp_session_accept_publish (name->session, 1));
  g_assert_false (gst_arcly_rtmp_session_accept_publish (name->session, 1));
  session_peer_run (name);
  g_assert_cmpstr (name->log->str, ==,
      "connect 0 live\npublish 1 live/cam\npublish 1 live/cam2\n");
  session_peer_assert_status (
      name, "onStatus", "error", "NetStream.Publish.BadName", 1);
  session_peer_assert_status (
      name, "onStatus", "status", "NetStream.Publish.Start", 1);
  assert_connected (name, TRUE);

  rtmp_client_hello (play->client);
  rtmp_client_connect (play->client, "live", NULL);
  rtmp_client_create_stream (play->client);
  rtmp_client_play (play->client, 1, "cam");
  session_peer_flush (play);
  g_assert_cmpstr (play->log->str, ==, "connect 0 live\nplay 1 live/cam\n");
  session_peer_assert_status (
      play, "onStatus", "error", "NetStream.Play.Failed", 1);
}

/* We end a publication, or the connection: the client is told, and what it
 * still sends is dropped. */
static void
test_end (void)
{
  g_autoptr (SessionPeer) one = session_peer_new_publishing ();
  g_autoptr (SessionPeer) all = session_peer_new_publishing ();

  g_assert_true (gst_arcly_rtmp_session_end_publish (
      one->session, 1, "status", "NetStream.Unpublish.Success", "enough"));
  g_assert_false (gst_arcly_rtmp_session_end_publish (
      one->session, 1, "status", "NetStream.Unpublish.Success", "enough"));
  rtmp_client_message (one->client, 9, 1, 0, "late", 4);
  session_peer_flush (one);
  g_assert_cmpstr (one->log->str, ==, "warning 1\n");
  session_peer_assert_status (
      one, "onStatus", "status", "NetStream.Unpublish.Success", 1);
  assert_connected (one, TRUE);

  gst_arcly_rtmp_session_close (
      all->session, GST_ARCLY_RTMP_CODE_CONNECT_CLOSED, "timeout");
  rtmp_client_message (all->client, 9, 1, 0, "late", 4);
  session_peer_flush (all);
  g_assert_cmpstr (all->log->str, ==, "");
  session_peer_assert_status (
      all, "onStatus", "error", "NetConnection.Connect.Closed", 1);
  assert_connected (all, FALSE);
}

/* Where app and name are split, slashes and queries make no other stream. */
static void
test_path (void)
{
  static const struct {
    const gchar *app, *name, *path, *query;
  } rows[] = {
    { "live", "cam", "live/cam", NULL },
    { "/live/", "/cam/", "live/cam", NULL },
    { "live/a", "b", "live/a/b", NULL },
    { "live", "a/b?x=1?y", "live/a/b", "x=1?y" },
    { "live?token=1", "a//b", "live/a/b", NULL },
    { "", "cam", "cam", NULL },
    { "live", "", "live", NULL },
    { "", "?", "", "" },
    /* Escaped or not, it is the same name; but a slash that is escaped, a zero
     * and what is no UTF-8 stay. */
    { "k%C3%BCche", "a%20b", "k\u00fcche/a b", NULL },
    { "k\u00fcche", "a b", "k\u00fcche/a b", NULL },
    { "live", "a%2520b", "live/a%20b", NULL },
    { "live", "a%2fb", "live/a%2fb", NULL },
    { "live", "a%00", "live/a%00", NULL },
    { "live", "a%ff%", "live/a%ff%", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SessionPeer) peer = session_peer_new ();

    rtmp_client_start (peer->client, rows[i].app, rows[i].name);
    session_peer_flush (peer);
    g_assert_cmpint (peer->last->kind, ==, GST_ARCLY_RTMP_EVENT_PUBLISH);
    g_assert_cmpstr (peer->last->stream.path, ==, rows[i].path);
    g_assert_cmpstr (peer->last->stream.query, ==, rows[i].query);
  }
}

/* An acknowledgement a window, no more; pings both ways. */
static void
test_control (void)
{
  static const guint8 window[] = { 0, 0, 0x10, 0 };
  static const guint8 payload[5000];
  g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
  GstArclyRtmpSessionStats stats;
  guint acknowledgements = 0, pings = 0, pongs = 0, i;
  guint32 value = 0;

  rtmp_client_message (peer->client, 5, 0, 0, window, sizeof window);
  session_peer_flush (peer);
  for (i = 0; i < 5; i++) {
    rtmp_client_message (peer->client, 9, 1, 0, payload, sizeof payload);
    session_peer_flush (peer);
  }
  rtmp_client_user_control (peer->client, 6, 99);
  rtmp_client_user_control (peer->client, 7, 100);
  rtmp_client_message (peer->client, 3, 0, 0, window, sizeof window);
  g_assert_true (gst_arcly_rtmp_session_ping (peer->session, 101));
  session_peer_flush (peer);

  while (TRUE) {
    g_autoptr (RtmpReply) reply = rtmp_client_next_reply (peer->client);
    const guint8 *data = NULL;

    if (!reply)
      break;
    data = g_bytes_get_data (reply->message.payload, NULL);
    if (reply->message.type == GST_ARCLY_RTMP_ACKNOWLEDGEMENT) {
      guint32 now = GST_READ_UINT32_BE (data);

      g_assert_cmpuint (now - value, >=, 4096);
      value = now;
      acknowledgements++;
    } else if (reply->message.type == GST_ARCLY_RTMP_USER_CONTROL) {
      pings += data[1] == 6 && data[5] == 101;
      pongs += data[1] == 7 && data[5] == 99;
    }
  }
  gst_arcly_rtmp_session_get_stats (peer->session, &stats);
  g_assert_cmpuint (acknowledgements, ==, 5);
  g_assert_cmpuint (value, <=, stats.bytes_in);
  g_assert_cmpuint (pings, ==, 1);
  g_assert_cmpuint (pongs, ==, 1);
  g_assert_cmpuint (peer->last->pong, ==, 100);
  g_assert_cmpuint (stats.peer_acknowledged, ==, 4096);
  g_assert_cmpuint (stats.media_in, ==, 5);
}

/* Who asks for an acknowledgement of each byte does not get one: our answers
 * must not be more than what is sent to us. */
static void
test_small_window (void)
{
  static const guint32 windows[] = { 0, 1, 4095 };
  static const guint8 payload[500];
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (windows); i++) {
    const guint32 window = GUINT32_TO_BE (windows[i]);
    g_autoptr (SessionPeer) peer = session_peer_new_publishing ();
    guint acknowledgements = 0;

    rtmp_client_message (peer->client, 5, 0, 0, &window, sizeof window);
    session_peer_flush (peer);
    for (k = 0; k < 50; k++) {
      rtmp_client_message (peer->client, 9, 1, k, payload, sizeof payload);
      session_peer_flush (peer);
    }
    while (TRUE) {
      g_autoptr (RtmpReply) reply = rtmp_client_next_reply (peer->client);

      if (!reply)
        break;
      acknowledgements += reply->message.type == GST_ARCLY_RTMP_ACKNOWLEDGEMENT;
    }
    g_assert_cmpuint (acknowledgements, >=, 5);
    g_assert_cmpuint (acknowledgements, <=, 50 * 520 / 4096 + 1);
  }
}

/* Each command that ends a publication does, once, and the stream can be
 * published again if it was not deleted. */
static void
test_unpublish (void)
{
  static const gchar *const rows[] = { "FCUnpublish", "closeStream",
    "publish false", "deleteStream" };
  g_autoptr (GstArclyAmfValue) no = gst_arcly_amf_value_new_boolean (FALSE);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SessionPeer) peer = session_peer_new_publishing ();

    g_test_message ("%s", rows[i]);
    if (i == 0)
      rtmp_client_fc_unpublish (peer->client, "cam");
    else if (i == 1)
      rtmp_client_close_stream (peer->client, 1);
    else if (i == 2)
      rtmp_client_command (peer->client, 1, "publish", 0, no);
    else
      rtmp_client_delete_stream (peer->client, 1);
    rtmp_client_message (peer->client, 9, 1, 0, "late", 4);
    rtmp_client_publish (peer->client, 1, "again", "record");
    session_peer_flush (peer);
    g_assert_no_error (peer->error);
    g_assert_cmpstr (peer->log->str, ==,
        i < 3 ? "unpublish 1 live/cam\nwarning 1\npublish 1 live/again\n"
              : "unpublish 1 live/cam\nwarning 1\nwarning 1\n");
    session_peer_assert_status (
        peer, "onStatus", "status", "NetStream.Unpublish.Success", 1);
    session_peer_assert_status (peer, "onStatus", i < 3 ? "status" : "error",
        i < 3 ? "NetStream.Publish.Start" : "NetStream.Publish.BadName", 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpsession/publish", test_publish);
  g_test_add_func ("/rtmpsession/media", test_media);
  g_test_add_func ("/rtmpsession/aggregate", test_aggregate);
  g_test_add_func ("/rtmpsession/aggregate-cut", test_aggregate_cut);
  g_test_add_func ("/rtmpsession/aggregate-many", test_aggregate_many);
  g_test_add_func ("/rtmpsession/wrap", test_wrap);
  g_test_add_func ("/rtmpsession/envelopes", test_envelopes);
  g_test_add_func ("/rtmpsession/refuse", test_refuse);
  g_test_add_func ("/rtmpsession/end", test_end);
  g_test_add_func ("/rtmpsession/path", test_path);
  g_test_add_func ("/rtmpsession/control", test_control);
  g_test_add_func ("/rtmpsession/small-window", test_small_window);
  g_test_add_func ("/rtmpsession/unpublish", test_unpublish);
  return g_test_run ();
}
