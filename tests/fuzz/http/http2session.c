/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/http/gstarclyhttp2session.h>

/* RFC 9113, 3.4. */
static const gchar preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

typedef struct {
  GPtrArray *held; /* (element-type GstArclyHttpMessage) */
  guint n_held, n_finished;
} Server;

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
on_finished (gpointer data)
{
  ((Server *) data)->n_finished++;
}

static void
append (GstArclyHttpMessage *message, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);

  gst_arcly_http_message_append (message, bytes);
}

/* Every other request waits. */
static void
on_request (GstArclyHttpMessage *message, gpointer data)
{
  Server *server = data;

  g_assert (message->method != NULL);
  g_assert (!message->path || !strchr (message->path, '?'));
  if (server->n_held++ % 2 == 0) {
    g_ptr_array_add (server->held, gst_arcly_http_message_ref (message));
    gst_arcly_http_message_hold (message, on_finished, server);
    return;
  }
  message->status = 200;
  append (message, 20000);
}

static void
on_ready (gpointer data)
{
}

static const gchar *
on_date (gpointer data)
{
  return "Thu, 01 Jan 1970 00:00:00 GMT";
}

static const GstArclyHttp2Funcs funcs = { on_request, on_ready, on_date };

/* What waits is answered: in one go, in two, or not to its end. */
static void
answer (Server *server)
{
  guint i;

  for (i = 0; i < server->held->len; i++) {
    GstArclyHttpMessage *message = g_ptr_array_index (server->held, i);

    message->status = 200;
    message->open = i % 3 > 0;
    append (message, 100);
    gst_arcly_http_message_resume (message);
    append (message, 100);
    if (i % 3 == 1)
      gst_arcly_http_message_abort (message);
    message->open = FALSE;
    gst_arcly_http_message_resume (message);
  }
  g_ptr_array_set_size (server->held, 0);
}

static void
fill (GstArclyHttp2Session *session, gint64 now)
{
  g_autofree guint8 *record = g_malloc (GST_ARCLY_HTTP2_RECORD);

  while (gst_arcly_http2_session_fill (session, record, now) > 0)
    ;
}

/* The first byte is how many come at once. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Server server = { g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_arcly_http_message_unref) };
  GstArclyHttp2Session *session =
      gst_arcly_http2_session_new (&funcs, &server, 0);
  gsize step = size > 0 ? 1 + *data++ : 1, pos;
  gboolean ok =
      gst_arcly_http2_session_receive (session, preface, strlen (preface), 0);
  gint64 now = 0;

  g_assert (ok);
  size -= size > 0;
  for (pos = 0; ok && pos < size; pos += step) {
    gsize n = MIN (step, size - pos);
    g_autofree guint8 *exact = g_memdup2 (data + pos, n);

    ok = gst_arcly_http2_session_receive (session, exact, n, ++now);
    g_assert (gst_arcly_http2_session_get_n_streams (session) <=
              GST_ARCLY_HTTP2_MAX_STREAMS);
    fill (session, now);
    if (pos / step % 4 == 3)
      answer (&server);
    gst_arcly_http2_session_end_stalled (session, now, 10);
  }
  gst_arcly_http2_session_end (session);
  fill (session, now);
  g_assert (gst_arcly_http2_session_is_over (session));
  gst_arcly_http2_session_free (session);
  g_assert (server.n_finished == (server.n_held + 1) / 2);
  g_ptr_array_unref (server.held);
  return 0;
}
