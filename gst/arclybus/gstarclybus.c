/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-arclybus
 * @title: arclybus
 *
 * Hands each buffer, by reference, to every subscriber. A late subscriber first
 * gets the cached GOP and can decode at once. A slow one is resynchronised at a
 * keyframe or evicted; it never delays the publisher or its neighbours.
 *
 * The pad `sink_0` is track 0 of the stream, `src_3_0` is track 0 for
 * subscriber 3. All pads may be requested and released at any time. No `queue`
 * is needed behind the bus, nor in front of it.
 *
 * The publisher never waits. A file that is read faster than its subscribers
 * take it runs away from them, up to their bounds; put `identity sync=true`
 * before the bus to read it in real time.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! x264enc tune=zerolatency ! \
 *     arclybus name=b b.src_0_0 ! fakesink silent=false b.src_1_0 ! fakesink
 * ]|
 * Both subscribers get 100 frames; the second costs no copy. With -v the first
 * prints them.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

GST_DEBUG_CATEGORY (gst_arcly_bus_debug);
#define GST_CAT_DEFAULT gst_arcly_bus_debug

#define DEFAULT_GOP_CACHE_BUFFERS 0
#define DEFAULT_GOP_CACHE_BYTES (64 * 1024 * 1024)
#define DEFAULT_GOP_CACHE_TIME (10 * GST_SECOND)
#define DEFAULT_MIN_KEY_INTERVAL (500 * GST_MSECOND)

enum {
  PROP_0,
  PROP_STREAM,
  PROP_GOP_CACHE_BUFFERS,
  PROP_GOP_CACHE_BYTES,
  PROP_GOP_CACHE_TIME,
  PROP_MIN_KEY_INTERVAL,
  PROP_MAX_SUBSCRIBERS,
  PROP_IDLE_TIMEOUT,
  PROP_RECONNECT_WINDOW,
  PROP_STATS_INTERVAL,
  PROP_STATS,
  N_PROPERTIES
};

enum {
  SIGNAL_SUBSCRIBER_LAGGED,
  SIGNAL_SUBSCRIBER_EVICTED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

/* src_%u_%u is subscriber, then track. */
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src_%u_%u", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyBus, gst_arcly_bus, GST_TYPE_ELEMENT,
                               G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY,
                                   gst_arcly_bus_child_proxy_init);
                               GST_DEBUG_CATEGORY_INIT (gst_arcly_bus_debug,
                                   "arclybus", 0, "fan-out of a stream"));
GST_ELEMENT_REGISTER_DEFINE (
    arclybus, "arclybus", GST_RANK_NONE, GST_TYPE_ARCLY_BUS);

GType
gst_arcly_lag_policy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_LAG_POLICY_RESYNC, "Go on at the newest keyframe", "resync" },
    { GST_ARCLY_LAG_POLICY_EVICT, "End with EOS", "evict" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyLagPolicy", values));
  return type;
}

GType
gst_arcly_replay_mode_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_REPLAY_MODE_AS_IS, "From the newest keyframe, all to be shown",
        "as-is" },
    { GST_ARCLY_REPLAY_MODE_DECODE_ONLY,
        "From the newest keyframe, what is old is decoded and not shown",
        "decode-only" },
    { GST_ARCLY_REPLAY_MODE_NONE, "From the next keyframe", "none" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyReplayMode", values));
  return type;
}

void
gst_arcly_bus_emit_lagged (GstArclyBus *bus, gboolean evict, guint subscriber,
    const GstStructure *details)
{
  g_signal_emit (bus,
      signals[evict ? SIGNAL_SUBSCRIBER_EVICTED : SIGNAL_SUBSCRIBER_LAGGED], 0,
      subscriber, details);
}

/* States */

static gboolean
detach_pad (GstElement *element, GstPad *pad, gpointer dispatcher)
{
  gst_arcly_dispatcher_detach (
      dispatcher, gst_arcly_bus_pad_get_subscription (GST_ARCLY_BUS_PAD (pad)));
  return TRUE;
}

static void
close_engine (GstArclyBus *bus)
{
  GstArclyDispatcher *dispatcher = NULL;
  g_autoptr (GstArclyEngine) engine = NULL;

  gst_arcly_bus_unregister (bus);
  GST_OBJECT_LOCK (bus);
  dispatcher = g_steal_pointer (&bus->dispatcher);
  engine = g_steal_pointer (&bus->engine);
  GST_OBJECT_UNLOCK (bus);
  if (dispatcher == NULL)
    return;
  /* A pad that is just being released may not have got so far. */
  gst_element_foreach_src_pad (GST_ELEMENT (bus), detach_pad, dispatcher);
  gst_arcly_engine_release (engine, G_OBJECT (dispatcher));
}

static gboolean
open_engine (GstArclyBus *bus)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstArclyEngine) engine =
      gst_arcly_engine_ensure (GST_ELEMENT (bus));
  GstArclyDispatcher *dispatcher =
      gst_arcly_dispatcher_acquire (engine, &error);

  if (dispatcher == NULL) {
    GST_ELEMENT_ERROR (bus, RESOURCE, FAILED, ("%s", error->message), (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (bus);
  bus->engine = g_steal_pointer (&engine);
  bus->dispatcher = dispatcher;
  GST_OBJECT_UNLOCK (bus);

  if (!gst_arcly_bus_register (bus, &error)) {
    GST_ELEMENT_ERROR (bus, RESOURCE, BUSY,
        ("The name of the stream is in use."), ("%s", error->message));
    return FALSE;
  }
  return TRUE;
}

static gboolean
reset_sink (GstElement *element, GstPad *pad, gpointer user_data)
{
  GST_PAD_STREAM_LOCK (pad);
  gst_arcly_bus_reset_sink (pad);
  GST_PAD_STREAM_UNLOCK (pad);
  return TRUE;
}

/* The pads are not active any more. */
static void
reset (GstArclyBus *bus)
{
  gst_element_foreach_sink_pad (GST_ELEMENT (bus), reset_sink, NULL);
  g_mutex_lock (&bus->hand_over.lock);
  bus->hand_over.session = 0;
  bus->hand_over.placed = TRUE;
  bus->hand_over.offset = 0;
  g_mutex_unlock (&bus->hand_over.lock);
  atomic_store (&bus->idle, FALSE);
  gst_arcly_stream_reset (bus->stream);
}

static void
set_playing (GstArclyBus *bus, gboolean playing)
{
  GST_OBJECT_LOCK (bus);
  bus->playing = playing;
  GST_OBJECT_UNLOCK (bus);
  gst_arcly_bus_update_idle (bus);
  gst_arcly_bus_update_qos (bus);
}

static GstStateChangeReturn
gst_arcly_bus_change_state (GstElement *element, GstStateChange transition)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  GstStateChangeReturn ret = GST_STATE_CHANGE_SUCCESS;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_engine (bus)) {
    close_engine (bus);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    gst_arcly_bus_begin_activation (bus, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_arcly_bus_begin_activation (bus, FALSE);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (bus, FALSE);

  ret = GST_ELEMENT_CLASS (gst_arcly_bus_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED ||
      transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_arcly_bus_end_activation (bus);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    set_playing (bus, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    reset (bus);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    close_engine (bus);
  return ret;
}

/* Properties */

static void
gst_arcly_bus_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyBus *bus = GST_ARCLY_BUS (object);
  GstArclyCacheLimits cache;

  GST_OBJECT_LOCK (bus);
  switch (id) {
    case PROP_STREAM:
      g_free (bus->stream_name);
      bus->stream_name = g_value_dup_string (value);
      break;
    case PROP_GOP_CACHE_BUFFERS:
      bus->cache.buffers = g_value_get_uint64 (value);
      break;
    case PROP_GOP_CACHE_BYTES:
      bus->cache.bytes = g_value_get_uint64 (value);
      break;
    case PROP_GOP_CACHE_TIME:
      bus->cache.time = g_value_get_uint64 (value);
      break;
    case PROP_MIN_KEY_INTERVAL:
      bus->min_key_interval = g_value_get_uint64 (value);
      break;
    case PROP_MAX_SUBSCRIBERS:
      bus->max_subscribers = g_value_get_uint (value);
      break;
    case PROP_IDLE_TIMEOUT:
      bus->idle_timeout = g_value_get_uint64 (value);
      break;
    case PROP_RECONNECT_WINDOW:
      bus->reconnect_window = g_value_get_uint64 (value);
      break;
    case PROP_STATS_INTERVAL:
      bus->stats_interval = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  cache = bus->cache;
  GST_OBJECT_UNLOCK (bus);
  gst_arcly_stream_set_cache (bus->stream, &cache);
  if (id == PROP_IDLE_TIMEOUT)
    gst_arcly_bus_update_idle (bus);
  if (id == PROP_STATS_INTERVAL)
    gst_arcly_bus_update_qos (bus);
}

static void
gst_arcly_bus_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyBus *bus = GST_ARCLY_BUS (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, gst_arcly_bus_get_stats (bus));
    return;
  }
  GST_OBJECT_LOCK (bus);
  switch (id) {
    case PROP_STREAM:
      g_value_set_string (value, bus->stream_name);
      break;
    case PROP_GOP_CACHE_BUFFERS:
      g_value_set_uint64 (value, bus->cache.buffers);
      break;
    case PROP_GOP_CACHE_BYTES:
      g_value_set_uint64 (value, bus->cache.bytes);
      break;
    case PROP_GOP_CACHE_TIME:
      g_value_set_uint64 (value, bus->cache.time);
      break;
    case PROP_MIN_KEY_INTERVAL:
      g_value_set_uint64 (value, bus->min_key_interval);
      break;
    case PROP_MAX_SUBSCRIBERS:
      g_value_set_uint (value, bus->max_subscribers);
      break;
    case PROP_IDLE_TIMEOUT:
      g_value_set_uint64 (value, bus->idle_timeout);
      break;
    case PROP_RECONNECT_WINDOW:
      g_value_set_uint64 (value, bus->reconnect_window);
      break;
    case PROP_STATS_INTERVAL:
      g_value_set_uint64 (value, bus->stats_interval);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (bus);
}

static void
gst_arcly_bus_finalize (GObject *object)
{
  GstArclyBus *bus = GST_ARCLY_BUS (object);

  g_hash_table_unref (bus->subscribers);
  g_free (bus->stream_name);
  g_object_unref (bus->stream);
  g_queue_clear_full (&bus->unsettled, gst_object_unref);
  g_cond_clear (&bus->settled);
  g_mutex_clear (&bus->hand_over.lock);
  G_OBJECT_CLASS (gst_arcly_bus_parent_class)->finalize (object);
}

static void
gst_arcly_bus_init (GstArclyBus *bus)
{
  g_queue_init (&bus->unsettled);
  g_cond_init (&bus->settled);
  g_mutex_init (&bus->hand_over.lock);
  bus->hand_over.placed = TRUE;
  bus->stream = gst_arcly_stream_new ();
  gst_arcly_stream_set_element (bus->stream, GST_ELEMENT (bus));
  bus->subscribers = gst_arcly_bus_subscribers_new ();
  bus->cache.buffers = DEFAULT_GOP_CACHE_BUFFERS;
  bus->cache.bytes = DEFAULT_GOP_CACHE_BYTES;
  bus->cache.time = DEFAULT_GOP_CACHE_TIME;
  bus->min_key_interval = DEFAULT_MIN_KEY_INTERVAL;
  bus->last_latency = GST_CLOCK_TIME_NONE;
  gst_arcly_stream_set_cache (bus->stream, &bus->cache);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstArclyBus:stream:
   *
   * The name under which other elements of the same engine find the stream,
   * "app/stream"; %NULL or empty is no name. A name that is in use is an
   * error on the way to READY, which is also when a change takes effect.
   *
   * Since: 0.1
   */
  properties[PROP_STREAM] = g_param_spec_string ("stream", "Stream",
      "Name of the stream in the engine, app/stream (NULL = none)", NULL,
      flags | GST_PARAM_MUTABLE_READY);

  flags |= GST_PARAM_MUTABLE_PLAYING;

  /**
   * GstArclyBus:gop-cache-buffers:
   *
   * Longest GOP, in buffers of all tracks, kept for late subscribers; 0 is no
   * bound. A longer GOP leaves the cache, and newcomers wait for the next
   * keyframe.
   *
   * Since: 0.1
   */
  properties[PROP_GOP_CACHE_BUFFERS] =
      g_param_spec_uint64 ("gop-cache-buffers", "GOP cache in buffers",
          "Longest GOP kept for replay (buffers, 0 = no bound)", 0, G_MAXUINT64,
          DEFAULT_GOP_CACHE_BUFFERS, flags);

  /**
   * GstArclyBus:gop-cache-bytes:
   *
   * Largest GOP, in bytes of all tracks, kept for late subscribers; 0 is no
   * bound. A larger GOP leaves the cache.
   *
   * Since: 0.1
   */
  properties[PROP_GOP_CACHE_BYTES] = g_param_spec_uint64 ("gop-cache-bytes",
      "GOP cache in bytes", "Largest GOP kept for replay (bytes, 0 = no bound)",
      0, G_MAXUINT64, DEFAULT_GOP_CACHE_BYTES, flags);

  /**
   * GstArclyBus:gop-cache-time:
   *
   * Longest GOP, in nanoseconds, kept for late subscribers; 0 keeps none. By
   * timestamps or by arrival, whichever is longer. A longer GOP leaves the
   * cache, and newcomers wait for the next keyframe.
   *
   * Since: 0.1
   */
  properties[PROP_GOP_CACHE_TIME] = g_param_spec_uint64 ("gop-cache-time",
      "GOP cache time", "Longest GOP kept for replay (ns, 0 = none)", 0,
      G_MAXUINT64, DEFAULT_GOP_CACHE_TIME, flags);

  /**
   * GstArclyBus:min-force-key-unit-interval:
   *
   * Shortest time, in nanoseconds, between two requests for a keyframe that
   * go upstream, whoever asks; 0 lets all pass. A request in between is
   * dropped: the keyframe under way serves it.
   *
   * Since: 0.1
   */
  properties[PROP_MIN_KEY_INTERVAL] = g_param_spec_uint64 (
      "min-force-key-unit-interval", "Keyframe request interval",
      "Shortest time between keyframe requests upstream (ns, 0 = any)", 0,
      G_MAXUINT64, DEFAULT_MIN_KEY_INTERVAL, flags);

  /**
   * GstArclyBus:max-subscribers:
   *
   * How many subscribers there may be; 0 is any number. A source pad of one
   * more cannot be requested. Those that are there stay.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_SUBSCRIBERS] = g_param_spec_uint ("max-subscribers",
      "Max subscribers", "How many subscribers there may be (0 = any number)",
      0, G_MAXUINT, 0, flags);

  /**
   * GstArclyBus:idle-timeout:
   *
   * How long, in nanoseconds, a publisher that has begun may give nothing
   * while the element plays; 0 lets it. Then the element message
   * `arcly-stream-idle` is posted, with `stream`, `idle-timeout` (ns) and
   * `buffers` so far, and the name #GstArclyBus:stream is free for another
   * publisher. It comes up to a quarter of the time late. The subscribers stay.
   * If the publisher goes on, it takes its name back if that is still free,
   * and `arcly-stream-active` is posted.
   *
   * Since: 0.1
   */
  properties[PROP_IDLE_TIMEOUT] =
      g_param_spec_uint64 ("idle-timeout", "Idle timeout",
          "How long the publisher may give nothing (ns, 0 = for ever)", 0,
          G_MAXINT64, 0, flags);

  /**
   * GstArclyBus:reconnect-window:
   *
   * How long, in nanoseconds, the stream outlives its publisher; 0 is not at
   * all. EOS on a sink pad, or that the pad is unlinked, reaches the
   * subscribers only when this is over. A publisher that begins on the pad
   * before goes on with the stream: see the page on the bus.
   *
   * Since: 0.1
   */
  properties[PROP_RECONNECT_WINDOW] =
      g_param_spec_uint64 ("reconnect-window", "Reconnect window",
          "How long the stream outlives its publisher (ns, 0 = not at all)", 0,
          G_MAXINT64, 0, flags);

  /**
   * GstArclyBus:stats-interval:
   *
   * How often, in nanoseconds, the element message `arcly-qos` is posted while
   * the element plays; 0 is never. It has the fields of #GstArclyBus:stats;
   * its delays are those of the time since the message before.
   *
   * Since: 0.1
   */
  properties[PROP_STATS_INTERVAL] = g_param_spec_uint64 ("stats-interval",
      "Statistics interval", "How often arcly-qos is posted (ns, 0 = never)", 0,
      G_MAXINT64, 0, flags);

  /**
   * GstArclyBus:stats:
   *
   * What the stream carried since it began, #guint64: `buffers`, `bytes`. What
   * it carries now, by the monotonic clock over the last 5 s: `bit-rate` (bits
   * a second, all tracks, #guint64), `fps` (#gdouble) and `keyframe-interval`
   * (ns, the last one, #guint64) of the first video track. What a newcomer
   * would replay at most: `cached-buffers`, `cached-bytes`, `cached-time` (ns).
   *
   * #guint `tracks` and `subscribers`. Of the subscriber that is furthest
   * behind: `lag-buffers`, `lag-bytes`, `lag-time` (ns), #guint64. Of all that
   * there ever were: `skipped` buffers, `resyncs`, `evictions`, and how long a
   * buffer was here before it was pushed, `delay-p50` and `delay-p99` (ns, up
   * to half too much; replays do not count), #guint64.
   *
   * `key-requests` that went upstream, `hand-overs` from one publisher to the
   * next, `refused-buffers` of a new one before its first keyframe, #guint64;
   * #gboolean `idle`. Of the engine's workers: #guint `worker-places`, how many
   * serve at a time at most, `workers` that there are, `stuck-workers` that a
   * blocked subscriber holds, and #guint64 `worker-wakeups`.
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "What the stream carried and who takes it", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_arcly_bus_class_init (GstArclyBusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_bus_set_property;
  object_class->get_property = gst_arcly_bus_get_property;
  object_class->finalize = gst_arcly_bus_finalize;
  install_properties (object_class);

  /**
   * GstArclyBus::subscriber-lagged:
   * @bus: the bus
   * @subscriber: its number, the first one in the name of its pads
   * @details: `subscriber` (#guint), `lag-buffers`, `lag-bytes`, `lag-time` in
   *     nanoseconds (#guint64), `reason`
   *
   * The subscriber was past its bounds and goes on at a keyframe. Emitted by a
   * worker of the engine, with no lock held; an element message of the same
   * name and with the same fields is posted as well.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SUBSCRIBER_LAGGED] = g_signal_new ("subscriber-lagged",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_UINT, GST_TYPE_STRUCTURE);

  /**
   * GstArclyBus::subscriber-evicted:
   * @bus: the bus
   * @subscriber: its number, the first one in the name of its pads
   * @details: as with #GstArclyBus::subscriber-lagged
   *
   * The subscriber was past its bounds and gets EOS. Emitted by a worker of
   * the engine, with no lock held; an element message of the same name and
   * with the same fields is posted as well.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SUBSCRIBER_EVICTED] = g_signal_new ("subscriber-evicted",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_UINT, GST_TYPE_STRUCTURE);

  element_class->change_state = gst_arcly_bus_change_state;
  element_class->send_event = gst_arcly_bus_send_event;
  element_class->request_new_pad = gst_arcly_bus_request_new_pad;
  element_class->release_pad = gst_arcly_bus_release_pad;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &src_template, GST_TYPE_ARCLY_BUS_PAD);
  gst_element_class_set_static_metadata (element_class, "Arcly bus", "Generic",
      "Hands a stream to many subscribers", "The gst-arcly authors");

  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_LAG_POLICY, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_REPLAY_MODE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_BUS_PAD, 0);
}
