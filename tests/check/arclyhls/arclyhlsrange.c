/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with events "arcly-daterange" among the media: each playlist on
 * the way is checked, and what is wrong with an event is said. */
#include <string.h>

#include "testhls.h"

/* SCTE 35, 14.1: time_signal. */
#define SPLICE                                                                 \
  "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg=="
#define TAG "#EXT-X-DATERANGE:"

static void
start (TestHls *t, gboolean fmp4)
{
  t->fmp4 = fmp4;
  test_hls_new_sink (t, "playlist-length", 0, NULL);
  test_hls_add_video (t);
}

static gboolean
send (GstHarness *harness, GstStructure *structure)
{
  return gst_harness_push_event (
      harness, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, structure));
}

static GstStructure *
make_range (const gchar *fields)
{
  g_autofree gchar *text = g_strdup_printf ("arcly-daterange, %s", fields);
  GstStructure *structure = gst_structure_from_string (text, NULL);

  fail_unless (structure != NULL, "%s", text);
  return structure;
}

/* Microseconds, of the first attribute or tag that begins so behind @in. */
static gint64
date_behind (const gchar *in, const gchar *name)
{
  const gchar *found = strstr (in, name);
  g_autofree gchar *text = NULL;
  g_autoptr (GDateTime) date = NULL;

  fail_unless (found != NULL, "no %s in:\n%s", name, in);
  found += strlen (name);
  text = g_strndup (found, strcspn (found, "\"\n"));
  date = g_date_time_new_from_iso8601 (text, NULL);
  fail_unless (date != NULL, "%s", text);
  return g_date_time_to_unix (date) * G_USEC_PER_SEC +
         g_date_time_get_microsecond (date);
}

static const gchar *
find_range (TestHls *t, const gchar *id)
{
  g_autofree gchar *attribute = g_strdup_printf ("ID=\"%s\"", id);
  const gchar *found = strstr (t->playlist, attribute);

  fail_unless (found != NULL, "no %s in:\n%s", id, t->playlist);
  return found;
}

/* Media before the attribute of @id, from the first frame on, to 2 ms: each
 * date is cut to milliseconds. */
static void
assert_date (
    TestHls *t, const gchar *id, const gchar *name, GstClockTime expected)
{
  gint64 begin = date_behind (t->playlist, "#EXT-X-PROGRAM-DATE-TIME:");
  gint64 date = date_behind (find_range (t, id), name);

  fail_unless (ABS (date - begin - (gint64) (expected / 1000)) <= 2000,
      "%s is %" G_GINT64_FORMAT " us behind the first frame in:\n%s", id,
      date - begin, t->playlist);
}

/* Where it is among the frames, however far it is from there to the end of the
 * segment; or at the times that it says. */
static void
check_placed (gboolean fmp4)
{
  TestHls t;

  test_hls_init (&t);
  start (&t, fmp4);
  test_hls_push (&t, 0, 60);
  fail_unless (send (t.video, make_range ("id=here, X-COM-TEST=\"a, b\", "
                                          "X-N=2.5, X-I=3")));
  fail_unless (send (t.video,
      make_range ("id=ahead, class=ad, start-time=(guint64)9000000000, "
                  "planned-duration=(guint64)30000000000, cue=\"PRE,ONCE\"")));
  test_hls_push (&t, 60, 130);
  test_hls_push (&t, 130, 180);
  fail_unless (send (
      t.video, make_range ("id=here, class=c, end-time=(guint64)7000000000")));
  test_hls_push (&t, 180, 220);
  assert_date (&t, "here", "START-DATE=\"", 60 * FRAME_TIME);
  assert_date (&t, "ahead", "START-DATE=\"", 9 * GST_SECOND);
  assert_date (&t, "here", "CLASS=\"c\",END-DATE=\"", 7 * GST_SECOND);
  fail_unless (test_hls_lists (&t,
                   TAG "ID=\"here\",START-DATE=[^,]*,"
                       "X-COM-TEST=\"a, b\",X-N=2.500000,X-I=3.000000\n"),
      "%s", t.playlist);
  fail_unless (test_hls_lists (&t, "CLASS=\"ad\",.*CUE=\"PRE,ONCE\""));
  fail_unless (test_hls_lists (&t, "PLANNED-DURATION=30.000"));
  test_hls_end (&t);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}

GST_START_TEST (test_placed)
{
  check_placed (__i__);
}
GST_END_TEST;

/* Running time, not the buffers' own. */
GST_START_TEST (test_running_time)
{
  GstSegment segment;
  TestHls t;

  test_hls_init (&t);
  start (&t, FALSE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 10 * GST_SECOND;
  fail_unless (
      gst_harness_push_event (t.video, gst_event_new_segment (&segment)));
  test_hls_push (&t, 250, 310);
  fail_unless (send (t.video, make_range ("id=here")));
  fail_unless (
      send (t.video, make_range ("id=at, start-time=(guint64)1000000000")));
  test_hls_push (&t, 310, 400);
  assert_date (&t, "here", "START-DATE=\"", 60 * FRAME_TIME);
  assert_date (&t, "at", "START-DATE=\"", GST_SECOND);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Bytes, of SCTE-35 with the right CRC only. */
GST_START_TEST (test_bytes)
{
  gsize size;
  g_autofree guint8 *data = g_base64_decode (SPLICE, &size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (data, size);
  TestHls t;

  test_hls_init (&t);
  start (&t, FALSE);
  fail_unless (
      send (t.video, gst_structure_new ("arcly-daterange", "id", G_TYPE_STRING,
                         "s", "scte35-out", G_TYPE_BYTES, bytes, "X-B",
                         GST_TYPE_BUFFER, buffer, NULL)));
  data[5] ^= 1;
  gst_buffer_fill (buffer, 0, data, size);
  fail_unless (
      send (t.video, gst_structure_new ("arcly-daterange", "id", G_TYPE_STRING,
                         "s", "scte35-in", GST_TYPE_BUFFER, buffer, NULL)));
  test_hls_assert_message (&t, GST_MESSAGE_WARNING,
      "The date range \"s\" is not listed: \"scte35-in\"");
  test_hls_push (&t, 0, 100);
  fail_unless (test_hls_lists (&t, "SCTE35-OUT=0xFC30[0-9A-F]{30,},"
                                   "X-B=0xFC30[0-9A-F]{30,}"),
      "%s", t.playlist);
  fail_if (test_hls_lists (&t, "SCTE35-IN"));
  test_hls_clear (&t);
}
GST_END_TEST;

/* Said with the field and the reason; the playlist is as if it was not there.
 */
GST_START_TEST (test_refused)
{
  static const struct {
    const gchar *fields;
    const gchar *reason;
  } cases[] = {
    { "class=a", "\"id\" is missing" },
    { "id=(string)\"\"", "ID is missing or empty" },
    { "id=(int)3", "\"id\" is no string, but gint" },
    { "id=\"a\\\"b\"", "ID has a quote inside" },
    { "id=\"a\\\nb\"", "ID has a line break" },
    { "id=a, colour=red", "\"colour\" is not known" },
    { "id=a, x-low=red", "\"x-low\" is not known" },
    { "id=a, X-low=red", "X-low is no attribute" },
    { "id=a, X-A=(boolean)true", "\"X-A\" is no string, number" },
    { "id=a, X-A=(int)-1", "X-A is no number from 0" },
    { "id=a, duration=(int)-1", "\"duration\" is negative" },
    { "id=a, duration=(string)long", "\"duration\" is no number" },
    { "id=a, start-time=(guint64)18446744073709551615",
        "\"start-time\" is negative, or too large" },
    { "id=a, start-date=(string)today", "\"start-date\" is no GstDateTime" },
    { "id=a, start-date=(datetime)2023-11", "\"start-date\" has no time" },
    { "id=a, start-date=(datetime)2023-11-14T22:13:20Z, "
      "start-time=(guint64)0",
        "START-DATE is set twice" },
    { "id=a, start-date=(datetime)2023-11-14T22:13:20Z, duration=(int)1",
        "is over before what is listed" },
    { "id=a, end-on-next=(boolean)true", "END-ON-NEXT needs CLASS" },
    { "id=a, cue=NOW", "CUE is not" },
    { "id=a, scte35-out=(string)0xfc", "\"scte35-out\" is no GBytes" },
    { "id=good, class=other", "CLASS is not what it was" },
  };
  guint n = 120, i;
  TestHls t;

  test_hls_init (&t);
  start (&t, FALSE);
  fail_unless (send (t.video, make_range ("id=good, class=one")));
  test_hls_push (&t, 0, n);
  for (i = 0; i < G_N_ELEMENTS (cases); i++, n++) {
    fail_unless (send (t.video, make_range (cases[i].fields)));
    test_hls_push (&t, n, n + 1);
    test_hls_assert_message (&t, GST_MESSAGE_WARNING, cases[i].reason);
  }
  test_hls_end (&t);
  fail_unless (strstr (t.playlist, TAG) == strrchr (t.playlist, '#') ||
                   !strstr (strstr (t.playlist, TAG) + 1, TAG),
      "%s", t.playlist);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* A demuxer sends an event to all of its pads. */
GST_START_TEST (test_all_pads)
{
  GstEvent *event;
  TestHls t;

  test_hls_init (&t);
  start (&t, FALSE);
  test_hls_add_audio (&t);
  test_hls_push (&t, 0, 60);
  event = gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      make_range ("id=once, class=c, duration=(guint64)1000000000"));
  fail_unless (gst_harness_push_event (t.audio, gst_event_ref (event)));
  fail_unless (gst_harness_push_event (t.video, event));
  test_hls_push (&t, 60, 150);
  test_hls_end (&t);
  fail_if (strstr (find_range (&t, "once"), TAG));
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Behind all frames; and from one process to the next. */
GST_START_TEST (test_restart)
{
  TestHls t;

  test_hls_init (&t);
  start (&t, FALSE);
  test_hls_push (&t, 0, 120);
  fail_unless (send (t.video, make_range ("id=first, class=c")));
  test_hls_push (&t, 120, 130);
  test_hls_drop_sink (&t);
  find_range (&t, "first");

  start (&t, FALSE);
  fail_unless (send (t.video, make_range ("id=first, X-MORE=(string)1")));
  fail_unless (send (t.video, make_range ("id=first, class=d")));
  test_hls_push (&t, 0, 60);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "CLASS is not what it was");
  fail_unless (send (t.video, make_range ("id=last")));
  test_hls_end (&t);
  fail_unless (test_hls_lists (&t, "X-MORE=\"1\""), "%s", t.playlist);
  find_range (&t, "last");
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Nobody brings media: what waits is bounded. */
GST_START_TEST (test_bounds)
{
  TestHls t;
  guint n;

  test_hls_init (&t);
  start (&t, FALSE);
  for (n = 0; n < 64; n++) {
    g_autofree gchar *fields = g_strdup_printf ("id=(string)%u", n);

    fail_unless (send (t.video, make_range (fields)));
  }
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  fail_unless (send (t.video, make_range ("id=more")));
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "too many wait");
  test_hls_push (&t, 0, 60);
  find_range (&t, "63");
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  test_hls_clear (&t);
}
GST_END_TEST;

static guint
count_warnings (TestHls *t)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_WARNING))) {
    gst_message_unref (message);
    n++;
  }
  return n;
}

/* The same where sound comes, and picture lacks. */
GST_START_TEST (test_bounds_without_picture)
{
  static guint8 sound[200];
  TestHls t;
  guint n, k;

  test_hls_init (&t);
  start (&t, FALSE);
  test_hls_add_audio (&t);
  for (n = 0; n < 5; n++) {
    GstBuffer *buffer = gst_buffer_new_memdup (sound, sizeof sound);

    for (k = 0; k < 60; k++) {
      g_autofree gchar *fields = g_strdup_printf ("id=(string)%u-%u", n, k);

      fail_unless (send (t.audio, make_range (fields)));
    }
    GST_BUFFER_PTS (buffer) = n * SOUND_TIME;
    GST_BUFFER_DURATION (buffer) = SOUND_TIME;
    fail_unless_equals_int (gst_harness_push (t.audio, buffer), GST_FLOW_OK);
  }
  /* 256 have room. */
  fail_unless_equals_int (count_warnings (&t), 5 * 60 - 256);
  for (n = 0; n < 60; n++)
    fail_unless_equals_int (
        test_hls_try_video (&t, n, n % KEY_INTERVAL == 0), GST_FLOW_OK);
  test_hls_end (&t);
  find_range (&t, "0-0");
  find_range (&t, "4-15");
  fail_if (strstr (t.playlist, "ID=\"4-16\""));
  fail_unless_equals_int (count_warnings (&t), 0);
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlsrange_suite (void)
{
  Suite *suite = suite_create ("arclyhlsrange");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_placed, FALSE, TRUE + 1);
  tcase_add_test (tc, test_running_time);
  tcase_add_test (tc, test_bytes);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_all_pads);
  tcase_add_test (tc, test_restart);
  tcase_add_test (tc, test_bounds);
  tcase_add_test (tc, test_bounds_without_picture);
  return suite;
}
GST_CHECK_MAIN (arclyhlsrange);
