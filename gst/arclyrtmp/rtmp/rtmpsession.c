/* SPDX-License-Identifier: MIT */
#include "rtmpsessionprivate.h"

/* Sent to each client; that of other servers. */
#define WINDOW_SIZE 2500000

/* Consumed input is given back once it is that long; so is the room for it, or
 * each of a thousand idle clients would keep what it once needed. */
#define COMPACT_SIZE 65536
#define KEPT_ROOM 8192

#define STATE(name) (1u << GST_ARCLY_RTMP_STATE_##name)
#define STREAM(name) (1u << GST_ARCLY_RTMP_STREAM_##name)

const GstArclyRtmpLimits gst_arcly_rtmp_default_limits = {
  .max_message_size = 8 * 1024 * 1024,
  .max_amf_size = 256 * 1024,
  .max_partial_bytes = 12 * 1024 * 1024,
  .max_chunk_streams = 64,
  .max_streams = 16,
  .max_held_bytes = 1024 * 1024,
  .amf = { .max_depth = 16, .max_values = 1024 },
};

/* What may follow each state. CLOSED is final: a session is never reused. */
static const guint allowed_next[GST_ARCLY_RTMP_N_STATES] = {
  [GST_ARCLY_RTMP_STATE_HANDSHAKE] = STATE (OPEN) | STATE (CLOSED),
  [GST_ARCLY_RTMP_STATE_OPEN] = STATE (CONNECTING) | STATE (CLOSED),
  [GST_ARCLY_RTMP_STATE_CONNECTING] = STATE (CONNECTED) | STATE (CLOSED),
  [GST_ARCLY_RTMP_STATE_CONNECTED] = STATE (CLOSED),
};

static const guint allowed_next_stream[GST_ARCLY_RTMP_N_STREAM_STATES] = {
  [GST_ARCLY_RTMP_STREAM_NONE] = STREAM (IDLE),
  [GST_ARCLY_RTMP_STREAM_IDLE] = STREAM (PUBLISH_ASKED) | STREAM (PLAY_ASKED),
  [GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED] = STREAM (IDLE) | STREAM (PUBLISHING),
  [GST_ARCLY_RTMP_STREAM_PUBLISHING] = STREAM (IDLE),
  [GST_ARCLY_RTMP_STREAM_PLAY_ASKED] = STREAM (IDLE) | STREAM (PLAYING),
  [GST_ARCLY_RTMP_STREAM_PLAYING] = STREAM (IDLE),
};

void
gst_arcly_rtmp_session_enter (
    GstArclyRtmpSession *session, GstArclyRtmpState next)
{
  g_assert (allowed_next[session->state] & (1u << next));
  session->state = next;
}

void
gst_arcly_rtmp_session_enter_stream (GstArclyRtmpSession *session,
    GstArclyRtmpMessageStream *stream, GstArclyRtmpStreamState next)
{
  g_assert (allowed_next_stream[stream->state] & (1u << next));
  stream->state = next;
  if (next == GST_ARCLY_RTMP_STREAM_IDLE) {
    g_clear_pointer (&stream->name, g_free);
    g_clear_pointer (&stream->query, g_free);
  }
  if (next == GST_ARCLY_RTMP_STREAM_PUBLISHING)
    gst_arcly_unwrap_init (&stream->clock, 32);
}

static void
message_stream_free (gpointer data)
{
  GstArclyRtmpMessageStream *stream = data;

  g_free (stream->name);
  g_free (stream->query);
  g_free (stream);
}

GstArclyRtmpSession *
gst_arcly_rtmp_session_new (
    const GstArclyRtmpLimits *limits, const guint8 *random)
{
  GstArclyRtmpSession *session = g_new0 (GstArclyRtmpSession, 1);
  GstArclyRtmpChunkLimits chunk_limits = { 0 };

  session->limits = limits ? *limits : gst_arcly_rtmp_default_limits;
  chunk_limits.max_media_size = session->limits.max_message_size;
  chunk_limits.max_other_size = session->limits.max_amf_size;
  chunk_limits.max_partial_bytes = session->limits.max_partial_bytes;
  chunk_limits.max_chunk_streams = session->limits.max_chunk_streams;

  session->state = GST_ARCLY_RTMP_STATE_HANDSHAKE;
  session->input = g_byte_array_new ();
  session->output = g_byte_array_new ();
  g_queue_init (&session->events);
  session->handshake = g_new (GstArclyRtmpHandshake, 1);
  gst_arcly_rtmp_handshake_init (session->handshake, random);
  session->reader = gst_arcly_rtmp_chunk_reader_new (&chunk_limits);
  session->replies.out = session->output;
  session->replies.chunk_size = GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE;
  session->window = WINDOW_SIZE;
  session->streams =
      g_hash_table_new_full (NULL, NULL, NULL, message_stream_free);
  return session;
}

void
gst_arcly_rtmp_session_free (GstArclyRtmpSession *session)
{
  g_clear_error (&session->error);
  g_byte_array_unref (session->input);
  g_byte_array_unref (session->output);
  g_queue_clear_full (
      &session->events, (GDestroyNotify) gst_arcly_rtmp_event_free);
  g_free (session->handshake);
  gst_arcly_rtmp_chunk_reader_free (session->reader);
  g_free (session->app);
  g_hash_table_unref (session->streams);
  g_free (session);
}

GstArclyRtmpMessageStream *
gst_arcly_rtmp_session_find (
    const GstArclyRtmpSession *session, guint32 stream_id)
{
  return g_hash_table_lookup (session->streams, GUINT_TO_POINTER (stream_id));
}

GstArclyRtmpEvent *
gst_arcly_rtmp_session_queue (
    GstArclyRtmpSession *session, GstArclyRtmpEventKind kind, guint32 stream_id)
{
  GstArclyRtmpEvent *event = gst_arcly_rtmp_event_new (kind, stream_id);

  g_queue_push_tail (&session->events, event);
  return event;
}

void
gst_arcly_rtmp_session_warn (GstArclyRtmpSession *session, guint32 stream_id,
    gint code, const gchar *format, ...)
{
  GstArclyRtmpEvent *event = gst_arcly_rtmp_session_queue (
      session, GST_ARCLY_RTMP_EVENT_WARNING, stream_id);
  va_list args;

  va_start (args, format);
  event->warning = g_error_new_valist (GST_ARCLY_ERROR, code, format, args);
  va_end (args);
  session->stats.ignored++;
}

/* Only what is not consumed stays. */
static void
compact_input (GstArclyRtmpSession *session)
{
  GByteArray *input = session->input;
  gsize left = input->len - session->input_pos;

  if (input->len <= KEPT_ROOM) {
    g_byte_array_remove_range (input, 0, session->input_pos);
  } else {
    session->input = g_byte_array_sized_new (left);
    g_byte_array_append (
        session->input, input->data + session->input_pos, left);
    g_byte_array_unref (input);
  }
  session->input_pos = 0;
}

static void
end (GstArclyRtmpSession *session)
{
  if (session->state != GST_ARCLY_RTMP_STATE_CLOSED)
    gst_arcly_rtmp_session_enter (session, GST_ARCLY_RTMP_STATE_CLOSED);
  session->input_pos = session->input->len;
  compact_input (session);
  session->asked = 0;
  g_queue_clear_full (
      &session->events, (GDestroyNotify) gst_arcly_rtmp_event_free);
}

/* Takes @reason. */
static gboolean
fail (GstArclyRtmpSession *session, GError *reason, GError **error)
{
  end (session);
  session->error = reason;
  g_propagate_error (error, g_error_copy (reason));
  return FALSE;
}

/* Input and output */

gboolean
gst_arcly_rtmp_session_feed (GstArclyRtmpSession *session, const guint8 *data,
    gsize size, GError **error)
{
  gsize left = session->input->len - session->input_pos;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  if (session->state == GST_ARCLY_RTMP_STATE_CLOSED || size == 0)
    return TRUE;
  if (gst_arcly_rtmp_session_is_held (session) &&
      size > session->limits.max_held_bytes -
                 MIN (left, session->limits.max_held_bytes))
    return fail (session,
        g_error_new (GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
            "more than %" G_GSIZE_FORMAT " bytes while a decision is awaited",
            session->limits.max_held_bytes),
        error);
  g_byte_array_append (session->input, data, size);
  return TRUE;
}

static void
consume (GstArclyRtmpSession *session, gsize n)
{
  session->input_pos += n;
  session->stats.bytes_in += n;
  if (session->input_pos == session->input->len ||
      session->input_pos >= COMPACT_SIZE)
    compact_input (session);
}

static gboolean
read_handshake (GstArclyRtmpSession *session, GError **error)
{
  gsize consumed = 0;
  gboolean ok = gst_arcly_rtmp_handshake_feed (session->handshake,
      session->input->data + session->input_pos,
      session->input->len - session->input_pos, &consumed, session->output,
      error);

  consume (session, consumed);
  if (!ok || session->handshake->step != GST_ARCLY_RTMP_HANDSHAKE_DONE)
    return ok;
  g_clear_pointer (&session->handshake, g_free);
  gst_arcly_rtmp_session_enter (session, GST_ARCLY_RTMP_STATE_OPEN);
  return TRUE;
}

static gboolean
read_message (GstArclyRtmpSession *session, GError **error)
{
  g_auto (GstArclyRtmpMessage) message = { 0 };
  gsize consumed = 0;
  gboolean ok = gst_arcly_rtmp_chunk_reader_read (session->reader,
      session->input->data + session->input_pos,
      session->input->len - session->input_pos, &consumed, &message, error);

  consume (session, consumed);
  if (!ok)
    return FALSE;
  return message.payload == NULL ||
         gst_arcly_rtmp_session_message (session, &message, error);
}

static gboolean
may_read (const GstArclyRtmpSession *session)
{
  return session->state != GST_ARCLY_RTMP_STATE_CLOSED &&
         session->input->len > session->input_pos &&
         !gst_arcly_rtmp_session_is_held (session);
}

gboolean
gst_arcly_rtmp_session_next_event (
    GstArclyRtmpSession *session, GstArclyRtmpEvent **event, GError **error)
{
  GError *reason = NULL;
  guint64 before = G_MAXUINT64;

  g_return_val_if_fail (event != NULL, FALSE);

  *event = NULL;
  if (session->error) {
    g_propagate_error (error, g_error_copy (session->error));
    return FALSE;
  }
  while (g_queue_is_empty (&session->events) && may_read (session) &&
         before != session->stats.bytes_in) {
    gboolean ok = FALSE;

    before = session->stats.bytes_in;
    if (session->state == GST_ARCLY_RTMP_STATE_HANDSHAKE)
      ok = read_handshake (session, &reason);
    else
      ok = read_message (session, &reason);
    if (!ok)
      return fail (session, reason, error);
  }
  *event = g_queue_pop_head (&session->events);
  return TRUE;
}

guint
gst_arcly_rtmp_session_get_windows (const GstArclyRtmpSession *session)
{
  guint64 bytes = session->stats.bytes_in - session->acknowledged;

  if (session->handshake || session->state == GST_ARCLY_RTMP_STATE_CLOSED)
    return 0;
  return MIN (bytes / session->window, G_MAXUINT);
}

void
gst_arcly_rtmp_session_acknowledge (GstArclyRtmpSession *session)
{
  if (gst_arcly_rtmp_session_get_windows (session) == 0)
    return;
  session->acknowledged = session->stats.bytes_in;
  gst_arcly_rtmp_reply_acknowledgement (
      &session->replies, (guint32) session->acknowledged);
}

GBytes *
gst_arcly_rtmp_session_take_output (GstArclyRtmpSession *session)
{
  GByteArray *output = session->output;

  if (output->len == 0)
    return NULL;
  session->stats.bytes_out += output->len;
  session->output = session->replies.out = g_byte_array_new ();
  return g_byte_array_free_to_bytes (output);
}

/* Decisions */

gboolean
gst_arcly_rtmp_session_accept_connect (GstArclyRtmpSession *session)
{
  GstArclyRtmpReplies *replies = &session->replies;

  if (session->state != GST_ARCLY_RTMP_STATE_CONNECTING)
    return FALSE;
  gst_arcly_rtmp_session_enter (session, GST_ARCLY_RTMP_STATE_CONNECTED);
  gst_arcly_rtmp_reply_window_ack_size (replies, WINDOW_SIZE);
  gst_arcly_rtmp_reply_set_peer_bandwidth (replies, WINDOW_SIZE);
  gst_arcly_rtmp_reply_set_chunk_size (replies, GST_ARCLY_RTMP_CHUNK_SIZE_OUT);
  gst_arcly_rtmp_reply_user_control (replies, GST_ARCLY_RTMP_STREAM_BEGIN, 0);
  gst_arcly_rtmp_reply_connected (
      replies, session->connect_transaction, session->capabilities.enhanced);
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_refuse_connect (
    GstArclyRtmpSession *session, const gchar *code, const gchar *description)
{
  if (session->state != GST_ARCLY_RTMP_STATE_CONNECTING)
    return FALSE;
  gst_arcly_rtmp_reply_error (
      &session->replies, session->connect_transaction, code, description);
  end (session);
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_accept_publish (
    GstArclyRtmpSession *session, guint32 stream_id)
{
  GstArclyRtmpReplies *replies = &session->replies;
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  if (session->asked == 0 || session->asked != stream_id ||
      stream->state != GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED)
    return FALSE;
  session->asked = 0;
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_PUBLISHING);
  gst_arcly_rtmp_reply_user_control (
      replies, GST_ARCLY_RTMP_STREAM_BEGIN, stream_id);
  gst_arcly_rtmp_reply_status (replies, "onFCPublish", 0, "status",
      "NetStream.Publish.Start", stream->name);
  gst_arcly_rtmp_reply_status (replies, "onStatus", stream_id, "status",
      "NetStream.Publish.Start", "Publishing.");
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_refuse_stream (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *code, const gchar *description)
{
  if (session->asked == 0 || session->asked != stream_id)
    return FALSE;
  session->asked = 0;
  gst_arcly_rtmp_session_enter_stream (session,
      gst_arcly_rtmp_session_find (session, stream_id),
      GST_ARCLY_RTMP_STREAM_IDLE);
  gst_arcly_rtmp_reply_status (
      &session->replies, "onStatus", stream_id, "error", code, description);
  return TRUE;
}

gboolean
gst_arcly_rtmp_session_end_publish (GstArclyRtmpSession *session,
    guint32 stream_id, const gchar *level, const gchar *code,
    const gchar *description)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  if (session->state == GST_ARCLY_RTMP_STATE_CLOSED || !stream ||
      stream->state != GST_ARCLY_RTMP_STREAM_PUBLISHING)
    return FALSE;
  gst_arcly_rtmp_session_enter_stream (
      session, stream, GST_ARCLY_RTMP_STREAM_IDLE);
  gst_arcly_rtmp_reply_status (
      &session->replies, "onStatus", stream_id, level, code, description);
  return TRUE;
}

/* Clients show a status only of a stream they use, so tell each. */
static void
tell_end (
    GstArclyRtmpSession *session, const gchar *code, const gchar *description)
{
  GHashTableIter iter;
  gpointer value = NULL;
  guint told = 0;

  g_hash_table_iter_init (&iter, session->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const GstArclyRtmpMessageStream *stream = value;

    if (stream->state == GST_ARCLY_RTMP_STREAM_IDLE)
      continue;
    gst_arcly_rtmp_reply_status (
        &session->replies, "onStatus", stream->id, "error", code, description);
    told++;
  }
  if (told == 0)
    gst_arcly_rtmp_reply_status (
        &session->replies, "onStatus", 0, "error", code, description);
}

void
gst_arcly_rtmp_session_close (
    GstArclyRtmpSession *session, const gchar *code, const gchar *description)
{
  if (session->state == GST_ARCLY_RTMP_STATE_CLOSED)
    return;
  if (code && session->state == GST_ARCLY_RTMP_STATE_CONNECTED)
    tell_end (session, code, description);
  end (session);
}

gboolean
gst_arcly_rtmp_session_ping (GstArclyRtmpSession *session, guint32 time)
{
  if (session->state != GST_ARCLY_RTMP_STATE_CONNECTED)
    return FALSE;
  gst_arcly_rtmp_reply_user_control (
      &session->replies, GST_ARCLY_RTMP_PING_REQUEST, time);
  return TRUE;
}

/* Getters */

GstArclyRtmpState
gst_arcly_rtmp_session_get_state (const GstArclyRtmpSession *session)
{
  return session->state;
}

const gchar *
gst_arcly_rtmp_state_name (GstArclyRtmpState state)
{
  static const gchar *const names[GST_ARCLY_RTMP_N_STATES] = {
    [GST_ARCLY_RTMP_STATE_HANDSHAKE] = "handshake",
    [GST_ARCLY_RTMP_STATE_OPEN] = "open",
    [GST_ARCLY_RTMP_STATE_CONNECTING] = "connecting",
    [GST_ARCLY_RTMP_STATE_CONNECTED] = "connected",
    [GST_ARCLY_RTMP_STATE_CLOSED] = "closed",
  };

  return names[state];
}

GstArclyRtmpStreamState
gst_arcly_rtmp_session_get_stream_state (
    const GstArclyRtmpSession *session, guint32 stream_id)
{
  const GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  return stream ? stream->state : GST_ARCLY_RTMP_STREAM_NONE;
}

const gchar *
gst_arcly_rtmp_stream_state_name (GstArclyRtmpStreamState state)
{
  static const gchar *const names[GST_ARCLY_RTMP_N_STREAM_STATES] = {
    [GST_ARCLY_RTMP_STREAM_NONE] = "none",
    [GST_ARCLY_RTMP_STREAM_IDLE] = "idle",
    [GST_ARCLY_RTMP_STREAM_PUBLISH_ASKED] = "publish asked",
    [GST_ARCLY_RTMP_STREAM_PUBLISHING] = "publishing",
    [GST_ARCLY_RTMP_STREAM_PLAY_ASKED] = "play asked",
    [GST_ARCLY_RTMP_STREAM_PLAYING] = "playing",
  };

  return names[state];
}

gboolean
gst_arcly_rtmp_session_is_held (const GstArclyRtmpSession *session)
{
  return session->state == GST_ARCLY_RTMP_STATE_CONNECTING ||
         session->asked != 0;
}

const GstArclyRtmpCapabilities *
gst_arcly_rtmp_session_get_capabilities (const GstArclyRtmpSession *session)
{
  return &session->capabilities;
}

void
gst_arcly_rtmp_session_get_stats (
    const GstArclyRtmpSession *session, GstArclyRtmpSessionStats *stats)
{
  *stats = session->stats;
  stats->chunk_size_in =
      gst_arcly_rtmp_chunk_reader_get_chunk_size (session->reader);
  stats->chunk_size_out = session->replies.chunk_size;
}
