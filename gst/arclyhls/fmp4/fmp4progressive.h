/* SPDX-License-Identifier: MIT
 *
 * Makes a progressive MP4 of a fragmented one, whose payload stays where it is:
 * a moov with the sample tables (ISO/IEC 14496-12, 8.5 to 8.7) that the file
 * ends with. */
#pragma once

#include "fmp4movie.h"

G_BEGIN_DECLS

typedef struct _GstArclyFmp4Progressive GstArclyFmp4Progressive;

/* For the init segment of a file. */
GstArclyFmp4Progressive *gst_arcly_fmp4_progressive_new (
    GBytes *init, GError **error);

void gst_arcly_fmp4_progressive_free (GstArclyFmp4Progressive *self);

/* The next fragment: its moof box, where it begins in the file, and where the
 * file ends. FALSE if it is none of arclyfmp4mux, or its samples are not in the
 * file. */
gboolean gst_arcly_fmp4_progressive_add (GstArclyFmp4Progressive *self,
    const guint8 *moof, gsize size, guint64 position, guint64 end,
    GError **error);

/* The moov box. NULL if there is not a single sample. */
GBytes *gst_arcly_fmp4_progressive_finish (
    GstArclyFmp4Progressive *self, GError **error);

/* What the file begins with as soon as it ends with @moov, in place of as many
 * bytes: other brands, and an mdat that reaches up to @end, where moov is. It
 * covers the old moov. */
GBytes *gst_arcly_fmp4_progressive_head (
    GstArclyFmp4Progressive *self, guint64 end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyFmp4Progressive, gst_arcly_fmp4_progressive_free)

G_END_DECLS
