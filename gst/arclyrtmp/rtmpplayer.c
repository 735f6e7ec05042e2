/* SPDX-License-Identifier: MIT
 *
 * What a player asks, what it is told, and when it goes. rtmpplayerlog.c knows
 * its place in the log, rtmpplayersend.c sends. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "rtmpplayer.h"

#define GST_CAT_DEFAULT gst_arcly_rtmp_server_debug

/* A player says little. */
#define READ_SIZE GST_ARCLY_RTMP_CHANNEL_READ_SIZE
/* What the kernel may hold for one player; it doubles that for its own needs.
 * The second is what of it may wait for the network: enough to keep that busy,
 * and the rest is in the log, where it can be skipped. */
#define SEND_BUFFER (512 * 1024)
#define UNSENT_BUFFER (128 * 1024)
/* For one player before others have their turn: who begins is given a GOP. */
#define TURN_BYTES (384 * 1024)
/* After the last word, for the peer to close first: see rtmpconnection.c. */
#define LINGER_US (2 * G_TIME_SPAN_SECOND)
/* Stopped, for another play. */
#define IDLE_US (10 * G_TIME_SPAN_SECOND)

/* ---- the socket ---- */

static void
set_options (gint fd)
{
  const gint size = SEND_BUFFER, unsent = UNSENT_BUFFER;

  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

/* ---- life ---- */

static void
note (GstArclyRtmpPlayer *player, GstArclyRtmpPlayerNews news)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpPlayerNote data = { .news = news, .peer = player->peer };

  feed->funcs.note (feed->data, &data);
}

static void
tell_end (GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpPlayerNote data = {
    .news = GST_ARCLY_RTMP_PLAYER_ENDED,
    .peer = player->peer,
    .reason = reason,
    .error = error,
  };

  if (!player->end_told)
    feed->funcs.note (feed->data, &data);
  player->end_told = TRUE;
}

static void
player_free (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpLane *lane = player->lane;

  gst_arcly_rtmp_lane_remove (lane, player);
  gst_arcly_rtmp_timer_stop (&player->timer);
  gst_arcly_rtmp_watch_remove (&player->watch);
  gst_arcly_rtmp_player_leave_log (player);
  gst_clear_buffer (&player->rest);
  g_clear_pointer (&player->said, g_byte_array_unref);
  gst_arcly_rtmp_session_free (player->session);
  gst_arcly_rtmp_channel_clear (&player->channel);
  g_free (player->peer);
  g_free (player);
  gst_arcly_rtmp_feed_gone (lane->feed);
}

/* The peer is gone or as good as. */
void
gst_arcly_rtmp_player_lose (
    GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  tell_end (player, reason, error);
  player->dead = TRUE;
}

void
gst_arcly_rtmp_player_lose_socket (GstArclyRtmpPlayer *player, gint saved_errno)
{
  if (saved_errno == EPIPE || saved_errno == ECONNRESET)
    gst_arcly_rtmp_player_lose (player, "closed by the peer", FALSE);
  else
    gst_arcly_rtmp_player_lose (player,
        gst_arcly_rtmp_channel_describe (&player->channel, saved_errno), TRUE);
}

/* What the session has to say goes out, then the connection ends. */
static void
finish (GstArclyRtmpPlayer *player, const gchar *reason, gboolean error)
{
  if (player->state >= GST_ARCLY_RTMP_PLAYER_ENDING)
    return;
  tell_end (player, reason, error);
  player->talk = TRUE;
  gst_arcly_rtmp_player_leave_log (player);
  gst_arcly_rtmp_session_close (player->session, NULL, NULL);
  player->state = GST_ARCLY_RTMP_PLAYER_ENDING;
  gst_arcly_rtmp_timer_start (&player->timer, LINGER_US);
}

/* ---- lag ---- */

static void
evict (GstArclyRtmpPlayer *player)
{
  gst_arcly_rtmp_session_end_play (player->session, player->stream_id,
      GST_ARCLY_RTMP_CODE_PLAY_SLOW, "too slow for this stream");
  finish (player, "too slow", TRUE);
}

/* For one whose socket takes no more. What it holds stays bounded so: one
 * message, what is in the kernel, and the log from the cursor on. */
static void
judge (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  const GstArclyRtmpFeedSettings *settings = &player->lane->settings;
  GstArclyRtmpPlayerNote lag = { .peer = player->peer };

  if (!gst_arcly_rtmp_player_get_lag (player, &lag))
    return;
  if ((settings->max_lag_time == 0 || lag.lag_time <= settings->max_lag_time) &&
      (settings->max_lag_bytes == 0 ||
          lag.lag_bytes <= settings->max_lag_bytes))
    return;

  lag.news = settings->evict ? GST_ARCLY_RTMP_PLAYER_EVICTED
                             : GST_ARCLY_RTMP_PLAYER_LAGGED;
  gst_arcly_rtmp_count (
      settings->evict ? &feed->counters.evicted : &feed->counters.resyncs, 1);
  feed->funcs.note (feed->data, &lag);
  if (settings->evict)
    evict (player);
  else
    gst_arcly_rtmp_player_begin (
        player, gst_arcly_log_cursor_seq (&player->cursor) + 1);
}

static void
end_of_stream (GstArclyRtmpPlayer *player)
{
  gst_arcly_rtmp_session_end_play (
      player->session, player->stream_id, NULL, "The stream has ended.");
  finish (player, "the stream has ended", FALSE);
}

/* A warning is no refusal: what can be played goes on. */
static void
warn_of_tracks (GstArclyRtmpPlayer *player, const gchar *why)
{
  player->talk = TRUE;
  gst_arcly_rtmp_session_tell_play (player->session, player->stream_id,
      "warning", GST_ARCLY_RTMP_CODE_PLAY_NO_TRACK, why);
}

/* Tracks began, or changed their codec, while it plays. */
static void
follow_tracks (GstArclyRtmpPlayer *player)
{
  g_autofree gchar *why = NULL;
  guint64 since = 0;
  GstArclyRtmpPlayable playable =
      gst_arcly_rtmp_player_check_tracks (player, &why, &since);

  if (playable == GST_ARCLY_RTMP_PLAYABLE_NONE) {
    gst_arcly_rtmp_session_end_play (player->session, player->stream_id,
        GST_ARCLY_RTMP_CODE_PLAY_NO_TRACK, why);
    finish (player, why, TRUE);
    return;
  }
  if (playable == GST_ARCLY_RTMP_PLAYABLE_LESS)
    warn_of_tracks (player, why);
  if (since > 0)
    gst_arcly_rtmp_player_begin (player, since);
}

static void
send_all (GstArclyRtmpPlayer *player)
{
  const _Atomic guint64 *bytes_out = &player->lane->bytes_out;
  const guint64 turn_end = *bytes_out + TURN_BYTES;
  gboolean more = TRUE;

  /* Also of one that takes no more, or its questions would be answered without
   * a bound. */
  gst_arcly_rtmp_player_take_output (player);
  while (more && !player->blocked && !player->dead) {
    if (player->state == GST_ARCLY_RTMP_PLAYER_PLAYING &&
        !gst_arcly_rtmp_player_knows_tracks (player))
      follow_tracks (player);
    more = gst_arcly_rtmp_player_send (player);
    if (player->at_end && !player->dead &&
        player->state == GST_ARCLY_RTMP_PLAYER_PLAYING) {
      end_of_stream (player);
      more = TRUE;
    }
    /* The socket tells at once that it takes more. */
    player->blocked |= more && *bytes_out >= turn_end;
  }
}

/* ---- what happens next ---- */

/* Last thing in whatever happens to the player, which may be freed by it. */
static void
settle (GstArclyRtmpPlayer *player)
{
  g_autoptr (GError) error = NULL;
  gboolean unsent = gst_arcly_rtmp_channel_has_unsent (&player->channel);
  guint32 events = EPOLLIN | (player->blocked || unsent ? EPOLLOUT : 0);

  if (player->state == GST_ARCLY_RTMP_PLAYER_ENDING && !player->rest &&
      !player->said && !unsent) {
    player->state = GST_ARCLY_RTMP_PLAYER_LINGERING;
    gst_arcly_rtmp_channel_shutdown (&player->channel);
  }
  if (!player->dead &&
      !gst_arcly_rtmp_watch_set (&player->watch, events, &error))
    gst_arcly_rtmp_player_lose (player, error->message, TRUE);
  if (player->dead)
    player_free (player);
}

static void
refuse (GstArclyRtmpPlayer *player, const gchar *why)
{
  g_autofree gchar *text =
      g_strdup_printf ("%s: %s", player->lane->feed->path, why);

  gst_arcly_rtmp_session_refuse_stream (player->session, player->stream_id,
      GST_ARCLY_RTMP_CODE_PLAY_NOT_FOUND, text);
  finish (player, why, FALSE);
}

/* Plays as soon as all tracks of the stream are known. */
static void
try_to_start (GstArclyRtmpPlayer *player)
{
  GstArclyRtmpFeed *feed = player->lane->feed;
  g_autofree gchar *why = NULL;
  GstArclyRtmpPlayable playable;
  gboolean ready = atomic_load (&feed->is_ready);
  guint64 since = 0;

  /* Who waits at the beginning gets all of it, however short it was. */
  if (atomic_load (&feed->is_ended) && !(ready && player->cursor.block)) {
    refuse (player, "the stream has ended");
    return;
  }
  if (!ready)
    return;
  player->unplayable = 0;
  playable = gst_arcly_rtmp_player_check_tracks (player, &why, &since);
  if (playable == GST_ARCLY_RTMP_PLAYABLE_NONE) {
    gst_arcly_rtmp_session_refuse_stream (player->session, player->stream_id,
        GST_ARCLY_RTMP_CODE_PLAY_NO_TRACK, why);
    finish (player, why, TRUE);
    return;
  }
  gst_arcly_rtmp_timer_stop (&player->timer);
  player->talk = TRUE;
  gst_arcly_rtmp_session_accept_play (player->session, player->stream_id);
  if (playable == GST_ARCLY_RTMP_PLAYABLE_LESS)
    warn_of_tracks (player, why);
  player->state = GST_ARCLY_RTMP_PLAYER_PLAYING;
  if (player->cursor.block)
    gst_arcly_rtmp_player_begin_at_pin (player);
  else
    /* Without replay: nothing that is there now. */
    gst_arcly_rtmp_player_begin (
        player, player->lane->settings.replay ? 0 : G_MAXUINT64);
  note (player, GST_ARCLY_RTMP_PLAYER_STARTED);
}

static void
wait_for_stream (GstArclyRtmpPlayer *player)
{
  GstClockTime timeout = player->lane->settings.wait_timeout;

  player->state = GST_ARCLY_RTMP_PLAYER_WAITING;
  gst_arcly_rtmp_player_pin_beginning (player);
  if (timeout > 0)
    gst_arcly_rtmp_timer_start (
        &player->timer, MAX (GST_TIME_AS_USECONDS (timeout), 1));
}

void
gst_arcly_rtmp_player_poll (GstArclyRtmpPlayer *player)
{
  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    try_to_start (player);
  if (player->state == GST_ARCLY_RTMP_PLAYER_PLAYING && player->blocked)
    judge (player);
  send_all (player);
  settle (player);
}

static void
on_timer (GstArclyRtmpTimer *timer)
{
  GstArclyRtmpPlayer *player = timer->data;

  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    refuse (player, "nobody publishes it");
  else if (player->state == GST_ARCLY_RTMP_PLAYER_IDLE)
    finish (player, "timeout: it plays nothing", FALSE);
  else
    player->dead = TRUE;
  if (!player->dead)
    send_all (player);
  settle (player);
}

/* ---- what the peer says ---- */

static void
on_pause (GstArclyRtmpPlayer *player, gboolean paused)
{
  if (paused && player->state == GST_ARCLY_RTMP_PLAYER_PLAYING) {
    player->state = GST_ARCLY_RTMP_PLAYER_PAUSED;
    gst_arcly_rtmp_player_leave_log (player);
  } else if (!paused && player->state == GST_ARCLY_RTMP_PLAYER_PAUSED) {
    player->state = GST_ARCLY_RTMP_PLAYER_PLAYING;
    gst_arcly_rtmp_player_begin (player, 0);
  }
}

static void
on_receive (GstArclyRtmpPlayer *player, const GstArclyRtmpReceive *receive)
{
  gboolean again = player->no_video && receive->on;

  if (receive->kind == GST_ARCLY_RTMP_AUDIO)
    player->no_audio = !receive->on;
  else
    player->no_video = !receive->on;
  gst_arcly_rtmp_player_update_skip (player);
  if (receive->kind == GST_ARCLY_RTMP_AUDIO)
    return;
  /* It has missed frames that the next ones build on. */
  if (again && player->state == GST_ARCLY_RTMP_PLAYER_PLAYING)
    gst_arcly_rtmp_player_begin (player, 0);
}

static void
on_play (GstArclyRtmpPlayer *player, GstArclyRtmpEvent *event)
{
  if (player->state != GST_ARCLY_RTMP_PLAYER_IDLE ||
      strcmp (event->stream.path, player->lane->feed->path) != 0) {
    gst_arcly_rtmp_session_refuse_stream (player->session, event->stream_id,
        GST_ARCLY_RTMP_CODE_PLAY_FAILED,
        "this connection had another stream: open a new one");
    return;
  }
  player->stream_id = event->stream_id;
  player->no_audio = player->no_video = FALSE;
  wait_for_stream (player);
  try_to_start (player);
}

static void
on_stop (GstArclyRtmpPlayer *player)
{
  gst_arcly_rtmp_player_leave_log (player);
  player->state = GST_ARCLY_RTMP_PLAYER_IDLE;
  gst_arcly_rtmp_timer_start (&player->timer, IDLE_US);
}

static void
on_event (GstArclyRtmpPlayer *player, GstArclyRtmpEvent *event)
{
  if (event->kind == GST_ARCLY_RTMP_EVENT_PLAY) {
    on_play (player, event);
    return;
  }
  if (event->kind == GST_ARCLY_RTMP_EVENT_PUBLISH) {
    gst_arcly_rtmp_session_refuse_stream (player->session, event->stream_id,
        GST_ARCLY_RTMP_CODE_PUBLISH_DENIED,
        "this connection plays: open another to publish");
    return;
  }
  if (event->stream_id != player->stream_id)
    return;
  if (event->kind == GST_ARCLY_RTMP_EVENT_STOP)
    on_stop (player);
  if (event->kind == GST_ARCLY_RTMP_EVENT_PAUSE)
    on_pause (player, event->paused);
  if (event->kind == GST_ARCLY_RTMP_EVENT_RECEIVE)
    on_receive (player, &event->receive);
}

static void
run_events (GstArclyRtmpPlayer *player)
{
  g_autoptr (GError) error = NULL;

  while (player->state < GST_ARCLY_RTMP_PLAYER_ENDING) {
    g_autoptr (GstArclyRtmpEvent) event = NULL;

    if (!gst_arcly_rtmp_session_next_event (player->session, &event, &error)) {
      finish (player, error->message, TRUE);
      return;
    }
    if (event == NULL)
      break;
    on_event (player, event);
  }
  gst_arcly_rtmp_session_acknowledge (player->session);
}

/* What comes after our last word is thrown away, for a while. */
static void
receive (GstArclyRtmpPlayer *player)
{
  guint8 data[READ_SIZE];
  g_autoptr (GError) error = NULL;
  gssize size =
      gst_arcly_rtmp_channel_recv (&player->channel, data, sizeof data);

  if (size == 0) {
    gst_arcly_rtmp_player_lose (player, "closed by the peer", FALSE);
  } else if (size < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      gst_arcly_rtmp_player_lose_socket (player, errno);
  } else if (player->state < GST_ARCLY_RTMP_PLAYER_ENDING) {
    player->talk = TRUE;
    if (!gst_arcly_rtmp_session_feed (player->session, data, size, &error))
      finish (player, error->message, TRUE);
    else
      run_events (player);
  }
}

static void
on_ready (GstArclyRtmpWatch *watch, guint32 events)
{
  GstArclyRtmpPlayer *player = watch->data;

  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
    receive (player);
  if ((events & EPOLLOUT) && !player->dead)
    gst_arcly_rtmp_player_unblock (player);
  if (!player->dead)
    send_all (player);
  settle (player);
}

/* ---- for the lane ---- */

guint *
gst_arcly_rtmp_player_index (GstArclyRtmpPlayer *player)
{
  return &player->index;
}

void
gst_arcly_rtmp_player_prefetch (const GstArclyRtmpPlayer *player)
{
  __builtin_prefetch (player);
  __builtin_prefetch ((const guint8 *) player + 64);
}

GstArclyRtmpPlayer *
gst_arcly_rtmp_player_new (GstArclyRtmpLane *lane, GstArclyRtmpHandoff *handoff)
{
  GstArclyRtmpPlayer *player = g_new0 (GstArclyRtmpPlayer, 1);

  player->lane = lane;
  player->channel = gst_arcly_rtmp_channel_steal (&handoff->channel);
  player->session = g_steal_pointer (&handoff->session);
  player->peer = g_steal_pointer (&handoff->peer);
  player->stream_id = handoff->stream_id;
  if (handoff->unsent)
    g_byte_array_append (gst_arcly_rtmp_player_get_said (player),
        g_bytes_get_data (handoff->unsent, NULL),
        g_bytes_get_size (handoff->unsent));
  gst_arcly_rtmp_handoff_free (handoff);

  player->talk = TRUE;
  set_options (player->channel.fd);
  gst_arcly_rtmp_timer_init (&player->timer, lane->loop, on_timer, player);
  gst_arcly_rtmp_watch_init (
      &player->watch, lane->loop, player->channel.fd, on_ready, player);
  wait_for_stream (player);
  return player;
}

/* Unread input would make close() a reset, which takes from the peer what it
 * has not read. */
static void
discard_input (GstArclyRtmpPlayer *player)
{
  guint8 data[READ_SIZE];
  guint i;

  for (i = 0; i < 16; i++) {
    if (gst_arcly_rtmp_channel_recv (&player->channel, data, sizeof data) <= 0)
      return;
  }
}

void
gst_arcly_rtmp_player_close (GstArclyRtmpPlayer *player, const gchar *reason)
{
  if (player->state == GST_ARCLY_RTMP_PLAYER_WAITING)
    refuse (player, reason);
  gst_arcly_rtmp_session_end_play (
      player->session, player->stream_id, NULL, reason);
  finish (player, reason, FALSE);
  gst_arcly_rtmp_player_unblock (player);
  send_all (player);
  gst_arcly_rtmp_channel_shutdown (&player->channel);
  discard_input (player);
  player_free (player);
}
