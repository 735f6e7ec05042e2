/* SPDX-License-Identifier: MIT
 *
 * What the storage tells the writer, which tells the application; and what it
 * tells of the multivariant playlist. */
#include "config.h"

#include "gstarclyhlswriterprivate.h"

/* Thread of the storage. */
static void
on_storage_failing (gpointer data, const GError *error)
{
  GST_ELEMENT_WARNING (
      GST_ELEMENT (data), RESOURCE, WRITE, ("%s", error->message), (NULL));
}

/* Thread of the storage, or the streaming thread. */
static void
on_playlist_lost (gpointer data, const gchar *name, const GError *error)
{
  GstStructure *lost = gst_structure_new ("arcly-storage-lost", "name",
      G_TYPE_STRING, name, "message", G_TYPE_STRING, error->message, NULL);

  gst_element_post_message (
      GST_ELEMENT (data), gst_message_new_element (GST_OBJECT (data), lost));
}

/* The same. A playlist is followed by another one, and an init segment that is
 * lost comes again with the next segment. */
static void
on_storage_lost (gpointer data, const gchar *name, const GError *error)
{
  g_autofree gchar *base = g_path_get_basename (name);
  GstArclyHlsName parsed;

  if (gst_arcly_hls_name_parse (&parsed, base) &&
      parsed.kind != GST_ARCLY_HLS_INIT)
    gst_arcly_hls_writer_count (&GST_ARCLY_HLS_WRITER (data)->n_lost, 1);
  on_playlist_lost (data, name, error);
}

/* Thread of the storage. */
static void
on_storage_removed (gpointer data, const gchar *name)
{
  gst_arcly_hls_writer_count (&GST_ARCLY_HLS_WRITER (data)->n_deleted, 1);
}

/* Thread of the storage. */
static void
on_storage_retried (gpointer data)
{
  gst_arcly_hls_writer_count (&GST_ARCLY_HLS_WRITER (data)->n_retries, 1);
}

const GstArclyHlsSpoolEvents gst_arcly_hls_writer_storage_events = {
  .failing = on_storage_failing,
  .lost = on_storage_lost,
  .removed = on_storage_removed,
  .retried = on_storage_retried,
};

/* Nothing is removed, and nobody counts what was tried. */
static void
ignore_name (gpointer data, const gchar *name)
{
}

static void
ignore (gpointer data)
{
}

const GstArclyHlsSpoolEvents gst_arcly_hls_master_storage_events = {
  .failing = on_storage_failing,
  .lost = on_playlist_lost,
  .removed = ignore_name,
  .retried = ignore,
};
