/* SPDX-License-Identifier: MIT
 *
 * Access units of any bytes from one packaging into another: what comes out are
 * the NAL units that went in, less those that were to be left out. The first
 * byte is the codec, the packagings and the flags. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/codec/gstarclynal.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const guint lengths[] = { 0, 1, 2, 4 };

/* Each unit of the result, in order, is one of the source; with nothing left
 * out, all of them are there. */
static void
check (const uint8_t *data, size_t size, guint from, const GstMapInfo *out,
    guint to, gboolean all)
{
  GstArclyNalIter source, result;
  const guint8 *nal, *same;
  gsize nal_size, same_size;

  gst_arcly_nal_iter_init (&source, data, size, from);
  gst_arcly_nal_iter_init (&result, out->data, out->size, to);
  while (gst_arcly_nal_iter_next (&result, &nal, &nal_size)) {
    gboolean found = FALSE;

    while (!found && gst_arcly_nal_iter_next (&source, &same, &same_size)) {
      found = same_size == nal_size && memcmp (same, nal, nal_size) == 0;
      g_assert (found || !all);
    }
    g_assert (found);
  }
  g_assert (!result.malformed);
  g_assert (!all || !gst_arcly_nal_iter_next (&source, &same, &same_size));
}

/* A unit of lengths may hold what a byte stream takes for a start code: no
 * encoder makes it, and nothing can be said of it behind. */
static gboolean
has_start_code (const uint8_t *data, size_t size, guint from)
{
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize n, i;

  gst_arcly_nal_iter_init (&iter, data, size, from);
  while (gst_arcly_nal_iter_next (&iter, &nal, &n)) {
    for (i = 0; i + 3 <= n; i++) {
      if (nal[i] == 0 && nal[i + 1] == 0 && nal[i + 2] <= 1)
        return TRUE;
    }
    if (nal[n - 1] == 0)
      return TRUE;
  }
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GstBuffer) in = NULL;
  g_autoptr (GstBuffer) out = NULL;
  GError *error = NULL;
  GstArclyNalFlags flags;
  GstArclyCodec codec;
  guint from, to;
  GstMapInfo map;

  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  if (size < 1)
    return 0;
  codec = GST_ARCLY_CODEC_H264 + (data[0] & 3) % 3;
  from = lengths[data[0] >> 2 & 3];
  to = lengths[data[0] >> 4 & 3];
  flags = data[0] >> 6;
  data++;
  size--;
  in = size > 0 ? gst_buffer_new_memdup (data, size) : gst_buffer_new ();
  GST_BUFFER_PTS (in) = 1;
  out = gst_arcly_nal_convert (in, codec, from, to, flags, &error);
  g_assert ((out == NULL) == (error != NULL));
  g_clear_error (&error);
  if (!out)
    return 0;
  g_assert (GST_BUFFER_PTS (out) == 1);
  g_assert (gst_buffer_n_memory (out) <= gst_buffer_get_max_memory ());
  if (out == in || (to == 0 && has_start_code (data, size, from)))
    return 0;
  g_assert (gst_buffer_map (out, &map, GST_MAP_READ));
  check (data, size, from, &map, to, flags == GST_ARCLY_NAL_KEEP_ALL);
  gst_buffer_unmap (out, &map);
  return 0;
}
