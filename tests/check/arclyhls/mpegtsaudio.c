/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "mpegtsaudio.h"

typedef gboolean (*Measure) (const guint8 *, gsize, gint64 *, GError **);

/* A row's bytes are the head of a frame; the rest of it are zeros. */
typedef struct {
  const gchar *name;
  Measure measure;
  guint8 head[8];
  gsize frame;
  guint n_frames;
  gsize cut;       /* bytes that lack at the end */
  gint64 duration; /* -1: an error */
} Row;

static const Row rows[] = {
  { "ADTS 48 kHz", gst_arcly_ts_adts_measure,
      { 0xff, 0xf1, 0x4c, 0x80, 0x02, 0x1f, 0xfc }, 16, 1, 0, 21333333 },
  { "ADTS, three frames", gst_arcly_ts_adts_measure,
      { 0xff, 0xf1, 0x4c, 0x80, 0x02, 0x1f, 0xfc }, 16, 3, 0, 64000000 },
  { "ADTS that lacks a byte", gst_arcly_ts_adts_measure,
      { 0xff, 0xf1, 0x4c, 0x80, 0x02, 0x1f, 0xfc }, 16, 1, 1, 0 },
  { "no ADTS", gst_arcly_ts_adts_measure, { 0xfe, 0xf1, 0x4c, 0x80 }, 16, 1, 0,
      -1 },
  { "MP3 44.1 kHz", gst_arcly_ts_mpeg_audio_measure, { 0xff, 0xfb, 0x90, 0x40 },
      417, 1, 0, 26122449 },
  { "MP3, two frames", gst_arcly_ts_mpeg_audio_measure,
      { 0xff, 0xfb, 0x90, 0x40 }, 417, 2, 0, 52244898 },
  { "MP3 that lacks a byte", gst_arcly_ts_mpeg_audio_measure,
      { 0xff, 0xfb, 0x90, 0x40 }, 417, 1, 1, 0 },
  { "no MP3", gst_arcly_ts_mpeg_audio_measure, { 0xff, 0x0b, 0x90, 0x40 }, 417,
      1, 0, -1 },
  /* 192 kbit/s: 768 bytes at 48 kHz; 44.1 kHz has two sizes. */
  { "AC-3 48 kHz", gst_arcly_ts_ac3_measure, { 0x0b, 0x77, 0, 0, 0x14, 0x40 },
      768, 1, 0, 32000000 },
  { "AC-3, two frames", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0, 0x14, 0x40 }, 768, 2, 0, 64000000 },
  { "AC-3 44.1 kHz", gst_arcly_ts_ac3_measure, { 0x0b, 0x77, 0, 0, 0x54, 0x40 },
      834, 1, 0, 34829932 },
  { "AC-3 44.1 kHz, one word more", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0, 0x55, 0x40 }, 836, 1, 0, 34829932 },
  { "AC-3 32 kHz", gst_arcly_ts_ac3_measure, { 0x0b, 0x77, 0, 0, 0x94, 0x40 },
      1152, 1, 0, 48000000 },
  { "AC-3 of no rate", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0, 0xd4, 0x40 }, 768, 1, 0, -1 },
  { "AC-3 of no size", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0, 0x26, 0x40 }, 768, 1, 0, -1 },
  { "AC-3 that lacks a byte", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0, 0x14, 0x40 }, 768, 1, 1, 0 },
  { "no AC-3", gst_arcly_ts_ac3_measure, { 0x77, 0x0b, 0, 0, 0x14, 0x40 }, 768,
      1, 0, -1 },
  { "E-AC-3, six blocks", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0xff, 0x30, 0x80 }, 512, 1, 0, 32000000 },
  { "E-AC-3, one block each", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0x3f, 0x00, 0x80 }, 128, 6, 0, 32000000 },
  { "E-AC-3, half the rate", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0x3f, 0xc0, 0x80 }, 128, 1, 0, 64000000 },
  { "E-AC-3 of a later version", gst_arcly_ts_ac3_measure,
      { 0x0b, 0x77, 0, 0x3f, 0x00, 0x88 }, 128, 1, 0, -1 },
  { "Opus 20 ms", gst_arcly_ts_opus_measure, { 0xfc }, 100, 1, 0, 20000000 },
  { "Opus 2.5 ms twice", gst_arcly_ts_opus_measure, { 0xe1 }, 100, 1, 0,
      5000000 },
  { "Opus, SILK 60 ms", gst_arcly_ts_opus_measure, { 0x18 }, 100, 1, 0,
      60000000 },
  { "Opus, hybrid 20 ms", gst_arcly_ts_opus_measure, { 0x68 }, 100, 1, 0,
      20000000 },
  { "Opus, three frames", gst_arcly_ts_opus_measure, { 0xff, 0x03 }, 100, 1, 0,
      60000000 },
  { "Opus of no frames", gst_arcly_ts_opus_measure, { 0xff, 0x00 }, 100, 1, 0,
      -1 },
  { "Opus of more than 120 ms", gst_arcly_ts_opus_measure, { 0xff, 0x07 }, 100,
      1, 0, -1 },
  { "Opus without its count", gst_arcly_ts_opus_measure, { 0xff }, 1, 1, 0,
      -1 },
};

static void
test_measure (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    gsize size = row->frame * row->n_frames - row->cut;
    /* Exact, so that a sanitizer sees what reads past it. */
    g_autofree guint8 *all = g_malloc0 (row->frame * row->n_frames);
    g_autofree guint8 *exact = NULL;
    g_autoptr (GError) error = NULL;
    gint64 duration = -2;

    g_test_message ("%s", row->name);
    for (j = 0; j < row->n_frames; j++)
      memcpy (all + j * row->frame, row->head, MIN (8, row->frame));
    exact = g_memdup2 (all, size);
    if (row->duration < 0) {
      g_assert_false (row->measure (exact, size, &duration, &error));
      g_assert_nonnull (error);
    } else {
      g_assert_true (row->measure (exact, size, &duration, &error));
      g_assert_no_error (error);
      g_assert_cmpint (duration, ==, row->duration);
    }
  }
}

/* What none of them may take for sound. */
static void
test_nothing (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    gint64 duration;

    g_assert_false (rows[i].measure ((const guint8 *) "", 0, &duration, NULL));
  }
}

static void
test_opus_control (void)
{
  static const struct {
    gsize size;
    guint start, end;
    guint8 bytes[8];
    guint n;
  } cases[] = {
    { 0, 0, 0, { 0x7f, 0xe0, 0 }, 3 },
    { 254, 0, 0, { 0x7f, 0xe0, 254 }, 3 },
    { 255, 0, 0, { 0x7f, 0xe0, 255, 0 }, 4 },
    { 600, 0, 0, { 0x7f, 0xe0, 255, 255, 90 }, 5 },
    { 10, 312, 0, { 0x7f, 0xf0, 10, 0x01, 0x38 }, 5 },
    { 10, 312, 8191, { 0x7f, 0xf8, 10, 0x01, 0x38, 0x1f, 0xff }, 7 },
  };
  guint8 out[GST_ARCLY_TS_OPUS_CONTROL_MAX];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint n = gst_arcly_ts_opus_control_write (
        out, cases[i].size, cases[i].start, cases[i].end);

    g_assert_cmpmem (out, n, cases[i].bytes, cases[i].n);
  }
  g_assert_cmpuint (
      gst_arcly_ts_opus_control_write (out, GST_ARCLY_TS_OPUS_MAX_SIZE, 1, 1),
      <=, sizeof out);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpegts/audio/measure", test_measure);
  g_test_add_func ("/mpegts/audio/nothing", test_nothing);
  g_test_add_func ("/mpegts/audio/opus-control", test_opus_control);
  return g_test_run ();
}
