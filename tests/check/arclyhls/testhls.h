/* SPDX-License-Identifier: MIT
 *
 * What the tests of arclyhlssink share: frames, a folder, and an element whose
 * playlists are all checked as they are written. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <glib/gstdio.h>

#include "hlslint.h"

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "width=(int)320, height=(int)240, framerate=(fraction)25/1"
#define AUDIO_CAPS                                                             \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define FRAME_TIME (40 * GST_MSECOND)
#define SOUND_TIME (1024 * GST_SECOND / 48000)
#define KEY_INTERVAL 25

typedef struct {
  gchar *folder;
  GstElement *sink;
  GstBus *bus;
  GstHarness *video;
  GstHarness *audio;
  gchar *playlist; /* that was there last */
  gboolean restarted;
  guint n_playlists;
  gboolean fmp4; /* the format of segments; set before the sink is made */
} TestHls;

static inline gchar *
test_hls_path (TestHls *t, const gchar *name)
{
  return g_build_filename (t->folder, name, NULL);
}

static inline gboolean
test_hls_has (TestHls *t, const gchar *name)
{
  g_autofree gchar *path = test_hls_path (t, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The name of the segment with this number, or NULL. */
static inline gchar *
test_hls_find_segment (TestHls *t, guint number)
{
  g_autoptr (GDir) dir = g_dir_open (t->folder, 0, NULL);
  g_autofree gchar *end =
      g_strdup_printf ("-%05u.%s", number, t->fmp4 ? "m4s" : "ts");
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    if (g_str_has_prefix (name, "segment-") && g_str_has_suffix (name, end))
      return g_strdup (name);
  }
  return NULL;
}

static inline gboolean
test_hls_has_segment (TestHls *t, guint number)
{
  g_autofree gchar *name = test_hls_find_segment (t, number);

  return name != NULL;
}

/* @pattern is in the playlist, a regular expression; NAME is what all names
 * have in front of their number. */
#define NAME "segment-[0-9]{8}T[0-9]{12}-"
static inline gboolean
test_hls_lists (TestHls *t, const gchar *pattern)
{
  return g_regex_match_simple (pattern, t->playlist, 0, 0);
}

static inline void
test_hls_read (TestHls *t, const gchar *name, gchar **data, gsize *size)
{
  g_autofree gchar *path = test_hls_path (t, name);

  fail_unless (g_file_get_contents (path, data, size, NULL), "no %s", path);
}

/* Each file that is listed is there: whole packets, tables in front; or a
 * fragment, and the init segment for it. */
static inline void
test_hls_check_files (TestHls *t)
{
  g_auto (GStrv) names = hls_lint_names (t->playlist);
  g_auto (GStrv) maps = hls_lint_maps (t->playlist);
  guint i;

  for (i = 0; names[i]; i++) {
    g_autofree gchar *data = NULL;
    g_autofree gchar *init = NULL;
    gsize size;

    test_hls_read (t, names[i], &data, &size);
    if (!g_str_has_suffix (names[i], ".m4s")) {
      fail_unless (size >= 3 * 188 && size % 188 == 0, "%s", names[i]);
      fail_unless (memcmp (data, "\x47\x40\x00", 3) == 0, "%s", names[i]);
      continue;
    }
    fail_unless (size > 8 && memcmp (data + 4, "moof", 4) == 0, "%s", names[i]);
    test_hls_read (t, maps[i], &init, &size);
    fail_unless (size > 8 && memcmp (init + 4, "ftyp", 4) == 0, "%s", maps[i]);
  }
}

/* Lints the playlist, if there is another one than before. */
static inline void
test_hls_check (TestHls *t)
{
  g_autofree gchar *path = test_hls_path (t, "index.m3u8");
  g_autofree gchar *wrong = NULL;
  g_autofree gchar *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL) ||
      g_strcmp0 (text, t->playlist) == 0)
    return;
  wrong = hls_lint (text, t->playlist, t->restarted);
  fail_unless (
      wrong[0] == '\0', "%s in:\n%s\nbefore:\n%s", wrong, text, t->playlist);
  g_free (t->playlist);
  t->playlist = g_steal_pointer (&text);
  t->restarted = FALSE;
  t->n_playlists++;
  test_hls_check_files (t);
}

static inline guint
test_hls_count (TestHls *t)
{
  g_auto (GStrv) names = hls_lint_names (t->playlist ? t->playlist : "");

  return g_strv_length (names);
}

static inline guint
test_hls_discontinuities (TestHls *t)
{
  g_auto (GStrv) parts = g_strsplit (t->playlist, "#EXT-X-DISCONTINUITY\n", -1);

  return g_strv_length (parts) - 1;
}

static inline void
test_hls_init (TestHls *t)
{
  *t = (TestHls){ .folder = g_dir_make_tmp ("arcly-hls-XXXXXX", NULL) };
}

/* A sink with the properties given, in NULL. */
static inline void
test_hls_new_sink (TestHls *t, const gchar *first, ...)
{
  va_list args;

  t->sink = gst_element_factory_make ("arclyhlssink", NULL);
  gst_object_ref_sink (t->sink);
  t->bus = gst_bus_new ();
  gst_element_set_bus (t->sink, t->bus);
  g_object_set (t->sink, "location", t->folder, "target-duration", 2, NULL);
  if (t->fmp4)
    gst_util_set_object_arg (G_OBJECT (t->sink), "segment-format", "fmp4");
  va_start (args, first);
  g_object_set_valist (G_OBJECT (t->sink), first, args);
  va_end (args);
}

static inline void
test_hls_add_video (TestHls *t)
{
  t->video = gst_harness_new_with_element (t->sink, "video_%u", NULL);
  gst_harness_set_src_caps_str (t->video, VIDEO_CAPS);
}

static inline void
test_hls_add_audio (TestHls *t)
{
  t->audio = gst_harness_new_with_element (t->sink, "audio_%u", NULL);
  gst_harness_set_src_caps_str (t->audio, AUDIO_CAPS);
}

static inline void
test_hls_assert_no_temporary (TestHls *t)
{
  g_autoptr (GDir) dir = g_dir_open (t->folder, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    fail_if (g_str_has_suffix (name, ".tmp"), "%s is left", name);
}

/* To NULL, and away; the folder stays. */
static inline void
test_hls_drop_sink (TestHls *t)
{
  gst_element_set_state (t->sink, GST_STATE_NULL);
  test_hls_check (t);
  test_hls_assert_no_temporary (t);
  g_clear_pointer (&t->video, gst_harness_teardown);
  g_clear_pointer (&t->audio, gst_harness_teardown);
  gst_bus_set_flushing (t->bus, TRUE);
  gst_element_set_bus (t->sink, NULL);
  ASSERT_OBJECT_REFCOUNT (t->sink, "sink", 1);
  gst_clear_object (&t->sink);
  gst_clear_object (&t->bus);
  t->restarted = TRUE;
}

static inline void
test_hls_clear (TestHls *t)
{
  GDir *dir;
  const gchar *name;

  if (t->sink)
    test_hls_drop_sink (t);
  dir = g_dir_open (t->folder, 0, NULL);
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = test_hls_path (t, name);

    g_unlink (path);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_remove (t->folder);
  g_free (t->folder);
  g_free (t->playlist);
}

static inline GstBuffer *
test_hls_make_video (guint n, gboolean key)
{
  static const guint8 sets[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01,
    0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20 };
  gsize head = key ? sizeof sets : 0;
  gsize size = head + 300 + n % 500;
  guint8 *data = g_malloc (size);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, size);

  memset (data, 0x80 | (n & 0x7f), size);
  if (key)
    memcpy (data, sets, sizeof sets);
  memcpy (data + head, key ? "\0\0\0\1\x65\x88" : "\0\0\0\1\x41\x9a", 6);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = FRAME_TIME;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static inline GstFlowReturn
test_hls_try_video (TestHls *t, guint n, gboolean key)
{
  GstFlowReturn flow =
      gst_harness_push (t->video, test_hls_make_video (n, key));

  test_hls_check (t);
  return flow;
}

/* Frames from @start up to @end, one thread, sound in between if there is. */
static inline void
test_hls_push (TestHls *t, guint start, guint end)
{
  static guint8 sound[200];
  guint n;

  for (n = start; n < end; n++) {
    guint s = n * FRAME_TIME / SOUND_TIME;

    if (t->video)
      fail_unless_equals_int (
          test_hls_try_video (t, n, n % KEY_INTERVAL == 0), GST_FLOW_OK);
    for (; t->audio && s * SOUND_TIME < (n + 1) * FRAME_TIME; s++) {
      GstBuffer *buffer = gst_buffer_new_memdup (sound, sizeof sound);

      if (s * SOUND_TIME < n * FRAME_TIME) {
        gst_buffer_unref (buffer);
        continue;
      }
      GST_BUFFER_PTS (buffer) = s * SOUND_TIME;
      GST_BUFFER_DURATION (buffer) = SOUND_TIME;
      fail_unless_equals_int (gst_harness_push (t->audio, buffer), GST_FLOW_OK);
      test_hls_check (t);
    }
  }
}

static inline void
test_hls_end (TestHls *t)
{
  if (t->video)
    fail_unless (gst_harness_push_event (t->video, gst_event_new_eos ()));
  if (t->audio)
    fail_unless (gst_harness_push_event (t->audio, gst_event_new_eos ()));
  test_hls_check (t);
}

static inline void
test_hls_assert_message (TestHls *t, GstMessageType type, const gchar *text)
{
  GstMessage *message = gst_bus_pop_filtered (t->bus, type);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no message");
  if (type == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, &error, NULL);
  else if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  if (text)
    fail_unless (strstr (error->message, text), "%s", error->message);
  gst_message_unref (message);
}

static inline void
test_hls_assert_no_message (TestHls *t, GstMessageType type)
{
  GstMessage *message = gst_bus_pop_filtered (t->bus, type);

  fail_unless (message == NULL, "%" GST_PTR_FORMAT, message);
}
