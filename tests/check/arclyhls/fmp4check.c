/* SPDX-License-Identifier: MIT
 *
 * The checker as a program: fmp4check [--chunks] [--holes] FILE... prints what
 * is wrong, a line each; exit status 1 if anything is. */
#include "fmp4checker.h"

int
main (int argc, char **argv)
{
  Fmp4Limits limits = { 0 };
  const GOptionEntry entries[] = {
    { "chunks", 0, 0, G_OPTION_ARG_NONE, &limits.chunks,
        "A moof may begin without a sync sample", NULL },
    { "holes", 0, 0, G_OPTION_ARG_NONE, &limits.holes,
        "A moof may begin later than the last one ended", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE...");
  g_autoptr (GError) error = NULL;
  int bad = 0;
  int i;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  for (i = 1; i < argc; i++) {
    g_autoptr (Fmp4Report) report = NULL;
    g_autofree gchar *data = NULL;
    gsize size;
    guint j;

    if (!g_file_get_contents (argv[i], &data, &size, &error)) {
      g_printerr ("%s\n", error->message);
      return 2;
    }
    report = fmp4_check ((const guint8 *) data, size, &limits);
    for (j = 0; j < report->problems->len; j++)
      g_print ("%s\n", (gchar *) g_ptr_array_index (report->problems, j));
    bad += report->problems->len > 0;
  }
  return bad > 0;
}
