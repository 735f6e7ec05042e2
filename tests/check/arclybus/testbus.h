/* SPDX-License-Identifier: MIT
 *
 * What the tests of arclybus share: frames with a number in them, and
 * subscribers that are harnesses. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"
#define AUDIO_CAPS "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"
#define FRAME_TIME (40 * GST_MSECOND)

/* Frame n, its number in the payload and in the offset. */
static inline GstBuffer *
make_frame (guint n, gboolean key)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 1000, NULL);

  gst_buffer_memset (buffer, 0, n & 0xff, 1000);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = n * FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = FRAME_TIME;
  GST_BUFFER_OFFSET (buffer) = n;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

static inline void
push_frames (GstHarness *pub, guint from, guint to, guint gop)
{
  for (guint n = from; n < to; n++)
    fail_unless_equals_int (
        gst_harness_push (pub, make_frame (n, n % gop == 0)), GST_FLOW_OK);
}

/* The next buffer, which must be frame n. */
static inline void
pull_frame (GstHarness *sub, guint n)
{
  GstBuffer *buffer = gst_harness_pull (sub);

  fail_unless (buffer != NULL, "frame %u did not come", n);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), n);
  gst_buffer_unref (buffer);
}

static inline void
pull_frames (GstHarness *sub, guint from, guint to)
{
  for (guint n = from; n < to; n++)
    pull_frame (sub, n);
}

/* The next event of that type that comes, others are dropped. */
static inline GstEvent *
pull_event (GstHarness *sub, GstEventType type)
{
  GstEvent *event = NULL;

  while ((event = gst_harness_pull_event (sub))) {
    if (GST_EVENT_TYPE (event) == type)
      return event;
    gst_event_unref (event);
  }
  fail ("no %s event came", gst_event_type_get_name (type));
  return NULL;
}

static inline GstHarness *
new_publisher (const gchar *caps)
{
  GstHarness *pub = gst_harness_new_with_padnames ("arclybus", "sink_0", NULL);

  gst_harness_set_src_caps_str (pub, caps);
  return pub;
}

static inline GstHarness *
new_subscriber (GstHarness *pub, const gchar *pad)
{
  GstHarness *sub = gst_harness_new_with_element (pub->element, NULL, pad);

  gst_harness_set_live (sub, FALSE);
  gst_harness_play (sub);
  return sub;
}

static inline guint64
get_stat (gpointer object, const gchar *field)
{
  GstStructure *stats = NULL;
  guint64 value = 0;
  guint small = 0;

  g_object_get (object, "stats", &stats, NULL);
  if (gst_structure_get_uint (stats, field, &small))
    value = small;
  else
    fail_unless (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}
