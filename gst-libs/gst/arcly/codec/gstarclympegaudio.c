/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/gstarclyerror.h>

/* ISO/IEC 11172-3, 2.4.2.3, and ISO/IEC 13818-3, 2.4.2.3: kbit/s by the
 * header's index; 0 is free format. */
static const guint16 bitrates[2][3][15] = {
  { { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
      { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
      { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 } },
  { { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
      { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
      { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 } },
};

static const guint rates[3] = { 44100, 48000, 32000 };

/**
 * gst_arcly_mpeg_audio_header_parse:
 * @data: (array length=size): the start of a frame
 * @size: bytes of @data
 * @header: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3). Whether
 * @data holds the whole frame is the caller's to check. Any thread; keeps no
 * reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data has less
 *     than 4 bytes, or %GST_ARCLY_ERROR_INVALID if it is no such header
 *
 * Since: 0.1
 */
gboolean
gst_arcly_mpeg_audio_header_parse (const guint8 *data, gsize size,
    GstArclyMpegAudioHeader *header, GError **error)
{
  guint version, layer, bitrate, rate, padding, slots;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  *header = (GstArclyMpegAudioHeader){ 0 };
  if (size < 4) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "MPEG audio frame has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  version = data[1] >> 3 & 3; /* 3: 1, 2: 2, 0: 2.5 */
  layer = 4 - (data[1] >> 1 & 3);
  bitrate = data[2] >> 4;
  rate = data[2] >> 2 & 3;
  padding = data[2] >> 1 & 1;
  if (data[0] != 0xff || (data[1] & 0xe0) != 0xe0 || version == 1 ||
      layer == 4 || bitrate == 15 || rate == 3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "no MPEG audio header: %02x %02x %02x", data[0], data[1], data[2]);
    return FALSE;
  }
  header->version = version == 3 ? 1 : version == 2 ? 2 : 3;
  header->layer = layer;
  header->bitrate = bitrates[header->version > 1][layer - 1][bitrate] * 1000;
  header->rate = rates[rate] >> (header->version - 1);
  header->channels = data[3] >> 6 == 3 ? 1 : 2;
  if (layer == 1)
    header->frame_samples = 384;
  else
    header->frame_samples = layer == 3 && header->version > 1 ? 576 : 1152;
  /* 2.4.3.1: slots of 4 bytes in layer 1, of one byte else. */
  if (header->bitrate > 0) {
    slots = layer == 1
                ? 12 * header->bitrate / header->rate + padding
                : header->frame_samples / 8 * header->bitrate / header->rate +
                      padding;
    header->frame_size = layer == 1 ? slots * 4 : slots;
  }
  return TRUE;
}
