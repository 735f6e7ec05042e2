/* SPDX-License-Identifier: MIT */
#include "testsrc.h"

#define WAIT (10 * G_TIME_SPAN_SECOND)

static const gchar *const pad_names[TEST_N_TRACKS] = { "video_0", "audio_0",
  "video_1", "audio_1" };

/* A pad without a template would take its first caps only. */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* ---- sinks ---- */

/* Takes @thing. */
static GstFlowReturn
keep (GstPad *pad, GstMiniObject *thing)
{
  TestSrc *t = g_object_get_data (G_OBJECT (pad), "test");
  GstFlowReturn flow;
  guint i;

  g_mutex_lock (&t->lock);
  for (i = 0; i < TEST_N_TRACKS; i++) {
    if (t->sinks[i].sink == pad)
      g_queue_push_tail (&t->sinks[i].things, thing);
  }
  flow = t->flow;
  g_cond_broadcast (&t->changed);
  g_mutex_unlock (&t->lock);
  return flow;
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  return keep (pad, GST_MINI_OBJECT_CAST (buffer));
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  keep (pad, GST_MINI_OBJECT_CAST (event));
  return TRUE;
}

static gboolean
find_track (GstPad *pad, TestTrack *track)
{
  g_autofree gchar *name = gst_pad_get_name (pad);
  guint i;

  for (i = 0; i < TEST_N_TRACKS; i++) {
    if (strcmp (name, pad_names[i]) == 0) {
      *track = i;
      return TRUE;
    }
  }
  return FALSE;
}

static void
on_pad_added (GstElement *element, GstPad *pad, TestSrc *t)
{
  GstPad *sink = gst_pad_new_from_static_template (&sink_template, "sink");
  TestTrack track;

  fail_unless (find_track (pad, &track), "pad %s", GST_PAD_NAME (pad));
  gst_object_ref_sink (sink);
  g_object_set_data (G_OBJECT (sink), "test", t);
  gst_pad_set_chain_function (sink, sink_chain);
  gst_pad_set_event_function (sink, sink_event);
  g_mutex_lock (&t->lock);
  fail_unless (t->sinks[track].sink == NULL);
  t->sinks[track].sink = sink;
  g_mutex_unlock (&t->lock);
  gst_pad_set_active (sink, TRUE);
  fail_unless_equals_int (gst_pad_link (pad, sink), GST_PAD_LINK_OK);
}

static void
clear_sink (TestSink *sink)
{
  GstMiniObject *thing;

  gst_clear_object (&sink->sink);
  while ((thing = g_queue_pop_head (&sink->things)))
    gst_mini_object_unref (thing);
}

static void
on_pad_removed (GstElement *element, GstPad *pad, TestSrc *t)
{
  TestTrack track;

  fail_unless (find_track (pad, &track));
  gst_pad_set_active (t->sinks[track].sink, FALSE);
  g_mutex_lock (&t->lock);
  clear_sink (&t->sinks[track]);
  t->no_more_pads = 0;
  g_mutex_unlock (&t->lock);
}

static void
on_no_more_pads (GstElement *element, TestSrc *t)
{
  g_mutex_lock (&t->lock);
  t->no_more_pads++;
  g_cond_broadcast (&t->changed);
  g_mutex_unlock (&t->lock);
}

/* ---- the element ---- */

void
test_src_init (TestSrc *t, const gchar *description, const gchar *property,
    const gchar *location)
{
  GError *error = NULL;

  memset (t, 0, sizeof (*t));
  g_mutex_init (&t->lock);
  g_cond_init (&t->changed);
  t->flow = GST_FLOW_OK;
  t->pipeline = gst_pipeline_new (NULL);
  t->element = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  if (property)
    g_object_set (t->element, property, location, NULL);
  g_signal_connect (t->element, "pad-added", G_CALLBACK (on_pad_added), t);
  g_signal_connect (t->element, "pad-removed", G_CALLBACK (on_pad_removed), t);
  g_signal_connect (
      t->element, "no-more-pads", G_CALLBACK (on_no_more_pads), t);
  gst_bin_add (GST_BIN (t->pipeline), t->element);
  t->clock = gst_test_clock_new ();
  gst_pipeline_use_clock (GST_PIPELINE (t->pipeline), t->clock);
  t->bus = gst_element_get_bus (t->pipeline);
}

void
test_src_start (TestSrc *t, const gchar *description, GstState state)
{
  test_src_init (t, description, "location", "rtmp://127.0.0.1:0/live/cam");
  test_src_set_state (t, state);
}

void
test_src_stop (TestSrc *t)
{
  guint i;

  test_src_set_state (t, GST_STATE_NULL);
  for (i = 0; i < TEST_N_TRACKS; i++)
    fail_unless (t->sinks[i].sink == NULL, "%s stayed", pad_names[i]);
  gst_object_unref (t->bus);
  gst_object_unref (t->clock);
  gst_object_unref (t->pipeline);
  g_cond_clear (&t->changed);
  g_mutex_clear (&t->lock);
}

void
test_src_set_state (TestSrc *t, GstState state)
{
  GstStateChangeReturn ret = gst_element_set_state (t->pipeline, state);

  fail_unless (ret != GST_STATE_CHANGE_FAILURE);
  fail_unless (ret != GST_STATE_CHANGE_ASYNC);
}

void
test_src_set_flow (TestSrc *t, GstFlowReturn flow)
{
  g_mutex_lock (&t->lock);
  t->flow = flow;
  g_mutex_unlock (&t->lock);
}

static GstStructure *
get_stats (TestSrc *t)
{
  GstStructure *stats = NULL;

  g_object_get (t->element, "stats", &stats, NULL);
  fail_unless (stats != NULL);
  return stats;
}

guint
test_src_get_port (TestSrc *t)
{
  g_autoptr (GstStructure) stats = get_stats (t);
  guint port = 0;

  fail_unless (gst_structure_get_uint (stats, "port", &port));
  return port;
}

guint64
test_src_get_stat (TestSrc *t, const gchar *name)
{
  g_autoptr (GstStructure) stats = get_stats (t);
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (stats, name, &value), "%s", name);
  return value;
}

/* ---- what came out ---- */

GstMiniObject *
test_src_next (TestSrc *t, TestTrack track)
{
  gint64 end = g_get_monotonic_time () + WAIT;
  GstMiniObject *thing = NULL;

  g_mutex_lock (&t->lock);
  while (!(thing = g_queue_pop_head (&t->sinks[track].things))) {
    if (!g_cond_wait_until (&t->changed, &t->lock, end))
      break;
  }
  g_mutex_unlock (&t->lock);
  fail_unless (thing != NULL, "nothing comes out of %s", pad_names[track]);
  return thing;
}

GstEvent *
test_src_next_event (TestSrc *t, TestTrack track, GstEventType type)
{
  GstMiniObject *thing = test_src_next (t, track);

  fail_unless (GST_IS_EVENT (thing), "%" GST_PTR_FORMAT, thing);
  fail_unless_equals_string (GST_EVENT_TYPE_NAME (GST_EVENT_CAST (thing)),
      gst_event_type_get_name (type));
  return GST_EVENT_CAST (thing);
}

void
test_src_expect_event (TestSrc *t, TestTrack track, GstEventType type)
{
  gst_event_unref (test_src_next_event (t, track, type));
}

void
test_src_expect_caps (TestSrc *t, TestTrack track, const gchar *description,
    const guint8 *codec_data, gsize size)
{
  g_autoptr (GstEvent) event = test_src_next_event (t, track, GST_EVENT_CAPS);
  g_autoptr (GstCaps) expected = gst_caps_from_string (description);
  GstCaps *caps = NULL;

  if (codec_data) {
    g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (codec_data, size);

    gst_caps_set_simple (expected, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
  }
  gst_event_parse_caps (event, &caps);
  fail_unless (gst_caps_is_subset (caps, expected),
      "%" GST_PTR_FORMAT " is not %" GST_PTR_FORMAT, caps, expected);
}

GstBuffer *
test_src_next_buffer (TestSrc *t, TestTrack track)
{
  GstMiniObject *thing = NULL;

  while (!GST_IS_BUFFER (thing)) {
    g_clear_pointer (&thing, gst_mini_object_unref);
    thing = test_src_next (t, track);
    fail_if (GST_IS_EVENT (thing) &&
             GST_EVENT_TYPE (GST_EVENT_CAST (thing)) == GST_EVENT_EOS);
  }
  return GST_BUFFER_CAST (thing);
}

void
test_src_expect_frame (
    TestSrc *t, TestTrack track, gint64 dts, gint64 pts, GstBufferFlags flags)
{
  const guint of_interest =
      GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_DELTA_UNIT;
  g_autoptr (GstBuffer) buffer = test_src_next_buffer (t, track);

  fail_unless_equals_int64 (
      (gint64) GST_BUFFER_DTS (buffer), dts * (gint64) GST_MSECOND);
  fail_unless_equals_int64 (
      (gint64) GST_BUFFER_PTS (buffer), pts * (gint64) GST_MSECOND);
  fail_unless_equals_int (GST_BUFFER_FLAGS (buffer) & of_interest, flags);
}

guint
test_src_count (TestSrc *t, TestTrack track)
{
  guint n;

  g_mutex_lock (&t->lock);
  n = g_queue_get_length (&t->sinks[track].things);
  g_mutex_unlock (&t->lock);
  return n;
}

gboolean
test_src_has_pad (TestSrc *t, TestTrack track)
{
  gboolean has_pad;

  g_mutex_lock (&t->lock);
  has_pad = t->sinks[track].sink != NULL;
  g_mutex_unlock (&t->lock);
  return has_pad;
}

void
test_src_wait_pads (TestSrc *t, guint n)
{
  gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&t->lock);
  while (t->no_more_pads == 0)
    fail_unless (g_cond_wait_until (&t->changed, &t->lock, end));
  fail_unless_equals_int (t->no_more_pads, 1);
  g_mutex_unlock (&t->lock);
  fail_unless_equals_int (GST_ELEMENT (t->element)->numsrcpads, n);
}

/* ---- messages ---- */

GstMessage *
test_src_wait_message (TestSrc *t, GstMessageType type)
{
  GstMessage *message =
      gst_bus_timed_pop_filtered (t->bus, WAIT * GST_USECOND, type);

  fail_unless (message != NULL, "no %s", gst_message_type_get_name (type));
  return message;
}

GstMessage *
test_src_wait_element (TestSrc *t, const gchar *name)
{
  GstMessage *message = test_src_wait_message (t, GST_MESSAGE_ELEMENT);

  fail_unless (gst_message_has_name (message, name), "%" GST_PTR_FORMAT,
      gst_message_get_structure (message));
  return message;
}

void
test_src_expect_text (TestSrc *t, GstMessageType type, const gchar *text)
{
  g_autoptr (GstMessage) message = test_src_wait_message (t, type);
  g_autoptr (GError) error = NULL;

  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  fail_unless (strstr (error->message, text) != NULL, "%s", error->message);
}

RtmpPeer *
test_src_publish (TestSrc *t)
{
  return rtmp_peer_publish (test_src_get_port (t), "live", "cam");
}
