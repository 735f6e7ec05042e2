/* SPDX-License-Identifier: MIT
 *
 * In place of rtmptls.c: no stream can come about. */
#include "config.h"

#include "rtmptls.h"

#include <gst/arcly/gstarclyerror.h>

GstArclyRtmpTls *
gst_arcly_rtmp_tls_new (const GstArclyRtmpTlsFiles *files, GError **error)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "this build has no RTMPS: it needs GnuTLS and -Drtmps=enabled");
  return NULL;
}

void
gst_arcly_rtmp_tls_unref (GstArclyRtmpTls *tls)
{
}

gboolean
gst_arcly_rtmp_tls_update (GstArclyRtmpTls **tls, GError **error)
{
  g_return_val_if_reached (FALSE);
}

GstArclyRtmpTlsStream *
gst_arcly_rtmp_tls_stream_new (GstArclyRtmpTls *tls, gint fd, GError **error)
{
  g_return_val_if_reached (NULL);
}

void
gst_arcly_rtmp_tls_stream_free (GstArclyRtmpTlsStream *stream)
{
}

gboolean
gst_arcly_rtmp_tls_stream_is_established (const GstArclyRtmpTlsStream *stream)
{
  return TRUE;
}

gssize
gst_arcly_rtmp_tls_stream_shake (GstArclyRtmpTlsStream *stream)
{
  g_return_val_if_reached (-1);
}

gssize
gst_arcly_rtmp_tls_stream_recv (
    GstArclyRtmpTlsStream *stream, guint8 *data, gsize size)
{
  g_return_val_if_reached (-1);
}

gssize
gst_arcly_rtmp_tls_stream_send (
    GstArclyRtmpTlsStream *stream, const struct iovec *iov, guint n)
{
  g_return_val_if_reached (-1);
}

gboolean
gst_arcly_rtmp_tls_stream_has_unsent (const GstArclyRtmpTlsStream *stream)
{
  return FALSE;
}

gboolean
gst_arcly_rtmp_tls_stream_flush (GstArclyRtmpTlsStream *stream)
{
  return TRUE;
}

void
gst_arcly_rtmp_tls_stream_end (GstArclyRtmpTlsStream *stream)
{
}

const gchar *
gst_arcly_rtmp_tls_stream_get_failure (const GstArclyRtmpTlsStream *stream)
{
  return NULL;
}
