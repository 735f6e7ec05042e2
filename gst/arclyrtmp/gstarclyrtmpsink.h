/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstArclyRtmpLagPolicy:
 * @GST_ARCLY_RTMP_LAG_RESYNC: goes on at the newest keyframe
 * @GST_ARCLY_RTMP_LAG_EVICT: is told why, and closed
 *
 * What happens to a player that is too slow.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_RTMP_LAG_RESYNC,
  GST_ARCLY_RTMP_LAG_EVICT,
} GstArclyRtmpLagPolicy;

#define GST_TYPE_ARCLY_RTMP_LAG_POLICY (gst_arcly_rtmp_lag_policy_get_type ())
GType gst_arcly_rtmp_lag_policy_get_type (void);

/**
 * GstArclyRtmpReplayMode:
 * @GST_ARCLY_RTMP_REPLAY_AS_IS: from the newest keyframe on
 * @GST_ARCLY_RTMP_REPLAY_NONE: nothing; it waits for a keyframe
 * @GST_ARCLY_RTMP_REPLAY_DECODE_ONLY: from the newest keyframe on; it is told
 *     to decode and not to show what is before now
 *
 * What a new player gets of what was published before it came.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_RTMP_REPLAY_AS_IS,
  GST_ARCLY_RTMP_REPLAY_NONE,
  GST_ARCLY_RTMP_REPLAY_DECODE_ONLY,
} GstArclyRtmpReplayMode;

#define GST_TYPE_ARCLY_RTMP_REPLAY_MODE (gst_arcly_rtmp_replay_mode_get_type ())
GType gst_arcly_rtmp_replay_mode_get_type (void);

#define GST_TYPE_ARCLY_RTMP_SINK (gst_arcly_rtmp_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyRtmpSink, gst_arcly_rtmp_sink, GST, ARCLY_RTMP_SINK, GstElement)

GST_ELEMENT_REGISTER_DECLARE (arclyrtmpsink);

G_END_DECLS
