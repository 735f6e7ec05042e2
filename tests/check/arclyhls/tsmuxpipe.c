/* SPDX-License-Identifier: MIT
 *
 * arclytsmux in pipelines: with threads of their own in front, and with
 * GStreamer's demuxer behind, which shares no code with it. */
#include <gst/app/app.h>
#include <gst/check/gstcheck.h>

#include "tschecker.h"

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "width=(int)320, height=(int)240, framerate=(fraction)25/1"
#define AUDIO_CAPS                                                             \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define N_VIDEO 250
#define N_AUDIO 465

/* IPPP with two B frames between: PTS in frames, decoding order. */
static GstClockTime
video_pts (guint n)
{
  static const guint shown[] = { 0, 3, 1, 2 };

  return gst_util_uint64_scale (
      n == 0 ? 2 : (n - 1) / 3 * 3 + shown[(n - 1) % 3 + 1] + 2, GST_SECOND,
      25);
}

static GstBuffer *
make_video (guint n)
{
  static const guint8 sets[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01,
    0x41, 0xfb, 0x01, 0x10, 0, 0, 3, 0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x42,
    0xa4, 0x80, 0, 0, 0, 1, 0x68, 0xcb, 0x83, 0xcb, 0x20 };
  gboolean key = n == 0;
  gsize head = key ? sizeof sets : 0;
  gsize size = head + 300 + n;
  guint8 *data = g_malloc (size);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, size);

  memset (data, 0x80 | n, size);
  if (key)
    memcpy (data, sets, sizeof sets);
  memcpy (data + head, key ? "\0\0\0\1\x65\x88" : "\0\0\0\1\x41\x9a", 6);
  GST_BUFFER_PTS (buffer) = video_pts (n);
  GST_BUFFER_DTS (buffer) = gst_util_uint64_scale (n, GST_SECOND, 25);
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static GstBuffer *
make_audio (guint n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100 + n % 200, NULL);

  gst_buffer_memset (buffer, 0, n, -1);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n * 1024, GST_SECOND, 48000);
  GST_BUFFER_DURATION (buffer) = 1024 * GST_SECOND / 48000;
  return buffer;
}

static GstElement *
launch (const gchar *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  g_assert_no_error (error);
  return pipeline;
}

static void
feed (GstElement *pipeline, const gchar *name, const gchar *caps_string,
    guint n, GstBuffer *(*make) (guint))
{
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstCaps *caps = gst_caps_from_string (caps_string);
  guint i;

  g_object_set (src, "caps", caps, "max-bytes", (guint64) 0, NULL);
  for (i = 0; i < n; i++)
    fail_unless_equals_int (
        gst_app_src_push_buffer (GST_APP_SRC (src), make (i)), GST_FLOW_OK);
  gst_app_src_end_of_stream (GST_APP_SRC (src));
  gst_caps_unref (caps);
  gst_object_unref (src);
}

static void
wait_for_eos (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  fail_unless (message != NULL, "nothing after 30 s");
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, &debug);
    fail ("%s (%s)", error->message, debug);
  }
  gst_message_unref (message);
  gst_object_unref (bus);
}

static void
stop (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static GByteArray *
collect (GstElement *pipeline)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GByteArray *all = g_byte_array_new ();
  GstSample *sample;

  while ((sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 0))) {
    GstMapInfo map;

    fail_unless (
        gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_object_unref (sink);
  return all;
}

/* Two threads that are not live, and one is much faster: it is held, and the
 * order is right. */
GST_START_TEST (test_fast_thread)
{
  const TsLimits limits = { .pcr_interval_ms = 40, .psi_interval_ms = 500 };
  g_autoptr (GByteArray) ts = NULL;
  g_autoptr (TsReport) report = NULL;
  GstElement *pipeline = launch (
      "arclytsmux name=mux max-audio-delay=0 ! appsink name=out sync=false wait-on-eos=false "
      "appsrc name=video format=time ! mux.video_0 "
      "appsrc name=audio format=time ! mux.audio_0");
  gint64 last = 0;
  guint i;

  feed (pipeline, "audio", AUDIO_CAPS, N_AUDIO, make_audio);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  feed (pipeline, "video", VIDEO_CAPS, N_VIDEO, make_video);
  wait_for_eos (pipeline);
  ts = collect (pipeline);
  report = ts_check (ts->data, ts->len, &limits);
  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  fail_unless_equals_int (report->units->len, N_VIDEO + N_AUDIO);
  for (i = 0; i < report->units->len; i++) {
    TsUnit *unit = g_ptr_array_index (report->units, i);

    fail_unless (unit->dts >= last);
    last = unit->dts;
  }
  stop (pipeline);
}
GST_END_TEST;

typedef struct {
  guint n_video;
  guint n_audio;
  guint64 offset; /* of the demuxer's times */
} Demuxed;

static GstPadProbeReturn
on_video (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Demuxed *demuxed = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GstBuffer) sent = make_video (demuxed->n_video);
  gsize size = gst_buffer_get_size (buffer);
  GstMapInfo map;

  if (demuxed->n_video == 0)
    demuxed->offset = GST_BUFFER_PTS (buffer) - GST_BUFFER_PTS (sent);
  fail_unless_equals_uint64 (
      GST_BUFFER_PTS (buffer) - demuxed->offset, GST_BUFFER_PTS (sent));
  fail_unless_equals_uint64 (
      GST_BUFFER_DTS (buffer) - demuxed->offset, GST_BUFFER_DTS (sent));
  /* What we put in front is a delimiter. */
  fail_unless_equals_int (size, gst_buffer_get_size (sent) + 6);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  fail_unless_equals_int (
      gst_buffer_memcmp (sent, 0, map.data + 6, size - 6), 0);
  gst_buffer_unmap (buffer, &map);
  demuxed->n_video++;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_audio (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Demuxed *demuxed = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GstBuffer) sent = make_audio (demuxed->n_audio);
  gsize size = gst_buffer_get_size (buffer);
  GstMapInfo map;

  fail_unless_equals_int (size, gst_buffer_get_size (sent) + 7);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  fail_unless_equals_int (
      gst_buffer_memcmp (sent, 0, map.data + 7, size - 7), 0);
  gst_buffer_unmap (buffer, &map);
  demuxed->n_audio++;
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *demux, GstPad *pad, gpointer user_data)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  GstPad *sink_pad = gst_element_get_static_pad (sink, "sink");
  gboolean video = g_str_has_prefix (GST_PAD_NAME (pad), "video");

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_pad_add_probe (sink_pad, GST_PAD_PROBE_TYPE_BUFFER,
      video ? on_video : on_audio, user_data, NULL);
  gst_bin_add (GST_BIN (GST_OBJECT_PARENT (demux)), sink);
  gst_element_sync_state_with_parent (sink);
  fail_unless_equals_int (gst_pad_link (pad, sink_pad), GST_PAD_LINK_OK);
  gst_object_unref (sink_pad);
}

/* tsdemux gives back each payload and each time. */
GST_START_TEST (test_tsdemux)
{
  Demuxed demuxed = { 0 };
  GstElement *pipeline, *demux;

  if (!gst_registry_check_feature_version (
          gst_registry_get (), "tsdemux", 1, 0, 0)) {
    GST_INFO ("no tsdemux here");
    return;
  }
  pipeline =
      launch ("arclytsmux name=mux max-audio-delay=0 ! tsdemux name=demux "
              "appsrc name=video format=time ! mux.video_0 "
              "appsrc name=audio format=time ! mux.audio_0");
  demux = gst_bin_get_by_name (GST_BIN (pipeline), "demux");
  g_signal_connect (demux, "pad-added", G_CALLBACK (on_pad_added), &demuxed);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  feed (pipeline, "audio", AUDIO_CAPS, N_AUDIO, make_audio);
  feed (pipeline, "video", VIDEO_CAPS, N_VIDEO, make_video);
  wait_for_eos (pipeline);
  fail_unless_equals_int (demuxed.n_video, N_VIDEO);
  fail_unless_equals_int (demuxed.n_audio, N_AUDIO);
  gst_object_unref (demux);
  stop (pipeline);
}
GST_END_TEST;

static Suite *
tsmuxpipe_suite (void)
{
  Suite *suite = suite_create ("arclytsmux in pipelines");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_fast_thread);
  tcase_add_test (tc, test_tsdemux);
  return suite;
}

GST_CHECK_MAIN (tsmuxpipe);
