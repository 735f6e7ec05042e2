/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclyhlshold.h"
#include "gstarclyhlswriter.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_hls_hold_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_hold_debug

/* What is held at most; past it, media passes as it comes. */
#define MAX_BYTES (64 * 1024 * 1024)
/* A leader that has not moved for so long leads nobody. */
#define PATIENCE_US (10 * G_USEC_PER_SEC)
/* Frames of two encoders are of one time if they are that near. */
#define TOLERANCE (10 * GST_MSECOND)

struct _GstArclyHlsHold {
  GstElement parent;

  /* Constant from init on. */
  GstPad *sinkpad;
  GstPad *srcpad;

  /* READY. */
  GstArclyHlsCuts *cuts; /* owned; NULL for who leads */
  GstClockTime interval;

  /* The streaming thread. */
  GstSegment input;
  gint64 asked_at; /* for a keyframe; running time */

  /* The lock. */
  GMutex lock;
  GCond cond;   /* something was queued, or it stops */
  GQueue queue; /* (element-type GstMiniObject), owned */
  gsize bytes;
  GstFlowReturn flow; /* of what was pushed last */
  GstArclyCodecInfo *info;
  GstCaps *caps;
  GstTagList *tags;

  /* Atomic. */
  gint stopping;

  /* Who pushes. */
  GstSegment segment;
  gboolean begun; /* something that the leader has, too, was there */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsHold, gst_arcly_hls_hold,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_hls_hold_debug, "arclyhlshold", 0,
        "Arcly HLS renditions in step"));

/* The streaming thread. What cannot be read is the muxer's to complain of. */
static void
look (GstArclyHlsHold *self, GstBuffer *buffer)
{
  GstArclyCodecInfo *info = NULL;
  g_autoptr (GstCaps) caps = NULL;

  g_mutex_lock (&self->lock);
  if (!self->info && self->caps &&
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    caps = gst_caps_ref (self->caps);
  g_mutex_unlock (&self->lock);
  if (caps)
    info = gst_arcly_codec_info_new (caps, buffer, NULL);
  if (!info)
    return;
  g_mutex_lock (&self->lock);
  self->info = info;
  g_mutex_unlock (&self->lock);
}

static void
note_event (GstArclyHlsHold *self, GstEvent *event)
{
  GstTagList *tags;
  GstCaps *caps;

  g_mutex_lock (&self->lock);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_caps_replace (&self->caps, caps);
    g_clear_pointer (&self->info, gst_arcly_codec_info_free);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
    gst_event_parse_tag (event, &tags);
    tags = gst_tag_list_merge (self->tags, tags, GST_TAG_MERGE_PREPEND);
    g_clear_pointer (&self->tags, gst_tag_list_unref);
    self->tags = tags;
  }
  g_mutex_unlock (&self->lock);
}

/* (transfer full) to @item. */
static GstFlowReturn
enqueue (GstArclyHlsHold *self, gpointer item, gsize size)
{
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  flow = g_atomic_int_get (&self->stopping) ? GST_FLOW_FLUSHING : self->flow;
  if (flow == GST_FLOW_OK) {
    g_queue_push_tail (&self->queue, item);
    self->bytes += size;
    g_cond_signal (&self->cond);
    item = NULL;
  }
  g_mutex_unlock (&self->lock);
  if (item)
    gst_mini_object_unref (item);
  return flow;
}

/* Where the buffer is in what the leader knows: it has seen all key frames
 * that are shown up to its horizon. */
static gint64
time_of (const GstSegment *segment, GstBuffer *buffer)
{
  gboolean key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  GstClockTime time =
      key ? GST_BUFFER_PTS (buffer) : GST_BUFFER_DTS_OR_PTS (buffer);
  guint64 running;
  gint sign;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    time = GST_BUFFER_DTS_OR_PTS (buffer);
  if (!GST_CLOCK_TIME_IS_VALID (time) || segment->format != GST_FORMAT_TIME)
    return G_MININT64;
  sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);
  return sign == 0 ? G_MININT64 : sign * (gint64) running;
}

/* The leader's writer asks at its cuts; so do those who follow, at the first
 * key frame of each interval. */
static void
ask_for_keyframe (GstArclyHlsHold *self, GstBuffer *buffer)
{
  gint64 time = time_of (&self->input, buffer);
  gint64 interval = (gint64) self->interval;

  if (interval == 0 || time < 0 ||
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ||
      (self->asked_at != G_MININT64 && time >= self->asked_at &&
          time - self->asked_at < interval - (gint64) TOLERANCE))
    return;
  self->asked_at = time;
  time += interval - (gint64) GST_ARCLY_HLS_KEYFRAME_EARLY;
  gst_pad_push_event (
      self->sinkpad, gst_video_event_new_upstream_force_key_unit (
                         (GstClockTime) time, TRUE, 0));
}

static GstFlowReturn
gst_arcly_hls_hold_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstArclyHlsHold *self = GST_ARCLY_HLS_HOLD (parent);

  look (self, buffer);
  if (!self->cuts)
    return gst_pad_push (self->srcpad, buffer);
  ask_for_keyframe (self, buffer);
  return enqueue (self, buffer, gst_buffer_get_size (buffer));
}

static void
clear_queue (GstArclyHlsHold *self)
{
  g_mutex_lock (&self->lock);
  g_queue_clear_full (&self->queue, (GDestroyNotify) gst_mini_object_unref);
  self->bytes = 0;
  self->flow = GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
}

static void
interrupt (GstArclyHlsHold *self)
{
  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->stopping, TRUE);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  if (self->cuts)
    gst_arcly_hls_cuts_wake (self->cuts);
}

/* What is in front of the leader's first segment is in none. */
static gboolean
belongs (GstArclyHlsHold *self, GstBuffer *buffer, gint64 time)
{
  GstArclyHlsCutPoint first;

  if (self->begun)
    return TRUE;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ||
      (gst_arcly_hls_cuts_find (self->cuts, G_MININT64, &first) &&
          time + (gint64) TOLERANCE < first.pts))
    return FALSE;
  self->begun = TRUE;
  return TRUE;
}

/* Consumes the buffer. */
static GstFlowReturn
pass_buffer (GstArclyHlsHold *self, GstBuffer *buffer)
{
  gint64 time = time_of (&self->segment, buffer);
  gint64 behind = time == G_MININT64 ? time : time + (gint64) TOLERANCE + 1;
  gboolean full;

  /* A frame of that time is known only when the leader is behind it. */
  g_mutex_lock (&self->lock);
  full = self->bytes > MAX_BYTES;
  g_mutex_unlock (&self->lock);
  if (!full && !gst_arcly_hls_cuts_wait (
                   self->cuts, behind, PATIENCE_US, &self->stopping)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_FLUSHING;
  }
  if (belongs (self, buffer, time))
    return gst_pad_push (self->srcpad, buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static gpointer
dequeue (GstArclyHlsHold *self)
{
  gpointer item;

  g_mutex_lock (&self->lock);
  while (self->queue.length == 0 && !g_atomic_int_get (&self->stopping))
    g_cond_wait (&self->cond, &self->lock);
  item = g_atomic_int_get (&self->stopping) ? NULL
                                            : g_queue_pop_head (&self->queue);
  if (item && GST_IS_BUFFER (item))
    self->bytes -= gst_buffer_get_size (item);
  g_mutex_unlock (&self->lock);
  return item;
}

/* The task of the source pad. */
static void
loop (gpointer data)
{
  GstArclyHlsHold *self = data;
  gpointer item = dequeue (self);
  GstFlowReturn flow;

  if (!item) {
    gst_pad_pause_task (self->srcpad);
    return;
  }
  if (GST_IS_EVENT (item)) {
    if (GST_EVENT_TYPE (item) == GST_EVENT_SEGMENT)
      gst_event_copy_segment (item, &self->segment);
    gst_pad_push_event (self->srcpad, item);
    return;
  }
  flow = pass_buffer (self, item);
  if (flow == GST_FLOW_OK)
    return;
  g_mutex_lock (&self->lock);
  self->flow = flow;
  g_mutex_unlock (&self->lock);
}

static gboolean
gst_arcly_hls_hold_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyHlsHold *self = GST_ARCLY_HLS_HOLD (parent);

  note_event (self, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    gst_event_copy_segment (event, &self->input);
  if (!self->cuts)
    return gst_pad_push_event (self->srcpad, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START) {
    interrupt (self);
    gst_pad_push_event (self->srcpad, event);
    gst_pad_pause_task (self->srcpad);
    return TRUE;
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    clear_queue (self);
    gst_pad_push_event (self->srcpad, event);
    g_atomic_int_set (&self->stopping, FALSE);
    gst_pad_start_task (self->srcpad, loop, self, NULL);
    return TRUE;
  }
  if (!GST_EVENT_IS_SERIALIZED (event))
    return gst_pad_push_event (self->srcpad, event);
  return enqueue (self, event, 0) == GST_FLOW_OK;
}

static gboolean
gst_arcly_hls_hold_activate_mode (
    GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstArclyHlsHold *self = GST_ARCLY_HLS_HOLD (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (!self->cuts)
    return TRUE;
  if (active) {
    g_atomic_int_set (&self->stopping, FALSE);
    self->begun = FALSE;
    self->asked_at = G_MININT64;
    gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
    return gst_pad_start_task (pad, loop, self, NULL);
  }
  interrupt (self);
  if (!gst_pad_stop_task (pad))
    return FALSE;
  clear_queue (self);
  return TRUE;
}

void
gst_arcly_hls_hold_set_cuts (
    GstArclyHlsHold *self, GstArclyHlsCuts *cuts, GstClockTime interval)
{
  self->interval = interval;
  g_clear_pointer (&self->cuts, gst_arcly_hls_cuts_unref);
  self->cuts = cuts ? gst_arcly_hls_cuts_ref (cuts) : NULL;
}

void
gst_arcly_hls_hold_end (GstArclyHlsHold *self)
{
  gst_pad_send_event (self->sinkpad, gst_event_new_eos ());
}

GstArclyCodecInfo *
gst_arcly_hls_hold_get_info (GstArclyHlsHold *self)
{
  GstArclyCodecInfo *info;

  g_mutex_lock (&self->lock);
  info = self->info ? gst_arcly_codec_info_copy (self->info) : NULL;
  g_mutex_unlock (&self->lock);
  return info;
}

gchar *
gst_arcly_hls_hold_get_tag (GstArclyHlsHold *self, const gchar *tag)
{
  gchar *value = NULL;

  g_mutex_lock (&self->lock);
  if (self->tags)
    gst_tag_list_get_string (self->tags, tag, &value);
  g_mutex_unlock (&self->lock);
  return value;
}

static void
gst_arcly_hls_hold_finalize (GObject *object)
{
  GstArclyHlsHold *self = GST_ARCLY_HLS_HOLD (object);

  clear_queue (self);
  gst_arcly_hls_hold_set_cuts (self, NULL, 0);
  g_clear_pointer (&self->info, gst_arcly_codec_info_free);
  gst_clear_caps (&self->caps);
  g_clear_pointer (&self->tags, gst_tag_list_unref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);

  G_OBJECT_CLASS (gst_arcly_hls_hold_parent_class)->finalize (object);
}

static void
gst_arcly_hls_hold_init (GstArclyHlsHold *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->queue);
  gst_segment_init (&self->input, GST_FORMAT_UNDEFINED);
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, gst_arcly_hls_hold_chain);
  gst_pad_set_event_function (self->sinkpad, gst_arcly_hls_hold_event);
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  GST_PAD_SET_PROXY_ALLOCATION (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_activatemode_function (
      self->srcpad, gst_arcly_hls_hold_activate_mode);
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
gst_arcly_hls_hold_class_init (GstArclyHlsHoldClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_arcly_hls_hold_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Arcly HLS hold",
      "Generic", "Holds a rendition back for the one that leads",
      "The gst-arcly authors");
}
