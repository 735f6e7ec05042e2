/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "gstarclyhlsresume.h"
#include "hls/hlsopen.h"

static gboolean
has_map (GstArclyHlsPlaylist *playlist, GArray *files, guint64 map)
{
  guint i;

  for (i = 0; i < files->len; i++) {
    const GstArclyHlsFile *file = &g_array_index (files, GstArclyHlsFile, i);

    if (file->name.kind == GST_ARCLY_HLS_INIT && file->name.sequence == map &&
        file->whole && gst_arcly_hls_playlist_is_own (playlist, &file->name))
      return TRUE;
  }
  return FALSE;
}

/* The longest run of files at the end that is complete; the playlist must not
 * list what is not there. */
static guint64
first_complete (GstArclyHlsPlaylist *playlist, GArray *files)
{
  guint64 next = gst_arcly_hls_playlist_get_next (playlist);
  guint64 first = gst_arcly_hls_playlist_get_first (playlist);
  guint64 map = G_MAXUINT64; /* that is there */
  guint i;

  for (i = files->len; i > 0 && next > first; i--) {
    const GstArclyHlsFile *file =
        &g_array_index (files, GstArclyHlsFile, i - 1);

    if (!file->whole || file->name.sequence + 1 != next ||
        file->name.kind == GST_ARCLY_HLS_INIT ||
        !gst_arcly_hls_playlist_is_own (playlist, &file->name))
      continue;
    if (file->name.kind == GST_ARCLY_HLS_FMP4 &&
        gst_arcly_hls_playlist_get_map (playlist, next - 1) != map) {
      map = gst_arcly_hls_playlist_get_map (playlist, next - 1);
      if (!has_map (playlist, files, map))
        break;
    }
    next--;
  }
  return next;
}

/* Viewers have had the parts of a segment that the former process did not live
 * to end: it ends with the last of them. */
static void
recover (GstArclyHlsPlaylist *playlist, GstArclyHlsStore *store)
{
  g_autofree gchar *name = gst_arcly_hls_playlist_get_next_name (playlist);
  g_autofree gchar *list = NULL;
  g_autofree gchar *text = NULL;
  GstArclyHlsOpen open;
  gsize size;

  text = gst_arcly_hls_store_read (store, GST_ARCLY_HLS_OPEN_NAME, &size, NULL);
  if (!text || gst_arcly_hls_playlist_get_part_target (playlist) == 0 ||
      !gst_arcly_hls_open_read (&open, text, size) ||
      open.sequence != gst_arcly_hls_playlist_get_next (playlist) ||
      !gst_arcly_hls_store_recover (store, name, open.bytes))
    return;
  gst_arcly_hls_playlist_recover (playlist, &open.segment);
  /* Should we die, too, its number is taken. If it cannot be written now, the
   * next segment will tell. */
  list = gst_arcly_hls_playlist_render (playlist);
  gst_arcly_hls_store_replace (
      store, GST_ARCLY_HLS_PLAYLIST_NAME, list, strlen (list), NULL);
}

gboolean
gst_arcly_hls_resume (GstArclyHlsPlaylist *playlist, GstArclyHlsStore *store,
    guint64 now, GError **error)
{
  g_autoptr (GArray) files = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree gchar *text = NULL;
  gboolean resumed;
  gsize size;
  guint i;

  text = gst_arcly_hls_store_read (
      store, GST_ARCLY_HLS_PLAYLIST_NAME, &size, &failure);
  resumed =
      text && gst_arcly_hls_playlist_resume (playlist, text, size, &failure);
  if (resumed)
    recover (playlist, store);
  files = gst_arcly_hls_store_scan (store);
  if (resumed)
    gst_arcly_hls_playlist_drop_before (
        playlist, first_complete (playlist, files));

  for (i = 0; i < files->len; i++) {
    const GstArclyHlsName *name =
        &g_array_index (files, GstArclyHlsFile, i).name;

    gst_arcly_hls_playlist_skip_to (playlist, name->sequence + 1);
    gst_arcly_hls_playlist_bury (playlist, name, now);
  }
  if (resumed || g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
