/* SPDX-License-Identifier: MIT
 *
 * Properties of arclyhlssink that switch something off, or move it. */
#include <gio/gio.h>
#include <gst/check/gsttestclock.h>
#include <gst/video/video.h>

#include "../http/testcert.h"
#include "testhls.h"

GST_START_TEST (test_keep_segments)
{
  GstClock *clock = gst_test_clock_new ();
  GstStructure *stats;
  guint64 deleted;
  guint i;
  TestHls t;

  gst_system_clock_set_default (clock);
  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-length", 4, "delete-segments", FALSE, NULL);
  test_hls_add_video (&t);
  for (i = 0; i < 40; i++) {
    test_hls_push (&t, i * 25, i * 25 + 25);
    gst_test_clock_advance_time (GST_TEST_CLOCK (clock), GST_SECOND);
  }
  fail_unless_equals_int (test_hls_count (&t), 4);
  for (i = 0; i < 19; i++)
    fail_unless (test_hls_has_segment (&t, i), "segment %u", i);
  g_object_get (t.sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "deleted-segments", &deleted));
  fail_unless_equals_uint64 (deleted, 0);
  gst_structure_free (stats);
  test_hls_clear (&t);
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}
GST_END_TEST;

GST_START_TEST (test_no_keyframe_requests)
{
  GstEvent *event;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "send-keyframe-requests", FALSE, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 210);
  fail_unless (test_hls_count (&t) > 3);
  while ((event = gst_harness_try_pull_upstream_event (t.video))) {
    fail_if (gst_video_event_is_force_key_unit (event));
    gst_event_unref (event);
  }
  test_hls_clear (&t);
}
GST_END_TEST;

static gboolean
can_connect (const gchar *host, gint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (
      client, host, (guint16) port, NULL, NULL);
  return connection != NULL;
}

/* There, and nowhere else: all of 127/8 is loopback. */
GST_START_TEST (test_http_address)
{
  gint port;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "http-address", "127.0.0.2", "http-port", 0, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 60);
  g_object_get (t.sink, "http-bound-port", &port, NULL);
  fail_unless (can_connect ("127.0.0.2", port));
  fail_if (can_connect ("127.0.0.1", port));
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_wrong_http_address)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "http-address", "192.0.2.1", "http-port", 0, NULL);
  fail_unless_equals_int (gst_element_set_state (t.sink, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_hls_assert_message (&t, GST_MESSAGE_ERROR, "192.0.2.1");
  test_hls_clear (&t);
}
GST_END_TEST;

/* One half of a file of PEM, which has the certificate in front. */
static gchar *
write_half (TestHls *t, const gchar *name, const gchar *pem, gboolean key)
{
  const gchar *middle = strstr (pem, "-----BEGIN PRIVATE KEY");
  gchar *path = test_hls_path (t, name);

  fail_unless (g_file_set_contents (
      path, key ? middle : pem, key ? -1 : middle - pem, NULL));
  return path;
}

/* Not each handshake fails, but the start. */
GST_START_TEST (test_wrong_certificate)
{
  static const struct {
    const gchar *certificate, *key;
    const gchar *wrong; /* NULL: nothing */
  } cases[] = {
    { "one.pem", "one.key", NULL },
    { "one.pem", "other.key",
        "other.key\": certificate and key do not belong" },
    { "one.pem", NULL, "one.pem\": there is no private key" },
    { NULL, "one.key", "one.key\" is a key without a certificate" },
    { "one.pem", "none.key", "none.key" },
    { "none.pem", "one.key", "none.pem" },
    { "one.key", "one.key", "one.key" },
  };
  g_autofree gchar *one = NULL;
  g_autofree gchar *one_key = NULL;
  g_autofree gchar *other_key = NULL;
  TestHls t;
  guint i;

  test_hls_init (&t);
  one = write_half (&t, "one.pem", certificate_pem, FALSE);
  one_key = write_half (&t, "one.key", certificate_pem, TRUE);
  other_key = write_half (&t, "other.key", other_pem, TRUE);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *certificate =
        cases[i].certificate ? test_hls_path (&t, cases[i].certificate) : NULL;
    g_autofree gchar *key =
        cases[i].key ? test_hls_path (&t, cases[i].key) : NULL;

    test_hls_new_sink (&t, "http-port", 0, "http-certificate", certificate,
        "http-private-key", key, NULL);
    fail_unless ((gst_element_set_state (t.sink, GST_STATE_READY) ==
                     GST_STATE_CHANGE_FAILURE) == (cases[i].wrong != NULL),
        "%u", i);
    if (cases[i].wrong)
      test_hls_assert_message (&t, GST_MESSAGE_ERROR, cases[i].wrong);
    test_hls_drop_sink (&t);
  }
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlsoptions_suite (void)
{
  Suite *suite = suite_create ("arclyhlsoptions");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_keep_segments);
  tcase_add_test (tcase, test_no_keyframe_requests);
  tcase_add_test (tcase, test_http_address);
  tcase_add_test (tcase, test_wrong_http_address);
  tcase_add_test (tcase, test_wrong_certificate);
  return suite;
}

GST_CHECK_MAIN (arclyhlsoptions)
