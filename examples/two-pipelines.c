/* SPDX-License-Identifier: MIT
 *
 * One engine, two pipelines: the first one publishes a stream, the second one
 * watches it. Either may stop and start without the other.
 *
 *   two-pipelines
 *   two-pipelines --viewer "arclysrc uri=arcly://live/cam ! fakesink"
 *
 * Shows a moving ball for five seconds and ends with the stream. */
#include <stdlib.h>

#include <gst/gst.h>
#include <gst/arcly/arcly.h>

typedef struct {
  GMainLoop *loop;
  guint running; /* pipelines that have not ended */
  gboolean failed;
} App;

static gchar *ingest_description, *viewer_description;

static const GOptionEntry entries[] = {
  { "ingest", 'i', 0, G_OPTION_ARG_STRING, &ingest_description,
      "The pipeline that publishes live/cam", "PIPELINE" },
  { "viewer", 'v', 0, G_OPTION_ARG_STRING, &viewer_description,
      "The pipeline that watches arcly://live/cam", "PIPELINE" },
  { NULL }
};

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  App *app = user_data;
  const gchar *name = GST_OBJECT_NAME (GST_MESSAGE_SRC (message));
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("%s: %s\n", name, error->message);
      app->failed = TRUE;
      g_main_loop_quit (app->loop);
      break;
    case GST_MESSAGE_ELEMENT:
      /* arcly-connected, arcly-disconnected, subscriber-lagged ... */
      g_print ("%s: %s\n", name,
          gst_structure_get_name (gst_message_get_structure (message)));
      break;
    case GST_MESSAGE_EOS:
      g_print ("%s: end of stream\n", name);
      if (--app->running == 0)
        g_main_loop_quit (app->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

/* The context is what makes the pipelines find each other. */
static GstElement *
start (
    App *app, const gchar *name, const gchar *description, GstContext *context)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstBus) bus = NULL;

  if (error) {
    g_printerr ("%s: %s\n", name, error->message);
    gst_clear_object (&pipeline);
    return NULL;
  }
  gst_object_set_name (GST_OBJECT (pipeline), name);
  gst_element_set_context (pipeline, context);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_message, app);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  app->running++;
  return pipeline;
}

static void
stop (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = NULL;

  if (pipeline == NULL)
    return;
  bus = gst_element_get_bus (pipeline);
  gst_bus_remove_watch (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GstArclyEngine) engine = NULL;
  g_autoptr (GstContext) context = NULL;
  g_autoptr (GError) error = NULL;
  GstElement *ingest = NULL, *viewer = NULL;
  App app = { NULL, 0, FALSE };

  g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_add_group (options, gst_init_get_option_group ());
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }

  engine = gst_arcly_engine_new ();
  context = gst_arcly_engine_new_context (engine);
  app.loop = g_main_loop_new (NULL, FALSE);
  /* In this order on purpose: the viewer waits for the stream. */
  viewer = start (&app, "viewer",
      viewer_description
          ? viewer_description
          : "arclysrc uri=arcly://live/cam ! videoconvert ! autovideosink",
      context);
  ingest = start (&app, "ingest",
      ingest_description
          ? ingest_description
          : "videotestsrc is-live=true pattern=ball num-buffers=150 ! "
            "video/x-raw, framerate=30/1 ! arclybus stream=live/cam "
            "name=bus  bus.src_0_0 ! fakesink",
      context);
  if (viewer && ingest)
    g_main_loop_run (app.loop);
  else
    app.failed = TRUE;

  stop (ingest);
  stop (viewer);
  g_main_loop_unref (app.loop);
  g_free (ingest_description);
  g_free (viewer_description);
  return app.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
