/* SPDX-License-Identifier: MIT
 *
 * A client of HTTP/2 without I/O, for tests. */
#pragma once

#include <glib.h>
#include <nghttp2/nghttp2.h>

typedef struct {
  gint32 id;
  GString *head; /* "name: value\n", each */
  GByteArray *body;
  gboolean closed;
  guint32 reason; /* why */
} Http2Answer;

typedef struct {
  nghttp2_session *nghttp2;
  GHashTable *answers; /* stream to Http2Answer, owned */
  gboolean ended;      /* GOAWAY came, */
  guint32 reason;      /* for that */
} Http2Client;

/* @window: of each stream (RFC 9113, 6.9.2); 0 takes no content. */
Http2Client *http2_client_new (guint32 window);
void http2_client_free (Http2Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Http2Client, http2_client_free)

/* @more: "name: value\n", each; or NULL. @whole: it has no content. */
Http2Answer *http2_client_ask (Http2Client *client, const gchar *method,
    const gchar *path, const gchar *more, gboolean whole);
/* Adds what the client has to say. */
void http2_client_say (Http2Client *client, GByteArray *out);
void http2_client_hear (Http2Client *client, const guint8 *data, gsize size);

/* Adds a frame (RFC 9113, 4.1). */
void http2_add_frame (GByteArray *out, guint8 type, guint8 flags, guint32 id,
    gconstpointer data, gsize size);
gboolean http2_answer_has (Http2Answer *answer, const gchar *line);
