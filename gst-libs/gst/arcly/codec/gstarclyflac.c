/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/gstarclyerror.h>

#define STREAMINFO_SIZE 34
#define BLOCK_HEADER_SIZE 4
#define FULL_BOX_SIZE 4
/* Before "fLaC" in the first packet of FLAC in Ogg (RFC 9639, 10.1), which is
 * the first streamheader of FLAC in GStreamer. */
#define OGG_HEAD_SIZE 9

/* A block header of type 0 and 34 bytes, then STREAMINFO; or STREAMINFO. */
static const guint8 *
find_streaminfo (const guint8 *data, gsize size)
{
  if (size == STREAMINFO_SIZE)
    return data;
  if (size > OGG_HEAD_SIZE && memcmp (data, "\177FLAC", 5) == 0) {
    data += OGG_HEAD_SIZE;
    size -= OGG_HEAD_SIZE;
  }
  if (size > 4 && memcmp (data, "fLaC", 4) == 0) {
    data += 4;
    size -= 4;
  }
  if (size < BLOCK_HEADER_SIZE + STREAMINFO_SIZE || data[0] & 0x7f ||
      data[1] != 0 || data[2] != 0 || data[3] != STREAMINFO_SIZE)
    return NULL;
  return data + BLOCK_HEADER_SIZE;
}

/* RFC 9639, 8.2 */
static gboolean
read_streaminfo (const guint8 *data, GstArclyFlacInfo *info)
{
  GstArclyBitReader reader;

  gst_arcly_bit_reader_init (&reader, data, STREAMINFO_SIZE);
  info->min_block = gst_arcly_bit_reader_bits (&reader, 16);
  info->max_block = gst_arcly_bit_reader_bits (&reader, 16);
  gst_arcly_bit_reader_skip (&reader, 24 + 24);
  info->rate = gst_arcly_bit_reader_bits (&reader, 20);
  info->channels = gst_arcly_bit_reader_bits (&reader, 3) + 1;
  info->bits = gst_arcly_bit_reader_bits (&reader, 5) + 1;
  info->total_samples = (guint64) gst_arcly_bit_reader_bits (&reader, 4) << 32;
  info->total_samples |= gst_arcly_bit_reader_bits (&reader, 32);
  return info->min_block >= 16 && info->max_block >= info->min_block &&
         info->rate > 0 && info->bits >= 4;
}

static gboolean
read_any (const guint8 *data, GstArclyFlacInfo *info, GError **error)
{
  *info = (GstArclyFlacInfo){ 0 };
  if (!data) {
    g_set_error_literal (
        error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, "no FLAC STREAMINFO");
    return FALSE;
  }
  if (!read_streaminfo (data, info)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "FLAC of %u bits at %u Hz, blocks of %u to %u samples", info->bits,
        info->rate, info->min_block, info->max_block);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_arcly_flac_config_parse:
 * @data: (array length=size): the content of a dfLa box, with its version and
 *     flags
 * @size: bytes of @data
 * @info: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the STREAMINFO of a FLACSpecificBox (Encapsulation of FLAC in ISO Base
 * Media File Format, 3.3.2). Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_INVALID if there is none or
 *     it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_flac_config_parse (
    const guint8 *data, gsize size, GstArclyFlacInfo *info, GError **error)
{
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (info != NULL, FALSE);

  return read_any (
      size < FULL_BOX_SIZE + BLOCK_HEADER_SIZE + STREAMINFO_SIZE || data[0]
          ? NULL
          : find_streaminfo (data + FULL_BOX_SIZE, size - FULL_BOX_SIZE),
      info, error);
}

/**
 * gst_arcly_flac_config_new:
 * @data: (array length=size): the start of a FLAC stream, the first
 *     streamheader of GStreamer's caps, or a STREAMINFO block
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Builds the content of a dfLa box, with its version and flags (Encapsulation
 * of FLAC in ISO Base Media File Format, 3.3.2), with the STREAMINFO alone.
 * The codecs parameter is `fLaC`. Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with
 *     %GST_ARCLY_ERROR_INVALID if there is no STREAMINFO or it breaks the
 *     standard
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_flac_config_new (const guint8 *data, gsize size, GError **error)
{
  guint8 out[FULL_BOX_SIZE + BLOCK_HEADER_SIZE + STREAMINFO_SIZE] = { 0, 0, 0,
    0, 0x80, 0, 0, STREAMINFO_SIZE };
  GstArclyFlacInfo info;
  const guint8 *streaminfo;

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  streaminfo = find_streaminfo (data, size);
  if (!read_any (streaminfo, &info, error))
    return NULL;
  memcpy (out + FULL_BOX_SIZE + BLOCK_HEADER_SIZE, streaminfo, STREAMINFO_SIZE);
  return g_bytes_new (out, sizeof out);
}
