/* SPDX-License-Identifier: MIT
 *
 * A file of any bytes as a fragmented MP4: its movie, its fragments, moved to
 * time 0, and a moov of them. What is read lies within what was given; the moov
 * is one box, has no fragments, and the head is as long as what it covers. */
#include <stdint.h>
#include <string.h>

#include "fmp4progressive.h"

#define TYPE GST_ARCLY_FMP4_TYPE

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_moov (GBytes *moov)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (moov, &size);
  GstArclyCursor cursor;
  GstArclyFmp4Box box, child;

  gst_arcly_cursor_init (&cursor, data, size);
  g_assert (gst_arcly_fmp4_box_next (&cursor, &box));
  g_assert (box.type == TYPE ('m', 'o', 'o', 'v') && box.size == size);
  while (gst_arcly_fmp4_box_next (&box.content, &child))
    g_assert (child.type != TYPE ('m', 'v', 'e', 'x'));
}

static void
check_rebase (GstArclyFmp4Movie *movie, const guint8 *data, gsize size)
{
  g_auto (GstArclyFmp4Moof) moof = { 0 };
  g_autofree guint8 *copy = g_memdup2 (data, size);
  gint64 start;

  gst_arcly_fmp4_moof_init (&moof);
  if (!gst_arcly_fmp4_moof_read (&moof, movie, copy, size, NULL))
    return;
  start = gst_arcly_fmp4_moof_start (&moof, movie);
  g_assert (start >= 0);
  gst_arcly_fmp4_moof_rebase (&moof, movie, copy, start);
  g_assert (gst_arcly_fmp4_moof_read (&moof, movie, copy, size, NULL));
}

static void
finish (GstArclyFmp4Progressive *progressive, gsize init, gsize size)
{
  g_autoptr (GBytes) moov =
      gst_arcly_fmp4_progressive_finish (progressive, NULL);
  g_autoptr (GBytes) head = NULL;

  if (!moov)
    return;
  check_moov (moov);
  head = gst_arcly_fmp4_progressive_head (progressive, "mdat", size);
  /* It must not reach the payload. */
  g_assert (g_bytes_get_size (head) <= init);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GstArclyFmp4Progressive) progressive = NULL;
  g_autoptr (GstArclyFmp4Movie) movie = NULL;
  gsize init_size = 0;
  GstArclyCursor cursor;
  GstArclyFmp4Box box;
  gboolean ok = TRUE;

  gst_arcly_cursor_init (&cursor, data, size);
  while (ok && gst_arcly_fmp4_box_next (&cursor, &box)) {
    gsize start = box.data - data;
    g_autoptr (GError) error = NULL;

    if (!progressive && box.type == TYPE ('m', 'o', 'o', 'v')) {
      g_autoptr (GBytes) init = g_bytes_new (data, start + box.size);

      init_size = start + box.size;
      progressive = gst_arcly_fmp4_progressive_new (init, &error);
      ok = progressive != NULL;
      g_assert (ok == (error == NULL));
      if (ok)
        movie = gst_arcly_fmp4_movie_new (init, NULL);
    } else if (progressive && box.type == TYPE ('m', 'o', 'o', 'f')) {
      check_rebase (movie, box.data, box.size);
      ok = gst_arcly_fmp4_progressive_add (
          progressive, box.data, box.size, start, size, &error);
      g_assert (ok == (error == NULL));
    }
  }
  if (progressive)
    finish (progressive, init_size, size);
  return 0;
}
