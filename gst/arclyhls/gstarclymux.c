/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gst/video/video.h>

#include "gstarclymux.h"

GST_DEBUG_CATEGORY (gst_arcly_mux_debug);
#define GST_CAT_DEFAULT gst_arcly_mux_debug

#define DEFAULT_MAX_WAIT (500 * GST_MSECOND)

enum {
  PROP_0,
  PROP_MAX_WAIT,
};

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstArclyMux, gst_arcly_mux, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_mux_debug, "arclymux", 0,
        "What the muxers of Arcly have in common"));

static GstArclyMuxPad *
first_video_pad (GstArclyMux *self)
{
  GstArclyMuxPad *found = NULL;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->pads->len && !found; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    if (pad->is_video)
      found = gst_object_ref (pad);
  }
  g_mutex_unlock (&self->lock);
  return found;
}

static gboolean
gst_arcly_mux_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstArclyMux *self = GST_ARCLY_MUX (parent);

  if (gst_video_event_is_force_key_unit (event)) {
    g_autoptr (GstArclyMuxPad) video = first_video_pad (self);

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
ref_pads (GstArclyMux *self)
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
 * live input, how long a track waits for a silent one, and how long a subclass
 * holds sound back. */
static gboolean
query_latency (GstArclyMux *self, GstQuery *query)
{
  g_autoptr (GPtrArray) pads = ref_pads (self);
  GstClockTime min = 0, max = GST_CLOCK_TIME_NONE, added = 0;
  gboolean live = FALSE;
  guint n_media = 0, n_audio = 0, i;

  for (i = 0; i < pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (pads, i);
    g_autoptr (GstQuery) peer = gst_query_new_latency ();
    GstClockTime peer_min, peer_max;
    gboolean peer_live;

    if (pad->is_data)
      continue;
    n_media++;
    n_audio += !pad->is_video;
    if (!gst_pad_peer_query (GST_PAD (pad), peer))
      continue;
    gst_query_parse_latency (peer, &peer_live, &peer_min, &peer_max);
    if (!peer_live)
      continue;
    live = TRUE;
    min = MAX (min, peer_min);
    max = MIN (max, peer_max);
  }
  if (live) {
    GST_OBJECT_LOCK (self);
    added =
        (n_media > 1 ? self->max_wait : 0) + (n_audio > 0 ? self->max_hold : 0);
    GST_OBJECT_UNLOCK (self);
    min += added;
    if (GST_CLOCK_TIME_IS_VALID (max))
      max += added;
  }
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
gst_arcly_mux_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (GST_ARCLY_MUX (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

static gchar *
pad_name_locked (
    GstArclyMux *self, const gchar *template_name, const gchar *requested)
{
  static const gchar *const prefixes[] = { "audio_", "video_", "data_" };
  const gchar *prefix;
  guint64 index;
  guint kind = 0;

  while (!g_str_has_prefix (template_name, prefixes[kind]))
    kind++;
  prefix = prefixes[kind];

  if (requested && g_str_has_prefix (requested, prefix) &&
      g_ascii_string_to_unsigned (
          requested + strlen (prefix), 10, 0, G_MAXINT32 - 1, &index, NULL)) {
    self->next_index[kind] = MAX (self->next_index[kind], (guint) index + 1);
    return g_strdup (requested);
  }
  return g_strdup_printf ("%s%u", prefix, self->next_index[kind]++);
}

static GstPad *
gst_arcly_mux_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *requested, const GstCaps *caps)
{
  GstArclyMux *self = GST_ARCLY_MUX (element);
  GstArclyMuxClass *klass = GST_ARCLY_MUX_GET_CLASS (self);
  GstArclyMuxPad *pad;
  const gchar *template_name = GST_PAD_TEMPLATE_NAME_TEMPLATE (templ);
  g_autofree gchar *name = NULL;
  guint n_pads;

  g_mutex_lock (&self->lock);
  n_pads = self->pads->len;
  name = pad_name_locked (self, template_name, requested);
  g_mutex_unlock (&self->lock);
  if (n_pads >= GST_ARCLY_MUX_MAX_PADS) {
    GST_ERROR_OBJECT (self, "no more than %u tracks", GST_ARCLY_MUX_MAX_PADS);
    return NULL;
  }

  pad = g_object_new (GST_PAD_TEMPLATE_GTYPE (templ), "name", name, "direction",
      GST_PAD_SINK, "template", templ, NULL);
  pad->is_video = g_str_has_prefix (template_name, "video_");
  pad->is_data = g_str_has_prefix (template_name, "data_");
  gst_pad_set_chain_function (GST_PAD (pad), gst_arcly_mux_chain);
  gst_pad_set_event_function (GST_PAD (pad), gst_arcly_mux_sink_event);
  /* Some senders leave fields out that the template has. */
  GST_PAD_SET_ACCEPT_INTERSECT (pad);

  g_mutex_lock (&self->lock);
  if (klass->pad_new_locked)
    klass->pad_new_locked (self, pad);
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
gst_arcly_mux_release_pad (GstElement *element, GstPad *gst_pad)
{
  GstArclyMux *self = GST_ARCLY_MUX (element);
  GstArclyMuxPad *pad = GST_ARCLY_MUX_PAD (gst_pad);

  g_mutex_lock (&self->lock);
  if (pad->flushing)
    self->n_flushing--;
  pad->flushing = TRUE;
  self->queued_bytes -= pad->queued_bytes;
  gst_arcly_mux_pad_flush_locked (pad);
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
    gst_arcly_mux_advance_locked (self);
  g_mutex_unlock (&self->lock);
}

/* No thread streams. */
static void
reset (GstArclyMux *self)
{
  GstArclyMuxClass *klass = GST_ARCLY_MUX_GET_CLASS (self);
  guint i;

  for (i = 0; i < self->pads->len; i++) {
    GstArclyMuxPad *pad = g_ptr_array_index (self->pads, i);

    gst_arcly_mux_pad_flush_locked (pad);
    gst_arcly_mux_pad_reset_times (pad);
    gst_arcly_mux_pad_clear_format (pad);
    pad->thread = NULL;
    pad->announced = pad->in_table = pad->flushing = FALSE;
    pad->live_asked = FALSE;
    klass->pad_reset (pad);
  }
  g_ptr_array_set_size (self->removed, 0);
  klass->reset (self);
  self->queued_bytes = 0;
  self->start_dts = GST_ARCLY_MUX_NO_TIME;
  self->live = FALSE;
  self->had_video = self->sound_changed = self->sound_leads = FALSE;
  self->eos_sent = FALSE;
  self->n_flushing = 0;
  self->flow = GST_FLOW_OK;
}

static GstStateChangeReturn
gst_arcly_mux_change_state (GstElement *element, GstStateChange transition)
{
  GstArclyMux *self = GST_ARCLY_MUX (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    g_mutex_lock (&self->lock);
    self->stopping = FALSE;
    self->running = TRUE;
    g_mutex_unlock (&self->lock);
    gst_arcly_mux_update_bound (self, FALSE);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    g_mutex_lock (&self->lock);
    self->stopping = TRUE;
    self->running = FALSE;
    g_cond_broadcast (&self->cond);
    g_mutex_unlock (&self->lock);
  }

  result = GST_ELEMENT_CLASS (gst_arcly_mux_parent_class)
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
gst_arcly_mux_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstArclyMux *self = GST_ARCLY_MUX (object);

  if (id != PROP_MAX_WAIT) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  self->max_wait = g_value_get_uint64 (value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_mux_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclyMux *self = GST_ARCLY_MUX (object);

  if (id != PROP_MAX_WAIT) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  g_value_set_uint64 (value, self->max_wait);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_arcly_mux_finalize (GObject *object)
{
  GstArclyMux *self = GST_ARCLY_MUX (object);

  g_ptr_array_unref (self->pads);
  g_ptr_array_unref (self->removed);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);

  G_OBJECT_CLASS (gst_arcly_mux_parent_class)->finalize (object);
}

/* The class is a subclass's already: which templates it has is known. */
static void
gst_arcly_mux_constructed (GObject *object)
{
  GstArclyMux *self = GST_ARCLY_MUX (object);
  GstPadTemplate *templ =
      gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), "src");

  G_OBJECT_CLASS (gst_arcly_mux_parent_class)->constructed (object);
  self->srcpad = gst_pad_new_from_template (templ, "src");
  gst_pad_use_fixed_caps (self->srcpad);
  gst_pad_set_event_function (self->srcpad, gst_arcly_mux_src_event);
  gst_pad_set_query_function (self->srcpad, gst_arcly_mux_src_query);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
  reset (self);
}

static void
gst_arcly_mux_init (GstArclyMux *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->pads = g_ptr_array_new_with_free_func (gst_object_unref);
  self->removed = g_ptr_array_new_with_free_func (gst_object_unref);
  self->max_wait = DEFAULT_MAX_WAIT;
}

static void
gst_arcly_mux_class_init (GstArclyMuxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_mux_set_property;
  object_class->get_property = gst_arcly_mux_get_property;
  object_class->constructed = gst_arcly_mux_constructed;
  object_class->finalize = gst_arcly_mux_finalize;

  /**
   * GstArclyMux:max-wait:
   *
   * How long the muxer waits for a track that is silent, in nanoseconds of
   * media time; 0 does not wait. Past it the other tracks go on, and what
   * comes late is still muxed. It is latency of live input with more than one
   * track. Input that is not live is waited for 10 s at least, unless this is
   * 0. In MPEG-TS, the clock (PCR) runs ahead of the frames by as much, within
   * 0.1 s and 1 s. Taken when streaming starts.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_MAX_WAIT,
      g_param_spec_uint64 ("max-wait", "Max wait",
          "How long to wait for a silent track (ns, 0 = not at all)", 0,
          60 * GST_SECOND, DEFAULT_MAX_WAIT,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));

  element_class->request_new_pad = gst_arcly_mux_request_new_pad;
  element_class->release_pad = gst_arcly_mux_release_pad;
  element_class->change_state = gst_arcly_mux_change_state;
}

void
gst_arcly_mux_class_add_templates (GstArclyMuxClass *klass,
    GstStaticPadTemplate *video, GstStaticPadTemplate *audio,
    GstStaticPadTemplate *data, GType pad_type, GstStaticPadTemplate *src)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  gst_element_class_add_static_pad_template_with_gtype (
      element_class, video, pad_type);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, audio, pad_type);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, data, pad_type);
  gst_element_class_add_static_pad_template (element_class, src);
}

void
gst_arcly_mux_push_stream_start (GstArclyMux *self)
{
  g_autofree gchar *id =
      g_strdup_printf ("%s/%08x", GST_OBJECT_NAME (self), g_random_int ());
  GstEvent *event = gst_event_new_stream_start (id);

  gst_event_set_group_id (event, gst_util_group_id_next ());
  gst_pad_push_event (self->srcpad, event);
}

gboolean
gst_arcly_mux_ask (
    GstArclyMux *self, gint64 pts, gboolean begin, GstClockTime *chunk_duration)
{
  GstQuery *query = gst_query_new_custom (GST_QUERY_CUSTOM,
      gst_structure_new (GST_ARCLY_MUX_QUERY, "pts", G_TYPE_INT64, pts, NULL));
  const GstStructure *answer = gst_query_get_structure (query);

  if (gst_pad_peer_query (self->srcpad, query)) {
    gst_structure_get_boolean (answer, "begin", &begin);
    if (chunk_duration)
      gst_structure_get_uint64 (answer, "chunk-duration", chunk_duration);
  }
  gst_query_unref (query);
  return begin;
}

void
gst_arcly_mux_push_segment (GstArclyMux *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
}
