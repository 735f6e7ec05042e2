/* SPDX-License-Identifier: MIT
 *
 * Messages that libsoup carries. */
#include "config.h"

#include <gst/arcly/http/gstarclyhttpprivate.h>

typedef struct {
  GstArclyHttpMessage message; /* first */
  SoupServerMessage *soup;     /* owned */
  gchar *range;
  gulong finished_id;
  gboolean begun;
  gboolean streams;
} SoupCarried;

static void
on_finished (SoupServerMessage *soup, gpointer data)
{
  gst_arcly_http_message_finish (data);
}

static void
soup_hold (GstArclyHttpMessage *message)
{
  SoupCarried *self = (SoupCarried *) message;

  self->finished_id = g_signal_connect (
      self->soup, "finished", G_CALLBACK (on_finished), message);
  soup_server_message_pause (self->soup);
}

static void
begin (SoupCarried *self)
{
  GstArclyHttpMessage *message = &self->message;
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (self->soup);
  guint i;

  soup_server_message_set_status (self->soup, message->status, NULL);
  for (i = 0; i < message->headers->len; i++) {
    GstArclyHttpHeader *header =
        &g_array_index (message->headers, GstArclyHttpHeader, i);

    soup_message_headers_replace (headers, header->name, header->value);
  }
  if (message->open) {
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
    soup_message_body_set_accumulate (
        soup_server_message_get_response_body (self->soup), FALSE);
  }
  self->streams = message->open;
  self->begun = TRUE;
}

/* libsoup has what there is. */
static void
pass_on (SoupCarried *self)
{
  GstArclyHttpMessage *message = &self->message;
  SoupMessageBody *body = soup_server_message_get_response_body (self->soup);
  guint i;

  if (!self->begun)
    begin (self);
  for (i = 0; i < message->body->len; i++)
    soup_message_body_append_bytes (body, g_ptr_array_index (message->body, i));
  g_ptr_array_set_size (message->body, 0);
  if (self->streams && !message->open)
    soup_message_body_complete (body);
}

static void
soup_resume (GstArclyHttpMessage *message)
{
  SoupCarried *self = (SoupCarried *) message;

  pass_on (self);
  soup_server_message_unpause (self->soup);
}

/* Half a file that ends well would be cached for ever: the connection breaks,
 * ours, or one of an application's server. */
static void
soup_abort (GstArclyHttpMessage *message)
{
  SoupCarried *self = (SoupCarried *) message;
  GSocket *socket = soup_server_message_get_socket (self->soup);

  gst_arcly_http_deadline_break (
      soup_server_message_get_remote_address (self->soup));
  if (socket)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
  message->open = FALSE;
  soup_resume (message);
}

static void
soup_free (GstArclyHttpMessage *message)
{
  SoupCarried *self = (SoupCarried *) message;

  if (self->finished_id)
    g_signal_handler_disconnect (self->soup, self->finished_id);
  g_object_unref (self->soup);
  g_free (self->range);
  g_free (self);
}

static const GstArclyHttpCarrier soup_carrier = {
  .hold = soup_hold,
  .resume = soup_resume,
  .abort = soup_abort,
  .free = soup_free,
};

static SoupCarried *
carry (SoupServerMessage *soup)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (soup);
  GUri *uri = soup_server_message_get_uri (soup);
  SoupCarried *self = g_new0 (SoupCarried, 1);
  GstArclyHttpMessage *message = &self->message;

  self->soup = g_object_ref (soup);
  /* Taken away from libsoup, which would answer it, too. */
  self->range = g_strdup (soup_message_headers_get_list (headers, "Range"));
  soup_message_headers_remove (headers, "Range");
  message->method = soup_server_message_get_method (soup);
  message->path = g_uri_get_path (uri);
  message->query = g_uri_get_query (uri);
  message->accept_encoding =
      soup_message_headers_get_list (headers, "Accept-Encoding");
  message->if_none_match =
      soup_message_headers_get_list (headers, "If-None-Match");
  message->if_range = soup_message_headers_get_one (headers, "If-Range");
  message->range = self->range;
  message->can_stream =
      soup_server_message_get_http_version (soup) >= SOUP_HTTP_1_1;
  gst_arcly_http_message_init (message, &soup_carrier);
  return self;
}

void
gst_arcly_http_soup_handle (GstArclyHttpRouter *router, SoupServerMessage *soup)
{
  SoupCarried *self = carry (soup);
  const gchar *connection = soup_message_headers_get_list (
      soup_server_message_get_request_headers (soup), "Connection");

  /* RFC 9112, 9.6: who ends it says so. */
  if (connection && soup_header_contains (connection, "close"))
    soup_message_headers_replace (
        soup_server_message_get_response_headers (soup), "Connection", "close");
  gst_arcly_http_router_handle (router, &self->message);
  if (self->message.status != 0 && !self->begun)
    pass_on (self);
  gst_arcly_http_message_unref (&self->message);
}
