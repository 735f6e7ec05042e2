/* SPDX-License-Identifier: MIT
 *
 * What the tests of arcly:// share: a publisher's pipeline, whose frames are
 * pushed by hand, and a viewer's, which records what its pads get. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gsttestclock.h>
#include <gst/video/video.h>
#include <gst/arcly/arcly.h>

#define STREAM "live/cam"
#define VIDEO_CAPS                                                             \
  "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"
#define AUDIO_CAPS "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"
#define FRAME_TIME (40 * GST_MSECOND)

typedef struct {
  GstElement *pipeline;
  GstElement *bus;
  GstPad *pads[2];
  gint key_requests; /* atomic */
  GstClockTime latency;
} Publisher;

/* Nothing else is recorded than this. */
typedef struct {
  gchar *pad;
  GstBuffer *buffer; /* nullable: then it is EOS */
  gboolean has_time;
  GstClockTimeDiff running_time;
} Got;

typedef struct {
  GstElement *pipeline;
  GstElement *src;
  GPtrArray *sinks; /* (element-type GstPad) */
  GMutex lock;
  GCond changed;
  GQueue got;
  guint n_pads;
  guint no_more_pads;
  guint n_pads_at_first; /* when the first buffer came */
  gboolean block;        /* the sinks, while it is set */
  guint n_blocked;
  gboolean going_down; /* a pad may lose its caps while it is added */
} Viewer;

Publisher *publisher_new (
    GstArclyEngine *engine, GstClock *clock, GstState state);

/* Track 0 or 1; what comes before the first frame. */
void publisher_add_track (Publisher *pub, guint track, const gchar *caps);

/* With stream-start, caps and a segment from 0. */
void publisher_begin_track (Publisher *pub, guint track, const gchar *caps);

void publisher_push (Publisher *pub, guint track, guint n, gboolean key);

void publisher_push_frames (Publisher *pub, guint from, guint to, guint gop);

void publisher_free (Publisher *pub);

Viewer *viewer_new (GstArclyEngine *engine, GstClock *clock);

void viewer_set_state (Viewer *viewer, GstState state);

void viewer_play (Viewer *viewer);

/* Of the element that arclysrc made. */
void viewer_set (Viewer *viewer, const gchar *property, guint64 value);

/* Waits for the next buffer or EOS of any pad. */
Got *viewer_pull (Viewer *viewer);

void got_free (Got *got);

/* The next one, which must be frame n of that pad. Returns its running time. */
GstClockTimeDiff viewer_expect (Viewer *viewer, const gchar *pad, guint n);

void viewer_expect_frames (Viewer *viewer, guint from, guint to);

void viewer_expect_eos (Viewer *viewer);

void viewer_block (Viewer *viewer, gboolean block);

void viewer_wait_blocked (Viewer *viewer);

void viewer_wait_pads (Viewer *viewer, guint n);

guint64 viewer_stat (Viewer *viewer, const gchar *field);

/* Waits for the element message of that name from the source. */
void viewer_wait_message (Viewer *viewer, const gchar *name);

/* A pad may lose its caps before they are looked at: it is deactivated. */
void viewer_set_going_down (Viewer *viewer, gboolean going_down);
void viewer_free (Viewer *viewer);
