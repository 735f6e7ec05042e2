/* SPDX-License-Identifier: MIT
 *
 * ID3 and SCTE-35 beside picture and sound, in both muxers. */
#include "testfmp4.h"

#include "tschecker.h"

#define MS(n) ((n) *GST_MSECOND)
/* SCTE 35, 14.1: time_signal. */
#define SPLICE                                                                 \
  "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg=="
#define TAG "ID3\4\0\0\0\0\0\x12TXXX\0\0\0\x08\0\0\3a\0hello"
#define TAG_SIZE 28
#define LONG_TAG_SIZE 10010
/* What arclytsmux adds to all times. */
#define BASE_TICKS 900000

typedef struct {
  Fixture f;
  GstHarness *id3;
  GstHarness *splice;
} Data;

static const TsLimits ts_limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };
static const Fmp4Limits strict = { 0 };

static void
init (Data *d, const gchar *muxer)
{
  d->f.video = gst_harness_new_with_padnames (muxer, "video_0", "src");
  d->f.audio =
      gst_harness_new_with_element (d->f.video->element, "audio_0", NULL);
  gst_harness_set_src_caps_str (d->f.video, AVC_CAPS ("0d", "25/1"));
  gst_harness_set_src_caps_str (d->f.audio, AAC_CAPS);
  d->id3 = gst_harness_new_with_element (d->f.video->element, "data_%u", NULL);
  gst_harness_set_src_caps_str (d->id3, "meta/x-id3");
  d->splice =
      gst_harness_new_with_element (d->f.video->element, "data_%u", NULL);
  gst_harness_set_src_caps_str (d->splice, "application/x-scte-35");
}

static void
clear (Data *d)
{
  gst_harness_teardown (d->id3);
  gst_harness_teardown (d->splice);
  fixture_clear (&d->f);
}

static GstBuffer *
make_tag (GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_memdup (TAG, TAG_SIZE);

  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

static GstBuffer *
make_splice (GstClockTime pts)
{
  gsize size;
  guint8 *data = g_base64_decode (SPLICE, &size);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, size);

  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

/* Both before the picture that they belong to, one far ahead, one too late, one
 * without a time, and two that are none. */
static void
push_all (Data *d)
{
  push (d->id3, make_tag (MS (500)));
  push (d->splice, make_splice (MS (2000)));
  push_both (&d->f, 0, 25, 25);
  push (d->id3, make_tag (GST_CLOCK_TIME_NONE));
  push (d->id3, gst_buffer_new_memdup ("TAG", 3));
  push (d->splice, gst_buffer_new_memdup ("\374\60", 2));
  push_both (&d->f, 25, 100, 25);
  push_eos (&d->f);
}

/* GStreamer's macros want it aligned. */
static guint64
read_be (const guint8 *p, guint n)
{
  guint64 value = 0;

  while (n-- > 0)
    value = value << 8 | *p++;
  return value;
}

/* Where such bytes are, from there on. */
static guint
find (GByteArray *in, gconstpointer what, gsize size, guint from)
{
  guint i;

  for (i = from; i + size <= in->len; i++) {
    if (memcmp (in->data + i, what, size) == 0)
      return i;
  }
  return G_MAXUINT;
}

/* PMT, types and descriptors, the payload as it was, and times: of ID3 in its
 * PES, of a section inside it. Neither is waited for, not even at the end. */
GST_START_TEST (test_ts)
{
  static const guint8 pointer[] = { 0x25, 15, 0xff, 0xff, 'I', 'D', '3', ' ',
    0xff, 'I', 'D', '3', ' ', 0, 0x1f, 0, 1 };
  static const guint8 metadata[] = { 0x26, 13, 0xff, 0xff, 'I', 'D', '3', ' ',
    0xff, 'I', 'D', '3', ' ', 0, 0x0f };
  g_autofree guint8 *section = NULL;
  g_autoptr (TsReport) report = NULL;
  guint n_tags = 0, n_splices = 0, i;
  g_autoptr (GByteArray) ts = NULL;
  guint8 *all;
  gsize size;
  Data d;

  init (&d, "arclytsmux");
  push_all (&d);
  all = gst_harness_take_all_data (d.f.video, &size);
  ts = g_byte_array_new_take (all, size);
  report = ts_check (ts->data, ts->len, &ts_limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  fail_unless_equals_int (report->n_streams, 4);
  fail_unless_equals_int (report->program_registration, 0x43554549);
  fail_unless (find (ts, pointer, sizeof pointer, 188) < 376);
  fail_unless (find (ts, metadata, sizeof metadata, 188) < 376);
  section = g_base64_decode (SPLICE, &size);
  for (i = 0; i < report->units->len; i++) {
    const TsUnit *unit = g_ptr_array_index (report->units, i);

    if (unit->stream_type == 0x15) {
      fail_unless_equals_int (unit->es->len, TAG_SIZE);
      fail_unless (memcmp (unit->es->data, TAG, TAG_SIZE) == 0);
      if (n_tags++ == 0)
        fail_unless_equals_int (unit->pts, BASE_TICKS + 45000);
    } else if (unit->stream_type == 0x86) {
      n_splices++;
      fail_unless_equals_int (unit->es->len, size);
      fail_unless_equals_int (read_be (unit->es->data + 5, 4), BASE_TICKS);
      fail_unless (memcmp (unit->es->data + 9, section + 9, size - 13) == 0);
    }
  }
  fail_unless_equals_int (n_tags, 2);
  fail_unless_equals_int (n_splices, 1);
  clear (&d);
}
GST_END_TEST;

static gboolean
got_eos (GstHarness *h)
{
  gboolean found = FALSE;
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h))) {
    found |= GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  return found;
}

typedef struct {
  const gchar *scheme;
  guint64 start;
  const guint8 *message;
  gsize size;
} Event;

/* ISO/IEC 23009-1, 5.10.3.3.3 */
static Event
read_event (const guint8 *type, guint32 id)
{
  const guint8 *p = type + 4;
  Event event;

  fail_unless_equals_int (read_be (p, 4), 0x01000000);
  fail_unless_equals_int (read_be (p + 4, 4), 90000);
  event.start = read_be (p + 8, 8);
  fail_unless (read_be (p + 16, 4) == G_MAXUINT32);
  fail_unless_equals_int (read_be (p + 20, 4), id);
  event.scheme = (const gchar *) p + 24;
  p += 24 + strlen (event.scheme) + 1;
  fail_unless_equals_int (*p, 0); /* value */
  event.message = p + 1;
  event.size = read_be (type - 4, 4) - (p + 1 - (type - 4));
  return event;
}

GST_START_TEST (test_fmp4)
{
  g_autofree guint8 *section = NULL;
  g_autoptr (Fmp4Report) report = NULL;
  guint at = 0, n;
  Output out;
  gsize size;
  Data d;

  init (&d, "arclyfmp4mux");
  g_object_set (d.f.video->element, "fragment-duration", MS (1000), NULL);
  push_all (&d);
  output_take (&out, &d.f);
  report = check_output (&out, &strict);
  fail_unless_equals_int (report->tracks->len, 2);
  fail_unless_equals_string (report->top->str,
      "ftyp moov emsg emsg moof mdat moof mdat emsg moof mdat moof mdat ");
  section = g_base64_decode (SPLICE, &size);
  for (n = 0; n < 3; n++) {
    Event event;

    at = find (out.bytes, "emsg", 4, at);
    event = read_event (out.bytes->data + at, n);
    at = event.message - out.bytes->data + event.size;
    if (n == 2) {
      fail_unless_equals_string (event.scheme, "urn:scte:scte35:2013:bin");
      fail_unless_equals_uint64 (event.start, 180000);
      fail_unless_equals_int (event.size, size);
      fail_unless (memcmp (event.message, section, size) == 0);
    } else {
      fail_unless_equals_string (event.scheme, "https://aomedia.org/emsg/ID3");
      fail_unless_equals_int (event.size, TAG_SIZE);
      fail_unless (memcmp (event.message, TAG, TAG_SIZE) == 0);
      if (n == 0)
        fail_unless_equals_uint64 (event.start, 45000);
    }
  }
  output_clear (&out);
  clear (&d);
}
GST_END_TEST;

/* Data and its end may come before there is a pad to go beside. */
GST_START_TEST (test_early)
{
  GstHarness *data =
      gst_harness_new_with_padnames ("arclytsmux", "data_0", "src");
  g_autoptr (TsReport) report = NULL;
  g_autofree guint8 *all = NULL;
  GstHarness *video;
  gsize size;

  gst_harness_set_src_caps_str (data, "application/x-scte-35");
  push (data, make_splice (0));
  gst_harness_push_event (data, gst_event_new_eos ());
  fail_unless_equals_int (gst_harness_buffers_received (data), 0);
  fail_if (got_eos (data));
  video = gst_harness_new_with_element (data->element, "video_0", NULL);
  gst_harness_set_src_caps_str (video, AVC_CAPS ("0d", "25/1"));
  push (video, make_frame (0, 0, TRUE, 0));
  gst_harness_push_event (video, gst_event_new_eos ());
  fail_unless (got_eos (data));
  all = gst_harness_take_all_data (data, &size);
  report = ts_check (all, size, &ts_limits);
  fail_unless_equals_int (report->problems->len, 0);
  fail_unless_equals_int (report->n_pmt_versions, 1);
  fail_unless_equals_int (report->units->len, 2);
  gst_harness_teardown (video);
  gst_harness_teardown (data);
}
GST_END_TEST;

/* What waits for picture and sound has a bound, and says nothing of latency. */
GST_START_TEST (test_bound)
{
  GstHarness *video =
      gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  GstHarness *data =
      gst_harness_new_with_element (video->element, "data_0", NULL);
  guint i;

  gst_harness_set_src_caps_str (video, AVC_CAPS ("0d", "25/1"));
  gst_harness_set_src_caps_str (data, "meta/x-id3");
  fail_unless_equals_uint64 (gst_harness_query_latency (video), 0);
  for (i = 0; i < 200; i++) {
    GstBuffer *tag = gst_buffer_new_allocate (NULL, LONG_TAG_SIZE, NULL);

    /* Nothing but padding. */
    gst_buffer_memset (tag, 0, 0, LONG_TAG_SIZE);
    gst_buffer_fill (tag, 0, "ID3\4\0\0\0\0\x4e\x10", 10);
    GST_BUFFER_PTS (tag) = 3600 * GST_SECOND;
    push (data, tag);
  }
  push (video, make_frame (0, 0, TRUE, 0));
  push (video, make_frame (MS (40), MS (40), FALSE, 1));
  gst_harness_push_event (video, gst_event_new_eos ());
  /* A mebibyte of them, behind all of the picture. */
  fail_unless_equals_int (
      gst_harness_buffers_received (video), 2 + 1024 * 1024 / LONG_TAG_SIZE);
  gst_harness_teardown (data);
  gst_harness_teardown (video);
}
GST_END_TEST;

static Suite *
muxdata_suite (void)
{
  Suite *suite = suite_create ("muxdata");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_ts);
  tcase_add_test (tc, test_fmp4);
  tcase_add_test (tc, test_early);
  tcase_add_test (tc, test_bound);
  return suite;
}

GST_CHECK_MAIN (muxdata)
