/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with a storage that does not take the init segment of fMP4. */
#include "teststorage.h"

/* Keyframes each second: segments are 2 s long, and a frame. */
#define SEGMENT 50

static void
begin (TestHls *t, TestStorage *storage)
{
  test_hls_init (t);
  t->fmp4 = TRUE;
  test_hls_new_sink (t, "storage", storage, "playlist-type", 1, NULL);
  test_hls_add_video (t);
}

/* No others than @numbers are listed without EXT-X-GAP; of @n in all. */
static void
assert_list (TestStorage *self, const gchar *numbers, guint n)
{
  g_autofree gchar *text = dup_playlist (self);
  g_autofree gchar *wrong = hls_lint (text, NULL, FALSE);
  g_auto (GStrv) names = hls_lint_names (text);
  g_auto (GStrv) entries = g_strsplit (text, "#EXTINF", -1);
  guint i;

  fail_unless (wrong[0] == '\0', "%s in:\n%s", wrong, text);
  fail_unless_equals_int (g_strv_length (entries), n + 1);
  fail_unless_equals_int (g_strv_length (names), strlen (numbers));
  for (i = 0; names[i]; i++)
    fail_unless (strrchr (names[i], '.')[-1] == numbers[i], "%s", text);
  fail_unless_equals_int (self->n_missing, 0);
}

/* One of init segments, or segments, was put so often. */
static guint
count_puts (TestStorage *self, const gchar *suffix)
{
  guint n = 0, i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->puts->len; i++)
    n += g_str_has_suffix (g_ptr_array_index (self->puts, i), suffix);
  g_mutex_unlock (&self->lock);
  return n;
}

/* Given up once, it goes in front of the next segment: what was lost meanwhile
 * is a gap, and nothing behind it. */
GST_START_TEST (test_comes_again)
{
  g_autoptr (TestStorage) storage = test_storage_new (REFUSES, ".mp4");
  g_autofree gchar *init = NULL;
  g_autofree gchar *segment = NULL;
  TestHls t;

  begin (&t, storage);
  /* A chunk of the next one ends it. */
  test_hls_push (&t, 0, SEGMENT + KEY_INTERVAL);
  init = wait_message (&t, GST_MESSAGE_ELEMENT);
  fail_unless (g_str_has_suffix (init, "-00000.mp4"), "%s", init);
  segment = wait_message (&t, GST_MESSAGE_ELEMENT);
  fail_unless (g_str_has_suffix (segment, "-00000.m4s"), "%s", segment);
  test_storage_set_mood (storage, TAKES);
  test_hls_push (&t, SEGMENT + KEY_INTERVAL, 4 * SEGMENT);
  test_hls_end (&t);
  gst_element_set_state (t.sink, GST_STATE_NULL);

  assert_list (storage, "123", 4);
  fail_unless_equals_int (count_puts (storage, "-00000.mp4"), 1);
  fail_unless_equals_int (count_puts (storage, ".m4s"), 3);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 1);
  test_hls_assert_no_message (&t, GST_MESSAGE_ELEMENT);
  test_hls_clear (&t);
}
GST_END_TEST;

/* Without it, segments are of no use: each is lost, and told of. */
GST_START_TEST (test_never_comes)
{
  g_autoptr (TestStorage) storage = test_storage_new (REFUSES, ".mp4");
  TestHls t;
  guint i;

  begin (&t, storage);
  test_hls_push (&t, 0, 2 * SEGMENT);
  test_hls_end (&t);
  gst_element_set_state (t.sink, GST_STATE_NULL);

  assert_list (storage, "", 2);
  fail_unless_equals_int (count_puts (storage, ".m4s"), 0);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 2);
  for (i = 0; i < 3; i++)
    g_free (wait_message (&t, GST_MESSAGE_ELEMENT));
  test_hls_assert_no_message (&t, GST_MESSAGE_ELEMENT);
  test_hls_clear (&t);
}
GST_END_TEST;

/* The one that comes next takes its place. */
GST_START_TEST (test_next_one)
{
  g_autoptr (TestStorage) storage = test_storage_new (REFUSES, "-00000.mp4");
  TestHls t;
  guint n;

  begin (&t, storage);
  test_hls_push (&t, 0, SEGMENT);
  for (n = SEGMENT; n < 2 * SEGMENT; n++) {
    GstBuffer *buffer = test_hls_make_video (n, n % KEY_INTERVAL == 0);

    /* Of another level. */
    if (n % KEY_INTERVAL == 0)
      gst_buffer_memset (buffer, 7, 0x1e, 1);
    fail_unless_equals_int (gst_harness_push (t.video, buffer), GST_FLOW_OK);
  }
  test_hls_end (&t);
  gst_element_set_state (t.sink, GST_STATE_NULL);

  assert_list (storage, "1", 2);
  fail_unless_equals_int (count_puts (storage, "-00001.mp4"), 1);
  fail_unless_equals_int (count_puts (storage, "-00000.mp4"), 0);
  fail_unless_equals_int (count_puts (storage, ".m4s"), 1);
  fail_unless_equals_int (stat_of (&t, "lost-segments"), 1);
  test_hls_clear (&t);
}
GST_END_TEST;

static Suite *
arclyhlsstorageinit_suite (void)
{
  Suite *suite = suite_create ("arclyhlsstorageinit");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_comes_again);
  tcase_add_test (all, test_never_comes);
  tcase_add_test (all, test_next_one);
  return suite;
}

GST_CHECK_MAIN (arclyhlsstorageinit);
