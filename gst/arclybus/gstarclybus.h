/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ARCLY_BUS_DEFAULT_MAX_LAG_BYTES (64 * 1024 * 1024)
#define GST_ARCLY_BUS_DEFAULT_MAX_LAG_TIME (10 * GST_SECOND)

/**
 * GstArclyLagPolicy:
 * @GST_ARCLY_LAG_POLICY_RESYNC: go on at the newest keyframe
 * @GST_ARCLY_LAG_POLICY_EVICT: end with EOS
 *
 * What happens to a subscriber that lags past its bounds.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_LAG_POLICY_RESYNC,
  GST_ARCLY_LAG_POLICY_EVICT,
} GstArclyLagPolicy;

#define GST_TYPE_ARCLY_LAG_POLICY (gst_arcly_lag_policy_get_type ())
GType gst_arcly_lag_policy_get_type (void);

/**
 * GstArclyReplayMode:
 * @GST_ARCLY_REPLAY_MODE_AS_IS: from the newest keyframe, all to be shown
 * @GST_ARCLY_REPLAY_MODE_DECODE_ONLY: from the newest keyframe, what is old is
 *     decoded and not shown
 * @GST_ARCLY_REPLAY_MODE_NONE: from the next keyframe
 *
 * What a subscriber that comes late gets first.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_REPLAY_MODE_AS_IS,
  GST_ARCLY_REPLAY_MODE_DECODE_ONLY,
  GST_ARCLY_REPLAY_MODE_NONE,
} GstArclyReplayMode;

#define GST_TYPE_ARCLY_REPLAY_MODE (gst_arcly_replay_mode_get_type ())
GType gst_arcly_replay_mode_get_type (void);

#define GST_TYPE_ARCLY_BUS (gst_arcly_bus_get_type ())
G_DECLARE_FINAL_TYPE (GstArclyBus, gst_arcly_bus, GST, ARCLY_BUS, GstElement)

GST_ELEMENT_REGISTER_DECLARE (arclybus);

G_END_DECLS
