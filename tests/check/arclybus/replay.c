/* SPDX-License-Identifier: MIT
 *
 * arclybus: what a late subscriber does with what it missed. */
#include "testbus.h"

#define AUDIO_TIME (20 * GST_MSECOND)
#define GOP 250

typedef struct {
  GstHarness *video, *audio;
} Stream;

static GstBuffer *
make_audio (guint n)
{
  GstBuffer *buffer = make_frame (n, TRUE);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * AUDIO_TIME;
  GST_BUFFER_DURATION (buffer) = AUDIO_TIME;
  return buffer;
}

/* Video frames [from, to) and the audio that goes with them. */
static void
stream_push (Stream *stream, guint from, guint to)
{
  for (guint n = from; n < to; n++) {
    push_frames (stream->video, n, n + 1, GOP);
    for (guint i = 0; i < 2; i++)
      fail_unless_equals_int (
          gst_harness_push (stream->audio, make_audio (2 * n + i)),
          GST_FLOW_OK);
  }
}

static void
stream_open (Stream *stream)
{
  stream->video = new_publisher (VIDEO_CAPS);
  stream->audio =
      gst_harness_new_with_element (stream->video->element, "sink_1", NULL);
  gst_harness_set_src_caps_str (stream->audio, AUDIO_CAPS);
}

static void
stream_close (Stream *stream)
{
  gst_harness_teardown (stream->audio);
  gst_harness_teardown (stream->video);
}

static GstHarness *
late (Stream *stream, const gchar *name, const gchar *mode)
{
  GstElement *bus = stream->video->element;
  GstPad *pad = gst_element_request_pad_simple (bus, name);
  GstHarness *sub = NULL;

  gst_util_set_object_arg (G_OBJECT (pad), "replay-mode", mode);
  sub = new_subscriber (stream->video, name);
  gst_object_unref (pad);
  return sub;
}

/* What is shown of a subscriber's track. */
typedef struct {
  guint first; /* the first frame that is shown at all, by number */
  guint64 shown_from;
  guint n_hidden;
} Shown;

/* Pulls the frames [from, to); clips as decoders and sinks do. */
static Shown
look (GstHarness *sub, guint from, guint to)
{
  Shown shown = { 0, GST_CLOCK_TIME_NONE, 0 };

  for (guint n = from; n < to; n++) {
    GstBuffer *buffer = gst_harness_pull (sub);
    GstEvent *event = NULL;
    const GstSegment *segment = NULL;
    guint64 start = 0, stop = 0;

    fail_unless (buffer != NULL, "frame %u did not come", n);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), n);
    event = gst_pad_get_sticky_event (sub->sinkpad, GST_EVENT_SEGMENT, 0);
    gst_event_parse_segment (event, &segment);
    start = GST_BUFFER_PTS (buffer);
    stop = start + GST_BUFFER_DURATION (buffer);
    if (!gst_segment_clip (
            segment, GST_FORMAT_TIME, start, stop, &start, &stop)) {
      shown.n_hidden++;
    } else if (!GST_CLOCK_TIME_IS_VALID (shown.shown_from)) {
      shown.first = n;
      shown.shown_from =
          gst_segment_to_running_time (segment, GST_FORMAT_TIME, start);
    }
    gst_event_unref (event);
    gst_buffer_unref (buffer);
  }
  return shown;
}

/* All of the GOP comes and can be decoded; what is shown begins where the
 * stream is, on both tracks within one audio frame, at the running time it
 * always had. The audio is linked later, when the stream has gone on. */
GST_START_TEST (test_decode_only)
{
  Stream stream;
  GstHarness *video = NULL, *audio = NULL;
  Shown v, a;

  stream_open (&stream);
  stream_push (&stream, 0, 100);
  video = late (&stream, "src_0_0", "decode-only");
  v = look (video, 0, 100);
  fail_unless_equals_int (v.n_hidden, 99);
  fail_unless_equals_int (v.first, 99);
  fail_unless_equals_uint64 (v.shown_from, 99 * FRAME_TIME);

  stream_push (&stream, 100, 105);
  audio = late (&stream, "src_0_1", "decode-only");
  a = look (audio, 0, 210);
  fail_unless (ABS (GST_CLOCK_DIFF (a.shown_from, v.shown_from)) <=
                   (GstClockTimeDiff) AUDIO_TIME,
      "the tracks are %" GST_STIME_FORMAT " apart",
      GST_STIME_ARGS (GST_CLOCK_DIFF (a.shown_from, v.shown_from)));

  /* What is live is shown, when it always was to be. */
  v = look (video, 100, 105);
  fail_unless_equals_int (v.n_hidden, 0);
  fail_unless_equals_uint64 (v.shown_from, 100 * FRAME_TIME);

  gst_harness_teardown (audio);
  gst_harness_teardown (video);
  stream_close (&stream);
}
GST_END_TEST;

/* A segment in the GOP keeps its running time, too, and one that comes after
 * the newcomer is what it is. */
GST_START_TEST (test_decode_only_with_segments)
{
  Stream stream;
  GstHarness *video = NULL;
  GstSegment segment;
  Shown v;

  stream_open (&stream);
  stream_push (&stream, 0, 50);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 50 * FRAME_TIME;
  segment.base = 60 * FRAME_TIME;
  gst_harness_push_event (stream.video, gst_event_new_segment (&segment));
  stream_push (&stream, 50, 80);
  video = late (&stream, "src_0_0", "decode-only");
  v = look (video, 0, 80);
  fail_unless_equals_int (v.n_hidden, 79);
  fail_unless_equals_uint64 (v.shown_from, 89 * FRAME_TIME);

  segment.start = segment.time = 80 * FRAME_TIME;
  segment.base = 100 * FRAME_TIME;
  gst_harness_push_event (stream.video, gst_event_new_segment (&segment));
  stream_push (&stream, 80, 81);
  v = look (video, 80, 81);
  fail_unless_equals_uint64 (v.shown_from, 100 * FRAME_TIME);

  gst_harness_teardown (video);
  stream_close (&stream);
}
GST_END_TEST;

/* One that is linked again comes in anew, not where it came in before. */
GST_START_TEST (test_decode_only_again)
{
  Stream stream;
  GstHarness *video = NULL;
  GstPad *pad = NULL;
  Shown v;

  stream_open (&stream);
  stream_push (&stream, 0, 50);
  /* Keeps the subscriber, whatever the harness does with its pad. */
  pad = gst_element_request_pad_simple (stream.video->element, "src_0_7");
  video = late (&stream, "src_0_0", "decode-only");
  look (video, 0, 50);
  stream_push (&stream, 50, 60);
  look (video, 50, 60);
  {
    GstPad *src = gst_pad_get_peer (video->sinkpad);

    gst_pad_unlink (src, video->sinkpad);
    fail_unless_equals_int (
        gst_pad_link (src, video->sinkpad), GST_PAD_LINK_OK);
    gst_object_unref (src);
  }
  v = look (video, 0, 60);
  fail_unless_equals_int (v.first, 59);

  gst_harness_teardown (video);
  gst_element_release_request_pad (stream.video->element, pad);
  gst_object_unref (pad);
  stream_close (&stream);
}
GST_END_TEST;

GST_START_TEST (test_as_is)
{
  Stream stream;
  GstHarness *video = NULL, *audio = NULL;
  Shown v, a;

  stream_open (&stream);
  stream_push (&stream, 0, 100);
  video = late (&stream, "src_0_0", "as-is");
  audio = late (&stream, "src_0_1", "as-is");
  v = look (video, 0, 100);
  a = look (audio, 0, 200);
  fail_unless_equals_int (v.n_hidden + a.n_hidden, 0);
  fail_unless_equals_uint64 (v.shown_from, 0);
  fail_unless_equals_uint64 (a.shown_from, 0);
  gst_harness_teardown (audio);
  gst_harness_teardown (video);
  stream_close (&stream);
}
GST_END_TEST;

/* Nothing old, on either track, though it is in the cache; a keyframe is asked
 * for, and both begin with it. */
GST_START_TEST (test_none)
{
  Stream stream;
  GstHarness *video = NULL, *audio = NULL;

  stream_open (&stream);
  stream_push (&stream, 0, 100);
  video = late (&stream, "src_0_0", "none");
  audio = late (&stream, "src_0_1", "none");
  gst_event_unref (pull_event (video, GST_EVENT_SEGMENT));
  gst_event_unref (pull_event (audio, GST_EVENT_SEGMENT));
  stream_push (&stream, 100, 255);
  look (video, 250, 255);
  look (audio, 500, 510);
  fail_unless (get_stat (stream.video->element, "key-requests") > 0);
  gst_harness_teardown (audio);
  gst_harness_teardown (video);
  stream_close (&stream);
}
GST_END_TEST;

/* As one sets it in gst-launch; of one pad for the whole subscriber. */
GST_START_TEST (test_replay_mode_of_subscriber)
{
  GstElement *bus = gst_element_factory_make ("arclybus", NULL);
  GstPad *one = gst_element_request_pad_simple (bus, "src_0_0");
  GstPad *two = gst_element_request_pad_simple (bus, "src_0_1");
  GstPad *other = gst_element_request_pad_simple (bus, "src_1_0");
  gint mode = -1;

  gst_util_set_object_arg (G_OBJECT (one), "replay-mode", "none");
  g_object_get (two, "replay-mode", &mode, NULL);
  fail_unless_equals_int (mode, 2);
  g_object_get (other, "replay-mode", &mode, NULL);
  fail_unless_equals_int (mode, 0);
  gst_object_unref (other);
  gst_object_unref (two);
  gst_object_unref (one);
  gst_object_unref (bus);
}
GST_END_TEST;

static Suite *
replay_suite (void)
{
  Suite *s = suite_create ("arclybus-replay");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_decode_only);
  tcase_add_test (tc, test_decode_only_with_segments);
  tcase_add_test (tc, test_decode_only_again);
  tcase_add_test (tc, test_as_is);
  tcase_add_test (tc, test_none);
  tcase_add_test (tc, test_replay_mode_of_subscriber);
  return s;
}

GST_CHECK_MAIN (replay);
