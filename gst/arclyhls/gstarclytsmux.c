/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclytsmux
 * @title: arclytsmux
 *
 * Muxes H.264, AAC and MPEG audio into an MPEG transport stream that can be
 * cut at each key frame. It takes what encoders, depayloaders and demuxers
 * give, without a parser in between, and one upstream thread may feed all its
 * pads: a track that stays silent is waited for inside the element, up to
 * #GstArclyTsMux:max-wait, and then the others go on without it.
 *
 * Each output buffer is one access unit in whole packets, with the access
 * unit's times. A buffer without the DELTA_UNIT flag is a place to cut: it
 * begins with PAT and PMT, and a decoder can start there.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=250 ! x264enc ! \
 *     arclytsmux name=mux ! filesink location=test.ts \
 *     audiotestsrc num-buffers=430 ! avenc_aac ! mux.
 * ]|
 * Writes ten seconds of test picture and tone, which any player plays.
 *
 * Since: 0.1
 */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclytsmuxprivate.h"

GST_DEBUG_CATEGORY (gst_arcly_ts_mux_debug);

#define DEFAULT_PAT_INTERVAL (400 * GST_MSECOND)
#define DEFAULT_PCR_INTERVAL (40 * GST_MSECOND)
#define DEFAULT_MAX_WAIT (500 * GST_MSECOND)
#define FIRST_PID 0x100
/* Up to the PID of the PMT. */
#define LAST_PID 0xfff

enum {
  PROP_0,
  PROP_PAT_INTERVAL,
  PROP_PCR_INTERVAL,
  PROP_MAX_WAIT,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* What encoders, depayloaders and demuxers give, without a parser between. */
static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264, stream-format = (string) { avc, avc3, "
                         "byte-stream }, alignment = (string) au"));

static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("audio/mpeg, mpegversion = (int) { 2, 4 }, "
                         "stream-format = (string) { raw, adts }; "
                         "audio/mpeg, mpegversion = (int) 1, "
                         "layer = (int) [ 1, 3 ]"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/mpegts, systemstream = (boolean) true, "
                         "packetsize = (int) 188"));

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyTsMux, gst_arcly_ts_mux,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_ts_mux_debug, "arclytsmux", 0, "Arcly MPEG-TS muxer"));
GST_ELEMENT_REGISTER_DEFINE (
    arclytsmux, "arclytsmux", GST_RANK_NONE, GST_TYPE_ARCLY_TS_MUX);

static GstArclyTsMuxPad *
first_video_pad (GstArclyTsMux *self)
{
  GstArclyTsMuxPad *found = NULL;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->pads->len && !found; i++) {
    GstArclyTsMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (pad->is_video)
      found = gst_object_ref (pad);
  }
  g_mutex_unlock (&self->lock);
  return found;
}

static gboolean
gst_arcly_ts_mux_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (parent);

  if (gst_video_event_is_force_key_unit (event)) {
    g_autoptr (GstArclyTsMuxPad) video = first_video_pad (self);

    if (video)
      return gst_pad_push_event (GST_PAD (video), event);
    gst_event_unref (event);
    return FALSE;
  }
  /* Units are not on time one by one: nothing upstream could make of it. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GPtrArray *
ref_pads (GstArclyTsMux *self)
{
  GPtrArray *pads = g_ptr_array_new_with_free_func (gst_object_unref);
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->pads->len; i++)
    g_ptr_array_add (pads, gst_object_ref (g_ptr_array_index (self->pads, i)));
  g_mutex_unlock (&self->lock);
  return pads;
}

/* The sum is right if each element adds only what it adds itself: here, of
 * live input, how long a track waits for a silent one. */
static gboolean
query_latency (GstArclyTsMux *self, GstQuery *query)
{
  g_autoptr (GPtrArray) pads = ref_pads (self);
  GstClockTime min = 0, max = GST_CLOCK_TIME_NONE, wait;
  gboolean live = FALSE;
  guint i;

  for (i = 0; i < pads->len; i++) {
    g_autoptr (GstQuery) peer = gst_query_new_latency ();
    GstClockTime peer_min, peer_max;
    gboolean peer_live;

    if (!gst_pad_peer_query (g_ptr_array_index (pads, i), peer))
      continue;
    gst_query_parse_latency (peer, &peer_live, &peer_min, &peer_max);
    if (!peer_live)
      continue;
    live = TRUE;
    min = MAX (min, peer_min);
    max = MIN (max, peer_max);
  }
  if (live && pads->len > 1) {
    GST_OBJECT_LOCK (self);
    wait = self->max_wait;
    GST_OBJECT_UNLOCK (self);
    min += wait;
    if (GST_CLOCK_TIME_IS_VALID (max))
      max += wait;
  }
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
gst_arcly_ts_mux_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (GST_ARCLY_TS_MUX (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

/* PIDs are not used again before all are: a player that still holds the old
 * table does not take one stream for another. The lock. */
static guint16
next_pid_locked (GstArclyTsMux *self)
{
  gboolean used;
  guint i;

  do {
    used = FALSE;
    self->next_pid =
        self->next_pid >= LAST_PID ? FIRST_PID : self->next_pid + 1;
    for (i = 0; i < self->pads->len; i++)
      used |= ((GstArclyTsMuxPad *) g_ptr_array_index (self->pads, i))->pid ==
              self->next_pid;
  } while (used);
  return self->next_pid;
}

static gchar *
pad_name_locked (GstArclyTsMux *self, gboolean is_video, const gchar *requested)
{
  const gchar *prefix = is_video ? "video_" : "audio_";
  guint64 index;

  if (requested && g_str_has_prefix (requested, prefix) &&
      g_ascii_string_to_unsigned (
          requested + strlen (prefix), 10, 0, G_MAXINT32 - 1, &index, NULL)) {
    self->next_index[is_video] =
        MAX (self->next_index[is_video], (guint) index + 1);
    return g_strdup (requested);
  }
  return g_strdup_printf ("%s%u", prefix, self->next_index[is_video]++);
}

static GstPad *
gst_arcly_ts_mux_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *requested, const GstCaps *caps)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (element);
  GstArclyTsMuxPad *pad;
  gboolean is_video =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (templ), "video_");
  g_autofree gchar *name = NULL;
  guint n_pads;

  g_mutex_lock (&self->lock);
  n_pads = self->pads->len;
  name = pad_name_locked (self, is_video, requested);
  g_mutex_unlock (&self->lock);
  if (n_pads >= GST_ARCLY_TS_MAX_STREAMS) {
    GST_ERROR_OBJECT (self, "no more than %u tracks", GST_ARCLY_TS_MAX_STREAMS);
    return NULL;
  }

  pad = g_object_new (GST_TYPE_ARCLY_TS_MUX_PAD, "name", name, "direction",
      GST_PAD_SINK, "template", templ, NULL);
  pad->is_video = is_video;
  gst_pad_set_chain_function (GST_PAD (pad), gst_arcly_ts_mux_chain);
  gst_pad_set_event_function (GST_PAD (pad), gst_arcly_ts_mux_sink_event);
  /* Some senders leave fields out that the template has. */
  GST_PAD_SET_ACCEPT_INTERSECT (pad);

  g_mutex_lock (&self->lock);
  pad->pid = next_pid_locked (self);
  g_ptr_array_add (self->pads, gst_object_ref (pad));
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (GST_PAD (pad), TRUE);
  if (!gst_element_add_pad (element, gst_object_ref (GST_PAD (pad)))) {
    gst_element_release_request_pad (element, GST_PAD (pad));
    gst_object_unref (pad);
    return NULL;
  }
  gst_object_unref (pad);
  /* A second track makes us wait, which is latency. */
  if (n_pads == 1)
    gst_element_post_message (
        element, gst_message_new_latency (GST_OBJECT (self)));
  return GST_PAD (pad);
}

static void
gst_arcly_ts_mux_release_pad (GstElement *element, GstPad *gst_pad)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (element);
  GstArclyTsMuxPad *pad = GST_ARCLY_TS_MUX_PAD (gst_pad);

  g_mutex_lock (&self->lock);
  if (pad->flushing)
    self->n_flushing--;
  pad->flushing = TRUE;
  self->queued_bytes -= pad->queued_bytes;
  gst_arcly_ts_mux_pad_flush_locked (pad);
  g_ptr_array_add (self->removed, gst_object_ref (pad));
  g_ptr_array_remove (self->pads, pad);
  self->progress++;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);

  gst_pad_set_active (gst_pad, FALSE);
  gst_element_remove_pad (element, gst_pad);

  /* The others may have waited for it. */
  g_mutex_lock (&self->lock);
  if (self->running)
    gst_arcly_ts_mux_advance_locked (self);
  g_mutex_unlock (&self->lock);
}

/* No thread streams. */
static void
reset (GstArclyTsMux *self)
{
  guint i;

  for (i = 0; i < self->pads->len; i++) {
    GstArclyTsMuxPad *pad = g_ptr_array_index (self->pads, i);

    gst_arcly_ts_mux_pad_flush_locked (pad);
    gst_arcly_ts_mux_pad_reset_times (pad);
    g_clear_pointer (&pad->format, gst_arcly_ts_mux_format_unref);
    g_clear_pointer (&pad->active, gst_arcly_ts_mux_format_unref);
    g_clear_pointer (&pad->h264, gst_arcly_ts_h264_free);
    pad->stream = NULL;
    pad->thread = NULL;
    pad->announced = pad->in_table = pad->flushing = FALSE;
    pad->live_asked = FALSE;
    pad->warned_malformed = FALSE;
  }
  g_ptr_array_set_size (self->removed, 0);
  gst_arcly_ts_mux_output_reset (self);
  self->queued_bytes = 0;
  self->start_dts = GST_ARCLY_TS_MUX_NO_TIME;
  self->live = FALSE;
  self->eos_sent = FALSE;
  self->n_flushing = 0;
  self->flow = GST_FLOW_OK;
}

static GstStateChangeReturn
gst_arcly_ts_mux_change_state (GstElement *element, GstStateChange transition)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    g_mutex_lock (&self->lock);
    self->stopping = FALSE;
    self->running = TRUE;
    g_mutex_unlock (&self->lock);
    gst_arcly_ts_mux_update_bound (self, FALSE);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    g_mutex_lock (&self->lock);
    self->stopping = TRUE;
    self->running = FALSE;
    g_cond_broadcast (&self->cond);
    g_mutex_unlock (&self->lock);
  }

  result = GST_ELEMENT_CLASS (gst_arcly_ts_mux_parent_class)
               ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    g_mutex_lock (&self->lock);
    while (self->pushing)
      g_cond_wait (&self->cond, &self->lock);
    reset (self);
    g_mutex_unlock (&self->lock);
  }
  return result;
}

static void
gst_arcly_ts_mux_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PAT_INTERVAL:
      self->pat_interval = g_value_get_uint64 (value);
      break;
    case PROP_PCR_INTERVAL:
      self->pcr_interval = g_value_get_uint64 (value);
      break;
    case PROP_MAX_WAIT:
      self->max_wait = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_ts_mux_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PAT_INTERVAL:
      g_value_set_uint64 (value, self->pat_interval);
      break;
    case PROP_PCR_INTERVAL:
      g_value_set_uint64 (value, self->pcr_interval);
      break;
    case PROP_MAX_WAIT:
      g_value_set_uint64 (value, self->max_wait);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_ts_mux_finalize (GObject *object)
{
  GstArclyTsMux *self = GST_ARCLY_TS_MUX (object);

  gst_arcly_ts_mux_output_reset (self);
  gst_arcly_ts_gather_clear (&self->gather);
  g_ptr_array_unref (self->pads);
  g_ptr_array_unref (self->removed);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);

  G_OBJECT_CLASS (gst_arcly_ts_mux_parent_class)->finalize (object);
}

static void
gst_arcly_ts_mux_init (GstArclyTsMux *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->pads = g_ptr_array_new_with_free_func (gst_object_unref);
  self->removed = g_ptr_array_new_with_free_func (gst_object_unref);
  gst_arcly_ts_gather_init (&self->gather);
  self->next_pid = FIRST_PID - 1;
  self->pat_interval = DEFAULT_PAT_INTERVAL;
  self->pcr_interval = DEFAULT_PCR_INTERVAL;
  self->max_wait = DEFAULT_MAX_WAIT;
  reset (self);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_use_fixed_caps (self->srcpad);
  gst_pad_set_event_function (self->srcpad, gst_arcly_ts_mux_src_event);
  gst_pad_set_query_function (self->srcpad, gst_arcly_ts_mux_src_query);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * GstArclyTsMux:pat-interval:
   *
   * Longest time between two PAT and PMT, in nanoseconds; 0 writes them only
   * where the stream can be cut, where they always are. Taken when streaming
   * starts.
   *
   * Since: 0.1
   */
  properties[PROP_PAT_INTERVAL] = g_param_spec_uint64 ("pat-interval",
      "PAT interval",
      "Longest time between two PAT and PMT (ns, 0 = only at places to cut)", 0,
      G_MAXINT64 / 2, DEFAULT_PAT_INTERVAL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyTsMux:pcr-interval:
   *
   * Longest time between two PCRs, in nanoseconds. DVB asks for 40 ms, MPEG
   * for 100 ms. Taken when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_PCR_INTERVAL] = g_param_spec_uint64 ("pcr-interval",
      "PCR interval", "Longest time between two PCRs (ns)", 5 * GST_MSECOND,
      100 * GST_MSECOND, DEFAULT_PCR_INTERVAL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclyTsMux:max-wait:
   *
   * How long the muxer waits for a track that is silent, in nanoseconds of
   * media time; 0 does not wait. Past it the other tracks go on, and what
   * comes late is still muxed. It is latency of live input with more than one
   * track. Input that is not live is waited for 10 s at least, unless this is
   * 0. The clock (PCR) runs ahead of the frames by as much, within 0.1 s and
   * 1 s. Taken when streaming starts.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_WAIT] = g_param_spec_uint64 ("max-wait", "Max wait",
      "How long to wait for a silent track (ns, 0 = not at all)", 0,
      60 * GST_SECOND, DEFAULT_MAX_WAIT,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_arcly_ts_mux_class_init (GstArclyTsMuxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_ts_mux_set_property;
  object_class->get_property = gst_arcly_ts_mux_get_property;
  object_class->finalize = gst_arcly_ts_mux_finalize;
  install_properties (object_class);

  element_class->request_new_pad = gst_arcly_ts_mux_request_new_pad;
  element_class->release_pad = gst_arcly_ts_mux_release_pad;
  element_class->change_state = gst_arcly_ts_mux_change_state;

  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &video_template, GST_TYPE_ARCLY_TS_MUX_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &audio_template, GST_TYPE_ARCLY_TS_MUX_PAD);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Arcly MPEG-TS muxer",
      "Codec/Muxer", "Muxes live H.264, AAC and MP3 into MPEG-TS",
      "The gst-arcly authors");
}
