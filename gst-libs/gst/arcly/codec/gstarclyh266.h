/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyH266Sps:
 * @id: sps_seq_parameter_set_id, 0 to 15
 * @profile_idc: profile, for example 1 for Main 10; 0 if the set does not tell
 * @tier: 0 Main, 1 High
 * @level_idc: sixteen times the level and thrice its fraction, for example 51
 *     for 3.1
 * @frame_only: ptl_frame_only_constraint_flag
 * @multilayer: ptl_multilayer_enabled_flag
 * @constraints: general_constraints_info() behind those two flags, as it
 *     stands: its first bit is the highest of the first byte's lower six
 * @n_constraints: bytes of @constraints, at least 1
 * @max_sublayers: temporal sublayers, 1 to 7
 * @chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
 * @bit_depth: bits a sample
 * @max_width: greatest coded width, in pixels
 * @max_height: greatest coded height, in pixels
 * @width: shown width, in pixels
 * @height: shown height, in pixels
 *
 * What a sequence parameter set says as far as its bit depth (ITU-T H.266,
 * 7.3.2.4). Frame rate and colour come much later and are not read.
 *
 * Since: 0.1
 */
typedef struct {
  guint8 id;
  guint8 profile_idc;
  guint8 tier;
  guint8 level_idc;
  gboolean frame_only;
  gboolean multilayer;
  guint8 constraints[64];
  guint n_constraints;
  guint8 max_sublayers;
  guint8 chroma_format_idc;
  guint8 bit_depth;
  guint max_width;
  guint max_height;
  guint width;
  guint height;
} GstArclyH266Sps;

GST_ARCLY_API
gboolean gst_arcly_h266_sps_parse (
    const guint8 *nal, gsize size, GstArclyH266Sps *sps, GError **error);

/**
 * GstArclyH266Config:
 *
 * A VvcDecoderConfigurationRecord (ISO/IEC 14496-15, 11.2.4.2), without the
 * version and flags that stand before it in a vvcC box.
 *
 * Since: 0.1
 */
typedef struct _GstArclyH266Config GstArclyH266Config;

#define GST_TYPE_ARCLY_H266_CONFIG (gst_arcly_h266_config_get_type ())
GST_ARCLY_API
GType gst_arcly_h266_config_get_type (void);

GST_ARCLY_API
GstArclyH266Config *gst_arcly_h266_config_new (guint nal_length_size);

GST_ARCLY_API
GstArclyH266Config *gst_arcly_h266_config_parse (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
GstArclyH266Config *gst_arcly_h266_config_ref (GstArclyH266Config *config);

GST_ARCLY_API
void gst_arcly_h266_config_unref (GstArclyH266Config *config);

GST_ARCLY_API
guint gst_arcly_h266_config_get_nal_length_size (
    const GstArclyH266Config *config);

GST_ARCLY_API
guint gst_arcly_h266_config_get_n_nals (
    const GstArclyH266Config *config, guint nal_type);

GST_ARCLY_API
GBytes *gst_arcly_h266_config_get_nal (
    const GstArclyH266Config *config, guint nal_type, guint index);

GST_ARCLY_API
gboolean gst_arcly_h266_config_add (
    GstArclyH266Config *config, const guint8 *nal, gsize size, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_h266_config_to_bytes (
    const GstArclyH266Config *config, gboolean complete, GError **error);

GST_ARCLY_API
gchar *gst_arcly_h266_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_h266_is_random_access (
    const guint8 *data, gsize size, guint nal_length_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyH266Config, gst_arcly_h266_config_unref)

G_END_DECLS
