/* SPDX-License-Identifier: MIT
 *
 * The ids by which parameter sets replace each other. */
#include "config.h"

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyh266nal.h>

static gint
check (const GstArclyBitReader *reader, guint32 id, guint limit)
{
  return reader->overrun || id >= limit ? -1 : (gint) id;
}

/* ITU-T H.264, 7.4.2.1.1 and 7.4.2.2 */
gint
gst_arcly_h264_set_id (const guint8 *nal, gsize size)
{
  gboolean is_sps =
      size > 0 && GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_SPS;
  gsize skip = is_sps ? 4 : 1;
  GstArclyBitReader reader;

  if (size <= skip)
    return -1;
  gst_arcly_bit_reader_init_rbsp (&reader, nal + skip, size - skip);
  return check (&reader, gst_arcly_bit_reader_ue (&reader), is_sps ? 32 : 256);
}

/* ITU-T H.265, 7.3.3: what precedes the id of an SPS. */
static void
skip_profile_tier_level (GstArclyBitReader *reader, guint max_sub_layers)
{
  gboolean has_profile[8], has_level[8];
  guint i;

  gst_arcly_bit_reader_skip (reader, 88 + 8);
  for (i = 0; i < max_sub_layers; i++) {
    has_profile[i] = gst_arcly_bit_reader_flag (reader);
    has_level[i] = gst_arcly_bit_reader_flag (reader);
  }
  if (max_sub_layers > 0)
    gst_arcly_bit_reader_skip (reader, 2 * (8 - max_sub_layers));
  for (i = 0; i < max_sub_layers; i++)
    gst_arcly_bit_reader_skip (
        reader, (has_profile[i] ? 88 : 0) + (has_level[i] ? 8 : 0));
}

/* ITU-T H.265, 7.4.3.1 to 7.4.3.3 */
gint
gst_arcly_h265_set_id (const guint8 *nal, gsize size)
{
  GstArclyBitReader reader;
  guint type, max_sub_layers;

  if (size <= 2)
    return -1;
  type = GST_ARCLY_NAL_TYPE_H265 (nal);
  gst_arcly_bit_reader_init_rbsp (&reader, nal + 2, size - 2);
  if (type == GST_ARCLY_H265_NAL_VPS)
    return check (&reader, gst_arcly_bit_reader_bits (&reader, 4), 16);
  if (type != GST_ARCLY_H265_NAL_SPS)
    return check (&reader, gst_arcly_bit_reader_ue (&reader), 64);
  gst_arcly_bit_reader_skip (&reader, 4);
  max_sub_layers = gst_arcly_bit_reader_bits (&reader, 3);
  gst_arcly_bit_reader_skip (&reader, 1);
  skip_profile_tier_level (&reader, max_sub_layers);
  return check (&reader, gst_arcly_bit_reader_ue (&reader), 16);
}

/* ITU-T H.266, 7.3.2.3 to 7.3.2.5: they begin with it. */
gint
gst_arcly_h266_set_id (const guint8 *nal, gsize size)
{
  GstArclyBitReader reader;
  guint bits;

  if (size <= 2)
    return -1;
  bits = GST_ARCLY_NAL_TYPE_H266 (nal) == GST_ARCLY_H266_NAL_PPS ? 6 : 4;
  gst_arcly_bit_reader_init_rbsp (&reader, nal + 2, size - 2);
  return check (&reader, gst_arcly_bit_reader_bits (&reader, bits), 64);
}
