/* SPDX-License-Identifier: MIT */
#include <gst/check/gstcheck.h>

#include "testauth.h"

#define WAIT (10 * G_TIME_SPAN_SECOND)

/* ---- requests ---- */

static GstArclyAuthRequest *
make_request (void)
{
  return gst_arcly_auth_request_new (
      GST_ARCLY_ACTION_PUBLISH, "rtmp", "live", "cam");
}

typedef struct {
  const gchar *url;
  const gchar *user;
  const gchar *password;
  const gchar *token;
} UrlRow;

static const UrlRow url_rows[] = {
  { "rtmp://host/live", NULL, NULL, NULL },
  { "rtmp://ann:pass@host:1935/live", "ann", "pass", NULL },
  { "rtmp://ann@host/live?token=abc", "ann", NULL, "abc" },
  { "rtmp://ann:p%40s%3As@host/live?x=1&token=a%20b", "ann", "p@s:s", "a b" },
  { "rtmp://ann:p@ss@host/live", "ann", "p@ss", NULL },
  { "rtmp://:pass@host/live", "", "pass", NULL },
  { "rtmp://host/live/user@home", NULL, NULL, NULL },
  { "rtmp://host?token=a@b", NULL, NULL, "a@b" },
  { "rtmp://a%zz:%@host/?token=%zz", "a%zz", "%", "%zz" },
  { "host/live?token", NULL, NULL, "" },
  { "rtmp://host/live?&=1&&token=1&token=2", NULL, NULL, "1" },
  { "rtmp://@", "", NULL, NULL },
  { "://", NULL, NULL, NULL },
  { "", NULL, NULL, NULL },
};

GST_START_TEST (test_url)
{
  const UrlRow *row = &url_rows[__i__];
  g_autoptr (GstArclyAuthRequest) request = make_request ();

  gst_arcly_auth_request_set_url (request, row->url);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_user (request), row->user);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_password (request), row->password);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "token"), row->token);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_url (request), row->url);
}
GST_END_TEST;

/* What was added first counts. */
GST_START_TEST (test_request)
{
  g_autoptr (GstArclyAuthRequest) request = make_request ();

  fail_unless (gst_arcly_auth_request_get_arguments (request)[0] == NULL);
  gst_arcly_auth_request_set_peer (request, "203.0.113.9:4711");
  gst_arcly_auth_request_add_query (request, "token=stream");
  gst_arcly_auth_request_add_query (request, "token=app&level=app");
  gst_arcly_auth_request_set_url (
      request, "rtmp://host/live?token=url&level=url&deep=url");
  gst_arcly_auth_request_add_argument (request, "one");
  gst_arcly_auth_request_add_argument (request, "two");

  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "token"), "stream");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "level"), "app");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_parameter (request, "deep"), "url");
  fail_unless (gst_arcly_auth_request_get_parameter (request, "none") == NULL);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_arguments (request)[0], "one");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_arguments (request)[1], "two");
  fail_unless (gst_arcly_auth_request_get_arguments (request)[2] == NULL);
  fail_unless_equals_int (
      gst_arcly_auth_request_get_action (request), GST_ARCLY_ACTION_PUBLISH);
  fail_unless_equals_string (
      gst_arcly_auth_request_get_protocol (request), "rtmp");
  fail_unless_equals_string (gst_arcly_auth_request_get_app (request), "live");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_stream (request), "cam");
  fail_unless_equals_string (
      gst_arcly_auth_request_get_peer (request), "203.0.113.9:4711");
}
GST_END_TEST;

/* ---- decisions ---- */

typedef struct {
  GMutex lock;
  /* lock. */
  GCond decided;
  guint n;
  gboolean permitted;
  GError *error;
  GThread *thread;
} Answer;

static void
on_decided (GObject *object, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;
  GError *error = NULL;
  gboolean permitted = gst_arcly_engine_authorize_finish (
      GST_ARCLY_ENGINE (object), result, &error);

  g_mutex_lock (&answer->lock);
  answer->n++;
  answer->permitted = permitted;
  g_clear_error (&answer->error);
  answer->error = error;
  answer->thread = g_thread_self ();
  g_cond_broadcast (&answer->decided);
  g_mutex_unlock (&answer->lock);
}

static void
ask (GstArclyEngine *engine, GCancellable *cancellable, Answer *answer)
{
  g_autoptr (GstArclyAuthRequest) request = make_request ();

  g_mutex_init (&answer->lock);
  g_cond_init (&answer->decided);
  gst_arcly_engine_authorize_async (
      engine, request, cancellable, on_decided, answer);
}

static void
wait_for (Answer *answer)
{
  gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&answer->lock);
  while (answer->n == 0)
    fail_unless (g_cond_wait_until (&answer->decided, &answer->lock, end));
  fail_unless_equals_int (answer->n, 1);
  g_mutex_unlock (&answer->lock);
}

static void
answer_clear (Answer *answer)
{
  g_clear_error (&answer->error);
  g_cond_clear (&answer->decided);
  g_mutex_clear (&answer->lock);
}

static GstArclyEngine *
make_engine (GstArclyAuthenticator *authenticator)
{
  GstArclyEngine *engine = gst_arcly_engine_new ();

  g_object_set (engine, "authenticator", authenticator, NULL);
  g_clear_object (&authenticator);
  return engine;
}

GST_START_TEST (test_without_authenticator)
{
  g_autoptr (GstArclyEngine) engine = make_engine (NULL);
  g_autoptr (GstArclyAuthenticator) none = NULL;
  Answer answer = { 0 };

  ask (engine, NULL, &answer);
  wait_for (&answer);
  fail_unless (answer.permitted);
  g_object_get (engine, "authenticator", &none, NULL);
  fail_unless (none == NULL);
  answer_clear (&answer);
}
GST_END_TEST;

static gboolean
refuse (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
      "%s: wrong password", gst_arcly_auth_request_get_stream (request));
  return FALSE;
}

static gboolean
permit (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  return TRUE;
}

GST_START_TEST (test_both_forms)
{
  GstArclyAuthenticator *(*const make[]) (TestAuthFunc, gpointer) = {
    test_auth_new,
    test_auth_new_async,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (make); i++) {
    g_autoptr (GstArclyEngine) engine = make_engine (make[i](refuse, NULL));
    g_autoptr (GstArclyAuthenticator) other = make[i](permit, NULL);
    Answer answer = { 0 }, again = { 0 };

    ask (engine, NULL, &answer);
    wait_for (&answer);
    fail_if (answer.permitted);
    fail_unless_equals_string (answer.error->message, "cam: wrong password");
    fail_if (answer.thread == g_thread_self ());
    answer_clear (&answer);

    g_object_set (engine, "authenticator", other, NULL);
    ask (engine, NULL, &again);
    wait_for (&again);
    fail_unless (again.permitted);
    answer_clear (&again);
  }
}
GST_END_TEST;

static gboolean
refuse_silently (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  return FALSE;
}

static gboolean
permit_with_error (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  refuse (request, data, error);
  return TRUE;
}

/* Implementations that contradict themselves. */
GST_START_TEST (test_sloppy)
{
  g_autoptr (GstArclyEngine) engine =
      make_engine (test_auth_new (refuse_silently, NULL));
  g_autoptr (GstArclyAuthenticator) other =
      test_auth_new (permit_with_error, NULL);
  Answer answer = { 0 }, again = { 0 };

  ask (engine, NULL, &answer);
  wait_for (&answer);
  fail_if (answer.permitted);
  fail_unless (answer.error != NULL);
  answer_clear (&answer);

  g_object_set (engine, "authenticator", other, NULL);
  ask (engine, NULL, &again);
  wait_for (&again);
  fail_unless (again.permitted);
  answer_clear (&again);
}
GST_END_TEST;

/* The first is blocked until the last has been decided. */
static gboolean
block_first (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  static const guint n = 20;
  TestGate *gate = data;
  gboolean last;

  g_mutex_lock (&gate->lock);
  last = gate->waiting + 1 == n;
  g_mutex_unlock (&gate->lock);
  if (last)
    test_gate_open (gate);
  test_gate_pass (gate);
  return TRUE;
}

/* Decisions that block do not wait for each other: each of them waits here for
 * all of them. */
GST_START_TEST (test_slow_ones_delay_nobody)
{
  TestGate gate;
  GstArclyEngine *engine = make_engine (test_auth_new (block_first, &gate));
  Answer answers[20] = { { { 0 } } };
  guint i;

  test_gate_init (&gate);
  for (i = 0; i < G_N_ELEMENTS (answers); i++) {
    ask (engine, NULL, &answers[i]);
    /* One after the other, so that exactly one is the last. */
    test_gate_wait (&gate, i + 1);
  }
  for (i = 0; i < G_N_ELEMENTS (answers); i++) {
    wait_for (&answers[i]);
    fail_unless (answers[i].permitted);
    answer_clear (&answers[i]);
  }
  gst_object_unref (engine);
  test_gate_clear (&gate);
}
GST_END_TEST;

static gboolean
pass_gate (GstArclyAuthRequest *request, gpointer data, GError **error)
{
  test_gate_pass (data);
  return TRUE;
}

/* Who cancelled is not told that it may. The engine goes while a decision is
 * under way: it stays until that is made. */
GST_START_TEST (test_cancel_and_engine_gone)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestGate gate;
  GstArclyEngine *engine = NULL;
  Answer answer = { 0 };

  test_gate_init (&gate);
  engine = make_engine (test_auth_new (pass_gate, &gate));
  ask (engine, cancellable, &answer);
  test_gate_wait (&gate, 1);
  g_cancellable_cancel (cancellable);
  gst_object_unref (engine);
  test_gate_open (&gate);
  wait_for (&answer);
  fail_if (answer.permitted);
  fail_unless (
      g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  answer_clear (&answer);
  test_gate_clear (&gate);
}
GST_END_TEST;

static Suite *
authenticator_suite (void)
{
  Suite *suite = suite_create ("authenticator");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_url, 0, G_N_ELEMENTS (url_rows));
  tcase_add_test (tcase, test_request);
  tcase_add_test (tcase, test_without_authenticator);
  tcase_add_test (tcase, test_both_forms);
  tcase_add_test (tcase, test_sloppy);
  tcase_add_test (tcase, test_slow_ones_delay_nobody);
  tcase_add_test (tcase, test_cancel_and_engine_gone);
  return suite;
}

GST_CHECK_MAIN (authenticator);
