/* SPDX-License-Identifier: MIT
 *
 * The HTTP server when there are more clients than it can have. Each test runs
 * in a process of its own, whose limits it lowers. */
#include "testhttp.h"

#include <sys/resource.h>
#include <unistd.h>

/* It keeps what was freed, so the peak says nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_QUARANTINE TRUE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_QUARANTINE TRUE
#endif
#ifndef HAS_QUARANTINE
#define HAS_QUARANTINE FALSE
#endif

#define REQUEST                                                                \
  "GET /hls/segment.ts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

#define KEEP "GET /hls/segment.ts HTTP/1.1\r\nHost: x\r\n\r\n"

/* More than sockets hold. */
#define LARGE_BYTES (32 * 1024 * 1024)

/* So many that the server finds the other half enough for itself. */
#define N_CONNECTIONS 128

/* Enough for poll(), which takes no more than the limit. */
#define FILLERS 64

static void
limit_descriptors (guint soft)
{
  struct rlimit limit;

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = soft;
  fail_unless_equals_int (setrlimit (RLIMIT_NOFILE, &limit), 0);
}

static GSocketConnection *
dial_server (GstArclyHttpServer *server)
{
  g_autoptr (GSocketClient) client = new_client ();

  return g_socket_client_connect_to_host (
      client, HOST, gst_arcly_http_server_get_port (server), NULL, NULL);
}

static GSocketConnection *
dial (Fixture *fixture)
{
  return dial_server (fixture->server);
}

/* The status of the answer; 0 if there is none. */
static guint
ask_and_read (GSocketConnection *connection)
{
  GIOStream *stream = G_IO_STREAM (connection);
  gchar answer[16] = { 0 };
  guint status = 0;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), REQUEST,
      strlen (REQUEST), NULL, NULL, NULL);
  g_input_stream_read_all (g_io_stream_get_input_stream (stream), answer,
      sizeof answer - 1, NULL, NULL, NULL);
  return sscanf (answer, "HTTP/1.1 %u", &status) == 1 ? status : 0;
}

/* Half of the descriptors are for connections; who comes then is told so, and
 * there is room again when one goes. */
GST_START_TEST (test_too_many)
{
  GSocketConnection *connections[N_CONNECTIONS];
  Fixture fixture;
  guint i, status = 0;

  limit_descriptors (2 * G_N_ELEMENTS (connections));
  fixture_init (&fixture);
  limit_descriptors (1024); /* for our own ends of them */
  for (i = 0; i < G_N_ELEMENTS (connections); i++) {
    connections[i] = dial (&fixture);
    fail_unless (connections[i] != NULL);
  }
  for (i = 0; i < 10; i++) {
    g_autoptr (GSocketConnection) more = dial (&fixture);

    status = ask_and_read (more);
    /* A reset may overtake the answer. */
    fail_unless (status == 503 || status == 0, "%u", status);
  }
  g_object_unref (connections[0]);
  while (status != 200) {
    g_autoptr (GSocketConnection) more = dial (&fixture);

    status = ask_and_read (more);
  }
  for (i = 1; i < G_N_ELEMENTS (connections); i++)
    g_object_unref (connections[i]);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* How many of those that ask nothing have been refused; the others wait. */
static guint
count_refused (GSocketConnection **connections, guint n)
{
  guint i, n_refused = 0;

  for (i = 0; i < n; i++) {
    GSocket *socket = g_socket_connection_get_socket (connections[i]);
    gchar answer[16] = { 0 };
    GInputVector vector = { answer, sizeof answer - 1 };
    gint flags = G_SOCKET_MSG_PEEK;

    if (!(g_socket_condition_check (socket, G_IO_IN) & G_IO_IN))
      continue;
    n_refused++;
    if (g_socket_receive_message (
            socket, NULL, &vector, 1, NULL, NULL, &flags, NULL, NULL) > 0)
      fail_unless (g_str_has_prefix (answer, "HTTP/1.1 503"), "%s", answer);
  }
  return n_refused;
}

/* Two ports of one engine have no more than one. */
GST_START_TEST (test_too_many_of_two)
{
  GSocketConnection *connections[N_CONNECTIONS + 8];
  const guint n = G_N_ELEMENTS (connections);
  GstArclyHttpServer *servers[2];
  Fixture fixture;
  guint i;

  limit_descriptors (2 * N_CONNECTIONS);
  fixture_init (&fixture);
  servers[0] = fixture.server;
  servers[1] = gst_arcly_http_server_acquire (fixture.engine, HOST, 0, NULL);
  fail_unless (servers[1] != NULL);
  limit_descriptors (1024); /* for our own ends of them */
  for (i = 0; i < n; i++) {
    connections[i] = dial_server (servers[i % 2]);
    fail_unless (connections[i] != NULL);
  }
  /* Whoever has no place is told; the others would be, later, by a 408. */
  while (count_refused (connections, n) < n - N_CONNECTIONS)
    g_thread_yield ();
  fail_unless_equals_int (count_refused (connections, n), n - N_CONNECTIONS);
  for (i = 0; i < n; i++)
    g_object_unref (connections[i]);
  gst_arcly_http_server_release (fixture.engine, servers[1]);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* One more byte of a head that never ends, each. Returns how many are cut off.
 */
static guint
trickle (GSocketConnection **connections, guint n)
{
  guint i, n_ended = 0;

  for (i = 0; i < n; i++) {
    GSocket *socket = g_socket_connection_get_socket (connections[i]);
    GError *error = NULL;

    g_socket_send_with_blocking (socket, "a", 1, FALSE, NULL, &error);
    if (error || (g_socket_condition_check (socket, G_IO_IN) & G_IO_IN))
      n_ended++;
    g_clear_error (&error);
  }
  return n_ended;
}

/* Reads all; returns how much it was. */
static gsize
drain (GSocketConnection *connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  gchar block[65536];
  gsize size = 0;
  gssize n;

  while ((n = g_input_stream_read (in, block, sizeof block, NULL, NULL)) > 0)
    size += n;
  return size;
}

/* Clients that send a byte now and then do not keep the others out. Who has
 * asked may take longer. */
GST_START_TEST (test_slow_requests)
{
  static const gchar *begin[] = { "GET /hls/segment.ts HTTP/1.1\r\nX: ",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" };
  GSocketConnection *connections[N_CONNECTIONS];
  const guint n = G_N_ELEMENTS (connections);
  g_autofree gchar *large = g_strnfill (LARGE_BYTES, 'x');
  g_autoptr (GSocketConnection) reader = NULL;
  Fixture fixture;
  guint i, status;

  limit_descriptors (2 * (n + 1));
  fixture_init (&fixture);
  limit_descriptors (1024); /* for our own ends of them */
  write_file (fixture.folder, "segment.ts", large);
  reader = dial (&fixture);
  g_socket_send (g_socket_connection_get_socket (reader), REQUEST,
      strlen (REQUEST), NULL, NULL);
  for (i = 0; i < n; i++) {
    connections[i] = dial (&fixture);
    fail_unless (connections[i] != NULL);
    g_socket_send (g_socket_connection_get_socket (connections[i]),
        begin[i % 2], strlen (begin[i % 2]), NULL, NULL);
  }
  do {
    GSocket *socket = g_socket_connection_get_socket (connections[0]);

    g_socket_condition_timed_wait (
        socket, G_IO_IN, G_USEC_PER_SEC / 4, NULL, NULL);
  } while (trickle (connections, n) < n);

  fail_unless (drain (reader) > LARGE_BYTES);
  do {
    g_autoptr (GSocketConnection) viewer = dial (&fixture);

    status = ask_and_read (viewer);
  } while (status != 200);
  for (i = 0; i < n; i++)
    g_object_unref (connections[i]);
  fixture_clear (&fixture);
}
GST_END_TEST;

static gulong
peak_memory (void)
{
  struct rusage usage;

  fail_unless_equals_int (getrusage (RUSAGE_SELF, &usage), 0);
  return (gulong) usage.ru_maxrss * 1024;
}

/* Content that a client sends goes nowhere, and takes no memory. */
GST_START_TEST (test_content)
{
  const gsize size = 64 * 1024 * 1024, step = 1024 * 1024;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree gchar *zeros = g_malloc0 (step);
  g_autofree gchar *head =
      g_strdup_printf ("POST /hls/segment.ts HTTP/1.1\r\nHost: x\r\n"
                       "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
          size);
  GOutputStream *out;
  gchar answer[16] = { 0 };
  Fixture fixture;
  gulong before;
  gsize sent;

  fixture_init (&fixture);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  connection = dial (&fixture);
  out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  before = peak_memory ();
  g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL);
  for (sent = 0; sent < size; sent += step)
    fail_unless (
        g_output_stream_write_all (out, zeros, step, NULL, NULL, NULL));
  g_input_stream_read_all (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer,
      sizeof answer - 1, NULL, NULL, NULL);
  fail_unless (g_str_has_prefix (answer, "HTTP/1.1 405"), "%s", answer);
  fail_unless (
      HAS_QUARANTINE || peak_memory () - before < size / 4, "it is kept");
  fixture_clear (&fixture);
}
GST_END_TEST;

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Clients that leave a connection open, and end it between two requests, in
 * each of the ways that there are: nothing of them stays. */
GST_START_TEST (test_ends_between_requests)
{
  static const gchar half[] = "GET /hl";
  Fixture fixture;
  guint before, i;

  fixture_init (&fixture);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  before = count_descriptors ();
  for (i = 0; i < 200; i++) {
    g_autoptr (GSocketConnection) connection = dial (&fixture);
    GIOStream *stream = G_IO_STREAM (connection);
    GSocket *socket = g_socket_connection_get_socket (connection);
    g_autoptr (GString) answer = g_string_new (NULL);
    gchar block[512];
    gssize n;

    g_output_stream_write_all (g_io_stream_get_output_stream (stream), KEEP,
        strlen (KEEP), NULL, NULL, NULL);
    while (!g_str_has_suffix (answer->str, SEGMENT)) {
      n = g_input_stream_read (g_io_stream_get_input_stream (stream), block,
          sizeof block, NULL, NULL);
      fail_unless (n > 0);
      g_string_append_len (answer, block, n);
    }
    if (i % 4 == 1)
      g_socket_send (socket, half, strlen (half), NULL, NULL);
    else if (i % 4 == 2)
      g_socket_send (socket, KEEP, strlen (KEEP), NULL, NULL);
    else if (i % 4 == 3)
      g_socket_shutdown (socket, FALSE, TRUE, NULL);
  }
  while (count_descriptors () > before)
    g_thread_yield ();
  fixture_clear (&fixture);
}
GST_END_TEST;

static gint n_failures;

static void
count_failures (GstDebugCategory *category, GstDebugLevel level,
    const gchar *file, const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer data)
{
  if (strstr (gst_debug_message_get (message), "cannot accept"))
    g_atomic_int_inc (&n_failures);
}

/* No descriptor is left: the server tries again now and then, at its leisure,
 * and goes on when there are some. */
GST_START_TEST (test_no_descriptors)
{
  g_autoptr (GSocket) client = g_socket_new (
      G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketConnection) connection =
      g_socket_connection_factory_create_connection (client);
  g_autoptr (GSocketAddress) address = NULL;
  struct rlimit limit;
  Fixture fixture;
  gint64 begin;
  int fillers[FILLERS];
  guint i;

  /* Below the limit there shall be none that the server may give back. */
  for (i = 0; i < FILLERS; i++)
    fillers[i] = dup (STDIN_FILENO);
  fixture_init (&fixture);
  fail_unless_equals_int (get (&fixture, "/hls/segment.ts", NULL), 200);
  gst_debug_add_log_function (count_failures, NULL, NULL);
  gst_debug_set_threshold_for_name ("arclyhttp", GST_LEVEL_DEBUG);
  gst_debug_remove_log_function (gst_debug_log_default);
  address = g_inet_socket_address_new_from_string (
      HOST, gst_arcly_http_server_get_port (fixture.server));

  fail_unless_equals_int (getrlimit (RLIMIT_NOFILE, &limit), 0);
  limit_descriptors (FILLERS);
  begin = g_get_monotonic_time ();
  fail_unless (g_socket_connect (client, address, NULL, NULL));
  while (g_atomic_int_get (&n_failures) < 4)
    g_thread_yield ();
  /* Four tries have three pauses in between, however slow we are. */
  fail_unless (
      g_get_monotonic_time () - begin >= 3 * 100 * 1000, "it does not pause");

  limit_descriptors (limit.rlim_cur);
  fail_unless_equals_int (ask_and_read (connection), 200);
  gst_debug_remove_log_function (count_failures);
  fixture_clear (&fixture);
  for (i = 0; i < FILLERS; i++)
    close (fillers[i]);
}
GST_END_TEST;

static Suite *
httplimits_suite (void)
{
  Suite *suite = suite_create ("httplimits");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 60); /* slow clients have theirs */
  tcase_add_test (tcase, test_too_many);
  tcase_add_test (tcase, test_too_many_of_two);
  tcase_add_test (tcase, test_slow_requests);
  tcase_add_test (tcase, test_content);
  tcase_add_test (tcase, test_ends_between_requests);
  tcase_add_test (tcase, test_no_descriptors);
  return suite;
}

GST_CHECK_MAIN (httplimits)
