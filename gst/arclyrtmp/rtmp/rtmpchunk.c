/* SPDX-License-Identifier: MIT */
#include "rtmpchunk.h"

#include <string.h>

#include <gst/arcly/codec/gstarclycursor.h>

/* In the 24-bit field: the timestamp follows in 32 bits (RTMP 1.0, 5.3.1.3). */
#define EXTENDED 0xffffff

/* First allocation for a payload, whatever length was announced; it doubles as
 * bytes come. A peer may open 64 chunk streams with one byte each. */
#define FIRST_ALLOCATION 512

/* Chunk message header types, RTMP 1.0, 5.3.1.2. */
typedef enum {
  HEADER_FULL = 0,
  HEADER_SAME_STREAM = 1,
  HEADER_SAME_LENGTH = 2,
  HEADER_NONE = 3,
} HeaderType;

typedef struct {
  guint32 id;

  /* From the last header. */
  guint32 timestamp; /* of the present or last message */
  guint32 field;     /* timestamp or delta as it was sent, extended or not */
  gboolean extended;
  guint32 length;
  guint8 type;
  guint32 stream_id;

  /* The message under way. */
  gboolean partial;
  guint8 *data;
  gsize filled;
  gsize allocated;
} ChunkStream;

struct _GstArclyRtmpChunkReader {
  GstArclyRtmpChunkLimits limits;
  guint32 chunk_size;
  gsize partial_bytes;
  GHashTable *streams; /* (element-type guint ChunkStream), owned */

  /* The chunk under way, and what is missing of it. NULL between chunks. */
  ChunkStream *current;
  gsize chunk_left;
};

typedef enum {
  HEADER_READ,
  HEADER_INCOMPLETE,
  HEADER_INVALID,
} HeaderResult;

void
gst_arcly_rtmp_message_clear (GstArclyRtmpMessage *message)
{
  g_clear_pointer (&message->payload, g_bytes_unref);
}

static void
chunk_stream_free (gpointer data)
{
  ChunkStream *stream = data;

  g_free (stream->data);
  g_free (stream);
}

GstArclyRtmpChunkReader *
gst_arcly_rtmp_chunk_reader_new (const GstArclyRtmpChunkLimits *limits)
{
  GstArclyRtmpChunkReader *reader = g_new0 (GstArclyRtmpChunkReader, 1);

  reader->limits = *limits;
  reader->chunk_size = GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE;
  reader->streams = g_hash_table_new_full (NULL, NULL, NULL, chunk_stream_free);
  return reader;
}

void
gst_arcly_rtmp_chunk_reader_free (GstArclyRtmpChunkReader *reader)
{
  g_hash_table_unref (reader->streams);
  g_free (reader);
}

guint32
gst_arcly_rtmp_chunk_reader_get_chunk_size (
    const GstArclyRtmpChunkReader *reader)
{
  return reader->chunk_size;
}

gsize
gst_arcly_rtmp_chunk_reader_get_partial_bytes (
    const GstArclyRtmpChunkReader *reader)
{
  return reader->partial_bytes;
}

static gboolean
is_media (guint8 type)
{
  return type == GST_ARCLY_RTMP_AUDIO_MESSAGE ||
         type == GST_ARCLY_RTMP_VIDEO_MESSAGE ||
         type == GST_ARCLY_RTMP_AGGREGATE;
}

/* RTMP 1.0, 5.3.1.1: ids 2 to 63 in one byte, to 319 in two, to 65599 in
 * three. */
static guint32
read_basic_header (GstArclyCursor *cursor, HeaderType *header)
{
  guint8 first = gst_arcly_cursor_u8 (cursor);
  guint32 id = first & 0x3f;

  *header = first >> 6;
  if (id == 0)
    return 64 + gst_arcly_cursor_u8 (cursor);
  if (id == 1) {
    id = 64 + gst_arcly_cursor_u8 (cursor);
    return id + 256 * (guint32) gst_arcly_cursor_u8 (cursor);
  }
  return id;
}

/* The stream's state; zeros for one that was never used. */
static gboolean
look_up_stream (GstArclyRtmpChunkReader *reader, guint32 id, ChunkStream *found,
    GError **error)
{
  const ChunkStream *stream =
      g_hash_table_lookup (reader->streams, GUINT_TO_POINTER (id));

  if (stream) {
    *found = *stream;
    return TRUE;
  }
  if (g_hash_table_size (reader->streams) >= reader->limits.max_chunk_streams) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "more than %u chunk streams", reader->limits.max_chunk_streams);
    return FALSE;
  }
  memset (found, 0, sizeof *found);
  return TRUE;
}

/* Type 1 may open a chunk stream: librtmp does so for its pings. */
static gboolean
check_header_type (
    const ChunkStream *stream, HeaderType header, guint32 id, GError **error)
{
  if (stream->partial && header != HEADER_NONE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "chunk stream %u: header of type %d within a message", id, header);
    return FALSE;
  }
  if (stream->id == 0 && header >= HEADER_SAME_LENGTH) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "chunk stream %u starts with a header of type %d", id, header);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_length (const GstArclyRtmpChunkReader *reader, const ChunkStream *stream,
    GError **error)
{
  guint32 max = is_media (stream->type) ? reader->limits.max_media_size
                                        : reader->limits.max_other_size;

  if (stream->length <= max)
    return TRUE;
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
      "message of type %u has %u bytes, more than %u", stream->type,
      stream->length, max);
  return FALSE;
}

/* The extended timestamp of a type 3 chunk. RTMP 1.0, 5.3.1.3 repeats it; old
 * versions of librtmp and others do not. What does not equal the field is
 * payload. */
static HeaderResult
read_repeated_timestamp (GstArclyCursor *cursor, const ChunkStream *stream)
{
  const guint8 expected[4] = { stream->field >> 24, stream->field >> 16,
    stream->field >> 8, stream->field };
  gsize left = gst_arcly_cursor_left (cursor);

  if (memcmp (cursor->data + cursor->pos, expected, MIN (left, 4)) != 0)
    return HEADER_READ;
  return gst_arcly_cursor_skip (cursor, 4) ? HEADER_READ : HEADER_INCOMPLETE;
}

/* RTMP 1.0, 5.3.1.2. */
static HeaderResult
read_message_header (
    GstArclyCursor *cursor, HeaderType header, ChunkStream *stream)
{
  if (header == HEADER_NONE) {
    if (stream->extended)
      return read_repeated_timestamp (cursor, stream);
    return HEADER_READ;
  }

  stream->field = gst_arcly_cursor_u24be (cursor);
  if (header <= HEADER_SAME_STREAM) {
    stream->length = gst_arcly_cursor_u24be (cursor);
    stream->type = gst_arcly_cursor_u8 (cursor);
  }
  if (header == HEADER_FULL)
    stream->stream_id = gst_arcly_cursor_u32le (cursor);
  stream->extended = stream->field == EXTENDED;
  if (stream->extended)
    stream->field = gst_arcly_cursor_u32be (cursor);
  return cursor->overrun ? HEADER_INCOMPLETE : HEADER_READ;
}

/* Type 3 starts a message with the field of the header before: after type 0,
 * too, it is taken for a delta (RTMP 1.0, 5.3.1.2.4; ffmpeg relies on it). */
static void
begin_message (ChunkStream *stream, HeaderType header)
{
  if (header == HEADER_FULL)
    stream->timestamp = stream->field;
  else
    stream->timestamp += stream->field;
  stream->partial = TRUE;
}

/* Changes the reader only if the whole header is there. */
static HeaderResult
read_header (
    GstArclyRtmpChunkReader *reader, GstArclyCursor *cursor, GError **error)
{
  HeaderType header = HEADER_FULL;
  guint32 id = read_basic_header (cursor, &header);
  ChunkStream read;
  ChunkStream *stream = NULL;

  if (cursor->overrun)
    return HEADER_INCOMPLETE;
  if (!look_up_stream (reader, id, &read, error) ||
      !check_header_type (&read, header, id, error))
    return HEADER_INVALID;
  if (read_message_header (cursor, header, &read) == HEADER_INCOMPLETE)
    return HEADER_INCOMPLETE;
  if (!check_length (reader, &read, error))
    return HEADER_INVALID;

  if (!read.partial)
    begin_message (&read, header);
  stream = g_hash_table_lookup (reader->streams, GUINT_TO_POINTER (id));
  if (!stream) {
    stream = g_new (ChunkStream, 1);
    g_hash_table_insert (reader->streams, GUINT_TO_POINTER (id), stream);
  }
  *stream = read;
  stream->id = id;
  reader->current = stream;
  reader->chunk_left =
      MIN (reader->chunk_size, stream->length - stream->filled);
  return HEADER_READ;
}

static void
make_room (ChunkStream *stream, gsize more)
{
  gsize needed = stream->filled + more;

  if (needed <= stream->allocated)
    return;
  stream->allocated = MAX (needed, MAX (2 * stream->filled, FIRST_ALLOCATION));
  stream->allocated = MIN (stream->allocated, stream->length);
  stream->data = g_realloc (stream->data, stream->allocated);
}

static gboolean
read_payload (
    GstArclyRtmpChunkReader *reader, GstArclyCursor *cursor, GError **error)
{
  ChunkStream *stream = reader->current;
  gsize n = MIN (reader->chunk_left, gst_arcly_cursor_left (cursor));

  if (n == 0)
    return TRUE;
  if (n > reader->limits.max_partial_bytes - reader->partial_bytes) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "more than %" G_GSIZE_FORMAT " bytes in incomplete messages",
        reader->limits.max_partial_bytes);
    return FALSE;
  }

  make_room (stream, n);
  memcpy (stream->data + stream->filled, gst_arcly_cursor_bytes (cursor, n), n);
  stream->filled += n;
  reader->partial_bytes += n;
  reader->chunk_left -= n;
  return TRUE;
}

static void
drop_partial (GstArclyRtmpChunkReader *reader, ChunkStream *stream)
{
  reader->partial_bytes -= stream->filled;
  g_clear_pointer (&stream->data, g_free);
  stream->filled = stream->allocated = 0;
  stream->partial = FALSE;
}

static void
finish_message (GstArclyRtmpChunkReader *reader, ChunkStream *stream,
    GstArclyRtmpMessage *message)
{
  message->chunk_stream = stream->id;
  message->type = stream->type;
  message->stream_id = stream->stream_id;
  message->timestamp = stream->timestamp;
  message->payload =
      g_bytes_new_take (g_steal_pointer (&stream->data), stream->filled);
  drop_partial (reader, stream);
}

/* RTMP 1.0, 5.4.1: 31 bits, at least 1. A change counts from the next chunk
 * on, also for messages that are under way. */
static gboolean
apply_chunk_size (
    GstArclyRtmpChunkReader *reader, GstArclyCursor *cursor, GError **error)
{
  guint32 size = gst_arcly_cursor_u32be (cursor);

  if (cursor->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "Set Chunk Size has %" G_GSIZE_FORMAT " bytes, needs 4", cursor->size);
    return FALSE;
  }
  if (size == 0 || size > G_MAXINT32) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "Set Chunk Size to %u", size);
    return FALSE;
  }
  reader->chunk_size = MIN (size, GST_ARCLY_RTMP_MAX_CHUNK_SIZE);
  return TRUE;
}

/* RTMP 1.0, 5.4.2. */
static gboolean
apply_abort (
    GstArclyRtmpChunkReader *reader, GstArclyCursor *cursor, GError **error)
{
  guint32 id = gst_arcly_cursor_u32be (cursor);
  ChunkStream *stream = NULL;

  if (cursor->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "Abort has %" G_GSIZE_FORMAT " bytes, needs 4", cursor->size);
    return FALSE;
  }
  stream = g_hash_table_lookup (reader->streams, GUINT_TO_POINTER (id));
  if (stream && stream->partial)
    drop_partial (reader, stream);
  return TRUE;
}

static gboolean
apply_control (GstArclyRtmpChunkReader *reader,
    const GstArclyRtmpMessage *message, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  GstArclyCursor cursor;

  gst_arcly_cursor_init (&cursor, data, size);
  if (message->type == GST_ARCLY_RTMP_SET_CHUNK_SIZE)
    return apply_chunk_size (reader, &cursor, error);
  if (message->type == GST_ARCLY_RTMP_ABORT)
    return apply_abort (reader, &cursor, error);
  return TRUE;
}

/* One chunk, or the part of it that is there. FALSE is an error; progress is
 * told by *consumed and the message. */
static gboolean
read_chunk (GstArclyRtmpChunkReader *reader, GstArclyCursor *cursor,
    gsize *consumed, GstArclyRtmpMessage *message, GError **error)
{
  ChunkStream *stream = NULL;

  if (!reader->current) {
    HeaderResult result = read_header (reader, cursor, error);

    if (result != HEADER_READ)
      return result == HEADER_INCOMPLETE;
    *consumed = cursor->pos;
  }
  if (!read_payload (reader, cursor, error))
    return FALSE;
  *consumed = cursor->pos;
  if (reader->chunk_left > 0)
    return TRUE;

  stream = g_steal_pointer (&reader->current);
  if (stream->filled == stream->length)
    finish_message (reader, stream, message);
  return TRUE;
}

gboolean
gst_arcly_rtmp_chunk_reader_read (GstArclyRtmpChunkReader *reader,
    const guint8 *data, gsize size, gsize *consumed,
    GstArclyRtmpMessage *message, GError **error)
{
  GstArclyCursor cursor;

  memset (message, 0, sizeof *message);
  *consumed = 0;
  gst_arcly_cursor_init (&cursor, data, size);
  while (!message->payload && !cursor.overrun &&
         gst_arcly_cursor_left (&cursor) > 0) {
    if (!read_chunk (reader, &cursor, consumed, message, error))
      return FALSE;
  }
  if (message->payload && !apply_control (reader, message, error)) {
    gst_arcly_rtmp_message_clear (message);
    return FALSE;
  }
  return TRUE;
}

static void
append_be (GByteArray *out, guint32 value, guint n_bytes)
{
  const guint8 bytes[4] = { value >> 24, value >> 16, value >> 8, value };

  g_byte_array_append (out, bytes + 4 - n_bytes, n_bytes);
}

static void
append_basic_header (GByteArray *out, HeaderType header, guint32 chunk_stream)
{
  if (chunk_stream < 64) {
    append_be (out, header << 6 | chunk_stream, 1);
  } else if (chunk_stream < 64 + 256) {
    append_be (out, header << 6, 1);
    append_be (out, chunk_stream - 64, 1);
  } else {
    append_be (out, header << 6 | 1, 1);
    append_be (out, (chunk_stream - 64) & 0xff, 1);
    append_be (out, (chunk_stream - 64) >> 8, 1);
  }
}

void
gst_arcly_rtmp_chunk_write (GByteArray *out, guint32 chunk_size,
    guint32 chunk_stream, guint8 type, guint32 stream_id, guint32 timestamp,
    const guint8 *data, gsize size)
{
  gsize written = 0;

  g_return_if_fail (chunk_size > 0);
  g_return_if_fail (chunk_stream >= GST_ARCLY_RTMP_MIN_CHUNK_STREAM);
  g_return_if_fail (chunk_stream <= GST_ARCLY_RTMP_MAX_CHUNK_STREAM);
  g_return_if_fail (size <= 0xffffff);

  append_basic_header (out, HEADER_FULL, chunk_stream);
  append_be (out, MIN (timestamp, EXTENDED), 3);
  append_be (out, size, 3);
  append_be (out, type, 1);
  append_be (out, GUINT32_SWAP_LE_BE (stream_id), 4);
  do {
    gsize n = MIN (size - written, chunk_size);

    if (written > 0)
      append_basic_header (out, HEADER_NONE, chunk_stream);
    if (timestamp >= EXTENDED)
      append_be (out, timestamp, 4);
    if (n > 0)
      g_byte_array_append (out, data + written, n);
    written += n;
  } while (written < size);
}
