/* SPDX-License-Identifier: MIT
 *
 * A connection as libsoup gets it. The server of libsoup 3.2 forgets a
 * connection that ends between two requests: its descriptor and memory stay for
 * as long as the server does. So it never sees such an end: it gets one more
 * request instead, which is answered into the void, and ends the connection. */
#include "config.h"

#include <string.h>
#include <gst/arcly/http/gstarclyhttpprivate.h>

/* HTTP/1.0: nothing is kept behind it. */
static const gchar farewell[] = "GET / HTTP/1.0\r\n\r\n";

/* The server's thread has all of it. */
typedef struct {
  GFilterInputStream parent;
  GBytes *read; /* came before; NULL when it is said, or there is none */
  gsize read_said;
  gboolean ended; /* the client, or the network, ended it */
  gsize said;     /* of the farewell */
} GstArclyHttpInput;

typedef struct {
  GFilterInputStreamClass parent_class;
} GstArclyHttpInputClass;

typedef struct {
  GIOStream parent;
  GSocketConnection *connection;
  GIOStream *base; /* that, or TLS on it */
  GstArclyHttpInput *input;
} GstArclyHttpStream;

typedef struct {
  GIOStreamClass parent_class;
} GstArclyHttpStreamClass;

static void gst_arcly_http_input_pollable_init (
    GPollableInputStreamInterface *iface);
static GType gst_arcly_http_input_get_type (void);
static GType gst_arcly_http_stream_get_type (void);

G_DEFINE_TYPE_WITH_CODE (GstArclyHttpInput, gst_arcly_http_input,
    G_TYPE_FILTER_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (
        G_TYPE_POLLABLE_INPUT_STREAM, gst_arcly_http_input_pollable_init))
G_DEFINE_TYPE (GstArclyHttpStream, gst_arcly_http_stream, G_TYPE_IO_STREAM)

static GPollableInputStream *
get_base (gpointer input)
{
  return G_POLLABLE_INPUT_STREAM (
      g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (input)));
}

static gssize
say_farewell (GstArclyHttpInput *self, void *buffer, gsize count)
{
  gsize n = MIN (count, strlen (farewell) - self->said);

  memcpy (buffer, farewell + self->said, n);
  self->said += n;
  return (gssize) n;
}

static gssize
say_read (GstArclyHttpInput *self, void *buffer, gsize count)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->read, &size);
  gsize n = MIN (count, size - self->read_said);

  memcpy (buffer, data + self->read_said, n);
  self->read_said += n;
  if (self->read_said == size)
    g_clear_pointer (&self->read, g_bytes_unref);
  return (gssize) n;
}

static gssize
gst_arcly_http_input_read_nonblocking (
    GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  GstArclyHttpInput *self = (GstArclyHttpInput *) stream;
  g_autoptr (GError) failure = NULL;
  gssize n = 0;

  if (self->read)
    return say_read (self, buffer, count);
  if (!self->ended)
    n = g_pollable_input_stream_read_nonblocking (
        get_base (self), buffer, count, NULL, &failure);
  if (n > 0)
    return n;
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return -1;
  }
  self->ended = TRUE;
  return say_farewell (self, buffer, count);
}

static gboolean
has_own (GPollableInputStream *stream)
{
  GstArclyHttpInput *self = (GstArclyHttpInput *) stream;

  return self->read || self->ended;
}

static gboolean
gst_arcly_http_input_is_readable (GPollableInputStream *stream)
{
  return has_own (stream) ||
         g_pollable_input_stream_is_readable (get_base (stream));
}

static GSource *
gst_arcly_http_input_create_source (
    GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) child = NULL;

  child = has_own (stream)
              ? g_timeout_source_new (0)
              : g_pollable_input_stream_create_source (get_base (stream), NULL);
  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
gst_arcly_http_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->read_nonblocking = gst_arcly_http_input_read_nonblocking;
  iface->is_readable = gst_arcly_http_input_is_readable;
  iface->create_source = gst_arcly_http_input_create_source;
}

static void
gst_arcly_http_input_finalize (GObject *object)
{
  g_clear_pointer (&((GstArclyHttpInput *) object)->read, g_bytes_unref);

  G_OBJECT_CLASS (gst_arcly_http_input_parent_class)->finalize (object);
}

static void
gst_arcly_http_input_init (GstArclyHttpInput *self)
{
}

static void
gst_arcly_http_input_class_init (GstArclyHttpInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_http_input_finalize;
}

static GInputStream *
gst_arcly_http_stream_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (((GstArclyHttpStream *) stream)->input);
}

static GOutputStream *
gst_arcly_http_stream_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (((GstArclyHttpStream *) stream)->base);
}

/* TLS would say farewell first, and wait for a client that takes nothing. How
 * long an answer is, HTTP says itself (RFC 9112, 9.8). */
static gboolean
gst_arcly_http_stream_close (
    GIOStream *stream, GCancellable *cancellable, GError **error)
{
  GstArclyHttpStream *self = (GstArclyHttpStream *) stream;

  return g_io_stream_close (G_IO_STREAM (self->connection), cancellable, error);
}

static void
gst_arcly_http_stream_finalize (GObject *object)
{
  GstArclyHttpStream *self = (GstArclyHttpStream *) object;

  g_object_unref (self->input);
  g_object_unref (self->base);
  g_object_unref (self->connection);

  G_OBJECT_CLASS (gst_arcly_http_stream_parent_class)->finalize (object);
}

static void
gst_arcly_http_stream_init (GstArclyHttpStream *self)
{
}

static void
gst_arcly_http_stream_class_init (GstArclyHttpStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_arcly_http_stream_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = gst_arcly_http_stream_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream =
      gst_arcly_http_stream_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = gst_arcly_http_stream_close;
}

GIOStream *
gst_arcly_http_stream_new (
    GSocketConnection *connection, GIOStream *tls, GBytes *read)
{
  GstArclyHttpStream *self =
      g_object_new (gst_arcly_http_stream_get_type (), NULL);

  self->connection = g_object_ref (connection);
  self->base = g_object_ref (tls ? tls : G_IO_STREAM (connection));
  self->input = g_object_new (gst_arcly_http_input_get_type (), "base-stream",
      g_io_stream_get_input_stream (self->base), "close-base-stream", FALSE,
      NULL);
  if (read && g_bytes_get_size (read) > 0)
    self->input->read = g_bytes_ref (read);
  return G_IO_STREAM (self);
}

gboolean
gst_arcly_http_stream_has_ended (GIOStream *stream)
{
  return ((GstArclyHttpStream *) stream)->input->ended;
}
