/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclyhlssink
 * @title: arclyhlssink
 *
 * Writes HTTP Live Streaming (RFC 8216): MPEG-TS or fMP4 segments that begin at
 * keyframes, and the playlist `index.m3u8`, in a folder. It takes H.264, H.265,
 * AAC and more (see #GstArclyHlsSink:segment-format) as encoders, depayloaders
 * and demuxers give them; no parser and no `queue` is needed in front.
 *
 * Readers of the folder see whole files only. A playlist only grows at its end
 * and shrinks at its front, also when the process is started again in the same
 * folder. Segments that left a live playlist stay as long as a player may still
 * ask for them, and are then deleted; nothing is deleted at exit.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 ! \
 *     video/x-raw,format=I420 ! x264enc key-int-max=60 ! \
 *     arclyhlssink location=/tmp/hls/test target-duration=2
 * ]|
 * Writes ten seconds of test picture; `ffplay /tmp/hls/test/index.m3u8` shows
 * it. Browsers want I420; without these caps x264enc gets and keeps 4:4:4.
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! video/x-raw,format=I420 ! \
 *     x264enc tune=zerolatency key-int-max=60 ! \
 *     arclyhlssink location=/tmp/hls/live target-duration=2 http-port=8080
 * ]|
 * Serves it live: http://127.0.0.1:8080/ is a page that plays it, and players
 * open http://127.0.0.1:8080/hls/index.m3u8.
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 ! \
 *     video/x-raw,format=I420 ! x264enc key-int-max=60 ! \
 *     arclyhlssink location=http://127.0.0.1:9000/live/ target-duration=2
 * ]|
 * Sends it with PUT to a server that takes that; an application may give any
 * other #GstArclyStorage.
 *
 * With several video pads, or several audio pads, each pad gets a playlist of
 * its own, cut at the same times, and `index.m3u8` is a multivariant playlist.
 *
 * Downstream events (%GST_EVENT_CUSTOM_DOWNSTREAM) with the structure
 * `arcly-daterange` become EXT-X-DATERANGE (rfc8216bis, 4.4.5.1): `id`, a
 * string, is required; times are running time in nanoseconds; docs/hls.md has
 * all fields. What cannot be listed is a warning STREAM/FORMAT, posted by the
 * thread that brings the media.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstarclyfmp4mux.h"
#include "gstarclyhlsdaterange.h"
#include "gstarclyhlssinkprivate.h"
#include "gstarclytsmux.h"

GST_DEBUG_CATEGORY (gst_arcly_hls_sink_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_sink_debug

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsSink, gst_arcly_hls_sink,
    GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_hls_sink_debug, "arclyhlssink", 0, "Arcly HLS sink"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyhlssink, "arclyhlssink", GST_RANK_NONE, GST_TYPE_ARCLY_HLS_SINK);

static gboolean
runs (GstArclyHlsSink *self)
{
  return GST_STATE (self) > GST_STATE_READY ||
         GST_STATE_TARGET (self) > GST_STATE_READY;
}

/* Pads that come later are of the only rendition there is; with several, each
 * pad has its own, and those are set up before it starts. */
static GstArclyHlsRendition *
rendition_for_request (GstArclyHlsSink *self, const gchar *name)
{
  GstArclyHlsRendition *first = g_ptr_array_index (self->renditions, 0);

  if (!first->name)
    return first;
  if (runs (self)) {
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("%s is refused: each pad has a playlist of its own, and these are set "
         "up before the element is PAUSED. Request pads before.",
            name ? name : "A pad"),
        (NULL));
    return NULL;
  }
  gst_arcly_hls_sink_lay_out (self, FALSE, FALSE);
  return g_ptr_array_index (self->renditions, 0);
}

static GstPad *
gst_arcly_hls_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (element);
  GstArclyHlsRendition *rendition = rendition_for_request (self, name);
  g_autoptr (GstPad) target = NULL;
  g_autofree gchar *target_name = NULL;
  GstPad *pad;

  if (rendition)
    target = gst_arcly_hls_rendition_request (rendition, templ, name, caps);
  if (!target)
    return NULL;
  target_name = gst_pad_get_name (target);
  pad = gst_ghost_pad_new_from_template (target_name, target, templ);
  /* As the muxer's: some encoders leave fields out that the template has. */
  GST_PAD_SET_ACCEPT_INTERSECT (pad);
  gst_arcly_hls_daterange_watch (pad, element, self->board);
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad)) {
    gst_element_release_request_pad (rendition->mux, target);
    return NULL;
  }
  if (runs (self) && gst_arcly_hls_sink_wants_several (self))
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("%s comes too late for a playlist of its own: it goes into the one "
         "with the others. Request pads before the element is PAUSED.",
            target_name),
        (NULL));
  return pad;
}

/* The muxer first: it wakes a thread that waits in the pad. */
static void
gst_arcly_hls_sink_release_pad (GstElement *element, GstPad *pad)
{
  g_autoptr (GstPad) target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));
  g_autoptr (GstElement) owner =
      target ? gst_pad_get_parent_element (target) : NULL;

  if (owner && GST_IS_ARCLY_HLS_HOLD (owner))
    gst_arcly_hls_hold_end (GST_ARCLY_HLS_HOLD (owner));
  else if (owner)
    gst_element_release_request_pad (owner, target);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

static gboolean
open_http (GstArclyHlsSink *self)
{
  g_autofree gchar *address = NULL;
  g_autofree gchar *certificate = NULL;
  g_autofree gchar *private_key = NULL;
  g_autoptr (GstArclyHttpServer) server = NULL;
  GstArclyHlsHttpSettings settings = { 0 };

  GST_OBJECT_LOCK (self);
  address = g_strdup (self->http_address);
  certificate = g_strdup (self->http_certificate);
  private_key = g_strdup (self->http_private_key);
  g_set_object (&server, self->http_server);
  settings.port = self->http_port;
  GST_OBJECT_UNLOCK (self);

  settings.server = server;
  settings.address = address;
  settings.certificate = certificate;
  settings.private_key = private_key;
  if (!gst_arcly_hls_http_open (&self->http, GST_ELEMENT (self), &settings))
    return FALSE;
  gst_arcly_hls_sink_notify_port (self);
  return TRUE;
}

static gboolean
start (GstArclyHlsSink *self)
{
  gst_arcly_hls_sink_lay_out (self, TRUE, FALSE);
  return gst_arcly_hls_sink_start (self);
}

static GstStateChangeReturn
gst_arcly_hls_sink_change_state (GstElement *element, GstStateChange transition)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_http (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;

  result = GST_ELEMENT_CLASS (gst_arcly_hls_sink_parent_class)
               ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          result == GST_STATE_CHANGE_FAILURE))
    gst_arcly_hls_sink_stop (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL ||
      (transition == GST_STATE_CHANGE_NULL_TO_READY &&
          result == GST_STATE_CHANGE_FAILURE))
    gst_arcly_hls_http_close (&self->http);
  return result;
}

static void
gst_arcly_hls_sink_dispose (GObject *object)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);
  guint i;

  for (i = 0; i < self->renditions->len; i++)
    gst_arcly_hls_rendition_free (g_ptr_array_index (self->renditions, i));
  g_ptr_array_set_size (self->renditions, 0);

  G_OBJECT_CLASS (gst_arcly_hls_sink_parent_class)->dispose (object);
}

static void
gst_arcly_hls_sink_finalize (GObject *object)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  gst_arcly_hls_sink_clear_settings (self);
  g_ptr_array_unref (self->renditions);
  gst_arcly_hls_board_unref (self->board);

  G_OBJECT_CLASS (gst_arcly_hls_sink_parent_class)->finalize (object);
}

static void
gst_arcly_hls_sink_init (GstArclyHlsSink *self)
{
  gst_arcly_hls_sink_init_settings (self);

  self->renditions = g_ptr_array_new ();
  self->board = gst_arcly_hls_board_new ();
  gst_arcly_hls_sink_lay_out (self, FALSE, FALSE);
}

/* What either muxer takes; the one that is used says which. */
static void
add_pad_template (GstElementClass *element_class, const gchar *name)
{
  GType types[] = { GST_TYPE_ARCLY_TS_MUX, GST_TYPE_ARCLY_FMP4_MUX };
  GstCaps *caps = gst_caps_new_empty ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    GstElementClass *mux_class = g_type_class_ref (types[i]);

    caps = gst_caps_merge (
        caps, gst_pad_template_get_caps (
                  gst_element_class_get_pad_template (mux_class, name)));
    g_type_class_unref (mux_class);
  }
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new (name, GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);
}

static void
gst_arcly_hls_sink_class_init (GstArclyHlsSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->dispose = gst_arcly_hls_sink_dispose;
  object_class->finalize = gst_arcly_hls_sink_finalize;
  gst_arcly_hls_sink_install_properties (object_class);

  element_class->request_new_pad = gst_arcly_hls_sink_request_new_pad;
  element_class->release_pad = gst_arcly_hls_sink_release_pad;
  element_class->change_state = gst_arcly_hls_sink_change_state;

  add_pad_template (element_class, "video_%u");
  add_pad_template (element_class, "audio_%u");
  gst_element_class_set_static_metadata (element_class, "Arcly HLS sink",
      "Sink/Muxer", "Writes HLS: MPEG-TS or fMP4 segments and a playlist",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_HLS_SEGMENT_FORMAT, 0);
}
