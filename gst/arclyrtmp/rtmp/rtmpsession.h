/* SPDX-License-Identifier: MIT
 *
 * The server's side of one RTMP connection ("Adobe's Real Time Messaging
 * Protocol", 1.0, 2012), sans I/O. Bytes in, events and bytes out:
 *
 * |[<!-- language="C" -->
 * ok = gst_arcly_rtmp_session_feed (session, data, size, &error);
 * while (ok) {
 *   g_autoptr (GstArclyRtmpEvent) event = NULL;
 *
 *   ok = gst_arcly_rtmp_session_next_event (session, &event, &error);
 *   if (!ok || !event)
 *     break;
 *   handle (event);
 * }
 * output = gst_arcly_rtmp_session_take_output (session);
 * // send output in one write; then, if !ok or the state is CLOSED, close
 * ]|
 *
 * CONNECT, PUBLISH and PLAY ask for a decision. Until the owner has decided,
 * next_event() gives no event and the session holds its input: decide at once,
 * or later, then run the loop again (without feed()). An owner that waits long
 * should stop reading its socket while gst_arcly_rtmp_session_is_held().
 *
 * One thread at a time. */
#pragma once

#include "rtmpcapabilities.h"
#include "rtmpevent.h"

G_BEGIN_DECLS

typedef struct _GstArclyRtmpSession GstArclyRtmpSession;

/**
 * GstArclyRtmpLimits:
 * @max_message_size: largest audio or video message, in bytes
 * @max_amf_size: largest command or data message, in bytes
 * @max_partial_bytes: most bytes in messages that are not complete
 * @max_chunk_streams: most chunk streams a connection may use
 * @max_streams: most message streams (createStream) at a time
 * @max_held_bytes: most input kept while a decision is awaited
 * @amf: depth and count of AMF values in one message
 *
 * What one connection may cost. Passing a limit ends the session with
 * %GST_ARCLY_ERROR_LIMIT, except that createStream is answered with an error
 * and a metadata message beyond @amf is ignored with a warning.
 */
typedef struct {
  guint32 max_message_size;
  guint32 max_amf_size;
  gsize max_partial_bytes;
  guint max_chunk_streams;
  guint max_streams;
  gsize max_held_bytes;
  GstArclyAmfLimits amf;
} GstArclyRtmpLimits;

/* Safe on the open internet, and generous to every encoder we know. */
extern const GstArclyRtmpLimits gst_arcly_rtmp_default_limits;

/**
 * GstArclyRtmpState:
 * @GST_ARCLY_RTMP_STATE_HANDSHAKE: bytes of the handshake are missing
 * @GST_ARCLY_RTMP_STATE_OPEN: waits for the connect command
 * @GST_ARCLY_RTMP_STATE_CONNECTING: connect awaits the owner's decision
 * @GST_ARCLY_RTMP_STATE_CONNECTED: commands and media flow
 * @GST_ARCLY_RTMP_STATE_CLOSED: final; send what take_output() gives and close
 *
 * State of a connection.
 */
typedef enum {
  GST_ARCLY_RTMP_STATE_HANDSHAKE,
  GST_ARCLY_RTMP_STATE_OPEN,
  GST_ARCLY_RTMP_STATE_CONNECTING,
  GST_ARCLY_RTMP_STATE_CONNECTED,
  GST_ARCLY_RTMP_STATE_CLOSED,
} GstArclyRtmpState;
#define GST_ARCLY_RTMP_N_STATES (GST_ARCLY_RTMP_STATE_CLOSED + 1)

/**
 * GstArclyRtmpStreamState:
 * @GST_ARCLY_RTMP_STREAM_NONE: no such message stream
 * @GST_ARCLY_RTMP_STREAM_IDLE: created; neither publishes nor plays
 * @GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED: publish awaits the owner's decision
 * @GST_ARCLY_RTMP_STREAM_PUBLISHING: media flows in
 * @GST_ARCLY_RTMP_STREAM_PLAY_ASKED: play awaits the owner's decision
 * @GST_ARCLY_RTMP_STREAM_PLAYING: media flows out, which is the owner's part
 *
 * State of a message stream within a connection.
 */
typedef enum {
  GST_ARCLY_RTMP_STREAM_NONE,
  GST_ARCLY_RTMP_STREAM_IDLE,
  GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED,
  GST_ARCLY_RTMP_STREAM_PUBLISHING,
  GST_ARCLY_RTMP_STREAM_PLAY_ASKED,
  GST_ARCLY_RTMP_STREAM_PLAYING,
} GstArclyRtmpStreamState;
#define GST_ARCLY_RTMP_N_STREAM_STATES (GST_ARCLY_RTMP_STREAM_PLAYING + 1)

/* Of each connection, from the answer to connect on: what is sent to all
 * players is cut once. It lets no reply of ours be cut. */
#define GST_ARCLY_RTMP_CHUNK_SIZE_OUT 65536

/**
 * GstArclyRtmpSessionStats:
 * @bytes_in: bytes fed and consumed, handshake included
 * @bytes_out: bytes given by take_output()
 * @messages_in: messages of all kinds
 * @media_in: MEDIA and METADATA events given
 * @ignored: messages dropped: unknown, malformed, or for no publication
 * @peer_acknowledged: bytes the peer confirmed last (RTMP 1.0, 5.4.3; wraps
 *     at 2^32)
 * @chunk_size_in: chunk size of the peer
 * @chunk_size_out: our chunk size
 *
 * Counters since the session was made.
 */
typedef struct {
  guint64 bytes_in;
  guint64 bytes_out;
  guint64 messages_in;
  guint64 media_in;
  guint64 ignored;
  guint32 peer_acknowledged;
  guint32 chunk_size_in;
  guint32 chunk_size_out;
} GstArclyRtmpSessionStats;

/* Codes for refuse_* and close(); clients show them to their users. */
#define GST_ARCLY_RTMP_CODE_CONNECT_REJECTED "NetConnection.Connect.Rejected"
#define GST_ARCLY_RTMP_CODE_INVALID_APP "NetConnection.Connect.InvalidApp"
#define GST_ARCLY_RTMP_CODE_CONNECT_CLOSED "NetConnection.Connect.Closed"
#define GST_ARCLY_RTMP_CODE_PUBLISH_BAD_NAME "NetStream.Publish.BadName"
#define GST_ARCLY_RTMP_CODE_PUBLISH_DENIED "NetStream.Publish.Denied"
#define GST_ARCLY_RTMP_CODE_PLAY_FAILED "NetStream.Play.Failed"
#define GST_ARCLY_RTMP_CODE_PLAY_NOT_FOUND "NetStream.Play.StreamNotFound"
#define GST_ARCLY_RTMP_CODE_PLAY_SLOW "NetStream.Play.InsufficientBW"
#define GST_ARCLY_RTMP_CODE_PLAY_NO_TRACK "NetStream.Play.NoSupportedTrackFound"

/**
 * gst_arcly_rtmp_session_new:
 * @limits: (nullable): what the connection may cost; copied. %NULL for
 *     gst_arcly_rtmp_default_limits
 * @random: 1528 bytes for S1 (RTMP 1.0, 5.2.3); copied. They need to differ
 *     between connections, not be secret. %NULL for zeros
 *
 * Returns: (transfer full): a session that waits for C0
 */
GstArclyRtmpSession *gst_arcly_rtmp_session_new (
    const GstArclyRtmpLimits *limits, const guint8 *random);
void gst_arcly_rtmp_session_free (GstArclyRtmpSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyRtmpSession, gst_arcly_rtmp_session_free)

/**
 * gst_arcly_rtmp_session_feed:
 * @session: a session
 * @data: (array length=size): bytes from the peer; copied
 * @size: number of bytes, any
 * @error: return location for a #GError
 *
 * Takes bytes; next_event() makes sense of them. After the end of the session
 * bytes are dropped silently.
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_LIMIT if the owner fed more than
 *     max_held_bytes while a decision was awaited; the session is then closed
 */
gboolean gst_arcly_rtmp_session_feed (GstArclyRtmpSession *session,
    const guint8 *data, gsize size, GError **error);

/**
 * gst_arcly_rtmp_session_next_event:
 * @session: a session
 * @event: (out) (transfer full) (nullable): the next event, or %NULL if the
 *     session needs more bytes, a decision, or is closed
 * @error: return location for a #GError
 *
 * Reads on in the input. Replies to the peer collect for take_output().
 *
 * Returns: %FALSE if the peer broke the protocol or a limit; @error says what
 *     was wrong. The session is then closed, and each further call gives the
 *     same error
 */
gboolean gst_arcly_rtmp_session_next_event (
    GstArclyRtmpSession *session, GstArclyRtmpEvent **event, GError **error);

/* How many of its windows the peer has sent since the last acknowledgement;
 * from 1 on it is due (RTMP 1.0, 5.4.3). The owner chooses the moment. */
guint gst_arcly_rtmp_session_get_windows (const GstArclyRtmpSession *session);

/* Acknowledges all that came; nothing if that is less than a window. */
void gst_arcly_rtmp_session_acknowledge (GstArclyRtmpSession *session);

/**
 * gst_arcly_rtmp_session_take_output:
 * @session: a session
 *
 * All bytes for the peer since the last call, for one write. A peer decides
 * how often we answer: an owner whose peer does not read must bound what it
 * has not sent yet.
 *
 * Returns: (transfer full) (nullable): the bytes, or %NULL if there are none
 */
GBytes *gst_arcly_rtmp_session_take_output (GstArclyRtmpSession *session);

/* Decisions. Each returns FALSE, and does nothing, if nothing of the kind is
 * asked (any more): the peer may have gone on. */

gboolean gst_arcly_rtmp_session_accept_connect (GstArclyRtmpSession *session);

/* Answers _error and closes. @code e.g. GST_ARCLY_RTMP_CODE_CONNECT_REJECTED;
 * @description is for the user of the client. */
gboolean gst_arcly_rtmp_session_refuse_connect (
    GstArclyRtmpSession *session, const gchar *code, const gchar *description);

/* Answers StreamBegin, onFCPublish and NetStream.Publish.Start. */
gboolean gst_arcly_rtmp_session_accept_publish (
    GstArclyRtmpSession *session, guint32 stream_id);

/* Answers a publish or play with onStatus of level error. The connection stays
 * open, and the client may try again; to end it as well, call close(). */
gboolean gst_arcly_rtmp_session_refuse_stream (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *code, const gchar *description);

/* Ends an accepted publication from our side, with onStatus of @level
 * ("status" or "error"). No UNPUBLISH follows; later media of the stream is
 * dropped. */
gboolean gst_arcly_rtmp_session_end_publish (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description);

/* Answers StreamBegin, NetStream.Play.Reset and NetStream.Play.Start. Messages
 * of the stream may follow what take_output() then gives, whole and in chunks
 * of GST_ARCLY_RTMP_CHUNK_SIZE_OUT. */
gboolean gst_arcly_rtmp_session_accept_play (
    GstArclyRtmpSession *session, guint32 stream_id);

/* Ends an accepted play from our side. Without a @code because the stream has
 * ended: StreamEOF, NetStream.Play.UnpublishNotify and NetStream.Play.Stop;
 * with one, onStatus of level error. No STOP follows. */
gboolean gst_arcly_rtmp_session_end_play (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *code, const gchar *description);

/* Tells an accepted player something by onStatus of @level ("status" or
 * "warning"). It plays on. */
gboolean gst_arcly_rtmp_session_tell_play (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description);

/* Ends the session. With a @code, a connected peer is first told by onStatus
 * of level error; NULL closes without a word. */
void gst_arcly_rtmp_session_close (
    GstArclyRtmpSession *session, const gchar *code, const gchar *description);

/* Asks for a PONG event with @time, any number (RTMP 1.0, 7.1.7). FALSE
 * before the peer is connected. */
gboolean gst_arcly_rtmp_session_ping (
    GstArclyRtmpSession *session, guint32 time);

GstArclyRtmpState gst_arcly_rtmp_session_get_state (
    const GstArclyRtmpSession *session);
const gchar *gst_arcly_rtmp_state_name (GstArclyRtmpState state);
GstArclyRtmpStreamState gst_arcly_rtmp_session_get_stream_state (
    const GstArclyRtmpSession *session, guint32 stream_id);
const gchar *gst_arcly_rtmp_stream_state_name (GstArclyRtmpStreamState state);

/* TRUE while a decision is awaited. */
gboolean gst_arcly_rtmp_session_is_held (const GstArclyRtmpSession *session);

/* What the peer said in connect that it takes; zeros before. */
const GstArclyRtmpCapabilities *gst_arcly_rtmp_session_get_capabilities (
    const GstArclyRtmpSession *session);

void gst_arcly_rtmp_session_get_stats (
    const GstArclyRtmpSession *session, GstArclyRtmpSessionStats *stats);

G_END_DECLS
