/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/gstarclyerror.h>

#include "gstarclytsmuxformat.h"
#include "mpegtsnal.h"

/* ISO/IEC 13818-1, table 2-22. */
#define STREAM_ID_PRIVATE 0xbd
#define STREAM_ID_AUDIO 0xc0
#define STREAM_ID_VIDEO 0xe0
/* A section has none. */
#define STREAM_ID_NONE 0xff

/* ETSI EN 300 468, 6.2.16, and "Opus in MPEG-TS". */
#define EXTENSION_DESCRIPTOR 0x7f
#define OPUS_EXTENSION 0x80

GstArclyTsMuxFormat *
gst_arcly_ts_mux_format_ref (GstArclyTsMuxFormat *format)
{
  return g_atomic_rc_box_acquire (format);
}

static void
format_clear (gpointer data)
{
  GstArclyTsMuxFormat *format = data;

  g_clear_pointer (&format->sets, g_ptr_array_unref);
  gst_clear_caps (&format->caps);
}

void
gst_arcly_ts_mux_format_unref (GstArclyTsMuxFormat *format)
{
  g_atomic_rc_box_release_full (format, format_clear);
}

static GBytes *
codec_data (const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");
  GstBuffer *buffer;
  gpointer data;
  gsize size;

  if (!value || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  buffer = gst_value_get_buffer (value);
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

/* The depth of reordering that an SPS tells; -1 if it cannot be read, which a
 * decoder still may. */
static gint
sps_depth (GstArclyTsMuxFormat *format, const guint8 *nal, gsize size)
{
  GstArclyH264Sps h264;
  GstArclyH265Sps h265;
  guint fps_n, fps_d;
  gint depth;

  if (format->codec == GST_ARCLY_TS_MUX_H264) {
    if (!gst_arcly_h264_sps_parse (nal, size, &h264, NULL))
      return -1;
    depth = gst_arcly_h264_sps_reorder_depth (&h264);
    fps_n = h264.fps_n;
    fps_d = h264.fps_d;
  } else {
    if (!gst_arcly_h265_sps_parse (nal, size, &h265, NULL))
      return -1;
    depth = h265.max_num_reorder_pics;
    fps_n = h265.fps_n;
    fps_d = h265.fps_d;
  }
  if (fps_n > 0 && format->duration == 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, fps_d, fps_n);
  return depth;
}

static void
add_set (GstArclyTsMuxFormat *format, GBytes *set)
{
  gsize size;
  const guint8 *nal = g_bytes_get_data (set, &size);

  g_ptr_array_add (format->sets, g_bytes_ref (set));
  if (format->depth < 0 &&
      gst_arcly_ts_nal_kind (gst_arcly_ts_mux_format_get_video (format), nal,
          size) == GST_ARCLY_TS_NAL_SPS)
    format->depth = sps_depth (format, nal, size);
}

static gboolean
read_avcc (
    GstArclyTsMuxFormat *format, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GstArclyH264Config) config =
      gst_arcly_h264_config_parse (data, size, error);
  guint i;

  if (!config)
    return FALSE;
  format->nal_length_size = gst_arcly_h264_config_get_nal_length_size (config);
  for (i = 0; i < gst_arcly_h264_config_get_n_sps (config); i++)
    add_set (format, gst_arcly_h264_config_get_sps (config, i));
  for (i = 0; i < gst_arcly_h264_config_get_n_pps (config); i++)
    add_set (format, gst_arcly_h264_config_get_pps (config, i));
  return TRUE;
}

static gboolean
read_hvcc (
    GstArclyTsMuxFormat *format, const guint8 *data, gsize size, GError **error)
{
  /* VPS, SPS, PPS: ITU-T H.265, table 7-1. */
  static const guint types[] = { 32, 33, 34 };
  g_autoptr (GstArclyH265Config) config =
      gst_arcly_h265_config_parse (data, size, error);
  guint t, i;

  if (!config)
    return FALSE;
  format->nal_length_size = gst_arcly_h265_config_get_nal_length_size (config);
  for (t = 0; t < G_N_ELEMENTS (types); t++) {
    for (i = 0; i < gst_arcly_h265_config_get_n_nals (config, types[t]); i++)
      add_set (format, gst_arcly_h265_config_get_nal (config, types[t], i));
  }
  return TRUE;
}

static gboolean
read_video (GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  gboolean is_h264 = gst_structure_has_name (s, "video/x-h264");
  g_autoptr (GBytes) bytes = codec_data (s);
  gint fps_n = 0, fps_d = 1;
  const guint8 *data;
  gsize size;

  format->codec = is_h264 ? GST_ARCLY_TS_MUX_H264 : GST_ARCLY_TS_MUX_H265;
  format->entry.type =
      is_h264 ? GST_ARCLY_TS_TYPE_H264 : GST_ARCLY_TS_TYPE_H265;
  format->stream_id = STREAM_ID_VIDEO;
  format->depth = -1;
  format->sets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d) &&
      fps_n > 0 && fps_d > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, fps_d, fps_n);
  if (g_strcmp0 (stream_format, "byte-stream") == 0)
    return TRUE;
  if (!bytes) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%s caps with stream-format %s lack codec_data",
        is_h264 ? "H.264" : "H.265", stream_format);
    return FALSE;
  }
  data = g_bytes_get_data (bytes, &size);
  return is_h264 ? read_avcc (format, data, size, error)
                 : read_hvcc (format, data, size, error);
}

GstArclyTsVideoCodec
gst_arcly_ts_mux_format_get_video (const GstArclyTsMuxFormat *format)
{
  return format->codec == GST_ARCLY_TS_MUX_H264 ? GST_ARCLY_TS_VIDEO_H264
                                                : GST_ARCLY_TS_VIDEO_H265;
}

guint
gst_arcly_ts_mux_format_get_depth (
    GstArclyTsMuxFormat *format, GstBuffer *buffer)
{
  GstArclyTsNalWalk walk;
  GstArclyTsNalKind kind;
  GstMapInfo map;
  const guint8 *nal;
  gsize size;

  if (format->depth < 0 && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_arcly_ts_nal_walk_init (&walk,
        gst_arcly_ts_mux_format_get_video (format), map.data, map.size,
        format->nal_length_size);
    while (format->depth < 0 &&
           gst_arcly_ts_nal_walk_next (&walk, &nal, &size, &kind)) {
      if (kind == GST_ARCLY_TS_NAL_SPS)
        format->depth = sps_depth (format, nal, size);
    }
    gst_buffer_unmap (buffer, &map);
  }
  return MAX (format->depth, 0);
}

static gboolean
read_raw_aac (
    GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  g_autoptr (GBytes) bytes = codec_data (s);
  guint8 header[GST_ARCLY_ADTS_HEADER_SIZE];
  const guint8 *data;
  gsize size;

  if (!bytes) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AAC caps with stream-format raw lack codec_data");
    return FALSE;
  }
  data = g_bytes_get_data (bytes, &size);
  if (!gst_arcly_aac_config_parse (data, size, &format->aac, error))
    return FALSE;
  format->duration = gst_util_uint64_scale (
      GST_SECOND, format->aac.frame_samples, format->aac.rate);
  /* What ADTS cannot say is found out here, not at each frame. */
  return gst_arcly_adts_header_write (&format->aac, 0, header, error);
}

/* ATSC A/52, annex A; DVB would have it as a private stream, which fewer
 * players take. */
static gboolean
read_ac3 (GstArclyTsMuxFormat *format, const GstStructure *s)
{
  gboolean enhanced = gst_structure_has_name (s, "audio/x-eac3");
  gint rate = 0;

  gst_structure_get_int (s, "rate", &rate);
  format->codec = GST_ARCLY_TS_MUX_AC3;
  format->stream_id = STREAM_ID_PRIVATE;
  format->entry.type =
      enhanced ? GST_ARCLY_TS_TYPE_EAC3 : GST_ARCLY_TS_TYPE_AC3;
  gst_arcly_ts_pmt_entry_register (&format->entry, enhanced ? "EAC3" : "AC-3");
  if (rate > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, 1536, rate);
  return TRUE;
}

/* RFC 7845, 5.1.1.2: the mappings that a channel count alone stands for. */
static gboolean
is_usual_mapping (const GstStructure *s, gint channels)
{
  static const struct {
    gint streams, coupled;
    guint8 map[8];
  } usual[] = { { 1, 0, { 0 } }, { 1, 1, { 0, 1 } }, { 2, 1, { 0, 2, 1 } },
    { 2, 2, { 0, 1, 2, 3 } }, { 3, 2, { 0, 4, 1, 2, 3 } },
    { 4, 2, { 0, 4, 1, 2, 3, 5 } }, { 4, 3, { 0, 4, 1, 2, 3, 5, 6 } },
    { 5, 3, { 0, 6, 1, 2, 3, 4, 5, 7 } } };
  const GValue *map = gst_structure_get_value (s, "channel-mapping");
  gint streams = 0, coupled = 0, i;

  gst_structure_get_int (s, "stream-count", &streams);
  gst_structure_get_int (s, "coupled-count", &coupled);
  if (streams != usual[channels - 1].streams ||
      coupled != usual[channels - 1].coupled || !map ||
      !GST_VALUE_HOLDS_ARRAY (map) ||
      gst_value_array_get_size (map) != (guint) channels)
    return FALSE;
  for (i = 0; i < channels; i++) {
    const GValue *value = gst_value_array_get_value (map, i);

    if (!G_VALUE_HOLDS_INT (value) ||
        g_value_get_int (value) != usual[channels - 1].map[i])
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_opus (GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  gint family = 0, channels = 0;
  guint8 extension[2] = { OPUS_EXTENSION };

  gst_structure_get_int (s, "channel-mapping-family", &family);
  /* Depayloaders leave it out: the packets tell, and a decoder gives what it
   * is asked for. */
  if (!gst_structure_get_int (s, "channels", &channels))
    channels = 2;
  if (channels < 1 || channels > 8 || family < 0 || family > 1 ||
      (family == 0 && channels > 2) ||
      (family == 1 && !is_usual_mapping (s, channels))) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "MPEG-TS has no name for this Opus of %d channels and mapping family %d",
        channels, family);
    return FALSE;
  }
  format->codec = GST_ARCLY_TS_MUX_OPUS;
  format->stream_id = STREAM_ID_PRIVATE;
  format->entry.type = GST_ARCLY_TS_TYPE_PRIVATE;
  extension[1] = channels;
  gst_arcly_ts_pmt_entry_register (&format->entry, "Opus");
  return gst_arcly_ts_pmt_entry_add (
      &format->entry, EXTENSION_DESCRIPTOR, extension, sizeof extension);
}

static gboolean
read_mpeg_audio (
    GstArclyTsMuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  gint version = 0, layer = 3, rate = 0;

  gst_structure_get_int (s, "mpegversion", &version);
  gst_structure_get_int (s, "rate", &rate);
  format->stream_id = STREAM_ID_AUDIO;
  if (version == 1) {
    gst_structure_get_int (s, "layer", &layer);
    format->codec = GST_ARCLY_TS_MUX_MPEG_AUDIO;
    /* ISO/IEC 13818-3 has the rates below 32 kHz. */
    format->entry.type = rate > 0 && rate < 32000
                             ? GST_ARCLY_TS_TYPE_MPEG2_AUDIO
                             : GST_ARCLY_TS_TYPE_MPEG1_AUDIO;
    if (rate > 0)
      format->duration = gst_util_uint64_scale (GST_SECOND,
          layer == 1                   ? 384
          : layer == 3 && rate < 32000 ? 576
                                       : 1152,
          rate);
    return TRUE;
  }
  format->entry.type = GST_ARCLY_TS_TYPE_ADTS;
  if (g_strcmp0 (stream_format, "raw") == 0) {
    format->codec = GST_ARCLY_TS_MUX_AAC_RAW;
    return read_raw_aac (format, s, error);
  }
  format->codec = GST_ARCLY_TS_MUX_AAC_ADTS;
  if (rate > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, 1024, rate);
  return TRUE;
}

static gboolean
read_data (GstArclyTsMuxFormat *format, const GstStructure *s)
{
  if (gst_structure_has_name (s, "meta/x-id3")) {
    format->codec = GST_ARCLY_TS_MUX_ID3;
    format->stream_id = STREAM_ID_PRIVATE;
    gst_arcly_ts_pmt_entry_set_id3 (&format->entry);
  } else {
    format->codec = GST_ARCLY_TS_MUX_SCTE35;
    format->stream_id = STREAM_ID_NONE;
    format->entry.type = GST_ARCLY_TS_TYPE_SCTE35;
  }
  return TRUE;
}

GstArclyTsMuxFormat *
gst_arcly_ts_mux_format_new (GstCaps *caps, GError **error)
{
  g_autoptr (GstArclyTsMuxFormat) format = NULL;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean ok;

  format = g_atomic_rc_box_new0 (GstArclyTsMuxFormat);
  format->caps = gst_caps_ref (caps);
  if (gst_structure_has_name (s, "video/x-h264") ||
      gst_structure_has_name (s, "video/x-h265"))
    ok = read_video (format, s, error);
  else if (gst_structure_has_name (s, "audio/x-opus"))
    ok = read_opus (format, s, error);
  else if (gst_structure_has_name (s, "audio/mpeg"))
    ok = read_mpeg_audio (format, s, error);
  else if (gst_structure_has_name (s, "meta/x-id3") ||
           gst_structure_has_name (s, "application/x-scte-35"))
    ok = read_data (format, s);
  else
    ok = read_ac3 (format, s);
  return ok ? g_steal_pointer (&format) : NULL;
}
