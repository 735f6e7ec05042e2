/* SPDX-License-Identifier: MIT
 *
 * The server over HTTP/2: it answers as over HTTP/1.1, and is not harmed by who
 * is on the other side. */
#include <gst/arcly/http/gstarclyhttp2session.h>

#include "http2client.h"
#include "testtls.h"

#define TIMEOUT 60
#define WINDOW (1 << 20)
#define PART "part-1.ts"

typedef struct {
  Fixture http;
  GstArclyHttpOrigin *origin;
} Live;

typedef struct {
  GSocketConnection *connection;
  GIOStream *tls;
  Http2Client *client;
} Peer;

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
    .target_duration = 60 }; /* nobody is late */

  gst_arcly_http_origin_set_playlist (live->origin, &playlist);
}

static void
append (Live *live, const gchar *name, gsize size)
{
  g_autofree gchar *text = g_strnfill (size, 'p');
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);

  gst_arcly_http_origin_append (live->origin, name, bytes);
}

static void
live_init (Live *live)
{
  tls_init (&live->http);
  live->origin = gst_arcly_http_origin_new ();
  fail_unless (gst_arcly_http_server_mount_origin (
      live->http.server, "/live", live->origin, NULL, NULL, NULL));
  publish (live, 1);
  gst_arcly_http_origin_begin (live->origin, PART);
  append (live, PART, 1000);
  gst_arcly_http_origin_finish (live->origin, PART);
}

static void
live_clear (Live *live)
{
  fixture_clear (&live->http);
  ASSERT_OBJECT_REFCOUNT (live->origin, "origin", 1);
  g_object_unref (live->origin);
}

static GIOStream *
start_tls (GSocketConnection *connection, const gchar *protocol)
{
  const gchar *protocols[] = { protocol, NULL };
  /* Without "database" all that the system trusts would be read. */
  GIOStream *tls = g_initable_new (
      g_tls_backend_get_client_connection_type (g_tls_backend_get_default ()),
      NULL, NULL, "base-io-stream", connection, "database", NULL, NULL);

  g_socket_set_timeout (g_socket_connection_get_socket (connection), TIMEOUT);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (accept_any), NULL);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), protocols);
  fail_unless (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL));
  fail_unless_equals_string (
      g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (tls)),
      protocol);
  return tls;
}

static void
peer_init (Peer *peer, Live *live, guint32 window)
{
  peer->connection = dial (&live->http);
  peer->tls = start_tls (peer->connection, "h2");
  peer->client = http2_client_new (window);
}

/* Vanishes: without a word of TLS or HTTP. */
static void
peer_clear (Peer *peer)
{
  g_io_stream_close (G_IO_STREAM (peer->connection), NULL, NULL);
  g_object_unref (peer->tls);
  g_object_unref (peer->connection);
  http2_client_free (peer->client);
}

static gboolean
peer_send (Peer *peer, GByteArray *bytes)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (peer->tls),
      bytes->data, bytes->len, NULL, NULL, NULL);
}

static void
peer_flush (Peer *peer)
{
  g_autoptr (GByteArray) said = g_byte_array_new ();

  http2_client_say (peer->client, said);
  fail_unless (peer_send (peer, said));
}

/* FALSE if the server has ended the connection. */
static gboolean
peer_read (Peer *peer)
{
  guint8 data[16384];
  gssize n = g_input_stream_read (
      g_io_stream_get_input_stream (peer->tls), data, sizeof data, NULL, NULL);

  if (n <= 0)
    return FALSE;
  http2_client_hear (peer->client, data, (gsize) n);
  return TRUE;
}

static void
peer_wait (Peer *peer, Http2Answer *answer)
{
  peer_flush (peer);
  while (!answer->closed) {
    fail_unless (peer_read (peer));
    peer_flush (peer);
  }
}

static void
peer_wait_for_bytes (Peer *peer, Http2Answer *answer, guint size)
{
  peer_flush (peer);
  while (answer->body->len < size)
    fail_unless (peer_read (peer));
  fail_unless_equals_int (answer->body->len, size);
}

static Http2Answer *
peer_get (Peer *peer, const gchar *path)
{
  return http2_client_ask (peer->client, "GET", path, NULL, TRUE);
}

/* Whoever did what: others are served. */
static void
check_served (Live *live)
{
  Http2Answer *answer;
  Peer peer;

  peer_init (&peer, live, WINDOW);
  answer = peer_get (&peer, "/live/" PART);
  peer_wait (&peer, answer);
  fail_unless (http2_answer_has (answer, ":status: 200"));
  peer_clear (&peer);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* The lines of either protocol's head, but for the time, in an order. */
static gchar *
sort_head (const gchar *head)
{
  g_autoptr (GString) text = g_string_new (head);
  g_auto (GStrv) lines = NULL;
  guint i;

  g_string_replace (text, "\r\n", "\n", 0);
  lines = g_strsplit (text->str, "\n", -1);
  for (i = 0; lines[i]; i++) {
    gchar *colon = strchr (lines[i], ' '), *c;

    /* "HTTP/1.1 200 OK", ":status: 200" */
    if (g_str_has_prefix (lines[i], "HTTP/1.1 ")) {
      gchar *status = g_strdup_printf (":status: %.3s", lines[i] + 9);

      g_free (lines[i]);
      lines[i] = status;
      continue;
    }
    for (c = lines[i]; colon && c < colon; c++)
      *c = g_ascii_tolower (*c);
    /* libsoup has it also for 304, where there is none. */
    if (g_str_has_prefix (lines[i], "date: ") ||
        g_str_equal (lines[i], "content-length: 0"))
      lines[i][0] = '\0';
  }
  qsort (lines, i, sizeof *lines, compare);
  g_string_assign (text, "");
  for (i = 0; lines[i]; i++)
    g_string_append_printf (text, "%s%s", lines[i], lines[i][0] ? "\n" : "");
  return g_steal_pointer (&text->str);
}

/* The answer of HTTP/1.1, which libsoup carries. */
static gchar *
ask_http1 (Live *live, const gchar *method, const gchar *path,
    const gchar *more, GByteArray *body)
{
  g_autoptr (GSocketConnection) connection = dial (&live->http);
  g_autoptr (GIOStream) tls = start_tls (connection, "http/1.1");
  GInputStream *in = g_io_stream_get_input_stream (tls);
  g_autofree gchar *asked = g_strdup_printf (
      "%s %s HTTP/1.1\nHost: x\n%s\n", method, path, more ? more : "");
  g_autoptr (GString) request = g_string_new (asked);
  g_autoptr (GString) head = g_string_new (NULL);
  const gchar *length;
  gchar c;

  g_string_replace (request, "\n", "\r\n", 0);
  fail_unless (g_output_stream_write_all (g_io_stream_get_output_stream (tls),
      request->str, request->len, NULL, NULL, NULL));
  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    fail_unless_equals_int (g_input_stream_read (in, &c, 1, NULL, NULL), 1);
    g_string_append_c (head, c);
  }
  length = strstr (head->str, "Content-Length: ");
  if (length && !g_str_equal (method, "HEAD"))
    g_byte_array_set_size (body, (guint) strtoul (length + 16, NULL, 10));
  fail_unless (body->len == 0 || g_input_stream_read_all (in, body->data,
                                     body->len, NULL, NULL, NULL));
  return g_steal_pointer (&head->str);
}

/* All that the router answers, to the header. */
GST_START_TEST (test_same_as_http1)
{
  static const struct {
    const gchar *method, *path, *more, *status;
  } cases[] = {
    { "GET", "/", NULL, "200" },
    { "GET", "/player.js", NULL, "200" },
    { "GET", "/api/streams", NULL, "200" },
    { "GET", "/nothing", NULL, "404" },
    { "GET", "/hls/%2e%2e/secret", NULL, "404" },
    { "GET", "/hls/a%20b.ts", NULL, "200" },
    { "HEAD", "/hls/segment.ts", NULL, "200" },
    { "GET", "/hls/segment.ts", "Range: bytes=2-4\n", "206" },
    { "GET", "/hls/segment.ts", "Range: bytes=2-4\nIf-Range: \"other\"\n",
        "200" },
    { "GET", "/hls/segment.ts", "Range: bytes=20-\n", "416" },
    { "GET", "/hls/segment.ts", "If-None-Match: \"other\", *\n", "200" },
    { "GET", "/hls/segment.ts", "If-None-Match: *\n", "304" },
    { "OPTIONS", "/hls/segment.ts", NULL, "204" },
    { "DELETE", "/hls/segment.ts", NULL, "405" },
    { "GET", "/live/index.m3u8", NULL, "200" },
    { "GET", "/live/index.m3u8?_HLS_msn=0", NULL, "200" },
    { "GET", "/live/index.m3u8?_HLS_msn=0&_HLS_skip=YES", NULL, "200" },
    { "GET", "/live/index.m3u8", "Accept-Encoding: br, gzip\n", "200" },
    { "GET", "/live/index.m3u8?_HLS_msn=99", NULL, "400" },
    { "GET", "/live/index.m3u8?_HLS_msn=x", NULL, "400" },
    { "HEAD", "/live/" PART, NULL, "200" },
    { "GET", "/live/" PART, NULL, "200" },
    { "GET", "/live/" PART, "Range: bytes=-1\n", "206" },
  };
  GByteArray *bodies[G_N_ELEMENTS (cases)];
  gchar *heads[G_N_ELEMENTS (cases)];
  Live live;
  Peer peer;
  guint i;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    bodies[i] = g_byte_array_new ();
    heads[i] = ask_http1 (
        &live, cases[i].method, cases[i].path, cases[i].more, bodies[i]);
  }
  peer_init (&peer, &live, WINDOW);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) body = bodies[i];
    g_autofree gchar *head = heads[i];
    g_autofree gchar *old = sort_head (head), *new = NULL;
    g_autofree gchar *status = g_strdup_printf (":status: %s", cases[i].status);
    Http2Answer *answer = http2_client_ask (
        peer.client, cases[i].method, cases[i].path, cases[i].more, TRUE);

    peer_wait (&peer, answer);
    fail_unless (http2_answer_has (answer, status), "%s: %s", cases[i].path,
        answer->head->str);
    new = sort_head (answer->head->str);
    fail_unless_equals_string (new, old);
    fail_unless_equals_int (answer->body->len, body->len);
    fail_unless (body->len == 0 ||
                 memcmp (answer->body->data, body->data, body->len) == 0);
  }
  peer_clear (&peer);
  live_clear (&live);
}
GST_END_TEST;

/* All of one connection wait for one part, and come with it. */
GST_START_TEST (test_many_wait)
{
  Http2Answer *waiting[GST_ARCLY_HTTP2_MAX_STREAMS - 1], *other;
  Live live;
  Peer peer;
  guint i;

  live_init (&live);
  peer_init (&peer, &live, WINDOW);
  for (i = 0; i < G_N_ELEMENTS (waiting); i++)
    waiting[i] = peer_get (&peer, "/live/index.m3u8?_HLS_msn=1");
  other = peer_get (&peer, "/live/" PART);
  /* When it has this it had the others. */
  peer_wait (&peer, other);
  fail_unless_equals_int (waiting[0]->head->len, 0);
  publish (&live, 2);
  for (i = 0; i < G_N_ELEMENTS (waiting); i++) {
    peer_wait (&peer, waiting[i]);
    fail_unless (http2_answer_has (waiting[i], ":status: 200"));
    fail_unless (
        http2_answer_has (waiting[i], "cache-control: public, max-age=360"));
  }
  peer_clear (&peer);
  live_clear (&live);
}
GST_END_TEST;

/* Where many wait, those of one connection are few. */
GST_START_TEST (test_share)
{
  Http2Answer *waiting[GST_ARCLY_HTTP2_MAX_STREAMS - 1], *other;
  Peer peers[22], *last = &peers[G_N_ELEMENTS (peers) - 1];
  Live live;
  guint i, j;

  live_init (&live);
  for (i = 0; i < G_N_ELEMENTS (peers); i++) {
    peer_init (&peers[i], &live, WINDOW);
    for (j = 0; j < G_N_ELEMENTS (waiting); j++)
      waiting[j] = peer_get (&peers[i], "/live/index.m3u8?_HLS_msn=1");
    other = peer_get (&peers[i], "/live/" PART);
    peer_wait (&peers[i], other);
    fail_unless_equals_int (waiting[j - 1]->head->len > 0, (i + 1) * j > 2048);
  }
  for (j = 8; j < G_N_ELEMENTS (waiting); j++) {
    peer_wait (last, waiting[j]);
    fail_unless (http2_answer_has (waiting[j], ":status: 503"));
  }
  fail_unless_equals_int (waiting[7]->head->len, 0);
  publish (&live, 2);
  peer_wait (last, waiting[7]);
  fail_unless (http2_answer_has (waiting[7], ":status: 200"));
  /* And then few wait. */
  for (i = 0; i + 1 < G_N_ELEMENTS (peers); i++)
    peer_clear (&peers[i]);
  for (j = 0; j < 20; j++)
    waiting[j] = peer_get (last, "/live/index.m3u8?_HLS_msn=2");
  other = peer_get (last, "/live/" PART);
  peer_wait (last, other);
  fail_unless_equals_int (waiting[19]->head->len, 0);
  peer_clear (last);
  live_clear (&live);
}
GST_END_TEST;

/* rfc8216bis, 6.2.6: a part comes as it is made. One that is not made to its
 * end is not taken for whole. */
GST_START_TEST (test_hinted)
{
  guint how;

  for (how = 0; how < 3; how++) {
    Http2Answer *answer;
    Live live;
    Peer peer;

    live_init (&live);
    peer_init (&peer, &live, WINDOW);
    gst_arcly_http_origin_begin (live.origin, "part-2.ts");
    append (&live, "part-2.ts", 10);
    answer = peer_get (&peer, "/live/part-2.ts");
    peer_wait_for_bytes (&peer, answer, 10);
    append (&live, "part-2.ts", 100000);
    peer_wait_for_bytes (&peer, answer, 100010);
    fail_if (answer->closed);
    if (how == 0)
      gst_arcly_http_origin_finish (live.origin, "part-2.ts");
    else if (how == 1)
      gst_arcly_http_origin_close (live.origin);
    else
      gst_arcly_http_origin_remove (live.origin, "part-2.ts");
    peer_wait (&peer, answer);
    fail_unless_equals_int (answer->body->len, 100010);
    fail_unless_equals_int (
        answer->reason, how > 0 ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_NO_ERROR);
    peer_clear (&peer);
    live_clear (&live);
  }
}
GST_END_TEST;

/* A segment that goes slowly does not hold up a playlist. */
GST_START_TEST (test_large_and_small)
{
  g_autofree gchar *large = g_strnfill (30000000, 'x');
  Http2Answer *slow, *quick;
  Live live;
  Peer peer;

  live_init (&live);
  write_file (live.http.folder, "large.ts", large);
  peer_init (&peer, &live, 1 << 30);
  slow = peer_get (&peer, "/hls/large.ts");
  peer_flush (&peer);
  while (slow->body->len == 0)
    fail_unless (peer_read (&peer));
  quick = http2_client_ask (
      peer.client, "GET", "/live/index.m3u8", "priority: u=1\n", TRUE);
  peer_wait (&peer, quick);
  fail_unless (http2_answer_has (quick, ":status: 200"));
  fail_if (slow->closed);
  peer_wait (&peer, slow);
  fail_unless_equals_int (slow->body->len, 30000000);
  peer_clear (&peer);
  live_clear (&live);
}
GST_END_TEST;

/* Who goes, and how; and then the server, with all that they left. */
GST_START_TEST (test_vanish)
{
  g_autofree gchar *large = g_strnfill (30000000, 'x');
  static const gchar *const paths[] = { "/live/index.m3u8?_HLS_msn=1",
    "/live/part-2.ts", "/hls/large.ts" };
  Peer peers[G_N_ELEMENTS (paths)][2];
  Live live;
  guint i, j;

  live_init (&live);
  gst_arcly_http_origin_begin (live.origin, "part-2.ts");
  append (&live, "part-2.ts", 10);
  write_file (live.http.folder, "large.ts", large);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    for (j = 0; j < 2; j++) {
      /* One vanishes, one takes no content. */
      Peer *peer = &peers[i][j];
      Http2Answer *answer, *quick;

      peer_init (peer, &live, j == 0 ? WINDOW : 0);
      answer = peer_get (peer, paths[i]);
      quick = http2_client_ask (
          peer->client, "HEAD", "/hls/segment.ts", NULL, TRUE);
      peer_wait (peer, quick);
      fail_if (answer->closed && j == 1);
      if (j == 0)
        peer_clear (peer);
    }
  }
  check_served (&live);
  publish (&live, 2);
  check_served (&live);
  live_clear (&live);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    while (peer_read (&peers[i][1]))
      ;
    fail_unless (peers[i][1].client->ended);
    peer_clear (&peers[i][1]);
  }
}
GST_END_TEST;

/* It takes nothing at all, and asks on; others are served. */
GST_START_TEST (test_deaf)
{
  g_autofree gchar *large = g_strnfill (30000000, 'x');
  Live live;
  Peer peer;
  guint i;

  live_init (&live);
  write_file (live.http.folder, "large.ts", large);
  peer_init (&peer, &live, 1 << 30);
  for (i = 0; i < GST_ARCLY_HTTP2_MAX_STREAMS; i++)
    peer_get (&peer, "/hls/large.ts");
  peer_flush (&peer);
  check_served (&live);
  check_served (&live);
  live_clear (&live);
  peer_clear (&peer);
}
GST_END_TEST;

/* Who asks and takes it back is borne for a while; who goes on making work is
 * told so, and ended. */
GST_START_TEST (test_floods)
{
  g_autoptr (GByteArray) resets = g_byte_array_new ();
  g_autoptr (GByteArray) pings = g_byte_array_new ();
  Http2Answer *answer;
  Live live;
  Peer peer;
  guint i;

  live_init (&live);
  peer_init (&peer, &live, WINDOW);
  for (i = 0; i < 450; i++) {
    answer = peer_get (&peer, "/live/index.m3u8?_HLS_msn=1");
    http2_client_say (peer.client, resets);
    nghttp2_submit_rst_stream (
        peer.client->nghttp2, NGHTTP2_FLAG_NONE, answer->id, NGHTTP2_CANCEL);
    http2_client_say (peer.client, resets);
  }
  fail_unless (peer_send (&peer, resets));
  answer = peer_get (&peer, "/live/" PART);
  peer_wait (&peer, answer);
  fail_unless (http2_answer_has (answer, ":status: 200"));
  /* One record: who is ended in the middle of it has been read to its end, and
   * hears why. */
  for (i = 0; i < 900; i++)
    http2_add_frame (pings, NGHTTP2_PING, 0, 0, "12345678", 8);
  fail_unless (peer_send (&peer, pings));
  while (peer_read (&peer))
    ;
  fail_unless (peer.client->ended);
  fail_unless_equals_int (peer.client->reason, NGHTTP2_ENHANCE_YOUR_CALM);
  peer_clear (&peer);
  check_served (&live);
  live_clear (&live);
}
GST_END_TEST;

/* A request has its time, whatever else is said meanwhile; this takes as long
 * as that. */
GST_START_TEST (test_late)
{
  static const guint8 head[] = { 0x82, 0x87, 0x84 };
  g_autoptr (GByteArray) begun = g_byte_array_new ();
  Peer silent, slow;
  Live live;

  live_init (&live);
  peer_init (&silent, &live, WINDOW);
  peer_init (&slow, &live, WINDOW);
  peer_flush (&slow);
  http2_add_frame (
      begun, NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, 1, head, sizeof head);
  fail_unless (peer_send (&slow, begun));
  while (peer_read (&silent))
    ;
  while (peer_read (&slow))
    ;
  fail_unless (slow.client->ended);
  fail_unless_equals_int (slow.client->reason, NGHTTP2_NO_ERROR);
  peer_clear (&silent);
  peer_clear (&slow);
  check_served (&live);
  live_clear (&live);
}
GST_END_TEST;

static Suite *
http2_suite (void)
{
  Suite *suite = suite_create ("http2");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_same_as_http1);
  tcase_add_test (all, test_many_wait);
  tcase_add_test (all, test_share);
  tcase_add_test (all, test_hinted);
  tcase_add_test (all, test_large_and_small);
  tcase_add_test (all, test_vanish);
  tcase_add_test (all, test_deaf);
  tcase_add_test (all, test_floods);
  tcase_add_test (all, test_late);
  return suite;
}

GST_CHECK_MAIN (http2);
