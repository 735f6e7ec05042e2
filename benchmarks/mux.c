/* SPDX-License-Identifier: MIT
 *
 * What a muxer costs: access units lie ready in memory and are pushed through
 * pads; what comes out is counted and dropped. Prints JSON.
 *
 *   mux [--seconds N] [--kbps N] [MUXER...]
 *
 * A muxer is an element's name, with properties behind it if need be
 * ("mp4mux,fragment-duration=2000"); of ours, "arclytsmux" is fed by one thread
 * and, as "arclytsmux@2", by two; those with mp4 in their name get length
 * prefixes and raw AAC, the others a byte stream and ADTS; "aggregator" is the
 * skeleton of muxaggregator.c with nothing but GstAggregator's collecting and
 * one copy; "none" is pads without a muxer. The stream: H.264 at 30 fps with a
 * key frame each two seconds, and AAC at 48 kHz and 128 kbit/s. */
#include <string.h>
#include <sys/resource.h>

#include <gst/gst.h>

#include "muxaggregator.h"

#define AUDIO_BYTES 341
#define KEY_TIMES 6 /* a key frame is so many times as long */
#define FPS 30
#define KEY_EVERY 60

typedef struct {
  GPtrArray *video; /* (element-type GstBuffer), owned */
  GPtrArray *audio; /* (element-type GstBuffer), owned */
  guint64 bytes;
  gboolean mp4; /* H.264 with lengths, AAC without headers */
} Load;

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

static gint seconds = 120;
static gint kbps = 2500;

#define TS_VIDEO                                                               \
  "video/x-h264, stream-format=byte-stream, alignment=au, width=1920, "        \
  "height=1080, framerate=30/1, profile=constrained-baseline, "                \
  "level=(string)4"
#define TS_AUDIO                                                               \
  "audio/mpeg, mpegversion=4, stream-format=adts, framed=true, rate=48000, "   \
  "channels=2"
#define MP4_VIDEO                                                              \
  "video/x-h264, stream-format=avc, alignment=au, width=1920, height=1080, "   \
  "framerate=30/1, profile=constrained-baseline, level=(string)4, "            \
  "codec_data=(buffer)0142c00dffe100186742c00dd90141fb01100000030010000003"    \
  "0320f142a4800100066"                                                        \
  "8cb83cb2000"
#define MP4_AUDIO                                                              \
  "audio/mpeg, mpegversion=4, stream-format=raw, framed=true, rate=48000, "    \
  "channels=2, codec_data=(buffer)1190"

static GstBuffer *
make_mp4_unit (gsize size, gboolean key)
{
  guint8 *data = g_malloc (size);
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (i * 2654435761u >> 13) | 2;
  GST_WRITE_UINT32_BE (data, size - 4);
  memcpy (data + 4, key ? "\x65\x88" : "\x41\x9a", 2);
  return gst_buffer_new_wrapped (data, size);
}

static GstBuffer *
make_unit (gsize size, gboolean key)
{
  static const guint8 sets[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 0x42,
    0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3,
    3, 0x20, 0xf1, 0x42, 0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20 };
  static const guint8 key_slice[] = { 0, 0, 0, 1, 0x65, 0x88 };
  static const guint8 slice[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x41, 0x9a };
  guint8 *data = g_malloc (size);
  gsize i, pos;

  /* No start codes, and no zeros to speed a search up. */
  for (i = 0; i < size; i++)
    data[i] = (i * 2654435761u >> 13) | 2;
  pos = key ? sizeof sets : 0;
  if (key)
    memcpy (data, sets, sizeof sets);
  memcpy (data + pos, key ? key_slice : slice,
      key ? sizeof key_slice : sizeof slice);
  return gst_buffer_new_wrapped (data, size);
}

static GstBuffer *
stamp (
    GstBuffer *master, GstClockTime pts, GstClockTime duration, gboolean delta)
{
  gsize size = gst_buffer_get_size (master);
  GstMapInfo map;
  GstBuffer *buffer;

  /* The same bytes, but a memory of its own: one that thousands of buffers
   * share is slow to let go, which no stream has. */
  gst_buffer_map (master, &map, GST_MAP_READ);
  buffer =
      gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, map.data, size, 0,
          size, gst_buffer_ref (master), (GDestroyNotify) gst_buffer_unref);
  gst_buffer_unmap (master, &map);

  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = duration;
  if (delta)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static void
load_init (Load *load, gboolean mp4)
{
  gsize mean = (gsize) kbps * 1000 / 8 / FPS;
  gsize delta = mean * KEY_EVERY / (KEY_EVERY - 1 + KEY_TIMES);
  g_autoptr (GstBuffer) key = mp4 ? make_mp4_unit (delta * KEY_TIMES, TRUE)
                                  : make_unit (delta * KEY_TIMES, TRUE);
  g_autoptr (GstBuffer) other =
      mp4 ? make_mp4_unit (delta, FALSE) : make_unit (delta, FALSE);
  g_autoptr (GstBuffer) audio = NULL;
  guint8 *frame = g_malloc0 (AUDIO_BYTES + 7);
  guint i;

  memcpy (frame, "\xff\xf1\x4c\x80", 4);
  frame[3] |= (AUDIO_BYTES + 7) >> 11;
  frame[4] = (AUDIO_BYTES + 7) >> 3 & 0xff;
  frame[5] = ((AUDIO_BYTES + 7) & 7) << 5 | 0x1f;
  frame[6] = 0xfc;
  audio = gst_buffer_new_wrapped_full (0, frame, AUDIO_BYTES + 7, mp4 ? 7 : 0,
      mp4 ? AUDIO_BYTES : AUDIO_BYTES + 7, frame, g_free);

  load->video =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  load->audio =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  load->bytes = 0;
  load->mp4 = mp4;
  for (i = 0; i < (guint) seconds * FPS; i++) {
    gboolean is_key = i % KEY_EVERY == 0;

    g_ptr_array_add (load->video,
        stamp (is_key ? key : other, gst_util_uint64_scale (i, GST_SECOND, FPS),
            GST_SECOND / FPS, !is_key));
    load->bytes += gst_buffer_get_size (is_key ? key : other);
  }
  for (i = 0; i < (guint) seconds * 48000 / 1024; i++) {
    g_ptr_array_add (load->audio,
        stamp (audio, gst_util_uint64_scale (i * 1024, GST_SECOND, 48000),
            GST_SECOND * 1024 / 48000, FALSE));
    load->bytes += AUDIO_BYTES;
  }
}

static void
load_clear (Load *load)
{
  g_ptr_array_unref (load->video);
  g_ptr_array_unref (load->audio);
}

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

static GstElement *
make_muxer (const gchar *what)
{
  g_auto (GStrv) parts = g_strsplit (what, ",", 0);
  GstElement *mux = g_str_equal (parts[0], "aggregator")
                        ? g_object_new (MUX_TYPE_AGGREGATOR, NULL)
                        : gst_element_factory_make (parts[0], NULL);
  guint i;

  if (!mux)
    g_error ("no element %s", parts[0]);
  for (i = 1; parts[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (parts[i], "=", 2);

    gst_util_set_object_arg (G_OBJECT (mux), pair[0], pair[1]);
  }
  return gst_object_ref_sink (mux);
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
  gdouble cpu_us;
  gdouble wall_us;
  gdouble switches;
  guint64 bytes;
} Result;

static void
run (const gchar *what, const Load *load, Result *result)
{
  g_auto (GStrv) parts = g_strsplit (what, "@", 2);
  gboolean is_none = g_str_equal (parts[0], "none");
  gboolean one_thread =
      !parts[1] && (is_none || g_str_has_prefix (parts[0], "arcly"));
  GstElement *mux = NULL;
  GstPad *src = NULL, *sinks[2], *sources[2];
  Sink sink = { 0 };
  Feeder feeders[2];
  struct rusage before, after;
  guint64 cpu, units;
  gint64 wall;
  guint i;

  g_mutex_init (&sink.lock);
  g_cond_init (&sink.cond);
  for (i = 0; i < 2; i++)
    sinks[i] = make_sink_pad (&sink);
  if (!is_none) {
    mux = make_muxer (parts[0]);
    src = gst_element_get_static_pad (mux, "src");
    gst_pad_link (src, sinks[0]);
    gst_object_unref (sinks[1]);
    sinks[0] = request_pad (mux, "video_%u", "sink_%d");
    sinks[1] = request_pad (mux, "audio_%u", "sink_%d");
    gst_element_set_state (mux, GST_STATE_PLAYING);
  }
  sources[0] =
      make_source_pad ("video", load->mp4 ? MP4_VIDEO : TS_VIDEO, sinks[0]);
  sources[1] =
      make_source_pad ("audio", load->mp4 ? MP4_AUDIO : TS_AUDIO, sinks[1]);
  feeders[0] = (Feeder){ sources[0], load->video };
  feeders[1] = (Feeder){ sources[1], load->audio };

  getrusage (RUSAGE_SELF, &before);
  wall = g_get_monotonic_time ();
  cpu = cpu_ns ();
  if (one_thread) {
    feed_both (&feeders[0], &feeders[1]);
  } else {
    GThread *thread = g_thread_new ("audio", feed, &feeders[1]);

    feed (&feeders[0]);
    g_thread_join (thread);
  }
  g_mutex_lock (&sink.lock);
  while (!sink.eos)
    g_cond_wait (&sink.cond, &sink.lock);
  g_mutex_unlock (&sink.lock);
  cpu = cpu_ns () - cpu;
  wall = g_get_monotonic_time () - wall;
  getrusage (RUSAGE_SELF, &after);

  units = load->video->len + load->audio->len;
  result->cpu_us = cpu / 1000.0 / units;
  result->wall_us = (gdouble) wall / units;
  result->switches = (gdouble) (after.ru_nvcsw - before.ru_nvcsw) / units;
  result->bytes = sink.bytes;

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

int
main (int argc, char **argv)
{
  static const gchar *usual[] = { "none", "arclytsmux", "arclytsmux@2",
    "aggregator", "mpegtsmux", "arclyfmp4mux", "mp4mux,fragment-duration=2000",
    NULL };
  g_auto (GStrv) given = NULL;
  const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "Media time", "N" },
    { "kbps", 0, 0, G_OPTION_ARG_INT, &kbps, "Video bit rate", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &given, NULL,
        "MUXER..." },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  const gchar *const *names;
  Load loads[2];
  guint i;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  names = given ? (const gchar *const *) given : usual;
  load_init (&loads[0], FALSE);
  load_init (&loads[1], TRUE);
  g_print ("{\n  \"seconds\": %d,\n  \"video_kbps\": %d,\n"
           "  \"units\": %u,\n  \"runs\": [\n",
      seconds, kbps, loads[0].video->len + loads[0].audio->len);
  for (i = 0; names[i]; i++) {
    gboolean copies = !g_str_equal (names[i], "none") &&
                      !g_str_has_prefix (names[i], "aggregator");
    const Load *load = &loads[strstr (names[i], "mp4") != NULL];
    Result warm, result;

    run (names[i], load, &warm);
    run (names[i], load, &result);
    g_print ("    { \"muxer\": \"%s\", \"cpu_us_per_unit\": %.2f, "
             "\"wall_us_per_unit\": %.2f, \"switches_per_unit\": %.2f, "
             "\"gb_per_cpu_second\": %.2f, \"overhead_percent\": %.2f }%s\n",
        names[i], result.cpu_us, result.wall_us, result.switches,
        load->bytes /
            (result.cpu_us * 1000 * (load->video->len + load->audio->len)),
        copies ? 100.0 * result.bytes / load->bytes - 100 : 0.0,
        names[i + 1] ? "," : "");
  }
  g_print ("  ]\n}\n");
  load_clear (&loads[0]);
  load_clear (&loads[1]);
  return 0;
}
