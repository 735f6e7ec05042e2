/* SPDX-License-Identifier: MIT
 *
 * Chunks of any kind: how they are cut does not matter, limits hold, and each
 * message that is read can be written and read again. The first byte says how
 * the rest is cut. */
#include <stdint.h>
#include <string.h>

#include "rtmpchunk.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const GstArclyRtmpChunkLimits limits = {
  .max_media_size = 4000,
  .max_other_size = 1000,
  .max_partial_bytes = 6000,
  .max_chunk_streams = 5,
};

static void
check_round_trip (const GstArclyRtmpMessage *message)
{
  g_autoptr (GstArclyRtmpChunkReader) reader =
      gst_arcly_rtmp_chunk_reader_new (&limits);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_auto (GstArclyRtmpMessage) again = { 0 };
  gsize size = 0, consumed = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  gboolean ok;

  gst_arcly_rtmp_chunk_write (out, GST_ARCLY_RTMP_DEFAULT_CHUNK_SIZE,
      message->chunk_stream, message->type, message->stream_id,
      message->timestamp, data, size);
  ok = gst_arcly_rtmp_chunk_reader_read (
      reader, out->data, out->len, &consumed, &again, NULL);
  g_assert (ok && again.payload && consumed == out->len);
  g_assert (again.chunk_stream == message->chunk_stream &&
            again.type == message->type &&
            again.stream_id == message->stream_id &&
            again.timestamp == message->timestamp);
  g_assert (g_bytes_equal (again.payload, message->payload));
}

static void
check_limits (const GstArclyRtmpMessage *message)
{
  gsize size = g_bytes_get_size (message->payload);

  if (message->type == GST_ARCLY_RTMP_AUDIO_MESSAGE ||
      message->type == GST_ARCLY_RTMP_VIDEO_MESSAGE)
    g_assert (size <= limits.max_media_size);
  else
    g_assert (size <= limits.max_other_size);
}

/* The messages in one hash each, and the error at last. */
static GArray *
read_all (const uint8_t *data, size_t size, size_t step)
{
  g_autoptr (GstArclyRtmpChunkReader) reader =
      gst_arcly_rtmp_chunk_reader_new (&limits);
  g_autoptr (GError) error = NULL;
  GArray *seen = g_array_new (FALSE, FALSE, sizeof (guint));
  size_t start = 0, end = 0;
  gboolean ok = TRUE;

  while (ok && end < size) {
    g_auto (GstArclyRtmpMessage) message = { 0 };
    gsize consumed = 0;

    end = MIN (size, end + step);
    do {
      guint hash = 0;

      gst_arcly_rtmp_message_clear (&message);
      ok = gst_arcly_rtmp_chunk_reader_read (
          reader, data + start, end - start, &consumed, &message, &error);
      g_assert (ok == (error == NULL));
      g_assert (consumed <= end - start);
      start += consumed;
      g_assert (gst_arcly_rtmp_chunk_reader_get_partial_bytes (reader) <=
                limits.max_partial_bytes);
      if (!ok || !message.payload)
        break;
      check_limits (&message);
      check_round_trip (&message);
      hash = g_bytes_hash (message.payload) ^ message.timestamp ^
             (guint) message.type << 24 ^ message.stream_id;
      g_array_append_val (seen, hash);
    } while (TRUE);
  }
  if (error) {
    guint hash = g_str_hash (error->message);

    g_array_append_val (seen, hash);
  }
  return seen;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GArray) whole = NULL;
  g_autoptr (GArray) cut = NULL;

  if (size < 2)
    return 0;
  whole = read_all (data + 1, size - 1, size);
  cut = read_all (data + 1, size - 1, 1 + data[0]);
  g_assert (whole->len == cut->len);
  g_assert (whole->len == 0 ||
            memcmp (whole->data, cut->data, whole->len * sizeof (guint)) == 0);
  return 0;
}
