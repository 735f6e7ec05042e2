/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-arclystreamsrc
 * @title: arclystreamsrc
 *
 * Reads, without a copy, a stream that an #arclybus of another pipeline of the
 * same process hands out. #arclysrc makes one for `arcly://app/stream`. Both
 * pipelines need the same #GstArclyEngine, which the application gives them as
 * a #GstContext; the bus has `stream=app/stream`.
 *
 * A live source: no preroll, data flows in PLAYING. It begins at once with the
 * keyframe that the bus has. A pad `video_%u` or `audio_%u` comes for each
 * track when its caps are known, also later; each is served by itself, so no
 * `queue` is needed. A track of another kind is left out, with a warning.
 *
 * While there is no stream of that name the element waits, as long as
 * #GstArclyStreamSrc:timeout says; also when the bus goes away without EOS.
 * When it comes again the pads go on, with DISCONT, and running time never
 * goes back. When the stream ends, the pads get EOS. Neither pipeline waits
 * for the other, whichever stops first. Messages, from the thread that changed
 * it: `arcly-connected` and `arcly-disconnected` with `name`;
 * `subscriber-lagged` and `subscriber-evicted` as those of the bus.
 *
 * A buffer is due at the same moment in both pipelines: if they share a clock
 * (they do unless told otherwise) its running time here is that in the other
 * one plus the difference of the two base times. With two clocks that
 * difference is measured each second. If the bus is not PLAYING or has no
 * clock, the first buffer is due when it arrived at the bus. If the replayed
 * keyframe was due before this pipeline began, all is due so much later,
 * unless #GstArclyStreamSrc:live-edge is set. The latency is that of the
 * publisher's pipeline.
 *
 * ## Example
 * |[<!-- language="C" -->
 * gst_element_set_context (ingest, context);
 * gst_element_set_context (viewer, context);
 * // ingest: ... ! arclybus stream=live/cam
 * // viewer: arclysrc uri=arcly://live/cam ! avdec_h264 ! autovideosink
 * ]|
 * `examples/two-pipelines.c` is the whole program.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstarclystreamsrcpriv.h"

GST_DEBUG_CATEGORY (gst_arcly_stream_src_debug);
#define GST_CAT_DEFAULT gst_arcly_stream_src_debug

#define SCHEME "arcly://"
#define DEFAULT_MAX_LAG_BYTES (64 * 1024 * 1024)
#define DEFAULT_MAX_LAG_TIME (10 * GST_SECOND)

/* As with the pads of the bus. */
typedef enum {
  LAG_POLICY_RESYNC,
  LAG_POLICY_EVICT,
} LagPolicy;

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_TIMEOUT,
  PROP_MAX_LAG_BUFFERS,
  PROP_MAX_LAG_BYTES,
  PROP_MAX_LAG_TIME,
  PROP_LAG_POLICY,
  PROP_LIVE_EDGE,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyStreamSrc, gst_arcly_stream_src,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_stream_src_debug, "arclystreamsrc", 0,
        "stream of another pipeline"));
GST_ELEMENT_REGISTER_DEFINE (
    arclystreamsrc, "arclystreamsrc", GST_RANK_NONE, GST_TYPE_ARCLY_STREAM_SRC);

#define GST_TYPE_ARCLY_STREAM_SRC_LAG_POLICY (lag_policy_get_type ())
static GType
lag_policy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { LAG_POLICY_RESYNC, "Go on at the newest keyframe", "resync" },
    { LAG_POLICY_EVICT, "End with EOS", "evict" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstArclyStreamSrcLagPolicy", values));
  return type;
}

/* States */

/* "app/stream" of arcly://app/stream, or NULL. */
static gchar *
parse_location (const gchar *location)
{
  g_autofree gchar *name = NULL;

  if (location == NULL ||
      g_ascii_strncasecmp (location, SCHEME, strlen (SCHEME)) != 0)
    return NULL;
  name = g_uri_unescape_string (location + strlen (SCHEME), NULL);
  if (name == NULL || *name == '\0' || *name == '/')
    return NULL;
  return g_steal_pointer (&name);
}

static void
on_registry_changed (GstArclyEngine *engine, guint role, const gchar *name,
    GstArclyStreamSrc *self)
{
  g_autofree gchar *own = gst_arcly_stream_src_dup_name (self);

  if (role == GST_ARCLY_ROLE_STREAM && g_strcmp0 (name, own) == 0)
    gst_arcly_stream_src_update (self);
}

static void
closure_unref (gpointer self, GClosure *closure)
{
  g_object_unref (self);
}

static void
close_engine (GstArclyStreamSrc *self)
{
  if (self->registry_handler)
    g_signal_handler_disconnect (self->engine, self->registry_handler);
  self->registry_handler = 0;
  if (self->dispatcher)
    gst_arcly_engine_release (
        self->engine, G_OBJECT (g_steal_pointer (&self->dispatcher)));
  g_clear_object (&self->engine);
}

static gboolean
open_engine (GstArclyStreamSrc *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *location = NULL;
  gchar *name = NULL;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);
  name = parse_location (location);
  if (name == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("'%s' names no stream; an example is arcly://live/cam",
            location ? location : ""),
        (NULL));
    return FALSE;
  }
  g_mutex_lock (&self->join_lock);
  g_free (self->name);
  self->name = name;
  g_mutex_unlock (&self->join_lock);

  self->engine = gst_arcly_engine_ensure (GST_ELEMENT (self));
  self->dispatcher = gst_arcly_dispatcher_acquire (self->engine, &error);
  if (self->dispatcher == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, FAILED, ("%s", error->message), (NULL));
    return FALSE;
  }
  self->registry_handler = g_signal_connect_data (self->engine,
      "registry-changed", G_CALLBACK (on_registry_changed), g_object_ref (self),
      closure_unref, 0);
  return TRUE;
}

static GstStateChangeReturn
gst_arcly_stream_src_change_state (
    GstElement *element, GstStateChange transition)
{
  GstArclyStreamSrc *self = GST_ARCLY_STREAM_SRC (element);
  GstStateChangeReturn ret = GST_STATE_CHANGE_SUCCESS;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_engine (self)) {
    close_engine (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    gst_arcly_stream_src_set_playing (self, FALSE);

  ret = GST_ELEMENT_CLASS (gst_arcly_stream_src_parent_class)
            ->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;

  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      return GST_STATE_CHANGE_NO_PREROLL;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      gst_arcly_stream_src_set_playing (self, TRUE);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      gst_arcly_stream_src_close_tracks (self);
      break;
    case GST_STATE_CHANGE_READY_TO_NULL:
      close_engine (self);
      break;
    default:
      break;
  }
  return ret;
}

static gboolean
gst_arcly_stream_src_send_event (GstElement *element, GstEvent *event)
{
  gboolean ok = GST_EVENT_TYPE (event) == GST_EVENT_EOS &&
                GST_STATE (element) > GST_STATE_READY;

  if (ok)
    gst_arcly_stream_src_end (GST_ARCLY_STREAM_SRC (element), event);
  gst_event_unref (event);
  return ok;
}

/* Properties */

static void
apply_bounds (GstArclyStreamSrc *self)
{
  GstArclyLag bounds;
  gboolean evict = FALSE;

  g_mutex_lock (&self->join_lock);
  GST_OBJECT_LOCK (self);
  bounds = self->bounds;
  evict = self->evict;
  GST_OBJECT_UNLOCK (self);
  if (self->group)
    gst_arcly_group_set_bounds (self->group, &bounds, evict);
  g_mutex_unlock (&self->join_lock);
}

static GstStructure *
get_stats (GstArclyStreamSrc *self)
{
  GstArclySubscriptionStats sum;
  guint64 resyncs = 0;
  gboolean evicted = FALSE;
  GstStructure *stats = NULL;

  g_mutex_lock (&self->join_lock);
  sum = self->before;
  resyncs = self->resyncs_before;
  for (guint i = 0; i < self->tracks->len; i++) {
    GstArclyStreamSrcTrack *track = g_ptr_array_index (self->tracks, i);
    GstArclySubscriptionStats one;

    if (track->sub == NULL)
      continue;
    gst_arcly_subscription_get_stats (track->sub, &one);
    sum.buffers += one.buffers;
    sum.bytes += one.bytes;
    sum.skipped += one.skipped;
    sum.lag.buffers = MAX (sum.lag.buffers, one.lag.buffers);
    sum.lag.bytes = MAX (sum.lag.bytes, one.lag.bytes);
    sum.lag.time = MAX (sum.lag.time, one.lag.time);
  }
  if (self->group) {
    resyncs += gst_arcly_group_get_resyncs (self->group);
    evicted = gst_arcly_group_is_evicted (self->group);
  }
  stats = gst_structure_new ("application/x-arcly-stream-src-stats",
      "connected", G_TYPE_BOOLEAN, self->stream != NULL, "connections",
      G_TYPE_UINT64, self->connections, "tracks", G_TYPE_UINT,
      self->tracks->len, "buffers", G_TYPE_UINT64, sum.buffers, "bytes",
      G_TYPE_UINT64, sum.bytes, "skipped", G_TYPE_UINT64, sum.skipped,
      "resyncs", G_TYPE_UINT64, resyncs, "evicted", G_TYPE_BOOLEAN, evicted,
      "lag-buffers", G_TYPE_UINT64, sum.lag.buffers, "lag-bytes", G_TYPE_UINT64,
      sum.lag.bytes, "lag-time", G_TYPE_UINT64, (guint64) sum.lag.time, NULL);
  g_mutex_unlock (&self->join_lock);
  return stats;
}

static void
gst_arcly_stream_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyStreamSrc *self = GST_ARCLY_STREAM_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_free (self->location);
      self->location = g_value_dup_string (value);
      break;
    case PROP_TIMEOUT:
      self->timeout = g_value_get_uint64 (value);
      break;
    case PROP_MAX_LAG_BUFFERS:
      self->bounds.buffers = g_value_get_uint64 (value);
      break;
    case PROP_MAX_LAG_BYTES:
      self->bounds.bytes = g_value_get_uint64 (value);
      break;
    case PROP_MAX_LAG_TIME:
      self->bounds.time = g_value_get_uint64 (value);
      break;
    case PROP_LAG_POLICY:
      self->evict = g_value_get_enum (value) == LAG_POLICY_EVICT;
      break;
    case PROP_LIVE_EDGE:
      self->live_edge = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
  apply_bounds (self);
}

static void
gst_arcly_stream_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyStreamSrc *self = GST_ARCLY_STREAM_SRC (object);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint64 (value, self->timeout);
      break;
    case PROP_MAX_LAG_BUFFERS:
      g_value_set_uint64 (value, self->bounds.buffers);
      break;
    case PROP_MAX_LAG_BYTES:
      g_value_set_uint64 (value, self->bounds.bytes);
      break;
    case PROP_MAX_LAG_TIME:
      g_value_set_uint64 (value, self->bounds.time);
      break;
    case PROP_LAG_POLICY:
      g_value_set_enum (
          value, self->evict ? LAG_POLICY_EVICT : LAG_POLICY_RESYNC);
      break;
    case PROP_LIVE_EDGE:
      g_value_set_boolean (value, self->live_edge);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_stream_src_finalize (GObject *object)
{
  GstArclyStreamSrc *self = GST_ARCLY_STREAM_SRC (object);

  g_ptr_array_unref (self->tracks);
  g_free (self->location);
  g_free (self->name);
  g_mutex_clear (&self->join_lock);
  g_cond_clear (&self->settled);
  g_mutex_clear (&self->map_lock);
  G_OBJECT_CLASS (gst_arcly_stream_src_parent_class)->finalize (object);
}

static void
gst_arcly_stream_src_init (GstArclyStreamSrc *self)
{
  g_mutex_init (&self->join_lock);
  g_cond_init (&self->settled);
  g_mutex_init (&self->map_lock);
  self->tracks = g_ptr_array_new_with_free_func (g_object_unref);
  self->bounds.bytes = DEFAULT_MAX_LAG_BYTES;
  self->bounds.time = DEFAULT_MAX_LAG_TIME;
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstArclyStreamSrc:location:
   *
   * arcly://app/stream: the `stream` of an #arclybus in this engine. Takes
   * effect on the way to READY, where a wrong one is an error.
   *
   * Since: 0.1
   */
  properties[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Which stream of the engine (arcly://app/stream)", NULL,
      flags | GST_PARAM_MUTABLE_READY);

  flags |= GST_PARAM_MUTABLE_PLAYING;

  /**
   * GstArclyStreamSrc:timeout:
   *
   * How long, in nanoseconds, to wait in PLAYING for a stream that is not
   * there, at the beginning or after its bus went away; 0 waits for ever.
   * Past it there is an error message, RESOURCE, NOT_FOUND; the element goes on
   * waiting. A change takes effect with the next wait.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] = g_param_spec_uint64 ("timeout", "Timeout",
      "How long to wait for the stream (ns, 0 = for ever)", 0, G_MAXINT64, 0,
      flags);

  /**
   * GstArclyStreamSrc:max-lag-buffers:
   *
   * How many buffers, of all tracks, this pipeline may be behind the
   * publisher; 0 is no bound. Past it, see #GstArclyStreamSrc:lag-policy.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_BUFFERS] =
      g_param_spec_uint64 ("max-lag-buffers", "Max lag in buffers",
          "Buffers we may be behind (0 = no bound)", 0, G_MAXUINT64, 0, flags);

  /**
   * GstArclyStreamSrc:max-lag-bytes:
   *
   * How many bytes, of all tracks, this pipeline may be behind; 0 is no bound.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_BYTES] = g_param_spec_uint64 ("max-lag-bytes",
      "Max lag in bytes", "Bytes we may be behind (0 = no bound)", 0,
      G_MAXUINT64, DEFAULT_MAX_LAG_BYTES, flags);

  /**
   * GstArclyStreamSrc:max-lag-time:
   *
   * How long ago, in nanoseconds, the publisher may have given what is taken
   * now; 0 is no bound.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_LAG_TIME] =
      g_param_spec_uint64 ("max-lag-time", "Max lag in time",
          "How far we may be behind, by arrival (ns, 0 = no bound)", 0,
          G_MAXUINT64, DEFAULT_MAX_LAG_TIME, flags);

  /**
   * GstArclyStreamSrc:lag-policy:
   *
   * What happens past a bound: `resync` goes on, with DISCONT, at the newest
   * keyframe; `evict` ends with EOS.
   *
   * Since: 0.1
   */
  properties[PROP_LAG_POLICY] = g_param_spec_enum ("lag-policy", "Lag policy",
      "What happens when we lag too much", GST_TYPE_ARCLY_STREAM_SRC_LAG_POLICY,
      LAG_POLICY_RESYNC, flags);

  /**
   * GstArclyStreamSrc:live-edge:
   *
   * What the keyframe that a newcomer begins with means for its time, where it
   * was due before this pipeline began. %FALSE: nothing gets lost; it is due
   * at 0, and all that follows so much later than in the publisher's pipeline
   * (one GOP at most). %TRUE: all is due at the same moment in both pipelines;
   * what is older has a negative running time: it is decoded, sinks
   * show it at once, and muxers may drop it. Takes effect with the next
   * connection.
   *
   * Since: 0.1
   */
  properties[PROP_LIVE_EDGE] = g_param_spec_boolean ("live-edge", "Live edge",
      "Least delay instead of a whole replay", FALSE, flags);

  /**
   * GstArclyStreamSrc:stats:
   *
   * #gboolean `connected`, `evicted`; #guint `tracks`; #guint64 `connections`,
   * `buffers`, `bytes`, `skipped` (buffers jumped over for lag), `resyncs`, and
   * of the track that is furthest behind `lag-buffers`, `lag-bytes`,
   * `lag-time` (ns).
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "What came and how far we are behind", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_arcly_stream_src_class_init (GstArclyStreamSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_stream_src_set_property;
  object_class->get_property = gst_arcly_stream_src_get_property;
  object_class->finalize = gst_arcly_stream_src_finalize;
  element_class->change_state = gst_arcly_stream_src_change_state;
  element_class->send_event = gst_arcly_stream_src_send_event;
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Arcly stream source",
      "Source", "Reads a stream of another pipeline in this process",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_STREAM_SRC_LAG_POLICY, 0);
}
