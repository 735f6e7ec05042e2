/* SPDX-License-Identifier: MIT
 *
 * Caps of the audio codecs of enhanced RTMP. */
#include "config.h"

#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/pbutils/pbutils.h>

#include <string.h>

#include "rtmpcodec.h"

#define OPUS_RATE 48000
/* "fLaC", the head of a metadata block, STREAMINFO: FLAC format. */
#define FLAC_STREAMINFO_SIZE 34
#define FLAC_HEADER_SIZE (4 + 4 + FLAC_STREAMINFO_SIZE)

static gboolean
fail (GError **error, gint code, const gchar *text)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, code, text);
  return FALSE;
}

/* Opus. The sequence header is an OpusHead, RFC 7845, 5.1. */

GstCaps *
gst_arcly_rtmp_opus_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  g_autoptr (GstBuffer) head = gst_buffer_new_wrapped_bytes (header);
  GstCaps *caps = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  if (size >= 19 && memcmp (data, "OpusHead", 8) == 0)
    caps = gst_codec_utils_opus_create_caps_from_header (head, NULL);
  if (caps == NULL)
    fail (
        error, GST_ARCLY_ERROR_INVALID, "Opus sequence header is no OpusHead");
  return caps;
}

/* Without an OpusHead there are one or two channels, as the packet says. */
gboolean
gst_arcly_rtmp_opus_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);
  guint samples = gst_arcly_opus_packet_samples (data, size);
  guint8 channels;

  *duration = gst_util_uint64_scale (GST_SECOND, samples, OPUS_RATE);
  if (samples == 0)
    return fail (error, GST_ARCLY_ERROR_INVALID, "Opus packet of no length");
  if (has_header)
    return TRUE;
  channels = data[0] & 4 ? 2 : 1;
  *caps = gst_codec_utils_opus_create_caps (
      OPUS_RATE, channels, 0, 1, channels - 1, NULL);
  return TRUE;
}

/* FLAC */

static void
append_header (GstCaps *caps, const guint8 *data, gsize size)
{
  static const guint8 ogg[] = { 0x7f, 'F', 'L', 'A', 'C', 1, 0, 0, 1 };
  static const guint8 comment[] = { 0x84, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GstBuffer) info = NULL, tags = NULL;
  GValue array = G_VALUE_INIT, value = G_VALUE_INIT;

  /* As in Ogg ("Ogg FLAC mapping"): STREAMINFO, and one more block. */
  g_byte_array_append (first, ogg, sizeof ogg);
  g_byte_array_append (first, data, size);
  first->data[sizeof ogg + 4] &= 0x7f; /* not the last block */
  info = gst_buffer_new_memdup (first->data, first->len);
  tags = gst_buffer_new_memdup (comment, sizeof comment);

  g_value_init (&array, GST_TYPE_ARRAY);
  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_set_buffer (&value, info);
  gst_value_array_append_value (&array, &value);
  gst_value_set_buffer (&value, tags);
  gst_value_array_append_value (&array, &value);
  gst_caps_set_value (caps, "streamheader", &array);
  g_value_unset (&value);
  g_value_unset (&array);
}

GstCaps *
gst_arcly_rtmp_flac_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  g_autoptr (GBytes) box = NULL;
  GstArclyFlacInfo info;
  GstCaps *caps;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  if (size < FLAC_HEADER_SIZE || memcmp (data, "fLaC", 4) != 0) {
    fail (error, GST_ARCLY_ERROR_INVALID,
        "FLAC sequence header without STREAMINFO");
    return NULL;
  }
  box = gst_arcly_flac_config_new (data, size, error);
  if (box == NULL || !gst_arcly_flac_config_parse (g_bytes_get_data (box, NULL),
                         g_bytes_get_size (box), &info, error))
    return NULL;
  /* Else frames differ in length. */
  if (info.min_block == info.max_block && info.rate > 0)
    *duration = gst_util_uint64_scale (GST_SECOND, info.max_block, info.rate);

  caps = gst_caps_new_simple ("audio/x-flac", "framed", G_TYPE_BOOLEAN, TRUE,
      "rate", G_TYPE_INT, (gint) info.rate, "channels", G_TYPE_INT,
      (gint) info.channels, NULL);
  append_header (caps, data, FLAC_HEADER_SIZE);
  return caps;
}

/* AC-3 and E-AC-3 */

static gboolean
read_ac3 (GBytes *frame, gboolean enhanced, GstCaps **caps,
    GstClockTime *duration, GError **error)
{
  GstArclyAc3Header header;
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  if (!gst_arcly_ac3_header_parse (data, size, &header, error))
    return FALSE;
  if (header.enhanced != enhanced)
    return fail (error, GST_ARCLY_ERROR_INVALID,
        "AC-3 where E-AC-3 was announced, or the other way round");
  *duration =
      gst_util_uint64_scale (GST_SECOND, header.frame_samples, header.rate);
  *caps = gst_caps_new_simple (enhanced ? "audio/x-eac3" : "audio/x-ac3",
      "framed", G_TYPE_BOOLEAN, TRUE, "alignment", G_TYPE_STRING, "frame",
      "rate", G_TYPE_INT, (gint) header.rate, "channels", G_TYPE_INT,
      (gint) header.channels, NULL);
  return TRUE;
}

gboolean
gst_arcly_rtmp_ac3_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  return read_ac3 (frame, FALSE, caps, duration, error);
}

gboolean
gst_arcly_rtmp_eac3_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  return read_ac3 (frame, TRUE, caps, duration, error);
}
