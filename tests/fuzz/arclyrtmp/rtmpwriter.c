/* SPDX-License-Identifier: MIT
 *
 * Caps and buffers become messages that our own readers take, with the bytes
 * that were given. The input: a codec, a track, the length of what the caps
 * hold and that, then buffers, each after its length and flags. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclycursor.h>

#include "rtmp/flvform.h"
#include "rtmp/flvtag.h"
#include "rtmpwriter.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define KEY 1

/* With what the header is in. */
static const struct {
  const gchar *caps;
  const gchar *field;
} kinds[] = {
  { "video/x-h264, stream-format=avc, alignment=au", "codec_data" },
  { "video/x-h264, stream-format=byte-stream, alignment=au", NULL },
  { "video/x-h265, stream-format=hvc1, alignment=au", "codec_data" },
  { "video/x-h265, stream-format=byte-stream, alignment=au", NULL },
  { "video/x-av1, stream-format=obu-stream, alignment=tu", "codec_data" },
  { "video/x-vp9, framerate=30/1", NULL },
  { "video/x-vp8", NULL },
  { "audio/mpeg, mpegversion=4, stream-format=raw", "codec_data" },
  { "audio/mpeg, mpegversion=4, stream-format=adts", NULL },
  { "audio/mpeg, mpegversion=1, layer=3", NULL },
  { "audio/x-opus", "streamheader" },
  { "audio/x-flac, framed=true", "streamheader" },
  { "audio/x-ac3", NULL },
  { "audio/x-eac3", NULL },
};

typedef struct {
  GstArclyRtmpWriter *writer;
  guint track_id;
  gboolean video;
  gboolean header; /* one came */
} Check;

static void
check_enhanced (const Check *check, const GstArclyRtmpBody *body,
    const guint8 *bytes, gsize size)
{
  GstArclyFlvExKind kind =
      check->video ? GST_ARCLY_FLV_EX_VIDEO : GST_ARCLY_FLV_EX_AUDIO;
  GstArclyFlvEx message;
  GstArclyFlvExPart part;

  g_assert (gst_arcly_flv_ex_is (kind, bytes, size));
  g_assert (gst_arcly_flv_ex_parse (&message, kind, bytes, size, NULL));
  g_assert (gst_arcly_flv_ex_next (&message, &part, NULL));
  g_assert (part.track_id == check->track_id);
  g_assert (part.payload_offset == body->header_size);
  g_assert (part.payload_size == body->size);
  g_assert ((message.packet == GST_ARCLY_FLV_EX_SEQUENCE_START) ==
            (body->kind == GST_ARCLY_RTMP_BODY_HEADER));
}

static void
check_legacy (const Check *check, const GstArclyRtmpBody *body,
    const guint8 *bytes, gsize size)
{
  if (check->video) {
    GstArclyFlvVideo video;

    g_assert (gst_arcly_flv_video_parse (bytes, size, &video, NULL));
    g_assert (video.payload_offset == body->header_size);
  } else {
    GstArclyFlvAudio audio;

    g_assert (gst_arcly_flv_audio_parse (bytes, size, &audio, NULL));
    g_assert (audio.payload_offset == body->header_size);
  }
}

static void
on_body (gpointer data, const GstArclyRtmpBody *body)
{
  Check *check = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_assert (body->header_size <= sizeof body->header);
  g_byte_array_append (bytes, body->header, body->header_size);
  if (body->size > 0)
    g_byte_array_append (bytes, body->data, body->size);
  if (check->track_id > 0 ||
      gst_arcly_flv_fourcc_get_number (
          check->video ? GST_ARCLY_FLV_EX_VIDEO : GST_ARCLY_FLV_EX_AUDIO,
          gst_arcly_rtmp_writer_get_fourcc (check->writer)) == 0)
    check_enhanced (check, body, bytes->data, bytes->len);
  else
    check_legacy (check, body, bytes->data, bytes->len);
  if (body->kind == GST_ARCLY_RTMP_BODY_HEADER)
    check->header = TRUE;
  else if (body->kind == GST_ARCLY_RTMP_BODY_FRAME)
    g_assert (
        check->header || !gst_arcly_rtmp_writer_has_headers (check->writer));
}

static GstCaps *
make_caps (guint kind, const guint8 *header, gsize size)
{
  GstCaps *caps = gst_caps_from_string (kinds[kind].caps);
  g_autoptr (GstBuffer) buffer = NULL;
  GValue array = G_VALUE_INIT, value = G_VALUE_INIT;

  if (size == 0 || kinds[kind].field == NULL)
    return caps;
  buffer = gst_buffer_new_memdup (header, size);
  if (strcmp (kinds[kind].field, "codec_data") == 0) {
    gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
    return caps;
  }
  g_value_init (&array, GST_TYPE_ARRAY);
  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_set_buffer (&value, buffer);
  gst_value_array_append_value (&array, &value);
  gst_caps_set_value (caps, "streamheader", &array);
  g_value_unset (&value);
  g_value_unset (&array);
  return caps;
}

static void
write_buffer (Check *check, guint flags, const guint8 *data, gsize size)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (data, size);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!(flags & KEY))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  ok = gst_arcly_rtmp_writer_write (
      check->writer, buffer, (gint) flags - 128, on_body, check, &error);
  g_assert (ok == (error == NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyCursor cursor;
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *bytes;
  guint kind;
  gsize length;
  Check check = { 0 };

  gst_init (NULL, NULL);
  gst_arcly_cursor_init (&cursor, data, size);
  kind = gst_arcly_cursor_u8 (&cursor) % G_N_ELEMENTS (kinds);
  check.track_id = gst_arcly_cursor_u8 (&cursor) & 15;
  check.video = g_str_has_prefix (kinds[kind].caps, "video");
  length = gst_arcly_cursor_u8 (&cursor);
  bytes = gst_arcly_cursor_bytes (&cursor, length);
  if (cursor.overrun)
    return 0;

  check.writer = gst_arcly_rtmp_writer_new (check.track_id);
  caps = make_caps (kind, bytes, length);
  if (gst_arcly_rtmp_writer_set_caps (
          check.writer, caps, on_body, &check, &error)) {
    while (gst_arcly_cursor_left (&cursor) > 0) {
      guint flags = gst_arcly_cursor_u8 (&cursor);

      length = gst_arcly_cursor_u8 (&cursor);
      bytes = gst_arcly_cursor_bytes (&cursor, length);
      if (cursor.overrun)
        break;
      if (length > 0)
        write_buffer (&check, flags, bytes, length);
    }
  } else {
    g_assert (error != NULL);
  }
  gst_arcly_rtmp_writer_free (check.writer);
  return 0;
}
