/* SPDX-License-Identifier: MIT
 *
 * Access units of any bytes, at any times, read, placed, written as fragments
 * and checked: what is written has no fault that the checker knows, and each
 * sample has the bytes that were read. The first byte is the packaging (two
 * bits: byte stream or lengths) and the codec; each unit is five bytes (flags,
 * two of size, two of time) and its content. */
#include <stdint.h>
#include <string.h>

#include "fmp4checker.h"
#include "fmp4entry.h"
#include "fmp4init.h"
#include "fmp4nal.h"
#include "fmp4timeline.h"

#define MAX_UNITS 64
#define MS G_GINT64_CONSTANT (1000000)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  GstArclyFmp4Nal *nal;
  GArray *pieces;
  GstArclyFmp4Timeline line;
  GByteArray *mdat; /* of the open fragment */
  GByteArray *all;  /* of all samples */
  GByteArray *out;
  guint32 sequence;
} Fuzz;

static void
fuzz_init (Fuzz *f, guint8 how)
{
  /* avcC, hvcC and vvcC without sets; where the length of lengths goes. */
  static const guint8 records[3][23] = { { 1, 66, 0, 30, 0xfc, 0xe0, 0 },
    { 1, [13] = 0xf0, [15] = 0xfc, [21] = 0x0c }, { 0xf8, 0 } };
  static const guint sizes[] = { 7, 23, 2 };
  static const guint at[] = { 4, 21, 0 };
  static const guint lengths[] = { 0, 1, 2, 4 };
  guint codec = how & 32 ? 2 : how >> 2 & 1;
  guint length = lengths[how & 3];
  g_autoptr (GBytes) record = NULL;
  guint8 copy[23];

  *f = (Fuzz){ 0 };
  if (length > 0) {
    memcpy (copy, records[codec], sizeof copy);
    copy[at[codec]] |= (length - 1) << (codec == 2);
    record = g_bytes_new (copy, sizes[codec]);
  }
  f->nal = gst_arcly_fmp4_nal_new (
      (GstArclyFmp4NalCodec) codec, record, (how & 16) != 0, NULL);
  g_assert (f->nal);
  f->pieces = g_array_new (FALSE, FALSE, sizeof (GstArclyFmp4Piece));
  gst_arcly_fmp4_timeline_init (&f->line, 90000, (how & 8) != 0);
  f->mdat = g_byte_array_new ();
  f->all = g_byte_array_new ();
  f->out = g_byte_array_new ();
}

static void
fuzz_clear (Fuzz *f)
{
  gst_arcly_fmp4_nal_free (f->nal);
  g_array_unref (f->pieces);
  gst_arcly_fmp4_timeline_clear (&f->line);
  g_byte_array_unref (f->mdat);
  g_byte_array_unref (f->all);
  g_byte_array_unref (f->out);
}

/* The NAL units' lengths are not the checker's to know: the entry is none of
 * theirs. */
static void
put_init (Fuzz *f)
{
  g_autoptr (GBytes) config = g_bytes_new_static ("\0\0\0\0", 4);
  const GstArclyFmp4VideoEntry entry = {
    .type = "fuzz",
    .width = 16,
    .height = 16,
    .config_type = "av1C",
    .config = config,
  };
  g_autoptr (GBytes) bytes = gst_arcly_fmp4_video_entry (&entry);
  GstArclyFmp4Track track = {
    .id = 1,
    .is_video = TRUE,
    .timescale = 90000,
    .width = 16,
    .height = 16,
    .entry = bytes,
    .media_start = f->line.shift,
  };
  g_autoptr (GBytes) init = gst_arcly_fmp4_write_init (NULL, &track, 1);

  g_byte_array_append (
      f->out, g_bytes_get_data (init, NULL), g_bytes_get_size (init));
}

static void
end_fragment (Fuzz *f)
{
  GstArclyFmp4Run run = { .track_id = 1 };

  gst_arcly_fmp4_timeline_settle (&f->line, 0);
  if (f->out->len == 0)
    put_init (f);
  if (!gst_arcly_fmp4_timeline_take (&f->line, 0, &run))
    return;
  gst_arcly_fmp4_put_fragment (f->out, ++f->sequence, &run, 1);
  g_byte_array_append (f->out, f->mdat->data, f->mdat->len);
  g_byte_array_set_size (f->mdat, 0);
}

static void
add_bytes (Fuzz *f, const guint8 *data, gsize size)
{
  g_byte_array_append (f->mdat, data, size);
  g_byte_array_append (f->all, data, size);
}

static void
add_sample (Fuzz *f, const guint8 *data, const GstArclyFmp4Sized *sample)
{
  gsize before = f->mdat->len;
  guint i;

  for (i = 0; i < f->pieces->len; i++) {
    const GstArclyFmp4Piece *piece =
        &g_array_index (f->pieces, GstArclyFmp4Piece, i);
    guint32 length = GUINT32_TO_BE (piece->size);

    if (piece->prefix)
      add_bytes (f, (const guint8 *) &length, 4);
    add_bytes (f, data + piece->offset, piece->size);
  }
  g_assert (f->mdat->len - before == sample->size);
}

static void
take_unit (Fuzz *f, guint8 flags, const guint8 *data, gsize size, gint64 dts)
{
  GstArclyFmp4Sized sample = { .pieces = f->pieces };
  GstArclyFmp4Place place = {
    .dts = dts,
    .pts = dts + (flags >> 4) * 40 * MS,
    .duration = flags & 8 ? 40 * MS : MS,
    .cut = (flags & 4) != 0,
  };
  GError *error = NULL;
  gboolean ok =
      gst_arcly_fmp4_nal_read (f->nal, data, size, flags & 1, &sample, &error);

  g_assert (ok == (error == NULL));
  g_clear_error (&error);
  if (!ok)
    return;
  gst_arcly_fmp4_timeline_place (&f->line, &place);
  if (place.hole || flags & 2)
    end_fragment (f);
  add_sample (f, data, &sample);
  gst_arcly_fmp4_timeline_add (&f->line, &place, sample.size,
      sample.sync ? GST_ARCLY_FMP4_SYNC : GST_ARCLY_FMP4_NO_SYNC);
}

static void
check (Fuzz *f)
{
  const Fmp4Limits limits = { .chunks = TRUE, .holes = TRUE };
  g_autoptr (Fmp4Report) report =
      fmp4_check (f->out->data, f->out->len, &limits);
  gsize pos = 0;
  guint i;

  g_assert (report->problems->len == 0);
  for (i = 0; i < report->samples->len; i++) {
    const Fmp4Sample *sample = &g_array_index (report->samples, Fmp4Sample, i);

    g_assert (pos + sample->size <= f->all->len);
    g_assert (memcmp (sample->data, f->all->data + pos, sample->size) == 0);
    pos += sample->size;
  }
  g_assert (pos == f->all->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const Fmp4Limits limits = { 0 };
  gint64 dts = -100 * MS;
  guint n;
  Fuzz f;

  /* The checker itself takes any bytes. */
  fmp4_report_free (fmp4_check (data, size, &limits));
  if (size < 1)
    return 0;
  fuzz_init (&f, data[0]);
  data++;
  size--;
  for (n = 0; size >= 5 && n < MAX_UNITS; n++) {
    gsize length = MIN ((gsize) (data[1] << 8 | data[2]), size - 5);

    dts += (data[3] << 8 | data[4]) * MS / 4 + MS;
    take_unit (&f, data[0], data + 5, length, dts);
    data += 5 + length;
    size -= 5 + length;
  }
  if (f.line.samples->len > 0 || f.out->len > 0) {
    end_fragment (&f);
    check (&f);
  }
  fuzz_clear (&f);
  return 0;
}
