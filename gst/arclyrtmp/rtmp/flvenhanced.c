/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "flvenhanced.h"

#include <string.h>

/* First byte: "isExVideoHeader", or SoundFormat "ExHeader". */
#define EX_VIDEO 0x80
#define EX_AUDIO 9

/* Packet types that only tell how the message goes on. */
#define MOD_EX 7
#define VIDEO_MULTITRACK 6
#define AUDIO_MULTITRACK 5

/* VideoPacketModExType and AudioPacketModExType. */
#define MOD_EX_NANOSECONDS 0

#define NO_PACKET -1

/* Number on the wire, or NO_PACKET. */
static const gint8 wire_types[2][GST_ARCLY_FLV_EX_N_PACKETS] = {
  [GST_ARCLY_FLV_EX_AUDIO] = { 0, 1, 2, NO_PACKET, NO_PACKET, NO_PACKET, 4,
      NO_PACKET },
  [GST_ARCLY_FLV_EX_VIDEO] = { 0, 1, 2, 3, 4, 5, NO_PACKET, NO_PACKET },
};

static const gchar *const kind_names[2] = { "audio", "video" };

static guint
multitrack_type (GstArclyFlvExKind kind)
{
  return kind == GST_ARCLY_FLV_EX_VIDEO ? VIDEO_MULTITRACK : AUDIO_MULTITRACK;
}

static gboolean
fail_truncated (const GstArclyFlvEx *message, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
      "enhanced %s message of only %" G_GSIZE_FORMAT " bytes",
      kind_names[message->kind], message->cursor.size);
  return FALSE;
}

gboolean
gst_arcly_flv_ex_is (GstArclyFlvExKind kind, const guint8 *data, gsize size)
{
  if (size == 0)
    return FALSE;
  return kind == GST_ARCLY_FLV_EX_VIDEO ? (data[0] & EX_VIDEO) != 0
                                        : data[0] >> 4 == EX_AUDIO;
}

gboolean
gst_arcly_flv_ex_has_composition_time (guint32 fourcc)
{
  return fourcc == GST_ARCLY_FOURCC_AVC || fourcc == GST_ARCLY_FOURCC_HEVC;
}

const gchar *
gst_arcly_flv_fourcc_print (
    guint32 fourcc, gchar text[GST_ARCLY_FOURCC_TEXT_SIZE])
{
  guint i;

  for (i = 0; i < 4; i++) {
    guint8 c = fourcc >> (24 - 8 * i);

    text[i] = g_ascii_isprint (c) ? (gchar) c : '?';
  }
  text[4] = '\0';
  return text;
}

guint32
gst_arcly_flv_fourcc_from_text (const gchar *text)
{
  const guint8 *p = (const guint8 *) text;

  return text && strlen (text) == 4 ? GST_ARCLY_FOURCC (p[0], p[1], p[2], p[3])
                                    : 0;
}

/* Reading */

static gboolean
take_mod_ex (GstArclyFlvEx *message, guint type, const guint8 *data, gsize size)
{
  if (type != MOD_EX_NANOSECONDS)
    return TRUE; /* unknown modifiers are to be skipped */
  if (size < 3)
    return FALSE;
  message->nanoseconds = (guint32) data[0] << 16 | data[1] << 8 | data[2];
  return message->nanoseconds <= GST_ARCLY_FLV_EX_MAX_NANOSECONDS;
}

/* Each ModEx has a size (8 bits, or 16 after 256), as many bytes, its own type
 * and the packet type that follows. Each costs the peer at least three bytes,
 * so the message bounds the loop. */
static gboolean
read_mod_ex (GstArclyFlvEx *message, guint *packet_type, GError **error)
{
  GstArclyCursor *cursor = &message->cursor;

  while (*packet_type == MOD_EX) {
    gsize size = gst_arcly_cursor_u8 (cursor) + 1;
    const guint8 *data;
    guint8 types;

    if (size == 256)
      size = gst_arcly_cursor_u16be (cursor) + 1;
    data = gst_arcly_cursor_bytes (cursor, size);
    types = gst_arcly_cursor_u8 (cursor);
    if (cursor->overrun)
      return fail_truncated (message, error);
    if (!take_mod_ex (message, types >> 4, data, size)) {
      g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
          "enhanced %s message: bad nanoseconds", kind_names[message->kind]);
      return FALSE;
    }
    *packet_type = types & 0x0f;
  }
  return TRUE;
}

static gboolean
set_packet (GstArclyFlvEx *message, guint wire_type, GError **error)
{
  guint i;

  for (i = 0; i < GST_ARCLY_FLV_EX_N_PACKETS; i++) {
    if (wire_types[message->kind][i] == (gint) wire_type) {
      message->packet = i;
      return TRUE;
    }
  }
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "enhanced %s packet type %u is not supported", kind_names[message->kind],
      wire_type);
  return FALSE;
}

/* A multitrack message within a multitrack message is none of the defined
 * packets, so it ends in set_packet(). */
static gboolean
read_tracks (GstArclyFlvEx *message, guint packet_type, GError **error)
{
  GstArclyCursor *cursor = &message->cursor;

  message->tracks = GST_ARCLY_FLV_EX_PLAIN;
  if (packet_type == multitrack_type (message->kind)) {
    guint8 types = gst_arcly_cursor_u8 (cursor);

    if (cursor->overrun)
      return fail_truncated (message, error);
    packet_type = types & 0x0f;
    if (types >> 4 > GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS) {
      g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
          "enhanced %s multitrack type %u is not supported",
          kind_names[message->kind], types >> 4);
      return FALSE;
    }
    message->tracks = types >> 4;
  }
  if (!set_packet (message, packet_type, error))
    return FALSE;
  if (message->tracks != GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    message->fourcc = gst_arcly_cursor_u32be (cursor);
  return !cursor->overrun || fail_truncated (message, error);
}

static gboolean
read_command (GstArclyFlvEx *message, GError **error)
{
  message->packet = GST_ARCLY_FLV_EX_COMMAND;
  message->tracks = GST_ARCLY_FLV_EX_PLAIN;
  message->done = TRUE;
  message->command = gst_arcly_cursor_u8 (&message->cursor);
  return !message->cursor.overrun || fail_truncated (message, error);
}

gboolean
gst_arcly_flv_ex_parse (GstArclyFlvEx *message, GstArclyFlvExKind kind,
    const guint8 *data, gsize size, GError **error)
{
  gboolean video = kind == GST_ARCLY_FLV_EX_VIDEO;
  guint8 first;
  guint packet_type;

  g_return_val_if_fail (message != NULL, FALSE);
  g_return_val_if_fail (gst_arcly_flv_ex_is (kind, data, size), FALSE);

  *message = (GstArclyFlvEx){ .kind = kind };
  gst_arcly_cursor_init (&message->cursor, data, size);
  first = gst_arcly_cursor_u8 (&message->cursor);
  packet_type = first & 0x0f;
  if (video)
    message->frame_type = first >> 4 & 7;
  if (!read_mod_ex (message, &packet_type, error))
    return FALSE;
  if (video && message->frame_type == GST_ARCLY_FLV_FRAME_COMMAND &&
      packet_type != (guint) wire_types[kind][GST_ARCLY_FLV_EX_METADATA])
    return read_command (message, error);
  return read_tracks (message, packet_type, error);
}

/* Where the track's bytes end; the cursor is at the first. */
static gboolean
read_part_head (
    GstArclyFlvEx *message, GstArclyFlvExPart *part, gsize *end, GError **error)
{
  GstArclyCursor *cursor = &message->cursor;
  gsize size;

  if (message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    part->fourcc = gst_arcly_cursor_u32be (cursor);
  if (message->tracks != GST_ARCLY_FLV_EX_PLAIN)
    part->track_id = gst_arcly_cursor_u8 (cursor);
  if (message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS ||
      message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    size = gst_arcly_cursor_u24be (cursor);
  else
    size = gst_arcly_cursor_left (cursor);
  if (cursor->overrun || size > gst_arcly_cursor_left (cursor))
    return fail_truncated (message, error);
  *end = cursor->pos + size;
  return TRUE;
}

static gboolean
is_reordered (const GstArclyFlvEx *message, guint32 fourcc)
{
  return message->kind == GST_ARCLY_FLV_EX_VIDEO &&
         message->packet == GST_ARCLY_FLV_EX_CODED_FRAMES &&
         gst_arcly_flv_ex_has_composition_time (fourcc);
}

gboolean
gst_arcly_flv_ex_next (
    GstArclyFlvEx *message, GstArclyFlvExPart *part, GError **error)
{
  GstArclyCursor *cursor = &message->cursor;
  gsize end = 0;

  if (message->done)
    return FALSE;
  *part = (GstArclyFlvExPart){ .fourcc = message->fourcc };
  message->done = TRUE; /* also after an error */
  if (!read_part_head (message, part, &end, error))
    return FALSE;

  if (is_reordered (message, part->fourcc)) {
    guint32 time = gst_arcly_cursor_u24be (cursor);

    if (cursor->overrun || cursor->pos > end)
      return fail_truncated (message, error);
    part->composition_time =
        (gint32) time - ((time & 0x800000) ? 0x1000000 : 0);
  }
  part->payload_offset = cursor->pos;
  part->payload_size = end - cursor->pos;
  gst_arcly_cursor_skip (cursor, part->payload_size);
  message->done = gst_arcly_cursor_left (cursor) == 0;
  return TRUE;
}

/* Writing */

static void
put_be (GByteArray *out, guint32 value, guint n_bytes)
{
  guint8 bytes[4];
  guint i;

  for (i = 0; i < n_bytes; i++)
    bytes[i] = value >> (8 * (n_bytes - 1 - i));
  g_byte_array_append (out, bytes, n_bytes);
}

/* The first byte, with the ModEx before @packet_type if one is needed. */
static void
write_head (GByteArray *out, const GstArclyFlvEx *message, guint packet_type)
{
  guint8 high = message->kind == GST_ARCLY_FLV_EX_VIDEO
                    ? EX_VIDEO | message->frame_type << 4
                    : EX_AUDIO << 4;

  if (message->nanoseconds == 0) {
    put_be (out, high | packet_type, 1);
    return;
  }
  put_be (out, high | MOD_EX, 1);
  put_be (out, 3 - 1, 1);
  put_be (out, message->nanoseconds, 3);
  put_be (out, MOD_EX_NANOSECONDS << 4 | packet_type, 1);
}

static void
write_part (GByteArray *out, const GstArclyFlvEx *message,
    const GstArclyFlvExSource *source)
{
  gboolean reordered = is_reordered (message, source->fourcc);

  if (message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    put_be (out, source->fourcc, 4);
  if (message->tracks != GST_ARCLY_FLV_EX_PLAIN)
    put_be (out, source->track_id, 1);
  if (message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS ||
      message->tracks == GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    put_be (out, source->size + (reordered ? 3 : 0), 3);
  if (reordered)
    put_be (out, (guint32) source->composition_time & 0xffffff, 3);
  if (source->data)
    g_byte_array_append (out, source->data, source->size);
}

void
gst_arcly_flv_ex_write (GByteArray *out, const GstArclyFlvEx *message,
    const GstArclyFlvExSource *sources, guint n_sources)
{
  gint wire_type = wire_types[message->kind][message->packet];
  guint i;

  g_return_if_fail (message->nanoseconds <= GST_ARCLY_FLV_EX_MAX_NANOSECONDS);

  if (message->packet == GST_ARCLY_FLV_EX_COMMAND) {
    g_return_if_fail (message->frame_type == GST_ARCLY_FLV_FRAME_COMMAND);
    write_head (out, message, 0);
    put_be (out, message->command, 1);
    return;
  }
  g_return_if_fail (wire_type != NO_PACKET);
  g_return_if_fail (n_sources > 0);
  if (message->tracks == GST_ARCLY_FLV_EX_PLAIN) {
    write_head (out, message, wire_type);
  } else {
    write_head (out, message, multitrack_type (message->kind));
    put_be (out, message->tracks << 4 | wire_type, 1);
  }
  if (message->tracks != GST_ARCLY_FLV_EX_MANY_TRACKS_MANY_CODECS)
    put_be (out, sources[0].fourcc, 4);
  for (i = 0; i < n_sources; i++)
    write_part (out, message, &sources[i]);
}
