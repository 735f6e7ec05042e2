/* SPDX-License-Identifier: MIT
 *
 * What the files of the HTTP server share. Private: not installed. */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>
#include <gst/arcly/http/gstarclyhttpmessage.h>
#include <gst/arcly/http/gstarclyhttporiginprivate.h>

G_BEGIN_DECLS

/* How long nothing is accepted after accepting failed. */
#define GST_ARCLY_HTTP_PAUSE_MS 200

/* Takes connections, one call each. A process that has no descriptor left, or
 * a server that has as many connections as it takes, goes on later. New and
 * free: with no loop running, or in @context's thread; @accept is called in
 * that. */
typedef struct _GstArclyHttpListener GstArclyHttpListener;
typedef void (*GstArclyHttpAcceptFunc) (
    GSocketConnection *connection, gpointer data);

/* All of @engine count their connections together. NULL with an error of GIO.
 */
GstArclyHttpListener *gst_arcly_http_listener_new (GObject *engine,
    const gchar *address, guint port, GMainContext *context,
    GstArclyHttpAcceptFunc accept, gpointer data, GError **error);
guint gst_arcly_http_listener_get_port (GstArclyHttpListener *self);
void gst_arcly_http_listener_free (GstArclyHttpListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyHttpListener, gst_arcly_http_listener_free)

/* TLS for connections whose client has this address; @ready is called for each
 * that got so far. In the server's thread, whose context close iterates until
 * no handshake is under way any more. */
typedef struct _GstArclyHttpTls GstArclyHttpTls;
typedef void (*GstArclyHttpTlsFunc) (GSocketConnection *connection,
    GSocketAddress *client, GIOStream *tls, gpointer data);

GstArclyHttpTls *gst_arcly_http_tls_new (
    GTlsCertificate *certificate, GstArclyHttpTlsFunc ready, gpointer data);
gboolean gst_arcly_http_tls_is_like (
    GstArclyHttpTls *tls, GTlsCertificate *certificate);
void gst_arcly_http_tls_accept (GstArclyHttpTls *tls,
    GSocketConnection *connection, GSocketAddress *client);
void gst_arcly_http_tls_close (GstArclyHttpTls *tls, GMainContext *context);
void gst_arcly_http_tls_free (GstArclyHttpTls *tls);

/* How long a client may take for its first request, head and content. */
#define GST_ARCLY_HTTP_REQUEST_SECONDS 10
/* RFC 9110, 15.5.9. */
#define GST_ARCLY_HTTP_REFUSAL                                                 \
  "HTTP/1.1 408 Request Timeout\r\n"                                           \
  "Connection: close\r\nContent-Length: 0\r\n\r\n"
/* And for each further one, from the end of the answer before. */
#define GST_ARCLY_HTTP_KEEP_ALIVE_SECONDS 30

/* Ends @connection if no request is there in time; says so, but not to who
 * expects TLS. @client is its address, which is this connection's alone and
 * ends with it: what libsoup hands back with the request. The server's thread.
 */
void gst_arcly_http_deadline_start (
    GSocketConnection *connection, GSocketAddress *client, gboolean tls);
void gst_arcly_http_deadline_stop (GSocketAddress *client);
/* An answer went out: the next request has its own deadline. */
void gst_arcly_http_deadline_restart (GSocketAddress *client);
/* Breaks the connection now. */
void gst_arcly_http_deadline_break (GSocketAddress *client);

/* (transfer full): what libsoup gets instead of @connection, and of @tls on it.
 * @read is what came already. Both may be NULL. */
GIOStream *gst_arcly_http_stream_new (
    GSocketConnection *connection, GIOStream *tls, GBytes *read);
/* Its client is gone: the request that it reads is nobody's. */
gboolean gst_arcly_http_stream_has_ended (GIOStream *stream);

/* A folder under a path. Immutable; any thread. */
typedef struct {
  gatomicrefcount refs;
  gchar *path;   /* "/hls": leading slash, no trailing one */
  gchar *folder; /* absolute; NULL if there is none */
  gchar *title;
  gchar *left_etag; /* of the playlist that was there before; NULL if none */
  GstArclyHttpOrigin *origin; /* what is not in the folder yet; NULL if none */
} GstArclyHttpMount;

GstArclyHttpMount *gst_arcly_http_mount_new (const gchar *path,
    const gchar *folder, const gchar *title, GstArclyHttpOrigin *origin);
GstArclyHttpMount *gst_arcly_http_mount_ref (GstArclyHttpMount *mount);
void gst_arcly_http_mount_unref (GstArclyHttpMount *mount);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHttpMount, gst_arcly_http_mount_unref)

/* Those of a server. Any thread. */
typedef struct _GstArclyHttpMounts GstArclyHttpMounts;

GstArclyHttpMounts *gst_arcly_http_mounts_new (void);
void gst_arcly_http_mounts_free (GstArclyHttpMounts *mounts);
/* (transfer full) (element-type GstArclyHttpMount) */
GPtrArray *gst_arcly_http_mounts_copy (GstArclyHttpMounts *mounts);
/* (transfer full) (nullable): the one in which @path is; @relative is the rest
 * of that, not empty. */
GstArclyHttpMount *gst_arcly_http_mounts_find (
    GstArclyHttpMounts *mounts, const gchar *path, const gchar **relative);
/* FALSE with GST_ARCLY_ERROR_INVALID or _IN_USE. */
gboolean gst_arcly_http_mounts_add (GstArclyHttpMounts *mounts,
    const gchar *path, const gchar *folder, const gchar *title,
    GstArclyHttpOrigin *origin, GError **error);
void gst_arcly_http_mounts_remove (
    GstArclyHttpMounts *mounts, const gchar *path);

/* A file's bytes with what identifies this version of it. */
typedef struct {
  GBytes *bytes;
  gchar *etag;
  gint64 modified; /* microseconds since 1970 UTC */
} GstArclyHttpFile;

void gst_arcly_http_file_clear (GstArclyHttpFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstArclyHttpFile, gst_arcly_http_file_clear)

/* Recent files, so that many viewers share one copy. One thread: the server's.
 */
typedef struct _GstArclyHttpCache GstArclyHttpCache;

GstArclyHttpCache *gst_arcly_http_cache_new (gsize max_bytes);
void gst_arcly_http_cache_free (GstArclyHttpCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHttpCache, gst_arcly_http_cache_free)

/* Reads what @relative (a decoded path without leading slash) names inside
 * @folder. FALSE if there is no such regular file, or it lies outside. */
gboolean gst_arcly_http_cache_read (GstArclyHttpCache *cache,
    const gchar *folder, const gchar *relative, GstArclyHttpFile *file);

/* (transfer full): what identifies the present version of a file, or NULL. Any
 * thread. */
gchar *gst_arcly_http_file_etag (const gchar *folder, const gchar *name);

/* What a Range header asks for of @size bytes (RFC 9110, 14.2). ALL is also for
 * what is malformed, not in bytes, or of several parts. */
typedef enum {
  GST_ARCLY_HTTP_RANGE_ALL,
  GST_ARCLY_HTTP_RANGE_PART,
  GST_ARCLY_HTTP_RANGE_NONE,
} GstArclyHttpRange;

GstArclyHttpRange gst_arcly_http_parse_range (
    const gchar *header, guint64 size, guint64 *start, guint64 *length);

/* The playlist that a player opens. */
#define GST_ARCLY_HTTP_PLAYLIST "index.m3u8"

#define GST_ARCLY_HTTP_CACHE_NEVER "no-cache"

/* What scripts of other origins may read. */
#define GST_ARCLY_HTTP_EXPOSED                                                 \
  "Accept-Ranges, Content-Length, Content-Range, Date, ETag"

typedef struct {
  const gchar *suffix;
  const gchar *type;
  const gchar *cache_control;
} GstArclyHttpType;

/* NULL for what is nobody's business. */
const GstArclyHttpType *gst_arcly_http_find_type (const gchar *path);

/* What a path has. */
typedef struct {
  const gchar *type;
  const gchar *cache_control;
  const gchar *etag;
  GPtrArray *chunks; /* (element-type GBytes) */
  guint64 size;
} GstArclyHttpContent;

/* The present second in words (RFC 9110, 5.6.7), made once. */
typedef struct {
  gint64 second;
  gchar text[64];
} GstArclyHttpDate;

const gchar *gst_arcly_http_date_now (GstArclyHttpDate *date);

/* Answers: in the server's thread. */
void gst_arcly_http_answer_text (
    GstArclyHttpMessage *message, guint status, const gchar *text);
void gst_arcly_http_answer_bytes (GstArclyHttpMessage *message, GBytes *bytes,
    const gchar *type, const gchar *cache_control);
/* With If-None-Match, If-Range and @range, which may be NULL. */
void gst_arcly_http_answer_content (GstArclyHttpMessage *message,
    const GstArclyHttpContent *content, const gchar *range);
/* TRUE if it was. */
gboolean gst_arcly_http_answer_not_modified (GstArclyHttpMessage *message,
    const gchar *etag, const gchar *cache_control);

/* Answers from origins, and holds requests until it can. The server's thread,
 * whose default context is that of the server. */
typedef struct _GstArclyHttpLive GstArclyHttpLive;

GstArclyHttpLive *gst_arcly_http_live_new (void);
/* Ends what waits. */
void gst_arcly_http_live_close (GstArclyHttpLive *live);
void gst_arcly_http_live_free (GstArclyHttpLive *live);
/* FALSE if @origin, which may be NULL, has nothing under that name. */
gboolean gst_arcly_http_live_answer (GstArclyHttpLive *live,
    GstArclyHttpMessage *message, GstArclyHttpOrigin *origin,
    const gchar *relative, const gchar *range);
/* For the list of streams; NULL if that is not known from @origin. */
const gchar *gst_arcly_http_live_state (GstArclyHttpOrigin *origin);

/* A request's raw path, decoded once; NULL if it holds anything that no path of
 * ours does: "..", hidden names, backslashes, NUL, bad escapes, bad UTF-8. */
gchar *gst_arcly_http_decode_path (const gchar *raw_path);

/* Answers requests for what is in @mounts, which outlives it, and below
 * @prefix, which is "" or a path. One thread: the server's. */
typedef struct _GstArclyHttpRouter GstArclyHttpRouter;

GstArclyHttpRouter *gst_arcly_http_router_new (
    GstArclyHttpMounts *mounts, const gchar *prefix);
/* Ends what waits; in the server's thread. */
void gst_arcly_http_router_close (GstArclyHttpRouter *router);
void gst_arcly_http_router_free (GstArclyHttpRouter *router);
/* It is answered, or held. */
void gst_arcly_http_router_handle (
    GstArclyHttpRouter *router, GstArclyHttpMessage *message);
/* The same for what libsoup has. */
void gst_arcly_http_soup_handle (
    GstArclyHttpRouter *router, SoupServerMessage *message);

/* (transfer full) (element-type GBytes): whole answers, to send and not to
 * change. The thread that has @date. */
GPtrArray *gst_arcly_http_plain_playlist (GstArclyHttpDate *date,
    GstArclyHttpSnapshot *snapshot, const GstArclyHttpReload *reload,
    gboolean gzip);
/* NULL if it is not there, or not whole. */
GPtrArray *gst_arcly_http_plain_file (
    GstArclyHttpDate *date, GstArclyHttpOrigin *origin, const gchar *name);
GPtrArray *gst_arcly_http_plain_late (GstArclyHttpDate *date);

/* What is left of an answer. */
typedef struct {
  GPtrArray *pieces; /* (element-type GBytes), owned */
  guint piece;       /* that goes next, */
  gsize offset;      /* from here on */
} GstArclyHttpOutput;

/* As much as the socket takes now; FALSE if it is broken. */
gboolean gst_arcly_http_output_write (GstArclyHttpOutput *output, int fd);

/* Answers requests of low-latency viewers by itself. What it does not know, it
 * hands over, with what was read, and never sees again. The server's thread,
 * whose default context is @context. NULL if there is no descriptor left. */
typedef struct _GstArclyHttpFast GstArclyHttpFast;
typedef void (*GstArclyHttpFastFunc) (GSocketConnection *connection,
    GSocketAddress *client, GBytes *read, gpointer data);

GstArclyHttpFast *gst_arcly_http_fast_new (GstArclyHttpMounts *mounts,
    GMainContext *context, GstArclyHttpFastFunc other, gpointer data);
void gst_arcly_http_fast_take (GstArclyHttpFast *fast,
    GSocketConnection *connection, GSocketAddress *client);
/* Ends what waits, and all connections. */
void gst_arcly_http_fast_close (GstArclyHttpFast *fast);
void gst_arcly_http_fast_free (GstArclyHttpFast *fast);

/* Connections of HTTP/2: all of their requests go to the router. The server's
 * thread, whose default context is @context. */
typedef struct _GstArclyHttp2 GstArclyHttp2;

#ifdef HAVE_HTTP2
GstArclyHttp2 *gst_arcly_http2_new (
    GstArclyHttpRouter *router, GMainContext *context);
/* FALSE if it is not what client and server agreed upon in @tls. */
gboolean gst_arcly_http2_take (GstArclyHttp2 *http2,
    GSocketConnection *connection, GSocketAddress *client, GIOStream *tls);
/* Ends all connections. */
void gst_arcly_http2_close (GstArclyHttp2 *http2);
void gst_arcly_http2_free (GstArclyHttp2 *http2);
#else
static inline GstArclyHttp2 *
gst_arcly_http2_new (GstArclyHttpRouter *router, GMainContext *context)
{
  return NULL;
}

static inline gboolean
gst_arcly_http2_take (GstArclyHttp2 *http2, GSocketConnection *connection,
    GSocketAddress *client, GIOStream *tls)
{
  return FALSE;
}

static inline void
gst_arcly_http2_close (GstArclyHttp2 *http2)
{
}

static inline void
gst_arcly_http2_free (GstArclyHttp2 *http2)
{
}
#endif

G_END_DECLS
