/* SPDX-License-Identifier: MIT */
#include <gst/check/gstcheck.h>
#include <gst/arcly/arcly.h>

typedef struct {
  gint created;
  gint alive;
} Counts;

static GObject *
create_counted (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  Counts *counts = user_data;
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  g_atomic_int_inc (&counts->created);
  /* Two at a time would mean that two threads made one name. */
  fail_unless_equals_int (g_atomic_int_add (&counts->alive, 1), 0);
  g_object_set_data (object, "counts", counts);
  return object;
}

static void
close_counted (GObject *object)
{
  Counts *counts = g_object_get_data (object, "counts");

  g_atomic_int_add (&counts->alive, -1);
}

static GObject *
create_with_port (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  fail_unless (*key == NULL);
  *key = g_strdup ("test:4711");
  return g_object_new (G_TYPE_OBJECT, NULL);
}

static GObject *
create_nothing (
    GstArclyEngine *engine, gchar **key, gpointer user_data, GError **error)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED, "no luck");
  return NULL;
}

/* A name has one owner a role, and is free again after unregistering. */
GST_START_TEST (test_names)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GObject) one = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) two = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) found = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;

  fail_unless (gst_arcly_engine_register (
      engine, GST_ARCLY_ROLE_INGEST, "live/cam", one, NULL));
  fail_if (gst_arcly_engine_register (
      engine, GST_ARCLY_ROLE_INGEST, "live/cam", two, &error));
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_IN_USE));
  fail_unless (gst_arcly_engine_register (
      engine, GST_ARCLY_ROLE_STREAM, "live/cam", two, NULL));
  fail_unless (gst_arcly_engine_register (
      engine, GST_ARCLY_ROLE_STREAM, "live/a", two, NULL));

  names = gst_arcly_engine_list_streams (engine);
  fail_unless_equals_int (g_strv_length (names), 2);
  fail_unless_equals_string (names[0], "live/a");
  fail_unless_equals_string (names[1], "live/cam");

  /* Only the owner frees its name. */
  gst_arcly_engine_unregister (engine, GST_ARCLY_ROLE_INGEST, "live/cam", two);
  found = gst_arcly_engine_lookup (engine, GST_ARCLY_ROLE_INGEST, "live/cam");
  fail_unless (found == one);
  gst_arcly_engine_unregister (engine, GST_ARCLY_ROLE_INGEST, "live/cam", one);
  fail_if (gst_arcly_engine_lookup (engine, GST_ARCLY_ROLE_INGEST, "live/cam"));
  fail_unless (gst_arcly_engine_register (
      engine, GST_ARCLY_ROLE_INGEST, "live/cam", two, NULL));
}
GST_END_TEST;

typedef struct {
  guint n;
  gboolean taken;
} Changes;

static void
on_registry_changed (
    GstArclyEngine *engine, guint role, const gchar *name, Changes *changes)
{
  g_autoptr (GObject) owner = gst_arcly_engine_lookup (engine, role, name);

  fail_unless_equals_int (role, GST_ARCLY_ROLE_STREAM);
  fail_unless_equals_string (name, "live/cam");
  changes->n++;
  changes->taken = owner != NULL;
}

/* Who waits for a name is told when it comes and when it goes, and can look
 * it up there and then: no lock is held. */
GST_START_TEST (test_changes_are_told)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GObject) one = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) two = g_object_new (G_TYPE_OBJECT, NULL);
  GstArclyRole role = GST_ARCLY_ROLE_STREAM;
  Changes changes = { 0 };

  g_signal_connect (
      engine, "registry-changed", G_CALLBACK (on_registry_changed), &changes);
  fail_unless (gst_arcly_engine_register (engine, role, "live/cam", one, NULL));
  fail_unless (changes.n == 1 && changes.taken);
  fail_if (gst_arcly_engine_register (engine, role, "live/cam", two, NULL));
  gst_arcly_engine_unregister (engine, role, "live/cam", two);
  fail_unless_equals_int (changes.n, 1);
  gst_arcly_engine_unregister (engine, role, "live/cam", one);
  fail_unless (changes.n == 2 && !changes.taken);
}
GST_END_TEST;

/* Users of one key get one object, which closes with the last of them. */
GST_START_TEST (test_shared)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Counts counts = { 0 };
  GObject *one = gst_arcly_engine_acquire (
      engine, "test:1", create_counted, close_counted, &counts, NULL);
  GObject *two = gst_arcly_engine_acquire (
      engine, "test:1", create_counted, close_counted, &counts, NULL);

  fail_unless (one != NULL && one == two);
  fail_unless_equals_int (counts.created, 1);
  gst_arcly_engine_release (engine, one);
  fail_unless_equals_int (counts.alive, 1);
  gst_arcly_engine_release (engine, two);
  fail_unless_equals_int (counts.alive, 0);

  one = gst_arcly_engine_acquire (
      engine, "test:1", create_counted, close_counted, &counts, NULL);
  fail_unless_equals_int (counts.created, 2);
  gst_arcly_engine_release (engine, one);
}
GST_END_TEST;

/* An object that chose its own key (a free port) is found by it. */
GST_START_TEST (test_shared_chooses_key)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  GObject *one = gst_arcly_engine_acquire (
      engine, NULL, create_with_port, NULL, NULL, NULL);
  GObject *two = gst_arcly_engine_acquire (
      engine, "test:4711", create_nothing, NULL, NULL, NULL);

  fail_unless (one != NULL && one == two);
  gst_arcly_engine_release (engine, one);
  gst_arcly_engine_release (engine, two);
}
GST_END_TEST;

/* A failed creation says why and leaves the key free. */
GST_START_TEST (test_shared_failure)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GError) error = NULL;
  Counts counts = { 0 };
  GObject *object = NULL;

  fail_if (gst_arcly_engine_acquire (
      engine, "test:1", create_nothing, NULL, NULL, &error));
  fail_unless (
      g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED));
  object = gst_arcly_engine_acquire (
      engine, "test:1", create_counted, close_counted, &counts, NULL);
  fail_unless (object != NULL);
  gst_arcly_engine_release (engine, object);
}
GST_END_TEST;

typedef struct {
  GstArclyEngine *engine;
  Counts counts;
} Contest;

static gpointer
contend (gpointer data)
{
  Contest *contest = data;
  guint i;

  for (i = 0; i < 2000; i++) {
    GObject *object = gst_arcly_engine_acquire (contest->engine, "test:1",
        create_counted, close_counted, &contest->counts, NULL);

    g_assert (object != NULL);
    gst_arcly_engine_release (contest->engine, object);
  }
  return NULL;
}

/* However the threads meet, there is never more than one object of a key. */
GST_START_TEST (test_shared_contended)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  Contest contest = { engine, { 0 } };
  GThread *threads[4];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("contend", contend, &contest);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  fail_unless_equals_int (contest.counts.alive, 0);
}
GST_END_TEST;

/* The first element of a bin that needs an engine makes the others' too. */
GST_START_TEST (test_context_is_shared_in_a_bin)
{
  g_autoptr (GstElement) bin = gst_object_ref_sink (gst_bin_new (NULL));
  GstElement *a = gst_element_factory_make ("identity", NULL);
  GstElement *b = gst_element_factory_make ("identity", NULL);
  g_autoptr (GstArclyEngine) engine_a = NULL;
  g_autoptr (GstArclyEngine) engine_b = NULL;
  g_autoptr (GstArclyEngine) again = NULL;

  gst_bin_add_many (GST_BIN (bin), a, b, NULL);
  engine_a = gst_arcly_engine_ensure (a);
  engine_b = gst_arcly_engine_ensure (b);
  again = gst_arcly_engine_ensure (a);
  fail_unless (engine_a != NULL);
  fail_unless (engine_a == engine_b);
  fail_unless (engine_a == again);
}
GST_END_TEST;

/* An application's engine is used; pipelines with two engines stay apart. */
GST_START_TEST (test_context_of_an_application)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstContext) context = gst_arcly_engine_new_context (engine);
  g_autoptr (GstContext) other = gst_context_new ("other", TRUE);
  g_autoptr (GstElement) mine = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GstElement) apart = gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *a = gst_element_factory_make ("identity", NULL);
  GstElement *b = gst_element_factory_make ("identity", NULL);
  g_autoptr (GstArclyEngine) engine_a = NULL;
  g_autoptr (GstArclyEngine) engine_b = NULL;

  gst_element_set_context (mine, context);
  gst_bin_add (GST_BIN (mine), a);
  gst_bin_add (GST_BIN (apart), b);
  engine_a = gst_arcly_engine_ensure (a);
  engine_b = gst_arcly_engine_ensure (b);
  fail_unless (engine_a == engine);
  fail_unless (engine_b != engine);
  fail_if (gst_arcly_engine_from_context (other));
}
GST_END_TEST;

/* The number is the engine's, and the default leaves it to the machine. */
GST_START_TEST (test_workers)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  guint workers = 99;

  g_object_get (engine, "workers", &workers, NULL);
  fail_unless_equals_int (workers, 0);
  g_object_set (engine, "workers", 3, NULL);
  g_object_get (engine, "workers", &workers, NULL);
  fail_unless_equals_int (workers, 3);
}
GST_END_TEST;

static Suite *
engine_suite (void)
{
  Suite *suite = suite_create ("engine");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_names);
  tcase_add_test (tcase, test_workers);
  tcase_add_test (tcase, test_changes_are_told);
  tcase_add_test (tcase, test_shared);
  tcase_add_test (tcase, test_shared_chooses_key);
  tcase_add_test (tcase, test_shared_failure);
  tcase_add_test (tcase, test_shared_contended);
  tcase_add_test (tcase, test_context_is_shared_in_a_bin);
  tcase_add_test (tcase, test_context_of_an_application);
  return suite;
}

GST_CHECK_MAIN (engine);
