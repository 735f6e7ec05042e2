/* SPDX-License-Identifier: MIT
 *
 * Which renditions an arclyhlssink has: one with all tracks, or one for each
 * track where there are several videos or several sounds. */
#include "config.h"

#include <string.h>

#include <gst/arcly/http/gstarclyhttporigin.h>
#include <gst/arcly/http/gstarclyhttpstorage.h>

#include "gstarclyhlssinkprivate.h"

#define GST_CAT_DEFAULT gst_arcly_hls_sink_debug
GST_DEBUG_CATEGORY_EXTERN (gst_arcly_hls_sink_debug);

static gpointer
ref_object (gconstpointer object, gpointer data)
{
  return gst_object_ref ((gpointer) object);
}

/* (transfer full): the pads that somebody requested. */
static GList *
ref_pads (GstArclyHlsSink *self)
{
  GList *pads;

  GST_OBJECT_LOCK (self);
  pads = g_list_copy_deep (GST_ELEMENT (self)->sinkpads, ref_object, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

static gboolean
needs_several (GList *pads)
{
  guint n[2] = { 0, 0 };

  for (; pads; pads = pads->next)
    n[g_str_has_prefix (GST_PAD_NAME (pads->data), "video_")]++;
  return n[FALSE] > 1 || n[TRUE] > 1;
}

gboolean
gst_arcly_hls_sink_wants_several (GstArclyHlsSink *self)
{
  GList *pads = ref_pads (self);
  gboolean several = needs_several (pads);

  g_list_free_full (pads, gst_object_unref);
  return several;
}

static guint
index_of (const gchar *name)
{
  return (guint) g_ascii_strtoull (strchr (name, '_') + 1, NULL, 10);
}

/* Video first: of these the first one leads. */
static gint
compare_pads (gconstpointer a, gconstpointer b)
{
  const gchar *left = GST_PAD_NAME (a), *right = GST_PAD_NAME (b);
  gboolean left_is_video = g_str_has_prefix (left, "video_");

  if (left_is_video != g_str_has_prefix (right, "video_"))
    return left_is_video ? -1 : 1;
  return index_of (left) < index_of (right) ? -1 : 1;
}

static void
connect_pad (GstArclyHlsRendition *rendition, GstPad *pad)
{
  g_autofree gchar *name = gst_pad_get_name (pad);
  g_autoptr (GstPad) target = gst_arcly_hls_rendition_request (
      rendition, GST_PAD_PAD_TEMPLATE (pad), name, NULL);

  gst_ghost_pad_set_target (GST_GHOST_PAD (pad), target);
}

/* TRUE if they are what is wanted already. */
static gboolean
is_laid_out (GPtrArray *renditions, GList *pads, gboolean several)
{
  const GstArclyHlsRendition *rendition;
  guint i;

  if (!several)
    return renditions->len == 1 &&
           !((GstArclyHlsRendition *) renditions->pdata[0])->name;
  if (renditions->len != g_list_length (pads))
    return FALSE;
  for (i = 0; i < renditions->len; i++, pads = pads->next) {
    rendition = g_ptr_array_index (renditions, i);
    if (g_strcmp0 (rendition->name, GST_PAD_NAME (pads->data)) != 0)
      return FALSE;
  }
  return TRUE;
}

/* Takes @pads' elements for those of @renditions, which is empty. */
static void
build (GstArclyHlsSink *self, GPtrArray *renditions, GList *pads,
    gboolean several, gboolean fmp4)
{
  GstBin *bin = GST_BIN (self);

  if (!several)
    g_ptr_array_add (renditions, gst_arcly_hls_rendition_new (bin, fmp4, NULL));
  for (; pads; pads = pads->next) {
    if (several)
      g_ptr_array_add (renditions,
          gst_arcly_hls_rendition_new (bin, fmp4, GST_PAD_NAME (pads->data)));
    connect_pad (
        g_ptr_array_index (renditions, renditions->len - 1), pads->data);
  }
}

void
gst_arcly_hls_sink_lay_out (
    GstArclyHlsSink *self, gboolean several, gboolean anew)
{
  GList *pads = g_list_sort (ref_pads (self), compare_pads), *item;
  g_autoptr (GPtrArray) before = NULL;
  GPtrArray *renditions;
  gboolean fmp4;
  guint i;

  several = several && needs_several (pads);
  if (!anew && is_laid_out (self->renditions, pads, several)) {
    g_list_free_full (pads, gst_object_unref);
    return;
  }
  for (item = pads; item; item = item->next)
    gst_ghost_pad_set_target (item->data, NULL);
  GST_OBJECT_LOCK (self);
  fmp4 = self->segment_format == GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4;
  before = g_steal_pointer (&self->renditions);
  self->renditions = g_ptr_array_new ();
  GST_OBJECT_UNLOCK (self);
  for (i = 0; i < before->len; i++)
    gst_arcly_hls_rendition_free (g_ptr_array_index (before, i));

  renditions = g_ptr_array_new ();
  build (self, renditions, pads, several, fmp4);
  GST_OBJECT_LOCK (self);
  g_ptr_array_extend_and_steal (self->renditions, renditions);
  GST_OBJECT_UNLOCK (self);
  g_list_free_full (pads, gst_object_unref);
}

/* Parts are served by our own server or not at all: they are in no folder. */
static gboolean
has_parts (GstArclyHlsSink *self, const GstArclyHlsSettings *settings)
{
  if (settings->part_duration == 0 || settings->type == GST_ARCLY_HLS_VOD)
    return FALSE;
  if (gst_arcly_hls_http_is_open (&self->http))
    return TRUE;
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("\"part-duration\" has no effect without \"http-port\""), (NULL));
  return FALSE;
}

static gboolean
fail_to_open (GstArclyHlsSink *self, const GError *error)
{
  GST_ELEMENT_ERROR (
      self, RESOURCE, OPEN_WRITE, ("%s", error->message), (NULL));
  return FALSE;
}

/* For the statistics; NULL when it has ended, and its memory with it. */
static void
keep_origin (GstArclyHlsSink *self, GstArclyHlsRendition *rendition,
    GstArclyHttpOrigin *origin)
{
  GstArclyHttpOrigin *old;

  GST_OBJECT_LOCK (self);
  old = rendition->origin;
  rendition->origin = origin ? g_object_ref (origin) : NULL;
  GST_OBJECT_UNLOCK (self);
  g_clear_object (&old);
}

/* Segments must be there before they are offered. */
static gboolean
start_rendition (GstArclyHlsSink *self, GstArclyHlsRendition *rendition,
    GstArclyHlsSettings *settings, const gchar *location, const gchar *path,
    gboolean parts)
{
  g_autoptr (GstArclyHttpOrigin) origin =
      parts ? gst_arcly_http_origin_new () : NULL;
  g_autofree gchar *folder = g_build_filename (location, rendition->name, NULL);
  g_autofree gchar *mount =
      rendition->name ? g_strdup_printf ("%s/%s", path, rendition->name)
                      : g_strdup (path);
  g_autoptr (GError) error = NULL;

  settings->location = folder;
  settings->folder = rendition->name;
  settings->origin = origin;
  settings->is_video = rendition->is_video;
  if (settings->master) {
    settings->number = gst_arcly_hls_master_add (settings->master,
        rendition->name, rendition->is_video, rendition->hold);
    settings->leads = settings->number == 0;
    gst_arcly_hls_hold_set_cuts (rendition->hold,
        settings->leads ? NULL : settings->cuts,
        settings->send_keyframe_requests && rendition->is_video
            ? settings->target_duration * GST_SECOND
            : 0);
  }
  if (!gst_arcly_hls_writer_open (rendition->writer, settings, &error))
    return fail_to_open (self, error);
  keep_origin (self, rendition, origin);
  gst_arcly_hls_rendition_set_up (rendition, settings->fmp4);
  if (settings->storage && !origin)
    return TRUE;
  /* Of what is in a storage, only parts and the segments with them are ours to
   * serve. */
  return gst_arcly_hls_http_mount (&self->http, GST_ELEMENT (self), mount,
      settings->storage ? NULL : folder, origin);
}

/* Rule U10: a process that died left them a segment or two apart. */
static void
align (GstArclyHlsSink *self)
{
  guint64 next = 0, discontinuities = 0, own_next, own_discontinuities;
  GstArclyHlsRendition *rendition;
  guint i;

  for (i = 0; i < self->renditions->len; i++) {
    rendition = g_ptr_array_index (self->renditions, i);
    gst_arcly_hls_writer_get_numbers (
        rendition->writer, &own_next, &own_discontinuities);
    if (i == 0 || own_next > next)
      discontinuities = own_discontinuities;
    next = MAX (next, own_next);
  }
  for (i = 0; i < self->renditions->len; i++) {
    rendition = g_ptr_array_index (self->renditions, i);
    gst_arcly_hls_writer_align (rendition->writer, next, discontinuities);
  }
}

static GstArclyHlsMaster *
open_master (GstArclyHlsSink *self, const GstArclyHlsSettings *settings,
    const gchar *location, GstArclyHttpOrigin *origin, GError **error)
{
  GstArclyHlsStore *store =
      settings->storage ? gst_arcly_hls_store_open_storage (settings->storage,
                              NULL, &gst_arcly_hls_master_storage_events, self)
                        : gst_arcly_hls_store_open (location, error);

  return store ? gst_arcly_hls_master_new (store, origin) : NULL;
}

static gboolean
start_all (GstArclyHlsSink *self, GstArclyHlsSettings *settings,
    const gchar *location, const gchar *path)
{
  gboolean parts = has_parts (self, settings);
  gboolean in_memory = settings->storage && parts;
  g_autoptr (GstArclyHttpOrigin) origin = NULL;
  g_autoptr (GstArclyHlsMaster) master = NULL;
  g_autoptr (GstArclyHlsCuts) cuts = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  if (settings->storage && !parts && gst_arcly_hls_http_is_open (&self->http))
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("\"http-port\" has no effect with a storage, but with "
         "\"part-duration\""),
        (NULL));
  if (((GstArclyHlsRendition *) self->renditions->pdata[0])->name) {
    origin = in_memory ? gst_arcly_http_origin_new () : NULL;
    master = open_master (self, settings, location, origin, &error);
    if (!master)
      return fail_to_open (self, error);
    settings->master = master;
    settings->cuts = cuts = gst_arcly_hls_cuts_new ();
  }
  for (i = 0; i < self->renditions->len; i++) {
    if (!start_rendition (self, g_ptr_array_index (self->renditions, i),
            settings, location, path, parts))
      return FALSE;
  }
  if (!master)
    return TRUE;
  align (self);
  if (settings->storage && !parts)
    return TRUE;
  return gst_arcly_hls_http_mount (&self->http, GST_ELEMENT (self), path,
      in_memory ? NULL : location, origin);
}

/* (transfer full): what is set, or what the location is a URI of; NULL with no
 * error for a folder. */
static GstArclyStorage *
dup_storage (GstArclyHlsSink *self, GError **error)
{
  g_autofree gchar *location = NULL;
  g_autofree gchar *scheme = NULL;
  GstArclyStorage *storage = NULL;
  GstArclyHttpStorage *http;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  if (self->storage)
    storage = g_object_ref (self->storage);
  GST_OBJECT_UNLOCK (self);

  scheme = g_uri_parse_scheme (location);
  if (storage ||
      (g_strcmp0 (scheme, "http") != 0 && g_strcmp0 (scheme, "https") != 0))
    return storage;
  http = gst_arcly_http_storage_new (location, error);
  return http ? GST_ARCLY_STORAGE (http) : NULL;
}

gboolean
gst_arcly_hls_sink_start (GstArclyHlsSink *self)
{
  g_autofree gchar *location = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (GstArclyStorage) storage = NULL;
  g_autoptr (GError) error = NULL;
  GstArclyHlsSettings settings = { 0 };

  storage = dup_storage (self, &error);
  if (error) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
    return FALSE;
  }
  settings.storage = storage;
  settings.board = self->board;
  gst_arcly_hls_board_clear (self->board);

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  path = g_strdup (self->http_path);
  settings.type = self->playlist_type;
  settings.fmp4 = self->segment_format == GST_ARCLY_HLS_SEGMENT_FORMAT_FMP4;
  settings.target_duration = self->target_duration;
  settings.length = self->playlist_length;
  settings.dvr_window = self->dvr_window;
  settings.part_duration = self->part_duration;
  settings.keep_segments = !self->delete_segments;
  settings.send_keyframe_requests = self->send_keyframe_requests;
  GST_OBJECT_UNLOCK (self);

  if (!storage && location[0] == '\0') {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("No folder to write to: set \"location\""), (NULL));
    return FALSE;
  }
  if (start_all (self, &settings, location, path))
    return TRUE;
  gst_arcly_hls_sink_stop (self);
  return FALSE;
}

/* Offered no longer than somebody else may write to the folder. */
void
gst_arcly_hls_sink_stop (GstArclyHlsSink *self)
{
  guint i;

  gst_arcly_hls_http_unmount (&self->http);
  for (i = 0; i < self->renditions->len; i++) {
    GstArclyHlsRendition *rendition = g_ptr_array_index (self->renditions, i);

    gst_arcly_hls_writer_close (rendition->writer);
    keep_origin (self, rendition, NULL);
    if (rendition->hold)
      gst_arcly_hls_hold_set_cuts (rendition->hold, NULL, 0);
  }
}

static void
add_up (GstStructure *sum, const GstStructure *stats)
{
  static const gchar *fields[] = { "segments", "bytes", "lost-segments",
    "deleted-segments", "storage-retries", "answers" };
  static const gchar *worst[] = { "answer-delay-p50", "answer-delay-p99" };
  guint64 a, b;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (gst_structure_get_uint64 (sum, fields[i], &a) &&
        gst_structure_get_uint64 (stats, fields[i], &b))
      gst_structure_set (sum, fields[i], G_TYPE_UINT64, a + b, NULL);
  }
  for (i = 0; i < G_N_ELEMENTS (worst); i++) {
    if (gst_structure_get_uint64 (sum, worst[i], &a) &&
        gst_structure_get_uint64 (stats, worst[i], &b))
      gst_structure_set (sum, worst[i], G_TYPE_UINT64, MAX (a, b), NULL);
  }
}

static gboolean
add_field (GQuark name, const GValue *value, gpointer stats)
{
  gst_structure_id_set_value (stats, name, value);
  return TRUE;
}

static GstStructure *
rendition_stats (GstArclyHlsRendition *rendition)
{
  GstStructure *stats = gst_arcly_hls_writer_get_stats (rendition->writer);
  g_autoptr (GstStructure) answers = NULL;

  gst_structure_set (stats, "answers", G_TYPE_UINT64, (guint64) 0,
      "answer-delay-p50", G_TYPE_UINT64, (guint64) 0, "answer-delay-p99",
      G_TYPE_UINT64, (guint64) 0, NULL);
  if (!rendition->origin)
    return stats;
  answers = gst_arcly_http_origin_get_stats (rendition->origin);
  gst_structure_foreach (answers, add_field, stats);
  return stats;
}

GstStructure *
gst_arcly_hls_sink_get_stats (GstArclyHlsSink *self)
{
  GstStructure *sum = NULL;
  guint i;

  GST_OBJECT_LOCK (self);
  for (i = 0; i < self->renditions->len; i++) {
    GstStructure *stats =
        rendition_stats (g_ptr_array_index (self->renditions, i));

    if (!sum) {
      sum = stats;
      continue;
    }
    add_up (sum, stats);
    gst_structure_free (stats);
  }
  GST_OBJECT_UNLOCK (self);
  return sum ? sum : gst_structure_new_empty ("application/x-arcly-hls-stats");
}
