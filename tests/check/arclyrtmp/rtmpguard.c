/* SPDX-License-Identifier: MIT */
#include "rtmpguard.h"

static void
assert_enters (GstArclyRtmpGuard *guard, const GstArclyRtmpServerLimits *limits,
    const gchar *peer, gboolean enters)
{
  g_autofree gchar *reason = gst_arcly_rtmp_guard_enter (guard, limits, peer);

  g_test_message ("%s: %s", peer, reason ? reason : "in");
  g_assert_true ((reason == NULL) == enters);
}

static void
test_all (void)
{
  g_autoptr (GstArclyRtmpGuard) guard = gst_arcly_rtmp_guard_new ();
  GstArclyRtmpServerLimits limits;

  gst_arcly_rtmp_server_limits_init (&limits);
  limits.max_connections = 2;
  assert_enters (guard, &limits, "127.0.0.1:1", TRUE);
  assert_enters (guard, &limits, "192.0.2.1:1", TRUE);
  assert_enters (guard, &limits, "198.51.100.1:1", FALSE);
  gst_arcly_rtmp_guard_leave (guard, "127.0.0.1:1");
  assert_enters (guard, &limits, "198.51.100.1:1", TRUE);
}

static void
test_address (void)
{
  g_autoptr (GstArclyRtmpGuard) guard = gst_arcly_rtmp_guard_new ();
  GstArclyRtmpServerLimits limits;
  guint i;

  gst_arcly_rtmp_server_limits_init (&limits);
  limits.max_per_address = 2;
  for (i = 0; i < 10; i++) {
    /* Of this machine, and of nobody knows whom. */
    assert_enters (guard, &limits, "127.0.0.1:1", TRUE);
    assert_enters (guard, &limits, "[::1]:1", TRUE);
    assert_enters (guard, &limits, "[::ffff:127.0.0.9]:1", TRUE);
    assert_enters (guard, &limits, "unknown", TRUE);
  }
  assert_enters (guard, &limits, "192.0.2.1:1", TRUE);
  assert_enters (guard, &limits, "[::ffff:192.0.2.1]:2", TRUE);
  assert_enters (guard, &limits, "192.0.2.1:3", FALSE);
  assert_enters (guard, &limits, "192.0.2.2:1", TRUE);
  assert_enters (guard, &limits, "[2001:db8::1]:1", TRUE);
  assert_enters (guard, &limits, "[2001:db8::2:0:0:2]:1", TRUE);
  assert_enters (guard, &limits, "[2001:db8::3]:1", FALSE);
  assert_enters (guard, &limits, "[2001:db8:0:1::3]:1", TRUE);

  gst_arcly_rtmp_guard_leave (guard, "192.0.2.1:1");
  assert_enters (guard, &limits, "192.0.2.1:3", TRUE);
  gst_arcly_rtmp_guard_leave (guard, "192.0.2.1:3");
  gst_arcly_rtmp_guard_leave (guard, "192.0.2.1:2");
  gst_arcly_rtmp_guard_leave (guard, "[2001:db8::1]:1");
  assert_enters (guard, &limits, "[2001:db8::3]:1", TRUE);

  limits.max_per_address = 0;
  for (i = 0; i < 10; i++)
    assert_enters (guard, &limits, "192.0.2.1:1", TRUE);
}

/* The stricter of each, where 0 addresses are all, and who has the default has
 * no wish. */
static void
test_join (void)
{
  GstArclyRtmpServerLimits a, b;

  gst_arcly_rtmp_server_limits_init (&a);
  gst_arcly_rtmp_server_limits_init (&b);
  a.max_connections = 10;
  a.max_per_address = 0;
  a.session.max_chunk_streams = 3;
  b.max_per_address = 7;
  b.setup_timeout = 5;
  b.session.amf.max_depth = 2;
  b.session.max_message_size = 0xffffff;
  gst_arcly_rtmp_server_limits_join (&a, &b);
  g_assert_cmpuint (a.max_connections, ==, 10);
  g_assert_cmpuint (a.max_per_address, ==, 7);
  g_assert_cmpuint (a.setup_timeout, ==, 5);
  g_assert_cmpuint (a.session.max_chunk_streams, ==, 3);
  g_assert_cmpuint (a.session.amf.max_depth, ==, 2);
  g_assert_cmpuint (a.session.max_message_size, ==, 0xffffff);
  b.max_per_address = 0;
  b.max_connections = 20;
  gst_arcly_rtmp_server_limits_join (&a, &b);
  g_assert_cmpuint (a.max_per_address, ==, 7);
  g_assert_cmpuint (a.max_connections, ==, 10);
  b.max_per_address = 3;
  gst_arcly_rtmp_server_limits_join (&a, &b);
  g_assert_cmpuint (a.max_per_address, ==, 3);

  gst_arcly_rtmp_server_limits_init (&a);
  b.max_per_address = 0;
  gst_arcly_rtmp_server_limits_join (&a, &b);
  g_assert_cmpuint (a.max_per_address, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpguard/all", test_all);
  g_test_add_func ("/rtmpguard/address", test_address);
  g_test_add_func ("/rtmpguard/join", test_join);
  return g_test_run ();
}
