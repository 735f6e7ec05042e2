/* SPDX-License-Identifier: MIT
 *
 * Caps with any codec_data, and any access unit: what the track is is told, or
 * why not; and what is told, given as codec_data, tells the same again. The
 * first byte chooses the caps, two are the length of codec_data, the rest is
 * the access unit. */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/codec/gstarclycodec.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const gchar *const caps_of[] = {
  "video/x-h264, stream-format=(string)avc",
  "video/x-h264, stream-format=(string)byte-stream",
  "video/x-h265, stream-format=(string)hvc1",
  "video/x-h265, stream-format=(string)hev1",
  "video/x-h265, stream-format=(string)byte-stream",
  "video/x-h266, stream-format=(string)vvc1",
  "video/x-h266, stream-format=(string)byte-stream",
  "video/x-av1",
  "video/x-vp9, framerate=(fraction)30/1",
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw",
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts",
  "audio/mpeg, mpegversion=(int)1, layer=(int)3",
  "audio/x-opus, channels=(int)2, rate=(int)48000",
  "audio/x-flac, framed=(boolean)true",
  "audio/x-ac3",
  "audio/x-eac3",
};

static GstBuffer *
copy (const uint8_t *data, size_t size)
{
  return size > 0 ? gst_buffer_new_memdup (data, size) : gst_buffer_new ();
}

static void
check (const GstArclyCodecInfo *info, GstBuffer *unit)
{
  g_autoptr (GstArclyCodecInfo) same = gst_arcly_codec_info_copy (info);

  g_assert (g_strcmp0 (same->codec_string, info->codec_string) == 0);
  g_assert (info->chroma_format >= -1 && info->chroma_format <= 3);
  g_assert (info->reorder_depth >= -1 && info->reorder_depth <= 16);
  g_assert (info->nal_length_size <= 4 && info->nal_length_size != 3);
  g_assert ((info->fps_n > 0) == (info->fps_d > 0));
  g_assert ((info->par_n > 0) == (info->par_d > 0));
  /* Long enough for any player, and printable. */
  if (info->codec_string)
    g_assert (strlen (info->codec_string) < 200 &&
              g_str_is_ascii (info->codec_string));
  gst_arcly_codec_is_random_access (info, unit);
}

/* vvcC has the head of a full box, which codec_data has not. */
static void
ask_again (const gchar *description, const GstArclyCodecInfo *info)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (description);
  g_autoptr (GstArclyCodecInfo) again = NULL;
  g_autoptr (GstBuffer) config = NULL;
  gsize skip = info->codec == GST_ARCLY_CODEC_H266 ? 4 : 0;

  config = gst_buffer_new_wrapped_bytes (info->config);
  gst_buffer_resize (config, skip, -1);
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, config, NULL);
  again = gst_arcly_codec_info_new (caps, NULL, NULL);
  g_assert (again != NULL);
  g_assert (g_strcmp0 (again->codec_string, info->codec_string) == 0);
  g_assert (again->config && g_bytes_equal (again->config, info->config));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstBuffer) config = NULL;
  g_autoptr (GstBuffer) unit = NULL;
  g_autoptr (GstArclyCodecInfo) info = NULL;
  GError *error = NULL;
  const gchar *description;
  gsize n;

  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  if (size < 3)
    return 0;
  description = caps_of[data[0] % G_N_ELEMENTS (caps_of)];
  n = MIN ((gsize) (data[1] << 8 | data[2]), size - 3);
  caps = gst_caps_from_string (description);
  if (n > 0) {
    config = copy (data + 3, n);
    gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, config, NULL);
  }
  unit = copy (data + 3 + n, size - 3 - n);
  info = gst_arcly_codec_info_new (caps, unit, &error);
  g_assert ((info == NULL) == (error != NULL));
  g_clear_error (&error);
  if (!info)
    return 0;
  check (info, unit);
  if (info->config &&
      (info->codec == GST_ARCLY_CODEC_H264 ||
          info->codec == GST_ARCLY_CODEC_H265 ||
          info->codec == GST_ARCLY_CODEC_H266) &&
      info->nal_length_size > 0)
    ask_again (description, info);
  return 0;
}
