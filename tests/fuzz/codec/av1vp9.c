/* SPDX-License-Identifier: MIT
 *
 * AV1 and VP9. First byte: which, and what of it; the rest is it. */
#include <stdint.h>

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclyobu.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
walk (const guint8 *data, gsize size)
{
  GstArclyObuIter iter;
  GstArclyObu obu;
  gsize sum = 0;

  gst_arcly_obu_iter_init (&iter, data, size);
  while (gst_arcly_obu_iter_next (&iter, &obu)) {
    g_assert (obu.size > 0 && obu.data == data + sum);
    sum += obu.size;
    g_assert (sum <= size);
    g_assert (obu.payload + obu.payload_size == data + sum);
  }
  g_assert (iter.malformed || sum == size);
  gst_arcly_av1_is_random_access (data, size);
}

/* av1C tells what the sequence header tells. */
static void
read_sequence (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) config = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  GstArclyAv1Sequence sequence, again;
  gboolean ok = gst_arcly_av1_sequence_parse (data, size, &sequence, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  g_assert (sequence.width > 0 && sequence.height > 0);
  g_assert ((sequence.fps_n == 0) == (sequence.fps_d == 0));
  config = gst_arcly_av1_config_new (data, size, NULL);
  if (!config)
    return;
  data = g_bytes_get_data (config, &size);
  g_assert (gst_arcly_av1_config_parse (data, size, &again, NULL));
  g_assert (again.width == sequence.width && again.fps_n == sequence.fps_n &&
            again.level_idx == sequence.level_idx &&
            again.full_range == sequence.full_range);
  codec = gst_arcly_av1_codec_string (data, size, NULL);
  g_assert (g_str_has_prefix (codec, "av01."));
}

static void
read_config (const guint8 *data, gsize size)
{
  GstArclyAv1Sequence sequence;
  GstArclyVp9Config vp9;
  g_autofree gchar *codec = NULL;

  gst_arcly_av1_config_parse (data, size, &sequence, NULL);
  codec = gst_arcly_vp9_codec_string (data, size, NULL);
  g_assert (
      (codec != NULL) == gst_arcly_vp9_config_parse (data, size, &vp9, NULL));
}

static void
read_vp9 (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) config = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyVp9Frame frame;
  GstArclyVp9Config again;
  gboolean ok = gst_arcly_vp9_frame_parse (data, size, &frame, &error);

  g_assert (ok == (error == NULL));
  g_assert (
      gst_arcly_vp9_is_random_access (data, size) == (ok && frame.key_frame));
  if (!ok || !frame.key_frame)
    return;
  g_assert (frame.width > 0 && frame.height > 0);
  frame.config.level = gst_arcly_vp9_level (frame.width, frame.height, 30, 1);
  config = gst_arcly_vp9_config_to_bytes (&frame.config, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (config, &size);
  g_assert (gst_arcly_vp9_config_parse (data, size, &again, NULL));
  written = gst_arcly_vp9_config_to_bytes (&again, &error);
  g_assert (g_bytes_equal (written, config));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  switch (data[0] % 4) {
    case 0:
      walk (data + 1, size - 1);
      break;
    case 1:
      read_sequence (data + 1, size - 1);
      break;
    case 2:
      read_config (data + 1, size - 1);
      break;
    default:
      read_vp9 (data + 1, size - 1);
      break;
  }
  return 0;
}
