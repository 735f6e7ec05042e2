/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

/* Widths of the two counts, 5.3.3.1.2. */
#define MAX_SPS 31
#define MAX_PPS 255

struct _GstArclyH264Config {
  guint nal_length_size;
  GPtrArray *sps;     /* (element-type GBytes), owned */
  GPtrArray *pps;     /* (element-type GBytes), owned */
  GPtrArray *sps_ext; /* (element-type GBytes), owned */
};

G_DEFINE_BOXED_TYPE (GstArclyH264Config, gst_arcly_h264_config,
    gst_arcly_h264_config_ref, gst_arcly_h264_config_unref)

/**
 * gst_arcly_h264_config_new: (constructor)
 * @nal_length_size: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Makes an empty record. Any thread.
 *
 * Returns: (transfer full): the record
 *
 * Since: 0.1
 */
GstArclyH264Config *
gst_arcly_h264_config_new (guint nal_length_size)
{
  GstArclyH264Config *config;

  g_return_val_if_fail (
      nal_length_size == 1 || nal_length_size == 2 || nal_length_size == 4,
      NULL);

  config = g_atomic_rc_box_new0 (GstArclyH264Config);
  config->nal_length_size = nal_length_size;
  config->sps = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  config->pps = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  config->sps_ext =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return config;
}

static void
config_clear (gpointer data)
{
  GstArclyH264Config *config = data;

  g_ptr_array_unref (config->sps);
  g_ptr_array_unref (config->pps);
  g_ptr_array_unref (config->sps_ext);
}

/**
 * gst_arcly_h264_config_ref:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: (transfer full): @config
 *
 * Since: 0.1
 */
GstArclyH264Config *
gst_arcly_h264_config_ref (GstArclyH264Config *config)
{
  g_return_val_if_fail (config != NULL, NULL);

  return g_atomic_rc_box_acquire (config);
}

/**
 * gst_arcly_h264_config_unref:
 * @config: (transfer full): a record
 *
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_h264_config_unref (GstArclyH264Config *config)
{
  g_return_if_fail (config != NULL);

  g_atomic_rc_box_release_full (config, config_clear);
}

/* Each set is its length and its bytes; a set of no bytes is left out. */
static void
read_sets (GstArclyCursor *cursor, guint n, GPtrArray *sets)
{
  guint i;

  for (i = 0; i < n && !cursor->overrun; i++) {
    guint16 length = gst_arcly_cursor_u16be (cursor);
    const guint8 *nal = gst_arcly_cursor_bytes (cursor, length);

    if (nal && length > 0)
      g_ptr_array_add (sets, g_bytes_new (nal, length));
  }
}

/**
 * gst_arcly_h264_config_parse: (constructor)
 * @data: (array length=size): an AVCDecoderConfigurationRecord
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Reads a record (ISO/IEC 14496-15, 5.3.3.1). The fields for the High
 * profiles at its end may be missing, as many writers leave them out. Any
 * thread; keeps no reference to @data.
 *
 * Returns: (transfer full): the record, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @data is too short, or
 *     %GST_ARCLY_ERROR_INVALID if its version is not 1, or it has lengths of
 *     3 bytes
 *
 * Since: 0.1
 */
GstArclyH264Config *
gst_arcly_h264_config_parse (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GstArclyH264Config) config = NULL;
  GstArclyCursor cursor;
  guint8 version;
  guint length_size;

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  gst_arcly_cursor_init (&cursor, data, size);
  version = gst_arcly_cursor_u8 (&cursor);
  gst_arcly_cursor_skip (&cursor, 3); /* profile, constraints, level */
  length_size = (gst_arcly_cursor_u8 (&cursor) & 3) + 1;
  if (cursor.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "avcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  if (version != 1 || length_size == 3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "avcC of version %u with NAL lengths of %u bytes", version,
        length_size);
    return NULL;
  }

  config = gst_arcly_h264_config_new (length_size);
  read_sets (&cursor, gst_arcly_cursor_u8 (&cursor) & 0x1f, config->sps);
  read_sets (&cursor, gst_arcly_cursor_u8 (&cursor), config->pps);
  if (cursor.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "avcC of %" G_GSIZE_FORMAT " bytes ends within a parameter set", size);
    return NULL;
  }
  if (gst_arcly_cursor_left (&cursor) > 4) {
    gst_arcly_cursor_skip (&cursor, 3);
    read_sets (&cursor, gst_arcly_cursor_u8 (&cursor), config->sps_ext);
  }
  return g_steal_pointer (&config);
}

/**
 * gst_arcly_h264_config_get_nal_length_size:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Since: 0.1
 */
guint
gst_arcly_h264_config_get_nal_length_size (const GstArclyH264Config *config)
{
  g_return_val_if_fail (config != NULL, 0);

  return config->nal_length_size;
}

/**
 * gst_arcly_h264_config_get_n_sps:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: how many sequence parameter sets it has
 *
 * Since: 0.1
 */
guint
gst_arcly_h264_config_get_n_sps (const GstArclyH264Config *config)
{
  g_return_val_if_fail (config != NULL, 0);

  return config->sps->len;
}

/**
 * gst_arcly_h264_config_get_n_pps:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: how many picture parameter sets it has
 *
 * Since: 0.1
 */
guint
gst_arcly_h264_config_get_n_pps (const GstArclyH264Config *config)
{
  g_return_val_if_fail (config != NULL, 0);

  return config->pps->len;
}

/**
 * gst_arcly_h264_config_get_sps:
 * @config: a record
 * @index: which, from 0
 *
 * Any thread.
 *
 * Returns: (transfer none): the NAL unit, without start code
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h264_config_get_sps (const GstArclyH264Config *config, guint index)
{
  g_return_val_if_fail (config != NULL, NULL);
  g_return_val_if_fail (index < config->sps->len, NULL);

  return g_ptr_array_index (config->sps, index);
}

/**
 * gst_arcly_h264_config_get_pps:
 * @config: a record
 * @index: which, from 0
 *
 * Any thread.
 *
 * Returns: (transfer none): the NAL unit, without start code
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h264_config_get_pps (const GstArclyH264Config *config, guint index)
{
  g_return_val_if_fail (config != NULL, NULL);
  g_return_val_if_fail (index < config->pps->len, NULL);

  return g_ptr_array_index (config->pps, index);
}

/**
 * gst_arcly_h264_config_add:
 * @config: a record that nobody else uses yet
 * @nal: (array length=size): a NAL unit of type 7, 8 or 13, without start code
 * @size: bytes of @nal
 * @error: return location for a #GError, or %NULL
 *
 * Adds a parameter set. The thread that made @config; keeps a copy of @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_INVALID if @nal is of
 *     another type, or %GST_ARCLY_ERROR_LIMIT if the record is full or @nal
 *     longer than 65535 bytes
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h264_config_add (
    GstArclyH264Config *config, const guint8 *nal, gsize size, GError **error)
{
  guint type = size > 0 ? GST_ARCLY_H264_NAL_TYPE (nal) : 0;
  GPtrArray *sets = NULL;

  g_return_val_if_fail (config != NULL, FALSE);
  g_return_val_if_fail (nal != NULL || size == 0, FALSE);

  if (type == GST_ARCLY_H264_NAL_SPS && size >= 4)
    sets = config->sps;
  else if (type == GST_ARCLY_H264_NAL_PPS)
    sets = config->pps;
  else if (type == GST_ARCLY_H264_NAL_SPS_EXT)
    sets = config->sps_ext;
  if (!sets) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "NAL unit of type %u and %" G_GSIZE_FORMAT " bytes is no parameter set",
        type, size);
    return FALSE;
  }
  if (size > G_MAXUINT16 ||
      sets->len >= (sets == config->sps ? MAX_SPS : MAX_PPS)) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "avcC has no room for this parameter set");
    return FALSE;
  }
  g_ptr_array_add (sets, g_bytes_new (nal, size));
  return TRUE;
}

static void
write_sets (GByteArray *out, guint8 count, GPtrArray *sets)
{
  guint i;

  g_byte_array_append (out, &count, 1);
  for (i = 0; i < sets->len; i++) {
    gsize size;
    const guint8 *nal = g_bytes_get_data (g_ptr_array_index (sets, i), &size);
    guint8 length[2] = { size >> 8, size & 0xff };

    g_byte_array_append (out, length, 2);
    g_byte_array_append (out, nal, size);
  }
}

/**
 * gst_arcly_h264_config_to_bytes:
 * @config: a record with at least one sequence parameter set
 * @error: return location for a #GError, or %NULL
 *
 * Builds the record (ISO/IEC 14496-15, 5.3.3.1), profile and level from the
 * first sequence parameter set. Any thread.
 *
 * Returns: (transfer full): the record, or %NULL with an error of
 *     gst_arcly_h264_sps_parse(), or %GST_ARCLY_ERROR_INVALID if there is no
 *     sequence parameter set
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h264_config_to_bytes (
    const GstArclyH264Config *config, GError **error)
{
  GstArclyH264Sps sps;
  GByteArray *out;
  const guint8 *nal;
  gsize size;
  guint8 head[5];

  g_return_val_if_fail (config != NULL, NULL);

  if (config->sps->len == 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "avcC needs a sequence parameter set");
    return NULL;
  }
  nal = g_bytes_get_data (g_ptr_array_index (config->sps, 0), &size);
  if (!gst_arcly_h264_sps_parse (nal, size, &sps, error))
    return NULL;

  head[0] = 1;
  head[1] = sps.profile_idc;
  head[2] = sps.constraint_flags;
  head[3] = sps.level_idc;
  head[4] = 0xfc | (config->nal_length_size - 1);
  out = g_byte_array_new ();
  g_byte_array_append (out, head, 5);
  write_sets (out, 0xe0 | config->sps->len, config->sps);
  write_sets (out, config->pps->len, config->pps);
  if (sps.profile_idc == 100 || sps.profile_idc == 110 ||
      sps.profile_idc == 122 || sps.profile_idc == 144) {
    guint8 high[3] = { 0xfc | sps.chroma_format_idc,
      0xf8 | ((sps.bit_depth_luma - 8) & 7),
      0xf8 | ((sps.bit_depth_chroma - 8) & 7) };

    g_byte_array_append (out, high, 3);
    write_sets (out, config->sps_ext->len, config->sps_ext);
  }
  return g_byte_array_free_to_bytes (out);
}

/**
 * gst_arcly_h264_codec_string:
 * @config: (array length=size): an AVCDecoderConfigurationRecord
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (RFC 6381, 3.3), for example
 * `avc1.64001f`, from the record's profile, constraint and level bytes
 * (ISO/IEC 14496-15, 5.3.3.1). Any thread; keeps no reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @config is too short, or
 *     %GST_ARCLY_ERROR_INVALID if its version is not 1
 *
 * Since: 0.1
 */
gchar *
gst_arcly_h264_codec_string (const guint8 *config, gsize size, GError **error)
{
  g_return_val_if_fail (config != NULL || size == 0, NULL);

  if (size < 4) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "avcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  if (config[0] != 1) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "avcC of version %u", config[0]);
    return NULL;
  }
  return g_strdup_printf ("avc1.%02x%02x%02x", config[1], config[2], config[3]);
}
