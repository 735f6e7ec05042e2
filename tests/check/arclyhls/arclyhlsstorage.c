/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with a storage in place of its folder: one that keeps all, and
 * one that fails as it is told. */
#include "teststorage.h"

/* Each playlist came behind the segments that it lists. */
static guint
count_complete (TestStorage *self)
{
  g_autofree gchar *text = dup_playlist (self);
  g_auto (GStrv) names = NULL;
  guint i;

  fail_unless (text != NULL);
  names = hls_lint_names (text);
  for (i = 0; names[i]; i++) {
    g_autoptr (GBytes) bytes =
        gst_arcly_storage_get (self->memory, names[i], NULL, NULL);

    fail_unless (bytes != NULL, "%s is listed only", names[i]);
    fail_unless (g_bytes_get_size (bytes) % 188 == 0);
  }
  return g_strv_length (names);
}

static void
assert_complete (TestStorage *self, guint n_segments)
{
  fail_unless_equals_int (count_complete (self), n_segments);
}

static void
begin (TestHls *t, TestStorage *storage)
{
  test_hls_init (t);
  test_hls_new_sink (t, "storage", storage, "playlist-type", 1, NULL);
  test_hls_add_video (t);
}

/* To NULL: the storage has got all. */
static void
finish (TestHls *t)
{
  test_hls_end (t);
  gst_element_set_state (t->sink, GST_STATE_NULL);
}

static void
assert_folder_is_empty (TestHls *t)
{
  g_autoptr (GDir) dir = g_dir_open (t->folder, 0, NULL);

  fail_unless (g_dir_read_name (dir) == NULL);
}

GST_START_TEST (test_all_of_it)
{
  g_autoptr (TestStorage) storage = test_storage_new (TAKES, NULL);
  g_autofree gchar *text = NULL;
  TestHls t;
  guint i;

  begin (&t, storage);
  test_hls_push (&t, 0, 210);
  finish (&t);
  fail_unless_equals_int (stat_of (&t, "segments"), 5);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 0);
  fail_unless_equals_int (stat_of (&t, "storage-retries"), 0);
  fail_unless (storage->thread != g_thread_self ());
  assert_complete (storage, 5);
  /* A segment, and then the playlist that lists it. */
  fail_unless_equals_int (storage->puts->len, 11);
  for (i = 0; i < 11; i++)
    fail_unless_equals_int (
        g_str_equal (g_ptr_array_index (storage->puts, i), "index.m3u8"),
        i % 2 == 1 || i == 10);
  text = dup_playlist (storage);
  fail_unless (g_str_has_suffix (text, "#EXT-X-ENDLIST\n"));
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
  assert_folder_is_empty (&t);
  test_hls_clear (&t);
}
GST_END_TEST;

/* What would go while it still waits for the storage is lost, not removed. */
static void
wait_for_segments (TestStorage *self, guint64 n)
{
  guint64 count;
  guint i;

  g_mutex_lock (&self->lock);
  do {
    for (i = 0, count = 0; i < self->puts->len; i++)
      count += g_str_has_suffix (g_ptr_array_index (self->puts, i), ".ts");
    if (count < n)
      g_cond_wait (&self->changed, &self->lock);
  } while (count < n);
  g_mutex_unlock (&self->lock);
}

/* What left a live playlist goes. */
GST_START_TEST (test_removes)
{
  g_autoptr (TestStorage) storage = test_storage_new (TAKES, NULL);
  GstClock *clock = gst_test_clock_new ();
  g_auto (GStrv) names = NULL;
  guint64 n_gone;
  TestHls t;
  guint i;

  gst_system_clock_set_default (clock);
  test_hls_init (&t);
  test_hls_new_sink (&t, "storage", storage, "playlist-length", 3, NULL);
  test_hls_add_video (&t);
  for (i = 0; i < 60; i++) {
    test_hls_push (&t, i * 25, i * 25 + 25);
    wait_for_segments (storage, stat_of (&t, "segments"));
    gst_test_clock_advance_time (GST_TEST_CLOCK (clock), GST_SECOND);
  }
  gst_element_set_state (t.sink, GST_STATE_NULL);
  names = gst_arcly_memory_storage_list (
      GST_ARCLY_MEMORY_STORAGE (storage->memory));
  /* The clock is ahead of the storage's thread: some expire while they wait. */
  n_gone = stat_of (&t, "deleted-segments") + stat_of (&t, "lost-segments");
  fail_unless (n_gone > 15);
  fail_unless_equals_int (
      g_strv_length (names) - 1, stat_of (&t, "segments") - n_gone);
  assert_complete (storage, 3);
  test_hls_clear (&t);
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}
GST_END_TEST;

/* Tried again until it works: nothing is missing, and it was said. */
GST_START_TEST (test_fails_for_a_while)
{
  g_autoptr (TestStorage) storage = test_storage_new (FAILS, NULL);
  g_autofree gchar *warning = NULL;
  TestHls t;

  begin (&t, storage);
  test_hls_push (&t, 0, 210);
  warning = wait_message (&t, GST_MESSAGE_WARNING);
  fail_unless (g_str_has_prefix (warning, "no: segment-"), "%s", warning);
  test_storage_set_mood (storage, TAKES);
  finish (&t);
  assert_complete (storage, 5);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 0);
  fail_unless (stat_of (&t, "storage-retries") >= 3);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
  test_hls_clear (&t);
}
GST_END_TEST;

/* What is refused is lost, which is told of each; the others get there, and the
 * storage never had a playlist that sends anybody for what it does not have. */
GST_START_TEST (test_refuses_one)
{
  g_autoptr (TestStorage) storage = test_storage_new (REFUSES, "-00001.ts");
  g_autofree gchar *text = NULL;
  g_autofree gchar *wrong = NULL;
  g_autofree gchar *warning = NULL;
  g_autofree gchar *lost = NULL;
  TestHls t;

  storage->terse = TRUE;
  begin (&t, storage);
  test_hls_push (&t, 0, 210);
  finish (&t);
  warning = wait_message (&t, GST_MESSAGE_WARNING);
  lost = wait_message (&t, GST_MESSAGE_ELEMENT);
  fail_unless (g_regex_match_simple (
                   "^" NAME "00001\\.ts: no: I refuse$", warning, 0, 0),
      "%s", warning);
  fail_unless (g_str_has_suffix (lost, "-00001.ts"), "%s", lost);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 1);
  fail_unless_equals_int (stat_of (&t, "storage-retries"), 0);
  fail_unless_equals_int (storage->puts->len, 10);
  assert_complete (storage, 4);
  text = dup_playlist (storage);
  fail_unless (g_regex_match_simple (
                   "#EXT-X-GAP\n#EXTINF:2.000000,\nsegment-[0-9T]*-00001.ts\n",
                   text, 0, 0),
      "%s", text);
  wrong = hls_lint (text, NULL, FALSE);
  fail_unless (wrong[0] == '\0', "%s in:\n%s", wrong, text);
  fail_unless_equals_int (storage->n_missing, 0);
  test_hls_assert_no_message (&t, GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
  test_hls_clear (&t);
}
GST_END_TEST;

/* One second, which is a long time for a picture: two are a segment. */
static void
push_second (TestHls *t, guint n)
{
  GstBuffer *buffer = test_hls_make_video (n, TRUE);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * GST_SECOND;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  fail_unless_equals_int (gst_harness_push (t->video, buffer), GST_FLOW_OK);
}

/* The media flow on; what there is no room for is lost at once, with a
 * discontinuity. Then all that waited gets there. */
GST_START_TEST (test_blocks)
{
  g_autoptr (TestStorage) storage = test_storage_new (BLOCKS, NULL);
  g_autofree gchar *warning = NULL;
  g_autofree gchar *text = NULL;
  TestHls t;
  guint n, n_lost;

  test_hls_init (&t);
  test_hls_new_sink (&t, "storage", storage, "playlist-length", 3, NULL);
  test_hls_add_video (&t);
  /* Segments of 2 s, and two files for each: 1024 are too many. */
  for (n = 0; n < 520 * 2; n++)
    push_second (&t, n);
  n_lost = (guint) stat_of (&t, "lost-segments");
  fail_unless (n_lost > 0 && n_lost < 20, "%u", n_lost);
  warning = wait_message (&t, GST_MESSAGE_WARNING);
  fail_unless (strstr (warning, "too slow") != NULL, "%s", warning);
  test_storage_wait_for_try (storage, 1);
  test_storage_set_mood (storage, TAKES);
  test_storage_wait_for_try (storage, 1000);
  for (; n < 524 * 2; n++)
    push_second (&t, n);
  finish (&t);
  n_lost = (guint) stat_of (&t, "lost-segments");
  fail_unless (count_complete (storage) >= 3);
  fail_unless_equals_int (stat_of (&t, "segments") + n_lost, 524);
  text = dup_playlist (storage);
  fail_unless (strstr (text, "#EXT-X-DISCONTINUITY") != NULL, "%s", text);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Rule U10, from what the storage gives back. */
GST_START_TEST (test_restart)
{
  g_autoptr (TestStorage) storage = test_storage_new (TAKES, NULL);
  g_autofree gchar *before = NULL;
  g_autofree gchar *text = NULL;
  g_autofree gchar *wrong = NULL;
  TestHls t;

  begin (&t, storage);
  test_hls_push (&t, 0, 110);
  test_hls_drop_sink (&t);
  before = dup_playlist (storage);
  fail_if (strstr (before, "#EXT-X-ENDLIST"));
  test_hls_new_sink (&t, "storage", storage, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 110);
  test_hls_drop_sink (&t);
  text = dup_playlist (storage);
  wrong = hls_lint (text, before, TRUE);
  fail_unless (wrong[0] == '\0', "%s in:\n%s", wrong, text);
  assert_complete (storage, 6);
  test_hls_clear (&t);
}
GST_END_TEST;

/* A process that was killed got one segment further than its playlist: that
 * number has its content. */
GST_START_TEST (test_killed)
{
  g_autoptr (TestStorage) storage = test_storage_new (TAKES, NULL);
  g_autoptr (GBytes) other = g_bytes_new_static ("other", 5);
  g_autoptr (GBytes) kept = NULL;
  g_autofree gchar *before = NULL;
  g_autofree gchar *next = NULL;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) names = NULL;
  TestHls t;

  begin (&t, storage);
  test_hls_push (&t, 0, 110);
  test_hls_drop_sink (&t);
  before = dup_playlist (storage);
  names = hls_lint_names (before);
  next = g_strdup (names[2]);
  memcpy (strrchr (next, '-'), "-00003", 6);
  fail_unless (
      gst_arcly_storage_put (storage->memory, next, other, NULL, NULL));
  test_hls_new_sink (&t, "storage", storage, "playlist-type", 1, NULL);
  test_hls_add_video (&t);
  test_hls_push (&t, 0, 110);
  test_hls_drop_sink (&t);
  kept = gst_arcly_storage_get (storage->memory, next, NULL, NULL);
  fail_unless_equals_int (g_bytes_get_size (kept), 5);
  text = dup_playlist (storage);
  fail_if (strstr (text, next) != NULL, "%s", text);
  fail_unless (strstr (text, "-00004.ts") != NULL, "%s", text);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Who serves parts needs no folder. */
GST_START_TEST (test_settings)
{
  static const struct {
    const gchar *location;
    guint64 part_duration;
    GstStateChangeReturn result;
    const gchar *warning;
  } cases[] = {
    { "http://127.0.0.1:1/live", 0, GST_STATE_CHANGE_SUCCESS,
        "\"http-port\" has no effect with a storage" },
    { "http://127.0.0.1:1/live", 200 * GST_MSECOND, GST_STATE_CHANGE_SUCCESS,
        NULL },
    { "http://", 0, GST_STATE_CHANGE_FAILURE, NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    TestHls t;

    test_hls_init (&t);
    test_hls_new_sink (&t, "location", cases[i].location, "http-port", 0,
        "part-duration", cases[i].part_duration, NULL);
    fail_unless_equals_int (
        gst_element_set_state (t.sink, GST_STATE_PAUSED), cases[i].result);
    if (cases[i].result == GST_STATE_CHANGE_FAILURE)
      test_hls_assert_message (&t, GST_MESSAGE_ERROR, "no URI like");
    else if (cases[i].warning)
      test_hls_assert_message (&t, GST_MESSAGE_WARNING, cases[i].warning);
    else
      test_hls_assert_no_message (&t, GST_MESSAGE_WARNING);
    assert_folder_is_empty (&t);
    test_hls_clear (&t);
  }
}
GST_END_TEST;

static Suite *
arclyhlsstorage_suite (void)
{
  Suite *suite = suite_create ("arclyhlsstorage");
  TCase *all = tcase_create ("general");

  /* libproxy throws C++ exceptions, and knows nothing about the loopback. */
  g_setenv ("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_all_of_it);
  tcase_add_test (all, test_removes);
  tcase_add_test (all, test_fails_for_a_while);
  tcase_add_test (all, test_refuses_one);
  tcase_add_test (all, test_blocks);
  tcase_add_test (all, test_restart);
  tcase_add_test (all, test_killed);
  tcase_add_test (all, test_settings);
  return suite;
}

GST_CHECK_MAIN (arclyhlsstorage);
