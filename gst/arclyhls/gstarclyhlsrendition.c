/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyfmp4mux.h"
#include "gstarclyhlsrendition.h"
#include "gstarclytsmux.h"

/* Elements of one bin have names of their own. */
static gchar *
make_name (const gchar *what, const gchar *name)
{
  return name ? g_strdup_printf ("%s-%s", what, name) : g_strdup (what);
}

static GstElement *
make_mux (gboolean fmp4, const gchar *name)
{
  if (!fmp4)
    return g_object_new (GST_TYPE_ARCLY_TS_MUX, "name", name, NULL);
  /* The writer is asked where fragments begin, or takes them as they come. */
  return g_object_new (GST_TYPE_ARCLY_FMP4_MUX, "name", name,
      "fragment-duration", (guint64) 1, NULL);
}

GstArclyHlsRendition *
gst_arcly_hls_rendition_new (GstBin *bin, gboolean fmp4, const gchar *name)
{
  GstArclyHlsRendition *self = g_new0 (GstArclyHlsRendition, 1);
  g_autofree gchar *mux_name = make_name ("mux", name);
  g_autofree gchar *writer_name = make_name ("writer", name);
  g_autofree gchar *hold_name = make_name ("hold", name);

  self->bin = bin;
  self->name = g_strdup (name);
  self->is_video = name && g_str_has_prefix (name, "video_");
  self->mux = make_mux (fmp4, mux_name);
  self->writer =
      g_object_new (GST_TYPE_ARCLY_HLS_WRITER, "name", writer_name, NULL);
  gst_bin_add_many (bin, self->mux, GST_ELEMENT (self->writer), NULL);
  gst_element_link (self->mux, GST_ELEMENT (self->writer));
  if (name) {
    self->hold =
        g_object_new (GST_TYPE_ARCLY_HLS_HOLD, "name", hold_name, NULL);
    gst_bin_add (bin, GST_ELEMENT (self->hold));
    gst_element_link_pads (GST_ELEMENT (self->hold), "src", self->mux, name);
  }
  return self;
}

static void
remove_element (GstBin *bin, GstElement *element)
{
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bin_remove (bin, element);
}

/* The source first, so that nothing is pushed to what is not there. */
void
gst_arcly_hls_rendition_free (GstArclyHlsRendition *self)
{
  GstArclyHlsWriter *writer = gst_object_ref (self->writer);

  if (self->hold)
    remove_element (self->bin, GST_ELEMENT (self->hold));
  remove_element (self->bin, self->mux);
  remove_element (self->bin, GST_ELEMENT (self->writer));
  gst_arcly_hls_writer_close (writer);
  gst_object_unref (writer);
  g_clear_object (&self->origin);
  g_free (self->name);
  g_free (self);
}

GstPad *
gst_arcly_hls_rendition_request (GstArclyHlsRendition *self,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps)
{
  GstPadTemplate *own;

  if (self->hold)
    return gst_element_get_static_pad (GST_ELEMENT (self->hold), "sink");
  own = gst_element_get_pad_template (
      self->mux, GST_PAD_TEMPLATE_NAME_TEMPLATE (templ));
  return gst_element_request_pad (self->mux, own, name, caps);
}

void
gst_arcly_hls_rendition_set_up (GstArclyHlsRendition *self, gboolean fmp4)
{
  if (fmp4)
    g_object_set (self->mux, "chunk-duration",
        gst_arcly_hls_writer_get_chunk_duration (self->writer), NULL);
}
