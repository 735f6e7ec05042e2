/* SPDX-License-Identifier: MIT
 *
 * Which requests are answered without libsoup. */
#include <string.h>
#include <gst/check/gstcheck.h>
#include <gst/arcly/http/gstarclyhttprequest.h>

#define MORE GST_ARCLY_HTTP_REQUEST_MORE
#define SIMPLE GST_ARCLY_HTTP_REQUEST_SIMPLE
#define OTHER GST_ARCLY_HTTP_REQUEST_OTHER
#define LINE "GET /hls/index.m3u8?_HLS_msn=1&_HLS_part=2 HTTP/1.1\r\n"
#define HOST "Host: a:80\r\n"
#define WITH(header) LINE HOST header "\r\n\r\n"

static const struct {
  const gchar *text;
  GstArclyHttpRequestKind kind;
  gboolean gzip;
} cases[] = {
  { LINE HOST "\r\n", SIMPLE },
  { LINE HOST "\r\nGET / and more", SIMPLE },
  { "GET / HTTP/1.1\r\nhost:a\r\n\r\n", SIMPLE },
  { WITH ("Accept-Encoding: gzip, deflate, br"), SIMPLE, TRUE },
  { WITH ("accept-encoding:GZIP"), SIMPLE, TRUE },
  { WITH ("Accept-Encoding: identity"), SIMPLE },
  { WITH ("Accept-Encoding: gzip;q=0"), OTHER },
  { WITH ("Accept-Encoding: br;Q=1, gzip; q=0.5"), OTHER },
  { WITH ("Connection: keep-alive"), SIMPLE },
  { WITH ("Connection:  Keep-Alive \t"), SIMPLE },
  { WITH ("Connection: close"), OTHER },
  { WITH ("Connection: keep-alive, Upgrade"), OTHER },
  { WITH ("Cache-Control: no-cache"), SIMPLE },
  { WITH ("sec-ch-ua: \"Chromium\";v=\"1\", \"x\""), SIMPLE },
  { WITH ("User-Agent: \xc3\xa4\tx"), SIMPLE },
  { WITH ("X-Empty:"), SIMPLE },
  { WITH ("Range: bytes=0-1"), OTHER },
  { WITH ("range:bytes=0-1"), OTHER },
  { WITH ("If-None-Match: \"a\""), OTHER },
  { WITH ("IF-Anything: x"), OTHER },
  { WITH ("Content-Length: 1"), OTHER },
  { WITH ("Content-Length: 0"), OTHER },
  { WITH ("Transfer-Encoding: chunked"), OTHER },
  { WITH ("Transfer-encodinG : chunked"), OTHER },
  { WITH ("Expect: 100-continue"), OTHER },
  { WITH ("Upgrade: h2c"), OTHER },
  { WITH ("TE: trailers"), OTHER },
  { WITH ("Authorization: Basic x"), OTHER },
  { WITH ("Tea: no special"), SIMPLE },
  { WITH ("Host: b"), OTHER },
  { WITH (" folded"), OTHER },
  { WITH ("A: b\r\n\tfolded"), OTHER },
  { WITH ("no colon"), OTHER },
  { WITH (": no name"), OTHER },
  { WITH ("A: bare\nfeed"), OTHER },
  { WITH ("A: bare\rreturn"), OTHER },
  { WITH ("A: \x01"), OTHER },
  { WITH ("A: \x7f"), OTHER },
  { WITH ("A\xc3\xa4: b"), OTHER },
  { LINE "\r\n", OTHER },
  { LINE "Host:\r\n\r\n", OTHER },
  { LINE "Host: \r\n\r\n", OTHER },
  { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "get / HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", OTHER },
  { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", OTHER },
  { "GET / HTTP/1.1\nHost: a\n\n", MORE }, /* until the buffer is full */
  { "GET /\r\nHost: a\r\n\r\n", OTHER },
  { "GET HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /.a HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET //a HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /a%2e HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", OTHER },
  { "\x16\x03\x01\x02", OTHER },
};

/* On the heap, without a byte behind it. */
static GstArclyHttpRequestKind
parse (GstArclyHttpRequest *request, const gchar *text, gsize size)
{
  g_autofree gchar *copy = g_memdup2 (text, size);
  GstArclyHttpRequest found;
  GstArclyHttpRequestKind kind =
      gst_arcly_http_request_parse (&found, copy ? copy : "", size);

  *request = found;
  if (kind == SIMPLE)
    request->target = text + (found.target - copy);
  return kind;
}

/* And no part of it is taken for something else. */
GST_START_TEST (test_kinds)
{
  const gchar *text = cases[__i__].text;
  gsize size = strlen (text), n;
  GstArclyHttpRequest request;

  fail_unless_equals_int (parse (&request, text, size), cases[__i__].kind);
  if (cases[__i__].kind == SIMPLE) {
    fail_unless_equals_int (request.gzip, cases[__i__].gzip);
    fail_unless (memcmp (text + request.size - 4, "\r\n\r\n", 4) == 0);
    fail_unless (g_str_has_prefix (text + 4 + request.target_size, " HTTP/1."));
    fail_unless (request.target == text + 4);
    size = request.size;
  }
  for (n = 0; n < size; n++) {
    GstArclyHttpRequestKind kind = parse (&request, text, n);

    fail_if (kind == SIMPLE, "%s: %u bytes", text, (guint) n);
    fail_if (kind == OTHER && cases[__i__].kind == SIMPLE);
  }
}
GST_END_TEST;

GST_START_TEST (test_nul)
{
  static const gchar text[] = LINE HOST "A: b\r\n\r\n";
  gsize i;

  for (i = 0; i + 1 < sizeof text; i++) {
    g_autofree gchar *copy = g_memdup2 (text, sizeof text - 1);
    GstArclyHttpRequest request;

    copy[i] = '\0';
    fail_if (
        parse (&request, copy, sizeof text - 1) == SIMPLE, "%u", (guint) i);
  }
}
GST_END_TEST;

static Suite *
request_suite (void)
{
  Suite *suite = suite_create ("request");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_add_loop_test (all, test_kinds, 0, G_N_ELEMENTS (cases));
  tcase_add_test (all, test_nul);
  return suite;
}

GST_CHECK_MAIN (request);
