/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyH265Sps:
 * @id: sps_seq_parameter_set_id, 0 to 15
 * @profile_space: general_profile_space, 0 to 3
 * @profile_idc: profile, for example 1 for Main, 2 for Main 10
 * @tier: 0 Main, 1 High
 * @level_idc: thirty times the level, for example 93 for 3.1
 * @compatibility: the 32 general_profile_compatibility_flags, flag 0 first
 * @constraints: the 48 bits behind them, first bit first
 * @max_sub_layers: temporal sub-layers, 1 to 7
 * @temporal_id_nested: sps_temporal_id_nesting_flag
 * @chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
 * @bit_depth_luma: bits a luma sample
 * @bit_depth_chroma: bits a chroma sample
 * @width: shown width, in pixels
 * @height: shown height, in pixels
 * @par_n: width of a pixel, 0 if not told
 * @par_d: height of a pixel, 0 if not told
 * @fps_n: frames in @fps_d seconds, 0 if not told
 * @fps_d: see @fps_n, 0 if not told
 * @max_num_reorder_pics: pictures that may precede one in decoding order and
 *     follow it in output order, 0 to 16
 * @colour_primaries: as ITU-T H.273, 2 if not told
 * @transfer_characteristics: as ITU-T H.273, 2 if not told
 * @matrix_coefficients: as ITU-T H.273, 2 if not told
 * @full_range: whether samples use the whole range
 * @min_spatial_segmentation_idc: 0 to 4095, 0 if not told
 *
 * What a sequence parameter set says (ITU-T H.265, 7.3.2.2.1 and annex E).
 *
 * Since: 0.1
 */
typedef struct {
  guint8 id;
  guint8 profile_space;
  guint8 profile_idc;
  guint8 tier;
  guint8 level_idc;
  guint32 compatibility;
  guint8 constraints[6];
  guint8 max_sub_layers;
  gboolean temporal_id_nested;
  guint8 chroma_format_idc;
  guint8 bit_depth_luma;
  guint8 bit_depth_chroma;
  guint width;
  guint height;
  guint par_n;
  guint par_d;
  guint fps_n;
  guint fps_d;
  guint max_num_reorder_pics;
  guint8 colour_primaries;
  guint8 transfer_characteristics;
  guint8 matrix_coefficients;
  gboolean full_range;
  guint min_spatial_segmentation_idc;
} GstArclyH265Sps;

GST_ARCLY_API
gboolean gst_arcly_h265_sps_parse (
    const guint8 *nal, gsize size, GstArclyH265Sps *sps, GError **error);

/**
 * GstArclyH265Config:
 *
 * An HEVCDecoderConfigurationRecord, hvcC (ISO/IEC 14496-15, 8.3.3.1): the
 * codec_data of H.265 with length-prefixed NAL units.
 *
 * Since: 0.1
 */
typedef struct _GstArclyH265Config GstArclyH265Config;

#define GST_TYPE_ARCLY_H265_CONFIG (gst_arcly_h265_config_get_type ())
GST_ARCLY_API
GType gst_arcly_h265_config_get_type (void);

GST_ARCLY_API
GstArclyH265Config *gst_arcly_h265_config_new (guint nal_length_size);

GST_ARCLY_API
GstArclyH265Config *gst_arcly_h265_config_parse (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
GstArclyH265Config *gst_arcly_h265_config_ref (GstArclyH265Config *config);

GST_ARCLY_API
void gst_arcly_h265_config_unref (GstArclyH265Config *config);

GST_ARCLY_API
guint gst_arcly_h265_config_get_nal_length_size (
    const GstArclyH265Config *config);

GST_ARCLY_API
guint gst_arcly_h265_config_get_n_nals (
    const GstArclyH265Config *config, guint nal_type);

GST_ARCLY_API
GBytes *gst_arcly_h265_config_get_nal (
    const GstArclyH265Config *config, guint nal_type, guint index);

GST_ARCLY_API
gboolean gst_arcly_h265_config_add (
    GstArclyH265Config *config, const guint8 *nal, gsize size, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_h265_config_to_bytes (
    const GstArclyH265Config *config, gboolean complete, GError **error);

GST_ARCLY_API
gchar *gst_arcly_h265_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_h265_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyH265Config, gst_arcly_h265_config_unref)

G_END_DECLS
