/* SPDX-License-Identifier: MIT
 *
 * First byte: what to read and how; the rest is it. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_sps (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyH264Sps sps;
  gboolean ok = gst_arcly_h264_sps_parse (data, size, &sps, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  g_assert (sps.width > 0 && sps.width <= 16880);
  g_assert (sps.height > 0 && sps.height <= 2 * 16880);
  g_assert (sps.id <= 31 && sps.chroma_format_idc <= 3);
  g_assert ((sps.fps_n == 0) == (sps.fps_d == 0));
  g_assert ((sps.par_n == 0) == (sps.par_d == 0));
  g_assert (gst_arcly_h264_sps_reorder_depth (&sps) <= 16);
}

/* What was read is written, and reads the same. */
static void
read_config (const guint8 *data, gsize size)
{
  g_autoptr (GstArclyH264Config) config = NULL;
  g_autoptr (GstArclyH264Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = gst_arcly_h264_codec_string (data, size, NULL);
  const guint8 *written;
  gsize written_size;
  guint i;

  config = gst_arcly_h264_config_parse (data, size, &error);
  g_assert ((config == NULL) == (error != NULL));
  if (!config)
    return;
  g_assert (codec != NULL);
  bytes = gst_arcly_h264_config_to_bytes (config, NULL);
  if (!bytes)
    return;
  written = g_bytes_get_data (bytes, &written_size);
  again = gst_arcly_h264_config_parse (written, written_size, &error);
  g_assert_no_error (error);
  g_assert (gst_arcly_h264_config_get_n_sps (again) ==
            gst_arcly_h264_config_get_n_sps (config));
  g_assert (gst_arcly_h264_config_get_n_pps (again) ==
            gst_arcly_h264_config_get_n_pps (config));
  for (i = 0; i < gst_arcly_h264_config_get_n_pps (config); i++)
    g_assert (g_bytes_equal (gst_arcly_h264_config_get_pps (config, i),
        gst_arcly_h264_config_get_pps (again, i)));
}

static void
walk (const guint8 *data, gsize size, guint length_size)
{
  GstArclyH264NalIter iter;
  const guint8 *end = data;
  const guint8 *nal;
  gsize nal_size;

  gst_arcly_h264_nal_iter_init (&iter, data, size, length_size);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    /* Never empty, never back, never outside. */
    g_assert (nal_size > 0 && nal >= end && nal + nal_size <= data + size);
    end = nal + nal_size;
    g_assert (gst_arcly_h264_slice_type (nal, nal_size) <= 4);
    gst_arcly_h264_sei_has_recovery_point (nal, nal_size);
  }
  gst_arcly_h264_is_random_access (data, size, length_size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint length_sizes[] = { 0, 1, 2, 4 };

  if (size < 1)
    return 0;
  if (data[0] % 6 == 0)
    read_sps (data + 1, size - 1);
  else if (data[0] % 6 == 1)
    read_config (data + 1, size - 1);
  else
    walk (data + 1, size - 1, length_sizes[data[0] % 6 - 2]);
  return 0;
}
