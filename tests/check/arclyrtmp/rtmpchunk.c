/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rtmpchunk.h"

static const GstArclyRtmpChunkLimits wide = {
  .max_media_size = 0xffffff,
  .max_other_size = 0xffffff,
  .max_partial_bytes = 1 << 26,
  .max_chunk_streams = 64,
};

/* Reads all, in pieces of @step, and describes each message on a line. */
static gchar *
read_in_steps (GstArclyRtmpChunkReader *reader, const guint8 *data, gsize size,
    gsize step, GError **error)
{
  g_autoptr (GString) log = g_string_new (NULL);
  gsize start = 0, end = 0;

  while (end < size) {
    end = MIN (size, end + step);
    while (TRUE) {
      g_auto (GstArclyRtmpMessage) message = { 0 };
      g_autofree guint8 *exact = g_memdup2 (data + start, end - start);
      const guint8 *payload = NULL;
      gsize consumed = 0, length = 0;

      if (!gst_arcly_rtmp_chunk_reader_read (
              reader, exact, end - start, &consumed, &message, error))
        return g_string_free (g_steal_pointer (&log), FALSE);
      g_assert_cmpuint (consumed, <=, end - start);
      start += consumed;
      if (!message.payload)
        break;
      payload = g_bytes_get_data (message.payload, &length);
      g_string_append_printf (log, "%u:%u/%u@%u %u %02x-%02x\n",
          message.chunk_stream, message.type, message.stream_id,
          message.timestamp, (guint) length, length ? payload[0] : 0,
          length ? payload[length - 1] : 0);
    }
  }
  return g_string_free (g_steal_pointer (&log), FALSE);
}

static void
append (GByteArray *bytes, const gchar *hex)
{
  guint hi = 16;

  for (; *hex; hex++) {
    gint digit = g_ascii_xdigit_value (*hex);

    if (digit < 0)
      continue;
    if (hi == 16) {
      hi = digit;
    } else {
      const guint8 byte = hi << 4 | digit;

      g_byte_array_append (bytes, &byte, 1);
      hi = 16;
    }
  }
}

static void
append_fill (GByteArray *bytes, guint8 value, guint n)
{
  g_autofree guint8 *fill = g_malloc (n);

  memset (fill, value, n);
  g_byte_array_append (bytes, fill, n);
}

/* "xx*n" stands for n bytes of xx, all else for bytes in hex. */
static GByteArray *
parse_row (const gchar *row)
{
  g_auto (GStrv) words = g_strsplit (row, " ", -1);
  GByteArray *bytes = g_byte_array_new ();
  guint i;

  for (i = 0; words[i]; i++) {
    const gchar *star = strchr (words[i], '*');

    if (star)
      append_fill (bytes, g_ascii_strtoull (words[i], NULL, 16),
          g_ascii_strtoull (star + 1, NULL, 10));
    else
      append (bytes, words[i]);
  }
  return bytes;
}

/* Payloads of 1 to 3 bytes unless a row is about chunks. */
static const struct {
  const gchar *name, *bytes, *messages;
} good_rows[] = {
  { "type 0", "03 000010 000002 14 01000000 aabb", "3:20/1@16 2 aa-bb\n" },
  { "stream id is little-endian", "03 000010 000001 14 01020304 aa",
      "3:20/67305985@16 1 aa-aa\n" },
  { "empty message", "03 000010 000000 09 01000000", "3:9/1@16 0 00-00\n" },
  { "types 1, 2 and 3 add deltas",
      "04 0003e8 000001 09 01000000 aa "
      "44 000028 000002 08 bbbb 84 000014 cccc c4 dddd",
      "4:9/1@1000 1 aa-aa\n4:8/1@1040 2 bb-bb\n"
      "4:8/1@1060 2 cc-cc\n4:8/1@1080 2 dd-dd\n" },
  { "type 3 after type 0 adds its timestamp",
      "04 000028 000001 09 01000000 aa c4 bb c4 cc",
      "4:9/1@40 1 aa-aa\n4:9/1@80 1 bb-bb\n4:9/1@120 1 cc-cc\n" },
  { "type 1 opens a chunk stream", "42 000000 000001 04 aa",
      "2:4/0@0 1 aa-aa\n" },
  { "two chunks", "03 000010 000100 14 01000000 aa*128 c3 bb*128",
      "3:20/1@16 256 aa-bb\n" },
  { "id 64 and 319 in two bytes",
      "00 00 000010 000001 14 01000000 aa 00 ff 000010 000001 14 01000000 aa",
      "64:20/1@16 1 aa-aa\n319:20/1@16 1 aa-aa\n" },
  { "id 64 and 65599 in three bytes",
      "01 0000 000010 000001 14 01000000 aa "
      "01 ffff 000010 000001 14 01000000 bb c1 ffff cc",
      "64:20/1@16 1 aa-aa\n65599:20/1@16 1 bb-bb\n65599:20/1@32 1 cc-cc\n" },
  { "extended timestamp", "04 ffffff 000001 09 01000000 01000000 aa",
      "4:9/1@16777216 1 aa-aa\n" },
  { "extended timestamp of exactly 0xffffff",
      "04 ffffff 000001 09 01000000 00ffffff aa", "4:9/1@16777215 1 aa-aa\n" },
  { "extended, repeated on type 3",
      "04 ffffff 000100 09 01000000 01000000 aa*128 c4 01000000 bb*128",
      "4:9/1@16777216 256 aa-bb\n" },
  { "extended, not repeated on type 3",
      "04 ffffff 000100 09 01000000 01000000 aa*128 c4 bb*128",
      "4:9/1@16777216 256 aa-bb\n" },
  { "extended, not repeated, then a new message",
      "04 ffffff 000082 09 01000000 01000000 aa*128 c4 bbbb "
      "04 ffffff 000001 09 01000000 01000001 cc",
      "4:9/1@16777216 130 aa-bb\n4:9/1@16777217 1 cc-cc\n" },
  { "extended delta", "04 000001 000001 09 01000000 aa 84 ffffff 01000000 bb",
      "4:9/1@1 1 aa-aa\n4:9/1@16777217 1 bb-bb\n" },
  { "timestamps wrap at 32 bits",
      "04 ffffff 000001 09 01000000 fffffff0 aa 84 000020 bb",
      "4:9/1@4294967280 1 aa-aa\n4:9/1@16 1 bb-bb\n" },
  { "interleaved",
      "04 000000 000100 09 01000000 aa*128 "
      "05 000007 000001 08 01000000 cc c4 bb*128",
      "5:8/1@7 1 cc-cc\n4:9/1@0 256 aa-bb\n" },
  { "chunk size shrinks within a message",
      "04 000000 000102 09 01000000 aa*128 "
      "02 000000 000004 01 00000000 00000040 "
      "c4 bb*64 c4 cc*64 c4 dddd",
      "2:1/0@0 4 00-40\n4:9/1@0 258 aa-dd\n" },
  { "chunk size grows within a message",
      "04 000000 000200 09 01000000 aa*128 "
      "02 000000 000004 01 00000000 7fffffff c4 bb*384",
      "2:1/0@0 4 7f-ff\n4:9/1@0 512 aa-bb\n" },
  { "chunk size 1",
      "02 000000 000004 01 00000000 00000001 "
      "04 000000 000002 09 01000000 aa c4 bb",
      "2:1/0@0 4 00-01\n4:9/1@0 2 aa-bb\n" },
  { "abort",
      "04 000000 000100 09 01000000 aa*128 "
      "02 000000 000004 02 00000000 00000004 "
      "04 000001 000001 09 01000000 bb",
      "2:2/0@0 4 00-04\n4:9/1@1 1 bb-bb\n" },
  { "abort of what is not there", "02 000000 000004 02 00000000 00000009",
      "2:2/0@0 4 00-09\n" },
};

static void
test_good (void)
{
  static const gsize steps[] = { G_MAXINT, 1, 2, 3, 5, 130 };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (good_rows); i++) {
    g_autoptr (GByteArray) bytes = parse_row (good_rows[i].bytes);

    g_test_message ("%s", good_rows[i].name);
    for (k = 0; k < G_N_ELEMENTS (steps); k++) {
      g_autoptr (GstArclyRtmpChunkReader) reader =
          gst_arcly_rtmp_chunk_reader_new (&wide);
      g_autoptr (GError) error = NULL;
      g_autofree gchar *log =
          read_in_steps (reader, bytes->data, bytes->len, steps[k], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (log, ==, good_rows[i].messages);
      g_assert_cmpuint (
          gst_arcly_rtmp_chunk_reader_get_partial_bytes (reader), ==, 0);
    }
  }
}

static void
test_bad (void)
{
  static const struct {
    const gchar *name, *bytes;
    gint code;
  } rows[] = {
    { "chunk size 0", "02 000000 000004 01 00000000 00000000",
        GST_ARCLY_ERROR_INVALID },
    { "chunk size 2^31", "02 000000 000004 01 00000000 80000000",
        GST_ARCLY_ERROR_INVALID },
    { "chunk size with the top bit", "02 000000 000004 01 00000000 80000080",
        GST_ARCLY_ERROR_INVALID },
    { "chunk size cut", "02 000000 000003 01 00000000 000000",
        GST_ARCLY_ERROR_TRUNCATED },
    { "chunk size empty", "02 000000 000000 01 00000000",
        GST_ARCLY_ERROR_TRUNCATED },
    { "abort cut", "02 000000 000001 02 00000000 00",
        GST_ARCLY_ERROR_TRUNCATED },
    { "starts with type 2", "84 000001", GST_ARCLY_ERROR_INVALID },
    { "starts with type 3", "c4", GST_ARCLY_ERROR_INVALID },
    { "type 0 within a message",
        "04 000000 000100 09 01000000 aa*128 04 000000 000100 09 01000000",
        GST_ARCLY_ERROR_INVALID },
    { "message too long", "04 000000 0003e9 09 01000000",
        GST_ARCLY_ERROR_LIMIT },
    { "command too long", "03 000000 0001f5 14 00000000",
        GST_ARCLY_ERROR_LIMIT },
    { "too many chunk streams",
        "03 000000 000000 14 00000000 04 000000 000000 14 00000000 "
        "05 000000 000000 14 00000000 06 000000 000000 14 00000000",
        GST_ARCLY_ERROR_LIMIT },
    { "too much of incomplete messages",
        "02 000000 000004 01 00000000 000003e7 "
        "03 000000 0003e8 09 01000000 aa*999 04 000000 0003e8 09 01000000 aa*999",
        GST_ARCLY_ERROR_LIMIT },
  };
  const GstArclyRtmpChunkLimits narrow = {
    .max_media_size = 1000,
    .max_other_size = 500,
    .max_partial_bytes = 1500,
    .max_chunk_streams = 3,
  };
  guint i;
  gsize step;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = parse_row (rows[i].bytes);

    g_test_message ("%s", rows[i].name);
    for (step = 1; step <= bytes->len; step += bytes->len - 1) {
      g_autoptr (GstArclyRtmpChunkReader) reader =
          gst_arcly_rtmp_chunk_reader_new (&narrow);
      g_autoptr (GError) error = NULL;

      g_free (read_in_steps (reader, bytes->data, bytes->len, step, &error));
      g_assert_error (error, GST_ARCLY_ERROR, rows[i].code);
      if (bytes->len == 1)
        break;
    }
  }
}

/* Every cut of every good row: waiting is no error. */
static void
test_truncated (void)
{
  guint i;
  gsize length;

  for (i = 0; i < G_N_ELEMENTS (good_rows); i++) {
    g_autoptr (GByteArray) bytes = parse_row (good_rows[i].bytes);

    for (length = 0; length < bytes->len; length++) {
      g_autoptr (GstArclyRtmpChunkReader) reader =
          gst_arcly_rtmp_chunk_reader_new (&wide);
      g_autoptr (GError) error = NULL;
      g_autofree gchar *log =
          read_in_steps (reader, bytes->data, length, G_MAXINT, &error);

      g_assert_no_error (error);
      g_assert_true (g_str_has_prefix (good_rows[i].messages, log));
      g_assert_cmpuint (strlen (log), <, strlen (good_rows[i].messages));
    }
  }
}

/* 60 chunk streams each announce 16 MB and send one chunk: only what came
 * counts, and an Abort gives it back. */
static void
test_announced (void)
{
  g_autoptr (GstArclyRtmpChunkReader) reader =
      gst_arcly_rtmp_chunk_reader_new (&wide);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) abort =
      parse_row ("02 000000 000004 02 00000000 00000040");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *nothing = NULL;
  g_autofree gchar *aborted = NULL;
  guint i;

  for (i = 0; i < 60; i++) {
    append (bytes, "00");
    append_fill (bytes, i, 1);
    append (bytes, "000000 ffffff 09 01000000");
    append_fill (bytes, 0xaa, 128);
  }
  nothing = read_in_steps (reader, bytes->data, bytes->len, G_MAXINT, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpuint (
      gst_arcly_rtmp_chunk_reader_get_partial_bytes (reader), ==, 60 * 128);
  aborted = read_in_steps (reader, abort->data, abort->len, G_MAXINT, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      gst_arcly_rtmp_chunk_reader_get_partial_bytes (reader), ==, 59 * 128);
}

/* What the writer cuts, the reader joins. */
static void
test_round_trip (void)
{
  static const guint32 chunk_streams[] = { 2, 63, 64, 319, 320, 65599 };
  static const guint32 times[] = { 0, 0xfffffe, 0xffffff, 0x1000000,
    0xffffffff };
  g_autofree guint8 *payload = g_malloc (5000);
  guint round;

  for (round = 0; round < 5000; round++) {
    const guint32 chunk_size = g_test_rand_int_range (1, 6000);
    const guint32 chunk_stream = chunk_streams[round % 6];
    const guint32 timestamp = times[round % 5];
    const gsize size = g_test_rand_int_range (0, 5001);
    g_autoptr (GstArclyRtmpChunkReader) reader =
        gst_arcly_rtmp_chunk_reader_new (&wide);
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_auto (GstArclyRtmpMessage) control = { 0 };
    g_auto (GstArclyRtmpMessage) message = { 0 };
    g_autoptr (GError) error = NULL;
    const guint32 announced = GUINT32_TO_BE (chunk_size);
    gsize first = 0, second = 0, i;

    for (i = 0; i < size; i++)
      payload[i] = g_test_rand_int_range (0, 256);
    gst_arcly_rtmp_chunk_write (
        bytes, 128, 2, 1, 0, 0, (const guint8 *) &announced, 4);
    gst_arcly_rtmp_chunk_write (bytes, chunk_size, chunk_stream, 9,
        round * 1000003, timestamp, payload, size);
    gst_arcly_rtmp_chunk_reader_read (
        reader, bytes->data, bytes->len, &first, &control, &error);
    g_assert_no_error (error);
    gst_arcly_rtmp_chunk_reader_read (reader, bytes->data + first,
        bytes->len - first, &second, &message, &error);
    g_assert_no_error (error);
    g_assert_nonnull (message.payload);
    g_assert_cmpuint (first + second, ==, bytes->len);
    g_assert_cmpuint (message.chunk_stream, ==, chunk_stream);
    g_assert_cmpuint (message.timestamp, ==, timestamp);
    g_assert_cmpuint (message.stream_id, ==, round * 1000003);
    g_assert_cmpmem (g_bytes_get_data (message.payload, NULL),
        g_bytes_get_size (message.payload), payload, size);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpchunk/good", test_good);
  g_test_add_func ("/rtmpchunk/bad", test_bad);
  g_test_add_func ("/rtmpchunk/truncated", test_truncated);
  g_test_add_func ("/rtmpchunk/announced", test_announced);
  g_test_add_func ("/rtmpchunk/round-trip", test_round_trip);
  return g_test_run ();
}
