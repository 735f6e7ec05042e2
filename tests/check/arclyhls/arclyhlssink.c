/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink: what is in the folder, and when. */
#include "testhls.h"
#include "tschecker.h"

#include <gio/gio.h>
#include <gst/video/video.h>

static void
assert_ended (TestHls *t)
{
  fail_unless (g_str_has_suffix (t->playlist, "#EXT-X-ENDLIST\n"));
  test_hls_assert_message (t, GST_MESSAGE_EOS, NULL);
}

GST_START_TEST (test_video_and_audio)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 250);
  test_hls_assert_no_message (&t, GST_MESSAGE_EOS);
  test_hls_end (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_count (&t), 5);
  fail_unless (t.n_playlists >= 5);
  fail_unless (strstr (t.playlist, "#EXT-X-PLAYLIST-TYPE:EVENT\n"));
  fail_unless (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  fail_unless_equals_int (test_hls_discontinuities (&t), 0);
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_video_only)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 260);
  test_hls_end (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_count (&t), 6);
  fail_unless (test_hls_lists (&t, "#EXTINF:2.000000,\n" NAME "00004.ts\n"));
  fail_unless (test_hls_lists (&t, "#EXTINF:0.400000,\n" NAME "00005.ts\n"));
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_audio_only)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 250);
  test_hls_end (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_count (&t), 5);
  test_hls_clear (&t);
}
GST_END_TEST;

/* The window moves, and files stay as long as a player may ask for them (RFC
 * 8216, 6.2.2). */
GST_START_TEST (test_live_window)
{
  GstClock *clock = gst_test_clock_new ();
  TestHls t;
  guint time;
  GstStructure *stats;
  guint64 deleted;

  gst_system_clock_set_default (clock);
  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-length", 4, NULL);
  test_hls_add_video (&t);
  for (time = 0; time < 40; time++) {
    test_hls_push (&t, time * 25, time * 25 + 25);
    gst_test_clock_advance_time (GST_TEST_CLOCK (clock), GST_SECOND);
  }
  fail_unless_equals_int (test_hls_count (&t), 4);
  fail_unless (strstr (t.playlist, "#EXT-X-MEDIA-SEQUENCE:15\n"));
  /* 14 left at 38 s; 2 s of its own and up to 10 s of the playlist. */
  fail_unless (test_hls_has_segment (&t, 14));
  fail_unless (test_hls_has_segment (&t, 10));
  fail_if (test_hls_has_segment (&t, 8));
  fail_if (test_hls_has_segment (&t, 0));

  g_object_get (t.sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "deleted-segments", &deleted));
  fail_unless (deleted >= 8 && deleted <= 10);
  gst_structure_free (stats);

  test_hls_end (&t);
  test_hls_drop_sink (&t);
  /* Rule U12: nothing vanishes at exit. */
  fail_unless (test_hls_has_segment (&t, 14));
  test_hls_clear (&t);
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}
GST_END_TEST;

GST_START_TEST (test_vod)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-type", 2, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 250);
  fail_if (test_hls_has (&t, "index.m3u8"));
  test_hls_end (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_count (&t), 5);
  fail_unless_equals_int (t.n_playlists, 1);
  test_hls_clear (&t);
}
GST_END_TEST;

/* An encoder leaves out what the muxer's template says; that is no reason to
 * refuse it, and another alignment is. */
GST_START_TEST (test_caps_with_fewer_fields)
{
  static const struct {
    const gchar *caps;
    gboolean accepted;
  } cases[] = {
    { "video/x-vp9, width=(int)320, height=(int)180", TRUE },
    { "video/x-vp9, alignment=(string)frame", FALSE },
    { "video/x-h264, stream-format=(string)byte-stream", TRUE },
    { "video/x-raw", FALSE },
  };
  GstPad *pad;
  TestHls t;
  guint i;

  test_hls_init (&t);
  test_hls_new_sink (&t, "segment-format", 1, NULL);
  pad = gst_element_request_pad_simple (t.sink, "video_%u");
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstCaps *caps = gst_caps_from_string (cases[i].caps);

    fail_unless_equals_int (
        gst_pad_query_accept_caps (pad, caps), cases[i].accepted);
    gst_caps_unref (caps);
  }
  gst_element_release_request_pad (t.sink, pad);
  gst_object_unref (pad);
  test_hls_clear (&t);
}
GST_END_TEST;

static void
push_discont (TestHls *t, guint n)
{
  GstBuffer *buffer = test_hls_make_video (n, TRUE);

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  fail_unless_equals_int (gst_harness_push (t->video, buffer), GST_FLOW_OK);
  test_hls_check (t);
}

/* A publisher that left and another: one tag, and (rule U11) no time of the
 * pause in the durations. */
GST_START_TEST (test_discontinuity)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 75);
  push_discont (&t, 25 * 7200);
  test_hls_push (&t, 25 * 7200 + 1, 25 * 7200 + 50);
  test_hls_end (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_discontinuities (&t), 1);
  fail_unless_equals_int (test_hls_count (&t), 3);
  fail_unless (test_hls_lists (
      &t, "#EXTINF:1.000000,\n" NAME "00001.ts\n#EXT-X-DISCONTINUITY\n"));
  test_hls_clear (&t);
}
GST_END_TEST;

/* A sender that says nothing of its restart: rules U8 and U11. */
GST_START_TEST (test_silent_jump)
{
  static const guint starts[] = { 0, 25 * 7200 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (starts); i++) {
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, "playlist-type", 1, NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 25 * 3600, 25 * 3600 + 75);
    test_hls_push (&t, starts[i], starts[i] + 125);
    test_hls_end (&t);
    assert_ended (&t);
    fail_unless_equals_int (test_hls_discontinuities (&t), 1);
    fail_unless (test_hls_lists (
        &t, "#EXTINF:1.000000,\n" NAME "00001.ts\n#EXT-X-DISCONTINUITY\n"));
    fail_unless_equals_int (test_hls_count (&t), 5);
    test_hls_clear (&t);
  }
}
GST_END_TEST;

/* Sound that is a little longer than the picture makes no segment of its own,
 * and sound that goes on does not stop the segments. */
GST_START_TEST (test_sound_outlives_picture)
{
  static const struct {
    guint end;
    guint count;
  } cases[] = { { 103, 2 }, { 110, 2 }, { 250, 5 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *video;
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, "playlist-type", 1, NULL);
    test_hls_add_video (&t);
    test_hls_add_audio (&t);
    test_hls_push (&t, 0, 100);
    fail_unless (gst_harness_push_event (t.video, gst_event_new_eos ()));
    video = g_steal_pointer (&t.video);
    test_hls_push (&t, 100, cases[i].end);
    test_hls_end (&t);
    assert_ended (&t);
    fail_unless_equals_int (test_hls_count (&t), cases[i].count);
    fail_unless (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
    fail_unless_equals_int (test_hls_discontinuities (&t), 0);
    test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
    gst_element_set_state (t.sink, GST_STATE_NULL);
    gst_harness_teardown (video);
    test_hls_clear (&t);
  }
}
GST_END_TEST;

/* A second sound that comes when the element runs goes into the same playlist,
 * and that is said. */
GST_START_TEST (test_late_sound)
{
  GstPad *pad = NULL;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_add_audio (&t);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  pad = gst_element_request_pad_simple (t.sink, "audio_%u");
  fail_unless (pad != NULL);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "audio_1 comes too late");
  gst_element_release_request_pad (t.sink, pad);
  gst_object_unref (pad);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Rule U9: the advertised target duration is neither changed nor passed. */
GST_START_TEST (test_gop_too_long)
{
  TestHls t;
  guint n;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 101);
  fail_unless (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  for (n = 101; n < 300; n++)
    fail_unless_equals_int (test_hls_try_video (&t, n, FALSE), GST_FLOW_OK);
  test_hls_push (&t, 300, 401);
  test_hls_assert_message (
      &t, GST_MESSAGE_WARNING, "Keyframes are too far apart");
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_end (&t);
  fail_unless (strstr (t.playlist, "#EXT-X-TARGETDURATION:2\n"));
  fail_if (strstr (t.playlist, "#EXT-X-INDEPENDENT-SEGMENTS\n"));
  fail_unless_equals_int (test_hls_discontinuities (&t), 0);
  test_hls_clear (&t);
}
GST_END_TEST;

/* A pad that never got caps or data, and EOS before caps. */
GST_START_TEST (test_silent_pad)
{
  GstHarness *silent;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  silent = gst_harness_new_with_element (t.sink, "audio_%u", NULL);
  test_hls_push (&t, 0, 300);
  test_hls_end (&t);
  test_hls_assert_no_message (&t, GST_MESSAGE_EOS);
  gst_harness_push_event (silent, gst_event_new_stream_start ("silent"));
  gst_harness_push_event (silent, gst_event_new_eos ());
  test_hls_check (&t);
  assert_ended (&t);
  fail_unless_equals_int (test_hls_count (&t), 6);
  gst_harness_teardown (silent);
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_empty)
{
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  t.video = gst_harness_new_with_element (t.sink, "video_%u", NULL);
  gst_harness_push_event (t.video, gst_event_new_stream_start ("empty"));
  gst_harness_push_event (t.video, gst_event_new_eos ());
  test_hls_assert_message (&t, GST_MESSAGE_EOS, NULL);
  fail_if (test_hls_has (&t, "index.m3u8"));
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_released_pad)
{
  TestHls t;
  GstPad *pad;
  guint i;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 60);
  for (i = 0; i < 10; i++) {
    pad = gst_element_request_pad_simple (t.sink, "audio_%u");
    fail_unless (pad != NULL);
    gst_element_release_request_pad (t.sink, pad);
    ASSERT_OBJECT_REFCOUNT (pad, "pad", 1);
    gst_object_unref (pad);
  }
  pad = gst_element_request_pad_simple (t.sink, "audio_7");
  fail_unless_equals_string (GST_PAD_NAME (pad), "audio_7");
  gst_element_release_request_pad (t.sink, pad);
  gst_object_unref (pad);
  test_hls_push (&t, 60, 200);
  test_hls_end (&t);
  assert_ended (&t);
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_state_cycles)
{
  TestHls t;
  guint i;

  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  for (i = 0; i < 5; i++) {
    test_hls_push (&t, 0, 60);
    gst_element_set_state (t.sink, i % 2 ? GST_STATE_NULL : GST_STATE_READY);
    test_hls_check (&t);
    fail_unless_equals_int (test_hls_count (&t), 2 * (i + 1));
    fail_unless_equals_int (gst_element_set_state (t.sink, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    t.restarted = TRUE;
    gst_harness_set_src_caps_str (t.video, VIDEO_CAPS);
  }
  test_hls_clear (&t);
}
GST_END_TEST;

/* GST_READ_UINT32_BE() loads unaligned words, which UBSan does not forgive. */
static gint64
read_pcr_base (const guint8 *p)
{
  return (gint64) p[0] << 25 | p[1] << 17 | p[2] << 9 | p[3] << 1 | p[4] >> 7;
}

/* How far the first clock of a segment is in front of its first frame, in units
 * of 90 kHz (ISO/IEC 13818-1, 2.4.3.5). */
static gint64
find_lead (const gchar *data, gsize size)
{
  static const TsLimits limits = { .pcr_interval_ms = 100 };
  g_autoptr (TsReport) report = ts_check ((const guint8 *) data, size, &limits);
  TsUnit *first;
  gsize at;

  fail_unless (report->problems->len == 0, "%s",
      (gchar *) g_ptr_array_index (report->problems, 0));
  first = g_ptr_array_index (report->units, 0);
  for (at = 0; at < size; at += 188) {
    const guint8 *p = (const guint8 *) data + at;

    if ((p[3] & 0x20) && p[4] > 0 && (p[5] & 0x10))
      return first->dts - read_pcr_base (p + 6);
  }
  fail ("no PCR");
  return 0;
}

/* 2 packets if @data begins with copies of the last PAT and PMT, which are
 * duplicates (ISO/IEC 13818-1, 2.4.3.3) and count as none. */
static gsize
copied_tables (GByteArray *before, const gchar *data)
{
  gsize at;

  for (at = before->len; at > 0; at -= 188) {
    const guint8 *p = before->data + at - 188;

    if ((p[1] & 0x1f) == 0 && p[2] == 0)
      return memcmp (p, data, 2 * 188) == 0 ? 2 * 188 : 0;
  }
  return 0;
}

/* The clock goes on through a hole, and what there is of it belongs to the
 * segment in front: here a second keyframe comes 4 s late, and a cut inside its
 * GOP after that, which copies the tables. */
GST_START_TEST (test_hole)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  static const TsLimits limits = { .pcr_interval_ms = 100 };
  g_autoptr (TsReport) report = NULL;
  g_auto (GStrv) names = NULL;
  gint64 lead = 0;
  guint n_copied = 0, i;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-type", 1, "target-duration", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 50);
  for (i = 150; i < 200; i++)
    fail_unless_equals_int (test_hls_try_video (&t, i, i == 150), GST_FLOW_OK);
  test_hls_end (&t);
  names = hls_lint_names (t.playlist);
  fail_unless (g_strv_length (names) >= 4);
  for (i = 0; names[i]; i++) {
    g_autofree gchar *path = test_hls_path (&t, names[i]);
    g_autofree gchar *data = NULL;
    gsize size, copied;

    fail_unless (g_file_get_contents (path, &data, &size, NULL));
    if (i == 0)
      lead = find_lead (data, size);
    fail_unless (ABS (find_lead (data, size) - lead) <= 9000,
        "segment %u: %" G_GINT64_FORMAT, i, find_lead (data, size));
    copied = copied_tables (all, data);
    n_copied += copied > 0;
    g_byte_array_append (all, (guint8 *) data + copied, size - copied);
  }
  fail_unless (n_copied > 0);
  report = ts_check (all->data, all->len, &limits);
  fail_unless (report->problems->len == 0, "%s",
      (gchar *) g_ptr_array_index (report->problems, 0));
  test_hls_clear (&t);
}
GST_END_TEST;

/* Upstream is asked for keyframes where segments shall end. */
GST_START_TEST (test_keyframe_requests)
{
  GstEvent *event;
  GstClockTime time;
  guint n_requests = 0;
  gboolean all_headers;
  TestHls t;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 210);
  while ((event = gst_harness_try_pull_upstream_event (t.video))) {
    if (gst_video_event_is_force_key_unit (event)) {
      gst_video_event_parse_upstream_force_key_unit (
          event, &time, &all_headers, NULL);
      /* A little early, as it means a frame. */
      fail_unless_equals_uint64 (
          time, ++n_requests * 2 * GST_SECOND - 5 * GST_MSECOND);
      fail_unless (all_headers);
    }
    gst_event_unref (event);
  }
  fail_unless_equals_int (n_requests, 5);
  test_hls_clear (&t);
}
GST_END_TEST;

/* GET over a bare socket; the answer with its head. */
static gchar *
http_get (TestHls *t, const gchar *path)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree gchar *request = g_strdup_printf (
      "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
  gchar *answer = g_malloc0 (4096);
  gint port;

  g_object_get (t->sink, "http-bound-port", &port, NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", (guint16) port, NULL, NULL);
  fail_unless (connection != NULL);
  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), request,
      strlen (request), NULL, NULL, NULL));
  g_input_stream_read_all (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer, 4095,
      NULL, NULL, NULL);
  return answer;
}

static void
assert_listed (TestHls *t, const gchar *state)
{
  g_autofree gchar *answer = http_get (t, "/api/streams");
  g_autofree gchar *wanted = g_strdup_printf (
      "{\"path\":\"/cam\",\"title\":\"/cam\",\"url\":\"/cam/index.m3u8\","
      "\"state\":\"%s\"}",
      state);

  fail_unless (strstr (answer, wanted) != NULL, "%s", answer);
  fail_if (strstr (answer, t->folder), "%s", answer);
}

/* What is served says nothing of this machine, and is live when it is: not
 * when all there is comes from a process that is no more. */
GST_START_TEST (test_http)
{
  TestHls t;
  guint i;

  test_hls_init (&t);
  for (i = 0; i < 2; i++) {
    g_autofree gchar *answer = NULL;

    test_hls_new_sink (&t, "http-port", 0, "http-path", "/cam", NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 0, 10);
    assert_listed (&t, "waiting");
    answer = http_get (&t, "/cam/index.m3u8");
    fail_unless (
        g_str_has_prefix (answer, i ? "HTTP/1.1 200" : "HTTP/1.1 404"));
    test_hls_push (&t, 10, 60);
    assert_listed (&t, "live");
    test_hls_drop_sink (&t);
  }
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlssink_suite (void)
{
  Suite *suite = suite_create ("arclyhlssink");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_video_and_audio);
  tcase_add_test (tcase, test_video_only);
  tcase_add_test (tcase, test_audio_only);
  tcase_add_test (tcase, test_live_window);
  tcase_add_test (tcase, test_vod);
  tcase_add_test (tcase, test_caps_with_fewer_fields);
  tcase_add_test (tcase, test_discontinuity);
  tcase_add_test (tcase, test_silent_jump);
  tcase_add_test (tcase, test_sound_outlives_picture);
  tcase_add_test (tcase, test_gop_too_long);
  tcase_add_test (tcase, test_silent_pad);
  tcase_add_test (tcase, test_empty);
  tcase_add_test (tcase, test_released_pad);
  tcase_add_test (tcase, test_state_cycles);
  tcase_add_test (tcase, test_hole);
  tcase_add_test (tcase, test_late_sound);
  tcase_add_test (tcase, test_keyframe_requests);
  tcase_add_test (tcase, test_http);
  return suite;
}

GST_CHECK_MAIN (arclyhlssink)
