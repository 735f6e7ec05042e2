/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>

#include "gstarclymuxpad.h"

G_DEFINE_TYPE (GstArclyMuxPad, gst_arcly_mux_pad, GST_TYPE_PAD)

#define NO_TIME GST_ARCLY_MUX_NO_TIME

void
gst_arcly_mux_item_clear (GstArclyMuxItem *item)
{
  gst_clear_buffer (&item->buffer);
  g_clear_pointer (&item->format, item->format_unref);
}

void
gst_arcly_mux_pad_clear_format (GstArclyMuxPad *pad)
{
  g_clear_pointer (&pad->format, pad->format_unref);
}

void
gst_arcly_mux_pad_flush_locked (GstArclyMuxPad *pad)
{
  gst_queue_array_clear (pad->queue);
  pad->queued_bytes = 0;
  pad->position = NO_TIME;
  pad->last_dts = NO_TIME;
  pad->eos = FALSE;
  pad->given_up = FALSE;
}

void
gst_arcly_mux_pad_reset_times (GstArclyMuxPad *pad)
{
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  gst_arcly_mux_times_reset (&pad->times);
  pad->discont = pad->changed = FALSE;
}

/* A buffer outside its segment still has a place: frames that precede the
 * first one shown have a negative one. */
static gint64
running_time (GstArclyMuxPad *pad, GstClockTime timestamp)
{
  guint64 value;
  gint sign;

  if (!GST_CLOCK_TIME_IS_VALID (timestamp) ||
      pad->segment.format != GST_FORMAT_TIME)
    return NO_TIME;
  sign = gst_segment_to_running_time_full (
      &pad->segment, GST_FORMAT_TIME, timestamp, &value);
  /* 2^62 ns are 146 years: sums of two never overflow. */
  if (sign == 0 || value > G_MAXINT64 / 2)
    return NO_TIME;
  return sign > 0 ? (gint64) value : -(gint64) value;
}

gint
gst_arcly_mux_h264_depth (GstBuffer *buffer, guint nal_length_size)
{
  GstArclyH264NalIter iter;
  GstArclyH264Sps sps;
  GstMapInfo map;
  const guint8 *nal;
  gsize size;
  gint depth = -1;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return -1;
  gst_arcly_h264_nal_iter_init (&iter, map.data, map.size, nal_length_size);
  while (depth < 0 && gst_arcly_h264_nal_iter_next (&iter, &nal, &size)) {
    if (GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_SPS &&
        gst_arcly_h264_sps_parse (nal, size, &sps, NULL))
      depth = gst_arcly_h264_sps_reorder_depth (&sps);
  }
  gst_buffer_unmap (buffer, &map);
  return depth;
}

/* Each alone: nothing that it follows, and no order. */
static void
stamp_data (GstArclyMuxPad *pad, GstBuffer *buffer, GstArclyMuxItem *item)
{
  item->pts = running_time (pad, GST_BUFFER_PTS (buffer));
  if (item->pts == NO_TIME)
    item->pts = running_time (pad, GST_BUFFER_DTS (buffer));
  item->dts = item->pts;
}

gboolean
gst_arcly_mux_pad_stamp (GstArclyMuxPad *pad, GstBuffer *buffer,
    GstClockTime nominal, GstArclyMuxDepthFunc get_depth, GstArclyMuxItem *item,
    GError **error)
{
  GstArclyMuxStamp stamp = {
    .pts = running_time (pad, GST_BUFFER_PTS (buffer)),
    .dts =
        pad->is_video ? running_time (pad, GST_BUFFER_DTS (buffer)) : NO_TIME,
  };

  if (pad->is_data) {
    stamp_data (pad, buffer, item);
    return TRUE;
  }
  if (!pad->is_video && stamp.pts == NO_TIME)
    stamp.pts = running_time (pad, GST_BUFFER_DTS (buffer));
  if (GST_BUFFER_DURATION_IS_VALID (buffer) &&
      GST_BUFFER_DURATION (buffer) < G_MAXINT64 / 2)
    stamp.duration = GST_BUFFER_DURATION (buffer);
  if (stamp.duration == 0)
    stamp.duration = nominal;
  if (pad->is_video && (stamp.dts == NO_TIME || stamp.pts == NO_TIME))
    stamp.depth = get_depth (pad->format, buffer);
  if (!gst_arcly_mux_times_resolve (&pad->times, &stamp, error))
    return FALSE;

  item->pts = stamp.pts;
  item->dts = stamp.dts;
  item->duration = stamp.duration;
  item->discont = pad->discont;
  item->jumped = stamp.jumped;
  item->changed = pad->changed;
  pad->discont = pad->changed = FALSE;
  return TRUE;
}

static void
gst_arcly_mux_pad_finalize (GObject *object)
{
  GstArclyMuxPad *pad = GST_ARCLY_MUX_PAD (object);

  gst_queue_array_free (pad->queue);
  gst_arcly_mux_pad_clear_format (pad);

  G_OBJECT_CLASS (gst_arcly_mux_pad_parent_class)->finalize (object);
}

static void
gst_arcly_mux_pad_init (GstArclyMuxPad *pad)
{
  pad->queue = gst_queue_array_new_for_struct (sizeof (GstArclyMuxItem), 16);
  gst_queue_array_set_clear_func (
      pad->queue, (GDestroyNotify) gst_arcly_mux_item_clear);
  gst_arcly_mux_pad_reset_times (pad);
  gst_arcly_mux_pad_flush_locked (pad);
}

static void
gst_arcly_mux_pad_class_init (GstArclyMuxPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_mux_pad_finalize;
}
