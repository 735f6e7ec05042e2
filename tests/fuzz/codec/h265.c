/* SPDX-License-Identifier: MIT
 *
 * H.265 and H.266. First byte: what to read and how; the rest is it. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/gstarclyerror.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_sps (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyH265Sps sps;
  gboolean ok = gst_arcly_h265_sps_parse (data, size, &sps, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  g_assert (sps.width > 0 && sps.width <= 65535);
  g_assert (sps.height > 0 && sps.height <= 65535);
  g_assert (sps.id <= 15 && sps.chroma_format_idc <= 3);
  g_assert (sps.max_sub_layers >= 1 && sps.max_sub_layers <= 7);
  g_assert (sps.max_num_reorder_pics <= 16);
  g_assert (sps.min_spatial_segmentation_idc <= 4095);
  g_assert ((sps.fps_n == 0) == (sps.fps_d == 0));
  g_assert ((sps.par_n == 0) == (sps.par_d == 0));
}

static void
read_sps_266 (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GstArclyH266Sps sps;
  gboolean ok = gst_arcly_h266_sps_parse (data, size, &sps, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  g_assert (sps.width > 0 && sps.width <= sps.max_width);
  g_assert (sps.height > 0 && sps.height <= sps.max_height);
  g_assert (sps.n_constraints >= 1 && sps.n_constraints <= 63);
  g_assert (sps.bit_depth >= 8 && sps.bit_depth <= 15);
}

/* What was read is written, and reads the same. */
static void
read_config (const guint8 *data, gsize size)
{
  g_autoptr (GstArclyH265Config) config = NULL;
  g_autoptr (GstArclyH265Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = gst_arcly_h265_codec_string (data, size, NULL);
  const guint8 *written;
  gsize written_size;
  guint type, i;

  config = gst_arcly_h265_config_parse (data, size, &error);
  g_assert ((config == NULL) == (error != NULL));
  if (!config)
    return;
  g_assert (codec != NULL);
  bytes = gst_arcly_h265_config_to_bytes (config, data[0] & 1, NULL);
  if (!bytes)
    return;
  written = g_bytes_get_data (bytes, &written_size);
  again = gst_arcly_h265_config_parse (written, written_size, &error);
  g_assert_no_error (error);
  for (type = 32; type <= 40; type++) {
    guint n = gst_arcly_h265_config_get_n_nals (config, type);

    g_assert (gst_arcly_h265_config_get_n_nals (again, type) == n);
    for (i = 0; i < n; i++)
      g_assert (g_bytes_equal (gst_arcly_h265_config_get_nal (config, type, i),
          gst_arcly_h265_config_get_nal (again, type, i)));
  }
}

static void
read_config_266 (const guint8 *data, gsize size)
{
  g_autoptr (GstArclyH266Config) config = NULL;
  g_autoptr (GstArclyH266Config) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *codec = NULL;
  const guint8 *written;
  gsize written_size;
  guint type;

  config = gst_arcly_h266_config_parse (data, size, &error);
  g_assert ((config == NULL) == (error != NULL));
  /* A shorter look at the same bytes, which may go wrong where that did not. */
  codec = gst_arcly_h266_codec_string (data, size, NULL);
  if (!config)
    return;
  bytes = gst_arcly_h266_config_to_bytes (config, TRUE, NULL);
  if (!bytes)
    return;
  written = g_bytes_get_data (bytes, &written_size);
  again = gst_arcly_h266_config_parse (written, written_size, &error);
  g_assert_no_error (error);
  for (type = 12; type < 24; type++)
    g_assert (gst_arcly_h266_config_get_n_nals (config, type) ==
              gst_arcly_h266_config_get_n_nals (again, type));
  g_free (codec);
  codec = gst_arcly_h266_codec_string (written, written_size, &error);
  g_assert_no_error (error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint length_sizes[] = { 0, 1, 2, 4 };

  if (size < 1)
    return 0;
  switch (data[0] % 8) {
    case 0:
      read_sps (data + 1, size - 1);
      break;
    case 1:
      read_sps_266 (data + 1, size - 1);
      break;
    case 2:
      read_config (data + 1, size - 1);
      break;
    case 3:
      read_config_266 (data + 1, size - 1);
      break;
    default:
      gst_arcly_h265_is_random_access (
          data + 1, size - 1, length_sizes[data[0] % 8 - 4]);
      gst_arcly_h266_is_random_access (
          data + 1, size - 1, length_sizes[data[0] % 8 - 4]);
      break;
  }
  return 0;
}
