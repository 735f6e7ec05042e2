/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyhlssinkprivate.h"

#define DEFAULT_LOCATION "hls"
#define DEFAULT_SEGMENT_FORMAT GST_ARCLY_HLS_SEGMENT_FORMAT_TS
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
  PROP_SEGMENT_FORMAT,
  PROP_STORAGE,
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
  PROP_HTTP_CERTIFICATE,
  PROP_HTTP_PRIVATE_KEY,
  PROP_HTTP_SERVER,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

GType
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

GType
gst_arcly_hls_segment_format_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ARCLY_HLS_SEGMENT_FORMAT_TS, "MPEG-TS", "ts" },
    { GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4, "Fragmented MP4 (CMAF)", "fmp4" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyHlsSegmentFormat", values));
  return type;
}

/* Pads that were requested change with it. */
static void
set_segment_format (GstArclyHlsSink *self, GstArclyHlsSegmentFormat format)
{
  gboolean changes = FALSE;

  GST_OBJECT_LOCK (self);
  if (GST_STATE (self) <= GST_STATE_READY) {
    changes = self->segment_format != format;
    self->segment_format = format;
  } else {
    GST_WARNING_OBJECT (self, "\"segment-format\" is taken in NULL and READY");
  }
  GST_OBJECT_UNLOCK (self);
  if (changes)
    gst_arcly_hls_sink_lay_out (self, FALSE, TRUE);
}

/* NULL is the default again. */
static void
set_string (gchar **setting, const GValue *value, const gchar *or_else)
{
  const gchar *string = g_value_get_string (value);

  g_free (*setting);
  *setting = g_strdup (string ? string : or_else);
}

/* (transfer full). The old one may end here: not under the lock. */
static void
set_object (GstArclyHlsSink *self, gpointer *setting, gpointer object)
{
  g_autoptr (GObject) old = NULL;

  GST_OBJECT_LOCK (self);
  old = *setting;
  *setting = object;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_hls_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyHlsSink *self = GST_ARCLY_HLS_SINK (object);

  if (id == PROP_SEGMENT_FORMAT) {
    set_segment_format (self, g_value_get_enum (value));
    return;
  }
  if (id == PROP_STORAGE || id == PROP_HTTP_SERVER) {
    set_object (self,
        id == PROP_STORAGE ? (gpointer *) &self->storage
                           : (gpointer *) &self->http_server,
        g_value_dup_object (value));
    return;
  }
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
    case PROP_HTTP_CERTIFICATE:
      set_string (&self->http_certificate, value, NULL);
      break;
    case PROP_HTTP_PRIVATE_KEY:
      set_string (&self->http_private_key, value, NULL);
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
    g_value_take_boxed (value, gst_arcly_hls_sink_get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_SEGMENT_FORMAT:
      g_value_set_enum (value, self->segment_format);
      break;
    case PROP_STORAGE:
      g_value_set_object (value, self->storage);
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
    case PROP_HTTP_CERTIFICATE:
      g_value_set_string (value, self->http_certificate);
      break;
    case PROP_HTTP_PRIVATE_KEY:
      g_value_set_string (value, self->http_private_key);
      break;
    case PROP_HTTP_SERVER:
      g_value_set_object (value, self->http_server);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_arcly_hls_sink_init_settings (GstArclyHlsSink *self)
{
  self->location = g_strdup (DEFAULT_LOCATION);
  self->segment_format = DEFAULT_SEGMENT_FORMAT;
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
}

void
gst_arcly_hls_sink_clear_settings (GstArclyHlsSink *self)
{
  g_free (self->location);
  g_clear_object (&self->storage);
  g_free (self->http_address);
  g_free (self->http_path);
  g_free (self->http_certificate);
  g_free (self->http_private_key);
  g_clear_object (&self->http_server);
}

void
gst_arcly_hls_sink_notify_port (GstArclyHlsSink *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HTTP_BOUND_PORT]);
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

  /**
   * GstArclyHlsSink:http-certificate:
   *
   * A PEM file with the server's certificate, and with those of its issuers
   * behind it: #GstArclyHlsSink:http-port speaks HTTPS then, over HTTP/2 with
   * clients that can (ALPN, RFC 7301). %NULL for plain HTTP. Elements that
   * share a port name the same certificate.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_CERTIFICATE] = g_param_spec_string ("http-certificate",
      "HTTP certificate", "PEM file with the certificate (NULL = no HTTPS)",
      NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyHlsSink:http-private-key:
   *
   * A PEM file with the private key of #GstArclyHlsSink:http-certificate; %NULL
   * if it is in that file.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_PRIVATE_KEY] =
      g_param_spec_string ("http-private-key", "HTTP private key",
          "PEM file with the private key (NULL = in http-certificate)", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  /**
   * GstArclyHlsSink:http-server:
   *
   * A server that an application attached to its own
   * (gst_arcly_http_server_attach()) and that outlives the element's way to
   * NULL: used instead of a port. %NULL for #GstArclyHlsSink:http-port.
   *
   * Since: 0.1
   */
  properties[PROP_HTTP_SERVER] = g_param_spec_object ("http-server",
      "HTTP server",
      "An application's server, in place of a port (NULL = none)",
      GST_TYPE_ARCLY_HTTP_SERVER, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
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

void
gst_arcly_hls_sink_install_properties (GObjectClass *object_class)
{
  object_class->set_property = gst_arcly_hls_sink_set_property;
  object_class->get_property = gst_arcly_hls_sink_get_property;

  /**
   * GstArclyHlsSink:location:
   *
   * The folder for segments and playlist. It is created if it is missing, also
   * when it vanishes later. Two elements cannot write to one.
   *
   * A URI of http or https is a server that takes them with PUT, as a
   * #GstArclyHttpStorage does: `http://user:password@host:port/path/`.
   *
   * Since: 0.1
   */
  properties[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder for segments and playlist, or http(s) URI to PUT them to",
      DEFAULT_LOCATION,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:segment-format:
   *
   * What segments are: MPEG-TS, which takes what #arclytsmux takes, or
   * fragmented MP4, which takes what #arclyfmp4mux takes. In another format
   * than that of the playlist that is there, a new one begins.
   *
   * Since: 0.1
   */
  properties[PROP_SEGMENT_FORMAT] = g_param_spec_enum ("segment-format",
      "Segment format", "What segments are", GST_TYPE_ARCLY_HLS_SEGMENT_FORMAT,
      DEFAULT_SEGMENT_FORMAT,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyHlsSink:storage:
   *
   * Where segments and playlist are kept instead of #GstArclyHlsSink:location;
   * %NULL for that. The storage is used in a thread of its own; what waits for
   * it is bounded. What fails is tried again for 30 s; a warning with the
   * storage's words tells of it after three times, and the element message
   * "arcly-storage-lost", with the strings "name" and "message", of each file
   * that is given up. The media flow on.
   *
   * Since: 0.1
   */
  properties[PROP_STORAGE] = g_param_spec_object ("storage", "Storage",
      "Keeps segments and playlist in place of location (NULL = none)",
      GST_TYPE_ARCLY_STORAGE,
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
   * (that could not be written, or that a storage did not take in the end),
   * "deleted-segments" and "storage-retries", all #guint64. What the playlist
   * has now: "media-sequence" (#guint64) and "target-duration" (#guint,
   * seconds, 0 before the first segment). With parts, how fast viewers get
   * them, since the element was started: "answers", the requests that waited
   * for a playlist and got it, and "answer-delay-p50" and "answer-delay-p99",
   * how long after a part was complete half of them, and 99 of 100, were
   * answered (all #guint64, nanoseconds, up to half too much). Of several
   * renditions the counters are sums, the delays are the longest, and the rest
   * is that of the first.
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of segments and bytes, and the playlist's numbers",
      GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}
