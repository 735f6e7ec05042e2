/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over its corpus where no fuzzing engine is linked: each
 * argument is a file, or a folder of files. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static guint
replay (const gchar *path)
{
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *content = NULL;
  g_autofree guint8 *exact = NULL;
  const gchar *name;
  gsize size = 0;
  guint n = 0;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    dir = g_dir_open (path, 0, &error);
    g_assert_no_error (error);
    while ((name = g_dir_read_name (dir))) {
      g_autofree gchar *child = g_build_filename (path, name, NULL);

      n += replay (child);
    }
    return n;
  }

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  /* An exact copy: a sanitizer then sees a read of one byte too many. */
  exact = g_memdup2 (content, size);
  LLVMFuzzerTestOneInput (exact, size);
  return 1;
}

int
main (int argc, char **argv)
{
  guint n = 0;
  int i;

  for (i = 1; i < argc; i++)
    n += replay (argv[i]);
  g_print ("%u inputs replayed\n", n);
  /* An empty corpus would be a test that cannot fail. */
  return n > 0 ? 0 : 1;
}
