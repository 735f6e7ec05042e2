/* SPDX-License-Identifier: MIT
 *
 * What a worker does with the entries of a track: pads, events, buffers. */
#include "config.h"

#include "gstarclystreamsrcpriv.h"

GST_DEBUG_CATEGORY_EXTERN (gst_arcly_stream_src_debug);
#define GST_CAT_DEFAULT gst_arcly_stream_src_debug

G_DEFINE_FINAL_TYPE (
    GstArclyStreamSrcTrack, gst_arcly_stream_src_track, G_TYPE_OBJECT)

GstArclyStreamSrcTrack *
gst_arcly_stream_src_track_new (guint number)
{
  GstArclyStreamSrcTrack *track =
      g_object_new (GST_TYPE_ARCLY_STREAM_SRC_TRACK, NULL);

  track->number = number;
  return track;
}

gboolean
gst_arcly_stream_src_track_claim (GstArclyStreamSrcTrack *track)
{
  gboolean open = FALSE;

  g_mutex_lock (&track->lock);
  while (track->busy)
    g_cond_wait (&track->changed, &track->lock);
  open = !track->closed;
  track->busy = open;
  g_mutex_unlock (&track->lock);
  return open;
}

void
gst_arcly_stream_src_track_release (GstArclyStreamSrcTrack *track)
{
  g_mutex_lock (&track->lock);
  track->busy = FALSE;
  g_cond_broadcast (&track->changed);
  g_mutex_unlock (&track->lock);
}

/* The pad */

/* "video", "audio", or NULL for what we have no pads for. */
static const gchar *
caps_kind (GstEvent *event)
{
  GstCaps *caps = NULL;
  const gchar *name = NULL;

  gst_event_parse_caps (event, &caps);
  if (gst_caps_get_size (caps) == 0)
    return NULL;
  name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  if (g_str_has_prefix (name, "video/") || g_str_has_prefix (name, "image/"))
    return "video";
  return g_str_has_prefix (name, "audio/") ? "audio" : NULL;
}

static void
ignore_track (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track, GstEvent *event)
{
  g_autofree gchar *stream = gst_arcly_stream_src_dup_name (self);
  GstCaps *caps = NULL;

  gst_event_parse_caps (event, &caps);
  track->ignored = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, WRONG_TYPE,
      ("Track %u of '%s' is neither video nor audio and is left out.",
          track->number, stream),
      ("caps %" GST_PTR_FORMAT, caps));
  gst_arcly_stream_src_settle (self, track);
}

/* Those that must come before the caps, or those that wait for the segment. */
static void
push_early (GstArclyStreamSrcTrack *track, gboolean stream_start)
{
  for (guint i = 0; i < track->early->len;) {
    GstEvent *event = g_ptr_array_index (track->early, i);

    if ((GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) != stream_start) {
      i++;
      continue;
    }
    gst_pad_push_event (track->pad, gst_event_ref (event));
    g_ptr_array_remove_index (track->early, i);
  }
}

static GstPad *
make_pad (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track, const gchar *kind)
{
  g_autofree gchar *template_name = g_strdup_printf ("%s_%%u", kind);
  g_autofree gchar *name = NULL;
  GstPad *pad = NULL;

  track->video = g_str_equal (kind, "video");
  name = g_strdup_printf ("%s_%u", kind,
      gst_arcly_stream_src_pad_index (self, track, track->video));
  pad = gst_pad_new_from_template (
      gst_element_get_pad_template (GST_ELEMENT (self), template_name), name);
  gst_arcly_stream_src_setup_pad (pad, track->number);
  track->pad = gst_object_ref_sink (pad);
  gst_pad_set_active (pad, TRUE);
  return pad;
}

void
gst_arcly_stream_src_add_pad_for_end (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track)
{
  GstPad *pad = make_pad (self, track, "video");
  g_autofree gchar *id =
      gst_pad_create_stream_id (pad, GST_ELEMENT (self), NULL);

  gst_pad_push_event (pad, gst_event_new_stream_start (id));
  gst_element_add_pad (GST_ELEMENT (self), pad);
  gst_arcly_stream_src_settle (self, track);
}

/* Whoever looks at the pad in "pad-added" finds its caps there. */
static void
add_pad (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track,
    GstEvent *caps_event)
{
  const gchar *kind = caps_kind (caps_event);
  GstPad *pad = NULL;

  if (kind == NULL) {
    ignore_track (self, track, caps_event);
    gst_event_unref (caps_event);
    return;
  }
  pad = make_pad (self, track, kind);
  push_early (track, TRUE);
  gst_pad_push_event (pad, caps_event);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  gst_arcly_stream_src_settle (self, track);
}

/* Events */

static gboolean
has_sticky (GstPad *pad, GstEvent *event)
{
  guint n = 0;

  for (;;) {
    g_autoptr (GstEvent) old =
        gst_pad_get_sticky_event (pad, GST_EVENT_TYPE (event), n++);

    if (old == NULL || old == event)
      return old != NULL;
  }
}

static gboolean
is_at_eos (GstPad *pad)
{
  g_autoptr (GstEvent) eos = gst_pad_get_sticky_event (pad, GST_EVENT_EOS, 0);

  return eos != NULL;
}

static void
take_segment (GstArclyStreamSrcTrack *track, GstEvent *event)
{
  gst_event_copy_segment (event, &track->theirs);
  track->segment_due = TRUE;
  gst_event_unref (event);
}

static GstClockTime
now (void)
{
  return g_get_monotonic_time () * GST_USECOND;
}

/* Sends the segment when its mapping is known, which is with a buffer. */
static void
push_segment (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track,
    GstClockTime arrival, GstClockTime position)
{
  GstArclyStreamSrcMap map;
  guint64 at = 0;
  GstClockTimeDiff running_time = GST_CLOCK_STIME_NONE;

  if (track->theirs.format == GST_FORMAT_UNDEFINED)
    return;
  if (track->theirs.format == GST_FORMAT_TIME &&
      GST_CLOCK_TIME_IS_VALID (position)) {
    gint sign = gst_segment_to_running_time_full (
        &track->theirs, GST_FORMAT_TIME, position, &at);

    if (sign)
      running_time = sign * (GstClockTimeDiff) at;
  }
  gst_arcly_stream_src_map (
      self, arrival, running_time, !track->last_valid, &map);
  if (!track->segment_due && map.serial == track->serial)
    return;
  if (map.breaks != track->breaks)
    track->catch_up = track->last_valid;
  track->serial = map.serial;
  track->breaks = map.breaks;
  track->segment_due = FALSE;
  gst_arcly_stream_src_map_segment (&map, &track->theirs, &track->ours);
  GST_DEBUG_OBJECT (track->pad,
      "delta %" GST_STIME_FORMAT ", %" GST_SEGMENT_FORMAT,
      GST_STIME_ARGS (map.delta), &track->ours);
  gst_pad_push_event (track->pad, gst_event_new_segment (&track->ours));
  push_early (track, FALSE);
}

/* Once, also for a track that ended before it had a buffer. */
static void
push_eos (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track)
{
  if (track->pad == NULL || is_at_eos (track->pad))
    return;
  if (track->segment_due)
    push_segment (self, track, now (), GST_CLOCK_TIME_NONE);
  gst_pad_push_event (track->pad, gst_event_new_eos ());
}

/* Sticky events follow the segment, which follows the caps. */
static gboolean
must_wait (GstArclyStreamSrcTrack *track, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      return track->pad == NULL;
    case GST_EVENT_CAPS:
    case GST_EVENT_EOS:
      return FALSE;
    default:
      return GST_EVENT_IS_STICKY (event) &&
             (track->pad == NULL || track->segment_due);
  }
}

static void
take_event (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track,
    GstEvent *event, GstClockTime arrival, gboolean known)
{
  GstEventType type = GST_EVENT_TYPE (event);
  GstClockTime position = GST_CLOCK_TIME_NONE;

  if (type == GST_EVENT_SEGMENT) {
    take_segment (track, event);
    return;
  }
  /* Their flush drops what is in their pipeline. For us it is a gap: the
   * kernel leaves out what was flushed. */
  if (type == GST_EVENT_FLUSH_STOP) {
    track->discont = TRUE;
    gst_event_unref (event);
    return;
  }
  if (track->pad == NULL && type == GST_EVENT_CAPS) {
    add_pad (self, track, event);
    return;
  }
  if (must_wait (track, event)) {
    g_ptr_array_add (track->early, event);
    return;
  }
  if (track->pad == NULL) {
    gst_event_unref (event);
    return;
  }
  if (known && !is_at_eos (track->pad) && has_sticky (track->pad, event)) {
    gst_event_unref (event);
    return;
  }
  if (type == GST_EVENT_STREAM_START || type == GST_EVENT_CAPS)
    track->flow = GST_FLOW_OK;
  if (type == GST_EVENT_STREAM_START) {
    /* A new stream has no segment of ours yet. */
    track->segment_due = TRUE;
  } else if (type == GST_EVENT_EOS) {
    push_eos (self, track);
    gst_event_unref (event);
    return;
  } else if (type == GST_EVENT_GAP) {
    gst_event_parse_gap (event, &position, NULL);
    push_segment (self, track, arrival, position);
  }
  gst_pad_push_event (track->pad, event);
}

static void
start_track (GstArclyStreamSrcTrack *track)
{
  /* The very first buffer follows nothing. */
  track->discont = track->last_valid;
  track->segment_due = TRUE;
  track->flow = GST_FLOW_OK;
  /* The replay may hold what was pushed before the connection broke. */
  track->catch_up = track->last_valid;
  g_ptr_array_set_size (track->early, 0);
}

/* Buffers */

static GstClockTimeDiff
get_running_time (GstArclyStreamSrcTrack *track, GstBuffer *buffer)
{
  GstClockTime position = GST_BUFFER_DTS_OR_PTS (buffer);
  guint64 running_time = 0;
  gint sign = 0;

  if (GST_CLOCK_TIME_IS_VALID (position) &&
      track->ours.format == GST_FORMAT_TIME)
    sign = gst_segment_to_running_time_full (
        &track->ours, GST_FORMAT_TIME, position, &running_time);
  return sign == 0 ? GST_CLOCK_STIME_NONE
                   : sign * (GstClockTimeDiff) running_time;
}

/* Running time never goes back, and video goes on at a keyframe. */
static gboolean
wants_buffer (GstArclyStreamSrcTrack *track, GstBuffer *buffer)
{
  GstClockTimeDiff at = get_running_time (track, buffer);
  gboolean delta = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);

  if (track->catch_up) {
    if (GST_CLOCK_STIME_IS_VALID (at) && at <= track->last) {
      track->need_key = track->video;
      return FALSE;
    }
    track->catch_up = FALSE;
  }
  if (track->need_key && delta)
    return FALSE;
  track->need_key = FALSE;
  if (GST_CLOCK_STIME_IS_VALID (at) &&
      (!track->last_valid || at > track->last)) {
    track->last = at;
    track->last_valid = TRUE;
  }
  return TRUE;
}

/* Shares the memory, always; its description only where nothing changes. */
static GstBuffer *
own_buffer (GstArclyStreamSrcTrack *track, GstBuffer *shared)
{
  GstBuffer *own = NULL;

  if (!track->discont)
    return shared;
  track->discont = FALSE;
  own = gst_buffer_copy (shared);
  gst_buffer_unref (shared);
  GST_BUFFER_FLAG_SET (own, GST_BUFFER_FLAG_DISCONT);
  return own;
}

static void
take_flow (
    GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track, GstFlowReturn flow)
{
  switch (flow) {
    case GST_FLOW_OK:
      return;
    case GST_FLOW_NOT_LINKED:
      /* Who links it later begins at a keyframe. */
      track->need_key = track->video;
      return;
    case GST_FLOW_FLUSHING:
    case GST_FLOW_EOS:
      break;
    default:
      GST_ELEMENT_FLOW_ERROR (self, flow);
      break;
  }
  GST_DEBUG_OBJECT (track->pad, "pauses: %s", gst_flow_get_name (flow));
  track->flow = flow;
}

static guint
push_run (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track,
    GstArclyItem *items, guint n_items)
{
  GstBufferList *list = NULL;
  GstBuffer *single = NULL;
  guint n = 0;

  if (!track->last_valid)
    gst_arcly_stream_src_await_others (self);
  push_segment (self, track, items[0].arrival,
      GST_BUFFER_DTS_OR_PTS (GST_BUFFER_CAST (items[0].object)));
  list = gst_buffer_list_new_sized (n_items);
  for (n = 0; n < n_items && (items[n].flags & GST_ARCLY_ITEM_BUFFER); n++) {
    GstBuffer *buffer = GST_BUFFER_CAST (items[n].object);

    if (items[n].flags & GST_ARCLY_ITEM_DISCONT)
      track->discont = TRUE;
    if (!wants_buffer (track, buffer)) {
      track->discont = TRUE;
      gst_buffer_unref (buffer);
      continue;
    }
    gst_buffer_list_add (list, own_buffer (track, buffer));
  }
  switch (gst_buffer_list_length (list)) {
    case 0:
      gst_buffer_list_unref (list);
      break;
    case 1:
      single = gst_buffer_ref (gst_buffer_list_get (list, 0));
      gst_buffer_list_unref (list);
      take_flow (self, track, gst_pad_push (track->pad, single));
      break;
    default:
      take_flow (self, track, gst_pad_push_list (track->pad, list));
      break;
  }
  return n;
}

static gboolean
can_push (GstArclyStreamSrcTrack *track)
{
  return track->pad && !track->ignored && track->flow == GST_FLOW_OK;
}

static void
deliver (GstArclyStreamSrc *self, GstArclyStreamSrcTrack *track,
    GstArclyItem *items, guint n_items)
{
  for (guint i = 0; i < n_items;) {
    GstArclyItem *item = &items[i];

    if ((item->flags & GST_ARCLY_ITEM_BUFFER) && can_push (track)) {
      i += push_run (self, track, item, n_items - i);
      continue;
    }
    i++;
    if (item->flags & GST_ARCLY_ITEM_START)
      start_track (track);
    if (item->flags & (GST_ARCLY_ITEM_ALL_EOS | GST_ARCLY_ITEM_EVICTED)) {
      push_eos (self, track);
      gst_arcly_stream_src_settle (self, track);
    }
    if (item->object == NULL)
      continue;
    if (track->ignored || (item->flags & GST_ARCLY_ITEM_BUFFER))
      gst_mini_object_unref (item->object);
    else
      take_event (self, track, GST_EVENT_CAST (item->object), item->arrival,
          (item->flags & GST_ARCLY_ITEM_STICKY) != 0);
  }
}

void
gst_arcly_stream_src_deliver (GstArclySubscription *sub, GstArclyItem *items,
    guint n_items, gpointer user_data)
{
  GstArclyStreamSrcTrack *track = items[0].target;

  if (gst_arcly_stream_src_track_claim (track)) {
    deliver (user_data, track, items, n_items);
    gst_arcly_stream_src_track_release (track);
    return;
  }
  for (guint i = 0; i < n_items; i++)
    if (items[i].object)
      gst_mini_object_unref (items[i].object);
}

static void
gst_arcly_stream_src_track_finalize (GObject *object)
{
  GstArclyStreamSrcTrack *track = GST_ARCLY_STREAM_SRC_TRACK (object);

  g_ptr_array_unref (track->early);
  gst_clear_object (&track->pad);
  g_clear_object (&track->sub);
  g_cond_clear (&track->changed);
  g_mutex_clear (&track->lock);
  G_OBJECT_CLASS (gst_arcly_stream_src_track_parent_class)->finalize (object);
}

static void
gst_arcly_stream_src_track_class_init (GstArclyStreamSrcTrackClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_stream_src_track_finalize;
}

static void
gst_arcly_stream_src_track_init (GstArclyStreamSrcTrack *track)
{
  g_mutex_init (&track->lock);
  g_cond_init (&track->changed);
  gst_segment_init (&track->theirs, GST_FORMAT_UNDEFINED);
  gst_segment_init (&track->ours, GST_FORMAT_UNDEFINED);
  track->early =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_event_unref);
}
