/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "players.h"
#include "rtmp/rtmpchunk.h"

/* No frame for so long is a stall. */
#define STALL_US 500000
#define SLOW_BYTES_PER_SECOND (10000 / 8)

/* As far as the chunks of one stream tell. */
typedef struct {
  guint32 length;
  guint32 got;
  guint8 type;
  gboolean extended;
  guint8 head[PLAYERS_VIDEO_HEAD];
} Stream;

typedef struct {
  gint fd;
  gboolean slow;
  gint64 due;    /* when it comes */
  gint64 began;  /* when it did */
  gint64 key_us; /* to the first keyframe; 0: none yet */
  gint64 frame;  /* when the last frame came */
  guint results; /* _result commands read */
  gsize skip;    /* of the handshake */
  guint32 chunk_size;
  guint32 left;    /* of the chunk */
  Stream *current; /* whose chunk it is; NULL: a header is next */
  guint8 header[18];
  guint header_size;
  Stream streams[8];
  guint8 ids[8];
  guint n_streams;
} Player;

static struct {
  gint epoll;
  Player *players;
  PlayersResult result;
} all;

static void
add_sample (PlayersSamples *samples, gint64 value)
{
  if (samples->n == samples->room)
    return;
  samples->values[samples->n++] = CLAMP (value, 0, G_MAXUINT32);
}

static void
send_bytes (Player *player, const GByteArray *out)
{
  /* Little enough for any socket. */
  if (send (player->fd, out->data, out->len, MSG_NOSIGNAL) != (gssize) out->len)
    g_printerr ("a player could not speak\n");
}

static void
on_result (Player *player)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  player->results++;
  if (player->results == 1)
    players_say (out, 0, "createStream", 2, NULL, NULL);
  else if (player->results == 2)
    players_say (out, 1, "play", 0, "bench", NULL);
  if (out->len > 0)
    send_bytes (player, out);
}

static void
on_video (Player *player, const Stream *stream)
{
  gint64 now = g_get_monotonic_time (), sent;

  if (stream->length < PLAYERS_VIDEO_HEAD || stream->head[1] != 1)
    return;
  if (player->key_us == 0 && stream->head[0] == 0x17 && !player->slow) {
    player->key_us = MAX (now - player->began, 1);
    add_sample (&all.result.joins, player->key_us);
    all.result.n_keys++;
  }
  memcpy (&sent, stream->head + 10, sizeof sent);
  if (all.result.measuring && !player->slow) {
    add_sample (&all.result.delays, now - sent);
    all.result.frames++;
    if (now - player->frame > STALL_US)
      all.result.stalls++;
  }
  player->frame = now;
}

static void
on_message (Player *player, const Stream *stream)
{
  guint32 size;

  if (stream->type == GST_ARCLY_RTMP_SET_CHUNK_SIZE && stream->length == 4) {
    memcpy (&size, stream->head, 4);
    player->chunk_size = GUINT32_FROM_BE (size);
  } else if (stream->type == GST_ARCLY_RTMP_COMMAND_AMF0 &&
             stream->length > 10 &&
             memcmp (stream->head, "\x02\x00\x07_result", 10) == 0) {
    on_result (player);
  } else if (stream->type == GST_ARCLY_RTMP_VIDEO_MESSAGE) {
    on_video (player, stream);
  }
}

static Stream *
get_stream (Player *player, guint8 id)
{
  guint i;

  for (i = 0; i < player->n_streams; i++) {
    if (player->ids[i] == id)
      return &player->streams[i];
  }
  g_assert (player->n_streams < G_N_ELEMENTS (player->ids));
  player->ids[player->n_streams] = id;
  return &player->streams[player->n_streams++];
}

/* Bytes that a header needs, as far as what is there tells. */
static guint
header_needs (Player *player)
{
  static const guint sizes[] = { 12, 8, 4, 1 };
  guint type, size;

  if (player->header_size == 0)
    return 1;
  type = player->header[0] >> 6;
  size = sizes[type];
  g_assert ((player->header[0] & 0x3f) >= 2); /* one byte */
  if (type == 3)
    return size +
           (get_stream (player, player->header[0] & 0x3f)->extended ? 4 : 0);
  if (player->header_size >= 4 &&
      memcmp (player->header + 1, "\xff\xff\xff", 3) == 0)
    size += 4;
  return size;
}

static void
on_header (Player *player)
{
  Stream *stream = get_stream (player, player->header[0] & 0x3f);
  guint type = player->header[0] >> 6;

  if (type < 3)
    stream->extended = memcmp (player->header + 1, "\xff\xff\xff", 3) == 0;
  if (type < 2) {
    stream->length =
        player->header[4] << 16 | player->header[5] << 8 | player->header[6];
    stream->type = player->header[7];
  }
  player->header_size = 0;
  player->current = stream;
  player->left = MIN (player->chunk_size, stream->length - stream->got);
}

static void
on_payload (Player *player, const guint8 *data, gsize size)
{
  Stream *stream = player->current;

  if (stream->got < sizeof stream->head)
    memcpy (stream->head + stream->got, data,
        MIN (size, sizeof stream->head - stream->got));
  stream->got += size;
  player->left -= size;
  if (player->left > 0)
    return;
  player->current = NULL;
  if (stream->got < stream->length)
    return;
  stream->got = 0;
  on_message (player, stream);
}

static void
on_bytes (Player *player, const guint8 *data, gsize size)
{
  if (player->skip > 0) {
    gsize n = MIN (player->skip, size);

    player->skip -= n;
    data += n;
    size -= n;
    if (player->skip == 0) {
      g_autoptr (GByteArray) out = g_byte_array_new ();

      g_byte_array_set_size (out, PLAYERS_HANDSHAKE);
      memset (out->data, 0, PLAYERS_HANDSHAKE);
      players_say_connect (out);
      send_bytes (player, out);
    }
  }
  while (size > 0) {
    gsize n = 1;

    if (player->current) {
      n = MIN (player->left, size);
      on_payload (player, data, n);
    } else {
      player->header[player->header_size++] = *data;
      if (player->header_size == header_needs (player))
        on_header (player);
    }
    data += n;
    size -= n;
  }
}

static void
watch (Player *player, gint op, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = player };

  epoll_ctl (all.epoll, op, player->fd, &event);
}

static void
come (Player *player, gint64 now)
{
  player->began = now;
  player->chunk_size = 128;
  player->skip = 1 + 2 * PLAYERS_HANDSHAKE;
  player->fd = players_open_socket (FALSE);
  watch (player, EPOLL_CTL_ADD, EPOLLOUT);
}

static gssize
read_player (Player *player, gsize most)
{
  static guint8 data[256 * 1024];
  gssize n = recv (player->fd, data, MIN (most, sizeof data), 0);

  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    watch (player, EPOLL_CTL_DEL, 0);
    close (player->fd);
    player->fd = -1;
    all.result.n_closed++;
    return 0;
  }
  if (n > 0 && !player->slow)
    all.result.bytes += all.result.measuring ? n : 0;
  if (n > 0)
    on_bytes (player, data, n);
  return n;
}

static void
on_ready (Player *player, guint32 events)
{
  guint8 hello[1 + PLAYERS_HANDSHAKE] = { 3 };

  if (events & EPOLLOUT) {
    watch (player, EPOLL_CTL_MOD, EPOLLIN);
    if (send (player->fd, hello, sizeof hello, MSG_NOSIGNAL) < 0)
      g_printerr ("a player could not connect\n");
    return;
  }
  read_player (player, G_MAXSIZE);
  /* Up to play it is as quick as others. */
  if (player->slow && player->results >= 2 && player->fd >= 0)
    watch (player, EPOLL_CTL_DEL, 0);
}

static void
read_slowly (gint64 now)
{
  static gint64 last;
  gint i;

  if (now - last < 1000000)
    return;
  last = now;
  for (i = 0; i < players_options.slow; i++) {
    if (all.players[i].results >= 2 && all.players[i].fd >= 0)
      read_player (&all.players[i], SLOW_BYTES_PER_SECOND);
  }
}

static gint
by_due (gconstpointer a, gconstpointer b)
{
  const Player *one = a, *two = b;

  return one->due < two->due ? -1 : one->due > two->due;
}

void
players_run (gint64 end, gboolean joining)
{
  static gint next;
  struct epoll_event ready[256];
  gint64 now = g_get_monotonic_time ();

  while (now < end &&
         !(joining && next == players_options.players &&
             all.result.n_keys ==
                 (guint) (players_options.players - players_options.slow))) {
    gint timeout = 10, i, n;

    while (next < players_options.players && all.players[next].due <= now)
      come (&all.players[next++], now);
    if (next < players_options.players)
      timeout = CLAMP ((all.players[next].due - now) / 1000, 0, 10);
    n = epoll_wait (all.epoll, ready, G_N_ELEMENTS (ready), timeout);
    for (i = 0; i < n; i++)
      on_ready (ready[i].data.ptr, ready[i].events);
    now = g_get_monotonic_time ();
    read_slowly (now);
  }
}

static void
samples_init (PlayersSamples *samples, guint room)
{
  samples->room = room;
  samples->values = g_new (guint32, room);
}

void
players_prepare (gint64 start)
{
  gint i;

  all.epoll = epoll_create1 (EPOLL_CLOEXEC);
  all.players = g_new0 (Player, players_options.players);
  samples_init (&all.result.joins, players_options.players);
  samples_init (&all.result.delays, 4 * 1000 * 1000);
  for (i = 0; i < players_options.players; i++) {
    all.players[i].fd = -1;
    all.players[i].slow = i < players_options.slow;
    /* The slow ones come first. */
    all.players[i].due =
        start + (i < players_options.slow
                        ? 0
                        : g_random_double () * players_options.join_ms * 1000);
  }
  qsort (all.players, players_options.players, sizeof (Player), by_due);
}

void
players_measure (gboolean on)
{
  gint i;

  for (i = 0; on && i < players_options.players; i++)
    all.players[i].frame = g_get_monotonic_time ();
  all.result.measuring = on;
}

PlayersResult *
players_get_result (void)
{
  return &all.result;
}
