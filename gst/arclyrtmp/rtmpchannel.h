/* SPDX-License-Identifier: MIT
 *
 * The bytes of a connection: those of its socket, or in TLS. Never blocks. One
 * thread at a time, which may be another after a while. */
#pragma once

#include <sys/uio.h>

#include "rtmptls.h"

G_BEGIN_DECLS

/* What recv() wants to be given: less, and TLS keeps bytes back of which no
 * socket tells. */
#define GST_ARCLY_RTMP_CHANNEL_READ_SIZE (16 * 1024)

typedef struct {
  gint fd;                       /* owned; -1: none */
  GstArclyRtmpTlsStream *stream; /* owned; NULL: no TLS */
} GstArclyRtmpChannel;

/* TLS has not shaken hands yet. */
gboolean gst_arcly_rtmp_channel_needs_shake (
    const GstArclyRtmpChannel *channel);
/* What can be done of that now, as recv(): 1 when it is done. It may take some
 * milliseconds of computing. recv() does it likewise, if nobody else did. */
gssize gst_arcly_rtmp_channel_shake (GstArclyRtmpChannel *channel);
/* As recv(2): 0 at the end, -1 with errno. EPROTO is TLS's, see describe(). */
gssize gst_arcly_rtmp_channel_recv (
    GstArclyRtmpChannel *channel, guint8 *data, gsize size);
/* Sends, at least in part, or says why not, as sendmsg(2). What is taken is
 * the channel's, though the kernel may not have all of it: see has_unsent(). */
gssize gst_arcly_rtmp_channel_send (
    GstArclyRtmpChannel *channel, const struct iovec *iov, guint n);

/* TLS holds bytes that the kernel did not take: wait for EPOLLOUT and flush().
 */
gboolean gst_arcly_rtmp_channel_has_unsent (const GstArclyRtmpChannel *channel);
/* FALSE: not all of them could go, with errno. */
gboolean gst_arcly_rtmp_channel_flush (GstArclyRtmpChannel *channel);

/* Says that nothing follows. FALSE: the peer is gone. */
gboolean gst_arcly_rtmp_channel_shutdown (GstArclyRtmpChannel *channel);
/* Of the errno of one of the above: valid until the next call. */
const gchar *gst_arcly_rtmp_channel_describe (
    const GstArclyRtmpChannel *channel, gint saved_errno);

/* Closes the socket, if there is one. */
void gst_arcly_rtmp_channel_clear (GstArclyRtmpChannel *channel);
/* @channel has none afterwards. */
GstArclyRtmpChannel gst_arcly_rtmp_channel_steal (GstArclyRtmpChannel *channel);

G_END_DECLS
