/* SPDX-License-Identifier: MIT
 *
 * What comes into GstArclyMux: buffers and events of its sink pads. */
#include "config.h"

#include "gstarclymux.h"

#define GST_CAT_DEFAULT gst_arcly_mux_debug

/* Where nothing is live, waiting costs memory only, and files are often
 * interleaved coarsely. */
#define NOT_LIVE_WAIT (10 * GST_SECOND)

/* What data may be ahead. */
#define DATA_BYTES (1024 * 1024)

void
gst_arcly_mux_update_bound (GstArclyMux *self, gboolean found_live)
{
  GstClockTime max_wait;

  GST_OBJECT_LOCK (self);
  max_wait = self->max_wait;
  GST_OBJECT_UNLOCK (self);

  g_mutex_lock (&self->lock);
  self->live |= found_live;
  if (self->live || max_wait == 0)
    self->bound = max_wait;
  else
    self->bound = MAX (max_wait, NOT_LIVE_WAIT);
  g_mutex_unlock (&self->lock);
}

/* Whether waiting costs time or only memory is upstream's to say. */
static void
ask_live (GstArclyMux *self, GstArclyMuxPad *pad)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  pad->live_asked = TRUE;
  if (gst_pad_peer_query (GST_PAD (pad), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_arcly_mux_update_bound (self, live);
}

/* Data that has no time (of a file, say) is of now, which is what came last of
 * the others. What is ahead of them waits for them: FALSE if too much does. */
static gboolean
place_data_locked (
    GstArclyMux *self, GstArclyMuxPad *pad, GstArclyMuxItem *item)
{
  gint64 newest = GST_ARCLY_MUX_NO_TIME;
  guint i;

  if (pad->queued_bytes + item->size > DATA_BYTES) {
    if (!pad->warned_drop)
      GST_WARNING_OBJECT (pad, "too much is ahead of its time, dropped");
    pad->warned_drop = TRUE;
    return FALSE;
  }
  if (item->dts != GST_ARCLY_MUX_NO_TIME)
    return TRUE;
  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *other = g_ptr_array_index (self->pads, i);

    if (!other->is_data)
      newest = MAX (newest, other->last_dts);
  }
  item->pts = item->dts = newest == GST_ARCLY_MUX_NO_TIME ? 0 : newest;
  return TRUE;
}

static GstFlowReturn
enqueue (GstArclyMux *self, GstArclyMuxPad *pad, GstArclyMuxItem *item)
{
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  if (self->stopping || pad->flushing || pad->eos ||
      self->flow != GST_FLOW_OK) {
    flow = self->stopping || pad->flushing ? GST_FLOW_FLUSHING
           : self->flow != GST_FLOW_OK     ? self->flow
                                           : GST_FLOW_EOS;
    g_mutex_unlock (&self->lock);
    gst_arcly_mux_item_clear (item);
    return flow;
  }
  if (pad->is_data && !place_data_locked (self, pad, item)) {
    g_mutex_unlock (&self->lock);
    gst_arcly_mux_item_clear (item);
    return GST_FLOW_OK;
  }
  pad->thread = g_thread_self ();
  pad->given_up = FALSE;
  pad->last_dts = item->dts;
  pad->position = item->dts + item->duration;
  pad->queued_bytes += item->size;
  self->queued_bytes += item->size;
  if (self->start_dts == GST_ARCLY_MUX_NO_TIME && !pad->is_data)
    self->start_dts = item->dts;
  self->progress++;
  gst_queue_array_push_tail_struct (pad->queue, item);
  gst_arcly_mux_advance_locked (self);
  flow = pad->is_data ? self->flow
                      : gst_arcly_mux_wait_for_room_locked (self, pad);
  g_mutex_unlock (&self->lock);
  return flow;
}

GstFlowReturn
gst_arcly_mux_chain (GstPad *gst_pad, GstObject *parent, GstBuffer *buffer)
{
  GstArclyMux *self = GST_ARCLY_MUX (parent);
  GstArclyMuxPad *pad = GST_ARCLY_MUX_PAD (gst_pad);
  GstArclyMuxClass *klass = GST_ARCLY_MUX_GET_CLASS (self);
  GstArclyMuxItem item = { .size = gst_buffer_get_size (buffer) };
  g_autoptr (GError) error = NULL;

  if (!pad->format ||
      (pad->segment.format != GST_FORMAT_TIME && !pad->is_data)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, (NULL),
        ("%s got data before %s", GST_PAD_NAME (pad),
            pad->format ? "a segment in time" : "caps"));
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (!pad->live_asked)
    ask_live (self, pad);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    pad->discont = TRUE;
  /* Headers of Opus and FLAC are in the caps, too. */
  if (item.size == 0 || (!pad->is_video && GST_BUFFER_FLAG_IS_SET (buffer,
                                               GST_BUFFER_FLAG_HEADER))) {
    gst_buffer_unref (buffer);
    return GST_FLOW_OK;
  }
  if (!gst_arcly_mux_pad_stamp (pad, buffer, klass->get_duration (pad->format),
          klass->get_depth, &item, &error)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The input of %s cannot be muxed: %s.", GST_PAD_NAME (pad),
            error->message),
        ("%" GST_PTR_FORMAT, buffer));
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  GST_LOG_OBJECT (pad,
      "unit of %" G_GSIZE_FORMAT " bytes, DTS %" G_GINT64_FORMAT
      ", PTS %" G_GINT64_FORMAT,
      item.size, item.dts, item.pts);
  item.buffer = buffer;
  item.format = klass->format_ref (pad->format);
  item.format_unref = klass->format_unref;
  return enqueue (self, pad, &item);
}

static gboolean
set_caps (GstArclyMux *self, GstArclyMuxPad *pad, GstCaps *caps)
{
  GstArclyMuxClass *klass = GST_ARCLY_MUX_GET_CLASS (self);
  g_autoptr (GstCaps) old = gst_pad_get_current_caps (GST_PAD (pad));
  gpointer format;
  g_autoptr (GError) error = NULL;

  format = klass->format_new (caps, &error);
  if (!format) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The input of %s cannot be muxed: %s.", GST_PAD_NAME (pad),
            error->message),
        ("%" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  gst_arcly_mux_pad_clear_format (pad);
  pad->format = format;
  pad->format_unref = klass->format_unref;
  pad->changed |= old && !gst_caps_is_equal (old, caps);

  g_mutex_lock (&self->lock);
  pad->announced = TRUE;
  if (klass->pad_caps_locked)
    klass->pad_caps_locked (self, pad, format);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
take_gap (GstArclyMux *self, GstArclyMuxPad *pad, GstEvent *event)
{
  GstClockTime timestamp, duration;
  guint64 end;

  gst_event_parse_gap (event, &timestamp, &duration);
  if (pad->is_data || pad->segment.format != GST_FORMAT_TIME ||
      !GST_CLOCK_TIME_IS_VALID (timestamp))
    return;
  if (GST_CLOCK_TIME_IS_VALID (duration))
    timestamp += duration;
  if (gst_segment_to_running_time_full (
          &pad->segment, GST_FORMAT_TIME, timestamp, &end) != 1 ||
      end > G_MAXINT64 / 2)
    return;

  g_mutex_lock (&self->lock);
  pad->position = MAX (pad->position, (gint64) end);
  if (self->start_dts == GST_ARCLY_MUX_NO_TIME)
    self->start_dts = pad->position;
  self->progress++;
  gst_arcly_mux_advance_locked (self);
  g_mutex_unlock (&self->lock);
}

static void
flush_start (GstArclyMux *self, GstArclyMuxPad *pad, GstEvent *event)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  first = !pad->flushing && self->n_flushing == 0;
  if (!pad->flushing) {
    pad->flushing = TRUE;
    self->n_flushing++;
  }
  self->queued_bytes -= pad->queued_bytes;
  gst_arcly_mux_pad_flush_locked (pad);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);

  if (first)
    gst_pad_push_event (self->srcpad, event);
  else
    gst_event_unref (event);
}

/* Waits until nobody pushes, and keeps others from it: what the pushing
 * thread owns is ours then. */
static void
seize_locked (GstArclyMux *self)
{
  while (self->pushing)
    g_cond_wait (&self->cond, &self->lock);
  self->pushing = TRUE;
}

static void
release_locked (GstArclyMux *self)
{
  self->pushing = FALSE;
  gst_arcly_mux_advance_locked (self);
  g_cond_broadcast (&self->cond);
}

static void
flush_stop (GstArclyMux *self, GstArclyMuxPad *pad, GstEvent *event)
{
  gboolean last;

  gst_arcly_mux_pad_reset_times (pad);
  g_mutex_lock (&self->lock);
  if (pad->flushing) {
    pad->flushing = FALSE;
    self->n_flushing--;
  }
  self->queued_bytes -= pad->queued_bytes;
  gst_arcly_mux_pad_flush_locked (pad);
  last = self->n_flushing == 0;
  if (!last) {
    g_mutex_unlock (&self->lock);
    gst_event_unref (event);
    return;
  }
  seize_locked (self);
  self->flow = GST_FLOW_OK;
  self->eos_sent = FALSE;
  self->start_dts = GST_ARCLY_MUX_NO_TIME;
  self->had_video = self->sound_changed = self->sound_leads = FALSE;
  g_mutex_unlock (&self->lock);

  gst_pad_push_event (self->srcpad, event);
  GST_ARCLY_MUX_GET_CLASS (self)->flushed (self);

  g_mutex_lock (&self->lock);
  release_locked (self);
  g_mutex_unlock (&self->lock);
}

static void
take_eos (GstArclyMux *self, GstArclyMuxPad *pad)
{
  g_mutex_lock (&self->lock);
  pad->eos = TRUE;
  self->progress++;
  gst_arcly_mux_advance_locked (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

gboolean
gst_arcly_mux_sink_event (GstPad *gst_pad, GstObject *parent, GstEvent *event)
{
  GstArclyMux *self = GST_ARCLY_MUX (parent);
  GstArclyMuxPad *pad = GST_ARCLY_MUX_PAD (gst_pad);
  gboolean ok = TRUE;
  GstCaps *caps;

  if (GST_EVENT_IS_SERIALIZED (event) &&
      GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP) {
    g_mutex_lock (&self->lock);
    pad->thread = g_thread_self ();
    g_mutex_unlock (&self->lock);
  }

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      ok = set_caps (self, pad, caps);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &pad->segment);
      break;
    case GST_EVENT_GAP:
      take_gap (self, pad, event);
      break;
    case GST_EVENT_EOS:
      take_eos (self, pad);
      break;
    case GST_EVENT_STREAM_START:
      /* A new stream follows what ended. */
      g_mutex_lock (&self->lock);
      pad->eos = FALSE;
      g_mutex_unlock (&self->lock);
      break;
    case GST_EVENT_FLUSH_START:
      flush_start (self, pad, event);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      flush_stop (self, pad, event);
      return TRUE;
    default:
      /* Tags and the rest describe one track; downstream sees one stream of
       * all of them. */
      break;
  }
  gst_event_unref (event);
  return ok;
}
