/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/codec/gstarclycodecpriv.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

G_DEFINE_BOXED_TYPE (GstArclyCodecInfo, gst_arcly_codec_info,
    gst_arcly_codec_info_copy, gst_arcly_codec_info_free)

static const struct {
  GstArclyCodec codec;
  const gchar *media_type;
  const gchar *name;
} codecs[] = {
  { GST_ARCLY_CODEC_H264, "video/x-h264", "H.264" },
  { GST_ARCLY_CODEC_H265, "video/x-h265", "H.265" },
  { GST_ARCLY_CODEC_H266, "video/x-h266", "H.266" },
  { GST_ARCLY_CODEC_AV1, "video/x-av1", "AV1" },
  { GST_ARCLY_CODEC_VP9, "video/x-vp9", "VP9" },
  { GST_ARCLY_CODEC_OPUS, "audio/x-opus", "Opus" },
  { GST_ARCLY_CODEC_AC3, "audio/x-ac3", "AC-3" },
  { GST_ARCLY_CODEC_EAC3, "audio/x-eac3", "E-AC-3" },
  { GST_ARCLY_CODEC_FLAC, "audio/x-flac", "FLAC" },
  { GST_ARCLY_CODEC_AAC, "audio/mpeg", "AAC" },
  { GST_ARCLY_CODEC_MPEG_AUDIO, NULL, "MPEG audio" },
};

/**
 * gst_arcly_codec_from_caps:
 * @caps: caps, of which the first structure counts
 *
 * Any thread.
 *
 * Returns: the codec, or %GST_ARCLY_CODEC_UNKNOWN
 *
 * Since: 0.1
 */
GstArclyCodec
gst_arcly_codec_from_caps (const GstCaps *caps)
{
  const GstStructure *s;
  gint version = 0;
  guint i;

  g_return_val_if_fail (GST_IS_CAPS (caps), GST_ARCLY_CODEC_UNKNOWN);

  if (gst_caps_is_any (caps) || gst_caps_is_empty (caps))
    return GST_ARCLY_CODEC_UNKNOWN;
  s = gst_caps_get_structure (caps, 0);
  if (gst_structure_has_name (s, "audio/mpeg")) {
    gst_structure_get_int (s, "mpegversion", &version);
    if (version == 1)
      return GST_ARCLY_CODEC_MPEG_AUDIO;
    return version == 2 || version == 4 ? GST_ARCLY_CODEC_AAC
                                        : GST_ARCLY_CODEC_UNKNOWN;
  }
  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (codecs[i].media_type &&
        gst_structure_has_name (s, codecs[i].media_type))
      return codecs[i].codec;
  }
  return GST_ARCLY_CODEC_UNKNOWN;
}

/**
 * gst_arcly_codec_get_name:
 * @codec: a codec
 *
 * Any thread.
 *
 * Returns: its name as people write it, for example "H.264"
 *
 * Since: 0.1
 */
const gchar *
gst_arcly_codec_get_name (GstArclyCodec codec)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (codecs[i].codec == codec)
      return codecs[i].name;
  }
  return "unknown";
}

/**
 * gst_arcly_codec_info_copy:
 * @info: (nullable): what a track is
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): a copy
 *
 * Since: 0.1
 */
GstArclyCodecInfo *
gst_arcly_codec_info_copy (const GstArclyCodecInfo *info)
{
  GstArclyCodecInfo *copy;

  if (!info)
    return NULL;
  copy = g_memdup2 (info, sizeof *info);
  if (copy->config)
    g_bytes_ref (copy->config);
  copy->codec_string = g_strdup (info->codec_string);
  return copy;
}

/**
 * gst_arcly_codec_info_free:
 * @info: (transfer full) (nullable): what a track is
 *
 * Any thread.
 *
 * Since: 0.1
 */
void
gst_arcly_codec_info_free (GstArclyCodecInfo *info)
{
  if (!info)
    return;
  g_clear_pointer (&info->config, g_bytes_unref);
  g_free (info->codec_string);
  g_free (info);
}

static GBytes *
bytes_of (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  if (!buffer)
    return NULL;
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

/* The caps' codec_data, or their first streamheader. */
static GBytes *
configuration_of (const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "codec_data");

  if (!value) {
    value = gst_structure_get_value (s, "streamheader");
    if (value && GST_VALUE_HOLDS_ARRAY (value) &&
        gst_value_array_get_size (value) > 0)
      value = gst_value_array_get_value (value, 0);
  }
  if (!value || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  return bytes_of (gst_value_get_buffer (value));
}

/* What the stream itself does not tell. */
static void
fill_from_caps (GstArclyCodecInfo *info, const GstStructure *s)
{
  gint a = 0, b = 0;

  if (info->width == 0 && gst_structure_get_int (s, "width", &a) &&
      gst_structure_get_int (s, "height", &b) && a > 0 && b > 0) {
    info->width = a;
    info->height = b;
  }
  /* Demuxers and parsers know better than a VUI, which many leave wrong. */
  if (gst_structure_get_fraction (s, "framerate", &a, &b) && a > 0 && b > 0) {
    info->fps_n = a;
    info->fps_d = b;
  }
  if (info->par_n == 0 &&
      gst_structure_get_fraction (s, "pixel-aspect-ratio", &a, &b) && a > 0 &&
      b > 0) {
    info->par_n = a;
    info->par_d = b;
  }
  if (info->rate == 0 && gst_structure_get_int (s, "rate", &a) && a > 0)
    info->rate = a;
  if (info->channels == 0 && gst_structure_get_int (s, "channels", &a) && a > 0)
    info->channels = a;
}

/**
 * gst_arcly_codec_info_new: (constructor)
 * @caps: fixed caps of an encoded stream
 * @first: (nullable): an access unit of it, for what the caps do not tell: a
 *     byte stream's parameter sets, VP9, AC-3 and E-AC-3; a random access
 *     point is best
 * @error: return location for a #GError, or %NULL
 *
 * Finds out what a track is, for muxers and playlists: the same fields
 * whatever the codec and its packaging. What neither @caps nor @first tell is
 * %NULL or 0: ask again with the next access unit. Any thread; keeps no
 * reference to the arguments.
 *
 * Returns: (transfer full): what it is, or %NULL with
 *     %GST_ARCLY_ERROR_UNSUPPORTED for another codec, or an error of the
 *     codec's reader if codec_data or @first break their standard
 *
 * Since: 0.1
 */
GstArclyCodecInfo *
gst_arcly_codec_info_new (const GstCaps *caps, GstBuffer *first, GError **error)
{
  g_autoptr (GstArclyCodecInfo) info = NULL;
  g_autoptr (GBytes) config = NULL;
  g_autoptr (GBytes) unit = NULL;
  const GstStructure *s;
  gboolean ok;

  g_return_val_if_fail (GST_IS_CAPS (caps), NULL);
  g_return_val_if_fail (first == NULL || GST_IS_BUFFER (first), NULL);

  info = g_new0 (GstArclyCodecInfo, 1);
  info->codec = gst_arcly_codec_from_caps (caps);
  info->chroma_format = -1;
  info->reorder_depth = -1;
  if (info->codec == GST_ARCLY_CODEC_UNKNOWN) {
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "no codec that is known here: %.200s", text);
    return NULL;
  }
  s = gst_caps_get_structure (caps, 0);
  info->is_video = g_str_has_prefix (gst_structure_get_name (s), "video/");
  config = configuration_of (s);
  unit = bytes_of (first);
  ok = info->is_video
           ? gst_arcly_codec_read_video (info, s, config, unit, error)
           : gst_arcly_codec_read_audio (info, s, config, unit, error);
  if (!ok)
    return NULL;
  fill_from_caps (info, s);
  return g_steal_pointer (&info);
}

/**
 * gst_arcly_codec_is_random_access:
 * @info: what gst_arcly_codec_info_new() gave
 * @buffer: an access unit of the track
 *
 * Whether decoding can start at @buffer, by its content and not by its flags:
 * IDR pictures and recovery points, IRAP pictures, key frames; of audio, each
 * buffer. Any thread; keeps no reference to @buffer.
 *
 * Returns: whether decoding can start here
 *
 * Since: 0.1
 */
gboolean
gst_arcly_codec_is_random_access (
    const GstArclyCodecInfo *info, GstBuffer *buffer)
{
  GstMapInfo map;
  gboolean result = FALSE;

  g_return_val_if_fail (info != NULL, FALSE);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), FALSE);

  if (!info->is_video)
    return TRUE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  if (info->codec == GST_ARCLY_CODEC_H264)
    result = gst_arcly_h264_is_random_access (
        map.data, map.size, info->nal_length_size);
  else if (info->codec == GST_ARCLY_CODEC_H265)
    result = gst_arcly_h265_is_random_access (
        map.data, map.size, info->nal_length_size);
  else if (info->codec == GST_ARCLY_CODEC_H266)
    result = gst_arcly_h266_is_random_access (
        map.data, map.size, info->nal_length_size);
  else if (info->codec == GST_ARCLY_CODEC_AV1)
    result = gst_arcly_av1_is_random_access (map.data, map.size);
  else if (info->codec == GST_ARCLY_CODEC_VP9)
    result = gst_arcly_vp9_is_random_access (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return result;
}
