/* SPDX-License-Identifier: MIT
 *
 * The checker as a program: tscheck [--buffers BYTES] FILE... prints what is
 * wrong. With --buffers also where a decoder with so much room for sound, and a
 * second of time, would lose something; and how far that was. */
#include <stdlib.h>
#include <string.h>

#include "tstiming.h"

static void
check_buffers (const gchar *path, const guint8 *data, gsize size,
    TsReport *report, gsize audio_bytes)
{
  /* H.264, level 4: 25000 * 1200 bits (table A-1). */
  const TsBufferLimits limits = {
    .audio_bytes = audio_bytes, .video_bytes = 3750000, .delay_ms = 1000
  };
  g_autoptr (GArray) buffers = ts_check_buffers (data, size, report, &limits);
  guint i;

  for (i = 0; i < buffers->len; i++) {
    const TsBuffer *one = &g_array_index (buffers, TsBuffer, i);

    g_print ("%s: PID %u, type %02x: at most %" G_GSIZE_FORMAT
             " bytes, for %.1f ms, the last %.1f ms early; %" G_GSIZE_FORMAT
             " in the transport buffer\n",
        path, one->pid, one->stream_type, one->max_bytes,
        one->max_delay / 27000.0, one->min_slack / 27000.0,
        one->transport_bytes);
  }
}

int
main (int argc, char **argv)
{
  const TsLimits limits = { .pcr_interval_ms = 40, .psi_interval_ms = 500 };
  gsize audio_bytes = 0;
  int first = 1;
  int bad = 0;
  int i;

  if (argc > 2 && strcmp (argv[1], "--buffers") == 0) {
    audio_bytes = strtoul (argv[2], NULL, 10);
    first = 3;
  }
  for (i = first; i < argc; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (TsReport) report = NULL;
    g_autofree gchar *data = NULL;
    gsize size;
    guint j;

    if (!g_file_get_contents (argv[i], &data, &size, &error)) {
      g_printerr ("%s\n", error->message);
      return 2;
    }
    report = ts_check ((guint8 *) data, size, &limits);
    if (first > 1)
      check_buffers (argv[i], (guint8 *) data, size, report, audio_bytes);
    for (j = 0; j < report->problems->len; j++)
      g_print ("%s: %s\n", argv[i],
          (gchar *) g_ptr_array_index (report->problems, j));
    g_print ("%s: %u packets, %u units, %u PCR (longest gap %.1f ms), "
             "%u PMT versions, %u problems\n",
        argv[i], report->n_packets, report->units->len, report->n_pcr,
        report->max_pcr_gap / 27000.0, report->n_pmt_versions,
        report->problems->len);
    bad += report->problems->len > 0;
  }
  return bad > 0;
}
