/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

#define HEAD_MAGIC "OpusHead"
#define HEAD_MAGIC_SIZE 8
#define MAX_PACKET_SAMPLES 5760
#define UNUSED_CHANNEL 255

static guint16
swap16 (guint16 value, gboolean swap)
{
  return swap ? GUINT16_SWAP_LE_BE (value) : value;
}

static guint32
swap32 (guint32 value, gboolean swap)
{
  return swap ? GUINT32_SWAP_LE_BE (value) : value;
}

/* RFC 7845, 5.1.1 */
static gboolean
is_valid (const GstArclyOpusConfig *config)
{
  guint i;

  if (config->channels == 0)
    return FALSE;
  if (config->mapping_family == 0)
    return config->channels <= 2 && config->n_streams == 1 &&
           config->n_coupled == config->channels - 1;
  if (config->n_streams == 0 || config->n_coupled > config->n_streams ||
      config->n_streams + config->n_coupled > 255)
    return FALSE;
  for (i = 0; i < config->channels; i++) {
    if (config->mapping[i] >= config->n_streams + config->n_coupled &&
        config->mapping[i] != UNUSED_CHANNEL)
      return FALSE;
  }
  return TRUE;
}

static gboolean
set_invalid (const GstArclyOpusConfig *config, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "Opus with %u channels in %u streams, mapping family %u",
      config->channels, config->n_streams, config->mapping_family);
  return FALSE;
}

/* What both have behind the version. OpusHead is little endian. */
static gboolean
read_rest (GstArclyCursor *cursor, gboolean little_endian,
    GstArclyOpusConfig *config, GError **error)
{
  const guint8 *mapping;

  config->channels = gst_arcly_cursor_u8 (cursor);
  config->pre_skip = swap16 (gst_arcly_cursor_u16be (cursor), little_endian);
  config->input_rate = swap32 (gst_arcly_cursor_u32be (cursor), little_endian);
  config->output_gain =
      (gint16) swap16 (gst_arcly_cursor_u16be (cursor), little_endian);
  config->mapping_family = gst_arcly_cursor_u8 (cursor);
  if (config->mapping_family == 0) {
    config->n_streams = 1;
    config->n_coupled = config->channels == 2;
  } else {
    config->n_streams = gst_arcly_cursor_u8 (cursor);
    config->n_coupled = gst_arcly_cursor_u8 (cursor);
    mapping = gst_arcly_cursor_bytes (cursor, config->channels);
    if (mapping)
      memcpy (config->mapping, mapping, config->channels);
  }
  if (cursor->overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "Opus configuration of %" G_GSIZE_FORMAT " bytes ends early",
        cursor->size);
    return FALSE;
  }
  return is_valid (config) || set_invalid (config, error);
}

/**
 * gst_arcly_opus_head_parse:
 * @data: (array length=size): an identification header
 * @size: bytes of @data
 * @config: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads an OpusHead (RFC 7845, 5.1), the first streamheader of Opus in
 * GStreamer. Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_opus_head_parse (
    const guint8 *data, gsize size, GstArclyOpusConfig *config, GError **error)
{
  GstArclyCursor cursor;
  const guint8 *magic;
  guint8 version;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (config != NULL, FALSE);

  *config = (GstArclyOpusConfig){ 0 };
  gst_arcly_cursor_init (&cursor, data, size);
  magic = gst_arcly_cursor_bytes (&cursor, HEAD_MAGIC_SIZE);
  version = gst_arcly_cursor_u8 (&cursor);
  /* The upper four bits are what breaks readers. */
  if (!cursor.overrun &&
      (memcmp (magic, HEAD_MAGIC, HEAD_MAGIC_SIZE) != 0 || version >> 4)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "no OpusHead that is known: version %u", version);
    return FALSE;
  }
  return read_rest (&cursor, TRUE, config, error);
}

/**
 * gst_arcly_opus_config_parse:
 * @data: (array length=size): the content of a dOps box
 * @size: bytes of @data
 * @config: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads an OpusSpecificBox (Encapsulation of Opus in ISO Base Media File
 * Format, 4.3.2). Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @data is too
 *     short, or %GST_ARCLY_ERROR_INVALID if its version is not 0 or it breaks
 *     the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_opus_config_parse (
    const guint8 *data, gsize size, GstArclyOpusConfig *config, GError **error)
{
  GstArclyCursor cursor;
  guint8 version;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (config != NULL, FALSE);

  *config = (GstArclyOpusConfig){ 0 };
  gst_arcly_cursor_init (&cursor, data, size);
  version = gst_arcly_cursor_u8 (&cursor);
  if (version != 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "dOps of version %u", version);
    return FALSE;
  }
  return read_rest (&cursor, FALSE, config, error);
}

static GBytes *
write_all (const GstArclyOpusConfig *config, gboolean head, GError **error)
{
  GByteArray *out;
  guint8 bytes[11];
  guint16 pre_skip = swap16 (config->pre_skip, head);
  guint32 rate = swap32 (config->input_rate, head);
  guint16 gain = swap16 ((guint16) config->output_gain, head);

  if (!is_valid (config)) {
    set_invalid (config, error);
    return NULL;
  }
  out = g_byte_array_new ();
  if (head)
    g_byte_array_append (out, (const guint8 *) HEAD_MAGIC, HEAD_MAGIC_SIZE);
  bytes[0] = head ? 1 : 0;
  bytes[1] = config->channels;
  bytes[2] = pre_skip >> 8;
  bytes[3] = pre_skip & 0xff;
  bytes[4] = rate >> 24;
  bytes[5] = rate >> 16 & 0xff;
  bytes[6] = rate >> 8 & 0xff;
  bytes[7] = rate & 0xff;
  bytes[8] = gain >> 8;
  bytes[9] = gain & 0xff;
  bytes[10] = config->mapping_family;
  g_byte_array_append (out, bytes, sizeof bytes);
  if (config->mapping_family != 0) {
    g_byte_array_append (out, &config->n_streams, 1);
    g_byte_array_append (out, &config->n_coupled, 1);
    g_byte_array_append (out, config->mapping, config->channels);
  }
  return g_byte_array_free_to_bytes (out);
}

/**
 * gst_arcly_opus_head_to_bytes:
 * @config: what to write
 * @error: return location for a #GError, or %NULL
 *
 * Builds an OpusHead (RFC 7845, 5.1). Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with
 *     %GST_ARCLY_ERROR_INVALID if channels and streams do not fit
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_opus_head_to_bytes (const GstArclyOpusConfig *config, GError **error)
{
  g_return_val_if_fail (config != NULL, NULL);

  return write_all (config, TRUE, error);
}

/**
 * gst_arcly_opus_config_to_bytes:
 * @config: what to write
 * @error: return location for a #GError, or %NULL
 *
 * Builds the content of a dOps box (Encapsulation of Opus in ISO Base Media
 * File Format, 4.3.2). The codecs parameter is `Opus`. Any thread.
 *
 * Returns: (transfer full): the bytes, or %NULL with
 *     %GST_ARCLY_ERROR_INVALID if channels and streams do not fit
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_opus_config_to_bytes (
    const GstArclyOpusConfig *config, GError **error)
{
  g_return_val_if_fail (config != NULL, NULL);

  return write_all (config, FALSE, error);
}

/**
 * gst_arcly_opus_packet_samples:
 * @data: (array length=size): a packet
 * @size: bytes of @data
 *
 * How long a packet is, by its first bytes (RFC 6716, 3.1 and 3.2). Any
 * thread; keeps no reference to @data.
 *
 * Returns: samples at 48 kHz, 120 to 5760, or 0 if it is no Opus packet
 *
 * Since: 0.1
 */
guint
gst_arcly_opus_packet_samples (const guint8 *data, gsize size)
{
  static const guint16 silk[4] = { 480, 960, 1920, 2880 };
  guint config, samples, n;

  g_return_val_if_fail (data != NULL || size == 0, 0);

  if (size == 0)
    return 0;
  config = data[0] >> 3;
  if (config < 12)
    samples = silk[config & 3];
  else if (config < 16)
    samples = silk[config & 1];
  else
    samples = 120u << (config & 3);
  switch (data[0] & 3) {
    case 0:
      n = 1;
      break;
    case 3:
      n = size > 1 ? data[1] & 0x3f : 0;
      break;
    default:
      n = 2;
      break;
  }
  return n * samples <= MAX_PACKET_SAMPLES ? n * samples : 0;
}
