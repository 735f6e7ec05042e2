/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyH264Sps:
 * @profile_idc: profile, for example 100 for High
 * @constraint_flags: the byte of constraint_set flags behind it
 * @level_idc: ten times the level, for example 31
 * @id: seq_parameter_set_id, 0 to 31
 * @chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
 * @bit_depth_luma: bits a luma sample
 * @bit_depth_chroma: bits a chroma sample
 * @width: shown width, in pixels
 * @height: shown height, in pixels
 * @par_n: width of a pixel, 0 if not told
 * @par_d: height of a pixel, 0 if not told
 * @fps_n: frames in @fps_d seconds, 0 if not told
 * @fps_d: see @fps_n, 0 if not told
 * @fixed_frame_rate: whether the rate holds for each frame
 * @progressive: whether the stream has no fields
 * @poc_type: pic_order_cnt_type, 0 to 2
 * @max_dpb_frames: frames that the level lets a decoder hold, 1 to 16
 * @max_num_reorder_frames: frames that may precede one in decoding order and
 *     follow it in output order, or -1 if not told
 * @colour_primaries: as ITU-T H.273, 2 if not told
 * @transfer_characteristics: as ITU-T H.273, 2 if not told
 * @matrix_coefficients: as ITU-T H.273, 2 if not told
 * @full_range: whether samples use the whole range
 *
 * What a sequence parameter set says (ITU-T H.264, 7.3.2.1.1 and annex E).
 *
 * Since: 0.1
 */
typedef struct {
  guint8 profile_idc;
  guint8 constraint_flags;
  guint8 level_idc;
  guint8 id;
  guint8 chroma_format_idc;
  guint8 bit_depth_luma;
  guint8 bit_depth_chroma;
  guint width;
  guint height;
  guint par_n;
  guint par_d;
  guint fps_n;
  guint fps_d;
  gboolean fixed_frame_rate;
  gboolean progressive;
  guint poc_type;
  guint max_dpb_frames;
  gint max_num_reorder_frames;
  guint8 colour_primaries;
  guint8 transfer_characteristics;
  guint8 matrix_coefficients;
  gboolean full_range;
} GstArclyH264Sps;

GST_ARCLY_API
gboolean gst_arcly_h264_sps_parse (
    const guint8 *nal, gsize size, GstArclyH264Sps *sps, GError **error);

GST_ARCLY_API
guint gst_arcly_h264_sps_reorder_depth (const GstArclyH264Sps *sps);

/**
 * GstArclyH264Config:
 *
 * An AVCDecoderConfigurationRecord, avcC (ISO/IEC 14496-15, 5.3.3.1): the
 * codec_data of H.264 with length-prefixed NAL units.
 *
 * Since: 0.1
 */
typedef struct _GstArclyH264Config GstArclyH264Config;

#define GST_TYPE_ARCLY_H264_CONFIG (gst_arcly_h264_config_get_type ())
GST_ARCLY_API
GType gst_arcly_h264_config_get_type (void);

GST_ARCLY_API
GstArclyH264Config *gst_arcly_h264_config_new (guint nal_length_size);

GST_ARCLY_API
GstArclyH264Config *gst_arcly_h264_config_parse (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
GstArclyH264Config *gst_arcly_h264_config_ref (GstArclyH264Config *config);

GST_ARCLY_API
void gst_arcly_h264_config_unref (GstArclyH264Config *config);

GST_ARCLY_API
guint gst_arcly_h264_config_get_nal_length_size (
    const GstArclyH264Config *config);

GST_ARCLY_API
guint gst_arcly_h264_config_get_n_sps (const GstArclyH264Config *config);

GST_ARCLY_API
guint gst_arcly_h264_config_get_n_pps (const GstArclyH264Config *config);

GST_ARCLY_API
GBytes *gst_arcly_h264_config_get_sps (
    const GstArclyH264Config *config, guint index);

GST_ARCLY_API
GBytes *gst_arcly_h264_config_get_pps (
    const GstArclyH264Config *config, guint index);

GST_ARCLY_API
gboolean gst_arcly_h264_config_add (
    GstArclyH264Config *config, const guint8 *nal, gsize size, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_h264_config_to_bytes (
    const GstArclyH264Config *config, GError **error);

GST_ARCLY_API
gchar *gst_arcly_h264_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_h264_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyH264Config, gst_arcly_h264_config_unref)

G_END_DECLS
