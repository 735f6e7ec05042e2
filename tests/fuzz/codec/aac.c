/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/gstarclyerror.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_config (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GstArclyAacConfig config, again;
  guint8 header[GST_ARCLY_ADTS_HEADER_SIZE];
  GstArclyAdtsHeader adts;
  gboolean ok = gst_arcly_aac_config_parse (data, size, &config, &error);

  g_assert (ok == (error == NULL));
  if (!ok)
    return;
  g_assert (config.object_type > 0 && config.rate > 0);
  g_assert (
      (config.extension_object_type == 0) == (config.extension_rate == 0));
  bytes = gst_arcly_aac_config_to_bytes (&config, NULL);
  if (bytes) {
    const guint8 *written = g_bytes_get_data (bytes, &size);

    ok = gst_arcly_aac_config_parse (written, size, &again, NULL);
    g_assert (ok && again.object_type == config.object_type &&
              again.rate == config.rate &&
              again.extension_rate == config.extension_rate &&
              again.channels == config.channels &&
              again.frame_samples == config.frame_samples);
  }
  if (gst_arcly_adts_header_write (&config, 100, header, NULL)) {
    ok = gst_arcly_adts_header_parse (header, sizeof header, &adts, NULL);
    g_assert (ok && adts.rate == config.rate && adts.frame_size == 107);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyAdtsHeader adts;
  GstArclyMpegAudioHeader mpeg;

  read_config (data, size);
  if (gst_arcly_adts_header_parse (data, size, &adts, NULL))
    g_assert (adts.rate > 0 && adts.frame_size >= adts.header_size);
  if (gst_arcly_mpeg_audio_header_parse (data, size, &mpeg, NULL))
    g_assert (mpeg.rate > 0 && mpeg.frame_samples > 0);
  return 0;
}
