/* SPDX-License-Identifier: MIT
 *
 * What holds for each storage. */
#include <string.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <gst/arcly/arcly.h>

#include "http/testcert.h"
#include "putserver.h"

#define MAX_BYTES 1000

/* A storage, and what it needs. */
typedef struct {
  GstArclyStorage *storage;
  PutServer *server;
  gchar *folder;
} Fixture;

typedef enum {
  MEMORY,
  FILES,
  FILES_SYNCED,
  SERVER,
} Kind;
#define N_KINDS 4

static void
fixture_init (Fixture *fixture, Kind kind)
{
  *fixture = (Fixture){ 0 };
  switch (kind) {
    case MEMORY:
      fixture->storage =
          GST_ARCLY_STORAGE (gst_arcly_memory_storage_new (MAX_BYTES));
      break;
    case FILES:
    case FILES_SYNCED:
      fixture->folder = g_dir_make_tmp ("arcly-storage-XXXXXX", NULL);
      fixture->storage =
          GST_ARCLY_STORAGE (gst_arcly_file_storage_new (fixture->folder,
              kind == FILES ? GST_ARCLY_FSYNC_NONE : GST_ARCLY_FSYNC_FOLDER));
      break;
    case SERVER:
      fixture->server = put_server_new ();
      fixture->storage = GST_ARCLY_STORAGE (
          gst_arcly_http_storage_new (fixture->server->uri, NULL));
      break;
  }
  fail_unless (fixture->storage != NULL);
}

static void
fixture_clear (Fixture *fixture)
{
  g_object_unref (fixture->storage);
  g_clear_pointer (&fixture->server, put_server_free);
  if (fixture->folder) {
    g_autofree gchar *command = g_strdup_printf ("rm -r '%s'", fixture->folder);

    fail_unless (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  }
  g_free (fixture->folder);
}

static gboolean
put (Fixture *fixture, const gchar *name, const gchar *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return gst_arcly_storage_put (fixture->storage, name, bytes, NULL, error);
}

static void
assert_has (Fixture *fixture, const gchar *name, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      gst_arcly_storage_get (fixture->storage, name, NULL, &error);

  if (!text) {
    fail_unless (bytes == NULL);
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_NOT_FOUND),
        "%s", error->message);
    return;
  }
  g_assert_no_error (error);
  fail_unless_equals_int (g_bytes_get_size (bytes), strlen (text));
  fail_unless (
      memcmp (g_bytes_get_data (bytes, NULL), text, strlen (text)) == 0);
}

GST_START_TEST (test_put_get_remove)
{
  Fixture fixture;
  guint i;

  fixture_init (&fixture, __i__);
  assert_has (&fixture, "index.m3u8", NULL);
  fail_unless (put (&fixture, "index.m3u8", "one", NULL));
  assert_has (&fixture, "index.m3u8", "one");
  fail_unless (put (&fixture, "index.m3u8", "another", NULL));
  assert_has (&fixture, "index.m3u8", "another");
  fail_unless (put (&fixture, "low/a b%41?#\xc3\xa4.ts", "odd", NULL));
  assert_has (&fixture, "low/a b%41?#\xc3\xa4.ts", "odd");
  fail_unless (put (&fixture, "low/000.ts", "zero", NULL));
  assert_has (&fixture, "low/000.ts", "zero");
  assert_has (&fixture, "000.ts", NULL);

  for (i = 0; i < 2; i++)
    fail_unless (
        gst_arcly_storage_remove (fixture.storage, "index.m3u8", NULL, NULL));
  assert_has (&fixture, "index.m3u8", NULL);
  assert_has (&fixture, "low/000.ts", "zero");
  fixture_clear (&fixture);
}
GST_END_TEST;

/* Nothing gets out of the storage. */
GST_START_TEST (test_names)
{
  static const gchar *const names[] = { "", ".", "..", "/etc/passwd", "a/../b",
    "../b", "a//b", "a/", "/a", ".hidden", "a/.hidden", "a\\b", "\xff.ts" };
  g_autofree gchar *longest = g_strnfill (2000, 'a');
  Fixture fixture;
  guint i;

  fixture_init (&fixture, __i__);
  for (i = 0; i <= G_N_ELEMENTS (names); i++) {
    const gchar *name = i < G_N_ELEMENTS (names) ? names[i] : longest;
    g_autoptr (GError) error = NULL;
    g_autoptr (GError) missing = NULL;

    fail_if (put (&fixture, name, "x", &error), "%s", name);
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
    fail_if (gst_arcly_storage_remove (fixture.storage, name, NULL, NULL));
    fail_if (gst_arcly_storage_get (fixture.storage, name, NULL, &missing));
    fail_unless (
        g_error_matches (missing, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
  }
  fixture_clear (&fixture);
}
GST_END_TEST;

GST_START_TEST (test_memory_is_bounded)
{
  g_autofree gchar *half = g_strnfill (MAX_BYTES / 2, 'a');
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  Fixture fixture;

  fixture_init (&fixture, MEMORY);
  fail_unless (put (&fixture, "b.ts", half, NULL));
  fail_unless (put (&fixture, "a.ts", half, NULL));
  fail_unless (put (&fixture, "a.ts", half, NULL));
  fail_if (put (&fixture, "c.ts", "c", &error));
  fail_unless (g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_LIMIT));
  names = gst_arcly_memory_storage_list (
      GST_ARCLY_MEMORY_STORAGE (fixture.storage));
  fail_unless_equals_int (g_strv_length (names), 2);
  fail_unless_equals_string (names[0], "a.ts");
  fail_unless (gst_arcly_storage_remove (fixture.storage, "a.ts", NULL, NULL));
  fail_unless (put (&fixture, "c.ts", "c", NULL));
  fixture_clear (&fixture);
}
GST_END_TEST;

/* A file where a folder should be; and nothing half written is left. */
GST_START_TEST (test_file_fails)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  Fixture fixture;
  guint n = 0;

  fixture_init (&fixture, FILES);
  fail_unless (put (&fixture, "low", "x", NULL));
  fail_if (put (&fixture, "low/000.ts", "x", &error));
  fail_unless (error->domain == G_FILE_ERROR && strstr (error->message, "low"));
  dir = g_dir_open (fixture.folder, 0, NULL);
  while (g_dir_read_name (dir))
    n++;
  fail_unless_equals_int (n, 1);
  fixture_clear (&fixture);
}
GST_END_TEST;

/* What it sends, and what becomes of each answer. */
GST_START_TEST (test_server_answers)
{
  static const struct {
    guint status;
    gboolean ok, final;
  } answers[] = {
    { 200, TRUE, FALSE },
    { 201, TRUE, FALSE },
    { 204, TRUE, FALSE },
    { 301, FALSE, TRUE },
    { 400, FALSE, TRUE },
    { 401, FALSE, TRUE },
    { 403, FALSE, TRUE },
    { 405, FALSE, TRUE },
    { 408, FALSE, FALSE },
    { 409, FALSE, FALSE },
    { 413, FALSE, TRUE },
    { 429, FALSE, FALSE },
    { 500, FALSE, FALSE },
    { 501, FALSE, TRUE },
    { 503, FALSE, FALSE },
  };
  Fixture fixture;
  guint i;

  fixture_init (&fixture, SERVER);
  for (i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *status = g_strdup_printf ("%u", answers[i].status);

    put_server_set_status (fixture.server, answers[i].status);
    fail_unless_equals_int (put (&fixture, "a.ts", "x", &error), answers[i].ok);
    if (answers[i].ok)
      continue;
    fail_unless_equals_int (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_REFUSED),
        answers[i].final);
    fail_unless (g_str_has_prefix (error->message, "PUT http://127.0.0.1:"));
    fail_unless (strstr (error->message, "/up/a.ts: ") != NULL);
    fail_unless (strstr (error->message, status) != NULL);
  }
  fixture_clear (&fixture);
}
GST_END_TEST;

GST_START_TEST (test_server_request)
{
  PutServer *server = put_server_new ();
  g_autofree gchar *port = g_strdup_printf ("%u", server->port);
  g_autofree gchar *uri =
      g_strconcat ("http://me:p%40ss@127.0.0.1:", port, "/up?key=secret", NULL);
  g_autoptr (GstArclyHttpStorage) storage =
      gst_arcly_http_storage_new (uri, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *seen = NULL;

  fail_unless (gst_arcly_storage_put (
      GST_ARCLY_STORAGE (storage), "a.ts", bytes, NULL, NULL));
  seen = put_server_dup_last (server);
  /* Of "me:p@ss". */
  fail_unless_equals_string (seen,
      "PUT /up/a.ts?key=secret video/mp2t "
      "public, max-age=31536000, immutable Basic bWU6cEBzcw==");
  put_server_set_status (server, 403);
  fail_if (gst_arcly_storage_put (
      GST_ARCLY_STORAGE (storage), "a.ts", bytes, NULL, &error));
  fail_if (strstr (error->message, "secret") || strstr (error->message, "ss@"),
      "%s", error->message);
  put_server_free (server);
}
GST_END_TEST;

/* Nobody is there, or nobody answers. */
GST_START_TEST (test_server_gone)
{
  PutServer *server = put_server_new ();
  g_autoptr (GstArclyHttpStorage) storage =
      gst_arcly_http_storage_new (server->uri, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) gone = NULL;
  g_autoptr (GError) cancelled = NULL;

  put_server_free (server);
  fail_if (gst_arcly_storage_put (
      GST_ARCLY_STORAGE (storage), "a.ts", bytes, NULL, &gone));
  fail_unless (strstr (gone->message, "/up/a.ts: ") != NULL);
  g_cancellable_cancel (cancellable);
  fail_if (gst_arcly_storage_put (
      GST_ARCLY_STORAGE (storage), "a.ts", bytes, cancellable, &cancelled));
  fail_unless (g_error_matches (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}
GST_END_TEST;

/* Who trusts what is in a file of this folder, which is read when needed. */
static GTlsDatabase *
new_database (const gchar *folder, const gchar *name, const gchar *pem)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  GTlsDatabase *database;

  fail_unless (g_file_set_contents (path, pem, -1, NULL));
  database = g_tls_file_database_new (path, NULL);
  fail_unless (database != NULL);
  return database;
}

/* The certificate is its own authority, so the system does not trust it. */
GST_START_TEST (test_https)
{
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_pem (certificate_pem, -1, NULL);
  Fixture fixture = { .server = put_server_new_tls (certificate),
    .folder = g_dir_make_tmp ("arcly-storage-XXXXXX", NULL) };
  g_autoptr (GTlsDatabase) ours =
      new_database (fixture.folder, "ours.pem", certificate_pem);
  g_autoptr (GTlsDatabase) other =
      new_database (fixture.folder, "other.pem", other_pem);
  const struct {
    GTlsDatabase *database;
    gboolean trusted;
  } cases[] = { { NULL, FALSE }, { ours, TRUE }, { other, FALSE },
    { NULL, FALSE } };
  g_autoptr (GTlsDatabase) got = NULL;
  guint i;

  fixture.storage = GST_ARCLY_STORAGE (
      gst_arcly_http_storage_new (fixture.server->uri, NULL));
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    /* What is not set is what the system trusts, too. */
    if (i > 0)
      g_object_set (fixture.storage, "tls-database", cases[i].database, NULL);
    fail_unless_equals_int (
        put (&fixture, "a.ts", "secret", &error), cases[i].trusted);
    fail_unless_equals_int (
        error && error->domain == G_TLS_ERROR, !cases[i].trusted);
    if (cases[i].trusted)
      assert_has (&fixture, "a.ts", "secret");
  }
  g_object_set (fixture.storage, "tls-database", ours, NULL);
  g_object_get (fixture.storage, "tls-database", &got, NULL);
  fail_unless (got == ours);
  fail_unless (gst_arcly_storage_remove (fixture.storage, "a.ts", NULL, NULL));
  assert_has (&fixture, "a.ts", NULL);
  fixture_clear (&fixture);
}
GST_END_TEST;

GST_START_TEST (test_bad_uris)
{
  static const gchar *const uris[] = { "", "/tmp", "file:///tmp",
    "http:", "http://", "http:///x", "http://[::1", "ftp://a/" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (uris); i++) {
    g_autoptr (GError) error = NULL;

    fail_if (gst_arcly_http_storage_new (uris[i], &error), "%s", uris[i]);
    fail_unless (
        g_error_matches (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID));
  }
}
GST_END_TEST;

static Suite *
storage_suite (void)
{
  Suite *suite = suite_create ("storage");
  TCase *all = tcase_create ("general");

  /* libproxy throws C++ exceptions, and knows nothing about the loopback. */
  g_setenv ("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
  suite_add_tcase (suite, all);
  tcase_set_timeout (all, 120);
  tcase_add_loop_test (all, test_put_get_remove, 0, N_KINDS);
  tcase_add_loop_test (all, test_names, 0, N_KINDS);
  tcase_add_test (all, test_memory_is_bounded);
  tcase_add_test (all, test_file_fails);
  tcase_add_test (all, test_server_answers);
  tcase_add_test (all, test_server_request);
  tcase_add_test (all, test_server_gone);
  tcase_add_test (all, test_https);
  tcase_add_test (all, test_bad_uris);
  return suite;
}

GST_CHECK_MAIN (storage);
