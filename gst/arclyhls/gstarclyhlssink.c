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
 * Since: 0.1
 */
#include "config.h"

#include <gst/arcly/http/gstarclyhttpstorage.h>

#include "gstarclyfmp4mux.h"
#include "gstarclyhlssinkprivate.h"
#include "gstarclytsmux.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_hls_sink_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_sink_debug

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsSink, gst_arcly_hls_sink,
    GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_hls_sink_debug, "arclyhlssink", 0, "Arcly HLS sink"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyhlssink, "arclyhlssink", GST_RANK_NONE, GST_TYPE_ARCLY_HLS_SINK);

static GstPad *
request_target (
    GstElement *mux, GstPadTemplate *templ, const gchar *name, GstCaps *caps)
{
  GstPadTemplate *mux_templ = gst_element_get_pad_template (
      mux, GST_PAD_TEMPLATE_NAME_TEMPLATE (templ));

  return gst_element_request_pad (mux, mux_templ, name, caps);
}

static GstPad *
gst_arcly_hls_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (element);
  g_autoptr (GstPad) target = NULL;
  g_autofree gchar *target_name = NULL;
  GstPad *pad;

  target = request_target (self->mux, templ, name, (GstCaps *) caps);
  if (!target)
    return NULL;
  target_name = gst_pad_get_name (target);
  pad = gst_ghost_pad_new_from_template (target_name, target, templ);
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad)) {
    gst_element_release_request_pad (self->mux, target);
    return NULL;
  }
  return pad;
}

/* The muxer first: it wakes a thread that waits in the pad. */
static void
gst_arcly_hls_sink_release_pad (GstElement *element, GstPad *pad)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (element);
  g_autoptr (GstPad) target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

  if (target)
    gst_element_release_request_pad (self->mux, target);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

static GstElement *
make_mux (GstArclyHlsSegmentFormat format)
{
  if (format == GST_ARCLY_HLS_SEGMENT_FORMAT_TS)
    return g_object_new (GST_TYPE_ARCLY_TS_MUX, "name", "mux", NULL);
  /* The writer is asked where fragments begin, or takes them as they come. */
  return g_object_new (GST_TYPE_ARCLY_FMP4_MUX, "name", "mux",
      "fragment-duration", (guint64) 1, NULL);
}

static gpointer
ref_object (gconstpointer object, gpointer data)
{
  return gst_object_ref ((gpointer) object);
}

/* (transfer full): the pads that somebody requested. */
static GList *
ref_pads (GstArclyHlsSink *self)
{
  GList *pads;

  GST_OBJECT_LOCK (self);
  pads = g_list_copy_deep (GST_ELEMENT (self)->sinkpads, ref_object, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

void
gst_arcly_hls_sink_use_format (
    GstArclyHlsSink *self, GstArclyHlsSegmentFormat format)
{
  GList *pads = ref_pads (self), *item;

  gst_element_set_state (self->mux, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self), self->mux);
  self->mux = make_mux (format);
  gst_bin_add (GST_BIN (self), self->mux);
  gst_element_link (self->mux, GST_ELEMENT (self->writer));
  for (item = pads; item; item = item->next) {
    GstPad *pad = item->data;
    g_autofree gchar *name = gst_pad_get_name (pad);
    g_autoptr (GstPad) target =
        request_target (self->mux, GST_PAD_PAD_TEMPLATE (pad), name, NULL);

    gst_ghost_pad_set_target (GST_GHOST_PAD (pad), target);
  }
  g_list_free_full (pads, gst_object_unref);
  gst_element_sync_state_with_parent (self->mux);
}

/* Parts are served by our own server or not at all: they are in no folder. */
static GstArclyHttpOrigin *
make_origin (GstArclyHlsSink *self, GstClockTime part_duration)
{
  if (part_duration == 0)
    return NULL;
  if (gst_arcly_hls_http_is_open (&self->http))
    return gst_arcly_http_origin_new ();
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("\"part-duration\" has no effect without \"http-port\""), (NULL));
  return NULL;
}

/* (transfer full): what is set, or what the location is a URI of; NULL with no
 * error for a folder. */
static GstArclyStorage *
dup_storage (GstArclyHlsSink *self, GError **error)
{
  g_autofree gchar *location = NULL;
  g_autofree gchar *scheme = NULL;
  GstArclyStorage *storage = NULL;
  GstArclyHttpStorage *http;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  if (self->storage)
    storage = g_object_ref (self->storage);
  GST_OBJECT_UNLOCK (self);

  scheme = g_uri_parse_scheme (location);
  if (storage ||
      (g_strcmp0 (scheme, "http") != 0 && g_strcmp0 (scheme, "https") != 0))
    return storage;
  http = gst_arcly_http_storage_new (location, error);
  return http ? GST_ARCLY_STORAGE (http) : NULL;
}

static gboolean
open_writer (GstArclyHlsSink *self, GstArclyStorage *storage,
    GstArclyHttpOrigin **origin)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *location = NULL;
  GstArclyHlsSettings settings = { .storage = storage };

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  settings.type = self->playlist_type;
  settings.fmp4 = self->segment_format == GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4;
  settings.target_duration = self->target_duration;
  settings.length = self->playlist_length;
  settings.dvr_window = self->dvr_window;
  settings.part_duration = self->part_duration;
  settings.keep_segments = !self->delete_segments;
  settings.send_keyframe_requests = self->send_keyframe_requests;
  GST_OBJECT_UNLOCK (self);

  if (!storage && location[0] == '\0') {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("No folder to write to: set \"location\""), (NULL));
    return FALSE;
  }
  settings.location = location;
  *origin = settings.type == GST_ARCLY_HLS_VOD
                ? NULL
                : make_origin (self, settings.part_duration);
  settings.origin = *origin;
  if (!gst_arcly_hls_writer_open (self->writer, &settings, &error)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, OPEN_WRITE, ("%s", error->message), (NULL));
    return FALSE;
  }
  if (settings.fmp4)
    g_object_set (self->mux, "chunk-duration",
        gst_arcly_hls_writer_get_chunk_duration (self->writer), NULL);
  return TRUE;
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

/* Of what is in a storage, only parts and the segments with them are ours to
 * serve. */
static gboolean
mount_http (
    GstArclyHlsSink *self, gboolean in_storage, GstArclyHttpOrigin *origin)
{
  g_autofree gchar *path = NULL;
  g_autofree gchar *location = NULL;

  if (in_storage && !origin) {
    if (gst_arcly_hls_http_is_open (&self->http))
      GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
          ("\"http-port\" has no effect with a storage, but with "
           "\"part-duration\""),
          (NULL));
    return TRUE;
  }

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->http_path);
  location = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);

  return gst_arcly_hls_http_mount (&self->http, GST_ELEMENT (self), path,
      in_storage ? NULL : location, origin);
}

/* Segments must be there before they are offered, and be offered no longer
 * than somebody else may write to the folder. */
static gboolean
start (GstArclyHlsSink *self)
{
  g_autoptr (GstArclyHttpOrigin) origin = NULL;
  g_autoptr (GstArclyStorage) storage = NULL;
  g_autoptr (GError) error = NULL;

  storage = dup_storage (self, &error);
  if (error) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
    return FALSE;
  }
  if (!open_writer (self, storage, &origin))
    return FALSE;
  if (mount_http (self, storage != NULL, origin))
    return TRUE;
  gst_arcly_hls_writer_close (self->writer);
  return FALSE;
}

static void
stop (GstArclyHlsSink *self)
{
  gst_arcly_hls_http_unmount (&self->http);
  gst_arcly_hls_writer_close (self->writer);
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
    stop (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL ||
      (transition == GST_STATE_CHANGE_NULL_TO_READY &&
          result == GST_STATE_CHANGE_FAILURE))
    gst_arcly_hls_http_close (&self->http);
  return result;
}

static void
gst_arcly_hls_sink_finalize (GObject *object)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  gst_arcly_hls_sink_clear_settings (self);

  G_OBJECT_CLASS (gst_arcly_hls_sink_parent_class)->finalize (object);
}

static void
gst_arcly_hls_sink_init (GstArclyHlsSink *self)
{
  gst_arcly_hls_sink_init_settings (self);

  self->mux = make_mux (self->segment_format);
  self->writer =
      g_object_new (GST_TYPE_ARCLY_HLS_WRITER, "name", "writer", NULL);
  gst_bin_add_many (
      GST_BIN (self), self->mux, GST_ELEMENT (self->writer), NULL);
  gst_element_link (self->mux, GST_ELEMENT (self->writer));
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
