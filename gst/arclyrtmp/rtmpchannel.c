/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpchannel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

gboolean
gst_arcly_rtmp_channel_needs_shake (const GstArclyRtmpChannel *channel)
{
  return channel->stream &&
         !gst_arcly_rtmp_tls_stream_is_established (channel->stream);
}

gssize
gst_arcly_rtmp_channel_shake (GstArclyRtmpChannel *channel)
{
  g_return_val_if_fail (channel->stream != NULL, -1);

  return gst_arcly_rtmp_tls_stream_shake (channel->stream);
}

gssize
gst_arcly_rtmp_channel_recv (
    GstArclyRtmpChannel *channel, guint8 *data, gsize size)
{
  gssize got;

  g_return_val_if_fail (size >= GST_ARCLY_RTMP_CHANNEL_READ_SIZE, -1);

  if (channel->stream)
    return gst_arcly_rtmp_tls_stream_recv (channel->stream, data, size);
  do
    got = recv (channel->fd, data, size, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got;
}

gssize
gst_arcly_rtmp_channel_send (
    GstArclyRtmpChannel *channel, const struct iovec *iov, guint n)
{
  struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = n };
  gssize sent;

  if (channel->stream)
    return gst_arcly_rtmp_tls_stream_send (channel->stream, iov, n);
  do
    sent = sendmsg (channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent;
}

gboolean
gst_arcly_rtmp_channel_has_unsent (const GstArclyRtmpChannel *channel)
{
  return channel->stream &&
         gst_arcly_rtmp_tls_stream_has_unsent (channel->stream);
}

gboolean
gst_arcly_rtmp_channel_flush (GstArclyRtmpChannel *channel)
{
  return !channel->stream || gst_arcly_rtmp_tls_stream_flush (channel->stream);
}

gboolean
gst_arcly_rtmp_channel_shutdown (GstArclyRtmpChannel *channel)
{
  if (channel->stream)
    gst_arcly_rtmp_tls_stream_end (channel->stream);
  return shutdown (channel->fd, SHUT_WR) == 0;
}

const gchar *
gst_arcly_rtmp_channel_describe (
    const GstArclyRtmpChannel *channel, gint saved_errno)
{
  if (saved_errno == EPROTO && channel->stream)
    return gst_arcly_rtmp_tls_stream_get_failure (channel->stream);
  return g_strerror (saved_errno);
}

void
gst_arcly_rtmp_channel_clear (GstArclyRtmpChannel *channel)
{
  /* Without TLS's own end some clients take this for a failure, even at the end
   * of all they had to say. */
  if (channel->stream)
    gst_arcly_rtmp_tls_stream_end (channel->stream);
  g_clear_pointer (&channel->stream, gst_arcly_rtmp_tls_stream_free);
  if (channel->fd >= 0)
    close (channel->fd);
  channel->fd = -1;
}

GstArclyRtmpChannel
gst_arcly_rtmp_channel_steal (GstArclyRtmpChannel *channel)
{
  const GstArclyRtmpChannel stolen = *channel;

  channel->fd = -1;
  channel->stream = NULL;
  return stolen;
}
