/* SPDX-License-Identifier: MIT */
#include "testhttp.h"

#include <fcntl.h>

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
  fail_unless_equals_string (
      header (playlist, "Cache-Control"), "public, max-age=1");
  fail_unless_equals_string (
      header (playlist, "Access-Control-Allow-Origin"), "*");
  fail_unless (strstr (
      header (playlist, "Access-Control-Expose-Headers"), "Content-Range"));

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

/* One connection takes all: RFC 9112, 9.3. Who wants it closed says so. */
GST_START_TEST (test_keep_alive)
{
  static const struct {
    const gchar *method;
    const gchar *path;
    guint status;
  } cases[] = {
    { "GET", "/", 200 },
    { "HEAD", "/hls/segment.ts", 200 },
    { "GET", "/hls/missing.ts", 404 },
    { "PUT", "/hls/segment.ts", 405 },
    { "GET", "/hls/segment.ts", 200 },
  };
  Fixture fixture;
  g_autoptr (SoupMessage) last = NULL;
  guint64 connection = 0;
  guint i;

  fixture_init (&fixture);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SoupMessage) message =
        request (&fixture, cases[i].method, cases[i].path);

    fail_unless_equals_int (send (&fixture, message, NULL), cases[i].status);
    fail_unless (header (message, "Connection") == NULL);
    if (i > 0)
      fail_unless (soup_message_get_connection_id (message) == connection,
          "%s %s", cases[i].method, cases[i].path);
    connection = soup_message_get_connection_id (message);
  }
  last = request (&fixture, "GET", "/hls/segment.ts");
  soup_message_headers_append (
      soup_message_get_request_headers (last), "Connection", "close");
  fail_unless_equals_int (send (&fixture, last, NULL), 200);
  fail_unless_equals_string (header (last, "Connection"), "close");
  fixture_clear (&fixture);
}
GST_END_TEST;

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
    "/hls/notes.txt",
    "/hls/segment",
    "/hls/segment.ts.tmp",
    "/hls/segment%2ets%00",
    "/hls/%",
    "/hls/%2",
    "/hls/%c0%ae%c0%ae/secret",
    "/hls/segment.ts%0d%0aX:%20y",
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
  write_file (fixture.folder, "notes.txt", "secret");
  write_file (fixture.folder, "segment", "secret");
  write_file (fixture.folder, "segment.ts.tmp", "secret");
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

typedef struct {
  const gchar *method;
  const gchar *range;
  const gchar *if_range;      /* NULL none, "" the right one */
  const gchar *if_none_match; /* the same */
  guint status;
  const gchar *body;
} Ask;

static void
ask (Fixture *fixture, const Ask *ask, const gchar *etag)
{
  g_autoptr (SoupMessage) message =
      request (fixture, ask->method, "/hls/segment.ts");
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree gchar *body = NULL;
  const gchar *name = ask->range ? ask->range : "no range";

  if (ask->range)
    soup_message_headers_append (headers, "Range", ask->range);
  if (ask->if_range)
    soup_message_headers_append (
        headers, "If-Range", ask->if_range[0] ? ask->if_range : etag);
  if (ask->if_none_match)
    soup_message_headers_append (headers, "If-None-Match",
        ask->if_none_match[0] ? ask->if_none_match : etag);
  fail_unless (send (fixture, message, &body) == ask->status, "%s %s: %u, %u",
      ask->method, name, soup_message_get_status (message), ask->status);
  fail_unless (g_strcmp0 (body ? body : "", ask->body) == 0,
      "%s %s: '%s', '%s'", ask->method, name, body, ask->body);
}

/* RFC 9110, 13 and 14. */
GST_START_TEST (test_conditions)
{
  static const Ask asks[] = {
    { "GET", NULL, NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=2-4", NULL, NULL, 206, "234" },
    { "GET", "bytes=7-", NULL, NULL, 206, "789" },
    { "GET", "bytes=-2", NULL, NULL, 206, "89" },
    { "GET", "bytes=0-99", NULL, NULL, 206, SEGMENT },
    { "GET", "bytes=10-", NULL, NULL, 416, "" },
    { "GET", "bytes=4-2", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=-0", NULL, NULL, 416, "" },
    { "GET", "bytes=-", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=2-4x", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=99999999999999999999-", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=0-18446744073709551615", NULL, NULL, 206, SEGMENT },
    { "GET", "bytes=-18446744073709551615", NULL, NULL, 206, SEGMENT },
    { "GET", "bytes=x", NULL, NULL, 200, SEGMENT },
    { "GET", "lines=1-2", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=0-1,4-5", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=0-,0-,0-,0-", NULL, NULL, 200, SEGMENT },
    { "GET", "bytes=2-4", "", NULL, 206, "234" },
    { "GET", "bytes=2-4", "\"other\"", NULL, 200, SEGMENT },
    { "GET", "bytes=2-4", "W/\"other\"", NULL, 200, SEGMENT },
    { "GET", "bytes=2-4", "Tue, 24 Nov 2026 00:00:00 GMT", NULL, 200, SEGMENT },
    { "GET", NULL, "\"other\"", NULL, 200, SEGMENT },
    { "GET", NULL, NULL, "", 304, "" },
    { "GET", NULL, NULL, "*", 304, "" },
    { "GET", NULL, NULL, "\"other\"", 200, SEGMENT },
    { "GET", "bytes=2-4", NULL, "", 304, "" },
    { "HEAD", NULL, NULL, NULL, 200, "" },
    { "HEAD", "bytes=2-4", NULL, NULL, 200, "" },
    { "HEAD", NULL, NULL, "", 304, "" },
  };
  Fixture fixture;
  g_autoptr (SoupMessage) plain = NULL;
  guint i;

  fixture_init (&fixture);
  plain = request (&fixture, "GET", "/hls/segment.ts");
  send (&fixture, plain, NULL);
  /* None makes it fail, wherever it asks. */
  for (i = 0; i < G_N_ELEMENTS (asks); i++) {
    g_autoptr (SoupMessage) page = request (&fixture, "GET", "/player.js");

    if (asks[i].range)
      soup_message_headers_append (
          soup_message_get_request_headers (page), "Range", asks[i].range);
    fail_unless_equals_int (send (&fixture, page, NULL), 200);
  }
  for (i = 0; i < G_N_ELEMENTS (asks); i++)
    ask (&fixture, &asks[i], header (plain, "ETag"));
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
      "\"url\":\"/hls/index.m3u8\",\"state\":\"waiting\"}]");
  gst_arcly_http_server_unmount (fixture.server, "/hls");
  fail_unless_equals_int (get (&fixture, "/api/streams", &none), 200);
  fail_unless_equals_string (none, "[]");
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 404);
  fixture_clear (&fixture);
}
GST_END_TEST;

static void
assert_state (Fixture *fixture, const gchar *path, const gchar *state)
{
  g_autofree gchar *list = NULL;
  g_autofree gchar *wanted = g_strdup_printf (
      "\"url\":\"%s/index.m3u8\",\"state\":\"%s\"", path, state);

  fail_unless_equals_int (get (fixture, "/api/streams", &list), 200);
  fail_unless (strstr (list, wanted) != NULL, "%s, not: %s", wanted, list);
}

static void
make_older (Fixture *fixture, gint64 seconds)
{
  g_autofree gchar *path =
      g_build_filename (fixture->folder, "index.m3u8", NULL);
  gint64 then = g_get_real_time () / G_USEC_PER_SEC - seconds;
  struct timespec times[] = { { then, 0 }, { then, 0 } };

  fail_unless_equals_int (utimensat (AT_FDCWD, path, times, 0), 0);
}

/* What a process that crashed left is not live before somebody goes on with
 * it; and what nobody goes on with any more is not, either. */
GST_START_TEST (test_states)
{
  static const gchar live[] = PLAYLIST "#EXT-X-TARGETDURATION:60\n";
  g_autofree gchar *path = NULL;
  Fixture fixture;

  fixture_init (&fixture);
  assert_state (&fixture, "/hls", "waiting");
  /* A viewer of then goes on where he was. */
  fail_unless_equals_int (get (&fixture, "/hls/index.m3u8", NULL), 200);
  write_file (fixture.folder, "index.m3u8", live);
  assert_state (&fixture, "/hls", "live");
  make_older (&fixture, 100);
  assert_state (&fixture, "/hls", "live");
  make_older (&fixture, 200);
  assert_state (&fixture, "/hls", "stalled");
  write_file (fixture.folder, "index.m3u8", PLAYLIST "#EXT-X-ENDLIST\n");
  assert_state (&fixture, "/hls", "ended");

  /* An ended one is what it is, also for the next process. */
  fail_unless (gst_arcly_http_server_mount_folder (
      fixture.server, "/again", fixture.folder, NULL, NULL));
  assert_state (&fixture, "/again", "ended");
  path = g_build_filename (fixture.folder, "index.m3u8", NULL);
  fail_unless_equals_int (g_unlink (path), 0);
  assert_state (&fixture, "/again", "waiting");
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

/* What no client could ask for is no path to mount at. */
GST_START_TEST (test_unreachable_paths)
{
  static const gchar *const paths[] = { "", "/", "//", "hls", "/a?b", "/a#b",
    "/a%20b", "/a/../b", "/.a", "/a//b" };
  Fixture fixture;
  guint i;

  fixture_init (&fixture);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GError) error = NULL;

    fail_if (gst_arcly_http_server_mount_folder (
                 fixture.server, paths[i], fixture.root, NULL, &error),
        "%s", paths[i]);
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
    fail_unless (strstr (error->message, paths[i]) != NULL);
  }
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
    /* Most wait for the answer, some ask and go: few, or the queue of those
     * that went grows faster than a server under a sanitizer accepts. */
    if (!g_output_stream_write_all (
            g_io_stream_get_output_stream (G_IO_STREAM (connection)), ask,
            sizeof (ask) - 1, NULL, NULL, NULL))
      continue;
    if (g_random_int_range (0, 8) > 0 &&
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
  tcase_add_test (tcase, test_keep_alive);
  tcase_add_test (tcase, test_outside);
  tcase_add_test (tcase, test_range_and_etag);
  tcase_add_test (tcase, test_conditions);
  tcase_add_test (tcase, test_methods);
  tcase_add_test (tcase, test_page);
  tcase_add_test (tcase, test_states);
  tcase_add_test (tcase, test_sharing);
  tcase_add_test (tcase, test_unreachable_paths);
  tcase_add_test (tcase, test_teardown_under_load);
  tcase_add_test (tcase, test_no_leak);
  return suite;
}

GST_CHECK_MAIN (http);
