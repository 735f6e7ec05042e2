/* SPDX-License-Identifier: MIT
 *
 * TLS's client over a socket, for tests. It blocks as long as the socket
 * does. */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

typedef struct _TlsPeer TlsPeer;

/* @fd stays the caller's. @versions: of gnutls_priority_set_direct(), or NULL
 * for GnuTLS's own. Any certificate will do. */
TlsPeer *tls_peer_new (gint fd, const gchar *versions);
void tls_peer_free (TlsPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsPeer, tls_peer_free)

gnutls_session_t tls_peer_get_session (TlsPeer *peer);
/* FALSE: refused. */
gboolean tls_peer_handshake (TlsPeer *peer);
/* FALSE: the other side has closed. */
gboolean tls_peer_send (TlsPeer *peer, gconstpointer data, gsize size);
/* 0 at TLS's own end of the connection, negative at another. */
gssize tls_peer_recv (TlsPeer *peer, gpointer data, gsize size);
