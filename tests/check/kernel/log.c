/* SPDX-License-Identifier: MIT
 *
 * The log: what the writer appends, each reader reads, in order; what nobody
 * needs is freed. */
#include <gst/check/gstcheck.h>
#include <gst/arcly/kernel/gstarclylog.h>
#include <gst/arcly/kernel/gstarclystickies.h>

#define N_ENTRIES 20000
#define N_READERS 3

static void
append (GstArclyBlock **tail, guint64 n, guint size)
{
  GstArclyEntry entry = { 0 };
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_OFFSET (buffer) = n;
  entry.object = GST_MINI_OBJECT_CAST (buffer);
  entry.size = size;
  entry.buffers = n;
  gst_arcly_log_append (tail, &entry);
}

typedef struct {
  GstArclyLogCursor cursor;
  guint64 wrong;
} Reader;

static gpointer
read_all (gpointer data)
{
  Reader *reader = data;

  for (guint64 n = 0; n < N_ENTRIES;) {
    const GstArclyEntry *entry = gst_arcly_log_cursor_peek (&reader->cursor);

    if (entry == NULL) {
      g_thread_yield ();
      continue;
    }
    if (GST_BUFFER_OFFSET (entry->object) != n || entry->buffers != n ||
        gst_arcly_log_cursor_seq (&reader->cursor) != n)
      reader->wrong++;
    reader->cursor.index++;
    n++;
  }
  return NULL;
}

GST_START_TEST (test_concurrent_readers)
{
  GstArclyBlock *tail = gst_arcly_block_new (0);
  Reader readers[N_READERS] = { 0 };
  GThread *threads[N_READERS];

  for (guint i = 0; i < N_READERS; i++) {
    gst_arcly_log_cursor_init (&readers[i].cursor, tail, 0);
    threads[i] = g_thread_new ("reader", read_all, &readers[i]);
  }
  for (guint64 n = 0; n < N_ENTRIES; n++)
    append (&tail, n, n % 7 ? 10 : 100000);
  for (guint i = 0; i < N_READERS; i++) {
    g_thread_join (threads[i]);
    fail_unless_equals_uint64 (readers[i].wrong, 0);
    gst_arcly_log_cursor_clear (&readers[i].cursor);
  }
  gst_arcly_block_unref (tail);
}
GST_END_TEST;

static void
gone (gpointer data, GstMiniObject *object)
{
  (*(guint *) data)++;
}

/* A cursor keeps what is ahead of it, and nothing behind its block. */
GST_START_TEST (test_retention)
{
  GstArclyBlock *tail = gst_arcly_block_new (0);
  GstArclyLogCursor cursor;
  guint freed = 0;

  gst_arcly_log_cursor_init (&cursor, tail, 0);
  for (guint n = 0; n < 3 * GST_ARCLY_BLOCK_ENTRIES; n++) {
    GstArclyEntry entry = { 0 };
    GstBuffer *buffer = gst_buffer_new ();

    gst_mini_object_weak_ref (GST_MINI_OBJECT_CAST (buffer), gone, &freed);
    entry.object = GST_MINI_OBJECT_CAST (buffer);
    gst_arcly_log_append (&tail, &entry);
  }
  fail_unless_equals_int (freed, 0);
  for (guint n = 0; n < GST_ARCLY_BLOCK_ENTRIES; n++) {
    fail_unless (gst_arcly_log_cursor_peek (&cursor) != NULL);
    cursor.index++;
  }
  fail_unless_equals_int (freed, 0);
  fail_unless (gst_arcly_log_cursor_peek (&cursor) != NULL);
  fail_unless_equals_int (freed, GST_ARCLY_BLOCK_ENTRIES);
  gst_arcly_log_cursor_clear (&cursor);
  fail_unless_equals_int (freed, 2 * GST_ARCLY_BLOCK_ENTRIES);
  gst_arcly_block_unref (tail);
  fail_unless_equals_int (freed, 3 * GST_ARCLY_BLOCK_ENTRIES);
}
GST_END_TEST;

/* Large buffers end a block early: a held block holds little. */
GST_START_TEST (test_block_bytes)
{
  GstArclyBlock *tail = gst_arcly_block_new (0);
  GstArclyBlock *first_block = tail;

  append (&tail, 0, GST_ARCLY_BLOCK_BYTES);
  fail_unless (tail == first_block);
  append (&tail, 1, 1);
  fail_unless (tail != first_block);
  fail_unless_equals_uint64 (tail->first_seq, 1);
  gst_arcly_block_unref (tail);
}
GST_END_TEST;

static void
apply (GstArclyStickies **set, GstEvent *event)
{
  *set = gst_arcly_stickies_apply (*set, event);
  gst_event_unref (event);
}

static void
expect (GstArclyStickies *set, guint n, const GstEventType *types)
{
  fail_unless_equals_int (set->n_events, n);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_string (GST_EVENT_TYPE_NAME (set->events[i]),
        gst_event_type_get_name (types[i]));
}

GST_START_TEST (test_stickies)
{
  static const GstEventType all[] = { GST_EVENT_STREAM_START, GST_EVENT_CAPS,
    GST_EVENT_SEGMENT, GST_EVENT_TAG, GST_EVENT_TAG, GST_EVENT_EOS };
  static const GstEventType flushed[] = { GST_EVENT_STREAM_START,
    GST_EVENT_CAPS, GST_EVENT_TAG, GST_EVENT_TAG };
  GstArclyStickies *set = NULL;
  GstTagList *global = gst_tag_list_new (GST_TAG_TITLE, "a", NULL);
  GstCaps *caps = gst_caps_new_empty_simple ("video/x-h264");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_tag_list_set_scope (global, GST_TAG_SCOPE_GLOBAL);
  /* Whatever the order in which they come. */
  apply (&set, gst_event_new_stream_start ("a"));
  apply (&set, gst_event_new_segment (&segment));
  apply (&set, gst_event_new_tag (global));
  apply (&set, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "b", NULL)));
  apply (&set, gst_event_new_caps (caps));
  apply (&set, gst_event_new_caps (caps));
  apply (&set, gst_event_new_eos ());
  expect (set, 6, all);
  apply (&set, gst_event_new_flush_stop (TRUE));
  expect (set, 4, flushed);
  apply (&set, gst_event_new_eos ());
  apply (&set, gst_event_new_stream_start ("b"));
  expect (set, 4, flushed);

  gst_caps_unref (caps);
  gst_arcly_stickies_unref (set);
}
GST_END_TEST;

static Suite *
log_suite (void)
{
  Suite *s = suite_create ("kernel-log");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_concurrent_readers);
  tcase_add_test (tc, test_retention);
  tcase_add_test (tc, test_block_bytes);
  tcase_add_test (tc, test_stickies);
  return s;
}

GST_CHECK_MAIN (log);
