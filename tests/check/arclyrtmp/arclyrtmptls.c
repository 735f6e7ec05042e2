/* SPDX-License-Identifier: MIT
 *
 * The elements and rtmps: a publisher, players, and what may be wrong with the
 * certificate. */
#include <gst/check/gstcheck.h>

#include <string.h>

#include "rtmpclient.h"
#include "testcertificate.h"
#include "testsink.h"
#include "testsrc.h"
#include "tlspeer.h"

/* Of a frame, more than a record of TLS; some fill any socket. */
#define FRAME_SIZE 40000
#define KEY_DISTANCE 10
#define MAX_FRAMES 3000

/* A client whose socket waits ten seconds at most. */
typedef struct {
  RtmpPeer *socket;
  TlsPeer *tls;
  RtmpClient *client;
} Client;

static void
client_init (Client *self, guint port)
{
  self->socket = rtmp_peer_new (port);
  self->tls = tls_peer_new (rtmp_peer_get_fd (self->socket), NULL);
  self->client = rtmp_client_new ();
  fail_unless (tls_peer_handshake (self->tls));
}

static void
client_clear (Client *self)
{
  tls_peer_free (self->tls);
  rtmp_peer_free (self->socket);
  rtmp_client_free (self->client);
}

static void
client_send (Client *self)
{
  g_autoptr (GBytes) bytes = rtmp_client_take (self->client);

  fail_unless (tls_peer_send (
      self->tls, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
}

/* NULL at the end. */
static RtmpReply *
client_next (Client *self)
{
  RtmpReply *reply;

  while (!(reply = rtmp_client_next_reply (self->client))) {
    guint8 data[4096];
    gssize size = tls_peer_recv (self->tls, data, sizeof data);

    fail_unless (size != GNUTLS_E_AGAIN, "nothing comes");
    if (size <= 0)
      return NULL;
    rtmp_client_feed (self->client, data, size);
  }
  return reply;
}

static void
expect_status (Client *self, const gchar *code)
{
  for (;;) {
    g_autoptr (RtmpReply) reply = client_next (self);

    fail_unless (reply != NULL, "closed without %s", code);
    if (g_strcmp0 (rtmp_reply_code (reply), code) == 0)
      return;
  }
}

static void
client_play (Client *self, guint port)
{
  client_init (self, port);
  rtmp_client_hello (self->client);
  rtmp_client_connect (self->client, "live", NULL);
  rtmp_client_create_stream (self->client);
  rtmp_client_play (self->client, 1, "cam");
  client_send (self);
  expect_status (self, "NetStream.Play.Start");
}

/* ---- playing ---- */

/* Each byte tells the frame. */
static void
push_frame (TestPlay *t, guint i)
{
  g_autofree guint8 *data = g_malloc (FRAME_SIZE);

  memset (data, i, FRAME_SIZE);
  test_play_push (
      t->video, i * 40, i * 40, i % KEY_DISTANCE == 0, data, FRAME_SIZE);
}

/* The number of the next frame, which is whole; -1 at the end. */
static gint
next_frame (Client *player, gboolean *key)
{
  for (;;) {
    g_autoptr (RtmpReply) reply = client_next (player);
    const guint8 *data;
    gsize size, i;

    if (reply == NULL)
      return -1;
    if (reply->message.type != GST_ARCLY_RTMP_VIDEO_MESSAGE)
      continue;
    data = g_bytes_get_data (reply->message.payload, &size);
    if (size < 5 || data[1] == 0)
      continue; /* the sequence header */
    fail_unless_equals_int (size, 5 + FRAME_SIZE);
    for (i = 5; i < size; i++) {
      if (data[i] != (guint8) (reply->message.timestamp / 40))
        fail ("frame %u is broken at %u", (guint) reply->message.timestamp / 40,
            (guint) i);
    }
    *key = data[0] == 0x17;
    return reply->message.timestamp / 40;
  }
}

static void
start_sink (TestPlay *t, TestFiles *files, const gchar *more)
{
  g_autofree gchar *options = NULL;

  test_files_init (files);
  options = g_strdup_printf (
      "location=rtmps://127.0.0.1:0/live/cam tls-certificate=%s "
      "tls-private-key=%s %s",
      files->certificate, files->private_key, more);
  test_play_start (t, options, TRUE, FALSE);
  test_play_begin (t->video, TEST_AVC_CAPS, test_avc_240, test_avc_240_size);
}

GST_START_TEST (test_play)
{
  TestFiles files;
  Client player;
  TestPlay t;
  gboolean key;
  gint i;

  start_sink (&t, &files, "");
  push_frame (&t, 0);
  client_play (&player, t.port);
  for (i = 1; i < 50; i++)
    push_frame (&t, i);
  for (i = 0; i < 50; i++) {
    fail_unless_equals_int (next_frame (&player, &key), i);
    fail_unless (key == (i % KEY_DISTANCE == 0));
  }
  gst_pad_push_event (t.video, gst_event_new_eos ());
  expect_status (&player, "NetStream.Play.UnpublishNotify");
  fail_unless_equals_int (next_frame (&player, &key), -1);
  client_clear (&player);
  test_play_stop (&t);
  test_files_clear (&files);
}
GST_END_TEST;

/* What TLS holds already comes whole; then a newer keyframe. */
GST_START_TEST (test_slow_player)
{
  TestFiles files;
  Client player;
  TestPlay t;
  gboolean key, jumped = FALSE;
  gint i, n, last = -1;

  start_sink (&t, &files, "max-lag-bytes=1500000 max-lag-time=0");
  push_frame (&t, 0);
  client_play (&player, t.port);
  for (n = 1; n < MAX_FRAMES && test_play_get_stat (&t, "resyncs") == 0; n++)
    push_frame (&t, n);
  gst_message_unref (test_play_wait_element (&t, "arcly-player-lagged"));
  while (last != n - 1) {
    i = next_frame (&player, &key);
    fail_unless (i > last);
    fail_unless (i == last + 1 || key, "%d after %d", i, last);
    jumped |= i > last + 1;
    last = i;
  }
  fail_unless (jumped);
  client_clear (&player);
  test_play_stop (&t);
  test_files_clear (&files);
}
GST_END_TEST;

/* ---- publishing ---- */

GST_START_TEST (test_publish)
{
  g_autofree gchar *description = NULL;
  TestFiles files;
  Client publisher;
  TestSrc t;

  test_files_init (&files);
  description = g_strdup_printf ("arclyrtmpsrc tls-certificate=%s", files.both);
  test_src_init (&t, description, "location", "rtmps://127.0.0.1:0/live/cam");
  test_src_set_state (&t, GST_STATE_PLAYING);
  client_init (&publisher, test_src_get_port (&t));
  rtmp_client_start (publisher.client, "live", "cam");
  client_send (&publisher);
  expect_status (&publisher, "NetStream.Publish.Start");
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-start"));
  client_clear (&publisher);
  gst_message_unref (test_src_wait_element (&t, "arcly-publish-end"));
  test_src_stop (&t);
  test_files_clear (&files);
}
GST_END_TEST;

/* ---- what may be wrong ---- */

static void
expect_error (const gchar *element, const gchar *options, const gchar *text)
{
  g_autofree gchar *description = g_strdup_printf (
      "%s location=rtmps://127.0.0.1:0/live/cam %s", element, options);
  GstElement *pipeline = gst_pipeline_new (NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_bin_add (GST_BIN (pipeline), gst_parse_launch (description, NULL));
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless (strstr (error->message, text) != NULL, "%s", error->message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_START_TEST (test_bad_certificates)
{
  static const gchar *const elements[] = { "arclyrtmpsrc", "arclyrtmpsink" };
  const gchar *element = elements[__i__];
  g_autofree gchar *no_key = NULL, *wrong = NULL;
  TestFiles files;

  test_files_init (&files);
  no_key = g_strdup_printf ("tls-certificate=%s", files.certificate);
  wrong = g_strdup_printf ("tls-certificate=%s tls-private-key=%s",
      files.certificate, files.other_key);
  expect_error (element, "", "set tls-certificate");
  expect_error (
      element, "tls-certificate=/nowhere/cert.pem", "/nowhere/cert.pem");
  expect_error (element, no_key, files.certificate);
  expect_error (element, wrong, files.other_key);
  test_files_clear (&files);
}
GST_END_TEST;

static Suite *
arclyrtmptls_suite (void)
{
  Suite *suite = suite_create ("arclyrtmptls");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_play);
  tcase_add_test (tcase, test_slow_player);
  tcase_add_test (tcase, test_publish);
  tcase_add_loop_test (tcase, test_bad_certificates, 0, 2);
  return suite;
}

GST_CHECK_MAIN (arclyrtmptls);
