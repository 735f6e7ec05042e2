/* SPDX-License-Identifier: MIT
 *
 * What the tests of the HTTP server share: a server with a folder, and a
 * client. */
#pragma once

#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <libsoup/soup.h>
#include <gst/arcly/arcly.h>

#define HOST "127.0.0.1"
#define SEGMENT "0123456789"
#define PLAYLIST "#EXTM3U\n"

typedef struct {
  GstArclyEngine *engine;
  GstArclyHttpServer *server;
  SoupSession *session;
  gchar *root;   /* temporary: what lies outside of the folder */
  gchar *folder; /* root/hls */
} Fixture;

static inline void
write_file (const gchar *folder, const gchar *name, const gchar *content)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *parent = g_path_get_dirname (path);

  fail_unless_equals_int (g_mkdir_with_parents (parent, 0700), 0);
  fail_unless (g_file_set_contents (path, content, -1, NULL));
}

static inline void
fixture_init (Fixture *fixture)
{
  g_autofree gchar *link = NULL;
  g_autofree gchar *secret = NULL;

  fixture->engine = gst_arcly_engine_new ();
  fixture->server =
      gst_arcly_http_server_acquire (fixture->engine, HOST, 0, NULL);
  fail_unless (fixture->server != NULL);
  /* Tests never go past this machine. */
  fixture->session =
      soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  fixture->root = g_dir_make_tmp ("arcly-http-XXXXXX", NULL);
  fixture->folder = g_build_filename (fixture->root, "hls", NULL);
  write_file (fixture->root, "secret", "secret");
  write_file (fixture->root, "hls-too/secret", "secret");
  write_file (fixture->folder, "index.m3u8", PLAYLIST);
  write_file (fixture->folder, "a b.ts", SEGMENT);
  write_file (fixture->folder, "segment.ts", SEGMENT);
  write_file (fixture->folder, ".hidden.ts", "hidden");
  write_file (fixture->folder, "sub/segment.ts", SEGMENT);
  secret = g_build_filename (fixture->root, "secret", NULL);
  link = g_build_filename (fixture->folder, "link.ts", NULL);
  fail_unless_equals_int (symlink (secret, link), 0);
  g_free (g_steal_pointer (&link));
  link = g_build_filename (fixture->folder, "fifo.ts", NULL);
  fail_unless_equals_int (mkfifo (link, 0600), 0);
  fail_unless (gst_arcly_http_server_mount_folder (
      fixture->server, "/hls", fixture->folder, "Camera", NULL));
}

static inline void
fixture_clear (Fixture *fixture)
{
  g_autofree gchar *command = g_strdup_printf ("rm -r '%s'", fixture->root);

  g_clear_object (&fixture->session);
  gst_arcly_http_server_release (fixture->engine, fixture->server);
  gst_object_unref (fixture->engine);
  fail_unless (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->folder);
  g_free (fixture->root);
}

static inline SoupMessage *
request (Fixture *fixture, const gchar *method, const gchar *path)
{
  g_autofree gchar *text = g_strdup_printf ("http://" HOST ":%u%s",
      gst_arcly_http_server_get_port (fixture->server), path);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);

  fail_unless (uri != NULL, "%s", text);
  return soup_message_new_from_uri (method, uri);
}

static inline guint
send (Fixture *fixture, SoupMessage *message, gchar **body)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      soup_session_send_and_read (fixture->session, message, NULL, &error);

  g_assert_no_error (error);
  if (body)
    *body =
        g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return soup_message_get_status (message);
}

static inline guint
get (Fixture *fixture, const gchar *path, gchar **body)
{
  g_autoptr (SoupMessage) message = request (fixture, "GET", path);

  return send (fixture, message, body);
}

static inline const gchar *
header (SoupMessage *message, const gchar *name)
{
  return soup_message_headers_get_one (
      soup_message_get_response_headers (message), name);
}

static inline GSocketClient *
new_client (void)
{
  GSocketClient *client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (client, FALSE);
  return client;
}
