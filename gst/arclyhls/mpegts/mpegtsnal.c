/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265nal.h>

#include "mpegtsnal.h"

#define H264_SLICE_I 2

static GstArclyTsNalKind
h264_kind (const guint8 *nal)
{
  guint type = GST_ARCLY_H264_NAL_TYPE (nal);

  switch (type) {
    case GST_ARCLY_H264_NAL_AUD:
      return GST_ARCLY_TS_NAL_DELIMITER;
    case GST_ARCLY_H264_NAL_SEI:
      return GST_ARCLY_TS_NAL_SEI;
    case GST_ARCLY_H264_NAL_SPS:
      return GST_ARCLY_TS_NAL_SPS;
    case GST_ARCLY_H264_NAL_PPS:
      return GST_ARCLY_TS_NAL_PPS;
    default:
      return GST_ARCLY_H264_NAL_IS_VCL (type) ? GST_ARCLY_TS_NAL_SLICE
                                              : GST_ARCLY_TS_NAL_OTHER;
  }
}

static GstArclyTsNalKind
h265_kind (const guint8 *nal)
{
  guint type = GST_ARCLY_NAL_TYPE_H265 (nal);

  switch (type) {
    case GST_ARCLY_H265_NAL_AUD:
      return GST_ARCLY_TS_NAL_DELIMITER;
    case GST_ARCLY_H265_NAL_SEI:
      return GST_ARCLY_TS_NAL_SEI;
    case GST_ARCLY_H265_NAL_VPS:
      return GST_ARCLY_TS_NAL_VPS;
    case GST_ARCLY_H265_NAL_SPS:
      return GST_ARCLY_TS_NAL_SPS;
    case GST_ARCLY_H265_NAL_PPS:
      return GST_ARCLY_TS_NAL_PPS;
    default:
      return GST_ARCLY_H265_NAL_IS_VCL (type) ? GST_ARCLY_TS_NAL_SLICE
                                              : GST_ARCLY_TS_NAL_OTHER;
  }
}

GstArclyTsNalKind
gst_arcly_ts_nal_kind (
    GstArclyTsVideoCodec codec, const guint8 *nal, gsize size)
{
  if (codec == GST_ARCLY_TS_VIDEO_H264)
    return size > 0 ? h264_kind (nal) : GST_ARCLY_TS_NAL_OTHER;
  return size > 1 ? h265_kind (nal) : GST_ARCLY_TS_NAL_OTHER;
}

gint
gst_arcly_ts_nal_set_id (
    GstArclyTsVideoCodec codec, const guint8 *nal, gsize size)
{
  return codec == GST_ARCLY_TS_VIDEO_H264 ? gst_arcly_h264_set_id (nal, size)
                                          : gst_arcly_h265_set_id (nal, size);
}

gboolean
gst_arcly_ts_nal_is_random_access (GstArclyTsVideoCodec codec,
    const guint8 *nal, gsize size, gboolean keyframe, gboolean recovery_point)
{
  guint type;

  if (codec == GST_ARCLY_TS_VIDEO_H265) {
    type = GST_ARCLY_NAL_TYPE_H265 (nal);
    return type >= 16 && type <= 23; /* with what is reserved for IRAP */
  }
  if (GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_IDR)
    return TRUE;
  /* An open GOP is an I picture with a recovery point; either of the two does
   * if upstream says so. A recovery point alone may be one of intra refresh,
   * with a picture that is not whole for long. */
  if (!keyframe && !recovery_point)
    return FALSE;
  if (keyframe && recovery_point)
    return TRUE;
  return gst_arcly_h264_slice_type (nal, size) == H264_SLICE_I;
}

/* Offset of the next 00 00 01 at or after pos, or size. */
static gsize
find_start_code (const guint8 *data, gsize size, gsize pos)
{
  while (size - pos >= 3) {
    const guint8 *one = memchr (data + pos + 2, 1, size - pos - 2);

    if (!one)
      return size;
    pos = one - data - 2;
    if (data[pos] == 0 && data[pos + 1] == 0)
      return pos;
    pos++;
  }
  return size;
}

void
gst_arcly_ts_nal_walk_init (GstArclyTsNalWalk *walk, GstArclyTsVideoCodec codec,
    const guint8 *data, gsize size, guint length_size)
{
  walk->data = data;
  walk->size = size;
  walk->codec = codec;
  walk->length_size = length_size;
  walk->pos = 0;
  walk->malformed = FALSE;
  if (length_size == 0 && size > 0) {
    walk->pos = find_start_code (data, size, 0);
    walk->malformed = walk->pos == size;
  }
}

static gboolean
next_of_stream (GstArclyTsNalWalk *walk, const guint8 **nal, gsize *size,
    GstArclyTsNalKind *kind)
{
  while (walk->size - walk->pos > 3) {
    gsize start = walk->pos + 3;
    gsize end = walk->size;

    *nal = walk->data + start;
    *kind = gst_arcly_ts_nal_kind (walk->codec, *nal, end - start);
    if (*kind != GST_ARCLY_TS_NAL_SLICE)
      end = find_start_code (walk->data, walk->size, start);
    walk->pos = end;
    /* trailing_zero_8bits and the zero_byte of the next start code. */
    while (*kind != GST_ARCLY_TS_NAL_SLICE && end > start &&
           walk->data[end - 1] == 0)
      end--;
    *size = end - start;
    if (end > start)
      return TRUE;
  }
  return FALSE;
}

static gboolean
next_of_lengths (GstArclyTsNalWalk *walk, const guint8 **nal, gsize *size,
    GstArclyTsNalKind *kind)
{
  while (walk->pos < walk->size) {
    const guint8 *p = walk->data + walk->pos;
    gsize left = walk->size - walk->pos;
    guint64 length = 0;
    guint i;

    for (i = 0; i < walk->length_size && i < left; i++)
      length = length << 8 | p[i];
    if (left < walk->length_size || length > left - walk->length_size) {
      walk->malformed = TRUE;
      return FALSE;
    }
    walk->pos += walk->length_size + length;
    if (length > 0) {
      *nal = p + walk->length_size;
      *size = length;
      *kind = gst_arcly_ts_nal_kind (walk->codec, *nal, length);
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gst_arcly_ts_nal_walk_next (GstArclyTsNalWalk *walk, const guint8 **nal,
    gsize *size, GstArclyTsNalKind *kind)
{
  if (walk->length_size == 0)
    return next_of_stream (walk, nal, size, kind);
  return next_of_lengths (walk, nal, size, kind);
}
