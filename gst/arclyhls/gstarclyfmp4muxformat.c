/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4entry.h"
#include "fmp4timeline.h"
#include "gstarclyfmp4muxformat.h"
#include "gstarclyfmp4muxprobe.h"
#include "gstarclymuxpad.h"

/* ISO/IEC 14496-1, table 5: MPEG-4 audio. */
#define OBJECT_TYPE_AAC 0x40

GstArclyFmp4MuxFormat *
gst_arcly_fmp4_mux_format_ref (GstArclyFmp4MuxFormat *format)
{
  return g_atomic_rc_box_acquire (format);
}

static void
format_clear (gpointer data)
{
  GstArclyFmp4MuxFormat *format = data;

  g_clear_pointer (&format->record, g_bytes_unref);
  g_clear_pointer (&format->entry, g_bytes_unref);
  gst_clear_caps (&format->caps);
}

void
gst_arcly_fmp4_mux_format_unref (GstArclyFmp4MuxFormat *format)
{
  g_atomic_rc_box_release_full (format, format_clear);
}

static GBytes *
codec_data (const GstStructure *s, const gchar *what, GError **error)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");
  GstBuffer *buffer;
  gpointer data;
  gsize size;

  if (!value || !GST_VALUE_HOLDS_BUFFER (value)) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%s caps lack codec_data", what);
    return NULL;
  }
  buffer = gst_value_get_buffer (value);
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

GBytes *
gst_arcly_fmp4_mux_format_aac_entry (
    const GstArclyAacConfig *aac, GBytes *config)
{
  g_autoptr (GBytes) esds = gst_arcly_fmp4_esds (OBJECT_TYPE_AAC, config);
  GstArclyFmp4AudioEntry entry = {
    .type = "mp4a",
    .channels = aac->channels,
    .rate = aac->rate,
    .config_type = "esds",
    .config = esds,
  };

  return gst_arcly_fmp4_audio_entry (&entry);
}

/* By packaging: what caps and sample entries are called. */
static const struct {
  const gchar *caps; /* media type */
  const gchar *out_of_band;
  const gchar *in_band;
  const gchar *entries[2]; /* out of band, in band */
  const gchar *box;
  /* Where the box has the length of lengths less one: byte and shift. */
  guint length_at;
  guint length_shift;
} nal_names[] = {
  { "video/x-h264", "avc", "avc3", { "avc1", "avc3" }, "avcC", 4, 0 },
  { "video/x-h265", "hvc1", "hev1", { "hvc1", "hev1" }, "hvcC", 21, 0 },
  { "video/x-h266", "vvc1", "vvi1", { "vvc1", "vvi1" }, "vvcC", 4, 1 },
};

/* What is in the stream is true, caps may be old. */
static GBytes *
make_nal_entry (const GstArclyFmp4MuxFormat *format,
    const GstArclyCodecInfo *info, GBytes *config)
{
  GstArclyFmp4VideoEntry entry = {
    .type = nal_names[format->nal_codec].entries[format->in_band],
    .width = info->width,
    .height = info->height,
    .par_n = format->par_n > 0 ? format->par_n : info->par_n,
    .par_d = format->par_n > 0 ? format->par_d : info->par_d,
    .config_type = nal_names[format->nal_codec].box,
    .config = config,
  };

  return gst_arcly_fmp4_video_entry (&entry);
}

/* The record as it would be with lengths of so many bytes. */
static GBytes *
set_length_size (
    const GstArclyFmp4MuxFormat *format, GBytes *config, guint length_size)
{
  guint at = nal_names[format->nal_codec].length_at;
  guint shift = nal_names[format->nal_codec].length_shift;
  gsize size;
  gconstpointer data = g_bytes_get_data (config, &size);
  guint8 *copy = g_memdup2 (data, size);

  copy[at] = (copy[at] & ~(3u << shift)) | (length_size - 1) << shift;
  return g_bytes_new_take (copy, size);
}

GstArclyFmp4Nal *
gst_arcly_fmp4_mux_format_make_nal (const GstArclyFmp4MuxFormat *format)
{
  return gst_arcly_fmp4_nal_new (
      format->nal_codec, format->record, format->in_band, NULL);
}

GBytes *
gst_arcly_fmp4_mux_format_nal_entry (const GstArclyFmp4MuxFormat *format,
    const GstArclyFmp4Nal *nal, GError **error)
{
  g_autoptr (GBytes) sets = gst_arcly_fmp4_nal_get_sets (nal);
  g_autoptr (GstBuffer) unit = gst_buffer_new_wrapped_bytes (sets);
  g_autoptr (GstCaps) caps = gst_caps_new_simple (
      nal_names[format->nal_codec].caps, "stream-format", G_TYPE_STRING,
      format->in_band ? nal_names[format->nal_codec].in_band
                      : nal_names[format->nal_codec].out_of_band,
      NULL);
  g_autoptr (GstArclyCodecInfo) info = NULL;
  g_autoptr (GBytes) config = NULL;

  info = gst_arcly_codec_info_new (caps, unit, error);
  if (!info)
    return NULL;
  if (!info->config) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%s parameter sets make no configuration",
        nal_names[format->nal_codec].box);
    return NULL;
  }
  config = set_length_size (
      format, info->config, gst_arcly_fmp4_nal_get_length_size (nal));
  return make_nal_entry (format, info, config);
}

static gboolean
read_nal (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  g_autoptr (GstArclyFmp4Nal) nal = NULL;
  g_autoptr (GstArclyCodecInfo) info = NULL;

  format->codec = GST_ARCLY_FMP4_MUX_NAL;
  format->depth = -1;
  if (g_strcmp0 (stream_format, "byte-stream") == 0)
    return TRUE;
  format->in_band =
      g_strcmp0 (stream_format, nal_names[format->nal_codec].in_band) == 0;
  format->record = codec_data (s, stream_format, error);
  if (!format->record)
    return FALSE;
  nal = gst_arcly_fmp4_nal_new (
      format->nal_codec, format->record, format->in_band, error);
  if (!nal)
    return FALSE;
  info = gst_arcly_codec_info_new (format->caps, NULL, error);
  if (!info)
    return FALSE;
  format->depth = info->reorder_depth;
  if (format->duration == 0 && info->fps_n > 0) {
    format->duration =
        gst_util_uint64_scale (GST_SECOND, info->fps_d, info->fps_n);
    format->timescale =
        gst_arcly_fmp4_video_timescale (info->fps_n, info->fps_d);
  }
  if (info->config)
    format->entry = make_nal_entry (format, info, info->config);
  return TRUE;
}

guint
gst_arcly_fmp4_mux_format_depth (
    GstArclyFmp4MuxFormat *format, GstBuffer *buffer)
{
  /* A byte stream tells it in its first key frame. */
  if (format->depth < 0 && format->codec == GST_ARCLY_FMP4_MUX_NAL) {
    g_autoptr (GstArclyCodecInfo) info =
        gst_arcly_codec_info_new (format->caps, buffer, NULL);

    if (info)
      format->depth = info->reorder_depth;
  }
  return MAX (format->depth, 0);
}

static gboolean
read_video (
    GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  gint fps_n = 0, fps_d = 1, par_n = 0, par_d = 1, width = 0, height = 0;
  guint i;

  gst_structure_get_int (s, "width", &width);
  gst_structure_get_int (s, "height", &height);
  format->width = CLAMP (width, 0, G_MAXUINT16);
  format->height = CLAMP (height, 0, G_MAXUINT16);
  if (gst_structure_get_fraction (s, "pixel-aspect-ratio", &par_n, &par_d) &&
      par_n > 0 && par_d > 0) {
    format->par_n = par_n;
    format->par_d = par_d;
  }
  gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d);
  format->timescale = gst_arcly_fmp4_video_timescale (fps_n, fps_d);
  if (fps_n > 0 && fps_d > 0)
    format->duration = gst_util_uint64_scale (GST_SECOND, fps_d, fps_n);
  for (i = 0; i < G_N_ELEMENTS (nal_names); i++) {
    format->nal_codec = (GstArclyFmp4NalCodec) i;
    if (gst_structure_has_name (s, nal_names[i].caps))
      return read_nal (format, s, error);
  }
  return gst_arcly_fmp4_mux_probe_caps (format, s, error);
}

static gboolean
read_aac (GstArclyFmp4MuxFormat *format, const GstStructure *s, GError **error)
{
  const gchar *stream_format = gst_structure_get_string (s, "stream-format");
  GstArclyAacConfig aac = { .object_type = 2, .frame_samples = 1024 };
  g_autoptr (GBytes) bytes = NULL;
  gint rate = 0, channels = 0;
  const guint8 *data;
  gsize size;

  if (g_strcmp0 (stream_format, "raw") == 0) {
    format->codec = GST_ARCLY_FMP4_MUX_AAC_RAW;
    bytes = codec_data (s, "AAC (raw)", error);
    if (!bytes)
      return FALSE;
    data = g_bytes_get_data (bytes, &size);
    if (!gst_arcly_aac_config_parse (data, size, &aac, error))
      return FALSE;
  } else {
    format->codec = GST_ARCLY_FMP4_MUX_AAC_ADTS;
    gst_structure_get_int (s, "rate", &rate);
    gst_structure_get_int (s, "channels", &channels);
    aac.rate = MAX (rate, 0);
    aac.channels = CLAMP (channels, 0, 8);
    aac.channel_configuration = aac.channels == 8 ? 7 : aac.channels;
    /* If caps tell too little, each frame's header tells it. */
    if (aac.rate > 0)
      bytes = gst_arcly_aac_config_to_bytes (&aac, NULL);
  }
  if (aac.rate == 0) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "AAC caps lack the sample rate");
    return FALSE;
  }
  format->timescale = aac.rate;
  format->duration =
      gst_util_uint64_scale (GST_SECOND, aac.frame_samples, aac.rate);
  if (bytes)
    format->entry = gst_arcly_fmp4_mux_format_aac_entry (&aac, bytes);
  return TRUE;
}

GstArclyFmp4MuxFormat *
gst_arcly_fmp4_mux_format_new (GstCaps *caps, GError **error)
{
  g_autoptr (GstArclyFmp4MuxFormat) format = NULL;
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean ok = TRUE;

  format = g_atomic_rc_box_new0 (GstArclyFmp4MuxFormat);
  format->caps = gst_caps_ref (caps);
  if (g_str_has_prefix (gst_structure_get_name (s), "video/"))
    ok = read_video (format, s, error);
  else if (gst_structure_has_name (s, "audio/mpeg"))
    ok = read_aac (format, s, error);
  else if (gst_structure_has_name (s, "meta/x-id3"))
    format->codec = GST_ARCLY_FMP4_MUX_ID3;
  else if (gst_structure_has_name (s, "application/x-scte-35"))
    format->codec = GST_ARCLY_FMP4_MUX_SCTE35;
  else
    ok = gst_arcly_fmp4_mux_probe_caps (format, s, error);
  return ok ? g_steal_pointer (&format) : NULL;
}
