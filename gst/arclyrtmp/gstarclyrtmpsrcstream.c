/* SPDX-License-Identifier: MIT
 *
 * The streaming thread: items of the queue in, pads and what goes through them
 * out. No lock is held but the task's own and, while it pushes, the pad's. */
#include "config.h"

#include "gstarclyrtmpsrcpriv.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_src_debug

static const gchar *const kind_names[GST_ARCLY_RTMP_N_KINDS] = {
  [GST_ARCLY_RTMP_TRACK_VIDEO] = "video",
  [GST_ARCLY_RTMP_TRACK_AUDIO] = "audio",
};

void
gst_arcly_rtmp_src_close (GstArclyRtmpSrc *self, const gchar *description)
{
  atomic_store (&self->accepting, FALSE);
  gst_arcly_rtmp_route_kick (
      self->route, "NetStream.Unpublish.Success", description);
}

/* Pads */

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_LATENCY:
      /* Frames leave as they come, and may wait at the publisher. */
      gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
      return TRUE;
    case GST_QUERY_SEEKING: {
      GstFormat format;

      gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
      gst_query_set_seeking (query, format, FALSE, 0, -1);
      return TRUE;
    }
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

/* A publisher cannot be asked for anything: no keyframe, no seek. */
static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gboolean ok = GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE ||
                GST_EVENT_TYPE (event) == GST_EVENT_LATENCY ||
                GST_EVENT_TYPE (event) == GST_EVENT_QOS;

  gst_event_unref (event);
  return ok;
}

/* With the pad's stream lock, as its own task would have it: who deactivates
 * the pad waits for that before the pad forgets its events. Else what is on its
 * way would arrive without stream-start and segment. */
static void
push_event_to (GstPad *pad, GstEvent *event)
{
  GST_PAD_STREAM_LOCK (pad);
  gst_pad_push_event (pad, event);
  GST_PAD_STREAM_UNLOCK (pad);
}

static GstFlowReturn
push_buffer_to (GstPad *pad, GstBuffer *buffer)
{
  GstFlowReturn flow;

  GST_PAD_STREAM_LOCK (pad);
  flow = gst_pad_push (pad, buffer);
  GST_PAD_STREAM_UNLOCK (pad);
  return flow;
}

static void
push_stream_start (GstArclyRtmpSrc *self, GstPad *pad)
{
  g_autofree gchar *id =
      g_strdup_printf ("%s/%s", self->stream_id, GST_PAD_NAME (pad));
  GstEvent *event = gst_event_new_stream_start (id);

  gst_event_set_group_id (event, self->group_id);
  push_event_to (pad, event);
}

static void
push_segment (GstArclyRtmpSrc *self, GstArclyRtmpSrcTrack *track)
{
  GstSegment segment;

  if (track->segment_sent)
    return;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  push_event_to (track->pad, gst_event_new_segment (&segment));
  track->segment_sent = TRUE;
}

static void
push_caps (GstArclyRtmpSrc *self, GstArclyRtmpSrcTrack *track, GstCaps *caps)
{
  if (track->caps == NULL || !gst_caps_is_equal (track->caps, caps)) {
    GST_DEBUG_OBJECT (track->pad, "caps %" GST_PTR_FORMAT, caps);
    gst_caps_replace (&track->caps, caps);
    push_event_to (track->pad, gst_event_new_caps (caps));
  }
  push_segment (self, track);
}

static void
add_pad (GstArclyRtmpSrc *self, guint index, GstCaps *caps)
{
  GstArclyRtmpSrcTrack *track = &self->tracks[index];
  const gchar *kind = kind_names[GST_ARCLY_RTMP_TRACK_KIND (index)];
  g_autofree gchar *template_name = g_strdup_printf ("%s_%%u", kind);
  g_autofree gchar *name =
      g_strdup_printf ("%s_%u", kind, GST_ARCLY_RTMP_TRACK_ID (index));
  GstPadTemplate *template =
      gst_element_get_pad_template (GST_ELEMENT (self), template_name);
  GstPad *pad = gst_pad_new_from_template (template, name);

  track->pad = gst_object_ref (pad);
  track->discont = TRUE;
  gst_pad_set_query_function (pad, src_query);
  gst_pad_set_event_function (pad, src_event);
  gst_pad_use_fixed_caps (pad);
  gst_pad_set_active (pad, TRUE);
  push_stream_start (self, pad);
  if (caps)
    push_caps (self, track, caps);
  gst_flow_combiner_add_pad (self->combiner, pad);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  /* Too late for the state change to see this pad: nobody else would get a
   * push out of a blocked one. */
  if (atomic_load (&self->stopping))
    gst_pad_set_active (pad, FALSE);
}

static void
no_more_pads (GstArclyRtmpSrc *self)
{
  if (self->no_more_pads)
    return;
  self->no_more_pads = TRUE;
  gst_element_no_more_pads (GST_ELEMENT (self));
}

static gboolean
has_pad_of (GstArclyRtmpSrc *self, GstArclyRtmpTrackKind kind)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad && GST_ARCLY_RTMP_TRACK_KIND (i) == kind)
      return TRUE;
  }
  return FALSE;
}

static void
push_event (GstArclyRtmpSrc *self, GstEvent *event)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad)
      push_event_to (self->tracks[i].pad, gst_event_ref (event));
  }
}

/* The end */

/* Links that wait for the pad of a kind that never came would wait for ever,
 * and so would the EOS. */
static void
ensure_pads (GstArclyRtmpSrc *self)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_KINDS; i++) {
    if (!has_pad_of (self, i))
      add_pad (self, i, NULL);
  }
  no_more_pads (self);
}

/* @eos: the application's, or NULL. */
static void
finish (GstArclyRtmpSrc *self, GstEvent *eos)
{
  g_autoptr (GstEvent) event = NULL;

  if (self->finished)
    return;
  self->finished = TRUE;
  GST_INFO_OBJECT (self, "end of stream");
  ensure_pads (self);
  event = eos ? gst_event_ref (eos) : gst_event_new_eos ();
  push_event (self, event);
}

static void
stop_at (GstArclyRtmpSrc *self, GstFlowReturn flow)
{
  gst_arcly_rtmp_src_close (self, "The stream is no longer wanted");
  if (flow != GST_FLOW_EOS)
    GST_ELEMENT_FLOW_ERROR (self, flow);
  finish (self, NULL);
}

/* Media */

static void
note_jump (GstArclyRtmpSrc *self, const GstArclyRtmpUnit *unit)
{
  guint i;

  atomic_fetch_add_explicit (
      &self->counters.discontinuities, 1, memory_order_relaxed);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    self->tracks[i].discont = TRUE;
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT,
      self->jump_told ? GST_LEVEL_DEBUG : GST_LEVEL_WARNING, self,
      "the clock of %s jumped to %" G_GINT64_FORMAT " ms", self->session_peer,
      unit->dts);
  self->jump_told = TRUE;
}

static GstFlowReturn
push_buffer (GstArclyRtmpSrc *self, GstArclyRtmpUnit *unit)
{
  GstArclyRtmpSrcTrack *track = &self->tracks[unit->track];
  GstArclyRtmpTrackKind kind = GST_ARCLY_RTMP_TRACK_KIND (unit->track);
  GstBuffer *buffer = g_steal_pointer (&unit->buffer);
  GstFlowReturn flow;

  if (gst_arcly_rtmp_timeline_map (&self->timeline, unit->track, unit->dts,
          unit->composition_time, GST_BUFFER_DURATION (buffer),
          gst_element_get_current_running_time (GST_ELEMENT (self)),
          &GST_BUFFER_DTS (buffer), &GST_BUFFER_PTS (buffer)))
    note_jump (self, unit);
  GST_BUFFER_PTS (buffer) += unit->nanoseconds;
  if (kind == GST_ARCLY_RTMP_TRACK_AUDIO)
    GST_BUFFER_DTS (buffer) += unit->nanoseconds;
  if (track->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  track->discont = FALSE;

  GST_TRACE_OBJECT (track->pad, "%" GST_PTR_FORMAT, buffer);
  atomic_fetch_add_explicit (
      &self->counters.frames[kind], 1, memory_order_relaxed);
  push_segment (self, track);
  flow = push_buffer_to (track->pad, buffer);
  /* We stop, or downstream changes: then the buffer is missing there. */
  if (flow == GST_FLOW_FLUSHING) {
    track->discont = TRUE;
    return GST_FLOW_OK;
  }
  return gst_flow_combiner_update_pad_flow (self->combiner, track->pad, flow);
}

static void
push_tags (GstArclyRtmpSrc *self)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    GstArclyRtmpSrcTrack *track = &self->tracks[i];
    GstTagList *tags;

    if (track->pad == NULL || !track->segment_sent)
      continue;
    tags = gst_arcly_rtmp_demux_take_tags (self->demux, i);
    if (tags)
      push_event_to (track->pad, gst_event_new_tag (tags));
  }
}

/* Where something has come before: an event goes nowhere without a segment. */
static void
push_data (GstArclyRtmpSrc *self, GstEvent *event)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad && self->tracks[i].segment_sent)
      push_event_to (self->tracks[i].pad, gst_event_ref (event));
  }
}

static void
push_unit (GstArclyRtmpSrc *self, GstArclyRtmpUnit *unit)
{
  GstArclyRtmpSrcTrack *track = &self->tracks[unit->track];
  GstFlowReturn flow;

  if (unit->event) {
    push_data (self, unit->event);
    return;
  }
  /* A track that nobody announced, after the others. */
  if (track->pad == NULL)
    add_pad (self, unit->track, unit->caps);
  if (unit->caps) {
    push_caps (self, track, unit->caps);
    return;
  }
  push_tags (self);
  flow = push_buffer (self, unit);
  if (flow != GST_FLOW_OK)
    stop_at (self, flow);
}

static void
announce_pads (GstArclyRtmpSrc *self)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    if (self->tracks[i].pad == NULL &&
        gst_arcly_rtmp_demux_has_track (self->demux, i))
      add_pad (self, i, gst_arcly_rtmp_demux_peek_caps (self->demux, i));
  }
  if (has_pad_of (self, GST_ARCLY_RTMP_TRACK_VIDEO) ||
      has_pad_of (self, GST_ARCLY_RTMP_TRACK_AUDIO))
    no_more_pads (self);
}

static void
push_units (GstArclyRtmpSrc *self)
{
  if (self->finished || !gst_arcly_rtmp_demux_is_ready (self->demux))
    return;
  announce_pads (self);
  while (!self->finished && !atomic_load (&self->stopping)) {
    g_autoptr (GstArclyRtmpUnit) unit = gst_arcly_rtmp_demux_next (self->demux);

    if (unit == NULL)
      return;
    push_unit (self, unit);
  }
}

static void
tell_left_out (GstArclyRtmpSrc *self, const GError *error)
{
  if (g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED))
    GST_ELEMENT_WARNING (self, STREAM, CODEC_NOT_FOUND,
        ("The publisher %s of '%s' sends what is not supported and left out: "
         "%s",
            self->session_peer, self->session_name, error->message),
        (NULL));
  else
    GST_WARNING_OBJECT (self, "the publisher %s sends broken data: %s",
        self->session_peer, error->message);
}

static void
handle_event (GstArclyRtmpSrc *self, GstArclyRtmpEvent *event)
{
  g_autoptr (GError) error = NULL;
  gsize size;

  if (self->demux == NULL || self->finished)
    return;
  size = g_bytes_get_size (event->kind == GST_ARCLY_RTMP_EVENT_MEDIA
                               ? event->media.payload
                               : event->metadata.payload);
  atomic_fetch_add_explicit (&self->counters.messages, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&self->counters.bytes, size, memory_order_relaxed);

  if (!gst_arcly_rtmp_demux_feed (self->demux, event, &error))
    tell_left_out (self, error);
  atomic_store_explicit (&self->counters.dropped,
      self->dropped_before + gst_arcly_rtmp_demux_get_dropped (self->demux),
      memory_order_relaxed);
  atomic_store_explicit (&self->counters.ignored,
      self->ignored_before + gst_arcly_rtmp_demux_get_ignored (self->demux),
      memory_order_relaxed);
  push_units (self);
}

/* Publishers */

static void
end_session (GstArclyRtmpSrc *self)
{
  if (self->demux == NULL)
    return;
  gst_arcly_rtmp_demux_finish (self->demux);
  push_units (self);
  self->dropped_before += gst_arcly_rtmp_demux_get_dropped (self->demux);
  self->ignored_before += gst_arcly_rtmp_demux_get_ignored (self->demux);
  g_clear_pointer (&self->demux, gst_arcly_rtmp_demux_free);
}

static void
handle_start (GstArclyRtmpSrc *self, GstArclyRtmpItem *item)
{
  guint i;

  end_session (self);
  GST_INFO_OBJECT (self, "%s publishes", item->peer);
  g_free (self->session_peer);
  g_free (self->session_name);
  self->session_peer = g_steal_pointer (&item->peer);
  self->session_name = g_steal_pointer (&item->name);
  self->jump_told = FALSE;
  self->demux = gst_arcly_rtmp_demux_new ();
  gst_arcly_rtmp_timeline_new_session (&self->timeline);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    self->tracks[i].discont = TRUE;
  atomic_fetch_add_explicit (&self->counters.sessions, 1, memory_order_relaxed);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
                              gst_structure_new ("arcly-publish-start", "name",
                                  G_TYPE_STRING, self->session_name, "peer",
                                  G_TYPE_STRING, self->session_peer, NULL)));
}

static void
handle_end (GstArclyRtmpSrc *self, const GstArclyRtmpItem *item)
{
  end_session (self);
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT,
      item->error ? GST_LEVEL_WARNING : GST_LEVEL_INFO, self, "%s left: %s",
      self->session_peer, item->reason);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("arcly-publish-end", "name", G_TYPE_STRING,
              self->session_name, "peer", G_TYPE_STRING, self->session_peer,
              "reason", G_TYPE_STRING, item->reason, "error", G_TYPE_BOOLEAN,
              item->error, NULL)));
}

static void
handle_eos (GstArclyRtmpSrc *self, const GstArclyRtmpItem *item)
{
  if (self->demux) {
    gst_arcly_rtmp_demux_finish (self->demux);
    push_units (self);
  }
  finish (self, item->downstream);
}

void
gst_arcly_rtmp_src_loop (gpointer data)
{
  GstArclyRtmpSrc *self = data;
  gboolean resume;
  g_autoptr (GstArclyRtmpItem) item =
      gst_arcly_rtmp_queue_pop (self->queue, &resume);

  if (item == NULL) {
    gst_task_pause (self->task);
    /* Pausing must not undo a stop that came meanwhile: stop() would wait for
     * this task for ever. The flag is set before the task is stopped. */
    if (atomic_load (&self->stopping))
      gst_task_stop (self->task);
    return;
  }
  if (resume)
    gst_arcly_rtmp_route_resume (self->route);

  switch (item->kind) {
    case GST_ARCLY_RTMP_ITEM_START:
      handle_start (self, item);
      break;
    case GST_ARCLY_RTMP_ITEM_EVENT:
      handle_event (self, item->event);
      break;
    case GST_ARCLY_RTMP_ITEM_END:
      handle_end (self, item);
      break;
    case GST_ARCLY_RTMP_ITEM_DOWNSTREAM:
      if (!self->finished)
        push_event (self, item->downstream);
      break;
    case GST_ARCLY_RTMP_ITEM_EOS:
      handle_eos (self, item);
      break;
  }
}

/* While the thread does not run */

static void
remove_pad (GstArclyRtmpSrc *self, GstArclyRtmpSrcTrack *track)
{
  g_autoptr (GstPad) pad = g_steal_pointer (&track->pad);

  gst_clear_caps (&track->caps);
  track->segment_sent = FALSE;
  track->discont = FALSE;
  if (pad == NULL)
    return;
  gst_pad_set_active (pad, FALSE);
  gst_flow_combiner_remove_pad (self->combiner, pad);
  gst_element_remove_pad (GST_ELEMENT (self), pad);
}

void
gst_arcly_rtmp_src_reset_stream (GstArclyRtmpSrc *self)
{
  guint i;

  g_clear_pointer (&self->demux, gst_arcly_rtmp_demux_free);
  g_clear_pointer (&self->session_peer, g_free);
  g_clear_pointer (&self->session_name, g_free);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    remove_pad (self, &self->tracks[i]);
  gst_flow_combiner_reset (self->combiner);
  gst_arcly_rtmp_timeline_reset (&self->timeline);
  self->no_more_pads = FALSE;
  self->finished = FALSE;
}

void
gst_arcly_rtmp_src_flushed (GstArclyRtmpSrc *self, gboolean reset_time)
{
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++) {
    self->tracks[i].segment_sent = FALSE;
    self->tracks[i].discont = TRUE;
  }
  gst_flow_combiner_reset (self->combiner);
  if (reset_time)
    gst_arcly_rtmp_timeline_reset (&self->timeline);
}
