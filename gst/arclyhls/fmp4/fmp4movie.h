/* SPDX-License-Identifier: MIT
 *
 * Reads back what arclyfmp4mux wrote: the tracks of an init segment, and where
 * the samples of a fragment are. What others write may be refused. */
#pragma once

#include <gst/arcly/codec/gstarclycursor.h>

#include "fmp4fragment.h"

G_BEGIN_DECLS

#define GST_ARCLY_FMP4_TYPE(a, b, c, d)                                        \
  ((guint32) (a) << 24 | (guint32) (b) << 16 | (guint32) (c) << 8 | (d))

typedef struct {
  guint32 type;
  const guint8 *data; /* with its header */
  gsize size;
  GstArclyCursor content;
} GstArclyFmp4Box;

/* The next box of @cursor. FALSE at its end, or if there is no whole one. */
gboolean gst_arcly_fmp4_box_next (GstArclyCursor *cursor, GstArclyFmp4Box *box);

typedef struct {
  guint32 id;
  guint32 timescale;
  gint64 media_start; /* of its edit list, ticks */
  guint32 duration;   /* trex: of a sample, unless it says otherwise */
  guint32 size;
  guint32 flags;
} GstArclyFmp4MovieTrack;

typedef struct {
  GBytes *bytes;  /* ftyp and moov */
  gsize moov;     /* where moov begins in it */
  GArray *tracks; /* (element-type GstArclyFmp4MovieTrack) */
} GstArclyFmp4Movie;

/* NULL with @error of GST_ARCLY_ERROR set. */
GstArclyFmp4Movie *gst_arcly_fmp4_movie_new (GBytes *init, GError **error);

void gst_arcly_fmp4_movie_free (GstArclyFmp4Movie *self);

/* A trun: samples of one track, side by side. */
typedef struct {
  guint track; /* index into the movie's tracks */
  guint64 decode_time;
  gsize time_position; /* of the tfdt's time in the moof; it has 8 bytes */
  guint32 data_offset; /* from the moof on */
  guint first;         /* sample */
  guint n_samples;     /* 1 at least */
} GstArclyFmp4MovieRun;

typedef struct {
  GArray *runs;    /* (element-type GstArclyFmp4MovieRun) */
  GArray *samples; /* (element-type GstArclyFmp4Sample) */
} GstArclyFmp4Moof;

void gst_arcly_fmp4_moof_init (GstArclyFmp4Moof *self);
void gst_arcly_fmp4_moof_clear (GstArclyFmp4Moof *self);

/* Reads a whole moof box, in place of what was read before. */
gboolean gst_arcly_fmp4_moof_read (GstArclyFmp4Moof *self,
    const GstArclyFmp4Movie *movie, const guint8 *data, gsize size,
    GError **error);

/* Where the first of its tracks begins, in ns. */
gint64 gst_arcly_fmp4_moof_start (
    const GstArclyFmp4Moof *self, const GstArclyFmp4Movie *movie);

/* Moves all decode times back in @data, from which it was read, by @base ns. */
void gst_arcly_fmp4_moof_rebase (const GstArclyFmp4Moof *self,
    const GstArclyFmp4Movie *movie, guint8 *data, gint64 base);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyFmp4Movie, gst_arcly_fmp4_movie_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstArclyFmp4Moof, gst_arcly_fmp4_moof_clear)

G_END_DECLS
