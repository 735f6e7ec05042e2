/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclynalsets.h>
#include <gst/arcly/gstarclyerror.h>

#define HEAD_SIZE 22

struct _GstArclyH265Config {
  guint nal_length_size;
  GstArclyNalSets sets;
};

/* In the order that 8.3.3.1.2 recommends. */
static const guint8 types[] = { GST_ARCLY_H265_NAL_VPS, GST_ARCLY_H265_NAL_SPS,
  GST_ARCLY_H265_NAL_PPS, GST_ARCLY_H265_NAL_SEI,
  GST_ARCLY_H265_NAL_SEI_SUFFIX };

G_DEFINE_BOXED_TYPE (GstArclyH265Config, gst_arcly_h265_config,
    gst_arcly_h265_config_ref, gst_arcly_h265_config_unref)

/**
 * gst_arcly_h265_config_new: (constructor)
 * @nal_length_size: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Makes an empty record. Any thread.
 *
 * Returns: (transfer full): the record
 *
 * Since: 0.1
 */
GstArclyH265Config *
gst_arcly_h265_config_new (guint nal_length_size)
{
  GstArclyH265Config *config;

  g_return_val_if_fail (
      nal_length_size == 1 || nal_length_size == 2 || nal_length_size == 4,
      NULL);

  config = g_atomic_rc_box_new0 (GstArclyH265Config);
  config->nal_length_size = nal_length_size;
  gst_arcly_nal_sets_init (&config->sets, types, G_N_ELEMENTS (types), 0);
  return config;
}

static void
config_clear (gpointer data)
{
  GstArclyH265Config *config = data;

  gst_arcly_nal_sets_clear (&config->sets);
}

/**
 * gst_arcly_h265_config_ref:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: (transfer full): @config
 *
 * Since: 0.1
 */
GstArclyH265Config *
gst_arcly_h265_config_ref (GstArclyH265Config *config)
{
  g_return_val_if_fail (config != NULL, NULL);

  return g_atomic_rc_box_acquire (config);
}

/**
 * gst_arcly_h265_config_unref:
 * @config: (transfer full): a record
 *
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_h265_config_unref (GstArclyH265Config *config)
{
  g_return_if_fail (config != NULL);

  g_atomic_rc_box_release_full (config, config_clear);
}

/**
 * gst_arcly_h265_config_parse: (constructor)
 * @data: (array length=size): an HEVCDecoderConfigurationRecord
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Reads a record (ISO/IEC 14496-15, 8.3.3.1). NAL units of types that have no
 * place there are passed over. Any thread; keeps no reference to @data.
 *
 * Returns: (transfer full): the record, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @data is too short,
 *     %GST_ARCLY_ERROR_INVALID if its version is not 1, or it has lengths of
 *     3 bytes, or %GST_ARCLY_ERROR_LIMIT with more than 64 NAL units of a type
 *
 * Since: 0.1
 */
GstArclyH265Config *
gst_arcly_h265_config_parse (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GstArclyH265Config) config = NULL;
  GstArclyCursor cursor;
  const guint8 *head;
  guint length_size;

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  gst_arcly_cursor_init (&cursor, data, size);
  head = gst_arcly_cursor_bytes (&cursor, HEAD_SIZE);
  if (!head) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "hvcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  length_size = (head[21] & 3) + 1;
  /* Version 0 came before the standard was final; it reads the same. */
  if (head[0] > 1 || length_size == 3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "hvcC of version %u with NAL lengths of %u bytes", head[0],
        length_size);
    return NULL;
  }
  config = gst_arcly_h265_config_new (length_size);
  if (!gst_arcly_nal_sets_read (&config->sets, &cursor, error))
    return NULL;
  return g_steal_pointer (&config);
}

/**
 * gst_arcly_h265_config_get_nal_length_size:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Since: 0.1
 */
guint
gst_arcly_h265_config_get_nal_length_size (const GstArclyH265Config *config)
{
  g_return_val_if_fail (config != NULL, 0);

  return config->nal_length_size;
}

/**
 * gst_arcly_h265_config_get_n_nals:
 * @config: a record
 * @nal_type: 32 for video, 33 for sequence, 34 for picture parameter sets, 39
 *     and 40 for SEI
 *
 * Any thread.
 *
 * Returns: how many NAL units of @nal_type it has
 *
 * Since: 0.1
 */
guint
gst_arcly_h265_config_get_n_nals (
    const GstArclyH265Config *config, guint nal_type)
{
  GPtrArray *list;

  g_return_val_if_fail (config != NULL, 0);

  list = gst_arcly_nal_sets_list (&config->sets, nal_type);
  return list ? list->len : 0;
}

/**
 * gst_arcly_h265_config_get_nal:
 * @config: a record
 * @nal_type: see gst_arcly_h265_config_get_n_nals()
 * @index: which, from 0
 *
 * Any thread.
 *
 * Returns: (transfer none): the NAL unit, without start code
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h265_config_get_nal (
    const GstArclyH265Config *config, guint nal_type, guint index)
{
  g_return_val_if_fail (config != NULL, NULL);
  g_return_val_if_fail (
      index < gst_arcly_h265_config_get_n_nals (config, nal_type), NULL);

  return g_ptr_array_index (
      gst_arcly_nal_sets_list (&config->sets, nal_type), index);
}

/**
 * gst_arcly_h265_config_add:
 * @config: a record that nobody else uses yet
 * @nal: (array length=size): a NAL unit of type 32, 33, 34, 39 or 40, without
 *     start code
 * @size: bytes of @nal
 * @error: return location for a #GError, or %NULL
 *
 * Adds a parameter set or SEI, unless it is there already. The thread that
 * made @config; keeps a copy of @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_INVALID if @nal is of
 *     another type, or %GST_ARCLY_ERROR_LIMIT if the record has 64 of this
 *     type or @nal is longer than 65535 bytes
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h265_config_add (
    GstArclyH265Config *config, const guint8 *nal, gsize size, GError **error)
{
  g_return_val_if_fail (config != NULL, FALSE);
  g_return_val_if_fail (nal != NULL || size == 0, FALSE);

  if (size < 2) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.265 NAL unit of %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  return gst_arcly_nal_sets_add (
      &config->sets, GST_ARCLY_NAL_TYPE_H265 (nal), nal, size, error);
}

static void
write_head (const GstArclyH265Sps *sps, guint nal_length_size, guint8 *head)
{
  guint i;

  head[0] = 1;
  head[1] = sps->profile_space << 6 | sps->tier << 5 | sps->profile_idc;
  for (i = 0; i < 4; i++)
    head[2 + i] = sps->compatibility >> (24 - 8 * i) & 0xff;
  for (i = 0; i < 6; i++)
    head[6 + i] = sps->constraints[i];
  head[12] = sps->level_idc;
  head[13] = 0xf0 | sps->min_spatial_segmentation_idc >> 8;
  head[14] = sps->min_spatial_segmentation_idc & 0xff;
  head[15] = 0xfc; /* parallelismType: not known */
  head[16] = 0xfc | sps->chroma_format_idc;
  head[17] = 0xf8 | ((sps->bit_depth_luma - 8) & 7);
  head[18] = 0xf8 | ((sps->bit_depth_chroma - 8) & 7);
  head[19] = head[20] = 0; /* avgFrameRate: not known */
  head[21] = sps->max_sub_layers << 3 | (sps->temporal_id_nested ? 1 : 0) << 2 |
             (nal_length_size - 1);
}

/**
 * gst_arcly_h265_config_to_bytes:
 * @config: a record with at least one sequence parameter set
 * @complete: whether all parameter sets are in it and none in the stream, as
 *     the sample entry hvc1 wants; %FALSE for hev1
 * @error: return location for a #GError, or %NULL
 *
 * Builds the record (ISO/IEC 14496-15, 8.3.3.1), profile, tier and level from
 * the first sequence parameter set. Any thread.
 *
 * Returns: (transfer full): the record, or %NULL with an error of
 *     gst_arcly_h265_sps_parse(), or %GST_ARCLY_ERROR_INVALID if there is no
 *     sequence parameter set
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h265_config_to_bytes (
    const GstArclyH265Config *config, gboolean complete, GError **error)
{
  GstArclyH265Sps sps;
  GByteArray *out;
  const guint8 *nal;
  gsize size;
  guint8 head[HEAD_SIZE];

  g_return_val_if_fail (config != NULL, NULL);

  if (gst_arcly_h265_config_get_n_nals (config, GST_ARCLY_H265_NAL_SPS) == 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "hvcC needs a sequence parameter set");
    return NULL;
  }
  nal = g_bytes_get_data (
      gst_arcly_h265_config_get_nal (config, GST_ARCLY_H265_NAL_SPS, 0), &size);
  if (!gst_arcly_h265_sps_parse (nal, size, &sps, error))
    return NULL;
  write_head (&sps, config->nal_length_size, head);
  out = g_byte_array_new ();
  g_byte_array_append (out, head, sizeof head);
  gst_arcly_nal_sets_write (&config->sets, out, complete);
  return g_byte_array_free_to_bytes (out);
}

/**
 * gst_arcly_h265_codec_string:
 * @config: (array length=size): an HEVCDecoderConfigurationRecord
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (RFC 6381, 3.3, and ISO/IEC
 * 14496-15, E.3), for example `hvc1.1.6.L93.B0`, from the record's first 13
 * bytes. With the sample entry hev1 the rest is the same. Any thread; keeps
 * no reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @config is too short, or
 *     %GST_ARCLY_ERROR_INVALID if its version is not 1
 *
 * Since: 0.1
 */
gchar *
gst_arcly_h265_codec_string (const guint8 *config, gsize size, GError **error)
{
  GString *string;
  guint32 reversed = 0;
  guint i, n;

  g_return_val_if_fail (config != NULL || size == 0, NULL);

  if (size < 13) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "hvcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  if (config[0] > 1) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "hvcC of version %u", config[0]);
    return NULL;
  }
  /* Flag 0 of the 32 is the lowest bit here. */
  for (i = 0; i < 32; i++)
    reversed |= (guint32) (config[2 + i / 8] >> (7 - i % 8) & 1) << i;
  string = g_string_new ("hvc1.");
  if (config[1] >> 6)
    g_string_append_c (string, '@' + (config[1] >> 6));
  g_string_append_printf (string, "%u.%X.%c%u", config[1] & 0x1f, reversed,
      config[1] & 0x20 ? 'H' : 'L', config[12]);
  for (n = 6; n > 0 && config[6 + n - 1] == 0;)
    n--;
  for (i = 0; i < n; i++)
    g_string_append_printf (string, ".%X", config[6 + i]);
  return g_string_free (string, FALSE);
}
