/* SPDX-License-Identifier: MIT
 *
 * What the storage tells the writer, which tells the application. */
#include "config.h"

#include "gstarclyhlsresume.h"
#include "gstarclyhlswriterprivate.h"

static void
add (_Atomic guint64 *counter, guint64 value)
{
  atomic_fetch_add_explicit (counter, value, memory_order_relaxed);
}

/* Thread of the storage. */
static void
on_storage_failing (gpointer data, const GError *error)
{
  GST_ELEMENT_WARNING (
      GST_ELEMENT (data), RESOURCE, WRITE, ("%s", error->message), (NULL));
}

/* Thread of the storage, or the streaming thread. A playlist is followed by
 * another one. */
static void
on_storage_lost (gpointer data, const gchar *name, const GError *error)
{
  GstArclyHlsWriter *self = GST_ARCLY_HLS_WRITER (data);
  GstStructure *lost = gst_structure_new ("arcly-storage-lost", "name",
      G_TYPE_STRING, name, "message", G_TYPE_STRING, error->message, NULL);

  if (!g_str_has_suffix (name, GST_ARCLY_HLS_PLAYLIST_NAME))
    add (&self->n_lost, 1);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), lost));
}

/* Thread of the storage. */
static void
on_storage_removed (gpointer data, const gchar *name)
{
  add (&GST_ARCLY_HLS_WRITER (data)->n_deleted, 1);
}

/* Thread of the storage. */
static void
on_storage_retried (gpointer data)
{
  add (&GST_ARCLY_HLS_WRITER (data)->n_retries, 1);
}

const GstArclyHlsSpoolEvents gst_arcly_hls_writer_storage_events = {
  .failing = on_storage_failing,
  .lost = on_storage_lost,
  .removed = on_storage_removed,
  .retried = on_storage_retried,
};
