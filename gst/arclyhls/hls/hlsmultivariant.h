/* SPDX-License-Identifier: MIT
 *
 * The text of a multivariant playlist (RFC 8216, 4.3.4). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One rendition: a playlist of one track. Strings are borrowed. */
typedef struct {
  const gchar *folder; /* of its playlist */
  gboolean is_video;
  const gchar *codecs; /* RFC 6381; NULL if not known */
  guint64 peak;        /* bits a second, of any segment */
  guint64 average;
  /* Of video; 0 if not known. */
  guint width;
  guint height;
  guint fps_n;
  guint fps_d;
  /* Of sound; 0 or NULL if not known. */
  guint channels;
  const gchar *language; /* RFC 5646 */
  const gchar *title;
} GstArclyHlsVariant;

/* (transfer full): sound of one codec is a group, of which the first one is the
 * default; each video is a variant with each group. Without video, each group
 * is one. What cannot stand in a quoted string is left out of titles. */
gchar *gst_arcly_hls_multivariant_render (
    const GstArclyHlsVariant *variants, guint n_variants);

G_END_DECLS
