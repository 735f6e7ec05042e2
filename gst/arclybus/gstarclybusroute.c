/* SPDX-License-Identifier: MIT
 *
 * What subscribers send upstream: events, queries, requests for keyframes. What
 * comes out of the log is gstarclybuspad.c's. */
#include "config.h"

#include <gst/arcly/kernel/gstarclygroup.h>
#include <gst/video/video.h>

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

GstPad *
gst_arcly_bus_get_sink (GstArclyBus *bus, guint track)
{
  g_autofree gchar *name = g_strdup_printf ("sink_%u", track);

  return gst_element_get_static_pad (GST_ELEMENT (bus), name);
}

/* Keyframe requests */

/* One request an interval: the publisher answers it for everybody. */
static gboolean
may_request_key (GstArclyBus *bus, GstArclyBusSink *sink)
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
  if (!may_request_key (bus, gst_arcly_bus_pad_sink (sinkpad))) {
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
  g_autoptr (GstCaps) caps = gst_arcly_stream_get_caps (
      bus->stream, gst_arcly_bus_pad_sink (sink)->track);

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
