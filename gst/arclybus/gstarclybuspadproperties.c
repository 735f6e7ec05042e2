/* SPDX-License-Identifier: MIT
 *
 * What can be set and read of a source pad of arclybus. Most of it is the
 * subscriber's, whose group has a lock of its own. */
#include "config.h"

#include "gstarclybus.h"
#include "gstarclybuspad.h"

enum {
  PROP_0,
  PROP_MAX_LAG_BUFFERS,
  PROP_MAX_LAG_BYTES,
  PROP_MAX_LAG_TIME,
  PROP_LAG_POLICY,
  PROP_REPLAY_MODE,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static GstStructure *
get_stats (GstArclyBusPad *pad)
{
  GstArclySubscription *sub = gst_arcly_bus_pad_get_subscription (pad);
  GstArclyGroup *group = gst_arcly_bus_pad_get_group (pad);
  GstArclySubscriptionStats stats;
  guint64 delays[GST_ARCLY_HISTOGRAM_BUCKETS] = { 0 };

  gst_arcly_subscription_get_stats (sub, &stats);
  gst_arcly_subscription_sum_delays (sub, delays);
  return gst_structure_new ("application/x-arcly-subscriber-stats",
      "subscriber", G_TYPE_UINT, gst_arcly_bus_pad_get_subscriber (pad),
      "track", G_TYPE_UINT, gst_arcly_bus_pad_get_track (pad), "buffers",
      G_TYPE_UINT64, stats.buffers, "bytes", G_TYPE_UINT64, stats.bytes,
      "skipped", G_TYPE_UINT64, stats.skipped, "resyncs", G_TYPE_UINT64,
      gst_arcly_group_get_resyncs (group), "evicted", G_TYPE_BOOLEAN,
      gst_arcly_group_is_evicted (group), "lag-buffers", G_TYPE_UINT64,
      stats.lag.buffers, "lag-bytes", G_TYPE_UINT64, stats.lag.bytes,
      "lag-time", G_TYPE_UINT64, (guint64) stats.lag.time, "delay-p50",
      G_TYPE_UINT64, (guint64) gst_arcly_histogram_quantile (delays, 0.5),
      "delay-p99", G_TYPE_UINT64,
      (guint64) gst_arcly_histogram_quantile (delays, 0.99), NULL);
}

/* The kernel's names for what users choose; the numbers are the same. */
static const GstArclyReplay replays[] = {
  [GST_ARCLY_REPLAY_MODE_AS_IS] = GST_ARCLY_REPLAY_AS_IS,
  [GST_ARCLY_REPLAY_MODE_DECODE_ONLY] = GST_ARCLY_REPLAY_DECODE_ONLY,
  [GST_ARCLY_REPLAY_MODE_NONE] = GST_ARCLY_REPLAY_NONE,
};

static void
gst_arcly_bus_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyGroup *group =
      gst_arcly_bus_pad_get_group (GST_ARCLY_BUS_PAD (object));
  GstArclyLag bounds;
  gboolean evict = FALSE;

  gst_arcly_group_get_bounds (group, &bounds, &evict);
  switch (id) {
    case PROP_MAX_LAG_BUFFERS:
      bounds.buffers = g_value_get_uint64 (value);
      break;
    case PROP_MAX_LAG_BYTES:
      bounds.bytes = g_value_get_uint64 (value);
      break;
    case PROP_MAX_LAG_TIME:
      bounds.time = g_value_get_uint64 (value);
      break;
    case PROP_LAG_POLICY:
      evict = g_value_get_enum (value) == GST_ARCLY_LAG_POLICY_EVICT;
      break;
    case PROP_REPLAY_MODE:
      gst_arcly_group_set_replay (group, replays[g_value_get_enum (value)]);
      return;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      return;
  }
  gst_arcly_group_set_bounds (group, &bounds, evict);
}

static void
gst_arcly_bus_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyGroup *group =
      gst_arcly_bus_pad_get_group (GST_ARCLY_BUS_PAD (object));
  GstArclyLag bounds;
  gboolean evict = FALSE;

  gst_arcly_group_get_bounds (group, &bounds, &evict);
  switch (id) {
    case PROP_MAX_LAG_BUFFERS:
      g_value_set_uint64 (value, bounds.buffers);
      break;
    case PROP_MAX_LAG_BYTES:
      g_value_set_uint64 (value, bounds.bytes);
      break;
    case PROP_MAX_LAG_TIME:
      g_value_set_uint64 (value, bounds.time);
      break;
    case PROP_LAG_POLICY:
      g_value_set_enum (value,
          evict ? GST_ARCLY_LAG_POLICY_EVICT : GST_ARCLY_LAG_POLICY_RESYNC);
      break;
    case PROP_REPLAY_MODE:
      g_value_set_enum (value, (gint) gst_arcly_group_get_replay (group));
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (GST_ARCLY_BUS_PAD (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

void
gst_arcly_bus_pad_install_properties (GObjectClass *object_class)
{
  GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  object_class->set_property = gst_arcly_bus_pad_set_property;
  object_class->get_property = gst_arcly_bus_pad_get_property;

  /**
   * GstArclyBusPad:max-lag-buffers:
   *
   * How many buffers, of all tracks, the subscriber may be behind the
   * publisher; 0 is no bound. Past it, see #GstArclyBusPad:lag-policy. Takes
   * effect at once. The replay that a newcomer begins with is no lag.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_BUFFERS] =
      g_param_spec_uint64 ("max-lag-buffers", "Max lag in buffers",
          "Buffers this subscriber may be behind (0 = no bound)", 0,
          G_MAXUINT64, 0, flags);

  /**
   * GstArclyBusPad:max-lag-bytes:
   *
   * How many bytes, of all tracks, the subscriber may be behind; 0 is no
   * bound. This is also what a blocked subscriber keeps alive.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_BYTES] = g_param_spec_uint64 ("max-lag-bytes",
      "Max lag in bytes", "Bytes this subscriber may be behind (0 = no bound)",
      0, G_MAXUINT64, GST_ARCLY_BUS_DEFAULT_MAX_LAG_BYTES, flags);

  /**
   * GstArclyBusPad:max-lag-time:
   *
   * How long ago, in nanoseconds, the publisher may have given what the
   * subscriber takes now; 0 is no bound. Counted by arrival, not by
   * timestamps: a file that is read faster than it plays makes no lag.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_TIME] = g_param_spec_uint64 ("max-lag-time",
      "Max lag in time",
      "How far this subscriber may be behind, by arrival (ns, 0 = no bound)", 0,
      G_MAXUINT64, GST_ARCLY_BUS_DEFAULT_MAX_LAG_TIME, flags);

  /**
   * GstArclyBusPad:lag-policy:
   *
   * What happens to a subscriber past its bounds: `resync` goes on, with
   * DISCONT, at the newest keyframe; `evict` ends with EOS.
   *
   * Since: 0.1
   */
  properties[PROP_LAG_POLICY] = g_param_spec_enum ("lag-policy", "Lag policy",
      "What happens to this subscriber when it lags too much",
      GST_TYPE_ARCLY_LAG_POLICY, GST_ARCLY_LAG_POLICY_RESYNC, flags);

  /**
   * GstArclyBusPad:replay-mode:
   *
   * What the subscriber gets first when it comes late: `as-is` the stream from
   * the newest keyframe on, of which a player shows what is old too late or too
   * fast; `decode-only` the same, but its segments begin where the stream is,
   * at the same running time on all its tracks: what is before that is decoded
   * and not shown; `none` nothing old: it waits for the next keyframe, and one
   * is asked for. It is the subscriber's, for all its pads, and holds from the
   * next time that a pad is linked or activated. After a resynchronisation the
   * stream goes on as it is.
   *
   * Since: 0.1
   */
  properties[PROP_REPLAY_MODE] = g_param_spec_enum ("replay-mode",
      "Replay mode", "What this subscriber gets first when it comes late",
      GST_TYPE_ARCLY_REPLAY_MODE, GST_ARCLY_REPLAY_MODE_AS_IS, flags);

  /**
   * GstArclyBusPad:stats:
   *
   * Counters since the pad was requested, all #guint64: `buffers` and `bytes`
   * that the pad delivered, `skipped` buffers of the stream that it was behind
   * when it was given up for lag, summed up, `lag-buffers`, `lag-bytes`,
   * `lag-time` (ns), `delay-p50`, `delay-p99` (ns, as #GstArclyBus:stats
   * tells); `resyncs` and `evicted` (#gboolean) of the subscriber.
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "What this subscriber got, lost and has to catch up", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}
