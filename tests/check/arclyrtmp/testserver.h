/* SPDX-License-Identifier: MIT
 *
 * A server with a route that notes what it is told, for tests. */
#pragma once

#include <gst/gst.h>

#include "gstarclyrtmpserver.h"
#include "rtmppeer.h"

#define TEST_WAIT (10 * G_TIME_SPAN_SECOND)

typedef struct {
  gchar *what; /* "publish", "media", "end", "refused", "join" */
  gchar *text; /* peer or reason */
  gint64 timestamp;
  gboolean error;
} TestNote;

typedef struct {
  const gchar *deny; /* set before a publisher comes: publish() refuses */

  GMutex lock;
  /* lock. Not a GAsyncQueue, whose lock ThreadSanitizer cannot see. */
  GQueue notes;    /* (element-type TestNote) */
  GQueue handoffs; /* (element-type GstArclyRtmpHandoff), players' */
  GCond noted;

  /* Atomic. Written by the test, read by the loop's thread. */
  gint full;    /* event() returns FALSE */
  gint removed; /* no function may run any more */
} TestRoute;

/* One server at a free port, with the route "live/cam". */
typedef struct {
  GstArclyEngine *engine;
  GstArclyRtmpServer *server;
  guint port;
  TestRoute *cam;
  GstArclyRtmpRoute *route;
  GstArclyRtmpPlayRoute *play; /* NULL: not wanted */
} TestServer;

extern const GstArclyRtmpRouteFuncs test_route_funcs;

void test_note_free (TestNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestNote, test_note_free)
TestRoute *test_route_new (void);
void test_route_free (TestRoute *route);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRoute, test_route_free)

/* The next note; fails unless it comes in time and is of @what (NULL: any). */
TestNote *test_route_wait (TestRoute *route, const gchar *what);
void test_route_expect (TestRoute *route, const gchar *what);
guint test_route_count (TestRoute *route);
void test_route_expect_video (TestRoute *route, gint64 timestamp);
void test_route_expect_end (
    TestRoute *route, gboolean error, const gchar *text);

void test_server_start (TestServer *f, GstClockTime timeout);
void test_server_start_tls (
    TestServer *f, GstClockTime timeout, const GstArclyRtmpTlsFiles *files);
void test_server_stop (TestServer *f);
/* "live/cam" is for players too; they are noted at "cam", and kept. */
void test_server_add_play (TestServer *f);
/* Asks to play it; no answer is read. */
RtmpPeer *test_server_ask_play (TestServer *f, const gchar *name);
/* A publisher of "live/cam", which the route knows. */
RtmpPeer *test_server_publish (TestServer *f);

/* Fails unless the next onStatus is @code, with @text in its description. */
void test_peer_expect_status (
    RtmpPeer *peer, const gchar *code, const gchar *text);
