/* SPDX-License-Identifier: MIT
 *
 * arclyhlssink with several renditions: what each of them lists, and that they
 * are in step. All have parts of 200 ms, so that viewers see more; one program
 * for each format. */
#include <gst/arcly/arcly.h>
#include <libsoup/soup.h>

#include "testhls.h"

#ifndef TEST_FMP4
#define TEST_FMP4 FALSE
#endif
#define N_VIDEOS 2
#define N_PADS 3
#define PART (200 * GST_MSECOND)

static const gchar *names[N_PADS] = { "video_0", "video_1", "audio_0" };

typedef struct {
  gchar *folder;
  GstArclyStorage *storage; /* in its place; or NULL */
  GstElement *sink;
  GstBus *bus;
  GstPad *sources[N_PADS]; /* linked to the sink's pads */
  guint port;
  SoupSession *session;
  gint n_misaligned, n_warnings; /* atomic */
} Several;

static void
several_init (Several *s)
{
  *s = (Several){ 0 };
  s->folder = g_dir_make_tmp ("arcly-hls-XXXXXX", NULL);
  s->session = soup_session_new_with_options ("proxy-resolver", NULL, NULL);
}

static void
add_source (Several *s, guint i)
{
  GstPad *pad = gst_element_request_pad_simple (s->sink, names[i]);
  GstCaps *caps = gst_caps_from_string (i < N_VIDEOS ? VIDEO_CAPS : AUDIO_CAPS);
  GstSegment segment;

  s->sources[i] = gst_pad_new (names[i], GST_PAD_SRC);
  gst_pad_set_active (s->sources[i], TRUE);
  fail_unless_equals_int (gst_pad_link (s->sources[i], pad), GST_PAD_LINK_OK);
  gst_object_unref (pad);
  gst_pad_push_event (s->sources[i], gst_event_new_stream_start (names[i]));
  gst_pad_push_event (s->sources[i], gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (s->sources[i], gst_event_new_segment (&segment));
  gst_caps_unref (caps);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Several *s = data;
  guint rendition;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    GST_WARNING ("%" GST_PTR_FORMAT, message);
    g_atomic_int_inc (&s->n_warnings);
  }
  if (gst_message_has_name (message, "arcly-hls-misaligned") &&
      gst_structure_get_uint (
          gst_message_get_structure (message), "rendition", &rendition) &&
      rendition == 1)
    g_atomic_int_inc (&s->n_misaligned);
  return GST_BUS_PASS;
}

static void
several_start (Several *s)
{
  guint i;

  s->sink = gst_element_factory_make ("arclyhlssink", NULL);
  gst_object_ref_sink (s->sink);
  s->bus = gst_bus_new ();
  gst_bus_set_sync_handler (s->bus, on_message, s, NULL);
  gst_element_set_bus (s->sink, s->bus);
  g_object_set (s->sink, "location", s->folder, "target-duration", 2,
      "part-duration", (guint64) PART, "http-port", 0, "playlist-length", 0,
      "segment-format", TEST_FMP4, "storage", s->storage, NULL);
  for (i = 0; i < N_PADS; i++)
    add_source (s, i);
  fail_unless_equals_int (gst_element_set_state (s->sink, GST_STATE_PLAYING),
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (s->sink, "http-bound-port", &s->port, NULL);
}

static void
several_stop (Several *s)
{
  guint i;

  fail_unless_equals_int (gst_element_set_state (s->sink, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  for (i = 0; i < N_PADS; i++) {
    gst_pad_set_active (s->sources[i], FALSE);
    gst_clear_object (&s->sources[i]);
  }
  gst_bus_set_flushing (s->bus, TRUE);
  gst_element_set_bus (s->sink, NULL);
  gst_clear_object (&s->bus);
  ASSERT_OBJECT_REFCOUNT (s->sink, "sink", 1);
  gst_clear_object (&s->sink);
}

static void
several_clear (Several *s)
{
  g_autofree gchar *command = g_strdup_printf ("rm -r '%s'", s->folder);

  if (s->sink)
    several_stop (s);
  g_object_unref (s->session);
  g_clear_object (&s->storage);
  fail_unless (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (s->folder);
}

static void
push_sound (Several *s, guint n)
{
  static guint8 data[200];
  GstBuffer *buffer = gst_buffer_new_memdup (data, sizeof data);

  GST_BUFFER_PTS (buffer) = n * SOUND_TIME;
  GST_BUFFER_DURATION (buffer) = SOUND_TIME;
  fail_unless_equals_int (gst_pad_push (s->sources[2], buffer), GST_FLOW_OK);
}

/* One thread feeds all pads, and the one that leads last. Keyframes of the
 * second video come @late frames after those of the first. */
static void
push (Several *s, guint from, guint to, guint late)
{
  guint n, sound = 0;

  /* Behind what was pushed before. */
  while (from > 0 && sound * SOUND_TIME < (from - 1) * FRAME_TIME)
    sound++;

  for (n = from; n < to; n++) {
    for (; sound * SOUND_TIME < n * FRAME_TIME; sound++)
      push_sound (s, sound);
    fail_unless_equals_int (
        gst_pad_push (
            s->sources[1], test_hls_make_video (n, n % KEY_INTERVAL == late)),
        GST_FLOW_OK);
    fail_unless_equals_int (gst_pad_push (s->sources[0],
                                test_hls_make_video (n, n % KEY_INTERVAL == 0)),
        GST_FLOW_OK);
  }
}

/* Until all that was pushed is written. */
static void
end (Several *s)
{
  GstMessage *message;
  guint i;

  for (i = 0; i < N_PADS; i++)
    fail_unless (gst_pad_push_event (s->sources[i], gst_event_new_eos ()));
  message = gst_bus_timed_pop_filtered (
      s->bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
}

static gchar *
read_file (Several *s, const gchar *folder, const gchar *name)
{
  const gchar *top = s->storage ? "" : s->folder;
  g_autofree gchar *path = g_build_filename (top, folder, name, NULL);
  g_autoptr (GBytes) bytes = NULL;
  gchar *text = NULL;

  if (!s->storage) {
    g_file_get_contents (path, &text, NULL, NULL);
    return text;
  }
  bytes = gst_arcly_storage_get (s->storage, path, NULL, NULL);
  return bytes ? g_strndup (
                     g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
               : NULL;
}

static gchar *
read_list (Several *s, guint i)
{
  gchar *text = read_file (s, names[i], "index.m3u8");
  g_autofree gchar *wrong = NULL;

  fail_unless (text != NULL, "no playlist of %s", names[i]);
  wrong = hls_lint (text, NULL, FALSE);
  fail_unless (wrong[0] == '\0', "%s in:\n%s", wrong, text);
  return text;
}

/* Again, where the server was asked too long before it was there. */
static gchar *
get (Several *s, const gchar *name)
{
  g_autofree gchar *text =
      g_strdup_printf ("http://127.0.0.1:%u%s", s->port, name);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  guint status = 503;
  gchar *answer = NULL;

  while (status == 503) {
    g_autoptr (SoupMessage) message = soup_message_new_from_uri ("GET", uri);
    g_autoptr (GBytes) body =
        soup_session_send_and_read (s->session, message, NULL, NULL);

    status = soup_message_get_status (message);
    g_free (answer);
    answer = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  }
  fail_unless_equals_int (status, 200);
  return answer;
}

/* The playlist of a rendition that has that part. A server does not answer for
 * what is far ahead, so each segment in front of it is waited for. */
static gchar *
await (Several *s, guint which, guint segment, guint part)
{
  gchar *text = NULL;
  guint i;

  for (i = 0; i <= segment; i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/hls/%s/index.m3u8?_HLS_msn=%u&_HLS_part=%u",
            names[which], i, i == segment ? part : 0);

    g_free (text);
    text = get (s, name);
  }
  return text;
}

/* Lines that begin so, in one string. */
static gchar *
grep (const gchar *text, const gchar *prefix)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *found = g_string_new (NULL);
  guint i;

  for (i = 0; lines[i]; i++) {
    if (g_str_has_prefix (lines[i], prefix))
      g_string_append_printf (found, "%s\n", lines[i]);
  }
  return g_string_free (found, FALSE);
}

static void
assert_same (const gchar *a, const gchar *b, const gchar *prefix)
{
  g_autofree gchar *of_a = grep (a, prefix);
  g_autofree gchar *of_b = grep (b, prefix);

  fail_unless (of_a[0] != '\0', "no %s in:\n%s", prefix, a);
  fail_unless_equals_string (of_a, of_b);
}

static guint
count (const gchar *text, const gchar *what)
{
  g_auto (GStrv) parts = g_strsplit (text, what, -1);

  return g_strv_length (parts) - 1;
}

/* Seconds, in the order of the playlist. */
static GArray *
read_dates (const gchar *text)
{
  static const gchar *tag = "#EXT-X-PROGRAM-DATE-TIME:";
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GArray *dates = g_array_new (FALSE, FALSE, sizeof (gdouble));
  guint i;

  for (i = 0; lines[i]; i++) {
    g_autoptr (GDateTime) date = NULL;
    gdouble seconds;

    if (!g_str_has_prefix (lines[i], tag))
      continue;
    date = g_date_time_new_from_iso8601 (lines[i] + strlen (tag), NULL);
    fail_unless (date != NULL, "%s", lines[i]);
    seconds = (gdouble) g_date_time_to_unix (date) +
              g_date_time_get_microsecond (date) / 1e6;
    g_array_append_val (dates, seconds);
  }
  return dates;
}

/* Sound that was recorded when a picture was is in the segment with it, but for
 * less than a frame of sound. */
static void
check_sound_follows (const gchar *video, const gchar *sound)
{
  g_autoptr (GArray) wanted = read_dates (video);
  g_autoptr (GArray) dates = read_dates (sound);
  gdouble frame = (gdouble) SOUND_TIME / GST_SECOND;
  guint i;

  fail_unless (wanted->len >= 3);
  fail_unless_equals_int (dates->len, wanted->len);
  for (i = 0; i < dates->len; i++) {
    gdouble late =
        g_array_index (dates, gdouble, i) - g_array_index (wanted, gdouble, i);

    fail_unless (late > -0.0115 && late < frame + 0.0015,
        "segment %u is %.6f s behind", i, late);
  }
}

/* Segments of both videos begin at the same times, with the same numbers and
 * dates; those of sound with it, as near as its frames are. */
static void
check_step (Several *s)
{
  g_autofree gchar *high = read_list (s, 0);
  g_autofree gchar *low = read_list (s, 1);
  g_autofree gchar *sound = read_list (s, 2);

  assert_same (high, low, "#EXTINF");
  assert_same (high, low, "#EXT-X-PROGRAM-DATE-TIME");
  assert_same (high, low, "#EXT-X-MEDIA-SEQUENCE");
  assert_same (high, low, "#EXT-X-TARGETDURATION");
  assert_same (high, sound, "#EXT-X-MEDIA-SEQUENCE");
  assert_same (high, sound, "#EXT-X-TARGETDURATION");
  fail_unless_equals_int (count (high, "#EXTINF"), count (sound, "#EXTINF"));
  check_sound_follows (high, sound);
  fail_unless_equals_int (count (high, "#EXT-X-DISCONTINUITY\n"),
      count (sound, "#EXT-X-DISCONTINUITY\n"));
  fail_unless (strstr (low, "#EXT-X-INDEPENDENT-SEGMENTS"));
}

GST_START_TEST (test_step)
{
  g_autofree gchar *text = NULL;
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 260, 0);
  end (&s);
  check_step (&s);
  text = read_file (&s, ".", "index.m3u8");
  fail_unless (g_regex_match_simple (
                   "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-2\",.*\n"
                   "#EXT-X-STREAM-INF:BANDWIDTH=[1-9][0-9]+,"
                   "AVERAGE-BANDWIDTH=[1-9][0-9]+,"
                   "CODECS=\"avc1.42c00d,mp4a.40.2\",RESOLUTION=320x240,"
                   "FRAME-RATE=25.000,AUDIO=\"audio-2\"\nvideo_0/index.m3u8\n"
                   "#EXT-X-STREAM-INF:.*\nvideo_1/index.m3u8\n$",
                   text, 0, 0),
      "%s", text);
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 0);
  fail_unless_equals_int (g_atomic_int_get (&s.n_misaligned), 0);
  several_clear (&s);
}
GST_END_TEST;

/* An event to one pad is in all playlists, with the same date, and viewers of
 * parts have it before the segment is whole. */
GST_START_TEST (test_date_ranges)
{
  g_autofree gchar *high = NULL;
  g_autofree gchar *low = NULL;
  g_autofree gchar *sound = NULL;
  g_autofree gchar *live = NULL;
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 110, 0);
  fail_unless (gst_pad_push_event (s.sources[1],
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new ("arcly-daterange", "id", G_TYPE_STRING, "a",
              "duration", G_TYPE_UINT64, GST_SECOND, NULL))));
  push (&s, 110, 160, 0);
  live = await (&s, 0, 2, 9);
  fail_unless (strstr (live, "#EXT-X-DATERANGE:ID=\"a\""), "%s", live);
  push (&s, 160, 260, 0);
  end (&s);
  high = read_list (&s, 0);
  low = read_list (&s, 1);
  sound = read_list (&s, 2);
  assert_same (high, low, "#EXT-X-DATERANGE");
  assert_same (high, sound, "#EXT-X-DATERANGE");
  fail_unless_equals_int (count (sound, "#EXT-X-DATERANGE"), 1);
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 0);
  several_clear (&s);
}
GST_END_TEST;

/* All that a playlist lists is in its folder of the storage. */
static void
check_stored (Several *s, guint i, guint n_segments)
{
  g_autofree gchar *text = read_list (s, i);
  g_auto (GStrv) segments = hls_lint_names (text);
  g_auto (GStrv) maps = hls_lint_maps (text);
  guint k;

  fail_unless_equals_int (g_strv_length (segments), n_segments);
  fail_unless_equals_int (g_strv_length (maps), TEST_FMP4 ? n_segments : 0);
  for (k = 0; segments[k]; k++) {
    g_autofree gchar *segment = read_file (s, names[i], segments[k]);
    g_autofree gchar *map = TEST_FMP4 ? read_file (s, names[i], maps[k]) : NULL;

    fail_unless (segment != NULL, "%s is listed only", segments[k]);
    fail_unless (!TEST_FMP4 || map != NULL, "%s lacks its map", segments[k]);
  }
}

/* A folder of the storage for each; our server has the multivariant playlist,
 * too. A process that starts again goes on with all of them. */
GST_START_TEST (test_storage)
{
  g_autoptr (GDir) dir = NULL;
  g_autofree gchar *stored = NULL;
  g_autofree gchar *served = NULL;
  Several s;
  guint i;

  several_init (&s);
  s.storage = GST_ARCLY_STORAGE (gst_arcly_memory_storage_new (G_MAXUINT32));
  several_start (&s);
  push (&s, 0, 160, 0);
  /* The fourth segment has begun everywhere. */
  for (i = 0; i < N_PADS; i++) {
    g_autofree gchar *live = await (&s, i, 3, 0);

    fail_unless (live != NULL);
  }
  served = get (&s, "/hls/index.m3u8");
  fail_unless (strstr (served, "\nvideo_1/index.m3u8\n"), "%s", served);
  several_stop (&s);
  stored = read_file (&s, "", "index.m3u8");
  /* But for what was measured in between. */
  fail_unless (stored != NULL);
  assert_same (stored, served, "#EXT-X-MEDIA");
  fail_unless_equals_int (count (stored, "#EXT-X-STREAM-INF"), 2);
  fail_unless (strstr (stored, "\nvideo_1/index.m3u8\n"), "%s", stored);
  for (i = 0; i < N_PADS; i++)
    check_stored (&s, i, 4);

  several_start (&s);
  push (&s, 0, 110, 0);
  end (&s);
  check_step (&s);
  for (i = 0; i < N_PADS; i++)
    check_stored (&s, i, 7);
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 0);
  dir = g_dir_open (s.folder, 0, NULL);
  fail_unless (g_dir_read_name (dir) == NULL);
  several_clear (&s);
}
GST_END_TEST;

/* Sound that goes on when nobody leads any more is no fault of anybody. */
GST_START_TEST (test_sound_goes_on)
{
  g_autofree gchar *sound = NULL;
  Several s;
  guint i;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 110, 0);
  for (i = 109 * FRAME_TIME / SOUND_TIME + 1; i * SOUND_TIME < 8 * GST_SECOND;
       i++)
    push_sound (&s, i);
  end (&s);
  sound = read_list (&s, 2);
  fail_unless (strstr (sound, "#EXT-X-INDEPENDENT-SEGMENTS"), "%s", sound);
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 0);
  several_clear (&s);
}
GST_END_TEST;

/* Players read the multivariant playlist once: a pad that comes later is
 * refused, and the application is told. */
GST_START_TEST (test_too_late)
{
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 60, 0);
  fail_if (gst_element_request_pad_simple (s.sink, "video_7"));
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 1);
  push (&s, 60, 160, 0);
  end (&s);
  check_step (&s);
  several_clear (&s);
}
GST_END_TEST;

/* A stream of the server is one, however many playlists it has; each tells of
 * the others (rfc8216bis, 4.4.5.4). */
GST_START_TEST (test_served)
{
  g_autofree gchar *streams = NULL;
  g_autofree gchar *wrong = NULL;
  g_autofree gchar *master = NULL;
  g_autofree gchar *other = NULL;
  g_autofree gchar *list = NULL;
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 260, 0);
  /* Answered when it is there; what comes then knows of it. */
  other = await (&s, 1, 2, 0);
  push (&s, 260, 320, 0);
  list = await (&s, 2, 5, 5);
  streams = get (&s, "/api/streams");
  fail_unless_equals_int (count (streams, "\"url\""), 1);
  fail_unless (strstr (streams, "\"state\":\"live\""), "%s", streams);
  master = get (&s, "/hls/index.m3u8");
  fail_unless_equals_int (count (master, "#EXT-X-STREAM-INF"), 2);
  wrong = hls_lint (list, NULL, FALSE);
  fail_unless (wrong[0] == '\0', "%s in:\n%s", wrong, list);
  fail_unless (strstr (list, "#EXT-X-PART:"));
  fail_unless (strstr (list, "#EXT-X-RENDITION-REPORT:URI="
                             "\"../video_0/index.m3u8\",LAST-MSN="));
  fail_unless_equals_int (count (list, "#EXT-X-RENDITION-REPORT"), 2);
  several_clear (&s);
}
GST_END_TEST;

/* What cannot be in step is said, and numbers stay the same. */
GST_START_TEST (test_misaligned)
{
  g_autofree gchar *high = NULL;
  g_autofree gchar *low = NULL;
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 260, 5);
  end (&s);
  fail_unless (g_atomic_int_get (&s.n_misaligned) >= 4);
  fail_unless_equals_int (g_atomic_int_get (&s.n_warnings), 1);
  high = read_list (&s, 0);
  low = read_list (&s, 1);
  assert_same (high, low, "#EXT-X-MEDIA-SEQUENCE");
  fail_unless_equals_int (count (high, "#EXTINF"), count (low, "#EXTINF"));
  several_clear (&s);
}
GST_END_TEST;

/* The element is started again, in the same folders: all go on with the same
 * numbers, also the one that has one segment less. */
GST_START_TEST (test_restart)
{
  g_autofree gchar *before = NULL;
  g_autofree gchar *path = NULL;
  g_autofree gchar *cut = NULL;
  gchar *last;
  guint i;
  Several s;

  several_init (&s);
  several_start (&s);
  push (&s, 0, 260, 0);
  /* What is held when it stops is lost: not more than that. */
  for (i = 0; i < N_PADS; i++)
    g_free (await (&s, i, 4, 1));
  several_stop (&s);

  /* As if it had died before the last one was listed. */
  before = read_list (&s, 1);
  last = g_strrstr (before, "#EXT-X-PROGRAM-DATE-TIME");
  fail_unless (last != NULL);
  cut = g_strndup (before, (gsize) (last - before));
  path = g_build_filename (s.folder, "video_1", "index.m3u8", NULL);
  fail_unless (g_file_set_contents (path, cut, -1, NULL));

  several_start (&s);
  push (&s, 0, 260, 0);
  end (&s);
  {
    g_autofree gchar *high = read_list (&s, 0);
    g_autofree gchar *low = read_list (&s, 1);
    g_autofree gchar *sound = read_list (&s, 2);

    fail_unless_equals_int (count (high, "#EXTINF"), count (low, "#EXTINF"));
    fail_unless_equals_int (count (high, "#EXTINF"), count (sound, "#EXTINF"));
    fail_unless (count (low, "#EXT-X-GAP") >= 1);
    fail_unless_equals_int (count (high, "#EXT-X-DISCONTINUITY\n"), 1);
    fail_unless_equals_int (count (low, "#EXT-X-DISCONTINUITY\n"), 1);
    fail_unless_equals_int (count (sound, "#EXT-X-DISCONTINUITY\n"), 1);
  }
  several_clear (&s);
}
GST_END_TEST;

/* Stopped with media that is held: nothing hangs. */
GST_START_TEST (test_stop_while_held)
{
  guint i, n;
  Several s;

  several_init (&s);
  for (i = 0; i < 10; i++) {
    several_start (&s);
    for (n = 0; n < 50; n++)
      push_sound (&s, n);
    several_stop (&s);
  }
  several_clear (&s);
}
GST_END_TEST;

static Suite *
arclyhlsrenditions_suite (void)
{
  Suite *suite = suite_create ("arclyhlsrenditions");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, test_step);
  tcase_add_test (tcase, test_date_ranges);
  tcase_add_test (tcase, test_storage);
  tcase_add_test (tcase, test_sound_goes_on);
  tcase_add_test (tcase, test_too_late);
  tcase_add_test (tcase, test_served);
  tcase_add_test (tcase, test_misaligned);
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_stop_while_held);
  return suite;
}

GST_CHECK_MAIN (arclyhlsrenditions)
