/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "gstarclyhlsmaster.h"
#include "gstarclyhlsresume.h"
#include "hls/hlsmultivariant.h"

/* Segments of one rendition after which those that have none are not waited
 * for. */
#define PATIENCE 3
/* A peak that is so much higher, in percent, makes another playlist: players
 * read it once. */
#define ROOM 10

typedef struct {
  gchar *name;
  gboolean is_video;
  GstArclyHlsHold *hold; /* owned; NULL when it was removed */
  guint n_segments;
  guint64 bits;
  gint64 duration; /* ns */
  guint64 peak;    /* bits a second */
  guint64 told;    /* as the playlist has it; 0: it is not there */
  gboolean has_part;
  guint64 sequence;
  guint part;
} Rendition;

struct _GstArclyHlsMaster {
  gatomicrefcount refs;

  /* The lock. */
  GMutex lock;
  GstArclyHlsStore *store;    /* owned */
  GstArclyHttpOrigin *origin; /* owned; or NULL */
  GArray *renditions;         /* (element-type Rendition), owned */
};

static void
clear_rendition (gpointer data)
{
  g_free (((Rendition *) data)->name);
  gst_clear_object (&((Rendition *) data)->hold);
}

GstArclyHlsMaster *
gst_arcly_hls_master_new (GstArclyHlsStore *store, GstArclyHttpOrigin *origin)
{
  GstArclyHlsMaster *self = g_new0 (GstArclyHlsMaster, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->store = store;
  self->origin = origin ? g_object_ref (origin) : NULL;
  self->renditions = g_array_new (FALSE, TRUE, sizeof (Rendition));
  g_array_set_clear_func (self->renditions, clear_rendition);
  return self;
}

GstArclyHlsMaster *
gst_arcly_hls_master_ref (GstArclyHlsMaster *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
gst_arcly_hls_master_unref (GstArclyHlsMaster *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_array_unref (self->renditions);
  gst_arcly_hls_store_close (self->store);
  if (self->origin)
    gst_arcly_http_origin_close (self->origin);
  g_clear_object (&self->origin);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static Rendition *
get (GstArclyHlsMaster *self, guint number)
{
  return &g_array_index (self->renditions, Rendition, number);
}

guint
gst_arcly_hls_master_add (GstArclyHlsMaster *self, const gchar *name,
    gboolean is_video, GstArclyHlsHold *hold)
{
  Rendition rendition = {
    .name = g_strdup (name), .is_video = is_video, .hold = gst_object_ref (hold)
  };
  guint number;

  g_mutex_lock (&self->lock);
  number = self->renditions->len;
  g_array_append_val (self->renditions, rendition);
  g_mutex_unlock (&self->lock);
  return number;
}

void
gst_arcly_hls_master_remove (GstArclyHlsMaster *self, guint number)
{
  g_mutex_lock (&self->lock);
  gst_clear_object (&get (self, number)->hold);
  g_mutex_unlock (&self->lock);
}

/* What HLS and its players call MP3, by its object type of MPEG-4; RFC 6381 has
 * those of MPEG-1 and MPEG-2, which are layer 2, too. */
static gchar *
make_codecs (const GstArclyCodecInfo *info)
{
  if (g_strcmp0 (info->codec_string, "mp4a.6B") == 0 ||
      g_strcmp0 (info->codec_string, "mp4a.69") == 0)
    return g_strdup ("mp4a.40.34");
  return g_strdup (info->codec_string);
}

/* Of those that have a segment. What strings they borrow, @owned has. */
static GArray *
collect (GstArclyHlsMaster *self, GPtrArray *owned)
{
  GArray *variants = g_array_new (FALSE, TRUE, sizeof (GstArclyHlsVariant));
  guint i;

  for (i = 0; i < self->renditions->len; i++) {
    Rendition *rendition = get (self, i);
    g_autoptr (GstArclyCodecInfo) info = NULL;
    GstArclyHlsVariant variant = { .folder = rendition->name,
      .is_video = rendition->is_video,
      .peak = rendition->peak };
    gchar *strings[3] = { NULL };
    guint k;

    if (rendition->n_segments == 0 || !rendition->hold)
      continue;
    rendition->told = rendition->peak;
    variant.average = gst_util_uint64_scale (
        rendition->bits, GST_SECOND, MAX (rendition->duration, 1));
    info = gst_arcly_hls_hold_get_info (rendition->hold);
    if (info) {
      strings[0] = make_codecs (info);
      variant.width = info->width;
      variant.height = info->height;
      variant.fps_n = info->fps_n;
      variant.fps_d = info->fps_d;
      variant.channels = info->channels;
    }
    strings[1] =
        gst_arcly_hls_hold_get_tag (rendition->hold, GST_TAG_LANGUAGE_CODE);
    strings[2] = gst_arcly_hls_hold_get_tag (rendition->hold, GST_TAG_TITLE);
    variant.codecs = strings[0];
    variant.language = strings[1];
    variant.title = strings[2];
    for (k = 0; k < G_N_ELEMENTS (strings); k++)
      g_ptr_array_add (owned, strings[k]);
    g_array_append_val (variants, variant);
  }
  return variants;
}

static gboolean
is_due_locked (GstArclyHlsMaster *self, guint number)
{
  gboolean all = TRUE, wrong = FALSE;
  guint i;

  for (i = 0; i < self->renditions->len; i++) {
    const Rendition *rendition = get (self, i);

    if (!rendition->hold)
      continue;
    all &= rendition->n_segments > 0;
    wrong |= rendition->n_segments > 0 &&
             rendition->peak * 100 > rendition->told * (100 + ROOM);
  }
  return wrong && (all || get (self, number)->n_segments >= PATIENCE);
}

/* It does not tell how far the stream is: nobody waits for more of it. */
static void
show (GstArclyHlsMaster *self, const gchar *text)
{
  GstArclyHttpPlaylist playlist = { .full = text, .target_duration = 1 };

  if (self->origin)
    gst_arcly_http_origin_set_playlist (self->origin, &playlist);
}

gboolean
gst_arcly_hls_master_note_segment (GstArclyHlsMaster *self, guint number,
    gsize bytes, gint64 duration, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) variants = NULL;
  g_autofree gchar *text = NULL;
  Rendition *rendition;

  locker = g_mutex_locker_new (&self->lock);
  rendition = get (self, number);
  rendition->n_segments++;
  rendition->bits += 8 * (guint64) bytes;
  rendition->duration += duration;
  /* The last one of a stream may be a few frames: that is no rate. */
  if (duration >= (gint64) (GST_SECOND / 2) || rendition->peak == 0)
    rendition->peak =
        MAX (rendition->peak, gst_util_uint64_scale (8 * (guint64) bytes,
                                  GST_SECOND, MAX (duration, 1)));
  if (!is_due_locked (self, number))
    return TRUE;
  variants = collect (self, owned);
  text = gst_arcly_hls_multivariant_render (
      (const GstArclyHlsVariant *) variants->data, variants->len);
  show (self, text);
  return gst_arcly_hls_store_replace (
      self->store, GST_ARCLY_HLS_PLAYLIST_NAME, text, strlen (text), error);
}

void
gst_arcly_hls_master_note_part (
    GstArclyHlsMaster *self, guint number, guint64 sequence, guint part)
{
  g_mutex_lock (&self->lock);
  get (self, number)->has_part = TRUE;
  get (self, number)->sequence = sequence;
  get (self, number)->part = part;
  g_mutex_unlock (&self->lock);
}

gchar *
gst_arcly_hls_master_get_reports (GstArclyHlsMaster *self, guint number)
{
  GString *text = g_string_new (NULL);
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->renditions->len; i++) {
    const Rendition *rendition = get (self, i);

    if (i == number || !rendition->has_part || !rendition->hold)
      continue;
    g_string_append_printf (text,
        "#EXT-X-RENDITION-REPORT:URI=\"../%s/" GST_ARCLY_HLS_PLAYLIST_NAME
        "\",LAST-MSN=%" G_GUINT64_FORMAT ",LAST-PART=%u\n",
        rendition->name, rendition->sequence, rendition->part);
  }
  g_mutex_unlock (&self->lock);
  return g_string_free (text, FALSE);
}
