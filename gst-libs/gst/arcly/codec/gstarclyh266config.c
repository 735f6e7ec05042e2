/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycursor.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclyh266nal.h>
#include <gst/arcly/codec/gstarclynalsets.h>
#include <gst/arcly/gstarclyerror.h>

struct _GstArclyH266Config {
  guint nal_length_size;
  GstArclyNalSets sets;
};

static const guint8 types[] = { GST_ARCLY_H266_NAL_OPI, GST_ARCLY_H266_NAL_DCI,
  GST_ARCLY_H266_NAL_VPS, GST_ARCLY_H266_NAL_SPS, GST_ARCLY_H266_NAL_PPS,
  GST_ARCLY_H266_NAL_APS, GST_ARCLY_H266_NAL_SEI };
/* 11.2.4.2.2: these two come without a count. */
#define UNCOUNTED (1u << GST_ARCLY_H266_NAL_OPI | 1u << GST_ARCLY_H266_NAL_DCI)

G_DEFINE_BOXED_TYPE (GstArclyH266Config, gst_arcly_h266_config,
    gst_arcly_h266_config_ref, gst_arcly_h266_config_unref)

/**
 * gst_arcly_h266_config_new: (constructor)
 * @nal_length_size: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Makes an empty record. Any thread.
 *
 * Returns: (transfer full): the record
 *
 * Since: 0.1
 */
GstArclyH266Config *
gst_arcly_h266_config_new (guint nal_length_size)
{
  GstArclyH266Config *config;

  g_return_val_if_fail (
      nal_length_size == 1 || nal_length_size == 2 || nal_length_size == 4,
      NULL);

  config = g_atomic_rc_box_new0 (GstArclyH266Config);
  config->nal_length_size = nal_length_size;
  gst_arcly_nal_sets_init (
      &config->sets, types, G_N_ELEMENTS (types), UNCOUNTED);
  return config;
}

static void
config_clear (gpointer data)
{
  GstArclyH266Config *config = data;

  gst_arcly_nal_sets_clear (&config->sets);
}

/**
 * gst_arcly_h266_config_ref:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: (transfer full): @config
 *
 * Since: 0.1
 */
GstArclyH266Config *
gst_arcly_h266_config_ref (GstArclyH266Config *config)
{
  g_return_val_if_fail (config != NULL, NULL);

  return g_atomic_rc_box_acquire (config);
}

/**
 * gst_arcly_h266_config_unref:
 * @config: (transfer full): a record
 *
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_h266_config_unref (GstArclyH266Config *config)
{
  g_return_if_fail (config != NULL);

  g_atomic_rc_box_release_full (config, config_clear);
}

/* 11.2.4.2.2, from ols_idx to avg_frame_rate. */
static void
skip_profile (GstArclyCursor *cursor)
{
  guint n_sublayers = gst_arcly_cursor_u16be (cursor) >> 4 & 7;
  guint present = 0;
  guint i;

  gst_arcly_cursor_skip (cursor, 1);
  i = gst_arcly_cursor_u8 (cursor) & 0x3f; /* num_bytes_constraint_info */
  gst_arcly_cursor_skip (cursor, 2 + i);
  if (n_sublayers > 1)
    present = gst_arcly_cursor_u8 (cursor);
  /* Of the byte, the upper bits are flags, the rest is reserved. */
  for (i = 0; i + 1 < n_sublayers; i++)
    gst_arcly_cursor_skip (cursor, present >> (7 - i) & 1);
  gst_arcly_cursor_skip (cursor, 4 * gst_arcly_cursor_u8 (cursor));
  gst_arcly_cursor_skip (cursor, 6); /* size and frame rate */
}

/**
 * gst_arcly_h266_config_parse: (constructor)
 * @data: (array length=size): a VvcDecoderConfigurationRecord, without version
 * and flags
 * @size: bytes of @data
 * @error: return location for a #GError, or %NULL
 *
 * Reads a record (ISO/IEC 14496-15, 11.2.4.2). NAL units of types that have no
 * place there are passed over. Any thread; keeps no reference to @data.
 *
 * Returns: (transfer full): the record, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @data is too short,
 *     %GST_ARCLY_ERROR_INVALID if reserved bits are wrong, or it has lengths of
 *     3 bytes, or %GST_ARCLY_ERROR_LIMIT with more than 64 NAL units of a type
 *
 * Since: 0.1
 */
GstArclyH266Config *
gst_arcly_h266_config_parse (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GstArclyH266Config) config = NULL;
  GstArclyCursor cursor;
  guint8 head;
  guint length_size;

  g_return_val_if_fail (data != NULL || size == 0, NULL);

  gst_arcly_cursor_init (&cursor, data, size);
  head = gst_arcly_cursor_u8 (&cursor);
  if (head & 1)
    skip_profile (&cursor);
  if (cursor.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "vvcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  length_size = (head >> 1 & 3) + 1;
  if (head >> 3 != 0x1f || length_size == 3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "vvcC starts with %02x", head);
    return NULL;
  }
  config = gst_arcly_h266_config_new (length_size);
  if (!gst_arcly_nal_sets_read (&config->sets, &cursor, error))
    return NULL;
  return g_steal_pointer (&config);
}

/**
 * gst_arcly_h266_config_get_nal_length_size:
 * @config: a record
 *
 * Any thread.
 *
 * Returns: bytes of each NAL unit's length: 1, 2 or 4
 *
 * Since: 0.1
 */
guint
gst_arcly_h266_config_get_nal_length_size (const GstArclyH266Config *config)
{
  g_return_val_if_fail (config != NULL, 0);

  return config->nal_length_size;
}

/**
 * gst_arcly_h266_config_get_n_nals:
 * @config: a record
 * @nal_type: 12 OPI, 13 DCI, 14 video, 15 sequence, 16 picture, 17 adaptation
 *     parameter sets, 23 SEI
 *
 * Any thread.
 *
 * Returns: how many NAL units of @nal_type it has
 *
 * Since: 0.1
 */
guint
gst_arcly_h266_config_get_n_nals (
    const GstArclyH266Config *config, guint nal_type)
{
  GPtrArray *list;

  g_return_val_if_fail (config != NULL, 0);

  list = gst_arcly_nal_sets_list (&config->sets, nal_type);
  return list ? list->len : 0;
}

/**
 * gst_arcly_h266_config_get_nal:
 * @config: a record
 * @nal_type: see gst_arcly_h266_config_get_n_nals()
 * @index: which, from 0
 *
 * Any thread.
 *
 * Returns: (transfer none): the NAL unit, without start code
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h266_config_get_nal (
    const GstArclyH266Config *config, guint nal_type, guint index)
{
  g_return_val_if_fail (config != NULL, NULL);
  g_return_val_if_fail (
      index < gst_arcly_h266_config_get_n_nals (config, nal_type), NULL);

  return g_ptr_array_index (
      gst_arcly_nal_sets_list (&config->sets, nal_type), index);
}

/**
 * gst_arcly_h266_config_add:
 * @config: a record that nobody else uses yet
 * @nal: (array length=size): a NAL unit of type 12 to 17 or 23, without start
 * code
 * @size: bytes of @nal
 * @error: return location for a #GError, or %NULL
 *
 * Adds a parameter set or SEI, unless it is there already. The thread that
 * made @config; keeps a copy of @nal.
 *
 * Returns: %TRUE, or %FALSE with %GST_ARCLY_ERROR_INVALID if @nal is of
 *     another type, or %GST_ARCLY_ERROR_LIMIT if the record has 64 of this
 *     type (of OPI and DCI: one) or @nal is longer than 65535 bytes
 *
 * Since: 0.1
 */
gboolean
gst_arcly_h266_config_add (
    GstArclyH266Config *config, const guint8 *nal, gsize size, GError **error)
{
  g_return_val_if_fail (config != NULL, FALSE);
  g_return_val_if_fail (nal != NULL || size == 0, FALSE);

  if (size < 2) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "H.265 NAL unit of %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  return gst_arcly_nal_sets_add (
      &config->sets, GST_ARCLY_NAL_TYPE_H266 (nal), nal, size, error);
}

static void
write_u16 (GByteArray *out, guint value)
{
  guint8 bytes[2] = { value >> 8, value & 0xff };

  g_byte_array_append (out, bytes, 2);
}

static void
write_u8 (GByteArray *out, guint8 value)
{
  g_byte_array_append (out, &value, 1);
}

/* Levels of sublayers below the highest are left out: they are in the SPS. */
static void
write_profile (const GstArclyH266Sps *sps, GByteArray *out)
{
  guint i;

  /* ols_idx 0, num_sublayers, constant_frame_rate not known, chroma format */
  write_u16 (out, sps->max_sublayers << 4 | sps->chroma_format_idc);
  write_u8 (out, (sps->bit_depth - 8) << 5 | 0x1f);
  write_u8 (out, sps->n_constraints);
  write_u8 (out, sps->profile_idc << 1 | sps->tier);
  write_u8 (out, sps->level_idc);
  write_u8 (out, (sps->frame_only ? 0x80 : 0) | (sps->multilayer ? 0x40 : 0) |
                     (sps->constraints[0] & 0x3f));
  for (i = 1; i < sps->n_constraints; i++)
    write_u8 (out, sps->constraints[i]);
  if (sps->max_sublayers > 1)
    write_u8 (out, 0);
  write_u8 (out, 0); /* ptl_num_sub_profiles */
  write_u16 (out, sps->max_width);
  write_u16 (out, sps->max_height);
  write_u16 (out, 0); /* avg_frame_rate: not known */
}

/**
 * gst_arcly_h266_config_to_bytes:
 * @config: a record with at least one sequence parameter set
 * @complete: whether all parameter sets are in it and none in the stream, as
 *     the sample entry vvc1 wants; %FALSE for vvi1
 * @error: return location for a #GError, or %NULL
 *
 * Builds the record (ISO/IEC 14496-15, 11.2.4.2), profile, tier and level from
 * the first sequence parameter set. Any thread.
 *
 * Returns: (transfer full): the record, or %NULL with an error of
 *     gst_arcly_h266_sps_parse(), or %GST_ARCLY_ERROR_INVALID if there is no
 *     sequence parameter set
 *
 * Since: 0.1
 */
GBytes *
gst_arcly_h266_config_to_bytes (
    const GstArclyH266Config *config, gboolean complete, GError **error)
{
  GstArclyH266Sps sps;
  GByteArray *out;
  const guint8 *nal;
  gsize size;

  g_return_val_if_fail (config != NULL, NULL);

  if (gst_arcly_h266_config_get_n_nals (config, GST_ARCLY_H266_NAL_SPS) == 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "vvcC needs a sequence parameter set");
    return NULL;
  }
  nal = g_bytes_get_data (
      gst_arcly_h266_config_get_nal (config, GST_ARCLY_H266_NAL_SPS, 0), &size);
  if (!gst_arcly_h266_sps_parse (nal, size, &sps, error))
    return NULL;
  out = g_byte_array_new ();
  write_u8 (out, 0xf9 | (config->nal_length_size - 1) << 1);
  write_profile (&sps, out);
  gst_arcly_nal_sets_write (&config->sets, out, complete);
  return g_byte_array_free_to_bytes (out);
}

/**
 * gst_arcly_h266_codec_string:
 * @config: (array length=size): a VvcDecoderConfigurationRecord, without
 * version and flags
 * @size: length of @config, in bytes
 * @error: return location for a #GError, or %NULL
 *
 * Builds the value of the codecs parameter (RFC 6381, 3.3, and ISO/IEC
 * 14496-15, E.6), for example `vvc1.1.L51.CQA`: profile, tier and level, and
 * the constraint bytes in base32 (RFC 4648) without trailing zeros. Any
 * thread; keeps no reference to @config.
 *
 * Returns: (transfer full): the string, or %NULL with
 *     %GST_ARCLY_ERROR_TRUNCATED if @config is too short, or
 *     %GST_ARCLY_ERROR_INVALID if it does not tell its profile
 *
 * Since: 0.1
 */
gchar *
gst_arcly_h266_codec_string (const guint8 *config, gsize size, GError **error)
{
  static const gchar base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  GString *string;
  GstArclyCursor cursor;
  const guint8 *head, *constraints;
  guint i, n;

  g_return_val_if_fail (config != NULL || size == 0, NULL);

  gst_arcly_cursor_init (&cursor, config, size);
  head = gst_arcly_cursor_bytes (&cursor, 7);
  n = head ? head[4] & 0x3f : 0;
  constraints = gst_arcly_cursor_bytes (&cursor, n);
  if (cursor.overrun) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_TRUNCATED,
        "vvcC has only %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  if (head[0] >> 3 != 0x1f || !(head[0] & 1)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "vvcC that starts with %02x tells no profile", head[0]);
    return NULL;
  }
  string = g_string_new (NULL);
  g_string_append_printf (
      string, "vvc1.%u.%c%u.C", head[5] >> 1, head[5] & 1 ? 'H' : 'L', head[6]);
  while (n > 0 && constraints[n - 1] == 0)
    n--;
  if (n == 0)
    g_string_append_c (string, 'A');
  for (i = 0; i < 8 * n; i += 5) {
    guint16 pair = constraints[i / 8] << 8;

    if (i / 8 + 1 < n)
      pair |= constraints[i / 8 + 1];
    g_string_append_c (string, base32[pair >> (11 - i % 8) & 0x1f]);
  }
  return g_string_free (string, FALSE);
}
