/* SPDX-License-Identifier: MIT
 *
 * What a server takes of the internet: its limits, and who has how many
 * connections. One thread at a time. */
#pragma once

#include <gst/gst.h>

#include "rtmp/rtmpsession.h"

G_BEGIN_DECLS

/**
 * GstArclyRtmpServerLimits:
 * @max_connections: connections that set up or publish; players that play do
 *     not count
 * @max_per_address: of them, from one address: one of IPv4, a /64 of IPv6. 0:
 *     no bound. Those of this machine itself are not counted: behind a proxy
 *     all clients have its address
 * @setup_timeout: ns from the connection to publish or play, whatever bytes
 *     come meanwhile
 * @session: of each connection
 *
 * What a server takes.
 */
typedef struct {
  guint max_connections;
  guint max_per_address;
  GstClockTime setup_timeout;
  GstArclyRtmpLimits session;
} GstArclyRtmpServerLimits;

/* The defaults: safe on the open internet. */
void gst_arcly_rtmp_server_limits_init (GstArclyRtmpServerLimits *limits);

/* Of those who share a port: each limit becomes the stricter of the two. Who
 * left one at its default leaves it to the other. */
void gst_arcly_rtmp_server_limits_join (
    GstArclyRtmpServerLimits *limits, const GstArclyRtmpServerLimits *other);

typedef struct _GstArclyRtmpGuard GstArclyRtmpGuard;

GstArclyRtmpGuard *gst_arcly_rtmp_guard_new (void);
void gst_arcly_rtmp_guard_free (GstArclyRtmpGuard *guard);

/* @peer: "ip:port". Returns NULL, and counts it, if it may come in; else why
 * not, for the log: (transfer full). */
gchar *gst_arcly_rtmp_guard_enter (GstArclyRtmpGuard *guard,
    const GstArclyRtmpServerLimits *limits, const gchar *peer);
/* One that entered is gone. */
void gst_arcly_rtmp_guard_leave (GstArclyRtmpGuard *guard, const gchar *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpGuard, gst_arcly_rtmp_guard_free)

G_END_DECLS
