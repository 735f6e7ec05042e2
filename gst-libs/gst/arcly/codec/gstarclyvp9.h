/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyVp9Config:
 * @profile: 0 to 3
 * @level: ten times the level, for example 31 for 3.1; 0 if not known
 * @bit_depth: 8, 10 or 12
 * @chroma_subsampling: 0 4:2:0 vertical, 1 4:2:0 co-located, 2 4:2:2, 3 4:4:4
 * @full_range: whether samples use the whole range
 * @colour_primaries: as ITU-T H.273, 2 if not told
 * @transfer_characteristics: as ITU-T H.273, 2 if not told
 * @matrix_coefficients: as ITU-T H.273, 2 if not told
 *
 * A VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding, 4).
 *
 * Since: 0.1
 */
typedef struct {
  guint8 profile;
  guint8 level;
  guint8 bit_depth;
  guint8 chroma_subsampling;
  gboolean full_range;
  guint8 colour_primaries;
  guint8 transfer_characteristics;
  guint8 matrix_coefficients;
} GstArclyVp9Config;

/**
 * GstArclyVp9Frame:
 * @key_frame: whether decoding can start at this frame
 * @intra_only: whether it refers to no other, without being a key frame
 * @show_existing: whether it only shows a frame that was decoded before
 * @shown: whether it is shown
 * @width: width, in pixels, 0 if it is not told here
 * @height: height, in pixels, 0 if it is not told here
 * @config: what @key_frame says of the stream; level 0. Of other frames only
 *     the profile is true
 *
 * The uncompressed header of a frame (VP9 Bitstream Specification, 6.2).
 *
 * Since: 0.1
 */
typedef struct {
  gboolean key_frame;
  gboolean intra_only;
  gboolean show_existing;
  gboolean shown;
  guint width;
  guint height;
  GstArclyVp9Config config;
} GstArclyVp9Frame;

GST_ARCLY_API
gboolean gst_arcly_vp9_frame_parse (
    const guint8 *data, gsize size, GstArclyVp9Frame *frame, GError **error);

GST_ARCLY_API
guint gst_arcly_vp9_level (guint width, guint height, guint fps_n, guint fps_d);

GST_ARCLY_API
gboolean gst_arcly_vp9_config_parse (
    const guint8 *data, gsize size, GstArclyVp9Config *config, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_vp9_config_to_bytes (
    const GstArclyVp9Config *config, GError **error);

GST_ARCLY_API
gchar *gst_arcly_vp9_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_vp9_is_random_access (const guint8 *data, gsize size);

G_END_DECLS
