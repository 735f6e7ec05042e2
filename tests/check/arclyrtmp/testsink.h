/* SPDX-License-Identifier: MIT
 *
 * An arclyrtmpsink in a pipeline, fed by the test, and its players. */
#pragma once

#include <gst/check/gstcheck.h>

#include "testmedia.h"

#define TEST_AVC_CAPS "video/x-h264, stream-format=avc, alignment=au"
#define TEST_H264_CAPS "video/x-h264, stream-format=byte-stream, alignment=au"
#define TEST_AAC_CAPS                                                          \
  "audio/mpeg, mpegversion=4, stream-format=raw, rate=44100, channels=2"

typedef struct {
  GstElement *pipeline;
  GstElement *element;
  GstBus *bus;
  GstPad *video; /* ours, linked; NULL: not wanted */
  GstPad *audio;
  guint port;
} TestPlay;

/* @options: properties as in gst-launch-1.0, or ""; at a free port, "live/cam".
 * In PLAYING, nothing published. */
void test_play_start (
    TestPlay *t, const gchar *options, gboolean video, gboolean audio);
void test_play_stop (TestPlay *t);

/* One more pad of the element, linked to the one that is returned. */
GstPad *test_play_add_track (TestPlay *t, const gchar *name);

/* Stream-start, caps with @codec_data (nullable) and a segment. */
void test_play_begin (
    GstPad *pad, const gchar *caps, const guint8 *codec_data, gsize size);
/* Both tracks begin, with test_avc_240 and test_asc. */
void test_play_begin_all (TestPlay *t);
/* Times in ms; @dts -1: none. */
void test_play_push (GstPad *pad, gint64 dts, gint64 pts, gboolean key,
    gconstpointer data, gsize size);
/* Times in ns; @dts GST_CLOCK_TIME_NONE: none. */
void test_play_push_ns (GstPad *pad, GstClockTime dts, GstClockTime pts,
    gboolean key, gconstpointer data, gsize size);
/* A frame whose payload is "video @dts"; likewise of audio. */
void test_play_video (TestPlay *t, gint64 dts, gboolean key);
void test_play_audio (TestPlay *t, gint64 dts);
guint64 test_play_get_stat (TestPlay *t, const gchar *name);
/* The next element message of that name. */
GstMessage *test_play_wait_element (TestPlay *t, const gchar *name);

/* Asks to play "live/cam"; no answer is read yet. */
RtmpPeer *test_play_ask (TestPlay *t);
/* The same as one of enhanced RTMP, see rtmppeer.h; @fourccs NULL: it is not.
 */
RtmpPeer *test_play_ask_enhanced (
    TestPlay *t, const gchar *fourccs, guint caps_ex);
/* And is let in. */
RtmpPeer *test_play_player (TestPlay *t);
RtmpPeer *test_play_player_enhanced (
    TestPlay *t, const gchar *fourccs, guint caps_ex);
/* The next message of that type; others before it are dropped. */
void test_play_next (RtmpPeer *peer, guint8 type, GstArclyRtmpMessage *message);
/* The next frame of that type is of that time and has that payload after its
 * tag header; sequence headers are passed over. */
void test_play_expect (
    RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *payload);
void test_play_expect_video (RtmpPeer *peer, guint32 timestamp);
void test_play_expect_audio (RtmpPeer *peer, guint32 timestamp);
/* The next audio or video message is of that type and time, and begins with
 * these bytes, in hex. */
void test_play_expect_hex (
    RtmpPeer *peer, guint8 type, guint32 timestamp, const gchar *hex);
/* The next data message of that name: it, and its argument. */
GPtrArray *test_play_read_data (
    RtmpPeer *peer, guint32 timestamp, const gchar *name);
void test_play_expect_status (
    RtmpPeer *peer, const gchar *code, const gchar *text);
