/* SPDX-License-Identifier: MIT */
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

static void
write_file (const gchar *folder, const gchar *name, const gchar *content)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *parent = g_path_get_dirname (path);

  fail_unless_equals_int (g_mkdir_with_parents (parent, 0700), 0);
  fail_unless (g_file_set_contents (path, content, -1, NULL));
}

static void
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

static void
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

static SoupMessage *
request (Fixture *fixture, const gchar *method, const gchar *path)
{
  g_autofree gchar *text = g_strdup_printf ("http://" HOST ":%u%s",
      gst_arcly_http_server_get_port (fixture->server), path);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);

  fail_unless (uri != NULL, "%s", text);
  return soup_message_new_from_uri (method, uri);
}

static guint
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

static guint
get (Fixture *fixture, const gchar *path, gchar **body)
{
  g_autoptr (SoupMessage) message = request (fixture, "GET", path);

  return send (fixture, message, body);
}

static const gchar *
header (SoupMessage *message, const gchar *name)
{
  return soup_message_headers_get_one (
      soup_message_get_response_headers (message), name);
}

/* Files come with their type and with how long a cache may keep them. */
GST_START_TEST (test_files)
{
  Fixture fixture;
  g_autoptr (SoupMessage) playlist = NULL;
  g_autoptr (SoupMessage) segment = NULL;
  g_autoptr (SoupMessage) head = NULL;
  g_autofree gchar *body = NULL;
  g_autofree gchar *body2 = NULL;
  g_autofree gchar *body3 = NULL;

  fixture_init (&fixture);
  playlist = request (&fixture, "GET", "/hls/index.m3u8");
  fail_unless_equals_int (send (&fixture, playlist, &body), 200);
  fail_unless_equals_string (body, PLAYLIST);
  fail_unless_equals_string (
      header (playlist, "Content-Type"), "application/vnd.apple.mpegurl");
  fail_unless_equals_string (header (playlist, "Cache-Control"), "no-cache");
  fail_unless_equals_string (
      header (playlist, "Access-Control-Allow-Origin"), "*");

  segment = request (&fixture, "GET", "/hls/segment.ts");
  fail_unless_equals_int (send (&fixture, segment, &body2), 200);
  fail_unless_equals_string (body2, SEGMENT);
  fail_unless_equals_string (header (segment, "Content-Type"), "video/mp2t");
  fail_unless (strstr (header (segment, "Cache-Control"), "immutable"));

  head = request (&fixture, "HEAD", "/hls/segment.ts");
  fail_unless_equals_int (send (&fixture, head, &body3), 200);
  fail_unless_equals_string (header (head, "Content-Length"), "10");
  fail_unless (body3 == NULL, "HEAD was answered with content");

  fail_unless_equals_int (get (&fixture, "/hls/a%20b.ts", NULL), 200);
  fail_unless_equals_int (get (&fixture, "/hls/sub/segment.ts", NULL), 200);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts?a=b", NULL), 200);
  fixture_clear (&fixture);
}
GST_END_TEST;

static GSocketClient *
new_client (void)
{
  GSocketClient *client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (client, FALSE);
  return client;
}

/* Over a bare socket: a client library would clean the path. */
static guint
get_raw (Fixture *fixture, const gchar *path)
{
  g_autoptr (GSocketClient) client = new_client ();
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_to_host (client, HOST,
          gst_arcly_http_server_get_port (fixture->server), NULL, NULL);
  g_autofree gchar *ask = g_strdup_printf (
      "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
  gchar answer[16] = { 0 };
  guint status = 0;

  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), ask,
      strlen (ask), NULL, NULL, NULL));
  g_input_stream_read_all (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer,
      sizeof (answer) - 1, NULL, NULL, NULL);
  fail_unless_equals_int (sscanf (answer, "HTTP/1.1 %u", &status), 1);
  return status;
}

/* Nothing that is not in the folder is to be had, however it is written. */
GST_START_TEST (test_outside)
{
  static const gchar *const paths[] = {
    "/secret",
    "/hls",
    "/hls/",
    "/hls/../secret",
    "/hls/..%2fsecret",
    "/hls/%2e%2e/secret",
    "/hls/%2e%2e%2fsecret",
    "/hls/%252e%252e/secret",
    "/hls/..%5csecret",
    "/hls/sub/../../secret",
    "/hls//segment.ts",
    "/hls/%00",
    "/hls/segment.ts%00.m3u8",
    "/hls/%ff",
    "/hls/%zz",
    "/hls/.hidden.ts",
    "/hls/%2ehidden.ts",
    "/hls/link.ts",
    "/hls/fifo.ts",
    "/hls/sub",
    "/hls/sub/",
    "/hls-too/secret",
    "/hls%2fsegment.ts/",
    "/hls/nothing.ts",
    "/hls/segment.ts/",
    "/hls/segment.ts/x",
    "//etc/passwd",
    "/etc/passwd",
  };
  Fixture fixture;
  g_autofree gchar *name = g_strnfill (5000, 'a');
  g_autofree gchar *long_path = g_strconcat ("/hls/", name, NULL);
  guint i;

  fixture_init (&fixture);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    guint status = get_raw (&fixture, paths[i]);

    /* libsoup itself refuses some. */
    fail_unless (status == 404 || status == 400, "%s: %u", paths[i], status);
  }
  fail_unless_equals_int (get_raw (&fixture, long_path), 404);
  /* Still alive. */
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* A range gives a part; a client that has this version gets no other copy. */
GST_START_TEST (test_range_and_etag)
{
  Fixture fixture;
  g_autoptr (SoupMessage) range = NULL;
  g_autoptr (SoupMessage) before = NULL;
  g_autoptr (SoupMessage) same = NULL;
  g_autoptr (SoupMessage) after = NULL;
  g_autofree gchar *body = NULL;

  fixture_init (&fixture);
  range = request (&fixture, "GET", "/hls/segment.ts");
  soup_message_headers_set_range (
      soup_message_get_request_headers (range), 2, 4);
  fail_unless_equals_int (send (&fixture, range, &body), 206);
  fail_unless_equals_string (body, "234");

  before = request (&fixture, "GET", "/hls/index.m3u8");
  fail_unless_equals_int (send (&fixture, before, NULL), 200);
  same = request (&fixture, "GET", "/hls/index.m3u8");
  soup_message_headers_append (soup_message_get_request_headers (same),
      "If-None-Match", header (before, "ETag"));
  fail_unless_equals_int (send (&fixture, same, NULL), 304);

  /* The file is replaced, as every playlist is: the same tag is old now. */
  write_file (fixture.folder, "index.m3u8", PLAYLIST "#\n");
  after = request (&fixture, "GET", "/hls/index.m3u8");
  soup_message_headers_append (soup_message_get_request_headers (after),
      "If-None-Match", header (before, "ETag"));
  fail_unless_equals_int (send (&fixture, after, NULL), 200);
  fixture_clear (&fixture);
}
GST_END_TEST;

GST_START_TEST (test_methods)
{
  Fixture fixture;
  g_autoptr (SoupMessage) options = NULL;
  g_autoptr (SoupMessage) post = NULL;

  fixture_init (&fixture);
  options = request (&fixture, "OPTIONS", "/hls/segment.ts");
  fail_unless_equals_int (send (&fixture, options, NULL), 204);
  post = request (&fixture, "POST", "/hls/segment.ts");
  fail_unless_equals_int (send (&fixture, post, NULL), 405);
  fail_unless (header (post, "Allow") != NULL);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* The page is there, and the list behind it tells what is mounted. */
GST_START_TEST (test_page)
{
  Fixture fixture;
  g_autofree gchar *page = NULL;
  g_autofree gchar *list = NULL;
  g_autofree gchar *ended = NULL;
  g_autofree gchar *none = NULL;

  fixture_init (&fixture);
  fail_unless_equals_int (get (&fixture, "/", &page), 200);
  fail_unless (strstr (page, "<video") && strstr (page, "index.m3u8"));
  fail_unless (!strstr (page, "//"), "the page names another host");
  fail_unless_equals_int (get (&fixture, "/player.js", NULL), 200);
  fail_unless_equals_int (get (&fixture, "/style.css", NULL), 200);

  fail_unless_equals_int (get (&fixture, "/api/streams", &list), 200);
  fail_unless_equals_string (list,
      "[{\"path\":\"/hls\",\"title\":\"Camera\","
      "\"url\":\"/hls/index.m3u8\",\"state\":\"live\"}]");
  write_file (fixture.folder, "index.m3u8", PLAYLIST "#EXT-X-ENDLIST\n");
  fail_unless_equals_int (get (&fixture, "/api/streams", &ended), 200);
  fail_unless (strstr (ended, "\"ended\"") != NULL);

  gst_arcly_http_server_unmount (fixture.server, "/hls");
  fail_unless_equals_int (get (&fixture, "/api/streams", &none), 200);
  fail_unless_equals_string (none, "[]");
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 404);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* One port serves all who name it; a path has one owner; the error says so. */
GST_START_TEST (test_sharing)
{
  Fixture fixture;
  g_autoptr (GstArclyEngine) other = gst_arcly_engine_new ();
  GstArclyHttpServer *again = NULL;
  g_autoptr (GError) path_error = NULL;
  g_autoptr (GError) port_error = NULL;
  g_autofree gchar *where = NULL;
  guint port;

  fixture_init (&fixture);
  port = gst_arcly_http_server_get_port (fixture.server);
  again = gst_arcly_http_server_acquire (fixture.engine, HOST, port, NULL);
  fail_unless (again == fixture.server);

  fail_if (gst_arcly_http_server_mount_folder (
      again, "/hls/", fixture.root, NULL, &path_error));
  fail_unless (
      g_error_matches (path_error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  g_clear_error (&path_error);
  fail_if (gst_arcly_http_server_mount_folder (
      again, "/", fixture.root, NULL, &path_error));
  fail_unless (
      g_error_matches (path_error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
  fail_unless (gst_arcly_http_server_mount_folder (
      again, "/hls/deep", fixture.folder, NULL, NULL));
  fail_unless_equals_int (get (&fixture, "/hls/deep/segment.ts", NULL), 200);

  fail_if (gst_arcly_http_server_acquire (other, HOST, port, &port_error));
  where = g_strdup_printf (HOST ":%u", port);
  fail_unless (strstr (port_error->message, where) != NULL);
  fail_unless (strstr (port_error->message, "in use") != NULL);

  gst_arcly_http_server_release (fixture.engine, again);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  fixture_clear (&fixture);
}
GST_END_TEST;

typedef struct {
  guint port;
  gint stop;
  gint answers;
} Crowd;

static gpointer
crowd_member (gpointer data)
{
  Crowd *crowd = data;
  g_autoptr (GSocketClient) client = new_client ();

  while (!g_atomic_int_get (&crowd->stop)) {
    g_autoptr (GSocketConnection) connection =
        g_socket_client_connect_to_host (client, HOST, crowd->port, NULL, NULL);
    static const gchar ask[] = "GET /hls/segment.ts HTTP/1.1\r\n"
                               "Host: x\r\nConnection: close\r\n\r\n";
    gchar buffer[256];

    if (!connection)
      continue;
    /* Some ask and go, some wait for the answer. */
    if (!g_output_stream_write_all (
            g_io_stream_get_output_stream (G_IO_STREAM (connection)), ask,
            sizeof (ask) - 1, NULL, NULL, NULL))
      continue;
    if (g_random_boolean () &&
        g_input_stream_read (
            g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer,
            sizeof (buffer), NULL, NULL) > 0)
      g_atomic_int_inc (&crowd->answers);
  }
  return NULL;
}

/* The server ends in the middle of what its clients do. */
GST_START_TEST (test_teardown_under_load)
{
  guint round;

  for (round = 0; round < 5; round++) {
    Fixture fixture;
    Crowd crowd = { 0 };
    GThread *threads[3];
    guint i;

    fixture_init (&fixture);
    crowd.port = gst_arcly_http_server_get_port (fixture.server);
    for (i = 0; i < G_N_ELEMENTS (threads); i++)
      threads[i] = g_thread_new ("crowd", crowd_member, &crowd);
    while (g_atomic_int_get (&crowd.answers) < 20)
      g_thread_yield ();
    fixture_clear (&fixture);
    g_atomic_int_set (&crowd.stop, 1);
    for (i = 0; i < G_N_ELEMENTS (threads); i++)
      g_thread_join (threads[i]);
  }
}
GST_END_TEST;

/* The last user's release ends the server: nothing keeps it alive. */
GST_START_TEST (test_no_leak)
{
  Fixture fixture;
  GWeakRef weak;

  fixture_init (&fixture);
  g_weak_ref_init (&weak, fixture.server);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  fixture_clear (&fixture);
  fail_unless (g_weak_ref_get (&weak) == NULL);
  g_weak_ref_clear (&weak);
}
GST_END_TEST;

static Suite *
http_suite (void)
{
  Suite *suite = suite_create ("http");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_files);
  tcase_add_test (tcase, test_outside);
  tcase_add_test (tcase, test_range_and_etag);
  tcase_add_test (tcase, test_methods);
  tcase_add_test (tcase, test_page);
  tcase_add_test (tcase, test_sharing);
  tcase_add_test (tcase, test_teardown_under_load);
  tcase_add_test (tcase, test_no_leak);
  return suite;
}

GST_CHECK_MAIN (http);
