/* SPDX-License-Identifier: MIT
 *
 * ID3 and SCTE-35 of any bytes: told right from wrong, and a section that was
 * moved is one still, and goes back to what it was. */
#include <stdint.h>
#include <string.h>

#include "mpegtsdata.h"

#define WRAP (G_GUINT64_CONSTANT (1) << 33)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
move_and_back (const uint8_t *data, size_t size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  guint64 ticks = 900000 + data[size - 1];

  gst_arcly_ts_splice_move (copy, size, ticks);
  g_assert (gst_arcly_ts_splice_check (copy, size, NULL));
  g_assert (memcmp (copy, data, size) != 0);
  gst_arcly_ts_splice_move (copy, size, WRAP - ticks);
  g_assert (memcmp (copy, data, size) == 0);
}

/* Of bytes that are nearly a section: with the CRC that they need. */
static void
mend_and_move (const uint8_t *data, size_t size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  if (size < 20)
    return;
  copy[0] = 0xfc;
  copy[1] = (copy[1] & 0x7f & 0xf0) | ((size - 3) >> 8 & 0x0f);
  copy[2] = (size - 3) & 0xff;
  gst_arcly_ts_splice_move (copy, size, 0);
  if (size - 3 < 0x1000)
    move_and_back (copy, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) tag_error = NULL;
  g_autoptr (GError) splice_error = NULL;
  gboolean is_tag = gst_arcly_ts_id3_check (data, size, &tag_error);
  gboolean is_splice = gst_arcly_ts_splice_check (data, size, &splice_error);

  g_assert (is_tag == (tag_error == NULL));
  g_assert (is_splice == (splice_error == NULL));
  g_assert (!is_tag || (size >= 10 && size <= GST_ARCLY_TS_MAX_ID3));
  g_assert (!is_tag || !is_splice);
  if (is_splice)
    move_and_back (data, size);
  mend_and_move (data, size);
  return 0;
}
