/* SPDX-License-Identifier: MIT
 *
 * What a muxer costs: access units lie ready in memory (muxload.c) and are
 * pushed through pads; what comes out is counted and dropped. Prints JSON.
 *
 *   mux [--seconds N] [--kbps N] [MUXER...]
 *
 * A muxer is a row of the table below, or any element's name; those of
 * libavformat have no pads around them, and are there if it was found. Of
 * GStreamer's
 * two, those on GstAggregator or GstCollectPads need a thread a pad. Each runs
 * twice, and the second run counts. Allocations are counted in a process of
 * its own, where GLib's slices are malloc() too. */
#include <string.h>
#include <sys/resource.h>

#include <gst/gst.h>

#include "muxaggregator.h"
#ifdef HAVE_AVFORMAT
#include "muxavformat.h"
#endif
#include "muxcount.h"
#include "muxload.h"

/* An element of that name is none: it is libavformat's muxer behind it. */
#define AVFORMAT "libavformat:"
/* The limit: every byte copied once, into memory that nobody read yet. */
#define MEMCPY "memcpy"

typedef struct {
  const gchar *name;
  const gchar *element;  /* NULL: pads without a muxer */
  const gchar *property; /* NAME=VALUE, or NULL */
  MuxForm form;
  gboolean one_thread; /* feeds both pads, as a demuxer does */
  gboolean copies;     /* what comes out is all that went in, and overhead */
} Muxer;

static const Muxer muxers[] = {
  { "none", NULL, NULL, MUX_FORM_STREAM, TRUE, FALSE },
  { "aggregator", "aggregator", NULL, MUX_FORM_STREAM, FALSE, FALSE },
  { "arclytsmux", "arclytsmux", NULL, MUX_FORM_STREAM, TRUE, TRUE },
  { "arclytsmux@2", "arclytsmux", NULL, MUX_FORM_STREAM, FALSE, TRUE },
  { "arclytsmux-avc", "arclytsmux", NULL, MUX_FORM_PACKED, TRUE, TRUE },
  { "arclytsmux-rtmp", "arclytsmux", NULL, MUX_FORM_RTMP, TRUE, TRUE },
  { "arclyfmp4mux", "arclyfmp4mux", NULL, MUX_FORM_PACKED, TRUE, TRUE },
  { "mp4mux", "mp4mux", "fragment-duration=2000", MUX_FORM_PACKED, FALSE,
      TRUE },
  { "mpegtsmux", "mpegtsmux", NULL, MUX_FORM_STREAM, FALSE, TRUE },
  /* As the ffmpeg program sets it; without, no sound is packed. */
  { "avmux_mpegts", "avmux_mpegts", "maxdelay=700000", MUX_FORM_STREAM, FALSE,
      TRUE },
#ifdef HAVE_AVFORMAT
  { "lavf-mpegts", AVFORMAT "mpegts", NULL, MUX_FORM_STREAM, TRUE, TRUE },
  { "lavf-mp4", AVFORMAT "mp4", NULL, MUX_FORM_PACKED, TRUE, TRUE },
#endif
};

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean eos;
  guint64 bytes;
  guint64 buffers;
} Sink;

typedef struct {
  GstPad *pad;
  GPtrArray *buffers;
} Feeder;

static gint seconds = 60;
static gint kbps = 2500;
static gboolean only_count;

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Sink *sink = g_object_get_data (G_OBJECT (pad), "sink");

  sink->bytes += gst_buffer_get_size (buffer);
  sink->buffers++;
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  Sink *sink = g_object_get_data (G_OBJECT (pad), "sink");

  sink->bytes += gst_buffer_list_calculate_size (list);
  sink->buffers += gst_buffer_list_length (list);
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Sink *sink = g_object_get_data (G_OBJECT (pad), "sink");

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    g_mutex_lock (&sink->lock);
    sink->eos = TRUE;
    g_cond_signal (&sink->cond);
    g_mutex_unlock (&sink->lock);
  }
  gst_event_unref (event);
  return TRUE;
}

static GstPad *
make_sink_pad (Sink *sink)
{
  GstPad *pad = gst_pad_new ("sink", GST_PAD_SINK);

  g_object_set_data (G_OBJECT (pad), "sink", sink);
  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_chain_list_function (pad, sink_chain_list);
  gst_pad_set_event_function (pad, sink_event);
  gst_pad_set_active (pad, TRUE);
  return pad;
}

static GstPad *
make_source_pad (const gchar *name, const gchar *caps_string, GstPad *peer)
{
  GstPad *pad = gst_pad_new (name, GST_PAD_SRC);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_string);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_set_active (pad, TRUE);
  if (GST_PAD_LINK_FAILED (gst_pad_link (pad, peer)))
    g_error ("cannot link %s", name);
  gst_pad_push_event (pad, gst_event_new_stream_start (name));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  return pad;
}

static GstPad *
request_pad (GstElement *mux, const gchar *first, const gchar *second)
{
  GstElementClass *klass = GST_ELEMENT_GET_CLASS (mux);
  GstPadTemplate *templ = gst_element_class_get_pad_template (klass, first);

  if (!templ)
    templ = gst_element_class_get_pad_template (klass, second);
  return gst_element_request_pad (mux, templ, NULL, NULL);
}

static gpointer
feed (gpointer data)
{
  Feeder *feeder = data;
  guint i;

  for (i = 0; i < feeder->buffers->len; i++)
    gst_pad_push (
        feeder->pad, gst_buffer_ref (g_ptr_array_index (feeder->buffers, i)));
  gst_pad_push_event (feeder->pad, gst_event_new_eos ());
  return NULL;
}

/* As a demuxer does: one thread, in the order of time. */
static void
feed_both (Feeder *video, Feeder *audio)
{
  guint v = 0, a = 0;

  while (v < video->buffers->len || a < audio->buffers->len) {
    GstBuffer *vb =
        v < video->buffers->len ? g_ptr_array_index (video->buffers, v) : NULL;
    GstBuffer *ab =
        a < audio->buffers->len ? g_ptr_array_index (audio->buffers, a) : NULL;

    if (vb && (!ab || GST_BUFFER_PTS (vb) <= GST_BUFFER_PTS (ab))) {
      gst_pad_push (video->pad, gst_buffer_ref (vb));
      v++;
    } else {
      gst_pad_push (audio->pad, gst_buffer_ref (ab));
      a++;
    }
  }
  gst_pad_push_event (video->pad, gst_event_new_eos ());
  gst_pad_push_event (audio->pad, gst_event_new_eos ());
}

static guint64
cpu_ns (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return ((guint64) usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
             GST_SECOND +
         ((guint64) usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

typedef struct {
  guint64 cpu_ns;
  guint64 switches;
  guint64 bytes;
  guint64 buffers;
  guint64 allocations;
} Result;

static void
copy_all (const MuxLoad *load, Result *result)
{
  guint64 start = cpu_ns ();
  guint i;

  for (i = 0; i < load->video->len + load->audio->len; i++) {
    GstBuffer *buffer =
        i < load->video->len
            ? g_ptr_array_index (load->video, i)
            : g_ptr_array_index (load->audio, i - load->video->len);
    gsize size = gst_buffer_get_size (buffer);
    g_autofree guint8 *copy = g_malloc (size);

    gst_buffer_extract (buffer, 0, copy, size);
    result->bytes += size;
    result->buffers++;
  }
  result->cpu_ns = cpu_ns () - start;
}

#ifdef HAVE_AVFORMAT
static void
run_avformat (const gchar *name, const MuxLoad *load, Result *result)
{
  MuxAvOut out;

  result->allocations = mux_count_allocations ();
  result->cpu_ns = cpu_ns ();
  mux_avformat_run (name, load, &out);
  result->cpu_ns = cpu_ns () - result->cpu_ns;
  result->allocations = mux_count_allocations () - result->allocations;
  result->bytes = out.bytes;
  result->buffers = out.buffers;
}
#endif

static GstElement *
make_mux (const Muxer *muxer)
{
  g_auto (GStrv) property = NULL;
  GstElement *mux = g_str_equal (muxer->element, "aggregator")
                        ? g_object_new (MUX_TYPE_AGGREGATOR, NULL)
                        : gst_element_factory_make (muxer->element, NULL);

  if (!mux) {
    g_printerr ("no element %s\n", muxer->element);
    exit (1);
  }
  if (muxer->property) {
    property = g_strsplit (muxer->property, "=", 2);
    gst_util_set_object_arg (G_OBJECT (mux), property[0], property[1]);
  }
  return gst_object_ref_sink (mux);
}

static void
feed_all (const Muxer *muxer, Feeder *feeders, Sink *sink)
{
  if (muxer->one_thread) {
    feed_both (&feeders[0], &feeders[1]);
  } else {
    GThread *thread = g_thread_new ("audio", feed, &feeders[1]);

    feed (&feeders[0]);
    g_thread_join (thread);
  }
  g_mutex_lock (&sink->lock);
  while (!sink->eos)
    g_cond_wait (&sink->cond, &sink->lock);
  g_mutex_unlock (&sink->lock);
}

static void
run (const Muxer *muxer, const MuxLoad *load, Result *result)
{
  GstElement *mux = NULL;
  GstPad *src = NULL, *sinks[2], *sources[2];
  Sink sink = { 0 };
  Feeder feeders[2];
  struct rusage before, after;
  guint i;

  *result = (Result){ 0 };
  if (g_str_equal (muxer->name, MEMCPY)) {
    copy_all (load, result);
    return;
  }
#ifdef HAVE_AVFORMAT
  if (muxer->element && g_str_has_prefix (muxer->element, AVFORMAT)) {
    run_avformat (muxer->element + strlen (AVFORMAT), load, result);
    return;
  }
#endif
  g_mutex_init (&sink.lock);
  g_cond_init (&sink.cond);
  for (i = 0; i < 2; i++)
    sinks[i] = make_sink_pad (&sink);
  if (muxer->element) {
    mux = make_mux (muxer);
    src = gst_element_get_static_pad (mux, "src");
    gst_pad_link (src, sinks[0]);
    gst_object_unref (sinks[1]);
    sinks[0] = request_pad (mux, "video_%u", "sink_%d");
    sinks[1] = request_pad (mux, "audio_%u", "sink_%d");
    gst_element_set_state (mux, GST_STATE_PLAYING);
  }
  sources[0] = make_source_pad ("video", load->video_caps, sinks[0]);
  sources[1] = make_source_pad ("audio", load->audio_caps, sinks[1]);
  feeders[0] = (Feeder){ sources[0], load->video };
  feeders[1] = (Feeder){ sources[1], load->audio };

  getrusage (RUSAGE_SELF, &before);
  result->allocations = mux_count_allocations ();
  result->cpu_ns = cpu_ns ();
  feed_all (muxer, feeders, &sink);
  result->cpu_ns = cpu_ns () - result->cpu_ns;
  result->allocations = mux_count_allocations () - result->allocations;
  getrusage (RUSAGE_SELF, &after);
  result->switches = after.ru_nvcsw - before.ru_nvcsw;
  result->bytes = sink.bytes;
  result->buffers = sink.buffers;

  if (mux) {
    gst_element_set_state (mux, GST_STATE_NULL);
    gst_object_unref (src);
    gst_object_unref (mux);
  }
  for (i = 0; i < 2; i++) {
    gst_object_unref (sources[i]);
    gst_object_unref (sinks[i]);
  }
  g_mutex_clear (&sink.lock);
  g_cond_clear (&sink.cond);
}

/* -1 if the other process fails. */
static gdouble
count_allocations (const gchar *program, const gchar *name)
{
  g_autofree gchar *rate = g_strdup_printf ("%d", kbps);
  const gchar *argv[] = { program, "--allocations", "--seconds", "10", "--kbps",
    rate, name, NULL };
  g_auto (GStrv) env =
      g_environ_setenv (g_get_environ (), "G_SLICE", "always-malloc", TRUE);
  g_autofree gchar *out = NULL;
  gint status;

  if (!g_spawn_sync (NULL, (gchar **) argv, env, G_SPAWN_DEFAULT, NULL, NULL,
          &out, NULL, &status, NULL) ||
      !g_spawn_check_wait_status (status, NULL))
    return -1;
  return g_ascii_strtod (out, NULL);
}

static void
print_run (const Muxer *muxer, const MuxLoad *load, const Result *result,
    gdouble allocations, gboolean last)
{
  gdouble units = load->video->len + load->audio->len;
  gint64 overhead =
      muxer->copies ? (gint64) result->bytes - (gint64) load->bytes : 0;

  g_print ("    { \"muxer\": \"%s\", \"cpu-ns-per-unit\": %.0f, "
           "\"gb-per-cpu-second\": %.2f, \"allocations-per-unit\": %.2f, "
           "\"switches-per-unit\": %.2f, \"buffers-out-per-unit\": %.2f, "
           "\"overhead-bytes\": %" G_GINT64_FORMAT
           ", \"overhead-percent\": %.2f }%s\n",
      muxer->name, result->cpu_ns / units,
      load->bytes / MAX (result->cpu_ns, 1.0), allocations,
      result->switches / units, result->buffers / units, overhead,
      100.0 * overhead / load->bytes, last ? "" : ",");
}

static Muxer
find_muxer (const gchar *name)
{
  Muxer other = { name, name, NULL, MUX_FORM_STREAM, FALSE, TRUE };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (muxers); i++) {
    if (g_str_equal (muxers[i].name, name))
      return muxers[i];
  }
  other.copies = !g_str_equal (name, MEMCPY);
  return other;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) given = NULL;
  const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "Media time", "N" },
    { "kbps", 0, 0, G_OPTION_ARG_INT, &kbps, "Video bit rate", "N" },
    { "allocations", 0, 0, G_OPTION_ARG_NONE, &only_count,
        "Print only how often a unit allocates", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &given, NULL,
        "MUXER..." },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  MuxLoad loads[MUX_N_FORMS];
  gdouble units;
  guint i;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  for (i = 0; given && given[i]; i++)
    g_ptr_array_add (names, given[i]);
  if (names->len == 0) {
    g_ptr_array_add (names, (gpointer) MEMCPY);
    for (i = 0; i < G_N_ELEMENTS (muxers); i++)
      g_ptr_array_add (names, (gpointer) muxers[i].name);
  }
  for (i = 0; i < MUX_N_FORMS; i++)
    mux_load_init (&loads[i], i, seconds, kbps);
  units = loads[0].video->len + loads[0].audio->len;
  if (!only_count)
    g_print ("{\n  \"seconds\": %d,\n  \"video-kbps\": %d,\n"
             "  \"units\": %.0f,\n  \"payload-bytes\": %" G_GUINT64_FORMAT
             ",\n  \"runs\": [\n",
        seconds, kbps, units, loads[0].bytes);
  for (i = 0; i < names->len; i++) {
    Muxer muxer = find_muxer (g_ptr_array_index (names, i));
    const MuxLoad *load = &loads[muxer.form];
    Result result;

    run (&muxer, load, &result);
    run (&muxer, load, &result);
    if (only_count)
      g_print ("%.2f\n", result.allocations / units);
    else
      print_run (&muxer, load, &result, count_allocations (argv[0], muxer.name),
          i + 1 == names->len);
  }
  if (!only_count)
    g_print ("  ]\n}\n");
  for (i = 0; i < G_N_ELEMENTS (loads); i++)
    mux_load_clear (&loads[i]);
  return 0;
}
