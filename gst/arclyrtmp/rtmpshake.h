/* SPDX-License-Identifier: MIT
 *
 * The handshake of a channel's TLS, one step at a time in another loop: a step
 * may cost a signature, some milliseconds with a large key, and many clients
 * may ask for one at once. Nobody waits meanwhile.
 *
 * A step has the channel while it runs. Its home loop owns all else: begin(),
 * cancel() and @func are of that loop's thread. */
#pragma once

#include "rtmpchannel.h"
#include "rtmploop.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpShake GstArclyRtmpShake;

/* @channel is the caller's again. @got and @saved_errno: see
 * gst_arcly_rtmp_channel_shake(). The step is gone. */
typedef void (*GstArclyRtmpShakeFunc) (
    gpointer data, GstArclyRtmpChannel *channel, gssize got, gint saved_errno);

/* Steals @channel, whose socket has something to read and is watched by nobody.
 * @worker must end before @home does. Ends with @func or cancel(). */
GstArclyRtmpShake *gst_arcly_rtmp_shake_begin (GstArclyRtmpLoop *worker,
    GstArclyRtmpLoop *home, GstArclyRtmpChannel *channel,
    GstArclyRtmpShakeFunc func, gpointer data);
/* Closes the channel as soon as the step has ended. */
void gst_arcly_rtmp_shake_cancel (GstArclyRtmpShake *shake);

G_END_DECLS
