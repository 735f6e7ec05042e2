/* SPDX-License-Identifier: MIT */
#include "rtmpsessionprivate.h"

#include <string.h>

#include <gst/arcly/codec/gstarclycursor.h>

/* Each part of an aggregate of nothing but parts is an event that waits for its
 * reader. Encoders put in a few. */
#define MAX_PARTS 1024u

/* Media and data */

/* RTMP 1.0, 7.1.2 and 7.1.3. Data does not move the clock: some encoders stamp
 * all of it with 0, and that is not a step back by hours. */
static gint64
unwrap (GstArclyRtmpMessageStream *stream, const GstArclyRtmpMessage *message)
{
  GstArclyUnwrap copy = stream->clock;
  gboolean data = message->type != GST_ARCLY_RTMP_AUDIO_MESSAGE &&
                  message->type != GST_ARCLY_RTMP_VIDEO_MESSAGE;

  return gst_arcly_unwrap_next (
      data ? &copy : &stream->clock, message->timestamp);
}

static GstArclyRtmpMessageStream *
find_publishing (GstArclyRtmpSession *session, guint32 stream_id)
{
  GstArclyRtmpMessageStream *stream =
      gst_arcly_rtmp_session_find (session, stream_id);

  if (stream && stream->state == GST_ARCLY_RTMP_STREAM_PUBLISHING)
    return stream;
  gst_arcly_rtmp_session_warn (session, stream_id, GST_ARCLY_ERROR_INVALID,
      "media for a stream that is not published");
  return NULL;
}

static void
give_media (GstArclyRtmpSession *session, GstArclyRtmpMediaKind kind,
    const GstArclyRtmpMessage *message, GBytes *payload)
{
  GstArclyRtmpMessageStream *stream =
      find_publishing (session, message->stream_id);
  GstArclyRtmpEvent *event = NULL;

  if (!stream)
    return;
  event = gst_arcly_rtmp_session_queue (
      session, GST_ARCLY_RTMP_EVENT_MEDIA, stream->id);
  event->media.kind = kind;
  event->media.timestamp = unwrap (stream, message);
  event->media.payload = g_bytes_ref (payload);
  session->stats.media_in++;
}

static void
give_metadata (GstArclyRtmpSession *session, const GstArclyRtmpMessage *message,
    GBytes *payload, GPtrArray *values)
{
  GstArclyRtmpMessageStream *stream =
      find_publishing (session, message->stream_id);
  GstArclyRtmpEvent *event = NULL;

  if (!stream)
    return;
  event = gst_arcly_rtmp_session_queue (
      session, GST_ARCLY_RTMP_EVENT_METADATA, stream->id);
  event->metadata.timestamp = unwrap (stream, message);
  event->metadata.values = g_ptr_array_steal_index (values, 1);
  event->metadata.payload = g_bytes_ref (payload);
  session->stats.media_in++;
}

/* The message without the "@setDataFrame" by which encoders ask a server to
 * keep it, and without the 0 that opens AMF3 messages. */
static GBytes *
strip_data (const GstArclyRtmpMessage *message)
{
  static const guint8 prefix[] = "\x02\x00\x0d@setDataFrame";
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  gsize skip = 0;

  if (message->type == GST_ARCLY_RTMP_DATA_AMF3 && size > 0 && data[0] == 0)
    skip = 1;
  if (size - skip >= sizeof prefix - 1 &&
      memcmp (data + skip, prefix, sizeof prefix - 1) == 0)
    skip += sizeof prefix - 1;
  return g_bytes_new_from_bytes (message->payload, skip, size - skip);
}

static gboolean
has_members (const GPtrArray *values)
{
  GstArclyAmfType type = GST_ARCLY_AMF_NULL;

  if (values->len < 2)
    return FALSE;
  type = gst_arcly_amf_value_type (g_ptr_array_index (values, 1));
  return type == GST_ARCLY_AMF_OBJECT || type == GST_ARCLY_AMF_ECMA_ARRAY;
}

static void
handle_data (GstArclyRtmpSession *session, const GstArclyRtmpMessage *message)
{
  g_autoptr (GBytes) payload = strip_data (message);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (payload, &size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values =
      gst_arcly_amf_read (data, size, &session->limits.amf, &error);
  const gchar *name = NULL;

  if (!values) {
    gst_arcly_rtmp_session_warn (session, message->stream_id, error->code,
        "data message: %s", error->message);
    return;
  }
  if (values->len > 0)
    name = gst_arcly_amf_value_string (g_ptr_array_index (values, 0));
  if (!name) {
    gst_arcly_rtmp_session_warn (session, message->stream_id,
        GST_ARCLY_ERROR_INVALID, "data message without a name");
    return;
  }
  if (strcmp (name, "onMetaData") != 0) {
    give_media (session, GST_ARCLY_RTMP_DATA, message, payload);
    return;
  }
  if (!has_members (values)) {
    gst_arcly_rtmp_session_warn (session, message->stream_id,
        GST_ARCLY_ERROR_INVALID, "onMetaData without members");
    return;
  }
  give_metadata (session, message, payload, values);
}

/* RTMP 1.0, 7.1.6. An aggregate is a run of FLV tags, each with its size once
 * more behind it. Their times are on a clock of their own, whose first one is
 * the time of the message. */

typedef struct {
  guint8 type;
  guint32 timestamp;
  gsize offset;
  gsize size;
} Part;

/* FALSE at the end, or with @error. */
static gboolean
next_part (GstArclyCursor *cursor, Part *part, GError **error)
{
  if (gst_arcly_cursor_left (cursor) == 0)
    return FALSE;
  part->type = gst_arcly_cursor_u8 (cursor);
  part->size = gst_arcly_cursor_u24be (cursor);
  part->timestamp = gst_arcly_cursor_u24be (cursor);
  part->timestamp |= (guint32) gst_arcly_cursor_u8 (cursor) << 24;
  gst_arcly_cursor_u24be (cursor); /* its stream is the aggregate's */
  part->offset = cursor->pos;
  gst_arcly_cursor_skip (cursor, part->size);
  if (!cursor->overrun) {
    /* Some writers leave the last back pointer out. */
    if (gst_arcly_cursor_left (cursor) > 0)
      gst_arcly_cursor_u32be (cursor);
  }
  if (!cursor->overrun)
    return TRUE;
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
      "aggregate message ends within a part");
  return FALSE;
}

/* Commands and control messages have no business here, nor have aggregates. */
static gboolean
may_be_part (guint8 type)
{
  return type == GST_ARCLY_RTMP_AUDIO_MESSAGE ||
         type == GST_ARCLY_RTMP_VIDEO_MESSAGE ||
         type == GST_ARCLY_RTMP_DATA_AMF0 || type == GST_ARCLY_RTMP_DATA_AMF3;
}

static void
handle_aggregate (
    GstArclyRtmpSession *session, const GstArclyRtmpMessage *message)
{
  g_autoptr (GError) error = NULL;
  GstArclyCursor cursor;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  guint32 first = 0;
  guint n;
  Part part;

  gst_arcly_cursor_init (&cursor, data, size);
  for (n = 0; n < MAX_PARTS && next_part (&cursor, &part, &error); n++) {
    g_auto (GstArclyRtmpMessage) inner = *message;

    inner.payload =
        g_bytes_new_from_bytes (message->payload, part.offset, part.size);
    inner.type = part.type;
    if (n == 0)
      first = part.timestamp;
    inner.timestamp = message->timestamp + part.timestamp - first;
    if (may_be_part (part.type))
      gst_arcly_rtmp_session_message (session, &inner, NULL);
    else
      gst_arcly_rtmp_session_warn (session, message->stream_id,
          GST_ARCLY_ERROR_INVALID, "message of type %u in an aggregate",
          part.type);
  }
  if (error)
    gst_arcly_rtmp_session_warn (
        session, message->stream_id, error->code, "%s", error->message);
  else if (n == MAX_PARTS && gst_arcly_cursor_left (&cursor) > 0)
    gst_arcly_rtmp_session_warn (session, message->stream_id,
        GST_ARCLY_ERROR_LIMIT, "more than %u parts in an aggregate", MAX_PARTS);
}

/* Control messages */

/* RTMP 1.0, 7.1.7. */
static void
handle_user_control (
    GstArclyRtmpSession *session, const GstArclyRtmpMessage *message)
{
  GstArclyCursor cursor;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  guint16 type = 0;
  guint32 value = 0;

  gst_arcly_cursor_init (&cursor, data, size);
  type = gst_arcly_cursor_u16be (&cursor);
  value = gst_arcly_cursor_u32be (&cursor);
  if (cursor.overrun) {
    gst_arcly_rtmp_session_warn (session, 0, GST_ARCLY_ERROR_TRUNCATED,
        "user control message has %" G_GSIZE_FORMAT " bytes", size);
    return;
  }
  if (type == GST_ARCLY_RTMP_PING_REQUEST)
    gst_arcly_rtmp_reply_user_control (
        &session->replies, GST_ARCLY_RTMP_PING_RESPONSE, value);
  if (type == GST_ARCLY_RTMP_PING_RESPONSE)
    gst_arcly_rtmp_session_queue (session, GST_ARCLY_RTMP_EVENT_PONG, 0)->pong =
        value;
}

/* RTMP 1.0, 5.4.3 and 5.4.4. A window of a few bytes would make us answer each
 * of the peer's with 16 of ours. */
static void
handle_u32 (GstArclyRtmpSession *session, const GstArclyRtmpMessage *message)
{
  GstArclyCursor cursor;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  guint32 value = 0;

  gst_arcly_cursor_init (&cursor, data, size);
  value = gst_arcly_cursor_u32be (&cursor);
  if (cursor.overrun) {
    gst_arcly_rtmp_session_warn (session, 0, GST_ARCLY_ERROR_TRUNCATED,
        "control message of type %u has %" G_GSIZE_FORMAT " bytes",
        message->type, size);
    return;
  }
  if (message->type == GST_ARCLY_RTMP_ACKNOWLEDGEMENT)
    session->stats.peer_acknowledged = value;
  else
    session->window = MAX (value, GST_ARCLY_RTMP_MIN_WINDOW);
}

static gboolean
handle_command (GstArclyRtmpSession *session,
    const GstArclyRtmpMessage *message, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);

  /* AMF3 commands are AMF0 after a 0. */
  if (message->type == GST_ARCLY_RTMP_COMMAND_AMF3 && size > 0 &&
      data[0] == 0) {
    data++;
    size--;
  }
  return gst_arcly_rtmp_session_command (
      session, message->stream_id, data, size, error);
}

gboolean
gst_arcly_rtmp_session_message (GstArclyRtmpSession *session,
    const GstArclyRtmpMessage *message, GError **error)
{
  session->stats.messages_in++;
  switch (message->type) {
    case GST_ARCLY_RTMP_SET_CHUNK_SIZE: /* The reader obeyed. */
    case GST_ARCLY_RTMP_ABORT:
    case GST_ARCLY_RTMP_SET_PEER_BANDWIDTH: /* We send too little to care. */
      return TRUE;
    case GST_ARCLY_RTMP_ACKNOWLEDGEMENT:
    case GST_ARCLY_RTMP_WINDOW_ACK_SIZE:
      handle_u32 (session, message);
      return TRUE;
    case GST_ARCLY_RTMP_USER_CONTROL:
      handle_user_control (session, message);
      return TRUE;
    case GST_ARCLY_RTMP_AUDIO_MESSAGE:
      give_media (session, GST_ARCLY_RTMP_AUDIO, message, message->payload);
      return TRUE;
    case GST_ARCLY_RTMP_VIDEO_MESSAGE:
      give_media (session, GST_ARCLY_RTMP_VIDEO, message, message->payload);
      return TRUE;
    case GST_ARCLY_RTMP_DATA_AMF0:
    case GST_ARCLY_RTMP_DATA_AMF3:
      handle_data (session, message);
      return TRUE;
    case GST_ARCLY_RTMP_AGGREGATE:
      handle_aggregate (session, message);
      return TRUE;
    case GST_ARCLY_RTMP_COMMAND_AMF0:
    case GST_ARCLY_RTMP_COMMAND_AMF3:
      return handle_command (session, message, error);
  }
  gst_arcly_rtmp_session_warn (session, message->stream_id,
      GST_ARCLY_ERROR_UNSUPPORTED, "message of type %u", message->type);
  return TRUE;
}
