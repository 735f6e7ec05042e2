/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GstArclyAv1Sequence:
 * @profile: seq_profile, 0 Main, 1 High, 2 Professional
 * @level_idx: seq_level_idx of operating point 0, for example 8 for 4.0
 * @tier: seq_tier of operating point 0
 * @bit_depth: 8, 10 or 12
 * @monochrome: whether there is luma only
 * @subsampling_x: whether chroma has half the columns
 * @subsampling_y: whether chroma has half the rows
 * @chroma_sample_position: 0 unknown, 1 vertical, 2 co-located
 * @colour_primaries: as ITU-T H.273, 2 if not told
 * @transfer_characteristics: as ITU-T H.273, 2 if not told
 * @matrix_coefficients: as ITU-T H.273, 2 if not told
 * @full_range: whether samples use the whole range
 * @width: greatest width of a frame, in pixels
 * @height: greatest height of a frame, in pixels
 * @fps_n: frames in @fps_d seconds, 0 if not told
 * @fps_d: see @fps_n, 0 if not told
 * @reduced_still_picture: whether frames have no header of their own kind
 * @initial_presentation_delay: frames to decode before the first is shown, of
 *     operating point 0; 0 if not told
 *
 * What a sequence header OBU says (AV1 Bitstream Specification, 5.5).
 *
 * Since: 0.1
 */
typedef struct {
  guint8 profile;
  guint8 level_idx;
  guint8 tier;
  guint8 bit_depth;
  gboolean monochrome;
  gboolean subsampling_x;
  gboolean subsampling_y;
  guint8 chroma_sample_position;
  guint8 colour_primaries;
  guint8 transfer_characteristics;
  guint8 matrix_coefficients;
  gboolean full_range;
  guint width;
  guint height;
  guint fps_n;
  guint fps_d;
  gboolean reduced_still_picture;
  guint8 initial_presentation_delay;
} GstArclyAv1Sequence;

GST_ARCLY_API
gboolean gst_arcly_av1_sequence_parse (const guint8 *data, gsize size,
    GstArclyAv1Sequence *sequence, GError **error);

GST_ARCLY_API
GBytes *gst_arcly_av1_config_new (
    const guint8 *data, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_av1_config_parse (const guint8 *config, gsize size,
    GstArclyAv1Sequence *sequence, GError **error);

GST_ARCLY_API
gchar *gst_arcly_av1_codec_string (
    const guint8 *config, gsize size, GError **error);

GST_ARCLY_API
gboolean gst_arcly_av1_is_random_access (const guint8 *data, gsize size);

G_END_DECLS
