/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclyhlssink
 * @title: arclyhlssink
 *
 * Writes HTTP Live Streaming (RFC 8216): MPEG-TS segments that begin at
 * keyframes, and the playlist `index.m3u8`, in a folder. It takes H.264, AAC
 * and MPEG audio as encoders, depayloaders and demuxers give them; no parser
 * and no `queue` is needed in front.
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
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstarclyhlshttp.h"
#include "gstarclyhlssink.h"
#include "gstarclyhlswriter.h"
#include "gstarclytsmux.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_hls_sink_debug);
#define GST_CAT_DEFAULT gst_arcly_hls_sink_debug

#define DEFAULT_LOCATION "hls"
#define DEFAULT_TARGET_DURATION 6
#define DEFAULT_PLAYLIST_LENGTH 6
#define DEFAULT_PLAYLIST_TYPE GST_ARCLY_HLS_LIVE
#define DEFAULT_PART_DURATION 0
#define DEFAULT_DVR_WINDOW 0
#define DEFAULT_DELETE_SEGMENTS TRUE
#define DEFAULT_SEND_KEYFRAME_REQUESTS TRUE
#define DEFAULT_HTTP_ADDRESS "127.0.0.1"
#define DEFAULT_HTTP_PORT -1
#define DEFAULT_HTTP_PATH "/hls"
#define MAX_TARGET_DURATION 3600
/* Less is a frame; more is a segment. */
#define MIN_PART_DURATION (20 * GST_MSECOND)

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_TARGET_DURATION,
  PROP_PART_DURATION,
  PROP_PLAYLIST_LENGTH,
  PROP_DVR_WINDOW,
  PROP_PLAYLIST_TYPE,
  PROP_DELETE_SEGMENTS,
  PROP_SEND_KEYFRAME_REQUESTS,
  PROP_HTTP_ADDRESS,
  PROP_HTTP_PORT,
  PROP_HTTP_BOUND_PORT,
  PROP_HTTP_PATH,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

struct _GstArclyHlsSink {
  GstBin parent;

  /* Constant from init on. */
  GstElement *mux;           /* owned by the bin */
  GstArclyHlsWriter *writer; /* owned by the bin */

  /* Settings. Object lock. */
  gchar *location;
  guint target_duration;
  GstClockTime part_duration;
  guint playlist_length;
  GstClockTime dvr_window;
  GstArclyHlsType playlist_type;
  gboolean delete_segments;
  gboolean send_keyframe_requests;
  gchar *http_address;
  gint http_port;
  gchar *http_path;

  GstArclyHlsHttp http;
};

#define GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE                                       \
  (gst_arcly_hls_playlist_type_get_type ())

static GType
gst_arcly_hls_playlist_type_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_HLS_LIVE, "A window that moves with the stream", "live" },
    { GST_ARCLY_HLS_EVENT, "All segments, while they are made", "event" },
    { GST_ARCLY_HLS_VOD, "All segments, written at the end", "vod" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyHlsPlaylistType", values));
  return type;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyHlsSink, gst_arcly_hls_sink,
    GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_hls_sink_debug, "arclyhlssink", 0, "Arcly HLS sink"));
GST_ELEMENT_REGISTER_DEFINE (
    arclyhlssink, "arclyhlssink", GST_RANK_NONE, GST_TYPE_ARCLY_HLS_SINK);

static GstPad *
gst_arcly_hls_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (element);
  g_autoptr (GstPad) target = NULL;
  g_autofree gchar *target_name = NULL;
  GstPadTemplate *mux_templ;
  GstPad *pad;

  mux_templ = gst_element_get_pad_template (
      self->mux, GST_PAD_TEMPLATE_NAME_TEMPLATE (templ));
  target = gst_element_request_pad (self->mux, mux_templ, name, caps);
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

/* Parts are served by our own server or not at all: they are in no folder. */
static GstArclyHttpOrigin *
make_origin (GstArclyHlsSink *self, GstClockTime part_duration)
{
  if (part_duration == 0)
    return NULL;
  if (g_atomic_int_get (&self->http.port) > 0)
    return gst_arcly_http_origin_new ();
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("\"part-duration\" has no effect without \"http-port\""), (NULL));
  return NULL;
}

static gboolean
open_writer (GstArclyHlsSink *self, GstArclyHttpOrigin **origin)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *location = NULL;
  GstArclyHlsSettings settings = { 0 };

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  settings.type = self->playlist_type;
  settings.target_duration = self->target_duration;
  settings.length = self->playlist_length;
  settings.dvr_window = self->dvr_window;
  settings.part_duration = self->part_duration;
  settings.keep_segments = !self->delete_segments;
  settings.send_keyframe_requests = self->send_keyframe_requests;
  GST_OBJECT_UNLOCK (self);

  if (location[0] == '\0') {
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
  return TRUE;
}

static gboolean
open_http (GstArclyHlsSink *self)
{
  g_autofree gchar *address = NULL;
  gint port;

  GST_OBJECT_LOCK (self);
  address = g_strdup (self->http_address);
  port = self->http_port;
  GST_OBJECT_UNLOCK (self);

  if (port < 0)
    return TRUE;
  if (!gst_arcly_hls_http_open (
          &self->http, GST_ELEMENT (self), address, (guint) port))
    return FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HTTP_BOUND_PORT]);
  return TRUE;
}

static gboolean
mount_http (GstArclyHlsSink *self, GstArclyHttpOrigin *origin)
{
  g_autofree gchar *path = NULL;
  g_autofree gchar *location = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->http_path);
  location = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);

  return gst_arcly_hls_http_mount (
      &self->http, GST_ELEMENT (self), path, location, origin);
}

/* Segments must be there before they are offered, and be offered no longer
 * than somebody else may write to the folder. */
static gboolean
start (GstArclyHlsSink *self)
{
  g_autoptr (GstArclyHttpOrigin) origin = NULL;

  if (!open_writer (self, &origin))
    return FALSE;
  if (mount_http (self, origin))
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

/* NULL is the default again. */
static void
set_string (gchar **setting, const GValue *value, const gchar *or_else)
{
  const gchar *string = g_value_get_string (value);

  g_free (*setting);
  *setting = g_strdup (string ? string : or_else);
}

static void
gst_arcly_hls_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      set_string (&self->location, value, DEFAULT_LOCATION);
      break;
    case PROP_TARGET_DURATION:
      self->target_duration = g_value_get_uint (value);
      break;
    case PROP_PART_DURATION:
      self->part_duration = g_value_get_uint64 (value);
      if (self->part_duration > 0)
        self->part_duration = MAX (self->part_duration, MIN_PART_DURATION);
      break;
    case PROP_PLAYLIST_LENGTH:
      self->playlist_length = g_value_get_uint (value);
      break;
    case PROP_DVR_WINDOW:
      self->dvr_window = g_value_get_uint64 (value);
      break;
    case PROP_PLAYLIST_TYPE:
      self->playlist_type = g_value_get_enum (value);
      break;
    case PROP_DELETE_SEGMENTS:
      self->delete_segments = g_value_get_boolean (value);
      break;
    case PROP_SEND_KEYFRAME_REQUESTS:
      self->send_keyframe_requests = g_value_get_boolean (value);
      break;
    case PROP_HTTP_ADDRESS:
      set_string (&self->http_address, value, DEFAULT_HTTP_ADDRESS);
      break;
    case PROP_HTTP_PORT:
      self->http_port = g_value_get_int (value);
      break;
    case PROP_HTTP_PATH:
      set_string (&self->http_path, value, DEFAULT_HTTP_PATH);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_hls_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, gst_arcly_hls_writer_get_stats (self->writer));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_TARGET_DURATION:
      g_value_set_uint (value, self->target_duration);
      break;
    case PROP_PART_DURATION:
      g_value_set_uint64 (value, self->part_duration);
      break;
    case PROP_PLAYLIST_LENGTH:
      g_value_set_uint (value, self->playlist_length);
      break;
    case PROP_DVR_WINDOW:
      g_value_set_uint64 (value, self->dvr_window);
      break;
    case PROP_PLAYLIST_TYPE:
      g_value_set_enum (value, self->playlist_type);
      break;
    case PROP_DELETE_SEGMENTS:
      g_value_set_boolean (value, self->delete_segments);
      break;
    case PROP_SEND_KEYFRAME_REQUESTS:
      g_value_set_boolean (value, self->send_keyframe_requests);
      break;
    case PROP_HTTP_ADDRESS:
      g_value_set_string (value, self->http_address);
      break;
    case PROP_HTTP_PORT:
      g_value_set_int (value, self->http_port);
      break;
    case PROP_HTTP_BOUND_PORT:
      g_value_set_int (value, g_atomic_int_get (&self->http.port));
      break;
    case PROP_HTTP_PATH:
      g_value_set_string (value, self->http_path);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_hls_sink_finalize (GObject *object)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  g_free (self->location);
  g_free (self->http_address);
  g_free (self->http_path);

  G_OBJECT_CLASS (gst_arcly_hls_sink_parent_class)->finalize (object);
}

static void
gst_arcly_hls_sink_init (GstArclyHlsSink *self)
{
  self->location = g_strdup (DEFAULT_LOCATION);
  self->target_duration = DEFAULT_TARGET_DURATION;
  self->part_duration = DEFAULT_PART_DURATION;
  self->playlist_length = DEFAULT_PLAYLIST_LENGTH;
  self->dvr_window = DEFAULT_DVR_WINDOW;
  self->playlist_type = DEFAULT_PLAYLIST_TYPE;
  self->delete_segments = DEFAULT_DELETE_SEGMENTS;
  self->send_keyframe_requests = DEFAULT_SEND_KEYFRAME_REQUESTS;
  self->http_address = g_strdup (DEFAULT_HTTP_ADDRESS);
  self->http_port = DEFAULT_HTTP_PORT;
  self->http_path = g_strdup (DEFAULT_HTTP_PATH);

  self->mux = g_object_new (GST_TYPE_ARCLY_TS_MUX, "name", "mux", NULL);
  self->writer =
      g_object_new (GST_TYPE_ARCLY_HLS_WRITER, "name", "writer", NULL);
  gst_bin_add_many (
      GST_BIN (self), self->mux, GST_ELEMENT (self->writer), NULL);
  gst_element_link (self->mux, GST_ELEMENT (self->writer));
}

static void
install_http_properties (void)
{
  /**
   * GstArclyHlsSink:http-address:
   *
   * The IP address or host name to listen on, with
   * #GstArclyHlsSink:http-port; 0.0.0.0 or :: for all of the machine's.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_ADDRESS] = g_param_spec_string ("http-address",
      "HTTP address", "Address to listen on (0.0.0.0 = all of IPv4)",
      DEFAULT_HTTP_ADDRESS, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyHlsSink:http-port:
   *
   * The TCP port that serves the folder at #GstArclyHlsSink:http-path, and a
   * page with a player at `/`; 0 takes a free one, -1 serves nothing. Elements
   * of one pipeline share a port. Taken when the element leaves NULL.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_PORT] = g_param_spec_int ("http-port", "HTTP port",
      "TCP port to serve the folder on (-1 = none, 0 = any free one)", -1,
      G_MAXUINT16, DEFAULT_HTTP_PORT,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyHlsSink:http-bound-port:
   *
   * The port that is served, from READY on; 0 if none is.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_BOUND_PORT] = g_param_spec_int ("http-bound-port",
      "HTTP bound port", "TCP port that is served (0 = none)", 0, G_MAXUINT16,
      0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyHlsSink:http-path:
   *
   * Where on the server the folder is, as it stands in a URL but without
   * escapes, "?" and "#". No two elements can have one path on one port.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_PATH] = g_param_spec_string ("http-path", "HTTP path",
      "Where on the server the folder is", DEFAULT_HTTP_PATH,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
}

static void
install_live_properties (void)
{
  /**
   * GstArclyHlsSink:part-duration:
   *
   * How long the parts of a segment shall be, in nanoseconds, for low-latency
   * HLS (rfc8216bis); 0 makes none. At least 20 ms. They are as near to it as
   * whole frames allow; the first segment decides what the playlist advertises,
   * and none is longer from then on. Parts are in memory only: needs
   * #GstArclyHlsSink:http-port. No effect on vod playlists.
   *
   * Since: 0.1
   */
  properties[PROP_PART_DURATION] = g_param_spec_uint64 ("part-duration",
      "Part duration", "How long parts shall be (ns, 0 = no low latency)", 0,
      60 * GST_SECOND, DEFAULT_PART_DURATION,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:dvr-window:
   *
   * How much media a live playlist lists at least, in nanoseconds: viewers can
   * go back so far. 0 lists what #GstArclyHlsSink:playlist-length says; the
   * larger of both counts.
   *
   * Since: 0.1
   */
  properties[PROP_DVR_WINDOW] = g_param_spec_uint64 ("dvr-window", "DVR window",
      "Media that a live playlist lists at least (ns, 0 = off)", 0, G_MAXINT64,
      DEFAULT_DVR_WINDOW,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * GstArclyHlsSink:location:
   *
   * The folder for segments and playlist. It is created if it is missing, also
   * when it vanishes later. Two elements cannot write to one.
   *
   * Since: 0.1
   */
  properties[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder for segments and playlist, created if it is missing",
      DEFAULT_LOCATION,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:target-duration:
   *
   * How long segments shall be, in seconds. They are cut at the last keyframe
   * before it is passed, or at the first one after. The playlist advertises
   * this, or the length of the first segment if that is longer, and no segment
   * is longer than what it advertises: where no keyframe comes in time, the
   * segment is cut without one, with a warning.
   *
   * Since: 0.1
   */
  properties[PROP_TARGET_DURATION] = g_param_spec_uint ("target-duration",
      "Target duration", "How long segments shall be (s)", 1,
      MAX_TARGET_DURATION, DEFAULT_TARGET_DURATION,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:playlist-length:
   *
   * How many segments a live playlist lists; 0 lists all. It lists more while
   * these are shorter than three target durations, which is the least that
   * players can rely on. Other playlists list all.
   *
   * Since: 0.1
   */
  properties[PROP_PLAYLIST_LENGTH] = g_param_spec_uint ("playlist-length",
      "Playlist length", "Segments that a live playlist lists (0 = all)", 0,
      G_MAXUINT, DEFAULT_PLAYLIST_LENGTH,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:playlist-type:
   *
   * Whether the playlist is a moving window, grows until the end, or is written
   * at the end only.
   *
   * Since: 0.1
   */
  properties[PROP_PLAYLIST_TYPE] = g_param_spec_enum ("playlist-type",
      "Playlist type", "What the playlist lists, and when",
      GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE, DEFAULT_PLAYLIST_TYPE,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:delete-segments:
   *
   * Whether a segment that left a live playlist is deleted, after a grace of
   * its own duration and that of the longest playlist that listed it. What an
   * earlier process left of a live playlist that did not end is deleted alike.
   * What another type of playlist lists, or one that ended, or somebody else
   * wrote, is never deleted.
   *
   * Since: 0.1
   */
  properties[PROP_DELETE_SEGMENTS] =
      g_param_spec_boolean ("delete-segments", "Delete segments",
          "Delete segments that left a live playlist", DEFAULT_DELETE_SEGMENTS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:send-keyframe-requests:
   *
   * Whether an encoder upstream is asked for a keyframe where each segment
   * shall end.
   *
   * Since: 0.1
   */
  properties[PROP_SEND_KEYFRAME_REQUESTS] =
      g_param_spec_boolean ("send-keyframe-requests", "Send keyframe requests",
          "Ask upstream for keyframes where segments shall end",
          DEFAULT_SEND_KEYFRAME_REQUESTS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  install_live_properties ();
  install_http_properties ();

  /**
   * GstArclyHlsSink:stats:
   *
   * Counters since the element was made: "segments", "bytes", "lost-segments"
   * (that could not be written) and "deleted-segments", all #guint64. What the
   * playlist has now: "media-sequence" (#guint64) and "target-duration"
   * (#guint, seconds, 0 before the first segment).
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of segments and bytes, and the playlist's numbers",
      GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

/* The same pads as the muxer's. */
static void
add_pad_template (GstElementClass *element_class, const gchar *name)
{
  GstElementClass *mux_class = g_type_class_ref (GST_TYPE_ARCLY_TS_MUX);
  GstPadTemplate *templ = gst_element_class_get_pad_template (mux_class, name);
  g_autoptr (GstCaps) caps = gst_pad_template_get_caps (templ);

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new (name, GST_PAD_SINK, GST_PAD_REQUEST, caps));
  g_type_class_unref (mux_class);
}

static void
gst_arcly_hls_sink_class_init (GstArclyHlsSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_hls_sink_set_property;
  object_class->get_property = gst_arcly_hls_sink_get_property;
  object_class->finalize = gst_arcly_hls_sink_finalize;
  install_properties (object_class);

  element_class->request_new_pad = gst_arcly_hls_sink_request_new_pad;
  element_class->release_pad = gst_arcly_hls_sink_release_pad;
  element_class->change_state = gst_arcly_hls_sink_change_state;

  add_pad_template (element_class, "video_%u");
  add_pad_template (element_class, "audio_%u");
  gst_element_class_set_static_metadata (element_class, "Arcly HLS sink",
      "Sink/Muxer", "Writes HLS: MPEG-TS segments and a playlist",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_HLS_PLAYLIST_TYPE, 0);
}
