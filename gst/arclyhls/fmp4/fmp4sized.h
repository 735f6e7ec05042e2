/* SPDX-License-Identifier: MIT
 *
 * What an access unit is as a sample: which of its bytes, and what it is. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A NAL unit to take over, with a length of 4 bytes in front; or bytes as they
 * are. */
typedef struct {
  gsize offset;
  gsize size;
  gboolean prefix;
} GstArclyFmp4Piece;

typedef struct {
  GArray *pieces; /* (element-type GstArclyFmp4Piece); the caller's */
  gsize size;     /* of the sample */
  gboolean sync;
  gboolean open;       /* a sync sample with leading pictures to come, maybe */
  gboolean new_config; /* what a decoder must know changed */
} GstArclyFmp4Sized;

static inline void
gst_arcly_fmp4_sized_reset (GstArclyFmp4Sized *sample)
{
  g_array_set_size (sample->pieces, 0);
  sample->size = 0;
  sample->sync = sample->open = sample->new_config = FALSE;
}

static inline void
gst_arcly_fmp4_sized_add (
    GstArclyFmp4Sized *sample, gsize offset, gsize size, gboolean prefix)
{
  GstArclyFmp4Piece piece = { offset, size, prefix };

  g_array_append_val (sample->pieces, piece);
  sample->size += size + (prefix ? 4 : 0);
}

/* Bytes as they are; one piece with the ones before, if they follow them. */
static inline void
gst_arcly_fmp4_sized_extend (
    GstArclyFmp4Sized *sample, gsize offset, gsize size)
{
  GstArclyFmp4Piece *last =
      sample->pieces->len > 0 ? &g_array_index (sample->pieces,
                                    GstArclyFmp4Piece, sample->pieces->len - 1)
                              : NULL;

  if (!last || last->prefix || last->offset + last->size != offset) {
    gst_arcly_fmp4_sized_add (sample, offset, size, FALSE);
    return;
  }
  last->size += size;
  sample->size += size;
}

/* All of it as it is. */
static inline void
gst_arcly_fmp4_sized_keep (GstArclyFmp4Sized *sample, gsize size)
{
  g_array_set_size (sample->pieces, 0);
  sample->size = 0;
  gst_arcly_fmp4_sized_add (sample, 0, size, FALSE);
}

G_END_DECLS
