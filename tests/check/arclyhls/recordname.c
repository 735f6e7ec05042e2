/* SPDX-License-Identifier: MIT */
#include "recordname.h"

static void
test_check (void)
{
  static const struct {
    const gchar *name;
    gboolean ok;
  } cases[] = {
    { "rec/%Y-%m-%d/%H%M%S-{number}.mp4", TRUE },
    { "{stream}/{number}", TRUE },
    { "100%%.ts", TRUE },
    { "", FALSE },
    { "rec/", FALSE },
    { "rec/%Q.mp4", FALSE },
    { "rec/%", FALSE },
    { "rec/{numer}.mp4", FALSE },
    { "rec/number}.mp4", FALSE },
    { "../rec.mp4", FALSE },
    { "rec/../%Y.mp4", FALSE },
    { "rec\xff.mp4", FALSE },
    { NULL, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (
        gst_arcly_record_name_check (cases[i].name, &error), ==, cases[i].ok);
    g_assert_cmpint (error == NULL, ==, cases[i].ok);
  }
}

static void
test_expand (void)
{
  static const struct {
    const gchar *name;
    const gchar *stream;
    const gchar *path;
    const gchar *folder;
  } cases[] = {
    { "rec/%Y-%m-%d/%H%M%S-{number}.mp4", NULL,
        "rec/2026-01-31/235958-00042.mp4", "rec" },
    { "/var/rec/{stream}/%Y/{number}", "live/cam",
        "/var/rec/live/cam/2026/00042.ts", "/var/rec/live/cam" },
    { "{stream}.mkv", NULL, "stream.mkv", "." },
    { ".hidden", NULL, ".hidden.ts", "." },
    { "rec/.{number}", NULL, "rec/.00042.ts", "rec" },
    { "rec/.{number}.mkv", NULL, "rec/.00042.mkv", "rec" },
    { "{stream}.mkv", "", "stream.mkv", "." },
    { "cam-{number}", "x", "cam-00042.ts", "." },
    { "/{number}", NULL, "/00042.ts", "/" },
    { "a{number}/b/c", NULL, "a00042/b/c.ts", "." },
    { "a/b%y/c", NULL, "a/b26/c.ts", "a" },
    { "100%%/x.ts", NULL, "100%/x.ts", "." },
    /* A stranger's name leads to no other folder and is no conversion. */
    { "rec/{stream}/x", "../../etc", "rec/_./_./etc/x.ts", "rec/_./_./etc" },
    { "rec/{stream}/x", "/etc", "rec/_/etc/x.ts", "rec/_/etc" },
    { "rec/{stream}/x", "%Y{number}", "rec/%Y{number}/x.ts", "rec/%Y{number}" },
    { "rec/{stream}/x", ".hidden\n", "rec/_hidden_/x.ts", "rec/_hidden_" },
  };
  g_autoptr (GDateTime) time = g_date_time_new_utc (2026, 1, 31, 23, 59, 58.5);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstArclyRecordNameParts parts = { cases[i].stream, 42, time, "ts" };
    g_autofree gchar *path =
        gst_arcly_record_name_expand (cases[i].name, &parts);
    g_autofree gchar *folder =
        gst_arcly_record_name_folder (cases[i].name, cases[i].stream);

    g_assert_cmpstr (path, ==, cases[i].path);
    g_assert_cmpstr (folder, ==, cases[i].folder);
  }
}

static void
test_count (void)
{
  static const gchar *cases[][2] = {
    { "rec/a.mp4", "rec/a-7.mp4" },
    { "rec.d/a", "rec.d/a-7" },
    { "a.b.ts", "a.b-7.ts" },
    { "rec/.a", "rec/.a-7" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = gst_arcly_record_name_count (cases[i][0], 7);

    g_assert_cmpstr (path, ==, cases[i][1]);
  }
}

static void
test_misleading (void)
{
  static const struct {
    const gchar *name;
    const gchar *extension;
    gboolean misleads;
  } cases[] = {
    { "rec/a.ts", "mp4", TRUE },
    { "rec/a.M2TS", "mp4", TRUE },
    { "rec/a.mp4", "mp4", FALSE },
    { "rec/a.mp4", "ts", TRUE },
    { "rec.ts/a.mov", "ts", TRUE },
    { "rec/a.ts", "ts", FALSE },
    /* These say nothing of a container. */
    { "rec.ts/a", "mp4", FALSE },
    { "rec/.ts", "mp4", FALSE },
    { "rec/a.cam1", "ts", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s as %s", cases[i].name, cases[i].extension);
    g_assert_cmpint (
        gst_arcly_record_name_is_misleading (cases[i].name, cases[i].extension),
        ==, cases[i].misleads);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recordname/check", test_check);
  g_test_add_func ("/recordname/expand", test_expand);
  g_test_add_func ("/recordname/count", test_count);
  g_test_add_func ("/recordname/misleading", test_misleading);
  return g_test_run ();
}
