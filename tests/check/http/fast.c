/* SPDX-License-Identifier: MIT
 *
 * Requests that are answered without libsoup: as libsoup would, in order, and
 * whoever else does what. */
#include "testhttp.h"

#include <sys/resource.h>

#define TIMEOUT 60
#define PART "part-1.ts"
#define WAITS "GET /live/index.m3u8?_HLS_msn=1 HTTP/1.1\r\nHost: x\r\n\r\n"

typedef struct {
  Fixture http;
  GstArclyHttpOrigin *origin;
  guint target_duration;
} Live;

static void
publish (Live *live, guint64 next)
{
  g_autofree gchar *full =
      g_strdup_printf ("#EXTM3U\n#%" G_GUINT64_FORMAT "\n%0200d\n", next, 0);
  g_autofree gchar *delta = g_strconcat (full, "#delta\n", NULL);
  GstArclyHttpPlaylist playlist = { .full = full,
    .delta = delta,
    .next = next,
    .advance_limit = 15,
    .target_duration = live->target_duration };

  gst_arcly_http_origin_set_playlist (live->origin, &playlist);
}

static void
put (Live *live, const gchar *name, gsize size)
{
  gchar *data = g_malloc (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);

  memset (data, 'p', size);
  gst_arcly_http_origin_begin (live->origin, name);
  gst_arcly_http_origin_append (live->origin, name, bytes);
  gst_arcly_http_origin_finish (live->origin, name);
}

static void
live_init (Live *live)
{
  fixture_init (&live->http);
  live->origin = gst_arcly_http_origin_new ();
  live->target_duration = 60; /* nobody is late */
  fail_unless (gst_arcly_http_server_mount_origin (
      live->http.server, "/live", live->origin, NULL, NULL, NULL));
  publish (live, 1);
  put (live, PART, 1000);
}

static void
live_clear (Live *live)
{
  fixture_clear (&live->http);
  ASSERT_OBJECT_REFCOUNT (live->origin, "origin", 1);
  g_object_unref (live->origin);
}

static GSocketConnection *
dial (Live *live)
{
  g_autoptr (GSocketClient) client = new_client ();
  GSocketConnection *connection;

  g_socket_client_set_timeout (client, TIMEOUT);
  connection = g_socket_client_connect_to_host (client, HOST,
      gst_arcly_http_server_get_port (live->http.server), NULL, NULL);
  fail_unless (connection != NULL);
  return connection;
}

static void
say (GSocketConnection *connection, const gchar *text, gsize size)
{
  fail_unless (g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), text, size,
      NULL, NULL, NULL));
}

/* An answer that has a length: its head, and its body. */
typedef struct {
  gchar *head;
  gchar *body;
  gsize size;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_free (answer->head);
  g_free (answer->body);
}

static void
read_answer (GSocketConnection *connection, gboolean has_body, Answer *answer)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GString) head = g_string_new (NULL);
  const gchar *length;
  gsize n = 0;
  gchar c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    fail_unless_equals_int (g_input_stream_read (in, &c, 1, NULL, NULL), 1);
    g_string_append_c (head, c);
  }
  length = strstr (head->str, "Content-Length: ");
  fail_unless (length != NULL, "%s", head->str);
  answer->size = has_body ? strtoul (length + 16, NULL, 10) : 0;
  answer->body = g_malloc0 (answer->size + 1);
  fail_unless (
      g_input_stream_read_all (in, answer->body, answer->size, &n, NULL, NULL));
  fail_unless_equals_int (n, answer->size);
  answer->head = g_steal_pointer (&head->str);
  head->str = g_strdup ("");
}

static void
expect (GSocketConnection *connection, guint status, const gchar *holds)
{
  g_autofree gchar *line = g_strdup_printf ("HTTP/1.1 %u ", status);
  Answer answer;

  read_answer (connection, TRUE, &answer);
  fail_unless (g_str_has_prefix (answer.head, line), "%s", answer.head);
  if (holds)
    fail_unless (strstr (answer.body, holds) != NULL, "%s", answer.body);
  answer_clear (&answer);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* The lines of a head but for the time, in an order. */
static gchar *
sort_head (const gchar *head)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);
  guint i;

  for (i = 0; lines[i]; i++) {
    if (g_str_has_prefix (lines[i], "Date: "))
      lines[i][0] = '\0';
  }
  qsort (lines, i, sizeof *lines, compare);
  return g_strjoinv ("\n", lines);
}

/* A header that says nothing sends one of two equal requests to libsoup. */
GST_START_TEST (test_same_as_libsoup)
{
  static const gchar *const requests[] = { "index.m3u8 HTTP/1.1\r\nHost: x\r\n",
    "index.m3u8?_HLS_msn=0 HTTP/1.1\r\nHost: x\r\n",
    "index.m3u8?_HLS_msn=0&_HLS_skip=YES HTTP/1.1\r\nHost: x\r\n",
    "index.m3u8?other=1 HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n",
    PART " HTTP/1.1\r\nHost: x\r\n", "nothing.ts HTTP/1.1\r\nHost: x\r\n",
    "index.m3u8?_HLS_msn=99 HTTP/1.1\r\nHost: x\r\n",
    "index.m3u8?_HLS_msn=x HTTP/1.1\r\nHost: x\r\n" };
  Live live;
  guint i, j;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (requests); i++) {
    gchar *heads[2];
    Answer answers[2];

    for (j = 0; j < 2; j++) {
      g_autoptr (GSocketConnection) connection = dial (&live);
      g_autofree gchar *text = g_strdup_printf (
          "GET /live/%s%s\r\n", requests[i], j ? "TE: trailers\r\n" : "");

      say (connection, text, strlen (text));
      read_answer (connection, TRUE, &answers[j]);
      heads[j] = sort_head (answers[j].head);
    }
    fail_unless_equals_string (heads[0], heads[1]);
    fail_unless_equals_int (answers[0].size, answers[1].size);
    fail_unless (
        memcmp (answers[0].body, answers[1].body, answers[0].size) == 0);
    for (j = 0; j < 2; j++) {
      answer_clear (&answers[j]);
      g_free (heads[j]);
    }
  }
  live_clear (&live);
}
GST_END_TEST;

/* Several in one packet: one waits, those behind it, too; the last is one that
 * libsoup gets. */
GST_START_TEST (test_pipelined)
{
  static const gchar text[] =
      "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n" WAITS "GET /live/" PART
      " HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /hls/segment.ts HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (GSocketConnection) connection = NULL;
  Live live;

  live_init (&live);
  connection = dial (&live);
  say (connection, text, strlen (text));
  expect (connection, 200, "ppp");
  publish (&live, 2);
  expect (connection, 200, "#2\n");
  expect (connection, 200, "ppp");
  expect (connection, 200, SEGMENT);
  expect (connection, 200, "ppp");
  live_clear (&live);
}
GST_END_TEST;

/* More than there is room for, all at once. */
GST_START_TEST (test_many_pipelined)
{
  static const gchar one[] = "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GSocketConnection) connection = NULL;
  Live live;
  guint i;

  live_init (&live);
  for (i = 0; i < 200; i++)
    g_string_append (text, one);
  connection = dial (&live);
  say (connection, text->str, text->len);
  for (i = 0; i < 200; i++)
    expect (connection, 200, "ppp");
  live_clear (&live);
}
GST_END_TEST;

/* Byte by byte; and what never comes to an end goes to libsoup. */
GST_START_TEST (test_slow_requests)
{
  static const gchar text[] = "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autofree gchar *many = g_strnfill (8000, 'a');
  g_autofree gchar *large = g_strdup_printf (
      "GET /live/" PART " HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", many);
  g_autoptr (GSocketConnection) connection = NULL;
  Live live;
  gsize i;

  live_init (&live);
  connection = dial (&live);
  for (i = 0; i < strlen (text); i++)
    say (connection, text + i, 1);
  expect (connection, 200, "ppp");
  say (connection, large, strlen (large));
  expect (connection, 200, "ppp");
  say (connection, text, strlen (text));
  expect (connection, 200, "ppp");
  live_clear (&live);
}
GST_END_TEST;

/* Of those who wait, some go in between, in every way. */
GST_START_TEST (test_who_waits_goes)
{
  GSocketConnection *connections[40];
  Live live;
  guint i;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    connections[i] = dial (&live);
    say (connections[i], WAITS, strlen (WAITS));
  }
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    GSocket *socket = g_socket_connection_get_socket (connections[i]);

    if (i % 4 == 0)
      g_clear_object (&connections[i]);
    else if (i % 4 == 1)
      g_socket_shutdown (socket, FALSE, TRUE, NULL);
    else if (i % 4 == 2)
      say (connections[i], WAITS, strlen (WAITS));
  }
  publish (&live, 2);
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    if (i % 4 >= 2)
      expect (connections[i], 200, "#2\n");
    if (i % 4 == 2)
      expect (connections[i], 200, "#2\n");
    g_clear_object (&connections[i]);
  }
  live_clear (&live);
}
GST_END_TEST;

/* It holds up nobody, and gets all of it in the end; another never does. */
GST_START_TEST (test_slow_reader)
{
  static const gchar text[] = "GET /live/large.ts HTTP/1.1\r\nHost: x\r\n\r\n";
  static const gchar small[] = "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (GSocketConnection) slow = NULL;
  g_autoptr (GSocketConnection) other = NULL;
  g_autoptr (GSocketConnection) never = NULL;
  Answer answer;
  Live live;
  guint i;

  live_init (&live);
  put (&live, "large.ts", 20000000);
  slow = dial (&live);
  never = dial (&live);
  other = dial (&live);
  say (slow, text, strlen (text));
  say (never, text, strlen (text));
  for (i = 0; i < 10; i++) {
    say (other, small, strlen (small));
    expect (other, 200, "ppp");
  }
  gst_arcly_http_origin_remove (live.origin, "large.ts");
  read_answer (slow, TRUE, &answer);
  fail_unless_equals_int (answer.size, 20000000);
  fail_unless_equals_int (strspn (answer.body, "p"), 20000000);
  answer_clear (&answer);
  live_clear (&live);
}
GST_END_TEST;

/* Nothing comes: 503 on time, and the connection is good for more. */
GST_START_TEST (test_late)
{
  g_autoptr (GSocketConnection) connection = NULL;
  Live live;

  live_init (&live);
  live.target_duration = 1;
  publish (&live, 1);
  connection = dial (&live);
  say (connection, WAITS, strlen (WAITS));
  expect (connection, 503, "nothing came");
  live.target_duration = 60;
  publish (&live, 1);
  say (connection, WAITS, strlen (WAITS));
  publish (&live, 2);
  expect (connection, 200, "#2\n");
  live_clear (&live);
}
GST_END_TEST;

/* The stream ends, or the server. */
GST_START_TEST (test_ends)
{
  GSocketConnection *connections[8];
  Live live;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (connections); i++)
    connections[i] = NULL;
  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    g_autoptr (GSocketConnection) after = NULL;

    connections[i] = dial (&live);
    say (connections[i], WAITS, strlen (WAITS));
    /* It has been seen: so was the one before. */
    after = dial (&live);
    say (after, "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n",
        strlen ("GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n"));
    expect (after, 200, "ppp");
  }
  if (__i__ == 0)
    gst_arcly_http_origin_close (live.origin);
  else
    live_clear (&live);
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    expect (connections[i], 503, "nothing came");
    g_object_unref (connections[i]);
  }
  if (__i__ == 0)
    live_clear (&live);
}
GST_END_TEST;

/* The limit of descriptors is the process's; each connection takes two. */
static guint
raise_limit (guint wanted)
{
  struct rlimit limit;

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = MIN (limit.rlim_max, 4 * wanted + 400);
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &limit), 0);
  return (guint) MIN (wanted, (limit.rlim_cur - 400) / 4);
}

static guint64
count (Live *live, const gchar *field)
{
  GstStructure *stats = gst_arcly_http_origin_get_stats (live->origin);
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}

/* Who waited is counted, with libsoup and without; who did not, is not. The
 * answer that the test gets behind one was written after that was counted. */
GST_START_TEST (test_stats)
{
  static const gchar at_once[] =
      "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n";
  const gchar *more = __i__ ? "TE: trailers\r\n" : "";
  g_autoptr (GSocketConnection) connection = NULL;
  Live live;
  guint i;

  live_init (&live);
  connection = dial (&live);
  say (connection, at_once, strlen (at_once));
  expect (connection, 200, "ppp");
  fail_unless_equals_uint64 (count (&live, "answers"), 0);
  fail_unless_equals_uint64 (count (&live, "answer-delay-p99"), 0);
  /* The server may be late, and answer at once. */
  for (i = 1; i < 1000 && count (&live, "answers") == 0; i++) {
    g_autofree gchar *waits = g_strdup_printf (
        "GET /live/index.m3u8?_HLS_msn=%u HTTP/1.1\r\nHost: x\r\n%s\r\n", i,
        more);
    g_autoptr (GSocketConnection) other = dial (&live);

    say (connection, waits, strlen (waits));
    say (other, at_once, strlen (at_once));
    expect (other, 200, "ppp");
    publish (&live, i + 1);
    expect (connection, 200, "#EXTM3U");
    say (connection, at_once, strlen (at_once));
    expect (connection, 200, "ppp");
  }
  fail_unless_equals_uint64 (count (&live, "answers"), 1);
  fail_unless (count (&live, "answer-delay-p50") > 0);
  fail_unless_equals_uint64 (
      count (&live, "answer-delay-p50"), count (&live, "answer-delay-p99"));
  live_clear (&live);
}
GST_END_TEST;

/* Thousands wait; all of them are answered, and one who comes later, too. */
GST_START_TEST (test_thousands_wait)
{
  guint n = raise_limit (2000), i;
  g_autofree GSocketConnection **connections = g_new0 (GSocketConnection *, n);
  g_autoptr (GSocketConnection) later = NULL;
  Live live;

  live_init (&live);
  for (i = 0; i < n; i++) {
    connections[i] = dial (&live);
    say (connections[i], WAITS, strlen (WAITS));
  }
  publish (&live, 2);
  for (i = 0; i < n; i++) {
    gchar line[13] = { 0 };

    fail_unless (g_input_stream_read_all (
        g_io_stream_get_input_stream (G_IO_STREAM (connections[i])), line, 12,
        NULL, NULL, NULL));
    fail_unless_equals_string (line, "HTTP/1.1 200");
    g_object_unref (connections[i]);
  }
  later = dial (&live);
  say (later, WAITS, strlen (WAITS));
  expect (later, 200, "#2\n");
  live_clear (&live);
}
GST_END_TEST;

/* A line without an end is cut off, and nothing else is. */
GST_START_TEST (test_endless_url)
{
  g_autofree gchar *block = g_strnfill (65536, 'a');
  g_autoptr (GSocketConnection) endless = NULL;
  g_autoptr (GSocketConnection) other = NULL;
  GOutputStream *out;
  Live live;
  guint i;

  live_init (&live);
  endless = dial (&live);
  other = dial (&live);
  out = g_io_stream_get_output_stream (G_IO_STREAM (endless));
  say (endless, "GET /live/", 10);
  for (i = 0; i < 1024; i++) {
    if (!g_output_stream_write_all (out, block, 65536, NULL, NULL, NULL))
      break;
  }
  fail_unless (i < 1024, "64 MiB of a URL were read");
  say (other, "GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n",
      strlen ("GET /live/" PART " HTTP/1.1\r\nHost: x\r\n\r\n"));
  expect (other, 200, "ppp");
  live_clear (&live);
}
GST_END_TEST;

/* Below a stream as below a folder. */
GST_START_TEST (test_outside)
{
  static const gchar *const paths[] = { "/live/../secret",
    "/live/%2e%2e/secret", "/live/..%2fsecret", "/live/..%5csecret",
    "/live/%252e%252e/secret", "/live/%c0%ae%c0%ae/secret", "/live//secret",
    "/live/.hidden.ts", "/live/secret", "/live/", "/live", "/live/%00",
    "/live/part-1.ts%00", "/live/part-1.ts/", "/live/part-1.ts/x",
    "/live//part-1.ts" };
  Live live;
  guint i;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GSocketConnection) connection = dial (&live);
    g_autofree gchar *text =
        g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
    Answer answer;

    say (connection, text, strlen (text));
    read_answer (connection, TRUE, &answer);
    fail_unless (g_str_has_prefix (answer.head, "HTTP/1.1 40"), "%s: %s",
        paths[i], answer.head);
    answer_clear (&answer);
  }
  live_clear (&live);
}
GST_END_TEST;

static Suite *
fast_suite (void)
{
  Suite *suite = suite_create ("fast");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_same_as_libsoup);
  tcase_add_test (all, test_pipelined);
  tcase_add_test (all, test_many_pipelined);
  tcase_add_test (all, test_slow_requests);
  tcase_add_test (all, test_who_waits_goes);
  tcase_add_test (all, test_slow_reader);
  tcase_add_test (all, test_late);
  tcase_add_loop_test (all, test_ends, 0, 2);
  tcase_add_loop_test (all, test_stats, 0, 2);
  tcase_add_test (all, test_thousands_wait);
  tcase_add_test (all, test_endless_url);
  tcase_add_test (all, test_outside);
  return suite;
}

GST_CHECK_MAIN (fast);
