/* SPDX-License-Identifier: MIT
 *
 * arcly-inspect FILE|URI [--json]: what is in a file, as the muxers here see
 * it: tracks, codecs parameters, key frames by content, sizes. */
#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include <gst/arcly/arcly.h>

#define MAX_TRACKS 64

/* Written by the one streaming thread of its pad, read by main() after EOS,
 * which the bus hands over. */
typedef struct {
  GstCaps *caps;
  GstArclyCodecInfo *info; /* NULL: not a codec that is known here */
  guint64 n_units;
  guint64 n_bytes;
  guint64 largest;
  guint64 n_keyframes;
  guint64 since_keyframe;   /* units, with the key frame */
  guint64 longest_interval; /* units between two key frames */
  GstClockTime first;
  GstClockTime end;
} Track;

typedef struct {
  GstElement *pipeline;
  GMutex lock;
  GPtrArray *tracks; /* (element-type Track), lock */
} Inspection;

static void
track_free (gpointer data)
{
  Track *track = data;

  gst_clear_caps (&track->caps);
  gst_arcly_codec_info_free (track->info);
  g_free (track);
}

/* Again with each unit, until one has told all. */
static void
learn (Track *track, GstBuffer *buffer)
{
  GstArclyCodecInfo *info;

  if (!track->caps || (track->info && track->info->codec_string &&
                          (track->info->width > 0 || track->info->rate > 0)))
    return;
  info = gst_arcly_codec_info_new (track->caps, buffer, NULL);
  if (!info)
    return;
  gst_arcly_codec_info_free (track->info);
  track->info = info;
}

static void
count (Track *track, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  learn (track, buffer);
  /* The stream headers of FLAC and Opus are no frames. Parsers flag key frames
   * with parameter sets as headers, too: those count. */
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER) &&
      !GST_BUFFER_PTS_IS_VALID (buffer) &&
      !(track->info && track->info->is_video))
    return;
  track->n_units++;
  track->n_bytes += size;
  track->largest = MAX (track->largest, size);
  if (GST_CLOCK_TIME_IS_VALID (pts)) {
    GstClockTime end = pts;

    if (GST_BUFFER_DURATION_IS_VALID (buffer))
      end += GST_BUFFER_DURATION (buffer);
    if (!GST_CLOCK_TIME_IS_VALID (track->first) || pts < track->first)
      track->first = pts;
    if (!GST_CLOCK_TIME_IS_VALID (track->end) || end > track->end)
      track->end = end;
  }
  if (!track->info || !track->info->is_video)
    return;
  if (gst_arcly_codec_is_random_access (track->info, buffer)) {
    if (track->n_keyframes++ > 0)
      track->longest_interval =
          MAX (track->longest_interval, track->since_keyframe);
    track->since_keyframe = 0;
  }
  track->since_keyframe++;
}

static GstPadProbeReturn
probe (GstPad *pad, GstPadProbeInfo *probe_info, gpointer user_data)
{
  Track *track = user_data;

  if (probe_info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    count (track, GST_PAD_PROBE_INFO_BUFFER (probe_info));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (probe_info)) ==
             GST_EVENT_CAPS) {
    GstCaps *caps;

    gst_event_parse_caps (GST_PAD_PROBE_INFO_EVENT (probe_info), &caps);
    gst_caps_replace (&track->caps, caps);
  }
  return GST_PAD_PROBE_OK;
}

static void
add_to (Inspection *self, GstElement *element, GstPad *src)
{
  g_autoptr (GstPad) sink = NULL;

  gst_bin_add (GST_BIN (self->pipeline), element);
  sink = gst_element_get_static_pad (element, "sink");
  gst_element_sync_state_with_parent (element);
  gst_pad_link (src, sink);
}

/* A streaming thread of parsebin. */
static void
on_stream (GstElement *parsebin, GstPad *pad, gpointer user_data)
{
  Inspection *self = user_data;
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (fakesink, "sink");
  Track *track = NULL;

  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  g_mutex_lock (&self->lock);
  if (self->tracks->len < MAX_TRACKS) {
    track = g_new0 (Track, 1);
    track->first = track->end = GST_CLOCK_TIME_NONE;
    g_ptr_array_add (self->tracks, track);
  }
  g_mutex_unlock (&self->lock);
  if (track)
    gst_pad_add_probe (sink,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, probe,
        track, NULL);
  add_to (self, fakesink, pad);
}

/* A streaming thread of urisourcebin. */
static void
on_source (GstElement *source, GstPad *pad, gpointer user_data)
{
  Inspection *self = user_data;
  GstElement *parsebin = gst_element_factory_make ("parsebin", NULL);

  g_signal_connect (parsebin, "pad-added", G_CALLBACK (on_stream), self);
  add_to (self, parsebin, pad);
}

static gboolean
run (Inspection *self, const gchar *uri, GError **error)
{
  GstElement *source = gst_element_factory_make ("urisourcebin", NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  g_autoptr (GstMessage) message = NULL;
  gboolean ok = TRUE;

  g_object_set (source, "uri", uri, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (on_source), self);
  gst_bin_add (GST_BIN (self->pipeline), source);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, error, NULL);
    ok = FALSE;
  }
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  return ok;
}

static void
add_int (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_text (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_track (JsonBuilder *builder, const Track *track)
{
  const GstArclyCodecInfo *info = track->info;
  g_autofree gchar *caps =
      track->caps ? gst_caps_to_string (track->caps) : g_strdup ("");

  json_builder_begin_object (builder);
  add_text (builder, "codec",
      gst_arcly_codec_get_name (info ? info->codec : GST_ARCLY_CODEC_UNKNOWN));
  add_text (builder, "caps", caps);
  add_int (builder, "units", track->n_units);
  add_int (builder, "bytes", track->n_bytes);
  add_int (builder, "largest", track->largest);
  if (GST_CLOCK_TIME_IS_VALID (track->first))
    add_int (builder, "duration-ns", track->end - track->first);
  if (info && info->codec_string)
    add_text (builder, "codecs", info->codec_string);
  if (info && info->is_video) {
    add_int (builder, "width", info->width);
    add_int (builder, "height", info->height);
    add_int (builder, "fps-n", info->fps_n);
    add_int (builder, "fps-d", info->fps_d);
    add_int (builder, "bit-depth", info->bit_depth);
    add_int (builder, "keyframes", track->n_keyframes);
    add_int (builder, "keyframe-interval", track->longest_interval);
  } else if (info) {
    add_int (builder, "rate", info->rate);
    add_int (builder, "channels", info->channels);
  }
  json_builder_end_object (builder);
}

static void
print_json (const Inspection *self, const gchar *uri)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;
  guint i;

  json_builder_begin_object (builder);
  add_text (builder, "uri", uri);
  json_builder_set_member_name (builder, "tracks");
  json_builder_begin_array (builder);
  for (i = 0; i < self->tracks->len; i++)
    add_track (builder, g_ptr_array_index (self->tracks, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_pretty (generator, TRUE);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, NULL);
  g_print ("%s\n", text);
}

static void
print_track (const Track *track, guint index)
{
  const GstArclyCodecInfo *info = track->info;
  g_autofree gchar *caps =
      track->caps ? gst_caps_to_string (track->caps) : g_strdup ("no caps");

  g_print ("track %u: %s, codecs=\"%s\"\n", index,
      gst_arcly_codec_get_name (info ? info->codec : GST_ARCLY_CODEC_UNKNOWN),
      info && info->codec_string ? info->codec_string : "");
  if (info && info->is_video)
    g_print ("  %ux%u, %u/%u frames a second, %u bits\n"
             "  %" G_GUINT64_FORMAT
             " key frames, the longest interval has %" G_GUINT64_FORMAT
             " frames\n",
        info->width, info->height, info->fps_n, info->fps_d, info->bit_depth,
        track->n_keyframes, track->longest_interval);
  else if (info)
    g_print ("  %u Hz, %u channels\n", info->rate, info->channels);
  g_print ("  %" G_GUINT64_FORMAT " units, %" G_GUINT64_FORMAT
           " bytes, the largest %" G_GUINT64_FORMAT "\n  %s\n",
      track->n_units, track->n_bytes, track->largest, caps);
}

int
main (int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE|URI");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *uri = NULL;
  Inspection self = { NULL };
  guint i;
  gboolean ok;

  g_option_context_set_summary (
      context, "Tells tracks, codecs parameters, key frames and sizes.");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2) {
    g_printerr ("arcly-inspect: %s\n",
        error ? error->message : "needs one FILE or URI");
    return 2;
  }
  uri = gst_uri_is_valid (argv[1]) ? g_strdup (argv[1])
                                   : gst_filename_to_uri (argv[1], &error);
  if (!uri) {
    g_printerr ("arcly-inspect: %s\n", error->message);
    return 1;
  }
  self.pipeline = gst_pipeline_new (NULL);
  self.tracks = g_ptr_array_new_with_free_func (track_free);
  g_mutex_init (&self.lock);
  ok = run (&self, uri, &error);
  if (!ok) {
    g_printerr ("arcly-inspect: %s\n", error->message);
  } else if (json) {
    print_json (&self, uri);
  } else {
    for (i = 0; i < self.tracks->len; i++)
      print_track (g_ptr_array_index (self.tracks, i), i);
  }
  gst_object_unref (self.pipeline);
  g_ptr_array_unref (self.tracks);
  g_mutex_clear (&self.lock);
  return ok ? 0 : 1;
}
