/* SPDX-License-Identifier: MIT
 *
 * TLS in front of a server: a thread with a main context that turns encrypted
 * connections into plain ones, so that the loops and all that they serve know
 * nothing of it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _GstArclyRtmpTls GstArclyRtmpTls;

/* Any thread. With a certificate that has its private key. */
GstArclyRtmpTls *gst_arcly_rtmp_tls_new (
    GTlsCertificate *certificate, GError **error);
/* Closes all its connections. Any thread. */
void gst_arcly_rtmp_tls_free (GstArclyRtmpTls *tls);

/* Takes @fd, an accepted connection. Returns a socket with what is inside of
 * it, or -1. It is given at once: the TLS handshake follows, and if it fails
 * the socket is at its end. Any thread; never blocks. */
gint gst_arcly_rtmp_tls_wrap (GstArclyRtmpTls *tls, gint fd, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpTls, gst_arcly_rtmp_tls_free)

G_END_DECLS
