/* SPDX-License-Identifier: MIT
 *
 * Serves one playlist and one part from memory until its input ends, for
 * clients that count (benchmarks/hls/protocols.py). Prints its port. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gst/arcly/arcly.h>

static gint part_bytes = 25000; /* 200 ms of 1 Mbit/s */
static gchar *certificate;

static const GOptionEntry options[] = {
  { "part-bytes", 0, 0, G_OPTION_ARG_INT, &part_bytes, "Size of a part", "N" },
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate,
      "HTTPS: a PEM file with certificate and key", "FILE" },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static void
fill (GstArclyHttpOrigin *origin)
{
  g_autofree gchar *lines = g_strnfill (3000, '#');
  g_autofree gchar *text = g_strdup_printf ("#EXTM3U\n%s\n", lines);
  g_autoptr (GBytes) part =
      g_bytes_new_take (g_malloc0 ((gsize) part_bytes), (gsize) part_bytes);
  GstArclyHttpPlaylist playlist = {
    .full = text, .next = 1, .target_duration = 2, .advance_limit = 15
  };

  gst_arcly_http_origin_set_playlist (origin, &playlist);
  gst_arcly_http_origin_begin (origin, "part.ts");
  gst_arcly_http_origin_append (origin, "part.ts", part);
  gst_arcly_http_origin_finish (origin, "part.ts");
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) tls = NULL;
  g_autoptr (GstArclyHttpOrigin) origin = NULL;
  GstArclyEngine *engine;
  GstArclyHttpServer *server;
  gchar byte;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  if (certificate)
    tls = g_tls_certificate_new_from_file (certificate, &error);
  if (error)
    g_error ("%s", error->message);
  engine = gst_arcly_engine_new ();
  server =
      gst_arcly_http_server_acquire_tls (engine, "127.0.0.1", 0, tls, &error);
  if (!server)
    g_error ("%s", error->message);
  origin = gst_arcly_http_origin_new ();
  fill (origin);
  if (!gst_arcly_http_server_mount_origin (
          server, "/live", origin, NULL, NULL, &error))
    g_error ("%s", error->message);
  g_print ("%u\n", gst_arcly_http_server_get_port (server));
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  gst_arcly_http_server_unmount (server, "/live");
  gst_arcly_http_server_release (engine, server);
  gst_object_unref (engine);
  return 0;
}
