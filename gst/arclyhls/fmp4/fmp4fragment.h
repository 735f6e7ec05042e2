/* SPDX-License-Identifier: MIT
 *
 * A movie fragment: moof, and the header of the mdat whose content follows
 * (ISO/IEC 14496-12, 8.8; ISO/IEC 23000-19, 7.5). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ISO/IEC 14496-12, 8.8.3.1: sample_flags. */
#define GST_ARCLY_FMP4_SYNC 0x02000000
#define GST_ARCLY_FMP4_NO_SYNC 0x01010000
/* is_leading 1: shown before the random access point that it follows, and not
 * decodable from there. */
#define GST_ARCLY_FMP4_LEADING 0x04000000

typedef struct {
  guint32 duration;
  guint32 size;
  guint32 flags;
  gint32 offset; /* composition time less decode time */
} GstArclyFmp4Sample;

/* The samples of one track in a fragment, in mdat after those of the runs
 * before. */
typedef struct {
  guint32 track_id;
  guint64 decode_time;
  const GstArclyFmp4Sample *samples;
  guint n_samples; /* 1 at least */
} GstArclyFmp4Run;

/* Appends moof and the 8 bytes in front of mdat's content. Less than 4 GiB of
 * samples. */
void gst_arcly_fmp4_put_fragment (GByteArray *out, guint32 sequence,
    const GstArclyFmp4Run *runs, guint n_runs);

/* 8.16.2: that a segment begins. */
void gst_arcly_fmp4_put_styp (
    GByteArray *out, const gchar *brand, gboolean one_track);

/* 8.16.5: when a sample of the track at "media_time" was written, as NTP. */
void gst_arcly_fmp4_put_prft (
    GByteArray *out, guint32 track_id, guint64 ntp, guint64 media_time);

/* ISO/IEC 23009-1, 5.10.3.3: version 1, an event at a time of its own. */
typedef struct {
  const gchar *scheme;
  guint32 timescale;
  guint64 start;
  guint32 duration; /* G_MAXUINT32: not known */
  guint32 id;
  GBytes *message;
} GstArclyFmp4Event;

void gst_arcly_fmp4_put_emsg (GByteArray *out, const GstArclyFmp4Event *event);

/* 8.16.3: one reference, to what follows at once. Where its size goes; patch
 * it with gst_arcly_fmp4_patch_u32(). */
typedef struct {
  guint32 track_id;
  guint32 timescale;
  guint64 start; /* presentation time of the first sample shown */
  guint32 duration;
  guint sap_type; /* 1 to 3; 0: decoding cannot start there */
} GstArclyFmp4Index;

guint gst_arcly_fmp4_put_sidx (GByteArray *out, const GstArclyFmp4Index *index);

G_END_DECLS
