/* SPDX-License-Identifier: MIT
 *
 * Codecs whose samples are buffers as they come, and what their caps and their
 * first frames tell. */
#include "config.h"

#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4entry.h"
#include "gstarclyfmp4muxprobe.h"

#define OPUS_RATE 48000
/* RFC 7845, 4.2: what encoders usually need. */
#define OPUS_PRE_SKIP 312
/* AV1 Bitstream Specification, 5.3.1: a temporal delimiter without extension,
 * with a size of 0. */
#define AV1_DELIMITER_SIZE 2

static const struct {
  const gchar *media_type;
  GstArclyFmp4MuxCodec codec;
} codecs[] = {
  { "video/x-av1", GST_ARCLY_FMP4_MUX_AV1 },
  { "video/x-vp9", GST_ARCLY_FMP4_MUX_VP9 },
  { "audio/x-opus", GST_ARCLY_FMP4_MUX_OPUS },
  { "audio/x-flac", GST_ARCLY_FMP4_MUX_FLAC },
  { "audio/x-ac3", GST_ARCLY_FMP4_MUX_AC3 },
  { "audio/x-eac3", GST_ARCLY_FMP4_MUX_EAC3 },
};

/* All headers in caps, one after another; NULL if there are none. FLAC has them
 * in one or several buffers. */
static GBytes *
join_streamheaders (const GstStructure *s)
{
  const GValue *headers = gst_structure_get_value (s, "streamheader");
  GByteArray *joined = g_byte_array_new ();
  guint i;

  for (i = 0; headers && GST_VALUE_HOLDS_ARRAY (headers) &&
              i < gst_value_array_get_size (headers);
       i++) {
    const GValue *header = gst_value_array_get_value (headers, i);
    GstMapInfo map;

    if (!GST_VALUE_HOLDS_BUFFER (header) ||
        !gst_buffer_map (gst_value_get_buffer (header), &map, GST_MAP_READ))
      continue;
    g_byte_array_append (joined, map.data, map.size);
    gst_buffer_unmap (gst_value_get_buffer (header), &map);
  }
  if (joined->len > 0)
    return g_byte_array_free_to_bytes (joined);
  g_byte_array_unref (joined);
  return NULL;
}

static GBytes *
first_streamheader (const GstStructure *s)
{
  const GValue *headers = gst_structure_get_value (s, "streamheader");
  const GValue *first;
  gpointer data;
  gsize size;

  if (!headers || !GST_VALUE_HOLDS_ARRAY (headers) ||
      gst_value_array_get_size (headers) == 0)
    return NULL;
  first = gst_value_array_get_value (headers, 0);
  if (!GST_VALUE_HOLDS_BUFFER (first))
    return NULL;
  gst_buffer_extract_dup (gst_value_get_buffer (first), 0,
      gst_buffer_get_size (gst_value_get_buffer (first)), &data, &size);
  return g_bytes_new_take (data, size);
}

static gboolean
read_opus (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  GstArclyOpusConfig opus = { .pre_skip = OPUS_PRE_SKIP, .n_streams = 1 };
  gint channels = 2, family = 0, rate = OPUS_RATE;
  g_autoptr (GBytes) config = NULL;
  GstArclyFmp4AudioEntry entry = {
    .type = "Opus",
    .rate = OPUS_RATE,
    .config_type = "dOps",
  };
  g_autoptr (GBytes) head = first_streamheader (s);

  format->timescale = OPUS_RATE;
  if (head) {
    if (!gst_arcly_opus_head_parse (g_bytes_get_data (head, NULL),
            g_bytes_get_size (head), &opus, error))
      return FALSE;
  } else {
    gst_structure_get_int (s, "channels", &channels);
    gst_structure_get_int (s, "channel-mapping-family", &family);
    gst_structure_get_int (s, "rate", &rate);
    if (family != 0 || channels < 1 || channels > 2) {
      g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
          "Opus caps with more than two channels lack a streamheader");
      return FALSE;
    }
    opus.channels = channels;
    opus.n_coupled = channels - 1;
    opus.input_rate = MAX (rate, 0);
  }
  entry.channels = opus.channels;
  entry.config = config = gst_arcly_opus_config_to_bytes (&opus, error);
  if (!config)
    return FALSE;
  format->entry = gst_arcly_fmp4_audio_entry (&entry);
  return TRUE;
}

static gboolean
read_flac (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) config = NULL;
  GstArclyFmp4AudioEntry entry = { .type = "fLaC", .config_type = "dfLa" };
  g_autoptr (GBytes) headers = join_streamheaders (s);
  gint rate = 0, channels = 2;

  gst_structure_get_int (s, "rate", &rate);
  gst_structure_get_int (s, "channels", &channels);
  if (rate <= 0 || !headers) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "FLAC caps lack the sample rate or a streamheader");
    return FALSE;
  }
  config = gst_arcly_flac_config_new (
      g_bytes_get_data (headers, NULL), g_bytes_get_size (headers), error);
  if (!config)
    return FALSE;
  format->timescale = rate;
  entry.rate = rate;
  entry.channels = MAX (channels, 1);
  entry.config = config;
  format->entry = gst_arcly_fmp4_audio_entry (&entry);
  return TRUE;
}

/* Each frame's header tells the rest. */
static gboolean
read_dolby (
    GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  gint rate = 0;

  gst_structure_get_int (s, "rate", &rate);
  if (rate <= 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AC-3 caps lack the sample rate");
    return FALSE;
  }
  format->timescale = rate;
  return TRUE;
}

gboolean
gst_arcly_fmp4_mux_probe_caps (
    GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (!gst_structure_has_name (s, codecs[i].media_type))
      continue;
    format->codec = codecs[i].codec;
    switch (format->codec) {
      case GST_ARCLY_FMP4_MUX_OPUS:
        return read_opus (format, s, error);
      case GST_ARCLY_FMP4_MUX_FLAC:
        return read_flac (format, s, error);
      case GST_ARCLY_FMP4_MUX_AC3:
      case GST_ARCLY_FMP4_MUX_EAC3:
        return read_dolby (format, s, error);
      default:
        return TRUE;
    }
  }
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
      "%s has no place in MP4", gst_structure_get_name (s));
  return FALSE;
}

static GBytes *
video_entry (const GstArclyFmp4MuxFormat *format, const gchar *type,
    const gchar *config_type, GBytes *config, guint width, guint height)
{
  GstArclyFmp4VideoEntry entry = {
    .type = type,
    .width = MIN (width, G_MAXUINT16),
    .height = MIN (height, G_MAXUINT16),
    .par_n = format->par_n,
    .par_d = format->par_d,
    .config_type = config_type,
    .config = config,
  };

  return gst_arcly_fmp4_video_entry (&entry);
}

/* AV1 Codec ISO Media File Format Binding, 2.4: samples have no temporal
 * delimiters. */
static gboolean
probe_av1 (const GstArclyFmp4MuxFormat *format, const GstMapInfo *map,
    GstArclyFmp4MuxProbe *probe, GError **error)
{
  g_autoptr (GBytes) config = NULL;
  GstArclyAv1Sequence sequence;

  if (map->size >= AV1_DELIMITER_SIZE && map->data[0] == 0x12 &&
      map->data[1] == 0)
    probe->skip = AV1_DELIMITER_SIZE;
  probe->sync = gst_arcly_av1_is_random_access (map->data, map->size);
  if (!probe->sync)
    return TRUE;
  config = gst_arcly_av1_config_new (map->data, map->size, error);
  if (!config ||
      !gst_arcly_av1_sequence_parse (map->data, map->size, &sequence, error))
    return FALSE;
  probe->entry = video_entry (
      format, "av01", "av1C", config, sequence.width, sequence.height);
  return TRUE;
}

static gboolean
probe_vp9 (const GstArclyFmp4MuxFormat *format, const GstMapInfo *map,
    GstArclyFmp4MuxProbe *probe, GError **error)
{
  g_autoptr (GBytes) config = NULL;
  GstArclyVp9Frame frame;

  if (!gst_arcly_vp9_frame_parse (map->data, map->size, &frame, error))
    return FALSE;
  probe->sync = frame.key_frame;
  if (!probe->sync)
    return TRUE;
  frame.config.level = gst_arcly_vp9_level (frame.width, frame.height,
      format->duration > 0 ? GST_SECOND / 1000 : 0, format->duration / 1000);
  config = gst_arcly_vp9_config_to_bytes (&frame.config, error);
  if (!config)
    return FALSE;
  probe->entry =
      video_entry (format, "vp09", "vpcC", config, frame.width, frame.height);
  return TRUE;
}

static gboolean
probe_dolby (const GstArclyFmp4MuxFormat *format, const GstMapInfo *map,
    GstArclyFmp4MuxProbe *probe, GError **error)
{
  gboolean enhanced = format->codec == GST_ARCLY_FMP4_MUX_EAC3;
  g_autoptr (GBytes) config =
      enhanced ? gst_arcly_eac3_config_new (map->data, map->size, error)
               : gst_arcly_ac3_config_new (map->data, map->size, error);
  GstArclyFmp4AudioEntry entry = {
    .type = enhanced ? "ec-3" : "ac-3",
    .config_type = enhanced ? "dec3" : "dac3",
    .config = config,
  };
  GstArclyAc3Header header;

  if (!config ||
      !gst_arcly_ac3_header_parse (map->data, map->size, &header, error))
    return FALSE;
  entry.channels = header.channels;
  entry.rate = header.rate;
  probe->entry = gst_arcly_fmp4_audio_entry (&entry);
  return TRUE;
}

gboolean
gst_arcly_fmp4_mux_probe_unit (const GstArclyFmp4MuxFormat *format,
    const GstMapInfo *map, gboolean keyframe, GstArclyFmp4MuxProbe *probe,
    GError **error)
{
  *probe = (GstArclyFmp4MuxProbe){ .sync = keyframe };
  switch (format->codec) {
    case GST_ARCLY_FMP4_MUX_AV1:
      return probe_av1 (format, map, probe, error);
    case GST_ARCLY_FMP4_MUX_VP9:
      return probe_vp9 (format, map, probe, error);
    case GST_ARCLY_FMP4_MUX_AC3:
    case GST_ARCLY_FMP4_MUX_EAC3:
      return probe_dolby (format, map, probe, error);
    case GST_ARCLY_FMP4_MUX_OPUS:
      probe->duration = gst_util_uint64_scale (GST_SECOND,
          gst_arcly_opus_packet_samples (map->data, map->size), OPUS_RATE);
      return TRUE;
    default:
      return TRUE;
  }
}
