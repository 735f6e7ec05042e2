/* SPDX-License-Identifier: MIT
 *
 * The server's side of HTTP/2, against libnghttp2's client and against
 * frames that no client sends. */
#include <string.h>

#include <gst/arcly/http/gstarclyhttp2session.h>

#include "http2client.h"

#define WINDOW (1 << 20)
#define HUGE (60 * 1024 * 1024)

/* A server that answers as the path says, and its client. */
typedef struct {
  GstArclyHttp2Session *session;
  Http2Client *client;
  GstArclyHttpMessage *held; /* the last one; owned */
  guint n_requests, n_finished, n_ready, n_fills;
  gint64 now;
  gchar *seen; /* of the last request */
} Pair;

static void
on_finished (gpointer data)
{
  ((Pair *) data)->n_finished++;
}

static void
append (GstArclyHttpMessage *message, gchar c, gsize size)
{
  g_autofree gchar *text = g_strnfill (size, c);
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);

  gst_arcly_http_message_append (message, bytes);
}

static void
on_request (GstArclyHttpMessage *message, gpointer data)
{
  Pair *pair = data;

  pair->n_requests++;
  g_free (pair->seen);
  pair->seen = g_strdup_printf ("%s %s ?%s %s %s", message->method,
      message->path, message->query ? message->query : "-",
      message->range ? message->range : "-",
      message->accept_encoding ? message->accept_encoding : "-");
  if (g_str_equal (message->path, "/held")) {
    g_clear_pointer (&pair->held, gst_arcly_http_message_unref);
    pair->held = gst_arcly_http_message_ref (message);
    gst_arcly_http_message_hold (message, on_finished, pair);
    return;
  }
  gst_arcly_http_set_header (message, "X-Name", "value");
  message->status = g_str_equal (message->path, "/same") ? 304 : 200;
  if (g_str_equal (message->path, "/huge")) {
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (HUGE), HUGE);

    gst_arcly_http_message_append (message, bytes);
  } else if (g_str_equal (message->path, "/large")) {
    append (message, 'a', 1);
    append (message, 'b', 0);
    append (message, 'c', 500000);
    append (message, 'd', 499999);
  } else if (message->status == 200) {
    append (message, 'x', 5);
  }
}

static void
on_ready (gpointer data)
{
  ((Pair *) data)->n_ready++;
}

static const gchar *
on_date (gpointer data)
{
  return "today";
}

static const GstArclyHttp2Funcs funcs = { on_request, on_ready, on_date };

static void
pair_init (Pair *pair, guint32 window)
{
  memset (pair, 0, sizeof *pair);
  pair->session = gst_arcly_http2_session_new (&funcs, pair, 0);
  pair->client = http2_client_new (window);
}

static void
pair_clear (Pair *pair)
{
  gst_arcly_http2_session_free (pair->session);
  http2_client_free (pair->client);
  g_clear_pointer (&pair->held, gst_arcly_http_message_unref);
  g_free (pair->seen);
}

/* As much as an exact copy holds: a sanitizer sees a read of one too many. */
static gboolean
receive (Pair *pair, GByteArray *bytes)
{
  g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);

  return gst_arcly_http2_session_receive (
      pair->session, exact, bytes->len, pair->now);
}

static gboolean
serve (Pair *pair)
{
  guint8 record[GST_ARCLY_HTTP2_RECORD];
  gsize n;

  while ((n = gst_arcly_http2_session_fill (pair->session, record, pair->now)) >
         0) {
    pair->n_fills++;
    http2_client_hear (pair->client, record, n);
  }
  return TRUE;
}

/* Until neither has anything to say. FALSE if the server has enough. */
static gboolean
talk (Pair *pair)
{
  gboolean ok = TRUE;

  for (;;) {
    g_autoptr (GByteArray) said = g_byte_array_new ();

    http2_client_say (pair->client, said);
    if (said->len > 0)
      ok &= receive (pair, said);
    serve (pair);
    if (said->len == 0)
      return ok;
  }
}

static void
test_answers (void)
{
  static const struct {
    const gchar *method, *path, *more, *seen, *status, *length;
    gsize size;
  } cases[] = {
    { "GET", "/a?b=1&c=?", NULL, "GET /a ?b=1&c=? - -", ":status: 200",
        "content-length: 5", 5 },
    { "HEAD", "/a", NULL, "HEAD /a ?- - -", ":status: 200", "content-length: 5",
        0 },
    { "GET", "/same", NULL, "GET /same ?- - -", ":status: 304", "", 0 },
    { "GET", "/a",
        "range: bytes=1-2\naccept-encoding: br\nother: x\n"
        "accept-encoding: gzip\n",
        "GET /a ?- bytes=1-2 br, gzip", ":status: 200", "content-length: 5",
        5 },
    { "GET", "/large", NULL, "GET /large ?- - -", ":status: 200",
        "content-length: 1000000", 1000000 },
  };
  Pair pair;
  guint i;

  pair_init (&pair, WINDOW);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    Http2Answer *answer = http2_client_ask (
        pair.client, cases[i].method, cases[i].path, cases[i].more, TRUE);

    pair.n_fills = 0;
    g_assert_true (talk (&pair));
    g_assert_true (answer->closed);
    g_assert_cmpuint (answer->reason, ==, NGHTTP2_NO_ERROR);
    g_assert_cmpstr (pair.seen, ==, cases[i].seen);
    g_assert_true (http2_answer_has (answer, cases[i].status));
    g_assert_true (http2_answer_has (answer, "x-name: value"));
    g_assert_true (http2_answer_has (answer, "date: today"));
    g_assert_true (http2_answer_has (answer, "server: arcly"));
    if (cases[i].length[0] != '\0')
      g_assert_true (http2_answer_has (answer, cases[i].length));
    else
      g_assert_null (strstr (answer->head->str, "content-length"));
    g_assert_cmpuint (answer->body->len, ==, cases[i].size);
    g_assert_cmpuint (
        gst_arcly_http2_session_get_n_streams (pair.session), ==, 0);
    /* Frames and records end together. */
    if (cases[i].size == 1000000) {
      g_assert_cmpuint (pair.n_fills, <=, 1 + (1000000 + 16374) / 16375);
      g_assert_cmpint (answer->body->data[0], ==, 'a');
      g_assert_cmpint (answer->body->data[1], ==, 'c');
      g_assert_cmpint (answer->body->data[500001], ==, 'd');
    }
  }
  g_assert_cmpuint (gst_arcly_http2_session_get_n_requests (pair.session), ==,
      G_N_ELEMENTS (cases));
  pair_clear (&pair);
}

static void
test_held (void)
{
  Pair pair;
  Http2Answer *held, *other;

  pair_init (&pair, WINDOW);
  held = http2_client_ask (pair.client, "GET", "/held", NULL, TRUE);
  other = http2_client_ask (pair.client, "GET", "/a", NULL, TRUE);
  g_assert_true (talk (&pair));
  g_assert_true (other->closed);
  g_assert_cmpuint (held->head->len, ==, 0);
  g_assert_cmpuint (
      gst_arcly_http2_session_get_n_streams (pair.session), ==, 1);
  g_assert_cmpstr (pair.held->path, ==, "/held");
  gst_arcly_http_set_header (pair.held, "X-Name", "value");
  pair.held->status = 503;
  pair.n_ready = 0;
  gst_arcly_http_message_resume (pair.held);
  g_assert_cmpuint (pair.n_ready, ==, 1);
  /* What it was asked for is no burden while the client takes nothing. */
  g_assert_null (pair.held->path);
  g_assert_cmpuint (pair.held->headers->len, ==, 0);
  g_assert_true (talk (&pair));
  g_assert_true (held->closed);
  g_assert_true (http2_answer_has (held, ":status: 503"));
  g_assert_true (http2_answer_has (held, "content-length: 0"));
  g_assert_true (http2_answer_has (held, "x-name: value"));
  g_assert_cmpuint (pair.n_finished, ==, 1);
  pair_clear (&pair);
}

/* Bytes go when they are there; how it ends is told apart. */
static void
test_open (void)
{
  guint aborts;

  for (aborts = 0; aborts < 2; aborts++) {
    Pair pair;
    Http2Answer *answer;

    pair_init (&pair, WINDOW);
    answer = http2_client_ask (pair.client, "GET", "/held", NULL, TRUE);
    g_assert_true (talk (&pair));
    pair.held->status = 200;
    pair.held->open = TRUE;
    append (pair.held, 'a', 20000);
    gst_arcly_http_message_resume (pair.held);
    g_assert_true (talk (&pair));
    g_assert_cmpuint (answer->body->len, ==, 20000);
    g_assert_null (strstr (answer->head->str, "content-length"));
    append (pair.held, 'b', 1);
    gst_arcly_http_message_resume (pair.held);
    g_assert_true (talk (&pair));
    g_assert_cmpuint (answer->body->len, ==, 20001);
    g_assert_false (answer->closed);
    if (aborts) {
      gst_arcly_http_message_abort (pair.held);
    } else {
      pair.held->open = FALSE;
      gst_arcly_http_message_resume (pair.held);
    }
    g_assert_true (talk (&pair));
    g_assert_true (answer->closed);
    g_assert_cmpuint (answer->body->len, ==, 20001);
    g_assert_cmpuint (
        answer->reason, ==, aborts ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_NO_ERROR);
    g_assert_cmpuint (pair.n_finished, ==, 1);
    pair_clear (&pair);
  }
}

/* Who holds a request hears of its end, and may still answer into the void. */
static void
test_goes (void)
{
  guint how;

  for (how = 0; how < 2; how++) {
    Pair pair;
    Http2Answer *answer;

    pair_init (&pair, WINDOW);
    answer = http2_client_ask (pair.client, "GET", "/held", NULL, TRUE);
    g_assert_true (talk (&pair));
    if (how == 0) {
      nghttp2_submit_rst_stream (
          pair.client->nghttp2, NGHTTP2_FLAG_NONE, answer->id, NGHTTP2_CANCEL);
      g_assert_true (talk (&pair));
    } else {
      g_clear_pointer (&pair.session, gst_arcly_http2_session_free);
    }
    g_assert_cmpuint (pair.n_finished, ==, 1);
    pair.held->status = 200;
    append (pair.held, 'x', 1);
    gst_arcly_http_message_resume (pair.held);
    gst_arcly_http_message_abort (pair.held);
    if (!pair.session)
      pair.session = gst_arcly_http2_session_new (&funcs, &pair, 0);
    pair_clear (&pair);
  }
}

/* The answer does not wait for content, and ends it. */
static void
test_content (void)
{
  Pair pair;
  Http2Answer *answer;

  pair_init (&pair, WINDOW);
  answer = http2_client_ask (pair.client, "POST", "/a", NULL, FALSE);
  g_assert_true (talk (&pair));
  g_assert_true (answer->closed);
  g_assert_cmpuint (answer->reason, ==, NGHTTP2_NO_ERROR);
  g_assert_cmpuint (answer->body->len, ==, 5);
  pair_clear (&pair);
}

static void
test_too_many_streams (void)
{
  Http2Answer *answers[GST_ARCLY_HTTP2_MAX_STREAMS + 1];
  Pair pair;
  guint i;

  pair_init (&pair, WINDOW);
  /* Before the client knows the limit. */
  for (i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = http2_client_ask (pair.client, "GET", "/held", NULL, TRUE);
  g_assert_true (talk (&pair));
  g_assert_cmpuint (pair.n_requests, ==, GST_ARCLY_HTTP2_MAX_STREAMS);
  g_assert_true (answers[i - 1]->closed);
  g_assert_cmpuint (answers[i - 1]->reason, ==, NGHTTP2_REFUSED_STREAM);
  pair_clear (&pair);
}

static void
test_large_head (void)
{
  static const struct {
    const gchar *name;
    gsize size;
    gboolean ok;
  } cases[] = {
    { "b", GST_ARCLY_HTTP2_MAX_HEADERS - 400, TRUE },
    { "b", GST_ARCLY_HTTP2_MAX_HEADERS, FALSE },
    { "accept-encoding", GST_ARCLY_HTTP2_MAX_KEPT - 100, TRUE },
    { "accept-encoding", GST_ARCLY_HTTP2_MAX_KEPT, FALSE },
  };
  Pair pair;
  guint i;

  pair_init (&pair, WINDOW);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *filler = g_strnfill (cases[i].size, 'x');
    g_autofree gchar *more =
        g_strdup_printf ("%s: %s\n", cases[i].name, filler);
    Http2Answer *answer =
        http2_client_ask (pair.client, "GET", "/a", more, TRUE);

    pair.n_requests = 0;
    g_assert_true (talk (&pair));
    g_assert_true (http2_answer_has (
        answer, cases[i].ok ? ":status: 200" : ":status: 431"));
    g_assert_cmpuint (pair.n_requests, ==, cases[i].ok);
  }
  pair_clear (&pair);
}

/* It takes no content: its stream ends, others do not. */
static void
test_stalled (void)
{
  Pair pair;
  Http2Answer *stalled, *held;

  pair_init (&pair, 0);
  stalled = http2_client_ask (pair.client, "GET", "/large", NULL, TRUE);
  held = http2_client_ask (pair.client, "GET", "/held", NULL, TRUE);
  g_assert_true (talk (&pair));
  g_assert_true (http2_answer_has (stalled, ":status: 200"));
  gst_arcly_http2_session_end_stalled (pair.session, 1000, 100);
  gst_arcly_http2_session_end_stalled (pair.session, 1100, 100);
  g_assert_true (talk (&pair));
  g_assert_false (stalled->closed);
  gst_arcly_http2_session_end_stalled (pair.session, 1101, 100);
  g_assert_true (talk (&pair));
  g_assert_true (stalled->closed);
  g_assert_cmpuint (stalled->body->len, ==, 0);
  g_assert_false (held->closed);
  pair_clear (&pair);
}

/* It asks for more and more, and takes nothing. */
static void
test_too_much (void)
{
  static const gchar *const paths[] = { "/huge", "/huge", "/huge", "/a" };
  Http2Answer *answers[G_N_ELEMENTS (paths)];
  Pair pair;
  guint i;

  pair_init (&pair, 0);
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    answers[i] = http2_client_ask (pair.client, "GET", paths[i], NULL, TRUE);
    g_assert_true (talk (&pair));
    g_assert_true (http2_answer_has (
        answers[i], i == 2 ? ":status: 503" : ":status: 200"));
    g_assert_cmpint (
        http2_answer_has (answers[i], "x-name: value"), ==, i != 2);
  }
  nghttp2_submit_rst_stream (
      pair.client->nghttp2, NGHTTP2_FLAG_NONE, answers[0]->id, NGHTTP2_CANCEL);
  answers[0] = http2_client_ask (pair.client, "GET", "/huge", NULL, TRUE);
  g_assert_true (talk (&pair));
  g_assert_true (http2_answer_has (answers[0], ":status: 200"));
  pair_clear (&pair);
}

static void
add_reset (GByteArray *out, guint i)
{
  /* GET, https, "/": RFC 7541, appendix A; ":authority: x", not indexed. */
  static const guint8 head[] = { 0x82, 0x87, 0x84, 0x01, 0x01, 'x' };
  static const guint8 cancel[] = { 0, 0, 0, NGHTTP2_CANCEL };

  http2_add_frame (out, NGHTTP2_HEADERS, 0x5, 2 * i + 1, head, sizeof head);
  http2_add_frame (
      out, NGHTTP2_RST_STREAM, 0, 2 * i + 1, cancel, sizeof cancel);
}

static void
add_ping (GByteArray *out, guint i)
{
  http2_add_frame (out, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void
add_settings (GByteArray *out, guint i)
{
  http2_add_frame (out, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static void
add_priority (GByteArray *out, guint i)
{
  http2_add_frame (out, NGHTTP2_PRIORITY, 0, 2 * i + 1, "\0\0\0\0\1", 5);
}

/* A head that never ends: CVE-2024-28182. */
static void
add_continuation (GByteArray *out, guint i)
{
  static const guint8 head[] = { 0x82, 0x87, 0x84 };

  if (i == 0)
    http2_add_frame (out, NGHTTP2_HEADERS, 0x1, 1, head, sizeof head);
  else
    http2_add_frame (out, NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
}

/* To an open stream whose answer does not come. */
static void
add_empty_data (GByteArray *out, guint i)
{
  static const guint8 head[] = { 0x82, 0x87, 0x04, 0x05, '/', 'h', 'e', 'l',
    'd', 0x01, 0x01, 'x' };

  if (i == 0)
    http2_add_frame (out, NGHTTP2_HEADERS, 0x4, 1, head, sizeof head);
  else
    http2_add_frame (out, NGHTTP2_DATA, 0, 1, NULL, 0);
}

/* A head that is none: no method. */
static void
add_malformed (GByteArray *out, guint i)
{
  static const guint8 head[] = { 0x87, 0x84, 0x01, 0x01, 'x' };

  http2_add_frame (out, NGHTTP2_HEADERS, 0x5, 2 * i + 1, head, sizeof head);
}

static const struct {
  const gchar *name;
  void (*add) (GByteArray *out, guint i);
  gboolean calms; /* it is borne, if it comes slowly */
} floods[] = {
  { "reset", add_reset, TRUE },
  { "ping", add_ping, TRUE },
  { "settings", add_settings, TRUE },
  { "priority", add_priority, TRUE },
  { "empty data", add_empty_data, TRUE },
  { "malformed", add_malformed, TRUE },
  { "continuation", add_continuation, FALSE },
};

/* How many are borne, one each @interval_us; at most 2000. */
static guint
flood (guint which, gint64 interval_us)
{
  g_autoptr (GByteArray) hello = g_byte_array_new ();
  Pair pair;
  guint i;

  pair_init (&pair, WINDOW);
  http2_client_say (pair.client, hello);
  g_assert_true (receive (&pair, hello));
  for (i = 0; i < 2000; i++) {
    g_autoptr (GByteArray) out = g_byte_array_new ();
    guint8 record[GST_ARCLY_HTTP2_RECORD];

    pair.now += interval_us;
    floods[which].add (out, i);
    if (!receive (&pair, out))
      break;
    /* It takes all: what is there to take is no bound. */
    while (gst_arcly_http2_session_fill (pair.session, record, pair.now) > 0)
      ;
  }
  if (i < 2000) {
    guint8 record[GST_ARCLY_HTTP2_RECORD];
    gsize n = gst_arcly_http2_session_fill (pair.session, record, pair.now);

    /* The last frame is GOAWAY. */
    g_assert_cmpuint (n, >=, 17);
    g_assert_cmpint (record[n - 17 + 3], ==, NGHTTP2_GOAWAY);
    g_assert_cmpuint (
        gst_arcly_http2_session_fill (pair.session, record, pair.now), ==, 0);
    g_assert_true (gst_arcly_http2_session_is_over (pair.session));
  }
  pair_clear (&pair);
  return i;
}

static void
test_floods (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (floods); i++) {
    g_test_message ("%s", floods[i].name);
    g_assert_cmpuint (flood (i, 0), <=, 501);
    if (floods[i].calms)
      g_assert_cmpuint (flood (i, G_USEC_PER_SEC / 50), ==, 2000);
  }
}

static void
test_garbage (void)
{
  static const gchar *const cases[] = {
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    guint8 record[GST_ARCLY_HTTP2_RECORD];
    Pair pair;

    pair_init (&pair, WINDOW);
    g_byte_array_append (bytes, (const guint8 *) cases[i], strlen (cases[i]));
    /* libnghttp2 may have told the client itself. */
    receive (&pair, bytes);
    g_assert_cmpuint (
        gst_arcly_http2_session_fill (pair.session, record, 0), >, 0);
    g_assert_true (gst_arcly_http2_session_is_over (pair.session));
    pair_clear (&pair);
  }
}

/* A field of 4000 bytes, told once (RFC 7541, 6.2.1), and then a byte each time
 * it is meant, in a head or behind content. It is not read to its end: that
 * would be 48 MB. */
static void
test_bomb (void)
{
  static const guint8 head[] = { 0x82, 0x87, 0x04, 0x05, '/', 'h', 'e', 'l',
    'd', 0x01, 0x01, 'x' };
  static const guint8 field[] = { 0x40, 0x01, 'b', 0x7f, 0xa1, 0x1e };
  guint trailers;

  for (trailers = 0; trailers < 2; trailers++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autoptr (GByteArray) block = g_byte_array_new ();
    guint8 record[GST_ARCLY_HTTP2_RECORD];
    Pair pair;
    gsize n;

    pair_init (&pair, WINDOW);
    http2_client_say (pair.client, bytes);
    if (trailers)
      http2_add_frame (bytes, NGHTTP2_HEADERS, 0x4, 1, head, sizeof head);
    else
      g_byte_array_append (block, head, sizeof head);
    g_byte_array_append (block, field, sizeof field);
    n = block->len;
    g_byte_array_set_size (block, n + 16000);
    memset (block->data + n, 'b', 4000);
    memset (block->data + n + 4000, 0xbe, 12000);
    http2_add_frame (bytes, NGHTTP2_HEADERS, 0x5, 1, block->data, block->len);
    g_assert_false (receive (&pair, bytes));
    g_assert_cmpuint (pair.n_requests, ==, trailers);
    n = gst_arcly_http2_session_fill (pair.session, record, pair.now);
    g_assert_cmpuint (n, >=, 17);
    g_assert_cmpint (record[n - 17 + 3], ==, NGHTTP2_GOAWAY);
    g_assert_cmpint (record[n - 1], ==, NGHTTP2_ENHANCE_YOUR_CALM);
    g_assert_true (gst_arcly_http2_session_is_over (pair.session));
    pair_clear (&pair);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http2/answers", test_answers);
  g_test_add_func ("/http2/held", test_held);
  g_test_add_func ("/http2/open", test_open);
  g_test_add_func ("/http2/goes", test_goes);
  g_test_add_func ("/http2/content", test_content);
  g_test_add_func ("/http2/too-many-streams", test_too_many_streams);
  g_test_add_func ("/http2/large-head", test_large_head);
  g_test_add_func ("/http2/stalled", test_stalled);
  g_test_add_func ("/http2/too-much", test_too_much);
  g_test_add_func ("/http2/floods", test_floods);
  g_test_add_func ("/http2/bomb", test_bomb);
  g_test_add_func ("/http2/garbage", test_garbage);
  return g_test_run ();
}
