/* SPDX-License-Identifier: MIT
 *
 * Streams that are served from memory, and requests that wait for them. */
#include "testhttp.h"

#define URL "/live/index.m3u8"
/* Longer than any test waits for what has to come. */
#define TIMEOUT 60

typedef struct {
  Fixture http;
  GstArclyHttpOrigin *origin;
  guint target_duration;
} Live;

/* Shows that "next" has so many parts. */
static void
publish (Live *live, guint64 next, guint parts)
{
  g_autofree gchar *full =
      g_strdup_printf ("#EXTM3U\n#%" G_GUINT64_FORMAT ".%u\n", next, parts);
  g_autofree gchar *delta = g_strconcat (full, "#delta\n", NULL);
  GstArclyHttpPlaylist playlist = { .full = full,
    .delta = delta,
    .next = next,
    .open_parts = parts,
    .last_parts = 4,
    .advance_limit = 15,
    .target_duration = live->target_duration };

  gst_arcly_http_origin_set_playlist (live->origin, &playlist);
}

static void
live_init (Live *live)
{
  fixture_init (&live->http);
  live->origin = gst_arcly_http_origin_new ();
  live->target_duration = 1;
  fail_unless (gst_arcly_http_server_mount_origin (live->http.server, "/live",
      live->origin, live->http.folder, "Live", NULL));
}

static void
live_clear (Live *live)
{
  fixture_clear (&live->http);
  ASSERT_OBJECT_REFCOUNT (live->origin, "origin", 1);
  g_object_unref (live->origin);
}

static GSocketConnection *
ask (Live *live, const gchar *method, const gchar *path)
{
  g_autoptr (GSocketClient) client = new_client ();
  g_autofree gchar *text = NULL;
  GSocketConnection *connection;

  g_socket_client_set_timeout (client, TIMEOUT);
  connection = g_socket_client_connect_to_host (client, HOST,
      gst_arcly_http_server_get_port (live->http.server), NULL, NULL);
  fail_unless (connection != NULL);
  text = g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
      strlen (text), NULL, NULL, NULL));
  return connection;
}

/* Reads until @end is there, or the connection ends if that is NULL. */
static gchar *
read_until (GSocketConnection *connection, const gchar *end)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GString *text = g_string_new (NULL);
  gchar block[4096];
  gssize n;

  while (!end || !strstr (text->str, end)) {
    n = g_input_stream_read (in, block, sizeof block, NULL, NULL);
    fail_unless (n >= 0, "nothing more came after: %s", text->str);
    if (n == 0)
      break;
    g_string_append_len (text, block, n);
  }
  return g_string_free (text, FALSE);
}

static void
assert_answer (GSocketConnection *connection, guint status, const gchar *body)
{
  g_autofree gchar *text = read_until (connection, NULL);
  g_autofree gchar *line = g_strdup_printf ("HTTP/1.1 %u ", status);

  fail_unless (g_str_has_prefix (text, line), "not %u: %s", status, text);
  if (body)
    fail_unless (g_str_has_suffix (text, body), "not %s: %s", body, text);
  g_object_unref (connection);
}

/* A request waits for the playlist that it wants, and gets that. */
GST_START_TEST (test_blocking)
{
  GSocketConnection *one, *two, *three;
  Live live;

  live_init (&live);
  /* Nothing at all is there yet. */
  one = ask (&live, "GET", URL "?_HLS_msn=1&_HLS_part=0");
  publish (&live, 1, 1);
  assert_answer (one, 200, "#1.1\n");
  one = ask (&live, "GET", URL "?_HLS_msn=1&_HLS_part=1");
  two = ask (&live, "GET", URL "?_HLS_msn=1&_HLS_part=2&_HLS_skip=YES");
  three = ask (&live, "GET", URL "?_HLS_msn=2"); /* U9: its first part */
  assert_answer (ask (&live, "GET", URL), 200, "#1.1\n");
  publish (&live, 1, 2);
  assert_answer (one, 200, "#1.2\n");
  publish (&live, 1, 3);
  assert_answer (two, 200, "#1.3\n#delta\n");
  publish (&live, 2, 1);
  assert_answer (three, 200, "#2.1\n");
  assert_answer (ask (&live, "GET", URL "?_HLS_msn=0"), 200, "#2.1\n");
  live_clear (&live);
}
GST_END_TEST;

/* What can not be, or not soon, is refused at once. */
GST_START_TEST (test_bad_reloads)
{
  static const gchar *bad[] = { "_HLS_msn=4", "_HLS_msn=2&_HLS_part=99",
    "_HLS_part=1", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1&_HLS_msn=1",
    "_HLS_msn=18446744073709551616", "_HLS_skip=maybe", "_HLS_msn=%00" };
  Live live;
  guint i;

  live_init (&live);
  publish (&live, 2, 1);
  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *path = g_strconcat (URL "?", bad[i], NULL);

    assert_answer (ask (&live, "GET", path), 400, NULL);
  }
  live_clear (&live);
}
GST_END_TEST;

/* Three target durations without anything new; and the end of the stream. */
GST_START_TEST (test_nothing_comes)
{
  GSocketConnection *late, *part;
  Live live;

  live_init (&live);
  publish (&live, 2, 1);
  gst_arcly_http_origin_begin (live.origin, "part.ts");
  late = ask (&live, "GET", URL "?_HLS_msn=2&_HLS_part=1");
  part = ask (&live, "GET", "/live/part.ts");
  assert_answer (late, 503, NULL);
  assert_answer (part, 503, NULL);
  part = ask (&live, "GET", "/live/part.ts");
  gst_arcly_http_origin_remove (live.origin, "part.ts");
  assert_answer (part, 404, NULL);
  late = ask (&live, "GET", URL "?_HLS_msn=2&_HLS_part=1");
  gst_arcly_http_origin_close (live.origin);
  assert_answer (late, 503, NULL);
  live_clear (&live);
}
GST_END_TEST;

static void
append (Live *live, const gchar *name, const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  gst_arcly_http_origin_append (live->origin, name, bytes);
}

/* A part that was hinted comes as it is made: the client has its beginning
 * before its end exists. */
GST_START_TEST (test_growing)
{
  static const gchar *const parts[] = { "a.ts", "b.ts", NULL };
  GSocketConnection *early;
  Live live;

  live_init (&live);
  gst_arcly_http_origin_begin (live.origin, "a.ts");
  early = ask (&live, "GET", "/live/a.ts");
  append (&live, "a.ts", "first-");
  g_free (read_until (early, "first-"));
  append (&live, "a.ts", "second");
  g_free (read_until (early, "second"));
  gst_arcly_http_origin_finish (live.origin, "a.ts");
  g_free (read_until (early, "\r\n0\r\n\r\n")); /* RFC 9112, 7.1 */
  g_object_unref (early);

  assert_answer (ask (&live, "GET", "/live/a.ts"), 200, "first-second");
  gst_arcly_http_origin_begin (live.origin, "b.ts");
  early = ask (&live, "HEAD", "/live/b.ts");
  append (&live, "b.ts", ".");
  gst_arcly_http_origin_finish (live.origin, "b.ts");
  assert_answer (early, 200, "\r\n\r\n");
  /* The segment is both, and outlives them. */
  gst_arcly_http_origin_join (live.origin, "ab.ts", parts);
  gst_arcly_http_origin_remove (live.origin, "a.ts");
  gst_arcly_http_origin_remove (live.origin, "b.ts");
  assert_answer (ask (&live, "GET", "/live/a.ts"), 404, NULL);
  assert_answer (ask (&live, "GET", "/live/ab.ts"), 200, "first-second.");
  live_clear (&live);
}
GST_END_TEST;

/* Ranges go across the parts of a segment. */
GST_START_TEST (test_ranges)
{
  static const struct {
    const gchar *range;
    guint status;
    const gchar *body;
  } cases[] = {
    { "bytes=0-3", 206, "0123" },
    { "bytes=3-6", 206, "3456" },
    { "bytes=5-5", 206, "5" },
    { "bytes=8-", 206, "89" },
    { "bytes=-3", 206, "789" },
    { "bytes=10-", 416, "" },
    { "bytes=4-2", 200, "0123456789" },
  };
  static const gchar *const parts[] = { "a.ts", "b.ts", "c.ts", NULL };
  static const gchar *const texts[] = { "01234", "567", "89" };
  Live live;
  guint i;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    gst_arcly_http_origin_begin (live.origin, parts[i]);
    append (&live, parts[i], texts[i]);
    gst_arcly_http_origin_finish (live.origin, parts[i]);
  }
  gst_arcly_http_origin_join (live.origin, "abc.ts", parts);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (SoupMessage) message =
        request (&live.http, "GET", "/live/abc.ts");
    g_autofree gchar *body = NULL;

    soup_message_headers_append (
        soup_message_get_request_headers (message), "Range", cases[i].range);
    fail_unless_equals_int (send (&live.http, message, &body), cases[i].status);
    fail_unless_equals_string (body ? body : "", cases[i].body);
  }
  live_clear (&live);
}
GST_END_TEST;

static const gchar *
sent_cache_control (Live *live, const gchar *path)
{
  g_autoptr (SoupMessage) message = request (&live->http, "GET", path);

  fail_unless_equals_int (send (&live->http, message, NULL), 200);
  return g_intern_string (header (message, "Cache-Control"));
}

/* Caches in front keep what never changes, and a moment of what does. */
GST_START_TEST (test_caching)
{
  g_autoptr (SoupMessage) again = NULL;
  g_autoptr (SoupMessage) plain = NULL;
  Live live;

  live_init (&live);
  publish (&live, 2, 1);
  gst_arcly_http_origin_begin (live.origin, "a.ts");
  append (&live, "a.ts", "a");
  gst_arcly_http_origin_finish (live.origin, "a.ts");
  fail_unless_equals_string (
      sent_cache_control (&live, URL), "public, max-age=1");
  fail_unless_equals_string (
      sent_cache_control (&live, URL "?_HLS_msn=2&_HLS_part=0"),
      "public, max-age=6");
  fail_unless (strstr (sent_cache_control (&live, "/live/a.ts"), "immutable"));

  plain = request (&live.http, "GET", URL);
  soup_message_headers_replace (
      soup_message_get_request_headers (plain), "Accept-Encoding", "identity");
  fail_unless_equals_int (send (&live.http, plain, NULL), 200);
  fail_unless_equals_string (header (plain, "Vary"), "Accept-Encoding");
  again = request (&live.http, "GET", URL);
  soup_message_headers_replace (
      soup_message_get_request_headers (again), "Accept-Encoding", "identity");
  soup_message_headers_append (soup_message_get_request_headers (again),
      "If-None-Match", header (plain, "ETag"));
  fail_unless_equals_int (send (&live.http, again, NULL), 304);
  live_clear (&live);
}
GST_END_TEST;

/* A playlist that is worth it is compressed. */
GST_START_TEST (test_gzip)
{
  g_autofree gchar *full = g_strnfill (10000, '#');
  GstArclyHttpPlaylist playlist = { .full = full, .target_duration = 1 };
  g_autoptr (SoupMessage) message = NULL;
  g_autofree gchar *body = NULL;
  Live live;

  live_init (&live);
  gst_arcly_http_origin_set_playlist (live.origin, &playlist);
  message = request (&live.http, "GET", URL);
  soup_session_add_feature_by_type (
      live.http.session, SOUP_TYPE_CONTENT_DECODER);
  fail_unless_equals_int (send (&live.http, message, &body), 200);
  fail_unless_equals_string (body, full);
  fail_unless_equals_string (header (message, "Content-Encoding"), "gzip");
  fail_unless (atoi (header (message, "Content-Length")) < 200);
  live_clear (&live);
}
GST_END_TEST;

#define MANY 300

/* All that wait get it; those that went hurt nobody. */
GST_START_TEST (test_many)
{
  GSocketConnection *waiting[MANY];
  Live live;
  guint i;

  live_init (&live);
  live.target_duration = 60; /* nobody is late */
  publish (&live, 1, 1);
  for (i = 0; i < MANY; i++)
    waiting[i] = ask (&live, "GET", URL "?_HLS_msn=1&_HLS_part=1");
  for (i = 0; i < MANY; i += 3)
    g_clear_object (&waiting[i]);
  publish (&live, 1, 2);
  for (i = 0; i < MANY; i++) {
    if (waiting[i])
      assert_answer (waiting[i], 200, "#1.2\n");
  }
  /* The server goes while there are some. */
  for (i = 0; i < MANY; i++)
    waiting[i] = ask (&live, "GET", URL "?_HLS_msn=1&_HLS_part=2");
  live_clear (&live);
  for (i = 0; i < MANY; i++)
    g_object_unref (waiting[i]);
}
GST_END_TEST;

/* Several requests one after the other on one connection, as viewers do. */
GST_START_TEST (test_one_viewer)
{
  guint64 connection = 0;
  Live live;
  guint i;

  live_init (&live);
  publish (&live, 1, 0);
  for (i = 0; i < 200; i++) {
    g_autofree gchar *path =
        g_strdup_printf (URL "?_HLS_msn=1&_HLS_part=%u", i);
    g_autofree gchar *name = g_strdup_printf ("/live/%u.ts", i);
    g_autoptr (SoupMessage) reload = request (&live.http, "GET", path);
    g_autoptr (SoupMessage) part = request (&live.http, "GET", name);

    gst_arcly_http_origin_begin (live.origin, name + strlen ("/live/"));
    append (&live, name + strlen ("/live/"), "part");
    gst_arcly_http_origin_finish (live.origin, name + strlen ("/live/"));
    publish (&live, 1, i + 1);
    fail_unless_equals_int (send (&live.http, reload, NULL), 200);
    fail_unless_equals_int (send (&live.http, part, NULL), 200);
    if (i > 0)
      fail_unless (soup_message_get_connection_id (part) == connection);
    connection = soup_message_get_connection_id (part);
  }
  live_clear (&live);
}
GST_END_TEST;

/* The list of streams tells what is true of the origin. */
GST_START_TEST (test_state)
{
  GstArclyHttpPlaylist ended = {
    .full = "#EXTM3U\n#EXT-X-ENDLIST\n", .target_duration = 1, .ended = TRUE
  };
  g_autofree gchar *before = NULL;
  g_autofree gchar *live_list = NULL;
  g_autofree gchar *after = NULL;
  Live live;

  live_init (&live);
  fail_unless_equals_int (get (&live.http, "/api/streams", &before), 200);
  fail_unless (
      strstr (before, "\"url\":\"/live/index.m3u8\",\"state\":\"waiting\""));
  /* It has no playlist of its own yet. */
  assert_answer (ask (&live, "GET", URL), 200, PLAYLIST);
  publish (&live, 1, 1);
  fail_unless_equals_int (get (&live.http, "/api/streams", &live_list), 200);
  fail_unless (
      strstr (live_list, "\"url\":\"/live/index.m3u8\",\"state\":\"live\""));
  gst_arcly_http_origin_set_playlist (live.origin, &ended);
  fail_unless_equals_int (get (&live.http, "/api/streams", &after), 200);
  fail_unless (
      strstr (after, "\"url\":\"/live/index.m3u8\",\"state\":\"ended\""));
  assert_answer (
      ask (&live, "GET", URL "?_HLS_msn=99"), 200, "#EXT-X-ENDLIST\n");
  live_clear (&live);
}
GST_END_TEST;

static Suite *
origin_suite (void)
{
  Suite *suite = suite_create ("origin");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_blocking);
  tcase_add_test (tcase, test_bad_reloads);
  tcase_add_test (tcase, test_nothing_comes);
  tcase_add_test (tcase, test_growing);
  tcase_add_test (tcase, test_ranges);
  tcase_add_test (tcase, test_caching);
  tcase_add_test (tcase, test_gzip);
  tcase_add_test (tcase, test_many);
  tcase_add_test (tcase, test_one_viewer);
  tcase_add_test (tcase, test_state);
  return suite;
}

GST_CHECK_MAIN (origin)
