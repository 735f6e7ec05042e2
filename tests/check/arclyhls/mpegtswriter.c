/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mpegtsdata.h"
#include "mpegtswriter.h"
#include "tschecker.h"

#define MS G_GINT64_CONSTANT (1000000)

static const TsLimits limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };

typedef struct {
  GstArclyTsWriter *writer;
  GstArclyTsStream *video;
  GstArclyTsStream *audio;
  GByteArray *out;
} Fixture;

static void
fixture_init (Fixture *f)
{
  f->writer = gst_arcly_ts_writer_new ();
  gst_arcly_ts_writer_set_timing (f->writer, 400 * MS, 40 * MS, 500 * MS);
  f->video = f->audio = NULL;
  f->out = g_byte_array_new ();
}

static GstArclyTsStream *
add_stream (
    GstArclyTsWriter *writer, guint16 pid, guint8 type, guint8 stream_id)
{
  GstArclyTsPmtEntry entry = { .pid = pid, .type = type };

  return gst_arcly_ts_writer_add_stream (writer, &entry, stream_id);
}

static void
fixture_clear (Fixture *f)
{
  gst_arcly_ts_writer_free (f->writer);
  g_byte_array_unref (f->out);
}

/* Writes into an exact block, so that a sanitizer sees a wrong measure. */
static void
put (Fixture *f, GstArclyTsStream *stream, const guint8 *data, gsize size,
    gint64 pts, gint64 dts, gboolean key)
{
  GstArclyTsGather gather;
  GstArclyTsUnit unit = {
    .stream = stream,
    .pts = pts,
    .dts = dts,
    .payload = &gather,
    .random_access = key,
    .cut = key && stream == f->video,
  };
  g_autofree guint8 *block = NULL;
  gsize measured;

  unit.section = data[0] == 0xfc;
  gst_arcly_ts_gather_init (&gather);
  /* In two pieces: where they meet shows nowhere. */
  gst_arcly_ts_gather_add (&gather, data, size / 2);
  gst_arcly_ts_gather_add (&gather, data + size / 2, size - size / 2);
  measured = gst_arcly_ts_writer_measure (f->writer, &unit);
  g_assert_cmpuint (measured % 188, ==, 0);
  block = g_malloc (measured);
  memset (block, 0xee, measured);
  gst_arcly_ts_writer_write (f->writer, &unit, block);
  g_byte_array_append (f->out, block, measured);
  gst_arcly_ts_gather_clear (&gather);
}

static void
assert_clean (const TsReport *report)
{
  guint i;

  for (i = 0; i < report->problems->len; i++)
    g_test_message ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  g_assert_cmpuint (report->problems->len, ==, 0);
}

static guint8 *
make_picture (gsize size, gboolean key)
{
  static const guint8 head[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 2, 3,
    0, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65 };
  guint8 *data = g_malloc (size);

  g_assert (size >= sizeof head);
  memset (data, 0xab, size);
  memcpy (data, head, sizeof head);
  if (!key)
    data[sizeof head - 1] = 0x61;
  return data;
}

/* Every size around one, two and three packets comes back as it went in. */
static void
test_sizes (void)
{
  Fixture f;
  g_autoptr (TsReport) report = NULL;
  gsize size;
  guint n = 0;

  fixture_init (&f);
  f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
  for (size = 25; size < 600; size++, n++) {
    g_autofree guint8 *picture = make_picture (size, n % 25 == 0);

    put (&f, f.video, picture, size, (n + (n & 1)) * 33 * MS, n * 33 * MS,
        n % 25 == 0);
  }
  report = ts_check (f.out->data, f.out->len, &limits);
  assert_clean (report);
  g_assert_cmpuint (report->units->len, ==, n);
  for (n = 0; n < report->units->len; n++) {
    const TsUnit *unit = g_ptr_array_index (report->units, n);
    g_autofree guint8 *picture = make_picture (25 + n, n % 25 == 0);

    g_assert_cmpmem (unit->es->data, unit->es->len, picture, 25 + n);
    g_assert_cmpint (unit->pts, ==, 900000 + (n + (n & 1)) * 2970);
    g_assert_cmpint (unit->dts, ==, 900000 + n * 2970);
    g_assert_true (unit->random_access == (n % 25 == 0));
  }
  fixture_clear (&f);
}

/* A PES longer than 16 bits can say has length 0, and comes back whole. */
static void
test_large (void)
{
  Fixture f;
  g_autofree guint8 *picture = make_picture (300000, TRUE);
  g_autoptr (TsReport) report = NULL;
  const TsUnit *unit;

  fixture_init (&f);
  f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
  put (&f, f.video, picture, 300000, 0, 0, TRUE);
  report = ts_check (f.out->data, f.out->len, &limits);
  assert_clean (report);
  unit = g_ptr_array_index (report->units, 0);
  g_assert_cmpmem (unit->es->data, unit->es->len, picture, 300000);
  fixture_clear (&f);
}

/* Timestamps pass 2^33, and frames have negative ones. */
static void
test_wrap (void)
{
  const gint64 wrap = (G_GINT64_CONSTANT (1) << 33) / 90 * MS;
  static const gint64 before[] = { 10 * 1000 * MS, 5 * 1000 * MS };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (before); i++) {
    g_autoptr (TsReport) report = NULL;
    gint64 start = i == 0 ? -66 * MS : wrap - before[i] - 10 * 1000 * MS;
    Fixture f;

    fixture_init (&f);
    f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
    for (n = 0; n < 400; n++) {
      g_autofree guint8 *picture = make_picture (500, n % 30 == 0);

      put (&f, f.video, picture, 500, start + n * 40 * MS + 80 * MS,
          start + n * 40 * MS, n % 30 == 0);
    }
    report = ts_check (f.out->data, f.out->len, &limits);
    assert_clean (report);
    g_assert_cmpuint (report->units->len, ==, 400);
    for (n = 1; n < 400; n++) {
      const TsUnit *unit = g_ptr_array_index (report->units, n);
      const TsUnit *last = g_ptr_array_index (report->units, n - 1);

      g_assert_cmpint (unit->dts - last->dts, >=, 3599);
      g_assert_cmpint (unit->dts - last->dts, <=, 3601);
    }
    fixture_clear (&f);
  }
}

/* The clock holds its interval whatever the frames do. */
static void
test_clock (void)
{
  static const guint steps_ms[] = { 5, 17, 20, 21, 33, 40, 41, 42, 100, 1000 };
  guint i, n, audio;

  for (i = 0; i < G_N_ELEMENTS (steps_ms) * 2; i++) {
    g_autoptr (TsReport) report = NULL;
    gint64 step = steps_ms[i / 2] * MS;
    Fixture f;

    audio = i % 2;
    fixture_init (&f);
    f.video =
        add_stream (f.writer, 0x100, audio ? 0x0f : 0x1b, audio ? 0xc0 : 0xe0);
    for (n = 0; n < 100; n++) {
      static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc, 1 };
      g_autofree guint8 *picture = make_picture (500, n == 0);

      if (audio)
        put (&f, f.video, adts, sizeof adts, n * step, n * step, n == 0);
      else
        put (&f, f.video, picture, 500, n * step, n * step, n == 0);
    }
    report = ts_check (f.out->data, f.out->len, &limits);
    assert_clean (report);
    g_assert_cmpint (report->max_pcr_gap, <=, 40 * 27000);
    g_assert_cmpuint (report->units->len, ==, 100);
    fixture_clear (&f);
  }
}

/* A table that changes has a new version, and stands before the unit. */
static void
test_late_stream (void)
{
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc, 1 };
  g_autofree guint8 *picture = make_picture (500, TRUE);
  g_autoptr (TsReport) report = NULL;
  Fixture f;

  fixture_init (&f);
  f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
  put (&f, f.video, picture, 500, 0, 0, TRUE);
  f.audio = add_stream (f.writer, 0x101, 0x0f, 0xc0);
  put (&f, f.audio, adts, sizeof adts, 10 * MS, 10 * MS, TRUE);
  put (&f, f.video, picture, 500, 33 * MS, 33 * MS, TRUE);
  gst_arcly_ts_writer_remove_stream (f.writer, f.video);
  f.video = NULL;
  put (&f, f.audio, adts, sizeof adts, 50 * MS, 50 * MS, TRUE);
  report = ts_check (f.out->data, f.out->len, &limits);
  assert_clean (report);
  g_assert_cmpuint (report->n_pmt_versions, ==, 3);
  g_assert_cmpuint (report->pmt_version, ==, 2);
  g_assert_cmpuint (report->n_streams, ==, 1);
  fixture_clear (&f);
}

static void
test_limit (void)
{
  Fixture f;
  guint i;

  fixture_init (&f);
  for (i = 0; i < GST_ARCLY_TS_MAX_STREAMS; i++)
    g_assert_nonnull (add_stream (f.writer, 0x100 + i, 0x0f, 0xc0));
  g_assert_null (add_stream (f.writer, 0x200, 0x0f, 0xc0));
  fixture_clear (&f);
}

/* Descriptors need room of the PMT's one packet, too; what has none is
 * refused, and what was there stays. */
static void
test_descriptors (void)
{
  static const guint8 data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc, 1 };
  GstArclyTsPmtEntry entry = { .pid = 0x200, .type = 0x06 };
  g_autoptr (TsReport) report = NULL;
  Fixture f;
  guint i;

  gst_arcly_ts_pmt_entry_register (&entry, "Opus");
  g_assert_true (gst_arcly_ts_pmt_entry_add (&entry, 0x7f, data, 8));
  g_assert_false (gst_arcly_ts_pmt_entry_add (&entry, 0x7f, data, 0));
  g_assert_cmpuint (gst_arcly_ts_pmt_size (&entry, 1), ==, 21);
  fixture_init (&f);
  for (i = 0; i < 7; i++, entry.pid++) {
    f.audio = gst_arcly_ts_writer_add_stream (f.writer, &entry, 0xbd);
    g_assert_nonnull (f.audio);
  }
  g_assert_null (gst_arcly_ts_writer_add_stream (f.writer, &entry, 0xbd));
  f.audio = add_stream (f.writer, 0x300, 0x0f, 0xc0);
  g_assert_nonnull (f.audio);
  put (&f, f.audio, adts, sizeof adts, 0, 0, TRUE);
  g_assert_false (
      gst_arcly_ts_writer_change_stream (f.writer, f.audio, &entry, 0xbd));
  put (&f, f.audio, adts, sizeof adts, 20 * MS, 20 * MS, TRUE);
  entry = (GstArclyTsPmtEntry){ .type = 0x81 };
  g_assert_true (
      gst_arcly_ts_writer_change_stream (f.writer, f.audio, &entry, 0xbd));
  put (&f, f.audio, adts, sizeof adts, 40 * MS, 40 * MS, TRUE);
  report = ts_check (f.out->data, f.out->len, &limits);
  g_assert_cmpuint (report->n_streams, ==, 8);
  g_assert_cmpuint (report->n_pmt_versions, ==, 2);
  g_assert_cmpuint (report->units->len, ==, 3);
  g_assert_cmpuint (
      ((TsUnit *) g_ptr_array_index (report->units, 2))->stream_type, ==, 0x81);
  g_assert_cmpuint (
      ((TsUnit *) g_ptr_array_index (report->units, 2))->pid, ==, 0x300);
  fixture_clear (&f);
}

/* Sections of every size around one, two and three packets, beside a picture
 * that has the clock. */
static void
test_sections (void)
{
  g_autofree guint8 *picture = make_picture (25, TRUE);
  g_autoptr (TsReport) report = NULL;
  GstArclyTsStream *splices;
  Fixture f;
  guint n = 0, i;
  gsize size;

  fixture_init (&f);
  splices = add_stream (f.writer, 0x101, GST_ARCLY_TS_TYPE_SCTE35, 0xff);
  f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
  for (size = 20; size < 600; size++, n++) {
    g_autofree guint8 *section = g_malloc0 (size);

    section[0] = 0xfc;
    section[1] = 0x30 | (size - 3) >> 8;
    section[2] = (size - 3) & 0xff;
    gst_arcly_ts_splice_move (section, size, n);
    put (&f, f.video, picture, 25, n * 40 * MS, n * 40 * MS, TRUE);
    put (&f, splices, section, size, n * 40 * MS, n * 40 * MS, FALSE);
  }
  report = ts_check (f.out->data, f.out->len, &limits);
  assert_clean (report);
  g_assert_cmpuint (report->units->len, ==, 2 * n);
  g_assert_cmphex (report->program_registration, ==, 0x43554549);
  for (i = 0; i < n; i++) {
    const TsUnit *unit = g_ptr_array_index (report->units, 2 * i + 1);

    g_assert_cmpuint (unit->pid, ==, 0x101);
    g_assert_cmpuint (unit->es->len, ==, 20 + i);
    g_assert_cmpuint (unit->es->data[7] << 8 | unit->es->data[8], ==, i);
  }
  fixture_clear (&f);
}

static GByteArray *
good_stream (void)
{
  static const guint8 adts[] = { 0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc, 1 };
  Fixture f;
  guint n;

  fixture_init (&f);
  f.video = add_stream (f.writer, 0x100, 0x1b, 0xe0);
  f.audio = add_stream (f.writer, 0x101, 0x0f, 0xc0);
  for (n = 0; n < 100; n++) {
    g_autofree guint8 *picture = make_picture (900, n % 50 == 0);

    put (&f, f.video, picture, 900, n * 33 * MS, n * 33 * MS, n % 50 == 0);
    put (&f, f.audio, adts, sizeof adts, n * 33 * MS, n * 33 * MS, TRUE);
  }
  gst_arcly_ts_writer_free (f.writer);
  return f.out;
}

typedef void (*Spoil) (GByteArray *ts);

static guint
find_packet (GByteArray *ts, guint pid, gboolean start, guint from)
{
  guint i;

  for (i = from; i * 188 < ts->len; i++) {
    const guint8 *p = ts->data + i * 188;

    if ((guint) ((p[1] & 0x1f) << 8 | p[2]) == pid && (!start || (p[1] & 0x40)))
      return i;
  }
  g_assert_not_reached ();
}

static void
spoil_drop (GByteArray *ts)
{
  g_byte_array_remove_range (ts, find_packet (ts, 0x100, FALSE, 40) * 188, 188);
}

static void
spoil_crc (GByteArray *ts)
{
  ts->data[find_packet (ts, 0x1000, TRUE, 20) * 188 + 20] ^= 1;
}

static void
spoil_delimiter (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x100, TRUE, 40) * 188;

  /* Behind header, adaptation field and PES header. */
  p += 4 + (p[3] & 0x20 ? 1 + p[4] : 0) + 14;
  g_assert (p[4] == 9);
  p[4] = 6;
}

static void
spoil_sets (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x100, TRUE, 0) * 188;

  p += 4 + 1 + p[4] + 14 + 10;
  g_assert (p[0] == 0x67);
  p[0] = 0x66;
}

static void
spoil_indicator (GByteArray *ts)
{
  ts->data[find_packet (ts, 0x100, TRUE, 0) * 188 + 5] &= ~0x40;
}

static void
spoil_slice (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x100, TRUE, 0) * 188;

  p += 4 + 1 + p[4] + 14 + 24;
  g_assert (p[0] == 0x65);
  p[0] = 0x61;
  p[1] = 0xe0; /* P */
}

static void
spoil_frame (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x101, TRUE, 40) * 188;

  p[188 - 8] = 0xfe;
}

static void
fix_crc (guint8 *section)
{
  gsize size = (section[1] & 0xf) << 8 | section[2];
  guint32 crc = gst_arcly_ts_crc32 (section, size - 1);

  section[size - 1] = crc >> 24;
  section[size] = crc >> 16 & 0xff;
  section[size + 1] = crc >> 8 & 0xff;
  section[size + 2] = crc & 0xff;
}

static void
spoil_descriptor (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x1000, TRUE, 0) * 188 + 5;

  /* Of the first stream: the second becomes a descriptor that is too long. */
  g_assert (p[12] == 0x1b && p[17] == 0x0f);
  p[16] = 5;
  fix_crc (p);
}

static void
spoil_table (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x1000, TRUE, 0) * 188 + 5;

  p[19] = 0;
  fix_crc (p);
}

static void
spoil_pcrs (GByteArray *ts)
{
  guint i, n = 0;

  for (i = 0; i * 188 < ts->len; i++) {
    guint8 *p = ts->data + i * 188;

    if ((p[3] & 0x20) && p[4] >= 7 && (p[5] & 0x10) && n++ % 4 != 0)
      p[5] &= ~0x10;
  }
}

static void
spoil_length (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x101, TRUE, 40) * 188;

  p += 4 + (p[3] & 0x20 ? 1 + p[4] : 0);
  p[5] += 1;
}

static void
spoil_dts (GByteArray *ts)
{
  guint8 *p = ts->data + find_packet (ts, 0x101, TRUE, 60) * 188;

  p += 4 + (p[3] & 0x20 ? 1 + p[4] : 0);
  p[9 + 2] -= 2;
}

static void
spoil_tables (GByteArray *ts)
{
  guint i;

  for (i = 120; i * 188 < ts->len; i++) {
    guint8 *p = ts->data + i * 188;
    guint pid = (p[1] & 0x1f) << 8 | p[2];

    if (i < 500 && (pid == 0 || pid == 0x1000)) {
      p[1] |= 0x1f;
      p[2] = 0xff;
    }
  }
}

static void
spoil_pid (GByteArray *ts)
{
  ts->data[find_packet (ts, 0x101, TRUE, 40) * 188 + 2] = 0x77;
}

static void
spoil_sync (GByteArray *ts)
{
  ts->data[30 * 188] = 0;
}

/* A checker that finds nothing wrong would pass all other tests. */
static void
test_checker_can_fail (void)
{
  static const struct {
    const gchar *says;
    Spoil spoil;
  } rows[] = {
    { "continuity counter", spoil_drop },
    { "CRC", spoil_crc },
    { "begins with NAL unit type 6", spoil_delimiter },
    { "without parameter sets", spoil_sets },
    { "random access point without its indicator", spoil_indicator },
    { "random_access_indicator on slice type", spoil_slice },
    { "ADTS frames do not fill", spoil_frame },
    { "descriptor passes the end", spoil_descriptor },
    { "PMT has PID 256 twice", spoil_table },
    { "PCR after", spoil_pcrs },
    { "its length says", spoil_length },
    { "DTS does not grow", spoil_dts },
    { "PAT after", spoil_tables },
    { "PMT after", spoil_tables },
    { "is in no PMT", spoil_pid },
    { "no sync byte", spoil_sync },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) ts = good_stream ();
    g_autoptr (TsReport) good = ts_check (ts->data, ts->len, &limits);
    g_autoptr (TsReport) bad = NULL;

    assert_clean (good);
    rows[i].spoil (ts);
    bad = ts_check (ts->data, ts->len, &limits);
    g_test_message ("%s", rows[i].says);
    g_assert_true (ts_report_has (bad, rows[i].says));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpegts/writer/sizes", test_sizes);
  g_test_add_func ("/mpegts/writer/large", test_large);
  g_test_add_func ("/mpegts/writer/wrap", test_wrap);
  g_test_add_func ("/mpegts/writer/clock", test_clock);
  g_test_add_func ("/mpegts/writer/late-stream", test_late_stream);
  g_test_add_func ("/mpegts/writer/limit", test_limit);
  g_test_add_func ("/mpegts/writer/descriptors", test_descriptors);
  g_test_add_func ("/mpegts/writer/sections", test_sections);
  g_test_add_func ("/mpegts/checker/can-fail", test_checker_can_fail);
  return g_test_run ();
}
