/* SPDX-License-Identifier: MIT
 *
 * Sans I/O: the server's side of one connection of HTTP/2 (RFC 9113), on
 * libnghttp2. Bytes in, messages out; answers in, bytes out. One thread.
 * Private: not installed. */
#pragma once

#include <gst/arcly/http/gstarclyhttp2head.h>

G_BEGIN_DECLS

/* The most that a record of TLS holds (RFC 8446, 5.1): a fill is one. */
#define GST_ARCLY_HTTP2_RECORD 16384
/* Requests at a time of one connection. RFC 9113, 6.5.2: no fewer than 100. */
#define GST_ARCLY_HTTP2_MAX_STREAMS 100

typedef struct _GstArclyHttp2Session GstArclyHttp2Session;

typedef struct {
  /* A request. To be answered now, or held. */
  void (*request) (GstArclyHttpMessage *message, gpointer data);
  /* There is more to fill; called at any time. */
  void (*ready) (gpointer data);
  /* RFC 9110, 6.6.1. */
  const gchar *(*date) (gpointer data);
} GstArclyHttp2Funcs;

/* Times are of the monotonic clock, in microseconds. */
GstArclyHttp2Session *gst_arcly_http2_session_new (
    const GstArclyHttp2Funcs *funcs, gpointer data, gint64 now);
/* Messages that are held elsewhere are finished, and stay without effect. */
void gst_arcly_http2_session_free (GstArclyHttp2Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyHttp2Session, gst_arcly_http2_session_free)

/* FALSE if the connection is of no more use: what is left to fill tells the
 * client why. */
gboolean gst_arcly_http2_session_receive (
    GstArclyHttp2Session *session, gconstpointer data, gsize size, gint64 now);
/* Bytes for the client: at most GST_ARCLY_HTTP2_RECORD, 0 if there are none
 * now. */
gsize gst_arcly_http2_session_fill (
    GstArclyHttp2Session *session, guint8 *buffer, gint64 now);
/* What is to be filled is the last. */
void gst_arcly_http2_session_end (GstArclyHttp2Session *session);
/* Ends requests whose answer waits for the client, which took nothing of it for
 * @patience. */
void gst_arcly_http2_session_end_stalled (
    GstArclyHttp2Session *session, gint64 now, gint64 patience);
/* Nothing comes, and nothing goes, any more. */
gboolean gst_arcly_http2_session_is_over (GstArclyHttp2Session *session);
/* Requests that are there, and not answered to the end. */
guint gst_arcly_http2_session_get_n_streams (GstArclyHttp2Session *session);
/* How many there were. */
guint64 gst_arcly_http2_session_get_n_requests (GstArclyHttp2Session *session);

G_END_DECLS
