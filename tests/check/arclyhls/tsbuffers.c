/* SPDX-License-Identifier: MIT
 *
 * The model of a decoder's buffers, on streams whose faults are known. */
#include <string.h>

#include "mpegtswriter.h"
#include "tstiming.h"

#define MS G_GINT64_CONSTANT (1000000)
#define ADTS_SIZE 341
#define MAX_PICTURE 200000

typedef struct {
  const gchar *name;
  guint lead_ms;     /* of the PCR before the DTS */
  guint n_sounds;    /* frames each 40 ms */
  guint picture;     /* bytes each 40 ms */
  const gchar *says; /* NULL: nothing */
} Row;

static const Row rows[] = {
  { "good", 150, 2, 5000, NULL },
  { "comes too early", 1200, 1, 5000, "wait for 1" },
  { "comes too late", 20, 2, 5000, "after its DTS" },
  { "more sound than there is room for", 150, 4, 5000,
      "bytes wait on PID 257" },
  /* 10 Mbit/s: four packets in a row leave more than 512 bytes. */
  { "sound in bursts", 150, 2, 50000, "in the transport buffer of PID 257" },
  /* 40 Mbit/s, which level 4 does not have. */
  { "too fast a picture", 150, 2, 200000,
      "in the transport buffer of PID 256" },
};

static void
put (GstArclyTsWriter *writer, GByteArray *out, GstArclyTsStream *stream,
    const guint8 *data, gsize size, gint64 dts, gboolean cut)
{
  GstArclyTsGather gather;
  GstArclyTsUnit unit = { .stream = stream,
    .pts = dts,
    .dts = dts,
    .payload = &gather,
    .random_access = cut,
    .cut = cut };
  guint len = out->len;

  gst_arcly_ts_gather_init (&gather);
  gst_arcly_ts_gather_add (&gather, data, size);
  g_byte_array_set_size (
      out, len + gst_arcly_ts_writer_measure (writer, &unit));
  gst_arcly_ts_writer_write (writer, &unit, out->data + len);
  gst_arcly_ts_gather_clear (&gather);
}

/* Two seconds of pictures, each with its sound behind. */
static GByteArray *
make_stream (const Row *row)
{
  static const guint8 head[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 2, 3,
    0, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65 };
  static const guint8 adts[] = { 0xff, 0xf1, 0x4c, 0x80, ADTS_SIZE >> 3,
    (ADTS_SIZE & 7) << 5 | 0x1f, 0xfc };
  GstArclyTsWriter *writer = gst_arcly_ts_writer_new ();
  GstArclyTsPmtEntry video = { .pid = 256, .type = 0x1b };
  GstArclyTsPmtEntry audio = { .pid = 257, .type = 0x0f };
  GByteArray *out = g_byte_array_new ();
  GstArclyTsStream *streams[2];
  static guint8 picture[MAX_PICTURE];
  guint8 sound[4 * ADTS_SIZE] = { 0 };
  guint i;

  memset (picture, 0xab, sizeof picture);
  memcpy (picture, head, sizeof head);
  for (i = 0; i < 4; i++)
    memcpy (sound + i * ADTS_SIZE, adts, sizeof adts);
  gst_arcly_ts_writer_set_timing (writer, 400 * MS, 40 * MS, row->lead_ms * MS);
  streams[0] = gst_arcly_ts_writer_add_stream (writer, &video, 0xe0);
  streams[1] = gst_arcly_ts_writer_add_stream (writer, &audio, 0xc0);
  for (i = 0; i < 50; i++) {
    put (writer, out, streams[0], picture, row->picture, i * 40 * MS, TRUE);
    put (writer, out, streams[1], sound, row->n_sounds * ADTS_SIZE, i * 40 * MS,
        FALSE);
  }
  gst_arcly_ts_writer_free (writer);
  return out;
}

static void
test_rows (void)
{
  const TsLimits any = { .pcr_interval_ms = 100 };
  const TsBufferLimits limits = { .audio_bytes = 3584,
    .video_bytes = 3750000,
    .transport_bytes = 512,
    .delay_ms = 1000 };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) ts = make_stream (&rows[i]);
    g_autoptr (TsReport) report = ts_check (ts->data, ts->len, &any);
    g_autoptr (GArray) buffers = NULL;
    guint before = report->problems->len;

    buffers = ts_check_buffers (ts->data, ts->len, report, &limits);
    g_test_message ("%s", rows[i].name);
    for (k = 0; k < report->problems->len; k++)
      g_test_message ("%s", (gchar *) g_ptr_array_index (report->problems, k));
    g_assert_cmpuint (buffers->len, ==, 2);
    if (rows[i].says)
      g_assert_true (ts_report_has (report, rows[i].says));
    else
      g_assert_cmpuint (report->problems->len, ==, before);
  }
}

/* What the good one has at once is what the lead lets in: four pictures, with
 * what carries them, and no byte waits longer than it. */
static void
test_numbers (void)
{
  const TsLimits any = { .pcr_interval_ms = 100 };
  const TsBufferLimits none = { 0 };
  g_autoptr (GByteArray) ts = make_stream (&rows[0]);
  g_autoptr (TsReport) report = ts_check (ts->data, ts->len, &any);
  g_autoptr (GArray) buffers =
      ts_check_buffers (ts->data, ts->len, report, &none);
  const TsBuffer *video = &g_array_index (buffers, TsBuffer, 0);

  g_assert_cmpuint (video->pid, ==, 256);
  g_assert_cmpuint (video->max_bytes, >=, 4 * 5000 - 1000);
  g_assert_cmpuint (video->max_bytes, <=, 4 * 5100);
  /* Slower than it leaks: never more than one packet. */
  g_assert_cmpuint (video->transport_bytes, ==, 188);
  g_assert_cmpint (video->max_delay / 27000, ==, 150);
  g_assert_cmpint (video->min_slack / 27000, >=, 110);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tsbuffers/rows", test_rows);
  g_test_add_func ("/tsbuffers/numbers", test_numbers);
  return g_test_run ();
}
