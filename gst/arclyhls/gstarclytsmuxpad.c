/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/arcly/codec/gstarclyh264nal.h>

#include "gstarclytsmuxpad.h"

G_DEFINE_FINAL_TYPE (GstArclyTsMuxPad, gst_arcly_ts_mux_pad, GST_TYPE_PAD)

#define NO_TIME GST_ARCLY_TS_MUX_NO_TIME

void
gst_arcly_ts_mux_item_clear (GstArclyTsMuxItem *item)
{
  gst_clear_buffer (&item->buffer);
  g_clear_pointer (&item->format, gst_arcly_ts_mux_format_unref);
}

void
gst_arcly_ts_mux_pad_flush_locked (GstArclyTsMuxPad *pad)
{
  gst_queue_array_clear (pad->queue);
  pad->queued_bytes = 0;
  pad->position = NO_TIME;
  pad->last_dts = NO_TIME;
  pad->eos = FALSE;
  pad->given_up = FALSE;
}

void
gst_arcly_ts_mux_pad_reset_times (GstArclyTsMuxPad *pad)
{
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  gst_arcly_ts_mux_times_reset (&pad->times);
  pad->discont = FALSE;
}

/* A buffer outside its segment still has a place: frames that precede the
 * first one shown have a negative one. */
static gint64
running_time (GstArclyTsMuxPad *pad, GstClockTime timestamp)
{
  guint64 value;
  gint sign;

  if (!GST_CLOCK_TIME_IS_VALID (timestamp))
    return NO_TIME;
  sign = gst_segment_to_running_time_full (
      &pad->segment, GST_FORMAT_TIME, timestamp, &value);
  /* 2^62 ns are 146 years: sums of two never overflow. */
  if (sign == 0 || value > G_MAXINT64 / 2)
    return NO_TIME;
  return sign > 0 ? (gint64) value : -(gint64) value;
}

/* Only a track without DTS asks how deep its frames are reordered; a byte
 * stream tells it in its first key frame. */
static guint
reorder_depth (GstArclyTsMuxPad *pad, GstBuffer *buffer)
{
  GstArclyH264NalIter iter;
  GstArclyH264Sps sps;
  GstMapInfo map;
  const guint8 *nal;
  gsize size;

  if (!pad->is_video)
    return 0;
  if (pad->format->depth < 0 && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_arcly_h264_nal_iter_init (&iter, map.data, map.size,
        pad->format->h264
            ? gst_arcly_h264_config_get_nal_length_size (pad->format->h264)
            : 0);
    while (gst_arcly_h264_nal_iter_next (&iter, &nal, &size)) {
      if (GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_SPS &&
          gst_arcly_h264_sps_parse (nal, size, &sps, NULL)) {
        pad->format->depth = gst_arcly_h264_sps_reorder_depth (&sps);
        break;
      }
    }
    gst_buffer_unmap (buffer, &map);
  }
  return MAX (pad->format->depth, 0);
}

gboolean
gst_arcly_ts_mux_pad_stamp (GstArclyTsMuxPad *pad, GstBuffer *buffer,
    GstArclyTsMuxItem *item, GError **error)
{
  GstArclyTsMuxStamp stamp = {
    .pts = running_time (pad, GST_BUFFER_PTS (buffer)),
    .dts =
        pad->is_video ? running_time (pad, GST_BUFFER_DTS (buffer)) : NO_TIME,
  };

  if (!pad->is_video && stamp.pts == NO_TIME)
    stamp.pts = running_time (pad, GST_BUFFER_DTS (buffer));
  if (GST_BUFFER_DURATION_IS_VALID (buffer) &&
      GST_BUFFER_DURATION (buffer) < G_MAXINT64 / 2)
    stamp.duration = GST_BUFFER_DURATION (buffer);
  if (stamp.duration == 0)
    stamp.duration = pad->format->duration;
  if (stamp.dts == NO_TIME || stamp.pts == NO_TIME)
    stamp.depth = reorder_depth (pad, buffer);
  if (!gst_arcly_ts_mux_times_resolve (&pad->times, &stamp, error))
    return FALSE;

  item->pts = stamp.pts;
  item->dts = stamp.dts;
  item->duration = stamp.duration;
  item->discont = pad->discont;
  item->jumped = stamp.jumped;
  pad->discont = FALSE;
  return TRUE;
}

static void
gst_arcly_ts_mux_pad_finalize (GObject *object)
{
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (object);

  gst_queue_array_free (pad->queue);
  g_clear_pointer (&pad->format, gst_arcly_ts_mux_format_unref);
  g_clear_pointer (&pad->active, gst_arcly_ts_mux_format_unref);
  g_clear_pointer (&pad->h264, gst_arcly_ts_h264_free);

  G_OBJECT_CLASS (gst_arcly_ts_mux_pad_parent_class)->finalize (object);
}

static void
gst_arcly_ts_mux_pad_init (GstArclyTsMuxPad *pad)
{
  pad->queue = gst_queue_array_new_for_struct (sizeof (GstArclyTsMuxItem), 16);
  gst_queue_array_set_clear_func (
      pad->queue, (GDestroyNotify) gst_arcly_ts_mux_item_clear);
  gst_arcly_ts_mux_pad_reset_times (pad);
  gst_arcly_ts_mux_pad_flush_locked (pad);
}

static void
gst_arcly_ts_mux_pad_class_init (GstArclyTsMuxPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_ts_mux_pad_finalize;
}
