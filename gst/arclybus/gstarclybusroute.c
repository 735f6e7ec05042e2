/* SPDX-License-Identifier: MIT
 *
 * What goes through the pads: data into the log, events and queries both
 * ways. What comes out of the log is gstarclybuspad.c's. */
#include "config.h"

#include <gst/arcly/kernel/gstarclygroup.h>
#include <gst/video/video.h>

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

/* Per sink pad, freed with it. */
typedef struct {
  guint track;
  _Atomic gint64 last_key_request; /* monotonic us; any thread */
} Sink;

GstPad *
gst_arcly_bus_get_sink (GstArclyBus *bus, guint track)
{
  g_autofree gchar *name = g_strdup_printf ("sink_%u", track);

  return gst_element_get_static_pad (GST_ELEMENT (bus), name);
}

static Sink *
pad_sink (GstPad *pad)
{
  return gst_pad_get_element_private (pad);
}

/* Keyframe requests */

/* One request an interval: the publisher answers it for everybody. */
static gboolean
may_request_key (GstArclyBus *bus, Sink *sink)
{
  gint64 now = g_get_monotonic_time ();
  gint64 last =
      atomic_load_explicit (&sink->last_key_request, memory_order_relaxed);
  GstClockTime interval = 0;

  GST_OBJECT_LOCK (bus);
  interval = bus->min_key_interval;
  GST_OBJECT_UNLOCK (bus);
  if (last && (GstClockTime) (now - last) * GST_USECOND < interval)
    return FALSE;
  return atomic_compare_exchange_strong (&sink->last_key_request, &last, now);
}

gboolean
gst_arcly_bus_push_key_request (
    GstArclyBus *bus, GstPad *sinkpad, GstEvent *event)
{
  if (!may_request_key (bus, pad_sink (sinkpad))) {
    GST_DEBUG_OBJECT (sinkpad, "a keyframe was asked for just now");
    gst_event_unref (event);
    return TRUE;
  }
  atomic_fetch_add_explicit (&bus->key_requests, 1, memory_order_relaxed);
  return gst_pad_push_event (sinkpad, event);
}

/* The pads to which an event goes that was sent to the element: a keyframe is
 * asked for where there is video, and of all where nobody knows yet. */
static gboolean
request_key_of (GstElement *element, GstPad *sink, gpointer event)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  g_autoptr (GstCaps) caps =
      gst_arcly_stream_get_caps (bus->stream, pad_sink (sink)->track);

  if (caps &&
      g_str_has_prefix (
          gst_structure_get_name (gst_caps_get_structure (caps, 0)), "audio/"))
    return TRUE;
  gst_arcly_bus_push_key_request (bus, sink, gst_event_ref (event));
  return TRUE;
}

gboolean
gst_arcly_bus_send_event (GstElement *element, GstEvent *event)
{
  GstElementClass *parent =
      g_type_class_peek_parent (G_OBJECT_GET_CLASS (element));

  if (!GST_EVENT_IS_UPSTREAM (event) ||
      !gst_video_event_is_force_key_unit (event))
    return parent->send_event (element, event);
  gst_element_foreach_sink_pad (element, request_key_of, event);
  gst_event_unref (event);
  return TRUE;
}

/* Sink pads */

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_arcly_stream_push_buffer (
      GST_ARCLY_BUS (parent)->stream, pad_sink (pad)->track, buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  gst_arcly_stream_push_list (
      GST_ARCLY_BUS (parent)->stream, pad_sink (pad)->track, list);
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

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  Broadcast broadcast = { pad_sink (pad)->track, event };

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  if (GST_EVENT_IS_SERIALIZED (event)) {
    gst_arcly_stream_push_event (bus->stream, broadcast.track, event);
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
          GST_ARCLY_BUS (parent), pad_sink (pad)->track, query);
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
  g_value_set_uint (&track, pad_sink (pad)->track);
  return gst_iterator_filter (
      gst_element_iterate_src_pads (GST_ELEMENT (parent)), compare_track,
      &track);
}

void
gst_arcly_bus_setup_sink (GstPad *pad, guint track)
{
  Sink *sink = g_new0 (Sink, 1);

  sink->track = track;
  gst_pad_set_element_private (pad, sink);
  g_object_set_data_full (G_OBJECT (pad), "arcly-sink", sink, g_free);
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_chain_list_function (pad, sink_chain_list);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_query_function (pad, sink_query);
  gst_pad_set_iterate_internal_links_function (pad, sink_iterate_links);
}

guint
gst_arcly_bus_get_sink_track (GstPad *pad)
{
  return pad_sink (pad)->track;
}

/* Source pads */

static GstIterator *
src_iterate_links (GstPad *pad, GstObject *parent)
{
  g_autoptr (GstPad) sink = gst_arcly_bus_get_sink (GST_ARCLY_BUS (parent),
      gst_arcly_bus_pad_get_track (GST_ARCLY_BUS_PAD (pad)));
  GValue value = G_VALUE_INIT;
  GstIterator *iterator = NULL;

  if (sink == NULL)
    return NULL;
  g_value_init (&value, GST_TYPE_PAD);
  g_value_set_object (&value, sink);
  iterator = gst_iterator_new_single (GST_TYPE_PAD, &value);
  g_value_unset (&value);
  return iterator;
}

/* All subscribers of a pipeline repeat what the pipeline sent to its sinks. */
static gboolean
is_repeated (GstArclyBus *bus, GstEvent *event)
{
  gboolean repeated = FALSE;
  GstClockTime latency = 0;

  GST_OBJECT_LOCK (bus);
  if (GST_EVENT_TYPE (event) == GST_EVENT_LATENCY) {
    gst_event_parse_latency (event, &latency);
    repeated = latency == bus->last_latency;
    bus->last_latency = latency;
  } else {
    repeated = gst_event_get_seqnum (event) == bus->last_seek;
    bus->last_seek = gst_event_get_seqnum (event);
  }
  GST_OBJECT_UNLOCK (bus);
  return repeated;
}

/* Whether the publisher has to know. */
static gboolean
is_for_publisher (GstArclyBus *bus, guint track, GstEvent *event)
{
  g_autoptr (GstCaps) caps = NULL;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_QOS:
      /* A slow subscriber must not thin the stream out for the others. */
      return FALSE;
    case GST_EVENT_RECONFIGURE:
      /* Once there are caps, who comes takes the stream as it is: an encoder
       * must not restart for each newcomer. */
      caps = gst_arcly_stream_get_caps (bus->stream, track);
      return caps == NULL;
    case GST_EVENT_LATENCY:
    case GST_EVENT_SEEK:
      return !is_repeated (bus, event);
    default:
      return TRUE;
  }
}

static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  guint track = gst_arcly_bus_pad_get_track (GST_ARCLY_BUS_PAD (pad));
  g_autoptr (GstPad) sink = gst_arcly_bus_get_sink (bus, track);

  GST_LOG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  if (sink == NULL || !is_for_publisher (bus, track, event)) {
    gst_event_unref (event);
    return TRUE;
  }
  if (gst_video_event_is_force_key_unit (event))
    return gst_arcly_bus_push_key_request (bus, sink, event);
  return gst_pad_push_event (sink, event);
}

static gboolean
src_query_caps (GstArclyBus *bus, guint track, GstQuery *query)
{
  g_autoptr (GstPad) sink = gst_arcly_bus_get_sink (bus, track);
  GstCaps *caps = gst_arcly_stream_get_caps (bus->stream, track);
  GstCaps *filter = NULL;

  gst_query_parse_caps (query, &filter);
  if (caps == NULL && sink)
    caps = gst_pad_peer_query_caps (sink, filter);
  if (caps == NULL)
    caps = gst_caps_new_any ();
  if (filter)
    gst_caps_take (&caps,
        gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST));
  gst_query_set_caps_result (query, caps);
  gst_caps_unref (caps);
  return TRUE;
}

/* A blocked subscriber may be behind by its bound, and no further: that is how
 * long data can stay here. We add nothing to what is the least. */
static gboolean
src_query_latency (GstArclyBusPad *pad, GstPad *sink, GstQuery *query)
{
  GstArclyLag bounds;
  GstClockTime min = 0, max = 0;
  gboolean live = FALSE, evict = FALSE;

  if (sink == NULL || !gst_pad_peer_query (sink, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);
  gst_arcly_group_get_bounds (
      gst_arcly_bus_pad_get_group (pad), &bounds, &evict);
  if (bounds.time == 0)
    max = GST_CLOCK_TIME_NONE;
  else if (GST_CLOCK_TIME_IS_VALID (max))
    max += bounds.time;
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstArclyBus *bus = GST_ARCLY_BUS (parent);
  guint track = gst_arcly_bus_pad_get_track (GST_ARCLY_BUS_PAD (pad));
  g_autoptr (GstPad) sink = NULL;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      return src_query_caps (bus, track, query);
    case GST_QUERY_LATENCY:
      sink = gst_arcly_bus_get_sink (bus, track);
      return src_query_latency (GST_ARCLY_BUS_PAD (pad), sink, query);
    case GST_QUERY_SCHEDULING:
      return FALSE;
    default:
      sink = gst_arcly_bus_get_sink (bus, track);
      return sink && gst_pad_peer_query (sink, query);
  }
}

void
gst_arcly_bus_setup_src (GstPad *pad)
{
  gst_pad_set_event_function (pad, src_event);
  gst_pad_set_query_function (pad, src_query);
  gst_pad_set_iterate_internal_links_function (pad, src_iterate_links);
}
