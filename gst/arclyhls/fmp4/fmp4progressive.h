/* SPDX-License-Identifier: MIT
 *
 * Makes a progressive MP4 of a fragmented one, whose payload stays where it is:
 * a moov with the sample tables (ISO/IEC 14496-12, 8.5 to 8.7) goes where space
 * was left for it, behind the init segment, or the file ends with it. */
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

/* What a file begins with that leaves space for tables: @init and a free box
 * with @space bytes. */
GBytes *gst_arcly_fmp4_progressive_reserve (GBytes *init, gsize space);

/* What goes into a free box of @space bytes with its header, at @position: the
 * moov, and the header of an mdat up to the file's end. NULL if it does not
 * fit.
 */
GBytes *gst_arcly_fmp4_progressive_fill (
    GBytes *moov, guint64 position, guint64 space, guint64 file_size);

/* What the file begins with as soon as @moov is in it, in place of as many
 * bytes: other brands, and a box of this type that reaches up to @end and
 * covers the old moov. That is an mdat up to the moov at the file's end, or a
 * free box up to the one in front. */
GBytes *gst_arcly_fmp4_progressive_head (
    GstArclyFmp4Progressive *self, const gchar *type, guint64 end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstArclyFmp4Progressive, gst_arcly_fmp4_progressive_free)

G_END_DECLS
