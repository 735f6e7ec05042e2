/* SPDX-License-Identifier: MIT
 *
 * An arclyrecordsink that is stopped without EOS records what it took. */
#include "testrecordfiles.h"

#define CAPS AVC_CAPS ("0d", "25/1")
#define N_FRAMES 110

/* Whose last file has the reason "stopped". The folder stays. */
static void
stop (TestRecord *t)
{
  g_autoptr (GArray) entries = NULL;

  fail_unless_equals_int (gst_element_set_state (t->sink, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_uint64 (test_record_stat (t, "lost-fragments"), 0);
  entries = test_record_index (t->folder);
  fail_unless_equals_int (
      test_record_count (entries, GST_ARCLY_RECORD_CLOSED), 1);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason,
      "stopped");
}

static guint
count_pictures (const TsReport *report)
{
  guint n = 0, i;

  for (i = 0; i < report->units->len; i++) {
    const TsUnit *unit = g_ptr_array_index (report->units, i);

    n += unit->stream_type == 0x1b;
  }
  return n;
}

GST_START_TEST (test_fmp4)
{
  g_autoptr (Fmp4Report) report = NULL;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  test_record_add_audio (&t);
  push_both (&t.f, 0, N_FRAMES, KEY_EVERY);
  stop (&t);
  report = test_record_check_fmp4 (&t, "00001.mp4");
  fail_unless_equals_int (count_samples (report, 1), N_FRAMES);
  /* As many as push_both() gives. */
  fail_unless_equals_int (count_samples (report, 2), 207);
  g_clear_pointer (&report, fmp4_report_free);
  test_record_clear (&t);
}
GST_END_TEST;

GST_START_TEST (test_ts)
{
  g_autoptr (TsReport) report = NULL;
  const TsUnit *last;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (&t, "container", 1, NULL);
  test_record_add_video (&t, CAPS);
  test_record_add_audio (&t);
  push_both (&t.f, 0, N_FRAMES, KEY_EVERY);
  stop (&t);
  report = test_record_check_ts (&t, "00001.ts");
  fail_unless_equals_int (count_pictures (report), N_FRAMES);
  /* The sound that waited for more to share a PES. */
  last = g_ptr_array_index (report->units, report->units->len - 1);
  fail_unless (last->stream_type != 0x1b);
  test_record_clear (&t);
}
GST_END_TEST;

typedef struct {
  TestRecord t;
  guint accepted; /* the thread's, until it is joined */

  GMutex lock;
  GCond cond;
  gboolean arrived; /* the lock: something is in front of the writer */
} Stopper;

static gpointer
push_until_refused (gpointer data)
{
  Stopper *s = data;
  guint n = 0;

  for (;;) {
    GstClockTime time = n * 40 * GST_MSECOND;

    if (gst_harness_push (s->t.f.video,
            make_frame (time, time, n % KEY_EVERY == 0, n)) != GST_FLOW_OK)
      break;
    n++;
  }
  s->accepted = n;
  return NULL;
}

static GstPadProbeReturn
on_output (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Stopper *s = data;

  g_mutex_lock (&s->lock);
  s->arrived = TRUE;
  g_cond_signal (&s->cond);
  g_mutex_unlock (&s->lock);
  return GST_PAD_PROBE_REMOVE;
}

static void
wait_for_output (Stopper *s)
{
  g_mutex_lock (&s->lock);
  while (!s->arrived)
    g_cond_wait (&s->cond, &s->lock);
  g_mutex_unlock (&s->lock);
}

/* Another thread pushes: what it was told OK for is recorded, and at most the
 * frame that it was just pushing. */
static void
stop_in (GstState state, GstPadProbeType first)
{
  Stopper s = { 0 };
  g_autoptr (Fmp4Report) report = NULL;
  g_autoptr (GstElement) writer = NULL;
  g_autoptr (GstPad) pad = NULL;
  GThread *thread;
  guint n;

  g_mutex_init (&s.lock);
  g_cond_init (&s.cond);
  test_record_init (&s.t);
  test_record_new_sink (&s.t, NULL, NULL);
  test_record_add_video (&s.t, CAPS);
  gst_element_set_state (s.t.sink, state);
  writer = gst_bin_get_by_name (GST_BIN (s.t.sink), "writer");
  pad = gst_element_get_static_pad (writer, "sink");
  gst_pad_add_probe (pad, first, on_output, &s, NULL);
  thread = g_thread_new ("push", push_until_refused, &s);
  wait_for_output (&s);
  stop (&s.t);
  g_thread_join (thread);
  report = test_record_check_fmp4 (&s.t, "00001.mp4");
  n = count_samples (report, 1);
  fail_unless (n == s.accepted || n == s.accepted + 1,
      "%u accepted, %u recorded", s.accepted, n);
  g_clear_pointer (&report, fmp4_report_free);
  g_clear_object (&pad);
  g_clear_object (&writer);
  test_record_clear (&s.t);
  g_mutex_clear (&s.lock);
  g_cond_clear (&s.cond);
}

GST_START_TEST (test_while_pushing)
{
  stop_in (GST_STATE_PLAYING, GST_PAD_PROBE_TYPE_BUFFER_LIST);
}
GST_END_TEST;

/* There the init segment waits for PLAYING, and all that is behind it. */
GST_START_TEST (test_in_paused)
{
  stop_in (GST_STATE_PAUSED, GST_PAD_PROBE_TYPE_BUFFER);
}
GST_END_TEST;

static Suite *
arclyrecordsinkstop_suite (void)
{
  Suite *suite = suite_create ("arclyrecordsinkstop");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_fmp4);
  tcase_add_test (tcase, test_ts);
  tcase_add_test (tcase, test_while_pushing);
  tcase_add_test (tcase, test_in_paused);
  return suite;
}

GST_CHECK_MAIN (arclyrecordsinkstop)
