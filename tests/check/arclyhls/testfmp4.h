/* SPDX-License-Identifier: MIT
 *
 * What tests of arclyfmp4mux share: access units, a muxer between harnesses,
 * and what came out, checked. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "fmp4checker.h"

/* Level 1.3, or another one: two streams to a decoder. */
#define AVC_CAPS(level, rate)                                                  \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "width=(int)320, height=(int)240, framerate=(fraction)" rate ", "            \
  "codec_data=(buffer)0142c0" level "ffe100186742c0" level                     \
  "d90141fb0110000003001000000303"                                             \
  "20f142a480010006"                                                           \
  "68cb83cb2000"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"
#define FRAME_SIZE 400
#define AUDIO_SIZE 100

typedef struct {
  GstHarness *video; /* owns the element and the source pad */
  GstHarness *audio;
} Fixture;

static inline void
fixture_init (Fixture *f, const gchar *video_caps, const gchar *audio_caps)
{
  f->video = gst_harness_new_with_padnames (
      "arclyfmp4mux", video_caps ? "video_0" : "audio_0", "src");
  f->audio = NULL;
  if (!video_caps)
    f->audio = f->video;
  else if (audio_caps)
    f->audio =
        gst_harness_new_with_element (f->video->element, "audio_0", NULL);
  if (video_caps)
    gst_harness_set_src_caps_str (f->video, video_caps);
  if (audio_caps)
    gst_harness_set_src_caps_str (f->audio, audio_caps);
}

static inline void
fixture_clear (Fixture *f)
{
  if (f->audio && f->audio != f->video)
    gst_harness_teardown (f->audio);
  gst_harness_teardown (f->video);
}

static inline GstBuffer *
make_frame (gint64 pts, gint64 dts, gboolean key, guint8 mark)
{
  guint8 *data = g_malloc (FRAME_SIZE);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, FRAME_SIZE);

  memset (data, mark | 0x80, FRAME_SIZE);
  GST_WRITE_UINT32_BE (data, FRAME_SIZE - 4);
  data[4] = key ? 0x65 : 0x41;
  data[5] = key ? 0x88 : 0x9a;
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = dts;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static inline GstBuffer *
make_audio (GstClockTime pts, guint8 mark)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, AUDIO_SIZE, NULL);

  gst_buffer_memset (buffer, 0, mark, AUDIO_SIZE);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 1024 * GST_SECOND / 48000;
  return buffer;
}

static inline void
push (GstHarness *h, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
}

static inline void
push_video (Fixture *f, guint n, gboolean key)
{
  GstClockTime t = n * 40 * GST_MSECOND;

  push (f->video, make_frame (t, t, key, n));
}

static inline GstClockTime
audio_time (guint n)
{
  return gst_util_uint64_scale (n * 1024, GST_SECOND, 48000);
}

static inline void
push_audio (Fixture *f, guint n)
{
  push (f->audio, make_audio (audio_time (n), n));
}

/* Frames from first to end, with the sound that belongs to them. */
static inline void
push_both (Fixture *f, guint first, guint end, guint key_every)
{
  guint n, a = 0;

  while (audio_time (a) < first * 40 * GST_MSECOND)
    a++;
  for (n = first; n < end; n++) {
    push_video (f, n, n % key_every == 0);
    while (f->audio && audio_time (a) < (n + 1) * 40 * GST_MSECOND)
      push_audio (f, a++);
  }
}

static inline void
push_eos (Fixture *f)
{
  fail_unless (gst_harness_push_event (f->video, gst_event_new_eos ()));
  if (f->audio && f->audio != f->video)
    fail_unless (gst_harness_push_event (f->audio, gst_event_new_eos ()));
}

/* What came out: the buffers that begin an init segment or a chunk, and all
 * bytes. */
typedef struct {
  GPtrArray *heads; /* (element-type GstBuffer) */
  GPtrArray *all;   /* (element-type GstBuffer) */
  GByteArray *bytes;
} Output;

static inline void
output_take (Output *out, Fixture *f)
{
  gboolean begins = TRUE;
  GstBuffer *buffer;

  out->heads = g_ptr_array_new ();
  out->all = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  out->bytes = g_byte_array_new ();
  while ((buffer = gst_harness_try_pull (f->video))) {
    gsize size = gst_buffer_get_size (buffer);
    guint len = out->bytes->len;

    /* To map it would merge its memories. */
    g_byte_array_set_size (out->bytes, len + size);
    gst_buffer_extract (buffer, 0, out->bytes->data + len, size);
    g_ptr_array_add (out->all, buffer);
    if (begins)
      g_ptr_array_add (out->heads, buffer);
    else
      fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    begins = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_MARKER) ||
             GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER);
  }
  fail_unless (begins, "a chunk has no end");
}

static inline void
output_clear (Output *out)
{
  g_ptr_array_unref (out->heads);
  g_ptr_array_unref (out->all);
  g_byte_array_unref (out->bytes);
}

static inline GstBuffer *
output_head (Output *out, guint n)
{
  fail_unless (n < out->heads->len);
  return g_ptr_array_index (out->heads, n);
}

#define fail_unless_flags(buffer, wanted)                                      \
  fail_unless_equals_int (                                                     \
      GST_BUFFER_FLAGS (buffer) &                                              \
          (GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DELTA_UNIT |               \
              GST_BUFFER_FLAG_DISCONT),                                        \
      wanted)

static inline Fmp4Report *
check_output (Output *out, const Fmp4Limits *limits)
{
  Fmp4Report *report = fmp4_check (out->bytes->data, out->bytes->len, limits);
  guint i;

  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

static inline guint
count_samples (const Fmp4Report *report, guint32 track_id)
{
  guint i, n = 0;

  for (i = 0; i < report->samples->len; i++)
    n += g_array_index (report->samples, Fmp4Sample, i).track_id == track_id;
  return n;
}
