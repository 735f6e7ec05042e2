/* SPDX-License-Identifier: MIT
 *
 * A publisher and many players for an RTMP server, in one process: what they
 * cost the server, and what they get. The publisher puts the time into each
 * frame; the players read just enough of the protocol to find it. Prints JSON.
 * script/bench rtmp runs it against our server and nginx-rtmp. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "players.h"

#define SETTLE_US (G_TIME_SPAN_SECOND / 2)

PlayersOptions players_options = { 0, 0, 100, 0, 30, 60, 2640, 5000, 5 };

static GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &players_options.port, "of the server",
      NULL },
  { "pid", 0, 0, G_OPTION_ARG_INT, &players_options.pid,
      "of the process whose CPU time counts", NULL },
  { "players", 0, 0, G_OPTION_ARG_INT, &players_options.players, "how many",
      NULL },
  { "slow", 0, 0, G_OPTION_ARG_INT, &players_options.slow,
      "how many of them read 10 kbit/s", NULL },
  { "fps", 0, 0, G_OPTION_ARG_INT, &players_options.fps, "frames a second",
      NULL },
  { "gop", 0, 0, G_OPTION_ARG_INT, &players_options.gop, "frames a GOP", NULL },
  { "kbits", 0, 0, G_OPTION_ARG_INT, &players_options.kbits, "of the stream",
      NULL },
  { "join-ms", 0, 0, G_OPTION_ARG_INT, &players_options.join_ms,
      "players come at random moments in so long", NULL },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &players_options.seconds,
      "of measuring once all are there", NULL },
  { NULL },
};

/* ---- the server, from outside ---- */

static gdouble
server_cpu_ms (void)
{
  g_autofree gchar *path =
      g_strdup_printf ("/proc/%d/stat", players_options.pid);
  g_autofree gchar *text = NULL;
  unsigned long user = 0, system = 0;
  const gchar *rest;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  rest = strrchr (text, ')');
  if (rest == NULL ||
      sscanf (rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
          &user, &system) != 2)
    return 0;
  return (user + system) * 1000.0 / sysconf (_SC_CLK_TCK);
}

static guint64
server_rss_kib (void)
{
  g_autofree gchar *path =
      g_strdup_printf ("/proc/%d/status", players_options.pid);
  g_autofree gchar *text = NULL;
  const gchar *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  line = strstr (text, "VmRSS:");
  return line ? g_ascii_strtoull (line + 6, NULL, 10) : 0;
}

/* ---- the report ---- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint32 one = *(const guint32 *) a, two = *(const guint32 *) b;

  return one < two ? -1 : one > two;
}

static void
add_number (JsonBuilder *json, const gchar *name, gdouble value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, value);
}

static void
add_percentiles (JsonBuilder *json, const gchar *name, PlayersSamples *samples)
{
  static const struct {
    const gchar *name;
    gdouble part;
  } parts[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } };
  guint i;

  qsort (samples->values, samples->n, sizeof (guint32), compare);
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    add_number (json, parts[i].name,
        samples->n == 0
            ? -1
            : samples->values[(guint) (parts[i].part * (samples->n - 1))] /
                  1000.0);
  json_builder_end_object (json);
}

static void
report (gdouble cpu_ms, guint64 rss_before, guint64 rss)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;
  PlayersResult *result = players_get_result ();
  gdouble mbit = result->bytes * 8 / 1e6;

  json_builder_begin_object (json);
  add_number (json, "players", players_options.players);
  add_number (json, "slow", players_options.slow);
  add_number (json, "gop", players_options.gop);
  add_number (json, "got-keyframe", result->n_keys);
  add_number (json, "closed", result->n_closed);
  add_number (json, "seconds", players_options.seconds);
  add_number (json, "mbit", mbit);
  add_number (json, "frames", result->frames);
  add_number (json, "frames-expected",
      (gdouble) (players_options.players - players_options.slow) *
          players_options.seconds * players_options.fps);
  add_number (json, "cpu-ms", cpu_ms);
  add_number (json, "cpu-ms-per-mbit", mbit > 0 ? cpu_ms / mbit : 0);
  add_number (json, "rss-kib", rss);
  add_number (json, "rss-kib-per-player",
      ((gdouble) rss - rss_before) / players_options.players);
  add_number (json, "stalls", result->stalls);
  add_percentiles (json, "first-keyframe-ms", &result->joins);
  add_percentiles (json, "latency-ms", &result->delays);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, NULL);
  puts (text);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  const struct rlimit files = { 65536, 65536 };
  guint64 rss_before;
  gdouble cpu;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  setrlimit (RLIMIT_NOFILE, &files);
  players_publisher_start ();
  /* A GOP is there before the first player. */
  g_usleep (G_USEC_PER_SEC * (players_options.gop + players_options.fps) /
            players_options.fps);
  rss_before = server_rss_kib ();

  players_prepare (g_get_monotonic_time ());
  players_run (g_get_monotonic_time () + players_options.join_ms * 1000 +
                   30 * G_TIME_SPAN_SECOND,
      TRUE);
  /* The last one catches up, which is not what is measured. */
  players_run (g_get_monotonic_time () + SETTLE_US, FALSE);
  cpu = server_cpu_ms ();
  players_measure (TRUE);
  players_run (
      g_get_monotonic_time () + players_options.seconds * G_TIME_SPAN_SECOND,
      FALSE);
  players_measure (FALSE);
  report (server_cpu_ms () - cpu, rss_before, server_rss_kib ());
  players_publisher_stop ();
  return 0;
}
