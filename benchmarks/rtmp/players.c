/* SPDX-License-Identifier: MIT
 *
 * A publisher and many players for an RTMP server, in one process: what they
 * cost the server, and what they get. The publisher puts the time into each
 * frame; the players read just enough of the protocol to find it. Prints JSON.
 * script/bench rtmp runs it against our server and nginx-rtmp. */
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtmp/rtmpamf.h"
#include "rtmp/rtmpchunk.h"

#define HANDSHAKE 1536
#define AUDIO_SIZE 266
#define AUDIO_PER_SECOND 47
/* Tag header, NAL length, NAL header, time. */
#define VIDEO_HEAD (5 + 4 + 1 + 8)
#define KEY_FACTOR 5
#define MAX_CHUNK_STREAMS 64
/* No frame for so long is a stall. */
#define STALL_US 500000
#define SLOW_BYTES_PER_SECOND (10000 / 8)

static struct {
  gint port;
  gint pid;
  gint players;
  gint slow;
  gint fps;
  gint gop;
  gint kbits;
  gint join_ms;
  gint seconds;
} options = { 0, 0, 100, 0, 30, 60, 2640, 5000, 5 };

static GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &options.port, "of the server", NULL },
  { "pid", 0, 0, G_OPTION_ARG_INT, &options.pid,
      "of the process whose CPU time counts", NULL },
  { "players", 0, 0, G_OPTION_ARG_INT, &options.players, "how many", NULL },
  { "slow", 0, 0, G_OPTION_ARG_INT, &options.slow,
      "how many of them read 10 kbit/s", NULL },
  { "fps", 0, 0, G_OPTION_ARG_INT, &options.fps, "frames a second", NULL },
  { "gop", 0, 0, G_OPTION_ARG_INT, &options.gop, "frames a GOP", NULL },
  { "kbits", 0, 0, G_OPTION_ARG_INT, &options.kbits, "of the stream", NULL },
  { "join-ms", 0, 0, G_OPTION_ARG_INT, &options.join_ms,
      "players come at random moments in so long", NULL },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &options.seconds,
      "of measuring once all are there", NULL },
  { NULL },
};

/* ---- what both say ---- */

static void
say (GByteArray *out, guint32 stream_id, const gchar *name, gdouble transaction,
    const gchar *argument, const gchar *more)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  gst_arcly_amf_write_string (name, body);
  gst_arcly_amf_write_number (transaction, body);
  gst_arcly_amf_write_null (body);
  if (argument)
    gst_arcly_amf_write_string (argument, body);
  if (more)
    gst_arcly_amf_write_string (more, body);
  gst_arcly_rtmp_chunk_write (out, 128, 3, GST_ARCLY_RTMP_COMMAND_AMF0,
      stream_id, 0, body->data, body->len);
}

static void
say_connect (GByteArray *out)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);

  gst_arcly_amf_value_add_string (object, "app", "live");
  gst_arcly_amf_value_add_string (object, "tcUrl", "rtmp://127.0.0.1/live");
  gst_arcly_amf_write_string ("connect", body);
  gst_arcly_amf_write_number (1, body);
  gst_arcly_amf_value_write (object, body);
  gst_arcly_rtmp_chunk_write (
      out, 128, 3, GST_ARCLY_RTMP_COMMAND_AMF0, 0, 0, body->data, body->len);
}

static gint
open_socket (gboolean blocking)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  const gint on = 1;
  gint fd = socket (
      AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);

  address.sin_port = htons (options.port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 ||
      (connect (fd, (struct sockaddr *) &address, sizeof address) != 0 &&
          errno != EINPROGRESS)) {
    g_printerr ("cannot connect: %s\n", g_strerror (errno));
    _exit (1);
  }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* ---- the publisher, a thread of its own ---- */

static gint publisher_fd = -1;
static gint publishing; /* atomic */

static void
send_all (const guint8 *data, gsize size)
{
  while (size > 0) {
    gssize n = send (publisher_fd, data, size, MSG_NOSIGNAL);

    if (n <= 0) {
      g_printerr ("the publisher was closed\n");
      _exit (1);
    }
    data += n;
    size -= n;
  }
}

static void
send_message (guint8 type, guint32 timestamp, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gst_arcly_rtmp_chunk_write (out, 65536,
      type == GST_ARCLY_RTMP_VIDEO_MESSAGE ? 6 : 4, type, 1, timestamp, data,
      size);
  send_all (out->data, out->len);
}

static void
read_some (gsize at_least)
{
  guint8 data[16384];

  while (at_least > 0) {
    gssize n = recv (publisher_fd, data, sizeof data, 0);

    if (n <= 0)
      _exit (1);
    at_least -= MIN ((gsize) n, at_least);
  }
}

static void
start_publisher (void)
{
  /* Of 320x240, 25 frames a second. */
  static const guint8 avc[] = { 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x0d, 0xff,
    0xe1, 0, 24, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10,
    0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 1, 0, 4, 0x68, 0xcb, 0x83, 0xcb };
  static const guint8 aac[] = { 0xaf, 0, 0x11, 0x90 };
  static const guint8 chunk_size[] = { 0, 1, 0, 0 };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 hello[1 + HANDSHAKE] = { 3 };

  publisher_fd = open_socket (TRUE);
  send_all (hello, sizeof hello);
  read_some (1 + 2 * HANDSHAKE);
  g_byte_array_append (out, hello + 1, HANDSHAKE);
  say_connect (out);
  say (out, 0, "createStream", 2, NULL, NULL);
  say (out, 1, "publish", 3, "bench", "live");
  gst_arcly_rtmp_chunk_write (
      out, 128, 2, GST_ARCLY_RTMP_SET_CHUNK_SIZE, 0, 0, chunk_size, 4);
  send_all (out->data, out->len);
  send_message (GST_ARCLY_RTMP_VIDEO_MESSAGE, 0, avc, sizeof avc);
  send_message (GST_ARCLY_RTMP_AUDIO_MESSAGE, 0, aac, sizeof aac);
}

static void
drop_answers (void)
{
  guint8 data[4096];

  while (recv (publisher_fd, data, sizeof data, MSG_DONTWAIT) > 0)
    ;
}

static void
send_video (guint8 *frame, guint n, gsize size)
{
  gboolean key = n % options.gop == 0;
  gint64 now = g_get_monotonic_time ();
  guint32 length;

  size = MAX (key ? size * KEY_FACTOR : size, VIDEO_HEAD);
  frame[0] = key ? 0x17 : 0x27;
  frame[1] = 1;
  frame[2] = frame[3] = frame[4] = 0;
  length = GUINT32_TO_BE ((guint32) size - 9);
  memcpy (frame + 5, &length, 4);
  frame[9] = key ? 0x65 : 0x41;
  memcpy (frame + 10, &now, sizeof now);
  send_message (GST_ARCLY_RTMP_VIDEO_MESSAGE,
      (guint32) ((guint64) n * 1000 / options.fps), frame, size);
}

static gpointer
publish (gpointer unused)
{
  gsize bytes = (gsize) options.kbits * 125 - AUDIO_SIZE * AUDIO_PER_SECOND;
  /* One keyframe in a GOP is larger than the rest. */
  gsize size =
      bytes / options.fps * options.gop / (options.gop + KEY_FACTOR - 1);
  g_autofree guint8 *frame = g_malloc0 (size * KEY_FACTOR + VIDEO_HEAD);
  guint8 sound[AUDIO_SIZE] = { 0xaf, 1 };
  gint64 start = g_get_monotonic_time ();
  guint n_video = 0, n_audio = 0;

  start_publisher ();
  while (g_atomic_int_get (&publishing)) {
    gint64 video = start + (gint64) n_video * 1000000 / options.fps;
    gint64 audio = start + (gint64) n_audio * 1000000 / AUDIO_PER_SECOND;
    gint64 left = MIN (video, audio) - g_get_monotonic_time ();

    if (left > 0)
      g_usleep (left);
    drop_answers ();
    if (video <= audio)
      send_video (frame, n_video++, size);
    else
      send_message (GST_ARCLY_RTMP_AUDIO_MESSAGE,
          (guint32) ((guint64) n_audio++ * 1000 / AUDIO_PER_SECOND), sound,
          sizeof sound);
  }
  close (publisher_fd);
  return NULL;
}

/* ---- players ---- */

/* As far as the chunks of one stream tell. */
typedef struct {
  guint32 length;
  guint32 got;
  guint8 type;
  gboolean extended;
  guint8 head[VIDEO_HEAD];
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

typedef struct {
  guint32 *values;
  guint n, room;
} Samples;

static struct {
  gint epoll;
  Player *players;
  guint n_keys; /* players that have a keyframe, of those not slow */
  guint n_closed;
  gboolean measuring;
  guint64 bytes;
  guint64 frames;
  guint64 stalls;
  Samples delays; /* us, of frames */
  Samples joins;
} all;

static void
add_sample (Samples *samples, gint64 value)
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
    say (out, 0, "createStream", 2, NULL, NULL);
  else if (player->results == 2)
    say (out, 1, "play", 0, "bench", NULL);
  if (out->len > 0)
    send_bytes (player, out);
}

static void
on_video (Player *player, const Stream *stream)
{
  gint64 now = g_get_monotonic_time (), sent;

  if (stream->length < VIDEO_HEAD || stream->head[1] != 1)
    return;
  if (player->key_us == 0 && stream->head[0] == 0x17 && !player->slow) {
    player->key_us = MAX (now - player->began, 1);
    add_sample (&all.joins, player->key_us);
    all.n_keys++;
  }
  memcpy (&sent, stream->head + 10, sizeof sent);
  if (all.measuring && !player->slow) {
    add_sample (&all.delays, now - sent);
    all.frames++;
    if (now - player->frame > STALL_US)
      all.stalls++;
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

      g_byte_array_set_size (out, HANDSHAKE);
      memset (out->data, 0, HANDSHAKE);
      say_connect (out);
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
  player->skip = 1 + 2 * HANDSHAKE;
  player->fd = open_socket (FALSE);
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
    all.n_closed++;
    return 0;
  }
  if (n > 0 && !player->slow)
    all.bytes += all.measuring ? n : 0;
  if (n > 0)
    on_bytes (player, data, n);
  return n;
}

static void
on_ready (Player *player, guint32 events)
{
  guint8 hello[1 + HANDSHAKE] = { 3 };

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
  for (i = 0; i < options.slow; i++) {
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

/* Until @end, or until all have a keyframe if that is sooner and wanted. */
static void
run (gint64 end, gboolean joining)
{
  static gint next;
  struct epoll_event ready[256];
  gint64 now = g_get_monotonic_time ();

  while (now < end &&
         !(joining && next == options.players &&
             all.n_keys == (guint) (options.players - options.slow))) {
    gint timeout = 10, i, n;

    while (next < options.players && all.players[next].due <= now)
      come (&all.players[next++], now);
    if (next < options.players)
      timeout = CLAMP ((all.players[next].due - now) / 1000, 0, 10);
    n = epoll_wait (all.epoll, ready, G_N_ELEMENTS (ready), timeout);
    for (i = 0; i < n; i++)
      on_ready (ready[i].data.ptr, ready[i].events);
    now = g_get_monotonic_time ();
    read_slowly (now);
  }
}

/* ---- the server, from outside ---- */

static gdouble
server_cpu_ms (void)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%d/stat", options.pid);
  g_autofree gchar *text = NULL;
  unsigned long user = 0, system = 0;
  const gchar *rest;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  rest = strrchr (text, ')');
  if (rest == NULL ||
      sscanf (rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
          &user, &system) != 2)
    return 0;
  return (user + system) * 1000.0 / sysconf (_SC_CLK_TCK);
}

static guint64
server_rss_kib (void)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%d/status", options.pid);
  g_autofree gchar *text = NULL;
  const gchar *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  line = strstr (text, "VmRSS:");
  return line ? g_ascii_strtoull (line + 6, NULL, 10) : 0;
}

/* ---- the report ---- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint32 one = *(const guint32 *) a, two = *(const guint32 *) b;

  return one < two ? -1 : one > two;
}

static void
add_number (JsonBuilder *json, const gchar *name, gdouble value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, value);
}

static void
add_percentiles (JsonBuilder *json, const gchar *name, Samples *samples)
{
  static const struct {
    const gchar *name;
    gdouble part;
  } parts[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } };
  guint i;

  qsort (samples->values, samples->n, sizeof (guint32), compare);
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    add_number (json, parts[i].name,
        samples->n == 0
            ? -1
            : samples->values[(guint) (parts[i].part * (samples->n - 1))] /
                  1000.0);
  json_builder_end_object (json);
}

static void
report (gdouble cpu_ms, guint64 rss_before, guint64 rss)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;
  gdouble mbit = all.bytes * 8 / 1e6;

  json_builder_begin_object (json);
  add_number (json, "players", options.players);
  add_number (json, "slow", options.slow);
  add_number (json, "gop", options.gop);
  add_number (json, "got-keyframe", all.n_keys);
  add_number (json, "closed", all.n_closed);
  add_number (json, "seconds", options.seconds);
  add_number (json, "mbit", mbit);
  add_number (json, "frames", all.frames);
  add_number (json, "frames-expected",
      (gdouble) (options.players - options.slow) * options.seconds *
          options.fps);
  add_number (json, "cpu-ms", cpu_ms);
  add_number (json, "cpu-ms-per-mbit", mbit > 0 ? cpu_ms / mbit : 0);
  add_number (json, "rss-kib", rss);
  add_number (json, "rss-kib-per-player",
      ((gdouble) rss - rss_before) / options.players);
  add_number (json, "stalls", all.stalls);
  add_percentiles (json, "first-keyframe-ms", &all.joins);
  add_percentiles (json, "latency-ms", &all.delays);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, NULL);
  puts (text);
}

static void
samples_init (Samples *samples, guint room)
{
  samples->room = room;
  samples->values = g_new (guint32, room);
}

static void
prepare_players (gint64 start)
{
  gint i;

  all.epoll = epoll_create1 (EPOLL_CLOEXEC);
  all.players = g_new0 (Player, options.players);
  samples_init (&all.joins, options.players);
  samples_init (&all.delays, 4 * 1000 * 1000);
  for (i = 0; i < options.players; i++) {
    all.players[i].fd = -1;
    all.players[i].slow = i < options.slow;
    /* The slow ones come first. */
    all.players[i].due =
        start +
        (i < options.slow ? 0 : g_random_double () * options.join_ms * 1000);
  }
  qsort (all.players, options.players, sizeof (Player), by_due);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  const struct rlimit files = { 65536, 65536 };
  GThread *publisher;
  guint64 rss_before;
  gdouble cpu;
  gint i;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  setrlimit (RLIMIT_NOFILE, &files);
  publishing = TRUE;
  publisher = g_thread_new ("publisher", publish, NULL);
  /* A GOP is there before the first player. */
  g_usleep (G_USEC_PER_SEC * (options.gop + options.fps) / options.fps);
  rss_before = server_rss_kib ();

  prepare_players (g_get_monotonic_time ());
  run (g_get_monotonic_time () + options.join_ms * 1000 +
           30 * G_TIME_SPAN_SECOND,
      TRUE);
  for (i = 0; i < options.players; i++)
    all.players[i].frame = g_get_monotonic_time ();
  cpu = server_cpu_ms ();
  all.measuring = TRUE;
  run (g_get_monotonic_time () + options.seconds * G_TIME_SPAN_SECOND, FALSE);
  all.measuring = FALSE;
  report (server_cpu_ms () - cpu, rss_before, server_rss_kib ());
  g_atomic_int_set (&publishing, FALSE);
  g_thread_join (publisher);
  return 0;
}
