/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh265nal.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclyh266nal.h>
#include <gst/arcly/gstarclyerror.h>

#include "fmp4nal.h"

#define N_KINDS 3
#define SLICE_I 2
#define NO_TYPE G_MAXUINT
/* Scaling lists make some kB; more is an attack on our memory. */
#define MAX_SET_SIZE 16384

typedef struct {
  const gchar *name;
  guint sets[N_KINDS]; /* types, in the order of the record: VPS, SPS, PPS */
  guint n_needed;      /* of them, from the end */
  guint useless[4];    /* in a file, types that a byte stream may have */
  guint vcl_end;
} Codec;

enum {
  VPS,
  SPS,
  PPS
};

/* ITU-T H.264, table 7-1; H.265, table 7-1; H.266, table 5. */
static const Codec codecs[] = {
  { "H.264", { NO_TYPE, GST_ARCLY_H264_NAL_SPS, GST_ARCLY_H264_NAL_PPS }, 2,
      { GST_ARCLY_H264_NAL_AUD, GST_ARCLY_H264_NAL_SPS_EXT, 12, 12 }, 6 },
  { "H.265",
      { GST_ARCLY_H265_NAL_VPS, GST_ARCLY_H265_NAL_SPS,
          GST_ARCLY_H265_NAL_PPS },
      3, { GST_ARCLY_H265_NAL_AUD, 38, 38, 38 }, 32 },
  { "H.266",
      { GST_ARCLY_H266_NAL_VPS, GST_ARCLY_H266_NAL_SPS,
          GST_ARCLY_H266_NAL_PPS },
      2,
      { GST_ARCLY_H266_NAL_AUD, GST_ARCLY_H266_NAL_OPI, GST_ARCLY_H266_NAL_DCI,
          25 },
      12 },
};

typedef struct {
  guint kind;
  gint id; /* -1 if it has none, as no other then */
  GBytes *nal;
} Set;

struct _GstArclyFmp4Nal {
  GstArclyFmp4NalCodec codec;
  guint length_size;    /* 0: byte stream */
  gboolean from_stream; /* the entry is made of what is in the stream */
  gboolean in_band;     /* sets stay in the samples */
  GArray *entry;        /* (element-type Set): in the sample entry */
  GArray *current;      /* (element-type Set): what a decoder has by now */
};

static void
set_clear (gpointer data)
{
  g_bytes_unref (((Set *) data)->nal);
}

static GArray *
sets_new (void)
{
  GArray *sets = g_array_new (FALSE, FALSE, sizeof (Set));

  g_array_set_clear_func (sets, set_clear);
  return sets;
}

static guint
type_of (GstArclyFmp4NalCodec codec, const guint8 *nal, gsize size)
{
  switch (codec) {
    case GST_ARCLY_FMP4_NAL_H264:
      return GST_ARCLY_H264_NAL_TYPE (nal);
    case GST_ARCLY_FMP4_NAL_H265:
      return size < 2 ? NO_TYPE : GST_ARCLY_NAL_TYPE_H265 (nal);
    case GST_ARCLY_FMP4_NAL_H266:
      return size < 2 ? NO_TYPE : GST_ARCLY_NAL_TYPE_H266 (nal);
  }
  g_assert_not_reached ();
}

static gint
id_of (GstArclyFmp4NalCodec codec, const guint8 *nal, gsize size)
{
  switch (codec) {
    case GST_ARCLY_FMP4_NAL_H264:
      return gst_arcly_h264_set_id (nal, size);
    case GST_ARCLY_FMP4_NAL_H265:
      return gst_arcly_h265_set_id (nal, size);
    case GST_ARCLY_FMP4_NAL_H266:
      return gst_arcly_h266_set_id (nal, size);
  }
  g_assert_not_reached ();
}

/* N_KINDS if this is no parameter set. */
static guint
kind_of (GstArclyFmp4NalCodec codec, guint type)
{
  guint kind;

  for (kind = 0; kind < N_KINDS; kind++) {
    if (type != NO_TYPE && codecs[codec].sets[kind] == type)
      break;
  }
  return kind;
}

/* In order of kind and id; one of both makes place. */
static void
put_set (GstArclyFmp4NalCodec codec, GArray *sets, guint kind,
    const guint8 *nal, gsize size)
{
  Set set = { kind, id_of (codec, nal, size), g_bytes_new (nal, size) };
  guint i;

  for (i = 0; i < sets->len; i++) {
    const Set *other = &g_array_index (sets, Set, i);

    if (other->kind == kind && other->id == set.id) {
      g_array_remove_index (sets, i);
      break;
    }
    if (other->kind > kind || (other->kind == kind && other->id > set.id))
      break;
  }
  g_array_insert_val (sets, i, set);
}

static gboolean
has_set (const GArray *sets, guint kind, const guint8 *nal, gsize nal_size)
{
  guint i;

  for (i = 0; i < sets->len; i++) {
    const Set *set = &g_array_index (sets, Set, i);
    gsize size;
    const guint8 *data = g_bytes_get_data (set->nal, &size);

    if (set->kind == kind && size == nal_size && memcmp (data, nal, size) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
are_complete (GstArclyFmp4NalCodec codec, const GArray *sets)
{
  guint found = 0, i;

  for (i = 0; i < sets->len; i++)
    found |= 1u << g_array_index (sets, Set, i).kind;
  for (i = N_KINDS - codecs[codec].n_needed; i < N_KINDS; i++) {
    if (!(found & 1u << i))
      return FALSE;
  }
  return TRUE;
}

static gboolean
are_same (const GArray *a, const GArray *b)
{
  guint i;

  if (a->len != b->len)
    return FALSE;
  for (i = 0; a != b && i < a->len; i++) {
    if (!g_bytes_equal (
            g_array_index (a, Set, i).nal, g_array_index (b, Set, i).nal))
      return FALSE;
  }
  return TRUE;
}

static void
put_bytes (GstArclyFmp4Nal *self, guint kind, GBytes *bytes)
{
  gsize size;
  const guint8 *nal = g_bytes_get_data (bytes, &size);

  put_set (self->codec, self->entry, kind, nal, size);
}

static gboolean
read_avcc (
    GstArclyFmp4Nal *self, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GstArclyH264Config) config =
      gst_arcly_h264_config_parse (data, size, error);
  guint i;

  if (!config)
    return FALSE;
  self->length_size = gst_arcly_h264_config_get_nal_length_size (config);
  for (i = 0; i < gst_arcly_h264_config_get_n_sps (config); i++)
    put_bytes (self, SPS, gst_arcly_h264_config_get_sps (config, i));
  for (i = 0; i < gst_arcly_h264_config_get_n_pps (config); i++)
    put_bytes (self, PPS, gst_arcly_h264_config_get_pps (config, i));
  return TRUE;
}

static gboolean
read_hvcc (
    GstArclyFmp4Nal *self, const guint8 *data, gsize size, GError **error)
{
  const guint *types = codecs[self->codec].sets;
  g_autoptr (GstArclyH265Config) config =
      gst_arcly_h265_config_parse (data, size, error);
  guint kind, i;

  if (!config)
    return FALSE;
  self->length_size = gst_arcly_h265_config_get_nal_length_size (config);
  for (kind = 0; kind < N_KINDS; kind++) {
    for (i = 0; i < gst_arcly_h265_config_get_n_nals (config, types[kind]); i++)
      put_bytes (
          self, kind, gst_arcly_h265_config_get_nal (config, types[kind], i));
  }
  return TRUE;
}

static gboolean
read_vvcc (
    GstArclyFmp4Nal *self, const guint8 *data, gsize size, GError **error)
{
  const guint *types = codecs[self->codec].sets;
  g_autoptr (GstArclyH266Config) config =
      gst_arcly_h266_config_parse (data, size, error);
  guint kind, i;

  if (!config)
    return FALSE;
  self->length_size = gst_arcly_h266_config_get_nal_length_size (config);
  for (kind = 0; kind < N_KINDS; kind++) {
    for (i = 0; i < gst_arcly_h266_config_get_n_nals (config, types[kind]); i++)
      put_bytes (
          self, kind, gst_arcly_h266_config_get_nal (config, types[kind], i));
  }
  return TRUE;
}

GstArclyFmp4Nal *
gst_arcly_fmp4_nal_new (GstArclyFmp4NalCodec codec, GBytes *config,
    gboolean in_band, GError **error)
{
  g_autoptr (GstArclyFmp4Nal) self = g_new0 (GstArclyFmp4Nal, 1);
  const guint8 *data;
  gboolean ok;
  gsize size;

  self->codec = codec;
  self->in_band = in_band;
  self->entry = sets_new ();
  if (config) {
    data = g_bytes_get_data (config, &size);
    ok = codec == GST_ARCLY_FMP4_NAL_H264 ? read_avcc (self, data, size, error)
         : codec == GST_ARCLY_FMP4_NAL_H265
             ? read_hvcc (self, data, size, error)
             : read_vvcc (self, data, size, error);
    if (!ok)
      return NULL;
  }
  self->from_stream = !are_complete (codec, self->entry);
  self->current = g_array_ref (self->entry);
  return g_steal_pointer (&self);
}

void
gst_arcly_fmp4_nal_free (GstArclyFmp4Nal *self)
{
  g_clear_pointer (&self->entry, g_array_unref);
  g_clear_pointer (&self->current, g_array_unref);
  g_free (self);
}

guint
gst_arcly_fmp4_nal_get_length_size (const GstArclyFmp4Nal *self)
{
  return self->length_size > 0 ? self->length_size : 4;
}

GBytes *
gst_arcly_fmp4_nal_get_sets (const GstArclyFmp4Nal *self)
{
  GByteArray *all = g_byte_array_new ();
  guint i;

  for (i = 0; i < self->entry->len; i++) {
    gsize size;
    const guint8 *nal =
        g_bytes_get_data (g_array_index (self->entry, Set, i).nal, &size);
    guint32 length = GUINT32_TO_BE ((guint32) size);

    g_byte_array_append (all, (const guint8 *) &length, 4);
    g_byte_array_append (all, nal, size);
  }
  return g_byte_array_free_to_bytes (all);
}

/* Of a byte stream: is it of no use in a file? */
static gboolean
is_useless (GstArclyFmp4NalCodec codec, guint type)
{
  const guint *useless = codecs[codec].useless;

  return type == useless[0] || type == useless[1] || type == useless[2] ||
         type == useless[3];
}

/* What the walk over an access unit found. */
typedef struct {
  guint picture; /* type of its first slice, or NO_TYPE */
  gint slice;    /* of H.264: what that holds */
  gboolean recovery_point;
  gboolean has_sps;
  gboolean has_new; /* a set that no decoder has yet */
  gboolean is_lost; /* a set that is too long to keep */
} Findings;

/* With "found" NULL, sets stay in the sample. */
static gboolean
walk (const GstArclyFmp4Nal *self, const guint8 *data, gsize size,
    GstArclyFmp4Sized *sample, Findings *found)
{
  gboolean keep_sets = self->in_band || !found;
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;

  g_array_set_size (sample->pieces, 0);
  sample->size = 0;
  gst_arcly_nal_iter_init (&iter, data, size, self->length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = type_of (self->codec, nal, nal_size);
    guint kind = kind_of (self->codec, type);

    if (found && kind < N_KINDS) {
      found->has_sps |= kind == SPS;
      if (nal_size > MAX_SET_SIZE)
        found->is_lost = TRUE;
      else
        found->has_new |= !has_set (self->current, kind, nal, nal_size);
    } else if (found && self->codec == GST_ARCLY_FMP4_NAL_H264 &&
               type == GST_ARCLY_H264_NAL_SEI) {
      found->recovery_point |=
          gst_arcly_h264_sei_has_recovery_point (nal, nal_size);
    } else if (found && found->picture == NO_TYPE &&
               type < codecs[self->codec].vcl_end &&
               (type > 0 || self->codec != GST_ARCLY_FMP4_NAL_H264)) {
      found->picture = type;
      if (self->codec == GST_ARCLY_FMP4_NAL_H264)
        found->slice = gst_arcly_h264_slice_type (nal, nal_size);
    }
    if (kind < N_KINDS && !keep_sets)
      continue;
    if (self->length_size > 0)
      gst_arcly_fmp4_sized_extend (
          sample, nal - data - self->length_size, self->length_size + nal_size);
    else if (!is_useless (self->codec, type))
      gst_arcly_fmp4_sized_add (sample, nal - data, nal_size, TRUE);
  }
  return !iter.malformed;
}

static void
judge_h264 (const Findings *found, gboolean keyframe, gboolean is_idr,
    GstArclyFmp4Sized *sample)
{
  sample->sync = is_idr || ((keyframe || found->recovery_point) &&
                               found->slice == SLICE_I);
  sample->open = sample->sync && !is_idr;
}

static void
judge (const GstArclyFmp4Nal *self, const Findings *found, gboolean keyframe,
    GstArclyFmp4Sized *sample)
{
  guint type = found->picture;

  switch (self->codec) {
    case GST_ARCLY_FMP4_NAL_H264:
      judge_h264 (found, keyframe, type == GST_ARCLY_H264_NAL_IDR, sample);
      break;
    case GST_ARCLY_FMP4_NAL_H265:
      /* 19 and 20 are IDR. */
      sample->sync = GST_ARCLY_H265_NAL_IS_IRAP (type);
      sample->open = sample->sync && type != 19 && type != 20;
      break;
    case GST_ARCLY_FMP4_NAL_H266:
      /* 9 is CRA. */
      sample->sync = GST_ARCLY_H266_NAL_IS_IRAP (type);
      sample->open = sample->sync && type == 9;
      break;
  }
}

/* An SPS in a key frame replaces all sets of each kind that comes with it, else
 * each set replaces the one of its id. */
static void
take_sets (GstArclyFmp4Nal *self, const guint8 *data, gsize size, gboolean anew)
{
  GArray *sets = sets_new ();
  GstArclyNalIter iter;
  const guint8 *nal;
  gsize nal_size;
  guint kinds = 0, i;

  gst_arcly_nal_iter_init (&iter, data, size, self->length_size);
  while (gst_arcly_nal_iter_next (&iter, &nal, &nal_size)) {
    guint kind = kind_of (self->codec, type_of (self->codec, nal, nal_size));

    if (kind == N_KINDS || nal_size > MAX_SET_SIZE)
      continue;
    kinds |= 1u << kind;
    put_set (self->codec, sets, kind, nal, nal_size);
  }
  for (i = 0; i < self->current->len; i++) {
    const Set *old = &g_array_index (self->current, Set, i);
    guint at;

    if (anew && kinds & 1u << old->kind)
      continue;
    for (at = 0; at < sets->len; at++) {
      const Set *other = &g_array_index (sets, Set, at);

      if (other->kind > old->kind ||
          (other->kind == old->kind && other->id >= old->id))
        break;
    }
    if (at == sets->len || g_array_index (sets, Set, at).kind != old->kind ||
        g_array_index (sets, Set, at).id != old->id) {
      Set kept = { old->kind, old->id, g_bytes_ref (old->nal) };

      g_array_insert_val (sets, at, kept);
    }
  }
  g_array_unref (self->current);
  self->current = sets;
}

/* A new sample entry begins with a key frame. */
static gboolean
change_entry (GstArclyFmp4Nal *self)
{
  if (!are_complete (self->codec, self->current) ||
      are_same (self->current, self->entry))
    return FALSE;
  g_array_unref (self->entry);
  self->entry = g_array_ref (self->current);
  return TRUE;
}

gboolean
gst_arcly_fmp4_nal_read (GstArclyFmp4Nal *self, const guint8 *data, gsize size,
    gboolean keyframe, GstArclyFmp4Sized *sample, GError **error)
{
  Findings found = { .picture = NO_TYPE };
  gboolean ok;

  gst_arcly_fmp4_sized_reset (sample);
  ok = walk (self, data, size, sample, &found);
  if (!ok || found.picture == NO_TYPE) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "an %s access unit of %" G_GSIZE_FORMAT " bytes %s",
        codecs[self->codec].name, size,
        ok ? "has no picture" : "has a NAL unit that is longer");
    return FALSE;
  }
  judge (self, &found, keyframe, sample);
  /* Where sets stay in the samples, the entry has those that came with it. */
  if (self->in_band && !self->from_stream)
    return TRUE;
  if (found.has_new)
    take_sets (self, data, size, sample->sync && found.has_sps);
  if (sample->sync)
    sample->new_config = change_entry (self);
  /* A decoder needs what the sample entry lacks. */
  if (found.is_lost || (found.has_new && !sample->new_config))
    walk (self, data, size, sample, NULL);
  return TRUE;
}
