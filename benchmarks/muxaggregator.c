/* SPDX-License-Identifier: MIT */
#include "muxaggregator.h"

struct _MuxAggregator {
  GstAggregator parent;
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink_%d", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264; audio/mpeg"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/mpegts"));

G_DEFINE_FINAL_TYPE (MuxAggregator, mux_aggregator, GST_TYPE_AGGREGATOR)

static GstAggregatorPad *
find_best (GstAggregator *aggregator)
{
  GstAggregatorPad *best = NULL;
  GstClockTime best_pts = GST_CLOCK_TIME_NONE;
  GList *walk;

  GST_OBJECT_LOCK (aggregator);
  for (walk = GST_ELEMENT (aggregator)->sinkpads; walk; walk = walk->next) {
    GstBuffer *buffer = gst_aggregator_pad_peek_buffer (walk->data);

    if (buffer && (!best || GST_BUFFER_PTS (buffer) < best_pts)) {
      best = walk->data;
      best_pts = GST_BUFFER_PTS (buffer);
    }
    gst_clear_buffer (&buffer);
  }
  if (best)
    gst_object_ref (best);
  GST_OBJECT_UNLOCK (aggregator);
  return best;
}

static GstFlowReturn
mux_aggregator_aggregate (GstAggregator *aggregator, gboolean timeout)
{
  g_autoptr (GstAggregatorPad) pad = find_best (aggregator);
  g_autoptr (GstBuffer) buffer = NULL;

  if (!pad)
    return GST_FLOW_EOS;
  buffer = gst_aggregator_pad_pop_buffer (pad);
  return gst_aggregator_finish_buffer (
      aggregator, gst_buffer_copy_deep (buffer));
}

static void
mux_aggregator_init (MuxAggregator *self)
{
}

static void
mux_aggregator_class_init (MuxAggregatorClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_AGGREGATOR_CLASS (klass)->aggregate = mux_aggregator_aggregate;
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &src_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_set_static_metadata (element_class, "Aggregator skeleton",
      "Generic", "Collects and copies", "The gst-arcly authors");
}
