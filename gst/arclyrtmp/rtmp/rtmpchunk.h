/* SPDX-License-Identifier: MIT
 *
 * Chunk streams (RTMP 1.0, 5.3): messages cut into chunks, in both directions.
 * One thread at a time. */
#pragma once

#include <glib.h>
#include <gst/arcly/gstarclyerror.h>

G_BEGIN_DECLS

#define GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE 128
/* Messages hold at most 0xffffff bytes, so larger chunks mean the same. */
#define GST_ARCLY_RTMP_MAX_CHUNK_SIZE 0xffffff
#define GST_ARCLY_RTMP_MIN_CHUNK_STREAM 2
#define GST_ARCLY_RTMP_MAX_CHUNK_STREAM 65599

/* Message type ids, RTMP 1.0, 5.4 and 7.1. */
typedef enum {
  GST_ARCLY_RTMP_SET_CHUNK_SIZE = 1,
  GST_ARCLY_RTMP_ABORT = 2,
  GST_ARCLY_RTMP_ACKNOWLEDGEMENT = 3,
  GST_ARCLY_RTMP_USER_CONTROL = 4,
  GST_ARCLY_RTMP_WINDOW_ACK_SIZE = 5,
  GST_ARCLY_RTMP_SET_PEER_BANDWIDTH = 6,
  GST_ARCLY_RTMP_AUDIO_MESSAGE = 8,
  GST_ARCLY_RTMP_VIDEO_MESSAGE = 9,
  GST_ARCLY_RTMP_DATA_AMF3 = 15,
  GST_ARCLY_RTMP_COMMAND_AMF3 = 17,
  GST_ARCLY_RTMP_DATA_AMF0 = 18,
  GST_ARCLY_RTMP_COMMAND_AMF0 = 20,
  GST_ARCLY_RTMP_AGGREGATE = 22,
} GstArclyRtmpMessageType;

/**
 * GstArclyRtmpMessage:
 * @chunk_stream: chunk stream it came on
 * @type: a #GstArclyRtmpMessageType, or any other number
 * @stream_id: message stream
 * @timestamp: ms, modulo 2^32
 * @payload: its body; never %NULL, may be empty
 *
 * A whole message.
 */
typedef struct {
  guint32 chunk_stream;
  guint8 type;
  guint32 stream_id;
  guint32 timestamp;
  GBytes *payload;
} GstArclyRtmpMessage;

void gst_arcly_rtmp_message_clear (GstArclyRtmpMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    GstArclyRtmpMessage, gst_arcly_rtmp_message_clear)

/**
 * GstArclyRtmpChunkLimits:
 * @max_media_size: largest audio, video or aggregate message, in bytes
 * @max_other_size: largest message of any other type, in bytes
 * @max_partial_bytes: most bytes received of messages that are not complete
 * @max_chunk_streams: most chunk streams
 *
 * What a peer may cost its reader.
 */
typedef struct {
  guint32 max_media_size;
  guint32 max_other_size;
  gsize max_partial_bytes;
  guint max_chunk_streams;
} GstArclyRtmpChunkLimits;

typedef struct _GstArclyRtmpChunkReader GstArclyRtmpChunkReader;

GstArclyRtmpChunkReader *gst_arcly_rtmp_chunk_reader_new (
    const GstArclyRtmpChunkLimits *limits);
void gst_arcly_rtmp_chunk_reader_free (GstArclyRtmpChunkReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyRtmpChunkReader, gst_arcly_rtmp_chunk_reader_free)

/**
 * gst_arcly_rtmp_chunk_reader_read:
 * @reader: a reader
 * @data: (array length=size): bytes that follow those consumed before
 * @size: how many
 * @consumed: (out): how many of them were read; the rest must be given again.
 *     Right on failure too
 * @message: (out): a message, or one without payload if more bytes are needed
 * @error: return location for a #GError
 *
 * Reads up to the end of the next message. Set Chunk Size and Abort have taken
 * effect when they are returned. Memory follows the bytes that came, never the
 * lengths that were announced.
 *
 * Returns: %FALSE with %GST_ARCLY_ERROR_INVALID or %GST_ARCLY_ERROR_LIMIT; the
 *     reader can then only be freed
 */
gboolean gst_arcly_rtmp_chunk_reader_read (GstArclyRtmpChunkReader *reader,
    const guint8 *data, gsize size, gsize *consumed,
    GstArclyRtmpMessage *message, GError **error);

guint32 gst_arcly_rtmp_chunk_reader_get_chunk_size (
    const GstArclyRtmpChunkReader *reader);

/* Bytes held of messages that are not complete. */
gsize gst_arcly_rtmp_chunk_reader_get_partial_bytes (
    const GstArclyRtmpChunkReader *reader);

/* Appends one message to @out, cut to chunks of @chunk_size: a header of type
 * 0, then type 3. It depends on no message before it, so it may be sent to
 * many. @size is at most 0xffffff. */
void gst_arcly_rtmp_chunk_write (GByteArray *out, guint32 chunk_size,
    guint32 chunk_stream, guint8 type, guint32 stream_id, guint32 timestamp,
    const guint8 *data, gsize size);

G_END_DECLS
