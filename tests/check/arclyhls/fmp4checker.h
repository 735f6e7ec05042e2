/* SPDX-License-Identifier: MIT
 *
 * Reads a fragmented MP4 with none of the writer's code and says what is wrong
 * with it: ISO/IEC 14496-12, and of ISO/IEC 23000-19 (CMAF) what a file shows.
 * Any bytes will do; a file may have several init segments. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint32 track_id;
  gint64 dts; /* ticks, with what the edit list leaves out taken off */
  gint64 pts; /* the same */
  guint32 duration;
  guint32 flags;
  gboolean sync;
  guint moof;         /* its fragment, from 0 */
  guint init;         /* the init segment it belongs to, from 0 */
  const guint8 *data; /* in what was checked */
  gsize size;
} Fmp4Sample;

typedef struct {
  guint32 id;
  guint32 timescale;
  gchar handler[5];
  gchar entry[5];       /* type of the sample entry */
  const guint8 *config; /* content of its codec's box, or NULL */
  gsize config_size;
  gint64 media_start; /* of the edit list, in ticks */
  guint length_size;  /* of NAL units, 0 if it has none */
  guint32 trex_duration, trex_size, trex_flags;
  gboolean has_trex;
  gboolean has_samples;
  gint64 end; /* decode time after the last sample */
} Fmp4Track;

typedef struct {
  gboolean chunks; /* a moof may begin anywhere in a GOP */
  gboolean holes;  /* a moof may begin later than the last ended */
} Fmp4Limits;

typedef struct {
  GPtrArray *problems; /* (element-type utf8) */
  GArray *samples;     /* (element-type Fmp4Sample), in order of the file */
  GArray *tracks;      /* (element-type Fmp4Track), of the last init segment */
  guint n_inits;
  guint n_moofs;
  GString *top; /* types of the boxes at top level, each with a blank */
} Fmp4Report;

Fmp4Report *fmp4_check (
    const guint8 *data, gsize size, const Fmp4Limits *limits);

void fmp4_report_free (Fmp4Report *report);

/* Is there a problem that contains this text? */
gboolean fmp4_report_has (const Fmp4Report *report, const gchar *text);

/* The sample number n of a track, or NULL. */
const Fmp4Sample *fmp4_report_sample (
    const Fmp4Report *report, guint32 track_id, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fmp4Report, fmp4_report_free)

G_END_DECLS
