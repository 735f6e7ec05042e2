/* SPDX-License-Identifier: MIT
 *
 * AC-3, E-AC-3, FLAC and Opus. First byte: which; the rest is it. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_ac3 (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) dac3 = NULL;
  g_autoptr (GBytes) dec3 = NULL;
  GstArclyAc3Header header, again;
  gboolean ok = gst_arcly_ac3_header_parse (data, size, &header, NULL);

  dac3 = gst_arcly_ac3_config_new (data, size, NULL);
  dec3 = gst_arcly_eac3_config_new (data, size, NULL);
  g_assert ((dac3 != NULL) == (ok && !header.enhanced));
  g_assert (ok || !dec3);
  if (!ok)
    return;
  g_assert (header.rate > 0 && header.frame_size > 0);
  g_assert (header.channels >= 1 && header.channels <= 6);
  g_assert (header.frame_samples >= 256 && header.frame_samples <= 6 * 256);
  if (!dac3)
    return;
  data = g_bytes_get_data (dac3, &size);
  g_assert (gst_arcly_ac3_config_parse (data, size, &again, NULL));
  g_assert (again.rate == header.rate && again.channels == header.channels &&
            again.bitrate == header.bitrate);
}

static void
read_opus (const guint8 *data, gsize size, gboolean head)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyOpusConfig config, again;
  gboolean ok = head
                    ? gst_arcly_opus_head_parse (data, size, &config, &error)
                    : gst_arcly_opus_config_parse (data, size, &config, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  bytes = gst_arcly_opus_config_to_bytes (&config, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert (gst_arcly_opus_config_parse (data, size, &again, NULL));
  g_assert (again.channels == config.channels &&
            again.pre_skip == config.pre_skip &&
            again.input_rate == config.input_rate &&
            again.output_gain == config.output_gain &&
            memcmp (again.mapping, config.mapping, 255) == 0);
}

static void
read_flac (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = gst_arcly_flac_config_new (data, size, NULL);
  GstArclyFlacInfo info;

  gst_arcly_flac_config_parse (data, size, &info, NULL);
  if (!bytes)
    return;
  data = g_bytes_get_data (bytes, &size);
  g_assert (gst_arcly_flac_config_parse (data, size, &info, NULL));
  g_assert (info.rate > 0 && info.channels >= 1 && info.channels <= 8);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyAc3Header header;

  if (size < 1)
    return 0;
  switch (data[0] % 4) {
    case 0:
      read_ac3 (data + 1, size - 1);
      gst_arcly_ac3_config_parse (data + 1, size - 1, &header, NULL);
      gst_arcly_eac3_config_parse (data + 1, size - 1, &header, NULL);
      break;
    case 1:
      read_opus (data + 1, size - 1, TRUE);
      g_assert (gst_arcly_opus_packet_samples (data + 1, size - 1) <= 5760);
      break;
    case 2:
      read_opus (data + 1, size - 1, FALSE);
      break;
    default:
      read_flac (data + 1, size - 1);
      break;
  }
  return 0;
}
