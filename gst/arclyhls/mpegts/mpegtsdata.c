/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "mpegtsdata.h"
#include "mpegtspsi.h"

#define ID3_HEADER 10
#define ID3_HAS_FOOTER 0x10
#define SPLICE_TABLE_ID 0xfc
/* SCTE 35, table 5: all that is always there, and the CRC. */
#define MIN_SPLICE 20
#define PTS_MASK ((G_GUINT64_CONSTANT (1) << 33) - 1)

/* How long the tag is that begins here; 0 if none does. */
static gsize
id3_size (const guint8 *data, gsize size)
{
  gsize length = 0;
  guint i;

  if (size < ID3_HEADER || memcmp (data, "ID3", 3) != 0 || data[3] == 0xff ||
      data[4] == 0xff)
    return 0;
  for (i = 6; i < ID3_HEADER; i++) {
    if (data[i] & 0x80)
      return 0;
    length = length << 7 | data[i];
  }
  length += ID3_HEADER + (data[5] & ID3_HAS_FOOTER ? ID3_HEADER : 0);
  return length <= size ? length : 0;
}

gboolean
gst_arcly_ts_id3_check (const guint8 *data, gsize size, GError **error)
{
  gsize done = 0, length;

  if (size > GST_ARCLY_TS_MAX_ID3) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT,
        "%" G_GSIZE_FORMAT " bytes of ID3 in one buffer", size);
    return FALSE;
  }
  while (done < size && (length = id3_size (data + done, size - done)) > 0)
    done += length;
  if (size == 0 || done < size) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%" G_GSIZE_FORMAT
        " bytes are no whole ID3 tag from byte %" G_GSIZE_FORMAT,
        size, done);
    return FALSE;
  }
  return TRUE;
}

gboolean
gst_arcly_ts_splice_check (const guint8 *data, gsize size, GError **error)
{
  /* section_syntax_indicator is 0, and the length 12 bits. */
  if (size < MIN_SPLICE || data[0] != SPLICE_TABLE_ID || data[1] & 0x80 ||
      (gsize) ((data[1] & 0x0f) << 8 | data[2]) + 3 != size) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%" G_GSIZE_FORMAT " bytes are no splice_info_section", size);
    return FALSE;
  }
  if (gst_arcly_ts_crc32 (data, size) != 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "a splice_info_section has a wrong CRC");
    return FALSE;
  }
  return TRUE;
}

void
gst_arcly_ts_splice_move (guint8 *data, gsize size, guint64 ticks)
{
  guint64 old = (guint64) (data[4] & 1) << 32 | (guint64) data[5] << 24 |
                data[6] << 16 | data[7] << 8 | data[8];
  guint64 moved = (old + ticks) & PTS_MASK;
  guint8 *end = data + size - 4;
  guint32 crc;
  guint i;

  data[4] = (data[4] & 0xfe) | moved >> 32;
  for (i = 0; i < 4; i++)
    data[5 + i] = moved >> (24 - 8 * i) & 0xff;
  crc = gst_arcly_ts_crc32 (data, size - 4);
  for (i = 0; i < 4; i++)
    end[i] = crc >> (24 - 8 * i) & 0xff;
}
