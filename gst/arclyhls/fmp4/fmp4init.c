/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "fmp4box.h"
#include "fmp4init.h"

/* "und", 5 bits a letter (ISO/IEC 14496-12, 8.4.2.3). */
#define LANGUAGE_UND 0x55c4
#define TRACK_ENABLED_IN_MOVIE 3
#define MOVIE_TIMESCALE 1000

void
gst_arcly_fmp4_put_brands (
    GByteArray *out, const gchar *brand, gboolean one_track)
{
  /* Several tracks in one file are not CMAF (ISO/IEC 23000-19, 7.3.1). */
  static const gchar *one[] = { "iso6", "cmfc" };
  static const gchar *many[] = { "iso6", "mp41" };
  const gchar **list = one_track ? one : many;
  guint n = one_track ? G_N_ELEMENTS (one) : G_N_ELEMENTS (many);
  gboolean listed = FALSE;
  guint i;

  if (!brand)
    brand = one_track ? "cmfc" : "iso6";
  gst_arcly_fmp4_put_type (out, brand);
  gst_arcly_fmp4_put_u32 (out, 0);
  for (i = 0; i < n; i++) {
    gst_arcly_fmp4_put_type (out, list[i]);
    listed |= memcmp (list[i], brand, 4) == 0;
  }
  /* The major brand is among the compatible ones (4.3.3). */
  if (!listed)
    gst_arcly_fmp4_put_type (out, brand);
}

static void
put_matrix (GByteArray *out)
{
  static const guint32 unity[9] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0,
    0x40000000 };
  guint i;

  for (i = 0; i < 9; i++)
    gst_arcly_fmp4_put_u32 (out, unity[i]);
}

/* 8.2.2: no duration, which is in the fragments. */
static void
put_mvhd (GByteArray *out, guint32 next_id)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, "mvhd", 0, 0);

  gst_arcly_fmp4_put_zeros (out, 8);
  gst_arcly_fmp4_put_u32 (out, MOVIE_TIMESCALE);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u32 (out, 0x00010000);
  gst_arcly_fmp4_put_u16 (out, 0x0100);
  gst_arcly_fmp4_put_zeros (out, 10);
  put_matrix (out);
  gst_arcly_fmp4_put_zeros (out, 24);
  gst_arcly_fmp4_put_u32 (out, next_id);
  gst_arcly_fmp4_box_end (out, box);
}

/* 8.3.2. */
static void
put_tkhd (GByteArray *out, const GstArclyFmp4Track *track)
{
  guint box =
      gst_arcly_fmp4_full_box_begin (out, "tkhd", 0, TRACK_ENABLED_IN_MOVIE);

  gst_arcly_fmp4_put_zeros (out, 8);
  gst_arcly_fmp4_put_u32 (out, track->id);
  gst_arcly_fmp4_put_zeros (out, 4 + 4 + 8 + 2);
  gst_arcly_fmp4_put_u16 (out, 0); /* no alternatives to choose from */
  gst_arcly_fmp4_put_u16 (out, track->is_video ? 0 : 0x0100);
  gst_arcly_fmp4_put_u16 (out, 0);
  put_matrix (out);
  gst_arcly_fmp4_put_u32 (out, track->is_video ? track->width << 16 : 0);
  gst_arcly_fmp4_put_u32 (out, track->is_video ? track->height << 16 : 0);
  gst_arcly_fmp4_box_end (out, box);
}

static void
put_empty_table (GByteArray *out, const gchar *type)
{
  guint box = gst_arcly_fmp4_full_box_begin (out, type, 0, 0);

  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_box_end (out, box);
}

/* 8.5: all samples are in the fragments. */
static void
put_stbl (GByteArray *out, GBytes *entry)
{
  guint stbl = gst_arcly_fmp4_box_begin (out, "stbl");
  guint box = gst_arcly_fmp4_full_box_begin (out, "stsd", 0, 0);

  gst_arcly_fmp4_put_u32 (out, 1);
  gst_arcly_fmp4_put_bytes (out, entry);
  gst_arcly_fmp4_box_end (out, box);
  put_empty_table (out, "stts");
  put_empty_table (out, "stsc");
  box = gst_arcly_fmp4_full_box_begin (out, "stsz", 0, 0);
  gst_arcly_fmp4_put_zeros (out, 8);
  gst_arcly_fmp4_box_end (out, box);
  put_empty_table (out, "stco");
  gst_arcly_fmp4_box_end (out, stbl);
}

static void
put_minf (GByteArray *out, const GstArclyFmp4Track *track)
{
  guint minf = gst_arcly_fmp4_box_begin (out, "minf");
  guint dinf, dref, box;

  if (track->is_video) {
    box = gst_arcly_fmp4_full_box_begin (out, "vmhd", 0, 1);
    gst_arcly_fmp4_put_zeros (out, 8);
  } else {
    box = gst_arcly_fmp4_full_box_begin (out, "smhd", 0, 0);
    gst_arcly_fmp4_put_zeros (out, 4);
  }
  gst_arcly_fmp4_box_end (out, box);
  dinf = gst_arcly_fmp4_box_begin (out, "dinf");
  dref = gst_arcly_fmp4_full_box_begin (out, "dref", 0, 0);
  gst_arcly_fmp4_put_u32 (out, 1);
  box = gst_arcly_fmp4_full_box_begin (out, "url ", 0, 1); /* in this file */
  gst_arcly_fmp4_box_end (out, box);
  gst_arcly_fmp4_box_end (out, dref);
  gst_arcly_fmp4_box_end (out, dinf);
  put_stbl (out, track->entry);
  gst_arcly_fmp4_box_end (out, minf);
}

/* 8.6.6: presentation begins within the media. */
static void
put_edts (GByteArray *out, guint64 media_start)
{
  guint edts = gst_arcly_fmp4_box_begin (out, "edts");
  guint box = gst_arcly_fmp4_full_box_begin (out, "elst", 1, 0);

  gst_arcly_fmp4_put_u32 (out, 1);
  gst_arcly_fmp4_put_u64 (out, 0); /* to the end of all fragments */
  gst_arcly_fmp4_put_u64 (out, media_start);
  gst_arcly_fmp4_put_u32 (out, 0x00010000);
  gst_arcly_fmp4_box_end (out, box);
  gst_arcly_fmp4_box_end (out, edts);
}

static void
put_trak (GByteArray *out, const GstArclyFmp4Track *track)
{
  guint trak = gst_arcly_fmp4_box_begin (out, "trak");
  guint mdia, box;

  put_tkhd (out, track);
  if (track->media_start > 0)
    put_edts (out, track->media_start);
  mdia = gst_arcly_fmp4_box_begin (out, "mdia");
  box = gst_arcly_fmp4_full_box_begin (out, "mdhd", 0, 0);
  gst_arcly_fmp4_put_zeros (out, 8);
  gst_arcly_fmp4_put_u32 (out, track->timescale);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_u16 (out, LANGUAGE_UND);
  gst_arcly_fmp4_put_u16 (out, 0);
  gst_arcly_fmp4_box_end (out, box);
  box = gst_arcly_fmp4_full_box_begin (out, "hdlr", 0, 0);
  gst_arcly_fmp4_put_u32 (out, 0);
  gst_arcly_fmp4_put_type (out, track->is_video ? "vide" : "soun");
  gst_arcly_fmp4_put_zeros (out, 12);
  gst_arcly_fmp4_put_string (
      out, track->is_video ? "VideoHandler" : "SoundHandler");
  gst_arcly_fmp4_box_end (out, box);
  put_minf (out, track);
  gst_arcly_fmp4_box_end (out, mdia);
  gst_arcly_fmp4_box_end (out, trak);
}

GBytes *
gst_arcly_fmp4_write_init (
    const gchar *brand, const GstArclyFmp4Track *tracks, guint n_tracks)
{
  GByteArray *out = g_byte_array_new ();
  guint moov, mvex, box, i;
  guint32 next_id = 1;

  for (i = 0; i < n_tracks; i++)
    next_id = MAX (next_id, tracks[i].id + 1);

  box = gst_arcly_fmp4_box_begin (out, "ftyp");
  gst_arcly_fmp4_put_brands (out, brand, n_tracks == 1);
  gst_arcly_fmp4_box_end (out, box);

  moov = gst_arcly_fmp4_box_begin (out, "moov");
  put_mvhd (out, next_id);
  for (i = 0; i < n_tracks; i++)
    put_trak (out, &tracks[i]);
  mvex = gst_arcly_fmp4_box_begin (out, "mvex");
  for (i = 0; i < n_tracks; i++) {
    box = gst_arcly_fmp4_full_box_begin (out, "trex", 0, 0);
    gst_arcly_fmp4_put_u32 (out, tracks[i].id);
    gst_arcly_fmp4_put_u32 (out, 1);
    gst_arcly_fmp4_put_zeros (out, 12);
    gst_arcly_fmp4_box_end (out, box);
  }
  gst_arcly_fmp4_box_end (out, mvex);
  gst_arcly_fmp4_box_end (out, moov);
  return g_byte_array_free_to_bytes (out);
}
