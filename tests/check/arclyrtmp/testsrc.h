/* SPDX-License-Identifier: MIT
 *
 * A source element in a pipeline whose clock stands still until the test moves
 * it, and sinks that keep all that comes out of its pads. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gsttestclock.h>

#include "testmedia.h"

typedef enum {
  TEST_VIDEO,
  TEST_AUDIO,
  TEST_VIDEO_1,
  TEST_AUDIO_1,
} TestTrack;
#define TEST_N_TRACKS (TEST_AUDIO_1 + 1)

/* What came out of one pad. */
typedef struct {
  GstPad *sink;  /* ours, linked; NULL: there is no pad */
  GQueue things; /* (element-type GstMiniObject), buffers and events */
} TestSink;

typedef struct {
  /* Constant. */
  GstElement *pipeline;
  GstElement *element;
  GstClock *clock;
  GstBus *bus;

  GMutex lock;
  /* lock. Signalled by each thing and by no-more-pads. */
  GCond changed;
  TestSink sinks[TEST_N_TRACKS];
  guint no_more_pads;
  GstFlowReturn flow; /* of the sinks */
} TestSrc;

/* @description: element and properties as in gst-launch-1.0, e.g. "arclyrtmpsrc
 * on-unpublish=eos"; @property gets @location. In NULL. */
void test_src_init (TestSrc *t, const gchar *description, const gchar *property,
    const gchar *location);
/* The same for a free port of rtmp://127.0.0.1 with "live/cam", in @state. */
void test_src_start (TestSrc *t, const gchar *description, GstState state);
void test_src_stop (TestSrc *t);

void test_src_set_state (TestSrc *t, GstState state);
/* From now on the sinks return that, and keep what they get. */
void test_src_set_flow (TestSrc *t, GstFlowReturn flow);
guint test_src_get_port (TestSrc *t);
guint64 test_src_get_stat (TestSrc *t, const gchar *name);

/* The next thing out of a pad; fails if none comes in time. */
GstMiniObject *test_src_next (TestSrc *t, TestTrack track);
/* It must be an event of that type. */
GstEvent *test_src_next_event (TestSrc *t, TestTrack track, GstEventType type);
void test_src_expect_event (TestSrc *t, TestTrack track, GstEventType type);
/* It must be a caps event, of a subset of @description and @codec_data
 * (nullable). */
void test_src_expect_caps (TestSrc *t, TestTrack track,
    const gchar *description, const guint8 *codec_data, gsize size);
/* The next buffer; what events come before it is not looked at. */
GstBuffer *test_src_next_buffer (TestSrc *t, TestTrack track);
/* The next buffer has these times, in ms. @flags: the DISCONT and DELTA_UNIT
 * that it must have, and no others of the two. */
void test_src_expect_frame (
    TestSrc *t, TestTrack track, gint64 dts, gint64 pts, GstBufferFlags flags);
guint test_src_count (TestSrc *t, TestTrack track);
gboolean test_src_has_pad (TestSrc *t, TestTrack track);
/* Waits for no-more-pads, said once; there are n then. */
void test_src_wait_pads (TestSrc *t, guint n);

/* The next message of that type; those before it are dropped. */
GstMessage *test_src_wait_message (TestSrc *t, GstMessageType type);
/* An element message of that name. */
GstMessage *test_src_wait_element (TestSrc *t, const gchar *name);
/* An error or warning whose text has @text in it. */
void test_src_expect_text (TestSrc *t, GstMessageType type, const gchar *text);

RtmpPeer *test_src_publish (TestSrc *t);
