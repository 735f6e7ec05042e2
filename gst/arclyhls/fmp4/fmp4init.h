/* SPDX-License-Identifier: MIT
 *
 * The init segment: ftyp and moov of a fragmented file (ISO/IEC 14496-12, 8.2
 * and 8.8; ISO/IEC 23000-19, 7.3). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint32 id;
  gboolean is_video;
  guint32 timescale;
  guint width; /* video: shown size, in pixels */
  guint height;
  GBytes *entry;       /* a sample entry */
  guint64 media_start; /* what the edit list leaves out, in ticks; 0: no list */
} GstArclyFmp4Track;

/* "brand" is four characters, the major brand; NULL for cmfc with one track,
 * iso6 with more. */
GBytes *gst_arcly_fmp4_write_init (
    const gchar *brand, const GstArclyFmp4Track *tracks, guint n_tracks);

/* Brands of ftyp and styp. */
void gst_arcly_fmp4_put_brands (
    GByteArray *out, const gchar *brand, gboolean one_track);

G_END_DECLS
