/* SPDX-License-Identifier: MIT
 *
 * Lines of the index, and which files they leave to be deleted. */
#include <string.h>

#include "recordlist.h"

#define SECOND_US G_USEC_PER_SEC
#define SECOND_NS G_GINT64_CONSTANT (1000000000)
/* 2023-11-14T22:13:20Z */
#define WALL G_GINT64_CONSTANT (1700000000000000)

static void
assert_same (const GstArclyRecordEntry *a, const GstArclyRecordEntry *b)
{
  g_assert_cmpint (a->type, ==, b->type);
  g_assert_cmpint (a->wall, ==, b->wall);
  g_assert_cmpuint (a->version, ==, b->version);
  g_assert_cmpuint (a->file, ==, b->file);
  g_assert_cmpstr (a->path, ==, b->path);
  g_assert_cmpstr (a->container, ==, b->container);
  g_assert_cmpint (a->media, ==, b->media);
  g_assert_cmpint (a->duration, ==, b->duration);
  g_assert_cmpuint (a->offset, ==, b->offset);
  g_assert_cmpuint (a->size, ==, b->size);
  g_assert_cmpuint (a->fragments, ==, b->fragments);
  g_assert_cmpint (a->key, ==, b->key);
  g_assert_cmpstr (a->reason, ==, b->reason);
}

static void
test_round_trip (void)
{
  GstArclyRecordEntry entries[] = {
    { .type = GST_ARCLY_RECORD_SESSION, .version = 1, .wall = WALL },
    { .type = GST_ARCLY_RECORD_FILE,
        .file = 7,
        .path = (gchar *) "a/\"b\\\n\xc3\xa4.mp4",
        .container = (gchar *) "fmp4",
        .wall = WALL + 1,
        .media = 5 },
    { .type = GST_ARCLY_RECORD_FRAGMENT,
        .file = 7,
        .wall = 999999,
        .media = -3,
        .duration = G_MAXINT64,
        .offset = G_MAXINT64,
        .size = 9,
        .key = TRUE },
    { .type = GST_ARCLY_RECORD_GAP,
        .file = 0,
        .wall = WALL,
        .media = 3,
        .duration = -7200 * SECOND_NS,
        .size = 4,
        .fragments = 2,
        .reason = (gchar *) "jump" },
    { .type = GST_ARCLY_RECORD_CLOSED,
        .file = 7,
        .wall = WALL,
        .duration = 1,
        .size = 2,
        .fragments = 3,
        .reason = (gchar *) "eos" },
    { .type = GST_ARCLY_RECORD_FINALIZED, .file = 7, .wall = WALL, .size = 1 },
    { .type = GST_ARCLY_RECORD_DELETED,
        .file = 7,
        .wall = WALL,
        .reason = (gchar *) "age" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (entries); i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_auto (GstArclyRecordEntry) entry = { 0 };

    gst_arcly_record_entry_write (&entries[i], text);
    g_assert_cmpint (text->str[text->len - 1], ==, '\n');
    g_assert_null (memchr (text->str, '\n', text->len - 1));
    g_assert_true (
        gst_arcly_record_entry_read (&entry, text->str, text->len - 1));
    assert_same (&entry, &entries[i]);
  }
}

/* Exactly as much memory as there is text. */
static gboolean
reads (const gchar *line, gsize size)
{
  g_autofree gchar *copy = g_memdup2 (line, size);
  g_auto (GstArclyRecordEntry) entry = { 0 };

  return gst_arcly_record_entry_read (&entry, copy, size);
}

#define DELETED(file, wall, rest)                                              \
  "{\"type\":\"deleted\",\"file\":" file ",\"wall\":" wall rest "}"
#define GOOD_WALL "\"2026-01-31T10:00:00.000001Z\""
#define REASON ",\"reason\":\"age\""

/* Whatever a process that died left of a line, is none. */
static void
test_cut_off (void)
{
  static const gchar line[] = DELETED ("1", GOOD_WALL, REASON);
  gsize size;

  g_assert_true (reads (line, strlen (line)));
  for (size = 0; size < strlen (line); size++)
    g_assert_false (reads (line, size));
}

static void
test_malformed (void)
{
  static const struct {
    const gchar *line;
    gboolean ok;
  } cases[] = {
    { DELETED ("1", GOOD_WALL, REASON ",\"new\":1"), TRUE },
    { DELETED ("0", GOOD_WALL, REASON), FALSE },
    { DELETED ("-1", GOOD_WALL, REASON), FALSE },
    { DELETED ("1.5", GOOD_WALL, REASON), FALSE },
    { DELETED ("\"1\"", GOOD_WALL, REASON), FALSE },
    { DELETED ("99999999999999999999999", GOOD_WALL, REASON), FALSE },
    { DELETED ("1", "1", REASON), FALSE },
    { DELETED ("1", "\"yesterday\"", REASON), FALSE },
    { DELETED ("1", "\"1969-01-31T10:00:00Z\"", REASON), FALSE },
    { DELETED ("1", GOOD_WALL, ""), FALSE },
    { DELETED ("1", GOOD_WALL, ",\"reason\":null"), FALSE },
    { DELETED ("1", GOOD_WALL, REASON ",\"x\":[1]"), FALSE },
    { DELETED ("1", GOOD_WALL, REASON ",\"x\":{}"), FALSE },
    { "{\"type\":\"delete\"}", FALSE },
    { "{\"type\":1}", FALSE },
    { "{}", FALSE },
    { "[]", FALSE },
    { "null", FALSE },
  };
  g_autofree gchar *nested = g_strnfill (GST_ARCLY_RECORD_MAX_LINE, '[');
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].line);
    g_assert_cmpint (
        reads (cases[i].line, strlen (cases[i].line)), ==, cases[i].ok);
  }
  g_assert_false (reads (nested, strlen (nested)));
}

static void
add (GstArclyRecordList *list, guint64 number, gint64 wall, guint64 size)
{
  GstArclyRecordEntry file = { .type = GST_ARCLY_RECORD_FILE,
    .file = number,
    .path = (gchar *) "x",
    .container = (gchar *) "ts",
    .wall = wall };
  GstArclyRecordEntry fragment = { .type = GST_ARCLY_RECORD_FRAGMENT,
    .file = number,
    .wall = wall,
    .duration = SECOND_NS,
    .size = size,
    .key = TRUE };

  gst_arcly_record_list_apply (list, &file);
  gst_arcly_record_list_apply (list, &fragment);
}

static void
finish (GstArclyRecordList *list, guint64 number, gint64 wall, guint64 size)
{
  GstArclyRecordEntry closed = {
    .type = GST_ARCLY_RECORD_CLOSED, .file = number, .wall = wall, .size = size
  };

  gst_arcly_record_list_apply (list, &closed);
}

static void delete (GstArclyRecordList *list, guint64 number)
{
  GstArclyRecordEntry deleted = { .type = GST_ARCLY_RECORD_DELETED,
    .file = number };

  gst_arcly_record_list_apply (list, &deleted);
}

/* Rule U12. The file that is open stays. */
static void
test_retention (void)
{
  GstArclyRecordList list;
  const gchar *reason = NULL;
  gint64 age = 10 * SECOND_NS;
  gint64 now = WALL + 100 * SECOND_US;

  gst_arcly_record_list_init (&list);
  g_assert_null (gst_arcly_record_list_expired (&list, now, age, 1, &reason));
  g_assert_cmpint (gst_arcly_record_list_wait (&list, now, age), ==, -1);

  add (&list, 1, now - 50 * SECOND_US, 100);
  g_assert_null (gst_arcly_record_list_expired (&list, now, age, 1, &reason));
  finish (&list, 1, now - 4 * SECOND_US, 100);
  add (&list, 2, now - 4 * SECOND_US, 30);
  g_assert_cmpuint (list.bytes, ==, 130);

  g_assert_null (gst_arcly_record_list_expired (&list, now, age, 130, &reason));
  g_assert_null (gst_arcly_record_list_expired (&list, now, 0, 0, &reason));
  g_assert_cmpuint (
      gst_arcly_record_list_expired (&list, now, age, 129, &reason)->number, ==,
      1);
  g_assert_cmpstr (reason, ==, "bytes");

  g_assert_cmpint (
      gst_arcly_record_list_wait (&list, now, age), ==, 6 * SECOND_US + 1);
  now += 6 * SECOND_US + 1;
  g_assert_cmpint (gst_arcly_record_list_wait (&list, now, age), ==, 0);
  g_assert_cmpuint (
      gst_arcly_record_list_expired (&list, now, age, 0, &reason)->number, ==,
      1);
  g_assert_cmpstr (reason, ==, "age");
  delete (&list, 1);
  g_assert_cmpuint (list.bytes, ==, 30);
  g_assert_null (gst_arcly_record_list_expired (&list, now, age, 1, &reason));

  /* A number that was is no other file. */
  add (&list, 1, now, 5);
  g_assert_null (gst_arcly_record_list_find (&list, 1));
  g_assert_cmpuint (list.last_number, ==, 2);
  delete (&list, 9);
  gst_arcly_record_list_clear (&list);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recordindex/round-trip", test_round_trip);
  g_test_add_func ("/recordindex/cut-off", test_cut_off);
  g_test_add_func ("/recordindex/malformed", test_malformed);
  g_test_add_func ("/recordindex/retention", test_retention);
  return g_test_run ();
}
