/* SPDX-License-Identifier: MIT
 *
 * Makes of an H.264, H.265 or H.266 access unit in any packaging a sample
 * (ISO/IEC 14496-15, 5, 8 and 11): length-prefixed NAL units, and for 'avc1',
 * 'hvc1' and 'vvc1' no parameter sets, which are in the sample entry; only
 * those that cannot go there stay (of a sample that is no sync sample). */
#pragma once

#include "fmp4sized.h"

G_BEGIN_DECLS

typedef enum {
  GST_ARCLY_FMP4_NAL_H264,
  GST_ARCLY_FMP4_NAL_H265,
  GST_ARCLY_FMP4_NAL_H266,
} GstArclyFmp4NalCodec;

typedef struct _GstArclyFmp4Nal GstArclyFmp4Nal;

/* "config" is the configuration record that came with the caps (of vvcC without
 * version and flags), NULL for a byte stream; "in_band": sets stay in the
 * samples. NULL with an error if the record is malformed. */
GstArclyFmp4Nal *gst_arcly_fmp4_nal_new (GstArclyFmp4NalCodec codec,
    GBytes *config, gboolean in_band, GError **error);

void gst_arcly_fmp4_nal_free (GstArclyFmp4Nal *self);

/* Bytes of a NAL unit's length in the samples. */
guint gst_arcly_fmp4_nal_get_length_size (const GstArclyFmp4Nal *self);

/* The sets that the sample entry is to have, each with a length of 4 bytes in
 * front. */
GBytes *gst_arcly_fmp4_nal_get_sets (const GstArclyFmp4Nal *self);

/* "keyframe" is what the caller was told. FALSE, with an error, if there is no
 * picture or the data is malformed. */
gboolean gst_arcly_fmp4_nal_read (GstArclyFmp4Nal *self, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyFmp4Sized *sample, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyFmp4Nal, gst_arcly_fmp4_nal_free)

G_END_DECLS
