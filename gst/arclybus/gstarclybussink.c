/* SPDX-License-Identifier: MIT
 *
 * The sink pads: what the publisher gives goes into the log. */
#include "config.h"

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

GstArclyBusSink *
gst_arcly_bus_pad_sink (GstPad *pad)
{
  return gst_pad_get_element_private (pad);
}

static void
after_push (GstArclyBus *bus)
{
  if (G_UNLIKELY (atomic_load_explicit (&bus->idle, memory_order_relaxed)))
    gst_arcly_bus_end_idle (bus);
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);

  if (G_UNLIKELY (sink->fresh)) {
    if (!gst_arcly_bus_take_over (bus, pad, buffer)) {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK;
    }
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  }
  gst_arcly_bus_note_buffer (sink, buffer);
  gst_arcly_stream_push_buffer (bus->stream, sink->track, buffer);
  after_push (bus);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  guint n = gst_buffer_list_length (list);

  if (G_UNLIKELY (sink->fresh)) {
    for (guint i = 0; i < n; i++)
      sink_chain (pad, parent, gst_buffer_ref (gst_buffer_list_get (list, i)));
    gst_buffer_list_unref (list);
    return GST_FLOW_OK;
  }
  for (guint i = 0; i < n; i++)
    gst_arcly_bus_note_buffer (sink, gst_buffer_list_get (list, i));
  gst_arcly_stream_push_list (bus->stream, sink->track, list);
  after_push (bus);
  return GST_FLOW_OK;
}

typedef struct {
  guint track;
  GstEvent *event;
} Broadcast;

static gboolean
broadcast_to (GstElement *element, GstPad *pad, gpointer user_data)
{
  Broadcast *broadcast = user_data;

  if (gst_arcly_bus_pad_get_track (GST_ARCLY_BUS_PAD (pad)) == broadcast->track)
    gst_pad_push_event (pad, gst_event_ref (broadcast->event));
  return TRUE;
}

/* Those that the log takes as they are, or not yet, or not at all. (nullable)
 */
static GstEvent *
filter_event (GstArclyBus *bus, GstPad *pad, GstEvent *event)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  gboolean reset = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      gst_arcly_bus_begin_session (bus, sink);
      return event;
    case GST_EVENT_SEGMENT:
      return gst_arcly_bus_place_segment (sink, event);
    case GST_EVENT_GAP:
      if (gst_arcly_bus_take_gap (bus, pad, event))
        return event;
      gst_event_unref (event);
      return NULL;
    case GST_EVENT_EOS:
      return gst_arcly_bus_hold_eos (bus, pad, event) ? NULL : event;
    case GST_EVENT_FLUSH_STOP:
      gst_event_parse_flush_stop (event, &reset);
      if (reset)
        gst_arcly_bus_reset_sink (pad);
      return event;
    default:
      return event;
  }
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  Broadcast broadcast = { gst_arcly_bus_pad_sink (pad)->track, event };

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  if (GST_EVENT_IS_SERIALIZED (event)) {
    event = filter_event (bus, pad, event);
    if (event)
      gst_arcly_stream_push_event (bus->stream, broadcast.track, event);
    after_push (bus);
    return TRUE;
  }
  /* Flush start and other events that overtake the data. */
  gst_element_foreach_src_pad (GST_ELEMENT (bus), broadcast_to, &broadcast);
  gst_event_unref (event);
  return TRUE;
}

typedef struct {
  guint track;
  GstCaps *filter;
  GstCaps *caps;
} PeerCaps;

static gboolean
intersect_peer_caps (GstElement *element, GstPad *pad, gpointer user_data)
{
  PeerCaps *peers = user_data;
  GstCaps *caps = NULL, *both = NULL;

  if (gst_arcly_bus_pad_get_track (GST_ARCLY_BUS_PAD (pad)) != peers->track ||
      !gst_pad_is_linked (pad))
    return TRUE;
  caps = gst_pad_peer_query_caps (pad, peers->filter);
  both = gst_caps_intersect_full (peers->caps, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  /* Whom nobody can please does not decide for the others. */
  if (gst_caps_is_empty (both))
    gst_caps_unref (both);
  else
    gst_caps_take (&peers->caps, both);
  return TRUE;
}

/* What those who are there already like. It is a wish: whatever comes is
 * taken, and late subscribers have no say. */
static gboolean
sink_query_caps (GstArclyBus *bus, guint track, GstQuery *query)
{
  PeerCaps peers = { track, NULL, NULL };

  gst_query_parse_caps (query, &peers.filter);
  peers.caps = peers.filter ? gst_caps_ref (peers.filter) : gst_caps_new_any ();
  gst_element_foreach_src_pad (GST_ELEMENT (bus), intersect_peer_caps, &peers);
  gst_query_set_caps_result (query, peers.caps);
  gst_caps_unref (peers.caps);
  return TRUE;
}

static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      return sink_query_caps (
          GST_ARCLY_BUS (parent), gst_arcly_bus_pad_sink (pad)->track, query);
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_set_accept_caps_result (query, TRUE);
      return TRUE;
    case GST_QUERY_ALLOCATION:
      /* One pool cannot serve subscribers that come and go. */
    case GST_QUERY_DRAIN:
      /* Nobody can say when the last subscriber is done with a buffer. */
      return FALSE;
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

static gint
compare_track (gconstpointer item, gconstpointer user_data)
{
  GstArclyBusPad *pad = g_value_get_object (item);

  return gst_arcly_bus_pad_get_track (pad) != g_value_get_uint (user_data);
}

static GstIterator *
sink_iterate_links (GstPad *pad, GstObject *parent)
{
  GValue track = G_VALUE_INIT;

  g_value_init (&track, G_TYPE_UINT);
  g_value_set_uint (&track, gst_arcly_bus_pad_sink (pad)->track);
  return gst_iterator_filter (
      gst_element_iterate_src_pads (GST_ELEMENT (parent)), compare_track,
      &track);
}

/* A publisher that is unlinked may come back, or another one in its place. */
static void
on_unlinked (GstPad *pad, GstPad *peer, gpointer user_data)
{
  g_autoptr (GstElement) bus = gst_pad_get_parent_element (pad);
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  GstEvent *eos = NULL;

  if (bus == NULL)
    return;
  eos = gst_event_new_eos ();
  GST_PAD_STREAM_LOCK (pad);
  if (!sink->started || sink->ended || sink->eos ||
      !gst_arcly_bus_hold_eos (GST_ARCLY_BUS (bus), pad, eos))
    gst_event_unref (eos);
  GST_PAD_STREAM_UNLOCK (pad);
}

static void
sink_free (gpointer data)
{
  GstArclyBusSink *sink = data;

  gst_clear_event (&sink->held);
  gst_arcly_bus_drop_eos (sink);
  g_free (sink);
}

void
gst_arcly_bus_setup_sink (GstPad *pad, guint track)
{
  GstArclyBusSink *sink = g_new0 (GstArclyBusSink, 1);

  sink->track = track;
  gst_segment_init (&sink->segment, GST_FORMAT_UNDEFINED);
  sink->last_begin = sink->last_end = -1;
  gst_pad_set_element_private (pad, sink);
  g_object_set_data_full (G_OBJECT (pad), "arcly-sink", sink, sink_free);
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_chain_list_function (pad, sink_chain_list);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_query_function (pad, sink_query);
  gst_pad_set_iterate_internal_links_function (pad, sink_iterate_links);
  g_signal_connect (pad, "unlinked", G_CALLBACK (on_unlinked), NULL);
}
