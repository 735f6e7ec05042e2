/* SPDX-License-Identifier: MIT
 *
 * What tests of arclytsmux share: harnesses, units to push, and what came out,
 * checked. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "tschecker.h"

#define SPS                                                                    \
  0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00,      \
      0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80
/* Level 1.3 and level 1.2: two streams to a decoder. */
#define AVC_CAPS(level)                                                        \
  "video/x-h264, stream-format=(string)avc, alignment=(string)au, "            \
  "framerate=(fraction)25/1, codec_data=(buffer)0142c0" level                  \
  "ffe100186742c00dd90141fb0110000003001000000303"                             \
  "20f142a480010006"                                                           \
  "68cb83cb2000"
#define STREAM_CAPS                                                            \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, "    \
  "framerate=(fraction)25/1"
#define AAC_CAPS                                                               \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "                \
  "framed=(boolean)true, rate=(int)48000, channels=(int)2, "                   \
  "codec_data=(buffer)1190"

static const TsLimits limits = { .pcr_interval_ms = 40,
  .psi_interval_ms = 500 };

typedef struct {
  GstHarness *video; /* owns the element and the source pad */
  GstHarness *audio;
} Fixture;

static inline void
fixture_init (Fixture *f, const gchar *video_caps, gboolean audio)
{
  f->video = gst_harness_new_with_padnames ("arclytsmux", "video_0", "src");
  f->audio = NULL;
  /* A PES for each frame: most tests count them. tsmuxaudio.c has the rest. */
  g_object_set (f->video->element, "max-audio-delay", (guint64) 0, NULL);
  if (audio)
    f->audio =
        gst_harness_new_with_element (f->video->element, "audio_0", NULL);
  if (video_caps)
    gst_harness_set_src_caps_str (f->video, video_caps);
  if (audio)
    gst_harness_set_src_caps_str (f->audio, AAC_CAPS);
}

static inline void
fixture_clear (Fixture *f)
{
  if (f->audio)
    gst_harness_teardown (f->audio);
  gst_harness_teardown (f->video);
}

static inline GstBuffer *
make_frame (GstClockTime pts, GstClockTime dts, gboolean key, guint8 mark)
{
  guint8 *data = g_malloc (400);
  GstBuffer *buffer = gst_buffer_new_wrapped (data, 400);

  memset (data, mark | 0x80, 400);
  GST_WRITE_UINT32_BE (data, 396);
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
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

  gst_buffer_memset (buffer, 0, mark, 100);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 1024 * GST_SECOND / 48000;
  return buffer;
}

static inline void
push_video (Fixture *f, guint n, gboolean key)
{
  GstClockTime t = n * 40 * GST_MSECOND;

  fail_unless_equals_int (
      gst_harness_push (f->video, make_frame (t, t, key, n)), GST_FLOW_OK);
}

static inline void
push_audio (Fixture *f, guint n)
{
  fail_unless_equals_int (gst_harness_push (f->audio,
                              make_audio (n * 1024 * GST_SECOND / 48000, n)),
      GST_FLOW_OK);
}

static inline void
push_eos (GstHarness *h)
{
  if (h)
    fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
}

/* Everything that came out, checked one buffer by one. */
static inline GByteArray *
drain (Fixture *f, guint *n_cuts, guint *n_discont)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;

  *n_cuts = *n_discont = 0;
  while ((buffer = gst_harness_try_pull (f->video))) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    fail_unless_equals_int (map.size % 188, 0);
    if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
      (*n_cuts)++;
      fail_unless_equals_int (map.data[1] << 8 | map.data[2], 0x4000);
      fail_unless_equals_int (map.data[189] << 8 | map.data[190], 0x5000);
    }
    if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
      (*n_discont)++;
      fail_if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    }
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return all;
}

static inline TsReport *
check_clean (GByteArray *ts)
{
  TsReport *report = ts_check (ts->data, ts->len, &limits);
  guint i;

  for (i = 0; i < report->problems->len; i++)
    GST_ERROR ("%s", (gchar *) g_ptr_array_index (report->problems, i));
  fail_unless_equals_int (report->problems->len, 0);
  return report;
}

static inline guint
count_units (const TsReport *report, guint8 stream_type)
{
  guint i, n = 0;

  for (i = 0; i < report->units->len; i++)
    n += ((TsUnit *) g_ptr_array_index (report->units, i))->stream_type ==
         stream_type;
  return n;
}

static inline gboolean
got_event (GstHarness *h, GstEventType type)
{
  GstEvent *event;
  gboolean found = FALSE;

  while ((event = gst_harness_try_pull_event (h))) {
    found |= GST_EVENT_TYPE (event) == type;
    gst_event_unref (event);
  }
  return found;
}
