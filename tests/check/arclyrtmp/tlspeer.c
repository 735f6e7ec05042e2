/* SPDX-License-Identifier: MIT */
#include "tlspeer.h"

struct _TlsPeer {
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
};

TlsPeer *
tls_peer_new (gint fd, const gchar *versions)
{
  TlsPeer *peer = g_new0 (TlsPeer, 1);

  g_assert_cmpint (
      gnutls_certificate_allocate_credentials (&peer->credentials), ==, 0);
  g_assert_cmpint (
      gnutls_init (&peer->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (
                       peer->session, versions ? versions : "NORMAL", NULL),
      ==, 0);
  g_assert_cmpint (gnutls_credentials_set (peer->session,
                       GNUTLS_CRD_CERTIFICATE, peer->credentials),
      ==, 0);
  gnutls_transport_set_int (peer->session, fd);
  return peer;
}

void
tls_peer_free (TlsPeer *peer)
{
  gnutls_deinit (peer->session);
  gnutls_certificate_free_credentials (peer->credentials);
  g_free (peer);
}

gnutls_session_t
tls_peer_get_session (TlsPeer *peer)
{
  return peer->session;
}

gboolean
tls_peer_handshake (TlsPeer *peer)
{
  gint code;

  do
    code = gnutls_handshake (peer->session);
  while (code < 0 && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal (code));
  return code == 0;
}

gboolean
tls_peer_send (TlsPeer *peer, gconstpointer data, gsize size)
{
  const guint8 *from = data;

  while (size > 0) {
    gssize sent = gnutls_record_send (peer->session, from, size);

    if (sent < 0)
      return FALSE;
    from += sent;
    size -= sent;
  }
  return TRUE;
}

gssize
tls_peer_recv (TlsPeer *peer, gpointer data, gsize size)
{
  gssize got;

  do
    got = gnutls_record_recv (peer->session, data, size);
  while (got == GNUTLS_E_INTERRUPTED);
  return got;
}
