/* SPDX-License-Identifier: MIT
 *
 * What can be read is written, and reads the same; parts stay within the
 * message, in order. */
#include <stdint.h>
#include <string.h>

#include "flvenhanced.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  GstArclyFlvEx message;
  GArray *parts; /* (element-type GstArclyFlvExPart) */
} Read;

static gboolean
read_message (
    Read *read, GstArclyFlvExKind kind, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyFlvExPart part;
  gsize pos = 0;

  read->parts = g_array_new (FALSE, FALSE, sizeof part);
  if (!gst_arcly_flv_ex_parse (&read->message, kind, data, size, &error)) {
    g_assert (error && g_utf8_validate (error->message, -1, NULL));
    return FALSE;
  }
  g_assert (read->message.nanoseconds <= GST_ARCLY_FLV_EX_MAX_NANOSECONDS);
  while (gst_arcly_flv_ex_next (&read->message, &part, &error)) {
    g_assert (part.payload_offset >= pos && part.payload_offset <= size);
    g_assert (part.payload_size <= size - part.payload_offset);
    g_assert (part.composition_time >= -0x800000 &&
              part.composition_time <= 0x7fffff);
    pos = part.payload_offset + part.payload_size;
    g_array_append_val (read->parts, part);
  }
  g_assert (error || read->message.packet == GST_ARCLY_FLV_EX_COMMAND ||
            (pos == size && read->parts->len > 0));
  return error == NULL;
}

static GByteArray *
write_message (const Read *read, const guint8 *data)
{
  g_autoptr (GArray) sources =
      g_array_new (FALSE, FALSE, sizeof (GstArclyFlvExSource));
  GByteArray *out = g_byte_array_new ();
  guint i;

  for (i = 0; i < read->parts->len; i++) {
    const GstArclyFlvExPart *part =
        &g_array_index (read->parts, GstArclyFlvExPart, i);
    GstArclyFlvExSource source = { part->fourcc, part->track_id,
      part->composition_time, data + part->payload_offset, part->payload_size };

    g_array_append_val (sources, source);
  }
  gst_arcly_flv_ex_write (out, &read->message,
      (const GstArclyFlvExSource *) sources->data, sources->len);
  return out;
}

static void
check_same (
    const Read *a, const guint8 *a_data, const Read *b, const guint8 *b_data)
{
  guint i;

  g_assert (a->message.packet == b->message.packet);
  g_assert (a->message.tracks == b->message.tracks);
  g_assert (a->message.frame_type == b->message.frame_type);
  g_assert (a->message.command == b->message.command);
  g_assert (a->message.nanoseconds == b->message.nanoseconds);
  g_assert (a->parts->len == b->parts->len);
  for (i = 0; i < a->parts->len; i++) {
    const GstArclyFlvExPart *p =
        &g_array_index (a->parts, GstArclyFlvExPart, i);
    const GstArclyFlvExPart *q =
        &g_array_index (b->parts, GstArclyFlvExPart, i);

    g_assert (p->fourcc == q->fourcc && p->track_id == q->track_id);
    g_assert (p->composition_time == q->composition_time);
    g_assert (p->payload_size == q->payload_size);
    g_assert (memcmp (a_data + p->payload_offset, b_data + q->payload_offset,
                  p->payload_size) == 0);
  }
}

static void
check (GstArclyFlvExKind kind, const guint8 *data, gsize size)
{
  Read first = { 0 }, again = { 0 };

  if (!gst_arcly_flv_ex_is (kind, data, size))
    return;
  if (read_message (&first, kind, data, size)) {
    g_autoptr (GByteArray) written = write_message (&first, data);
    gboolean ok = read_message (&again, kind, written->data, written->len);

    g_assert (ok && written->len <= size + 6);
    check_same (&first, data, &again, written->data);
    g_array_unref (again.parts);
  }
  g_array_unref (first.parts);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  check (GST_ARCLY_FLV_EX_VIDEO, data, size);
  check (GST_ARCLY_FLV_EX_AUDIO, data, size);
  return 0;
}
