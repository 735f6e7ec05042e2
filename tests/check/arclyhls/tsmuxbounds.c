/* SPDX-License-Identifier: MIT
 *
 * arclytsmux when somebody does not play along: what waits, for whom, and up
 * to which bound; and the kinds of sound that it takes. */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tschecker.h"

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define AUDIO_CAPS                                                             \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define FRAME_TIME (40 * GST_MSECOND)

typedef struct {
  GstHarness *video; /* owns the element and the source pad */
  GstHarness *audio;
} Fixture;

static void
fixture_init (Fixture *f)
{
  f->video = gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  f->audio = gst_harness_new_with_element (f->video->element, "audio_0", NULL);
  gst_harness_set_src_caps_str (f->video, VIDEO_CAPS);
  gst_harness_set_src_caps_str (f->audio, AUDIO_CAPS);
}

static void
fixture_clear (Fixture *f)
{
  gst_harness_teardown (f->audio);
  gst_harness_teardown (f->video);
}

static GstBuffer *
make_frame (guint n, gsize size)
{
  static const guint8 head[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01,
    0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20, 0, 0, 0, 1, 0x65,
    0x88 };
  guint8 *data = g_malloc (size + sizeof head);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, size + sizeof head);

  memset (data, 0x80, size + sizeof head);
  memcpy (data, head, sizeof head);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = FRAME_TIME;
  return buffer;
}

static GstBuffer *
make_sound (guint n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

  gst_buffer_memset (buffer, 0, n, 100);
  GST_BUFFER_PTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = FRAME_TIME;
  return buffer;
}

static void
push_video (Fixture *f, guint n, gsize size)
{
  fail_unless_equals_int (
      gst_harness_push (f->video, make_frame (n, size)), GST_FLOW_OK);
}

/* Memory has a bound, too: past 64 MiB nobody is waited for. */
GST_START_TEST (test_bytes)
{
  const gsize size = 4 * 1024 * 1024;
  Fixture f;
  guint n;

  fixture_init (&f);
  g_object_set (f.video->element, "max-wait", 60 * GST_SECOND, NULL);
  for (n = 0; n < 15; n++)
    push_video (&f, n, size);
  fail_unless_equals_int (gst_harness_buffers_received (f.video), 0);
  for (; n < 18; n++)
    push_video (&f, n, size);
  /* Just so many that the rest is within the bound. */
  n -= gst_harness_buffers_received (f.video);
  fail_unless (n >= 14 && n <= 16, "%u are left", n);
  fixture_clear (&f);
}
GST_END_TEST;

typedef struct {
  Fixture f;
  GMutex lock;
  GCond cond;
  gboolean open;
  gint n_at_gate; /* atomic */
  gint n_begun;   /* atomic: pushes of the other thread */
  gint thread;    /* atomic: its number */
} Gate;

static GstPadProbeReturn
wait_at_gate (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Gate *gate = data;

  g_atomic_int_inc (&gate->n_at_gate);
  g_mutex_lock (&gate->lock);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
  return GST_PAD_PROBE_OK;
}

static gpointer
push_first_frame (gpointer data)
{
  Gate *gate = data;

  push_video (&gate->f, 0, 100);
  return NULL;
}

static gpointer
push_sounds (gpointer data)
{
  Gate *gate = data;
  guint n;

  g_atomic_int_set (&gate->thread, (gint) syscall (SYS_gettid));
  for (n = 1; n <= 100; n++) {
    g_atomic_int_inc (&gate->n_begun);
    fail_unless_equals_int (
        gst_harness_push (gate->f.audio, make_sound (n)), GST_FLOW_OK);
  }
  return NULL;
}

static gboolean
sleeps (gint thread)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%d/stat", thread);
  g_autofree gchar *stat = NULL;
  const gchar *state;

  fail_unless (g_file_get_contents (path, &stat, NULL, NULL));
  state = strrchr (stat, ')');
  return state && state[2] == 'S';
}

/* Downstream stands still: one thread stands there, the other in its pad, with
 * a second queued and no more. All arrives when it goes on. */
GST_START_TEST (test_blocked_downstream)
{
  /* What is queued begins with 1, and 27 is more than a second later. */
  const gint last = 27;
  GThread *threads[2];
  GstPad *src;
  Gate gate = { 0 };

  fixture_init (&gate.f);
  src = gst_element_get_static_pad (gate.f.video->element, "src");
  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, wait_at_gate,
      &gate, NULL);
  gst_harness_push (gate.f.audio, make_sound (0));
  threads[0] = g_thread_new ("picture", push_first_frame, &gate);
  while (g_atomic_int_get (&gate.n_at_gate) == 0)
    g_thread_yield ();
  threads[1] = g_thread_new ("sound", push_sounds, &gate);
  while (g_atomic_int_get (&gate.n_begun) < last ||
         !sleeps (g_atomic_int_get (&gate.thread)))
    g_thread_yield ();
  fail_unless_equals_int (g_atomic_int_get (&gate.n_begun), last);

  g_mutex_lock (&gate.lock);
  gate.open = TRUE;
  g_cond_broadcast (&gate.cond);
  g_mutex_unlock (&gate.lock);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  gst_harness_push_event (gate.f.video, gst_event_new_eos ());
  gst_harness_push_event (gate.f.audio, gst_event_new_eos ());
  fail_unless_equals_int (gst_harness_buffers_received (gate.f.video), 102);
  gst_object_unref (src);
  fixture_clear (&gate.f);
}
GST_END_TEST;

static gpointer
push_frames (gpointer data)
{
  Fixture *f = data;
  guint n;

  for (n = 0; n < 60; n++)
    push_video (f, n, 100);
  return NULL;
}

/* Nothing is live, and the thread that feeds the sound gives nothing, as if it
 * waited for the picture's: that is held for a while, and then it goes on. */
GST_START_TEST (test_stall)
{
  gint64 begin = g_get_monotonic_time ();
  GThread *thread;
  Fixture f;

  f.video = gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  g_object_set (f.video->element, "max-audio-delay", (guint64) 0, NULL);
  f.audio = gst_harness_new_with_element (f.video->element, "audio_0", NULL);
  gst_harness_set_live (f.video, FALSE);
  gst_harness_set_live (f.audio, FALSE);
  gst_harness_set_src_caps_str (f.video, VIDEO_CAPS);
  gst_harness_set_src_caps_str (f.audio, AUDIO_CAPS);
  thread = g_thread_new ("picture", push_frames, &f);
  g_thread_join (thread);
  fail_unless (
      g_get_monotonic_time () - begin >= 2 * G_USEC_PER_SEC, "it was not held");
  fail_unless_equals_int (gst_harness_buffers_received (f.video), 60);
  /* Whoever comes late is taken along again. */
  fail_unless_equals_int (
      gst_harness_push (f.audio, make_sound (62)), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (f.video), 60);
  push_video (&f, 61, 100);
  fail_unless_equals_int (gst_harness_buffers_received (f.video), 62);
  fixture_clear (&f);
}
GST_END_TEST;

static GstBuffer *
make_mp3 (guint n)
{
  /* MPEG 1, layer 3, 128 kbit/s, 44.1 kHz: 417 bytes. */
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 417, NULL);

  gst_buffer_memset (buffer, 0, n, 417);
  gst_buffer_fill (buffer, 0, "\xff\xfb\x90\x64", 4);
  GST_BUFFER_PTS (buffer) = n * 1152 * GST_SECOND / 44100;
  GST_BUFFER_DURATION (buffer) = 1152 * GST_SECOND / 44100;
  return buffer;
}

static GstBuffer *
make_adts (guint n)
{
  /* ISO/IEC 14496-3, 1.A.2: LC, 48 kHz, two channels, 107 bytes. */
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 107, NULL);

  gst_buffer_memset (buffer, 0, n, 107);
  gst_buffer_fill (buffer, 0, "\xff\xf1\x4c\x80\x0d\x7f\xfc", 7);
  GST_BUFFER_PTS (buffer) = n * 1024 * GST_SECOND / 48000;
  GST_BUFFER_DURATION (buffer) = 1024 * GST_SECOND / 48000;
  return buffer;
}

/* Frames that have a header go as they are. */
GST_START_TEST (test_sounds)
{
  static const struct {
    const gchar *caps;
    GstBuffer *(*make) (guint n);
    guint8 stream_type;
  } sounds[] = {
    { "audio/mpeg, mpegversion=(int)1, layer=(int)3, parsed=(boolean)true, "
      "rate=(int)44100, channels=(int)2",
        make_mp3, 0x03 },
    { "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts, "
      "framed=(boolean)true, rate=(int)48000, channels=(int)2",
        make_adts, 0x0f },
  };
  const TsLimits limits = { .pcr_interval_ms = 40, .psi_interval_ms = 500 };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (sounds); i++) {
    GstHarness *h =
        gst_harness_new_with_padnames ("arclytsmux", "audio_0", "src");
    g_autoptr (GByteArray) ts = g_byte_array_new ();
    g_autoptr (TsReport) report = NULL;
    GstBuffer *out;

    gst_harness_set_src_caps_str (h, sounds[i].caps);
    for (n = 0; n < 50; n++)
      fail_unless_equals_int (
          gst_harness_push (h, sounds[i].make (n)), GST_FLOW_OK);
    while ((out = gst_harness_try_pull (h))) {
      GstMapInfo map;

      fail_unless (gst_buffer_map (out, &map, GST_MAP_READ));
      g_byte_array_append (ts, map.data, map.size);
      gst_buffer_unmap (out, &map);
      gst_buffer_unref (out);
    }
    report = ts_check (ts->data, ts->len, &limits);
    fail_unless_equals_int (report->problems->len, 0);
    fail_unless_equals_int (report->units->len, 50);
    for (n = 0; n < 50; n++) {
      TsUnit *unit = g_ptr_array_index (report->units, n);
      GstBuffer *in = sounds[i].make (n);

      fail_unless_equals_int (unit->stream_type, sounds[i].stream_type);
      fail_unless_equals_int (unit->es->len, gst_buffer_get_size (in));
      fail_unless_equals_int (
          gst_buffer_memcmp (in, 0, unit->es->data, unit->es->len), 0);
      gst_buffer_unref (in);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

static Suite *
tsmuxbounds_suite (void)
{
  Suite *suite = suite_create ("tsmuxbounds");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_bytes);
  tcase_add_test (tcase, test_blocked_downstream);
  tcase_add_test (tcase, test_stall);
  tcase_add_test (tcase, test_sounds);
  return suite;
}

GST_CHECK_MAIN (tsmuxbounds)
