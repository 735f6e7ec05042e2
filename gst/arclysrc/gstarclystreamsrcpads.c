/* SPDX-License-Identifier: MIT
 *
 * What comes up through our pads. */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclystreamsrcpriv.h"

/* Keyframes can be asked for; the stream is everybody's, so nothing else of
 * what one viewer wants reaches the publisher. */
static gboolean
pad_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  g_autoptr (GstElement) publisher = NULL;

  if (!gst_video_event_is_force_key_unit (event)) {
    gboolean ok = GST_EVENT_TYPE (event) != GST_EVENT_SEEK;

    gst_event_unref (event);
    return ok;
  }
  publisher =
      gst_arcly_stream_src_get_publisher (GST_ARCLY_STREAM_SRC (parent));
  if (publisher)
    return gst_element_send_event (publisher, event);
  gst_event_unref (event);
  return FALSE;
}

/* The publisher's least latency, since a buffer is due here when it is due
 * there; what we may hold back is the bound of the lag. */
static gboolean
query_latency (GstArclyStreamSrc *self, guint track, GstQuery *query)
{
  g_autoptr (GstElement) publisher = gst_arcly_stream_src_get_publisher (self);
  g_autofree gchar *name = g_strdup_printf ("sink_%u", track);
  g_autoptr (GstPad) sink =
      publisher ? gst_element_get_static_pad (publisher, name) : NULL;
  g_autoptr (GstQuery) theirs = gst_query_new_latency ();
  GstClockTime min = 0, max = GST_CLOCK_TIME_NONE, bound = 0;

  if (sink && gst_pad_peer_query (sink, theirs))
    gst_query_parse_latency (theirs, NULL, &min, &max);
  GST_OBJECT_LOCK (self);
  bound = self->bounds.time;
  GST_OBJECT_UNLOCK (self);
  if (bound == 0)
    max = GST_CLOCK_TIME_NONE;
  else if (GST_CLOCK_TIME_IS_VALID (max))
    max += bound;
  gst_query_set_latency (query, TRUE, min, max);
  return TRUE;
}

static gboolean
pad_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (GST_ARCLY_STREAM_SRC (parent),
        GPOINTER_TO_UINT (gst_pad_get_element_private (pad)), query);
  return gst_pad_query_default (pad, parent, query);
}

void
gst_arcly_stream_src_setup_pad (GstPad *pad, guint track)
{
  gst_pad_set_element_private (pad, GUINT_TO_POINTER (track));
  gst_pad_set_event_function (pad, pad_event);
  gst_pad_set_query_function (pad, pad_query);
  gst_pad_use_fixed_caps (pad);
}
