/* SPDX-License-Identifier: MIT
 *
 * Publishers that follow each other: a stream outlives its publisher, and its
 * running time never goes back. docs/decisions/012 says why it is so. */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

/* A running time that goes on by itself, no further ahead than this, is left
 * alone: the new publisher has the old one's clock. */
#define MAX_AHEAD (2 * GST_SECOND)

/* The tracks of a publisher do not begin at the very same time; the first one
 * leaves room for one that begins earlier. */
#define ROOM (50 * GST_MSECOND)

/* Where the tracks have got to, in what the subscribers see. */
typedef struct {
  gint64 begin;
  gint64 end;
} Reached;

/* Running time, which may be before the segment, as the publisher counts. */
static gboolean
running_time (const GstSegment *segment, GstClockTime time, gint64 *running)
{
  guint64 value = 0;
  gint sign = 0;

  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (time))
    return FALSE;
  sign =
      gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time, &value);
  if (sign == 0 || value > G_MAXINT64 / 2)
    return FALSE;
  *running = sign * (gint64) value;
  return TRUE;
}

void
gst_arcly_bus_note_buffer (GstArclyBusSink *sink, GstBuffer *buffer)
{
  gint64 begin = 0, end = 0;

  sink->started = TRUE;
  if (!running_time (&sink->segment, GST_BUFFER_PTS (buffer), &begin))
    return;
  begin += sink->offset;
  end = begin;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  if (begin > atomic_load_explicit (&sink->last_begin, memory_order_relaxed))
    atomic_store_explicit (&sink->last_begin, begin, memory_order_relaxed);
  if (end > atomic_load_explicit (&sink->last_end, memory_order_relaxed))
    atomic_store_explicit (&sink->last_end, end, memory_order_relaxed);
}

static gboolean
add_reached (GstElement *element, GstPad *pad, gpointer user_data)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  Reached *reached = user_data;

  reached->begin = MAX (reached->begin,
      atomic_load_explicit (&sink->last_begin, memory_order_relaxed));
  reached->end = MAX (reached->end,
      atomic_load_explicit (&sink->last_end, memory_order_relaxed));
  return TRUE;
}

/* What to add to the running time of a publisher that begins at first. A pause
 * in the arrival is a pause of the same length for the subscribers, so that
 * what is live stays live. */
static gint64
choose_offset (
    GstArclyBus *bus, GstArclyBusSink *sink, gint64 first, gint64 last_offset)
{
  gint64 kept[] = { last_offset, 0 };
  gint64 own = atomic_load_explicit (&sink->last_end, memory_order_relaxed);
  gint64 now = g_get_monotonic_time () * GST_USECOND, pause = 0;
  Reached reached = { -1, -1 };
  GstArclyPosition head;

  gst_element_foreach_sink_pad (GST_ELEMENT (bus), add_reached, &reached);
  if (reached.end < 0)
    return 0;
  gst_arcly_stream_get_head (bus->stream, &head);
  if (head.arrival && now > (gint64) head.arrival)
    pause = now - head.arrival;

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    if (first + kept[i] >= (own < 0 ? reached.begin : own) &&
        first + kept[i] <= reached.end + pause + (gint64) MAX_AHEAD)
      return kept[i];
  }
  return MAX (reached.begin + pause, reached.end + (gint64) ROOM) - first;
}

void
gst_arcly_bus_begin_session (GstArclyBus *bus, GstArclyBusSink *sink)
{
  GstArclyBusHandOver *hand_over = &bus->hand_over;

  gst_arcly_bus_drop_eos (sink);
  gst_clear_event (&sink->held);
  g_mutex_lock (&hand_over->lock);
  if (sink->started && sink->session == hand_over->session) {
    hand_over->session++;
    hand_over->placed = FALSE;
    atomic_fetch_add_explicit (&bus->hand_overs, 1, memory_order_relaxed);
  }
  sink->session = hand_over->session;
  sink->fresh = hand_over->session > 0;
  g_mutex_unlock (&hand_over->lock);
  sink->started = sink->ended = FALSE;
}

static GstEvent *
shifted_segment (GstArclyBusSink *sink, GstEvent *event)
{
  GstSegment segment;
  GstEvent *shifted = NULL;

  if (sink->offset == 0 || sink->segment.format != GST_FORMAT_TIME)
    return event;
  gst_segment_copy_into (&sink->segment, &segment);
  if (!gst_segment_offset_running_time (
          &segment, GST_FORMAT_TIME, sink->offset))
    return event;
  shifted = gst_event_new_segment (&segment);
  gst_event_set_seqnum (shifted, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return shifted;
}

GstEvent *
gst_arcly_bus_place_segment (GstArclyBusSink *sink, GstEvent *event)
{
  gst_event_copy_segment (event, &sink->segment);
  if (sink->fresh) {
    gst_clear_event (&sink->held);
    sink->held = event;
    return NULL;
  }
  return shifted_segment (sink, event);
}

/* The session's offset, which the first of its tracks decides. */
static void
place_session (GstArclyBus *bus, GstArclyBusSink *sink, gint64 first)
{
  GstArclyBusHandOver *hand_over = &bus->hand_over;
  gint64 offset = 0;
  gboolean placed = FALSE;

  g_mutex_lock (&hand_over->lock);
  placed = hand_over->placed;
  offset = hand_over->offset;
  g_mutex_unlock (&hand_over->lock);

  /* Not under the lock: the pads are the object lock's. */
  if (!placed)
    offset = choose_offset (bus, sink, first, offset);
  g_mutex_lock (&hand_over->lock);
  if (!hand_over->placed) {
    hand_over->placed = TRUE;
    hand_over->offset = offset;
    GST_INFO_OBJECT (bus,
        "publisher %u: running time moves by %" GST_STIME_FORMAT,
        hand_over->session, GST_STIME_ARGS (offset));
  }
  sink->offset = hand_over->offset;
  g_mutex_unlock (&hand_over->lock);
}

static void
ask_for_key (GstArclyBus *bus, GstPad *pad)
{
  gst_arcly_bus_push_key_request (bus, pad,
      gst_video_event_new_upstream_force_key_unit (
          GST_CLOCK_TIME_NONE, TRUE, 0));
}

/* The first time of a later session on this track: whether it can be published.
 * What would lie before what the track gave already cannot. */
static gboolean
enter (
    GstArclyBus *bus, GstArclyBusSink *sink, GstClockTime pts, GstClockTime dts)
{
  gint64 first = 0, decoded = 0;

  if (running_time (&sink->segment, pts, &first)) {
    if (running_time (&sink->segment, dts, &decoded))
      first = MIN (first, decoded);
    place_session (bus, sink, first);
    if (first + sink->offset <
        atomic_load_explicit (&sink->last_end, memory_order_relaxed))
      return FALSE;
  }
  if (sink->held)
    gst_arcly_stream_push_event (bus->stream, sink->track,
        shifted_segment (sink, g_steal_pointer (&sink->held)));
  return TRUE;
}

gboolean
gst_arcly_bus_take_over (GstArclyBus *bus, GstPad *pad, GstBuffer *buffer)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  /* It would refer to pictures that nobody got. */
  gboolean delta = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);

  if (delta)
    ask_for_key (bus, pad);
  if (delta ||
      !enter (bus, sink, GST_BUFFER_PTS (buffer), GST_BUFFER_DTS (buffer))) {
    atomic_fetch_add_explicit (&bus->refused_buffers, 1, memory_order_relaxed);
    return FALSE;
  }
  sink->fresh = FALSE;
  return TRUE;
}

gboolean
gst_arcly_bus_take_gap (GstArclyBus *bus, GstPad *pad, GstEvent *event)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  GstClockTime timestamp = GST_CLOCK_TIME_NONE;

  if (!sink->fresh)
    return TRUE;
  gst_event_parse_gap (event, &timestamp, NULL);
  /* It stays fresh: the first buffer is still to come. */
  return enter (bus, sink, timestamp, timestamp);
}

/* The end of the window */

static gboolean
end_window (GstElement *element, GstPad *pad, gpointer timer)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);

  GST_PAD_STREAM_LOCK (pad);
  if (sink->eos_timer == timer) {
    GST_INFO_OBJECT (pad, "no publisher came back");
    gst_arcly_stream_push_event (
        bus->stream, sink->track, g_steal_pointer (&sink->eos));
    gst_arcly_bus_drop_eos (sink);
    sink->ended = TRUE;
  }
  GST_PAD_STREAM_UNLOCK (pad);
  return TRUE;
}

static void
on_window_end (GstElement *element, gpointer timer)
{
  gst_element_foreach_sink_pad (element, end_window, timer);
}

gboolean
gst_arcly_bus_hold_eos (GstArclyBus *bus, GstPad *pad, GstEvent *event)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);
  GstClockTime window = 0;

  GST_OBJECT_LOCK (bus);
  if (bus->active)
    window = bus->reconnect_window;
  GST_OBJECT_UNLOCK (bus);
  if (window == 0) {
    sink->ended = TRUE;
    return FALSE;
  }
  GST_INFO_OBJECT (pad, "the publisher has gone, waiting %" GST_TIME_FORMAT,
      GST_TIME_ARGS (window));
  gst_arcly_bus_drop_eos (sink);
  sink->eos = event;
  sink->eos_timer =
      gst_arcly_bus_timer_start (bus, window, FALSE, on_window_end);
  return TRUE;
}

void
gst_arcly_bus_drop_eos (GstArclyBusSink *sink)
{
  gst_clear_event (&sink->eos);
  gst_arcly_bus_timer_stop (sink->eos_timer);
  sink->eos_timer = NULL;
}

void
gst_arcly_bus_reset_sink (GstPad *pad)
{
  GstArclyBusSink *sink = gst_arcly_bus_pad_sink (pad);

  gst_arcly_bus_drop_eos (sink);
  gst_clear_event (&sink->held);
  gst_segment_init (&sink->segment, GST_FORMAT_UNDEFINED);
  sink->started = sink->fresh = sink->ended = FALSE;
  sink->offset = 0;
  atomic_store_explicit (&sink->last_begin, -1, memory_order_relaxed);
  atomic_store_explicit (&sink->last_end, -1, memory_order_relaxed);
}
