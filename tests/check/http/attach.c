/* SPDX-License-Identifier: MIT
 *
 * What is mounted, on an application's own SoupServer. */
#include "testhttp.h"
#include "../engine/testsoup.h"

/* The application: a server of libsoup in a thread, with a path of its own. */
typedef struct {
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GAsyncQueue *done;          /* tells what the thread did */
  SoupServer *soup;           /* its thread */
  GSocketService *service;    /* its thread */
  GstArclyHttpServer *server; /* its thread, but for mounting */
} App;

static void
on_hello (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer data)
{
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (
      message, "text/plain", SOUP_MEMORY_STATIC, "hello", 5);
}

static gpointer
run (gpointer data)
{
  App *app = data;

  g_main_context_push_thread_default (app->context);
  g_main_loop_run (app->loop);
  g_clear_pointer (&app->service, test_soup_close);
  soup_server_disconnect (app->soup);
  g_clear_object (&app->soup);
  while (g_main_context_iteration (app->context, FALSE))
    ;
  g_main_context_pop_thread_default (app->context);
  return NULL;
}

/* Everything else of the fixture is as without an application. */
static guint
app_init (App *app, const gchar *path)
{
  guint port;

  app->done = g_async_queue_new ();
  app->context = g_main_context_new ();
  app->loop = g_main_loop_new (app->context, FALSE);
  g_main_context_push_thread_default (app->context);
  app->soup = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_handler (app->soup, "/app", on_hello, NULL, NULL);
  app->service = test_soup_listen (app->soup, &port);
  app->server = gst_arcly_http_server_attach (G_OBJECT (app->soup), path, NULL);
  fail_unless (app->server != NULL);
  fail_unless_equals_int (gst_arcly_http_server_get_port (app->server), 0);
  g_main_context_pop_thread_default (app->context);
  app->thread = g_thread_new ("app", run, app);
  return port;
}

static gboolean
detach (gpointer data)
{
  App *app = data;

  g_clear_pointer (&app->server, gst_arcly_http_server_detach);
  g_async_queue_push (app->done, app);
  return G_SOURCE_REMOVE;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (((App *) data)->loop);
  return G_SOURCE_REMOVE;
}

static void
app_detach (App *app)
{
  g_main_context_invoke (app->context, detach, app);
  g_async_queue_pop (app->done);
}

static void
app_clear (App *app)
{
  if (app->server)
    app_detach (app);
  g_main_context_invoke (app->context, quit, app);
  g_thread_join (app->thread);
  g_async_queue_unref (app->done);
  g_main_loop_unref (app->loop);
  g_main_context_unref (app->context);
}

static guint
get_from (Fixture *fixture, guint port, const gchar *path, gchar **body)
{
  g_autofree gchar *uri = g_strdup_printf ("http://" HOST ":%u%s", port, path);
  g_autoptr (GUri) parsed = g_uri_parse (uri, SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_uri ("GET", parsed);

  return send (fixture, message, body);
}

GST_START_TEST (test_paths)
{
  static const struct {
    const gchar *prefix, *path;
    guint status;
    const gchar *body; /* holds it */
  } cases[] = {
    { "/tv", "/app", 200, "hello" },
    { "/tv", "/tv", 200, "<html" }, /* by way of "/tv/" */
    { "/tv", "/tv/", 200, "<html" },
    { "/tv", "/tv/player.js", 200, "api/streams" },
    { "/tv", "/tv/api/streams", 200, "\"/tv/hls/index.m3u8\"" },
    { "/tv", "/tv/hls/index.m3u8", 200, PLAYLIST },
    { "/tv", "/tv/hls/segment.ts", 200, SEGMENT },
    { "/tv", "/tv/hls/../secret", 404, NULL },
    { "/tv", "/tv/hls/%2e%2e/secret", 404, NULL },
    { "/tv", "/tv/hls/%252e%252e/secret", 404, NULL },
    { "/tv", "/tv/hls/..%2fsecret", 404, NULL },
    { "/tv", "/tvhls/index.m3u8", 404, NULL },
    { "/tv", "/hls/index.m3u8", 404, NULL },
    { "/", "/app", 200, "hello" },
    { "/", "/", 200, "<html" },
    { "/", "/hls/index.m3u8", 200, PLAYLIST },
    { "/", "/api/streams", 200, "\"/hls/index.m3u8\"" },
    { "/", "/nothing", 404, NULL },
  };
  Fixture fixture;
  guint i;

  fixture_init (&fixture);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *body = NULL;
    App app;
    guint port = app_init (&app, cases[i].prefix);

    fail_unless (gst_arcly_http_server_mount_folder (
        app.server, "/hls", fixture.folder, NULL, NULL));
    fail_unless_equals_int (
        get_from (&fixture, port, cases[i].path, &body), cases[i].status);
    if (cases[i].body)
      fail_unless (
          strstr (body, cases[i].body) != NULL, "%s: %s", cases[i].path, body);
    app_clear (&app);
  }
  fixture_clear (&fixture);
}
GST_END_TEST;

typedef struct {
  App *app;
  GstArclyHttpOrigin *origin;
} Later;

static gpointer
publish (gpointer data)
{
  Later *later = data;
  GstArclyHttpPlaylist playlist = {
    .full = PLAYLIST, .next = 1, .target_duration = 2, .advance_limit = 15
  };

  gst_arcly_http_origin_set_playlist (later->origin, &playlist);
  return NULL;
}

/* What waits is answered: by what comes, or by the end. */
GST_START_TEST (test_waits)
{
  g_autoptr (GstArclyHttpOrigin) origin = gst_arcly_http_origin_new ();
  Fixture fixture;
  App app;
  Later later = { &app, origin };
  guint port = app_init (&app, "/tv");
  GThread *thread;

  fixture_init (&fixture);
  fail_unless (gst_arcly_http_server_mount_origin (
      app.server, "/live", origin, NULL, NULL, NULL));
  thread = g_thread_new ("publish", publish, &later);
  fail_unless_equals_int (
      get_from (&fixture, port, "/tv/live/index.m3u8?_HLS_msn=0", NULL), 200);
  g_thread_join (thread);

  app_detach (&app);
  fail_unless_equals_int (
      get_from (&fixture, port, "/tv/live/index.m3u8", NULL), 404);
  fail_unless_equals_int (get_from (&fixture, port, "/app", NULL), 200);
  app_clear (&app);
  fixture_clear (&fixture);
}
GST_END_TEST;

static void
on_request_read (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  /* After the handler: then it waits. */
  g_main_context_invoke_full (
      ((App *) data)->context, G_PRIORITY_LOW, detach, data, NULL);
}

GST_START_TEST (test_detach_ends_what_waits)
{
  g_autoptr (GstArclyHttpOrigin) origin = gst_arcly_http_origin_new ();
  Fixture fixture;
  App app;
  guint port = app_init (&app, "/tv"), status;

  fixture_init (&fixture);
  fail_unless (gst_arcly_http_server_mount_origin (
      app.server, "/live", origin, NULL, NULL, NULL));
  g_signal_connect (
      app.soup, "request-read", G_CALLBACK (on_request_read), &app);
  status = get_from (&fixture, port, "/tv/live/index.m3u8?_HLS_msn=0", NULL);
  /* 404 if it came to the handler when that was gone. */
  fail_unless (status == 503 || status == 404, "%u", status);
  g_async_queue_pop (app.done);
  app_clear (&app);
  fixture_clear (&fixture);
}
GST_END_TEST;

GST_START_TEST (test_bad_arguments)
{
  static const gchar *const paths[] = { "", "tv", "/a/../b", "/tv?x", "//",
    "/%41" };
  g_autoptr (SoupServer) decodes = soup_server_new (NULL, NULL);
  g_autoptr (SoupServer) soup = soup_server_new ("raw-paths", TRUE, NULL);
  g_autoptr (GError) error = NULL;
  guint i;

  fail_if (gst_arcly_http_server_attach (G_OBJECT (decodes), "/tv", &error));
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    fail_if (gst_arcly_http_server_attach (G_OBJECT (soup), paths[i], NULL),
        "%s", paths[i]);
}
GST_END_TEST;

/* An arclyhlssink is told of it. */
GST_START_TEST (test_element)
{
  GstElement *sink = gst_element_factory_make ("arclyhlssink", NULL);
  g_autofree gchar *before = NULL;
  g_autofree gchar *body = NULL;
  g_autofree gchar *after = NULL;
  Fixture fixture;
  App app;
  guint port = app_init (&app, "/tv");

  fixture_init (&fixture);
  g_object_set (sink, "http-server", app.server, "http-path", "/cam",
      "location", fixture.folder, NULL);
  fail_unless_equals_int (
      gst_element_set_state (sink, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  get_from (&fixture, port, "/tv/api/streams", &before);
  fail_unless_equals_string (before, "[]");
  fail_unless_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      get_from (&fixture, port, "/tv/cam/segment.ts", &body), 200);
  fail_unless_equals_string (body, SEGMENT);
  gst_element_set_state (sink, GST_STATE_NULL);
  get_from (&fixture, port, "/tv/api/streams", &after);
  fail_unless_equals_string (after, "[]");
  gst_object_unref (sink);
  app_clear (&app);
  fixture_clear (&fixture);
}
GST_END_TEST;

static Suite *
attach_suite (void)
{
  Suite *suite = suite_create ("attach");
  TCase *all = tcase_create ("general");

  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_test (all, test_paths);
  tcase_add_test (all, test_waits);
  tcase_add_test (all, test_detach_ends_what_waits);
  tcase_add_test (all, test_bad_arguments);
  tcase_add_test (all, test_element);
  return suite;
}

GST_CHECK_MAIN (attach);
