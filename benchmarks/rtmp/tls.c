/* SPDX-License-Identifier: MIT
 *
 * What TLS costs a server: CPU time of sending frames through a channel, in TLS
 * and without, in turns, and of a handshake. Prints JSON.
 *
 *   bench-rtmp-tls --frame=11000 --mbits=4000 --handshakes=200
 *
 * The peer is another thread, whose time does not count; so is the system's
 * part of sending, over a TCP connection of this machine. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <malloc.h>

#include "rtmpchannel.h"
#include "testcertificate.h"
#include "tlspeer.h"

#define ROUNDS 5
#define SESSIONS 50

static gint frame = 11000;
static gint mbits = 4000;
static gint handshakes = 200;
static gchar *own_files;

static const GOptionEntry entries[] = {
  { "frame", 0, 0, G_OPTION_ARG_INT, &frame, "bytes a send", "N" },
  { "mbits", 0, 0, G_OPTION_ARG_INT, &mbits, "Mbit a round", "N" },
  { "handshakes", 0, 0, G_OPTION_ARG_INT, &handshakes, "how many", "N" },
  { "files", 0, 0, G_OPTION_ARG_FILENAME, &own_files,
      "a certificate and its key, instead of one on P-256", "PEM" },
  { NULL },
};

static gdouble
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* A connection of this machine: [0] ours, [1] the peer's. */
static void
connect_pair (gint ends[2])
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  socklen_t size = sizeof address;
  gint listener = socket (AF_INET, SOCK_STREAM, 0);

  ends[1] = socket (AF_INET, SOCK_STREAM, 0);
  if (bind (listener, (struct sockaddr *) &address, size) != 0 ||
      listen (listener, 1) != 0 ||
      getsockname (listener, (struct sockaddr *) &address, &size) != 0 ||
      connect (ends[1], (struct sockaddr *) &address, size) != 0)
    g_error ("no connection: %s", g_strerror (errno));
  ends[0] = accept (listener, NULL, NULL);
  close (listener);
}

static void
wait_for (gint fd, gshort events)
{
  struct pollfd item = { fd, events, 0 };

  poll (&item, 1, -1);
}

static GstArclyRtmpChannel
open_channel (GstArclyRtmpTls *tls, gint fd)
{
  GstArclyRtmpChannel channel = { fd, NULL };

  if (tls)
    channel.stream = gst_arcly_rtmp_tls_stream_new (tls, fd, NULL);
  return channel;
}

/* Until the peer's first byte, which comes after its handshake. */
static void
greet (GstArclyRtmpChannel *channel)
{
  guint8 data[GST_ARCLY_RTMP_CHANNEL_READ_SIZE];

  while (gst_arcly_rtmp_channel_recv (channel, data, sizeof data) <= 0)
    wait_for (channel->fd, POLLIN);
}

typedef struct {
  gint fd;
  gboolean tls;
} Reader;

/* What comes is not decrypted: it is the server that is measured. */
static gpointer
read_all (gpointer data)
{
  Reader *reader = data;
  TlsPeer *peer = reader->tls ? tls_peer_new (reader->fd, NULL) : NULL;
  static guint8 sink[1 << 20];

  if (peer && (!tls_peer_handshake (peer) || !tls_peer_send (peer, "x", 1)))
    g_error ("no handshake");
  if (!peer && send (reader->fd, "x", 1, 0) != 1)
    g_error ("no connection");
  while (recv (reader->fd, sink, sizeof sink, 0) > 0)
    ;
  g_clear_pointer (&peer, tls_peer_free);
  close (reader->fd);
  return NULL;
}

static void
send_frame (GstArclyRtmpChannel *channel, const guint8 *data, gsize size)
{
  while (size > 0) {
    const struct iovec iov = { (guint8 *) data, size };
    gssize sent = gst_arcly_rtmp_channel_send (channel, &iov, 1);

    if (sent < 0) {
      wait_for (channel->fd, POLLOUT);
      continue;
    }
    data += sent;
    size -= sent;
  }
}

/* ms a Mbit. */
static gdouble
measure_sending (GstArclyRtmpTls *tls)
{
  const guint n = (guint) (mbits * 1e6 / 8 / frame);
  g_autofree guint8 *data = g_malloc0 (frame);
  GstArclyRtmpChannel channel;
  Reader reader = { .tls = tls != NULL };
  GThread *thread;
  gint ends[2];
  gdouble begin;
  guint i;

  connect_pair (ends);
  reader.fd = ends[1];
  thread = g_thread_new ("peer", read_all, &reader);
  channel = open_channel (tls, ends[0]);
  greet (&channel);
  begin = cpu_ms ();
  for (i = 0; i < n; i++)
    send_frame (&channel, data, frame);
  begin = cpu_ms () - begin;
  gst_arcly_rtmp_channel_clear (&channel);
  g_thread_join (thread);
  return begin / (n * 8.0 * frame / 1e6);
}

/* ms each. */
static gdouble
measure_handshakes (GstArclyRtmpTls *tls)
{
  gdouble sum = 0;
  gint i;

  for (i = 0; i < handshakes; i++) {
    GstArclyRtmpChannel channel;
    Reader reader = { .tls = TRUE };
    GThread *thread;
    gint ends[2];

    connect_pair (ends);
    reader.fd = ends[1];
    sum -= cpu_ms ();
    channel = open_channel (tls, ends[0]);
    sum += cpu_ms ();
    thread = g_thread_new ("peer", read_all, &reader);
    wait_for (ends[0], POLLIN);
    sum -= cpu_ms ();
    greet (&channel);
    gst_arcly_rtmp_channel_clear (&channel);
    sum += cpu_ms ();
    g_thread_join (thread);
  }
  return sum / MAX (handshakes, 1);
}

/* Bytes of the heap that an idle connection in TLS keeps. */
static gdouble
measure_memory (GstArclyRtmpTls *tls)
{
  GstArclyRtmpChannel channels[SESSIONS];
  GThread *threads[SESSIONS];
  Reader readers[SESSIONS];
  gsize before = mallinfo2 ().uordblks, after;
  guint i;

  for (i = 0; i < SESSIONS; i++) {
    gint ends[2];

    connect_pair (ends);
    readers[i] = (Reader){ .fd = ends[1], .tls = TRUE };
    threads[i] = g_thread_new ("peer", read_all, &readers[i]);
    channels[i] = open_channel (tls, ends[0]);
    greet (&channels[i]);
  }
  /* Of this thread's arena: the peers have others. */
  after = mallinfo2 ().uordblks;
  for (i = 0; i < SESSIONS; i++) {
    gst_arcly_rtmp_channel_clear (&channels[i]);
    g_thread_join (threads[i]);
  }
  return (gdouble) (after - before) / SESSIONS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GstArclyRtmpTls) tls = NULL;
  g_autoptr (GError) error = NULL;
  gdouble plain = G_MAXDOUBLE, encrypted = G_MAXDOUBLE;
  GstArclyRtmpTlsFiles pair;
  TestFiles files;
  guint i;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || frame < 1)
    g_error ("%s", error ? error->message : "--frame is too small");
  test_files_init (&files);
  pair = (GstArclyRtmpTlsFiles){ files.certificate, files.private_key };
  if (own_files)
    pair = (GstArclyRtmpTlsFiles){ own_files, NULL };
  tls = gst_arcly_rtmp_tls_new (&pair, &error);
  if (!tls)
    g_error ("%s", error->message);
  /* The best of each: other work of the machine only adds. */
  for (i = 0; i < ROUNDS; i++) {
    plain = MIN (plain, measure_sending (NULL));
    encrypted = MIN (encrypted, measure_sending (tls));
  }
  g_print ("{\"frame\": %d, \"plain-ms-per-mbit\": %.4f, "
           "\"tls-ms-per-mbit\": %.4f, \"ratio\": %.2f, "
           "\"handshake-ms\": %.3f, \"session-bytes\": %.0f}\n",
      frame, plain, encrypted, encrypted / plain, measure_handshakes (tls),
      measure_memory (tls));
  test_files_clear (&files);
  return 0;
}
