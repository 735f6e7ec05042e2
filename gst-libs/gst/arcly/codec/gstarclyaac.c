/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/gstarclyerror.h>

#define AOT_AAC_LC 2
#define AOT_SBR 5
#define AOT_PS 29
#define AOT_ESCAPE 31
#define RATE_ESCAPE 15
#define SYNC_EXTENSION 0x2b7
/* aac_frame_length has 13 bits. */
#define MAX_ADTS_FRAME 8191

/* ISO/IEC 14496-3, table 1.18. */
static const guint sample_rates[] = { 96000, 88200, 64000, 48000, 44100, 32000,
  24000, 22050, 16000, 12000, 11025, 8000, 7350 };

/* Table 1.19. */
static const guint8 channels_of[16] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8,
  0, 8, 0 };

static gint
rate_index (guint rate)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sample_rates); i++) {
    if (sample_rates[i] == rate)
      return i;
  }
  return -1;
}

/* 1.6.2.1, GetAudioObjectType() */
static guint8
read_object_type (GstArclyBitReader *reader)
{
  guint8 type = gst_arcly_bit_reader_bits (reader, 5);

  if (type == AOT_ESCAPE)
    type = 32 + gst_arcly_bit_reader_bits (reader, 6);
  return type;
}

/* 0 if reserved. */
static guint
read_rate (GstArclyBitReader *reader)
{
  guint index = gst_arcly_bit_reader_bits (reader, 4);

  if (index == RATE_ESCAPE)
    return gst_arcly_bit_reader_bits (reader, 24);
  return index < G_N_ELEMENTS (sample_rates) ? sample_rates[index] : 0;
}

/* 4.4.1, as far as what may follow it matters. */
static gboolean
read_ga_config (GstArclyBitReader *reader, GstArclyAacConfig *config)
{
  gboolean extension;

  config->frame_samples = gst_arcly_bit_reader_flag (reader) ? 960 : 1024;
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 14); /* coreCoderDelay */
  extension = gst_arcly_bit_reader_flag (reader);
  /* A program config element, or fields of other object types: what follows
   * is not where we would look for it. */
  return config->channel_configuration != 0 && !extension;
}

/* 1.6.2.1: SBR and PS told behind the core, where old decoders don't look. */
static void
read_sync_extension (GstArclyBitReader *reader, GstArclyAacConfig *config)
{
  GstArclyBitReader ahead = *reader;
  guint rate;

  if (gst_arcly_bit_reader_bits (&ahead, 11) != SYNC_EXTENSION ||
      read_object_type (&ahead) != AOT_SBR ||
      !gst_arcly_bit_reader_flag (&ahead))
    return;
  rate = read_rate (&ahead);
  if (ahead.overrun || rate == 0)
    return;
  config->extension_object_type = AOT_SBR;
  config->extension_rate = rate;
  if (gst_arcly_bit_reader_bits (&ahead, 11) == 0x548 &&
      gst_arcly_bit_reader_flag (&ahead))
    config->extension_object_type = AOT_PS;
}

/**
 * gst_arcly_aac_config_parse:
 * @data: (array length=size): an AudioSpecificConfig
 * @size: bytes of @data
 * @config: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) with SBR and PS in
 * both ways of signalling. Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_aac_config_parse (
    const guint8 *data, gsize size, GstArclyAacConfig *config, GError **error)
{
  GstArclyBitReader reader;
  gboolean may_extend;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (config != NULL, FALSE);

  *config = (GstArclyAacConfig){ .frame_samples = 1024 };
  gst_arcly_bit_reader_init (&reader, data, size);
  config->object_type = read_object_type (&reader);
  config->rate = read_rate (&reader);
  config->channel_configuration = gst_arcly_bit_reader_bits (&reader, 4);
  if (config->object_type == AOT_SBR || config->object_type == AOT_PS) {
    config->extension_object_type = config->object_type;
    config->extension_rate = read_rate (&reader);
    config->object_type = read_object_type (&reader);
  }
  if (reader.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "AudioSpecificConfig of %" G_GSIZE_FORMAT " bytes ends early", size);
    return FALSE;
  }
  if (config->object_type == 0 || config->rate == 0 ||
      (config->extension_object_type && config->extension_rate == 0)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AudioSpecificConfig with object type %u at %u Hz", config->object_type,
        config->rate);
    return FALSE;
  }
  config->channels = channels_of[config->channel_configuration];

  /* Two bytes of some writers hold no GASpecificConfig: no loss. */
  if (config->object_type > 4 && config->object_type != 23)
    return TRUE;
  may_extend = read_ga_config (&reader, config);
  if (may_extend && !reader.overrun && !config->extension_object_type)
    read_sync_extension (&reader, config);
  return TRUE;
}

static void
put_bits (guint8 *out, guint *pos, guint32 value, guint n)
{
  while (n-- > 0) {
    if (value >> n & 1)
      out[*pos / 8] |= 0x80 >> *pos % 8;
    (*pos)++;
  }
}

static void
put_object_type (guint8 *out, guint *pos, guint type)
{
  put_bits (out, pos, type < AOT_ESCAPE ? type : AOT_ESCAPE, 5);
  if (type >= AOT_ESCAPE)
    put_bits (out, pos, type - 32, 6);
}

static void
put_rate (guint8 *out, guint *pos, guint rate)
{
  gint index = rate_index (rate);

  put_bits (out, pos, index < 0 ? RATE_ESCAPE : index, 4);
  if (index < 0)
    put_bits (out, pos, rate, 24);
}

/**
 * gst_arcly_aac_config_to_bytes:
 * @config: what to write
 * @error: return location for a #GError, or %NULL
 *
 * Builds an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); SBR and PS are
 * signalled in front of the core. Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with
 *     %GST_ARCLY_ERROR_UNSUPPORTED for an object type beyond the AAC family
 *     or a program config element, or %GST_ARCLY_ERROR_INVALID for values
 *     that have no code
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_aac_config_to_bytes (const GstArclyAacConfig *config, GError **error)
{
  guint8 out[16] = { 0 };
  guint pos = 0;

  g_return_val_if_fail (config != NULL, NULL);

  if (config->object_type < 1 || config->object_type > 4 ||
      config->channel_configuration == 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "AAC object type %u with channel configuration %u", config->object_type,
        config->channel_configuration);
    return NULL;
  }
  if (config->rate == 0 || config->rate >= 1u << 24 ||
      config->extension_rate >= 1u << 24 ||
      config->channel_configuration > 15 ||
      (config->extension_object_type != 0 &&
          config->extension_object_type != AOT_SBR &&
          config->extension_object_type != AOT_PS) ||
      (config->extension_object_type != 0) != (config->extension_rate != 0)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AAC at %u Hz, with extension %u at %u Hz", config->rate,
        config->extension_object_type, config->extension_rate);
    return NULL;
  }
  put_object_type (out, &pos,
      config->extension_object_type ? config->extension_object_type
                                    : config->object_type);
  put_rate (out, &pos, config->rate);
  put_bits (out, &pos, config->channel_configuration, 4);
  if (config->extension_object_type) {
    put_rate (out, &pos, config->extension_rate);
    put_object_type (out, &pos, config->object_type);
  }
  put_bits (out, &pos, config->frame_samples == 960, 1);
  put_bits (out, &pos, 0, 2);
  return g_bytes_new (out, (pos + 7) / 8);
}

/**
 * gst_arcly_aac_codec_string:
 * @config: (array length=size): an AudioSpecificConfig
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (RFC 6381, 3.3), for example
 * `mp4a.40.2`, or `mp4a.40.5` and `mp4a.40.29` with SBR and PS. Any thread;
 * keeps no reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with an error of
 *     gst_arcly_aac_config_parse()
 *
 * Since: 0.1
 */
gchar *
gst_arcly_aac_codec_string (const guint8 *config, gsize size, GError **error)
{
  GstArclyAacConfig aac;

  g_return_val_if_fail (config != NULL || size == 0, NULL);

  if (!gst_arcly_aac_config_parse (config, size, &aac, error))
    return NULL;
  return g_strdup_printf ("mp4a.40.%u",
      aac.extension_object_type ? aac.extension_object_type : aac.object_type);
}

/**
 * gst_arcly_adts_header_parse:
 * @data: (array length=size): the start of a frame
 * @size: bytes of @data
 * @header: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the header of an ADTS frame (ISO/IEC 14496-3, 1.A.2.2). Whether
 * @data holds the whole frame is the caller's to check. Any thread; keeps no
 * reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data has less
 *     than 7 bytes, or %GST_ARCLY_ERROR_INVALID if it is no such header
 *
 * Since: 0.1
 */
gboolean
gst_arcly_adts_header_parse (
    const guint8 *data, gsize size, GstArclyAdtsHeader *header, GError **error)
{
  guint index;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  *header = (GstArclyAdtsHeader){ 0 };
  if (size < GST_ARCLY_ADTS_HEADER_SIZE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "ADTS frame has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  header->mpeg_version = data[1] & 0x08 ? 2 : 4;
  header->header_size = data[1] & 0x01 ? 7 : 9;
  header->object_type = (data[2] >> 6) + 1;
  index = data[2] >> 2 & 0xf;
  header->channel_configuration = (data[2] & 1) << 2 | data[3] >> 6;
  header->frame_size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5;
  header->n_blocks = (data[6] & 3) + 1;
  /* With a CRC, more than one block adds their positions (1.A.2.2.1). */
  if (header->header_size == 9)
    header->header_size += 2 * (header->n_blocks - 1);
  if (data[0] != 0xff || (data[1] & 0xf6) != 0xf0 ||
      index >= G_N_ELEMENTS (sample_rates) ||
      header->frame_size < header->header_size) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "no ADTS header: %02x %02x %02x", data[0], data[1], data[2]);
    return FALSE;
  }
  header->rate = sample_rates[index];
  return TRUE;
}

/**
 * gst_arcly_adts_header_write:
 * @config: the stream
 * @payload_size: bytes of the raw frame that follows
 * @header: (out caller-allocates) (array fixed-size=7): the header
 * @error: return location for a #GError, or %NULL
 *
 * Writes the header that makes a raw AAC frame an ADTS frame (ISO/IEC
 * 14496-3, 1.A.2.2), without CRC. SBR and PS stay implicit. Any thread.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_UNSUPPORTED if ADTS has no
 *     code for @config, or %GST_ARCLY_ERROR_LIMIT if the frame is too long
 *
 * Since: 0.1
 */
gboolean
gst_arcly_adts_header_write (const GstArclyAacConfig *config,
    gsize payload_size, guint8 *header, GError **error)
{
  gint index;
  guint size;

  g_return_val_if_fail (config != NULL, FALSE);
  g_return_val_if_fail (header != NULL, FALSE);

  index = rate_index (config->rate);
  if (config->object_type < 1 || config->object_type > 4 || index < 0 ||
      config->channel_configuration < 1 || config->channel_configuration > 7) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "ADTS cannot say: AAC object type %u, %u Hz, channel configuration %u",
        config->object_type, config->rate, config->channel_configuration);
    return FALSE;
  }
  if (payload_size > MAX_ADTS_FRAME - GST_ARCLY_ADTS_HEADER_SIZE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "AAC frame of %" G_GSIZE_FORMAT " bytes, ADTS takes %u", payload_size,
        MAX_ADTS_FRAME - GST_ARCLY_ADTS_HEADER_SIZE);
    return FALSE;
  }
  size = payload_size + GST_ARCLY_ADTS_HEADER_SIZE;
  header[0] = 0xff;
  header[1] = 0xf1; /* MPEG-4, no CRC */
  header[2] = (config->object_type - 1) << 6 | index << 2 |
              config->channel_configuration >> 2;
  header[3] = (config->channel_configuration & 3) << 6 | size >> 11;
  header[4] = size >> 3 & 0xff;
  header[5] = (size & 7) << 5 | 0x1f; /* buffer fullness: variable rate */
  header[6] = 0xfc;
  return TRUE;
}
