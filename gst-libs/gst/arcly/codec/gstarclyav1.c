/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyobu.h>
#include <gst/arcly/codec/gstarclyvui.h>
#include <gst/arcly/gstarclyerror.h>

#define CONFIG_SIZE 4
#define COLOUR_BT709 1
#define COLOUR_SRGB 13
#define COLOUR_IDENTITY 0

/* 5.5.3 to 5.5.5, timing and decoder model. Returns the bits of a buffer
 * delay, 0 without a model. */
static guint
read_timing (GstArclyBitReader *reader, GstArclyAv1Sequence *sequence)
{
  guint32 units, scale;
  guint64 ticks;
  guint delay_bits;

  if (!gst_arcly_bit_reader_flag (reader))
    return 0;
  units = gst_arcly_bit_reader_bits (reader, 32);
  scale = gst_arcly_bit_reader_bits (reader, 32);
  /* Only an equal interval makes a frame rate of a tick. */
  if (gst_arcly_bit_reader_flag (reader)) {
    ticks = ((guint64) gst_arcly_bit_reader_ue (reader) + 1) * units;
    if (!reader->overrun && scale > 0 && ticks > 0 && ticks <= G_MAXUINT32) {
      sequence->fps_n = scale;
      sequence->fps_d = ticks;
    }
  }
  if (!gst_arcly_bit_reader_flag (reader))
    return 0;
  delay_bits = gst_arcly_bit_reader_bits (reader, 5) + 1;
  gst_arcly_bit_reader_skip (reader, 32 + 5 + 5);
  return delay_bits;
}

static void
read_operating_points (GstArclyBitReader *reader, GstArclyAv1Sequence *sequence)
{
  guint delay_bits = read_timing (reader, sequence);
  gboolean has_display_delay = gst_arcly_bit_reader_flag (reader);
  guint n = gst_arcly_bit_reader_bits (reader, 5) + 1;
  guint i;

  for (i = 0; i < n && !reader->overrun; i++) {
    guint8 level, tier = 0, delay = 0;

    gst_arcly_bit_reader_skip (reader, 12);
    level = gst_arcly_bit_reader_bits (reader, 5);
    if (level > 7)
      tier = gst_arcly_bit_reader_bits (reader, 1);
    if (delay_bits > 0 && gst_arcly_bit_reader_flag (reader))
      gst_arcly_bit_reader_skip (reader, 2 * delay_bits + 1);
    if (has_display_delay && gst_arcly_bit_reader_flag (reader))
      delay = gst_arcly_bit_reader_bits (reader, 4) + 1;
    if (i > 0)
      continue;
    sequence->level_idx = level;
    sequence->tier = tier;
    sequence->initial_presentation_delay = delay;
  }
}

/* Between the frame size and the colour. */
static void
skip_tools (GstArclyBitReader *reader, gboolean reduced)
{
  gboolean order_hint;
  gboolean screen_content = TRUE;

  if (reduced) {
    gst_arcly_bit_reader_skip (reader, 3 + 3);
    return;
  }
  if (gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 7); /* frame id lengths */
  gst_arcly_bit_reader_skip (reader, 3 + 4);
  order_hint = gst_arcly_bit_reader_flag (reader);
  if (order_hint)
    gst_arcly_bit_reader_skip (reader, 2);
  if (!gst_arcly_bit_reader_flag (reader))
    screen_content = gst_arcly_bit_reader_flag (reader);
  if (screen_content && !gst_arcly_bit_reader_flag (reader))
    gst_arcly_bit_reader_skip (reader, 1); /* seq_force_integer_mv */
  if (order_hint)
    gst_arcly_bit_reader_skip (reader, 3);
  gst_arcly_bit_reader_skip (reader, 3);
}

static void
read_subsampling (GstArclyBitReader *reader, GstArclyAv1Sequence *sequence)
{
  if (sequence->profile == 0) {
    sequence->subsampling_x = sequence->subsampling_y = TRUE;
  } else if (sequence->profile == 2 && sequence->bit_depth == 12) {
    sequence->subsampling_x = gst_arcly_bit_reader_flag (reader);
    sequence->subsampling_y =
        sequence->subsampling_x && gst_arcly_bit_reader_flag (reader);
  } else {
    sequence->subsampling_x = sequence->profile == 2;
  }
}

/* 5.5.2 */
static void
read_colour (GstArclyBitReader *reader, GstArclyAv1Sequence *sequence)
{
  gboolean high = gst_arcly_bit_reader_flag (reader);

  sequence->bit_depth = high ? 10 : 8;
  if (sequence->profile == 2 && high && gst_arcly_bit_reader_flag (reader))
    sequence->bit_depth = 12;
  sequence->monochrome =
      sequence->profile != 1 && gst_arcly_bit_reader_flag (reader);
  if (gst_arcly_bit_reader_flag (reader)) {
    sequence->colour_primaries = gst_arcly_bit_reader_bits (reader, 8);
    sequence->transfer_characteristics = gst_arcly_bit_reader_bits (reader, 8);
    sequence->matrix_coefficients = gst_arcly_bit_reader_bits (reader, 8);
  }
  if (sequence->monochrome) {
    sequence->full_range = gst_arcly_bit_reader_flag (reader);
    sequence->subsampling_x = sequence->subsampling_y = TRUE;
    return;
  }
  if (sequence->colour_primaries == COLOUR_BT709 &&
      sequence->transfer_characteristics == COLOUR_SRGB &&
      sequence->matrix_coefficients == COLOUR_IDENTITY) {
    sequence->full_range = TRUE;
    return;
  }
  sequence->full_range = gst_arcly_bit_reader_flag (reader);
  read_subsampling (reader, sequence);
  if (sequence->subsampling_x && sequence->subsampling_y)
    sequence->chroma_sample_position = gst_arcly_bit_reader_bits (reader, 2);
}

/* 5.5.1 */
static gboolean
read_sequence (const GstArclyObu *obu, GstArclyAv1Sequence *sequence)
{
  GstArclyBitReader reader;
  guint width_bits, height_bits;

  *sequence = (GstArclyAv1Sequence){
    .colour_primaries = GST_ARCLY_COLOUR_UNSPECIFIED,
    .transfer_characteristics = GST_ARCLY_COLOUR_UNSPECIFIED,
    .matrix_coefficients = GST_ARCLY_COLOUR_UNSPECIFIED,
  };
  gst_arcly_bit_reader_init (&reader, obu->payload, obu->payload_size);
  sequence->profile = gst_arcly_bit_reader_bits (&reader, 3);
  gst_arcly_bit_reader_skip (&reader, 1); /* still_picture */
  sequence->reduced_still_picture = gst_arcly_bit_reader_flag (&reader);
  if (sequence->reduced_still_picture)
    sequence->level_idx = gst_arcly_bit_reader_bits (&reader, 5);
  else
    read_operating_points (&reader, sequence);
  width_bits = gst_arcly_bit_reader_bits (&reader, 4) + 1;
  height_bits = gst_arcly_bit_reader_bits (&reader, 4) + 1;
  sequence->width = gst_arcly_bit_reader_bits (&reader, width_bits) + 1;
  sequence->height = gst_arcly_bit_reader_bits (&reader, height_bits) + 1;
  skip_tools (&reader, sequence->reduced_still_picture);
  read_colour (&reader, sequence);
  return !reader.overrun && sequence->profile <= 2;
}

static gboolean
find_sequence (const guint8 *data, gsize size, GstArclyObu *obu)
{
  GstArclyObuIter iter;

  gst_arcly_obu_iter_init (&iter, data, size);
  while (gst_arcly_obu_iter_next (&iter, obu)) {
    if (obu->type == GST_ARCLY_OBU_SEQUENCE_HEADER)
      return TRUE;
  }
  return FALSE;
}

static gboolean
sequence_of (const guint8 *data, gsize size, GstArclyObu *obu,
    GstArclyAv1Sequence *sequence, GError **error)
{
  if (!find_sequence (data, size, obu)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND,
        "no AV1 sequence header in %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (!read_sequence (obu, sequence)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AV1 sequence header of %" G_GSIZE_FORMAT " bytes ends early, or has "
        "profile %u",
        obu->size, sequence->profile);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_arcly_av1_sequence_parse:
 * @data: (array length=size): OBUs, for example a temporal unit
 * @size: bytes of @data
 * @sequence: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the first sequence header (AV1 Bitstream Specification, 5.5) of
 * @data, as far as the colour. Any thread; keeps no reference to @data.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_NOT_FOUND if there is none,
 *     or %GST_ARCLY_ERROR_INVALID if it breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_av1_sequence_parse (const guint8 *data, gsize size,
    GstArclyAv1Sequence *sequence, GError **error)
{
  GstArclyObu obu;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (sequence != NULL, FALSE);

  return sequence_of (data, size, &obu, sequence, error);
}

/* configOBUs must have sizes, whatever the stream does. */
static void
write_obu (GByteArray *out, const GstArclyObu *obu)
{
  guint8 head[6] = { GST_ARCLY_OBU_SEQUENCE_HEADER << 3 | 0x02 };
  guint n = 1;
  gsize left = obu->payload_size;

  do {
    head[n++] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0);
    left >>= 7;
  } while (left > 0);
  g_byte_array_append (out, head, n);
  g_byte_array_append (out, obu->payload, obu->payload_size);
}

/**
 * gst_arcly_av1_config_new:
 * @data: (array length=size): OBUs with a sequence header, for example the
 *     first temporal unit of a stream
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Builds an AV1CodecConfigurationRecord, the content of av1C (AV1 Codec ISO
 * Media File Format Binding, 2.3), with the sequence header. Any thread.
 *
 * Returns: (transfer full): the record, or %NULL with an error of
 *     gst_arcly_av1_sequence_parse()
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_av1_config_new (const guint8 *data, gsize size, GError **error)
{
  GstArclyAv1Sequence sequence;
  GstArclyObu obu;
  GByteArray *out;
  guint8 head[CONFIG_SIZE];

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  if (!sequence_of (data, size, &obu, &sequence, error))
    return NULL;
  /* So the size fits in what write_obu() has. */
  if (obu.payload_size > G_MAXUINT16) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AV1 sequence header of %" G_GSIZE_FORMAT " bytes", obu.size);
    return NULL;
  }
  head[0] = 0x81;
  head[1] = sequence.profile << 5 | sequence.level_idx;
  head[2] = sequence.tier << 7 | (sequence.bit_depth > 8) << 6 |
            (sequence.bit_depth == 12) << 5 | sequence.monochrome << 4 |
            sequence.subsampling_x << 3 | sequence.subsampling_y << 2 |
            sequence.chroma_sample_position;
  head[3] = sequence.initial_presentation_delay > 0
                ? 0x10 | (sequence.initial_presentation_delay - 1)
                : 0;
  out = g_byte_array_new ();
  g_byte_array_append (out, head, sizeof head);
  write_obu (out, &obu);
  return g_byte_array_free_to_bytes (out);
}

/**
 * gst_arcly_av1_config_parse:
 * @config: (array length=size): an AV1CodecConfigurationRecord
 * @size: bytes of @config
 * @sequence: (out caller-allocates): what it says
 * @error: return location for a #GError, or %NULL
 *
 * Reads the record (AV1 Codec ISO Media File Format Binding, 2.3). Without a
 * sequence header in it, size, frame rate and colour are not told. Any
 * thread; keeps no reference to @config.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_TRUNCATED if @config is too
 *     short, or %GST_ARCLY_ERROR_INVALID if its version is not 1 or its
 *     sequence header breaks the standard
 *
 * Since: 0.1
 */
gboolean
gst_arcly_av1_config_parse (const guint8 *config, gsize size,
    GstArclyAv1Sequence *sequence, GError **error)
{
  GstArclyObu obu;

  g_return_val_if_fail (config != NULL || size == 0, FALSE);
  g_return_val_if_fail (sequence != NULL, FALSE);

  if (size < CONFIG_SIZE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "av1C has only %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  if (config[0] != 0x81 || config[1] >> 5 > 2) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "av1C of version %u with profile %u", config[0] & 0x7f, config[1] >> 5);
    return FALSE;
  }
  if (find_sequence (config + CONFIG_SIZE, size - CONFIG_SIZE, &obu))
    return sequence_of (
        config + CONFIG_SIZE, size - CONFIG_SIZE, &obu, sequence, error);
  *sequence = (GstArclyAv1Sequence){
    .profile = config[1] >> 5,
    .level_idx = config[1] & 0x1f,
    .tier = config[2] >> 7,
    .bit_depth = config[2] & 0x40 ? (config[2] & 0x20 ? 12 : 10) : 8,
    .monochrome = config[2] >> 4 & 1,
    .subsampling_x = config[2] >> 3 & 1,
    .subsampling_y = config[2] >> 2 & 1,
    .chroma_sample_position = config[2] & 3,
    .colour_primaries = GST_ARCLY_COLOUR_UNSPECIFIED,
    .transfer_characteristics = GST_ARCLY_COLOUR_UNSPECIFIED,
    .matrix_coefficients = GST_ARCLY_COLOUR_UNSPECIFIED,
    .initial_presentation_delay = config[3] & 0x10 ? (config[3] & 0xf) + 1 : 0,
  };
  return TRUE;
}

/* Unspecified counts as the default, as in all that writes such strings. */
static gboolean
is_default (const GstArclyAv1Sequence *sequence)
{
  return !sequence->monochrome && sequence->subsampling_x &&
         sequence->subsampling_y && !sequence->full_range &&
         (sequence->colour_primaries == GST_ARCLY_COLOUR_UNSPECIFIED ||
             sequence->colour_primaries == COLOUR_BT709) &&
         (sequence->transfer_characteristics == GST_ARCLY_COLOUR_UNSPECIFIED ||
             sequence->transfer_characteristics == COLOUR_BT709) &&
         (sequence->matrix_coefficients == GST_ARCLY_COLOUR_UNSPECIFIED ||
             sequence->matrix_coefficients == COLOUR_BT709);
}

/**
 * gst_arcly_av1_codec_string:
 * @config: (array length=size): an AV1CodecConfigurationRecord
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (AV1 Codec ISO Media File Format
 * Binding, 5), for example `av01.0.08M.08`. The optional fields follow only
 * where chroma, colour or range are not the usual ones. Any thread; keeps no
 * reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with an error of
 *     gst_arcly_av1_config_parse()
 *
 * Since: 0.1
 */
gchar *
gst_arcly_av1_codec_string (const guint8 *config, gsize size, GError **error)
{
  GstArclyAv1Sequence sequence;
  g_autofree gchar *start = NULL;

  g_return_val_if_fail (config != NULL || size == 0, NULL);

  if (!gst_arcly_av1_config_parse (config, size, &sequence, error))
    return NULL;
  start = g_strdup_printf ("av01.%u.%02u%c.%02u", sequence.profile,
      sequence.level_idx, sequence.tier ? 'H' : 'M', sequence.bit_depth);
  if (is_default (&sequence))
    return g_steal_pointer (&start);
  return g_strdup_printf ("%s.%u.%u%u%u.%02u.%02u.%02u.%u", start,
      sequence.monochrome ? 1 : 0, sequence.subsampling_x ? 1 : 0,
      sequence.subsampling_y ? 1 : 0,
      sequence.subsampling_x && sequence.subsampling_y
          ? sequence.chroma_sample_position
          : 0,
      sequence.colour_primaries, sequence.transfer_characteristics,
      sequence.matrix_coefficients, sequence.full_range ? 1 : 0);
}

/**
 * gst_arcly_av1_is_random_access:
 * @data: (array length=size): a temporal unit
 * @size: bytes of @data
 *
 * Whether decoding can start at this temporal unit: it has a sequence header
 * and its first frame is a shown key frame (AV1 Bitstream Specification,
 * 7.6.2; what av1 in ISO files calls a sync sample). A key frame that is not
 * shown at once, and a unit that shows it later, are not. Data that breaks
 * the format is no place to start. Any thread; keeps no reference to @data.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_av1_is_random_access (const guint8 *data, gsize size)
{
  GstArclyAv1Sequence sequence;
  GstArclyObuIter iter;
  GstArclyObu obu;
  gboolean has_sequence = FALSE;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  gst_arcly_obu_iter_init (&iter, data, size);
  while (gst_arcly_obu_iter_next (&iter, &obu)) {
    if (obu.type == GST_ARCLY_OBU_SEQUENCE_HEADER) {
      has_sequence = read_sequence (&obu, &sequence);
    } else if (obu.type == GST_ARCLY_OBU_FRAME_HEADER ||
               obu.type == GST_ARCLY_OBU_FRAME) {
      /* 5.9.2: show_existing_frame 0, frame_type 0, show_frame 1. */
      return has_sequence && obu.payload_size > 0 &&
             (sequence.reduced_still_picture ||
                 (obu.payload[0] & 0xf0) == 0x10);
    }
  }
  return FALSE;
}
