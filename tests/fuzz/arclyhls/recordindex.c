/* SPDX-License-Identifier: MIT
 *
 * An index of any bytes, line by line. What is understood is written again and
 * read the same; the list that it makes adds up, and whatever limits there are,
 * what is deleted is in it. */
#include <stdint.h>
#include <string.h>

#include "recordlist.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_line (GstArclyRecordList *list, const gchar *line, gsize size)
{
  g_auto (GstArclyRecordEntry) entry = { 0 };
  g_auto (GstArclyRecordEntry) again = { 0 };
  g_autoptr (GString) text = NULL;

  if (!gst_arcly_record_entry_read (&entry, line, size))
    return;
  text = g_string_new (NULL);
  gst_arcly_record_entry_write (&entry, text);
  if (text->len - 1 <= GST_ARCLY_RECORD_MAX_LINE) {
    g_assert (gst_arcly_record_entry_read (&again, text->str, text->len - 1));
    g_assert (again.type == entry.type && again.wall == entry.wall &&
              again.file == entry.file && again.size == entry.size &&
              again.media == entry.media && again.key == entry.key &&
              g_strcmp0 (again.path, entry.path) == 0 &&
              g_strcmp0 (again.reason, entry.reason) == 0);
  }
  gst_arcly_record_list_apply (list, &entry);
}

static void
check_list (GstArclyRecordList *list)
{
  const gchar *reason;
  GstArclyRecordFile *file;
  guint64 bytes = 0;
  GList *link;

  g_assert (
      g_hash_table_size (list->links) == g_queue_get_length (&list->files));
  for (link = list->files.head; link; link = link->next) {
    file = link->data;
    g_assert (gst_arcly_record_list_find (list, file->number) == file);
    bytes += file->size;
  }
  g_assert (bytes == list->bytes);
  gst_arcly_record_list_wait (list, 1700000000000000, 3600);
  while ((file = gst_arcly_record_list_expired (
              list, 1700000000000000, 3600, 1, &reason))) {
    GstArclyRecordEntry entry = { .type = GST_ARCLY_RECORD_DELETED,
      .file = file->number };

    gst_arcly_record_list_apply (list, &entry);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  GstArclyRecordList list;
  const uint8_t *end;

  gst_arcly_record_list_init (&list);
  for (; size > 0; size -= end - data, data = end) {
    const uint8_t *newline = memchr (data, '\n', size);

    end = newline ? newline + 1 : data + size;
    check_line (&list, (const gchar *) data, (newline ? newline : end) - data);
  }
  check_list (&list);
  gst_arcly_record_list_clear (&list);
  return 0;
}
