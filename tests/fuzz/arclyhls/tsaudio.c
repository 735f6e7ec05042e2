/* SPDX-License-Identifier: MIT
 *
 * Frames of sound of any bytes: how long they are is told, or why not, and an
 * Opus control header has the room that it is given. */
#include <stdint.h>
#include <string.h>

#include "mpegtsaudio.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static gboolean (*const measures[]) (const guint8 *, gsize, gint64 *,
      GError **) = { gst_arcly_ts_adts_measure, gst_arcly_ts_mpeg_audio_measure,
    gst_arcly_ts_ac3_measure, gst_arcly_ts_opus_measure };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (measures); i++) {
    g_autoptr (GError) error = NULL;
    gint64 duration = -1;
    gboolean ok = measures[i](data, size, &duration, &error);

    g_assert (ok == (error == NULL));
    g_assert (duration >= 0);
    g_assert (ok || duration == 0);
    /* A byte holds no more than a frame of the shortest kind. */
    g_assert (duration <= (gint64) size * 120000000);
  }
  if (size >= 4) {
    guint8 out[GST_ARCLY_TS_OPUS_CONTROL_MAX];
    gsize length = (data[0] << 8 | data[1]) % (GST_ARCLY_TS_OPUS_MAX_SIZE + 1);
    guint n = gst_arcly_ts_opus_control_write (
        out, length, data[2] * 32u, data[3] * 32u);
    guint at = 2;

    for (; out[at] == 255; at++)
      length -= 255;
    g_assert (out[at] == length);
    g_assert (n == at + 1 + (data[2] > 0 ? 2u : 0u) + (data[3] > 0 ? 2u : 0u));
  }
  return 0;
}
