/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fmp4box.h"
#include "fmp4fragment.h"
#include "fmp4init.h"

/* 8.8.7.1 */
#define TFHD_DEFAULT_DURATION 0x000008
#define TFHD_DEFAULT_SIZE 0x000010
#define TFHD_DEFAULT_FLAGS 0x000020
#define TFHD_BASE_IS_MOOF 0x020000
/* 8.8.8.1 */
#define TRUN_DATA_OFFSET 0x000001
#define TRUN_FIRST_FLAGS 0x000004
#define TRUN_DURATION 0x000100
#define TRUN_SIZE 0x000200
#define TRUN_FLAGS 0x000400
#define TRUN_OFFSET 0x000800
/* 8.16.5: the fragment was complete at this time. */
#define PRFT_FINALIZED 2

/* What differs between samples is written for each, the rest once. */
static guint32
what_differs (const GstArclyFmp4Run *run)
{
  const GstArclyFmp4Sample *first = &run->samples[0];
  /* All but the first: a key frame is usually the only one of its kind. */
  const GstArclyFmp4Sample *other = &run->samples[run->n_samples > 1];
  guint32 differs = first->flags != other->flags ? TRUN_FIRST_FLAGS : 0;
  guint i;

  for (i = 0; i < run->n_samples; i++) {
    const GstArclyFmp4Sample *sample = &run->samples[i];

    if (sample->duration != first->duration)
      differs |= TRUN_DURATION;
    if (sample->size != first->size)
      differs |= TRUN_SIZE;
    if (i > 0 && sample->flags != other->flags)
      differs |= TRUN_FLAGS;
    if (sample->offset != 0)
      differs |= TRUN_OFFSET;
  }
  return differs & TRUN_FLAGS ? differs & ~TRUN_FIRST_FLAGS : differs;
}

/* Returns where the trun's data_offset is. */
static guint
put_traf (GByteArray *out, const GstArclyFmp4Run *run, gsize *bytes)
{
  guint32 differs = what_differs (run);
  guint32 defaults = TFHD_BASE_IS_MOOF;
  guint traf = gst_arcly_fmp4_box_begin (out, "traf");
  guint box, offset_position, i;

  if (!(differs & TRUN_DURATION))
    defaults |= TFHD_DEFAULT_DURATION;
  if (!(differs & TRUN_SIZE))
    defaults |= TFHD_DEFAULT_SIZE;
  if (!(differs & TRUN_FLAGS))
    defaults |= TFHD_DEFAULT_FLAGS;
  box = gst_arcly_fmp4_full_box_begin (out, "tfhd", 0, defaults);
  gst_arcly_fmp4_put_u32 (out, run->track_id);
  if (defaults & TFHD_DEFAULT_DURATION)
    gst_arcly_fmp4_put_u32 (out, run->samples[0].duration);
  if (defaults & TFHD_DEFAULT_SIZE)
    gst_arcly_fmp4_put_u32 (out, run->samples[0].size);
  if (defaults & TFHD_DEFAULT_FLAGS)
    gst_arcly_fmp4_put_u32 (out, run->samples[run->n_samples > 1].flags);
  gst_arcly_fmp4_box_end (out, box);

  box = gst_arcly_fmp4_full_box_begin (out, "tfdt", 1, 0);
  gst_arcly_fmp4_put_u64 (out, run->decode_time);
  gst_arcly_fmp4_box_end (out, box);

  box = gst_arcly_fmp4_full_box_begin (
      out, "trun", 1, TRUN_DATA_OFFSET | differs);
  gst_arcly_fmp4_put_u32 (out, run->n_samples);
  offset_position = out->len;
  gst_arcly_fmp4_put_u32 (out, 0);
  if (differs & TRUN_FIRST_FLAGS)
    gst_arcly_fmp4_put_u32 (out, run->samples[0].flags);
  *bytes = 0;
  for (i = 0; i < run->n_samples; i++) {
    const GstArclyFmp4Sample *sample = &run->samples[i];

    if (differs & TRUN_DURATION)
      gst_arcly_fmp4_put_u32 (out, sample->duration);
    if (differs & TRUN_SIZE)
      gst_arcly_fmp4_put_u32 (out, sample->size);
    if (differs & TRUN_FLAGS)
      gst_arcly_fmp4_put_u32 (out, sample->flags);
    if (differs & TRUN_OFFSET)
      gst_arcly_fmp4_put_u32 (out, (guint32) sample->offset);
    *bytes += sample->size;
  }
  gst_arcly_fmp4_box_end (out, box);
  gst_arcly_fmp4_box_end (out, traf);
  return offset_position;
}

void
gst_arcly_fmp4_put_fragment (GByteArray *out, guint32 sequence,
    const GstArclyFmp4Run *runs, guint n_runs)
{
  guint moof = gst_arcly_fmp4_box_begin (out, "moof");
  guint box = gst_arcly_fmp4_full_box_begin (out, "mfhd", 0, 0);
  guint *positions = g_newa (guint, n_runs);
  gsize *bytes = g_newa (gsize, n_runs);
  gsize offset = 0;
  guint i;

  gst_arcly_fmp4_put_u32 (out, sequence);
  gst_arcly_fmp4_box_end (out, box);
  for (i = 0; i < n_runs; i++)
    positions[i] = put_traf (out, &runs[i], &bytes[i]);
  gst_arcly_fmp4_box_end (out, moof);

  for (i = 0; i < n_runs; i++) {
    gst_arcly_fmp4_patch_u32 (out, positions[i], out->len - moof + 8 + offset);
    offset += bytes[i];
  }
  gst_arcly_fmp4_put_u32 (out, offset + 8);
  gst_arcly_fmp4_put_type (out, "mdat");
}

void
gst_arcly_fmp4_put_styp (
    GByteArray *out, const gchar *brand, gboolean one_track)
{
  guint box = gst_arcly_fmp4_box_begin (out, "styp");

  gst_arcly_fmp4_put_brands (out, brand, one_track);
  gst_arcly_fmp4_box_end (out, box);
}

void
gst_arcly_fmp4_put_prft (
    GByteArray *out, guint32 track_id, guint64 ntp, guint64 media_time)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, "prft", 1, PRFT_FINALIZED);

  gst_arcly_fmp4_put_u32 (out, track_id);
  gst_arcly_fmp4_put_u64 (out, ntp);
  gst_arcly_fmp4_put_u64 (out, media_time);
  gst_arcly_fmp4_box_end (out, box);
}

void
gst_arcly_fmp4_put_emsg (GByteArray *out, const GstArclyFmp4Event *event)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, "emsg", 1, 0);

  gst_arcly_fmp4_put_u32 (out, event->timescale);
  gst_arcly_fmp4_put_u64 (out, event->start);
  gst_arcly_fmp4_put_u32 (out, event->duration);
  gst_arcly_fmp4_put_u32 (out, event->id);
  gst_arcly_fmp4_put_string (out, event->scheme);
  gst_arcly_fmp4_put_string (out, ""); /* value */
  gst_arcly_fmp4_put_bytes (out, event->message);
  gst_arcly_fmp4_box_end (out, box);
}

guint
gst_arcly_fmp4_put_sidx (GByteArray *out, const GstArclyFmp4Index *index)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, "sidx", 1, 0);
  guint position;

  gst_arcly_fmp4_put_u32 (out, index->track_id);
  gst_arcly_fmp4_put_u32 (out, index->timescale);
  gst_arcly_fmp4_put_u64 (out, index->start);
  gst_arcly_fmp4_put_u64 (out, 0); /* first_offset: right behind this box */
  gst_arcly_fmp4_put_u16 (out, 0);
  gst_arcly_fmp4_put_u16 (out, 1);
  position = out->len;
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u32 (out, index->duration);
  gst_arcly_fmp4_put_u32 (
      out, (index->sap_type ? 0x80000000 : 0) | index->sap_type << 28);
  gst_arcly_fmp4_box_end (out, box);
  return position;
}
