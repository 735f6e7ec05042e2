/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "players.h"
#include "rtmp/rtmpchunk.h"

#define AUDIO_SIZE 266
#define AUDIO_PER_SECOND 47
#define KEY_FACTOR 5

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
  guint8 hello[1 + PLAYERS_HANDSHAKE] = { 3 };

  publisher_fd = players_open_socket (TRUE);
  send_all (hello, sizeof hello);
  read_some (1 + 2 * PLAYERS_HANDSHAKE);
  g_byte_array_append (out, hello + 1, PLAYERS_HANDSHAKE);
  players_say_connect (out);
  players_say (out, 0, "createStream", 2, NULL, NULL);
  players_say (out, 1, "publish", 3, "bench", "live");
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
  gboolean key = n % players_options.gop == 0;
  gint64 now = g_get_monotonic_time ();
  guint32 length;

  size = MAX (key ? size * KEY_FACTOR : size, PLAYERS_VIDEO_HEAD);
  frame[0] = key ? 0x17 : 0x27;
  frame[1] = 1;
  frame[2] = frame[3] = frame[4] = 0;
  length = GUINT32_TO_BE ((guint32) size - 9);
  memcpy (frame + 5, &length, 4);
  frame[9] = key ? 0x65 : 0x41;
  memcpy (frame + 10, &now, sizeof now);
  send_message (GST_ARCLY_RTMP_VIDEO_MESSAGE,
      (guint32) ((guint64) n * 1000 / players_options.fps), frame, size);
}

static gpointer
publish (gpointer unused)
{
  gsize bytes =
      (gsize) players_options.kbits * 125 - AUDIO_SIZE * AUDIO_PER_SECOND;
  /* One keyframe in a GOP is larger than the rest. */
  gsize size = bytes / players_options.fps * players_options.gop /
               (players_options.gop + KEY_FACTOR - 1);
  g_autofree guint8 *frame = g_malloc0 (size * KEY_FACTOR + PLAYERS_VIDEO_HEAD);
  guint8 sound[AUDIO_SIZE] = { 0xaf, 1 };
  gint64 start = g_get_monotonic_time ();
  guint n_video = 0, n_audio = 0;

  start_publisher ();
  while (g_atomic_int_get (&publishing)) {
    gint64 video = start + (gint64) n_video * 1000000 / players_options.fps;
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

static GThread *thread;

void
players_publisher_start (void)
{
  g_atomic_int_set (&publishing, TRUE);
  thread = g_thread_new ("publisher", publish, NULL);
}

void
players_publisher_stop (void)
{
  g_atomic_int_set (&publishing, FALSE);
  g_thread_join (thread);
}
