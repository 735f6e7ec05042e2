/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

#include "mpegtsnal.h"
#include "mpegtsvideo.h"

/* Most that either codec has: VPS 16, SPS 32, PPS 256. */
#define MAX_SETS 256
/* Scaling lists make 1 kB; more is an attack on our memory. */
#define MAX_SET_SIZE 8192

typedef struct {
  guint8 *data;
  guint16 size;
  guint16 room;
} ParameterSet;

/* In the order in which they go into the stream. */
enum {
  VPS,
  SPS,
  PPS,
  N_TABLES
};

typedef struct {
  ParameterSet sets[MAX_SETS];
  guint n; /* one past the highest id in use */
} SetTable;

struct _GstArclyTsVideo {
  GstArclyTsVideoCodec codec;
  guint length_size; /* 0: byte stream */
  SetTable tables[N_TABLES];
};

/* What the walk up to the first slice found. */
typedef struct {
  gboolean has[N_TABLES];
  gboolean has_picture;
  gboolean random_access;
} Findings;

static const guint8 start_code[4] = { 0, 0, 0, 1 };
/* ITU-T H.264, 7.3.2.4: primary_pic_type 7, any slices. */
static const guint8 h264_delimiter[] = { 0, 0, 0, 1, 9, 0xf0 };
/* ITU-T H.265, 7.3.2.5: pic_type 2, any slices. */
static const guint8 h265_delimiter[] = { 0, 0, 0, 1, 0x46, 1, 0x50 };

GstArclyTsVideo *
gst_arcly_ts_video_new (void)
{
  return g_new0 (GstArclyTsVideo, 1);
}

static void
forget_sets (GstArclyTsVideo *video)
{
  guint t, i;

  for (t = 0; t < N_TABLES; t++) {
    for (i = 0; i < video->tables[t].n; i++) {
      g_free (video->tables[t].sets[i].data);
      video->tables[t].sets[i] = (ParameterSet){ 0 };
    }
    video->tables[t].n = 0;
  }
}

void
gst_arcly_ts_video_free (GstArclyTsVideo *video)
{
  forget_sets (video);
  g_free (video);
}

void
gst_arcly_ts_video_start (
    GstArclyTsVideo *video, GstArclyTsVideoCodec codec, guint nal_length_size)
{
  forget_sets (video);
  video->codec = codec;
  video->length_size = nal_length_size;
}

/* -1 if this is no parameter set. */
static gint
table_of (GstArclyTsNalKind kind)
{
  return kind == GST_ARCLY_TS_NAL_VPS   ? VPS
         : kind == GST_ARCLY_TS_NAL_SPS ? SPS
         : kind == GST_ARCLY_TS_NAL_PPS ? PPS
                                        : -1;
}

static void
keep_set (GstArclyTsVideo *video, GstArclyTsNalKind kind, const guint8 *nal,
    gsize size)
{
  SetTable *table = &video->tables[table_of (kind)];
  gint id = gst_arcly_ts_nal_set_id (video->codec, nal, size);
  ParameterSet *set;

  if (id < 0 || size > MAX_SET_SIZE)
    return;
  set = &table->sets[id];
  if (set->size == size && memcmp (set->data, nal, size) == 0)
    return;
  if (set->room < size) {
    g_free (set->data);
    set->data = g_malloc (size);
    set->room = size;
  }
  memcpy (set->data, nal, size);
  set->size = size;
  table->n = MAX (table->n, (guint) id + 1);
}

void
gst_arcly_ts_video_add_set (
    GstArclyTsVideo *video, const guint8 *nal, gsize size)
{
  GstArclyTsNalKind kind = gst_arcly_ts_nal_kind (video->codec, nal, size);

  if (table_of (kind) >= 0)
    keep_set (video, kind, nal, size);
}

static void
add_sets (GstArclyTsGather *gather, const SetTable *table)
{
  guint i;

  for (i = 0; i < table->n; i++) {
    if (table->sets[i].size == 0)
      continue;
    gst_arcly_ts_gather_add (gather, start_code, sizeof start_code);
    gst_arcly_ts_gather_add (gather, table->sets[i].data, table->sets[i].size);
  }
}

/* ITU-T H.264, 7.4.1.2.3, and H.265, 7.4.2.4.4: what may precede the first
 * slice. Behind it nothing matters. */
static gboolean
look (GstArclyTsVideo *video, const guint8 *data, gsize size, gboolean keyframe,
    Findings *found)
{
  GstArclyTsNalWalk walk;
  GstArclyTsNalKind kind;
  const guint8 *nal;
  gsize nal_size;
  gboolean recovery_point = FALSE;

  *found = (Findings){ 0 };
  gst_arcly_ts_nal_walk_init (
      &walk, video->codec, data, size, video->length_size);
  while (!found->has_picture &&
         gst_arcly_ts_nal_walk_next (&walk, &nal, &nal_size, &kind)) {
    if (table_of (kind) >= 0) {
      found->has[table_of (kind)] = TRUE;
      keep_set (video, kind, nal, nal_size);
    } else if (kind == GST_ARCLY_TS_NAL_SEI &&
               video->codec == GST_ARCLY_TS_VIDEO_H264) {
      recovery_point |= gst_arcly_h264_sei_has_recovery_point (nal, nal_size);
    } else if (kind == GST_ARCLY_TS_NAL_SLICE) {
      found->has_picture = TRUE;
      found->random_access = gst_arcly_ts_nal_is_random_access (
          video->codec, nal, nal_size, keyframe, recovery_point);
    }
  }
  return !walk.malformed;
}

/* Parameter sets go behind the delimiter and before anything that needs them;
 * those that the access unit has itself are not repeated. */
typedef struct {
  GstArclyTsVideo *video;
  const Findings *found;
  GstArclyTsGather *gather;
  guint done; /* tables that need no more adding */
} Insertion;

/* Adds what an access unit lacks of the tables up to "end": its own sets of
 * later tables come behind. */
static void
add_lacking (Insertion *ins, guint end)
{
  for (; ins->done < end; ins->done++) {
    if (ins->found->random_access && !ins->found->has[ins->done])
      add_sets (ins->gather, &ins->video->tables[ins->done]);
  }
}

static void
begin (Insertion *ins)
{
  if (ins->video->codec == GST_ARCLY_TS_VIDEO_H264)
    gst_arcly_ts_gather_add (
        ins->gather, h264_delimiter, sizeof h264_delimiter);
  else
    gst_arcly_ts_gather_add (
        ins->gather, h265_delimiter, sizeof h265_delimiter);
}

static void
before_nal (Insertion *ins, GstArclyTsNalKind kind, const guint8 *nal)
{
  gint table = table_of (kind);

  /* An extension belongs behind its SPS. */
  if (ins->video->codec == GST_ARCLY_TS_VIDEO_H264 &&
      GST_ARCLY_H264_NAL_TYPE (nal) == GST_ARCLY_H264_NAL_SPS_EXT)
    table = SPS;
  add_lacking (ins, table >= 0 ? (guint) table : N_TABLES);
}

static gboolean
gather_units (
    GstArclyTsVideo *video, const guint8 *data, gsize size, Insertion *ins)
{
  GstArclyTsNalWalk walk;
  GstArclyTsNalKind kind;
  const guint8 *nal;
  gsize nal_size;

  begin (ins);
  gst_arcly_ts_nal_walk_init (
      &walk, video->codec, data, size, video->length_size);
  /* Of a byte stream the first slice and all behind it go as they stand. */
  while (gst_arcly_ts_nal_walk_next (&walk, &nal, &nal_size, &kind)) {
    if (kind == GST_ARCLY_TS_NAL_DELIMITER)
      continue;
    before_nal (ins, kind, nal);
    gst_arcly_ts_gather_add (ins->gather, start_code, sizeof start_code);
    gst_arcly_ts_gather_add (ins->gather, nal, nal_size);
  }
  return !walk.malformed;
}

/* Without parameter sets nobody can start here. */
static gboolean
has_all_sets (const GstArclyTsVideo *video)
{
  return video->tables[SPS].n > 0 && video->tables[PPS].n > 0 &&
         (video->codec == GST_ARCLY_TS_VIDEO_H264 || video->tables[VPS].n > 0);
}

gboolean
gst_arcly_ts_video_gather (GstArclyTsVideo *video, const guint8 *data,
    gsize size, gboolean keyframe, GstArclyTsGather *gather,
    gboolean *random_access, GError **error)
{
  Findings found;
  Insertion ins = { video, &found, gather, 0 };
  gboolean ok;

  gst_arcly_ts_gather_reset (gather);
  *random_access = FALSE;
  ok = look (video, data, size, keyframe, &found);
  if (ok && found.has_picture)
    ok = gather_units (video, data, size, &ins);
  if (!ok) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "access unit of %" G_GSIZE_FORMAT " bytes is no %s with %s", size,
        video->codec == GST_ARCLY_TS_VIDEO_H264 ? "H.264" : "H.265",
        video->length_size > 0 ? "NAL unit lengths" : "start codes");
    return FALSE;
  }
  if (!found.has_picture) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "access unit of %" G_GSIZE_FORMAT " bytes has no picture", size);
    return FALSE;
  }
  *random_access = found.random_access && has_all_sets (video);
  return TRUE;
}
