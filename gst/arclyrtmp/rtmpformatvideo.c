/* SPDX-License-Identifier: MIT
 *
 * Caps of the video codecs of enhanced RTMP. Where neither header nor frame is
 * read for it here, width and height are the metadata's. */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/pbutils/pbutils.h>

#include "rtmpcodec.h"
#include "rtmpformat.h"

/* Of HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1. */
#define HVCC_MIN_SIZE 23
#define HVCC_PROFILE_OFFSET 1
/* general_profile_space to general_level_idc, ITU-T H.265, 7.3.3. */
#define HVCC_PROFILE_SIZE 12

#define MAX_SIDE 65535

static GstCaps *
fail (GError **error, gint code, const gchar *text)
{
  g_set_error_literal (error, GST_ARCLY_ERROR, code, text);
  return NULL;
}

static void
set_codec_data (GstCaps *caps, GBytes *header)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_wrapped_bytes (header);

  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
}

static void
set_rate (
    GstCaps *caps, const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  gint n, d;

  gst_arcly_rtmp_metadata_framerate (metadata, &n, &d);
  if (n <= 0)
    return;
  gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, n, d, NULL);
  *duration = gst_util_uint64_scale (GST_SECOND, d, n);
}

static gint
metadata_side (const GstArclyAmfValue *metadata, const gchar *name)
{
  gdouble side = gst_arcly_amf_value_get_number (metadata, name, 0);

  return side >= 1 && side <= MAX_SIDE ? (gint) side : 0;
}

static void
set_size (GstCaps *caps, gint width, gint height)
{
  if (width > 0 && height > 0)
    gst_caps_set_simple (
        caps, "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, NULL);
}

static void
set_metadata (
    GstCaps *caps, const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  set_rate (caps, metadata, duration);
  set_size (caps, metadata_side (metadata, "width"),
      metadata_side (metadata, "height"));
}

GstCaps *
gst_arcly_rtmp_hevc_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  g_autoptr (GstCaps) caps = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  if (size < HVCC_MIN_SIZE)
    return fail (
        error, GST_ARCLY_ERROR_TRUNCATED, "H.265 sequence header is too short");
  if (data[0] != 1)
    return fail (error, GST_ARCLY_ERROR_INVALID,
        "H.265 sequence header of an unknown version");
  caps = gst_caps_new_simple ("video/x-h265", "stream-format", G_TYPE_STRING,
      "hvc1", "alignment", G_TYPE_STRING, "au", NULL);
  set_codec_data (caps, header);
  gst_codec_utils_h265_caps_set_level_tier_and_profile (
      caps, data + HVCC_PROFILE_OFFSET, HVCC_PROFILE_SIZE);
  set_metadata (caps, metadata, duration);
  return g_steal_pointer (&caps);
}

/* AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding",
 * 2.3.3: marker and version, then the profile in the top three bits. */
GstCaps *
gst_arcly_rtmp_av1_caps (GBytes *header, const GstArclyAmfValue *metadata,
    GstClockTime *duration, GError **error)
{
  static const gchar *const profiles[] = { "main", "high", "professional" };
  g_autoptr (GstCaps) caps = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  *duration = GST_CLOCK_TIME_NONE;
  if (size < 4)
    return fail (
        error, GST_ARCLY_ERROR_TRUNCATED, "AV1 sequence header is too short");
  if (data[0] != 0x81 || data[1] >> 5 >= G_N_ELEMENTS (profiles))
    return fail (error, GST_ARCLY_ERROR_INVALID,
        "AV1 sequence header of an unknown version or profile");
  caps = gst_caps_new_simple ("video/x-av1", "stream-format", G_TYPE_STRING,
      "obu-stream", "alignment", G_TYPE_STRING, "tu", "profile", G_TYPE_STRING,
      profiles[data[1] >> 5], NULL);
  set_codec_data (caps, header);
  set_metadata (caps, metadata, duration);
  return g_steal_pointer (&caps);
}

/* VP8 and VP9. Their configuration record ("VP Codec ISO Media File Format
 * Binding") says less than a key frame does, so it is not needed. */

static GstCaps *
vp_header_caps (const gchar *type, GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration)
{
  GstCaps *caps = gst_caps_new_empty_simple (type);

  *duration = GST_CLOCK_TIME_NONE;
  set_metadata (caps, metadata, duration);
  return caps;
}

GstCaps *
gst_arcly_rtmp_vp8_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error)
{
  return vp_header_caps ("video/x-vp8", header, metadata, duration);
}

GstCaps *
gst_arcly_rtmp_vp9_header_caps (GBytes *header,
    const GstArclyAmfValue *metadata, GstClockTime *duration, GError **error)
{
  return vp_header_caps ("video/x-vp9", header, metadata, duration);
}

/* RFC 6386, 9.1: three bytes, a start code, then both sides with a scale in
 * their top two bits. */
gboolean
gst_arcly_rtmp_vp8_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  if (!key)
    return TRUE;
  if (size < 10 || data[0] & 1 || data[3] != 0x9d || data[4] != 0x01 ||
      data[5] != 0x2a) {
    fail (error, GST_ARCLY_ERROR_INVALID, "VP8 key frame without its start");
    return FALSE;
  }
  *caps = gst_caps_new_empty_simple ("video/x-vp8");
  set_rate (*caps, metadata, duration);
  set_size (*caps, (data[6] | data[7] << 8) & 0x3fff,
      (data[8] | data[9] << 8) & 0x3fff);
  return TRUE;
}

typedef struct {
  guint profile;
  gint width, height;
} Vp9Key;

/* uncompressed_header() of a key frame, "VP9 Bitstream & Decoding Process
 * Specification", 6.2. */
static gboolean
read_vp9_key (const guint8 *data, gsize size, Vp9Key *key)
{
  GstArclyBitReader reader;

  gst_arcly_bit_reader_init (&reader, data, size);
  if (gst_arcly_bit_reader_bits (&reader, 2) != 2)
    return FALSE;
  key->profile = gst_arcly_bit_reader_bits (&reader, 1);
  key->profile |= gst_arcly_bit_reader_bits (&reader, 1) << 1;
  if (key->profile == 3)
    gst_arcly_bit_reader_skip (&reader, 1);
  /* show_existing_frame, frame_type; then show_frame, error_resilient_mode */
  if (gst_arcly_bit_reader_bits (&reader, 2) != 0)
    return FALSE;
  gst_arcly_bit_reader_skip (&reader, 2);
  if (gst_arcly_bit_reader_bits (&reader, 24) != 0x498342)
    return FALSE;

  if (key->profile >= 2)
    gst_arcly_bit_reader_skip (&reader, 1);
  if (gst_arcly_bit_reader_bits (&reader, 3) != 7) { /* not RGB */
    gst_arcly_bit_reader_skip (&reader, key->profile & 1 ? 4 : 1);
  } else if (key->profile & 1) {
    gst_arcly_bit_reader_skip (&reader, 1);
  }
  key->width = gst_arcly_bit_reader_bits (&reader, 16) + 1;
  key->height = gst_arcly_bit_reader_bits (&reader, 16) + 1;
  return !reader.overrun;
}

gboolean
gst_arcly_rtmp_vp9_frame (GBytes *frame, gboolean key, gboolean has_header,
    const GstArclyAmfValue *metadata, GstCaps **caps, GstClockTime *duration,
    GError **error)
{
  static const gchar *const profiles[] = { "0", "1", "2", "3" };
  Vp9Key read = { 0 };
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);

  if (!key)
    return TRUE;
  if (!read_vp9_key (data, size, &read)) {
    fail (error, GST_ARCLY_ERROR_INVALID, "VP9 key frame without its start");
    return FALSE;
  }
  *caps = gst_caps_new_simple (
      "video/x-vp9", "profile", G_TYPE_STRING, profiles[read.profile], NULL);
  set_rate (*caps, metadata, duration);
  set_size (*caps, read.width, read.height);
  return TRUE;
}
