/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/gstarclyerror.h>

#define SYNC_WORD 0x0b77
#define BLOCK_SAMPLES 256
#define DEPENDENT 1
#define DAC3_SIZE 3
/* dec3: three bits, less one. */
#define MAX_INDEPENDENT 8
#define MAX_DEPENDENT 8

static const guint rates[3] = { 48000, 44100, 32000 };
/* ETSI TS 102 366, table 4.13: kbit/s. */
static const guint16 bitrates[19] = { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160,
  192, 224, 256, 320, 384, 448, 512, 576, 640 };
/* Table 4.3 */
static const guint8 channels_of[8] = { 2, 1, 2, 3, 3, 4, 4, 5 };

/* What dec3 needs beyond the header. */
typedef struct {
  guint8 fscod;
  guint16 chanmap;
} Extra;

/* Table 4.13, in words of 16 bits; at 44.1 kHz odd codes have one more. */
static void
set_rates (GstArclyAc3Header *header, guint fscod, guint size_code)
{
  guint bitrate = bitrates[size_code / 2] * 1000;
  /* bsid 9 and 10 mean half and quarter rates. */
  guint shift = MAX (header->bsid, 8) - 8;

  header->frame_samples = 6 * BLOCK_SAMPLES;
  header->frame_size = bitrate / 16 * header->frame_samples / rates[fscod];
  if (fscod == 1)
    header->frame_size += size_code & 1;
  header->frame_size *= 2;
  header->rate = rates[fscod] >> shift;
  header->bitrate = bitrate >> shift;
}

/* 4.3.1 and 4.3.2 */
static gboolean
read_ac3 (GstArclyBitReader *reader, GstArclyAc3Header *header, Extra *extra)
{
  guint size_code;

  gst_arcly_bit_reader_skip (reader, 16); /* crc1 */
  extra->fscod = gst_arcly_bit_reader_bits (reader, 2);
  size_code = gst_arcly_bit_reader_bits (reader, 6);
  gst_arcly_bit_reader_skip (reader, 5);
  header->bsmod = gst_arcly_bit_reader_bits (reader, 3);
  header->acmod = gst_arcly_bit_reader_bits (reader, 3);
  if (header->acmod & 1 && header->acmod != 1)
    gst_arcly_bit_reader_skip (reader, 2);
  if (header->acmod & 4)
    gst_arcly_bit_reader_skip (reader, 2);
  if (header->acmod == 2)
    gst_arcly_bit_reader_skip (reader, 2);
  header->lfe = gst_arcly_bit_reader_flag (reader);
  if (extra->fscod > 2 || size_code / 2 >= G_N_ELEMENTS (bitrates))
    return FALSE;
  set_rates (header, extra->fscod, size_code);
  return TRUE;
}

/* E.1.2.2, mixing metadata of an independent substream. */
static void
skip_program_mix (
    GstArclyBitReader *reader, const GstArclyAc3Header *header, guint n_blocks)
{
  guint i;

  for (i = 0; i < (header->acmod == 0 ? 3 : 2); i++) {
    if (gst_arcly_bit_reader_flag (reader))
      gst_arcly_bit_reader_skip (reader, 6); /* scale factors */
  }
  switch (gst_arcly_bit_reader_bits (reader, 2)) {
    case 1:
      gst_arcly_bit_reader_skip (reader, 5);
      break;
    case 2:
      gst_arcly_bit_reader_skip (reader, 12);
      break;
    case 3:
      gst_arcly_bit_reader_skip (
          reader, 8 * (gst_arcly_bit_reader_bits (reader, 5) + 2));
      break;
    default:
      break;
  }
  for (i = 0; header->acmod < 2 && i < (header->acmod == 0 ? 2 : 1); i++) {
    if (gst_arcly_bit_reader_flag (reader))
      gst_arcly_bit_reader_skip (reader, 14); /* pan */
  }
  if (!gst_arcly_bit_reader_flag (reader))
    return;
  if (n_blocks == 1) {
    gst_arcly_bit_reader_skip (reader, 5);
    return;
  }
  for (i = 0; i < n_blocks; i++) {
    if (gst_arcly_bit_reader_flag (reader))
      gst_arcly_bit_reader_skip (reader, 5);
  }
}

static void
skip_mix (
    GstArclyBitReader *reader, const GstArclyAc3Header *header, guint n_blocks)
{
  if (header->acmod > 2)
    gst_arcly_bit_reader_skip (reader, 2);
  if (header->acmod & 1 && header->acmod > 2)
    gst_arcly_bit_reader_skip (reader, 6);
  if (header->acmod & 4)
    gst_arcly_bit_reader_skip (reader, 6);
  if (header->lfe && gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 5);
  if (header->stream_type == 0)
    skip_program_mix (reader, header, n_blocks);
}

/* E.1.2.2, as far as bsmod. */
static gboolean
read_eac3 (GstArclyBitReader *reader, GstArclyAc3Header *header, Extra *extra)
{
  static const guint8 blocks[4] = { 1, 2, 3, 6 };
  guint n_blocks = 6;
  guint i;

  header->stream_type = gst_arcly_bit_reader_bits (reader, 2);
  header->substream_id = gst_arcly_bit_reader_bits (reader, 3);
  header->frame_size = 2 * (gst_arcly_bit_reader_bits (reader, 11) + 1);
  extra->fscod = gst_arcly_bit_reader_bits (reader, 2);
  if (extra->fscod == 3) {
    guint half = gst_arcly_bit_reader_bits (reader, 2);

    if (half == 3)
      return FALSE;
    header->rate = rates[half] / 2;
  } else {
    header->rate = rates[extra->fscod];
    n_blocks = blocks[gst_arcly_bit_reader_bits (reader, 2)];
  }
  header->frame_samples = n_blocks * BLOCK_SAMPLES;
  header->bitrate =
      (guint64) header->frame_size * 8 * header->rate / header->frame_samples;
  header->acmod = gst_arcly_bit_reader_bits (reader, 3);
  header->lfe = gst_arcly_bit_reader_flag (reader);
  gst_arcly_bit_reader_skip (reader, 5); /* bsid */
  for (i = 0; i < (header->acmod == 0 ? 2 : 1); i++) {
    gst_arcly_bit_reader_skip (reader, 5); /* dialnorm */
    if (gst_arcly_bit_reader_flag (reader))
      gst_arcly_bit_reader_skip (reader, 8);
  }
  if (header->stream_type == DEPENDENT && gst_arcly_bit_reader_flag (reader))
    extra->chanmap = gst_arcly_bit_reader_bits (reader, 16);
  if (gst_arcly_bit_reader_flag (reader))
    skip_mix (reader, header, n_blocks);
  if (gst_arcly_bit_reader_flag (reader))
    header->bsmod = gst_arcly_bit_reader_bits (reader, 3);
  return header->stream_type != 3;
}

static gboolean
read_header (const guint8 *data, gsize size, GstArclyAc3Header *header,
    Extra *extra, GError **error)
{
  GstArclyBitReader reader;
  gboolean ok;

  *header = (GstArclyAc3Header){ 0 };
  *extra = (Extra){ 0 };
  if (size < 6) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "AC-3 frame has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  /* bsid is at the same place in both. */
  header->bsid = data[5] >> 3;
  header->enhanced = header->bsid > 10;
  gst_arcly_bit_reader_init (&reader, data, size);
  ok = gst_arcly_bit_reader_bits (&reader, 16) == SYNC_WORD &&
       header->bsid <= 16 &&
       (header->enhanced ? read_eac3 : read_ac3) (&reader, header, extra);
  if (!ok) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "no AC-3 frame: %02x %02x, bsid %u", data[0], data[1], header->bsid);
    return FALSE;
  }
  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "AC-3 frame of %" G_GSIZE_FORMAT " bytes ends in its header", size);
    return FALSE;
  }
  header->channels = channels_of[header->acmod] + (header->lfe ? 1 : 0);
  return TRUE;
}

/**
 * gst_arcly_ac3_header_parse:
 * @data: (array length=size): the start of a synchronization frame
 * @size: bytes of @data
 * @header: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the header of an AC-3 or E-AC-3 frame (ETSI TS 102 366, 4.3 and
 * E.1.2). Whether @data holds the whole frame is the caller's to check. Any
 * thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it is no such frame
 *
 * Since: 0.1
 */
gboolean
gst_arcly_ac3_header_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error)
{
  Extra extra;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  return read_header (data, size, header, &extra, error);
}

/**
 * gst_arcly_ac3_config_new:
 * @data: (array length=size): the start of an AC-3 frame
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Builds the content of a dac3 box (ETSI TS 102 366, F.4). The codecs
 * parameter is `ac-3`. Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with an error of
 *     gst_arcly_ac3_header_parse(), or %GST_ARCLY_ERROR_UNSUPPORTED for an
 *     E-AC-3 frame
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_ac3_config_new (const guint8 *data, gsize size, GError **error)
{
  GstArclyAc3Header header;
  Extra extra;
  guint32 bits;
  guint8 out[DAC3_SIZE];

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  if (!read_header (data, size, &header, &extra, error))
    return NULL;
  if (header.enhanced) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "dac3 has no place for E-AC-3");
    return NULL;
  }
  /* data[4]: fscod and frmsizecod, whose lowest bit is not the rate. */
  bits = (guint32) extra.fscod << 22 | header.bsid << 17 | header.bsmod << 14 |
         header.acmod << 11 | (header.lfe ? 1 : 0) << 10 |
         (data[4] & 0x3f) >> 1 << 5;
  out[0] = bits >> 16;
  out[1] = bits >> 8 & 0xff;
  out[2] = bits & 0xff;
  return g_bytes_new (out, sizeof out);
}

/**
 * gst_arcly_ac3_config_parse:
 * @data: (array length=size): the content of a dac3 box
 * @size: bytes of @data
 * @header: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads an AC3SpecificBox (ETSI TS 102 366, F.4). Any thread; keeps no
 * reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if a field is out of range
 *
 * Since: 0.1
 */
gboolean
gst_arcly_ac3_config_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error)
{
  GstArclyBitReader reader;
  guint fscod, rate_code;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  *header = (GstArclyAc3Header){ 0 };
  gst_arcly_bit_reader_init (&reader, data, size);
  fscod = gst_arcly_bit_reader_bits (&reader, 2);
  header->bsid = gst_arcly_bit_reader_bits (&reader, 5);
  header->bsmod = gst_arcly_bit_reader_bits (&reader, 3);
  header->acmod = gst_arcly_bit_reader_bits (&reader, 3);
  header->lfe = gst_arcly_bit_reader_flag (&reader);
  rate_code = gst_arcly_bit_reader_bits (&reader, 5);
  if (reader.overrun || size < DAC3_SIZE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "dac3 has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (fscod > 2 || header->bsid > 10 || rate_code >= G_N_ELEMENTS (bitrates)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "dac3 with bsid %u, rate code %u", header->bsid, rate_code);
    return FALSE;
  }
  set_rates (header, fscod, 2 * rate_code);
  header->channels = channels_of[header->acmod] + (header->lfe ? 1 : 0);
  return TRUE;
}

/* One independent substream of dec3 and what depends on it. */
typedef struct {
  guint8 fscod;
  GstArclyAc3Header header;
  guint n_dependent;
  guint16 chan_loc;
} Substream;

/* Table F.6.2 of chan_loc, bit 0 first, in the bits of chanmap (table E.5),
 * the highest of which is channel 0. */
static guint16
locations (guint16 chanmap)
{
  static const guint8 channels[9] = { 5, 6, 7, 8, 9, 10, 11, 12, 14 };
  guint16 chan_loc = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (channels); i++)
    chan_loc |= (chanmap >> (15 - channels[i]) & 1) << i;
  return chan_loc;
}

/* E.1.1: substreams of one time, each independent one in front of its
 * dependent ones. A second round of the same begins a new access unit. */
static guint
read_substreams (const guint8 *data, gsize size, Substream *streams,
    guint *bitrate, GError **error)
{
  GstArclyAc3Header header;
  Extra extra;
  guint n = 0;

  *bitrate = 0;
  while (size > 0) {
    if (!read_header (data, size, &header, &extra, n == 0 ? error : NULL))
      break;
    if (header.stream_type == DEPENDENT && header.enhanced) {
      if (n == 0 || streams[n - 1].n_dependent == MAX_DEPENDENT)
        break;
      streams[n - 1].n_dependent++;
      streams[n - 1].chan_loc |= locations (extra.chanmap);
    } else if (n == MAX_INDEPENDENT ||
               (n > 0 &&
                   header.substream_id <= streams[n - 1].header.substream_id)) {
      break;
    } else {
      streams[n++] = (Substream){ extra.fscod, header, 0, 0 };
    }
    *bitrate += header.bitrate;
    if (header.frame_size >= size)
      break;
    data += header.frame_size;
    size -= header.frame_size;
  }
  return n;
}

/**
 * gst_arcly_eac3_config_new:
 * @data: (array length=size): the frames of an access unit: independent
 *     substreams and those that depend on them
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Builds the content of a dec3 box (ETSI TS 102 366, F.6). The codecs
 * parameter is `ec-3`. Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with an error of
 *     gst_arcly_ac3_header_parse(), or %GST_ARCLY_ERROR_INVALID if the first
 *     frame is of a dependent substream
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_eac3_config_new (const guint8 *data, gsize size, GError **error)
{
  Substream streams[MAX_INDEPENDENT];
  g_autoptr (GByteArray) out = NULL;
  GError *failure = NULL;
  guint bitrate, n, i;
  guint8 bytes[4];

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  n = read_substreams (data, size, streams, &bitrate, &failure);
  if (n == 0) {
    if (!failure)
      g_set_error_literal (&failure, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
          "E-AC-3 begins with a dependent substream");
    g_propagate_error (error, failure);
    return NULL;
  }
  out = g_byte_array_new ();
  bitrate = MIN (bitrate / 1000, 0x1fff);
  bytes[0] = bitrate >> 5;
  bytes[1] = (bitrate & 0x1f) << 3 | (n - 1);
  g_byte_array_append (out, bytes, 2);
  for (i = 0; i < n; i++) {
    const GstArclyAc3Header *header = &streams[i].header;

    bytes[0] = streams[i].fscod << 6 | header->bsid << 1;
    bytes[1] = header->bsmod << 4 | header->acmod << 1 | (header->lfe ? 1 : 0);
    bytes[2] = streams[i].n_dependent << 1 | streams[i].chan_loc >> 8;
    bytes[3] = streams[i].chan_loc & 0xff;
    g_byte_array_append (out, bytes, streams[i].n_dependent > 0 ? 4 : 3);
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

/**
 * gst_arcly_eac3_config_parse:
 * @data: (array length=size): the content of a dec3 box
 * @size: bytes of @data
 * @header: (out caller-allocates): what it says of its first substream; a
 *     frame's size and duration, and a sample rate below 32 kHz, are not told
 * @error: return location for a #GError, or %NULL
 *
 * Reads an EC3SpecificBox (ETSI TS 102 366, F.6). Any thread; keeps no
 * reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if a field is out of range
 *
 * Since: 0.1
 */
gboolean
gst_arcly_eac3_config_parse (
    const guint8 *data, gsize size, GstArclyAc3Header *header, GError **error)
{
  GstArclyBitReader reader;
  guint fscod;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  *header = (GstArclyAc3Header){ .enhanced = TRUE };
  gst_arcly_bit_reader_init (&reader, data, size);
  header->bitrate = gst_arcly_bit_reader_bits (&reader, 13) * 1000;
  gst_arcly_bit_reader_skip (&reader, 3);
  fscod = gst_arcly_bit_reader_bits (&reader, 2);
  header->bsid = gst_arcly_bit_reader_bits (&reader, 5);
  gst_arcly_bit_reader_skip (&reader, 2);
  header->bsmod = gst_arcly_bit_reader_bits (&reader, 3);
  header->acmod = gst_arcly_bit_reader_bits (&reader, 3);
  header->lfe = gst_arcly_bit_reader_flag (&reader);
  gst_arcly_bit_reader_skip (&reader, 3 + 4 + 1);
  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "dec3 has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (header->bsid < 11 || header->bsid > 16) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "dec3 with bsid %u", header->bsid);
    return FALSE;
  }
  header->rate = fscod < 3 ? rates[fscod] : 0;
  header->channels = channels_of[header->acmod] + (header->lfe ? 1 : 0);
  return TRUE;
}
