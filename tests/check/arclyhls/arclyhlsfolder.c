/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink and its folder: what was there before, what else happens to it.
 */
#include "testhls.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* Rule U10. */
GST_START_TEST (test_restart)
{
  TestHls t;
  guint i;

  test_hls_init (&t);
  for (i = 0; i < 4; i++) {
    test_hls_new_sink (&t, "playlist-type", 1, NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 0, 110);
    test_hls_drop_sink (&t);
    fail_unless_equals_int (test_hls_count (&t), 3 * (i + 1));
    fail_unless_equals_int (test_hls_discontinuities (&t), i);
    fail_if (strstr (t.playlist, "#EXT-X-ENDLIST"));
  }
  fail_unless (test_hls_has_segment (&t, 11));

  /* And once more, to the end; and then it is another one. */
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 10);
  test_hls_end (&t);
  fail_unless (g_str_has_suffix (t.playlist, "#EXT-X-ENDLIST\n"));
  fail_unless_equals_int (test_hls_count (&t), 13);
  test_hls_drop_sink (&t);
  test_hls_new_sink (&t, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 60);
  fail_unless_equals_int (test_hls_count (&t), 1);
  fail_unless (strstr (t.playlist, "#EXT-X-MEDIA-SEQUENCE:13\n"));
  fail_unless (test_hls_has_segment (&t, 0));
  test_hls_clear (&t);
}
GST_END_TEST;

/* What the machine did not get to write before it lost power is not offered;
 * nor is what comes before it. */
GST_START_TEST (test_power_loss)
{
  static const gsize sizes[] = { 0, 188 * 3 + 1 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *name = NULL;
    g_autofree gchar *path = NULL;
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, "playlist-length", 0, NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 0, 250);
    test_hls_drop_sink (&t);
    fail_unless_equals_int (test_hls_count (&t), 5);
    name = test_hls_find_segment (&t, 2);
    path = test_hls_path (&t, name);
    fail_unless_equals_int (truncate (path, sizes[i]), 0);

    test_hls_new_sink (&t, "playlist-length", 0, NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 0, 60);
    fail_unless (strstr (t.playlist, "#EXT-X-MEDIA-SEQUENCE:3\n"));
    fail_unless_equals_int (test_hls_count (&t), 3);
    test_hls_clear (&t);
  }
}
GST_END_TEST;

/* What is not ours is not continued, and no file is taken for ours. */
GST_START_TEST (test_foreign_playlist)
{
  static const gchar foreign[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
                                 "#EXTINF:2,\nother.ts\n";
  TestHls t;
  g_autofree gchar *index = NULL, *other = NULL, *segment = NULL;

  test_hls_init (&t);
  index = test_hls_path (&t, "index.m3u8");
  other = test_hls_path (&t, "other.ts");
  segment = test_hls_path (&t, "segment-a-00041.ts");
  fail_unless (g_file_set_contents (index, foreign, -1, NULL));
  fail_unless (g_file_set_contents (other, "x", -1, NULL));
  fail_unless (g_file_set_contents (segment, "x", -1, NULL));
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  for (guint n = 0; n < 60; n++)
    fail_unless_equals_int (
        gst_harness_push (t.video, test_hls_make_video (n, n % 25 == 0)),
        GST_FLOW_OK);
  test_hls_check (&t);
  fail_unless (strstr (t.playlist, "#EXT-X-MEDIA-SEQUENCE:42\n"));
  fail_unless (test_hls_has (&t, "other.ts"));
  fail_unless (test_hls_has (&t, "segment-a-00041.ts"));
  test_hls_clear (&t);
}
GST_END_TEST;

/* A recording, finished or not, outlives a live stream in its folder, and one
 * more of them; what a live stream left does not. */
GST_START_TEST (test_recording_stays)
{
  GstClock *clock = gst_test_clock_new ();
  gint type;
  gboolean ended;

  gst_system_clock_set_default (clock);
  for (type = 0; type <= 2; type++) {
    for (ended = FALSE; ended <= TRUE; ended++) {
      gboolean stays = ended || type != 0;
      TestHls t;
      guint i, time;

      test_hls_init (&t);
      test_hls_new_sink (&t, "playlist-type", type, "playlist-length", 0, NULL);
      test_hls_add_video (&t);
      test_hls_push (&t, 0, 110);
      if (ended)
        test_hls_end (&t);
      test_hls_drop_sink (&t);
      for (i = 0; i < 2; i++) {
        test_hls_new_sink (&t, "playlist-length", 2, NULL);
        test_hls_add_video (&t);
        for (time = 0; time < 60; time++) {
          test_hls_push (&t, time * 25, time * 25 + 25);
          gst_test_clock_advance_time (GST_TEST_CLOCK (clock), GST_SECOND);
        }
        test_hls_drop_sink (&t);
      }
      for (i = 0; i < 3; i++)
        fail_unless (test_hls_has_segment (&t, i) == stays,
            "type %d, ended %d: %u", type, ended, i);
      fail_if (test_hls_has_segment (&t, 4));
      test_hls_clear (&t);
    }
  }
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}
GST_END_TEST;

/* Caches keep a segment for a year: a name never comes again, also where the
 * folder was emptied in between. */
GST_START_TEST (test_names_are_unique)
{
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint i, n;

  for (i = 0; i < 3; i++) {
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, NULL, NULL);
    test_hls_add_video (&t);
    test_hls_push (&t, 0, 110);
    for (n = 0; n < 2; n++)
      fail_unless (g_hash_table_add (names, test_hls_find_segment (&t, n)));
    test_hls_clear (&t);
  }
}
GST_END_TEST;

/* What a killed process left half written goes. */
GST_START_TEST (test_temporary_files)
{
  static const gchar *names[] = { ".arcly-segment.tmp", ".arcly-playlist.tmp" };
  TestHls t;
  guint i;

  test_hls_init (&t);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = test_hls_path (&t, names[i]);

    fail_unless (g_file_set_contents (path, "", 0, NULL));
  }
  test_hls_new_sink (&t, NULL, NULL);
  fail_unless (gst_element_set_state (t.sink, GST_STATE_PAUSED) !=
               GST_STATE_CHANGE_FAILURE);
  test_hls_assert_no_temporary (&t);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 50);
  test_hls_end (&t);
  test_hls_assert_no_temporary (&t);
  test_hls_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_unwritable)
{
  static const gchar *names[] = { "file/cam", "file" };
  TestHls t;
  g_autofree gchar *file = NULL;
  guint i;

  test_hls_init (&t);
  file = test_hls_path (&t, "file");
  fail_unless (g_file_set_contents (file, "x", -1, NULL));
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *location = test_hls_path (&t, names[i]);

    test_hls_new_sink (&t, "location", location, NULL);
    fail_unless_equals_int (gst_element_set_state (t.sink, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    test_hls_assert_message (&t, GST_MESSAGE_ERROR, location);
    test_hls_drop_sink (&t);
  }
  test_hls_clear (&t);
}
GST_END_TEST;

/* Two would take each other's names. */
GST_START_TEST (test_folder_in_use)
{
  GstElement *other;
  TestHls t;

  test_hls_init (&t);
  other = gst_element_factory_make ("arclyhlssink", NULL);
  g_object_set (other, "location", t.folder, NULL);
  gst_element_set_state (other, GST_STATE_PAUSED);
  test_hls_new_sink (&t, NULL, NULL);
  fail_unless_equals_int (gst_element_set_state (t.sink, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_hls_assert_message (&t, GST_MESSAGE_ERROR, "in use");
  gst_element_set_state (other, GST_STATE_NULL);
  gst_object_unref (other);
  fail_unless (gst_element_set_state (t.sink, GST_STATE_PAUSED) !=
               GST_STATE_CHANGE_FAILURE);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Somebody removes the folder: said once, and the stream goes on. */
GST_START_TEST (test_folder_removed)
{
  g_autofree gchar *location = NULL;
  TestHls t;
  GDir *dir;
  const gchar *name;
  gchar *base;

  test_hls_init (&t);
  base = t.folder;
  t.folder = location = g_build_filename (base, "cam", NULL);
  test_hls_new_sink (&t, "playlist-length", 3, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 110);
  dir = g_dir_open (location, 0, NULL);
  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (location, name, NULL);

    g_unlink (path);
  }
  g_dir_close (dir);
  fail_unless_equals_int (g_rmdir (location), 0);
  for (guint n = 110; n < 500; n++)
    fail_unless_equals_int (
        gst_harness_push (t.video, test_hls_make_video (n, n % 25 == 0)),
        GST_FLOW_OK);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, location);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
  g_clear_pointer (&t.playlist, g_free);
  test_hls_check (&t);
  fail_unless_equals_int (test_hls_count (&t), 3);
  t.folder = g_strdup (location);
  test_hls_clear (&t);
  g_rmdir (base);
  g_free (base);
}
GST_END_TEST;

static guint
count_segments (TestHls *t)
{
  g_autoptr (GDir) dir = g_dir_open (t->folder, 0, NULL);
  const gchar *name;
  guint n = 0;

  while (dir && (name = g_dir_read_name (dir)))
    n += g_str_has_suffix (name, ".ts");
  return n;
}

/* Frames that nobody checks the playlist after. */
static void
push_frames (GstHarness *video, guint start, guint end)
{
  for (guint n = start; n < end; n++)
    fail_unless_equals_int (gst_harness_push (video,
                                test_hls_make_video (n, n % KEY_INTERVAL == 0)),
        GST_FLOW_OK);
}

/* Whoever made a folder anew has it for itself, as it had the one before. */
GST_START_TEST (test_folder_moved)
{
  g_autofree gchar *away = NULL;
  GstElement *other;
  TestHls t, old = { 0 };

  test_hls_init (&t);
  away = g_strconcat (t.folder, "-away", NULL);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  push_frames (t.video, 0, 60);
  fail_unless_equals_int (g_rename (t.folder, away), 0);
  push_frames (t.video, 60, 160);
  test_hls_check (&t);
  fail_unless_equals_int (test_hls_count (&t), count_segments (&t));
  fail_unless (count_segments (&t) > 0);

  other = gst_element_factory_make ("arclyhlssink", NULL);
  g_object_set (other, "location", t.folder, NULL);
  fail_unless_equals_int (gst_element_set_state (other, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (other, GST_STATE_NULL);
  gst_object_unref (other);
  old.folder = g_strdup (away);
  test_hls_clear (&old);
  test_hls_clear (&t);
}
GST_END_TEST;

/* And who comes late to a folder that is another's now stays out of it, until
 * that one has gone. */
GST_START_TEST (test_folder_taken)
{
  g_autofree gchar *away = NULL;
  TestHls t, other = { 0 }, old = { 0 };

  test_hls_init (&t);
  away = g_strconcat (t.folder, "-away", NULL);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  push_frames (t.video, 0, 60);
  fail_unless_equals_int (g_rename (t.folder, away), 0);

  other.folder = t.folder;
  test_hls_new_sink (&other, NULL, NULL);
  test_hls_add_video (&other);
  push_frames (other.video, 0, 20);
  push_frames (t.video, 60, 260);
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, "in use");
  fail_unless_equals_int (count_segments (&other), 0);
  push_frames (other.video, 20, 110);
  test_hls_check (&other);
  fail_unless_equals_int (test_hls_count (&other), 2);
  fail_unless_equals_int (count_segments (&other), 2);

  test_hls_drop_sink (&other);
  fail_unless_equals_int (count_segments (&other), 3);
  push_frames (t.video, 260, 400);
  fail_unless (count_segments (&other) > 3);
  test_hls_check (&t);

  gst_element_set_state (t.sink, GST_STATE_NULL);
  g_free (other.playlist);
  old.folder = g_strdup (away);
  test_hls_clear (&old);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Where the folder is no folder, nothing can ever be written again. */
GST_START_TEST (test_folder_replaced)
{
  g_autofree gchar *away = NULL;
  GstFlowReturn flow = GST_FLOW_OK;
  TestHls t;
  guint n;

  test_hls_init (&t);
  test_hls_new_sink (&t, NULL, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 60);
  away = g_strconcat (t.folder, "-away", NULL);
  fail_unless_equals_int (g_rename (t.folder, away), 0);
  fail_unless (g_file_set_contents (t.folder, "x", -1, NULL));
  for (n = 60; n < 200 && flow == GST_FLOW_OK; n++)
    flow = gst_harness_push (
        t.video, test_hls_make_video (n, n % KEY_INTERVAL == 0));
  fail_unless_equals_int (flow, GST_FLOW_ERROR);
  test_hls_assert_message (&t, GST_MESSAGE_ERROR, t.folder);
  gst_element_set_state (t.sink, GST_STATE_NULL);
  g_unlink (t.folder);
  fail_unless_equals_int (g_rename (away, t.folder), 0);
  /* Whoever comes next finds it where it was left. */
  gst_element_set_state (t.sink, GST_STATE_PAUSED);
  test_hls_clear (&t);
}
GST_END_TEST;

static void
limit_file_size (rlim_t soft)
{
  struct rlimit limit;

  fail_unless_equals_int (getrlimit (RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = soft == RLIM_INFINITY ? limit.rlim_max : soft;
  fail_unless_equals_int (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

static GstFlowReturn
push_second (TestHls *t, GstClock *clock, guint second)
{
  GstFlowReturn flow = GST_FLOW_OK;
  guint n;

  for (n = second * 25; n < second * 25 + 25 && flow == GST_FLOW_OK; n++)
    flow = gst_harness_push (t->video, test_hls_make_video (n, n % 25 == 0));
  gst_test_clock_advance_time (GST_TEST_CLOCK (clock), GST_SECOND);
  return flow;
}

/* Rule U12: what may go makes room while nothing can be written, and then the
 * stream goes on. */
GST_START_TEST (test_full_disk)
{
  GstClock *clock = gst_test_clock_new ();
  GstFlowReturn flow = GST_FLOW_OK;
  guint time;
  TestHls t;

  gst_system_clock_set_default (clock);
  signal (SIGXFSZ, SIG_IGN);
  test_hls_init (&t);
  test_hls_new_sink (&t, "playlist-length", 2, NULL);
  test_hls_add_video (&t);
  for (time = 0; time < 30; time++)
    fail_unless_equals_int (push_second (&t, clock, time), GST_FLOW_OK);
  test_hls_check (&t);
  fail_unless (count_segments (&t) > test_hls_count (&t));

  /* Libcheck writes files, too: nothing is asserted meanwhile. */
  limit_file_size (0);
  for (; time < 60 && flow == GST_FLOW_OK; time++)
    flow = push_second (&t, clock, time);
  limit_file_size (RLIM_INFINITY);
  fail_unless_equals_int (flow, GST_FLOW_OK);
  fail_unless_equals_int (count_segments (&t), test_hls_count (&t));
  test_hls_assert_message (&t, GST_MESSAGE_WARNING, t.folder);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);

  for (; time < 65; time++)
    fail_unless_equals_int (push_second (&t, clock, time), GST_FLOW_OK);
  test_hls_check (&t);
  fail_unless_equals_int (test_hls_discontinuities (&t), 1);
  test_hls_clear (&t);
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}
GST_END_TEST;

static Suite *
arclyhlsfolder_suite (void)
{
  Suite *suite = suite_create ("arclyhlsfolder");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_power_loss);
  tcase_add_test (tcase, test_foreign_playlist);
  tcase_add_test (tcase, test_recording_stays);
  tcase_add_test (tcase, test_names_are_unique);
  tcase_add_test (tcase, test_temporary_files);
  tcase_add_test (tcase, test_unwritable);
  tcase_add_test (tcase, test_folder_in_use);
  tcase_add_test (tcase, test_folder_removed);
  tcase_add_test (tcase, test_folder_moved);
  tcase_add_test (tcase, test_folder_taken);
  tcase_add_test (tcase, test_folder_replaced);
  tcase_add_test (tcase, test_full_disk);
  return suite;
}

GST_CHECK_MAIN (arclyhlsfolder)
