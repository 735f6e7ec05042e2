/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "recordlist.h"

static void
file_free (gpointer data)
{
  GstArclyRecordFile *file = data;

  g_free (file->path);
  g_free (file->container);
  g_free (file);
}

void
gst_arcly_record_list_init (GstArclyRecordList *self)
{
  memset (self, 0, sizeof *self);
  g_queue_init (&self->files);
  self->links = g_hash_table_new (g_int64_hash, g_int64_equal);
}

void
gst_arcly_record_list_clear (GstArclyRecordList *self)
{
  g_clear_pointer (&self->links, g_hash_table_unref);
  g_queue_clear_full (&self->files, file_free);
  self->bytes = self->last_number = 0;
}

GstArclyRecordFile *
gst_arcly_record_list_find (GstArclyRecordList *self, guint64 number)
{
  GList *link = g_hash_table_lookup (self->links, &number);

  return link ? link->data : NULL;
}

static void
add_file (GstArclyRecordList *self, const GstArclyRecordEntry *entry)
{
  GstArclyRecordFile *file;

  /* Numbers only grow: another one is not ours. */
  if (entry->file <= self->last_number)
    return;
  file = g_new0 (GstArclyRecordFile, 1);
  file->number = self->last_number = entry->file;
  file->path = g_strdup (entry->path);
  file->container = g_strdup (entry->container);
  file->wall = file->end = entry->wall;
  file->media = entry->media;
  g_queue_push_tail (&self->files, file);
  g_hash_table_insert (
      self->links, &file->number, g_queue_peek_tail_link (&self->files));
}

static void
set_size (GstArclyRecordList *self, GstArclyRecordFile *file, guint64 size)
{
  self->bytes -= file->size;
  file->size = size;
  self->bytes += size;
}

static void
remove_file (GstArclyRecordList *self, GstArclyRecordFile *file)
{
  GList *link = g_hash_table_lookup (self->links, &file->number);

  self->bytes -= file->size;
  g_hash_table_remove (self->links, &file->number);
  g_queue_delete_link (&self->files, link);
  file_free (file);
}

void
gst_arcly_record_list_apply (
    GstArclyRecordList *self, const GstArclyRecordEntry *entry)
{
  GstArclyRecordFile *file = gst_arcly_record_list_find (self, entry->file);

  if (entry->type == GST_ARCLY_RECORD_FILE)
    add_file (self, entry);
  if (!file)
    return;
  switch (entry->type) {
    case GST_ARCLY_RECORD_FRAGMENT:
      set_size (self, file, MAX (file->size, entry->offset + entry->size));
      file->duration =
          (gint64) ((guint64) file->duration + (guint64) entry->duration);
      file->end = MAX (file->end, entry->wall + entry->duration / 1000);
      file->fragments += entry->key;
      break;
    case GST_ARCLY_RECORD_CLOSED:
      file->duration = entry->duration;
      file->fragments = entry->fragments;
      set_size (self, file, entry->size);
      file->end = MAX (file->end, entry->wall);
      file->closed = TRUE;
      break;
    case GST_ARCLY_RECORD_FINALIZED:
      set_size (self, file, entry->size);
      break;
    case GST_ARCLY_RECORD_DELETED:
      remove_file (self, file);
      break;
    case GST_ARCLY_RECORD_SESSION:
    case GST_ARCLY_RECORD_FILE:
    case GST_ARCLY_RECORD_GAP:
      break;
  }
}

GstArclyRecordFile *
gst_arcly_record_list_oldest (GstArclyRecordList *self)
{
  GList *link;

  for (link = self->files.head; link; link = link->next) {
    GstArclyRecordFile *file = link->data;

    if (file->closed)
      return file;
  }
  return NULL;
}

GstArclyRecordFile *
gst_arcly_record_list_expired (GstArclyRecordList *self, gint64 now,
    gint64 max_age, guint64 max_bytes, const gchar **reason)
{
  GstArclyRecordFile *file = gst_arcly_record_list_oldest (self);

  if (file && max_age > 0 && now - file->end > max_age / 1000) {
    *reason = "age";
    return file;
  }
  if (file && max_bytes > 0 && self->bytes > max_bytes) {
    *reason = "bytes";
    return file;
  }
  return NULL;
}

gint64
gst_arcly_record_list_wait (
    GstArclyRecordList *self, gint64 now, gint64 max_age)
{
  GstArclyRecordFile *file = gst_arcly_record_list_oldest (self);

  if (!file || max_age <= 0)
    return -1;
  return MAX (0, file->end + max_age / 1000 - now + 1);
}
