/* SPDX-License-Identifier: MIT
 *
 * arclybus: publishers that go, come back and follow each other. */
#include <gst/arcly/arcly.h>
#include <gst/check/gsttestclock.h>

#include "testbus.h"

#define PER_SESSION 10
#define N_TRACKS 2

/* All the timers of the element wait for this clock. */
static GstTestClock *
use_test_clock (void)
{
  GstClock *clock = gst_test_clock_new ();

  gst_system_clock_set_default (clock);
  return GST_TEST_CLOCK (clock);
}

static void
drop_test_clock (GstTestClock *clock)
{
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}

/* A publisher of its own, with its own idea of time. */
typedef struct {
  GstPad *src[N_TRACKS];
  guint n_tracks;
} Publisher;

static void
publisher_begin (Publisher *publisher, GstElement *bus, guint session,
    guint n_tracks, const GstSegment *segment)
{
  static const gchar *caps[] = { VIDEO_CAPS, AUDIO_CAPS };

  publisher->n_tracks = n_tracks;
  for (guint i = 0; i < n_tracks; i++) {
    g_autofree gchar *name = g_strdup_printf ("sink_%u", i);
    g_autofree gchar *id = g_strdup_printf ("publisher-%u/%u", session, i);
    g_autoptr (GstPad) sink = gst_element_get_static_pad (bus, name);
    g_autoptr (GstCaps) own = gst_caps_from_string (caps[i]);

    if (publisher->src[i] == NULL) {
      publisher->src[i] = gst_pad_new ("src", GST_PAD_SRC);
      gst_pad_set_active (publisher->src[i], TRUE);
      fail_unless_equals_int (
          gst_pad_link (publisher->src[i], sink), GST_PAD_LINK_OK);
    }
    gst_pad_push_event (publisher->src[i], gst_event_new_stream_start (id));
    gst_pad_push_event (publisher->src[i], gst_event_new_caps (own));
    gst_pad_push_event (publisher->src[i], gst_event_new_segment (segment));
  }
}

static void
publisher_push (Publisher *publisher, guint from, guint to)
{
  for (guint n = from; n < to; n++) {
    for (guint i = 0; i < publisher->n_tracks; i++)
      fail_unless_equals_int (
          gst_pad_push (publisher->src[i], make_frame (n, i > 0 || n == from)),
          GST_FLOW_OK);
  }
}

static void
publisher_eos (Publisher *publisher)
{
  for (guint i = 0; i < publisher->n_tracks; i++)
    gst_pad_push_event (publisher->src[i], gst_event_new_eos ());
}

static void
publisher_unlink (Publisher *publisher)
{
  for (guint i = 0; i < publisher->n_tracks; i++) {
    g_autoptr (GstPad) peer = gst_pad_get_peer (publisher->src[i]);

    gst_pad_unlink (publisher->src[i], peer);
    gst_pad_set_active (publisher->src[i], FALSE);
    gst_clear_object (&publisher->src[i]);
  }
}

static GstElement *
new_bus (guint n_tracks, GstPad **sinks)
{
  GstElement *bus =
      gst_object_ref_sink (gst_element_factory_make ("arclybus", NULL));

  for (guint i = 0; i < n_tracks; i++)
    sinks[i] = gst_element_request_pad_simple (bus, "sink_%u");
  fail_unless_equals_int (
      gst_element_set_state (bus, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  return bus;
}

static void
free_bus (GstElement *bus, guint n_tracks, GstPad **sinks)
{
  gst_element_set_state (bus, GST_STATE_NULL);
  /* Its messages hold the element that holds them. */
  gst_element_set_bus (bus, NULL);
  for (guint i = 0; i < n_tracks; i++) {
    gst_element_release_request_pad (bus, sinks[i]);
    gst_object_unref (sinks[i]);
  }
  gst_object_unref (bus);
}

static GstHarness *
join (GstElement *bus, const gchar *pad)
{
  GstHarness *sub = gst_harness_new_with_element (bus, NULL, pad);

  gst_harness_play (sub);
  return sub;
}

/* As a sink counts, with the segment that holds now. */
static guint64
running_time (GstHarness *sub, GstBuffer *buffer)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (sub->sinkpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = NULL;

  gst_event_parse_segment (event, &segment);
  return gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
}

static void
no_eos (GstHarness *sub)
{
  GstEvent *event = NULL;

  while ((event = gst_harness_try_pull_event (sub))) {
    fail_if (GST_EVENT_TYPE (event) == GST_EVENT_EOS, "EOS came through");
    gst_event_unref (event);
  }
}

/* What one publisher gave: all of it, a DISCONT first, never back in time, and
 * both tracks moved alike. */
static void
check_session (GstHarness **subs, guint session, gint64 *last)
{
  gint64 times[N_TRACKS];

  for (guint n = 0; n < PER_SESSION; n++) {
    for (guint i = 0; i < N_TRACKS; i++) {
      GstBuffer *buffer = gst_harness_pull (subs[i]);

      fail_unless (buffer != NULL, "session %u lacks a buffer", session);
      fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), n);
      if (session > 0)
        fail_unless_equals_int (
            n == 0, GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
      times[i] = running_time (subs[i], buffer);
      fail_unless (times[i] >= last[i] + (gint64) FRAME_TIME,
          "session %u: running time went back", session);
      last[i] = times[i];
      gst_buffer_unref (buffer);
    }
    fail_unless_equals_int64 (times[0], times[1]);
  }
}

/* Twenty publishers, each of which counts from 0: by EOS and a new
 * stream-start, and by unlink and link, in turns. */
GST_START_TEST (test_twenty_hand_overs)
{
  GstTestClock *clock = use_test_clock ();
  GstPad *sinks[N_TRACKS];
  GstElement *bus = new_bus (N_TRACKS, sinks);
  GstHarness *subs[N_TRACKS] = { join (bus, "src_0_0"), join (bus, "src_0_1") };
  gint64 last[N_TRACKS] = { -1000 * GST_SECOND, -1000 * GST_SECOND };
  Publisher publisher = { 0 };
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_object_set (bus, "reconnect-window", 5 * GST_SECOND, NULL);
  for (guint session = 0; session < 21; session++) {
    publisher_begin (&publisher, bus, session, N_TRACKS, &segment);
    publisher_push (&publisher, 0, PER_SESSION);
    check_session (subs, session, last);
    if (session % 2)
      publisher_eos (&publisher);
    else
      publisher_unlink (&publisher);
  }
  for (guint i = 0; i < N_TRACKS; i++)
    no_eos (subs[i]);
  fail_unless_equals_uint64 (get_stat (bus, "hand-overs"), 20);
  fail_unless_equals_uint64 (get_stat (bus, "refused-buffers"), 0);
  for (guint i = 0; i < N_TRACKS; i++)
    gst_harness_teardown (subs[i]);
  free_bus (bus, N_TRACKS, sinks);
  drop_test_clock (clock);
}
GST_END_TEST;

static void
check_window (gboolean by_eos)
{
  GstTestClock *clock = use_test_clock ();
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstHarness *sub = join (bus, "src_0_0");
  Publisher publisher = { 0 };
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_object_set (bus, "reconnect-window", 5 * GST_SECOND, NULL);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 2);
  pull_frames (sub, 0, 2);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 0);
  if (by_eos)
    publisher_eos (&publisher);
  else
    publisher_unlink (&publisher);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 1);
  fail_unless_equals_uint64 (
      gst_test_clock_get_next_entry_time (clock), 5 * GST_SECOND);

  /* Back in time: nobody waits any more. */
  publisher_begin (&publisher, bus, 1, 1, &segment);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 0);
  publisher_push (&publisher, 0, 2);
  pull_frames (sub, 0, 2);
  no_eos (sub);

  if (by_eos)
    publisher_eos (&publisher);
  else
    publisher_unlink (&publisher);
  fail_unless (gst_test_clock_crank (clock));
  gst_event_unref (pull_event (sub, GST_EVENT_EOS));

  /* The stream has ended, and begins again. */
  publisher_begin (&publisher, bus, 2, 1, &segment);
  publisher_push (&publisher, 0, 2);
  pull_frames (sub, 0, 2);
  publisher_unlink (&publisher);
  gst_harness_teardown (sub);
  free_bus (bus, 1, sinks);
  drop_test_clock (clock);
}

GST_START_TEST (test_window_after_eos)
{
  check_window (TRUE);
}
GST_END_TEST;

GST_START_TEST (test_window_after_unlink)
{
  check_window (FALSE);
}
GST_END_TEST;

/* Without a window EOS is EOS. */
GST_START_TEST (test_no_window)
{
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstHarness *sub = join (bus, "src_0_0");
  Publisher publisher = { 0 };
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 1);
  publisher_eos (&publisher);
  gst_event_unref (pull_event (sub, GST_EVENT_EOS));
  publisher_unlink (&publisher);
  gst_harness_teardown (sub);
  free_bus (bus, 1, sinks);
}
GST_END_TEST;

/* One that goes on where the other was is not moved at all; the first pictures,
 * which refer to what nobody has, are left out, and a keyframe is asked for. */
GST_START_TEST (test_same_clock_and_mid_gop)
{
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstHarness *sub = join (bus, "src_0_0");
  Publisher publisher = { 0 };
  GstBuffer *buffer = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 10);
  pull_frames (sub, 0, 10);
  publisher_unlink (&publisher);

  publisher_begin (&publisher, bus, 1, 1, &segment);
  for (guint n = 10; n < 13; n++)
    fail_unless_equals_int (
        gst_pad_push (publisher.src[0], make_frame (n, FALSE)), GST_FLOW_OK);
  publisher_push (&publisher, 13, 15);
  buffer = gst_harness_pull (sub);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), 13);
  fail_unless_equals_uint64 (running_time (sub, buffer), 13 * FRAME_TIME);
  gst_buffer_unref (buffer);
  pull_frame (sub, 14);
  fail_unless_equals_uint64 (get_stat (bus, "refused-buffers"), 3);
  fail_unless_equals_uint64 (get_stat (bus, "key-requests"), 1);

  publisher_unlink (&publisher);
  gst_harness_teardown (sub);
  free_bus (bus, 1, sinks);
}
GST_END_TEST;

/* A pause in the arrival: time goes on, it does not jump by what the new
 * publisher counts. */
GST_START_TEST (test_far_ahead)
{
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstHarness *sub = join (bus, "src_0_0");
  Publisher publisher = { 0 };
  GstBuffer *buffer = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 10);
  pull_frames (sub, 0, 10);
  publisher_unlink (&publisher);

  publisher_begin (&publisher, bus, 1, 1, &segment);
  publisher_push (&publisher, 90000, 90001);
  buffer = gst_harness_pull (sub);
  fail_unless (running_time (sub, buffer) >= 10 * FRAME_TIME);
  fail_unless (running_time (sub, buffer) < 3600 * GST_SECOND);
  gst_buffer_unref (buffer);

  publisher_unlink (&publisher);
  gst_harness_teardown (sub);
  free_bus (bus, 1, sinks);
}
GST_END_TEST;

static GstMessage *
wait_message (GstBus *bus, const gchar *name)
{
  GstMessage *message = NULL;

  while ((message = gst_bus_timed_pop_filtered (
              bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT))) {
    if (gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
  fail ("no message %s", name);
  return NULL;
}

static GstElement *
named_bus (GstArclyEngine *engine, GstBus *messages)
{
  GstElement *bus =
      gst_object_ref_sink (gst_element_factory_make ("arclybus", NULL));
  GstContext *context = gst_arcly_engine_new_context (engine);

  gst_element_set_context (bus, context);
  gst_context_unref (context);
  gst_element_set_bus (bus, messages);
  g_object_set (
      bus, "stream", "live/cam", "idle-timeout", 4 * GST_SECOND, NULL);
  return bus;
}

/* A publisher that gives nothing loses the name, and gets it back when it goes
 * on and nobody else has it. */
GST_START_TEST (test_idle)
{
  GstTestClock *clock = use_test_clock ();
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  GstBus *messages = gst_bus_new ();
  GstElement *bus = named_bus (engine, messages);
  GstElement *other = named_bus (engine, messages);
  GstPad *sinks[] = { gst_element_request_pad_simple (bus, "sink_%u") };
  Publisher publisher = { 0 };
  GstMessage *message = NULL;
  GstSegment segment;
  guint64 value = 0;

  fail_unless_equals_int (
      gst_element_set_state (bus, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      gst_element_set_state (other, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 3);
  /* The first look sees that something came. */
  for (guint i = 0; i < 5; i++)
    fail_unless (gst_test_clock_crank (clock));
  message = wait_message (messages, "arcly-stream-idle");
  fail_unless_equals_string (
      gst_structure_get_string (gst_message_get_structure (message), "stream"),
      "live/cam");
  gst_structure_get_uint64 (
      gst_message_get_structure (message), "buffers", &value);
  fail_unless_equals_uint64 (value, 3);
  gst_message_unref (message);

  fail_unless_equals_int (
      gst_element_set_state (other, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (other, GST_STATE_NULL);
  publisher_push (&publisher, 3, 4);
  gst_message_unref (wait_message (messages, "arcly-stream-active"));
  fail_unless_equals_int (
      gst_element_set_state (other, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);

  gst_element_set_state (other, GST_STATE_NULL);
  gst_element_set_bus (other, NULL);
  gst_object_unref (other);
  publisher_unlink (&publisher);
  free_bus (bus, 1, sinks);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 0);
  gst_object_unref (messages);
  drop_test_clock (clock);
}
GST_END_TEST;

/* Nobody has begun, or all have ended: nobody is late. */
GST_START_TEST (test_not_idle)
{
  GstTestClock *clock = use_test_clock ();
  GstBus *messages = gst_bus_new ();
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  Publisher publisher = { 0 };
  GstMessage *message = NULL;
  GstSegment segment;

  gst_element_set_bus (bus, messages);
  g_object_set (bus, "idle-timeout", 4 * GST_SECOND, NULL);
  for (guint i = 0; i < 10; i++)
    fail_unless (gst_test_clock_crank (clock));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 3);
  publisher_eos (&publisher);
  for (guint i = 0; i < 10; i++)
    fail_unless (gst_test_clock_crank (clock));
  g_object_set (bus, "idle-timeout", (guint64) 0, NULL);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 0);
  publisher_unlink (&publisher);
  free_bus (bus, 1, sinks);
  message = gst_bus_pop_filtered (messages, GST_MESSAGE_ELEMENT);
  fail_unless (message == NULL);
  gst_object_unref (messages);
  drop_test_clock (clock);
}
GST_END_TEST;

/* One subscriber more than there may be is refused; more pads of those that are
 * there are not; and a place that is given back is free. */
GST_START_TEST (test_max_subscribers)
{
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstPad *one = NULL, *two = NULL, *three = NULL;

  g_object_set (bus, "max-subscribers", 2, NULL);
  one = gst_element_request_pad_simple (bus, "src_0_0");
  two = gst_element_request_pad_simple (bus, "src_%u_%u");
  fail_unless (one != NULL && two != NULL);
  fail_unless (gst_element_request_pad_simple (bus, "src_7_0") == NULL);
  fail_unless (gst_element_request_pad_simple (bus, "src_%u_%u") == NULL);
  three = gst_element_request_pad_simple (bus, "src_0_1");
  fail_unless (three != NULL);
  gst_object_unref (three);

  gst_element_release_request_pad (bus, two);
  gst_object_unref (two);
  two = gst_element_request_pad_simple (bus, "src_7_0");
  fail_unless (two != NULL);
  fail_unless_equals_uint64 (get_stat (bus, "subscribers"), 2);
  gst_object_unref (two);
  gst_object_unref (one);
  free_bus (bus, 1, sinks);
}
GST_END_TEST;

static guint64
message_number (GstMessage *message, const gchar *field)
{
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (
      gst_message_get_structure (message), field, &value));
  return value;
}

/* At each interval; the delays are the interval's, those of subscribers that
 * left included; and none when it does not play. */
GST_START_TEST (test_qos_messages)
{
  GstTestClock *clock = use_test_clock ();
  GstBus *messages = gst_bus_new ();
  GstPad *sinks[1];
  GstElement *bus = new_bus (1, sinks);
  GstHarness *sub = join (bus, "src_0_0");
  GstHarness *stays = join (bus, "src_1_7"); /* a harness stops its element */
  Publisher publisher = { 0 };
  GstMessage *message = NULL;
  GstSegment segment;

  gst_element_set_bus (bus, messages);
  g_object_set (bus, "stats-interval", GST_SECOND, NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  publisher_begin (&publisher, bus, 0, 1, &segment);
  publisher_push (&publisher, 0, 10);
  pull_frames (sub, 0, 10);
  gst_harness_teardown (sub);

  fail_unless (gst_test_clock_crank (clock));
  message = wait_message (messages, "arcly-qos");
  fail_unless_equals_uint64 (message_number (message, "buffers"), 10);
  fail_unless_equals_uint64 (message_number (message, "bytes"), 10000);
  fail_unless (message_number (message, "delay-p50") > 0);
  fail_unless (message_number (message, "delay-p99") >=
               message_number (message, "delay-p50"));
  gst_message_unref (message);

  fail_unless (gst_test_clock_crank (clock));
  message = wait_message (messages, "arcly-qos");
  fail_unless_equals_uint64 (message_number (message, "delay-p99"), 0);
  gst_message_unref (message);
  fail_unless (get_stat (bus, "delay-p99") > 0);

  gst_element_set_state (bus, GST_STATE_PAUSED);
  fail_unless_equals_int (gst_test_clock_peek_id_count (clock), 0);
  publisher_unlink (&publisher);
  gst_harness_teardown (stays);
  free_bus (bus, 1, sinks);
  gst_object_unref (messages);
  drop_test_clock (clock);
}
GST_END_TEST;

static Suite *
publisher_suite (void)
{
  Suite *s = suite_create ("arclybus-publisher");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_twenty_hand_overs);
  tcase_add_test (tc, test_window_after_eos);
  tcase_add_test (tc, test_window_after_unlink);
  tcase_add_test (tc, test_no_window);
  tcase_add_test (tc, test_same_clock_and_mid_gop);
  tcase_add_test (tc, test_far_ahead);
  tcase_add_test (tc, test_idle);
  tcase_add_test (tc, test_not_idle);
  tcase_add_test (tc, test_max_subscribers);
  tcase_add_test (tc, test_qos_messages);
  return s;
}

GST_CHECK_MAIN (publisher);
