/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/pbutils/codec-utils.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclycodecpriv.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/gstarclyerror.h>

static const guint8 *
data_of (GBytes *bytes, gsize *size)
{
  *size = 0;
  return bytes ? g_bytes_get_data (bytes, size) : NULL;
}

/* An AudioSpecificConfig from an ADTS header. */
static GBytes *
config_of_adts (const guint8 *data, gsize size, GError **error)
{
  GstArclyAacConfig config = { .frame_samples = 1024 };
  GstArclyAdtsHeader header;

  if (!gst_arcly_adts_header_parse (data, size, &header, error))
    return NULL;
  config.object_type = header.object_type;
  config.rate = header.rate;
  config.channel_configuration = header.channel_configuration;
  return gst_arcly_aac_config_to_bytes (&config, error);
}

static gboolean
read_aac (GstArclyCodecInfo *info, const GstStructure *s, GBytes *config,
    GBytes *unit, GError **error)
{
  GstArclyAacConfig aac;
  const guint8 *data;
  gsize size;

  info->adts =
      g_strcmp0 (gst_structure_get_string (s, "stream-format"), "adts") == 0;
  if (config && !info->adts) {
    info->config = g_bytes_ref (config);
  } else if (unit && info->adts) {
    data = data_of (unit, &size);
    info->config = config_of_adts (data, size, error);
    if (!info->config)
      return FALSE;
  } else {
    return TRUE;
  }
  data = data_of (info->config, &size);
  if (!gst_arcly_aac_config_parse (data, size, &aac, error))
    return FALSE;
  info->rate = aac.rate;
  info->channels = aac.channels;
  info->frame_samples = aac.frame_samples;
  info->codec_string = gst_arcly_aac_codec_string (data, size, error);
  return info->codec_string != NULL;
}

/* ISO/IEC 14496-1, table of object types: 0x6b MPEG-1, 0x69 MPEG-2 audio. */
static gboolean
read_mpeg_audio (GstArclyCodecInfo *info, const GstStructure *s, GBytes *unit)
{
  GstArclyMpegAudioHeader header;
  gint version = 1;
  gsize size;
  const guint8 *data = data_of (unit, &size);

  gst_structure_get_int (s, "mpegaudioversion", &version);
  if (data && gst_arcly_mpeg_audio_header_parse (data, size, &header, NULL)) {
    version = header.version;
    info->rate = header.rate;
    info->channels = header.channels;
    info->frame_samples = header.frame_samples;
  }
  info->codec_string = g_strdup (version == 1 ? "mp4a.6B" : "mp4a.69");
  return TRUE;
}

/* By an OpusHead, or by what the caps say (pbutils knows how). */
static gboolean
read_opus (GstArclyCodecInfo *info, const GstStructure *s, GBytes *config,
    GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_new_full (gst_structure_copy (s), NULL);
  GstArclyOpusConfig opus = { 0 };
  guint8 mapping[256] = { 0 };
  gsize size;
  const guint8 *data = data_of (config, &size);

  info->codec_string = g_strdup ("Opus");
  info->rate = 48000; /* of its timestamps, whatever went in */
  if (data) {
    if (!gst_arcly_opus_head_parse (data, size, &opus, error))
      return FALSE;
  } else {
    /* pbutils takes a missing field for the programmer's mistake. */
    if (!gst_structure_has_field_typed (
            s, "channel-mapping-family", G_TYPE_INT) ||
        !gst_codec_utils_opus_parse_caps (caps, &opus.input_rate,
            &opus.channels, &opus.mapping_family, &opus.n_streams,
            &opus.n_coupled, mapping))
      return TRUE;
    memcpy (opus.mapping, mapping, sizeof opus.mapping);
  }
  info->channels = opus.channels;
  info->config = gst_arcly_opus_config_to_bytes (&opus, error);
  return info->config != NULL;
}

static gboolean
read_ac3 (GstArclyCodecInfo *info, GBytes *unit, GError **error)
{
  GstArclyAc3Header header;
  gsize size;
  const guint8 *data = data_of (unit, &size);
  gboolean enhanced = info->codec == GST_ARCLY_CODEC_EAC3;

  info->codec_string = g_strdup (enhanced ? "ec-3" : "ac-3");
  if (!data)
    return TRUE;
  if (!gst_arcly_ac3_header_parse (data, size, &header, error))
    return FALSE;
  info->rate = header.rate;
  info->channels = header.channels;
  info->frame_samples = header.frame_samples;
  info->config = enhanced ? gst_arcly_eac3_config_new (data, size, error)
                          : gst_arcly_ac3_config_new (data, size, error);
  return info->config != NULL;
}

static gboolean
read_flac (GstArclyCodecInfo *info, GBytes *config, GError **error)
{
  GstArclyFlacInfo flac;
  gsize size;
  const guint8 *data = data_of (config, &size);

  info->codec_string = g_strdup ("fLaC");
  if (!data)
    return TRUE;
  info->config = gst_arcly_flac_config_new (data, size, error);
  if (!info->config)
    return FALSE;
  data = data_of (info->config, &size);
  if (!gst_arcly_flac_config_parse (data, size, &flac, error))
    return FALSE;
  info->rate = flac.rate;
  info->channels = flac.channels;
  info->bit_depth = flac.bits;
  if (flac.min_block == flac.max_block)
    info->frame_samples = flac.max_block;
  return TRUE;
}

gboolean
gst_arcly_codec_read_audio (GstArclyCodecInfo *info, const GstStructure *s,
    GBytes *config, GBytes *unit, GError **error)
{
  switch ((guint) info->codec) {
    case GST_ARCLY_CODEC_AAC:
      return read_aac (info, s, config, unit, error);
    case GST_ARCLY_CODEC_OPUS:
      return read_opus (info, s, config, error);
    case GST_ARCLY_CODEC_AC3:
    case GST_ARCLY_CODEC_EAC3:
      return read_ac3 (info, unit, error);
    case GST_ARCLY_CODEC_FLAC:
      return read_flac (info, config, error);
    default:
      return read_mpeg_audio (info, s, unit);
  }
}
