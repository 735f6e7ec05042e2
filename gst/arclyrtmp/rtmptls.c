/* SPDX-License-Identifier: MIT
 *
 * GnuTLS reads the socket itself, record by record, so what the socket has is
 * what is unread. What it writes goes into a buffer, which is sent as a whole:
 * several records take one system call, and GnuTLS never finds the socket
 * full. */
#include "config.h"

#include "rtmptlspriv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>

#include <gst/arcly/gstarclyerror.h>

/* RFC 8446, 5.1: the most that a record holds. */
#define RECORD_SIZE (16 * 1024)
/* Encrypted at once, and so the most that waits for the socket: what waits
 * unencrypted can still be skipped. */
#define BATCH_SIZE (3 * RECORD_SIZE)
/* What encryption adds to a record, RFC 8446, 5.2; TLS 1.2 may add a little
 * more. */
#define RECORD_OVERHEAD 256
/* Of all that waits for the socket: a batch, and what GnuTLS answers by itself
 * to a peer that does not read. */
#define MAX_OUT (4 * BATCH_SIZE)
/* RFC 8446, 5.1: ContentType.handshake. It begins a connection. */
#define HANDSHAKE_RECORD 22
/* What begins one of RTMP. */
#define RTMP_VERSION 3

struct _GstArclyRtmpTlsStream {
  GstArclyRtmpTls *tls;
  gnutls_session_t session;
  gint fd;
  gboolean greeted; /* it begins as TLS does */
  gboolean established;
  gboolean ended; /* our good-bye is said */
  gint pull_errno;
  gchar *failure; /* nothing can be done any more; nullable */

  GByteArray *out; /* encrypted, from out_sent on; NULL: nothing */
  gsize out_sent;
};

/* ---- the socket ---- */

static ssize_t
pull (gnutls_transport_ptr_t data, void *to, size_t size)
{
  GstArclyRtmpTlsStream *stream = data;
  gssize got;

  do
    got = recv (stream->fd, to, size, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  stream->pull_errno = errno;
  return got;
}

static ssize_t
push (gnutls_transport_ptr_t data, const giovec_t *iov, int n)
{
  GstArclyRtmpTlsStream *stream = data;
  gsize size = 0;
  gint i;

  if (!stream->out)
    stream->out = g_byte_array_new ();
  if (stream->out->len > MAX_OUT) {
    gnutls_transport_set_errno (stream->session, EPIPE);
    return -1;
  }
  for (i = 0; i < n; i++) {
    g_byte_array_append (stream->out, iov[i].iov_base, iov[i].iov_len);
    size += iov[i].iov_len;
  }
  return size;
}

gboolean
gst_arcly_rtmp_tls_stream_has_unsent (const GstArclyRtmpTlsStream *stream)
{
  return stream->out != NULL;
}

gboolean
gst_arcly_rtmp_tls_stream_flush (GstArclyRtmpTlsStream *stream)
{
  gssize sent;

  while (stream->out) {
    do
      sent = send (stream->fd, stream->out->data + stream->out_sent,
          stream->out->len - stream->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
      return FALSE;
    stream->out_sent += sent;
    if (stream->out_sent < stream->out->len)
      continue;
    g_clear_pointer (&stream->out, g_byte_array_unref);
    stream->out_sent = 0;
  }
  return TRUE;
}

/* ---- failures ---- */

/* Takes @why. */
static gssize
fail (GstArclyRtmpTlsStream *stream, gchar *why)
{
  g_free (stream->failure);
  stream->failure = why;
  errno = EPROTO;
  return -1;
}

/* What GnuTLS said, as recv() and send() would. Renegotiation is not done: it
 * costs us more than the peer. */
static gssize
translate (GstArclyRtmpTlsStream *stream, gint code)
{
  /* Nearly all close so. */
  if (code == GNUTLS_E_PREMATURE_TERMINATION)
    return 0;
  if (code == GNUTLS_E_PULL_ERROR) {
    errno = stream->pull_errno;
    return -1;
  }
  if (!gnutls_error_is_fatal (code) && code != GNUTLS_E_REHANDSHAKE) {
    errno = EAGAIN;
    return -1;
  }
  if (gnutls_alert_send_appropriate (stream->session, code) == 0)
    gst_arcly_rtmp_tls_stream_flush (stream);
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
    return fail (stream,
        g_strdup_printf ("TLS: the peer says \"%s\"",
            gnutls_alert_get_name (gnutls_alert_get (stream->session))));
  return fail (stream, g_strdup_printf ("TLS: %s", gnutls_strerror (code)));
}

/* ---- the handshake ---- */

/* The first byte tells. GnuTLS would read on, where a client of something else
 * waits for an answer. As recv(). */
static gssize
look_at_greeting (GstArclyRtmpTlsStream *stream)
{
  guint8 first;
  gssize got;

  do
    got = recv (stream->fd, &first, 1, MSG_DONTWAIT | MSG_PEEK);
  while (got < 0 && errno == EINTR);

  if (got <= 0)
    return got;
  if (first == RTMP_VERSION)
    return fail (
        stream, g_strdup ("it speaks plain RTMP, and this port RTMPS only"));
  if (first != HANDSHAKE_RECORD)
    return fail (
        stream, g_strdup_printf ("not TLS: it starts with 0x%02x, not 0x%02x",
                    first, HANDSHAKE_RECORD));
  stream->greeted = TRUE;
  return got;
}

/* As recv(), 1 when it is done. */
static gssize
shake_hands (GstArclyRtmpTlsStream *stream)
{
  gssize got = stream->greeted ? 1 : look_at_greeting (stream);
  gint code;

  if (got <= 0)
    return got;
  code = gnutls_handshake (stream->session);
  if (code < 0)
    return translate (stream, code);
  stream->established = TRUE;
  return 1;
}

/* ---- receiving ---- */

static gssize
receive (GstArclyRtmpTlsStream *stream, guint8 *data)
{
  gssize got = stream->established ? 1 : shake_hands (stream);

  if (got <= 0)
    return got;
  got = gnutls_record_recv (stream->session, data, RECORD_SIZE);
  return got < 0 ? translate (stream, (gint) got) : got;
}

/* The handshake, an alert. If it cannot go, send() or recv() will tell. */
static gssize
flush_after (GstArclyRtmpTlsStream *stream, gssize got)
{
  gint saved = errno;

  gst_arcly_rtmp_tls_stream_flush (stream);
  errno = saved;
  return got;
}

static gboolean
has_failed (const GstArclyRtmpTlsStream *stream)
{
  errno = EPROTO;
  return stream->failure != NULL;
}

gssize
gst_arcly_rtmp_tls_stream_recv (
    GstArclyRtmpTlsStream *stream, guint8 *data, gsize size)
{
  g_return_val_if_fail (size >= RECORD_SIZE, -1);

  if (has_failed (stream))
    return -1;
  return flush_after (stream, receive (stream, data));
}

gssize
gst_arcly_rtmp_tls_stream_shake (GstArclyRtmpTlsStream *stream)
{
  if (has_failed (stream))
    return -1;
  return flush_after (stream, stream->established ? 1 : shake_hands (stream));
}

gboolean
gst_arcly_rtmp_tls_stream_is_established (const GstArclyRtmpTlsStream *stream)
{
  return stream->established;
}

/* ---- sending ---- */

typedef struct {
  const struct iovec *iov;
  guint n;
  gsize offset; /* in iov[0] */
} Source;

/* Up to one record: where it lies, if all of it does, else in @scratch. */
static const guint8 *
gather (const Source *source, guint8 *scratch, gsize *size)
{
  gsize left = source->n > 0 ? source->iov[0].iov_len - source->offset : 0;
  gsize offset = source->offset;
  guint i;

  *size = 0;
  if (left >= RECORD_SIZE || source->n <= 1) {
    *size = MIN (left, RECORD_SIZE);
    return source->n > 0 ? (guint8 *) source->iov[0].iov_base + offset : NULL;
  }
  for (i = 0; i < source->n && *size < RECORD_SIZE; i++) {
    gsize part = MIN (source->iov[i].iov_len - offset, RECORD_SIZE - *size);

    memcpy (scratch + *size, (guint8 *) source->iov[i].iov_base + offset, part);
    *size += part;
    offset = 0;
  }
  return scratch;
}

static void
skip (Source *source, gsize size)
{
  while (source->n > 0 && size >= source->iov[0].iov_len - source->offset) {
    size -= source->iov[0].iov_len - source->offset;
    source->iov++;
    source->n--;
    source->offset = 0;
  }
  source->offset += size;
}

/* Up to a batch into "out". Number of bytes, or -1 with errno. */
static gssize
encrypt (GstArclyRtmpTlsStream *stream, const struct iovec *iov, guint n)
{
  Source source = { iov, n, 0 };
  guint8 scratch[RECORD_SIZE];
  gsize done = 0;

  while (done < BATCH_SIZE) {
    gsize size;
    const guint8 *data = gather (&source, scratch, &size);
    gssize taken;

    if (size == 0)
      break;
    taken = gnutls_record_send (stream->session, data, size);
    if (taken < 0)
      return translate (stream, (gint) taken);
    skip (&source, taken);
    done += taken;
  }
  return done;
}

static void
reserve (GstArclyRtmpTlsStream *stream, const struct iovec *iov, guint n)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < n && size < BATCH_SIZE; i++)
    size += iov[i].iov_len;
  size = MIN (size, BATCH_SIZE);
  stream->out = g_byte_array_sized_new (
      size + (size / RECORD_SIZE + 1) * RECORD_OVERHEAD);
}

gssize
gst_arcly_rtmp_tls_stream_send (
    GstArclyRtmpTlsStream *stream, const struct iovec *iov, guint n)
{
  gssize done;

  if (stream->failure || !stream->established) {
    errno = stream->failure ? EPROTO : EPIPE;
    return -1;
  }
  if (!gst_arcly_rtmp_tls_stream_flush (stream))
    return -1;
  reserve (stream, iov, n);
  done = encrypt (stream, iov, n);
  if (done < 0)
    return -1;
  if (!gst_arcly_rtmp_tls_stream_flush (stream) && errno != EAGAIN &&
      errno != EWOULDBLOCK)
    return -1;
  return done;
}

void
gst_arcly_rtmp_tls_stream_end (GstArclyRtmpTlsStream *stream)
{
  if (stream->failure || !stream->established || stream->ended)
    return;
  stream->ended = TRUE;
  /* If the socket takes it not at once, the peer sees the end without it. */
  if (gnutls_bye (stream->session, GNUTLS_SHUT_WR) == 0)
    gst_arcly_rtmp_tls_stream_flush (stream);
}

const gchar *
gst_arcly_rtmp_tls_stream_get_failure (const GstArclyRtmpTlsStream *stream)
{
  return stream->failure ? stream->failure : "TLS failed";
}

/* ---- life ---- */

static gint
set_up (GstArclyRtmpTlsStream *stream)
{
  gint code = gnutls_init (
      &stream->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS);

  if (code < 0)
    return code;
  gnutls_transport_set_ptr (stream->session, stream);
  gnutls_transport_set_pull_function (stream->session, pull);
  gnutls_transport_set_vec_push_function (stream->session, push);
  code = gnutls_priority_set (stream->session, stream->tls->priority);
  if (code < 0)
    return code;
  return gnutls_credentials_set (
      stream->session, GNUTLS_CRD_CERTIFICATE, stream->tls->credentials);
}

GstArclyRtmpTlsStream *
gst_arcly_rtmp_tls_stream_new (GstArclyRtmpTls *tls, gint fd, GError **error)
{
  GstArclyRtmpTlsStream *stream = g_new0 (GstArclyRtmpTlsStream, 1);
  gint code;

  g_atomic_ref_count_inc (&tls->refs);
  stream->tls = tls;
  stream->fd = fd;
  code = set_up (stream);
  if (code >= 0)
    return stream;
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED, "TLS: %s",
      gnutls_strerror (code));
  gst_arcly_rtmp_tls_stream_free (stream);
  return NULL;
}

void
gst_arcly_rtmp_tls_stream_free (GstArclyRtmpTlsStream *stream)
{
  if (stream->session)
    gnutls_deinit (stream->session);
  g_clear_pointer (&stream->out, g_byte_array_unref);
  gst_arcly_rtmp_tls_unref (stream->tls);
  g_free (stream->failure);
  g_free (stream);
}
