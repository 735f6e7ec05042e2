/* SPDX-License-Identifier: MIT
 *
 * The checker as a program: tscheck FILE... prints what is wrong. */
#include "tschecker.h"

int
main (int argc, char **argv)
{
  const TsLimits limits = { .pcr_interval_ms = 40, .psi_interval_ms = 500 };
  int bad = 0;
  int i;

  for (i = 1; i < argc; i++) {
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
