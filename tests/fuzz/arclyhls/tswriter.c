/* SPDX-License-Identifier: MIT
 *
 * Access units of any bytes, at any times, written and read back: the blocks
 * are as long as measured, and what was gathered is what arrives. Each unit is
 * five bytes (flags, two of size, two of time) and its content. */
#include <stdint.h>
#include <string.h>

#include "mpegtsvideo.h"
#include "mpegtswriter.h"
#include "tschecker.h"

#define MAX_UNITS 64

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static GByteArray *
flatten (const GstArclyTsGather *gather)
{
  GByteArray *flat = g_byte_array_new ();
  guint i;

  for (i = 0; i < gather->pieces->len; i++) {
    const GstArclyTsPiece *piece =
        &g_array_index (gather->pieces, GstArclyTsPiece, i);

    g_byte_array_append (flat, piece->data, piece->size);
  }
  g_assert (flat->len == gather->size);
  return flat;
}

static void
write_unit (
    GstArclyTsWriter *writer, const GstArclyTsUnit *unit, GByteArray *out)
{
  gsize measured = gst_arcly_ts_writer_measure (writer, unit);
  g_autofree guint8 *block = g_malloc (measured);

  g_assert (measured % 188 == 0);
  gst_arcly_ts_writer_write (writer, unit, block);
  g_byte_array_append (out, block, measured);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint length_sizes[] = { 0, 1, 2, 4 };
  const TsLimits limits = { .pcr_interval_ms = 40 };
  g_autoptr (GstArclyTsWriter) writer = gst_arcly_ts_writer_new ();
  g_autoptr (GstArclyTsVideo) video = gst_arcly_ts_video_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) wanted =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  g_autoptr (TsReport) report = NULL;
  const GstArclyTsPmtEntry entry = { .pid = 0x100, .type = 0x06 };
  GstArclyTsGather gather;
  GstArclyTsStream *stream;
  gint64 dts = 0;
  guint i;

  if (size < 1)
    return 0;
  gst_arcly_ts_video_start (video,
      data[0] & 4 ? GST_ARCLY_TS_VIDEO_H265 : GST_ARCLY_TS_VIDEO_H264,
      length_sizes[data[0] & 3]);
  gst_arcly_ts_writer_set_timing (writer, 0, 40000000, 500000000);
  stream = gst_arcly_ts_writer_add_stream (writer, &entry, 0xe0);
  gst_arcly_ts_gather_init (&gather);
  data++;
  size--;
  while (size >= 5 && wanted->len < MAX_UNITS) {
    gsize length = MIN ((gsize) (data[1] << 8 | data[2]), size - 5);
    gboolean random_access;

    dts += (data[3] << 8 | data[4]) * G_GINT64_CONSTANT (100000) + 20000;
    if (gst_arcly_ts_video_gather (video, data + 5, length, data[0] & 1,
            &gather, &random_access, NULL)) {
      GstArclyTsUnit unit = { stream, dts + (data[0] >> 4) * 40000000, dts,
        &gather, random_access, random_access || wanted->len == 0,
        (data[0] & 2) != 0 };

      g_ptr_array_add (wanted, flatten (&gather));
      write_unit (writer, &unit, out);
    }
    data += 5 + length;
    size -= 5 + length;
  }
  gst_arcly_ts_gather_clear (&gather);
  if (wanted->len == 0)
    return 0;
  report = ts_check (out->data, out->len, &limits);
  g_assert (report->problems->len == 0);
  g_assert (report->units->len == wanted->len);
  for (i = 0; i < wanted->len; i++) {
    const TsUnit *unit = g_ptr_array_index (report->units, i);
    const GByteArray *flat = g_ptr_array_index (wanted, i);

    g_assert (unit->es->len == flat->len &&
              memcmp (unit->es->data, flat->data, flat->len) == 0);
  }
  return 0;
}
