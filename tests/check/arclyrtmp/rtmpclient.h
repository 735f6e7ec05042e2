/* SPDX-License-Identifier: MIT
 *
 * The client's side of RTMP for tests, sans I/O: commands become bytes that
 * the test sends however it likes, bytes from the server become replies.
 *
 * |[<!-- language="C" -->
 * rtmp_client_hello (client);
 * rtmp_client_connect (client, "live", "rtmp://localhost/live");
 * bytes = rtmp_client_take (client);
 * // send them; then, with what came back:
 * rtmp_client_feed (client, data, size);
 * reply = rtmp_client_next_command (client, "_result");
 * ]|
 *
 * A client may send everything without ever waiting for a reply. */
#pragma once

#include "rtmpamf.h"
#include "rtmpchunk.h"

G_BEGIN_DECLS

typedef struct {
  GByteArray *out;
  guint32 chunk_size;
  gdouble transaction; /* of the last command that has one */

  GstArclyRtmpChunkReader *reader;
  GByteArray *in;
  gboolean greeted; /* S0, S1, S2 are here */
} RtmpClient;

/* A message of the server. */
typedef struct {
  GstArclyRtmpMessage message;
  GPtrArray *values; /* of a command; else NULL */
  const gchar *name; /* "_result", "_error", "onStatus" ...; else NULL */
  gdouble transaction;
} RtmpReply;

RtmpClient *rtmp_client_new (void);
void rtmp_client_free (RtmpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtmpClient, rtmp_client_free)

void rtmp_reply_free (RtmpReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtmpReply, rtmp_reply_free)

/* All bytes encoded since the last call. */
GBytes *rtmp_client_take (RtmpClient *client);

/* C0, C1 and C2 in one: servers need not have answered for the client to go
 * on, as C2 is not checked. */
void rtmp_client_hello (RtmpClient *client);
/* The same in two steps. */
void rtmp_client_c0c1 (RtmpClient *client);
void rtmp_client_c2 (RtmpClient *client);

/* @tc_url may be NULL. */
void rtmp_client_connect (
    RtmpClient *client, const gchar *app, const gchar *tc_url);
void rtmp_client_release_stream (RtmpClient *client, const gchar *name);
void rtmp_client_fc_publish (RtmpClient *client, const gchar *name);
void rtmp_client_create_stream (RtmpClient *client);
void rtmp_client_publish (RtmpClient *client, guint32 stream_id,
    const gchar *name, const gchar *type);
void rtmp_client_play (
    RtmpClient *client, guint32 stream_id, const gchar *name);
void rtmp_client_fc_unpublish (RtmpClient *client, const gchar *name);
void rtmp_client_close_stream (RtmpClient *client, guint32 stream_id);
void rtmp_client_delete_stream (RtmpClient *client, guint32 stream_id);

/* All of the above up to publish, as encoders send them. The server's first
 * stream has the id 1. */
void rtmp_client_start (
    RtmpClient *client, const gchar *app, const gchar *name);

/* Any command: @argument (nullable, not taken) follows a null. A transaction
 * of 0 asks for no answer. */
void rtmp_client_command (RtmpClient *client, guint32 stream_id,
    const gchar *name, gdouble transaction, const GstArclyAmfValue *argument);

/* An audio, video or any other message. */
void rtmp_client_message (RtmpClient *client, guint8 type, guint32 stream_id,
    guint32 timestamp, gconstpointer data, gsize size);
/* "@setDataFrame", "onMetaData" and @values (not taken). */
void rtmp_client_metadata (RtmpClient *client, guint32 stream_id,
    guint32 timestamp, const GstArclyAmfValue *values);
/* Later messages are cut to that size. */
void rtmp_client_set_chunk_size (RtmpClient *client, guint32 size);
void rtmp_client_user_control (RtmpClient *client, guint16 type, guint32 value);

/* Bytes from the server. The next_ functions fail the test if they are no
 * RTMP. */
void rtmp_client_feed (RtmpClient *client, gconstpointer data, gsize size);

/* The next message, or NULL if more bytes are needed. */
RtmpReply *rtmp_client_next_reply (RtmpClient *client);
/* Skips up to the next command of that name, or NULL. */
RtmpReply *rtmp_client_next_command (RtmpClient *client, const gchar *name);

/* "NetStream.Publish.Start" and the like, or NULL. */
const gchar *rtmp_reply_code (const RtmpReply *reply);
/* "status" or "error", or NULL. */
const gchar *rtmp_reply_level (const RtmpReply *reply);

G_END_DECLS
