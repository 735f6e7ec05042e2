/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "gstarclyrecordmessages.h"

static const gchar *const message_names[] = {
  [GST_ARCLY_RECORD_OPENED] = "arcly-record-file-opened",
  [GST_ARCLY_RECORD_ENDED] = "arcly-record-file-closed",
  [GST_ARCLY_RECORD_REMOVED] = "arcly-record-file-deleted",
  [GST_ARCLY_RECORD_PROGRESSIVE] = "arcly-record-file-finalized",
  [GST_ARCLY_RECORD_LOST] = "arcly-record-gap",
  [GST_ARCLY_RECORD_FAILED] = "arcly-record-error",
};

GstStructure *
gst_arcly_record_news_structure (const GstArclyRecordNews *news)
{
  GstStructure *structure = gst_structure_new_empty (message_names[news->type]);
  const GstArclyRecordEntry *entry = news->entry;

  if (news->path)
    gst_structure_set (structure, "path", G_TYPE_STRING, news->path, NULL);
  if (news->error)
    gst_structure_set (
        structure, "reason", G_TYPE_STRING, news->error->message, NULL);
  if (!entry)
    return structure;
  gst_structure_set (structure, "file", G_TYPE_UINT64, entry->file, "wall-time",
      G_TYPE_INT64, entry->wall, NULL);
  if (entry->reason)
    gst_structure_set (structure, "reason", G_TYPE_STRING, entry->reason, NULL);
  if (news->type == GST_ARCLY_RECORD_OPENED ||
      news->type == GST_ARCLY_RECORD_LOST)
    gst_structure_set (
        structure, "media-time", G_TYPE_INT64, entry->media, NULL);
  if (news->type == GST_ARCLY_RECORD_ENDED)
    gst_structure_set (
        structure, "media-time", G_TYPE_INT64, news->media, NULL);
  if (news->type == GST_ARCLY_RECORD_ENDED ||
      news->type == GST_ARCLY_RECORD_LOST)
    gst_structure_set (structure, "duration", G_TYPE_INT64, entry->duration,
        "fragments", G_TYPE_UINT64, entry->fragments, NULL);
  if (news->type == GST_ARCLY_RECORD_ENDED ||
      news->type == GST_ARCLY_RECORD_LOST ||
      news->type == GST_ARCLY_RECORD_PROGRESSIVE)
    gst_structure_set (structure, "bytes", G_TYPE_UINT64, entry->size, NULL);
  return structure;
}
