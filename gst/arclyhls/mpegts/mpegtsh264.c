/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include <gst/arcly/codec/gstarclybitreader.h>
#include <gst/arcly/codec/gstarclyh264nal.h>
#include <gst/arcly/gstarclyerror.h>

#include "mpegtsh264.h"

/* ITU-T H.264, 7.4.2.1.1 and 7.4.2.2. */
#define MAX_SPS 32
#define MAX_PPS 256
/* Scaling lists make 1 kB; more is an attack on our memory. */
#define MAX_SET_SIZE 8192

#define SLICE_I 2

typedef struct {
  guint8 *data;
  guint16 size;
  guint16 room;
} ParameterSet;

struct _GstArclyTsH264 {
  guint length_size; /* 0: byte stream */
  ParameterSet sps[MAX_SPS];
  ParameterSet pps[MAX_PPS];
  guint n_sps; /* one past the highest id in use */
  guint n_pps;
};

/* What the walk up to the first slice found. */
typedef struct {
  gboolean has_aud;
  gboolean has_sps;
  gboolean has_pps;
  gboolean has_picture;
  gboolean random_access;
} Findings;

static const guint8 start_code[4] = { 0, 0, 0, 1 };
/* 7.3.2.4: primary_pic_type 7, any slices. */
static const guint8 delimiter[6] = { 0, 0, 0, 1, 9, 0xf0 };

GstArclyTsH264 *
gst_arcly_ts_h264_new (void)
{
  return g_new0 (GstArclyTsH264, 1);
}

static void
forget_sets (ParameterSet *sets, guint n)
{
  guint i;

  for (i = 0; i < n; i++) {
    g_free (sets[i].data);
    sets[i] = (ParameterSet){ 0 };
  }
}

void
gst_arcly_ts_h264_free (GstArclyTsH264 *h264)
{
  forget_sets (h264->sps, MAX_SPS);
  forget_sets (h264->pps, MAX_PPS);
  g_free (h264);
}

/* The id tells which set a new one replaces; -1 if there is none. */
static gint
set_id (const guint8 *nal, gsize size, gboolean is_sps)
{
  GstArclyBitReader reader;
  gsize skip = is_sps ? 4 : 1;
  guint32 id;

  if (size <= skip)
    return -1;
  gst_arcly_bit_reader_init_rbsp (&reader, nal + skip, size - skip);
  id = gst_arcly_bit_reader_ue (&reader);
  return reader.overrun || id >= (is_sps ? MAX_SPS : MAX_PPS) ? -1 : (gint) id;
}

static void
keep_set (GstArclyTsH264 *h264, const guint8 *nal, gsize size, gboolean is_sps)
{
  gint id = set_id (nal, size, is_sps);
  ParameterSet *set;

  if (id < 0 || size > MAX_SET_SIZE)
    return;
  set = is_sps ? &h264->sps[id] : &h264->pps[id];
  if (set->size == size && memcmp (set->data, nal, size) == 0)
    return;
  if (set->room < size) {
    g_free (set->data);
    set->data = g_malloc (size);
    set->room = size;
  }
  memcpy (set->data, nal, size);
  set->size = size;
  if (is_sps)
    h264->n_sps = MAX (h264->n_sps, (guint) id + 1);
  else
    h264->n_pps = MAX (h264->n_pps, (guint) id + 1);
}

void
gst_arcly_ts_h264_set_config (GstArclyTsH264 *h264, GstArclyH264Config *config)
{
  guint i;

  forget_sets (h264->sps, h264->n_sps);
  forget_sets (h264->pps, h264->n_pps);
  h264->n_sps = h264->n_pps = 0;
  h264->length_size = 0;
  if (!config)
    return;

  h264->length_size = gst_arcly_h264_config_get_nal_length_size (config);
  for (i = 0; i < gst_arcly_h264_config_get_n_sps (config); i++) {
    gsize size;
    const guint8 *nal =
        g_bytes_get_data (gst_arcly_h264_config_get_sps (config, i), &size);

    keep_set (h264, nal, size, TRUE);
  }
  for (i = 0; i < gst_arcly_h264_config_get_n_pps (config); i++) {
    gsize size;
    const guint8 *nal =
        g_bytes_get_data (gst_arcly_h264_config_get_pps (config, i), &size);

    keep_set (h264, nal, size, FALSE);
  }
}

static void
add_sets (GstArclyTsGather *gather, const ParameterSet *sets, guint n)
{
  guint i;

  for (i = 0; i < n; i++) {
    if (sets[i].size == 0)
      continue;
    gst_arcly_ts_gather_add (gather, start_code, sizeof start_code);
    gst_arcly_ts_gather_add (gather, sets[i].data, sets[i].size);
  }
}

/* 7.4.1.2.3: what may precede the first slice. Behind it nothing matters. */
static gboolean
look (GstArclyTsH264 *h264, const guint8 *data, gsize size, gboolean keyframe,
    Findings *found)
{
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;
  gboolean recovery_point = FALSE;

  *found = (Findings){ 0 };
  gst_arcly_h264_nal_iter_init (&iter, data, size, h264->length_size);
  while (!found->has_picture &&
         gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (type == GST_ARCLY_H264_NAL_AUD) {
      found->has_aud = TRUE;
    } else if (type == GST_ARCLY_H264_NAL_SPS) {
      found->has_sps = TRUE;
      keep_set (h264, nal, nal_size, TRUE);
    } else if (type == GST_ARCLY_H264_NAL_PPS) {
      found->has_pps = TRUE;
      keep_set (h264, nal, nal_size, FALSE);
    } else if (type == GST_ARCLY_H264_NAL_SEI) {
      recovery_point |= gst_arcly_h264_sei_has_recovery_point (nal, nal_size);
    } else if (GST_ARCLY_H264_NAL_IS_VCL (type)) {
      found->has_picture = TRUE;
      found->random_access =
          type == GST_ARCLY_H264_NAL_IDR ||
          (keyframe && (recovery_point || gst_arcly_h264_slice_type (
                                              nal, nal_size) == SLICE_I));
    }
  }
  return !iter.malformed;
}

/* Parameter sets go behind the delimiter and before anything that needs
 * them; those that the access unit has itself are not repeated. */
typedef struct {
  GstArclyTsH264 *h264;
  const Findings *found;
  GstArclyTsGather *gather;
  gboolean pps_done;
} Insertion;

static void
before_nal (Insertion *ins, guint type)
{
  gboolean is_set = type == GST_ARCLY_H264_NAL_SPS ||
                    type == GST_ARCLY_H264_NAL_SPS_EXT ||
                    type == GST_ARCLY_H264_NAL_PPS;

  if (ins->pps_done || is_set)
    return;
  ins->pps_done = TRUE;
  if (ins->found->random_access && !ins->found->has_pps)
    add_sets (ins->gather, ins->h264->pps, ins->h264->n_pps);
}

static void
begin (Insertion *ins)
{
  gst_arcly_ts_gather_add (ins->gather, delimiter, sizeof delimiter);
  if (ins->found->random_access && !ins->found->has_sps)
    add_sets (ins->gather, ins->h264->sps, ins->h264->n_sps);
}

static gboolean
gather_lengths (
    GstArclyTsH264 *h264, const guint8 *data, gsize size, Insertion *ins)
{
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;

  begin (ins);
  gst_arcly_h264_nal_iter_init (&iter, data, size, h264->length_size);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (type == GST_ARCLY_H264_NAL_AUD)
      continue;
    before_nal (ins, type);
    gst_arcly_ts_gather_add (ins->gather, start_code, sizeof start_code);
    gst_arcly_ts_gather_add (ins->gather, nal, nal_size);
  }
  return !iter.malformed;
}

/* A byte stream is right behind its first slice: that goes as it stands. */
static void
gather_stream (
    GstArclyTsH264 *h264, const guint8 *data, gsize size, Insertion *ins)
{
  GstArclyH264NalIter iter;
  const guint8 *nal;
  gsize nal_size;

  begin (ins);
  gst_arcly_h264_nal_iter_init (&iter, data, size, 0);
  while (gst_arcly_h264_nal_iter_next (&iter, &nal, &nal_size)) {
    guint type = GST_ARCLY_H264_NAL_TYPE (nal);

    if (type == GST_ARCLY_H264_NAL_AUD)
      continue;
    before_nal (ins, type);
    gst_arcly_ts_gather_add (ins->gather, start_code, sizeof start_code);
    if (GST_ARCLY_H264_NAL_IS_VCL (type)) {
      gst_arcly_ts_gather_add (ins->gather, nal, data + size - nal);
      return;
    }
    gst_arcly_ts_gather_add (ins->gather, nal, nal_size);
  }
}

gboolean
gst_arcly_ts_h264_gather (GstArclyTsH264 *h264, const guint8 *data, gsize size,
    gboolean keyframe, GstArclyTsGather *gather, gboolean *random_access,
    GError **error)
{
  Findings found;
  Insertion ins = { h264, &found, gather, FALSE };
  gboolean ok;

  gst_arcly_ts_gather_reset (gather);
  *random_access = FALSE;
  ok = look (h264, data, size, keyframe, &found);
  if (ok && found.has_picture) {
    if (h264->length_size > 0)
      ok = gather_lengths (h264, data, size, &ins);
    else
      gather_stream (h264, data, size, &ins);
  }
  if (!ok) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "access unit of %" G_GSIZE_FORMAT " bytes is no H.264 with %s", size,
        h264->length_size > 0 ? "NAL unit lengths" : "start codes");
    return FALSE;
  }
  if (!found.has_picture) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
        "access unit of %" G_GSIZE_FORMAT " bytes has no picture", size);
    return FALSE;
  }
  /* Without parameter sets nobody can start here. */
  *random_access = found.random_access && h264->n_sps > 0 && h264->n_pps > 0;
  return TRUE;
}
