/* SPDX-License-Identifier: MIT
 *
 * arclyrecordsink's "finalize": the tables of a progressive MP4 lead to each
 * frame that was recorded. They are read here with none of the writer's code.
 */
#include "testrecordfiles.h"

#define CAPS AVC_CAPS ("0d", "25/1")

/* A file in memory, and what its boxes say. */
typedef struct {
  gchar *data;
  gsize size;
} Movie;

/* Boxes have no alignment. */
static guint64
read_be (const guint8 *at, guint n)
{
  guint64 value = 0;

  while (n-- > 0)
    value = value << 8 | *at++;
  return value;
}

static guint32
u32 (const guint8 *at)
{
  return (guint32) read_be (at, 4);
}

/* The nth box of this type among the children in [at, end). */
static const guint8 *
find (const guint8 *at, const guint8 *end, const gchar *type, guint n)
{
  while (at + 8 <= end) {
    guint64 size = u32 (at);

    if (size == 1)
      size = read_be (at + 8, 8);
    fail_unless (size >= 8 && size <= (guint64) (end - at));
    if (memcmp (at + 4, type, 4) == 0 && n-- == 0)
      return at;
    at += size;
  }
  return NULL;
}

static const guint8 *
inside (const guint8 *box, const gchar *type)
{
  const guint8 *found = box ? find (box + 8, box + u32 (box), type, 0) : NULL;

  fail_unless (found != NULL, "no %s", type);
  return found;
}

static Movie
load (TestRecord *t, const gchar *name)
{
  g_autofree gchar *path = test_record_path (t, name);
  Movie movie;

  fail_unless (
      g_file_get_contents (path, &movie.data, &movie.size, NULL), "%s", name);
  return movie;
}

typedef struct {
  const guint8 *data;
  guint32 size;
  guint64 time; /* of decoding, ticks */
  gboolean sync;
} Sample;

static gboolean
is_sync (const guint8 *stss, guint number)
{
  guint i;

  for (i = 0; stss && i < u32 (stss + 12); i++) {
    if (u32 (stss + 16 + 4 * i) == number)
      return TRUE;
  }
  return !stss;
}

static void
set_times (GArray *samples, const guint8 *stts, const guint8 *stss)
{
  guint i, n = 0, k;
  guint64 time = 0;

  for (i = 0; i < u32 (stts + 12); i++) {
    for (k = 0; k < u32 (stts + 16 + 8 * i); k++, n++) {
      Sample *sample = &g_array_index (samples, Sample, n);

      fail_unless (n < samples->len);
      sample->time = time;
      sample->sync = is_sync (stss, n + 1);
      time += u32 (stts + 20 + 8 * i);
    }
  }
  fail_unless_equals_int (n, samples->len);
}

/* Players on a network want it so. */
static gboolean
tables_are_in_front (const Movie *movie)
{
  const guint8 *start = (const guint8 *) movie->data;
  const guint8 *moov = find (start, start + movie->size, "moov", 0);
  const guint8 *mdat = find (start, start + movie->size, "mdat", 0);

  return moov && mdat && moov < mdat;
}

/* ISO/IEC 14496-12, 8.7. */
static GArray *
read_samples (const Movie *movie, guint n_track)
{
  const guint8 *start = (const guint8 *) movie->data;
  const guint8 *moov = find (start, start + movie->size, "moov", 0);
  const guint8 *trak = find (moov + 8, moov + u32 (moov), "trak", n_track);
  const guint8 *stbl = inside (inside (inside (trak, "mdia"), "minf"), "stbl");
  const guint8 *stsz = inside (stbl, "stsz");
  const guint8 *stsc = inside (stbl, "stsc");
  const guint8 *co64 = inside (stbl, "co64");
  GArray *samples = g_array_new (FALSE, TRUE, sizeof (Sample));
  guint n_chunks = u32 (co64 + 12), run = 0, i, k;

  fail_unless (find (moov + 8, moov + u32 (moov), "mvex", 0) == NULL);
  for (i = 0; i < n_chunks; i++) {
    guint64 offset = read_be (co64 + 16 + 8 * i, 8);

    if (run + 1 < u32 (stsc + 12) && u32 (stsc + 16 + 12 * (run + 1)) == i + 1)
      run++;
    for (k = 0; k < u32 (stsc + 20 + 12 * run); k++) {
      Sample sample = { .data = start + offset,
        .size = u32 (stsz + 20 + 4 * samples->len) };

      offset += sample.size;
      fail_unless (offset <= movie->size);
      g_array_append_val (samples, sample);
    }
  }
  fail_unless_equals_int (samples->len, u32 (stsz + 16));
  set_times (samples, inside (stbl, "stts"),
      find (stbl + 8, stbl + u32 (stbl), "stss", 0));
  return samples;
}

static void
assert_video (const Movie *movie, guint start, guint end)
{
  g_autoptr (GArray) samples = read_samples (movie, 0);
  guint i;

  fail_unless_equals_int (samples->len, end - start);
  for (i = 0; i < samples->len; i++) {
    const Sample *sample = &g_array_index (samples, Sample, i);

    fail_unless_equals_int (sample->size, FRAME_SIZE);
    fail_unless_equals_int (sample->data[10] & 0x7f, (start + i) & 0x7f);
    fail_unless_equals_uint64 (sample->time, i * 3600);
    fail_unless_equals_int (sample->sync, (start + i) % KEY_EVERY == 0);
  }
}

static void
assert_audio (const Movie *movie, guint *n)
{
  g_autoptr (GArray) samples = read_samples (movie, 1);
  guint i;

  for (i = 0; i < samples->len; i++) {
    const Sample *sample = &g_array_index (samples, Sample, i);

    fail_unless_equals_int (sample->size, AUDIO_SIZE);
    fail_unless_equals_int (sample->data[0], *n & 0xff);
    fail_unless_equals_uint64 (sample->time, i * 1024);
    (*n)++;
  }
}

GST_START_TEST (test_tables)
{
  static const guint ends[] = { 100, 200, 250 };
  g_autoptr (GArray) entries = NULL;
  guint i, n_audio = 0;
  TestRecord t;

  test_record_init (&t);
  test_record_new_sink (
      &t, "finalize", TRUE, "max-size-time", 4 * GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  test_record_add_audio (&t);
  push_both (&t.f, 0, 250, KEY_EVERY);
  test_record_end (&t);
  entries = test_record_index (t.folder);
  for (i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree gchar *name = g_strdup_printf ("%05u.mp4", i + 1);
    const GstArclyRecordEntry *finalized =
        test_record_entry (entries, GST_ARCLY_RECORD_FINALIZED, i);
    Movie movie = load (&t, name);

    fail_unless_equals_uint64 (finalized->size, movie.size);
    fail_unless (memcmp (movie.data + 4, "ftypisom", 8) == 0);
    fail_unless (tables_are_in_front (&movie));
    assert_video (&movie, i == 0 ? 0 : ends[i - 1], ends[i]);
    assert_audio (&movie, &n_audio);
    g_free (movie.data);
  }
  fail_unless_equals_int (n_audio, 469);
  gst_structure_free (test_record_message (&t, "arcly-record-file-finalized"));
  test_record_clear (&t);
}
GST_END_TEST;

/* A thousand frames a second: the tables do not fit. */
GST_START_TEST (test_many_frames)
{
  g_autoptr (GArray) samples = NULL;
  TestRecord t;
  Movie movie;
  guint i;

  test_record_init (&t);
  test_record_new_sink (
      &t, "finalize", TRUE, "max-size-time", 4 * GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  for (i = 0; i < 3900; i++)
    push (t.f.video,
        make_frame (i * GST_MSECOND, i * GST_MSECOND, i % 1000 == 0, i));
  test_record_end (&t);
  movie = load (&t, "00001.mp4");
  fail_if (tables_are_in_front (&movie));
  samples = read_samples (&movie, 0);
  fail_unless_equals_int (samples->len, 3900);
  for (i = 0; i < samples->len; i++)
    fail_unless_equals_int (
        g_array_index (samples, Sample, i).data[10] & 0x7f, i & 0x7f);
  g_free (movie.data);
  test_record_clear (&t);
}
GST_END_TEST;

static void
cut_index (TestRecord *t, const gchar *at)
{
  g_autofree gchar *path = test_record_path (t, "recordings.jsonl");
  g_autofree gchar *text = NULL;
  gchar *end;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  end = strstr (text, at);
  fail_unless (end != NULL);
  *end = '\0';
  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

/* What a process left that died: the index ends within a line, and the file
 * within a fragment. The next one finishes it up to what is whole. */
GST_START_TEST (test_after_crash)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GArray) entries = NULL;
  Movie movie;
  TestRecord t;

  test_record_init (&t);
  path = test_record_path (&t, "00001.mp4");
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 150, KEY_EVERY);
  test_record_end (&t);
  test_record_drop_sink (&t);
  cut_index (&t, ":\"closed\"");
  movie = load (&t, "00001.mp4");
  fail_unless (g_file_set_contents (
      path, movie.data, (gssize) movie.size - FRAME_SIZE / 2, NULL));
  g_free (movie.data);

  test_record_new_sink (&t, "finalize", TRUE, NULL);
  gst_element_set_state (t.sink, GST_STATE_PAUSED);
  test_record_drop_sink (&t);
  movie = load (&t, "00001.mp4");
  assert_video (&movie, 0, 100);
  fail_if (tables_are_in_front (&movie));
  entries = test_record_index (t.folder);
  fail_unless_equals_string (
      test_record_entry (entries, GST_ARCLY_RECORD_CLOSED, 0)->reason, "crash");
  fail_unless_equals_uint64 (
      test_record_entry (entries, GST_ARCLY_RECORD_FINALIZED, 0)->size,
      movie.size);
  g_free (movie.data);
  test_record_clear (&t);
}
GST_END_TEST;

/* What a file without tables begins with, up to what the last write covers. */
static GBytes *
load_front (void)
{
  GBytes *front;
  TestRecord t;
  Movie movie;

  test_record_init (&t);
  test_record_new_sink (&t, NULL, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 50, KEY_EVERY);
  test_record_end (&t);
  movie = load (&t, "00001.mp4");
  front = g_bytes_new (movie.data, u32 ((const guint8 *) movie.data) + 16);
  g_free (movie.data);
  test_record_clear (&t);
  return front;
}

/* A process that dies in front of the last write leaves the fragmented file
 * that it was, with tables in its free space. */
GST_START_TEST (test_before_the_last_write)
{
  g_autoptr (GBytes) front = load_front ();
  g_autoptr (Fmp4Report) report = NULL;
  g_autofree gchar *path = NULL;
  Movie movie;
  TestRecord t;

  test_record_init (&t);
  path = test_record_path (&t, "00001.mp4");
  test_record_new_sink (
      &t, "finalize", TRUE, "max-size-time", 60 * GST_SECOND, NULL);
  test_record_add_video (&t, CAPS);
  push_both (&t.f, 0, 100, KEY_EVERY);
  test_record_end (&t);
  movie = load (&t, "00001.mp4");
  fail_unless (tables_are_in_front (&movie));
  fail_if (memcmp (movie.data, g_bytes_get_data (front, NULL),
               g_bytes_get_size (front)) == 0);
  memcpy (movie.data, g_bytes_get_data (front, NULL), g_bytes_get_size (front));
  fail_unless (
      g_file_set_contents (path, movie.data, (gssize) movie.size, NULL));
  g_free (movie.data);
  report = test_record_check_fmp4 (&t, "00001.mp4");
  fail_unless_equals_int (count_samples (report, 1), 100);
  g_clear_pointer (&report, fmp4_report_free);
  test_record_drop_sink (&t);

  cut_index (&t, ":\"closed\"");
  test_record_new_sink (&t, "finalize", TRUE, NULL);
  gst_element_set_state (t.sink, GST_STATE_PAUSED);
  test_record_drop_sink (&t);
  movie = load (&t, "00001.mp4");
  fail_unless (tables_are_in_front (&movie));
  assert_video (&movie, 0, 100);
  g_free (movie.data);
  test_record_clear (&t);
}
GST_END_TEST;

/* Only what is open would be missing: with a fragment that is whole its file is
 * there, and nobody has to end anything. */
GST_START_TEST (test_whole_fragments_are_there)
{
  guint container, i;

  for (container = 0; container < 2; container++) {
    TestRecord t;

    test_record_init (&t);
    test_record_new_sink (
        &t, "container", container, "max-size-time", 2 * GST_SECOND, NULL);
    test_record_add_video (&t, CAPS);
    /* Three whole ones, and a frame that says so. */
    push_both (&t.f, 0, 151, KEY_EVERY);
    for (i = 0; i < 3; i++) {
      GstStructure *opened =
          test_record_message (&t, "arcly-record-file-opened");
      const gchar *path = gst_structure_get_string (opened, "path");
      GStatBuf info;

      fail_unless_equals_int (g_stat (path, &info), 0);
      fail_unless (info.st_size > 50 * FRAME_SIZE);
      gst_structure_free (opened);
    }
    test_record_clear (&t);
  }
}
GST_END_TEST;

static Suite *
recordfinalize_suite (void)
{
  Suite *suite = suite_create ("recordfinalize");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_tables);
  tcase_add_test (tcase, test_many_frames);
  tcase_add_test (tcase, test_after_crash);
  tcase_add_test (tcase, test_before_the_last_write);
  tcase_add_test (tcase, test_whole_fragments_are_there);
  return suite;
}

GST_CHECK_MAIN (recordfinalize)
