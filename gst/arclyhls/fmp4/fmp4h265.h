/* SPDX-License-Identifier: MIT
 *
 * Makes of an H.265 access unit in any packaging a sample (ISO/IEC 14496-15,
 * 8): length-prefixed NAL units, and for 'hvc1' no parameter sets, which are in
 * the sample entry. */
#pragma once

#include <gst/arcly/codec/gstarclyh265.h>

#include "fmp4sized.h"

G_BEGIN_DECLS

typedef struct _GstArclyFmp4H265 GstArclyFmp4H265;

/* "config" is what came with the caps, NULL for a byte stream; "in_band": sets
 * stay in the samples. */
GstArclyFmp4H265 *gst_arcly_fmp4_h265_new (
    GstArclyH265Config *config, gboolean in_band);

void gst_arcly_fmp4_h265_free (GstArclyFmp4H265 *h265);

/* NULL until the parameter sets are known. */
GstArclyH265Config *gst_arcly_fmp4_h265_get_config (GstArclyFmp4H265 *h265);

/* FALSE, with an error, if there is no picture or the data is malformed. */
gboolean gst_arcly_fmp4_h265_read (GstArclyFmp4H265 *h265, const guint8 *data,
    gsize size, GstArclyFmp4Sized *sample, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyFmp4H265, gst_arcly_fmp4_h265_free)

G_END_DECLS
