/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyobu.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/gstarclyerror.h>

#include "rtmp/flvtag.h"
#include "rtmpwriterpriv.h"

/* Parameter sets of a byte stream: scaling lists make 1 kB; more than this is
 * no stream that a player could use. */
#define MAX_SETS 16
#define MAX_SET_SIZE 8192
/* Of the NAL units in a message. */
#define NAL_LENGTH_SIZE 4
/* Version and flags of a box, which are not part of the record in it. */
#define FULL_BOX_SIZE 4

static gboolean
start_in_band (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  return TRUE; /* the header comes within */
}

static gboolean
write_as_is (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
  return TRUE;
}

/* ---- H.264 and H.265, with lengths ---- */

static gboolean
is_record (guint32 fourcc, GBytes *record, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (record, &size);

  if (fourcc == GST_ARCLY_FOURCC_AVC) {
    g_autoptr (GstArclyH264Config) avc =
        gst_arcly_h264_config_parse (data, size, error);

    return avc != NULL;
  } else {
    g_autoptr (GstArclyH265Config) hevc =
        gst_arcly_h265_config_parse (data, size, error);

    return hevc != NULL;
  }
}

static gboolean
start_with_record (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  g_autoptr (GBytes) header = gst_arcly_rtmp_writer_get_codec_data (structure);

  if (header == NULL) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "%s in %s format needs codec_data in its caps",
        writer->codec->fourcc == GST_ARCLY_FOURCC_AVC ? "H.264" : "H.265",
        writer->codec->stream_format);
    return FALSE;
  }
  if (!is_record (writer->codec->fourcc, header, error))
    return FALSE;
  gst_arcly_rtmp_writer_give_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

/* ---- H.264 and H.265, byte streams ---- */

typedef enum {
  OTHER,
  DELIMITER,
  SET,
  SPS,
} Nal;

static Nal
h264_nal (const guint8 *nal, gsize size)
{
  switch (GST_ARCLY_H264_NAL_TYPE (nal)) {
    case GST_ARCLY_H264_NAL_AUD:
      return DELIMITER;
    case GST_ARCLY_H264_NAL_SPS:
      return SPS;
    case GST_ARCLY_H264_NAL_PPS:
      return SET;
    default:
      return OTHER;
  }
}

static Nal
h265_nal (const guint8 *nal, gsize size)
{
  if (size < 2)
    return OTHER;
  switch (GST_ARCLY_NAL_TYPE_H265 (nal)) {
    case GST_ARCLY_H265_NAL_AUD:
      return DELIMITER;
    case GST_ARCLY_H265_NAL_SPS:
      return SPS;
    case GST_ARCLY_H265_NAL_VPS:
    case GST_ARCLY_H265_NAL_PPS:
      return SET;
    default:
      return OTHER;
  }
}

/* With lengths in the scratch; the sets of one access unit stand for all. TRUE
 * if it had an SPS. */
static gboolean
split_access_unit (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    Nal (*get_kind) (const guint8 *nal, gsize size))
{
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;
  gboolean has_sps = FALSE;

  g_ptr_array_set_size (writer->sets, 0);
  g_byte_array_set_size (writer->scratch, 0);
  gst_arcly_nal_iter_init (&iter, data, size, 0);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    Nal kind = get_kind (nal, nal_size);
    guint32 length = GUINT32_TO_BE ((guint32) nal_size);

    if (kind == DELIMITER)
      continue;
    if (kind >= SET && nal_size <= MAX_SET_SIZE &&
        writer->sets->len < MAX_SETS) {
      has_sps |= kind == SPS;
      g_ptr_array_add (writer->sets, g_bytes_new (nal, nal_size));
    }
    g_byte_array_append (
        writer->scratch, (const guint8 *) &length, NAL_LENGTH_SIZE);
    g_byte_array_append (writer->scratch, nal, nal_size);
  }
  return has_sps;
}

/* Before the first sets nothing can be decoded. */
static void
give_access_unit (GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out)
{
  if (writer->ready && writer->scratch->len > 0)
    gst_arcly_rtmp_writer_give_frame (
        writer, out, writer->scratch->data, writer->scratch->len, 0);
}

static gboolean
write_h264 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  if (split_access_unit (writer, data, size, h264_nal)) {
    g_autoptr (GstArclyH264Config) config =
        gst_arcly_h264_config_new (NAL_LENGTH_SIZE);
    GBytes *header;
    guint i;

    for (i = 0; i < writer->sets->len; i++) {
      GBytes *set = g_ptr_array_index (writer->sets, i);

      if (!gst_arcly_h264_config_add (config, g_bytes_get_data (set, NULL),
              g_bytes_get_size (set), error))
        return FALSE;
    }
    header = gst_arcly_h264_config_to_bytes (config, error);
    if (header == NULL)
      return FALSE;
    gst_arcly_rtmp_writer_give_header (writer, out, header);
  }
  give_access_unit (writer, out);
  return TRUE;
}

/* The sets stay in the stream, too, so the record does not claim to be
 * complete (ISO/IEC 14496-15, 8.3.3.1.3). */
static gboolean
write_h265 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  if (split_access_unit (writer, data, size, h265_nal)) {
    g_autoptr (GstArclyH265Config) config =
        gst_arcly_h265_config_new (NAL_LENGTH_SIZE);
    GBytes *header;
    guint i;

    for (i = 0; i < writer->sets->len; i++) {
      GBytes *set = g_ptr_array_index (writer->sets, i);

      if (!gst_arcly_h265_config_add (config, g_bytes_get_data (set, NULL),
              g_bytes_get_size (set), error))
        return FALSE;
    }
    header = gst_arcly_h265_config_to_bytes (config, FALSE, error);
    if (header == NULL)
      return FALSE;
    gst_arcly_rtmp_writer_give_header (writer, out, header);
  }
  give_access_unit (writer, out);
  return TRUE;
}

/* ---- AV1 ---- */

/* A record of zeros, as some muxers write it, tells nothing: then the stream
 * has to. */
static gboolean
start_av1 (GstArclyRtmpWriter *writer, const GstStructure *structure,
    const GstArclyRtmpOut *out, GError **error)
{
  g_autoptr (GBytes) header = gst_arcly_rtmp_writer_get_codec_data (structure);
  GstArclyAv1Sequence sequence;
  gsize size;
  const guint8 *data = header ? g_bytes_get_data (header, &size) : NULL;

  if (data == NULL || size == 0 || data[0] == 0)
    return TRUE;
  if (!gst_arcly_av1_config_parse (data, size, &sequence, error))
    return FALSE;
  gst_arcly_rtmp_writer_give_header (writer, out, g_steal_pointer (&header));
  return TRUE;
}

/* Temporal delimiters go, as in files ("AV1 Codec ISO Media File Format
 * Binding", 2.4). They are the first OBU, if they are there at all. */
static gboolean
write_av1 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  GstArclyObuIter iter;
  GstArclyObu obu;

  if (!writer->ready && out->key) {
    GBytes *header = gst_arcly_av1_config_new (data, size, error);

    if (header == NULL)
      return FALSE;
    gst_arcly_rtmp_writer_give_header (writer, out, header);
  }
  if (!writer->ready)
    return TRUE;
  gst_arcly_obu_iter_init (&iter, data, size);
  if (gst_arcly_obu_iter_next (&iter, &obu) &&
      obu.type == GST_ARCLY_OBU_TEMPORAL_DELIMITER) {
    data += obu.size;
    size -= obu.size;
  }
  if (size > 0)
    gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
  return TRUE;
}

/* ---- VP9 and VP8 ---- */

/* VPCodecConfigurationRecord, "VP Codec ISO Media File Format Binding". */
static gboolean
give_vp_header (GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    const GstArclyVp9Config *config, GError **error)
{
  g_autoptr (GBytes) box = gst_arcly_vp9_config_to_bytes (config, error);

  if (box == NULL)
    return FALSE;
  gst_arcly_rtmp_writer_give_header (writer, out,
      g_bytes_new_from_bytes (
          box, FULL_BOX_SIZE, g_bytes_get_size (box) - FULL_BOX_SIZE));
  return TRUE;
}

static void
give_if_ready (GstArclyRtmpWriter *writer, const GstArclyRtmpOut *out,
    const guint8 *data, gsize size)
{
  if (writer->ready)
    gst_arcly_rtmp_writer_give_frame (writer, out, data, size, 0);
}

static gboolean
write_vp9 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  GstArclyVp9Frame frame;

  if (out->key) {
    gint n = 0, d = 1;

    if (!gst_arcly_vp9_frame_parse (data, size, &frame, error))
      return FALSE;
    if (!frame.key_frame)
      return gst_arcly_rtmp_writer_fail (error, "no VP9 key frame");
    gst_structure_get_fraction (
        gst_caps_get_structure (writer->caps, 0), "framerate", &n, &d);
    frame.config.level =
        gst_arcly_vp9_level (frame.width, frame.height, MAX (n, 0), d);
    if (!give_vp_header (writer, out, &frame.config, error))
      return FALSE;
  }
  give_if_ready (writer, out, data, size);
  return TRUE;
}

/* RFC 6386, 9.1: bit 0 is 0 in key frames, then three bits of version. A level
 * VP8 has not, nor does it tell its colours (2: unspecified). */
static gboolean
write_vp8 (GstArclyRtmpWriter *writer, const guint8 *data, gsize size,
    const GstArclyRtmpOut *out, GError **error)
{
  if (out->key) {
    const GstArclyVp9Config config = { .profile = data[0] >> 1 & 3,
      .bit_depth = 8,
      .chroma_subsampling = 1,
      .colour_primaries = 2,
      .transfer_characteristics = 2,
      .matrix_coefficients = 2 };

    if (data[0] & 1)
      return gst_arcly_rtmp_writer_fail (error, "no VP8 key frame");
    if (!give_vp_header (writer, out, &config, error))
      return FALSE;
  }
  give_if_ready (writer, out, data, size);
  return TRUE;
}

#define VIDEO GST_ARCLY_FLV_EX_VIDEO

const GstArclyRtmpWriterCodec gst_arcly_rtmp_writer_video[] = {
  { "video/x-h264", 0, "avc", VIDEO, GST_ARCLY_FOURCC_AVC,
      GST_ARCLY_FLV_VIDEO_H264, TRUE, start_with_record, write_as_is },
  { "video/x-h264", 0, "byte-stream", VIDEO, GST_ARCLY_FOURCC_AVC,
      GST_ARCLY_FLV_VIDEO_H264, TRUE, start_in_band, write_h264 },
  { "video/x-h265", 0, "hvc1", VIDEO, GST_ARCLY_FOURCC_HEVC, 0, TRUE,
      start_with_record, write_as_is },
  { "video/x-h265", 0, "hev1", VIDEO, GST_ARCLY_FOURCC_HEVC, 0, TRUE,
      start_with_record, write_as_is },
  { "video/x-h265", 0, "byte-stream", VIDEO, GST_ARCLY_FOURCC_HEVC, 0, TRUE,
      start_in_band, write_h265 },
  { "video/x-av1", 0, NULL, VIDEO, GST_ARCLY_FOURCC_AV1, 0, TRUE, start_av1,
      write_av1 },
  { "video/x-vp9", 0, NULL, VIDEO, GST_ARCLY_FOURCC_VP9, 0, TRUE, start_in_band,
      write_vp9 },
  { "video/x-vp8", 0, NULL, VIDEO, GST_ARCLY_FOURCC_VP8, 0, TRUE, start_in_band,
      write_vp8 },
  { NULL },
};
