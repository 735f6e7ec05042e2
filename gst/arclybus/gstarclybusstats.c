/* SPDX-License-Identifier: MIT
 *
 * What the element tells of itself. */
#include "config.h"

#include "gstarclybuspad.h"
#include "gstarclybuspriv.h"

/* What is summed up over the subscribers. */
typedef struct {
  GstArclyLag lag; /* of the one that is furthest behind */
  guint64 skipped;
  guint64 delays[GST_ARCLY_HISTOGRAM_BUCKETS];
} Sums;

static gboolean
add_pad (GstElement *element, GstPad *pad, gpointer user_data)
{
  GstArclySubscription *sub =
      gst_arcly_bus_pad_get_subscription (GST_ARCLY_BUS_PAD (pad));
  GstArclySubscriptionStats stats;
  Sums *sums = user_data;

  gst_arcly_subscription_get_stats (sub, &stats);
  sums->skipped += stats.skipped;
  if (gst_pad_is_linked (pad) && stats.lag.time >= sums->lag.time &&
      stats.lag.bytes >= sums->lag.bytes)
    sums->lag = stats.lag;
  gst_arcly_subscription_sum_delays (sub, sums->delays);
  return TRUE;
}

void
gst_arcly_bus_keep_stats (GstArclyBus *bus, GstArclySubscription *sub)
{
  GstArclySubscriptionStats stats;

  gst_arcly_subscription_get_stats (sub, &stats);
  GST_OBJECT_LOCK (bus);
  bus->gone_skipped += stats.skipped;
  gst_arcly_subscription_sum_delays (sub, bus->gone_delays);
  GST_OBJECT_UNLOCK (bus);
}

static void
sum_up (GstArclyBus *bus, Sums *sums)
{
  memset (sums, 0, sizeof (*sums));
  gst_element_foreach_src_pad (GST_ELEMENT (bus), add_pad, sums);
  GST_OBJECT_LOCK (bus);
  sums->skipped += bus->gone_skipped;
  for (guint i = 0; i < GST_ARCLY_HISTOGRAM_BUCKETS; i++)
    sums->delays[i] += bus->gone_delays[i];
  GST_OBJECT_UNLOCK (bus);
}

static void
set_delays (GstStructure *stats, const guint64 *counts)
{
  gst_structure_set (stats, "delay-p50", G_TYPE_UINT64,
      (guint64) gst_arcly_histogram_quantile (counts, 0.5), "delay-p99",
      G_TYPE_UINT64, (guint64) gst_arcly_histogram_quantile (counts, 0.99),
      NULL);
}

static void
set_stream (GstStructure *stats, GstArclyBus *bus)
{
  GstArclyStreamStats stream;

  gst_arcly_stream_get_stats (bus->stream, &stream);
  gst_structure_set (stats, "buffers", G_TYPE_UINT64, stream.buffers, "bytes",
      G_TYPE_UINT64, stream.bytes, "tracks", G_TYPE_UINT, stream.n_tracks,
      "bit-rate", G_TYPE_UINT64, stream.rates.bit_rate, "fps", G_TYPE_DOUBLE,
      stream.rates.frame_rate, "keyframe-interval", G_TYPE_UINT64,
      (guint64) stream.rates.key_interval, "cached-buffers", G_TYPE_UINT64,
      stream.cached_buffers, "cached-bytes", G_TYPE_UINT64, stream.cached_bytes,
      "cached-time", G_TYPE_UINT64, (guint64) stream.cached_time, NULL);
}

static guint64
read_counter (_Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

static void
set_subscribers (GstStructure *stats, GstArclyBus *bus, const Sums *sums)
{
  guint n = 0;

  GST_OBJECT_LOCK (bus);
  n = g_hash_table_size (bus->subscribers);
  GST_OBJECT_UNLOCK (bus);
  gst_structure_set (stats, "subscribers", G_TYPE_UINT, n, "lag-buffers",
      G_TYPE_UINT64, sums->lag.buffers, "lag-bytes", G_TYPE_UINT64,
      sums->lag.bytes, "lag-time", G_TYPE_UINT64, (guint64) sums->lag.time,
      "skipped", G_TYPE_UINT64, sums->skipped, "resyncs", G_TYPE_UINT64,
      read_counter (&bus->resyncs), "evictions", G_TYPE_UINT64,
      read_counter (&bus->evictions), NULL);
  set_delays (stats, sums->delays);
}

static void
set_publishers (GstStructure *stats, GstArclyBus *bus)
{
  gst_structure_set (stats, "key-requests", G_TYPE_UINT64,
      read_counter (&bus->key_requests), "hand-overs", G_TYPE_UINT64,
      read_counter (&bus->hand_overs), "refused-buffers", G_TYPE_UINT64,
      read_counter (&bus->refused_buffers), "idle", G_TYPE_BOOLEAN,
      atomic_load (&bus->idle) != 0, NULL);
}

static void
set_workers (GstStructure *stats, GstArclyBus *bus)
{
  GstArclyDispatcherStats workers = { 0 };
  g_autoptr (GstArclyDispatcher) dispatcher = NULL;

  GST_OBJECT_LOCK (bus);
  if (bus->dispatcher)
    dispatcher = g_object_ref (bus->dispatcher);
  GST_OBJECT_UNLOCK (bus);
  if (dispatcher)
    gst_arcly_dispatcher_get_stats (dispatcher, &workers);
  gst_structure_set (stats, "worker-places", G_TYPE_UINT, workers.n_places,
      "workers", G_TYPE_UINT, workers.n_workers, "stuck-workers", G_TYPE_UINT,
      workers.n_stuck, "worker-wakeups", G_TYPE_UINT64, workers.wakeups, NULL);
}

static GstStructure *
make_stats (GstArclyBus *bus, const gchar *name, const Sums *sums)
{
  GstStructure *stats = gst_structure_new_empty (name);

  set_stream (stats, bus);
  set_subscribers (stats, bus, sums);
  set_publishers (stats, bus);
  set_workers (stats, bus);
  return stats;
}

GstStructure *
gst_arcly_bus_get_stats (GstArclyBus *bus)
{
  Sums sums;

  sum_up (bus, &sums);
  return make_stats (bus, "application/x-arcly-bus-stats", &sums);
}

static void
on_interval (GstElement *element, gpointer timer)
{
  GstArclyBus *bus = GST_ARCLY_BUS (element);
  GstStructure *stats = NULL;
  Sums sums;
  guint64 fresh[GST_ARCLY_HISTOGRAM_BUCKETS];
  gboolean on = FALSE;

  sum_up (bus, &sums);
  GST_OBJECT_LOCK (bus);
  on = bus->qos_timer == timer;
  for (guint i = 0; on && i < GST_ARCLY_HISTOGRAM_BUCKETS; i++) {
    /* A pad that leaves is in both sums for a moment, then in one. */
    fresh[i] = sums.delays[i] - MIN (sums.delays[i], bus->told_delays[i]);
    bus->told_delays[i] = sums.delays[i];
  }
  GST_OBJECT_UNLOCK (bus);
  if (!on)
    return;
  stats = make_stats (bus, "arcly-qos", &sums);
  set_delays (stats, fresh);
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (bus), stats));
}

void
gst_arcly_bus_update_qos (GstArclyBus *bus)
{
  GstClockID old = NULL, timer = NULL;
  GstClockTime interval = 0;

  GST_OBJECT_LOCK (bus);
  if (bus->playing)
    interval = bus->stats_interval;
  GST_OBJECT_UNLOCK (bus);
  if (interval)
    timer = gst_arcly_bus_timer_start (bus, interval, TRUE, on_interval);

  GST_OBJECT_LOCK (bus);
  old = bus->qos_timer;
  bus->qos_timer = timer;
  GST_OBJECT_UNLOCK (bus);
  gst_arcly_bus_timer_stop (old);
}
