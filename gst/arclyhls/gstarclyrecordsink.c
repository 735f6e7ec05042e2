/* SPDX-License-Identifier: MIT */
/**
 * SECTION:element-arclyrecordsink
 * @title: arclyrecordsink
 *
 * Records a live stream into files of fragmented MP4 or MPEG-TS that begin at
 * key frames: named by the wall clock, rotated by time and size, listed in an
 * index, deleted when they are old. It takes what encoders, depayloaders and
 * demuxers give; no parser and no `queue` is needed in front.
 *
 * A process that dies loses the fragment that it was recording; every file
 * plays up to there as it is. A disk that is full, slow or gone never holds up
 * the stream: whole fragments are left out, and messages and index say so.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 ! \
 *     video/x-raw,format=I420 ! x264enc key-int-max=60 ! \
 *     arclyrecordsink location=/tmp/rec/%Y-%m-%d/%H%M%S-{number}.mp4 \
 *     max-size-time=4000000000
 * ]|
 * Writes ten seconds of test picture into three files, in a folder of the day,
 * and what is in them into /tmp/rec/recordings.jsonl.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gstarclyfmp4mux.h"
#include "gstarclymux.h"
#include "gstarclyrecordsinkprivate.h"
#include "gstarclytsmux.h"
#include "record/recordname.h"

GST_DEBUG_CATEGORY_STATIC (gst_arcly_record_sink_debug);
#define GST_CAT_DEFAULT gst_arcly_record_sink_debug

enum {
  SIGNAL_SPLIT_NOW,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (GstArclyRecordSink, gst_arcly_record_sink,
    GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (gst_arcly_record_sink_debug, "arclyrecordsink", 0,
        "Arcly recording sink"));
GST_ELEMENT_REGISTER_DEFINE (arclyrecordsink, "arclyrecordsink", GST_RANK_NONE,
    GST_TYPE_ARCLY_RECORD_SINK);

static GType
mux_type (GstArclyRecordContainer container)
{
  return container == GST_ARCLY_RECORD_TS ? GST_TYPE_ARCLY_TS_MUX
                                          : GST_TYPE_ARCLY_FMP4_MUX;
}

static void
add_mux (GstArclyRecordSink *self, GstArclyRecordContainer container)
{
  self->mux = g_object_new (mux_type (container), "name", "mux", NULL);
  self->mux_container = container;
  gst_bin_add (GST_BIN (self), self->mux);
  gst_element_link (self->mux, GST_ELEMENT (self->writer));
}

void
gst_arcly_record_sink_use_container (GstArclyRecordSink *self)
{
  GstArclyRecordContainer container;
  gboolean fixed;

  GST_OBJECT_LOCK (self);
  container = self->container;
  fixed = GST_ELEMENT (self)->numsinkpads > 0 ||
          GST_STATE (self) > GST_STATE_NULL ||
          GST_STATE_PENDING (self) > GST_STATE_NULL;
  if (fixed)
    self->container = self->mux_container;
  GST_OBJECT_UNLOCK (self);

  if (container == self->mux_container)
    return;
  if (fixed) {
    GST_WARNING_OBJECT (self, "\"container\" has to be set before pads are "
                              "requested, in NULL");
    return;
  }
  gst_bin_remove (GST_BIN (self), self->mux);
  add_mux (self, container);
}

static GstPad *
gst_arcly_record_sink_request_new_pad (GstElement *element,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps)
{
  GstArclyRecordSink *self = GST_ARCLY_RECORD_SINK (element);
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
  /* Some senders leave fields out that the template has. */
  GST_PAD_SET_ACCEPT_INTERSECT (pad);
  gst_pad_set_active (pad, TRUE);
  if (!gst_element_add_pad (element, pad)) {
    gst_element_release_request_pad (self->mux, target);
    return NULL;
  }
  return pad;
}

/* The muxer first: it wakes a thread that waits in the pad. */
static void
gst_arcly_record_sink_release_pad (GstElement *element, GstPad *pad)
{
  GstArclyRecordSink *self = GST_ARCLY_RECORD_SINK (element);
  g_autoptr (GstPad) target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

  if (target)
    gst_element_release_request_pad (self->mux, target);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

/* A file cannot end within a fragment. */
static GstClockTime
fragment_duration_locked (GstArclyRecordSink *self)
{
  if (self->max_size_time == 0)
    return self->fragment_duration;
  return MIN (self->fragment_duration, self->max_size_time);
}

/* What is taken as it is, but is hardly what was meant. */
static void
warn_settings (GstArclyRecordSink *self, const GstArclyRecordSettings *settings)
{
  if (gst_arcly_record_name_is_misleading (
          settings->location, settings->extension))
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The files of \"%s\" will be %s: see the property container",
            settings->location,
            g_str_equal (settings->extension, "ts") ? "MPEG-TS" : "MP4"),
        (NULL));
  if (settings->progressive && g_str_equal (settings->extension, "ts"))
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("finalize does nothing to MPEG-TS: it is for container=fmp4"), (NULL));
}

static gboolean
start (GstArclyRecordSink *self)
{
  g_autofree gchar *location = NULL;
  g_autofree gchar *index = NULL;
  g_autofree gchar *stream = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_ts = self->mux_container == GST_ARCLY_RECORD_TS;
  GstArclyRecordSettings settings = {
    .extension = is_ts ? "ts" : "mp4",
    .container = is_ts ? "ts" : "fmp4",
  };
  GstClockTime fragment_duration;

  GST_OBJECT_LOCK (self);
  settings.location = location = g_strdup (self->location);
  settings.index = index = g_strdup (self->index_location);
  settings.stream = stream = g_strdup (self->stream);
  settings.max_size_time = self->max_size_time;
  settings.max_size_bytes = self->max_size_bytes;
  settings.retention_time = self->retention_time;
  settings.retention_bytes = self->retention_bytes;
  settings.drop_oldest = self->delete_when_full;
  settings.progressive = self->finalize;
  settings.fsync = self->fsync;
  settings.max_queue_bytes = (gsize) self->max_queue_bytes;
  fragment_duration = fragment_duration_locked (self);
  GST_OBJECT_UNLOCK (self);

  if (!is_ts)
    g_object_set (self->mux, "fragment-duration", fragment_duration, NULL);
  if (gst_arcly_record_writer_open (
          self->writer, &settings, is_ts, fragment_duration, &error)) {
    warn_settings (self, &settings);
    return TRUE;
  }
  GST_ELEMENT_ERROR (
      self, RESOURCE, OPEN_WRITE, ("%s", error->message), (NULL));
  return FALSE;
}

/* What was taken is recorded, also where no EOS came. */
static void
stop (GstArclyRecordSink *self)
{
  gst_arcly_record_writer_stop (self->writer);
  gst_arcly_mux_end (GST_ARCLY_MUX (self->mux));
}

static GstStateChangeReturn
gst_arcly_record_sink_change_state (
    GstElement *element, GstStateChange transition)
{
  GstArclyRecordSink *self = GST_ARCLY_RECORD_SINK (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop (self);

  result = GST_ELEMENT_CLASS (gst_arcly_record_sink_parent_class)
               ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          result == GST_STATE_CHANGE_FAILURE))
    gst_arcly_record_writer_close (self->writer);
  return result;
}

static void
gst_arcly_record_sink_split_now (GstArclyRecordSink *self)
{
  gst_arcly_record_writer_split (self->writer);
}

static void
gst_arcly_record_sink_finalize (GObject *object)
{
  gst_arcly_record_sink_clear_settings (GST_ARCLY_RECORD_SINK (object));

  G_OBJECT_CLASS (gst_arcly_record_sink_parent_class)->finalize (object);
}

static void
gst_arcly_record_sink_init (GstArclyRecordSink *self)
{
  gst_arcly_record_sink_init_settings (self);

  self->writer =
      g_object_new (GST_TYPE_ARCLY_RECORD_WRITER, "name", "writer", NULL);
  gst_bin_add (GST_BIN (self), GST_ELEMENT (self->writer));
  add_mux (self, self->container);
}

/* What either muxer takes; the pads themselves say what theirs does. */
static void
add_pad_template (GstElementClass *element_class, const gchar *name)
{
  GstCaps *caps = gst_caps_new_empty ();
  guint i;

  for (i = GST_ARCLY_RECORD_FMP4; i <= GST_ARCLY_RECORD_TS; i++) {
    GstElementClass *mux_class =
        g_type_class_ref (mux_type ((GstArclyRecordContainer) i));
    GstPadTemplate *templ =
        gst_element_class_get_pad_template (mux_class, name);

    caps = gst_caps_merge (caps, gst_pad_template_get_caps (templ));
    g_type_class_unref (mux_class);
  }
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new (name, GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);
}

static void
gst_arcly_record_sink_class_init (GstArclyRecordSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = gst_arcly_record_sink_finalize;
  gst_arcly_record_sink_install_properties (object_class);

  element_class->request_new_pad = gst_arcly_record_sink_request_new_pad;
  element_class->release_pad = gst_arcly_record_sink_release_pad;
  element_class->change_state = gst_arcly_record_sink_change_state;

  /**
   * GstArclyRecordSink::split-now:
   * @self: the element
   *
   * An action signal: the next fragment begins a new file. Any thread; the file
   * ends when the fragment comes, with a message `arcly-record-file-closed`.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SPLIT_NOW] = g_signal_new_class_handler ("split-now",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_arcly_record_sink_split_now), NULL, NULL, NULL,
      G_TYPE_NONE, 0);

  add_pad_template (element_class, "video_%u");
  add_pad_template (element_class, "audio_%u");
  gst_element_class_set_static_metadata (element_class, "Arcly recording sink",
      "Sink/Muxer", "Records into files of fragmented MP4 or MPEG-TS",
      "The gst-arcly authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_RECORD_CONTAINER, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ARCLY_RECORD_FSYNC, 0);
}
