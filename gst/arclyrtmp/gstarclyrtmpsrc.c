/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-arclyrtmpsrc
 * @title: arclyrtmpsrc
 *
 * An RTMP server for one stream: a publisher (ffmpeg, OBS, rtmp2sink) connects
 * and its tracks come out of `video_0` and `audio_0`, as sent, nothing decoded:
 * H.264, AAC and MP3, and the codecs of enhanced RTMP (H.265, AV1, VP9, VP8;
 * Opus, FLAC, AC-3, E-AC-3), whose further tracks come out of `video_1`,
 * `audio_1` and so on. Several of these elements share one address and port,
 * each with a stream of its own; who asks for a stream that no element has, or
 * that has a publisher, is refused with a status.
 *
 * The pads appear with the first publisher. When it leaves, the element waits
 * for the next one, or ends, as #GstArclyRtmpSrc:on-unpublish says. Another
 * publisher goes on on the same pads, with DISCONT, and with caps if they are
 * others; running time does not go back. What a publisher says about the
 * distance of two frames, of one track or of two, stays true to the
 * millisecond.
 *
 * A pipeline that is too slow slows the publisher down; nothing that was
 * received is dropped, except video before the first keyframe.
 *
 * What a publisher sends as data between its frames (`onTextData`,
 * `onCuePoint`) comes out of all pads as the event `arcly-rtmp-data`; its
 * `onMetaData` becomes tags.
 *
 * ## Messages
 *
 * Element messages, from the streaming thread: `arcly-publish-start` with
 * `name` ("app/stream") and `peer` ("address:port"), and `arcly-publish-end`
 * with `reason` and `error` (%TRUE if the
 * connection failed or the publisher broke the protocol or a limit) as
 * well.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e arclyrtmpsrc location=rtmp://127.0.0.1:1935/live/cam \
 *     name=in in.video_0 ! queue ! fakesink silent=false \
 *     in.audio_0 ! queue ! fakesink
 * ]|
 * Publish with `ffmpeg -re -i clip.mp4 -c copy -f flv
 * rtmp://127.0.0.1:1935/live/cam`; with -v each frame is printed. (One thread
 * feeds both pads, so sinks that preroll need the queues; arclytsmux and
 * arclyhlssink do not.)
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstarclyrtmpsrcpriv.h"

GST_DEBUG_CATEGORY (gst_arcly_rtmp_src_debug);
#define GST_CAT_DEFAULT gst_arcly_rtmp_src_debug

#define DEFAULT_TIMEOUT (10 * GST_SECOND)
#define DEFAULT_ON_UNPUBLISH GST_ARCLY_RTMP_ON_UNPUBLISH_WAIT
#define DEFAULT_RECONNECT_WINDOW 0
#define DEFAULT_TAKE_OVER GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED

/* What may wait for downstream before the publisher is slowed down. */
#define QUEUE_BYTES (16 * 1024 * 1024)
#define QUEUE_MS 2000

enum {
  PROP_0,
  PROP_TIMEOUT,
  PROP_ON_UNPUBLISH,
  PROP_RECONNECT_WINDOW,
  PROP_TAKE_OVER,
  PROP_STATS,
  N_PROPERTIES,
  PROP_PORT = N_PROPERTIES /* the first of gstarclyrtmpport.h */
};

static GParamSpec *properties[N_PROPERTIES];

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
        GST_STATIC_CAPS (
            "video/x-h264, stream-format=(string)avc, alignment=(string)au; "
            "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "
            "video/x-av1, stream-format=(string)obu-stream, "
            "alignment=(string)tu; "
            "video/x-vp9; video/x-vp8"));

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS (
        "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
        "framed=(boolean)true; "
        "audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)true; "
        "audio/x-opus; audio/x-flac, framed=(boolean)true; "
        "audio/x-ac3, framed=(boolean)true; "
        "audio/x-eac3, framed=(boolean)true"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyRtmpSrc, gst_arcly_rtmp_src,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_rtmp_src_debug, "arclyrtmpsrc", 0, "RTMP publish side"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyrtmpsrc, "arclyrtmpsrc", GST_RANK_NONE, GST_TYPE_ARCLY_RTMP_SRC);

GType
gst_arcly_rtmp_take_over_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_TAKE_OVER_NEVER, "Others are refused", "never" },
    { GST_ARCLY_RTMP_TAKE_OVER_AUTHORIZED,
        "The newest takes over if an authenticator permits it", "authorized" },
    { GST_ARCLY_RTMP_TAKE_OVER_ALWAYS, "The newest takes over", "always" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpTakeOver", values));
  return type;
}

GType
gst_arcly_rtmp_on_unpublish_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_ON_UNPUBLISH_WAIT, "Wait for the next publisher", "wait" },
    { GST_ARCLY_RTMP_ON_UNPUBLISH_EOS, "End the stream", "eos" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpOnUnpublish", values));
  return type;
}

/* States */

static gboolean
start (GstArclyRtmpSrc *self)
{
  self->group_id = gst_util_group_id_next ();
  atomic_store (&self->stopping, FALSE);
  atomic_store (&self->accepting, TRUE);
  gst_arcly_rtmp_queue_set_paused (self->queue, TRUE);
  gst_arcly_rtmp_queue_set_flushing (self->queue, FALSE);
  return gst_arcly_rtmp_src_listen (self) && gst_task_start (self->task);
}

/* So that the streaming thread returns from the queue, and does not come back
 * to a pad that is deactivated. */
static void
interrupt (GstArclyRtmpSrc *self)
{
  atomic_store (&self->stopping, TRUE);
  atomic_store (&self->accepting, FALSE);
  gst_arcly_rtmp_queue_set_flushing (self->queue, TRUE);
  gst_task_stop (self->task);
}

static void
stop (GstArclyRtmpSrc *self)
{
  interrupt (self);
  gst_task_join (self->task);
  gst_arcly_rtmp_src_unlisten (self);
  gst_arcly_rtmp_queue_clear (self->queue);
  gst_arcly_rtmp_src_reset_stream (self);
}

static GstStateChangeReturn
gst_arcly_rtmp_src_change_state (GstElement *element, GstStateChange transition)
{
  GstArclyRtmpSrc *self = GST_ARCLY_RTMP_SRC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    gst_arcly_rtmp_queue_set_paused (self->queue, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    interrupt (self);

  ret = GST_ELEMENT_CLASS (gst_arcly_rtmp_src_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    gst_arcly_rtmp_queue_set_paused (self->queue, FALSE);
  /* A publisher does not wait for a preroll. */
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED ||
      transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    return GST_STATE_CHANGE_NO_PREROLL;
  return ret;
}

/* Events of the application; the state lock is held. */

static gboolean
push_to_pads (GstPad *pad, gpointer event)
{
  gst_pad_push_event (pad, gst_event_ref (event));
  return TRUE;
}

static gboolean
for_each_pad (GstElement *element, GstPad *pad, gpointer event)
{
  return push_to_pads (pad, event);
}

static void
flush_start (GstArclyRtmpSrc *self, GstEvent *event)
{
  gst_arcly_rtmp_queue_set_flushing (self->queue, TRUE);
  gst_element_foreach_src_pad (GST_ELEMENT (self), for_each_pad, event);
  gst_task_pause (self->task);
}

static void
flush_stop (GstArclyRtmpSrc *self, GstEvent *event)
{
  gboolean reset_time;

  gst_event_parse_flush_stop (event, &reset_time);
  gst_arcly_rtmp_queue_set_flushing (self->queue, TRUE);
  gst_task_pause (self->task);
  g_rec_mutex_lock (&self->task_lock);
  gst_arcly_rtmp_src_flushed (self, reset_time);
  g_rec_mutex_unlock (&self->task_lock);
  gst_element_foreach_src_pad (GST_ELEMENT (self), for_each_pad, event);
  gst_arcly_rtmp_queue_set_flushing (self->queue, FALSE);
  gst_task_start (self->task);
}

static gboolean
queue_event (GstArclyRtmpSrc *self, GstArclyRtmpItemKind kind, GstEvent *event)
{
  GstArclyRtmpItem *item = gst_arcly_rtmp_item_new (kind);

  item->downstream = gst_event_ref (event);
  gst_arcly_rtmp_queue_push (self->queue, item);
  return TRUE;
}

static gboolean
send_event (GstArclyRtmpSrc *self, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      gst_arcly_rtmp_src_close (self, "The stream ends");
      return queue_event (self, GST_ARCLY_RTMP_ITEM_EOS, event);
    case GST_EVENT_FLUSH_START:
      flush_start (self, event);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      flush_stop (self, event);
      return TRUE;
    case GST_EVENT_TAG:
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      return queue_event (self, GST_ARCLY_RTMP_ITEM_DOWNSTREAM, event);
    case GST_EVENT_CUSTOM_DOWNSTREAM_OOB:
      return gst_element_foreach_src_pad (
          GST_ELEMENT (self), for_each_pad, event);
    default:
      return FALSE;
  }
}

static gboolean
gst_arcly_rtmp_src_send_event (GstElement *element, GstEvent *event)
{
  GstArclyRtmpSrc *self = GST_ARCLY_RTMP_SRC (element);
  gboolean ok;

  GST_DEBUG_OBJECT (self, "%" GST_PTR_FORMAT, event);
  ok = self->route != NULL && send_event (self, event);
  gst_event_unref (event);
  return ok;
}

/* Properties */

static guint64
read_counter (const _Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

static GstStructure *
get_stats (GstArclyRtmpSrc *self)
{
  const GstArclyRtmpSrcCounters *counters = &self->counters;
  GstStructure *stats;
  gsize bytes;
  gint64 ms;

  gst_arcly_rtmp_queue_get_level (self->queue, &bytes, &ms);
  stats = gst_structure_new ("application/x-arcly-rtmp-src-stats", "port",
      G_TYPE_UINT, atomic_load (&self->port.number), "publishers",
      G_TYPE_UINT64, read_counter (&counters->sessions), "refused",
      G_TYPE_UINT64, read_counter (&counters->refused), "messages",
      G_TYPE_UINT64, read_counter (&counters->messages), "bytes", G_TYPE_UINT64,
      read_counter (&counters->bytes), "video-frames", G_TYPE_UINT64,
      read_counter (&counters->frames[GST_ARCLY_RTMP_TRACK_VIDEO]),
      "audio-frames", G_TYPE_UINT64,
      read_counter (&counters->frames[GST_ARCLY_RTMP_TRACK_AUDIO]), "dropped",
      G_TYPE_UINT64, read_counter (&counters->dropped), "ignored",
      G_TYPE_UINT64, read_counter (&counters->ignored), "discontinuities",
      G_TYPE_UINT64, read_counter (&counters->discontinuities), "queued-bytes",
      G_TYPE_UINT64, (guint64) bytes, "queued-time", G_TYPE_UINT64,
      (guint64) ms * GST_MSECOND, NULL);
  GST_OBJECT_LOCK (self);
  gst_structure_set (stats, "publishing", G_TYPE_BOOLEAN, self->peer != NULL,
      "peer", G_TYPE_STRING, self->peer, NULL);
  GST_OBJECT_UNLOCK (self);
  return stats;
}

static void
gst_arcly_rtmp_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyRtmpSrc *self = GST_ARCLY_RTMP_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_TIMEOUT:
      self->timeout = g_value_get_uint64 (value);
      break;
    case PROP_ON_UNPUBLISH:
      self->on_unpublish = g_value_get_enum (value);
      break;
    case PROP_RECONNECT_WINDOW:
      self->reconnect_window = g_value_get_uint64 (value);
      break;
    case PROP_TAKE_OVER:
      self->take_over = g_value_get_enum (value);
      break;
    default:
      if (!gst_arcly_rtmp_port_set (&self->port, id - PROP_PORT, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_rtmp_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyRtmpSrc *self = GST_ARCLY_RTMP_SRC (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_TIMEOUT:
      g_value_set_uint64 (value, self->timeout);
      break;
    case PROP_ON_UNPUBLISH:
      g_value_set_enum (value, self->on_unpublish);
      break;
    case PROP_RECONNECT_WINDOW:
      g_value_set_uint64 (value, self->reconnect_window);
      break;
    case PROP_TAKE_OVER:
      g_value_set_enum (value, self->take_over);
      break;
    default:
      if (!gst_arcly_rtmp_port_get (&self->port, id - PROP_PORT, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_rtmp_src_finalize (GObject *object)
{
  GstArclyRtmpSrc *self = GST_ARCLY_RTMP_SRC (object);

  gst_object_unref (self->task);
  g_rec_mutex_clear (&self->task_lock);
  gst_arcly_rtmp_queue_free (self->queue);
  gst_flow_combiner_unref (self->combiner);
  g_free (self->stream_id);
  gst_arcly_rtmp_port_clear (&self->port);
  G_OBJECT_CLASS (gst_arcly_rtmp_src_parent_class)->finalize (object);
}

static void
gst_arcly_rtmp_src_init (GstArclyRtmpSrc *self)
{
  self->timeout = DEFAULT_TIMEOUT;
  self->on_unpublish = DEFAULT_ON_UNPUBLISH;
  self->take_over = DEFAULT_TAKE_OVER;
  gst_arcly_rtmp_port_init (&self->port);
  self->queue = gst_arcly_rtmp_queue_new (QUEUE_BYTES, QUEUE_MS);
  self->combiner = gst_flow_combiner_new ();
  g_rec_mutex_init (&self->task_lock);
  self->task = gst_task_new (gst_arcly_rtmp_src_loop, self, NULL);
  gst_task_set_lock (self->task, &self->task_lock);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * GstArclyRtmpSrc:timeout:
   *
   * A publisher that sends no audio and no video for this long is closed, in
   * nanoseconds; 0 waits for ever. It is told why, and its place is free. The
   * time that this element holds it back, because downstream is slow or below
   * PLAYING, does not count.
   *
   * A new connection has 10 s to begin to publish, or this time if it is
   * shorter. Before that nobody knows which stream it wants, so where several
   * elements share a port the shortest of their timeouts counts for all.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] = g_param_spec_uint64 ("timeout", "Timeout",
      "Close a publisher that sends no media for so long (ns, 0 = never)", 0,
      G_MAXINT64, DEFAULT_TIMEOUT,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyRtmpSrc:on-unpublish:
   *
   * What happens when the publisher leaves or its connection breaks.
   *
   * Since: 0.1
   */
  properties[PROP_ON_UNPUBLISH] = g_param_spec_enum ("on-unpublish",
      "On unpublish", "What to do when the publisher leaves",
      GST_TYPE_ARCLY_RTMP_ON_UNPUBLISH, DEFAULT_ON_UNPUBLISH,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSrc:reconnect-window:
   *
   * How long the stream outlives its publisher where
   * #GstArclyRtmpSrc:on-unpublish is `eos`, in nanoseconds. Whoever publishes
   * meanwhile goes on on the same pads; else the EOS comes when it is over. 0:
   * the EOS comes at once.
   *
   * Since: 0.1
   */
  properties[PROP_RECONNECT_WINDOW] = g_param_spec_uint64 ("reconnect-window",
      "Reconnect window",
      "How long to wait with the EOS for a publisher to come back (ns)", 0,
      G_MAXINT64, DEFAULT_RECONNECT_WINDOW,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSrc:take-over:
   *
   * Whether a second publisher takes the stream over from the first, whose
   * connection may be half dead. The first is told, and closed; the pads stay.
   * With `authorized` both must have been permitted by the engine's
   * authenticator; without one the second is refused, as with `never`. Up to
   * READY.
   *
   * Since: 0.1
   */
  properties[PROP_TAKE_OVER] = g_param_spec_enum ("take-over", "Take over",
      "Whether a second publisher takes over from the first",
      GST_TYPE_ARCLY_RTMP_TAKE_OVER, DEFAULT_TAKE_OVER,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyRtmpSrc:stats:
   *
   * Counters since the element began to listen: `port`, `publishing`, `peer`
   * (of the present publisher), `publishers` and `refused` (how many there
   * were), `messages` and `bytes` (of media, received), `video-frames` and
   * `audio-frames` (pushed), `dropped` (video before the first keyframe, and
   * frames without a sequence header), `ignored` (broken or unsupported),
   * `discontinuities` (jumps of a publisher's clock), `queued-bytes` and
   * `queued-time` (received, not yet pushed; bytes and ns).
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Stats",
      "Counters since the element began to listen", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  gst_arcly_rtmp_port_install (object_class, PROP_PORT);
}

static void
gst_arcly_rtmp_src_class_init (GstArclyRtmpSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_rtmp_src_set_property;
  object_class->get_property = gst_arcly_rtmp_src_get_property;
  object_class->finalize = gst_arcly_rtmp_src_finalize;
  element_class->change_state = gst_arcly_rtmp_src_change_state;
  element_class->send_event = gst_arcly_rtmp_src_send_event;

  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Arcly RTMP source",
      "Source/Network", "Receives a stream that is published over RTMP",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_RTMP_ON_UNPUBLISH, 0);
}
