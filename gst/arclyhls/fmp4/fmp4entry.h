/* SPDX-License-Identifier: MIT
 *
 * Sample entries: what a decoder must know before the first sample
 * (ISO/IEC 14496-12, 8.5.2; the codec's box in it is defined by the codec's
 * own mapping). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *type; /* four characters, such as "avc1" */
  guint width;
  guint height;
  guint par_n; /* 0 if not known: no pasp */
  guint par_d;
  const gchar *config_type; /* such as "avcC" */
  GBytes *config;           /* content of that box */
  const guint8 *colr;       /* 11 bytes of 'nclx', or NULL */
} GstArclyFmp4VideoEntry;

typedef struct {
  const gchar *type; /* four characters, such as "Opus" */
  guint channels;
  guint rate; /* up to 65535; 0 if it does not fit */
  const gchar *config_type;
  GBytes *config;
} GstArclyFmp4AudioEntry;

/* A whole box each. */
GBytes *gst_arcly_fmp4_video_entry (const GstArclyFmp4VideoEntry *entry);

GBytes *gst_arcly_fmp4_audio_entry (const GstArclyFmp4AudioEntry *entry);

/* Content of an esds box (ISO/IEC 14496-14, 5.6) for AAC: "config" is an
 * AudioSpecificConfig. */
GBytes *gst_arcly_fmp4_esds (guint8 object_type_indication, GBytes *config);

G_END_DECLS
