/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SOCK_CLOEXEC, SOCK_NONBLOCK */
#include "config.h"

#include "rtmptls.h"

#include <gst/arcly/gstarclyerror.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct _GstArclyRtmpTls {
  /* Constant. */
  GTlsCertificate *certificate;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;

  /* Its thread only. */
  GHashTable *pipes; /* set of Pipe */
  gboolean stopping;
};

/* One connection. Its thread only, once that has it. */
typedef struct {
  GstArclyRtmpTls *tls;
  GSocketConnection *outside;
  GIOStream *encrypted;      /* through "outside" */
  GSocketConnection *inside; /* the server has the other end */
  guint n_open;              /* directions */
  GCancellable *cancellable;
  GSource *gone; /* the server closed its end altogether */
} Pipe;

static void
pipe_free (Pipe *pipe)
{
  if (pipe->gone) {
    g_source_destroy (pipe->gone);
    g_source_unref (pipe->gone);
  }
  g_clear_object (&pipe->encrypted);
  g_clear_object (&pipe->outside);
  g_clear_object (&pipe->inside);
  g_clear_object (&pipe->cancellable);
  g_free (pipe);
}

static void
give_up (Pipe *pipe)
{
  g_cancellable_cancel (pipe->cancellable);
  g_socket_shutdown (
      g_socket_connection_get_socket (pipe->outside), TRUE, TRUE, NULL);
}

static void
quit_if_done (GstArclyRtmpTls *tls)
{
  if (tls->stopping && g_hash_table_size (tls->pipes) == 0)
    g_main_loop_quit (tls->loop);
}

/* Each direction has its own end: what the other still says is waited for. */
static void
end_direction (Pipe *pipe)
{
  GstArclyRtmpTls *tls = pipe->tls;

  if (--pipe->n_open > 0)
    return;
  g_hash_table_remove (tls->pipes, pipe);
  pipe_free (pipe);
  quit_if_done (tls);
}

static void
shut_writing (GSocketConnection *connection)
{
  g_socket_shutdown (
      g_socket_connection_get_socket (connection), FALSE, TRUE, NULL);
}

/* The client has said all, or something no TLS: the server sees an end. */
static void
on_received (GObject *object, GAsyncResult *result, gpointer data)
{
  Pipe *pipe = data;

  g_output_stream_splice_finish (G_OUTPUT_STREAM (object), result, NULL);
  shut_writing (pipe->inside);
  end_direction (pipe);
}

/* The server has said all, and TLS its good-bye. */
static void
on_sent (GObject *object, GAsyncResult *result, gpointer data)
{
  Pipe *pipe = data;

  g_output_stream_splice_finish (G_OUTPUT_STREAM (object), result, NULL);
  shut_writing (pipe->outside);
  end_direction (pipe);
}

/* Else a client that says nothing would be waited for, for ever: a handshake is
 * not given up at once when it is cancelled. What the server had to say is with
 * the client by now, or it had its time. */
static gboolean
on_gone (GSocket *socket, GIOCondition condition, gpointer data)
{
  Pipe *pipe = data;

  give_up (pipe);
  return G_SOURCE_REMOVE;
}

static gboolean
start_pipe (gpointer data)
{
  Pipe *pipe = data;
  GstArclyRtmpTls *tls = pipe->tls;

  pipe->encrypted = g_tls_server_connection_new (
      G_IO_STREAM (pipe->outside), tls->certificate, NULL);
  if (!pipe->encrypted || tls->stopping) {
    pipe_free (pipe);
    return G_SOURCE_REMOVE;
  }
  /* Many clients close without the alert that TLS asks for. */
  g_tls_connection_set_require_close_notify (
      G_TLS_CONNECTION (pipe->encrypted), FALSE);
  g_hash_table_add (tls->pipes, pipe);
  pipe->gone = g_socket_create_source (
      g_socket_connection_get_socket (pipe->inside), G_IO_HUP, NULL);
  g_source_set_callback (pipe->gone, G_SOURCE_FUNC (on_gone), pipe, NULL);
  g_source_attach (pipe->gone, tls->context);
  pipe->n_open = 2;
  g_output_stream_splice_async (
      g_io_stream_get_output_stream (G_IO_STREAM (pipe->inside)),
      g_io_stream_get_input_stream (pipe->encrypted),
      G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, pipe->cancellable,
      on_received, pipe);
  g_output_stream_splice_async (g_io_stream_get_output_stream (pipe->encrypted),
      g_io_stream_get_input_stream (G_IO_STREAM (pipe->inside)),
      G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT,
      pipe->cancellable, on_sent, pipe);
  return G_SOURCE_REMOVE;
}

/* Takes @fd. */
static GSocketConnection *
make_connection (gint fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (!socket) {
    close (fd);
    return NULL;
  }
  return g_socket_connection_factory_create_connection (socket);
}

static void
invoke (GstArclyRtmpTls *tls, GSourceFunc func, gpointer data)
{
  g_autoptr (GSource) idle = g_idle_source_new ();

  g_source_set_priority (idle, G_PRIORITY_DEFAULT);
  g_source_set_callback (idle, func, data, NULL);
  g_source_attach (idle, tls->context);
}

gint
gst_arcly_rtmp_tls_wrap (GstArclyRtmpTls *tls, gint fd, GError **error)
{
  Pipe *pipe = NULL;
  gint ends[2];

  if (socketpair (
          AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    gint saved = errno;

    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "no socket for TLS: %s", g_strerror (saved));
    close (fd);
    return -1;
  }
  pipe = g_new0 (Pipe, 1);
  pipe->tls = tls;
  pipe->cancellable = g_cancellable_new ();
  pipe->outside = make_connection (fd, error);
  pipe->inside = make_connection (ends[0], pipe->outside ? error : NULL);
  if (!pipe->outside || !pipe->inside) {
    pipe_free (pipe);
    close (ends[1]);
    return -1;
  }
  invoke (tls, start_pipe, pipe);
  return ends[1];
}

static gpointer
tls_thread (gpointer data)
{
  GstArclyRtmpTls *tls = data;

  g_main_context_push_thread_default (tls->context);
  g_main_loop_run (tls->loop);
  g_main_context_pop_thread_default (tls->context);
  return NULL;
}

GstArclyRtmpTls *
gst_arcly_rtmp_tls_new (GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GstArclyRtmpTls) tls = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_set_error_literal (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED,
        "GIO has no TLS here: install glib-networking");
    return NULL;
  }
  tls = g_new0 (GstArclyRtmpTls, 1);
  tls->certificate = g_object_ref (certificate);
  tls->context = g_main_context_new ();
  tls->loop = g_main_loop_new (tls->context, FALSE);
  tls->pipes = g_hash_table_new (NULL, NULL);
  tls->thread = g_thread_try_new ("arclyrtmptls", tls_thread, tls, error);
  if (!tls->thread)
    return NULL;
  return g_steal_pointer (&tls);
}

static gboolean
stop (gpointer data)
{
  GstArclyRtmpTls *tls = data;
  GHashTableIter iter;
  gpointer pipe;

  tls->stopping = TRUE;
  g_hash_table_iter_init (&iter, tls->pipes);
  while (g_hash_table_iter_next (&iter, &pipe, NULL))
    give_up (pipe);
  quit_if_done (tls);
  return G_SOURCE_REMOVE;
}

void
gst_arcly_rtmp_tls_free (GstArclyRtmpTls *tls)
{
  if (tls->thread) {
    invoke (tls, stop, tls);
    g_thread_join (tls->thread);
  }
  g_hash_table_unref (tls->pipes);
  g_main_loop_unref (tls->loop);
  g_main_context_unref (tls->context);
  g_object_unref (tls->certificate);
  g_free (tls);
}
