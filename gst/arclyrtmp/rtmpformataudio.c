/* SPDX-License-Identifier: MIT
 *
 * Caps of the audio codecs of enhanced RTMP. */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/pbutils/pbutils.h>

#include <string.h>

#include "rtmpcodec.h"

#define OPUS_RATE 48000
#define AC3_SAMPLES 1536
#define EAC3_BLOCK_SAMPLES 256
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

/* RFC 6716, 3.1: frame sizes in 400ths of a second, by configuration. */
static GstClockTime
opus_duration (const guint8 *data, gsize size)
{
  guint config = data[0] >> 3;
  guint code = data[0] & 3;
  guint units, n_frames;

  if (config < 12)
    units = (config & 3) == 3 ? 24 : 4 << (config & 3);
  else if (config < 16)
    units = 4 << (config & 1);
  else
    units = 1 << (config & 3);
  n_frames = code == 0 ? 1 : 2;
  if (code == 3)
    n_frames = size > 1 ? data[1] & 0x3f : 0;
  /* No packet is longer than 120 ms. */
  if (n_frames == 0 || units * n_frames > 48)
    return GST_CLOCK_TIME_NONE;
  return units * n_frames * (GST_SECOND / 400);
}

/* Without an OpusHead there are one or two channels, as the packet says. */
gboolean
gst_arcly_rtmp_opus_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);
  guint8 channels;

  *duration = opus_duration (data, size);
  if (*duration == GST_CLOCK_TIME_NONE)
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
  GstArclyBitReader reader;
  GstCaps *caps;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);
  guint block, rate, channels;

  *duration = GST_CLOCK_TIME_NONE;
  if (size < FLAC_HEADER_SIZE || memcmp (data, "fLaC", 4) != 0 ||
      (data[4] & 0x7f) != 0) {
    fail (error, GST_ARCLY_ERROR_INVALID,
        "FLAC sequence header without STREAMINFO");
    return NULL;
  }
  gst_arcly_bit_reader_init (&reader, data + 8, FLAC_STREAMINFO_SIZE);
  block = gst_arcly_bit_reader_bits (&reader, 16);
  if (gst_arcly_bit_reader_bits (&reader, 16) != block)
    block = 0; /* frames differ in length */
  gst_arcly_bit_reader_skip (&reader, 24 + 24);
  rate = gst_arcly_bit_reader_bits (&reader, 20);
  channels = gst_arcly_bit_reader_bits (&reader, 3) + 1;
  if (rate == 0) {
    fail (error, GST_ARCLY_ERROR_INVALID, "FLAC without a sampling rate");
    return NULL;
  }
  if (block > 0)
    *duration = gst_util_uint64_scale (GST_SECOND, block, rate);

  caps = gst_caps_new_simple ("audio/x-flac", "framed", G_TYPE_BOOLEAN, TRUE,
      "rate", G_TYPE_INT, (gint) rate, "channels", G_TYPE_INT, (gint) channels,
      NULL);
  append_header (caps, data, FLAC_HEADER_SIZE);
  return caps;
}

/* AC-3 and E-AC-3, ETSI TS 102 366. */

static const guint ac3_rates[3] = { 48000, 44100, 32000 };
static const guint8 ac3_channels[8] = { 2, 1, 2, 3, 3, 4, 4, 5 };

static GstCaps *
ac3_caps (const gchar *type, guint rate, guint acmod, gboolean lfe)
{
  return gst_caps_new_simple (type, "framed", G_TYPE_BOOLEAN, TRUE, "alignment",
      G_TYPE_STRING, "frame", "rate", G_TYPE_INT, (gint) rate, "channels",
      G_TYPE_INT, (gint) (ac3_channels[acmod] + (lfe ? 1 : 0)), NULL);
}

/* syncinfo() and bsi(), 4.4.1 and 4.4.2. */
gboolean
gst_arcly_rtmp_ac3_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  GstArclyBitReader reader;
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);
  guint sync, code, bsid, acmod;
  gboolean lfe;

  gst_arcly_bit_reader_init (&reader, data, size);
  sync = gst_arcly_bit_reader_bits (&reader, 16);
  gst_arcly_bit_reader_skip (&reader, 16);
  code = gst_arcly_bit_reader_bits (&reader, 2);
  gst_arcly_bit_reader_skip (&reader, 6);
  bsid = gst_arcly_bit_reader_bits (&reader, 5);
  gst_arcly_bit_reader_skip (&reader, 3);
  acmod = gst_arcly_bit_reader_bits (&reader, 3);
  if (acmod & 1 && acmod != 1)
    gst_arcly_bit_reader_skip (&reader, 2);
  if (acmod & 4)
    gst_arcly_bit_reader_skip (&reader, 2);
  if (acmod == 2)
    gst_arcly_bit_reader_skip (&reader, 2);
  lfe = gst_arcly_bit_reader_flag (&reader);
  if (reader.overrun || sync != 0x0b77 || code == 3 || bsid > 10)
    return fail (error, GST_ARCLY_ERROR_INVALID, "no AC-3 frame");

  *duration = gst_util_uint64_scale (GST_SECOND, AC3_SAMPLES, ac3_rates[code]);
  *caps = ac3_caps ("audio/x-ac3", ac3_rates[code], acmod, lfe);
  return TRUE;
}

/* Annex E, E.1.2.1 and E.1.2.2. */
gboolean
gst_arcly_rtmp_eac3_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  static const guint8 n_blocks[4] = { 1, 2, 3, 6 };
  GstArclyBitReader reader;
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);
  guint sync, code, half, rate, blocks, acmod, bsid;
  gboolean lfe;

  gst_arcly_bit_reader_init (&reader, data, size);
  sync = gst_arcly_bit_reader_bits (&reader, 16);
  gst_arcly_bit_reader_skip (&reader, 2 + 3 + 11);
  code = gst_arcly_bit_reader_bits (&reader, 2);
  half = gst_arcly_bit_reader_bits (&reader, 2);
  acmod = gst_arcly_bit_reader_bits (&reader, 3);
  lfe = gst_arcly_bit_reader_flag (&reader);
  bsid = gst_arcly_bit_reader_bits (&reader, 5);
  if (reader.overrun || sync != 0x0b77 || bsid <= 10 || bsid > 16 ||
      (code == 3 && half == 3))
    return fail (error, GST_ARCLY_ERROR_INVALID, "no E-AC-3 frame");

  /* With half the rate there are always six blocks. */
  rate = code == 3 ? ac3_rates[half] / 2 : ac3_rates[code];
  blocks = code == 3 ? 6 : n_blocks[half];
  *duration =
      gst_util_uint64_scale (GST_SECOND, EAC3_BLOCK_SAMPLES * blocks, rate);
  *caps = ac3_caps ("audio/x-eac3", rate, acmod, lfe);
  return TRUE;
}
