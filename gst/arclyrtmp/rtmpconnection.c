/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmpconnection.h"
#include "rtmpshake.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Read from one connection before the next has its turn. */
#define READ_SIZE (64 * 1024)
/* A peer that makes us answer and does not read is closed beyond this. */
#define MAX_UNSENT (256 * 1024)
/* After the last word we discard what the peer still sends, up to these:
 * closing a socket with unread data resets it, and the peer would lose what it
 * has not read, our reason among it. */
#define LINGER_US (2 * G_TIME_SPAN_SECOND)
#define LINGER_BYTES (4 * 1024 * 1024)

/* An acknowledgement waits for a lull in what comes. A publisher reads seldom,
 * and if it closes with one unread, or gets one after it closed, its system
 * throws away what it has not sent yet: the end of the stream. ffmpeg is one.
 * One that waits for us makes the lull. The most that is let go by, in windows,
 * is for those who only want a sign of life. */
#define ACK_LULL_US (G_TIME_SPAN_SECOND / 10)
#define ACK_WINDOWS 8

typedef enum {
  OPEN,      /* events flow */
  FLUSHING,  /* ended; something is not sent */
  LINGERING, /* all is sent; waits for the peer to close */
  CLOSED,    /* closed() is due */
  LEAVING,   /* left() is due */
} State;

/* All: loop thread only. */
struct _GstArclyRtmpConnection {
  GstArclyRtmpConnectionFuncs funcs;
  gpointer data;

  GstArclyRtmpSession *session;
  GstArclyRtmpChannel channel;
  GstArclyRtmpLoop *shakes; /* nullable */
  GstArclyRtmpShake *shake; /* has the channel; nullable */
  GstArclyRtmpWatch watch;
  State state;
  gboolean busy; /* inside run_events(): it settles when done */
  gboolean paused;

  GByteArray *unsent; /* from "sent" on */
  gsize sent;
  gint send_errno;        /* not 0: nothing can be sent any more */
  gboolean has_last_word; /* the end has something to tell the peer */
  gsize discarded;

  GstArclyRtmpTimer timer;
  gint64 timeout_us; /* 0: none */
  gint64 touched;    /* monotonic time */

  GstArclyRtmpTimer ack_timer;
  gint64 received; /* monotonic time */
};

static gsize
bytes_unsent (GstArclyRtmpConnection *connection)
{
  return connection->unsent->len - connection->sent;
}

/* What the channel holds cannot be taken back, so it goes first. */
static gboolean
has_unsent (GstArclyRtmpConnection *connection)
{
  return bytes_unsent (connection) > 0 ||
         (connection->send_errno == 0 &&
             gst_arcly_rtmp_channel_has_unsent (&connection->channel));
}

static void
drop_unsent (GstArclyRtmpConnection *connection)
{
  g_byte_array_set_size (connection->unsent, 0);
  connection->sent = 0;
}

/* Nothing more can be sent or read. */
static void
give_up (GstArclyRtmpConnection *connection)
{
  drop_unsent (connection);
  connection->state = CLOSED;
}

/* The only way from OPEN to elsewhere. */
static void
finish (GstArclyRtmpConnection *connection, const gchar *reason, gboolean error)
{
  if (connection->state != OPEN)
    return;

  gst_arcly_rtmp_session_close (connection->session, NULL, NULL);
  connection->state = FLUSHING;
  connection->paused = FALSE;
  gst_arcly_rtmp_timer_start (&connection->timer, LINGER_US);
  connection->funcs.ended (connection->data, reason, error);
}

/* The peer cannot be reached any more, and all it sent is read. A failed send
 * may have taken the error from recv(), which then tells an orderly end. */
static void
lose (GstArclyRtmpConnection *connection, gint saved_errno)
{
  if (saved_errno == 0)
    saved_errno = connection->send_errno;
  if (saved_errno == 0 || saved_errno == EPIPE)
    finish (connection, "closed by the peer", FALSE);
  else
    finish (connection,
        gst_arcly_rtmp_channel_describe (&connection->channel, saved_errno),
        TRUE);
  give_up (connection);
}

/* ---- sending ---- */

static void
keep_unsent (GstArclyRtmpConnection *connection, const guint8 *data, gsize size)
{
  if (size > MAX_UNSENT - MIN (bytes_unsent (connection), MAX_UNSENT)) {
    finish (connection, "the peer does not read our answers", TRUE);
    give_up (connection);
    return;
  }
  g_byte_array_remove_range (connection->unsent, 0, connection->sent);
  connection->sent = 0;
  g_byte_array_append (connection->unsent, data, size);
}

/* A publisher that is done closes and does not care for our answers. What it
 * sent before is still to be read, so while events flow only our answers are
 * lost; recv() tells the end. */
static void
stop_sending (GstArclyRtmpConnection *connection, gint saved_errno)
{
  connection->send_errno = saved_errno;
  drop_unsent (connection);
  if (connection->state != OPEN)
    give_up (connection);
}

/* Number of bytes that the channel took. */
static gsize
send_some (GstArclyRtmpConnection *connection, const guint8 *data, gsize size)
{
  const struct iovec iov = { (guint8 *) data, size };
  gssize sent = gst_arcly_rtmp_channel_send (&connection->channel, &iov, 1);

  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
    stop_sending (connection, errno);
  return MAX (sent, 0);
}

static void
send_unsent (GstArclyRtmpConnection *connection)
{
  gsize sent;

  if (!gst_arcly_rtmp_channel_flush (&connection->channel)) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      stop_sending (connection, errno);
    return;
  }
  if (bytes_unsent (connection) == 0)
    return;

  sent = send_some (connection, connection->unsent->data + connection->sent,
      bytes_unsent (connection));
  if (connection->send_errno != 0)
    return;
  connection->sent += sent;
  if (bytes_unsent (connection) == 0)
    drop_unsent (connection);
}

static void
send_output (GstArclyRtmpConnection *connection)
{
  g_autoptr (GBytes) output =
      gst_arcly_rtmp_session_take_output (connection->session);
  const guint8 *data;
  gsize size, sent = 0;

  if (!output || connection->state == CLOSED || connection->send_errno != 0)
    return;

  data = g_bytes_get_data (output, &size);
  connection->has_last_word |= connection->state != OPEN;
  /* What waits goes first. */
  if (bytes_unsent (connection) == 0)
    sent = send_some (connection, data, size);
  if (sent < size && connection->send_errno == 0)
    keep_unsent (connection, data + sent, size - sent);
}

/* ---- what to wait for ---- */

static guint32
wanted_events (GstArclyRtmpConnection *connection)
{
  guint32 events = has_unsent (connection) ? EPOLLOUT : 0;

  if (connection->shake)
    return 0;
  if (connection->state == LINGERING ||
      (connection->state == OPEN && !connection->paused))
    events |= EPOLLIN;
  return events;
}

static void
step_to_the_end (GstArclyRtmpConnection *connection)
{
  if (connection->state != FLUSHING || has_unsent (connection))
    return;

  connection->state = CLOSED;
  if (connection->has_last_word &&
      gst_arcly_rtmp_channel_shutdown (&connection->channel))
    connection->state = LINGERING;
}

/* Last thing in whatever happens to the connection, which may be freed by
 * it. */
static void
settle (GstArclyRtmpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (connection->state == LEAVING) {
    connection->funcs.left (connection->data);
    return;
  }
  send_output (connection);
  step_to_the_end (connection);
  if (connection->state != CLOSED &&
      !gst_arcly_rtmp_watch_set (
          &connection->watch, wanted_events (connection), &error)) {
    finish (connection, error->message, TRUE);
    give_up (connection);
  }
  if (connection->state == CLOSED)
    connection->funcs.closed (connection->data);
}

/* ---- receiving ---- */

/* A session that fails has put its last word into its output. @first: an event
 * that was put by, or NULL. */
static void
run_events (GstArclyRtmpConnection *connection, GstArclyRtmpEvent *first)
{
  g_autoptr (GError) error = NULL;

  connection->busy = TRUE;
  if (first)
    connection->funcs.event (connection->data, first);
  while (connection->state == OPEN && !connection->paused) {
    GstArclyRtmpEvent *event = NULL;

    if (!gst_arcly_rtmp_session_next_event (
            connection->session, &event, &error)) {
      finish (connection, error->message, TRUE);
      break;
    }
    if (!event)
      break;
    connection->funcs.event (connection->data, event);
  }
  /* The peer may close in the protocol too. */
  if (gst_arcly_rtmp_session_get_state (connection->session) ==
      GST_ARCLY_RTMP_STATE_CLOSED)
    finish (connection, "the session ended", FALSE);
  connection->busy = FALSE;
}

static void
take_input (GstArclyRtmpConnection *connection, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (connection->state != OPEN) {
    connection->discarded += size;
    if (connection->discarded > LINGER_BYTES)
      give_up (connection);
    return;
  }
  if (!gst_arcly_rtmp_session_feed (connection->session, data, size, &error)) {
    finish (connection, error->message, TRUE);
    return;
  }
  run_events (connection, NULL);
}

/* Few publishers switch off Nagle's algorithm. It holds the end of a message
 * back until what is before it is acknowledged, which takes the system up to 40
 * ms if we don't hurry it. The option lasts for one answer. */
static void
acknowledge_packets (GstArclyRtmpConnection *connection)
{
  const gint on = 1;

  setsockopt (
      connection->channel.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* The RTMP acknowledgement. To be called when all that came is read. */
static void
plan_acknowledgement (GstArclyRtmpConnection *connection)
{
  guint windows = gst_arcly_rtmp_session_get_windows (connection->session);

  if (connection->state != OPEN || windows == 0)
    return;
  connection->received = g_get_monotonic_time ();
  if (windows >= ACK_WINDOWS)
    gst_arcly_rtmp_session_acknowledge (connection->session);
  else if (!gst_arcly_rtmp_timer_is_armed (&connection->ack_timer))
    gst_arcly_rtmp_timer_start (&connection->ack_timer, ACK_LULL_US);
}

static void
on_ack_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpConnection *connection = timer->data;
  gint64 quiet = g_get_monotonic_time () - connection->received;

  /* Paused, it is we who make the peer wait. */
  if (connection->state != OPEN || connection->paused)
    return;
  if (quiet < ACK_LULL_US) {
    gst_arcly_rtmp_timer_start (timer, ACK_LULL_US - quiet);
    return;
  }
  gst_arcly_rtmp_session_acknowledge (connection->session);
  settle (connection);
}

static void
take_no_input (GstArclyRtmpConnection *connection, gssize got, gint saved_errno)
{
  if (got == 0)
    lose (connection, 0);
  else if (saved_errno != EAGAIN && saved_errno != EWOULDBLOCK)
    lose (connection, saved_errno);
}

static void
on_shaken (
    gpointer data, GstArclyRtmpChannel *channel, gssize got, gint saved_errno)
{
  GstArclyRtmpConnection *connection = data;

  connection->shake = NULL;
  connection->channel = gst_arcly_rtmp_channel_steal (channel);
  if (got <= 0)
    take_no_input (connection, got, saved_errno);
  settle (connection);
}

static void
receive (GstArclyRtmpConnection *connection)
{
  guint8 data[READ_SIZE];
  gssize size;

  /* Nothing has to be sent until on_shaken(), and nothing can. */
  if (connection->shakes &&
      gst_arcly_rtmp_channel_needs_shake (&connection->channel)) {
    gst_arcly_rtmp_watch_remove (&connection->watch);
    connection->shake = gst_arcly_rtmp_shake_begin (connection->shakes,
        connection->watch.loop, &connection->channel, on_shaken, connection);
    return;
  }
  size =
      gst_arcly_rtmp_channel_recv (&connection->channel, data, sizeof (data));
  if (size > 0) {
    acknowledge_packets (connection);
    take_input (connection, data, size);
    if (size < (gssize) sizeof (data))
      plan_acknowledgement (connection);
  } else {
    take_no_input (connection, size, errno);
  }
}

static void
on_ready (GstArclyRtmpWatch *watch, guint32 events)
{
  GstArclyRtmpConnection *connection = watch->data;

  if (watch->events & EPOLLIN) {
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
      receive (connection);
  } else if (events & (EPOLLERR | EPOLLHUP)) {
    /* Not reading, so this cannot be waited out; what we have to send has no
     * reader any more. What was received before is found after resume(). */
    stop_sending (connection, EPIPE);
  }
  if (connection->state != CLOSED)
    send_unsent (connection);
  settle (connection);
}

/* ---- time ---- */

static void
start_timer (GstArclyRtmpConnection *connection)
{
  gint64 passed = g_get_monotonic_time () - connection->touched;

  if (connection->timeout_us > 0)
    gst_arcly_rtmp_timer_start (
        &connection->timer, connection->timeout_us - passed);
  else
    gst_arcly_rtmp_timer_stop (&connection->timer);
}

static gchar *
describe_timeout (GstArclyRtmpConnection *connection)
{
  gdouble seconds = connection->timeout_us / (gdouble) G_TIME_SPAN_SECOND;

  return g_strdup_printf ("timeout: nothing came for %g s", seconds);
}

/* touch() only notes the time, so the timer looks whether it really is due. */
static void
on_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpConnection *connection = timer->data;
  g_autofree gchar *reason = NULL;

  if (connection->state != OPEN) {
    give_up (connection);
    settle (connection);
    return;
  }
  if (g_get_monotonic_time () - connection->touched < connection->timeout_us) {
    start_timer (connection);
    return;
  }

  reason = describe_timeout (connection);
  gst_arcly_rtmp_session_close (
      connection->session, GST_ARCLY_RTMP_CODE_CONNECT_CLOSED, reason);
  finish (connection, reason, TRUE);
  settle (connection);
}

void
gst_arcly_rtmp_connection_set_timeout (
    GstArclyRtmpConnection *connection, GstClockTime timeout)
{
  if (connection->state != OPEN)
    return;
  /* A timeout below 1 us is still one. */
  connection->timeout_us =
      timeout == 0 ? 0 : MAX (GST_TIME_AS_USECONDS (timeout), 1);
  connection->touched = g_get_monotonic_time ();
  if (!connection->paused)
    start_timer (connection);
}

void
gst_arcly_rtmp_connection_touch (GstArclyRtmpConnection *connection)
{
  connection->touched = g_get_monotonic_time ();
}

/* ---- for the owner ---- */

void
gst_arcly_rtmp_connection_pause (GstArclyRtmpConnection *connection)
{
  if (connection->state != OPEN)
    return;
  connection->paused = TRUE;
  gst_arcly_rtmp_timer_stop (&connection->timer);
}

void
gst_arcly_rtmp_connection_resume_with (
    GstArclyRtmpConnection *connection, GstArclyRtmpEvent *event)
{
  g_autoptr (GstArclyRtmpEvent) owned = event;

  if (!connection->paused)
    return;

  connection->paused = FALSE;
  connection->touched = g_get_monotonic_time ();
  start_timer (connection);
  run_events (connection, g_steal_pointer (&owned));
  settle (connection);
}

void
gst_arcly_rtmp_connection_resume (GstArclyRtmpConnection *connection)
{
  gst_arcly_rtmp_connection_resume_with (connection, NULL);
}

void
gst_arcly_rtmp_connection_end (
    GstArclyRtmpConnection *connection, const gchar *reason, gboolean error)
{
  finish (connection, reason, error);
  gst_arcly_rtmp_connection_flush (connection);
}

void
gst_arcly_rtmp_connection_flush (GstArclyRtmpConnection *connection)
{
  if (!connection->busy)
    settle (connection);
}

void
gst_arcly_rtmp_connection_leave (GstArclyRtmpConnection *connection)
{
  g_return_if_fail (connection->busy);

  if (connection->state == OPEN)
    connection->state = LEAVING;
}

void
gst_arcly_rtmp_connection_steal (GstArclyRtmpConnection *connection,
    GstArclyRtmpChannel *channel, GstArclyRtmpSession **session,
    GBytes **unsent)
{
  /* Out of the loop first: the socket goes to another thread. */
  gst_arcly_rtmp_watch_remove (&connection->watch);
  *session = g_steal_pointer (&connection->session);
  *unsent = bytes_unsent (connection) > 0
                ? g_bytes_new (connection->unsent->data + connection->sent,
                      bytes_unsent (connection))
                : NULL;
  *channel = gst_arcly_rtmp_channel_steal (&connection->channel);
}

GstArclyRtmpSession *
gst_arcly_rtmp_connection_get_session (GstArclyRtmpConnection *connection)
{
  return connection->session;
}

GstArclyRtmpConnection *
gst_arcly_rtmp_connection_new (GstArclyRtmpLoop *loop, GstArclyRtmpLoop *shakes,
    GstArclyRtmpChannel *channel, const GstArclyRtmpLimits *limits,
    const guint8 *random, const GstArclyRtmpConnectionFuncs *funcs,
    gpointer data, GError **error)
{
  g_autoptr (GstArclyRtmpConnection) connection =
      g_new0 (GstArclyRtmpConnection, 1);

  connection->channel = gst_arcly_rtmp_channel_steal (channel);
  connection->shakes = shakes;
  connection->funcs = *funcs;
  connection->data = data;
  connection->state = OPEN;
  connection->unsent = g_byte_array_new ();
  connection->session = gst_arcly_rtmp_session_new (limits, random);
  gst_arcly_rtmp_timer_init (&connection->timer, loop, on_timer, connection);
  gst_arcly_rtmp_timer_init (
      &connection->ack_timer, loop, on_ack_timer, connection);
  gst_arcly_rtmp_watch_init (
      &connection->watch, loop, connection->channel.fd, on_ready, connection);
  if (!gst_arcly_rtmp_watch_set (&connection->watch, EPOLLIN, error))
    return NULL;
  return g_steal_pointer (&connection);
}

void
gst_arcly_rtmp_connection_free (GstArclyRtmpConnection *connection)
{
  gst_arcly_rtmp_timer_stop (&connection->timer);
  gst_arcly_rtmp_timer_stop (&connection->ack_timer);
  gst_arcly_rtmp_watch_remove (&connection->watch);
  if (connection->shake)
    gst_arcly_rtmp_shake_cancel (connection->shake);
  gst_arcly_rtmp_channel_clear (&connection->channel);
  g_clear_pointer (&connection->session, gst_arcly_rtmp_session_free);
  g_byte_array_unref (connection->unsent);
  g_free (connection);
}
