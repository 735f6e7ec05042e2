/* SPDX-License-Identifier: MIT
 *
 * TLS (1.2 and 1.3) over sockets that do not block, for who waits for many of
 * them: nothing here waits, and no thread is started. rtmptls.c does it with
 * GnuTLS, rtmpnotls.c is for a build without. */
#pragma once

#include <sys/uio.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/* PEM files. */
typedef struct {
  const gchar *certificate; /* and what links it to a known authority */
  const gchar *private_key; /* NULL: in the same file */
} GstArclyRtmpTlsFiles;

/* A certificate and its key. Any thread; counted by its streams. */
typedef struct _GstArclyRtmpTls GstArclyRtmpTls;
/* One connection's TLS, as a server. One thread at a time. */
typedef struct _GstArclyRtmpTlsStream GstArclyRtmpTlsStream;

/* Reads the files. GST_ARCLY_ERROR_INVALID with the file and the reason;
 * GST_ARCLY_ERROR_UNSUPPORTED without TLS. */
GstArclyRtmpTls *gst_arcly_rtmp_tls_new (
    const GstArclyRtmpTlsFiles *files, GError **error);
void gst_arcly_rtmp_tls_unref (GstArclyRtmpTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpTls, gst_arcly_rtmp_tls_unref)
/* Reads the files again if they have changed, and makes *@tls another one then;
 * streams keep the one that they began with. TRUE: it has. FALSE with @error:
 * they cannot be used, and *@tls stays, until they change again. One thread. */
gboolean gst_arcly_rtmp_tls_update (GstArclyRtmpTls **tls, GError **error);

/* @fd stays the caller's. The handshake is part of recv(), if shake() has not
 * done it. */
GstArclyRtmpTlsStream *gst_arcly_rtmp_tls_stream_new (
    GstArclyRtmpTls *tls, gint fd, GError **error);
void gst_arcly_rtmp_tls_stream_free (GstArclyRtmpTlsStream *stream);

gboolean gst_arcly_rtmp_tls_stream_is_established (
    const GstArclyRtmpTlsStream *stream);
gssize gst_arcly_rtmp_tls_stream_shake (GstArclyRtmpTlsStream *stream);
/* Those of GstArclyRtmpChannel. Of @size the first 16 KiB are used. */
gssize gst_arcly_rtmp_tls_stream_recv (
    GstArclyRtmpTlsStream *stream, guint8 *data, gsize size);
gssize gst_arcly_rtmp_tls_stream_send (
    GstArclyRtmpTlsStream *stream, const struct iovec *iov, guint n);
gboolean gst_arcly_rtmp_tls_stream_has_unsent (
    const GstArclyRtmpTlsStream *stream);
gboolean gst_arcly_rtmp_tls_stream_flush (GstArclyRtmpTlsStream *stream);
/* TLS's own good-bye. */
void gst_arcly_rtmp_tls_stream_end (GstArclyRtmpTlsStream *stream);
/* Why it failed with EPROTO. */
const gchar *gst_arcly_rtmp_tls_stream_get_failure (
    const GstArclyRtmpTlsStream *stream);

G_END_DECLS
