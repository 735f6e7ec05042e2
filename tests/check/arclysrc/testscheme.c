/* SPDX-License-Identifier: MIT */
#include "testscheme.h"

static void
set_engine (GstElement *pipeline, GstArclyEngine *engine)
{
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);

  gst_element_set_context (pipeline, context);
}

/* The publisher */

static gboolean
source_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Publisher *pub = gst_pad_get_element_private (pad);

  if (gst_video_event_is_force_key_unit (event))
    g_atomic_int_inc (&pub->key_requests);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
source_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  Publisher *pub = gst_pad_get_element_private (pad);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, pub->latency, pub->latency);
  return TRUE;
}

Publisher *
publisher_new (GstArclyEngine *engine, GstClock *clock, GstState state)
{
  Publisher *pub = g_new0 (Publisher, 1);

  pub->pipeline = gst_pipeline_new (NULL);
  pub->bus = gst_element_factory_make ("arclybus", NULL);
  fail_unless (pub->bus != NULL);
  g_object_set (pub->bus, "stream", STREAM, NULL);
  gst_bin_add (GST_BIN (pub->pipeline), pub->bus);
  set_engine (pub->pipeline, engine);
  if (clock)
    gst_pipeline_use_clock (GST_PIPELINE (pub->pipeline), clock);
  fail_unless_equals_int (
      gst_element_set_state (pub->pipeline, state), GST_STATE_CHANGE_SUCCESS);
  return pub;
}

void
publisher_begin_track (Publisher *pub, guint track, const gchar *caps_string)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  g_autofree gchar *id = g_strdup_printf ("track-%u", track);
  GstPad *pad = pub->pads[track];
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start (id));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

void
publisher_add_track (Publisher *pub, guint track, const gchar *caps_string)
{
  g_autofree gchar *name = g_strdup_printf ("sink_%u", track);
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (pub->bus, name);
  GstPad *pad = gst_pad_new (NULL, GST_PAD_SRC);

  pub->pads[track] = pad;
  gst_pad_set_element_private (pad, pub);
  gst_pad_set_event_function (pad, source_event);
  gst_pad_set_query_function (pad, source_query);
  gst_pad_set_active (pad, TRUE);
  fail_unless_equals_int (gst_pad_link (pad, sink), GST_PAD_LINK_OK);
  publisher_begin_track (pub, track, caps_string);
}

void
publisher_push (Publisher *pub, guint track, guint n, gboolean key)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 1000, NULL);

  gst_buffer_memset (buffer, 0, n & 0xff, 1000);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_OFFSET (buffer) = n;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless_equals_int (gst_pad_push (pub->pads[track], buffer), GST_FLOW_OK);
}

void
publisher_push_frames (Publisher *pub, guint from, guint to, guint gop)
{
  for (guint n = from; n < to; n++)
    publisher_push (pub, 0, n, n % gop == 0);
}

void
publisher_free (Publisher *pub)
{
  gst_element_set_state (pub->pipeline, GST_STATE_NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pub->pads); i++) {
    if (pub->pads[i] == NULL)
      continue;
    gst_pad_set_active (pub->pads[i], FALSE);
    gst_object_unref (pub->pads[i]);
  }
  gst_object_unref (pub->pipeline);
  g_free (pub);
}

/* The viewer */

static void
record (Viewer *viewer, GstPad *pad, GstBuffer *buffer)
{
  Got *got = g_new0 (Got, 1);
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = NULL;
  guint64 time = 0;

  got->pad = peer ? gst_pad_get_name (peer) : NULL;
  got->buffer = buffer;
  if (buffer) {
    gint sign = 0;

    fail_unless (event != NULL, "a buffer without a segment");
    gst_event_parse_segment (event, &segment);
    sign = gst_segment_to_running_time_full (
        segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer), &time);
    got->has_time = sign != 0;
    got->running_time = sign * (GstClockTimeDiff) time;
  }
  g_mutex_lock (&viewer->lock);
  if (viewer->n_pads_at_first == 0)
    viewer->n_pads_at_first = viewer->n_pads;
  g_queue_push_tail (&viewer->got, got);
  g_cond_broadcast (&viewer->changed);
  viewer->n_blocked++;
  while (viewer->block)
    g_cond_wait (&viewer->changed, &viewer->lock);
  viewer->n_blocked--;
  g_mutex_unlock (&viewer->lock);
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  record (gst_pad_get_element_private (pad), pad, buffer);
  return GST_FLOW_OK;
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    record (gst_pad_get_element_private (pad), pad, NULL);
  gst_event_unref (event);
  return TRUE;
}

static void
on_pad_added (GstElement *src, GstPad *pad, Viewer *viewer)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstPad *sink = NULL;
  gboolean going_down = FALSE;

  g_mutex_lock (&viewer->lock);
  viewer->n_pads++;
  going_down = viewer->going_down;
  g_mutex_unlock (&viewer->lock);
  if (caps == NULL && going_down)
    return;
  fail_unless (caps != NULL, "a pad without caps");
  fail_unless (g_str_has_prefix (GST_PAD_NAME (pad),
      g_str_has_prefix (
          gst_structure_get_name (gst_caps_get_structure (caps, 0)), "video/")
          ? "video_"
          : "audio_"));
  sink = gst_pad_new (NULL, GST_PAD_SINK);
  gst_pad_set_element_private (sink, viewer);
  gst_pad_set_chain_function (sink, sink_chain);
  gst_pad_set_event_function (sink, sink_event);
  gst_pad_set_active (sink, TRUE);
  g_mutex_lock (&viewer->lock);
  g_ptr_array_add (viewer->sinks, sink);
  g_mutex_unlock (&viewer->lock);
  fail_unless_equals_int (gst_pad_link (pad, sink), GST_PAD_LINK_OK);

  g_mutex_lock (&viewer->lock);
  g_cond_broadcast (&viewer->changed);
  g_mutex_unlock (&viewer->lock);
}

static void
on_pad_removed (GstElement *src, GstPad *pad, Viewer *viewer)
{
  g_mutex_lock (&viewer->lock);
  viewer->n_pads--;
  g_cond_broadcast (&viewer->changed);
  g_mutex_unlock (&viewer->lock);
}

static void
on_no_more_pads (GstElement *src, Viewer *viewer)
{
  g_mutex_lock (&viewer->lock);
  viewer->no_more_pads++;
  g_cond_broadcast (&viewer->changed);
  g_mutex_unlock (&viewer->lock);
}

static void
sink_free (gpointer pad)
{
  gst_pad_set_active (pad, FALSE);
  gst_object_unref (pad);
}

Viewer *
viewer_new (GstArclyEngine *engine, GstClock *clock)
{
  Viewer *viewer = g_new0 (Viewer, 1);

  g_mutex_init (&viewer->lock);
  g_cond_init (&viewer->changed);
  g_queue_init (&viewer->got);
  viewer->sinks = g_ptr_array_new_with_free_func (sink_free);
  viewer->pipeline = gst_pipeline_new (NULL);
  viewer->src = gst_element_factory_make ("arclysrc", NULL);
  fail_unless (viewer->src != NULL);
  g_object_set (viewer->src, "uri", "arcly://" STREAM, NULL);
  g_signal_connect (
      viewer->src, "pad-added", G_CALLBACK (on_pad_added), viewer);
  g_signal_connect (
      viewer->src, "pad-removed", G_CALLBACK (on_pad_removed), viewer);
  g_signal_connect (
      viewer->src, "no-more-pads", G_CALLBACK (on_no_more_pads), viewer);
  gst_bin_add (GST_BIN (viewer->pipeline), viewer->src);
  set_engine (viewer->pipeline, engine);
  if (clock)
    gst_pipeline_use_clock (GST_PIPELINE (viewer->pipeline), clock);
  return viewer;
}

void
viewer_set_state (Viewer *viewer, GstState state)
{
  fail_unless (gst_element_set_state (viewer->pipeline, state) !=
               GST_STATE_CHANGE_FAILURE);
}

void
viewer_play (Viewer *viewer)
{
  fail_unless_equals_int (
      gst_element_set_state (viewer->pipeline, GST_STATE_PAUSED),
      GST_STATE_CHANGE_NO_PREROLL);
  viewer_set_state (viewer, GST_STATE_PLAYING);
}

void
viewer_set (Viewer *viewer, const gchar *property, guint64 value)
{
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (viewer->src), "source");

  g_object_set (source, property, value, NULL);
}

static void
wait_changed (Viewer *viewer, const gchar *what)
{
  gint64 until = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  fail_unless (
      g_cond_wait_until (&viewer->changed, &viewer->lock, until), "%s", what);
}

Got *
viewer_pull (Viewer *viewer)
{
  Got *got = NULL;

  g_mutex_lock (&viewer->lock);
  while ((got = g_queue_pop_head (&viewer->got)) == NULL)
    wait_changed (viewer, "nothing came");
  g_mutex_unlock (&viewer->lock);
  return got;
}

void
got_free (Got *got)
{
  gst_clear_buffer (&got->buffer);
  g_free (got->pad);
  g_free (got);
}

GstClockTimeDiff
viewer_expect (Viewer *viewer, const gchar *pad, guint n)
{
  Got *got = viewer_pull (viewer);
  GstClockTimeDiff running_time = got->running_time;

  fail_unless (got->buffer != NULL, "EOS came instead of frame %u", n);
  fail_unless_equals_string (got->pad, pad);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (got->buffer), n);
  fail_unless (got->has_time, "frame %u has no running time", n);
  got_free (got);
  return running_time;
}

void
viewer_expect_frames (Viewer *viewer, guint from, guint to)
{
  for (guint n = from; n < to; n++)
    viewer_expect (viewer, "video_0", n);
}

void
viewer_expect_eos (Viewer *viewer)
{
  Got *got = viewer_pull (viewer);

  fail_unless (got->buffer == NULL, "a buffer came instead of EOS");
  got_free (got);
}

void
viewer_block (Viewer *viewer, gboolean block)
{
  g_mutex_lock (&viewer->lock);
  viewer->block = block;
  g_cond_broadcast (&viewer->changed);
  g_mutex_unlock (&viewer->lock);
}

void
viewer_wait_blocked (Viewer *viewer)
{
  g_mutex_lock (&viewer->lock);
  while (viewer->n_blocked == 0)
    wait_changed (viewer, "nobody blocks");
  g_mutex_unlock (&viewer->lock);
}

void
viewer_wait_pads (Viewer *viewer, guint n)
{
  g_mutex_lock (&viewer->lock);
  while (viewer->n_pads != n)
    wait_changed (viewer, "no such number of pads");
  g_mutex_unlock (&viewer->lock);
}

guint64
viewer_stat (Viewer *viewer, const gchar *field)
{
  GstStructure *stats = NULL;
  guint64 value = 0;

  g_object_get (viewer->src, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}

void
viewer_wait_message (Viewer *viewer, const gchar *name)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (viewer->pipeline);

  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, 30 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    fail_unless (message != NULL, "no %s", name);
    fail_unless (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, name))
      return;
  }
}

void
viewer_set_going_down (Viewer *viewer, gboolean going_down)
{
  g_mutex_lock (&viewer->lock);
  viewer->going_down = going_down;
  g_mutex_unlock (&viewer->lock);
}

void
viewer_free (Viewer *viewer)
{
  viewer_set_going_down (viewer, TRUE);
  gst_element_set_state (viewer->pipeline, GST_STATE_NULL);
  gst_object_unref (viewer->pipeline);
  g_queue_clear_full (&viewer->got, (GDestroyNotify) got_free);
  g_ptr_array_unref (viewer->sinks);
  g_mutex_clear (&viewer->lock);
  g_cond_clear (&viewer->changed);
  g_free (viewer);
}
