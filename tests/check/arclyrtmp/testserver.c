/* SPDX-License-Identifier: MIT */
#include "testserver.h"

#include <gst/check/gstcheck.h>

/* ---- a route that notes what it is told ---- */

void
test_note_free (TestNote *note)
{
  g_free (note->what);
  g_free (note->text);
  g_free (note);
}

static TestNote *
take_note (TestRoute *route, const gchar *what, const gchar *text)
{
  TestNote *note = g_new0 (TestNote, 1);

  fail_if (g_atomic_int_get (&route->removed), "%s after removal", what);
  note->what = g_strdup (what);
  note->text = g_strdup (text);
  return note;
}

static void
push (TestRoute *route, TestNote *note)
{
  g_mutex_lock (&route->lock);
  g_queue_push_tail (&route->notes, note);
  g_cond_signal (&route->noted);
  g_mutex_unlock (&route->lock);
}

static gboolean
on_publish (gpointer data, const gchar *peer, const GstArclyRtmpStream *stream,
    gchar **reason)
{
  TestRoute *route = data;

  push (route, take_note (route, "publish", peer));
  *reason = g_strdup (route->deny);
  return route->deny == NULL;
}

static gboolean
on_event (gpointer data, GstArclyRtmpEvent *event)
{
  TestRoute *route = data;
  TestNote *note =
      take_note (route, gst_arcly_rtmp_event_kind_name (event->kind), NULL);

  fail_unless_equals_int (event->kind, GST_ARCLY_RTMP_EVENT_MEDIA);
  note->timestamp = event->media.timestamp;
  push (route, note);
  gst_arcly_rtmp_event_free (event);
  return !g_atomic_int_get (&route->full);
}

static void
on_end (gpointer data, const gchar *reason, gboolean error)
{
  TestRoute *route = data;
  TestNote *note = take_note (route, "end", reason);

  note->error = error;
  push (route, note);
}

static void
on_refused (gpointer data, const gchar *peer, const gchar *reason)
{
  TestRoute *route = data;

  push (route, take_note (route, "refused", peer));
}

const GstArclyRtmpRouteFuncs test_route_funcs = {
  on_publish,
  on_event,
  on_end,
  on_refused,
};

static gboolean
on_admit (gpointer data, gchar **reason)
{
  return TRUE;
}

static void
on_join (gpointer data, GstArclyRtmpHandoff *handoff)
{
  TestRoute *route = data;
  TestNote *note = take_note (route, "join", handoff->peer);

  g_mutex_lock (&route->lock);
  g_queue_push_tail (&route->handoffs, handoff);
  g_mutex_unlock (&route->lock);
  push (route, note);
}

static void
on_play_refused (gpointer data)
{
  TestRoute *route = data;

  push (route, take_note (route, "refused", NULL));
}

static const GstArclyRtmpPlayRouteFuncs play_funcs = {
  on_admit,
  on_join,
  on_play_refused,
};

TestRoute *
test_route_new (void)
{
  TestRoute *route = g_new0 (TestRoute, 1);

  g_mutex_init (&route->lock);
  g_cond_init (&route->noted);
  g_queue_init (&route->notes);
  g_queue_init (&route->handoffs);
  return route;
}

void
test_route_free (TestRoute *route)
{
  g_queue_clear_full (&route->notes, (GDestroyNotify) test_note_free);
  g_queue_clear_full (
      &route->handoffs, (GDestroyNotify) gst_arcly_rtmp_handoff_free);
  g_cond_clear (&route->noted);
  g_mutex_clear (&route->lock);
  g_free (route);
}

TestNote *
test_route_wait (TestRoute *route, const gchar *what)
{
  gint64 end = g_get_monotonic_time () + TEST_WAIT;
  TestNote *note = NULL;

  g_mutex_lock (&route->lock);
  while (!(note = g_queue_pop_head (&route->notes))) {
    if (!g_cond_wait_until (&route->noted, &route->lock, end))
      break;
  }
  g_mutex_unlock (&route->lock);

  fail_unless (note != NULL, "no %s", what ? what : "note");
  if (what)
    fail_unless_equals_string (note->what, what);
  return note;
}

guint
test_route_count (TestRoute *route)
{
  guint length;

  g_mutex_lock (&route->lock);
  length = g_queue_get_length (&route->notes);
  g_mutex_unlock (&route->lock);
  return length;
}

void
test_route_expect (TestRoute *route, const gchar *what)
{
  test_note_free (test_route_wait (route, what));
}

void
test_route_expect_video (TestRoute *route, gint64 timestamp)
{
  g_autoptr (TestNote) note = test_route_wait (route, "media");

  fail_unless_equals_int64 (note->timestamp, timestamp);
}

void
test_route_expect_end (TestRoute *route, gboolean error, const gchar *text)
{
  g_autoptr (TestNote) note = test_route_wait (route, "end");

  fail_unless_equals_int (note->error, error);
  fail_unless (strstr (note->text, text) != NULL, "ended: %s", note->text);
}

/* ---- a server with one route "live/cam" ---- */

void
test_server_start (TestServer *f, GstClockTime timeout)
{
  test_server_start_tls (f, timeout, NULL);
}

void
test_server_start_tls (
    TestServer *f, GstClockTime timeout, const GstArclyRtmpTlsFiles *files)
{
  GError *error = NULL;

  f->engine = gst_arcly_engine_new ();
  f->server = gst_arcly_rtmp_server_acquire_tls (
      f->engine, "127.0.0.1", 0, files, &error);
  g_assert_no_error (error);
  f->port = gst_arcly_rtmp_server_get_port (f->server);
  fail_unless (f->port != 0);
  f->cam = test_route_new ();
  f->play = NULL;
  f->route = gst_arcly_rtmp_server_add_route (
      f->server, "live/cam", timeout, &test_route_funcs, f->cam, &error);
  g_assert_no_error (error);
}

void
test_server_stop (TestServer *f)
{
  if (f->route)
    gst_arcly_rtmp_server_remove_route (f->server, f->route);
  if (f->play)
    gst_arcly_rtmp_server_remove_play_route (f->server, f->play);
  gst_arcly_rtmp_server_release (f->engine, f->server);
  gst_object_unref (f->engine);
  test_route_free (f->cam);
}

void
test_server_add_play (TestServer *f)
{
  GError *error = NULL;

  f->play = gst_arcly_rtmp_server_add_play_route (
      f->server, "live/cam", &play_funcs, f->cam, &error);
  g_assert_no_error (error);
}

RtmpPeer *
test_server_ask_play (TestServer *f, const gchar *name)
{
  RtmpPeer *peer = rtmp_peer_new (f->port);

  fail_unless (rtmp_peer_handshake (peer));
  rtmp_peer_connect (peer, "live");
  rtmp_peer_command (peer, "play", 1, name);
  return peer;
}

RtmpPeer *
test_server_publish (TestServer *f)
{
  RtmpPeer *peer = rtmp_peer_publish (f->port, "live", "cam");

  test_route_expect (f->cam, "publish");
  return peer;
}

void
test_peer_expect_status (RtmpPeer *peer, const gchar *code, const gchar *text)
{
  g_autofree gchar *status = rtmp_peer_wait_status (peer);

  fail_unless (status != NULL, "closed without %s", code);
  fail_unless (g_str_has_prefix (status, code), "status %s", status);
  fail_unless (strstr (status, text) != NULL, "status %s", status);
}
