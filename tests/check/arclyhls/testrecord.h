/* SPDX-License-Identifier: MIT
 *
 * What tests of arclyrecordsink share: a folder, an element with harnesses, and
 * what is in its files and its index. */
#pragma once

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "recordindex.h"
#include "testfmp4.h"

#define KEY_EVERY 25

typedef struct {
  gchar *folder;
  GstElement *sink;
  GstBus *bus;
  Fixture f; /* its harnesses */
} TestRecord;

static inline void
test_record_init (TestRecord *t)
{
  *t = (TestRecord){ .folder = g_dir_make_tmp ("arcly-record-XXXXXX", NULL) };
}

static inline gchar *
test_record_path (TestRecord *t, const gchar *name)
{
  return g_build_filename (t->folder, name, NULL);
}

static inline gboolean
test_record_has (TestRecord *t, const gchar *name)
{
  g_autofree gchar *path = test_record_path (t, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* In NULL, with the properties given; files are called 00001 and so on. */
static inline void
test_record_new_sink (TestRecord *t, const gchar *first, ...)
{
  g_autofree gchar *location = test_record_path (t, "{number}");
  va_list args;

  t->sink = gst_element_factory_make ("arclyrecordsink", NULL);
  gst_object_ref_sink (t->sink);
  t->bus = gst_bus_new ();
  gst_element_set_bus (t->sink, t->bus);
  g_object_set (t->sink, "location", location, "fsync", 0, NULL);
  va_start (args, first);
  g_object_set_valist (G_OBJECT (t->sink), first, args);
  va_end (args);
}

static inline void
test_record_add_video (TestRecord *t, const gchar *caps)
{
  t->f.video = gst_harness_new_with_element (t->sink, "video_%u", NULL);
  gst_harness_set_src_caps_str (t->f.video, caps);
}

static inline void
test_record_add_audio (TestRecord *t)
{
  t->f.audio = gst_harness_new_with_element (t->sink, "audio_%u", NULL);
  gst_harness_set_src_caps_str (t->f.audio, AAC_CAPS);
}

static inline void
test_record_end (TestRecord *t)
{
  if (t->f.video)
    fail_unless (gst_harness_push_event (t->f.video, gst_event_new_eos ()));
  if (t->f.audio)
    fail_unless (gst_harness_push_event (t->f.audio, gst_event_new_eos ()));
}

/* To NULL, and away; the folder stays. */
static inline void
test_record_drop_sink (TestRecord *t)
{
  gst_element_set_state (t->sink, GST_STATE_NULL);
  g_clear_pointer (&t->f.video, gst_harness_teardown);
  g_clear_pointer (&t->f.audio, gst_harness_teardown);
  gst_bus_set_flushing (t->bus, TRUE);
  gst_element_set_bus (t->sink, NULL);
  ASSERT_OBJECT_REFCOUNT (t->sink, "sink", 1);
  gst_clear_object (&t->sink);
  gst_clear_object (&t->bus);
}

static inline void
test_record_remove_folder (const gchar *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *child = g_build_filename (path, name, NULL);

    if (g_unlink (child) < 0)
      test_record_remove_folder (child);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

static inline void
test_record_clear (TestRecord *t)
{
  if (t->sink)
    test_record_drop_sink (t);
  test_record_remove_folder (t->folder);
  g_free (t->folder);
}

static inline void
clear_entry (gpointer entry)
{
  gst_arcly_record_entry_clear (entry);
}

/* (element-type GstArclyRecordEntry): the lines that can be read. */
static inline GArray *
test_record_index (const gchar *folder)
{
  g_autofree gchar *path = g_build_filename (folder, "recordings.jsonl", NULL);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (GstArclyRecordEntry));
  guint i;

  g_array_set_clear_func (entries, clear_entry);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return entries;
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i]; i++) {
    GstArclyRecordEntry entry;

    if (gst_arcly_record_entry_read (&entry, lines[i], strlen (lines[i])))
      g_array_append_val (entries, entry);
  }
  return entries;
}

/* The nth entry of a type, or NULL. */
static inline const GstArclyRecordEntry *
test_record_entry (GArray *entries, GstArclyRecordEntryType type, guint n)
{
  guint i;

  for (i = 0; i < entries->len; i++) {
    const GstArclyRecordEntry *entry =
        &g_array_index (entries, GstArclyRecordEntry, i);

    if (entry->type == type && n-- == 0)
      return entry;
  }
  return NULL;
}

static inline guint
test_record_count (GArray *entries, GstArclyRecordEntryType type)
{
  guint n = 0;

  while (test_record_entry (entries, type, n))
    n++;
  return n;
}

/* The next element message of this name, or a failure. */
static inline GstStructure *
test_record_message (TestRecord *t, const gchar *name)
{
  GstMessage *message;

  while ((message = gst_bus_timed_pop_filtered (
              t->bus, 30 * GST_SECOND, GST_MESSAGE_ELEMENT))) {
    GstStructure *found = NULL;

    if (gst_message_has_name (message, name))
      found = gst_structure_copy (gst_message_get_structure (message));
    gst_message_unref (message);
    if (found)
      return found;
  }
  fail ("no message %s", name);
  return NULL;
}

static inline guint64
test_record_stat (TestRecord *t, const gchar *name)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (t->sink, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value), "%s", name);
  gst_structure_free (stats);
  return value;
}
