/* SPDX-License-Identifier: MIT
 *
 * arclytsmux: how sound shares a PES, the kinds of it, and how packets are
 * put into buffers. */
#include <gst/audio/audio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <string.h>

#include "tschecker.h"

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define AC3_CAPS                                                               \
  "audio/x-ac3, framed=(boolean)true, rate=(int)48000, channels=(int)2"
#define OPUS_CAPS                                                              \
  "audio/x-opus, channel-mapping-family=(int)0, channels=(int)2, "             \
  "rate=(int)48000"
#define FRAME_TIME (40 * GST_MSECOND)
#define SOUND_TIME(n) ((n) * (GST_SECOND * 1024 / 48000))

static const TsLimits limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };

typedef struct {
  GstHarness *video; /* owns the element and the source pad */
  GstHarness *audio;
} Fixture;

static void
fixture_init (Fixture *f, const gchar *audio_caps)
{
  f->video = gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  f->audio = gst_harness_new_with_element (f->video->element, "audio_0", NULL);
  gst_harness_set_src_caps_str (f->video, VIDEO_CAPS);
  gst_harness_set_src_caps_str (f->audio, audio_caps);
}

static void
fixture_clear (Fixture *f)
{
  gst_harness_teardown (f->audio);
  gst_harness_teardown (f->video);
}

static void
push_video (Fixture *f, guint n, gboolean key, gsize size)
{
  static const guint8 head[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01,
    0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20, 0, 0, 0, 1, 0x65,
    0x88 };
  guint8 *data = g_malloc (size + sizeof head);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, size + sizeof head);

  memset (data, 0x80, size + sizeof head);
  memcpy (data, head, sizeof head);
  if (!key) {
    data[sizeof head - 2] = 0x41;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  }
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = FRAME_TIME;
  fail_unless_equals_int (gst_harness_push (f->video, buffer), GST_FLOW_OK);
}

static GstBuffer *
make_sound (GstClockTime pts, gsize size, guint8 mark)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, mark, size);
  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

static void
push_aac (Fixture *f, guint n)
{
  fail_unless_equals_int (
      gst_harness_push (f->audio, make_sound (SOUND_TIME (n), 100, n)),
      GST_FLOW_OK);
}

static void
push_all (Fixture *f, guint n_video, guint key_every)
{
  guint i, a = 0;

  for (i = 0; i < n_video; i++) {
    push_video (f, i, i % key_every == 0, 400);
    for (; SOUND_TIME (a) < (i + 1) * FRAME_TIME; a++)
      push_aac (f, a);
  }
}

static void
push_eos (Fixture *f)
{
  gst_harness_push_event (f->video, gst_event_new_eos ());
  gst_harness_push_event (f->audio, gst_event_new_eos ());
}

static GByteArray *
drain (GstHarness *h)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (h))) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return all;
}

static TsReport *
check_clean (GByteArray *ts)
{
  TsReport *report = ts_check (ts->data, ts->len, &limits);
  guint i;

  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

static TsUnit *
nth_of_type (const TsReport *report, guint8 stream_type, guint n)
{
  guint i;

  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    if (unit->stream_type == stream_type && n-- == 0)
      return unit;
  }
  return NULL;
}

/* Frames share a PES up to the bound; each PES has the time of its first one,
 * nothing is lost, and less is spent. */
GST_START_TEST (test_bound)
{
  static const struct {
    guint64 delay;
    guint frames; /* a PES: so many begin within the delay */
  } rows[] = { { 0, 1 }, { 20 * GST_MSECOND, 1 }, { 22 * GST_MSECOND, 2 },
    { 80 * GST_MSECOND, 4 }, { 100 * GST_MSECOND, 5 } };
  gsize last_size = G_MAXSIZE;
  guint r, i;

  for (r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autoptr (GByteArray) ts = NULL;
    g_autoptr (TsReport) report = NULL;
    guint a = 0, n = 0;
    Fixture f;

    fixture_init (&f, AAC_CAPS);
    g_object_set (f.video->element, "max-audio-delay", rows[r].delay, NULL);
    push_all (&f, 50, 50);
    push_eos (&f);
    ts = drain (f.video);
    report = check_clean (ts);
    for (i = 0;; i++) {
      TsUnit *unit = nth_of_type (report, 0x0f, i);

      if (!unit)
        break;
      fail_unless_equals_int64 (unit->pts, 900000 + a * 1920);
      fail_unless_equals_int (unit->es->len % 107, 0);
      fail_unless_equals_int (unit->es->data[107 - 1], a);
      n = unit->es->len / 107;
      fail_unless (n <= rows[r].frames);
      a += n;
      fail_unless (n == rows[r].frames || a == 94);
    }
    fail_unless_equals_int (a, 94);
    fail_unless (ts->len <= last_size);
    last_size = ts->len;
    fixture_clear (&f);
  }
}
GST_END_TEST;

/* What precedes a key frame is in front of it, not in the segment behind. */
GST_START_TEST (test_cut)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  gint64 last_audio = -1;
  guint i, n_keys = 0;
  Fixture f;

  fixture_init (&f, AAC_CAPS);
  g_object_set (f.video->element, "max-audio-delay", 500 * GST_MSECOND, NULL);
  push_all (&f, 50, 3);
  push_eos (&f);
  ts = drain (f.video);
  report = check_clean (ts);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    if (unit->stream_type == 0x0f) {
      last_audio = unit->pts + unit->es->len / 107 * 1920;
    } else if (unit->random_access) {
      /* No frame lacks that began before. */
      fail_unless (n_keys++ == 0 || last_audio >= unit->dts);
    }
  }
  fail_unless_equals_int (n_keys, 17);
  fixture_clear (&f);
}
GST_END_TEST;

/* Frames that do not follow each other have times of their own. */
GST_START_TEST (test_gaps)
{
  static const GstClockTime times[] = { 0, SOUND_TIME (1), SOUND_TIME (2),
    /* A hole, */ 200 * GST_MSECOND, 200 * GST_MSECOND + SOUND_TIME (1),
    /* and one frame that is early by a rounding to milliseconds. */
    200 * GST_MSECOND + SOUND_TIME (2) - 600000, 400 * GST_MSECOND };
  static const guint pts[] = { 0, 18000, 18000 + 3840 - 54, 36000 };
  static const guint n[] = { 3, 2, 1, 1 };
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  Fixture f;
  guint i;

  fixture_init (&f, AAC_CAPS);
  push_video (&f, 0, TRUE, 400);
  for (i = 0; i < G_N_ELEMENTS (times); i++)
    gst_harness_push (f.audio, make_sound (times[i], 100, i));
  push_video (&f, 25, FALSE, 400);
  push_eos (&f);
  ts = drain (f.video);
  report = check_clean (ts);
  for (i = 0; i < G_N_ELEMENTS (pts); i++) {
    TsUnit *unit = nth_of_type (report, 0x0f, i);

    fail_unless (unit != NULL);
    fail_unless_equals_int64 (unit->pts, 900000 + pts[i]);
    fail_unless_equals_int (unit->es->len, n[i] * 107);
  }
  fail_unless (nth_of_type (report, 0x0f, i) == NULL);
  fixture_clear (&f);
}
GST_END_TEST;

/* Times that were rounded to milliseconds, as RTMP has them, share a PES like
 * any; the line of times is that of the samples, and not a frame is further
 * from its own than the rounding, also where a sender counts wrong. */
GST_START_TEST (test_milliseconds)
{
  static const struct {
    guint rate;
    guint round_up; /* us, added before rounding down */
    guint step;     /* ms a frame, of a sender that counts wrong; or 0 */
    guint n_units;  /* most that 300 frames may take */
  } rows[] = { { 48000, 0, 0, 75 }, { 48000, 500, 0, 75 }, { 44100, 0, 0, 75 },
    { 44100, 500, 0, 75 }, { 48000, 0, 21, 150 }, { 48000, 0, 22, 150 } };
  guint r, i, k;

  for (r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autoptr (GByteArray) ts = NULL;
    g_autoptr (TsReport) report = NULL;
    guint64 sent[300], exact[300];
    guint a = 0;
    Fixture f;

    fixture_init (&f, rows[r].rate == 44100
                          ? "audio/mpeg, mpegversion=(int)4, "
                            "stream-format=(string)raw, rate=(int)44100, "
                            "channels=(int)2, codec_data=(buffer)1210"
                          : AAC_CAPS);
    push_video (&f, 0, TRUE, 400);
    for (i = 0; i < 300; i++) {
      exact[i] = gst_util_uint64_scale (i * 1024, GST_SECOND, rows[r].rate);
      sent[i] = rows[r].step > 0 ? i * rows[r].step
                                 : (exact[i] / 1000 + rows[r].round_up) / 1000;
      gst_harness_push (
          f.audio, make_sound (sent[i] * GST_MSECOND, 100, i % 251));
    }
    push_video (&f, 200, FALSE, 400);
    push_eos (&f);
    ts = drain (f.video);
    report = check_clean (ts);
    for (i = 0; a < 300; i++) {
      TsUnit *unit = nth_of_type (report, 0x0f, i);

      fail_unless (unit != NULL);
      for (k = 0; k < unit->es->len / 107; k++, a++) {
        gint64 pts = unit->pts - 900000 +
                     (gint64) gst_util_uint64_scale_round (
                         k * 1024, 90000, rows[r].rate);

        fail_unless (ABS (pts - (gint64) sent[a] * 90) <= 91);
        if (rows[r].step == 0)
          fail_unless (ABS (pts - (gint64) gst_util_uint64_scale_round (
                                      exact[a], 9, 100000)) <= 1,
              "row %u, frame %u", r, a);
      }
    }
    fail_unless (i <= rows[r].n_units, "row %u: %u PES", r, i);
    fixture_clear (&f);
  }
}
GST_END_TEST;

/* Where sound bears the clock, each PES comes in time with it: a packet that
 * has nothing but a clock is never needed. */
GST_START_TEST (test_audio_only_clock)
{
  GstHarness *h =
      gst_harness_new_with_padnames ("arclytsmux", "audio_0", "src");
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  Fixture f = { h, h };
  guint i;

  gst_harness_set_src_caps_str (h, AAC_CAPS);
  for (i = 0; i < 200; i++)
    push_aac (&f, i);
  push_eos (&f);
  ts = drain (h);
  report = check_clean (ts);
  fail_unless (report->max_pcr_gap <= 40 * 27000);
  fail_unless_equals_int (report->n_pcr, report->units->len);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* What waits when a flush comes is gone, and what comes then is not. */
GST_START_TEST (test_flush)
{
  g_autoptr (GByteArray) ts = NULL;
  GstSegment segment;
  Fixture f;
  guint i;

  fixture_init (&f, AAC_CAPS);
  push_video (&f, 0, TRUE, 400);
  push_aac (&f, 0);
  push_aac (&f, 1);
  push_video (&f, 1, FALSE, 400);
  g_byte_array_unref (drain (f.video));
  gst_harness_push_event (f.video, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_start ());
  gst_harness_push_event (f.audio, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (f.video, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (f.video, gst_event_new_segment (&segment));
  gst_harness_push_event (f.audio, gst_event_new_segment (&segment));
  push_all (&f, 5, 5);
  push_eos (&f);
  ts = drain (f.video);
  {
    g_autoptr (TsReport) report = check_clean (ts);
    gsize n = 0;

    for (i = 0; nth_of_type (report, 0x0f, i); i++)
      n += nth_of_type (report, 0x0f, i)->es->len;
    fail_unless_equals_int (n, 10 * 107);
  }
  fixture_clear (&f);
}
GST_END_TEST;

/* AC-3 says in the PMT what it is, and shares a PES. */
GST_START_TEST (test_ac3)
{
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  TsUnit *unit;
  Fixture f;
  guint i;

  fixture_init (&f, AC3_CAPS);
  push_video (&f, 0, TRUE, 400);
  for (i = 0; i < 6; i++) {
    GstBuffer *buffer = make_sound (i * 32 * GST_MSECOND, 768, 0);

    gst_buffer_fill (buffer, 0, "\x0b\x77\0\0\x14\x40", 6);
    gst_harness_push (f.audio, buffer);
  }
  push_video (&f, 25, FALSE, 400);
  push_eos (&f);
  ts = drain (f.video);
  report = check_clean (ts);
  for (i = 0; i < 2; i++) {
    unit = nth_of_type (report, 0x81, i);
    fail_unless (unit != NULL);
    fail_unless_equals_int64 (unit->pts, 900000 + i * 3 * 2880);
    fail_unless_equals_int (unit->es->len, 3 * 768);
    fail_unless_equals_int (unit->registration, 0x41432d33);
  }
  fixture_clear (&f);
}
GST_END_TEST;

/* Opus has a header of its own in front, with what is to be cut off. */
GST_START_TEST (test_opus)
{
  static const guint8 trimmed[] = { 0x7f, 0xf0, 100, 1, 56, 0xfc };
  static const guint8 others[] = { 0x7f, 0xe0, 100, 0xfc };
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  TsUnit *unit;
  Fixture f;
  guint i;

  fixture_init (&f, OPUS_CAPS);
  push_video (&f, 0, TRUE, 400);
  for (i = 0; i < 6; i++) {
    GstBuffer *buffer = make_sound (i * 20 * GST_MSECOND, 100, 0);

    gst_buffer_memset (buffer, 0, 0xfc, 1);
    if (i == 0)
      gst_buffer_add_audio_clipping_meta (buffer, GST_FORMAT_DEFAULT, 312, 0);
    gst_harness_push (f.audio, buffer);
  }
  push_video (&f, 25, FALSE, 400);
  push_eos (&f);
  ts = drain (f.video);
  report = check_clean (ts);
  unit = nth_of_type (report, 0x06, 0);
  fail_unless (unit != NULL);
  fail_unless_equals_int (unit->registration, 0x4f707573);
  fail_unless_equals_int (unit->es->len, 105);
  fail_unless (memcmp (unit->es->data, trimmed, sizeof trimmed) == 0);
  unit = nth_of_type (report, 0x06, 1);
  fail_unless (unit != NULL);
  fail_unless_equals_int64 (unit->pts, 900000 + 1800);
  fail_unless_equals_int (unit->es->len, 5 * 103);
  fail_unless (memcmp (unit->es->data, others, sizeof others) == 0);
  fixture_clear (&f);
}
GST_END_TEST;

/* Channels that MPEG-TS has no name for are an error with a text. */
GST_START_TEST (test_opus_mapping)
{
  static const struct {
    const gchar *caps;
    gboolean ok;
  } rows[] = {
    { "audio/x-opus, channel-mapping-family=(int)1, channels=(int)6, "
      "stream-count=(int)4, coupled-count=(int)2, "
      "channel-mapping=(int)<0, 4, 1, 2, 3, 5>",
        TRUE },
    { "audio/x-opus, channel-mapping-family=(int)1, channels=(int)6, "
      "stream-count=(int)4, coupled-count=(int)2, "
      "channel-mapping=(int)<0, 1, 4, 2, 3, 5>",
        FALSE },
    { "audio/x-opus, channel-mapping-family=(int)255, channels=(int)3, "
      "stream-count=(int)3, coupled-count=(int)0, "
      "channel-mapping=(int)<0, 1, 2>",
        FALSE },
    { "audio/x-opus", TRUE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstHarness *h =
        gst_harness_new_with_padnames ("arclytsmux", "audio_0", "src");
    GstBus *bus = gst_bus_new ();
    GstMessage *message;

    gst_element_set_bus (h->element, bus);
    gst_harness_set_src_caps_str (h, rows[i].caps);
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    fail_unless ((message == NULL) == rows[i].ok, "%s", rows[i].caps);
    g_clear_pointer (&message, gst_message_unref);
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* A track that the PMT has no room for is left out; the others are whole. */
GST_START_TEST (test_full_table)
{
  GstHarness *more[12];
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  Fixture f;
  guint i;

  fixture_init (&f, AAC_CAPS);
  for (i = 0; i < G_N_ELEMENTS (more); i++) {
    g_autofree gchar *name = g_strdup_printf ("audio_%u", i + 1);

    more[i] = gst_harness_new_with_element (f.video->element, name, NULL);
    gst_harness_set_src_caps_str (more[i], OPUS_CAPS);
    gst_harness_push_event (more[i], gst_event_new_eos ());
  }
  push_all (&f, 25, 25);
  push_eos (&f);
  ts = drain (f.video);
  report = check_clean (ts);
  /* 15 bytes each; 167 less 10 are there. */
  fail_unless_equals_int (report->n_streams, 12);
  fail_unless (nth_of_type (report, 0x1b, 24) != NULL);
  for (i = 0; i < G_N_ELEMENTS (more); i++)
    gst_harness_teardown (more[i]);
  fixture_clear (&f);
}
GST_END_TEST;

/* Buffers of as many packets as asked for, but for the last one before a place
 * to cut; together they are what they would be otherwise. */
GST_START_TEST (test_alignment)
{
  g_autoptr (GByteArray) whole = NULL;
  guint pass, i;

  for (pass = 0; pass < 3; pass++) {
    static const guint alignments[] = { 0, 7, 1 };
    guint size = alignments[pass] * 188, n_cuts = 0, n_disconts = 0, n = 0;
    g_autoptr (GByteArray) all = g_byte_array_new ();
    gsize last = size;
    GstBuffer *buffer;
    Fixture f;

    fixture_init (&f, AAC_CAPS);
    g_object_set (f.video->element, "alignment", alignments[pass], NULL);
    for (i = 0; i < 20; i++)
      push_video (&f, i, i % 5 == 0, 700 + 301 * i);
    push_eos (&f);
    while ((buffer = gst_harness_try_pull (f.video))) {
      gboolean is_cut =
          !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
      GstMapInfo map;

      gst_buffer_map (buffer, &map, GST_MAP_READ);
      fail_unless (GST_BUFFER_DTS_IS_VALID (buffer));
      fail_unless_equals_int (map.size % 188, 0);
      if (size > 0) {
        fail_unless (map.size <= size);
        fail_unless (last == size || is_cut);
      }
      last = map.size;
      n++;
      if (is_cut) {
        n_cuts++;
        fail_unless_equals_int (map.data[1] << 8 | map.data[2], 0x4000);
      }
      n_disconts += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
      g_byte_array_append (all, map.data, map.size);
      gst_buffer_unmap (buffer, &map);
      gst_buffer_unref (buffer);
    }
    fail_unless_equals_int (n_cuts, 4);
    fail_unless_equals_int (n_disconts, 1);
    if (!whole)
      whole = g_steal_pointer (&all);
    else
      fail_unless (all->len == whole->len &&
                   memcmp (all->data, whole->data, all->len) == 0);
    fail_unless (pass != 2 || n == whole->len / 188);
    fixture_clear (&f);
  }
}
GST_END_TEST;

static Suite *
tsmuxaudio_suite (void)
{
  Suite *suite = suite_create ("arclytsmux and sound");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_bound);
  tcase_add_test (tc, test_cut);
  tcase_add_test (tc, test_gaps);
  tcase_add_test (tc, test_milliseconds);
  tcase_add_test (tc, test_audio_only_clock);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_ac3);
  tcase_add_test (tc, test_opus);
  tcase_add_test (tc, test_opus_mapping);
  tcase_add_test (tc, test_full_table);
  tcase_add_test (tc, test_alignment);
  return suite;
}

GST_CHECK_MAIN (tsmuxaudio);
