/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-arclysrc
 * @title: arclysrc
 *
 * One URI in, elementary streams out: makes the element that serves the
 * scheme, as a child named `source`, and shows its pads as its own. The
 * child's other properties are reachable as `source::NAME`.
 *
 * Schemes: `rtmp`, `rtmps` (#arclyrtmpsrc, waits for a publisher); `arcly`
 * (#arclystreamsrc, a stream of another pipeline in the same process).
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e arclysrc uri=rtmp://127.0.0.1:1935/live/cam name=in \
 *     in.video_0 ! queue ! fakesink silent=false \
 *     in.audio_0 ! queue ! fakesink
 * ]|
 * Publish with `ffmpeg -re -i clip.mp4 -c copy -f flv
 * rtmp://127.0.0.1:1935/live/cam`; with -v each frame is printed. (One thread
 * feeds both pads, so sinks that preroll need the queues; arclytsmux and
 * arclyhlssink do not.)
 *
 * Since: 0.1
 */

#include "config.h"

#include <gst/pbutils/pbutils.h>

#include "gstarclysrc.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_src_debug);
#define GST_CAT_DEFAULT gst_arcly_src_debug

#define CHILD_NAME "source"

enum {
  PROP_0,
  PROP_URI,
  PROP_STATS,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* Who serves a scheme, and which of its properties takes the URI. */
static const struct {
  const gchar *scheme;
  const gchar *factory;
  const gchar *property;
} served[] = {
  { "rtmp", "arclyrtmpsrc", "location" },
  { "rtmps", "arclyrtmpsrc", "location" },
  { "arcly", "arclystreamsrc", "location" },
};

/* What comes depends on the scheme. */
static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

struct _GstArclySrc {
  GstBin parent;

  /* Object lock. */
  gchar *uri;
  GstElement *child; /* the bin's; a reference of its own */
  guint served;      /* entry of served[] that made the child */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclySrc, gst_arcly_src, GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (
        gst_arcly_src_debug, "arclysrc", 0, "ingest by URI"));
GST_ELEMENT_REGISTER_DEFINE (
    arclysrc, "arclysrc", GST_RANK_NONE, GST_TYPE_ARCLY_SRC);

static GstElement *
get_child (GstArclySrc *self)
{
  GstElement *child;

  GST_OBJECT_LOCK (self);
  child = self->child ? gst_object_ref (self->child) : NULL;
  GST_OBJECT_UNLOCK (self);
  return child;
}

static gboolean
find_served (const gchar *scheme, guint *index)
{
  guint i;

  for (i = 0; scheme && i < G_N_ELEMENTS (served); i++) {
    if (g_ascii_strcasecmp (scheme, served[i].scheme) == 0) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gchar *
list_schemes (void)
{
  g_autoptr (GString) list = g_string_new (NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (served); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", served[i].scheme);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* The child's pads, in its streaming thread */

static gboolean
copy_sticky_event (GstPad *pad, GstEvent **event, gpointer ghost)
{
  gst_pad_store_sticky_event (ghost, *event);
  return TRUE;
}

static void
on_pad_added (GstElement *child, GstPad *pad, GstArclySrc *self)
{
  g_autoptr (GstPadTemplate) theirs = NULL;
  GstPadTemplate *ours = NULL;
  GstPad *ghost;

  if (!GST_PAD_IS_SRC (pad))
    return;
  theirs = gst_pad_get_pad_template (pad);
  if (theirs)
    ours = gst_element_get_pad_template (
        GST_ELEMENT (self), GST_PAD_TEMPLATE_NAME_TEMPLATE (theirs));
  ghost = ours ? gst_ghost_pad_new_from_template (GST_PAD_NAME (pad), pad, ours)
               : gst_ghost_pad_new (GST_PAD_NAME (pad), pad);
  gst_pad_set_active (ghost, TRUE);
  /* Who looks at the caps in "pad-added" shall see them. */
  gst_pad_sticky_events_foreach (pad, copy_sticky_event, ghost);
  gst_element_add_pad (GST_ELEMENT (self), ghost);
}

static void
on_pad_removed (GstElement *child, GstPad *pad, GstArclySrc *self)
{
  g_autoptr (GstPad) ghost =
      gst_element_get_static_pad (GST_ELEMENT (self), GST_PAD_NAME (pad));

  if (ghost == NULL || !GST_IS_GHOST_PAD (ghost))
    return;
  gst_pad_set_active (ghost, FALSE);
  gst_element_remove_pad (GST_ELEMENT (self), ghost);
}

static void
on_no_more_pads (GstElement *child, GstArclySrc *self)
{
  gst_element_no_more_pads (GST_ELEMENT (self));
}

/* The child */

static void
drop_child (GstArclySrc *self)
{
  g_autoptr (GstElement) child = NULL;

  GST_OBJECT_LOCK (self);
  child = g_steal_pointer (&self->child);
  GST_OBJECT_UNLOCK (self);
  if (child == NULL)
    return;
  gst_element_set_state (child, GST_STATE_NULL);
  /* A worker may have the child's last reference, and end it while we end:
   * GLib does not let both take the handlers down at once. */
  g_signal_handlers_disconnect_by_data (child, self);
  gst_bin_remove (GST_BIN (self), child);
}

static gboolean
add_child (GstArclySrc *self, guint index)
{
  GstElement *child =
      gst_element_factory_make (served[index].factory, CHILD_NAME);

  if (child == NULL)
    return FALSE;
  g_signal_connect_object (
      child, "pad-added", G_CALLBACK (on_pad_added), self, 0);
  g_signal_connect_object (
      child, "pad-removed", G_CALLBACK (on_pad_removed), self, 0);
  g_signal_connect_object (
      child, "no-more-pads", G_CALLBACK (on_no_more_pads), self, 0);
  GST_OBJECT_LOCK (self);
  self->child = gst_object_ref_sink (child);
  self->served = index;
  GST_OBJECT_UNLOCK (self);
  return gst_bin_add (GST_BIN (self), child);
}

/* Makes the child that @uri needs, or keeps it. FALSE: nothing serves it. */
static gboolean
ensure_child (GstArclySrc *self, const gchar *uri)
{
  g_autofree gchar *scheme = uri ? g_uri_parse_scheme (uri) : NULL;
  g_autoptr (GstElement) child = get_child (self);
  guint index;

  if (!find_served (scheme, &index)) {
    drop_child (self);
    return FALSE;
  }
  if (child && self->served != index) {
    drop_child (self);
    gst_clear_object (&child);
  }
  if (child == NULL) {
    if (!add_child (self, index))
      return FALSE;
    child = get_child (self);
  }
  g_object_set (child, served[index].property, uri, NULL);
  return TRUE;
}

static void
set_uri (GstArclySrc *self, const gchar *uri)
{
  gboolean busy;
  gchar *before;

  GST_OBJECT_LOCK (self);
  busy = GST_STATE (self) > GST_STATE_READY;
  if (!busy) {
    before = self->uri;
    self->uri = g_strdup (uri);
  }
  GST_OBJECT_UNLOCK (self);
  if (busy) {
    GST_WARNING_OBJECT (self, "the URI can change in NULL or READY only");
    return;
  }
  g_free (before);
  /* Now, so that its properties can be set; what is wrong is told when the
   * element is started. */
  ensure_child (self, uri);
}

static void
tell_unserved (GstArclySrc *self, const gchar *uri)
{
  g_autofree gchar *scheme = uri ? g_uri_parse_scheme (uri) : NULL;
  g_autofree gchar *schemes = list_schemes ();
  guint index;

  if (uri == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("No URI is set"), (NULL));
  } else if (scheme == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("'%s' is not a URI; an example is rtmp://127.0.0.1:1935/live/cam",
            uri),
        (NULL));
  } else if (!find_served (scheme, &index)) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("Nothing serves URIs of the scheme '%s'; arclysrc can do: %s", scheme,
            schemes),
        (NULL));
  } else {
    gst_element_post_message (
        GST_ELEMENT (self), gst_missing_element_message_new (
                                GST_ELEMENT (self), served[index].factory));
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN,
        ("The element '%s', which serves '%s' URIs, is not installed",
            served[index].factory, scheme),
        (NULL));
  }
}

static gboolean
prepare (GstArclySrc *self)
{
  g_autofree gchar *uri = NULL;

  GST_OBJECT_LOCK (self);
  uri = g_strdup (self->uri);
  GST_OBJECT_UNLOCK (self);
  /* A plugin may have been installed since the URI was set. */
  if (ensure_child (self, uri))
    return TRUE;
  tell_unserved (self, uri);
  return FALSE;
}

static GstStateChangeReturn
gst_arcly_src_change_state (GstElement *element, GstStateChange transition)
{
  GstArclySrc *self = GST_ARCLY_SRC (element);

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !prepare (self))
    return GST_STATE_CHANGE_FAILURE;
  return GST_ELEMENT_CLASS (gst_arcly_src_parent_class)
      ->change_state (element, transition);
}

/* Properties */

static GstStructure *
get_stats (GstArclySrc *self)
{
  g_autoptr (GstElement) child = get_child (self);
  GstStructure *stats = NULL;

  if (child &&
      g_object_class_find_property (G_OBJECT_GET_CLASS (child), "stats"))
    g_object_get (child, "stats", &stats, NULL);
  return stats ? stats
               : gst_structure_new_empty ("application/x-arcly-src-stats");
}

static void
gst_arcly_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id) {
    case PROP_URI:
      set_uri (GST_ARCLY_SRC (object), g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_arcly_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstArclySrc *self = GST_ARCLY_SRC (object);

  switch (id) {
    case PROP_URI:
      GST_OBJECT_LOCK (self);
      g_value_set_string (value, self->uri);
      GST_OBJECT_UNLOCK (self);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_arcly_src_dispose (GObject *object)
{
  drop_child (GST_ARCLY_SRC (object));
  G_OBJECT_CLASS (gst_arcly_src_parent_class)->dispose (object);
}

static void
gst_arcly_src_finalize (GObject *object)
{
  g_free (GST_ARCLY_SRC (object)->uri);
  G_OBJECT_CLASS (gst_arcly_src_parent_class)->finalize (object);
}

static void
gst_arcly_src_init (GstArclySrc *self)
{
  /* A source also while it has no child: an EOS sent to the pipeline must
   * reach us. */
  gst_bin_set_suppressed_flags (
      GST_BIN (self), GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
gst_arcly_src_class_init (GstArclySrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_arcly_src_set_property;
  object_class->get_property = gst_arcly_src_get_property;
  object_class->dispose = gst_arcly_src_dispose;
  object_class->finalize = gst_arcly_src_finalize;
  element_class->change_state = gst_arcly_src_change_state;

  /**
   * GstArclySrc:uri:
   *
   * Where the stream comes from; see above for the schemes.
   *
   * Since: 0.1
   */
  properties[PROP_URI] = g_param_spec_string ("uri", "URI",
      "Where the stream comes from (rtmp://HOST[:PORT]/APP/STREAM, "
      "arcly://APP/STREAM)",
      NULL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

  /**
   * GstArclySrc:stats:
   *
   * The child's `stats`; an empty structure while there is no child.
   *
   * Since: 0.1
   */
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Stats",
      "What the element for the scheme counts", GST_TYPE_STRUCTURE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Arcly source",
      "Source/Network", "Elementary streams from a URI",
      "The gst-arcly authors");
}
