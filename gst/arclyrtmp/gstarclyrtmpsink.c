/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-arclyrtmpsink
 * @title: arclyrtmpsink
 *
 * An RTMP server for the players of one stream, thousands of them: H.264, AAC
 * and MP3 as encoders and demuxers give them go to whoever plays
 * #GstArclyRtmpSink:location (ffplay, VLC, `rtmp2src ! flvdemux`). Several of
 * these elements, and of arclyrtmpsrc for publishers, share one address and
 * port, each with a stream of its own; who asks for a stream that no element
 * has is refused with a status.
 *
 * A player begins at the newest keyframe that was published, at once. Each
 * message is encoded once and sent to all from the same memory. A player that
 * is too slow never delays the pipeline or another player: it goes on at a
 * newer keyframe or is closed, as #GstArclyRtmpSink:lag-policy says, and a
 * message names it. A player may come before the stream does, and waits.
 *
 * Players that announce enhanced RTMP when they connect also get H.265, AV1,
 * VP9, VP8, Opus, FLAC, AC-3 and E-AC-3, and tracks beyond `video_0` and
 * `audio_0`. Others get what is left of the stream and are told so, or only
 * told if nothing is. Tags, and events of the name `arcly-rtmp-data` as
 * arclyrtmpsrc makes them, reach the players, too.
 *
 * The element does not wait for the clock: what is not live needs an
 * `identity sync=true` before it. At EOS players get what is left and are told
 * of the end; EOS is posted once they have read it, or after two seconds.
 *
 * ## Messages
 *
 * Element messages, from threads of the server, each with `name`
 * ("app/stream") and `peer` ("address:port"): `arcly-play-start`;
 * `arcly-play-end` with `reason` and `error` (%TRUE if the player did not leave
 * in order); `arcly-player-lagged` (it was resynchronised) and
 * `arcly-player-evicted`, both with `lag-time` (ns), `lag-bytes` and
 * `send-buffer` (how many of these the system held).
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency ! \
 *     arclyrtmpsink location=rtmp://127.0.0.1:1935/live/cam
 * ]|
 * Play with `ffplay rtmp://127.0.0.1:1935/live/cam`.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstarclyrtmpsinkpriv.h"

GST_DEBUG_CATEGORY (gst_arcly_rtmp_sink_debug);
#define GST_CAT_DEFAULT gst_arcly_rtmp_sink_debug

#define DEFAULT_MAX_CLIENTS 10000
#define DEFAULT_MAX_LAG_TIME (10 * GST_SECOND)
#define DEFAULT_MAX_LAG_BYTES (64 * 1024 * 1024)
#define DEFAULT_LAG_POLICY GST_ARCLY_RTMP_LAG_RESYNC
#define DEFAULT_REPLAY_MODE GST_ARCLY_RTMP_REPLAY_AS_IS
#define DEFAULT_WAIT_TIMEOUT (10 * GST_SECOND)
#define DEFAULT_SEND_INTERVAL 0

enum {
  PROP_0,
  PROP_MAX_CLIENTS,
  PROP_MAX_LAG_TIME,
  PROP_MAX_LAG_BYTES,
  PROP_LAG_POLICY,
  PROP_REPLAY_MODE,
  PROP_WAIT_TIMEOUT,
  PROP_SEND_INTERVAL,
  PROP_STATS,
  PROP_NUM_CLIENTS,
  N_PROPERTIES,
  PROP_PORT = N_PROPERTIES /* the first of gstarclyrtmpport.h */
};

static GParamSpec *properties[N_PROPERTIES];

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (GST_ARCLY_RTMP_VIDEO_CAPS));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (GST_ARCLY_RTMP_AUDIO_CAPS));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyRtmpSink, gst_arcly_rtmp_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_rtmp_sink_debug, "arclyrtmpsink", 0, "RTMP play side"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyrtmpsink, "arclyrtmpsink", GST_RANK_NONE, GST_TYPE_ARCLY_RTMP_SINK);

GType
gst_arcly_rtmp_lag_policy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_LAG_RESYNC, "Go on at the newest keyframe", "resync" },
    { GST_ARCLY_RTMP_LAG_EVICT, "Close, with a status", "evict" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpLagPolicy", values));
  return type;
}

GType
gst_arcly_rtmp_replay_mode_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_RTMP_REPLAY_AS_IS, "From the newest keyframe on", "as-is" },
    { GST_ARCLY_RTMP_REPLAY_NONE, "Wait for the next keyframe", "none" },
    { GST_ARCLY_RTMP_REPLAY_DECODE_ONLY,
        "From the newest keyframe on, what is past marked as not to be shown",
        "decode-only" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyRtmpReplayMode", values));
  return type;
}

/* States */

static GstStateChangeReturn
gst_arcly_rtmp_sink_change_state (
    GstElement *element, GstStateChange transition)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
      !gst_arcly_rtmp_sink_listen (self))
    return GST_STATE_CHANGE_FAILURE;

  ret = GST_ELEMENT_CLASS (gst_arcly_rtmp_sink_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    gst_arcly_rtmp_sink_unlisten (self);
  return ret;
}

/* Properties */

static void
get_feed_stats (GstArclyRtmpSink *self, GstArclyRtmpFeedStats *stats)
{
  *stats = (GstArclyRtmpFeedStats){ 0 };
  g_mutex_lock (&self->lock);
  if (self->feed)
    gst_arcly_rtmp_feed_get_stats (self->feed, stats);
  g_mutex_unlock (&self->lock);
}

static GstStructure *
get_stats (GstArclyRtmpSink *self)
{
  GstArclyRtmpFeedStats stats;

  get_feed_stats (self, &stats);
  return gst_structure_new ("application/x-arcly-rtmp-sink-stats", "port",
      G_TYPE_UINT, atomic_load (&self->port.number), "clients", G_TYPE_UINT64,
      stats.clients, "players", G_TYPE_UINT64, stats.players, "refused",
      G_TYPE_UINT64, stats.refused, "resyncs", G_TYPE_UINT64, stats.resyncs,
      "evicted", G_TYPE_UINT64, stats.evicted, "messages", G_TYPE_UINT64,
      stats.messages, "bytes-encoded", G_TYPE_UINT64, stats.bytes_in,
      "bytes-sent", G_TYPE_UINT64, stats.bytes_out, "sends", G_TYPE_UINT64,
      stats.sends, NULL);
}

/* Object lock. FALSE: no such setting. */
static gboolean
set_setting (GstArclyRtmpFeedSettings *settings, guint id, const GValue *value)
{
  switch (id) {
    case PROP_MAX_CLIENTS:
      settings->max_clients = g_value_get_uint (value);
      return TRUE;
    case PROP_MAX_LAG_TIME:
      settings->max_lag_time = g_value_get_uint64 (value);
      return TRUE;
    case PROP_MAX_LAG_BYTES:
      settings->max_lag_bytes = g_value_get_uint64 (value);
      return TRUE;
    case PROP_LAG_POLICY:
      settings->evict = g_value_get_enum (value) == GST_ARCLY_RTMP_LAG_EVICT;
      return TRUE;
    case PROP_REPLAY_MODE:
      settings->replay = g_value_get_enum (value) != GST_ARCLY_RTMP_REPLAY_NONE;
      settings->decode_only =
          g_value_get_enum (value) == GST_ARCLY_RTMP_REPLAY_DECODE_ONLY;
      return TRUE;
    case PROP_WAIT_TIMEOUT:
      settings->wait_timeout = g_value_get_uint64 (value);
      return TRUE;
    case PROP_SEND_INTERVAL:
      settings->send_interval = g_value_get_uint64 (value);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
gst_arcly_rtmp_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (object);
  gboolean known = TRUE;

  g_mutex_lock (&self->lock);
  GST_OBJECT_LOCK (self);
  if (id >= PROP_PORT) {
    known = gst_arcly_rtmp_port_set (&self->port, id - PROP_PORT, value);
  } else {
    known = set_setting (&self->settings, id, value);
    if (known && self->feed)
      gst_arcly_rtmp_feed_set_settings (self->feed, &self->settings);
  }
  GST_OBJECT_UNLOCK (self);
  g_mutex_unlock (&self->lock);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_arcly_rtmp_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (object);
  const GstArclyRtmpFeedSettings *settings = &self->settings;
  GstArclyRtmpFeedStats stats = { 0 };

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  if (id == PROP_NUM_CLIENTS)
    get_feed_stats (self, &stats);
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MAX_CLIENTS:
      g_value_set_uint (value, settings->max_clients);
      break;
    case PROP_MAX_LAG_TIME:
      g_value_set_uint64 (value, settings->max_lag_time);
      break;
    case PROP_MAX_LAG_BYTES:
      g_value_set_uint64 (value, settings->max_lag_bytes);
      break;
    case PROP_LAG_POLICY:
      g_value_set_enum (value, settings->evict ? GST_ARCLY_RTMP_LAG_EVICT
                                               : GST_ARCLY_RTMP_LAG_RESYNC);
      break;
    case PROP_REPLAY_MODE:
      g_value_set_enum (value, settings->decode_only
                                   ? GST_ARCLY_RTMP_REPLAY_DECODE_ONLY
                               : settings->replay ? GST_ARCLY_RTMP_REPLAY_AS_IS
                                                  : GST_ARCLY_RTMP_REPLAY_NONE);
      break;
    case PROP_WAIT_TIMEOUT:
      g_value_set_uint64 (value, settings->wait_timeout);
      break;
    case PROP_SEND_INTERVAL:
      g_value_set_uint64 (value, settings->send_interval);
      break;
    case PROP_NUM_CLIENTS:
      g_value_set_uint (value, MIN (stats.clients, G_MAXUINT));
      break;
    default:
      if (!gst_arcly_rtmp_port_get (&self->port, id - PROP_PORT, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_rtmp_sink_finalize (GObject *object)
{
  GstArclyRtmpSink *self = GST_ARCLY_RTMP_SINK (object);
  guint i;

  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    gst_arcly_rtmp_sink_reset_track (&self->tracks[i]);
  g_clear_pointer (&self->description, g_bytes_unref);
  g_mutex_clear (&self->lock);
  gst_arcly_rtmp_port_clear (&self->port);
  G_OBJECT_CLASS (gst_arcly_rtmp_sink_parent_class)->finalize (object);
}

static void
gst_arcly_rtmp_sink_init (GstArclyRtmpSink *self)
{
  guint i;

  g_mutex_init (&self->lock);
  gst_arcly_rtmp_port_init (&self->port);
  for (i = 0; i < GST_ARCLY_RTMP_N_TRACKS; i++)
    gst_segment_init (&self->tracks[i].segment, GST_FORMAT_UNDEFINED);
  self->settings = (GstArclyRtmpFeedSettings){
    .max_clients = DEFAULT_MAX_CLIENTS,
    .max_lag_time = DEFAULT_MAX_LAG_TIME,
    .max_lag_bytes = DEFAULT_MAX_LAG_BYTES,
    .evict = DEFAULT_LAG_POLICY == GST_ARCLY_RTMP_LAG_EVICT,
    .replay = DEFAULT_REPLAY_MODE == GST_ARCLY_RTMP_REPLAY_AS_IS,
    .wait_timeout = DEFAULT_WAIT_TIMEOUT,
    .send_interval = DEFAULT_SEND_INTERVAL,
  };
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

static void
install_client_properties (void)
{
  /**
   * GstArclyRtmpSink:max-clients:
   *
   * Most players at a time, those who wait for the stream among them; 0 is no
   * bound. One more is refused, with the reason.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_CLIENTS] = g_param_spec_uint ("max-clients",
      "Max clients", "Most players at a time (0 = no bound)", 0, G_MAXUINT,
      DEFAULT_MAX_CLIENTS,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSink:wait-timeout:
   *
   * How long a player may wait for the stream to begin, in nanoseconds; 0 is
   * for ever. Then it is told that there is no such stream, and closed.
   *
   * Since: 0.1
   */
  properties[PROP_WAIT_TIMEOUT] = g_param_spec_uint64 ("wait-timeout",
      "Wait timeout",
      "How long a player waits for the stream to begin (ns, 0 = for ever)", 0,
      G_MAXINT64, DEFAULT_WAIT_TIMEOUT,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
}

static void
install_sending_properties (void)
{
  /**
   * GstArclyRtmpSink:max-lag-time:
   *
   * How long ago, in nanoseconds, the pipeline may have given what a player
   * that takes no more is to get next; 0 is no bound. What it was given of the
   * past when it came does not count.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_TIME] = g_param_spec_uint64 ("max-lag-time",
      "Max lag in time", "How far a player may be behind (ns, 0 = no bound)", 0,
      G_MAXUINT64, DEFAULT_MAX_LAG_TIME,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSink:max-lag-bytes:
   *
   * How many bytes a player may be behind, those that the system holds for it
   * among them; 0 is no bound. A player that is behind keeps nothing of its
   * own, but the stream's buffers live for as long as one needs them.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_BYTES] = g_param_spec_uint64 ("max-lag-bytes",
      "Max lag in bytes", "Bytes a player may be behind (0 = no bound)", 0,
      G_MAXUINT64, DEFAULT_MAX_LAG_BYTES,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSink:lag-policy:
   *
   * What happens to a player past its bounds.
   *
   * Since: 0.1
   */
  properties[PROP_LAG_POLICY] = g_param_spec_enum ("lag-policy", "Lag policy",
      "What happens to a player past its bounds",
      GST_TYPE_ARCLY_RTMP_LAG_POLICY, DEFAULT_LAG_POLICY,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSink:replay-mode:
   *
   * What a new player gets of what was published before it came, and one that
   * was resynchronised of what it missed since a keyframe. `decode-only` puts
   * the pictures of the past between the commands of FLV that start and end a
   * seek of the client, and leaves the sound of the past out: who knows them
   * (ffmpeg and rtmp2src do not, and show all) is at once as live as the
   * stream.
   *
   * Since: 0.1
   */
  properties[PROP_REPLAY_MODE] = g_param_spec_enum ("replay-mode",
      "Replay mode", "What a new player gets of the past",
      GST_TYPE_ARCLY_RTMP_REPLAY_MODE, DEFAULT_REPLAY_MODE,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

  /**
   * GstArclyRtmpSink:send-interval:
   *
   * Least time between two sends to a player, in nanoseconds: what comes
   * meanwhile goes in one. Saves CPU time and adds as much latency. 0 sends
   * each video frame at once, and audio with the next one, at most 40 ms
   * later.
   *
   * Since: 0.1
   */
  properties[PROP_SEND_INTERVAL] = g_param_spec_uint64 ("send-interval",
      "Send interval",
      "Least time between two sends to a player (ns, 0 = each video frame)", 0,
      10 * GST_SECOND, DEFAULT_SEND_INTERVAL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
}

static void
install_stats_properties (void)
{
  /**
   * GstArclyRtmpSink:stats:
   *
   * Counters since the element began to listen: `port`, `clients` (now, those
   * who wait among them), `players` (who ever came), `refused`, `resyncs` and
   * `evicted` (of slow players), `messages` and `bytes-encoded` (once for
   * all), `bytes-sent` and `sends` (system calls that sent them).
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Stats",
      "Counters since the element began to listen", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyRtmpSink:num-clients:
   *
   * Players at the moment, those who wait for the stream among them.
   *
   * Since: 0.1
   */
  properties[PROP_NUM_CLIENTS] = g_param_spec_uint ("num-clients",
      "Number of clients", "Players at the moment", 0, G_MAXUINT, 0,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
gst_arcly_rtmp_sink_class_init (GstArclyRtmpSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_rtmp_sink_set_property;
  object_class->get_property = gst_arcly_rtmp_sink_get_property;
  object_class->finalize = gst_arcly_rtmp_sink_finalize;
  element_class->change_state = gst_arcly_rtmp_sink_change_state;
  element_class->request_new_pad = gst_arcly_rtmp_sink_request_pad;
  element_class->release_pad = gst_arcly_rtmp_sink_release_pad;

  install_client_properties ();
  install_sending_properties ();
  install_stats_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  gst_arcly_rtmp_port_install (object_class, PROP_PORT);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Arcly RTMP sink",
      "Sink/Network", "Serves a stream to players over RTMP",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_RTMP_LAG_POLICY, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_RTMP_REPLAY_MODE, 0);
}
