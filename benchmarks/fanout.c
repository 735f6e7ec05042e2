/* SPDX-License-Identifier: MIT
 *
 * How much it costs to hand one stream to many subscribers: arclybus,
 * "tee ! queue" and tee, in the same process and with the same sinks. Prints
 * one JSON object. script/bench runs it over all sizes and draws the plot.
 *
 *   fanout --backend=arclybus --subscribers=1000 --seconds=5
 *   fanout --backend=tee-queue --subscribers=1000 --buffers=20000 (floods)
 *
 * A sink is a bare pad that notes when a buffer came. Paced, a buffer is
 * pushed each 1/30 s; flooding, as fast as the backend takes them. CPU time is
 * that of the process from the first buffer to the last delivery. The memory of
 * a subscriber is what the process has grown by when all are there and idle,
 * with its sink. A late join is from the request of the pad to the first
 * keyframe that comes. Exits with 2 if deliveries are missing that nothing
 * accounts for. */
#include <sys/resource.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#define MAX_SAMPLES 2000000
#define PAYLOAD 10000

typedef struct {
  gchar *backend;
  gint subscribers;
  gint seconds;
  gint buffers;
  gint fps;
  gint gop;
  gint joiners;
  gint blocked_ms;
} Options;

typedef struct {
  _Atomic guint64 n;
  guint32 *us; /* nanoseconds / 100, see add_sample() */
} Samples;

typedef struct {
  GstElement *element;
  GstPad *peer;
  gboolean blocks;
} Sink;

static Options options = {
  .subscribers = 100, .seconds = 5, .fps = 30, .gop = 60
};
static Samples delays, pushes, joins;
static _Atomic guint64 delivered;

static GOptionEntry entries[] = {
  { "backend", 'b', 0, G_OPTION_ARG_STRING, &options.backend,
      "arclybus (default), tee-queue or tee", "NAME" },
  { "subscribers", 'n', 0, G_OPTION_ARG_INT, &options.subscribers,
      "How many (100)", "N" },
  { "seconds", 's', 0, G_OPTION_ARG_INT, &options.seconds,
      "How long, paced (5)", "N" },
  { "buffers", 0, 0, G_OPTION_ARG_INT, &options.buffers,
      "Flood with so many instead", "N" },
  { "fps", 0, 0, G_OPTION_ARG_INT, &options.fps, "Buffers a second (30)", "N" },
  { "gop", 0, 0, G_OPTION_ARG_INT, &options.gop, "Buffers a GOP (60)", "N" },
  { "joiners", 0, 0, G_OPTION_ARG_INT, &options.joiners,
      "Late joins to measure, paced (0)", "N" },
  { "blocked", 0, 0, G_OPTION_ARG_INT, &options.blocked_ms,
      "One subscriber blocks so many ms a buffer (0)", "MS" },
  { NULL }
};

static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
add_sample (Samples *samples, gint64 ns)
{
  guint64 i = atomic_fetch_add_explicit (&samples->n, 1, memory_order_relaxed);

  if (i < MAX_SAMPLES)
    samples->us[i] = MIN (MAX (ns, 0) / 100, G_MAXUINT32);
}

static int
compare (const void *a, const void *b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

static void
add_percentiles (JsonBuilder *json, const gchar *name, Samples *samples)
{
  guint64 n = MIN (samples->n, MAX_SAMPLES);
  static const struct {
    const gchar *name;
    gdouble at;
  } points[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1.0 } };

  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  qsort (samples->us, n, sizeof (guint32), compare);
  for (guint i = 0; n && i < G_N_ELEMENTS (points); i++) {
    guint64 at = MIN ((guint64) (n * points[i].at), n - 1);

    json_builder_set_member_name (json, points[i].name);
    json_builder_add_double_value (json, samples->us[at] / 10.0);
  }
  json_builder_end_object (json);
}

/* The publisher puts the time into the buffer's offset. */
static void
note (Sink *sink, GstBuffer *buffer, gint64 now)
{
  if (!sink->blocks)
    add_sample (&delays, now - (gint64) GST_BUFFER_OFFSET (buffer));
  atomic_fetch_add_explicit (&delivered, 1, memory_order_relaxed);
}

static void
block (Sink *sink)
{
  GMutex lock;
  GCond cond;
  gint64 until = g_get_monotonic_time () + options.blocked_ms * 1000;

  if (!sink->blocks)
    return;
  g_mutex_init (&lock);
  g_cond_init (&cond);
  g_mutex_lock (&lock);
  while (g_cond_wait_until (&cond, &lock, until)) {
  }
  g_mutex_unlock (&lock);
  g_mutex_clear (&lock);
  g_cond_clear (&cond);
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  note (pad->chaindata, buffer, now_ns ());
  block (pad->chaindata);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  gint64 now = now_ns ();

  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    note (pad->chainlistdata, gst_buffer_list_get (list, i), now);
  block (pad->chainlistdata);
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static GstPad *
request_src (GstElement *element, gint number)
{
  g_autofree gchar *name = g_strdup_printf ("src_%d_0", number);

  if (g_strcmp0 (options.backend, "arclybus") == 0)
    return gst_element_request_pad_simple (element, name);
  return gst_element_request_pad_simple (element, "src_%u");
}

static void
add_sink (GstElement *pipeline, GstElement *element, Sink *sink, gint number)
{
  GstPad *src = request_src (element, number);

  /* Flooding compares the work, so nothing may be skipped. */
  if (options.buffers && g_strcmp0 (options.backend, "arclybus") == 0)
    g_object_set (
        src, "max-lag-bytes", (guint64) 0, "max-lag-time", (guint64) 0, NULL);
  sink->peer = gst_pad_new (NULL, GST_PAD_SINK);
  gst_pad_set_chain_function_full (sink->peer, sink_chain, sink, NULL);
  gst_pad_set_chain_list_function_full (
      sink->peer, sink_chain_list, sink, NULL);
  gst_pad_set_active (sink->peer, TRUE);
  if (g_strcmp0 (options.backend, "tee-queue") == 0) {
    GstElement *queue = gst_element_factory_make ("queue", NULL);
    GstPad *queue_sink = gst_element_get_static_pad (queue, "sink");
    GstPad *queue_src = gst_element_get_static_pad (queue, "src");

    gst_bin_add (GST_BIN (pipeline), queue);
    gst_pad_link (queue_src, sink->peer);
    gst_element_sync_state_with_parent (queue);
    gst_pad_link (src, queue_sink);
    gst_object_unref (queue_sink);
    gst_object_unref (queue_src);
  } else {
    gst_pad_link (src, sink->peer);
  }
  gst_object_unref (src);
}

static GstFlowReturn
join_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gint64 *began = pad->chaindata;

  if (*began && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
    add_sample (&joins, now_ns () - *began);
    *began = 0;
  }
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* The newcomer comes and stays: what counts is its first keyframe. */
static void
join (GstElement *element, gint number, gint64 *began)
{
  GstPad *src = NULL;
  GstPad *peer = gst_pad_new (NULL, GST_PAD_SINK);

  gst_pad_set_chain_function_full (peer, join_chain, began, NULL);
  gst_pad_set_active (peer, TRUE);
  *began = now_ns ();
  src = request_src (element, number);
  gst_pad_link (src, peer);
  gst_object_unref (src);
}

static void
wait_until (gint64 us)
{
  while (g_get_monotonic_time () < us)
    usleep (MAX (us - g_get_monotonic_time (), 1));
}

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

static gdouble
cpu_us (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static guint64
context_switches (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_nvcsw + usage.ru_nivcsw;
}

static guint64
rss_kib (void)
{
  g_autofree gchar *text = NULL;
  unsigned long pages = 0;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) ||
      sscanf (text, "%*u %lu", &pages) != 1)
    return 0;
  return (guint64) pages * sysconf (_SC_PAGESIZE) / 1024;
}

/* Each has a memory of its own, as frames do; a memory that all buffers shared
 * would keep a list of them, and grow dear with those that are still under way.
 * The payload is one for all, but where somebody blocks: there the memory of
 * the process is to tell what is kept for him. */
static GstBuffer *
make_buffer (guint n)
{
  static gchar payload[PAYLOAD];
  GstBuffer *buffer = gst_buffer_new ();
  gchar *data = options.blocked_ms ? g_malloc (PAYLOAD) : payload;

  if (data != payload)
    memset (data, n, PAYLOAD);
  gst_buffer_append_memory (
      buffer, gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, data, PAYLOAD,
                  0, PAYLOAD, data, data == payload ? NULL : g_free));
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) =
      gst_util_uint64_scale (n, GST_SECOND, options.fps);
  if (n % options.gop)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static void
publish (GstPad *src, GstElement *element, gint64 *began)
{
  guint n = options.buffers ? (guint) options.buffers
                            : (guint) (options.seconds * options.fps);
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = make_buffer (i);
    gint64 before = 0;

    if (!options.buffers)
      wait_until (start + (gint64) i * G_USEC_PER_SEC / options.fps);
    before = now_ns ();
    GST_BUFFER_OFFSET (buffer) = before;
    gst_pad_push (src, buffer);
    add_sample (&pushes, now_ns () - before);
    if (!options.buffers && i > (guint) options.gop / 4 &&
        options.joiners-- > 0)
      join (element, 100000 + i, &began[i]);
  }
}

/* Until nothing more comes. On a busy machine a worker may not get a core for a
 * while. */
static void
drain (guint64 expected)
{
  gint64 until = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint64 seen = 0;
  guint quiet = 0;

  while (atomic_load (&delivered) < expected && quiet < 2000 &&
         g_get_monotonic_time () < until) {
    usleep (1000);
    quiet = atomic_load (&delivered) == seen ? quiet + 1 : 0;
    seen = atomic_load (&delivered);
  }
}

static void
add_number (JsonBuilder *json, const gchar *name, gdouble value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, value);
}

/* What was read before the first buffer, then what it grew by. */
typedef struct {
  gdouble cpu;  /* us */
  gdouble wall; /* us */
  guint64 switches;
  guint64 rss;        /* KiB, all subscribers there */
  guint64 rss_before; /* none of them */
  guint threads;
  guint64 expected;
} Measures;

static void
measure_begin (Measures *m)
{
  m->rss = rss_kib ();
  m->switches = context_switches ();
  m->cpu = cpu_us ();
  m->wall = g_get_monotonic_time ();
}

static void
measure_end (Measures *m)
{
  m->cpu = cpu_us () - m->cpu;
  m->switches = context_switches () - m->switches;
  m->wall = g_get_monotonic_time () - m->wall;
}

static void
report (const Measures *m)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;
  guint64 n = MAX (atomic_load (&delivered), 1);

  json_builder_begin_object (json);
  json_builder_set_member_name (json, "backend");
  json_builder_add_string_value (json, options.backend);
  json_builder_set_member_name (json, "mode");
  json_builder_add_string_value (json, options.buffers ? "flood" : "paced");
  add_number (json, "subscribers", options.subscribers);
  add_number (json, "fps", options.fps);
  add_number (json, "gop", options.gop);
  add_number (json, "blocked-ms", options.blocked_ms);
  add_number (json, "deliveries", atomic_load (&delivered));
  add_number (json, "expected", m->expected);
  add_number (json, "wall-s", m->wall / 1e6);
  add_number (json, "cpu-us-per-delivery", m->cpu / n);
  add_number (json, "context-switches-per-delivery", (gdouble) m->switches / n);
  add_number (json, "threads", m->threads);
  add_number (json, "rss-kib", m->rss);
  add_number (json, "rss-kib-end", rss_kib ());
  add_number (json, "rss-kib-per-subscriber",
      ((gdouble) m->rss - m->rss_before) / MAX (options.subscribers, 1));
  add_percentiles (json, "push-us", &pushes);
  add_percentiles (json, "delivery-us", &delays);
  if (joins.n)
    add_percentiles (json, "join-us", &joins);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, NULL);
  puts (text);
}

static GstPad *
start_publisher (GstElement *element)
{
  gboolean bus = g_strcmp0 (options.backend, "arclybus") == 0;
  GstPad *src = gst_pad_new ("publisher", GST_PAD_SRC);
  GstPad *sink = bus ? gst_element_request_pad_simple (element, "sink_0")
                     : gst_element_get_static_pad (element, "sink");
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "video/x-h264, stream-format=byte-stream, alignment=au");
  GstSegment segment;

  gst_pad_set_active (src, TRUE);
  gst_pad_link (src, sink);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_stream_start ("benchmark"));
  gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
  gst_object_unref (sink);
  return src;
}

static void
measure (void)
{
  gboolean bus = g_strcmp0 (options.backend, "arclybus") == 0;
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *element =
      gst_element_factory_make (bus ? "arclybus" : "tee", NULL);
  Sink *sinks = g_new0 (Sink, options.subscribers);
  gint64 *began = g_new0 (gint64, options.seconds * options.fps + 1);
  Measures m = { 0 };
  GstPad *src = NULL;

  if (element == NULL) {
    g_printerr ("%s is not installed\n", bus ? "arclybus" : "tee");
    _exit (1);
  }
  if (!bus)
    g_object_set (element, "allow-not-linked", TRUE, NULL);
  gst_bin_add (GST_BIN (pipeline), element);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  src = start_publisher (element);
  m.rss_before = rss_kib ();
  for (gint i = 0; i < options.subscribers; i++) {
    sinks[i].blocks = options.blocked_ms && i == 0;
    add_sink (pipeline, element, &sinks[i], i);
  }

  /* Nothing of the preparation is left to be done. */
  wait_until (g_get_monotonic_time () + 200000);
  m.expected =
      (guint64) options.subscribers *
      (options.buffers ? options.buffers : options.seconds * options.fps);
  measure_begin (&m);
  publish (src, element, began);
  m.threads = count_threads ();
  drain (m.expected);
  measure_end (&m);
  report (&m);
  /* The process ends here: what a teardown costs is not measured. */
  fflush (stdout);
  _exit (options.blocked_ms || atomic_load (&delivered) == m.expected ? 0 : 2);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  if (options.backend == NULL)
    options.backend = g_strdup ("arclybus");
  delays.us = g_new (guint32, MAX_SAMPLES);
  pushes.us = g_new (guint32, MAX_SAMPLES);
  joins.us = g_new (guint32, MAX_SAMPLES);
  memset (delays.us, 0, MAX_SAMPLES * sizeof (guint32));
  measure ();
  return 0;
}
